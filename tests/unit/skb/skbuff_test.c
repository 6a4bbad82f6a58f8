// SPDX-License-Identifier: BSD-2-Clause
/* sk_buff: sizes as Linux counts them, clones, pulls, trims and sums over every layout, and the ledger at the end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <cmocka.h>

#include "base/csum.h"
#include "base/random.h"
#include "skb/skbuff.h"

struct world {
	struct mem mem;
	struct rng rng;
	struct skb_pool *pool;
	int fail_at; /**< fail the nth allocation from now on; 0: none */
};

static bool fail_nth(void *ctx, const char *site, size_t size_bytes)
{
	struct world *w = ctx;

	(void)site;
	(void)size_bytes;
	return w->fail_at && --w->fail_at == 0;
}

static void world_init(struct world *w, u8 seed)
{
	const u8 key[RNG_KEY_BYTES] = { seed };

	*w = (struct world){ .mem = { .ops = &mem_libc_ops, .fail = fail_nth } };
	w->mem.fail_ctx = w;
	rng_init(&w->rng, key);
	assert_int_equal(skb_pool_create(&w->mem, NULL, &w->pool), 0);
}

static void world_fini(struct world *w)
{
	skb_pool_destroy(w->pool);
	assert_int_equal(w->mem.live_bytes, 0);
}

static const struct {
	const char *sentence;
	u32 size_bytes, truesize;
} truesize_rows[] = {
	{ "one octet of UDP, with headers and room", 1 + 28 + 32, 832 },
	{ "a hundred octets of UDP", 100 + 28 + 32, 832 },
	{ "a thousand octets of UDP", 1000 + 28 + 32, 2304 },
	{ "a full Ethernet frame", 1500 + 32, 2304 },
	{ "the largest small one", 256, 832 },
	{ "one more octet than that", 257, 1280 },
	{ "64 KiB", 65536, 131328 },
};

static void truesize_is_what_linux_counts(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 1);
	for (size_t i = 0; i < ARRAY_SIZE(truesize_rows); i++) {
		struct sk_buff *skb = alloc_skb(w.pool, truesize_rows[i].size_bytes);

		if (skb->truesize != truesize_rows[i].truesize)
			fail_msg("%s: %u", truesize_rows[i].sentence, skb->truesize);
		assert_int_equal(skb_truesize(truesize_rows[i].size_bytes), skb->truesize);
		assert_true(skb_tailroom(skb) >= truesize_rows[i].size_bytes);
		memset(skb_put(skb, truesize_rows[i].size_bytes), 0xaa, truesize_rows[i].size_bytes);
		consume_skb(skb);
	}
	world_fini(&w);
}

/* A packet whose octets count up, spread over linear part, page fragments and a list of packets, by the dice. */
static struct sk_buff *make_packet(struct world *w, u8 *image, u32 *len_bytes, int depth)
{
	u32 linear = get_random_u32_below(&w->rng, 200), frags = get_random_u32_below(&w->rng, 4);
	struct sk_buff *skb = alloc_skb(w->pool, 64 + linear);
	u32 len = 0;

	skb_reserve(skb, 64);
	for (u32 i = 0; i < linear; i++)
		image[len++] = (u8)get_random_u32(&w->rng);
	memcpy(skb_put(skb, linear), image, linear);
	for (u32 f = 0; f < frags; f++) {
		struct skb_page *page = skb_page_alloc(w->pool, 300);
		u32 off = get_random_u32_below(&w->rng, 100), n = get_random_u32_below(&w->rng, 200);

		get_random_bytes(&w->rng, page->data, 300);
		memcpy(image + len, page->data + off, n);
		len += n;
		skb_add_frag(skb, page, off, n);
	}
	if (depth && get_random_u32_below(&w->rng, 2)) {
		struct sk_buff **tail = &skb_shinfo(skb)->frag_list;

		for (u32 f = 0; f < 2; f++) {
			u32 n;

			*tail = make_packet(w, image + len, &n, depth - 1);
			tail = &(*tail)->next;
			len += n;
			skb->len += n;
			skb->data_len += n;
		}
	}
	*len_bytes = len;
	return skb;
}

static void check_packet(const struct sk_buff *skb, const u8 *image, u32 len)
{
	static u8 got[65536];
	struct iovec iov[64];
	u32 sum = 0;
	int n;

	assert_int_equal(skb->len, len);
	assert_int_equal(skb_copy_bits(skb, 0, got, len), 0);
	assert_memory_equal(got, image, len);
	assert_int_equal(skb_copy_bits(skb, 0, got, len + 1), -EFAULT);
	assert_true(csum_fold(skb_checksum(skb, 0, len, 0)) == csum_fold(csum_partial(image, len, 0)));
	n = skb_to_iovec(skb, iov, 64);
	assert_true(n >= 0);
	for (int i = 0; i < n; i++)
		sum += (u32)iov[i].iov_len;
	assert_int_equal(sum, len);
}

static void play(struct world *w)
{
	static u8 image[65536];
	struct sk_buff *skb, *clone = NULL;
	u32 len, clone_len = 0, cut;
	static u8 clone_image[65536];

	skb = make_packet(w, image, &len, 2);
	check_packet(skb, image, len);
	if (get_random_u32_below(&w->rng, 2)) {
		clone = skb_clone(skb);
		clone_len = len;
		memcpy(clone_image, image, len);
	}
	for (int i = 0; i < 6 && len; i++) {
		cut = get_random_u32_below(&w->rng, len) + 1;
		switch (get_random_u32_below(&w->rng, 5)) {
		case 0:
			assert_true(pskb_may_pull(skb, cut));
			assert_true(skb_headlen(skb) >= cut);
			break;
		case 1:
			assert_int_equal(pskb_trim(skb, cut), 0);
			len = cut;
			break;
		case 2:
			assert_true(pskb_may_pull(skb, cut));
			skb_pull(skb, cut);
			memmove(image, image + cut, len - cut);
			len -= cut;
			break;
		case 3:
			assert_int_equal(skb_cow_head(skb, cut % 300), 0);
			assert_true(skb_headroom(skb) >= cut % 300);
			break;
		default: {
			struct sk_buff *copy = skb_copy_expand(skb, cut % 100, 7);

			check_packet(copy, image, len);
			assert_int_equal(copy->data_len, 0);
			consume_skb(copy);
		}
		}
		check_packet(skb, image, len);
	}
	if (clone) {
		check_packet(clone, clone_image, clone_len);
		consume_skb(clone);
	}
	assert_false(pskb_may_pull(skb, len + 1));
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
}

static void every_layout_keeps_its_octets(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 2);
	for (int i = 0; i < 2000; i++)
		play(&w);
	assert_int_equal(w.pool->stats.dropped[SKB_DROP_REASON_NO_SOCKET], 2000);
	world_fini(&w);
}

/* struct op - one that may need memory; @arg within the packet.  Return: did it succeed? */
struct op {
	const char *sentence;
	bool (*run)(struct sk_buff *skb, u32 arg);
};

static bool run_pull(struct sk_buff *skb, u32 arg)
{
	return pskb_may_pull(skb, arg);
}

static bool run_trim(struct sk_buff *skb, u32 arg)
{
	return pskb_trim(skb, arg) == 0;
}

static bool run_cow(struct sk_buff *skb, u32 arg)
{
	return skb_cow_head(skb, arg + 100) == 0;
}

static bool run_clone(struct sk_buff *skb, u32 arg)
{
	struct sk_buff *clone = skb_clone(skb);

	(void)arg;
	consume_skb(clone);
	return clone;
}

static bool run_copy(struct sk_buff *skb, u32 arg)
{
	struct sk_buff *copy = skb_copy_expand(skb, arg, 10);

	consume_skb(copy);
	return copy;
}

static bool run_checksum(struct sk_buff *skb, u32 arg)
{
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (u16)skb_headroom(skb);
	skb->csum_offset = (u16)(skb->len >= 2 ? arg % (skb->len - 1) : 0);
	return skb->len < 2 || skb_checksum_help(skb) == 0;
}

static const struct op ops[] = {
	{ "pull", run_pull },   { "trim", run_trim }, { "cow", run_cow },
	{ "clone", run_clone }, { "copy", run_copy }, { "checksum", run_checksum },
};

/* Fail the first allocation, then the second, and so on, until the operation needs no more; @return how many it made */
static int fail_each(struct world *w, const struct op *op, struct sk_buff *skb, const u8 *image, u32 len, u32 arg)
{
	int nth = 1;

	for (;; nth++) {
		bool done;

		w->fail_at = nth;
		done = op->run(skb, arg);
		if (w->fail_at) {
			w->fail_at = 0;
			if (!done)
				fail_msg("%s failed and had memory", op->sentence);
			return nth - 1;
		}
		if (done)
			fail_msg("%s did not see that memory was out", op->sentence);
		check_packet(skb, image, len);
	}
}

static void without_memory_nothing_changes(void **state)
{
	static u8 image[65536];
	struct world w;
	int most = 0;

	(void)state;
	world_init(&w, 3);
	for (u32 round = 0; round < 3000; round++) {
		u32 len;
		struct sk_buff *skb = make_packet(&w, image, &len, 2);
		struct sk_buff *clone = get_random_u32_below(&w.rng, 3) ? skb_clone(skb) : NULL;
		int n = fail_each(&w, &ops[round % ARRAY_SIZE(ops)], skb, image, len,
				  get_random_u32_below(&w.rng, len + 1));

		most = n > most ? n : most;
		if (clone)
			check_packet(clone, image, len);
		consume_skb(skb);
		consume_skb(clone);
	}
	assert_true(most > 3); /* the hard cases were among them */
	w.fail_at = 1;
	assert_null(alloc_skb(w.pool, 10));
	w.fail_at = 2;
	assert_null(alloc_skb(w.pool, 10));
	w.fail_at = 1;
	assert_null(skb_page_alloc(w.pool, 10));
	w.fail_at = 0;
	assert_null(alloc_skb(w.pool, UINT32_MAX));
	assert_null(alloc_skb(w.pool, SKB_MAX_ALLOC_BYTES + 1));
	world_fini(&w);
}

static void without_memory_there_is_no_pool(void **state)
{
	struct world w = { .mem = { .ops = &mem_libc_ops, .fail = fail_nth } };

	(void)state;
	w.mem.fail_ctx = &w;
	for (int nth = 1; nth <= 2; nth++) {
		w.fail_at = nth;
		assert_int_equal(skb_pool_create(&w.mem, NULL, &w.pool), -ENOMEM);
		assert_int_equal(w.mem.live_bytes, 0);
	}
}

static void a_partial_checksum_is_completed(void **state)
{
	struct world w;
	struct sk_buff *skb, *clone;
	u8 *p;

	(void)state;
	world_init(&w, 4);
	skb = alloc_skb(w.pool, 100);
	skb_reserve(skb, 20);
	p = skb_put(skb, 32);
	memset(p, 1, 32);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (u16)(skb_headroom(skb) + 8);
	skb->csum_offset = 6;
	put_unaligned_be16(CONST_BE16(0x1234), p + 14); /* sum of a pseudo header */
	clone = skb_clone(skb);
	assert_int_equal(skb_checksum_help(skb), 0);
	assert_int_equal(skb->ip_summed, CHECKSUM_NONE);
	assert_true(get_unaligned_be16(clone->data + 14) == CONST_BE16(0x1234)); /* the clone was not touched */
	assert_int_equal(skb_checksum_help(skb), 0);                             /* nothing left to do */
	clone->csum_offset = 24;
	assert_int_equal(skb_checksum_help(clone), -EINVAL);
	consume_skb(skb);
	consume_skb(clone);
	world_fini(&w);
}

/* The field and what it covers may lie in a page, at an odd octet. */
static void a_checksum_in_a_fragment_is_completed(void **state)
{
	struct world w;
	struct sk_buff *skb;
	struct skb_page *page;
	u8 flat[64];

	(void)state;
	world_init(&w, 7);
	skb = alloc_skb(w.pool, 100);
	memset(skb_put(skb, 21), 7, 21);
	page = skb_page_alloc(w.pool, 43);
	get_random_bytes(&w.rng, page->data, 43);
	memset(page->data + 10, 0, 2);
	skb_add_frag(skb, page, 0, 43);
	assert_int_equal(skb_copy_bits(skb, 0, flat, 64), 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = 15;
	skb->csum_offset = 16;
	assert_int_equal(skb_checksum_help(skb), 0);
	assert_true(get_unaligned_be16(skb->data + 31) == ip_compute_csum(flat + 15, 49));
	consume_skb(skb);
	world_fini(&w);
}

static void a_header_that_a_copy_has_no_room_for_is_unset(void **state)
{
	struct world w;
	struct sk_buff *skb, *copy;

	(void)state;
	world_init(&w, 8);
	skb = alloc_skb(w.pool, 100);
	skb_reserve(skb, 32);
	skb_reset_mac_header(skb);
	skb_put(skb, 34);
	skb_pull(skb, 14);
	skb_reset_network_header(skb);
	copy = skb_copy_expand(skb, 4, 0);
	assert_false(skb_mac_header_was_set(copy));
	assert_int_equal(skb_network_offset(copy), 0);
	consume_skb(copy);
	copy = skb_copy_expand(skb, 14, 0);
	assert_true(skb_mac_header(copy) == copy->data - 14);
	consume_skb(copy);
	consume_skb(skb);
	world_fini(&w);
}

static int destroyed;
static void on_destroy(struct sk_buff *skb)
{
	(void)skb;
	destroyed++;
}

static void an_owner_is_told_once(void **state)
{
	struct world w;
	struct sk_buff *skb;

	(void)state;
	world_init(&w, 5);
	skb = alloc_skb(w.pool, 10);
	skb->destructor = on_destroy;
	skb_get(skb);
	consume_skb(skb);
	assert_int_equal(destroyed, 0);
	skb_orphan(skb);
	consume_skb(skb);
	assert_int_equal(destroyed, 1);
	world_fini(&w);
}

/* struct route - stands for a dst_entry, which is of an upper layer */
struct route {
	int refs;
};
static void route_hold(struct dst_entry *dst)
{
	((struct route *)(void *)dst)->refs++;
}
static void route_release(struct dst_entry *dst)
{
	((struct route *)(void *)dst)->refs--;
}

static void a_route_is_held_by_each_packet_that_owns_it(void **state)
{
	static const struct skb_dst_ops ops_of_routes = { route_hold, route_release };
	struct route route = { 1 };
	struct sk_buff *skb, *clone, *copy;
	struct world w;

	(void)state;
	world_init(&w, 9);
	w.pool->dst_ops = &ops_of_routes;
	skb = alloc_skb(w.pool, 10);
	skb->_dst = (struct dst_entry *)(void *)&route;
	clone = skb_clone(skb);
	copy = skb_copy_expand(skb, 0, 0);
	assert_int_equal(route.refs, 3);
	assert_int_equal(skb_cow_head(clone, 64), 0);
	assert_int_equal(route.refs, 3);
	consume_skb(copy);
	kfree_skb_reason(clone, SKB_DROP_REASON_NO_SOCKET);
	assert_int_equal(route.refs, 1);
	consume_skb(skb);
	assert_int_equal(route.refs, 0);
	skb = alloc_skb(w.pool, 10);
	skb->_dst = (struct dst_entry *)((uintptr_t)&route | SKB_DST_NOREF);
	clone = skb_clone(skb);
	assert_ptr_equal(skb_dst(clone), &route);
	consume_skb(clone);
	consume_skb(skb);
	assert_int_equal(route.refs, 0);
	world_fini(&w);
}

static void queues_keep_order_and_count(void **state)
{
	struct sk_buff_head q;
	struct sk_buff *skb[4];
	struct world w;

	(void)state;
	world_init(&w, 10);
	__skb_queue_head_init(&q);
	assert_null(__skb_dequeue(&q));
	for (int i = 0; i < 4; i++)
		skb[i] = alloc_skb(w.pool, 10);
	__skb_queue_tail(&q, skb[1]);
	__skb_queue_tail(&q, skb[2]);
	__skb_queue_head(&q, skb[0]);
	__skb_queue_tail(&q, skb[3]);
	assert_int_equal(q.qlen, 4);
	assert_ptr_equal(skb_peek(&q), skb[0]);
	assert_ptr_equal(skb_peek_tail(&q), skb[3]);
	__skb_unlink(skb[1], &q);
	assert_ptr_equal(__skb_dequeue(&q), skb[0]);
	assert_ptr_equal(skb_peek(&q), skb[2]);
	consume_skb(skb[0]);
	consume_skb(skb[1]);
	skb_queue_purge_reason(&q, SKB_DROP_REASON_SHUTDOWN);
	assert_true(skb_queue_empty(&q));
	assert_int_equal(q.qlen, 0);
	assert_int_equal(w.pool->stats.dropped[SKB_DROP_REASON_SHUTDOWN], 2);
	world_fini(&w);
}

static void places_of_drops_are_limited(void **state)
{
	static char names[SKB_DROP_SITES + 10]; /* addresses are what counts */
	struct world w;
	u32 count;

	(void)state;
	world_init(&w, 11);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(names); i++) {
			const struct skb_trace_point at = { 0, &names[i], __FILE__, __LINE__ };

			kfree_skb_reason_at(alloc_skb(w.pool, 10), SKB_DROP_REASON_NO_SOCKET, &at);
		}
	}
	for (u32 i = 0; i < SKB_DROP_SITES; i++)
		assert_int_equal(skb_drop_sites(w.pool, &count)[i].count, 2);
	assert_int_equal(count, SKB_DROP_SITES);
	assert_int_equal(skb_drop_sites_missed(w.pool), 20);
	assert_int_equal(w.pool->stats.dropped[SKB_DROP_REASON_NO_SOCKET], 2 * sizeof(names));
	world_fini(&w);
}

struct trace {
	int hops, drops;
	u8 step;
	const char *func;
};
static void trace_hop(void *ctx, const struct skb_trace_point *at, const struct sk_buff *skb)
{
	struct trace *t = ctx;

	t->hops++;
	t->step = at->step;
	assert_int_equal(skb->len, 0);
}
static void trace_drop(void *ctx, const struct skb_trace_point *at, const struct sk_buff *skb, enum skb_drop_reason r)
{
	struct trace *t = ctx;

	t->drops++;
	t->func = at->func;
	assert_non_null(skb);
	assert_int_equal(r, SKB_DROP_REASON_NO_SOCKET);
}

static void a_tracer_hears_of_hops_and_drops(void **state)
{
	struct trace t = { 0 };
	const struct skb_tracer tracer = { trace_hop, trace_drop, &t };
	struct sk_buff *skb;
	struct world w;

	(void)state;
	world_init(&w, 12);
	skb = alloc_skb(w.pool, 10);
	TRACE_STEP(4, skb);
	assert_int_equal(t.hops, 0);
	w.pool->tracer = &tracer;
	TRACE_STEP(4, skb);
	assert_int_equal(t.hops, 1);
	assert_int_equal(t.step, 4);
	skb_get(skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET); /* another still has it */
	assert_int_equal(t.drops, 0);
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	assert_int_equal(t.drops, 1);
	assert_string_equal(t.func, __func__);
	world_fini(&w);
}

static void each_reason_has_a_name_and_a_sentence(void **state)
{
	(void)state;
	for (u32 r = 0; r < SKB_DROP_REASON_MAX; r++) {
		assert_true(strlen(skb_drop_reason_name(r)) > 3);
		assert_true(strlen(skb_drop_reason_sentence(r)) > 8);
	}
}

static void drops_are_counted_by_reason_and_place(void **state)
{
	const struct skb_drop_site *sites;
	struct world w;
	u32 count;

	(void)state;
	world_init(&w, 6);
	for (int i = 0; i < 3; i++)
		kfree_skb_reason(alloc_skb(w.pool, 10), SKB_DROP_REASON_NEIGH_FAILED);
	kfree_skb_reason(NULL, SKB_DROP_REASON_NEIGH_FAILED);
	sites = skb_drop_sites(w.pool, &count);
	assert_int_equal(count, 1);
	assert_string_equal(sites[0].func, __func__);
	assert_int_equal(sites[0].count, 3);
	assert_string_equal(skb_drop_reason_name(sites[0].reason), "NEIGH_FAILED");
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truesize_is_what_linux_counts),
		cmocka_unit_test(every_layout_keeps_its_octets),
		cmocka_unit_test(without_memory_nothing_changes),
		cmocka_unit_test(without_memory_there_is_no_pool),
		cmocka_unit_test(a_partial_checksum_is_completed),
		cmocka_unit_test(a_checksum_in_a_fragment_is_completed),
		cmocka_unit_test(a_header_that_a_copy_has_no_room_for_is_unset),
		cmocka_unit_test(a_route_is_held_by_each_packet_that_owns_it),
		cmocka_unit_test(queues_keep_order_and_count),
		cmocka_unit_test(places_of_drops_are_limited),
		cmocka_unit_test(a_tracer_hears_of_hops_and_drops),
		cmocka_unit_test(each_reason_has_a_name_and_a_sentence),
		cmocka_unit_test(an_owner_is_told_once),
		cmocka_unit_test(drops_are_counted_by_reason_and_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
