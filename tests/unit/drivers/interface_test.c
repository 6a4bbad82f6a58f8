// SPDX-License-Identifier: BSD-2-Clause
/* Drivers that take an interface of the host, AF_PACKET and AF_XDP: on one end of a veth pair, the kernel on the other. */
#include "host_world.h"

#include <linux/bpf.h>
#include <sys/syscall.h>

static void *namespace_entered;

static int enter(void **state)
{
	(void)state; /* of each test: its driver */
	return enter_namespace(&namespace_entered);
}

/* Rings need a program in the kernel, which a user namespace may not load; and nethood may be built without. */
static bool has_xdp(void)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_XSKMAP, .key_size = sizeof(int), .value_size = sizeof(int), .max_entries = 1
	};
	struct net_device *dev;
	struct world w;
	int fd, err;

	world_init(&w);
	err = try_open(&w, "xdp", "lo", -1, false, &dev);
	world_fini(&w);
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));
	if (fd >= 0)
		close(fd);
	return err != -ENOSYS && fd >= 0;
}

static const char *driver_of(void **state)
{
	const char *driver = *state;

	needs_namespace(&namespace_entered);
	if (strcmp(driver, "xdp") != 0 || has_xdp())
		return driver;
	print_message("SKIPPED: no AF_XDP: without libxdp, or not the machine's root\n");
	skip();
	return NULL;
}

static struct net_device *open_linked(struct world *w, const char *driver, bool offload)
{
	struct net_device *dev = open_up(w, driver, "v0", offload);

	assert_true(carrier_becomes(w, dev, true));
	return dev;
}

static void veth_of(const char *options)
{
	char command[200];

	ip("link del v0"); /* of a test that failed */
	snprintf(command, sizeof(command), "link add v0 %s type veth peer name v1 %s", options, options);
	assert_true(ip(command));
	assert_true(ip("addr add 10.9.0.1/24 dev v1"));
	assert_true(ip("link set v0 up"));
	assert_true(ip("link set v1 up"));
	assert_true(ip("neigh add 10.9.0.2 lladdr 02:00:00:00:00:01 dev v1"));
}

static void veth(void)
{
	veth_of("");
}

static void it_says_why_it_cannot_be_had(void **state)
{
	const char *driver = driver_of(state);
	struct world w;
	struct net_device *dev;

	world_init(&w);
	assert_int_equal(try_open(&w, driver, "nothere", -1, false, &dev), -ENODEV);
	assert_int_equal(try_open(&w, driver, "lo", -1, false, &dev), -EINVAL);
	assert_int_equal(try_open(&w, driver, "", -1, false, &dev), -EINVAL);
	assert_int_equal(try_open(&w, driver, "much-too-long-a-name", -1, false, &dev), -EINVAL);
	assert_int_equal(try_open(&w, driver, NULL, -1, false, &dev), -EINVAL);
	assert_int_equal(try_without_rights(driver, "lo"), -EPERM);
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
	const char *driver = driver_of(state);
	struct net_device *dev;
	int udp;

	world_init(&w);
	veth();
	dev = open_linked(&w, driver, false);
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
	const char *driver = driver_of(state);
	u8 mac[ETH_ALEN], data[16];

	for (u32 offload = 0; offload < 2; offload++) {
		struct world w;
		struct net_device *dev;
		int udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		world_init(&w);
		veth();
		assert_int_equal(bind(udp, (const struct sockaddr *)&at, sizeof(at)), 0);
		mac_of("v1", mac);
		dev = open_linked(&w, driver, offload);
		for (u32 partial = 0; partial < 2; partial++) {
			dev_queue_xmit(udp_packet(&w, dev, mac, partial));
			world_poll(&w);
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

static void it_follows_its_interface(void **state)
{
	const char *driver = driver_of(state);
	u8 in[60];
	struct world w;
	struct got got;
	struct net_device *dev;
	int host;

	world_init(&w);
	veth();
	want_ip(&w, &got);
	dev = open_linked(&w, driver, false);
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
	world_poll(&w);
	assert_false(netif_carrier_ok(dev));
	assert_int_equal(dev->stats.tx_carrier_errors, 1);
	assert_true(ip("link del v0"));
	w.net.now += 600 * NSEC_PER_MSEC;
	world_poll(&w);
	assert_false(netif_carrier_ok(dev));
	close(host);
	world_fini(&w);
}

static void send_many(const char *ifname, u32 count, size_t len)
{
	int host = raw_socket(ifname), room = 16 << 20;
	u8 in[ETH_HLEN + 1500];

	setsockopt(host, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	for (u32 i = 0; i < count; i++) {
		fill_frame(in, len, (u8)i);
		assert_int_equal(send(host, in, len, 0), (int)len);
	}
	close(host);
}

/* What one poll does not take is there at the next; what comes while nobody polls, and finds no room, is counted. */
static void bursts_come_in_order(void **state)
{
	const char *driver = driver_of(state);
	struct world w;
	struct got got;
	struct net_device *dev;

	world_init(&w);
	veth();
	want_ip(&w, &got);
	dev = open_linked(&w, driver, false);
	send_many("v1", 200, ETH_HLEN + 1500); /* more than one budget */
	loop_until(&w, dev, &got, 200);
	assert_int_equal(got.count, 200);
	assert_int_equal(got.len, 1500);
	assert_int_equal(got.data[1000], 199);
	assert_int_equal(dev->stats.rx_bytes, 200 * (ETH_HLEN + 1500));
	send_many("v1", 1500, ETH_HLEN + 1500);
	for (u32 i = 0; i < 10 && got.count + dev->stats.rx_dropped < 1700; i++)
		loop_once(&w, dev, 50);
	assert_int_equal(got.count + dev->stats.rx_dropped, 1700);
	assert_in_range(dev->stats.rx_dropped, 1, 1499);
	send_many("v1", 3, 60); /* and it goes on */
	loop_until(&w, dev, &got, got.count + 3);
	assert_int_equal(got.len, 60 - ETH_HLEN);
	for (u32 i = 0; i < 5; i++)
		send_many("v1", 1, 60);
	got.close = dev; /* the first frame removes the device that brought it */
	loop_once(&w, dev, 100);
	assert_null(dev_find_by_name(&w.net, "eth0"));
	world_fini(&w);
	assert_true(ip("link del v0"));
}

/* A device that was down begins anew. */
static void what_comes_while_it_is_down_is_lost(void **state)
{
	const char *driver = driver_of(state);
	struct world w;
	struct got got;
	struct net_device *dev;

	world_init(&w);
	veth();
	want_ip(&w, &got);
	dev = open_linked(&w, driver, false);
	dev_close(dev);
	send_many("v1", 100, 60);
	assert_int_equal(dev_open(dev), 0);
	loop_once(&w, dev, 50);
	assert_int_equal(got.count, 0);
	assert_int_equal(dev->stats.rx_dropped, 100);
	send_many("v1", 1, 60);
	loop_until(&w, dev, &got, 1);
	assert_int_equal(got.count, 1);
	world_fini(&w);
	assert_true(ip("link del v0"));
}

/* More than all rings hold, in one go. */
static void all_that_is_sent_arrives(void **state)
{
	const char *driver = driver_of(state);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = cpu_to_be16(4000) };
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), room = 16 << 20;
	u8 mac[ETH_ALEN], data[16];
	struct net_device *dev;
	struct world w;
	u32 got = 0;

	world_init(&w);
	veth();
	setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	assert_int_equal(bind(udp, (const struct sockaddr *)&at, sizeof(at)), 0);
	mac_of("v1", mac);
	dev = open_linked(&w, driver, false);
	for (u32 i = 0; i < 5000; i++)
		dev_queue_xmit(udp_packet(&w, dev, mac, i & 1));
	loop_once(&w, dev, 0);
	assert_int_equal(dev->stats.tx_packets, 5000);
	while (poll(&(struct pollfd){ .fd = udp, .events = POLLIN }, 1, 500) == 1) {
		assert_int_equal(recv(udp, data, sizeof(data), 0), 4);
		got++;
	}
	assert_int_equal(got, 5000);
	close(udp);
	world_fini(&w);
	assert_true(ip("link del v0"));
}

/* ---- of AF_XDP alone */

static bool shows(const char *ifname, const char *word)
{
	char command[200];

	snprintf(command, sizeof(command), "ip -d link show %s | grep -q '%s'", ifname, word);
	return system(command) == 0;
}

static void its_frames_are_one_programs(void **state)
{
	struct world w;
	struct net_device *dev;

	driver_of(state);
	world_init(&w);
	veth();
	open_linked(&w, "xdp", false);
	assert_int_equal(w.log_lines, 0); /* native, and nothing to say of it */
	assert_true(shows("v0", "prog/xdp"));
	assert_true(shows("v0", "promiscuity 1"));
	assert_int_equal(try_open(&w, "xdp", "v0", -1, false, &dev), -EBUSY);
	world_fini(&w);
	assert_false(shows("v0", "prog/xdp"));
	assert_true(shows("v0", "promiscuity 0"));
	assert_true(ip("link del v0"));
}

/* However the process ends. */
static void the_interface_is_left_as_it_was(void **state)
{
	int ready[2], status;
	pid_t pid;
	u8 octet;

	driver_of(state);
	veth();
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		struct world w;

		world_init(&w);
		open_up(&w, "xdp", "v0", false);
		octet = (u8)!write(ready[1], "r", 1);
		pause();
	}
	assert_int_equal(read(ready[0], &octet, 1), 1);
	assert_true(shows("v0", "prog/xdp"));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	for (u32 i = 0; i < 100 && shows("v0", "prog/xdp"); i++)
		usleep(10000); /* the kernel takes its time with the last of a process */
	assert_false(shows("v0", "prog/xdp"));
	assert_true(shows("v0", "promiscuity 0"));
	close(ready[0]);
	close(ready[1]);
	assert_true(ip("link del v0"));
}

/* A driver that cannot, here because what comes might be too long for it. */
static void frames_are_taken_after_the_driver_too(void **state)
{
	struct net_device *dev;
	struct world w;
	struct got got;

	driver_of(state);
	world_init(&w);
	veth();
	assert_true(ip("link set v1 mtu 9000"));
	want_ip(&w, &got);
	dev = open_linked(&w, "xdp", false);
	assert_string_equal(w.last_log, "v0: its driver knows no XDP: generic, which is slower");
	assert_true(shows("v0", "xdpgeneric"));
	send_many("v1", 100, ETH_HLEN + 1500);
	loop_until(&w, dev, &got, 100);
	assert_int_equal(got.count, 100);
	assert_int_equal(got.data[1400], 99);
	assert_int_equal(dev->stats.rx_dropped, 0);
	world_fini(&w);
	assert_false(shows("v0", "xdpgeneric"));
	assert_true(ip("link del v0"));
}

static int open_queues(struct world *w, u32 queues, struct net_device **dev)
{
	const struct netdev_config cfg = { .name = "eth%d", .driver = "xdp", .arg = "v0", .fd = -1, .queues = queues };

	return netdev_driver_open(&w->net, &cfg, dev);
}

/* By the queue that the kernel chose for a flow: all of them reach us, or those of the queues that were asked for. */
static void every_queue_is_taken_or_the_first(void **state)
{
	static const struct {
		u32 asked, min, max;
	} rows[] = { { 0, 100, 100 }, { 4, 100, 100 }, { 2, 1, 99 } };

	driver_of(state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { cpu_to_be32(0x0a090002) } };
		struct net_device *dev;
		struct world w;
		struct got got;

		world_init(&w);
		veth_of("numtxqueues 4 numrxqueues 4");
		want_ip(&w, &got);
		assert_int_equal(open_queues(&w, rows[i].asked, &dev), 0);
		assert_int_equal(dev_open(dev), 0);
		for (u32 n = 0; n < 100; n++) {
			int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

			to.sin_port = cpu_to_be16((u16)(1000 + n));
			assert_int_equal(sendto(udp, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)), 1);
			close(udp);
		}
		for (u32 n = 0; n < 5; n++)
			loop_once(&w, dev, 20);
		assert_in_range(got.count, rows[i].min, rows[i].max);
		assert_int_equal(open_queues(&w, 4, &dev), -EBUSY);
		world_fini(&w);
		assert_true(ip("link del v0"));
	}
}

/* The ring is full of what the kernel will not have: the stack keeps the rest, and all goes on when the link is back. */
static void a_full_ring_is_waited_for(void **state)
{
	struct net_device *dev;
	struct world w;
	u8 mac[ETH_ALEN];

	driver_of(state);
	world_init(&w);
	veth();
	mac_of("v1", mac);
	dev = open_linked(&w, "xdp", false);
	assert_true(ip("link set v0 down"));
	for (u32 i = 0; i < 1100; i++)
		dev_queue_xmit(udp_packet(&w, dev, mac, false));
	assert_int_equal(dev->stats.tx_packets, 1024);
	assert_true(dev->_tx[0].stopped);
	world_poll(&w);
	assert_false(netif_carrier_ok(dev));
	assert_true(ip("link set v0 up"));
	assert_true(carrier_becomes(&w, dev, true));
	world_poll(&w);
	assert_false(dev->_tx[0].stopped);
	dev_queue_xmit(udp_packet(&w, dev, mac, false));
	world_poll(&w);
	assert_in_range(dev->stats.tx_packets, 1025, 1101);
	world_fini(&w);
	assert_true(ip("link del v0"));
}

#define OF(driver, test) \
	{ \
#test " (" driver ")", test, NULL, NULL, (void *)(uintptr_t)driver \
	}
#define OF_BOTH(test) OF("packet", test), OF("xdp", test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OF_BOTH(it_says_why_it_cannot_be_had),
		OF_BOTH(sums_that_veth_left_open_stay_so),
		OF_BOTH(the_kernel_accepts_what_is_sent),
		OF_BOTH(it_follows_its_interface),
		OF_BOTH(bursts_come_in_order),
		OF_BOTH(what_comes_while_it_is_down_is_lost),
		OF_BOTH(all_that_is_sent_arrives),
		OF("xdp", its_frames_are_one_programs),
		OF("xdp", the_interface_is_left_as_it_was),
		OF("xdp", frames_are_taken_after_the_driver_too),
		OF("xdp", every_queue_is_taken_or_the_first),
		OF("xdp", a_full_ring_is_waited_for),
	};

	return cmocka_run_group_tests(tests, enter, NULL);
}
