/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP: sockets by port and address, datagrams out and in.
 *
 * @step S2, S3 of S13   @rfc 768, 1122 4.1, 6056, 8085   @linux include/net/udp.h
 *
 * Files in the order of the path: udp_output_ipv4.c, udp_input_ipv4.c; udp_hash.c finds sockets and ports,
 * udp_ipv4.c binds and connects, udp.c has options and what belongs to the net.
 */
#ifndef NETHOOD_UDP_UDP_H
#define NETHOOD_UDP_UDP_H

#include "base/htable.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/sysctl.h"
#include "base/types.h"
#include "socket/inet_sock.h"

#define UDP_HEADER_BYTES 8U
#define UDP_MAX_PAYLOAD_BYTES 0xffffU
#define UDP_MAX_SEGMENTS 128U

struct net_protocol;

/** struct udp_mib - RFC 4113's names and Linux's, as in /proc/net/snmp */
struct udp_mib {
	u64 in_datagrams, no_ports, in_errors, out_datagrams, rcvbuf_errors, sndbuf_errors, in_csum_errors;
	u64 ignored_multi, mem_errors;
};

/** struct udp_slot - sockets whose key has this hash; those that are connected stand apart, they match one peer only */
struct udp_slot {
	u64 hash;
	struct list_head socks;
	struct list_head connected;
};

#define UDP_PORT_PAGES 256U
#define UDP_PORTS_PER_PAGE 256U

/** struct udp_net - net->udp */
struct udp_net {
	struct list_head **port_pages; /**< sockets of a port; pages, and they, are made when first used, and kept */
	struct htable by_addr;         /**< struct udp_slot of (address, port) */
	struct htable by_conn;         /**< struct udp_slot of (address, port, peer's address, peer's port) */
	struct kmem_cache slot_cache;
	u32 hashed_count, connected_count;
	u64 mem_bytes;    /**< truesize in the receive queues of all sockets */
	s64 mem_pages[3]; /**< net.ipv4.udp_mem: low, pressure, high */
	int rmem_min_bytes, wmem_min_bytes, l3mdev_accept, early_demux;
	struct udp_mib mib, mib6; /**< of packets of IPv4, of IPv6 */
	struct ctl_dir sysctl;
};

/** struct udp_cork - a datagram that grows: MSG_MORE, UDP_CORK */
struct udp_cork {
	struct sk_buff *skb; /**< charged to wmem; data at the payload; NULL: nothing pending */
	struct rtable *rt;   /**< reference */
	__be32 saddr, daddr;
	__be16 dport;
	int ttl, tos;
	struct sockcm_cookie sockc;
	struct ip_options *opt; /**< the socket's: borrowed, checked again when it is sent */
	bool confirm;
};

/** UDP_SHORT_BYTES - payload that is summed as it is copied, whatever the device can do: nobody need read it again */
#define UDP_SHORT_BYTES 128U

/** struct udp_template - headers of a connected socket's datagrams, ready but for length, identification and sums */
struct udp_template {
	const struct rtable *rt; /**< NULL: there is none */
	u32 out_genid;           /**< of the socket, when it was made */
	u32 dev_mtu_bytes;
	int default_ttl;
	u32 headroom_bytes;    /**< before the payload */
	u32 payload_max_bytes; /**< what fits the path unfragmented */
	u32 ip_sum, udp_sum;   /**< of what never changes: IP header; pseudo header and ports */
	bool csum_offload, ignore_df;
	u8 iph[20];
};

struct udp_sock {
	struct inet_sock inet;
	struct udp_template tmpl;
	struct udp_cork cork;
	bool hashed;
	bool corkflag; /**< UDP_CORK */
	bool gro_enabled, no_check6_tx, no_check6_rx;
	u16 gso_bytes; /**< UDP_SEGMENT */
	struct udp_slot *addr_slot, *conn_slot;
	struct list_head port_node, addr_node, conn_node;
};

static inline struct udp_sock *udp_sk(const struct sock *sk)
{
	return (struct udp_sock *)(void *)sk;
}
static inline struct sock *udp_sock_of(struct udp_sock *up)
{
	return &up->inet.sk;
}

extern const struct proto udp_prot;

int udp_net_init(struct net *net);
void udp_net_exit(struct net *net);

/* ---- udp_hash.c */
/** udp_get_port() - bind to @port, or to a free one if 0; hashes the socket.  Return: 0, -EADDRINUSE, -ENOMEM */
int __must_check udp_get_port(struct sock *sk, u16 port, const u16 range[static 2]);
void udp_unhash(struct sock *sk);
/** udp_rehash() - the socket's addresses changed.  Return: 0, -ENOMEM (then it is still found where it was) */
int udp_rehash(struct sock *sk);
/** udp_lookup() - who gets a datagram; borrowed, NULL: nobody.  @linux __udp4_lib_lookup */
struct sock *udp_lookup(struct net *net, __be32 saddr, __be16 sport, __be32 daddr, __be16 dport, int dif);
/** udp6_lookup() - the same of IPv6 */
struct sock *udp6_lookup(struct net *net, const struct in6_addr *saddr, __be16 sport, const struct in6_addr *daddr,
			 __be16 dport, int dif);
struct list_head *udp_port_socks(struct net *net, u16 port); /* NULL: nobody ever bound it */

/* ---- udp.c */
ssize_t udp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len_bytes, int flags);
ssize_t udp_recv_borrow(struct sock *sk, struct msghdr *msg);
int udp_setsockopt(struct sock *sk, int level, int name, const void *value, socklen_t len_bytes);
int udp_getsockopt(struct sock *sk, int level, int name, void *value, socklen_t *len_bytes);
int udp_ioctl(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes);
/** udp_queue_rcv() - @skb (taken) into the receive queue: filter, room, memory.  Data at the UDP header */
int udp_queue_rcv(struct sock *sk, struct sk_buff *skb);

/* ---- udp_output_ipv4.c */
ssize_t udp_sendmsg(struct sock *sk, const struct msghdr *msg, size_t len_bytes, int flags);
int udp_push_pending(struct sock *sk);
void udp_flush_pending(struct sock *sk);

/* ---- udp_fast_ipv4.c */
/** udp_template_make() - for a connected socket whose route is @rt.  Return: false if it has something special to say */
bool udp_template_make(struct udp_sock *up, const struct rtable *rt);
/** udp_send_ready() - one datagram by the template.  Return: 0, -errno */
int udp_send_ready(struct udp_sock *up, struct rtable *rt, const struct iovec *iov, u32 len_bytes);

/* ---- udp_input_ipv4.c */
extern const struct net_protocol udp_protocol;

/* ---- udp_ipv4.c */
int udp_autobind(struct sock *sk);
/** udp_port_range() - ports that the socket may be given: its own range within the net's.  @rfc 6056 */
void udp_port_range(const struct sock *sk, u16 range[static 2]);
/** udp_port_denied() - is it one that only the administrator binds? */
bool udp_port_denied(const struct sock *sk, u16 port);

#endif
