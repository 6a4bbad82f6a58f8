// SPDX-License-Identifier: BSD-2-Clause
/* IPv4 options: judged, recorded in, echoed, sent.
 *
 * @rfc 791 3.1, 1122 3.2.1.8, 1812 5.2.4, 2113, 7126
 * @linux net/ipv4/ip_options.c
 *
 * Offsets are counted from the beginning of the IP header, as a parameter problem's pointer is.
 */
#include <errno.h>

#include "ipv4/icmp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fib.h"
#include "wire/icmp.h"

enum {
	IPOPT_END = 0, IPOPT_NOOP = 1, IPOPT_RR = 7, IPOPT_TIMESTAMP = 68, IPOPT_SEC = 130, IPOPT_LSRR = 131,
	IPOPT_CIPSO = 134, IPOPT_SID = 136, IPOPT_SSRR = 137, IPOPT_RA = 148,
};
#define IPOPT_COPY 0x80 /* goes into every fragment */
enum { IPOPT_TS_TSONLY = 0, IPOPT_TS_TSANDADDR = 1, IPOPT_TS_PRESPEC = 3 };

#define HDR_BYTES ((u32)sizeof(struct iphdr))

/** struct opt_walk - one set of options on its way through the rules */
struct opt_walk {
	struct net *net;
	u8 *iph;            /**< the header that offsets count from */
	struct ip_options *opt;
	__be32 spec_dst;    /**< address to record; 0: a sender's options, nothing is recorded */
	bool admin;
	bool changed;
	const u8 *problem;  /**< octet that is wrong */
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

/* RFC 7126 4.3-4.5: source routes are refused on the way in, unless a device accepts them. */
static int opt_source_route(struct opt_walk *w, u8 *p, u8 len)
{
	if (len < 3)
		return opt_bad(w, p + 1);
	if (p[2] < 4)
		return opt_bad(w, p + 2);
	if (w->opt->srr)
		return opt_bad(w, p); /* RFC 1812 5.3.13.4: one at most */
	if (!w->spec_dst && (p[2] != 4 || len < 7 || ((len - 3) & 3)))
		return opt_bad(w, p + 1);
	w->opt->is_strictroute = p[0] == IPOPT_SSRR;
	w->opt->srr = opt_offset(w, p);
	return 0;
}

static int opt_record_route(struct opt_walk *w, u8 *p, u8 len)
{
	if (w->opt->rr)
		return opt_bad(w, p);
	if (len < 3)
		return opt_bad(w, p + 1);
	if (p[2] < 4)
		return opt_bad(w, p + 2);
	if (p[2] <= len) {
		if (p[2] + 3 > len)
			return opt_bad(w, p + 2);
		if (w->spec_dst) {
			put_unaligned_be32(w->spec_dst, p + p[2] - 1);
			w->changed = true;
		}
		p[2] = (u8)(p[2] + 4);
		w->opt->rr_needaddr = 1;
	}
	w->opt->rr = opt_offset(w, p);
	return 0;
}

static __be32 opt_now_ms(const struct net *net)
{
	return cpu_to_be32((u32)((net->now + net->wall_offset) / NSEC_PER_MSEC % (86400 * 1000)));
}

/* Room for one more stamp?  The overflow count, its upper four bits, says how many found none. */
static int opt_timestamp_full(struct opt_walk *w, u8 *p)
{
	u8 overflow = p[3] >> 4;

	if (overflow == 15)
		return opt_bad(w, p + 3);
	if (w->spec_dst) {
		p[3] = (u8)((p[3] & 0xf) | (overflow + 1) << 4);
		w->changed = true;
	}
	return 0;
}

static int opt_timestamp_stamp(struct opt_walk *w, u8 *p, u8 len)
{
	u8 *stamp = p + p[2] - 1;
	u8 need = (p[3] & 0xf) == IPOPT_TS_TSONLY ? 4 : 8;

	if (p[2] + need - 1 > len)
		return opt_bad(w, p + 2);
	switch (p[3] & 0xf) {
	case IPOPT_TS_TSONLY:
		break;
	case IPOPT_TS_TSANDADDR:
		if (w->spec_dst)
			put_unaligned_be32(w->spec_dst, stamp);
		w->opt->ts_needaddr = 1;
		stamp += 4;
		break;
	case IPOPT_TS_PRESPEC:
		if (w->spec_dst && inet_addr_type(w->net, get_unaligned_be32(stamp)) != RTN_LOCAL)
			return 0; /* meant for somebody else */
		stamp += 4;
		break;
	default:
		return w->admin ? 0 : opt_bad(w, p + 3);
	}
	if (w->spec_dst) {
		put_unaligned_be32(opt_now_ms(w->net), stamp);
		w->changed = true;
	}
	p[2] = (u8)(p[2] + need);
	w->opt->ts_needtime = 1;
	return 0;
}

static int opt_timestamp(struct opt_walk *w, u8 *p, u8 len)
{
	int err;

	if (w->opt->ts)
		return opt_bad(w, p);
	if (len < 4)
		return opt_bad(w, p + 1);
	if (p[2] < 5)
		return opt_bad(w, p + 2);
	err = p[2] <= len ? opt_timestamp_stamp(w, p, len) : opt_timestamp_full(w, p);
	if (!err)
		w->opt->ts = opt_offset(w, p);
	return err;
}

static int opt_router_alert(struct opt_walk *w, u8 *p, u8 len)
{
	if (len < 4)
		return opt_bad(w, p + 1);
	if (p[2] == 0 && p[3] == 0)
		w->opt->router_alert = opt_offset(w, p);
	return 0;
}

static int opt_one(struct opt_walk *w, u8 *p, u8 len)
{
	switch (p[0]) {
	case IPOPT_LSRR:
	case IPOPT_SSRR:
		return opt_source_route(w, p, len);
	case IPOPT_RR:
		return opt_record_route(w, p, len);
	case IPOPT_TIMESTAMP:
		return opt_timestamp(w, p, len);
	case IPOPT_RA:
		return opt_router_alert(w, p, len);
	case IPOPT_CIPSO:
		if (!w->admin || w->opt->cipso)
			return opt_bad(w, p);
		w->opt->cipso = opt_offset(w, p);
		return 0;
	default:
		return w->admin || w->spec_dst ? 0 : opt_bad(w, p);
	}
}

static int opt_walk_all(struct opt_walk *w, u8 *p, u32 left)
{
	int err;

	while (left) {
		if (*p == IPOPT_END) {
			/* RFC 791: what follows is padding; it is made what it should be */
			memset(p, IPOPT_END, left);
			return 0;
		}
		if (*p == IPOPT_NOOP) {
			p++;
			left--;
			continue;
		}
		if (left < 2 || p[1] < 2 || p[1] > left)
			return opt_bad(w, p);
		err = opt_one(w, p, p[1]);
		if (err)
			return err;
		left -= p[1];
		p += p[1];
	}
	return 0;
}

/* ------------------------------------------------------------------ received */

static bool opt_srr_refused(const struct sk_buff *skb, const struct net_device *dev)
{
	const struct in_device *in_dev = in_dev_get_rcu(dev);

	(void)skb;
	return !in_dev || !IN_DEV_ANDCONF(in_dev, ACCEPT_SOURCE_ROUTE);
}

int ip_options_rcv(struct sk_buff *skb, struct net_device *dev)
{
	struct ip_options opt = { .optlen = (u8)(ip_hdrlen_bytes(ip_hdr(skb)) - HDR_BYTES) };
	struct opt_walk w = { .net = dev->net, .opt = &opt, .admin = true };
	int err;

	if (skb_cow_head(skb, skb_headroom(skb)))
		return -EINVAL;
	w.iph = skb_network_header(skb);
	w.spec_dst = fib_compute_spec_dst(skb);
	err = opt_walk_all(&w, w.iph + HDR_BYTES, opt.optlen);
	if (err) {
		icmp_send(skb, ICMP_PARAMETERPROB, 0, (u32)(w.problem - w.iph) << 24);
		return err;
	}
	IPCB(skb)->optlen = opt.optlen;
	IPCB(skb)->opt_srr = opt.srr;
	IPCB(skb)->opt_rr = opt.rr;
	IPCB(skb)->opt_ts = opt.ts;
	IPCB(skb)->opt_ra = opt.router_alert;
	if (opt.srr && opt_srr_refused(skb, dev))
		return -EINVAL;
	if (w.changed)
		ip_send_check(ip_hdr(skb));
	return 0;
}

/* The packet goes on: the address recorded is that of the way out. */
void ip_options_forward(struct sk_buff *skb)
{
	u8 *iph = skb_network_header(skb);
	struct inet_skb_parm *parm = IPCB(skb);
	__be32 addr = inet_select_addr(skb_dst(skb)->dev, ip_hdr(skb)->saddr, RT_SCOPE_UNIVERSE);
	u8 *p;

	if (parm->opt_rr) {
		p = iph + parm->opt_rr;
		if (p[2] >= 8 && p[2] - 5 + 3 < p[1])
			put_unaligned_be32(addr, p + p[2] - 5);
	}
	if (parm->opt_rr || parm->opt_ts)
		ip_send_check(ip_hdr(skb));
}

/* ------------------------------------------------------------------ sent */

int ip_options_get(struct net *net, const u8 *data, u32 len_bytes, struct ip_options *out)
{
	u8 header[60] = { 0 };
	struct opt_walk w = { .net = net, .iph = header, .opt = out };
	u32 padded = ALIGN_UP(len_bytes, 4U);
	int err;

	memset(out, 0, sizeof(*out));
	if (len_bytes > sizeof(out->data))
		return -EINVAL;
	memcpy(header + HDR_BYTES, data, len_bytes);
	err = opt_walk_all(&w, header + HDR_BYTES, padded);
	if (err)
		return err;
	out->optlen = (u8)padded;
	memcpy(out->data, header + HDR_BYTES, padded);
	/* Pointers moved as if an address had been recorded: what is sent has not been anywhere yet. */
	memcpy(out->data, data, len_bytes);
	if (out->srr) {
		u8 *p = out->data + out->srr - HDR_BYTES;

		out->faddr = get_unaligned_be32(p + 3);
		if (p[1] > 7) /* the first hop is the destination; the others move up, the last one is ours to add */
			memmove(p + 3, p + 7, p[1] - 7U);
	}
	return 0;
}

void ip_options_build(struct sk_buff *skb, const struct ip_options *opt, __be32 daddr, const struct rtable *rt)
{
	u8 *iph = skb_network_header(skb);
	__be32 addr = inet_select_addr(rt->dst.dev, daddr, RT_SCOPE_UNIVERSE);
	u8 *p;

	memcpy(iph + HDR_BYTES, opt->data, opt->optlen);
	if (opt->srr) {
		p = iph + opt->srr;
		put_unaligned_be32(daddr, p + p[1] - 4);
	}
	if (opt->rr) {
		p = iph + opt->rr;
		if (p[2] + 3 <= p[1]) {
			put_unaligned_be32(ip_hdr(skb)->saddr ? ip_hdr(skb)->saddr : addr, p + p[2] - 1);
			p[2] = (u8)(p[2] + 4);
		}
	}
	if (opt->ts && opt->ts_needtime) {
		p = iph + opt->ts;
		if ((p[3] & 0xf) == IPOPT_TS_TSONLY && p[2] + 3 <= p[1]) {
			put_unaligned_be32(opt_now_ms(skb->pool->net), p + p[2] - 1);
			p[2] = (u8)(p[2] + 4);
		}
	}
}

void ip_options_fragment(struct iphdr *iph)
{
	u8 *p = (u8 *)iph + HDR_BYTES;
	u32 left = ip_hdrlen_bytes(iph) - HDR_BYTES;

	while (left && *p != IPOPT_END) {
		u32 len = *p == IPOPT_NOOP ? 1 : left < 2 || p[1] < 2 || p[1] > left ? left : p[1];

		if (!(*p & IPOPT_COPY))
			memset(p, IPOPT_NOOP, len);
		p += len;
		left -= len;
	}
}

/* ------------------------------------------------------------------ echoed */

static void opt_echo_append(struct ip_options *out, const u8 *opt, u8 *at)
{
	*at = (u8)(HDR_BYTES + out->optlen);
	memcpy(out->data + out->optlen, opt, opt[1]);
	out->optlen = (u8)(out->optlen + opt[1]);
}

/* RFC 1122 3.2.2.6: a record route, or stamps, of a question go into the answer. */
int ip_options_echo(struct ip_options *out, const struct sk_buff *skb)
{
	const struct inet_skb_parm *parm = IPCB(skb);
	const u8 *iph = skb_network_header(skb);

	memset(out, 0, sizeof(*out));
	if (!parm->optlen)
		return 0;
	if (parm->opt_rr)
		opt_echo_append(out, iph + parm->opt_rr, &out->rr);
	if (parm->opt_ts) {
		opt_echo_append(out, iph + parm->opt_ts, &out->ts);
		out->ts_needtime = 1;
	}
	while (out->optlen & 3)
		out->data[out->optlen++] = IPOPT_END;
	return 0;
}
