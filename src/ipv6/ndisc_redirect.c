// SPDX-License-Identifier: BSD-2-Clause
/* Redirects: a router tells a host of a better first hop.
 *
 * @step beside S5, from ipv6/ndisc.c, ipv6/ip6_forward.c; to ipv6/route.c   @rfc 4861 8
 * @linux ndisc_redirect_rcv, rt6_do_redirect, ndisc_send_redirect
 *
 * Reading order: ndisc_recv_redirect(); ndisc_send_redirect(), ndisc_redirect_tell(), ndisc_redirect_build().
 */
#include "ipv6/icmp_internal.h"
#include "ipv6/ip6_route.h"
#include "ipv6/ndisc_internal.h"

#define REDIRECT_INTERVAL_MS 1000
#define REDIRECT_OPT_BYTES 8U /* before what is quoted */

/* ------------------------------------------------------------------ heard */

/* RFC 4861 8.1.  That the sender is the first hop for the destination, the routes know. */
static enum skb_drop_reason ndisc_redirect_check(const struct nd_in *in, const struct rd_msg *msg)
{
	if (ipv6_addr_is_multicast(&msg->dest))
		return SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS;
	if (!ipv6_addr_equal(&msg->dest, &msg->target) && !ipv6_addr_is_linklocal(&msg->target))
		return SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS;
	if (IN6_DEV_CONF(in->idev, FORWARDING) || !IN6_DEV_CONF(in->idev, ACCEPT_REDIRECTS))
		return SKB_DROP_REASON_IPV6_NDISC_IGNORED;
	return 0;
}

/* As Linux: a packet that is quoted is one of ours, or the redirect is none.  Whoever is not on the way sees none. */
static bool ndisc_redirect_believed(const struct nd_in *in)
{
	const struct nd_opt_hdr *opt = in->opts.first[ND_OPT_REDIRECT_HDR];

	if (!opt)
		return true;
	skb_pull(in->skb, (u32)((const u8 *)opt + REDIRECT_OPT_BYTES - in->skb->data));
	return !icmpv6_redirect_quoted(in->skb);
}

enum skb_drop_reason ndisc_recv_redirect(const struct nd_in *in)
{
	const struct rd_msg *msg = in->msg;
	enum skb_drop_reason reason;
	const u8 *tlla;

	if (!ipv6_addr_is_linklocal(in->saddr))
		return SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS;
	if (!ndisc_redirect_believed(in))
		return SKB_DROP_REASON_IPV6_NDISC_IGNORED;
	reason = ndisc_redirect_check(in, msg);
	if (!reason)
		reason = ndisc_in_lladdr(in, ND_OPT_TARGET_LL_ADDR, &tlla);
	if (!reason)
		rt6_do_redirect(in->dev, in->saddr, &msg->dest, &msg->target, ipv6_addr_equal(&msg->dest, &msg->target),
				tlla);
	return reason;
}

/* ------------------------------------------------------------------ told */

/** struct nd_redirect - one to send */
struct nd_redirect {
	struct net_device *dev;
	const struct sk_buff *skb; /**< the packet that goes a longer way than it need */
	const struct in6_addr *target;
	struct in6_addr saddr;
	struct rt6_info *rt;     /**< to the sender; reference */
	struct neighbour *neigh; /**< the target; reference; NULL: none is needed, or none could be made */
	const u8 *lladdr;        /**< of it; NULL: not known */
};

/* RFC 4861 8.2: SHOULD be limited; by destination, and by who hears it. */
static bool ndisc_redirect_allow(struct net *net, const struct in6_addr *host)
{
	struct icmpv6_state *state = net->ipv6->icmp;

	return icmp_peer_allow(icmp_peer_find(&state->peers, net->mem, &state->peers_key, host, sizeof(*host),
					      net->now),
			       net->now, icmp_price(REDIRECT_INTERVAL_MS));
}

/* Is the sender on this link, or we are he? */
static bool ndisc_redirect_reaches(struct nd_redirect *rd)
{
	struct flowi6 fl6 = { .oif = rd->dev->ifindex, .saddr = rd->saddr, .daddr = ipv6_hdr(rd->skb)->saddr };

	return !ip6_route_output_flow(rd->dev->net, &fl6, &rd->rt) && !rd->rt->uses_gateway;
}

/* The packet that is forwarded after the redirect needs that neighbour anyway. */
static void ndisc_redirect_find_lladdr(struct nd_redirect *rd)
{
	if (rd->dev->addr_len && !neigh_create(ndisc_table(rd->dev->net), rd->target, rd->dev, &rd->neigh) &&
	    (rd->neigh->nud_state & NUD_VALID))
		rd->lladdr = rd->neigh->ha;
}

/* RFC 4861 4.5: as much of the packet as fits into the least MTU. */
static struct sk_buff *ndisc_redirect_build(struct nd_redirect *rd)
{
	u32 lla_bytes = rd->lladdr ? nd_opt_addr_space(rd->dev->addr_len) : 0;
	u32 room = IPV6_MIN_MTU - IPV6_HEADER_BYTES - (u32)sizeof(struct rd_msg) - lla_bytes;
	u32 opt_bytes = min_u32(room, rd->skb->len + 8) & ~7U;
	struct sk_buff *skb = ndisc_alloc_skb(rd->dev, (u32)sizeof(struct rd_msg) + lla_bytes + opt_bytes);
	struct rd_msg *msg;
	u8 *opt;

	if (!skb)
		return NULL;
	msg = (struct rd_msg *)(void *)skb->data;
	msg->icmph.icmp6_type = NDISC_REDIRECT;
	msg->target = *rd->target;
	msg->dest = ipv6_hdr(rd->skb)->daddr;
	opt = (u8 *)(msg + 1);
	if (rd->lladdr)
		opt = nd_put_option(opt, ND_OPT_TARGET_LL_ADDR, rd->lladdr, rd->dev->addr_len);
	opt[0] = ND_OPT_REDIRECT_HDR;
	opt[1] = (u8)(opt_bytes / 8);
	if (!skb_copy_quote(rd->skb, opt + 8, opt_bytes - 8))
		return skb;
	kfree_skb_reason(skb, SKB_DROP_REASON_HDR_TRUNC);
	return NULL;
}

static void ndisc_redirect_tell(struct nd_redirect *rd)
{
	struct sk_buff *buff;

	ndisc_redirect_find_lladdr(rd);
	buff = ndisc_redirect_build(rd);
	if (buff) {
		skb_dst_set(buff, &rd->rt->dst);
		rd->rt = NULL;
		ndisc_send_skb(rd->dev, buff, &ipv6_hdr(rd->skb)->saddr, &rd->saddr);
	}
	if (rd->neigh)
		neigh_release(rd->neigh);
}

void ndisc_send_redirect(struct sk_buff *skb, const struct in6_addr *target)
{
	struct nd_redirect rd = { .dev = skb->dev, .skb = skb, .target = target };
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	struct net *net = skb->pool->net;

	if (ipv6_get_lladdr(rd.dev, &rd.saddr, IFA_F_TENTATIVE))
		return;
	if (!ipv6_addr_equal(&hdr->daddr, target) && !ipv6_addr_is_linklocal(target))
		return;
	if (ndisc_redirect_reaches(&rd) && ndisc_redirect_allow(net, &hdr->daddr) &&
	    ndisc_redirect_allow(net, &hdr->saddr))
		ndisc_redirect_tell(&rd);
	if (rd.rt)
		dst_release(&rd.rt->dst);
}
