// SPDX-License-Identifier: BSD-2-Clause
/* Who is who: connections by their four numbers, listeners by address and port.
 *
 * @rfc 9293 3.10.7   @linux net/ipv4/inet_hashtables.c
 *
 * Reading order: tcp_conn_hash(), tcp_ehash_lookup(), tcp_listener_lookup().
 *
 * Connections, requests and TIME_WAITs share one table, so that a segment is looked up once.  Its hash is keyed: nobody
 * outside can choose connections that collide.  A listener is found by two probes: its address, then any address.
 */
#include <errno.h>
#include <string.h>

#include "net.h"
#include "tcp/tcp_conn.h"

#define CACHE_ALIGN 8U
#define FIRST_SLOTS 8U

/* ------------------------------------------------------------------ a net's tables */

void tcp_hash_init(struct net *net)
{
	struct tcp_net *tn = net->tcp;

	htable_init(&tn->ehash, net->mem, &net->rng, FIRST_SLOTS);
	htable_init(&tn->bhash, net->mem, &net->rng, FIRST_SLOTS);
	htable_init(&tn->lhash, net->mem, &net->rng, FIRST_SLOTS);
	tcp_fastopen_init(net);
	kmem_cache_init(&tn->bind_cache, net->mem, "tcp_bind_bucket", sizeof(struct tcp_bind_bucket), 8);
	kmem_cache_init(&tn->request_cache, net->mem, "request_sock_TCP", sizeof(struct tcp_request_sock), CACHE_ALIGN);
	kmem_cache_init(&tn->holes_cache, net->mem, "tcp_holes", sizeof(struct tcp_holes), 8);
	kmem_cache_init(&tn->timewait_cache, net->mem, "tw_sock_TCP", sizeof(struct tcp_timewait_sock), CACHE_ALIGN);
	kmem_cache_init(&tn->listen_slot_cache, net->mem, "tcp_listen_slot", sizeof(struct tcp_listen_slot),
			CACHE_ALIGN);
	INIT_LIST_HEAD(&tn->timewaits);
	siphash_key_init(&tn->isn_key, &net->rng);
	siphash_key_init(&tn->ts_key, &net->rng);
	siphash_key_init(&tn->port_key, &net->rng);
	get_random_bytes(&net->rng, tn->syncookie_key, sizeof(tn->syncookie_key));
}

void tcp_hash_exit(struct net *net)
{
	struct tcp_net *tn = net->tcp;

	while (!list_empty(&tn->timewaits))
		tcp_timewait_kill(list_first_entry(&tn->timewaits, struct tcp_timewait_sock, net_node));
	tcp_port_exit(net);
	tcp_fastopen_exit(net);
	kmem_cache_fini(&tn->listen_slot_cache);
	kmem_cache_fini(&tn->holes_cache);
	kmem_cache_fini(&tn->timewait_cache);
	kmem_cache_fini(&tn->request_cache);
	kmem_cache_fini(&tn->bind_cache);
	htable_fini(&tn->lhash);
	htable_fini(&tn->bhash);
	htable_fini(&tn->ehash);
}

/* ------------------------------------------------------------------ connections */

/* A device to which a connection is bound may change while it stands; requests and TIME_WAITs keep theirs. */
static int conn_dev(const struct tcp_conn *c)
{
	if (c->kind == TCP_CONN_SOCK)
		return container_of(c, const struct tcp_sock, conn)->inet.sk.bound_dev_if;
	return c->bound_dev_if;
}

void tcp_conn_hash(const struct net *net, struct tcp_conn *c)
{
	u64 ports = (__force u16)c->dport | (u64)c->num << 16, words[4];

	if (likely(c->family == AF_INET)) {
		c->hash = htable_hash_pair(&net->tcp->ehash,
					   (__force u32)c->daddr.v4 | (u64)(__force u32)c->rcv_saddr.v4 << 32, ports);
		return;
	}
	memcpy(words, c->daddr.v6, 16);
	memcpy(words + 2, c->rcv_saddr.v6, 16);
	/* the two addresses at the same time, and not alike: what goes there is not what comes from there */
	c->hash = htable_hash_pair(&net->tcp->ehash, htable_mix(&net->tcp->ehash, words[0], words[1]) + ports,
				   htable_mix(&net->tcp->ehash, words[3], words[2]));
}

static bool conn_match(const void *obj, const void *key_)
{
	const struct tcp_conn *c = obj, *key = key_;
	int dev;

	if (c->dport != key->dport || c->num != key->num || c->family != key->family)
		return false;
	if (!tcp_addr_equal(c->family, &c->daddr, &key->daddr) ||
	    !tcp_addr_equal(c->family, &c->rcv_saddr, &key->rcv_saddr))
		return false;
	dev = conn_dev(c);
	return !dev || dev == key->bound_dev_if;
}

struct tcp_conn *tcp_ehash_lookup(struct net *net, const struct tcp_conn *key)
{
	return htable_lookup(&net->tcp->ehash, key->hash, conn_match, key);
}

int tcp_ehash_insert(struct net *net, struct tcp_conn *c)
{
	int err;

	c->bound_dev_if = conn_dev(c);
	tcp_conn_hash(net, c);
	err = tcp_ehash_lookup(net, c) ? -EADDRNOTAVAIL : htable_insert(&net->tcp->ehash, c->hash, c);
	if (unlikely(err))
		c->hash = 0;
	return err;
}

void tcp_ehash_remove(struct net *net, struct tcp_conn *c)
{
	bool found;

	if (!c->hash)
		return;
	found = htable_remove(&net->tcp->ehash, c->hash, c);
	assert(found);
	c->hash = 0;
}

void tcp_ehash_replace(struct net *net, struct tcp_conn *old, struct tcp_conn *new_)
{
	htable_replace(&net->tcp->ehash, old->hash, old, new_);
	new_->hash = old->hash;
	old->hash = 0;
}

struct conn_walk {
	void (*fn)(void *ctx, struct tcp_conn *c);
	void *ctx;
};

static void walk_conn(void *ctx, void *obj)
{
	const struct conn_walk *walk = ctx;

	walk->fn(walk->ctx, obj);
}

void tcp_for_each_conn(struct net *net, void (*fn)(void *ctx, struct tcp_conn *c), void *ctx)
{
	struct conn_walk walk = { fn, ctx };

	htable_scan(&net->tcp->ehash, 0, UINT32_MAX, walk_conn, &walk);
}

/* ------------------------------------------------------------------ listeners */

struct slot_key {
	union tcp_addr addr;
	u16 port;
	u8 family;
};

static bool slot_match(const void *obj, const void *key_)
{
	const struct tcp_listen_slot *slot = obj;
	const struct slot_key *key = key_;

	return slot->port == key->port && slot->family == key->family &&
	       tcp_addr_equal(slot->family, &slot->addr, &key->addr);
}

static u64 slot_hash(const struct net *net, const struct slot_key *key)
{
	u64 words[3] = { 0, 0, (u64)key->family << 16 | key->port };

	memcpy(words, &key->addr, tcp_addr_bytes(key->family));
	return htable_hash_bytes(&net->tcp->lhash, words, sizeof(words));
}

static struct tcp_listen_slot *slot_find(const struct net *net, const struct slot_key *key)
{
	return htable_lookup(&net->tcp->lhash, slot_hash(net, key), slot_match, key);
}

static struct tcp_listen_slot *slot_create(struct net *net, const struct slot_key *key)
{
	struct tcp_listen_slot *slot = kmem_cache_alloc(&net->tcp->listen_slot_cache);

	if (!slot)
		return NULL;
	*slot = (struct tcp_listen_slot){
		.hash = slot_hash(net, key), .addr = key->addr, .port = key->port, .family = key->family
	};
	INIT_LIST_HEAD(&slot->listeners);
	if (htable_insert(&net->tcp->lhash, slot->hash, slot)) {
		kmem_cache_free(&net->tcp->listen_slot_cache, slot);
		return NULL;
	}
	return slot;
}

/* Others see each listener by its struct tcp_listener only: it has the way back. */
static struct tcp_sock *listener_sock(const struct tcp_listener *l)
{
	return l->sk;
}

int tcp_listener_hash(struct tcp_sock *tp)
{
	struct slot_key key = { .addr = tp->conn.rcv_saddr, .port = tp->inet.num, .family = tp->conn.family };
	struct net *net = tcp_net_of(tp);
	struct tcp_listen_slot *slot = slot_find(net, &key);

	if (!slot)
		slot = slot_create(net, &key);
	if (!slot)
		return -ENOMEM;
	slot->count++;
	slot->only = slot->count == 1 ? tp : NULL;
	tp->listener->sk = tp;
	tp->listener->slot = slot;
	list_add_tail(&tp->listener->port_node, &slot->listeners);
	return 0;
}

void tcp_listener_unhash(struct tcp_sock *tp)
{
	struct tcp_listen_slot *slot = tp->listener->slot;
	struct tcp_net *tn = tcp_net_of(tp)->tcp;

	if (!slot)
		return;
	tp->listener->slot = NULL;
	list_del_init(&tp->listener->port_node);
	tcp_port_unlisten(tcp_net_of(tp), slot->port);
	if (--slot->count) {
		slot->only = NULL;
		if (slot->count == 1)
			slot->only = listener_sock(list_first_entry(&slot->listeners, struct tcp_listener, port_node));
		return;
	}
	htable_remove(&tn->lhash, slot->hash, slot);
	kmem_cache_free(&tn->listen_slot_cache, slot);
}

/* A device that was asked for beats none, another one excludes, as IPV6_V6ONLY does.  Return: -1, 0, 1 */
static int listener_score(const struct tcp_sock *tp, const struct tcp_conn *key)
{
	int dev = tp->inet.sk.bound_dev_if;

	if (key->family == AF_INET && tp->conn.v6only)
		return -1;
	if (!dev)
		return 0;
	return dev == key->bound_dev_if ? 1 : -1;
}

static bool in_group(const struct tcp_sock *tp, const struct tcp_conn *key, int score)
{
	return sock_flag(tcp_sock_of(tp), SOCK_F_REUSEPORT) && listener_score(tp, key) == score;
}

/* Of those that share a port the hash of the connection chooses one: evenly, and the same one for each SYN of it. */
static struct tcp_sock *reuseport_select(const struct tcp_listen_slot *slot, struct tcp_sock *first,
					 const struct tcp_conn *key)
{
	int score = listener_score(first, key);
	const struct tcp_listener *l;
	u32 count = 0, chosen;

	list_for_each_entry(l, &slot->listeners, port_node)
		count += in_group(listener_sock(l), key, score);
	chosen = (u32)(((key->hash & UINT32_MAX) * count) >> 32);
	list_for_each_entry(l, &slot->listeners, port_node) {
		if (in_group(listener_sock(l), key, score) && !chosen--)
			return listener_sock(l);
	}
	return first;
}

static struct tcp_sock *slot_best(const struct tcp_listen_slot *slot, const struct tcp_conn *key)
{
	struct tcp_sock *best = NULL;
	const struct tcp_listener *l;
	int best_score = -1;

	if (likely(slot->only))
		return listener_score(slot->only, key) >= 0 ? slot->only : NULL;
	list_for_each_entry(l, &slot->listeners, port_node) {
		int score = listener_score(listener_sock(l), key);

		if (score > best_score) {
			best = listener_sock(l);
			best_score = score;
		}
	}
	if (best && sock_flag(tcp_sock_of(best), SOCK_F_REUSEPORT))
		best = reuseport_select(slot, best, key);
	return best;
}

/* Nobody of IPv4 wants it: perhaps one who listens on :: does. */
static struct tcp_sock *listener_of_both(struct net *net, const struct tcp_conn *key)
{
	const struct slot_key k = { .port = key->num, .family = AF_INET6 };
	const struct tcp_listen_slot *slot = slot_find(net, &k);

	return slot ? slot_best(slot, key) : NULL;
}

struct tcp_sock *tcp_listener_lookup(struct net *net, const struct tcp_conn *key)
{
	struct slot_key k = { .addr = key->rcv_saddr, .port = key->num, .family = key->family };
	const struct tcp_listen_slot *slot = slot_find(net, &k);
	struct tcp_sock *found = slot ? slot_best(slot, key) : NULL;

	if (found)
		return found;
	memset(&k.addr, 0, sizeof(k.addr));
	slot = slot_find(net, &k);
	found = slot ? slot_best(slot, key) : NULL;
	return found || key->family != AF_INET ? found : listener_of_both(net, key);
}

struct listener_walk {
	void (*fn)(void *ctx, struct tcp_sock *tp);
	void *ctx;
};

static void walk_slot(void *ctx, void *obj)
{
	const struct listener_walk *walk = ctx;
	const struct tcp_listen_slot *slot = obj;
	const struct tcp_listener *l;

	list_for_each_entry(l, &slot->listeners, port_node)
		walk->fn(walk->ctx, listener_sock(l));
}

void tcp_for_each_listener(struct net *net, void (*fn)(void *ctx, struct tcp_sock *tp), void *ctx)
{
	struct listener_walk walk = { fn, ctx };

	htable_scan(&net->tcp->lhash, 0, UINT32_MAX, walk_slot, &walk);
}

void tcp_unhash(struct tcp_sock *tp)
{
	if (tp->listener)
		tcp_listener_unhash(tp);
	tcp_ehash_remove(tcp_net_of(tp), &tp->conn);
}
