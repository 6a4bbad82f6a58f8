// SPDX-License-Identifier: BSD-2-Clause
/* The counters of IPv4 and ICMP in /proc/net/snmp and /proc/net/netstat, as nstat(8) and `netstat -s` read them.
 *
 * @rfc 4293
 * @linux net/ipv4/proc.c
 *
 * A group is a line of names and a line of values.  What a net does not count has no name here.
 */
#include <string.h>

#include "ipv4/icmp_internal.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/ipv4_proc.h"
#include "ipv4/netns_ipv4.h"

#define IP_FORWARDING 1U /* RFC 4293: ipForwarding */
#define IP_NOT_FORWARDING 2U

/** struct snmp_mib - a counter of a structure */
struct snmp_mib {
	const char *name;
	u32 offset;
};

static u64 counter(const void *base, const struct snmp_mib *mib)
{
	u64 value;

	memcpy(&value, (const u8 *)base + mib->offset, sizeof(value));
	return value;
}

static void names(struct seq_file *m, const struct snmp_mib *list, u32 count)
{
	for (u32 i = 0; i < count; i++)
		seq_printf(m, " %s", list[i].name);
}

static void values(struct seq_file *m, const struct snmp_mib *list, u32 count, const void *base)
{
	for (u32 i = 0; i < count; i++)
		seq_printf(m, " %llu", (unsigned long long)counter(base, &list[i]));
}

/* ------------------------------------------------------------------ Ip */

#define IP(name, field) \
	{ \
		name, offsetof(struct ipstats, field) \
	}
static const struct snmp_mib ipstats_list[] = {
	IP("InReceives", in_receives),
	IP("InHdrErrors", in_hdr_errors),
	IP("InAddrErrors", in_addr_errors),
	IP("ForwDatagrams", forw_datagrams),
	IP("InUnknownProtos", in_unknown_protos),
	IP("InDiscards", in_discards),
	IP("InDelivers", in_delivers),
	IP("OutRequests", out_requests),
	IP("OutDiscards", out_discards),
	IP("OutNoRoutes", out_no_routes),
	IP("ReasmTimeout", reasm_timeout),
	IP("ReasmReqds", reasm_reqds),
	IP("ReasmOKs", reasm_oks),
	IP("ReasmFails", reasm_fails),
	IP("FragOKs", frag_oks),
	IP("FragFails", frag_fails),
	IP("FragCreates", frag_creates),
	IP("OutTransmits", out_transmits),
};

static const struct snmp_mib ipextstats_list[] = {
	IP("InNoRoutes", in_no_routes),
	IP("InTruncatedPkts", in_truncated_pkts),
	IP("InMcastPkts", in_mcast_pkts),
	IP("OutMcastPkts", out_mcast_pkts),
	IP("InBcastPkts", in_bcast_pkts),
	IP("OutBcastPkts", out_bcast_pkts),
	IP("InOctets", in_octets),
	IP("OutOctets", out_octets),
	IP("InMcastOctets", in_mcast_octets),
	IP("OutMcastOctets", out_mcast_octets),
	IP("InBcastOctets", in_bcast_octets),
	IP("OutBcastOctets", out_bcast_octets),
	IP("InCsumErrors", in_csum_errors),
	IP("InNoECTPkts", in_ect[0]),
	IP("InECT1Pkts", in_ect[1]),
	IP("InECT0Pkts", in_ect[2]),
	IP("InCEPkts", in_ect[3]),
	IP("ReasmOverlaps", reasm_overlaps),
};

static void snmp_seq_show_ip(struct seq_file *m, const struct netns_ipv4 *ipv4)
{
	seq_puts(m, "Ip: Forwarding DefaultTTL");
	names(m, ipstats_list, ARRAY_SIZE(ipstats_list));
	seq_printf(m, "\nIp: %u %d",
		   ipv4->devconf_all->data[IPV4_DEVCONF_FORWARDING] ? IP_FORWARDING : IP_NOT_FORWARDING,
		   ipv4->ip_default_ttl);
	values(m, ipstats_list, ARRAY_SIZE(ipstats_list), &ipv4->stats);
	seq_puts(m, "\n");
}

/* ------------------------------------------------------------------ Icmp */

static const struct {
	const char *name;
	u8 type;
} icmpmib_list[] = {
	{ "DestUnreachs", ICMP_DEST_UNREACH },    { "TimeExcds", ICMP_TIME_EXCEEDED },
	{ "ParmProbs", ICMP_PARAMETERPROB },      { "SrcQuenchs", ICMP_SOURCE_QUENCH },
	{ "Redirects", ICMP_REDIRECT },           { "Echos", ICMP_ECHO },
	{ "EchoReps", ICMP_ECHOREPLY },           { "Timestamps", ICMP_TIMESTAMP },
	{ "TimestampReps", ICMP_TIMESTAMPREPLY }, { "AddrMasks", ICMP_ADDRESS },
	{ "AddrMaskReps", ICMP_ADDRESSREPLY },
};

static void icmp_names(struct seq_file *m, const char *direction)
{
	for (u32 i = 0; i < ARRAY_SIZE(icmpmib_list); i++)
		seq_printf(m, " %s%s", direction, icmpmib_list[i].name);
}

static void icmp_values(struct seq_file *m, const struct icmp_count *by_type)
{
	for (u32 i = 0; i < ARRAY_SIZE(icmpmib_list); i++)
		seq_printf(m, " %llu", (unsigned long long)icmp_count_of(by_type, icmpmib_list[i].type));
}

static void snmp_seq_show_icmp(struct seq_file *m, const struct icmp_stats *st, const struct icmp_global *global)
{
	seq_puts(m, "Icmp: InMsgs InErrors InCsumErrors");
	icmp_names(m, "In");
	seq_puts(m, " OutMsgs OutErrors OutRateLimitGlobal OutRateLimitHost");
	icmp_names(m, "Out");
	seq_printf(m, "\nIcmp: %llu %llu %llu", (unsigned long long)st->in_msgs, (unsigned long long)st->in_errors,
		   (unsigned long long)st->in_csum_errors);
	icmp_values(m, &st->in_type);
	seq_printf(m, " %llu %llu %llu %llu", (unsigned long long)st->out_msgs, (unsigned long long)st->out_errors,
		   (unsigned long long)global->limited_count, (unsigned long long)st->ratelimit_host);
	icmp_values(m, &st->out_type);
	seq_puts(m, "\n");
}

static u32 icmpmsg_names(struct seq_file *m, const struct icmp_count *by_type, const char *direction, u32 seen)
{
	for (u32 type = 0; type < ICMP_TYPES; type++) {
		if (icmp_count_of(by_type, type))
			seq_printf(m, "%s %sType%u", seen++ ? "" : "IcmpMsg:", direction, type);
	}
	return seen;
}

static void icmpmsg_values(struct seq_file *m, const struct icmp_count *by_type)
{
	for (u32 type = 0; type < ICMP_TYPES; type++) {
		if (icmp_count_of(by_type, type))
			seq_printf(m, " %llu", (unsigned long long)icmp_count_of(by_type, type));
	}
}

/* Types that were seen; no line if there were none. */
static void icmpmsg_show(struct seq_file *m, const struct icmp_stats *st)
{
	u32 seen = icmpmsg_names(m, &st->in_type, "In", 0);

	if (!icmpmsg_names(m, &st->out_type, "Out", seen))
		return;
	seq_puts(m, "\nIcmpMsg:");
	icmpmsg_values(m, &st->in_type);
	icmpmsg_values(m, &st->out_type);
	seq_puts(m, "\n");
}

/* ------------------------------------------------------------------ files */

void snmp_seq_show_ipstats(struct seq_file *m, struct net *net)
{
	const struct icmp_stats *icmp = &net->ipv4->icmp->stats;

	snmp_seq_show_ip(m, net->ipv4);
	snmp_seq_show_icmp(m, icmp, &net->icmp_global);
	icmpmsg_show(m, icmp);
}

void netstat_seq_show_ipext(struct seq_file *m, struct net *net)
{
	const struct ipstats *st = &net->ipv4->stats;

	seq_puts(m, "IpExt:");
	names(m, ipextstats_list, ARRAY_SIZE(ipextstats_list));
	seq_puts(m, "\nIpExt:");
	values(m, ipextstats_list, ARRAY_SIZE(ipextstats_list), st);
	seq_puts(m, "\n");
}

void sockstat_seq_show_frag(struct seq_file *m, struct net *net)
{
	u32 queues_count, mem_bytes;

	ip_frag_usage(net, &queues_count, &mem_bytes);
	seq_printf(m, "FRAG: inuse %u memory %u\n", queues_count, mem_bytes);
}
