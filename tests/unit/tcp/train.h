/* SPDX-License-Identifier: BSD-2-Clause */
/* A train of TCP segments of any shape, and what its packets must say. */
#ifndef NETHOOD_TESTS_TRAIN_H
#define NETHOOD_TESTS_TRAIN_H

#include "dev_world.h"

#include <netinet/in.h>

#include "base/csum.h"
#include "base/random.h"
#include "dev/gso.h"
#include "drivers/drivers.h"
#include "ipv4/netns_ipv4.h"
#include "ipv4/protocol.h"
#include "tcp/tcp_offload_ipv4.h"
#include "wire/ip.h"
#include "wire/tcp.h"

#define TRAIN_MAX 65536U
#define HEADER_MAX (ETH_HLEN + 60U + 60U)

struct scene {
	struct world w;
	struct netns_ipv4 ipv4;
	struct net_device *dev;
	struct rng rng;
	_Alignas(8) u8 align[2];         /* the IP header lies at a multiple of four */
	u8 flat[TRAIN_MAX + HEADER_MAX]; /* the train as one packet */
	u32 ip_at, tcp_at, payload_at, len;
	u32 mss;
};

static inline void scene_init(struct scene *s, u8 seed)
{
	const u8 key[RNG_KEY_BYTES] = { seed };

	world_init(&s->w);
	memset(&s->ipv4, 0, sizeof(s->ipv4));
	s->w.net.ipv4 = &s->ipv4;
	assert_int_equal(dev_add_offload(&s->w.net, &ip_packet_offload), 0);
	assert_int_equal(inet_add_offload(&s->w.net, &tcpv4_offload, IPPROTO_TCP), 0);
	s->dev = test_dev_up(&s->w, "a", true);
	rng_init(&s->rng, key);
}

static inline void scene_fini(struct scene *s)
{
	inet_del_offload(&s->w.net, IPPROTO_TCP);
	dev_remove_offload(&s->w.net, &ip_packet_offload);
	world_fini(&s->w);
}

static inline u32 draw(struct scene *s, u32 below)
{
	u32 x;

	get_random_bytes(&s->rng, &x, sizeof(x));
	return x % below;
}

static inline struct iphdr *ip_at(u8 *packet, const struct scene *s)
{
	return (struct iphdr *)(void *)(packet + s->ip_at);
}

static inline struct tcphdr *tcp_at(u8 *packet, const struct scene *s)
{
	return (struct tcphdr *)(void *)(packet + s->tcp_at);
}

/* ------------------------------------------------------------------ a train of any shape */

static inline void draw_headers(struct scene *s, u32 payload_bytes, u32 ip_options, u32 tcp_options)
{
	u32 tcp_bytes = 20 + tcp_options;
	struct iphdr *iph;
	struct tcphdr *th;

	s->ip_at = ETH_HLEN;
	s->tcp_at = s->ip_at + 20 + ip_options;
	s->payload_at = s->tcp_at + tcp_bytes;
	s->len = s->payload_at + payload_bytes;
	get_random_bytes(&s->rng, s->flat, s->len);
	s->flat[12] = 8;
	s->flat[13] = 0;
	iph = ip_at(s->flat, s);
	th = tcp_at(s->flat, s);
	memset(iph + 1, 1, ip_options);
	iph->version = 4;
	iph->ihl = (5 + ip_options / 4) & 0xf;
	iph->frag_off = CONST_BE16(IP_DF);
	iph->protocol = IPPROTO_TCP;
	th->doff_res = (u8)(tcp_bytes / 4 << 4);
	th->flags = (u8)(TCPHDR_ACK | draw(s, 256));
	th->flags &= (u8) ~(TCPHDR_URG | TCPHDR_SYN | TCPHDR_RST);
}

/* Into an skb: some of it linear, the rest in pages of any size; as TCP hands it down. */
static inline struct sk_buff *train_make(struct scene *s)
{
	u32 linear = s->payload_at + (draw(s, 2) ? 0 : draw(s, s->len - s->payload_at + 1)), pos,
	    headroom = 18 + 4 * draw(s, 16);
	struct sk_buff *skb = alloc_skb(s->w.net.skb_pool, headroom + linear);
	struct iphdr *iph = ip_at(s->flat, s);
	struct tcphdr *th = tcp_at(s->flat, s);
	u32 tcp_bytes = s->len - s->tcp_at;

	iph->tot_len = cpu_to_be16((u16)(s->len - s->ip_at));
	iph->check = CONST_BE16(0);
	iph->check = ip_compute_csum(iph, ip_hdrlen_bytes(iph));
	th->check = csum_tcpudp_magic(iph->saddr, iph->daddr, tcp_bytes, IPPROTO_TCP, 0);
	th->check = (__force __be16)(u16)((__force u16)th->check ^ 0xffff);
	assert_non_null(skb);
	skb_reserve(skb, headroom);
	memcpy(skb_put(skb, linear), s->flat, linear);
	for (pos = linear; pos < s->len;) {
		u32 left = s->len - pos, skip = draw(s, 100);
		u32 n = skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS - 1 ? left : min_u32(left, 1 + draw(s, 2 * left));
		struct skb_page *page = skb_page_alloc(s->w.net.skb_pool, skip + n);

		memcpy(page->data + skip, s->flat + pos, n);
		skb_add_frag(skb, page, skip, n);
		pos += n;
	}
	skb->dev = s->dev;
	skb->protocol = CONST_BE16(ETH_P_IP);
	skb->mark = 77;
	skb->network_header = (u16)(headroom + s->ip_at);
	skb->transport_header = (u16)(headroom + s->tcp_at);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = offsetof(struct tcphdr, check);
	skb_shinfo(skb)->gso_size = (u16)s->mss;
	skb_shinfo(skb)->gso_segs = (u16)((s->len - s->payload_at + s->mss - 1) / s->mss);
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	return skb;
}

/* ------------------------------------------------------------------ what each packet must say */

static inline u8 flags_of(const struct scene *s, u8 flags, u32 pos, u32 bytes)
{
	if (pos)
		flags &= (u8)~TCPHDR_CWR;
	if (s->payload_at + pos + bytes < s->len)
		flags &= (u8) ~(TCPHDR_FIN | TCPHDR_PSH);
	return flags;
}

/* From the link-layer header on, made from the train by RFCs alone.  Return: its length */
static inline u32 expect(struct scene *s, u8 *packet, u32 number)
{
	u32 pos = number * s->mss, bytes = min_u32(s->mss, s->len - s->payload_at - pos);
	struct iphdr *iph = ip_at(packet, s);
	struct tcphdr *th = tcp_at(packet, s);
	u32 len = s->payload_at + bytes;

	memcpy(packet, s->flat, s->payload_at);
	memcpy(packet + s->payload_at, s->flat + s->payload_at + pos, bytes);
	iph->id = cpu_to_be16((u16)(be16_to_cpu(iph->id) + number));
	iph->tot_len = cpu_to_be16((u16)(len - s->ip_at));
	iph->check = CONST_BE16(0);
	iph->check = ip_compute_csum(iph, ip_hdrlen_bytes(iph));
	th->seq = cpu_to_be32(be32_to_cpu(th->seq) + pos);
	th->flags = flags_of(s, th->flags, pos, bytes);
	th->check = CONST_BE16(0);
	th->check = csum_tcpudp_magic(iph->saddr, iph->daddr, len - s->tcp_at, IPPROTO_TCP,
				      csum_partial(th, len - s->tcp_at, 0));
	return len;
}

static inline void judge(struct scene *s, struct sk_buff *segs, u32 features, u32 seed)
{
	u8 *room = malloc(2 * (s->len + 8)), *want = room + 2, *have = want + ALIGN_UP(s->len, 4U);
	u32 number = 0;

	for (struct sk_buff *seg = segs; seg; seg = seg->next, number++) {
		u32 len = expect(s, want, number);

		if (features & NETIF_F_HW_CSUM) {
			assert_int_equal(seg->ip_summed, CHECKSUM_PARTIAL);
			assert_int_equal(skb_checksum_help(seg), 0);
			if (tcp_at(want, s)->check == CONST_BE16(0))
				tcp_at(want, s)->check = CONST_BE16(0xffff);
		}
		if (!(features & NETIF_F_SG))
			assert_int_equal(seg->data_len, 0);
		assert_int_equal(seg->ip_summed, CHECKSUM_NONE);
		assert_int_equal(seg->mark, 77);
		assert_int_equal(skb_network_offset(seg), s->ip_at);
		assert_int_equal(skb_transport_offset(seg), s->tcp_at);
		assert_false(skb_is_gso(seg));
		assert_int_equal(seg->len, len);
		assert_int_equal(skb_copy_bits(seg, 0, have, len), 0);
		if (memcmp(have, want, len))
			fail_msg("seed %u: packet %u is not right", seed, number);
	}
	assert_int_equal(number, (s->len - s->payload_at + s->mss - 1) / s->mss);
	free(room);
}

static inline void free_list(struct sk_buff *segs)
{
	while (segs) {
		struct sk_buff *next = segs->next;

		segs->next = NULL;
		consume_skb(segs);
		segs = next;
	}
}

/* ------------------------------------------------------------------ what comes up */

struct joined {
	u8 *packet;
	u32 len, count;
	struct sk_buff *train; /* kept */
};

static inline int joined_rcv(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	struct joined *j = ctx;

	(void)dev;
	j->count++;
	j->len = skb->len;
	assert_int_equal(skb_copy_bits(skb, 0, j->packet, skb->len), 0);
	consume_skb(j->train);
	j->train = skb;
	return 0;
}

static inline void joined_is_the_train(const struct joined *j, const struct scene *s)
{
	const struct skb_shared_info *shinfo;

	assert_int_equal(j->count, 1);
	assert_int_equal(j->len, s->len - s->ip_at);
	assert_memory_equal(j->packet, s->flat + s->ip_at, j->len);
	assert_int_equal(j->train->ip_summed, CHECKSUM_PARTIAL);
	assert_int_equal(j->train->csum_start - skb_headroom(j->train), s->tcp_at - s->ip_at);
	assert_int_equal(j->train->csum_offset, 16);
	shinfo = skb_shinfo(j->train);
	assert_int_equal(shinfo->gso_size, s->mss);
	assert_int_equal(shinfo->gso_segs, (s->len - s->payload_at + s->mss - 1) / s->mss);
	assert_int_equal(shinfo->gso_type & SKB_GSO_TCPV4, SKB_GSO_TCPV4);
}

#endif
