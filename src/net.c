// SPDX-License-Identifier: BSD-2-Clause
/* A net: the one place where all layers meet.
 *
 * Reading order: layers[], nethood_create(), nethood_poll(), nethood_free().
 * Layers begin from the bottom and end from the top.  Between, in nethood_free(), all sockets are closed and all
 * devices go, so that each layer ends when nobody uses it any more; at the end everything is at zero.
 */
#include <errno.h>
#include <netinet/in.h> /* before linux/in.h, which steps back for it */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "api_internal.h"
#include "api_record.h"
#include "dev/netdevice.h"
#include "dev/softirq.h"
#include "drivers/drivers.h"
#include "ipv4/icmp.h"
#include "ipv4/netns_ipv4.h"
#include "ipv4/protocol.h"
#include "ipv6/icmpv6.h"
#include "ipv6/netns_ipv6.h"
#include "ipv6/protocol.h"
#include "raw/raw_ipv6.h"
#include "udp/udp6.h"
#include "neigh/neighbour.h"
#include "netfilter/netfilter.h"
#include "netlink/af_netlink.h"
#include "raw/ping.h"
#include "raw/raw.h"
#include "record/replay.h"
#include "socket/netns_sock.h"
#include "socket/sock.h"
#include "tcp/tcp.h"
#include "tcp/tcp_offload_ipv4.h"
#include "tcp/tcp_offload_ipv6.h"
#include "udp/udp.h"
#include "udp/udp_offload.h"

#define TIMER_BUDGET 256U   /* timers of one poll */
#define FREED_AT_ONCE 2048U /* objects that one poll gives back at the most */

/* ------------------------------------------------------------------ families */

static int inet_create(struct net *net, int type, int protocol, const struct proto **out)
{
	(void)net;
	if (protocol < 0 || protocol >= IPPROTO_MAX)
		return -EINVAL;
	switch (type) {
	case SOCK_DGRAM:
		if (protocol == IPPROTO_IP || protocol == IPPROTO_UDP)
			*out = &udp_prot;
		else if (protocol == IPPROTO_ICMP)
			*out = &ping_prot;
		else
			return -EPROTONOSUPPORT;
		return 0;
	case SOCK_RAW:
		if (protocol == IPPROTO_IP || protocol > 255)
			return -EPROTONOSUPPORT;
		*out = &raw_prot;
		return 0;
	case SOCK_STREAM:
		if (protocol != IPPROTO_IP && protocol != IPPROTO_TCP)
			return -EPROTONOSUPPORT;
		*out = &tcp_prot;
		return 0;
	default:
		return -ESOCKTNOSUPPORT;
	}
}

static const struct net_proto_family inet_family = { AF_INET, inet_create };

static int inet6_create(struct net *net, int type, int protocol, const struct proto **out)
{
	(void)net;
	if (protocol < 0 || protocol >= IPPROTO_MAX)
		return -EINVAL;
	switch (type) {
	case SOCK_DGRAM:
		if (protocol == IPPROTO_IP || protocol == IPPROTO_UDP)
			*out = &udpv6_prot;
		else if (protocol == IPPROTO_ICMPV6)
			*out = &pingv6_prot;
		else
			return -EPROTONOSUPPORT;
		return 0;
	case SOCK_RAW:
		if (protocol == IPPROTO_IP || protocol > 255)
			return -EPROTONOSUPPORT;
		*out = &rawv6_prot;
		return 0;
	case SOCK_STREAM:
		if (protocol != IPPROTO_IP && protocol != IPPROTO_TCP)
			return -EPROTONOSUPPORT;
		*out = &tcpv6_prot;
		return 0;
	default:
		return -ESOCKTNOSUPPORT;
	}
}

static const struct net_proto_family inet6_family = { AF_INET6, inet6_create };

/* Protocols above IPv6. */
static int protocols6_init(struct net *net)
{
	int err = inet6_add_protocol(net, &udpv6_protocol, IPPROTO_UDP);

	if (err)
		return err;
	err = inet6_add_protocol(net, &tcpv6_protocol, IPPROTO_TCP);
	if (err)
		goto err_udp;
	err = inet6_add_offload(net, &tcpv6_offload, IPPROTO_TCP);
	if (err)
		goto err_tcp;
	err = inet6_add_offload(net, &udp_offload, IPPROTO_UDP);
	if (err)
		goto err_offload;
	inet6_set_raw_ops(net, &raw_ipv6_ops);
	icmpv6_set_ping_rcv(net, pingv6_rcv, pingv6_err);
	return 0;

err_offload:
	inet6_del_offload(net, IPPROTO_TCP);
err_tcp:
	inet6_del_protocol(net, IPPROTO_TCP);
err_udp:
	inet6_del_protocol(net, IPPROTO_UDP);
	return err;
}

static void protocols6_exit(struct net *net)
{
	icmpv6_set_ping_rcv(net, NULL, NULL);
	inet6_set_raw_ops(net, NULL);
	inet6_del_offload(net, IPPROTO_UDP);
	inet6_del_offload(net, IPPROTO_TCP);
	inet6_del_protocol(net, IPPROTO_TCP);
	inet6_del_protocol(net, IPPROTO_UDP);
}

static const struct net_proto_family *const families[] = {
	&inet_family,
	&inet6_family,
	&netlink_family,
};

/* ------------------------------------------------------------------ what sockets ask about devices */

static int sock_dev_ifindex(struct net *net, const char *name)
{
	const struct net_device *dev = dev_find_by_name(net, name);

	return dev ? dev->ifindex : 0;
}

static int sock_dev_ifname(struct net *net, int ifindex, char name[static 16])
{
	const struct net_device *dev = dev_find_by_index(net, ifindex);

	if (!dev)
		return -ENODEV;
	memcpy(name, dev->name, IFNAMSIZ);
	return 0;
}

static u16 sock_dev_hatype(const struct net_device *dev)
{
	return dev->type;
}

static const struct sock_dev_ops sock_dev_ops = {
	.ifindex = sock_dev_ifindex,
	.ifname = sock_dev_ifname,
	.hatype = sock_dev_hatype,
};

/* ------------------------------------------------------------------ layers */

static int timers_init(struct net *net)
{
	return timer_wheel_create(net->mem, net->now, &net->timers);
}

static void timers_exit(struct net *net)
{
	timer_wheel_destroy(net->timers);
}

static int skb_init(struct net *net)
{
	return skb_pool_create(net->mem, net, &net->skb_pool);
}

static void skb_exit(struct net *net)
{
	skb_pool_destroy(net->skb_pool);
}

/* Protocols above IPv4, once the sockets' tables are there. */
static int protocols_init(struct net *net)
{
	int err = inet_add_protocol(net, &udp_protocol, IPPROTO_UDP);

	if (err)
		return err;
	err = inet_add_protocol(net, &tcp_protocol, IPPROTO_TCP);
	if (err)
		goto err_udp;
	err = inet_add_offload(net, &tcpv4_offload, IPPROTO_TCP);
	if (err)
		goto err_tcp;
	err = inet_add_offload(net, &udp_offload, IPPROTO_UDP);
	if (err)
		goto err_offload;
	inet_set_raw_ops(net, &raw_ipv4_ops);
	icmp_set_ping_rcv(net, ping_rcv, ping_err);
	sock_register_families(net, families, ARRAY_SIZE(families));
	sock_set_dev_ops(net, &sock_dev_ops);
	return 0;

err_offload:
	inet_del_offload(net, IPPROTO_TCP);
err_tcp:
	inet_del_protocol(net, IPPROTO_TCP);
err_udp:
	inet_del_protocol(net, IPPROTO_UDP);
	return err;
}

static void protocols_exit(struct net *net)
{
	icmp_set_ping_rcv(net, NULL, NULL);
	inet_set_raw_ops(net, NULL);
	inet_del_offload(net, IPPROTO_UDP);
	inet_del_offload(net, IPPROTO_TCP);
	inet_del_protocol(net, IPPROTO_TCP);
	inet_del_protocol(net, IPPROTO_UDP);
}

static void loopback_exit(struct net *net)
{
	unregister_netdev_all(net);
	rcu_quiescent(&net->rcu);
}

/* From the bottom up.  What a layer's end needs is still there, for it began before. */
static const struct net_layer {
	int (*init)(struct net *net);
	void (*exit)(struct net *net);
} layers[] = {
	{ timers_init, timers_exit },         { skb_init, skb_exit },
	{ sock_net_init, sock_net_exit },     { dev_net_init, dev_net_exit },
	{ neigh_net_init, neigh_net_exit },   { netfilter_net_init, netfilter_net_exit },
	{ ipv4_net_init, ipv4_net_exit },     { ipv6_net_init, ipv6_net_exit },
	{ tcp_net_init, tcp_net_exit },       { udp_net_init, udp_net_exit },
	{ raw_net_init, raw_net_exit },       { ping_net_init, ping_net_exit },
	{ protocols_init, protocols_exit },   { protocols6_init, protocols6_exit },
	{ loopback_net_init, loopback_exit }, { netlink_net_init, netlink_net_exit },
};

static void layers_exit(struct net *net, u32 count)
{
	while (count--)
		layers[count].exit(net);
}

static int layers_init(struct net *net)
{
	for (u32 i = 0; i < ARRAY_SIZE(layers); i++) {
		int err = layers[i].init(net);

		if (err) {
			layers_exit(net, i);
			return err;
		}
	}
	return 0;
}

/* ------------------------------------------------------------------ life */

static const struct nethood_allocator libc_allocator = {
	.alloc = mem_libc_alloc, .zalloc = mem_libc_zalloc, .free = mem_libc_free, .discard = mem_libc_discard
};

static void net_memory(struct nethood_net *nn, const struct nethood_allocator *a)
{
	nn->allocator = *a;
	nn->mem_ops = (struct mem_ops){ nn->allocator.alloc, nn->allocator.zalloc, nn->allocator.free,
					nn->allocator.discard };
	nn->mem.ops = &nn->mem_ops;
	nn->mem.ctx = a->ctx;
	nn->mem.fail = a->fail;
	nn->mem.fail_ctx = a->ctx;
}

/* 219 years.  Much later sums of times would not fit; a clock that says so is broken, and not followed. */
#define CLOCK_MAX_NS ((u64)KTIME_MAX - (1ULL << 61))

static void net_basics(struct net *net, const struct nethood_config *config)
{
	net->mem = &nethood_of(net)->mem;
	rng_init(&net->rng, config->random_key);
	rcu_init(&net->rcu);
	sysctl_root_init(&net->sysctl);
	net->profile = config->profile == NETHOOD_PROFILE_STRICT ? NET_PROFILE_STRICT : NET_PROFILE_LINUX;
	snprintf(net->hostname, sizeof(net->hostname), "%s", config->hostname ? config->hostname : "nethood");
	net->now = (ktime_t)(config->now_ns <= CLOCK_MAX_NS ? config->now_ns : 0);
	net->wall_offset = (ktime_t)(config->wall_ns ? config->wall_ns - config->now_ns : 0);
	net->log = config->log;
	net->log_ctx = config->log_ctx;
}

/* The one that is recorded: what it was made of is in the file's header, and failed allocations are told.  Without memory
 * for the ring it does without. */
static void net_record(struct nethood_net *nn, const struct nethood_config *config, struct rec_replay *replay)
{
	struct net *net = &nn->net;
	struct recorder *rec;

	rec = rec_create(&nn->mem_ops, nn->mem.ctx, replay ? 1 : config->record_bytes, replay);
	if (!rec) {
		net_log(net, "no memory for the flight recorder: this net is not recorded");
		return;
	}
	memcpy(rec->key, config->random_key, sizeof(rec->key));
	memcpy(rec->hostname, net->hostname, sizeof(rec->hostname));
	rec->now_ns = config->now_ns;
	rec->wall_ns = config->wall_ns;
	rec_time_begins(rec, config->now_ns);
	rec->flags = (net->profile == NET_PROFILE_STRICT ? REC_F_STRICT : 0U) | (net->log ? REC_F_LOG : 0U) |
		     (nn->mem.fail ? REC_F_MAY_FAIL : 0U);
	rec->user_fail = nn->mem.fail;
	nn->mem_ops = (struct mem_ops){ rec_mem_alloc, rec_mem_zalloc, rec_mem_free, rec_mem_discard };
	nn->mem.ctx = rec;
	if (nn->mem.fail) {
		nn->mem.fail = rec_mem_fail;
		nn->mem.fail_ctx = rec;
	}
	net->rec = rec;
	if (replay)
		replay->rec = rec;
}

static void net_end(struct nethood_net *nn)
{
	const struct nethood_allocator allocator = nn->allocator;

	rcu_fini(&nn->net.rcu);
	assert(list_empty(&nn->net.sysctl.dirs));
	assert(!nn->mem.live_bytes);
	rec_destroy(nn->net.rec);
	allocator.free(allocator.ctx, nn, sizeof(*nn));
}

int net_create(const struct nethood_config *config, struct rec_replay *replay, struct nethood_net **out)
{
	const struct nethood_allocator *a = config->memory ? config->memory : &libc_allocator;
	struct nethood_net *nn;
	int err;

	if (a->fail && a->fail(a->ctx, MEM_SITE, sizeof(*nn)))
		return -ENOMEM;
	nn = a->zalloc(a->ctx, sizeof(*nn));
	if (!nn)
		return -ENOMEM;
	net_memory(nn, a);
	net_basics(&nn->net, config);
	if (config->record_bytes || replay)
		net_record(nn, config, replay);
	if (replay && !nn->net.rec) {
		net_end(nn);
		return -ENOMEM;
	}
	err = layers_init(&nn->net);
	if (err) {
		net_end(nn);
		return err;
	}
	*out = nn;
	return 0;
}

int nethood_create(const struct nethood_config *config, struct nethood_net **out)
{
	return net_create(config, NULL, out);
}

void nethood_free(struct nethood_net *nn)
{
	if (!nn)
		return;
	net_trace(nn, NULL, NULL);
	net_capture(nn, NULL, NULL);
	nethood_on_neigh_event(nn, NULL, NULL);
	sock_net_close(&nn->net);
	tcp_net_close(&nn->net);
	layers_exit(&nn->net, ARRAY_SIZE(layers));
	net_end(nn);
}

/* ------------------------------------------------------------------ time */

static void set_time(struct net *net, uint64_t now_ns)
{
	if ((ktime_t)now_ns > net->now && now_ns <= CLOCK_MAX_NS)
		net->now = (ktime_t)now_ns;
}

void nethood_set_time(struct nethood_net *nn, uint64_t now_ns)
{
	if (unlikely(nn->net.rec))
		rec_set_time(nn->net.rec, now_ns);
	set_time(&nn->net, now_ns);
}

void nethood_set_wall(struct nethood_net *nn, uint64_t now_ns, uint64_t wall_ns)
{
	if (unlikely(nn->net.rec))
		rec_set_wall(nn->net.rec, now_ns, wall_ns);
	nn->net.wall_offset = (ktime_t)(wall_ns - now_ns);
}

/* Is there something to do that no timer waits for? */
static bool work_waits(const struct net *net)
{
	return net->softnet->pending || sock_wake_pending(net) || net->rcu.pending_count > FREED_AT_ONCE ||
	       unlikely(net->worker && net->worker->ops->waits(net->worker));
}

bool nethood_poll(struct nethood_net *nn, uint64_t now_ns)
{
	struct net *net = &nn->net;
	bool more;

	if (unlikely(net->rec))
		rec_poll(net->rec, now_ns);
	set_time(net, now_ns);
	if (unlikely(net->worker))
		net->worker->ops->poll_begin(net->worker);
	more = timer_wheel_advance(net->timers, net->now, TIMER_BUDGET) == TIMER_BUDGET;
	more |= do_softirq(net);
	more |= rcu_quiescent_run(&net->rcu, FREED_AT_ONCE);
	sock_wake_run(net); /* who is woken may send, to this very host as well */
	if (unlikely(net->worker))
		more |= net->worker->ops->poll_end(net->worker);
	more |= work_waits(net) || timer_wheel_is_due(net->timers, net->now);
	rec_ret(net, more);
	return more;
}

uint64_t nethood_next_deadline(const struct nethood_net *nn)
{
	ktime_t next;

	if (work_waits(&nn->net))
		return (uint64_t)nn->net.now;
	next = timer_wheel_next(nn->net.timers);
	return next == KTIME_MAX ? UINT64_MAX : (uint64_t)next;
}

void net_log(struct net *net, const char *fmt, ...)
{
	char line[256];
	struct rec_cb cb;
	va_list ap;

	if (!net->log)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	rec_tell(net->rec, &cb, REC_OUT_LOG, 0, net->rec ? rec_hash(0, line, strlen(line)) : 0);
	net->log(net->log_ctx, line);
	rec_told(net->rec, &cb);
}
