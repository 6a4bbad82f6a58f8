/* SPDX-License-Identifier: BSD-2-Clause */
/* A net with IPv6 on two Ethernet devices in virtual time: fd77::2/64 on eth0, fd78::2/64 on eth1, and fe80::ff:fe00:2 and
 * :3.  The test is everybody else.  A world ends only if every packet was accounted for.
 */
#ifndef NETHOOD_TESTS_ND_WORLD_H
#define NETHOOD_TESTS_ND_WORLD_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dev/netdevice.h"
#include "ipv6/addrconf.h"
#include "ipv6/icmp_internal.h"
#include "ipv6/ndisc_internal.h"
#include "neigh/neighbour.h"
#include "neigh/pneigh.h"
#include "nethood/nethood.h"
#include "wire/icmp6.h"
#include "wire/ipv6.h"

#define OURS "fd77::2"
#define OURS_LL "fe80::ff:fe00:2"
#define HOST "fd77::1"
#define HOST_LL "fe80::1"
#define OURS_GROUP "ff02::1:ff00:2"
#define ALL_NODES "ff02::1"

#define FRAMES_MAX 512U

/** struct frame - one that the net sent; packet from its IPv6 header on */
struct frame {
	int dev;
	u8 dst[ETH_ALEN];
	u64 at;
	u32 len_bytes;
	u8 *packet;
};

struct world {
	struct nethood_net *public_net;
	struct net *net;
	struct nethood_dev *dev[2];
	struct net_device *netdev[2];
	u64 now;
	bool answers; /**< solicitations of hosts on the links are answered, from MAC_HOST, and not among the frames */
	struct frame out[FRAMES_MAX];
	u32 out_count;
	struct {
		int dev;
		u8 frame[96];
		u32 len_bytes;
	} waiting[16]; /**< answers that wait for the end of the poll */
	u32 waiting_count;
	u32 alloc_calls, fail_at; /**< allocation number fail_at fails; 0: none */
	bool fail_on;             /**< and all that follow */
	char log[8][160];
	u32 log_count;
};

/** struct setup - of a world that is not as most are */
struct setup {
	bool strict;
	bool dad;                   /**< addresses are tried first */
	const char *const *sysctls; /**< key, value, ..., NULL; before the devices */
};
struct world *world_create_as(const struct setup *setup);
static inline struct world *world_create(void)
{
	return world_create_as(&(struct setup){ 0 });
}
/** world_destroy() - asserts the ledger; nethood_free() asserts the rest */
void world_destroy(struct world *w);
/** world_starve() - @use is called in one world after another with one more allocation that went well before one fails,
 * and once more in each when there is memory again.  Return: how many allocations it makes */
u32 world_starve(void (*use)(struct world *w));
void world_sysctl(struct world *w, const char *key, const char *value);
/** world_tick() - time passes; timers fire when they are due */
void world_tick(struct world *w, u64 ns);
void world_poll(struct world *w);
void world_forget(struct world *w); /**< the frames seen so far */
u64 world_drops(const struct world *w, enum skb_drop_reason reason);
u64 world_all_drops(const struct world *w);
struct in6_addr in6(const char *text);
/** world_address() - one more for eth0.  @flags: IFA_F_* */
void world_address(struct world *w, const char *address, u32 flags);

/** struct spec - an ICMPv6 message in its packet and frame, and what is wrong with it.  Zero: as it should be */
struct spec {
	const char *src, *dst;     /**< HOST, OURS */
	u8 type, code, hlim;       /**< 0: 255 */
	u8 rest[4];                /**< behind the checksum */
	const char *target, *dest; /**< addresses that follow */
	const void *body;          /**< octets that follow: options */
	u32 body_bytes;
	const u8 *mac;  /**< destination; NULL: that of dst */
	const u8 *from; /**< MAC_HOST */
	u8 tclass;
	/* lies */
	bool bad_csum;
	u32 cut_bytes; /**< of the message */
	u8 nexthdr;    /**< an extension header of 8 octets of this type before it; 0: none */
	u16 frag_off;  /**< of nexthdr 44 */
};
/** spec_build() - the packet of @s; Return: its length */
u32 spec_build(const struct spec *s, u8 *packet);
void world_send(struct world *w, int dev, const struct spec *s);
/** world_send_raw() - a packet as it is, in a frame to @mac */
void world_send_raw(struct world *w, int dev, const u8 *mac, const u8 *packet, u32 len_bytes);
/** ns(), na() - the usual ones; more is changed in the result */
struct spec ns(const char *src, const char *target);
struct spec na(const char *target, u8 flags, const void *options, u32 options_bytes);

static inline const struct ipv6hdr *frame_ip(const struct frame *f)
{
	return (const struct ipv6hdr *)(const void *)f->packet;
}
static inline const struct icmp6hdr *frame_icmp(const struct frame *f)
{
	return (const struct icmp6hdr *)(const void *)(f->packet + IPV6_HEADER_BYTES);
}
static inline const struct nd_msg *frame_nd(const struct frame *f)
{
	return (const struct nd_msg *)(const void *)frame_icmp(f);
}
/** frame_valid() - lengths and checksums are as they should be */
bool frame_valid(const struct frame *f);
/** frame_is() - an ICMPv6 message of this type */
bool frame_is(const struct frame *f, u8 type);
/** world_find() - the first frame of this type; NULL: none */
const struct frame *world_find(const struct world *w, u8 type);
/** world_one() - the only frame that was sent (but for MLD): valid, of this type */
const struct frame *world_one(struct world *w, u8 type);
u32 world_count(const struct world *w, u8 type);
bool frame_between(const struct frame *f, const char *src, const char *dst);

/** world_neigh() - entry of @address on eth0; borrowed, NULL */
struct neighbour *world_neigh(struct world *w, const char *address);
/** world_neigh_is() - asserts: @mac's last octet (0: any), state */
void world_neigh_is(struct world *w, const char *address, u8 mac_last, u8 state);
/** world_neigh_make() - an entry of eth0 in @state at 02:00:00:00:aa:@mac_last; DELAY and INCOMPLETE by a packet */
struct neighbour *world_neigh_make(struct world *w, const char *address, u8 mac_last, u8 state);

extern const u8 MAC_OURS[2][ETH_ALEN], MAC_HOST[2][ETH_ALEN];
#define M(last) "\x02\x00\x00\x00\xaa" last
#define SLLA(last) "\x01\x01" M(last)
#define TLLA(last) "\x02\x01" M(last)

#endif
