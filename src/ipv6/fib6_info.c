// SPDX-License-Identifier: BSD-2-Clause
/* What an IPv6 route means: its next hop and attributes, checked as the kernel checks them and with the kernel's words.
 *
 * @step S5 of S13, from ipv6/ip6_fib.c
 * @rfc  4291 2.5, 4861 8
 * @linux net/ipv6/route.c ip6_route_info_create, fib6_nh_init
 *
 * Reading order: fib6_info_create(), check_nexthop(), check_gateway(), fib6_route_view().
 */
#include <errno.h>
#include <string.h>

#include "dev/lwtunnel.h"
#include "ipv6/fib6_internal.h"
#include "ipv6/ndisc.h"

#define METRIC_MTU_MAX 65520U
#define METRIC_ADVMSS_MAX 65495U
#define METRIC_HOPLIMIT_MAX 255U
#define WEIGHT_MAX 65535U

/* ------------------------------------------------------------------ life */

static void info_free(struct fib6_info *f)
{
	struct net *net = f->dev->net;

	net->ipv6->fib->alloc_count--;
	mem_free(net->mem, f->more, sizeof(*f->more));
	lwtstate_put(f->lwtstate);
	dev_put(f->dev);
	mem_free(net->mem, f, sizeof(*f));
}

static void info_free_rcu(struct rcu_head *head)
{
	info_free(container_of(head, struct fib6_info, rcu));
}

void fib6_info_put(struct fib6_info *f)
{
	assert(f->refcnt > 0);
	if (--f->refcnt == 0)
		rcu_defer_free(&f->dev->net->rcu, &f->rcu, info_free_rcu);
}

/* ------------------------------------------------------------------ attributes */

static bool is_refusal_type(u8 type)
{
	return fib6_type_error(type) != 0;
}

static bool needs_more(const struct fib6_config *cfg)
{
	return cfg->src_len || !ipv6_addr_any(&cfg->prefsrc) || cfg->metrics_set || cfg->metrics_lock;
}

static int set_metrics(struct fib6_more *more, const struct fib6_config *cfg, const char **errmsg)
{
	static const struct {
		u32 index, max;
	} limits[] = { { RTAX_MTU, METRIC_MTU_MAX },
		       { RTAX_ADVMSS, METRIC_ADVMSS_MAX },
		       { RTAX_HOPLIMIT, METRIC_HOPLIMIT_MAX } };

	for (u32 i = 0; i < RTAX_MAX; i++)
		more->metrics[i] = (cfg->metrics_set >> i) & 1 ? cfg->metrics[i] : 0;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		u32 *m = &more->metrics[limits[i].index - 1];

		*m = min_u32(*m, limits[i].max);
	}
	if (more->metrics[RTAX_FEATURES - 1] & ~(u32)RTAX_FEATURE_MASK)
		return fib6_error(errmsg, "Unknown flag set in feature mask in metrics attribute", -EINVAL);
	more->metrics_lock = cfg->metrics_lock;
	return 0;
}

static int set_more(struct fib6_info *f, struct net *net, const struct fib6_config *cfg, const char **errmsg)
{
	if (!needs_more(cfg))
		return 0;
	f->more = mem_zalloc(net->mem, sizeof(*f->more));
	if (!f->more)
		return -ENOBUFS;
	f->more->src_len = cfg->src_len;
	ipv6_addr_prefix(&f->more->src, &cfg->src, cfg->src_len);
	f->more->prefsrc = cfg->prefsrc;
	return set_metrics(f->more, cfg, errmsg);
}

static int check_prefsrc(struct net *net, const struct fib6_info *f, const char **errmsg)
{
	const struct in6_addr *prefsrc = fib6_prefsrc(f);
	const struct net_device *dev = f->dev;

	if (!prefsrc)
		return 0;
	if (dev->flags & IFF_LOOPBACK) /* of any device, then */
		dev = NULL;
	return ipv6_chk_addr(net, prefsrc, dev) ? 0 : fib6_error(errmsg, "Invalid source address", -EINVAL);
}

/* ------------------------------------------------------------------ next hops */

/** struct nexthop - the one that is asked for, while it is completed */
struct nexthop {
	struct net *net;
	u32 table;
	const struct in6_addr *gateway; /* NULL: none */
	struct net_device *dev;         /* borrowed; NULL: not known yet */
	u32 flags;                      /* RTNH_F_* */
	bool dev_up_needed;
};

/** check_onlink() - the one who asks says that the gateway is there */
static int check_onlink(const struct nexthop *nh, const char **errmsg)
{
	struct flowi6 fl6 = { .daddr = *nh->gateway, .oif = nh->dev->ifindex };
	struct fib6_result res;
	const struct fib6_table *tb = fib6_table_find(nh->net->ipv6->fib, nh->table);

	if (tb && fib6_table_lookup(tb, &fl6, fl6.oif, 0, &res) == 0 && !ipv6_addr_any(&fl6.daddr) &&
	    res.f->leaf.plen && ((res.f->flags & (RTF_LOCAL | RTF_ANYCAST | RTF_REJECT)) || res.f->dev != nh->dev))
		return fib6_error(errmsg, "Nexthop has invalid gateway or device mismatch", -EINVAL);
	return 0;
}

/** lookup_gateway() - as a packet to it would go; the table of the route is asked first */
static int lookup_gateway(const struct nexthop *nh, const struct flowi6 *fl6, struct fib6_result *res)
{
	const struct fib6_table *tb = fib6_table_find(nh->net->ipv6->fib, nh->table);
	u32 strict = RT6_LOOKUP_F_IGNORE_LINKSTATE | (fl6->oif ? RT6_LOOKUP_F_IFACE : 0);

	if (tb && nh->table != RT_TABLE_MAIN && nh->table != RT_TABLE_LOCAL &&
	    fib6_table_lookup(tb, fl6, fl6->oif, strict, res) == 0 && !(res->f->flags & RTF_REJECT) &&
	    !res->f->has_gateway)
		return 0;
	return fib6_lookup(nh->net, fl6, fl6->oif, strict, res);
}

/** check_on_the_link() - a gateway must be our neighbour: its route has no gateway */
static int check_on_the_link(struct nexthop *nh)
{
	struct flowi6 fl6 = { .daddr = *nh->gateway, .oif = nh->dev ? nh->dev->ifindex : 0 };
	struct fib6_result res;

	if (lookup_gateway(nh, &fl6, &res) || (res.f->flags & RTF_REJECT) || res.f->has_gateway)
		return -EHOSTUNREACH;
	if (nh->dev && nh->dev != res.f->dev)
		return -EHOSTUNREACH;
	nh->dev = res.f->dev;
	return 0;
}

static int check_gateway(struct nexthop *nh, const char **errmsg)
{
	u32 type = ipv6_addr_type(nh->gateway);
	bool linklocal = type & IPV6_ADDR_LINKLOCAL;

	if (type & IPV6_ADDR_MULTICAST || !(type & (IPV6_ADDR_UNICAST | IPV6_ADDR_MAPPED)))
		return fib6_error(errmsg, "Invalid gateway address", -EINVAL);
	/* a link-local address is ours on its device only, a wider one wherever it is */
	if (ipv6_chk_addr_and_flags(nh->net, nh->gateway, linklocal ? nh->dev : NULL, IFA6_ANY_STATE))
		return fib6_error(errmsg, "Gateway can not be a local address", -EINVAL);
	if (nh->flags & RTNH_F_ONLINK) {
		if (!nh->dev)
			return fib6_error(errmsg, "Nexthop device required for onlink", -EINVAL);
		return check_onlink(nh, errmsg);
	}
	if (linklocal) {
		if (!nh->dev)
			return fib6_error(errmsg, "Egress device not specified", -EINVAL);
	} else {
		int err = check_on_the_link(nh);

		if (err)
			return err;
	}
	if (nh->dev->flags & IFF_LOOPBACK)
		return fib6_error(errmsg, "Egress device can not be loopback device for this route", -EINVAL);
	return 0;
}

static int check_device(const struct nexthop *nh, const char **errmsg)
{
	const struct inet6_dev *idev;

	if (!nh->dev)
		return -ENODEV;
	idev = in6_dev_get_rcu(nh->dev);
	if (!idev)
		return -ENODEV;
	if (IN6_DEV_CONF(idev, DISABLE_IPV6))
		return fib6_error(errmsg, "IPv6 is disabled on nexthop device", -EACCES);
	if (nh->dev_up_needed && !(nh->dev->flags & IFF_UP))
		return fib6_error(errmsg, "Nexthop device is not up", -ENETDOWN);
	return 0;
}

static int check_onlink_dev(u32 flags, const struct net_device *dev, const char **errmsg)
{
	if (!(flags & RTNH_F_ONLINK))
		return 0;
	if (!dev)
		return fib6_error(errmsg, "Nexthop device required for onlink", -ENODEV);
	return dev->flags & IFF_UP ? 0 : fib6_error(errmsg, "Nexthop device is not up", -ENETDOWN);
}

static int check_nexthop(struct nexthop *nh, int oif, const char **errmsg)
{
	int err;

	nh->dev = oif ? dev_find_by_index(nh->net, oif) : NULL;
	if (oif && (!nh->dev || !in6_dev_get_rcu(nh->dev)))
		return -ENODEV;
	err = check_onlink_dev(nh->flags, nh->dev, errmsg);
	if (err)
		return err;
	if (nh->gateway) {
		err = check_gateway(nh, errmsg);
		if (err)
			return err;
	}
	return check_device(nh, errmsg);
}

int fib6_check_gateway(struct net *net, const void *key, u32 table, bool onlink, struct net_device **dev,
		       const char **errmsg)
{
	struct in6_addr gateway;
	struct nexthop nh = { .net = net,
			      .table = table ? table : RT_TABLE_MAIN,
			      .gateway = &gateway,
			      .flags = onlink ? RTNH_F_ONLINK : 0,
			      .dev_up_needed = true };
	int err;

	memcpy(&gateway, key, sizeof(gateway));
	err = check_nexthop(&nh, *dev ? (*dev)->ifindex : 0, errmsg);
	*dev = nh.dev;
	return err;
}

/* ------------------------------------------------------------------ from a request */

int fib6_config_check(const struct fib6_config *cfg, const char **errmsg)
{
	if (cfg->dst_len > 128)
		return fib6_error(errmsg, "Invalid prefix length", -EINVAL);
	if (cfg->src_len > 128)
		return fib6_error(errmsg, "Invalid source address length", -EINVAL);
	if (cfg->flags & RTF_CACHE)
		return fib6_error(errmsg, "Userspace can not set RTF_CACHE", -EINVAL);
	if (cfg->nh_count > FIB6_MAX_NEXTHOPS)
		return fib6_error(errmsg, "Too many nexthops", -EINVAL);
	return 0;
}

/** is_refused() - no true route leads through the loopback device: what is not ours would come back for ever */
static bool is_refused(const struct fib6_config *cfg, const struct net_device *dev)
{
	if (is_refusal_type(cfg->type))
		return true;
	return dev && (dev->flags & IFF_LOOPBACK) && !ipv6_addr_loopback(&cfg->dst) && cfg->type != RTN_LOCAL &&
	       cfg->type != RTN_ANYCAST;
}

static u32 flags_of(const struct fib6_config *cfg, bool refused, bool has_gateway)
{
	u32 flags = (cfg->flags & ~(u32)RTF_PREF_MASK) | RTF_UP;

	if (refused)
		flags |= RTF_REJECT | RTF_NONEXTHOP;
	if (cfg->type == RTN_LOCAL)
		flags |= RTF_LOCAL;
	if (cfg->type == RTN_ANYCAST && cfg->kernel)
		flags |= RTF_ANYCAST;
	if (has_gateway)
		flags |= RTF_GATEWAY;
	return flags;
}

/** nexthop_of_config() - the i-th; a request with one has it in itself */
static struct fib6_config_nh nexthop_of_config(const struct fib6_config *cfg, u32 i)
{
	struct fib6_config_nh nh = { .oif = cfg->oif,
				     .has_gateway = cfg->has_gateway,
				     .gateway = cfg->gateway,
				     .flags = cfg->nh_flags,
				     .weight = 1,
				     .encap = cfg->encap };

	return cfg->nh_count ? cfg->nh[i] : nh;
}

/** set_nexthop() - Return: 0 with f->dev (reference) and the rest, -errno */
static int set_nexthop(struct fib6_state *fs, struct fib6_info *f, const struct fib6_config *cfg, u32 i,
		       const char **errmsg)
{
	struct fib6_config_nh c = nexthop_of_config(cfg, i);
	struct nexthop nh = { .net = fs->net,
			      .table = cfg->table ? cfg->table : RT_TABLE_MAIN,
			      .gateway = c.has_gateway ? &c.gateway : NULL,
			      .flags = c.flags & ~(u32)(RTNH_F_DEAD | RTNH_F_LINKDOWN),
			      .dev_up_needed = cfg->type != RTN_LOCAL && cfg->type != RTN_ANYCAST };
	struct net_device *dev = c.oif ? dev_find_by_index(fs->net, c.oif) : NULL;
	bool refused = is_refused(cfg, dev);
	int err = 0;

	if (c.oif && !dev)
		return -ENODEV;
	if (refused) {
		err = check_onlink_dev(nh.flags, dev, errmsg);
		if (err)
			return err;
		if (dev && !in6_dev_get_rcu(dev))
			return -ENODEV;
		nh.dev = fs->loopback;
		nh.gateway = NULL;
		if (!nh.dev)
			return -ENODEV;
	} else {
		err = check_nexthop(&nh, c.oif, errmsg);
		if (err)
			return err;
	}
	f->dev = dev_hold(nh.dev);
	f->nh_flags = (u8)(nh.flags & (RTNH_F_ONLINK | RTNH_F_PERVASIVE));
	if (!netif_carrier_ok(nh.dev) && !(nh.dev->flags & IFF_LOOPBACK) && cfg->type != RTN_LOCAL &&
	    cfg->type != RTN_ANYCAST)
		f->nh_flags |= RTNH_F_LINKDOWN;
	f->weight = (u16)(c.weight ? min_u32(c.weight, WEIGHT_MAX) : 1);
	f->has_gateway = nh.gateway != NULL;
	if (nh.gateway)
		f->gateway = *nh.gateway;
	f->flags = flags_of(cfg, refused, f->has_gateway);
	if (c.encap.data && !refused) {
		const char *text = NULL;

		err = lwtunnel_build_state(fs->net, c.encap.type, AF_INET6, c.encap.data, c.encap.bytes, &f->lwtstate,
					   &text);
		if (err)
			return fib6_error(errmsg, text, err);
	}
	return 0;
}

int fib6_info_create(struct fib6_state *fs, const struct fib6_config *cfg, u32 i, struct fib6_info **out,
		     const char **errmsg)
{
	struct net *net = fs->net;
	struct fib6_info *f = mem_zalloc(net->mem, sizeof(*f));
	int err;

	if (!f)
		return -ENOBUFS;
	f->refcnt = 1;
	f->leaf.key = fib6_key_masked(fib6_key_of(&cfg->dst), cfg->dst_len);
	f->leaf.plen = cfg->dst_len;
	f->type = cfg->type;
	f->protocol = cfg->protocol;
	f->metric = cfg->metric || cfg->kernel ? cfg->metric : IP6_RT_PRIO_USER;
	err = set_nexthop(fs, f, cfg, i, errmsg);
	if (!(f->flags & RTF_REJECT)) /* as Linux: a refusal has no preference, and no end */
		f->pref = cfg->pref;
	if (cfg->expires_s && !(f->flags & RTF_REJECT)) {
		f->expires = net->now + (ktime_t)cfg->expires_s * NSEC_PER_SEC;
		f->flags |= RTF_EXPIRES;
	}
	if (!err)
		err = set_more(f, net, cfg, errmsg);
	if (!err)
		err = check_prefsrc(net, f, errmsg);
	if (!err) {
		fs->alloc_count++;
		*out = f;
		return 0;
	}
	mem_free(net->mem, f->more, sizeof(*f->more));
	lwtstate_put(f->lwtstate);
	if (f->dev)
		dev_put(f->dev);
	mem_free(net->mem, f, sizeof(*f));
	return err;
}

/* ------------------------------------------------------------------ for listings */

bool fib6_ignored(const struct fib6_info *f)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(f->dev);

	return (f->nh_flags & RTNH_F_LINKDOWN) && idev && IN6_DEV_CONF(idev, IGNORE_ROUTES_WITH_LINKDOWN);
}

static void nh_view(const struct fib6_info *f, struct fib6_nh_view *out)
{
	*out = (struct fib6_nh_view){ .dev = f->dev,
				      .has_gateway = f->has_gateway,
				      .gateway = f->gateway,
				      .flags = f->nh_flags | (fib6_ignored(f) ? RTNH_F_DEAD : 0U),
				      .weight = f->weight,
				      .lwtstate = f->lwtstate };
}

void fib6_route_view(const struct fib6_info *first, u32 nh_count, struct fib6_route_view *out)
{
	const struct fib6_more *more = first->more;

	memset(out, 0, sizeof(*out));
	out->table_id = first->tb->id;
	out->metric = first->metric;
	fib6_key_addr(&first->leaf.key, &out->dst);
	out->dst_len = first->leaf.plen;
	out->type = first->type;
	out->protocol = first->protocol;
	out->pref = first->pref;
	out->flags = first->flags | RTF_PREF((u32)first->pref);
	out->error = fib6_type_error(first->type);
	out->expires = first->expires;
	out->expires_s = first->expires ? (first->expires - first->dev->net->now) / NSEC_PER_SEC : 0;
	out->refcnt = first->refcnt;
	if (more) {
		out->src = more->src;
		out->src_len = more->src_len;
		out->prefsrc = more->prefsrc;
		out->metrics = more->metrics;
		out->metrics_lock = more->metrics_lock;
	}
	out->nh_count = nh_count;
	out->nh_pos = first;
	nh_view(first, &out->nh);
}

void fib6_view_next_nh(struct fib6_route_view *r)
{
	const struct fib6_info *f = r->nh_pos->next;

	/* a new one is told of first; its siblings follow, from the first of them on */
	if (!f || !f->nsiblings || f->metric != r->nh_pos->metric || !fib6_qualifies_for_ecmp(f) ||
	    fib6_src_len(f) != fib6_src_len(r->nh_pos))
		f = fib6_group_first(r->nh_pos);
	r->nh_pos = f;
	nh_view(f, &r->nh);
}
