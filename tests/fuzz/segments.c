// SPDX-License-Identifier: BSD-2-Clause
/* TCP for the fuzz targets: what a peer learns of connections, and what programs do with theirs. */
#include "segments.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "base/csum.h"
#include "wire/ip.h"
#include "wire/ipv6.h"
#include "wire/tcp.h"

#define SEND_MAX_BYTES 60000U
#define FUZZ_TCP_ZEROCOPY_RECEIVE 35

/* ------------------------------------------------------------------ what a peer knows */

/* Return: where the numbers of that option are; NULL: there is none */
static u8 *find_option(u8 *segment, size_t head_bytes, u8 kind, size_t *value_bytes)
{
	for (size_t at = sizeof(struct tcphdr); at + 1 < head_bytes && segment[at] != TCPOPT_EOL;) {
		size_t option_bytes = segment[at] == TCPOPT_NOP ? 1 : segment[at + 1];

		if (segment[at] == kind && option_bytes >= 2 && at + option_bytes <= head_bytes) {
			*value_bytes = option_bytes - 2;
			return segment + at + 2;
		}
		if (!option_bytes)
			return NULL;
		at += option_bytes;
	}
	return NULL;
}

/** struct place - where a segment is, and the addresses of its packet */
struct place {
	u8 *segment, *saddr, *daddr;
	size_t bytes, addr_bytes;
};

/* Return: the segment in a packet that is none of several pieces; NULL */
static u8 *find_segment(bool six, u8 *packet, size_t len_bytes, struct place *out)
{
	size_t head_bytes = six ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	struct iphdr iph;

	if (len_bytes < head_bytes)
		return NULL;
	if (six && packet[offsetof(struct ipv6hdr, nexthdr)] != IPPROTO_TCP) /* without extensions */
		return NULL;
	if (!six) {
		memcpy(&iph, packet, sizeof(iph));
		head_bytes = ip_hdrlen_bytes(&iph);
		if (iph.protocol != IPPROTO_TCP || ip_is_fragment(&iph) || head_bytes < sizeof(iph))
			return NULL;
	}
	if (len_bytes < head_bytes + sizeof(struct tcphdr))
		return NULL;
	out->addr_bytes = six ? 16 : 4;
	out->saddr = packet + (six ? offsetof(struct ipv6hdr, saddr) : offsetof(struct iphdr, saddr));
	out->daddr = out->saddr + out->addr_bytes;
	out->bytes = len_bytes - head_bytes;
	out->segment = packet + head_bytes;
	return out->segment;
}

static struct segment_seen *seen_of(struct segments *s, const struct segment_seen *like)
{
	u32 count = s->count < SEGMENTS_SEEN ? s->count : SEGMENTS_SEEN;

	for (u32 i = 0; i < count; i++) {
		struct segment_seen *c = &s->seen[i];

		if (memcmp(c->ours, like->ours, sizeof(c->ours)) == 0 &&
		    memcmp(c->peer, like->peer, sizeof(c->peer)) == 0 && c->our_port == like->our_port &&
		    c->peer_port == like->peer_port)
			return c;
	}
	return &s->seen[s->count++ % SEGMENTS_SEEN];
}

void segments_learn(struct segments *s, const u8 *packet, size_t len_bytes)
{
	struct place p;
	struct tcphdr th;
	struct segment_seen c;
	size_t stamp_bytes;
	__be32 stamps[2] = { 0, 0 };
	/* all is only looked for */
	const u8 *segment = find_segment(s->six, (u8 *)(uintptr_t)packet, len_bytes, &p), *at;

	if (!segment)
		return;
	memcpy(&th, segment, sizeof(th));
	if (th.flags & TCPHDR_RST || tcp_hdrlen_bytes(&th) < sizeof(th) || tcp_hdrlen_bytes(&th) > p.bytes)
		return;
	at = find_option((u8 *)(uintptr_t)segment, tcp_hdrlen_bytes(&th), TCPOPT_TIMESTAMP, &stamp_bytes);
	if (at && stamp_bytes == sizeof(stamps))
		memcpy(stamps, at, sizeof(stamps));
	c = (struct segment_seen){ .our_port = th.source,
				   .peer_port = th.dest,
				   .seq_next = be32_to_cpu(th.seq) + (u32)(p.bytes - tcp_hdrlen_bytes(&th)) +
					       ((th.flags & TCPHDR_SYN) != 0) + ((th.flags & TCPHDR_FIN) != 0),
				   .ack = be32_to_cpu(th.ack_seq),
				   .tsval = be32_to_cpu(stamps[0]),
				   .tsecr = be32_to_cpu(stamps[1]) };
	memcpy(c.ours, p.saddr, p.addr_bytes);
	memcpy(c.peer, p.daddr, p.addr_bytes);
	*seen_of(s, &c) = c;
}

static void add_to(__be32 *number, u32 distance)
{
	*number = cpu_to_be32(be32_to_cpu(*number) + distance);
}

static void add_at(u8 *at, u32 distance)
{
	__be32 number;

	memcpy(&number, at, sizeof(number));
	add_to(&number, distance);
	memcpy(at, &number, sizeof(number));
}

/* Timestamps, and the edges of what is said to have come out of order. */
static void fix_options(const struct segment_seen *c, u8 *segment, size_t head_bytes)
{
	size_t bytes;
	u8 *at = find_option(segment, head_bytes, TCPOPT_TIMESTAMP, &bytes);

	if (at && bytes == 2 * sizeof(__be32)) {
		add_at(at, c->tsecr);
		add_at(at + sizeof(__be32), c->tsval);
	}
	at = find_option(segment, head_bytes, TCPOPT_SACK, &bytes);
	for (size_t i = 0; at && i + sizeof(__be32) <= bytes; i += sizeof(__be32))
		add_at(at + i, c->seq_next);
}

void segments_fix(const struct segments *s, u8 *packet, size_t len_bytes)
{
	u32 count = s->count < SEGMENTS_SEEN ? s->count : SEGMENTS_SEEN;
	const struct segment_seen *c;
	struct place p;
	struct tcphdr th;
	size_t head_bytes;
	u8 *segment = find_segment(s->six, packet, len_bytes, &p);

	if (!segment || !count)
		return;
	memcpy(&th, segment, sizeof(th));
	c = &s->seen[be16_to_cpu(th.source) % count];
	memcpy(p.saddr, c->peer, p.addr_bytes);
	memcpy(p.daddr, c->ours, p.addr_bytes);
	th.source = c->peer_port;
	th.dest = c->our_port;
	add_to(&th.seq, c->ack);
	add_to(&th.ack_seq, c->seq_next);
	memcpy(segment, &th, sizeof(th));
	head_bytes = tcp_hdrlen_bytes(&th);
	fix_options(c, segment, head_bytes < p.bytes ? head_bytes : p.bytes);
}

void segments_csum(__be32 saddr, __be32 daddr, u8 *segment, size_t len_bytes)
{
	__be16 sum = 0;

	if (len_bytes < sizeof(struct tcphdr))
		return;
	memcpy(segment + offsetof(struct tcphdr, check), &sum, sizeof(sum));
	sum = csum_tcpudp_magic(saddr, daddr, (u32)len_bytes, IPPROTO_TCP, csum_partial(segment, (u32)len_bytes, 0));
	memcpy(segment + offsetof(struct tcphdr, check), &sum, sizeof(sum));
}

/* Return: its length, without addresses and checksum */
static size_t put_header(bool six, u8 *packet, size_t segment_bytes)
{
	const struct iphdr iph = { .version = IPVERSION,
				   .ihl = 5,
				   .ttl = 64,
				   .protocol = IPPROTO_TCP,
				   .tot_len = cpu_to_be16((u16)(sizeof(iph) + segment_bytes)) };
	const struct ipv6hdr ip6 = { .ver_tc_flow = CONST_BE32(0x60000000U),
				     .payload_len = cpu_to_be16((u16)segment_bytes),
				     .nexthdr = IPPROTO_TCP,
				     .hop_limit = 64 };

	if (six)
		memcpy(packet, &ip6, sizeof(ip6));
	else
		memcpy(packet, &iph, sizeof(iph));
	return six ? sizeof(ip6) : sizeof(iph);
}

static void csum6(const u8 *packet, u8 *segment, size_t len_bytes)
{
	struct ipv6hdr ip6;
	__be16 sum = 0;

	memcpy(&ip6, packet, sizeof(ip6));
	memcpy(segment + offsetof(struct tcphdr, check), &sum, sizeof(sum));
	sum = csum_fold(csum_partial(segment, (u32)len_bytes,
				     csum_ipv6_magic_sum(&ip6.saddr, &ip6.daddr, (u32)len_bytes, IPPROTO_TCP)));
	memcpy(segment + offsetof(struct tcphdr, check), &sum, sizeof(sum));
}

static void csum4(u8 *packet, u8 *segment, size_t len_bytes)
{
	struct iphdr iph;

	memcpy(&iph, packet, sizeof(iph));
	segments_csum(iph.saddr, iph.daddr, segment, len_bytes);
	iph.check = ip_compute_csum(packet, sizeof(iph));
	memcpy(packet + offsetof(struct iphdr, check), &iph.check, sizeof(iph.check));
}

size_t segments_build(const struct segments *s, const struct segment_shape *shape, u8 *packet)
{
	size_t head_bytes = sizeof(struct tcphdr) + shape->option_bytes, segment_bytes = head_bytes + shape->data_bytes;
	size_t ip_bytes = put_header(s->six, packet, segment_bytes);
	const struct tcphdr th = { .source = cpu_to_be16(shape->which),
				   .seq = cpu_to_be32((u32)shape->seq),
				   .ack_seq = cpu_to_be32((u32)shape->ack),
				   .doff_res = (u8)(head_bytes / 4 << 4),
				   .flags = shape->flags,
				   .window = cpu_to_be16(shape->window) };
	u8 *segment = packet + ip_bytes;

	memcpy(segment, &th, sizeof(th));
	if (shape->option_bytes)
		memcpy(segment + sizeof(th), shape->options, shape->option_bytes);
	if (shape->data_bytes)
		memcpy(segment + head_bytes, shape->data, shape->data_bytes);
	segments_fix(s, packet, ip_bytes + segment_bytes);
	if (s->six)
		csum6(packet, segment, segment_bytes);
	else
		csum4(packet, segment, segment_bytes);
	return ip_bytes + segment_bytes;
}

/* ------------------------------------------------------------------ what programs do */

static struct sockaddr_in somebody(struct input *in)
{
	static const u32 addrs[] = { 0x0a000007, 0x0a000002, 0x7f000001, 0x0a010009, 0, 0xc0a80001, 0x0a000001 };
	struct sockaddr_in sin = { .sin_family = AF_INET };

	sin.sin_addr.s_addr = htonl(addrs[in_below(in, ARRAY_SIZE(addrs))]);
	sin.sin_port = htons((u16)(7000 + in_below(in, 8)));
	return sin;
}

static void do_send(struct nethood_sock *sk, struct input *in)
{
	static const u8 zeros[SEND_MAX_BYTES];
	static const int all_flags[] = { 0, MSG_MORE, MSG_OOB, MSG_FASTOPEN, MSG_ZEROCOPY, MSG_EOR };
	int flags = all_flags[in_below(in, ARRAY_SIZE(all_flags))];
	size_t len_bytes = in_u16(in) % sizeof(zeros);
	struct sockaddr_in to = somebody(in);

	(void)nethood_sendto(sk, zeros, len_bytes, flags, (struct sockaddr *)&to,
			     flags == MSG_FASTOPEN ? sizeof(to) : 0);
}

static void do_receive(struct nethood_sock *sk, struct input *in)
{
	static u8 buf[SEND_MAX_BYTES];
	static const int all_flags[] = { 0, MSG_PEEK, MSG_OOB, MSG_TRUNC, MSG_ERRQUEUE, MSG_WAITALL };
	int flags = all_flags[in_below(in, ARRAY_SIZE(all_flags))];
	u8 control[256];
	struct iovec iov = { buf, in_u16(in) % sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};

	(void)nethood_recvmsg(sk, &msg, flags);
}

/* Options that are not a value but lead to memory */
static bool has_pointer(int level, int name)
{
	return level == SOL_SOCKET ? name == SO_ATTACH_FILTER || name == SO_ATTACH_REUSEPORT_CBPF
				   : level == IPPROTO_TCP && name == FUZZ_TCP_ZEROCOPY_RECEIVE;
}

static void do_option(struct nethood_sock *sk, struct input *in)
{
	static const int levels[] = { IPPROTO_TCP, SOL_SOCKET, IPPROTO_IP };
	int level = levels[in_below(in, ARRAY_SIZE(levels))], name = in_u8(in);
	u8 value[256] = { 0 };
	socklen_t room_bytes = sizeof(value);
	size_t len_bytes;
	const u8 *from = in_bytes(in, sizeof(value), &len_bytes);

	if (has_pointer(level, name))
		return;
	if (len_bytes)
		memcpy(value, from, len_bytes);
	(void)nethood_setsockopt(sk, level, name, value, (socklen_t)len_bytes);
	(void)nethood_getsockopt(sk, level, name, value, &room_bytes);
}

static void do_ioctl(struct nethood_sock *sk, struct input *in)
{
	static const u32 requests[] = { SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK };
	int value;

	(void)nethood_ioctl(sk, requests[in_below(in, ARRAY_SIZE(requests))], &value, sizeof(value));
	(void)nethood_readiness(sk);
}

static void do_accept(struct nethood_sock *listener, struct nethood_sock **slot)
{
	struct nethood_sock *child;
	struct sockaddr_in from;
	socklen_t from_bytes = sizeof(from);

	if (nethood_accept(listener, &child, (struct sockaddr *)&from, &from_bytes))
		return;
	if (*slot == listener) {
		nethood_close(child);
		return;
	}
	if (*slot)
		nethood_close(*slot);
	*slot = child;
}

/* Body: socket, what, and what it is about */
void streams_step(struct nethood_net *net, struct nethood_sock **sk, struct input *in)
{
	u32 i = in_below(in, STREAMS), what = in_below(in, 10);
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct sockaddr_in sin;

	if (!sk[i] && nethood_socket(net, AF_INET, SOCK_STREAM, 0, &sk[i])) {
		sk[i] = NULL;
		return;
	}
	switch (what) {
	case 0:
		do_send(sk[i], in);
		return;
	case 1:
		do_receive(sk[i], in);
		return;
	case 2:
		sin = somebody(in);
		(void)nethood_connect(sk[i], (struct sockaddr *)&sin, sizeof(sin));
		return;
	case 3:
		(void)nethood_listen(sk[i], (int)in_below(in, 4));
		return;
	case 4:
		do_accept(sk[i], &sk[in_below(in, STREAMS)]);
		return;
	case 5:
		(void)nethood_shutdown(sk[i], (int)in_below(in, 4));
		return;
	case 6:
		do_option(sk[i], in);
		return;
	case 7:
		do_ioctl(sk[i], in);
		return;
	case 8:
		sin = somebody(in);
		(void)(in_u8(in) & 1 ? nethood_connect(sk[i], &nobody, sizeof(nobody))
				     : nethood_bind(sk[i], (struct sockaddr *)&sin, sizeof(sin)));
		return;
	default:
		nethood_close(sk[i]);
		sk[i] = NULL;
	}
}
