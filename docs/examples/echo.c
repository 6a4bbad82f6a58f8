// SPDX-License-Identifier: BSD-2-Clause
/* An echo server on a network stack of its own.
 *
 *	cc -o echo echo.c $(pkg-config --cflags --libs nethood)
 *	./echo nh0 10.77.0.2 7		frames come and go by the TAP device nh0; 10.77.0.2/24 is our address
 *
 * What a client sends is sent back from where it came in: it is read in place, and nothing is kept in between.
 */
#include "host.h"

#include <signal.h>
#include <sys/epoll.h>

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

/* There is something to read, or room to send: what is not taken stays where it is, and its sender has to wait. */
static void on_client(void *ctx, struct nethood_sock *sk, uint32_t events)
{
	struct iovec piece[16];
	ssize_t n;

	(void)ctx;
	(void)events;
	for (;;) {
		struct msghdr msg = { .msg_iov = piece, .msg_iovlen = 16 };

		n = nethood_recv_borrow(sk, &msg);
		if (n > 0)
			n = nethood_sendmsg(sk, &msg, 0);
		if (n <= 0)
			break;
		nethood_recv_consume(sk, (size_t)n);
	}
	if (n != -EAGAIN) /* 0: it says goodbye; else its connection broke */
		nethood_close(sk);
}

static void on_listener(void *ctx, struct nethood_sock *listener, uint32_t events)
{
	struct nethood_sock *sk;

	(void)ctx;
	(void)events;
	while (!nethood_accept(listener, &sk, NULL, NULL)) {
		nethood_on_ready(sk, on_client, NULL);
		on_client(NULL, sk, EPOLLIN); /* it may have spoken already */
	}
}

int main(int argc, char **argv)
{
	struct sigaction end = { .sa_handler = on_signal };
	struct nethood_sock *listener;
	struct sockaddr_in any;
	struct host h;

	if (argc != 4) {
		fprintf(stderr, "usage: %s TAP ADDRESS PORT\n", argv[0]);
		return 2;
	}
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	host_init(&h, argv[1], argv[2]);
	any = address("0.0.0.0", argv[3]);
	must(nethood_socket(h.net, AF_INET, SOCK_STREAM, 0, &listener), "a socket");
	must(nethood_bind(listener, (struct sockaddr *)&any, sizeof(any)), "bind");
	must(nethood_listen(listener, 128), "listen");
	nethood_on_ready(listener, on_listener, NULL);
	while (!stop)
		host_turn(&h);
	host_fini(&h);
	return 0;
}
