// SPDX-License-Identifier: BSD-2-Clause
/* The kernel doing the work of micro_udp, and of "resolve a new neighbour": two network namespaces, joined by veth.
 *
 * One thread has a socket in each of them.  veth hands a frame over at once, on the processor of who sends; so times are
 * processor time of this thread.  Needs root; nothing is left behind.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

#define PORT 9U
#define STRANGERS 256U /* fewer than a table of the kernel holds before it collects */

static u32 scale = 1;

struct world {
	int a, b; /* sockets */
	int ns_a, ns_b;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void run(const char *command)
{
	if (system(command))
		die(command);
}

static int here(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("a network namespace");
	return fd;
}

static void go(int ns)
{
	if (setns(ns, CLONE_NEWNET))
		die("setns");
}

static int udp_socket(u8 host, u8 peer)
{
	struct sockaddr_in us = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in to = us;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	us.sin_addr.s_addr = htonl(0x0a000000U + host);
	to.sin_addr.s_addr = htonl(0x0a000000U + peer);
	if (fd < 0 || bind(fd, (struct sockaddr *)&us, sizeof(us)) || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("socket");
	return fd;
}

static void world_init(struct world *w)
{
	char command[300];

	if (unshare(CLONE_NEWNET))
		die("unshare");
	w->ns_b = here();
	run("ip link set lo up; ip route add local 10.1.0.0/16 dev lo");
	if (unshare(CLONE_NEWNET))
		die("unshare");
	w->ns_a = here();
	snprintf(command, sizeof(command),
		 "ip link add v0 type veth peer name v1 netns /proc/%d/fd/%d && ip addr add 10.0.0.1/8 dev v0 && "
		 "ip link set v0 up && ip link set lo up",
		 (int)getpid(), w->ns_b);
	run(command);
	go(w->ns_b);
	run("ip addr add 10.0.0.2/8 dev v1 && ip link set v1 up");
	w->b = udp_socket(2, 1);
	go(w->ns_a);
	w->a = udp_socket(1, 2);
}

static void world_fini(struct world *w)
{
	close(w->a);
	close(w->b);
	close(w->ns_a);
	close(w->ns_b);
}

static double datagrams(u32 burst)
{
	u32 n = 200000 / scale / burst + 1;
	struct world w;
	double t;
	u8 octet;

	world_init(&w);
	if (send(w.a, "x", 1, 0) != 1 || recv(w.b, &octet, 1, 0) != 1) /* it waits for its neighbour */
		die("the first datagram");
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		for (u32 k = 0; k < burst; k++) {
			if (send(w.a, "x", 1, 0) != 1)
				die("send");
		}
		for (u32 k = 0; k < burst; k++) {
			if (recv(w.b, &octet, 1, 0) != 1)
				die("recv");
		}
	}
	t = cpu_ns() - t;
	world_fini(&w);
	return t / n / burst;
}

/* Each is forgotten before it is asked again.  Somebody takes the datagrams: no errors come back. */
static double resolve(u32 arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT + 1) };
	u32 turns = scale > 1 ? 1 : 8;
	struct world w;
	double t = 0;
	int fd, sink;

	(void)arg;
	world_init(&w);
	go(w.ns_b);
	sink = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	go(w.ns_a);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sink < 0 || bind(sink, (struct sockaddr *)&to, sizeof(to)))
		die("socket");
	for (u32 turn = 0; turn < turns; turn++) {
		double begin = cpu_ns();

		for (u32 i = 0; i < STRANGERS; i++) {
			to.sin_addr.s_addr = htonl(0x0a010001U + i);
			if (sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) != 1)
				die("sendto");
		}
		t += cpu_ns() - begin;
		run("ip neigh flush dev v0");
	}
	close(fd);
	close(sink);
	world_fini(&w);
	return t / turns / STRANGERS;
}

static const struct bench rows[] = {
	{ "UDP small packets, sent and received", NULL, 0, datagrams, NULL, 32, false, NULL },
	{ "UDP small packets, one at a time", NULL, 0, datagrams, NULL, 1, false, NULL },
	{ "resolve a new neighbour", NULL, 0, resolve, NULL, 0, false, NULL },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), &scale);
}
