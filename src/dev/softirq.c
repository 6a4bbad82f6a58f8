// SPDX-License-Identifier: BSD-2-Clause
/* Deferred work of a net: transmission that waited, frames that came in; each in portions.
 *
 * @step S12 of S13: from sched/sch_generic.c __netif_schedule(), back to it
 * @linux net/core/dev.c: net_tx_action net_rx_action process_backlog; kernel/softirq.c
 */
#include <errno.h>

#include "base/sysctl.h"
#include "dev/dev_internal.h"
#include "sched/sch_generic.h"

#define MAX_SOFTIRQ_RESTART 10 /* rounds of one do_softirq(): then the embedder's loop gets its turn */

/** struct softnet - what net->softnet is the first member of */
struct softnet {
	struct softnet_data sd;
	struct napi_struct backlog; /* the input_pkt_queue, polled like a device */
	struct ctl_dir sysctl;
};

#define SOFTNET_VAR(name_, min_) \
	{ \
		.name = #name_, .type = SYSCTL_INT, .offset = offsetof(struct softnet_data, name_), .min = (min_), \
		.max = INT32_MAX \
	}
static const struct ctl_table net_core_table[] = {
	SOFTNET_VAR(netdev_budget, 1),
	SOFTNET_VAR(netdev_max_backlog, 0),
	SOFTNET_VAR(dev_weight, 1),
	{ .name = NULL },
};

static struct softnet *softnet_of(struct softnet_data *sd)
{
	return container_of(sd, struct softnet, sd);
}

static int process_backlog(struct napi_struct *napi, int budget)
{
	struct softnet *sn = container_of(napi, struct softnet, backlog);
	int work = 0;

	while (work < budget) {
		struct sk_buff *skb = __skb_dequeue(&sn->sd.input_pkt_queue);

		if (!skb) {
			napi->scheduled = false;
			list_del_init(&napi->poll_list);
			break;
		}
		work++;
		TRACE_STEP(12, skb);
		napi_gro_receive(napi, skb, !skb_queue_empty(&sn->sd.input_pkt_queue));
	}
	return work;
}

void softnet_schedule_backlog(struct softnet_data *sd)
{
	struct napi_struct *backlog = &softnet_of(sd)->backlog;

	if (backlog->scheduled)
		return;
	backlog->scheduled = true;
	list_add_tail(&backlog->poll_list, &sd->poll_list);
	raise_softirq(sd, NET_RX_SOFTIRQ);
}

void netif_flush_backlog(struct net_device *dev)
{
	struct sk_buff_head *queue = &dev->net->softnet->input_pkt_queue;
	struct sk_buff *end = (struct sk_buff *)(void *)queue, *skb, *next;

	for (skb = queue->next; skb != end; skb = next) {
		next = skb->next;
		if (skb->dev != dev)
			continue;
		__skb_unlink(skb, queue);
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_DOWN);
	}
}

/* ---- NET_TX */

static struct Qdisc *output_queue_pop(struct softnet_data *sd)
{
	struct Qdisc *q = sd->output_queue;

	sd->output_queue = q->next_sched;
	if (!sd->output_queue)
		sd->output_queue_tailp = &sd->output_queue;
	q->next_sched = NULL;
	q->scheduled = false;
	return q;
}

/* Runs the queues that wait now; those that are scheduled meanwhile are for the next round.  They are taken one by
 * one, because running one may destroy another. */
void net_tx_action(struct net *net)
{
	struct softnet_data *sd = net->softnet;
	u32 waiting_count = 0;

	for (const struct Qdisc *q = sd->output_queue; q; q = q->next_sched)
		waiting_count++;
	for (; waiting_count && sd->output_queue; waiting_count--) {
		struct Qdisc *q = output_queue_pop(sd);
		struct sk_buff *head = qdisc_peek_head(q);

		if (head)
			TRACE_STEP(12, head);
		qdisc_run(q);
	}
}

/* ---- NET_RX */

/* Return: frames; the napi is back in a list if it has more.  A device may go in its poll; it and its napi are there
 * until the grace period ends, and what GRO holds of it is dropped on the way up. */
static int napi_poll(struct softnet_data *sd, struct napi_struct *n, struct list_head *repoll)
{
	int work;

	list_del_init(&n->poll_list);
	work = n->poll(n, n->weight);
	assert(work <= n->weight);
	if (unlikely(sd->gro.used))
		napi_gro_flush(&sd->gro);
	if (n->scheduled && list_empty(&n->poll_list))
		list_add_tail(&n->poll_list, repoll);
	return work;
}

void net_rx_action(struct net *net)
{
	struct softnet_data *sd = net->softnet;
	int budget = sd->netdev_budget;
	struct list_head list, repoll;

	INIT_LIST_HEAD(&list);
	INIT_LIST_HEAD(&repoll);
	list_splice_tail_init(&sd->poll_list, &list);
	softnet_of(sd)->backlog.weight = sd->dev_weight;
	while (!list_empty(&list)) {
		int work = napi_poll(sd, list_first_entry(&list, struct napi_struct, poll_list), &repoll);

		sd->processed += (u32)work;
		budget -= work;
		if (budget <= 0) {
			sd->time_squeeze++;
			break;
		}
	}
	/* Those that had no turn go first, then what came meanwhile, then those that want another turn. */
	list_splice_tail_init(&sd->poll_list, &list);
	list_splice_tail_init(&repoll, &list);
	list_splice_tail_init(&list, &sd->poll_list);
	if (!list_empty(&sd->poll_list))
		raise_softirq(sd, NET_RX_SOFTIRQ);
}

bool do_softirq(struct net *net)
{
	struct softnet_data *sd = net->softnet;

	for (u32 round = 0; sd->pending && round < MAX_SOFTIRQ_RESTART; round++) {
		u32 pending = sd->pending;

		sd->pending = 0;
		if (pending & NET_TX_SOFTIRQ)
			net_tx_action(net);
		if (pending & NET_RX_SOFTIRQ)
			net_rx_action(net);
	}
	return sd->pending != 0;
}

/* ---- of a net */

int softnet_init(struct net *net)
{
	struct softnet *sn = mem_zalloc(net->mem, sizeof(*sn));

	if (!sn)
		return -ENOMEM;
	INIT_LIST_HEAD(&sn->sd.poll_list);
	sn->sd.output_queue_tailp = &sn->sd.output_queue;
	__skb_queue_head_init(&sn->sd.input_pkt_queue);
	sn->sd.netdev_budget = NETDEV_BUDGET;
	sn->sd.netdev_max_backlog = NETDEV_MAX_BACKLOG;
	sn->sd.dev_weight = NAPI_POLL_WEIGHT;
	INIT_LIST_HEAD(&sn->backlog.poll_list);
	INIT_LIST_HEAD(&sn->backlog.dev_list);
	sn->backlog.poll = process_backlog;
	sn->backlog.gro = &sn->sd.gro;
	sn->backlog.weight = NAPI_POLL_WEIGHT;
	sn->sysctl = (struct ctl_dir){ .path = "net.core", .table = net_core_table, .base = &sn->sd };
	register_sysctl(&net->sysctl, &sn->sysctl);
	net->softnet = &sn->sd;
	return 0;
}

void softnet_exit(struct net *net)
{
	struct softnet *sn = softnet_of(net->softnet);

	skb_queue_purge_reason(&sn->sd.input_pkt_queue, SKB_DROP_REASON_SHUTDOWN);
	list_del_init(&sn->backlog.poll_list);
	assert(list_empty(&sn->sd.poll_list));
	assert(!sn->sd.gro.used);
	assert(!sn->sd.output_queue);
	unregister_sysctl(&net->sysctl, &sn->sysctl);
	net->softnet = NULL;
	mem_free(net->mem, sn, sizeof(*sn));
}
