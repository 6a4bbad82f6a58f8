// SPDX-License-Identifier: BSD-2-Clause
/* nethood over a TAP device with virtio-net headers, the kernel on the other side; by the public header alone.
 *
 * Streams are told in processor time of both ends per KiB, or, on two processors, in time that passes.  Small packets
 * have a limit: the same frames by bare write(2) and read(2) on the same kind of device, in the same run.
 */
#include <sys/uio.h>

#include "lan.h"
#include "nethood/nethood.h"
#include "tap_lab.h"

/** struct near - the net and its device */
struct near {
	struct nethood_net *net;
	struct nethood_dev *dev;
	struct lab lab;
	int fd;
};

static u32 ops(u32 n)
{
	return n / scale ? n / scale : 1;
}

/* ------------------------------------------------------------------ the near end */

/* A namespace for the kernel's side; the net needs none. */
static void near_init(struct near *n)
{
	const u8 mac[6] = { 2, 0, 0, 0, 0, 2 };
	struct nethood_config config = { .now_ns = (u64)now_ns(), .random_key = { 1 } };
	struct nethood_dev_config dev = {
		.name = "eth0", .driver = "tap", .arg = "t0", .fd = -1, .lladdr = mac, .offload = true
	};

	memset(n, 0, sizeof(*n));
	if (unshare(CLONE_NEWNET))
		die("unshare");
	if (nethood_create(&config, &n->net) || nethood_dev_create(n->net, &dev, &n->dev))
		die("no net");
	lab_tap_up("t0", 1, 2);
	lan_configure(n->net, nethood_dev_ifindex(n->dev), 2, 1);
	nethood_poll(n->net, (u64)now_ns());
	n->fd = nethood_dev_fd(n->dev, NULL);
	lab_start(&n->lab);
}

static void near_fini(struct near *n)
{
	nethood_free(n->net);
	lab_end(&n->lab);
}

/* One turn of an event loop: waits only if nothing was to be done. */
static void near_turn(struct near *n, bool idle)
{
	u64 now = (u64)now_ns(), due = nethood_next_deadline(n->net);
	bool want_write = false;
	struct pollfd p = { .fd = nethood_dev_fd(n->dev, &want_write), .events = POLLIN };
	int ms = !idle || due <= now ? 0 : due - now > 100000000 ? 100 : (int)((due - now + 999999) / 1000000);

	if (want_write)
		p.events |= POLLOUT;
	if (poll(&p, 1, ms) > 0)
		nethood_dev_fd_ready(n->dev);
	while (nethood_poll(n->net, (u64)now_ns()))
		;
}

static struct nethood_sock *near_connect(struct near *n)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(LAB_PORT),
				    .sin_addr = { htonl(0x0a000001) } };
	struct nethood_sock *sk;
	int on = 1;

	if (nethood_socket(n->net, AF_INET, SOCK_STREAM, 0, &sk) ||
	    nethood_connect(sk, (struct sockaddr *)&addr, sizeof(addr)) != -EINPROGRESS ||
	    nethood_setsockopt(sk, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		die("connect");
	while (!(nethood_readiness(sk) & POLLOUT))
		near_turn(n, true);
	return sk;
}

/* ------------------------------------------------------------------ streams */

static void send_all(struct near *n, struct nethood_sock *sk, u64 bytes)
{
	while (bytes) {
		ssize_t done =
			nethood_sendto(sk, lab_chunk, bytes < LAB_CHUNK_BYTES ? bytes : LAB_CHUNK_BYTES, 0, NULL, 0);

		if (done < 0 && done != -EAGAIN)
			die("nethood_sendto");
		bytes -= done > 0 ? (u64)done : 0;
		near_turn(n, done < 0);
	}
	while (!lab_is_done(&n->lab))
		near_turn(n, true);
}

static void receive_all(struct near *n, struct nethood_sock *sk, u64 bytes)
{
	static u8 room[LAB_CHUNK_BYTES];

	while (bytes) {
		ssize_t got = nethood_recvfrom(sk, room, sizeof(room), 0, NULL, NULL);

		if (got == 0 || (got < 0 && got != -EAGAIN))
			die("nethood_recvfrom");
		if (got > 0)
			bytes -= (u64)got;
		else
			near_turn(n, true);
	}
	lab_await(&n->lab);
}

enum { SENT = 0, RECEIVED = 1, TWO_CPUS = 2 };

static double stream(u32 how)
{
	bool two = how & TWO_CPUS, in = how & RECEIVED;
	u64 bytes = LAB_STREAM_BYTES / scale;
	struct nethood_sock *sk;
	struct near n;
	double t = 0;

	if (two)
		lab_pin(1);
	near_init(&n);
	for (u32 warm = 0; warm < 2; warm++) {
		u64 count = warm ? bytes : bytes / 10 + 1;

		lab_tell(&n.lab, in ? 'w' : 's', two ? 0 : -1, count);
		if (!warm)
			sk = near_connect(&n);
		t = two ? now_ns() : cpu_ns() + clock_ns(n.lab.clock);
		if (in)
			receive_all(&n, sk, count);
		else
			send_all(&n, sk, count);
		t = (two ? now_ns() : cpu_ns() + clock_ns(n.lab.clock)) - t;
	}
	nethood_close(sk);
	near_fini(&n);
	return t / ((double)bytes / 1024);
}

/* ------------------------------------------------------------------ request and response */

static double round_trips(u32 per_mille)
{
	static double took[LAB_RR_COUNT];
	u32 count = ops(LAB_RR_COUNT);
	struct nethood_sock *sk;
	struct near n;
	u8 octet;

	near_init(&n);
	lab_tell(&n.lab, 'r', -1, count);
	sk = near_connect(&n);
	for (u32 i = 0; i < count; i++) {
		took[i] = now_ns();
		nethood_set_time(n.net, (u64)took[i]);
		if (nethood_sendto(sk, "x", 1, 0, NULL, 0) != 1)
			die("no request");
		while (nethood_recvfrom(sk, &octet, 1, 0, NULL, NULL) != 1)
			near_turn(&n, true);
		took[i] = now_ns() - took[i];
	}
	lab_await(&n.lab);
	nethood_close(sk);
	near_fini(&n);
	return lab_percentile(took, count, per_mille / 1000.0) / 1000;
}

/* ------------------------------------------------------------------ small packets */

#define SMALL_BATCHES 1000U

static struct sockaddr_in udp_addr(u32 host)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(LAB_PORT),
				     .sin_addr = { htonl(0x0a000000U + host) } };
}

/* On the kernel's side; what it does not read is lost there, at the same cost for everybody. */
static int kernel_udp(void)
{
	struct sockaddr_in addr = udp_addr(1), peer = udp_addr(2);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = 1 << 20;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		die("udp");
	return fd;
}

static struct nethood_sock *near_udp(struct near *n)
{
	struct sockaddr_in addr = udp_addr(2), peer = udp_addr(1);
	struct nethood_sock *sk;

	if (nethood_socket(n->net, AF_INET, SOCK_DGRAM, 0, &sk) ||
	    nethood_bind(sk, (struct sockaddr *)&addr, sizeof(addr)) ||
	    nethood_connect(sk, (struct sockaddr *)&peer, sizeof(peer)))
		die("near udp");
	return sk;
}

static double small_sent(u32 arg)
{
	u32 count = ops(SMALL_BATCHES * LAB_BATCH);
	struct nethood_sock *sk;
	struct near n;
	int far;
	double t;

	(void)arg;
	near_init(&n);
	far = kernel_udp();
	sk = near_udp(&n);
	t = cpu_ns();
	for (u32 i = 0; i < count; i++) {
		if (nethood_sendto(sk, "x", 1, 0, NULL, 0) != 1)
			die("nethood_sendto");
	}
	t = cpu_ns() - t;
	nethood_close(sk);
	near_fini(&n);
	close(far);
	return t / count;
}

/* Fills the device's queue, then takes out of it, which is what counts. */
static double small_received(u32 arg)
{
	u32 batches = ops(SMALL_BATCHES), got = 0;
	struct nethood_sock *sk;
	struct near n;
	double t = 0;
	u8 octet;
	int far;

	(void)arg;
	near_init(&n);
	far = kernel_udp();
	sk = near_udp(&n);
	for (u32 i = 0; i < batches; i++) {
		for (u32 k = 0; k < LAB_BATCH; k++) {
			if (send(far, "x", 1, 0) != 1)
				die("send");
		}
		t -= cpu_ns();
		nethood_dev_fd_ready(n.dev);
		for (bool more = true; more;) {
			more = nethood_poll(n.net, (u64)now_ns());
			while (nethood_recvfrom(sk, &octet, 1, 0, NULL, NULL) == 1)
				got++;
		}
		t += cpu_ns();
	}
	nethood_close(sk);
	near_fini(&n);
	close(far);
	if (got != batches * LAB_BATCH)
		die("datagrams are missing");
	return t / got;
}

/* The device alone. */
static int bare_init(void)
{
	int fd;

	if (unshare(CLONE_NEWNET))
		die("unshare");
	fd = lab_tap_open("t0");
	lab_tap_up("t0", 1, 2);
	return fd;
}

/* The frame that nethood would send: its header, and 43 octets. */
static size_t bare_frame(u8 frame[64])
{
	static const u8 packet[] = {
		2,
		0,
		0,
		0,
		0,
		1,
		2,
		0,
		0,
		0,
		0,
		2,
		8,
		0,
		0x45,
		0,
		0,
		29,
		0,
		1,
		0x40,
		0,
		64,
		17,
		0x26,
		0xcd,
		10,
		0,
		0,
		2,
		10,
		0,
		0,
		1,
		LAB_PORT >> 8,
		LAB_PORT & 255,
		LAB_PORT >> 8,
		LAB_PORT & 255,
		0,
		9,
		0,
		0,
		'x',
	};
	const struct virtio_net_hdr hdr = { .flags = 0 };

	memcpy(frame, &hdr, sizeof(hdr));
	memcpy(frame + sizeof(hdr), packet, sizeof(packet));
	return sizeof(hdr) + sizeof(packet);
}

static double bare_written(u32 arg)
{
	u32 count = ops(SMALL_BATCHES * LAB_BATCH);
	int tap = bare_init(), far = kernel_udp();
	u8 frame[64];
	size_t len = bare_frame(frame);
	double t = cpu_ns();

	(void)arg;
	for (u32 i = 0; i < count; i++) {
		if (write(tap, frame, len) != (ssize_t)len)
			die("write");
	}
	t = cpu_ns() - t;
	close(tap);
	close(far);
	return t / count;
}

static double bare_read(u32 arg)
{
	u32 batches = ops(SMALL_BATCHES), got = 0;
	int tap = bare_init(), far = kernel_udp();
	u8 frame[2048];
	double t = 0;

	(void)arg;
	for (u32 i = 0; i < batches; i++) {
		for (u32 k = 0; k < LAB_BATCH; k++) {
			if (send(far, "x", 1, 0) != 1)
				die("send");
		}
		t -= cpu_ns();
		while (read(tap, frame, sizeof(frame)) > 0)
			got++;
		t += cpu_ns();
	}
	close(tap);
	close(far);
	return t / got;
}

static const struct bench rows[] = {
	{ "TAP stream, sent", NULL, 0, stream, NULL, SENT, false, "ns/KiB" },
	{ "TAP stream, received", NULL, 0, stream, NULL, RECEIVED, false, "ns/KiB" },
	{ "TAP stream on two processors, sent", NULL, 0, stream, NULL, SENT | TWO_CPUS, false, "ns/KiB" },
	{ "TAP stream on two processors, received", NULL, 0, stream, NULL, RECEIVED | TWO_CPUS, false, "ns/KiB" },
	{ "TAP request and response, p50", NULL, 0, round_trips, NULL, 500, false, "us" },
	{ "TAP request and response, p99", NULL, 0, round_trips, NULL, 990, false, "us" },
	{ "TAP UDP 1 byte, sent", "bare write", 1 / 0.9, small_sent, bare_written, 0, true, NULL },
	{ "TAP UDP 1 byte, received", "bare read", 1 / 0.9, small_received, bare_read, 0, true, NULL },
};

int main(int argc, char **argv)
{
	if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK)) {
		fprintf(stderr, "micro_tap: it takes a namespace and a TAP device: needs root\n");
		return 77; /* skipped */
	}
	return bench_main(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), &scale);
}
