// SPDX-License-Identifier: BSD-2-Clause
/* A million permanent neighbours by raw rtnetlink: added, asked for, listed, deleted, and flushed with their device.
 *
 * The same messages in the same order go to a net in this process and, built with BENCH_KERNEL, to the kernel's
 * namespace of this process.  All is measured in processor time of this thread: what others do on the machine meanwhile
 * is neither work nor a pause of ours.
 */
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

#ifndef BENCH_KERNEL
#include "nethood/nethood.h"
#endif

#define COUNT 1000000U
#define GETS 200000U
#define BATCH_BYTES 8192U /* as iproute2 sends what it deletes */
#define PIECE_BYTES 32768U
#define FIRST 0x0a000100U /* 10.0.1.0 */

static u32 scale = 1;

static u32 ops(u32 n)
{
	return n / scale ? n / scale : 1;
}

static void die(const char *what)
{
	fprintf(stderr, "million: %s: %s\n", what, strerror(errno));
	exit(1);
}

/** struct world - a stack with one device that is up */
struct world {
	int ifindex;
	u32 seq;
	u16 nud_state; /**< of those that are added */
#ifdef BENCH_KERNEL
	int tap_fd, ctl_fd, nl_fd;
#else
	u32 pace_ns;       /**< that pass with each datagram */
	double longest_ns; /**< of all calls, when it is watched */
	bool watched;
	struct nethood_net *net;
	struct nethood_sock *nl, *ctl;
	u64 now;
	u64 empty_bytes;
#endif
};

/* ------------------------------------------------------------------ the two stacks */

#ifdef BENCH_KERNEL

static void set_up(struct world *w, bool up)
{
	struct ifreq ifr = { .ifr_name = "bench0", .ifr_flags = up ? IFF_UP : 0 };

	if (ioctl(w->ctl_fd, SIOCSIFFLAGS, &ifr))
		die("SIOCSIFFLAGS");
}

static void world_init(struct world *w)
{
	struct ifreq ifr = { .ifr_name = "bench0", .ifr_flags = IFF_TAP | IFF_NO_PI };
	int strict = 1;

	memset(w, 0, sizeof(*w));
	w->nud_state = NUD_PERMANENT;
	if (unshare(CLONE_NEWNET))
		die("a network namespace of its own");
	w->tap_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (w->tap_fd < 0 || ioctl(w->tap_fd, TUNSETIFF, &ifr))
		die("/dev/net/tun");
	w->ctl_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	w->nl_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (w->ctl_fd < 0 || w->nl_fd < 0)
		die("socket");
	setsockopt(w->nl_fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict));
	w->ifindex = (int)if_nametoindex("bench0");
	set_up(w, true);
}

static void world_fini(struct world *w)
{
	close(w->nl_fd);
	close(w->ctl_fd);
	close(w->tap_fd);
}

static void say(struct world *w, const void *buf, size_t len_bytes)
{
	if (send(w->nl_fd, buf, len_bytes, 0) != (ssize_t)len_bytes)
		die("send");
}

static ssize_t hear(struct world *w, void *buf, size_t len_bytes)
{
	return recv(w->nl_fd, buf, len_bytes, MSG_DONTWAIT);
}

static void pass_time(struct world *w)
{
	(void)w;
}

static bool turn(struct world *w)
{
	(void)w;
	return false; /* the kernel did all at once */
}

#else

static double began(const struct world *w)
{
	return w->watched ? cpu_ns() : 0;
}

static void ended(struct world *w, double began_ns)
{
	double took = w->watched ? cpu_ns() - began_ns : 0;

	if (took > w->longest_ns)
		w->longest_ns = took;
}

static int null_xmit(void *ctx, const struct iovec *iov, int pieces)
{
	(void)ctx;
	(void)pieces;
	use((u64)(uintptr_t)iov);
	return 0;
}

static void set_up(struct world *w, bool up)
{
	struct ifreq ifr = { .ifr_name = "bench0", .ifr_flags = up ? IFF_UP : 0 };
	double t = began(w);

	if (nethood_ioctl(w->ctl, SIOCSIFFLAGS, &ifr, sizeof(ifr)))
		die("SIOCSIFFLAGS");
	ended(w, t);
}

static u64 memory(const struct world *w)
{
	struct nethood_ledger ledger;

	nethood_ledger(w->net, &ledger);
	return ledger.memory_bytes;
}

static void world_init(struct world *w)
{
	struct nethood_config config = { .now_ns = 1000000000ULL, .random_key = { 1 } };
	struct nethood_dev_config dev = { .name = "bench0", .driver = "user", .fd = -1, .xmit = null_xmit };
	struct nethood_dev *d;
	int strict = 1;

	memset(w, 0, sizeof(*w));
	w->nud_state = NUD_PERMANENT;
	w->now = config.now_ns;
	if (nethood_create(&config, &w->net) || nethood_dev_create(w->net, &dev, &d) ||
	    nethood_socket(w->net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &w->nl) ||
	    nethood_socket(w->net, AF_INET, SOCK_DGRAM, 0, &w->ctl))
		die("no net");
	nethood_setsockopt(w->nl, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict));
	w->ifindex = nethood_dev_ifindex(d);
	set_up(w, true);
	while (nethood_poll(w->net, w->now))
		;
	w->empty_bytes = memory(w);
}

static void world_fini(struct world *w)
{
	nethood_close(w->nl);
	nethood_close(w->ctl);
	nethood_free(w->net);
}

static void say(struct world *w, const void *buf, size_t len_bytes)
{
	double t = began(w);

	if (nethood_sendto(w->nl, buf, len_bytes, 0, NULL, 0) != (ssize_t)len_bytes)
		die("send");
	ended(w, t);
}

static ssize_t hear(struct world *w, void *buf, size_t len_bytes)
{
	double t = began(w);
	ssize_t n = nethood_recvfrom(w->nl, buf, len_bytes, 0, NULL, NULL);

	ended(w, t);
	return n;
}

static void pass_time(struct world *w)
{
	if (w->pace_ns)
		nethood_set_time(w->net, w->now += w->pace_ns);
}

/* One turn of a loop around the net.  Return: it wants another one now */
static bool turn(struct world *w)
{
	double t = began(w);
	bool more = nethood_poll(w->net, ++w->now);

	more |= nethood_next_deadline(w->net) <= w->now + 1;
	ended(w, t);
	return more;
}

#endif

/* ------------------------------------------------------------------ messages */

/** struct rq_neigh - a request about one neighbour */
struct rq_neigh {
	struct nlmsghdr nlh;
	struct ndmsg ndm;
	struct rtattr dst_head;
	u8 dst[4];
	struct rtattr lladdr_head;
	u8 lladdr[8];
};

static u32 put_request(struct world *w, void *at, u16 type, u16 flags, u32 i)
{
	bool lladdr = type == RTM_NEWNEIGH;
	u32 ip = FIRST + i;
	struct rq_neigh rq = {
		.nlh = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = ++w->seq },
		.ndm = { .ndm_family = AF_INET, .ndm_ifindex = w->ifindex },
		.dst_head = { .rta_len = RTA_LENGTH(4), .rta_type = NDA_DST },
		.dst = { (u8)(ip >> 24), (u8)(ip >> 16), (u8)(ip >> 8), (u8)ip },
		.lladdr_head = { .rta_len = RTA_LENGTH(6), .rta_type = NDA_LLADDR },
		.lladdr = { 2, 0, (u8)(i >> 24), (u8)(i >> 16), (u8)(i >> 8), (u8)i },
	};

	if (lladdr)
		rq.ndm.ndm_state = w->nud_state;
	rq.nlh.nlmsg_len = lladdr ? sizeof(rq) : offsetof(struct rq_neigh, lladdr_head);
	memcpy(at, &rq, rq.nlh.nlmsg_len);
	return rq.nlh.nlmsg_len;
}

/* All of them, @batch_bytes at a time; 0: one request each. */
static void request_all(struct world *w, u16 type, u16 flags, u32 count, u32 batch_bytes)
{
	static u8 buf[BATCH_BYTES + sizeof(struct rq_neigh)];
	u32 len = 0;

	for (u32 i = 0; i < count; i++) {
		len += put_request(w, buf + len, type, flags, i);
		if (len + sizeof(struct rq_neigh) <= batch_bytes && i + 1 < count)
			continue;
		say(w, buf, len);
		pass_time(w);
		len = 0;
	}
	if (hear(w, buf, sizeof(buf)) >= 0)
		die("a request was refused");
}

static void add_all(struct world *w)
{
	request_all(w, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, ops(COUNT), BATCH_BYTES);
}

static u32 count_messages(const u8 *buf, size_t len_bytes, bool *done)
{
	u32 count = 0;

	while (len_bytes >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr nlh;

		memcpy(&nlh, buf, sizeof(nlh));
		if (nlh.nlmsg_type == NLMSG_ERROR)
			die("the dump was refused");
		if (nlh.nlmsg_type == NLMSG_DONE) {
			*done = true;
			break;
		}
		count++;
		buf += NLMSG_ALIGN(nlh.nlmsg_len);
		len_bytes -= NLMSG_ALIGN(nlh.nlmsg_len);
	}
	return count;
}

static u32 dump_all(struct world *w, int ifindex)
{
	static u8 buf[PIECE_BYTES];
	struct {
		struct nlmsghdr nlh;
		struct ndmsg ndm;
		struct rtattr head;
		int ifindex;
	} rq = { .nlh = { .nlmsg_type = RTM_GETNEIGH, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		 .ndm = { .ndm_family = AF_INET },
		 .head = { .rta_len = RTA_LENGTH(4), .rta_type = NDA_IFINDEX },
		 .ifindex = ifindex };
	bool done = false, more = true;
	u32 count = 0;
	ssize_t n;

	rq.nlh.nlmsg_len = ifindex ? sizeof(rq) : offsetof(__typeof__(rq), head);
	say(w, &rq, rq.nlh.nlmsg_len);
	while (!done) {
		n = hear(w, buf, sizeof(buf));
		if (n > 0)
			count += count_messages(buf, (size_t)n, &done);
		else if (more)
			more = turn(w);
		else
			die("the dump stopped");
	}
	return count;
}

static void expect(u32 got, u32 want, const char *what)
{
	if (got != want) {
		fprintf(stderr, "million: %s: %u, not %u\n", what, got, want);
		exit(1);
	}
}

/* ------------------------------------------------------------------ rows */

static double add_each(u32 batch_bytes)
{
	struct world w;
	double t;

	world_init(&w);
	t = cpu_ns();
	request_all(&w, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, ops(COUNT), batch_bytes);
	t = cpu_ns() - t;
	world_fini(&w);
	return t / ops(COUNT);
}

/* Processor time of @work on a table of all of them, for each of @count. */
static double each_of(void (*work)(struct world *w), u32 count)
{
	struct world w;
	double t;

	world_init(&w);
	add_all(&w);
	t = cpu_ns();
	work(&w);
	t = cpu_ns() - t;
	world_fini(&w);
	return t / count;
}

static void dump_them(struct world *w)
{
	expect(dump_all(w, 0), ops(COUNT), "neighbours in the dump");
}

static void get_some(struct world *w)
{
	u8 rq[sizeof(struct rq_neigh)], answer[256];
	u32 x = 1;

	for (u32 i = 0; i < ops(GETS); i++) {
		x = x * 1664525U + 1013904223U;
		say(w, rq, put_request(w, rq, RTM_GETNEIGH, 0, (u32)((u64)x * ops(COUNT) >> 32)));
		if (hear(w, answer, sizeof(answer)) <= 0 || ((struct nlmsghdr *)answer)->nlmsg_type != RTM_NEWNEIGH)
			die("a neighbour is missing");
	}
}

static void finish(struct world *w)
{
	while (turn(w))
		;
}

static void delete_them(struct world *w)
{
	request_all(w, RTM_DELNEIGH, 0, ops(COUNT), BATCH_BYTES);
	finish(w);
}

static void take_down(struct world *w)
{
	set_up(w, false);
	finish(w);
}

static double dump_each(u32 arg)
{
	(void)arg;
	return each_of(dump_them, ops(COUNT));
}

static double get_each(u32 arg)
{
	(void)arg;
	return each_of(get_some, ops(GETS));
}

static double delete_each(u32 arg)
{
	(void)arg;
	return each_of(delete_them, ops(COUNT));
}

static double down_each(u32 arg)
{
	(void)arg;
	return each_of(take_down, ops(COUNT));
}

#ifndef BENCH_KERNEL

static double bytes_each(u32 arg)
{
	struct world w;
	double bytes;

	(void)arg;
	world_init(&w);
	add_all(&w);
	bytes = (double)(memory(&w) - w.empty_bytes) / ops(COUNT);
	world_fini(&w);
	return bytes;
}

enum { WATCH_ADD, WATCH_ADD_EACH, WATCH_GET, WATCH_DUMP, WATCH_DUMP_NONE, WATCH_DELETE, WATCH_DOWN, WATCH_AGEING };

#define AGEING_NS (300 * 1000000000ULL)

/* Reachable for half a minute, then stale, then old: until all are gone. */
static void grow_old(struct world *w)
{
	u64 end = w->now + AGEING_NS;

	while (w->now < end) {
		u64 next = nethood_next_deadline(w->net);

		if (next > w->now + 1)
			w->now = (next < end ? next : end) - 1;
		turn(w);
	}
}

static void no_limit(struct world *w)
{
	if (nethood_sysctl_set(w->net, "net.ipv4.neigh.default.gc_thresh2", "10000000") ||
	    nethood_sysctl_set(w->net, "net.ipv4.neigh.default.gc_thresh3", "10000000"))
		die("gc_thresh");
}

static double longest_us(u32 what)
{
	struct world w;

	world_init(&w);
	w.watched = what == WATCH_ADD || what == WATCH_ADD_EACH;
	if (what == WATCH_AGEING) {
		w.nud_state = NUD_REACHABLE;
		w.pace_ns = 100000; /* as long as it takes to ask for so many */
		no_limit(&w);
	}
	request_all(&w, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, ops(COUNT), what == WATCH_ADD_EACH ? 0 : BATCH_BYTES);
	w.watched = !w.watched;
	if (what == WATCH_GET)
		get_some(&w);
	else if (what == WATCH_DUMP)
		expect(dump_all(&w, w.ifindex), ops(COUNT), "neighbours in the dump");
	else if (what == WATCH_DUMP_NONE)
		expect(dump_all(&w, 1), 0, "neighbours of another device");
	else if (what == WATCH_DELETE)
		request_all(&w, RTM_DELNEIGH, 0, ops(COUNT), BATCH_BYTES);
	else if (what == WATCH_DOWN)
		set_up(&w, false);
	else if (what == WATCH_AGEING)
		grow_old(&w);
	finish(&w);
	w.watched = false;
	expect(dump_all(&w, 0), what >= WATCH_DELETE ? 0 : ops(COUNT), "neighbours in the end");
	world_fini(&w);
	return w.longest_ns / 1000;
}

#endif

static const struct bench rows[] = {
	{ .name = "million: add, one request each", .run = add_each },
	{ .name = "million: add, in batches", .run = add_each, .arg = BATCH_BYTES },
	{ .name = "million: get one", .run = get_each },
	{ .name = "million: dump, per entry", .run = dump_each },
	{ .name = "million: delete, in batches", .run = delete_each },
	{ .name = "million: flush by device down, per entry", .run = down_each },
#ifndef BENCH_KERNEL
	{ .name = "million: bytes per neighbour", .run = bytes_each, .unit = "B" },
	{ .name = "million: longest call, add one by one", .run = longest_us, .arg = WATCH_ADD_EACH, .unit = "us" },
	{ .name = "million: longest call, add in batches", .run = longest_us, .arg = WATCH_ADD, .unit = "us" },
	{ .name = "million: longest call, get", .run = longest_us, .arg = WATCH_GET, .unit = "us" },
	{ .name = "million: longest call, dump", .run = longest_us, .arg = WATCH_DUMP, .unit = "us" },
	{ .name = "million: longest call, dump of none", .run = longest_us, .arg = WATCH_DUMP_NONE, .unit = "us" },
	{ .name = "million: longest call, delete", .run = longest_us, .arg = WATCH_DELETE, .unit = "us" },
	{ .name = "million: longest call, device down", .run = longest_us, .arg = WATCH_DOWN, .unit = "us" },
	{ .name = "million: longest call, ageing", .run = longest_us, .arg = WATCH_AGEING, .unit = "us" },
#endif
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, rows, ARRAY_SIZE(rows), &scale);
}
