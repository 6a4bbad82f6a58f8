// SPDX-License-Identifier: BSD-2-Clause
/* The devices of include/nethood. */
#include "api_internal.h"
#include "api_record.h"
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
		.one_of_several = nn->net.worker != NULL,
		.offload = config->offload,
		.fd = config->fd,
		.xmit = config->xmit,
		.ctx = config->ctx,
	};
	struct net_device *dev;
	int err;

	if (unlikely(nn->net.rec))
		rec_dev_create(nn->net.rec, config);
	err = netdev_driver_open(&nn->net, &cfg, &dev);
	if (!err && out)
		*out = handle_of_dev(dev);
	return rec_ret(&nn->net, err);
}

void nethood_dev_destroy(struct nethood_dev *dev)
{
	struct net *net = dev_of(dev)->net;

	rec_call_d(dev_of(dev), REC_DEV_DESTROY);
	unregister_netdev(dev_of(dev));
	rec_ret(net, 0);
}

int nethood_wire(struct nethood_dev *a, struct nethood_dev *b)
{
	struct net *one = dev_of(a)->net, *other = dev_of(b)->net;
	int err;

	if (unlikely(one->rec))
		rec_wire(one->rec, dev_of(a), dev_of(b));
	if (unlikely(other->rec && other != one))
		rec_wire(other->rec, dev_of(b), dev_of(a));
	err = netdev_wire_join(dev_of(a), dev_of(b));
	if (other != one)
		rec_ret(other, err);
	return rec_ret(one, err);
}

int nethood_dev_receive(struct nethood_dev *dev, const void *frame, size_t len_bytes)
{
	struct net *net = dev_of(dev)->net;

	if (unlikely(net->rec))
		rec_dev_receive(net->rec, dev_of(dev), frame, len_bytes);
	return rec_ret(net, netdev_receive(dev_of(dev), frame, len_bytes));
}

void nethood_dev_wake(struct nethood_dev *dev)
{
	struct net *net = dev_of(dev)->net;

	rec_call_d(dev_of(dev), REC_DEV_WAKE);
	netdev_user_wake(dev_of(dev));
	rec_ret(net, 0);
}

void nethood_dev_carrier(struct nethood_dev *dev, bool on)
{
	struct net *net = dev_of(dev)->net;

	rec_call_du(dev_of(dev), REC_DEV_CARRIER, on);
	netdev_plug(dev_of(dev), on);
	rec_ret(net, 0);
}

int nethood_dev_fd(const struct nethood_dev *dev, bool *want_write)
{
	if (want_write)
		*want_write = netdev_want_write(dev_of(dev));
	return netdev_get_fd(dev_of(dev));
}

void nethood_dev_fd_ready(struct nethood_dev *dev)
{
	struct net *net = dev_of(dev)->net;

	rec_call_d(dev_of(dev), REC_DEV_FD_READY);
	netdev_fd_ready(dev_of(dev));
	rec_ret(net, 0);
}

int nethood_dev_ifindex(const struct nethood_dev *dev)
{
	return dev_of(dev)->ifindex;
}

struct nethood_dev *nethood_dev_find(struct nethood_net *nn, const char *name)
{
	return handle_of_dev(dev_find_by_name(&nn->net, name));
}
