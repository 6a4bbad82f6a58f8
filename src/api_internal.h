/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands behind the handles of include/nethood. */
#ifndef NETHOOD_API_INTERNAL_H
#define NETHOOD_API_INTERNAL_H

#include "base/mem.h"
#include "base/types.h"
#include "dev/netdevice.h"
#include "net.h"
#include "nethood/nethood.h"
#include "skb/skbuff.h"
#include "socket/sock.h"

/** struct nethood_net - a net, and what its embedder handed in */
struct nethood_net {
	struct net net; /**< first */
	struct mem mem;
	struct mem_ops mem_ops;
	struct nethood_allocator allocator;

	struct skb_tracer tracer;
	void (*trace)(void *ctx, const struct nethood_hop *hop);
	void *trace_ctx;
	void (*capture)(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame, int pieces);
	void *capture_ctx;
	void (*on_neigh_event)(void *ctx, const struct nethood_neigh_event *event);
	void *on_neigh_event_ctx;
};

static inline struct nethood_net *nethood_of(struct net *net)
{
	return container_of(net, struct nethood_net, net);
}
/* A socket's and a device's handle are the object itself. */
static inline struct sock *sock_of(const struct nethood_sock *sk)
{
	return (struct sock *)(void *)(uintptr_t)sk;
}
static inline struct nethood_sock *handle_of_sock(struct sock *sk)
{
	return (struct nethood_sock *)(void *)sk;
}
static inline struct net_device *dev_of(const struct nethood_dev *dev)
{
	return (struct net_device *)(void *)(uintptr_t)dev;
}
static inline struct nethood_dev *handle_of_dev(struct net_device *dev)
{
	return (struct nethood_dev *)(void *)dev;
}

/* nethood_trace(), nethood_capture(), which are not written down */
void net_trace(struct nethood_net *nn, void (*fn)(void *ctx, const struct nethood_hop *hop), void *ctx);
int net_capture(struct nethood_net *nn,
		void (*fn)(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame,
			   int pieces),
		void *ctx);

/** sock_ioctl() - the SIOC* requests: api_ioctl.c */
int sock_ioctl(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes);

#endif
