// SPDX-License-Identifier: BSD-2-Clause
/* Small datagrams between two nets in one process, joined by a memory wire: sent by one program, read by another.
 *
 * By the public header alone.  A burst is sent, the other net is polled, the burst is read.  The wire copies each frame;
 * checksums are computed in software at both ends.
 */
#include "harness.h"
#include "lan.h"
#include "nethood/nethood.h"

#define PORT 9U
#define DATAGRAMS 4000000U

static u32 scale = 1;

struct side {
	struct nethood_net *net;
	struct nethood_dev *dev;
	struct nethood_sock *sk;
};

static void die(const char *why)
{
	fprintf(stderr, "micro_udp: %s\n", why);
	exit(1);
}

static void side_init(struct side *s, u8 host)
{
	const u8 mac[6] = { 2, 0, 0, 0, 0, host };
	struct nethood_config config = { .now_ns = 1000000000ULL, .random_key = { host } };
	struct nethood_dev_config dev = { .name = "eth0", .driver = "wire", .fd = -1, .lladdr = mac };

	if (nethood_create(&config, &s->net) || nethood_dev_create(s->net, &dev, &s->dev))
		die("no net");
}

static void side_begin(struct side *s, u8 host, u8 peer)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	lan_configure(s->net, nethood_dev_ifindex(s->dev), host, peer);
	if (nethood_socket(s->net, AF_INET, SOCK_DGRAM, 0, &s->sk) ||
	    nethood_bind(s->sk, (struct sockaddr *)&addr, sizeof(addr)))
		die("no socket");
	addr.sin_addr.s_addr = htonl(0x0a000000U + peer);
	if (nethood_connect(s->sk, (struct sockaddr *)&addr, sizeof(addr)))
		die("not connected");
}

/* Return: processor time of a datagram, sent and received */
static double datagrams(u32 burst)
{
	u32 n = DATAGRAMS / scale / burst;
	struct side a, b;
	u64 now = 1000000000ULL;
	double t;
	u8 octet;

	side_init(&a, 1);
	side_init(&b, 2);
	if (nethood_wire(a.dev, b.dev))
		die("no wire");
	side_begin(&a, 1, 2);
	side_begin(&b, 2, 1);
	while (nethood_poll(a.net, now) || nethood_poll(b.net, now))
		;
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		for (u32 k = 0; k < burst; k++) {
			if (nethood_sendto(a.sk, "x", 1, 0, NULL, 0) != 1)
				die("not sent");
		}
		nethood_poll(b.net, now += 1000);
		for (u32 k = 0; k < burst; k++) {
			if (nethood_recvfrom(b.sk, &octet, 1, 0, NULL, NULL) != 1)
				die("not received");
		}
	}
	t = cpu_ns() - t;
	nethood_free(a.net);
	nethood_free(b.net);
	return t / n / burst;
}

static const struct bench rows[] = {
	{ "UDP small packets, sent and received", NULL, 0, datagrams, NULL, 32, false, NULL },
	{ "UDP small packets, one at a time", NULL, 0, datagrams, NULL, 1, false, NULL },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), &scale);
}
