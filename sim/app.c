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

#define APP_PORT_NOBODY 9 /* discard */
#define LEDGER_MAGIC 0x6c656467U
#define ECHO_MAGIC 0x6563686fU

/** struct app_header - begins each datagram; as the host has it, for all hosts are of one kind */
struct app_header {
	u32 magic, id, peer;
};

/* Where a datagram goes, for a socket of either family: one of IPv6 names an IPv4 address by ::ffff:0:0/96. */
static socklen_t address(struct sockaddr_storage *out, bool six, const u8 *addr4, const u8 *addr6, u16 port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	memset(out, 0, sizeof(*out));
	if (!six) {
		if (addr4)
			memcpy(&sin.sin_addr, addr4, 4);
		memcpy(out, &sin, sizeof(sin));
		return sizeof(sin);
	}
	if (addr6) {
		memcpy(&sin6.sin6_addr, addr6, 16);
	} else if (addr4) {
		memset(sin6.sin6_addr.s6_addr + 10, 0xff, 2);
		memcpy(sin6.sin6_addr.s6_addr + 12, addr4, 4);
	}
	memcpy(out, &sin6, sizeof(sin6));
	return sizeof(sin6);
}

/** send_to() - to one of @addr4 and @addr6; the other one is NULL */
static int send_to(const struct sim_app *app, struct nethood_sock *const sock[static APP_FAMILIES], const void *data,
		   u32 data_bytes, const u8 *addr4, const u8 *addr6, u16 port, int flags)
{
	bool six = addr6 || app->dual;
	struct sockaddr_storage to;
	socklen_t to_bytes = address(&to, six, addr4, addr6, port);
	ssize_t n;

	if (!sock[six])
		return -ENOTCONN;
	n = nethood_sendto(sock[six], data, data_bytes, flags, (const struct sockaddr *)&to, to_bytes);
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

static void send_ledger(struct sim_app *app, const struct sim_app *to, u32 data_bytes, bool six)
{
	u8 data[APP_DATA_MAX_BYTES];
	struct app_header header = { .magic = LEDGER_MAGIC };

	assert(data_bytes >= sizeof(header) && data_bytes <= sizeof(data));
	header.id = ledger_add(app->ledger, app->host->id, to->host->id, data_bytes);
	memcpy(data, &header, sizeof(header));
	pattern_fill(data, sizeof(header), data_bytes, header.id);
	sim_host_enter(app->host);
	app->ledger->refused_count += send_to(app, app->ledger_sock, data, data_bytes, six ? NULL : to->addr,
					      six ? to->addr6 : NULL, APP_PORT_LEDGER, 0) != 0;
	sim_host_poll(app->host);
}

void app_send(struct sim_app *app, const struct sim_app *to, u32 data_bytes)
{
	send_ledger(app, to, data_bytes, false);
}

void app_send6(struct sim_app *app, const struct sim_app *to, u32 data_bytes)
{
	send_ledger(app, to, data_bytes, true);
}

static void send_to_nobody(struct sim_app *app, const u8 *addr4, const u8 *addr6, u32 data_bytes)
{
	static const u8 data[APP_DATA_MAX_BYTES];

	sim_host_enter(app->host);
	(void)send_to(app, app->probe_sock, data, data_bytes, addr4, addr6, APP_PORT_LEDGER + 1, 0);
	sim_host_poll(app->host);
}

void app_send_addr(struct sim_app *app, const u8 addr[static 4], u32 data_bytes)
{
	send_to_nobody(app, addr, NULL, data_bytes);
}

void app_send_addr6(struct sim_app *app, const u8 addr[static 16], u32 data_bytes)
{
	send_to_nobody(app, NULL, addr, data_bytes);
}

void app_vouch(struct sim_app *app, const struct sim_app *to, bool six)
{
	(void)send_to(app, app->ledger_sock, "x", 1, six ? NULL : to->addr, six ? to->addr6 : NULL, APP_PORT_NOBODY,
		      MSG_CONFIRM);
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

static void ask(struct sim_app *app, const u8 *addr4, const u8 *addr6, u32 peer)
{
	struct app_header header = { .magic = ECHO_MAGIC, .peer = peer };
	u32 len_bytes = app->ask_bytes > sizeof(header) ? app->ask_bytes : sizeof(header);
	u8 data[APP_DATA_MAX_BYTES];

	header.id = ++app->asked[peer];
	memcpy(data, &header, sizeof(header));
	pattern_fill(data, sizeof(header), len_bytes, header.id);
	sim_host_enter(app->host);
	(void)send_to(app, app->probe_sock, data, len_bytes, addr4, addr6, APP_PORT_ECHO, 0);
	sim_host_poll(app->host);
}

void app_ask(struct sim_app *app, const struct sim_app *to, u32 peer)
{
	ask(app, to->addr, NULL, peer);
}

void app_ask6(struct sim_app *app, const u8 addr[static 16], u32 peer)
{
	ask(app, NULL, addr, peer);
}

static void echo_ready(void *ctx, struct nethood_sock *sk, u32 events)
{
	u8 data[APP_DATA_MAX_BYTES];
	struct sockaddr_storage from;
	socklen_t from_bytes = sizeof(from);
	ssize_t n;

	(void)ctx;
	(void)events;
	while ((n = nethood_recvfrom(sk, data, sizeof(data), 0, (struct sockaddr *)&from, &from_bytes)) != -EAGAIN) {
		if (n >= 0)
			(void)nethood_sendto(sk, data, (size_t)n, MSG_BATCH, (const struct sockaddr *)&from,
					     from_bytes);
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

static int open_socket(struct sim_app *app, bool six, u16 port, void (*ready)(void *, struct nethood_sock *, u32),
		       struct nethood_sock **out)
{
	int err = nethood_socket(app->net, six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0, out), only = !app->dual;
	struct sockaddr_storage any;
	socklen_t any_bytes = address(&any, six, NULL, NULL, port);

	if (err) {
		*out = NULL;
		return err;
	}
	if (six)
		err = nethood_setsockopt(*out, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (!err)
		err = nethood_bind(*out, (const struct sockaddr *)&any, any_bytes);
	if (err) {
		nethood_close(*out);
		*out = NULL;
		return err;
	}
	nethood_on_ready(*out, ready, app);
	return 0;
}

bool app_speaks(const struct sim_app *app, u32 family)
{
	return family == APP_IP6 ? app->speaks_ip6 : !(app->speaks_ip6 && app->dual);
}

int app_start(struct sim_app *app)
{
	int err = 0;

	app->net = app->host->worker_net[sim_host_any(app->host)];
	for (u32 f = 0; f < APP_FAMILIES && !err; f++) {
		bool six = f == APP_IP6;

		if (!app_speaks(app, f))
			continue;
		err = open_socket(app, six, APP_PORT_LEDGER, ledger_ready, &app->ledger_sock[f]);
		if (!err)
			err = open_socket(app, six, APP_PORT_ECHO, echo_ready, &app->echo_sock[f]);
		if (!err)
			err = open_socket(app, six, 0, probe_ready, &app->probe_sock[f]);
	}
	if (!err && app->stream.ledger)
		err = stream_start(app);
	return err;
}

bool app_is_whole(const struct sim_app *app)
{
	for (u32 f = 0; f < APP_FAMILIES; f++) {
		if (app_speaks(app, f) &&
		    (!app->ledger_sock[f] || !app->echo_sock[f] || !app->probe_sock[f] || !app->stream.listener[f]))
			return false;
	}
	return true;
}

void app_stop(struct sim_app *app)
{
	for (u32 f = 0; f < APP_FAMILIES; f++) {
		struct nethood_sock **socks[] = { &app->ledger_sock[f], &app->echo_sock[f], &app->probe_sock[f] };

		for (size_t i = 0; i < ARRAY_SIZE(socks); i++) {
			if (*socks[i])
				nethood_close(*socks[i]);
			*socks[i] = NULL;
		}
	}
	stream_stop(app, false);
}
