// SPDX-License-Identifier: BSD-2-Clause
/* One host with several workers on a TAP device of several queues: how much more do two of them send than one?
 *
 * Each worker has a thread, a processor, a queue and a socket.  Time is what passes, not processor time.  What the
 * device itself gains is measured beside it: the same frames by bare write(2), in as many threads.
 */
#include <pthread.h>

#include "dev_lab.h"

#define WORKERS_MAX 8U

struct team;

/** struct member - one thread */
struct member {
	struct team *team;
	u32 index;
	pthread_t thread;
	struct nethood_net *net;
	struct nethood_sock *sk;
	int tap; /* of bare writes */
	int far; /* who gets it, in the kernel: each has its own, so that they do not meet there */
};

struct team {
	struct nethood_workers *host;
	u32 size, count; /* datagrams of each */
	pthread_barrier_t begin, end;
	void (*work)(struct member *m);
	struct member members[WORKERS_MAX];
};

static struct sockaddr_in name_of(u32 host, u32 index)
{
	struct sockaddr_in name = udp_addr(host);

	name.sin_port = htons((uint16_t)(LAB_PORT + index));
	return name;
}

/* ------------------------------------------------------------------ work */

#define POLL_EVERY 64U

static void send_by_socket(struct member *m)
{
	for (u32 i = 0; i < m->team->count; i++) {
		if (nethood_sendto(m->sk, "x", 1, 0, NULL, 0) != 1)
			die("nethood_sendto");
		if (i % POLL_EVERY == 0)
			nethood_poll(m->net, (u64)now_ns());
	}
	while (nethood_poll(m->net, (u64)now_ns()))
		;
}

static void send_bare(struct member *m)
{
	u8 frame[64];
	size_t len = bare_frame(frame);

	for (u32 i = 0; i < m->team->count; i++) {
		if (write(m->tap, frame, len) != (ssize_t)len)
			die("write");
	}
}

static void *member_run(void *ctx)
{
	struct member *m = ctx;

	lab_pin(m->index);
	pthread_barrier_wait(&m->team->begin);
	m->team->work(m);
	pthread_barrier_wait(&m->team->end);
	return NULL;
}

/* Return: time that passed for one datagram */
static double team_run(struct team *t)
{
	double took;

	pthread_barrier_init(&t->begin, NULL, t->size + 1);
	pthread_barrier_init(&t->end, NULL, t->size + 1);
	for (u32 i = 0; i < t->size; i++)
		pthread_create(&t->members[i].thread, NULL, member_run, &t->members[i]);
	pthread_barrier_wait(&t->begin);
	took = now_ns();
	pthread_barrier_wait(&t->end);
	took = now_ns() - took;
	for (u32 i = 0; i < t->size; i++)
		pthread_join(t->members[i].thread, NULL);
	pthread_barrier_destroy(&t->begin);
	pthread_barrier_destroy(&t->end);
	return took / t->count / t->size;
}

/* ------------------------------------------------------------------ set up */

static void wake(void *ctx, uint32_t worker)
{
	(void)ctx;
	(void)worker; /* nobody sleeps */
}

static void team_init(struct team *t, u32 size, void (*work)(struct member *m))
{
	memset(t, 0, sizeof(*t));
	t->size = size < WORKERS_MAX ? size : WORKERS_MAX;
	t->count = ops(SMALL_BATCHES * LAB_BATCH);
	t->work = work;
	for (u32 i = 0; i < t->size; i++)
		t->members[i] = (struct member){ .team = t, .index = i, .tap = -1 };
	if (unshare(CLONE_NEWNET))
		die("unshare");
}

/* The kernel's sockets: what they do not read is lost there. */
static void far_init(struct team *t)
{
	lab_tap_up("t0", 1, 2);
	for (u32 i = 0; i < t->size; i++) {
		struct sockaddr_in name = name_of(1, i);

		t->members[i].far = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (bind(t->members[i].far, (struct sockaddr *)&name, sizeof(name)))
			die("bind");
	}
}

static void sockets_init(struct team *t)
{
	for (u32 i = 0; i < t->size; i++) {
		struct sockaddr_in addr = name_of(2, i), peer = name_of(1, i);
		struct member *m = &t->members[i];

		if (nethood_socket(m->net, AF_INET, SOCK_DGRAM, 0, &m->sk) ||
		    nethood_bind(m->sk, (struct sockaddr *)&addr, sizeof(addr)) ||
		    nethood_connect(m->sk, (struct sockaddr *)&peer, sizeof(peer)))
			die("udp");
	}
}

static void host_init(struct team *t)
{
	const u8 mac[6] = { 2, 0, 0, 0, 0, 2 };
	struct nethood_config config = { .now_ns = (u64)now_ns(), .random_key = { 1 } };
	struct nethood_dev_config dev = {
		.name = "eth0", .driver = "tap", .arg = "t0", .fd = -1, .lladdr = mac, .offload = true
	};
	struct nethood_dev *made = NULL;

	if (nethood_workers_create(&config, t->size, wake, NULL, &t->host))
		die("no host");
	for (u32 i = 0; i < t->size; i++) {
		t->members[i].net = nethood_workers_net(t->host, i);
		if (nethood_dev_create(t->members[i].net, &dev, &made))
			die("no device");
	}
	far_init(t);
	lan_configure(t->members[0].net, nethood_dev_ifindex(made), 2, 1);
	for (u32 round = 0; round < 100; round++) { /* all get to know it */
		for (u32 i = 0; i < t->size; i++)
			nethood_poll(t->members[i].net, (u64)now_ns());
	}
	sockets_init(t);
}

static double workers_send(u32 size)
{
	struct team t;
	double took;

	team_init(&t, size, send_by_socket);
	host_init(&t);
	took = team_run(&t);
	nethood_workers_free(t.host);
	for (u32 i = 0; i < t.size; i++)
		close(t.members[i].far);
	return took;
}

static double threads_write(u32 size)
{
	struct team t;
	double took;

	team_init(&t, size, send_bare);
	for (u32 i = 0; i < t.size; i++)
		t.members[i].tap = lab_tap_open_queue("t0");
	far_init(&t);
	took = team_run(&t);
	for (u32 i = 0; i < t.size; i++) {
		close(t.members[i].tap);
		close(t.members[i].far);
	}
	return took;
}

static double one_sends(u32 size)
{
	(void)size;
	return workers_send(1);
}

static double one_writes(u32 size)
{
	(void)size;
	return threads_write(1);
}

static const struct bench rows[] = {
	{ "workers: TAP UDP 1 byte, sent by two", "one worker", 1 / 1.7, workers_send, one_sends, 2, true, NULL },
	{ "workers: bare writes by two", "one thread", 0, threads_write, one_writes, 2, false, NULL },
};

int main(int argc, char **argv)
{
	if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK)) {
		fprintf(stderr, "micro_workers: it takes a namespace and a TAP device: needs root\n");
		return 77; /* skipped */
	}
	return bench_main(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), &scale);
}
