/* SPDX-License-Identifier: BSD-2-Clause */
/* A net with two Ethernet devices in virtual time; the test is the host A on eth0 and the host B on eth1.
 *
 * ARP is answered, and not among the frames that the test sees.  A world ends only if every packet was accounted for.
 */
#ifndef NETHOOD_TESTS_IP_WORLD_H
#define NETHOOD_TESTS_IP_WORLD_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/csum.h"
#include "dev/netdevice.h"
#include "ipv4/icmp_internal.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fib.h"
#include "ipv4/netns_ipv4.h"
#include "neigh/neighbour.h"
#include "nethood/nethood.h"
#include "wire/icmp.h"

#define IP4(a, b, c, d) CONST_BE32((u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define HOST_A IP4(10, 77, 0, 1)   /**< on eth0 */
#define ROUTER_A IP4(10, 77, 0, 2) /**< ours on eth0 */
#define HOST_B IP4(10, 78, 0, 1)   /**< on eth1 */
#define ROUTER_B IP4(10, 78, 0, 2)

#define FRAME_MAX_BYTES 65600U
#define FRAMES_MAX 256U

/** struct frame - one that the net sent; packet from its IP header on */
struct frame {
	int dev;
	u8 dst[ETH_ALEN];
	u16 ethertype;
	u32 len_bytes;
	u8 *packet;
};

struct world {
	struct nethood_net *public_net;
	struct net *net;
	struct nethood_dev *dev[2];
	struct net_device *netdev[2];
	u64 now;
	bool mute[2]; /**< nobody answers ARP there */
	struct frame out[FRAMES_MAX];
	u32 out_count;
	u8 arp[8][60]; /**< answers that wait for the end of the poll */
	int arp_dev[8];
	u32 arp_count;
	u32 alloc_calls, fail_at; /**< allocation number fail_at fails; 0: none */
	bool fail_on;             /**< and all that follow */
};

struct world *world_create(void);
/** world_destroy() - asserts the ledger; nethood_free() asserts the rest */
void world_destroy(struct world *w);
void world_sysctl(struct world *w, const char *key, const char *value);
/** world_tick() - time passes; timers fire when they are due */
void world_tick(struct world *w, u64 ns);
void world_poll(struct world *w);
void world_forget(struct world *w); /**< the frames seen so far */
/** world_no_limits() - no limit on ICMP errors, which most tests do not ask about */
void world_no_limits(struct world *w);
u64 world_drops(const struct world *w, enum skb_drop_reason reason);

/** struct spec - an IPv4 packet, and what is wrong with it.  Zero: as it should be */
struct spec {
	__be32 src, dst;    /**< HOST_A, ROUTER_A */
	u8 proto, tos, ttl; /**< ICMP, 0, 64 */
	u16 id, frag;
	const char *options;
	u32 options_bytes;
	const void *payload; /**< NULL: an echo request, or what proto asks for */
	u32 payload_bytes;
	/* lies */
	u32 tot_len, version, ihl;
	bool no_len; /**< total length 0 */
	bool bad_csum;
	u32 cut_bytes, padding_bytes; /**< of the frame's end */
	const u8 *mac;                /**< destination; ours */
	u8 icmp_type, icmp_code;
	__be32 icmp_rest;
	bool icmp_bad_csum;
};

/** spec_build() - the packet of @s; Return: its length */
u32 spec_build(const struct spec *s, u8 *packet);
void world_send(struct world *w, int dev, const struct spec *s);
/** world_send_raw() - a packet as it is, in a frame for us */
void world_send_raw(struct world *w, int dev, const u8 *packet, u32 len_bytes);
/** echo_request() - a whole echo request of @len_bytes, data counting up; Return: @len_bytes */
u32 echo_request(u8 *icmp, u16 ident, u32 len_bytes);
void icmp_set_checksum(u8 *icmp, u32 len_bytes);

static inline const struct iphdr *frame_ip(const struct frame *f)
{
	return (const struct iphdr *)(const void *)f->packet;
}
static inline const struct icmphdr *frame_icmp(const struct frame *f)
{
	return (const struct icmphdr *)(const void *)(f->packet + ip_hdrlen_bytes(frame_ip(f)));
}
/** frame_valid() - lengths and checksums are as they should be */
bool frame_valid(const struct frame *f);
/** world_one() - the only frame that was sent: on @dev, valid */
const struct frame *world_one(struct world *w, int dev);

/** frame_is_icmp() - an ICMP message of this kind, from the first fragment on */
bool frame_is_icmp(const struct frame *f, u8 type, u8 code);

extern const u8 MAC_OURS[2][ETH_ALEN], MAC_HOST[2][ETH_ALEN], MAC_BROADCAST[ETH_ALEN], MAC_MULTICAST[ETH_ALEN],
	MAC_OTHER[ETH_ALEN];

#endif
