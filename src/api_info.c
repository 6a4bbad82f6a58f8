// SPDX-License-Identifier: BSD-2-Clause
/* What a net knows of itself: sysctls, drops, the ledger, hops, frames. */
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>

#include "api_internal.h"
#include "api_record.h"
#include "base/byteorder.h"
#include "base/sysctl.h"
#include "neigh/neighbour.h"

#define CAPTURE_PIECES (MAX_SKB_FRAGS + 1)

int nethood_sysctl_get(struct nethood_net *nn, const char *key, char *buf, size_t size_bytes)
{
	return sysctl_get(&nn->net.sysctl, key, buf, size_bytes);
}

int nethood_sysctl_set(struct nethood_net *nn, const char *key, const char *value)
{
	int err;

	if (unlikely(nn->net.rec))
		rec_note_zb(nn->net.rec, REC_SYSCTL_SET, key, value, value ? strlen(value) + 1 : 0);
	err = sysctl_set(&nn->net.sysctl, key, value);
	if (unlikely(nn->net.worker && !err))
		nn->net.worker->ops->sysctl_written(nn->net.worker, false, key, value);
	return rec_ret(&nn->net, err);
}

int nethood_sysctl_each(struct nethood_net *nn, int (*fn)(void *ctx, const char *key, const char *value), void *ctx)
{
	return sysctl_each(&nn->net.sysctl, fn, ctx);
}

const char *nethood_drop_reason(uint32_t index)
{
	return index < SKB_DROP_REASON_MAX ? skb_drop_reason_name((enum skb_drop_reason)index) : NULL;
}

int nethood_drops_each(struct nethood_net *nn, int (*fn)(void *ctx, const struct nethood_drop *drop), void *ctx)
{
	u32 count;
	const struct skb_drop_site *sites = skb_drop_sites(nn->net.skb_pool, &count);

	for (u32 i = 0; i < count; i++) {
		struct nethood_drop drop = {
			.reason = skb_drop_reason_name(sites[i].reason),
			.sentence = skb_drop_reason_sentence(sites[i].reason),
			.where = sites[i].func,
			.count = sites[i].count,
		};
		int ret = fn(ctx, &drop);

		if (ret)
			return ret;
	}
	return 0;
}

void nethood_ledger(const struct nethood_net *nn, struct nethood_ledger *out)
{
	const struct skb_stats *stats = &nn->net.skb_pool->stats;

	memset(out, 0, sizeof(*out));
	out->taken_in = stats->allocated;
	out->consumed = stats->consumed;
	out->live = stats->live;
	for (u32 r = 0; r < SKB_DROP_REASON_MAX; r++)
		out->dropped += stats->dropped[r];
	out->memory_bytes = nn->mem.live_bytes;
	out->memory_peak_bytes = nn->mem.peak_bytes;
	for (u32 i = 0; i < NEIGH_NR_TABLES; i++) {
		const struct neigh_table *tbl = nn->net.neigh->table[i];

		out->waiting_bytes += tbl ? tbl->queued_bytes : 0;
		out->waiting_peak_bytes += tbl ? tbl->queued_peak_bytes : 0;
	}
}

/* ------------------------------------------------------------------ hops */

static void trace_told(struct nethood_net *nn, const struct nethood_hop *hop)
{
	struct recorder *rec = nn->net.rec;
	struct rec_cb cb;

	if (unlikely(rec && rec->trace_counts)) {
		rec_tell(rec, &cb, REC_OUT_HOP, 0, hop->packet_id);
		nn->trace(nn->trace_ctx, hop);
		rec_told(rec, &cb);
	} else {
		nn->trace(nn->trace_ctx, hop);
	}
}

static void trace_tell(struct nethood_net *nn, const struct skb_trace_point *at, const struct sk_buff *skb,
		       const char *reason)
{
	struct nethood_hop hop = {
		.packet_id = skb->id,
		.now_ns = (uint64_t)nn->net.now,
		.step = at->step,
		.func = at->func,
		.file = at->file,
		.line = at->line,
		.drop_reason = reason,
		.dev = skb->dev ? skb->dev->name : NULL,
		.data = skb->data,
		.linear_bytes = skb_headlen(skb),
		.len_bytes = skb->len,
	};

	trace_told(nn, &hop);
}

static void trace_hop(void *ctx, const struct skb_trace_point *at, const struct sk_buff *skb)
{
	trace_tell(ctx, at, skb, NULL);
}

static void trace_drop(void *ctx, const struct skb_trace_point *at, const struct sk_buff *skb, enum skb_drop_reason r)
{
	trace_tell(ctx, at, skb, skb_drop_reason_name(r));
}

void net_trace(struct nethood_net *nn, void (*fn)(void *ctx, const struct nethood_hop *hop), void *ctx)
{
	nn->trace = fn;
	nn->trace_ctx = ctx;
	nn->tracer = (struct skb_tracer){ trace_hop, trace_drop, nn };
	nn->net.skb_pool->tracer = fn ? &nn->tracer : NULL;
}

void nethood_trace(struct nethood_net *nn, void (*fn)(void *ctx, const struct nethood_hop *hop), void *ctx)
{
	if (unlikely(nn->net.rec)) {
		rec_note_u(nn->net.rec, REC_TRACE, fn != NULL);
		nn->net.rec->trace_counts = fn;
	}
	net_trace(nn, fn, ctx);
}

/* ------------------------------------------------------------------ frames */

static int capture_rcv(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	struct nethood_net *nn = ctx;
	struct iovec iov[CAPTURE_PIECES];
	struct rec_cb cb;
	int pieces;

	if (skb_mac_header_was_set(skb) && skb_mac_header(skb) < skb->data)
		skb_push(skb, (u32)(skb->data - skb_mac_header(skb)));
	if (skb_checksum_help(skb)) /* without memory one that was only begun stays so */
		skb->ip_summed = CHECKSUM_NONE;
	pieces = skb_to_iovec(skb, iov, CAPTURE_PIECES);
	if (pieces < 0 && !skb_linearize(skb)) /* a train that GRO made */
		pieces = skb_to_iovec(skb, iov, CAPTURE_PIECES);
	if (pieces > 0) {
		rec_tell(nn->net.rec, &cb, REC_OUT_CAPTURE, (u32)dev->ifindex, skb->len);
		nn->capture(nn->capture_ctx, dev->name, skb->pkt_type == PACKET_OUTGOING, (uint64_t)nn->net.now, iov,
			    pieces);
		rec_told(nn->net.rec, &cb);
	}
	consume_skb(skb);
	return 0;
}

int net_capture(struct nethood_net *nn,
		void (*fn)(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame,
			   int pieces),
		void *ctx)
{
	const struct packet_type pt = { .type = CONST_BE16(ETH_P_ALL), .func = capture_rcv, .ctx = nn };
	int err = 0;

	if (fn && !nn->capture)
		err = dev_add_pack(&nn->net, &pt);
	else if (!fn && nn->capture)
		dev_remove_pack(&nn->net, &pt);
	if (err)
		return err;
	nn->capture = fn;
	nn->capture_ctx = ctx;
	return 0;
}

int nethood_capture(struct nethood_net *nn,
		    void (*fn)(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame,
			       int pieces),
		    void *ctx)
{
	if (unlikely(nn->net.rec))
		rec_note_u(nn->net.rec, REC_CAPTURE, fn != NULL);
	return rec_ret(&nn->net, net_capture(nn, fn, ctx));
}
