// SPDX-License-Identifier: BSD-2-Clause
/* A host of several workers behaves as a host: whoever has the socket, and wherever the frames come in. */
#include "host_world.h"

#include <netinet/ip6.h>

#include "base/csum.h"
#include "wire/ipv6.h"

#define ETH_BYTES 14U

static const char *const host_of[] = { "10.77.0.1", "fd00::1" }, *const peer_of[] = { "10.77.0.2", "fd00::2" };

/* ------------------------------------------------------------------ datagrams */

static void datagram_both_ways(struct host_world *hw, u32 worker, u32 family, size_t len_bytes)
{
	struct nethood_sock *sk = sock_at(hw, worker, host_of[family], SOCK_DGRAM),
			    *peer = sock_at(hw, PEER, host_of[family], SOCK_DGRAM);
	u8 *out = malloc(len_bytes), *in = malloc(len_bytes);
	union name to, from = name_of(peer_of[family], 0);
	socklen_t from_bytes = sizeof(from);

	for (size_t i = 0; i < len_bytes; i++)
		out[i] = (u8)(i * 7 + worker);
	assert_int_equal(bind_to(peer, peer_of[family], 7), 0);
	to = name_of(peer_of[family], 7);
	assert_int_equal(nethood_sendto(sk, out, len_bytes, 0, &to.sa, sizeof(to)), len_bytes);
	run_ms(hw, 100);
	/* the first one was not lost, though nobody knew the neighbour */
	assert_int_equal(nethood_recvfrom(peer, in, len_bytes, 0, &from.sa, &from_bytes), len_bytes);
	assert_memory_equal(in, out, len_bytes);
	assert_int_equal(nethood_sendto(peer, in, len_bytes, 0, &from.sa, from_bytes), len_bytes);
	run_ms(hw, 100);
	memset(in, 0, len_bytes);
	assert_int_equal(nethood_recvfrom(sk, in, len_bytes, 0, NULL, NULL), len_bytes);
	assert_memory_equal(in, out, len_bytes);
	nethood_close(sk);
	nethood_close(peer);
	free(in);
	free(out);
}

static void datagrams_find_their_socket(struct host_world *hw)
{
	for (u32 family = 0; family < 2; family++) {
		for (u32 worker = WORKERS; worker--;)
			datagram_both_ways(hw, worker, family, 100);
	}
}

static void fragments_find_their_socket(struct host_world *hw)
{
	for (u32 family = 0; family < 2; family++) {
		for (u32 worker = WORKERS; worker--;)
			datagram_both_ways(hw, worker, family, 20000);
	}
}

static void refused_datagrams_are_told(struct host_world *hw)
{
	for (u32 family = 0; family < 2; family++) {
		for (u32 worker = WORKERS; worker--;) {
			struct nethood_sock *sk = sock_at(hw, worker, host_of[family], SOCK_DGRAM);

			assert_int_equal(connect_to(sk, peer_of[family], 9), 0);
			assert_int_equal(nethood_sendto(sk, "x", 1, 0, NULL, 0), 1);
			run_ms(hw, 200);
			assert_int_equal(nethood_recvfrom(sk, NULL, 0, 0, NULL, NULL), -ECONNREFUSED);
			nethood_close(sk);
			run_ms(hw, 1000); /* errors are rationed */
		}
	}
}

/* The first frame on its way to the peer; the others are lost. */
static struct frame frame_taken(struct host_world *hw)
{
	struct frame first = hw->frames[hw->first];

	assert_true(hw->count > 0);
	for (u32 i = 1; i < hw->count; i++)
		free(hw->frames[(hw->first + i) % FRAMES].octets);
	hw->first = hw->count = 0;
	return first;
}

/* "Packet too big", of the peer, about what is in @f: RFC 4443 3.2 */
static size_t too_big(const struct frame *f, u32 mtu, u8 *out)
{
	const u32 quoted_bytes = min_u32(f->len_bytes - ETH_BYTES, 1000), icmp_bytes = 8 + quoted_bytes,
		  be_mtu = htonl(mtu);
	u8 *icmp = out + ETH_BYTES + sizeof(struct ip6_hdr);
	struct ip6_hdr ip6 = { .ip6_flow = htonl(6U << 28),
			       .ip6_plen = htons((u16)icmp_bytes),
			       .ip6_nxt = IPPROTO_ICMPV6,
			       .ip6_hlim = 64 };
	__be16 sum;

	memcpy(out, f->octets + 6, 6);
	memcpy(out + 6, f->octets, 6);
	memcpy(out + 12, f->octets + 12, 2);
	assert_int_equal(inet_pton(AF_INET6, "fd00::2", &ip6.ip6_src), 1);
	assert_int_equal(inet_pton(AF_INET6, "fd00::1", &ip6.ip6_dst), 1);
	memcpy(out + ETH_BYTES, &ip6, sizeof(ip6));
	memcpy(icmp, (const u8[]){ 2, 0, 0, 0 }, 4);
	memcpy(icmp + 4, &be_mtu, sizeof(be_mtu));
	memcpy(icmp + 8, f->octets + ETH_BYTES, quoted_bytes);
	sum = csum_fold(csum_partial(icmp, icmp_bytes,
				     csum_ipv6_magic_sum(&ip6.ip6_src, &ip6.ip6_dst, icmp_bytes, IPPROTO_ICMPV6)));
	memcpy(icmp + 2, &sum, sizeof(sum));
	return ETH_BYTES + sizeof(ip6) + icmp_bytes;
}

/* A datagram in fragments.  Return: length of the first one's frame; what it was is in @f, for the caller to free */
static u32 fragment_sent(struct host_world *hw, struct nethood_sock *sk, struct frame *f)
{
	static const u8 data[1700];

	assert_int_equal(nethood_sendto(sk, data, sizeof(data), 0, NULL, 0), sizeof(data));
	nethood_poll(hw->net[2], hw->now_ns);
	*f = frame_taken(hw);
	return f->len_bytes;
}

/* What is quoted is a fragment: whose it is stands behind its header. */
static void a_narrow_path_is_told(struct host_world *hw)
{
	struct nethood_sock *sk = sock_at(hw, 2, "fd00::1", SOCK_DGRAM), *peer = sock_at(hw, PEER, "::", SOCK_DGRAM);
	socklen_t told_bytes = sizeof(int);
	static u8 frame[3000];
	struct frame first;
	int told = 0;
	size_t len;

	assert_int_equal(bind_to(peer, "fd00::2", 9), 0);
	assert_int_equal(connect_to(sk, "fd00::2", 9), 0);
	assert_int_equal(nethood_sendto(sk, "x", 1, 0, NULL, 0), 1);
	run_ms(hw, 100); /* the neighbour is known */
	assert_true(fragment_sent(hw, sk, &first) > ETH_BYTES + 1400);
	len = too_big(&first, 1300, frame);
	free(first.octets);
	assert_int_equal(nethood_dev_receive(hw->port[draw(hw, WORKERS)].dev, frame, len), 0);
	run_ms(hw, 50);
	assert_int_equal(nethood_getsockopt(sk, SOL_SOCKET, SO_ERROR, &told, &told_bytes), 0);
	assert_int_equal(told, EMSGSIZE);
	assert_true(fragment_sent(hw, sk, &first) <= ETH_BYTES + 1300);
	free(first.octets);
	nethood_close(sk);
	nethood_close(peer);
}

static void nobody_there_is_told(struct host_world *hw)
{
	struct nethood_sock *sk = sock_at(hw, 2, "10.77.0.1", SOCK_DGRAM);
	int on = 1;

	assert_int_equal(nethood_setsockopt(sk, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	assert_int_equal(connect_to(sk, "10.77.0.99", 9), 0);
	assert_int_equal(nethood_sendto(sk, "x", 1, 0, NULL, 0), 1);
	run_ms(hw, 6000);
	assert_int_equal(nethood_sendto(sk, "x", 1, 0, NULL, 0), -EHOSTUNREACH);
	nethood_close(sk);
}

static void multicasts_reach_all(struct host_world *hw)
{
	struct nethood_sock *sk[WORKERS], *peer = sock_at(hw, PEER, "10.77.0.2", SOCK_DGRAM);
	union name to = name_of("10.77.0.255", 5000);
	char in[8];

	for (u32 i = 0; i < WORKERS; i++) {
		sk[i] = sock_at(hw, i, "0.0.0.0", SOCK_DGRAM);
		opt_set(sk[i], SO_REUSEADDR);
		assert_int_equal(bind_to(sk[i], "0.0.0.0", 5000), 0);
	}
	opt_set(peer, SO_BROADCAST);
	assert_int_equal(nethood_sendto(peer, "all", 3, 0, &to.sa, sizeof(to)), 3);
	run_ms(hw, 100);
	for (u32 i = 0; i < WORKERS; i++) {
		assert_int_equal(nethood_recvfrom(sk[i], in, sizeof(in), 0, NULL, NULL), 3);
		assert_int_equal(nethood_recvfrom(sk[i], in, sizeof(in), 0, NULL, NULL), -EAGAIN);
		nethood_close(sk[i]);
	}
	nethood_close(peer);
}

static void pings_are_answered(struct host_world *hw)
{
	static const u8 echo[8] = { 8, 0, 0, 0, 0, 0, 0, 1 };
	u8 in[64];

	for (u32 worker = 0; worker < WORKERS; worker++) {
		union name to = name_of("10.77.0.2", 0);
		struct nethood_sock *sk;

		assert_int_equal(nethood_sysctl_set(hw->net[0], "net.ipv4.ping_group_range", "0 1000"), 0);
		run_ms(hw, 50);
		assert_int_equal(nethood_socket(hw->net[worker], AF_INET, SOCK_DGRAM, IPPROTO_ICMP, &sk), 0);
		assert_int_equal(nethood_sendto(sk, echo, sizeof(echo), 0, &to.sa, sizeof(to)), sizeof(echo));
		run_ms(hw, 100);
		assert_int_equal(nethood_recvfrom(sk, in, sizeof(in), 0, NULL, NULL), sizeof(echo));
		assert_int_equal(in[0], 0);
		nethood_close(sk);
	}
}

/* ------------------------------------------------------------------ streams */

#define STREAM_BYTES 300000U

static u8 octet_at(size_t i)
{
	return (u8)((i * 2654435761U) >> 13);
}

/* All that @from sends comes to @to, and back: the same octets. */
static void stream_one_way(struct host_world *hw, struct nethood_sock *from, struct nethood_sock *to)
{
	static u8 out[STREAM_BYTES], in[STREAM_BYTES];
	size_t sent = 0, got = 0;

	for (size_t i = 0; i < STREAM_BYTES; i++)
		out[i] = octet_at(i);
	for (u32 i = 0; i < 20000 && got < STREAM_BYTES; i++) {
		ssize_t n = sent < STREAM_BYTES ? nethood_sendto(from, out + sent, STREAM_BYTES - sent, 0, NULL, 0) : 0;

		if (n > 0)
			sent += (size_t)n;
		run_ms(hw, 1);
		n = nethood_recvfrom(to, in + got, STREAM_BYTES - got, 0, NULL, NULL);
		if (n > 0)
			got += (size_t)n;
	}
	assert_int_equal(got, STREAM_BYTES);
	assert_memory_equal(in, out, STREAM_BYTES);
}

static struct nethood_sock *accept_soon(struct host_world *hw, struct nethood_sock *listener)
{
	struct nethood_sock *child = NULL;

	for (u32 i = 0; i < 5000 && nethood_accept(listener, &child, NULL, NULL); i++)
		run_ms(hw, 1);
	assert_non_null(child);
	return child;
}

static struct nethood_sock *listen_at(struct host_world *hw, u32 actor, const char *addr, u16 port, bool reuseport)
{
	struct nethood_sock *sk = sock_at(hw, actor, addr, SOCK_STREAM);

	opt_set(sk, reuseport ? SO_REUSEPORT : SO_REUSEADDR);
	assert_int_equal(bind_to(sk, addr, port), 0);
	assert_int_equal(nethood_listen(sk, 128), 0);
	return sk;
}

static void stream_between(struct host_world *hw, u32 client, const char *client_addr, u32 server,
			   const char *server_addr)
{
	struct nethood_sock *listener = listen_at(hw, server, server_addr, 80, false), *child;
	struct nethood_sock *sk = sock_at(hw, client, client_addr, SOCK_STREAM);

	assert_int_equal(connect_to(sk, server_addr, 80), -EINPROGRESS);
	child = accept_soon(hw, listener);
	stream_one_way(hw, sk, child);
	stream_one_way(hw, child, sk);
	nethood_close(sk);
	nethood_close(child);
	nethood_close(listener);
	run_ms(hw, 300);
}

static void streams_in(struct host_world *hw)
{
	for (u32 family = 0; family < 2; family++) {
		for (u32 worker = WORKERS; worker--;)
			stream_between(hw, PEER, peer_of[family], worker, host_of[family]);
	}
}

static void streams_out(struct host_world *hw)
{
	for (u32 family = 0; family < 2; family++) {
		for (u32 worker = WORKERS; worker--;)
			stream_between(hw, worker, host_of[family], PEER, peer_of[family]);
	}
}

static void streams_between_workers(struct host_world *hw)
{
	stream_between(hw, 2, "127.0.0.1", 1, "127.0.0.1");
	stream_between(hw, 0, "::1", 2, "::1");
}

/* All workers listen: connections are shared out by the queues, and each stays where it began. */
static void listeners_share(struct host_world *hw)
{
	struct nethood_sock *listener[WORKERS], *sk[30], *child;
	u32 accepted[WORKERS] = { 0 }, all = 0;
	char in[8];

	hw->rss = RSS_FLOW;
	for (u32 i = 0; i < WORKERS; i++)
		listener[i] = listen_at(hw, i, "10.77.0.1", 80, true);
	for (u32 i = 0; i < ARRAY_SIZE(sk); i++) {
		sk[i] = sock_at(hw, PEER, "10.77.0.2", SOCK_STREAM);
		assert_int_equal(connect_to(sk[i], "10.77.0.1", 80), -EINPROGRESS);
	}
	run_ms(hw, 3000);
	hw->rss = RSS_RANDOM; /* from now on the queues are nobody's */
	for (u32 i = 0; i < ARRAY_SIZE(sk); i++)
		assert_int_equal(nethood_sendto(sk[i], "hello", 5, 0, NULL, 0), 5);
	run_ms(hw, 1000);
	for (u32 i = 0; i < WORKERS; i++) {
		while (!nethood_accept(listener[i], &child, NULL, NULL)) {
			assert_int_equal(nethood_recvfrom(child, in, sizeof(in), 0, NULL, NULL), 5);
			nethood_close(child);
			accepted[i]++;
			all++;
		}
		assert_true(accepted[i] > 0);
	}
	assert_int_equal(all, ARRAY_SIZE(sk));
	for (u32 i = 0; i < ARRAY_SIZE(sk); i++)
		nethood_close(sk[i]);
	for (u32 i = 0; i < WORKERS; i++)
		nethood_close(listener[i]);
}

static void refused_streams_are_told(struct host_world *hw)
{
	for (u32 worker = 0; worker < WORKERS; worker++) {
		struct nethood_sock *sk = sock_at(hw, worker, "10.77.0.1", SOCK_STREAM);
		struct nethood_sock *back = sock_at(hw, PEER, "10.77.0.2", SOCK_STREAM);
		char c;

		assert_int_equal(connect_to(sk, "10.77.0.2", 81), -EINPROGRESS);
		assert_int_equal(connect_to(back, "10.77.0.1", 81), -EINPROGRESS);
		run_ms(hw, 300);
		assert_int_equal(nethood_recvfrom(sk, &c, 1, 0, NULL, NULL), -ECONNREFUSED);
		assert_int_equal(nethood_recvfrom(back, &c, 1, 0, NULL, NULL), -ECONNREFUSED);
		nethood_close(sk);
		nethood_close(back);
	}
}

/* ------------------------------------------------------------------ ports */

static void a_port_has_one_worker(struct host_world *hw)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };

	for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
		struct nethood_sock *a = sock_at(hw, 1, "10.77.0.1", types[i]),
				    *b = sock_at(hw, 2, "10.77.0.1", types[i]);

		assert_int_equal(bind_to(a, "0.0.0.0", 1234), 0);
		assert_int_equal(bind_to(b, "0.0.0.0", 1234), -EADDRINUSE);
		nethood_close(a);
		assert_int_equal(bind_to(b, "0.0.0.0", 1234), 0);
		nethood_close(b);
		a = sock_at(hw, 1, "::", types[i]);
		b = sock_at(hw, 2, "::", types[i]);
		opt_set(a, SO_REUSEPORT);
		opt_set(b, SO_REUSEPORT);
		assert_int_equal(bind_to(a, "::", 1234), 0);
		assert_int_equal(bind_to(b, "::", 1234), 0);
		nethood_close(a);
		nethood_close(b);
	}
}

/* Bound with SO_REUSEADDR a port is shared, but only one worker may listen on it. */
static void one_worker_listens(struct host_world *hw)
{
	struct nethood_sock *a = sock_at(hw, 1, "10.77.0.1", SOCK_STREAM),
			    *b = sock_at(hw, 2, "10.77.0.1", SOCK_STREAM);

	opt_set(a, SO_REUSEADDR);
	opt_set(b, SO_REUSEADDR);
	assert_int_equal(bind_to(a, "0.0.0.0", 1234), 0);
	assert_int_equal(bind_to(b, "0.0.0.0", 1234), 0);
	assert_int_equal(nethood_listen(a, 5), 0);
	assert_int_equal(nethood_listen(b, 5), -EADDRINUSE);
	nethood_close(a);
	assert_int_equal(nethood_listen(b, 5), 0);
	nethood_close(b);
}

static void free_ports_are_free_everywhere(struct host_world *hw)
{
	struct nethood_sock *sk[90];
	static bool seen[2][65536];

	memset(seen, 0, sizeof(seen));
	assert_int_equal(nethood_sysctl_set(hw->net[0], "net.ipv4.ip_local_port_range", "40000 40099"), 0);
	run_ms(hw, 50);
	for (u32 type = 0; type < 2; type++) {
		for (u32 i = 0; i < ARRAY_SIZE(sk); i++) {
			sk[i] = sock_at(hw, i % WORKERS, "10.77.0.1", type ? SOCK_DGRAM : SOCK_STREAM);
			assert_int_equal(bind_to(sk[i], "0.0.0.0", 0), 0);
			assert_false(seen[type][port_of(sk[i])]);
			seen[type][port_of(sk[i])] = true;
		}
		for (u32 i = 0; i < ARRAY_SIZE(sk); i++)
			nethood_close(sk[i]);
	}
	for (u32 space = 0; space < NET_PORT_SPACES; space++) {
		for (u32 port = 0; port < PORTS; port++)
			assert_int_equal(hw->host->ports->owners[space][port], 0);
	}
}

/* ------------------------------------------------------------------ life */

static bool fail_at(void *ctx, const char *site, size_t bytes)
{
	u32 *left = ctx;

	(void)site;
	(void)bytes;
	return *left && !--*left;
}

static void *ctx_alloc(void *ctx, size_t bytes)
{
	(void)ctx;
	return malloc(bytes);
}

static void *ctx_zalloc(void *ctx, size_t bytes)
{
	return fail_at(ctx, NULL, bytes) ? NULL : calloc(1, bytes);
}

static void ctx_free(void *ctx, void *p, size_t bytes)
{
	(void)ctx;
	(void)bytes;
	free(p);
}

static void without_memory_there_is_no_host(void **state)
{
	u32 left, at = 1;
	struct nethood_allocator memory = { .alloc = ctx_alloc, .zalloc = ctx_zalloc, .free = ctx_free, .ctx = &left };
	struct nethood_config config = { .memory = &memory };
	struct nethood_workers *host;
	int err;

	(void)state;
	do {
		left = at++;
		err = nethood_workers_create(&config, 2, wake, NULL, &host);
		if (err)
			assert_true(err == -ENOMEM || err == -ENOBUFS);
	} while (err);
	assert_true(at > 20); /* it did fail, again and again */
	left = 0;
	nethood_workers_free(host);
}

static void bad_hosts_are_refused(void **state)
{
	struct nethood_config config = { .now_ns = 1 };
	struct nethood_workers *host;

	(void)state;
	assert_int_equal(nethood_workers_create(&config, 0, wake, NULL, &host), -EINVAL);
	assert_int_equal(nethood_workers_create(&config, 32, wake, NULL, &host), -EINVAL);
	assert_int_equal(nethood_workers_create(&config, 2, NULL, NULL, &host), -EINVAL);
	config.record_bytes = 65536;
	assert_int_equal(nethood_workers_create(&config, 2, wake, NULL, &host), -EINVAL);
	nethood_workers_free(NULL);
}

/* Each worker would hear every frame. */
static void what_cannot_be_shared_is_refused(void **state)
{
	static const char *const drivers[] = { "packet", "pcap" };
	struct nethood_config config = { .now_ns = 1 };
	struct nethood_workers *host;

	(void)state;
	assert_int_equal(nethood_workers_create(&config, 2, wake, NULL, &host), 0);
	for (u32 i = 0; i < ARRAY_SIZE(drivers); i++) {
		const struct nethood_dev_config dev = { .name = "eth0", .driver = drivers[i], .arg = "lo", .fd = -1 };

		assert_int_equal(nethood_dev_create(nethood_workers_net(host, i), &dev, NULL), -EOPNOTSUPP);
	}
	nethood_workers_free(host);
}

SEEDED(datagrams_find_their_socket)
SEEDED(fragments_find_their_socket)
SEEDED(refused_datagrams_are_told)
SEEDED(a_narrow_path_is_told)
SEEDED(nobody_there_is_told)
SEEDED(multicasts_reach_all)
SEEDED(pings_are_answered)
SEEDED(streams_in)
SEEDED(streams_out)
SEEDED(streams_between_workers)
SEEDED(listeners_share)
SEEDED(refused_streams_are_told)
SEEDED(a_port_has_one_worker)
SEEDED(one_worker_listens)
SEEDED(free_ports_are_free_everywhere)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_find_their_socket_test),
		cmocka_unit_test(fragments_find_their_socket_test),
		cmocka_unit_test(refused_datagrams_are_told_test),
		cmocka_unit_test(a_narrow_path_is_told_test),
		cmocka_unit_test(nobody_there_is_told_test),
		cmocka_unit_test(multicasts_reach_all_test),
		cmocka_unit_test(pings_are_answered_test),
		cmocka_unit_test(streams_in_test),
		cmocka_unit_test(streams_out_test),
		cmocka_unit_test(streams_between_workers_test),
		cmocka_unit_test(listeners_share_test),
		cmocka_unit_test(refused_streams_are_told_test),
		cmocka_unit_test(a_port_has_one_worker_test),
		cmocka_unit_test(one_worker_listens_test),
		cmocka_unit_test(free_ports_are_free_everywhere_test),
		cmocka_unit_test(without_memory_there_is_no_host),
		cmocka_unit_test(bad_hosts_are_refused),
		cmocka_unit_test(what_cannot_be_shared_is_refused),
	};

	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
