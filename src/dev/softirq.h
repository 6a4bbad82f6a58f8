/* SPDX-License-Identifier: BSD-2-Clause */
/* Deferred work of an instance: what Linux does in softirqs NET_TX and NET_RX.  @step S12
 *
 * net_poll() runs timers, then softirqs until nothing is pending or the budget is spent.
 */
#ifndef NETHOOD_DEV_SOFTIRQ_H
#define NETHOOD_DEV_SOFTIRQ_H

#include "base/list.h"
#include "base/types.h"
#include "dev/gro.h"
#include "skb/skbuff.h"

struct net;
struct Qdisc;

#define NETDEV_BUDGET 300       /**< frames of one net_rx_action(), net.core.netdev_budget */
#define NETDEV_MAX_BACKLOG 1000 /**< net.core.netdev_max_backlog */

enum { NET_TX_SOFTIRQ = 1 << 0, NET_RX_SOFTIRQ = 1 << 1 };

struct softnet_data {
	u32 pending;                                      /**< bits of softirqs; not 0: the net is due for a poll now */
	struct list_head poll_list;                       /**< napi_structs */
	struct Qdisc *output_queue, **output_queue_tailp; /**< qdiscs waiting for NET_TX */
	struct sk_buff_head input_pkt_queue;              /**< netif_rx() backlog */
	u64 processed, dropped, time_squeeze;             /**< columns of /proc/net/softnet_stat */
	u32 xmit_recursion; /**< devices without queue, one inside another's ndo_start_xmit() */
	int netdev_budget, netdev_max_backlog, dev_weight; /**< sysctls of net.core */
	struct gro_node gro;                               /**< trains in the making; empty between polls of devices */
};
#define XMIT_RECURSION_LIMIT 8

static inline void raise_softirq(struct softnet_data *sd, u32 which)
{
	sd->pending |= which;
}
int softnet_init(struct net *net);  /* by dev_net_init() */
void softnet_exit(struct net *net); /* drops what waits */
/** do_softirq() - run what is pending; Return: true if work is left for the next poll */
bool do_softirq(struct net *net);
void net_tx_action(struct net *net);
void net_rx_action(struct net *net);

#endif
