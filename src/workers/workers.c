// SPDX-License-Identifier: BSD-2-Clause
/* One host whose work several threads do: its life, and what its nets ask of it.
 *
 * Reading order: nethood_workers_create(), worker_ops, then steer.c, leader.c, follower.c.
 */
#include <errno.h>

#include "workers/workers.h"

/* ------------------------------------------------------------------ what a net asks */

static int worker_port_claim(struct net_worker *base, enum net_port_space space, u16 port, bool shared)
{
	struct worker *w = worker_of(base);

	return port_claim(w->host->ports, space, port, w->index, shared);
}

static void worker_port_release(struct net_worker *base, enum net_port_space space, u16 port)
{
	struct worker *w = worker_of(base);

	port_release(w->host->ports, space, port, w->index);
}

static void worker_poll_begin(struct net_worker *base)
{
	letters_in(worker_of(base));
}

static bool worker_poll_end(struct net_worker *base)
{
	struct worker *w = worker_of(base);
	bool more = w->leader ? leader_tell(w) : follower_tell(w);

	letters_wake(w);
	return more;
}

static bool worker_waits(const struct net_worker *base)
{
	const struct worker *w = container_of(base, struct worker, base);

	return w->to_wake || letters_wait(w);
}

static const struct net_worker_ops worker_ops = {
	.port_claim = worker_port_claim,
	.port_release = worker_port_release,
	.skb_pass = steer_pass,
	.skb_copy = steer_copy,
	.sysctl_written = leader_written,
	.poll_begin = worker_poll_begin,
	.poll_end = worker_poll_end,
	.waits = worker_waits,
};

/* ------------------------------------------------------------------ when memory is missing */

#define RETRY_NS (100 * NSEC_PER_MSEC)

/* The poll that it is due in does the rest. */
static void again_fires(struct timer *t)
{
	(void)t;
}

void worker_retry_later(struct worker *w)
{
	struct net *net = &w->nn->net;

	mod_timer(net->timers, &w->again, net->now + RETRY_NS);
}

/* ------------------------------------------------------------------ life */

static size_t rings_bytes(u32 count)
{
	return (size_t)count * count * sizeof(struct ring);
}

static size_t host_bytes(u32 count)
{
	return sizeof(struct nethood_workers) + count * sizeof(struct worker);
}

static int worker_init(struct nethood_workers *host, u32 index, const struct nethood_config *config)
{
	struct worker *w = &host->workers[index];
	struct nethood_config own = *config;
	int err;

	/* each draws its own numbers */
	own.random_key[0] ^= (u8)index;
	err = nethood_create(&own, &w->nn);
	if (err)
		return err;
	w->host = host;
	w->index = index;
	w->base.ops = &worker_ops;
	timer_setup(&w->again, again_fires);
	err = index ? follower_init(w) : leader_init(w);
	if (!err)
		err = steer_init(w);
	w->nn->net.worker = &w->base;
	return err;
}

static void worker_exit(struct worker *w)
{
	if (!w->nn)
		return;
	del_timer(w->nn->net.timers, &w->again);
	steer_exit(w);
	leader_exit(w);
	follower_exit(w);
	nethood_free(w->nn);
}

static void letters_discard(struct nethood_workers *host)
{
	for (u32 i = 0; host->rings && i < host->count * host->count; i++) {
		struct letter *l;

		while ((l = ring_take(&host->rings[i])))
			letter_free(host, l);
	}
}

void nethood_workers_free(struct nethood_workers *host)
{
	const struct nethood_allocator a = host ? host->allocator : (struct nethood_allocator){ .ctx = NULL };

	if (!host)
		return;
	for (u32 i = 0; i < host->count; i++)
		worker_exit(&host->workers[i]);
	letters_discard(host);
	host_free(host, host->rings, rings_bytes(host->count));
	host_free(host, host->ports, sizeof(*host->ports));
	a.free(a.ctx, host, host_bytes(host->count));
}

static int host_init(struct nethood_workers *host, const struct nethood_config *config)
{
	int err = 0;

	host->rings = host_alloc(host, rings_bytes(host->count));
	host->ports = host_alloc(host, sizeof(*host->ports));
	if (!host->rings || !host->ports)
		return -ENOMEM;
	for (u32 i = 0; !err && i < host->count; i++)
		err = worker_init(host, i, config);
	return err;
}

int nethood_workers_create(const struct nethood_config *config, uint32_t count,
			   void (*wake)(void *ctx, uint32_t worker), void *wake_ctx, struct nethood_workers **out)
{
	struct nethood_allocator a = { mem_libc_alloc, mem_libc_zalloc, mem_libc_free, NULL, NULL, mem_libc_discard };
	struct nethood_workers *host;
	int err;

	if (!count || count > WORKERS_MAX || !wake || config->record_bytes)
		return -EINVAL;
	if (config->memory)
		a = *config->memory;
	host = a.zalloc(a.ctx, host_bytes(count));
	if (!host)
		return -ENOMEM;
	host->allocator = a;
	host->count = count;
	host->wake = wake;
	host->wake_ctx = wake_ctx;
	err = host_init(host, config);
	if (err) {
		nethood_workers_free(host);
		return err;
	}
	*out = host;
	return 0;
}

struct nethood_net *nethood_workers_net(struct nethood_workers *host, uint32_t worker)
{
	return worker < host->count ? host->workers[worker].nn : NULL;
}
