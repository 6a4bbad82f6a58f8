// SPDX-License-Identifier: BSD-2-Clause
/* Fast Open, what a client remembers: a cookie for each pair of addresses, and whether paths lose what it sends.
 *
 * @rfc 7413 4.1.3, 7.2   @linux net/ipv4/tcp_metrics.c, net/ipv4/tcp_fastopen.c: tcp_fastopen_cookie_check
 *
 * Cookies are few and bounded: who was asked least recently is forgotten first.
 */
#include <errno.h>
#include <string.h>

#include "net.h"
#include "tcp/tcp_conn.h"

#define FASTOPEN_CACHE_MAX 1024U
#define CACHE_ALIGN 8U
#define FIRST_SLOTS 8U
#define CLIENT_NO_COOKIE 0x4 /* net.ipv4.tcp_fastopen: data goes without */

struct tcp_fastopen_entry {
	u64 hash;
	u8 family;
	union tcp_addr saddr, daddr;
	u16 mss;
	u8 try_exp; /**< 1: the option has an experimental number next time, 2: that did not help either */
	struct tcp_fastopen_cookie cookie;
	struct list_head lru_node;
};

/* ------------------------------------------------------------------ the table */

void tcp_fastopen_init(struct net *net)
{
	struct tcp_net *tn = net->tcp;

	htable_init(&tn->fastopen_cache, net->mem, &net->rng, FIRST_SLOTS);
	kmem_cache_init(&tn->fastopen_cache_cache, net->mem, "tcp_fastopen_entry", sizeof(struct tcp_fastopen_entry),
			CACHE_ALIGN);
	INIT_LIST_HEAD(&tn->fastopen_lru);
}

static void entry_free(struct tcp_net *tn, struct tcp_fastopen_entry *e)
{
	htable_remove(&tn->fastopen_cache, e->hash, e);
	list_del_init(&e->lru_node);
	kmem_cache_free(&tn->fastopen_cache_cache, e);
}

void tcp_fastopen_exit(struct net *net)
{
	struct tcp_net *tn = net->tcp;

	while (!list_empty(&tn->fastopen_lru))
		entry_free(tn, list_first_entry(&tn->fastopen_lru, struct tcp_fastopen_entry, lru_node));
	kmem_cache_fini(&tn->fastopen_cache_cache);
	htable_fini(&tn->fastopen_cache);
}

static bool entry_match(const void *obj, const void *key)
{
	const struct tcp_fastopen_entry *e = obj;
	const struct tcp_conn *c = key;

	return e->family == c->family && tcp_addr_equal(c->family, &e->saddr, &c->rcv_saddr) &&
	       tcp_addr_equal(c->family, &e->daddr, &c->daddr);
}

static u64 entry_hash(const struct tcp_net *tn, const struct tcp_conn *c)
{
	u32 addr_bytes = tcp_addr_bytes(c->family);
	u8 key[32];

	memcpy(key, &c->rcv_saddr, addr_bytes);
	memcpy(key + addr_bytes, &c->daddr, addr_bytes);
	return htable_hash_bytes(&tn->fastopen_cache, key, 2 * (size_t)addr_bytes);
}

static struct tcp_fastopen_entry *entry_find(struct tcp_net *tn, const struct tcp_conn *c)
{
	struct tcp_fastopen_entry *e = htable_lookup(&tn->fastopen_cache, entry_hash(tn, c), entry_match, c);

	if (e)
		list_move_tail(&e->lru_node, &tn->fastopen_lru);
	return e;
}

/* Without memory there is no entry: then the next connection asks again. */
static struct tcp_fastopen_entry *entry_get(struct tcp_net *tn, const struct tcp_conn *c)
{
	struct tcp_fastopen_entry *e = entry_find(tn, c);

	if (e)
		return e;
	if (tn->fastopen_cache.live_count >= FASTOPEN_CACHE_MAX)
		entry_free(tn, list_first_entry(&tn->fastopen_lru, struct tcp_fastopen_entry, lru_node));
	e = kmem_cache_alloc(&tn->fastopen_cache_cache);
	if (!e)
		return NULL;
	*e = (struct tcp_fastopen_entry){
		.hash = entry_hash(tn, c), .family = c->family, .saddr = c->rcv_saddr, .daddr = c->daddr
	};
	if (htable_insert(&tn->fastopen_cache, e->hash, e)) {
		kmem_cache_free(&tn->fastopen_cache_cache, e);
		return NULL;
	}
	INIT_LIST_HEAD(&e->lru_node);
	list_add_tail(&e->lru_node, &tn->fastopen_lru);
	return e;
}

void tcp_fastopen_cache_set(struct tcp_sock *tp, u16 mss, const struct tcp_fastopen_cookie *cookie, u8 try_exp)
{
	struct tcp_fastopen_entry *e = entry_get(tcp_net_of(tp)->tcp, &tp->conn);

	if (!e)
		return;
	if (mss)
		e->mss = mss;
	if (cookie && cookie->len > 0)
		e->cookie = *cookie;
	else if (try_exp > e->try_exp && e->cookie.len <= 0 && !e->cookie.exp)
		e->try_exp = try_exp;
}

static void cache_get(struct tcp_sock *tp, u16 *mss, struct tcp_fastopen_cookie *cookie)
{
	const struct tcp_fastopen_entry *e = entry_find(tcp_net_of(tp)->tcp, &tp->conn);

	memset(cookie, 0, sizeof(*cookie)); /* length 0: the question for one */
	if (!e)
		return;
	if (e->mss)
		*mss = e->mss;
	*cookie = e->cookie;
	if (cookie->len <= 0 && e->try_exp == 1)
		cookie->exp = true;
}

bool tcp_fastopen_cookie_check(struct tcp_sock *tp, u16 *mss, struct tcp_fastopen_cookie *cookie)
{
	cache_get(tp, mss, cookie);
	if (tcp_fastopen_active_should_disable(tp)) {
		cookie->len = -1;
		return false;
	}
	if ((tcp_sysctl(tp)->fastopen & CLIENT_NO_COOKIE) || tp->fastopen_no_cookie) {
		cookie->len = -1;
		return true;
	}
	return cookie->len > 0;
}

/* ------------------------------------------------------------------ paths that lose it */

static void tcp_fastopen_active_disable(struct tcp_sock *tp)
{
	struct tcp_net *tn = tcp_net_of(tp)->tcp;

	if (!tn->sysctl.fastopen_blackhole_timeout_s)
		return;
	tn->fastopen_disable_stamp = tcp_net_of(tp)->now;
	tn->fastopen_disable_times++;
	TCP_INC(tcp_net_of(tp), TCPFastOpenBlackhole);
}

/* Each time in a row doubles the pause, up to 64 of the first. */
bool tcp_fastopen_active_should_disable(struct tcp_sock *tp)
{
	const struct tcp_net *tn = tcp_net_of(tp)->tcp;
	ktime_t pause = tn->sysctl.fastopen_blackhole_timeout_s * NSEC_PER_SEC;

	if (!pause || !tn->fastopen_disable_times)
		return false;
	pause *= 1 << min_u32(tn->fastopen_disable_times - 1, 6);
	if (tcp_net_of(tp)->now < tn->fastopen_disable_stamp + pause)
		return true;
	tp->syn_fastopen_ch = true; /* if this one goes well, the paths are well again */
	return false;
}

/* Somebody in the middle ends the connection, and lets nothing else through: a FIN out of order is all that came. */
void tcp_fastopen_active_disable_ofo_check(struct tcp_sock *tp)
{
	const struct sk_buff *skb = tcp_skb_first(&tp->holes->out_of_order_queue);

	if (!tp->syn_fastopen)
		return;
	if (!tp->data_segs_in) {
		if (skb && !tcp_skb_next(&tp->holes->out_of_order_queue, skb) && (TCP_SKB_CB(skb)->flags & TCPHDR_FIN))
			tcp_fastopen_active_disable(tp);
	} else if (tp->syn_fastopen_ch) {
		tcp_net_of(tp)->tcp->fastopen_disable_times = 0;
	}
}

void tcp_fastopen_active_detect_blackhole(struct tcp_sock *tp, bool expired)
{
	if (!tp->syn_fastopen && !tp->syn_data && !tp->syn_data_acked)
		return;
	if (tp->retransmits != 2 && (tp->retransmits > 2 || !expired))
		return;
	tcp_fastopen_active_disable(tp);
	if (tp->retransmits == 2)
		TCP_INC(tcp_net_of(tp), TCPFastOpenActiveFail);
}
