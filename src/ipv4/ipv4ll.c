// SPDX-License-Identifier: BSD-2-Clause
/* IPv4 link-local addresses, on conflict detection: the candidate after a conflict is the next of a sequence that the
 * device's MAC address seeds.
 *
 * @rfc 3927 2.1-2.5
 *
 * Reading order: ipv4ll_candidate(), try_next(), ll_result().
 */
#include "ipv4/ipv4ll.h"

#include <errno.h>
#include <linux/rtnetlink.h>

#include "base/byteorder.h"
#include "base/hash.h"
#include "ipv4/acd.h"
#include "ipv4/inetdevice.h"
#include "ipv4/netns_ipv4.h"

#define LL_FIRST 0xa9fe0100U /* 169.254.1.0: the first and the last 256 of the block are not for us */
#define LL_COUNT (254U * 256U)
#define LL_PREFIXLEN 16
#define LL_RETRY (1 * NSEC_PER_SEC) /* after a lack of memory */

/** struct ipv4ll - of one device */
struct ipv4ll {
	struct list_head node;
	struct net_device *dev;
	struct acd acd;
	struct timer retry;
	u32 conflict_count;
	__be32 addr; /**< in use; 0: none */
};

/** struct ipv4ll_net - net->ipv4->ipv4ll */
struct ipv4ll_net {
	struct list_head all;
	struct notifier_block netdev_nb, inetaddr_nb;
};

__be32 ipv4ll_candidate(const u8 mac[static ETH_ALEN], u32 conflict_count)
{
	static const siphash_key_t key; /* not a secret: the sequence shall be the same after each start */
	u8 seed[ETH_ALEN + sizeof(conflict_count)];

	memcpy(seed, mac, ETH_ALEN);
	memcpy(seed + ETH_ALEN, &conflict_count, sizeof(conflict_count));
	return cpu_to_be32(LL_FIRST + (u32)(siphash(seed, sizeof(seed), &key) % LL_COUNT));
}

static void ll_result(struct acd *acd, enum acd_result result, const u8 *mac);

static void retry_later(struct ipv4ll *ll)
{
	mod_timer(ll->dev->net->timers, &ll->retry, ll->dev->net->now + LL_RETRY);
}

static int try_next(struct ipv4ll *ll)
{
	__be32 addr = ipv4ll_candidate(ll->dev->dev_addr, ll->conflict_count);
	int err = acd_start(&ll->acd, ll->dev, addr, ACD_DEFEND_ONCE, ll_result);

	if (err == -EEXIST) /* somebody here has set it himself */
		ll->conflict_count++;
	if (err == -EEXIST || err == -ENOMEM)
		retry_later(ll);
	return err == -EEXIST ? 0 : err;
}

static void ll_retry(struct timer *t)
{
	(void)try_next(container_of(t, struct ipv4ll, retry));
}

static void addr_set(struct ipv4ll *ll)
{
	const struct in_ifaddr ifa = {
		.ifa_local = ll->acd.addr,
		.ifa_prefixlen = LL_PREFIXLEN,
		.ifa_broadcast = CONST_BE32(0xa9feffffU),
		.ifa_scope = RT_SCOPE_LINK,
	};
	int err = inet_insert_ifa(ll->dev, &ifa, 0, NULL);

	if (!err) {
		ll->addr = ll->acd.addr;
		return;
	}
	acd_stop(&ll->acd);
	if (err == -EEXIST)
		ll->conflict_count++;
	retry_later(ll);
}

static void addr_remove(struct ipv4ll *ll)
{
	__be32 addr = ll->addr;

	ll->addr = cpu_to_be32(0); /* first: its end is told, and is our own doing */
	inet_take_addr(ll->dev, addr, LL_PREFIXLEN);
}

static void ll_result(struct acd *acd, enum acd_result result, const u8 *mac)
{
	struct ipv4ll *ll = container_of(acd, struct ipv4ll, acd);

	(void)mac;
	switch (result) {
	case ACD_USABLE:
		addr_set(ll);
		return;
	case ACD_LOST:
		addr_remove(ll);
		__fallthrough;
	case ACD_CONFLICT:
		ll->conflict_count++;
		(void)try_next(ll); /* a lack of memory is tried again */
		return;
	default:
		return;
	}
}

/* ------------------------------------------------------------------ of a device */

static struct ipv4ll *ll_find(const struct net_device *dev)
{
	struct ipv4ll *ll;

	list_for_each_entry(ll, &dev->net->ipv4->ipv4ll->all, node) {
		if (ll->dev == dev)
			return ll;
	}
	return NULL;
}

static void ll_free(struct ipv4ll *ll)
{
	struct net *net = ll->dev->net;

	timer_delete(net->timers, &ll->retry);
	acd_stop(&ll->acd);
	list_del_init(&ll->node);
	mem_free(net->mem, ll, sizeof(*ll));
}

int ipv4ll_start(struct net_device *dev)
{
	struct ipv4ll *ll;
	int err;

	if (ll_find(dev))
		return -EALREADY;
	ll = mem_zalloc(dev->net->mem, sizeof(*ll));
	if (!ll)
		return -ENOMEM;
	ll->dev = dev;
	timer_setup(&ll->retry, ll_retry);
	list_add_tail(&ll->node, &dev->net->ipv4->ipv4ll->all);
	err = try_next(ll);
	if (err)
		ll_free(ll);
	return err;
}

int ipv4ll_stop(struct net_device *dev)
{
	struct ipv4ll *ll = ll_find(dev);

	if (!ll)
		return -ENOENT;
	addr_remove(ll);
	ll_free(ll);
	return 0;
}

__be32 ipv4ll_addr(const struct net_device *dev)
{
	const struct ipv4ll *ll = ll_find(dev);

	return ll ? ll->addr : cpu_to_be32(0);
}

/* ------------------------------------------------------------------ events, life */

static int ll_netdev_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct net_device *dev = ((struct netdev_notifier_info *)data)->dev;
	struct ipv4ll *ll = event == NETDEV_UNREGISTER ? ll_find(dev) : NULL;

	(void)nb;
	if (ll)
		ll_free(ll); /* its address goes with the device */
	return 0;
}

/* Who takes our address away by hand does not want it: nor another one. */
static int ll_inetaddr_event(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct in_ifaddr *ifa = data;
	struct ipv4ll *ll = event == NETDEV_DOWN ? ll_find(ifa->ifa_dev->dev) : NULL;

	(void)nb;
	if (ll && ll->addr && ll->addr == ifa->ifa_local && ifa->ifa_prefixlen == LL_PREFIXLEN)
		ll_free(ll);
	return 0;
}

int ipv4ll_init(struct net *net)
{
	struct ipv4ll_net *lln = mem_zalloc(net->mem, sizeof(*lln));
	int err;

	if (!lln)
		return -ENOMEM;
	INIT_LIST_HEAD(&lln->all);
	net->ipv4->ipv4ll = lln;
	lln->netdev_nb.call = ll_netdev_event;
	lln->netdev_nb.priority = 20; /* before devinet.c takes the addresses of a device that goes */
	err = register_netdevice_notifier(net, &lln->netdev_nb);
	if (err) {
		net->ipv4->ipv4ll = NULL;
		mem_free(net->mem, lln, sizeof(*lln));
		return err;
	}
	lln->inetaddr_nb.call = ll_inetaddr_event;
	notifier_chain_register(&net->ipv4->inetaddr_chain, &lln->inetaddr_nb);
	return 0;
}

void ipv4ll_exit(struct net *net)
{
	struct ipv4ll_net *lln = net->ipv4->ipv4ll;

	notifier_chain_unregister(&net->ipv4->inetaddr_chain, &lln->inetaddr_nb);
	unregister_netdevice_notifier(net, &lln->netdev_nb);
	assert(list_empty(&lln->all));
	net->ipv4->ipv4ll = NULL;
	mem_free(net->mem, lln, sizeof(*lln));
}
