// SPDX-License-Identifier: BSD-2-Clause
/* Sockets of AF_INET6 in one net: sums, corks, segments, headers of their own, memory that is missing. */
#include "ipv6/mcast.h"
#include "nd_world.h"

#include <errno.h>
#include <netinet/in.h>

#include "api_internal.h"
#include "ipv6/ipv6.h"
#include "udp/udp6.h"
#include "wire/udp.h"

#define UDP_CORK_OPTION 1
#define UDP_SEGMENT_OPTION 103
#define PORT 7

static struct sockaddr_in6 name_of(const char *address, u16 port)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_addr = in6(address) };

	sin6.sin6_port = (__force u16)cpu_to_be16(port);
	return sin6;
}

static struct nethood_sock *udp6(struct world *w)
{
	struct nethood_sock *sk = NULL;

	assert_int_equal(nethood_socket(w->public_net, AF_INET6, SOCK_DGRAM, 0, &sk), 0);
	return sk;
}

static int connect_to(struct nethood_sock *sk, const char *address, u16 port)
{
	struct sockaddr_in6 to = name_of(address, port);

	return nethood_connect(sk, (struct sockaddr *)&to, sizeof(to));
}

static int set(struct nethood_sock *sk, int level, int name, int value)
{
	return nethood_setsockopt(sk, level, name, &value, sizeof(value));
}

static ssize_t send_bytes(struct nethood_sock *sk, u32 len_bytes, int flags)
{
	static u8 data[70000];

	for (u32 i = 0; i < len_bytes; i++)
		data[i] = (u8)(i * 7);
	return nethood_sendto(sk, data, len_bytes, flags, NULL, 0);
}

/* The payload of a datagram in @f: octets, sum and lengths are as they should be. */
static u32 datagram_bytes(const struct frame *f)
{
	const struct ipv6hdr *hdr = frame_ip(f);
	u8 nexthdr = hdr->nexthdr;
	u16 frag_off;
	int at = ipv6_skip_exthdr(f->packet, f->len_bytes, IPV6_HEADER_BYTES, &nexthdr, &frag_off);
	struct udphdr uh;
	u32 len_bytes;

	assert_true(at > 0);
	len_bytes = f->len_bytes - (u32)at;
	assert_int_equal(nexthdr, IPPROTO_UDP);
	memcpy(&uh, f->packet + at, sizeof(uh));
	assert_int_equal(be16_to_cpu(uh.len), len_bytes);
	assert_int_equal(be16_to_cpu(hdr->payload_len), f->len_bytes - IPV6_HEADER_BYTES);
	assert_int_equal(be16_to_cpu(csum_fold(
				 csum_partial(f->packet + at, len_bytes,
					      csum_ipv6_magic_sum(&hdr->saddr, &hdr->daddr, len_bytes, IPPROTO_UDP)))),
			 0);
	return len_bytes - UDP_HEADER_BYTES;
}

static struct world *quiet_world(void)
{
	struct world *w = world_create();

	w->answers = true;
	world_tick(w, 3 * NSEC_PER_SEC);
	world_forget(w);
	return w;
}

/* ------------------------------------------------------------------ what leaves */

static void datagrams_of_every_way_are_right(void **state)
{
	static const struct {
		const char *says;
		int level, name, value;
	} rows[] = {
		{ "by the ready headers", 0, 0, 0 },
		{ "with a cork that is taken out again", IPPROTO_UDP, UDP_CORK_OPTION, 0 },
		{ "with a traffic class", IPPROTO_IPV6, IPV6_TCLASS, 0x2e },
		{ "with a hop limit", IPPROTO_IPV6, IPV6_UNICAST_HOPS, 3 },
		{ "by the device's MTU", IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world *w = quiet_world();
		struct nethood_sock *sk = udp6(w);

		assert_int_equal(connect_to(sk, HOST, PORT), 0);
		if (rows[i].level)
			assert_int_equal(set(sk, rows[i].level, rows[i].name, rows[i].value), 0);
		for (u32 len_bytes = 0; len_bytes < 70; len_bytes++) {
			assert_int_equal(send_bytes(sk, len_bytes, 0), len_bytes);
			world_poll(w);
			assert_int_equal(w->out_count, 1);
			assert_int_equal(datagram_bytes(&w->out[0]), len_bytes);
			assert_true(frame_between(&w->out[0], OURS, HOST));
			world_forget(w);
		}
		nethood_close(sk);
		world_destroy(w);
	}
}

/* What the kernel's UDP_CORK and MSG_MORE do: one datagram of all pieces. */
static void a_cork_holds_pieces_together(void **state)
{
	struct world *w = quiet_world();
	struct nethood_sock *sk = udp6(w);

	(void)state;
	assert_int_equal(connect_to(sk, HOST, PORT), 0);
	assert_int_equal(set(sk, IPPROTO_UDP, UDP_CORK_OPTION, 1), 0);
	for (u32 i = 0; i < 5; i++)
		assert_int_equal(send_bytes(sk, 100, 0), 100);
	world_poll(w);
	assert_int_equal(w->out_count, 0);
	assert_int_equal(set(sk, IPPROTO_UDP, UDP_CORK_OPTION, 0), 0);
	world_poll(w);
	assert_int_equal(w->out_count, 1);
	assert_int_equal(datagram_bytes(&w->out[0]), 500);
	world_forget(w);
	assert_int_equal(send_bytes(sk, 10, MSG_MORE), 10);
	assert_int_equal(send_bytes(sk, 65536, MSG_MORE), -EMSGSIZE); /* and what was pending is gone */
	assert_int_equal(send_bytes(sk, 10, 0), 10);
	world_poll(w);
	assert_int_equal(w->out_count, 1);
	assert_int_equal(datagram_bytes(&w->out[0]), 10);
	assert_int_equal(send_bytes(sk, 10, MSG_MORE), 10); /* closed with something pending */
	nethood_close(sk);
	world_destroy(w);
}

static void one_call_sends_many_segments(void **state)
{
	struct world *w = quiet_world();
	struct nethood_sock *sk = udp6(w);

	(void)state;
	assert_int_equal(connect_to(sk, HOST, PORT), 0);
	assert_int_equal(set(sk, IPPROTO_UDP, UDP_SEGMENT_OPTION, 1000), 0);
	assert_int_equal(send_bytes(sk, 3500, 0), 3500);
	world_poll(w);
	assert_int_equal(w->out_count, 4);
	for (u32 i = 0; i < 4; i++)
		assert_int_equal(datagram_bytes(&w->out[i]), i < 3 ? 1000 : 500);
	assert_int_equal(set(sk, IPPROTO_UDP, UDP_SEGMENT_OPTION, 1453), 0);
	assert_int_equal(send_bytes(sk, 3500, 0), -EMSGSIZE);
	nethood_close(sk);
	world_destroy(w);
}

/* RFC 8200 4.1: hop-by-hop options first, destination options before the payload. */
static void headers_of_its_own_go_before_the_payload(void **state)
{
	static const u8 options[8] = { 0, 0, 1, 4 };
	struct world *w = quiet_world();
	struct nethood_sock *sk = udp6(w);

	(void)state;
	nethood_sock_set_admin(sk, true);
	assert_int_equal(connect_to(sk, HOST, PORT), 0);
	assert_int_equal(nethood_setsockopt(sk, IPPROTO_IPV6, IPV6_HOPOPTS, options, sizeof(options)), 0);
	assert_int_equal(nethood_setsockopt(sk, IPPROTO_IPV6, IPV6_DSTOPTS, options, sizeof(options)), 0);
	for (u32 bytes = 100; bytes <= 3000; bytes += 2900) {
		assert_int_equal(send_bytes(sk, bytes, 0), bytes);
		world_poll(w);
		assert_int_equal(w->out_count, bytes > 1400 ? 3 : 1);
		for (u32 i = 0; i < w->out_count; i++) {
			assert_int_equal(frame_ip(&w->out[i])->nexthdr, NEXTHDR_HOP);
			assert_int_equal(w->out[i].packet[40], bytes > 1400 && false ? NEXTHDR_FRAGMENT : NEXTHDR_DEST);
		}
		world_forget(w);
	}
	assert_int_equal(nethood_setsockopt(sk, IPPROTO_IPV6, IPV6_HOPOPTS, options, 7), -EINVAL);
	assert_int_equal(nethood_setsockopt(sk, IPPROTO_IPV6, IPV6_HOPOPTS, NULL, 0), 0);
	nethood_sock_set_admin(sk, false);
	assert_int_equal(nethood_setsockopt(sk, IPPROTO_IPV6, IPV6_HOPOPTS, options, sizeof(options)), -EPERM);
	nethood_close(sk);
	world_destroy(w);
}

/* ------------------------------------------------------------------ within the host */

static void a_datagram_to_ourselves_arrives(void **state)
{
	static const char *const to[] = { "::1", OURS, "::ffff:127.0.0.1" };
	struct world *w = quiet_world();

	(void)state;
	assert_int_equal(dev_open(dev_find_by_name(w->net, "lo")), 0);
	for (u32 i = 0; i < ARRAY_SIZE(to); i++) {
		struct sockaddr_in6 any = name_of("::", 4000), from;
		struct nethood_sock *rx = udp6(w), *tx = udp6(w);
		u8 buf[64];
		struct iovec iov = { buf, sizeof(buf) };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = sizeof(from)
		};

		assert_int_equal(nethood_bind(rx, (struct sockaddr *)&any, sizeof(any)), 0);
		assert_int_equal(connect_to(tx, to[i], 4000), 0);
		assert_int_equal(send_bytes(tx, 33, 0), 33);
		world_poll(w);
		assert_int_equal(nethood_recvmsg(rx, &msg, MSG_DONTWAIT), 33);
		assert_true(ipv6_addr_equal(&from.sin6_addr, &(struct in6_addr){ in6(to[i]).__in6_u }));
		nethood_close(tx);
		nethood_close(rx);
	}
	world_destroy(w);
}

static void connect_again_and_disconnect(void **state)
{
	struct world *w = quiet_world();
	struct nethood_sock *sk = udp6(w);
	struct sockaddr_storage nobody = { .ss_family = AF_UNSPEC };
	struct sockaddr_in6 name;
	socklen_t len = sizeof(name);

	(void)state;
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(connect_to(sk, i & 1 ? "fd77::77" : HOST, (u16)(PORT + i)), 0);
		assert_int_equal(nethood_getpeername(sk, (struct sockaddr *)&name, &len), 0);
		assert_int_equal(be16_to_cpu((__force __be16)name.sin6_port), PORT + i);
	}
	assert_int_equal(connect_to(sk, "fdff::1", PORT), -ENETUNREACH);
	assert_int_equal(nethood_getpeername(sk, (struct sockaddr *)&name, &len), 0); /* the old one stays */
	assert_int_equal(nethood_connect(sk, (struct sockaddr *)&nobody, sizeof(nobody)), 0);
	assert_int_equal(nethood_getpeername(sk, (struct sockaddr *)&name, &len), -ENOTCONN);
	assert_int_equal(nethood_getsockname(sk, (struct sockaddr *)&name, &len), 0);
	assert_true(ipv6_addr_any(&name.sin6_addr));
	assert_int_equal(name.sin6_port, 0);
	nethood_close(sk);
	world_destroy(w);
}

/* ------------------------------------------------------------------ groups */

static int group_request(struct nethood_sock *sk, int name, const char *group, u32 ifindex)
{
	struct ipv6_mreq req = { .ipv6mr_multiaddr = in6(group), .ipv6mr_interface = ifindex };

	return nethood_setsockopt(sk, IPPROTO_IPV6, name, &req, sizeof(req));
}

static int source_request(struct nethood_sock *sk, int name, const char *group, const char *source, u32 ifindex)
{
	struct group_source_req req;
	struct sockaddr_in6 g = name_of(group, 0), s = name_of(source, 0);

	memset(&req, 0, sizeof(req));
	req.gsr_interface = ifindex;
	memcpy(&req.gsr_group, &g, sizeof(g));
	memcpy(&req.gsr_source, &s, sizeof(s));
	return nethood_setsockopt(sk, IPPROTO_IPV6, name, &req, sizeof(req));
}

/* RFC 3678 4.1: joined sources are heard, blocked ones are not; a group is left with its last source. */
static void a_group_by_its_sources(void **state)
{
	struct world *w = quiet_world();
	struct nethood_sock *sk = udp6(w);
	u32 dev = (u32)w->netdev[0]->ifindex;
	struct in6_addr group = in6("ff05::7"), a = in6("fd77::a"), b = in6("fd77::b");

	(void)state;
	assert_int_equal(source_request(sk, MCAST_JOIN_SOURCE_GROUP, "ff05::7", "fd77::a", dev), 0);
	assert_int_equal(source_request(sk, MCAST_JOIN_SOURCE_GROUP, "ff05::7", "fd77::a", dev), -EADDRNOTAVAIL);
	assert_true(inet6_mc_check(sock_of(sk), &group, &a, (int)dev));
	assert_false(inet6_mc_check(sock_of(sk), &group, &b, (int)dev));
	assert_int_equal(source_request(sk, MCAST_JOIN_SOURCE_GROUP, "ff05::7", "fd77::b", dev), 0);
	assert_true(inet6_mc_check(sock_of(sk), &group, &b, (int)dev));
	assert_int_equal(source_request(sk, MCAST_BLOCK_SOURCE, "ff05::7", "fd77::b", dev), -EINVAL);
	assert_int_equal(source_request(sk, MCAST_LEAVE_SOURCE_GROUP, "ff05::7", "fd77::a", dev), 0);
	assert_false(inet6_mc_check(sock_of(sk), &group, &a, (int)dev));
	assert_int_equal(source_request(sk, MCAST_LEAVE_SOURCE_GROUP, "ff05::7", "fd77::b", dev), 0);
	assert_int_equal(group_request(sk, IPV6_LEAVE_GROUP, "ff05::7", dev), -EADDRNOTAVAIL);
	assert_int_equal(group_request(sk, IPV6_JOIN_GROUP, "ff05::7", dev), 0);
	assert_int_equal(source_request(sk, MCAST_BLOCK_SOURCE, "ff05::7", "fd77::b", dev), 0);
	assert_true(inet6_mc_check(sock_of(sk), &group, &a, (int)dev));
	assert_false(inet6_mc_check(sock_of(sk), &group, &b, (int)dev));
	assert_int_equal(source_request(sk, MCAST_UNBLOCK_SOURCE, "ff05::7", "fd77::b", dev), 0);
	assert_true(inet6_mc_check(sock_of(sk), &group, &b, (int)dev));
	assert_int_equal(group_request(sk, IPV6_JOIN_GROUP, "fd77::7", dev), -EINVAL);
	assert_int_equal(group_request(sk, IPV6_JOIN_GROUP, "ff05::8", 4711), -ENODEV);
	nethood_close(sk); /* with what it has joined */
	world_destroy(w);
}

/* IPv6 left the device and came again: who had joined before is in no group any more, and leaves none for others. */
static void what_a_device_has_forgotten_is_left_by_nobody(void **state)
{
	struct world *w = quiet_world();
	struct nethood_sock *before = udp6(w), *after = udp6(w);
	struct in6_addr group = in6("ff05::7");
	u32 dev = (u32)w->netdev[0]->ifindex;

	(void)state;
	assert_int_equal(group_request(before, IPV6_JOIN_GROUP, "ff05::7", dev), 0);
	assert_int_equal(dev_set_mtu(w->netdev[0], IPV6_MIN_MTU - 1), 0);
	assert_int_equal(dev_set_mtu(w->netdev[0], 1500), 0);
	assert_int_equal(group_request(after, IPV6_JOIN_GROUP, "ff05::7", dev), 0);
	nethood_close(before);
	assert_true(ipv6_chk_mcast_addr(w->netdev[0], &group, NULL));
	nethood_close(after);
	assert_false(ipv6_chk_mcast_addr(w->netdev[0], &group, NULL));
	world_destroy(w);
}

static void a_socket_joins_so_many_groups_and_no_more(void **state)
{
	struct world *w = quiet_world();
	struct nethood_sock *sk = udp6(w);
	char group[32];
	u32 joined = 0;
	int err = 0;

	(void)state;
	while (!err && joined < 5000) {
		snprintf(group, sizeof(group), "ff05::1:%x", joined);
		err = group_request(sk, IPV6_JOIN_GROUP, group, (u32)w->netdev[0]->ifindex);
		joined += !err;
	}
	assert_true(err == -ENOBUFS || err == -ENOMEM);
	assert_true(joined >= 20);
	nethood_close(sk);
	world_destroy(w);
}

/* ------------------------------------------------------------------ without memory */

static void use_everything(struct world *w)
{
	static const u8 options[8] = { 0, 0, 1, 4 };
	struct sockaddr_in6 any = name_of("::", 4000), to = name_of(HOST, PORT);
	u32 dev = (u32)w->netdev[0]->ifindex;
	struct nethood_sock *sk;
	static u8 data[3000];

	for (int type = SOCK_DGRAM; type <= SOCK_RAW; type++) {
		if (nethood_socket(w->public_net, AF_INET6, type, type == SOCK_RAW ? 253 : 0, &sk))
			continue;
		nethood_sock_set_admin(sk, true);
		(void)nethood_bind(sk, (struct sockaddr *)&any, sizeof(any));
		(void)nethood_setsockopt(sk, IPPROTO_IPV6, IPV6_DSTOPTS, options, sizeof(options));
		(void)set(sk, IPPROTO_IPV6, IPV6_RECVERR, 1);
		(void)group_request(sk, IPV6_JOIN_GROUP, "ff05::9", dev);
		(void)source_request(sk, MCAST_BLOCK_SOURCE, "ff05::9", "fd77::b", dev);
		(void)connect_to(sk, HOST, PORT);
		(void)send_bytes(sk, 100, 0);
		(void)send_bytes(sk, 100, type == SOCK_DGRAM ? MSG_MORE : 0);
		(void)send_bytes(sk, 3000, 0);
		(void)nethood_sendto(sk, data, sizeof(data), 0, (struct sockaddr *)&to, sizeof(to));
		world_poll(w);
		nethood_close(sk);
	}
}

static void any_allocation_may_fail(void **state)
{
	(void)state;
	assert_true(world_starve(use_everything) > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_of_every_way_are_right),
		cmocka_unit_test(a_cork_holds_pieces_together),
		cmocka_unit_test(one_call_sends_many_segments),
		cmocka_unit_test(headers_of_its_own_go_before_the_payload),
		cmocka_unit_test(a_datagram_to_ourselves_arrives),
		cmocka_unit_test(connect_again_and_disconnect),
		cmocka_unit_test(a_group_by_its_sources),
		cmocka_unit_test(what_a_device_has_forgotten_is_left_by_nobody),
		cmocka_unit_test(a_socket_joins_so_many_groups_and_no_more),
		cmocka_unit_test(any_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
