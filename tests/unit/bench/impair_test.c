// SPDX-License-Identifier: BSD-2-Clause
/* The path that goodput is measured over: what happens to a packet is a function of its number, and of nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "impair.h"

#define MS 1000000ULL
#define PACKETS 100000U
#define LEN 1014U /* octets of a frame */

/* A frame with an IPv4 header whose checksum is right. */
static void frame_make(u8 *frame, u32 number, u8 tos)
{
	u32 sum = 0;

	memset(frame, 0, LEN);
	frame[12] = 8;
	frame[14] = 0x45;
	frame[15] = tos;
	frame[16] = (LEN - 14) >> 8;
	frame[17] = (LEN - 14) & 0xff;
	memcpy(frame + 34, &number, sizeof(number));
	for (u32 i = 14; i < 34; i += 2)
		sum += (u32)frame[i] << 8 | frame[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	frame[24] = (u8)(sum >> 8);
	frame[25] = (u8)sum;
}

static bool header_sum_right(const u8 *frame)
{
	u32 sum = 0;

	for (u32 i = 14; i < 34; i += 2)
		sum += (u32)frame[i] << 8 | frame[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static u32 number_of(const struct impair_frame *f)
{
	u32 number;

	memcpy(&number, f->octets + 34, sizeof(number));
	return number;
}

/** struct count - what came of PACKETS packets, one each millisecond */
struct count {
	u32 arrived, lost, doubled, overtaken, marked;
	u64 fate; /**< a sum over what happened to each */
};

static struct count run(const struct impair_config *config, u64 every_ns, u8 tos)
{
	struct count c = { 0 };
	u8 *times = calloc(PACKETS, 1), frame[LEN];
	u32 highest = 0;
	struct impair_frame *f;
	struct impair im;

	assert_non_null(times);
	impair_init(&im, config);
	for (u32 i = 0; i <= PACKETS; i++) {
		while ((f = impair_pop(&im, i < PACKETS ? i * every_ns : UINT64_MAX))) {
			u32 n = number_of(f);

			c.arrived++;
			c.overtaken += n < highest;
			highest = n > highest ? n : highest;
			c.marked += (f->octets[15] & 3) == 3;
			assert_true(header_sum_right(f->octets));
			times[n]++;
			free(f);
		}
		frame_make(frame, i, tos);
		if (i < PACKETS)
			impair_push(&im, 0, frame, LEN, i * every_ns);
	}
	for (u32 i = 0; i < PACKETS; i++) {
		c.lost += !times[i];
		c.doubled += times[i] == 2;
		c.fate = (c.fate ^ times[i]) * 0x9e3779b97f4a7c15ULL;
	}
	assert_int_equal(im.stats[0].lost + im.stats[0].overflowed, c.lost);
	assert_int_equal(im.stats[0].doubled, c.doubled);
	assert_int_equal(im.stats[0].delivered, c.arrived);
	impair_fini(&im);
	free(times);
	return c;
}

struct row {
	const char *what;
	struct impair_config config;
	u8 tos;
	u32 lost[2], doubled[2], overtaken[2], marked[2]; /**< least, most, of 100 000 */
};

static const struct row rows[] = {
	{ "nothing happens", { .delay_ns = 10 * MS }, 0, { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 } },
	{ "a hundredth is lost", { .loss_ppm = 10000 }, 0, { 900, 1100 }, { 0, 0 }, { 0, 0 }, { 0, 0 } },
	{ "a fifth is lost", { .loss_ppm = 200000 }, 0, { 19500, 20500 }, { 0, 0 }, { 0, 0 }, { 0, 0 } },
	{ "a twentieth comes twice", { .dup_ppm = 50000 }, 0, { 0, 0 }, { 4700, 5300 }, { 0, 0 }, { 0, 0 } },
	{ "who is late is overtaken",
	  { .late_ppm = 10000, .late_ns = 20 * MS, .delay_ns = MS },
	  0,
	  { 0, 0 },
	  { 0, 0 },
	  { 800, 1100 },
	  { 0, 0 } },
	{ "jitter overtakes nobody", { .jitter_ns = 20 * MS }, 0, { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 } },
	{ "marks, for those who can ECN", { .ce_ppm = 10000 }, 2, { 0, 0 }, { 0, 0 }, { 0, 0 }, { 900, 1100 } },
	{ "no marks for others", { .ce_ppm = 10000 }, 0, { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 } },
	{ "half the rate that it takes: half is lost where the queue ends",
	  { .rate_bps = LEN * 8 * 500, .queue_octets = 20 * LEN },
	  0,
	  { 49900, 50000 },
	  { 0, 0 },
	  { 0, 0 },
	  { 0, 0 } },
	{ "a queue that marks before it is full, and what is not marked is lost",
	  { .rate_bps = LEN * 8 * 500, .queue_octets = 20 * LEN, .mark_octets = 10 * LEN },
	  1,
	  { 49900, 50000 },
	  { 0, 0 },
	  { 0, 0 },
	  { 49900, 50000 } },
};

static void expect(const struct row *r, const char *which, u32 got, const u32 *range)
{
	if (got < range[0] || got > range[1])
		fail_msg("%s: %u %s", r->what, got, which);
}

static void each_does_what_it_says(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct count c = run(&r->config, MS, r->tos);

		expect(r, "lost", c.lost, r->lost);
		expect(r, "doubled", c.doubled, r->doubled);
		expect(r, "overtaken", c.overtaken, r->overtaken);
		expect(r, "marked", c.marked, r->marked);
	}
}

static void a_fate_is_the_number_s_alone(void **state)
{
	struct impair_config config = { .seed = 7, .loss_ppm = 50000, .dup_ppm = 50000 }, other = config;
	struct count a = run(&config, MS, 0), b = run(&config, 17 * MS, 0), c;

	(void)state;
	assert_true(a.fate == b.fate); /* when it came does not matter */
	other.late_ppm = 100000;
	other.late_ns = 50 * MS;
	c = run(&other, MS, 0);
	assert_true(a.fate == c.fate); /* what else happens neither */
	other.seed = 8;
	c = run(&other, MS, 0);
	assert_true(a.fate != c.fate);
}

static void what_is_no_ip_passes(void **state)
{
	const struct impair_config config = { .loss_ppm = 1000000, .delay_ns = MS };
	u8 arp[42] = { [12] = 8, [13] = 6 };
	struct impair_frame *f;
	struct impair im;

	(void)state;
	impair_init(&im, &config);
	impair_push(&im, 1, arp, sizeof(arp), 0);
	assert_int_equal(impair_next(&im), MS);
	assert_null(impair_pop(&im, MS - 1));
	f = impair_pop(&im, MS);
	assert_non_null(f);
	assert_int_equal(f->dir, 1);
	assert_int_equal(im.stats[1].packets, 0);
	free(f);
	impair_push(&im, 1, arp, sizeof(arp), 0);
	impair_fini(&im); /* also of what is still on its way */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_does_what_it_says),
		cmocka_unit_test(a_fate_is_the_number_s_alone),
		cmocka_unit_test(what_is_no_ip_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
