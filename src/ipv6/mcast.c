// SPDX-License-Identifier: BSD-2-Clause
/* Multicast groups of devices: who is in them, and whom they listen to.
 *
 * @rfc  3810 4-6, 2710, 4607
 * @linux net/ipv6/mcast.c
 *
 * A group has users, each with a mode and sources of its own; the device's filter is what lets through all that any of
 * them wants (RFC 3810 4.2).  What changes in it is told to the routers by mcast_report.c.
 *
 * Reading order: ipv6_dev_mc_inc_mode(), ip6_mc_filter(), filter_changed(), ipv6_dev_mc_dec_mode(), ipv6_chk_mcast_addr().
 */
#include "ipv6/mcast.h"

#include <errno.h>

#include "ipv6/ip6_route.h"
#include "ipv6/mcast_internal.h"
#include "ipv6/netns_ipv6.h"

/* ------------------------------------------------------------------ groups */

struct ifmcaddr6 *mld_group_find(const struct inet6_dev *idev, const struct in6_addr *group)
{
	struct ifmcaddr6 *mc;

	list_for_each_entry(mc, &idev->mc_list, node) {
		if (ipv6_addr_equal(&mc->addr, group))
			return mc;
	}
	return NULL;
}

static struct ip6_sf_source *source_find(const struct ifmcaddr6 *mc, const struct in6_addr *addr)
{
	struct ip6_sf_source *s;

	list_for_each_entry(s, &mc->sources, node) {
		if (ipv6_addr_equal(&s->addr, addr))
			return s;
	}
	return NULL;
}

bool ipv6_chk_mcast_addr(const struct net_device *dev, const struct in6_addr *group, const struct in6_addr *src)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);
	const struct ifmcaddr6 *mc = idev ? mld_group_find(idev, group) : NULL;
	const struct ip6_sf_source *s;

	if (!mc)
		return false;
	if (!src || ipv6_addr_any(src))
		return true;
	s = source_find(mc, src);
	return s ? mld_wants(mc, s) : mc->mode_users[MLD_EXCLUDE] != 0;
}

/** hardware_filter() - the device hears the group's link-layer address.  @rfc 2464 7.  Return: 0, -errno */
static int hardware_filter(struct ifmcaddr6 *mc, bool open)
{
	struct net_device *dev = mc->idev->dev;
	u8 addr[MAX_ADDR_LEN] = { 0 };
	int err = 0;

	if (open == !!(mc->flags & MAF_LOADED) || (mc->addr.s6_addr[1] & 0xf) < IPV6_ADDR_SCOPE_LINKLOCAL)
		return 0;
	if (dev->addr_len == ETH_ALEN && !(dev->flags & IFF_LOOPBACK)) {
		ipv6_eth_mc_map(&mc->addr, addr);
		err = open ? dev_mc_add(dev, addr) : dev_mc_del(dev, addr);
	}
	if (!err || !open)
		mc->flags = (u8)(open ? mc->flags | MAF_LOADED : mc->flags & ~MAF_LOADED);
	return err;
}

int mld_hear(struct ifmcaddr6 *mc)
{
	return hardware_filter(mc, true);
}

void mld_hear_not(struct ifmcaddr6 *mc)
{
	(void)hardware_filter(mc, false); /* it is there: MAF_LOADED says so */
}

static void source_free(struct ifmcaddr6 *mc, struct ip6_sf_source *s)
{
	list_del_init(&s->node);
	mc->source_count--;
	mem_free(mc->idev->dev->net->mem, s, sizeof(*s));
}

void mld_drop_told(struct ifmcaddr6 *mc)
{
	struct ip6_sf_source *s, *tmp;

	list_for_each_entry_safe(s, tmp, &mc->sources, node) {
		if (!s->include_count && !s->exclude_count && !s->changes_left)
			source_free(mc, s);
	}
}

static void group_free_rcu(struct rcu_head *head)
{
	struct ifmcaddr6 *mc = container_of(head, struct ifmcaddr6, rcu);

	mem_free(mc->idev->dev->net->mem, mc, sizeof(*mc));
}

static void group_free(struct ifmcaddr6 *mc)
{
	struct net *net = mc->idev->dev->net;
	struct ip6_sf_source *s, *tmp;

	timer_delete(net->timers, &mc->timer);
	list_for_each_entry_safe(s, tmp, &mc->sources, node)
		source_free(mc, s);
	list_del_init(&mc->node);
	rcu_defer_free(&net->rcu, &mc->rcu, group_free_rcu);
}

void mld_tomb_free(struct ifmcaddr6 *mc)
{
	mc->idev->mc_tomb_count--;
	group_free(mc);
}

/* ------------------------------------------------------------------ join */

static struct ifmcaddr6 *tomb_find(const struct inet6_dev *idev, const struct in6_addr *group)
{
	struct ifmcaddr6 *mc;

	list_for_each_entry(mc, &idev->mc_tomb, node) {
		if (ipv6_addr_equal(&mc->addr, group))
			return mc;
	}
	return NULL;
}

static struct ifmcaddr6 *group_new(struct inet6_dev *idev, const struct in6_addr *group)
{
	struct net *net = idev->dev->net;
	struct ifmcaddr6 *mc = mem_zalloc(net->mem, sizeof(*mc));
	u32 scope = group->s6_addr[1] & 0xfU;

	if (!mc)
		return NULL;
	mc->idev = idev;
	mc->addr = *group;
	mc->mode = MLD_INCLUDE;
	mc->cstamp = mc->tstamp = net->now;
	INIT_LIST_HEAD(&mc->sources);
	INIT_LIST_HEAD(&mc->node);
	timer_setup(&mc->timer, mld_group_timer);
	if (scope < IPV6_ADDR_SCOPE_LINKLOCAL || ipv6_addr_equal(group, &in6addr_linklocal_allnodes))
		mc->flags |= MAF_NOREPORT;
	return mc;
}

/** group_begin() - one that was left a moment ago goes on; or a new one.  Return: NULL: no memory, or too many */
static struct ifmcaddr6 *group_begin(struct inet6_dev *idev, const struct in6_addr *group)
{
	struct ifmcaddr6 *mc = tomb_find(idev, group);

	if (!mc && (idev->dead || idev->mc_count >= MLD_MAX_GROUPS))
		return NULL;
	if (!mc)
		mc = group_new(idev, group);
	else
		idev->mc_tomb_count--;
	if (!mc)
		return NULL;
	list_del_init(&mc->node);
	mc->left = false;
	if (mld_hear(mc)) {
		group_free(mc);
		return NULL;
	}
	list_add(&mc->node, &idev->mc_list);
	idev->mc_count++;
	rt6_cache_flush(idev->dev->net);
	return mc;
}

/* ------------------------------------------------------------------ the filter */

/**
 * filter_changed() - what is different from what was told becomes records
 *
 * @rfc 3810 6.1: another mode is told with all its sources; in the same mode, each source that is let in or kept out.
 */
static void filter_changed(struct ifmcaddr6 *mc)
{
	u8 qrv = mld_qrv(mc->idev), mode = mld_mode(mc);
	bool told = mode == mc->mode, changed = !told;
	struct ip6_sf_source *s;

	if (!told) {
		mc->mode = mode;
		mc->changes_left = qrv;
	}
	list_for_each_entry(s, &mc->sources, node) {
		bool wanted = mld_wants(mc, s);

		if (wanted != s->wanted && told) {
			s->changes_left = qrv;
			changed = true;
		} else if (!told) { /* the record of the mode names it, or says it by not naming it */
			s->changes_left = 0;
		}
		s->wanted = wanted;
	}
	mc->tstamp = mc->idev->dev->net->now;
	if (changed)
		mld_changed(mc);
}

static struct ip6_sf_source *source_get(struct ifmcaddr6 *mc, const struct in6_addr *addr)
{
	struct ip6_sf_source *s = source_find(mc, addr);

	if (s || mc->source_count >= MLD_MAX_SOURCES)
		return s;
	s = mem_zalloc(mc->idev->dev->net->mem, sizeof(*s));
	if (!s)
		return NULL;
	s->addr = *addr;
	s->wanted = mc->mode_users[MLD_EXCLUDE] != 0; /* as one that nobody named */
	list_add_tail(&s->node, &mc->sources);
	mc->source_count++;
	return s;
}

static void sources_count(struct ifmcaddr6 *mc, u8 mode, const struct in6_addr *sources, u32 count, int delta)
{
	for (u32 i = 0; i < count; i++) {
		struct ip6_sf_source *s = source_find(mc, &sources[i]);
		u32 *users = !s ? NULL : mode == MLD_INCLUDE ? &s->include_count : &s->exclude_count;

		if (users && (delta > 0 || *users))
			*users += (u32)delta;
	}
}

int ip6_mc_filter(struct net_device *dev, const struct in6_addr *group, u8 mode, const struct in6_addr *sources,
		  u32 count, int delta)
{
	struct inet6_dev *idev = in6_dev_get_rcu(dev);
	struct ifmcaddr6 *mc = idev ? mld_group_find(idev, group) : NULL;

	if (!mc || mode > MLD_INCLUDE)
		return -ENOENT;
	for (u32 i = 0; i < count && delta > 0; i++) {
		if (!source_get(mc, &sources[i])) {
			mld_drop_told(mc);
			return -ENOBUFS;
		}
	}
	if (delta > 0 || mc->mode_users[mode])
		mc->mode_users[mode] += (u32)delta;
	sources_count(mc, mode, sources, count, delta);
	filter_changed(mc);
	mld_drop_told(mc);
	return 0;
}

/* ------------------------------------------------------------------ join and leave */

int ipv6_dev_mc_inc_mode(struct net_device *dev, const struct in6_addr *group, u8 mode)
{
	struct inet6_dev *idev = in6_dev_get_rcu(dev);
	struct ifmcaddr6 *mc;

	if (!ipv6_addr_is_multicast(group) || !idev || mode > MLD_INCLUDE)
		return -EINVAL;
	mc = mld_group_find(idev, group);
	if (!mc)
		mc = group_begin(idev, group);
	if (!mc)
		return -ENOBUFS;
	mc->users++;
	mc->mode_users[mode]++;
	filter_changed(mc);
	return 0;
}

int ipv6_dev_mc_inc(struct net_device *dev, const struct in6_addr *group)
{
	return ipv6_dev_mc_inc_mode(dev, group, MLD_EXCLUDE);
}

/** group_leave() - nobody is in it any more; what is to be told of that is told from mc_tomb */
static void group_leave(struct ifmcaddr6 *mc)
{
	struct inet6_dev *idev = mc->idev;
	struct net *net = idev->dev->net;
	bool tells = mld_tells(mc);

	timer_delete(net->timers, &mc->timer);
	mld_hear_not(mc);
	list_del_init(&mc->node);
	idev->mc_count--;
	rt6_cache_flush(net);
	if (tells && mld_speaks_v1(idev))
		mld_send_done(mc);
	mld_drop_told(mc);
	if (!tells || mld_speaks_v1(idev) || idev->dead || (!mc->changes_left && list_empty(&mc->sources))) {
		group_free(mc);
		return;
	}
	mc->left = true;
	mc->flags &= (u8)~MAF_LAST_REPORTER;
	list_add_tail(&mc->node, &idev->mc_tomb);
	if (++idev->mc_tomb_count > MLD_MAX_GROUPS)
		mld_tomb_free(list_first_entry(&idev->mc_tomb, struct ifmcaddr6, node));
}

int ipv6_dev_mc_dec_mode(struct net_device *dev, const struct in6_addr *group, u8 mode)
{
	struct inet6_dev *idev = in6_dev_get_rcu(dev);
	struct ifmcaddr6 *mc = idev ? mld_group_find(idev, group) : NULL;

	if (!mc || mode > MLD_INCLUDE)
		return -ENOENT;
	if (mc->mode_users[mode])
		mc->mode_users[mode]--;
	mc->users--;
	filter_changed(mc);
	if (!mc->users)
		group_leave(mc);
	return 0;
}

int ipv6_dev_mc_dec(struct net_device *dev, const struct in6_addr *group)
{
	return ipv6_dev_mc_dec_mode(dev, group, MLD_EXCLUDE);
}

/* ------------------------------------------------------------------ devices */

int ipv6_mc_init_dev(struct inet6_dev *idev)
{
	static const struct in6_addr *const groups[] = { &in6addr_interfacelocal_allnodes, &in6addr_linklocal_allnodes,
							 &in6addr_linklocal_allrouters };
	bool router = IN6_DEV_CONF(idev, FORWARDING) && (idev->dev->flags & IFF_MULTICAST);
	u32 count = router ? ARRAY_SIZE(groups) : 2;
	int err = 0;

	timer_setup(&idev->mc_gq_timer, mld_gq_timer);
	timer_setup(&idev->mc_ifc_timer, mld_ifc_timer);
	timer_setup(&idev->mc_dad_timer, mld_dad_timer);
	for (u32 i = 0; i < count && !err; i++)
		err = ipv6_dev_mc_inc(idev->dev, groups[i]);
	return err;
}

void ipv6_mc_destroy_dev(struct inet6_dev *idev)
{
	ipv6_mc_down(idev);
	mld_forget_changes(idev);
	while (!list_empty(&idev->mc_list)) {
		struct ifmcaddr6 *mc = list_first_entry(&idev->mc_list, struct ifmcaddr6, node);

		mld_hear_not(mc);
		idev->mc_count--;
		group_free(mc);
	}
}

static u32 shown_flags(const struct ifmcaddr6 *mc)
{
	return mc->flags | (timer_pending(&mc->timer) ? MAF_TIMER_RUNNING : 0);
}

int ipv6_mc_each(const struct net_device *dev, int (*fn)(void *ctx, const struct ifmcaddr6_view *m), void *ctx)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);
	const struct ifmcaddr6 *mc;
	int err = 0;

	if (!idev)
		return 0;
	list_for_each_entry(mc, &idev->mc_list, node) {
		struct ifmcaddr6_view view = { .group = mc->addr,
					       .users = mc->users,
					       .flags = shown_flags(mc),
					       .cstamp = mc->cstamp,
					       .tstamp = mc->tstamp,
					       .source_count = mc->source_count,
					       .sources = &mc->sources };

		if (timer_pending(&mc->timer) && mc->timer.expires > dev->net->now)
			view.timer_left = mc->timer.expires - dev->net->now;
		err = fn(ctx, &view);
		if (err)
			break;
	}
	return err;
}
