/* SPDX-License-Identifier: BSD-2-Clause */
/* A net that has devices, addresses and routes, and nothing above or below them: for tests of the FIB. */
#ifndef NETHOOD_TESTS_FIB_WORLD_H
#define NETHOOD_TESTS_FIB_WORLD_H

/* not every test uses all of it */
#pragma GCC diagnostic ignored "-Wunused-function"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dev/softirq.h"
#include "ipv4/arp.h"
#include "ipv4/fib_lookup.h"
#include "ipv4/icmp.h"
#include "ipv4/igmp.h"
#include "ipv4/ip.h"
#include "ipv4/protocol.h"
#include "ipv4/route_internal.h"
#include "neigh/neighbour.h"

struct world {
	struct net net;
	struct netns_ipv4 ipv4;
	struct mem mem;
	u32 calls, fail_at; /* allocation number fail_at fails; 0: none */
	u32 sent_count;     /* packets that IGMP wanted to send */
	u8 sent[64];
	struct net_device *lo, *d[4];
};

static struct world *the_world(struct net *net)
{
	return container_of(net, struct world, net);
}

/* ---- what stands around: called, but not what is tested */

int ip_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)net, (void)sk;
	consume_skb(skb);
	return 0;
}
int ip_mc_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return ip_output(net, sk, skb);
}
int ip_local_out(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct world *w = the_world(net);

	(void)sk;
	w->sent_count++;
	memset(w->sent, 0, sizeof(w->sent));
	assert_int_equal(skb_copy_bits(skb, 0, w->sent, min_u32(skb->len, sizeof(w->sent))), 0);
	consume_skb(skb);
	return 0;
}
void ip_select_ident(struct net *net, struct iphdr *iph, const struct sk_buff *skb, u32 segs)
{
	(void)net, (void)iph, (void)skb, (void)segs;
}
int ip_local_deliver(struct sk_buff *skb)
{
	consume_skb(skb);
	return 0;
}
int ip_forward(struct sk_buff *skb)
{
	return ip_local_deliver(skb);
}
void icmp_send(struct sk_buff *skb_in, int type, int code, u32 info)
{
	(void)skb_in, (void)type, (void)code, (void)info;
}
static const struct net_protocol *world_igmp;
int inet_add_protocol(struct net *net, const struct net_protocol *prot, u8 protocol)
{
	net->ipv4->protos[protocol] = prot;
	world_igmp = prot;
	return 0;
}
void inet_del_protocol(struct net *net, u8 protocol)
{
	net->ipv4->protos[protocol] = NULL;
}
int ipv4_neigh_find_create(struct net_device *dev, __be32 next_hop, struct neighbour **out)
{
	(void)dev, (void)next_hop, (void)out;
	return -EINVAL;
}
void net_log(struct net *net, const char *fmt, ...)
{
	(void)net, (void)fmt;
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

static struct net_device *world_dev(struct world *w, const char *name)
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
	w->net.ipv4 = &w->ipv4;
	w->net.now = 1000 * NSEC_PER_SEC;
	rng_init(&w->net.rng, key);
	rcu_init(&w->net.rcu);
	sysctl_root_init(&w->net.sysctl);
	assert_int_equal(timer_wheel_create(&w->mem, w->net.now, &w->net.timers), 0);
	assert_int_equal(skb_pool_create(&w->mem, &w->net, &w->net.skb_pool), 0);
	assert_int_equal(dev_net_init(&w->net), 0);
	assert_int_equal(neigh_net_init(&w->net), 0);
	notifier_chain_init(&w->ipv4.inetaddr_chain);
	notifier_chain_init(&w->ipv4.fib_chain);
	w->ipv4.route_min_pmtu_bytes = 552;
	w->ipv4.route_mtu_expires = 600 * NSEC_PER_SEC;
	assert_int_equal(devinet_init(&w->net), 0);
	assert_int_equal(fib_net_init(&w->net), 0);
	w->lo = world_dev(w, "lo");
	for (u32 i = 0; i < devices; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		w->d[i] = world_dev(w, name);
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
	unregister_netdev_all(&w->net);
	fib_net_exit(&w->net);
	devinet_exit(&w->net);
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

static __be32 ip4(const char *text)
{
	struct in_addr a;

	assert_int_equal(inet_pton(AF_INET, text, &a), 1);
	return (__force __be32)a.s_addr;
}

static const char *ip4_text(__be32 addr, char buf[static INET_ADDRSTRLEN])
{
	u32 raw = (__force u32)addr;

	return inet_ntop(AF_INET, &raw, buf, INET_ADDRSTRLEN);
}

#endif
