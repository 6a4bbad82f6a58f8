// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 addresses of devices: how they come, how long they live, how they go, and who asks for them.
 *
 * @rfc  4862 5.5.4, 4291 2
 * @linux net/ipv6/addrconf.c
 *
 * A device's list holds the widest scope first, and of one scope the newest first.  A hash finds any address of ours at
 * once.  A new address is in the lists before it is usable: duplicate address detection says when it is.
 *
 * Reading order: ipv6_add_addr(), inet6_addr_add(), ipv6_ifa_up(), ipv6_del_addr(), prefix routes, questions.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "ipv6/addrconf_internal.h"
#include "ipv6/ip6_fib.h"
#include "ipv6/ip6_route.h"
#include "ipv6/mcast.h"
#include "ipv6/ndisc.h"

/* ------------------------------------------------------------------ address -> inet6_ifaddr */

/** struct addr6_search - what addr6_match() looks for */
struct addr6_search {
	const struct in6_addr *addr;
	const struct net_device *dev; /**< NULL: any */
	u32 banned;                   /**< IFA_F_* */
};

static bool addr6_match(const void *obj, const void *key)
{
	const struct inet6_ifaddr *ifp = obj;
	const struct addr6_search *s = key;
	u32 flags = ifp->flags & IFA_F_OPTIMISTIC ? ifp->flags & ~(u32)IFA_F_TENTATIVE : ifp->flags;

	return ipv6_addr_equal(&ifp->addr, s->addr) && (!s->dev || ifp->idev->dev == s->dev) && !(flags & s->banned);
}

static u64 addr6_hash(const struct addrconf_state *ac, const struct in6_addr *addr)
{
	return htable_hash_bytes(&ac->addr_hash, addr, sizeof(*addr));
}

static struct inet6_ifaddr *addr6_find(const struct net *net, const struct addr6_search *s)
{
	const struct addrconf_state *ac = addrconf_of(net);

	return ac ? htable_lookup(&ac->addr_hash, addr6_hash(ac, s->addr), addr6_match, s) : NULL;
}

struct inet6_ifaddr *ipv6_get_ifaddr(struct net *net, const struct in6_addr *addr, const struct net_device *dev)
{
	const struct addr6_search s = { addr, dev, 0 };

	return addr6_find(net, &s);
}

bool ipv6_chk_addr_and_flags(struct net *net, const struct in6_addr *addr, const struct net_device *dev, u32 banned)
{
	const struct addr6_search s = { addr, dev, banned };

	return addr6_find(net, &s) != NULL;
}

bool ipv6_chk_addr(struct net *net, const struct in6_addr *addr, const struct net_device *dev)
{
	return ipv6_chk_addr_and_flags(net, addr, dev, IFA_F_TENTATIVE);
}

bool ipv6_chk_prefix(const struct in6_addr *addr, const struct net_device *dev)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);
	const struct inet6_ifaddr *ifp;

	if (!idev)
		return false;
	list_for_each_entry(ifp, &idev->addr_list, if_list) {
		if (ipv6_prefix_equal(addr, &ifp->addr, ifp->prefix_len))
			return true;
	}
	return false;
}

int ipv6_get_lladdr(const struct net_device *dev, struct in6_addr *out, u32 banned)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);
	const struct list_head *node;

	if (!idev)
		return -EADDRNOTAVAIL;
	for (node = idev->addr_list.prev; node != &idev->addr_list; node = node->prev) {
		const struct inet6_ifaddr *ifp = list_entry(node, const struct inet6_ifaddr, if_list);

		if (ifp->scope > IPV6_ADDR_SCOPE_LINKLOCAL)
			break;
		if (ipv6_addr_is_linklocal(&ifp->addr) && !(ifp->flags & banned)) {
			*out = ifp->addr;
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
}

u32 ipv6_addrs_genid(const struct net *net)
{
	return addrconf_of(net)->genid;
}

/* ------------------------------------------------------------------ telling */

void ipv6_ifa_tell(struct inet6_ifaddr *ifp, unsigned long event, u32 portid)
{
	struct net *net = ifp->idev->dev->net;
	struct inet6addr_info info = { .dev = ifp->idev->dev, .ifa = ifp, .portid = portid };

	addrconf_of(net)->genid++;
	(void)notifier_call_chain(&net->ipv6->inet6addr_chain, event, &info);
}

/* ------------------------------------------------------------------ lifetimes */

static ktime_t end_of(const struct inet6_ifaddr *ifp, u32 lft_s)
{
	return ifp->tstamp + (ktime_t)lft_s * NSEC_PER_SEC;
}

u32 addrconf_lifetime_left(const struct inet6_ifaddr *ifp, u32 lft_s)
{
	u64 passed_s = (u64)(ifp->idev->dev->net->now - ifp->tstamp) / (u64)NSEC_PER_SEC;

	if (!addrconf_finite(lft_s))
		return lft_s;
	return passed_s < lft_s ? lft_s - (u32)passed_s : 0;
}

void addrconf_lifetime_arm(struct inet6_ifaddr *ifp)
{
	struct net *net = ifp->idev->dev->net;
	ktime_t at = addrconf_tempaddr_regen(ifp);

	if (addrconf_finite(ifp->prefered_lft_s) && !(ifp->flags & IFA_F_DEPRECATED))
		at = min_s64(at, end_of(ifp, ifp->prefered_lft_s));
	if (addrconf_finite(ifp->valid_lft_s))
		at = min_s64(at, end_of(ifp, ifp->valid_lft_s));
	if (at == KTIME_MAX)
		timer_delete(net->timers, &ifp->lft_timer);
	else
		mod_timer(net->timers, &ifp->lft_timer, at);
}

static void lifetime_ended(struct timer *t)
{
	struct inet6_ifaddr *ifp = container_of(t, struct inet6_ifaddr, lft_timer);
	ktime_t now = ifp->idev->dev->net->now;

	if (addrconf_finite(ifp->valid_lft_s) && now >= end_of(ifp, ifp->valid_lft_s)) {
		ipv6_del_addr(ifp);
		return;
	}
	if (now >= addrconf_tempaddr_regen(ifp))
		addrconf_tempaddr_tick(ifp);
	if (addrconf_finite(ifp->prefered_lft_s) && !(ifp->flags & IFA_F_DEPRECATED) &&
	    now >= end_of(ifp, ifp->prefered_lft_s)) {
		ifp->flags |= IFA_F_DEPRECATED;
		ipv6_ifa_tell(ifp, INET6ADDR_NEW, 0);
	}
	addrconf_lifetime_arm(ifp);
}

void addrconf_set_lifetimes(struct inet6_ifaddr *ifp, u32 valid_s, u32 prefered_s)
{
	ifp->flags &= ~(u32)(IFA_F_PERMANENT | IFA_F_DEPRECATED);
	if (!addrconf_finite(valid_s) && !ifp->autoconf)
		ifp->flags |= IFA_F_PERMANENT;
	if (!prefered_s)
		ifp->flags |= IFA_F_DEPRECATED;
	ifp->valid_lft_s = valid_s;
	ifp->prefered_lft_s = prefered_s;
	ifp->tstamp = ifp->idev->dev->net->now;
	addrconf_lifetime_arm(ifp);
}

/* ------------------------------------------------------------------ the lists */

/** list_put() - behind wider scopes, before those of its own */
static void list_put(struct inet6_dev *idev, struct inet6_ifaddr *ifp)
{
	struct inet6_ifaddr *pos;

	list_for_each_entry(pos, &idev->addr_list, if_list) {
		if (ifp->scope >= pos->scope)
			break;
	}
	list_add_tail(&ifp->if_list, &pos->if_list);
	idev->addr_count++;
}

static void ifa6_free_rcu(struct rcu_head *head)
{
	struct inet6_ifaddr *ifp = container_of(head, struct inet6_ifaddr, rcu);

	mem_free(ifp->idev->dev->net->mem, ifp, sizeof(*ifp));
}

/* inet6_dev and net outlive their addresses: see addrconf_ifdown() */
void ifa6_put(struct inet6_ifaddr *ifp)
{
	struct net *net = ifp->idev->dev->net;

	if (--ifp->refcnt)
		return;
	assert(!timer_pending(&ifp->dad_timer) && !timer_pending(&ifp->lft_timer));
	rcu_defer_free(&net->rcu, &ifp->rcu, ifa6_free_rcu);
}

static int check_new(const struct inet6_dev *idev, const struct ifa6_config *cfg, const char **errmsg)
{
	u32 type = ipv6_addr_type(&cfg->addr);

	if (type == IPV6_ADDR_ANY)
		return addrconf_error(errmsg, "ipv6: Invalid address", -EADDRNOTAVAIL);
	if ((type & IPV6_ADDR_MULTICAST) && !(cfg->flags & IFA_F_MCAUTOJOIN))
		return addrconf_error(errmsg, "ipv6: Cannot assign multicast address without \"IFA_F_MCAUTOJOIN\" flag",
				      -EADDRNOTAVAIL);
	if (!(type & IPV6_ADDR_MULTICAST) && (type & IPV6_ADDR_LOOPBACK) && !(idev->dev->flags & IFF_LOOPBACK))
		return addrconf_error(errmsg, "ipv6: Cannot assign loopback address on this device", -EADDRNOTAVAIL);
	if (idev->dead)
		return addrconf_error(errmsg, "ipv6: device is going away", -ENODEV);
	if (IN6_DEV_CONF(idev, DISABLE_IPV6))
		return addrconf_error(errmsg, "ipv6: IPv6 is disabled on this device", -EACCES);
	if (ipv6_get_ifaddr(idev->dev->net, &cfg->addr, idev->dev))
		return addrconf_error(errmsg, "ipv6: address already assigned", -EEXIST);
	return 0;
}

static void ifa6_fill(struct inet6_ifaddr *ifp, struct inet6_dev *idev, const struct ifa6_config *cfg)
{
	ifp->idev = idev;
	ifp->addr = cfg->addr;
	ifp->peer_addr = cfg->peer;
	ifp->prefix_len = cfg->prefix_len;
	ifp->rt_priority = cfg->rt_priority;
	ifp->ifa_proto = cfg->ifa_proto;
	ifp->autoconf = cfg->autoconf;
	ifp->scope = (u8)ipv6_addr_scope(&cfg->addr);
	ifp->flags = cfg->flags;
	if (!(cfg->flags & IFA_F_NODAD)) /* then it is ours from the beginning */
		ifp->flags |= IFA_F_TENTATIVE;
	ifp->refcnt = 1;
	ifp->cstamp = idev->dev->net->now;
	INIT_LIST_HEAD(&ifp->if_list);
	INIT_LIST_HEAD(&ifp->tmp_list);
	timer_setup(&ifp->dad_timer, addrconf_dad_timer);
	timer_setup(&ifp->lft_timer, lifetime_ended);
}

struct inet6_ifaddr *ipv6_add_addr(struct inet6_dev *idev, const struct ifa6_config *cfg, const char **errmsg, int *err)
{
	struct net *net = idev->dev->net;
	struct addrconf_state *ac = addrconf_of(net);
	struct inet6_ifaddr *ifp;

	*err = check_new(idev, cfg, errmsg);
	if (*err)
		return NULL;
	*err = -ENOBUFS;
	ifp = mem_zalloc(net->mem, sizeof(*ifp));
	if (!ifp)
		return NULL;
	ifa6_fill(ifp, idev, cfg);
	if (htable_insert(&ac->addr_hash, addr6_hash(ac, &ifp->addr), ifp)) {
		mem_free(net->mem, ifp, sizeof(*ifp));
		return NULL;
	}
	list_put(idev, ifp);
	addrconf_set_lifetimes(ifp, cfg->valid_lft_s, cfg->prefered_lft_s);
	*err = 0;
	return ifp;
}

/* ------------------------------------------------------------------ prefix routes */

static u32 route_metric(const struct inet6_ifaddr *ifp)
{
	return ifp->rt_priority ? ifp->rt_priority : IP6_RT_PRIO_ADDRCONF;
}

static u32 route_expires(const struct inet6_ifaddr *ifp)
{
	return addrconf_finite(ifp->valid_lft_s) ? min_u32(ifp->valid_lft_s, IFA6_LIFETIME_MAX_S) : 0;
}

int addrconf_add_prefix_route(const struct inet6_ifaddr *ifp, u32 flags)
{
	int err = addrconf_prefix_route(&ifp->addr, ifp->prefix_len, route_metric(ifp), ifp->idev->dev,
					route_expires(ifp), flags);

	return err == -EEXIST ? 0 : err;
}

enum prefix_route_fate { PREFIX_ROUTE_STAYS, PREFIX_ROUTE_GOES, PREFIX_ROUTE_EXPIRES };

/** prefix_route_fate() - without @ifp, what do the others of its prefix need of the route?  *expires_s: how long */
static enum prefix_route_fate prefix_route_fate(const struct inet6_ifaddr *ifp, u32 *expires_s)
{
	enum prefix_route_fate fate = PREFIX_ROUTE_GOES;
	const struct inet6_ifaddr *other;

	*expires_s = 0;
	list_for_each_entry(other, &ifp->idev->addr_list, if_list) {
		if (other == ifp || other->prefix_len != ifp->prefix_len ||
		    !ipv6_prefix_equal(&other->addr, &ifp->addr, ifp->prefix_len))
			continue;
		if ((other->flags & (IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE)) || !addrconf_finite(other->valid_lft_s))
			return PREFIX_ROUTE_STAYS;
		fate = PREFIX_ROUTE_EXPIRES;
		*expires_s = max_u32(*expires_s, addrconf_lifetime_left(other, other->valid_lft_s));
	}
	return fate;
}

static void prefix_route_cleanup(const struct inet6_ifaddr *ifp, enum prefix_route_fate fate, u32 expires_s)
{
	struct net_device *dev = ifp->idev->dev;
	struct fib6_info *rt;

	if (fate == PREFIX_ROUTE_STAYS)
		return;
	rt = addrconf_get_prefix_route(&ifp->addr, ifp->prefix_len, dev, 0, RTF_DEFAULT);
	if (!rt)
		return;
	if (fate == PREFIX_ROUTE_GOES)
		(void)ip6_del_rt(dev->net, rt); /* it is there */
	else
		fib6_set_expires(rt, max_u32(expires_s, 1));
}

/* ------------------------------------------------------------------ ours, and ours no more */

static int peer_route_add(const struct inet6_ifaddr *ifp)
{
	int err;

	if (ipv6_addr_any(&ifp->peer_addr) || ipv6_addr_equal(&ifp->peer_addr, &ifp->addr))
		return 0;
	err = addrconf_prefix_route(&ifp->peer_addr, 128, route_metric(ifp), ifp->idev->dev, 0, 0);
	return err == -EEXIST || err == -ENETDOWN ? 0 : err; /* the address is ours, also while nobody is reached */
}

static void peer_route_del(const struct inet6_ifaddr *ifp)
{
	struct net_device *dev = ifp->idev->dev;
	struct fib6_info *rt = NULL;

	if (!ipv6_addr_any(&ifp->peer_addr))
		rt = addrconf_get_prefix_route(&ifp->peer_addr, 128, dev, 0, 0);
	if (rt)
		(void)ip6_del_rt(dev->net, rt);
}

static bool has_routers_anycast(const struct inet6_ifaddr *ifp, struct in6_addr *out)
{
	if (ifp->prefix_len >= 127) /* RFC 6164 */
		return false;
	ipv6_addr_prefix(out, &ifp->addr, ifp->prefix_len);
	return !ipv6_addr_any(out);
}

void addrconf_join_anycast(struct inet6_ifaddr *ifp)
{
	struct in6_addr addr;

	if (ifp->anycast_joined || !has_routers_anycast(ifp, &addr))
		return;
	ifp->anycast_joined = !ipv6_dev_ac_inc(ifp->idev, &addr);
	if (!ifp->anycast_joined)
		net_log(ifp->idev->dev->net, "%s: no memory for an anycast address", ifp->idev->dev->name);
}

void addrconf_leave_anycast(struct inet6_ifaddr *ifp)
{
	struct in6_addr addr;

	if (ifp->anycast_joined && has_routers_anycast(ifp, &addr))
		ipv6_dev_ac_dec(ifp->idev, &addr);
	ifp->anycast_joined = false;
}

int ipv6_ifa_local_route(struct inet6_ifaddr *ifp)
{
	struct net_device *dev = ifp->idev->dev;
	int err = ifp->rt ? 0 : ip6_ins_local_rt(dev->net, dev, &ifp->addr, false, &ifp->rt);

	return err == -EEXIST ? 0 : err; /* the subnet's anycast address, which is ours as well */
}

int ipv6_ifa_up(struct inet6_ifaddr *ifp)
{
	int err;

	ipv6_ifa_tell(ifp, INET6ADDR_NEW, 0);
	err = ipv6_ifa_local_route(ifp);
	if (err || !ifp->rt)
		return err;
	if (IN6_DEV_CONF(ifp->idev, FORWARDING))
		addrconf_join_anycast(ifp);
	err = peer_route_add(ifp);
	if (err)
		ipv6_ifa_unroute(ifp);
	return err;
}

void ipv6_ifa_unroute(struct inet6_ifaddr *ifp)
{
	struct net *net = ifp->idev->dev->net;

	if (!ifp->rt)
		return;
	addrconf_leave_anycast(ifp);
	peer_route_del(ifp);
	ip6_del_local_rt(net, ifp->rt);
	ifp->rt = NULL;
	rt6_cache_flush(net);
}

void addrconf_leave_solict(struct inet6_ifaddr *ifp)
{
	struct in6_addr group;

	addrconf_addr_solict_mult(&ifp->addr, &group);
	if (ifp->solict_joined)
		(void)ipv6_dev_mc_dec(ifp->idev->dev, &group);
	ifp->solict_joined = false;
}

void ipv6_del_addr(struct inet6_ifaddr *ifp)
{
	struct net_device *dev = ifp->idev->dev;
	struct addrconf_state *ac = addrconf_of(dev->net);
	enum prefix_route_fate fate = PREFIX_ROUTE_STAYS;
	u32 expires_s = 0;

	timer_delete(dev->net->timers, &ifp->dad_timer);
	timer_delete(dev->net->timers, &ifp->lft_timer);
	if ((ifp->flags & IFA_F_PERMANENT) && !(ifp->flags & IFA_F_NOPREFIXROUTE))
		fate = prefix_route_fate(ifp, &expires_s);
	htable_remove(&ac->addr_hash, addr6_hash(ac, &ifp->addr), ifp);
	list_del_init(&ifp->if_list);
	ifp->idev->addr_count--;
	ipv6_ifa_tell(ifp, INET6ADDR_DEL, 0);
	rt6_remove_prefsrc(dev, &ifp->addr);
	ipv6_ifa_unroute(ifp);
	addrconf_leave_solict(ifp);
	ifp->state = INET6_IFADDR_STATE_DEAD;
	if (ifp->flags & IFA_F_MCAUTOJOIN)
		(void)ipv6_dev_mc_dec(dev, &ifp->addr);
	prefix_route_cleanup(ifp, fate, expires_s);
	delete_tempaddrs(ifp);
	if (ifp->ifpub) {
		list_del_init(&ifp->tmp_list);
		ifa6_put(ifp->ifpub);
		ifp->ifpub = NULL;
	}
	ifa6_put(ifp);
}

/* ------------------------------------------------------------------ as somebody asks for it */

static int check_config(const struct ifa6_config *cfg, const char **errmsg)
{
	if (cfg->prefix_len > 128)
		return addrconf_error(errmsg, "ipv6: Invalid prefix length", -EINVAL);
	if (!cfg->valid_lft_s || cfg->prefered_lft_s > cfg->valid_lft_s)
		return addrconf_error(errmsg, "ipv6: address lifetime invalid", -EINVAL);
	if ((cfg->flags & IFA_F_MANAGETEMPADDR) && cfg->prefix_len != 64)
		return addrconf_error(errmsg, "ipv6: address with \"mngtmpaddr\" flag must have a prefix length of 64",
				      -EINVAL);
	return 0;
}

/** prefix_route_change() - an address that exists, and @had a route; what must be now? */
static int prefix_route_change(struct inet6_ifaddr *ifp, bool had)
{
	enum prefix_route_fate fate;
	struct fib6_info *rt = NULL;
	u32 expires_s;
	int err;

	if (ifp->flags & IFA_F_NOPREFIXROUTE) {
		fate = had ? prefix_route_fate(ifp, &expires_s) : PREFIX_ROUTE_STAYS;
		if (fate == PREFIX_ROUTE_GOES)
			prefix_route_cleanup(ifp, fate, 0);
		return 0;
	}
	if (had) /* as Linux: the first of the prefix's routes, which may be another address's */
		rt = addrconf_get_prefix_route(&ifp->addr, ifp->prefix_len, ifp->idev->dev, 0, RTF_DEFAULT);
	if (rt && fib6_metric(rt) == route_metric(ifp)) {
		fib6_set_expires(rt, route_expires(ifp));
		return 0;
	}
	if (rt)
		(void)ip6_del_rt(ifp->idev->dev->net, rt);
	err = addrconf_add_prefix_route(ifp, 0);
	return err == -ENETDOWN || err == -ENODEV ? 0 : err;
}

static bool has_new_peer(const struct inet6_ifaddr *ifp, const struct ifa6_config *cfg)
{
	return !ipv6_addr_any(&cfg->peer) && !ipv6_addr_equal(&cfg->peer, &ifp->peer_addr);
}

static int inet6_addr_modify(struct inet6_ifaddr *ifp, const struct ifa6_config *cfg, const char **errmsg)
{
	const u32 takes = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE;
	/* as Linux: a route that ends by itself is left alone */
	bool had = (ifp->flags & (IFA_F_PERMANENT | IFA_F_NOPREFIXROUTE)) == IFA_F_PERMANENT;
	bool managed = ifp->flags & IFA_F_MANAGETEMPADDR;
	u32 old_flags = ifp->flags, old_priority = ifp->rt_priority;
	bool new_peer = has_new_peer(ifp, cfg);
	struct in6_addr old_peer = ifp->peer_addr;
	int err = 0;

	if ((cfg->flags & IFA_F_MANAGETEMPADDR) && ((ifp->flags & IFA_F_TEMPORARY) || ifp->prefix_len != 64))
		return addrconf_error(errmsg, NULL, -EINVAL);
	ifp->flags = (ifp->flags & ~takes) | (cfg->flags & takes);
	if (cfg->rt_priority)
		ifp->rt_priority = cfg->rt_priority;
	ifp->ifa_proto = cfg->ifa_proto;
	ifp->autoconf = false; /* from now on the administrator's */
	addrconf_set_lifetimes(ifp, cfg->valid_lft_s, cfg->prefered_lft_s);
	if (new_peer) {
		peer_route_del(ifp);
		ifp->peer_addr = cfg->peer;
	}
	if (!(ifp->flags & IFA_F_TENTATIVE)) /* before its routes are */
		ipv6_ifa_tell(ifp, INET6ADDR_NEW, cfg->portid);
	if (had || !(ifp->flags & IFA_F_NOPREFIXROUTE))
		err = prefix_route_change(ifp, had);
	if (!err && new_peer && ifp->rt)
		err = peer_route_add(ifp);
	if (err) {
		ifp->flags = old_flags;
		ifp->rt_priority = old_priority;
		ifp->peer_addr = old_peer;
		if (!(ifp->flags & IFA_F_TENTATIVE))
			ipv6_ifa_tell(ifp, INET6ADDR_NEW, cfg->portid);
		return err;
	}
	if (managed && !(ifp->flags & IFA_F_MANAGETEMPADDR))
		delete_tempaddrs(ifp);
	else if (ifp->flags & IFA_F_MANAGETEMPADDR)
		manage_tempaddrs(ifp, cfg->valid_lft_s, cfg->prefered_lft_s, !managed);
	return 0;
}

/** start_new() - an address that was asked for begins its life; all of it, or nothing */
static int start_new(struct inet6_ifaddr *ifp)
{
	struct net_device *dev = ifp->idev->dev;
	int err = 0;

	if (!(ifp->flags & IFA_F_NOPREFIXROUTE) && netif_running(dev))
		err = addrconf_add_prefix_route(ifp, 0);
	if (err) {
		ipv6_del_addr(ifp);
		return err;
	}
	if (!IPV6_DEVCONF_ALL(dev->net, OPTIMISTIC_DAD) && !IN6_DEV_CONF(ifp->idev, OPTIMISTIC_DAD))
		ifp->flags &= ~(u32)IFA_F_OPTIMISTIC;
	if (!(ifp->flags & (IFA_F_OPTIMISTIC | IFA_F_NODAD)))
		ipv6_ifa_tell(ifp, INET6ADDR_NEW, 0);
	addrconf_dad_start(ifp);
	if (ifp->flags & IFA_F_MANAGETEMPADDR)
		manage_tempaddrs(ifp, ifp->valid_lft_s, ifp->prefered_lft_s, true);
	return 0;
}

int inet6_addr_add(struct net_device *dev, const struct ifa6_config *cfg, const char **errmsg)
{
	struct inet6_dev *idev = in6_dev_get_rcu(dev);
	struct inet6_ifaddr *ifp = ipv6_get_ifaddr(dev->net, &cfg->addr, dev);
	int err = check_config(cfg, errmsg);

	if (err)
		return err;
	/* As Linux: with each request all groups are told anew, and an old querier is forgotten. */
	if (dev->net->profile == NET_PROFILE_LINUX && idev && netif_running(dev))
		ipv6_mc_up(idev);
	if (ifp) {
		if ((cfg->nlflags & NLM_F_EXCL) || !(cfg->nlflags & NLM_F_REPLACE))
			return addrconf_error(errmsg, "ipv6: address already assigned", -EEXIST);
		return inet6_addr_modify(ifp, cfg, errmsg);
	}
	if (!idev)
		return -EINVAL;
	if (IN6_DEV_CONF(idev, DISABLE_IPV6))
		return addrconf_error(errmsg, "ipv6: IPv6 is disabled on this device", -EACCES);
	err = netif_running(dev) ? addrconf_multicast_route(dev) : 0;
	if (err)
		return err;
	if ((cfg->flags & IFA_F_MCAUTOJOIN) && ipv6_dev_mc_inc(dev, &cfg->addr))
		return addrconf_error(errmsg, "ipv6: Multicast auto join failed", -EINVAL);
	ifp = ipv6_add_addr(idev, cfg, errmsg, &err);
	if (!ifp) {
		if (cfg->flags & IFA_F_MCAUTOJOIN)
			(void)ipv6_dev_mc_dec(dev, &cfg->addr);
		return err;
	}
	return start_new(ifp);
}

int inet6_addr_del(struct net_device *dev, const struct in6_addr *addr, u8 prefix_len, const char **errmsg)
{
	struct inet6_dev *idev = in6_dev_get_rcu(dev);
	struct inet6_ifaddr *ifp = ipv6_get_ifaddr(dev->net, addr, dev);

	if (prefix_len > 128)
		return addrconf_error(errmsg, "ipv6: Invalid prefix length", -EINVAL);
	if (!idev)
		return addrconf_error(errmsg, "ipv6: IPv6 is disabled on this device", -ENXIO);
	if (!ifp || ifp->prefix_len != prefix_len)
		return addrconf_error(errmsg, "ipv6: address not found", -EADDRNOTAVAIL);
	ipv6_del_addr(ifp);
	return 0;
}
