// SPDX-License-Identifier: BSD-2-Clause
/* ICMP: errors told, questions answered, errors heard.
 *
 * @step beside S4; receive path, from ipv4/ip_input.c
 * @rfc 792, 1122 3.2.2, 1812 4.3, 1191
 * @linux net/ipv4/icmp.c
 *
 * Reading order: icmp_send(), icmp_allowed(), icmp_rcv(), icmp_echo(), icmp_unreach().
 */
#include "ipv4/icmp.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "base/csum.h"
#include "ipv4/icmp_internal.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fib.h"
#include "ipv4/protocol.h"
#include "ipv4/route.h"
#include "neigh/neigh_history.h"
#include "wire/icmp.h"

#define ICMP_ERROR_MAX_BYTES 576U /* RFC 1812 4.3.2.3: a whole error, headers and all */
#define IPTOS_PREC_INTERNETCONTROL 0xc0

/* clang-format off */
const struct icmp_err icmp_err_convert[16] = {
	[ICMP_NET_UNREACH] = { ENETUNREACH, false },
	[ICMP_HOST_UNREACH] = { EHOSTUNREACH, false },
	[ICMP_PROT_UNREACH] = { ENOPROTOOPT, true },
	[ICMP_PORT_UNREACH] = { ECONNREFUSED, true },
	[ICMP_FRAG_NEEDED] = { EMSGSIZE, false },
	[ICMP_SR_FAILED] = { EOPNOTSUPP, false },
	[ICMP_NET_UNKNOWN] = { ENETUNREACH, true },
	[ICMP_HOST_UNKNOWN] = { EHOSTDOWN, true },
	[ICMP_HOST_ISOLATED] = { ENONET, true },
	[ICMP_NET_ANO] = { ENETUNREACH, true },
	[ICMP_HOST_ANO] = { EHOSTUNREACH, true },
	[ICMP_NET_UNR_TOS] = { ENETUNREACH, false },
	[ICMP_HOST_UNR_TOS] = { EHOSTUNREACH, false },
	[ICMP_PKT_FILTERED] = { EHOSTUNREACH, true },
	[ICMP_PREC_VIOLATION] = { EHOSTUNREACH, true },
	[ICMP_PREC_CUTOFF] = { EHOSTUNREACH, true },
};
/* clang-format on */

static bool icmp_type_is_error(u8 type)
{
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETERPROB;
}

/* RFC 1122 3.2.2: an unknown type is taken for an error. */
static bool icmp_type_is_query(u8 type)
{
	return type == ICMP_ECHOREPLY || type == ICMP_ECHO || (type >= ICMP_TIMESTAMP && type <= ICMP_ADDRESSREPLY);
}

/* ------------------------------------------------------------------ sending */

/** struct icmp_out - one message to send */
struct icmp_out {
	struct icmphdr hdr;         /**< checksum zero */
	const struct sk_buff *data; /**< whose octets follow: an answer those behind its ICMP header, ... */
	bool quote;                 /**< ... an error those from the IP header on */
	const u8 *bytes;            /**< these instead, if not NULL */
	u32 data_bytes;
	__be32 daddr; /**< who gets it; fl4.daddr may be the first station on the way */
	struct flowi4 fl4;
	u8 tos;
	struct ip_options opt;
};

/* To whom, from whom, and by which stations, for an answer to @skb.  Return: 0, -EINVAL: its options leave no way back */
static int icmp_address(struct icmp_out *out, const struct sk_buff *skb, __be32 saddr)
{
	int err = ip_options_echo(&out->opt, skb);

	if (err)
		return err;
	out->daddr = ip_hdr(skb)->saddr;
	out->fl4 = (struct flowi4){ .daddr = out->opt.srr ? out->opt.faddr : out->daddr,
				    .saddr = saddr,
				    .tos = out->tos & 0x1e,
				    .proto = IPPROTO_ICMP };
	if (skb->pool->net->ipv4->fwmark_reflect)
		out->fl4.mark = skb->mark;
	return 0;
}

static int icmp_copy_data(const struct icmp_out *out, u8 *to)
{
	if (out->quote)
		return skb_copy_quote(out->data, to, out->data_bytes);
	if (!out->bytes)
		return skb_copy_bits(out->data, (u32)sizeof(out->hdr), to, out->data_bytes);
	memcpy(to, out->bytes, out->data_bytes);
	return 0;
}

static struct sk_buff *icmp_build(struct net *net, const struct icmp_out *out, const struct rtable *rt)
{
	u32 headroom = ALIGN_UP(LL_RESERVED_SPACE(rt->dst.dev), 16U) + (u32)sizeof(struct iphdr) + out->opt.optlen;
	u32 len = (u32)sizeof(out->hdr) + out->data_bytes;
	struct sk_buff *skb = alloc_skb(net->skb_pool, headroom + len);
	struct icmphdr *icmph;

	if (!skb)
		return NULL;
	skb_reserve(skb, headroom);
	skb_reset_transport_header(skb);
	icmph = skb_put(skb, len);
	*icmph = out->hdr;
	if (icmp_copy_data(out, (u8 *)(icmph + 1))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_HDR_TRUNC);
		return NULL;
	}
	icmph->checksum = ip_compute_csum(icmph, len);
	return skb;
}

void icmp_out_count(struct net *net, u8 type)
{
	net->ipv4->icmp->stats.out_msgs++;
	icmp_count_add(&net->ipv4->icmp->stats.out_type, net->mem, type);
}

/* @rt: reference taken. */
static void icmp_push(struct net *net, struct icmp_out *out, struct rtable *rt)
{
	struct sk_buff *skb = icmp_build(net, out, rt);
	struct ipcm_cookie ipc = { .opt = out->opt.optlen ? &out->opt : NULL,
				   .ttl = -1,
				   .tos = out->tos,
				   .sockc.mark = out->fl4.mark,
				   .protocol = IPPROTO_ICMP };

	if (!skb) {
		net->ipv4->icmp->stats.out_errors++;
		dst_release(&rt->dst);
		return;
	}
	out->fl4.daddr = out->daddr;
	ip_push_header(net, skb, rt, &out->fl4, &ipc);
	skb_dst_set(skb, &rt->dst);
	/* as in Linux an answer to a timestamp counts as an echo reply */
	icmp_out_count(net, out->hdr.type == ICMP_TIMESTAMPREPLY ? ICMP_ECHOREPLY : out->hdr.type);
	(void)ip_send_skb(net, NULL, skb);
}

/* The route, if the limits allow a message by it.  @local: what is answered came from ourselves.
 * Return: returned, or NULL */
static struct rtable *icmp_route(struct net *net, struct icmp_out *out, bool local)
{
	u8 type = out->hdr.type, code = out->hdr.code;
	struct rtable *rt;

	if (!local && !icmpv4_global_allow(net, type, code))
		return NULL;
	if (ip_route_output_flow(net, &out->fl4, &rt))
		return NULL;
	if (icmpv4_xrlim_allow(net, rt, out->fl4.daddr, type, code)) {
		icmpv4_global_consume(net, type, code);
		return rt;
	}
	dst_release(&rt->dst);
	return NULL;
}

/* RFC 1122 3.2.2: about which packets an error may never be sent. */
static bool icmp_may_complain(const struct sk_buff *skb_in, int type)
{
	const struct iphdr *iph = ip_hdr(skb_in);
	const struct rtable *rt = skb_rtable(skb_in);
	u32 at = ip_hdrlen_bytes(iph);

	if (!rt || skb_network_header(skb_in) + sizeof(*iph) > skb_tail_pointer(skb_in))
		return false;
	if (skb_in->pkt_type != PACKET_HOST || (rt->flags & (RTCF_BROADCAST | RTCF_MULTICAST)))
		return false;
	if (iph->frag_off & CONST_BE16(IP_OFFSET))
		return false;
	if (ipv4_is_zeronet(iph->saddr) || ipv4_is_lbcast(iph->saddr) || ipv4_is_multicast(iph->saddr))
		return false;
	if (!icmp_type_is_error((u8)type) || iph->protocol != IPPROTO_ICMP)
		return true;
	if (skb_network_header(skb_in) + at >= skb_tail_pointer(skb_in))
		return false;
	return icmp_type_is_query(*(skb_network_header(skb_in) + at));
}

/* The address that the packet was sent to, if it is ours; else the best towards its source. */
static __be32 icmp_error_source(struct net *net, const struct sk_buff *skb_in)
{
	const struct rtable *rt = skb_rtable(skb_in);

	if (rt->flags & RTCF_LOCAL)
		return ip_hdr(skb_in)->daddr;
	if (rt->is_input && net->ipv4->icmp_errors_use_inbound_ifaddr && skb_in->dev)
		return inet_select_addr(skb_in->dev, ip_hdr(skb_in)->saddr, RT_SCOPE_LINK);
	return cpu_to_be32(0);
}

void icmp_send(struct sk_buff *skb_in, int type, int code, u32 info)
{
	struct net *net = skb_in->pool->net;
	/* what @info says: an MTU in the lower half, or a pointer on top */
	struct icmp_out out = { .hdr = { .type = (u8)type, .code = (u8)code, .un.gateway = cpu_to_be32(info) },
				.data = skb_in,
				.quote = true };
	u32 room, have, headers;
	struct rtable *rt;

	if (!icmp_may_complain(skb_in, type))
		return;
	out.tos = icmp_type_is_error((u8)type) ? (ip_hdr(skb_in)->tos & 0x1e) | IPTOS_PREC_INTERNETCONTROL
					       : ip_hdr(skb_in)->tos;
	if (icmp_address(&out, skb_in, icmp_error_source(net, skb_in)))
		return;
	rt = icmp_route(net, &out, skb_in->dev && (skb_in->dev->flags & IFF_LOOPBACK));
	if (!rt)
		return;
	headers = (u32)sizeof(struct iphdr) + out.opt.optlen + (u32)sizeof(struct icmphdr);
	room = min_u32(ip_dst_mtu(rt), ICMP_ERROR_MAX_BYTES);
	if (room <= headers + sizeof(struct iphdr)) { /* too little to say what it is about */
		dst_release(&rt->dst);
		return;
	}
	have = skb_in->len + (u32)(skb_in->data - skb_network_header(skb_in));
	out.data_bytes = min_u32(have, room - headers);
	icmp_push(net, &out, rt);
}

/* ------------------------------------------------------------------ answering */

static void icmp_reply(struct sk_buff *skb, struct icmp_out *out)
{
	struct net *net = skb->pool->net;
	struct rtable *rt;

	out->tos = ip_hdr(skb)->tos;
	if (icmp_address(out, skb, fib_compute_spec_dst(skb)))
		return;
	rt = icmp_route(net, out, false);
	if (rt)
		icmp_push(net, out, rt);
}

static enum skb_drop_reason icmp_echo(struct sk_buff *skb, const struct icmphdr *icmph)
{
	struct icmp_out out = { .hdr = *icmph, .data = skb };

	if (skb->pool->net->ipv4->icmp_echo_ignore_all)
		return 0;
	out.hdr.type = ICMP_ECHOREPLY; /* the code, of which nobody has said anything, stays what it was */
	out.hdr.checksum = 0;
	out.data_bytes = skb->len - (u32)sizeof(*icmph);
	icmp_reply(skb, &out);
	return 0;
}

/* RFC 792: when it was sent, when it came, when the answer leaves; milliseconds since midnight UT. */
static enum skb_drop_reason icmp_timestamp(struct sk_buff *skb, const struct icmphdr *icmph)
{
	const struct net *net = skb->pool->net;
	__be32 stamps[3];
	struct icmp_out out = { .hdr = *icmph, .bytes = (const u8 *)stamps, .data_bytes = sizeof(stamps) };

	if (skb_copy_bits(skb, sizeof(*icmph), &stamps[0], sizeof(stamps[0])))
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	stamps[1] = cpu_to_be32((u32)((net->now + net->wall_offset) / NSEC_PER_MSEC % (86400 * 1000)));
	stamps[2] = stamps[1];
	out.hdr.type = ICMP_TIMESTAMPREPLY;
	out.hdr.code = 0;
	out.hdr.checksum = 0;
	icmp_reply(skb, &out);
	return 0;
}

/* ------------------------------------------------------------------ errors heard */

static void icmp_socket_deliver(struct net *net, struct sk_buff *skb, u32 info)
{
	const struct iphdr *quoted = (const struct iphdr *)(const void *)skb->data;
	u8 protocol = quoted->protocol;
	const struct net_protocol *prot = net->ipv4->protos[protocol];

	if (!pskb_may_pull(skb, ip_hdrlen_bytes(quoted) + 8)) { /* RFC 792: 64 bits of it, that name the ports */
		net->ipv4->icmp->stats.in_errors++;
		return;
	}
	if (net->ipv4->raw)
		net->ipv4->raw->icmp_error(skb, protocol, info);
	if (prot && prot->err_handler && prot->err_handler(skb, info) == -ENOENT)
		net->ipv4->icmp->stats.in_errors++;
}

/* Whether sockets hear of it, and what it points at: MTU, octet, gateway. */
static bool icmp_error_info(const struct net *net, const struct icmphdr *icmph, u32 *info)
{
	switch (icmph->type) {
	case ICMP_PARAMETERPROB:
		*info = icmph->un.bytes[0];
		return true;
	case ICMP_REDIRECT:
		*info = be32_to_cpu(icmph->un.gateway);
		return true;
	case ICMP_TIME_EXCEEDED:
		return icmph->code != ICMP_EXC_FRAGTIME;
	case ICMP_DEST_UNREACH:
		if (icmph->code != ICMP_FRAG_NEEDED)
			return icmph->code <= NR_ICMP_UNREACH;
		/* ip-sysctl: 1: only that there is a narrower link, 2: not at all, 3: if the protocol can verify it: none does yet */
		if (net->ipv4->ip_no_pmtu_disc == 0)
			*info = be16_to_cpu(icmph->un.frag.mtu);
		return net->ipv4->ip_no_pmtu_disc != 2 && net->ipv4->ip_no_pmtu_disc != 3;
	default:
		return true;
	}
}

/* A packet of ours did not arrive: perhaps its first hop is not any more who it was (docs/DIFFERENCES.md, D15).  If it
 * is the first hop that says so, it is there. */
static void icmp_doubt_neighbour(struct net *net, const struct sk_buff *skb, const struct iphdr *quoted)
{
	struct flowi4 fl4 = { .daddr = quoted->daddr, .saddr = quoted->saddr, .tos = quoted->tos };
	struct neigh_cause before;
	struct rtable *rt;

	if (net->profile != NET_PROFILE_STRICT || !quoted->saddr || ip_route_output_flow(net, &fl4, &rt))
		return;
	before = neigh_because(net, NEIGH_CAUSE_FRAME, skb->id);
	if (ip_hdr(skb)->saddr != rt_nexthop(rt, quoted->daddr))
		rt_neigh_doubt(rt, quoted->daddr);
	neigh_because_again(net, before);
	dst_release(&rt->dst);
}

/* unreach: errors of all kinds; the quoted header has to be one. */
static enum skb_drop_reason icmp_unreach(struct sk_buff *skb, const struct icmphdr *icmph)
{
	struct net *net = skb->pool->net;
	const struct icmphdr hdr = *icmph;
	const struct iphdr *quoted;
	u32 info = 0;

	if (!pskb_may_pull(skb, sizeof(hdr) + sizeof(*quoted)))
		return SKB_DROP_REASON_PKT_TOO_SMALL;
	quoted = (const struct iphdr *)(const void *)(skb->data + sizeof(hdr));
	if (hdr.type != ICMP_REDIRECT && quoted->ihl < 5)
		return SKB_DROP_REASON_IP_INHDR;
	if (!icmp_error_info(net, &hdr, &info))
		return 0;
	if (hdr.type != ICMP_REDIRECT && !net->ipv4->icmp_ignore_bogus_error_responses &&
	    inet_addr_type_dev_table(net, skb->dev, quoted->daddr) == RTN_BROADCAST)
		return 0;
	if (hdr.type == ICMP_DEST_UNREACH && (hdr.code == ICMP_HOST_UNREACH || hdr.code == ICMP_HOST_UNKNOWN))
		icmp_doubt_neighbour(net, skb, quoted);
	skb_pull(skb, sizeof(hdr));
	icmp_socket_deliver(net, skb, info);
	return 0;
}

/* Echo replies: ping sockets wait for them.  Raw sockets had theirs before. */
static enum skb_drop_reason icmp_ping(struct sk_buff *skb, const struct icmphdr *icmph)
{
	const struct icmp_state *state = skb->pool->net->ipv4->icmp;

	(void)icmph;
	if (state->ping_rcv)
		(void)state->ping_rcv(skb);
	return 0;
}

/* Those without a handler are known, and of no concern. */
static enum skb_drop_reason (*const icmp_handlers[NR_ICMP_TYPES + 1])(struct sk_buff *skb,
								      const struct icmphdr *icmph) = {
	[ICMP_ECHOREPLY] = icmp_ping,      [ICMP_DEST_UNREACH] = icmp_unreach,  [ICMP_SOURCE_QUENCH] = icmp_unreach,
	[ICMP_REDIRECT] = icmp_unreach, /* redirects are off: a socket may hear of one, no route changes */
	[ICMP_ECHO] = icmp_echo,           [ICMP_TIME_EXCEEDED] = icmp_unreach, [ICMP_PARAMETERPROB] = icmp_unreach,
	[ICMP_TIMESTAMP] = icmp_timestamp,
};

/* RFC 1122 3.2.2.6, 3.2.2.8: to a broadcast only some questions are answered, and only if told so. */
static bool icmp_broadcast_ok(const struct net *net, u8 type)
{
	if (type == ICMP_ECHO || type == ICMP_TIMESTAMP)
		return !net->ipv4->icmp_echo_ignore_broadcasts;
	return type == ICMP_ADDRESS || type == ICMP_ADDRESSREPLY;
}

static enum skb_drop_reason icmp_dispatch(struct net *net, struct sk_buff *skb)
{
	struct icmp_state *state = net->ipv4->icmp;
	const struct icmphdr *icmph;

	if (skb->ip_summed != CHECKSUM_UNNECESSARY && csum_fold(skb_checksum_from(skb, 0))) {
		state->stats.in_csum_errors++;
		return SKB_DROP_REASON_ICMP_CSUM;
	}
	if (!pskb_may_pull(skb, sizeof(*icmph)))
		return SKB_DROP_REASON_HDR_TRUNC;
	icmph = icmp_check(skb->data, skb_headlen(skb));
	icmp_count_add(&state->stats.in_type, net->mem, icmph->type);
	if (icmph->type == ICMP_EXT_ECHO || icmph->type == ICMP_EXT_ECHOREPLY)
		return 0; /* RFC 8335: nobody may ask about our interfaces unless told so */
	if (icmph->type > NR_ICMP_TYPES)
		return SKB_DROP_REASON_UNHANDLED_PROTO;
	if ((skb_rtable(skb)->flags & (RTCF_BROADCAST | RTCF_MULTICAST)) && !icmp_broadcast_ok(net, icmph->type))
		return SKB_DROP_REASON_INVALID_PROTO;
	return icmp_handlers[icmph->type] ? icmp_handlers[icmph->type](skb, icmph) : 0;
}

int icmp_rcv(struct sk_buff *skb)
{
	struct net *net = skb->pool->net;
	enum skb_drop_reason reason;

	net->ipv4->icmp->stats.in_msgs++;
	reason = icmp_dispatch(net, skb);
	if (reason) {
		net->ipv4->icmp->stats.in_errors++;
		kfree_skb_reason(skb, reason);
	} else {
		consume_skb(skb);
	}
	return 0;
}

/* An error about an ICMP message of ours: ping sockets have sent it. */
static int icmp_err(struct sk_buff *skb, u32 info)
{
	const struct icmp_state *state = skb->pool->net->ipv4->icmp;
	const struct iphdr *quoted = (const struct iphdr *)(const void *)skb->data;
	const struct icmphdr *inner = (const struct icmphdr *)(const void *)(skb->data + ip_hdrlen_bytes(quoted));

	if (inner->type != ICMP_ECHO || !state->ping_err)
		return -ENOENT;
	state->ping_err(skb, info);
	return 0;
}

static const struct net_protocol icmp_protocol = { .handler = icmp_rcv, .err_handler = icmp_err, .no_policy = true };

void icmp_set_ping_rcv(struct net *net, bool (*rcv)(struct sk_buff *skb), void (*err)(struct sk_buff *skb, u32 info))
{
	net->ipv4->icmp->ping_rcv = rcv;
	net->ipv4->icmp->ping_err = err;
}

int icmp_init(struct net *net)
{
	struct icmp_state *state = mem_zalloc(net->mem, sizeof(*state));
	int err;

	if (!state)
		return -ENOMEM;
	net->ipv4->icmp = state;
	icmp_ratelimit_init(net);
	err = inet_add_protocol(net, &icmp_protocol, IPPROTO_ICMP);
	if (err) {
		net->ipv4->icmp = NULL;
		mem_free(net->mem, state, sizeof(*state));
	}
	return err;
}

void icmp_exit(struct net *net)
{
	inet_del_protocol(net, IPPROTO_ICMP);
	icmp_ratelimit_exit(net);
	icmp_count_fini(&net->ipv4->icmp->stats.in_type, net->mem);
	icmp_count_fini(&net->ipv4->icmp->stats.out_type, net->mem);
	mem_free(net->mem, net->ipv4->icmp, sizeof(*net->ipv4->icmp));
	net->ipv4->icmp = NULL;
}
