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

/* The first value, again, is what it is when all is well. */
static const struct sysctl_row rows6[] = {
	{ "net.ipv6.neigh.eth0.retrans_time_ms", { "1000", "1", "10", "300" } },
	{ "net.ipv6.neigh.eth0.base_reachable_time_ms", { "30000", "1", "500", "5000" } },
	{ "net.ipv6.neigh.eth0.delay_first_probe_time", { "5", "0", "1", "2" } },
	{ "net.ipv6.neigh.eth0.gc_stale_time", { "60", "0", "1", "5" } },
	{ "net.ipv6.neigh.eth0.mcast_solicit", { "3", "0", "1", "10" } },
	{ "net.ipv6.neigh.eth0.ucast_solicit", { "3", "0", "1", "10" } },
	{ "net.ipv6.neigh.eth0.app_solicit", { "0", "1", "2", "3" } },
	{ "net.ipv6.neigh.eth0.mcast_resolicit", { "0", "1", "2", "3" } },
	{ "net.ipv6.neigh.eth0.unres_qlen_bytes", { "212992", "0", "1000", "5000" } },
	{ "net.ipv6.neigh.eth0.proxy_delay", { "80", "0", "1", "300" } },
	{ "net.ipv6.neigh.eth0.proxy_qlen", { "64", "0", "1", "4" } },
	{ "net.ipv6.neigh.default.gc_thresh1", { "128", "0", "1", "4" } },
	{ "net.ipv6.neigh.default.gc_thresh2", { "512", "0", "2", "8" } },
	{ "net.ipv6.neigh.default.gc_thresh3", { "1024", "1", "4", "16" } },
	{ "net.ipv6.conf.eth0.accept_ra", { "1", "0", "2", "1" } },
	{ "net.ipv6.conf.eth0.accept_ra_defrtr", { "1", "0", "1", "0" } },
	{ "net.ipv6.conf.eth0.accept_ra_pinfo", { "1", "0", "1", "0" } },
	{ "net.ipv6.conf.eth0.accept_ra_mtu", { "1", "0", "1", "0" } },
	{ "net.ipv6.conf.eth0.accept_ra_rtr_pref", { "1", "0", "1", "0" } },
	{ "net.ipv6.conf.eth0.accept_ra_rt_info_max_plen", { "0", "64", "128", "48" } },
	{ "net.ipv6.conf.eth0.accept_ra_from_local", { "0", "1", "0", "1" } },
	{ "net.ipv6.conf.eth0.accept_redirects", { "1", "0", "1", "0" } },
	{ "net.ipv6.conf.eth0.accept_source_route", { "0", "1", "-1", "2" } },
	{ "net.ipv6.conf.eth0.accept_dad", { "1", "0", "2", "1" } },
	{ "net.ipv6.conf.eth0.accept_untracked_na", { "0", "1", "2", "0" } },
	{ "net.ipv6.conf.eth0.autoconf", { "1", "0", "1", "0" } },
	{ "net.ipv6.conf.eth0.dad_transmits", { "1", "0", "3", "10" } },
	{ "net.ipv6.conf.eth0.enhanced_dad", { "1", "0", "1", "0" } },
	{ "net.ipv6.conf.all.enhanced_dad", { "1", "0", "1", "0" } },
	{ "net.ipv6.conf.eth0.optimistic_dad", { "0", "1", "0", "1" } },
	{ "net.ipv6.conf.eth0.use_optimistic", { "0", "1", "0", "1" } },
	{ "net.ipv6.conf.eth0.drop_unsolicited_na", { "0", "1", "0", "1" } },
	{ "net.ipv6.conf.eth0.drop_unicast_in_l2_multicast", { "0", "1", "0", "1" } },
	{ "net.ipv6.conf.eth0.suppress_frag_ndisc", { "1", "0", "1", "0" } },
	{ "net.ipv6.conf.eth0.ndisc_notify", { "0", "1", "0", "1" } },
	{ "net.ipv6.conf.eth0.ndisc_evict_nocarrier", { "1", "0", "1", "0" } },
	{ "net.ipv6.conf.eth0.force_tllao", { "0", "1", "0", "1" } },
	{ "net.ipv6.conf.eth0.force_mld_version", { "0", "1", "2", "0" } },
	{ "net.ipv6.conf.eth0.mldv2_unsolicited_report_interval", { "1000", "0", "10", "5000" } },
	{ "net.ipv6.conf.eth0.mldv1_unsolicited_report_interval", { "10000", "0", "10", "5000" } },
	{ "net.ipv6.conf.eth0.keep_addr_on_down", { "0", "1", "0", "1" } },
	{ "net.ipv6.conf.eth0.max_addresses", { "16", "0", "1", "4" } },
	{ "net.ipv6.conf.eth0.hop_limit", { "64", "1", "2", "255" } },
	{ "net.ipv6.conf.eth0.mtu", { "1500", "1280", "1281", "1400" } },
	{ "net.ipv6.conf.eth0.router_solicitations", { "-1", "0", "1", "3" } },
	{ "net.ipv6.conf.eth0.router_solicitation_delay", { "1", "0", "2", "3" } },
	{ "net.ipv6.conf.eth0.router_solicitation_interval", { "4", "1", "2", "10" } },
	{ "net.ipv6.conf.eth0.router_probe_interval", { "60", "0", "1", "5" } },
	{ "net.ipv6.conf.eth0.use_tempaddr", { "0", "1", "2", "0" } },
	{ "net.ipv6.conf.eth0.temp_valid_lft", { "604800", "1", "10", "30" } },
	{ "net.ipv6.conf.eth0.temp_prefered_lft", { "86400", "1", "6", "20" } },
	{ "net.ipv6.conf.eth0.regen_max_retry", { "3", "0", "1", "10" } },
	{ "net.ipv6.conf.eth0.max_desync_factor", { "600", "0", "1", "5" } },
	{ "net.ipv6.conf.eth0.use_oif_addrs_only", { "0", "1", "0", "1" } },
	{ "net.ipv6.conf.eth0.disable_ipv6", { "0", "0", "1", "1" } },
	{ "net.ipv6.auto_flowlabels", { "1", "0", "2", "3" } },
	{ "net.ipv6.flowlabel_reflect", { "0", "1", "2", "4" } },
	{ "net.ipv6.idgen_retries", { "3", "0", "1", "10" } },
	{ "net.ipv6.idgen_delay", { "1", "0", "1", "2" } },
	{ "net.ipv6.ip6frag_high_thresh", { "4194304", "1", "3000", "20000" } },
	{ "net.ipv6.ip6frag_time", { "60", "0", "1", "5" } },
	{ "net.ipv6.mld_qrv", { "2", "1", "7", "3" } },
	{ "net.ipv6.icmp.ratelimit", { "100", "0", "1000", "100" } },
	{ "net.ipv6.icmp.echo_ignore_all", { "0", "1", "0", "1" } },
	{ "net.ipv6.route.gc_interval", { "30", "1", "5", "30" } },
	{ "net.ipv6.route.gc_timeout", { "60", "0", "1", "10" } },
	{ "net.ipv6.route.mtu_expires", { "600", "1", "10", "600" } },
	{ "net.ipv6.route.max_size", { "2147483647", "1", "16", "64" } },
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

void do_sysctl6(struct swarm *s, struct member *m)
{
	(void)s;
	set_any(m, rows6, ARRAY_SIZE(rows6));
}

void member_reset_sysctls6(struct member *m)
{
	bool temporary = has(m->swarm, F_SLAAC) && m->host->id % 3 == 2;

	for (u32 row = 0; row < ARRAY_SIZE(rows6) && has(m->swarm, F_IP6); row++) {
		if (!temporary || strcmp(rows6[row].key, "net.ipv6.conf.eth0.use_tempaddr") != 0)
			member_sysctl(m, rows6[row].key, rows6[row].values[0]);
	}
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
