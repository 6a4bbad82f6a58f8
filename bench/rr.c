// SPDX-License-Identifier: BSD-2-Clause
/* Request and response of one octet by write(2) and read(2), as an ordinary program does it.
 *
 *   rr serve PORT            for ever, one connection at a time
 *   rr ask ADDRESS PORT N    N of them; printed: us at the median, us of one in a hundred, us of all by their number
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int tcp_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		die("socket");
	return fd;
}

static void serve(u16 port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
	int listener = tcp_socket(), on = 1;
	char c;

	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) || listen(listener, 8))
		die("listen");
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		while (read(fd, &c, 1) == 1 && write(fd, &c, 1) == 1)
			;
		close(fd);
	}
}

static void ask(const char *address, u16 port, u32 n)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
	double *took = malloc(n * sizeof(*took)), all = 0;
	int fd = tcp_socket();
	char c = 'x';

	if (!took || inet_pton(AF_INET, address, &addr.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("connect");
	for (u32 i = 0; i < n + n / 10; i++) {
		u32 at = i < n / 10 ? 0 : i - n / 10; /* the first ones do not count */
		double t = now_ns();

		if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1)
			die("no answer");
		took[at] = now_ns() - t;
	}
	for (u32 i = 0; i < n; i++)
		all += took[i];
	qsort(took, n, sizeof(*took), bench_by_value);
	printf("%.2f %.2f %.2f\n", took[n / 2] / 1000, took[(u32)(n * 0.99)] / 1000, all / n / 1000);
	free(took);
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "serve")) {
		serve((u16)atoi(argv[2]));
	} else if (argc == 5 && !strcmp(argv[1], "ask") && atoi(argv[4]) > 0) {
		ask(argv[2], (u16)atoi(argv[3]), (u32)atoi(argv[4]));
	} else {
		fprintf(stderr, "usage: rr serve PORT | rr ask ADDRESS PORT N\n");
		return 2;
	}
	return 0;
}
