// SPDX-License-Identifier: BSD-2-Clause
/* pfifo_fast: three bands, the lower first; a packet's priority chooses its band.
 *
 * @step S11 of S13, from and to sched/sch_generic.c
 * @linux tc-pfifo_fast(8)
 */
#include <linux/pkt_sched.h>

#include "sched/sch_generic.h"

#define PFIFO_FAST_BANDS 3

/* by priority; tc-pfifo_fast(8), PARAMETERS, priomap */
static const u8 prio2band[TC_PRIO_MAX + 1] = { 1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1 };

struct pfifo_fast_priv {
	struct sk_buff_head band[PFIFO_FAST_BANDS];
	u32 band_limit_pkts; /* txqueuelen when it was made: of each band */
};

static struct pfifo_fast_priv *priv_of(struct Qdisc *q)
{
	return (struct pfifo_fast_priv *)(void *)q->priv;
}

static int pfifo_fast_enqueue(struct sk_buff *skb, struct Qdisc *q, struct sk_buff **to_free)
{
	struct pfifo_fast_priv *priv = priv_of(q);
	struct sk_buff_head *band = &priv->band[prio2band[skb->priority & TC_PRIO_MAX]];

	TRACE_STEP(11, skb);
	if (unlikely(band->qlen >= priv->band_limit_pkts)) {
		q->drops++;
		skb->next = *to_free;
		*to_free = skb;
		return NET_XMIT_DROP;
	}
	q->qlen++;
	q->backlog_bytes += skb->len;
	__skb_queue_tail(band, skb);
	return NET_XMIT_SUCCESS;
}

static struct sk_buff_head *first_band(struct Qdisc *q)
{
	struct pfifo_fast_priv *priv = priv_of(q);

	for (u32 i = 0; i < PFIFO_FAST_BANDS; i++) {
		if (priv->band[i].qlen)
			return &priv->band[i];
	}
	return NULL;
}

static struct sk_buff *pfifo_fast_dequeue(struct Qdisc *q)
{
	struct sk_buff_head *band = first_band(q);
	struct sk_buff *skb;

	if (!band)
		return NULL;
	skb = __skb_dequeue(band);
	q->qlen--;
	q->backlog_bytes -= skb->len;
	return skb;
}

static struct sk_buff *pfifo_fast_peek(struct Qdisc *q)
{
	struct sk_buff_head *band = first_band(q);

	return band ? skb_peek(band) : NULL;
}

static int pfifo_fast_init(struct Qdisc *q)
{
	struct pfifo_fast_priv *priv = priv_of(q);

	for (u32 i = 0; i < PFIFO_FAST_BANDS; i++)
		__skb_queue_head_init(&priv->band[i]);
	priv->band_limit_pkts = q->dev_queue->dev->tx_queue_len;
	q->limit_pkts = priv->band_limit_pkts;
	q->can_bypass = true;
	return 0;
}

static void pfifo_fast_reset(struct Qdisc *q)
{
	struct pfifo_fast_priv *priv = priv_of(q);

	for (u32 i = 0; i < PFIFO_FAST_BANDS; i++)
		skb_queue_purge_reason(&priv->band[i], SKB_DROP_REASON_DEV_DOWN);
}

const struct Qdisc_ops pfifo_fast_qdisc_ops = {
	.id = "pfifo_fast",
	.priv_bytes = sizeof(struct pfifo_fast_priv),
	.enqueue = pfifo_fast_enqueue,
	.dequeue = pfifo_fast_dequeue,
	.peek = pfifo_fast_peek,
	.init = pfifo_fast_init,
	.reset = pfifo_fast_reset,
};
