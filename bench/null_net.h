/* SPDX-License-Identifier: BSD-2-Clause */
/* A net with a null device, which takes each frame and does nothing, and as many neighbours as are asked for. */
#ifndef NETHOOD_BENCH_NULL_NET_H
#define NETHOOD_BENCH_NULL_NET_H

#include <netinet/in.h>

#include "harness.h"

#include "base/byteorder.h"
#include "ipv4/arp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip_fib.h"
#include "ipv4/netns_ipv4.h"
#include "neigh/neigh_internal.h"
#include "nethood/nethood.h"

#define OUR_IP CONST_BE32(0x0a000001)
#define FIRST_PEER 0x0a000100U /* 10.0.1.0, of a /8: room for millions */

/** struct bench_world - a net with a null device and @count permanent neighbours */
struct bench_world {
	struct nethood_net *public_net;
	struct net *net;
	struct net_device *dev;
	struct neigh_table *arp;
	u32 count;
};

static inline int null_xmit(void *ctx, const struct iovec *iov, int pieces)
{
	(void)ctx;
	(void)pieces;
	use((u64)(uintptr_t)iov);
	return 0;
}

static inline _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

static inline __be32 peer_ip(u32 i)
{
	return cpu_to_be32(FIRST_PEER + i);
}

/** add_neighbour() - the @i-th, with address @ip, in a state of those that carry an address */
static inline void add_neighbour(struct bench_world *w, __be32 ip, u32 i, u8 nud_state)
{
	const u8 mac[6] = { 2, 0, (u8)(i >> 24), (u8)(i >> 16), (u8)(i >> 8), (u8)i };
	struct neighbour *n;

	if (neigh_create(w->arp, &ip, w->dev, &n) ||
	    neigh_update(n, mac, nud_state, NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE, 0, NULL))
		die("no neighbour");
	neigh_release(n);
}

static inline void add_peer(struct bench_world *w, u32 i, u8 nud_state)
{
	add_neighbour(w, peer_ip(i), i, nud_state);
}

static inline void world_init(struct bench_world *w, u32 count)
{
	struct nethood_config config = { .now_ns = 1000000000ULL, .random_key = { 1 } };
	struct nethood_dev_config dev = { .name = "eth0", .driver = "user", .fd = -1, .xmit = null_xmit };
	struct in_ifaddr ifa = { .ifa_local = OUR_IP,
				 .ifa_address = OUR_IP,
				 .ifa_prefixlen = 8,
				 .ifa_mask = inet_make_mask(8),
				 .ifa_valid_lft_s = UINT32_MAX,
				 .ifa_preferred_lft_s = UINT32_MAX };
	const char *errmsg;
	struct nethood_dev *d;

	if (nethood_create(&config, &w->public_net) || nethood_dev_create(w->public_net, &dev, &d))
		die("no net");
	w->net = (struct net *)w->public_net;
	w->dev = dev_find_by_name(w->net, "eth0");
	w->arp = w->net->ipv4->arp;
	w->arp->gc_thresh2 = w->arp->gc_thresh3 = UINT32_MAX;
	w->count = count;
	if (dev_open(dev_find_by_name(w->net, "lo")) || dev_open(w->dev) || inet_insert_ifa(w->dev, &ifa, 0, &errmsg))
		die("no address");
	for (u32 i = 0; i < count; i++)
		add_peer(w, i, NUD_PERMANENT);
	while (nethood_poll(w->public_net, 1000000000ULL))
		;
}

static inline void world_fini(struct bench_world *w)
{
	nethood_free(w->public_net);
}

#endif
