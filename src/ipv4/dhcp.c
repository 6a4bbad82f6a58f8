// SPDX-License-Identifier: BSD-2-Clause
/* DHCPv4 client as a table of edges, driven by timers, by servers and by the device's link.
 *
 * @rfc 2131 3.1 3.2 4.1 4.4, 5227 2.1, 6842
 *
 * An address that a server gives is used when nobody has answered a probe for it, and is watched from then on.  When the
 * link comes back the client asks whether its address is still good there, before it asks for another.
 *
 * Reading order: edges[], dhcp_step(), dhcp_event(), dhcp_heard(), dhcp_start().
 */
#include "ipv4/dhcp.h"

#include <errno.h>
#include <linux/if_arp.h>

#include "ipv4/dhcp_internal.h"
#include "ipv4/inetdevice.h"
#include "ipv4/ipv4ll.h"
#include "record/record.h"

/* ------------------------------------------------------------------ the table */

#define S(name) (1U << DHCP_##name)
#define S_ASKING (S(INIT) | S(SELECTING) | S(REQUESTING)) /* with nothing to remember */
#define S_HELD (S(BOUND) | S(RENEWING) | S(REBINDING))
#define S_GIVEN (S(PROBING) | S(REBOOTING) | S_HELD)
#define S_RUNNING (S_ASKING | S_GIVEN)
#define A(name) DHCP_A_##name
#define C(name) DHCP_C_##name
#define T(name) DHCP_T_##name
#define LOSE (A(FORGET) | A(TELL))

/* clang-format off */
static const struct dhcp_edge edges[] = {
/* from                       event                  mask              want              to               act                              timer         source */
{ S(OFF),                     DHCP_EV_LINK_UP,       C(KNOWN),         C(KNOWN),         DHCP_REBOOTING,  A(XID) | A(SEND),                T(RETRANS),   "3.2, 4.4.2" },
{ S(OFF),                     DHCP_EV_LINK_UP,       0,                0,                DHCP_INIT,       0,                               T(START),     "4.4.1" },
{ S_ASKING,                   DHCP_EV_LINK_DOWN,     0,                0,                DHCP_OFF,        A(FORGET),                       T(STOP),      "4.4.1" },
{ S_GIVEN,                    DHCP_EV_LINK_DOWN,     0,                0,                DHCP_OFF,        A(UNPROBE),                      T(EXPIRY),    "3.7" },
{ S(OFF),                     DHCP_EV_TIMER,         0,                0,                DHCP_OFF,        LOSE,                            T(STOP),      "4.4.5" },
{ S(OFF),                     DHCP_EV_NEW_MAC,       0,                0,                DHCP_OFF,        LOSE,                            T(STOP),      "2.1" },
{ S_RUNNING,                  DHCP_EV_NEW_MAC,       0,                0,                DHCP_INIT,       LOSE,                            T(START),     "2.1" },

{ S(INIT),                    DHCP_EV_TIMER,         0,                0,                DHCP_SELECTING,  A(XID) | A(SEND),                T(RETRANS),   "4.4.1" },
{ S(SELECTING),               DHCP_EV_TIMER,         C(FALLBACK),      C(FALLBACK),      DHCP_SELECTING,  A(SEND) | A(LINK_LOCAL),         T(RETRANS),   "4.1; RFC 3927 1.9" },
{ S(SELECTING),               DHCP_EV_TIMER,         0,                0,                DHCP_SELECTING,  A(SEND),                         T(RETRANS),   "4.1" },
{ S(SELECTING),               DHCP_EV_OFFER,         0,                0,                DHCP_REQUESTING, A(AGAIN) | A(SEND),              T(RETRANS),   "3.1 (3), 4.4.1" },
{ S(REQUESTING),              DHCP_EV_TIMER,         C(LAST),          C(LAST),          DHCP_INIT,       A(FORGET),                       T(RESTART),   "3.1 (5)" },
{ S(REQUESTING),              DHCP_EV_TIMER,         0,                0,                DHCP_REQUESTING, A(SEND),                         T(RETRANS),   "3.1 (5), 4.1" },
{ S(REQUESTING),              DHCP_EV_ACK,           0,                0,                DHCP_PROBING,    A(PROBE),                        T(EXPIRY),    "3.1 (5), 4.4.1" },
{ S(REQUESTING),              DHCP_EV_NAK,           0,                0,                DHCP_INIT,       A(FORGET),                       T(RESTART),   "3.1 (5)" },

{ S(REBOOTING),               DHCP_EV_TIMER,         C(LAST) | C(ADDR), C(LAST) | C(ADDR), DHCP_BOUND,    0,                               T(LEASE),     "3.2 (4)" },
{ S(REBOOTING),               DHCP_EV_TIMER,         C(LAST),          C(LAST),          DHCP_INIT,       A(FORGET),                       T(NOW),       "3.2 (4)" },
{ S(REBOOTING),               DHCP_EV_TIMER,         0,                0,                DHCP_REBOOTING,  A(SEND),                         T(RETRANS),   "3.2 (4), 4.1" },
{ S(REBOOTING),               DHCP_EV_ACK,           C(ADDR),          C(ADDR),          DHCP_BOUND,      A(TELL),                         T(LEASE),     "3.2 (4)" },
{ S(REBOOTING),               DHCP_EV_ACK,           0,                0,                DHCP_PROBING,    A(PROBE),                        T(EXPIRY),    "3.2 (4)" },
{ S(REBOOTING),               DHCP_EV_NAK,           0,                0,                DHCP_INIT,       LOSE,                            T(NOW),       "3.2 (5)" },

{ S(PROBING),                 DHCP_EV_FREE,          0,                0,                DHCP_BOUND,      A(TELL),                         T(LEASE),     "4.4.1" },
{ S(PROBING),                 DHCP_EV_TIMER,         0,                0,                DHCP_INIT,       A(FORGET),                       T(RESTART),   "4.4.5" },
{ S_GIVEN,                    DHCP_EV_CONFLICT,      0,                0,                DHCP_INIT,       A(DECLINE) | LOSE,               T(DECLINED),  "3.1 (5), 4.4.1" },

{ S_HELD,                     DHCP_EV_TIMER,         C(EXPIRED),       C(EXPIRED),       DHCP_INIT,       LOSE,                            T(NOW),       "4.4.5" },
{ S(BOUND) | S(RENEWING),     DHCP_EV_TIMER,         C(T2),            C(T2),            DHCP_REBINDING,  A(XID) | A(SEND),                T(RENEW),     "4.4.5" },
{ S(BOUND),                   DHCP_EV_TIMER,         0,                0,                DHCP_RENEWING,   A(XID) | A(SEND),                T(RENEW),     "4.4.5" },
{ S(RENEWING),                DHCP_EV_TIMER,         0,                0,                DHCP_RENEWING,   A(SEND),                         T(RENEW),     "4.4.5" },
{ S(REBINDING),               DHCP_EV_TIMER,         0,                0,                DHCP_REBINDING,  A(SEND),                         T(RENEW),     "4.4.5" },
{ S(RENEWING) | S(REBINDING), DHCP_EV_ACK,           0,                0,                DHCP_BOUND,      A(TELL),                         T(LEASE),     "4.4.5" },
{ S(RENEWING) | S(REBINDING), DHCP_EV_NAK,           0,                0,                DHCP_INIT,       LOSE,                            T(RESTART),   "4.4.5" },

{ S_GIVEN,                    DHCP_EV_GONE,          C(EXPIRED),       C(EXPIRED),       DHCP_INIT,       LOSE,                            T(NOW),       "4.4.5" },
{ S(OFF),                     DHCP_EV_GONE,          C(EXPIRED),       C(EXPIRED),       DHCP_OFF,        LOSE,                            T(STOP),      "4.4.5" },
{ S_GIVEN | S(OFF),           DHCP_EV_GONE,          0,                0,                DHCP_ENDED,      A(TELL),                         T(STOP),      "by hand" },
{ S_GIVEN,                    DHCP_EV_STOP,          C(ADDR),          C(ADDR),          DHCP_RELEASING,  A(RELEASE),                      T(RELEASE),   "4.4.6" },
{ S_RUNNING | S(OFF),         DHCP_EV_STOP,          0,                0,                DHCP_ENDED,      0,                               T(STOP),      "4.4.6" },
{ S(RELEASING),               DHCP_EV_TIMER,         C(SENT),          C(SENT),          DHCP_ENDED,      A(TELL),                         T(STOP),      "4.4.6" },
{ S(RELEASING),               DHCP_EV_TIMER,         C(LAST),          C(LAST),          DHCP_ENDED,      A(TELL),                         T(STOP),      "4.4.6" },
{ S(RELEASING),               DHCP_EV_TIMER,         0,                0,                DHCP_RELEASING,  0,                               T(RELEASE),   "4.4.6" },
{ S(RELEASING),               DHCP_EV_LINK_DOWN,     0,                0,                DHCP_ENDED,      A(TELL),                         T(STOP),      "4.4.6" },
{ S(RELEASING),               DHCP_EV_CONFLICT,      0,                0,                DHCP_ENDED,      A(TELL),                         T(STOP),      "4.4.6" },
{ S(RELEASING),               DHCP_EV_GONE,          0,                0,                DHCP_ENDED,      A(TELL),                         T(STOP),      "4.4.6" },
};
/* clang-format on */

const struct dhcp_edge *dhcp_step(enum dhcp_state state, enum dhcp_event event, u32 cond)
{
	for (u32 i = 0; i < ARRAY_SIZE(edges); i++) {
		const struct dhcp_edge *e = &edges[i];

		if ((e->from & 1U << state) && e->event == event && (cond & e->mask) == e->want)
			return e;
	}
	return NULL;
}

const struct dhcp_edge *dhcp_edges(u32 *count)
{
	*count = ARRAY_SIZE(edges);
	return edges;
}

/* ------------------------------------------------------------------ times */

#define REQUEST_SENDS 4U /* RFC 2131 3.1 (5): "for a total delay of 60 seconds" */
#define REBOOT_SENDS 2U  /* a network that does not know the address may not answer at all */
#define FALLBACK_SENDS 3U
#define RETRANS_MIN_S 4U
#define RETRANS_SHIFT_MAX 4U /* 64 s */
#define RENEW_MIN (60 * NSEC_PER_SEC)
#define START_MIN (1 * NSEC_PER_SEC)
#define START_MAX (10 * NSEC_PER_SEC)
#define DECLINED_WAIT (10 * NSEC_PER_SEC)
#define RELEASE_STEP (10 * NSEC_PER_MSEC)
#define RELEASE_MAX (1 * NSEC_PER_SEC)
#define NOMEM_RETRY (1 * NSEC_PER_SEC)

static ktime_t retrans_after(const struct dhcp_client *c)
{
	u32 shift = min_u32(c->sent_count ? c->sent_count - 1 : 0, RETRANS_SHIFT_MAX);
	ktime_t after = (ktime_t)(RETRANS_MIN_S << shift) * NSEC_PER_SEC;

	return get_random_time(&c->dev->net->rng, after - NSEC_PER_SEC, after + NSEC_PER_SEC);
}

/* The end of what the state may do, or half the way to it. */
static ktime_t renew_at(const struct dhcp_client *c)
{
	ktime_t now = c->dev->net->now, end = c->state == DHCP_RENEWING ? c->t2 : c->expires, half = (end - now) / 2;

	return now + half < now + RENEW_MIN ? min_s64(now + RENEW_MIN, end) : now + half;
}

/* KTIME_MAX: never */
static ktime_t timer_at(const struct dhcp_client *c, enum dhcp_timer how)
{
	struct net *net = c->dev->net;

	switch (how) {
	case DHCP_T_STOP:
		return KTIME_MAX;
	case DHCP_T_NOW:
		return net->now;
	case DHCP_T_START: /* somebody waits for it; the RFC would rather have hosts that wake up together wait */
		return net->now +
		       (net->profile == NET_PROFILE_STRICT ? get_random_time(&net->rng, START_MIN, START_MAX) : 0);
	case DHCP_T_RESTART:
		return net->now + get_random_time(&net->rng, START_MIN, START_MAX);
	case DHCP_T_DECLINED:
		return net->now + DECLINED_WAIT;
	case DHCP_T_RETRANS:
		return net->now + retrans_after(c);
	case DHCP_T_LEASE:
		return c->t1;
	case DHCP_T_RENEW:
		return renew_at(c);
	case DHCP_T_EXPIRY:
		return c->has_lease ? c->expires : KTIME_MAX;
	case DHCP_T_RELEASE:
		return net->now + RELEASE_STEP;
	}
	return KTIME_MAX;
}

static void arm_at(struct dhcp_client *c, ktime_t at)
{
	if (at == KTIME_MAX)
		timer_delete(c->dev->net->timers, &c->timer);
	else
		mod_timer(c->dev->net->timers, &c->timer, at);
}

/* ------------------------------------------------------------------ the machine */

static bool asked_enough(const struct dhcp_client *c)
{
	switch (c->state) {
	case DHCP_REQUESTING:
		return c->sent_count >= REQUEST_SENDS;
	case DHCP_REBOOTING:
		return c->sent_count >= REBOOT_SENDS;
	case DHCP_RELEASING:
		return c->dev->net->now - c->asked_at >= RELEASE_MAX;
	default:
		return false;
	}
}

/* The address's lifetime, in whole seconds, may end up to one earlier than the lease. */
static bool lease_is_over(const struct dhcp_client *c)
{
	return c->has_lease && c->expires != KTIME_MAX && c->dev->net->now > c->expires - NSEC_PER_SEC;
}

static u32 conditions(const struct dhcp_client *c)
{
	u32 cond = 0;

	if (c->requested)
		cond |= DHCP_C_KNOWN;
	if (c->addr)
		cond |= DHCP_C_ADDR;
	if (asked_enough(c))
		cond |= DHCP_C_LAST;
	if (c->want_link_local && c->sent_count >= FALLBACK_SENDS)
		cond |= DHCP_C_FALLBACK;
	if (c->has_lease && c->dev->net->now >= c->t2)
		cond |= DHCP_C_T2;
	if (lease_is_over(c))
		cond |= DHCP_C_EXPIRED;
	if (c->state == DHCP_RELEASING && dhcp_server_known(c))
		cond |= DHCP_C_SENT;
	return cond;
}

static void forget(struct dhcp_client *c)
{
	acd_stop(&c->acd);
	dhcp_lease_unset(c);
	c->has_lease = c->free = false;
	c->requested = cpu_to_be32(0);
}

static bool waits_for_answer(enum dhcp_state state)
{
	return (1U << state) & (S(SELECTING) | S(REQUESTING) | S(REBOOTING) | S(RENEWING) | S(REBINDING));
}

static void send_question(struct dhcp_client *c)
{
	ktime_t now = c->dev->net->now, waited = (now - c->began) / NSEC_PER_SEC;

	if (!c->sent_count)
		c->asked_at = now;
	if (c->state != DHCP_REQUESTING) /* 4.1: there as in the DISCOVER */
		c->secs = (u16)min_s64(waited, UINT16_MAX);
	c->sent_count++;
	if (dhcp_listen(c, true))
		dhcp_of(c->dev->net)->stats.lost++; /* nobody would hear the answer */
	else
		dhcp_send(c, c->state == DHCP_SELECTING ? DHCPDISCOVER : DHCPREQUEST);
}

static void act_on(struct dhcp_client *c, u32 act)
{
	struct net *net = c->dev->net;

	if (act & DHCP_A_DECLINE)
		dhcp_send(c, DHCPDECLINE);
	if (act & DHCP_A_RELEASE) {
		c->asked_at = net->now;
		dhcp_send(c, DHCPRELEASE);
	}
	if (act & DHCP_A_FORGET)
		forget(c);
	if ((act & DHCP_A_UNPROBE) && !c->addr)
		acd_stop(&c->acd);
	if (act & DHCP_A_XID) {
		c->xid = get_random_u32(&net->rng);
		c->began = net->now;
	}
	if (act & (DHCP_A_XID | DHCP_A_AGAIN))
		c->sent_count = 0;
	if (act & DHCP_A_SEND)
		send_question(c);
	if ((act & DHCP_A_LINK_LOCAL) && !c->link_local)
		c->link_local = !ipv4ll_start(c->dev); /* without memory for one: at the next attempt */
}

static void client_free(struct dhcp_client *c)
{
	struct net *net = c->dev->net;

	(void)dhcp_listen(c, false);
	timer_delete(net->timers, &c->timer);
	acd_stop(&c->acd);
	list_del_init(&c->node);
	mem_free(net->mem, c, sizeof(*c));
}

/* With what it has set. */
static void client_end(struct dhcp_client *c)
{
	if (c->link_local)
		(void)ipv4ll_stop(c->dev);
	forget(c);
	client_free(c);
}

static void begin_probe(struct dhcp_client *c);

void dhcp_event(struct dhcp_client *c, enum dhcp_event event)
{
	const struct dhcp_edge *e = dhcp_step(c->state, event, conditions(c));
	void (*changed)(void *ctx, struct nethood_dev *dev) = c->changed;
	struct nethood_dev *dev = (struct nethood_dev *)(void *)c->dev;
	struct recorder *rec = c->dev->net->rec;
	int ifindex = c->dev->ifindex;
	void *ctx = c->ctx;
	struct rec_cb cb;

	if (!e)
		return;
	c->state = (u8)e->to;
	act_on(c, e->act);
	if (e->to == DHCP_ENDED) {
		client_end(c);
	} else {
		arm_at(c, timer_at(c, e->timer));
		if (!waits_for_answer(c->state))
			(void)dhcp_listen(c, false);
		if (e->act & DHCP_A_PROBE)
			begin_probe(c);
	}
	if (!(e->act & DHCP_A_TELL) || !changed)
		return;
	rec_tell(rec, &cb, REC_OUT_CHANGED, (u32)ifindex, 0);
	changed(ctx, dev);
	rec_told(rec, &cb);
}

/* ------------------------------------------------------------------ the probe */

/* Nobody has the address. */
static void take_address(struct dhcp_client *c)
{
	c->free = true;
	if (dhcp_lease_set(c, &c->lease, c->expires)) {
		arm_at(c, c->dev->net->now + NOMEM_RETRY);
		return;
	}
	c->free = false;
	dhcp_event(c, DHCP_EV_FREE);
}

static void probe_result(struct acd *acd, enum acd_result result, const u8 *mac)
{
	struct dhcp_client *c = container_of(acd, struct dhcp_client, acd);

	(void)mac;
	switch (result) {
	case ACD_USABLE:
		take_address(c);
		return;
	case ACD_CONFLICT:
	case ACD_LOST:
		dhcp_of(c->dev->net)->stats.conflicts++;
		dhcp_event(c, DHCP_EV_CONFLICT);
		return;
	default:
		return;
	}
}

static void begin_probe(struct dhcp_client *c)
{
	int err = acd_start(&c->acd, c->dev, c->requested, ACD_DEFEND_ONCE, probe_result);

	c->free = false;
	if (err == -EEXIST)
		take_address(c); /* somebody here has set it, and watches over it */
	else if (err)
		arm_at(c, c->dev->net->now + NOMEM_RETRY);
}

static void client_timer(struct timer *t)
{
	struct dhcp_client *c = container_of(t, struct dhcp_client, timer);

	if (c->state == DHCP_PROBING && !lease_is_over(c)) {
		if (c->free)
			take_address(c);
		else if (!acd_active(&c->acd))
			begin_probe(c);
		return;
	}
	if (lease_is_over(c))
		dhcp_of(c->dev->net)->stats.expired++;
	dhcp_event(c, DHCP_EV_TIMER);
}

/* ------------------------------------------------------------------ what a server says */

/* Times that make no sense are replaced by those of the RFC, a little earlier, so that not all clients ask at once. */
static void lease_times(struct dhcp_client *c, const struct dhcp_params *msg, ktime_t *expires)
{
	u32 t1_s = msg->t1_s, t2_s = msg->t2_s, fuzz;

	*expires = c->t1 = c->t2 = KTIME_MAX;
	if (msg->lease_s == DHCP_INFINITE)
		return;
	if (!t2_s || t2_s >= msg->lease_s)
		t2_s = (u32)((u64)msg->lease_s * 7 / 8);
	fuzz = get_random_u32_below(&c->dev->net->rng, msg->lease_s / 32 + 1);
	if (!t1_s || t1_s >= t2_s)
		t1_s = min_u32(msg->lease_s / 2 - min_u32(fuzz, msg->lease_s / 2), t2_s);
	c->t1 = c->asked_at + (ktime_t)t1_s * NSEC_PER_SEC;
	c->t2 = c->asked_at + (ktime_t)t2_s * NSEC_PER_SEC;
	*expires = c->asked_at + (ktime_t)msg->lease_s * NSEC_PER_SEC;
}

static void heard_ack(struct dhcp_client *c, const struct dhcp_params *msg)
{
	ktime_t t1 = c->t1, t2 = c->t2, expires;

	lease_times(c, msg, &expires);
	if (!c->addr) {
		c->lease = *msg;
		c->expires = expires;
	} else if (dhcp_lease_set(c, msg, expires)) { /* as if it had not come */
		c->t1 = t1;
		c->t2 = t2;
		dhcp_of(c->dev->net)->stats.lost++;
		return;
	}
	c->has_lease = true;
	dhcp_event(c, DHCP_EV_ACK);
}

/* Is it one that an answer to our question can be? */
static bool is_expected(const struct dhcp_client *c, const struct dhcp_params *msg)
{
	if (msg->type == DHCPOFFER)
		return c->state == DHCP_SELECTING;
	if (!waits_for_answer(c->state) || c->state == DHCP_SELECTING)
		return false;
	if (c->state == DHCP_REQUESTING && msg->server != c->lease.server)
		return false;
	return msg->type == DHCPNAK || msg->addr == c->requested;
}

static void log_nak(struct dhcp_client *c, __be32 server)
{
	u32 a = be32_to_cpu(c->requested), s = be32_to_cpu(server);

	if (ratelimit(&dhcp_of(c->dev->net)->log_limit, c->dev->net->now))
		net_log(c->dev->net, "%s: the DHCP server %u.%u.%u.%u refuses %u.%u.%u.%u", c->dev->name, s >> 24,
			s >> 16 & 255, s >> 8 & 255, s & 255, a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
}

void dhcp_heard(struct dhcp_client *c, const struct dhcp_params *msg)
{
	struct dhcp_stats *stats = &dhcp_of(c->dev->net)->stats;

	if (!is_expected(c, msg)) {
		stats->unexpected++;
		return;
	}
	stats->offers += msg->type == DHCPOFFER;
	stats->acks += msg->type == DHCPACK;
	stats->naks += msg->type == DHCPNAK;
	switch (msg->type) {
	case DHCPOFFER:
		c->lease = *msg;
		c->requested = msg->addr;
		dhcp_event(c, DHCP_EV_OFFER);
		return;
	case DHCPACK:
		heard_ack(c, msg);
		return;
	default:
		log_nak(c, msg->server);
		dhcp_event(c, DHCP_EV_NAK);
		return;
	}
}

/* ------------------------------------------------------------------ of a device */

struct dhcp_client *dhcp_client_find(const struct net_device *dev)
{
	struct dhcp_client *c;

	list_for_each_entry(c, &dhcp_of(dev->net)->all, node) {
		if (c->dev == dev)
			return c;
	}
	return NULL;
}

/* RFC 2132 9.14: the kind of hardware, and its address. */
static void identify(struct dhcp_client *c)
{
	memcpy(c->me.mac, c->dev->dev_addr, ETH_ALEN);
	if (c->own_client_id)
		return;
	c->me.client_id[0] = ARPHRD_ETHER;
	memcpy(c->me.client_id + 1, c->dev->dev_addr, ETH_ALEN);
	c->me.client_id_bytes = 1 + ETH_ALEN;
}

/* Return: 0, -EINVAL */
static int config_check(const struct net_device *dev, const struct dhcp_config *cfg)
{
	if (!netif_speaks_arp(dev))
		return -EINVAL;
	/* RFC 2132 9.14: two octets at least */
	if (cfg->client_id && (cfg->client_id_bytes < 2 || cfg->client_id_bytes > DHCP_CLIENT_ID_MAX))
		return -EINVAL;
	if (cfg->hostname && strnlen(cfg->hostname, 64) == 64)
		return -EINVAL;
	return 0;
}

static void configure(struct dhcp_client *c, const struct dhcp_config *cfg)
{
	if (cfg->client_id) {
		memcpy(c->me.client_id, cfg->client_id, cfg->client_id_bytes);
		c->me.client_id_bytes = (u8)cfg->client_id_bytes;
		c->own_client_id = true;
	}
	if (cfg->hostname)
		memcpy(c->me.hostname, cfg->hostname, strlen(cfg->hostname) + 1);
	c->requested = cfg->requested;
	c->metric = cfg->metric;
	c->want_link_local = cfg->link_local;
	c->changed = cfg->changed;
	c->ctx = cfg->ctx;
	identify(c);
}

int dhcp_start(struct net_device *dev, const struct dhcp_config *cfg)
{
	struct dhcp_client *c;
	int err = config_check(dev, cfg);

	if (err)
		return err;
	if (dhcp_client_find(dev))
		return -EALREADY;
	c = mem_zalloc(dev->net->mem, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->dev = dev;
	c->state = DHCP_OFF;
	timer_setup(&c->timer, client_timer);
	configure(c, cfg);
	list_add_tail(&c->node, &dhcp_of(dev->net)->all);
	if (netif_has_link(dev))
		dhcp_event(c, DHCP_EV_LINK_UP);
	return 0;
}

int dhcp_stop(struct net_device *dev)
{
	struct dhcp_client *c = dhcp_client_find(dev);

	if (!c)
		return -ENOENT;
	dhcp_event(c, DHCP_EV_STOP);
	return 0;
}

int dhcp_status(const struct net_device *dev, struct dhcp_status *out)
{
	const struct dhcp_client *c = dhcp_client_find(dev);

	if (!c)
		return -ENOENT;
	*out = (struct dhcp_status){ .state = c->state,
				     .bound = c->addr != 0,
				     .lease = &c->lease,
				     .t1 = c->t1,
				     .t2 = c->t2,
				     .expires = c->expires };
	return 0;
}

const struct dhcp_stats *dhcp_stats(const struct net *net)
{
	return &dhcp_of(net)->stats;
}

/* ------------------------------------------------------------------ events, life */

static int dhcp_netdev_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct net_device *dev = ((struct netdev_notifier_info *)data)->dev;
	struct dhcp_client *c = dhcp_client_find(dev);

	(void)nb;
	if (!c)
		return 0;
	switch (event) {
	case NETDEV_UNREGISTER:
		client_free(c); /* its address goes with the device */
		break;
	case NETDEV_CHANGEADDR:
		identify(c);
		dhcp_event(c, DHCP_EV_NEW_MAC);
		break;
	case NETDEV_UP:
	case NETDEV_DOWN:
	case NETDEV_CHANGE:
		dhcp_event(c, netif_has_link(dev) ? DHCP_EV_LINK_UP : DHCP_EV_LINK_DOWN);
		break;
	default:
		break;
	}
	return 0;
}

/* Who takes the address away by hand does not want it: nor another one. */
static int dhcp_inetaddr_event(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct in_ifaddr *ifa = data;
	struct dhcp_client *c = event == NETDEV_DOWN ? dhcp_client_find(ifa->ifa_dev->dev) : NULL;

	(void)nb;
	if (!c || c->busy || !c->addr || c->addr != ifa->ifa_local || c->addr_prefixlen != ifa->ifa_prefixlen)
		return 0;
	if (lease_is_over(c))
		dhcp_of(c->dev->net)->stats.expired++;
	c->addr = cpu_to_be32(0);
	dhcp_event(c, DHCP_EV_GONE);
	return 0;
}

int dhcp_init(struct net *net)
{
	struct dhcp_net *dn = mem_zalloc(net->mem, sizeof(*dn));
	int err;

	if (!dn)
		return -ENOMEM;
	INIT_LIST_HEAD(&dn->all);
	ratelimit_init(&dn->log_limit, 60 * NSEC_PER_SEC, 3);
	net->ipv4->dhcp = dn;
	dn->netdev_nb.call = dhcp_netdev_event;
	dn->netdev_nb.priority = 20; /* before devinet.c takes the addresses of a device that goes */
	err = register_netdevice_notifier(net, &dn->netdev_nb);
	if (err) {
		net->ipv4->dhcp = NULL;
		mem_free(net->mem, dn, sizeof(*dn));
		return err;
	}
	dn->inetaddr_nb.call = dhcp_inetaddr_event;
	notifier_chain_register(&net->ipv4->inetaddr_chain, &dn->inetaddr_nb);
	return 0;
}

void dhcp_exit(struct net *net)
{
	struct dhcp_net *dn = net->ipv4->dhcp;

	notifier_chain_unregister(&net->ipv4->inetaddr_chain, &dn->inetaddr_nb);
	unregister_netdevice_notifier(net, &dn->netdev_nb);
	assert(list_empty(&dn->all));
	net->ipv4->dhcp = NULL;
	mem_free(net->mem, dn, sizeof(*dn));
}
