// SPDX-License-Identifier: BSD-2-Clause
/* Trains of TCP segments over a memory wire: whole if it takes them, else packet by packet; the same in the end. */
#include "train.h"

#include "drivers/drivers.h"

static struct net_device *wire_open(struct world *w, bool offload)
{
	const struct netdev_config cfg = {
		.name = "eth%d", .driver = "wire", .offload = offload, .fd = -1, .mtu = 1500
	};
	struct net_device *dev = NULL;

	assert_int_equal(netdev_driver_open(&w->net, &cfg, &dev), 0);
	return dev;
}

struct cable {
	struct scene a, b;
	struct net_device *da, *db;
	struct joined j;
	struct packet_type pt;
};

static struct cable *cable_create(u8 seed, bool offload)
{
	struct cable *c = calloc(1, sizeof(*c));

	scene_init(&c->a, seed);
	scene_init(&c->b, seed);
	c->da = wire_open(&c->a.w, offload);
	c->db = wire_open(&c->b.w, offload);
	assert_int_equal(netdev_wire_join(c->da, c->db), 0);
	assert_int_equal(dev_open(c->da), 0);
	assert_int_equal(dev_open(c->db), 0);
	world_poll(&c->a.w);
	world_poll(&c->b.w);
	c->j.packet = malloc(TRAIN_MAX);
	c->pt = (struct packet_type){ .type = CONST_BE16(ETH_P_IP), .func = joined_rcv, .ctx = &c->j };
	assert_int_equal(dev_add_pack(&c->b.w.net, &c->pt), 0);
	return c;
}

static void cable_destroy(struct cable *c)
{
	consume_skb(c->j.train);
	dev_remove_pack(&c->b.w.net, &c->pt);
	scene_fini(&c->a);
	scene_fini(&c->b);
	free(c->j.packet);
	free(c);
}

/* With offload the train crosses as it is; without, its packets do, and GRO makes it anew.  The same either way. */
static void a_train_crosses_a_wire(void **state)
{
	(void)state;
	for (u32 seed = 0; seed < 40; seed++) {
		bool offload = seed & 1;
		struct cable *c = cable_create((u8)seed, offload);
		struct scene *s = &c->a;
		struct sk_buff *skb;

		s->mss = 1000 + draw(s, 400);
		draw_headers(s, s->mss + 1 + draw(s, 40 * s->mss), 0, 4 * draw(s, 11));
		tcp_at(s->flat, s)->flags &= (u8)(0xffU & ~TCPHDR_CWR);
		skb = train_make(s);
		skb->dev = c->da;
		assert_int_equal(dev_queue_xmit(skb), 0);
		assert_true(offload == (c->da->stats.tx_packets == 1));
		world_poll(&c->b.w);
		joined_is_the_train(&c->j, &c->a);
		cable_destroy(c);
	}
}

/* One that came as a train is not put together with the next. */
static void trains_go_up_one_by_one(void **state)
{
	struct cable *c = cable_create(6, true);
	struct scene *s = &c->a;

	(void)state;
	s->mss = 1000;
	for (u32 i = 0; i < 3; i++) {
		struct sk_buff *skb;

		draw_headers(s, 20000, 0, 0);
		memset(s->flat, 2, s->payload_at);
		s->flat[12] = 8;
		s->flat[13] = 0;
		ip_at(s->flat, s)->version = 4;
		ip_at(s->flat, s)->ihl = 5;
		ip_at(s->flat, s)->frag_off = CONST_BE16(IP_DF);
		ip_at(s->flat, s)->protocol = IPPROTO_TCP;
		tcp_at(s->flat, s)->doff_res = 0x50;
		tcp_at(s->flat, s)->flags = TCPHDR_ACK;
		tcp_at(s->flat, s)->seq = cpu_to_be32(i * 20000);
		skb = train_make(s);
		skb->dev = c->da;
		assert_int_equal(dev_queue_xmit(skb), 0);
	}
	world_poll(&c->b.w);
	assert_int_equal(c->j.count, 3);
	c->j.count = 1;
	joined_is_the_train(&c->j, &c->a);
	cable_destroy(c);
}

/* As the recorder writes it down, so it comes again. */
static void a_train_comes_again_from_a_recording(void **state)
{
	struct cable *c = cable_create(3, true);
	struct scene *s = &c->a;
	struct wire_offload o;

	(void)state;
	s->mss = 1300;
	draw_headers(s, 50000, 0, 12);
	consume_skb(train_make(s)); /* checksums */
	o = (struct wire_offload){ s->tcp_at, 16, (u16)s->mss, SKB_GSO_TCPV4, s->payload_at + s->mss };
	assert_int_equal(netdev_wire_frame(c->db, s->flat, s->len, &o), 0);
	world_poll(&c->b.w);
	joined_is_the_train(&c->j, &c->a);
	o.segment_bytes = 1519;
	assert_int_not_equal(netdev_wire_frame(c->db, s->flat, s->len, &o), 0); /* its packets are too long */
	o.segment_bytes = s->mss;
	assert_int_equal(netdev_wire_frame(c->db, s->flat, s->len, &o), -EINVAL);
	o.segment_bytes = UINT32_MAX;
	assert_int_equal(netdev_wire_frame(c->db, s->flat, s->len, &o), -EINVAL);
	o = (struct wire_offload){ .gso_size = 1300, .segment_bytes = 1400 };
	assert_int_equal(netdev_wire_frame(c->db, s->flat, s->len, &o), -EINVAL);
	o = (struct wire_offload){ 1000, 16, 0, 0, 0 };
	assert_int_equal(netdev_wire_frame(c->db, s->flat, 1200, &o), -EINVAL);
	o = (struct wire_offload){ UINT32_MAX, 16, 0, 0, 0 };
	assert_int_equal(netdev_wire_frame(c->db, s->flat, 1200, &o), -EINVAL);
	cable_destroy(c);
}

/* What has no memory on the other side is lost there, not half of it; nor half of a train that is cut. */
static void loses_whole_trains(bool offload, u32 allocations)
{
	struct cable *c = cable_create(5, offload);
	struct scene *s = &c->a;
	u32 n;

	s->mss = 1300;
	for (n = 1; !c->j.count; n++) {
		struct sk_buff *skb;

		draw_headers(s, 60000, 0, 0);
		skb = train_make(s);
		skb->dev = c->da;
		c->b.w.fail_at = n;
		assert_int_equal(dev_queue_xmit(skb), 0);
		c->b.w.fail_at = 0;
		assert_int_equal(c->db->stats.rx_packets, 0);
		world_poll(&c->b.w);
	}
	assert_true(n > allocations);
	assert_int_equal(dropped(&c->a.w, SKB_DROP_REASON_NOMEM), n - 2);
	joined_is_the_train(&c->j, &c->a);
	cable_destroy(c);
}

static void a_wire_without_memory_loses_whole_trains(void **state)
{
	(void)state;
	loses_whole_trains(true, 4);
	loses_whole_trains(false, 40);
}

/* The ring holds 1024 frames: a train that it has no room for waits, whole, and what follows waits behind it. */
static void a_train_waits_for_room(void **state)
{
	struct cable *c = cable_create(1, false);
	struct scene *s = &c->a;
	const u32 trains = 30, frames = 47;

	(void)state;
	s->mss = 1300;
	for (u32 i = 0; i < trains; i++) {
		struct sk_buff *skb;

		draw_headers(s, s->mss * frames, 0, 0);
		skb = train_make(s);
		skb->dev = c->da;
		assert_int_equal(dev_queue_xmit(skb), 0);
	}
	assert_int_equal(c->da->stats.tx_packets, 1024 / frames * frames);
	while (world_poll(&c->b.w) | world_poll(&c->a.w))
		;
	assert_int_equal(c->da->stats.tx_packets, trains * frames);
	assert_int_equal(c->db->stats.rx_packets, trains * frames);
	assert_int_equal(c->da->stats.tx_bytes, c->db->stats.rx_bytes);
	cable_destroy(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_train_crosses_a_wire),
		cmocka_unit_test(trains_go_up_one_by_one),
		cmocka_unit_test(a_train_comes_again_from_a_recording),
		cmocka_unit_test(a_wire_without_memory_loses_whole_trains),
		cmocka_unit_test(a_train_waits_for_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
