// SPDX-License-Identifier: BSD-2-Clause
/* The counters of IPv6 and ICMPv6 in /proc/net/snmp6 and /proc/net/dev_snmp6, as nstat(8) reads them.
 *
 * @rfc 4293
 * @linux net/ipv6/proc.c
 *
 * A line for each counter; of ICMPv6's types also by number, if they were seen.
 */
#include <stdio.h>

#include "ipv6/addrconf.h"
#include "ipv6/icmp_internal.h"
#include "ipv6/ipv6.h"
#include "ipv6/ipv6_proc.h"

void snmp6_line(struct seq_file *m, const char *name, u64 value)
{
	seq_printf(m, "%-32s\t%llu\n", name, (unsigned long long)value);
}

/* ------------------------------------------------------------------ Ip6 */

#define IP6(name, field) \
	{ \
		"Ip6" name, offsetof(struct ipstats6, field) \
	}
static const struct {
	const char *name;
	u32 offset;
} ipstats6_list[] = {
	IP6("InReceives", in_receives),
	IP6("InHdrErrors", in_hdr_errors),
	IP6("InTooBigErrors", in_too_big_errors),
	IP6("InNoRoutes", in_no_routes),
	IP6("InAddrErrors", in_addr_errors),
	IP6("InUnknownProtos", in_unknown_protos),
	IP6("InTruncatedPkts", in_truncated_pkts),
	IP6("InDiscards", in_discards),
	IP6("InDelivers", in_delivers),
	IP6("OutForwDatagrams", out_forw_datagrams),
	IP6("OutRequests", out_requests),
	IP6("OutDiscards", out_discards),
	IP6("OutNoRoutes", out_no_routes),
	IP6("ReasmTimeout", reasm_timeout),
	IP6("ReasmReqds", reasm_reqds),
	IP6("ReasmOKs", reasm_oks),
	IP6("ReasmFails", reasm_fails),
	IP6("FragOKs", frag_oks),
	IP6("FragFails", frag_fails),
	IP6("FragCreates", frag_creates),
	IP6("InMcastPkts", in_mcast_pkts),
	IP6("OutMcastPkts", out_mcast_pkts),
	IP6("InOctets", in_octets),
	IP6("OutOctets", out_octets),
	IP6("InMcastOctets", in_mcast_octets),
	IP6("OutMcastOctets", out_mcast_octets),
	IP6("InBcastOctets", in_bcast_octets),
	IP6("OutBcastOctets", out_bcast_octets),
	IP6("InNoECTPkts", in_ect[0]),
	IP6("InECT1Pkts", in_ect[1]),
	IP6("InECT0Pkts", in_ect[2]),
	IP6("InCEPkts", in_ect[3]),
	IP6("OutTransmits", out_transmits),
};

static void show_ip(struct seq_file *m, const struct ipstats6 *stats)
{
	u64 value;

	for (u32 i = 0; i < ARRAY_SIZE(ipstats6_list); i++) {
		memcpy(&value, (const u8 *)stats + ipstats6_list[i].offset, sizeof(value));
		snmp6_line(m, ipstats6_list[i].name, value);
	}
}

/* ------------------------------------------------------------------ Icmp6 */

static const struct {
	const char *name;
	u8 type;
} icmp6type_list[] = {
	{ "DestUnreachs", ICMPV6_DEST_UNREACH },
	{ "PktTooBigs", ICMPV6_PKT_TOOBIG },
	{ "TimeExcds", ICMPV6_TIME_EXCEED },
	{ "ParmProblems", ICMPV6_PARAMPROB },
	{ "Echos", ICMPV6_ECHO_REQUEST },
	{ "EchoReplies", ICMPV6_ECHO_REPLY },
	{ "GroupMembQueries", ICMPV6_MGM_QUERY },
	{ "GroupMembResponses", ICMPV6_MGM_REPORT },
	{ "GroupMembReductions", ICMPV6_MGM_REDUCTION },
	{ "RouterSolicits", NDISC_ROUTER_SOLICITATION },
	{ "RouterAdvertisements", NDISC_ROUTER_ADVERTISEMENT },
	{ "NeighborSolicits", NDISC_NEIGHBOUR_SOLICITATION },
	{ "NeighborAdvertisements", NDISC_NEIGHBOUR_ADVERTISEMENT },
	{ "Redirects", NDISC_REDIRECT },
	{ "MLDv2Reports", ICMPV6_MLD2_REPORT },
};

static void show_named_types(struct seq_file *m, const char *direction, const struct icmp_count *by_type)
{
	char name[48];

	for (u32 i = 0; i < ARRAY_SIZE(icmp6type_list); i++) {
		snprintf(name, sizeof(name), "Icmp6%s%s", direction, icmp6type_list[i].name);
		snmp6_line(m, name, icmp_count_of(by_type, icmp6type_list[i].type));
	}
}

static void show_seen_types(struct seq_file *m, const char *direction, const struct icmp_count *by_type)
{
	char name[48];

	for (u32 type = 0; type < ICMP_TYPES; type++) {
		if (!icmp_count_of(by_type, type))
			continue;
		snprintf(name, sizeof(name), "Icmp6%sType%u", direction, type);
		snmp6_line(m, name, icmp_count_of(by_type, type));
	}
}

static void show_icmp(struct seq_file *m, const struct icmpv6_mib *mib, bool of_net)
{
	snmp6_line(m, "Icmp6InMsgs", mib->in_msgs);
	snmp6_line(m, "Icmp6InErrors", mib->in_errors);
	snmp6_line(m, "Icmp6OutMsgs", mib->out_msgs);
	snmp6_line(m, "Icmp6OutErrors", mib->out_errors);
	snmp6_line(m, "Icmp6InCsumErrors", mib->in_csum_errors);
	if (of_net)
		snmp6_line(m, "Icmp6OutRateLimitHost", mib->out_ratelimit_host);
	show_named_types(m, "In", &mib->in_type);
	show_named_types(m, "Out", &mib->out_type);
	show_seen_types(m, "In", &mib->in_type);
	show_seen_types(m, "Out", &mib->out_type);
}

/* ------------------------------------------------------------------ files */

void snmp6_seq_show_ip(struct seq_file *m, struct net *net)
{
	show_ip(m, &net->ipv6->stats);
	show_icmp(m, &net->ipv6->icmp->mib, true);
}

void snmp6_dev_seq_show(struct seq_file *m, const struct net_device *dev)
{
	const struct inet6_dev *idev = in6_dev_get_rcu(dev);

	snmp6_line(m, "ifIndex", (u64)dev->ifindex);
	show_ip(m, idev->stats);
	show_icmp(m, idev->icmp_mib, false);
}

void sockstat6_seq_show_frag(struct seq_file *m, struct net *net)
{
	u32 queues_count, mem_bytes;

	ip6_frag_usage(net, &queues_count, &mem_bytes);
	seq_printf(m, "FRAG6: inuse %u memory %u\n", queues_count, mem_bytes);
}
