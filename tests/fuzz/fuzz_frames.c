// SPDX-License-Identifier: BSD-2-Clause
/* Fuzz target: frames into an established world.
 *
 * The world is a router with neighbours in all states, routes, proxies and sockets; a third device gets its address from
 * outside.  An input is a world's number and steps: frames, time, what programs and administrators do, memory that runs out.
 *
 * A frame says in its second octet what of it is to be put right before it arrives: addresses, lengths, checksums, and the
 * numbers that its sender must have learned from us (the id of a DHCP exchange, ports, the packet that an ICMP error
 * speaks of).  So a mutation changes one thing, and what would have been lost in the first check reaches the last one.
 * IPv6 is in six.c.  What a peer learns of TCP, ports and sequence numbers, is in segments.c: those in a frame are distances from them.
 *
 * After each step all must hold that a net says of itself, each frame that it sent is well-formed, and in the end nothing
 * is left.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/csum.h"
#include "fuzz.h"
#include "mutate.h"
#include "segments.h"
#include "six.h"
#include "wire/arp.h"
#include "wire/dhcp.h"
#include "wire/icmp.h"
#include "wire/ip.h"
#include "wire/tcp.h"
#include "wire/udp.h"

#define STEPS_AT_MOST 100U
#define INPUT_MAX_BYTES 20000U
#define FRAME_ROOM_BYTES 4096U
#define L3 ((size_t)ETH_HLEN)
#define SOCKS 7U
#define DHCP_DEV 2U
#define SYSCTLS_MAX 1024U

/* what a frame is to be put right in */
enum {
	FIX_MAC = 1,    /* to us */
	FIX_DADDR = 2,  /* to our address */
	FIX_LENGTH = 4, /* of IP and UDP */
	FIX_CSUM = 8,   /* of IP, UDP, ICMP, IGMP */
	FIX_LEARNED = 16,
	FIX_SADDR = 32,    /* from a station of that net; its last octet stays */
	FIX_FRAGMENT = 64, /* of one of four packets */
	FIX_ARP = 128,     /* an ARP packet with our addresses as target, the sender's on that net */
};

/** struct learned - what a peer knows from what was sent to it */
struct learned {
	u8 packet[128]; /**< the last one of IPv4, from its header on */
	size_t packet_bytes;
	__be32 xid; /**< of DHCP */
	__be16 udp_source, udp_dest;
	__be16 echo_id, echo_sequence;
};

struct world {
	struct fuzz_net fn; /**< first */
	struct nethood_sock *sk[SOCKS];
	struct nethood_sock *stream[STREAMS];
	struct learned learned[FUZZ_DEVS];
	struct segments segments;
	struct six six;
	__be32 addr[FUZZ_DEVS];
};

static __be32 ip4(u8 a, u8 b, u8 c, u8 d)
{
	return cpu_to_be32((u32)a << 24 | (u32)b << 16 | (u32)c << 8 | d);
}

/* ------------------------------------------------------------------ what leaves */

static void learn_ip(struct learned *l, const u8 *p, size_t len_bytes)
{
	const struct iphdr *iph = ip_check(p, len_bytes);
	size_t head;

	if (!iph || ip_fast_csum(iph))
		fuzz_fail("a packet with a bad IPv4 header was sent");
	if (be16_to_cpu(iph->tot_len) > len_bytes || be16_to_cpu(iph->tot_len) < ip_hdrlen_bytes(iph))
		fuzz_fail("a packet was sent whose length lies");
	l->packet_bytes = len_bytes < sizeof(l->packet) ? len_bytes : sizeof(l->packet);
	memcpy(l->packet, p, l->packet_bytes);
	head = ip_hdrlen_bytes(iph);
	if (len_bytes < head + sizeof(struct udphdr) || (iph->frag_off & CONST_BE16(IP_OFFSET)))
		return;
	if (iph->protocol == IPPROTO_UDP) {
		memcpy(&l->udp_source, p + head, 2);
		memcpy(&l->udp_dest, p + head + 2, 2);
		if (l->udp_dest == CONST_BE16(DHCP_SERVER_PORT) && len_bytes >= head + 8 + sizeof(struct dhcphdr))
			memcpy(&l->xid, p + head + 8 + offsetof(struct dhcphdr, xid), 4);
	} else if (iph->protocol == IPPROTO_ICMP && p[head] == ICMP_ECHO) {
		memcpy(&l->echo_id, p + head + 4, 2);
		memcpy(&l->echo_sequence, p + head + 6, 2);
	}
}

static void sent(struct fuzz_net *fn, const struct fuzz_dev *dev, const u8 *frame, size_t len_bytes)
{
	struct world *w = (struct world *)(void *)fn;
	struct ethhdr eth;

	if (len_bytes < sizeof(eth))
		fuzz_fail("a frame without a header was sent");
	memcpy(&eth, frame, sizeof(eth));
	if (!ether_addr_equal(eth.h_source, dev->mac))
		fuzz_fail("a frame was sent that is not from the device's address");
	if (eth.h_proto == CONST_BE16(ETH_P_IP)) {
		learn_ip(&w->learned[dev - fn->dev], frame + L3, len_bytes - L3);
		segments_learn(&w->segments, frame + L3, len_bytes - L3);
	} else if (eth.h_proto == CONST_BE16(ETH_P_IPV6)) {
		six_sent(&w->six, (u32)(dev - fn->dev), frame, len_bytes);
	} else if (eth.h_proto == CONST_BE16(ETH_P_ARP) && !arp_check(frame + L3, len_bytes - L3)) {
		fuzz_fail("a bad ARP packet was sent");
	}
}

/* ------------------------------------------------------------------ the world */

static void create_socket(struct world *w, u32 i, int domain, int type, int protocol)
{
	if (nethood_socket(w->fn.net, domain, type, protocol, &w->sk[i]))
		w->sk[i] = NULL;
}

static void name_socket(struct nethood_sock *sk, __be32 addr, u16 port, bool peer)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	memcpy(&sin.sin_addr, &addr, sizeof(addr));
	if (peer)
		(void)nethood_connect(sk, (struct sockaddr *)&sin, sizeof(sin));
	else
		(void)nethood_bind(sk, (struct sockaddr *)&sin, sizeof(sin));
}

static void flag(struct nethood_sock *sk, int level, int name)
{
	int on = 1;

	(void)nethood_setsockopt(sk, level, name, &on, sizeof(on));
}

static void create_sockets(struct world *w)
{
	const struct ip_mreqn group = { .imr_multiaddr = { htonl(0xef010101) }, .imr_ifindex = 2 };
	const struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_groups = 0x8d7 };

	create_socket(w, 0, AF_INET, SOCK_DGRAM, 0);
	name_socket(w->sk[0], 0, 5000, false);
	flag(w->sk[0], IPPROTO_IP, IP_RECVERR);
	flag(w->sk[0], IPPROTO_IP, IP_PKTINFO);
	flag(w->sk[0], SOL_SOCKET, SO_BROADCAST);
	create_socket(w, 1, AF_INET, SOCK_DGRAM, 0);
	name_socket(w->sk[1], ip4(10, 0, 0, 1), 6000, true);
	create_socket(w, 2, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	create_socket(w, 3, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	create_socket(w, 4, AF_INET, SOCK_RAW, IPPROTO_UDP);
	create_socket(w, 5, AF_INET, SOCK_DGRAM, 0);
	name_socket(w->sk[5], 0, 5001, false);
	(void)nethood_setsockopt(w->sk[5], IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group));
	create_socket(w, 6, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	(void)nethood_bind(w->sk[6], (const struct sockaddr *)&nl, sizeof(nl));
}

static void create_neighbours(struct world *w)
{
	static const struct {
		const char *addr;
		u16 state;
		u8 flags;
	} rows[] = {
		{ "10.0.0.1", NUD_REACHABLE, 0 },     { "10.0.0.3", NUD_STALE, 0 },
		{ "10.0.0.4", NUD_DELAY, 0 },         { "10.0.0.5", NUD_PROBE, 0 },
		{ "10.0.0.7", NUD_PERMANENT, 0 },     { "10.0.0.8", NUD_NOARP, 0 },
		{ "10.0.0.9", NUD_FAILED, 0 },        { "10.0.0.10", NUD_STALE, NTF_EXT_LEARNED },
		{ "10.0.0.50", NUD_NONE, NTF_PROXY }, { "10.0.0.11", NUD_INCOMPLETE, NTF_USE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const u8 lladdr[6] = { 2, 0xee, 0, 0, 0, (u8)i };

		(void)fuzz_neigh(&w->fn, 2, rows[i].addr,
				 rows[i].state & (NUD_NONE | NUD_INCOMPLETE | NUD_FAILED) ? NULL : lladdr,
				 rows[i].state, rows[i].flags);
	}
	(void)fuzz_neigh(&w->fn, 3, "10.1.0.9", (const u8[]){ 2, 0xee, 1, 0, 0, 9 }, NUD_REACHABLE, 0);
}

static void arrive(struct world *w, const struct segments *known, const struct segment_shape *shape)
{
	u8 frame[FRAME_ROOM_BYTES] = { 2, 0, 0, 0, 0, 1, 2, 0xee, 0, 0, 0, 4, 8, 0 };

	(void)nethood_dev_receive(w->fn.dev[0].dev, frame, L3 + segments_build(known, shape, frame + L3));
	fuzz_poll(&w->fn);
}

static void segment(struct world *w, u8 which, u8 flags, const u8 *options, size_t option_bytes, size_t data_bytes)
{
	static const u8 zeros[1000];

	arrive(w, &w->segments,
	       &(struct segment_shape){ .which = which,
					.flags = flags,
					.window = 20000,
					.options = options,
					.option_bytes = option_bytes,
					.data = zeros,
					.data_bytes = data_bytes });
}

/* 10.0.0.7, port 999, begins a connection with our port 7000. */
static void arrive_syn(struct world *w, const u8 *options, size_t option_bytes)
{
	const struct segments known = { .count = 1,
					.seen = { { .ours = { 10, 0, 0, 2 },
						    .peer = { 10, 0, 0, 7 },
						    .our_port = CONST_BE16(7000),
						    .peer_port = CONST_BE16(999) } } };

	arrive(w, &known,
	       &(struct segment_shape){
		       .flags = TCPHDR_SYN, .window = 20000, .options = options, .option_bytes = option_bytes });
}

/* Sockets that listen, connect, are connected with and without options, and close, from either side. */
static void create_connections(struct world *w)
{
	static const u8 all_options[] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7 };
	static const u8 stamps[] = { 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0 };
	static const u8 zeros[3000];

	for (u32 i = 0; i < 6; i++) {
		if (nethood_socket(w->fn.net, AF_INET, SOCK_STREAM, 0, &w->stream[i]))
			fuzz_fail("no socket");
	}
	for (u16 i = 1; i < 6; i++) { /* the first one gets no answer */
		name_socket(w->stream[i], ip4(10, 0, 0, 7), (u16)(7000 + i), true);
		fuzz_poll(&w->fn);
		if (i > 1)
			segment(w, (u8)(i - 1), TCPHDR_SYN | TCPHDR_ACK, all_options, i > 2 ? sizeof(all_options) : 4,
				0);
	}
	for (u8 i = 1; i < 5; i++) {
		(void)nethood_sendto(w->stream[i + 1], zeros, i == 2 ? sizeof(zeros) : 10, 0, NULL, 0);
		segment(w, i, TCPHDR_ACK, stamps, i > 1 ? sizeof(stamps) : 0, i == 2 ? 500 : 0);
	}
	segment(w, 3, TCPHDR_ACK | TCPHDR_FIN, stamps, sizeof(stamps), 0);
	(void)nethood_shutdown(w->stream[5], SHUT_WR);
	name_socket(w->stream[0], 0, 7000, false);
	(void)nethood_listen(w->stream[0], 3);
	arrive_syn(w, all_options, sizeof(all_options));
}

/* Config: 1 as the RFCs say, 2 a router, 4 DHCP, 8 IPv4LL, 16 by ARP, 32 proxies, 64 everything takes less time,
 * 128 connections */
static void create_world(struct world *w, u8 config)
{
	const struct nethood_dhcp_config dhcp = { .hostname = "h", .link_local = (config & 8) != 0 };
	const struct nethood_by_arp_config by_arp = {
		.icmp_bytes = 436, .port = 5000, .prefix_bits = 24, .timeout_ns = 60 * FUZZ_SEC
	};

	w->fn.sent = sent;
	fuzz_net_create(&w->fn, config & 1 ? NETHOOD_PROFILE_STRICT : NETHOOD_PROFILE_LINUX);
	for (int i = 1; i <= (int)FUZZ_DEVS + 1; i++)
		(void)fuzz_link_up(&w->fn, i, true);
	(void)fuzz_addr(&w->fn, 2, "10.0.0.2", 24);
	(void)fuzz_addr(&w->fn, 3, "10.1.0.2", 24);
	w->addr[0] = ip4(10, 0, 0, 2);
	w->addr[1] = ip4(10, 1, 0, 2);
	w->addr[2] = ip4(10, 2, 0, 2);
	if (config & 1) /* in strict, addresses are probed for first */
		fuzz_pass(&w->fn, 10 * FUZZ_SEC);
	(void)fuzz_route(&w->fn, "0.0.0.0", 0, "10.0.0.1", 2);
	(void)fuzz_route(&w->fn, "192.168.0.0", 16, "10.1.0.9", 3);
	fuzz_sysctl(&w->fn, "net.ipv4.ip_forward", config & 2 ? "1" : "0");
	fuzz_sysctl(&w->fn, "net.ipv4.conf.eth1.proxy_arp", config & 32 ? "1" : "0");
	fuzz_sysctl(&w->fn, "net.ipv4.conf.eth0.proxy_arp_pvlan", config & 32 ? "1" : "0");
	fuzz_sysctl(&w->fn, "net.ipv4.ping_group_range", "0 2147483647");
	if (config & 64) {
		fuzz_sysctl(&w->fn, "net.ipv4.neigh.eth0.base_reachable_time_ms", "100");
		fuzz_sysctl(&w->fn, "net.ipv4.neigh.eth0.delay_first_probe_time", "0");
		fuzz_sysctl(&w->fn, "net.ipv4.neigh.eth0.gc_stale_time", "0");
		fuzz_sysctl(&w->fn, "net.ipv4.neigh.default.gc_thresh1", "1");
		fuzz_sysctl(&w->fn, "net.ipv4.neigh.default.gc_thresh2", "2");
		fuzz_sysctl(&w->fn, "net.ipv4.neigh.default.gc_thresh3", "12");
	}
	create_sockets(w);
	create_neighbours(w);
	six_create(&w->six, &w->fn, (config & 2) != 0, (config & 64) != 0);
	if (config & 4)
		(void)nethood_dhcp_start(w->fn.dev[DHCP_DEV].dev, &dhcp);
	else if (config & 8)
		(void)nethood_ipv4ll_start(w->fn.dev[DHCP_DEV].dev);
	if (config & 16)
		(void)nethood_by_arp_start(w->fn.dev[DHCP_DEV].dev, &by_arp);
	if (config & 128) {
		create_connections(w);
		six_connect(&w->six, &w->fn);
	}
	fuzz_poll(&w->fn);
}

/* ------------------------------------------------------------------ frames */

static void fix_arp(const struct world *w, u32 d, u8 *p, size_t len_bytes)
{
	struct arp_eth_ip4 arp;
	__be32 station;

	if (len_bytes < sizeof(arp))
		return;
	memcpy(&arp, p, sizeof(arp));
	station = ip4(10, (u8)d, 0, arp.ar_sip[3]);
	arp_build(&arp, be16_to_cpu(arp.ar_op) & 3, arp.ar_sha, station, arp.ar_tha, w->addr[d]);
	memcpy(p, &arp, sizeof(arp));
}

static void fix_icmp_error(const struct learned *l, u8 *icmp, size_t len_bytes)
{
	size_t room = len_bytes - sizeof(struct icmphdr);

	memcpy(icmp + sizeof(struct icmphdr), l->packet, room < l->packet_bytes ? room : l->packet_bytes);
}

static void fix_learned(const struct world *w, u32 d, u8 protocol, u8 *p, size_t len_bytes)
{
	const struct learned *l = &w->learned[d];

	if (len_bytes < 8)
		return;
	if (protocol == IPPROTO_UDP && p[2] == 0 && p[3] == DHCP_CLIENT_PORT &&
	    len_bytes >= 8 + sizeof(struct dhcphdr)) {
		memcpy(p + 8 + offsetof(struct dhcphdr, xid), &l->xid, 4);
		memcpy(p + 8 + offsetof(struct dhcphdr, chaddr), w->fn.dev[d].mac, FUZZ_MAC_BYTES);
	} else if (protocol == IPPROTO_UDP) {
		memcpy(p, &l->udp_dest, 2);
		memcpy(p + 2, &l->udp_source, 2);
	} else if (protocol == IPPROTO_ICMP && p[0] == ICMP_ECHOREPLY) {
		memcpy(p + 4, &l->echo_id, 2);
		memcpy(p + 6, &l->echo_sequence, 2);
	} else if (protocol == IPPROTO_ICMP) {
		fix_icmp_error(l, p, len_bytes);
	}
}

static void fix_csum(struct iphdr *iph, u8 *p, size_t len_bytes)
{
	__be16 sum = 0;

	if (iph->protocol == IPPROTO_UDP && len_bytes >= 8) {
		memcpy(p + 6, &sum, 2);
		sum = csum_tcpudp_magic(iph->saddr, iph->daddr, (u32)len_bytes, IPPROTO_UDP,
					csum_partial(p, (u32)len_bytes, 0));
		memcpy(p + 6, &sum, 2);
	} else if (iph->protocol == IPPROTO_TCP) {
		segments_csum(iph->saddr, iph->daddr, p, len_bytes);
	} else if ((iph->protocol == IPPROTO_ICMP || iph->protocol == IPPROTO_IGMP) && len_bytes >= 4) {
		memcpy(p + 2, &sum, 2);
		sum = ip_compute_csum(p, (u32)len_bytes);
		memcpy(p + 2, &sum, 2);
	}
}

static void fix_addrs(const struct world *w, u32 d, u8 fix, struct iphdr *iph)
{
	if (fix & FIX_DADDR)
		iph->daddr = w->addr[d];
	if (fix & FIX_SADDR)
		iph->saddr = ip4(10, (u8)d, 0, (u8)be32_to_cpu(iph->saddr));
	if (fix & FIX_FRAGMENT) {
		iph->id = iph->id & CONST_BE16(3);
		iph->saddr = ip4(10, (u8)d, 0, 1);
		iph->protocol = IPPROTO_UDP;
	}
}

static void fix_ip(const struct world *w, u32 d, u8 fix, u8 *p, size_t len_bytes)
{
	struct iphdr iph;
	size_t head;

	if (len_bytes < sizeof(iph))
		return;
	memcpy(&iph, p, sizeof(iph));
	fix_addrs(w, d, fix, &iph);
	if (fix & FIX_LENGTH) {
		iph.version = IPVERSION;
		iph.ihl = iph.ihl < 5 ? 5 : iph.ihl;
		iph.tot_len = cpu_to_be16((u16)len_bytes);
	}
	head = ip_hdrlen_bytes(&iph);
	memcpy(p, &iph, sizeof(iph));
	if (head < sizeof(iph) || head > len_bytes)
		return;
	if (fix & FIX_LEARNED) {
		fix_learned(w, d, iph.protocol, p + head, len_bytes - head);
		segments_fix(&w->segments, p, len_bytes);
		memcpy(&iph, p, sizeof(iph));
	}
	if ((fix & FIX_LENGTH) && iph.protocol == IPPROTO_UDP && len_bytes - head >= 8 && !(fix & FIX_FRAGMENT)) {
		p[head + 4] = (u8)((len_bytes - head) >> 8);
		p[head + 5] = (u8)(len_bytes - head);
	}
	if (!(fix & FIX_CSUM))
		return;
	if (!ip_is_fragment(&iph))
		fix_csum(&iph, p + head, len_bytes - head);
	p[10] = p[11] = 0;
	iph.check = ip_compute_csum(p, (u32)head);
	memcpy(p + offsetof(struct iphdr, check), &iph.check, 2);
}

/* Body: device, what to put right, the frame */
static void step_frame(struct world *w, struct input *in)
{
	u8 frame[FRAME_ROOM_BYTES] = { 0 };
	u32 d = in_below(in, FUZZ_DEVS);
	u8 fix = in_u8(in);
	size_t len_bytes;
	const u8 *bytes = in_bytes(in, sizeof(frame), &len_bytes);

	if (len_bytes)
		memcpy(frame, bytes, len_bytes);
	if ((fix & FIX_MAC) && len_bytes >= L3)
		memcpy(frame, w->fn.dev[d].mac, FUZZ_MAC_BYTES);
	if (len_bytes >= L3 && frame[12] == 8 && frame[13] == 0)
		fix_ip(w, d, fix, frame + L3, len_bytes - L3);
	else if (len_bytes >= L3 && frame[12] == 0x86 && frame[13] == 0xdd)
		six_fix(&w->six, &w->fn.dev[d], d, fix, frame, len_bytes);
	else if (len_bytes >= L3 && (fix & FIX_ARP))
		fix_arp(w, d, frame + L3, len_bytes - L3);
	(void)nethood_dev_receive(w->fn.dev[d].dev, frame, len_bytes);
	fuzz_poll(&w->fn);
}

/* ------------------------------------------------------------------ everything else */

/* Body: unit, how many */
static void step_time(struct world *w, struct input *in)
{
	static const u64 units_ns[] = { 1000000, 10000000, FUZZ_SEC / 10, FUZZ_SEC, 10 * FUZZ_SEC, 100 * FUZZ_SEC };
	u64 unit_ns = units_ns[in_below(in, ARRAY_SIZE(units_ns))];

	fuzz_pass(&w->fn, unit_ns * in_u8(in));
}

static __be32 pick_addr(struct input *in)
{
	u8 net = in_u8(in), host = in_u8(in);

	switch (net & 7) {
	case 0:
	case 1:
	case 2:
		return ip4(10, net & 7, 0, host);
	case 3:
		return ip4(192, 168, net, host);
	case 4:
		return ip4(239, 1, 1, host);
	case 5:
		return ip4(127, 0, 0, host);
	case 6:
		return ip4(169, 254, net, host);
	default:
		return host & 1 ? ip4(255, 255, 255, 255) : ip4(8, 8, 8, host);
	}
}

/* Body: socket, address, port, flags, length */
static void step_send(struct world *w, struct input *in)
{
	static const u8 zeros[3000];
	static const int all_flags[] = { 0, MSG_CONFIRM, MSG_DONTROUTE, MSG_MORE };
	struct nethood_sock *sk = w->sk[in_below(in, SOCKS - 1)];
	__be32 addr = pick_addr(in);
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(in_u8(in)) };
	int flags = all_flags[in_below(in, ARRAY_SIZE(all_flags))];
	size_t len_bytes = in_u16(in) % sizeof(zeros);
	u8 echo[8] = { ICMP_ECHO };

	memcpy(&sin.sin_addr, &addr, sizeof(addr));
	if (!sk)
		return;
	if (sk == w->sk[2])
		(void)nethood_sendto(sk, echo, sizeof(echo), flags, (struct sockaddr *)&sin, sizeof(sin));
	else
		(void)nethood_sendto(sk, zeros, len_bytes, flags, (struct sockaddr *)&sin, sizeof(sin));
	fuzz_poll(&w->fn);
}

static struct nethood_sock *reader(struct world *w, struct input *in)
{
	return w->sk[in_below(in, SOCKS)];
}

/* Body: socket, room for data and control */
static void step_receive(struct world *w, struct input *in)
{
	fuzz_receive(reader(w, in), in);
}

/* A filter is a program behind a pointer. */
static void attach_filter(struct nethood_sock *sk, int name, const u8 *value, size_t len_bytes)
{
	struct sock_filter insns[32];
	struct sock_fprog prog = { .len = (u16)(len_bytes / sizeof(insns[0])), .filter = insns };

	if (len_bytes > sizeof(insns))
		return;
	if (len_bytes)
		memcpy(insns, value, len_bytes);
	(void)nethood_setsockopt(sk, SOL_SOCKET, name, &prog, sizeof(prog));
}

/* Body: socket, level, name, value */
static void step_option(struct world *w, struct input *in)
{
	static const int levels[] = { SOL_SOCKET, IPPROTO_IP, IPPROTO_UDP, SOL_RAW, SOL_NETLINK };
	struct nethood_sock *sk = reader(w, in);
	int level = levels[in_below(in, ARRAY_SIZE(levels))], name = in_u8(in);
	u8 copy[256] = { 0 };
	socklen_t copy_bytes = sizeof(copy);
	size_t len_bytes;
	const u8 *value = in_bytes(in, sizeof(copy), &len_bytes);

	if (!sk)
		return;
	if (level == SOL_SOCKET && (name == SO_ATTACH_FILTER || name == SO_ATTACH_REUSEPORT_CBPF)) {
		attach_filter(sk, name, value, len_bytes);
		return;
	}
	if (len_bytes)
		memcpy(copy, value, len_bytes);
	(void)nethood_setsockopt(sk, level, name, copy, (socklen_t)len_bytes);
	if (level != SOL_SOCKET || name != SO_GET_FILTER)
		(void)nethood_getsockopt(sk, level, name, copy, &copy_bytes);
}

static char sysctls[SYSCTLS_MAX][96]; /* the keys of all: the same in each world */
static u32 sysctl_count;

static int remember_sysctl(void *ctx, const char *key, const char *value)
{
	(void)ctx, (void)value;
	if (sysctl_count < SYSCTLS_MAX && strlen(key) < sizeof(sysctls[0]))
		strcpy(sysctls[sysctl_count++], key);
	return 0;
}

/* Body: which, value */
static void step_sysctl(struct world *w, struct input *in)
{
	static const char *const values[] = { "0",    "1",     "2",  "3",          "4",           "8",  "100",
					      "1000", "65535", "-1", "2147483647", "-2147483648", "16", "500" };
	u32 which = in_u16(in);

	if (!sysctl_count)
		(void)nethood_sysctl_each(w->fn.net, remember_sysctl, NULL);
	fuzz_sysctl(&w->fn, sysctls[which % sysctl_count], values[in_below(in, ARRAY_SIZE(values))]);
}

/* Body: device, what */
static void step_link(struct world *w, struct input *in)
{
	u32 d = in_below(in, FUZZ_DEVS);

	switch (in_below(in, 6)) {
	case 0:
		(void)fuzz_link_up(&w->fn, (int)d + 2, false);
		break;
	case 1:
		(void)fuzz_link_up(&w->fn, (int)d + 2, true);
		break;
	case 2:
		nethood_dev_carrier(w->fn.dev[d].dev, false);
		break;
	case 3:
		nethood_dev_carrier(w->fn.dev[d].dev, true);
		break;
	case 4:
		w->fn.dev[d].busy = true;
		break;
	default:
		w->fn.dev[d].busy = false;
		nethood_dev_wake(w->fn.dev[d].dev);
	}
	fuzz_poll(&w->fn);
}

/* Body: device, last octet, state, flags, has it an address? */
static void step_neigh(struct world *w, struct input *in)
{
	char addr[32];
	u32 d = in_below(in, FUZZ_DEVS);
	u8 host = in_u8(in), flags, address;
	u16 state = (u16)(1U << in_below(in, 9));
	const u8 lladdr[6] = { 2, 0xee, 0, 0, 0, host };

	flags = in_u8(in);
	address = in_u8(in);
	snprintf(addr, sizeof(addr), "10.%u.0.%u", d, host);
	(void)fuzz_neigh(&w->fn, (int)d + 2, addr, address & 1 ? NULL : lladdr, state & 0xff, flags);
	fuzz_poll(&w->fn);
}

/* Body: what */
static void step_outside(struct world *w, struct input *in)
{
	struct nethood_dev *dev = w->fn.dev[in_below(in, FUZZ_DEVS)].dev;
	const struct nethood_by_arp_config by_arp = { .port = 5000, .prefix_bits = 16, .timeout_ns = 9 * FUZZ_SEC };
	const struct in_addr *addr;
	struct nethood_dhcp_lease lease;

	switch (in_below(in, 8)) {
	case 0:
		(void)nethood_dhcp_start(dev, NULL);
		break;
	case 1:
		(void)nethood_dhcp_stop(dev);
		break;
	case 2:
		(void)nethood_ipv4ll_start(dev);
		break;
	case 3:
		(void)nethood_ipv4ll_stop(dev);
		break;
	case 4:
		(void)nethood_by_arp_start(dev, &by_arp);
		break;
	case 5:
		(void)nethood_by_arp_stop(dev);
		break;
	case 6:
		addr = &(struct in_addr){ htonl(0x0a000000U | in_u8(in)) };
		(void)nethood_neigh_doubt(w->fn.net, NULL, AF_INET, addr);
		break;
	default:
		(void)nethood_dhcp_lease(dev, &lease);
	}
	fuzz_poll(&w->fn);
}

/* Body: after how many, for ever? */
static void step_memory(struct world *w, struct input *in)
{
	u32 after = in_u8(in);

	fuzz_memory(&w->fn, after, in_u8(in) & 1);
}

static void step_stream(struct world *w, struct input *in)
{
	streams_step(w->fn.net, w->stream, in);
	fuzz_poll(&w->fn);
}

static void step_send6(struct world *w, struct input *in)
{
	six_send(&w->six, in);
	fuzz_poll(&w->fn);
}

static void step_receive6(struct world *w, struct input *in)
{
	six_receive(&w->six, in);
	fuzz_poll(&w->fn);
}

static void step_option6(struct world *w, struct input *in)
{
	six_option(&w->six, in);
	fuzz_poll(&w->fn);
}

static void step_admin6(struct world *w, struct input *in)
{
	six_admin(&w->six, &w->fn, in);
	fuzz_poll(&w->fn);
}

static void (*const steps[])(struct world *w, struct input *in) = {
	step_frame,   step_time,   step_send,   step_receive, step_option,   step_sysctl,  step_link,   step_neigh,
	step_outside, step_memory, step_stream, step_send6,   step_receive6, step_option6, step_admin6,
};

int LLVMFuzzerTestOneInput(const u8 *data, size_t size_bytes)
{
	struct input in = { data, data + size_bytes };
	struct world w = { 0 };
	struct op op;

	if (size_bytes > INPUT_MAX_BYTES)
		return -1;
	create_world(&w, in_u8(&in));
	for (u32 i = 0; i < STEPS_AT_MOST && in_op(&in, &op); i++) {
		steps[op.kind % ARRAY_SIZE(steps)](&w, &op.body);
		fuzz_check(&w.fn);
	}
	fuzz_net_free(&w.fn);
	return 0;
}
