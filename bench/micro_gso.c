// SPDX-License-Identifier: BSD-2-Clause
/* Trains of TCP segments: what it costs to cut one and to make one, per segment.
 *
 * A train has 45 segments of 1448 octets, in pages of 32 KiB.  The limit of a row is what nobody can do without: the sum
 * over a segment's payload; of making trains the sum too, and copying the frame is part of both rows.
 */
#include <netinet/in.h>

#include "api_internal.h"
#include "base/csum.h"
#include "dev/gro.h"
#include "dev/gso.h"
#include "ipv4/ip.h"
#include "harness.h"
#include "wire/ip.h"
#include "wire/tcp.h"

#define MSS 1448U
#define SEGS 45U
#define HEADERS (ETH_HLEN + 20U + 32U)

static u32 scale = 1;

static void die(const char *why)
{
	fprintf(stderr, "micro_gso: %s\n", why);
	exit(1);
}

struct scene {
	struct nethood_net *nn;
	struct net_device *dev;
	struct skb_pool *pool;
};

static void scene_init(struct scene *s)
{
	const struct nethood_config config = { .now_ns = 1, .random_key = { 1 } };
	const struct nethood_dev_config dev = { .name = "eth0", .driver = "null", .fd = -1 };
	struct nethood_dev *handle;

	if (nethood_create(&config, &s->nn) || nethood_dev_create(s->nn, &dev, &handle))
		die("no net");
	s->dev = dev_of(handle);
	s->pool = s->nn->net.skb_pool;
	if (dev_open(s->dev))
		die("no device");
}

static void headers(u8 *packet, u32 payload_bytes, u32 number)
{
	_Alignas(4) u8 aligned[HEADERS - ETH_HLEN] = { 0 }; /* a frame's IP header is not */
	struct iphdr *iph = (struct iphdr *)(void *)aligned;
	struct tcphdr *th = (struct tcphdr *)(void *)(iph + 1);

	memset(packet, 0, HEADERS);
	packet[12] = 8;
	iph->version = 4;
	iph->ihl = 5;
	iph->tot_len = cpu_to_be16((u16)(52 + payload_bytes));
	iph->id = cpu_to_be16((u16)number);
	iph->frag_off = CONST_BE16(IP_DF);
	iph->ttl = 64;
	iph->protocol = IPPROTO_TCP;
	iph->saddr = CONST_BE32(0x0a000001);
	iph->daddr = CONST_BE32(0x0a000002);
	ip_send_check(iph);
	th->seq = cpu_to_be32(number * MSS);
	th->doff_res = 32 / 4 << 4;
	th->flags = TCPHDR_ACK;
	memcpy(packet + ETH_HLEN, aligned, sizeof(aligned));
}

static struct sk_buff *train_make(struct scene *s)
{
	struct sk_buff *skb = alloc_skb(s->pool, HEADERS + 18);
	u32 left = SEGS * MSS;

	if (!skb)
		die("no memory");
	skb_reserve(skb, 18);
	headers(skb_put(skb, HEADERS), left, 0);
	while (left) {
		u32 n = min_u32(left, SKB_PAGE_FRAG_BYTES);
		struct skb_page *page = skb_page_alloc(s->pool, n);

		if (!page)
			die("no memory");
		memset(page->data, 'x', n);
		skb_add_frag(skb, page, 0, n);
		left -= n;
	}
	skb->dev = s->dev;
	skb->protocol = CONST_BE16(ETH_P_IP);
	skb->network_header = 18 + ETH_HLEN;
	skb->transport_header = 18 + ETH_HLEN + 20;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = offsetof(struct tcphdr, check);
	skb_shinfo(skb)->gso_size = MSS;
	skb_shinfo(skb)->gso_segs = SEGS;
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	return skb;
}

static double cut(u32 features)
{
	u32 rounds = 20000 / scale;
	struct sk_buff *train, *segs, *next;
	struct scene s;
	double t;

	scene_init(&s);
	train = train_make(&s);
	t = cpu_ns();
	for (u32 i = 0; i < rounds; i++) {
		if (skb_gso_segment(train, features, &segs))
			die("not cut");
		for (; segs; segs = next) {
			next = segs->next;
			consume_skb(segs);
		}
	}
	t = cpu_ns() - t;
	consume_skb(train);
	nethood_free(s.nn);
	return t / rounds / SEGS;
}

static double sum_only(u32 arg)
{
	static const u8 data[MSS];
	u32 rounds = 900000 / scale;
	double t = cpu_ns();

	(void)arg;
	for (u32 i = 0; i < rounds; i++)
		use(csum_partial(data, MSS, i));
	return (cpu_ns() - t) / rounds;
}

/* ------------------------------------------------------------------ up */

struct upper {
	struct sk_buff_head queue;
	u64 packets;
};

/* What TCP would do at least: look whether the checksum is right, and keep it until somebody reads. */
static int upper_rcv(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	struct upper *u = ctx;
	const struct iphdr *iph = (const struct iphdr *)(const void *)skb->data;

	(void)dev;
	if (skb->ip_summed == CHECKSUM_NONE && csum_tcpudp_magic(iph->saddr, iph->daddr, skb->len - 20, IPPROTO_TCP,
								 skb_checksum(skb, 20, skb->len - 20, 0)))
		die("a wrong checksum");
	u->packets++;
	__skb_queue_tail(&u->queue, skb);
	return 0;
}

static void frames_make(u8 (*frames)[HEADERS + MSS])
{
	for (u32 i = 0; i < SEGS; i++) {
		u8 *th = frames[i] + ETH_HLEN + 20;

		memset(frames[i], 'x', HEADERS + MSS);
		headers(frames[i], MSS, i);
		put_unaligned_be16(csum_tcpudp_magic(CONST_BE32(0x0a000001), CONST_BE32(0x0a000002), 32 + MSS,
						     IPPROTO_TCP, csum_partial(th, 32 + MSS, 0)),
				   th + offsetof(struct tcphdr, check));
	}
}

static double receive(u32 gro)
{
	static const struct packet_type ip = { .type = CONST_BE16(ETH_P_IP) };
	u8(*frames)[HEADERS + MSS] = malloc(SEGS * sizeof(*frames));
	u32 rounds = 20000 / scale;
	struct upper upper = { 0 };
	struct packet_type pt = ip;
	struct napi_struct *napi;
	struct sk_buff *skb;
	struct scene s;
	double t;

	scene_init(&s);
	__skb_queue_head_init(&upper.queue);
	pt.func = upper_rcv;
	pt.ctx = &upper;
	dev_remove_pack(&s.nn->net, &(const struct packet_type){ .type = CONST_BE16(ETH_P_IP), .func = ip_rcv });
	if (dev_add_pack(&s.nn->net, &pt))
		die("no handler");
	napi = calloc(1, sizeof(*napi));
	netif_napi_add(s.dev, napi, NULL, 64);
	frames_make(frames);
	if (!gro)
		s.dev->features &= ~NETIF_F_GRO;
	t = cpu_ns();
	for (u32 i = 0; i < rounds; i++) {
		for (u32 n = 0; n < SEGS; n++) {
			skb = alloc_skb(s.pool, HEADERS + MSS + 18);
			if (!skb)
				die("no memory");
			skb_reserve(skb, 18);
			memcpy(skb_put(skb, HEADERS + MSS), frames[n], HEADERS + MSS);
			skb->protocol = eth_type_trans(skb, s.dev);
			napi_gro_receive(napi, skb, true);
		}
		napi_gro_flush(napi->gro);
		while ((skb = __skb_dequeue(&upper.queue)))
			consume_skb(skb);
	}
	t = cpu_ns() - t;
	if (upper.packets != (u64)rounds * (gro ? 1 : SEGS))
		die("no trains");
	netif_napi_del(napi);
	nethood_free(s.nn);
	free(napi);
	free(frames);
	return t / rounds / SEGS;
}

static const struct bench rows[] = {
	{ "GSO: cut, checksums offloaded", "sum of 1448", 0, cut, sum_only, NETIF_F_SG | NETIF_F_HW_CSUM, false, NULL },
	{ "GSO: cut, with checksums", "sum of 1448", 0, cut, sum_only, NETIF_F_SG, false, NULL },
	{ "GSO: cut, with checksums, into one piece", "sum of 1448", 0, cut, sum_only, 0, false, NULL },
	{ "GRO: receive, up as trains", "sum of 1448", 0, receive, sum_only, 1, false, NULL },
	{ "GRO: receive, up one by one", "sum of 1448", 0, receive, sum_only, 0, false, NULL },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, rows, ARRAY_SIZE(rows), &scale);
}
