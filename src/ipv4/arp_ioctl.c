// SPDX-License-Identifier: BSD-2-Clause
/* SIOCSARP, SIOCDARP, SIOCGARP: neighbours and proxies as arp(8) of the net-tools knows them.
 *
 * @linux arp_ioctl; see arp(7)
 *
 * Reading order: arp_ioctl(), arp_req_set(), arp_req_delete(), arp_req_get().
 */
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>

#include "ipv4/arp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/netns_ipv4.h"
#include "ipv4/route.h"
#include "neigh/neigh_history.h"
#include "neigh/pneigh.h"

#define ARP_MASK_HOST CONST_BE32(0xffffffffU)

/** struct arp_req - one request, decoded */
struct arp_req {
	struct net *net;
	struct neigh_table *tbl;
	struct net_device *dev; /**< NULL: none was named */
	const u8 *ha;
	int flags; /**< ATF_* */
	u16 ha_family;
	__be32 ip, mask;
};

static __be32 arp_req_address(const struct sockaddr *sa)
{
	__be32 addr;

	memcpy(&addr, (const u8 *)sa + 4, sizeof(addr)); /* sin_addr */
	return addr;
}

static int arp_req_decode(struct net *net, const struct arpreq *r, struct arp_req *req)
{
	char name[sizeof(r->arp_dev)];

	*req = (struct arp_req){ .net = net,
				 .tbl = net->ipv4->arp,
				 .ha = (const u8 *)r->arp_ha.sa_data,
				 .flags = r->arp_flags,
				 .ha_family = r->arp_ha.sa_family,
				 .ip = arp_req_address(&r->arp_pa),
				 .mask = ARP_MASK_HOST };
	if (r->arp_pa.sa_family != AF_INET)
		return -EPFNOSUPPORT;
	if (!(req->flags & ATF_PUBL) && (req->flags & (ATF_NETMASK | ATF_DONTPUB)))
		return -EINVAL;
	if (req->flags & ATF_NETMASK)
		req->mask = arp_req_address(&r->arp_netmask);
	if (!r->arp_dev[0])
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)sizeof(name) - 1, r->arp_dev);
	req->dev = dev_find_by_name(net, name);
	if (!req->dev)
		return -ENODEV;
	if (!req->ha_family)
		req->ha_family = req->dev->type;
	return (req->flags & ATF_COM) && req->ha_family != req->dev->type ? -EINVAL : 0;
}

/* The device that leads to the address, when none was named. */
static int arp_req_route(struct arp_req *req)
{
	struct flowi4 fl4 = { .daddr = req->ip };
	struct rtable *rt;
	int err;

	if (req->dev)
		return 0;
	err = ip_route_output_flow(req->net, &fl4, &rt);
	if (err)
		return err;
	req->dev = rt->dst.dev;
	dst_release(&rt->dst);
	return 0;
}

/* ------------------------------------------------------------------ proxies */

/* A mask of zero is everybody: proxy_arp of a device, or of all. */
static int arp_req_set_proxy(const struct arp_req *req, bool on)
{
	struct ipv4_devconf *cnf = req->net->ipv4->devconf_all;

	if (req->dev) {
		if (!req->dev->ip_ptr)
			return -ENXIO;
		cnf = &in_dev_get_rcu(req->dev)->cnf;
	}
	cnf->data[IPV4_DEVCONF_PROXY_ARP] = on;
	cnf->state_set |= 1U << IPV4_DEVCONF_PROXY_ARP;
	return 0;
}

static struct net_device *dev_find_by_hwaddr(struct net *net, u16 type, const u8 *ha)
{
	struct net_device *dev;

	for_each_netdev(net, dev) {
		if (dev->type == type && dev->addr_len <= sizeof(((struct sockaddr *)0)->sa_data) &&
		    memcmp(dev->dev_addr, ha, dev->addr_len) == 0)
			return dev;
	}
	return NULL;
}

static int arp_req_set_public(struct arp_req *req)
{
	static const struct pneigh_config config;

	if (req->mask && req->mask != ARP_MASK_HOST)
		return -EINVAL;
	if (!req->dev && (req->flags & ATF_COM)) {
		req->dev = dev_find_by_hwaddr(req->net, req->ha_family, req->ha);
		if (!req->dev)
			return -ENODEV;
	}
	if (!req->mask)
		return arp_req_set_proxy(req, true);
	return pneigh_create(req->tbl, &req->ip, req->dev, &config);
}

static int arp_req_delete_public(const struct arp_req *req)
{
	if (req->mask == ARP_MASK_HOST)
		return pneigh_delete(req->tbl, &req->ip, req->dev);
	return req->mask ? -EINVAL : arp_req_set_proxy(req, false);
}

/* ------------------------------------------------------------------ neighbours */

static int arp_req_update(const struct arp_req *req, u8 state, const u8 *ha)
{
	struct neighbour *n = neigh_lookup(req->tbl, &req->ip, req->dev);
	bool made = !n;
	int err = made ? neigh_create(req->tbl, &req->ip, req->dev, &n) : 0;

	if (err)
		return err;
	err = neigh_update(n, ha, state, NEIGH_UPDATE_F_OVERRIDE | NEIGH_UPDATE_F_ADMIN, 0, NULL);
	if (err && made)
		neigh_undo_create(n);
	neigh_release(n);
	return err;
}

static int arp_req_set(struct arp_req *req)
{
	bool permanent = req->flags & ATF_PERM;
	int err;

	if (req->flags & ATF_PUBL)
		return arp_req_set_public(req);
	err = arp_req_route(req);
	if (err)
		return err;
	if (req->ha_family != req->dev->type)
		return -EINVAL;
	return arp_req_update(req, permanent ? NUD_PERMANENT : NUD_STALE,
			      req->flags & (ATF_COM | ATF_PERM) ? req->ha : NULL);
}

/* As in Linux one that is NONE or NOARP goes, and the answer is that there was none. */
static int arp_req_delete(struct arp_req *req)
{
	struct neighbour *n;
	int err;
	bool seen;

	if (req->flags & ATF_PUBL)
		return arp_req_delete_public(req);
	err = arp_req_route(req);
	if (err)
		return err;
	n = neigh_lookup(req->tbl, &req->ip, req->dev);
	if (!n)
		return -ENXIO;
	seen = n->nud_state & ~NUD_NOARP;
	err = neigh_remove(n, 0);
	neigh_release(n);
	return seen ? err : -ENXIO;
}

static int arp_req_get(const struct arp_req *req, struct arpreq *r)
{
	const struct neighbour *n = req->dev ? neigh_find(req->tbl, &req->ip, req->dev) : NULL;

	if (!req->dev)
		return -ENODEV;
	if (!n || (n->nud_state & NUD_NOARP))
		return -ENXIO;
	r->arp_ha.sa_family = req->dev->type;
	memcpy(r->arp_ha.sa_data, n->ha, req->dev->addr_len);
	r->arp_flags = arp_state_to_flags(n);
	snprintf(r->arp_dev, sizeof(r->arp_dev), "%s", req->dev->name);
	return 0;
}

int arp_ioctl(struct net *net, unsigned long cmd, struct arpreq *r)
{
	struct neigh_cause before;
	struct arp_req req;
	int err = arp_req_decode(net, r, &req);

	if (err)
		return err;
	if (cmd == SIOCGARP)
		return arp_req_get(&req, r);
	before = neigh_because(net, NEIGH_CAUSE_REQUEST, 0);
	err = cmd == SIOCSARP ? arp_req_set(&req) : arp_req_delete(&req);
	neigh_because_again(net, before);
	return err;
}
