// SPDX-License-Identifier: BSD-2-Clause
/* What IPv6's FIB costs: lookup, change and memory, from a thousand routes to a million.
 *
 * The prefixes have the lengths of a full BGP table and lie in runs, as registries allot them; the addresses looked up
 * are random ones inside random routes.  A lookup is the longest prefix match alone, "serial" the same with each lookup
 * waiting for the one before, the limit two loads that depend on each other, from memory as large as the routes,
 * "fib6_lookup" goes through the tables (local, then main), "whole route" is ip6_route_output().
 */
#include "base/byteorder.h"
#include "dev/netdevice.h"
#include "harness.h"
#include "ipv6/fib6_internal.h"
#include "ipv6/ndisc.h"
#include "nethood/nethood.h"

#define LOOKUPS (1U << 20)
#define GATEWAYS 64U

static u32 scale = 1;

struct bed {
	struct nethood_net *public_net;
	struct net *net;
	struct net_device *dev;
	u64 seed;
	struct fib6_key *key, *addr;
	u8 *plen;
	u32 count, lookups;
	double insert_ns, bytes; /* of a route */
	u32 *limit;              /* as large as the routes */
	u32 limit_mask;
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

static void add_routes(struct bed *b)
{
	static const u16 begin[] = { 0x2001, 0x2400, 0x2404, 0x2406, 0x2600, 0x2604, 0x2606, 0x2620,
				     0x2800, 0x2804, 0x2a00, 0x2a02, 0x2a06, 0x2a0a, 0x2a0e, 0x2c0f };
	size_t empty_bytes = b->net->mem->live_bytes;
	double t = cpu_ns();
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
	b->insert_ns = (cpu_ns() - t) / b->count;
	b->bytes = (double)(b->net->mem->live_bytes - empty_bytes) / b->count;
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

/** limit_create() - memory as large as that of the routes, with random numbers of places in it */
static void limit_create(struct bed *b)
{
	size_t size_bytes = (size_t)(b->bytes * b->count);
	u32 count = 1;

	while (count * sizeof(*b->limit) < size_bytes)
		count *= 2;
	b->limit = malloc(count * sizeof(*b->limit));
	if (!b->limit)
		die("no memory");
	b->limit_mask = count - 1;
	for (u32 i = 0; i < count; i++)
		b->limit[i] = rnd(b) & b->limit_mask;
}

static struct bed kept; /* rows of one size use the same one */

static void bed_fini(void)
{
	if (kept.count)
		nethood_free(kept.public_net);
	free(kept.key);
	free(kept.plen);
	free(kept.addr);
	free(kept.limit);
	kept = (struct bed){ 0 };
}

static struct bed *bed_of(u32 count)
{
	struct bed *b = &kept;

	count = count / scale ? count / scale : 1;
	if (b->count == count)
		return b;
	bed_fini();
	b->count = count;
	b->lookups = LOOKUPS / scale;
	b->key = malloc(count * sizeof(*b->key));
	b->plen = malloc(count);
	b->addr = malloc(b->lookups * sizeof(*b->addr));
	if (!b->key || !b->plen || !b->addr)
		die("no memory");
	bed_init(b);
	add_routes(b);
	choose_addrs(b);
	limit_create(b);
	return b;
}

/* ------------------------------------------------------------------ rows */

/** two_misses() - what no table that large can beat: a load from a random place, and one from where that points */
static double two_misses(u32 count)
{
	struct bed *b = bed_of(count);
	double t0 = cpu_ns();

	for (u32 i = 0; i < b->lookups; i++)
		use(b->limit[b->limit[((u32)(b->addr[i].hi >> 16) * 2654435761U) & b->limit_mask]]);
	return (cpu_ns() - t0) / b->lookups;
}

static double lookup_trie(u32 count)
{
	struct bed *b = bed_of(count);
	const struct fib6_trie *t = &b->net->ipv6->fib->main->trie;
	double t0 = cpu_ns();

	for (u32 i = 0; i < b->lookups; i++)
		use((u64)(uintptr_t)fib6_trie_lookup(t, &b->addr[i]));
	return (cpu_ns() - t0) / b->lookups;
}

static double lookup_serial(u32 count)
{
	struct bed *b = bed_of(count);
	const struct fib6_trie *t = &b->net->ipv6->fib->main->trie;
	double t0 = cpu_ns();
	u64 last = 0;

	for (u32 i = 0; i < b->lookups; i++) {
		struct fib6_key k = { b->addr[i].hi, b->addr[i].lo ^ last >> 63 };

		last = (u64)(uintptr_t)fib6_trie_lookup(t, &k);
	}
	use(last);
	return (cpu_ns() - t0) / b->lookups;
}

static double lookup_fib(u32 count)
{
	struct bed *b = bed_of(count);
	double t0 = cpu_ns();
	struct fib6_result res;

	for (u32 i = 0; i < b->lookups; i++) {
		struct flowi6 fl6 = { .oif = 0 };

		fib6_key_addr(&b->addr[i], &fl6.daddr);
		if (fib6_lookup(b->net, &fl6, 0, fib6_lookup_flags(b->net), &res))
			die("no route");
		use((u64)(uintptr_t)res.f);
	}
	return (cpu_ns() - t0) / b->lookups;
}

static double lookup_route(u32 count)
{
	struct bed *b = bed_of(count);
	double t0 = cpu_ns();
	struct rt6_info *rt;

	for (u32 i = 0; i < b->lookups; i++) {
		struct flowi6 fl6 = { .oif = 0 };

		fib6_key_addr(&b->addr[i], &fl6.daddr);
		if (ip6_route_output(b->net, &fl6, &rt))
			die("no memory");
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
	return worst / 1000;
}

#define LIMIT "two misses"
#define LOOKUP(count, label) \
	{ \
		"FIB lookup, IPv6, " label, LIMIT, 0, lookup_trie, two_misses, count, false, NULL \
	}

static const struct bench rows[] = {
	LOOKUP(1000, "1 k routes"),
	LOOKUP(10000, "10 k routes"),
	LOOKUP(100000, "100 k routes"),
	LOOKUP(1000000, "1 M routes"),
	LOOKUP(2000000, "2 M routes"),
	{ "FIB lookup, IPv6, serial", LIMIT, 0, lookup_serial, two_misses, 1000000, false, NULL },
	{ "FIB lookup, IPv6, fib6_lookup", LIMIT, 0, lookup_fib, two_misses, 1000000, false, NULL },
	{ "FIB lookup, IPv6, whole route", LIMIT, 0, lookup_route, two_misses, 1000000, false, NULL },
	{ "FIB insert, IPv6, 1 M routes", NULL, 0, insert_ns, NULL, 1000000, false, NULL },
	{ "FIB longest change, IPv6, 1 M routes", NULL, 0, longest_change_us, NULL, 1000000, false, "us" },
	{ "bytes per route, IPv6, 1 M", NULL, 0, bytes_each, NULL, 1000000, false, "bytes" },
};

int main(int argc, char **argv)
{
	int err = bench_main(argc, argv, rows, ARRAY_SIZE(rows), &scale);

	bed_fini();
	return err;
}
