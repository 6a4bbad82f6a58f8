// SPDX-License-Identifier: BSD-2-Clause
/* The kernel doing the work of micro_tap's rows: it is on both sides, in two namespaces, each with a TAP device of all
 * offloads, and a process carries frames, trains whole, from the one to the other.
 *
 * Processor time is that of all three processes.  Needs root; nothing is left behind.
 */
#include "../tap_lab.h"

/** struct bridge - who carries frames */
struct bridge {
	pid_t pid;
	clockid_t clock;
};

static u32 ops(u32 n)
{
	return n / scale ? n / scale : 1;
}

/* All that is there.  The other side is never so slow that it would say no for long. */
static void carry(int from, int to)
{
	static u8 frame[sizeof(struct virtio_net_hdr) + 65536 + 64];
	ssize_t n;

	while ((n = read(from, frame, sizeof(frame))) > 0) {
		while (write(to, frame, (size_t)n) != n && errno == EAGAIN)
			;
	}
}

static void bridge_start(struct bridge *b, int one, int two)
{
	struct pollfd p[2] = { { .fd = one, .events = POLLIN }, { .fd = two, .events = POLLIN } };

	b->pid = fork();
	if (b->pid) {
		close(one);
		close(two);
		if (clock_getcpuclockid(b->pid, &b->clock))
			die("clock");
		return;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (poll(p, 2, -1) > 0) {
		if (p[0].revents)
			carry(one, two);
		if (p[1].revents)
			carry(two, one);
	}
	exit(0);
}

/** struct world - two kernels' sides, and who is between */
struct world {
	struct lab lab;
	struct bridge bridge;
};

static void world_init(struct world *w)
{
	int far, near;

	if (unshare(CLONE_NEWNET))
		die("unshare");
	far = lab_tap_open("t0");
	lab_tap_up("t0", 1, 2);
	lab_start(&w->lab);
	if (unshare(CLONE_NEWNET))
		die("unshare");
	near = lab_tap_open("t1");
	lab_tap_up("t1", 2, 1);
	bridge_start(&w->bridge, far, near);
}

static void world_fini(struct world *w)
{
	kill(w->bridge.pid, SIGKILL);
	waitpid(w->bridge.pid, NULL, 0);
	lab_end(&w->lab);
}

static double all_ns(const struct world *w)
{
	return cpu_ns() + clock_ns(w->lab.clock) + clock_ns(w->bridge.clock);
}

static int connect_far(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(LAB_PORT),
				    .sin_addr = { htonl(0x0a000001) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("connect");
	lab_socket_options(fd);
	return fd;
}

enum { SENT = 0, RECEIVED = 1, TWO_CPUS = 2 };

static double stream(u32 how)
{
	bool two = how & TWO_CPUS, in = how & RECEIVED;
	u64 bytes = LAB_STREAM_BYTES / scale;
	struct world w;
	double t = 0;
	int fd = -1;

	if (two)
		lab_pin(1);
	world_init(&w);
	for (u32 warm = 0; warm < 2; warm++) {
		u64 count = warm ? bytes : bytes / 10 + 1;

		lab_tell(&w.lab, in ? 'w' : 's', two ? 0 : -1, count);
		if (!warm)
			fd = connect_far();
		t = two ? now_ns() : all_ns(&w);
		if (in)
			lab_read(fd, count);
		else
			lab_write(fd, count);
		lab_await(&w.lab);
		t = (two ? now_ns() : all_ns(&w)) - t;
	}
	close(fd);
	world_fini(&w);
	return t / ((double)bytes / 1024);
}

static double round_trips(u32 per_mille)
{
	static double took[LAB_RR_COUNT];
	u32 count = ops(LAB_RR_COUNT);
	struct world w;
	u8 octet;
	int fd;

	world_init(&w);
	lab_tell(&w.lab, 'r', -1, count);
	fd = connect_far();
	for (u32 i = 0; i < count; i++) {
		took[i] = now_ns();
		if (write(fd, "x", 1) != 1 || read(fd, &octet, 1) != 1)
			die("request");
		took[i] = now_ns() - took[i];
	}
	lab_await(&w.lab);
	close(fd);
	world_fini(&w);
	return lab_percentile(took, count, per_mille / 1000.0) / 1000;
}

static const struct bench rows[] = {
	{ "TAP stream, sent", NULL, 0, stream, NULL, SENT, false, "ns/KiB" },
	{ "TAP stream, received", NULL, 0, stream, NULL, RECEIVED, false, "ns/KiB" },
	{ "TAP stream on two processors, sent", NULL, 0, stream, NULL, SENT | TWO_CPUS, false, "ns/KiB" },
	{ "TAP stream on two processors, received", NULL, 0, stream, NULL, RECEIVED | TWO_CPUS, false, "ns/KiB" },
	{ "TAP request and response, p50", NULL, 0, round_trips, NULL, 500, false, "us" },
	{ "TAP request and response, p99", NULL, 0, round_trips, NULL, 990, false, "us" },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), &scale);
}
