/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests of drivers that talk to the kernel need: a network namespace of the test's own, made as root or in a user
 * namespace; where neither is possible these tests say SKIPPED. */
#ifndef NETHOOD_TESTS_HOST_WORLD_H
#define NETHOOD_TESTS_HOST_WORLD_H

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

static inline void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		print_message("%s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static inline bool ip(const char *args)
{
	char command[256];

	snprintf(command, sizeof(command), "ip %s 2>/dev/null", args);
	return system(command) == 0;
}

/* A namespace of its own, as an ordinary user, who is root in it: so are the programs that it starts. */
static inline bool enter_as_user(void)
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
static inline int enter_namespace(void **state)
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

static inline void needs_namespace(void *const *state)
{
	if (*state)
		return;
	print_message("SKIPPED: neither root nor user namespaces here\n");
	skip();
}

static inline int raw_socket(const char *ifname)
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

static inline int get_ip(struct sk_buff *skb, struct net_device *dev, void *ctx)
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

static inline void want_ip(struct world *w, struct got *g)
{
	const struct packet_type pt = { .type = CONST_BE16(ETH_P_IP), .func = get_ip, .ctx = g };

	memset(g, 0, sizeof(*g));
	assert_int_equal(dev_add_pack(&w->net, &pt), 0);
}

static inline int try_open(struct world *w, const char *driver, const char *arg, int fd, bool offload,
			   struct net_device **dev)
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

static inline struct net_device *open_up(struct world *w, const char *driver, const char *arg, bool offload)
{
	struct net_device *dev = NULL;

	assert_int_equal(try_open(w, driver, arg, -1, offload, &dev), 0);
	assert_int_equal(dev_open(dev), 0);
	world_poll(w);
	return dev;
}

/* What an embedder's loop does once, with a little patience for the kernel. */
static inline void loop_once(struct world *w, struct net_device *dev, int patience_ms)
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
static inline bool carrier_becomes(struct world *w, struct net_device *dev, bool up)
{
	for (u32 i = 0; i < 100 && netif_carrier_ok(dev) != up; i++) {
		loop_once(w, dev, 20);
		if (up)
			w->net.now += 600 * NSEC_PER_MSEC;
	}
	return netif_carrier_ok(dev) == up;
}

static inline void loop_until(struct world *w, struct net_device *dev, const struct got *g, u32 count)
{
	for (u32 i = 0; i < 100 && g->count < count; i++)
		loop_once(w, dev, 20);
}

static inline void fill_frame(u8 *frame, size_t len, u8 number)
{
	memset(frame, number, len);
	memcpy(frame, our_mac, ETH_ALEN);
	frame[12] = ETH_P_IP >> 8;
	frame[13] = 0;
}

/* What a program without any right hears.  Return: -errno */
static inline int try_without_rights(const char *driver, const char *arg)
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

#endif
