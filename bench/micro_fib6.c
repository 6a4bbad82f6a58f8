// SPDX-License-Identifier: BSD-2-Clause
/* What IPv6's FIB costs: lookup, change and memory, from a thousand routes to a million.
 *
 * The prefixes have the lengths of a full BGP table and lie in runs, as registries allot them; the addresses looked up
 * are random ones inside random routes.  "trie" is the longest prefix match alone, "serial" the same with each lookup
 * waiting for the one before, "fib" a whole fib6_lookup() (local, then main), "route" a whole ip6_route_output().
 *
 * usage: micro_fib6 [--quick]
 */
#include "base/byteorder.h"
#include "dev/netdevice.h"
#include "harness.h"
#include "ipv6/fib6_internal.h"
#include "ipv6/ndisc.h"
#include "nethood/nethood.h"

#define LOOKUPS (1U << 20)
#define GATEWAYS 64U
#define BED_ROUNDS 5

struct bed {
	struct nethood_net *public_net;
	struct net *net;
	struct net_device *dev;
	u64 seed;
	struct fib6_key *key, *addr;
	u8 *plen;
	u32 count, lookups;
};

static void die(const char *what)
{
	fprintf(stderr, "micro_fib6: %s\n", what);
	exit(1);
}

static u32 rnd(struct bed *b)
{
	b->seed ^= b->seed << 13;
	b->seed ^= b->seed >> 7;
	b->seed ^= b->seed << 17;
	return (u32)(b->seed >> 16);
}

static int null_xmit(void *ctx, const struct iovec *frame, int pieces)
{
	(void)ctx;
	(void)frame;
	(void)pieces;
	return 0;
}

static void bed_init(struct bed *b)
{
	struct nethood_config config = { .now_ns = 1000000000ULL, .random_key = { 1 } };
	struct nethood_dev_config dev = { .name = "d0", .driver = "user", .fd = -1, .xmit = null_xmit };
	struct nethood_dev *d;

	if (nethood_create(&config, &b->public_net) || nethood_dev_create(b->public_net, &dev, &d))
		die("no net");
	b->net = (struct net *)b->public_net;
	b->dev = dev_find_by_name(b->net, "d0");
	if (dev_open(dev_find_by_name(b->net, "lo")) || dev_open(b->dev))
		die("no device");
	b->seed = 88172645463325252ULL;
}

/** rnd_plen() - per mille of a full table, by length */
static u8 rnd_plen(struct bed *b)
{
	static const struct {
		u8 plen;
		u16 share;
	} rows[] = { { 48, 470 }, { 32, 120 }, { 44, 80 }, { 40, 80 }, { 36, 45 }, { 29, 30 }, { 46, 40 }, { 47, 35 },
		     { 45, 25 },  { 42, 25 },  { 33, 15 }, { 34, 15 }, { 38, 10 }, { 28, 5 },  { 30, 5 } };
	u32 x = rnd(b) % 1000, sum = 0;

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		sum += rows[i].share;
		if (x < sum)
			return rows[i].plen;
	}
	return 48;
}

static int change_one(struct bed *b, u32 i, bool add)
{
	struct fib6_config cfg = { .table = RT_TABLE_MAIN,
				   .dst_len = b->plen[i],
				   .type = RTN_UNICAST,
				   .protocol = RTPROT_STATIC,
				   .has_gateway = true,
				   .gateway = { { { 0xfe, 0x80, [15] = (u8)(1 + i % GATEWAYS) } } },
				   .oif = b->dev->ifindex,
				   .nlflags = NLM_F_CREATE | NLM_F_EXCL };

	fib6_key_addr(&b->key[i], &cfg.dst);
	return add ? ip6_route_add(b->net, &cfg, NULL) : ip6_route_del(b->net, &cfg, NULL);
}

static double add_routes(struct bed *b)
{
	static const u16 begin[] = { 0x2001, 0x2400, 0x2404, 0x2406, 0x2600, 0x2604, 0x2606, 0x2620,
				     0x2800, 0x2804, 0x2a00, 0x2a02, 0x2a06, 0x2a0a, 0x2a0e, 0x2c0f };
	double t = now_ns();
	u64 run = 0;

	for (u32 n = 0; n < b->count;) {
		if (n % 12 == 0 || rnd(b) % 32 == 0)
			run = (u64)begin[rnd(b) % 16] << 48 | (u64)(rnd(b) & 0xffff) << 32;
		b->plen[n] = rnd_plen(b);
		b->key[n] = (struct fib6_key){ run + ((u64)(rnd(b) & 0x3ffff) << 16), 0 };
		b->key[n] = fib6_key_masked(b->key[n], b->plen[n]);
		if (change_one(b, n, true))
			continue; /* there is one like it */
		if (++n % 256 == 0)
			rcu_quiescent(&b->net->rcu);
	}
	rcu_quiescent(&b->net->rcu);
	return (now_ns() - t) / b->count;
}

static void choose_addrs(struct bed *b)
{
	for (u32 i = 0; i < b->lookups; i++) {
		u32 k = rnd(b) % b->count;

		b->addr[i] = b->key[k];
		b->addr[i].hi |= ((u64)rnd(b) << 32 | rnd(b)) & (~0ULL >> b->plen[k]);
		b->addr[i].lo = rnd(b);
	}
}

static double lookup_trie(struct bed *b)
{
	const struct fib6_trie *t = &b->net->ipv6->fib->main->trie;
	double t0 = now_ns();

	for (u32 i = 0; i < b->lookups; i++)
		use((u64)(uintptr_t)fib6_trie_lookup(t, &b->addr[i]));
	return (now_ns() - t0) / b->lookups;
}

static double lookup_serial(struct bed *b)
{
	const struct fib6_trie *t = &b->net->ipv6->fib->main->trie;
	double t0 = now_ns();
	u64 last = 0;

	for (u32 i = 0; i < b->lookups; i++) {
		struct fib6_key k = { b->addr[i].hi, b->addr[i].lo ^ last >> 63 };

		last = (u64)(uintptr_t)fib6_trie_lookup(t, &k);
	}
	use(last);
	return (now_ns() - t0) / b->lookups;
}

static double lookup_fib(struct bed *b)
{
	double t0 = now_ns();
	struct fib6_result res;

	for (u32 i = 0; i < b->lookups; i++) {
		struct flowi6 fl6 = { .oif = 0 };

		fib6_key_addr(&b->addr[i], &fl6.daddr);
		if (fib6_lookup(b->net, &fl6, 0, fib6_lookup_flags(b->net), &res))
			die("no route");
		use((u64)(uintptr_t)res.f);
	}
	return (now_ns() - t0) / b->lookups;
}

static double lookup_route(struct bed *b)
{
	double t0 = now_ns();
	struct rt6_info *rt;

	for (u32 i = 0; i < b->lookups; i++) {
		struct flowi6 fl6 = { .oif = 0 };

		fib6_key_addr(&b->addr[i], &fl6.daddr);
		if (ip6_route_output(b->net, &fl6, &rt))
			die("no memory");
		dst_release(&rt->dst);
	}
	return (now_ns() - t0) / b->lookups;
}

/** worst_change() - longest single change, in processor time, while a tenth of the table goes and comes back */
static double worst_change(struct bed *b)
{
	double worst = 0;

	for (u32 i = 0; i < b->count / 10; i++) {
		double t = cpu_ns();

		if (change_one(b, i, false))
			die("a route is not there");
		rcu_quiescent(&b->net->rcu);
		if (change_one(b, i, true))
			die("a route cannot come back");
		rcu_quiescent(&b->net->rcu);
		t = (cpu_ns() - t) / 2;
		if (t > worst)
			worst = t;
	}
	return worst;
}

static void row(u32 count, bool quick)
{
	static const struct {
		const char *name;
		double (*run)(struct bed *b);
	} lookups[] = {
		{ "trie", lookup_trie }, { "serial", lookup_serial }, { "fib", lookup_fib }, { "route", lookup_route }
	};
	struct bed b = { .count = count, .lookups = quick ? 1024 : LOOKUPS };
	u32 rounds = quick ? 1 : BED_ROUNDS;
	size_t empty_bytes;
	double ns[BED_ROUNDS], insert_ns;

	b.key = malloc(count * sizeof(*b.key));
	b.plen = malloc(count);
	b.addr = malloc(b.lookups * sizeof(*b.addr));
	if (!b.key || !b.plen || !b.addr)
		die("no memory");
	bed_init(&b);
	empty_bytes = b.net->mem->live_bytes;
	insert_ns = add_routes(&b);
	printf("%8u routes: insert %.0f ns, %.1f bytes per route\n", count, insert_ns,
	       (double)(b.net->mem->live_bytes - empty_bytes) / count);
	choose_addrs(&b);
	for (u32 i = 0; i < ARRAY_SIZE(lookups); i++) {
		for (u32 r = 0; r < rounds; r++)
			ns[r] = lookups[i].run(&b);
		qsort(ns, rounds, sizeof(*ns), bench_by_value);
		printf("         %-8s %7.1f ns  (%.1f .. %.1f)\n", lookups[i].name, ns[rounds / 2], ns[0],
		       ns[rounds - 1]);
	}
	printf("         longest change %.1f us\n", worst_change(&b) / 1000);
	nethood_free(b.public_net);
	free(b.key);
	free(b.plen);
	free(b.addr);
}

int main(int argc, char **argv)
{
	static const u32 counts[] = { 1000, 100000, 1000000 };
	bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;

	for (size_t i = 0; i < (quick ? 1 : ARRAY_SIZE(counts)); i++)
		row(counts[i], quick);
	return 0;
}
