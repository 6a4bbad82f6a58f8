/* SPDX-License-Identifier: BSD-2-Clause */
/* Read-copy-update: what a reader of a table holds stays valid until its worker's next quiescent point.
 *
 * The back end is a plain deferred list: right for a net with one worker, and for the simulator.  Several workers need
 * a grace period across threads (QSBR) behind the same functions, so that the second worker changes no caller.
 */
#ifndef NETHOOD_BASE_RCU_H
#define NETHOOD_BASE_RCU_H

#include "base/types.h"

struct rcu_head {
	struct rcu_head *next;
	void (*fn)(struct rcu_head *head);
};

#define rcu_dereference(p) __atomic_load_n(&(p), __ATOMIC_CONSUME)
#define rcu_assign_pointer(p, v) __atomic_store_n(&(p), (v), __ATOMIC_RELEASE)

struct rcu {
	struct rcu_head *head;
	struct rcu_head **tail;
	u32 pending_count;
};

void rcu_init(struct rcu *rcu);
/** rcu_defer_free() - call @fn(@head) after the next quiescent point of every worker.  @linux call_rcu */
void rcu_defer_free(struct rcu *rcu, struct rcu_head *head, void (*fn)(struct rcu_head *head));
/** rcu_quiescent() - this worker holds no pointer from a table now; runs what became due */
void rcu_quiescent(struct rcu *rcu);
/** rcu_quiescent_run() - the same, but no more than @max of them.  Return: true if others are due */
bool rcu_quiescent_run(struct rcu *rcu, u32 max);
/** rcu_fini() - runs all that is left */
void rcu_fini(struct rcu *rcu);

#endif
