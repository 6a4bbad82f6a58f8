// SPDX-License-Identifier: BSD-2-Clause
/* Anycast addresses: those of a subnet's routers, and what sockets join.
 *
 * @rfc  4291 2.6
 * @linux net/ipv6/anycast.c
 */
#include <errno.h>

#include "ipv6/addrconf_internal.h"
#include "ipv6/ip6_route.h"
#include "ipv6/mcast.h"

#define ANYCASTS_MAX 1024U /* of a device */

static struct ifacaddr6 *acast_find(const struct inet6_dev *idev, const struct in6_addr *addr)
{
	struct ifacaddr6 *ac;

	list_for_each_entry(ac, &idev->ac_list, node) {
		if (ipv6_addr_equal(&ac->addr, addr))
			return ac;
	}
	return NULL;
}

bool ipv6_chk_acast_addr(struct net *net, const struct net_device *dev, const struct in6_addr *addr)
{
	const struct net_device *each;

	if (dev)
		return in6_dev_get_rcu(dev) && acast_find(in6_dev_get_rcu(dev), addr);
	for_each_netdev(net, each) {
		if (in6_dev_get_rcu(each) && acast_find(in6_dev_get_rcu(each), addr))
			return true;
	}
	return false;
}

static int acast_up(struct inet6_dev *idev, struct ifacaddr6 *ac)
{
	struct net_device *dev = idev->dev;
	struct in6_addr group;
	int err;

	addrconf_addr_solict_mult(&ac->addr, &group);
	err = ipv6_dev_mc_inc(dev, &group);
	if (err)
		return err;
	err = ip6_ins_local_rt(dev->net, dev, &ac->addr, true, &ac->rt);
	if (err)
		(void)ipv6_dev_mc_dec(dev, &group);
	return err;
}

static void acast_down(struct inet6_dev *idev, struct ifacaddr6 *ac)
{
	struct net_device *dev = idev->dev;
	struct in6_addr group;

	if (!ac->rt)
		return;
	addrconf_addr_solict_mult(&ac->addr, &group);
	(void)ipv6_dev_mc_dec(dev, &group);
	ip6_del_local_rt(dev->net, ac->rt);
	ac->rt = NULL;
}

static u32 acast_count(const struct inet6_dev *idev)
{
	const struct ifacaddr6 *ac;
	u32 count = 0;

	list_for_each_entry(ac, &idev->ac_list, node)
		count++;
	return count;
}

int ipv6_dev_ac_inc(struct inet6_dev *idev, const struct in6_addr *addr)
{
	struct net *net = idev->dev->net;
	struct ifacaddr6 *ac = acast_find(idev, addr);

	if (ac) {
		ac->users++;
		return 0;
	}
	if (idev->dead || acast_count(idev) >= ANYCASTS_MAX)
		return -ENOBUFS;
	ac = mem_zalloc(net->mem, sizeof(*ac));
	if (!ac)
		return -ENOBUFS;
	ac->addr = *addr;
	ac->users = 1;
	if (acast_up(idev, ac)) {
		mem_free(net->mem, ac, sizeof(*ac));
		return -ENOBUFS;
	}
	list_add(&ac->node, &idev->ac_list);
	return 0;
}

static void acast_destroy(struct inet6_dev *idev, struct ifacaddr6 *ac)
{
	acast_down(idev, ac);
	list_del_init(&ac->node);
	mem_free(idev->dev->net->mem, ac, sizeof(*ac));
}

void ipv6_dev_ac_dec(struct inet6_dev *idev, const struct in6_addr *addr)
{
	struct ifacaddr6 *ac = acast_find(idev, addr);

	if (ac && --ac->users == 0)
		acast_destroy(idev, ac);
}

void ipv6_ac_down(struct inet6_dev *idev)
{
	struct ifacaddr6 *ac;

	list_for_each_entry(ac, &idev->ac_list, node)
		acast_down(idev, ac);
}

void ipv6_ac_up(struct inet6_dev *idev)
{
	struct ifacaddr6 *ac;

	list_for_each_entry(ac, &idev->ac_list, node) {
		if (!ac->rt && acast_up(idev, ac))
			net_log(idev->dev->net, "%s: no memory for an anycast address", idev->dev->name);
	}
}

void ipv6_ac_destroy_dev(struct inet6_dev *idev)
{
	while (!list_empty(&idev->ac_list))
		acast_destroy(idev, list_first_entry(&idev->ac_list, struct ifacaddr6, node));
}

int ipv6_ac_each(const struct inet6_dev *idev, int (*fn)(void *ctx, const struct in6_addr *addr, u32 users), void *ctx)
{
	const struct ifacaddr6 *ac;
	int err = 0;

	list_for_each_entry(ac, &idev->ac_list, node) {
		err = fn(ctx, &ac->addr, ac->users);
		if (err)
			break;
	}
	return err;
}
