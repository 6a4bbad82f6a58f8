// SPDX-License-Identifier: BSD-2-Clause
/* The flight recorder: whatever is done to a net, the recording does it again, to the same hash; and a file that is not
 * what was written is refused. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nethood/record.h"
#include "record/format.h"

#define NOW 1000000000ULL
#define SECOND 1000000000ULL
#define RING (8U << 20)

/** struct host - a net that is recorded, and what it does to its embedder */
struct host {
	struct nethood_net *net;
	struct nethood_dev *dev;
	struct nethood_sock *admin, *udp;
	u8 number;
	u64 now;
	u32 sent, busy, ready, lines, changed;
	bool echo;                /* frames come back within xmit */
	bool read_on_ready;       /* a callback that calls */
	u64 allocations, fail_at; /* of the allocator */
	int write_in_callback;
};

/* ---- memory that fails */

static bool must_fail(void *ctx, const char *site, size_t size_bytes)
{
	struct host *h = ctx;

	(void)site;
	(void)size_bytes;
	return ++h->allocations == h->fail_at;
}

static void *take(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return malloc(size_bytes);
}

static void *take_zeroed(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return calloc(1, size_bytes);
}

static void give_back(void *ctx, void *p, size_t size_bytes)
{
	(void)ctx;
	(void)size_bytes;
	free(p);
}

/* ---- the embedder */

static int on_xmit(void *ctx, const struct iovec *frame, int pieces)
{
	struct host *h = ctx;
	u8 room[2048];
	size_t bytes = 0;

	if (h->busy) {
		h->busy--;
		return -EAGAIN;
	}
	h->sent++;
	for (int i = 0; i < pieces && bytes + frame[i].iov_len <= sizeof(room); i++) {
		memcpy(room + bytes, frame[i].iov_base, frame[i].iov_len);
		bytes += frame[i].iov_len;
	}
	if (h->echo)
		nethood_dev_receive(h->dev, room, bytes);
	return 0;
}

static int nowhere(void *ctx, const void *data, size_t len_bytes)
{
	(void)ctx;
	(void)data;
	(void)len_bytes;
	return 0;
}

static void on_ready(void *ctx, struct nethood_sock *sk, uint32_t events)
{
	struct nethood_record_cursor cursor = { 0, 0 };
	struct host *h = ctx;
	u8 room[2048];

	(void)events;
	h->ready++;
	if (h->read_on_ready) {
		h->write_in_callback = nethood_record_write(h->net, &cursor, 1, nowhere, NULL);
		while (nethood_recvfrom(sk, room, sizeof(room), 0, NULL, NULL) >= 0)
			;
	}
}

static void on_log(void *ctx, const char *line)
{
	(void)line;
	((struct host *)ctx)->lines++;
}

static void on_changed(void *ctx, struct nethood_dev *dev)
{
	(void)dev;
	((struct host *)ctx)->changed++;
}

static void on_hop(void *ctx, const struct nethood_hop *hop)
{
	(void)ctx;
	(void)hop;
}

static void on_capture(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame, int pieces)
{
	(void)ctx;
	(void)dev;
	(void)out;
	(void)now_ns;
	(void)frame;
	(void)pieces;
}

static void poll_for(struct host *h, u64 ns)
{
	u64 end = h->now + ns, next;

	do {
		next = nethood_next_deadline(h->net);
		h->now = next < h->now ? h->now : next < end ? next : end;
		while (nethood_poll(h->net, h->now))
			;
	} while (h->now < end);
}

/* One rtnetlink request, its answer read and dropped. */
static void ask(struct host *h, const void *request, size_t bytes)
{
	_Alignas(8) u8 answer[8192];
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)answer;

	nethood_sendto(h->admin, request, bytes, 0, NULL, 0);
	if (nethood_recvfrom(h->admin, answer, sizeof(answer), 0, NULL, NULL) < (ssize_t)sizeof(*nlh))
		return; /* without memory there is no answer */
	if (!h->fail_at && nlh->nlmsg_type == NLMSG_ERROR && ((const struct nlmsgerr *)NLMSG_DATA(nlh))->error)
		fail_msg("rtnetlink: %d", ((const struct nlmsgerr *)NLMSG_DATA(nlh))->error);
}

static void link_up(struct host *h, int ifindex)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg m;
	} rq = { { sizeof(rq), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0 },
		 { .ifi_index = ifindex, .ifi_flags = IFF_UP, .ifi_change = IFF_UP } };

	ask(h, &rq, sizeof(rq));
}

static void addr_add(struct host *h, int ifindex, u32 addr)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg m;
		struct rtattr a;
		u32 local;
	} rq = { { sizeof(rq), RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 2, 0 },
		 { .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = (u32)ifindex },
		 { 8, IFA_LOCAL },
		 htonl(addr) };

	ask(h, &rq, sizeof(rq));
}

static struct sockaddr_in in(u32 addr, u16 port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(addr) } };
}

/* Return: what nethood_create() said */
static int host_create(struct host *h, size_t record_bytes, u64 fail_at)
{
	const struct nethood_allocator memory = { take, take_zeroed, give_back, must_fail, h, NULL };
	struct nethood_config cfg = { .hostname = "tape",
				      .memory = fail_at ? &memory : NULL,
				      .random_key = { 7 },
				      .now_ns = NOW,
				      .wall_ns = 1700000000 * SECOND,
				      .log = on_log,
				      .log_ctx = h,
				      .record_bytes = record_bytes };

	memset(h, 0, sizeof(*h));
	h->now = NOW;
	h->fail_at = fail_at;
	return nethood_create(&cfg, &h->net);
}

static void host_begin(struct host *h, const char *driver)
{
	const u8 mac[6] = { 2, 0, 0, 0, 0, h->number };
	const struct nethood_dev_config dev = {
		.name = "eth0", .driver = driver, .fd = -1, .lladdr = mac, .xmit = on_xmit, .ctx = h
	};

	assert_int_equal(nethood_socket(h->net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &h->admin), 0);
	link_up(h, 1);
	addr_add(h, 1, 0x7f000001);
	assert_int_equal(nethood_dev_create(h->net, &dev, &h->dev), 0);
	link_up(h, nethood_dev_ifindex(h->dev));
	addr_add(h, nethood_dev_ifindex(h->dev), 0x0a000001U + h->number);
	assert_int_equal(nethood_socket(h->net, AF_INET, SOCK_DGRAM, 0, &h->udp), 0);
}

/* ---- a recording, in memory */

struct octets {
	u8 *data;
	size_t bytes;
};

static int keep(void *ctx, const void *data, size_t len_bytes)
{
	struct octets *o = ctx;

	o->data = realloc(o->data, o->bytes + len_bytes + 1);
	assert_non_null(o->data);
	memcpy(o->data + o->bytes, data, len_bytes);
	o->bytes += len_bytes;
	return 0;
}

static struct octets record(struct host *h, size_t piece_bytes)
{
	struct nethood_record_cursor cursor = { 0, 0 };
	struct octets o = { NULL, 0 };
	int ret;

	do {
		ret = nethood_record_write(h->net, &cursor, piece_bytes, keep, &o);
	} while (ret == 1);
	assert_int_equal(ret, 0);
	return o;
}

static struct nethood_replay_result replay(struct octets *o, int want_err)
{
	const struct nethood_replay_config cfg = { .until_event = 0 };
	struct nethood_record_file f;
	struct nethood_replay_result r;
	int err = nethood_record_parse(o->data, o->bytes, &f);

	if (err)
		print_message("%s at %llu\n", f.error, (unsigned long long)f.error_offset);
	assert_int_equal(err, 0);
	assert_int_equal(nethood_replay(&f, &cfg, &r), want_err);
	return r;
}

static void same_again(struct host *h)
{
	struct octets o = record(h, RING);
	struct nethood_replay_result r = replay(&o, 0);

	if (r.divergence.kind)
		print_message("kind %d, event %llu, %s, next %s: live %lld, replay %lld\n", (int)r.divergence.kind,
			      (unsigned long long)r.divergence.event, r.divergence.call, r.divergence.next,
			      (long long)r.divergence.live, (long long)r.divergence.replayed);
	assert_int_equal(r.divergence.kind, NETHOOD_SAME);
	assert_true(r.complete);
	free(o.data);
}

/* ---- every call once */

static void some_options(struct host *h)
{
	struct sock_filter accept_all = { 0x06, 0, 0, 0xffff };
	struct sock_fprog prog = { 1, &accept_all };
	u8 value[128];
	socklen_t len = sizeof(value);
	int on = 1;

	nethood_setsockopt(h->udp, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
	nethood_setsockopt(h->udp, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	nethood_setsockopt(h->udp, SOL_SOCKET, SO_RCVBUF, NULL, 4);
	nethood_getsockopt(h->udp, SOL_SOCKET, SO_RCVBUF, value, &len);
	len = sizeof(value);
	nethood_getsockopt(h->udp, SOL_SOCKET, 4711, value, &len);
}

static void some_ioctls(struct host *h)
{
	struct ifreq ifr = { .ifr_name = "eth0" };
	u8 room[1024], drvinfo[256] = { 3 };
	struct ifconf ifc = { .ifc_len = sizeof(room), .ifc_buf = (char *)room };

	nethood_ioctl(h->udp, SIOCGIFFLAGS, &ifr, sizeof(ifr));
	nethood_ioctl(h->udp, SIOCGIFCONF, &ifc, sizeof(ifc));
	ifr.ifr_data = (char *)drvinfo;
	nethood_ioctl(h->udp, SIOCETHTOOL, &ifr, sizeof(ifr));
	nethood_ioctl(h->udp, 0x4711, &ifr, sizeof(ifr));
}

static void some_datagrams(struct host *h)
{
	struct sockaddr_in us = in(0x7f000001, 9), any = in(0, 9), from;
	struct iovec out[3] = { { (char *)"ab", 2 }, { NULL, 0 }, { (char *)"cde", 3 } };
	u8 a[2], b[64], control[256];
	struct iovec pieces[2] = { { a, sizeof(a) }, { b, sizeof(b) } };
	struct msghdr msg = { .msg_name = &us, .msg_namelen = sizeof(us), .msg_iov = out, .msg_iovlen = 3 };
	socklen_t len = sizeof(from);

	nethood_bind(h->udp, (struct sockaddr *)&any, sizeof(any));
	nethood_on_ready(h->udp, on_ready, h);
	assert_int_equal(nethood_sendmsg(h->udp, &msg, 0), 5);
	assert_int_equal(nethood_sendto(h->udp, "x", 1, 0, (struct sockaddr *)&us, sizeof(us)), 1);
	assert_int_equal(nethood_sendto(h->udp, "x", 1, 0, (struct sockaddr *)&us, 200), -EINVAL);
	poll_for(h, 1000);
	msg = (struct msghdr){ .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = pieces, .msg_iovlen = 2 };
	msg.msg_control = control;
	msg.msg_controllen = sizeof(control);
	assert_int_equal(nethood_recvmsg(h->udp, &msg, 0), 5);
	assert_int_equal(nethood_recvfrom(h->udp, b, sizeof(b), 0, (struct sockaddr *)&from, &len), 1);
	msg.msg_iovlen = 5000;
	assert_int_equal(nethood_recvmsg(h->udp, &msg, 0), -EMSGSIZE);
	assert_int_equal(nethood_recvfrom(h->udp, b, sizeof(b), 0, NULL, NULL), -EAGAIN);
}

static void on_the_wire(struct host *h)
{
	static const u8 who_has[60] = { 2, 0, 0, 0, 0, 1, 2, 0,  0, 0, 0, 2, 8, 6, 0, 1, 8, 0,  6, 4, 0,
					1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1 };
	struct sockaddr_in far = in(0x0a000002, 9);

	h->busy = 1;
	nethood_sendto(h->udp, "?", 1, 0, (struct sockaddr *)&far, sizeof(far));
	poll_for(h, SECOND / 10);
	nethood_dev_wake(h->dev);
	poll_for(h, 3 * SECOND);
	nethood_dev_receive(h->dev, who_has, sizeof(who_has));
	nethood_dev_receive(h->dev, who_has, 5);
	poll_for(h, SECOND);
	nethood_neigh_doubt(h->net, "eth0", AF_INET, &far.sin_addr);
	nethood_dev_carrier(h->dev, false);
	nethood_dev_carrier(h->dev, true);
	nethood_dev_fd_ready(h->dev);
	poll_for(h, SECOND);
}

static void from_outside(struct host *h)
{
	const struct nethood_dhcp_config dhcp = { .client_id = (const u8 *)"\1me!",
						  .client_id_bytes = 4,
						  .hostname = "me",
						  .changed = on_changed,
						  .ctx = h };
	const struct nethood_by_arp_config by_arp = {
		.icmp_bytes = 436, .prefix_bits = 24, .timeout_ns = SECOND, .changed = on_changed, .ctx = h
	};

	const struct nethood_dev_config plain = {
		.name = "eth1", .driver = "user", .fd = -1, .xmit = on_xmit, .ctx = h
	};
	struct nethood_dev *other;

	assert_int_equal(nethood_dev_create(h->net, &plain, &other), 0);
	link_up(h, nethood_dev_ifindex(other));
	nethood_ipv4ll_start(h->dev);
	assert_int_equal(nethood_by_arp_start(other, &by_arp), 0); /* its time will be over */
	nethood_dhcp_start(h->dev, &dhcp);
	assert_int_equal(nethood_dhcp_start(h->dev, NULL), -EALREADY);
	poll_for(h, 12 * SECOND);
	nethood_by_arp_stop(other);
	nethood_ipv4ll_stop(h->dev);
	nethood_dhcp_stop(h->dev);
	poll_for(h, 2 * SECOND);
}

static void the_rest(struct host *h)
{
	const struct nethood_dev_config wire = { .name = "w0", .driver = "wire", .fd = -1, .mtu = 9000 };
	const struct nethood_dev_config none = { .name = "w0", .driver = "nonsense", .fd = -1 };
	struct nethood_dev *w0, *w1;
	struct nethood_dev_config other = wire;
	struct nethood_sock *child;
	struct sockaddr_in peer = in(0x0a000003, 7);

	other.name = "w1";
	assert_int_equal(nethood_dev_create(h->net, &none, &w0), -EINVAL);
	assert_int_equal(nethood_dev_create(h->net, &wire, &w0), 0);
	assert_int_equal(nethood_dev_create(h->net, &other, &w1), 0);
	assert_int_equal(nethood_wire(w0, w1), 0);
	link_up(h, nethood_dev_ifindex(w0));
	link_up(h, nethood_dev_ifindex(w1));
	addr_add(h, nethood_dev_ifindex(w0), 0x0a000101);
	poll_for(h, SECOND);
	nethood_trace(h->net, on_hop, h);
	nethood_capture(h->net, on_capture, h);
	nethood_connect(h->udp, (struct sockaddr *)&peer, sizeof(peer));
	nethood_sendto(h->udp, "traced", 6, 0, NULL, 0);
	poll_for(h, SECOND);
	nethood_trace(h->net, NULL, NULL);
	nethood_capture(h->net, NULL, NULL);
	nethood_dev_destroy(w0);
	nethood_listen(h->udp, 1);
	assert_int_not_equal(nethood_accept(h->udp, &child, NULL, NULL), 0);
	nethood_shutdown(h->udp, SHUT_WR);
	nethood_sock_set_admin(h->udp, false);
	nethood_sysctl_set(h->net, "net.ipv4.ip_forward", "1");
	nethood_sysctl_set(h->net, "net.no.such", "1");
	nethood_proc_write(h->net, "sys/net/ipv4/ip_forward", "0\n", 2);
	nethood_set_wall(h->net, h->now, 1800000000 * SECOND);
	nethood_set_time(h->net, h->now += 5);
	nethood_on_ready(h->udp, NULL, NULL);
	nethood_close(h->udp);
	poll_for(h, SECOND);
}

static int note_op(void *ctx, const struct nethood_record_event *e)
{
	((bool *)ctx)[e->op] = true;
	return 0;
}

/* Not of this test: what only the system or another net brings about. */
static bool of_others(u32 op)
{
	return op == REC_NONE || op == REC_INPUT || op == REC_NO_MEMORY || op == REC_WIRE_FRAME ||
	       op == REC_WIRE_NEWS || op == REC_CHECK || op == REC_CB_ENTER || op == REC_CB_LEAVE;
}

static void test_every_call(void **state)
{
	bool seen[REC_OPS_COUNT] = { false };
	struct nethood_record_file f;
	struct octets o;
	struct host h;

	(void)state;
	assert_int_equal(host_create(&h, RING, 0), 0);
	host_begin(&h, "user");
	some_options(&h);
	some_ioctls(&h);
	some_datagrams(&h);
	on_the_wire(&h);
	from_outside(&h);
	the_rest(&h);
	same_again(&h);
	o = record(&h, RING);
	assert_int_equal(nethood_record_parse(o.data, o.bytes, &f), 0);
	assert_int_equal(nethood_record_each(&f, note_op, seen), 0);
	for (u32 op = 0; op < REC_OPS_COUNT; op++) {
		if (!seen[op] && !of_others(op))
			fail_msg("%s was not called", rec_ops[op].text);
	}
	assert_true(h.sent);
	assert_true(h.ready);
	assert_true(h.changed);
	free(o.data);
	nethood_free(h.net);
}

/* ---- callbacks that call, and refuse */

static void test_callbacks(void **state)
{
	struct sockaddr_in us = in(0x7f000001, 9), any = in(0, 9), far = in(0x0a000009, 9);
	struct nethood_record_file f;
	bool seen[REC_OPS_COUNT] = { false };
	struct octets o;
	struct host h;

	(void)state;
	assert_int_equal(host_create(&h, RING, 0), 0);
	host_begin(&h, "user");
	h.echo = h.read_on_ready = true;
	nethood_bind(h.udp, (struct sockaddr *)&any, sizeof(any));
	nethood_on_ready(h.udp, on_ready, &h);
	for (u32 i = 0; i < 3000; i++) { /* so that full hashes come between */
		h.busy = i % 3;
		nethood_sendto(h.udp, "mine", 4, 0, (struct sockaddr *)&us, sizeof(us));
		nethood_sendto(h.udp, "far", 3, 0, (struct sockaddr *)&far, sizeof(far));
		poll_for(&h, SECOND / 100);
		nethood_dev_wake(h.dev);
	}
	assert_true(h.ready > 1000);
	assert_int_equal(h.write_in_callback, -EBUSY);
	same_again(&h);
	o = record(&h, RING);
	assert_int_equal(nethood_record_parse(o.data, o.bytes, &f), 0);
	nethood_record_each(&f, note_op, seen);
	assert_true(seen[REC_CB_ENTER] && seen[REC_CB_LEAVE]);
	assert_true(seen[REC_CB_RESULT]);
	assert_true(seen[REC_CHECK]);
	free(o.data);
	nethood_free(h.net);
}

/* ---- large pieces, small pieces */

static void test_pieces(void **state)
{
	static u8 large[60000];
	struct sockaddr_in us = in(0x7f000001, 9);
	struct octets all, parts;
	struct host h;

	(void)state;
	assert_int_equal(host_create(&h, RING, 0), 0);
	host_begin(&h, "user");
	nethood_bind(h.udp, (struct sockaddr *)&us, sizeof(us));
	for (u32 i = 0; i < 40; i++) {
		memset(large, (int)i, sizeof(large));
		assert_int_equal(nethood_sendto(h.udp, large, sizeof(large) - i, 0, (struct sockaddr *)&us, sizeof(us)),
				 (int)(sizeof(large) - i));
		poll_for(&h, 1000);
		assert_true(nethood_recvfrom(h.udp, large, sizeof(large), 0, NULL, NULL) > 0);
	}
	all = record(&h, RING);
	parts = record(&h, 1);
	assert_int_equal(all.bytes, parts.bytes);
	assert_memory_equal(all.data, parts.data, all.bytes);
	free(all.data);
	free(parts.data);
	same_again(&h);
	nethood_free(h.net);
}

/* ---- a ring that is too small */

/** struct order - are the numbers of events without gaps? */
struct order {
	u64 last, events;
};

static int in_order(void *ctx, const struct nethood_record_event *e)
{
	struct order *o = ctx;

	if (e->is_event) {
		assert_true(!o->events || e->number == o->last + 1);
		o->last = e->number;
		o->events++;
	}
	return 0;
}

static void test_overflow(void **state)
{
	static u8 data[9000];
	struct sockaddr_in us = in(0x7f000001, 9);
	struct nethood_record_info info;
	struct nethood_record_file f;
	struct order order = { 0, 0 };
	struct octets o;
	struct host h;

	(void)state;
	assert_int_equal(host_create(&h, 200000, 0), 0);
	host_begin(&h, "user");
	nethood_bind(h.udp, (struct sockaddr *)&us, sizeof(us));
	for (u32 i = 0; i < 500; i++) {
		nethood_sendto(h.udp, data, i * 17, 0, (struct sockaddr *)&us, sizeof(us));
		poll_for(&h, 1000);
		nethood_recvfrom(h.udp, data, sizeof(data), 0, NULL, NULL);
	}
	assert_int_equal(nethood_record_info(h.net, &info), 0);
	assert_int_equal(info.ring_bytes, 4 * 65536);
	assert_true(info.lost_bytes > 0 && info.written_bytes - info.lost_bytes <= info.ring_bytes);
	o = record(&h, 1);
	assert_true(replay(&o, -ENODATA).events == 0);
	free(o.data);
	o = record(&h, 1);
	assert_int_equal(nethood_record_parse(o.data, o.bytes, &f), 0);
	assert_true(f.begin_lost);
	for (u32 i = 0; i < sizeof(f.key); i++)
		assert_int_equal(f.key[i], 0);
	assert_int_equal(nethood_record_each(&f, in_order, &order), 0);
	assert_int_equal(order.last, info.events);
	assert_true(order.events > 100 && order.last > order.events);
	free(o.data);
	nethood_free(h.net);
}

/* ---- files that are none */

static struct octets small_file(void)
{
	struct octets o;
	struct host h;

	assert_int_equal(host_create(&h, RING, 0), 0);
	host_begin(&h, "user");
	poll_for(&h, SECOND);
	o = record(&h, RING);
	nethood_free(h.net);
	return o;
}

/* Return: what a copy of @o, cut to @bytes, with @mask on the octet at @at, is taken for */
static int parse_copy(const struct octets *o, size_t bytes, size_t at, u8 mask, struct nethood_record_file *f)
{
	u8 *copy = malloc(bytes + 1); /* as long as it is, so that nobody reads on */
	int err;

	memcpy(copy, o->data, bytes);
	if (at < bytes)
		copy[at] ^= mask;
	copy = realloc(copy, bytes ? bytes : 1);
	err = nethood_record_parse(copy, bytes, f);
	free(copy);
	return err;
}

static void test_damage(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		u8 mask;
		int err;
		const char *error;
	} rows[] = {
		{ "another kind of file", 0, 1, -EINVAL, "this is no recording of nethood" },
		{ "a later format", REC_H_VERSION, 2, -EPROTO, "the recording is of another format" },
		{ "a header of another length", REC_H_BYTES, 1, -EINVAL,
		  "the header has a length that it cannot have" },
		{ "a flag", REC_H_FLAGS, 16, -EINVAL, "the header is damaged: its sum is wrong" },
		{ "the key", REC_H_KEY, 1, -EINVAL, "the header is damaged: its sum is wrong" },
		{ "the first chunk's word", REC_HEADER_BYTES, 1, -EINVAL, "neither a chunk nor the tail stands here" },
		{ "its length", REC_HEADER_BYTES + REC_C_BYTES + 2, 0x80, -EINVAL,
		  "a chunk has a length that it cannot have" },
		{ "its number", REC_HEADER_BYTES + REC_C_SEQ, 1, -EINVAL, "a chunk is damaged: its sum is wrong" },
		{ "a record", REC_HEADER_BYTES + REC_CHUNK_HEADER_BYTES + 9, 1, -EINVAL,
		  "a chunk is damaged: its sum is wrong" },
	};
	struct octets o = small_file();
	struct nethood_record_file f;

	(void)state;
	assert_int_equal(parse_copy(&o, o.bytes, SIZE_MAX, 0, &f), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int err = parse_copy(&o, o.bytes, rows[i].at, rows[i].mask, &f);

		if (err != rows[i].err || strcmp(f.error, rows[i].error) != 0)
			fail_msg("%s: %d, %s", rows[i].what, err, f.error);
	}
	for (size_t bytes = 0; bytes < o.bytes; bytes++) { /* cut off anywhere */
		assert_int_not_equal(parse_copy(&o, bytes, SIZE_MAX, 0, &f), 0);
		assert_true(f.error && f.error_offset <= bytes);
	}
	for (size_t at = 0; at < o.bytes; at++) { /* one octet anywhere */
		if (!parse_copy(&o, o.bytes, at, (u8)(1U << at % 8), &f))
			fail_msg("octet %zu of %zu does not matter", at, o.bytes);
		assert_non_null(f.error);
	}
	free(o.data);
}

/* ---- a replay that is not the same says where */

/** struct spot - of one record in the file */
struct spot {
	const char *name;
	u32 field, skip;
	const u8 *at;
	u64 event;
};

static int find_spot(void *ctx, const struct nethood_record_event *e)
{
	struct spot *s = ctx;

	if (strcmp(e->name, s->name) != 0 || s->skip--)
		return 0;
	s->at = e->octets[s->field];
	s->event = e->number;
	return 1;
}

static void test_differs(void **state)
{
	struct nethood_replay_config cfg = { .until_event = 0 };
	struct sockaddr_in far = in(0x0a000002, 9), us = in(0x7f000001, 9), any = in(0, 9);
	struct spot data = { .name = "sendto", .field = 5, .skip = 6 };
	struct nethood_replay_result r;
	struct nethood_record_file f;
	struct octets o;
	struct host h;

	(void)state;
	assert_int_equal(host_create(&h, RING, 0), 0);
	host_begin(&h, "user");
	nethood_bind(h.udp, (struct sockaddr *)&any, sizeof(any));
	for (u32 i = 0; i < 20; i++) {
		nethood_sendto(h.udp, "hello", 5, 0, (struct sockaddr *)&us, sizeof(us));
		nethood_sendto(h.udp, "hello", 5, 0, (struct sockaddr *)&far, sizeof(far));
		poll_for(&h, SECOND);
	}
	o = record(&h, RING);
	assert_int_equal(nethood_record_parse(o.data, o.bytes, &f), 0);
	assert_int_equal(nethood_record_each(&f, find_spot, &data), 1);
	o.data[data.at - o.data] ^= 1; /* another word is sent: the frame on lo is another one */
	assert_int_equal(nethood_replay(&f, &cfg, &r), 0);
	assert_int_equal(r.divergence.kind, NETHOOD_OTHER_TRACE);
	assert_true(r.divergence.event >= data.event && r.divergence.event <= data.event + 1);
	o.data[data.at - o.data] ^= 1;
	cfg.until_event = data.event;
	assert_int_equal(nethood_replay(&f, &cfg, &r), 0);
	assert_int_equal(r.divergence.kind, NETHOOD_SAME);
	assert_false(r.complete);
	assert_int_equal(r.events, data.event - 1);
	cfg.until_event = 0;
	f.key[0] ^= 1; /* other random numbers: it goes another way at some time */
	f.trace_hash ^= 1;
	assert_int_equal(nethood_replay(&f, &cfg, &r), 0);
	assert_int_not_equal(r.divergence.kind, NETHOOD_SAME);
	free(o.data);
	nethood_free(h.net);
}

/* ---- without memory */

static void test_no_memory_for_the_ring(void **state)
{
	struct nethood_record_info info;
	struct host h;

	(void)state;
	assert_int_equal(host_create(&h, SIZE_MAX / 2, 0), 0);
	assert_int_equal(h.lines, 1);
	assert_int_equal(nethood_record_info(h.net, &info), -ENOENT);
	host_begin(&h, "user");
	poll_for(&h, SECOND);
	nethood_free(h.net);
}

static void test_failed_allocations_fail_again(void **state)
{
	struct sockaddr_in far = in(0x0a000002, 9);
	struct host h;
	u64 begun;

	(void)state;
	assert_int_equal(host_create(&h, RING, UINT64_MAX), 0);
	host_begin(&h, "user");
	begun = h.allocations;
	nethood_free(h.net);
	for (u64 n = 1; n < 40; n++) {
		assert_int_equal(host_create(&h, RING, UINT64_MAX), 0);
		host_begin(&h, "user");
		h.fail_at = begun + n;
		nethood_sendto(h.udp, "hello", 5, 0, (struct sockaddr *)&far, sizeof(far));
		addr_add(&h, nethood_dev_ifindex(h.dev), 0x0a000201);
		poll_for(&h, 5 * SECOND);
		same_again(&h);
		nethood_free(h.net);
	}
}

/* ---- two nets and a wire: each is replayed without the other */

static void poll_both(struct host *a, struct host *b, u64 ns)
{
	for (u64 t = 0; t < ns; t += SECOND / 1000) {
		poll_for(a, SECOND / 1000);
		poll_for(b, SECOND / 1000);
	}
}

static void test_wire(void **state)
{
	struct sockaddr_in to = in(0x0a000002, 9), any = in(0, 9);
	struct host a, b;
	u8 room[2000];

	(void)state;
	assert_int_equal(host_create(&a, RING, 0), 0);
	assert_int_equal(host_create(&b, RING, 0), 0);
	b.number = 1;
	host_begin(&a, "wire");
	host_begin(&b, "wire");
	assert_int_equal(nethood_wire(a.dev, b.dev), 0);
	nethood_bind(b.udp, (struct sockaddr *)&any, sizeof(any));
	poll_both(&a, &b, 2 * SECOND);
	for (u32 i = 0; i < 50; i++) {
		nethood_sendto(a.udp, room, i * 20, 0, (struct sockaddr *)&to, sizeof(to));
		poll_both(&a, &b, SECOND / 100);
		while (nethood_recvfrom(b.udp, room, sizeof(room), 0, NULL, NULL) >= 0)
			b.ready++;
	}
	assert_true(b.ready > 40);
	for (u32 i = 0; i < 1500; i++) /* more than the ring of the wire holds */
		nethood_sendto(a.udp, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	poll_both(&a, &b, SECOND / 10);
	nethood_dev_carrier(b.dev, false);
	poll_both(&a, &b, SECOND / 10);
	nethood_dev_carrier(b.dev, true);
	poll_both(&a, &b, SECOND / 10);
	same_again(&a);
	same_again(&b);
	nethood_free(b.net);
	poll_for(&a, SECOND);
	same_again(&a);
	nethood_free(a.net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_call),
		cmocka_unit_test(test_callbacks),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_differs),
		cmocka_unit_test(test_no_memory_for_the_ring),
		cmocka_unit_test(test_failed_allocations_fail_again),
		cmocka_unit_test(test_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
