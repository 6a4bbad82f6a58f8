/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests of devices need: a net by hand, and devices whose driver does what the test says. */
#ifndef NETHOOD_TESTS_DEV_WORLD_H
#define NETHOOD_TESTS_DEV_WORLD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/byteorder.h"
#include "dev/netdevice.h"
#include "dev/softirq.h"
#include "net.h"
#include "sched/sch_generic.h"
#include "skb/skbuff.h"

/** struct world - one net; its memory can fail at the nth call */
struct world {
	struct mem mem;
	struct net net;
	u32 fail_at; /* 0: never */
	u32 log_lines;
	char last_log[256];
};

static inline bool world_fail_nth(void *ctx, const char *site, size_t size_bytes)
{
	struct world *w = ctx;

	(void)site;
	(void)size_bytes;
	return w->fail_at && --w->fail_at == 0;
}

static inline void world_log(void *ctx, const char *line)
{
	struct world *w = ctx;

	w->log_lines++;
	snprintf(w->last_log, sizeof(w->last_log), "%s", line);
}

static inline void world_init(struct world *w)
{
	static const u8 key[RNG_KEY_BYTES] = { 7 };

	memset(w, 0, sizeof(*w));
	w->mem = (struct mem){ .ops = &mem_libc_ops, .fail = world_fail_nth, .fail_ctx = w };
	w->net.mem = &w->mem;
	w->net.now = NSEC_PER_SEC;
	w->net.log = world_log;
	w->net.log_ctx = w;
	rng_init(&w->net.rng, key);
	rcu_init(&w->net.rcu);
	sysctl_root_init(&w->net.sysctl);
	assert_int_equal(timer_wheel_create(&w->mem, w->net.now, &w->net.timers), 0);
	assert_int_equal(skb_pool_create(&w->mem, &w->net, &w->net.skb_pool), 0);
	assert_int_equal(dev_net_init(&w->net), 0);
}

/** world_fini() - everything ends at zero, and each packet has ended one way */
static inline void world_fini(struct world *w)
{
	const struct skb_stats *stats = &w->net.skb_pool->stats;
	u64 ended;

	w->fail_at = 0;
	unregister_netdev_all(&w->net);
	dev_net_exit(&w->net);
	ended = stats->consumed;
	for (u32 i = 0; i < SKB_DROP_REASON_MAX; i++)
		ended += stats->dropped[i];
	assert_int_equal(stats->live, 0);
	assert_int_equal(stats->allocated, ended);
	skb_pool_destroy(w->net.skb_pool);
	timer_wheel_destroy(w->net.timers);
	rcu_fini(&w->net.rcu);
	assert_true(list_empty(&w->net.sysctl.dirs));
	assert_int_equal(w->mem.live_bytes, 0);
}

static inline u64 dropped(const struct world *w, enum skb_drop_reason reason)
{
	return w->net.skb_pool->stats.dropped[reason];
}

/** world_poll() - what nethood_poll() does.  Return: true if work is left */
static inline bool world_poll(struct world *w)
{
	bool more;

	timer_wheel_advance(w->net.timers, w->net.now, UINT32_MAX);
	more = do_softirq(&w->net);
	rcu_quiescent(&w->net.rcu);
	return more;
}

/** struct test_dev - priv of a device that keeps what is sent */
struct test_dev {
	u32 busy_times;  /* say BUSY so often, without stopping the queue */
	u32 room;        /* frames until the ring is full; UINT32_MAX: endless */
	bool stop_first; /* a full ring stops the queue with the frame that fills it, not with the next one */
	u32 sent_count, calls, more_count; /* with more to follow */
	u64 sent[256];                     /* skb->mark of each, in order */
	struct net_device *forward_to;     /* send again there, from within */
	void (*on_xmit)(struct net_device *dev);
	int open_error;
	u32 opened, stopped, inited, uninited;
};

static inline struct test_dev *test_dev(const struct net_device *dev)
{
	return dev->priv;
}

static inline netdev_tx_t test_dev_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	struct test_dev *t = test_dev(dev);

	t->calls++;
	t->more_count += more;
	if (t->on_xmit)
		t->on_xmit(dev);
	if (t->busy_times) {
		t->busy_times--;
		return NETDEV_TX_BUSY;
	}
	if (t->room == 0) {
		netif_tx_stop_queue(&dev->_tx[skb->queue_mapping]);
		return NETDEV_TX_BUSY;
	}
	if (t->room != UINT32_MAX && --t->room == 0 && t->stop_first)
		netif_tx_stop_queue(&dev->_tx[skb->queue_mapping]);
	t->sent[t->sent_count++ % ARRAY_SIZE(t->sent)] = skb->mark;
	if (t->forward_to) {
		struct sk_buff *copy = skb_copy_expand(skb, 64, 0);

		copy->dev = t->forward_to;
		dev_queue_xmit(copy);
	}
	dev_sw_netstats_tx_add(dev, 1, skb->len);
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static inline int test_dev_init(struct net_device *dev)
{
	test_dev(dev)->inited++;
	return 0;
}

static inline void test_dev_uninit(struct net_device *dev)
{
	test_dev(dev)->uninited++;
}

static inline int test_dev_open(struct net_device *dev)
{
	test_dev(dev)->opened++;
	return test_dev(dev)->open_error;
}

static inline void test_dev_stop(struct net_device *dev)
{
	test_dev(dev)->stopped++;
}

static const struct net_device_ops test_dev_ops = {
	.ndo_init = test_dev_init,
	.ndo_uninit = test_dev_uninit,
	.ndo_open = test_dev_open,
	.ndo_stop = test_dev_stop,
	.ndo_start_xmit = test_dev_xmit,
	.ndo_set_mac_address = eth_mac_addr,
};

/** test_dev_alloc() - not registered */
static inline struct net_device *test_dev_alloc(struct world *w, const char *name)
{
	static const u8 mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 1 };
	struct net_device *dev = alloc_netdev(&w->net, sizeof(struct test_dev), name, 1);

	if (!dev)
		return NULL;
	ether_setup(dev);
	dev->netdev_ops = &test_dev_ops;
	dev->features = NETIF_F_SG | NETIF_F_HW_CSUM;
	memcpy(dev->dev_addr, mac, ETH_ALEN);
	test_dev(dev)->room = UINT32_MAX;
	return dev;
}

/** test_dev_create() - registered, down */
static inline struct net_device *test_dev_create(struct world *w, const char *name)
{
	struct net_device *dev = test_dev_alloc(w, name);

	assert_non_null(dev);
	assert_int_equal(register_netdev(dev), 0);
	return dev;
}

/** test_dev_up() - registered and up; @noqueue: without a queueing discipline */
static inline struct net_device *test_dev_up(struct world *w, const char *name, bool noqueue)
{
	struct net_device *dev = test_dev_create(w, name);

	if (noqueue)
		dev->priv_flags |= IFF_NO_QUEUE;
	assert_int_equal(dev_open(dev), 0);
	return dev;
}

/** frame() - an skb for @dev with a header and some payload; @mark tells it from others */
static inline struct sk_buff *frame(struct world *w, struct net_device *dev, u32 mark)
{
	static const u8 to[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	struct sk_buff *skb = alloc_skb(w->net.skb_pool, 128);

	assert_non_null(skb);
	skb_reserve(skb, 64);
	memset(skb_put(skb, 40), 0x5a, 40);
	skb_reset_network_header(skb);
	skb->dev = dev;
	skb->protocol = CONST_BE16(ETH_P_IP);
	skb->mark = mark;
	assert_int_equal(dev_hard_header(skb, dev, ETH_P_IP, to, NULL, skb->len), ETH_HLEN);
	return skb;
}

static inline int send_mark(struct world *w, struct net_device *dev, u32 mark)
{
	return dev_queue_xmit(frame(w, dev, mark));
}

#endif
