// SPDX-License-Identifier: BSD-2-Clause
/* Neighbour solicitations: who asks for us, or for whom we answer; who tries an address of ours.
 *
 * @step receive path, from ipv6/ndisc.c   @rfc 4861 7.1.1, 7.2.3, 7.2.4, 7.2.8, 4862 5.4.3, 7527 4.2, 4429 3.3
 * @linux ndisc_recv_ns
 *
 * Reading order: ndisc_recv_ns(), ndisc_ns_ours(), ndisc_ns_others(), ndisc_ns_answer().
 */
#include <linux/if_packet.h>

#include "ipv6/ndisc_internal.h"
#include "neigh/pneigh.h"

/** struct nd_ns - one solicitation */
struct nd_ns {
	const struct nd_in *in;
	const struct in6_addr *target;
	const u8 *slla; /**< NULL: not told */
	bool dad;       /**< whoever asks wants the address for himself */
	bool multicast; /**< he asks all, so he does not know where it is */
	bool ours;      /**< the target is an address of the device: not an anycast, not a proxy's */
	bool router;
};

/* RFC 4861 7.1.1 */
static enum skb_drop_reason ndisc_ns_check(struct nd_ns *ns)
{
	const struct nd_in *in = ns->in;
	enum skb_drop_reason reason;

	if (ipv6_addr_is_multicast(ns->target))
		return SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS;
	if (ns->dad && !ipv6_addr_is_solict_mult(in->daddr))
		return SKB_DROP_REASON_IPV6_NDISC_BAD_ADDRESS;
	if (ns->dad && in->opts.first[ND_OPT_SOURCE_LL_ADDR])
		return SKB_DROP_REASON_IPV6_NDISC_BAD_OPTIONS;
	reason = ndisc_in_lladdr(in, ND_OPT_SOURCE_LL_ADDR, &ns->slla);
	return reason;
}

/* RFC 7527 4.2: our own question, come back. */
static bool ndisc_ns_is_own(const struct nd_in *in, const struct inet6_ifaddr *ifp)
{
	const struct nd_opt_hdr *opt = in->opts.first[ND_OPT_NONCE];
	u64 nonce = 0;

	if (!opt || opt->nd_opt_len != 1)
		return false;
	memcpy(&nonce, opt + 1, ND_NONCE_BYTES);
	return nonce && nonce == ifp->dad_nonce;
}

/* The target is an address of ours.  Return: will it be answered? */
static bool ndisc_ns_ours(const struct nd_ns *ns, struct inet6_ifaddr *ifp)
{
	if (!(ifp->flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC)))
		return true;
	if (!ns->dad)
		return ifp->flags & IFA_F_OPTIMISTIC;
	if (!ndisc_ns_is_own(ns->in, ifp))
		addrconf_dad_failure(ns->in->skb, ifp);
	return false;
}

/* RFC 4861 7.2.8: somebody whom we can reach, and who cannot hear. */
static bool ndisc_ns_is_proxied(const struct nd_ns *ns, bool *router)
{
	const struct nd_in *in = ns->in;
	const struct pneigh_entry *pn;

	if (!IN6_DEV_CONF(in->idev, FORWARDING) ||
	    !(IPV6_DEVCONF_ALL(in->net, PROXY_NDP) || IN6_DEV_CONF(in->idev, PROXY_NDP)))
		return false;
	pn = pneigh_lookup(ndisc_table(in->net), ns->target, in->dev);
	if (!pn)
		return false;
	*router = pn->flags & NTF_ROUTER;
	return true;
}

/* RFC 4861 7.2.7: others may answer as well; not all at once. */
static bool ndisc_ns_delayed(const struct nd_ns *ns)
{
	const struct nd_in *in = ns->in;
	struct neigh_parms *p = in->dev->neigh_parms[NEIGH_ND_TABLE];
	struct sk_buff *later;

	if (in->redone || in->skb->pkt_type == PACKET_HOST || !ns->multicast || !NEIGH_VAR(p, PROXY_DELAY))
		return false;
	later = skb_clone(in->skb);
	if (later)
		pneigh_enqueue(ndisc_table(in->net), p, later);
	return true;
}

/* The target is not ours: an anycast address, or one that we stand for.  Return: 0 with *answer, or why it is dropped */
static enum skb_drop_reason ndisc_ns_others(struct nd_ns *ns, bool *answer)
{
	const struct nd_in *in = ns->in;

	if (!ipv6_chk_acast_addr(in->net, in->dev, ns->target) && !ndisc_ns_is_proxied(ns, &ns->router))
		return SKB_DROP_REASON_IPV6_NDISC_NS_OTHERHOST;
	*answer = !ndisc_ns_delayed(ns);
	return 0;
}

static void ndisc_ns_count(const struct nd_ns *ns)
{
	struct neigh_statistics *stats = &ndisc_table(ns->in->net)->stats;

	if (ns->multicast)
		stats->rcv_probes_mcast++;
	else
		stats->rcv_probes_ucast++;
}

/* RFC 4861 7.2.3: who asks is there.  Learn him, answer him. */
static void ndisc_ns_answer(const struct nd_ns *ns)
{
	const struct nd_in *in = ns->in;
	struct neigh_table *tbl = ndisc_table(in->net);
	struct neighbour *n;

	ndisc_ns_count(ns);
	n = neigh_lookup(tbl, in->saddr, in->dev);
	if (!n && (!ns->multicast || ns->slla || !in->dev->addr_len) && neigh_create(tbl, in->saddr, in->dev, &n))
		n = NULL;
	if (n)
		(void)neigh_update(n, ns->slla, NUD_STALE, NEIGH_UPDATE_F_WEAK_OVERRIDE | NEIGH_UPDATE_F_OVERRIDE, 0,
				   NULL);
	if (n || !in->dev->header_ops)
		ndisc_send_na(in->dev, in->saddr, ns->target, ns->router, true, ns->ours && ns->multicast,
			      ns->multicast);
	if (n)
		neigh_release(n);
}

enum skb_drop_reason ndisc_recv_ns(const struct nd_in *in)
{
	struct nd_ns ns = { .in = in,
			    .target = &((const struct nd_msg *)in->msg)->target,
			    .dad = ipv6_addr_any(in->saddr),
			    .multicast = ipv6_addr_is_multicast(in->daddr),
			    .router = IN6_DEV_CONF(in->idev, FORWARDING) };
	enum skb_drop_reason reason = ndisc_ns_check(&ns);
	struct inet6_ifaddr *ifp;
	bool answer = false;

	if (reason)
		return reason;
	ifp = ipv6_get_ifaddr(in->net, ns.target, in->dev);
	ns.ours = ifp != NULL;
	if (ifp)
		answer = ndisc_ns_ours(&ns, ifp);
	else
		reason = ndisc_ns_others(&ns, &answer);
	if (!answer)
		return reason;
	if (ns.dad)
		ndisc_send_na(in->dev, &in6addr_linklocal_allnodes, ns.target, ns.router, false, ns.ours, true);
	else
		ndisc_ns_answer(&ns);
	return 0;
}
