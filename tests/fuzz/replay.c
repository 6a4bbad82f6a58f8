// SPDX-License-Identifier: BSD-2-Clause
/* A fuzz target without a fuzzer: run the inputs of the named files, each of which must end well.
 *
 *	fuzz_TARGET FILE...
 *
 * A file named *.pack holds many inputs, each behind its length in four octets, the low one first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static u8 *read_file(const char *path, size_t *len_bytes)
{
	FILE *f = fopen(path, "rb");
	u8 *data = NULL;
	long size = -1;

	if (f && !fseek(f, 0, SEEK_END))
		size = ftell(f);
	if (size >= 0 && !fseek(f, 0, SEEK_SET))
		data = malloc((size_t)size + 1);
	if (!data || fread(data, 1, (size_t)size, f) != (size_t)size) {
		perror(path);
		exit(2);
	}
	fclose(f);
	*len_bytes = (size_t)size;
	return data;
}

/* A copy of its own for each input, so that whoever reads behind its end is caught. */
static void run_one(const u8 *data, size_t len_bytes)
{
	u8 *copy = malloc(len_bytes ? len_bytes : 1);

	if (!copy)
		abort();
	memcpy(copy, data, len_bytes);
	(void)LLVMFuzzerTestOneInput(copy, len_bytes);
	free(copy);
}

static u32 run_pack(const char *path, const u8 *data, size_t len_bytes)
{
	u32 count = 0;

	for (size_t at = 0; at < len_bytes; count++) {
		size_t one_bytes;

		if (len_bytes - at < 4)
			fuzz_fail("%s: cut short", path);
		one_bytes = data[at] | (size_t)data[at + 1] << 8 | (size_t)data[at + 2] << 16 |
			    (size_t)data[at + 3] << 24;
		at += 4;
		if (one_bytes > len_bytes - at)
			fuzz_fail("%s: cut short", path);
		fuzz_input_name(path, count);
		run_one(data + at, one_bytes);
		at += one_bytes;
	}
	return count;
}

int main(int argc, char **argv)
{
	u32 count = 0;

	for (int i = 1; i < argc; i++) {
		size_t len_bytes, name_len = strlen(argv[i]);
		u8 *data = read_file(argv[i], &len_bytes);

		fuzz_input_name(argv[i], 0);
		if (name_len > 5 && !strcmp(argv[i] + name_len - 5, ".pack")) {
			count += run_pack(argv[i], data, len_bytes);
		} else {
			run_one(data, len_bytes);
			count++;
		}
		free(data);
	}
	printf("%u inputs\n", count);
	return 0;
}
