// SPDX-License-Identifier: BSD-2-Clause
/* IPv4 of one net: its parts in order, and net.ipv4.* of sysctl(8).
 *
 * @linux inet_init, ipv4_net_table
 */
#include "ipv4/acd.h"
#include "ipv4/ipv4ll.h"
#include "ipv4/netns_ipv4.h"
#include "ipv4/protocol.h"

#include <ctype.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipv4/addr_by_arp.h"
#include "ipv4/arp.h"
#include "ipv4/dhcp.h"
#include "ipv4/icmp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fib.h"
#include "ipv4/reserved_ports.h"

/* ------------------------------------------------------------------ sysctl */

static int range_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	u32 range[2];

	memcpy(range, (const u8 *)dir->base + e->offset, sizeof(range));
	return snprintf(buf, size_bytes, "%u\t%u", range[0], range[1]);
}

/* Return: 0, -EINVAL: not two numbers within the entry's bounds */
static int range_parse(const struct ctl_table *e, const char *value, u32 range[static 2])
{
	long long number;
	char *end;

	for (int i = 0; i < 2; i++) {
		number = strtoll(value, &end, 10);
		if (end == value || number < e->min || number > e->max)
			return -EINVAL;
		range[i] = (u32)number;
		value = end;
	}
	while (isspace((unsigned char)*value))
		value++;
	return *value ? -EINVAL : 0;
}

static int port_range_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	u32 range[2];

	if (range_parse(e, value, range) || range[0] > range[1])
		return -EINVAL;
	memcpy((u8 *)dir->base + e->offset, range, sizeof(range));
	return 0;
}

/* A range that ends before it begins means: nobody. */
static int group_range_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	static const u32 nobody[2] = { 1, 0 };
	u32 range[2];

	if (range_parse(e, value, range))
		return -EINVAL;
	memcpy((u8 *)dir->base + e->offset, range[0] > range[1] ? nobody : range, sizeof(range));
	return 0;
}

/* The lower threshold stays below the upper one. */
static int thresh_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	struct netns_ipv4 *ipv4 = dir->base;
	bool high = e->offset == offsetof(struct netns_ipv4, ipfrag_high_thresh_bytes);
	s64 bytes;
	int err = sysctl_parse_number(value, high ? ipv4->ipfrag_low_thresh_bytes : 0,
				      high ? INT32_MAX : ipv4->ipfrag_high_thresh_bytes, &bytes);

	if (err)
		return err;
	*(high ? &ipv4->ipfrag_high_thresh_bytes : &ipv4->ipfrag_low_thresh_bytes) = (int)bytes;
	return 0;
}

static int thresh_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	int bytes;

	memcpy(&bytes, (const u8 *)dir->base + e->offset, sizeof(bytes));
	return snprintf(buf, size_bytes, "%d", bytes);
}

static int forward_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	struct net *net = dir->ctx;
	s64 on;
	int err = sysctl_parse_number(value, e->min, e->max, &on);

	if (!err)
		inet_forward_change(net, on != 0);
	return err;
}

static int forward_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	const struct netns_ipv4 *ipv4 = dir->base;

	(void)e;
	return snprintf(buf, size_bytes, "%d", ipv4->ip_forward);
}

#define IP_PROT_SOCK 1024 /* ports below are not handed out */

/* clang-format off */
#define AT(member) .offset = offsetof(struct netns_ipv4, member)
#define NUMBER(name_, member, min_, max_) \
	{ .name = (name_), .type = SYSCTL_INT, AT(member), .min = (min_), .max = (max_) }
static const struct ctl_table ipv4_table[] = {
	{ .name = "fib_multipath_hash_policy", .type = SYSCTL_INT, AT(fib_multipath_hash_policy), .max = 1 },
	NUMBER("fib_multipath_use_neigh", fib_multipath_use_neigh, 0, 1),
	NUMBER("fwmark_reflect", fwmark_reflect, 0, 255),
	NUMBER("icmp_echo_ignore_all", icmp_echo_ignore_all, 0, 1),
	NUMBER("icmp_echo_ignore_broadcasts", icmp_echo_ignore_broadcasts, 0, 1),
	NUMBER("icmp_errors_use_inbound_ifaddr", icmp_errors_use_inbound_ifaddr, 0, 1),
	NUMBER("icmp_ignore_bogus_error_responses", icmp_ignore_bogus_error_responses, 0, 1),
	NUMBER("icmp_msgs_burst", icmp_msgs_burst, 0, INT32_MAX),
	NUMBER("icmp_msgs_per_sec", icmp_msgs_per_sec, 0, INT32_MAX),
	NUMBER("icmp_ratelimit", icmp_ratelimit_ms, 0, INT32_MAX),
	NUMBER("icmp_ratemask", icmp_ratemask, INT32_MIN, INT32_MAX),
	NUMBER("ip_default_ttl", ip_default_ttl, 1, 255),
	NUMBER("ip_unprivileged_port_start", ip_unprivileged_port_start, 0, 65535),
	{ .name = "ip_forward", .type = SYSCTL_FN, .min = INT32_MIN, .max = INT32_MAX, .get = forward_get, .set = forward_set },
	NUMBER("ip_forward_update_priority", ip_forward_update_priority, 0, 1),
	NUMBER("ip_forward_use_pmtu", ip_forward_use_pmtu, 0, 255),
	{ .name = "ip_local_port_range", .type = SYSCTL_FN, AT(ip_local_port_range), .min = IP_PROT_SOCK, .max = 65535,
	  .get = range_get, .set = port_range_set },
	{ .name = "ip_local_reserved_ports", .type = SYSCTL_FN, .takes_empty = true,
	  .get = reserved_ports_get, .set = reserved_ports_set },
	NUMBER("ip_no_pmtu_disc", ip_no_pmtu_disc, 0, 255),
	NUMBER("ip_nonlocal_bind", ip_nonlocal_bind, 0, 255),
	{ .name = "ipfrag_high_thresh", .type = SYSCTL_FN, AT(ipfrag_high_thresh_bytes), .get = thresh_get, .set = thresh_set },
	{ .name = "ipfrag_low_thresh", .type = SYSCTL_FN, AT(ipfrag_low_thresh_bytes), .get = thresh_get, .set = thresh_set },
	NUMBER("ipfrag_max_dist", ipfrag_max_dist, 0, INT32_MAX),
	{ .name = "ipfrag_time", .type = SYSCTL_SECONDS, AT(ipfrag_time), .min = INT32_MIN, .max = INT32_MAX },
	{ .name = "ping_group_range", .type = SYSCTL_FN, AT(ping_group_range), .min = 0, .max = UINT32_MAX - 1,
	  .get = range_get, .set = group_range_set },
	{ .name = NULL },
};
static const struct ctl_table route_table[] = {
	NUMBER("error_burst", route_error_burst_jiffies, 0, INT32_MAX),
	NUMBER("error_cost", route_error_cost_jiffies, 0, INT32_MAX),
	NUMBER("min_pmtu", route_min_pmtu_bytes, 68, INT32_MAX),
	{ .name = "mtu_expires", .type = SYSCTL_SECONDS, AT(route_mtu_expires), .min = INT32_MIN, .max = INT32_MAX },
	{ .name = NULL },
};
/* clang-format on */

static void ipv4_register_dir(struct net *net, struct ctl_dir *dir, const char *path, const struct ctl_table *table)
{
	snprintf(dir->path, sizeof(dir->path), "%s", path);
	dir->table = table;
	dir->base = net->ipv4;
	dir->ctx = net;
	register_sysctl(&net->sysctl, dir);
}

static void ipv4_sysctl_init(struct net *net)
{
	struct netns_ipv4 *ipv4 = net->ipv4;

	ipv4->ip_default_ttl = 64;
	ipv4->ip_unprivileged_port_start = 1024;
	ipv4->ip_forward_update_priority = 1;
	ipv4->ip_local_port_range[0] = 32768;
	ipv4->ip_local_port_range[1] = 60999;
	ipv4->icmp_echo_ignore_broadcasts = 1;
	ipv4->icmp_ignore_bogus_error_responses = 1;
	ipv4->icmp_ratelimit_ms = 1000;
	ipv4->icmp_ratemask = 0x1818; /* destination unreachable, source quench, time exceeded, parameter problem */
	ipv4->icmp_msgs_per_sec = 1000;
	ipv4->icmp_msgs_burst = 50;
	ipv4->ipfrag_high_thresh_bytes = 4 << 20;
	ipv4->ipfrag_low_thresh_bytes = 3 << 20;
	ipv4->ipfrag_max_dist = 64;
	ipv4->ipfrag_time = 30 * NSEC_PER_SEC;
	ipv4->ping_group_range[0] = 1; /* nobody, as in a new namespace */
	ipv4->route_min_pmtu_bytes = 552;
	ipv4->route_error_burst_jiffies = 1250; /* five at once, ... */
	ipv4->route_error_cost_jiffies = 250;   /* ... then one a second */
	ipv4->route_mtu_expires = 600 * NSEC_PER_SEC;
	ipv4_register_dir(net, &ipv4->sysctl_dir, "net.ipv4", ipv4_table);
	ipv4_register_dir(net, &ipv4->sysctl_route_dir, "net.ipv4.route", route_table);
}

static void ipv4_sysctl_exit(struct net *net)
{
	reserved_ports_exit(net);
	unregister_sysctl(&net->sysctl, &net->ipv4->sysctl_route_dir);
	unregister_sysctl(&net->sysctl, &net->ipv4->sysctl_dir);
}

/* ------------------------------------------------------------------ identification */

#define IP_IDENTS 2048U /* counters that pairs of hosts share */

/** struct ip_ident - one counter.  @rfc 7739 5.3 */
struct ip_ident {
	u32 id;
	u32 stamp;
};

static struct ip_ident *ip_idents(struct net *net)
{
	struct netns_ipv4 *ipv4 = net->ipv4;

	if (likely(ipv4->idents))
		return ipv4->idents;
	ipv4->idents = mem_alloc(net->mem, IP_IDENTS * sizeof(struct ip_ident));
	if (ipv4->idents)
		get_random_bytes(&net->rng, ipv4->idents, IP_IDENTS * sizeof(struct ip_ident));
	return ipv4->idents;
}

static int ip_ident_init(struct net *net)
{
	siphash_key_init(&net->ipv4->ip_id_key, &net->rng);
	return 0;
}

static void ip_ident_exit(struct net *net)
{
	mem_free(net->mem, net->ipv4->idents, IP_IDENTS * sizeof(struct ip_ident));
}

/* A step of one while packets follow each other; after a pause a random one, so that nobody counts our packets. */
u16 ip_ident_next(struct net *net, __be32 daddr, __be32 saddr, u8 protocol, u32 segs)
{
	const struct {
		__be32 daddr, saddr;
		u32 protocol;
	} key = { daddr, saddr, protocol };
	u64 hash = siphash(&key, sizeof(key), &net->ipv4->ip_id_key);
	struct ip_ident *ident = ip_idents(net);
	u32 now = (u32)(net->now / (4 * NSEC_PER_MSEC));
	u32 pause;

	if (unlikely(!ident))
		return (u16)get_random_u32(&net->rng); /* without memory for counters, chance has to do */
	ident += hash % IP_IDENTS;
	pause = now - ident->stamp;
	if (pause) {
		ident->stamp = now;
		ident->id += get_random_u32_below(&net->rng, pause);
	}
	ident->id += segs;
	return (u16)(ident->id - segs + (u32)(hash >> 32));
}

/* ------------------------------------------------------------------ life */

static const struct packet_type ip_packet_type = { .type = CONST_BE16(ETH_P_IP), .func = ip_rcv };

static int ip_packet_init(struct net *net)
{
	int err = dev_add_offload(net, &ip_packet_offload);

	if (err)
		return err;
	err = dev_add_pack(net, &ip_packet_type);
	if (err)
		dev_remove_offload(net, &ip_packet_offload);
	return err;
}

static void ip_packet_exit(struct net *net)
{
	dev_remove_pack(net, &ip_packet_type);
	dev_remove_offload(net, &ip_packet_offload);
}

/** struct ipv4_part - in the order of their beginning */
static const struct ipv4_part {
	int (*init)(struct net *net);
	void (*exit)(struct net *net);
} ipv4_parts[] = {
	{ ip_ident_init, ip_ident_exit },
	{ acd_init, acd_exit },
	{ ipv4ll_init, ipv4ll_exit },
	{ dhcp_init, dhcp_exit },
	{ addr_by_arp_init, addr_by_arp_exit },
	{ devinet_init, devinet_exit },
	{ fib_net_init, fib_net_exit },
	{ ip_frag_init, ip_frag_exit },
	{ icmp_init, icmp_exit },
	{ arp_init, arp_exit },
	{ ip_packet_init, ip_packet_exit },
};

static void ipv4_parts_exit(struct net *net, u32 count)
{
	while (count--)
		ipv4_parts[count].exit(net);
}

int ipv4_net_init(struct net *net)
{
	struct netns_ipv4 *ipv4 = mem_zalloc(net->mem, sizeof(*ipv4));
	int err;

	if (!ipv4)
		return -ENOMEM;
	net->ipv4 = ipv4;
	notifier_chain_init(&ipv4->inetaddr_chain);
	notifier_chain_init(&ipv4->fib_chain);
	notifier_chain_init(&ipv4->acd_chain);
	ipv4_sysctl_init(net);
	for (u32 i = 0; i < ARRAY_SIZE(ipv4_parts); i++) {
		err = ipv4_parts[i].init(net);
		if (err) {
			ipv4_parts_exit(net, i);
			ipv4_sysctl_exit(net);
			mem_free(net->mem, ipv4, sizeof(*ipv4));
			net->ipv4 = NULL;
			return err;
		}
	}
	return 0;
}

void ipv4_net_exit(struct net *net)
{
	ipv4_parts_exit(net, ARRAY_SIZE(ipv4_parts));
	ipv4_sysctl_exit(net);
	mem_free(net->mem, net->ipv4, sizeof(*net->ipv4));
	net->ipv4 = NULL;
}
