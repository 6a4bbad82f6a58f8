// SPDX-License-Identifier: BSD-2-Clause
/* Programs of simulated hosts. */
#include "app.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "pattern.h"

#define LEDGER_MAGIC 0x6c656467U
#define ECHO_MAGIC 0x6563686fU

/** struct app_header - begins each datagram; as the host has it, for all hosts are of one kind */
struct app_header {
	u32 magic, id, peer;
};

static struct sockaddr_in address(const u8 *addr, u16 port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (addr)
		memcpy(&sin.sin_addr, addr, 4);
	return sin;
}

static int send_to(struct nethood_sock *sk, const void *data, u32 data_bytes, const u8 addr[static 4], u16 port)
{
	const struct sockaddr_in to = address(addr, port);
	ssize_t n;

	if (!sk)
		return -ENOTCONN;
	n = nethood_sendto(sk, data, data_bytes, 0, (const struct sockaddr *)&to, sizeof(to));
	return n < 0 ? (int)n : 0;
}

/* ------------------------------------------------------------------ the ledger */

static u32 ledger_add(struct app_ledger *l, u32 from, u32 to, u32 len_bytes)
{
	if (l->count == l->room)
		l->record = sim_grow(l->record, &l->room, 256, sizeof(*l->record));
	l->record[l->count] = (struct app_record){ .from = from, .to = to, .len_bytes = (u16)len_bytes };
	return l->count++;
}

void app_ledger_end(struct app_ledger *l)
{
	free(l->record);
	memset(l, 0, sizeof(*l));
}

void app_send(struct sim_app *app, const struct sim_app *to, u32 data_bytes)
{
	u8 data[APP_DATA_MAX_BYTES];
	struct app_header header = { .magic = LEDGER_MAGIC };

	assert(data_bytes >= sizeof(header) && data_bytes <= sizeof(data));
	header.id = ledger_add(app->ledger, app->host->id, to->host->id, data_bytes);
	memcpy(data, &header, sizeof(header));
	pattern_fill(data, sizeof(header), data_bytes, header.id);
	sim_host_enter(app->host);
	app->ledger->refused_count += send_to(app->ledger_sock, data, data_bytes, to->addr, APP_PORT_LEDGER) != 0;
	sim_host_poll(app->host);
}

void app_send_addr(struct sim_app *app, const u8 addr[static 4], u32 data_bytes)
{
	static const u8 data[APP_DATA_MAX_BYTES];

	sim_host_enter(app->host);
	(void)send_to(app->probe_sock, data, data_bytes, addr, APP_PORT_LEDGER + 1);
	sim_host_poll(app->host);
}

static const char *ledger_wrong(const struct sim_app *app, const u8 *data, u32 len_bytes)
{
	struct app_ledger *l = app->ledger;
	struct app_header header;
	struct app_record *r;

	if (len_bytes < sizeof(header))
		return "too short a datagram";
	memcpy(&header, data, sizeof(header));
	if (header.magic != LEDGER_MAGIC || header.id >= l->count)
		return "a datagram that nobody sent";
	r = &l->record[header.id];
	if (r->to != app->host->id)
		return "a datagram for somebody else";
	if (r->len_bytes != len_bytes)
		return "a datagram of another length";
	if (!pattern_holds(data, sizeof(header), len_bytes, header.id))
		return "a datagram with wrong octets";
	if (++r->delivered_count > l->copies_max)
		return "a datagram too often";
	l->delivered_count++;
	return NULL;
}

static void ledger_ready(void *ctx, struct nethood_sock *sk, u32 events)
{
	struct sim_app *app = ctx;
	u8 data[APP_DATA_MAX_BYTES + 1];
	const char *wrong;
	ssize_t n;

	(void)events;
	while ((n = nethood_recvfrom(sk, data, sizeof(data), 0, NULL, NULL)) != -EAGAIN) {
		wrong = n < 0 ? NULL : ledger_wrong(app, data, (u32)n); /* an ICMP error is not wrong */
		if (wrong && !app->ledger->any_octets)
			sim_broken(app->host->world, "%s got %s", app->host->name, wrong);
	}
}

/* ------------------------------------------------------------------ echo */

void app_ask(struct sim_app *app, const struct sim_app *to, u32 peer)
{
	struct app_header header = { .magic = ECHO_MAGIC, .peer = peer };
	u32 len_bytes = app->ask_bytes > sizeof(header) ? app->ask_bytes : sizeof(header);
	u8 data[APP_DATA_MAX_BYTES];

	header.id = ++app->asked[peer];
	memcpy(data, &header, sizeof(header));
	pattern_fill(data, sizeof(header), len_bytes, header.id);
	sim_host_enter(app->host);
	(void)send_to(app->probe_sock, data, len_bytes, to->addr, APP_PORT_ECHO);
	sim_host_poll(app->host);
}

static void echo_ready(void *ctx, struct nethood_sock *sk, u32 events)
{
	u8 data[APP_DATA_MAX_BYTES];
	struct sockaddr_in from;
	socklen_t from_bytes = sizeof(from);
	ssize_t n;

	(void)ctx;
	(void)events;
	while ((n = nethood_recvfrom(sk, data, sizeof(data), 0, (struct sockaddr *)&from, &from_bytes)) != -EAGAIN) {
		if (n >= 0)
			(void)nethood_sendto(sk, data, (size_t)n, 0, (const struct sockaddr *)&from, from_bytes);
		from_bytes = sizeof(from);
	}
}

static void probe_ready(void *ctx, struct nethood_sock *sk, u32 events)
{
	struct sim_app *app = ctx;
	struct app_header header;
	u8 data[APP_DATA_MAX_BYTES];
	ssize_t n;

	(void)events;
	while ((n = nethood_recvfrom(sk, data, sizeof(data), 0, NULL, NULL)) != -EAGAIN) {
		if (n < (ssize_t)sizeof(header))
			continue;
		memcpy(&header, data, sizeof(header));
		if (header.magic == ECHO_MAGIC && header.peer < app->peer_count &&
		    header.id <= app->asked[header.peer] && header.id > app->answered[header.peer] &&
		    pattern_holds(data, sizeof(header), (u32)n, header.id))
			app->answered[header.peer] = header.id;
	}
}

/* ------------------------------------------------------------------ life */

static int open_socket(struct sim_app *app, u16 port, void (*ready)(void *, struct nethood_sock *, u32),
		       struct nethood_sock **out)
{
	const struct sockaddr_in any = address(NULL, port);
	int err = nethood_socket(app->host->net, AF_INET, SOCK_DGRAM, 0, out);

	if (err) {
		*out = NULL;
		return err;
	}
	err = nethood_bind(*out, (const struct sockaddr *)&any, sizeof(any));
	if (err) {
		nethood_close(*out);
		*out = NULL;
		return err;
	}
	nethood_on_ready(*out, ready, app);
	return 0;
}

int app_start(struct sim_app *app)
{
	int err = open_socket(app, APP_PORT_LEDGER, ledger_ready, &app->ledger_sock);

	if (!err)
		err = open_socket(app, APP_PORT_ECHO, echo_ready, &app->echo_sock);
	if (!err)
		err = open_socket(app, 0, probe_ready, &app->probe_sock);
	if (!err && app->stream.ledger)
		err = stream_start(app);
	return err;
}

void app_stop(struct sim_app *app)
{
	struct nethood_sock **socks[] = { &app->ledger_sock, &app->echo_sock, &app->probe_sock };

	for (size_t i = 0; i < ARRAY_SIZE(socks); i++) {
		if (*socks[i])
			nethood_close(*socks[i]);
		*socks[i] = NULL;
	}
	stream_stop(app, false);
}
