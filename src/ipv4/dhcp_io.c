// SPDX-License-Identifier: BSD-2-Clause
/* DHCP messages on the wire, for a device that may have no address yet.
 *
 * @rfc 2131 4.1
 *
 * Down they go as every datagram does, by a route to 255.255.255.255 out of the device; only the source is 0.0.0.0, which
 * no socket could say.  On the way up they are taken at PRE_ROUTING: there a header was checked, and nobody has asked yet
 * whether its address is one of ours.  Nobody listens there but while an answer is waited for.
 *
 * Reading order: dhcp_send(), dhcp_xmit(); dhcp_hook().
 */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>

#include "ipv4/dhcp_internal.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/route.h"
#include "neigh/neighbour.h"
#include "netfilter/netfilter.h"
#include "wire/udp.h"

/* ------------------------------------------------------------------ down */

static struct flowi4 flow_to(const struct dhcp_client *c, __be32 saddr, __be32 daddr)
{
	return (struct flowi4){
		.oif = c->dev->ifindex,
		.saddr = saddr,
		.daddr = daddr,
		.proto = IPPROTO_UDP,
		.sport = CONST_BE16(DHCP_CLIENT_PORT),
		.dport = CONST_BE16(DHCP_SERVER_PORT),
	};
}

static void put_udp(struct sk_buff *skb, __be32 saddr, __be32 daddr)
{
	struct udphdr *uh = skb_push(skb, sizeof(*uh));

	skb_reset_transport_header(skb);
	uh->source = CONST_BE16(DHCP_CLIENT_PORT);
	uh->dest = CONST_BE16(DHCP_SERVER_PORT);
	uh->len = cpu_to_be16((u16)skb->len);
	uh->check = 0;
	uh->check = csum_tcpudp_magic(saddr, daddr, skb->len, IPPROTO_UDP, skb_checksum(skb, 0, skb->len, 0));
	if (!uh->check)
		uh->check = CONST_BE16(0xffff);
}

/* Return: 0, -errno: it was not sent */
static int dhcp_xmit(const struct dhcp_client *c, const void *msg, u32 len_bytes, __be32 saddr, __be32 daddr)
{
	struct net *net = c->dev->net;
	struct flowi4 fl4 = flow_to(c, saddr, daddr);
	const struct ipcm_cookie ipc = { .ttl = -1, .tos = -1, .protocol = IPPROTO_UDP };
	u32 room_bytes = LL_RESERVED_SPACE(c->dev) + (u32)(sizeof(struct iphdr) + sizeof(struct udphdr));
	struct sk_buff *skb;
	struct rtable *rt;
	int err = ip_route_output_flow(net, &fl4, &rt);

	if (err)
		return err;
	fl4.saddr = saddr; /* the route would rather have one of another device than none */
	skb = alloc_skb(net->skb_pool, room_bytes + len_bytes);
	if (!skb) {
		dst_release(&rt->dst);
		return -ENOMEM;
	}
	skb_reserve(skb, room_bytes);
	memcpy(skb_put(skb, len_bytes), msg, len_bytes);
	skb_dst_set(skb, &rt->dst);
	skb->dev = c->dev;
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	put_udp(skb, saddr, daddr);
	ip_push_header(net, skb, rt, &fl4, &ipc);
	return ip_send_skb(net, NULL, skb);
}

static void dhcp_count(struct dhcp_stats *stats, enum dhcp_type type)
{
	stats->discovers += type == DHCPDISCOVER;
	stats->requests += type == DHCPREQUEST;
	stats->declines += type == DHCPDECLINE;
	stats->releases += type == DHCPRELEASE;
}

/* RFC 2131 tables 4 and 5: which of the fields, in which state. */
static struct dhcp_request request_of(const struct dhcp_client *c, enum dhcp_type type)
{
	struct dhcp_request rq = { .type = type, .xid = c->xid, .secs = c->secs, .max_bytes = (u16)DHCP_MSG_BYTES };

	if (c->dev->mtu > DHCP_MSG_BYTES)
		rq.max_bytes = (u16)min_u32(c->dev->mtu, ETH_DATA_LEN_BYTES);
	switch (type) {
	case DHCPREQUEST:
		if (c->state == DHCP_RENEWING || c->state == DHCP_REBINDING)
			rq.ciaddr = c->addr;
		else
			rq.requested = c->requested;
		if (c->state == DHCP_REQUESTING)
			rq.server = c->lease.server;
		break;
	case DHCPDECLINE:
		rq.requested = c->requested;
		rq.server = c->lease.server;
		break;
	case DHCPRELEASE:
		rq.ciaddr = c->addr;
		rq.server = c->lease.server;
		break;
	default:
		break;
	}
	if (type == DHCPDECLINE || type == DHCPRELEASE) {
		rq.xid = get_random_u32(&c->dev->net->rng);
		rq.secs = 0;
	}
	return rq;
}

void dhcp_send(struct dhcp_client *c, enum dhcp_type type)
{
	struct dhcp_stats *stats = &dhcp_of(c->dev->net)->stats;
	const struct dhcp_request rq = request_of(c, type);
	bool to_server = type == DHCPRELEASE || (type == DHCPREQUEST && c->state == DHCP_RENEWING);
	_Alignas(8) u8 msg[DHCP_MSG_BYTES];
	u32 len = dhcp_build(msg, &c->me, &rq);

	dhcp_count(stats, type);
	if (dhcp_xmit(c, msg, len, rq.ciaddr, to_server ? c->lease.server : CONST_BE32(INADDR_BROADCAST)))
		stats->lost++;
}

bool dhcp_server_known(const struct dhcp_client *c)
{
	struct net *net = c->dev->net;
	struct flowi4 fl4 = flow_to(c, c->addr, c->lease.server);
	const struct neighbour *n;
	struct rtable *rt;
	__be32 hop;

	if (ip_route_output_flow(net, &fl4, &rt))
		return true; /* nothing waits */
	hop = rt_nexthop(rt, fl4.daddr);
	dst_release(&rt->dst);
	n = neigh_find(net->ipv4->arp, &hop, c->dev);
	return !n || !(n->nud_state & NUD_INCOMPLETE);
}

/* ------------------------------------------------------------------ up */

static bool is_for(const struct dhcp_client *c, const struct dhcphdr *h)
{
	return h->op == BOOTREPLY && h->xid == cpu_to_be32(c->xid) && h->hlen == ETH_ALEN &&
	       memcmp(h->chaddr, c->me.mac, ETH_ALEN) == 0;
}

/* @skb: data at its UDP header. */
static bool csum_ok(const struct sk_buff *skb, const struct udphdr *uh)
{
	u32 len = be16_to_cpu(uh->len);

	if (!uh->check || skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	return !csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, len, IPPROTO_UDP, csum_partial(uh, len, 0));
}

/* @skb: linear.  Return: NF_ACCEPT: it is somebody else's, NF_STOLEN */
static unsigned int dhcp_take(struct dhcp_client *c, struct sk_buff *skb, const struct udphdr *uh)
{
	struct dhcp_stats *stats = &dhcp_of(c->dev->net)->stats;
	u32 len = be16_to_cpu(uh->len) - (u32)sizeof(*uh);
	const struct dhcphdr *h = dhcp_check(uh + 1, len);
	struct dhcp_params msg;

	if (!h || !is_for(c, h)) {
		stats->foreign++;
		return NF_ACCEPT;
	}
	if (!csum_ok(skb, uh)) {
		stats->malformed++;
		kfree_skb_reason(skb, SKB_DROP_REASON_UDP_CSUM);
		return NF_STOLEN;
	}
	if (dhcp_parse(h, len, &c->me, &msg)) {
		stats->malformed++;
		kfree_skb_reason(skb, SKB_DROP_REASON_INVALID_PROTO);
		return NF_STOLEN;
	}
	if (msg.wrong_client_id) { /* RFC 6842 3 */
		stats->foreign++;
		kfree_skb_reason(skb, SKB_DROP_REASON_INVALID_PROTO);
		return NF_STOLEN;
	}
	consume_skb(skb);
	dhcp_heard(c, &msg);
	return NF_STOLEN;
}

static unsigned int dhcp_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iphdr *iph = ip_hdr(skb);
	u32 at = ip_hdrlen_bytes(iph);
	const struct udphdr *uh;
	struct dhcp_client *c;

	(void)priv;
	if (iph->protocol != IPPROTO_UDP || ip_is_fragment(iph) || !pskb_may_pull(skb, at + (u32)sizeof(*uh)))
		return NF_ACCEPT;
	uh = (const struct udphdr *)(const void *)(skb->data + at);
	if (uh->dest != CONST_BE16(DHCP_CLIENT_PORT))
		return NF_ACCEPT;
	c = dhcp_client_find(state->in);
	if (!c || !c->listening || !pskb_may_pull(skb, skb->len))
		return NF_ACCEPT;
	uh = udp_check(skb->data + at, skb->len - at, skb->len - at);
	return uh ? dhcp_take(c, skb, uh) : NF_ACCEPT;
}

int dhcp_listen(struct dhcp_client *c, bool on)
{
	struct net *net = c->dev->net;
	struct dhcp_net *dn = dhcp_of(net);
	const struct nf_hook_ops ops = {
		.hook = dhcp_hook, .pf = NFPROTO_IPV4, .hooknum = NF_INET_PRE_ROUTING, .priority = INT_MIN
	};
	int err;

	if (on == c->listening)
		return 0;
	if (on && !dn->listening_count) {
		err = nf_register_hook(net, &ops);
		if (err)
			return err;
	}
	dn->listening_count += on ? 1 : ~0U;
	c->listening = on;
	if (!dn->listening_count)
		nf_unregister_hook(net, &ops);
	return 0;
}
