// SPDX-License-Identifier: BSD-2-Clause
/* One host, several threads: each has a queue of the same TAP device, and serves what comes in by it.
 *
 *	cc -o workers workers.c $(pkg-config --cflags --libs nethood) -pthread
 *	ip tuntap add dev nh0 mode tap multi_queue user $USER
 *	./workers nh0 10.77.0.2 7 2
 *
 * Who connects is told which of them it was.
 */
#include "host.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WORKERS_MAX 8

/* A thread, its net, its queue, and how others wake it. */
struct worker {
	struct host host;
	uint32_t index;
	int event;
	pthread_t thread;
};

static struct worker workers[WORKERS_MAX];
static bool over;

/* Another worker has something for this one.  It is asleep, or will look before it goes to sleep. */
static void wake(void *ctx, uint32_t worker)
{
	const uint64_t one = 1;

	(void)ctx;
	if (write(workers[worker].event, &one, sizeof(one)) < 0)
		must(-errno, "wake");
}

static void on_listener(void *ctx, struct nethood_sock *listener, uint32_t events)
{
	const struct worker *w = ctx;
	struct nethood_sock *sk;
	char text[32];

	(void)events;
	while (!nethood_accept(listener, &sk, NULL, NULL)) {
		int len = snprintf(text, sizeof(text), "worker %u\n", (unsigned)w->index);

		(void)nethood_sendto(sk, text, (size_t)len, 0, NULL, 0);
		nethood_close(sk);
	}
}

/* All listen on one port, and share it. */
static void listen_on(struct worker *w, const char *port)
{
	struct sockaddr_in any = address("0.0.0.0", port);
	struct nethood_sock *sk;
	int on = 1;

	must(nethood_socket(w->host.net, AF_INET, SOCK_STREAM, 0, &sk), "a socket");
	must(nethood_setsockopt(sk, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), "SO_REUSEPORT");
	must(nethood_bind(sk, (struct sockaddr *)&any, sizeof(any)), "bind");
	must(nethood_listen(sk, 128), "listen");
	nethood_on_ready(sk, on_listener, w);
}

/* As host_turn(), and it can be woken. */
static void *run(void *ctx)
{
	struct worker *w = ctx;
	struct pollfd fds[2] = { { .fd = w->event, .events = POLLIN }, { .events = POLLIN } };
	uint64_t ignored;

	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
		uint64_t due_ns = nethood_next_deadline(w->host.net), begin_ns = now_ns();
		uint64_t wait_ns = due_ns > begin_ns ? due_ns - begin_ns : 0;
		struct timespec wait = { (time_t)(wait_ns / 1000000000), (long)(wait_ns % 1000000000) };

		fds[1].fd = nethood_dev_fd(w->host.dev, NULL);
		ppoll(fds, 2, due_ns == UINT64_MAX ? NULL : &wait, NULL);
		if (read(w->event, &ignored, sizeof(ignored)) < 0 && errno != EAGAIN)
			must(-errno, "event");
		nethood_dev_fd_ready(w->host.dev);
		nethood_poll(w->host.net, now_ns());
	}
	return NULL;
}

/* The same device for each of them, in the same order; the first one sets it up. */
static struct nethood_workers *workers_init(uint32_t count, const char *tap, const char *ip, const char *port)
{
	struct nethood_config config = { .now_ns = now_ns() };
	struct nethood_dev_config dev = { .name = "eth0", .driver = "tap", .arg = tap, .fd = -1, .offload = true };
	struct nethood_workers *host;

	if (getrandom(config.random_key, sizeof(config.random_key), 0) < 0)
		must(-errno, "getrandom");
	must(nethood_workers_create(&config, count, wake, NULL, &host), "workers");
	for (uint32_t i = 0; i < count; i++) {
		struct worker *w = &workers[i];

		w->index = i;
		w->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		w->host.net = nethood_workers_net(host, i);
		must(nethood_dev_create(w->host.net, &dev, &w->host.dev), tap);
		listen_on(w, port);
	}
	host_configure(&workers[0].host, ip);
	return host;
}

int main(int argc, char **argv)
{
	uint32_t count = argc == 5 ? (uint32_t)atoi(argv[4]) : 0;
	struct nethood_workers *host;
	sigset_t end;
	int number;

	if (!count || count > WORKERS_MAX) {
		fprintf(stderr, "usage: %s TAP ADDRESS PORT WORKERS\n", argv[0]);
		return 2;
	}
	sigemptyset(&end);
	sigaddset(&end, SIGINT);
	sigaddset(&end, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &end, NULL);
	host = workers_init(count, argv[1], argv[2], argv[3]);
	for (uint32_t i = 0; i < count; i++)
		pthread_create(&workers[i].thread, NULL, run, &workers[i]);
	sigwait(&end, &number);
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < count; i++) {
		wake(NULL, i);
		pthread_join(workers[i].thread, NULL);
		close(workers[i].event);
	}
	nethood_workers_free(host);
	return 0;
}
