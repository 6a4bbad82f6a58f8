/* SPDX-License-Identifier: BSD-2-Clause */
/* What sockets of the Internet families share: UDP, raw, ping, and TCP when it comes.
 *
 * Functions that begin with ip_ are IPv4's, and live in *_ipv4.c; only those files see ipv4/.
 * @step S2 of S13   @linux include/net/inet_sock.h, net/ipv4/ip_sockglue.c, net/ipv4/datagram.c
 */
#ifndef NETHOOD_SOCKET_INET_SOCK_H
#define NETHOOD_SOCKET_INET_SOCK_H

#include <sys/select.h> /* struct timespec, which the next one wants */

#include <linux/errqueue.h>
#include <netinet/in.h>

#include "base/byteorder.h"
#include "base/types.h"
#include "socket/sock.h"

struct ip_options;
struct ipcm_cookie;
struct rtable;
struct ipv6_pinfo;

/** struct inet_membership - one multicast group that a socket joined, with the sources that it wants or not */
struct inet_membership {
	struct inet_membership *next;
	__be32 group;
	int ifindex;
	u8 mode; /**< MCAST_EXCLUDE, MCAST_INCLUDE */
	u32 sources_count, sources_max;
	__be32 *sources;
};

/* inet->cmsg_flags: what recvmsg() tells beside the data */
enum {
	IP_CMSG_PKTINFO = 1U << 0,
	IP_CMSG_TTL = 1U << 1,
	IP_CMSG_TOS = 1U << 2,
	IP_CMSG_RECVOPTS = 1U << 3,
	IP_CMSG_RETOPTS = 1U << 4,
	IP_CMSG_PASSSEC = 1U << 5,
	IP_CMSG_ORIGDSTADDR = 1U << 6,
	IP_CMSG_CHECKSUM = 1U << 7,
	IP_CMSG_RECVFRAGSIZE = 1U << 8,
};

struct inet_sock {
	struct sock sk;

	/* read for each packet sent */
	struct dst_entry *dst; /**< route of a connected socket; reference; checked by generation */
	__be32 saddr, daddr;   /**< of a connected socket; saddr also of a bound one */
	__be32 rcv_saddr;      /**< what it is bound to; 0: any */
	__be16 sport, dport;
	u16 ident;  /**< of the next packet of a connected socket; begins anywhere.  @rfc 6864 */
	u16 num;    /**< local port (raw: protocol), host order; 0: not bound */
	s16 uc_ttl; /**< -1: the net's default */
	u8 tos, mc_ttl, pmtudisc, min_ttl;
	bool recverr, recverr_rfc4884, hdrincl, nodefrag, freebind, transparent, mc_loop, mc_all;
	bool bind_address_no_port;
	bool bound_addr, bound_port; /**< by bind(2), not by autobind or connect(2) */
	u16 cmsg_flags;
	int uc_index, mc_index;
	__be32 mc_addr;
	u32 memberships_count;
	struct ip_options *opt;
	struct inet_membership *memberships;
	struct ipv6_pinfo *pinet6; /**< socket/inet6_sock.h; NULL: an AF_INET socket */
	u16 local_port_range[2];   /**< 0: the net's */
	u32 out_genid;             /**< changes with all that a packet's headers are made from */
};

static inline struct inet_sock *inet_sk(const struct sock *sk)
{
	return (struct inet_sock *)(void *)sk;
}

/** LOOPBACK4_IPV6 - inet->rcv_saddr, saddr and daddr of a socket whose address is one of IPv6: no packet of IPv4 has it */
#define LOOPBACK4_IPV6 CONST_BE32(0x7f000006U)

#ifndef MSG_PROBE
#define MSG_PROBE 0x10 /* linux/socket.h: look for the route, send nothing */
#endif

#define INET_TCP_ESTABLISHED 1
#define INET_TCP_SYN_SENT 2
#define INET_TCP_CLOSE 7

/** struct inet_skb_cb - skb->cb in the receive queue */
struct inet_skb_cb {
	__be32 spec_dst; /**< address to answer from */
	int iif;
	u16 frag_max_bytes;
};
#define INET_SKB_CB(skb) ((struct inet_skb_cb *)(void *)((skb)->cb))

/** struct inet_err_cb - skb->cb in the error queue */
struct inet_err_cb {
	struct sock_extended_err ee;
	__be32 addr;     /**< where the packet was to go */
	__be32 offender; /**< who says that it could not */
	int iif;
	__be16 port;
	bool opt_stats; /**< its octets are SOF_TIMESTAMPING_OPT_STATS */
};
#define INET_ERR_CB(skb) ((struct inet_err_cb *)(void *)((skb)->cb))

/* ---- inet_sock.c */
void inet_sock_init(struct sock *sk);
/** inet_sock_destroy() - memberships, options, cached route */
void inet_sock_destroy(struct sock *sk);
int inet_shutdown(struct sock *sk, int how);
/** inet_sock_clone() - @sk, of sock_clone(), has the options of @parent as well; no address, route, group or IP option */
void inet_sock_clone(struct sock *sk, const struct sock *parent);
void inet_route_changed(struct sock *sk);
int inet_getname(struct sock *sk, struct sockaddr_storage *addr, bool peer);
/** inet_rcv_saddr_equal() - do two sockets want packets to the same address?  Families may differ: ::ffff:a.b.c.d is a.b.c.d,
 *  and :: all of both, but for IPV6_V6ONLY
 *  @match_wildcard: any address is the same as each */
bool inet_rcv_saddr_equal(const struct sock *a, const struct sock *b, bool match_wildcard);

/* ---- inet_ipv4.c: routes and addresses */
void inet_dst_set(struct inet_sock *inet, struct dst_entry *dst); /* taken; NULL: forget */
/** ip_bind_address() - may the socket be bound to @addr?  Return: 0, -EADDRNOTAVAIL; *multi: group or broadcast */
int ip_bind_address(const struct inet_sock *inet, __be32 addr, bool *multi);
/** ip_bind_check() - what bind(2) says of a sockaddr before it looks at ports */
int ip_bind_check(const struct sockaddr *addr, socklen_t len_bytes, const struct sockaddr_in **sin);
/** ip_datagram_connect() - route to the peer, source address, ESTABLISHED.  @linux __ip4_datagram_connect */
int ip_datagram_connect(struct inet_sock *inet, const struct sockaddr *addr, socklen_t len_bytes);
/** ip_connected_flow() - what a connected socket's route is looked up by */
struct flowi4;
void ip_connected_flow(const struct inet_sock *inet, struct flowi4 *fl4);
/** ip_sk_route() - the cached route while it is right, NULL else */
struct rtable *ip_sk_route(const struct inet_sock *inet);
/** ip_sk_relookup() - a route for a connected socket whose cached one is out of date; kept.  Return: 0 and borrowed, -errno */
int ip_sk_relookup(struct inet_sock *inet, struct rtable **out);
/** ip_sk_mtu() - largest packet, and whether larger ones may be fragmented.  @linux ip_sk_use_pmtu, ip_sk_ignore_df */
u32 ip_sk_mtu(const struct inet_sock *inet, const struct rtable *rt);
bool ip_sk_ignore_df(const struct inet_sock *inet);
/** ip_sk_df() - shall a packet of @len_bytes carry DF? */
bool ip_sk_df(const struct inet_sock *inet, const struct rtable *rt, u32 len_bytes);
/** ip_sk_update_pmtu() - ICMP said that @skb's quoted packet was too large */
void ip_sk_update_pmtu(struct inet_sock *inet, const struct sk_buff *skb, u32 mtu_bytes);
/** ip_pktinfo_prepare() - note in cb what recvmsg() may be asked, before the route is forgotten */
/** ip_skb_saddr() - source of a received packet */
__be32 ip_skb_saddr(const struct sk_buff *skb);
void ip_pktinfo_prepare(const struct sock *sk, struct sk_buff *skb);
int ip_default_ttl(const struct net *net);
/** ip_sk_ttl() - of what @inet sends to one host by @rt */
u8 ip_sk_ttl(const struct inet_sock *inet, const struct rtable *rt);
/** ip_pmtudisc_default() - net.ipv4.ip_no_pmtu_disc */
u8 ip_pmtudisc_default(const struct net *net);
/** inet_local_port_range() - ports that @sk may be given.  Return: did the socket itself narrow the net's? */
bool inet_local_port_range(const struct inet_sock *inet, u16 *low, u16 *high);
/** inet_port_is_reserved() - is @port given only to who asks for it? */
bool inet_port_is_reserved(const struct net *net, u16 port);

/* ---- ip_err_ipv4.c: IP_RECVERR */
/** inet_err_is_of_packet() - is there a packet with a destination behind an error of this origin? */
static inline bool inet_err_is_of_packet(u8 origin)
{
	return origin == SO_EE_ORIGIN_ICMP || origin == SO_EE_ORIGIN_ICMP6 || origin == SO_EE_ORIGIN_LOCAL;
}
/** ip_icmp_error() - an ICMP error into the error queue; @skb borrowed, @payload within it */
void ip_icmp_error(struct sock *sk, struct sk_buff *skb, int err, __be16 port, u32 info, u8 *payload);
/** ip_local_error() - one that we found ourselves, such as -EMSGSIZE */
void ip_local_error(struct sock *sk, int err, __be32 daddr, __be16 port, u32 info);
ssize_t ip_recv_error(struct sock *sk, struct msghdr *msg, size_t len_bytes);
/** struct ip_icmp_verdict - what an ICMP error means to the socket whose packet it quotes */
struct ip_icmp_verdict {
	int err;   /**< 0: nothing to tell */
	bool hard; /**< also without IP_RECVERR, when connected */
};
struct ip_icmp_verdict ip_icmp_verdict(struct inet_sock *inet, const struct sk_buff *skb, u32 info);

/* ---- ip_sockopt_ipv4.c */
int ip_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes);
int ip_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes);
void ip_options_drop(struct inet_sock *inet);

/* ---- ip_cmsg_ipv4.c */
/** ip_cmsg_send() - control messages of a sender into @ipc, which holds the socket's defaults.  Return: 0, -EINVAL, -EPERM;
 *  @foreign: called for those of other levels */
int ip_cmsg_send(struct sock *sk, const struct msghdr *msg, struct ipcm_cookie *ipc,
		 int (*foreign)(const struct cmsghdr *cmsg, void *ctx), void *ctx);
void ip_cmsg_recv(const struct sock *sk, const struct sk_buff *skb, struct cmsg_out *out);
void ip_ipcm_init(struct ipcm_cookie *ipc, struct inet_sock *inet);

/* ---- ip_mc_ipv4.c */
int ip_mc_setsockopt(struct sock *sk, int name, const void *value, socklen_t len_bytes);
int ip_mc_getsockopt(struct sock *sk, int name, void *value, socklen_t *len_bytes);
/** ip_mc_sf_allow() - does the socket want what @saddr sent to the group @daddr on @ifindex? */
bool ip_mc_sf_allow(const struct sock *sk, __be32 daddr, __be32 saddr, int ifindex);
void ip_mc_drop_socket(struct sock *sk);

#endif
