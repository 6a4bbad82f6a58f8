// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 for the fuzz target of frames.  @rfc 8200, 4443, 4861 */
#include "six.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <netinet/in.h>

#include "ip6_frame.h"
#include "mend.h"
#include "wire/tcp.h"

#define L3 ((size_t)14)
#define HEADER ((size_t)IP6_HEADER_BYTES)
#define ECHO_REQUEST 128
#define ECHO_REPLY 129
#define NS 135
#define NA 136
#define REDIRECT 137
#define HDRINCL 36 /* IPV6_HDRINCL */

/* fd00:0:0:D::HOST */
static void global(u32 d, u8 host, u8 out[static 16])
{
	memcpy(out, (const u8[16]){ [0] = 0xfd, [7] = (u8)d, [15] = host }, 16);
}

/* fe80::HOST; ours is made of the MAC */
static void local(u8 host, u8 out[static 16])
{
	memcpy(out, (const u8[16]){ [0] = 0xfe, 0x80, [15] = host }, 16);
}

static void own_local(u32 d, u8 out[static 16])
{
	memcpy(out, (const u8[16]){ [0] = 0xfe, 0x80, [11] = 0xff, 0xfe, [15] = (u8)(d + 1) }, 16);
}

/* ------------------------------------------------------------------ the world */

static struct nethood_sock *socket6(struct fuzz_net *fn, int type, int protocol)
{
	struct nethood_sock *sk;

	return nethood_socket(fn->net, AF_INET6, type, protocol, &sk) ? NULL : sk;
}

static void name6(struct nethood_sock *sk, const u8 addr[static 16], u16 port, bool peer)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	memcpy(&sin6.sin6_addr, addr, 16);
	if (peer)
		(void)nethood_connect(sk, (struct sockaddr *)&sin6, sizeof(sin6));
	else
		(void)nethood_bind(sk, (struct sockaddr *)&sin6, sizeof(sin6));
}

static void create_sockets(struct six *six, struct fuzz_net *fn)
{
	static const int told[] = { IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVRTHDR, IPV6_RECVHOPOPTS,
				    IPV6_RECVDSTOPTS, IPV6_RECVTCLASS,   IPV6_RECVERR,   IPV6_RECVPATHMTU };
	static const u8 any[16];
	struct ipv6_mreq group = { .ipv6mr_interface = 2 };
	u8 peer[16];
	int on = 1;

	six->sk[0] = socket6(fn, SOCK_DGRAM, 0);
	name6(six->sk[0], any, 5006, false);
	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		(void)nethood_setsockopt(six->sk[0], IPPROTO_IPV6, told[i], &on, sizeof(on));
	memcpy(&group.ipv6mr_multiaddr, (const u8[16]){ 0xff, 0x0e, [15] = 0x77 }, 16);
	(void)nethood_setsockopt(six->sk[0], IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &group, sizeof(group));
	six->sk[1] = socket6(fn, SOCK_DGRAM, 0);
	global(0, 1, peer);
	name6(six->sk[1], peer, 6000, true);
	six->sk[2] = socket6(fn, SOCK_DGRAM, IPPROTO_ICMPV6);
	six->sk[3] = socket6(fn, SOCK_RAW, IPPROTO_ICMPV6);
	six->sk[4] = socket6(fn, SOCK_STREAM, 0);
	name6(six->sk[4], any, 7006, false);
	(void)nethood_listen(six->sk[4], 3);
	six->sk[5] = socket6(fn, SOCK_STREAM, 0);
	name6(six->sk[5], peer, 7007, true);
}

static void create_neighbours(struct fuzz_net *fn)
{
	static const struct {
		const char *addr;
		u16 state;
		u8 flags;
	} rows[] = {
		{ "fd00::1", NUD_REACHABLE, NTF_ROUTER },
		{ "fd00::3", NUD_STALE, 0 },
		{ "fd00::4", NUD_DELAY, 0 },
		{ "fd00::5", NUD_PROBE, NTF_ROUTER },
		{ "fd00::7", NUD_PERMANENT, 0 },
		{ "fd00::9", NUD_FAILED, 0 },
		{ "fd00::50", NUD_NONE, NTF_PROXY },
		{ "fd00::b", NUD_INCOMPLETE, NTF_USE },
		{ "fe80::1", NUD_REACHABLE, NTF_ROUTER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const u8 lladdr[6] = { 2, 0xee, 0, 0, 0, (u8)i };

		(void)fuzz_neigh(fn, 2, rows[i].addr,
				 rows[i].state & (NUD_NONE | NUD_INCOMPLETE | NUD_FAILED) ? NULL : lladdr,
				 rows[i].state, rows[i].flags);
	}
	(void)fuzz_neigh(fn, 3, "fd00:0:0:1::9", (const u8[]){ 2, 0xee, 1, 0, 0, 9 }, NUD_REACHABLE, 0);
}

void six_create(struct six *six, struct fuzz_net *fn, bool forwards, bool quick)
{
	six->forwards = forwards;
	six->segments.six = true;
	fuzz_sysctl(fn, "net.ipv6.conf.all.accept_dad", "0");
	for (u32 d = 0; d < 2; d++) { /* the third device has what routers give it, and probes for it */
		fuzz_sysctl(fn, d ? "net.ipv6.conf.eth1.accept_dad" : "net.ipv6.conf.eth0.accept_dad", "0");
		(void)fuzz_addr(fn, (int)d + 2, d ? "fd00:0:0:1::2" : "fd00::2", 64);
	}
	fuzz_sysctl(fn, "net.ipv6.conf.eth2.use_tempaddr", "2");
	(void)fuzz_route(fn, "::", 0, "fd00::1", 2);
	(void)fuzz_route(fn, "2001:db8::", 32, "fd00:0:0:1::9", 3);
	fuzz_sysctl(fn, "net.ipv6.conf.all.forwarding", forwards ? "1" : "0");
	fuzz_sysctl(fn, "net.ipv6.conf.eth0.proxy_ndp", "1");
	fuzz_sysctl(fn, "net.ipv6.conf.eth0.accept_source_route", "1");
	fuzz_sysctl(fn, "net.ipv6.conf.eth0.accept_ra_rt_info_max_plen", "64");
	if (quick) {
		fuzz_sysctl(fn, "net.ipv6.neigh.eth0.base_reachable_time_ms", "100");
		fuzz_sysctl(fn, "net.ipv6.neigh.eth0.delay_first_probe_time", "0");
		fuzz_sysctl(fn, "net.ipv6.neigh.default.gc_thresh1", "1");
		fuzz_sysctl(fn, "net.ipv6.neigh.default.gc_thresh2", "2");
		fuzz_sysctl(fn, "net.ipv6.neigh.default.gc_thresh3", "12");
	}
	create_sockets(six, fn);
	create_neighbours(fn);
}

static void arrive(struct fuzz_net *fn, const struct segments *known, u8 flags)
{
	static const u8 options[] = { 2, 4, 5, 0xa0, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7 };
	const struct segment_shape shape = {
		.flags = flags, .window = 20000, .options = options, .option_bytes = sizeof(options)
	};
	u8 frame[L3 + HEADER + 20 + sizeof(options)] = { 2, 0, 0, 0, 0, 1, 2, 0xee, 0, 0, 0, 0, 0x86, 0xdd };

	(void)nethood_dev_receive(fn->dev[0].dev, frame, L3 + segments_build(known, &shape, frame + L3));
	fuzz_poll(fn);
}

void six_connect(struct six *six, struct fuzz_net *fn)
{
	struct segments known = { .six = true,
				  .count = 1,
				  .seen = { { .our_port = htons(7006), .peer_port = htons(999) } } };

	arrive(fn, &six->segments, TCPHDR_SYN | TCPHDR_ACK);
	global(0, 2, known.seen[0].ours);
	global(0, 7, known.seen[0].peer);
	arrive(fn, &known, TCPHDR_SYN);
}

/* ------------------------------------------------------------------ what leaves */

void six_sent(struct six *six, u32 d, const u8 *frame, size_t len_bytes)
{
	struct six_learned *l = &six->learned[d];
	const char *broken;
	struct ip6_view v;

	if (!ip6_view(frame, (u32)len_bytes, &v))
		fuzz_fail("a packet with a bad IPv6 header was sent");
	/* programs may send headers that say what they want */
	broken = ip6_broken(frame, (u32)len_bytes, six->forwards || v.upper != v.ip + HEADER);
	if (broken)
		fuzz_fail("a packet of IPv6 was sent that is wrong: %s", broken);
	l->packet_bytes = len_bytes - L3 < sizeof(l->packet) ? len_bytes - L3 : sizeof(l->packet);
	memcpy(l->packet, frame + L3, l->packet_bytes);
	segments_learn(&six->segments, frame + L3, len_bytes - L3);
	if (v.protocol != IP6_ICMP || v.upper_bytes < 8)
		return;
	if (v.upper[0] == NS && v.upper_bytes >= 24)
		memcpy(l->asked, v.upper + 8, sizeof(l->asked));
	if (v.upper[0] == ECHO_REQUEST)
		memcpy(l->echo, v.upper + 4, sizeof(l->echo));
}

/* ------------------------------------------------------------------ frames */

static void fix_addrs(u32 d, u8 fix, u8 *p)
{
	if ((fix & SIX_DADDR) && (fix & SIX_ND))
		own_local(d, p + 24);
	else if (fix & SIX_DADDR)
		global(d, 2, p + 24);
	if ((fix & SIX_SADDR) && (fix & SIX_ND))
		local(p[23], p + 8);
	else if (fix & SIX_SADDR)
		global(d, p[23], p + 8);
	if (fix & SIX_ND)
		p[7] = 255;
}

static void fix_length(u8 *p, size_t len_bytes)
{
	size_t payload = len_bytes - HEADER;

	p[0] = (u8)(0x60 | (p[0] & 15));
	p[4] = (u8)(payload >> 8);
	p[5] = (u8)payload;
	if (p[6] == IP6_UDP && payload >= 8) {
		p[HEADER + 4] = p[4];
		p[HEADER + 5] = p[5];
	}
}

static void fix_learned(const struct six *six, u32 d, u8 fix, u8 *upper, size_t len_bytes)
{
	const struct six_learned *l = &six->learned[d];
	size_t room = len_bytes - 8;

	if (upper[0] < ECHO_REQUEST) {
		memcpy(upper + 8, l->packet, room < l->packet_bytes ? room : l->packet_bytes);
		return;
	}
	if (upper[0] == ECHO_REPLY)
		memcpy(upper + 4, l->echo, sizeof(l->echo));
	if (room < 16)
		return;
	if (upper[0] == NS && (fix & SIX_ND))
		own_local(d, upper + 8);
	else if (upper[0] == NS)
		global(d, 2, upper + 8);
	else if (upper[0] == NA)
		memcpy(upper + 8, l->asked, 16);
	else if (upper[0] == REDIRECT && room >= 32 && l->packet_bytes >= HEADER)
		memcpy(upper + 24, l->packet + 24, 16);
}

void six_fix(const struct six *six, const struct fuzz_dev *dev, u32 d, u8 fix, u8 *frame, size_t len_bytes)
{
	u8 *p = frame + L3;
	struct ip6_view v;

	if (len_bytes < L3 + HEADER)
		return;
	fix_addrs(d, fix, p);
	if (fix & SIX_MAC) {
		memcpy(frame, dev->mac, FUZZ_MAC_BYTES);
		if (ip6_is_group(p + 24))
			memcpy(frame, (const u8[]){ 0x33, 0x33, p[36], p[37], p[38], p[39] }, FUZZ_MAC_BYTES);
	}
	if (fix & SIX_LENGTH)
		fix_length(p, len_bytes - L3);
	if ((fix & SIX_FRAGMENT) && p[6] == IP6_FRAGMENT && len_bytes >= L3 + HEADER + 8) {
		memset(p + HEADER + 4, 0, 3);
		p[HEADER + 7] &= 3;
		global(d, 1, p + 8);
	}
	if (!ip6_view(frame, (u32)len_bytes, &v))
		return;
	if ((fix & SIX_LEARNED) && v.protocol == IP6_ICMP && v.upper_bytes >= 8)
		fix_learned(six, d, fix, frame + (v.upper - frame), v.upper_bytes);
	else if ((fix & SIX_LEARNED) && v.protocol == IP6_TCP)
		segments_fix(&six->segments, p, len_bytes - L3);
	if (fix & SIX_CSUM)
		mend_checksums(frame, (u32)len_bytes);
}

/* ------------------------------------------------------------------ programs and administrators */

static void pick_addr(struct input *in, u8 out[static 16])
{
	u8 net = in_u8(in), host = in_u8(in);

	switch (net & 7) {
	case 0:
	case 1:
	case 2:
		global(net & 7, host, out);
		break;
	case 3:
		memcpy(out, (const u8[16]){ 0x20, 1, 0x0d, 0xb8, [15] = host }, 16);
		break;
	case 4:
		memcpy(out, (const u8[16]){ 0xff, net >> 4, [15] = host }, 16);
		break;
	case 5:
		memcpy(out, (const u8[16]){ [15] = 1 }, 16);
		break;
	case 6:
		local(host, out);
		break;
	default: /* by IPv4 */
		memcpy(out, (const u8[16]){ [10] = 0xff, 0xff, 10, 0, 0, host }, 16);
		break;
	}
}

/* Body: socket, address, port, device, flags, length */
void six_send(struct six *six, struct input *in)
{
	static const u8 zeros[3000];
	static const int all_flags[] = { 0, MSG_CONFIRM, MSG_DONTROUTE, MSG_MORE };
	struct nethood_sock *sk = six->sk[in_below(in, SIX_SOCKS)];
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	u8 addr[16], echo[8] = { ECHO_REQUEST };
	size_t len_bytes;
	int flags;

	pick_addr(in, addr);
	memcpy(&sin6.sin6_addr, addr, sizeof(addr));
	sin6.sin6_port = htons(in_u8(in));
	sin6.sin6_scope_id = in_u8(in) & 7;
	flags = all_flags[in_below(in, ARRAY_SIZE(all_flags))];
	len_bytes = in_u16(in) % sizeof(zeros);
	if (!sk)
		return;
	if (sk == six->sk[2] || sk == six->sk[3])
		(void)nethood_sendto(sk, echo, sizeof(echo), flags, (struct sockaddr *)&sin6, sizeof(sin6));
	else if (sk == six->sk[0])
		(void)nethood_sendto(sk, zeros, len_bytes, flags, (struct sockaddr *)&sin6, sizeof(sin6));
	else
		(void)nethood_sendto(sk, zeros, len_bytes, flags, NULL, 0);
}

/* Body: socket, room for data and control */
void six_receive(struct six *six, struct input *in)
{
	struct nethood_sock *sk = six->sk[in_below(in, SIX_SOCKS)], *child;

	if (sk && sk == six->sk[4] && !nethood_accept(sk, &child, NULL, NULL))
		nethood_close(child);
	fuzz_receive(sk, in);
}

/* Body: socket, level, name, value */
void six_option(struct six *six, struct input *in)
{
	static const int levels[] = { IPPROTO_IPV6, IPPROTO_ICMPV6, SOL_SOCKET, IPPROTO_IP,
				      IPPROTO_UDP,  IPPROTO_TCP,    SOL_RAW };
	struct nethood_sock *sk = six->sk[in_below(in, SIX_SOCKS)];
	int level = levels[in_below(in, ARRAY_SIZE(levels))], name = in_u8(in);
	u8 copy[256] = { 0 };
	socklen_t copy_bytes = sizeof(copy);
	size_t len_bytes;
	const u8 *value = in_bytes(in, sizeof(copy), &len_bytes);

	if (!sk || (level == IPPROTO_IPV6 && name == HDRINCL) ||
	    (level == SOL_SOCKET &&
	     (name == SO_ATTACH_FILTER || name == SO_ATTACH_REUSEPORT_CBPF || name == SO_GET_FILTER)))
		return;
	if (len_bytes)
		memcpy(copy, value, len_bytes);
	(void)nethood_setsockopt(sk, level, name, copy, (socklen_t)len_bytes);
	(void)nethood_getsockopt(sk, level, name, copy, &copy_bytes);
}

/* Body: device, last octet, what, state, flags */
void six_admin(struct six *six, struct fuzz_net *fn, struct input *in)
{
	u32 d = in_below(in, FUZZ_DEVS);
	u8 host = in_u8(in), what = in_u8(in), flags;
	const u8 lladdr[6] = { 2, 0xee, 0, 0, 0, host };
	u16 state = (u16)(1U << in_below(in, 9));
	char text[INET6_ADDRSTRLEN];
	u8 addr[16];

	(void)six;
	flags = in_u8(in);
	if (what & 4)
		local(host, addr);
	else
		global(d, host, addr);
	if (!inet_ntop(AF_INET6, addr, text, sizeof(text)))
		return;
	switch (what & 3) {
	case 0:
	case 1:
		(void)fuzz_neigh(fn, (int)d + 2, text, what & 8 ? NULL : lladdr, state & 0xff, flags);
		break;
	case 2:
		(void)fuzz_addr(fn, (int)d + 2, text, flags);
		break;
	default:
		(void)nethood_neigh_doubt(fn->net, NULL, AF_INET6, addr);
		break;
	}
}
