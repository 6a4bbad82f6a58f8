// SPDX-License-Identifier: BSD-2-Clause
/* What is done to hosts and segments of a scenario, when its time has come. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "scenario_run.h"
#include "segment.h"

#define OP_REQUEST 1
#define OP_REPLY 2

/** struct deed_turn - a deed, and how often it was done */
struct deed_turn {
	struct run *run;
	const struct scenario_deed *deed;
	u64 turn;
};

/* ------------------------------------------------------------------ ARP by hand */

/* The answer to nobody, a gratuitous one, names itself as the one that it is for. */
static void arp_frame(u8 frame[static FORGED_ARP_BYTES], u8 op, const u8 *from, const u8 *to, u32 sip, u32 tip)
{
	u8 sender[4], target[4];
	const struct forged_arp arp = { .to = to,
					.from = from,
					.op = op,
					.sip = sender,
					.tip = target,
					.tha = op != OP_REPLY ? NULL
					       : to           ? to
							      : from };

	octets(sip, sender);
	octets(tip, target);
	segment_forge_arp(frame, &arp);
}

static void new_mac(struct run *r, u8 mac[static SIM_MAC_BYTES])
{
	u32 n = choose(r->world.choices, SIM_STREAM_WORLD, UINT32_MAX);

	memcpy(mac, (const u8[]){ 2, 0xff, (u8)(n >> 24), (u8)(n >> 16), (u8)(n >> 8), (u8)n }, SIM_MAC_BYTES);
}

static void forge_one(struct run *r, const struct scenario_deed *d, u32 turn, struct sim_segment *seg)
{
	u64 room = 1ULL << (32 - d->prefix.bits);
	u32 sip = d->prefix.addr + (u32)(turn % room), tip = sip;
	const struct run_host *to = NULL;
	u8 frame[FORGED_ARP_BYTES], mac[SIM_MAC_BYTES];

	memcpy(mac, d->mac, sizeof(mac));
	if (!d->has_mac)
		new_mac(r, mac);
	if (d->has_to) {
		to = run_host_of(r, d->to.group, d->to.first + turn % (d->to.last - d->to.first + 1));
		if (to->host->port[0].segment != seg)
			return;
		tip = leg_addr(r->s, &r->s->group[to->group], 0, to->index);
	}
	arp_frame(frame, d->is_reply ? OP_REPLY : OP_REQUEST, mac, to ? to->host->port[0].mac : NULL, sip, tip);
	segment_inject(seg, NULL, frame, sizeof(frame));
}

static void forge(struct run *r, const struct scenario_deed *d, u32 turn)
{
	u32 first = r->segment_first[d->segment];

	for (u32 i = 0; i < r->s->segment[d->segment].count; i++)
		forge_one(r, d, turn, r->world.segment[first + i]);
}

static void announce(struct run_host *h, const struct scenario_deed *d)
{
	struct sim_port *port = &h->host->port[d->eth];
	u8 frame[FORGED_ARP_BYTES];

	if (port->unplugged || port->mute)
		return;
	arp_frame(frame, d->is_reply ? OP_REPLY : OP_REQUEST, port->mac, NULL, d->prefix.addr, d->prefix.addr);
	segment_inject(port->segment, port, frame, sizeof(frame));
}

/* ------------------------------------------------------------------ ip(8) */

static int deed_mac(struct run_host *h, const struct scenario_deed *d)
{
	struct scenario_sysctl notify = { .key = "net.ipv4.conf.eth0.arp_notify", .value = "0" };
	u8 mac[SIM_MAC_BYTES];

	notify.key[strlen("net.ipv4.conf.eth")] = (char)('0' + d->eth);
	notify.value[0] = d->announce ? '1' : '0';
	memcpy(mac, d->mac, sizeof(mac));
	if (!d->has_mac)
		new_mac(h->run, mac);
	(void)host_sysctl(h, &notify);
	return admin_change_mac(h->host, d->eth, mac);
}

static int deed_link(struct run_host *h, const struct scenario_deed *d)
{
	int ifindex = nethood_dev_ifindex(h->host->port[d->eth].dev);

	if (d->mtu_bytes)
		return admin_mtu(h->host, ifindex, d->mtu_bytes);
	return d->has_up ? admin_link(h->host, ifindex, d->up) : admin_change_mac(h->host, d->eth, d->mac);
}

static int deed_addr(struct run_host *h, const struct scenario_deed *d)
{
	u8 addr[4];

	octets(d->prefix.addr, addr);
	return admin_addr(h->host, d->add, nethood_dev_ifindex(h->host->port[d->eth].dev), addr, d->prefix.bits);
}

static int deed_route(struct run_host *h, const struct scenario_deed *d)
{
	u8 to[4], via[4];

	octets(d->prefix.addr, to);
	octets(d->via, via);
	return admin_route(h->host, d->add, to, d->prefix.bits, d->has_via ? via : NULL,
			   d->all_eths ? 0 : nethood_dev_ifindex(h->host->port[d->eth].dev));
}

static int deed_neigh(struct run_host *h, const struct scenario_deed *d)
{
	u8 addr[4];

	octets(d->prefix.addr, addr);
	return admin_neigh(h->host, d->add ? RTM_NEWNEIGH : RTM_DELNEIGH,
			   d->replace ? NLM_F_CREATE | NLM_F_REPLACE
			   : d->add   ? NLM_F_CREATE | NLM_F_EXCL
				      : 0,
			   nethood_dev_ifindex(h->host->port[d->eth].dev), addr, d->has_mac ? d->mac : NULL,
			   d->add ? d->nud : 0, 0);
}

/* ------------------------------------------------------------------ cables */

static void cable(struct run_host *h, const struct scenario_deed *d)
{
	for (u32 i = 0; i < h->host->port_count; i++) {
		if (d->all_eths || i == d->eth)
			sim_set_plugged(&h->host->port[i], d->verb == DEED_PLUG);
	}
}

static void cut(struct run_host *h, const struct scenario_deed *d)
{
	for (u32 i = 0; i < h->host->port_count; i++) {
		struct sim_port *port = &h->host->port[i];

		if (d->in)
			port->deaf = true;
		else if (d->out)
			port->mute = true;
		else
			port->side = h->run->sides;
	}
}

static void join(struct run_host *h)
{
	for (u32 i = 0; i < h->host->port_count; i++) {
		struct sim_port *port = &h->host->port[i];

		port->deaf = port->mute = false;
		port->side = 0;
	}
}

/* ------------------------------------------------------------------ segments */

static void change_word(struct sim_faults *to, const struct scenario_segment *from, const struct scenario_word *w)
{
	size_t size = w->type == TYPE_RATE ? sizeof(u64) : sizeof(u32);

	memcpy((u8 *)to + w->offset - offsetof(struct scenario_segment, faults), (const u8 *)from + w->offset, size);
}

static void change_segments(struct run *r, const struct scenario_deed *d)
{
	const struct scenario_segment *declared = &r->s->segment[d->segment];
	u32 bit = 0;

	for (u32 i = 0; i < declared->count; i++) {
		struct sim_segment *seg = r->world.segment[r->segment_first[d->segment] + i];

		if (d->verb == DEED_HEAL)
			seg->faults = declared->faults;
	}
	for (u32 k = 0; k < scenario_word_count && d->verb == DEED_FAULT; k++) {
		if (scenario_words[k].in != IN_SEGMENT || !(d->changed >> bit++ & 1))
			continue;
		for (u32 i = 0; i < declared->count; i++)
			change_word(&r->world.segment[r->segment_first[d->segment] + i]->faults, &d->change,
				    &scenario_words[k]);
	}
}

/* ------------------------------------------------------------------ when its time has come */

static int do_to_host(struct run_host *h, const struct scenario_deed *d)
{
	switch (d->verb) {
	case DEED_CUT:
		cut(h, d);
		return 0;
	case DEED_JOIN:
		join(h);
		return 0;
	case DEED_UNPLUG:
	case DEED_PLUG:
		cable(h, d);
		return 0;
	case DEED_REBOOT:
		host_reboot(h);
		return 0;
	case DEED_ANNOUNCE:
		announce(h, d);
		return 0;
	case DEED_MAC:
		return deed_mac(h, d);
	case DEED_SYSCTL:
		return host_sysctl(h, &d->sysctl);
	case DEED_LINK:
		return deed_link(h, d);
	case DEED_ADDR:
		return deed_addr(h, d);
	case DEED_ROUTE:
		return deed_route(h, d);
	case DEED_NEIGH:
		return deed_neigh(h, d);
	case DEED_FAULT:
	case DEED_HEAL:
	case DEED_FORGE:
		break;
	}
	return 0;
}

static void do_to_hosts(struct run *r, const struct scenario_deed *d)
{
	for (u32 i = d->hosts.first; i <= d->hosts.last; i++) {
		struct run_host *h = run_host_of(r, d->hosts.group, i);
		int err;

		sim_host_enter(h->host);
		err = do_to_host(h, d);
		sim_host_poll(h->host);
		if (err && !r->s->group[h->group].alloc_fail_ppm)
			run_note(r, "line %u: %s: %s: refused with %s", d->at.line, h->host->name, d->says,
				 strerrorname_np(-err));
	}
}

static void deed_fires(struct sim_world *w, void *obj, u64 arg)
{
	struct deed_turn *t = obj;
	struct run *r = t->run;
	const struct scenario_deed *d = t->deed;
	bool repeats = d->verb == DEED_FORGE || d->verb == DEED_ANNOUNCE;
	u64 times = d->times * (repeats ? (u64)d->count : 1);
	char line[128];

	(void)arg;
	if (r->say && (!repeats || !t->turn)) {
		(void)snprintf(line, sizeof(line), "%.6f %s", (double)w->now_ns / 1e9, d->says);
		r->say(r->say_ctx, line);
	}
	if (d->verb == DEED_CUT)
		r->sides++;
	if (d->verb == DEED_FAULT || d->verb == DEED_HEAL)
		change_segments(r, d);
	else if (d->verb == DEED_FORGE)
		forge(r, d, (u32)t->turn);
	else
		do_to_hosts(r, d);
	if (++t->turn >= times)
		return;
	sim_after(w, repeats && t->turn % d->count ? d->gap_ns : d->every_ns, 0, deed_fires, t, 0);
}

void deeds_plan(struct run *r)
{
	r->turns = calloc(r->s->deed_count + 1, sizeof(*r->turns));
	if (!r->turns)
		abort();
	for (u32 i = 0; i < r->s->deed_count; i++) {
		struct deed_turn *t = &r->turns[i];

		*t = (struct deed_turn){ .run = r, .deed = &r->s->deed[i] };
		sim_after(&r->world, t->deed->when_ns, 0, deed_fires, t, 0);
	}
}

void deeds_free(struct run *r)
{
	free(r->turns);
}
