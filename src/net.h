/* SPDX-License-Identifier: BSD-2-Clause */
/* struct net: one host.
 *
 * Every layer may include this file; it knows the layers' state only as opaque pointers.  Each layer allocates and
 * frees its own part in its init and exit function, and net.c, the one place where layers meet, calls them in order.
 */
#ifndef NETHOOD_NET_H
#define NETHOOD_NET_H

#include "base/icmp_limit.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/rcu.h"
#include "base/sysctl.h"
#include "base/timer.h"
#include "base/types.h"

struct recorder;
struct skb_pool;
struct softnet_data;
struct dev_net;
struct neigh_net;
struct netns_nf;
struct netns_ipv4;
struct netns_ipv6;
struct netns_sock;
struct udp_net;
struct tcp_net;
struct raw_net;
struct ping_net;
struct netns_netlink;

struct sk_buff;

/** enum net_port_space - where a port, or an identifier of pings, is one */
enum net_port_space { NET_PORTS_TCP, NET_PORTS_TCP_LISTEN, NET_PORTS_UDP, NET_PORTS_PING, NET_PORT_SPACES };

/** struct net_worker - of a net that is one worker's part of a host: what it asks of the others (workers/workers.h) */
struct net_worker {
	const struct net_worker_ops *ops;
	bool follows; /**< another one speaks for the host: ARP, ND, IGMP, MLD */
};
struct net_worker_ops {
	/** a socket here wants @port; @shared: together with others that share it.  Return: 0, -EADDRINUSE */
	int (*port_claim)(struct net_worker *w, enum net_port_space space, u16 port, bool shared);
	/** the last one here that had @port does not any more */
	void (*port_release)(struct net_worker *w, enum net_port_space space, u16 port);
	/** nobody here wants @skb, whose network header is set; does another worker?  Return: true: it was taken */
	bool (*skb_pass)(struct net_worker *w, enum net_port_space space, u16 port, struct sk_buff *skb);
	/** other workers may want @skb as well */
	void (*skb_copy)(struct net_worker *w, enum net_port_space space, u16 port, struct sk_buff *skb);
	/** a sysctl was written; @is_file: @name is its path below /proc */
	void (*sysctl_written)(struct net_worker *w, bool is_file, const char *name, const char *value);
	void (*poll_begin)(struct net_worker *w);
	/** Return: true: there is more to do */
	bool (*poll_end)(struct net_worker *w);
	/** is there something to do? */
	bool (*waits)(const struct net_worker *w);
};

enum net_profile {
	NET_PROFILE_LINUX,  /**< what the kernel does, exactly */
	NET_PROFILE_STRICT, /**< what the RFC says, where the kernel differs */
};

struct net {
	struct mem *mem;
	struct rng rng;
	struct rcu rcu;
	struct sysctl_root sysctl;
	enum net_profile profile;
	char hostname[64];

	/* The worker's part: what one thread at a time uses. */
	struct recorder *rec; /**< record/record.h; NULL: nothing is recorded */
	ktime_t now;          /**< time of the current poll or call; never decreases */
	bool xmit_more;       /**< more packets follow this call's at once: queues wait for them.  MSG_BATCH */
	ktime_t wall_offset; /**< what makes calendar time (CLOCK_REALTIME) of now: for timestamps that leave the net */
	struct timer_wheel *timers;
	struct skb_pool *skb_pool;    /**< skb/skbuff.h */
	struct softnet_data *softnet; /**< dev/softirq.h */

	struct dev_net *dev;            /**< dev/netdevice.h */
	struct neigh_net *neigh;        /**< neigh/neighbour.h */
	struct netns_nf *nf;            /**< netfilter/netfilter.h */
	struct netns_ipv4 *ipv4;        /**< ipv4/netns_ipv4.h */
	struct netns_ipv6 *ipv6;        /**< later */
	struct icmp_global icmp_global; /**< of both families' errors */
	struct netns_sock *sock;        /**< socket/netns_sock.h */
	struct udp_net *udp;            /**< udp/udp.h */
	struct tcp_net *tcp;            /**< tcp/tcp.h */
	struct raw_net *raw;            /**< raw/raw.h */
	struct ping_net *ping;          /**< raw/ping.h */
	struct netns_netlink *netlink;  /**< netlink/af_netlink.h */

	struct net_worker *worker; /**< NULL: this net is the whole host */

	void (*log)(void *ctx, const char *line); /**< the kernel log of this host: one line, no newline */
	void *log_ctx;
};

/** net_follows() - does another net speak for this host? */
static inline bool net_follows(const struct net *net)
{
	return unlikely(net->worker) && net->worker->follows;
}
static inline int net_port_claim(struct net *net, enum net_port_space space, u16 port, bool shared)
{
	return likely(!net->worker) ? 0 : net->worker->ops->port_claim(net->worker, space, port, shared);
}
static inline void net_port_release(struct net *net, enum net_port_space space, u16 port)
{
	if (unlikely(net->worker))
		net->worker->ops->port_release(net->worker, space, port);
}
static inline bool net_skb_pass(struct net *net, enum net_port_space space, u16 port, struct sk_buff *skb)
{
	return unlikely(net->worker) && net->worker->ops->skb_pass(net->worker, space, port, skb);
}
static inline void net_skb_copy(struct net *net, enum net_port_space space, u16 port, struct sk_buff *skb)
{
	if (unlikely(net->worker))
		net->worker->ops->skb_copy(net->worker, space, port, skb);
}

/** net_log() - what Linux prints to dmesg; the caller limits its rate */
__printf(2, 3) void net_log(struct net *net, const char *fmt, ...);

#endif
