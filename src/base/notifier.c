// SPDX-License-Identifier: BSD-2-Clause
/* Notifier chain: see notifier.h. */
#include "base/notifier.h"

void notifier_chain_init(struct notifier_chain *c)
{
	INIT_LIST_HEAD(&c->blocks);
}

void notifier_chain_register(struct notifier_chain *c, struct notifier_block *nb)
{
	struct notifier_block *pos;

	list_for_each_entry(pos, &c->blocks, node) {
		if (pos->priority < nb->priority)
			break;
	}
	list_add_tail(&nb->node, &pos->node); /* before the first of lower priority, or at the end */
}

void notifier_chain_unregister(struct notifier_chain *c, struct notifier_block *nb)
{
	(void)c;
	list_del_init(&nb->node);
}

int notifier_call_chain(struct notifier_chain *c, unsigned long event, void *data)
{
	struct notifier_block *nb, *next;
	int err;

	list_for_each_entry_safe(nb, next, &c->blocks, node) {
		err = nb->call(nb, event, data);
		if (err)
			return err;
	}
	return 0;
}
