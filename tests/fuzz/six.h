/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 for the fuzz target of frames: a world's addresses and sockets, what a peer learns, what is put right in a frame. */
#ifndef NETHOOD_FUZZ_SIX_H
#define NETHOOD_FUZZ_SIX_H

#include "fuzz.h"
#include "segments.h"

#define SIX_SOCKS 6U

/* what of a frame of IPv6 is to be put right; the bits are those of IPv4's frames */
enum {
	SIX_MAC = 1,    /* to us, or to the group that its destination is */
	SIX_DADDR = 2,  /* to our address; with SIX_ND to our link-local one */
	SIX_LENGTH = 4, /* of IPv6 and UDP */
	SIX_CSUM = 8,   /* of what is behind all headers */
	SIX_LEARNED =
		16, /* ND about our address, or the one that we asked for; echo replies; the packet of an error; TCP's numbers */
	SIX_SADDR = 32, /* from a station of that link, its last octet stays; with SIX_ND by its link-local address */
	SIX_FRAGMENT = 64, /* of one of four packets of one station */
	SIX_ND = 128,      /* hop limit 255 */
};

/** struct six - what a peer on each device knows of us, and our programs */
struct six {
	struct nethood_sock *sk[SIX_SOCKS];
	bool forwards;
	struct segments segments;
	struct six_learned {
		u8 packet[128]; /**< the last one, from its header on */
		size_t packet_bytes;
		u8 asked[16]; /**< whom we asked for last */
		u8 echo[4];   /**< id and sequence */
	} learned[FUZZ_DEVS];
};

/** six_create() - addresses, routes, neighbours, sockets; @forwards: a router.  @quick: everything takes less time */
void six_create(struct six *six, struct fuzz_net *fn, bool forwards, bool quick);
/** six_connect() - one of its sockets is connected, somebody is about to connect to another */
void six_connect(struct six *six, struct fuzz_net *fn);
/** six_sent() - a packet of IPv6 left device @d: is it well-formed? */
void six_sent(struct six *six, u32 d, const u8 *frame, size_t len_bytes);
/** six_fix() - before it arrives at device @d; @frame with its Ethernet header */
void six_fix(const struct six *six, const struct fuzz_dev *dev, u32 d, u8 fix, u8 *frame, size_t len_bytes);
/* Steps, as those of IPv4. */
void six_send(struct six *six, struct input *in);
void six_receive(struct six *six, struct input *in);
void six_option(struct six *six, struct input *in);
void six_admin(struct six *six, struct fuzz_net *fn, struct input *in);

#endif
