// SPDX-License-Identifier: BSD-2-Clause
/* UDP sockets by port, by address, and by connection; choice of free ports.
 *
 * @rfc 6056 3.3.1 (a random port, then the next free one)   @linux net/ipv4/udp.c: udp_lib_get_port, __udp4_lib_lookup
 *
 * A socket is on three lists: of its port (conflicts, multicasts), of its address and port (what it is bound to), and,
 * if it is connected, of the whole connection.  Looking up is at most three probes of a hash table, however many
 * sockets there are; the hash is keyed, so that nobody can choose ports that collide.
 */
#include <errno.h>
#include <string.h>

#include "base/byteorder.h"
#include "net.h"
#include "socket/inet6_sock.h"
#include "udp/udp.h"

struct udp_conn_key {
	__be32 addr, peer_addr;
	__be16 port, peer_port;
};

static u64 addr_hash(const struct udp_net *un, __be32 addr, __be16 port)
{
	/* 48 bits, and one so that no key is 0 */
	return htable_hash_exact64(&un->by_addr, 1ULL << 63 | (u64)(__force u16)port << 32 | (__force u32)addr);
}

static u64 conn_hash(const struct udp_net *un, __be32 addr, __be16 port, __be32 peer_addr, __be16 peer_port)
{
	struct udp_conn_key key = { addr, peer_addr, port, peer_port };

	return htable_hash_bytes(&un->by_conn, &key, sizeof(key));
}

struct udp6_conn_key {
	struct in6_addr addr, peer_addr;
	__be16 port, peer_port;
};

static u64 addr6_hash(const struct udp_net *un, const struct in6_addr *addr, __be16 port)
{
	struct udp6_conn_key key = { .addr = *addr, .port = port };

	if (ipv6_addr_any(addr))
		return addr_hash(un, (__force __be32)0U, port);
	return htable_hash_bytes(&un->by_addr, &key, sizeof(key));
}

static u64 conn6_hash(const struct udp_net *un, const struct in6_addr *addr, __be16 port,
		      const struct in6_addr *peer_addr, __be16 peer_port)
{
	struct udp6_conn_key key = { *addr, *peer_addr, port, peer_port };

	return htable_hash_bytes(&un->by_conn, &key, sizeof(key));
}

static bool is_ipv4(const struct inet_sock *inet)
{
	return !inet->pinet6 || ipv6_addr_v4mapped(&inet->pinet6->rcv_saddr);
}

static u64 sock_addr_hash(const struct udp_net *un, const struct inet_sock *inet)
{
	return is_ipv4(inet) ? addr_hash(un, inet->rcv_saddr, inet->sport)
			     : addr6_hash(un, &inet->pinet6->rcv_saddr, inet->sport);
}

static u64 sock_conn_hash(const struct udp_net *un, const struct inet_sock *inet)
{
	return is_ipv4(inet) ? conn_hash(un, inet->rcv_saddr, inet->sport, inet->daddr, inet->dport)
			     : conn6_hash(un, &inet->pinet6->rcv_saddr, inet->sport, &inet->pinet6->daddr, inet->dport);
}

/* ------------------------------------------------------------------ slots */

/* A slot is a hash, not a key: the sockets in it are compared one by one. */
static struct udp_slot *slot_find(const struct htable *t, u64 hash)
{
	return htable_lookup(t, hash, NULL, NULL);
}

static struct udp_slot *slot_get(struct udp_net *un, struct htable *t, u64 hash)
{
	struct udp_slot *slot = slot_find(t, hash);

	if (slot)
		return slot;
	slot = kmem_cache_alloc(&un->slot_cache);
	if (!slot)
		return NULL;
	slot->hash = hash;
	INIT_LIST_HEAD(&slot->socks);
	INIT_LIST_HEAD(&slot->connected);
	if (htable_insert(t, hash, slot)) {
		kmem_cache_free(&un->slot_cache, slot);
		return NULL;
	}
	return slot;
}

static void slot_put(struct udp_net *un, struct htable *t, struct udp_slot *slot)
{
	if (!slot || !list_empty(&slot->socks) || !list_empty(&slot->connected))
		return;
	htable_remove(t, slot->hash, slot);
	kmem_cache_free(&un->slot_cache, slot);
}

static struct list_head *port_list(const struct udp_net *un, u16 port)
{
	struct list_head *page = un->port_pages ? un->port_pages[port / UDP_PORTS_PER_PAGE] : NULL;

	return page ? &page[port % UDP_PORTS_PER_PAGE] : NULL;
}

static struct list_head *port_page_make(struct net *net)
{
	struct list_head *page = mem_alloc(net->mem, UDP_PORTS_PER_PAGE * sizeof(*page));

	for (u32 i = 0; page && i < UDP_PORTS_PER_PAGE; i++)
		INIT_LIST_HEAD(&page[i]);
	return page;
}

static struct list_head *port_list_get(struct net *net, u16 port)
{
	struct udp_net *un = net->udp;
	struct list_head **page;

	if (!un->port_pages)
		un->port_pages = mem_zalloc(net->mem, UDP_PORT_PAGES * sizeof(*un->port_pages));
	if (!un->port_pages)
		return NULL;
	page = &un->port_pages[port / UDP_PORTS_PER_PAGE];
	if (!*page)
		*page = port_page_make(net);
	return *page ? &(*page)[port % UDP_PORTS_PER_PAGE] : NULL;
}

/* A socket is off its list. */
static void port_leave(struct net *net, u16 port)
{
	const struct list_head *socks = port_list(net->udp, port);

	if (!socks || list_empty(socks))
		net_port_release(net, NET_PORTS_UDP, port);
}

struct list_head *udp_port_socks(struct net *net, u16 port)
{
	return port_list(net->udp, port);
}

/* ------------------------------------------------------------------ in and out of the tables */

static bool is_connected(const struct udp_sock *up)
{
	return up->inet.daddr || up->inet.dport;
}

static void addr_link(struct udp_sock *up, struct udp_slot *slot)
{
	up->addr_slot = slot;
	list_add(&up->addr_node, is_connected(up) ? &slot->connected : &slot->socks);
}

static void slots_leave(struct udp_net *un, struct udp_sock *up)
{
	list_del_init(&up->addr_node);
	slot_put(un, &un->by_addr, up->addr_slot);
	up->addr_slot = NULL;
	if (up->conn_slot) {
		list_del_init(&up->conn_node);
		slot_put(un, &un->by_conn, up->conn_slot);
		up->conn_slot = NULL;
		un->connected_count--;
	}
}

/* Both slots are there before the socket moves, so that missing memory changes nothing. */
static int slots_join(struct udp_net *un, struct udp_sock *up)
{
	const struct inet_sock *inet = &up->inet;
	struct udp_slot *addr = slot_get(un, &un->by_addr, sock_addr_hash(un, inet));
	struct udp_slot *conn = NULL;

	if (!addr)
		return -ENOMEM;
	if (is_connected(up)) {
		conn = slot_get(un, &un->by_conn, sock_conn_hash(un, inet));
		if (!conn) {
			slot_put(un, &un->by_addr, addr);
			return -ENOMEM;
		}
	}
	if (up->addr_slot) {
		struct udp_slot *old_addr = up->addr_slot, *old_conn = up->conn_slot;

		list_del_init(&up->addr_node);
		list_del_init(&up->conn_node);
		un->connected_count -= old_conn != NULL;
		up->conn_slot = NULL;
		addr_link(up, addr);
		if (old_addr != addr)
			slot_put(un, &un->by_addr, old_addr);
		if (old_conn && old_conn != conn)
			slot_put(un, &un->by_conn, old_conn);
	} else {
		addr_link(up, addr);
	}
	if (conn) {
		up->conn_slot = conn;
		list_add(&up->conn_node, &conn->socks);
		un->connected_count++;
	}
	return 0;
}

int udp_rehash(struct sock *sk)
{
	return udp_sk(sk)->hashed ? slots_join(sk->net->udp, udp_sk(sk)) : 0;
}

void udp_unhash(struct sock *sk)
{
	struct udp_sock *up = udp_sk(sk);

	if (!up->hashed)
		return;
	up->hashed = false;
	sk->net->udp->hashed_count--;
	list_del_init(&up->port_node);
	port_leave(sk->net, up->inet.num);
	slots_leave(sk->net->udp, up);
	up->inet.num = 0;
	up->inet.sport = cpu_to_be16(0);
}

/* ------------------------------------------------------------------ ports */

static bool socks_conflict(const struct sock *sk, const struct sock *other)
{
	const u32 both = sk->flags & other->flags;

	if (sk == other || (both & SOCK_F_REUSEADDR))
		return false;
	if (sk->bound_dev_if && other->bound_dev_if && sk->bound_dev_if != other->bound_dev_if)
		return false;
	if (!inet_rcv_saddr_equal(sk, other, true))
		return false;
	return !(both & SOCK_F_REUSEPORT) || sk->portid_uid != other->portid_uid;
}

static bool port_in_use(struct net *net, const struct sock *sk, u16 port)
{
	struct list_head *socks = port_list(net->udp, port);
	struct udp_sock *other;

	if (!socks)
		return false;
	list_for_each_entry(other, socks, port_node) {
		if (socks_conflict(sk, udp_sock_of(other)))
			return true;
	}
	return false;
}

/* Of several workers the others have a say too.  Return: 0, -EADDRINUSE */
static int port_take(struct net *net, const struct sock *sk, u16 port)
{
	bool shared = sk->flags & (SOCK_F_REUSEADDR | SOCK_F_REUSEPORT);

	return port_in_use(net, sk, port) ? -EADDRINUSE : net_port_claim(net, NET_PORTS_UDP, port, shared);
}

/* A random port of the range, then the next ones, until one is free.  Return: port, 0: all are in use */
static u16 port_choose(struct net *net, const struct sock *sk, const u16 range[static 2])
{
	u32 count = (u32)range[1] - range[0] + 1;
	u32 first = get_random_u32_below(&net->rng, count);

	for (u32 i = 0; i < count; i++) {
		u16 port = (u16)(range[0] + (first + i) % count);

		if (port && !inet_port_is_reserved(net, port) && !port_take(net, sk, port))
			return port;
	}
	return 0;
}

int udp_get_port(struct sock *sk, u16 port, const u16 range[static 2])
{
	struct udp_sock *up = udp_sk(sk);
	struct net *net = sk->net;
	struct list_head *socks;
	int err;

	if (!port)
		port = port_choose(net, sk, range);
	else if (port_take(net, sk, port))
		return -EADDRINUSE;
	if (!port)
		return -EADDRINUSE;
	up->inet.num = port;
	up->inet.sport = cpu_to_be16(port);
	socks = port_list_get(net, port);
	err = socks ? slots_join(net->udp, up) : -ENOMEM;
	if (err) {
		up->inet.num = 0;
		up->inet.sport = cpu_to_be16(0);
		port_leave(net, port);
		return err;
	}
	list_add(&up->port_node, socks);
	up->hashed = true;
	net->udp->hashed_count++;
	return 0;
}

/* ------------------------------------------------------------------ lookup */

/* A device that was asked for beats none, another one excludes.  Return: -1, 0, 1 */
static int device_score(const struct sock *sk, int dif)
{
	if (!sk->bound_dev_if)
		return 0;
	return sk->bound_dev_if == dif ? 1 : -1;
}

static bool conn_match(const struct inet_sock *inet, __be32 saddr, __be16 sport, __be32 daddr, __be16 dport)
{
	return inet->daddr == saddr && inet->dport == sport && inet->rcv_saddr == daddr && inet->sport == dport;
}

static struct sock *lookup_connected(const struct udp_net *un, __be32 saddr, __be16 sport, __be32 daddr, __be16 dport,
				     int dif)
{
	const struct udp_slot *slot = slot_find(&un->by_conn, conn_hash(un, daddr, dport, saddr, sport));
	struct udp_sock *up, *best = NULL;
	int best_score = -1;

	if (!slot)
		return NULL;
	list_for_each_entry(up, &slot->socks, conn_node) {
		int score = device_score(udp_sock_of(up), dif);

		if (score > best_score && conn_match(&up->inet, saddr, sport, daddr, dport)) {
			best = up;
			best_score = score;
		}
	}
	return best ? udp_sock_of(best) : NULL;
}

static bool bound_match(const struct udp_sock *up, __be32 addr, __be16 port)
{
	return up->inet.rcv_saddr == addr && up->inet.sport == port && !(up->inet.pinet6 && up->inet.pinet6->v6only);
}

/* A device that was asked for first; then who is of IPv4 alone.  Return: negative: not at all */
static int bound_score(const struct udp_sock *up, int dif)
{
	return device_score(&up->inet.sk, dif) * 2 + !up->inet.pinet6;
}

/* Are they of one group of SO_REUSEPORT?  @linux reuseport_add_sock */
static bool same_group(const struct udp_sock *a, const struct udp_sock *b)
{
	const struct sock *x = &a->inet.sk, *y = &b->inet.sk;

	return sock_flag(x, SOCK_F_REUSEPORT) && x->family == y->family && x->bound_dev_if == y->bound_dev_if &&
	       a->inet.sport == b->inet.sport && ipv6_only_sock(x) == ipv6_only_sock(y) &&
	       inet_rcv_saddr_equal(x, y, false);
}

/* Of sockets that share a port by SO_REUSEPORT, the flow's hash chooses one. */
static struct udp_sock *reuseport_select(const struct udp_slot *slot, struct udp_sock *first, u64 flow_hash)
{
	struct udp_sock *up;
	u32 count = 0, chosen;

	list_for_each_entry(up, &slot->socks, addr_node)
		count += same_group(up, first);
	chosen = (u32)(((flow_hash >> 32) * count) >> 32);
	list_for_each_entry(up, &slot->socks, addr_node) {
		if (same_group(up, first) && !chosen--)
			return up;
	}
	return first;
}

static struct sock *lookup_bound(const struct udp_net *un, __be32 addr, __be16 port, int dif, __be32 saddr,
				 __be16 sport, __be32 daddr)
{
	const struct udp_slot *slot = slot_find(&un->by_addr, addr_hash(un, addr, port));
	struct udp_sock *up, *best = NULL;
	int best_score = -1;

	if (!slot)
		return NULL;
	list_for_each_entry(up, &slot->socks, addr_node) {
		int score = bound_score(up, dif);

		if (score > best_score && bound_match(up, addr, port)) {
			best = up;
			best_score = score;
		}
	}
	if (best && sock_flag(udp_sock_of(best), SOCK_F_REUSEPORT))
		best = reuseport_select(slot, best, conn_hash(un, daddr, port, saddr, sport));
	return best ? udp_sock_of(best) : NULL;
}

struct sock *udp_lookup(struct net *net, __be32 saddr, __be16 sport, __be32 daddr, __be16 dport, int dif)
{
	const struct udp_net *un = net->udp;
	struct sock *sk = NULL;

	if (un->connected_count)
		sk = lookup_connected(un, saddr, sport, daddr, dport, dif);
	if (!sk)
		sk = lookup_bound(un, daddr, dport, dif, saddr, sport, daddr);
	if (!sk)
		sk = lookup_bound(un, (__force __be32)0U, dport, dif, saddr, sport, daddr);
	return sk;
}

/* ------------------------------------------------------------------ lookup, of IPv6 */

static bool conn6_match(const struct inet_sock *inet, const struct in6_addr *saddr, __be16 sport,
			const struct in6_addr *daddr, __be16 dport)
{
	const struct ipv6_pinfo *np = inet->pinet6;

	return np && inet->dport == sport && inet->sport == dport && ipv6_addr_equal(&np->daddr, saddr) &&
	       ipv6_addr_equal(&np->rcv_saddr, daddr);
}

static struct sock *lookup6_connected(const struct udp_net *un, const struct in6_addr *saddr, __be16 sport,
				      const struct in6_addr *daddr, __be16 dport, int dif)
{
	const struct udp_slot *slot = slot_find(&un->by_conn, conn6_hash(un, daddr, dport, saddr, sport));
	struct udp_sock *up, *best = NULL;
	int best_score = -1;

	if (!slot)
		return NULL;
	list_for_each_entry(up, &slot->socks, conn_node) {
		int score = device_score(udp_sock_of(up), dif);

		if (score > best_score && conn6_match(&up->inet, saddr, sport, daddr, dport)) {
			best = up;
			best_score = score;
		}
	}
	return best ? udp_sock_of(best) : NULL;
}

static struct sock *lookup6_bound(const struct udp_net *un, const struct in6_addr *addr, __be16 port, int dif,
				  u64 flow_hash)
{
	const struct udp_slot *slot = slot_find(&un->by_addr, addr6_hash(un, addr, port));
	struct udp_sock *up, *best = NULL;
	int best_score = -1;

	if (!slot)
		return NULL;
	list_for_each_entry(up, &slot->socks, addr_node) {
		int score = device_score(udp_sock_of(up), dif);

		if (score > best_score && up->inet.pinet6 && up->inet.sport == port &&
		    ipv6_addr_equal(&up->inet.pinet6->rcv_saddr, addr)) {
			best = up;
			best_score = score;
		}
	}
	if (best && sock_flag(udp_sock_of(best), SOCK_F_REUSEPORT))
		best = reuseport_select(slot, best, flow_hash);
	return best ? udp_sock_of(best) : NULL;
}

struct sock *udp6_lookup(struct net *net, const struct in6_addr *saddr, __be16 sport, const struct in6_addr *daddr,
			 __be16 dport, int dif)
{
	static const struct in6_addr any;
	const struct udp_net *un = net->udp;
	struct sock *sk = NULL;
	u64 hash;

	if (un->connected_count)
		sk = lookup6_connected(un, saddr, sport, daddr, dport, dif);
	if (sk)
		return sk;
	hash = conn6_hash(un, daddr, dport, saddr, sport);
	sk = lookup6_bound(un, daddr, dport, dif, hash);
	return sk ? sk : lookup6_bound(un, &any, dport, dif, hash);
}
