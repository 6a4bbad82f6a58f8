/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 address conflict detection: probe, announce, defend.  @rfc 5227
 *
 * Who wants an address embeds a struct acd, and is told by a call what became of it.  In the profile strict, addresses
 * that rtnetlink sets are such owners as well; in the profile linux nothing is sent for them, but a conflict that is
 * heard is counted and told on net->ipv4->acd_chain.
 */
#ifndef NETHOOD_IPV4_ACD_H
#define NETHOOD_IPV4_ACD_H

#include "base/list.h"
#include "base/timer.h"
#include "base/types.h"
#include "dev/netdevice.h"
#include "net.h"

/* RFC 5227 1.1 */
#define ACD_PROBE_WAIT (1 * NSEC_PER_SEC) /**< random, at most: before the first probe */
#define ACD_PROBE_NUM 3U
#define ACD_PROBE_MIN (1 * NSEC_PER_SEC)
#define ACD_PROBE_MAX (2 * NSEC_PER_SEC)
#define ACD_ANNOUNCE_WAIT (2 * NSEC_PER_SEC)
#define ACD_ANNOUNCE_NUM 2U
#define ACD_ANNOUNCE_INTERVAL (2 * NSEC_PER_SEC)
#define ACD_MAX_CONFLICTS 10U
#define ACD_RATE_LIMIT_INTERVAL (60 * NSEC_PER_SEC)
#define ACD_DEFEND_INTERVAL (10 * NSEC_PER_SEC)

/** What to do about a conflict for an address in use: RFC 5227 2.4 (a), (b), (c) */
enum acd_policy { ACD_GIVE_UP, ACD_DEFEND_ONCE, ACD_NEVER_GIVE_UP };

/** What an owner, and acd_chain, are told */
enum acd_result {
	ACD_USABLE,    /**< nobody has it: use it from now on; it is being announced */
	ACD_CONFLICT,  /**< another host has it, or wants it; the object is idle again */
	ACD_DEFENDED,  /**< another host claimed it and was answered */
	ACD_CONTESTED, /**< another host claims it again, too soon to be answered; it is kept all the same */
	ACD_LOST,      /**< given up: do not use it any more; the object is idle again */
	ACD_HEARD,     /**< acd_chain only: a conflict for an address that nobody defends */
};

enum acd_state {
	ACD_IDLE,
	ACD_OFF,      /**< wanted, but its device has no link */
	ACD_WAIT,     /**< before the first probe */
	ACD_PROBE,    /**< between probes */
	ACD_SETTLE,   /**< after the last one */
	ACD_ANNOUNCE, /**< in use, announcements follow */
	ACD_HOLD,     /**< in use */
	ACD_NR_STATES
};

enum acd_event {
	ACD_EV_START,
	ACD_EV_TIMER,
	ACD_EV_PROBE, /**< another host probes for it */
	ACD_EV_CLAIM, /**< another host says that it has it */
	ACD_EV_LINK_UP,
	ACD_EV_LINK_DOWN,
	ACD_NR_EVENTS
};

struct acd;
/** acd_fn - @mac of the other host, or NULL; may start, stop and free @acd */
typedef void (*acd_fn)(struct acd *acd, enum acd_result result, const u8 *mac);

/** struct acd - one address of one device; belongs to whoever wants the address, zeroed before the first start */
struct acd {
	struct list_head node; /**< of all that are not idle */
	struct net_device *dev;
	__be32 addr;
	u8 state, policy;
	bool in_use; /**< it was ACD_USABLE once */
	u8 sent_count;
	ktime_t conflict_time; /**< of the last conflict while in use; valid if conflicts */
	u32 conflict_count;
	struct timer timer;
	acd_fn fn;
};

/** struct acd_info - data of acd_chain; the event is enum acd_result */
struct acd_info {
	struct net_device *dev;
	__be32 addr;
	const u8 *mac;
};

struct acd_stats {
	u64 probes, announcements, conflicts, defended, lost, heard;
};

/* What acd_step() must know besides the state */
#define ACD_C_LINK (1U << 0)   /**< its device is up and has carrier */
#define ACD_C_LAST (1U << 1)   /**< this timer is for the last probe, or announcement */
#define ACD_C_RECENT (1U << 2) /**< the last conflict was within DEFEND_INTERVAL */
#define ACD_C_IN_USE (1U << 3)
#define ACD_C_GIVE_UP (1U << 4) /**< policy */
#define ACD_C_NEVER (1U << 5)   /**< policy */
#define ACD_C_LIMITED (1U << 6) /**< there were too many conflicts on this device */
#define ACD_C_ALL 0x7fU

/* What is done, in this order */
#define ACD_A_RESET (1U << 0)    /**< sent_count := 0 */
#define ACD_A_PROBE (1U << 1)    /**< send a probe */
#define ACD_A_ANNOUNCE (1U << 2) /**< send an announcement */
#define ACD_A_COUNT (1U << 3)    /**< one more conflict on this device */
#define ACD_A_TELL (1U << 4)     /**< the owner and acd_chain, of edge->result */

enum acd_timer {
	ACD_T_KEEP,
	ACD_T_STOP,
	ACD_T_PROBE_WAIT,
	ACD_T_RATE_LIMIT,
	ACD_T_PROBE_INTERVAL,
	ACD_T_ANNOUNCE_WAIT,
	ACD_T_ANNOUNCE_INTERVAL
};

/** struct acd_edge - one arrow; the first that matches wins */
struct acd_edge {
	u32 from; /**< mask: bit of enum acd_state */
	enum acd_event event;
	u32 mask, want; /**< matches if (cond & mask) == want */
	enum acd_state to;
	u32 act;
	enum acd_result result;
	enum acd_timer timer;
	const char *source; /**< section of RFC 5227 */
};

/** acd_step() - pure; NULL: nothing happens */
const struct acd_edge *acd_step(enum acd_state state, enum acd_event event, u32 cond);
const struct acd_edge *acd_edges(u32 *count);

/**
 * acd_start() - probe for @addr, then announce and defend it until acd_stop()
 * @acd: borrowed until it is idle again; must be idle
 * Return: 0, -EEXIST: somebody does that already, -EINVAL: a device without ARP, -ENOMEM.
 */
int __must_check acd_start(struct acd *acd, struct net_device *dev, __be32 addr, enum acd_policy policy, acd_fn fn);
void acd_stop(struct acd *acd); /* also of an idle one */
static inline bool acd_active(const struct acd *acd)
{
	return acd->state != ACD_IDLE;
}

/** acd_arp_rcv() - a valid ARP packet for Ethernet and IPv4 came in; may end addresses of @dev */
void acd_arp_rcv(struct net_device *dev, bool request, const u8 *sha, __be32 sip, __be32 tip);
/** acd_pending_count() - addresses of rtnetlink that wait for the end of their probes */
u32 acd_pending_count(const struct net *net);
const struct acd_stats *acd_stats(const struct net *net);

int acd_init(struct net *net);
void acd_exit(struct net *net);

#endif
