/* SPDX-License-Identifier: BSD-2-Clause */
/* One net with one Ethernet device, in virtual time; the test is everything on the other side of the cable. */
#ifndef NEIGH_WORLD_H
#define NEIGH_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/if_addr.h>
#include <netinet/in.h>

#include "../ipv4_only.h"
#include "../nomem.h"
#include "ipv4/arp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip_fib.h"
#include "ipv4/netns_ipv4.h"
#include "neigh/neighbour.h"
#include "nethood/nethood.h"
#include "wire/arp.h"
#include "wire/ip.h"
#include "wire/udp.h"

#define MAX_FRAMES 2048
#define T0 (100 * NSEC_PER_SEC)
#define OUR_IP CONST_BE32(0x0a4d0002)  /* 10.77.0.2 */
#define PEER_IP CONST_BE32(0x0a4d0001) /* 10.77.0.1 */
#define OTHER_IP CONST_BE32(0x0a4d0009)

__attribute__((unused)) static const u8 OUR_MAC[6] = { 2, 0, 0, 0, 0, 2 }, PEER_MAC[6] = { 2, 0, 0, 0, 0, 1 },
					NEW_MAC[6] = { 2, 0, 0, 0, 0, 7 },
					BROADCAST_MAC[6] = { 255, 255, 255, 255, 255, 255 };

struct frame {
	ktime_t at;
	u32 len_bytes;
	u8 data[1600];
};

struct world {
	struct nethood_net *public_net;
	struct net *net;
	struct nethood_dev *public_dev;
	struct net_device *dev;
	struct neigh_table *arp;
	ktime_t now;
	struct frame *frames;
	u32 frames_count, frames_seen;
	bool busy; /**< the driver takes no frame: nethood_dev_wake() when it does again */
	/* notifications */
	struct notifier_block nb;
	struct {
		unsigned long event;
		u8 state;
		ktime_t at;
	} told[256];
	u32 told_count;
	/* allocation failure */
	u32 alloc_count, fail_at;
	bool fail_for_ever;
	size_t fail_above_bytes; /**< 0: what is large is given too */
	const char *fail_in;     /**< NULL, or the file that gets no memory */
	struct nomem *nomem;     /**< NULL: no driver says what fails */
	u32 said_count;          /**< lines of the log */
};

static inline bool world_alloc_fails(void *ctx, const char *site, size_t size_bytes)
{
	struct world *w = ctx;

	w->alloc_count++;
	return (w->fail_in && strstr(site, w->fail_in)) || nomem_fails(w->nomem, site) ||
	       (w->fail_above_bytes && size_bytes > w->fail_above_bytes) ||
	       (w->fail_at && (w->alloc_count == w->fail_at || (w->fail_for_ever && w->alloc_count > w->fail_at)));
}

static inline void world_said(void *ctx, const char *line)
{
	struct world *w = ctx;

	w->said_count += strstr(line, "neighbour: ") == line;
}

static inline void *world_malloc(void *ctx, size_t n)
{
	(void)ctx;
	return malloc(n);
}
static inline void *world_calloc(void *ctx, size_t n)
{
	(void)ctx;
	return calloc(1, n);
}
static inline void world_mfree(void *ctx, void *p, size_t n)
{
	(void)ctx;
	(void)n;
	free(p);
}

static inline int world_xmit(void *ctx, const struct iovec *iov, int pieces)
{
	struct world *w = ctx;
	struct frame *f;

	if (w->busy)
		return -EAGAIN;
	assert_true(w->frames_count < MAX_FRAMES);
	f = &w->frames[w->frames_count++];
	f->at = w->now;
	f->len_bytes = 0;
	for (int i = 0; i < pieces; i++) {
		memcpy(f->data + f->len_bytes, iov[i].iov_base, iov[i].iov_len);
		f->len_bytes += (u32)iov[i].iov_len;
	}
	return 0;
}

static inline int world_told(struct notifier_block *nb, unsigned long event, void *data)
{
	struct world *w = container_of(nb, struct world, nb);
	const struct neigh_notifier_info *info = data;

	if (w->told_count < ARRAY_SIZE(w->told)) {
		w->told[w->told_count].event = event;
		w->told[w->told_count].state = info->neigh->nud_state;
		w->told[w->told_count++].at = w->now;
	}
	return 0;
}

static inline void world_init_as(struct world *w, enum nethood_profile profile)
{
	struct nethood_allocator mem = { world_malloc, world_calloc, world_mfree, world_alloc_fails, w, NULL };
	struct nethood_config config = {
		.memory = &mem, .profile = profile, .log = world_said, .log_ctx = w, .now_ns = T0, .random_key = { 3 }
	};
	struct nethood_dev_config dev = {
		.name = "eth0", .driver = "user", .fd = -1, .lladdr = OUR_MAC, .xmit = world_xmit, .ctx = w
	};
	struct in_ifaddr ifa = { .ifa_local = OUR_IP,
				 .ifa_address = OUR_IP,
				 .ifa_prefixlen = 24,
				 .ifa_flags = IFA_F_NODAD,
				 .ifa_valid_lft_s = UINT32_MAX,
				 .ifa_preferred_lft_s = UINT32_MAX };
	const char *errmsg;

	memset(w, 0, sizeof(*w));
	w->now = T0;
	w->frames = calloc(MAX_FRAMES, sizeof(*w->frames));
	assert_int_equal(nethood_create(&config, &w->public_net), 0);
	ipv4_only(w->public_net);
	w->net = (struct net *)w->public_net;
	assert_int_equal(nethood_dev_create(w->public_net, &dev, &w->public_dev), 0);
	w->dev = dev_find_by_name(w->net, "eth0");
	assert_non_null(w->dev);
	assert_int_equal(dev_open(dev_find_by_name(w->net, "lo")), 0);
	assert_int_equal(dev_open(w->dev), 0);
	ifa.ifa_mask = inet_make_mask(24);
	assert_int_equal(inet_insert_ifa(w->dev, &ifa, 0, &errmsg), 0);
	w->arp = w->net->ipv4->arp;
	w->nb.call = world_told;
	notifier_chain_register(&w->net->neigh->chain, &w->nb);
	while (nethood_poll(w->public_net, (u64)w->now))
		;
	w->frames_count = 0; /* IGMP reports */
}

static inline void world_init(struct world *w)
{
	world_init_as(w, NETHOOD_PROFILE_LINUX);
}

/* All that is due; then all must hold that a net says of itself. */
static inline void world_settle(struct world *w)
{
	while (nethood_poll(w->public_net, (u64)w->now))
		;
	assert_string_equal(nethood_check(w->public_net) ?: "", "");
}

/** world_add_dev() - one more Ethernet device, up, with 10.78.0.2/24; @headers NULL: it writes none */
static inline struct net_device *world_add_dev(struct world *w, const char *name, u32 flags,
					       const struct net_device_ops *ops, const struct header_ops *headers)
{
	const struct in_ifaddr ifa = { .ifa_local = CONST_BE32(0x0a4e0002),
				       .ifa_address = CONST_BE32(0x0a4e0002),
				       .ifa_prefixlen = 24,
				       .ifa_broadcast = CONST_BE32(0x0a4e00ff),
				       .ifa_mask = inet_make_mask(24) };
	struct net_device *dev = alloc_netdev(w->net, 0, name, 1);

	assert_non_null(dev);
	ether_setup(dev);
	dev->netdev_ops = ops;
	dev->header_ops = headers;
	dev->flags = flags;
	dev->priv_flags = IFF_NO_QUEUE;
	memcpy(dev->dev_addr, OUR_MAC, ETH_ALEN);
	assert_int_equal(register_netdev(dev), 0);
	assert_int_equal(dev_open(dev), 0);
	assert_int_equal(inet_insert_ifa(dev, &ifa, 0, NULL), 0);
	world_settle(w);
	return dev;
}

static inline void world_fini(struct world *w)
{
	w->fail_at = 0;
	notifier_chain_unregister(&w->net->neigh->chain, &w->nb);
	world_settle(w);
	nethood_free(w->public_net); /* asserts that all is at zero */
	free(w->frames);
}

/** struct world_scene - what world_without_memory() plays; it may be played again in the same world */
struct world_scene {
	const char *sentence;
	enum nethood_profile profile;
	u64 (*scene)(struct world *w); /**< Return: what must be the same with memory, whatever was before */
};

static inline u64 world_play(struct nomem *m, const void *arg)
{
	const struct world_scene *s = arg;
	struct world w;
	u64 says;

	world_init_as(&w, s->profile);
	w.nomem = m;
	m->on = true;
	(void)s->scene(&w);
	m->on = false;
	world_settle(&w);
	says = s->scene(&w);
	world_fini(&w);
	return says;
}

/** world_without_memory() - see nomem_each() */
static inline u32 world_without_memory(const struct world_scene *s)
{
	return nomem_each(s->sentence, world_play, s);
}

/* Let virtual time pass, stopping wherever something is due. */
static inline void world_run(struct world *w, ktime_t duration)
{
	ktime_t until = w->now + duration;

	for (;;) {
		u64 next;

		world_settle(w);
		next = nethood_next_deadline(w->public_net);
		if (next > (u64)until)
			break;
		if ((ktime_t)next > w->now)
			w->now = (ktime_t)next;
	}
	w->now = until;
	world_settle(w);
}

/* The next frame that left and was not looked at yet, or NULL. */
static inline const struct frame *next_frame(struct world *w)
{
	return w->frames_seen < w->frames_count ? &w->frames[w->frames_seen++] : NULL;
}

static inline const struct arp_eth_ip4 *frame_arp(const struct frame *f)
{
	const struct ethhdr *eth = (const struct ethhdr *)f->data;

	if (eth->h_proto != CONST_BE16(ETH_P_ARP))
		return NULL;
	return arp_check(f->data + ETH_HLEN, f->len_bytes - ETH_HLEN);
}

static inline void send_arp(struct world *w, const u8 *dst, const u8 *src, u16 op, const u8 *sha, __be32 sip,
			    const u8 *tha, __be32 tip)
{
	u8 frame[60] = { 0 };

	eth_build((struct ethhdr *)frame, dst, src, CONST_BE16(ETH_P_ARP));
	arp_build((struct arp_eth_ip4 *)(frame + ETH_HLEN), op, sha, sip, tha, tip);
	(void)nethood_dev_receive(w->public_dev, frame, sizeof(frame));
	world_settle(w);
}

static inline void arp_reply_from_peer(struct world *w, const u8 *mac)
{
	send_arp(w, OUR_MAC, mac, ARPOP_REPLY, mac, PEER_IP, OUR_MAC, OUR_IP);
}

static inline struct nethood_sock *udp_socket(struct world *w)
{
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
	return sk;
}

static inline ssize_t udp_send(struct nethood_sock *sk, __be32 to, const void *data, size_t len)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = CONST_BE16(9), .sin_addr.s_addr = to };

	return nethood_sendto(sk, data, len, 0, (const struct sockaddr *)&sin, sizeof(sin));
}

static inline u8 state_of(struct world *w, __be32 ip)
{
	const struct neighbour *n = neigh_find(w->arp, &ip, w->dev);

	return n ? n->nud_state : 0xff;
}

/* Invariants of a table that nobody is stepping: see docs/NUD.md. */
static inline void check_one(void *ctx, struct neighbour *n)
{
	u32 *count = ctx; /* entries, bytes that wait */
	u32 bytes = 0;

	count[0]++;
	assert_false(n->dead);
	assert_true(n->refcnt >= 1U + timer_pending(&n->timer));
	assert_int_equal(timer_pending(&n->timer), (n->nud_state & NUD_IN_TIMER) != 0);
	if (n->has_queue) {
		count[1] += n->queue->arp_queue_len_bytes;
		assert_int_equal(n->nud_state, NUD_INCOMPLETE);
		for (struct sk_buff *s = n->queue->arp_queue.next; s != (void *)&n->queue->arp_queue; s = s->next)
			bytes += s->truesize;
		assert_int_equal(bytes, n->queue->arp_queue_len_bytes);
	}
	if (neigh_output_of(n) == neigh_ops_of(n)->connected_output &&
	    neigh_ops_of(n)->connected_output != neigh_ops_of(n)->output)
		assert_true(n->nud_state & NUD_CONNECTED);
	if (n->hh_len && (n->nud_state & NUD_VALID))
		assert_memory_equal(n->hh_data + HH_DATA_MOD - ETH_HLEN, n->ha, ETH_ALEN);
	assert_int_equal(!list_empty(&n->gc_list), !(n->nud_state & NUD_PERMANENT) && !n->exempt_from_gc &&
							   !(n->flags & NTF_EXT_LEARNED) &&
							   !(n->flags_ext & NEIGH_EXT_VALIDATED));
	assert_int_equal(list_empty(&n->dev_list), 0);
	assert_true(n->confirmed <= n->tbl->net->now && n->updated <= n->tbl->net->now && n->used <= n->tbl->net->now);
}

static inline u32 list_length(const struct list_head *list)
{
	u32 n = 0;

	for (const struct list_head *p = list->next; p != list; p = p->next)
		n++;
	return n;
}

static inline void check_table(struct world *w)
{
	u32 count[2] = { 0 }, gc = 0, unresolved = 0;
	u64 cursor = 0;

	do {
		cursor = neigh_table_scan(w->arp, cursor, 16, check_one, count);
	} while (cursor);
	assert_int_equal(count[1], w->arp->queued_bytes);
	assert_int_equal(count[0], w->arp->hash.live_count);
	assert_true(count[0] <= w->arp->entries_count); /* with those that are dead and still held */
	for (u32 i = 0; i < (w->arp->gc_group ? NEIGH_GC_GROUPS : 1); i++) {
		struct neigh_gc_group *group = i ? &w->arp->gc_group[i - 1] : &w->arp->gc_first_group;

		assert_int_equal(list_length(&group->list), group->count);
		unresolved += group->count;
	}
	assert_int_equal(unresolved, w->arp->gc_unresolved_count);
	gc = unresolved + list_length(&w->arp->gc_passive) + list_length(&w->arp->gc_active);
	assert_int_equal(gc, w->arp->gc_entries_count);
}

#endif
