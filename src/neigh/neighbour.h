/* SPDX-License-Identifier: BSD-2-Clause */
/* Neighbour table: from a next-hop address to a link-layer address.
 *
 * @step S7, S8 of S13
 * @rfc 826, 1122 2.3.2, 4861 5.1 7.2 7.3
 * @linux include/net/neighbour.h
 *
 * neigh/ knows a key, a device, a link-layer address and the NUD machine.  ARP and ND are two drivers: each registers
 * a neigh_table with its neigh_ops.  Nobody outside neigh/ arms a timer of an entry or writes its state.
 */
#ifndef NETHOOD_NEIGH_NEIGHBOUR_H
#define NETHOOD_NEIGH_NEIGHBOUR_H

#include <string.h>

#include "base/htable.h"
#include "base/list.h"
#include "base/notifier.h"
#include "base/ratelimit.h"
#include "base/sysctl.h"
#include "base/timer.h"
#include "base/types.h"
#include "dev/dst.h"
#include "dev/netdevice.h"
#include "neigh/nud.h"
#include "net.h"
#include "skb/skbuff.h"

#define NEIGH_KEY_MAX 16
#define NEIGH_HA_MAX 8
#define HH_DATA_MOD 16
#define NEIGH_EXT_VALIDATED 0x04U /**< NTF_EXT_EXT_VALIDATED: younger than the system's header */

enum { NEIGH_ARP_TABLE = 0, NEIGH_ND_TABLE = 1, NEIGH_NR_TABLES = 2 };

struct neigh_table;
struct neigh_parms;

/** What an entry is worth when there is no room */
enum neigh_gc_class { NEIGH_GC_EXEMPT, NEIGH_GC_UNRESOLVED, NEIGH_GC_PASSIVE, NEIGH_GC_ACTIVE };
#define NEIGH_GC_GROUPS 32U /**< among which the budget of unresolved entries is shared */
struct neigh_gc_group {
	struct list_head list;
	u32 count;
};

/** struct neigh_ops - what the family does for an entry; chosen by its constructor */
struct neigh_ops {
	/** ask for the address; @skb: a packet that waits, borrowed, or NULL.  n->probes says how often it was asked */
	void (*solicit)(struct neighbour *n, struct sk_buff *skb);
	/** a waiting packet's neighbour did not answer; @skb taken */
	void (*error_report)(struct neighbour *n, struct sk_buff *skb);
	int (*output)(struct neighbour *n, struct sk_buff *skb);           /**< not CONNECTED; skb taken */
	int (*connected_output)(struct neighbour *n, struct sk_buff *skb); /**< CONNECTED; skb taken */
};

/** struct neigh_queue - what an entry has only while INCOMPLETE */
struct neigh_queue {
	struct sk_buff_head arp_queue;
	u32 arp_queue_len_bytes; /**< sum of truesize */
};

/** enum neigh_way - how packets go to an entry: neigh_output_of() */
enum neigh_way { NEIGH_WAY_NOWHERE, NEIGH_WAY_ASKS, NEIGH_WAY_KNOWN };

/** struct neighbour - one entry.  All that output needs stands at the beginning; the key's length is the table's */
struct neighbour {
	union {
		u8 hh_data[HH_DATA_MOD];   /**< ready link-layer header, at the end of these 16 bytes */
		struct neigh_queue *queue; /**< if has_queue: neigh_queue_of() */
	};
	u8 hh_len;           /**< 0: none yet */
	u8 nud_state;        /**< NUD_*; 0: NONE */
	u8 type;             /**< RTN_* of the key */
	u8 flags;            /**< NTF_* low byte: NTF_ROUTER, NTF_EXT_LEARNED */
	u8 ha[NEIGH_HA_MAX]; /**< link-layer address, dev->addr_len bytes */
	u8 probes;
	u8 protocol;  /**< RTPROT_* of its originator */
	u8 flags_ext; /**< NTF_EXT_* of NDA_FLAGS_EXT: MANAGED, EXT_VALIDATED */
	u8 dead : 1;
	u8 exempt_from_gc : 1;
	u8 was_used : 1; /**< a packet of ours went, or wanted to go, there */
	u8 gc_class : 2; /**< enum neigh_gc_class */
	u8 way : 2;      /**< enum neigh_way */
	u8 has_queue : 1;
	struct net_device *dev; /**< holds a reference */
	u32 refcnt;
	u32 generation; /**< of dev->neigh_generation[]: neigh_alive() */

	ktime_t confirmed, updated, used;
	struct timer timer;
	struct neigh_table *tbl;

	struct list_head dev_list; /**< of dev->neigh_list[tbl->index] */
	union {
		struct list_head gc_list; /**< of its class; idle when exempt */
		struct rcu_head rcu;      /**< when dead and unreferenced */
	};
	u8 gc_group;  /**< of an UNRESOLVED one */
	u8 ops_index; /**< which of its table's neigh_ops: neigh_ops_of() */
	u8 primary_key[] __attribute__((aligned(4)));
};

/** struct neigh_parms - tunables of a device (or the table's default, dev NULL) */
enum {
	NEIGH_VAR_MCAST_PROBES,
	NEIGH_VAR_UCAST_PROBES,
	NEIGH_VAR_APP_PROBES,
	NEIGH_VAR_MCAST_REPROBES,
	NEIGH_VAR_RETRANS_TIME,
	NEIGH_VAR_BASE_REACHABLE_TIME,
	NEIGH_VAR_DELAY_PROBE_TIME,
	NEIGH_VAR_INTERVAL_PROBE_TIME,
	NEIGH_VAR_GC_STALETIME,
	NEIGH_VAR_QUEUE_LEN_BYTES,
	NEIGH_VAR_PROXY_QLEN,
	NEIGH_VAR_ANYCAST_DELAY,
	NEIGH_VAR_PROXY_DELAY,
	NEIGH_VAR_LOCKTIME,
	NEIGH_VAR_MAX
};
struct neigh_parms {
	struct net_device *dev;
	struct neigh_table *tbl;
	ktime_t reachable_time;   /**< random in [1/2, 3/2) of base, redrawn every 300 s */
	s64 data[NEIGH_VAR_MAX];  /**< ns for times, counts, bytes */
	u32 data_set;             /**< bit per variable that was set explicitly: "default" does not overwrite it */
	struct list_head list;    /**< tbl->parms_list */
	struct list_head proxies; /**< pneigh_entry of this device; of the defaults: those of all devices */
	struct sk_buff_head proxy_queue; /**< questions to proxies that will be answered: neigh/pneigh.c */
	struct ctl_dir sysctl;
};
#define NEIGH_VAR(p, name) ((p)->data[NEIGH_VAR_##name])

/** struct neigh_statistics - columns of /proc/net/stat/arp_cache */
struct neigh_statistics {
	u64 allocs, destroys, hash_grows, res_failed, lookups, hits;
	u64 rcv_probes_mcast, rcv_probes_ucast, periodic_gc_runs, forced_gc_runs, unres_discards, table_fulls;
	u64 proxy_discards; /**< questions to proxies that found too many others waiting */
	u64 pneigh_fulls;   /**< proxies that were refused: there are pneigh_max */
};

struct neigh_table {
	/* the family's part */
	u16 family;
	u8 index; /**< NEIGH_ARP_TABLE, NEIGH_ND_TABLE */
	u8 key_len;
	__be16 protocol;                    /**< ethertype of the packets that use it */
	const char *id;                     /**< "arp_cache" */
	const char *sysctl_path;            /**< "net.ipv4.neigh" */
	const struct neigh_ops *const *ops; /**< by ops_index of an entry */
	/** decide type, state (NOARP classes), ops_index, output; Return: 0, -EINVAL, -ENODEV */
	int (*constructor)(struct neighbour *n);
	/** may a request make an entry on @dev?  NULL: always.  *errmsg: why not (static) */
	bool (*allow_add)(const struct net_device *dev, const char **errmsg);
	/** a proxy is made; NULL: the family does not mind.  Return: 0, -EINVAL: refused */
	int (*pconstructor)(struct net *net, const void *key, struct net_device *dev);
	void (*pdestructor)(struct net *net, const void *key, struct net_device *dev);
	void (*proxy_redo)(struct sk_buff *skb); /**< the time of a question to a proxy has come; @skb taken */
	/** a sysctl of retrans_time or base_reachable_time of @dev was written; NULL: nobody minds */
	void (*times_written)(struct net_device *dev);

	/**
	 * check_gateway() - may routes of another family lead by the neighbour @key?  NULL: none may
	 * @dev: in: the one that was named, NULL: none was; out: the one that leads there, borrowed
	 * @table: routing table of the route, @onlink: it is there, whatever the routes say; *errmsg: static, or NULL
	 * @rfc 8950   Return: 0, -errno
	 */
	int (*check_gateway)(struct net *net, const void *key, u32 table, bool onlink, struct net_device **dev,
			     const char **errmsg);

	/* neigh/'s part */
	struct net *net;
	struct htable hash;
	struct kmem_cache cache, queue_cache;
	struct neigh_parms parms; /**< defaults of new devices */
	struct list_head parms_list;
	/* entries that may be collected, oldest first: neigh/neigh_gc.c */
	struct list_head gc_passive, gc_active;
	struct neigh_gc_group gc_first_group; /**< of unresolved entries, and of all that were given no other */
	struct neigh_gc_group *gc_group;      /**< the others; NULL until one of them is asked for */
	u32 entries_count, gc_entries_count, gc_unresolved_count;
	u32 queued_bytes, queued_peak_bytes; /**< truesize in all arp_queues */
	u32 gc_thresh1, gc_thresh2, gc_thresh3;
	ktime_t gc_interval, last_flush, last_rand;
	struct timer gc_timer;
	struct neigh_statistics stats;
	struct ratelimit_state overflow_ratelimit;
	bool hash_full_told; /**< that there is no memory for a larger hash */
	u64 gc_cursor;       /**< of a look for old entries that is under way */

	/* entries that a flush left for later: neigh/neigh_flush.c */
	struct list_head flush_list; /**< by their dev_list */
	struct timer flush_timer;
	u32 last_generation;
	struct ctl_dir sysctl_gc;
	u32 genid; /**< changes with each change of the table: for torn dumps */

	/* neighbours that are kept resolved: neigh/neigh_managed.c */
	struct htable managed;
	struct timer managed_timer;
	u64 managed_cursor;

	/* proxies: neigh/pneigh.c */
	struct htable phash;
	struct kmem_cache pneigh_cache;
	u32 pneigh_max;                             /**< entries */
	u32 proxy_queued_count, proxy_queued_bytes; /**< in all proxy_queues; bytes of truesize */
};

struct neigh_trace;

/** struct neigh_net - per net; net->neigh */
struct neigh_net {
	struct neigh_table *table[NEIGH_NR_TABLES];
	struct {
		void (*fn)(void *ctx, const struct neigh_trace *t); /**< NULL: nobody listens */
		void *ctx;
	} tracer;                    /**< neigh/neigh_trace.h */
	struct notifier_chain chain; /**< data: struct neigh_notifier_info */
	struct neigh_histories *histories;
	bool looks_at_changes; /**< neigh_check.h: after each change of an entry */
	const char *broken;    /**< the first sentence that did not hold then; NULL: all did */
};
enum neigh_event {
	NEIGH_EVENT_NEW = 1,     /**< externally visible change: RTM_NEWNEIGH */
	NEIGH_EVENT_DEL,         /**< entry goes: RTM_DELNEIGH */
	NEIGH_EVENT_APP_SOLICIT, /**< user space is asked: RTM_GETNEIGH */
};
struct neigh_notifier_info {
	struct neighbour *neigh;
	u32 portid; /**< netlink socket whose request caused it, 0: none */
};

int neigh_net_init(struct net *net);
void neigh_net_exit(struct net *net);

/* ---- tables and parameters (called by arp_init(), ndisc_init() and by the device notifier) */
void neigh_table_init(struct net *net, struct neigh_table *tbl);
void neigh_table_clear(struct neigh_table *tbl);
/** neigh_parms_alloc() - parameters of @dev, cloned from the defaults; NULL: no memory */
struct neigh_parms *neigh_parms_alloc(struct net_device *dev, struct neigh_table *tbl);
void neigh_parms_release(struct neigh_table *tbl, struct neigh_parms *p);
/** neigh_parms_set() - set one variable explicitly; a default reaches all devices that have not set their own */
void neigh_parms_set(struct neigh_parms *p, u32 var, s64 value);

/* ---- entries */
/** neigh_find() - borrowed (x_find()), NULL: none */
struct neighbour *neigh_find(struct neigh_table *tbl, const void *key, const struct net_device *dev);
/* Of two generations no entry has the hash of another: so one that is gone stands in nobody's way.  None is 0. */
static inline u64 neigh_hash_u32(const struct neigh_table *tbl, u32 key, u32 generation)
{
	return htable_hash_exact64(&tbl->hash, (u64)generation << 32 | key);
}
/** neigh_find_u32() - the same where keys have four octets.  Their hash is exact: the entry itself is not touched */
static inline struct neighbour *neigh_find_u32(struct neigh_table *tbl, u32 key, const struct net_device *dev)
{
	u64 hash = neigh_hash_u32(tbl, key, dev->neigh_generation[tbl->index]);
	struct neighbour *n = htable_lookup(&tbl->hash, hash, NULL, NULL);

	tbl->stats.lookups++;
	tbl->stats.hits += n != NULL;
	return n;
}
/**
 * neigh_prefetch() - the entry of @key will be looked for soon: the slot that leads to it comes into the cache
 * @generation: of its device
 */
void neigh_prefetch(const struct neigh_table *tbl, const void *key, u32 generation);
/** neigh_prefetch_entry() - some time after that: what output reads of the entry comes, too */
void neigh_prefetch_entry(const struct neigh_table *tbl, const void *key, u32 generation);
/** neigh_lookup() - returned (neigh_release() ends it), NULL: none.  @linux neigh_lookup */
struct neighbour *neigh_lookup(struct neigh_table *tbl, const void *key, struct net_device *dev);
/**
 * neigh_create() - the entry of @key on @dev: the one that exists, or a new one in NONE or NOARP
 * @out: returned
 * Return: 0, -ENOBUFS (table full, counted and logged), -EINVAL (the family refuses the key), -ENODEV.
 * @linux __neigh_create
 */
int __must_check neigh_create(struct neigh_table *tbl, const void *key, struct net_device *dev, struct neighbour **out);
/** struct neigh_wish - what a new entry is to become by the first neigh_update() */
struct neigh_wish {
	const u8 *lladdr; /**< NULL: none */
	u8 new_state;
	u32 flags;          /**< NEIGH_UPDATE_F_* */
	const char *errmsg; /**< returned: why it cannot (static) */
};
/** neigh_create_as() - neigh_create(), but for one that could not become @wish nobody has to go.  Return: also -EINVAL */
int __must_check neigh_create_as(struct neigh_table *tbl, const void *key, struct net_device *dev,
				 struct neigh_wish *wish, struct neighbour **out);
/** neigh_create_new() - the same, where it was just looked for in vain; borrowed.  @wish: NULL: none */
int __must_check neigh_create_new(struct neigh_table *tbl, const void *key, struct net_device *dev,
				  struct neigh_wish *wish, struct neighbour **out);
/** neigh_find_create() - as neigh_create(), borrowed */
int __must_check neigh_find_create(struct neigh_table *tbl, const void *key, struct net_device *dev,
				   struct neighbour **out);
static inline struct neighbour *neigh_get(struct neighbour *n)
{
	n->refcnt++;
	return n;
}
void neigh_destroy(struct neighbour *n); /* only by neigh_release() */
static inline void neigh_release(struct neighbour *n)
{
	if (--n->refcnt == 0)
		neigh_destroy(n);
}
static inline const struct neigh_ops *neigh_ops_of(const struct neighbour *n)
{
	return n->tbl->ops[n->ops_index];
}
/** neigh_queue_of() - what waits for @n; NULL unless INCOMPLETE */
static inline struct neigh_queue *neigh_queue_of(const struct neighbour *n)
{
	return n->has_queue ? n->queue : NULL;
}
/** neigh_alive() - an entry that is not may still be in the table, but nobody finds it: its device was flushed */
static inline bool neigh_alive(const struct neighbour *n, u32 table_index)
{
	return !n->dead && n->generation == n->dev->neigh_generation[table_index];
}
static inline struct neigh_parms *neigh_parms_of(const struct neighbour *n)
{
	return n->dev->neigh_parms[n->tbl->index];
}

/* ---- what layers above tell it */
#define NEIGH_UPDATE_F_OVERRIDE (1U << 0)
#define NEIGH_UPDATE_F_WEAK_OVERRIDE (1U << 1)
#define NEIGH_UPDATE_F_OVERRIDE_ISROUTER (1U << 2)
#define NEIGH_UPDATE_F_USE (1U << 3)
#define NEIGH_UPDATE_F_MANAGED (1U << 4)
#define NEIGH_UPDATE_F_EXT_LEARNED (1U << 5)
#define NEIGH_UPDATE_F_ISROUTER (1U << 6)
#define NEIGH_UPDATE_F_ADMIN (1U << 7)
#define NEIGH_UPDATE_F_EXT_VALIDATED (1U << 8)
/**
 * neigh_update() - news about an entry: a link-layer address, a state, or both
 * @lladdr: dev->addr_len bytes, NULL: none given
 * @new_state: one NUD_* bit, or NUD_NONE
 * @flags: NEIGH_UPDATE_F_*
 * @portid: netlink socket that asked, 0: none
 * @errmsg: NULL, or set to the text of the error (static)
 * @rfc 4861 7.2.5   @linux __neigh_update
 * Return: 0 (also when the rules say that nothing changes), -EPERM (dead, or not yours to change), -EINVAL.
 */
int neigh_update(struct neighbour *n, const u8 *lladdr, u8 new_state, u32 flags, u32 portid, const char **errmsg);
/** neigh_event_ns() - a solicitation from @saddr came in: learn, STALE.  Return: returned entry, NULL */
struct neighbour *neigh_event_ns(struct neigh_table *tbl, const u8 *lladdr, const void *saddr, struct net_device *dev);
/** neigh_event_send() - a packet is about to use @n.  Return: true if it must wait (@skb, if any, was taken) */
bool neigh_event_send(struct neighbour *n, struct sk_buff *skb);
/** neigh_use() - resolve @n though no packet waits (NTF_USE, NTF_MANAGED); the first probe leaves at the next poll */
void neigh_use(struct neighbour *n);
/**
 * neigh_doubt() - what was sent to @n does not seem to arrive: a retransmission, an ICMP host error
 * In the profile strict one that is in use is probed at once, instead of after reachable_time; in linux nothing happens.
 * @rfc 1122 2.3.2.1
 */
void neigh_doubt(struct neighbour *n);
/** neigh_confirm() - forward progress was seen: the neighbour is alive.  @rfc 4861 7.3.1 */
static inline void neigh_confirm(struct neighbour *n)
{
	n->confirmed = n->tbl->net->now;
}
/**
 * neigh_set_born_flags() - @n was just made, with these of NEIGH_UPDATE_F_: nobody is told of them as of a change
 * Return: 0, -ENOBUFS
 */
int __must_check neigh_set_born_flags(struct neighbour *n, u32 flags);
/** neigh_undo_create() - @n was made for a request that was refused: it goes, and nobody is told */
void neigh_undo_create(struct neighbour *n);
/** neigh_remove() - administrative deletion: FAILED, then gone; both are notified.  @linux neigh_delete */
int neigh_remove(struct neighbour *n, u32 portid);
/* A flush of many entries makes no pause: nobody finds them any more, and they end one run after the other. */
/** neigh_changeaddr() - all entries of @dev go, PERMANENT too; its proxies stay */
void neigh_changeaddr(struct neigh_table *tbl, struct net_device *dev);
/** neigh_ifdown() - all entries and all proxies of @dev go */
void neigh_ifdown(struct neigh_table *tbl, struct net_device *dev);
/** neigh_carrier_down() - same, but for PERMANENT and EXT_VALIDATED entries and permanent proxies */
void neigh_carrier_down(struct neigh_table *tbl, struct net_device *dev);

/* ---- S7: the way down */
int neigh_resolve_output(struct neighbour *n, struct sk_buff *skb);
int neigh_connected_output(struct neighbour *n, struct sk_buff *skb);
int neigh_direct_output(struct neighbour *n, struct sk_buff *skb);
int neigh_blackhole_output(struct neighbour *n, struct sk_buff *skb);
typedef int (*neigh_output_fn)(struct neighbour *n, struct sk_buff *skb);
/** neigh_output_of() - where a packet goes for which no header is ready */
static inline neigh_output_fn neigh_output_of(const struct neighbour *n)
{
	if (unlikely(n->way == NEIGH_WAY_NOWHERE))
		return neigh_blackhole_output;
	return n->way == NEIGH_WAY_KNOWN ? neigh_ops_of(n)->connected_output : neigh_ops_of(n)->output;
}
/** neigh_hh_output() - 16-byte copy of the ready header, then S9 */
static inline int neigh_hh_output(const struct neighbour *n, struct sk_buff *skb)
{
	assert(skb_headroom(skb) >= HH_DATA_MOD); /* ip_finish_output2() has seen to it */
	memcpy(skb->data - HH_DATA_MOD, n->hh_data, HH_DATA_MOD);
	skb_push(skb, n->hh_len);
	return dev_queue_xmit(skb);
}
/**
 * neigh_output() - hand @skb (taken; data at the network header, HH_DATA_MOD bytes of headroom) to neighbour @n
 * @skip_cache: the next hop is of the other family: its ready header has the wrong ethertype
 */
static inline int neigh_output(struct neighbour *n, struct sk_buff *skb, bool skip_cache)
{
	TRACE_STEP(7, skb);
	if (likely((n->nud_state & NUD_CONNECTED) && n->hh_len && !skip_cache))
		return neigh_hh_output(n, skb);
	return neigh_output_of(n)(n, skb);
}

/* ---- for netlink and listings */
/** neigh_table_scan() - walk that survives changes between calls: see htable_scan() */
u64 neigh_table_scan(struct neigh_table *tbl, u64 cursor, u32 max_slots, void (*fn)(void *ctx, struct neighbour *n),
		     void *ctx);

#endif
