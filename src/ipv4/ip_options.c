// SPDX-License-Identifier: BSD-2-Clause
/* IPv4 options: judged, recorded in, echoed, sent.
 *
 * @rfc 791 3.1, 1122 3.2.1.8, 1812 5.2.4, 2113, 7126
 * @linux net/ipv4/ip_options.c
 *
 * Offsets count from the beginning of the IP header, as a parameter problem's pointer does.  What the kernel answers to
 * options that lie was asked of it with thousands of random ones; tests/unit/ipv4 keeps those that taught something.
 *
 * Reading order: opt_walk_all() and the rules before it, ip_options_rcv(), ip_options_forward(); then ip_options_echo(),
 * ip_options_get(), ip_options_build().
 */
#include <errno.h>
#include <sys/socket.h>

#include "ipv4/icmp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fib.h"
#include "wire/icmp.h"

enum {
	IPOPT_END = 0,
	IPOPT_NOOP = 1,
	IPOPT_RR = 7,
	IPOPT_TIMESTAMP = 68,
	IPOPT_LSRR = 131,
	IPOPT_CIPSO = 134,
	IPOPT_SSRR = 137,
	IPOPT_RA = 148,
};
#define IPOPT_COPY 0x80 /* goes into every fragment */
enum { IPOPT_TS_TSONLY = 0, IPOPT_TS_TSANDADDR = 1, IPOPT_TS_PRESPEC = 3 };
#define CIPSO_MIN_BYTES 8 /* shorter ones are wrong in their length, others in their domain */

#define HDR_BYTES ((u32)sizeof(struct iphdr))
#define OPT_MAX_BYTES 40U

/* An option's octets: its code, its length, the pointer (from 1, to the next free slot), slots of four octets. */
enum { OPT_LEN = 1, OPT_PTR = 2, OPT_FLAGS = 3 };

/** struct opt_walk - one set of options on its way through the rules */
struct opt_walk {
	struct net *net;
	u8 *iph; /**< the header that offsets count from */
	struct ip_options *opt;
	__be32 spec_dst;   /**< address to record */
	bool received;     /**< it is recorded and stamped in; else it is a sender's */
	bool admin;        /**< a sender who may send what nobody here knows */
	const u8 *problem; /**< octet that is wrong */
};

static int opt_bad(struct opt_walk *w, const u8 *at)
{
	w->problem = at;
	return -EINVAL;
}

static u8 opt_offset(const struct opt_walk *w, const u8 *p)
{
	return (u8)(p - w->iph);
}

/* RFC 791: milliseconds since midnight UT. */
static __be32 opt_now(const struct net *net)
{
	return cpu_to_be32((u32)((net->now + net->wall_offset) / NSEC_PER_MSEC % (86400 * 1000)));
}

/* ------------------------------------------------------------------ rules */

/* RFC 7126 4.3-4.5: whether a route is followed is ip_options_rcv()'s decision. */
static int opt_source_route(struct opt_walk *w, u8 *p)
{
	u8 len = p[OPT_LEN];

	if (len < 3)
		return opt_bad(w, p + OPT_LEN);
	if (p[OPT_PTR] < 4)
		return opt_bad(w, p + OPT_PTR);
	if (w->opt->srr)
		return opt_bad(w, p); /* RFC 1812 5.3.13.4: one at most */
	if (!w->received && (p[OPT_PTR] != 4 || len < 7 || ((len - 3) & 3)))
		return opt_bad(w, p + OPT_LEN);
	if (!w->received)
		w->opt->faddr = get_unaligned_be32(p + 3);
	w->opt->is_strictroute = p[0] == IPOPT_SSRR;
	w->opt->srr = opt_offset(w, p);
	return 0;
}

static int opt_record_route(struct opt_walk *w, u8 *p)
{
	u8 len = p[OPT_LEN];

	if (w->opt->rr)
		return opt_bad(w, p);
	if (len < 3)
		return opt_bad(w, p + OPT_LEN);
	if (p[OPT_PTR] < 4)
		return opt_bad(w, p + OPT_PTR);
	if (p[OPT_PTR] <= len) {
		if (p[OPT_PTR] + 3 > len)
			return opt_bad(w, p + OPT_PTR);
		if (w->received) {
			put_unaligned_be32(w->spec_dst, p + p[OPT_PTR] - 1);
			p[OPT_PTR] = (u8)(p[OPT_PTR] + 4);
			w->opt->is_changed = 1;
		}
		w->opt->rr_needaddr = 1;
	}
	w->opt->rr = opt_offset(w, p);
	return 0;
}

/* No room for another stamp: the upper half of the flags counts who found none. */
static int opt_timestamp_full(struct opt_walk *w, u8 *p)
{
	u8 overflow = p[OPT_FLAGS] >> 4;

	if ((p[OPT_FLAGS] & 0xf) == IPOPT_TS_PRESPEC)
		return 0;
	if (overflow == 15)
		return opt_bad(w, p + OPT_FLAGS);
	if (w->received) {
		p[OPT_FLAGS] = (u8)((p[OPT_FLAGS] & 0xf) | (overflow + 1) << 4);
		w->opt->is_changed = 1;
	}
	return 0;
}

static void opt_stamp(struct opt_walk *w, u8 *p, u32 slot_bytes)
{
	w->opt->ts_needtime = 1;
	if (!w->received)
		return;
	put_unaligned_be32(opt_now(w->net), p + p[OPT_PTR] - 1 + slot_bytes - 4);
	p[OPT_PTR] = (u8)(p[OPT_PTR] + slot_bytes);
	w->opt->is_changed = 1;
}

static int opt_timestamp_room(struct opt_walk *w, u8 *p)
{
	u8 flag = p[OPT_FLAGS] & 0xf;
	u8 *slot = p + p[OPT_PTR] - 1;

	if (p[OPT_PTR] + 3 > p[OPT_LEN])
		return opt_bad(w, p + OPT_PTR);
	if (flag == IPOPT_TS_TSONLY) {
		opt_stamp(w, p, 4);
		return 0;
	}
	if (flag != IPOPT_TS_TSANDADDR && flag != IPOPT_TS_PRESPEC)
		return w->received || w->admin ? 0 : opt_bad(w, p + OPT_FLAGS);
	if (p[OPT_PTR] + 7 > p[OPT_LEN])
		return opt_bad(w, p + OPT_PTR);
	if (flag == IPOPT_TS_PRESPEC) {
		if (inet_addr_type(w->net, get_unaligned_be32(slot)) != RTN_UNICAST)
			opt_stamp(w, p, 8);
		return 0; /* else it is meant for another host */
	}
	w->opt->ts_needaddr = 1;
	if (w->received)
		put_unaligned_be32(w->spec_dst, slot);
	opt_stamp(w, p, 8);
	return 0;
}

static int opt_timestamp(struct opt_walk *w, u8 *p)
{
	int err;

	if (w->opt->ts)
		return opt_bad(w, p);
	if (p[OPT_LEN] < 4)
		return opt_bad(w, p + OPT_LEN);
	if (p[OPT_PTR] < 5)
		return opt_bad(w, p + OPT_PTR);
	err = p[OPT_PTR] <= p[OPT_LEN] ? opt_timestamp_room(w, p) : opt_timestamp_full(w, p);
	if (!err)
		w->opt->ts = opt_offset(w, p);
	return err;
}

/* Security labels: nobody has said what they mean here, so each is refused. */
static int opt_cipso(struct opt_walk *w, u8 *p)
{
	if ((!w->received && !w->admin) || w->opt->cipso)
		return opt_bad(w, p);
	w->opt->cipso = opt_offset(w, p);
	return opt_bad(w, p + (p[OPT_LEN] < CIPSO_MIN_BYTES ? OPT_LEN : OPT_PTR));
}

static int opt_one(struct opt_walk *w, u8 *p)
{
	switch (p[0]) {
	case IPOPT_LSRR:
	case IPOPT_SSRR:
		return opt_source_route(w, p);
	case IPOPT_RR:
		return opt_record_route(w, p);
	case IPOPT_TIMESTAMP:
		return opt_timestamp(w, p);
	case IPOPT_RA:
		if (p[OPT_LEN] < 4)
			return opt_bad(w, p + OPT_LEN);
		if (!p[2] && !p[3]) /* RFC 2113: other values are reserved */
			w->opt->router_alert = opt_offset(w, p);
		return 0;
	case IPOPT_CIPSO:
		return opt_cipso(w, p);
	default:
		return w->received || w->admin ? 0 : opt_bad(w, p);
	}
}

/* What follows the end is padding, and is made what padding should be. */
static void opt_pad(struct opt_walk *w, u8 *p, u32 left)
{
	for (; left; p++, left--) {
		if (*p != IPOPT_END) {
			*p = IPOPT_END;
			w->opt->is_changed = 1;
		}
	}
}

static int opt_walk_all(struct opt_walk *w)
{
	u8 *p = w->iph + HDR_BYTES;
	u32 left = w->opt->optlen;
	int err;

	while (left) {
		if (*p == IPOPT_END) {
			opt_pad(w, p, left);
			return 0;
		}
		if (*p == IPOPT_NOOP) {
			p++;
			left--;
			continue;
		}
		if (left < 2 || p[OPT_LEN] < 2 || p[OPT_LEN] > left)
			return opt_bad(w, p);
		left -= p[OPT_LEN];
		err = opt_one(w, p);
		if (err)
			return err;
		p += p[OPT_LEN];
	}
	return 0;
}

/* ------------------------------------------------------------------ received */

/* Is the packet at a station of its source route?  Then where to next.  Return: 0, -EINVAL */
static int opt_source_route_next(struct sk_buff *skb, struct net_device *dev, u8 *p, __be32 *next)
{
	struct rtable *rt = skb_rtable(skb);
	enum skb_drop_reason reason;
	struct dst_entry *before;
	struct iphdr *iph = ip_hdr(skb);
	u32 at;

	for (at = p[OPT_PTR]; at <= p[OPT_LEN] && rt->type == RTN_LOCAL; at += 4) {
		if (at + 3 > p[OPT_LEN]) {
			icmp_send(skb, ICMP_PARAMETERPROB, 0, (u32)(IPCB(skb)->opt.srr + OPT_PTR) << 24);
			return -EINVAL;
		}
		*next = get_unaligned_be32(p + at - 1);
		before = skb->_dst;
		skb->_dst = NULL;
		if (ip_route_input(skb, *next, iph->saddr, iph->tos, dev, &reason)) {
			skb->_dst = before;
			return -EINVAL;
		}
		rt = skb_rtable(skb);
		if (before && !((uintptr_t)before & SKB_DST_NOREF))
			dst_release(before);
		if (rt->type != RTN_UNICAST && rt->type != RTN_LOCAL)
			return -EINVAL;
		if (rt->type != RTN_LOCAL) {
			IPCB(skb)->opt.srr_is_hit = IPCB(skb)->opt.is_changed = 1;
			IPCB(skb)->nexthop = *next;
			return 0;
		}
		iph->daddr = *next; /* another of our own addresses: as if it had gone there and come back */
		IPCB(skb)->opt.is_changed = 1;
	}
	return 0;
}

/* RFC 1812 5.3.13.4.  Both net.ipv4.conf.all and the device have to allow it. */
static int opt_source_route_rcv(struct sk_buff *skb, struct net_device *dev)
{
	const struct in_device *in_dev = in_dev_get_rcu(dev);
	const struct rtable *rt = skb_rtable(skb);
	__be32 next;

	if (!in_dev || !IN_DEV_ANDCONF(in_dev, ACCEPT_SOURCE_ROUTE))
		return -EINVAL;
	if (skb->pkt_type != PACKET_HOST)
		return -EINVAL;
	if (rt->type == RTN_UNICAST) {
		if (!IPCB(skb)->opt.is_strictroute)
			return 0;
		icmp_send(skb, ICMP_PARAMETERPROB, 0, 16U << 24); /* the destination: it is not the next station */
		return -EINVAL;
	}
	if (rt->type != RTN_LOCAL)
		return -EINVAL;
	return opt_source_route_next(skb, dev, skb_network_header(skb) + IPCB(skb)->opt.srr, &next);
}

int ip_options_rcv(struct sk_buff *skb, struct net_device *dev)
{
	struct ip_options opt = { .faddr = 0 };
	struct opt_walk w = { .net = dev->net, .opt = &opt, .received = true };
	int err;

	if (skb_cow_head(skb, skb_headroom(skb))) {
		dev->net->ipv4->stats.in_discards++;
		return -ENOMEM;
	}
	opt.optlen = (u8)(ip_hdrlen_bytes(ip_hdr(skb)) - HDR_BYTES);
	w.iph = skb_network_header(skb);
	w.spec_dst = fib_compute_spec_dst(skb);
	err = opt_walk_all(&w);
	IPCB(skb)->opt = opt.parm;
	if (err) {
		icmp_send(skb, ICMP_PARAMETERPROB, 0, (u32)(w.problem - w.iph) << 24);
		dev->net->ipv4->stats.in_hdr_errors++;
		return err;
	}
	return opt.srr ? opt_source_route_rcv(skb, dev) : 0;
}

/* The address that a router says it has: of the way out. */
static __be32 opt_way_out(const struct rtable *rt, __be32 daddr)
{
	if (rt->fi && rt->fi->prefsrc)
		return rt->fi->prefsrc;
	return inet_select_addr(rt->dst.dev, rt->gw_family == AF_INET ? rt->gw4 : daddr, RT_SCOPE_UNIVERSE);
}

/* The station's address goes where the next one's was, and that becomes the destination. */
static void opt_source_route_turn(struct sk_buff *skb, u8 *p, __be32 addr)
{
	__be32 next = IPCB(skb)->nexthop;

	for (u32 at = p[OPT_PTR]; at + 3 <= p[OPT_LEN]; at += 4) {
		if (get_unaligned_be32(p + at - 1) != next)
			continue;
		ip_hdr(skb)->daddr = next;
		put_unaligned_be32(addr, p + at - 1);
		p[OPT_PTR] = (u8)(at + 4);
		return;
	}
}

void ip_options_forward(struct sk_buff *skb)
{
	struct ip_opt_parm *opt = &IPCB(skb)->opt;
	const struct rtable *rt = skb_rtable(skb);
	u8 *iph = skb_network_header(skb), *p;
	__be32 addr;

	if (opt->rr_needaddr || opt->srr_is_hit) {
		addr = opt_way_out(rt, opt->srr_is_hit ? IPCB(skb)->nexthop : ip_hdr(skb)->daddr);
		p = iph + opt->rr;
		if (opt->rr_needaddr)
			put_unaligned_be32(addr, p + p[OPT_PTR] - 5);
		if (opt->srr_is_hit)
			opt_source_route_turn(skb, iph + opt->srr, addr);
		p = iph + opt->ts;
		if (opt->srr_is_hit && opt->ts_needaddr)
			put_unaligned_be32(addr, p + p[OPT_PTR] - 9);
		opt->is_changed = 1;
	}
	if (opt->is_changed) {
		opt->is_changed = 0;
		ip_send_check(ip_hdr(skb));
	}
}

/* ------------------------------------------------------------------ echoed */

static u8 *opt_echo_copy(struct ip_options *out, const u8 *option, u8 *at)
{
	u8 *to = out->data + out->optlen;

	*at = (u8)(HDR_BYTES + out->optlen);
	memcpy(to, option, option[OPT_LEN]);
	out->optlen = (u8)(out->optlen + option[OPT_LEN]);
	return to;
}

/* Return: 0, -EINVAL: somebody has to be recorded, and there is no room */
static int opt_echo_timestamp(struct net *net, struct ip_options *out, const struct ip_opt_parm *from, const u8 *option)
{
	const u8 *p = opt_echo_copy(out, option, &out->ts);
	u32 at = p[OPT_PTR], len = p[OPT_LEN];
	bool prespec = (p[OPT_FLAGS] & 0xf) == IPOPT_TS_PRESPEC;

	if (at > len)
		return 0;
	if (from->ts_needaddr) {
		if (at + 3 > len)
			return -EINVAL;
		out->ts_needaddr = 1;
		at += 4;
	}
	if (!from->ts_needtime)
		return 0;
	if (at + 3 > len)
		return -EINVAL;
	if (!prespec)
		out->ts_needtime = 1;
	else if (at + 7 <= len)
		out->ts_needtime = inet_addr_type(net, get_unaligned_be32(p + at - 1)) != RTN_UNICAST;
	return 0;
}

static int opt_echo_record_route(struct ip_options *out, const struct ip_opt_parm *from, const u8 *option)
{
	const u8 *p = opt_echo_copy(out, option, &out->rr);

	if (!from->rr_needaddr || p[OPT_PTR] > p[OPT_LEN])
		return 0;
	out->rr_needaddr = 1;
	return p[OPT_PTR] + 3 > p[OPT_LEN] ? -EINVAL : 0;
}

/* RFC 1122 3.2.1.8c: the answer goes back by the stations that the question came by. */
static void opt_echo_source_route(struct ip_options *out, const struct ip_opt_parm *from, const u8 *option,
				  __be32 saddr)
{
	u8 *p = out->data + out->optlen;
	u32 slots = 0, left = option[OPT_PTR] > option[OPT_LEN] + 1U ? option[OPT_LEN] + 1U : option[OPT_PTR];

	for (left -= 4; left >= 4; left -= 4) {
		__be32 station = get_unaligned_be32(option + left - 1);

		if (left < 8 && station == saddr)
			break; /* some senders list themselves as the first station */
		put_unaligned_be32(station, p + 3 + 4 * slots++);
	}
	if (!slots)
		return;
	out->faddr = get_unaligned_be32(p + 3);
	p[0] = option[0];
	p[OPT_LEN] = (u8)(3 + 4 * slots);
	p[OPT_PTR] = 4;
	out->srr = (u8)(HDR_BYTES + out->optlen);
	out->is_strictroute = from->is_strictroute;
	out->optlen = (u8)(out->optlen + p[OPT_LEN]);
}

/* RFC 1122 3.2.2.6: a record route, or stamps, of a question go into the answer; the answerer records itself once more. */
int ip_options_echo(struct ip_options *out, const struct sk_buff *skb)
{
	const struct ip_opt_parm *from = &IPCB(skb)->opt;
	const u8 *iph = skb_network_header(skb);
	u8 cipso;

	memset(out, 0, sizeof(*out));
	if (likely(!from->optlen))
		return 0;
	if (from->rr && opt_echo_record_route(out, from, iph + from->rr))
		return -EINVAL;
	if (from->ts && opt_echo_timestamp(skb->pool->net, out, from, iph + from->ts))
		return -EINVAL;
	if (from->srr)
		opt_echo_source_route(out, from, iph + from->srr, ip_hdr(skb)->saddr);
	if (from->cipso)
		opt_echo_copy(out, iph + from->cipso, &cipso);
	while (out->optlen & 3)
		out->data[out->optlen++] = IPOPT_END;
	return 0;
}

/* ------------------------------------------------------------------ sent */

static void opt_clear_slots(struct ip_options *opt)
{
	u8 *p;

	if (opt->rr_needaddr) {
		p = opt->data + opt->rr - HDR_BYTES;
		memset(p + p[OPT_PTR] - 1, 0, 4);
	}
	if (opt->ts_needtime) {
		p = opt->data + opt->ts - HDR_BYTES;
		if ((p[OPT_FLAGS] & 0xf) != IPOPT_TS_PRESPEC)
			memset(p + p[OPT_PTR] - 1, 0, opt->ts_needaddr ? 8 : 4);
	}
}

int ip_options_get(struct net *net, const u8 *data, u32 len_bytes, bool admin, struct ip_options *out)
{
	u8 header[sizeof(struct iphdr) + OPT_MAX_BYTES] = { 0 };
	struct opt_walk w = { .net = net, .iph = header, .opt = out, .admin = admin };
	int err;

	memset(out, 0, sizeof(*out));
	if (len_bytes > OPT_MAX_BYTES)
		return -EINVAL;
	memcpy(header + HDR_BYTES, data, len_bytes);
	out->optlen = (u8)ALIGN_UP(len_bytes, 4U);
	err = opt_walk_all(&w);
	if (err)
		return err;
	memcpy(out->data, header + HDR_BYTES, out->optlen);
	opt_clear_slots(out);
	return 0;
}

static void opt_build_timestamp(struct sk_buff *skb, const struct ip_options *opt)
{
	u8 *p = skb_network_header(skb) + opt->ts;
	u32 slot_bytes = (p[OPT_FLAGS] & 0xf) == IPOPT_TS_TSONLY ? 4 : 8;

	if (opt->ts_needaddr)
		put_unaligned_be32(ip_hdr(skb)->saddr, p + p[OPT_PTR] - 1);
	put_unaligned_be32(opt_now(skb->pool->net), p + p[OPT_PTR] - 1 + slot_bytes - 4);
	p[OPT_PTR] = (u8)(p[OPT_PTR] + slot_bytes);
}

void ip_options_build(struct sk_buff *skb, const struct ip_options *opt, __be32 daddr)
{
	u8 *iph = skb_network_header(skb), *p;

	memcpy(iph + HDR_BYTES, opt->data, opt->optlen);
	if (opt->srr) { /* the first station is the destination; the others move up, and the end of the way is last */
		p = iph + opt->srr;
		memmove(p + 3, p + 7, p[OPT_LEN] - 7U);
		put_unaligned_be32(daddr, p + p[OPT_LEN] - 4);
	}
	if (opt->rr_needaddr) {
		p = iph + opt->rr;
		put_unaligned_be32(ip_hdr(skb)->saddr, p + p[OPT_PTR] - 1);
		p[OPT_PTR] = (u8)(p[OPT_PTR] + 4);
	}
	if (opt->ts_needtime)
		opt_build_timestamp(skb, opt);
}

void ip_options_fragment(struct iphdr *iph)
{
	u8 *p = (u8 *)iph + HDR_BYTES;
	u32 left = ip_hdrlen_bytes(iph) - HDR_BYTES;

	while (left && *p != IPOPT_END) {
		u32 len = *p == IPOPT_NOOP ? 1 : left < 2 || p[OPT_LEN] < 2 || p[OPT_LEN] > left ? left : p[OPT_LEN];

		if (!(*p & IPOPT_COPY))
			memset(p, IPOPT_NOOP, len);
		p += len;
		left -= len;
	}
}
