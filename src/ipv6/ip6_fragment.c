// SPDX-License-Identifier: BSD-2-Clause
/* Fragmentation: by the host that sends, and by nobody on the way.
 *
 * @step S4 of S13, from ipv6/ip6_output.c, and back to it
 * @rfc 8200 4.5, 7739, 8021
 * @linux net/ipv6/ip6_output.c: ip6_fragment
 */
#include <errno.h>

#include "ipv6/addrconf.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ipv6.h"
#include "neigh/neighbour.h"
#include "wire/icmp6.h"

/* RFC 7739 5.3: nobody who has seen one guesses the next. */
__be32 ipv6_select_ident(struct net *net, const struct in6_addr *daddr, const struct in6_addr *saddr)
{
	u32 id;

	(void)daddr, (void)saddr;
	do
		id = get_random_u32(&net->rng);
	while (!id);
	return cpu_to_be32(id);
}

/** struct ip6_frag_state - one packet while it is cut */
struct ip6_frag_state {
	struct net *net;
	struct sk_buff *skb;
	u32 hlen;            /**< of what every fragment carries, without the fragment header */
	u32 nexthdr_off;     /**< of the octet before the fragment header */
	u32 room_bytes;      /**< payload of a whole fragment, a multiple of 8 */
	u32 pos, left_bytes; /**< payload */
	u8 nexthdr;
	__be32 id;
};

static void ip6_copy_metadata(struct sk_buff *to, const struct sk_buff *from)
{
	to->dev = from->dev;
	to->protocol = from->protocol;
	to->pkt_type = from->pkt_type;
	to->priority = from->priority;
	to->mark = from->mark;
	to->hash = from->hash;
	to->id = from->id;
	to->ignore_df = from->ignore_df;
	skb_dst_drop(to);
	skb_dst_copy(to, from);
	memcpy(to->cb, from->cb, sizeof(to->cb));
	IP6CB(to)->frag_max_size = 0;
}

static void ip6_frag_headers(const struct ip6_frag_state *s, struct sk_buff *frag, u32 payload_bytes)
{
	u8 *base = skb_network_header(frag);
	struct frag_hdr fh = { .nexthdr = s->nexthdr,
			       .frag_off = cpu_to_be16((u16)(s->pos | (payload_bytes < s->left_bytes ? IP6_MF : 0U))),
			       .identification = s->id };

	base[s->nexthdr_off] = NEXTHDR_FRAGMENT;
	memcpy(base + s->hlen, &fh, sizeof(fh));
	ipv6_hdr(frag)->payload_len = cpu_to_be16((u16)(s->hlen + sizeof(fh) + payload_bytes - IPV6_HEADER_BYTES));
}

/* Return: returned, or NULL with *err */
static struct sk_buff *ip6_frag_next(struct ip6_frag_state *s, int *err)
{
	u32 headroom = max_u32(LL_RESERVED_SPACE(s->skb->dev), HH_DATA_MOD);
	u32 len = min_u32(s->left_bytes, s->room_bytes), hdr_bytes = s->hlen + (u32)sizeof(struct frag_hdr);
	struct sk_buff *frag = alloc_skb(s->skb->pool, headroom + hdr_bytes + len);
	u8 *data;

	*err = -ENOMEM;
	if (!frag)
		return NULL;
	skb_reserve(frag, headroom);
	skb_reset_network_header(frag);
	skb_set_transport_header(frag, hdr_bytes);
	data = skb_put(frag, hdr_bytes + len);
	ip6_copy_metadata(frag, s->skb);
	*err = skb_copy_bits(s->skb, 0, data, s->hlen);
	if (!*err)
		*err = skb_copy_bits(s->skb, s->hlen + s->pos, data + hdr_bytes, len);
	if (*err) {
		kfree_skb_reason(frag, SKB_DROP_REASON_HDR_TRUNC);
		return NULL;
	}
	ip6_frag_headers(s, frag, len);
	if (unlikely(skb_shinfo(s->skb)->tx_flags)) /* the first tells the time */
		skb_move_owner(frag, s->skb);
	s->pos += len;
	s->left_bytes -= len;
	return frag;
}

static int ip6_frag_all(struct ip6_frag_state *s, struct sock *sk,
			int (*output)(struct net *, struct sock *, struct sk_buff *))
{
	struct inet6_dev *idev = ip6_dst_idev(s->skb);
	struct sk_buff *frag;
	int err = 0;

	while (s->left_bytes) {
		frag = ip6_frag_next(s, &err);
		if (!frag)
			break;
		frag->dst_pending_confirm = s->skb->dst_pending_confirm; /* the first says it */
		s->skb->dst_pending_confirm = 0;
		err = output(s->net, sk, frag);
		if (err)
			break;
		IP6_INC(s->net, idev, frag_creates);
	}
	if (!err) {
		IP6_INC(s->net, idev, frag_oks);
		consume_skb(s->skb);
		return 0;
	}
	IP6_INC(s->net, idev, frag_fails);
	kfree_skb_reason(s->skb, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_NOT_WHOLE);
	return err;
}

static int ip6_frag_drop(struct net *net, struct sk_buff *skb, enum skb_drop_reason reason, int err)
{
	IP6_INC(net, ip6_dst_idev(skb), frag_fails);
	kfree_skb_reason(skb, reason);
	return err;
}

static int ip6_frag_too_big(struct net *net, struct sk_buff *skb, u32 mtu)
{
	icmpv6_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
	return ip6_frag_drop(net, skb, SKB_DROP_REASON_PKT_TOO_BIG, -EMSGSIZE);
}

int ip6_fragment(struct net *net, struct sock *sk, struct sk_buff *skb,
		 int (*output)(struct net *, struct sock *, struct sk_buff *))
{
	u32 mtu = ip6_skb_mtu(skb), seen = IP6CB(skb)->frag_max_size;
	struct ip6_frag_state s = { .net = net, .skb = skb };
	u8 *nexthdr;
	int hlen = ip6_find_1stfragopt(skb, &nexthdr), err;

	if (hlen < 0)
		return ip6_frag_drop(net, skb, SKB_DROP_REASON_IPV6_BAD_EXTHDR, hlen);
	if (!skb->ignore_df && skb->len > mtu)
		return ip6_frag_too_big(net, skb, mtu);
	if (seen > mtu)
		return ip6_frag_too_big(net, skb, mtu);
	if (seen)
		mtu = max_u32(seen, IPV6_MIN_MTU);
	s.hlen = (u32)hlen;
	if (mtu < s.hlen + sizeof(struct frag_hdr) + 8)
		return ip6_frag_too_big(net, skb, mtu);
	err = skb_checksum_help(skb);
	if (err)
		return ip6_frag_drop(net, skb, err == -ENOMEM ? SKB_DROP_REASON_NOMEM : SKB_DROP_REASON_SKB_CSUM, err);
	if (ip6_find_1stfragopt(skb, &nexthdr) < 0) /* its head may be another now */
		return ip6_frag_drop(net, skb, SKB_DROP_REASON_IPV6_BAD_EXTHDR, -EINVAL);
	s.nexthdr_off = (u32)(nexthdr - skb_network_header(skb));
	s.nexthdr = *nexthdr;
	s.room_bytes = (mtu - s.hlen - (u32)sizeof(struct frag_hdr)) & ~7U;
	s.left_bytes = skb->len - s.hlen;
	s.id = ipv6_select_ident(net, &ipv6_hdr(skb)->daddr, &ipv6_hdr(skb)->saddr);
	return ip6_frag_all(&s, sk, output);
}
