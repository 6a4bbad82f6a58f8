// SPDX-License-Identifier: BSD-2-Clause
/* Flow labels: by hash of the flow.
 *
 * @step S4 of S13, from ipv6/ip6_output.c   @rfc 6437   @linux ip6_make_flowlabel
 */
#include "ipv6/ipv6.h"

#define FLOWLABEL_STATELESS 0x80000U /* the half of the labels that nobody leases: flowlabel_state_ranges */

/* The same for all packets of a flow, and nobody can tell which other flow would have it. */
static u32 flow_hash(const struct net *net, const struct flowi6 *fl6)
{
	const struct {
		struct in6_addr saddr, daddr;
		__be16 sport, dport;
		u32 proto;
	} key = { fl6->saddr, fl6->daddr, fl6->sport, fl6->dport, fl6->proto };

	return (u32)siphash(&key, sizeof(key), &net->ipv6->flowlabel_key);
}

__be32 ip6_make_flowlabel(struct net *net, const struct sk_buff *skb, __be32 flowlabel, bool autolabel,
			  const struct flowi6 *fl6)
{
	int mode = net->ipv6->auto_flowlabels;
	u32 hash;

	flowlabel &= CONST_BE32(IPV6_FLOWLABEL_MASK);
	if (flowlabel || mode == IP6_AUTO_FLOW_LABEL_OFF || (!autolabel && mode != IP6_AUTO_FLOW_LABEL_FORCED))
		return flowlabel;
	hash = skb && skb->hash ? skb->hash : flow_hash(net, fl6);
	hash &= IPV6_FLOWLABEL_MASK;
	if (net->ipv6->flowlabel_state_ranges)
		hash |= FLOWLABEL_STATELESS;
	return cpu_to_be32(hash);
}
