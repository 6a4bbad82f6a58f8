/* SPDX-License-Identifier: BSD-2-Clause */
/* What AF_INET6 sockets have besides struct inet_sock: UDP, raw, ping, TCP.
 *
 * Functions that begin with ipv6_ live in *_ipv6.c; only those files see ipv6/.  A socket that talks to ::ffff:a.b.c.d is
 * an IPv4 socket behind its addresses: it goes the way of *_ipv4.c, and only names (bind, connect, getname, sendto,
 * recvfrom) are translated.
 * @step S2 of S13   @rfc 3493, 3542, 3678, 5014   @linux include/linux/ipv6.h, net/ipv6/ipv6_sockglue.c, net/ipv6/datagram.c
 */
#ifndef NETHOOD_SOCKET_INET6_SOCK_H
#define NETHOOD_SOCKET_INET6_SOCK_H

#include "socket/inet_sock.h"
#include "wire/ipv6.h"

struct ipv6_txoptions;
struct ipcm6_cookie;
struct flowi6;
struct rt6_info;
struct ipv6_fl_socklist;

/** struct ipv6_mc_socklist - one group that a socket joined, with the sources that it wants or not */
struct ipv6_mc_socklist {
	struct ipv6_mc_socklist *next;
	struct in6_addr group;
	int ifindex;
	u32 serial; /**< of the device's IPv6: inet6_dev.serial */
	u8 mode;    /**< MCAST_EXCLUDE, MCAST_INCLUDE */
	u32 sources_count, sources_max;
	struct in6_addr *sources;
};
struct ipv6_ac_socklist; /* anycast addresses of a socket: IPV6_JOIN_ANYCAST */

/* pinfo->rxopt_flags: what recvmsg() tells beside the data */
enum {
	IPV6_RXOPT_PKTINFO = 1U << 0,
	IPV6_RXOPT_HOPLIMIT = 1U << 1,
	IPV6_RXOPT_TCLASS = 1U << 2,
	IPV6_RXOPT_HOPOPTS = 1U << 3,
	IPV6_RXOPT_DSTOPTS = 1U << 4,
	IPV6_RXOPT_RTHDR = 1U << 5,
	IPV6_RXOPT_FLOWINFO = 1U << 6,
	IPV6_RXOPT_PATHMTU = 1U << 7,
	IPV6_RXOPT_ORIGDSTADDR = 1U << 8,
	IPV6_RXOPT_RECVFRAGSIZE = 1U << 9,
	IPV6_RXOPT_OPKTINFO = 1U << 10, /* RFC 2292 names of the same */
	IPV6_RXOPT_OHOPLIMIT = 1U << 11,
	IPV6_RXOPT_OHOPOPTS = 1U << 12,
	IPV6_RXOPT_ODSTOPTS = 1U << 13,
	IPV6_RXOPT_ORTHDR = 1U << 14,
};

/** struct ipv6_seen - the last packet of a stream that asks for any of these: IPV6_2292PKTOPTIONS */
struct ipv6_seen {
	struct in6_addr daddr;
	__be32 flowinfo;
	int iif;
	u8 hop_limit;
	bool any; /**< was there one? */
};

/** struct ipv6_pinfo - inet_sock.pinet6 of an AF_INET6 socket */
struct ipv6_pinfo {
	struct in6_addr saddr,
		daddr; /**< of a connected socket; saddr also of a bound one.  Mapped ones as ::ffff:a.b.c.d */
	struct in6_addr rcv_saddr; /**< what it is bound to; any: any */
	__be32 flow_label;         /**< of what it sends: IPV6_FLOWINFO_SEND, connect() with one */
	__be32 rcv_flowinfo;       /**< of a stream: its peer's, IPV6_FL_F_REMOTE */
	s16 hop_limit, mcast_hops; /**< -1: the route's */
	u8 tclass, min_hopcount, pmtudisc;
	bool recverr, recverr_rfc4884, v6only, mc_loop, mc_all, dontfrag, autoflowlabel, autoflowlabel_set;
	bool sndflow, repflow, rtalert_isolate;
	u8 srcprefs; /**< IPV6_ADDR_PREFERENCES: IPV6_PREFER_SRC_* low bits */
	u16 rxopt_flags;
	int mcast_oif, ucast_oif;
	u32 frag_size;
	int sticky_ifindex;          /**< of IPV6_PKTINFO as option */
	struct in6_addr sticky_addr; /**< likewise; it means nothing in Linux either, and is told */
	struct ipv6_txoptions *opt;
	struct ipv6_mc_socklist *mc_list;
	struct ipv6_ac_socklist *ac_list;
	struct ipv6_fl_socklist *fl_list; /**< labels that it leases */
	u32 mc_count;
	u32 caller_uid, caller_pid; /**< nethood_sock_set_caller() */
	struct ipv6_seen seen;
};

static inline struct ipv6_pinfo *inet6_sk(const struct sock *sk)
{
	return inet_sk(sk)->pinet6;
}
static inline bool ipv6_only_sock(const struct sock *sk)
{
	return sk->family == AF_INET6 && inet6_sk(sk)->v6only;
}
/** inet6_goes_ipv4() - is it connected or bound to an IPv4 address?  Then *_ipv4.c has the packets */
static inline bool inet6_goes_ipv4(const struct sock *sk)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);

	return np && (ipv6_addr_v4mapped(&np->daddr) || ipv6_addr_v4mapped(&np->rcv_saddr));
}

/* ---- inet6_ipv6.c: life, routes and addresses */
int inet6_sock_init(struct sock *sk); /* after inet_sock_init(); 0, -ENOBUFS */
void inet6_sock_destroy(struct sock *sk);
/** inet6_sock_clone() - @sk, of sock_clone(), gets a pinet6 with the options of @parent.  Return: 0, -ENOBUFS */
int inet6_sock_clone(struct sock *sk, const struct sock *parent);
int inet6_getname(struct sock *sk, struct sockaddr_storage *addr, bool peer);
/** inet6_addr_len_ok() - is it a sockaddr_in6, with or without a scope (RFC 2133)?  Return: 0, -EINVAL, -EAFNOSUPPORT */
int inet6_sockaddr(const struct sockaddr *addr, socklen_t len_bytes, struct sockaddr_in6 *out);
/** ipv6_bind_address() - bind(2) but for the port: is it ours, in which scope, of which family?  Then it is the socket's
 *  Return: 0, -EINVAL, -EADDRNOTAVAIL, -ENODEV */
int ipv6_bind_address(struct sock *sk, const struct sockaddr_in6 *sin6);
/** inet6_reset_saddr() - bind() or connect() came to nothing: no address */
void inet6_reset_saddr(struct inet_sock *inet);
/** ipv6_datagram_connect() - as ip_datagram_connect(); @linux __ip6_datagram_connect */
int ipv6_datagram_connect(struct inet_sock *inet, const struct sockaddr *addr, socklen_t len_bytes);
void ipv6_connected_flow(const struct inet_sock *inet, struct flowi6 *fl6);
/** ipv6_sk_route() - the cached route while it is right, NULL else */
struct rt6_info *ipv6_sk_route(const struct inet_sock *inet);
/** ipv6_sk_relookup() - a route for a connected socket; kept.  Return: 0 and borrowed, -errno */
int ipv6_sk_relookup(struct inet_sock *inet, struct rt6_info **out);
u32 ipv6_sk_mtu(const struct inet_sock *inet, const struct rt6_info *rt);
/** ipv6_sk_ignore_df() - may its packets be cut here?  @linux ip6_sk_ignore_df */
bool ipv6_sk_ignore_df(const struct inet_sock *inet);
/**
 * ipv6_size_check() - does a packet of @packet_bytes go, as it is or in pieces?
 * @header_bytes: all its headers; a path that has no room for them takes nothing
 * Return: 0; -EMSGSIZE; -EINVAL: it had to be cut, and the path has no room for a piece
 */
int ipv6_size_check(struct sock *sk, const struct rt6_info *rt, const struct flowi6 *fl6,
		    const struct ipcm6_cookie *ipc, u32 header_bytes, u32 packet_bytes);
/** ipv6_ipcm_init() - the socket's defaults */
void ipv6_ipcm_init(struct ipcm6_cookie *ipc, const struct inet_sock *inet);
/** ipv6_hoplimit() - of a packet to @daddr: what the call says, or the socket; -1: the route's */
int ipv6_hoplimit(const struct inet_sock *inet, const struct in6_addr *daddr, int said);
void ipv6_sk_update_pmtu(struct inet_sock *inet, const struct sk_buff *skb, u32 mtu_bytes);
/** ipv6_iface_scope_id() - ifindex for a link-local address, else 0 */
u32 ipv6_iface_scope_id(const struct in6_addr *addr, int ifindex);

/* ---- ipv6_err_ipv6.c: IPV6_RECVERR */
/** struct ipv6_icmp_verdict - what an ICMPv6 error means to the socket whose packet it quotes */
struct ipv6_icmp_verdict {
	int err;   /**< 0: nothing to tell */
	bool hard; /**< also without IPV6_RECVERR, when connected */
};
struct ipv6_icmp_verdict ipv6_icmp_verdict(struct inet_sock *inet, const struct sk_buff *skb, u8 type, u8 code,
					   u32 info);
void ipv6_icmp_error(struct sock *sk, struct sk_buff *skb, int err, __be16 port, u8 type, u8 code, u32 info,
		     u8 *payload);
void ipv6_local_error(struct sock *sk, int err, const struct flowi6 *fl6, u32 info);
ssize_t ipv6_recv_error(struct sock *sk, struct msghdr *msg, size_t len_bytes);

/** struct inet6_err_cb - skb->cb in the error queue, of an skb whose protocol is ETH_P_IPV6; begins as inet_err_cb */
struct inet6_err_cb {
	struct sock_extended_err ee;
	struct in6_addr addr; /**< where the packet was to go */
	int iif;
	__be16 port;
};
#define INET6_ERR_CB(skb) ((struct inet6_err_cb *)(void *)((skb)->cb))
static_assert(sizeof(struct inet6_err_cb) <= 40, "the socket's own part of cb follows");

/* ---- ipv6_sockopt_ipv6.c */
/** ipv6_renew_options() - @old with the header @name (IPV6_HOPOPTS, ...) replaced by @hdr of @bytes, none if 0
 *  *out: to be freed by ipv6_txoptions_free(), NULL: nothing is left.  Return: 0, -EINVAL, -ENOBUFS */
int ipv6_renew_options(struct sock *sk, const struct ipv6_txoptions *old, int name, const void *hdr, u32 bytes,
		       struct ipv6_txoptions **out);
/** ipv6_txoptions_join() - the headers that @src points to, as one object; *out as above.  Return: 0, -ENOBUFS */
int ipv6_txoptions_join(struct sock *sk, const struct ipv6_txoptions *src, struct ipv6_txoptions **out);
void ipv6_txoptions_free(struct sock *sk, struct ipv6_txoptions *opt);
/** ipv6_txoptions_bytes() - of headers on the wire */
u32 ipv6_txoptions_bytes(const struct ipv6_txoptions *opt);
/** ipv6_setsockopt() - SOL_IPV6 and, of an AF_INET6 socket, SOL_IP */
int ipv6_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes);
int ipv6_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes);

/* ---- ipv6_cmsg_ipv6.c */
/** ipv6_cmsg_send() - control messages of a sender into @ipc and @fl6, which hold the socket's defaults;
 *  *opt_owned: headers that the messages bring, to be freed by ipv6_txoptions_free(), also after an error.  Return: 0, -EINVAL, -EPERM, ... */
int ipv6_cmsg_send(struct sock *sk, const struct msghdr *msg, struct flowi6 *fl6, struct ipcm6_cookie *ipc,
		   struct ipv6_txoptions **opt_owned, int (*foreign)(const struct cmsghdr *cmsg, void *ctx), void *ctx);
/** ipv6_pktinfo_prepare() - note in cb what recvmsg() may be asked, before the route is forgotten */
void ipv6_pktinfo_prepare(const struct sock *sk, struct sk_buff *skb);
/** ipv6_seen_set() - np->seen and the peer's label, of @skb */
void ipv6_seen_set(struct ipv6_pinfo *np, const struct sk_buff *skb);
/** ipv6_pktoptions_get() - IPV6_2292PKTOPTIONS of a stream: what recvmsg() would tell of the last packet */
void ipv6_pktoptions_get(const struct sock *sk, struct cmsg_out *out);
/** ipv6_cmsg_options() - extension headers that control messages name, and nothing else of them
 *  *out: to be freed by ipv6_txoptions_free(), NULL: none.  Return: 0, -EINVAL, -EPERM, -ENOBUFS, -ENOMEM */
int ipv6_cmsg_options(struct sock *sk, const void *control, u32 bytes, struct ipv6_txoptions **out);
void ipv6_cmsg_recv(const struct sock *sk, const struct sk_buff *skb, struct cmsg_out *out);

/* ---- ipv6_flowlabel_ipv6.c */
/** ipv6_flowlabel_set() - IPV6_FLOWLABEL_MGR; the number of a new label is written into @value */
int ipv6_flowlabel_set(struct sock *sk, void *value, socklen_t len_bytes);
int ipv6_flowlabel_get(const struct sock *sk, void *value, socklen_t *len_bytes);
/** ipv6_fl_check() - may @sk send with the label of @flowinfo?  Return: 0, -EINVAL */
int ipv6_fl_check(const struct sock *sk, __be32 flowinfo);
/** ipv6_fl_apply() - may it send to a name with the label of @named, and so with that of @flowinfo (control messages)?
 *  Then ipc->opt has the label's headers, too.  Return: 0, -EINVAL, -ENOBUFS */
int ipv6_fl_apply(struct sock *sk, __be32 named, __be32 flowinfo, struct ipcm6_cookie *ipc,
		  struct ipv6_txoptions **opt_owned);
void ipv6_sock_fl_close(struct sock *sk);

/* ---- ipv6_mc_ipv6.c */
int ipv6_mc_setsockopt(struct sock *sk, int name, const void *value, socklen_t len_bytes);
int ipv6_mc_getsockopt(struct sock *sk, int name, void *value, socklen_t *len_bytes);
/** inet6_mc_check() - does the socket want what @saddr sent to the group @daddr on @ifindex? */
bool inet6_mc_check(const struct sock *sk, const struct in6_addr *daddr, const struct in6_addr *saddr, int ifindex);
void ipv6_sock_mc_close(struct sock *sk);

#endif
