// SPDX-License-Identifier: BSD-2-Clause
/* Multicast filter of a device: addresses that somebody wants, counted.  @linux net/core/dev_addr_lists.c */
#include <errno.h>

#include "dev/netdevice.h"

static struct netdev_hw_addr *dev_mc_find(struct net_device *dev, const u8 *addr)
{
	struct netdev_hw_addr *ha;

	list_for_each_entry(ha, &dev->mc_list, node) {
		if (!memcmp(ha->addr, addr, dev->addr_len))
			return ha;
	}
	return NULL;
}

int dev_mc_add(struct net_device *dev, const u8 *addr)
{
	struct netdev_hw_addr *ha = dev_mc_find(dev, addr);

	if (ha) {
		ha->refcnt++;
		return 0;
	}
	ha = mem_zalloc(dev->net->mem, sizeof(*ha));
	if (!ha)
		return -ENOMEM;
	memcpy(ha->addr, addr, dev->addr_len);
	ha->refcnt = 1;
	list_add_tail(&ha->node, &dev->mc_list);
	dev->mc_count++;
	return 0;
}

static void dev_mc_free(struct net_device *dev, struct netdev_hw_addr *ha)
{
	list_del_init(&ha->node);
	dev->mc_count--;
	mem_free(dev->net->mem, ha, sizeof(*ha));
}

int dev_mc_del(struct net_device *dev, const u8 *addr)
{
	struct netdev_hw_addr *ha = dev_mc_find(dev, addr);

	if (!ha)
		return -ENOENT;
	if (--ha->refcnt == 0)
		dev_mc_free(dev, ha);
	return 0;
}

void dev_mc_flush(struct net_device *dev)
{
	while (!list_empty(&dev->mc_list))
		dev_mc_free(dev, list_first_entry(&dev->mc_list, struct netdev_hw_addr, node));
}
