// SPDX-License-Identifier: BSD-2-Clause
/* Queueing disciplines: the engine that runs them, and their life on a device.
 *
 * @step S10 of S13, from dev/dev.c dev_queue_xmit(), to dev/dev.c dev_hard_start_xmit()
 * @linux net/sched/sch_generic.c
 *
 * Reading order: qdisc_enqueue_or_xmit(), __qdisc_run(), __netif_schedule(); then dev_activate() and the life.
 * Rule: a packet that the driver did not take goes first next time, so the order of a queue never changes.
 */
#include "sched/sch_generic.h"

#include <errno.h>

#include "dev/softirq.h"

static const struct Qdisc_ops *const qdisc_table[] = {
	&noop_qdisc_ops,
	&noqueue_qdisc_ops,
	&pfifo_fast_qdisc_ops,
};

const struct Qdisc_ops *qdisc_lookup_ops(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(qdisc_table); i++) {
		if (!strcmp(qdisc_table[i]->id, id))
			return qdisc_table[i];
	}
	return NULL;
}

/* ---- running */

/* @chain: one, or what is left of one that was cut; in front of what waits here already. */
static __cold void dev_requeue_skb(struct sk_buff *chain, struct Qdisc *q)
{
	struct sk_buff *before = (struct sk_buff *)(void *)&q->gso_skb, *skb;
	bool closed = q->dev_queue->qdisc != q; /* the device was closed from within its driver */

	q->requeues++;
	while ((skb = skb_chain_pop(&chain)) != NULL) {
		if (unlikely(closed)) {
			q->dev_queue->untaken = NULL;
			kfree_skb_reason(skb, SKB_DROP_REASON_DEV_DOWN);
			continue;
		}
		skb_dst_drop(skb); /* a borrowed route is right in this poll only */
		__skb_insert(skb, before, ((struct sk_buff_list *)(void *)before)->next, &q->gso_skb);
		before = skb;
		q->qlen++;
		q->backlog_bytes += skb->len;
	}
}

/* Return: true if the driver took the packet and may be given another. */
static inline bool sch_direct_xmit(struct sk_buff *skb, struct Qdisc *q, struct netdev_queue *txq)
{
	TRACE_STEP(10, skb);
	skb = dev_hard_start_xmit(skb, txq->dev, txq);
	if (likely(!skb))
		return !txq->stopped;
	dev_requeue_skb(skb, q);
	if (!txq->stopped) /* else it is scheduled when the driver wakes it */
		__netif_schedule(q);
	return false;
}

static inline struct sk_buff *dequeue_skb(struct Qdisc *q)
{
	struct sk_buff *skb = __skb_dequeue(&q->gso_skb);

	if (unlikely(skb)) {
		q->qlen--;
		q->backlog_bytes -= skb->len;
	} else {
		skb = q->ops->dequeue(q);
		if (!skb)
			return NULL;
		q->bytes += skb->len;
		q->packets++;
	}
	return skb;
}

void __qdisc_run(struct Qdisc *q)
{
	struct netdev_queue *txq = q->dev_queue;
	u32 quota = DEV_TX_WEIGHT;

	q->running = true;
	while (!txq->stopped) {
		struct sk_buff *skb = dequeue_skb(q);

		if (!skb || !sch_direct_xmit(skb, q, txq))
			break;
		if (--quota == 0) {
			if (q->qlen)
				__netif_schedule(q);
			break;
		}
	}
	q->running = false;
}

/* What a run takes at once leaves in a row, without all that makes a packet in between. */
static bool qdisc_waits_for_more(const struct Qdisc *q, const struct netdev_queue *txq)
{
	return txq->dev->net->xmit_more && q->qlen < DEV_TX_WEIGHT;
}

static __noinline int qdisc_enqueue_and_run(struct sk_buff *skb, struct Qdisc *q, struct netdev_queue *txq)
{
	struct sk_buff *to_free = NULL;
	int ret;

	skb_dst_drop(skb);
	ret = q->ops->enqueue(skb, q, &to_free);
	while (unlikely(to_free)) {
		struct sk_buff *next = to_free->next;

		to_free->next = NULL;
		kfree_skb_reason(to_free, SKB_DROP_REASON_QDISC_DROP);
		to_free = next;
	}
	if (txq->stopped)
		return ret;
	if (qdisc_waits_for_more(q, txq))
		__netif_schedule(q); /* if none comes */
	else
		qdisc_run(q);
	return ret;
}

int qdisc_enqueue_or_xmit(struct sk_buff *skb, struct Qdisc *q, struct netdev_queue *txq)
{
	if (unlikely(!q->can_bypass || q->qlen || q->running || txq->stopped || txq->dev->net->xmit_more))
		return qdisc_enqueue_and_run(skb, q, txq);
	q->running = true;
	q->bytes += skb->len;
	q->packets++;
	sch_direct_xmit(skb, q, txq);
	q->running = false;
	if (unlikely(q->qlen) && !txq->stopped && !q->scheduled)
		__qdisc_run(q);
	return NET_XMIT_SUCCESS;
}

void __netif_schedule(struct Qdisc *q)
{
	struct softnet_data *sd = q->dev_queue->dev->net->softnet;

	if (q->scheduled || !q->ops->dequeue)
		return;
	q->scheduled = true;
	*sd->output_queue_tailp = q;
	sd->output_queue_tailp = &q->next_sched;
	raise_softirq(sd, NET_TX_SOFTIRQ);
}

void qdisc_unschedule(struct Qdisc *q)
{
	struct softnet_data *sd = q->dev_queue->dev->net->softnet;
	struct Qdisc **p;

	if (!q->scheduled)
		return;
	for (p = &sd->output_queue; *p != q; p = &(*p)->next_sched)
		assert(*p);
	*p = q->next_sched;
	if (sd->output_queue_tailp == &q->next_sched)
		sd->output_queue_tailp = p;
	q->next_sched = NULL;
	q->scheduled = false;
}

/* ---- life of one */

int qdisc_create(struct netdev_queue *txq, const struct Qdisc_ops *ops, struct Qdisc **out)
{
	struct mem *mem = txq->dev->net->mem;
	size_t alloc_bytes = sizeof(struct Qdisc) + ops->priv_bytes;
	struct Qdisc *q = mem_zalloc(mem, alloc_bytes);
	int err;

	if (!q)
		return -ENOMEM;
	q->ops = ops;
	q->dev_queue = txq;
	q->alloc_bytes = alloc_bytes;
	__skb_queue_head_init(&q->gso_skb);
	err = ops->init ? ops->init(q) : 0;
	if (err) {
		mem_free(mem, q, alloc_bytes);
		return err;
	}
	*out = q;
	return 0;
}

void qdisc_reset(struct Qdisc *q)
{
	qdisc_unschedule(q);
	skb_queue_purge_reason(&q->gso_skb, SKB_DROP_REASON_DEV_DOWN);
	if (q->ops->reset)
		q->ops->reset(q);
	q->dev_queue->untaken = NULL;
	q->qlen = 0;
	q->backlog_bytes = 0;
}

static void qdisc_free(struct Qdisc *q)
{
	mem_free(q->dev_queue->dev->net->mem, q, q->alloc_bytes);
}

static void qdisc_free_rcu(struct rcu_head *head)
{
	struct Qdisc *q = container_of(head, struct Qdisc, rcu);
	struct net_device *dev = q->dev_queue->dev;

	qdisc_free(q);
	dev_put(dev);
}

void qdisc_destroy(struct Qdisc *q)
{
	struct net_device *dev;

	if (!q)
		return;
	dev = q->dev_queue->dev;
	qdisc_reset(q);
	if (q->ops->destroy)
		q->ops->destroy(q);
	dev_hold(dev); /* somebody may be inside __qdisc_run(), with its queue */
	rcu_defer_free(&dev->net->rcu, &q->rcu, qdisc_free_rcu);
}

/* ---- noop: nothing gets through; what a device has while it is down or has no carrier */

static int noop_enqueue(struct sk_buff *skb, struct Qdisc *q, struct sk_buff **to_free)
{
	(void)to_free;
	q->drops++;
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_CARRIER);
	return NET_XMIT_CN;
}

static struct sk_buff *noop_dequeue(struct Qdisc *q)
{
	(void)q;
	return NULL;
}

const struct Qdisc_ops noop_qdisc_ops = {
	.id = "noop",
	.enqueue = noop_enqueue,
	.dequeue = noop_dequeue,
	.peek = noop_dequeue,
};

/* ---- noqueue: without enqueue, dev_queue_xmit() goes to the driver itself */

const struct Qdisc_ops noqueue_qdisc_ops = {
	.id = "noqueue",
};

/* ---- of a device */

void dev_free_scheduler(struct net_device *dev)
{
	for (u32 i = 0; i < dev->num_tx_queues; i++) {
		if (dev->_tx[i].qdisc_noop)
			qdisc_free(dev->_tx[i].qdisc_noop);
	}
}

int dev_init_scheduler(struct net_device *dev)
{
	for (u32 i = 0; i < dev->num_tx_queues; i++) {
		struct netdev_queue *txq = &dev->_tx[i];
		int err;

		if (txq->qdisc_noop) /* an earlier registration failed later */
			continue;
		err = qdisc_create(txq, &noop_qdisc_ops, &txq->qdisc_noop);
		if (err)
			return err;
		txq->qdisc = txq->qdisc_noop;
		txq->qdisc_sleeping = txq->qdisc_noop;
	}
	return 0;
}

void dev_shutdown(struct net_device *dev)
{
	for (u32 i = 0; i < dev->num_tx_queues; i++) {
		struct netdev_queue *txq = &dev->_tx[i];
		struct Qdisc *q = txq->qdisc_sleeping;

		txq->qdisc = txq->qdisc_noop;
		txq->qdisc_sleeping = txq->qdisc_noop;
		if (q != txq->qdisc_noop)
			qdisc_destroy(q);
	}
}

static int attach_default_qdiscs(struct net_device *dev)
{
	const struct Qdisc_ops *ops = dev->priv_flags & IFF_NO_QUEUE ? &noqueue_qdisc_ops : &pfifo_fast_qdisc_ops;

	for (u32 i = 0; i < dev->num_tx_queues; i++) {
		struct netdev_queue *txq = &dev->_tx[i];
		int err;

		if (txq->qdisc_sleeping != txq->qdisc_noop)
			continue;
		err = qdisc_create(txq, ops, &txq->qdisc_sleeping);
		if (err)
			return err;
	}
	return 0;
}

int dev_activate(struct net_device *dev)
{
	int err = attach_default_qdiscs(dev);

	if (err || !netif_carrier_ok(dev))
		return err;
	for (u32 i = 0; i < dev->num_tx_queues; i++) {
		dev->_tx[i].stopped = false;
		dev->_tx[i].qdisc = dev->_tx[i].qdisc_sleeping;
	}
	return 0;
}

void dev_deactivate(struct net_device *dev)
{
	for (u32 i = 0; i < dev->num_tx_queues; i++) {
		struct netdev_queue *txq = &dev->_tx[i];
		struct Qdisc *q = txq->qdisc;

		txq->qdisc = txq->qdisc_noop;
		if (q != txq->qdisc_noop)
			qdisc_reset(q);
	}
}
