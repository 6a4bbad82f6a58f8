// SPDX-License-Identifier: BSD-2-Clause
/* Variables, as administrators of a swarm's hosts set them in a storm. */
#include "swarm_internal.h"

#define VALUES 4U

struct sysctl_row {
	const char *key;
	const char *values[VALUES];
};

static const struct sysctl_row neigh_rows[] = {
	{ "net.ipv4.neigh.eth0.base_reachable_time_ms", { "1", "500", "5000", "40000" } },
	{ "net.ipv4.neigh.eth0.retrans_time_ms", { "1", "10", "300", "1000" } },
	{ "net.ipv4.neigh.eth0.delay_first_probe_time", { "0", "1", "2", "5" } },
	{ "net.ipv4.neigh.eth0.gc_stale_time", { "0", "1", "5", "60" } },
	{ "net.ipv4.neigh.eth0.mcast_solicit", { "0", "1", "3", "10" } },
	{ "net.ipv4.neigh.eth0.ucast_solicit", { "0", "1", "3", "10" } },
	{ "net.ipv4.neigh.eth0.app_solicit", { "0", "1", "2", "3" } },
	{ "net.ipv4.neigh.eth0.mcast_resolicit", { "0", "1", "2", "3" } },
	{ "net.ipv4.neigh.eth0.unres_qlen_bytes", { "0", "1000", "5000", "212992" } },
	{ "net.ipv4.neigh.eth0.locktime", { "0", "1", "100", "1000" } },
	{ "net.ipv4.neigh.default.gc_thresh1", { "0", "1", "4", "128" } },
	{ "net.ipv4.neigh.default.gc_thresh2", { "0", "2", "8", "512" } },
	{ "net.ipv4.neigh.default.gc_thresh3", { "1", "4", "16", "1024" } },
	{ "net.ipv4.conf.all.arp_ignore", { "0", "1", "2", "8" } },
	{ "net.ipv4.conf.all.arp_filter", { "0", "1", "0", "1" } },
	{ "net.ipv4.conf.all.arp_announce", { "0", "1", "2", "0" } },
	{ "net.ipv4.conf.all.arp_accept", { "0", "1", "2", "0" } },
	{ "net.ipv4.conf.all.proxy_arp", { "0", "1", "0", "1" } },
	{ "net.ipv4.conf.all.drop_gratuitous_arp", { "0", "1", "0", "1" } },
	{ "net.ipv4.conf.all.rp_filter", { "0", "1", "2", "0" } },
};

/* The first value is what it is when all is well.  The largest receive buffer stays: SYN cookies, as in Linux, find out once
 * more what scale it was that they told. */
static const struct sysctl_row tcp_rows[] = {
	{ "net.ipv4.tcp_congestion_control", { "cubic", "reno", "bbr", "cubic" } },
	{ "net.ipv4.tcp_dsack", { "1", "0", "1", "0" } },
	{ "net.ipv4.tcp_ecn", { "2", "1", "1", "0" } },
	{ "net.ipv4.tcp_syncookies", { "1", "2", "0", "2" } },
	{ "net.ipv4.tcp_rmem", { "4096 131072 6291456", "1 2304 6291456", "4096 4096 6291456", "4096 65536 6291456" } },
	{ "net.ipv4.tcp_wmem", { "4096 16384 4194304", "1 4608 4608", "4096 4096 8192", "4096 65536 16777216" } },
	{ "net.ipv4.tcp_mem", { "93210 124280 186420", "0 0 0", "1 2 4", "8 16 64" } },
	{ "net.ipv4.tcp_max_orphans", { "65536", "0", "1", "4" } },
	{ "net.ipv4.tcp_max_tw_buckets", { "65536", "0", "1", "4" } },
	{ "net.ipv4.tcp_tw_reuse", { "2", "1", "0", "1" } },
	{ "net.ipv4.tcp_fin_timeout", { "60", "1", "0", "5" } },
	{ "net.ipv4.tcp_rfc1337", { "0", "1", "0", "1" } },
	{ "net.ipv4.tcp_abort_on_overflow", { "0", "1", "0", "1" } },
	{ "net.ipv4.tcp_max_syn_backlog", { "1024", "0", "1", "4" } },
	{ "net.ipv4.tcp_mtu_probing", { "0", "1", "2", "2" } },
	{ "net.ipv4.tcp_base_mss", { "1024", "48", "512", "1460" } },
	{ "net.ipv4.tcp_min_snd_mss", { "48", "48", "88", "500" } },
	{ "net.ipv4.tcp_recovery", { "1", "0", "2", "5" } },
	{ "net.ipv4.tcp_early_retrans", { "3", "0", "4", "0" } },
	{ "net.ipv4.tcp_frto", { "2", "0", "1", "0" } },
	{ "net.ipv4.tcp_reordering", { "3", "1", "10", "300" } },
	{ "net.ipv4.tcp_retries1", { "3", "0", "1", "8" } },
	{ "net.ipv4.tcp_retries2", { "15", "0", "3", "8" } },
	{ "net.ipv4.tcp_syn_retries", { "6", "1", "2", "4" } },
	{ "net.ipv4.tcp_synack_retries", { "5", "0", "1", "2" } },
	{ "net.ipv4.tcp_orphan_retries", { "0", "1", "2", "4" } },
	{ "net.ipv4.tcp_rto_max_ms", { "120000", "1000", "5000", "30000" } },
	{ "net.ipv4.tcp_rto_min_us", { "200000", "1", "5000", "1000000" } },
	{ "net.ipv4.tcp_keepalive_time", { "7200", "1", "2", "10" } },
	{ "net.ipv4.tcp_keepalive_intvl", { "75", "1", "2", "5" } },
	{ "net.ipv4.tcp_keepalive_probes", { "9", "1", "2", "0" } },
	{ "net.ipv4.tcp_thin_linear_timeouts", { "0", "1", "0", "1" } },
	{ "net.ipv4.tcp_slow_start_after_idle", { "1", "0", "1", "0" } },
	{ "net.ipv4.tcp_moderate_rcvbuf", { "1", "0", "1", "0" } },
	{ "net.ipv4.tcp_autocorking", { "1", "0", "1", "0" } },
	{ "net.ipv4.tcp_limit_output_bytes", { "4194304", "0", "4096", "65536" } },
	{ "net.ipv4.tcp_notsent_lowat", { "4294967295", "0", "1000", "16384" } },
	{ "net.ipv4.tcp_challenge_ack_limit", { "2147483647", "0", "1", "10" } },
	{ "net.ipv4.tcp_invalid_ratelimit", { "500", "0", "10", "5000" } },
	{ "net.ipv4.tcp_fastopen", { "1", "0", "3", "1543" } },
	{ "net.ipv4.tcp_stdurg", { "0", "1", "0", "1" } },
	{ "net.ipv4.ip_local_port_range", { "32768 60999", "40000 40003", "40000 40031", "1024 65535" } },
};

static void set_any(struct member *m, const struct sysctl_row *rows, u32 count)
{
	const struct sysctl_row *row = &rows[pick(m->swarm, count)];

	member_sysctl(m, row->key, row->values[pick(m->swarm, VALUES)]);
}

void do_neigh_sysctl(struct swarm *s, struct member *m)
{
	(void)s;
	set_any(m, neigh_rows, ARRAY_SIZE(neigh_rows));
}

void do_tcp_sysctl(struct swarm *s, struct member *m)
{
	(void)s;
	set_any(m, tcp_rows, ARRAY_SIZE(tcp_rows));
}

/* What both sides agree on is not changed while they do: as in Linux, a SYN-ACK is read by what is set then, not by what
 * the SYN said. */
static const char *const agreed_on[] = { "net.ipv4.tcp_sack", "net.ipv4.tcp_timestamps",
					 "net.ipv4.tcp_window_scaling" };

u32 draw_tcp_options(struct swarm *s)
{
	return has(s, F_TCP) ? pick(s, 1U << ARRAY_SIZE(agreed_on)) : 0;
}

void member_set_tcp_options(struct member *m)
{
	for (u32 i = 0; i < ARRAY_SIZE(agreed_on); i++)
		member_sysctl(m, agreed_on[i], m->tcp_options_off >> i & 1 ? "0" : "1");
}

void member_reset_tcp_sysctls(struct member *m)
{
	for (u32 row = 0; row < ARRAY_SIZE(tcp_rows); row++)
		member_sysctl(m, tcp_rows[row].key, tcp_rows[row].values[0]);
}
