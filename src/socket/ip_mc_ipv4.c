// SPDX-License-Identifier: BSD-2-Clause
/* Multicast groups of sockets: who joined what, where, and from which sources.
 *
 * @rfc 3376 3, 3678   @linux ip(7), net/ipv4/igmp.c: ip_mc_join_group, ip_mc_source, ip_mc_sf_allow
 *
 * A device knows how many sockets want a group (ipv4/igmp.h); which sources a socket wants is its own affair.
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv4/igmp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/route.h"
#include "socket/inet_sock.h"

#define IGMP_MAX_MEMBERSHIPS 20 /* net.ipv4.igmp_max_memberships */
#define IGMP_MAX_MSF 10         /* net.ipv4.igmp_max_msf */

/* The device that a request names: by index, by one of its addresses, or by the route to the group. */
static struct net_device *group_dev(const struct inet_sock *inet, const struct ip_mreqn *req)
{
	struct net *net = inet->sk.net;
	struct flowi4 fl4 = { .daddr = (__force __be32)req->imr_multiaddr.s_addr };
	struct net_device *dev;
	struct in_ifaddr *ifa;
	struct rtable *rt;

	if (req->imr_ifindex)
		return dev_find_by_index(net, req->imr_ifindex);
	if (req->imr_address.s_addr) {
		ifa = inet_lookup_ifaddr(net, (__force __be32)req->imr_address.s_addr);
		return ifa ? ifa->ifa_dev->dev : NULL;
	}
	if (ip_route_output_flow(net, &fl4, &rt))
		return NULL;
	dev = rt->dst.dev;
	dst_release(&rt->dst);
	return dev;
}

static struct inet_membership **membership_find(struct inet_sock *inet, __be32 group, int ifindex)
{
	struct inet_membership **p = &inet->memberships;

	while (*p && ((*p)->group != group || (*p)->ifindex != ifindex))
		p = &(*p)->next;
	return p;
}

static int group_join(struct inet_sock *inet, const struct ip_mreqn *req, u8 mode)
{
	__be32 group = (__force __be32)req->imr_multiaddr.s_addr;
	struct net_device *dev;
	struct inet_membership *m;
	int err;

	if (!ipv4_is_multicast(group))
		return -EINVAL;
	dev = group_dev(inet, req);
	if (!dev || !in_dev_get_rcu(dev))
		return -ENODEV;
	if (*membership_find(inet, group, dev->ifindex))
		return -EADDRINUSE;
	if (inet->memberships_count >= IGMP_MAX_MEMBERSHIPS)
		return -ENOBUFS;
	m = sock_opt_alloc(&inet->sk, sizeof(*m));
	if (!m)
		return -ENOBUFS;
	err = ip_mc_inc_group(in_dev_get_rcu(dev), group);
	if (err) {
		sock_opt_free(&inet->sk, m, sizeof(*m));
		return err;
	}
	m->group = group;
	m->ifindex = dev->ifindex;
	m->mode = mode;
	m->next = inet->memberships;
	inet->memberships = m;
	inet->memberships_count++;
	return 0;
}

static void membership_free(struct inet_sock *inet, struct inet_membership **p)
{
	struct inet_membership *m = *p;
	struct net_device *dev = dev_find_by_index(inet->sk.net, m->ifindex);

	*p = m->next;
	inet->memberships_count--;
	if (dev && in_dev_get_rcu(dev))
		ip_mc_dec_group(in_dev_get_rcu(dev), m->group);
	sock_opt_free(&inet->sk, m->sources, m->sources_max * (u32)sizeof(m->sources[0]));
	sock_opt_free(&inet->sk, m, sizeof(*m));
}

static int group_leave(struct inet_sock *inet, const struct ip_mreqn *req)
{
	__be32 group = (__force __be32)req->imr_multiaddr.s_addr;
	struct net_device *dev = group_dev(inet, req);
	struct inet_membership **p;

	if (!ipv4_is_multicast(group))
		return -EINVAL;
	if (!dev && !req->imr_ifindex)
		return -ENODEV;
	p = membership_find(inet, group, dev ? dev->ifindex : req->imr_ifindex);
	if (!*p)
		return -EADDRNOTAVAIL;
	membership_free(inet, p);
	return 0;
}

void ip_mc_drop_socket(struct sock *sk)
{
	while (inet_sk(sk)->memberships)
		membership_free(inet_sk(sk), &inet_sk(sk)->memberships);
}

/* ------------------------------------------------------------------ sources */

static int source_index(const struct inet_membership *m, __be32 source)
{
	for (u32 i = 0; i < m->sources_count; i++) {
		if (m->sources[i] == source)
			return (int)i;
	}
	return -1;
}

static int source_add(struct inet_sock *inet, struct inet_membership *m, __be32 source)
{
	if (source_index(m, source) >= 0)
		return -EADDRNOTAVAIL;
	if (m->sources_count >= IGMP_MAX_MSF)
		return -ENOBUFS;
	if (!m->sources) {
		m->sources = sock_opt_alloc(&inet->sk, IGMP_MAX_MSF * sizeof(m->sources[0]));
		if (!m->sources)
			return -ENOBUFS;
		m->sources_max = IGMP_MAX_MSF;
	}
	m->sources[m->sources_count++] = source;
	return 0;
}

static int source_del(struct inet_membership *m, __be32 source)
{
	int i = source_index(m, source);

	if (i < 0)
		return -EADDRNOTAVAIL;
	m->sources[i] = m->sources[--m->sources_count];
	return 0;
}

/* IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP, IP_BLOCK_SOURCE, IP_UNBLOCK_SOURCE */
static int source_request(struct inet_sock *inet, int name, const struct ip_mreqn *req, __be32 source)
{
	bool include = name == IP_ADD_SOURCE_MEMBERSHIP || name == IP_DROP_SOURCE_MEMBERSHIP;
	bool add = name == IP_ADD_SOURCE_MEMBERSHIP || name == IP_BLOCK_SOURCE;
	__be32 group = (__force __be32)req->imr_multiaddr.s_addr;
	struct inet_membership **p;
	struct net_device *dev;
	int err;

	if (!ipv4_is_multicast(group))
		return -EINVAL;
	if (name == IP_ADD_SOURCE_MEMBERSHIP) {
		err = group_join(inet, req, MCAST_INCLUDE);
		if (err && err != -EADDRINUSE)
			return err;
	}
	dev = group_dev(inet, req);
	if (!dev)
		return -ENODEV;
	p = membership_find(inet, group, dev->ifindex);
	if (!*p)
		return -EINVAL;
	if ((*p)->sources_count ? (*p)->mode != (include ? MCAST_INCLUDE : MCAST_EXCLUDE)
				: (include && (*p)->mode != MCAST_INCLUDE))
		return -EINVAL;
	if (add)
		return source_add(inet, *p, source);
	err = source_del(*p, source);
	if (!err && include && !(*p)->sources_count)
		membership_free(inet, p);
	return err;
}

bool ip_mc_sf_allow(const struct sock *sk, __be32 daddr, __be32 saddr, int ifindex)
{
	const struct inet_sock *inet = inet_sk(sk);

	if (!ipv4_is_multicast(daddr))
		return true;
	for (const struct inet_membership *m = inet->memberships; m; m = m->next) {
		if (m->group == daddr && m->ifindex == ifindex)
			return (source_index(m, saddr) >= 0) == (m->mode == MCAST_INCLUDE);
	}
	return inet->mc_all;
}

/* ------------------------------------------------------------------ options */

static int set_multicast_if(struct inet_sock *inet, const void *value, socklen_t len_bytes)
{
	struct ip_mreqn req;
	struct net_device *dev;

	memset(&req, 0, sizeof(req));
	if (len_bytes < sizeof(struct in_addr))
		return -EINVAL;
	if (len_bytes >= sizeof(struct ip_mreqn))
		memcpy(&req, value, sizeof(req));
	else if (len_bytes >= sizeof(struct ip_mreq))
		memcpy(&req, value, sizeof(struct ip_mreq));
	else
		memcpy(&req.imr_address, value, sizeof(struct in_addr));
	if (!req.imr_ifindex && !req.imr_address.s_addr) {
		inet->mc_index = 0;
		inet->mc_addr = (__force __be32)0U;
		return 0;
	}
	req.imr_multiaddr.s_addr = 0;
	dev = group_dev(inet, &req);
	if (!dev)
		return -EADDRNOTAVAIL;
	if (inet->sk.bound_dev_if && inet->sk.bound_dev_if != dev->ifindex)
		return -EINVAL;
	inet->mc_index = dev->ifindex;
	inet->mc_addr = (__force __be32)req.imr_address.s_addr;
	return 0;
}

static int set_membership(struct inet_sock *inet, int name, const void *value, socklen_t len_bytes)
{
	struct ip_mreqn req;

	memset(&req, 0, sizeof(req));
	if (len_bytes < sizeof(struct ip_mreq))
		return -EINVAL;
	memcpy(&req, value, min_size(len_bytes, sizeof(req)));
	if (len_bytes < sizeof(req))
		req.imr_ifindex = 0;
	return name == IP_ADD_MEMBERSHIP ? group_join(inet, &req, MCAST_EXCLUDE) : group_leave(inet, &req);
}

static int set_source_membership(struct inet_sock *inet, int name, const void *value, socklen_t len_bytes)
{
	struct ip_mreq_source src;
	struct ip_mreqn req;

	if (len_bytes != sizeof(src))
		return -EINVAL;
	memcpy(&src, value, sizeof(src));
	memset(&req, 0, sizeof(req));
	req.imr_multiaddr.s_addr = src.imr_multiaddr.s_addr;
	req.imr_address.s_addr = src.imr_interface.s_addr;
	return source_request(inet, name, &req, (__force __be32)src.imr_sourceaddr.s_addr);
}

/* MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP: the protocol independent names of RFC 3678. */
static int set_group(struct inet_sock *inet, int name, const void *value, socklen_t len_bytes)
{
	struct group_req greq;
	struct sockaddr_in sin;
	struct ip_mreqn req;

	if (len_bytes < sizeof(greq))
		return -EINVAL;
	memcpy(&greq, value, sizeof(greq));
	memcpy(&sin, &greq.gr_group, sizeof(sin));
	if (sin.sin_family != AF_INET)
		return -EINVAL;
	memset(&req, 0, sizeof(req));
	req.imr_multiaddr = sin.sin_addr;
	req.imr_ifindex = (int)greq.gr_interface;
	return name == MCAST_JOIN_GROUP ? group_join(inet, &req, MCAST_EXCLUDE) : group_leave(inet, &req);
}

static int set_group_source(struct inet_sock *inet, int name, const void *value, socklen_t len_bytes)
{
	static const int same_as[] = {
		[MCAST_BLOCK_SOURCE - MCAST_BLOCK_SOURCE] = IP_BLOCK_SOURCE,
		[MCAST_UNBLOCK_SOURCE - MCAST_BLOCK_SOURCE] = IP_UNBLOCK_SOURCE,
		[MCAST_LEAVE_GROUP - MCAST_BLOCK_SOURCE] = 0,
		[MCAST_JOIN_SOURCE_GROUP - MCAST_BLOCK_SOURCE] = IP_ADD_SOURCE_MEMBERSHIP,
		[MCAST_LEAVE_SOURCE_GROUP - MCAST_BLOCK_SOURCE] = IP_DROP_SOURCE_MEMBERSHIP,
	};
	struct group_source_req greq;
	struct sockaddr_in group, source;
	struct ip_mreqn req;

	if (len_bytes != sizeof(greq))
		return -EINVAL;
	memcpy(&greq, value, sizeof(greq));
	memcpy(&group, &greq.gsr_group, sizeof(group));
	memcpy(&source, &greq.gsr_source, sizeof(source));
	if (group.sin_family != AF_INET || source.sin_family != AF_INET)
		return -EADDRNOTAVAIL;
	memset(&req, 0, sizeof(req));
	req.imr_multiaddr = group.sin_addr;
	req.imr_ifindex = (int)greq.gsr_interface;
	return source_request(inet, same_as[name - MCAST_BLOCK_SOURCE], &req, (__force __be32)source.sin_addr.s_addr);
}

int ip_mc_setsockopt(struct sock *sk, int name, const void *value, socklen_t len_bytes)
{
	struct inet_sock *inet = inet_sk(sk);

	switch (name) {
	case IP_MULTICAST_IF:
		return set_multicast_if(inet, value, len_bytes);
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
		return set_membership(inet, name, value, len_bytes);
	case IP_BLOCK_SOURCE:
	case IP_UNBLOCK_SOURCE:
	case IP_ADD_SOURCE_MEMBERSHIP:
	case IP_DROP_SOURCE_MEMBERSHIP:
		return set_source_membership(inet, name, value, len_bytes);
	case MCAST_JOIN_GROUP:
	case MCAST_LEAVE_GROUP:
		return set_group(inet, name, value, len_bytes);
	case MCAST_BLOCK_SOURCE:
	case MCAST_UNBLOCK_SOURCE:
	case MCAST_JOIN_SOURCE_GROUP:
	case MCAST_LEAVE_SOURCE_GROUP:
		return set_group_source(inet, name, value, len_bytes);
	default: /* IP_MSFILTER, MCAST_MSFILTER: whole filters at once */
		return -ENOPROTOOPT;
	}
}

int ip_mc_getsockopt(struct sock *sk, int name, void *value, socklen_t *len_bytes)
{
	struct in_addr addr = { (__force u32)inet_sk(sk)->mc_addr };

	if (name != IP_MULTICAST_IF)
		return -ENOPROTOOPT;
	*len_bytes = min_u32(*len_bytes, sizeof(addr));
	memcpy(value, &addr, *len_bytes);
	return 0;
}
