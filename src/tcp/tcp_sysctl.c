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

static const struct ctl_table tcp_table[] = { /* the comments are docs/SYSCTL.md */
	/* a connection that finds the accept queue full is reset, not left to try again */
	BYTE("abort_on_overflow", abort_on_overflow),
	NUMBER("adv_win_scale", adv_win_scale, -31, 31), /* kept; how much of a buffer is window is measured */
	/* of a buffer that is small, 1/2^n is kept back from the first windows; 31: nothing */
	NUMBER("app_win", app_win, 0, 31),
	/* small writes wait while segments of the same connection are below, in the queues */
	SWITCH("autocorking", autocorking),
	TEXT("available_ulp", ulp_get), /* none */
	SWITCH("backlog_ack_defer", backlog_ack_defer), /* kept */
	NUMBER("base_mss", base_mss, INT_MIN, INT_MAX), /* where probing for the path MTU begins (RFC 4821) */
	/* challenge ACKs a second, of the whole net (RFC 5961) */
	NUMBER("challenge_ack_limit", challenge_ack_limit, INT_MIN, INT_MAX),
	/* kept; the table of connections grows */
	NUMBER("child_ehash_entries", tcp_child_ehash_entries, 0, 16777216),
	/* kept; each out of order segment has its ACK */
	NUMBER("comp_sack_delay_ns", comp_sack_delay_ns, 0, INT_MAX),
	BYTE("comp_sack_nr", comp_sack_nr), /* kept */
	NUMBER("comp_sack_slack_ns", comp_sack_slack_ns, 0, INT_MAX), /* kept */
	BYTE("dsack", dsack), /* duplicates are told of (RFC 2883) */
	BYTE("early_demux", early_demux), /* kept */
	NUMBER("early_retrans", early_retrans, 0, 4), /* 3, 4: a loss probe at the tail (RFC 8985 7) */
	NUMBER("ecn", ecn, 0, 2), /* 1: asked for and answered, 2: answered, 0: neither (RFC 3168) */
	SWITCH("ecn_fallback", ecn_fallback), /* a SYN that is sent again asks no more for ECN */
	NUMBER("ecn_option", ecn_option, 0, 2), /* kept; accurate ECN is not spoken */
	NUMBER("ecn_option_beacon", ecn_option_beacon, 0, 3), /* kept */
	TEXT("ehash_entries", hash_entries_get), /* size of the table of connections; it grows */
	BYTE("fack", fack), /* kept */
	/* 1: connect, 2: listen, 4, 0x200: without a cookie, 0x400: every listener (RFC 7413) */
	NUMBER("fastopen", fastopen, INT_MIN, INT_MAX),
	/* after a path that loses data in SYNs no Fast Open for so long; 0: always */
	NUMBER("fastopen_blackhole_timeout_sec", fastopen_blackhole_timeout_s, 0, INT_MAX),
	/* of cookies; behind a comma the older one */
	{ .name = "tcp_fastopen_key", .type = SYSCTL_FN, .get = fastopen_key_get, .set = fastopen_key_set },
	/* FIN-WAIT-2 of a connection that nobody has open */
	NUMBER("fin_timeout", fin_timeout_s, -SECONDS_MAX, SECONDS_MAX),
	BYTE("frto", frto), /* a timeout that was for nothing is undone (RFC 5682) */
	BYTE("fwmark_accept", fwmark_accept), /* an accepted connection has the mark of its SYN */
	/* answers to segments out of window: one in so many ms, for each connection */
	NUMBER("invalid_ratelimit", invalid_ratelimit_ms, 0, INT_MAX),
	/* seconds between keep-alive probes */
	NUMBER("keepalive_intvl", keepalive_intvl_s, -SECONDS_MAX, SECONDS_MAX),
	BYTE("keepalive_probes", keepalive_probes), /* probes until the connection is given up */
	/* seconds of silence before the first one */
	NUMBER("keepalive_time", keepalive_time_s, -SECONDS_MAX, SECONDS_MAX),
	SWITCH("l3mdev_accept", l3mdev_accept), /* kept */
	/* of one connection, in the queues below (small queues) */
	NUMBER("limit_output_bytes", limit_output_bytes, INT_MIN, INT_MAX),
	NUMBER("low_latency", low_latency, INT_MIN, INT_MAX), /* kept */
	/* connections that nobody has open; those beyond are reset */
	NUMBER("max_orphans", max_orphans, INT_MIN, INT_MAX),
	NUMBER("max_reordering", max_reordering, 1, INT_MAX), /* how far reordering may be learned, in segments */
	/* requests of one listener whose handshake is not over */
	NUMBER("max_syn_backlog", max_syn_backlog, INT_MIN, INT_MAX),
	NUMBER("max_tw_buckets", max_tw_buckets, INT_MIN, INT_MAX), /* connections in TIME-WAIT */
	/* pages of all queues: below the first nothing is limited, from the second on buffers stop growing, the third is the limit */
	TRIPLE("mem", mem_pages, 0),
	SWITCH("migrate_req", migrate_req), /* kept */
	NUMBER("min_rtt_wlen", min_rtt_wlen_s, 0, 86400), /* seconds that the smallest round trip is remembered */
	NUMBER("min_snd_mss", min_snd_mss, TCP_MIN_SND_MSS, 65535), /* smallest segment that a peer may ask for */
	NUMBER("min_tso_segs", min_tso_segs, 1, UINT8_MAX), /* smallest train of a paced connection */
	BYTE("moderate_rcvbuf", moderate_rcvbuf), /* the receive buffer grows with the path */
	NUMBER("mtu_probe_floor", mtu_probe_floor, TCP_MIN_SND_MSS, 65535), /* how far probing may go down */
	BYTE("mtu_probing", mtu_probing), /* 1: after a black hole, 2: always (RFC 4821) */
	BYTE("no_metrics_save", no_metrics_save), /* kept; nothing is remembered of a destination */
	SWITCH("no_ssthresh_metrics_save", no_ssthresh_metrics_save), /* kept */
	/* a program is asked for more while less than this is not sent yet */
	{ .name = "tcp_notsent_lowat", .type = SYSCTL_FN, AT(notsent_lowat), .get = unsigned_get, .set = unsigned_set },
	BYTE("orphan_retries", orphan_retries), /* retransmissions of a connection that nobody has open; 0: 8 */
	/* percent of window / round trip, in congestion avoidance */
	NUMBER("pacing_ca_ratio", pacing_ca_ratio, 0, 1000),
	NUMBER("pacing_ss_ratio", pacing_ss_ratio, 0, 1000), /* the same in slow start */
	/* exchanges after which a connection is taken for interactive */
	NUMBER("pingpong_thresh", pingpong_thresh, 1, UINT8_MAX),
	NUMBER("plb_cong_thresh", plb_cong_thresh, 0, 256), /* kept */
	SWITCH("plb_enabled", plb_enabled), /* kept */
	NUMBER("plb_idle_rehash_rounds", plb_idle_rehash_rounds, 0, 31), /* kept */
	NUMBER("plb_rehash_rounds", plb_rehash_rounds, 0, 31), /* kept */
	BYTE("plb_suspend_rto_sec", plb_suspend_rto_s), /* kept */
	NUMBER("probe_interval", probe_interval_s, 0, 17179869), /* seconds between searches for a larger path MTU */
	/* such a search ends when its bounds are so near */
	NUMBER("probe_threshold", probe_threshold, INT_MIN, INT_MAX),
	/* 1: RACK, 2: its window of reordering stays, 4: no threshold of duplicate ACKs (RFC 8985) */
	BYTE("recovery", recovery),
	SWITCH("reflect_tos", reflect_tos), /* a SYN-ACK has the TOS of its SYN */
	NUMBER("reordering", reordering, 1, 300), /* segments that may overtake each other, at first */
	BYTE("retrans_collapse", retrans_collapse), /* small segments are joined when they are sent again */
	BYTE("retries1", retries1), /* timeouts until another route is looked for */
	BYTE("retries2", retries2), /* timeouts until a connection is given up */
	BYTE("rfc1337", rfc1337), /* a RST does not end TIME-WAIT */
	TRIPLE("rmem", rmem_bytes, 1), /* receive buffer: at least, at first, at the most */
	NUMBER("rto_max_ms", rto_max_ms, 1000, 120000), /* longest timeout */
	NUMBER("rto_min_us", rto_min_us, 1, INT_MAX), /* shortest timeout */
	BYTE("sack", sack), /* selective acknowledgments (RFC 2018) */
	SWITCH("shrink_window", shrink_window), /* kept; a window that was offered is not taken back */
	/* after a timeout of silence the window begins again (RFC 2861) */
	BYTE("slow_start_after_idle", slow_start_after_idle),
	BYTE("stdurg", stdurg), /* the urgent pointer points to the octet behind (RFC 793) */
	NUMBER("syn_linear_timeouts", syn_linear_timeouts, 0, 127), /* SYNs sent again without doubling the timeout */
	NUMBER("syn_retries", syn_retries, 1, 127), /* SYNs sent again */
	BYTE("synack_retries", synack_retries), /* SYN-ACKs sent again */
	BYTE("syncookies", syncookies), /* 1: when a backlog is full, 2: always (RFC 4987) */
	/* a connection with little to send does not double its timeouts */
	BYTE("thin_linear_timeouts", thin_linear_timeouts),
	BYTE("timestamps", timestamps), /* 1: with an offset of each connection, 2: without (RFC 7323) */
	BYTE("tso_rtt_log", tso_rtt_log), /* trains grow when the round trip is short */
	BYTE("tso_win_divisor", tso_win_divisor), /* one train is no more than so much of the window */
	/* connect(2) may reuse TIME-WAIT: 1: always, 2: on the loopback device (RFC 6191) */
	NUMBER("tw_reuse", tw_reuse, 0, 2),
	NUMBER("tw_reuse_delay", tw_reuse_delay_ms, 1, 60000), /* after so many ms */
	BYTE("window_scaling", window_scaling), /* (RFC 7323) */
	TRIPLE("wmem", wmem_bytes, 1), /* send buffer: at least, at first, at the most */
	BYTE("workaround_signed_windows", workaround_signed_windows), /* without scaling no window beyond 32767 */
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
