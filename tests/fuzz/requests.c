// SPDX-License-Identifier: BSD-2-Clause
/* rtnetlink requests out of a fuzzer's octets.
 *
 *	row of requests[], flags (index), family (index), header, attributes...
 *
 * Each octet of a header, and each attribute, chooses from what has a meaning; what has none can be had as well: with an
 * attribute's number above those of its table its type, length and octets are taken as they are.
 */
#include "requests.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_addrlabel.h>
#include <linux/if_link.h>
#include <linux/lwtunnel.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <stddef.h>

#define MESSAGE_BYTES 4096U
#define NEST_DEPTH 3U

enum value {
	V_U8,
	V_U16,
	V_U32,
	V_U64,
	V_IFINDEX,
	V_ADDR,
	V_LLADDR,
	V_NAME,
	V_CACHEINFO, /**< struct ifa_cacheinfo */
	V_RAW,
	V_VIA,
	V_NEST,
	V_NEXTHOPS,
	V_TABLE_NAME,
	V_TOKEN, /**< an address of IPv6, whatever the request's family is */
};

struct attr_row {
	u16 type;
	enum value value;
	const struct attr_table *nest;
};

struct attr_table {
	const struct attr_row *row;
	u32 count;
};

#define TABLE(rows) \
	{ \
		rows, ARRAY_SIZE(rows) \
	}

/* ------------------------------------------------------------------ what each message may hold */

static const struct attr_row info_rows[] = { { IFLA_INFO_KIND, V_NAME, NULL }, { IFLA_INFO_DATA, V_RAW, NULL } };
static const struct attr_table info_table = TABLE(info_rows);
static const struct attr_row inet6_rows[] = { { 1, V_U32, NULL }, { 7, V_TOKEN, NULL }, { 8, V_U8, NULL } };
static const struct attr_table inet6_table = TABLE(inet6_rows);
static const struct attr_row spec_rows[] = { { 2, V_NEST, &info_table }, { 10, V_NEST, &inet6_table } };
static const struct attr_table spec_table = TABLE(spec_rows);
static const struct attr_row link_rows[] = {
	{ IFLA_IFNAME, V_NAME, NULL },
	{ IFLA_ADDRESS, V_LLADDR, NULL },
	{ IFLA_BROADCAST, V_LLADDR, NULL },
	{ IFLA_MTU, V_U32, NULL },
	{ IFLA_LINK, V_IFINDEX, NULL },
	{ IFLA_MASTER, V_IFINDEX, NULL },
	{ IFLA_CARRIER, V_U8, NULL },
	{ IFLA_TXQLEN, V_U32, NULL },
	{ IFLA_OPERSTATE, V_U8, NULL },
	{ IFLA_LINKMODE, V_U8, NULL },
	{ IFLA_GROUP, V_U32, NULL },
	{ IFLA_EXT_MASK, V_U32, NULL },
	{ IFLA_ALT_IFNAME, V_NAME, NULL },
	{ IFLA_LINKINFO, V_NEST, &info_table },
	{ IFLA_NET_NS_PID, V_U32, NULL },
	{ IFLA_NET_NS_FD, V_U32, NULL },
	{ IFLA_PROMISCUITY, V_U32, NULL },
	{ IFLA_AF_SPEC, V_NEST, &spec_table },
	{ IFLA_PROTINFO, V_NEST, &inet6_table },
};
static const struct attr_row addr_rows[] = {
	{ IFA_LOCAL, V_ADDR, NULL },      { IFA_ADDRESS, V_ADDR, NULL },        { IFA_BROADCAST, V_ADDR, NULL },
	{ IFA_LABEL, V_NAME, NULL },      { IFA_CACHEINFO, V_CACHEINFO, NULL }, { IFA_FLAGS, V_U32, NULL },
	{ IFA_RT_PRIORITY, V_U32, NULL }, { IFA_TARGET_NETNSID, V_U32, NULL },  { 11, V_U8, NULL },
};
static const struct attr_row metric_rows[] = {
	{ RTAX_MTU, V_U32, NULL },      { RTAX_LOCK, V_U32, NULL },     { RTAX_HOPLIMIT, V_U32, NULL },
	{ RTAX_CC_ALGO, V_NAME, NULL }, { RTAX_INITCWND, V_U16, NULL }, { RTAX_QUICKACK, V_U32, NULL },
	{ RTAX_FEATURES, V_U32, NULL },
};
static const struct attr_table metric_table = TABLE(metric_rows);
static const struct attr_row encap_rows[] = { { 1, V_U64, NULL }, { 2, V_ADDR, NULL }, { 3, V_ADDR, NULL },
					      { 4, V_U8, NULL },  { 5, V_U8, NULL },   { 6, V_U16, NULL } };
static const struct attr_table encap_table = TABLE(encap_rows);
static const struct attr_row hop_rows[] = {
	{ RTA_GATEWAY, V_ADDR, NULL },
	{ RTA_VIA, V_VIA, NULL },
	{ RTA_ENCAP_TYPE, V_U16, NULL },
	{ RTA_ENCAP, V_NEST, &encap_table },
};
static const struct attr_table hop_table = TABLE(hop_rows);
static const struct attr_row route_rows[] = {
	{ RTA_DST, V_ADDR, NULL },
	{ RTA_SRC, V_ADDR, NULL },
	{ RTA_IIF, V_IFINDEX, NULL },
	{ RTA_OIF, V_IFINDEX, NULL },
	{ RTA_GATEWAY, V_ADDR, NULL },
	{ RTA_PRIORITY, V_U32, NULL },
	{ RTA_PREFSRC, V_ADDR, NULL },
	{ RTA_METRICS, V_NEST, &metric_table },
	{ RTA_MULTIPATH, V_NEXTHOPS, &hop_table },
	{ RTA_FLOW, V_U32, NULL },
	{ RTA_TABLE, V_U32, NULL },
	{ RTA_MARK, V_U32, NULL },
	{ RTA_UID, V_U32, NULL },
	{ RTA_ENCAP, V_NEST, &encap_table },
	{ RTA_ENCAP_TYPE, V_U16, NULL },
	{ RTA_VIA, V_VIA, NULL },
	{ RTA_IP_PROTO, V_U8, NULL },
	{ RTA_SPORT, V_U16, NULL },
	{ RTA_DPORT, V_U16, NULL },
	{ RTA_NH_ID, V_U32, NULL },
	{ RTA_EXPIRES, V_U32, NULL },
	{ RTA_PREF, V_U8, NULL },
};
static const struct attr_row rule_rows[] = {
	{ FRA_DST, V_ADDR, NULL },
	{ FRA_SRC, V_ADDR, NULL },
	{ FRA_IIFNAME, V_NAME, NULL },
	{ FRA_OIFNAME, V_NAME, NULL },
	{ FRA_GOTO, V_U32, NULL },
	{ FRA_PRIORITY, V_U32, NULL },
	{ FRA_FWMARK, V_U32, NULL },
	{ FRA_FWMASK, V_U32, NULL },
	{ FRA_FLOW, V_U32, NULL },
	{ FRA_SUPPRESS_PREFIXLEN, V_U32, NULL },
	{ FRA_TABLE, V_U32, NULL },
	{ FRA_PROTOCOL, V_U8, NULL },
	{ FRA_IP_PROTO, V_U8, NULL },
	{ FRA_SPORT_RANGE, V_U32, NULL },
	{ FRA_DPORT_RANGE, V_U32, NULL },
	{ FRA_TUN_ID, V_U64, NULL },
	{ FRA_L3MDEV, V_U8, NULL },
	{ FRA_UID_RANGE, V_U64, NULL },
	{ FRA_SUPPRESS_IFGROUP, V_U32, NULL },
};
static const struct attr_row neigh_rows[] = {
	{ NDA_DST, V_ADDR, NULL },
	{ NDA_LLADDR, V_LLADDR, NULL },
	{ NDA_CACHEINFO, V_RAW, NULL },
	{ NDA_PROBES, V_U32, NULL },
	{ NDA_VLAN, V_U16, NULL },
	{ NDA_PORT, V_U16, NULL },
	{ NDA_VNI, V_U32, NULL },
	{ NDA_IFINDEX, V_IFINDEX, NULL },
	{ NDA_MASTER, V_IFINDEX, NULL },
	{ NDA_PROTOCOL, V_U8, NULL },
	{ NDA_NH_ID, V_U32, NULL },
	{ NDA_FLAGS_EXT, V_U32, NULL },
	{ NDA_FDB_EXT_ATTRS, V_NEST, &info_table },
};
static const struct attr_row parms_rows[] = {
	{ NDTPA_IFINDEX, V_IFINDEX, NULL },
	{ NDTPA_QUEUE_LEN, V_U32, NULL },
	{ NDTPA_QUEUE_LENBYTES, V_U32, NULL },
	{ NDTPA_PROXY_QLEN, V_U32, NULL },
	{ NDTPA_APP_PROBES, V_U32, NULL },
	{ NDTPA_UCAST_PROBES, V_U32, NULL },
	{ NDTPA_MCAST_PROBES, V_U32, NULL },
	{ NDTPA_MCAST_REPROBES, V_U32, NULL },
	{ NDTPA_BASE_REACHABLE_TIME, V_U64, NULL },
	{ NDTPA_GC_STALETIME, V_U64, NULL },
	{ NDTPA_DELAY_PROBE_TIME, V_U64, NULL },
	{ NDTPA_RETRANS_TIME, V_U64, NULL },
	{ NDTPA_ANYCAST_DELAY, V_U64, NULL },
	{ NDTPA_PROXY_DELAY, V_U64, NULL },
	{ NDTPA_LOCKTIME, V_U64, NULL },
	{ 19, V_U64, NULL },
};
static const struct attr_table parms_table = TABLE(parms_rows);
static const struct attr_row neightbl_rows[] = {
	{ NDTA_NAME, V_TABLE_NAME, NULL }, { NDTA_THRESH1, V_U32, NULL },     { NDTA_THRESH2, V_U32, NULL },
	{ NDTA_THRESH3, V_U32, NULL },     { NDTA_GC_INTERVAL, V_U64, NULL }, { NDTA_PARMS, V_NEST, &parms_table },
	{ NDTA_CONFIG, V_RAW, NULL },      { NDTA_STATS, V_RAW, NULL },
};

static const struct attr_row label_rows[] = { { IFAL_ADDRESS, V_ADDR, NULL }, { IFAL_LABEL, V_U32, NULL } };
static const struct attr_row netconf_rows[] = { { NETCONFA_IFINDEX, V_IFINDEX, NULL },
						{ NETCONFA_FORWARDING, V_U32, NULL } };

static const struct request_row {
	u16 type;
	u16 header_bytes;
	const struct attr_table table;
} requests[] = {
	{ RTM_NEWNEIGH, sizeof(struct ndmsg), TABLE(neigh_rows) },
	{ RTM_DELNEIGH, sizeof(struct ndmsg), TABLE(neigh_rows) },
	{ RTM_GETNEIGH, sizeof(struct ndmsg), TABLE(neigh_rows) },
	{ RTM_GETNEIGHTBL, sizeof(struct ndtmsg), TABLE(neightbl_rows) },
	{ RTM_SETNEIGHTBL, sizeof(struct ndtmsg), TABLE(neightbl_rows) },
	{ RTM_NEWLINK, sizeof(struct ifinfomsg), TABLE(link_rows) },
	{ RTM_SETLINK, sizeof(struct ifinfomsg), TABLE(link_rows) },
	{ RTM_DELLINK, sizeof(struct ifinfomsg), TABLE(link_rows) },
	{ RTM_GETLINK, sizeof(struct ifinfomsg), TABLE(link_rows) },
	{ RTM_NEWADDR, sizeof(struct ifaddrmsg), TABLE(addr_rows) },
	{ RTM_DELADDR, sizeof(struct ifaddrmsg), TABLE(addr_rows) },
	{ RTM_GETADDR, sizeof(struct ifaddrmsg), TABLE(addr_rows) },
	{ RTM_NEWROUTE, sizeof(struct rtmsg), TABLE(route_rows) },
	{ RTM_DELROUTE, sizeof(struct rtmsg), TABLE(route_rows) },
	{ RTM_GETROUTE, sizeof(struct rtmsg), TABLE(route_rows) },
	{ RTM_NEWRULE, sizeof(struct fib_rule_hdr), TABLE(rule_rows) },
	{ RTM_DELRULE, sizeof(struct fib_rule_hdr), TABLE(rule_rows) },
	{ RTM_GETRULE, sizeof(struct fib_rule_hdr), TABLE(rule_rows) },
	{ RTM_NEWNEIGHTBL, sizeof(struct ndtmsg), TABLE(neightbl_rows) },
	{ RTM_GETNEXTHOP, sizeof(struct rtgenmsg), TABLE(neigh_rows) },
	{ RTM_GETQDISC, sizeof(struct rtgenmsg), TABLE(link_rows) },
	{ 0, sizeof(struct rtmsg), TABLE(route_rows) }, /* any type: the next octet says which */
	{ RTM_NEWADDRLABEL, sizeof(struct ifaddrlblmsg), TABLE(label_rows) },
	{ RTM_DELADDRLABEL, sizeof(struct ifaddrlblmsg), TABLE(label_rows) },
	{ RTM_GETADDRLABEL, sizeof(struct ifaddrlblmsg), TABLE(label_rows) },
	{ RTM_GETNETCONF, sizeof(struct netconfmsg), TABLE(netconf_rows) },
	{ RTM_GETMULTICAST, sizeof(struct ifaddrmsg), TABLE(addr_rows) },
	{ RTM_GETANYCAST, sizeof(struct ifaddrmsg), TABLE(addr_rows) },
};

/* ------------------------------------------------------------------ values */

struct message {
	_Alignas(struct nlmsghdr) u8 buf[MESSAGE_BYTES];
	size_t bytes;
	bool six; /**< of AF_INET6: addresses are its */
};

static void put(struct message *m, const void *data, size_t bytes)
{
	if (bytes > sizeof(m->buf) - m->bytes)
		bytes = sizeof(m->buf) - m->bytes;
	if (bytes)
		memcpy(m->buf + m->bytes, data, bytes);
	m->bytes += bytes;
}

static void pad(struct message *m)
{
	static const u8 zeros[4];

	put(m, zeros, ALIGN_UP(m->bytes, (size_t)4) - m->bytes);
}

static u64 number(struct input *in)
{
	static const u64 numbers[] = { 0,   1,   2,    3,          4,     5,     8,          16,         32,
				       64,  100, 128,  253,        254,   255,   256,        1000,       1500,
				       68,  67,  3000, 65535,      65536, 32766, 0x7fffffff, 0x80000000, 0xffffffff,
				       576, 10,  300,  1000000000, 6,     7,     9 };
	u8 which = in_u8(in);

	if (which == 255)
		return in_u32(in);
	if (which == 254)
		return (u64)in_u32(in) << 32 | in_u32(in);
	return which < 128 ? numbers[which % ARRAY_SIZE(numbers)] : which - 128U;
}

static void put_addr6(struct message *m, u8 which, u8 host)
{
	const u8 addrs[][16] = { { 0xfd, [15] = host },
				 { 0xfd, [7] = 1, [15] = host },
				 { 0xfd, [15] = 2 },
				 { 0xfd },
				 { 0 },
				 { [15] = 1 },
				 { 0xff, 2, [15] = host },
				 { 0x20, 1, 0x0d, 0xb8, [5] = host },
				 { 0xfe, 0x80, [15] = host },
				 { 0x20, 1, 0x0d, 0xb8, [4] = host, [15] = 1 },
				 { [10] = 0xff, 0xff, 10, 0, 0, host },
				 { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [15] = host } };

	put(m, addrs[which % ARRAY_SIZE(addrs)], sizeof(addrs[0]));
}

static void put_addr(struct message *m, struct input *in)
{
	u8 which = in_u8(in), host = in_u8(in);
	const u8 addrs[][4] = { { 10, 0, 0, host },    { 10, 1, 0, host },  { 10, 0, 0, 2 },  { 10, 0, 0, 0 },
				{ 0, 0, 0, 0 },        { 127, 0, 0, host }, { 224, 0, 0, 1 }, { 255, 255, 255, 255 },
				{ 192, 168, host, 0 }, { 10, 0, 0, 255 },   { 10, 77, 0, 0 }, { 169, 254, 1, host } };

	if (m->six && which < 240)
		put_addr6(m, which, host);
	else
		put(m, addrs[which % ARRAY_SIZE(addrs)], 4);
}

static const char *const names[] = { "eth0",  "eth1",   "eth2", "lo", "eth7", "", "a-name-of-fifteen",
				     "dummy", "eth0:1", "%d",   "a/b" };

static void put_name(struct message *m, struct input *in)
{
	const char *name = names[in_u8(in) % ARRAY_SIZE(names)];

	put(m, name, strlen(name) + 1);
}

static void put_lladdr(struct message *m, struct input *in)
{
	u8 which = in_u8(in);
	u8 lladdr[32] = { 2, 0xee, 0, 0, 0, which };

	if (which >= 250)
		memset(lladdr, which & 1 ? 0xff : 0, sizeof(lladdr));
	put(m, lladdr, which >= 240 && which < 250 ? which - 240U : 6);
}

static void put_number(struct message *m, struct input *in, size_t bytes)
{
	u64 value = number(in); /* the low octets come first, as they lie in memory here */

	put(m, &value, bytes);
}

static void put_raw(struct message *m, struct input *in)
{
	u8 body[256];
	size_t bytes = in_u8(in), got;
	const u8 *from = in_bytes(in, bytes, &got);

	memset(body, 0, sizeof(body));
	if (got)
		memcpy(body, from, got);
	put(m, body, bytes);
}

static void put_via(struct message *m, struct input *in)
{
	static const u16 families[] = { 2, 10, 0, 7 };
	u8 which = in_u8(in);
	u16 family = families[which & 3];

	put(m, &family, sizeof(family));
	if (m->six) /* one is enough */
		put_addr(m, in);
	for (u32 i = 0; i < (family == 10 ? 4U : 1U) + (which >> 7) && !m->six; i++)
		put_addr(m, in);
}

static void put_attrs(struct message *m, struct input *in, const struct attr_table *t, u32 depth);

static void put_nexthops(struct message *m, struct input *in, const struct attr_table *t, u32 depth)
{
	for (u32 count = in_below(in, 5); count; count--) {
		struct rtnexthop nh = { .rtnh_flags = in_u8(in),
					.rtnh_hops = in_u8(in),
					.rtnh_ifindex = in_u8(in) & 7 };
		size_t at = m->bytes;
		u8 lie = in_u8(in);

		put(m, &nh, sizeof(nh));
		if (in_u8(in) & 1)
			put_attrs(m, in, t, depth + 1);
		nh.rtnh_len = (u16)(lie == 255 ? in_u16(in) : m->bytes - at);
		if (at + sizeof(nh) <= sizeof(m->buf))
			memcpy(m->buf + at, &nh, sizeof(nh));
	}
}

static void put_value(struct message *m, struct input *in, const struct attr_row *row, u32 depth)
{
	u32 info[4];
	const char *table;
	u8 which;

	switch (row->value) {
	case V_U8:
	case V_U16:
	case V_U32:
	case V_U64:
		put_number(m, in, (size_t)1 << row->value);
		break;
	case V_IFINDEX:
		put(m, &(u32){ in_u8(in) & 7 }, 4);
		break;
	case V_ADDR:
		put_addr(m, in);
		break;
	case V_LLADDR:
		put_lladdr(m, in);
		break;
	case V_NAME:
		put_name(m, in);
		break;
	case V_CACHEINFO:
		for (u32 i = 0; i < 4; i++)
			info[i] = (u32)number(in);
		put(m, info, sizeof(info));
		break;
	case V_VIA:
		put_via(m, in);
		break;
	case V_NEST:
		put_attrs(m, in, row->nest, depth + 1);
		break;
	case V_NEXTHOPS:
		put_nexthops(m, in, row->nest, depth);
		break;
	case V_TABLE_NAME:
		table = in_u8(in) & 15 ? "arp_cache" : "ndisc_cache";
		put(m, table, strlen(table) + 1);
		break;
	case V_TOKEN:
		which = in_u8(in);
		put_addr6(m, which, in_u8(in));
		break;
	case V_RAW:
		put_raw(m, in);
		break;
	}
}

/* One attribute: its row, how its length lies, its value. */
static void put_attr(struct message *m, struct input *in, const struct attr_table *t, u8 which, u32 depth)
{
	static const struct attr_row any = { 0, V_RAW, NULL };
	const struct attr_row *row = which < t->count ? &t->row[which] : &any;
	struct nlattr a = { .nla_type = row == &any ? in_u16(in) : row->type };
	size_t at = m->bytes;
	u8 lie = in_u8(in);

	put(m, &a, sizeof(a));
	if (lie == 1)
		put_raw(m, in);
	else
		put_value(m, in, row, depth);
	if (row->value == V_NEST && lie != 2)
		a.nla_type |= NLA_F_NESTED;
	a.nla_len = (u16)(lie == 3 ? in_u16(in) : m->bytes - at);
	if (at + sizeof(a) <= sizeof(m->buf))
		memcpy(m->buf + at, &a, sizeof(a));
	if (lie != 4)
		pad(m);
}

/* Until an octet says that it is enough, or there are no more octets. */
static void put_attrs(struct message *m, struct input *in, const struct attr_table *t, u32 depth)
{
	while (depth < NEST_DEPTH && in_left(in)) {
		u8 which = in_u8(in);

		if (which >= 128)
			break;
		put_attr(m, in, t, which % (u8)(t->count + 1), depth);
	}
}

/* ------------------------------------------------------------------ a request */

static const u16 flag_sets[] = {
	NLM_F_CREATE | NLM_F_EXCL,  NLM_F_CREATE, NLM_F_CREATE | NLM_F_REPLACE, NLM_F_REPLACE, 0,          NLM_F_DUMP,
	NLM_F_DUMP | NLM_F_ACK,     NLM_F_EXCL,   NLM_F_CREATE | NLM_F_APPEND,  NLM_F_APPEND,  NLM_F_ECHO, NLM_F_ROOT,
	NLM_F_EXCL | NLM_F_REPLACE,
};
static const u8 families[] = { 2, 0, 10, 7, 17, 255 };

/* The octets of a header that hold a device's number get one. */
static void put_header(struct message *m, struct input *in, const struct request_row *row, u8 family)
{
	u8 header[32] = { family };
	size_t at = 0;

	for (size_t i = 1; i < row->header_bytes; i++)
		header[i] = in_u8(in);
	if (row->type >= RTM_NEWNEIGH && row->type <= RTM_GETNEIGH) {
		at = offsetof(struct ndmsg, ndm_ifindex);
		header[offsetof(struct ndmsg, ndm_state) + 1] = 0;
	} else if (row->type >= RTM_NEWLINK && row->type <= RTM_SETLINK) {
		at = offsetof(struct ifinfomsg, ifi_index);
	} else if (row->type >= RTM_NEWADDR && row->type <= RTM_GETADDR) {
		at = offsetof(struct ifaddrmsg, ifa_index);
	}
	if (at) {
		header[at] &= 7;
		memset(header + at + 1, 0, 3);
	}
	put(m, header, row->header_bytes);
}

struct nlmsghdr *request_build(struct input *in)
{
	static struct message m; /* one request at a time */
	const struct request_row *row = &requests[in_u8(in) % ARRAY_SIZE(requests)];
	u8 flags = in_u8(in), family = in_u8(in), cut;
	struct nlmsghdr nlh = { .nlmsg_type = row->type };

	m.bytes = 0;
	m.six = families[family % ARRAY_SIZE(families)] == 10;
	nlh.nlmsg_flags = (u16)(flag_sets[flags % ARRAY_SIZE(flag_sets)] | NLM_F_REQUEST);
	if (!row->type)
		nlh.nlmsg_type = in_u8(in);
	cut = in_u8(in);
	put(&m, &nlh, sizeof(nlh));
	put_header(&m, in, row, families[family % ARRAY_SIZE(families)]);
	pad(&m);
	put_attrs(&m, in, &row->table, 0);
	if (cut >= 240 && m.bytes - sizeof(nlh) > cut - 240U) /* shorter than it should be */
		m.bytes = sizeof(nlh) + cut - 240U;
	nlh.nlmsg_len = (u32)m.bytes;
	memcpy(m.buf, &nlh, sizeof(nlh));
	return (struct nlmsghdr *)(void *)m.buf;
}
