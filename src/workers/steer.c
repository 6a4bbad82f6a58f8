// SPDX-License-Identifier: BSD-2-Clause
/* Packets that came in at one worker and are for another.
 *
 * A flow is where its packets come in, which is the device's choice (RSS, the queues of a TAP), as long as somebody there
 * wants them.  If not, the port's owners are asked one after the other; the last one answers for the host.  What is about
 * the host as such is the leader's: ARP, ICMP and ND, IGMP, fragments, protocols without ports.  What ICMP says of
 * somebody's packet, the leader copies to whom it concerns.
 *
 * Reading order: steer_pass(), steer_in(), follower_hooks[], leader_hooks[].
 */
#include <errno.h>
#include <string.h>

#include "dev/netdevice.h"
#include "dev/softirq.h"
#include "drivers/driver_internal.h"
#include "ipv4/ip.h"
#include "ipv6/ipv6.h"
#include "netfilter/netfilter.h"
#include "wire/icmp.h"
#include "wire/icmp6.h"
#include "workers/workers.h"

/* ------------------------------------------------------------------ out */

/** struct passing - how a packet goes to another worker */
struct passing {
	u32 tried; /**< workers that do not want it */
	bool is_a_copy, csum_ok;
};

static struct letter *packet_letter(struct worker *w, struct sk_buff *skb, const struct passing *how)
{
	u32 above = (u32)(skb->data - skb_network_header(skb)), mac_bytes = 0;
	struct letter *l;
	int err;

	if (skb_mac_header_was_set(skb))
		mac_bytes = skb->dev->hard_header_len;
	l = letter_new(w, LETTER_PACKET, NULL, mac_bytes + above + skb->len);
	if (!l)
		return NULL;
	l->packet = (struct letter_packet){ .tried = how->tried,
					    .ifindex = skb->dev->ifindex,
					    .protocol = skb->protocol,
					    .gso_size = skb_shinfo(skb)->gso_size,
					    .gso_type = skb_shinfo(skb)->gso_type,
					    .gso_segs = skb_shinfo(skb)->gso_segs,
					    .mac_bytes = (u8)mac_bytes,
					    .pkt_type = skb->pkt_type,
					    .is_a_copy = how->is_a_copy,
					    .csum_ok = how->csum_ok };
	if (mac_bytes)
		memcpy(l->data, skb_mac_header(skb), mac_bytes);
	memcpy(l->data + mac_bytes, skb_network_header(skb), above);
	err = skb_copy_bits(skb, 0, l->data + mac_bytes + above, skb->len);
	assert(!err); /* all of it is there */
	return l;
}

static bool sum_is_known(const struct sk_buff *skb)
{
	return skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL;
}

/* @skb: taken */
static void packet_post(struct worker *w, u32 to, struct sk_buff *skb, const struct passing *how)
{
	if (letter_post(w, to, packet_letter(w, skb, how)))
		consume_skb(skb);
	else
		kfree_skb_reason(skb, SKB_DROP_REASON_CPU_BACKLOG);
}

/* A connection that is asked for is a listener's, if there is one. */
static u32 owners_of(const struct port_owners *po, enum net_port_space space, u16 port)
{
	u32 owners = port_owners(po, space, port);

	return owners || space != NET_PORTS_TCP_LISTEN ? owners : port_owners(po, NET_PORTS_TCP, port);
}

bool steer_pass(struct net_worker *base, enum net_port_space space, u16 port, struct sk_buff *skb)
{
	struct worker *w = worker_of(base);
	const struct passing how = { .tried = w->tried | 1U << w->index, .csum_ok = true };
	u32 others = owners_of(w->host->ports, space, port) & ~how.tried;

	if (!others)
		return false;
	packet_post(w, (u32)__builtin_ctz(others), skb, &how);
	return true;
}

void steer_copy(struct net_worker *base, enum net_port_space space, u16 port, struct sk_buff *skb)
{
	struct worker *w = worker_of(base);
	const struct passing how = { .tried = 1U << w->index, .is_a_copy = true, .csum_ok = sum_is_known(skb) };
	u32 others = port_owners(w->host->ports, space, port) & ~how.tried;

	if (w->is_a_copy)
		return;
	for (u32 to = 0; others >> to; to++) {
		if (others >> to & 1)
			letter_post(w, to, packet_letter(w, skb, &how));
	}
}

/* ------------------------------------------------------------------ in */

static struct sk_buff *packet_skb(struct net_device *dev, const struct letter *l)
{
	const struct letter_packet *p = &l->packet;
	u32 missing = (u32)dev->hard_header_len - p->mac_bytes; /* IP is aligned all the same */
	struct sk_buff *skb = netdev_skb_alloc(dev, missing + l->data_bytes);

	if (!skb)
		return NULL;
	skb_reserve(skb, missing);
	memcpy(skb_put(skb, l->data_bytes), l->data, l->data_bytes);
	skb->dev = dev;
	if (p->mac_bytes)
		skb_reset_mac_header(skb);
	skb_pull(skb, p->mac_bytes);
	skb->protocol = p->protocol;
	skb->pkt_type = p->pkt_type & 7U;
	skb->ip_summed = p->csum_ok ? CHECKSUM_UNNECESSARY : CHECKSUM_NONE;
	skb_shinfo(skb)->gso_size = p->gso_size;
	skb_shinfo(skb)->gso_type = p->gso_type;
	skb_shinfo(skb)->gso_segs = p->gso_segs;
	return skb;
}

void steer_in(struct worker *w, const struct letter *l)
{
	struct net_device *dev = dev_find_by_index(&w->nn->net, l->packet.ifindex);
	struct sk_buff *skb = dev ? packet_skb(dev, l) : NULL;

	if (!skb) {
		w->nn->net.softnet->dropped++;
		return;
	}
	w->tried = l->packet.tried;
	w->is_a_copy = l->packet.is_a_copy;
	netif_receive_skb(skb);
	w->tried = 0;
	w->is_a_copy = false;
}

/* ------------------------------------------------------------------ a follower: what is the leader's */

/* What the leader passed on or copied is looked at here. */
static unsigned int to_leader(struct worker *w, struct sk_buff *skb)
{
	const struct passing how = { .csum_ok = sum_is_known(skb) };

	if (w->tried)
		return NF_ACCEPT;
	packet_post(w, LEADER, skb, &how);
	return NF_STOLEN;
}

static unsigned int follower_arp_in(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	(void)state;
	return to_leader(priv, skb);
}

/* Their parts may come in at different workers. */
static unsigned int follower_pre_routing(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	(void)state;
	return ip_is_fragment(ip_hdr(skb)) ? to_leader(priv, skb) : NF_ACCEPT;
}

static bool has_ports(u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

static unsigned int follower_local_in(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	bool ours = has_ports(ip_hdr(skb)->protocol) || (state->in->flags & IFF_LOOPBACK);

	return ours ? NF_ACCEPT : to_leader(priv, skb);
}

static unsigned int follower_local_in6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	bool ours = has_ports(ipv6_hdr(skb)->nexthdr) || (state->in->flags & IFF_LOOPBACK);

	return ours ? NF_ACCEPT : to_leader(priv, skb);
}

/* ------------------------------------------------------------------ the leader: what ICMP says to others */

/* Where the sender's own number is: its port, or its echo's identifier. */
static const struct {
	u8 protocol, at_bytes;
	enum net_port_space space;
} own_ports[] = {
	{ IPPROTO_TCP, 0, NET_PORTS_TCP },
	{ IPPROTO_UDP, 0, NET_PORTS_UDP },
	{ IPPROTO_ICMP, offsetof(struct icmphdr, un.echo.id), NET_PORTS_PING },
	{ IPPROTO_ICMPV6, offsetof(struct icmp6hdr, un.echo.id), NET_PORTS_PING },
};

/* @at: where the header of @protocol is, in the packet that ICMP speaks of. */
static void copy_by_port(struct worker *w, struct sk_buff *skb, u8 protocol, u32 at)
{
	__be16 port;

	for (size_t i = 0; i < ARRAY_SIZE(own_ports); i++) {
		if (own_ports[i].protocol == protocol &&
		    !skb_copy_bits(skb, at + own_ports[i].at_bytes, &port, sizeof(port)))
			steer_copy(&w->base, own_ports[i].space, be16_to_cpu(port), skb);
	}
}

static bool is_icmp_error(u8 type)
{
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETERPROB || type == ICMP_REDIRECT;
}

static unsigned int leader_local_in(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	u32 at = ip_hdrlen_bytes(ip_hdr(skb)), quoted_at = at + (u32)sizeof(struct icmphdr);
	struct iphdr quoted;
	u8 type;

	(void)state;
	if (ip_hdr(skb)->protocol != IPPROTO_ICMP || skb_copy_bits(skb, at, &type, sizeof(type)))
		return NF_ACCEPT;
	if (type == ICMP_ECHOREPLY)
		copy_by_port(priv, skb, IPPROTO_ICMP, at);
	else if (is_icmp_error(type) && !skb_copy_bits(skb, quoted_at, &quoted, sizeof(quoted)) &&
		 !(be16_to_cpu(quoted.frag_off) & IP_OFFSET))
		copy_by_port(priv, skb, quoted.protocol, quoted_at + ip_hdrlen_bytes(&quoted));
	return NF_ACCEPT;
}

#define QUOTED_BYTES 128U /* of a quoted packet, within which its ports are, if it is not made to hide them */

/* Behind the quoted packet's extension headers; of later fragments there are no ports. */
static void copy_by_quoted6(struct worker *w, struct sk_buff *skb, u32 quoted_at)
{
	u8 quoted[QUOTED_BYTES], nexthdr;
	u32 bytes = min_u32(skb->len > quoted_at ? skb->len - quoted_at : 0, QUOTED_BYTES);
	u16 frag_off;
	int at;

	if (bytes < IPV6_HEADER_BYTES || skb_copy_bits(skb, quoted_at, quoted, bytes))
		return;
	nexthdr = quoted[offsetof(struct ipv6hdr, nexthdr)];
	at = ipv6_skip_exthdr(quoted, bytes, IPV6_HEADER_BYTES, &nexthdr, &frag_off);
	if (at >= 0 && !(frag_off & IP6_OFFSET))
		copy_by_port(w, skb, nexthdr, quoted_at + (u32)at);
}

static unsigned int leader_local_in6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	u32 at = IPV6_HEADER_BYTES, quoted_at = at + (u32)sizeof(struct icmp6hdr);
	u8 type;

	(void)state;
	if (ipv6_hdr(skb)->nexthdr != NEXTHDR_ICMP || skb_copy_bits(skb, at, &type, sizeof(type)))
		return NF_ACCEPT;
	if (type == ICMPV6_ECHO_REPLY)
		copy_by_port(priv, skb, IPPROTO_ICMPV6, at);
	else if (icmpv6_is_err(type))
		copy_by_quoted6(priv, skb, quoted_at);
	return NF_ACCEPT;
}

/* ------------------------------------------------------------------ hooks */

/* First of all: what is another's is not looked at here. */
#define STEER_PRIORITY (-400)

static const struct nf_hook_ops follower_hooks[] = {
	{ follower_arp_in, NULL, NFPROTO_ARP, NF_ARP_IN, STEER_PRIORITY },
	{ follower_pre_routing, NULL, NFPROTO_IPV4, NF_INET_PRE_ROUTING, STEER_PRIORITY },
	{ follower_local_in, NULL, NFPROTO_IPV4, NF_INET_LOCAL_IN, STEER_PRIORITY },
	{ follower_local_in6, NULL, NFPROTO_IPV6, NF_INET_LOCAL_IN, STEER_PRIORITY },
};

static const struct nf_hook_ops leader_hooks[] = {
	{ leader_local_in, NULL, NFPROTO_IPV4, NF_INET_LOCAL_IN, STEER_PRIORITY },
	{ leader_local_in6, NULL, NFPROTO_IPV6, NF_INET_LOCAL_IN, STEER_PRIORITY },
};

static struct nf_hook_ops hook_of(struct worker *w, u32 i)
{
	struct nf_hook_ops ops = w->index == LEADER ? leader_hooks[i] : follower_hooks[i];

	ops.priv = w;
	return ops;
}

static void hooks_remove(struct worker *w, u32 count)
{
	while (count--) {
		struct nf_hook_ops ops = hook_of(w, count);

		nf_unregister_hook(&w->nn->net, &ops);
	}
}

static u32 hooks_of(const struct worker *w)
{
	return w->index == LEADER ? ARRAY_SIZE(leader_hooks) : ARRAY_SIZE(follower_hooks);
}

int steer_init(struct worker *w)
{
	for (u32 i = 0; i < hooks_of(w); i++) {
		struct nf_hook_ops ops = hook_of(w, i);
		int err = nf_register_hook(&w->nn->net, &ops);

		if (err) {
			hooks_remove(w, i);
			return err;
		}
	}
	return 0;
}

void steer_exit(struct worker *w)
{
	hooks_remove(w, hooks_of(w));
}
