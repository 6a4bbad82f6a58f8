// SPDX-License-Identifier: BSD-2-Clause
/* race THREADS ROUNDS: threads that send, receive, copy, close and fork with the same sockets, all at once.
 *
 * Any call may fail, since another thread may have closed what it is about; none may hang, and no octet may come that
 * nobody has sent.  Ends with 0.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKETS 8
#define PORT 4100

static _Atomic int fds[SOCKETS];
static atomic_uint received, strange;
static unsigned rounds;

static int make(unsigned i)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons((uint16_t)(PORT + i)) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		(void)!bind(fd, (struct sockaddr *)&sin, sizeof(sin));
	}
	return fd;
}

static void replace(unsigned i)
{
	int old = atomic_exchange(&fds[i], -1);

	if (old >= 0)
		close(old);
	old = make(i);
	old = atomic_exchange(&fds[i], old);
	if (old >= 0)
		close(old);
}

static void exchange(int fd, unsigned to)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons((uint16_t)(PORT + to)) };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[64];
	ssize_t n;

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)!sendto(fd, "race", 4, MSG_NOSIGNAL, (struct sockaddr *)&sin, sizeof(sin));
	poll(&p, 1, 1);
	n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	if (n > 0) {
		received++;
		if (n != 4 || memcmp(buf, "race", 4))
			strange++;
	}
}

static void copy(int fd)
{
	int other = dup(fd);

	exchange(other, 1);
	if (other >= 0)
		close(other);
}

static void child(int fd)
{
	pid_t pid = fork();

	if (!pid) {
		exchange(fd, 2);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void *run(void *arg)
{
	unsigned seed = (unsigned)(size_t)arg * 2654435761U;

	for (unsigned i = 0; i < rounds; i++) {
		unsigned which = (unsigned)rand_r(&seed) % SOCKETS, what = (unsigned)rand_r(&seed) % 100;
		int fd = atomic_load(&fds[which]);

		if (what < 4)
			replace(which);
		else if (what < 10)
			copy(fd);
		else if (what < 11)
			child(fd);
		else
			exchange(fd, (unsigned)rand_r(&seed) % SOCKETS);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned threads = argc > 1 ? (unsigned)atoi(argv[1]) : 8;
	pthread_t *t = calloc(threads, sizeof(*t));

	rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 100;
	for (unsigned i = 0; i < SOCKETS; i++)
		fds[i] = make(i);
	for (unsigned i = 0; t && i < threads; i++) {
		if (pthread_create(&t[i], NULL, run, (void *)(size_t)(i + 1)))
			return 2;
	}
	for (unsigned i = 0; t && i < threads; i++)
		pthread_join(t[i], NULL);
	free(t);
	printf("%u received, %u strange\n", received, strange);
	return strange || !received;
}
