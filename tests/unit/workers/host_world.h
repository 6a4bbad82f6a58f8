/* SPDX-License-Identifier: BSD-2-Clause */
/* A host of several workers and a peer on one LAN, all in one thread: who is polled next, and at which worker a frame
 * comes in, is drawn from a seed. */
#ifndef TESTS_WORKERS_HOST_WORLD_H
#define TESTS_WORKERS_HOST_WORLD_H

#include <setjmp.h> /* cmocka.h needs these four */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "dev/softirq.h"
#include "workers/rtnl.h"

#define WORKERS 3U
#define PEER WORKERS /* an actor like the workers */
#define ACTORS (WORKERS + 1)
#define FRAMES 8192U
#define MS 1000000ULL
#define STEP_NS 20000ULL

enum rss { RSS_RANDOM, RSS_FLOW, RSS_FIXED };

struct frame {
	u32 to, len_bytes;
	u8 *octets;
};

struct port {
	struct host_world *hw;
	u32 actor;
	struct nethood_dev *dev;
};

struct host_world {
	struct nethood_workers *host;
	struct nethood_net *net[ACTORS];
	struct port port[ACTORS];
	struct frame frames[FRAMES];
	u32 first, count;
	u64 now_ns, random;
	u32 fail_ppm; /* allocations of the workers that fail */
	enum rss rss;
	u32 fixed;              /* RSS_FIXED */
	u32 woken, asleep;      /* asleep: workers that are not polled */
	u64 to_worker[WORKERS]; /* frames */
};

static inline u32 draw(struct host_world *hw, u32 below)
{
	hw->random = hw->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)((hw->random >> 33) % below);
}

/* What a card with RSS, or a TAP of several queues, would do; but at random it may do what it likes. */
static inline u32 queue_of(struct host_world *hw, const u8 *frame, u32 len_bytes)
{
	u32 hash = 0;

	if (hw->rss == RSS_FIXED)
		return hw->fixed;
	if (hw->rss == RSS_RANDOM)
		return draw(hw, WORKERS);
	for (u32 i = 26; i < 38 && i < len_bytes; i++)
		hash = hash * 31 + frame[i];
	return hash % WORKERS;
}

static inline int port_xmit(void *ctx, const struct iovec *iov, int pieces)
{
	struct port *p = ctx;
	struct host_world *hw = p->hw;
	struct frame *f = &hw->frames[(hw->first + hw->count) % FRAMES];
	u32 len = 0;

	assert_true(hw->count < FRAMES);
	for (int i = 0; i < pieces; i++)
		len += (u32)iov[i].iov_len;
	f->octets = malloc(len);
	f->len_bytes = 0;
	for (int i = 0; i < pieces; i++) {
		memcpy(f->octets + f->len_bytes, iov[i].iov_base, iov[i].iov_len);
		f->len_bytes += (u32)iov[i].iov_len;
	}
	f->to = p->actor == PEER ? queue_of(hw, f->octets, f->len_bytes) : PEER;
	if (f->to != PEER)
		hw->to_worker[f->to]++;
	hw->count++;
	return 0;
}

static inline void wake(void *ctx, uint32_t worker)
{
	struct host_world *hw = ctx;

	hw->woken |= 1U << worker;
}

static inline void step(struct host_world *hw)
{
	u32 actor = draw(hw, ACTORS);

	if (hw->count && draw(hw, 2)) {
		struct frame *f = &hw->frames[hw->first];

		hw->first = (hw->first + 1) % FRAMES;
		hw->count--;
		(void)nethood_dev_receive(hw->port[f->to].dev, f->octets, f->len_bytes);
		free(f->octets);
	}
	if (!(hw->asleep >> actor & 1))
		nethood_poll(hw->net[actor], hw->now_ns);
	hw->now_ns += STEP_NS;
}

static inline void run_ms(struct host_world *hw, u64 ms)
{
	for (u64 end = hw->now_ns + ms * MS; hw->now_ns < end;)
		step(hw);
}

/* ------------------------------------------------------------------ set up */

static inline void flags_set(struct nethood_net *net, const char *dev, short flags)
{
	struct ifreq ifr = { .ifr_flags = flags };
	struct nethood_sock *sk;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	assert_int_equal(nethood_socket(net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
	assert_int_equal(nethood_ioctl(sk, SIOCSIFFLAGS, &ifr, sizeof(ifr)), 0);
	nethood_close(sk);
}

/* One request; its answer. */
static inline int talk(struct nethood_net *net, struct nlmsghdr *nlh)
{
	struct worker w = { .nn = net };
	struct nethood_sock *sk;
	int err;

	assert_int_equal(rtnl_open(&w, 0, &sk), 0);
	err = rtnl_talk(sk, nlh, NULL);
	nethood_close(sk);
	return err;
}

static inline u16 new_flags(u16 type)
{
	return type == RTM_NEWADDR || type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_EXCL : 0;
}

static inline int addr_change(struct nethood_net *net, u16 type, const char *text, u8 prefix_bits)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	struct rtnl_msg msg;
	struct ifaddrmsg *ifa = rtnl_begin(&msg, type, new_flags(type), sizeof(*ifa));
	u32 flags = IFA_F_NODAD;
	u8 addr[16];

	assert_int_equal(inet_pton(family, text, addr), 1);
	ifa->ifa_family = (u8)family;
	ifa->ifa_prefixlen = prefix_bits;
	ifa->ifa_index = 2;
	rtnl_put(&msg, IFA_LOCAL, addr, family == AF_INET ? 4 : 16);
	rtnl_put(&msg, IFA_ADDRESS, addr, family == AF_INET ? 4 : 16);
	rtnl_put(&msg, IFA_FLAGS, &flags, sizeof(flags));
	return talk(net, &msg.nlh);
}

static inline void route_msg(struct rtnl_msg *msg, u16 type, u32 dst, u8 prefix_bits, const char *gateway)
{
	struct rtmsg *rtm = rtnl_begin(msg, type, new_flags(type), sizeof(*rtm));
	u32 be = htonl(dst), gw;

	assert_int_equal(inet_pton(AF_INET, gateway, &gw), 1);
	*rtm = (struct rtmsg){ .rtm_family = AF_INET,
			       .rtm_dst_len = prefix_bits,
			       .rtm_table = RT_TABLE_MAIN,
			       .rtm_protocol = RTPROT_STATIC,
			       .rtm_type = RTN_UNICAST };
	rtnl_put(msg, RTA_DST, &be, sizeof(be));
	rtnl_put(msg, RTA_GATEWAY, &gw, sizeof(gw));
}

/* Without memory there may be not even a socket for it. */
static inline int route_try(struct nethood_net *net, u16 type, u32 dst)
{
	struct worker w = { .nn = net };
	struct nethood_sock *sk;
	struct rtnl_msg msg;
	int err = rtnl_open(&w, 0, &sk);

	if (err)
		return err;
	route_msg(&msg, type, dst, 24, "10.77.0.2");
	err = rtnl_talk(sk, &msg.nlh, NULL);
	nethood_close(sk);
	return err;
}

static inline int route_change(struct nethood_net *net, u16 type, u32 dst, u8 prefix_bits, const char *gateway)
{
	struct rtnl_msg msg;

	route_msg(&msg, type, dst, prefix_bits, gateway);
	return talk(net, &msg.nlh);
}

static inline bool alloc_fails(void *ctx, const char *site, size_t bytes)
{
	struct host_world *hw = ctx;

	(void)site;
	(void)bytes;
	return hw->fail_ppm && draw(hw, 1000000) < hw->fail_ppm;
}

static inline void world_begin(struct host_world *hw, u64 seed)
{
	const struct nethood_allocator memory = { .alloc = mem_libc_alloc,
						  .zalloc = mem_libc_zalloc,
						  .free = mem_libc_free,
						  .fail = alloc_fails,
						  .ctx = hw };
	struct nethood_config config = { .now_ns = 1000 * MS, .memory = &memory };
	memset(hw, 0, sizeof(*hw));
	hw->random = seed * 0x9e3779b97f4a7c15ULL + 1;
	hw->now_ns = config.now_ns;
	config.random_key[1] = (u8)seed;
	assert_int_equal(nethood_workers_create(&config, WORKERS, wake, hw, &hw->host), 0);
	for (u32 i = 0; i < WORKERS; i++)
		hw->net[i] = nethood_workers_net(hw->host, i);
	config.random_key[31] = 1;
	config.memory = NULL;
	assert_int_equal(nethood_create(&config, &hw->net[PEER]), 0);
	for (u32 i = 0; i < ACTORS; i++) {
		const u8 mac[6] = { 2, 0, 0, 0, 0, i == PEER ? 9 : 1 };
		struct nethood_dev_config dev = { .name = "eth0",
						  .driver = "user",
						  .fd = -1,
						  .lladdr = mac,
						  .xmit = port_xmit,
						  .ctx = &hw->port[i] };

		hw->port[i] = (struct port){ hw, i, NULL };
		assert_int_equal(nethood_dev_create(hw->net[i], &dev, &hw->port[i].dev), 0);
	}
	for (u32 i = 0; i < ACTORS; i += PEER) { /* the leader, and the peer */
		flags_set(hw->net[i], "lo", IFF_UP);
		flags_set(hw->net[i], "eth0", IFF_UP | IFF_MULTICAST | IFF_BROADCAST);
		assert_int_equal(addr_change(hw->net[i], RTM_NEWADDR, i ? "10.77.0.2" : "10.77.0.1", 24), 0);
		assert_int_equal(addr_change(hw->net[i], RTM_NEWADDR, i ? "fd00::2" : "fd00::1", 64), 0);
	}
	run_ms(hw, 3000);
}

static inline void world_end(struct host_world *hw)
{
	for (u32 i = 0; i < ACTORS; i++) {
		const char *broken = nethood_check(hw->net[i]);

		if (broken)
			fail_msg("actor %u: %s", i, broken);
	}
	while (hw->count) {
		free(hw->frames[hw->first].octets);
		hw->first = (hw->first + 1) % FRAMES;
		hw->count--;
	}
	nethood_workers_free(hw->host);
	nethood_free(hw->net[PEER]);
}

/* ------------------------------------------------------------------ sockets */

/** union name - of either family */
union name {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static inline union name name_of(const char *text, u16 port)
{
	union name n = { .sa.sa_family = AF_UNSPEC };

	memset(&n, 0, sizeof(n));
	if (strchr(text, ':')) {
		n.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		assert_int_equal(inet_pton(AF_INET6, text, &n.in6.sin6_addr), 1);
	} else {
		n.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
		assert_int_equal(inet_pton(AF_INET, text, &n.in.sin_addr), 1);
	}
	return n;
}

static inline struct nethood_sock *sock_at(struct host_world *hw, u32 actor, const char *text, int type)
{
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(hw->net[actor], strchr(text, ':') ? AF_INET6 : AF_INET, type, 0, &sk), 0);
	return sk;
}

static inline int bind_to(struct nethood_sock *sk, const char *text, u16 port)
{
	union name n = name_of(text, port);

	return nethood_bind(sk, &n.sa, sizeof(n));
}

static inline int connect_to(struct nethood_sock *sk, const char *text, u16 port)
{
	union name n = name_of(text, port);

	return nethood_connect(sk, &n.sa, sizeof(n));
}

static inline void opt_set(struct nethood_sock *sk, int name)
{
	int on = 1;

	assert_int_equal(nethood_setsockopt(sk, SOL_SOCKET, name, &on, sizeof(on)), 0);
}

static inline u16 port_of(struct nethood_sock *sk)
{
	union name n;
	socklen_t len = sizeof(n);

	assert_int_equal(nethood_getsockname(sk, &n.sa, &len), 0);
	return ntohs(n.in.sin_port);
}

/* ------------------------------------------------------------------ tests */

#define SEEDS 6U

/* Each test with several interleavings. */
static inline void each_seed(void (*fn)(struct host_world *hw))
{
	struct host_world *hw = calloc(1, sizeof(*hw));

	for (u64 seed = 1; seed <= SEEDS; seed++) {
		world_begin(hw, seed);
		fn(hw);
		world_end(hw);
	}
	free(hw);
}

#define SEEDED(name) \
	static void name##_test(void **state) \
	{ \
		(void)state; \
		each_seed(name); \
	}

#endif
