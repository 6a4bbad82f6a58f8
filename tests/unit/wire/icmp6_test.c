// SPDX-License-Identifier: BSD-2-Clause
/* Options of Neighbour Discovery: what is whole, what counts, and what is refused with all that it came with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "wire/icmp6.h"

#define SLLA "\x01\x01\x02\x00\x00\x00\xaa\x01"
#define SLLA_2 "\x01\x01\x02\x00\x00\x00\xaa\x02"
#define TLLA "\x02\x01\x02\x00\x00\x00\xaa\x03"
#define MTU "\x05\x01\x00\x00\x00\x00\x05\xdc"
#define UNKNOWN "\xc8\x02who knows this"

/* An option list as a row: it lies at the end of its own memory, so that a look behind it is seen. */
static const struct {
	const char *says;
	const char *octets;
	u32 len_bytes;
	bool whole;
	u32 count;
} lists[] = {
	{ "no option at all", "", 0, true, 0 },
	{ "one option", SLLA, 8, true, 1 },
	{ "an unknown one is passed over", UNKNOWN SLLA, 24, true, 2 },
	{ "length 0 at the beginning", "\x01\x00\x02\x00\x00\x00\xaa\x01", 8, false, 0 },
	{ "length 0 behind a good one", SLLA "\x02\x00\x02\x00\x00\x00\xaa\x01", 16, false, 0 },
	{ "length 0 of an unknown type", "\xc8\x00\x00\x00\x00\x00\x00\x00", 8, false, 0 },
	{ "a single octet", "\x01", 1, false, 0 },
	{ "a type and a length, and nothing else", "\x01\x01", 2, false, 0 },
	{ "an octet is missing", SLLA, 7, false, 0 },
	{ "an octet too many", SLLA "\x05", 9, false, 0 },
	{ "an option that ends behind the message", SLLA "\x02\x02\x02\x00\x00\x00\xaa\x01", 16, false, 0 },
	{ "the longest option, of which there are 8 octets", "\x01\xff\x00\x00\x00\x00\x00\x00", 8, false, 0 },
	{ "three options", SLLA TLLA MTU, 24, true, 3 },
};

static u8 *at_the_end(const void *octets, u32 len_bytes)
{
	u8 *copy = malloc(len_bytes ? len_bytes : 1);

	assert_non_null(copy);
	memcpy(copy, octets, len_bytes);
	return copy;
}

static u32 count_options(const struct nd_opts *opts)
{
	const struct nd_opt_hdr *opt = NULL;
	u32 count = 0;

	while ((opt = nd_next_option(opts, opt)))
		count++;
	return count;
}

static void each_list_is_whole_or_refused(void **state)
{
	struct nd_opts opts;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		u8 *octets = at_the_end(lists[i].octets, lists[i].len_bytes);

		print_message("%s\n", lists[i].says);
		assert_int_equal(nd_parse_options(octets, lists[i].len_bytes, &opts), lists[i].whole);
		if (lists[i].whole)
			assert_int_equal(count_options(&opts), lists[i].count);
		free(octets);
	}
}

static void of_two_the_first_counts(void **state)
{
	static const char octets[] = UNKNOWN SLLA SLLA_2 TLLA;
	struct nd_opts opts;

	(void)state;
	assert_true(nd_parse_options(octets, sizeof(octets) - 1, &opts));
	assert_memory_equal(nd_lladdr(opts.first[ND_OPT_SOURCE_LL_ADDR], 6), &SLLA[2], 6);
	assert_memory_equal(nd_lladdr(opts.first[ND_OPT_TARGET_LL_ADDR], 6), &TLLA[2], 6);
	assert_null(opts.first[ND_OPT_MTU]);
	assert_int_equal(count_options(&opts), 4);
}

static void an_address_has_its_devices_length(void **state)
{
	static const struct {
		u8 len; /* in 8 octets */
		u32 addr_len;
		bool right;
	} rows[] = {
		{ 1, 6, true }, { 2, 6, false }, { 1, 8, false }, { 2, 8, true }, { 2, 14, true }, { 1, 5, true }
	};
	u8 octets[16] = { ND_OPT_SOURCE_LL_ADDR };
	struct nd_opts opts;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		octets[1] = rows[i].len;
		assert_true(nd_parse_options(octets, rows[i].len * 8U, &opts));
		assert_int_equal(nd_lladdr(opts.first[ND_OPT_SOURCE_LL_ADDR], rows[i].addr_len) != NULL, rows[i].right);
	}
	assert_null(nd_lladdr(NULL, 6));
}

static void an_option_that_is_put_can_be_read(void **state)
{
	static const u8 value[20] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 };
	struct nd_opts opts;
	u8 octets[32];

	(void)state;
	for (u32 len = 0; len <= sizeof(value); len++) {
		memset(octets, 0xee, sizeof(octets));
		assert_ptr_equal(nd_put_option(octets, ND_OPT_NONCE, value, len), octets + nd_opt_addr_space(len));
		assert_true(nd_parse_options(octets, nd_opt_addr_space(len), &opts));
		assert_memory_equal(opts.first[ND_OPT_NONCE] + 1, value, len);
		for (u32 i = len + 2; i < nd_opt_addr_space(len); i++)
			assert_int_equal(octets[i], 0);
		assert_int_equal(octets[nd_opt_addr_space(len)], 0xee);
	}
}

static void any_octets_do_no_harm(void **state)
{
	u32 random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		u32 len = (random >> 8) % 96;
		u8 *octets = malloc(len ? len : 1);
		struct nd_opts opts;

		assert_non_null(octets);
		for (u32 j = 0; j < len; j++) {
			random = random * 1103515245 + 12345;
			octets[j] = (u8)((random >> 16) % (j % 8 == 1 ? 4 : 256)); /* most lengths are small */
		}
		if (nd_parse_options(octets, len, &opts))
			(void)count_options(&opts);
		random = random * 1103515245 + 12345;
		free(octets);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_list_is_whole_or_refused),
		cmocka_unit_test(of_two_the_first_counts),
		cmocka_unit_test(an_address_has_its_devices_length),
		cmocka_unit_test(an_option_that_is_put_can_be_read),
		cmocka_unit_test(any_octets_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
