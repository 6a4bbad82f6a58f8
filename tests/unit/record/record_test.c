// SPDX-License-Identifier: BSD-2-Clause
/* The flight recorder: whatever is done to a net, the recording does it again, to the same hash. */
#include <sys/epoll.h>

#include "record_host.h"

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

static void on_release(void *ctx, const void *data, size_t len_bytes)
{
	(void)ctx, (void)data, (void)len_bytes;
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
	assert_int_equal(nethood_sendto(h->udp, "in place", 8, 0, (struct sockaddr *)&us, sizeof(us)), 8);
	assert_int_equal(nethood_send_zerocopy(h->udp, "x", 1, 0, on_release, NULL), -EOPNOTSUPP);
	poll_for(h, 1000);
	msg.msg_iovlen = 5000; /* room for more than there may be */
	msg.msg_iov = pieces;
	msg.msg_controllen = sizeof(control);
	assert_int_equal(nethood_recv_borrow(h->udp, &msg), 8);
	assert_memory_equal(pieces[0].iov_base, "in place", 8);
	assert_int_equal(nethood_recv_consume(h->udp, 1), 8);
	pieces[0] = (struct iovec){ a, sizeof(a) };
	msg.msg_iovlen = 5000;
	assert_int_equal(nethood_recvmsg(h->udp, &msg, 0), -EMSGSIZE);
	assert_int_equal(nethood_recvfrom(h->udp, b, sizeof(b), 0, NULL, NULL), -EAGAIN);
}

static const u8 who_has[60] = { 2, 0, 0, 0, 0, 0, 2, 0,  0, 0, 0, 2, 8, 6, 0, 1, 8, 0,  6, 4, 0,
				1, 2, 0, 0, 0, 0, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1 };

static void on_the_wire(struct host *h)
{
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
	nethood_sock_set_caller(h->udp, 1000, 4711);
	nethood_sysctl_set(h->net, "net.ipv4.ip_forward", "1");
	nethood_sysctl_set(h->net, "net.no.such", "1");
	nethood_proc_write(h->net, "sys/net/ipv4/ip_forward", "0\n", 2);
	nethood_set_wall(h->net, h->now, 1800000000 * SECOND);
	nethood_set_time(h->net, h->now += 5);
	nethood_on_ready(h->udp, NULL, NULL);
	nethood_close(h->udp);
	poll_for(h, SECOND);
}

/* Who asks whether there is room, and is told no, is called when there is some. */
static void a_stream_that_fills(struct host *h)
{
	const struct sockaddr_in here = in(0x7f000001, 80);
	static const char data[4096];
	struct nethood_sock *listener, *sk;

	link_up(h, 1);
	assert_int_equal(nethood_socket(h->net, AF_INET, SOCK_STREAM, 0, &listener), 0);
	assert_int_equal(nethood_bind(listener, (const struct sockaddr *)&here, sizeof(here)), 0);
	assert_int_equal(nethood_listen(listener, 1), 0);
	assert_int_equal(nethood_socket(h->net, AF_INET, SOCK_STREAM, 0, &sk), 0);
	assert_int_equal(nethood_connect(sk, (const struct sockaddr *)&here, sizeof(here)), -EINPROGRESS);
	poll_for(h, SECOND);
	while (nethood_readiness(sk) & EPOLLOUT)
		assert_true(nethood_sendto(sk, data, sizeof(data), 0, NULL, 0) > 0);
	nethood_close(sk);
	nethood_close(listener);
	poll_for(h, SECOND);
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
	a_stream_that_fills(&h);
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

/* ---- calls that another one follows */

/* With a name, and on the short way of who is connected. */
static void send_batch(struct host *h, const struct sockaddr_in *to)
{
	socklen_t to_bytes = to ? sizeof(*to) : 0;
	u32 before = h->sent;

	for (u32 i = 0; i < 3; i++)
		assert_int_equal(nethood_sendto(h->udp, "more", 4, MSG_BATCH, (const struct sockaddr *)to, to_bytes),
				 4);
	assert_int_equal(h->sent, before);
	assert_int_equal(nethood_sendto(h->udp, "?", 1, MSG_BATCH, (const struct sockaddr *)to, 1), to ? -EINVAL : 1);
	assert_int_equal(nethood_sendto(h->udp, "last", 4, 0, (const struct sockaddr *)to, to_bytes), 4);
	assert_int_equal(h->sent, before + (to ? 4 : 5));
	before = h->sent;
	assert_int_equal(nethood_sendto(h->udp, "more", 4, MSG_BATCH, (const struct sockaddr *)to, to_bytes), 4);
	assert_int_equal(h->sent, before);
	assert_true(nethood_next_deadline(h->net) <= h->now);
	poll_for(h, 1);
	assert_int_equal(h->sent, before + 1);
}

static void test_batch(void **state)
{
	struct sockaddr_in far = in(0x0a000002, 9);
	struct host h;

	(void)state;
	assert_int_equal(host_create(&h, RING, 0), 0);
	host_begin(&h, "user");
	nethood_dev_receive(h.dev, who_has, sizeof(who_has)); /* so the far end is known */
	poll_for(&h, SECOND);
	send_batch(&h, &far);
	assert_int_equal(nethood_connect(h.udp, (struct sockaddr *)&far, sizeof(far)), 0);
	send_batch(&h, NULL);
	same_again(&h);
	nethood_free(h.net);
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
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
