// SPDX-License-Identifier: BSD-2-Clause
/* An HTTP client on a network stack of its own: GET a file to stdout, or PUT one.
 *
 *	cc -o http http.c $(pkg-config --cflags --libs nethood)
 *	./http nh0 10.77.0.2 10.77.0.1 8000 /index.html
 *	./http nh0 10.77.0.2 10.77.0.1 8000 /upload big.iso
 *
 * No octet of a file is copied on its way through this program and the stack: it is sent from the page cache, and what
 * comes is written out from the packets in which it came.
 */
#include "host.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/** struct upload - a file that is sent from where it is mapped */
struct upload {
	const char *data;
	size_t len, sent, released; /**< sent: the stack has it; released: and needs it no more */
};

static void map_file(struct upload *up, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		must(-errno, path);
	up->len = (size_t)st.st_size;
	up->data = up->len ? mmap(NULL, up->len, PROT_READ, MAP_PRIVATE, fd, 0) : "";
	if (up->data == MAP_FAILED)
		must(-errno, path);
	close(fd);
}

/* These octets have arrived (or never will): their memory may be used for something else. */
static void on_release(void *ctx, const void *data, size_t len)
{
	struct upload *up = ctx;

	(void)data;
	up->released += len;
}

static void send_file(struct nethood_sock *sk, struct upload *up)
{
	while (up->sent < up->len) {
		ssize_t n = nethood_send_zerocopy(sk, up->data + up->sent, up->len - up->sent, 0, on_release, up);

		if (n == -EAGAIN || n == -EPIPE || n == -ECONNRESET)
			return; /* no room for now; or the server wants no more of it, and its answer tells why */
		must(n, "send");
		up->sent += (size_t)n;
	}
}

/* Write out what has come, from where it lies.  Return: false: that was all */
static bool receive(struct nethood_sock *sk)
{
	struct iovec piece[64];

	for (;;) {
		struct msghdr msg = { .msg_iov = piece, .msg_iovlen = 64 };
		ssize_t n = nethood_recv_borrow(sk, &msg);

		if (n == -EAGAIN)
			return true;
		must(n, "receive");
		if (!n)
			return false;
		n = writev(STDOUT_FILENO, piece, (int)msg.msg_iovlen);
		must(n < 0 ? -errno : n, "stdout");
		nethood_recv_consume(sk, (size_t)n);
	}
}

static struct nethood_sock *connect_to(struct host *h, const struct sockaddr_in *to)
{
	struct nethood_sock *sk;
	int err;

	must(nethood_socket(h->net, AF_INET, SOCK_STREAM, 0, &sk), "a socket");
	/* called again, it says how it went */
	while ((err = nethood_connect(sk, (const struct sockaddr *)to, sizeof(*to))) == -EINPROGRESS ||
	       err == -EALREADY)
		host_turn(h);
	must(err, "connect");
	return sk;
}

int main(int argc, char **argv)
{
	struct upload up = { .data = "" };
	struct nethood_sock *sk;
	struct sockaddr_in to;
	char request[1024];
	struct host h;

	if (argc != 6 && argc != 7) {
		fprintf(stderr, "usage: %s TAP ADDRESS SERVER PORT PATH [FILE]\n", argv[0]);
		return 2;
	}
	if (argc == 7)
		map_file(&up, argv[6]);
	snprintf(request, sizeof(request), "%s %s HTTP/1.0\r\nHost: %s\r\nContent-Length: %zu\r\n\r\n",
		 argc == 7 ? "PUT" : "GET", argv[5], argv[3], up.len);
	host_init(&h, argv[1], argv[2]);
	to = address(argv[3], argv[4]);
	sk = connect_to(&h, &to);
	must(nethood_sendto(sk, request, strlen(request), up.len ? MSG_MORE : 0, NULL, 0), "send");
	do {
		send_file(sk, &up);
		host_turn(&h);
	} while (receive(sk));
	nethood_close(sk);
	while (up.released < up.sent) /* what the server has not acknowledged must still be there */
		host_turn(&h);
	host_fini(&h);
	return 0;
}
