/* SPDX-License-Identifier: BSD-2-Clause */
/* sk_buff: one packet, or a part or a train of packets, on its way.
 *
 * @rfc none    @linux include/linux/skbuff.h (names and meaning)
 *
 * Layout as in Linux: head <= data <= tail <= end; the linear part is data..tail; page fragments follow it.
 * A clone shares head and fragments with the original; skb_cow_head() makes headers private before a write.
 */
#ifndef NETHOOD_SKB_SKBUFF_H
#define NETHOOD_SKB_SKBUFF_H

#include <errno.h>
#include <string.h>

#include "base/csum.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/rbtree.h"
#include "base/types.h"
#include "skb/dropreason.h"

struct net;
struct net_device;
struct dst_entry;
struct sock;
struct sk_buff;

#define MAX_SKB_FRAGS 17
#define SKB_PAGE_FRAG_BYTES 32768U
#define SKB_MAX_ALLOC_BYTES (16U << 20) /**< of one head buffer: more is a mistake, not a packet */
#define LL_MAX_HEADER 32U               /**< room for the largest link-layer header that a driver asks for, aligned */

/** struct skb_page - a refcounted block of memory that fragments of many skbs share */
struct skb_page {
	u32 refcnt;
	u32 size_bytes;
	u8 *data; /**< behind this header; of one that was wrapped somewhere else, and only to be read */
	struct skb_pool *pool;
	void (*unwrapped)(struct skb_page *page); /**< NULL: skb_page_alloc() made it */
};

typedef struct skb_frag {
	struct skb_page *page;
	u32 offset_bytes;
	u32 len_bytes;
} skb_frag_t;

/* Where a packet's owner wants to hear that it passed.  @linux include/linux/skbuff.h */
#define SKBTX_SW_TSTAMP (1U << 1)    /**< to the driver */
#define SKBTX_SCHED_TSTAMP (1U << 6) /**< to the queue */

/** struct sockcm_cookie - what a send call says of its packets, of whatever protocol.  @linux include/net/sock.h */
struct sockcm_cookie {
	u32 mark, priority;
	u32 tsflags, ts_opt_id; /**< SOF_TIMESTAMPING_*, and a key if SOCKCM_FLAG_TS_OPT_ID is among them */
};
#define SOCKCM_FLAG_TS_OPT_ID (1U << 31)

/** struct skb_shared_info - at `end` of every head buffer; shared by clones */
struct skb_shared_info {
	u32 dataref;
	u32 nohdr_count; /**< of these, skbs that have nothing before their data: skb->nohdr */
	u8 nr_frags;
	u8 tx_flags;  /**< SKBTX_* */
	u16 gso_size; /**< payload bytes of each segment; 0: not a train */
	u16 gso_segs;
	u16 gso_type;              /**< SKB_GSO_* */
	struct sk_buff *frag_list; /**< reassembled fragments, in order */
	u32 head_bytes;            /**< of the whole buffer, this structure included */
	u32 tskey;                 /**< of SO_TIMESTAMPING, with tx_flags or of an octet to be acknowledged */
	skb_frag_t frags[MAX_SKB_FRAGS];
};

enum {
	SKB_GSO_UDP_L4 = 1 << 0,
	SKB_GSO_TCPV4 = 1 << 1,
	SKB_GSO_TCPV6 = 1 << 2,
	SKB_GSO_TCP_ECN = 1 << 3,     /**< CWR is set in the first segment, and in it alone */
	SKB_GSO_TCP_FIXEDID = 1 << 4, /**< all segments have the same IP identification */
};

/** What ip_summed says; meaning as in Linux */
enum {
	CHECKSUM_NONE = 0,        /**< rx: not checked; tx: complete, or none needed */
	CHECKSUM_UNNECESSARY = 1, /**< rx: known good */
	CHECKSUM_COMPLETE = 2,    /**< rx: csum holds the sum over everything from data on */
	CHECKSUM_PARTIAL = 3,     /**< tx: sum of the pseudo header is in place; rest from csum_start on */
};

/* pkt_type: PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST, PACKET_LOOPBACK of linux/if_packet.h */

struct sk_buff {
	struct sk_buff *next, *prev; /**< one queue at a time */
	struct net_device *dev;
	struct dst_entry *_dst; /**< bit 0: borrowed (skb_dst_set_noref) */
	struct sock *sk;        /**< whose memory this is; see destructor */
	void (*destructor)(struct sk_buff *skb);

	u32 len;      /**< bytes in linear part and fragments */
	u32 data_len; /**< of these, in fragments */
	u32 truesize; /**< bytes charged for it, by Linux's arithmetic (skb_truesize()) */
	u32 refcnt;

	u8 *head, *data;
	u32 tail, end; /**< offsets from head */

	u16 mac_header, network_header, transport_header; /**< offsets from head; 0xffff: not set */
	__be16 protocol;                                  /**< ethertype */
	u8 pkt_type : 3;
	u8 ip_summed : 2;
	u8 cloned : 1;
	u8 nohdr : 1;               /**< who has it will write no header: clones may write theirs */
	u8 dst_pending_confirm : 1; /**< forward progress was seen: confirm the neighbour on the way out */
	u8 ignore_df : 1;
	u8 ipvs_spare : 7;
	u16 queue_mapping;
	u32 hash; /**< flow hash, 0: unknown */
	u32 priority;
	u32 mark;
	union {
		u32 csum;
		struct {
			u16 csum_start;  /**< offset from head */
			u16 csum_offset; /**< from csum_start to the checksum field */
		};
	};
	int skb_iif;
	ktime_t tstamp; /**< received, or to be sent, at; 0: not set */
	struct skb_pool *pool;
	u64 id; /**< number of the packet in this net; clones keep it */

	/* 48 bytes for the layer that has the skb; no meaning across layers. */
	_Alignas(8) u8 cb[48];

	/* of a protocol that keeps packets in order; not cleared, not cloned */
	struct rb_node rb;
	struct list_head by_time;
};

/** struct sk_buff_head - a queue */
struct sk_buff_head {
	struct sk_buff *next, *prev; /**< first two members as in sk_buff */
	u32 qlen;
};

/* ------------------------------------------------------------------ pool, accounting, trace */

/** struct skb_trace_point - one place that a packet passes */
struct skb_trace_point {
	u8 step; /**< n of Sn; 0: receive path */
	const char *func;
	const char *file;
	int line;
};

/** struct skb_tracer - who is told of hops and drops; NULL when nobody asks */
struct skb_tracer {
	void (*hop)(void *ctx, const struct skb_trace_point *at, const struct sk_buff *skb);
	void (*drop)(void *ctx, const struct skb_trace_point *at, const struct sk_buff *skb, enum skb_drop_reason r);
	void *ctx;
};

#define SKB_DROP_SITES 128
/** struct skb_drop_site - drops at one place for one reason */
struct skb_drop_site {
	const char *func;
	enum skb_drop_reason reason;
	u64 count;
};

/** struct skb_stats - the ledger: allocated == live + consumed + sum(dropped), always */
struct skb_stats {
	u64 allocated; /**< skbs made, clones and copies included */
	u64 consumed;  /**< ended by consume_skb(): sent, delivered or used up */
	u64 dropped[SKB_DROP_REASON_MAX];
	u64 live;
};

/** struct skb_dst_ops - how an skb holds its route: dev/dst.c, upward */
struct skb_dst_ops {
	void (*hold)(struct dst_entry *dst);
	void (*release)(struct dst_entry *dst);
};

/** struct skb_pool - where a worker's skbs come from and go to */
struct skb_pool {
	struct mem *mem;
	struct net *net;
	const struct skb_tracer *tracer;
	const struct skb_dst_ops *dst_ops; /**< set by dev_net_init() */
	struct skb_stats stats;
	/** @type: SCM_TSTAMP_*; see skb_tx_timestamp() */
	void (*tstamp_tx)(struct sock *sk, const struct sk_buff *skb, int ifindex, u32 type);
	u64 next_id;
	struct skb_pool_private *priv; /**< caches: skbuff.c */
};

int skb_pool_create(struct mem *mem, struct net *net, struct skb_pool **out);
/** skb_pool_destroy() - asserts that no skb and no page is live */
void skb_pool_destroy(struct skb_pool *pool);
/** skb_drop_sites() - where packets were dropped, in order of first appearance; borrowed */
const struct skb_drop_site *skb_drop_sites(const struct skb_pool *pool, u32 *count);
/** skb_drop_sites_missed() - drops at places that came when all SKB_DROP_SITES rows were taken */
u64 skb_drop_sites_missed(const struct skb_pool *pool);

/** TRACE_STEP() - a hop of the send path: tells the tracer if there is one */
#define TRACE_STEP(step_, skb_) \
	do { \
		if (unlikely((skb_)->pool->tracer)) { \
			static const struct skb_trace_point at_ = { (step_), __func__, __FILE__, __LINE__ }; \
			skb_trace_hop(&at_, (skb_)); \
		} \
	} while (0)
void skb_trace_hop(const struct skb_trace_point *at, const struct sk_buff *skb);

/* ------------------------------------------------------------------ life and death */

/** alloc_skb() - empty skb with @size_bytes of room; returned, or NULL.  @linux alloc_skb */
#define alloc_skb(pool, size_bytes) alloc_skb_at(pool, size_bytes, MEM_SITE)
struct sk_buff *alloc_skb_at(struct skb_pool *pool, u32 size_bytes, const char *site);
/** skb_truesize() - what Linux charges for a head buffer of @size_bytes (832 for small ones, 2304 for an MTU) */
u32 skb_truesize(u32 size_bytes);

/** consume_skb() - @skb (taken; may be NULL) did its work: it was sent, delivered, or used up */
void consume_skb(struct sk_buff *skb);
/** kfree_skb_reason() - @skb (taken; may be NULL) is dropped; counted under @reason and under the caller's name */
#define kfree_skb_reason(skb, reason) \
	do { \
		static const struct skb_trace_point at_ = { 0, __func__, __FILE__, __LINE__ }; \
		kfree_skb_reason_at((skb), (reason), &at_); \
	} while (0)
void kfree_skb_reason_at(struct sk_buff *skb, enum skb_drop_reason reason, const struct skb_trace_point *at);

static inline struct sk_buff *skb_get(struct sk_buff *skb)
{
	skb->refcnt++;
	return skb;
}
/** skb_clone() - new skb, same data; returned, or NULL; no owner (sk, destructor), reference on the dst.  @linux skb_clone */
struct sk_buff *skb_clone(struct sk_buff *skb);
/** skb_copy() - new skb, private linear data with everything, at least @headroom bytes before it.  @linux skb_copy_expand */
struct sk_buff *skb_copy_expand(const struct sk_buff *skb, u32 headroom, u32 tailroom);
/** skb_headers_move() - the data moved by @shift bytes within the head */
void skb_headers_move(struct sk_buff *skb, s32 shift);
/** skb_header_release() - nobody will put a header before the data of this one: its clones may.  @linux __skb_header_release */
static inline void skb_header_release(struct sk_buff *skb);
/** skb_header_cloned() - does anybody else look at the headers?  @linux skb_header_cloned */
static inline bool skb_header_cloned(const struct sk_buff *skb);
/** skb_cow_head() - headers may be written, and @headroom bytes are free before data; Return: 0, -ENOMEM */
int __must_check skb_cow_head(struct sk_buff *skb, u32 headroom);
/** pskb_expand_head() - private head with more room; Return: 0, -ENOMEM (then nothing changed).  @linux pskb_expand_head */
int __must_check pskb_expand_head(struct sk_buff *skb, u32 more_headroom, u32 more_tailroom);
/** skb_orphan() - call the destructor now: the owner's account is settled.  @linux skb_orphan */
void skb_orphan(struct sk_buff *skb);

/* ------------------------------------------------------------------ data */

static inline struct skb_shared_info *skb_shinfo(const struct sk_buff *skb)
{
	return (struct skb_shared_info *)(void *)(skb->head + skb->end);
}
static inline void skb_header_release(struct sk_buff *skb)
{
	assert(!skb->nohdr);
	skb->nohdr = 1;
	skb_shinfo(skb)->nohdr_count++;
}
static inline bool skb_header_cloned(const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	return skb->cloned && shinfo->dataref - shinfo->nohdr_count > (skb->nohdr ? 0U : 1U);
}
static inline u8 *skb_tail_pointer(const struct sk_buff *skb)
{
	return skb->head + skb->tail;
}
static inline u32 skb_headlen(const struct sk_buff *skb)
{
	return skb->len - skb->data_len;
}
static inline u32 skb_headroom(const struct sk_buff *skb)
{
	return (u32)(skb->data - skb->head);
}
static inline u32 skb_tailroom(const struct sk_buff *skb)
{
	return skb->data_len ? 0 : skb->end - skb->tail;
}
static inline void skb_reserve(struct sk_buff *skb, u32 len_bytes)
{
	skb->data += len_bytes;
	skb->tail += len_bytes;
}
/** skb_put(), skb_push(): room must be there (asserted): it is ours to provide.  @linux skb_put, skb_push */
static inline void *skb_put(struct sk_buff *skb, u32 len_bytes)
{
	u8 *p = skb_tail_pointer(skb);

	assert(skb->tail + len_bytes <= skb->end && !skb->data_len);
	skb->tail += len_bytes;
	skb->len += len_bytes;
	return p;
}
static inline void *skb_push(struct sk_buff *skb, u32 len_bytes)
{
	assert(skb_headroom(skb) >= len_bytes);
	skb->data -= len_bytes;
	skb->len += len_bytes;
	return skb->data;
}
/** skb_postpull_rcsum() - @pulled is gone from what csum is the sum of.  @linux skb_postpull_rcsum */
static inline void skb_postpull_rcsum(struct sk_buff *skb, const void *pulled, u32 len_bytes)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_sub(skb->csum, csum_partial(pulled, len_bytes, 0));
}
/** skb_pull() - the first @len_bytes are done; they must be linear: pskb_may_pull() first */
static inline void *skb_pull(struct sk_buff *skb, u32 len_bytes)
{
	assert(len_bytes <= skb_headlen(skb));
	skb->len -= len_bytes;
	return skb->data += len_bytes;
}
/** pskb_may_pull() - make the first @len_bytes linear; false if the packet is shorter or memory is out */
bool __pskb_pull_tail(struct sk_buff *skb, u32 len_bytes);
static inline bool pskb_may_pull(struct sk_buff *skb, u32 len_bytes)
{
	if (likely(len_bytes <= skb_headlen(skb)))
		return true;
	return len_bytes <= skb->len && __pskb_pull_tail(skb, len_bytes - skb_headlen(skb));
}
/** pskb_trim() - shorten to @len_bytes; Return: 0, -ENOMEM.  @linux pskb_trim */
int __must_check pskb_trim(struct sk_buff *skb, u32 len_bytes);
/** skb_copy_bits() - bytes out of linear part, fragments and frag_list; Return: 0, -EFAULT if outside */
int __must_check skb_copy_bits(const struct sk_buff *skb, u32 offset_bytes, void *to, u32 len_bytes);
/** skb_copy_quote() - the first @len_bytes from the network header on, whatever has been pulled already.  Return: same */
int __must_check skb_copy_quote(const struct sk_buff *skb, void *to, u32 len_bytes);
/** skb_store_bits() - the other way */
int __must_check skb_store_bits(struct sk_buff *skb, u32 offset_bytes, const void *from, u32 len_bytes);
/** skb_checksum() - ones' complement sum of a range, added to @sum.  @linux skb_checksum */
u32 skb_checksum(const struct sk_buff *skb, u32 offset_bytes, u32 len_bytes, u32 sum);
/** skb_checksum_from() - the sum from there to the end; what came with CHECKSUM_COMPLETE is not read again */
static inline u32 skb_checksum_from(const struct sk_buff *skb, u32 offset_bytes)
{
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		return offset_bytes ? csum_sub(skb->csum, csum_partial(skb->data, offset_bytes, 0)) : skb->csum;
	return skb_checksum(skb, offset_bytes, skb->len - offset_bytes, 0);
}
/** skb_copy_and_csum_bits() - skb_copy_bits() and skb_checksum() in one pass; the range must lie within @skb.
 *  @linux skb_copy_and_csum_bits */
u32 skb_copy_and_csum_bits(const struct sk_buff *skb, u32 offset_bytes, u8 *to, u32 len_bytes);
/** skb_checksum_help() - complete a CHECKSUM_PARTIAL in software; Return: 0, -EINVAL, -ENOMEM */
int __must_check skb_checksum_help(struct sk_buff *skb);
/** skb_to_iovec() - the packet as pieces for writev(); Return: number of pieces, -ENOSPC */
struct iovec;
int skb_to_iovec(const struct sk_buff *skb, struct iovec *iov, int max);
/** skb_pieces() - where a range of it lies: up to @max pieces behind the *@count that @iov has.  Return: octets in them */
u32 skb_pieces(const struct sk_buff *skb, u32 offset_bytes, u32 len_bytes, struct iovec *iov, size_t *count,
	       size_t max);
/** skb_page_alloc() / skb_add_rx_frag(): fragments; pages are refcounted, the skb takes the reference it is given */
struct skb_page *skb_page_alloc(struct skb_pool *pool, u32 size_bytes);
/**
 * skb_page_wrap() - make a page of memory that is not the pool's
 * @page: its header; the caller's, with one reference
 * @unwrapped: is told when the last reference is gone: nothing looks at @data or @page any more
 */
void skb_page_wrap(struct skb_page *page, struct skb_pool *pool, const void *data, u32 size_bytes,
		   void (*unwrapped)(struct skb_page *page));
void skb_page_put(struct skb_page *page);
void skb_add_frag(struct sk_buff *skb, struct skb_page *page, u32 offset_bytes, u32 len_bytes);

#define SKB_HEADER_UNSET 0xffffU
static inline void skb_reset_mac_header(struct sk_buff *skb)
{
	skb->mac_header = (u16)(skb->data - skb->head);
}
static inline void skb_reset_network_header(struct sk_buff *skb)
{
	skb->network_header = (u16)(skb->data - skb->head);
}
static inline void skb_reset_transport_header(struct sk_buff *skb)
{
	skb->transport_header = (u16)(skb->data - skb->head);
}
static inline void skb_set_transport_header(struct sk_buff *skb, u32 offset_bytes)
{
	skb->transport_header = (u16)((u32)(skb->data - skb->head) + offset_bytes);
}
static inline u8 *skb_mac_header(const struct sk_buff *skb)
{
	return skb->head + skb->mac_header;
}
static inline bool skb_mac_header_was_set(const struct sk_buff *skb)
{
	return skb->mac_header != SKB_HEADER_UNSET;
}
static inline u8 *skb_network_header(const struct sk_buff *skb)
{
	return skb->head + skb->network_header;
}
static inline u8 *skb_transport_header(const struct sk_buff *skb)
{
	return skb->head + skb->transport_header;
}
static inline u32 skb_network_offset(const struct sk_buff *skb)
{
	return (u32)(skb_network_header(skb) - skb->data);
}
static inline u32 skb_transport_offset(const struct sk_buff *skb)
{
	return (u32)(skb_transport_header(skb) - skb->data);
}
/** skb_chain_pop() - the first of a chain by next, which @chain goes on without; NULL: it is empty */
static inline struct sk_buff *skb_chain_pop(struct sk_buff **chain)
{
	struct sk_buff *skb = *chain;

	if (!skb)
		return NULL;
	*chain = skb->next;
	skb->next = NULL;
	return skb;
}
static inline bool skb_is_gso(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_size != 0;
}
/** skb_move_owner() - @to, a part of @from without an owner, is charged to its owner from now on, and tells him of its time */
void skb_move_owner(struct sk_buff *to, struct sk_buff *from);
/** skb_tx_timestamp() - @skb, whose link-layer header is at data, has come to @place (SKBTX_*): its owner hears of it if he
 *  asked, once.  @linux skb_tx_timestamp, __skb_tstamp_tx */
void skb_tx_timestamp_slow(struct sk_buff *skb, u8 place, int ifindex);
static inline void skb_tx_timestamp(struct sk_buff *skb, u8 place, int ifindex)
{
	if (unlikely(skb_shinfo(skb)->tx_flags & place))
		skb_tx_timestamp_slow(skb, place, ifindex);
}
/** skb_data_shared() - does another skb share head and fragments? */
static inline bool skb_data_shared(const struct sk_buff *skb)
{
	return skb->cloned && skb_shinfo(skb)->dataref > 1;
}

/* ------------------------------------------------------------------ trains: skb_segment.c */

/** struct segment_how - what becomes of a train that is cut */
struct segment_how {
	struct skb_pool *pool; /**< whose the segments are; another net's get headers and octets, no more */
	bool share;            /**< they may share the page fragments of the train, if they are of its pool */
	bool sum;              /**< the sum of each segment's payload goes to its csum */
};
/**
 * skb_segment() - cut a train into packets of its gso_size; payload in fragments is shared, not copied
 * @skb: borrowed; data at the payload, all headers in the linear part between mac_header and data
 *
 * Each segment begins at a copy of the link-layer header, and has the offsets, cb and route of @skb; the headers are
 * still those of the train.  The last one takes the owner (sk, destructor, truesize) over, who is told when it ends.
 * Packets that were chained to the train as they came in (frag_list) become segments themselves where they can.
 *
 * Return: segments in order, chained by next; NULL: no memory, and @skb is as before.  @linux skb_segment
 */
struct sk_buff *skb_segment(struct sk_buff *skb, const struct segment_how *how);
/** skb_linearize() - everything into the linear part.  Return: 0, -ENOMEM */
static inline int __must_check skb_linearize(struct sk_buff *skb)
{
	return !skb->data_len || __pskb_pull_tail(skb, skb->data_len) ? 0 : -ENOMEM;
}

/* ------------------------------------------------------------------ queues */

static inline void __skb_queue_head_init(struct sk_buff_head *q)
{
	q->next = q->prev = (struct sk_buff *)(void *)q;
	q->qlen = 0;
}
static inline bool skb_queue_empty(const struct sk_buff_head *q)
{
	return q->next == (const struct sk_buff *)(const void *)q;
}
static inline struct sk_buff *skb_peek(const struct sk_buff_head *q)
{
	return skb_queue_empty(q) ? NULL : q->next;
}
static inline struct sk_buff *skb_peek_tail(const struct sk_buff_head *q)
{
	return skb_queue_empty(q) ? NULL : q->prev;
}
/** struct sk_buff_list - what a queue's head and its packets have in common */
struct sk_buff_list {
	struct sk_buff *next, *prev;
};
static inline void __skb_link(struct sk_buff *prev, struct sk_buff *next)
{
	((struct sk_buff_list *)(void *)prev)->next = next; /* NOLINT(clang-analyzer-core.NullDereference): linked */
	((struct sk_buff_list *)(void *)next)->prev = prev; /* NOLINT(clang-analyzer-core.NullDereference): linked */
}
static inline void __skb_insert(struct sk_buff *skb, struct sk_buff *prev, struct sk_buff *next, struct sk_buff_head *q)
{
	__skb_link(skb, next);
	__skb_link(prev, skb);
	q->qlen++;
}
static inline void __skb_queue_tail(struct sk_buff_head *q, struct sk_buff *skb)
{
	__skb_insert(skb, q->prev, (struct sk_buff *)(void *)q, q);
}
static inline void __skb_queue_head(struct sk_buff_head *q, struct sk_buff *skb)
{
	__skb_insert(skb, (struct sk_buff *)(void *)q, q->next, q);
}
static inline void __skb_unlink(struct sk_buff *skb, struct sk_buff_head *q)
{
	__skb_link(skb->prev, skb->next);
	skb->next = skb->prev = NULL;
	q->qlen--;
}
/** __skb_dequeue() - the first; returned, or NULL */
static inline struct sk_buff *__skb_dequeue(struct sk_buff_head *q)
{
	struct sk_buff *skb = skb_peek(q);

	if (skb)
		__skb_unlink(skb, q);
	return skb;
}
void skb_queue_purge_reason(struct sk_buff_head *q, enum skb_drop_reason reason);

/* ------------------------------------------------------------------ route: see dev/dst.h for the object */

#define SKB_DST_NOREF 1UL
static inline struct dst_entry *skb_dst(const struct sk_buff *skb)
{
	return (struct dst_entry *)((uintptr_t)skb->_dst & ~SKB_DST_NOREF);
}
/** skb_dst_copy() - @to (which has none) takes the same route, with a reference of its own if @from has one */
static inline void skb_dst_copy(struct sk_buff *to, const struct sk_buff *from)
{
	to->_dst = from->_dst;
	if (to->_dst && !((uintptr_t)to->_dst & SKB_DST_NOREF))
		to->pool->dst_ops->hold(to->_dst);
}
/** skb_dst_drop() - forget the route, and give back the reference if there is one */
static inline void skb_dst_drop(struct sk_buff *skb)
{
	if (skb->_dst) {
		if (!((uintptr_t)skb->_dst & SKB_DST_NOREF))
			skb->pool->dst_ops->release(skb->_dst);
		skb->_dst = NULL;
	}
}

#endif
