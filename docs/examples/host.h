/* SPDX-License-Identifier: BSD-2-Clause */
/* What the examples have in common: a host with one network card, and what drives it.
 *
 * The stack does nothing by itself.  It asks nobody what time it is, it opens no device, it has no thread: all that is
 * handed in by the program, here by host_turn(), once for each turn of its event loop.
 */
#ifndef EXAMPLES_HOST_H
#define EXAMPLES_HOST_H

#define _GNU_SOURCE /* ppoll(2) */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>

#include <nethood/nethood.h>

struct host {
	struct nethood_net *net;
	struct nethood_dev *dev;
};

/* Errors are negative errno values everywhere. */
static inline void must(ssize_t err, const char *what)
{
	if (err >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror((int)-err));
	exit(1);
}

static inline struct sockaddr_in address(const char *ip, const char *port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };

	if (inet_pton(AF_INET, ip, &addr.sin_addr) != 1)
		must(-EINVAL, ip);
	return addr;
}

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Address, mask, up: the requests are those by which ifconfig(8) tells the kernel so. */
static inline void host_configure(struct host *h, const char *ip)
{
	struct sockaddr_in addr = address(ip, "0"), mask = address("255.255.255.0", "0");
	struct ifreq ifr = { .ifr_name = "eth0" };
	struct nethood_sock *sk;

	must(nethood_socket(h->net, AF_INET, SOCK_DGRAM, 0, &sk), "a socket");
	memcpy(&ifr.ifr_addr, &addr, sizeof(addr));
	must(nethood_ioctl(sk, SIOCSIFADDR, &ifr, sizeof(ifr)), "address");
	memcpy(&ifr.ifr_netmask, &mask, sizeof(mask));
	must(nethood_ioctl(sk, SIOCSIFNETMASK, &ifr, sizeof(ifr)), "mask");
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	must(nethood_ioctl(sk, SIOCSIFFLAGS, &ifr, sizeof(ifr)), "up");
	nethood_close(sk);
}

/* A host, with the address @ip of a /24, whose network card is the TAP device @tap. */
static inline void host_init(struct host *h, const char *tap, const char *ip)
{
	struct nethood_config config = { .now_ns = now_ns() };
	struct nethood_dev_config dev = { .name = "eth0", .driver = "tap", .arg = tap, .fd = -1, .offload = true };

	if (getrandom(config.random_key, sizeof(config.random_key), 0) < 0)
		must(-errno, "getrandom");
	must(nethood_create(&config, &h->net), "a net");
	must(nethood_dev_create(h->net, &dev, &h->dev), tap);
	host_configure(h, ip);
}

/* Sleep until a frame comes or something is due; then the stack works, and calls back whose sockets became ready. */
static inline void host_turn(struct host *h)
{
	bool want_write = false;
	struct pollfd pfd = { .fd = nethood_dev_fd(h->dev, &want_write), .events = POLLIN };
	uint64_t due_ns = nethood_next_deadline(h->net), begin_ns = now_ns();
	uint64_t wait_ns = due_ns > begin_ns ? due_ns - begin_ns : 0;
	struct timespec wait = { (time_t)(wait_ns / 1000000000), (long)(wait_ns % 1000000000) };

	if (want_write)
		pfd.events |= POLLOUT;
	if (ppoll(&pfd, 1, due_ns == UINT64_MAX ? NULL : &wait, NULL) > 0)
		nethood_dev_fd_ready(h->dev);
	nethood_poll(h->net, now_ns());
}

/* With all that belongs to it: connections, device, memory. */
static inline void host_fini(struct host *h)
{
	nethood_free(h->net);
}

#endif
