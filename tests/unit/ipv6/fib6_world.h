/* SPDX-License-Identifier: BSD-2-Clause */
/* A net that has devices, IPv6 addresses and routes, and nothing above or below them: for tests of the FIB. */
#ifndef NETHOOD_TESTS_FIB6_WORLD_H
#define NETHOOD_TESTS_FIB6_WORLD_H

/* not every test uses all of it */
#pragma GCC diagnostic ignored "-Wunused-function"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dev/softirq.h"
#include "ipv6/fib6_internal.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ipv6.h"
#include "ipv6/ndisc.h"
#include "neigh/neighbour.h"

#define WORLD_ADDRS 16

struct world {
	struct net net;
	struct netns_ipv6 ipv6;
	struct ipv6_devconf all;
	struct mem mem;
	u32 calls, fail_at; /* allocation number fail_at fails; 0: none */
	struct net_device *lo, *d[4];
	struct inet6_dev idev[5];
	struct ipstats6 stats;
	struct neigh_table nd;
	struct {
		struct in6_addr addr;
		const struct net_device *dev;
		struct fib6_info *rt;
	} addr[WORLD_ADDRS];
	u32 addr_count;
	int icmp_code;   /* of the last ICMPv6 error; -1: none */
	char said[4096]; /* by fib6_chain */
};

static struct world *the_world(struct net *net)
{
	return container_of(net, struct world, net);
}

/* ---- what stands around: called, but not what is tested */

int ip6_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)net, (void)sk;
	consume_skb(skb);
	return 0;
}
int ip6_input(struct sk_buff *skb)
{
	consume_skb(skb);
	return 0;
}
int ip6_mc_input(struct sk_buff *skb)
{
	return ip6_input(skb);
}
int ip6_forward(struct sk_buff *skb)
{
	return ip6_input(skb);
}
void icmpv6_send(struct sk_buff *skb_in, u8 type, u8 code, u32 info)
{
	(void)type, (void)info;
	the_world(skb_in->dev->net)->icmp_code = code;
}
bool ipv6_chk_addr_and_flags(struct net *net, const struct in6_addr *addr, const struct net_device *dev, u32 banned)
{
	const struct world *w = the_world(net);

	(void)banned;
	for (u32 i = 0; i < w->addr_count; i++) {
		if (ipv6_addr_equal(&w->addr[i].addr, addr) && (!dev || w->addr[i].dev == dev))
			return true;
	}
	return false;
}
bool ipv6_chk_addr(struct net *net, const struct in6_addr *addr, const struct net_device *dev)
{
	return ipv6_chk_addr_and_flags(net, addr, dev, 0);
}
int ipv6_dev_get_saddr(struct net *net, const struct net_device *dst_dev, const struct in6_addr *daddr, u32 prefs,
		       struct in6_addr *out)
{
	const struct world *w = the_world(net);

	(void)prefs;
	for (u32 i = 0; i < w->addr_count; i++) {
		if (ipv6_addr_scope(&w->addr[i].addr) < ipv6_addr_scope(daddr) ||
		    (dst_dev && w->addr[i].dev != dst_dev))
			continue;
		*out = w->addr[i].addr;
		return 0;
	}
	return -EADDRNOTAVAIL;
}
int ipv6_neigh_find_create(struct net_device *dev, const struct in6_addr *next_hop, struct neighbour **out)
{
	return neigh_find_create(dev->net->neigh->table[NEIGH_ND_TABLE], next_hop, dev, out);
}
void net_log(struct net *net, const char *fmt, ...)
{
	(void)net, (void)fmt;
}

/* ---- a table of neighbours that ask for nothing */

static void world_solicit(struct neighbour *n, struct sk_buff *skb)
{
	(void)n, (void)skb;
}
static void world_error_report(struct neighbour *n, struct sk_buff *skb)
{
	(void)n;
	kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_FAILED);
}
static const struct neigh_ops world_neigh_ops = { .solicit = world_solicit,
						  .error_report = world_error_report,
						  .output = neigh_resolve_output,
						  .connected_output = neigh_connected_output };
static const struct neigh_ops *const world_neigh_ops_list[] = { &world_neigh_ops };
static int world_constructor(struct neighbour *n)
{
	n->type = RTN_UNICAST;
	n->ops_index = 0;
	n->way = NEIGH_WAY_ASKS;
	return 0;
}

/* ---- the net */

static bool world_fail(void *ctx, const char *site, size_t size_bytes)
{
	struct world *w = ctx;

	(void)site, (void)size_bytes;
	return ++w->calls == w->fail_at;
}

static netdev_tx_t world_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	(void)dev, (void)more;
	consume_skb(skb);
	return NETDEV_TX_OK;
}
static const struct net_device_ops world_ops = { .ndo_start_xmit = world_xmit };

static struct net_device *world_dev(struct world *w, const char *name, struct inet6_dev *idev)
{
	struct net_device *dev = alloc_netdev(&w->net, 0, name, 1);

	assert_non_null(dev);
	ether_setup(dev);
	dev->netdev_ops = &world_ops;
	if (strcmp(name, "lo") == 0) {
		dev->flags = IFF_LOOPBACK;
		dev->type = ARPHRD_LOOPBACK;
	}
	assert_int_equal(register_netdev(dev), 0);
	idev->dev = dev;
	idev->stats = &w->stats;
	idev->cnf.data[IPV6_DEVCONF_HOPLIMIT] = 64;
	idev->cnf.data[IPV6_DEVCONF_MTU6] = (int)dev->mtu;
	idev->cnf.data[IPV6_DEVCONF_ACCEPT_REDIRECTS] = 1;
	idev->cnf.data[IPV6_DEVCONF_RTR_PROBE_INTERVAL] = 60000;
	dev->ip6_ptr = idev;
	assert_non_null(neigh_parms_alloc(dev, &w->nd));
	return dev;
}

static struct world *world_create(u32 devices)
{
	static const u8 key[RNG_KEY_BYTES] = { 7 };
	struct world *w = calloc(1, sizeof(*w));
	char name[IFNAMSIZ];

	assert_non_null(w);
	w->mem.ops = &mem_libc_ops;
	w->mem.fail = world_fail;
	w->mem.fail_ctx = w;
	w->net.mem = &w->mem;
	w->net.ipv6 = &w->ipv6;
	w->net.now = 1000 * NSEC_PER_SEC;
	rng_init(&w->net.rng, key);
	rcu_init(&w->net.rcu);
	sysctl_root_init(&w->net.sysctl);
	assert_int_equal(timer_wheel_create(&w->mem, w->net.now, &w->net.timers), 0);
	assert_int_equal(skb_pool_create(&w->mem, &w->net, &w->net.skb_pool), 0);
	assert_int_equal(dev_net_init(&w->net), 0);
	assert_int_equal(neigh_net_init(&w->net), 0);
	w->nd = (struct neigh_table){ .family = AF_INET6,
				      .index = NEIGH_ND_TABLE,
				      .key_len = 16,
				      .protocol = CONST_BE16(ETH_P_IPV6),
				      .id = "ndisc_cache",
				      .sysctl_path = "net.ipv6.neigh",
				      .ops = world_neigh_ops_list,
				      .constructor = world_constructor };
	neigh_table_init(&w->net, &w->nd);
	notifier_chain_init(&w->ipv6.inet6addr_chain);
	notifier_chain_init(&w->ipv6.fib6_chain);
	w->ipv6.devconf_all = &w->all;
	w->all.data[IPV6_DEVCONF_HOPLIMIT] = 64;
	w->icmp_code = -1;
	assert_int_equal(fib6_init(&w->net), 0);
	w->lo = world_dev(w, "lo", &w->idev[4]);
	for (u32 i = 0; i < devices; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		w->d[i] = world_dev(w, name, &w->idev[i]);
	}
	return w;
}

static void world_tick(struct world *w, ktime_t by)
{
	w->net.now += by;
	timer_wheel_advance(w->net.timers, w->net.now, UINT32_MAX);
	rcu_quiescent(&w->net.rcu);
}

static void world_destroy(struct world *w)
{
	w->fail_at = 0;
	for (u32 i = 0; i < w->addr_count; i++)
		ip6_del_local_rt(&w->net, w->addr[i].rt);
	for (u32 i = 0; i < 4; i++) {
		if (w->d[i])
			fib6_purge_dev(w->d[i], true);
	}
	struct net_device *dev;

	for_each_netdev(&w->net, dev) {
		neigh_ifdown(&w->nd, dev);
		neigh_parms_release(&w->nd, dev->neigh_parms[NEIGH_ND_TABLE]);
	}
	unregister_netdev_all(&w->net);
	fib6_exit(&w->net);
	neigh_table_clear(&w->nd);
	neigh_net_exit(&w->net);
	dev_net_exit(&w->net);
	rcu_quiescent(&w->net.rcu);
	skb_pool_destroy(w->net.skb_pool);
	timer_wheel_destroy(w->net.timers);
	rcu_fini(&w->net.rcu);
	assert_true(list_empty(&w->net.sysctl.dirs));
	assert_int_equal(w->mem.live_bytes, 0);
	free(w);
}

/* ---- words */

static struct in6_addr ip6(const char *text)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	return a;
}

#endif
