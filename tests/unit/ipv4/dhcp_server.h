/* SPDX-License-Identifier: BSD-2-Clause */
/* A DHCP server on the wire of lan.h: it answers as its members say, and remembers what it was asked. */
#ifndef NETHOOD_TESTS_DHCP_SERVER_H
#define NETHOOD_TESTS_DHCP_SERVER_H

#include "lan.h"

#include <linux/rtnetlink.h>

#include "base/csum.h"
#include "ipv4/dhcp.h"
#include "ipv4/ip_fib.h"
#include "wire/ip.h"
#include "wire/udp.h"

#define SERVER IP4(10, 0, 0, 1)
#define OFFERED IP4(10, 0, 0, 77)
#define ASKED_MAX 128U

/** struct asked - one message of the client */
struct asked {
	u64 at_ns;
	u8 type;
	u32 xid;
	u16 secs;
	__be32 saddr, daddr, ciaddr, requested, server;
	bool broadcast_frame;
	u8 client_id[16], client_id_bytes;
};

struct server {
	struct lan *lan;
	struct asked asked[ASKED_MAX];
	u32 asked_count;
	/* how it answers */
	u32 deaf_to[9]; /**< so many messages of each type stay without answer */
	bool nak;
	bool silent;
	bool taken;  /**< somebody answers ARP for the address */
	bool no_arp; /**< the server does not answer ARP for its own */
	__be32 gives;
	u8 options[400];
	u32 options_bytes;
	/** changes an answer before it is sent; NULL: as it is */
	void (*spoil)(struct server *s, u8 *frame, u32 *len_bytes);
};

#define DHCP_AT (14U + 20U + 8U)
#define SEC ((u64)NSEC_PER_SEC)

static inline bool is_dhcp(const struct lan_frame *f)
{
	return f->len_bytes >= DHCP_AT + sizeof(struct dhcphdr) && f->data[12] == 8 && f->data[13] == 0 &&
	       f->data[23] == 17 && f->data[36] == 0 && f->data[37] == 67;
}

/** option_of() - its data in the options of @f, NULL: it is not there */
static inline const u8 *option_of(const struct lan_frame *f, u8 code, u8 *len)
{
	u32 at = DHCP_AT + (u32)sizeof(struct dhcphdr);

	while (at + 1 < f->len_bytes && f->data[at] != DHCP_END) {
		if (f->data[at] == DHCP_PAD) {
			at++;
			continue;
		}
		*len = f->data[at + 1];
		assert_true(at + 2 + *len <= f->len_bytes);
		if (f->data[at] == code)
			return f->data + at + 2;
		at += 2U + *len;
	}
	return NULL;
}

static inline __be32 addr_option(const struct lan_frame *f, u8 code)
{
	u8 len = 0;
	const u8 *p = option_of(f, code, &len);

	return p && len == 4 ? get_unaligned_be32(p) : cpu_to_be32(0);
}

static inline void add_option(struct server *s, u8 code, const void *data, u8 len)
{
	s->options[s->options_bytes++] = code;
	s->options[s->options_bytes++] = len;
	memcpy(s->options + s->options_bytes, data, len);
	s->options_bytes += len;
}

static inline void add_u32(struct server *s, u8 code, u32 value)
{
	__be32 wire = cpu_to_be32(value);

	add_option(s, code, &wire, 4);
}

/** udp_frame() - @payload from the server, to @dst and @daddr.  Return: its length */
static inline u32 udp_frame(u8 *frame, const u8 *dst, __be32 daddr, const void *payload, u32 len)
{
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = 17, .saddr = SERVER, .daddr = daddr };
	struct udphdr udp = { .source = CONST_BE16(67), .dest = CONST_BE16(68), .len = cpu_to_be16((u16)(len + 8)) };
	u32 sum = csum_partial(payload, len, 0);

	ip.tot_len = cpu_to_be16((u16)(len + 28));
	ip_send_check(&ip);
	udp.check = csum_tcpudp_magic(ip.saddr, ip.daddr, len + 8, 17, csum_partial(&udp, sizeof(udp), sum));
	memcpy(frame, dst, 6);
	memcpy(frame + 6, LAN_OTHER, 6);
	frame[12] = 8;
	frame[13] = 0;
	memcpy(frame + 14, &ip, 20);
	memcpy(frame + 34, &udp, 8);
	memcpy(frame + 42, payload, len);
	return 42 + len;
}

/** server_says() - a message of @type in answer to @f, with the server's options; to the offered address by unicast */
static inline void server_says(struct server *s, const struct lan_frame *f, enum dhcp_type type)
{
	_Alignas(8) u8 msg[sizeof(struct dhcphdr) + 440] = { 0 };
	struct dhcphdr *h = (struct dhcphdr *)(void *)msg;
	u8 frame[LAN_FRAME_BYTES], *at = msg + sizeof(*h), type_byte = (u8)type;
	const u8 head[] = { DHCP_MESSAGE_TYPE, 1, type_byte, DHCP_SERVER_ID, 4, 10, 0, 0, 1 };
	static const u8 all[6] = { 255, 255, 255, 255, 255, 255 };
	u32 len;

	memcpy(h, f->data + DHCP_AT, sizeof(*h));
	h->op = BOOTREPLY;
	h->yiaddr = type == DHCPNAK ? cpu_to_be32(0) : s->gives;
	memset(h->sname, 0, sizeof(h->sname) + sizeof(h->file));
	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	if (type != DHCPNAK) {
		memcpy(at, s->options, s->options_bytes);
		at += s->options_bytes;
	}
	*at++ = DHCP_END;
	if (type == DHCPNAK)
		len = udp_frame(frame, all, CONST_BE32(0xffffffffU), msg, (u32)(at - msg));
	else
		len = udp_frame(frame, LAN_MAC, s->gives, msg, (u32)(at - msg));
	if (s->spoil)
		s->spoil(s, frame, &len);
	lan_receive(s->lan, frame, len);
}

static inline void server_remembers(struct server *s, const struct lan_frame *f)
{
	static const u8 all[6] = { 255, 255, 255, 255, 255, 255 };
	struct asked *a = &s->asked[s->asked_count];
	struct dhcphdr h;
	const u8 *p;
	u8 len = 0;

	assert_true(s->asked_count < ASKED_MAX);
	s->asked_count++;
	memcpy(&h, f->data + DHCP_AT, sizeof(h));
	p = option_of(f, DHCP_MESSAGE_TYPE, &len);
	assert_true(p && len == 1);
	*a = (struct asked){ .at_ns = f->at_ns, .type = *p, .xid = be32_to_cpu(h.xid), .secs = be16_to_cpu(h.secs) };
	a->saddr = get_unaligned_be32(f->data + 26);
	a->daddr = get_unaligned_be32(f->data + 30);
	a->ciaddr = h.ciaddr;
	a->requested = addr_option(f, DHCP_REQUESTED_ADDR);
	a->server = addr_option(f, DHCP_SERVER_ID);
	a->broadcast_frame = memcmp(f->data, all, 6) == 0;
	p = option_of(f, DHCP_CLIENT_ID, &len);
	if (p && len <= sizeof(a->client_id)) {
		memcpy(a->client_id, p, len);
		a->client_id_bytes = len;
	}
}

static inline void server_answers_arp(struct server *s, const struct lan_frame *f)
{
	u8 reply[60];
	__be32 tip, sip;

	if (f->len_bytes < 42 || f->data[12] != 8 || f->data[13] != 6 || f->data[21] != ARPOP_REQUEST)
		return;
	tip = get_unaligned_be32(f->data + 38);
	sip = get_unaligned_be32(f->data + 28);
	if (sip == tip || (tip == SERVER ? s->no_arp : !(s->taken && tip == s->gives)))
		return;
	lan_receive(s->lan, reply, lan_arp_build(reply, ARPOP_REPLY, LAN_OTHER, tip, LAN_MAC, sip));
}

static inline void server_answers(struct lan *lan, const struct lan_frame *f)
{
	struct server *s = lan->answer_ctx;
	const struct asked *a;

	if (!is_dhcp(f)) {
		server_answers_arp(s, f);
		return;
	}
	server_remembers(s, f);
	a = &s->asked[s->asked_count - 1];
	if (s->silent)
		return;
	if (s->deaf_to[a->type]) {
		s->deaf_to[a->type]--;
		return;
	}
	if (a->type == DHCPDISCOVER)
		server_says(s, f, DHCPOFFER);
	else if (a->type == DHCPREQUEST)
		server_says(s, f, s->nak ? DHCPNAK : DHCPACK);
}

/** server_create() - a net and a server that gives OFFERED for @lease_s, with a mask, a router and no more */
static inline struct server *server_create(enum nethood_profile profile, u8 seed, u32 lease_s)
{
	struct server *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->lan = lan_create(profile, seed);
	s->lan->answer = server_answers;
	s->lan->answer_ctx = s;
	s->gives = OFFERED;
	add_u32(s, DHCP_SUBNET_MASK, 0xffffff00U);
	add_u32(s, DHCP_LEASE_TIME, lease_s);
	add_u32(s, DHCP_ROUTER, 0x0a000001U);
	return s;
}

static inline void server_destroy(struct server *s)
{
	lan_destroy(s->lan);
	free(s);
}

static inline u32 server_count(const struct server *s, u8 type)
{
	u32 count = 0;

	for (u32 i = 0; i < s->asked_count; i++)
		count += s->asked[i].type == type;
	return count;
}

/* ------------------------------------------------------------------ its client */

static const struct dhcp_config plain;

static inline enum dhcp_state state_of(const struct server *s)
{
	struct dhcp_status st;

	return dhcp_status(s->lan->dev, &st) ? DHCP_ENDED : st.state;
}

static inline void begin(struct server *s)
{
	assert_int_equal(dhcp_start(s->lan->dev, &plain), 0);
	lan_poll(s->lan);
}

/* Time passes until the client is in @state. */
static inline void until(struct server *s, enum dhcp_state state, u64 within_ns)
{
	u64 end = s->lan->now + within_ns;

	while (state_of(s) != state && s->lan->now < end)
		lan_tick(s->lan, SEC / 20);
	assert_int_equal(state_of(s), state);
}

static inline struct server *bound(enum nethood_profile profile, u32 lease_s)
{
	struct server *s = server_create(profile, 7, lease_s);

	begin(s);
	until(s, DHCP_BOUND, 30 * SEC);
	return s;
}

static inline const struct in_ifaddr *ifa_of(const struct server *s)
{
	return inet_lookup_ifaddr(s->lan->net, s->gives);
}

/** struct seen - routes of protocol dhcp */
struct seen {
	u32 count;
	struct {
		__be32 dst, gw;
		u8 len;
	} r[32];
};

static inline int see_route(void *ctx, const struct fib_route_view *v)
{
	struct seen *seen = ctx;

	if (v->fi->protocol != RTPROT_DHCP)
		return 0;
	seen->r[seen->count].dst = v->dst;
	seen->r[seen->count].len = v->dst_len;
	seen->r[seen->count++].gw = v->fi->nh[0].gw_family ? v->fi->nh[0].gw4 : cpu_to_be32(0);
	return 0;
}

static inline struct seen routes_of(const struct server *s)
{
	struct fib_dump_cursor cursor = { 0 };
	struct seen seen = { 0 };

	assert_int_equal(fib_route_dump(s->lan->net, &cursor, RT_TABLE_MAIN, see_route, &seen), 0);
	return seen;
}

static inline void nothing_is_left(const struct server *s)
{
	assert_null(ifa_of(s));
	assert_int_equal(routes_of(s).count, 0);
}

#endif
