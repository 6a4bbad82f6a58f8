// SPDX-License-Identifier: BSD-2-Clause
/* Programs of simulated hosts that talk in streams.
 *
 * Reading order: stream_open(), client_runs(), server_accepts(), server_runs(), octets_arrive().
 */
#include "stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "app.h"
#include "grow.h"
#include "pattern.h"

#define STREAM_MAGIC 0x7374726dU
#define HEADER_BYTES ((u32)sizeof(((struct stream_end *)0)->header))
#define NOT_TOLD UINT32_MAX
#define PIECE_BYTES 4096U
#define BACKLOG 8
#define PORT_NOBODY 81

enum { TO_SERVER, TO_CLIENT };

static void end_runs(struct stream_end *e);

/* ------------------------------------------------------------------ what a stream carries */

/** stream_octet() - octet @at of stream @id: a header that says which one it is, then its pattern */
static u8 stream_octet(const struct stream_ledger *l, u32 id, u32 at)
{
	const u32 header[] = { STREAM_MAGIC, id, l->record[id].plan.len_bytes };
	u8 octets[HEADER_BYTES];

	_Static_assert(sizeof(header) == sizeof(octets), "the header is three numbers");
	if (at >= HEADER_BYTES)
		return pattern_octet(id, at);
	memcpy(octets, header, sizeof(octets));
	return octets[at];
}

static u32 record_add(struct stream_ledger *l, const struct stream_record *record)
{
	if (l->count == l->room)
		l->record = sim_grow(l->record, &l->room, 64, sizeof(*l->record));
	l->record[l->count] = *record;
	return l->count++;
}

void stream_ledger_end(struct stream_ledger *l)
{
	free(l->record);
	memset(l, 0, sizeof(*l));
}

/** record_of() - NULL: it is a server's end that does not know yet */
static struct stream_record *record_of(const struct stream_end *e)
{
	return e->id == NOT_TOLD ? NULL : &e->app->stream.ledger->record[e->id];
}

__printf(2, 3) static void wrong(const struct stream_end *e, const char *fmt, ...)
{
	char what[128];
	va_list args;

	if (e->app->stream.ledger->any_octets)
		return;
	va_start(args, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	sim_broken(e->app->host->world, "%s, %s of stream %d: %s", e->app->host->name, e->client ? "client" : "server",
		   (int)e->id, what);
}

/* ------------------------------------------------------------------ ends */

static void end_ready(void *ctx, struct nethood_sock *sk, u32 events)
{
	(void)sk;
	(void)events;
	end_runs(ctx);
}

static struct stream_end *end_create(struct sim_app *app, struct nethood_sock *sk, u32 id)
{
	struct stream_end *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->app = app;
	e->sk = sk;
	e->id = id;
	e->client = id != NOT_TOLD;
	e->next = app->stream.ends;
	app->stream.ends = e;
	nethood_on_ready(sk, end_ready, e);
	return e;
}

static void end_close(struct stream_end *e, bool abort)
{
	const struct linger now = { .l_onoff = 1 };
	struct stream_record *r = record_of(e);
	struct nethood_sock *sk = e->sk;

	if (!sk) /* while a call was under way its end was told, and it was closed already */
		return;
	e->sk = NULL;
	free(e->echo);
	e->echo = NULL;
	if (r)
		r->ended[!e->client] = true;
	if (abort)
		(void)nethood_setsockopt(sk, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	nethood_on_ready(sk, NULL, NULL);
	nethood_close(sk);
}

static u32 piece_bytes(u32 wanted)
{
	return wanted && wanted < PIECE_BYTES ? wanted : PIECE_BYTES;
}

/* ------------------------------------------------------------------ reading */

static void wakes(struct sim_world *w, void *obj, u64 arg)
{
	struct stream_end *e = obj;

	(void)w;
	(void)arg;
	e->waits = false;
	if (!e->sk)
		return;
	sim_host_enter(e->app->host);
	end_runs(e);
	sim_host_poll(e->app->host);
}

/** may_read() - a slow reader reads once, and then not for some time */
static bool may_read(struct stream_end *e)
{
	const struct stream_record *r = record_of(e);
	u32 pause_ms = !r || e->app->host->world->calm ? 0 : e->client ? r->plan.client_ms : r->plan.server_ms;

	if (e->waits)
		return false;
	e->waits = pause_ms;
	if (pause_ms)
		sim_after(e->app->host->world, pause_ms * SIM_NSEC_PER_MSEC, e->app->host->id, wakes, e, 0);
	return true;
}

/* A server is told by the first octets which stream it has. */
static void header_arrives(struct stream_end *e)
{
	struct stream_ledger *l = e->app->stream.ledger;
	u32 header[3];

	memcpy(header, e->header, sizeof(header));
	if (header[0] != STREAM_MAGIC || header[1] >= l->count || l->record[header[1]].to != e->app->host->id) {
		wrong(e, "nobody opened it");
		return;
	}
	e->id = header[1];
	l->record[e->id].served = true;
	l->record[e->id].written[TO_CLIENT] = e->written;
}

/** octets_arrive() - @data was read; is it what was written? */
static void octets_arrive(struct stream_end *e, const u8 *data, u32 len_bytes)
{
	struct stream_ledger *l = e->app->stream.ledger;
	struct stream_record *r;
	u32 way = e->client ? TO_CLIENT : TO_SERVER;

	for (u32 i = 0; i < len_bytes; i++, e->read++) {
		if (e->read < HEADER_BYTES)
			e->header[e->read] = data[i];
		if (e->id == NOT_TOLD && e->read + 1 == HEADER_BYTES)
			header_arrives(e);
		if (e->id != NOT_TOLD && data[i] != stream_octet(l, e->id, e->read))
			wrong(e, "octet %u is %u, not %u", e->read, data[i], stream_octet(l, e->id, e->read));
	}
	l->octet_count += len_bytes;
	r = record_of(e);
	if (!r)
		return;
	r->read[way] = e->read;
	if (r->served && r->read[way] > r->written[way])
		wrong(e, "%u octets read, %u written", r->read[way], r->written[way]);
}

/* The other side has said all: then this is all. */
static void end_arrives(struct stream_end *e)
{
	const struct stream_record *r = record_of(e);
	u32 way = e->client ? TO_CLIENT : TO_SERVER;

	e->saw_end = true;
	if (!r || !r->served) /* of one that ends within its header only little is known */
		return;
	if (!r->ended[e->client])
		wrong(e, "it ends, and nobody has ended it");
	if (r->read[way] != r->written[way])
		wrong(e, "it ends after %u octets of %u", r->read[way], r->written[way]);
}

/** end_reads() - @data: PIECE_BYTES.  Return: octets; 0: none now, or no more, or it was closed */
static u32 end_reads(struct stream_end *e, u8 *data)
{
	const struct stream_record *r = record_of(e);
	ssize_t n;

	if (e->saw_end || !may_read(e))
		return 0;
	n = nethood_recvfrom(e->sk, data, piece_bytes(r ? r->plan.read_bytes : 0), 0, NULL, NULL);
	if (n > 0)
		octets_arrive(e, data, (u32)n);
	else if (n == 0)
		end_arrives(e);
	else if (n != -EAGAIN)
		end_close(e, false);
	return n > 0 ? (u32)n : 0;
}

/* ------------------------------------------------------------------ clients */

/** client_writes() - Return: the socket is still there */
static bool client_writes(struct stream_end *e)
{
	struct stream_record *r = record_of(e);
	u8 data[PIECE_BYTES];

	while (e->written < r->plan.len_bytes) {
		u32 left = r->plan.len_bytes - e->written, piece = piece_bytes(r->plan.write_bytes);
		ssize_t n;

		piece = piece < left ? piece : left;
		for (u32 i = 0; i < piece; i++)
			data[i] = stream_octet(e->app->stream.ledger, e->id, e->written + i);
		r->written[TO_SERVER] = e->written + piece; /* what is taken may be read before the call is over */
		n = nethood_sendto(e->sk, data, piece, MSG_NOSIGNAL, NULL, 0);
		e->written += n > 0 ? (u32)n : 0;
		r->written[TO_SERVER] = e->written;
		if (n < 0 && n != -EAGAIN)
			end_close(e, false);
		if (n <= 0)
			return n == -EAGAIN;
	}
	return true;
}

/** client_says_all() - what it does when it has written everything.  Return: the socket is still there */
static bool client_says_all(struct stream_end *e)
{
	struct stream_record *r = record_of(e);

	if (r->plan.manner == STREAM_CLOSE || r->plan.manner == STREAM_ABORT) {
		end_close(e, r->plan.manner == STREAM_ABORT);
		return false;
	}
	if (e->shut || (r->plan.manner == STREAM_IDLE && !e->app->host->world->calm))
		return true;
	e->shut = r->ended[0] = true;
	if (nethood_shutdown(e->sk, SHUT_WR)) {
		end_close(e, false);
		return false;
	}
	return true;
}

static void client_runs(struct stream_end *e)
{
	struct stream_record *r = record_of(e);
	u8 data[PIECE_BYTES];

	if (nethood_readiness(e->sk) & EPOLLOUT) {
		if (!client_writes(e) || (e->written == r->plan.len_bytes && !client_says_all(e)))
			return;
	}
	while (end_reads(e, data))
		;
	if (!e->sk || !e->saw_end)
		return;
	r->whole = e->shut && e->written == r->plan.len_bytes &&
		   e->read == (r->plan.manner == STREAM_ONE_WAY ? r->written[TO_CLIENT] : r->plan.len_bytes);
	e->app->stream.ledger->whole_count += r->whole;
	end_close(e, false);
}

/** server_name() - of @to, for a socket of @app: whoever serves both families with one socket asks with such a one, too */
static socklen_t server_name(const struct sim_app *app, const struct sim_app *to, u16 port, bool six,
			     struct sockaddr_storage *out)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	memset(out, 0, sizeof(*out));
	if (!six && app_speaks(app, APP_IP4)) {
		memcpy(&sin.sin_addr, to->addr, 4);
		memcpy(out, &sin, sizeof(sin));
		return sizeof(sin);
	}
	if (six) {
		memcpy(&sin6.sin6_addr, to->addr6, 16);
	} else {
		memset(sin6.sin6_addr.s6_addr + 10, 0xff, 2);
		memcpy(sin6.sin6_addr.s6_addr + 12, to->addr, 4);
	}
	memcpy(out, &sin6, sizeof(sin6));
	return sizeof(sin6);
}

static void own_address(const struct sockaddr_storage *name, bool six, u8 out[static 16])
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	memcpy(&sin, name, sizeof(sin));
	memcpy(&sin6, name, sizeof(sin6));
	if (name->ss_family == AF_INET)
		memcpy(out, &sin.sin_addr, 4);
	else
		memcpy(out, sin6.sin6_addr.s6_addr + (six ? 0 : 12), six ? 16 : 4);
}

/** client_begins() - it connects to @port of @to.  Return: as stream_open() */
static u32 client_begins(struct sim_app *app, const struct sim_app *to, u16 port, const struct stream_plan *plan)
{
	struct stream_record r = { .from = app->host->id,
				   .to = to->host->id,
				   .plan = *plan,
				   .client_boots = app->stream.boots,
				   .server_boots = to->stream.boots };
	struct sockaddr_storage name, own;
	socklen_t name_bytes, own_bytes = sizeof(own);
	struct nethood_sock *sk;
	u32 id = NOT_TOLD;
	int err, one = 1;

	name_bytes = server_name(app, to, port, plan->six, &name);
	memcpy(r.server_addr, plan->six ? to->addr6 : to->addr, plan->six ? 16 : 4);
	sim_host_enter(app->host);
	err = nethood_socket(app->host->worker_net[sim_host_any(app->host)], name.ss_family, SOCK_STREAM, 0, &sk);
	if (!err) {
		if (plan->keepalive)
			(void)nethood_setsockopt(sk, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
		id = record_add(app->stream.ledger, &r);
		(void)end_create(app, sk, id);
		err = nethood_connect(sk, (const struct sockaddr *)&name, name_bytes);
		if (err && err != -EINPROGRESS)
			end_close(app->stream.ends, false);
		else if (!nethood_getsockname(sk, (struct sockaddr *)&own, &own_bytes))
			own_address(&own, plan->six, app->stream.ledger->record[id].client_addr);
	}
	sim_host_poll(app->host);
	return id;
}

u32 stream_open(struct sim_app *app, const struct sim_app *to, const struct stream_plan *plan)
{
	return client_begins(app, to, STREAM_PORT, plan);
}

/* It is refused, or not answered: the socket is closed by whatever comes first, or when programs stop. */
void stream_knock(struct sim_app *app, const struct sim_app *to)
{
	(void)client_begins(app, to, PORT_NOBODY, &(struct stream_plan){ .len_bytes = 1 });
}

/* ------------------------------------------------------------------ a server */

/** server_gives_back() - Return: nothing is left of what it has read */
static bool server_gives_back(struct stream_end *e)
{
	struct stream_record *r = record_of(e);
	ssize_t n;

	if (r && r->plan.manner == STREAM_ONE_WAY)
		e->echo_bytes = 0;
	if (!e->echo_bytes)
		return true;
	if (r)
		r->written[TO_CLIENT] = e->written + e->echo_bytes;
	n = nethood_sendto(e->sk, e->echo, e->echo_bytes, MSG_NOSIGNAL, NULL, 0);
	e->written += n > 0 ? (u32)n : 0;
	if (r)
		r->written[TO_CLIENT] = e->written;
	if (n < 0 && n != -EAGAIN)
		end_close(e, false);
	if (n <= 0)
		return false;
	e->echo_bytes -= (u32)n;
	memmove(e->echo, e->echo + n, e->echo_bytes);
	return !e->echo_bytes;
}

static void server_runs(struct stream_end *e)
{
	const struct stream_record *r;

	if (!e->echo)
		e->echo = malloc(PIECE_BYTES);
	if (!e->echo)
		abort();
	while (server_gives_back(e)) {
		e->echo_bytes = end_reads(e, e->echo);
		r = record_of(e);
		if (e->sk && (e->saw_end || (r && r->plan.manner == STREAM_HANG_UP)))
			end_close(e, false);
		if (!e->sk || !e->echo_bytes)
			return;
	}
}

static void server_accepts(void *ctx, struct nethood_sock *listener, u32 events)
{
	struct sim_app *app = ctx;
	struct nethood_sock *sk;

	(void)events;
	while (!nethood_accept(listener, &sk, NULL, NULL))
		server_runs(end_create(app, sk, NOT_TOLD));
}

static void end_runs(struct stream_end *e)
{
	if (!e->sk)
		return;
	if (e->client)
		client_runs(e);
	else
		server_runs(e);
}

/* ------------------------------------------------------------------ life */

static int listener_start(struct sim_app *app, bool six, struct nethood_sock **out)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(STREAM_PORT) };
	const struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_port = htons(STREAM_PORT) };
	struct nethood_sock *sk;
	int one = 1, only = !app->dual, err = nethood_socket(app->net, six ? AF_INET6 : AF_INET, SOCK_STREAM, 0, &sk);

	if (err)
		return err;
	(void)nethood_setsockopt(sk, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (six)
		err = nethood_setsockopt(sk, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (!err)
		err = nethood_bind(sk, six ? (const struct sockaddr *)&any6 : (const struct sockaddr *)&any,
				   six ? sizeof(any6) : sizeof(any));
	if (!err)
		err = nethood_listen(sk, BACKLOG);
	if (err) {
		nethood_close(sk);
		return err;
	}
	nethood_on_ready(sk, server_accepts, app);
	*out = sk;
	return 0;
}

int stream_start(struct sim_app *app)
{
	int err = 0;

	for (u32 f = 0; f < APP_FAMILIES && !err; f++) {
		if (app_speaks(app, f))
			err = listener_start(app, f == APP_IP6, &app->stream.listener[f]);
	}
	if (!err)
		app->stream.boots++;
	return err;
}

void stream_stop(struct sim_app *app, bool abort)
{
	for (u32 f = 0; f < APP_FAMILIES; f++) {
		if (app->stream.listener[f])
			nethood_close(app->stream.listener[f]);
		app->stream.listener[f] = NULL;
	}
	for (struct stream_end *e = app->stream.ends; e; e = e->next) {
		if (e->sk)
			end_close(e, abort);
	}
}

void stream_forget(struct sim_app *app)
{
	struct stream_end *next;

	for (struct stream_end *e = app->stream.ends; e; e = next) {
		next = e->next;
		free(e->echo);
		free(e);
	}
	app->stream.ends = NULL;
}

void stream_finish(struct sim_app *app)
{
	sim_host_enter(app->host);
	for (struct stream_end *e = app->stream.ends; e; e = e->next) {
		e->waits = false;
		end_runs(e);
	}
	sim_host_poll(app->host);
}

static struct stream_end *find_end(const struct sim_app *app, u32 id, bool client)
{
	struct stream_end *e = app->stream.ends;

	while (e && (e->id != id || e->client != client))
		e = e->next;
	return e;
}

static bool is_now(const u8 *addr, const struct sim_app *app, bool six)
{
	return memcmp(addr, six ? app->addr6 : app->addr, six ? 16 : 4) == 0;
}

u64 stream_moved(const struct stream_record *r, const struct sim_app *client, const struct sim_app *server, bool *held)
{
	u32 id = (u32)(r - client->stream.ledger->record);
	const struct stream_end *from = find_end(client, id, true), *to = find_end(server, id, false);
	bool same = r->client_boots == client->stream.boots && r->server_boots == server->stream.boots &&
		    is_now(r->client_addr, client, r->plan.six) && is_now(r->server_addr, server, r->plan.six);

	*held = same && from && from->sk && (to ? to->sk != NULL : !r->served && r->plan.len_bytes >= HEADER_BYTES);
	return (u64)r->read[0] + r->read[1];
}
