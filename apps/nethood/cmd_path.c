// SPDX-License-Identifier: BSD-2-Clause
/* nethood path: the way of one packet, as it ran.
 *
 * Two nets, a wire between them, and a clock of our own.  One host sends a datagram to a neighbour that it does not know
 * yet: the datagram waits at S7, a question goes out, the answer comes, and the datagram goes on.  What is printed
 * is what the trace points said, in their order.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "commands.h"
#include "netconf.h"
#include "nethood/nethood.h"

#define HOPS_MAX 512
#define ROUNDS_MAX 1000
#define BEGIN_NS UINT64_C(1000000000)
#define SECOND_NS UINT64_C(1000000000)
#define PREFIX_BITS 24
#define PORT 4242

static const char *const titles[] = {
	"on the receive path",
	"the call on a socket",
	"bytes become a packet",
	"the transport's header",
	"route and IP header",
	"which route",
	"verdicts",
	"the next hop's neighbour",
	"who has this address?",
	"the device's queue",
	"the queue runs",
	"queueing discipline",
	"deferred work",
	"the frame leaves",
};

struct hop {
	uint64_t packet_id, now_ns;
	unsigned step;
	const char *func, *file, *drop;
	int line;
};

struct path {
	struct nethood_net *net[2];
	struct nethood_dev *dev[2];
	struct nethood_sock *receiver;
	uint64_t now_ns;
	struct hop hop[HOPS_MAX];
	unsigned hops;
};

/* "../src/dev/dev.c", wherever it was built: "dev/dev.c" */
static const char *below_src(const char *file)
{
	const char *at = file, *next;

	while ((next = strstr(at, "src/")))
		at = next + 4;
	return at;
}

static void seen(void *ctx, const struct nethood_hop *h)
{
	struct path *p = ctx;

	if (p->hops == HOPS_MAX)
		return;
	p->hop[p->hops++] = (struct hop){
		.packet_id = h->packet_id,
		.now_ns = h->now_ns,
		.step = h->step,
		.func = h->func,
		.file = below_src(h->file),
		.line = h->line,
		.drop = h->drop_reason,
	};
}

static struct in_addr address_of(unsigned i)
{
	return (struct in_addr){ htonl(0x0a4d0001 + i) };
}

static int make_host(struct path *p, unsigned i)
{
	const struct nethood_config cfg = { .hostname = i ? "b" : "a",
					    .random_key = { (uint8_t)(i + 1) },
					    .now_ns = BEGIN_NS };
	const uint8_t lladdr[6] = { 2, 0, 0, 0, 0, (uint8_t)(i + 1) };
	const struct nethood_dev_config dev = { .name = "eth0", .driver = "wire", .fd = -1, .lladdr = lladdr };
	struct netconf nc;
	int err = nethood_create(&cfg, &p->net[i]);

	if (!err)
		err = nethood_dev_create(p->net[i], &dev, &p->dev[i]);
	if (err)
		return err;
	err = netconf_open(&nc, p->net[i]);
	if (!err)
		err = netconf_link_up(&nc, nethood_dev_ifindex(p->dev[i]));
	if (!err)
		err = netconf_addr_add(&nc, nethood_dev_ifindex(p->dev[i]),
				       &(struct netaddr){ .family = AF_INET, .v4 = address_of(i) }, PREFIX_BITS, false);
	netconf_close(&nc);
	return err;
}

static int make_receiver(struct path *p)
{
	const struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int err = nethood_socket(p->net[1], AF_INET, SOCK_DGRAM, 0, &p->receiver);

	return err ? err : nethood_bind(p->receiver, (const struct sockaddr *)&sin, sizeof(sin));
}

/* Until both have nothing to do within a second. */
static void run(struct path *p)
{
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		uint64_t next = UINT64_MAX;

		for (unsigned i = 0; i < 2; i++)
			nethood_poll(p->net[i], p->now_ns);
		for (unsigned i = 0; i < 2; i++) {
			uint64_t due = nethood_next_deadline(p->net[i]);

			next = due < next ? due : next;
		}
		if (next > p->now_ns + SECOND_NS)
			return;
		if (next > p->now_ns)
			p->now_ns = next;
	}
}

static int send_one(struct path *p)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = address_of(1) };
	static const char text[] = "hello";
	char got[sizeof(text)];
	struct nethood_sock *sk;
	ssize_t n;
	int err = nethood_socket(p->net[0], AF_INET, SOCK_DGRAM, 0, &sk);

	if (err)
		return err;
	run(p); /* what belongs to the start of the hosts */
	nethood_trace(p->net[0], seen, p);
	n = nethood_sendto(sk, text, sizeof(text), 0, (const struct sockaddr *)&to, sizeof(to));
	if (n >= 0)
		run(p);
	nethood_trace(p->net[0], NULL, NULL);
	nethood_close(sk);
	if (n < 0)
		return (int)n;
	n = nethood_recvfrom(p->receiver, got, sizeof(got), 0, NULL, NULL);
	return n == (ssize_t)sizeof(text) && !memcmp(got, text, sizeof(text)) ? 0 : -EHOSTUNREACH;
}

/* ---- what is printed */

static const char *packet_name(const struct path *p, uint64_t id)
{
	return id == p->hop[0].packet_id ? "datagram" : "ARP";
}

static void print_text(const struct path *p)
{
	bool met[14] = { false };

	printf("%-5s%-10s%-28s%-32s%s\n", "step", "packet", "function", "file", "what happens");
	for (unsigned i = 0; i < p->hops; i++) {
		const struct hop *h = &p->hop[i];
		unsigned step = h->step < 14 ? h->step : 0;
		char label[8], place[64];

		if (!step)
			continue;
		snprintf(label, sizeof(label), "S%u", step);
		snprintf(place, sizeof(place), "%s:%d", h->file, h->line);
		printf("%-5s%-10s%-28s%-32s%s%s\n", label, packet_name(p, h->packet_id), h->func, place,
		       met[step] ? "" : titles[step], h->drop ? h->drop : "");
		met[step] = true;
	}
}

static void print_json(const struct path *p)
{
	const char *comma = "[";

	for (unsigned i = 0; i < p->hops; i++) {
		const struct hop *h = &p->hop[i];

		if (!h->step)
			continue;
		printf("%s{\"step\":\"S%u\",\"packet\":\"%s\",\"function\":\"%s\",\"file\":\"%s\",\"line\":%d,\"time_ns\":%llu}",
		       comma, h->step, packet_name(p, h->packet_id), h->func, h->file, h->line,
		       (unsigned long long)(h->now_ns - BEGIN_NS));
		comma = ",";
	}
	puts(p->hops ? "]" : "[]");
}

static int set_json(void *ctx, const char *value)
{
	(void)value;
	*(bool *)ctx = true;
	return 0;
}

int cmd_path(int argc, char **argv)
{
	static const struct cli_option table[] = { { "-j", false, false, set_json }, { NULL, false, false, NULL } };
	struct path *p = calloc(1, sizeof(*p));
	bool json = false;
	int first, err = p ? 0 : -ENOMEM;

	if (cli_parse(table, &json, argc, argv, &first) || first < argc) {
		if (first < argc)
			cli_error(argv[first], "one word too many");
		free(p);
		return EXIT_USAGE;
	}
	for (unsigned i = 0; !err && i < 2; i++)
		err = make_host(p, i);
	if (!err) {
		p->now_ns = BEGIN_NS;
		err = nethood_wire(p->dev[0], p->dev[1]);
	}
	if (!err)
		err = make_receiver(p);
	if (!err)
		err = send_one(p);
	if (err)
		cli_error("path", strerror(-err));
	else if (json)
		print_json(p);
	else
		print_text(p);
	for (unsigned i = 0; p && i < 2; i++)
		nethood_free(p->net[i]);
	free(p);
	return err ? EXIT_FAILED : EXIT_GOOD;
}
