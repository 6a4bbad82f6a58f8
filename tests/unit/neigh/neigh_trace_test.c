// SPDX-License-Identifier: BSD-2-Clause
/* The trace events: where Linux has one there is one, and it says what Linux's says. */
#include "neigh_world.h"

#include <errno.h>

#include "neigh/neigh_trace.h"

#define MAX_EVENTS 64

struct heard {
	struct nethood_neigh_event e[MAX_EVENTS];
	u32 count, seen;
	u32 frames_before[MAX_EVENTS]; /**< that had left when the event was told */
	struct world *w;
};

static void hear(void *ctx, const struct nethood_neigh_event *event)
{
	struct heard *h = ctx;

	if (event->family != AF_INET)
		return; /* ND's table has parameters of its own */
	assert_true(h->count < MAX_EVENTS);
	h->frames_before[h->count] = h->w->frames_count;
	h->e[h->count++] = *event;
}

static void listen_to(struct world *w, struct heard *h)
{
	*h = (struct heard){ .w = w };
	nethood_on_neigh_event(w->public_net, hear, h);
}

struct row {
	const char *sentence;
	enum nethood_neigh_event_kind kind;
	u8 state;
	int err;
	u8 probes;
	u8 new_state;
	u32 update_flags;
	const char *cause;
};

static void expect(struct heard *h, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct nethood_neigh_event *e = &h->e[h->seen];

		if (h->seen++ >= h->count)
			fail_msg("%s: it was not told", rows[i].sentence);
		if (e->kind != rows[i].kind || e->nud_state != rows[i].state || e->err != rows[i].err ||
		    e->probes != rows[i].probes || e->new_state != rows[i].new_state ||
		    e->update_flags != rows[i].update_flags || strcmp(e->cause, rows[i].cause) != 0)
			fail_msg("%s: not %s of %s, err %d, %u probes, new %s, flags %#x, because of %s",
				 rows[i].sentence, nethood_neigh_event_name(e->kind), nud_state_name(e->nud_state),
				 e->err, e->probes, nud_state_name(e->new_state), e->update_flags, e->cause);
	}
	if (h->seen != h->count)
		fail_msg("told as well: %s", nethood_neigh_event_name(h->e[h->seen].kind));
}
#define EXPECT(h, rows) expect(h, rows, ARRAY_SIZE(rows))

static const char packet[] = "a packet to it", frame[] = "a frame that came", timer[] = "its timer",
		  request[] = "a netlink request", device[] = "its device", itself[] = "the stack itself";

static void a_life(void **state)
{
	static const struct row rows[] = {
		{ "the first packet makes it", NETHOOD_NEIGH_CREATE, NUD_NONE, 0, 0, 0, 0, itself },
		{ "and waits; probes by unicast are left out", NETHOOD_NEIGH_EVENT_SEND_DONE, NUD_INCOMPLETE, 1, 3, 0,
		  0, packet },
		{ "an answer comes, within locktime", NETHOOD_NEIGH_UPDATE, NUD_INCOMPLETE, 0, 4, NUD_REACHABLE, 0,
		  frame },
		{ "and is believed", NETHOOD_NEIGH_UPDATE_DONE, NUD_REACHABLE, 0, 4, 0, 0, frame },
		{ "nobody uses it: it is stale", NETHOOD_NEIGH_TIMER_HANDLER, NUD_STALE, 0, 4, 0, 0, timer },
		{ "a packet goes, and begins the delay", NETHOOD_NEIGH_EVENT_SEND_DONE, NUD_DELAY, 0, 4, 0, 0, packet },
		{ "nobody confirms it: probes begin", NETHOOD_NEIGH_TIMER_HANDLER, NUD_PROBE, 0, 0, 0, 0, timer },
		{ "the second", NETHOOD_NEIGH_TIMER_HANDLER, NUD_PROBE, 0, 1, 0, 0, timer },
		{ "the third", NETHOOD_NEIGH_TIMER_HANDLER, NUD_PROBE, 0, 2, 0, 0, timer },
		{ "nobody answers", NETHOOD_NEIGH_TIMER_HANDLER, NUD_FAILED, 0, 3, 0, 0, timer },
		{ "its device goes down, and it with it", NETHOOD_NEIGH_CLEANUP_AND_RELEASE, NUD_FAILED, 0, 3, 0, 0,
		  device },
	};
	struct nethood_sock *sk;
	struct heard h;
	struct world w;

	(void)state;
	world_init(&w);
	listen_to(&w, &h);
	h.count = 0; /* parameters */
	sk = udp_socket(&w);
	udp_send(sk, PEER_IP, "x", 1);
	arp_reply_from_peer(&w, PEER_MAC);
	world_run(&w, 100 * NSEC_PER_SEC);
	udp_send(sk, PEER_IP, "x", 1);
	world_run(&w, 9 * NSEC_PER_SEC);
	neigh_changeaddr(w.arp, w.dev);
	EXPECT(&h, rows);
	/* What a row has no column for: of the second event, and of those that have an address. */
	assert_string_equal(h.e[1].dev, "eth0");
	assert_int_equal(h.e[1].family, AF_INET);
	assert_int_equal(h.e[1].ifindex, w.dev->ifindex);
	assert_memory_equal(h.e[1].key, &(__be32){ PEER_IP }, 4);
	assert_int_equal(h.e[1].key_bytes, 4);
	assert_int_equal(h.e[1].type, 1); /* RTN_UNICAST */
	assert_true(h.e[1].packet && h.e[1].entry == h.e[0].entry);
	assert_int_equal(h.e[1].now_ns, T0);
	assert_int_equal(h.e[1].used_ns, T0);
	assert_int_equal(h.e[1].confirmed_ns, T0 - 60 * NSEC_PER_SEC);
	assert_memory_equal(h.e[2].new_lladdr, PEER_MAC, 6);
	assert_true(h.e[2].has_new_lladdr && h.e[2].cause_id);
	assert_memory_equal(h.e[3].lladdr, PEER_MAC, 6);
	assert_int_equal(h.e[3].confirmed_ns, T0);
	assert_int_equal(h.e[5].used_ns, T0 + 100 * NSEC_PER_SEC);
	assert_true(h.e[10].dead);
	/* It is told before anything leaves: of the first question, and of the first probe by unicast. */
	assert_int_equal(h.frames_before[1], 0);
	assert_int_equal(h.frames_before[6], 3); /* a question, and two packets */
	nethood_close(sk);
	world_fini(&w);
}

static void what_an_administrator_does(void **state)
{
	static const u32 admin = 0x81; /* OVERRIDE, ADMIN: what the trace event of Linux shows of a deletion */
	const struct row rows[] = {
		{ "an entry is made", NETHOOD_NEIGH_CREATE, NUD_NONE, 0, 0, 0, 0, itself },
		{ "permanent without an address", NETHOOD_NEIGH_UPDATE, NUD_NONE, 0, 0, NUD_PERMANENT, admin, request },
		{ "is refused", NETHOOD_NEIGH_UPDATE_DONE, NUD_NONE, -EINVAL, 0, 0, 0, request },
		{ "with one", NETHOOD_NEIGH_UPDATE, NUD_NONE, 0, 0, NUD_PERMANENT, admin, request },
		{ "it is not", NETHOOD_NEIGH_UPDATE_DONE, NUD_PERMANENT, 0, 0, 0, 0, request },
		{ "what a frame says of it", NETHOOD_NEIGH_UPDATE, NUD_PERMANENT, 0, 0, NUD_STALE,
		  NETHOOD_NEIGH_F_OVERRIDE, itself },
		{ "is refused", NETHOOD_NEIGH_UPDATE_DONE, NUD_PERMANENT, -EPERM, 0, 0, 0, itself },
		{ "a deletion makes it FAILED", NETHOOD_NEIGH_UPDATE, NUD_PERMANENT, 0, 0, NUD_FAILED, admin, request },
		{ "which is done", NETHOOD_NEIGH_UPDATE_DONE, NUD_FAILED, 0, 0, 0, 0, request },
		{ "and lets it go", NETHOOD_NEIGH_CLEANUP_AND_RELEASE, NUD_FAILED, 0, 0, 0, 0, request },
		{ "whoever holds it hears that it is gone", NETHOOD_NEIGH_UPDATE, NUD_NONE, 0, 0, NUD_STALE, 0,
		  itself },
		{ "and no more", NETHOOD_NEIGH_UPDATE_DONE, NUD_NONE, -EPERM, 0, 0, 0, itself },
		{ "a wish to resolve it as well", NETHOOD_NEIGH_EVENT_SEND_DEAD, NUD_NONE, 1, 0, 0, 0, itself },
	};
	struct neighbour *n;
	__be32 ip = OTHER_IP;
	struct heard h;
	struct world w;

	(void)state;
	world_init(&w);
	listen_to(&w, &h);
	h.count = 0;
	assert_int_equal(neigh_create(w.arp, &ip, w.dev, &n), 0);
	assert_int_equal(neigh_update(n, NULL, NUD_PERMANENT, admin, 7, NULL), -EINVAL);
	assert_int_equal(neigh_update(n, PEER_MAC, NUD_PERMANENT, admin, 7, NULL), 0);
	assert_int_equal(neigh_update(n, NEW_MAC, NUD_STALE, NEIGH_UPDATE_F_OVERRIDE, 0, NULL), -EPERM);
	assert_int_equal(neigh_remove(n, 7), 0);
	assert_int_equal(neigh_update(n, NEW_MAC, NUD_STALE, 0, 0, NULL), -EPERM);
	neigh_use(n);
	neigh_release(n);
	EXPECT(&h, rows);
	assert_int_equal(h.e[1].portid, 7);
	assert_false(h.e[1].has_new_lladdr);
	assert_false(h.e[12].packet);
	world_fini(&w);
}

static void an_entry_that_cannot_be_made_is_told(void **state)
{
	static const struct row rows[] = {
		{ "there is no room", NETHOOD_NEIGH_CREATE, 0, -ENOBUFS, 0, 0, 0, itself },
		{ "there is no memory", NETHOOD_NEIGH_CREATE, 0, -ENOBUFS, 0, 0, 0, itself },
	};
	struct neighbour *n;
	__be32 ip = OTHER_IP;
	struct heard h;
	struct world w;

	(void)state;
	world_init(&w);
	listen_to(&w, &h);
	h.count = 0;
	w.arp->gc_thresh2 = w.arp->gc_thresh3 = 0;
	assert_int_equal(neigh_create(w.arp, &ip, w.dev, &n), -ENOBUFS);
	w.arp->gc_thresh2 = w.arp->gc_thresh3 = 1024;
	w.fail_at = w.alloc_count + 1;
	w.fail_for_ever = true;
	assert_int_equal(neigh_create(w.arp, &ip, w.dev, &n), -ENOBUFS);
	w.fail_at = 0;
	EXPECT(&h, rows);
	assert_null(h.e[0].entry);
	assert_memory_equal(h.e[0].key, &ip, 4);
	world_fini(&w);
}

static void in_strict_a_doubt_is_told(void **state)
{
	static const struct row rows[] = {
		{ "who is doubted is asked", NETHOOD_NEIGH_DOUBT, NUD_PROBE, 0, 0, 0, 0, itself },
	};
	struct nethood_sock *sk;
	struct heard h;
	struct world w;
	__be32 ip = PEER_IP;

	(void)state;
	world_init_as(&w, NETHOOD_PROFILE_STRICT);
	sk = udp_socket(&w);
	udp_send(sk, PEER_IP, "x", 1);
	arp_reply_from_peer(&w, PEER_MAC);
	world_run(&w, NSEC_PER_SEC);
	listen_to(&w, &h);
	h.count = 0;
	assert_int_equal(nethood_neigh_doubt(w.public_net, "eth0", AF_INET, &ip), 0);
	EXPECT(&h, rows);
	nethood_close(sk);
	world_fini(&w);
}

static void parameters_are_told_at_once_and_when_they_change(void **state)
{
	struct nethood_dev_config config = { .name = "eth1", .driver = "user", .fd = -1, .xmit = world_xmit };
	struct nethood_dev *dev;
	struct heard h;
	struct world w;

	(void)state;
	world_init(&w);
	config.ctx = &w;
	listen_to(&w, &h);
	assert_int_equal(h.count, 3); /* the defaults, lo, eth0 */
	assert_string_equal(h.e[0].dev, "");
	assert_string_equal(h.e[2].dev, "eth0");
	assert_int_equal(h.e[2].reachable_time_ns, w.dev->neigh_parms[0]->reachable_time);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.neigh.eth0.ucast_solicit", "5"), 0);
	assert_int_equal(h.count, 4);
	assert_string_equal(h.e[3].dev, "eth0");
	assert_int_equal(nethood_dev_create(w.public_net, &config, &dev), 0);
	assert_int_equal(h.count, 5);
	assert_string_equal(h.e[4].dev, "eth1");
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.neigh.default.ucast_solicit", "6"), 0);
	assert_int_equal(h.count, 7); /* the defaults, and who follows them: devices without an address */
	assert_string_equal(h.e[5].dev, "eth1");
	assert_string_equal(h.e[6].dev, "");
	nethood_on_neigh_event(w.public_net, NULL, NULL);
	assert_int_equal(nethood_sysctl_set(w.public_net, "net.ipv4.neigh.eth0.ucast_solicit", "7"), 0);
	assert_int_equal(h.count, 7);
	world_fini(&w);
}

static void each_event_has_linuxs_name(void **state)
{
	static const char *const names[] = {
		"neigh_create",          "neigh_update",          "neigh_update_done",         "neigh_timer_handler",
		"neigh_event_send_done", "neigh_event_send_dead", "neigh_cleanup_and_release", "neigh_doubt",
		"neigh_parms",
	};

	(void)state;
	assert_int_equal(ARRAY_SIZE(names), NEIGH_TRACE_MAX);
	for (u32 i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(nethood_neigh_event_name((enum nethood_neigh_event_kind)i), names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_life),
		cmocka_unit_test(what_an_administrator_does),
		cmocka_unit_test(an_entry_that_cannot_be_made_is_told),
		cmocka_unit_test(in_strict_a_doubt_is_told),
		cmocka_unit_test(parameters_are_told_at_once_and_when_they_change),
		cmocka_unit_test(each_event_has_linuxs_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
