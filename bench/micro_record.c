// SPDX-License-Identifier: BSD-2-Clause
/* What the flight recorder costs a packet: the same work on two nets, one of which is recorded, in turns.
 *
 * A row is the difference per packet, its limit the packet without a recorder.  The ring is as large as that of
 * nethood up, and has been filled before: its pages are there, and each chunk takes the place of an older one.  The
 * rows "first pass" write into memory that was never touched.
 */
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "harness.h"
#include "lan.h"
#include "nethood/nethood.h"
#include "nethood/record.h"

#define RING_BYTES (4U << 20)
#define PORT 9
#define NOW 1000000000ULL
#define BLOCK 20000U /* packets of one turn */
#define FRAME_MAX 1514U

static u32 scale = 1;

struct side {
	struct nethood_net *net;
	struct nethood_dev *dev;
	struct nethood_sock *sk;
	u8 frame[FRAME_MAX]; /* one that arrives */
	u32 frame_bytes;
	u64 now;
};

static void die(const char *why)
{
	fprintf(stderr, "micro_record: %s\n", why);
	exit(1);
}

static int take(void *ctx, const struct iovec *frame, int pieces)
{
	(void)ctx;
	(void)frame;
	(void)pieces;
	return 0;
}

static u32 csum(const u8 *p, u32 bytes)
{
	u32 sum = 0;

	for (u32 i = 0; i < bytes; i += 2)
		sum += (u32)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* From the peer to our port, without a sum of its own. */
static void make_frame(struct side *s, u32 data_bytes)
{
	u8 *p = s->frame;
	u32 ip_bytes = 28 + data_bytes, sum;
	const u8 head[42] = { 2,
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
			      (u8)(ip_bytes >> 8),
			      (u8)ip_bytes,
			      0,
			      0,
			      0x40,
			      0,
			      64,
			      17,
			      0,
			      0,
			      10,
			      0,
			      0,
			      2,
			      10,
			      0,
			      0,
			      1,
			      0,
			      PORT,
			      0,
			      PORT,
			      (u8)((8 + data_bytes) >> 8),
			      (u8)(8 + data_bytes),
			      0,
			      0 };

	memset(p, 'x', FRAME_MAX);
	memcpy(p, head, sizeof(head));
	sum = csum(p + ETH_HLEN, 20);
	p[24] = (u8)(sum >> 8);
	p[25] = (u8)sum;
	s->frame_bytes = ETH_HLEN + ip_bytes;
}

static void side_init(struct side *s, size_t record_bytes, u32 data_bytes)
{
	const u8 mac[6] = { 2, 0, 0, 0, 0, 1 };
	struct nethood_config config = { .now_ns = NOW, .random_key = { 1 }, .record_bytes = record_bytes };
	struct nethood_dev_config dev = { .name = "eth0", .driver = "user", .fd = -1, .xmit = take, .lladdr = mac };
	struct sockaddr_in us = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = { htonl(0x0a000002) } };

	s->now = NOW;
	if (nethood_create(&config, &s->net) || nethood_dev_create(s->net, &dev, &s->dev))
		die("no net");
	lan_configure(s->net, nethood_dev_ifindex(s->dev), 1, 2);
	if (nethood_socket(s->net, AF_INET, SOCK_DGRAM, 0, &s->sk) ||
	    nethood_bind(s->sk, (struct sockaddr *)&us, sizeof(us)) ||
	    nethood_connect(s->sk, (struct sockaddr *)&peer, sizeof(peer)))
		die("no socket");
	make_frame(s, data_bytes);
	while (nethood_poll(s->net, s->now))
		;
}

static double send_block(struct side *s, u32 data_bytes, u32 count)
{
	double t = cpu_ns();

	for (u32 i = 0; i < count; i++) {
		if (nethood_sendto(s->sk, s->frame, data_bytes, 0, NULL, 0) != (ssize_t)data_bytes)
			die("not sent");
	}
	return cpu_ns() - t;
}

/* A frame, the poll that brings it up, and the call that takes it. */
static double receive_block(struct side *s, u32 data_bytes, u32 count)
{
	u8 room[FRAME_MAX];
	double t = cpu_ns();

	for (u32 i = 0; i < count; i++) {
		s->now += 100;
		if (nethood_dev_receive(s->dev, s->frame, s->frame_bytes))
			die("not received");
		nethood_poll(s->net, s->now);
		if (nethood_recvfrom(s->sk, room, sizeof(room), 0, NULL, NULL) != (ssize_t)data_bytes)
			die("not delivered");
	}
	return cpu_ns() - t;
}

typedef double (*block_fn)(struct side *s, u32 data_bytes, u32 count);

static double plain_ns; /* of the last row: its limit */

static double cost(block_fn block, u32 data_bytes, bool first_pass)
{
	u32 blocks = first_pass ? 1 : (scale > 1 ? 1 : 40);
	u32 count = scale > 1 ? 100 : first_pass ? RING_BYTES / (data_bytes + 100) : BLOCK;
	double with = 0, without = 0;
	struct side plain, recorded;

	side_init(&plain, 0, data_bytes);
	side_init(&recorded, RING_BYTES, data_bytes);
	block(&plain, data_bytes, count);
	if (!first_pass) { /* twice around */
		for (u32 i = 0; i < 2 * RING_BYTES / (data_bytes + 20) / count + 1; i++)
			block(&recorded, data_bytes, count);
	}
	for (u32 i = 0; i < blocks; i++) {
		without += block(&plain, data_bytes, count);
		with += block(&recorded, data_bytes, count);
	}
	nethood_free(plain.net);
	nethood_free(recorded.net);
	plain_ns = without / blocks / count;
	return (with - without) / blocks / count;
}

static double send_cost(u32 data_bytes)
{
	return cost(send_block, data_bytes, false);
}

static double receive_cost(u32 data_bytes)
{
	return cost(receive_block, data_bytes, false);
}

static double send_first_pass(u32 data_bytes)
{
	return cost(send_block, data_bytes, true);
}

static double without(u32 data_bytes)
{
	(void)data_bytes;
	return plain_ns;
}

static const struct bench rows[] = {
	{ "record: UDP send 1 byte", "not recorded", 10, send_cost, without, 1, false, NULL },
	{ "record: UDP send 1400 bytes", "not recorded", 0, send_cost, without, 1400, false, NULL },
	{ "record: UDP receive 1 byte", "not recorded", 0, receive_cost, without, 1, false, NULL },
	{ "record: UDP receive 1400 bytes", "not recorded", 0, receive_cost, without, 1400, false, NULL },
	{ "record: UDP send 1 byte, first pass", "not recorded", 0, send_first_pass, without, 1, false, NULL },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, rows, ARRAY_SIZE(rows), &scale);
}
