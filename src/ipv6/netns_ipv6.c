// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 of one net: its parts in order, and net.ipv6.* of sysctl(8).
 *
 * @linux inet6_init, ipv6_table_template
 */
#include "ipv6/netns_ipv6.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>

#include "dev/netdevice.h"
#include "ipv6/addrconf.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ip6_fib.h"
#include "ipv6/ip6_flowlabel.h"
#include "ipv6/ipv6.h"
#include "ipv6/mcast.h"
#include "ipv6/ndisc.h"
#include "ipv6/protocol.h"

/* ------------------------------------------------------------------ sysctl */

/* The lower threshold stays below the upper one. */
static int frag_thresh_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	struct netns_ipv6 *ipv6 = dir->base;
	bool high = e->offset == offsetof(struct netns_ipv6, ip6frag_high_thresh_bytes);
	s64 bytes;
	int err = sysctl_parse_number(value, high ? ipv6->ip6frag_low_thresh_bytes : 0,
				      high ? INT32_MAX : ipv6->ip6frag_high_thresh_bytes, &bytes);

	if (err)
		return err;
	*(high ? &ipv6->ip6frag_high_thresh_bytes : &ipv6->ip6frag_low_thresh_bytes) = (int)bytes;
	ipv6_frag_make_room(dir->ctx);
	return 0;
}

static int frag_thresh_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	int bytes;

	memcpy(&bytes, (const u8 *)dir->base + e->offset, sizeof(bytes));
	return snprintf(buf, size_bytes, "%d", bytes);
}

/* clang-format off */
#define AT(member) .offset = offsetof(struct netns_ipv6, member)
#define NUMBER(name_, member, min_, max_) \
	{ .name = (name_), .type = SYSCTL_INT, AT(member), .min = (min_), .max = (max_) }
static const struct ctl_table ipv6_table[] = {
	NUMBER("anycast_src_echo_reply", anycast_src_echo_reply, 0, 255),
	NUMBER("auto_flowlabels", auto_flowlabels, 0, IP6_AUTO_FLOW_LABEL_MAX),
	NUMBER("bindv6only", bindv6only, 0, 255),
	NUMBER("fib_multipath_hash_fields", fib_multipath_hash_fields, 1, 0xfff),
	NUMBER("fib_multipath_hash_policy", fib_multipath_hash_policy, 0, 3),
	NUMBER("flowlabel_consistency", flowlabel_consistency, 0, 255),
	NUMBER("flowlabel_reflect", flowlabel_reflect, 0, 7),
	NUMBER("flowlabel_state_ranges", flowlabel_state_ranges, 0, 255),
	NUMBER("fwmark_reflect", fwmark_reflect, 0, 255),
	NUMBER("idgen_delay", idgen_delay_s, INT32_MIN, INT32_MAX),
	NUMBER("idgen_retries", idgen_retries, INT32_MIN, INT32_MAX),
	{ .name = "ip6frag_high_thresh", .type = SYSCTL_FN, AT(ip6frag_high_thresh_bytes),
	  .get = frag_thresh_get, .set = frag_thresh_set },
	{ .name = "ip6frag_low_thresh", .type = SYSCTL_FN, AT(ip6frag_low_thresh_bytes),
	  .get = frag_thresh_get, .set = frag_thresh_set },
	{ .name = "ip6frag_time", .type = SYSCTL_SECONDS, AT(ip6frag_time), .min = INT32_MIN, .max = INT32_MAX },
	NUMBER("ip_nonlocal_bind", ip_nonlocal_bind, 0, 255),
	NUMBER("max_dst_opts_length", max_dst_opts_length, INT32_MIN, INT32_MAX),
	NUMBER("max_dst_opts_number", max_dst_opts_number, INT32_MIN, INT32_MAX),
	NUMBER("max_hbh_length", max_hbh_length, INT32_MIN, INT32_MAX),
	NUMBER("max_hbh_opts_number", max_hbh_opts_number, INT32_MIN, INT32_MAX),
	NUMBER("mld_max_msf", mld_max_msf, INT32_MIN, INT32_MAX),
	NUMBER("mld_qrv", mld_qrv, 1, INT32_MAX),
	{ .name = NULL },
};
/* clang-format on */

static void ipv6_sysctl_init(struct net *net)
{
	struct netns_ipv6 *ipv6 = net->ipv6;
	struct ctl_dir *dir = &ipv6->sysctl_dir;

	ipv6->auto_flowlabels = IP6_AUTO_FLOW_LABEL_OPTOUT;
	ipv6->fib_multipath_hash_fields = 7; /* source, destination, protocol */
	ipv6->flowlabel_consistency = 1;
	ipv6->idgen_delay_s = 1;
	ipv6->idgen_retries = 3;
	ipv6->ip6frag_high_thresh_bytes = 4 << 20;
	ipv6->ip6frag_low_thresh_bytes = 3 << 20;
	ipv6->ip6frag_time = 60 * NSEC_PER_SEC; /* RFC 8200 4.5 */
	ipv6->max_dst_opts_number = ipv6->max_hbh_opts_number = 8;
	ipv6->max_dst_opts_length = ipv6->max_hbh_length = INT32_MAX;
	ipv6->mld_max_msf = 64;
	ipv6->mld_qrv = 2; /* RFC 3810 9.1 */
	snprintf(dir->path, sizeof(dir->path), "net.ipv6");
	dir->table = ipv6_table;
	dir->base = ipv6;
	dir->ctx = net;
	register_sysctl(&net->sysctl, dir);
}

static void ipv6_sysctl_exit(struct net *net)
{
	unregister_sysctl(&net->sysctl, &net->ipv6->sysctl_dir);
}

/* ------------------------------------------------------------------ life */

static const struct packet_type ipv6_packet_type = { .type = CONST_BE16(ETH_P_IPV6), .func = ipv6_rcv };

static int ipv6_packet_init(struct net *net)
{
	int err = dev_add_offload(net, &ipv6_packet_offload);

	if (err)
		return err;
	err = dev_add_pack(net, &ipv6_packet_type);
	if (err)
		dev_remove_offload(net, &ipv6_packet_offload);
	return err;
}

static void ipv6_packet_exit(struct net *net)
{
	dev_remove_pack(net, &ipv6_packet_type);
	dev_remove_offload(net, &ipv6_packet_offload);
}

/** struct ipv6_part - in the order of their beginning: devices get addresses last, when all that these need is there */
static const struct ipv6_part {
	int (*init)(struct net *net);
	void (*exit)(struct net *net);
} ipv6_parts[] = {
	{ ipv6_exthdrs_init, ipv6_exthdrs_exit },
	{ ipv6_frag_init, ipv6_frag_exit },
	{ icmpv6_init, icmpv6_exit },
	{ ndisc_init, ndisc_exit },
	{ fib6_init, fib6_exit },
	{ addrconf_init, addrconf_exit },
	{ ipv6_packet_init, ipv6_packet_exit },
};

static void ipv6_parts_exit(struct net *net, u32 count)
{
	while (count--)
		ipv6_parts[count].exit(net);
}

static void ipv6_free(struct net *net)
{
	fl6_exit(net);
	ipv6_sysctl_exit(net);
	mem_free(net->mem, net->ipv6, sizeof(*net->ipv6));
	net->ipv6 = NULL;
}

int ipv6_net_init(struct net *net)
{
	struct netns_ipv6 *ipv6 = mem_zalloc(net->mem, sizeof(*ipv6));
	int err;

	if (!ipv6)
		return -ENOMEM;
	net->ipv6 = ipv6;
	notifier_chain_init(&ipv6->inet6addr_chain);
	notifier_chain_init(&ipv6->fib6_chain);
	notifier_chain_init(&ipv6->nduseropt_chain);
	siphash_key_init(&ipv6->flowlabel_key, &net->rng);
	ipv6_sysctl_init(net);
	for (u32 i = 0; i < ARRAY_SIZE(ipv6_parts); i++) {
		err = ipv6_parts[i].init(net);
		if (err) {
			ipv6_parts_exit(net, i);
			ipv6_free(net);
			return err;
		}
	}
	return 0;
}

void ipv6_net_exit(struct net *net)
{
	ipv6_parts_exit(net, ARRAY_SIZE(ipv6_parts));
	ipv6_free(net);
}
