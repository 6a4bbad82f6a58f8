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
	/** @skb taken: queued, or chained by next to @to_free, which the caller drops as QDISC_DROP.  Return: NET_XMIT_* */
	int (*enqueue)(struct sk_buff *skb, struct Qdisc *q, struct sk_buff **to_free);
	struct sk_buff *(*dequeue)(struct Qdisc *q);
	struct sk_buff *(*peek)(struct Qdisc *q);
	int (*init)(struct Qdisc *q);
	void (*reset)(struct Qdisc *q); /**< drops all, SKB_DROP_REASON_DEV_DOWN */
	void (*destroy)(struct Qdisc *q);
};

struct Qdisc {
	/* read for each packet */
	const struct Qdisc_ops *ops;
	struct netdev_queue *dev_queue;
	u32 qlen; /**< packets, gso_skb included */
	bool running;
	bool scheduled;     /**< waits for NET_TX */
	bool can_bypass;    /**< TCQ_F_CAN_BYPASS: when empty a packet goes straight to the driver */
	u64 bytes, packets; /**< that left to the driver */

	u64 drops, overlimits, requeues;
	u32 backlog_bytes;
	u32 limit_pkts;
	u32 handle, parent;
	struct sk_buff_head gso_skb; /**< what the driver did not take: goes first, in order */
	struct Qdisc *next_sched;
	size_t alloc_bytes;
	struct rcu_head rcu;
	_Alignas(16) u8 priv[];
};

/* A discipline without enqueue (noqueue) sends at once: dev_queue_xmit() goes to the driver. */
extern const struct Qdisc_ops noop_qdisc_ops, noqueue_qdisc_ops, pfifo_fast_qdisc_ops;
const struct Qdisc_ops *qdisc_lookup_ops(const char *id); /* static const table; NULL: unknown */
/** qdisc_create() - returned; Return: 0, -ENOMEM, or what ops->init() said */
int qdisc_create(struct netdev_queue *txq, const struct Qdisc_ops *ops, struct Qdisc **out);
void qdisc_reset(struct Qdisc *q);   /* drops all that waits, SKB_DROP_REASON_DEV_DOWN */
void qdisc_destroy(struct Qdisc *q); /* resets, and frees after a grace period; may be NULL */
/** qdisc_enqueue_or_xmit() - what dev_queue_xmit() does with a queue: bypass, or enqueue and run; @skb taken */
int qdisc_enqueue_or_xmit(struct sk_buff *skb, struct Qdisc *q, struct netdev_queue *txq);
void __qdisc_run(struct Qdisc *q);      /* until empty, stopped, or quota: then __netif_schedule() */
void __netif_schedule(struct Qdisc *q); /* S12: NET_TX will run it */
static inline void qdisc_run(struct Qdisc *q)
{
	if (q->qlen && !q->running)
		__qdisc_run(q);
}

/** qdisc_peek_head() - the packet that would leave next, borrowed; NULL: none */
static inline struct sk_buff *qdisc_peek_head(struct Qdisc *q)
{
	struct sk_buff *skb = skb_peek(&q->gso_skb);

	return skb || !q->ops->peek ? skb : q->ops->peek(q);
}
/** qdisc_unschedule() - what goes away waits for nothing */
void qdisc_unschedule(struct Qdisc *q);

/* ---- of a device: noop until it is up and has a carrier, then what was chosen, or the default */
int dev_init_scheduler(struct net_device *dev);  /* at register; Return: 0, -ENOMEM */
void dev_shutdown(struct net_device *dev);       /* at unregister */
void dev_free_scheduler(struct net_device *dev); /* with the device's memory */
/** dev_activate() - at open, and when the carrier comes.  Return: 0, -ENOMEM (then still noop) */
int dev_activate(struct net_device *dev);
void dev_deactivate(struct net_device *dev); /* at close, and when the carrier goes: resets queues */

#endif
