// SPDX-License-Identifier: BSD-2-Clause
/* Neighbour advertisements: where a neighbour is, whether it is there, and whether it is a router.
 *
 * @step receive path, from ipv6/ndisc.c   @rfc 4861 7.1.2, 7.2.5, 7.3.3, 4862 5.4.4, 9131
 * @linux ndisc_recv_na
 *
 * Reading order: ndisc_recv_na(), ndisc_na_learn(), ndisc_na_update().  What 7.2.5 says of addresses and states is
 * neigh_update()'s.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>

#include "ipv6/ip6_route.h"
#include "ipv6/ndisc_internal.h"
#include "neigh/pneigh.h"

/** struct nd_na - one advertisement */
struct nd_na {
	const struct nd_in *in;
	const struct in6_addr *target;
	const u8 *tlla; /**< NULL: not told */
	bool router, solicited, override;
};

/* RFC 4861 7.1.2 */
static enum skb_drop_reason ndisc_na_check(struct nd_na *na)
{
	const struct nd_in *in = na->in;

	if (ipv6_addr_is_multicast(na->target))
		return SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS;
	if (na->solicited && ipv6_addr_is_multicast(in->daddr))
		return SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS;
	if (!na->solicited && IN6_DEV_CONF(in->idev, DROP_UNSOLICITED_NA))
		return SKB_DROP_REASON_IPV6_NDISC_UNSOLICITED;
	return 0;
}

/* Somebody says that an address of ours is his.  While we are trying it, it is; later nothing can be done about it. */
static enum skb_drop_reason ndisc_na_about_us(const struct nd_na *na, struct inet6_ifaddr *ifp)
{
	const struct nd_in *in = na->in;
	const u8 *mac = skb_mac_header_was_set(in->skb) ? skb_mac_header(in->skb) + ETH_ALEN : NULL;
	char target[INET6_ADDRSTRLEN];

	if (in->skb->pkt_type == PACKET_LOOPBACK)
		return 0;
	if (ifp->flags & IFA_F_TENTATIVE) {
		addrconf_dad_failure(in->skb, ifp);
		return 0;
	}
	if (mac && in->dev->addr_len == ETH_ALEN && ratelimit(&in->net->ipv6->ndisc->log_limit, in->net->now))
		net_log(in->net, "NA: %02x:%02x:%02x:%02x:%02x:%02x advertised our address %s on %s!", mac[0], mac[1],
			mac[2], mac[3], mac[4], mac[5], inet_ntop(AF_INET6, na->target, target, sizeof(target)),
			in->dev->name);
	return 0;
}

/* RFC 9131: a router may note who came, before the first packet for him does. */
static bool ndisc_na_is_welcome(const struct nd_na *na)
{
	const struct nd_in *in = na->in;

	if (!na->tlla || !IN6_DEV_CONF(in->idev, FORWARDING))
		return false;
	switch (IN6_DEV_CONF(in->idev, ACCEPT_UNTRACKED_NA)) {
	case 1:
		return true;
	case 2: /* only those in a subnet of this device */
		return ipv6_chk_prefix(in->saddr, in->dev);
	default:
		return false;
	}
}

/* The entry that it is about, if there is one, or may be; returned, *state: what it is to become. */
static struct neighbour *ndisc_na_learn(const struct nd_na *na, u8 *state)
{
	struct neigh_table *tbl = ndisc_table(na->in->net);
	struct neighbour *n = neigh_lookup(tbl, na->target, na->in->dev);

	*state = na->solicited ? NUD_REACHABLE : NUD_STALE;
	if (n || !ndisc_na_is_welcome(na) || neigh_create(tbl, na->target, na->in->dev, &n))
		return n;
	*state = NUD_STALE;
	return n;
}

/* D14: nobody has asked, so nothing says that the way there works; it may be forged. */
static bool ndisc_na_is_unasked(const struct nd_na *na, const struct neighbour *n)
{
	return ndisc_is_strict(na->in) && na->tlla && !(n->nud_state & (NUD_INCOMPLETE | NUD_PROBE)) &&
	       memcmp(n->ha, na->tlla, n->dev->addr_len) != 0;
}

static void ndisc_na_update(const struct nd_na *na, struct neighbour *n, u8 state)
{
	u32 flags = NEIGH_UPDATE_F_WEAK_OVERRIDE | NEIGH_UPDATE_F_OVERRIDE_ISROUTER;
	u8 old_flags = n->flags;

	if (n->nud_state & NUD_FAILED) {
		if (!ndisc_is_strict(na->in)) /* D11 */
			return;
		state = NUD_STALE;
	}
	if (na->override)
		flags |= NEIGH_UPDATE_F_OVERRIDE;
	if (na->router)
		flags |= NEIGH_UPDATE_F_ISROUTER;
	if (state == NUD_REACHABLE && na->override && ndisc_na_is_unasked(na, n))
		state = NUD_STALE;
	(void)neigh_update(n, na->tlla, state, flags, 0, NULL);
	if ((old_flags & (u8)~n->flags) & NTF_ROUTER)
		rt6_clean_tohost(na->in->net, na->in->saddr); /* RFC 4861 7.3.3 */
}

enum skb_drop_reason ndisc_recv_na(const struct nd_in *in)
{
	const struct nd_msg *msg = in->msg;
	u8 bits = msg->icmph.un.bytes[0], state;
	struct nd_na na = { .in = in,
			    .target = &msg->target,
			    .router = bits & ND_NA_ROUTER,
			    .solicited = bits & ND_NA_SOLICITED,
			    .override = bits & ND_NA_OVERRIDE };
	enum skb_drop_reason reason = ndisc_na_check(&na), bad_lladdr;
	struct inet6_ifaddr *ifp;
	struct neighbour *n;

	if (reason)
		return reason;
	bad_lladdr = ndisc_in_lladdr(in, ND_OPT_TARGET_LL_ADDR, &na.tlla);
	if (bad_lladdr == SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS)
		return bad_lladdr;
	ifp = ipv6_get_ifaddr(in->net, na.target, in->dev);
	if (ifp)
		return ndisc_na_about_us(&na, ifp);
	if (bad_lladdr) /* among them our own, of those for whom we stand */
		return bad_lladdr;
	n = ndisc_na_learn(&na, &state);
	if (!n)
		return SKB_DROP_REASON_IPV6_NDISC_UNSOLICITED;
	ndisc_na_update(&na, n, state);
	neigh_release(n);
	return 0;
}
