// SPDX-License-Identifier: BSD-2-Clause
/* State of a device: up and down, carrier, flags, MTU, address, name.
 *
 * @linux net/core/dev.c: dev_open dev_close dev_change_flags; net/core/link_watch.c; RFC 2863 ifOperStatus
 *
 * A change of the carrier takes effect at once: Linux's link watch has a queue only because its drivers see the
 * carrier in interrupts.
 */
#include <errno.h>

#include "dev/dev_internal.h"
#include "sched/sch_generic.h"

/* What a user may set and what only says something, without anything to do.  man netdevice(7) */
#define DEV_FLAGS_SETTABLE \
	((u32)(IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | IFF_DYNAMIC | IFF_MULTICAST | IFF_PORTSEL | IFF_AUTOMEDIA))
#define DEV_FLAGS_COUNTED ((u32)(IFF_PROMISC | IFF_ALLMULTI))

/* ---- up and down: the core, without telling */

static int __dev_open(struct net_device *dev)
{
	const struct net_device_ops *ops = dev->netdev_ops;
	int err;

	if (dev->state & __LINK_STATE_UNREGISTERING)
		return -ENODEV;
	dev->state |= __LINK_STATE_START;
	err = ops->ndo_open ? ops->ndo_open(dev) : 0;
	if (err)
		goto err_start;
	err = dev_activate(dev);
	if (err)
		goto err_open;
	dev->flags |= IFF_UP;
	return 0;

err_open:
	dev->state &= ~(u32)__LINK_STATE_START;
	if (ops->ndo_stop)
		ops->ndo_stop(dev);
err_start:
	dev->state &= ~(u32)__LINK_STATE_START;
	return err;
}

static void __dev_close(struct net_device *dev)
{
	call_netdevice_notifiers(NETDEV_GOING_DOWN, dev, 0);
	dev->state &= ~(u32)__LINK_STATE_START;
	dev_deactivate(dev);
	if (dev->netdev_ops->ndo_stop)
		dev->netdev_ops->ndo_stop(dev);
	dev->flags &= ~(u32)IFF_UP;
}

int dev_open(struct net_device *dev)
{
	int err;

	if (dev->flags & IFF_UP)
		return 0;
	err = __dev_open(dev);
	if (!err)
		call_netdevice_notifiers(NETDEV_UP, dev, IFF_UP);
	return err;
}

void dev_close(struct net_device *dev)
{
	if (!(dev->flags & IFF_UP))
		return;
	__dev_close(dev);
	call_netdevice_notifiers(NETDEV_DOWN, dev, IFF_UP);
}

/* ---- flags */

static void dev_count_flag(struct net_device *dev, u32 *count, int inc, u32 flag)
{
	assert(inc >= 0 || *count >= (u32)-inc);
	*count += (u32)inc;
	if (*count)
		dev->flags |= flag;
	else
		dev->flags &= ~flag;
}

void dev_set_promiscuity(struct net_device *dev, int inc)
{
	dev_count_flag(dev, &dev->promiscuity, inc, IFF_PROMISC);
}

void dev_set_allmulti(struct net_device *dev, int inc)
{
	dev_count_flag(dev, &dev->allmulti, inc, IFF_ALLMULTI);
}

static bool netif_oper_up(const struct net_device *dev)
{
	return dev->operstate == IF_OPER_UP || dev->operstate == IF_OPER_UNKNOWN;
}

u32 dev_get_flags(const struct net_device *dev)
{
	u32 flags = (dev->flags & ~(DEV_FLAGS_COUNTED | (u32)(IFF_RUNNING | IFF_LOWER_UP | IFF_DORMANT))) | dev->gflags;

	if (netif_running(dev)) {
		if (netif_oper_up(dev))
			flags |= IFF_RUNNING;
		if (netif_carrier_ok(dev))
			flags |= IFF_LOWER_UP;
	}
	return flags;
}

int dev_change_flags(struct net_device *dev, u32 flags)
{
	u32 old_flags = dev_get_flags(dev), changes;
	int err = 0;

	dev->flags = (flags & DEV_FLAGS_SETTABLE) | (dev->flags & ~DEV_FLAGS_SETTABLE);
	if ((flags ^ dev->gflags) & IFF_PROMISC)
		dev_set_promiscuity(dev, flags & IFF_PROMISC ? 1 : -1);
	if ((flags ^ dev->gflags) & IFF_ALLMULTI)
		dev_set_allmulti(dev, flags & IFF_ALLMULTI ? 1 : -1);
	dev->gflags = flags & DEV_FLAGS_COUNTED;
	if ((flags ^ dev->flags) & IFF_UP) {
		if (flags & IFF_UP)
			err = __dev_open(dev);
		else
			__dev_close(dev);
	}
	changes = (old_flags ^ dev_get_flags(dev)) & ~(u32)(IFF_RUNNING | IFF_LOWER_UP);
	if (changes & IFF_UP)
		call_netdevice_notifiers(dev->flags & IFF_UP ? NETDEV_UP : NETDEV_DOWN, dev, changes);
	if (changes & ~(u32)IFF_UP)
		call_netdevice_notifiers(NETDEV_CHANGE, dev, changes & ~(u32)IFF_UP);
	return err;
}

/* ---- carrier */

static void dev_carrier_changed(struct net_device *dev)
{
	if (!(dev->state & __LINK_STATE_REGISTERED))
		return;
	dev->operstate = netif_carrier_ok(dev) ? IF_OPER_UP : IF_OPER_DOWN;
	if (!netif_running(dev) || !(dev->flags & IFF_UP)) {
		dev->net->dev->genid++;
		return;
	}
	if (!netif_carrier_ok(dev))
		dev_deactivate(dev);
	else if (dev_activate(dev))
		net_log(dev->net, "%s: no memory for the queueing discipline", dev->name);
	call_netdevice_notifiers(NETDEV_CHANGE, dev, 0);
}

void netif_carrier_on(struct net_device *dev)
{
	if (netif_carrier_ok(dev))
		return;
	dev->state &= ~(u32)__LINK_STATE_NOCARRIER;
	dev->carrier_up_count++;
	dev_carrier_changed(dev);
}

void netif_carrier_off(struct net_device *dev)
{
	if (!netif_carrier_ok(dev))
		return;
	dev->state |= __LINK_STATE_NOCARRIER;
	dev->carrier_down_count++;
	dev_carrier_changed(dev);
}

int dev_change_carrier(struct net_device *dev, bool on)
{
	return dev->netdev_ops->ndo_change_carrier ? dev->netdev_ops->ndo_change_carrier(dev, on) : -EOPNOTSUPP;
}

void netdev_notify_peers(struct net_device *dev)
{
	call_netdevice_notifiers(NETDEV_NOTIFY_PEERS, dev, 0);
}

/* ---- MTU, address, name */

int dev_set_mtu(struct net_device *dev, u32 mtu)
{
	u32 old_mtu = dev->mtu;
	int err;

	if (mtu == old_mtu)
		return 0;
	if (mtu > INT32_MAX || mtu < dev->min_mtu || (dev->max_mtu && mtu > dev->max_mtu))
		return -EINVAL;
	err = dev->netdev_ops->ndo_change_mtu ? dev->netdev_ops->ndo_change_mtu(dev, mtu) : 0;
	if (err)
		return err;
	dev->mtu = mtu;
	err = call_netdevice_notifiers(NETDEV_CHANGEMTU, dev, 0);
	if (err) { /* refused: those who agreed hear of the old one again */
		dev->mtu = old_mtu;
		if (dev->netdev_ops->ndo_change_mtu)
			dev->netdev_ops->ndo_change_mtu(dev, old_mtu);
		call_netdevice_notifiers(NETDEV_CHANGEMTU, dev, 0);
	}
	return err;
}

int dev_set_mac_address(struct net_device *dev, const u8 *addr)
{
	int err;

	if (!dev->netdev_ops->ndo_set_mac_address)
		return -EOPNOTSUPP;
	err = dev->netdev_ops->ndo_set_mac_address(dev, addr);
	if (!err)
		call_netdevice_notifiers(NETDEV_CHANGEADDR, dev, 0);
	return err;
}

int dev_change_name(struct net_device *dev, const char *name)
{
	char old_name[IFNAMSIZ], new_name[IFNAMSIZ] = "";
	int err = 0;

	if (!dev_valid_name(name))
		return -EINVAL;
	if (!strncmp(name, dev->name, IFNAMSIZ))
		return 0;
	if (strchr(name, '%'))
		err = dev_alloc_name(dev->net, name, new_name);
	else if (dev_find_by_name(dev->net, name))
		err = -EEXIST;
	else
		memcpy(new_name, name, strlen(name)); /* NOLINT(bugprone-not-null-terminated-result): it was all zero */
	if (err)
		return err;
	err = dev_name_table_add(dev, new_name);
	if (err)
		return err;
	memcpy(old_name, dev->name, IFNAMSIZ);
	dev_name_table_del(dev, old_name);
	memcpy(dev->name, new_name, IFNAMSIZ);
	call_netdevice_notifiers(NETDEV_CHANGENAME, dev, 0);
	return 0;
}
