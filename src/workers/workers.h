/* SPDX-License-Identifier: BSD-2-Clause */
/* One host whose work several threads do.  docs/adr/0014-workers.md
 *
 * Each worker is a whole net, used by one thread, so that nothing of the core is shared and nothing takes a lock.  The
 * first leads: it is the one that is managed, that speaks ARP, ND, ICMP and IGMP for the host, and that has the true
 * tables.  The others follow: its addresses, routes, rules, neighbours and sysctls come to them as rtnetlink messages.
 * What is between them are letters, in bounded rings, and one table of who has which port.
 */
#ifndef NETHOOD_WORKERS_WORKERS_H
#define NETHOOD_WORKERS_WORKERS_H

#include "api_internal.h"
#include "workers/port_owners.h"
#include "workers/ring.h"

#define LEADER 0U /* the first worker */

struct leader;
struct follower;

enum letter_kind {
	LETTER_PACKET,    /**< from the network header on: it came in at one worker and is for another */
	LETTER_RTNL,      /**< an rtnetlink message: to a follower news, to the leader what its neighbours need */
	LETTER_SYSCTL,    /**< name, 0, value, 0; and so on */
	LETTER_PROC,      /**< the same of a file of /proc */
	LETTER_SYNC,      /**< to the leader: tell all anew; to a follower: all that comes from here on, until ... */
	LETTER_SYNC_DONE, /**< ... here, is all that there is */
};

/** struct letter - belongs to whoever holds it */
struct letter {
	enum letter_kind kind;
	u32 from;       /**< worker */
	u32 data_bytes; /**< of @data */
	/** LETTER_PACKET */
	struct letter_packet {
		u32 tried; /**< workers that it has been to */
		int ifindex;
		__be16 protocol;
		u16 gso_size, gso_type, gso_segs;
		u8 mac_bytes; /**< link-layer header, before the packet */
		u8 pkt_type;
		bool is_a_copy; /**< others have theirs */
		bool csum_ok;   /**< its sum has been looked at */
	} packet;
	u8 data[] __attribute__((aligned(8)));
};

/** struct worker - net->worker of its net */
struct worker {
	struct net_worker base; /**< first */
	struct nethood_workers *host;
	struct nethood_net *nn;
	u32 index;
	u32 to_wake;               /**< workers that got letters since the last poll */
	struct timer again;        /**< worker_retry_later() */
	struct leader *leader;     /**< of the first */
	struct follower *follower; /**< of the others */
	u32 tried;      /**< workers that the packet has been to that is given in now; 0: it came by a device */
	bool is_a_copy; /**< of that packet others have theirs */
};

/** struct nethood_workers - the host */
struct nethood_workers {
	struct nethood_allocator allocator;
	void (*wake)(void *ctx, uint32_t worker);
	void *wake_ctx;
	u32 count;
	struct port_owners *ports;
	struct ring *rings; /**< [from * count + to] */
	struct worker workers[];
};

static inline struct worker *worker_of(struct net_worker *base)
{
	return container_of(base, struct worker, base);
}
static inline struct ring *ring_between(const struct nethood_workers *host, u32 from, u32 to)
{
	return &host->rings[from * host->count + to];
}
static inline void *host_alloc(struct nethood_workers *host, size_t bytes)
{
	return host->allocator.zalloc(host->allocator.ctx, bytes);
}
static inline void host_free(struct nethood_workers *host, void *p, size_t bytes)
{
	if (p)
		host->allocator.free(host->allocator.ctx, p, bytes);
}

/* ---- workers.c */
/** worker_retry_later() - memory is missing: a poll in a while tries again */
void worker_retry_later(struct worker *w);
static inline bool worker_retry_waits(const struct worker *w)
{
	return timer_pending(&w->again);
}

/* ---- letters.c */
/** letter_new() - returned, with a copy of @data, or with room for it if NULL; NULL: no memory */
struct letter *letter_new(struct worker *w, enum letter_kind kind, const void *data, size_t data_bytes);
void letter_free(struct nethood_workers *host, struct letter *l);
/** letter_post() - @l (taken; may be NULL: there was no memory) to worker @to.  Return: false: it is lost, and counted
 *  where a processor counts what its queue does not hold: /proc/net/softnet_stat */
bool letter_post(struct worker *w, u32 to, struct letter *l);
/** letters_in() - what others sent, within a budget */
void letters_in(struct worker *w);
/** letters_wait() - is there one to be read? */
bool letters_wait(const struct worker *w);
/** letters_wake() - whoever got one since the last time is told */
void letters_wake(struct worker *w);

/* ---- steer.c */
/** steer_init() - what comes in at this worker and is for another goes there.  Return: 0, -ENOMEM */
int steer_init(struct worker *w);
void steer_exit(struct worker *w);
/** steer_pass() - net_worker_ops.skb_pass */
bool steer_pass(struct net_worker *base, enum net_port_space space, u16 port, struct sk_buff *skb);
/** steer_copy() - net_worker_ops.skb_copy */
void steer_copy(struct net_worker *base, enum net_port_space space, u16 port, struct sk_buff *skb);
/** steer_in() - a packet that another worker passed on */
void steer_in(struct worker *w, const struct letter *l);

/* ---- leader.c */
int leader_init(struct worker *w);
void leader_exit(struct worker *w);
/** leader_hear() - what a follower says */
void leader_hear(struct worker *w, const struct letter *l);
/** leader_tell() - followers are told what changed.  Return: true: there is more, and room for it */
bool leader_tell(struct worker *w);
/** leader_written() - net_worker_ops.sysctl_written */
void leader_written(struct net_worker *base, bool is_file, const char *name, const char *value);

/* ---- follower.c */
int follower_init(struct worker *w);
void follower_exit(struct worker *w);
/** follower_hear() - what the leader says */
void follower_hear(struct worker *w, const struct letter *l);
/** follower_tell() - the leader is told which neighbours are needed, and which were heard of.  Return: true: there is more */
bool follower_tell(struct worker *w);

#endif
