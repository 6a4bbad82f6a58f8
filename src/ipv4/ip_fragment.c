// SPDX-License-Identifier: BSD-2-Clause
/* Reassembly: from fragments to the datagram they were.
 *
 * @step receive path, from ipv4/ip_input.c
 * @rfc 791 3.2, 815, 1122 3.3.2, 3168 5.3, 5722 (its rule on overlaps, for IPv4 too)
 * @linux net/ipv4/ip_fragment.c
 */
#include <errno.h>

#include "base/htable.h"
#include "dev/netdevice.h"
#include "ipv4/icmp.h"
#include "ipv4/ip.h"
#include "skb/frag_queue.h"
#include "wire/icmp.h"

/** struct ipq_key - what tells fragments of one datagram from those of others */
struct ipq_key {
	__be32 saddr, daddr;
	u32 user;
	__be16 id;
	u8 protocol, pad;
};

/** struct frag_peer - a host that has sent fragments of which some still wait */
struct frag_peer {
	__be32 saddr;
	u32 queues_count;    /**< of its datagrams; the last one takes the peer with it */
	u32 fragments_count; /**< that came from it */
	u64 hash;
};

/** struct ipq - one datagram while it is put together */
struct ipq {
	struct ipq_key key;
	struct inet_frags *frags;
	struct frag_peer *peer;
	u64 hash;
	struct list_head node; /**< all queues, oldest first */
	struct timer timer;
	int iif;
	u32 peer_count; /**< peer->fragments_count when the last one came */
	u32 mem_bytes;
	u32 max_df_bytes; /**< largest fragment with DF */
	struct frag_queue fq;
};

struct inet_frags {
	struct net *net;
	struct htable hash, peers;
	struct list_head queues;
	u32 queues_count;
	u32 mem_bytes;
};

static_assert(sizeof(struct inet_skb_parm) <= sizeof(FRAG_CB((struct sk_buff *)0)->of_family), "IPCB() stays");

/* ------------------------------------------------------------------ peers */

static bool peer_match(const void *obj, const void *key)
{
	return ((const struct frag_peer *)obj)->saddr == *(const __be32 *)key;
}

/* Return: the peer, with one queue more, or NULL */
static struct frag_peer *peer_get(struct inet_frags *f, __be32 saddr)
{
	u64 hash = htable_hash_bytes(&f->peers, &saddr, sizeof(saddr));
	struct frag_peer *peer = htable_lookup(&f->peers, hash, peer_match, &saddr);

	if (!peer) {
		peer = mem_zalloc(f->net->mem, sizeof(*peer));
		if (!peer)
			return NULL;
		peer->saddr = saddr;
		peer->hash = hash;
		if (htable_insert(&f->peers, hash, peer)) {
			mem_free(f->net->mem, peer, sizeof(*peer));
			return NULL;
		}
	}
	peer->queues_count++;
	return peer;
}

static void peer_put(struct inet_frags *f, struct frag_peer *peer)
{
	if (--peer->queues_count)
		return;
	htable_remove(&f->peers, peer->hash, peer);
	mem_free(f->net->mem, peer, sizeof(*peer));
}

/* ------------------------------------------------------------------ queues */

static bool ipq_match(const void *obj, const void *key)
{
	return memcmp(&((const struct ipq *)obj)->key, key, sizeof(struct ipq_key)) == 0;
}

static void ipq_charge(struct ipq *q, u32 bytes)
{
	q->mem_bytes += bytes;
	q->frags->mem_bytes += bytes;
}

static void ipq_free(struct ipq *q)
{
	struct inet_frags *f = q->frags;

	htable_remove(&f->hash, q->hash, q);
	list_del_init(&q->node);
	timer_delete(f->net->timers, &q->timer);
	f->queues_count--;
	f->mem_bytes -= q->mem_bytes;
	peer_put(f, q->peer);
	mem_free(f->net->mem, q, sizeof(*q));
}

/* The datagram will never be whole. */
static void ipq_kill(struct ipq *q, enum skb_drop_reason reason)
{
	q->frags->net->ipv4->stats.reasm_fails++;
	frag_queue_purge(&q->fq, reason);
	ipq_free(q);
}

/* RFC 1122 3.3.2: the sender is told, if the first fragment, which names the ports, has come. */
static void ipq_tell(struct ipq *q)
{
	struct sk_buff *head = frag_queue_at_zero(&q->fq);
	struct net_device *dev = dev_find_by_index(q->frags->net, q->iif);
	enum skb_drop_reason reason;

	if (!head || !dev)
		return;
	head->dev = dev;
	if (ip_route_input(head, ip_hdr(head)->daddr, ip_hdr(head)->saddr, ip_hdr(head)->tos, dev, &reason))
		return;
	/* RFC 792: it is for the end of the way to say, not for a router that looks inside */
	if (q->key.user == IP_DEFRAG_LOCAL_DELIVER || skb_rtable(head)->type == RTN_LOCAL)
		icmp_send(head, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAGTIME, 0);
}

static void ipq_expire(struct timer *t)
{
	struct ipq *q = container_of(t, struct ipq, timer);

	q->frags->net->ipv4->stats.reasm_timeout++;
	ipq_tell(q);
	ipq_kill(q, SKB_DROP_REASON_FRAG_REASM_TIMEOUT);
}

static struct ipq *ipq_create(struct inet_frags *f, const struct ipq_key *key, u64 hash)
{
	struct ipq *q;

	if (!f->net->ipv4->ipfrag_high_thresh_bytes)
		return NULL;
	q = mem_zalloc(f->net->mem, sizeof(*q));
	if (!q)
		return NULL;
	q->key = *key;
	q->hash = hash;
	q->frags = f;
	timer_setup(&q->timer, ipq_expire);
	q->peer = peer_get(f, key->saddr);
	if (!q->peer)
		goto err_peer;
	if (htable_insert(&f->hash, hash, q))
		goto err_insert;
	list_add_tail(&q->node, &f->queues);
	f->queues_count++;
	ipq_charge(q, (u32)sizeof(*q));
	mod_timer(f->net->timers, &q->timer, f->net->now + f->net->ipv4->ipfrag_time);
	return q;

err_insert:
	peer_put(f, q->peer);
err_peer:
	mem_free(f->net->mem, q, sizeof(*q));
	return NULL;
}

static struct ipq *ipq_find(struct inet_frags *f, const struct iphdr *iph, u32 user)
{
	const struct ipq_key key = { iph->saddr, iph->daddr, user, iph->id, iph->protocol, 0 };
	u64 hash = htable_hash_bytes(&f->hash, &key, sizeof(key));
	struct ipq *q = htable_lookup(&f->hash, hash, ipq_match, &key);

	return q ? q : ipq_create(f, &key, hash);
}

/* Fragments of datagrams that never become whole: the oldest make room, so that honest ones still get through. */
static void frags_make_room(struct inet_frags *f)
{
	while (f->mem_bytes > (u32)f->net->ipv4->ipfrag_high_thresh_bytes)
		ipq_kill(list_first_entry(&f->queues, struct ipq, node), SKB_DROP_REASON_FRAG_MEM);
}

/* ------------------------------------------------------------------ one fragment more */

static void ipq_append(struct ipq *q, struct sk_buff *skb, u32 offset_bytes)
{
	const struct iphdr *iph = ip_hdr(skb);
	u32 packet_bytes = skb->len + ip_hdrlen_bytes(iph);

	frag_queue_append(&q->fq, skb, offset_bytes, packet_bytes, iph->tos);
	q->iif = skb->dev->ifindex;
	if (iph->frag_off & CONST_BE16(IP_DF))
		q->max_df_bytes = max_u32(q->max_df_bytes, packet_bytes);
	ipq_charge(q, skb->truesize);
}

/* So many fragments of other datagrams came from there meanwhile that this one may have the number of an older one. */
static void ipq_check_distance(struct ipq *q)
{
	struct net *net = q->frags->net;
	u32 since = ++q->peer->fragments_count - q->peer_count;

	q->peer_count = q->peer->fragments_count;
	if (!net->ipv4->ipfrag_max_dist || !q->fq.first || since <= (u32)net->ipv4->ipfrag_max_dist)
		return;
	net->ipv4->stats.reasm_fails++;
	frag_queue_purge(&q->fq, SKB_DROP_REASON_FRAG_TOO_FAR);
	q->frags->mem_bytes -= q->mem_bytes - (u32)sizeof(*q);
	q->mem_bytes = (u32)sizeof(*q);
	q->max_df_bytes = 0;
	memset(&q->fq, 0, sizeof(q->fq));
	mod_timer(net->timers, &q->timer, net->now + net->ipv4->ipfrag_time);
}

/* @skb: data at the payload; taken if 0 is returned.  Return: 0, or why it, and perhaps the queue, has to go. */
static enum skb_drop_reason ipq_add(struct ipq *q, struct sk_buff *skb, bool *kill)
{
	const struct iphdr *iph = ip_hdr(skb);
	u32 offset = (u32)(be16_to_cpu(iph->frag_off) & IP_OFFSET) << 3;
	bool more = iph->frag_off & CONST_BE16(IP_MF);
	u32 end = offset + skb->len;

	*kill = true;
	if (more)
		end = offset + (skb->len & ~7U); /* all but the last come in units of eight octets */
	if (end > FRAG_QUEUE_MAX_BYTES || end <= offset)
		return SKB_DROP_REASON_IP_INHDR;
	if (!frag_queue_learn_end(&q->fq, more, end))
		return SKB_DROP_REASON_IP_INHDR;
	if (pskb_trim(skb, end - offset))
		return SKB_DROP_REASON_NOMEM;
	switch (frag_queue_mark(&q->fq, offset, end)) {
	case FRAG_DUPLICATE:
		*kill = false;
		return SKB_DROP_REASON_DUP_FRAG;
	case FRAG_OVERLAP:
		q->frags->net->ipv4->stats.reasm_overlaps++;
		return SKB_DROP_REASON_FRAG_OVERLAP;
	case FRAG_NEW:
		break;
	}
	ipq_append(q, skb, offset);
	return 0;
}

/* ------------------------------------------------------------------ the whole again */

static void ipq_write_header(const struct ipq *q, struct sk_buff *head, u8 ecn)
{
	struct iphdr *iph = ip_hdr(head);

	iph->tot_len = cpu_to_be16((u16)(ip_hdrlen_bytes(iph) + q->fq.len_bytes));
	iph->tos |= ecn;
	iph->frag_off = 0;
	if (q->max_df_bytes == q->fq.max_bytes) {
		iph->frag_off = CONST_BE16(IP_DF); /* as it was before somebody cut it */
		IPCB(head)->flags |= IPSKB_FRAG_PMTU;
	}
	ip_send_check(iph);
	IPCB(head)->flags |= IPSKB_FRAG_COMPLETE;
	IPCB(head)->frag_max_size = (u16)q->fq.max_bytes;
}

/* Where the datagram came from, and goes to, is what its last fragment says. */
static void ipq_take_way(struct sk_buff *head, struct sk_buff *last)
{
	struct dst_entry *way = last->_dst;

	last->_dst = NULL;
	skb_dst_drop(head);
	head->_dst = way;
	head->dev = last->dev;
	head->skb_iif = last->skb_iif;
	head->tstamp = last->tstamp;
	IPCB(head)->iif = IPCB(last)->iif;
}

/* @last: the fragment that made it whole.  Return: the datagram, data at the network header; NULL when it is given up */
static struct sk_buff *ipq_reassemble(struct ipq *q, struct sk_buff *last)
{
	struct net *net = q->frags->net;
	struct sk_buff *head;
	u8 ecn = 0;

	frag_queue_sort(&q->fq);
	head = q->fq.first;
	if (!frag_queue_ecn(&q->fq, &ecn) || q->fq.len_bytes + ip_hdrlen_bytes(ip_hdr(head)) > FRAG_QUEUE_MAX_BYTES) {
		ipq_kill(q, SKB_DROP_REASON_IP_INHDR);
		return NULL;
	}
	if (skb_cow_head(head, 0) || (skb_shinfo(head)->frag_list && !pskb_may_pull(head, head->len))) {
		ipq_kill(q, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	ipq_take_way(head, last);
	head = frag_queue_join(&q->fq);
	skb_push(head, (u32)(head->data - skb_network_header(head)));
	ipq_write_header(q, head, ecn);
	net->ipv4->stats.reasm_oks++;
	ipq_free(q);
	return head;
}

struct sk_buff *ip_defrag(struct net *net, struct sk_buff *skb, u32 user)
{
	enum skb_drop_reason reason;
	struct ipq *q;
	bool kill;

	net->ipv4->stats.reasm_reqds++;
	q = ipq_find(net->ipv4->frags, ip_hdr(skb), user);
	if (!q) {
		net->ipv4->stats.reasm_fails++;
		kfree_skb_reason(skb, SKB_DROP_REASON_FRAG_MEM);
		return NULL;
	}
	ipq_check_distance(q);
	skb_pull(skb, ip_hdrlen_bytes(ip_hdr(skb)));
	reason = ipq_add(q, skb, &kill);
	if (reason) {
		kfree_skb_reason(skb, reason);
		if (kill)
			ipq_kill(q, reason);
		return NULL;
	}
	if (frag_queue_complete(&q->fq))
		return ipq_reassemble(q, skb);
	skb_dst_drop(skb); /* neither route nor device need wait for the rest */
	skb->dev = NULL;
	frags_make_room(net->ipv4->frags);
	return NULL;
}

/* ------------------------------------------------------------------ life */

void ip_frag_usage(const struct net *net, u32 *queues_count, u32 *mem_bytes)
{
	*queues_count = net->ipv4->frags->queues_count;
	*mem_bytes = net->ipv4->frags->mem_bytes;
}

int ip_frag_init(struct net *net)
{
	struct inet_frags *f = mem_zalloc(net->mem, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->net = net;
	INIT_LIST_HEAD(&f->queues);
	htable_init(&f->hash, net->mem, &net->rng, 8);
	htable_init(&f->peers, net->mem, &net->rng, 8);
	net->ipv4->frags = f;
	return 0;
}

void ip_frag_exit(struct net *net)
{
	struct inet_frags *f = net->ipv4->frags;

	while (!list_empty(&f->queues))
		ipq_kill(list_first_entry(&f->queues, struct ipq, node), SKB_DROP_REASON_SHUTDOWN);
	htable_fini(&f->peers);
	htable_fini(&f->hash);
	mem_free(net->mem, f, sizeof(*f));
	net->ipv4->frags = NULL;
}
