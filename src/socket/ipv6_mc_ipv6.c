// SPDX-License-Identifier: BSD-2-Clause
/* Multicast groups, and anycast addresses, of IPv6 sockets: who joined what, where, and from which sources.
 *
 * @rfc 3493 5.2, 3678, 3810 3   @linux net/ipv6/mcast.c: ipv6_sock_mc_join, ip6_mc_source, inet6_mc_check
 *
 * A device knows how many sockets want a group, and what of it (ipv6/mcast.h); which sources a socket wants is its own.
 * How many groups a socket joins is limited by net.core.optmem_max.
 */
#include <errno.h>
#include <string.h>

#include "ipv6/addrconf.h"
#include "ipv6/ip6_route.h"
#include "ipv6/mcast.h"
#include "socket/inet6_sock.h"

/** struct ipv6_ac_socklist - one anycast address that a socket joined */
struct ipv6_ac_socklist {
	struct ipv6_ac_socklist *next;
	struct in6_addr addr;
	int ifindex;
	u32 serial; /**< inet6_dev.serial */
};

/** joined_dev() - where a socket is in; NULL: the device has forgotten it, since its IPv6 went, and perhaps came again */
static struct net_device *joined_dev(const struct sock *sk, int ifindex, u32 serial)
{
	struct net_device *dev = dev_find_by_index(sk->net, ifindex);
	const struct inet6_dev *idev = dev ? in6_dev_get_rcu(dev) : NULL;

	return idev && idev->serial == serial ? dev : NULL;
}

/* The device that a request names, or that the route to the group leaves by. */
static struct net_device *group_dev(const struct sock *sk, const struct in6_addr *group, int ifindex)
{
	struct flowi6 fl6 = { .daddr = *group };
	struct net_device *dev;
	struct rt6_info *rt;

	if (ifindex)
		return dev_find_by_index(sk->net, ifindex);
	if (ip6_route_output_flow(sk->net, &fl6, &rt))
		return NULL;
	dev = rt->dst.dev;
	dst_release(&rt->dst);
	return dev;
}

static struct ipv6_mc_socklist **membership_find(struct ipv6_pinfo *np, const struct in6_addr *group, int ifindex)
{
	struct ipv6_mc_socklist **p = &np->mc_list;

	while (*p && (!ipv6_addr_equal(&(*p)->group, group) || (ifindex && (*p)->ifindex != ifindex)))
		p = &(*p)->next;
	return p;
}

static int group_join(struct sock *sk, const struct in6_addr *group, int ifindex, u8 mode)
{
	struct ipv6_pinfo *np = inet6_sk(sk);
	struct ipv6_mc_socklist *m;
	struct net_device *dev;
	int err;

	if (!ipv6_addr_is_multicast(group))
		return -EINVAL;
	if (*membership_find(np, group, ifindex))
		return -EADDRINUSE;
	dev = group_dev(sk, group, ifindex);
	if (!dev)
		return -ENODEV;
	m = sock_opt_alloc(sk, sizeof(*m));
	if (!m)
		return -ENOMEM;
	memset(m, 0, sizeof(*m));
	err = ipv6_dev_mc_inc_mode(dev, group, mode);
	if (err) {
		sock_opt_free(sk, m, sizeof(*m));
		return err;
	}
	m->group = *group;
	m->ifindex = dev->ifindex;
	m->serial = in6_dev_get_rcu(dev)->serial;
	m->mode = mode;
	m->next = np->mc_list;
	np->mc_list = m;
	np->mc_count++;
	return 0;
}

/* The device hears of a new filter before the old one goes: so that both are told to routers as one change. */
static int filter_replace(const struct sock *sk, const struct ipv6_mc_socklist *m, u8 mode,
			  const struct in6_addr *sources, u32 count)
{
	struct net_device *dev = joined_dev(sk, m->ifindex, m->serial);
	int err = dev ? ip6_mc_filter(dev, &m->group, mode, sources, count, 1) : 0;

	if (!err && dev)
		(void)ip6_mc_filter(dev, &m->group, m->mode, m->sources, m->sources_count, -1);
	return err;
}

static void membership_free(struct sock *sk, struct ipv6_mc_socklist **p)
{
	struct ipv6_mc_socklist *m = *p;
	struct net_device *dev = joined_dev(sk, m->ifindex, m->serial);

	*p = m->next;
	inet6_sk(sk)->mc_count--;
	if (m->sources_count)
		(void)filter_replace(sk, m, m->mode, NULL, 0);
	if (dev)
		(void)ipv6_dev_mc_dec_mode(dev, &m->group, m->mode);
	sock_opt_free(sk, m->sources, m->sources_max * (u32)sizeof(m->sources[0]));
	sock_opt_free(sk, m, sizeof(*m));
}

static int group_leave(struct sock *sk, const struct in6_addr *group, int ifindex)
{
	struct ipv6_mc_socklist **p;

	if (!ipv6_addr_is_multicast(group))
		return -EINVAL;
	p = membership_find(inet6_sk(sk), group, ifindex);
	if (!*p)
		return -EADDRNOTAVAIL;
	membership_free(sk, p);
	return 0;
}

/* ------------------------------------------------------------------ sources */

static int source_index(const struct ipv6_mc_socklist *m, const struct in6_addr *source)
{
	for (u32 i = 0; i < m->sources_count; i++) {
		if (ipv6_addr_equal(&m->sources[i], source))
			return (int)i;
	}
	return -1;
}

static int source_add(struct sock *sk, struct ipv6_mc_socklist *m, const struct in6_addr *source)
{
	u32 max = (u32)(sk->net->ipv6->mld_max_msf > 0 ? sk->net->ipv6->mld_max_msf : 0);
	struct in6_addr *grown;
	int err;

	if (source_index(m, source) >= 0)
		return -EADDRNOTAVAIL;
	if (m->sources_count >= max)
		return -ENOBUFS;
	if (m->sources_count >= m->sources_max) {
		grown = sock_opt_alloc(sk, max * (u32)sizeof(m->sources[0]));
		if (!grown)
			return -ENOBUFS;
		if (m->sources_count)
			memcpy(grown, m->sources, m->sources_count * sizeof(m->sources[0]));
		sock_opt_free(sk, m->sources, m->sources_max * (u32)sizeof(m->sources[0]));
		m->sources = grown;
		m->sources_max = max;
	}
	m->sources[m->sources_count] = *source;
	err = filter_replace(sk, m, m->mode, m->sources, m->sources_count + 1);
	if (!err)
		m->sources_count++;
	return err;
}

static int source_del(struct sock *sk, struct ipv6_mc_socklist *m, const struct in6_addr *source)
{
	int i = source_index(m, source), err;

	if (i < 0)
		return -EADDRNOTAVAIL;
	m->sources[i] = m->sources[m->sources_count - 1];
	m->sources[m->sources_count - 1] = *source;
	err = filter_replace(sk, m, m->mode, m->sources, m->sources_count - 1);
	if (!err)
		m->sources_count--;
	return err;
}

/* MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP, MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE */
static int source_request(struct sock *sk, int name, const struct in6_addr *group, int ifindex,
			  const struct in6_addr *source)
{
	bool include = name == MCAST_JOIN_SOURCE_GROUP || name == MCAST_LEAVE_SOURCE_GROUP;
	bool add = name == MCAST_JOIN_SOURCE_GROUP || name == MCAST_BLOCK_SOURCE;
	struct ipv6_mc_socklist **p;
	int err;

	if (!ipv6_addr_is_multicast(group))
		return -EINVAL;
	if (name == MCAST_JOIN_SOURCE_GROUP) {
		err = group_join(sk, group, ifindex, MCAST_INCLUDE);
		if (err && err != -EADDRINUSE)
			return err;
	}
	p = membership_find(inet6_sk(sk), group, ifindex);
	if (!*p)
		return -EINVAL;
	if ((*p)->sources_count ? (*p)->mode != (include ? MCAST_INCLUDE : MCAST_EXCLUDE)
				: (include && (*p)->mode != MCAST_INCLUDE))
		return -EINVAL;
	if (add)
		return source_add(sk, *p, source);
	err = source_del(sk, *p, source);
	if (!err && include && !(*p)->sources_count)
		membership_free(sk, p);
	return err;
}

bool inet6_mc_check(const struct sock *sk, const struct in6_addr *daddr, const struct in6_addr *saddr, int ifindex)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);

	(void)ifindex; /* Linux does not ask by which device it came */
	for (const struct ipv6_mc_socklist *m = np->mc_list; m; m = m->next) {
		if (ipv6_addr_equal(&m->group, daddr))
			return (source_index(m, saddr) >= 0) == (m->mode == MCAST_INCLUDE);
	}
	return np->mc_all;
}

/* ------------------------------------------------------------------ anycast */

static int anycast_join(struct sock *sk, const struct in6_addr *addr, int ifindex)
{
	struct ipv6_pinfo *np = inet6_sk(sk);
	struct ipv6_ac_socklist *ac;
	struct net_device *dev;
	int err;

	if (!sk->admin)
		return -EPERM;
	if (ipv6_addr_is_multicast(addr) || ipv6_chk_addr(sk->net, addr, NULL))
		return -EINVAL;
	dev = group_dev(sk, addr, ifindex);
	if (!dev && !ifindex && !IPV6_DEVCONF_ALL(sk->net, FORWARDING))
		return -EADDRNOTAVAIL; /* a host has such addresses where it has a route */
	if (!dev || !in6_dev_get_rcu(dev))
		return -ENODEV;
	if (!ipv6_chk_prefix(addr, dev) && !IN6_DEV_CONF(in6_dev_get_rcu(dev), FORWARDING))
		return -EADDRNOTAVAIL;
	ac = sock_opt_alloc(sk, sizeof(*ac));
	if (!ac)
		return -ENOMEM;
	err = ipv6_dev_ac_inc(in6_dev_get_rcu(dev), addr);
	if (err) {
		sock_opt_free(sk, ac, sizeof(*ac));
		return err;
	}
	*ac = (struct ipv6_ac_socklist){ np->ac_list, *addr, dev->ifindex, in6_dev_get_rcu(dev)->serial };
	np->ac_list = ac;
	return 0;
}

static void anycast_free(struct sock *sk, struct ipv6_ac_socklist **p)
{
	struct ipv6_ac_socklist *ac = *p;
	struct net_device *dev = joined_dev(sk, ac->ifindex, ac->serial);

	*p = ac->next;
	if (dev)
		ipv6_dev_ac_dec(in6_dev_get_rcu(dev), &ac->addr);
	sock_opt_free(sk, ac, sizeof(*ac));
}

static int anycast_leave(struct sock *sk, const struct in6_addr *addr, int ifindex)
{
	struct ipv6_ac_socklist **p = &inet6_sk(sk)->ac_list;

	while (*p && (!ipv6_addr_equal(&(*p)->addr, addr) || (ifindex && (*p)->ifindex != ifindex)))
		p = &(*p)->next;
	if (!*p)
		return -ENOENT;
	anycast_free(sk, p);
	return 0;
}

void ipv6_sock_mc_close(struct sock *sk)
{
	struct ipv6_pinfo *np = inet6_sk(sk);

	while (np->mc_list)
		membership_free(sk, &np->mc_list);
	while (np->ac_list)
		anycast_free(sk, &np->ac_list);
}

/* ------------------------------------------------------------------ options */

static int set_membership(struct sock *sk, int name, const void *value, socklen_t len_bytes)
{
	struct ipv6_mreq req;
	int ifindex;

	if (len_bytes < sizeof(req))
		return -EINVAL;
	memcpy(&req, value, sizeof(req));
	ifindex = (int)req.ipv6mr_interface;
	switch (name) {
	case IPV6_JOIN_GROUP:
		return sk->type == SOCK_STREAM ? -EPROTO
					       : group_join(sk, &req.ipv6mr_multiaddr, ifindex, MCAST_EXCLUDE);
	case IPV6_LEAVE_GROUP:
		return sk->type == SOCK_STREAM ? -EPROTO : group_leave(sk, &req.ipv6mr_multiaddr, ifindex);
	case IPV6_JOIN_ANYCAST:
		return anycast_join(sk, &req.ipv6mr_multiaddr, ifindex);
	default:
		return anycast_leave(sk, &req.ipv6mr_multiaddr, ifindex);
	}
}

/* MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP: the protocol independent names of RFC 3678. */
static int set_group(struct sock *sk, int name, const void *value, socklen_t len_bytes)
{
	struct group_req greq;
	struct sockaddr_in6 sin6;

	if (len_bytes < sizeof(greq))
		return -EINVAL;
	memcpy(&greq, value, sizeof(greq));
	memcpy(&sin6, &greq.gr_group, sizeof(sin6));
	if (sin6.sin6_family != AF_INET6)
		return -EADDRNOTAVAIL;
	return name == MCAST_JOIN_GROUP ? group_join(sk, &sin6.sin6_addr, (int)greq.gr_interface, MCAST_EXCLUDE)
					: group_leave(sk, &sin6.sin6_addr, (int)greq.gr_interface);
}

static int set_group_source(struct sock *sk, int name, const void *value, socklen_t len_bytes)
{
	struct group_source_req greq;
	struct sockaddr_in6 group, source;

	if (len_bytes < sizeof(greq))
		return -EINVAL;
	memcpy(&greq, value, sizeof(greq));
	memcpy(&group, &greq.gsr_group, sizeof(group));
	memcpy(&source, &greq.gsr_source, sizeof(source));
	if (group.sin6_family != AF_INET6 || source.sin6_family != AF_INET6)
		return -EADDRNOTAVAIL;
	return source_request(sk, name, &group.sin6_addr, (int)greq.gsr_interface, &source.sin6_addr);
}

/* @list: @count of struct sockaddr_storage */
static int filter_set(struct sock *sk, struct ipv6_mc_socklist *m, u8 mode, const u8 *list, u32 count)
{
	struct in6_addr *sources = NULL;
	struct sockaddr_in6 sin6;
	int err;

	if (count) {
		sources = sock_opt_alloc(sk, count * (u32)sizeof(*sources));
		if (!sources)
			return -ENOBUFS;
	}
	for (u32 i = 0; i < count; i++) {
		memcpy(&sin6, list + i * sizeof(struct sockaddr_storage), sizeof(sin6));
		sources[i] = sin6.sin6_addr;
	}
	err = filter_replace(sk, m, mode, sources, count);
	if (err) {
		sock_opt_free(sk, sources, count * (u32)sizeof(*sources));
		return err;
	}
	sock_opt_free(sk, m->sources, m->sources_max * (u32)sizeof(m->sources[0]));
	m->sources = sources;
	m->sources_count = m->sources_max = count;
	m->mode = mode;
	return 0;
}

/* A whole filter at once: mode and all sources. */
static int set_msfilter(struct sock *sk, const void *value, socklen_t len_bytes)
{
	const u32 head_bytes = GROUP_FILTER_SIZE(0);
	struct ipv6_mc_socklist **p;
	struct group_filter gf;
	struct sockaddr_in6 sin6;

	if (len_bytes < head_bytes)
		return -EINVAL;
	memset(&gf, 0, sizeof(gf));
	memcpy(&gf, value, head_bytes);
	if (gf.gf_numsrc > (u32)sk->net->ipv6->mld_max_msf)
		return -ENOBUFS;
	if (GROUP_FILTER_SIZE(gf.gf_numsrc) > len_bytes ||
	    (gf.gf_fmode != MCAST_INCLUDE && gf.gf_fmode != MCAST_EXCLUDE))
		return -EINVAL;
	memcpy(&sin6, &gf.gf_group, sizeof(sin6));
	if (!ipv6_addr_is_multicast(&sin6.sin6_addr))
		return -EINVAL;
	p = membership_find(inet6_sk(sk), &sin6.sin6_addr, (int)gf.gf_interface);
	if (!*p)
		return -EINVAL;
	if (gf.gf_fmode == MCAST_INCLUDE && !gf.gf_numsrc) {
		membership_free(sk, p);
		return 0;
	}
	return filter_set(sk, *p, (u8)gf.gf_fmode, (const u8 *)value + head_bytes, gf.gf_numsrc);
}

int ipv6_mc_setsockopt(struct sock *sk, int name, const void *value, socklen_t len_bytes)
{
	switch (name) {
	case IPV6_JOIN_GROUP:
	case IPV6_LEAVE_GROUP:
	case IPV6_JOIN_ANYCAST:
	case IPV6_LEAVE_ANYCAST:
		return set_membership(sk, name, value, len_bytes);
	case MCAST_JOIN_GROUP:
	case MCAST_LEAVE_GROUP:
		return set_group(sk, name, value, len_bytes);
	case MCAST_BLOCK_SOURCE:
	case MCAST_UNBLOCK_SOURCE:
	case MCAST_JOIN_SOURCE_GROUP:
	case MCAST_LEAVE_SOURCE_GROUP:
		return set_group_source(sk, name, value, len_bytes);
	case MCAST_MSFILTER:
		return set_msfilter(sk, value, len_bytes);
	default:
		return -ENOPROTOOPT;
	}
}

int ipv6_mc_getsockopt(struct sock *sk, int name, void *value, socklen_t *len_bytes)
{
	const u32 head_bytes = GROUP_FILTER_SIZE(0);
	const struct ipv6_mc_socklist *m;
	struct sockaddr_in6 sin6;
	struct group_filter gf;
	u32 room;

	if (name != MCAST_MSFILTER || *len_bytes < head_bytes)
		return name != MCAST_MSFILTER ? -ENOPROTOOPT : -EINVAL;
	memset(&gf, 0, sizeof(gf));
	memcpy(&gf, value, head_bytes);
	memcpy(&sin6, &gf.gf_group, sizeof(sin6));
	if (!ipv6_addr_is_multicast(&sin6.sin6_addr))
		return -EINVAL;
	m = *membership_find(inet6_sk(sk), &sin6.sin6_addr, (int)gf.gf_interface);
	if (!m)
		return -EADDRNOTAVAIL;
	room = min_u32(gf.gf_numsrc, (u32)((*len_bytes - head_bytes) / sizeof(struct sockaddr_storage)));
	gf.gf_fmode = m->mode;
	gf.gf_numsrc = m->sources_count;
	memcpy(value, &gf, head_bytes);
	for (u32 i = 0; i < min_u32(room, m->sources_count); i++) {
		u8 *to = (u8 *)value + head_bytes + i * sizeof(struct sockaddr_storage);

		sin6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = m->sources[i] };
		memset(to, 0, sizeof(struct sockaddr_storage));
		memcpy(to, &sin6, sizeof(sin6));
	}
	*len_bytes = (socklen_t)GROUP_FILTER_SIZE(min_u32(room, m->sources_count));
	return 0;
}
