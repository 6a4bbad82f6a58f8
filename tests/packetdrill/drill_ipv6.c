// SPDX-License-Identifier: BSD-2-Clause
/* A host of IPv6, and one whose sockets are IPv6's on a wire of IPv4. */
#include "drill.h"

#include <netinet/icmp6.h>

static uint8_t data[65536], got[65536];

static void a_connection_comes_and_carries_data(void **state)
{
	struct sockaddr_in6 who, want = addr6_of(REMOTE6, 4001);
	struct flow f = { .local_port = 8080, .remote_port = 4001, .remote_isn = 1 };
	socklen_t len = sizeof(who);
	int listener = listening(), fd;

	(void)state;
	fill(data, 3000, 0);
	give(&f, SYN, 0, 0, NULL, 0);
	assert_int_equal(take_is(&f, SYN | ACK, 0, 0, 1)->mss, 1440);
	give(&f, ACK, 1, 1, NULL, 0);
	fd = CALL(accept, listener, (struct sockaddr *)&who, &len);
	assert_true(fd >= 0);
	assert_int_equal(len, sizeof(who));
	assert_memory_equal(&who, &want, sizeof(who));
	give(&f, ACK | PSH, 1, 1, data, 1000);
	assert_int_equal(CALL(read, fd, got, sizeof(got)), 1000);
	assert_memory_equal(got, data, 1000);
	take_is(&f, ACK, 1, 0, 1001);
	assert_int_equal(CALL(write, fd, data, 1440), 1440);
	assert_memory_equal(take_is(&f, ACK, 1, 1440, 1001)->data, data, 1440);
	assert_int_equal(CALL(close, fd), 0);
	take_is(&f, FIN | ACK, 1441, 0, 1001);
}

static void a_connect_that_blocks_is_woken(void **state)
{
	struct flow f = { .remote_port = 80, .remote_isn = 7 };
	struct job job = { .kind = JOB_CONNECT, .fd = tcp_socket() };

	(void)state;
	begin(&job);
	take_is(&f, SYN, 0, 0, 0);
	asleep(&job);
	give(&f, SYN | ACK, 0, 1, NULL, 0);
	assert_int_equal(end(&job), 0);
	take_is(&f, ACK, 1, 0, 1);
}

static void a_smaller_path_is_learned(void **state)
{
	struct flow f;
	int fd = accepted(listening(), &f);
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t len = sizeof(info);

	(void)state;
	assert_int_equal(CALL(write, fd, data, 1440), 1440);
	give_icmp(ICMP6_PACKET_TOO_BIG, 0, 1300, take_is(&f, ACK, 1, 1440, 1));
	take_is(&f, ACK, 1, 1440, 1); /* two segments of the new size, in one packet */
	assert_int_equal(CALL(getsockopt, fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_snd_mss, 1240);
	assert_int_equal(info.tcpi_pmtu, 1300);
}

static void datagrams_go_both_ways(void **state)
{
	struct sockaddr_in6 here = addr6_of("::", 7000), to = addr6_of(REMOTE6, 5555), from;
	int fd = CALL(socket, AF_INET6, SOCK_DGRAM, 0);
	socklen_t len = sizeof(from);
	struct seg *s;

	(void)state;
	assert_int_equal(CALL(bind, fd, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(CALL(sendto, fd, data, 1000, 0, (struct sockaddr *)&to, sizeof(to)), 1000);
	s = take(NULL);
	assert_int_equal(s->proto, IPPROTO_UDP);
	assert_int_equal(s->dport, 5555);
	assert_int_equal(s->bytes, 1000);
	give_udp(5555, 7000, data, 300);
	assert_int_equal(CALL(recvfrom, fd, got, 100, MSG_TRUNC, (struct sockaddr *)&from, &len), 300);
	assert_memory_equal(&from, &to, sizeof(from));
	give_udp(5555, 7001, data, 30); /* nobody listens */
	s = take(NULL);
	assert_int_equal(s->proto, IPPROTO_ICMPV6);
	assert_int_equal(s->raw[40], ICMP6_DST_UNREACH);
	assert_int_equal(s->raw[41], ICMP6_DST_UNREACH_NOPORT);
	assert_int_equal(CALL(connect, fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(CALL(write, fd, data, 10), 10);
	give_icmp(ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT, 0, take(NULL));
	REFUSED(ECONNREFUSED, CALL(read, fd, got, 100));
}

static void options_are_set_and_got(void **state)
{
	int fd = tcp_socket(), value = 0;
	socklen_t len = sizeof(value);
	struct seg *s;
	struct sockaddr_in6 to = addr6_of(REMOTE6, 80);

	(void)state;
	set_nonblock(fd, true);
	set_option(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33);
	set_option(fd, IPPROTO_IPV6, IPV6_TCLASS, 0x20);
	assert_int_equal(CALL(getsockopt, fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &value, &len), 0);
	assert_int_equal(value, 33);
	REFUSED(EINPROGRESS, CALL(connect, fd, (struct sockaddr *)&to, sizeof(to)));
	s = take(NULL);
	assert_int_equal(s->ttl, 33);
	assert_int_equal((s->raw[0] & 0xf) << 4 | s->raw[1] >> 4, 0x20);
}

/* ---- sockets of IPv6 on a wire of IPv4 */

static int mapped_begin(void **state)
{
	host_begin(state);
	host_end(state);
	drill_init("ipv4-mapped-ipv6,192.168.0.1/16,192.168.0.2,192.0.2.0/24", &pd);
	return 0;
}

static void addresses_of_ipv4_are_mapped(void **state)
{
	struct sockaddr_in6 here = addr6_of("::", 8080), who, want = addr6_of("::ffff:" REMOTE, 4001);
	struct flow f = { .local_port = 8080, .remote_port = 4001, .remote_isn = 1 }, out = { .remote_port = 80 };
	int listener = CALL(socket, AF_INET6, SOCK_STREAM, 0), fd = CALL(socket, AF_INET6, SOCK_STREAM, 0);
	socklen_t len = sizeof(who);

	(void)state;
	assert_int_equal(CALL(bind, listener, (struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(CALL(listen, listener, 5), 0);
	give(&f, SYN, 0, 0, NULL, 0);
	assert_int_equal(take_is(&f, SYN | ACK, 0, 0, 1)->mss, 1460);
	give(&f, ACK, 1, 1, NULL, 0);
	assert_true(CALL(accept, listener, (struct sockaddr *)&who, &len) >= 0);
	assert_memory_equal(&who, &want, sizeof(who));
	set_nonblock(fd, true);
	want.sin6_port = htons(80);
	REFUSED(EINPROGRESS, CALL(connect, fd, (struct sockaddr *)&want, sizeof(want)));
	take_is(&out, SYN, 0, 0, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, host6_begin, host_end)
const struct CMUnitTest ipv6_tests[] = {
	TEST(a_connection_comes_and_carries_data),
	TEST(a_connect_that_blocks_is_woken),
	TEST(a_smaller_path_is_learned),
	TEST(datagrams_go_both_ways),
	TEST(options_are_set_and_got),
	cmocka_unit_test_setup_teardown(addresses_of_ipv4_are_mapped, mapped_begin, host_end),
};
const size_t ipv6_test_count = sizeof(ipv6_tests) / sizeof(ipv6_tests[0]);
