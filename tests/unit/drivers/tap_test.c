// SPDX-License-Identifier: BSD-2-Clause
/* The driver of TAP devices, the kernel on the other side. */
#include "host_world.h"

static void needs_tap(void *const *state)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	needs_namespace(state);
	if (fd >= 0) {
		close(fd);
		return;
	}
	print_message("SKIPPED: /dev/net/tun: %s\n", strerror(errno));
	skip();
}

static void a_tap_says_why_it_cannot_be_had(void **state)
{
	struct world w;
	struct net_device *dev, *taken;

	needs_tap(state);
	world_init(&w);
	assert_int_equal(try_open(&w, "tap", "t0", -1, false, &taken), 0);
	assert_string_equal(netdev_host_name(taken), "t0");
	assert_int_equal(try_open(&w, "tap", "t0", -1, false, &dev), -EBUSY);
	assert_int_equal(try_open(&w, "tap", "lo", -1, false, &dev), -EINVAL);
	assert_int_equal(try_open(&w, "tap", "a/b", -1, false, &dev), -EINVAL);
	assert_int_equal(try_without_rights("tap", "t1"), -EPERM);
	assert_int_equal(try_open(&w, "tap", "", -1, false, &dev), 0); /* the kernel finds a name */
	assert_string_equal(netdev_host_name(dev), "tap0");
	world_fini(&w);
	assert_false(ip("link show t0")); /* it went with us */
}

static void the_hosts_state_is_the_carrier(void **state)
{
	struct world w;
	struct net_device *dev;

	needs_tap(state);
	world_init(&w);
	dev = open_up(&w, "tap", "t0", false);
	assert_true(netif_carrier_ok(dev)); /* nothing says otherwise yet */
	assert_false(netdev_want_write(dev));
	send_mark(&w, dev, 1);
	assert_false(netif_carrier_ok(dev));
	assert_int_equal(dev->stats.tx_carrier_errors, 1);
	assert_int_equal(dropped(&w, SKB_DROP_REASON_NO_CARRIER), 1);
	assert_true(netdev_want_write(dev));
	loop_once(&w, dev, 0);
	assert_false(netif_carrier_ok(dev));
	assert_true(ip("link set t0 up"));
	loop_once(&w, dev, 1000);
	assert_true(netif_carrier_ok(dev));
	assert_false(netdev_want_write(dev));
	send_mark(&w, dev, 2);
	assert_int_equal(dev->stats.tx_packets, 1);
	assert_true(ip("link del t0"));
	loop_once(&w, dev, 100);
	assert_false(netif_carrier_ok(dev));
	assert_int_equal(netdev_get_fd(dev), -1);
	assert_int_equal(w.log_lines, 1);
	dev_close(dev);
	assert_int_equal(dev_open(dev), 0);
	world_poll(&w);
	assert_false(netif_carrier_ok(dev)); /* it does not come back */
	world_fini(&w);
}

static void a_tap_deleted_is_noticed_by_a_writer_too(void **state)
{
	struct world w;
	struct net_device *dev;

	needs_tap(state);
	world_init(&w);
	dev = open_up(&w, "tap", "t0", false);
	assert_true(ip("link del t0"));
	send_mark(&w, dev, 1);
	assert_false(netif_carrier_ok(dev));
	assert_int_equal(dropped(&w, SKB_DROP_REASON_NO_CARRIER), 1);
	assert_false(netdev_want_write(dev));
	world_fini(&w);
}

static void frames_pass_a_tap_both_ways(void **state)
{
	u8 in[ETH_HLEN + 1500], out[2000];
	struct world w;
	struct got got;
	struct net_device *dev;
	struct sk_buff *skb;
	struct skb_page *page;
	int host;

	needs_tap(state);
	world_init(&w);
	dev = open_up(&w, "tap", "t0", false);
	assert_true(ip("link set t0 up"));
	want_ip(&w, &got);
	host = raw_socket("t0");
	skb = frame(&w, dev, 1);
	page = skb_page_alloc(w.net.skb_pool, 100);
	memset(page->data, 0x77, 100);
	skb_add_frag(skb, page, 0, 100);
	dev_queue_xmit(skb);
	assert_int_equal(recv(host, out, sizeof(out), 0), 154); /* header, linear part and fragment, in one write */
	assert_int_equal(out[ETH_HLEN], 0x5a);
	assert_int_equal(out[153], 0x77);
	for (u32 i = 0; i < 200; i++) { /* more than one budget */
		fill_frame(in, sizeof(in), (u8)i);
		assert_int_equal(send(host, in, sizeof(in), 0), (int)sizeof(in));
	}
	loop_until(&w, dev, &got, 200);
	assert_int_equal(got.count, 200);
	assert_int_equal(got.len, 1500);
	assert_int_equal(got.data[1000], 199);
	assert_int_equal(dev->stats.rx_packets, 200);
	assert_int_equal(dev->stats.rx_bytes, 200 * sizeof(in));
	assert_int_equal(dev_set_mtu(dev, 1000), 0); /* is for what is sent: whoever sends more is heard */
	assert_int_equal(send(host, in, sizeof(in), 0), (int)sizeof(in));
	loop_until(&w, dev, &got, 201);
	assert_int_equal(dev->stats.rx_length_errors, 0);
	netdev_plug(dev, false); /* and without a cable nothing comes */
	assert_int_equal(send(host, in, 60, 0), 60);
	loop_once(&w, dev, 100);
	assert_int_equal(got.count, 201);
	netdev_plug(dev, true);
	for (u32 i = 0; i < 5; i++)
		assert_int_equal(send(host, in, 60, 0), 60);
	got.close = dev; /* the first frame removes the device that brought it */
	loop_once(&w, dev, 100);
	assert_int_equal(got.count, 202);
	assert_null(dev_find_by_name(&w.net, "eth0"));
	close(host);
	world_fini(&w);
}

static int tun_open(short flags, const char *name)
{
	struct ifreq ifr = { .ifr_flags = flags };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

static void an_inherited_descriptor_must_be_what_we_speak(void **state)
{
	static const struct {
		const char *sentence;
		short flags;
		int error;
	} rows[] = {
		{ "a plain TAP", IFF_TAP | IFF_NO_PI, 0 },
		{ "a TUN: packets without Ethernet", IFF_TUN | IFF_NO_PI, -EINVAL },
		{ "a TAP with virtio headers", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, 0 },
	};
	struct world w;
	struct net_device *dev;
	int fd;

	needs_tap(state);
	world_init(&w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int err;

		fd = tun_open(rows[i].flags, "t%d");
		err = try_open(&w, "fd", NULL, fd, false, &dev);
		if (err != rows[i].error)
			fail_msg("%s: %d", rows[i].sentence, err);
		if (err)
			assert_int_equal(fcntl(fd, F_GETFD), -1); /* taken, and so closed */
	}
	assert_true(fcntl(netdev_get_fd(dev), F_GETFD) < 0); /* down: nothing to watch */
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(try_open(&w, "fd", NULL, fd, false, &dev), -EINVAL);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(try_open(&w, "fd", NULL, fd, false, &dev), -EINVAL);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tap_says_why_it_cannot_be_had),
		cmocka_unit_test(the_hosts_state_is_the_carrier),
		cmocka_unit_test(a_tap_deleted_is_noticed_by_a_writer_too),
		cmocka_unit_test(frames_pass_a_tap_both_ways),
		cmocka_unit_test(an_inherited_descriptor_must_be_what_we_speak),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
