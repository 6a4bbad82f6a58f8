// SPDX-License-Identifier: BSD-2-Clause
/* The frame that left last waits until the next one comes: what is said of it meanwhile becomes its comment. */
#include "wirecap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pcapng.h"

#define BUFFER_BYTES (256U * 1024U)
#define ETH_BYTES 14U

struct wirecap {
	bool (*write)(void *ctx, const void *data, size_t len_bytes);
	void *ctx;
	bool broken;
	struct pcapng out;
	u32 interfaces; /**< that are there; the one behind them is "dropped" */
	bool has_dropped;
	/* the frame that waits */
	u64 frame_id;
	u32 interface, len_bytes, lost_count;
	u64 stamp_ns;
	char comment[PCAPNG_COMMENT_MAX_BYTES];
	u8 data[SIM_FRAME_MAX_BYTES];
	/* the frame that a host was given last */
	const struct sim_host *at;
	u64 arrived_ns;
	u32 arrived_bytes;
	u8 arrived[SIM_FRAME_MAX_BYTES];
	u8 buf[BUFFER_BYTES];
};

void wirecap_flush(struct wirecap *c)
{
	if (!c->broken && c->out.used_bytes)
		c->broken = !c->write(c->ctx, c->buf, c->out.used_bytes);
	c->out.used_bytes = 0;
}

static void put_packet(struct wirecap *c, const struct pcapng_packet *packet)
{
	if (pcapng_packet(&c->out, packet))
		return;
	wirecap_flush(c);
	(void)pcapng_packet(&c->out, packet);
}

static void put_waiting(struct wirecap *c)
{
	const struct iovec frame = { c->data, c->len_bytes };
	const struct pcapng_packet packet = { .interface = c->interface,
					      .stamp_ns = c->stamp_ns,
					      .frame = &frame,
					      .pieces = 1,
					      .comment = c->comment[0] ? c->comment : NULL };

	if (c->frame_id)
		put_packet(c, &packet);
	c->frame_id = 0;
}

static void put_interface(struct wirecap *c, const char *name)
{
	if (pcapng_interface(&c->out, name))
		return;
	wirecap_flush(c);
	(void)pcapng_interface(&c->out, name);
}

/* ------------------------------------------------------------------ what died */

static void put_dropped(struct wirecap *c, u64 now_ns, const void *data, u32 len_bytes, bool bare, const char *comment)
{
	static const u8 header[ETH_BYTES] = { [12] = 8, [13] = 0 };
	const struct iovec frame[] = { { (void *)(uintptr_t)header, bare ? ETH_BYTES : 0 },
				       { (void *)(uintptr_t)data, len_bytes } };
	const struct pcapng_packet packet = {
		.interface = c->interfaces, .stamp_ns = now_ns, .frame = frame, .pieces = 2, .comment = comment
	};

	put_waiting(c);
	if (!c->has_dropped)
		put_interface(c, "dropped");
	c->has_dropped = true;
	put_packet(c, &packet);
}

/* What a host was given last is whole; else there is as much as the hop shows. */
void wirecap_drop(struct wirecap *c, const struct sim_host *h, const struct nethood_hop *hop)
{
	u64 now_ns = h->world->now_ns;
	char comment[256];

	(void)snprintf(comment, sizeof(comment), "%s drops it: %s, in %s", h->name, hop->drop_reason, hop->func);
	if (c->at == h && c->arrived_ns == now_ns)
		put_dropped(c, now_ns, c->arrived, c->arrived_bytes, false, comment);
	else if (hop->linear_bytes >= 20 && hop->data[0] >> 4 == 4)
		put_dropped(c, now_ns, hop->data, hop->linear_bytes, true, comment);
}

/* ------------------------------------------------------------------ frames */

static void frame_leaves(struct wirecap *c, const struct sim_segment *seg, const struct sim_frame *f,
			 const char *comment)
{
	put_waiting(c);
	if (f->len_bytes > sizeof(c->data))
		return;
	c->frame_id = f->id;
	c->interface = seg->id;
	c->stamp_ns = seg->world->now_ns;
	c->len_bytes = f->len_bytes;
	c->lost_count = 0;
	memcpy(c->data, f->data, f->len_bytes);
	(void)snprintf(c->comment, sizeof(c->comment), "%s", comment);
}

static void frame_lost(struct wirecap *c, const struct sim_segment *seg, const struct sim_frame *f, const char *what)
{
	char comment[128];

	if (c->frame_id == f->id && ++c->lost_count == 1) {
		size_t at = strlen(c->comment);

		(void)snprintf(c->comment + at, sizeof(c->comment) - at, "%slost: %s", at ? "; " : "", what);
	} else if (c->frame_id != f->id) {
		(void)snprintf(comment, sizeof(comment), "lost: %s", what);
		put_dropped(c, seg->world->now_ns, f->data, f->len_bytes, false, comment);
	}
}

void wirecap_frame(struct wirecap *c, const struct sim_segment *seg, const struct sim_port *port,
		   const struct sim_frame *f, const char *what)
{
	c->at = NULL;
	if (strcmp(what, "leaves") == 0) {
		frame_leaves(c, seg, f, "");
	} else if (strcmp(what, "is forged") == 0) {
		frame_leaves(c, seg, f, "forged");
	} else if (!port) {
		frame_lost(c, seg, f, what);
	} else if (f->len_bytes <= sizeof(c->arrived)) {
		c->at = port->host;
		c->arrived_ns = seg->world->now_ns;
		c->arrived_bytes = f->len_bytes;
		memcpy(c->arrived, f->data, f->len_bytes);
	}
}

/* ------------------------------------------------------------------ life */

struct wirecap *wirecap_create(bool (*write)(void *ctx, const void *data, size_t len_bytes), void *ctx)
{
	struct wirecap *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->write = write;
	c->ctx = ctx;
	c->out = (struct pcapng){ .buf = c->buf, .room_bytes = sizeof(c->buf) };
	(void)pcapng_section(&c->out);
	return c;
}

void wirecap_interface(struct wirecap *c, const char *name)
{
	put_interface(c, name);
	c->interfaces++;
}

void wirecap_destroy(struct wirecap *c)
{
	if (!c)
		return;
	put_waiting(c);
	wirecap_flush(c);
	free(c);
}
