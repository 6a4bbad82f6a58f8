// SPDX-License-Identifier: BSD-2-Clause
/* ICMPv6, up: questions answered, errors heard.
 *
 * @step receive path, from ipv6/ip6_input.c; to ipv6/ndisc.c, ipv6/mcast.c, and to protocols
 * @rfc 4443, 8201
 * @linux net/ipv6/icmp.c
 *
 * Reading order: icmpv6_rcv(), icmpv6_dispatch(), icmpv6_echo_reply(), icmpv6_notify(), icmpv6_err().
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/ipv6_route.h>

#include "ipv6/icmp_internal.h"
#include "ipv6/ipv6.h"
#include "ipv6/mcast.h"
#include "ipv6/ndisc.h"
#include "ipv6/protocol.h"
#include "neigh/neigh_history.h"

#define FLOWLABEL_REFLECT_ICMPV6_ECHO_REPLIES 4

/* ------------------------------------------------------------------ what errors mean */

static const struct icmpv6_meaning {
	int err;
	bool fatal;
} unreach_means[] = {
	[ICMPV6_NOROUTE] = { ENETUNREACH, false },        [ICMPV6_ADM_PROHIBITED] = { EACCES, true },
	[ICMPV6_NOT_NEIGHBOUR] = { EHOSTUNREACH, false }, [ICMPV6_ADDR_UNREACH] = { EHOSTUNREACH, false },
	[ICMPV6_PORT_UNREACH] = { ECONNREFUSED, true },   [ICMPV6_POLICY_FAIL] = { EACCES, true },
	[ICMPV6_REJECT_ROUTE] = { EACCES, true },
};

bool icmpv6_err_convert(u8 type, u8 code, int *err)
{
	switch (type) {
	case ICMPV6_DEST_UNREACH:
		*err = code < ARRAY_SIZE(unreach_means) ? unreach_means[code].err : EPROTO;
		return code >= ARRAY_SIZE(unreach_means) || unreach_means[code].fatal;
	case ICMPV6_PKT_TOOBIG:
		*err = EMSGSIZE;
		return false;
	case ICMPV6_TIME_EXCEED:
		*err = EHOSTUNREACH;
		return false;
	default:
		*err = EPROTO;
		return type == ICMPV6_PARAMPROB;
	}
}

/* ------------------------------------------------------------------ echo */

/* The device that it came by, for an address that is right on one link only. */
static int icmpv6_iif(const struct sk_buff *skb)
{
	const struct rt6_info *rt = skb_rt6_info(skb);

	if ((skb->dev->flags & IFF_LOOPBACK) && rt && rt->iif)
		return rt->iif;
	return skb->dev->ifindex;
}

static bool icmpv6_echo_ignored(const struct sk_buff *skb)
{
	const struct netns_ipv6 *ipv6 = skb->pool->net->ipv6;
	const struct rt6_info *rt = skb_rt6_info(skb);

	if (ipv6->icmp_echo_ignore_all)
		return true;
	if (ipv6->icmp_echo_ignore_multicast && ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr))
		return true;
	return ipv6->icmp_echo_ignore_anycast && rt && (rt->flags & RTF_ANYCAST);
}

/* RFC 4443 4.2: from the address that was asked, unless it is many hosts'. */
static void icmpv6_echo_address(struct icmpv6_out *out, const struct sk_buff *skb)
{
	const struct netns_ipv6 *ipv6 = skb->pool->net->ipv6;
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	const struct rt6_info *rt = skb_rt6_info(skb);
	bool acast = rt && (rt->flags & RTF_ANYCAST);

	out->tclass = ipv6_tclass(hdr);
	out->fl6 = (struct flowi6){ .daddr = hdr->saddr,
				    .proto = IPPROTO_ICMPV6,
				    .oif = icmpv6_iif(skb),
				    .sport = CONST_BE16(ICMPV6_ECHO_REPLY) };
	if (acast ? ipv6->anycast_src_echo_reply : !ipv6_addr_is_multicast(&hdr->daddr))
		out->fl6.saddr = hdr->daddr;
	if (ipv6->flowlabel_reflect & FLOWLABEL_REFLECT_ICMPV6_ECHO_REPLIES)
		out->fl6.flowlabel = ip6_flowlabel(hdr);
	if (ipv6->fwmark_reflect)
		out->fl6.mark = skb->mark;
}

static enum skb_drop_reason icmpv6_echo_reply(struct sk_buff *skb, const struct icmp6hdr *icmph)
{
	struct icmpv6_out out = { .hdr = *icmph, .data = skb, .data_bytes = skb->len - (u32)sizeof(*icmph) };
	struct net *net = skb->pool->net;
	struct rt6_info *rt;
	int err;

	if (icmpv6_echo_ignored(skb))
		return 0;
	out.hdr.icmp6_type = ICMPV6_ECHO_REPLY; /* the code, of which nobody has said anything, stays what it was */
	out.hdr.icmp6_cksum = 0;
	icmpv6_echo_address(&out, skb);
	if (!(skb->dev->flags & IFF_LOOPBACK) && !icmpv6_global_allow(net, ICMPV6_ECHO_REPLY))
		return 0;
	err = ip6_route_output_flow(net, &out.fl6, &rt);
	if (err) {
		if (err == -ENETUNREACH) /* not one that refuses */
			IP6_INC(net, NULL, out_no_routes);
		return 0;
	}
	if (!icmpv6_xrlim_allow(net, rt, ICMPV6_ECHO_REPLY, &out.fl6.daddr)) {
		dst_release(&rt->dst);
		return 0;
	}
	icmpv6_global_consume(net, ICMPV6_ECHO_REPLY);
	icmpv6_out_push(net, &out, rt);
	return 0;
}

/* Echo replies: ping sockets wait for them.  Raw sockets had theirs before. */
static enum skb_drop_reason icmpv6_ping(struct sk_buff *skb)
{
	const struct icmpv6_state *state = skb->pool->net->ipv6->icmp;

	if (state->ping_rcv)
		(void)state->ping_rcv(skb);
	return 0;
}

/* ------------------------------------------------------------------ errors heard */

/* Where the transport header of the packet that is quoted at data begins, and of which protocol.
 * Return: 0, or why it cannot be told */
static enum skb_drop_reason icmpv6_quoted(struct sk_buff *skb, u8 *nexthdr, u32 *offset)
{
	u16 frag_off;
	int at;

	if (!pskb_may_pull(skb, IPV6_HEADER_BYTES))
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	if (skb_linearize(skb))
		return SKB_DROP_REASON_NOMEM;
	*nexthdr = ((const struct ipv6hdr *)(const void *)skb->data)->nexthdr;
	at = ipv6_skip_exthdr(skb->data, skb->len, IPV6_HEADER_BYTES, nexthdr, &frag_off);
	if (at < 0)
		return SKB_DROP_REASON_IPV6_BAD_EXTHDR;
	if (skb->len < (u32)at + 8) /* ports, or what else names whose it was */
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	if (frag_off & IP6_OFFSET)
		*nexthdr = NEXTHDR_FRAGMENT; /* a later one does not say whose it is */
	*offset = (u32)at;
	return 0;
}

/* A packet of ours did not arrive: perhaps its first hop is not any more who it was (docs/DIFFERENCES.md, D15).  If it
 * is the first hop that says so, it is there. */
static void icmpv6_doubt_neighbour(struct net *net, const struct sk_buff *skb)
{
	const struct ipv6hdr *quoted = (const struct ipv6hdr *)(const void *)skb->data;
	struct flowi6 fl6 = { .daddr = quoted->daddr, .saddr = quoted->saddr };
	struct neigh_cause before;
	struct rt6_info *rt;

	if (net->profile != NET_PROFILE_STRICT || ipv6_addr_any(&quoted->saddr) ||
	    ip6_route_output_flow(net, &fl6, &rt))
		return;
	before = neigh_because(net, NEIGH_CAUSE_FRAME, skb->id);
	if (!ipv6_addr_equal(&ipv6_hdr(skb)->saddr, rt6_nexthop(rt, &quoted->daddr)))
		rt6_neigh_doubt(rt, &quoted->daddr);
	neigh_because_again(net, before);
	dst_release(&rt->dst);
}

/* Those whose packet it was.  Of a later fragment nobody can tell. */
static enum skb_drop_reason icmpv6_notify(struct sk_buff *skb, u8 type, u8 code, u32 info)
{
	struct net *net = skb->pool->net;
	const struct inet6_protocol *prot;
	enum skb_drop_reason reason;
	u32 offset;
	u8 nexthdr;

	skb_pull(skb, (u32)sizeof(struct icmp6hdr));
	reason = icmpv6_quoted(skb, &nexthdr, &offset);
	if (reason)
		return reason;
	if (type == ICMPV6_DEST_UNREACH && code == ICMPV6_ADDR_UNREACH)
		icmpv6_doubt_neighbour(net, skb);
	prot = net->ipv6->protos[nexthdr];
	if (prot && prot->err_handler && prot->err_handler(skb, type, code, offset, info) == -ENOENT)
		ICMP6_INC(net, in6_dev_get_rcu(skb->dev), in_errors);
	if (net->ipv6->raw)
		net->ipv6->raw->icmp_error(skb, nexthdr, type, code, offset, info);
	return 0;
}

int icmpv6_redirect_quoted(struct sk_buff *skb)
{
	struct net *net = skb->pool->net;
	const struct inet6_protocol *prot;
	int err = -ENOENT;
	u32 offset;
	u8 nexthdr;

	if (!icmpv6_quoted(skb, &nexthdr, &offset)) {
		prot = net->ipv6->protos[nexthdr];
		err = prot && prot->err_handler ? prot->err_handler(skb, NDISC_REDIRECT, 0, offset, 0) : -EPERM;
	}
	if (err == -ENOENT)
		ICMP6_INC(net, in6_dev_get_rcu(skb->dev), in_errors);
	return err;
}

/* An error about an ICMPv6 message of ours: what it says of the way is believed, and ping sockets may have sent it. */
static int icmpv6_err(struct sk_buff *skb, u8 type, u8 code, u32 offset, u32 info)
{
	const struct ipv6hdr *quoted = (const struct ipv6hdr *)(const void *)skb->data;
	struct net *net = skb->pool->net;

	if (type == ICMPV6_PKT_TOOBIG)
		ip6_update_pmtu(net, &quoted->daddr, &quoted->saddr, info, skb->dev->ifindex, 0);
	if (icmpv6_is_err(type) && skb->data[offset] == ICMPV6_ECHO_REQUEST && net->ipv6->icmp->ping_err)
		net->ipv6->icmp->ping_err(skb, type, code, offset, info);
	return 0;
}

/* ------------------------------------------------------------------ up */

/* Return: false: @skb was taken */
static bool icmpv6_hand_on(struct sk_buff *skb, u8 type)
{
	switch (type) {
	case NDISC_ROUTER_SOLICITATION:
	case NDISC_ROUTER_ADVERTISEMENT:
	case NDISC_NEIGHBOUR_SOLICITATION:
	case NDISC_NEIGHBOUR_ADVERTISEMENT:
	case NDISC_REDIRECT:
		(void)ndisc_rcv(skb);
		return false;
	case ICMPV6_MGM_QUERY:
	case ICMPV6_MGM_REPORT:
	case ICMPV6_MGM_REDUCTION:
		(void)igmp6_rcv(skb);
		return false;
	default:
		return true;
	}
}

/* RFC 4443 2.4 (a), (b): of unknown types, errors go up and the others do not. */
static enum skb_drop_reason icmpv6_dispatch(struct sk_buff *skb, const struct icmp6hdr *icmph)
{
	u8 type = icmph->icmp6_type;

	if (type == ICMPV6_ECHO_REQUEST)
		return icmpv6_echo_reply(skb, icmph);
	if (type == ICMPV6_ECHO_REPLY)
		return icmpv6_ping(skb);
	return icmpv6_is_err(type) ? icmpv6_notify(skb, type, icmph->icmp6_code, be32_to_cpu(icmph->un.data)) : 0;
}

static enum skb_drop_reason icmpv6_check(struct net *net, struct sk_buff *skb, struct inet6_dev *idev)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	u32 sum;

	if (skb->ip_summed != CHECKSUM_UNNECESSARY) {
		sum = csum_ipv6_magic_sum(&hdr->saddr, &hdr->daddr, skb->len, IPPROTO_ICMPV6);
		if (csum_fold(csum_add(sum, skb_checksum_from(skb, 0)))) {
			ICMP6_INC(net, idev, in_csum_errors);
			return SKB_DROP_REASON_ICMP_CSUM;
		}
	}
	return pskb_may_pull(skb, sizeof(struct icmp6hdr)) ? 0 : SKB_DROP_REASON_PKT_TOO_SMALL;
}

static int icmpv6_rcv(struct sk_buff *skb)
{
	struct inet6_dev *idev = in6_dev_get_rcu(skb->dev);
	struct net *net = skb->pool->net;
	enum skb_drop_reason reason;
	struct icmp6hdr icmph;

	ICMP6_INC(net, idev, in_msgs);
	reason = icmpv6_check(net, skb, idev);
	if (!reason) {
		memcpy(&icmph, skb->data, sizeof(icmph));
		ICMP6_INC_TYPE(net, idev, in_type, icmph.icmp6_type);
		if (!icmpv6_hand_on(skb, icmph.icmp6_type))
			return 0;
		reason = icmpv6_dispatch(skb, &icmph);
	}
	if (reason) {
		ICMP6_INC(net, idev, in_errors);
		kfree_skb_reason(skb, reason);
	} else {
		consume_skb(skb);
	}
	return 0;
}

const struct inet6_protocol icmpv6_protocol = { .handler = icmpv6_rcv,
						.err_handler = icmpv6_err,
						.flags = INET6_PROTO_FINAL | INET6_PROTO_NOPOLICY };

/* ------------------------------------------------------------------ life */

void icmpv6_set_ping_rcv(struct net *net, bool (*rcv)(struct sk_buff *skb),
			 void (*err)(struct sk_buff *skb, u8 type, u8 code, u32 offset, u32 info))
{
	net->ipv6->icmp->ping_rcv = rcv;
	net->ipv6->icmp->ping_err = err;
}

const struct icmpv6_mib *icmpv6_mib(const struct net *net)
{
	return &net->ipv6->icmp->mib;
}

int icmpv6_init(struct net *net)
{
	struct icmpv6_state *state = mem_zalloc(net->mem, sizeof(*state));
	int err;

	if (!state)
		return -ENOMEM;
	net->ipv6->icmp = state;
	icmpv6_ratelimit_init(net);
	err = inet6_add_protocol(net, &icmpv6_protocol, IPPROTO_ICMPV6);
	if (err) {
		net->ipv6->icmp = NULL;
		mem_free(net->mem, state, sizeof(*state));
		return err;
	}
	icmpv6_sysctl_init(net);
	return 0;
}

void icmpv6_exit(struct net *net)
{
	icmpv6_sysctl_exit(net);
	inet6_del_protocol(net, IPPROTO_ICMPV6);
	icmpv6_ratelimit_exit(net);
	icmp_count_fini(&net->ipv6->icmp->mib.in_type, net->mem);
	icmp_count_fini(&net->ipv6->icmp->mib.out_type, net->mem);
	mem_free(net->mem, net->ipv6->icmp, sizeof(*net->ipv6->icmp));
	net->ipv6->icmp = NULL;
}
