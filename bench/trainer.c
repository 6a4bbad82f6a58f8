// SPDX-License-Identifier: BSD-2-Clause
/* What a release is built for: traffic as programs make it, so that the compiler sees which way runs go.
 *
 * Clients ask and servers answer, over TCP and UDP, IPv4 and IPv6, on links of several kinds: most exchanges are small,
 * some are long, connections come and go.  By the public header alone, in virtual time: the same at each run.
 * It measures nothing; what is measured (micro_tcp and its peers) is not what is trained.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/types.h"
#include "lan.h"
#include "nethood/nethood.h"

#define PORT 5001U
#define PAIRS 8U
#define EXCHANGES 6000U
#define LONG_BYTES 262144U
#define TURN_NS 20000U

struct pair {
	struct nethood_sock *client, *server;
};

/** struct town - two hosts, a link between them, and who talks to whom */
struct town {
	struct nethood_net *net[2];
	struct nethood_dev *dev[2];
	struct nethood_sock *listener;
	struct pair tcp[PAIRS], udp;
	u64 now_ns;
	u64 random;
	bool ipv6;
};

static u8 octets[LONG_BYTES];

static void die(const char *why)
{
	fprintf(stderr, "trainer: %s\n", why);
	exit(1);
}

static u32 draw(struct town *t, u32 below)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (u32)(t->random >> 33) % below;
}

static void turn(struct town *t)
{
	t->now_ns += TURN_NS;
	nethood_poll(t->net[0], t->now_ns);
	nethood_poll(t->net[1], t->now_ns);
}

static union lan_addr server_addr(const struct town *t)
{
	return lan_addr(t->ipv6, PORT);
}

static struct nethood_sock *socket_of(const struct town *t, u32 host, int type)
{
	struct nethood_sock *sk;

	if (nethood_socket(t->net[host], t->ipv6 ? AF_INET6 : AF_INET, type, 0, &sk))
		die("no socket");
	return sk;
}

static void open_pair(struct town *t, struct pair *p)
{
	union lan_addr addr = server_addr(t);
	int on = (int)draw(t, 2);

	p->client = socket_of(t, 0, SOCK_STREAM);
	nethood_setsockopt(p->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (nethood_connect(p->client, &addr.sa, sizeof(addr)) != -EINPROGRESS)
		die("not connecting");
	while (nethood_accept(t->listener, &p->server, NULL, NULL))
		turn(t);
}

static void close_pair(struct town *t, struct pair *p)
{
	u8 octet;

	nethood_close(p->client);
	while (nethood_recvfrom(p->server, &octet, 1, 0, NULL, NULL) == -EAGAIN)
		turn(t);
	nethood_close(p->server);
	turn(t);
}

static u32 size_of_message(struct town *t)
{
	u32 kind = draw(t, 100);

	return 1 + draw(t, kind < 80 ? 512 : kind < 98 ? 16384 : LONG_BYTES);
}

/* A message goes from one program to the other. */
static void tell(struct town *t, struct nethood_sock *from, struct nethood_sock *to, u32 bytes)
{
	static u8 room[65536];
	u32 sent = 0, got = 0;

	while (got < bytes) {
		ssize_t n = sent < bytes ? nethood_sendto(from, octets + sent, bytes - sent, 0, NULL, 0) : 0;

		if (n > 0)
			sent += (u32)n;
		turn(t);
		while ((n = nethood_recvfrom(to, room, sizeof(room), 0, NULL, NULL)) > 0)
			got += (u32)n;
		if (n != -EAGAIN)
			die("a connection ended");
	}
}

static void exchange(struct town *t)
{
	struct pair *p = &t->tcp[draw(t, PAIRS)];

	if (!draw(t, 8)) {
		close_pair(t, p);
		open_pair(t, p);
	}
	tell(t, p->client, p->server, size_of_message(t));
	tell(t, p->server, p->client, size_of_message(t));
}

/* The client is connected; the server answers whoever asked. */
static void exchange_datagrams(struct town *t)
{
	union lan_addr from;
	socklen_t from_bytes = sizeof(from);
	u32 bytes = 1 + draw(t, 1400);

	if (nethood_sendto(t->udp.client, octets, bytes, 0, NULL, 0) != (ssize_t)bytes)
		die("no datagram");
	turn(t);
	if (nethood_recvfrom(t->udp.server, octets, sizeof(octets), 0, &from.sa, &from_bytes) != (ssize_t)bytes ||
	    nethood_sendto(t->udp.server, octets, bytes, 0, &from.sa, from_bytes) != (ssize_t)bytes)
		die("no answer");
	turn(t);
	if (nethood_recvfrom(t->udp.client, octets, sizeof(octets), 0, NULL, NULL) != (ssize_t)bytes)
		die("it was lost");
}

static void host_init(struct town *t, u8 host, u32 mtu, bool offload)
{
	const u8 mac[6] = { 2, 0, 0, 0, 0, (u8)(host + 1) };
	struct nethood_config config = { .random_key = { host } };
	struct nethood_dev_config dev = {
		.name = "eth0", .driver = "wire", .fd = -1, .lladdr = mac, .mtu = mtu, .offload = offload
	};

	if (nethood_create(&config, &t->net[host]) || nethood_dev_create(t->net[host], &dev, &t->dev[host]))
		die("no net");
}

static void servers_init(struct town *t)
{
	union lan_addr addr = server_addr(t);

	t->listener = socket_of(t, 1, SOCK_STREAM);
	t->udp.server = socket_of(t, 1, SOCK_DGRAM);
	t->udp.client = socket_of(t, 0, SOCK_DGRAM);
	if (nethood_bind(t->listener, &addr.sa, sizeof(addr)) || nethood_listen(t->listener, 128) ||
	    nethood_bind(t->udp.server, &addr.sa, sizeof(addr)) ||
	    nethood_connect(t->udp.client, &addr.sa, sizeof(addr)))
		die("no server");
	for (u32 i = 0; i < PAIRS; i++)
		open_pair(t, &t->tcp[i]);
}

static void live(bool ipv6, u32 mtu, bool offload)
{
	struct town t = { .random = 0x9e3779b97f4a7c15ULL + mtu, .ipv6 = ipv6 };

	host_init(&t, 0, mtu, offload);
	host_init(&t, 1, mtu, offload);
	if (nethood_wire(t.dev[0], t.dev[1]))
		die("no wire");
	for (u8 i = 0; i < 2; i++) {
		int ifindex = nethood_dev_ifindex(t.dev[i]);

		lan_configure(t.net[i], ifindex, (u8)(i + 1), (u8)(2 - i));
		lan_configure6(t.net[i], ifindex, (u8)(i + 1), (u8)(2 - i));
	}
	servers_init(&t);
	for (u32 i = 0; i < EXCHANGES; i++) {
		exchange(&t);
		exchange_datagrams(&t);
	}
	nethood_free(t.net[0]);
	nethood_free(t.net[1]);
}

int main(void) /* arguments of the benchmarks mean nothing here */
{
	for (u32 ipv6 = 0; ipv6 < 2; ipv6++) {
		live(ipv6, 1500, false);
		live(ipv6, 1500, true);
		live(ipv6, 65535, true);
	}
	return 0;
}
