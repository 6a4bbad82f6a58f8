/* SPDX-License-Identifier: BSD-2-Clause */
/* What a net knows of IPv6: net->ipv6.  @linux include/net/netns/ipv6.h */
#ifndef NETHOOD_IPV6_NETNS_IPV6_H
#define NETHOOD_IPV6_NETNS_IPV6_H

#include "base/hash.h"
#include "base/notifier.h"
#include "base/sysctl.h"
#include "base/types.h"
#include "wire/ipv6.h"

struct net;
struct inet6_protocol;
struct net_offload;
struct raw6_ops;
struct neigh_table;
struct fib6_state;      /* ipv6/ip6_fib.c: tables; ipv6/fib6_rules.c: rules */
struct rt6_state;       /* ipv6/route.c: exceptions, null entries */
struct inet6_frags;     /* ipv6/reassembly.c */
struct icmpv6_state;    /* ipv6/icmp.c: token buckets, statistics */
struct addrconf_state;  /* ipv6/addrconf.c: address -> inet6_ifaddr, timers */
struct addrlabel_state; /* ipv6/addrlabel.c */
struct flowlabel_state; /* ipv6/ip6_flowlabel.c */
struct ndisc_state;     /* ipv6/ndisc.c */
struct mcast6_state;    /* ipv6/mcast.c */
struct ipv6_devconf;

#define MAX_INET6_OFFLOADS 4U

/* net.ipv6.auto_flowlabels: which packets get a label by their flow's hash */
enum {
	IP6_AUTO_FLOW_LABEL_OFF,
	IP6_AUTO_FLOW_LABEL_OPTOUT, /**< all, but of sockets that do not want it */
	IP6_AUTO_FLOW_LABEL_OPTIN,  /**< of sockets that ask for it */
	IP6_AUTO_FLOW_LABEL_FORCED, /**< all */
	IP6_AUTO_FLOW_LABEL_MAX = IP6_AUTO_FLOW_LABEL_FORCED
};

/** struct ipstats6 - counters under RFC 4293's names, as in /proc/net/snmp6 (Ip6*) */
struct ipstats6 {
	u64 in_receives, in_hdr_errors, in_too_big_errors, in_no_routes, in_addr_errors, in_unknown_protos;
	u64 in_truncated_pkts, in_discards, in_delivers, out_forw_datagrams, out_requests, out_discards, out_no_routes;
	u64 reasm_timeout, reasm_reqds, reasm_oks, reasm_fails, frag_oks, frag_fails, frag_creates;
	u64 in_mcast_pkts, out_mcast_pkts, in_octets, out_octets, in_mcast_octets, out_mcast_octets;
	u64 in_bcast_octets, out_bcast_octets, in_ect[4], out_transmits;
};

struct netns_ipv6 {
	struct fib6_state *fib;
	struct rt6_state *route;
	struct inet6_frags *frags;
	struct icmpv6_state *icmp;
	struct addrconf_state *addrconf;
	struct addrlabel_state *addrlabel;
	struct flowlabel_state *flowlabels;
	struct ndisc_state *ndisc;
	struct mcast6_state *mcast;
	struct neigh_table *nd_tbl; /* also net->neigh->table[NEIGH_ND_TABLE] */

	const struct raw6_ops *raw;
	const struct inet6_protocol *protos[256]; /**< ipv6/protocol.h; static const objects */
	const struct net_offload *offloads[MAX_INET6_OFFLOADS];
	u8 offload_protocol[MAX_INET6_OFFLOADS];
	u32 offload_count;
	struct ipv6_devconf *devconf_all, *devconf_dflt; /**< ipv6/addrconf.h */
	struct notifier_chain inet6addr_chain; /**< ipv6/addrconf.h: INET6ADDR_*, data: struct inet6addr_info */
	struct notifier_chain fib6_chain;      /**< ipv6/ip6_fib.h: FIB_EVENT_* */
	struct notifier_chain nduseropt_chain; /**< ipv6/ndisc.h: RA options for user space; RTM_NEWNDUSEROPT */

	struct ipstats6 stats;
	u32 rt_genid; /**< routing tables' and addresses' generation: a cached route of another one is looked up again */
	siphash_key_t ip_id_key, flowlabel_key;

	/* sysctls: net.ipv6.*, net.ipv6.route.*, net.ipv6.icmp.*; names as in ip-sysctl */
	int bindv6only, anycast_src_echo_reply, auto_flowlabels, flowlabel_consistency, flowlabel_state_ranges,
		flowlabel_reflect, idgen_delay_s, idgen_retries, ip_nonlocal_bind, mld_max_msf, mld_qrv, fwmark_reflect;
	int max_dst_opts_number, max_hbh_opts_number, max_dst_opts_length, max_hbh_length, seg6_flowlabel;
	int fib_multipath_hash_policy, fib_multipath_hash_fields, fib_notify_on_flag_change, ioam6_id;
	int ip6frag_high_thresh_bytes, ip6frag_low_thresh_bytes;
	ktime_t ip6frag_time;
	int route_max_size, route_gc_thresh, route_mtu_expires_s, route_min_advmss, route_skip_notify_on_dev_down;
	int route_gc_interval_s, route_gc_timeout_s, route_gc_elasticity, route_gc_min_interval_s,
		route_gc_min_interval_ms;
	int icmp_ratelimit_ms, icmp_echo_ignore_all, icmp_echo_ignore_multicast, icmp_echo_ignore_anycast,
		icmp_error_anycast_as_unicast, icmp_errors_extension_mask;
	u32 icmp_ratemask[8];
	struct ctl_dir sysctl_dir, sysctl_route_dir, sysctl_icmp_dir;
};

/** ipv6_net_init() - all parts, in the order of their needs; ipv6/netns_ipv6.c */
int ipv6_net_init(struct net *net);
void ipv6_net_exit(struct net *net);

#endif
