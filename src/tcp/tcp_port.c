// SPDX-License-Identifier: BSD-2-Clause
/* Local ports: who may share one, and which one a connection gets that does not care.
 *
 * @rfc 6056 3.3.4, 6191   @linux net/ipv4/inet_connection_sock.c, net/ipv4/inet_hashtables.c
 *
 * Reading order: tcp_get_port(), may_share(), tcp_hash_connect(), tcp_put_port().
 *
 * A port has a bucket while somebody has it: sockets that were bound, their accepted children, connections, TIME_WAITs.
 * A port that only connections have is shared by further ones to other peers; connect(2) takes no other.  The habit is
 * Linux's: connect(2) looks at ports of the range's first parity, bind(2) at the others, so that they seldom meet.
 */
#include <errno.h>
#include <string.h>

#include "net.h"
#include "tcp/tcp_conn.h"

#define PERTURB_SLOTS 256U

/* ------------------------------------------------------------------ buckets */

static u64 bucket_hash(const struct tcp_net *tn, u16 port)
{
	return htable_hash_exact64(&tn->bhash, 1ULL << 32 | port);
}

static struct tcp_bind_bucket *bucket_find(const struct tcp_net *tn, u16 port)
{
	return htable_lookup(&tn->bhash, bucket_hash(tn, port), NULL, NULL);
}

static struct tcp_bind_bucket *bucket_create(struct tcp_net *tn, u16 port)
{
	struct tcp_bind_bucket *b = kmem_cache_alloc(&tn->bind_cache);

	if (!b)
		return NULL;
	b->port = port;
	b->bound_count = 0;
	b->owners.first = NULL;
	b->timewaits.first = NULL;
	if (htable_insert(&tn->bhash, bucket_hash(tn, port), b)) {
		kmem_cache_free(&tn->bind_cache, b);
		return NULL;
	}
	return b;
}

/* Of a port that is free, or may be shared, and that this worker has claimed.  NULL: no memory */
static struct tcp_bind_bucket *bucket_get(struct net *net, u16 port)
{
	struct tcp_bind_bucket *b = bucket_find(net->tcp, port);

	if (b)
		return b;
	b = bucket_create(net->tcp, port);
	if (!b)
		net_port_release(net, NET_PORTS_TCP, port);
	return b;
}

static void bucket_put(struct net *net, struct tcp_bind_bucket *b)
{
	struct tcp_net *tn = net->tcp;

	if (!hlist_empty(&b->owners) || !hlist_empty(&b->timewaits))
		return;
	net_port_release(net, NET_PORTS_TCP, b->port);
	htable_remove(&tn->bhash, bucket_hash(tn, b->port), b);
	kmem_cache_free(&tn->bind_cache, b);
}

static void bucket_own(struct tcp_bind_bucket *b, struct tcp_sock *tp, bool by_connect)
{
	tp->bind_bucket = b;
	tp->connect_bind = by_connect;
	b->bound_count += !by_connect;
	hlist_add_head(&tp->bind_node, &b->owners);
	tp->inet.num = b->port;
	tp->inet.sport = cpu_to_be16(b->port);
	tp->conn.num = b->port;
}

void tcp_put_port(struct tcp_sock *tp)
{
	struct tcp_bind_bucket *b = tp->bind_bucket;

	if (!b)
		return;
	tp->bind_bucket = NULL;
	b->bound_count -= !tp->connect_bind;
	hlist_del_init(&tp->bind_node);
	bucket_put(tcp_net_of(tp), b);
	tp->inet.num = 0;
	tp->inet.sport = cpu_to_be16(0);
	tp->conn.num = 0;
}

void tcp_bind_timewait(const struct tcp_sock *tp, struct tcp_timewait_sock *tw)
{
	tw->bind_bucket = tp->bind_bucket;
	tw->connect_bind = tp->connect_bind;
	tw->bind_bucket->bound_count += !tw->connect_bind;
	hlist_add_head(&tw->bind_node, &tw->bind_bucket->timewaits);
}

void tcp_unbind_timewait(struct net *net, struct tcp_timewait_sock *tw)
{
	struct tcp_bind_bucket *b = tw->bind_bucket;

	tw->bind_bucket = NULL;
	b->bound_count -= !tw->connect_bind;
	hlist_del_init(&tw->bind_node);
	bucket_put(net, b);
}

int tcp_inherit_port(struct tcp_sock *parent, struct tcp_sock *child)
{
	struct tcp_bind_bucket *b = parent->bind_bucket;

	/* a transparent listener is asked for on ports that are not its own */
	if (!b || b->port != child->inet.num) {
		(void)net_port_claim(tcp_net_of(child), NET_PORTS_TCP, child->inet.num, true);
		b = bucket_get(tcp_net_of(child), child->inet.num);
	}
	if (!b)
		return -ENOMEM;
	bucket_own(b, child, false);
	return 0;
}

/* ------------------------------------------------------------------ who may share a port */

/* owner - one that has the port already */
struct owner {
	bool reuse, reuseport, listening;
	bool same_user; /* of SO_REUSEPORT; a TIME_WAIT has no user any more */
	int dev;
	const struct tcp_conn *conn;
};

static struct owner owner_of_sock(const struct tcp_sock *tp, const struct tcp_sock *o)
{
	const struct sock *sk = tcp_sock_of(o);

	return (struct owner){
		.reuse = sock_flag(sk, SOCK_F_REUSEADDR),
		.reuseport = sock_flag(sk, SOCK_F_REUSEPORT),
		.listening = sk->state == TCP_LISTEN,
		.same_user = sk->portid_uid == tcp_sock_of(tp)->portid_uid,
		.dev = sk->bound_dev_if,
		.conn = &o->conn,
	};
}

static struct owner owner_of_timewait(const struct tcp_timewait_sock *tw)
{
	return (struct owner){
		.reuse = tw->reuse,
		.reuseport = tw->reuseport,
		.same_user = true,
		.dev = tw->conn.bound_dev_if,
		.conn = &tw->conn,
	};
}

/* One of IPv6 that is not told otherwise takes IPv4 as well; with an address of its own it is not there for all that, but
 * in Linux whoever wants all of IPv4 meets it nevertheless. */
static bool families_apart(const struct tcp_conn *v6, const struct tcp_conn *v4)
{
	if (v6->v6only)
		return true;
	return !tcp_addr_any(AF_INET6, &v6->rcv_saddr) &&
	       (v4->sk_family == AF_INET6 || !tcp_addr_any(AF_INET, &v4->rcv_saddr));
}

static bool apart(const struct tcp_sock *tp, const struct owner *o)
{
	int dev = tcp_sock_of(tp)->bound_dev_if;
	const struct tcp_conn *a = &tp->conn, *b = o->conn;

	if (dev && o->dev && dev != o->dev)
		return true;
	if (a->family != b->family)
		return families_apart(a->family == AF_INET6 ? a : b, a->family == AF_INET6 ? b : a);
	return !tcp_addr_any(a->family, &a->rcv_saddr) && !tcp_addr_any(b->family, &b->rcv_saddr) &&
	       !tcp_addr_equal(a->family, &a->rcv_saddr, &b->rcv_saddr);
}

/* @any_port: nobody asked for this very port, so nothing is shared. */
static bool may_share(const struct tcp_sock *tp, const struct owner *o, bool any_port)
{
	const struct sock *sk = tcp_sock_of(tp);

	if (apart(tp, o))
		return true;
	if (any_port)
		return false;
	if (sock_flag(sk, SOCK_F_REUSEADDR) && o->reuse && !o->listening)
		return true;
	return sock_flag(sk, SOCK_F_REUSEPORT) && o->reuseport && o->same_user;
}

static bool port_conflict(const struct tcp_sock *tp, const struct tcp_bind_bucket *b, bool any_port)
{
	const struct tcp_timewait_sock *tw;
	const struct tcp_sock *o;
	struct owner owner;

	hlist_for_each_entry(o, &b->owners, bind_node) {
		if (o == tp)
			continue;
		owner = owner_of_sock(tp, o);
		if (!may_share(tp, &owner, any_port))
			return true;
	}
	hlist_for_each_entry(tw, &b->timewaits, bind_node) {
		owner = owner_of_timewait(tw);
		if (!may_share(tp, &owner, any_port))
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------ bind(2), listen(2) */

/* Of several workers the others have a say too.  Return: 0, -EADDRINUSE */
static int port_take(const struct tcp_sock *tp, u16 port, bool any_port)
{
	const struct sock *sk = tcp_sock_of(tp);
	const struct tcp_bind_bucket *b = bucket_find(sk->net->tcp, port);
	bool shared = sk->flags & (SOCK_F_REUSEADDR | SOCK_F_REUSEPORT);

	if (b && port_conflict(tp, b, any_port))
		return -EADDRINUSE;
	return net_port_claim(sk->net, NET_PORTS_TCP, port, shared && !any_port);
}

/* Every other port of the range, from @offset on and around.  Return: port, 0: none is free */
static u16 scan_ports(const struct tcp_sock *tp, u32 low, u32 count, u32 offset)
{
	for (u32 i = 0; i < count; i += 2) {
		u32 at = offset + i;
		u16 port = (u16)(low + (at >= count ? at - count : at));

		if (port && !inet_port_is_reserved(tcp_net_of(tp), port) && !port_take(tp, port, true))
			return port;
	}
	return 0;
}

static u16 find_in_range(const struct tcp_sock *tp, u32 low, u32 count)
{
	u32 offset;
	u16 port;

	if (count > 1)
		count &= ~1U;
	offset = get_random_u32_below(&tcp_net_of(tp)->rng, count) | 1;
	port = scan_ports(tp, low, count, offset);
	return port ? port : scan_ports(tp, low, count, offset - 1);
}

/* With SO_REUSEADDR the lower half comes first: the upper one is left to those who cannot share. */
static u16 find_open_port(const struct tcp_sock *tp)
{
	u16 low, high, port;
	u32 count, half;

	inet_local_port_range(&tp->inet, &low, &high);
	count = (u32)high - low + 1;
	if (!sock_flag(tcp_sock_of(tp), SOCK_F_REUSEADDR) || count < 4)
		return find_in_range(tp, low, count);
	half = count / 4 * 2;
	port = find_in_range(tp, low, half);
	return port ? port : find_in_range(tp, low + half, count - half);
}

int tcp_get_port(struct tcp_sock *tp, u16 port)
{
	struct tcp_bind_bucket *b;

	if (tp->conn.family == AF_INET)
		tp->conn.rcv_saddr.v4 = tp->inet.rcv_saddr;
	if (!port) {
		port = find_open_port(tp);
		if (!port)
			return -EADDRINUSE;
	} else if (port_take(tp, port, false)) {
		return -EADDRINUSE;
	}
	if (tp->bind_bucket)
		return 0; /* listen(2): it stays where it is */
	b = bucket_get(tcp_net_of(tp), port);
	if (!b)
		return -ENOMEM;
	bucket_own(b, tp, false);
	return 0;
}

int tcp_port_listen(const struct tcp_sock *tp)
{
	return net_port_claim(tcp_net_of(tp), NET_PORTS_TCP_LISTEN, tp->inet.num,
			      sock_flag(tcp_sock_of(tp), SOCK_F_REUSEPORT));
}

void tcp_port_unlisten(struct net *net, u16 port)
{
	const struct tcp_bind_bucket *b;
	const struct tcp_sock *o;

	if (likely(!net->worker))
		return;
	b = bucket_find(net->tcp, port);
	if (b) {
		hlist_for_each_entry(o, &b->owners, bind_node) {
			if (o->listener && o->listener->slot)
				return;
		}
	}
	net_port_release(net, NET_PORTS_TCP_LISTEN, port);
}

/* ------------------------------------------------------------------ connect(2) */

/* Is the connection the only one of its kind?  Return: 0, and *tw: a TIME_WAIT that makes room; -EADDRNOTAVAIL */
static int check_established(struct tcp_sock *tp, u16 port, struct tcp_timewait_sock **tw)
{
	struct net *net = tcp_net_of(tp);
	struct tcp_conn *found;

	*tw = NULL;
	tp->conn.num = port;
	tcp_conn_hash(net, &tp->conn);
	found = tcp_ehash_lookup(net, &tp->conn);
	if (!found)
		return 0;
	if (found->kind != TCP_CONN_TIMEWAIT || !tcp_twsk_unique(tp, tcp_twsk(found)))
		return -EADDRNOTAVAIL;
	*tw = tcp_twsk(found);
	return 0;
}

/* conn.hash is set by check_established(), but it is not in the table yet. */
static int conn_enter(struct tcp_sock *tp, struct tcp_timewait_sock *tw)
{
	struct net *net = tcp_net_of(tp);
	int err;

	if (!tw) {
		err = htable_insert(&net->tcp->ehash, tp->conn.hash, &tp->conn);
		if (err)
			tp->conn.hash = 0;
		return err;
	}
	tcp_ehash_replace(net, &tw->conn, &tp->conn);
	TCP_INC(net, TWRecycled);
	tcp_timewait_kill(tw);
	return 0;
}

/* A port that was bound to, or that only connections have and this one would be another of. */
static int try_port(struct tcp_sock *tp, u16 port)
{
	struct net *net = tcp_net_of(tp);
	struct tcp_bind_bucket *b = bucket_find(net->tcp, port);
	struct tcp_timewait_sock *tw = NULL;
	int err;

	if (b && b->bound_count)
		return -EADDRNOTAVAIL;
	err = check_established(tp, port, &tw);
	if (err)
		return err;
	if (!b && net_port_claim(net, NET_PORTS_TCP, port, false))
		return -EADDRNOTAVAIL;
	if (!b)
		b = bucket_get(net, port);
	if (!b)
		return -ENOMEM;
	bucket_own(b, tp, true); /* before the TIME_WAIT goes, which may be the bucket's last */
	err = conn_enter(tp, tw);
	if (err)
		tcp_put_port(tp);
	return err;
}

/* Double hash: where to begin depends on the peer, and moves on with each connection to such peers.  @rfc 6056 3.3.4 */
static u64 port_offset(const struct tcp_sock *tp)
{
	const struct tcp_conn *c = &tp->conn;
	u32 addr_bytes = tcp_addr_bytes(c->family);
	u8 key[34];

	memcpy(key, &c->rcv_saddr, addr_bytes);
	memcpy(key + addr_bytes, &c->daddr, addr_bytes);
	memcpy(key + 2 * (size_t)addr_bytes, &c->dport, sizeof(c->dport));
	return siphash(key, 2 * (size_t)addr_bytes + sizeof(c->dport), &tcp_net_of(tp)->tcp->port_key);
}

/* range - ports to try, every @step of them */
struct range {
	u32 low, count, step, offset;
};

/* Return: 0, -EADDRNOTAVAIL: all are taken, -ENOMEM; *tried: how far it went */
static int connect_scan(struct tcp_sock *tp, const struct range *r, u32 offset, u32 *tried)
{
	int err = -EADDRNOTAVAIL;

	for (u32 i = 0; i < r->count && err == -EADDRNOTAVAIL; i += r->step) {
		u32 at = offset + i;

		at = r->low + (at >= r->count ? at - r->count : at);
		if (at && !inet_port_is_reserved(tcp_net_of(tp), (u16)at))
			err = try_port(tp, (u16)at);
		*tried = i;
	}
	return err;
}

/* What moves the ports of destinations with this hash along.  NULL: no memory */
static u32 *port_perturb(struct net *net, u64 hash)
{
	struct tcp_net *tn = net->tcp;

	if (unlikely(!tn->port_perturb)) {
		tn->port_perturb = mem_alloc(net->mem, PERTURB_SLOTS * sizeof(*tn->port_perturb));
		if (!tn->port_perturb)
			return NULL;
		get_random_bytes(&net->rng, tn->port_perturb, PERTURB_SLOTS * sizeof(*tn->port_perturb));
	}
	return &tn->port_perturb[hash % PERTURB_SLOTS];
}

void tcp_port_exit(struct net *net)
{
	mem_free(net->mem, net->tcp->port_perturb, PERTURB_SLOTS * sizeof(*net->tcp->port_perturb));
}

static int connect_any_port(struct tcp_sock *tp)
{
	struct net *net = tcp_net_of(tp);
	u64 hash = port_offset(tp);
	u32 *perturb = port_perturb(net, hash);
	struct range r;
	u16 low, high;
	u32 tried = 0;
	int err;

	if (!perturb)
		return -ENOMEM;
	r.step = inet_local_port_range(&tp->inet, &low, &high) ? 1 : 2;
	r.low = low;
	r.count = (u32)high - low + 1;
	if (r.step == 2 && r.count > 1)
		r.count &= ~1U;
	r.offset = (*perturb + (u32)(hash >> 32)) % r.count;
	if (r.step == 2)
		r.offset &= ~1U;
	err = connect_scan(tp, &r, r.offset, &tried);
	if (err == -EADDRNOTAVAIL && r.step == 2 && r.count > 1)
		err = connect_scan(tp, &r, r.offset + 1, &tried);
	/* where ports are plenty, the next one is not the neighbour of this one */
	if (!err)
		*perturb += max_u32(tried, get_random_u32_below(&net->rng, 8) * r.step) + r.step;
	return err;
}

int tcp_hash_connect(struct tcp_sock *tp)
{
	u16 num_before = tp->inet.num;
	struct tcp_timewait_sock *tw;
	int err;

	tp->conn.kind = TCP_CONN_SOCK;
	tp->conn.bound_dev_if = tcp_sock_of(tp)->bound_dev_if;
	if (!num_before) {
		err = connect_any_port(tp);
	} else {
		err = check_established(tp, num_before, &tw);
		if (!err)
			err = conn_enter(tp, tw);
	}
	if (err) {
		tp->conn.hash = 0;
		tp->conn.num = num_before;
	}
	return err;
}
