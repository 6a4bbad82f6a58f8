// SPDX-License-Identifier: BSD-2-Clause
/* Trains that leave: cut into packets that say what the train said, whatever pieces it lay in, and put together again. */
#include "train.h"

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

/** struct up - a scene, and who takes what comes up */
struct up {
	struct scene s;
	struct joined j;
	struct packet_type pt;
	struct napi_struct napi;
};

static struct up *up_create(u8 seed)
{
	struct up *u = calloc(1, sizeof(*u));

	scene_init(&u->s, seed);
	u->s.dev->features |= NETIF_F_GRO;
	u->j.packet = malloc(TRAIN_MAX);
	u->pt = (struct packet_type){ .type = CONST_BE16(ETH_P_IP), .func = joined_rcv, .ctx = &u->j };
	assert_int_equal(dev_add_pack(&u->s.w.net, &u->pt), 0);
	netif_napi_add(u->s.dev, &u->napi, NULL, 64);
	return u;
}

static void up_destroy(struct up *u)
{
	netif_napi_del(&u->napi);
	dev_remove_pack(&u->s.w.net, &u->pt);
	scene_fini(&u->s);
	free(u->j.packet);
	free(u);
}

/* The packets of a train, in one poll.  Return: the last that went up, ready to be cut again */
static struct sk_buff *go_up(struct up *u, struct sk_buff *segs)
{
	struct sk_buff *next;

	u->j.train = NULL;
	u->j.count = 0;
	for (; segs; segs = next) {
		next = segs->next;
		segs->next = NULL;
		segs->protocol = eth_type_trans(segs, u->s.dev);
		napi_gro_receive(&u->napi, segs, next != NULL);
	}
	napi_gro_flush(u->napi.gro);
	skb_push(u->j.train, ETH_HLEN);
	u->j.train->mark = 77;
	return u->j.train;
}

static u32 segs_of(const struct scene *s)
{
	return (s->len - s->payload_at + s->mss - 1) / s->mss;
}

/* What GRO makes of the packets of a train is the train, octet for octet; and it can be cut again, as often as one likes,
 * the second time without a copy. */
static void gro_undoes_what_gso_does(void **state)
{
	(void)state;
	for (u32 seed = 0; seed < 200; seed++) {
		u32 features = features_of[seed % ARRAY_SIZE(features_of)];
		struct up *u = up_create((u8)seed);
		struct scene *s = &u->s;
		struct sk_buff *skb, *segs;

		s->mss = 1 + draw(s, 1460);
		draw_headers(s, s->mss + 1 + draw(s, min_u32(65000, 60 * s->mss)), 0, 4 * draw(s, 11));
		skb = train_make(s);
		for (u32 again = 0; again < 3; again++) {
			assert_int_equal(skb_gso_segment(skb, features, &segs), 0);
			consume_skb(skb);
			skb = go_up(u, segs);
			assert_int_equal(u->j.count, 1);
			assert_int_equal(u->j.len, s->len - s->ip_at);
			assert_memory_equal(u->j.packet, s->flat + s->ip_at, u->j.len);
			assert_int_equal(skb_shinfo(skb)->gso_segs, segs_of(s));
		}
		consume_skb(skb);
		up_destroy(u);
	}
}

static struct sk_buff *gro_train(struct up *u)
{
	struct scene *s = &u->s;
	struct sk_buff *skb, *segs;

	s->mss = 1000;
	draw_headers(s, 10500, 0, 12);
	skb = train_make(s);
	assert_int_equal(skb_gso_segment(skb, 0, &segs), 0);
	consume_skb(skb);
	skb = go_up(u, segs);
	assert_int_equal(u->j.count, 1);
	return skb;
}

static void octets_are_those_of_the_train(struct scene *s, const struct sk_buff *skb)
{
	u8 *have = malloc(s->len);

	assert_int_equal(skb->len, s->len);
	assert_int_equal(skb_copy_bits(skb, 0, have, s->len), 0);
	assert_memory_equal(have + s->payload_at, s->flat + s->payload_at, s->len - s->payload_at);
	free(have);
}

/* A train that another one has as well, all of it or only what is chained to it, stays whole for him. */
static void a_train_that_two_have_is_cut_for_each(void **state)
{
	(void)state;
	for (u32 own_head = 0; own_head < 2; own_head++) {
		struct up *u = up_create(7);
		struct sk_buff *skb = gro_train(u), *other = skb_clone(skb), *segs;

		if (own_head)
			assert_int_equal(pskb_expand_head(other, 0, 0), 0);
		assert_int_equal(skb_gso_segment(skb, NETIF_F_SG, &segs), 0);
		consume_skb(skb);
		judge(&u->s, segs, NETIF_F_SG, 7);
		free_list(segs);
		octets_are_those_of_the_train(&u->s, other);
		assert_int_equal(skb_gso_segment(other, NETIF_F_SG, &segs), 0);
		consume_skb(other);
		judge(&u->s, segs, NETIF_F_SG, 7);
		free_list(segs);
		up_destroy(u);
	}
}

/* A train that came in one by one, and that somebody is charged for. */
static void what_an_owner_is_charged_does_not_change(void **state)
{
	struct up *u = up_create(8);
	struct sk_buff *skb = gro_train(u), *segs;

	(void)state;
	skb->destructor = owner_told;
	owner_charge = skb->truesize;
	assert_int_equal(skb_gso_segment(skb, NETIF_F_SG, &segs), 0);
	consume_skb(skb);
	free_list(segs);
	assert_int_equal(owner_charge, 0);
	up_destroy(u);
}

/* Packets that are chained are no pieces that a driver knows, unless it says so. */
static void a_chain_is_for_those_who_know_it(void **state)
{
	(void)state;
	for (u32 knows = 0; knows < 2; knows++) {
		struct up *u = up_create(10);
		struct sk_buff *skb = gro_train(u);

		u->s.dev->features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_ALL_TSO | (knows ? NETIF_F_FRAGLIST : 0);
		assert_int_equal(dev_queue_xmit(skb), NET_XMIT_SUCCESS);
		assert_int_equal(test_dev(u->s.dev)->sent_count, knows ? 1 : segs_of(&u->s));
		up_destroy(u);
	}
}

/* A packet that somebody else sees is not changed, and so not held. */
static void what_is_shared_goes_up_as_it_is(void **state)
{
	struct up *u = up_create(9);
	struct sk_buff *skb = gro_train(u), *segs, *copies = NULL, **tailp = &copies;

	(void)state;
	assert_int_equal(skb_gso_segment(skb, NETIF_F_SG, &segs), 0);
	consume_skb(skb);
	for (struct sk_buff *seg = segs; seg; seg = seg->next) {
		*tailp = skb_clone(seg);
		tailp = &(*tailp)->next;
	}
	consume_skb(go_up(u, copies));
	assert_int_equal(u->j.count, segs_of(&u->s));
	judge(&u->s, segs, NETIF_F_SG, 9);
	free_list(segs);
	up_destroy(u);
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
		cmocka_unit_test(a_train_that_two_have_is_cut_for_each),
		cmocka_unit_test(what_an_owner_is_charged_does_not_change),
		cmocka_unit_test(a_chain_is_for_those_who_know_it),
		cmocka_unit_test(what_is_shared_goes_up_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
