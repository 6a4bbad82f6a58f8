// SPDX-License-Identifier: BSD-2-Clause
/* TCP between two nets in one process, joined by a memory wire: streams, request and response, connections, memory.
 *
 * By the public header alone.  One thread polls both nets in turns, with the machine's clock.  The wire copies each
 * frame once; without offload both ends compute checksums in software.  Buffers are as Linux has them by default.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/tcp.h>
#include <netinet/in.h>

#include "harness.h"
#include "lan.h"
#include "nethood/nethood.h"

#define PORT 5001U
#define LISTENERS 64U
#define CHUNK_BYTES 65536U
#define IDLE_COUNT 20000U
#define PER_LISTENER 25000U /* connections to one port: fewer than there are ports to come from */
#define CHURN_IDLE 100000U
#define CHURN_PER_MS 10U
#define CHURN_MS 60000U
#define TIMEWAIT_S 62U

static u32 scale = 1;
static bool over_ipv6;
static u64 virtual_ns; /* the time, where it is not the machine's; 0: it is */

struct side {
	struct nethood_net *net;
	struct nethood_dev *dev;
};

/** struct world - client and server */
struct world {
	struct side c, s;
	struct nethood_sock *listener[LISTENERS];
};

static void die(const char *why)
{
	fprintf(stderr, "micro_tcp: %s\n", why);
	exit(1);
}

static u32 ops(u32 n)
{
	return n / scale ? n / scale : 1;
}

/* ------------------------------------------------------------------ two nets */

static u64 time_ns(void)
{
	return virtual_ns ? virtual_ns : (u64)now_ns();
}

static const char *const sysctls[][2] = {
	{ "net.ipv4.ip_local_port_range", "1024 65535" },
	{ "net.ipv4.tcp_tw_reuse", "1" },
	{ "net.ipv4.tcp_max_syn_backlog", "100000" },
	{ "net.ipv4.tcp_max_tw_buckets", "2000000" },
	{ "net.core.somaxconn", "100000" },
};

static void side_init(struct side *s, u8 host, u32 mtu, bool offload)
{
	const u8 mac[6] = { 2, 0, 0, 0, 0, host };
	struct nethood_config config = { .now_ns = time_ns(), .random_key = { host } };
	struct nethood_dev_config dev = {
		.name = "eth0", .driver = "wire", .fd = -1, .lladdr = mac, .mtu = mtu, .offload = offload
	};

	if (nethood_create(&config, &s->net) || nethood_dev_create(s->net, &dev, &s->dev))
		die("no net");
	/* as a server would have it: all ports, and no limit that would hide what a connection costs */
	for (u32 i = 0; i < ARRAY_SIZE(sysctls); i++) {
		if (nethood_sysctl_set(s->net, sysctls[i][0], sysctls[i][1]))
			die(sysctls[i][0]);
	}
}

/* Return: there is more to do at once */
static bool pump(struct world *w)
{
	u64 now = time_ns();
	bool client = nethood_poll(w->c.net, now), server = nethood_poll(w->s.net, now);

	return client || server;
}

static union lan_addr server_addr(u32 listener)
{
	return lan_addr(over_ipv6, (u16)(PORT + listener));
}

static void world_init(struct world *w, u32 mtu, bool offload, u32 listeners)
{
	memset(w, 0, sizeof(*w));
	side_init(&w->c, 1, mtu, offload);
	side_init(&w->s, 2, mtu, offload);
	if (nethood_wire(w->c.dev, w->s.dev))
		die("no wire");
	lan_configure(w->c.net, nethood_dev_ifindex(w->c.dev), 1, 2);
	lan_configure(w->s.net, nethood_dev_ifindex(w->s.dev), 2, 1);
	if (over_ipv6) {
		lan_configure6(w->c.net, nethood_dev_ifindex(w->c.dev), 1, 2);
		lan_configure6(w->s.net, nethood_dev_ifindex(w->s.dev), 2, 1);
	}
	for (u32 i = 0; i < listeners; i++) {
		union lan_addr addr = server_addr(i);

		if (nethood_socket(w->s.net, addr.sa.sa_family, SOCK_STREAM, 0, &w->listener[i]) ||
		    nethood_bind(w->listener[i], &addr.sa, sizeof(addr)) || nethood_listen(w->listener[i], 65535))
			die("no listener");
	}
	for (u32 i = 0; i < 10; i++)
		pump(w);
}

static void world_fini(struct world *w)
{
	nethood_free(w->c.net);
	nethood_free(w->s.net);
	over_ipv6 = false;
}

static struct nethood_sock *connect_to(struct world *w, u32 listener)
{
	union lan_addr addr = server_addr(listener);
	struct nethood_sock *sk;

	if (nethood_socket(w->c.net, addr.sa.sa_family, SOCK_STREAM, 0, &sk) ||
	    nethood_connect(sk, &addr.sa, sizeof(addr)) != -EINPROGRESS)
		die("not connecting");
	return sk;
}

static struct nethood_sock *accept_from(struct world *w, u32 listener)
{
	struct nethood_sock *sk;

	for (u32 tries = 0; nethood_accept(w->listener[listener], &sk, NULL, NULL); tries++) {
		if (tries > 1000000)
			die("nobody comes");
		pump(w);
	}
	return sk;
}

static void no_delay(struct nethood_sock *sk)
{
	int on = 1;

	if (nethood_setsockopt(sk, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		die("TCP_NODELAY");
}

/* ------------------------------------------------------------------ streams */

static u8 chunk[CHUNK_BYTES];

/* One chunk is written, and what came is read.  Return: octets that were read now */
/* What is copied into the stack and out of it, and what is sent and read where it lies. */
enum { ZERO_COPY_SEND = 1, ZERO_COPY_RECEIVE = 2, OVER_IPV6 = 4 };
static u32 zero_copy;

static void released(void *ctx, const void *data, size_t len_bytes)
{
	(void)ctx, (void)data, (void)len_bytes;
}

static ssize_t send_chunk(struct nethood_sock *from, size_t len_bytes)
{
	if (zero_copy & ZERO_COPY_SEND)
		return nethood_send_zerocopy(from, chunk, len_bytes, 0, released, NULL);
	return nethood_sendto(from, chunk, len_bytes, 0, NULL, 0);
}

static ssize_t read_some(struct nethood_sock *to)
{
	static u8 room[CHUNK_BYTES];
	struct iovec piece[64];
	struct msghdr msg = { .msg_iov = piece, .msg_iovlen = 64 };
	ssize_t n;

	if (!(zero_copy & ZERO_COPY_RECEIVE))
		return nethood_recvfrom(to, room, sizeof(room), 0, NULL, NULL);
	n = nethood_recv_borrow(to, &msg);
	return n > 0 ? nethood_recv_consume(to, (size_t)n) : n;
}

static u64 stream_turn(struct world *w, struct nethood_sock *from, struct nethood_sock *to, u64 *unsent)
{
	u64 got = 0;
	ssize_t n;

	n = send_chunk(from, *unsent < CHUNK_BYTES ? (size_t)*unsent : CHUNK_BYTES);
	if (n > 0)
		*unsent -= (u64)n;
	pump(w);
	while ((n = read_some(to)) > 0)
		got += (u64)n;
	return got;
}

static void stream_of(struct world *w, struct nethood_sock *from, struct nethood_sock *to, u64 bytes)
{
	u64 unsent = bytes, got = 0;
	u32 idle = 0;

	while (got < bytes) {
		u64 now = stream_turn(w, from, to, &unsent);

		got += now;
		idle = now ? 0 : idle + 1;
		if (idle > 50000000)
			die("the stream stopped");
	}
}

static double stream(u32 mtu, bool offload, u64 bytes)
{
	struct nethood_sock *from, *to;
	struct world w;
	double t;

	bytes = bytes / scale ? bytes / scale : 1;
	world_init(&w, mtu, offload, 1);
	from = connect_to(&w, 0);
	to = accept_from(&w, 0);
	stream_of(&w, from, to, bytes / 10 + 1); /* windows grow */
	t = cpu_ns();
	stream_of(&w, from, to, bytes);
	t = cpu_ns() - t;
	nethood_close(from);
	nethood_close(to);
	world_fini(&w);
	return t / ((double)bytes / 1024);
}

static double stream_mtu(u32 zero)
{
	zero_copy = zero & ~(u32)OVER_IPV6;
	over_ipv6 = zero & OVER_IPV6;
	return stream(1500, false, 2ULL << 30);
}

static double stream_large(u32 zero)
{
	zero_copy = zero & ~(u32)OVER_IPV6;
	over_ipv6 = zero & OVER_IPV6;
	return stream(65535, true, 16ULL << 30);
}

/* ------------------------------------------------------------------ request and response */

static double request_response(u32 arg)
{
	struct nethood_sock *a, *b;
	u32 n = ops(1000000);
	struct world w;
	double t;
	u8 octet;

	over_ipv6 = arg;
	world_init(&w, 1500, false, 1);
	a = connect_to(&w, 0);
	b = accept_from(&w, 0);
	no_delay(a);
	no_delay(b);
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		u64 now = time_ns(); /* once a turn, as an event loop does */

		if (nethood_sendto(a, "x", 1, 0, NULL, 0) != 1)
			die("no request");
		nethood_poll(w.s.net, now);
		if (nethood_recvfrom(b, &octet, 1, 0, NULL, NULL) != 1 || nethood_sendto(b, "y", 1, 0, NULL, 0) != 1)
			die("no response");
		nethood_poll(w.c.net, now);
		if (nethood_recvfrom(a, &octet, 1, 0, NULL, NULL) != 1 || octet != 'y')
			die("no answer");
	}
	t = cpu_ns() - t;
	nethood_close(a);
	nethood_close(b);
	world_fini(&w);
	return t / n;
}

/* ------------------------------------------------------------------ connections */

static double connect_close(u32 arg)
{
	u32 n = ops(100000);
	struct world w;
	double t;
	u8 octet;

	over_ipv6 = arg;
	world_init(&w, 1500, false, LISTENERS);
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		struct nethood_sock *a = connect_to(&w, i % LISTENERS), *b;

		pump(&w);
		pump(&w);
		if (nethood_sendto(a, "x", 1, 0, NULL, 0) != 1)
			die("not connected");
		b = accept_from(&w, i % LISTENERS);
		while (nethood_recvfrom(b, &octet, 1, 0, NULL, NULL) != 1)
			pump(&w);
		nethood_close(a);
		pump(&w);
		while (nethood_recvfrom(b, &octet, 1, 0, NULL, NULL))
			pump(&w);
		nethood_close(b);
		pump(&w);
	}
	t = cpu_ns() - t;
	world_fini(&w);
	return t / n;
}

struct many {
	double ns, client_bytes, server_bytes; /* each */
};

/* @count connections that stand at the same time; both ends keep them. */
static struct many many_idle(u32 count)
{
	u32 listeners = count / PER_LISTENER + 1;
	struct nethood_sock **sk = malloc(2ULL * count * sizeof(struct nethood_sock *));
	struct nethood_ledger before[2], after[2];
	struct many out;
	struct world w;

	if (!sk || listeners > LISTENERS)
		die("no memory");
	world_init(&w, 1500, false, listeners);
	nethood_ledger(w.c.net, &before[0]);
	nethood_ledger(w.s.net, &before[1]);
	out.ns = cpu_ns();
	for (u32 i = 0; i < count; i++) {
		sk[2 * i] = connect_to(&w, i % listeners);
		pump(&w);
		pump(&w);
		sk[2 * i + 1] = accept_from(&w, i % listeners);
	}
	out.ns = (cpu_ns() - out.ns) / count;
	for (u32 i = 0; i < 100; i++)
		pump(&w);
	nethood_ledger(w.c.net, &after[0]);
	nethood_ledger(w.s.net, &after[1]);
	out.client_bytes = (double)(after[0].memory_bytes - before[0].memory_bytes) / count;
	out.server_bytes = (double)(after[1].memory_bytes - before[1].memory_bytes) / count;
	for (u32 i = 0; i < 2 * count; i++)
		nethood_close(sk[i]);
	free(sk);
	world_fini(&w);
	return out;
}

static double idle_bytes(u32 is_server)
{
	struct many m = many_idle(ops(IDLE_COUNT));

	return is_server ? m.server_bytes : m.client_bytes;
}

static double million_ns(u32 count)
{
	return many_idle(ops(count)).ns;
}

static double million_bytes(u32 count)
{
	struct many m = many_idle(ops(count));

	return m.server_bytes;
}

/* ------------------------------------------------------------------ opened and closed, 10 000 a second, among idle ones */

/* Virtual time: a millisecond. */
static void millisecond(struct world *w)
{
	virtual_ns += NSEC_PER_MSEC;
	pump(w);
	while (pump(w)) /* any number of TIME_WAITs may be over */
		;
}

static void wait_s(struct world *w, u32 seconds)
{
	for (u32 i = 0; i < 10 * seconds; i++) {
		virtual_ns += 99 * NSEC_PER_MSEC;
		millisecond(w);
	}
}

/* One connection: an octet goes and comes, who connected closes first and is in TIME_WAIT for a minute. */
static void open_and_close(struct world *w, u32 listener)
{
	struct nethood_sock *a = connect_to(w, listener), *b;
	u8 octet = 0;

	pump(w);
	pump(w);
	b = accept_from(w, listener);
	if (nethood_sendto(a, "x", 1, 0, NULL, 0) != 1)
		die("not connected");
	pump(w);
	if (nethood_recvfrom(b, &octet, 1, 0, NULL, NULL) != 1 || nethood_sendto(b, &octet, 1, 0, NULL, 0) != 1)
		die("no octet");
	pump(w);
	if (nethood_recvfrom(a, &octet, 1, 0, NULL, NULL) != 1 || octet != 'x')
		die("no echo");
	nethood_close(a);
	pump(w);
	if (nethood_recvfrom(b, &octet, 1, 0, NULL, NULL))
		die("no end");
	nethood_close(b);
	pump(w);
}

/* A minute (quick: five seconds) of it, and until the last TIME_WAIT is over. */
static u32 churn_period(struct world *w, u32 listeners)
{
	u32 ms = scale > 1 ? CHURN_MS / 12 : CHURN_MS, done = 0;

	for (u32 i = 0; i < ms; i++, millisecond(w)) {
		for (u32 k = 0; k < CHURN_PER_MS; k++)
			open_and_close(w, done++ % listeners);
	}
	wait_s(w, TIMEWAIT_S);
	return done;
}

static int sockstat_tcp(void *ctx, const char *text, size_t len)
{
	char *line = ctx;

	(void)snprintf(line + strlen(line), 1024 - strlen(line), "%.*s", (int)len, text);
	return 0;
}

/* Is nothing there beside @open connections of each side, those who listen, and @admin's nothing?  Else it ends here. */
static void nothing_else(const struct side *s, const char *who, u32 sockets, u64 memory_most)
{
	char text[1024] = "", want[64];
	struct nethood_ledger now;
	const char *broken = nethood_check(s->net);

	nethood_ledger(s->net, &now);
	(void)snprintf(want, sizeof(want), "TCP: inuse %u orphan 0 tw 0 alloc %u ", sockets, sockets);
	if (nethood_proc_read(s->net, "net/sockstat", sockstat_tcp, text) || !strstr(text, want) || broken ||
	    now.live || now.memory_bytes > memory_most) {
		fprintf(stderr, "micro_tcp: a leak, who %s: %s; %lu packets, %lu octets of at most %lu; not %s in\n%s",
			who, broken ? broken : "all holds", (unsigned long)now.live, (unsigned long)now.memory_bytes,
			(unsigned long)memory_most, want, text);
		exit(1);
	}
}

/** struct churned - what a minute costs */
struct churned {
	double cpu_ns; /* processor time of a connection, both ends */
	double peak;   /* most memory of who connected, per connection of the minute: TIME_WAIT */
	double idle;   /* of an idle one, who accepted */
};

static struct churned churn(void)
{
	u32 idle = scale > 1 ? CHURN_IDLE / 10 : CHURN_IDLE, done, listeners = LISTENERS;
	struct nethood_sock **sk = malloc(2ULL * idle * sizeof(struct nethood_sock *));
	struct nethood_ledger empty, idling, before[2], peak;
	struct churned out;
	struct world w;

	if (!sk)
		die("no memory");
	virtual_ns = NSEC_PER_SEC;
	world_init(&w, 1500, false, listeners);
	nethood_ledger(w.s.net, &empty);
	for (u32 i = 0; i < idle; i++) {
		sk[2 * i] = connect_to(&w, i % listeners);
		pump(&w);
		pump(&w);
		sk[2 * i + 1] = accept_from(&w, i % listeners);
	}
	nethood_ledger(w.c.net, &idling);
	churn_period(&w, listeners); /* what tables and pools keep once they have been that large */
	nethood_ledger(w.c.net, &before[0]);
	nethood_ledger(w.s.net, &before[1]);
	out.idle = (double)(before[1].memory_bytes - empty.memory_bytes) / idle;
	out.cpu_ns = cpu_ns();
	done = churn_period(&w, listeners);
	out.cpu_ns = (cpu_ns() - out.cpu_ns) / done;
	nethood_ledger(w.c.net, &peak);
	out.peak = (double)(peak.memory_peak_bytes - idling.memory_bytes) / done;
	nothing_else(&w.c, "connected", idle, before[0].memory_bytes);
	nothing_else(&w.s, "accepted", idle + listeners, before[1].memory_bytes);
	for (u32 i = 0; i < 2 * idle; i++) {
		nethood_close(sk[i]);
		if (!(i % 64)) /* no more than a device's queue holds */
			millisecond(&w);
	}
	wait_s(&w, TIMEWAIT_S);
	nothing_else(&w.c, "connected", 0, before[0].memory_bytes);
	nothing_else(&w.s, "accepted", listeners, before[1].memory_bytes);
	free(sk);
	world_fini(&w); /* asserts that nothing is left */
	virtual_ns = 0;
	return out;
}

static double churn_figure(u32 which)
{
	static struct churned once; /* three rows of one run */

	if (once.idle == 0)
		once = churn();
	return which == 0 ? once.cpu_ns : which == 1 ? once.peak : once.idle;
}

static const struct bench rows[] = {
	{ "TCP stream, MTU 1500", NULL, 0, stream_mtu, NULL, 0, false, "ns/KiB" },
	{ "TCP stream, 64 KiB segments", NULL, 0, stream_large, NULL, 0, false, "ns/KiB" },
	{ "TCP stream, MTU 1500, zero-copy", NULL, 0, stream_mtu, NULL, ZERO_COPY_SEND | ZERO_COPY_RECEIVE, false,
	  "ns/KiB" },
	{ "TCP stream, 64 KiB segments, zero-copy send", NULL, 0, stream_large, NULL, ZERO_COPY_SEND, false, "ns/KiB" },
	{ "TCP stream, 64 KiB segments, zero-copy receive", NULL, 0, stream_large, NULL, ZERO_COPY_RECEIVE, false,
	  "ns/KiB" },
	{ "TCP stream, 64 KiB segments, zero-copy both", NULL, 0, stream_large, NULL,
	  ZERO_COPY_SEND | ZERO_COPY_RECEIVE, false, "ns/KiB" },
	{ "TCP request and response, 1 byte", NULL, 0, request_response, NULL, 0, false, NULL },
	{ "TCP connect, 1 byte, close", NULL, 0, connect_close, NULL, 0, false, NULL },
	{ "TCP over IPv6: stream, MTU 1500", NULL, 0, stream_mtu, NULL, OVER_IPV6, false, "ns/KiB" },
	{ "TCP over IPv6: stream, 64 KiB segments", NULL, 0, stream_large, NULL, OVER_IPV6, false, "ns/KiB" },
	{ "TCP over IPv6: request and response, 1 byte", NULL, 0, request_response, NULL, OVER_IPV6, false, NULL },
	{ "TCP over IPv6: connect, 1 byte, close", NULL, 0, connect_close, NULL, OVER_IPV6, false, NULL },
	{ "TCP bytes per idle connection, who connected", NULL, 1536, idle_bytes, NULL, 0, false, "bytes" },
	{ "TCP bytes per idle connection, who accepted", NULL, 1536, idle_bytes, NULL, 1, false, "bytes" },
	{ "TCP churn: open, echo, close, among 100 k idle", NULL, 100000, churn_figure, NULL, 0, false, NULL },
	{ "TCP churn: bytes per connection in TIME_WAIT", NULL, 0, churn_figure, NULL, 1, false, "bytes" },
	{ "TCP churn: bytes per idle connection", NULL, 1536, churn_figure, NULL, 2, false, "bytes" },
	{ "TCP million: establish one", NULL, 0, million_ns, NULL, 1000000, false, NULL },
	{ "TCP million: bytes each", NULL, 0, million_bytes, NULL, 1000000, false, "bytes" },
};

int main(int argc, char **argv)
{
	memset(chunk, 'x', sizeof(chunk));
	return bench_main(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), &scale);
}
