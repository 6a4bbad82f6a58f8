// SPDX-License-Identifier: BSD-2-Clause
/* Reassembly: from fragments to the packet they were.
 *
 * @step receive path, from ipv6/ip6_input.c, and back to it
 * @rfc 8200 4.5, 5722, 6946, 7112, 8021, 3168 5.3
 * @linux net/ipv6/reassembly.c
 *
 * Reading order: ipv6_frag_rcv(), ip6_frag_queue(), ip6_frag_reasm().
 */
#include <errno.h>

#include "base/htable.h"
#include "dev/netdevice.h"
#include "ipv6/addrconf.h"
#include "ipv6/icmpv6.h"
#include "ipv6/ip6_check.h"
#include "ipv6/ipv6.h"
#include "ipv6/protocol.h"
#include "skb/frag_queue.h"
#include "wire/icmp6.h"

/** struct frag6_key - what tells fragments of one packet from those of others */
struct frag6_key {
	struct in6_addr saddr, daddr;
	__be32 id;
	int iif; /**< of addresses that mean something on their link only */
};
static_assert(sizeof(struct frag6_key) == 40, "compared as octets");

/** struct frag6 - one packet while it is put together */
struct frag6 {
	struct frag6_key key;
	struct inet6_frags *frags;
	u64 hash;
	struct list_head node; /**< all of them, oldest first */
	struct timer timer;
	int iif;
	u16 nhoff; /**< of the octet that says what the fragment header is, in the first one */
	u32 mem_bytes;
	struct frag_queue fq;
};

struct inet6_frags {
	struct net *net;
	struct htable hash;
	struct list_head queues;
	u32 queues_count, mem_bytes;
};
static_assert(sizeof(struct inet6_skb_parm) <= sizeof(FRAG_CB((struct sk_buff *)0)->of_family), "IP6CB() stays");

/* ------------------------------------------------------------------ queues */

static bool frag6_match(const void *obj, const void *key)
{
	return memcmp(&((const struct frag6 *)obj)->key, key, sizeof(struct frag6_key)) == 0;
}

static void frag6_charge(struct frag6 *q, u32 bytes)
{
	q->mem_bytes += bytes;
	q->frags->mem_bytes += bytes;
}

static void frag6_free(struct frag6 *q)
{
	struct inet6_frags *f = q->frags;

	htable_remove(&f->hash, q->hash, q);
	list_del_init(&q->node);
	timer_delete(f->net->timers, &q->timer);
	f->queues_count--;
	f->mem_bytes -= q->mem_bytes;
	mem_free(f->net->mem, q, sizeof(*q));
}

/* The packet will never be whole. */
static void frag6_kill(struct frag6 *q, enum skb_drop_reason reason)
{
	struct net *net = q->frags->net;
	struct net_device *dev = dev_find_by_index(net, q->iif);

	IP6_INC(net, dev ? in6_dev_get_rcu(dev) : NULL, reasm_fails);
	frag_queue_purge(&q->fq, reason);
	frag6_free(q);
}

/* RFC 8200 4.5: the sender is told, if the first fragment, which names the ports, has come. */
static void frag6_expire(struct timer *t)
{
	struct frag6 *q = container_of(t, struct frag6, timer);
	struct net *net = q->frags->net;
	struct net_device *dev = dev_find_by_index(net, q->iif);
	struct sk_buff *head = frag_queue_at_zero(&q->fq);

	IP6_INC(net, dev ? in6_dev_get_rcu(dev) : NULL, reasm_timeout);
	if (dev && head) {
		head->dev = dev;
		skb_push(head, (u32)(head->data - skb_network_header(head)));
		icmpv6_send(head, ICMPV6_TIME_EXCEED, ICMPV6_EXC_FRAGTIME, 0);
	}
	frag6_kill(q, SKB_DROP_REASON_FRAG_REASM_TIMEOUT);
}

static struct frag6 *frag6_create(struct inet6_frags *f, const struct frag6_key *key, u64 hash)
{
	struct frag6 *q;

	if (!f->net->ipv6->ip6frag_high_thresh_bytes)
		return NULL;
	q = mem_zalloc(f->net->mem, sizeof(*q));
	if (!q)
		return NULL;
	q->key = *key;
	q->hash = hash;
	q->frags = f;
	timer_setup(&q->timer, frag6_expire);
	if (htable_insert(&f->hash, hash, q)) {
		mem_free(f->net->mem, q, sizeof(*q));
		return NULL;
	}
	list_add_tail(&q->node, &f->queues);
	f->queues_count++;
	frag6_charge(q, (u32)sizeof(*q));
	mod_timer(f->net->timers, &q->timer, f->net->now + f->net->ipv6->ip6frag_time);
	return q;
}

static struct frag6 *frag6_find(struct inet6_frags *f, const struct sk_buff *skb, __be32 id)
{
	const struct ipv6hdr *hdr = ipv6_hdr(skb);
	struct frag6_key key = { hdr->saddr, hdr->daddr, id, 0 };
	struct frag6 *q;
	u64 hash;

	if (ipv6_addr_is_multicast(&hdr->daddr) || ipv6_addr_is_linklocal(&hdr->daddr))
		key.iif = skb->dev->ifindex;
	hash = htable_hash_bytes(&f->hash, &key, sizeof(key));
	q = htable_lookup(&f->hash, hash, frag6_match, &key);
	return q ? q : frag6_create(f, &key, hash);
}

/* Fragments of packets that never become whole: the oldest make room, so that honest ones still get through. */
void ipv6_frag_make_room(struct net *net)
{
	struct inet6_frags *f = net->ipv6->frags;

	while (f->mem_bytes > (u32)f->net->ipv6->ip6frag_high_thresh_bytes)
		frag6_kill(list_first_entry(&f->queues, struct frag6, node), SKB_DROP_REASON_FRAG_MEM);
}

/* ------------------------------------------------------------------ one fragment more */

/** struct frag6_part - what a fragment says of itself */
struct frag6_part {
	u32 offset_bytes, end_bytes;
	u32 hdr_offset_bytes; /**< of its header, from the IPv6 header on */
	bool more;
};

/* Return: what a fragment says that no packet has, as a parameter problem points to it; 0: nothing.  @rfc 8200 4.5 */
static u32 frag6_problem(const struct frag6_part *p)
{
	if (p->end_bytes > IPV6_MAXPLEN)
		return p->hdr_offset_bytes + (u32)offsetof(struct frag_hdr, frag_off);
	return p->more && (p->end_bytes & 7) ? offsetof(struct ipv6hdr, payload_len) : 0;
}

/* Return: 0: @skb was taken; or why it, and perhaps the queue, has to go */
static enum skb_drop_reason frag6_add(struct frag6 *q, struct sk_buff *skb, const struct frag6_part *p, bool *kill)
{
	*kill = true;
	if (!frag_queue_learn_end(&q->fq, p->more, p->end_bytes) || p->end_bytes == p->offset_bytes)
		return SKB_DROP_REASON_IP_INHDR;
	if (pskb_trim(skb, p->end_bytes - p->offset_bytes))
		return SKB_DROP_REASON_NOMEM;
	switch (frag_queue_mark(&q->fq, p->offset_bytes, p->end_bytes)) {
	case FRAG_DUPLICATE:
		*kill = false;
		return SKB_DROP_REASON_DUP_FRAG;
	case FRAG_OVERLAP: /* RFC 5722 */
		return SKB_DROP_REASON_FRAG_OVERLAP;
	case FRAG_NEW:
		break;
	}
	if (p->offset_bytes == 0)
		q->nhoff = IP6CB(skb)->nhoff;
	q->iif = skb->dev->ifindex;
	frag_queue_append(&q->fq, skb, p->offset_bytes, skb->len + p->hdr_offset_bytes + (u32)sizeof(struct frag_hdr),
			  ipv6_tclass(ipv6_hdr(skb)));
	frag6_charge(q, skb->truesize);
	return 0;
}

/* ------------------------------------------------------------------ the whole again */

/* The headers before the fragment header move up to what follows it, which takes over its number. */
static void frag6_headers(struct sk_buff *head, const struct frag6 *q, u8 ecn)
{
	u8 *old = skb_network_header(head);
	u32 hdr_bytes = (u32)(head->data - old) - (u32)sizeof(struct frag_hdr);
	u8 nexthdr = old[hdr_bytes];

	memmove(old + sizeof(struct frag_hdr), old, hdr_bytes);
	head->network_header = (u16)(head->network_header + sizeof(struct frag_hdr));
	head->mac_header = SKB_HEADER_UNSET; /* it is not before the network header any more */
	skb_network_header(head)[q->nhoff] = nexthdr;
	skb_reset_transport_header(head);
	ipv6_hdr(head)->payload_len = cpu_to_be16((u16)(head->len + hdr_bytes - IPV6_HEADER_BYTES));
	ipv6_hdr(head)->ver_tc_flow |= cpu_to_be32((u32)ecn << 20);
	IP6CB(head)->nhoff = q->nhoff;
	IP6CB(head)->flags |= IP6SKB_FRAGMENTED;
	IP6CB(head)->frag_max_size = (u16)min_u32(q->fq.max_bytes, 65535);
}

static void frag6_take_way(struct sk_buff *head, struct sk_buff *last)
{
	struct dst_entry *way = last->_dst;

	last->_dst = NULL;
	skb_dst_drop(head);
	head->_dst = way;
	head->dev = last->dev;
	head->skb_iif = last->skb_iif;
	head->tstamp = last->tstamp;
	IP6CB(head)->iif = IP6CB(last)->iif;
}

/* @last: the fragment that made it whole.  Return: the packet, data at what followed the fragment header; NULL: given up */
static struct sk_buff *ip6_frag_reasm(struct frag6 *q, struct sk_buff *last)
{
	struct net *net = q->frags->net;
	struct inet6_dev *idev = in6_dev_get_rcu(last->dev);
	struct sk_buff *head;
	u32 hdr_bytes;
	u8 ecn = 0;

	frag_queue_sort(&q->fq);
	head = q->fq.first;
	hdr_bytes = (u32)(head->data - skb_network_header(head)) - IPV6_HEADER_BYTES - (u32)sizeof(struct frag_hdr);
	if (!frag_queue_ecn(&q->fq, &ecn) || q->fq.len_bytes + hdr_bytes > IPV6_MAXPLEN) {
		frag6_kill(q, SKB_DROP_REASON_IP_INHDR);
		return NULL;
	}
	if (skb_cow_head(head, 0) || (skb_shinfo(head)->frag_list && !pskb_may_pull(head, head->len))) {
		frag6_kill(q, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	frag6_take_way(head, last);
	head = frag_queue_join(&q->fq);
	frag6_headers(head, q, ecn);
	IP6_INC(net, idev, reasm_oks);
	frag6_free(q);
	return head;
}

/* ------------------------------------------------------------------ the header */

static int frag6_bad_header(struct sk_buff *skb, u32 pos_bytes)
{
	IP6_INC(skb->dev->net, in6_dev_get_rcu(skb->dev), in_hdr_errors);
	icmpv6_param_prob(skb, ICMPV6_HDR_FIELD, pos_bytes, SKB_DROP_REASON_IP_INHDR);
	return INET6_PROTO_ENDED;
}

/* What a header has to be, so that one sees whose it is; 0: it is one of the chain's own. */
static u32 frag6_needed_bytes(u8 nexthdr)
{
	switch (nexthdr) {
	case NEXTHDR_HOP:
	case NEXTHDR_ROUTING:
	case NEXTHDR_FRAGMENT:
	case NEXTHDR_AUTH:
	case NEXTHDR_NONE:
	case NEXTHDR_DEST:
		return 0;
	case NEXTHDR_TCP:
		return 20;
	case NEXTHDR_UDP:
		return 8;
	default:
		return 1; /* ICMP: its type says the rest */
	}
}

/* RFC 7112 5: the first fragment has all headers, so that who looks at it sees what it is.  As in Linux, a chain that
 * ends among options may go on in the next one: what has to be here is the transport header that the chain names.
 */
static bool frag6_chain_truncated(const struct sk_buff *skb, u32 offset_bytes, u8 nexthdr)
{
	u32 linear_bytes = (u32)(skb_tail_pointer(skb) - skb_network_header(skb));
	u16 frag_off;
	int at = ipv6_skip_exthdr(skb_network_header(skb), linear_bytes, offset_bytes, &nexthdr, &frag_off);
	u32 needed_bytes = frag6_needed_bytes(nexthdr);

	if (frag_off || !needed_bytes)
		return false;
	return at < 0 || (u32)at + needed_bytes > (u32)(skb->data - skb_network_header(skb)) + skb->len;
}

/* RFC 6946: a fragment that is the whole packet waits for nobody. */
static int frag6_atomic(struct sk_buff *skb, u32 hdr_offset_bytes)
{
	IP6_INC(skb->dev->net, in6_dev_get_rcu(skb->dev), reasm_oks);
	IP6CB(skb)->nhoff = (u16)hdr_offset_bytes;
	IP6CB(skb)->flags |= IP6SKB_FRAGMENTED;
	IP6CB(skb)->frag_max_size = (u16)min_u32(be16_to_cpu(ipv6_hdr(skb)->payload_len) + IPV6_HEADER_BYTES, 65535);
	skb_pull(skb, sizeof(struct frag_hdr));
	skb_reset_transport_header(skb);
	return INET6_PROTO_NEXT;
}

/* @skb: data behind the fragment header.  Return: as a handler */
static int ip6_frag_queue(struct net *net, struct sk_buff **pskb, __be32 id, const struct frag6_part *p)
{
	struct sk_buff *skb = *pskb;
	struct inet6_dev *idev = in6_dev_get_rcu(skb->dev);
	struct frag6 *q = frag6_find(net->ipv6->frags, skb, id);
	enum skb_drop_reason reason;
	bool kill;

	if (!q) {
		IP6_INC(net, idev, reasm_fails);
		kfree_skb_reason(skb, SKB_DROP_REASON_FRAG_MEM);
		return INET6_PROTO_ENDED;
	}
	reason = frag6_add(q, skb, p, &kill);
	if (reason) {
		if (kill)
			frag6_kill(q, reason);
		kfree_skb_reason(skb, reason);
		return INET6_PROTO_ENDED;
	}
	if (frag_queue_complete(&q->fq)) {
		*pskb = ip6_frag_reasm(q, skb);
		return *pskb ? INET6_PROTO_NEXT : INET6_PROTO_ENDED;
	}
	skb_dst_drop(skb); /* neither route nor device need wait for the rest */
	skb->dev = NULL;
	ipv6_frag_make_room(net);
	return INET6_PROTO_ENDED;
}

static int ipv6_frag_rcv(struct sk_buff *skb)
{
	struct net *net = skb->dev->net;
	struct inet6_dev *idev = in6_dev_get_rcu(skb->dev);
	struct frag6_part p = { .hdr_offset_bytes = (u32)(skb->data - skb_network_header(skb)) };
	struct frag_hdr fh;
	u32 problem_bytes;
	int ret;

	if (IP6CB(skb)->flags & IP6SKB_FRAGMENTED)
		return frag6_bad_header(skb, p.hdr_offset_bytes);
	IP6_INC(net, idev, reasm_reqds);
	if (!ipv6_hdr(skb)->payload_len || !pskb_may_pull(skb, sizeof(fh)))
		return frag6_bad_header(skb, p.hdr_offset_bytes);
	memcpy(&fh, skb->data, sizeof(fh));
	if (!(fh.frag_off & CONST_BE16(IP6_OFFSET | IP6_MF)))
		return frag6_atomic(skb, p.hdr_offset_bytes);
	p.offset_bytes = be16_to_cpu(fh.frag_off) & IP6_OFFSET;
	p.more = fh.frag_off & CONST_BE16(IP6_MF);
	skb_pull(skb, sizeof(fh));
	p.end_bytes = p.offset_bytes + skb->len;
	if (!p.offset_bytes && frag6_chain_truncated(skb, p.hdr_offset_bytes + (u32)sizeof(fh), fh.nexthdr)) {
		IP6_INC(net, idev, in_hdr_errors);
		skb_push(skb, p.hdr_offset_bytes + (u32)sizeof(fh));
		icmpv6_param_prob(skb, ICMPV6_HDR_INCOMP, 0, SKB_DROP_REASON_IPV6_BAD_EXTHDR);
		return INET6_PROTO_ENDED;
	}
	problem_bytes = frag6_problem(&p);
	if (problem_bytes) { /* before a queue is begun: none waits for nothing */
		skb_push(skb, p.hdr_offset_bytes + (u32)sizeof(fh));
		return frag6_bad_header(skb, problem_bytes);
	}
	ret = ip6_frag_queue(net, &skb, fh.identification, &p);
	if (ret == INET6_PROTO_NEXT)
		ip6_protocol_deliver(net, skb, 0, false); /* another skb: its walk begins here */
	return INET6_PROTO_ENDED;
}

/* ------------------------------------------------------------------ what must hold */

static const char *queue_check(const struct frag6 *q)
{
	u32 mem_bytes = sizeof(*q), meat_bytes = 0;

	for (const struct sk_buff *skb = q->fq.first; skb; skb = skb->next) {
		mem_bytes += skb->truesize;
		meat_bytes += FRAG_CB(skb)->len_bytes;
	}
	HOLDS(q->fq.first, "who waits for fragments has got one");
	HOLDS(timer_pending(&q->timer), "nobody waits for fragments for ever");
	HOLDS(mem_bytes == q->mem_bytes && meat_bytes == q->fq.meat_bytes, "what waits for fragments is counted");
	HOLDS(!frag_queue_complete(&q->fq), "what is whole waits for nothing");
	HOLDS(htable_lookup(&q->frags->hash, q->hash, frag6_match, &q->key) == q, "the next fragment finds the others");
	return NULL;
}

const char *ipv6_frag_check(const struct net *net)
{
	const struct inet6_frags *f = net->ipv6->frags;
	const struct frag6 *q;
	u32 mem_bytes = 0, count = 0;

	list_for_each_entry(q, &f->queues, node) {
		const char *broken = queue_check(q);

		if (unlikely(broken))
			return broken;
		mem_bytes += q->mem_bytes;
		count++;
	}
	HOLDS(count == f->queues_count && count == f->hash.live_count, "who waits for fragments is counted");
	HOLDS(mem_bytes == f->mem_bytes, "the memory of fragments is counted");
	HOLDS(mem_bytes <= (u32)net->ipv6->ip6frag_high_thresh_bytes, "the memory of fragments is bounded");
	return NULL;
}

/* ------------------------------------------------------------------ life */

static const struct inet6_protocol frag_protocol = { .handler = ipv6_frag_rcv, .flags = INET6_PROTO_NOPOLICY };

void ip6_frag_usage(const struct net *net, u32 *queues_count, u32 *mem_bytes)
{
	*queues_count = net->ipv6->frags->queues_count;
	*mem_bytes = net->ipv6->frags->mem_bytes;
}

int ipv6_frag_init(struct net *net)
{
	struct inet6_frags *f = mem_zalloc(net->mem, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	f->net = net;
	INIT_LIST_HEAD(&f->queues);
	htable_init(&f->hash, net->mem, &net->rng, 8);
	err = inet6_add_protocol(net, &frag_protocol, NEXTHDR_FRAGMENT);
	if (err) {
		mem_free(net->mem, f, sizeof(*f));
		return err;
	}
	net->ipv6->frags = f;
	return 0;
}

void ipv6_frag_exit(struct net *net)
{
	struct inet6_frags *f = net->ipv6->frags;

	inet6_del_protocol(net, NEXTHDR_FRAGMENT);
	while (!list_empty(&f->queues))
		frag6_kill(list_first_entry(&f->queues, struct frag6, node), SKB_DROP_REASON_SHUTDOWN);
	htable_fini(&f->hash);
	mem_free(net->mem, f, sizeof(*f));
	net->ipv6->frags = NULL;
}
