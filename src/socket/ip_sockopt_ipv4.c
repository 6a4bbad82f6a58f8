// SPDX-License-Identifier: BSD-2-Clause
/* Options of level SOL_IP, with the answers that Linux gives.
 *
 * @linux ip(7), net/ipv4/ip_sockglue.c: do_ip_setsockopt, do_ip_getsockopt
 *
 * Reading order: cmsg_options[], ip_setsockopt(), set_value(), ip_getsockopt().
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "ipv4/ip.h"
#include "socket/inet_sock.h"
#include "socket/netns_sock.h"

enum { NH_IP_RECVERR_RFC4884 = 26, NH_IP_UNICAST_IF = 50, NH_IP_LOCAL_PORT_RANGE = 51, NH_IP_PROTOCOL = 52 };

/* Options that ask for a control message with each packet received. */
static const struct {
	int name;
	u16 flag;
} cmsg_options[] = {
	{ IP_PKTINFO, IP_CMSG_PKTINFO },
	{ IP_RECVTTL, IP_CMSG_TTL },
	{ IP_RECVTOS, IP_CMSG_TOS },
	{ IP_RECVOPTS, IP_CMSG_RECVOPTS },
	{ IP_RETOPTS, IP_CMSG_RETOPTS },
	{ IP_PASSSEC, IP_CMSG_PASSSEC },
	{ IP_RECVORIGDSTADDR, IP_CMSG_ORIGDSTADDR },
	{ IP_CHECKSUM, IP_CMSG_CHECKSUM },
	{ IP_RECVFRAGSIZE, IP_CMSG_RECVFRAGSIZE },
};

static u16 cmsg_option_flag(int name)
{
	for (u32 i = 0; i < ARRAY_SIZE(cmsg_options); i++) {
		if (cmsg_options[i].name == name)
			return cmsg_options[i].flag;
	}
	return 0;
}

/* Linux's answer to "which band of pfifo_fast": by the four TOS bits of RFC 1349. */
static u32 tos_priority(u8 tos)
{
	static const u8 by_tos[4] = { 0 /* best effort */, 2 /* bulk */, 6 /* interactive */, 4 /* both */ };

	return by_tos[(tos >> 3) & 3];
}

/* ------------------------------------------------------------------ set */

#define INET_ECN_MASK 3U /* of the TOS octet; a connection's are not the program's */

static int set_tos(struct inet_sock *inet, int value)
{
	u8 kept = inet->sk.type == SOCK_STREAM ? INET_ECN_MASK : 0;

	inet->tos = (u8)(((u8)value & (u8)~kept) | (inet->tos & kept));
	inet->sk.priority = tos_priority(inet->tos);
	inet_dst_set(inet, NULL);
	return 0;
}

static int set_ttl(struct inet_sock *inet, int value)
{
	if (value != -1 && (value < 1 || value > 255))
		return -EINVAL;
	inet->uc_ttl = (s16)value;
	return 0;
}

static int set_recverr(struct inet_sock *inet, int value)
{
	struct sock *sk = &inet->sk;

	inet->recverr = value;
	if (!value)
		sk_error_purge(sk);
	return 0;
}

static int set_unicast_if(struct inet_sock *inet, int value, socklen_t len_bytes)
{
	int ifindex = (int)be32_to_cpu((__force __be32)(u32)value);
	char name[16];

	if (len_bytes != sizeof(int))
		return -EINVAL;
	if (!ifindex) {
		inet->uc_index = 0;
		return 0;
	}
	if (inet->sk.net->sock->dev_ops->ifname(inet->sk.net, ifindex, name))
		return -EADDRNOTAVAIL;
	if (inet->sk.bound_dev_if)
		return -EINVAL;
	inet->uc_index = ifindex;
	return 0;
}

static int set_local_port_range(struct inet_sock *inet, int value, socklen_t len_bytes)
{
	u16 lo = (u16)((u32)value & 0xffff), hi = (u16)((u32)value >> 16);

	if (len_bytes != sizeof(u32))
		return -EINVAL;
	if (lo && hi && lo > hi)
		return -EINVAL;
	inet->local_port_range[0] = lo;
	inet->local_port_range[1] = hi;
	return 0;
}

void ip_options_drop(struct inet_sock *inet)
{
	if (inet->opt)
		sock_opt_free(&inet->sk, inet->opt, sizeof(*inet->opt));
	inet->opt = NULL;
}

static int set_options(struct inet_sock *inet, const void *value, socklen_t len_bytes)
{
	struct ip_options *opt;
	int err;

	if (len_bytes > 40)
		return -EINVAL;
	opt = sock_opt_alloc(&inet->sk, sizeof(*opt));
	if (!opt)
		return -ENOBUFS;
	err = ip_options_get(inet->sk.net, value, len_bytes, inet->sk.admin, opt);
	if (err) {
		sock_opt_free(&inet->sk, opt, sizeof(*opt));
		return err;
	}
	ip_options_drop(inet);
	if (opt->optlen)
		inet->opt = opt;
	else
		sock_opt_free(&inet->sk, opt, sizeof(*opt));
	inet_dst_set(inet, NULL);
	return 0;
}

static int set_transparent(struct inet_sock *inet, int value)
{
	if (value && !inet->sk.admin)
		return -EPERM;
	inet->transparent = value;
	return 0;
}

/* Options that only raw sockets have. */
static int set_raw_only(struct inet_sock *inet, int name, int value)
{
	if (inet->sk.type != SOCK_RAW)
		return -ENOPROTOOPT;
	if (name == IP_HDRINCL)
		inet->hdrincl = value;
	else
		inet->nodefrag = value;
	return 0;
}

/* Options that need at least one byte of value. */
static bool needs_value(int name)
{
	return name == IP_TTL || name == IP_MULTICAST_TTL || name == IP_MULTICAST_LOOP || name == IP_MULTICAST_ALL ||
	       name == IP_FREEBIND || name == IP_TRANSPARENT || name == IP_MINTTL;
}

static int set_multicast(struct inet_sock *inet, int name, int value)
{
	switch (name) {
	case IP_MULTICAST_TTL:
		if (value == -1)
			value = 1;
		if (value < 0 || value > 255)
			return -EINVAL;
		inet->mc_ttl = (u8)value;
		return 0;
	case IP_MULTICAST_LOOP:
		inet->mc_loop = value;
		return 0;
	default: /* IP_MULTICAST_ALL */
		if (value != 0 && value != 1)
			return -EINVAL;
		inet->mc_all = value;
		return 0;
	}
}

/* A flat switch: options whose value is a number. */
static int set_value(struct inet_sock *inet, int name, int value, socklen_t len_bytes)
{
	u16 flag = cmsg_option_flag(name);

	if (flag) {
		inet->cmsg_flags = value ? inet->cmsg_flags | flag : inet->cmsg_flags & (u16)~flag;
		return 0;
	}
	if (needs_value(name) && !len_bytes)
		return -EINVAL;
	switch (name) {
	case IP_TOS:
		return set_tos(inet, value);
	case IP_TTL:
		return set_ttl(inet, value);
	case IP_HDRINCL:
	case IP_NODEFRAG:
		return set_raw_only(inet, name, value);
	case IP_BIND_ADDRESS_NO_PORT:
		inet->bind_address_no_port = value;
		return 0;
	case IP_MTU_DISCOVER:
		if (value < IP_PMTUDISC_DONT || value > IP_PMTUDISC_OMIT)
			return -EINVAL;
		inet->pmtudisc = (u8)value;
		return 0;
	case IP_RECVERR:
		return set_recverr(inet, value);
	case NH_IP_RECVERR_RFC4884:
		if (value != 0 && value != 1)
			return -EINVAL;
		inet->recverr_rfc4884 = value;
		return 0;
	case IP_MULTICAST_TTL:
	case IP_MULTICAST_LOOP:
	case IP_MULTICAST_ALL:
		return set_multicast(inet, name, value);
	case NH_IP_UNICAST_IF:
		return set_unicast_if(inet, value, len_bytes);
	case IP_FREEBIND:
		inet->freebind = value;
		return 0;
	case IP_TRANSPARENT:
		return set_transparent(inet, value);
	case IP_ROUTER_ALERT: /* packets of others are not given to sockets */
		return inet->sk.type == SOCK_RAW ? -ENOPROTOOPT : -EINVAL;
	case IP_MINTTL:
		if (value < 0 || value > 255)
			return -EINVAL;
		inet->min_ttl = (u8)value;
		return 0;
	case NH_IP_LOCAL_PORT_RANGE:
		return set_local_port_range(inet, value, len_bytes);
	default:
		return -ENOPROTOOPT;
	}
}

static bool is_membership_option(int name)
{
	return name == IP_MULTICAST_IF || (name >= IP_ADD_MEMBERSHIP && name <= MCAST_MSFILTER);
}

/* What a connection, which has one peer, and whose packets nobody sees, does not have. */
static int stream_refuses(const struct sock *sk, int name)
{
	if (sk->type != SOCK_STREAM)
		return 0;
	switch (name) {
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
		return -EPROTO;
	case IP_MULTICAST_IF:
	case IP_MULTICAST_TTL:
	case IP_RECVFRAGSIZE:
		return -EINVAL;
	default:
		return 0;
	}
}

int ip_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes)
{
	int v = 0, err;

	if (level != SOL_IP)
		return -ENOPROTOOPT;
	err = stream_refuses(sk, name);
	if (err)
		return err;
	inet_sk(sk)->out_genid++;
	if (name == IP_OPTIONS)
		return set_options(inet_sk(sk), value, len_bytes);
	if (is_membership_option(name))
		return ip_mc_setsockopt(sk, name, value, len_bytes);
	if (len_bytes >= sizeof(v))
		memcpy(&v, value, sizeof(v));
	else if (len_bytes)
		v = *(const u8 *)value;
	return set_value(inet_sk(sk), name, v, len_bytes);
}

/* ------------------------------------------------------------------ get */

static int get_options(const struct inet_sock *inet, void *value, socklen_t *len_bytes)
{
	*len_bytes = min_u32(*len_bytes, inet->opt ? inet->opt->optlen : 0);
	if (inet->opt)
		memcpy(value, inet->opt->data, *len_bytes);
	return 0;
}

static int get_mtu(const struct inet_sock *inet, int *v)
{
	const struct rtable *rt = ip_sk_route(inet);

	if (!rt)
		return -ENOTCONN;
	*v = (int)ip_dst_mtu(rt);
	return 0;
}

/* A flat switch: options whose value is a number. */
static int get_value(const struct inet_sock *inet, int name, int *v)
{
	u16 flag = cmsg_option_flag(name);

	if (flag) {
		*v = !!(inet->cmsg_flags & flag);
		return 0;
	}
	switch (name) {
	case IP_TOS:
		*v = inet->tos;
		return 0;
	case IP_TTL:
		*v = inet->uc_ttl < 0 ? ip_default_ttl(inet->sk.net) : inet->uc_ttl;
		return 0;
	case IP_HDRINCL:
		*v = inet->hdrincl;
		return 0;
	case IP_NODEFRAG:
		*v = inet->nodefrag;
		return 0;
	case IP_BIND_ADDRESS_NO_PORT:
		*v = inet->bind_address_no_port;
		return 0;
	case IP_MTU_DISCOVER:
		*v = inet->pmtudisc;
		return 0;
	case IP_RECVERR:
		*v = inet->recverr;
		return 0;
	case NH_IP_RECVERR_RFC4884:
		*v = inet->recverr_rfc4884;
		return 0;
	case IP_MULTICAST_TTL:
		*v = inet->mc_ttl;
		return 0;
	case IP_MULTICAST_LOOP:
		*v = inet->mc_loop;
		return 0;
	case IP_MULTICAST_ALL:
		*v = inet->mc_all;
		return 0;
	case IP_MTU:
		return get_mtu(inet, v);
	case NH_IP_UNICAST_IF:
		*v = (int)(__force u32)cpu_to_be32((u32)inet->uc_index);
		return 0;
	case IP_FREEBIND:
		*v = inet->freebind;
		return 0;
	case IP_TRANSPARENT:
		*v = inet->transparent;
		return 0;
	case IP_MINTTL:
		*v = inet->min_ttl;
		return 0;
	case NH_IP_LOCAL_PORT_RANGE:
		*v = (int)((u32)inet->local_port_range[0] | (u32)inet->local_port_range[1] << 16);
		return 0;
	case NH_IP_PROTOCOL:
		*v = inet->num; /* so named for raw sockets, where the two are the same */
		return 0;
	case IP_ROUTER_ALERT:
		*v = 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int ip_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes)
{
	int v, err;

	if (level != SOL_IP)
		return -EOPNOTSUPP;
	if (name == IP_OPTIONS)
		return get_options(inet_sk(sk), value, len_bytes);
	if (name == IP_PKTOPTIONS && sk->type == SOCK_STREAM) { /* of no packet in particular */
		*len_bytes = 0;
		return 0;
	}
	if (name == IP_MULTICAST_IF || name == IP_MSFILTER || name == MCAST_MSFILTER)
		return ip_mc_getsockopt(sk, name, value, len_bytes);
	err = get_value(inet_sk(sk), name, &v);
	if (err)
		return err;
	if (*len_bytes < sizeof(v) && *len_bytes && v >= 0 && v <= 255) {
		*(u8 *)value = (u8)v;
		*len_bytes = 1;
		return 0;
	}
	*len_bytes = min_u32(*len_bytes, sizeof(v));
	memcpy(value, &v, *len_bytes);
	return 0;
}
