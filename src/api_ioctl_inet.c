// SPDX-License-Identifier: BSD-2-Clause
/* SIOC* requests about IPv4 addresses and routes.
 *
 * @linux netdevice(7), net/ipv4/devinet.c: devinet_ioctl, net/ipv4/fib_frontend.c: ip_rt_ioctl
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/route.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "api_ioctl.h"
#include "base/byteorder.h"
#include "ipv4/arp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip_fib.h"

static struct sockaddr sockaddr_of(__be32 addr)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr sa;

	sin.sin_addr.s_addr = (__force u32)addr;
	memcpy(&sa, &sin, sizeof(sa));
	return sa;
}

static __be32 addr_of(const struct sockaddr *sa)
{
	struct sockaddr_in sin;

	memcpy(&sin, sa, sizeof(sin));
	return (__force __be32)sin.sin_addr.s_addr;
}

/* ------------------------------------------------------------------ listing */

/* With no buffer the answer is the length that one would need. */
static int get_conf(struct net *net, struct ifconf *ifc)
{
	size_t used_bytes = 0;
	struct net_device *dev;
	struct in_ifaddr *ifa;

	for_each_netdev(net, dev) {
		const struct in_device *in_dev = in_dev_get_rcu(dev);

		if (!in_dev)
			continue;
		list_for_each_entry(ifa, &in_dev->ifa_list, node) {
			struct ifreq ifr;

			if (ifc->ifc_buf) {
				if (used_bytes + sizeof(ifr) > (size_t)ifc->ifc_len)
					goto full;
				memset(&ifr, 0, sizeof(ifr));
				snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifa->ifa_label);
				ifr.ifr_addr = sockaddr_of(ifa->ifa_local);
				memcpy(ifc->ifc_buf + used_bytes, &ifr, sizeof(ifr));
			}
			used_bytes += sizeof(ifr);
		}
	}
full:
	ifc->ifc_len = (int)used_bytes;
	return 0;
}

/* ------------------------------------------------------------------ one address */

static struct in_ifaddr *ifa_find(const struct net_device *dev, const char *label)
{
	const struct in_device *in_dev = in_dev_get_rcu(dev);
	struct in_ifaddr *ifa;

	if (!in_dev)
		return NULL;
	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		if (!strcmp(ifa->ifa_label, label))
			return ifa;
	}
	return NULL;
}

static int get_addr(unsigned long request, const struct in_ifaddr *ifa, struct ifreq *ifr)
{
	if (!ifa)
		return -EADDRNOTAVAIL;
	switch (request) {
	case SIOCGIFADDR:
		ifr->ifr_addr = sockaddr_of(ifa->ifa_local);
		return 0;
	case SIOCGIFDSTADDR:
		ifr->ifr_addr = sockaddr_of(ifa->ifa_address);
		return 0;
	case SIOCGIFBRDADDR:
		ifr->ifr_addr = sockaddr_of(ifa->ifa_broadcast);
		return 0;
	default: /* SIOCGIFNETMASK */
		ifr->ifr_addr = sockaddr_of(ifa->ifa_mask);
		return 0;
	}
}

/* Prefix length by class, as it was before there were masks.  Return: -1 for classes D and E */
static int class_prefixlen(__be32 addr)
{
	u32 a = be32_to_cpu(addr);

	if (!a || a == ~0U)
		return 0;
	if (!(a >> 31))
		return 8;
	if (a >> 30 == 2)
		return 16;
	if (a >> 29 == 6)
		return 24;
	return -1;
}

static void ifa_set_prefix(const struct net_device *dev, struct in_ifaddr *ifa, u8 prefixlen)
{
	ifa->ifa_prefixlen = prefixlen;
	ifa->ifa_mask = inet_make_mask(prefixlen);
	if ((dev->flags & IFF_BROADCAST) && prefixlen < 31)
		ifa->ifa_broadcast = (__force __be32)((__force u32)ifa->ifa_local | ~(__force u32)ifa->ifa_mask);
}

/* The old address goes, the new one comes; a new one of zero is none. */
static int ifa_replace(struct net_device *dev, struct in_ifaddr *old, const struct in_ifaddr *ifa)
{
	const char *errmsg = NULL;
	int err;

	if (old) {
		err = inet_del_ifa(dev, old, 0);
		if (err)
			return err;
	}
	return ifa->ifa_local ? inet_insert_ifa(dev, ifa, 0, &errmsg) : 0;
}

/* A copy that may be changed, and put in the place of the original. */
static struct in_ifaddr ifa_template(const struct in_ifaddr *ifa, const char *label)
{
	struct in_ifaddr copy;

	memset(&copy, 0, sizeof(copy));
	snprintf(copy.ifa_label, sizeof(copy.ifa_label), "%.*s", IFNAMSIZ - 1, label);
	copy.ifa_flags = IFA_F_PERMANENT;
	copy.ifa_valid_lft_s = copy.ifa_preferred_lft_s = 0xffffffffU; /* INFINITY_LIFE_TIME */
	if (ifa) {
		copy.ifa_local = ifa->ifa_local;
		copy.ifa_address = ifa->ifa_address;
		copy.ifa_mask = ifa->ifa_mask;
		copy.ifa_broadcast = ifa->ifa_broadcast;
		copy.ifa_prefixlen = ifa->ifa_prefixlen;
		copy.ifa_scope = ifa->ifa_scope;
		copy.ifa_rt_priority = ifa->ifa_rt_priority;
	}
	return copy;
}

static int set_address(struct net_device *dev, struct in_ifaddr *old, const struct ifreq *ifr)
{
	__be32 addr = addr_of(&ifr->ifr_addr);
	int prefixlen = class_prefixlen(addr);
	struct in_ifaddr ifa = ifa_template(NULL, ifr->ifr_name);

	if (prefixlen < 0)
		return -EINVAL;
	if (old && old->ifa_local == addr)
		return 0;
	ifa.ifa_local = ifa.ifa_address = addr;
	ifa.ifa_scope = ipv4_is_loopback(addr) ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE;
	if (dev->flags & IFF_POINTOPOINT) {
		ifa.ifa_prefixlen = 32;
		ifa.ifa_mask = inet_make_mask(32);
	} else {
		ifa_set_prefix(dev, &ifa, (u8)prefixlen);
	}
	return ifa_replace(dev, old, &ifa);
}

static int set_netmask(struct net_device *dev, struct in_ifaddr *old, const struct ifreq *ifr)
{
	u32 mask = be32_to_cpu(addr_of(&ifr->ifr_addr));
	u8 prefixlen = mask ? (u8)__builtin_popcount(mask) : 0;
	struct in_ifaddr ifa = ifa_template(old, ifr->ifr_name);

	if (be32_to_cpu(inet_make_mask(prefixlen)) != mask)
		return -EINVAL;
	if (old->ifa_prefixlen == prefixlen)
		return 0;
	ifa_set_prefix(dev, &ifa, prefixlen);
	return ifa_replace(dev, old, &ifa);
}

static int set_other(unsigned long request, struct net_device *dev, struct in_ifaddr *old, const struct ifreq *ifr)
{
	struct in_ifaddr ifa = ifa_template(old, ifr->ifr_name);

	if (request == SIOCSIFBRDADDR)
		ifa.ifa_broadcast = addr_of(&ifr->ifr_addr);
	else
		ifa.ifa_address = addr_of(&ifr->ifr_addr);
	return ifa_replace(dev, old, &ifa);
}

static int set_addr(unsigned long request, struct net_device *dev, struct in_ifaddr *old, const struct ifreq *ifr)
{
	if (ifr->ifr_addr.sa_family != AF_INET)
		return -EINVAL;
	if (request == SIOCSIFADDR)
		return set_address(dev, old, ifr);
	if (!old)
		return -EADDRNOTAVAIL;
	return request == SIOCSIFNETMASK ? set_netmask(dev, old, ifr) : set_other(request, dev, old, ifr);
}

static int addr_request(struct sock *sk, unsigned long request, struct ifreq *ifr)
{
	char name[IFNAMSIZ], *colon;
	struct net_device *dev;
	struct in_ifaddr *ifa;
	bool set = request == SIOCSIFADDR || request == SIOCSIFDSTADDR || request == SIOCSIFBRDADDR ||
		   request == SIOCSIFNETMASK;

	ifr->ifr_name[IFNAMSIZ - 1] = '\0';
	memcpy(name, ifr->ifr_name, sizeof(name));
	colon = strchr(name, ':');
	if (colon)
		*colon = '\0';
	if (set && !sk->admin)
		return -EPERM;
	dev = dev_find_by_name(sk->net, name);
	if (!dev)
		return -ENODEV;
	ifa = ifa_find(dev, ifr->ifr_name);
	return set ? set_addr(request, dev, ifa, ifr) : get_addr(request, ifa, ifr);
}

/* ------------------------------------------------------------------ routes */

static int route_device(struct net *net, const char *user_name, struct fib_config *cfg)
{
	char name[IFNAMSIZ] = "";
	const struct net_device *dev;

	if (!user_name)
		return 0;
	snprintf(name, sizeof(name), "%s", user_name);
	dev = dev_find_by_name(net, name);
	if (!dev)
		return -ENODEV;
	cfg->oif = dev->ifindex;
	return 0;
}

/* struct rtentry of route(8) -> what RTM_NEWROUTE says.  @linux rtentry_to_fib_config */
static int route_config(struct net *net, const struct rtentry *rt, bool add, struct fib_config *cfg)
{
	u32 mask;

	memset(cfg, 0, sizeof(*cfg));
	if (rt->rt_dst.sa_family != AF_INET)
		return -EAFNOSUPPORT;
	mask = rt->rt_flags & RTF_HOST ? ~0U : be32_to_cpu(addr_of(&rt->rt_genmask));
	if (!(rt->rt_flags & RTF_HOST) && rt->rt_genmask.sa_family != AF_INET && (mask || rt->rt_genmask.sa_family))
		return -EAFNOSUPPORT;
	cfg->dst = addr_of(&rt->rt_dst);
	cfg->dst_len = mask ? (u8)__builtin_popcount(mask) : 0;
	if (be32_to_cpu(inet_make_mask(cfg->dst_len)) != mask || (be32_to_cpu(cfg->dst) & ~mask))
		return -EINVAL;
	cfg->table = RT_TABLE_MAIN;
	cfg->type = rt->rt_flags & RTF_REJECT ? RTN_UNREACHABLE : RTN_UNICAST;
	cfg->scope = add ? RT_SCOPE_LINK : RT_SCOPE_NOWHERE;
	cfg->protocol = add ? RTPROT_BOOT : RTPROT_UNSPEC;
	cfg->priority = rt->rt_metric > 0 ? (u32)rt->rt_metric - 1 : 0;
	if (rt->rt_gateway.sa_family == AF_INET && addr_of(&rt->rt_gateway)) {
		cfg->gw_family = AF_INET;
		cfg->gw4 = addr_of(&rt->rt_gateway);
		if (rt->rt_flags & RTF_GATEWAY)
			cfg->scope = RT_SCOPE_UNIVERSE;
	}
	if (cfg->type == RTN_UNREACHABLE)
		cfg->scope = RT_SCOPE_HOST;
	if (rt->rt_flags & RTF_GATEWAY && !cfg->gw_family)
		return -EINVAL;
	if (add)
		cfg->nlflags = NLM_F_CREATE;
	if (rt->rt_flags & RTF_MTU) {
		cfg->metrics[RTAX_ADVMSS - 1] = rt->rt_mtu > 40 ? (u32)rt->rt_mtu - 40 : 0;
		cfg->metrics_set |= 1U << (RTAX_ADVMSS - 1);
	}
	return route_device(net, rt->rt_dev, cfg);
}

static int route_request(struct sock *sk, bool add, const struct rtentry *rt)
{
	const char *errmsg = NULL;
	struct fib_config cfg;
	int err;

	if (!sk->admin)
		return -EPERM;
	err = route_config(sk->net, rt, add, &cfg);
	if (err)
		return err;
	return add ? fib_route_add(sk->net, &cfg, &errmsg) : fib_route_del(sk->net, &cfg, &errmsg);
}

int inet_ioctl(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes)
{
	switch (request) {
	case SIOCGIFCONF:
		return arg_bytes < sizeof(struct ifconf) ? -EFAULT : get_conf(sk->net, arg);
	case SIOCADDRT:
	case SIOCDELRT:
		return arg_bytes < sizeof(struct rtentry) ? -EFAULT : route_request(sk, request == SIOCADDRT, arg);
	case SIOCSARP:
	case SIOCDARP:
		if (!sk->admin)
			return -EPERM;
		return arg_bytes < sizeof(struct arpreq) ? -EFAULT : arp_ioctl(sk->net, request, arg);
	case SIOCGARP:
		return arg_bytes < sizeof(struct arpreq) ? -EFAULT : arp_ioctl(sk->net, request, arg);
	default:
		return arg_bytes < sizeof(struct ifreq) ? -EFAULT : addr_request(sk, request, arg);
	}
}
