// SPDX-License-Identifier: BSD-2-Clause
/* What must hold of IPv6's addresses and groups. */
#include "ipv6/addrconf_internal.h"
#include "ipv6/ip6_check.h"
#include "ipv6/mcast_internal.h"

static const char *address_check(const struct inet6_ifaddr *ifp)
{
	const struct inet6_dev *idev = ifp->idev;
	struct net *net = idev->dev->net;
	bool tentative = ifp->flags & IFA_F_TENTATIVE;

	HOLDS(ipv6_get_ifaddr(net, &ifp->addr, idev->dev) == ifp, "an address of a device is found by the hash, once");
	HOLDS(ifp->refcnt >= 1 && ifp->state != INET6_IFADDR_STATE_DEAD, "what is in the list is alive");
	HOLDS(!tentative || !ifp->rt || (ifp->flags & IFA_F_OPTIMISTIC), "nothing is delivered to a tentative address");
	HOLDS(ifp->state != INET6_IFADDR_STATE_DAD || timer_pending(&ifp->dad_timer) ||
		      !(ifp->idev->if_flags & IF_READY),
	      "detection goes on");
	HOLDS(ifp->state != INET6_IFADDR_STATE_POSTDAD || !tentative, "what has passed detection is not tentative");
	HOLDS(ifp->state != INET6_IFADDR_STATE_POSTDAD || ifp->rt || ipv6_chk_acast_addr(net, idev->dev, &ifp->addr),
	      "what is ours is delivered to us");
	HOLDS(!ifp->ifpub || (ifp->flags & IFA_F_TEMPORARY), "only a temporary address belongs to another");
	HOLDS(!ifp->ifpub == list_empty(&ifp->tmp_list), "a temporary address is in the list of those");
	HOLDS(!ifp->ifpub || ifp->ifpub->state != INET6_IFADDR_STATE_DEAD,
	      "a temporary address goes with its public one");
	HOLDS(!addrconf_finite(ifp->valid_lft_s) || timer_pending(&ifp->lft_timer), "what ends has a timer for it");
	HOLDS(!addrconf_finite(ifp->prefered_lft_s) || (ifp->flags & IFA_F_DEPRECATED) ||
		      timer_pending(&ifp->lft_timer),
	      "what will be preferred no more has a timer for it");
	HOLDS(!(ifp->flags & IFA_F_PERMANENT) || !addrconf_finite(ifp->valid_lft_s), "what is permanent does not end");
	return NULL;
}

static const char *addresses_check(const struct inet6_dev *idev)
{
	const struct inet6_ifaddr *ifp;
	u32 count = 0, temporary = 0, scope = UINT8_MAX;

	list_for_each_entry(ifp, &idev->addr_list, if_list) {
		const char *broken = address_check(ifp);

		if (unlikely(broken))
			return broken;
		HOLDS(ifp->idev == idev, "an address knows its device");
		HOLDS(ifp->scope <= scope, "the widest scope comes first");
		scope = ifp->scope;
		temporary += ifp->ifpub != NULL;
		count++;
	}
	list_for_each_entry(ifp, &idev->tempaddr_list, tmp_list)
		temporary--;
	HOLDS(!temporary, "the temporary addresses are those that belong to others");
	HOLDS(count == idev->addr_count, "addresses are counted");
	return NULL;
}

/* ------------------------------------------------------------------ groups */

static bool is_solict_of(const struct ifmcaddr6 *mc, const struct in6_addr *addr)
{
	struct in6_addr group;

	addrconf_addr_solict_mult(addr, &group);
	return ipv6_addr_equal(&group, &mc->addr);
}

/** group_needed() - by so many addresses; programs and proxies may be in it, too */
static u32 group_needed(const struct ifmcaddr6 *mc)
{
	const struct inet6_ifaddr *ifp;
	const struct ifacaddr6 *ac;
	u32 count = 0;

	list_for_each_entry(ifp, &mc->idev->addr_list, if_list)
		count += ifp->solict_joined && is_solict_of(mc, &ifp->addr);
	list_for_each_entry(ac, &mc->idev->ac_list, node)
		count += ac->rt && is_solict_of(mc, &ac->addr);
	return count;
}

/** heard_check() - questions about an address of ours reach us: its group is there */
static const char *heard_check(const struct inet6_dev *idev)
{
	const struct inet6_ifaddr *ifp;
	const struct ifacaddr6 *ac;
	struct in6_addr group;

	list_for_each_entry(ifp, &idev->addr_list, if_list) {
		addrconf_addr_solict_mult(&ifp->addr, &group);
		HOLDS(!ifp->solict_joined || mld_group_find(idev, &group), "an address is in its solicited-node group");
	}
	list_for_each_entry(ac, &idev->ac_list, node) {
		addrconf_addr_solict_mult(&ac->addr, &group);
		HOLDS(ac->users, "an anycast address has users");
		HOLDS(!ac->rt || mld_group_find(idev, &group), "an anycast address is in its solicited-node group");
	}
	return NULL;
}

static const char *group_check(const struct ifmcaddr6 *mc, bool left)
{
	const struct ip6_sf_source *s;
	u32 count = 0;

	HOLDS(mc->left == left && (mc->users == 0) == left, "a group has users until it is left");
	HOLDS(mc->users == mc->mode_users[MLD_EXCLUDE] + mc->mode_users[MLD_INCLUDE],
	      "each user of a group has a mode");
	HOLDS(mc->users >= group_needed(mc), "who needs a group is in it");
	HOLDS(mc->mode == mld_mode(mc), "a group's mode is that of its users");
	list_for_each_entry(s, &mc->sources, node) {
		HOLDS(s->include_count || s->exclude_count || s->changes_left, "a source is named, or must be told");
		HOLDS(s->wanted == mld_wants(mc, s), "what is told of a source is what is done with it");
		count++;
	}
	HOLDS(count == mc->source_count && count <= MLD_MAX_SOURCES, "sources are counted, and bounded");
	return NULL;
}

static const char *groups_check(const struct inet6_dev *idev)
{
	const struct ifmcaddr6 *mc;
	const char *broken;
	u32 count = 0, tombs = 0;

	list_for_each_entry(mc, &idev->mc_list, node) {
		broken = group_check(mc, false);
		if (unlikely(broken))
			return broken;
		count++;
	}
	list_for_each_entry(mc, &idev->mc_tomb, node) {
		broken = group_check(mc, true);
		if (unlikely(broken))
			return broken;
		tombs++;
	}
	HOLDS(count == idev->mc_count && count <= MLD_MAX_GROUPS, "groups are counted, and bounded");
	HOLDS(tombs == idev->mc_tomb_count && tombs <= MLD_MAX_GROUPS,
	      "groups that were left are counted, and bounded");
	HOLDS(!tombs || timer_pending(&idev->mc_ifc_timer) || !(idev->if_flags & IF_READY),
	      "what was left will be told, now or when the device comes up");
	return NULL;
}

const char *addrconf_check(struct net *net)
{
	const struct net_device *dev;
	u32 addresses = 0;

	for_each_netdev(net, dev) {
		const struct inet6_dev *idev = in6_dev_get_rcu(dev);
		const char *broken = idev ? addresses_check(idev) : NULL;

		if (!broken && idev)
			broken = groups_check(idev);
		if (!broken && idev)
			broken = heard_check(idev);
		if (unlikely(broken))
			return broken;
		addresses += idev ? idev->addr_count : 0;
	}
	HOLDS(addresses == addrconf_of(net)->addr_hash.live_count, "what the hash finds is some device's");
	return NULL;
}
