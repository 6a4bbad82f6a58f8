// SPDX-License-Identifier: BSD-2-Clause
/* Deferred freeing for one worker: see rcu.h. */
#include "base/rcu.h"

void rcu_init(struct rcu *rcu)
{
	rcu->head = NULL;
	rcu->tail = &rcu->head;
	rcu->pending_count = 0;
}

void rcu_defer_free(struct rcu *rcu, struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
	head->next = NULL;
	head->fn = fn;
	*rcu->tail = head;
	rcu->tail = &head->next;
	rcu->pending_count++;
}

void rcu_quiescent(struct rcu *rcu)
{
	while (unlikely(rcu->head)) { /* freeing one may defer others */
		struct rcu_head *head = rcu->head;

		rcu_init(rcu);
		while (head) {
			struct rcu_head *next = head->next;

			head->fn(head);
			head = next;
		}
	}
}

bool rcu_quiescent_run(struct rcu *rcu, u32 max)
{
	struct rcu_head *head = rcu->head, *last = head;

	if (rcu->pending_count <= max) {
		rcu_quiescent(rcu);
		return false;
	}
	for (u32 i = 1; i < max; i++)
		last = last->next;
	rcu->head = last->next;
	last->next = NULL;
	rcu->pending_count -= max;
	while (head) {
		struct rcu_head *next = head->next;

		head->fn(head); /* may defer others: behind those that wait */
		head = next;
	}
	return true;
}

void rcu_fini(struct rcu *rcu)
{
	rcu_quiescent(rcu);
}
