// SPDX-License-Identifier: BSD-2-Clause
/* Temporary addresses: random ones beside a public address, each for a day or so.
 *
 * @rfc  8981 3
 * @linux ipv6_create_tempaddr, manage_tempaddrs
 *
 * Each belongs to the public address of its prefix.  Its successor is made before it is deprecated.
 *
 * Reading order: manage_tempaddrs(), ipv6_create_tempaddr(), addrconf_tempaddr_tick().
 */
#include <errno.h>

#include "ipv6/addrconf_internal.h"
#include "neigh/neighbour.h"

static s64 not_negative(s64 x)
{
	return x > 0 ? x : 0;
}

static s64 age_s(const struct net *net, ktime_t since)
{
	return (net->now - since) / NSEC_PER_SEC;
}

/** regen_advance_s() - a successor must have passed its detection in time.  @rfc 8981 3.8 */
static s64 regen_advance_s(const struct inet6_dev *idev)
{
	const struct neigh_parms *p = idev->dev->neigh_parms[NEIGH_ND_TABLE];
	s64 retrans = p ? NEIGH_VAR(p, RETRANS_TIME) : NSEC_PER_SEC;

	return IN6_DEV_CONF(idev, REGEN_MIN_ADVANCE) +
	       IN6_DEV_CONF(idev, REGEN_MAX_RETRY) * (s64)IN6_DEV_CONF(idev, DAD_TRANSMITS) * retrans / NSEC_PER_SEC;
}

/** desync_factor_s() - drawn anew if it is more than it may be now */
static s64 desync_factor_s(struct inet6_dev *idev)
{
	s64 most = min_s64(IN6_DEV_CONF(idev, MAX_DESYNC_FACTOR),
			   IN6_DEV_CONF(idev, TEMP_PREFERED_LFT) - regen_advance_s(idev));

	if (most <= 0)
		return 0;
	if (!idev->desync_drawn || idev->desync_factor_s > most)
		idev->desync_factor_s = get_random_u32_below(&idev->dev->net->rng, (u32)most);
	idev->desync_drawn = true;
	return idev->desync_factor_s;
}

static u32 tempaddr_count(const struct inet6_dev *idev)
{
	const struct inet6_ifaddr *ifp;
	u32 count = 0;

	list_for_each_entry(ifp, &idev->tempaddr_list, tmp_list)
		count++;
	return count;
}

/** temp_config() - its lifetimes.  @rfc 8981 3.4.  Return: false: it would be deprecated before it had a successor */
static bool temp_config(struct inet6_ifaddr *ifp, struct ifa6_config *cfg)
{
	struct inet6_dev *idev = ifp->idev;
	struct net *net = idev->dev->net;
	s64 valid = not_negative(IN6_DEV_CONF(idev, TEMP_VALID_LFT));
	s64 prefered = not_negative(IN6_DEV_CONF(idev, TEMP_PREFERED_LFT) - desync_factor_s(idev));

	valid = min_s64(valid, addrconf_lifetime_left(ifp, ifp->valid_lft_s));
	prefered = min_s64(min_s64(prefered, valid), addrconf_lifetime_left(ifp, ifp->prefered_lft_s));
	*cfg = (struct ifa6_config){ .addr = ifp->addr,
				     .prefix_len = ifp->prefix_len,
				     .flags = IFA_F_TEMPORARY,
				     .rt_priority = ifp->rt_priority,
				     .ifa_proto = ifp->ifa_proto,
				     .autoconf = true,
				     .valid_lft_s = (u32)valid,
				     .prefered_lft_s = (u32)prefered };
	ipv6_random_iid(net, &cfg->addr.s6_addr[8]);
	if ((IPV6_DEVCONF_ALL(net, OPTIMISTIC_DAD) || IN6_DEV_CONF(idev, OPTIMISTIC_DAD)) &&
	    !IN6_DEV_CONF(idev, FORWARDING))
		cfg->flags |= IFA_F_OPTIMISTIC;
	return prefered > regen_advance_s(idev);
}

int ipv6_create_tempaddr(struct inet6_ifaddr *ifp)
{
	struct inet6_dev *idev = ifp->idev;
	int most = IN6_DEV_CONF(idev, MAX_ADDRESSES), err;
	struct inet6_ifaddr *ift;
	struct ifa6_config cfg;

	if (IN6_DEV_CONF(idev, USE_TEMPADDR) <= 0 || ifp->state == INET6_IFADDR_STATE_DEAD || idev->dead)
		return -EINVAL;
	if (ifp->regen_count >= IN6_DEV_CONF(idev, REGEN_MAX_RETRY)) {
		idev->cnf.data[IPV6_DEVCONF_USE_TEMPADDR] = -1;
		net_log(idev->dev->net, "%s: regeneration time exceeded - disabled temporary address support",
			idev->dev->name);
		return -EADDRNOTAVAIL;
	}
	if (most > 0 && tempaddr_count(idev) >= (u32)most)
		return -ENOBUFS;
	ifp->regen_count++;
	if (!temp_config(ifp, &cfg))
		return -EINVAL;
	ift = ipv6_add_addr(idev, &cfg, NULL, &err);
	if (!ift)
		return err;
	ifp->refcnt++;
	ift->ifpub = ifp;
	list_add(&ift->tmp_list, &idev->tempaddr_list);
	addrconf_lifetime_arm(ift);
	addrconf_dad_start(ift);
	return 0;
}

/** tempaddr_renew() - the public address has new lifetimes */
static void tempaddr_renew(struct inet6_ifaddr *ift, u32 valid_s, u32 prefered_s)
{
	struct inet6_dev *idev = ift->idev;
	s64 age = age_s(idev->dev->net, ift->cstamp);
	s64 valid = not_negative(IN6_DEV_CONF(idev, TEMP_VALID_LFT) - age);
	s64 prefered = not_negative(IN6_DEV_CONF(idev, TEMP_PREFERED_LFT) - desync_factor_s(idev) - age);

	valid = min_s64(valid, valid_s);
	addrconf_set_lifetimes(ift, (u32)valid, (u32)min_s64(min_s64(prefered, prefered_s), valid));
	if (!(ift->flags & IFA_F_TENTATIVE))
		ipv6_ifa_tell(ift, INET6ADDR_NEW, 0);
}

void manage_tempaddrs(struct inet6_ifaddr *ifp, u32 valid_s, u32 prefered_s, bool create)
{
	struct inet6_ifaddr *ift, *tmp;
	bool any = false;

	list_for_each_entry_safe(ift, tmp, &ifp->idev->tempaddr_list, tmp_list) {
		if (ift->ifpub != ifp)
			continue;
		any = true;
		tempaddr_renew(ift, valid_s, prefered_s);
	}
	if ((create || !any) && IN6_DEV_CONF(ifp->idev, USE_TEMPADDR) > 0) {
		ifp->regen_count = 0;
		(void)ipv6_create_tempaddr(ifp); /* without one the public address serves */
	}
}

void delete_tempaddrs(struct inet6_ifaddr *ifp)
{
	struct inet6_ifaddr *ift, *tmp;

	list_for_each_entry_safe(ift, tmp, &ifp->idev->tempaddr_list, tmp_list) {
		if (ift->ifpub == ifp)
			ipv6_del_addr(ift);
	}
}

ktime_t addrconf_tempaddr_regen(const struct inet6_ifaddr *ifp)
{
	s64 after;

	if ((ifp->flags & (IFA_F_TEMPORARY | IFA_F_TENTATIVE)) != IFA_F_TEMPORARY || ifp->regen_count || !ifp->ifpub ||
	    !addrconf_finite(ifp->prefered_lft_s))
		return KTIME_MAX;
	after = not_negative((s64)ifp->prefered_lft_s - regen_advance_s(ifp->idev));
	return ifp->tstamp + after * NSEC_PER_SEC;
}

void addrconf_tempaddr_tick(struct inet6_ifaddr *ifp)
{
	ifp->regen_count++;
	ifp->ifpub->regen_count = 0;
	(void)ipv6_create_tempaddr(ifp->ifpub); /* counts its failures itself */
}
