// SPDX-License-Identifier: BSD-2-Clause
/* Frames over a stream in QEMU's framing: pieces of any size, a slow reader, lengths that cannot be, ends that go. */
#include "../dev/dev_world.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "drivers/drivers.h"

struct got {
	u32 count, bytes;
	u8 first[2048]; /* octet of each frame */
};

static int get_ip(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	struct got *g = ctx;

	(void)dev;
	g->first[g->count++ % sizeof(g->first)] = skb->data[0];
	g->bytes += skb->len;
	consume_skb(skb);
	return 0;
}

/** struct link - a device, and the test's end of its stream */
struct link {
	struct world w;
	struct got got;
	struct net_device *dev;
	int peer;
};

static void link_init(struct link *l)
{
	const struct packet_type pt = { .type = CONST_BE16(ETH_P_IP), .func = get_ip, .ctx = &l->got };
	struct netdev_config cfg = { .name = "eth0", .driver = "fd" };
	int fd[2];

	memset(l, 0, sizeof(*l));
	world_init(&l->w);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
	assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
	cfg.fd = fd[0];
	l->peer = fd[1];
	assert_int_equal(netdev_driver_open(&l->w.net, &cfg, &l->dev), 0);
	assert_int_equal(dev_add_pack(&l->w.net, &pt), 0);
	assert_int_equal(dev_open(l->dev), 0);
	assert_true(netif_carrier_ok(l->dev));
	world_poll(&l->w);
}

static void link_fini(struct link *l)
{
	world_fini(&l->w);
	if (l->peer >= 0)
		close(l->peer);
	free(l);
}

static struct link *link_new(void)
{
	struct link *l = malloc(sizeof(*l));

	assert_non_null(l);
	link_init(l);
	return l;
}

static void link_ready(struct link *l)
{
	netdev_fd_ready(l->dev);
	while (world_poll(&l->w))
		;
}

/* Length and frame with payload @number.  Return: octets */
static size_t framed(u8 *out, u8 number, u32 payload)
{
	const u32 len = ETH_HLEN + payload;

	put_unaligned_be32(cpu_to_be32(len), out);
	memset(out + 4, 0xff, ETH_ALEN);
	memset(out + 10, 2, ETH_ALEN);
	put_unaligned_be16(CONST_BE16(ETH_P_IP), out + 16);
	memset(out + 18, number, payload);
	return 4 + len;
}

static void frames_may_come_in_pieces_of_any_size(void **state)
{
	u8 stream[50 * 120];
	size_t len = 0;

	(void)state;
	for (u8 n = 0; n < 50; n++)
		len += framed(stream + len, n, 20 + n);
	for (size_t piece = 1; piece <= len; piece = piece * 3 + 1) {
		struct link *l = link_new();

		for (size_t at = 0; at < len; at += piece) {
			size_t part = min_size(piece, len - at);

			assert_int_equal(write(l->peer, stream + at, part), (ssize_t)part);
			link_ready(l);
		}
		assert_int_equal(l->got.count, 50);
		for (u8 n = 0; n < 50; n++)
			assert_int_equal(l->got.first[n], n);
		assert_int_equal(l->dev->stats.rx_errors, 0);
		link_fini(l);
	}
}

static void sent_frames_have_their_length_before_them(void **state)
{
	struct link *l = link_new();
	u8 in[256];
	struct sk_buff *skb = frame(&l->w, l->dev, 1);
	struct skb_page *page = skb_page_alloc(l->w.net.skb_pool, 10);

	(void)state;
	memset(page->data, 0x11, 10);
	skb_add_frag(skb, page, 0, 10);
	dev_queue_xmit(skb);
	assert_int_equal(read(l->peer, in, sizeof(in)), 4 + 64);
	assert_int_equal(be32_to_cpu(get_unaligned_be32(in)), 64);
	assert_int_equal(in[67], 0x11);
	assert_int_equal(l->dev->stats.tx_bytes, 64);
	link_fini(l);
}

/* Read all that there is.  Return: frames begun in it, checking that they stand one behind the other */
static u32 read_frames(struct link *l, u8 *keep, size_t *kept)
{
	u32 frames = 0;
	size_t at = 0;
	ssize_t n = read(l->peer, keep + *kept, 65536);

	if (n > 0)
		*kept += (size_t)n;
	while (*kept - at >= 4) {
		u32 len = be32_to_cpu(get_unaligned_be32(keep + at));

		assert_int_equal(len, ETH_HLEN + 40);
		if (*kept - at < 4 + len)
			break;
		assert_int_equal(keep[at + 4 + len - 1], 0x5a);
		at += 4 + len;
		frames++;
	}
	memmove(keep, keep + at, *kept - at);
	*kept -= at;
	return frames;
}

static void a_slow_reader_stops_us_and_gets_all(void **state)
{
	struct link *l = link_new();
	u8 *keep = malloc(200000);
	size_t kept = 0;
	u32 sent = 0, seen = 0;
	int small = 4096;

	(void)state;
	assert_int_equal(setsockopt(netdev_get_fd(l->dev), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	while (!netdev_want_write(l->dev) && sent < 10000) {
		assert_int_equal(send_mark(&l->w, l->dev, sent), 0);
		sent++;
	}
	assert_true(sent < 10000);
	assert_true(l->dev->_tx[0].stopped);
	for (u32 i = 0; i < 100; i++, sent++)
		assert_int_equal(send_mark(&l->w, l->dev, sent), 0);
	link_ready(l); /* still no room */
	assert_true(netdev_want_write(l->dev));
	for (u32 i = 0; i < 10000 && seen < sent; i++) {
		seen += read_frames(l, keep, &kept);
		link_ready(l);
	}
	assert_int_equal(seen, sent);
	assert_int_equal(l->dev->stats.tx_packets, sent);
	assert_false(netdev_want_write(l->dev));
	free(keep);
	link_fini(l);
}

static void the_rest_of_a_frame_survives_a_carrier_that_flaps(void **state)
{
	struct link *l = link_new();
	u8 *keep = malloc(200000);
	size_t kept = 0;
	u32 sent = 0, seen = 0;
	int small = 4096;

	(void)state;
	assert_int_equal(setsockopt(netdev_get_fd(l->dev), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	for (; !netdev_want_write(l->dev); sent++)
		send_mark(&l->w, l->dev, sent);
	netdev_plug(l->dev, false); /* what waits in the queue goes */
	netdev_plug(l->dev, true);
	sent = (u32)l->dev->stats.tx_packets;
	send_mark(&l->w, l->dev, 1);
	sent++;
	for (u32 i = 0; i < 10000 && seen < sent; i++) {
		seen += read_frames(l, keep, &kept);
		link_ready(l);
	}
	assert_int_equal(seen, sent);
	free(keep);
	link_fini(l);
}

static void a_length_that_cannot_be_ends_it(void **state)
{
	const u8 bad[8] = { 0xff, 0xff, 0xff, 0xff };
	struct link *l = link_new();
	u8 good[64];

	(void)state;
	assert_int_equal(write(l->peer, good, framed(good, 1, 30)), 48);
	assert_int_equal(write(l->peer, bad, sizeof(bad)), 8);
	link_ready(l);
	assert_int_equal(l->got.count, 1);
	assert_false(netif_carrier_ok(l->dev));
	assert_int_equal(l->dev->stats.rx_length_errors, 1);
	assert_int_equal(netdev_get_fd(l->dev), -1);
	assert_int_equal(l->w.log_lines, 1);
	assert_int_equal(send_mark(&l->w, l->dev, 1), NET_XMIT_CN);
	link_fini(l);
}

static void short_and_long_frames_are_counted_and_skipped(void **state)
{
	struct link *l = link_new();
	u8 buf[4096];
	const u8 empty[4] = { 0 }, tiny[7] = { 0, 0, 0, 3, 1, 2, 3 };
	size_t len;

	(void)state;
	assert_int_equal(write(l->peer, empty, 4), 4);
	assert_int_equal(write(l->peer, tiny, 7), 7);
	len = framed(buf, 1, 2000); /* more than the MTU */
	assert_int_equal(write(l->peer, buf, len), (ssize_t)len);
	len = framed(buf, 2, 100);
	assert_int_equal(write(l->peer, buf, len), (ssize_t)len);
	link_ready(l);
	assert_int_equal(l->got.count, 1);
	assert_int_equal(l->dev->stats.rx_length_errors, 3);
	assert_true(netif_carrier_ok(l->dev));
	link_fini(l);
}

static void the_carrier_goes_with_the_other_end(void **state)
{
	for (u32 writer = 0; writer < 2; writer++) {
		struct link *l = link_new();

		(void)state;
		close(l->peer);
		l->peer = -1;
		if (writer)
			send_mark(&l->w, l->dev, 1);
		else
			link_ready(l);
		assert_false(netif_carrier_ok(l->dev));
		assert_false(netdev_want_write(l->dev));
		assert_int_equal(dropped(&l->w, SKB_DROP_REASON_NO_CARRIER), writer);
		link_ready(l);
		link_fini(l);
	}
}

static void a_path_is_connected_to(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct netdev_config cfg = { .name = "eth0", .driver = "unix", .fd = -1 };
	char dir[] = "/tmp/nethood-stream-XXXXXX", path[64];
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct net_device *dev;
	struct world w;

	(void)state;
	world_init(&w);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	memcpy(sun.sun_path, path, strlen(path));
	cfg.arg = path;
	assert_int_equal(netdev_driver_open(&w.net, &cfg, &dev), -ENOENT);
	assert_int_equal(bind(server, (const struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(netdev_driver_open(&w.net, &cfg, &dev), -ECONNREFUSED);
	assert_int_equal(listen(server, 1), 0);
	assert_int_equal(netdev_driver_open(&w.net, &cfg, &dev), 0);
	assert_int_equal(dev_open(dev), 0);
	assert_true(netif_carrier_ok(dev));
	unlink(path);
	rmdir(dir);
	world_fini(&w);
	close(server);
}

static void memory_may_run_out_anywhere(void **state)
{
	u32 n = 0;
	int err;

	(void)state;
	do {
		struct netdev_config cfg = { .name = "eth0", .driver = "fd" };
		struct net_device *dev;
		struct world w;
		int fd[2];

		world_init(&w);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd), 0);
		cfg.fd = fd[0];
		w.fail_at = ++n;
		err = netdev_driver_open(&w.net, &cfg, &dev);
		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_int_equal(fcntl(fd[0], F_GETFD), -1);
		}
		world_fini(&w);
		assert_int_equal(fcntl(fd[0], F_GETFD), -1);
		close(fd[1]);
	} while (err);
	assert_true(n > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_may_come_in_pieces_of_any_size),
		cmocka_unit_test(sent_frames_have_their_length_before_them),
		cmocka_unit_test(a_slow_reader_stops_us_and_gets_all),
		cmocka_unit_test(the_rest_of_a_frame_survives_a_carrier_that_flaps),
		cmocka_unit_test(a_length_that_cannot_be_ends_it),
		cmocka_unit_test(short_and_long_frames_are_counted_and_skipped),
		cmocka_unit_test(the_carrier_goes_with_the_other_end),
		cmocka_unit_test(a_path_is_connected_to),
		cmocka_unit_test(memory_may_run_out_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
