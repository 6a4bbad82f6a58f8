// SPDX-License-Identifier: BSD-2-Clause
/* Trains that leave: cut into packets that say what the train said, whatever pieces it lay in, and put together again. */
#include "dev_world.h"

#include <netinet/in.h>

#include "base/csum.h"
#include "base/random.h"
#include "dev/gso.h"
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

static void scene_init(struct scene *s, u8 seed)
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

static void scene_fini(struct scene *s)
{
	inet_del_offload(&s->w.net, IPPROTO_TCP);
	dev_remove_offload(&s->w.net, &ip_packet_offload);
	world_fini(&s->w);
}

static u32 draw(struct scene *s, u32 below)
{
	u32 x;

	get_random_bytes(&s->rng, &x, sizeof(x));
	return x % below;
}

static struct iphdr *ip_at(u8 *packet, const struct scene *s)
{
	return (struct iphdr *)(void *)(packet + s->ip_at);
}

static struct tcphdr *tcp_at(u8 *packet, const struct scene *s)
{
	return (struct tcphdr *)(void *)(packet + s->tcp_at);
}

/* ------------------------------------------------------------------ a train of any shape */

static void draw_headers(struct scene *s, u32 payload_bytes, u32 ip_options, u32 tcp_options)
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
static struct sk_buff *train_make(struct scene *s)
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

static u8 flags_of(const struct scene *s, u8 flags, u32 pos, u32 bytes)
{
	if (pos)
		flags &= (u8)~TCPHDR_CWR;
	if (s->payload_at + pos + bytes < s->len)
		flags &= (u8) ~(TCPHDR_FIN | TCPHDR_PSH);
	return flags;
}

/* From the link-layer header on, made from the train by RFCs alone.  Return: its length */
static u32 expect(struct scene *s, u8 *packet, u32 number)
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

static void judge(struct scene *s, struct sk_buff *segs, u32 features, u32 seed)
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

static void free_list(struct sk_buff *segs)
{
	while (segs) {
		struct sk_buff *next = segs->next;

		segs->next = NULL;
		consume_skb(segs);
		segs = next;
	}
}

static void draw_train(struct scene *s)
{
	u32 ip_options = draw(s, 4) ? 0 : 4 * draw(s, 11), tcp_options = draw(s, 2) ? 0 : 4 * draw(s, 11);
	u32 room = 65535 - 40 - ip_options - tcp_options;

	s->mss = 1 + draw(s, 1460);
	if (s->mss < 100)
		room = min_u32(room, 6000);
	draw_headers(s, 1 + draw(s, room), ip_options, tcp_options);
}

static const u32 features_of[] = { 0, NETIF_F_SG, NETIF_F_HW_CSUM, NETIF_F_SG | NETIF_F_HW_CSUM };

static void any_train_is_cut_as_if_sent_packet_by_packet(void **state)
{
	struct scene *s = malloc(sizeof(*s));

	(void)state;
	for (u32 seed = 0; seed < 200; seed++) {
		u32 features = features_of[seed % ARRAY_SIZE(features_of)];
		struct sk_buff *skb, *segs;
		u8 *after;

		scene_init(s, (u8)seed);
		draw_train(s);
		skb = train_make(s);
		assert_int_equal(skb_gso_segment(skb, features, &segs), 0);
		after = malloc(s->len);
		assert_int_equal(skb->len, s->len); /* the train is as it was */
		assert_int_equal(skb_copy_bits(skb, 0, after, s->len), 0);
		assert_memory_equal(after, s->flat, s->len);
		free(after);
		consume_skb(skb); /* and its packets do not need it */
		judge(s, segs, features, seed);
		free_list(segs);
		scene_fini(s);
	}
	free(s);
}

/* Payload that lies in pages is not copied. */
static void packets_share_the_pages_of_the_train(void **state)
{
	struct scene *s = malloc(sizeof(*s));
	struct sk_buff *skb, *segs;

	(void)state;
	scene_init(s, 1);
	s->mss = 1000;
	do {
		draw_headers(s, 20000, 0, 12);
		skb = train_make(s);
		if (skb_headlen(skb) != s->payload_at) {
			consume_skb(skb);
			skb = NULL;
		}
	} while (!skb);
	assert_int_equal(skb_gso_segment(skb, NETIF_F_SG, &segs), 0);
	for (const struct sk_buff *seg = segs; seg; seg = seg->next) {
		assert_int_equal(skb_headlen(seg), s->payload_at);
		assert_true(seg->truesize < 1900);
	}
	assert_true(skb_shinfo(segs)->frags[0].page == skb_shinfo(skb)->frags[0].page);
	consume_skb(skb);
	free_list(segs);
	scene_fini(s);
	free(s);
}

/* ------------------------------------------------------------------ memory, owners, malformed trains */

static void without_memory_the_train_is_as_it_was(void **state)
{
	struct scene *s = malloc(sizeof(*s));
	struct sk_buff *skb, *segs = NULL;
	u8 *after;
	u32 n;

	(void)state;
	scene_init(s, 9);
	s->mss = 700;
	draw_headers(s, 9000, 0, 0);
	after = malloc(s->len);
	for (n = 1; !segs; n++) {
		skb = train_make(s);
		s->w.fail_at = n;
		if (skb_gso_segment(skb, NETIF_F_SG, &segs)) {
			s->w.fail_at = 0;
			assert_null(segs);
			assert_int_equal(s->w.net.skb_pool->stats.live, 1);
			assert_int_equal(skb->len, s->len);
			assert_int_equal(skb_copy_bits(skb, 0, after, s->len), 0);
			assert_memory_equal(after, s->flat, s->len);
		}
		s->w.fail_at = 0;
		consume_skb(skb);
	}
	assert_true(n > 13);
	judge(s, segs, NETIF_F_SG, 9);
	free_list(segs);
	free(after);
	scene_fini(s);
	free(s);
}

static u32 owner_charge;
static void owner_told(struct sk_buff *skb)
{
	owner_charge -= skb->truesize;
}

/* Who sent it hears of its end when the last packet ends, and gets back what he was charged. */
static void the_owner_waits_for_the_last_packet(void **state)
{
	struct scene *s = malloc(sizeof(*s));
	struct sk_buff *skb, *segs, *last;

	(void)state;
	scene_init(s, 4);
	s->mss = 700;
	draw_headers(s, 9000, 0, 0);
	skb = train_make(s);
	skb->destructor = owner_told;
	owner_charge = skb->truesize;
	assert_int_equal(skb_gso_segment(skb, NETIF_F_SG, &segs), 0);
	consume_skb(skb);
	assert_true(owner_charge > 0);
	for (last = segs; last->next->next; last = last->next)
		;
	skb = last->next;
	last->next = NULL;
	free_list(segs);
	assert_true(owner_charge > 0);
	consume_skb(skb);
	assert_int_equal(owner_charge, 0);
	scene_fini(s);
	free(s);
}

static void lie_type(struct scene *s, struct sk_buff *skb)
{
	(void)s;
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV6;
}
static void lie_protocol(struct scene *s, struct sk_buff *skb)
{
	(void)s;
	skb->protocol = CONST_BE16(ETH_P_IPV6);
}
static void lie_udp(struct scene *s, struct sk_buff *skb)
{
	ip_at(skb->data, s)->protocol = IPPROTO_UDP;
}
static void lie_fragment(struct scene *s, struct sk_buff *skb)
{
	ip_at(skb->data, s)->frag_off = CONST_BE16(IP_MF);
}
static void lie_ihl(struct scene *s, struct sk_buff *skb)
{
	ip_at(skb->data, s)->ihl = 4;
}
static void lie_version(struct scene *s, struct sk_buff *skb)
{
	ip_at(skb->data, s)->version = 6;
}
static void lie_doff_short(struct scene *s, struct sk_buff *skb)
{
	tcp_at(skb->data, s)->doff_res = 0x40;
}
static void lie_no_payload(struct scene *s, struct sk_buff *skb)
{
	assert_int_equal(pskb_trim(skb, s->payload_at), 0);
}
static void lie_cut_tcp(struct scene *s, struct sk_buff *skb)
{
	assert_int_equal(pskb_trim(skb, s->tcp_at + 12), 0);
}
static void lie_cut_ip(struct scene *s, struct sk_buff *skb)
{
	assert_int_equal(pskb_trim(skb, s->ip_at + 12), 0);
}
static void lie_no_network_header(struct scene *s, struct sk_buff *skb)
{
	(void)s;
	skb->network_header = SKB_HEADER_UNSET;
}
static void lie_sum(struct scene *s, struct sk_buff *skb)
{
	(void)s;
	skb->ip_summed = CHECKSUM_NONE;
}

static const struct {
	const char *says;
	void (*lie)(struct scene *s, struct sk_buff *skb);
} lies[] = {
	{ "a type that is not TCP's over IPv4", lie_type },
	{ "an ethertype that nobody cuts", lie_protocol },
	{ "a protocol that nobody cuts", lie_udp },
	{ "a fragment", lie_fragment },
	{ "an IP header that is too short", lie_ihl },
	{ "another version", lie_version },
	{ "a TCP header that is too short", lie_doff_short },
	{ "nothing in it", lie_no_payload },
	{ "half a TCP header", lie_cut_tcp },
	{ "half an IP header", lie_cut_ip },
	{ "nobody knows where the IP header is", lie_no_network_header },
	{ "a checksum that was not begun", lie_sum },
};

static void a_malformed_train_is_dropped_by_name(void **state)
{
	struct scene *s = malloc(sizeof(*s));

	(void)state;
	scene_init(s, 5);
	s->mss = 100;
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		struct sk_buff *skb;

		draw_headers(s, 1000, 0, 0);
		skb = train_make(s);
		lies[i].lie(s, skb);
		assert_int_equal(dev_queue_xmit(skb), NET_XMIT_SUCCESS);
		if (dropped(&s->w, SKB_DROP_REASON_SKB_GSO_SEG) != i + 1 || test_dev(s->dev)->sent_count)
			fail_msg("%s: not dropped", lies[i].says);
	}
	assert_int_equal(s->dev->stats.tx_dropped, ARRAY_SIZE(lies));
	scene_fini(s);
	free(s);
}

/* ------------------------------------------------------------------ just before the driver */

static const struct {
	const char *says;
	u32 features, max_size, max_segs;
	u16 type; /* besides TCPv4 */
	bool whole;
} needs[] = {
	{ "a device that cannot", NETIF_F_SG | NETIF_F_HW_CSUM, 0, 0, 0, false },
	{ "a device that can", NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO, 0, 0, 0, true },
	{ "but not checksums", NETIF_F_SG | NETIF_F_TSO, 0, 0, 0, false },
	{ "IPv6 only", NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO6, 0, 0, 0, false },
	{ "but not CWR", NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO, 0, 0, SKB_GSO_TCP_ECN, false },
	{ "and CWR", NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO_ECN, 0, 0, SKB_GSO_TCP_ECN, true },
	{ "but counts identifications", NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO, 0, 0, SKB_GSO_TCP_FIXEDID, false },
	{ "or does not", NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_ALL_TSO, 0, 0, SKB_GSO_TCP_FIXEDID, true },
	{ "but not so long ones", NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO, 9000, 0, 0, false },
	{ "but not so many", NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO, 0, 9, 0, false },
};

static void a_device_gets_what_it_can_send(void **state)
{
	struct scene *s = malloc(sizeof(*s));

	(void)state;
	scene_init(s, 6);
	s->mss = 1000;
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		struct sk_buff *skb;

		s->dev->features = needs[i].features;
		s->dev->gso_max_size_bytes = needs[i].max_size ? needs[i].max_size : GSO_MAX_SIZE_BYTES;
		s->dev->gso_max_segs = needs[i].max_segs ? needs[i].max_segs : GSO_MAX_SEGS;
		test_dev(s->dev)->sent_count = 0;
		draw_headers(s, 10000, 0, 0);
		skb = train_make(s);
		skb_shinfo(skb)->gso_type |= needs[i].type;
		assert_int_equal(dev_queue_xmit(skb), NET_XMIT_SUCCESS);
		if (test_dev(s->dev)->sent_count != (needs[i].whole ? 1 : 10))
			fail_msg("%s: %u packets", needs[i].says, test_dev(s->dev)->sent_count);
	}
	scene_fini(s);
	free(s);
}

/* A driver that is busy in the middle of a train gets the rest later, in order, and before what came after. */
struct log {
	u32 seq[64];
	u32 count, room, busy;
};
static struct log *dev_log(const struct net_device *dev)
{
	return dev->priv;
}

static netdev_tx_t log_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	struct log *log = dev_log(dev);

	(void)more;
	if (!log->room) {
		log->busy++;
		netif_tx_stop_queue(&dev->_tx[0]);
		return NETDEV_TX_BUSY;
	}
	log->room--;
	log->seq[log->count++] = be32_to_cpu(((const struct tcphdr *)(const void *)skb_transport_header(skb))->seq);
	consume_skb(skb);
	return NETDEV_TX_OK;
}
static const struct net_device_ops log_ops = { .ndo_start_xmit = log_xmit };

static u32 taps;
static int tap_rcv(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	(void)dev;
	(void)ctx;
	taps++;
	consume_skb(skb);
	return 0;
}

static void train_numbered(struct scene *s, struct net_device *dev, u32 seq)
{
	struct sk_buff *skb;

	draw_headers(s, 5000, 0, 0);
	tcp_at(s->flat, s)->seq = cpu_to_be32(seq);
	skb = train_make(s);
	skb->dev = dev;
	assert_int_equal(dev_queue_xmit(skb), NET_XMIT_SUCCESS);
}

static void a_busy_driver_gets_the_rest_in_order(void **state)
{
	const struct packet_type tap = { .type = CONST_BE16(ETH_P_ALL), .func = tap_rcv };
	struct scene *s = malloc(sizeof(*s));
	struct net_device *dev;

	(void)state;
	for (u32 watched = 0; watched < 2; watched++) {
		for (u32 room = 0; room < 11; room++) {
			scene_init(s, 8);
			s->mss = 1000;
			taps = 0;
			if (watched)
				assert_int_equal(dev_add_pack(&s->w.net, &tap), 0);
			dev = alloc_netdev(&s->w.net, sizeof(struct log), "b", 1);
			ether_setup(dev);
			dev->netdev_ops = &log_ops;
			assert_int_equal(register_netdev(dev), 0);
			assert_int_equal(dev_open(dev), 0);
			dev_log(dev)->room = room;
			train_numbered(s, dev, 0);
			train_numbered(s, dev, 5000);
			for (u32 i = 0; i < 4; i++) {
				dev_log(dev)->room += 3;
				netif_tx_wake_queue(&dev->_tx[0]);
				while (world_poll(&s->w))
					;
			}
			assert_int_equal(dev_log(dev)->count, 10);
			for (u32 i = 0; i < 10; i++)
				assert_int_equal(dev_log(dev)->seq[i], i * 1000);
			assert_int_equal(taps, watched ? 10 : 0); /* each was shown once */
			assert_int_equal(dev->_tx[0].qdisc->qlen, 0);
			assert_int_equal(dev->_tx[0].qdisc->backlog_bytes, 0);
			if (watched)
				dev_remove_pack(&s->w.net, &tap);
			scene_fini(s);
		}
	}
	free(s);
}

/* Without a queue there is nowhere to wait: what the driver does not take is dropped, all of it. */
static void without_a_queue_the_rest_is_dropped(void **state)
{
	struct scene *s = malloc(sizeof(*s));

	(void)state;
	scene_init(s, 2);
	s->mss = 1000;
	test_dev(s->dev)->room = 3;
	draw_headers(s, 10000, 0, 0);
	dev_queue_xmit(train_make(s));
	assert_int_equal(test_dev(s->dev)->sent_count, 3);
	assert_int_equal(dropped(&s->w, SKB_DROP_REASON_FULL_RING), 7);
	scene_fini(s);
	free(s);
}

/* ------------------------------------------------------------------ and back */

struct joined {
	u8 *packet;
	u32 len, count;
	struct sk_buff *train; /* kept */
};

static int joined_rcv(struct sk_buff *skb, struct net_device *dev, void *ctx)
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

/* What GRO makes of the packets of a train is the train, octet for octet; and it can be cut again, as often as one likes,
 * the second time without a copy. */
static void gro_undoes_what_gso_does(void **state)
{
	struct scene *s = malloc(sizeof(*s));

	(void)state;
	for (u32 seed = 0; seed < 200; seed++) {
		struct joined j = { .packet = malloc(TRAIN_MAX) };
		const struct packet_type pt = { .type = CONST_BE16(ETH_P_IP), .func = joined_rcv, .ctx = &j };
		u32 features = features_of[seed % ARRAY_SIZE(features_of)];
		struct napi_struct *napi = malloc(sizeof(*napi));
		struct sk_buff *skb, *segs, *next;

		scene_init(s, (u8)seed);
		s->dev->features |= NETIF_F_GRO;
		assert_int_equal(dev_add_pack(&s->w.net, &pt), 0);
		netif_napi_add(s->dev, napi, NULL, 64);
		s->mss = 1 + draw(s, 1460);
		draw_headers(s, s->mss + 1 + draw(s, min_u32(65000, 60 * s->mss)), 0, 4 * draw(s, 11));
		skb = train_make(s);
		for (u32 again = 0; again < 3; again++) {
			assert_int_equal(skb_gso_segment(skb, features, &segs), 0);
			consume_skb(skb);
			j.train = NULL;
			j.count = 0;
			for (; segs; segs = next) {
				next = segs->next;
				segs->next = NULL;
				segs->protocol = eth_type_trans(segs, s->dev);
				napi_gro_receive(napi, segs);
			}
			napi_gro_flush(napi->gro);
			assert_int_equal(j.count, 1);
			assert_int_equal(j.len, s->len - s->ip_at);
			assert_memory_equal(j.packet, s->flat + s->ip_at, j.len);
			assert_int_equal(skb_shinfo(j.train)->gso_segs, (s->len - s->payload_at + s->mss - 1) / s->mss);
			skb = j.train;
			skb_push(skb, ETH_HLEN);
			skb->mark = 77;
		}
		consume_skb(skb);
		netif_napi_del(napi);
		dev_remove_pack(&s->w.net, &pt);
		scene_fini(s);
		free(j.packet);
		free(napi);
	}
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_train_is_cut_as_if_sent_packet_by_packet),
		cmocka_unit_test(packets_share_the_pages_of_the_train),
		cmocka_unit_test(without_memory_the_train_is_as_it_was),
		cmocka_unit_test(the_owner_waits_for_the_last_packet),
		cmocka_unit_test(a_malformed_train_is_dropped_by_name),
		cmocka_unit_test(a_device_gets_what_it_can_send),
		cmocka_unit_test(a_busy_driver_gets_the_rest_in_order),
		cmocka_unit_test(without_a_queue_the_rest_is_dropped),
		cmocka_unit_test(gro_undoes_what_gso_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
