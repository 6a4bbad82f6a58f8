// SPDX-License-Identifier: BSD-2-Clause
/* Next hops: checked when a route is made, followed when devices change, chosen when there are several.
 *
 * @step S5 of S13, from ipv4/fib_semantics.c, ipv4/route.c
 * @rfc  1122 3.3.1.2, 2992, 8950
 * @linux net/ipv4/fib_semantics.c
 *
 * Reading order: fib_check_nh(), fib_sync_down_dev(), fib_sync_up(), fib_select_path().
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/byteorder.h"
#include "ipv4/fib_lookup.h"
#include "neigh/neighbour.h"

/* ------------------------------------------------------------------ check */

static void nh_set_dev(struct fib_nh *nh, struct net_device *dev)
{
	nh->dev = dev_hold(dev);
	nh->oif = dev->ifindex;
	if (!netif_carrier_ok(dev))
		nh->flags |= RTNH_F_LINKDOWN;
}

/** check_onlink() - the one who asks says that the gateway is there */
static int check_onlink(struct fib_state *fs, struct fib_nh *nh, u8 scope, const char **errmsg)
{
	struct net_device *dev;

	if (scope >= RT_SCOPE_LINK)
		return fib_error(errmsg, "Nexthop has invalid scope", -EINVAL);
	dev = dev_find_by_index(fs->net, nh->oif);
	if (!dev)
		return fib_error(errmsg, "Nexthop device required for onlink", -ENODEV);
	if (!(dev->flags & IFF_UP))
		return fib_error(errmsg, "Nexthop device is not up", -ENETDOWN);
	if (inet_addr_type_dev_table(fs->net, dev, nh->gw4) != RTN_UNICAST)
		return fib_error(errmsg, "Nexthop has invalid gateway", -EINVAL);
	nh_set_dev(nh, dev);
	nh->scope = RT_SCOPE_LINK;
	return 0;
}

/** lookup_gateway() - as a packet to the gateway would go; a table of somebody's own is asked first */
static int lookup_gateway(struct fib_state *fs, const struct flowi4 *fl4, u32 table, struct fib_result *res)
{
	bool own = table != RT_TABLE_UNSPEC && table != RT_TABLE_MAIN && table != RT_TABLE_LOCAL;
	const struct fib_table *tb = own ? fib_table_find(fs, table) : NULL;

	if (tb && fib_table_lookup(tb, fl4, res, FIB_LOOKUP_IGNORE_LINKSTATE) == 0)
		return 0;
	return fib_lookup_as(fs->net, fl4, res, FIB_LOOKUP_IGNORE_LINKSTATE);
}

static int check_gateway(struct fib_state *fs, struct fib_nh *nh, u32 table, u8 scope, const char **errmsg)
{
	struct flowi4 fl4 = { .daddr = nh->gw4,
			      .scope = (u8)max_u32(scope + 1U, RT_SCOPE_LINK),
			      .oif = nh->oif,
			      .iif = LOOPBACK_IFINDEX };
	struct fib_result res;
	struct net_device *dev;
	int err;

	if (nh->flags & RTNH_F_ONLINK)
		return check_onlink(fs, nh, scope, errmsg);
	err = lookup_gateway(fs, &fl4, table, &res);
	if (err)
		return fib_error(errmsg, "Nexthop has invalid gateway", err);
	if (res.type != RTN_UNICAST && res.type != RTN_LOCAL)
		return fib_error(errmsg, "Nexthop has invalid gateway", -EINVAL);
	dev = fib_res_nh(&res)->dev;
	if (!dev)
		return fib_error(errmsg, "No egress device for nexthop gateway", -EINVAL);
	nh->scope = res.scope;
	nh_set_dev(nh, dev);
	return dev->flags & IFF_UP ? 0 : -ENETDOWN;
}

static bool is_zero16(const u8 addr[static 16])
{
	static const u8 zero[16];

	return memcmp(addr, zero, sizeof(zero)) == 0;
}

/** check_gateway6_alone() - without IPv6's routes only a link-local one can be checked */
static int check_gateway6_alone(struct fib_state *fs, const struct fib_nh *nh, const struct net_device *dev,
				const char **errmsg)
{
	if (nh->gw6[0] == 0xff || is_zero16(nh->gw6))
		return fib_error(errmsg, "Invalid gateway address", -EINVAL);
	if (!nh->oif)
		return fib_error(errmsg, "Egress device not specified", -EINVAL);
	if (!(dev->flags & IFF_UP))
		return fib_error(errmsg, "Nexthop device is not up", -ENETDOWN);
	if (nh->gw6[0] != 0xfe || (nh->gw6[1] & 0xc0) != 0x80)
		return -EHOSTUNREACH;
	if (!fs->net->neigh->table[NEIGH_ND_TABLE])
		return fib_error(errmsg, "IPv6 is disabled on nexthop device", -EACCES);
	return 0;
}

/** check_gateway6() - an IPv6 neighbour forwards for us: its routes know whether it is one.  @rfc 8950 */
static int check_gateway6(struct fib_state *fs, struct fib_nh *nh, u32 table, const char **errmsg)
{
	const struct neigh_table *nd = fs->net->neigh->table[NEIGH_ND_TABLE];
	struct net_device *dev = nh->oif ? dev_find_by_index(fs->net, nh->oif) : NULL;
	int err;

	if (nh->oif && !dev)
		return -ENODEV;
	if (nd && nd->check_gateway)
		err = nd->check_gateway(fs->net, nh->gw6, table, nh->flags & RTNH_F_ONLINK, &dev, errmsg);
	else
		err = check_gateway6_alone(fs, nh, dev, errmsg);
	if (err)
		return err;
	nh_set_dev(nh, dev);
	nh->scope = RT_SCOPE_LINK;
	return 0;
}

static int check_device(struct fib_state *fs, struct fib_nh *nh, const char **errmsg)
{
	struct net_device *dev;

	if (nh->flags & (RTNH_F_PERVASIVE | RTNH_F_ONLINK))
		return fib_error(errmsg, "Invalid flags for nexthop - PERVASIVE and ONLINK can not be set", -EINVAL);
	dev = nh->oif ? dev_find_by_index(fs->net, nh->oif) : NULL;
	if (!dev || !in_dev_get_rcu(dev))
		return -ENODEV;
	if (!(dev->flags & IFF_UP))
		return fib_error(errmsg, "Device for nexthop is not up", -ENETDOWN);
	nh_set_dev(nh, dev);
	nh->scope = RT_SCOPE_HOST;
	return 0;
}

int fib_check_nh(struct fib_state *fs, struct fib_nh *nh, u32 table, u8 scope, const char **errmsg)
{
	if (nh->gw_family == AF_INET)
		return check_gateway(fs, nh, table, scope, errmsg);
	if (nh->gw_family == AF_INET6)
		return check_gateway6(fs, nh, table, errmsg);
	return check_device(fs, nh, errmsg);
}

/* ------------------------------------------------------------------ devices and addresses change */

bool fib_info_uses_dev(const struct fib_info *fi, const struct net_device *dev)
{
	for (u32 i = 0; i < fi->nhs; i++) {
		if (fi->nh[i].dev == dev)
			return true;
	}
	return false;
}

/** info_sync_down() - Return: true if all its next hops are dead, or go now */
static bool info_sync_down(struct fib_info *fi, const struct net_device *dev, u32 nh_flags, bool force)
{
	u32 down = 0;

	for (u32 i = 0; i < fi->nhs; i++) {
		struct fib_nh *nh = &fi->nh[i];

		if (nh->flags & RTNH_F_DEAD) {
			down++;
		} else if (nh->dev == dev && (force || nh->scope != RT_SCOPE_NOWHERE)) {
			/* but a local address stays one while its device is down */
			nh->flags |= nh_flags;
			rt_flush_nh(nh);
			down++;
		}
	}
	fib_rebalance(fi);
	return fi->nhs && down == fi->nhs;
}

u32 fib_sync_down_dev(struct fib_state *fs, struct net_device *dev, unsigned long event, bool force)
{
	u32 nh_flags = event == NETDEV_CHANGE ? RTNH_F_LINKDOWN : RTNH_F_DEAD | RTNH_F_LINKDOWN, dead = 0;
	struct fib_info *fi;

	list_for_each_entry(fi, &fs->infos, info_node) {
		if (!fib_info_uses_dev(fi, dev) || !info_sync_down(fi, dev, nh_flags, force))
			continue;
		fi->flags |= nh_flags;
		dead += !!(nh_flags & RTNH_F_DEAD);
	}
	return dead;
}

u32 fib_sync_down_addr(struct fib_state *fs, __be32 local)
{
	struct fib_info *fi;
	u32 dead = 0;

	if (!local)
		return 0;
	list_for_each_entry(fi, &fs->infos, info_node) {
		if (fi->prefsrc != local || fi->tb_id != RT_TABLE_MAIN)
			continue;
		fi->flags |= RTNH_F_DEAD;
		fib_rebalance(fi);
		dead++;
	}
	return dead;
}

u32 fib_sync_up(struct fib_state *fs, struct net_device *dev, u32 nh_flags)
{
	struct fib_info *fi;
	u32 alive_infos = 0;

	if (!(dev->flags & IFF_UP))
		return 0;
	if (netif_carrier_ok(dev))
		nh_flags |= RTNH_F_LINKDOWN;
	list_for_each_entry(fi, &fs->infos, info_node) {
		u32 alive = 0;

		for (u32 i = 0; i < fi->nhs; i++) {
			struct fib_nh *nh = &fi->nh[i];

			if (nh->dev != dev || !(nh->flags & nh_flags))
				continue;
			nh->flags &= ~nh_flags;
			alive++;
		}
		if (!alive)
			continue;
		/* a route that was dead as a whole is gone; one that lacked carrier, or some next hops, is whole again */
		if (!(fi->flags & RTNH_F_DEAD))
			fi->flags &= ~nh_flags;
		alive_infos++;
		fib_rebalance(fi);
	}
	return alive_infos;
}

/* ------------------------------------------------------------------ several next hops */

static bool nh_counts(const struct fib_nh *nh)
{
	const struct in_device *in_dev = nh->dev ? in_dev_get_rcu(nh->dev) : NULL;

	if (nh->flags & RTNH_F_DEAD)
		return false;
	return !(nh->flags & RTNH_F_LINKDOWN) || !in_dev || !IN_DEV_ORCONF(in_dev, IGNORE_ROUTES_WITH_LINKDOWN);
}

/** fib_rebalance() - after each change: is it plain; each next hop's share of the hash's 31 bits by weight.  @rfc 2992 */
void fib_rebalance(struct fib_info *fi)
{
	u64 total = 0, sum = 0;

	fi->plain = fi->nhs == 1 && !fi->dead && !fib_props[fi->type].error && !(fi->flags & RTNH_F_DEAD) &&
		    !(fi->nh[0].flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN));
	if (fi->nhs < 2)
		return;
	for (u32 i = 0; i < fi->nhs; i++)
		total += nh_counts(&fi->nh[i]) ? fi->nh[i].weight : 0;
	for (u32 i = 0; i < fi->nhs; i++) {
		struct fib_nh *nh = &fi->nh[i];

		if (!total || !nh_counts(nh)) {
			nh->upper_bound = UINT32_MAX; /* never chosen */
			continue;
		}
		sum += nh->weight;
		nh->upper_bound = (u32)(((sum << 31) + total / 2) / total) - 1;
	}
}

static u64 mix64(u64 x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

static u32 multipath_hash(const struct fib_state *fs, const struct flowi4 *fl4)
{
	u64 h = mix64(fs->hash_seed ^ ((u64)(__force u32)fl4->saddr << 32 | (__force u32)fl4->daddr));

	if (fs->net->ipv4->fib_multipath_hash_policy == 1)
		h = mix64(h ^ ((u64)fl4->proto << 32 | (u64)(__force u16)fl4->sport << 16 | (__force u16)fl4->dport));
	return (u32)(h >> 33);
}

/** gateway_unreachable() - fib_multipath_use_neigh: the neighbour did not answer lately */
static bool gateway_unreachable(const struct fib_state *fs, const struct fib_nh *nh)
{
	struct neigh_table *tbl;
	const struct neighbour *n;

	if (!fs->net->ipv4->fib_multipath_use_neigh || !nh->gw_family)
		return false;
	tbl = fs->net->neigh->table[nh->gw_family == AF_INET6 ? NEIGH_ND_TABLE : NEIGH_ARP_TABLE];
	n = tbl ? neigh_find(tbl, nh->gw6, nh->dev) : NULL; /* gw4 is at the same place */
	return n && !(n->nud_state & NUD_VALID);
}

void fib_select_path(struct net *net, struct fib_result *res, struct flowi4 *fl4, const struct sk_buff *skb)
{
	const struct fib_state *fs = net->ipv4->fib;
	const struct fib_info *fi = res->fi;
	int fallback = -1;
	u32 hash;

	(void)skb;
	if (fi->nhs < 2 || fl4->oif)
		return;
	hash = fl4->multipath_hash ? fl4->multipath_hash >> 1 : multipath_hash(fs, fl4);
	for (u32 i = 0; i < fi->nhs; i++) {
		const struct fib_nh *nh = &fi->nh[i];

		if (nh->upper_bound == UINT32_MAX || gateway_unreachable(fs, nh))
			continue;
		if (fallback < 0)
			fallback = (int)i;
		if (hash > nh->upper_bound)
			continue;
		res->nh_sel = (u8)i;
		return;
	}
	if (fallback >= 0)
		res->nh_sel = (u8)fallback;
}
