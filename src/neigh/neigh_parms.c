// SPDX-License-Identifier: BSD-2-Clause
/* Tunables of a neighbour table: one set of defaults, one set for each device; net.ipv4.neigh.* of sysctl(8).
 *
 * @rfc 4861 6.3.2 10   @linux neigh_parms_alloc, neigh_sysctl_register
 *
 * A device begins with a copy of the defaults.  Writing a default later reaches the devices whose own value nobody
 * has set.
 */
#include <stdio.h>

#include "neigh/neigh_internal.h"
#include "neigh/neigh_trace.h"

#define UNRES_PACKET_TRUESIZE_BYTES 2090 /* what Linux counts for one packet where a limit is given in packets */
#define SK_WMEM_DEFAULT_BYTES 212992
#define REACH_TIME_REDRAW_NS (300 * NSEC_PER_SEC)

static ktime_t neigh_rand_reach_time(struct net *net, ktime_t base)
{
	u32 span_us = (u32)min_size((size_t)(base / NSEC_PER_USEC), UINT32_MAX);

	if (!span_us)
		return 0;
	return base / 2 + (ktime_t)get_random_u32_below(&net->rng, span_us) * NSEC_PER_USEC;
}

static const s64 neigh_defaults[NEIGH_VAR_MAX] = {
	[NEIGH_VAR_MCAST_PROBES] = 3,
	[NEIGH_VAR_UCAST_PROBES] = 3,
	[NEIGH_VAR_APP_PROBES] = 0,
	[NEIGH_VAR_MCAST_REPROBES] = 0,
	[NEIGH_VAR_RETRANS_TIME] = NSEC_PER_SEC,
	[NEIGH_VAR_BASE_REACHABLE_TIME] = 30 * NSEC_PER_SEC,
	[NEIGH_VAR_DELAY_PROBE_TIME] = 5 * NSEC_PER_SEC,
	[NEIGH_VAR_INTERVAL_PROBE_TIME] = 5 * NSEC_PER_SEC,
	[NEIGH_VAR_GC_STALETIME] = 60 * NSEC_PER_SEC,
	[NEIGH_VAR_QUEUE_LEN_BYTES] = SK_WMEM_DEFAULT_BYTES,
	[NEIGH_VAR_PROXY_QLEN] = 64,
	[NEIGH_VAR_ANYCAST_DELAY] = NSEC_PER_SEC,
	[NEIGH_VAR_PROXY_DELAY] = 8 * NSEC_PER_SEC / 10,
	[NEIGH_VAR_LOCKTIME] = NSEC_PER_SEC,
};

/* ------------------------------------------------------------------ sysctl */

static int unres_qlen_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	const struct neigh_parms *p = dir->base;

	(void)e;
	return snprintf(buf, size_bytes, "%lld",
			(long long)(NEIGH_VAR(p, QUEUE_LEN_BYTES) / UNRES_PACKET_TRUESIZE_BYTES));
}

static int unres_qlen_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	struct neigh_parms *p = dir->base;
	s64 pkts;
	int err = sysctl_parse_number(value, e->min, e->max, &pkts);

	if (!err)
		NEIGH_VAR(p, QUEUE_LEN_BYTES) = pkts * UNRES_PACKET_TRUESIZE_BYTES;
	return err;
}

/* The variable that an entry of the table is about, by its place in struct neigh_parms. */
static u32 neigh_sysctl_var(const struct ctl_table *e)
{
	return (e->offset - (u32)offsetof(struct neigh_parms, data)) / (u32)sizeof(s64);
}

static void neigh_parms_follow_default(struct neigh_table *tbl, u32 var)
{
	struct neigh_parms *p;

	list_for_each_entry(p, &tbl->parms_list, list) {
		if (!p->dev || (p->data_set & (1U << var)))
			continue;
		p->data[var] = tbl->parms.data[var];
		neigh_trace_parms(p);
	}
}

static void neigh_parms_changed(struct ctl_dir *dir, const struct ctl_table *e)
{
	struct neigh_parms *p = dir->base;
	u32 var = neigh_sysctl_var(e);

	neigh_parms_set(p, var, p->data[var]);
	if (p->dev && p->tbl->times_written && (var == NEIGH_VAR_RETRANS_TIME || var == NEIGH_VAR_BASE_REACHABLE_TIME))
		p->tbl->times_written(p->dev);
}

void neigh_parms_set(struct neigh_parms *p, u32 var, s64 value)
{
	struct net *net = p->tbl->net;

	p->data[var] = value;
	p->data_set |= 1U << var;
	if (!p->dev)
		neigh_parms_follow_default(p->tbl, var);
	if (var == NEIGH_VAR_BASE_REACHABLE_TIME)
		p->reachable_time = neigh_rand_reach_time(net, value);
	neigh_trace_parms(p);
}

/* clang-format off */
#define PARM(name_, type_, var_, max_) \
	{ .name = (name_), .type = (type_), .min = 0, .max = (max_), \
	  .offset = offsetof(struct neigh_parms, data) + NEIGH_VAR_##var_ * sizeof(s64) }
/* @retrans_type_: in what unit retrans_time is shown: IPv6 shows the kernel's own ticks */
#define PARMS_TABLE(retrans_type_) { \
	PARM("anycast_delay", SYSCTL_USER_HZ, ANYCAST_DELAY, INT32_MAX), \
	PARM("app_solicit", SYSCTL_S64, APP_PROBES, UINT8_MAX), \
	PARM("base_reachable_time", SYSCTL_SECONDS, BASE_REACHABLE_TIME, INT32_MAX), \
	PARM("base_reachable_time_ms", SYSCTL_MS, BASE_REACHABLE_TIME, INT32_MAX), \
	PARM("delay_first_probe_time", SYSCTL_SECONDS, DELAY_PROBE_TIME, INT32_MAX), \
	PARM("gc_stale_time", SYSCTL_SECONDS, GC_STALETIME, INT32_MAX), \
	PARM("interval_probe_time_ms", SYSCTL_MS, INTERVAL_PROBE_TIME, INT32_MAX), \
	PARM("locktime", SYSCTL_USER_HZ, LOCKTIME, INT32_MAX), \
	PARM("mcast_resolicit", SYSCTL_S64, MCAST_REPROBES, UINT8_MAX), \
	PARM("mcast_solicit", SYSCTL_S64, MCAST_PROBES, UINT8_MAX), \
	PARM("proxy_delay", SYSCTL_USER_HZ, PROXY_DELAY, INT32_MAX), \
	PARM("proxy_qlen", SYSCTL_S64, PROXY_QLEN, INT32_MAX), \
	PARM("retrans_time", retrans_type_, RETRANS_TIME, INT32_MAX), \
	PARM("retrans_time_ms", SYSCTL_MS, RETRANS_TIME, INT32_MAX), \
	PARM("ucast_solicit", SYSCTL_S64, UCAST_PROBES, UINT8_MAX), \
	{ .name = "unres_qlen", .type = SYSCTL_FN, .min = 0, .max = INT32_MAX / UNRES_PACKET_TRUESIZE_BYTES, \
	  .offset = offsetof(struct neigh_parms, data) + NEIGH_VAR_QUEUE_LEN_BYTES * sizeof(s64), \
	  .get = unres_qlen_get, .set = unres_qlen_set }, \
	PARM("unres_qlen_bytes", SYSCTL_S64, QUEUE_LEN_BYTES, INT32_MAX), \
	{ .name = NULL }, \
}
static const struct ctl_table neigh_parms_table[] = PARMS_TABLE(SYSCTL_USER_HZ);
static const struct ctl_table nd_parms_table[] = PARMS_TABLE(SYSCTL_JIFFIES);

#define GC(name_, type_, member_) \
	{ .name = (name_), .type = (type_), .min = 0, .max = INT32_MAX, .offset = offsetof(struct neigh_table, member_) }
static const struct ctl_table neigh_gc_table[] = {
	GC("gc_interval", SYSCTL_SECONDS, gc_interval),
	GC("gc_thresh1", SYSCTL_INT, gc_thresh1),
	GC("gc_thresh2", SYSCTL_INT, gc_thresh2),
	GC("gc_thresh3", SYSCTL_INT, gc_thresh3),
	{ .name = NULL },
};
/* clang-format on */

static void neigh_gc_changed(struct ctl_dir *dir, const struct ctl_table *e)
{
	struct neigh_table *tbl = dir->base;

	if (e->offset == offsetof(struct neigh_table, gc_interval) && tbl->net->profile == NET_PROFILE_STRICT)
		neigh_gc_schedule(tbl);
}

static void neigh_parms_register(struct neigh_parms *p)
{
	struct neigh_table *tbl = p->tbl;

	snprintf(p->sysctl.path, sizeof(p->sysctl.path), "%s.%s", tbl->sysctl_path, p->dev ? p->dev->name : "default");
	p->sysctl.table = tbl->index == NEIGH_ND_TABLE ? nd_parms_table : neigh_parms_table;
	p->sysctl.base = p;
	p->sysctl.changed = neigh_parms_changed;
	register_sysctl(&tbl->net->sysctl, &p->sysctl);
}

/* ------------------------------------------------------------------ life */

static void neigh_parms_join(struct neigh_parms *p, struct neigh_table *tbl)
{
	p->tbl = tbl;
	p->reachable_time = neigh_rand_reach_time(tbl->net, NEIGH_VAR(p, BASE_REACHABLE_TIME));
	INIT_LIST_HEAD(&p->proxies);
	__skb_queue_head_init(&p->proxy_queue);
	list_add_tail(&p->list, &tbl->parms_list);
	neigh_parms_register(p);
}

void neigh_parms_init(struct neigh_table *tbl)
{
	struct neigh_parms *p = &tbl->parms;

	INIT_LIST_HEAD(&tbl->parms_list);
	memcpy(p->data, neigh_defaults, sizeof(p->data));
	if (tbl->index == NEIGH_ND_TABLE)
		NEIGH_VAR(p, LOCKTIME) = 0; /* ND's override flag does what ARP needs a time for */
	neigh_parms_join(p, tbl);

	snprintf(tbl->sysctl_gc.path, sizeof(tbl->sysctl_gc.path), "%s.default", tbl->sysctl_path);
	tbl->sysctl_gc.table = neigh_gc_table;
	tbl->sysctl_gc.base = tbl;
	tbl->sysctl_gc.changed = neigh_gc_changed;
	register_sysctl(&tbl->net->sysctl, &tbl->sysctl_gc);
}

void neigh_parms_fini(struct neigh_table *tbl)
{
	unregister_sysctl(&tbl->net->sysctl, &tbl->sysctl_gc);
	unregister_sysctl(&tbl->net->sysctl, &tbl->parms.sysctl);
	list_del_init(&tbl->parms.list);
	assert(list_empty(&tbl->parms_list));
}

struct neigh_parms *neigh_parms_alloc(struct net_device *dev, struct neigh_table *tbl)
{
	struct neigh_parms *p = mem_alloc(tbl->net->mem, sizeof(*p));

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	memcpy(p->data, tbl->parms.data, sizeof(p->data));
	p->dev = dev;
	neigh_parms_join(p, tbl);
	dev->neigh_parms[tbl->index] = p;
	neigh_flush_begin(tbl, dev);
	neigh_trace_parms(p);
	return p;
}

void neigh_parms_release(struct neigh_table *tbl, struct neigh_parms *p)
{
	assert(list_empty(&p->dev->neigh_list[tbl->index]));
	assert(list_empty(&p->proxies) && !p->proxy_queue.qlen);
	p->dev->neigh_parms[tbl->index] = NULL;
	unregister_sysctl(&tbl->net->sysctl, &p->sysctl);
	list_del_init(&p->list);
	mem_free(tbl->net->mem, p, sizeof(*p));
}

void neigh_parms_rand_reach_time(struct neigh_table *tbl)
{
	struct neigh_parms *p;

	if (tbl->net->now < tbl->last_rand + REACH_TIME_REDRAW_NS)
		return;
	tbl->last_rand = tbl->net->now;
	list_for_each_entry(p, &tbl->parms_list, list) {
		p->reachable_time = neigh_rand_reach_time(tbl->net, NEIGH_VAR(p, BASE_REACHABLE_TIME));
		neigh_trace_parms(p);
	}
}
