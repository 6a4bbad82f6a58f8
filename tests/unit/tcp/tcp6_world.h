/* SPDX-License-Identifier: BSD-2-Clause */
/* Two hosts with addresses of both families on one wire, which a test can look at, and cut. */
#ifndef NETHOOD_TEST_TCP6_WORLD_H
#define NETHOOD_TEST_TCP6_WORLD_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <cmocka.h>

#include "api_internal.h"
#include "ipv6/addrconf.h"
#include "ipv6/ipv6.h"
#include "nethood/nethood.h"
#include "socket/inet6_sock.h"
#include "tcp/tcp_conn.h"
#include "wire/tcp.h"

/* not every test uses all of it */
#pragma GCC diagnostic ignored "-Wunused-function"

#define MS 1000000ULL
#define SECOND (1000 * MS)
#define PORT 8080
#define FRAME_BYTES 2048
#define QUEUE 512

struct world6 {
	struct host6 {
		struct nethood_net *net;
		struct nethood_dev *dev;
		struct world6 *world;
		u32 id;
	} host[2];
	u64 now_ns;
	struct {
		u32 to, len_bytes;
		u8 octets[FRAME_BYTES];
	} frame[QUEUE];
	u32 first, count;
	u32 lose_longer_than;    /* frames; 0: all arrive */
	bool lose_tcp_to[2];     /* segments */
	u32 tcp_seen[2];         /* segments that went to each host */
	u8 last[2][FRAME_BYTES]; /* the last of these: from the IP header on */
	u8 syn[2][FRAME_BYTES];  /* the last with SYN */
};

static struct tcphdr tcp_of(const u8 *packet)
{
	struct tcphdr th;

	memcpy(&th, packet + (packet[0] >> 4 == 6 ? 40 : 20), sizeof(th));
	return th;
}

static bool note_tcp(struct world6 *w, u32 to, const u8 *frame)
{
	const u8 *packet = frame + 14;
	bool v6 = frame[12] == 0x86;

	if (frame[12] != 0x86 && !(frame[12] == 8 && frame[13] == 0))
		return false;
	if ((v6 ? packet[6] : packet[9]) != IPPROTO_TCP)
		return false;
	w->tcp_seen[to]++;
	memcpy(w->last[to], packet, FRAME_BYTES - 14);
	if (tcp_of(packet).flags & TCPHDR_SYN)
		memcpy(w->syn[to], packet, FRAME_BYTES - 14);
	return true;
}

static int wire6_xmit(void *ctx, const struct iovec *iov, int pieces)
{
	struct host6 *h = ctx;
	struct world6 *w = h->world;
	u32 at = (w->first + w->count) % QUEUE, to = !h->id;
	u8 *octets = w->frame[at].octets;
	u32 len = 0;
	bool tcp;

	assert_true(w->count < QUEUE);
	memset(octets, 0, FRAME_BYTES);
	for (int i = 0; i < pieces; i++) {
		assert_true(len + iov[i].iov_len <= FRAME_BYTES);
		memcpy(octets + len, iov[i].iov_base, iov[i].iov_len);
		len += (u32)iov[i].iov_len;
	}
	tcp = note_tcp(w, to, octets);
	if ((w->lose_longer_than && len > w->lose_longer_than + 14) || (tcp && w->lose_tcp_to[to]))
		return 0;
	w->frame[at].to = to;
	w->frame[at].len_bytes = len;
	w->count++;
	return 0;
}

static struct sockaddr_in6 addr6(const char *text, u16 port)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET6, text, &sin6.sin6_addr), 1);
	return sin6;
}

static void configure6(struct host6 *h)
{
	struct ifa6_config cfg = { .prefix_len = 64,
				   .flags = IFA_F_NODAD | IFA_F_PERMANENT,
				   .valid_lft_s = UINT32_MAX,
				   .prefered_lft_s = UINT32_MAX };
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a4d0001 + h->id) },
			   mask = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xffffff00) };
	struct ifreq ifr = { .ifr_name = "eth0" };
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(h->net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
	memcpy(&ifr.ifr_addr, &addr, sizeof(addr));
	assert_int_equal(nethood_ioctl(sk, SIOCSIFADDR, &ifr, sizeof(ifr)), 0);
	memcpy(&ifr.ifr_netmask, &mask, sizeof(mask));
	assert_int_equal(nethood_ioctl(sk, SIOCSIFNETMASK, &ifr, sizeof(ifr)), 0);
	ifr.ifr_flags = IFF_UP | IFF_MULTICAST;
	assert_int_equal(nethood_ioctl(sk, SIOCSIFFLAGS, &ifr, sizeof(ifr)), 0);
	strcpy(ifr.ifr_name, "lo");
	assert_int_equal(nethood_ioctl(sk, SIOCSIFFLAGS, &ifr, sizeof(ifr)), 0);
	nethood_close(sk);
	cfg.addr = addr6(h->id ? "2001:db8::2" : "2001:db8::1", 0).sin6_addr;
	assert_int_equal(inet6_addr_add(dev_find_by_name(&h->net->net, "eth0"), &cfg, NULL), 0);
}

static void world6_begin_with(struct world6 *w, const char *driver)
{
	memset(w, 0, sizeof(*w));
	w->now_ns = SECOND;
	for (u32 id = 0; id < 2; id++) {
		struct host6 *h = &w->host[id];
		u8 mac[6] = { 2, 0, 0, 0, 0, (u8)(1 + id) };
		const struct nethood_dev_config dev = {
			.name = "eth0", .driver = driver, .fd = -1, .lladdr = mac, .xmit = wire6_xmit, .ctx = h
		};
		struct nethood_config config = { .now_ns = w->now_ns };

		h->world = w;
		h->id = id;
		config.random_key[31] = (u8)id;
		assert_int_equal(nethood_create(&config, &h->net), 0);
		assert_int_equal(nethood_dev_create(h->net, &dev, &h->dev), 0);
		configure6(h);
	}
}

static void world6_begin(struct world6 *w)
{
	world6_begin_with(w, "user");
}

static void settle(struct world6 *w)
{
	for (u32 id = 0; id < 2; id++) {
		const char *broken;

		for (int turn = 0; turn < 64 && nethood_poll(w->host[id].net, w->now_ns); turn++)
			;
		broken = nethood_check(w->host[id].net);
		if (broken)
			fail_msg("host %u: not true: %s", id, broken);
	}
}

static bool deliver_one(struct world6 *w)
{
	u32 at = w->first;

	if (!w->count)
		return false;
	w->first = (w->first + 1) % QUEUE;
	w->count--;
	nethood_set_time(w->host[w->frame[at].to].net, w->now_ns);
	(void)nethood_dev_receive(w->host[w->frame[at].to].dev, w->frame[at].octets, w->frame[at].len_bytes);
	return true;
}

/* For @ns; what is on the wire arrives at once. */
static void run6(struct world6 *w, u64 ns)
{
	u64 end = w->now_ns + ns;

	for (;;) {
		u64 next = UINT64_MAX;

		settle(w);
		if (deliver_one(w)) {
			while (deliver_one(w))
				;
			continue;
		}
		for (u32 id = 0; id < 2; id++) {
			u64 due = nethood_next_deadline(w->host[id].net);

			next = due < next ? due : next;
		}
		if (next > end)
			break;
		w->now_ns = next > w->now_ns ? next : w->now_ns;
	}
	w->now_ns = end;
	settle(w);
}

static void world6_end(struct world6 *w)
{
	for (u32 id = 0; id < 2; id++)
		nethood_free(w->host[id].net);
}

static struct nethood_sock *socket6(struct world6 *w, u32 id, int family)
{
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(w->host[id].net, family, SOCK_STREAM, 0, &sk), 0);
	return sk;
}

static int bind6(struct nethood_sock *sk, const char *text, u16 port)
{
	struct sockaddr_in6 sin6 = addr6(text, port);

	return nethood_bind(sk, (struct sockaddr *)&sin6, sizeof(sin6));
}

static int connect6(struct nethood_sock *sk, const char *text, u16 port)
{
	struct sockaddr_in6 sin6 = addr6(text, port);

	return nethood_connect(sk, (struct sockaddr *)&sin6, sizeof(sin6));
}

static int set_int(struct nethood_sock *sk, int level, int name, int value)
{
	return nethood_setsockopt(sk, level, name, &value, sizeof(value));
}

static int get_int(struct nethood_sock *sk, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(nethood_getsockopt(sk, level, name, &value, &len), 0);
	return value;
}

static struct nethood_sock *listen6(struct world6 *w, u32 id, const char *text, bool v6only)
{
	struct nethood_sock *sk = socket6(w, id, AF_INET6);

	assert_int_equal(set_int(sk, IPPROTO_IPV6, IPV6_V6ONLY, v6only), 0);
	assert_int_equal(bind6(sk, text, PORT), 0);
	assert_int_equal(nethood_listen(sk, 8), 0);
	return sk;
}

static const char *name_of(struct nethood_sock *sk, bool peer)
{
	static char text[2][INET6_ADDRSTRLEN];
	static int which;
	struct sockaddr_in6 sin6;
	socklen_t len = sizeof(sin6);
	int err = peer ? nethood_getpeername(sk, (struct sockaddr *)&sin6, &len)
		       : nethood_getsockname(sk, (struct sockaddr *)&sin6, &len);

	which = !which;
	if (err)
		return "-";
	assert_int_equal(len, sizeof(sin6));
	assert_int_equal(sin6.sin6_family, AF_INET6);
	return inet_ntop(AF_INET6, &sin6.sin6_addr, text[which], sizeof(text[which]));
}

static struct nethood_sock *accept6(struct nethood_sock *listener)
{
	struct nethood_sock *sk = NULL;

	return nethood_accept(listener, &sk, NULL, NULL) ? NULL : sk;
}

/* @bytes from one to the other, as fast as they go. */
static void stream6(struct world6 *w, struct nethood_sock *from, struct nethood_sock *to, u32 bytes)
{
	u8 out[4096], in[4096];
	u32 sent = 0, got = 0;

	for (u32 turn = 0; got < bytes; turn++) {
		u32 want = bytes - sent < sizeof(out) ? bytes - sent : (u32)sizeof(out);
		ssize_t n;

		assert_true(turn < 100000);
		for (u32 i = 0; i < want; i++)
			out[i] = (u8)((sent + i) * 7 + ((sent + i) >> 8));
		n = want ? nethood_sendto(from, out, want, 0, NULL, 0) : 0;
		assert_true(n >= 0 || n == -EAGAIN);
		sent += n > 0 ? (u32)n : 0;
		run6(w, n == -EAGAIN || !want ? 10 * MS : 10000);
		while ((n = nethood_recvfrom(to, in, sizeof(in), 0, NULL, NULL)) > 0) {
			for (ssize_t i = 0; i < n; i++, got++)
				assert_int_equal(in[i], (u8)(got * 7 + (got >> 8)));
		}
		assert_true(n == -EAGAIN);
	}
}

static struct tcp_mib *mib6(struct world6 *w, u32 id)
{
	return &w->host[id].net->net.tcp->mib;
}

#endif
