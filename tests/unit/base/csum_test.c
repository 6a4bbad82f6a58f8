// SPDX-License-Identifier: BSD-2-Clause
/* Each way to make a checksum that this processor has, beside the definition, octet by octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sys/mman.h>

#include "base/csum.h"
#include "base/csum_ways.h"
#include "base/random.h"

#define PAGE_BYTES 4096U
#define PAGES 2U

struct way {
	const char *name;
	bool (*here)(void); /**< NULL: everywhere */
	size_t min_bytes;
	u32 (*sum)(const void *buf, size_t len_bytes, u32 sum);
	u32 (*copy)(const void *src, void *dst, size_t len_bytes, u32 sum);
};

static const struct way ways[] = {
	{ "chosen", NULL, 0, csum_partial, csum_partial_copy },
	{ "words", NULL, 0, csum_words, csum_words_copy },
#if CSUM_X86
	{ "AVX2", csum_has_avx2, CSUM_AVX2_MIN_BYTES, csum_avx2, csum_avx2_copy },
	{ "AVX-512", csum_has_avx512, 0, csum_avx512, csum_avx512_copy },
#endif
};

static bool is_here(const struct way *w)
{
	return !w->here || w->here();
}

/* Between pages that nobody may touch. */
static u8 *fenced(void)
{
	u8 *p = mmap(NULL, (PAGES + 2) * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(mprotect(p, PAGE_BYTES, PROT_NONE), 0);
	assert_int_equal(mprotect(p + (PAGES + 1) * PAGE_BYTES, PAGE_BYTES, PROT_NONE), 0);
	return p + PAGE_BYTES;
}

static void unfence(u8 *p)
{
	assert_int_equal(munmap(p - PAGE_BYTES, (PAGES + 2) * PAGE_BYTES), 0);
}

static u16 folded(u64 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)sum;
}

/* As it lies in memory.  0 if all octets are, as the ways have to say it too. */
static u16 by_octets(const u8 *p, size_t len)
{
	u64 sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (u64)p[i] << 8;
	return (__force u16)cpu_to_be16(folded(sum));
}

static void check(const struct way *w, const u8 *p, u8 *to, size_t len)
{
	u16 want = by_octets(p, len);

	assert_int_equal(folded(w->sum(p, len, 0)), want);
	assert_int_equal(folded(w->sum(p, len, 0xfffffffe)), folded((u64)want + 0xfffffffe));
	memset(to - 1, 0xcc, len + 2);
	assert_int_equal(folded(w->copy(p, to, len, 0)), want);
	assert_memory_equal(to, p, len);
	assert_int_equal(to[-1], 0xcc);
	assert_int_equal(to[len], 0xcc);
}

/* The buffers end where no more may be read, then begin there. */
static void check_lengths(const struct way *w, u8 *from, u8 *to)
{
	const size_t end = PAGES * PAGE_BYTES;

	for (size_t len = w->min_bytes; len <= 1600; len++) {
		check(w, from + end - len, to + 1, len);
		check(w, from, to + end - 1 - len, len);
	}
	for (size_t at = 0; at < 64; at++)
		for (size_t len = w->min_bytes; len < 600; len++)
			check(w, from + at, to + 1 + (at * 7) % 64, len);
}

static void fill(u8 *p, size_t len, int value)
{
	const u8 key[RNG_KEY_BYTES] = { 9 };
	struct rng r;

	memset(p, value, len);
	if (value >= 0)
		return;
	rng_init(&r, key);
	get_random_bytes(&r, p, len);
}

static void each_way_sums_and_copies_any_length_at_any_alignment_and_touches_nothing_else(void **state)
{
	static const int contents[] = { -1, 0xff, 0x80, 0x7f, 0 };
	u8 *from = fenced(), *to = fenced();

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(contents); c++) {
		fill(from, PAGES * PAGE_BYTES, contents[c]);
		for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
			if (is_here(&ways[i]))
				check_lengths(&ways[i], from, to);
			else if (!c)
				print_message("no %s here\n", ways[i].name);
	}
	unfence(from);
	unfence(to);
}

static void sums_of_long_buffers_do_not_overflow(void **state)
{
	static const size_t lens[] = { 65535, 65536, 65537, 131072, 1048575, 1048577, 3000001 };
	const size_t max = 3000001;
	u8 *p = test_malloc(max), *to = test_malloc(max + 2);

	(void)state;
	for (int value = -1; value <= 0xff; value += 0x80) {
		fill(p, max, value);
		for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
			for (size_t k = 0; k < ARRAY_SIZE(ways); k++)
				if (is_here(&ways[k]))
					check(&ways[k], p, to + 1, lens[i]);
		}
	}
	test_free(to);
	test_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_sums_and_copies_any_length_at_any_alignment_and_touches_nothing_else),
		cmocka_unit_test(sums_of_long_buffers_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
