// SPDX-License-Identifier: BSD-2-Clause
/* Neighbour Discovery, down: the messages that we send.
 *
 * @step S8 of S13, from ipv6/ndisc.c, ipv6/addrconf_dad.c   @rfc 4861 4, 7.2.2, 7.2.4, 7.2.6, 4429 3.2, 3.3
 * @linux ndisc_send_ns, ndisc_send_na, ndisc_send_rs, ndisc_send_skb
 *
 * Reading order: ndisc_send_ns(), ndisc_send_na(), ndisc_send_skb().
 */
#include "ipv6/icmpv6.h"
#include "ipv6/ndisc_internal.h"

/* ------------------------------------------------------------------ every message */

struct sk_buff *ndisc_alloc_skb(struct net_device *dev, u32 len_bytes)
{
	u32 headroom = LL_RESERVED_SPACE(dev) + IPV6_HEADER_BYTES;
	struct sk_buff *skb = alloc_skb(dev->net->skb_pool, headroom + len_bytes);

	if (!skb)
		return NULL;
	skb_reserve(skb, headroom);
	memset(skb_put(skb, len_bytes), 0, len_bytes);
	skb->dev = dev;
	return skb;
}

void ndisc_send_skb(struct net_device *dev, struct sk_buff *skb, const struct in6_addr *daddr,
		    const struct in6_addr *saddr)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);
	const struct flowi6 fl6 = { .oif = dev->ifindex,
				    .saddr = *saddr,
				    .daddr = *daddr,
				    .proto = IPPROTO_ICMPV6,
				    .flags = FLOWI6_FLAG_NO_AUTOLABEL };
	struct rt6_info *rt;

	if (!skb_dst(skb)) {
		rt = icmp6_dst_alloc(dev, daddr);
		if (!rt) {
			kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
			return;
		}
		skb_dst_set(skb, &rt->dst);
	}
	IP6CB(skb)->flags |= IP6SKB_NO_MC_LOOP; /* we are among those who are asked, but do not ask ourselves */
	icmpv6_push_nd(dev->net, skb, &fl6, idev ? IN6_DEV_CONF(idev, NDISC_TCLASS) : 0, ND_HOP_LIMIT);
}

static u8 *ndisc_put_lladdr(u8 *to, u8 type, const struct net_device *dev)
{
	return nd_put_option(to, type, dev->dev_addr, dev->addr_len);
}

/* ------------------------------------------------------------------ NS, NA, RS */

static u32 ndisc_ns_bytes(const struct net_device *dev, const struct in6_addr *saddr, u64 nonce)
{
	u32 len = (u32)sizeof(struct nd_msg);

	if (!ipv6_addr_any(saddr) && dev->addr_len)
		len += nd_opt_addr_space(dev->addr_len);
	return nonce ? len + nd_opt_addr_space(ND_NONCE_BYTES) : len;
}

void ndisc_send_ns(struct net_device *dev, const struct in6_addr *solicit, const struct in6_addr *daddr,
		   const struct in6_addr *saddr, u64 nonce)
{
	struct in6_addr lladdr;
	struct sk_buff *skb;
	struct nd_msg *msg;
	u8 *opt;

	if (!saddr) {
		if (ipv6_get_lladdr(dev, &lladdr, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC))
			return;
		saddr = &lladdr;
	}
	skb = ndisc_alloc_skb(dev, ndisc_ns_bytes(dev, saddr, nonce));
	if (!skb)
		return;
	msg = (struct nd_msg *)(void *)skb->data;
	msg->icmph.icmp6_type = NDISC_NEIGHBOUR_SOLICITATION;
	msg->target = *solicit;
	opt = (u8 *)(msg + 1);
	if (!ipv6_addr_any(saddr) && dev->addr_len)
		opt = ndisc_put_lladdr(opt, ND_OPT_SOURCE_LL_ADDR, dev);
	if (nonce)
		(void)nd_put_option(opt, ND_OPT_NONCE, &nonce, ND_NONCE_BYTES);
	ndisc_send_skb(dev, skb, daddr, saddr);
}

/** struct ndisc_na - an advertisement to send */
struct ndisc_na {
	const struct in6_addr *target;
	u8 flags; /**< ND_NA_* */
	bool inc_opt;
};

static void ndisc_send_na_from(struct net_device *dev, const struct in6_addr *daddr, const struct in6_addr *saddr,
			       const struct ndisc_na *na)
{
	bool inc_opt = na->inc_opt && dev->addr_len;
	struct sk_buff *skb =
		ndisc_alloc_skb(dev, (u32)sizeof(struct nd_msg) + (inc_opt ? nd_opt_addr_space(dev->addr_len) : 0));
	struct nd_msg *msg;

	if (!skb)
		return;
	msg = (struct nd_msg *)(void *)skb->data;
	msg->icmph.icmp6_type = NDISC_NEIGHBOUR_ADVERTISEMENT;
	msg->icmph.un.bytes[0] = na->flags;
	msg->target = *na->target;
	if (inc_opt)
		(void)ndisc_put_lladdr((u8 *)(msg + 1), ND_OPT_TARGET_LL_ADDR, dev);
	ndisc_send_skb(dev, skb, daddr, saddr);
}

void ndisc_send_na(struct net_device *dev, const struct in6_addr *daddr, const struct in6_addr *solicited_addr,
		   bool router, bool solicited, bool override, bool inc_opt)
{
	const struct inet6_ifaddr *ifp = ipv6_get_ifaddr(dev->net, solicited_addr, dev);
	const struct in6_addr *saddr = solicited_addr;
	struct ndisc_na na = { solicited_addr, 0, inc_opt };
	struct in6_addr ours;

	if (!ifp) { /* a proxy, or an anycast address: many may have it, so it is no source */
		if (ipv6_dev_get_saddr(dev->net, dev, daddr, 0, &ours))
			return;
		saddr = &ours;
	} else {
		override = override && !(ifp->flags & IFA_F_OPTIMISTIC); /* RFC 4429 3.3 */
		na.inc_opt |= IN6_DEV_CONF(ifp->idev, FORCE_TLLAO) != 0;
	}
	na.flags =
		(u8)((router ? ND_NA_ROUTER : 0) | (solicited ? ND_NA_SOLICITED : 0) | (override ? ND_NA_OVERRIDE : 0));
	ndisc_send_na_from(dev, daddr, saddr, &na);
}

void ndisc_send_unsol_na(struct net_device *dev)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);
	const struct inet6_ifaddr *ifa;

	if (!idev)
		return;
	list_for_each_entry(ifa, &idev->addr_list, if_list) {
		if ((ifa->flags & IFA_F_TENTATIVE) && !(ifa->flags & IFA_F_OPTIMISTIC))
			continue; /* not ours yet */
		ndisc_send_na(dev, &in6addr_linklocal_allnodes, &ifa->addr, IN6_DEV_CONF(idev, FORWARDING), false, true,
			      true);
	}
}

void ndisc_send_rs(struct net_device *dev, const struct in6_addr *saddr, const struct in6_addr *daddr)
{
	const struct inet6_ifaddr *ifp = ipv6_get_ifaddr(dev->net, saddr, dev);
	/* RFC 4429 3.2: an address that may be another's must not be told with ours */
	bool inc_opt = dev->addr_len && ifp && !(ifp->flags & IFA_F_OPTIMISTIC);
	struct sk_buff *skb =
		ndisc_alloc_skb(dev, (u32)sizeof(struct icmp6hdr) + (inc_opt ? nd_opt_addr_space(dev->addr_len) : 0));

	if (!skb)
		return;
	((struct icmp6hdr *)(void *)skb->data)->icmp6_type = NDISC_ROUTER_SOLICITATION;
	if (inc_opt)
		(void)ndisc_put_lladdr(skb->data + sizeof(struct icmp6hdr), ND_OPT_SOURCE_LL_ADDR, dev);
	ndisc_send_skb(dev, skb, daddr, saddr);
}
