// SPDX-License-Identifier: BSD-2-Clause
/* nethood over a TAP device with virtio-net headers, the kernel on the other side; by the public header alone.
 *
 * Streams are told in processor time of both ends per KiB, or, on two processors, in time that passes.  Small packets
 * have a limit: the same frames by bare write(2) and read(2) on the same kind of device, in the same run.
 */
#include "dev_lab.h"

/* ------------------------------------------------------------------ the near end */

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
	near_init(&n, "tap");
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

	near_init(&n, "tap");
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

/* Fills the device's queue, then takes out of it, which is what counts. */
static double small_received(u32 arg)
{
	u32 batches = ops(SMALL_BATCHES), got = 0;
	struct nethood_sock *sk;
	struct near n;
	double t = 0;
	int far;

	(void)arg;
	near_init(&n, "tap");
	far = kernel_udp();
	sk = near_udp(&n);
	for (u32 i = 0; i < batches; i++) {
		kernel_burst(far);
		t -= cpu_ns();
		got += near_take(&n, sk);
		t += cpu_ns();
	}
	nethood_close(sk);
	near_fini(&n);
	close(far);
	if (got != batches * LAB_BATCH)
		die("datagrams are missing");
	return t / got;
}

static double small_written(u32 batch)
{
	return small_sent("tap", batch);
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
		kernel_burst(far);
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
	{ "TAP UDP 1 byte, sent", "bare write", 1 / 0.9, small_written, bare_written, SMALL_ROW, true, NULL },
	{ "TAP UDP 1 byte, sent one by one", "bare write", 0, small_written, bare_written, 1, true, NULL },
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
