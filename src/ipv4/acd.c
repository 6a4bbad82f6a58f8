// SPDX-License-Identifier: BSD-2-Clause
/* IPv4 address conflict detection as a table of edges, driven by timers and by the ARP packets that come in.
 *
 * @rfc 5227
 *
 * Reading order: edges[], acd_step(), acd_run(), acd_start(), acd_arp_rcv().
 */
#include "ipv4/acd.h"

#include <errno.h>

#include "base/byteorder.h"
#include "base/htable.h"
#include "base/ratelimit.h"
#include "ipv4/acd_internal.h"
#include "ipv4/arp.h"
#include "ipv4/inetdevice.h"
#include "ipv4/netns_ipv4.h"
#include "wire/arp.h"

/* ------------------------------------------------------------------ the table */

#define S(name) (1U << ACD_##name)
#define S_BEFORE (S(WAIT) | S(PROBE) | S(SETTLE)) /* not yet known to be free */
#define S_KEPT (S(ANNOUNCE) | S(HOLD))
#define S_LIVE (S_BEFORE | S_KEPT)
#define A(name) ACD_A_##name
#define C(name) ACD_C_##name

static const struct acd_edge edges[] = {
	{ S(IDLE) | S(OFF), ACD_EV_START, C(LINK), 0, ACD_OFF, 0, 0, ACD_T_STOP, "2.1" },
	{ S(IDLE), ACD_EV_START, C(LIMITED), C(LIMITED), ACD_WAIT, A(RESET), 0, ACD_T_RATE_LIMIT, "2.1.1" },
	{ S(IDLE), ACD_EV_START, 0, 0, ACD_WAIT, A(RESET), 0, ACD_T_PROBE_WAIT, "2.1.1" },
	/* "an interface transitions from an inactive to an active state" */
	{ S(OFF), ACD_EV_LINK_UP, C(LIMITED), C(LIMITED), ACD_WAIT, A(RESET), 0, ACD_T_RATE_LIMIT, "2.1" },
	{ S(OFF), ACD_EV_LINK_UP, 0, 0, ACD_WAIT, A(RESET), 0, ACD_T_PROBE_WAIT, "2.1" },
	{ S_LIVE, ACD_EV_LINK_DOWN, 0, 0, ACD_OFF, 0, 0, ACD_T_STOP, "2.1" },

	{ S(WAIT), ACD_EV_TIMER, 0, 0, ACD_PROBE, A(PROBE), 0, ACD_T_PROBE_INTERVAL, "2.1.1" },
	{ S(PROBE), ACD_EV_TIMER, C(LAST), 0, ACD_PROBE, A(PROBE), 0, ACD_T_PROBE_INTERVAL, "2.1.1" },
	{ S(PROBE), ACD_EV_TIMER, C(LAST), C(LAST), ACD_SETTLE, A(PROBE), 0, ACD_T_ANNOUNCE_WAIT, "2.1.1" },
	{ S(SETTLE), ACD_EV_TIMER, 0, 0, ACD_ANNOUNCE, A(RESET) | A(ANNOUNCE) | A(TELL), ACD_USABLE,
	  ACD_T_ANNOUNCE_INTERVAL, "2.3" },
	{ S(ANNOUNCE), ACD_EV_TIMER, C(LAST), 0, ACD_ANNOUNCE, A(ANNOUNCE), 0, ACD_T_ANNOUNCE_INTERVAL, "2.3" },
	{ S(ANNOUNCE), ACD_EV_TIMER, C(LAST), C(LAST), ACD_HOLD, A(ANNOUNCE), 0, ACD_T_STOP, "2.3" },

	/* an address that has been in use before is defended also while it is probed for again */
	{ S_BEFORE, ACD_EV_CLAIM, C(IN_USE), 0, ACD_IDLE, A(COUNT) | A(TELL), ACD_CONFLICT, ACD_T_STOP, "2.1.1" },
	{ S_BEFORE, ACD_EV_PROBE, C(IN_USE), 0, ACD_IDLE, A(COUNT) | A(TELL), ACD_CONFLICT, ACD_T_STOP, "2.1.1" },
	{ S_BEFORE, ACD_EV_CLAIM, 0, 0, ACD_IDLE, A(COUNT) | A(TELL), ACD_LOST, ACD_T_STOP, "2.1" },

	{ S_KEPT, ACD_EV_CLAIM, C(GIVE_UP), C(GIVE_UP), ACD_IDLE, A(COUNT) | A(TELL), ACD_LOST, ACD_T_STOP, "2.4 (a)" },
	{ S(ANNOUNCE), ACD_EV_CLAIM, C(RECENT), 0, ACD_ANNOUNCE, A(COUNT) | A(ANNOUNCE) | A(TELL), ACD_DEFENDED,
	  ACD_T_KEEP, "2.4 (b), (c)" },
	{ S(HOLD), ACD_EV_CLAIM, C(RECENT), 0, ACD_HOLD, A(COUNT) | A(ANNOUNCE) | A(TELL), ACD_DEFENDED, ACD_T_KEEP,
	  "2.4 (b), (c)" },
	{ S(ANNOUNCE), ACD_EV_CLAIM, C(NEVER), C(NEVER), ACD_ANNOUNCE, A(COUNT) | A(TELL), ACD_CONTESTED, ACD_T_KEEP,
	  "2.4 (c)" },
	{ S(HOLD), ACD_EV_CLAIM, C(NEVER), C(NEVER), ACD_HOLD, A(COUNT) | A(TELL), ACD_CONTESTED, ACD_T_KEEP,
	  "2.4 (c)" },
	{ S_KEPT, ACD_EV_CLAIM, 0, 0, ACD_IDLE, A(COUNT) | A(TELL), ACD_LOST, ACD_T_STOP, "2.4 (b)" },
};

const struct acd_edge *acd_step(enum acd_state state, enum acd_event event, u32 cond)
{
	for (u32 i = 0; i < ARRAY_SIZE(edges); i++) {
		const struct acd_edge *e = &edges[i];

		if ((e->from & 1U << state) && e->event == event && (cond & e->mask) == e->want)
			return e;
	}
	return NULL;
}

const struct acd_edge *acd_edges(u32 *count)
{
	*count = ARRAY_SIZE(edges);
	return edges;
}

/* ------------------------------------------------------------------ the machine */

static struct acd_net *acd_of(const struct net *net)
{
	return net->ipv4->acd;
}

static u32 acd_conditions(const struct acd *acd)
{
	const struct in_device *in_dev = in_dev_get_rcu(acd->dev);
	u32 most = acd->state == ACD_ANNOUNCE ? ACD_ANNOUNCE_NUM : ACD_PROBE_NUM;
	u32 cond = 0;

	if (netif_has_link(acd->dev))
		cond |= ACD_C_LINK;
	if (acd->sent_count + 1U >= most)
		cond |= ACD_C_LAST;
	if (acd->conflict_count && acd->dev->net->now - acd->conflict_time < ACD_DEFEND_INTERVAL)
		cond |= ACD_C_RECENT;
	if (acd->in_use)
		cond |= ACD_C_IN_USE;
	if (acd->policy == ACD_GIVE_UP)
		cond |= ACD_C_GIVE_UP;
	if (acd->policy == ACD_NEVER_GIVE_UP)
		cond |= ACD_C_NEVER;
	if (in_dev && in_dev->acd_conflict_count >= ACD_MAX_CONFLICTS)
		cond |= ACD_C_LIMITED;
	return cond;
}

static void acd_arm(struct acd *acd, enum acd_timer how)
{
	struct net *net = acd->dev->net;
	ktime_t after = 0;

	switch (how) {
	case ACD_T_KEEP:
		return;
	case ACD_T_STOP:
		timer_delete(net->timers, &acd->timer);
		return;
	case ACD_T_RATE_LIMIT:
		after = ACD_RATE_LIMIT_INTERVAL;
		break;
	case ACD_T_PROBE_WAIT:
		after = get_random_time(&net->rng, 0, ACD_PROBE_WAIT);
		break;
	case ACD_T_PROBE_INTERVAL:
		after = get_random_time(&net->rng, ACD_PROBE_MIN, ACD_PROBE_MAX);
		break;
	case ACD_T_ANNOUNCE_WAIT:
		after = ACD_ANNOUNCE_WAIT;
		break;
	case ACD_T_ANNOUNCE_INTERVAL:
		after = ACD_ANNOUNCE_INTERVAL;
		break;
	}
	mod_timer(net->timers, &acd->timer, net->now + after);
}

static u64 acd_hash(const struct acd_net *an, const struct net_device *dev, __be32 addr)
{
	/* neither part of the key is zero, so it is none of the reserved ones */
	return htable_hash_exact64(&an->by_addr, (u64)(u32)dev->ifindex << 32 | (__force u32)addr);
}

static struct acd *acd_find(const struct acd_net *an, const struct net_device *dev, __be32 addr)
{
	if (!addr || !an->by_addr.live_count)
		return NULL;
	return htable_lookup(&an->by_addr, acd_hash(an, dev, addr), NULL, NULL);
}

static void acd_forget(struct acd *acd)
{
	struct acd_net *an = acd_of(acd->dev->net);

	htable_remove(&an->by_addr, acd_hash(an, acd->dev, acd->addr), acd);
	list_del_init(&acd->node);
}

static void acd_log(struct acd_net *an, const struct acd_info *info, const char *what)
{
	struct net *net = info->dev->net;
	u32 a = be32_to_cpu(info->addr);

	if (!ratelimit(&an->log_limit, net->now))
		return;
	net_log(net, "%s: %u.%u.%u.%u is used by %02x:%02x:%02x:%02x:%02x:%02x too%s", info->dev->name, a >> 24,
		a >> 16 & 255, a >> 8 & 255, a & 255, info->mac[0], info->mac[1], info->mac[2], info->mac[3],
		info->mac[4], info->mac[5], what);
}

static void acd_tell_chain(struct net *net, struct acd_info *info, enum acd_result result)
{
	static const char *const what[] = {
		[ACD_CONFLICT] = ": not taken",
		[ACD_DEFENDED] = ": defended",
		[ACD_CONTESTED] = ": kept",
		[ACD_LOST] = ": given up",
		[ACD_HEARD] = "",
	};
	struct acd_net *an = acd_of(net);

	if (info->mac)
		acd_log(an, info, what[result]);
	(void)notifier_call_chain(&net->ipv4->acd_chain, result, info);
}

/* @acd may be gone afterwards. */
static void acd_tell(struct acd *acd, enum acd_result result, const u8 *mac)
{
	struct acd_net *an = acd_of(acd->dev->net);
	struct acd_info info = { .dev = acd->dev, .addr = acd->addr, .mac = mac };

	an->stats.defended += result == ACD_DEFENDED;
	an->stats.lost += result == ACD_LOST;
	acd_tell_chain(acd->dev->net, &info, result);
	acd->fn(acd, result, mac);
}

static void acd_count_conflict(struct acd *acd)
{
	struct in_device *in_dev = in_dev_get_rcu(acd->dev);

	acd_of(acd->dev->net)->stats.conflicts++;
	acd->conflict_time = acd->dev->net->now;
	acd->conflict_count++;
	if (in_dev && !acd->in_use)
		in_dev->acd_conflict_count++;
}

static void acd_used(struct acd *acd)
{
	struct in_device *in_dev = in_dev_get_rcu(acd->dev);

	acd->in_use = true;
	if (in_dev)
		in_dev->acd_conflict_count = 0;
}

static void acd_send(struct acd *acd, u32 act)
{
	struct acd_stats *stats = &acd_of(acd->dev->net)->stats;

	if (act & ACD_A_RESET)
		acd->sent_count = 0;
	if (act & ACD_A_PROBE) {
		arp_send(ARPOP_REQUEST, acd->addr, acd->dev, cpu_to_be32(0), NULL, NULL, NULL);
		stats->probes++;
		acd->sent_count++;
	}
	if (act & ACD_A_ANNOUNCE) {
		arp_send(ARPOP_REQUEST, acd->addr, acd->dev, acd->addr, NULL, NULL, NULL);
		stats->announcements++;
	}
	if ((act & ACD_A_ANNOUNCE) && acd->state == ACD_ANNOUNCE && !(act & ACD_A_COUNT))
		acd->sent_count++; /* an answer to a conflict is none of them */
}

static void acd_run(struct acd *acd, enum acd_event event, const u8 *mac)
{
	const struct acd_edge *e = acd_step(acd->state, event, acd_conditions(acd));

	if (!e)
		return;
	if (e->act & ACD_A_COUNT)
		acd_count_conflict(acd);
	acd->state = (u8)e->to;
	acd_send(acd, e->act);
	acd_arm(acd, e->timer);
	if (e->to == ACD_IDLE)
		acd_forget(acd);
	if (!(e->act & ACD_A_TELL))
		return;
	if (e->result == ACD_USABLE && acd->in_use)
		return; /* it was in use all the time */
	if (e->result == ACD_USABLE)
		acd_used(acd);
	acd_tell(acd, e->result, mac);
}

static void acd_timer_fn(struct timer *t)
{
	acd_run(container_of(t, struct acd, timer), ACD_EV_TIMER, NULL);
}

int acd_start(struct acd *acd, struct net_device *dev, __be32 addr, enum acd_policy policy, acd_fn fn)
{
	struct acd_net *an = acd_of(dev->net);
	int err;

	assert(!acd_active(acd));
	if (!addr || !netif_speaks_arp(dev))
		return -EINVAL;
	if (acd_find(an, dev, addr))
		return -EEXIST;
	err = htable_insert(&an->by_addr, acd_hash(an, dev, addr), acd);
	if (err)
		return err;
	*acd = (struct acd){ .dev = dev, .addr = addr, .policy = (u8)policy, .fn = fn };
	timer_setup(&acd->timer, acd_timer_fn);
	list_add_tail(&acd->node, &an->all);
	acd_run(acd, ACD_EV_START, NULL);
	return 0;
}

void acd_stop(struct acd *acd)
{
	if (!acd_active(acd))
		return;
	timer_delete(acd->dev->net->timers, &acd->timer);
	acd_forget(acd);
	acd->state = ACD_IDLE;
}

/* ------------------------------------------------------------------ what is heard */

static bool mac_is_ours(struct net *net, const u8 *mac)
{
	const struct net_device *dev;

	for_each_netdev(net, dev) {
		if (dev->addr_len == ETH_ALEN && memcmp(dev->dev_addr, mac, ETH_ALEN) == 0)
			return true;
	}
	return false;
}

static bool addr_is_on(const struct net_device *dev, __be32 addr)
{
	const struct in_device *in_dev = in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa = inet_lookup_ifaddr(dev->net, addr);

	if (!ifa || !in_dev || ifa->ifa_dev == in_dev)
		return ifa && in_dev;
	list_for_each_entry(ifa, &in_dev->ifa_list, node) {
		if (ifa->ifa_local == addr)
			return true;
	}
	return false;
}

/* A conflict for an address that somebody set and nobody watches: user space's to judge. */
static void acd_heard(struct net_device *dev, const u8 *sha, __be32 sip)
{
	struct acd_info info = { .dev = dev, .addr = sip, .mac = sha };

	acd_of(dev->net)->stats.heard++;
	acd_tell_chain(dev->net, &info, ACD_HEARD);
}

void acd_arp_rcv(struct net_device *dev, bool request, const u8 *sha, __be32 sip, __be32 tip)
{
	struct acd_net *an = acd_of(dev->net);
	__be32 addr = sip ? sip : tip;
	struct acd *acd = acd_find(an, dev, addr);

	if (likely(!acd) && (!sip || likely(!addr_is_on(dev, sip))))
		return;
	if (mac_is_ours(dev->net, sha))
		return;
	if (!acd)
		acd_heard(dev, sha, sip);
	else if (sip)
		acd_run(acd, ACD_EV_CLAIM, sha);
	else if (request)
		acd_run(acd, ACD_EV_PROBE, sha);
}

static int acd_netdev_event(struct notifier_block *nb, unsigned long event, void *data)
{
	struct acd_net *an = container_of(nb, struct acd_net, netdev_nb);
	const struct net_device *dev = ((struct netdev_notifier_info *)data)->dev;
	struct in_device *in_dev = in_dev_get_rcu(dev);
	struct acd *acd;

	if (event != NETDEV_UP && event != NETDEV_DOWN && event != NETDEV_CHANGE)
		return 0;
	if (event == NETDEV_DOWN && in_dev)
		in_dev->acd_conflict_count = 0; /* perhaps another network comes next */
	list_for_each_entry(acd, &an->all, node) {
		if (acd->dev == dev)
			acd_run(acd, netif_has_link(dev) ? ACD_EV_LINK_UP : ACD_EV_LINK_DOWN, NULL);
	}
	return 0;
}

/* ------------------------------------------------------------------ life */

const struct acd_stats *acd_stats(const struct net *net)
{
	return &acd_of(net)->stats;
}

int acd_init(struct net *net)
{
	struct acd_net *an = mem_zalloc(net->mem, sizeof(*an));
	int err;

	if (!an)
		return -ENOMEM;
	INIT_LIST_HEAD(&an->all);
	ratelimit_init(&an->log_limit, 5 * NSEC_PER_SEC, 10);
	htable_init(&an->by_addr, net->mem, &net->rng, 8);
	net->ipv4->acd = an;
	an->netdev_nb.call = acd_netdev_event;
	err = register_netdevice_notifier(net, &an->netdev_nb);
	if (err) {
		net->ipv4->acd = NULL;
		mem_free(net->mem, an, sizeof(*an));
		return err;
	}
	acd_ifaddr_init(net, an);
	return 0;
}

void acd_exit(struct net *net)
{
	struct acd_net *an = net->ipv4->acd;

	acd_ifaddr_exit(net, an);
	unregister_netdevice_notifier(net, &an->netdev_nb);
	net->ipv4->acd = NULL;
	htable_fini(&an->by_addr);
	mem_free(net->mem, an, sizeof(*an));
}
