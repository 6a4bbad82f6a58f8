// SPDX-License-Identifier: BSD-2-Clause
/* The devices of include/nethood. */
#include "api_internal.h"
#include "drivers/drivers.h"

int nethood_dev_create(struct nethood_net *nn, const struct nethood_dev_config *config, struct nethood_dev **out)
{
	const struct netdev_config cfg = {
		.name = config->name,
		.driver = config->driver,
		.arg = config->arg,
		.mtu = config->mtu,
		.lladdr = config->lladdr,
		.queues = config->queues ? config->queues : 1,
		.offload = config->offload,
		.fd = config->fd,
		.xmit = config->xmit,
		.ctx = config->ctx,
	};
	struct net_device *dev;
	int err = netdev_driver_open(&nn->net, &cfg, &dev);

	if (!err && out)
		*out = handle_of_dev(dev);
	return err;
}

void nethood_dev_destroy(struct nethood_dev *dev)
{
	unregister_netdev(dev_of(dev));
}

int nethood_wire(struct nethood_dev *a, struct nethood_dev *b)
{
	return netdev_wire_join(dev_of(a), dev_of(b));
}

int nethood_dev_receive(struct nethood_dev *dev, const void *frame, size_t len_bytes)
{
	return netdev_receive(dev_of(dev), frame, len_bytes);
}

void nethood_dev_wake(struct nethood_dev *dev)
{
	netdev_user_wake(dev_of(dev));
}

void nethood_dev_carrier(struct nethood_dev *dev, bool on)
{
	netdev_plug(dev_of(dev), on);
}

int nethood_dev_fd(const struct nethood_dev *dev, bool *want_write)
{
	if (want_write)
		*want_write = netdev_want_write(dev_of(dev));
	return netdev_get_fd(dev_of(dev));
}

void nethood_dev_fd_ready(struct nethood_dev *dev)
{
	netdev_fd_ready(dev_of(dev));
}

int nethood_dev_ifindex(const struct nethood_dev *dev)
{
	return dev_of(dev)->ifindex;
}

struct nethood_dev *nethood_dev_find(struct nethood_net *nn, const char *name)
{
	return handle_of_dev(dev_find_by_name(&nn->net, name));
}
