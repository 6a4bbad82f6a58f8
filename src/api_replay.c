// SPDX-License-Identifier: BSD-2-Clause
/* A recording, done again on a fresh net.
 *
 * Reading order: nethood_replay(), run(), the table of calls; then the callbacks, which find what was called from
 * within them.
 * The net that is made has a recorder as well, which writes to nowhere: each call is told to it as it was to the first one,
 * so that both hash the same things in the same order, and the result is compared where the call ends.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "api_replay.h"
#include "drivers/drivers.h"

#define DEPTH_MAX 64U /* of calls within callbacks */
#define NO_FD INT_MAX /* stands for a descriptor that there was */

static void run(struct replay *rp, bool nested);

/* ------------------------------------------------------------------ what records name */

static struct nethood_dev *dev_at(const struct replay *rp, u64 ifindex)
{
	struct net_device *dev = ifindex <= INT_MAX ? dev_find_by_index(&rp->net->net, (int)ifindex) : NULL;

	return handle_of_dev(dev);
}

/* Octets of a recording stand where they stand; calls want theirs aligned.  What is missing is zero. */
void *replay_copy(u8 *to, size_t room_bytes, const u8 *from, u64 len_bytes, size_t want_bytes)
{
	size_t n = len_bytes < room_bytes ? (size_t)len_bytes : room_bytes;

	if (!from)
		return NULL;
	memcpy(to, from, n);
	if (want_bytes > n)
		memset(to + n, 0, min_size(want_bytes, room_bytes) - n);
	return to;
}

/* ------------------------------------------------------------------ callbacks */

/* The embedder was called.  Return: what it said */
s64 replay_called(struct replay *rp)
{
	struct recorder *rec = rp->at.rec;
	enum rec_op op = rec_peek(&rp->at);
	s64 result;

	if ((op != REC_CB_ENTER && op != REC_CB_RESULT) || rp->at.event.value[0] != rec->cb->output)
		return 0;
	if (op == REC_CB_RESULT) {
		result = (s64)rp->at.event.value[1];
		rec_take(&rp->at);
		return result;
	}
	rec_take(&rp->at);
	run(rp, true);
	if (rec_peek(&rp->at) != REC_CB_LEAVE) {
		rec_diverge(&rp->at, NETHOOD_OTHER_ORDER, 0, 0);
		return 0;
	}
	result = (s64)rp->at.event.value[0];
	rec_take(&rp->at);
	return result;
}

static int on_xmit(void *ctx, const struct iovec *frame, int pieces)
{
	(void)frame, (void)pieces;
	return (int)replay_called(ctx);
}

static void on_changed(void *ctx, struct nethood_dev *dev)
{
	(void)dev;
	replay_called(ctx);
}

static void on_log(void *ctx, const char *line)
{
	struct replay *rp = ctx;

	if (rp->config->log)
		rp->config->log(rp->config->ctx, line);
	if (rp->at.rec)
		replay_called(rp);
}

static void on_capture(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame, int pieces)
{
	(void)dev, (void)out, (void)now_ns, (void)frame, (void)pieces;
	replay_called(ctx);
}

static void on_hop(void *ctx, const struct nethood_hop *hop)
{
	struct replay *rp = ctx;

	if (rp->config->hop)
		rp->config->hop(rp->config->ctx, hop);
	if (rp->at.rec && rp->at.rec->trace_counts)
		replay_called(rp);
}

static void on_frame(struct rec_replay *at, int ifindex, bool out, const struct iovec *frame, int pieces)
{
	struct replay *rp = container_of(at, struct replay, at);
	const struct net_device *dev = dev_find_by_index(&rp->net->net, ifindex);

	if (dev && rp->config->frame)
		rp->config->frame(rp->config->ctx, dev->name, out, (u64)rp->net->net.now, frame, pieces);
}

/* ------------------------------------------------------------------ time and devices */

static void do_poll(struct replay *rp, const event *e)
{
	nethood_poll(rp->net, e->value[0]);
}

static void do_set_time(struct replay *rp, const event *e)
{
	nethood_set_time(rp->net, e->value[0]);
}

static void do_set_wall(struct replay *rp, const event *e)
{
	nethood_set_wall(rp->net, e->value[0], e->value[1]);
}

static void do_dev_create(struct replay *rp, const event *e)
{
	u8 lladdr[6] = { 0 };
	struct nethood_dev_config cfg = {
		.name = (const char *)e->octets[0],
		.driver = (const char *)e->octets[1],
		.arg = (const char *)e->octets[2],
		.mtu = (u32)e->value[3],
		.lladdr = replay_copy(lladdr, sizeof(lladdr), e->octets[4], e->value[4], 0),
		.queues = (u32)e->value[5],
		.offload = e->value[6] & REC_DEV_OFFLOAD,
		.fd = e->value[6] & REC_DEV_FD ? NO_FD : -1,
		.xmit = e->value[6] & REC_DEV_XMIT ? on_xmit : NULL,
		.ctx = rp,
	};

	nethood_dev_create(rp->net, &cfg, NULL);
}

/* Of a wire to another net there is only this end. */
static void wire_alone(struct replay *rp, struct nethood_dev *dev)
{
	struct recorder *rec = rp->at.rec;

	rec_note_d(rec, REC_WIRE, dev_of(dev));
	(void)netdev_wire_foreign(dev_of(dev));
	run(rp, true);
	if (rec_peek(&rp->at) == REC_RET)
		rec_return(rec, (s64)rp->at.event.value[0]);
	else
		rec_return(rec, 0);
}

static void do_wire(struct replay *rp, const event *e)
{
	struct nethood_dev *a = dev_at(rp, e->value[0]), *b = e->value[2] ? dev_at(rp, e->value[1]) : NULL;

	if (a && b)
		nethood_wire(a, b);
	else if (a && !e->value[2])
		wire_alone(rp, a);
	else
		rp->bad = true;
}

static void do_wire_frame(struct replay *rp, const event *e, struct nethood_dev *dev)
{
	const struct wire_offload o = {
		.csum_start = (u32)e->value[1],
		.csum_offset = (u32)e->value[2],
		.gso_size = (u16)e->value[3],
		.gso_type = (u16)e->value[4],
		.segment_bytes = (u32)e->value[5],
	};
	struct recorder *rec = rp->at.rec;

	rec_note_d(rec, REC_WIRE_FRAME, dev_of(dev));
	rec_return(rec, netdev_wire_frame(dev_of(dev), e->octets[6] ? e->octets[6] : (const u8 *)"",
					  (size_t)e->value[6], &o));
}

static void do_dhcp_start(const struct replay *rp, const event *e, struct nethood_dev *dev)
{
	const struct nethood_dhcp_config cfg = {
		.client_id = e->octets[2],
		.client_id_bytes = e->value[2],
		.hostname = (const char *)e->octets[3],
		.requested = { (u32)e->value[4] },
		.metric = (u32)e->value[5],
		.link_local = e->value[1] & REC_DHCP_LINK_LOCAL,
		.changed = e->value[1] & REC_DHCP_TOLD ? on_changed : NULL,
		.ctx = (void *)(uintptr_t)rp,
	};

	nethood_dhcp_start(dev, e->value[1] & REC_DHCP_CONFIG ? &cfg : NULL);
}

static void do_by_arp_start(const struct replay *rp, const event *e, struct nethood_dev *dev)
{
	const struct nethood_by_arp_config cfg = {
		.icmp_bytes = (u16)e->value[1],
		.port = (u16)e->value[2],
		.prefix_bits = (u8)e->value[3],
		.timeout_ns = e->value[4],
		.changed = e->value[5] ? on_changed : NULL,
		.ctx = (void *)(uintptr_t)rp,
	};

	nethood_by_arp_start(dev, &cfg);
}

/* Calls whose first field is a device. */
static void do_dev(struct replay *rp, const event *e)
{
	struct nethood_dev *dev = dev_at(rp, e->value[0]);

	if (!dev) {
		rp->bad = true;
		return;
	}
	switch (e->op) {
	case REC_DEV_DESTROY:
		nethood_dev_destroy(dev);
		return;
	case REC_DEV_RECEIVE:
		nethood_dev_receive(dev, e->octets[1] ? e->octets[1] : (const u8 *)"", e->value[1]);
		return;
	case REC_DEV_WAKE:
		nethood_dev_wake(dev);
		return;
	case REC_DEV_CARRIER:
		nethood_dev_carrier(dev, e->value[1]);
		return;
	case REC_DEV_FD_READY:
		nethood_dev_fd_ready(dev);
		return;
	case REC_WIRE_FRAME:
		do_wire_frame(rp, e, dev);
		return;
	case REC_WIRE_NEWS:
		rec_note_d(rp->at.rec, REC_WIRE_NEWS, dev_of(dev));
		(void)netdev_wire_news(dev_of(dev), (u32)e->value[1]);
		rec_return(rp->at.rec, 0);
		return;
	case REC_DHCP_START:
		do_dhcp_start(rp, e, dev);
		return;
	case REC_DHCP_STOP:
		nethood_dhcp_stop(dev);
		return;
	case REC_IPV4LL_START:
		nethood_ipv4ll_start(dev);
		return;
	case REC_IPV4LL_STOP:
		nethood_ipv4ll_stop(dev);
		return;
	case REC_BY_ARP_START:
		do_by_arp_start(rp, e, dev);
		return;
	default: /* REC_BY_ARP_STOP */
		nethood_by_arp_stop(dev);
	}
}

/* ------------------------------------------------------------------ the rest */

static void do_sysctl_set(struct replay *rp, const event *e)
{
	if (e->octets[0] && e->octets[1])
		nethood_sysctl_set(rp->net, (const char *)e->octets[0], (const char *)e->octets[1]);
	else
		rp->bad = true;
}

static void do_proc_write(struct replay *rp, const event *e)
{
	if (e->octets[0])
		nethood_proc_write(rp->net, (const char *)e->octets[0], e->octets[1] ? (const char *)e->octets[1] : "",
				   e->value[1]);
	else
		rp->bad = true;
}

static void do_neigh_doubt(struct replay *rp, const event *e)
{
	u8 addr[16];

	(void)replay_copy(addr, sizeof(addr), e->octets[2] ? e->octets[2] : (const u8 *)"", e->value[2], sizeof(addr));
	nethood_neigh_doubt(rp->net, (const char *)e->octets[0], (int)(s64)e->value[1], addr);
}

static void do_trace(struct replay *rp, const event *e)
{
	nethood_trace(rp->net, e->value[0] ? on_hop : NULL, rp);
	if (rp->config->hop)
		net_trace(rp->net, on_hop, rp);
}

static void do_capture(struct replay *rp, const event *e)
{
	nethood_capture(rp->net, e->value[0] ? on_capture : NULL, rp);
}

static void (*const calls[REC_OPS_COUNT])(struct replay *rp, const event *e) = {
	[REC_POLL] = do_poll,
	[REC_SET_TIME] = do_set_time,
	[REC_SET_WALL] = do_set_wall,
	[REC_DEV_CREATE] = do_dev_create,
	[REC_DEV_DESTROY] = do_dev,
	[REC_WIRE] = do_wire,
	[REC_DEV_RECEIVE... REC_BY_ARP_STOP] = do_dev,
	[REC_SOCKET] = replay_socket,
	[REC_CLOSE... REC_SET_ADMIN] = replay_sock,
	[REC_SYSCTL_SET] = do_sysctl_set,
	[REC_PROC_WRITE] = do_proc_write,
	[REC_NEIGH_DOUBT] = do_neigh_doubt,
	[REC_TRACE] = do_trace,
	[REC_CAPTURE] = do_capture,
	[REC_SEND_ZEROCOPY... REC_SET_CALLER] = replay_sock,
};

/* ------------------------------------------------------------------ one after the other */

static void tell_result(struct replay *rp, const event *e)
{
	const event over = {
		.number = e->number + 1,
		.time_ns = rp->at.time_ns,
		.name = rec_ops[REC_RET].text,
		.fields = rec_ops[REC_RET].fields,
		.labels = rec_ops[REC_RET].labels,
		.value = { (u64)rp->at.result },
		.depth = rp->depth,
		.op = REC_RET,
	};

	if (rp->config->event && e->has_return)
		rp->config->event(rp->config->ctx, &over);
}

static void call(struct replay *rp)
{
	const enum rec_op outer = rp->at.call;
	const u64 number = rp->at.call_number, object = rp->at.call_object;
	const event e = rp->at.event; /* the next ones take its place */

	rp->at.call = e.op;
	rp->at.call_number = e.number + 1;
	rp->at.call_object = e.value[0];
	rec_take(&rp->at);
	if (rp->config->event) {
		event told = e;

		told.number++;
		told.depth = rp->depth;
		rp->config->event(rp->config->ctx, &told);
	}
	rp->depth++;
	calls[e.op](rp, &e);
	rp->depth--;
	tell_result(rp, &e);
	rp->at.call = outer;
	rp->at.call_number = number;
	rp->at.call_object = object;
}

/* Calls, until a callback is over, or what follows is none; @nested: within another one. */
static void run(struct replay *rp, bool nested)
{
	while (!rp->bad && !rp->at.diverged) {
		enum rec_op op = rec_peek(&rp->at);

		if (op == REC_NONE || rp->depth > DEPTH_MAX)
			break;
		if (!nested && rp->config->until_event && rp->at.event.number + 1 >= rp->config->until_event)
			break;
		if (!calls[op]) {
			if (!nested) /* an answer that nobody asked for */
				rec_diverge(&rp->at, NETHOOD_OTHER_ORDER, 0, 0);
			break;
		}
		call(rp);
	}
	if (rp->depth > DEPTH_MAX)
		rp->bad = true;
}

static bool never_fails(void *ctx, const char *site, size_t size_bytes)
{
	(void)ctx, (void)site, (void)size_bytes;
	return false;
}

static int create(struct replay *rp, struct nethood_allocator *memory)
{
	const struct nethood_record_file *f = rp->file;
	struct nethood_config cfg = {
		.hostname = f->hostname,
		.memory = memory,
		.now_ns = f->now_ns,
		.wall_ns = f->wall_ns,
		.profile = f->flags & REC_F_STRICT ? NETHOOD_PROFILE_STRICT : NETHOOD_PROFILE_LINUX,
		.log = f->flags & REC_F_LOG ? on_log : NULL,
		.log_ctx = rp,
	};
	int err;

	memcpy(cfg.random_key, f->key, sizeof(cfg.random_key));
	memory->fail = f->flags & REC_F_MAY_FAIL ? never_fails : NULL; /* rec_mem_fail() reads which ones did */
	err = net_create(&cfg, &rp->at, &rp->net);
	if (err)
		return err;
	if (rp->config->hop)
		net_trace(rp->net, on_hop, rp);
	return 0;
}

static void finish(struct replay *rp, struct nethood_replay_result *out)
{
	struct recorder *rec = rp->at.rec;

	out->events = rec->events;
	out->outputs = rec->outputs;
	out->trace_hash = rec->hash;
	out->last_ns = rec->time_ns;
	out->complete = !rp->at.diverged && rec_peek(&rp->at) == REC_NONE && rp->at.next == rp->at.end;
	if (out->complete && (rec->hash != rp->file->trace_hash || rec->outputs != rp->file->outputs))
		rec_diverge(&rp->at, NETHOOD_OTHER_END, (s64)rp->file->trace_hash, (s64)rec->hash);
	if (rp->config->ended)
		rp->config->ended(rp->config->ctx, rp->net);
	rp->at.diverged = true; /* what the end of the net brings about is not recorded */
	nethood_free(rp->net);
}

static int replay(struct replay *rp, const struct nethood_record_file *file, struct nethood_allocator *memory,
		  struct nethood_replay_result *out)
{
	int err;

	rp->at = (struct rec_replay){
		.next = file->records,
		.end = file->records + file->records_bytes,
		.time_ns = file->first_time_ns,
		.event = { .number = file->first_event },
		.divergence = &out->divergence,
		.frame = on_frame,
	};
	rp->room = memory->zalloc(memory->ctx, ROOM_BYTES);
	rp->data = memory->zalloc(memory->ctx, ROOM_BYTES);
	err = rp->room && rp->data ? create(rp, memory) : -ENOMEM;
	if (!err) {
		run(rp, false);
		finish(rp, out);
		err = rp->bad ? -EINVAL : 0;
	}
	memory->free(memory->ctx, rp->room, ROOM_BYTES);
	memory->free(memory->ctx, rp->data, ROOM_BYTES);
	if (rp->sock_room)
		memory->free(memory->ctx, rp->sock, rp->sock_room * sizeof(*rp->sock));
	return err;
}

int nethood_replay(const struct nethood_record_file *file, const struct nethood_replay_config *config,
		   struct nethood_replay_result *out)
{
	static const struct nethood_allocator libc = {
		.alloc = mem_libc_alloc, .zalloc = mem_libc_zalloc, .free = mem_libc_free, .discard = mem_libc_discard
	};
	struct nethood_allocator memory = config->memory ? *config->memory : libc;
	struct replay *rp;
	int err;

	memset(out, 0, sizeof(*out));
	out->first_ns = file->first_time_ns;
	if (file->begin_lost)
		return -ENODATA;
	rp = memory.zalloc(memory.ctx, sizeof(*rp));
	if (!rp)
		return -ENOMEM;
	rp->file = file;
	rp->config = config;
	rp->memory = &memory;
	err = replay(rp, file, &memory, out);
	memory.free(memory.ctx, rp, sizeof(*rp));
	return err;
}
