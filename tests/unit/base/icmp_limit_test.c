// SPDX-License-Identifier: BSD-2-Clause
/* Token buckets of ICMP: how many at once, how many later, and what a stranger can tell from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/icmp_limit.h"
#include "base/mem.h"
#include "base/random.h"

#define SECOND NSEC_PER_SEC

static const struct mem_ops heap = { mem_libc_alloc, mem_libc_zalloc, mem_libc_free, mem_libc_discard };

static bool no_memory(void *ctx, const char *site, size_t size_bytes)
{
	(void)ctx, (void)site, (void)size_bytes;
	return true;
}

static u32 take_all(struct icmp_global *g, struct rng *rng, ktime_t now)
{
	u32 count = 0;

	while (icmp_global_ready(g, now)) {
		icmp_global_pay(g, rng);
		assert_true(++count < 10000);
	}
	return count;
}

static void the_bucket_of_a_net(void **state)
{
	const int per_sec = 1000, burst = 50;
	const u8 key[RNG_KEY_BYTES] = { 3 };
	struct icmp_global g;
	struct rng rng;
	u32 first, different = 0;

	(void)state;
	rng_init(&rng, key);
	icmp_global_init(&g, 5 * SECOND, &per_sec, &burst);
	first = take_all(&g, &rng, 5 * SECOND); /* it begins full; each costs 0, 1 or 2 */
	assert_in_range(first, 25, 100);
	assert_false(icmp_global_ready(&g, 5 * SECOND + SECOND / 50 - 1)); /* not filled more often than that */
	assert_in_range(take_all(&g, &rng, 5 * SECOND + SECOND / 50), 8, 50);
	for (int i = 0; i < 20; i++) /* after a long time no more than a burst; how many, nobody can tell */
		different += take_all(&g, &rng, (100 + i * 10) * SECOND) != first;
	assert_in_range(different, 15, 20);
	assert_true(g.limited_count > 20);
}

static void the_bucket_of_a_host(void **state)
{
	struct mem mem = { .ops = &heap };
	struct icmp_peers peers = { NULL };
	const siphash_key_t key = { { 1, 2 } };
	const u8 a[16] = { 0xfd, [15] = 1 }, b[16] = { 0xfd, [15] = 2 };
	u32 price = icmp_price(1000);
	struct icmp_peer *peer;

	(void)state;
	assert_int_equal(price, 250);
	peer = icmp_peer_find(&peers, &mem, &key, a, sizeof(a), 100 * SECOND);
	assert_non_null(peer);
	for (u32 i = 0; i < 20; i++)
		assert_int_equal(icmp_peer_allow(peer, 100 * SECOND, price), i < ICMP_PEER_BURST);
	assert_ptr_equal(icmp_peer_find(&peers, &mem, &key, a, sizeof(a), 101 * SECOND), peer);
	assert_true(icmp_peer_allow(peer, 101 * SECOND, price)); /* one a second */
	assert_false(icmp_peer_allow(peer, 101 * SECOND, price));
	peer = icmp_peer_find(&peers, &mem, &key, b, sizeof(b), 101 * SECOND);
	assert_true(icmp_peer_allow(peer, 101 * SECOND, price)); /* another host's is full */
	peer = icmp_peer_find(&peers, &mem, &key, a, sizeof(a), 500 * SECOND);
	for (u32 i = 0; i < 20; i++)
		assert_int_equal(icmp_peer_allow(peer, 500 * SECOND, price), i < ICMP_PEER_BURST);
	assert_true(icmp_peer_allow(peer, 500 * SECOND, 0)); /* no limit is no price */
	icmp_peers_fini(&peers, &mem);
	assert_null(peers.rows);
}

static void without_memory_nobody_is_allowed(void **state)
{
	struct mem mem = { .ops = &heap, .fail = no_memory };
	struct icmp_peers peers = { NULL };
	const siphash_key_t key = { { 1, 2 } };

	(void)state;
	assert_null(icmp_peer_find(&peers, &mem, &key, "abcd", 4, SECOND));
	assert_false(icmp_peer_allow(NULL, SECOND, 0));
	icmp_peers_fini(&peers, &mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bucket_of_a_net),
		cmocka_unit_test(the_bucket_of_a_host),
		cmocka_unit_test(without_memory_nobody_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
