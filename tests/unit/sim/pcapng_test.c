// SPDX-License-Identifier: BSD-2-Clause
/* Blocks of a pcapng file: whole ones or none. */
#include "base/pcapng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/types.h"

static u32 at32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void blocks_follow_each_other_with_their_lengths_at_both_ends(void **state)
{
	u8 buf[4096], frame[61] = { 1, 2, 3 };
	struct pcapng p = { .buf = buf, .room_bytes = sizeof(buf) };
	const struct iovec pieces[] = { { frame, 14 }, { frame + 14, 47 } };
	const struct pcapng_packet packet = { .stamp_ns = 0x123456789,
					      .frame = pieces,
					      .pieces = 2,
					      .way = PCAPNG_OUTBOUND,
					      .comment = "lost: partition" };
	u32 blocks = 0;

	(void)state;
	assert_true(pcapng_section(&p) && pcapng_interface(&p, "lan") && pcapng_packet(&p, &packet));
	assert_true(p.used_bytes < PCAPNG_SECTION_BYTES + PCAPNG_INTERFACE_BYTES + PCAPNG_PACKET_BYTES + 61 + 15 + 1);
	for (size_t at = 0; at < p.used_bytes; blocks++) {
		u32 len = at32(buf + at + 4);

		assert_int_equal(len % 4, 0);
		assert_true(len && at + len <= p.used_bytes);
		assert_int_equal(at32(buf + at + len - 4), len);
		at += len;
	}
	assert_int_equal(blocks, 3);
}

static void without_room_nothing_is_written(void **state)
{
	u8 buf[256], frame[60] = { 0 };
	const struct iovec piece = { frame, sizeof(frame) };
	const struct pcapng_packet packet = { .frame = &piece, .pieces = 1, .comment = "a word" };

	(void)state;
	for (size_t room = 0; room < sizeof(buf); room++) {
		struct pcapng p = { .buf = buf, .room_bytes = room };

		memset(buf, 0xaa, sizeof(buf));
		if (pcapng_packet(&p, &packet))
			assert_true(p.used_bytes <= room);
		else
			assert_int_equal(p.used_bytes, 0);
		for (size_t i = p.used_bytes; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 0xaa);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_follow_each_other_with_their_lengths_at_both_ends),
		cmocka_unit_test(without_room_nothing_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
