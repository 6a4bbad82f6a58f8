/* SPDX-License-Identifier: BSD-2-Clause */
/* The near end of the rows over a device of the host: nethood, by the public header alone; and small datagrams.
 *
 * The kernel has t0 and is 10.0.0.1; nethood has t0's other side and is 10.0.0.2: a TAP's, or v0, the other end of a pair.
 */
#ifndef NETHOOD_BENCH_DEV_LAB_H
#define NETHOOD_BENCH_DEV_LAB_H

#include "lan.h"
#include "nethood/nethood.h"
#include "tap_lab.h"

#define SMALL_BATCHES 1000U
#define SMALL_ROW 32U /* datagrams that a program sends in a row: MSG_BATCH */

/** struct near - the net and its device */
struct near {
	struct nethood_net *net;
	struct nethood_dev *dev;
	struct lab lab;
	int fd;
};

static inline u32 ops(u32 n)
{
	return n / scale ? n / scale : 1;
}

/** lab_pair() - t0, which is the kernel's, and v0 */
static inline void lab_pair(void)
{
	lab_run("ip link add t0 type veth peer name v0 && ip link set v0 up");
	lab_tap_up("t0", 1, 2);
	lab_run("until ip link show v0 | grep -q 'state UP'; do sleep 0.01; done");
}

/** near_init() - @driver: "tap", or one that takes v0; in a namespace for the kernel's side: the net needs none */
static inline void near_init(struct near *n, const char *driver)
{
	const u8 mac[6] = { 2, 0, 0, 0, 0, 2 };
	struct nethood_config config = { .now_ns = (u64)now_ns(), .random_key = { 1 } };
	bool tap = !strcmp(driver, "tap");
	struct nethood_dev_config dev = {
		.name = "eth0", .driver = driver, .arg = tap ? "t0" : "v0", .fd = -1, .lladdr = mac, .offload = true
	};

	memset(n, 0, sizeof(*n));
	if (unshare(CLONE_NEWNET))
		die("unshare");
	if (!tap)
		lab_pair();
	if (nethood_create(&config, &n->net) || nethood_dev_create(n->net, &dev, &n->dev))
		die("no net");
	if (tap)
		lab_tap_up("t0", 1, 2);
	lan_configure(n->net, nethood_dev_ifindex(n->dev), 2, 1);
	nethood_poll(n->net, (u64)now_ns());
	n->fd = nethood_dev_fd(n->dev, NULL);
	lab_start(&n->lab);
}

static inline void near_fini(struct near *n)
{
	nethood_free(n->net);
	lab_end(&n->lab);
}

/* One turn of an event loop: waits only if nothing was to be done. */
static inline void near_turn(struct near *n, bool idle)
{
	u64 now = (u64)now_ns(), due = nethood_next_deadline(n->net);
	bool want_write = false;
	struct pollfd p = { .fd = nethood_dev_fd(n->dev, &want_write), .events = POLLIN };
	int ms = !idle || due <= now ? 0 : due - now > 100000000 ? 100 : (int)((due - now + 999999) / 1000000);

	if (want_write)
		p.events |= POLLOUT;
	if (poll(&p, 1, ms) > 0)
		nethood_dev_fd_ready(n->dev);
	while (nethood_poll(n->net, (u64)now_ns()))
		;
}

static inline struct sockaddr_in udp_addr(u32 host)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(LAB_PORT),
				     .sin_addr = { htonl(0x0a000000U + host) } };
}

/* On the kernel's side; what it does not read is lost there, at the same cost for everybody. */
static inline int kernel_udp(void)
{
	struct sockaddr_in addr = udp_addr(1), peer = udp_addr(2);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = 1 << 20;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		die("udp");
	return fd;
}

/** kernel_burst() - LAB_BATCH datagrams of one octet, by kernel_udp() */
static inline void kernel_burst(int far)
{
	for (u32 k = 0; k < LAB_BATCH; k++) {
		if (send(far, "x", 1, 0) != 1)
			die("send");
	}
}

/** near_take() - what came is read.  Return: datagrams */
static inline u32 near_take(struct near *n, struct nethood_sock *sk)
{
	u32 got = 0;
	u8 octet;

	nethood_dev_fd_ready(n->dev);
	for (bool more = true; more;) {
		more = nethood_poll(n->net, (u64)now_ns());
		while (nethood_recvfrom(sk, &octet, 1, 0, NULL, NULL) == 1)
			got++;
	}
	return got;
}

static inline struct nethood_sock *near_udp(struct near *n)
{
	struct sockaddr_in addr = udp_addr(2), peer = udp_addr(1);
	struct nethood_sock *sk;

	if (nethood_socket(n->net, AF_INET, SOCK_DGRAM, 0, &sk) ||
	    nethood_bind(sk, (struct sockaddr *)&addr, sizeof(addr)) ||
	    nethood_connect(sk, (struct sockaddr *)&peer, sizeof(peer)))
		die("near udp");
	return sk;
}

/** small_sent() - a datagram of one octet, of @batch in a row: processor time of the whole way */
static inline double small_sent(const char *driver, u32 batch)
{
	u32 count = ops(SMALL_BATCHES * LAB_BATCH);
	struct nethood_sock *sk;
	struct near n;
	int far;
	double t;

	near_init(&n, driver);
	far = kernel_udp();
	sk = near_udp(&n);
	t = cpu_ns();
	for (u32 i = 0; i < count; i++) {
		if (nethood_sendto(sk, "x", 1, (i + 1) % batch ? MSG_BATCH : 0, NULL, 0) != 1)
			die("nethood_sendto");
	}
	while (nethood_poll(n.net, (u64)now_ns())) /* what waits leaves */
		;
	t = cpu_ns() - t;
	nethood_close(sk);
	near_fini(&n);
	close(far);
	return t / count;
}

/* The frame that nethood would send: its header, and 43 octets. */
static inline size_t bare_frame(u8 frame[64])
{
	static const u8 packet[] = {
		2,
		0,
		0,
		0,
		0,
		1,
		2,
		0,
		0,
		0,
		0,
		2,
		8,
		0,
		0x45,
		0,
		0,
		29,
		0,
		1,
		0x40,
		0,
		64,
		17,
		0x26,
		0xcd,
		10,
		0,
		0,
		2,
		10,
		0,
		0,
		1,
		LAB_PORT >> 8,
		LAB_PORT & 255,
		LAB_PORT >> 8,
		LAB_PORT & 255,
		0,
		9,
		0,
		0,
		'x',
	};
	const struct virtio_net_hdr hdr = { .flags = 0 };

	memcpy(frame, &hdr, sizeof(hdr));
	memcpy(frame + sizeof(hdr), packet, sizeof(packet));
	return sizeof(hdr) + sizeof(packet);
}

#endif
