// SPDX-License-Identifier: BSD-2-Clause
/* Drivers whose system calls fail: no frame is sent twice, none vanishes uncounted, the order stays, and what has become
 * of the device is seen.  The linker puts the test between the drivers and the calls (--wrap), so that no TAP is needed:
 * a pair of sockets serves, and says of itself what a TAP would.
 */
#include "../dev/dev_world.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "drivers/drivers.h"

#define FRAME_BYTES (ETH_HLEN + 60U)
#define MANY 2000U

/* ------------------------------------------------------------------ the calls */

/* What the next calls do.  Tests run one after the other, so one of these is enough. */
static struct calls {
	int fd;          /* of the device; all others are left alone */
	int write_error; /* of one call, when the countdown is over; 0: none */
	u32 write_after;
	int read_error;
	u32 random; /* != 0: each call may fail or be short, as it says */
	bool stream;
	u32 refused; /* writes that failed but for EAGAIN and EINTR */
} calls = { .fd = -1 };

static u32 next_random(void)
{
	calls.random = calls.random * 1103515245U + 12345U;
	return calls.random >> 16 & 0x7fff;
}

/* errno of this write; 0: it may go */
static int write_fails(void)
{
	static const int errors[] = { EAGAIN, EINTR, ENOBUFS, ENOMEM };
	int error = 0;

	if (calls.random && next_random() % 3 == 0)
		error = errors[next_random() % ARRAY_SIZE(errors)];
	if (calls.write_error && calls.write_after-- == 0) {
		error = calls.write_error;
		calls.write_error = 0;
	}
	calls.refused += error && error != EAGAIN && error != EINTR;
	return error;
}

ssize_t __real_writev(int fd, const struct iovec *iov, int count);
ssize_t __wrap_writev(int fd, const struct iovec *iov, int count);
ssize_t __wrap_writev(int fd, const struct iovec *iov, int count)
{
	if (fd != calls.fd)
		return __real_writev(fd, iov, count);
	errno = write_fails();
	return errno ? -1 : __real_writev(fd, iov, count);
}

/* Not more than @most octets of @msg. */
static ssize_t send_short(int fd, const struct msghdr *msg, size_t most)
{
	u8 buf[4096];
	size_t len = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		memcpy(buf + len, msg->msg_iov[i].iov_base, msg->msg_iov[i].iov_len);
		len += msg->msg_iov[i].iov_len;
	}
	return send(fd, buf, min_size(len, most), MSG_NOSIGNAL);
}

ssize_t __real_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (fd != calls.fd)
		return __real_sendmsg(fd, msg, flags);
	errno = write_fails();
	if (errno)
		return -1;
	if (calls.random && next_random() % 3 == 0)
		return send_short(fd, msg, 1 + next_random() % 70);
	return __real_sendmsg(fd, msg, flags);
}

ssize_t __real_read(int fd, void *buf, size_t bytes);
ssize_t __wrap_read(int fd, void *buf, size_t bytes);
ssize_t __wrap_read(int fd, void *buf, size_t bytes)
{
	if (fd == calls.fd && calls.read_error) {
		errno = calls.read_error;
		calls.read_error = 0;
		return -1;
	}
	return __real_read(fd, buf, bytes);
}

ssize_t __real_write(int fd, const void *buf, size_t bytes);
ssize_t __wrap_write(int fd, const void *buf, size_t bytes);
ssize_t __wrap_write(int fd, const void *buf, size_t bytes)
{
	errno = fd == calls.fd ? write_fails() : 0;
	return errno ? -1 : __real_write(fd, buf, bytes);
}

int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	struct ifreq *ifr = arg;

	if (request != TUNGETIFF || fd != calls.fd)
		return __real_ioctl(fd, request, arg);
	if (calls.stream) {
		errno = EBADFD;
		return -1;
	}
	ifr->ifr_flags = IFF_TAP | IFF_NO_PI;
	memcpy(ifr->ifr_name, "tap0", 5);
	return 0;
}

/* ------------------------------------------------------------------ a device, and who reads what it sends */

struct cable {
	struct world w;
	struct net_device *dev;
	int peer;
	u8 rest[FRAME_BYTES + 4]; /* of a stream: of a frame that is not whole */
	size_t rest_bytes;
	u32 seen_count, last; /* numbers of frames, growing */
	u32 got_count;        /* frames that came up */
};

static int count_frame(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	struct cable *c = ctx;

	(void)dev;
	c->got_count++;
	consume_skb(skb);
	return 0;
}

static struct cable *cable_create(bool stream)
{
	struct cable *c = calloc(1, sizeof(*c));
	struct netdev_config cfg = { .name = "eth0", .driver = stream ? "unix" : "tap" };
	struct packet_type pt = { .type = CONST_BE16(ETH_P_IP), .func = count_frame, .ctx = c };
	int fd[2];

	assert_non_null(c);
	world_init(&c->w);
	assert_int_equal(socketpair(AF_UNIX, (stream ? SOCK_STREAM : SOCK_SEQPACKET) | SOCK_CLOEXEC, 0, fd), 0);
	assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
	calls = (struct calls){ .fd = fd[0], .stream = stream };
	cfg.fd = fd[0];
	c->peer = fd[1];
	assert_int_equal(netdev_driver_open(&c->w.net, &cfg, &c->dev), 0);
	assert_int_equal(dev_add_pack(&c->w.net, &pt), 0);
	assert_int_equal(dev_open(c->dev), 0);
	assert_true(netif_carrier_ok(c->dev));
	world_poll(&c->w);
	return c;
}

static void cable_destroy(struct cable *c)
{
	world_fini(&c->w);
	close(c->peer);
	free(c);
	calls = (struct calls){ .fd = -1 };
}

static void see_frame(struct cable *c, const u8 *frame, size_t bytes)
{
	u32 number;

	assert_int_equal(bytes, FRAME_BYTES);
	memcpy(&number, frame + ETH_HLEN, sizeof(number));
	assert_true(number > c->last); /* in their order, none twice */
	c->last = number;
	c->seen_count++;
}

static void see_stream(struct cable *c, const u8 *data, size_t bytes)
{
	while (bytes) {
		size_t part = min_size(bytes, sizeof(c->rest) - c->rest_bytes);

		memcpy(c->rest + c->rest_bytes, data, part);
		c->rest_bytes += part;
		data += part;
		bytes -= part;
		if (c->rest_bytes < sizeof(c->rest))
			return;
		see_frame(c, c->rest + 4, FRAME_BYTES);
		c->rest_bytes = 0;
	}
}

static void see_what_came(struct cable *c)
{
	u8 buf[2048];
	ssize_t n;

	while ((n = recv(c->peer, buf, sizeof(buf), 0)) > 0) {
		if (calls.stream)
			see_stream(c, buf, (size_t)n);
		else
			see_frame(c, buf, (size_t)n);
	}
}

static void ready(struct cable *c)
{
	netdev_fd_ready(c->dev);
	for (u32 i = 0; world_poll(&c->w); i++)
		assert_true(i < 10000);
}

static void send_numbered(struct cable *c, u32 number)
{
	static const u8 to[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	struct sk_buff *skb = alloc_skb(c->w.net.skb_pool, 128);

	assert_non_null(skb);
	skb_reserve(skb, 64);
	memset(skb_put(skb, FRAME_BYTES - ETH_HLEN), 0, FRAME_BYTES - ETH_HLEN);
	memcpy(skb->data, &number, sizeof(number));
	skb_reset_network_header(skb);
	skb->dev = c->dev;
	skb->protocol = CONST_BE16(ETH_P_IP);
	assert_int_equal(dev_hard_header(skb, c->dev, ETH_P_IP, to, NULL, skb->len), ETH_HLEN);
	(void)dev_queue_xmit(skb);
}

/* ------------------------------------------------------------------ one error */

enum fate { KEPT, LOST };

static const struct row {
	const char *sentence;
	bool stream;
	int error;
	enum fate fate; /* of the frame */
	bool carrier;   /* afterwards */
	bool for_good;  /* not even when the descriptor is ready */
} rows[] = {
	{ "a TAP's queue is full: the frame waits", false, EAGAIN, KEPT, true, false },
	{ "no memory for a frame of a TAP: it is lost", false, ENOMEM, LOST, true, false },
	{ "no room for a frame of a TAP: it is lost", false, ENOBUFS, LOST, true, false },
	{ "the host's interface is down, until it is up", false, EIO, LOST, false, false },
	{ "the TAP is deleted", false, EBADFD, LOST, false, true },
	{ "the TAP's descriptor is closed", false, EBADF, LOST, false, true },
	{ "a signal comes: the frame of a TAP is sent all the same", false, EINTR, KEPT, true, false },
	{ "a stream is full: the frame waits", true, EAGAIN, KEPT, true, false },
	{ "a signal comes: the frame is sent all the same", true, EINTR, KEPT, true, false },
	{ "no memory for a frame of a stream: it is lost", true, ENOMEM, LOST, true, false },
	{ "no room for a frame of a stream: it is lost", true, ENOBUFS, LOST, true, false },
	{ "nobody reads the stream any more", true, EPIPE, LOST, false, true },
	{ "the other end has gone with unread frames", true, ECONNRESET, LOST, false, true },
	{ "the stream's descriptor is closed", true, EBADF, LOST, false, true },
};

static void one_error(const struct row *r)
{
	struct cable *c = cable_create(r->stream);
	u32 wanted = r->fate == KEPT ? 5 : r->for_good ? 2 : 4;

	print_message("%s\n", r->sentence);
	calls.write_error = r->error;
	calls.write_after = 2;
	for (u32 i = 1; i <= 5; i++) {
		send_numbered(c, i);
		if (i == 3 && r->error != EAGAIN)
			assert_int_equal(netif_carrier_ok(c->dev), r->carrier);
		if (i == 3)
			ready(c);
	}
	ready(c);
	see_what_came(c);
	assert_int_equal(c->seen_count, wanted);
	assert_int_equal(netif_carrier_ok(c->dev), r->carrier || !r->for_good);
	assert_int_equal(c->dev->stats.tx_packets, wanted);
	assert_int_equal(c->dev->stats.tx_errors, r->fate == LOST);
	assert_int_equal(netdev_get_fd(c->dev) < 0, r->for_good);
	cable_destroy(c);
}

static void each_error_of_a_write_costs_what_it_must(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		one_error(&rows[i]);
}

static void each_error_of_a_read_is_survived(void **state)
{
	static const struct {
		bool stream;
		int error;
		bool carrier;
	} reads[] = {
		{ false, EINTR, true },  { false, EIO, true },        { false, ENOMEM, true }, { false, EBADFD, false },
		{ false, EBADF, false }, { true, EINTR, true },       { true, ENOMEM, true },  { true, ENOBUFS, true },
		{ true, EIO, false },    { true, ECONNRESET, false },
	};
	u8 whole[FRAME_BYTES + 4] = { 0, 0, 0, FRAME_BYTES };

	(void)state;
	memset(whole + 4, 0xff, ETH_ALEN);
	whole[4 + 12] = 8;
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		struct cable *c = cable_create(reads[i].stream);

		assert_true(write(c->peer, reads[i].stream ? whole : whole + 4,
				  reads[i].stream ? sizeof(whole) : FRAME_BYTES) > 0);
		calls.read_error = reads[i].error;
		ready(c);
		assert_int_equal(netif_carrier_ok(c->dev), reads[i].carrier);
		ready(c);
		assert_int_equal(c->got_count, reads[i].carrier); /* it was not lost */
		cable_destroy(c);
	}
}

/* ------------------------------------------------------------------ many */

static void many_errors_neither_double_nor_reorder(void **state)
{
	(void)state;
	for (u32 seed = 1; seed <= 40; seed++) {
		struct cable *c = cable_create(seed & 1);
		const struct netdev_stats *stats = &c->dev->stats;

		calls.random = seed * 7919;
		for (u32 i = 1; i <= MANY; i++) {
			send_numbered(c, i);
			if (i % 16 == seed % 16)
				ready(c);
			if (i % 64 == 0)
				see_what_came(c);
		}
		calls.random = 0;
		for (u32 turn = 0; turn < 20; turn++) { /* the other end has room for some only */
			ready(c);
			see_what_came(c);
		}
		assert_int_equal(c->seen_count, stats->tx_packets);
		assert_int_equal(stats->tx_packets + stats->tx_errors + dropped(&c->w, SKB_DROP_REASON_QDISC_DROP),
				 MANY);
		assert_true(stats->tx_errors <= calls.refused);
		assert_true(c->seen_count > MANY / 2);
		cable_destroy(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_error_of_a_write_costs_what_it_must),
		cmocka_unit_test(each_error_of_a_read_is_survived),
		cmocka_unit_test(many_errors_neither_double_nor_reorder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
