// SPDX-License-Identifier: BSD-2-Clause
/* Source address selection: which of our addresses a packet comes from.
 *
 * @step S5 of S13, from ipv6/route.c   @rfc 6724 5, 5014 (preferences of a socket)
 * @linux ipv6_dev_get_saddr
 *
 * Two candidates are compared by one rule after the other until one says which is better; of equals the first stays.
 *
 * Reading order: rules[], better(), ipv6_dev_get_saddr().
 */
#include <errno.h>

#include "ipv6/addrconf_internal.h"

/** struct saddr_dst - what a source is wanted for */
struct saddr_dst {
	struct net *net;
	const struct in6_addr *addr;
	const struct net_device *dev; /**< NULL: not known */
	u32 scope, type, prefs;
};

/** a rule: positive: @a is better, negative: @b, 0: the next one decides */
typedef int (*saddr_rule)(const struct saddr_dst *dst, const struct inet6_ifaddr *a, const struct inet6_ifaddr *b);

/** rule 1: the destination itself */
static int rule_same(const struct saddr_dst *dst, const struct inet6_ifaddr *a, const struct inet6_ifaddr *b)
{
	return (int)ipv6_addr_equal(&a->addr, dst->addr) - (int)ipv6_addr_equal(&b->addr, dst->addr);
}

/** rule 2: the smallest scope that reaches; else the widest */
static int rule_scope(const struct saddr_dst *dst, const struct inet6_ifaddr *a, const struct inet6_ifaddr *b)
{
	if (a->scope == b->scope)
		return 0;
	if (a->scope < b->scope)
		return a->scope < dst->scope ? -1 : 1;
	return b->scope < dst->scope ? 1 : -1;
}

static bool is_avoided(const struct inet6_ifaddr *ifp)
{
	return (ifp->flags & IFA_F_DEPRECATED) ||
	       ((ifp->flags & IFA_F_OPTIMISTIC) && !ipv6_use_optimistic_addr(ifp->idev));
}

/** rule 3: not deprecated, as RFC 4429 wants also not optimistic */
static int rule_deprecated(const struct saddr_dst *dst, const struct inet6_ifaddr *a, const struct inet6_ifaddr *b)
{
	(void)dst;
	return (int)is_avoided(b) - (int)is_avoided(a);
}

/** rule 4: home addresses, unless the socket wants the care-of address */
static int rule_home(const struct saddr_dst *dst, const struct inet6_ifaddr *a, const struct inet6_ifaddr *b)
{
	int diff = ((a->flags & IFA_F_HOMEADDRESS) != 0) - ((b->flags & IFA_F_HOMEADDRESS) != 0);

	return dst->prefs & IPV6_PREFER_SRC_COA ? -diff : diff;
}

/** rule 5: of the outgoing device */
static int rule_device(const struct saddr_dst *dst, const struct inet6_ifaddr *a, const struct inet6_ifaddr *b)
{
	return dst->dev ? (a->idev->dev == dst->dev) - (b->idev->dev == dst->dev) : 0;
}

static u32 label_of(const struct saddr_dst *dst, const struct inet6_ifaddr *ifp)
{
	return ipv6_addr_label(dst->net, &ifp->addr, ipv6_addr_type(&ifp->addr), ifp->idev->dev->ifindex);
}

/** rule 6: the destination's label */
static int rule_label(const struct saddr_dst *dst, const struct inet6_ifaddr *a, const struct inet6_ifaddr *b)
{
	u32 wanted = ipv6_addr_label(dst->net, dst->addr, dst->type, dst->dev ? dst->dev->ifindex : 0);

	return (label_of(dst, a) == wanted) - (label_of(dst, b) == wanted);
}

static bool is_as_private_as_wanted(const struct saddr_dst *dst, const struct inet6_ifaddr *ifp)
{
	bool temporary = ifp->flags & IFA_F_TEMPORARY, wanted = IN6_DEV_CONF(ifp->idev, USE_TEMPADDR) >= 2;

	if (dst->prefs & (IPV6_PREFER_SRC_PUBLIC | IPV6_PREFER_SRC_TMP))
		wanted = dst->prefs & IPV6_PREFER_SRC_TMP;
	return temporary == wanted;
}

/** rule 7: temporary or public, as the device or the socket wants */
static int rule_temporary(const struct saddr_dst *dst, const struct inet6_ifaddr *a, const struct inet6_ifaddr *b)
{
	return (int)is_as_private_as_wanted(dst, a) - (int)is_as_private_as_wanted(dst, b);
}

/** is_orchid() - 2001:10::/28: names, not places.  @rfc 4843 */
static bool is_orchid(const struct in6_addr *a)
{
	return a->s6_addr[0] == 0x20 && a->s6_addr[1] == 0x01 && a->s6_addr[2] == 0 && (a->s6_addr[3] & 0xf0) == 0x10;
}

static int rule_orchid(const struct saddr_dst *dst, const struct inet6_ifaddr *a, const struct inet6_ifaddr *b)
{
	bool wanted = is_orchid(dst->addr);

	return (is_orchid(&a->addr) == wanted) - (is_orchid(&b->addr) == wanted);
}

static u32 matching_bits(const struct saddr_dst *dst, const struct inet6_ifaddr *ifp)
{
	return min_u32(ipv6_addr_diff(&ifp->addr, dst->addr), ifp->prefix_len);
}

/** rule 8: the longest prefix in common with the destination */
static int rule_prefix(const struct saddr_dst *dst, const struct inet6_ifaddr *a, const struct inet6_ifaddr *b)
{
	return (int)matching_bits(dst, a) - (int)matching_bits(dst, b);
}

/** not a rule of RFC 6724: of two alike, the one that is known to be unique */
static int rule_optimistic(const struct saddr_dst *dst, const struct inet6_ifaddr *a, const struct inet6_ifaddr *b)
{
	(void)dst;
	return ((b->flags & IFA_F_OPTIMISTIC) != 0) - ((a->flags & IFA_F_OPTIMISTIC) != 0);
}

static const saddr_rule rules[] = { rule_same,  rule_scope,     rule_deprecated, rule_home,   rule_device,
				    rule_label, rule_temporary, rule_orchid,     rule_prefix, rule_optimistic };

static bool better(const struct saddr_dst *dst, const struct inet6_ifaddr *a, const struct inet6_ifaddr *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		int says = rules[i](dst, a, b);

		if (says)
			return says > 0;
	}
	return false;
}

static bool is_candidate(const struct inet6_ifaddr *ifp)
{
	if ((ifp->flags & IFA_F_TENTATIVE) && !(ifp->flags & IFA_F_OPTIMISTIC))
		return false;
	return !ipv6_addr_is_multicast(&ifp->addr) && !(ifp->flags & IFA_F_DADFAILED);
}

static const struct inet6_ifaddr *best_of(const struct saddr_dst *dst, const struct inet6_dev *idev,
					  const struct inet6_ifaddr *best)
{
	const struct inet6_ifaddr *ifp;

	list_for_each_entry(ifp, &idev->addr_list, if_list) {
		if (is_candidate(ifp) && (!best || better(dst, ifp, best)))
			best = ifp;
	}
	return best;
}

/** only_device() - RFC 6724 4: link-local destinations, and groups, are left by an address of the device */
static bool only_device(const struct saddr_dst *dst)
{
	const struct inet6_dev *idev = dst->dev ? in6_dev_get_rcu(dst->dev) : NULL;

	if (!idev)
		return false;
	return (dst->type & IPV6_ADDR_MULTICAST) || dst->scope <= IPV6_ADDR_SCOPE_LINKLOCAL ||
	       IPV6_DEVCONF_ALL(dst->net, USE_OIF_ADDRS_ONLY) || IN6_DEV_CONF(idev, USE_OIF_ADDRS_ONLY);
}

int ipv6_dev_get_saddr(struct net *net, const struct net_device *dst_dev, const struct in6_addr *daddr, u32 prefs,
		       struct in6_addr *out)
{
	struct saddr_dst dst = { .net = net,
				 .addr = daddr,
				 .dev = dst_dev,
				 .scope = ipv6_addr_any(daddr) ? 0
							       : ipv6_addr_scope(daddr), /* as Linux: least of all */
				 .type = ipv6_addr_type(daddr),
				 .prefs = prefs };
	const struct inet6_ifaddr *best = NULL;
	const struct net_device *dev;

	if (only_device(&dst)) {
		best = best_of(&dst, in6_dev_get_rcu(dst_dev), NULL);
	} else {
		for_each_netdev(net, dev) {
			if (in6_dev_get_rcu(dev))
				best = best_of(&dst, in6_dev_get_rcu(dev), best);
		}
	}
	if (!best)
		return -EADDRNOTAVAIL;
	*out = best->addr;
	return 0;
}
