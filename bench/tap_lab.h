/* SPDX-License-Identifier: BSD-2-Clause */
/* The other side of the rows over a TAP device: the kernel, in a namespace of its own, and a process on it that reads,
 * writes or answers.  10.0.0.1 is the kernel's, 10.0.0.2 the near end's, which is nethood's or whose program includes this.
 * Needs root; nothing is left behind.
 */
#ifndef NETHOOD_BENCH_TAP_LAB_H
#define NETHOOD_BENCH_TAP_LAB_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define LAB_PORT 5001
#define LAB_CHUNK_BYTES 65536U
#define LAB_STREAM_BYTES (4ULL << 30)
#define LAB_RR_COUNT 20000U
#define LAB_BATCH 200U /* datagrams: the device's queue has room for 500, a socket's for 256 */

static u32 scale = 1;
static u8 lab_chunk[LAB_CHUNK_BYTES];

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

static inline void lab_run(const char *command)
{
	if (system(command))
		die(command);
}

/* On which of two processors a process runs, where a row wants both; else all are where they were started. */
static inline void lab_pin(u32 cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

/* ------------------------------------------------------------------ devices */

/** lab_tap_open_as() - as nethood opens one, with all offloads that this kernel knows; @flags: IFF_* besides */
static inline int lab_tap_open_as(const char *name, short flags)
{
	struct ifreq ifr = { .ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | flags) };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	unsigned int tso = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

	strcpy(ifr.ifr_name, name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0 || ioctl(fd, TUNSETOFFLOAD, tso) < 0)
		die("TAP");
	return fd;
}
static inline int lab_tap_open(const char *name)
{
	return lab_tap_open_as(name, 0);
}
/** lab_tap_open_queue() - one of several of its queues */
static inline int lab_tap_open_queue(const char *name)
{
	return lab_tap_open_as(name, IFF_MULTI_QUEUE);
}

/** lab_tap_up() - the kernel's side of it: 10.0.0.@host, who knows the other one */
static inline void lab_tap_up(const char *name, u32 host, u32 peer)
{
	char command[400];

	snprintf(command, sizeof(command),
		 "ip link set lo up && ip link set %s address 02:00:00:00:00:0%u && ip addr add 10.0.0.%u/24 dev %s && "
		 "ip link set %s up && ip neigh replace 10.0.0.%u lladdr 02:00:00:00:00:0%u dev %s",
		 name, host, host, name, name, peer, peer, name);
	lab_run(command);
}

/* ------------------------------------------------------------------ the process on the kernel's side */

/** struct lab_job - what it is told */
struct lab_job {
	char what; /* 's': read count octets; 'w': write them; 'r': answer count of them */
	s32 cpu;   /* -1: as it is */
	u64 count;
};

/** struct lab - it, and its clock */
struct lab {
	int control;
	pid_t server;
	clockid_t clock;
};

static inline void lab_read(int fd, u64 count)
{
	static u8 room[LAB_CHUNK_BYTES];

	while (count) {
		ssize_t n = read(fd, room, sizeof(room));

		if (n <= 0)
			die("server: read");
		count -= (u64)n;
	}
}

static inline void lab_write(int fd, u64 count)
{
	while (count) {
		ssize_t n = write(fd, lab_chunk, count < LAB_CHUNK_BYTES ? count : LAB_CHUNK_BYTES);

		if (n <= 0)
			die("write");
		count -= (u64)n;
	}
}

static inline void lab_answer(int fd, u64 count)
{
	u8 octet;

	for (; count; count--) {
		if (read(fd, &octet, 1) != 1 || write(fd, &octet, 1) != 1)
			die("server: answer");
	}
}

static inline void lab_socket_options(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5))
		die("TCP_CONGESTION");
}

static inline void lab_serve(int control)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(LAB_PORT) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, fd = -1;
	struct lab_job job;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 8) ||
	    write(control, "n", 1) != 1)
		die("listen");
	while (read(control, &job, sizeof(job)) == sizeof(job)) {
		if (job.cpu >= 0)
			lab_pin((u32)job.cpu);
		if (fd < 0) {
			fd = accept(listener, NULL, NULL);
			lab_socket_options(fd);
		}
		if (job.what == 's')
			lab_read(fd, job.count);
		else if (job.what == 'w')
			lab_write(fd, job.count);
		else
			lab_answer(fd, job.count);
		if (write(control, "k", 1) != 1)
			die("server: control");
	}
	exit(0);
}

static inline void lab_await(const struct lab *lab)
{
	char c;

	if (read(lab->control, &c, 1) != 1)
		die("the server is gone");
}

/** lab_start() - in the namespace where the caller is now */
static inline void lab_start(struct lab *lab)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		die("socketpair");
	lab->server = fork();
	if (!lab->server) {
		close(fds[0]);
		lab_serve(fds[1]);
	}
	close(fds[1]);
	lab->control = fds[0];
	lab_await(lab);
	if (clock_getcpuclockid(lab->server, &lab->clock))
		die("clock");
}

/** lab_tell() - it begins; the first time when somebody connects */
static inline void lab_tell(const struct lab *lab, char what, s32 cpu, u64 count)
{
	struct lab_job job = { what, cpu, count };

	if (write(lab->control, &job, sizeof(job)) != sizeof(job))
		die("control");
}

static inline bool lab_is_done(const struct lab *lab)
{
	char c;

	return recv(lab->control, &c, 1, MSG_DONTWAIT) == 1;
}

static inline void lab_end(struct lab *lab)
{
	close(lab->control);
	waitpid(lab->server, NULL, 0);
}

static inline double clock_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		die("clock_gettime");
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/** lab_percentile() - of @count figures, which are sorted by this.  @share: 0.5, 0.99 */
static inline double lab_percentile(double *figures, u32 count, double share)
{
	qsort(figures, count, sizeof(*figures), bench_by_value);
	return figures[(u32)((double)(count - 1) * share)];
}

#endif
