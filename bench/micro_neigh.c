// SPDX-License-Identifier: BSD-2-Clause
/* What the heart costs: neighbour look-up, cached output, birth and death, memory, and the whole way of one datagram.
 *
 * All in memory, one core.  The null device takes each packet and does nothing; checksums are computed in software.
 */
#include "null_net.h"

#include "base/htable.h"
#include "base/random.h"
#include "ipv6/addrconf.h"
#include "ipv6/netns_ipv6.h"

static u32 scale = 1;

static u32 ops(u32 n)
{
	return n / scale ? n / scale : 1;
}

static u32 next_random(u32 *x)
{
	return *x = *x * 1664525U + 1013904223U;
}

/* ------------------------------------------------------------------ look-up */

/* The @i-th of addresses as if drawn: those in a row a mere multiplication lays out without a collision. */
static u32 drawn_address(u32 i)
{
	const u32 mask = (1U << 23) - 1;

	i = i * 0x9e3779b1U & mask;
	i = (i ^ i >> 11) * 0x85ebca6bU & mask;
	return FIRST_PEER + (i ^ i >> 13);
}

/* Serial: each key depends on what the look-up before found. */
static double lookup(u32 count)
{
	u32 n = ops(4000000), x = 1;
	struct bench_world w;
	u64 found = 0;
	double t;

	world_init(&w, 0);
	for (u32 i = 0; i < count; i++)
		add_neighbour(&w, cpu_to_be32(drawn_address(i)), i, NUD_PERMANENT);
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		__be32 ip = cpu_to_be32(drawn_address((u32)((u64)next_random(&x) * count >> 32)));

		found = (u64)(uintptr_t)neigh_find_u32(w.arp, (__force u32)ip + (u32)found, w.dev) >> 60;
	}
	t = cpu_ns() - t;
	world_fini(&w);
	return t / n;
}

/* The same keys and load in an open-addressing table of 16-byte slots, with a multiplication for a hash. */
static double lookup_limit(u32 count)
{
	u32 n = ops(4000000), x = 1, bits = 3;
	struct {
		u64 key;
		void *obj;
	} * slot;
	u64 found = 0;
	double t;

	while ((u64)count * 5 > (4ULL << bits))
		bits++;
	slot = calloc(1ULL << bits, sizeof(*slot));
	if (!slot)
		die("no memory");
#define HOME(k) ((u32)(((k)*0x9e3779b97f4a7c15ULL) >> (64 - bits)))
	for (u32 i = 0; i < count; i++) {
		u64 key = drawn_address(i);
		u32 at = HOME(key);

		while (slot[at].key)
			at = (at + 1) & ((1U << bits) - 1);
		slot[at].key = key;
		slot[at].obj = slot;
	}
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		u64 key = drawn_address((u32)((u64)next_random(&x) * count >> 32)) + found;
		u32 at = HOME(key);

		while (slot[at].key != key)
			at = (at + 1) & ((1U << bits) - 1);
		found = (u64)(uintptr_t)slot[at].obj >> 60;
	}
	t = cpu_ns() - t;
#undef HOME
	free(slot);
	return t / n;
}

/* With an entry per key that no cache holds: each look-up waits for memory. */
static double lookup_limit_of_memory(u32 arg)
{
	(void)arg;
	return lookup_limit(1000000);
}

/* ------------------------------------------------------------------ life and memory */

static double create_delete(u32 count)
{
	u32 n = ops(2000000);
	struct bench_world w;
	double t;

	world_init(&w, count);
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		__be32 ip = peer_ip(count + (i & 1023));
		struct neighbour *nb;

		if (neigh_create(w.arp, &ip, w.dev, &nb))
			die("no neighbour");
		neigh_undo_create(nb);
		neigh_release(nb);
		rcu_quiescent(&w.net->rcu);
	}
	t = cpu_ns() - t;
	world_fini(&w);
	return t / n;
}

/* Of what happened to neighbours before: bounded, and no part of them. */
static u64 history_bytes(const struct bench_world *w)
{
	const struct neigh_histories *hs = w->net->neigh->histories;

	return hs->count * sizeof(struct neigh_history) + (hs->hash.cur.mask + 1) * sizeof(struct htable_slot);
}

static double bytes_each(u32 count)
{
	u64 history;
	struct nethood_ledger empty, full;
	struct bench_world w;

	world_init(&w, 0);
	nethood_ledger(w.public_net, &empty);
	for (u32 i = 0; i < count; i++)
		add_peer(&w, i, NUD_PERMANENT);
	nethood_ledger(w.public_net, &full);
	history = history_bytes(&w);
	world_fini(&w);
	return (double)(full.memory_bytes - empty.memory_bytes - history) / count;
}

static double idle_net_bytes(u32 arg)
{
	struct nethood_config config = { .random_key = { 1 } };
	struct nethood_ledger ledger;
	struct nethood_net *net;

	(void)arg;
	if (nethood_create(&config, &net))
		die("no net");
	nethood_ledger(net, &ledger);
	nethood_free(net);
	return (double)ledger.memory_bytes;
}

/* ------------------------------------------------------------------ output */

static netdev_tx_t null_start_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	(void)skb;
	(void)dev;
	(void)more;
	return NETDEV_TX_OK;
}

/* From the neighbour on: state, ready header, queueing discipline, driver; the skb is used again each time. */
static double cached_output(u32 count)
{
	const struct net_device_ops *real;
	struct net_device_ops null_ops;
	u32 n = ops(20000000);
	struct bench_world w;
	struct neighbour *nb[16];
	struct sk_buff *skb;
	double t;

	world_init(&w, count);
	real = w.dev->netdev_ops;
	null_ops = *real;
	null_ops.ndo_start_xmit = null_start_xmit;
	w.dev->netdev_ops = &null_ops;
	for (u32 i = 0; i < count; i++) {
		__be32 ip = peer_ip(i);

		nb[i] = neigh_find(w.arp, &ip, w.dev);
		neigh_hh_init(nb[i]);
	}
	skb = alloc_skb(w.net->skb_pool, 100);
	skb_reserve(skb, 64);
	skb_put(skb, 20);
	skb_reset_network_header(skb);
	skb->dev = w.dev;
	skb->protocol = CONST_BE16(0x0800);
	t = cpu_ns();
	for (u32 i = 0, at = 0; i < n; i++) {
		(void)neigh_output(nb[at], skb, false);
		skb_pull(skb, 14);
		if (++at == count)
			at = 0;
	}
	t = cpu_ns() - t;
	consume_skb(skb);
	w.dev->netdev_ops = real;
	world_fini(&w);
	return t / n;
}

static double header_copy_limit(u32 count)
{
	static u8 hh[16][16], packet[128];
	u32 n = ops(20000000);
	double t = cpu_ns();

	for (u32 i = 0, at = 0; i < n; i++) {
		memcpy(packet + 16, hh[at], 16);
		use((u64)(uintptr_t)packet);
		if (++at == count)
			at = 0;
	}
	return (cpu_ns() - t) / n;
}

static double udp_send(u32 count, bool connected)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = CONST_BE16(9) };
	u32 n = ops(count > 1000 ? 2000000 : 5000000), x = 1;
	struct nethood_sock *sk;
	struct bench_world w;
	double t;

	world_init(&w, count);
	to.sin_addr.s_addr = peer_ip(0);
	if (nethood_socket(w.public_net, AF_INET, SOCK_DGRAM, 0, &sk) ||
	    (connected && nethood_connect(sk, (const struct sockaddr *)&to, sizeof(to))))
		die("no socket");
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		if (!connected)
			to.sin_addr.s_addr = peer_ip((u32)((u64)next_random(&x) * count >> 32));
		if (nethood_sendto(sk, "x", 1, 0, connected ? NULL : (const struct sockaddr *)&to,
				   connected ? 0 : sizeof(to)) != 1)
			die("not sent");
	}
	t = cpu_ns() - t;
	nethood_close(sk);
	world_fini(&w);
	return t / n;
}

static double udp_send_connected(u32 count)
{
	return udp_send(count, true);
}

static double udp_send_unconnected(u32 count)
{
	return udp_send(count, false);
}

/* To a neighbour on the link, whose address is known. */
static double udp6_send_connected(u32 count)
{
	const struct ifa6_config address = { .addr = { { { 0xfd, 0x77, [15] = 2 } } },
					     .prefix_len = 64,
					     .flags = IFA_F_NODAD | IFA_F_PERMANENT,
					     .valid_lft_s = INFINITY_LIFE_TIME,
					     .prefered_lft_s = INFINITY_LIFE_TIME };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
				   .sin6_port = CONST_BE16(9),
				   .sin6_addr = { { { 0xfd, 0x77, [15] = 1 } } } };
	u32 n = ops(5000000);
	struct nethood_sock *sk;
	struct neighbour *peer = NULL;
	struct bench_world w;
	double t;

	world_init(&w, count);
	if (inet6_addr_add(w.dev, &address, NULL) || neigh_create(w.net->ipv6->nd_tbl, &to.sin6_addr, w.dev, &peer) ||
	    neigh_update(peer, (const u8 *)"\2\0\0\0\0\1", NUD_PERMANENT, NEIGH_UPDATE_F_ADMIN, 0, NULL))
		die("no neighbour");
	neigh_release(peer);
	if (nethood_socket(w.public_net, AF_INET6, SOCK_DGRAM, 0, &sk) ||
	    nethood_connect(sk, (const struct sockaddr *)&to, sizeof(to)))
		die("no socket");
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		if (nethood_sendto(sk, "x", 1, 0, NULL, 0) != 1)
			die("not sent");
	}
	t = cpu_ns() - t;
	nethood_close(sk);
	world_fini(&w);
	return t / n;
}

static const struct bench rows[] = {
	{ "lookup, serial random key, 1 k", "open addressing", 1.25, lookup, lookup_limit, 1000, true, NULL },
	{ "lookup, serial random key, 10 k", "open addressing", 1.25, lookup, lookup_limit, 10000, true, NULL },
	{ "lookup, serial random key, 100 k", "open addressing", 1.25, lookup, lookup_limit, 100000, true, NULL },
	{ "lookup, serial random key, 1 M", "open addressing", 1.25, lookup, lookup_limit, 1000000, true, NULL },
	{ "cached output, 1 entry", "16-byte copy", 8, cached_output, header_copy_limit, 1, false, NULL },
	{ "cached output, 10 entries", "16-byte copy", 8, cached_output, header_copy_limit, 10, false, NULL },
	{ "create and delete, among 1 k", NULL, 150, create_delete, NULL, 1000, false, NULL },
	{ "create and delete, among 100 k", NULL, 150, create_delete, NULL, 100000, false, NULL },
	{ "create and delete, among 1 M", NULL, 150, create_delete, NULL, 1000000, false, NULL },
	{ "bytes per neighbour, 100 k", NULL, 192, bytes_each, NULL, 100000, false, "bytes" },
	{ "bytes per neighbour, 1 M", NULL, 0, bytes_each, NULL, 1000000, false, "bytes" },
	{ "bytes of an idle net", NULL, 32768, idle_net_bytes, NULL, 0, false, "bytes" },
	{ "UDP send 1 byte, connected", NULL, 35, udp_send_connected, NULL, 1, false, NULL },
	{ "UDP send 1 byte by IPv6, connected", NULL, 40, udp6_send_connected, NULL, 1, false, NULL },
	{ "UDP send 1 byte, unconnected, 10 peers", NULL, 0, udp_send_unconnected, NULL, 10, false, NULL },
	{ "UDP send 1 byte, unconnected, 100 k peers", "look-up among 1 M", 2, udp_send_unconnected,
	  lookup_limit_of_memory, 100000, true, NULL },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, rows, ARRAY_SIZE(rows), &scale);
}
