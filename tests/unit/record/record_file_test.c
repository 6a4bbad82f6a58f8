// SPDX-License-Identifier: BSD-2-Clause
/* Recordings as files: in pieces, without their beginning, damaged, of runs that differ; and without memory. */
#include "record_host.h"

/* ---- large pieces, small pieces */

static void test_pieces(void **state)
{
	static u8 large[60000];
	struct sockaddr_in us = in(0x7f000001, 9);
	struct octets all, parts;
	struct host h;

	(void)state;
	assert_int_equal(host_create(&h, RING, 0), 0);
	host_begin(&h, "user");
	nethood_bind(h.udp, (struct sockaddr *)&us, sizeof(us));
	for (u32 i = 0; i < 40; i++) {
		memset(large, (int)i, sizeof(large));
		assert_int_equal(nethood_sendto(h.udp, large, sizeof(large) - i, 0, (struct sockaddr *)&us, sizeof(us)),
				 (int)(sizeof(large) - i));
		poll_for(&h, 1000);
		assert_true(nethood_recvfrom(h.udp, large, sizeof(large), 0, NULL, NULL) > 0);
	}
	all = record(&h, RING);
	parts = record(&h, 1);
	assert_int_equal(all.bytes, parts.bytes);
	assert_memory_equal(all.data, parts.data, all.bytes);
	free(all.data);
	free(parts.data);
	same_again(&h);
	nethood_free(h.net);
}

/* ---- a ring that is too small */

/** struct order - are the numbers of events without gaps? */
struct order {
	u64 last, events;
};

static int in_order(void *ctx, const struct nethood_record_event *e)
{
	struct order *o = ctx;

	if (e->is_event) {
		assert_true(!o->events || e->number == o->last + 1);
		o->last = e->number;
		o->events++;
	}
	return 0;
}

static void test_overflow(void **state)
{
	static u8 data[9000];
	struct sockaddr_in us = in(0x7f000001, 9);
	struct nethood_record_info info;
	struct nethood_record_file f;
	struct order order = { 0, 0 };
	struct octets o;
	struct host h;

	(void)state;
	assert_int_equal(host_create(&h, 200000, 0), 0);
	host_begin(&h, "user");
	nethood_bind(h.udp, (struct sockaddr *)&us, sizeof(us));
	for (u32 i = 0; i < 500; i++) {
		nethood_sendto(h.udp, data, i * 17, 0, (struct sockaddr *)&us, sizeof(us));
		poll_for(&h, 1000);
		nethood_recvfrom(h.udp, data, sizeof(data), 0, NULL, NULL);
	}
	assert_int_equal(nethood_record_info(h.net, &info), 0);
	assert_int_equal(info.ring_bytes, 4 * 65536);
	assert_true(info.lost_bytes > 0 && info.written_bytes - info.lost_bytes <= info.ring_bytes);
	o = record(&h, 1);
	assert_true(replay(&o, -ENODATA).events == 0);
	free(o.data);
	o = record(&h, 1);
	assert_int_equal(nethood_record_parse(o.data, o.bytes, &f), 0);
	assert_true(f.begin_lost);
	for (u32 i = 0; i < sizeof(f.key); i++)
		assert_int_equal(f.key[i], 0);
	assert_int_equal(nethood_record_each(&f, in_order, &order), 0);
	assert_int_equal(order.last, info.events);
	assert_true(order.events > 100 && order.last > order.events);
	free(o.data);
	nethood_free(h.net);
}

/* ---- files that are none */

static struct octets small_file(void)
{
	struct octets o;
	struct host h;

	assert_int_equal(host_create(&h, RING, 0), 0);
	host_begin(&h, "user");
	poll_for(&h, SECOND);
	o = record(&h, RING);
	nethood_free(h.net);
	return o;
}

/* Return: what a copy of @o, cut to @bytes, with @mask on the octet at @at, is taken for */
static int parse_copy(const struct octets *o, size_t bytes, size_t at, u8 mask, struct nethood_record_file *f)
{
	u8 *copy = malloc(bytes + 1); /* as long as it is, so that nobody reads on */
	int err;

	memcpy(copy, o->data, bytes);
	if (at < bytes)
		copy[at] ^= mask;
	copy = realloc(copy, bytes ? bytes : 1);
	err = nethood_record_parse(copy, bytes, f);
	free(copy);
	return err;
}

static void test_damage(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		u8 mask;
		int err;
		const char *error;
	} rows[] = {
		{ "another kind of file", 0, 1, -EINVAL, "this is no recording of nethood" },
		{ "a later format", REC_H_VERSION, 2, -EPROTO, "the recording is of another format" },
		{ "a header of another length", REC_H_BYTES, 1, -EINVAL,
		  "the header has a length that it cannot have" },
		{ "a flag", REC_H_FLAGS, 16, -EINVAL, "the header is damaged: its sum is wrong" },
		{ "the key", REC_H_KEY, 1, -EINVAL, "the header is damaged: its sum is wrong" },
		{ "the first chunk's word", REC_HEADER_BYTES, 1, -EINVAL, "neither a chunk nor the tail stands here" },
		{ "its length", REC_HEADER_BYTES + REC_C_BYTES + 2, 0x80, -EINVAL,
		  "a chunk has a length that it cannot have" },
		{ "its number", REC_HEADER_BYTES + REC_C_SEQ, 1, -EINVAL, "a chunk is damaged: its sum is wrong" },
		{ "a record", REC_HEADER_BYTES + REC_CHUNK_HEADER_BYTES + 9, 1, -EINVAL,
		  "a chunk is damaged: its sum is wrong" },
	};
	struct octets o = small_file();
	struct nethood_record_file f;

	(void)state;
	assert_int_equal(parse_copy(&o, o.bytes, SIZE_MAX, 0, &f), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int err = parse_copy(&o, o.bytes, rows[i].at, rows[i].mask, &f);

		if (err != rows[i].err || strcmp(f.error, rows[i].error) != 0)
			fail_msg("%s: %d, %s", rows[i].what, err, f.error);
	}
	for (size_t bytes = 0; bytes < o.bytes; bytes++) { /* cut off anywhere */
		assert_int_not_equal(parse_copy(&o, bytes, SIZE_MAX, 0, &f), 0);
		assert_true(f.error && f.error_offset <= bytes);
	}
	for (size_t at = 0; at < o.bytes; at++) { /* one octet anywhere */
		if (!parse_copy(&o, o.bytes, at, (u8)(1U << at % 8), &f))
			fail_msg("octet %zu of %zu does not matter", at, o.bytes);
		assert_non_null(f.error);
	}
	free(o.data);
}

/* ---- a replay that is not the same says where */

/** struct spot - of one record in the file */
struct spot {
	const char *name;
	u32 field, skip;
	const u8 *at;
	u64 event;
};

static int find_spot(void *ctx, const struct nethood_record_event *e)
{
	struct spot *s = ctx;

	if (strcmp(e->name, s->name) != 0 || s->skip--)
		return 0;
	s->at = e->octets[s->field];
	s->event = e->number;
	return 1;
}

static void test_differs(void **state)
{
	struct nethood_replay_config cfg = { .until_event = 0 };
	struct sockaddr_in far = in(0x0a000002, 9), us = in(0x7f000001, 9), any = in(0, 9);
	struct spot data = { .name = "sendto", .field = 5, .skip = 6 };
	struct nethood_replay_result r;
	struct nethood_record_file f;
	struct octets o;
	struct host h;

	(void)state;
	assert_int_equal(host_create(&h, RING, 0), 0);
	host_begin(&h, "user");
	nethood_bind(h.udp, (struct sockaddr *)&any, sizeof(any));
	for (u32 i = 0; i < 20; i++) {
		nethood_sendto(h.udp, "hello", 5, 0, (struct sockaddr *)&us, sizeof(us));
		nethood_sendto(h.udp, "hello", 5, 0, (struct sockaddr *)&far, sizeof(far));
		poll_for(&h, SECOND);
	}
	o = record(&h, RING);
	assert_int_equal(nethood_record_parse(o.data, o.bytes, &f), 0);
	assert_int_equal(nethood_record_each(&f, find_spot, &data), 1);
	o.data[data.at - o.data] ^= 1; /* another word is sent: the frame on lo is another one */
	assert_int_equal(nethood_replay(&f, &cfg, &r), 0);
	assert_int_equal(r.divergence.kind, NETHOOD_OTHER_TRACE);
	assert_true(r.divergence.event >= data.event && r.divergence.event <= data.event + 1);
	o.data[data.at - o.data] ^= 1;
	cfg.until_event = data.event;
	assert_int_equal(nethood_replay(&f, &cfg, &r), 0);
	assert_int_equal(r.divergence.kind, NETHOOD_SAME);
	assert_false(r.complete);
	assert_int_equal(r.events, data.event - 1);
	cfg.until_event = 0;
	f.key[0] ^= 1; /* other random numbers: it goes another way at some time */
	f.trace_hash ^= 1;
	assert_int_equal(nethood_replay(&f, &cfg, &r), 0);
	assert_int_not_equal(r.divergence.kind, NETHOOD_SAME);
	free(o.data);
	nethood_free(h.net);
}

/* ---- without memory */

static void test_no_memory_for_the_ring(void **state)
{
	struct nethood_record_info info;
	struct host h;

	(void)state;
	assert_int_equal(host_create(&h, SIZE_MAX / 2, 0), 0);
	assert_int_equal(h.lines, 1);
	assert_int_equal(nethood_record_info(h.net, &info), -ENOENT);
	host_begin(&h, "user");
	poll_for(&h, SECOND);
	nethood_free(h.net);
}

static void test_failed_allocations_fail_again(void **state)
{
	struct sockaddr_in far = in(0x0a000002, 9);
	struct host h;
	u64 begun;

	(void)state;
	assert_int_equal(host_create(&h, RING, UINT64_MAX), 0);
	host_begin(&h, "user");
	begun = h.allocations;
	nethood_free(h.net);
	for (u64 n = 1; n < 40; n++) {
		assert_int_equal(host_create(&h, RING, UINT64_MAX), 0);
		host_begin(&h, "user");
		h.fail_at = begun + n;
		nethood_sendto(h.udp, "hello", 5, 0, (struct sockaddr *)&far, sizeof(far));
		addr_add(&h, nethood_dev_ifindex(h.dev), 0x0a000201);
		poll_for(&h, 5 * SECOND);
		same_again(&h);
		nethood_free(h.net);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_differs),
		cmocka_unit_test(test_no_memory_for_the_ring),
		cmocka_unit_test(test_failed_allocations_fail_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
