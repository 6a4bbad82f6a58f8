// SPDX-License-Identifier: BSD-2-Clause
/* Options of level SOL_IPV6, with the answers that Linux gives.
 *
 * @rfc 3493 5, 3542, 5014   @linux ipv6(7), net/ipv6/ipv6_sockglue.c
 *
 * Reading order: rx_options[], ipv6_setsockopt(), set_value(), ipv6_getsockopt(); ipv6_renew_options().
 */
#include <errno.h>
#include <string.h>

#include "ipv6/addrconf.h"
#include "ipv6/ipv6.h"
#include "socket/inet6_sock.h"
#include "socket/ipv6_names.h"
#include "socket/netns_sock.h"

#define INET_ECN_MASK 3U /* of a traffic class; RFC 3168 */

/* Options that ask for a control message with each packet received. */
static const struct {
	int name;
	u16 flag;
} rx_options[] = {
	{ IPV6_RECVPKTINFO, IPV6_RXOPT_PKTINFO },       { IPV6_2292PKTINFO, IPV6_RXOPT_OPKTINFO },
	{ IPV6_RECVHOPLIMIT, IPV6_RXOPT_HOPLIMIT },     { IPV6_2292HOPLIMIT, IPV6_RXOPT_OHOPLIMIT },
	{ IPV6_RECVTCLASS, IPV6_RXOPT_TCLASS },         { IPV6_RECVHOPOPTS, IPV6_RXOPT_HOPOPTS },
	{ IPV6_2292HOPOPTS, IPV6_RXOPT_OHOPOPTS },      { IPV6_RECVDSTOPTS, IPV6_RXOPT_DSTOPTS },
	{ IPV6_2292DSTOPTS, IPV6_RXOPT_ODSTOPTS },      { IPV6_RECVRTHDR, IPV6_RXOPT_RTHDR },
	{ IPV6_2292RTHDR, IPV6_RXOPT_ORTHDR },          { IPV6_FLOWINFO, IPV6_RXOPT_FLOWINFO },
	{ IPV6_RECVPATHMTU, IPV6_RXOPT_PATHMTU },       { IPV6_RECVORIGDSTADDR, IPV6_RXOPT_ORIGDSTADDR },
	{ IPV6_RECVFRAGSIZE, IPV6_RXOPT_RECVFRAGSIZE },
};

static u16 rx_option_flag(int name)
{
	for (u32 i = 0; i < ARRAY_SIZE(rx_options); i++) {
		if (rx_options[i].name == name)
			return rx_options[i].flag;
	}
	return 0;
}

/* ------------------------------------------------------------------ headers to send */

void ipv6_txoptions_free(struct sock *sk, struct ipv6_txoptions *opt)
{
	if (opt)
		sock_opt_free(sk, opt, opt->tot_bytes);
}

u32 ipv6_txoptions_bytes(const struct ipv6_txoptions *opt)
{
	return opt ? (u32)opt->opt_nflen + opt->opt_flen : 0;
}

/* Is it one header, as long as it says, and such as we send?  Return: 0, -EINVAL */
static int header_check(int name, const u8 *hdr, u32 bytes)
{
	struct ipv6_rt_hdr rth;

	if (bytes < 8 || (bytes & 7) || bytes > 8 * 255 ||
	    ipv6_optlen((const struct ipv6_opt_hdr *)(const void *)hdr) > bytes)
		return -EINVAL;
	if (name != IPV6_RTHDR)
		return 0;
	memcpy(&rth, hdr, sizeof(rth));
	/* RFC 5095: type 0 is gone; type 2 (RFC 6275) has one address */
	return rth.type == 2 && rth.hdrlen == 2 && rth.segments_left == 1 ? 0 : -EINVAL;
}

static u32 header_bytes(const void *hdr)
{
	return hdr ? ipv6_optlen(hdr) : 0;
}

static void *header_copy(u8 **to, const void *hdr)
{
	u32 bytes = header_bytes(hdr);
	void *at = *to;

	if (!bytes)
		return NULL;
	memcpy(at, hdr, bytes);
	*to += bytes;
	return at;
}

int ipv6_txoptions_join(struct sock *sk, const struct ipv6_txoptions *src, struct ipv6_txoptions **out)
{
	u32 all_bytes = header_bytes(src->hopopt) + header_bytes(src->dst0opt) + header_bytes(src->srcrt) +
			header_bytes(src->dst1opt);
	struct ipv6_txoptions *opt;
	u8 *to;

	*out = NULL;
	if (!all_bytes)
		return 0;
	opt = sock_opt_alloc(sk, (u32)sizeof(*opt) + all_bytes);
	if (!opt)
		return -ENOBUFS;
	memset(opt, 0, sizeof(*opt));
	opt->tot_bytes = (u32)sizeof(*opt) + all_bytes;
	to = (u8 *)(opt + 1);
	opt->hopopt = header_copy(&to, src->hopopt);
	opt->dst0opt = header_copy(&to, src->dst0opt);
	opt->srcrt = header_copy(&to, src->srcrt);
	opt->dst1opt = header_copy(&to, src->dst1opt);
	opt->opt_flen = (u16)header_bytes(opt->dst1opt);
	opt->opt_nflen = (u16)(header_bytes(opt->hopopt) + header_bytes(opt->srcrt) +
			       (opt->srcrt ? header_bytes(opt->dst0opt) : 0));
	*out = opt;
	return 0;
}

int ipv6_renew_options(struct sock *sk, const struct ipv6_txoptions *old, int name, const void *hdr, u32 bytes,
		       struct ipv6_txoptions **out)
{
	struct ipv6_txoptions src = { 0 };

	*out = NULL;
	if (bytes && header_check(name, hdr, bytes))
		return -EINVAL;
	if (old)
		src = *old;
	if (!bytes)
		hdr = NULL;
	if (name == IPV6_HOPOPTS)
		src.hopopt = (struct ipv6_opt_hdr *)(uintptr_t)hdr;
	else if (name == IPV6_RTHDRDSTOPTS)
		src.dst0opt = (struct ipv6_opt_hdr *)(uintptr_t)hdr;
	else if (name == IPV6_RTHDR)
		src.srcrt = (struct ipv6_rt_hdr *)(uintptr_t)hdr;
	else
		src.dst1opt = (struct ipv6_opt_hdr *)(uintptr_t)hdr;
	return ipv6_txoptions_join(sk, &src, out);
}

/* @opt: taken */
static int options_replace(struct sock *sk, struct ipv6_txoptions *opt)
{
	struct ipv6_pinfo *np = inet6_sk(sk);

	ipv6_txoptions_free(sk, np->opt);
	np->opt = opt;
	inet_dst_set(inet_sk(sk), NULL);
	return 0;
}

/* RFC 2292: all headers at once, by control messages; those that are not named are gone. */
static int set_pktoptions(struct sock *sk, const void *value, socklen_t len_bytes)
{
	struct ipv6_txoptions *opt;
	int err = ipv6_cmsg_options(sk, value, len_bytes, &opt);

	return err ? err : options_replace(sk, opt);
}

static int set_header(struct sock *sk, int name, const void *value, socklen_t len_bytes)
{
	struct ipv6_txoptions *renewed;
	int err;

	if (name != IPV6_RTHDR && !sk->admin)
		return -EPERM;
	err = ipv6_renew_options(sk, inet6_sk(sk)->opt, name, value, len_bytes, &renewed);
	return err ? err : options_replace(sk, renewed);
}

/* ------------------------------------------------------------------ set */

static int set_recverr(struct sock *sk, int value)
{
	inet6_sk(sk)->recverr = value;
	if (!value)
		sk_error_purge(sk);
	return 0;
}

static int set_unicast_if(struct sock *sk, int value, socklen_t len_bytes)
{
	int ifindex = (int)be32_to_cpu((__force __be32)(u32)value);
	struct ipv6_pinfo *np = inet6_sk(sk);
	char name[16];

	if (len_bytes != sizeof(int))
		return -EINVAL;
	if (ifindex) {
		if (sk->net->sock->dev_ops->ifname(sk->net, ifindex, name))
			return -EADDRNOTAVAIL;
		if (sk->bound_dev_if)
			return -EINVAL;
	}
	np->ucast_oif = ifindex;
	return 0;
}

static int set_multicast_if(struct sock *sk, int value)
{
	char name[16];

	if (value) {
		if (sk->net->sock->dev_ops->ifname(sk->net, value, name))
			return -ENODEV;
		if (sk->bound_dev_if && sk->bound_dev_if != value)
			return -EINVAL;
	}
	inet6_sk(sk)->mcast_oif = value;
	return 0;
}

static int set_pktinfo(struct sock *sk, const void *value, socklen_t len_bytes)
{
	struct ipv6_pinfo *np = inet6_sk(sk);
	struct in6_pktinfo info;

	if (len_bytes < sizeof(info))
		return -EINVAL;
	memcpy(&info, value, sizeof(info));
	if (sk->bound_dev_if && (int)info.ipi6_ifindex != sk->bound_dev_if)
		return -EINVAL;
	np->sticky_ifindex = (int)info.ipi6_ifindex;
	np->sticky_addr = info.ipi6_addr;
	inet_dst_set(inet_sk(sk), NULL);
	return 0;
}

/* RFC 5014: of each pair one may be preferred, or neither. */
static int set_addr_preferences(struct ipv6_pinfo *np, int value)
{
	int temporary = value & (IPV6_PREF_SRC_PUBLIC | IPV6_PREF_SRC_TMP | IPV6_PREF_SRC_PUBTMP_DEFAULT);
	int home = value & (IPV6_PREF_SRC_HOME | IPV6_PREF_SRC_COA);
	int cga = value & (IPV6_PREF_SRC_CGA | IPV6_PREF_SRC_NONCGA);
	u32 prefs = np->srcprefs;

	if ((temporary & (temporary - 1)) || (home & (home - 1)) || (cga & (cga - 1)))
		return -EINVAL;
	if (temporary)
		prefs = (prefs & ~(u32)(IPV6_PREFER_SRC_PUBLIC | IPV6_PREFER_SRC_TMP)) |
			((u32)temporary & (IPV6_PREFER_SRC_PUBLIC | IPV6_PREFER_SRC_TMP));
	if (home)
		prefs = (prefs & ~(u32)IPV6_PREFER_SRC_COA) | ((u32)home & IPV6_PREFER_SRC_COA);
	np->srcprefs = (u8)prefs;
	return 0;
}

static int get_addr_preferences(const struct ipv6_pinfo *np)
{
	int value = np->srcprefs & (IPV6_PREFER_SRC_PUBLIC | IPV6_PREFER_SRC_TMP);

	if (!value)
		value = IPV6_PREF_SRC_PUBTMP_DEFAULT;
	return value | (np->srcprefs & IPV6_PREFER_SRC_COA ? IPV6_PREF_SRC_COA : IPV6_PREF_SRC_HOME);
}

static int set_bool(bool *option, int value)
{
	*option = value;
	return 0;
}

/* Some want a number that is 0 or 1, some any. */
static int set_strict_bool(bool *option, int value)
{
	if (value != 0 && value != 1)
		return -EINVAL;
	*option = value;
	return 0;
}

static int set_hops(struct sock *sk, int name, int value)
{
	struct ipv6_pinfo *np = inet6_sk(sk);

	if (value < -1 || value > 255)
		return -EINVAL;
	if (name == IPV6_UNICAST_HOPS)
		np->hop_limit = (s16)value;
	else
		np->mcast_hops = (s16)(value == -1 ? 1 : value);
	return 0;
}

static int set_v6only(struct sock *sk, int value)
{
	if (inet_sk(sk)->num)
		return -EINVAL;
	inet6_sk(sk)->v6only = value;
	return 0;
}

static int set_transparent(struct inet_sock *inet, int value)
{
	if (value && !inet->sk.admin)
		return -EPERM;
	inet->transparent = value;
	return 0;
}

/* Of @byte: what is within 0..255. */
static int set_byte(u8 *byte, int value, int min, int max, int instead)
{
	if (value < min || value > max)
		return -EINVAL;
	*byte = (u8)(value == -1 ? instead : value);
	return 0;
}

/* Does it talk to a host of IPv4?  Then it may become a socket of AF_INET, which knows nothing of IPv6 any more.
 * @linux do_ipv6_setsockopt: IPV6_ADDRFORM */
static int set_addrform(struct sock *sk, const void *value, socklen_t len_bytes)
{
	int family;

	if (len_bytes < sizeof(family))
		return -EINVAL;
	memcpy(&family, value, sizeof(family));
	if (family != AF_INET)
		return -EINVAL;
	if (!sk->prot->as_ipv4)
		return -ENOPROTOOPT;
	if (sk->state != INET_TCP_ESTABLISHED)
		return -ENOTCONN;
	if (ipv6_only_sock(sk) || !ipv6_addr_v4mapped(&inet6_sk(sk)->daddr))
		return -EADDRNOTAVAIL;
	inet6_sock_destroy(sk);
	sk->family = AF_INET;
	sk->prot = sk->prot->as_ipv4;
	return 0;
}

static int get_addrform(const struct sock *sk, int *value)
{
	if (!sk->prot->as_ipv4)
		return -ENOPROTOOPT;
	if (sk->state != INET_TCP_ESTABLISHED)
		return -ENOTCONN;
	*value = sk->family;
	return 0;
}

/* What ECN says is the stream's own business. */
static int set_tclass(struct sock *sk, int value)
{
	struct ipv6_pinfo *np = inet6_sk(sk);
	u8 ecn = np->tclass & INET_ECN_MASK;
	int err = set_byte(&np->tclass, value, -1, 255, 0);

	if (!err && sk->type == SOCK_STREAM)
		np->tclass = (u8)((np->tclass & ~INET_ECN_MASK) | ecn);
	return err;
}

/* A flat switch: options whose value is a number. */
static int set_value(struct sock *sk, int name, int value, socklen_t len_bytes)
{
	struct inet_sock *inet = inet_sk(sk);
	struct ipv6_pinfo *np = inet6_sk(sk);
	u16 flag = rx_option_flag(name);

	if (flag) {
		np->rxopt_flags = value ? np->rxopt_flags | flag : np->rxopt_flags & (u16)~flag;
		return 0;
	}
	switch (name) {
	case IPV6_UNICAST_HOPS:
	case IPV6_MULTICAST_HOPS:
		return set_hops(sk, name, value);
	case IPV6_MULTICAST_LOOP:
		return set_strict_bool(&np->mc_loop, value);
	case IPV6_MULTICAST_ALL:
		return set_bool(&np->mc_all, value);
	case IPV6_MULTICAST_IF:
		return set_multicast_if(sk, value);
	case IPV6_UNICAST_IF:
		return set_unicast_if(sk, value, len_bytes);
	case IPV6_MTU:
		if (value && value < (int)IPV6_MIN_MTU)
			return -EINVAL;
		np->frag_size = (u32)value;
		return 0;
	case IPV6_MTU_DISCOVER:
		return set_byte(&np->pmtudisc, value, IPV6_PMTUDISC_DONT, IPV6_PMTUDISC_OMIT, 0);
	case IPV6_RECVERR:
		return set_recverr(sk, value);
	case IPV6_RECVERR_RFC4884:
		return set_strict_bool(&np->recverr_rfc4884, value);
	case IPV6_FLOWINFO_SEND:
		return set_bool(&np->sndflow, value);
	case IPV6_V6ONLY:
		return set_v6only(sk, value);
	case IPV6_TCLASS:
		return set_tclass(sk, value);
	case IPV6_MINHOPCOUNT:
		return set_byte(&np->min_hopcount, value, 0, 255, 0);
	case IPV6_DONTFRAG:
		return set_bool(&np->dontfrag, value);
	case IPV6_AUTOFLOWLABEL:
		np->autoflowlabel_set = true;
		return set_bool(&np->autoflowlabel, value);
	case IPV6_ADDR_PREFERENCES:
		return set_addr_preferences(np, value);
	case IPV6_FREEBIND:
		return set_bool(&inet->freebind, value);
	case IPV6_TRANSPARENT:
		return set_transparent(inet, value);
	case IPV6_ROUTER_ALERT_ISOLATE:
		return set_bool(&np->rtalert_isolate, value);
	default:
		return -ENOPROTOOPT;
	}
}

/* ------------------------------------------------------------------ get */

static int get_bytes(const void *from, u32 bytes, void *value, socklen_t *len_bytes)
{
	*len_bytes = min_u32(*len_bytes, bytes);
	memcpy(value, from, *len_bytes);
	return 0;
}

static int get_header(const struct ipv6_txoptions *opt, int name, void *value, socklen_t *len_bytes)
{
	const void *hdr = NULL;

	if (opt && name == IPV6_HOPOPTS)
		hdr = opt->hopopt;
	else if (opt && name == IPV6_RTHDRDSTOPTS)
		hdr = opt->dst0opt;
	else if (opt && name == IPV6_RTHDR)
		hdr = opt->srcrt;
	else if (opt)
		hdr = opt->dst1opt;
	if (hdr)
		return get_bytes(hdr, header_bytes(hdr), value, len_bytes);
	*len_bytes = 0;
	return 0;
}

static int get_pktoptions(const struct sock *sk, void *value, socklen_t *len_bytes)
{
	struct cmsg_out out = { .buf = value, .size_bytes = *len_bytes };

	if (sk->type != SOCK_STREAM)
		return -ENOPROTOOPT;
	ipv6_pktoptions_get(sk, &out);
	*len_bytes = (socklen_t)out.used_bytes;
	return 0;
}

static int get_mtu(const struct sock *sk, int *value)
{
	const struct rt6_info *rt = inet6_goes_ipv4(sk) ? NULL : ipv6_sk_route(inet_sk(sk));

	if (!rt)
		return -ENOTCONN;
	*value = (int)ip6_dst_mtu(rt);
	return 0;
}

static int get_path_mtu(const struct sock *sk, void *value, socklen_t *len_bytes)
{
	struct ip6_mtuinfo info;
	int mtu;

	if (*len_bytes < sizeof(info))
		return -EINVAL;
	if (get_mtu(sk, &mtu))
		return -ENOTCONN;
	memset(&info, 0, sizeof(info));
	info.ip6m_mtu = (u32)mtu;
	return get_bytes(&info, sizeof(info), value, len_bytes);
}

static int hops_of(const struct sock *sk, int name)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);
	const struct rt6_info *rt = inet6_goes_ipv4(sk) ? NULL : ipv6_sk_route(inet_sk(sk));
	int hops = name == IPV6_UNICAST_HOPS ? np->hop_limit : np->mcast_hops;

	if (hops >= 0)
		return hops;
	if (rt)
		return (int)ip6_dst_hoplimit(rt);
	return IPV6_DEVCONF_ALL(sk->net, HOPLIMIT);
}

/* A flat switch: options whose value is a number.  Return: 0, -ENOTCONN, -ENOPROTOOPT */
static int get_value(const struct sock *sk, int name, int *value)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct ipv6_pinfo *np = inet6_sk(sk);
	u16 flag = rx_option_flag(name);

	if (flag) {
		*value = (np->rxopt_flags & flag) != 0;
		return 0;
	}
	switch (name) {
	case IPV6_ADDRFORM:
		return get_addrform(sk, value);
	case IPV6_UNICAST_HOPS:
	case IPV6_MULTICAST_HOPS:
		*value = hops_of(sk, name);
		return 0;
	case IPV6_MULTICAST_LOOP:
		*value = np->mc_loop;
		return 0;
	case IPV6_MULTICAST_ALL:
		*value = np->mc_all;
		return 0;
	case IPV6_MULTICAST_IF:
		*value = np->mcast_oif;
		return 0;
	case IPV6_UNICAST_IF:
		*value = (int)(__force u32)cpu_to_be32((u32)np->ucast_oif);
		return 0;
	case IPV6_MTU:
		return get_mtu(sk, value);
	case IPV6_MTU_DISCOVER:
		*value = np->pmtudisc;
		return 0;
	case IPV6_RECVERR:
		*value = np->recverr;
		return 0;
	case IPV6_RECVERR_RFC4884:
		*value = np->recverr_rfc4884;
		return 0;
	case IPV6_FLOWINFO_SEND:
		*value = np->sndflow;
		return 0;
	case IPV6_V6ONLY:
		*value = np->v6only;
		return 0;
	case IPV6_TCLASS:
		*value = np->tclass;
		return 0;
	case IPV6_MINHOPCOUNT:
		*value = np->min_hopcount;
		return 0;
	case IPV6_DONTFRAG:
		*value = np->dontfrag;
		return 0;
	case IPV6_AUTOFLOWLABEL:
		*value = np->autoflowlabel_set ? np->autoflowlabel
					       : (sk->net->ipv6->auto_flowlabels & 1); /* opt-out, forced */
		return 0;
	case IPV6_ADDR_PREFERENCES:
		*value = get_addr_preferences(np);
		return 0;
	case IPV6_FREEBIND:
		*value = inet->freebind;
		return 0;
	case IPV6_TRANSPARENT:
		*value = inet->transparent;
		return 0;
	case IPV6_ROUTER_ALERT_ISOLATE:
		*value = np->rtalert_isolate;
		return 0;
	case IPV6_ROUTER_ALERT: /* none can ask for it */
		*value = 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int ipv6_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes)
{
	int number, err;

	if (level == SOL_IP && sk->type != SOCK_RAW)
		return ip_getsockopt(sk, level, name, value, len_bytes);
	if (level != SOL_IPV6)
		return -ENOPROTOOPT;
	if (name == IPV6_HOPOPTS || name == IPV6_RTHDRDSTOPTS || name == IPV6_RTHDR || name == IPV6_DSTOPTS)
		return get_header(inet6_sk(sk)->opt, name, value, len_bytes);
	if (name == MCAST_MSFILTER)
		return ipv6_mc_getsockopt(sk, name, value, len_bytes);
	if (name == IPV6_FLOWLABEL_MGR)
		return ipv6_flowlabel_get(sk, value, len_bytes);
	if (name == IPV6_2292PKTOPTIONS)
		return get_pktoptions(sk, value, len_bytes);
	if (name == IPV6_PATHMTU)
		return get_path_mtu(sk, value, len_bytes);
	err = get_value(sk, name, &number);
	return err ? err : get_bytes(&number, sizeof(number), value, len_bytes);
}

/* ------------------------------------------------------------------ set, of each level */

static bool is_group_option(int name)
{
	return name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP || name == IPV6_JOIN_ANYCAST ||
	       name == IPV6_LEAVE_ANYCAST || (name >= MCAST_JOIN_GROUP && name <= MCAST_MSFILTER);
}

/* Linux asks these for no length: without a value it is zero. */
static bool takes_nothing(int name)
{
	return name == IPV6_DONTFRAG || name == IPV6_AUTOFLOWLABEL || name == IPV6_RECVFRAGSIZE;
}

int ipv6_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes)
{
	int number = 0;

	if (level == SOL_IP && sk->type != SOCK_RAW)
		return ip_setsockopt(sk, level, name, value, len_bytes);
	if (level != SOL_IPV6)
		return -ENOPROTOOPT;
	if (sk->type == SOCK_STREAM && (name == IPV6_MULTICAST_HOPS || name == IPV6_MULTICAST_IF))
		return -ENOPROTOOPT;
	inet_sk(sk)->out_genid++;
	if (is_group_option(name))
		return ipv6_mc_setsockopt(sk, name, value, len_bytes);
	if (name == IPV6_HOPOPTS || name == IPV6_RTHDRDSTOPTS || name == IPV6_RTHDR || name == IPV6_DSTOPTS)
		return set_header(sk, name, value, len_bytes);
	if (name == IPV6_PKTINFO)
		return set_pktinfo(sk, value, len_bytes);
	if (name == IPV6_2292PKTOPTIONS)
		return set_pktoptions(sk, value, len_bytes);
	if (name == IPV6_ADDRFORM)
		return set_addrform(sk, value, len_bytes);
	if (name == IPV6_FLOWLABEL_MGR)
		return ipv6_flowlabel_set(sk, (void *)(uintptr_t)value, len_bytes);
	if (len_bytes >= sizeof(number))
		memcpy(&number, value, sizeof(number));
	else if (!takes_nothing(name))
		return get_value(sk, name, &number) == -ENOPROTOOPT ? -ENOPROTOOPT : -EINVAL;
	return set_value(sk, name, number, len_bytes);
}
