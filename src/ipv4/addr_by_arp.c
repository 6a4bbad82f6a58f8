// SPDX-License-Identifier: BSD-2-Clause
/* Address by ARP: the destination of the first packet that fits a rule, when nobody else has it.
 *
 * @rfc 5227 2.1
 *
 * Packets are looked at where they come in, and go on: without an address none of them is for us.  One that fits is
 * believed only if it was sent to this device's link-layer address, and if nobody answers a probe for what it says.
 *
 * Reading order: by_arp_hook(), packet_fits(), by_arp_result(), addr_by_arp_start().
 */
#include "ipv4/addr_by_arp.h"

#include <errno.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "base/csum.h"
#include "ipv4/acd.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/netns_ipv4.h"
#include "netfilter/netfilter.h"
#include "record/record.h"
#include "wire/icmp.h"

#define NOMEM_RETRY (1 * NSEC_PER_SEC)
#define UDP_HEADER_BYTES 8U
#define TCP_HEADER_BYTES 20U

/** struct by_arp - of one device */
struct by_arp {
	struct list_head node;
	struct net_device *dev;
	struct addr_by_arp_config cfg;
	ktime_t deadline;
	struct timer timer; /**< the deadline; or, when nobody has the address, once more to set it */
	bool listening, free, busy;
	u64 refused_count; /**< packets that fit, and no test began */
	struct acd acd;
	__be32 addr; /**< on the device; 0: none */
};

/** struct by_arp_net - net->ipv4->by_arp */
struct by_arp_net {
	struct list_head all;
	u32 listening_count;
	struct notifier_block netdev_nb, inetaddr_nb;
};

static struct by_arp_net *by_arp_of(const struct net *net)
{
	return net->ipv4->by_arp;
}

static struct by_arp *by_arp_find(const struct net_device *dev)
{
	struct by_arp *b;

	list_for_each_entry(b, &by_arp_of(dev->net)->all, node) {
		if (b->dev == dev)
			return b;
	}
	return NULL;
}

/* ------------------------------------------------------------------ which packet */

static bool addr_is_host(__be32 addr)
{
	u32 top = be32_to_cpu(addr) >> 24;

	return top >= 1 && top <= 223 && top != 127;
}

/* An address that a host may have in its subnet, from somebody who may have one. */
static bool addrs_fit(const struct by_arp *b, const struct iphdr *iph)
{
	u32 most = b->cfg.prefixlen < 32 ? ~0U >> b->cfg.prefixlen : 0, host = be32_to_cpu(iph->daddr) & most;

	if (!addr_is_host(iph->daddr) || !addr_is_host(iph->saddr) || iph->saddr == iph->daddr)
		return false;
	return b->cfg.prefixlen >= 31 || (host && host != most);
}

static bool echo_fits(const struct by_arp *b, struct sk_buff *skb, u32 at)
{
	const struct icmphdr *icmp;

	if (!b->cfg.icmp_bytes || be16_to_cpu(ip_hdr(skb)->tot_len) != b->cfg.icmp_bytes ||
	    !pskb_may_pull(skb, at + (u32)sizeof(*icmp)))
		return false;
	icmp = (const struct icmphdr *)(const void *)(skb->data + at);
	return icmp->type == ICMP_ECHO && !icmp->code &&
	       (skb->ip_summed == CHECKSUM_UNNECESSARY || !csum_fold(skb_checksum(skb, at, skb->len - at, 0)));
}

static bool port_fits(const struct by_arp *b, struct sk_buff *skb, u32 at, u32 header_bytes)
{
	const struct iphdr *iph;

	if (!b->cfg.port || !pskb_may_pull(skb, at + header_bytes) ||
	    get_unaligned_be16(skb->data + at + 2) != cpu_to_be16(b->cfg.port))
		return false;
	iph = ip_hdr(skb);
	if (skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL ||
	    (iph->protocol == IPPROTO_UDP && !get_unaligned_be16(skb->data + at + 6)))
		return true;
	return !csum_tcpudp_magic(iph->saddr, iph->daddr, skb->len - at, iph->protocol,
				  skb_checksum(skb, at, skb->len - at, 0));
}

static bool packet_fits(const struct by_arp *b, struct sk_buff *skb)
{
	u32 at = ip_hdrlen_bytes(ip_hdr(skb));

	if (skb->pkt_type != PACKET_HOST || ip_is_fragment(ip_hdr(skb)) || !addrs_fit(b, ip_hdr(skb)))
		return false;
	switch (ip_hdr(skb)->protocol) {
	case IPPROTO_ICMP:
		return echo_fits(b, skb, at);
	case IPPROTO_UDP:
		return port_fits(b, skb, at, UDP_HEADER_BYTES);
	case IPPROTO_TCP:
		return port_fits(b, skb, at, TCP_HEADER_BYTES);
	default:
		return false;
	}
}

static void by_arp_result(struct acd *acd, enum acd_result result, const u8 *mac);

static unsigned int by_arp_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct by_arp *b = by_arp_find(state->in);

	(void)priv;
	/* without memory for a test the next packet begins one, perhaps */
	if (b && b->listening && !acd_active(&b->acd) && !b->free && packet_fits(b, skb))
		b->refused_count += acd_start(&b->acd, b->dev, ip_hdr(skb)->daddr, ACD_DEFEND_ONCE, by_arp_result) != 0;
	return NF_ACCEPT;
}

static int by_arp_listen(struct by_arp *b, bool on)
{
	struct net *net = b->dev->net;
	struct by_arp_net *bn = by_arp_of(net);
	const struct nf_hook_ops ops = {
		.hook = by_arp_hook, .priv = bn, .pf = NFPROTO_IPV4, .hooknum = NF_INET_PRE_ROUTING, .priority = INT_MIN
	};
	int err = on && !b->listening && !bn->listening_count ? nf_register_hook(net, &ops) : 0;

	if (err || on == b->listening)
		return err;
	b->listening = on;
	bn->listening_count += on ? 1 : ~0U;
	if (!bn->listening_count)
		nf_unregister_hook(net, &ops);
	return 0;
}

/* ------------------------------------------------------------------ the address */

static void by_arp_tell(const struct addr_by_arp_config *cfg, struct net_device *dev)
{
	struct recorder *rec = dev->net->rec;
	struct rec_cb cb;

	if (!cfg->changed)
		return;
	rec_tell(rec, &cb, REC_OUT_CHANGED, (u32)dev->ifindex, 0);
	cfg->changed(cfg->ctx, (struct nethood_dev *)(void *)dev);
	rec_told(rec, &cb);
}

static void by_arp_free(struct by_arp *b)
{
	struct net *net = b->dev->net;

	(void)by_arp_listen(b, false);
	timer_delete(net->timers, &b->timer);
	acd_stop(&b->acd);
	list_del_init(&b->node);
	mem_free(net->mem, b, sizeof(*b));
}

static void addr_take(struct by_arp *b)
{
	__be32 addr = b->addr;

	b->addr = cpu_to_be32(0);
	b->busy = true;
	inet_take_addr(b->dev, addr, b->cfg.prefixlen);
	b->busy = false;
}

/* @b is gone afterwards. */
static void by_arp_end(struct by_arp *b)
{
	const struct addr_by_arp_config cfg = b->cfg;
	struct net_device *dev = b->dev;

	addr_take(b);
	by_arp_free(b);
	by_arp_tell(&cfg, dev);
}

/* Nobody has it. */
static void addr_put(struct by_arp *b)
{
	const struct in_ifaddr ifa = {
		.ifa_local = b->acd.addr,
		.ifa_prefixlen = b->cfg.prefixlen,
		.ifa_broadcast = inet_broadcast_addr(b->acd.addr, b->cfg.prefixlen),
		.ifa_scope = RT_SCOPE_UNIVERSE,
	};
	int err;

	b->busy = true;
	err = inet_insert_ifa(b->dev, &ifa, 0, NULL);
	b->busy = false;
	b->free = err != 0;
	if (err) {
		mod_timer(b->dev->net->timers, &b->timer, b->dev->net->now + NOMEM_RETRY);
		return;
	}
	b->addr = ifa.ifa_local;
	(void)by_arp_listen(b, false);
	timer_delete(b->dev->net->timers, &b->timer);
	by_arp_tell(&b->cfg, b->dev);
}

/* Another packet may say another address, while there is time. */
static void go_on_or_end(struct by_arp *b)
{
	ktime_t now = b->dev->net->now;

	b->free = false;
	if (now >= b->deadline || by_arp_listen(b, true)) {
		by_arp_end(b);
		return;
	}
	mod_timer(b->dev->net->timers, &b->timer, b->deadline);
}

static void by_arp_result(struct acd *acd, enum acd_result result, const u8 *mac)
{
	struct by_arp *b = container_of(acd, struct by_arp, acd);

	(void)mac;
	switch (result) {
	case ACD_USABLE:
		addr_put(b);
		return;
	case ACD_LOST:
		addr_take(b);
		__fallthrough;
	case ACD_CONFLICT:
		go_on_or_end(b);
		return;
	default:
		return;
	}
}

static void by_arp_timer(struct timer *t)
{
	struct by_arp *b = container_of(t, struct by_arp, timer);

	if (b->free)
		addr_put(b);
	else if (!acd_active(&b->acd)) /* else what is probed for may still be taken */
		by_arp_end(b);
}

/* ------------------------------------------------------------------ of a device */

static int config_check(const struct net_device *dev, const struct addr_by_arp_config *cfg)
{
	const struct in_device *in_dev = in_dev_get_rcu(dev);

	if (!netif_speaks_arp(dev) || !in_dev)
		return -EINVAL;
	if ((!cfg->icmp_bytes && !cfg->port) || !cfg->prefixlen || cfg->prefixlen > 32 || cfg->timeout <= 0)
		return -EINVAL;
	return list_empty(&in_dev->ifa_list) ? 0 : -EADDRINUSE;
}

int addr_by_arp_start(struct net_device *dev, const struct addr_by_arp_config *cfg)
{
	struct by_arp *b;
	int err;

	if (by_arp_find(dev))
		return -EALREADY;
	err = config_check(dev, cfg);
	if (err)
		return err;
	b = mem_zalloc(dev->net->mem, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->dev = dev;
	b->cfg = *cfg;
	b->deadline = dev->net->now + cfg->timeout;
	timer_setup(&b->timer, by_arp_timer);
	list_add_tail(&b->node, &by_arp_of(dev->net)->all);
	err = by_arp_listen(b, true);
	if (err) {
		by_arp_free(b);
		return err;
	}
	mod_timer(dev->net->timers, &b->timer, b->deadline);
	return 0;
}

int addr_by_arp_stop(struct net_device *dev)
{
	struct by_arp *b = by_arp_find(dev);

	if (!b)
		return -ENOENT;
	addr_take(b);
	by_arp_free(b);
	return 0;
}

int addr_by_arp_get(const struct net_device *dev, __be32 *addr)
{
	const struct by_arp *b = by_arp_find(dev);

	if (!b)
		return -ENOENT;
	*addr = b->addr;
	return 0;
}

/* ------------------------------------------------------------------ events, life */

static int by_arp_netdev_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct net_device *dev = ((struct netdev_notifier_info *)data)->dev;
	struct by_arp *b = event == NETDEV_UNREGISTER ? by_arp_find(dev) : NULL;

	(void)nb;
	if (b)
		by_arp_free(b); /* its address goes with the device */
	return 0;
}

/* Somebody gives the device an address, or takes ours away: then he does not need this any more. */
static int by_arp_inetaddr_event(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct in_ifaddr *ifa = data;
	struct by_arp *b = by_arp_find(ifa->ifa_dev->dev);

	(void)nb;
	if (!b || b->busy)
		return 0;
	if (event == NETDEV_UP && !b->addr) {
		by_arp_end(b);
	} else if (event == NETDEV_DOWN && b->addr && b->addr == ifa->ifa_local &&
		   b->cfg.prefixlen == ifa->ifa_prefixlen) {
		b->addr = cpu_to_be32(0);
		by_arp_end(b);
	}
	return 0;
}

int addr_by_arp_init(struct net *net)
{
	struct by_arp_net *bn = mem_zalloc(net->mem, sizeof(*bn));
	int err;

	if (!bn)
		return -ENOMEM;
	INIT_LIST_HEAD(&bn->all);
	net->ipv4->by_arp = bn;
	bn->netdev_nb.call = by_arp_netdev_event;
	bn->netdev_nb.priority = 20; /* before devinet.c takes the addresses of a device that goes */
	err = register_netdevice_notifier(net, &bn->netdev_nb);
	if (err) {
		net->ipv4->by_arp = NULL;
		mem_free(net->mem, bn, sizeof(*bn));
		return err;
	}
	bn->inetaddr_nb.call = by_arp_inetaddr_event;
	notifier_chain_register(&net->ipv4->inetaddr_chain, &bn->inetaddr_nb);
	return 0;
}

void addr_by_arp_exit(struct net *net)
{
	struct by_arp_net *bn = net->ipv4->by_arp;

	notifier_chain_unregister(&net->ipv4->inetaddr_chain, &bn->inetaddr_nb);
	unregister_netdevice_notifier(net, &bn->netdev_nb);
	assert(list_empty(&bn->all));
	net->ipv4->by_arp = NULL;
	mem_free(net->mem, bn, sizeof(*bn));
}
