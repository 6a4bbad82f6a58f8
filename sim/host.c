// SPDX-License-Identifier: BSD-2-Clause
/* A host: a real net with a clock of its own. */
#include <assert.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "grow.h"
#include "nud_ref.h"
#include "segment.h"
#include "world.h"

#define CLOCK_STEP_NS 10U   /* that a host's clock may be late: its and the world's are both whole numbers */
#define IF_INET6_LINK 0x20U /* scope, in net/if_inet6 */
#define POLLS_MAX 1000U     /* of one event: more, and it would never end */

/* ------------------------------------------------------------------ clocks */

u64 sim_host_now(const struct sim_host *h)
{
	const struct sim_clock *c = &h->clock;

	return c->offset_ns + h->world->now_ns + (u64)((__int128)h->world->now_ns * c->drift_ppb / 1000000000);
}

/** world_time() - when the host's clock shows @host_ns at last */
static u64 world_time(const struct sim_host *h, u64 host_ns)
{
	const struct sim_clock *c = &h->clock;
	u64 world_ns;

	if (host_ns == UINT64_MAX)
		return UINT64_MAX;
	if (host_ns <= sim_host_now(h))
		return h->world->now_ns;
	world_ns = (u64)((__int128)(host_ns - c->offset_ns) * 1000000000 / (1000000000 + c->drift_ppb));
	/* the division may be one short: a net that is polled too early asks again */
	return world_ns > h->world->now_ns ? world_ns : h->world->now_ns + 1;
}

/* ------------------------------------------------------------------ polling */

static void host_wakes(struct sim_world *w, void *obj, u64 arg)
{
	struct sim_host *h = obj;

	if (arg != h->wake_ns) /* it was polled meanwhile, and wakes at another time */
		return;
	sim_hash(w, &h->id, sizeof(h->id));
	h->wake_ns = UINT64_MAX;
	sim_host_poll(h);
}

/* By the host's clock, of all its workers. */
static u64 host_deadline(const struct sim_host *h)
{
	u64 next = nethood_next_deadline(h->net);

	for (u32 i = 1; i < h->worker_count; i++) {
		u64 other = nethood_next_deadline(h->worker_net[i]);

		next = other < next ? other : next;
	}
	return next;
}

static void host_schedule(struct sim_host *h)
{
	u64 next = world_time(h, host_deadline(h));

	if (next >= h->wake_ns && h->wake_ns > h->world->now_ns)
		return; /* an earlier event will look again */
	h->wake_ns = next;
	if (next != UINT64_MAX)
		event_add(&h->world->events, next, h->id, host_wakes, h, next);
}

/* The event that runs does something to it, and it is looked at afterwards; the reference is told whether memory may be
 * missing meanwhile. */
static void touch(struct sim_host *h)
{
	if (!h->touched)
		h->world->touched[h->world->touched_count++] = h;
	h->touched = true;
	if (h->nud)
		nud_ref_excuse(h->nud, h->alloc_fail_ppm && !h->world->calm);
}

void sim_host_enter(struct sim_host *h)
{
	for (u32 i = 0; i < h->worker_count; i++)
		nethood_set_time(h->worker_net[i], sim_host_now(h));
	touch(h);
}

u32 sim_host_any(struct sim_host *h)
{
	return h->worker_count > 1 ? choose(h->world->choices, h->stream, h->worker_count) : 0;
}

/* In which order they work is drawn; until nobody has a letter any more.  Return: there is more */
static bool workers_poll(struct sim_host *h, u64 now)
{
	u32 first = sim_host_any(h);
	bool more = false;

	for (u32 i = 0; i < h->worker_count; i++)
		more |= nethood_poll(h->worker_net[(first + i) % h->worker_count], now);
	return more || (h->worker_count > 1 && host_deadline(h) <= now);
}

void sim_host_poll(struct sim_host *h)
{
	u64 now = sim_host_now(h);
	u32 polls = 0;

	touch(h);
	while (workers_poll(h, now)) {
		if (++polls > POLLS_MAX) {
			sim_broken(h->world, "%s: never done", h->name);
			return;
		}
	}
	h->poll_count++;
	if (host_deadline(h) <= now)
		sim_broken(h->world, "%s: a timer is due, and was not run", h->name);
	if (h->nud)
		nud_ref_settle(h->nud);
	if (h->wake_ns <= h->world->now_ns)
		h->wake_ns = UINT64_MAX;
	host_schedule(h);
}

void sim_host_jump(struct sim_host *h, u64 ns)
{
	h->clock.offset_ns += ns;
	if (h->nud)
		nud_ref_late(h->nud, ns + CLOCK_STEP_NS);
	sim_host_poll(h);
	if (h->nud)
		nud_ref_late(h->nud, CLOCK_STEP_NS);
}

/* ------------------------------------------------------------------ devices */

static void driver_wakes(struct sim_world *w, void *obj, u64 arg)
{
	struct sim_port *port = obj;

	(void)w;
	(void)arg;
	port->busy = false;
	sim_host_enter(port->host);
	for (u32 i = 0; i < port->host->worker_count; i++)
		nethood_dev_wake(port->worker_dev[i]);
	sim_host_poll(port->host);
	if (!port->busy)
		memset(port->old_mac, 0, sizeof(port->old_mac)); /* nothing waits any more */
}

static int host_xmit(void *ctx, const struct iovec *frame, int pieces)
{
	struct sim_port *port = ctx;
	struct sim_host *h = port->host;
	struct choices *c = h->world->choices;

	if (port->busy || chance(c, h->stream, h->busy_ppm)) {
		if (!port->busy)
			sim_after(h->world, choose_between(c, h->stream, 1, 2000) * 1000ULL, h->id, driver_wakes, port,
				  0);
		port->busy = true;
		return -EAGAIN;
	}
	return segment_transmit(port, frame, pieces);
}

static int port_create_dev(struct sim_port *port, u32 number)
{
	char name[16];
	const struct nethood_dev_config config = {
		.name = name, .driver = "user", .fd = -1, .lladdr = port->mac, .xmit = host_xmit, .ctx = port
	};

	(void)snprintf(name, sizeof(name), "eth%u", number);
	for (u32 i = 0; i < port->host->worker_count; i++) {
		int err = nethood_dev_create(port->host->worker_net[i], &config, &port->worker_dev[i]);

		if (err)
			return err;
	}
	port->dev = port->worker_dev[0];
	return 0;
}

static void port_carrier(struct sim_port *port, bool on)
{
	for (u32 i = 0; i < port->host->worker_count; i++)
		nethood_dev_carrier(port->worker_dev[i], on);
}

static void next_mac(struct sim_world *w, u8 mac[static SIM_MAC_BYTES])
{
	for (u32 i = 0; i < sizeof(w->mac_serial) && !++w->mac_serial[i]; i++)
		;
	memcpy(mac, (const u8[]){ 2, 0, w->mac_serial[3], w->mac_serial[2], w->mac_serial[1], w->mac_serial[0] }, 6);
}

struct sim_port *sim_plug(struct sim_host *h, struct sim_segment *seg, const u8 *mac)
{
	struct sim_port *port = &h->port[h->port_count];

	if (h->port_count == SIM_HOST_PORTS)
		return NULL;
	memset(port, 0, sizeof(*port));
	port->host = h;
	if (mac)
		memcpy(port->mac, mac, sizeof(port->mac));
	else
		next_mac(h->world, port->mac);
	if (port_create_dev(port, h->port_count))
		abort();
	segment_add_port(seg, port);
	h->port_count++;
	return port;
}

void sim_set_plugged(struct sim_port *port, bool plugged)
{
	if (port->unplugged != plugged || !port->dev)
		return;
	port->unplugged = !plugged;
	if (port->host->nud) /* what is sent without a carrier is seen by nobody */
		nud_ref_slow(port->host->nud);
	sim_host_enter(port->host);
	port_carrier(port, plugged);
	sim_host_poll(port->host);
}

/* ------------------------------------------------------------------ the end */

/** struct proc_text - a file of /proc, whole */
struct proc_text {
	char text[4096];
	size_t len_bytes;
};

static int proc_text_add(void *ctx, const char *text, size_t len_bytes)
{
	struct proc_text *t = ctx;

	if (t->len_bytes + len_bytes >= sizeof(t->text))
		return -E2BIG;
	memcpy(t->text + t->len_bytes, text, len_bytes);
	t->len_bytes += len_bytes;
	return 0;
}

/** sent_by() - frames that ethN, @number, has counted; UINT64_MAX: it is not there */
static u64 sent_by(const struct proc_text *net_dev, u32 number)
{
	unsigned long long sent;
	const char *line;
	char name[16];

	(void)snprintf(name, sizeof(name), "eth%u:", number);
	line = strstr(net_dev->text, name);
	if (!line || sscanf(line + strlen(name), "%*u %*u %*u %*u %*u %*u %*u %*u %*u %llu", &sent) != 1)
		return UINT64_MAX;
	return sent;
}

/* Each address of @leader that may be used is one of @follower. */
static bool has_addresses_of(const struct proc_text *follower, const struct proc_text *leader)
{
	const u32 doubt = IFA_F_TENTATIVE | IFA_F_DADFAILED;
	char addr[33];
	u32 flags;

	for (const char *line = leader->text; line && *line; line = strchr(line, '\n'), line += line ? 1 : 0) {
		if (sscanf(line, "%32s %*x %*x %*x %x", addr, &flags) == 2 && !(flags & doubt) &&
		    !strstr(follower->text, addr))
			return false;
	}
	return true;
}

void sim_host_check_workers(struct sim_host *h)
{
	struct proc_text route[SIM_WORKERS_MAX] = { { .len_bytes = 0 } };
	struct proc_text addr[SIM_WORKERS_MAX] = { { .len_bytes = 0 } };

	for (u32 i = 0; i < h->worker_count; i++) {
		(void)nethood_proc_read(h->worker_net[i], "net/route", proc_text_add, &route[i]);
		(void)nethood_proc_read(h->worker_net[i], "net/if_inet6", proc_text_add, &addr[i]);
		if (strcmp(route[i].text, route[0].text) != 0)
			sim_broken(h->world, "%s: worker %u has other routes than the leader", h->name, i);
		if (!has_addresses_of(&addr[i], &addr[0]) || !has_addresses_of(&addr[0], &addr[i]))
			sim_broken(h->world, "%s: worker %u has other addresses than the leader", h->name, i);
	}
}

void sim_host_check_empty(struct sim_host *h)
{
	u64 counted_by[SIM_HOST_PORTS] = { 0 };

	for (u32 k = 0; k < h->worker_count; k++) {
		struct proc_text net_dev = { .len_bytes = 0 };
		struct nethood_ledger ledger;

		nethood_ledger(h->worker_net[k], &ledger);
		if (ledger.live || ledger.waiting_bytes)
			sim_broken(h->world, "%s: nobody is left, and %llu packets live", h->name,
				   (unsigned long long)ledger.live);
		(void)nethood_proc_read(h->worker_net[k], "net/dev", proc_text_add, &net_dev);
		for (u32 i = 0; i < h->port_count; i++)
			counted_by[i] += sent_by(&net_dev, i);
	}
	for (u32 i = 0; i < h->port_count; i++) {
		u64 counted = counted_by[i];

		if (counted != h->port[i].sent_count)
			sim_broken(h->world, "%s: eth%u counted %llu frames, %llu left it", h->name, i,
				   (unsigned long long)counted, (unsigned long long)h->port[i].sent_count);
	}
}

/* ------------------------------------------------------------------ life */

static bool host_alloc_fails(void *ctx, const char *site, size_t size_bytes)
{
	struct sim_host *h = ctx;

	(void)site;
	(void)size_bytes;
	return h->alloc_fail_ppm && !h->world->calm && chance(h->world->choices, h->stream, h->alloc_fail_ppm);
}

static void *host_malloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return malloc(size_bytes);
}

static void *host_calloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return calloc(1, size_bytes);
}

static void host_mfree(void *ctx, void *p, size_t size_bytes)
{
	(void)ctx;
	(void)size_bytes;
	free(p);
}

static void host_log(void *ctx, const char *line)
{
	struct sim_host *h = ctx;

	h->log_lines++;
	if (h->world->watch && h->world->watch->log)
		h->world->watch->log(h->world->watch->ctx, h, line);
}

static void host_hop(void *ctx, const struct nethood_hop *hop)
{
	const struct sim_host *h = ctx;

	if (hop->drop_reason)
		h->world->watch->drop(h->world->watch->ctx, h, hop);
}

static void host_ref_broken(void *ctx, const char *sentence)
{
	struct sim_host *h = ctx;

	sim_broken(h->world, "%s: %s", h->name, sentence);
}

/** host_can_ask6() - from a link-local address that is beyond doubt; net/if_inet6 tells address, ifindex, length, scope, flags */
static bool host_can_ask6(void *ctx, int ifindex)
{
	const struct sim_host *h = ctx;
	const u32 doubt = IFA_F_TENTATIVE | IFA_F_OPTIMISTIC | IFA_F_DADFAILED;
	struct proc_text t = { .len_bytes = 0 };
	u32 dev, scope, flags;

	(void)nethood_proc_read(h->net, "net/if_inet6", proc_text_add, &t);
	for (const char *line = t.text; line && *line; line = strchr(line, '\n'), line += line ? 1 : 0) {
		if (sscanf(line, "%*32s %x %*x %x %x", &dev, &scope, &flags) == 3 && dev == (u32)ifindex &&
		    scope == IF_INET6_LINK && !(flags & doubt))
			return true;
	}
	return false;
}

static bool host_can_send(void *ctx, int ifindex)
{
	const struct sim_host *h = ctx;

	return !h->slow_driver && admin_is_running(ctx, ifindex);
}

static void host_hears(void *ctx, const struct nethood_neigh_event *event)
{
	struct sim_host *h = ctx;

	h->world->watch->neigh(h->world->watch->ctx, h, event);
	nud_ref_hear(h->nud, event);
}

static void host_create_ref(struct sim_host *h)
{
	const struct nud_ref_config config = { .net = h->net,
					       .profile = h->profile,
					       .late_ns = CLOCK_STEP_NS,
					       .can_send = host_can_send,
					       .can_ask6 = host_can_ask6,
					       .broken = host_ref_broken,
					       .ctx = h };

	nud_ref_destroy(h->nud);
	/* of several workers the leader's entries do what followers say, which the reference does not hear */
	h->nud = h->world->reference && !h->workers ? nud_ref_create(&config) : NULL;
	if (h->nud && h->world->watch && h->world->watch->neigh)
		nethood_on_neigh_event(h->net, host_hears, h);
}

/* They are all polled whenever one is. */
static void host_wake_worker(void *ctx, uint32_t worker)
{
	(void)ctx;
	(void)worker;
}

static void host_create_workers(struct sim_host *h, const struct nethood_config *config)
{
	struct nethood_config unrecorded = *config;

	unrecorded.record_bytes = 0;
	if (nethood_workers_create(&unrecorded, h->worker_count, host_wake_worker, h, &h->workers))
		abort();
	for (u32 i = 0; i < h->worker_count; i++)
		h->worker_net[i] = nethood_workers_net(h->workers, i);
}

static void host_create_net(struct sim_host *h, enum nethood_profile profile)
{
	const struct nethood_allocator memory = {
		.alloc = host_malloc, .zalloc = host_calloc, .free = host_mfree, .fail = host_alloc_fails, .ctx = h
	};
	struct nethood_config config = { .hostname = h->name,
					 .memory = &memory,
					 .now_ns = sim_host_now(h),
					 .profile = profile,
					 .log = host_log,
					 .log_ctx = h,
					 .record_bytes = h->world->watch ? h->world->watch->record_bytes : 0 };
	u32 key = choose(h->world->choices, h->stream, UINT32_MAX);

	memcpy(config.random_key, &key, sizeof(key));
	config.random_key[4] = (u8)h->id;
	config.random_key[5] = (u8)(h->id >> 8);
	config.random_key[6] = (u8)(h->id >> 16);
	if (h->worker_count > 1)
		host_create_workers(h, &config);
	else if (nethood_create(&config, &h->worker_net[0]))
		abort();
	h->net = h->worker_net[0];
	host_create_ref(h);
	if (h->world->watch && h->world->watch->drop)
		nethood_trace(h->net, host_hop, h);
	if (nethood_socket(h->net, AF_NETLINK, SOCK_RAW, 0, &h->admin) || admin_link(h, 1, true))
		abort();
}

struct sim_host *sim_host_create(struct sim_world *w, const struct sim_host_config *config)
{
	struct sim_host *h = calloc(1, sizeof(*h));

	if (!h)
		abort();
	if (w->host_count == w->host_room) {
		u32 room = w->host_room;

		w->host = sim_grow(w->host, &w->host_room, 16, sizeof(struct sim_host *));
		w->touched = sim_grow(w->touched, &room, 16, sizeof(struct sim_host *));
	}
	h->world = w;
	h->id = w->host_count;
	h->stream = w->stream_count++;
	h->wake_ns = UINT64_MAX;
	h->clock = config->clock;
	h->profile = config->profile;
	h->worker_count = config->workers ? config->workers : 1;
	if (config->name)
		(void)snprintf(h->name, sizeof(h->name), "%s", config->name);
	else
		(void)snprintf(h->name, sizeof(h->name), "h%u", h->id);
	host_create_net(h, config->profile);
	h->alloc_fail_ppm = config->alloc_fail_ppm;
	w->host[w->host_count++] = h;
	return h;
}

void sim_host_end_net(struct sim_host *h)
{
	const struct sim_watch *watch = h->world->watch;

	if (watch && watch->net_ends)
		watch->net_ends(watch->ctx, h);
	if (h->workers)
		nethood_workers_free(h->workers);
	else
		nethood_free(h->net);
	h->workers = NULL;
}

void sim_host_reboot(struct sim_host *h)
{
	u32 fail_ppm = h->alloc_fail_ppm;

	sim_host_end_net(h);
	h->wake_ns = UINT64_MAX;
	h->alloc_fail_ppm = 0;
	host_create_net(h, h->profile);
	for (u32 i = 0; i < h->port_count; i++) {
		if (port_create_dev(&h->port[i], i))
			abort();
		h->port[i].sent_count = 0;
		if (h->port[i].unplugged)
			port_carrier(&h->port[i], false);
	}
	h->alloc_fail_ppm = fail_ppm;
}
