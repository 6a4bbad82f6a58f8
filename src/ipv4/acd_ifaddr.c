// SPDX-License-Identifier: BSD-2-Clause
/* The profile strict: an address that somebody sets is first probed for.
 *
 * @rfc 5227 2.1 (a host must test before it begins to use an address)
 *
 * Until nobody has answered the address is "tentative": it is in its device's list, and has no routes, so that nothing
 * is sent from it and no question for it is answered.  `ip addr add ... nodad` sets one without a test.
 *
 * Reading order: ifaddr_event(), ifaddr_new(), ifaddr_result().
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "ipv4/acd_internal.h"
#include "ipv4/inetdevice.h"
#include "ipv4/netns_ipv4.h"

/** struct acd_ifaddr - an address under test, or in use and defended; ifa->acd */
struct acd_ifaddr {
	struct acd acd;
	struct in_ifaddr *ifa;
};

u32 acd_pending_count(const struct net *net)
{
	return net->ipv4->acd->pending_count;
}

static void ifaddr_settled(struct in_ifaddr *ifa)
{
	if (!inet_ifa_tentative(ifa))
		return;
	ifa->ifa_flags &= ~(u32)IFA_F_TENTATIVE;
	ifa->ifa_dev->dev->net->ipv4->acd->pending_count--;
}

static void ifaddr_tentative(struct in_ifaddr *ifa)
{
	ifa->ifa_flags |= IFA_F_TENTATIVE;
	ifa->ifa_dev->dev->net->ipv4->acd->pending_count++;
}

static void ifaddr_result(struct acd *acd, enum acd_result result, const u8 *mac);

static void ifaddr_again(struct in_ifaddr *ifa)
{
	struct acd *acd = &ifa->acd->acd;

	acd_stop(acd);
	if (acd_start(acd, ifa->ifa_dev->dev, ifa->ifa_local, ACD_DEFEND_ONCE, ifaddr_result))
		net_log(ifa->ifa_dev->dev->net, "%s: no memory to test an address", ifa->ifa_dev->dev->name);
}

static void ifaddr_result(struct acd *acd, enum acd_result result, const u8 *mac)
{
	struct in_ifaddr *ifa = container_of(acd, struct acd_ifaddr, acd)->ifa;
	struct net *net = ifa->ifa_dev->dev->net;

	(void)mac;
	switch (result) {
	case ACD_USABLE:
		ifaddr_settled(ifa);
		if (notifier_call_chain(&net->ipv4->inetaddr_chain, NETDEV_UP, ifa)) { /* no memory for its routes */
			ifaddr_tentative(ifa);
			ifaddr_again(ifa);
		}
		return;
	case ACD_CONFLICT:
	case ACD_LOST: /* "immediately cease using this address" */
		if (inet_del_ifa(ifa->ifa_dev->dev, ifa, 0))
			ifaddr_again(ifa); /* no memory to promote another */
		return;
	default:
		return;
	}
}

/* Return: 0, -ENOMEM: then the address is refused */
static int ifaddr_new(struct in_ifaddr *ifa)
{
	struct net_device *dev = ifa->ifa_dev->dev;
	struct acd_ifaddr *owner = mem_zalloc(dev->net->mem, sizeof(*owner));
	int err;

	if (!owner)
		return -ENOMEM;
	owner->ifa = ifa;
	err = acd_start(&owner->acd, dev, ifa->ifa_local, ACD_DEFEND_ONCE, ifaddr_result);
	if (err) {
		mem_free(dev->net->mem, owner, sizeof(*owner));
		return err == -ENOMEM
			       ? err
			       : 0; /* a device without ARP; or, as for a lease, somebody watches over it already */
	}
	ifa->acd = owner;
	ifaddr_tentative(ifa);
	return 0;
}

static void ifaddr_end(struct in_ifaddr *ifa)
{
	struct acd_ifaddr *owner = ifa->acd;

	if (!owner)
		return;
	ifaddr_settled(ifa);
	acd_stop(&owner->acd);
	ifa->acd = NULL;
	mem_free(ifa->ifa_dev->dev->net->mem, owner, sizeof(*owner));
}

static int ifaddr_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct in_ifaddr *ifa = data;

	(void)nb;
	if (event == NETDEV_DOWN)
		ifaddr_end(ifa);
	else if (event == NETDEV_UP && !ifa->acd && !(ifa->ifa_flags & IFA_F_NODAD) && ifa->ifa_scope < RT_SCOPE_HOST)
		return ifaddr_new(ifa);
	return 0;
}

void acd_ifaddr_init(struct net *net, struct acd_net *an)
{
	if (net->profile != NET_PROFILE_STRICT)
		return;
	an->inetaddr_nb.call = ifaddr_event;
	an->inetaddr_nb.priority = 20; /* before anybody is told of an address that is only tentative */
	notifier_chain_register(&net->ipv4->inetaddr_chain, &an->inetaddr_nb);
}

void acd_ifaddr_exit(struct net *net, struct acd_net *an)
{
	if (net->profile == NET_PROFILE_STRICT)
		notifier_chain_unregister(&net->ipv4->inetaddr_chain, &an->inetaddr_nb);
}
