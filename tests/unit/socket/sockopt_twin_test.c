// SPDX-License-Identifier: BSD-2-Clause
/* Every option of every level, with every length and many values: the kernel's answer and nethood's must be the same.
 *
 * Nothing is written down here but where they differ, and why.  With TWIN_INET6 it is about sockets of AF_INET6.
 */
#include "twin.h"

/** enum where - in its life */
enum where { FRESH, LISTENING, CONNECTED };

static const struct {
	int type, protocol;
	const char *name;
	enum where where;
	int only_level; /* 0: all */
} kinds[] = {
#ifdef TWIN_INET6
	{ SOCK_DGRAM, 0, "UDP of AF_INET6", FRESH, 0 },
	{ SOCK_RAW, IPPROTO_ICMPV6, "raw ICMPv6", FRESH, 0 },
	{ SOCK_RAW, 253, "raw", FRESH, SOL_IPV6 },
	{ SOCK_DGRAM, IPPROTO_ICMPV6, "ping of AF_INET6", FRESH, 0 },
	{ SOCK_STREAM, 0, "TCP of AF_INET6", FRESH, 0 },
	{ SOCK_RAW, IPPROTO_RAW, "raw with headers of its own", FRESH, SOL_IPV6 },
};
#define FAMILY AF_INET6
#else
	{ SOCK_DGRAM, 0, "UDP", FRESH, 0 },
	{ SOCK_RAW, IPPROTO_ICMP, "raw ICMP", FRESH, 0 },
	{ SOCK_DGRAM, IPPROTO_ICMP, "ping", FRESH, 0 },
	{ SOCK_STREAM, 0, "TCP", FRESH, 0 },
	{ SOCK_STREAM, 0, "TCP that listens", LISTENING, IPPROTO_TCP },
	{ SOCK_STREAM, 0, "TCP that is connected", CONNECTED, IPPROTO_TCP },
};
#define FAMILY AF_INET
#endif

static const struct {
	int level, names;
} levels[] = {
	{ SOL_SOCKET, 90 }, { SOL_IP, 53 },      { IPPROTO_UDP, 110 }, { IPPROTO_TCP, 60 }, { 255 /* SOL_RAW */, 12 },
#ifdef TWIN_INET6
	{ SOL_IPV6, 128 },  { SOL_ICMPV6, 128 },
#endif
};

static const socklen_t lengths[] = { 0, 1, 2, 3, 4, 5, 7, 8, 12, 16, 20, 40 };
static const int values[] = { 0,   1,    2,    -1,    3,     6,      7,       8,        16, 64,         255,    256,
			      300, 1000, 4096, 65535, 65536, 100000, 1 << 18, 10000000, -2, 0x7fffffff, 1 << 24 };

/* Where the two differ, and why. */
static const struct {
	int level, name;
	const char *why;
} apart[] = {
	{ SOL_SOCKET, SO_ATTACH_FILTER, "takes a pointer: filter_test" },
	{ SOL_SOCKET, SO_ATTACH_BPF, "no eBPF" },
	{ SOL_SOCKET, 51, "SO_ATTACH_REUSEPORT_CBPF: the flow's hash chooses" },
	{ SOL_SOCKET, 52, "SO_ATTACH_REUSEPORT_EBPF: no eBPF" },
	{ SOL_SOCKET, 68, "SO_DETACH_REUSEPORT_BPF: there is none" },
	{ SOL_SOCKET, SO_CNX_ADVICE, "no second path to look for" },
	{ SOL_SOCKET, SO_COOKIE, "a number" },
	{ SOL_SOCKET, 71, "SO_NETNS_COOKIE: a number" },
	{ SOL_SOCKET, 78, "SO_DEVMEM_*: no device has memory of its own" },
	{ SOL_SOCKET, 79, "SO_DEVMEM_*" },
	{ SOL_SOCKET, 80, "SO_DEVMEM_*" },
	{ SOL_IP, IP_OPTIONS, "options have a test of their own" },
	{ SOL_IP, IP_ROUTER_ALERT, "packets of others are not given to sockets" },
	{ SOL_IP, IP_IPSEC_POLICY, "no IPsec" },
	{ SOL_IP, IP_XFRM_POLICY, "no IPsec" },
	{ SOL_IP, IP_MSFILTER, "whole source filters at once" },
	{ SOL_IP, MCAST_MSFILTER, "whole source filters at once" },
	{ SOL_IPV6, IPV6_ROUTER_ALERT, "packets of others are not given to sockets" },
	{ SOL_IPV6, 64, "IP6T_SO_*: no ip6tables" },
	{ SOL_IPV6, 65, "IP6T_SO_*" },
	{ SOL_IPV6, 68, "IP6T_SO_*" },
	{ SOL_IPV6, 69, "IP6T_SO_*" },
	{ SOL_IPV6, 80, "IP6T_SO_ORIGINAL_DST: connections are not tracked" },
	{ SOL_IPV6, IPV6_IPSEC_POLICY, "no IPsec" },
	{ SOL_IPV6, IPV6_XFRM_POLICY, "no IPsec" },
	{ SOL_IPV6, MCAST_MSFILTER, "whole source filters at once" },
	{ IPPROTO_UDP, 100, "UDP_ENCAP: no tunnels" },
	{ IPPROTO_TCP, 11, "TCP_INFO: times and windows" },
	{ IPPROTO_TCP, 13, "TCP_CONGESTION: names; what the host prefers" },
	{ IPPROTO_TCP, 19, "TCP_REPAIR: nobody may" },
	{ IPPROTO_TCP, 24, "TCP_TIMESTAMP: a clock" },
	{ IPPROTO_TCP, 26, "TCP_CC_INFO: of what the host prefers" },
	{ IPPROTO_TCP, 35, "TCP_ZEROCOPY_RECEIVE: memory of programs is theirs" },
	{ IPPROTO_TCP, 42, "TCP_AO_REPAIR: nobody may" },
};

static bool stands_apart(int level, int name)
{
	for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
		if (apart[i].level == level && apart[i].name == name)
			return true;
	}
	return level == SOL_IP && name >= IP_ADD_MEMBERSHIP && name <= MCAST_MSFILTER; /* udp_twin_test */
}

/* Two sockets of a kind, one in each world. */
struct pair {
	int fd, child_fd, peer_fd; /**< CONNECTED: peer listens, child is what it accepted */
	struct nethood_sock *sk, *child, *peer;
	const char *kind;
	unsigned compared, different;
};

static void compare_get(struct pair *p, int level, int name, socklen_t len)
{
	uint8_t theirs[64], ours[64];
	socklen_t their_len = len, our_len = len;
	int want, got;

	memset(theirs, 0xaa, sizeof(theirs));
	memset(ours, 0xaa, sizeof(ours));
	want = getsockopt(p->fd, level, name, theirs, &their_len) ? -errno : 0;
	got = nethood_getsockopt(p->sk, level, name, ours, &our_len);
	p->compared++;
	if (got == want && (got || (their_len == our_len && !memcmp(theirs, ours, sizeof(ours)))))
		return;
	p->different++;
	print_error("%s: getsockopt(%d, %d), %u bytes: kernel %d, %u bytes, nethood %d, %u bytes\n", p->kind, level,
		    name, len, want, their_len, got, our_len);
}

static void compare_set(struct pair *p, int level, int name, int value, socklen_t len)
{
	uint8_t buf[64] = { 0 };
	int want, got;

	memcpy(buf, &value, sizeof(value));
	want = setsockopt(p->fd, level, name, buf, len) ? -errno : 0;
	got = nethood_setsockopt(p->sk, level, name, buf, len);
	p->compared++;
	if (got != want) {
		p->different++;
		print_error("%s: setsockopt(%d, %d, %d), %u bytes: kernel %d, nethood %d\n", p->kind, level, name,
			    value, len, want, got);
	}
}

static void compare_option(struct pair *p, int level, int name, int value, socklen_t len)
{
	compare_set(p, level, name, value, len);
	for (size_t g = 0; g < sizeof(lengths) / sizeof(lengths[0]); g++) {
		if (len == 4 || lengths[g] == 4)
			compare_get(p, level, name, lengths[g]);
	}
	/* what an option changes besides itself */
	compare_get(p, SOL_SOCKET, SO_PRIORITY, 4);
	compare_get(p, SOL_IP, IP_TOS, 4);
}

/* Listening, or connected to one that listens; over the loopback device. */
static void enter(struct nethood_net *net, struct pair *p, enum where where)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	struct twin t = { .net = net, .now_ns = 1000000000ULL };

	if (where == FRESH)
		return;
	if (where == LISTENING) {
		assert_int_equal(listen(p->fd, 5), 0);
		assert_int_equal(nethood_listen(p->sk, 5), 0);
		return;
	}
	assert_int_equal(getsockname(p->peer_fd, (struct sockaddr *)&sin, &len), 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(p->fd, (struct sockaddr *)&sin, len), 0);
	p->child_fd = accept(p->peer_fd, NULL, NULL);
	assert_true(p->child_fd >= 0);
	assert_int_equal(nethood_getsockname(p->peer, (struct sockaddr *)&sin, &len), 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(nethood_connect(p->sk, (struct sockaddr *)&sin, len), -EINPROGRESS);
	t_settle(&t);
	assert_int_equal(nethood_accept(p->peer, &p->child, NULL, NULL), 0);
}

static void leave(struct nethood_net *net, struct pair *p)
{
	struct twin t = { .net = net, .now_ns = 1000000000ULL };

	close(p->fd);
	nethood_close(p->sk);
	if (p->child) {
		close(p->child_fd);
		nethood_close(p->child);
		p->child = NULL;
		t_settle(&t);
	}
}

static void listeners_begin(struct nethood_net *net, struct pair *p)
{
	struct twin t = { .net = net, .now_ns = 1000000000ULL }, kernel = { 0 };

	t_loopback_up(&t);
	t_loopback_up(&kernel);
	p->peer_fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(listen(p->peer_fd, 5), 0);
	assert_int_equal(nethood_socket(net, AF_INET, SOCK_STREAM, 0, &p->peer), 0);
	assert_int_equal(nethood_listen(p->peer, 5), 0);
}

static void compare_values(struct nethood_net *net, size_t kind, struct pair *p, int level, int name)
{
	for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
		for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
			if (lengths[l] != 4 && v > 2)
				continue;
			p->fd = socket(FAMILY, kinds[kind].type, kinds[kind].protocol);
			assert_true(p->fd >= 0);
			assert_int_equal(nethood_socket(net, FAMILY, kinds[kind].type, kinds[kind].protocol, &p->sk),
					 0);
			enter(net, p, kinds[kind].where);
			compare_option(p, level, name, values[v], lengths[l]);
			leave(net, p);
		}
	}
}

static int compare_all(void)
{
	struct nethood_net *net = twin_net(NULL);
	struct pair p = { 0 };

	assert_non_null(net);
	listeners_begin(net, &p);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		p.kind = kinds[k].name;
		p.fd = socket(FAMILY, kinds[k].type, kinds[k].protocol);
		if (p.fd < 0)
			continue; /* who may have one is not ours to decide, in a user's namespace */
		close(p.fd);
		for (size_t l = 0; l < sizeof(levels) / sizeof(levels[0]); l++) {
			for (int name = 0; name < levels[l].names; name++) {
				if (kinds[k].only_level && kinds[k].only_level != levels[l].level)
					continue;
				if (!stands_apart(levels[l].level, name))
					compare_values(net, k, &p, levels[l].level, name);
			}
		}
	}
	nethood_close(p.peer);
	close(p.peer_fd);
	nethood_free(net);
	print_message("%u answers compared\n", p.compared);
	assert_true(p.compared > 10000);
	return p.different ? 1 : 0;
}

static void test_all_options(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		FILE *f;

		if (unshare(CLONE_NEWNET))
			_exit(77); /* in a user's namespace nobody is privileged enough for the comparison to mean much */
		f = fopen("/proc/sys/net/ipv4/ping_group_range", "w");
		if (f) {
			fputs("0 2147483647", f);
			fclose(f);
		}
		status = compare_all();
		fflush(NULL);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		print_message("SKIP: only root may make a network namespace of his own\n");
	else
		assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_all_options) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
