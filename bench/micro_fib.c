// SPDX-License-Identifier: BSD-2-Clause
/* What the FIB costs: lookup, change and memory, from a thousand routes to a million.
 *
 * The prefixes have the lengths of a full BGP table and lie in runs, as registries allot them; the addresses looked up
 * are random ones inside random routes.  "trie" is the longest prefix match alone, "serial" the same with each lookup
 * waiting for the one before, the limit two loads that depend on each other, from memory as large as the routes,
 * "fib_lookup" goes through the tables (local, then main), "whole route" is ip_route_output_flow().
 */
#include <linux/if_link.h>

#include "base/byteorder.h"
#include "harness.h"
#include "ipv4/fib_lookup.h"
#include "ipv4/inetdevice.h"
#include "neigh/neighbour.h"

#define LOOKUPS (1U << 21)
#define GATEWAYS 64U

static u32 scale = 1;

struct bed {
	struct net net;
	struct netns_ipv4 ipv4;
	struct mem mem;
	u64 seed;
	u32 *key, *addr;
	u8 *plen;
	u32 count, lookups;
	double insert_ns, bytes; /* of a route */
	u32 *limit;              /* as large as the routes */
	u32 limit_mask;
};

static u32 rnd(struct bed *b)
{
	b->seed ^= b->seed << 13;
	b->seed ^= b->seed >> 7;
	b->seed ^= b->seed << 17;
	return (u32)(b->seed >> 16);
}

static void must(int err)
{
	if (err) {
		fprintf(stderr, "micro_fib: error %d\n", err);
		exit(1);
	}
}

/* ------------------------------------------------------------------ the net */

static netdev_tx_t null_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	(void)dev;
	(void)more;
	consume_skb(skb);
	return NETDEV_TX_OK;
}
static const struct net_device_ops null_ops = { .ndo_start_xmit = null_xmit };

static struct bed *bed_create(void)
{
	static const u8 key[RNG_KEY_BYTES] = { 1 };
	struct in_ifaddr ifa = { .ifa_local = CONST_BE32(0xc6120001U),
				 .ifa_prefixlen = 15 }; /* 198.18.0.1/15: RFC 2544 */
	struct bed *b = calloc(1, sizeof(*b));
	struct net_device *dev;

	if (!b)
		exit(1);
	b->seed = 88172645463325252ULL;
	b->mem.ops = &mem_libc_ops;
	b->net.mem = &b->mem;
	b->net.ipv4 = &b->ipv4;
	rng_init(&b->net.rng, key);
	rcu_init(&b->net.rcu);
	sysctl_root_init(&b->net.sysctl);
	must(timer_wheel_create(&b->mem, 0, &b->net.timers));
	must(skb_pool_create(&b->mem, &b->net, &b->net.skb_pool));
	must(dev_net_init(&b->net));
	must(neigh_net_init(&b->net));
	notifier_chain_init(&b->ipv4.inetaddr_chain);
	notifier_chain_init(&b->ipv4.fib_chain);
	must(devinet_init(&b->net));
	must(fib_net_init(&b->net));
	dev = alloc_netdev(&b->net, 0, "d0", 1);
	if (!dev)
		exit(1);
	ether_setup(dev);
	dev->netdev_ops = &null_ops;
	must(register_netdev(dev));
	must(dev_open(dev));
	must(inet_insert_ifa(dev, &ifa, 0, NULL));
	return b;
}

static void bed_destroy(struct bed *b)
{
	unregister_netdev_all(&b->net);
	fib_net_exit(&b->net);
	devinet_exit(&b->net);
	neigh_net_exit(&b->net);
	dev_net_exit(&b->net);
	rcu_quiescent(&b->net.rcu);
	skb_pool_destroy(b->net.skb_pool);
	timer_wheel_destroy(b->net.timers);
	rcu_fini(&b->net.rcu);
	if (b->mem.live_bytes) {
		fprintf(stderr, "micro_fib: %zu bytes are left\n", b->mem.live_bytes);
		exit(1);
	}
	free(b->key);
	free(b->addr);
	free(b->plen);
	free(b->limit);
	free(b);
}

/* ------------------------------------------------------------------ routes */

/** rnd_plen() - per mille of a full table, by length */
static u32 rnd_plen(struct bed *b)
{
	static const u16 share[] = {
		[8] = 1,  [9] = 1,   [10] = 1,  [11] = 1,  [12] = 1,  [13] = 1,   [14] = 2,   [15] = 2,  [16] = 14,
		[17] = 9, [18] = 15, [19] = 26, [20] = 45, [21] = 55, [22] = 115, [23] = 105, [24] = 606
	};
	u32 x = rnd(b) % 1000, sum = 0;

	for (u32 l = 8; l < 24; l++) {
		sum += share[l];
		if (x < sum)
			return l;
	}
	return 24;
}

static int change_one(struct bed *b, u32 i, bool add)
{
	struct fib_config cfg = {
		.table = RT_TABLE_MAIN,
		.dst = cpu_to_be32(b->key[i]),
		.dst_len = b->plen[i],
		.type = RTN_UNICAST,
		.protocol = RTPROT_STATIC,
		.scope = add ? RT_SCOPE_UNIVERSE : RT_SCOPE_NOWHERE,
		.gw_family = 2 /* AF_INET */,
		.gw4 = cpu_to_be32(0xc6120002U + i % GATEWAYS),
		.nlflags = NLM_F_CREATE | NLM_F_EXCL,
	};

	return add ? fib_route_add(&b->net, &cfg, NULL) : fib_route_del(&b->net, &cfg, NULL);
}

static void add_routes(struct bed *b)
{
	size_t empty_bytes = b->mem.live_bytes;
	double t = cpu_ns();
	u32 run = 0;

	b->key = malloc(b->count * sizeof(*b->key));
	b->plen = malloc(b->count);
	if (!b->key || !b->plen)
		exit(1);
	for (u32 n = 0; n < b->count;) {
		if (n % 12 == 0)
			run = ((rnd(b) % 195 + 1) << 24) | (rnd(b) & 0xffffff);
		b->plen[n] = (u8)rnd_plen(b);
		b->key[n] = (run + ((rnd(b) & 0x3ff) << 8)) & fib_mask(b->plen[n]);
		if (change_one(b, n, true))
			continue; /* there is one like it */
		if (++n % 256 == 0)
			rcu_quiescent(&b->net.rcu);
	}
	rcu_quiescent(&b->net.rcu);
	b->insert_ns = (cpu_ns() - t) / b->count;
	b->bytes = (double)(b->mem.live_bytes - empty_bytes) / b->count;
}

static void choose_addrs(struct bed *b)
{
	b->addr = malloc(b->lookups * sizeof(*b->addr));
	if (!b->addr)
		exit(1);
	for (u32 i = 0; i < b->lookups; i++) {
		u32 k = rnd(b) % b->count;

		b->addr[i] = b->key[k] | (rnd(b) & ~fib_mask(b->plen[k]));
	}
}

/** limit_create() - memory as large as that of the routes, with random numbers of places in it */
static void limit_create(struct bed *b)
{
	size_t size_bytes = (size_t)(b->bytes * b->count);
	u32 count = 1;

	while (count * sizeof(*b->limit) < size_bytes)
		count *= 2;
	b->limit = malloc(count * sizeof(*b->limit));
	if (!b->limit)
		exit(1);
	b->limit_mask = count - 1;
	for (u32 i = 0; i < count; i++)
		b->limit[i] = rnd(b) & b->limit_mask;
}

static struct bed *kept; /* rows of one size use the same one */

static struct bed *bed_of(u32 count)
{
	count = count / scale ? count / scale : 1;
	if (kept && kept->count == count)
		return kept;
	if (kept)
		bed_destroy(kept);
	kept = bed_create();
	kept->count = count;
	kept->lookups = LOOKUPS / scale;
	add_routes(kept);
	choose_addrs(kept);
	limit_create(kept);
	return kept;
}

/* ------------------------------------------------------------------ rows */

/** two_misses() - what no table that large can beat: a load from a random place, and one from where that points */
static double two_misses(u32 count)
{
	struct bed *b = bed_of(count);
	double t0 = cpu_ns();

	for (u32 i = 0; i < b->lookups; i++)
		use(b->limit[b->limit[(b->addr[i] * 2654435761U) & b->limit_mask]]);
	return (cpu_ns() - t0) / b->lookups;
}

static double lookup_trie(u32 count)
{
	struct bed *b = bed_of(count);
	const struct fib_trie *t = &b->ipv4.fib->main->trie;
	double t0 = cpu_ns();
	u32 plen;

	for (u32 i = 0; i < b->lookups; i++)
		use((u64)(uintptr_t)fib_trie_lookup(t, b->addr[i], &plen));
	return (cpu_ns() - t0) / b->lookups;
}

static double lookup_serial(u32 count)
{
	struct bed *b = bed_of(count);
	const struct fib_trie *t = &b->ipv4.fib->main->trie;
	double t0 = cpu_ns();
	u64 last = 0;
	u32 plen;

	for (u32 i = 0; i < b->lookups; i++)
		last = (u64)(uintptr_t)fib_trie_lookup(t, b->addr[i] ^ (u32)(last >> 63), &plen);
	use(last);
	return (cpu_ns() - t0) / b->lookups;
}

static double lookup_fib(u32 count)
{
	struct bed *b = bed_of(count);
	double t0 = cpu_ns();
	struct fib_result res;

	for (u32 i = 0; i < b->lookups; i++) {
		struct flowi4 fl4 = { .daddr = cpu_to_be32(b->addr[i]) };

		must(fib_lookup(&b->net, &fl4, &res));
		use((u64)(uintptr_t)res.fi);
	}
	return (cpu_ns() - t0) / b->lookups;
}

static double lookup_route(u32 count)
{
	struct bed *b = bed_of(count);
	double t0 = cpu_ns();
	struct rtable *rt;

	for (u32 i = 0; i < b->lookups; i++) {
		struct flowi4 fl4 = { .daddr = cpu_to_be32(b->addr[i]) };

		must(ip_route_output_flow(&b->net, &fl4, &rt));
		dst_release(&rt->dst);
	}
	return (cpu_ns() - t0) / b->lookups;
}

static double insert_ns(u32 count)
{
	return bed_of(count)->insert_ns;
}

static double bytes_each(u32 count)
{
	return bed_of(count)->bytes;
}

/** longest_change_us() - in processor time, while a tenth of the table goes and comes back */
static double longest_change_us(u32 count)
{
	struct bed *b = bed_of(count);
	double worst = 0;

	for (u32 i = 0; i < b->count / 10; i++) {
		double t = cpu_ns();

		must(change_one(b, i, false));
		rcu_quiescent(&b->net.rcu);
		must(change_one(b, i, true));
		rcu_quiescent(&b->net.rcu);
		t = (cpu_ns() - t) / 2;
		if (t > worst)
			worst = t;
	}
	return worst / 1000;
}

#define LIMIT "two misses"
#define LOOKUP(count, label, target) \
	{ \
		"FIB lookup, IPv4, " label, LIMIT, target, lookup_trie, two_misses, count, false, NULL \
	}

static const struct bench rows[] = {
	LOOKUP(1000, "1 k routes", 0),
	LOOKUP(10000, "10 k routes", 0),
	LOOKUP(100000, "100 k routes", 0),
	LOOKUP(1000000, "1 M routes", 60),
	LOOKUP(2000000, "2 M routes", 0),
	{ "FIB lookup, IPv4, serial", LIMIT, 0, lookup_serial, two_misses, 1000000, false, NULL },
	{ "FIB lookup, IPv4, fib_lookup", LIMIT, 0, lookup_fib, two_misses, 1000000, false, NULL },
	{ "FIB lookup, IPv4, whole route", LIMIT, 0, lookup_route, two_misses, 1000000, false, NULL },
	{ "FIB insert, IPv4, 1 M routes", NULL, 0, insert_ns, NULL, 1000000, false, NULL },
	{ "FIB longest change, IPv4, 1 M routes", NULL, 0, longest_change_us, NULL, 1000000, false, "us" },
	{ "bytes per route, IPv4, 1 M", NULL, 64, bytes_each, NULL, 1000000, false, "bytes" },
};

int main(int argc, char **argv)
{
	int err = bench_main(argc, argv, rows, ARRAY_SIZE(rows), &scale);

	if (kept)
		bed_destroy(kept);
	return err;
}
