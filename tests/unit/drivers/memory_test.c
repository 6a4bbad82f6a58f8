// SPDX-License-Identifier: BSD-2-Clause
/* Drivers that need no system: loopback, the wire between two nets, the embedder's device, the null device; and what
 * netdev_driver_open() refuses. */
#include "../dev/dev_world.h"

#include "base/csum.h"
#include "drivers/drivers.h"

/** struct got - what a handler of ETH_P_IP saw */
struct got {
	u32 count, last_len, ip_summed, csum_start;
	u64 mark[2048];
};

static int get_ip(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	struct got *g = ctx;

	(void)dev;
	g->last_len = skb->len;
	g->ip_summed = skb->ip_summed;
	g->csum_start = skb->ip_summed == CHECKSUM_PARTIAL ? skb->csum_start - skb_headroom(skb) : 0;
	memcpy(&g->mark[g->count++ % ARRAY_SIZE(g->mark)], skb->data, sizeof(u64));
	consume_skb(skb);
	return 0;
}

static void want_ip(struct world *w, struct got *g)
{
	const struct packet_type pt = { .type = CONST_BE16(ETH_P_IP), .func = get_ip, .ctx = g };

	memset(g, 0, sizeof(*g));
	assert_int_equal(dev_add_pack(&w->net, &pt), 0);
}

static struct net_device *open_dev(struct world *w, struct netdev_config cfg)
{
	struct net_device *dev = NULL;

	cfg.fd = -1;
	if (!cfg.name)
		cfg.name = "eth%d";
	assert_int_equal(netdev_driver_open(&w->net, &cfg, &dev), 0);
	return dev;
}

static void send_number(struct world *w, struct net_device *dev, u64 number)
{
	struct sk_buff *skb = frame(w, dev, 0);

	memcpy(skb->data + ETH_HLEN, &number, sizeof(number));
	dev_queue_xmit(skb);
}

/* ---- what cannot be made */

static int never(void *ctx, const struct iovec *f, int pieces)
{
	(void)ctx;
	(void)f;
	(void)pieces;
	return 0;
}

static const u8 group_mac[ETH_ALEN] = { 1, 0, 0, 0, 0, 1 };
static const struct {
	const char *sentence;
	struct netdev_config cfg;
	int error;
} refused_rows[] = {
	{ "no such driver", { .name = "a", .driver = "e1000" }, -EINVAL },
	{ "no driver", { .name = "a" }, -EINVAL },
	{ "no name", { .driver = "null" }, -EINVAL },
	{ "a bad name", { .name = "a/b", .driver = "null" }, -EINVAL },
	{ "a name that is taken", { .name = "taken", .driver = "null" }, -EEXIST },
	{ "a wire by a name that is taken", { .name = "taken", .driver = "wire" }, -EEXIST },
	{ "an MTU too small", { .name = "a", .driver = "null", .mtu = 67 }, -EINVAL },
	{ "an MTU too large", { .name = "a", .driver = "null", .mtu = 65536 }, -EINVAL },
	{ "a group's address", { .name = "a", .driver = "null", .lladdr = group_mac }, -EADDRNOTAVAIL },
	{ "too many queues", { .name = "a", .driver = "null", .queues = 17 }, -EINVAL },
	{ "several queues on a TAP", { .name = "a", .driver = "tap", .queues = 2 }, -EINVAL },
	{ "a user device that cannot send", { .name = "a", .driver = "user" }, -EINVAL },
	{ "nor one of packets", { .name = "a", .driver = "user-ip" }, -EINVAL },
	{ "a descriptor that is none", { .name = "a", .driver = "fd" }, -EINVAL },
	{ "a packet device on nothing", { .name = "a", .driver = "packet" }, -EINVAL },
	{ "a stream to nowhere", { .name = "a", .driver = "unix" }, -EINVAL },
	{ "a capture file without name", { .name = "a", .driver = "pcap" }, -EINVAL },
	{ "a TAP of a name too long", { .name = "a", .driver = "tap", .arg = "0123456789abcdef" }, -EINVAL },
};

static void what_is_wrong_is_refused(void **state)
{
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	open_dev(&w, (struct netdev_config){ .name = "taken", .driver = "null" });
	for (size_t i = 0; i < ARRAY_SIZE(refused_rows); i++) {
		struct netdev_config cfg = refused_rows[i].cfg;
		int err;

		cfg.fd = -1;
		err = netdev_driver_open(&w.net, &cfg, &dev);
		if (err != refused_rows[i].error)
			fail_msg("%s: %d", refused_rows[i].sentence, err);
	}
	world_fini(&w);
}

static void addresses_are_random_and_local(void **state)
{
	struct world w;
	struct net_device *a, *b;

	(void)state;
	world_init(&w);
	a = open_dev(&w, (struct netdev_config){ .driver = "null" });
	b = open_dev(&w, (struct netdev_config){ .driver = "null", .mtu = 9000 });
	assert_int_equal(a->dev_addr[0] & 3, 2);
	assert_int_equal(b->dev_addr[0] & 3, 2);
	assert_memory_not_equal(a->dev_addr, b->dev_addr, ETH_ALEN);
	assert_int_equal(a->mtu, 1500);
	assert_int_equal(b->mtu, 9000);
	assert_int_equal(dev_set_mac_address(a, b->dev_addr), 0);
	world_fini(&w);
}

/* ---- loopback */

static void loopback_is_as_in_linux(void **state)
{
	struct got got;
	struct world w;
	struct net_device *lo;
	struct sk_buff *skb;

	(void)state;
	world_init(&w);
	assert_int_equal(loopback_net_init(&w.net), 0);
	assert_int_equal(loopback_net_init(&w.net), -EEXIST);
	lo = dev_find_by_name(&w.net, "lo");
	assert_int_equal(lo->ifindex, 1);
	assert_int_equal(lo->mtu, 65536);
	assert_int_equal(dev_get_flags(lo), IFF_LOOPBACK);
	assert_int_equal(dev_open(lo), 0);
	assert_int_equal(dev_get_flags(lo), IFF_LOOPBACK | IFF_UP | IFF_RUNNING | IFF_LOWER_UP);
	assert_int_equal(lo->operstate, IF_OPER_UNKNOWN);
	assert_string_equal(lo->_tx[0].qdisc->ops->id, "noqueue");
	assert_int_equal(dev_set_mtu(lo, 0), 0);
	want_ip(&w, &got);
	skb = frame(&w, lo, 1);
	memcpy(skb->data, lo->dev_addr, ETH_ALEN);
	skb->ip_summed = CHECKSUM_PARTIAL;
	assert_int_equal(dev_queue_xmit(skb), 0);
	assert_int_equal(got.count, 0); /* later: what sends is not inside what receives */
	world_poll(&w);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.ip_summed, CHECKSUM_UNNECESSARY);
	assert_int_equal(got.last_len, 40);
	assert_int_equal(lo->stats.rx_packets, 1);
	assert_int_equal(lo->stats.tx_bytes, 54);
	assert_int_equal(dev_queue_xmit(frame(&w, lo, 1)), 0); /* a sum that nobody began is checked as any other */
	world_poll(&w);
	assert_int_equal(got.ip_summed, CHECKSUM_NONE);
	skb = alloc_skb(w.net.skb_pool, 64); /* a raw frame without a header */
	skb->dev = lo;
	skb_put(skb, 3);
	dev_queue_xmit(skb);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_PKT_TOO_SMALL), 1);
	netdev_plug(lo, false); /* it has no cable */
	assert_true(netif_carrier_ok(lo));
	world_fini(&w);
}

/* ---- the wire */

struct two {
	struct world a, b;
	struct net_device *da, *db;
	struct got got_a, got_b;
};

static void two_init(struct two *t, bool offload)
{
	world_init(&t->a);
	world_init(&t->b);
	t->da = open_dev(&t->a, (struct netdev_config){ .driver = "wire", .offload = offload });
	t->db = open_dev(&t->b, (struct netdev_config){ .driver = "wire", .offload = offload });
	want_ip(&t->a, &t->got_a);
	want_ip(&t->b, &t->got_b);
}

static void two_up(struct two *t, bool offload)
{
	two_init(t, offload);
	assert_int_equal(netdev_wire_join(t->da, t->db), 0);
	assert_int_equal(dev_open(t->da), 0);
	assert_int_equal(dev_open(t->db), 0);
	world_poll(&t->a);
	world_poll(&t->b);
	assert_true(netif_carrier_ok(t->da));
	assert_true(netif_carrier_ok(t->db));
}

/* Until neither has anything due. */
static void two_settle(struct two *t)
{
	do {
		world_poll(&t->a);
		world_poll(&t->b);
	} while (t->a.net.softnet->pending || t->b.net.softnet->pending);
}

static void two_fini(struct two *t)
{
	world_fini(&t->a);
	world_fini(&t->b);
	free(t);
}

static struct two *two_new(void)
{
	struct two *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	return t;
}

static void the_carrier_needs_both_ends(void **state)
{
	struct two *t = two_new();

	(void)state;
	two_init(t, false);
	assert_int_equal(dev_open(t->da), 0);
	assert_false(netif_carrier_ok(t->da)); /* no cable */
	assert_int_equal(netdev_wire_join(t->da, t->da), -EINVAL);
	assert_int_equal(netdev_wire_join(t->da, t->db), 0);
	assert_int_equal(netdev_wire_join(t->db, t->da), -EBUSY);
	world_poll(&t->a);
	assert_false(netif_carrier_ok(t->da)); /* the other end is down */
	assert_int_equal(dev_open(t->db), 0);
	assert_true(netif_carrier_ok(t->db));
	assert_int_not_equal(t->a.net.softnet->pending, 0); /* due */
	world_poll(&t->a);
	assert_true(netif_carrier_ok(t->da));
	assert_int_equal(t->da->operstate, IF_OPER_UP);
	netdev_plug(t->da, false);
	assert_false(netif_carrier_ok(t->da));
	world_poll(&t->b);
	assert_false(netif_carrier_ok(t->db));
	netdev_plug(t->da, true);
	world_poll(&t->b);
	assert_true(netif_carrier_ok(t->da));
	assert_true(netif_carrier_ok(t->db));
	dev_close(t->db);
	world_poll(&t->a);
	assert_false(netif_carrier_ok(t->da));
	assert_int_equal(dev_open(t->db), 0);
	world_poll(&t->a);
	unregister_netdev(t->db); /* either's end cuts it */
	world_poll(&t->b);
	world_poll(&t->a);
	assert_false(netif_carrier_ok(t->da));
	two_fini(t);
}

static void frames_cross_the_wire_in_order(void **state)
{
	struct two *t = two_new();

	(void)state;
	two_up(t, false);
	for (u64 n = 0; n < 100; n++) {
		send_number(&t->a, t->da, n);
		send_number(&t->b, t->db, 1000 + n);
	}
	assert_int_equal(t->got_b.count, 0); /* nothing of the other net runs before its poll */
	two_settle(t);
	assert_int_equal(t->got_a.count, 100);
	assert_int_equal(t->got_b.count, 100);
	for (u64 n = 0; n < 100; n++) {
		assert_int_equal(t->got_b.mark[n], n);
		assert_int_equal(t->got_a.mark[n], 1000 + n);
	}
	assert_int_equal(t->da->stats.tx_packets, 100);
	assert_int_equal(t->db->stats.rx_packets, 100);
	assert_int_equal(t->db->stats.rx_bytes, 5400);
	two_fini(t);
}

static void a_full_ring_stops_the_sender_and_loses_nothing(void **state)
{
	struct two *t = two_new();
	const u32 frames = 1900; /* more than the ring, less than ring and queue */

	(void)state;
	two_up(t, false);
	for (u64 n = 0; n < frames; n++)
		send_number(&t->a, t->da, n);
	assert_true(t->da->_tx[0].stopped);
	assert_int_equal(t->da->_tx[0].qdisc->qlen, frames - 1024);
	assert_false(world_poll(&t->a)); /* stopped: it does not spin */
	two_settle(t);
	assert_int_equal(t->got_b.count, frames);
	for (u64 n = 0; n < frames; n++)
		assert_int_equal(t->got_b.mark[n], n);
	two_fini(t);
}

static void sums_cross_unfinished_if_both_agree(void **state)
{
	(void)state;
	for (u32 offload = 0; offload < 2; offload++) {
		struct two *t = two_new();
		struct sk_buff *skb;

		two_up(t, offload);
		skb = frame(&t->a, t->da, 1);
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = (u16)(skb->data + ETH_HLEN + 20 - skb->head);
		skb->csum_offset = 6;
		dev_queue_xmit(skb);
		world_poll(&t->b);
		assert_int_equal(t->got_b.count, 1);
		assert_int_equal(t->got_b.ip_summed, offload ? CHECKSUM_PARTIAL : CHECKSUM_NONE);
		assert_int_equal(t->got_b.csum_start, offload ? 20 : 0);
		two_fini(t);
	}
}

static void what_the_other_end_cannot_take_is_counted(void **state)
{
	struct two *t = two_new();
	struct sk_buff *skb;

	(void)state;
	two_up(t, false);
	assert_int_equal(dev_set_mtu(t->da, 9000), 0);
	skb = alloc_skb(t->a.net.skb_pool, 2000);
	skb->dev = t->da;
	memset(skb_put(skb, 2000), 0, 2000);
	skb_reset_network_header(skb);
	dev_queue_xmit(skb);
	assert_int_equal(t->db->stats.rx_length_errors, 1);
	assert_int_equal(dropped(&t->a, SKB_DROP_REASON_DEV_XMIT), 1);
	t->b.fail_at = 1; /* no memory there: a new page of skbs may not be needed, so ask until it was */
	for (u64 n = 0; n < 1000 && t->b.fail_at; n++)
		send_number(&t->a, t->da, n);
	assert_int_equal(dropped(&t->a, SKB_DROP_REASON_NOMEM), 1);
	assert_int_equal(t->db->stats.rx_dropped, 1);
	send_number(&t->a, t->da, 1);
	dev_close(t->db); /* with frames in its ring */
	assert_true(dropped(&t->b, SKB_DROP_REASON_DEV_DOWN) > 0);
	send_number(&t->a, t->da, 1); /* it does not know yet that the carrier went */
	assert_int_equal(t->da->stats.tx_errors, 3);
	two_fini(t);
}

/* ---- the embedder's own */

struct user {
	u32 frames, bytes, pieces;
	int answer;
};

static int user_take(void *ctx, const struct iovec *f, int pieces)
{
	struct user *u = ctx;

	if (u->answer)
		return u->answer;
	u->frames++;
	u->pieces += (u32)pieces;
	for (int i = 0; i < pieces; i++)
		u->bytes += (u32)f[i].iov_len;
	return 0;
}

static void a_user_device_sends_and_receives(void **state)
{
	u8 in[ETH_HLEN + 1500 + 5] = { 0 };
	struct user u = { 0 };
	struct got got;
	struct world w;
	struct net_device *dev;
	struct sk_buff *skb;
	struct skb_page *page;

	(void)state;
	world_init(&w);
	dev = open_dev(&w, (struct netdev_config){ .driver = "user", .xmit = user_take, .ctx = &u });
	assert_int_equal(netdev_receive(dev, in, 60), -ENETDOWN);
	assert_int_equal(dev_open(dev), 0);
	want_ip(&w, &got);
	send_number(&w, dev, 1);
	assert_int_equal(u.frames, 1);
	assert_int_equal(u.bytes, 54);
	skb = frame(&w, dev, 1);
	page = skb_page_alloc(w.net.skb_pool, 100);
	skb_add_frag(skb, page, 0, 100);
	dev_queue_xmit(skb);
	assert_int_equal(u.pieces, 1 + 2);
	assert_int_equal(u.bytes, 54 + 154);
	u.answer = -EAGAIN;
	send_number(&w, dev, 2);
	send_number(&w, dev, 3);
	assert_false(world_poll(&w));
	u.answer = 0;
	netdev_user_wake(dev);
	world_poll(&w);
	assert_int_equal(u.frames, 4);
	u.answer = -EIO;
	send_number(&w, dev, 4);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_DEV_XMIT), 1);
	in[12] = ETH_P_IP >> 8;
	assert_int_equal(netdev_receive(dev, in, 13), -EMSGSIZE);
	assert_int_equal(netdev_receive(dev, in, sizeof(in)), -EMSGSIZE);
	assert_int_equal(netdev_receive(dev, in, sizeof(in) - 1), 0);
	assert_int_equal(got.count, 0);
	world_poll(&w);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.last_len, 1504);
	for (u32 i = 0; i < NETDEV_MAX_BACKLOG; i++)
		assert_int_equal(netdev_receive(dev, in, 60), 0);
	assert_int_equal(netdev_receive(dev, in, 60), -ENOBUFS);
	netdev_plug(dev, false);
	assert_int_equal(netdev_receive(dev, in, 60), -ENETDOWN);
	netdev_plug(dev, true);
	dev_close(dev);
	assert_int_equal(dev_open(dev), 0);
	assert_true(netif_carrier_ok(dev));
	netdev_plug(dev, false);
	dev_close(dev);
	assert_int_equal(dev_open(dev), 0); /* going up does not put the cable in */
	assert_false(netif_carrier_ok(dev));
	assert_int_equal(netdev_get_fd(dev), -1);
	assert_false(netdev_want_write(dev));
	assert_null(netdev_host_name(dev));
	world_fini(&w);
}

/* A train: headers of 40 octets of which the last 20 are summed from, the sum at 16 of those, then a payload. */
static struct sk_buff *train(struct world *w, struct net_device *dev, u32 payload_bytes)
{
	struct sk_buff *skb = alloc_skb(w->net.skb_pool, 40 + payload_bytes);

	memset(skb_put(skb, 40 + payload_bytes), 0x5a, 40 + payload_bytes);
	skb_reset_network_header(skb);
	skb->dev = dev;
	skb->protocol = CONST_BE16(ETH_P_IP);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (u16)(skb->data + 20 - skb->head);
	skb->csum_offset = 16;
	memset(skb->data + 36, 0, 2);
	skb_shinfo(skb)->gso_size = 1000;
	skb_shinfo(skb)->gso_segs = (u16)((payload_bytes + 999) / 1000);
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	return skb;
}

static int sum_take(void *ctx, const struct iovec *f, int pieces)
{
	struct user *u = ctx;

	assert_int_equal(pieces, 1);
	u->frames++;
	u->bytes = (u32)f->iov_len;
	u->answer = csum_fold(csum_partial((const u8 *)f->iov_base + 20, (u32)f->iov_len - 20, 0)) != 0;
	return 0;
}

static void a_user_device_of_packets_has_no_link_layer(void **state)
{
	static u8 in[65536];
	struct user u = { 0 };
	struct got got;
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = open_dev(&w, (struct netdev_config){
				   .driver = "user-ip", .xmit = sum_take, .ctx = &u, .mtu = 1300, .offload = true });
	in[0] = 0x45;
	assert_int_equal(netdev_receive(dev, in, 20), -ENETDOWN);
	assert_int_equal(dev_open(dev), 0);
	assert_int_equal(dev->flags & (IFF_NOARP | IFF_POINTOPOINT | IFF_BROADCAST), IFF_NOARP | IFF_POINTOPOINT);
	assert_int_equal(dev->addr_len, 0);
	want_ip(&w, &got);
	assert_int_equal(netdev_receive(dev, in, 0), -EMSGSIZE);
	assert_int_equal(netdev_receive(dev, in, 65536), -EMSGSIZE);
	memcpy(in + 0, "\x45\1\2\3\4\5\6\7", 8);
	assert_int_equal(netdev_receive(dev, in, 65535), 0); /* whatever the MTU */
	world_poll(&w);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.last_len, 65535);
	assert_memory_equal(&got.mark[0], in, 8);
	in[0] = 0x60;
	assert_int_equal(netdev_receive(dev, in, 40), 0); /* nobody wants it */
	world_poll(&w);
	assert_int_equal(got.count, 1);
	in[0] = 0x50;
	assert_int_equal(netdev_receive(dev, in, 40), -EINVAL);
	dev_queue_xmit(train(&w, dev, 60000));
	assert_int_equal(u.frames, 1);
	assert_int_equal(u.bytes, 60040);
	assert_int_equal(u.answer, 0); /* the sum is right */
	netdev_plug(dev, false);
	assert_int_equal(netdev_receive(dev, in, 40), -ENETDOWN);
	world_fini(&w);
}

static void the_null_device_takes_all(void **state)
{
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = open_dev(&w, (struct netdev_config){ .driver = "null", .queues = 4 });
	assert_int_equal(dev_open(dev), 0);
	for (u32 i = 0; i < 10; i++)
		send_number(&w, dev, i);
	assert_int_equal(dev->stats.tx_packets, 10);
	assert_int_equal(w.net.skb_pool->stats.consumed, 10);
	world_fini(&w);
}

/* ---- memory */

static void making_a_device_may_fail_anywhere(void **state)
{
	static const char *const names[] = { "wire", "user", "user-ip", "null" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		u32 n = 0;
		int err;

		do {
			const struct netdev_config cfg = { .name = "a", .driver = names[i], .fd = -1, .xmit = never };
			struct net_device *dev;
			struct world w;

			world_init(&w);
			w.fail_at = ++n;
			err = netdev_driver_open(&w.net, &cfg, &dev);
			if (err)
				assert_int_equal(err, -ENOMEM);
			world_fini(&w);
		} while (err);
		assert_true(n > 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(addresses_are_random_and_local),
		cmocka_unit_test(loopback_is_as_in_linux),
		cmocka_unit_test(the_carrier_needs_both_ends),
		cmocka_unit_test(frames_cross_the_wire_in_order),
		cmocka_unit_test(a_full_ring_stops_the_sender_and_loses_nothing),
		cmocka_unit_test(sums_cross_unfinished_if_both_agree),
		cmocka_unit_test(what_the_other_end_cannot_take_is_counted),
		cmocka_unit_test(a_user_device_sends_and_receives),
		cmocka_unit_test(a_user_device_of_packets_has_no_link_layer),
		cmocka_unit_test(the_null_device_takes_all),
		cmocka_unit_test(making_a_device_may_fail_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
