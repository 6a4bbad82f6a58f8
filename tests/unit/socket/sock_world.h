/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket layer alone: a net that has memory, packets and sockets of a made-up family, and nothing below. */
#ifndef NETHOOD_TEST_SOCK_WORLD_H
#define NETHOOD_TEST_SOCK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net.h"
#include "skb/skbuff.h"
#include "socket/netns_sock.h"
#include "socket/sock.h"

struct world {
	struct mem mem;
	struct net net;
	u32 fail_at, allocations;
	u32 wakes;
	u32 last_events;
};

static inline bool world_fail(void *ctx, const char *site, size_t size_bytes)
{
	struct world *w = ctx;

	(void)site;
	(void)size_bytes;
	return ++w->allocations == w->fail_at;
}

static inline ssize_t test_recvmsg(struct sock *sk, struct msghdr *msg, size_t len_bytes, int flags)
{
	struct cmsg_out out;
	struct sk_buff *skb;
	u32 off_bytes;
	int err = skb_recv_datagram_off(sk, flags, &skb, &off_bytes);
	u32 copied;

	if (err)
		return err;
	copied = (u32)min_size(len_bytes, skb->len - off_bytes);
	err = skb_copy_datagram_iov(skb, off_bytes, msg->msg_iov, msg->msg_iovlen, copied);
	cmsg_out_begin(&out, msg);
	sock_recv_cmsgs(sk, skb, &out);
	cmsg_out_end(&out, msg);
	sk_peek_offset_move(sk, flags, flags & MSG_PEEK ? copied : skb->len);
	if (!(flags & MSG_PEEK))
		consume_skb(skb);
	return err ? err : (ssize_t)copied;
}

static const struct proto test_prot = {
	.name = "TEST",
	.obj_bytes = sizeof(struct sock),
	.recvmsg = test_recvmsg,
	.may_peek_off = true,
};

static inline int test_create(struct net *net, int type, int protocol, const struct proto **out)
{
	(void)net;
	(void)protocol;
	*out = &test_prot;
	return type == SOCK_DGRAM ? 0 : -94 /* ESOCKTNOSUPPORT */;
}
static const struct net_proto_family test_family = { AF_INET, test_create };
static const struct net_proto_family *const test_families[] = { &test_family };

static inline int world_ifindex(struct net *net, const char *name)
{
	(void)net;
	return strcmp(name, "lo") ? 0 : 1;
}
static inline int world_ifname(struct net *net, int ifindex, char name[static 16])
{
	(void)net;
	memcpy(name, "lo", 3);
	return ifindex == 1 ? 0 : -19 /* ENODEV */;
}
static inline u16 world_hatype(const struct net_device *dev)
{
	(void)dev;
	return 772;
}
static const struct sock_dev_ops world_dev_ops = { world_ifindex, world_ifname, world_hatype };

static inline void world_wake(void *ctx, struct nethood_sock *sk, u32 events)
{
	struct world *w = ctx;

	(void)sk;
	w->wakes++;
	w->last_events = events;
}

static inline void world_init(struct world *w)
{
	const u8 key[RNG_KEY_BYTES] = { 1 };

	memset(w, 0, sizeof(*w));
	w->mem = (struct mem){ .ops = &mem_libc_ops, .fail = world_fail, .fail_ctx = w };
	w->net.mem = &w->mem;
	w->net.now = 1000 * NSEC_PER_SEC;
	rng_init(&w->net.rng, key);
	sysctl_root_init(&w->net.sysctl);
	assert_int_equal(skb_pool_create(&w->mem, &w->net, &w->net.skb_pool), 0);
	assert_int_equal(sock_net_init(&w->net), 0);
	sock_register_families(&w->net, test_families, 1);
	sock_set_dev_ops(&w->net, &world_dev_ops);
}

static inline struct sock *world_socket(struct world *w)
{
	struct sock *sk;

	assert_int_equal(sock_create(&w->net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
	sk->ready = world_wake;
	sk->ready_ctx = w;
	return sk;
}

static inline struct sk_buff *world_packet(struct world *w, const void *data, u32 len_bytes)
{
	struct sk_buff *skb = alloc_skb(w->net.skb_pool, len_bytes);

	assert_non_null(skb);
	memcpy(skb_put(skb, len_bytes), data, len_bytes);
	return skb;
}

/* Everything ends at zero. */
static inline void world_fini(struct world *w)
{
	sock_net_close(&w->net);
	sock_net_exit(&w->net);
	assert_int_equal(w->net.skb_pool->stats.live, 0);
	skb_pool_destroy(w->net.skb_pool);
	assert_int_equal(w->mem.live_bytes, 0);
}

#endif
