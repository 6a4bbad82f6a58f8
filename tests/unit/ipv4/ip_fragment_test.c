// SPDX-License-Identifier: BSD-2-Clause
/* Reassembly: in any order, once, within limits, and never from fragments that contradict each other. */
#include "ip_world.h"

#include <netinet/in.h>

#define WHOLE_BYTES 256U /* of an ICMP echo request that is cut */
#define SPANS_MAX 6

struct span {
	u16 at, len;
	bool more;
	u8 tos;
};

/* The piece @s of @whole. */
static void send_piece(struct world *w, u16 id, const u8 *whole, struct span s)
{
	const struct spec in = { .payload = whole + s.at,
				 .payload_bytes = s.len,
				 .id = id,
				 .tos = s.tos,
				 .frag = (u16)((u32)s.at / 8 | (s.more ? IP_MF : 0U)) };

	world_send(w, 0, &in);
}

/* The whole came in, for it was answered. */
static void expect_answer(struct world *w, const u8 *whole, u32 len_bytes)
{
	const struct frame *f = world_one(w, 0);

	assert_true(frame_is_icmp(f, ICMP_ECHOREPLY, 0));
	assert_int_equal(f->len_bytes, sizeof(struct iphdr) + len_bytes);
	assert_memory_equal(f->packet + sizeof(struct iphdr) + 4, whole + 4, len_bytes - 4);
}

/* ------------------------------------------------------------------ rows */

#define WHOLE SKB_DROP_REASON_NOT_SPECIFIED
#define WAITS SKB_DROP_REASON_MAX

static const struct {
	const char *says;
	struct span spans[SPANS_MAX];
	u32 count;
	enum skb_drop_reason end; /* WHOLE, WAITS, or why the datagram died */
	u32 duplicates;
} rows[] = {
	{ "two pieces", { { 0, 128, 1, 0 }, { 128, 128, 0, 0 } }, 2, WHOLE, 0 },
	{ "the second comes first", { { 128, 128, 0, 0 }, { 0, 128, 1, 0 } }, 2, WHOLE, 0 },
	{ "the first comes twice", { { 0, 128, 1, 0 }, { 0, 128, 1, 0 }, { 128, 128, 0, 0 } }, 3, WHOLE, 1 },
	{ "the last comes twice", { { 128, 128, 0, 0 }, { 128, 128, 0, 0 }, { 0, 128, 1, 0 } }, 3, WHOLE, 1 },
	{ "a piece of a piece", { { 0, 128, 1, 0 }, { 64, 32, 1, 0 }, { 128, 128, 0, 0 } }, 3, WHOLE, 1 },
	{ "a piece of two pieces",
	  { { 0, 64, 1, 0 }, { 64, 64, 1, 0 }, { 32, 64, 1, 0 }, { 128, 128, 0, 0 } },
	  4,
	  WHOLE,
	  1 },
	{ "an odd middle that is cut at eight octets, where the next goes on",
	  { { 0, 133, 1, 0 }, { 128, 128, 0, 0 } },
	  2,
	  WHOLE,
	  0 },
	{ "no end", { { 0, 128, 1, 0 }, { 128, 128, 1, 0 } }, 2, WAITS, 0 },
	{ "a hole", { { 0, 64, 1, 0 }, { 128, 128, 0, 0 } }, 2, WAITS, 0 },
	{ "a middle of 125 octets leaves a hole", { { 0, 125, 1, 0 }, { 128, 128, 0, 0 } }, 2, WAITS, 0 },
	{ "an overlap of eight octets", { { 0, 128, 1, 0 }, { 120, 136, 0, 0 } }, 2, SKB_DROP_REASON_FRAG_OVERLAP, 0 },
	{ "a piece that covers another", { { 64, 32, 1, 0 }, { 0, 128, 1, 0 } }, 2, SKB_DROP_REASON_FRAG_OVERLAP, 0 },
	{ "a piece that bridges two",
	  { { 0, 64, 1, 0 }, { 128, 64, 1, 0 }, { 56, 80, 1, 0 } },
	  3,
	  SKB_DROP_REASON_FRAG_OVERLAP,
	  0 },
	{ "two different ends",
	  { { 0, 64, 1, 0 }, { 128, 64, 0, 0 }, { 128, 128, 0, 0 } },
	  3,
	  SKB_DROP_REASON_IP_INHDR,
	  0 },
	{ "an end before what was seen", { { 0, 128, 1, 0 }, { 64, 32, 0, 0 } }, 2, SKB_DROP_REASON_IP_INHDR, 0 },
	{ "something behind the end", { { 128, 64, 0, 0 }, { 192, 64, 1, 0 } }, 2, SKB_DROP_REASON_IP_INHDR, 0 },
	{ "a middle of 5 octets is nothing", { { 0, 5, 1, 0 } }, 1, SKB_DROP_REASON_IP_INHDR, 0 },
	{ "an empty middle", { { 8, 0, 1, 0 } }, 1, SKB_DROP_REASON_IP_INHDR, 0 },
	{ "an empty end", { { 0, 128, 1, 0 }, { 128, 0, 0, 0 } }, 2, SKB_DROP_REASON_IP_INHDR, 0 },
	{ "an end beyond 65535", { { 65528, 8, 0, 0 } }, 1, SKB_DROP_REASON_IP_INHDR, 0 },
	{ "marked as congested: so is the whole", { { 0, 128, 1, 2 }, { 128, 128, 0, 3 } }, 2, WHOLE, 0 },
	{ "two kinds that speak ECN", { { 0, 128, 1, 1 }, { 128, 128, 0, 2 } }, 2, WHOLE, 0 },
	{ "one that does not speak ECN among such that do",
	  { { 0, 128, 1, 0 }, { 128, 128, 0, 2 } },
	  2,
	  SKB_DROP_REASON_IP_INHDR,
	  0 },
	{ "congested without speaking ECN", { { 0, 128, 1, 0 }, { 128, 128, 0, 3 } }, 2, SKB_DROP_REASON_IP_INHDR, 0 },
};

static void pieces_become_a_datagram_or_die_for_a_reason(void **state)
{
	u8 *whole = calloc(1, FRAME_MAX_BYTES);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = world_create();
		const struct ipstats *stats = &w->net->ipv4->stats;
		bool is_whole = rows[i].end == WHOLE, waits = rows[i].end == WAITS;

		print_message("%s\n", rows[i].says);
		echo_request(whole, 7, WHOLE_BYTES);
		for (u32 k = 0; k < rows[i].count; k++)
			send_piece(w, 99, whole, rows[i].spans[k]);
		assert_int_equal(stats->reasm_reqds, rows[i].count);
		assert_int_equal(stats->reasm_oks, is_whole ? 1 : 0);
		assert_int_equal(stats->reasm_fails, is_whole || waits ? 0 : 1);
		assert_int_equal(world_drops(w, SKB_DROP_REASON_DUP_FRAG), rows[i].duplicates);
		if (is_whole)
			expect_answer(w, whole, WHOLE_BYTES);
		else
			assert_int_equal(w->out_count, 0);
		if (!is_whole && !waits)
			assert_int_equal(world_drops(w, rows[i].end), rows[i].count);
		world_destroy(w); /* also while pieces wait */
	}
	free(whole);
}

static void the_mark_of_congestion_reaches_the_protocol(void **state)
{
	u8 whole[WHOLE_BYTES];
	struct world *w = world_create();

	(void)state;
	echo_request(whole, 7, WHOLE_BYTES);
	send_piece(w, 1, whole, (struct span){ 0, 128, 1, 2 });
	send_piece(w, 1, whole, (struct span){ 128, 128, 0, 3 });
	assert_int_equal(frame_ip(world_one(w, 0))->tos, 3); /* an answer has the TOS of the question */
	world_destroy(w);
}

/* ------------------------------------------------------------------ all orders */

static void try_orders(struct world *w, const u8 *whole, u32 *order, u32 count, u32 done, u16 *id)
{
	if (done == count) {
		++*id;
		for (u32 i = 0; i < count; i++) {
			assert_int_equal(w->out_count, 0);
			send_piece(w, *id, whole, (struct span){ (u16)(order[i] * 48), 48, order[i] != count - 1, 0 });
		}
		expect_answer(w, whole, count * 48);
		world_forget(w);
		return;
	}
	for (u32 i = done; i < count; i++) {
		u32 t = order[done];

		order[done] = order[i];
		order[i] = t;
		try_orders(w, whole, order, count, done + 1, id);
		order[i] = order[done];
		order[done] = t;
	}
}

static void pieces_may_come_in_any_order(void **state)
{
	u32 order[] = { 0, 1, 2, 3, 4, 5 };
	struct world *w = world_create();
	u8 whole[6 * 48];
	u16 id = 0;

	(void)state;
	echo_request(whole, 7, sizeof(whole));
	try_orders(w, whole, order, ARRAY_SIZE(order), 0, &id);
	assert_int_equal(id, 720);
	world_destroy(w);
}

static void two_datagrams_do_not_mix(void **state)
{
	struct world *w = world_create();
	u8 one[WHOLE_BYTES], two[WHOLE_BYTES];

	(void)state;
	echo_request(one, 1, WHOLE_BYTES);
	echo_request(two, 2, WHOLE_BYTES);
	send_piece(w, 1, one, (struct span){ 0, 128, 1, 0 });
	send_piece(w, 2, two, (struct span){ 128, 128, 0, 0 });
	assert_int_equal(w->out_count, 0);
	send_piece(w, 1, one, (struct span){ 128, 128, 0, 0 });
	expect_answer(w, one, WHOLE_BYTES);
	world_forget(w);
	send_piece(w, 2, two, (struct span){ 0, 128, 1, 0 });
	expect_answer(w, two, WHOLE_BYTES);
	world_destroy(w);
}

/* What a map of octets says about the same pieces. */
struct model {
	u8 have[512];
	u32 end, len;
	bool ended, dead;
};

enum verdict { DUPLICATE, TAKEN, DEAD, COMPLETE };

static enum verdict model_add(struct model *m, struct span s)
{
	u32 end = s.at + (s.more ? s.len & ~7U : s.len), units = 0, seen = 0;

	if (end <= s.at)
		return DEAD;
	if (s.more ? m->ended && end > m->end : end < m->len || (m->ended && end != m->end))
		return DEAD;
	if (!s.more) {
		m->ended = true;
		m->end = end;
	}
	if (end > m->len)
		m->len = end;
	for (u32 i = s.at / 8; i < (end + 7) / 8; i++) {
		units++;
		seen += m->have[i];
	}
	if (seen)
		return seen == units ? DUPLICATE : DEAD;
	for (u32 i = s.at / 8; i < (end + 7) / 8; i++)
		m->have[i] = 1;
	for (u32 i = 0; i < (m->end + 7) / 8; i++) {
		if (!m->have[i])
			return TAKEN;
	}
	return m->ended ? COMPLETE : TAKEN;
}

static u32 next_random(u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(*seed >> 33);
}

static void random_pieces_fare_as_a_map_of_octets_says(void **state)
{
	struct world *w = world_create();
	u32 wholes = 0, deaths = 0;
	u8 whole[512];
	u64 seed = 3;

	(void)state;
	for (u32 run = 0; run < 4000; run++) {
		struct model m = { .end = 0 };
		u64 fails = w->net->ipv4->stats.reasm_fails;
		enum verdict v = TAKEN;

		echo_request(whole, 7, sizeof(whole));
		for (u32 k = 0; k < 40 && v != DEAD && v != COMPLETE; k++) {
			u32 at = next_random(&seed) % 8 * 8, len = 8 * (1 + next_random(&seed) % 3);
			struct span s = { (u16)at, (u16)(next_random(&seed) % 16 ? len : len + 3), at + len < 64, 0 };

			v = model_add(&m, s);
			send_piece(w, (u16)run, whole, s);
			assert_int_equal(w->net->ipv4->stats.reasm_fails - fails, v == DEAD);
			assert_int_equal(w->net->ipv4->stats.reasm_oks, wholes + (v == COMPLETE));
		}
		wholes += v == COMPLETE;
		deaths += v == DEAD;
		world_forget(w);
		world_tick(w, v == TAKEN || v == DUPLICATE ? 31 * NSEC_PER_SEC : 1);
		world_forget(w);
	}
	assert_true(wholes > 100 && deaths > 100); /* both happened */
	world_destroy(w);
}

/* ------------------------------------------------------------------ size */

static void the_largest_datagram_is_65535_octets(void **state)
{
	static const struct {
		u32 payload_bytes;
		bool whole;
	} sizes[] = { { 65515, true }, { 65516, false } };
	u8 *whole = calloc(1, FRAME_MAX_BYTES);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct world *w = world_create();

		echo_request(whole, 7, sizes[i].payload_bytes);
		for (u32 at = 0; at < sizes[i].payload_bytes; at += 1480)
			send_piece(w, 1, whole,
				   (struct span){ (u16)at, (u16)min_u32(1480, sizes[i].payload_bytes - at),
						  at + 1480 < sizes[i].payload_bytes, 0 });
		assert_int_equal(w->net->ipv4->stats.reasm_oks, sizes[i].whole ? 1 : 0);
		assert_int_equal(w->out_count, sizes[i].whole ? 45 : 0);
		world_destroy(w);
	}
	free(whole);
}

static void memory_is_bounded_and_the_newest_get_through(void **state)
{
	struct world *w = world_create();
	u8 whole[1480];
	size_t before = w->net->mem->live_bytes, peak = 0;

	(void)state;
	echo_request(whole, 7, sizeof(whole));
	for (u32 i = 0; i < 20000; i++) {
		const struct spec in = { .src = cpu_to_be32(0x0a4d0003 + i % 200),
					 .payload = whole,
					 .payload_bytes = 1480,
					 .id = (u16)i,
					 .frag = IP_MF };

		world_send(w, 0, &in);
		peak = max_u32((u32)peak, (u32)(w->net->mem->live_bytes - before));
	}
	assert_true(peak < 6U << 20);
	assert_true(world_drops(w, SKB_DROP_REASON_FRAG_MEM) > 15000);
	send_piece(w, 1, whole, (struct span){ 0, 1000, 1, 0 });
	send_piece(w, 1, whole, (struct span){ 1000, 480, 0, 0 });
	expect_answer(w, whole, sizeof(whole));
	world_destroy(w);
}

static void one_datagram_in_crumbs_cannot_take_all_either(void **state)
{
	struct world *w = world_create();
	u8 *whole = calloc(1, FRAME_MAX_BYTES);

	(void)state;
	echo_request(whole, 7, 65000);
	for (u32 i = 8000; i-- > 0;)
		send_piece(w, 1, whole, (struct span){ (u16)(i * 8), 8, true, 0 });
	assert_true(world_drops(w, SKB_DROP_REASON_FRAG_MEM) > 4000);
	world_destroy(w);
	free(whole);
}

static void without_memory_for_it_nothing_is_put_together(void **state)
{
	struct world *w = world_create();
	u8 whole[WHOLE_BYTES];

	(void)state;
	world_sysctl(w, "net.ipv4.ipfrag_low_thresh", "0");
	world_sysctl(w, "net.ipv4.ipfrag_high_thresh", "0");
	echo_request(whole, 7, WHOLE_BYTES);
	send_piece(w, 1, whole, (struct span){ 0, 128, 1, 0 });
	send_piece(w, 1, whole, (struct span){ 128, 128, 0, 0 });
	assert_int_equal(w->out_count, 0);
	assert_int_equal(world_drops(w, SKB_DROP_REASON_FRAG_MEM), 2);
	assert_int_equal(w->net->ipv4->stats.reasm_fails, 2);
	world_destroy(w);
}

/* ------------------------------------------------------------------ time */

static void after_its_time_the_sender_is_told(void **state)
{
	struct world *w = world_create();
	u8 whole[WHOLE_BYTES];
	const struct frame *f;

	(void)state;
	echo_request(whole, 7, WHOLE_BYTES);
	send_piece(w, 1, whole, (struct span){ 128, 128, 0, 0 });
	send_piece(w, 1, whole, (struct span){ 0, 64, 1, 0 });
	world_tick(w, 29 * NSEC_PER_SEC);
	assert_int_equal(w->out_count, 0);
	world_tick(w, NSEC_PER_SEC);
	f = world_one(w, 0);
	assert_true(frame_is_icmp(f, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME));
	assert_int_equal(f->len_bytes, 28 + 20 + 64);
	assert_memory_equal(f->packet + 28 + 20, whole, 64); /* the first piece, header and all */
	assert_int_equal(world_drops(w, SKB_DROP_REASON_FRAG_REASM_TIMEOUT), 2);
	assert_int_equal(w->net->ipv4->stats.reasm_timeout, 1);
	world_forget(w);
	send_piece(w, 1, whole, (struct span){ 64, 64, 1, 0 }); /* too late */
	assert_int_equal(w->out_count, 0);
	world_destroy(w);
}

static void without_the_first_piece_nobody_is_told(void **state)
{
	const struct spec broadcast = {
		.dst = IP4(10, 77, 0, 255), .proto = IPPROTO_UDP, .payload_bytes = 56, .frag = IP_MF
	};
	struct world *w = world_create();
	u8 whole[WHOLE_BYTES];

	(void)state;
	echo_request(whole, 7, WHOLE_BYTES);
	send_piece(w, 1, whole, (struct span){ 128, 128, 0, 0 });
	world_send(w, 0, &broadcast); /* has a first piece, but went to all */
	world_tick(w, 31 * NSEC_PER_SEC);
	assert_int_equal(w->out_count, 0);
	assert_int_equal(w->net->ipv4->stats.reasm_timeout, 2);
	world_destroy(w);
}

static void a_device_may_go_while_pieces_wait(void **state)
{
	struct world *w = world_create();
	u8 whole[WHOLE_BYTES];

	(void)state;
	echo_request(whole, 7, WHOLE_BYTES);
	send_piece(w, 1, whole, (struct span){ 0, 64, 1, 0 });
	nethood_dev_destroy(w->dev[0]);
	world_tick(w, 31 * NSEC_PER_SEC);
	assert_int_equal(w->net->ipv4->stats.reasm_timeout, 1);
	assert_int_equal(w->out_count, 0);
	world_destroy(w);
}

static void pieces_may_come_by_different_devices(void **state)
{
	struct world *w = world_create();
	u8 whole[WHOLE_BYTES];
	const struct spec second = { .payload = whole + 128, .payload_bytes = 128, .id = 1, .frag = 16, .src = HOST_A };

	(void)state;
	echo_request(whole, 7, WHOLE_BYTES);
	send_piece(w, 1, whole, (struct span){ 0, 128, 1, 0 });
	nethood_dev_destroy(w->dev[0]);
	world_send(w, 1, &second); /* the address went with its device: nobody's */
	assert_int_equal(w->out_count, 0);
	world_destroy(w);
}

/* ------------------------------------------------------------------ distance */

static u32 answered_after(const char *max_dist, u32 others)
{
	struct world *w = world_create();
	u8 whole[WHOLE_BYTES];
	u32 answers;

	if (max_dist)
		world_sysctl(w, "net.ipv4.ipfrag_max_dist", max_dist);
	echo_request(whole, 7, WHOLE_BYTES);
	send_piece(w, 1, whole, (struct span){ 0, 128, 1, 0 });
	for (u32 i = 0; i < others; i++)
		send_piece(w, (u16)(100 + i), whole, (struct span){ 0, 128, 1, 0 });
	send_piece(w, 1, whole, (struct span){ 128, 128, 0, 0 });
	answers = w->out_count;
	assert_int_equal(world_drops(w, SKB_DROP_REASON_FRAG_TOO_FAR), answers ? 0 : 1);
	world_destroy(w);
	return answers;
}

static void an_identification_that_came_round_again_is_another_datagram(void **state)
{
	(void)state;
	assert_int_equal(answered_after(NULL, 63), 1);
	assert_int_equal(answered_after(NULL, 64), 0);
	assert_int_equal(answered_after("3", 2), 1);
	assert_int_equal(answered_after("3", 3), 0);
	assert_int_equal(answered_after("0", 1000), 1); /* off */
}

/* ------------------------------------------------------------------ no memory */

static void any_allocation_may_fail(void **state)
{
	u8 whole[WHOLE_BYTES];
	u32 n = 0, calls;

	(void)state;
	echo_request(whole, 7, WHOLE_BYTES);
	do {
		struct world *w = world_create();

		world_send(w, 0, &(struct spec){ .ttl = 9 }); /* neighbours and routes are known */
		world_forget(w);
		w->fail_at = ++n;
		send_piece(w, 1, whole, (struct span){ 0, 64, 1, 0 });
		send_piece(w, 1, whole, (struct span){ 128, 128, 0, 0 });
		send_piece(w, 1, whole, (struct span){ 64, 64, 1, 0 });
		calls = w->alloc_calls;
		w->fail_at = 0;
		world_forget(w);
		send_piece(w, 2, whole, (struct span){ 0, 128, 1, 0 });
		send_piece(w, 2, whole, (struct span){ 128, 128, 0, 0 });
		expect_answer(w, whole, WHOLE_BYTES);
		world_destroy(w);
	} while (calls >= n);
	assert_true(n > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_become_a_datagram_or_die_for_a_reason),
		cmocka_unit_test(the_mark_of_congestion_reaches_the_protocol),
		cmocka_unit_test(pieces_may_come_in_any_order),
		cmocka_unit_test(two_datagrams_do_not_mix),
		cmocka_unit_test(random_pieces_fare_as_a_map_of_octets_says),
		cmocka_unit_test(the_largest_datagram_is_65535_octets),
		cmocka_unit_test(memory_is_bounded_and_the_newest_get_through),
		cmocka_unit_test(one_datagram_in_crumbs_cannot_take_all_either),
		cmocka_unit_test(without_memory_for_it_nothing_is_put_together),
		cmocka_unit_test(after_its_time_the_sender_is_told),
		cmocka_unit_test(without_the_first_piece_nobody_is_told),
		cmocka_unit_test(a_device_may_go_while_pieces_wait),
		cmocka_unit_test(pieces_may_come_by_different_devices),
		cmocka_unit_test(an_identification_that_came_round_again_is_another_datagram),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
