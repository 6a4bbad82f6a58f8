// SPDX-License-Identifier: BSD-2-Clause
/* What a DHCP lease sets on a device: address, routes, MTU; and takes away again.
 *
 * @rfc 2131 4.4.1, 2132 5.1, 3442
 *
 * Reading order: dhcp_lease_set(), dhcp_lease_unset().
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "ipv4/dhcp_internal.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip_fib.h"
#include "ipv4/ipv4ll.h"

#define MTU_MIN 576U /* what every host takes; a smaller one is a mistake, or malice */

/* ------------------------------------------------------------------ address */

static u32 lifetime_s(const struct dhcp_client *c, ktime_t expires)
{
	ktime_t left = expires - c->dev->net->now;

	if (expires == KTIME_MAX)
		return INFINITY_LIFE_TIME;
	return left < NSEC_PER_SEC ? 1 : (u32)(left / NSEC_PER_SEC);
}

/* One that somebody has set by hand becomes the server's. */
static int addr_put(struct dhcp_client *c, const struct dhcp_params *lease, ktime_t expires)
{
	const struct in_device *in_dev = in_dev_get_rcu(c->dev);
	struct in_ifaddr *there = in_dev ? inet_find_ifa(in_dev, lease->addr, lease->prefixlen) : NULL;
	struct in_ifaddr want = {
		.ifa_local = lease->addr,
		.ifa_prefixlen = lease->prefixlen,
		.ifa_scope = RT_SCOPE_UNIVERSE,
	};

	want.ifa_valid_lft_s = want.ifa_preferred_lft_s = lifetime_s(c, expires);
	if (there) {
		want.ifa_rt_priority = there->ifa_rt_priority;
		want.ifa_flags |= there->ifa_flags & IFA_F_NOPREFIXROUTE;
		return inet_change_ifa(there, &want, 0) ? -ENOBUFS : 0;
	}
	want.ifa_broadcast = inet_broadcast_addr(lease->addr, lease->prefixlen);
	return inet_insert_ifa(c->dev, &want, 0, NULL) ? -ENOBUFS : 0;
}

/* ------------------------------------------------------------------ routes */

static bool route_equal(const struct dhcp_route *a, const struct dhcp_route *b)
{
	return a->dst == b->dst && a->prefixlen == b->prefixlen && a->gateway == b->gateway;
}

static bool in_subnet(const struct dhcp_params *lease, __be32 addr)
{
	return !(((__force u32)addr ^ (__force u32)lease->addr) & (__force u32)inet_make_mask(lease->prefixlen));
}

static struct fib_config route_config(const struct dhcp_client *c, const struct dhcp_params *lease,
				      const struct dhcp_route *r)
{
	return (struct fib_config){
		.dst = r->dst,
		.dst_len = r->prefixlen,
		.gw4 = r->gateway,
		.gw_family = r->gateway ? AF_INET : 0,
		.oif = c->dev->ifindex,
		.flags = r->gateway && !in_subnet(lease, r->gateway) ? RTNH_F_ONLINK : 0, /* with a mask of 32 bits */
		.scope = r->gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.type = RTN_UNICAST,
		.table = RT_TABLE_MAIN,
		.protocol = RTPROT_DHCP,
		.prefsrc = lease->addr,
		.priority = c->metric,
	};
}

static void route_take(const struct dhcp_client *c, const struct dhcp_params *lease, struct dhcp_route *r)
{
	struct fib_config cfg = route_config(c, lease, r);

	if (r->set)
		(void)fib_route_del(c->dev->net, &cfg, NULL); /* with its device's link it may have gone already */
	r->set = false;
}

/* A route that somebody has made already serves as well.  @flags: NLM_F_EXCL, or NLM_F_REPLACE.  Return: 0, -ENOBUFS */
static int route_put(const struct dhcp_client *c, const struct dhcp_params *lease, struct dhcp_route *r, u32 flags)
{
	struct fib_config cfg = route_config(c, lease, r);
	const char *why = NULL;
	int err;

	cfg.nlflags = NLM_F_CREATE | flags;
	err = fib_route_add(c->dev->net, &cfg, &why);
	if (err == -ENOMEM || err == -ENOBUFS)
		return -ENOBUFS;
	if (!err)
		r->set = true;
	else if (err != -EEXIST)
		net_log(c->dev->net, "%s: a route of the DHCP server is refused: %s", c->dev->name,
			why ? why : "it makes no sense");
	return 0;
}

static struct dhcp_route *route_find(struct dhcp_params *lease, const struct dhcp_route *r)
{
	for (u32 i = 0; lease && i < lease->route_count; i++) {
		if (route_equal(&lease->route[i], r))
			return &lease->route[i];
	}
	return NULL;
}

/* One of ours to the same place by another way: a table has room for one of them. */
static struct dhcp_route *route_rival(struct dhcp_params *lease, const struct dhcp_route *r)
{
	for (u32 i = 0; lease && i < lease->route_count; i++) {
		struct dhcp_route *o = &lease->route[i];

		if (o->set && o->dst == r->dst && o->prefixlen == r->prefixlen && !route_equal(o, r))
			return o;
	}
	return NULL;
}

/* One that @old has, too, stays, and is made again if it went with the link. */
static int route_follow(struct dhcp_client *c, struct dhcp_params *fresh, struct dhcp_route *r, struct dhcp_params *old,
			u32 *replaced)
{
	const struct dhcp_route *same = route_find(old, r);
	struct dhcp_route *rival = same ? NULL : route_rival(old, r);
	int err;

	r->set = same && same->set;
	err = route_put(c, fresh, r, rival ? NLM_F_REPLACE : NLM_F_EXCL);
	if (!err && rival && r->set) {
		rival->set = false;
		*replaced |= 1U << (rival - old->route);
	}
	return err;
}

/* @old: NULL: none.  Return: 0, -ENOBUFS: all is as before, unless there is no memory for that either */
static int routes_put(struct dhcp_client *c, struct dhcp_params *fresh, struct dhcp_params *old)
{
	u32 i, replaced = 0;
	int err = 0;

	static_assert(DHCP_ROUTES <= 32, "a bit for each");
	for (i = 0; i < fresh->route_count && !err; i++)
		err = route_follow(c, fresh, &fresh->route[i], old, &replaced);
	if (!err)
		return 0;
	while (i--) {
		if (!route_find(old, &fresh->route[i]))
			route_take(c, fresh, &fresh->route[i]);
	}
	for (i = 0; old && i < old->route_count; i++) {
		if (replaced & 1U << i)
			(void)route_put(c, old, &old->route[i], NLM_F_EXCL);
	}
	return err;
}

static void routes_take(struct dhcp_client *c, struct dhcp_params *old, struct dhcp_params *except)
{
	for (u32 i = old->route_count; i--;) {
		if (!route_find(except, &old->route[i]))
			route_take(c, old, &old->route[i]);
	}
}

/* ------------------------------------------------------------------ the rest */

/* The server knows of a narrower place on the link than the device does. */
static void mtu_set(struct dhcp_client *c, u32 mtu)
{
	u32 before = c->mtu_before ? c->mtu_before : c->dev->mtu;
	u32 want = mtu >= MTU_MIN && mtu < before ? mtu : before;

	if (want != c->dev->mtu && dev_set_mtu(c->dev, want))
		return; /* the driver does not want it */
	c->mtu_before = want == before ? 0 : before;
}

static void link_local_end(struct dhcp_client *c)
{
	if (c->link_local)
		(void)ipv4ll_stop(c->dev);
	c->link_local = false;
}

int dhcp_lease_set(struct dhcp_client *c, const struct dhcp_params *lease, ktime_t expires)
{
	struct dhcp_params fresh = *lease, *old = c->addr ? &c->lease : NULL;
	bool moved = old && c->addr_prefixlen != fresh.prefixlen;
	int err;

	c->busy = true;
	err = addr_put(c, &fresh, expires);
	if (!err)
		err = routes_put(c, &fresh, old);
	if (err && (!old || moved))
		inet_take_addr(c->dev, fresh.addr, fresh.prefixlen);
	if (err)
		goto out;
	if (old)
		routes_take(c, old, &fresh);
	if (moved)
		inet_take_addr(c->dev, c->addr, c->addr_prefixlen);
	mtu_set(c, fresh.mtu);
	c->lease = fresh;
	c->addr = fresh.addr;
	c->addr_prefixlen = fresh.prefixlen;
	c->expires = expires;
	link_local_end(c);
out:
	c->busy = false;
	return err;
}

void dhcp_lease_unset(struct dhcp_client *c)
{
	c->busy = true;
	if (c->has_lease)
		routes_take(c, &c->lease, NULL);
	inet_take_addr(c->dev, c->addr, c->addr_prefixlen);
	if (c->mtu_before)
		mtu_set(c, 0);
	c->addr = cpu_to_be32(0);
	c->busy = false;
}
