/* SPDX-License-Identifier: BSD-2-Clause */
/* A net with one Ethernet device in virtual time; the test is everybody else on the wire, and sees each frame. */
#ifndef NETHOOD_TESTS_LAN_H
#define NETHOOD_TESTS_LAN_H

#include <arpa/inet.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../ipv4_only.h"
#include "../nomem.h"
#include "api_internal.h"
#include "dev/netdevice.h"
#include "ipv4/inetdevice.h"
#include "ipv4/netns_ipv4.h"
#include "nethood/nethood.h"

#define IP4(a, b, c, d) CONST_BE32((u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define LAN_FRAME_BYTES 1600U
#define LAN_FRAMES_MAX 512U
#define LAN_BEGIN (100 * NSEC_PER_SEC)

/** struct lan_frame - one that the net sent */
struct lan_frame {
	u64 at_ns;
	u32 len_bytes;
	u8 data[LAN_FRAME_BYTES];
};

struct lan {
	struct nethood_net *public_net;
	struct net *net;
	struct nethood_dev *handle;
	struct net_device *dev;
	u64 now;
	struct lan_frame out[LAN_FRAMES_MAX];
	u32 out_count;
	/** called with each frame at the end of the poll that sent it; may answer by lan_receive().  NULL: nobody answers */
	void (*answer)(struct lan *lan, const struct lan_frame *f);
	void *answer_ctx;
	u32 answered_count;
	char log[2048]; /**< what the net said, line by line */
	u32 alloc_calls, fail_at;
	bool fail_on;
	struct nomem *nomem; /**< NULL: no driver says what fails */
};

static const u8 LAN_MAC[6] = { 2, 0, 0, 0, 0, 2 }, LAN_OTHER[6] = { 2, 0, 0, 0, 0x77, 1 };

static inline bool lan_fail(void *ctx, const char *site, size_t size_bytes)
{
	struct lan *lan = ctx;

	(void)size_bytes;
	if (!lan->fail_at)
		return nomem_fails(lan->nomem, site);
	lan->alloc_calls++;
	return lan->alloc_calls == lan->fail_at || (lan->fail_on && lan->alloc_calls > lan->fail_at);
}

static inline void *lan_alloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return malloc(size_bytes);
}

static inline void *lan_zalloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return calloc(1, size_bytes);
}

static inline void lan_free_bytes(void *ctx, void *p, size_t size_bytes)
{
	(void)ctx, (void)size_bytes;
	free(p);
}

static inline int lan_xmit(void *ctx, const struct iovec *frame, int pieces)
{
	struct lan *lan = ctx;
	struct lan_frame *f = &lan->out[lan->out_count];

	if (lan->out_count == LAN_FRAMES_MAX)
		return 0;
	lan->out_count++;
	f->at_ns = lan->now;
	f->len_bytes = 0;
	for (int i = 0; i < pieces; i++) {
		assert_true(f->len_bytes + frame[i].iov_len <= LAN_FRAME_BYTES);
		memcpy(f->data + f->len_bytes, frame[i].iov_base, frame[i].iov_len);
		f->len_bytes += (u32)frame[i].iov_len;
	}
	return 0;
}

static inline void lan_log(void *ctx, const char *line)
{
	struct lan *lan = ctx;
	size_t used = strlen(lan->log);

	snprintf(lan->log + used, sizeof(lan->log) - used, "%s\n", line);
}

static inline void lan_poll_once(struct lan *lan)
{
	for (u32 i = 0; nethood_poll(lan->public_net, lan->now); i++)
		assert_true(i < 10000);
}

/** lan_poll() - until nobody has anything to say at this time */
static inline void lan_poll(struct lan *lan)
{
	lan_poll_once(lan);
	while (lan->answered_count < lan->out_count) {
		struct lan_frame f = lan->out[lan->answered_count++];

		if (lan->answer)
			lan->answer(lan, &f);
		lan_poll_once(lan);
	}
}

/** lan_tick() - time passes; timers fire when they are due */
static inline void lan_tick(struct lan *lan, u64 ns)
{
	u64 end = lan->now + ns, next;

	while ((next = nethood_next_deadline(lan->public_net)) <= end) {
		if (next > lan->now)
			lan->now = next;
		lan_poll(lan);
	}
	lan->now = end;
	lan_poll(lan);
}

static inline void lan_receive(struct lan *lan, const void *frame, u32 len_bytes)
{
	(void)nethood_dev_receive(lan->handle, frame, len_bytes);
}

static inline void lan_forget(struct lan *lan)
{
	lan->out_count = lan->answered_count = 0;
}

/** lan_device() - its device, with a cable, up.  Return: 0, -errno */
static inline int lan_device(struct lan *lan)
{
	const struct nethood_dev_config dev = {
		.name = "eth0", .driver = "user", .fd = -1, .mtu = 1500, .lladdr = LAN_MAC, .xmit = lan_xmit, .ctx = lan
	};
	int err = nethood_dev_create(lan->public_net, &dev, &lan->handle);

	if (err)
		return err;
	lan->dev = dev_of(lan->handle);
	nethood_dev_carrier(lan->handle, true);
	return dev_open(lan->dev);
}

/** lan_open() - a net without devices, @lan zeroed but for fail_at, fail_on.  Return: 0, -ENOMEM */
static inline int lan_open(struct lan *lan, enum nethood_profile profile, u8 seed)
{
	const struct nethood_allocator memory = { lan_alloc, lan_zalloc, lan_free_bytes, lan_fail, lan, NULL };
	struct nethood_config config = {
		.hostname = "test", .memory = &memory, .profile = profile, .log = lan_log, .log_ctx = lan
	};
	int err;

	memset(config.random_key, seed, sizeof(config.random_key));
	lan->now = config.now_ns = LAN_BEGIN;
	err = nethood_create(&config, &lan->public_net);
	if (err)
		return err;
	ipv4_only(lan->public_net);
	lan->net = &lan->public_net->net;
	return 0;
}

static inline struct lan *lan_create(enum nethood_profile profile, u8 seed)
{
	struct lan *lan = calloc(1, sizeof(*lan));

	assert_non_null(lan);
	assert_int_equal(lan_open(lan, profile, seed), 0);
	assert_int_equal(lan_device(lan), 0);
	lan_poll(lan);
	lan_forget(lan);
	return lan;
}

/** lan_destroy() - asserts the ledger; nethood_free() asserts the rest */
static inline void lan_destroy(struct lan *lan)
{
	struct nethood_ledger ledger;

	lan->fail_at = 0;
	if (lan->public_net) {
		nethood_ledger(lan->public_net, &ledger);
		assert_int_equal(ledger.taken_in, ledger.consumed + ledger.dropped + ledger.live);
	}
	nethood_free(lan->public_net);
	free(lan);
}

/** lan_addr() - as `ip addr add` does */
static inline int lan_addr(struct lan *lan, __be32 addr, u8 prefixlen, u32 flags)
{
	const struct in_ifaddr ifa = { .ifa_local = addr, .ifa_prefixlen = prefixlen, .ifa_flags = flags };

	return inet_insert_ifa(lan->dev, &ifa, 0, NULL);
}

static inline bool lan_has(const struct lan *lan, __be32 addr)
{
	return inet_lookup_ifaddr(lan->net, addr) != NULL;
}

/* ---- ARP */

static inline u32 lan_arp_build(u8 *f, u16 op, const u8 *sha, __be32 sip, const u8 *dst, __be32 tip)
{
	static const u8 kind[] = { 8, 6, 0, 1, 8, 0, 6, 4 };

	memset(f, 0, 60);
	memcpy(f, dst, 6);
	memcpy(f + 6, sha, 6);
	memcpy(f + 12, kind, sizeof(kind));
	f[21] = (u8)op;
	memcpy(f + 22, sha, 6);
	memcpy(f + 28, &sip, 4);
	if (op == ARPOP_REPLY)
		memcpy(f + 32, dst, 6);
	memcpy(f + 38, &tip, 4);
	return 60;
}

/** lan_arp() - an ARP packet by broadcast comes in */
static inline void lan_arp(struct lan *lan, u16 op, const u8 *sha, __be32 sip, __be32 tip)
{
	static const u8 all[6] = { 255, 255, 255, 255, 255, 255 };
	u8 f[60];

	lan_receive(lan, f, lan_arp_build(f, op, sha, sip, all, tip));
	lan_poll(lan);
}

static inline bool lan_is_arp(const struct lan_frame *f, u16 op, __be32 sip, __be32 tip)
{
	return f->len_bytes >= 42 && f->data[12] == 8 && f->data[13] == 6 && f->data[21] == op &&
	       memcmp(f->data + 28, &sip, 4) == 0 && memcmp(f->data + 38, &tip, 4) == 0;
}

/** lan_arps() - frames of this kind that the net sent since lan_forget() */
static inline u32 lan_arps(const struct lan *lan, u16 op, __be32 sip, __be32 tip)
{
	u32 count = 0;

	for (u32 i = 0; i < lan->out_count; i++)
		count += lan_is_arp(&lan->out[i], op, sip, tip);
	return count;
}
#define lan_probes(lan, addr) lan_arps(lan, ARPOP_REQUEST, CONST_BE32(0), addr)
#define lan_announcements(lan, addr) lan_arps(lan, ARPOP_REQUEST, addr, addr)

#endif
