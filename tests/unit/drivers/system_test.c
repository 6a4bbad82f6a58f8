// SPDX-License-Identifier: BSD-2-Clause
/* Drivers that talk to the kernel: TAP and AF_PACKET in a network namespace of the test's own, made as root or in a
 * user namespace; where neither is possible these tests say SKIPPED. */
#include "../dev/dev_world.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/csum.h"
#include "drivers/drivers.h"

static const u8 our_mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 1 };

/* ---- the namespace */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		print_message("%s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static bool ip(const char *args)
{
	char command[256];

	snprintf(command, sizeof(command), "ip %s 2>/dev/null", args);
	return system(command) == 0;
}

/* A namespace of its own, as an ordinary user, who is root in it: so are the programs that it starts. */
static bool enter_as_user(void)
{
	char map[64];
	const uid_t uid = getuid();
	const gid_t gid = getgid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
	return true;
}

/* Once for all tests: *state is NULL if there can be none. */
static int enter_namespace(void **state)
{
	static const char yes[] = "yes";

	*state = NULL;
	if (unshare(CLONE_NEWNET) && !enter_as_user())
		return 0;
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1"); /* no frames but those of the test */
	if (!ip("link set lo up"))
		return 0;
	*state = (void *)(uintptr_t)yes;
	return 0;
}

static void needs_namespace(void *const *state)
{
	if (*state)
		return;
	print_message("SKIPPED: neither root nor user namespaces here\n");
	skip();
}

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

static int raw_socket(const char *ifname)
{
	struct ifreq ifr = { .ifr_flags = 0 };
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = cpu_to_be16(ETH_P_IP) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	assert_int_equal(ioctl(fd, SIOCGIFINDEX, &ifr), 0);
	sll.sll_ifindex = ifr.ifr_ifindex;
	assert_int_equal(bind(fd, (const struct sockaddr *)&sll, sizeof(sll)), 0);
	return fd;
}

/* ---- the net's side */

struct got {
	u32 count;
	u32 ip_summed, csum_start, csum_offset; /* from the IP header */
	u32 len;
	u8 data[1600];
	struct net_device *close; /* at the first frame */
};

static int get_ip(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	struct got *g = ctx;

	(void)dev;
	g->count++;
	g->ip_summed = skb->ip_summed;
	g->csum_start = skb->csum_start - skb_headroom(skb);
	g->csum_offset = skb->csum_offset;
	g->len = skb->len;
	assert_int_equal(skb_copy_bits(skb, 0, g->data, min_u32(skb->len, sizeof(g->data))), 0);
	if (g->close)
		unregister_netdev(g->close);
	g->close = NULL;
	consume_skb(skb);
	return 0;
}

static void want_ip(struct world *w, struct got *g)
{
	const struct packet_type pt = { .type = CONST_BE16(ETH_P_IP), .func = get_ip, .ctx = g };

	memset(g, 0, sizeof(*g));
	assert_int_equal(dev_add_pack(&w->net, &pt), 0);
}

static int try_open(struct world *w, const char *driver, const char *arg, int fd, bool offload, struct net_device **dev)
{
	const struct netdev_config cfg = {
		.name = "eth%d",
		.driver = driver,
		.arg = arg,
		.fd = fd,
		.lladdr = our_mac,
		.offload = offload,
	};

	return netdev_driver_open(&w->net, &cfg, dev);
}

static struct net_device *open_up(struct world *w, const char *driver, const char *arg, bool offload)
{
	struct net_device *dev = NULL;

	assert_int_equal(try_open(w, driver, arg, -1, offload, &dev), 0);
	assert_int_equal(dev_open(dev), 0);
	world_poll(w);
	return dev;
}

/* What an embedder's loop does once, with a little patience for the kernel. */
static void loop_once(struct world *w, struct net_device *dev, int patience_ms)
{
	struct pollfd p = { .fd = netdev_get_fd(dev), .events = POLLIN };

	if (netdev_want_write(dev))
		p.events |= POLLOUT;
	if (p.fd >= 0 && poll(&p, 1, patience_ms) > 0)
		netdev_fd_ready(dev);
	while (world_poll(w))
		;
}

/* The kernel says that a link runs some time after it was told to bring it up. */
static bool carrier_becomes(struct world *w, struct net_device *dev, bool up)
{
	for (u32 i = 0; i < 100 && netif_carrier_ok(dev) != up; i++) {
		loop_once(w, dev, 20);
		if (up)
			w->net.now += 600 * NSEC_PER_MSEC;
	}
	return netif_carrier_ok(dev) == up;
}

static void loop_until(struct world *w, struct net_device *dev, const struct got *g, u32 count)
{
	for (u32 i = 0; i < 100 && g->count < count; i++)
		loop_once(w, dev, 20);
}

static void fill_frame(u8 *frame, size_t len, u8 number)
{
	memset(frame, number, len);
	memcpy(frame, our_mac, ETH_ALEN);
	frame[12] = ETH_P_IP >> 8;
	frame[13] = 0;
}

/* What a program without any right hears.  Return: -errno */
static int try_without_rights(const char *driver, const char *arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct world w;
		struct net_device *dev;

		world_init(&w);
		if (unshare(CLONE_NEWUSER) && setresuid(65534, 65534, 65534)) /* a user namespace has no rights here */
			_exit(0);
		_exit(-try_open(&w, driver, arg, -1, false, &dev));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

/* ---- TAP */

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

/* ---- AF_PACKET */

static struct net_device *open_packet(struct world *w, const char *ifname, bool offload)
{
	struct net_device *dev = open_up(w, "packet", ifname, offload);

	assert_true(carrier_becomes(w, dev, true));
	return dev;
}

static void veth(void)
{
	assert_true(ip("link add v0 type veth peer name v1"));
	assert_true(ip("link set v0 up"));
	assert_true(ip("link set v1 up"));
}

static void a_packet_device_says_why_it_cannot_be_had(void **state)
{
	struct world w;
	struct net_device *dev;

	needs_namespace(state);
	world_init(&w);
	assert_int_equal(try_open(&w, "packet", "nothere", -1, false, &dev), -ENODEV);
	assert_int_equal(try_open(&w, "packet", "lo", -1, false, &dev), -EINVAL);
	assert_int_equal(try_open(&w, "packet", "", -1, false, &dev), -EINVAL);
	assert_int_equal(try_without_rights("packet", "lo"), -EPERM);
	world_fini(&w);
}

/* Does an IPv4 packet without options hold the sum of UDP's pseudo header? */
static bool udp_sum_is_begun(const u8 *p, u32 len)
{
	__be16 sum =
		csum_tcpudp_magic(get_unaligned_be32(p + 12), get_unaligned_be32(p + 16), len - 20, IPPROTO_UDP, 0);

	return ((__force u16)get_unaligned_be16(p + 26) ^ (__force u16)sum) == 0xffff;
}

/* The kernel leaves the sum of what it sends over veth to the other side, and the header says so. */
static void sums_that_veth_left_open_stay_so(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = cpu_to_be16(7) };
	struct world w;
	struct got got;
	struct net_device *dev;
	int udp;

	needs_namespace(state);
	world_init(&w);
	veth();
	assert_true(ip("addr add 10.9.0.1/24 dev v1"));
	assert_true(ip("neigh add 10.9.0.2 lladdr 02:00:00:00:00:01 dev v1"));
	dev = open_packet(&w, "v0", false);
	assert_string_equal(netdev_host_name(dev), "v0");
	want_ip(&w, &got);
	udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	to.sin_addr.s_addr = cpu_to_be32(0x0a090002);
	assert_int_equal(sendto(udp, "hello, world", 12, 0, (const struct sockaddr *)&to, sizeof(to)), 12);
	loop_until(&w, dev, &got, 1);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.len, 40);
	assert_int_equal(got.ip_summed, CHECKSUM_PARTIAL); /* completed only if it must leave again */
	assert_int_equal(got.csum_offset, 6);
	assert_int_equal(got.csum_start, 20);
	assert_true(udp_sum_is_begun(got.data, got.len));
	got.data[27] ^= 1;
	assert_false(udp_sum_is_begun(got.data, got.len));
	close(udp);
	world_fini(&w);
	assert_true(ip("link del v0"));
}

/* An IPv4 and UDP packet from 10.9.0.2 to port 4000 of 10.9.0.1. */
static struct sk_buff *udp_packet(struct world *w, struct net_device *dev, const u8 *to_mac, bool partial)
{
	static const u8 packet[] = {
		0x45, 0, 0, 32, 0, 1, 0,         0,          64, 17, 0, 0, 10,  9,   0,   2,
		10,   9, 0, 1,  0, 7, 4000 >> 8, 4000 & 255, 0,  12, 0, 0, 'p', 'i', 'n', 'g',
	};
	struct sk_buff *skb = alloc_skb(w->net.skb_pool, 128);

	skb_reserve(skb, 64);
	memcpy(skb_put(skb, sizeof(packet)), packet, sizeof(packet));
	skb_reset_network_header(skb);
	skb->dev = dev;
	put_unaligned_be16(ip_compute_csum(packet, 20), skb->data + 10);
	if (partial) { /* the pseudo header's sum is there */
		__be16 magic = csum_tcpudp_magic(get_unaligned_be32(packet + 12), get_unaligned_be32(packet + 16), 12,
						 IPPROTO_UDP, 0);

		put_unaligned_be16((__force __be16)(u16) ~(__force u16)magic, skb->data + 26);
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = (u16)(skb->data + 20 - skb->head);
		skb->csum_offset = 6;
	}
	assert_int_equal(dev_hard_header(skb, dev, ETH_P_IP, to_mac, NULL, skb->len), ETH_HLEN);
	return skb;
}

static void mac_of(const char *ifname, u8 mac[static ETH_ALEN])
{
	struct ifreq ifr = { .ifr_flags = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &ifr), 0);
	memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	close(fd);
}

static void the_kernel_accepts_what_is_sent(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = cpu_to_be16(4000) };
	u8 mac[ETH_ALEN], data[16];

	needs_namespace(state);
	for (u32 offload = 0; offload < 2; offload++) {
		struct world w;
		struct net_device *dev;
		int udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		world_init(&w);
		veth();
		assert_true(ip("addr add 10.9.0.1/24 dev v1"));
		assert_int_equal(bind(udp, (const struct sockaddr *)&at, sizeof(at)), 0);
		mac_of("v1", mac);
		dev = open_packet(&w, "v0", offload);
		for (u32 partial = 0; partial < 2; partial++) {
			dev_queue_xmit(udp_packet(&w, dev, mac, partial));
			assert_int_equal(poll(&(struct pollfd){ .fd = udp, .events = POLLIN }, 1, 2000), 1);
			assert_int_equal(recv(udp, data, sizeof(data), 0), 4);
			assert_memory_equal(data, "ping", 4);
		}
		assert_int_equal(dev->stats.tx_packets, 2);
		loop_once(&w, dev, 20);
		assert_int_equal(dev->stats.rx_packets, 0); /* what we send does not come back */
		close(udp);
		world_fini(&w);
		assert_true(ip("link del v0"));
	}
}

static void a_packet_device_follows_its_interface(void **state)
{
	u8 in[60];
	struct world w;
	struct got got;
	struct net_device *dev;
	int host;

	needs_namespace(state);
	world_init(&w);
	veth();
	want_ip(&w, &got);
	dev = open_packet(&w, "v0", false);
	host = raw_socket("v1");
	fill_frame(in, sizeof(in), 5);
	memcpy(in, "\2\0\0\0\0\7", 6); /* not for the host's own address: promiscuous */
	assert_int_equal(send(host, in, sizeof(in), 0), (int)sizeof(in));
	loop_until(&w, dev, &got, 1);
	assert_int_equal(got.count, 1);
	assert_true(ip("link set v0 down"));
	assert_true(carrier_becomes(&w, dev, false));
	w.net.now += 600 * NSEC_PER_MSEC;
	world_poll(&w);
	assert_false(netif_carrier_ok(dev));
	assert_true(ip("link set v0 up"));
	assert_true(carrier_becomes(&w, dev, true));
	assert_true(ip("link set v0 down"));
	send_mark(&w, dev, 1); /* a writer sees it too */
	assert_false(netif_carrier_ok(dev));
	assert_int_equal(dev->stats.tx_carrier_errors, 1);
	assert_true(ip("link del v0"));
	w.net.now += 600 * NSEC_PER_MSEC;
	world_poll(&w);
	assert_false(netif_carrier_ok(dev));
	close(host);
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
		cmocka_unit_test(a_packet_device_says_why_it_cannot_be_had),
		cmocka_unit_test(sums_that_veth_left_open_stay_so),
		cmocka_unit_test(the_kernel_accepts_what_is_sent),
		cmocka_unit_test(a_packet_device_follows_its_interface),
	};

	return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
