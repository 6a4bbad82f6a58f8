// SPDX-License-Identifier: BSD-2-Clause
/* The kernel doing the work of the rows of micro_tcp: two processes in two network namespaces, joined by veth.
 *
 * Times are processor time of both processes, system calls and what interrupts them included.  "MTU 1500" is without
 * GSO, GRO and checksum offload; "64 KiB segments" with all that veth has.  Needs root; nothing is left behind.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define PORT 5001U
#define LISTENERS 64U
#define CHUNK_BYTES 65536U

static u32 scale = 1;
static u8 chunk[CHUNK_BYTES];

/** struct job - what the server is told */
struct job {
	char what; /* 's': read count octets; 'r': answer count of them; 'c': count connections; 'w': say that you are there */
	u64 count;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static u32 ops(u32 n)
{
	return n / scale ? n / scale : 1;
}

/* ------------------------------------------------------------------ two namespaces */

static void run(const char *command)
{
	if (system(command))
		die(command);
}

static void sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(path);
	close(fd);
}

static void no_offload(const char *dev)
{
	static const u32 what[] = { ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	for (u32 i = 0; i < ARRAY_SIZE(what); i++) {
		struct ethtool_value value = { .cmd = what[i], .data = 0 };
		struct ifreq ifr = { 0 };

		strcpy(ifr.ifr_name, dev);
		ifr.ifr_data = (char *)&value;
		ioctl(fd, SIOCETHTOOL, &ifr); /* what it cannot, it does not do */
	}
	close(fd);
}

static struct sockaddr_in server_addr(u32 i)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((u16)(PORT + i)),
				     .sin_addr = { htonl(0x0a000002) } };
}

/* ------------------------------------------------------------------ server */

static void serve(int control, const int *listener, struct job *job)
{
	static u8 room[CHUNK_BYTES];
	int on = 1, fd = -1;

	for (u64 i = 0; job->what == 'c' && i < job->count; i++) {
		fd = accept(listener[i % LISTENERS], NULL, NULL);
		if (fd < 0 || read(fd, room, 1) != 1 || read(fd, room, 1) != 0)
			die("server: connection");
		close(fd);
	}
	if (job->what == 's' || job->what == 'r') {
		fd = accept(listener[0], NULL, NULL);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		for (u64 got = 0; got < job->count;) {
			ssize_t n = read(fd, room, job->what == 's' ? sizeof(room) : 1);

			if (n <= 0 || (job->what == 'r' && write(fd, room, 1) != 1))
				die("server");
			got += (u64)n;
		}
		close(fd);
	}
	if (write(control, "k", 1) != 1)
		die("server: control");
}

static void server_main(int control)
{
	int listener[LISTENERS], on = 1;
	struct job job;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNET))
		die("unshare");
	if (write(control, "n", 1) != 1 || read(control, &job, sizeof(job)) != sizeof(job))
		die("server: control");
	run("ip link set lo up && ip addr add 10.0.0.2/24 dev v1 && ip link set v1 up");
	if (job.what == 'o')
		no_offload("v1");
	for (u32 i = 0; i < LISTENERS; i++) {
		struct sockaddr_in addr = server_addr(i);

		listener[i] = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(listener[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		if (bind(listener[i], (struct sockaddr *)&addr, sizeof(addr)) || listen(listener[i], 128))
			die("listen");
	}
	if (write(control, "n", 1) != 1)
		die("server: control");
	while (read(control, &job, sizeof(job)) == sizeof(job))
		serve(control, listener, &job);
	exit(0);
}

/* ------------------------------------------------------------------ client */

struct world {
	int control;
	pid_t server;
	clockid_t server_clock;
};

static void await(struct world *w)
{
	char c;

	if (read(w->control, &c, 1) != 1)
		die("the server is gone");
}

static void tell(struct world *w, char what, u64 count)
{
	struct job job = { what, count };

	if (write(w->control, &job, sizeof(job)) != sizeof(job))
		die("control");
}

static void world_init(struct world *w, bool offload)
{
	char command[200];
	int fds[2];

	if (unshare(CLONE_NEWNET) || socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		die("unshare");
	w->server = fork();
	if (!w->server) {
		close(fds[0]);
		server_main(fds[1]);
	}
	close(fds[1]);
	w->control = fds[0];
	await(w);
	snprintf(command, sizeof(command),
		 "ip link set lo up && ip link add v0 type veth peer name v1 netns %d && "
		 "ip addr add 10.0.0.1/24 dev v0 && ip link set v0 up",
		 (int)w->server);
	run(command);
	if (!offload)
		no_offload("v0");
	sysctl("/proc/sys/net/ipv4/ip_local_port_range", "1024 65535");
	sysctl("/proc/sys/net/ipv4/tcp_tw_reuse", "1");
	tell(w, offload ? 'w' : 'o', 0);
	await(w);
	if (clock_getcpuclockid(w->server, &w->server_clock))
		die("clock");
}

static void world_fini(struct world *w)
{
	close(w->control);
	waitpid(w->server, NULL, 0);
}

static double both_ns(const struct world *w)
{
	struct timespec ts;

	clock_gettime(w->server_clock, &ts);
	return cpu_ns() + (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static int connect_to(u32 i)
{
	struct sockaddr_in addr = server_addr(i);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	for (u32 tries = 0; connect(fd, (struct sockaddr *)&addr, sizeof(addr)); tries++) {
		if (tries > 50)
			die("connect");
		usleep(20000); /* veth comes up */
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* as everybody here, whatever this machine's default is */
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5))
		die("TCP_CONGESTION");
	return fd;
}

static double stream(bool offload, u64 bytes)
{
	struct world w;
	double t;

	bytes /= scale;
	world_init(&w, offload);
	for (u32 warm = 0; warm < 2; warm++) {
		u64 unsent = warm ? bytes : bytes / 10 + 1;
		int fd;

		tell(&w, 's', unsent);
		fd = connect_to(0);
		t = both_ns(&w);
		while (unsent) {
			ssize_t n = write(fd, chunk, unsent < CHUNK_BYTES ? unsent : CHUNK_BYTES);

			if (n <= 0)
				die("write");
			unsent -= (u64)n;
		}
		await(&w);
		t = both_ns(&w) - t;
		close(fd);
	}
	world_fini(&w);
	return t / ((double)bytes / 1024);
}

static double stream_mtu(u32 arg)
{
	(void)arg;
	return stream(false, 512ULL << 20);
}

static double stream_large(u32 arg)
{
	(void)arg;
	return stream(true, 4ULL << 30);
}

static double request_response(u32 arg)
{
	u32 n = ops(50000);
	struct world w;
	double t;
	u8 octet;
	int fd;

	(void)arg;
	world_init(&w, false);
	tell(&w, 'r', n);
	fd = connect_to(0);
	t = both_ns(&w);
	for (u32 i = 0; i < n; i++) {
		if (write(fd, "x", 1) != 1 || read(fd, &octet, 1) != 1)
			die("request");
	}
	t = both_ns(&w) - t;
	await(&w);
	close(fd);
	world_fini(&w);
	return t / n;
}

static double connect_close(u32 arg)
{
	u32 n = ops(20000);
	struct world w;
	double t;

	(void)arg;
	world_init(&w, false);
	tell(&w, 'c', n);
	t = both_ns(&w);
	for (u32 i = 0; i < n; i++) {
		int fd = connect_to(i % LISTENERS);

		if (write(fd, "x", 1) != 1)
			die("write");
		close(fd);
	}
	await(&w);
	t = both_ns(&w) - t;
	world_fini(&w);
	return t / n;
}

static const struct bench rows[] = {
	{ "TCP stream, MTU 1500", NULL, 0, stream_mtu, NULL, 0, false, "ns/KiB" },
	{ "TCP stream, 64 KiB segments", NULL, 0, stream_large, NULL, 0, false, "ns/KiB" },
	{ "TCP request and response, 1 byte", NULL, 0, request_response, NULL, 0, false, NULL },
	{ "TCP connect, 1 byte, close", NULL, 0, connect_close, NULL, 0, false, NULL },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), &scale);
}
