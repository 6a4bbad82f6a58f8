/* SPDX-License-Identifier: BSD-2-Clause */
/* Queueing disciplines.  @step S10, S11    @linux include/net/sch_generic.h, net/sched/sch_generic.c */
#ifndef NETHOOD_SCHED_SCH_GENERIC_H
#define NETHOOD_SCHED_SCH_GENERIC_H

#include "base/types.h"
#include "dev/netdevice.h"
#include "skb/skbuff.h"

#define DEV_TX_WEIGHT 64 /**< packets of one __qdisc_run(), net.core.dev_weight */

struct Qdisc;
struct Qdisc_ops {
	char id[16];
	u32 priv_bytes;
	int (*enqueue)(struct sk_buff *skb, struct Qdisc *q, struct sk_buff **to_free); /**< NET_XMIT_* */
	struct sk_buff *(*dequeue)(struct Qdisc *q);
	struct sk_buff *(*peek)(struct Qdisc *q);
	int (*init)(struct Qdisc *q);
	void (*reset)(struct Qdisc *q); /**< drops all, SKB_DROP_REASON_DEV_DOWN */
	void (*destroy)(struct Qdisc *q);
};

struct Qdisc {
	const struct Qdisc_ops *ops;
	struct netdev_queue *dev_queue;
	struct sk_buff_head gso_skb; /**< what the driver did not take: goes first, in order */
	u32 qlen;        /**< packets, gso_skb included */
	u32 backlog_bytes;
	u32 limit_pkts;
	u32 handle, parent;
	u64 bytes, packets, drops, overlimits, requeues;
	bool running;
	bool scheduled;  /**< waits for NET_TX */
	bool can_bypass; /**< TCQ_F_CAN_BYPASS: when empty a packet goes straight to the driver */
	struct Qdisc *next_sched;
	_Alignas(16) u8 priv[];
};

extern const struct Qdisc_ops noop_qdisc_ops, noqueue_qdisc_ops, pfifo_fast_qdisc_ops;
const struct Qdisc_ops *qdisc_lookup_ops(const char *id); /* static const table; NULL: unknown */
struct Qdisc *qdisc_create(struct netdev_queue *txq, const struct Qdisc_ops *ops); /* NULL: no memory */
void qdisc_destroy(struct Qdisc *q);
/** qdisc_enqueue_or_xmit() - what dev_queue_xmit() does with a queue: bypass, or enqueue and run; @skb taken */
int qdisc_enqueue_or_xmit(struct sk_buff *skb, struct Qdisc *q, struct netdev_queue *txq);
void __qdisc_run(struct Qdisc *q);      /* until empty, stopped, or quota: then __netif_schedule() */
void __netif_schedule(struct Qdisc *q); /* S12: NET_TX will run it */
void dev_activate(struct net_device *dev);   /* attaches the default qdisc at open */
void dev_deactivate(struct net_device *dev); /* resets queues at close */

#endif
