// SPDX-License-Identifier: BSD-2-Clause
/* What a script sees of connections: both opens, data, loss, the end, time. */
#include "drill.h"

static uint8_t data[65536], got[65536];

static long long rto_us(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	memset(&info, 0, sizeof(info));
	assert_int_equal(CALL(getsockopt, fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_state, 1);
	return info.tcpi_rto;
}

/* ---- opens */

static void an_accept_that_blocks_is_woken_by_the_last_ack(void **state)
{
	struct flow f = { .local_port = 8080, .remote_port = 4000, .remote_isn = 77 };
	struct job job = { .kind = JOB_ACCEPT, .fd = listening() };
	struct seg *s;
	long long acked;
	int fd;

	(void)state;
	begin(&job);
	give(&f, SYN, 0, 0, NULL, 0);
	s = take_is(&f, SYN | ACK, 0, 0, 1);
	assert_int_equal(s->mss, 1460);
	asleep(&job);
	CALL(usleep, 250000);
	asleep(&job);
	acked = now_us();
	give(&f, ACK, 1, 1, NULL, 0);
	CALL(usleep, 1000000); /* the clock stands until the thread has looked at it */
	fd = (int)end(&job);
	assert_true(fd >= 0);
	assert_in_range(job.end_us - acked, 1, 10);
	assert_true(now_us() - acked >= 1000000);
	assert_int_equal(CALL(close, fd), 0);
	take_is(&f, FIN | ACK, 1, 0, 1);
}

static void accept_tells_who_it_is(void **state)
{
	struct flow f = { .local_port = 8080, .remote_port = 4001, .remote_isn = 1 };
	struct sockaddr_in who, want = addr_of(REMOTE, 4001);
	socklen_t len = sizeof(who);
	int listener = listening(), fd;

	(void)state;
	set_nonblock(listener, true);
	REFUSED(EAGAIN, CALL(accept, listener, NULL, NULL));
	give(&f, SYN, 0, 0, NULL, 0);
	take_is(&f, SYN | ACK, 0, 0, 1);
	give(&f, ACK, 1, 1, NULL, 0);
	fd = CALL(accept, listener, (struct sockaddr *)&who, &len);
	assert_true(fd >= 0);
	assert_int_equal(len, sizeof(who));
	assert_memory_equal(&who, &want, sizeof(who));
	assert_int_equal(CALL(fcntl, fd, F_GETFL), O_RDWR); /* not inherited */
}

static void a_connect_that_blocks_is_woken_by_the_answer(void **state)
{
	struct flow f = { .remote_port = 80, .remote_isn = 500 };
	struct job job = { .kind = JOB_CONNECT, .fd = tcp_socket() };
	long long answered;

	(void)state;
	begin(&job);
	take_is(&f, SYN, 0, 0, 0);
	CALL(usleep, 10000);
	asleep(&job);
	answered = now_us();
	give(&f, SYN | ACK, 0, 1, NULL, 0);
	take_is(&f, ACK, 1, 0, 1);
	assert_int_equal(end(&job), 0);
	assert_in_range(job.end_us - answered, 1, 10);
	assert_int_equal(CALL(write, job.fd, "hello", 5), 5);
	take_is(&f, ACK | PSH, 1, 5, 1);
}

static void a_connect_that_is_refused_says_so(void **state)
{
	struct flow f = { .remote_port = 80 };
	struct job job = { .kind = JOB_CONNECT, .fd = tcp_socket() };

	(void)state;
	begin(&job);
	take_is(&f, SYN, 0, 0, 0);
	give(&f, RST | ACK, 0, 1, NULL, 0);
	assert_int_equal(end(&job), -1);
	assert_int_equal(errno, ECONNREFUSED);
}

static void a_connect_does_not_wait_longer_than_it_may(void **state)
{
	const struct timeval tv = { .tv_usec = 300000 };
	struct job job = { .kind = JOB_CONNECT, .fd = tcp_socket() };
	long long begun = now_us();

	(void)state;
	assert_int_equal(CALL(setsockopt, job.fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	begin(&job);
	CALL(usleep, 299990);
	asleep(&job);
	CALL(usleep, 1000000);
	assert_int_equal(end(&job), -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_in_range(job.end_us - begun, 300000, 300010);
}

static void a_connect_that_does_not_block(void **state)
{
	struct flow f = { .remote_port = 80, .remote_isn = 9 };
	struct sockaddr_in to = addr_of(REMOTE, 80);
	int fd = tcp_socket(), error = -1;
	struct pollfd p = { .fd = fd, .events = POLLOUT | POLLIN };
	socklen_t len = sizeof(error);

	(void)state;
	set_nonblock(fd, true);
	REFUSED(EINPROGRESS, CALL(connect, fd, (struct sockaddr *)&to, sizeof(to)));
	REFUSED(EALREADY, CALL(connect, fd, (struct sockaddr *)&to, sizeof(to)));
	assert_int_equal(CALL(poll, &p, 1, 0), 0);
	take_is(&f, SYN, 0, 0, 0);
	give(&f, SYN | ACK, 0, 1, NULL, 0);
	take_is(&f, ACK, 1, 0, 1);
	assert_int_equal(CALL(poll, &p, 1, 0), 1);
	assert_int_equal(p.revents, POLLOUT);
	assert_int_equal(CALL(getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	assert_int_equal(error, 0);
	assert_int_equal(CALL(connect, fd, (struct sockaddr *)&to, sizeof(to)), 0);
	REFUSED(EISCONN, CALL(connect, fd, (struct sockaddr *)&to, sizeof(to)));
}

static void a_syn_is_sent_again_at_the_microsecond(void **state)
{
	struct flow f = { .remote_port = 80 };
	struct sockaddr_in to = addr_of(REMOTE, 80);
	int fd = tcp_socket();
	long long first;

	(void)state;
	set_nonblock(fd, true);
	assert_int_equal(CALL(connect, fd, (struct sockaddr *)&to, sizeof(to)), -1);
	first = take_is(&f, SYN, 0, 0, 0)->time_us;
	CALL(usleep, 999999);
	CALL(usleep, 100000); /* it waits to be taken, with the time when it left */
	assert_int_equal(take_is(&f, SYN, 0, 0, 0)->time_us - first, 1000000);
	assert_true(take_is(&f, SYN, 0, 0, 0)->time_us - first >= 2000000);
}

/* ---- data */

static void what_comes_is_read_by_each_call(void **state)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct iovec iov[2] = { { got, 100 }, { got + 200, 100 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct flow f;
	int fd = accepted(listening(), &f);

	(void)state;
	fill(data, 1000, 0);
	give(&f, ACK | PSH, 1, 1, data, 1000);
	assert_int_equal(CALL(read, fd, got, 100), 100);
	assert_memory_equal(got, data, 100);
	assert_int_equal(CALL(recv, fd, got, 100, MSG_PEEK), 100);
	assert_int_equal(CALL(recv, fd, got, 100, 0), 100);
	assert_memory_equal(got, data + 100, 100);
	assert_int_equal(CALL(recvfrom, fd, got, 100, 0, (struct sockaddr *)&from, &len), 100);
	assert_memory_equal(got, data + 200, 100);
	assert_int_equal(CALL(readv, fd, iov, 2), 200);
	assert_memory_equal(got, data + 300, 100);
	assert_memory_equal(got + 200, data + 400, 100);
	assert_int_equal(CALL(recvmsg, fd, &msg, 0), 200);
	assert_memory_equal(got, data + 500, 100);
	assert_memory_equal(got + 200, data + 600, 100);
	assert_int_equal(CALL(read, fd, got, sizeof(got)), 300);
	assert_memory_equal(got, data + 700, 300);
	REFUSED(EAGAIN, CALL(recv, fd, got, 1, MSG_DONTWAIT));
	give(&f, FIN | ACK, 1001, 1, NULL, 0);
	assert_int_equal(CALL(read, fd, got, 1), 0);
}

static void what_is_written_by_each_call_goes_out(void **state)
{
	struct sockaddr_in to = addr_of(REMOTE, 80);
	struct iovec iov[2] = { { data + 300, 50 }, { data + 350, 50 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct flow f;
	int fd = accepted(listening(), &f);

	(void)state;
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	fill(data, 1000, 0);
	assert_int_equal(CALL(write, fd, data, 100), 100);
	assert_memory_equal(take_is(&f, ACK, 1, 100, 1)->data, data, 100);
	assert_int_equal(CALL(send, fd, data + 100, 100, 0), 100);
	assert_memory_equal(take_is(&f, ACK, 101, 100, 1)->data, data + 100, 100);
	assert_int_equal(CALL(sendto, fd, data + 200, 100, 0, (struct sockaddr *)&to, sizeof(to)), 100);
	assert_memory_equal(take_is(&f, ACK, 201, 100, 1)->data, data + 200, 100);
	assert_int_equal(CALL(writev, fd, iov, 2), 100);
	assert_memory_equal(take_is(&f, ACK, 301, 100, 1)->data, data + 300, 100);
	assert_int_equal(CALL(sendmsg, fd, &msg, 0), 100);
	assert_memory_equal(take_is(&f, ACK, 401, 100, 1)->data, data + 300, 100);
	assert_int_equal(CALL(send, fd, data, 10, MSG_MORE), 10);
	assert_int_equal(CALL(send, fd, data + 10, 10, 0), 10);
	assert_memory_equal(take_is(&f, ACK, 501, 20, 1)->data, data, 20);
}

static void a_read_that_blocks_is_woken_by_data(void **state)
{
	struct flow f;
	struct job job = { .kind = JOB_READ, .buf = got, .bytes = 1000 };
	long long given;

	(void)state;
	job.fd = accepted(listening(), &f);
	fill(data, 400, 0);
	begin(&job);
	CALL(usleep, 5000000);
	asleep(&job);
	given = now_us();
	give(&f, ACK | PSH, 1, 1, data, 400);
	assert_int_equal(end(&job), 400);
	assert_memory_equal(got, data, 400);
	assert_in_range(job.end_us - given, 1, 10);
	begin(&job);
	give(&f, RST | ACK, 401, 1, NULL, 0);
	assert_int_equal(end(&job), -1);
	assert_int_equal(errno, ECONNRESET);
}

static void a_read_of_all_waits_for_all(void **state)
{
	struct flow f;
	struct job job = { .kind = JOB_RECV_ALL, .buf = got, .bytes = 1000 };

	(void)state;
	job.fd = accepted(listening(), &f);
	fill(data, 1000, 0);
	begin(&job);
	give(&f, ACK, 1, 1, data, 600);
	CALL(usleep, 1000);
	asleep(&job);
	give(&f, ACK, 601, 1, data + 600, 400);
	assert_int_equal(end(&job), 1000);
	assert_memory_equal(got, data, 1000);
	job.kind = JOB_READ;
	set_option(job.fd, SOL_SOCKET, SO_RCVLOWAT, 500);
	begin(&job);
	give(&f, ACK, 1001, 1, data, 499);
	CALL(usleep, 1000);
	asleep(&job);
	give(&f, ACK, 1500, 1, data + 499, 1);
	assert_int_equal(end(&job), 500);
}

static void a_read_does_not_wait_longer_than_it_may(void **state)
{
	const struct timeval tv = { .tv_usec = 70000 };
	struct flow f;
	struct job job = { .kind = JOB_READ, .buf = got, .bytes = 1000 };
	long long begun;

	(void)state;
	job.fd = accepted(listening(), &f);
	assert_int_equal(CALL(setsockopt, job.fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	begun = now_us();
	begin(&job);
	CALL(usleep, 60000);
	asleep(&job);
	CALL(usleep, 3600000000U); /* however far it goes at once */
	assert_int_equal(end(&job), -1);
	assert_int_equal(errno, EAGAIN);
	assert_in_range(job.end_us - begun, 70000, 70010);
}

static void a_write_that_blocks_goes_on_when_there_is_room(void **state)
{
	const size_t bytes = 60000;
	struct flow f;
	struct job job = { .kind = JOB_WRITE, .buf = data, .bytes = bytes };
	uint32_t seen = 1;

	(void)state;
	job.fd = accepted(listening(), &f);
	set_option(job.fd, SOL_SOCKET, SO_SNDBUF, 10000);
	fill(data, bytes, 0);
	begin(&job);
	while (seen < 1 + bytes) {
		struct seg *s = take(&f);

		assert_int_equal(s->seq, seen);
		assert_memory_equal(s->data, data + seen - 1, s->bytes);
		seen += (uint32_t)s->bytes;
		CALL(usleep, 100);
		give(&f, ACK, 1, seen, NULL, 0);
	}
	assert_int_equal(end(&job), bytes);
}

static void segments_longer_than_the_mtu_go_both_ways(void **state)
{
	const size_t in = 30000, out = 14600;
	struct flow f;
	int fd = accepted(listening(), &f);
	struct seg *s;
	size_t all = 0;

	(void)state;
	fill(data, in, 0);
	give(&f, ACK | PSH, 1, 1, data, in);
	take_is(&f, ACK, 1, 0, 1 + (uint32_t)in);
	assert_int_equal(CALL(read, fd, got, sizeof(got)), in);
	assert_memory_equal(got, data, in);
	fill(data, out, 0);
	assert_int_equal(CALL(write, fd, data, out), out);
	s = take(&f);
	assert_true(s->raw_bytes > 1500); /* one packet, whose sums are right */
	for (;; s = take(&f)) {
		if (s->bytes) {
			assert_int_equal(s->seq, 1 + all);
			assert_memory_equal(s->data, data + all, s->bytes);
		}
		all += s->bytes;
		if (all == out)
			break;
	}
}

/* ---- loss */

static void data_are_sent_again_at_the_microsecond(void **state)
{
	struct flow f;
	int fd = accepted(listening(), &f);
	long long first, again, rto = rto_us(fd);

	(void)state;
	assert_true(rto >= 200000);
	assert_int_equal(CALL(write, fd, "data", 4), 4);
	first = take_is(&f, ACK, 1, 4, 1)->time_us;
	again = take_is(&f, ACK, 1, 4, 1)->time_us;
	assert_int_equal(again - first, rto);
	give(&f, ACK, 1, 5, NULL, 0);
}

static void three_duplicates_bring_the_lost_one(void **state)
{
	static const uint8_t sack[] = { 1, 1, 4, 2 };
	struct flow f = { .local_port = 8080, .remote_port = 4444, .remote_isn = 5 };
	int listener = listening(), fd;
	uint8_t block[12] = { 1, 1, 5, 10 };
	uint32_t left;

	(void)state;
	give_options(&f, SYN, 0, 0, sack, sizeof(sack), NULL, 0);
	assert_true(take_is(&f, SYN | ACK, 0, 0, 1)->sack_ok);
	CALL(usleep, 100000);
	give(&f, ACK, 1, 1, NULL, 0);
	fd = CALL(accept, listener, NULL, NULL);
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(CALL(write, fd, data, 100), 100);
		take_is(&f, ACK, 1 + 100 * i, 100, 1);
	}
	CALL(usleep, 100000);
	left = htonl(f.local_isn + 101);
	memcpy(block + 4, &left, 4);
	for (uint32_t i = 2; i <= 4; i++) {
		uint32_t right = htonl(f.local_isn + 1 + 100 * i);

		memcpy(block + 8, &right, 4);
		give_options(&f, ACK, 1, 1, block, sizeof(block), NULL, 0);
	}
	take_is(&f, ACK, 1, 100, 1);
	give(&f, ACK, 1, 401, NULL, 0);
	assert_int_equal(CALL(shutdown, fd, SHUT_WR), 0);
	take_is(&f, FIN | ACK, 401, 0, 1);
}

static void a_smaller_path_is_learned_from_icmp(void **state)
{
	struct flow f;
	int fd = accepted(listening(), &f);
	struct tcp_info info = { .tcpi_state = 0 };
	socklen_t len = sizeof(info);
	struct seg *s;

	(void)state;
	assert_int_equal(CALL(write, fd, data, 1460), 1460);
	s = take_is(&f, ACK, 1, 1460, 1);
	give_icmp(3, 4, 1000, s);
	s = take_is(&f, ACK, 1, 1460, 1); /* two segments of the new size, in one packet */
	assert_int_equal(CALL(getsockopt, fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_snd_mss, 960);
	assert_int_equal(info.tcpi_pmtu, 1000);
	assert_int_equal(info.tcpi_retransmits + info.tcpi_total_retrans > 0, 1);
}

/* ---- ends */

static void a_close_sends_a_fin_and_an_unread_one_a_reset(void **state)
{
	int listener = listening(), fd;
	struct flow f;

	(void)state;
	fd = accepted(listener, &f);
	assert_int_equal(CALL(close, fd), 0);
	take_is(&f, FIN | ACK, 1, 0, 1);
	give(&f, FIN | ACK, 1, 2, NULL, 0);
	take_is(&f, ACK, 2, 0, 2);
	REFUSED(EBADF, CALL(close, fd));
	fd = accepted(listener, &f);
	give(&f, ACK, 1, 1, data, 10);
	take_is(&f, ACK, 1, 0, 11);
	assert_int_equal(CALL(close, fd), 0);
	take_is(&f, RST | ACK, 1, 0, 11);
}

static void shutdown_ends_one_direction(void **state)
{
	struct flow f;
	int fd = accepted(listening(), &f);

	(void)state;
	REFUSED(EINVAL, CALL(shutdown, fd, 7));
	assert_int_equal(CALL(shutdown, fd, SHUT_WR), 0);
	take_is(&f, FIN | ACK, 1, 0, 1);
	REFUSED(EPIPE, CALL(write, fd, data, 1)); /* and no signal */
	give(&f, ACK, 1, 2, data, 10);
	assert_int_equal(CALL(read, fd, got, 100), 10);
	give(&f, FIN | ACK, 11, 2, NULL, 0);
	assert_int_equal(CALL(read, fd, got, 100), 0);
	REFUSED(ENOTCONN, CALL(shutdown, tcp_socket(), SHUT_RDWR));
}

static void a_close_that_lingers_waits_for_the_ack(void **state)
{
	const struct linger l = { .l_onoff = 1, .l_linger = 10 };
	int listener = listening();
	struct job job = { .kind = JOB_CLOSE };
	struct flow f;
	long long acked;

	(void)state;
	job.fd = accepted(listener, &f);
	assert_int_equal(CALL(setsockopt, job.fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	begin(&job);
	take_is(&f, FIN | ACK, 1, 0, 1);
	CALL(usleep, 50000);
	asleep(&job);
	acked = now_us();
	give(&f, ACK, 1, 2, NULL, 0);
	assert_int_equal(end(&job), 0);
	assert_in_range(job.end_us - acked, 1, 10);
	job.fd = accepted(listener, &f);
	assert_int_equal(CALL(setsockopt, job.fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	acked = now_us();
	begin(&job);
	CALL(usleep, 20000000);
	assert_int_equal(end(&job), 0);
	assert_in_range(job.end_us - acked, 10000000, 10000010);
}

static void fast_open_asks_for_a_cookie(void **state)
{
	struct flow f = { .remote_port = 80, .remote_isn = 3 };
	struct sockaddr_in to = addr_of(REMOTE, 80);
	int fd = tcp_socket();

	(void)state;
	set_nonblock(fd, true);
	REFUSED(EINPROGRESS, CALL(sendto, fd, data, 100, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof(to)));
	assert_true(take_is(&f, SYN, 0, 0, 0)->fastopen);
	give(&f, SYN | ACK, 0, 1, NULL, 0);
	take_is(&f, ACK, 1, 0, 1);
	assert_int_equal(CALL(write, fd, data, 100), 100);
	take_is(&f, ACK, 1, 100, 1);
}

/* ---- the clock */

static void the_clock_moves_by_calls_only(void **state)
{
	struct timeval before, after;
	struct timezone tz = { 1, 1 };
	long long t;

	(void)state;
	assert_int_equal(CALL(gettimeofday, &before, &tz), 0);
	usleep(20000); /* the machine's time does not matter */
	assert_int_equal(CALL(gettimeofday, &after, NULL), 0);
	assert_int_equal((after.tv_sec - before.tv_sec) * 1000000 + after.tv_usec - before.tv_usec, 1);
	t = now_us();
	assert_int_equal(CALL(usleep, 123456), 0);
	assert_int_equal(now_us() - t, 123457);
	for (int i = 0; i < 1000; i++)
		assert_true(now_us() > t + i);
}

static void when_nothing_leaves_receiving_ends(void **state)
{
	long long t = now_us(), at = 0;
	size_t len = sizeof(got);

	(void)state;
	assert_int_equal(CALL(netdev_receive, got, &len, &at), 0);
	assert_int_equal(len, 0);
	assert_true(now_us() - t > 7200000000LL); /* longer than any silence that a script expects */
}

static void a_packet_is_taken_as_far_as_there_is_room(void **state)
{
	struct sockaddr_in to = addr_of(REMOTE, 80);
	size_t len[] = { 30, 0, 1000 }, want[] = { 30, 128, 128 };
	int fd = CALL(socket, AF_INET, SOCK_DGRAM, 0);
	long long at;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(CALL(sendto, fd, data, 100, 0, (struct sockaddr *)&to, sizeof(to)), 100);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(CALL(netdev_receive, got, &len[i], &at), 0);
		assert_int_equal(len[i], want[i]);
	}
}

static void a_packet_of_no_ip_version_is_refused(void **state)
{
	(void)state;
	memset(data, 0, 40);
	REFUSED(EINVAL, CALL(netdev_send, data, 40));
	REFUSED(EMSGSIZE, CALL(netdev_send, data, 0));
}

static void sysctls_are_those_of_the_namespace(void **state)
{
	static const struct {
		const char *name, *value, *usual;
	} rows[] = {
		{ "tcp_timestamps", "0", "1" },
		{ "tcp_sack", "0", "1" },
		{ "tcp_window_scaling", "0", "1" },
		{ "tcp_syn_linear_timeouts", "0", "4" },
	};
	struct sockaddr_in to = addr_of(REMOTE, 80);
	struct seg *s;

	if (!own_netns)
		skip();
	for (int set = 1; set >= 0; set--) {
		struct flow f = { .remote_port = 80 };
		long long first;
		int fd;

		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			assert_true(sysctl_write(rows[i].name, set ? rows[i].value : rows[i].usual));
		if (set) { /* then what has changed since */
			host_end(state);
			host_begin(state);
		}
		fd = tcp_socket();
		set_nonblock(fd, true);
		assert_int_equal(CALL(connect, fd, (struct sockaddr *)&to, sizeof(to)), -1);
		s = take_is(&f, SYN, 0, 0, 0);
		assert_int_equal(s->mss, 1460);
		assert_int_equal(s->timestamp, !set);
		assert_int_equal(s->sack_ok, !set);
		assert_int_equal(s->wscale >= 0, !set);
		first = s->time_us;
		take(&f);
		assert_int_equal(take(&f)->time_us - first, set ? 3000000 : 2000000);
	}
}

const struct CMUnitTest tcp_tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, host_begin, host_end)
	TEST(an_accept_that_blocks_is_woken_by_the_last_ack),
	TEST(accept_tells_who_it_is),
	TEST(a_connect_that_blocks_is_woken_by_the_answer),
	TEST(a_connect_that_is_refused_says_so),
	TEST(a_connect_does_not_wait_longer_than_it_may),
	TEST(a_connect_that_does_not_block),
	TEST(a_syn_is_sent_again_at_the_microsecond),
	TEST(what_comes_is_read_by_each_call),
	TEST(what_is_written_by_each_call_goes_out),
	TEST(a_read_that_blocks_is_woken_by_data),
	TEST(a_read_of_all_waits_for_all),
	TEST(a_read_does_not_wait_longer_than_it_may),
	TEST(a_write_that_blocks_goes_on_when_there_is_room),
	TEST(segments_longer_than_the_mtu_go_both_ways),
	TEST(data_are_sent_again_at_the_microsecond),
	TEST(three_duplicates_bring_the_lost_one),
	TEST(a_smaller_path_is_learned_from_icmp),
	TEST(a_close_sends_a_fin_and_an_unread_one_a_reset),
	TEST(shutdown_ends_one_direction),
	TEST(a_close_that_lingers_waits_for_the_ack),
	TEST(fast_open_asks_for_a_cookie),
	TEST(the_clock_moves_by_calls_only),
	TEST(when_nothing_leaves_receiving_ends),
	TEST(a_packet_is_taken_as_far_as_there_is_room),
	TEST(a_packet_of_no_ip_version_is_refused),
	TEST(sysctls_are_those_of_the_namespace),
};
const size_t tcp_test_count = sizeof(tcp_tests) / sizeof(tcp_tests[0]);
