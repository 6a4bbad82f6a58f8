// SPDX-License-Identifier: BSD-2-Clause
/* NAPI: a driver with frames asks for a poll; the poll has a budget and says when nothing is left.
 *
 * @step receive path, from drivers/, to dev/softirq.c net_rx_action()
 * @linux net/core/dev.c: napi_schedule napi_complete_done
 */
#include "dev/netdevice.h"
#include "dev/softirq.h"

void netif_napi_add(struct net_device *dev, struct napi_struct *napi, int (*poll)(struct napi_struct *, int),
		    int weight)
{
	assert(weight > 0);
	INIT_LIST_HEAD(&napi->poll_list);
	list_add_tail(&napi->dev_list, &dev->napi_list);
	napi->poll = poll;
	napi->dev = dev;
	napi->gro = &dev->net->softnet->gro;
	napi->weight = weight;
	napi->scheduled = false;
}

/* Also from within the poll itself: net_rx_action() sees that it is no longer scheduled. */
void netif_napi_del(struct napi_struct *napi)
{
	list_del_init(&napi->poll_list);
	list_del_init(&napi->dev_list);
	napi->scheduled = false;
}

void napi_schedule(struct napi_struct *napi)
{
	struct softnet_data *sd = napi->dev->net->softnet;

	if (napi->scheduled)
		return;
	napi->scheduled = true;
	list_add_tail(&napi->poll_list, &sd->poll_list);
	raise_softirq(sd, NET_RX_SOFTIRQ);
}

void napi_complete(struct napi_struct *napi)
{
	list_del_init(&napi->poll_list);
	napi->scheduled = false;
}
