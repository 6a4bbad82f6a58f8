/* SPDX-License-Identifier: BSD-2-Clause */
/* What a net knows of IPv4: net->ipv4.  @linux include/net/netns/ipv4.h */
#ifndef NETHOOD_IPV4_NETNS_IPV4_H
#define NETHOOD_IPV4_NETNS_IPV4_H

#include "base/hash.h"
#include "base/notifier.h"
#include "base/sysctl.h"
#include "base/types.h"

struct net;
struct net_protocol;
struct net_offload;
struct raw_ops;
struct neigh_table;
struct fib_state;     /* ipv4/ip_fib.h: tables, rules, nexthops */
struct route_state;   /* ipv4/route.c: input route cache, per-destination exceptions */
struct inet_frags;    /* ipv4/ip_fragment.c */
struct icmp_state;    /* ipv4/icmp.c: token buckets, statistics */
struct devinet_state; /* ipv4/devinet.c: address -> in_ifaddr */
struct acd_net;       /* ipv4/acd.h: addresses that are probed for, and defended */
struct ipv4ll_net;    /* ipv4/ipv4ll.c */
struct dhcp_net;      /* ipv4/dhcp.h: clients of devices */
struct by_arp_net;    /* ipv4/addr_by_arp.c */
struct ip_ident;
struct ipv4_devconf;

#define MAX_INET_OFFLOADS 4U

/** struct ipstats - counters under RFC 4293's names, as in /proc/net/snmp and netstat */
struct ipstats {
	u64 in_receives, in_hdr_errors, in_addr_errors, forw_datagrams, in_unknown_protos, in_discards, in_delivers;
	u64 out_requests, out_discards, out_no_routes, reasm_timeout, reasm_reqds, reasm_oks, reasm_fails;
	u64 frag_oks, frag_fails, frag_creates, in_truncated_pkts, in_csum_errors, in_no_routes;
	u64 in_octets, out_octets, in_mcast_pkts, out_mcast_pkts, in_bcast_pkts, out_bcast_pkts, out_transmits;
	u64 in_mcast_octets, out_mcast_octets, in_bcast_octets, out_bcast_octets;
	u64 in_ect[4]; /**< by the ECN field: not ECT, ECT(1), ECT(0), CE */
	u64 reasm_overlaps, arp_filter;
};

struct netns_ipv4 {
	struct fib_state *fib;
	struct route_state *route;
	struct inet_frags *frags;
	struct icmp_state *icmp;
	struct devinet_state *devinet;
	struct acd_net *acd;
	struct ipv4ll_net *ipv4ll;
	struct dhcp_net *dhcp;
	struct by_arp_net *by_arp;
	struct neigh_table *arp; /* also net->neigh->table[NEIGH_ARP_TABLE] */

	const struct raw_ops *raw;
	const struct net_protocol *protos[256]; /**< ipv4/protocol.h; static const objects */
	const struct net_offload *offloads[MAX_INET_OFFLOADS];
	u8 offload_protocol[MAX_INET_OFFLOADS];
	u32 offload_count;
	struct ipv4_devconf *devconf_all, *devconf_dflt; /**< ipv4/inetdevice.h */
	struct notifier_chain inetaddr_chain;            /**< NETDEV_UP, NETDEV_DOWN with struct in_ifaddr */
	struct notifier_chain acd_chain;                 /**< ipv4/acd.h: conflicts, enum acd_result */
	struct notifier_chain fib_chain;                 /**< ipv4/ip_fib.h: FIB_EVENT_* */

	struct ipstats stats;
	u32 rt_genid; /**< routing tables' generation: a cached route of another one is looked up again */
	siphash_key_t ip_id_key;
	struct ip_ident
		*idents; /**< ipv4/netns_ipv4.c: counters of the identification field; NULL until one is asked for */

	/* sysctls, names as in ip-sysctl */
	int ip_forward, ip_default_ttl, ip_unprivileged_port_start, ip_no_pmtu_disc, ip_nonlocal_bind,
		ip_forward_use_pmtu, ip_forward_update_priority;
	int ip_local_port_range[2];
	u8 *reserved_ports; /**< ipv4/reserved_ports.c; NULL: none */
	int icmp_echo_ignore_all, icmp_echo_ignore_broadcasts, icmp_ignore_bogus_error_responses;
	int fwmark_reflect;
	int icmp_errors_use_inbound_ifaddr, icmp_ratelimit_ms, icmp_ratemask, icmp_msgs_per_sec, icmp_msgs_burst;
	int ipfrag_high_thresh_bytes, ipfrag_low_thresh_bytes, ipfrag_max_dist;
	ktime_t ipfrag_time;
	int fib_multipath_use_neigh, fib_multipath_hash_policy;
	u32 ping_group_range[2]; /**< of groups that may have ping sockets */
	struct ctl_dir sysctl_dir, sysctl_route_dir;
	int route_min_pmtu_bytes, route_error_burst_jiffies, route_error_cost_jiffies;
	ktime_t route_mtu_expires;
};

int ipv4_net_init(struct net *net);
void ipv4_net_exit(struct net *net);

#endif
