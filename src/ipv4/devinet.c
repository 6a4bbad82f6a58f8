// SPDX-License-Identifier: BSD-2-Clause
/* IPv4 addresses of devices: which a device has, which serves as source, when they end.
 *
 * @rfc  1122 3.3.1.6
 * @linux net/ipv4/devinet.c
 *
 * A device's list holds primaries, those of wider scope after those of narrower, then the secondaries: addresses that
 * lie in a primary's subnet.  A hash finds any address of ours at once.
 *
 * Reading order: inet_insert_ifa(), inet_del_ifa(), promote(), inet_select_addr(), devinet_event().
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv4/devinet_internal.h"
#include "ipv4/igmp.h"
#include "ipv4/ip_fib.h"
#include "neigh/neighbour.h"

#define IPV4_MIN_MTU 68U
#define LOOPBACK_ADDR 0x7f000001U

static inline bool same_subnet(__be32 a, __be32 b, __be32 mask)
{
	return !(((__force u32)a ^ (__force u32)b) & (__force u32)mask);
}

/** inet_ifa_match() - is @addr in the address's subnet? */
static inline bool inet_ifa_match(__be32 addr, const struct in_ifaddr *ifa)
{
	return same_subnet(addr, ifa->ifa_address, ifa->ifa_mask);
}

static inline struct devinet_state *state_of(const struct in_ifaddr *ifa)
{
	return ifa->ifa_dev->dev->net->ipv4->devinet;
}

/* ------------------------------------------------------------------ address -> in_ifaddr */

static u64 addr_hash(const struct devinet_state *ds, __be32 addr)
{
	return htable_hash_bytes(&ds->addr_hash, &addr, sizeof(addr));
}

/** struct addr_search - what addr_match() looks for, and the newest that it has seen */
struct addr_search {
	__be32 addr;
	struct in_ifaddr *newest;
};

static bool addr_match(const void *obj, const void *key)
{
	struct in_ifaddr *ifa = (struct in_ifaddr *)(uintptr_t)obj;
	struct addr_search *search = (struct addr_search *)(uintptr_t)key;

	if (ifa->ifa_local == search->addr && (!search->newest || ifa->ifa_seq > search->newest->ifa_seq))
		search->newest = ifa;
	return false; /* there may be another */
}

struct in_ifaddr *inet_lookup_ifaddr(struct net *net, __be32 addr)
{
	const struct devinet_state *ds = net->ipv4->devinet;
	struct addr_search search = { .addr = addr };

	htable_lookup(&ds->addr_hash, addr_hash(ds, addr), addr_match, &search);
	return search.newest;
}

/* ------------------------------------------------------------------ the list */

struct in_ifaddr *inet_ifa_byprefix(const struct in_device *in_dev, __be32 prefix, __be32 mask)
{
	struct in_ifaddr *ifa;

	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		if (!(ifa->ifa_flags & IFA_F_SECONDARY) && ifa->ifa_mask == mask && inet_ifa_match(prefix, ifa))
			return ifa;
	}
	return NULL;
}

struct in_ifaddr *inet_find_ifa(const struct in_device *in_dev, __be32 local, u8 prefixlen)
{
	struct in_ifaddr *ifa;

	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		if (ifa->ifa_local == local && ifa->ifa_prefixlen == prefixlen)
			return ifa;
	}
	return NULL;
}

/** list_put() - a secondary to the end, a primary behind the primaries of its scope and of narrower ones */
static void list_put(struct in_device *in_dev, struct in_ifaddr *ifa)
{
	struct list_head *after = &in_dev->ifa_list;
	struct in_ifaddr *ifa1;

	if (ifa->ifa_flags & IFA_F_SECONDARY) {
		list_add_tail(&ifa->node, &in_dev->ifa_list);
		return;
	}
	list_for_each_entry(ifa1, &in_dev->ifa_list, node) {
		if (!(ifa1->ifa_flags & IFA_F_SECONDARY) && ifa->ifa_scope <= ifa1->ifa_scope)
			after = &ifa1->node;
	}
	list_add(&ifa->node, after);
}

static void ifa_free_rcu(struct rcu_head *head)
{
	struct in_ifaddr *ifa = container_of(head, struct in_ifaddr, rcu);

	mem_free(ifa->ifa_dev->dev->net->mem, ifa, sizeof(*ifa));
}

/** in_device and net outlive their addresses: see inetdev_destroy() */
static void ifa_free_later(struct in_ifaddr *ifa)
{
	struct net *net = ifa->ifa_dev->dev->net;

	timer_delete(net->timers, &ifa->lft_timer);
	rcu_defer_free(&net->rcu, &ifa->rcu, ifa_free_rcu);
}

static void unlink_ifa(struct in_ifaddr *ifa)
{
	struct devinet_state *ds = state_of(ifa);

	htable_remove(&ds->addr_hash, addr_hash(ds, ifa->ifa_local), ifa);
	list_del_init(&ifa->node);
}

static int tell(struct in_ifaddr *ifa, unsigned long event)
{
	state_of(ifa)->genid++;
	return notifier_call_chain(&ifa->ifa_dev->dev->net->ipv4->inetaddr_chain, event, ifa);
}

/* ------------------------------------------------------------------ lifetimes */

static ktime_t end_of(const struct in_ifaddr *ifa, u32 lft_s)
{
	return ifa->ifa_tstamp + (ktime_t)lft_s * NSEC_PER_SEC;
}

/** lifetime_arm() - the next end to wait for */
static void lifetime_arm(struct in_ifaddr *ifa)
{
	struct net *net = ifa->ifa_dev->dev->net;

	if (ifa->ifa_preferred_lft_s != INFINITY_LIFE_TIME && !(ifa->ifa_flags & IFA_F_DEPRECATED))
		mod_timer(net->timers, &ifa->lft_timer, end_of(ifa, ifa->ifa_preferred_lft_s));
	else if (ifa->ifa_valid_lft_s != INFINITY_LIFE_TIME)
		mod_timer(net->timers, &ifa->lft_timer, end_of(ifa, ifa->ifa_valid_lft_s));
	else
		timer_delete(net->timers, &ifa->lft_timer);
}

static void lifetime_ended(struct timer *t)
{
	struct in_ifaddr *ifa = container_of(t, struct in_ifaddr, lft_timer);
	struct net_device *dev = ifa->ifa_dev->dev;
	ktime_t now = dev->net->now;

	if (ifa->ifa_valid_lft_s != INFINITY_LIFE_TIME && now >= end_of(ifa, ifa->ifa_valid_lft_s)) {
		if (inet_del_ifa(dev, ifa, 0)) /* no memory to promote another: later */
			mod_timer(dev->net->timers, t, now + NSEC_PER_SEC);
		return;
	}
	ifa->ifa_flags |= IFA_F_DEPRECATED;
	lifetime_arm(ifa);
	tell(ifa, NETDEV_UP);
}

static void lifetime_set(struct in_ifaddr *ifa, u32 valid_s, u32 preferred_s)
{
	ifa->ifa_flags &= ~(u32)(IFA_F_PERMANENT | IFA_F_DEPRECATED);
	if (valid_s == INFINITY_LIFE_TIME)
		ifa->ifa_flags |= IFA_F_PERMANENT;
	if (preferred_s == 0)
		ifa->ifa_flags |= IFA_F_DEPRECATED;
	ifa->ifa_valid_lft_s = valid_s;
	ifa->ifa_preferred_lft_s = preferred_s;
	ifa->ifa_tstamp = ifa->ifa_dev->dev->net->now;
	lifetime_arm(ifa);
}

/* ------------------------------------------------------------------ add */

static int ifa_error(const char **errmsg, const char *text, int err)
{
	if (errmsg)
		*errmsg = text;
	return err;
}

/** check_new() - against those that are there; sets IFA_F_SECONDARY */
static int check_new(const struct in_device *in_dev, struct in_ifaddr *ifa, const char **errmsg)
{
	const struct in_ifaddr *ifa1;
	bool scopes_differ = false;

	list_for_each_entry(ifa1, &in_dev->ifa_list, node) {
		if (ifa1->ifa_mask != ifa->ifa_mask || !inet_ifa_match(ifa1->ifa_address, ifa))
			continue;
		if (ifa1->ifa_local == ifa->ifa_local)
			return ifa_error(errmsg, "ipv4: Address already assigned", -EEXIST);
		scopes_differ |= ifa1->ifa_scope != ifa->ifa_scope;
		ifa->ifa_flags |= IFA_F_SECONDARY;
	}
	return scopes_differ ? ifa_error(errmsg, "ipv4: Invalid scope value", -EINVAL) : 0;
}

static struct in_ifaddr *ifa_create(struct in_device *in_dev, const struct in_ifaddr *from)
{
	struct in_ifaddr *ifa = mem_alloc(in_dev->dev->net->mem, sizeof(*ifa));

	if (!ifa)
		return NULL;
	*ifa = *from;
	ifa->ifa_dev = in_dev;
	ifa->ifa_flags &= ~(u32)IFA_F_SECONDARY;
	ifa->ifa_cstamp = in_dev->dev->net->now;
	INIT_LIST_HEAD(&ifa->node);
	timer_setup(&ifa->lft_timer, lifetime_ended);
	ifa->acd = NULL;
	if (!ifa->ifa_label[0])
		memcpy(ifa->ifa_label, in_dev->dev->name, IFNAMSIZ);
	if (!ifa->ifa_address)
		ifa->ifa_address = ifa->ifa_local;
	ifa->ifa_mask = inet_make_mask(ifa->ifa_prefixlen);
	if (!ifa->ifa_valid_lft_s)
		ifa->ifa_valid_lft_s = ifa->ifa_preferred_lft_s = INFINITY_LIFE_TIME;
	return ifa;
}

/* As in Linux: what a device has when it gets an address is its own from then on; "default" changes it no more. */
static void keep_settings(struct in_device *in_dev)
{
	struct neigh_parms *p = in_dev->dev->neigh_parms[NEIGH_ARP_TABLE];

	in_dev->cnf.state_set = ~0U;
	if (p)
		p->data_set = ~0U;
}

int inet_insert_ifa(struct net_device *dev, const struct in_ifaddr *from, u32 portid, const char **errmsg)
{
	struct devinet_state *ds = dev->net->ipv4->devinet;
	struct in_device *in_dev = in_dev_get_rcu(dev);
	struct in_ifaddr *ifa;
	int err;

	(void)portid; /* notifications know whose request it is */
	if (!in_dev || in_dev->dead)
		return -ENOBUFS;
	if (from->ifa_prefixlen > 32)
		return -EINVAL;
	if (!from->ifa_local)
		return 0;
	ifa = ifa_create(in_dev, from);
	if (!ifa)
		return -ENOBUFS;
	err = check_new(in_dev, ifa, errmsg);
	if (err)
		goto err_free;
	err = htable_insert(&ds->addr_hash, addr_hash(ds, ifa->ifa_local), ifa);
	if (err) {
		err = -ENOBUFS;
		goto err_free;
	}
	ifa->ifa_seq = ds->genid++;
	list_put(in_dev, ifa);
	lifetime_set(ifa, ifa->ifa_valid_lft_s, ifa->ifa_preferred_lft_s);
	err = tell(ifa, NETDEV_UP);
	if (err) { /* its routes could not be made: those who were told of it hear that it is gone */
		unlink_ifa(ifa);
		tell(ifa, NETDEV_DOWN);
		ifa_free_later(ifa);
		return -ENOBUFS;
	}
	keep_settings(in_dev);
	return 0;

err_free:
	mem_free(dev->net->mem, ifa, sizeof(*ifa));
	return err;
}

/** routes_change() - another priority, or none wanted: what is new comes first, so a lack of memory is found in time */
static int routes_change(struct in_ifaddr *ifa, const struct in_ifaddr *want)
{
	struct in_ifaddr before = *ifa;
	int err;

	ifa->ifa_rt_priority = want->ifa_rt_priority;
	ifa->ifa_flags = (ifa->ifa_flags & ~(u32)IFA_F_NOPREFIXROUTE) | (want->ifa_flags & IFA_F_NOPREFIXROUTE);
	if ((ifa->ifa_flags & IFA_F_SECONDARY) ||
	    (before.ifa_rt_priority == ifa->ifa_rt_priority && before.ifa_flags == ifa->ifa_flags))
		return 0;
	err = fib_add_ifaddr(ifa);
	if (err) {
		ifa->ifa_rt_priority = before.ifa_rt_priority;
		ifa->ifa_flags = before.ifa_flags;
		return err;
	}
	fib_del_ifaddr(&before, &before);
	return 0;
}

int inet_change_ifa(struct in_ifaddr *ifa, const struct in_ifaddr *want, u32 portid)
{
	int err;

	(void)portid; /* notifications know whose request it is */
	if (!want->ifa_valid_lft_s || want->ifa_preferred_lft_s > want->ifa_valid_lft_s)
		return -EINVAL;
	err = routes_change(ifa, want);
	if (err)
		return err;
	lifetime_set(ifa, want->ifa_valid_lft_s, want->ifa_preferred_lft_s);
	tell(ifa, NETDEV_UP);
	return 0;
}

u32 inet_addr_genid(const struct net *net)
{
	return net->ipv4->devinet->genid;
}

/* ------------------------------------------------------------------ delete */

static bool is_secondary_of(const struct in_ifaddr *ifa, const struct in_ifaddr *prim)
{
	return (ifa->ifa_flags & IFA_F_SECONDARY) && ifa->ifa_mask == prim->ifa_mask &&
	       inet_ifa_match(ifa->ifa_address, prim);
}

static struct in_ifaddr *first_secondary(const struct in_ifaddr *prim)
{
	struct in_ifaddr *ifa;

	list_for_each_entry(ifa, &prim->ifa_dev->ifa_list, node) {
		if (is_secondary_of(ifa, prim))
			return ifa;
	}
	return NULL;
}

static void remove_ifa(struct in_ifaddr *ifa)
{
	unlink_ifa(ifa);
	tell(ifa, NETDEV_DOWN);
	ifa_free_later(ifa);
}

/**
 * promote() - @heir, a secondary, takes the place of @old
 *
 * The routes that prefer the new primary are made before the old ones go, so a lack of memory is found in time.
 */
static int promote(struct in_ifaddr *old, struct in_ifaddr *heir)
{
	struct in_device *in_dev = old->ifa_dev;
	struct list_head *old_prev = old->node.prev, *heir_prev = heir->node.prev;
	struct in_ifaddr *ifa;
	int err = 0;

	list_del_init(&old->node);
	list_del_init(&heir->node);
	heir->ifa_flags &= ~(u32)IFA_F_SECONDARY;
	list_put(in_dev, heir);
	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		if (ifa == heir || is_secondary_of(ifa, heir))
			err = fib_add_ifaddr(ifa);
		if (err)
			break;
	}
	if (err) {
		struct in_ifaddr *undo;

		list_del_init(&heir->node);
		heir->ifa_flags |= IFA_F_SECONDARY;
		list_add(&heir->node, heir_prev == &old->node ? old_prev : heir_prev);
		list_add(&old->node, old_prev);
		list_for_each_entry(undo, &in_dev->ifa_list, node) {
			struct in_ifaddr was = *undo;

			if (undo == heir)
				was.ifa_flags &= ~(u32)IFA_F_SECONDARY;
			if (undo == heir || is_secondary_of(undo, old))
				fib_del_ifaddr(&was, heir);
		}
		return -ENOBUFS;
	}
	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		if (ifa == heir || is_secondary_of(ifa, heir)) {
			struct in_ifaddr was = *ifa;

			was.ifa_flags |= IFA_F_SECONDARY;
			fib_del_ifaddr(&was, old);
		}
	}
	remove_ifa(old);
	tell(heir, NETDEV_UP);
	return 0;
}

int inet_del_ifa(struct net_device *dev, struct in_ifaddr *ifa, u32 portid)
{
	struct in_device *in_dev = ifa->ifa_dev;
	struct in_ifaddr *heir;

	(void)portid; /* notifications know whose request it is */
	assert(in_dev->dev == dev);
	heir = ifa->ifa_flags & IFA_F_SECONDARY ? NULL : first_secondary(ifa);
	if (heir && !in_dev->dead && IN_DEV_ORCONF(in_dev, PROMOTE_SECONDARIES))
		return promote(ifa, heir);
	for (; heir; heir = first_secondary(ifa))
		remove_ifa(heir);
	remove_ifa(ifa);
	return 0;
}

void inet_take_addr(struct net_device *dev, __be32 local, u8 prefixlen)
{
	const struct in_device *in_dev = in_dev_get_rcu(dev);
	struct in_ifaddr *ifa = in_dev && local ? inet_find_ifa(in_dev, local, prefixlen) : NULL;

	if (ifa && inet_del_ifa(dev, ifa, 0))
		net_log(dev->net, "%s: no memory to take away an address", dev->name);
}

/* ------------------------------------------------------------------ sources */

/** min_scope() - loopback addresses may serve on a link if the device routes them */
static u8 min_scope(const struct in_device *in_dev, const struct in_ifaddr *ifa)
{
	u8 localnet = IN_DEV_ORCONF(in_dev, ROUTE_LOCALNET) ? RT_SCOPE_LINK : RT_SCOPE_HOST;

	return (u8)min_u32(ifa->ifa_scope, localnet);
}

static __be32 select_in(const struct in_device *in_dev, __be32 dst, int scope)
{
	const struct in_ifaddr *ifa;
	__be32 addr = cpu_to_be32(0);

	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		if ((ifa->ifa_flags & IFA_F_SECONDARY) || inet_ifa_tentative(ifa) || min_scope(in_dev, ifa) > scope)
			continue;
		if (!dst || inet_ifa_match(dst, ifa))
			return ifa->ifa_local;
		if (!addr)
			addr = ifa->ifa_local;
	}
	return addr;
}

__be32 inet_select_addr(const struct net_device *dev, __be32 dst, int scope)
{
	const struct in_device *in_dev = in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa;
	struct net_device *other;
	__be32 addr = in_dev ? select_in(in_dev, dst, scope) : cpu_to_be32(0);

	if (addr)
		return addr;
	/* an interface without addresses borrows: what is not of its link only, from any other */
	for_each_netdev(dev->net, other) {
		in_dev = in_dev_get_rcu(other);
		if (!in_dev)
			continue;
		list_for_each_entry(ifa, &in_dev->ifa_list, node) {
			if (!(ifa->ifa_flags & IFA_F_SECONDARY) && !inet_ifa_tentative(ifa) &&
			    ifa->ifa_scope != RT_SCOPE_LINK && ifa->ifa_scope <= scope)
				return ifa->ifa_local;
		}
	}
	return cpu_to_be32(0);
}

/** confirm_in() - an address of @in_dev, @local if given, that lies in one subnet with @dst (if given) */
static __be32 confirm_in(const struct in_device *in_dev, __be32 dst, __be32 local, int scope)
{
	const struct in_ifaddr *ifa;
	__be32 addr = cpu_to_be32(0);
	bool same = false;

	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		bool in_scope = !inet_ifa_tentative(ifa) && min_scope(in_dev, ifa) <= scope;

		if (!addr && (!local || local == ifa->ifa_local) && in_scope) {
			addr = ifa->ifa_local;
			if (same)
				break;
		}
		if (same)
			continue;
		same = (!local || inet_ifa_match(local, ifa)) && (!dst || inet_ifa_match(dst, ifa));
		if (!same || !addr)
			continue;
		if (local || !dst || inet_ifa_match(addr, ifa))
			break;
		if (in_scope) {
			addr = ifa->ifa_local;
			break;
		}
		same = false;
	}
	return same ? addr : cpu_to_be32(0);
}

__be32 inet_confirm_addr(struct net *net, struct in_device *in_dev, __be32 dst, __be32 local, int scope)
{
	struct net_device *dev;
	__be32 addr = cpu_to_be32(0);

	if (in_dev)
		return confirm_in(in_dev, dst, local, scope);
	for_each_netdev(net, dev) {
		in_dev = in_dev_get_rcu(dev);
		addr = in_dev ? confirm_in(in_dev, dst, local, scope) : cpu_to_be32(0);
		if (addr)
			break;
	}
	return addr;
}

bool inet_addr_onlink(const struct in_device *in_dev, __be32 a, __be32 b)
{
	const struct in_ifaddr *ifa;

	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		if (!(ifa->ifa_flags & IFA_F_SECONDARY) && inet_ifa_match(a, ifa))
			return !b || inet_ifa_match(b, ifa);
	}
	return false;
}

/* ------------------------------------------------------------------ devices */

static int inetdev_init(struct net_device *dev)
{
	struct in_device *in_dev;

	if (in_dev_get_rcu(dev) || dev->mtu < IPV4_MIN_MTU)
		return 0;
	in_dev = mem_zalloc(dev->net->mem, sizeof(*in_dev));
	if (!in_dev)
		return -ENOMEM;
	in_dev->dev = dev_hold(dev);
	INIT_LIST_HEAD(&in_dev->ifa_list);
	INIT_LIST_HEAD(&in_dev->mc_list);
	memcpy(in_dev->cnf.data, dev->net->ipv4->devconf_dflt->data, sizeof(in_dev->cnf.data));
	if (ip_mc_init_dev(in_dev)) {
		mem_free(dev->net->mem, in_dev, sizeof(*in_dev));
		dev_put(dev);
		return -ENOMEM;
	}
	devinet_sysctl_register(dev->net, dev->name, &in_dev->cnf);
	rcu_assign_pointer(dev->ip_ptr, in_dev);
	if (dev->flags & IFF_UP)
		ip_mc_up(in_dev);
	return 0;
}

static void in_device_free_rcu(struct rcu_head *head)
{
	struct in_device *in_dev = container_of(head, struct in_device, rcu);
	struct net_device *dev = in_dev->dev;

	mem_free(dev->net->mem, in_dev, sizeof(*in_dev));
	dev_put(dev);
}

/** inetdev_destroy() - freed after its addresses, which were handed to the same list before it */
static void inetdev_destroy(struct in_device *in_dev)
{
	struct net_device *dev = in_dev->dev;

	in_dev->dead = true;
	ip_mc_destroy_dev(in_dev);
	while (!list_empty(&in_dev->ifa_list))
		(void)inet_del_ifa(dev, list_first_entry(&in_dev->ifa_list, struct in_ifaddr, node),
				   0); /* the dead promote nobody */
	devinet_sysctl_unregister(dev->net, &in_dev->cnf);
	rcu_assign_pointer(dev->ip_ptr, (struct in_device *)NULL);
	rcu_defer_free(&dev->net->rcu, &in_dev->rcu, in_device_free_rcu);
}

/** loopback_up() - 127.0.0.1/8, unless somebody gave it another address */
static int loopback_up(struct in_device *in_dev)
{
	struct in_ifaddr ifa = { .ifa_local = cpu_to_be32(LOOPBACK_ADDR),
				 .ifa_prefixlen = 8,
				 .ifa_scope = RT_SCOPE_HOST };

	if (!list_empty(&in_dev->ifa_list))
		return 0;
	return inet_insert_ifa(in_dev->dev, &ifa, 0, NULL);
}

/** rename_labels() - labels follow the device's name: what comes after a colon stays */
static void rename_labels(struct in_device *in_dev)
{
	struct in_ifaddr *ifa;

	devinet_sysctl_unregister(in_dev->dev->net, &in_dev->cnf);
	devinet_sysctl_register(in_dev->dev->net, in_dev->dev->name, &in_dev->cnf);
	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		char label[IFNAMSIZ] = { 0 };
		const char *colon = memchr(ifa->ifa_label, ':', IFNAMSIZ);
		size_t rest = colon ? strnlen(colon, (size_t)(ifa->ifa_label + IFNAMSIZ - colon)) : 0;
		size_t keep = min_size(strnlen(in_dev->dev->name, IFNAMSIZ - 1), IFNAMSIZ - 1 - rest);

		memcpy(label, in_dev->dev->name, keep);
		if (rest)
			memcpy(label + keep, colon, rest);
		memcpy(ifa->ifa_label, label, IFNAMSIZ);
		tell(ifa, NETDEV_UP);
	}
}

static int devinet_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct net_device *dev = ((struct netdev_notifier_info *)data)->dev;
	struct in_device *in_dev = in_dev_get_rcu(dev);

	(void)nb;
	if (event == NETDEV_REGISTER)
		return inetdev_init(dev);
	if (!in_dev)
		return event == NETDEV_CHANGEMTU ? inetdev_init(dev) : 0;
	switch (event) {
	case NETDEV_UP:
		ip_mc_up(in_dev);
		if ((dev->flags & IFF_LOOPBACK) && loopback_up(in_dev))
			net_log(dev->net, "%s: no memory for its address", dev->name);
		break;
	case NETDEV_DOWN:
		ip_mc_down(in_dev);
		break;
	case NETDEV_CHANGEMTU:
		if (dev->mtu < IPV4_MIN_MTU)
			inetdev_destroy(in_dev);
		break;
	case NETDEV_UNREGISTER:
		inetdev_destroy(in_dev);
		break;
	case NETDEV_CHANGENAME:
		rename_labels(in_dev);
		break;
	default:
		break;
	}
	return 0;
}

/* ------------------------------------------------------------------ life */

int devinet_init(struct net *net)
{
	struct devinet_state *ds = mem_zalloc(net->mem, sizeof(*ds));
	int err;

	if (!ds)
		return -ENOMEM;
	htable_init(&ds->addr_hash, net->mem, &net->rng, 16);
	net->ipv4->devinet = ds;
	net->ipv4->devconf_all = &ds->all;
	net->ipv4->devconf_dflt = &ds->dflt;
	devinet_sysctl_init(net);
	err = igmp_init(net);
	if (err)
		goto err_sysctl;
	ds->netdev_nb.call = devinet_event;
	ds->netdev_nb.priority = 10; /* ARP and the FIB find its part of a device */
	err = register_netdevice_notifier(net, &ds->netdev_nb);
	if (err)
		goto err_igmp;
	return 0;

err_igmp:
	igmp_exit(net);
err_sysctl:
	devinet_sysctl_exit(net);
	net->ipv4->devinet = NULL;
	mem_free(net->mem, ds, sizeof(*ds));
	return err;
}

void devinet_exit(struct net *net)
{
	struct devinet_state *ds = net->ipv4->devinet;

	if (!ds)
		return;
	unregister_netdevice_notifier(net, &ds->netdev_nb); /* tells it that each device goes */
	igmp_exit(net);
	devinet_sysctl_exit(net);
	rcu_quiescent(&net->rcu);
	htable_fini(&ds->addr_hash);
	net->ipv4->devinet = NULL;
	net->ipv4->devconf_all = net->ipv4->devconf_dflt = NULL;
	mem_free(net->mem, ds, sizeof(*ds));
}
