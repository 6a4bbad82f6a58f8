// SPDX-License-Identifier: BSD-2-Clause
/* net.ipv4.tcp_*: names, bounds and first values as Linux has them.
 *
 * @linux net/ipv4/sysctl_net_ipv4.c, see tcp(7); the names of congestion control are tcp_cong.c's
 *
 * Reading order: defaults, tcp_table[], then the ones that are more than one number.
 * A name that means nothing here (tcp_low_latency, tcp_fack, PLB's) exists and keeps its value: programs write it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "tcp/tcp.h"

#define SECONDS_MAX 8589934 /* what Linux can say in ticks of 4 ms */
#define HASH_ENTRIES 262144 /* what Linux gives a host of 32 GiB; here the table grows */

/* ------------------------------------------------------------------ first values */

static void window_defaults(struct tcp_sysctls *s)
{
	s->adv_win_scale = 1;
	s->app_win = 31;
	s->moderate_rcvbuf = 1;
	s->window_scaling = 1;
	s->notsent_lowat = -1; /* unsigned: no limit */
	s->limit_output_bytes = 4 << 20;
	s->autocorking = 1;
	memcpy(s->rmem_bytes, (int[3]){ 4096, 131072, 32 << 20 }, sizeof(s->rmem_bytes));
	memcpy(s->wmem_bytes, (int[3]){ 4096, 16384, 4 << 20 }, sizeof(s->wmem_bytes));
	/* 384, 512 and 768 MiB: what Linux gives a host with 8 GiB */
	memcpy(s->mem_pages, (int[3]){ 98304, 131072, 196608 }, sizeof(s->mem_pages));
}

static void limit_defaults(struct tcp_sysctls *s)
{
	s->max_orphans = HASH_ENTRIES / 2;
	s->max_tw_buckets = HASH_ENTRIES / 2;
	s->max_syn_backlog = HASH_ENTRIES / 128;
	s->challenge_ack_limit = INT_MAX;
	s->invalid_ratelimit_ms = 500;
	s->syncookies = 1;
	s->fastopen = 1;
	s->tw_reuse = 2;
	s->tw_reuse_delay_ms = 1000;
}

static void timer_defaults(struct tcp_sysctls *s)
{
	s->fin_timeout_s = 60;
	s->keepalive_time_s = 7200;
	s->keepalive_intvl_s = 75;
	s->keepalive_probes = 9;
	s->retries1 = TCP_RETR1;
	s->retries2 = 15;
	s->syn_retries = TCP_SYN_RETRIES;
	s->synack_retries = 5;
	s->syn_linear_timeouts = 4;
	s->rto_min_us = (int)(TCP_RTO_MIN / NSEC_PER_USEC);
	s->rto_max_ms = (int)(TCP_RTO_MAX / NSEC_PER_MSEC);
	s->comp_sack_delay_ns = 1000000;
	s->comp_sack_slack_ns = 100000;
	s->comp_sack_nr = 44;
	s->backlog_ack_defer = 1;
	s->pingpong_thresh = 1;
}

static void recovery_defaults(struct tcp_sysctls *s)
{
	s->sack = 1;
	s->dsack = 1;
	s->timestamps = 1;
	s->ecn = 2;
	s->ecn_fallback = 1;
	s->ecn_option = 2;
	s->ecn_option_beacon = 3;
	s->early_retrans = 3;
	s->frto = 2;
	s->recovery = 1;
	s->reordering = 3;
	s->max_reordering = 300;
	s->retrans_collapse = 1;
	s->min_rtt_wlen_s = 300;
	s->no_ssthresh_metrics_save = 1;
	s->slow_start_after_idle = 1;
	s->pacing_ca_ratio = 120;
	s->pacing_ss_ratio = 200;
	s->min_tso_segs = 2;
	s->tso_rtt_log = 9;
	s->tso_win_divisor = 3;
	s->early_demux = 1;
	s->plb_idle_rehash_rounds = 3;
	s->plb_rehash_rounds = 12;
	s->plb_suspend_rto_s = 60;
	s->plb_cong_thresh = 128;
}

static void mtu_defaults(struct tcp_sysctls *s)
{
	s->base_mss = 1024;
	s->min_snd_mss = TCP_MIN_SND_MSS;
	s->mtu_probe_floor = TCP_MIN_SND_MSS;
	s->probe_interval_s = 600;
	s->probe_threshold = 8;
}

/* ------------------------------------------------------------------ more than one number */

static int triple_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	int v[3], len;

	memcpy(v, (const u8 *)dir->base + e->offset, sizeof(v));
	len = snprintf(buf, size_bytes, "%d\t%d\t%d", v[0], v[1], v[2]);
	return (size_t)len < size_bytes ? len : -ENOSPC;
}

/* One to three numbers.  Those before a wrong one are taken, what comes after the third does not matter: so does Linux. */
static int triple_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	int *v = (int *)(void *)((u8 *)dir->base + e->offset);

	for (u32 i = 0; i < 3; i++) {
		char number[24];
		size_t len;
		s64 x;

		value += strspn(value, " \t\n");
		len = strcspn(value, " \t\n");
		if (!len)
			return i ? 0 : -EINVAL;
		snprintf(number, sizeof(number), "%.*s", (int)min_size(len, sizeof(number) - 1), value);
		if (sysctl_parse_number(number, e->min, e->max, &x))
			return -EINVAL;
		v[i] = (int)x;
		value += len;
	}
	return 0;
}

static int unsigned_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	u32 v;
	int len;

	memcpy(&v, (const u8 *)dir->base + e->offset, sizeof(v));
	len = snprintf(buf, size_bytes, "%u", v);
	return (size_t)len < size_bytes ? len : -ENOSPC;
}

static int unsigned_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	char number[24];
	s64 x;
	u32 v;

	snprintf(number, sizeof(number), "%.*s", (int)min_size(strcspn(value, " \t\n"), sizeof(number) - 1), value);
	if (sysctl_parse_number(number, 0, UINT32_MAX, &x))
		return -EINVAL;
	v = (u32)x;
	memcpy((u8 *)dir->base + e->offset, &v, sizeof(v));
	return 0;
}

#define KEY_WORDS 4
/* "8hex-8hex-8hex-8hex", and the older key behind a comma. */
static int fastopen_key_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	const struct tcp_net *tn = container_of(dir, struct tcp_net, sysctl_dir);
	const u32 *a = tn->fastopen_key[0], *b = tn->fastopen_key[1];
	int len;

	(void)e;
	if (tn->fastopen_key_set[1])
		len = snprintf(buf, size_bytes, "%08x-%08x-%08x-%08x,%08x-%08x-%08x-%08x", a[0], a[1], a[2], a[3], b[0],
			       b[1], b[2], b[3]);
	else
		len = snprintf(buf, size_bytes, "%08x-%08x-%08x-%08x", a[0], a[1], a[2], a[3]);
	return (size_t)len < size_bytes ? len : -ENOSPC;
}

static bool key_parse(const char *text, u32 key[static KEY_WORDS])
{
	return sscanf(text, "%x-%x-%x-%x", &key[0], &key[1], &key[2], &key[3]) == KEY_WORDS;
}

static int fastopen_key_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	struct tcp_net *tn = container_of(dir, struct tcp_net, sysctl_dir);
	const char *backup = strchr(value, ',');
	u32 key[2][KEY_WORDS];

	(void)e;
	if (!key_parse(value, key[0]) || (backup && !key_parse(backup + 1, key[1])))
		return -EINVAL;
	memcpy(tn->fastopen_key[0], key[0], sizeof(key[0]));
	if (backup)
		memcpy(tn->fastopen_key[1], key[1], sizeof(key[1]));
	tn->fastopen_key_set[0] = true;
	tn->fastopen_key_set[1] = backup != NULL;
	return 0;
}

static int hash_entries_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	(void)dir;
	(void)e;
	return snprintf(buf, size_bytes, "%d", HASH_ENTRIES);
}

/* Nothing runs above TCP but programs. */
static int ulp_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	(void)dir;
	(void)e;
	return snprintf(buf, size_bytes, "%s", "");
}

/* ------------------------------------------------------------------ the table */

/* clang-format off */
#define AT(member) .offset = offsetof(struct tcp_sysctls, member)
#define NUMBER(name_, member, min_, max_) \
	{ .name = "tcp_" name_, .type = SYSCTL_INT, AT(member), .min = (min_), .max = (max_) }
#define BYTE(name_, member) NUMBER(name_, member, 0, UINT8_MAX)
#define SWITCH(name_, member) NUMBER(name_, member, 0, 1)
#define TRIPLE(name_, member, min_) \
	{ .name = "tcp_" name_, .type = SYSCTL_FN, AT(member), .min = (min_), .max = INT_MAX, .get = triple_get, .set = triple_set }
#define TEXT(name_, get_) { .name = "tcp_" name_, .type = SYSCTL_FN, .get = (get_), .read_only = true }

static const struct ctl_table tcp_table[] = {
	BYTE("abort_on_overflow", abort_on_overflow),
	NUMBER("adv_win_scale", adv_win_scale, -31, 31),
	NUMBER("app_win", app_win, 0, 31),
	SWITCH("autocorking", autocorking),
	TEXT("available_ulp", ulp_get),
	SWITCH("backlog_ack_defer", backlog_ack_defer),
	NUMBER("base_mss", base_mss, INT_MIN, INT_MAX),
	NUMBER("challenge_ack_limit", challenge_ack_limit, INT_MIN, INT_MAX),
	NUMBER("child_ehash_entries", tcp_child_ehash_entries, 0, 16777216),
	NUMBER("comp_sack_delay_ns", comp_sack_delay_ns, 0, INT_MAX),
	BYTE("comp_sack_nr", comp_sack_nr),
	NUMBER("comp_sack_slack_ns", comp_sack_slack_ns, 0, INT_MAX),
	BYTE("dsack", dsack),
	BYTE("early_demux", early_demux),
	NUMBER("early_retrans", early_retrans, 0, 4),
	NUMBER("ecn", ecn, 0, 2),
	SWITCH("ecn_fallback", ecn_fallback),
	NUMBER("ecn_option", ecn_option, 0, 2),
	NUMBER("ecn_option_beacon", ecn_option_beacon, 0, 3),
	TEXT("ehash_entries", hash_entries_get),
	BYTE("fack", fack),
	NUMBER("fastopen", fastopen, INT_MIN, INT_MAX),
	NUMBER("fastopen_blackhole_timeout_sec", fastopen_blackhole_timeout_s, 0, INT_MAX),
	{ .name = "tcp_fastopen_key", .type = SYSCTL_FN, .get = fastopen_key_get, .set = fastopen_key_set },
	NUMBER("fin_timeout", fin_timeout_s, -SECONDS_MAX, SECONDS_MAX),
	BYTE("frto", frto),
	BYTE("fwmark_accept", fwmark_accept),
	NUMBER("invalid_ratelimit", invalid_ratelimit_ms, 0, INT_MAX),
	NUMBER("keepalive_intvl", keepalive_intvl_s, -SECONDS_MAX, SECONDS_MAX),
	BYTE("keepalive_probes", keepalive_probes),
	NUMBER("keepalive_time", keepalive_time_s, -SECONDS_MAX, SECONDS_MAX),
	SWITCH("l3mdev_accept", l3mdev_accept),
	NUMBER("limit_output_bytes", limit_output_bytes, INT_MIN, INT_MAX),
	NUMBER("low_latency", low_latency, INT_MIN, INT_MAX),
	NUMBER("max_orphans", max_orphans, INT_MIN, INT_MAX),
	NUMBER("max_reordering", max_reordering, 1, INT_MAX),
	NUMBER("max_syn_backlog", max_syn_backlog, INT_MIN, INT_MAX),
	NUMBER("max_tw_buckets", max_tw_buckets, INT_MIN, INT_MAX),
	TRIPLE("mem", mem_pages, 0),
	SWITCH("migrate_req", migrate_req),
	NUMBER("min_rtt_wlen", min_rtt_wlen_s, 0, 86400),
	NUMBER("min_snd_mss", min_snd_mss, TCP_MIN_SND_MSS, 65535),
	NUMBER("min_tso_segs", min_tso_segs, 1, UINT8_MAX),
	BYTE("moderate_rcvbuf", moderate_rcvbuf),
	NUMBER("mtu_probe_floor", mtu_probe_floor, TCP_MIN_SND_MSS, 65535),
	BYTE("mtu_probing", mtu_probing),
	BYTE("no_metrics_save", no_metrics_save),
	SWITCH("no_ssthresh_metrics_save", no_ssthresh_metrics_save),
	{ .name = "tcp_notsent_lowat", .type = SYSCTL_FN, AT(notsent_lowat), .get = unsigned_get, .set = unsigned_set },
	BYTE("orphan_retries", orphan_retries),
	NUMBER("pacing_ca_ratio", pacing_ca_ratio, 0, 1000),
	NUMBER("pacing_ss_ratio", pacing_ss_ratio, 0, 1000),
	NUMBER("pingpong_thresh", pingpong_thresh, 1, UINT8_MAX),
	NUMBER("plb_cong_thresh", plb_cong_thresh, 0, 256),
	SWITCH("plb_enabled", plb_enabled),
	NUMBER("plb_idle_rehash_rounds", plb_idle_rehash_rounds, 0, 31),
	NUMBER("plb_rehash_rounds", plb_rehash_rounds, 0, 31),
	BYTE("plb_suspend_rto_sec", plb_suspend_rto_s),
	NUMBER("probe_interval", probe_interval_s, 0, 17179869),
	NUMBER("probe_threshold", probe_threshold, INT_MIN, INT_MAX),
	BYTE("recovery", recovery),
	SWITCH("reflect_tos", reflect_tos),
	NUMBER("reordering", reordering, 1, 300),
	BYTE("retrans_collapse", retrans_collapse),
	BYTE("retries1", retries1),
	BYTE("retries2", retries2),
	BYTE("rfc1337", rfc1337),
	TRIPLE("rmem", rmem_bytes, 1),
	NUMBER("rto_max_ms", rto_max_ms, 1000, 120000),
	NUMBER("rto_min_us", rto_min_us, 1, INT_MAX),
	BYTE("sack", sack),
	SWITCH("shrink_window", shrink_window),
	BYTE("slow_start_after_idle", slow_start_after_idle),
	BYTE("stdurg", stdurg),
	NUMBER("syn_linear_timeouts", syn_linear_timeouts, 0, 127),
	NUMBER("syn_retries", syn_retries, 1, 127),
	BYTE("synack_retries", synack_retries),
	BYTE("syncookies", syncookies),
	BYTE("thin_linear_timeouts", thin_linear_timeouts),
	BYTE("timestamps", timestamps),
	BYTE("tso_rtt_log", tso_rtt_log),
	BYTE("tso_win_divisor", tso_win_divisor),
	NUMBER("tw_reuse", tw_reuse, 0, 2),
	NUMBER("tw_reuse_delay", tw_reuse_delay_ms, 1, 60000),
	BYTE("window_scaling", window_scaling),
	TRIPLE("wmem", wmem_bytes, 1),
	BYTE("workaround_signed_windows", workaround_signed_windows),
	{ 0 },
};
/* clang-format on */

void tcp_sysctl_init(struct net *net)
{
	struct tcp_net *tn = net->tcp;

	window_defaults(&tn->sysctl);
	limit_defaults(&tn->sysctl);
	timer_defaults(&tn->sysctl);
	recovery_defaults(&tn->sysctl);
	mtu_defaults(&tn->sysctl);
	snprintf(tn->sysctl_dir.path, sizeof(tn->sysctl_dir.path), "net.ipv4");
	tn->sysctl_dir.table = tcp_table;
	tn->sysctl_dir.base = &tn->sysctl;
	register_sysctl(&net->sysctl, &tn->sysctl_dir);
}

void tcp_sysctl_exit(struct net *net)
{
	unregister_sysctl(&net->sysctl, &net->tcp->sysctl_dir);
}
