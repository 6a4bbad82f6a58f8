/* SPDX-License-Identifier: BSD-2-Clause */
/* Notifier chain: the way in which a lower layer tells upper ones what happened.  @linux notifier_block */
#ifndef NETHOOD_BASE_NOTIFIER_H
#define NETHOOD_BASE_NOTIFIER_H

#include "base/list.h"
#include "base/types.h"

struct notifier_block {
	struct list_head node;
	int (*call)(struct notifier_block *nb, unsigned long event, void *data); /**< 0, or -errno to veto */
	int priority;                                                            /**< higher is called first */
};

struct notifier_chain {
	struct list_head blocks;
};

void notifier_chain_init(struct notifier_chain *c);
void notifier_chain_register(struct notifier_chain *c, struct notifier_block *nb);
void notifier_chain_unregister(struct notifier_chain *c, struct notifier_block *nb);
/** notifier_call_chain() - calls in order of priority; stops at, and returns, the first error */
int notifier_call_chain(struct notifier_chain *c, unsigned long event, void *data);

#endif
