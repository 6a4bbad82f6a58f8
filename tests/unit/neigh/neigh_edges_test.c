// SPDX-License-Identifier: BSD-2-Clause
/* The edges of the neighbour subsystem: two keys with one hash, numbers that wrap, tables that cannot grow, listeners that
 * delete what they are told of, devices of odd kinds. */
#include <errno.h>

#include "ipv4/route.h"
#include "neigh/neigh_history.h"
#include "neigh/neigh_internal.h"
#include "neigh/pneigh.h"
#include "neigh_world.h"
#include "netfilter/netfilter.h"
#include "nd_slot.h"

#define BY_HAND (NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE)

static __be32 host(u32 i)
{
	return cpu_to_be32(0x0a4d0100U + i);
}

/* Return: held by the table */
static struct neighbour *known(struct world *w, struct net_device *dev, __be32 ip, u8 state)
{
	struct neighbour *n;

	assert_int_equal(neigh_create(w->arp, &ip, dev, &n), 0);
	assert_int_equal(neigh_update(n, state & NUD_VALID ? PEER_MAC : NULL, state, BY_HAND, 0, NULL), 0);
	neigh_release(n);
	return n;
}

static const struct pneigh_config plain;

/* ------------------------------------------------------------------ two keys with one hash */

/* The object under the hash of a key has another key: it is not found. */
static void a_hash_alone_finds_no_history(void **state)
{
	const __be32 ip = PEER_IP;
	struct neigh_history *h;
	struct world w;
	int ifindex;

	(void)state;
	world_init(&w);
	ifindex = w.dev->ifindex;
	known(&w, w.dev, ip, NUD_REACHABLE);
	h = (struct neigh_history *)(uintptr_t)neigh_history_find(w.net, AF_INET, &ip, 4, ifindex);
	assert_non_null(h);
	h->family = AF_INET6;
	assert_null(neigh_history_find(w.net, AF_INET, &ip, 4, ifindex));
	h->family = AF_INET;
	h->ifindex++;
	assert_null(neigh_history_find(w.net, AF_INET, &ip, 4, ifindex));
	h->ifindex--;
	h->key[3] ^= 1;
	assert_null(neigh_history_find(w.net, AF_INET, &ip, 4, ifindex));
	h->key[3] ^= 1;
	assert_ptr_equal(neigh_history_find(w.net, AF_INET, &ip, 4, ifindex), h);
	world_fini(&w);
}

static void a_hash_alone_finds_no_proxy(void **state)
{
	const __be32 ip = PEER_IP;
	struct pneigh_entry *pn;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(pneigh_create(w.arp, &ip, w.dev, &plain), 0);
	pn = pneigh_lookup(w.arp, &ip, w.dev);
	pn->key[3] ^= 1;
	assert_null(pneigh_lookup(w.arp, &ip, w.dev));
	pn->key[3] ^= 1;
	pn->dev = NULL;
	assert_null(pneigh_lookup(w.arp, &ip, w.dev));
	pn->dev = w.dev;
	assert_ptr_equal(pneigh_lookup(w.arp, &ip, w.dev), pn);
	assert_int_equal(pneigh_delete(w.arp, &ip, w.dev), 0);
	world_fini(&w);
}

/* ------------------------------------------------------------------ a table with keys of sixteen octets, as of IPv6 */

static void solicit_nobody(struct neighbour *n, struct sk_buff *skb)
{
	(void)n, (void)skb;
}

static void wide_error(struct neighbour *n, struct sk_buff *skb)
{
	(void)n;
	kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_FAILED);
}

static const struct neigh_ops wide_ops = { .solicit = solicit_nobody,
					   .error_report = wide_error,
					   .output = neigh_resolve_output,
					   .connected_output = neigh_resolve_output };
static const struct neigh_ops *const wide_ops_table[] = { &wide_ops };

static int wide_construct(struct neighbour *n)
{
	n->way = NEIGH_WAY_ASKS;
	return n->primary_key[0] == 0xff ? -EINVAL : 0; /* no groups here */
}

static struct neigh_table *wide_table(struct world *w)
{
	static struct neigh_table tbl;

	tbl = (struct neigh_table){ .family = AF_INET6,
				    .key_len = 16,
				    .index = NEIGH_ND_TABLE,
				    .protocol = CONST_BE16(0x86dd),
				    .id = "wide",
				    .sysctl_path = "net.ipv6.neigh",
				    .ops = wide_ops_table,
				    .constructor = wide_construct };
	neigh_table_init(w->net, &tbl);
	return &tbl;
}

static void a_hash_alone_finds_no_neighbour(void **state)
{
	const u8 key[16] = { 0xfe, 0x80, [15] = 1 }, group[16] = { 0xff, 2, [15] = 1 };
	struct neigh_table *tbl;
	struct nd_slot slot;
	struct neighbour *n;
	struct world w;

	(void)state;
	world_init(&w);
	slot = nd_slot_take(w.dev);
	tbl = wide_table(&w);
	assert_int_equal(neigh_create(tbl, key, w.dev, &n), -EINVAL); /* the family is off on it */
	assert_int_equal(tbl->stats.allocs, 0);
	assert_non_null(neigh_parms_alloc(w.dev, tbl));
	neigh_flush_begin(tbl, w.dev);
	assert_int_equal(neigh_create(tbl, group, w.dev, &n), -EINVAL);
	assert_int_equal(tbl->entries_count, 0);
	assert_int_equal(neigh_create(tbl, key, w.dev, &n), 0);
	assert_ptr_equal(neigh_find(tbl, key, w.dev), n);
	n->primary_key[15] ^= 1;
	assert_null(neigh_find(tbl, key, w.dev));
	n->primary_key[15] ^= 1;
	n->generation++;
	assert_null(neigh_find(tbl, key, w.dev));
	n->generation--;
	n->dev = NULL;
	assert_null(neigh_find(tbl, key, w.dev));
	n->dev = w.dev;
	assert_ptr_equal(neigh_find(tbl, key, w.dev), n);
	neigh_release(n);
	neigh_ifdown(tbl, w.dev);
	world_settle(&w);
	neigh_parms_release(tbl, w.dev->neigh_parms[NEIGH_ND_TABLE]);
	neigh_table_clear(tbl);
	nd_slot_give_back(slot, w.dev);
	world_fini(&w);
}

/* RFC 4861 7.2.3: who asks without an address teaches nothing, where links have addresses. */
static void who_asks_without_an_address_is_not_made_known(void **state)
{
	const __be32 ip = PEER_IP, other = OTHER_IP;
	struct neighbour *n;
	struct world w;

	(void)state;
	world_init(&w);
	assert_null(neigh_event_ns(w.arp, NULL, &ip, w.dev));
	assert_int_equal(w.arp->entries_count, 0);
	w.dev->addr_len = 0;
	n = neigh_event_ns(w.arp, NULL, &other, w.dev); /* no address is needed */
	assert_non_null(n);
	assert_int_equal(n->nud_state, NUD_STALE);
	neigh_release(n);
	w.dev->addr_len = ETH_ALEN;
	neigh_changeaddr(w.arp, w.dev);
	world_fini(&w);
}

/* ------------------------------------------------------------------ tables that cannot grow */

/* Entries come and go, and their table stays small; what happened to them stays, until there is no slot for it. */
static void a_history_that_has_no_slot_is_a_line_lost(void **state)
{
	struct neigh_histories *hs;
	struct world w;
	u32 before;

	(void)state;
	world_init(&w);
	hs = w.net->neigh->histories;
	for (u32 i = 0; i < 100; i++) /* room for entries; of those that never changed nothing is written down */
		known(&w, w.dev, host(1000 + i), NUD_NONE);
	known(&w, w.dev, PEER_IP, NUD_PERMANENT);
	before = hs->count;
	w.fail_in = "htable.c";
	for (u32 i = 0; i < 40; i++) {
		struct neighbour *n = neigh_get(known(&w, w.dev, host(i), NUD_REACHABLE));

		assert_int_equal(neigh_remove(n, 0), 0); /* whatever is written down of it */
		neigh_release(n);
	}
	assert_in_range(hs->count, before + 1, 8);
	assert_int_equal(hs->count, hs->hash.live_count);
	assert_true(hs->lost_count >= 32);
	w.fail_in = NULL;
	known(&w, w.dev, host(100), NUD_REACHABLE);
	assert_non_null(neigh_history_find(w.net, AF_INET, &(__be32){ host(100) }, 4, w.dev->ifindex));
	world_settle(&w);
	world_fini(&w);
}

static void without_a_slot_nobody_is_managed(void **state)
{
	struct neighbour *n[20];
	const char *errmsg;
	struct world w;
	u32 managed = 0;

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < ARRAY_SIZE(n); i++)
		n[i] = known(&w, w.dev, host(i), NUD_STALE);
	for (u32 i = 0; i < ARRAY_SIZE(n); i++) {
		struct neighbour before = *n[i];
		int err = i & 1 ? neigh_set_born_flags(n[i], NEIGH_UPDATE_F_MANAGED)
				: neigh_update(n[i], NULL, NUD_NONE, BY_HAND | NEIGH_UPDATE_F_MANAGED, 0, &errmsg);

		w.fail_in = "htable.c"; /* there is room for the first ones */
		managed += !err;
		if (!err)
			continue;
		assert_int_equal(err, -ENOBUFS);
		assert_int_equal(n[i]->flags_ext, before.flags_ext);
		assert_int_equal(n[i]->nud_state, before.nud_state);
		assert_int_equal(n[i]->flags, before.flags);
	}
	assert_int_equal(managed, 7); /* of eight slots one stays empty */
	assert_int_equal(w.arp->managed.live_count, 7);
	w.fail_in = NULL;
	assert_int_equal(neigh_set_born_flags(n[19], NEIGH_UPDATE_F_MANAGED), 0);
	world_settle(&w);
	world_fini(&w);
}

/* Not even the first one, in a table that has no slots yet. */
static void without_any_slot_nobody_is_born_and_that_is_told_once(void **state)
{
	const __be32 ip = host(1);
	struct neighbour *n;
	struct world w;

	(void)state;
	world_init(&w);
	w.fail_in = "htable.c";
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(neigh_create(w.arp, &ip, w.dev, &n), -ENOBUFS);
	assert_int_equal(w.arp->entries_count, 0);
	assert_int_equal(w.said_count, 1);
	w.fail_in = NULL;
	assert_int_equal(neigh_create(w.arp, &ip, w.dev, &n), 0);
	neigh_release(n);
	world_fini(&w);
}

static void without_a_slot_nobody_is_born(void **state)
{
	struct world w;
	u32 born = 0, proxies = 0;

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < 40; i++) {
		const __be32 ip = host(i);
		struct neighbour *n = NULL;
		int err = neigh_create(w.arp, &ip, w.dev, &n);

		born += !err;
		if (err)
			assert_int_equal(err, -ENOBUFS);
		else
			neigh_release(n);
		assert_int_equal(state_of(&w, ip) == 0xff, err != 0);
		err = pneigh_create(w.arp, &ip, w.dev, &plain);
		proxies += !err;
		if (err)
			assert_int_equal(err, -ENOBUFS);
		assert_int_equal(pneigh_lookup(w.arp, &ip, w.dev) == NULL, err != 0);
		w.fail_in = "htable.c"; /* there is room for the first ones */
	}
	assert_int_equal(born, 7);
	assert_int_equal(proxies, 7);
	assert_int_equal(w.arp->entries_count, 7);
	assert_int_equal(w.said_count, 1);
	w.fail_in = NULL;
	world_settle(&w);
	world_fini(&w);
}

/* ------------------------------------------------------------------ odd links */

static struct {
	u32 sent;
	int header; /**< what create says */
	u8 last[64];
} link;

static netdev_tx_t link_xmit(struct sk_buff *skb, struct net_device *dev, bool more)
{
	(void)dev, (void)more;
	link.sent++;
	assert_int_equal(skb_copy_bits(skb, 0, link.last, min_u32(skb->len, sizeof(link.last))), 0);
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static int link_header(struct sk_buff *skb, struct net_device *dev, u16 type, const void *daddr, const void *saddr,
		       u32 len)
{
	(void)dev, (void)type, (void)saddr, (void)len;
	if (link.header < 0)
		return link.header;
	memcpy(skb_push(skb, ETH_ALEN), daddr, ETH_ALEN);
	return ETH_ALEN;
}

static int keep_nothing(const struct net_device *dev, const u8 *ha, __be16 type, u8 hh_data[static 16], u8 *hh_len)
{
	(void)dev, (void)ha, (void)type;
	memset(hh_data, 0xee, 16);
	*hh_len = 14; /* and then it finds out that it cannot */
	return -1;
}

static const struct net_device_ops link_ops = { .ndo_start_xmit = link_xmit };
static const struct header_ops bare_headers = { .create = link_header };
static const struct header_ops unkept_headers = { .create = link_header, .cache = keep_nothing };

static struct net_device *add_link(struct world *w, const struct header_ops *headers)
{
	struct net_device *dev;

	memset(&link, 0, sizeof(link));
	dev = world_add_dev(w, "odd0", IFF_BROADCAST, &link_ops, headers);
	link.sent = 0;
	return dev;
}

#define FAR CONST_BE32(0x0a4e0009)

static void a_header_that_is_not_kept_is_made_for_each(void **state)
{
	const struct header_ops *const kinds[] = { &bare_headers, &unkept_headers };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct nethood_sock *sk;
		struct net_device *dev;
		struct neighbour *n;
		struct world w;
		u64 dropped;

		world_init(&w);
		dev = add_link(&w, kinds[i]);
		n = known(&w, dev, FAR, NUD_STALE);
		sk = udp_socket(&w);
		for (u32 k = 1; k <= 3; k++) {
			assert_int_equal(udp_send(sk, FAR, "x", 1), 1);
			world_settle(&w);
			assert_int_equal(link.sent, k);
			assert_memory_equal(link.last, PEER_MAC, ETH_ALEN);
			assert_int_equal(n->hh_len, 0);
		}
		link.header = -ETH_HLEN;
		dropped = w.net->skb_pool->stats.dropped[SKB_DROP_REASON_NEIGH_HH_FILLFAIL];
		(void)udp_send(sk, FAR, "x", 1);
		world_settle(&w);
		assert_int_equal(link.sent, 3); /* without a header nothing leaves, and it is counted */
		assert_int_equal(w.net->skb_pool->stats.dropped[SKB_DROP_REASON_NEIGH_HH_FILLFAIL], dropped + 1);
		nethood_close(sk);
		world_settle(&w);
		world_fini(&w);
	}
}

static void who_cannot_be_asked_is_not(void **state)
{
	struct net_device *dev;
	struct neighbour *n;
	struct world w;

	(void)state;
	world_init(&w);
	dev = add_link(&w, NULL);
	n = known(&w, dev, FAR, NUD_NOARP);
	assert_int_equal(neigh_update(n, NULL, NUD_INCOMPLETE, BY_HAND, 0, NULL), 0);
	assert_int_equal(n->nud_state, NUD_INCOMPLETE);
	world_run(&w, 5 * NSEC_PER_SEC);
	assert_int_equal(link.sent, 0);
	assert_int_equal(n->nud_state, NUD_FAILED); /* after its time, as one that does not answer */
	world_fini(&w);
}

/* A link without addresses: whatever is said of one, there is none. */
static void without_addresses_all_are_the_same(void **state)
{
	struct neighbour *n;
	struct world w;

	(void)state;
	world_init(&w);
	w.dev->addr_len = 0;
	n = known(&w, w.dev, PEER_IP, NUD_NONE);
	assert_int_equal(neigh_update(n, NULL, NUD_REACHABLE, BY_HAND, 0, NULL), 0);
	assert_int_equal(n->nud_state, NUD_REACHABLE);
	assert_int_equal(neigh_update(n, NEW_MAC, NUD_STALE, 0, 0, NULL), 0); /* no OVERRIDE is needed */
	assert_int_equal(n->nud_state, NUD_REACHABLE);                        /* it says nothing new */
	assert_memory_not_equal(n->ha, NEW_MAC, ETH_ALEN);
	w.dev->addr_len = ETH_ALEN;
	world_fini(&w);
}

/* ------------------------------------------------------------------ what waits, and its route */

static struct neighbour *no_lookup(struct dst_entry *dst, struct sk_buff *skb, const void *daddr)
{
	(void)dst, (void)skb, (void)daddr;
	return NULL;
}

static struct neighbour *wrong_lookup(struct dst_entry *dst, struct sk_buff *skb, const void *daddr)
{
	(void)dst, (void)skb, (void)daddr;
	fail_msg("a dead route was asked");
	return NULL;
}

static const struct {
	const char *sentence;
	bool dst;
	u16 flags;
	struct dst_ops ops;
} route_rows[] = {
	{ "it has no route", false, 0, { 0 } },
	{ "its route knows no neighbours", true, 0, { .family = AF_INET } },
	{ "its route is dead", true, DST_DEAD, { .neigh_lookup = wrong_lookup } },
	{ "its route finds none", true, 0, { .neigh_lookup = no_lookup } },
};

static struct sk_buff *packet(struct world *w, u32 bytes)
{
	struct sk_buff *skb = alloc_skb(w->net->skb_pool, 128);

	assert_non_null(skb);
	skb_reserve(skb, 64);
	memset(skb_put(skb, bytes), 0, bytes);
	skb_reset_network_header(skb);
	skb->dev = w->dev;
	skb->protocol = CONST_BE16(ETH_P_IP);
	return skb;
}

static void what_waited_goes_to_whom_it_waited_for(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(route_rows); i++) {
		struct dst_entry dst = { .ops = &route_rows[i].ops, .refcnt = 1, .flags = route_rows[i].flags };
		struct neighbour *n;
		struct sk_buff *skb;
		struct world w;

		world_init(&w);
		n = known(&w, w.dev, PEER_IP, NUD_NONE);
		skb = packet(&w, 20);
		if (route_rows[i].dst)
			skb_dst_set(skb, dst_get(&dst));
		assert_int_equal(neigh_output_of(n)(n, skb), 0);
		assert_true(n->has_queue);
		w.frames_seen = w.frames_count;
		assert_int_equal(neigh_update(n, PEER_MAC, NUD_REACHABLE, NEIGH_UPDATE_F_OVERRIDE, 0, NULL), 0);
		world_settle(&w);
		if (w.frames_count != w.frames_seen + 1 ||
		    memcmp(w.frames[w.frames_seen].data, PEER_MAC, ETH_ALEN) != 0)
			fail_msg("%s: it did not leave", route_rows[i].sentence);
		assert_int_equal(dst.refcnt, 1);
		world_fini(&w);
	}
}

/* Whose source cannot be read all share one group: the budget of unresolved entries is fair all the same. */
static void packets_without_a_source_are_of_one_group(void **state)
{
	struct neighbour *n[6];
	struct sk_buff *skb;
	u32 others = 0;
	struct world w;

	(void)state;
	world_init(&w);
	for (u32 i = 0; i < ARRAY_SIZE(n); i++) {
		n[i] = known(&w, w.dev, host(i), NUD_NONE);
		skb = packet(&w, i == 1 ? 8 : 20);
		memset(skb->data, i < 2 ? 0 : (int)i, skb->len);
		if (!i)
			skb->network_header = SKB_HEADER_UNSET;
		if (i < 2)
			skb->protocol = CONST_BE16(0x88b5); /* no IP packet: one of IP has its header */
		assert_true(neigh_event_send(n[i], skb));
		assert_int_equal(n[i]->nud_state, NUD_INCOMPLETE);
		others += n[i]->gc_group != n[0]->gc_group;
	}
	assert_int_equal(n[0]->gc_group, n[1]->gc_group);
	assert_true(others > 1); /* who says who it is: a few of them may meet in one group */
	check_table(&w);
	world_fini(&w);
}

/* ------------------------------------------------------------------ listeners and hooks that delete */

static struct world *killing;

static void kill_peer(void)
{
	const __be32 ip = PEER_IP;
	struct neighbour *n = neigh_lookup(killing->arp, &ip, killing->dev);

	if (!n)
		return;
	(void)neigh_remove(n, 0);
	neigh_release(n);
}

static unsigned int kill_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *s)
{
	(void)priv, (void)skb, (void)s;
	kill_peer();
	return NF_ACCEPT;
}

static int kill_told(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct neigh_notifier_info *info = data;

	(void)nb;
	if (event == NEIGH_EVENT_NEW && info->neigh->nud_state == NUD_FAILED)
		kill_peer();
	return 0;
}

static void probes(struct world *w, struct neighbour *n)
{
	world_run(w, 6 * NSEC_PER_SEC); /* its confirmation is old */
	w->told_count = 0;
	assert_int_equal(neigh_update(n, PEER_MAC, NUD_DELAY, BY_HAND, 0, NULL), 0);
	world_settle(w);
}

static void begins_again(struct world *w, struct neighbour *n)
{
	assert_int_equal(neigh_update(n, NULL, NUD_INCOMPLETE, BY_HAND, 0, NULL), 0);
	world_settle(w);
}

static void kill_sender(struct sk_buff *skb)
{
	(void)skb;
	kill_peer();
}

static void fails_while_a_packet_waits(struct world *w, struct neighbour *n)
{
	static const struct dst_ops ops = { .link_failure = kill_sender };
	struct dst_entry dst = { .ops = &ops, .refcnt = 1 };
	struct sk_buff *skb = packet(w, 20);

	assert_int_equal(neigh_update(n, NULL, NUD_NONE, BY_HAND, 0, NULL), 0);
	skb_dst_set(skb, dst_get(&dst));
	assert_int_equal(neigh_output_of(n)(n, skb), 0);
	assert_true(n->has_queue);
	w->told_count = 0;
	assert_int_equal(neigh_update(n, NULL, NUD_FAILED, BY_HAND, 0, NULL), 0);
	assert_int_equal(dst.refcnt, 1);
}

static void fails(struct world *w, struct neighbour *n)
{
	(void)w;
	(void)neigh_update(n, NULL, NUD_FAILED, BY_HAND, 0, NULL);
}

static void is_removed(struct world *w, struct neighbour *n)
{
	(void)w;
	assert_int_equal(neigh_remove(n, 7), 0);
}

static const struct {
	const char *sentence;
	bool by_hook;
	void (*change)(struct world *w, struct neighbour *n);
} kill_rows[] = {
	{ "its probe's hook deletes an entry", true, probes },
	{ "so when resolution begins again", true, begins_again },
	{ "the sender of what waited deletes it", false, fails_while_a_packet_waits },
	{ "a listener deletes what failed", false, fails },
	{ "a listener deletes what is being removed", false, is_removed },
};

static void who_dies_in_the_midst_of_a_change_is_told_dead_last_and_once(void **state)
{
	const struct nf_hook_ops hook = { .hook = kill_hook, .pf = NFPROTO_ARP, .hooknum = NF_ARP_OUT };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(kill_rows); i++) {
		struct notifier_block nb = { .call = kill_told };
		struct neighbour *n;
		struct world w;
		u32 deaths = 0;

		world_init(&w);
		killing = &w;
		n = neigh_get(known(&w, w.dev, PEER_IP, NUD_REACHABLE));
		if (kill_rows[i].by_hook)
			assert_int_equal(nf_register_hook(w.net, &hook), 0);
		else
			notifier_chain_register(&w.net->neigh->chain, &nb);
		w.told_count = 0;
		kill_rows[i].change(&w, n);
		for (u32 k = 0; k < w.told_count; k++)
			deaths += w.told[k].event == NEIGH_EVENT_DEL;
		if (!n->dead || deaths != 1 || w.told[w.told_count - 1].event != NEIGH_EVENT_DEL)
			fail_msg("%s: %u deaths told", kill_rows[i].sentence, deaths);
		neigh_undo_create(n); /* whoever made it wants it back: it is gone already */
		assert_int_equal(neigh_remove(n, 0), -EPERM);
		assert_int_equal(n->refcnt, 1);
		neigh_release(n);
		if (kill_rows[i].by_hook)
			nf_unregister_hook(w.net, &hook);
		else
			notifier_chain_unregister(&w.net->neigh->chain, &nb);
		world_settle(&w);
		assert_int_equal(w.arp->entries_count, 0);
		check_table(&w);
		world_fini(&w);
	}
}

/* ------------------------------------------------------------------ proxies, managed ones */

static u32 redone;

static void redo(struct sk_buff *skb)
{
	redone++;
	consume_skb(skb);
}

static void a_question_that_need_not_wait_is_answered_in_the_same_moment(void **state)
{
	struct neigh_parms *p;
	void (*before)(struct sk_buff *);
	struct world w;

	(void)state;
	world_init(&w);
	p = w.dev->neigh_parms[w.arp->index];
	before = w.arp->proxy_redo;
	w.arp->proxy_redo = redo;
	p->data[NEIGH_VAR_PROXY_DELAY] = 0;
	redone = 0;
	pneigh_enqueue(w.arp, p, packet(&w, 28));
	assert_int_equal(w.arp->proxy_queued_count, 1);
	world_settle(&w); /* no time has passed */
	assert_int_equal(redone, 1);
	assert_int_equal(w.arp->proxy_queued_count, 0);
	w.arp->proxy_redo = before;
	world_fini(&w);
}

static void a_device_that_the_family_has_left_has_no_proxies(void **state)
{
	const __be32 ip = PEER_IP;
	struct neigh_parms *p;
	struct world w;

	(void)state;
	world_init(&w);
	p = w.dev->neigh_parms[w.arp->index];
	assert_int_equal(pneigh_create(w.arp, &ip, w.dev, &plain), 0);
	w.dev->neigh_parms[w.arp->index] = NULL;
	neigh_carrier_down(w.arp, w.dev);
	neigh_ifdown(w.arp, w.dev);
	w.dev->neigh_parms[w.arp->index] = p;
	assert_non_null(pneigh_lookup(w.arp, &ip, w.dev)); /* not its business any more */
	neigh_carrier_down(w.arp, w.dev);
	assert_null(pneigh_lookup(w.arp, &ip, w.dev));
	world_fini(&w);
}

static void the_one_for_all_devices_is_found_before_a_devices_own(void **state)
{
	const __be32 ip = PEER_IP;
	struct pneigh_entry *own, *any;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(pneigh_create(w.arp, &ip, w.dev, &plain), 0);
	own = pneigh_lookup(w.arp, &ip, w.dev);
	assert_int_equal(pneigh_create(w.arp, &ip, NULL, &plain), 0);
	any = pneigh_lookup(w.arp, &ip, NULL);
	assert_ptr_not_equal(own, any);
	assert_ptr_equal(pneigh_lookup(w.arp, &ip, w.dev), any);
	assert_int_equal(pneigh_create(w.arp, &ip, w.dev, &plain), 0); /* changes it, makes none */
	assert_int_equal(w.arp->phash.live_count, 2);
	assert_int_equal(pneigh_delete(w.arp, &ip, NULL), 0);
	assert_ptr_equal(pneigh_lookup(w.arp, &ip, w.dev), own);
	assert_int_equal(pneigh_delete(w.arp, &ip, w.dev), 0);
	world_fini(&w);
}

static void managed_ones_are_not_used_at_every_moment(void **state)
{
	struct neighbour *n;
	struct world w;
	u32 turns = 0;

	(void)state;
	world_init(&w);
	w.arp->parms.data[NEIGH_VAR_INTERVAL_PROBE_TIME] = 0;
	n = known(&w, w.dev, PEER_IP, NUD_REACHABLE);
	assert_int_equal(neigh_set_born_flags(n, NEIGH_UPDATE_F_MANAGED), 0);
	for (ktime_t until = w.now + 100 * NSEC_PER_MSEC; w.now < until; turns++) {
		u64 next = nethood_next_deadline(w.public_net);

		assert_true(turns <= 200);
		w.now = (ktime_t)next > w.now ? (ktime_t)next : w.now;
		nethood_poll(w.public_net, (u64)w.now);
	}
	assert_in_range(turns, 90, 200); /* each millisecond, whatever was asked for */
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hash_alone_finds_no_history),
		cmocka_unit_test(a_hash_alone_finds_no_proxy),
		cmocka_unit_test(a_hash_alone_finds_no_neighbour),
		cmocka_unit_test(who_asks_without_an_address_is_not_made_known),
		cmocka_unit_test(a_history_that_has_no_slot_is_a_line_lost),
		cmocka_unit_test(without_a_slot_nobody_is_managed),
		cmocka_unit_test(without_a_slot_nobody_is_born),
		cmocka_unit_test(without_any_slot_nobody_is_born_and_that_is_told_once),
		cmocka_unit_test(a_header_that_is_not_kept_is_made_for_each),
		cmocka_unit_test(who_cannot_be_asked_is_not),
		cmocka_unit_test(without_addresses_all_are_the_same),
		cmocka_unit_test(what_waited_goes_to_whom_it_waited_for),
		cmocka_unit_test(packets_without_a_source_are_of_one_group),
		cmocka_unit_test(who_dies_in_the_midst_of_a_change_is_told_dead_last_and_once),
		cmocka_unit_test(a_question_that_need_not_wait_is_answered_in_the_same_moment),
		cmocka_unit_test(a_device_that_the_family_has_left_has_no_proxies),
		cmocka_unit_test(the_one_for_all_devices_is_found_before_a_devices_own),
		cmocka_unit_test(managed_ones_are_not_used_at_every_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
