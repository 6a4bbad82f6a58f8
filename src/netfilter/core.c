// SPDX-License-Identifier: BSD-2-Clause
/* Hook points: tables of functions between the steps of a packet.
 *
 * @step S6 of S13, from ipv4/ip_output.c, back to it
 * @linux net/netfilter/core.c
 *
 * Registration makes a new table, and the old one is freed after a grace period, so a hook may register and unregister
 * while packets are in it.
 */
#include "netfilter/netfilter.h"

#include <errno.h>

#define NF_REPEAT_MAX 8 /* a hook that asks for more never wants to end */

struct nf_hook_entries {
	struct rcu_head rcu;
	struct mem *mem;
	u32 count;
	struct nf_hook_ops ops[];
};

static size_t entries_bytes(u32 count)
{
	return sizeof(struct nf_hook_entries) + count * sizeof(struct nf_hook_ops);
}

static struct nf_hook_entries *entries_alloc(struct net *net, u32 count)
{
	struct nf_hook_entries *e = mem_alloc(net->mem, entries_bytes(count));

	if (e) {
		e->mem = net->mem;
		e->count = count;
	}
	return e;
}

static void entries_free_rcu(struct rcu_head *head)
{
	struct nf_hook_entries *e = container_of(head, struct nf_hook_entries, rcu);

	mem_free(e->mem, e, entries_bytes(e->count));
}

/* The place of a hook; NULL: there is none such. */
static struct nf_hook_entries **nf_place(struct net *net, u8 pf, u8 hooknum)
{
	enum nf_family family = nf_family_index(pf);

	if (family == NF_FAMILIES || hooknum >= (family == NF_FAMILY_ARP ? NF_ARP_NUMHOOKS : NF_INET_NUMHOOKS))
		return NULL;
	return &net->nf->hooks[family][hooknum];
}

static void nf_replace(struct net *net, struct nf_hook_entries **place, struct nf_hook_entries *fresh)
{
	struct nf_hook_entries *old = *place;

	rcu_assign_pointer(*place, fresh);
	if (old)
		rcu_defer_free(&net->rcu, &old->rcu, entries_free_rcu);
}

int nf_register_hook(struct net *net, const struct nf_hook_ops *ops)
{
	struct nf_hook_entries **place = nf_place(net, ops->pf, ops->hooknum);
	struct nf_hook_entries *old, *fresh;
	u32 count, at = 0;

	if (!place)
		return -EINVAL;
	old = *place;
	count = old ? old->count : 0;
	if (count == NF_MAX_HOOKS)
		return -E2BIG;
	fresh = entries_alloc(net, count + 1);
	if (!fresh)
		return -ENOMEM;
	while (at < count && old->ops[at].priority <= ops->priority) {
		fresh->ops[at] = old->ops[at];
		at++;
	}
	fresh->ops[at] = *ops;
	for (; at < count; at++)
		fresh->ops[at + 1] = old->ops[at];
	nf_replace(net, place, fresh);
	return 0;
}

static bool nf_ops_equal(const struct nf_hook_ops *a, const struct nf_hook_ops *b)
{
	return a->hook == b->hook && a->priv == b->priv && a->priority == b->priority;
}

/* Stands where a hook was until the table without it is there. */
static unsigned int accept_all(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	(void)priv;
	(void)skb;
	(void)state;
	return NF_ACCEPT;
}

/* Without memory for a smaller table it stays until the next hook is unregistered. */
static bool nf_is_hole(const struct nf_hook_ops *ops)
{
	return ops->hook == accept_all;
}

void nf_unregister_hook(struct net *net, const struct nf_hook_ops *ops)
{
	struct nf_hook_entries **place = nf_place(net, ops->pf, ops->hooknum);
	struct nf_hook_entries *old = place ? *place : NULL, *fresh;
	u32 i, left = 0, to = 0;

	for (i = 0; old && i < old->count && !nf_ops_equal(&old->ops[i], ops);)
		i++;
	if (!old || i == old->count)
		return;
	old->ops[i].hook = accept_all;
	for (i = 0; i < old->count; i++)
		left += !nf_is_hole(&old->ops[i]);
	if (!left) {
		nf_replace(net, place, NULL);
		return;
	}
	fresh = entries_alloc(net, left);
	if (!fresh)
		return;
	for (i = 0; i < old->count; i++) {
		if (!nf_is_hole(&old->ops[i]))
			fresh->ops[to++] = old->ops[i];
	}
	nf_replace(net, place, fresh);
}

static int nf_drop(struct sk_buff *skb, unsigned int verdict)
{
	int error = (int)(verdict >> NF_VERDICT_QBITS);

	kfree_skb_reason(skb, SKB_DROP_REASON_NETFILTER_DROP);
	return error ? -error : -EPERM;
}

/* One hook's verdict, after as many repetitions as it may have. */
static unsigned int nf_ask(const struct nf_hook_ops *ops, struct sk_buff *skb, const struct nf_hook_state *state)
{
	unsigned int verdict = NF_DROP;

	for (u32 n = 0; n < NF_REPEAT_MAX; n++) {
		verdict = ops->hook(ops->priv, skb, state);
		if ((verdict & NF_VERDICT_MASK) != NF_REPEAT)
			return verdict;
	}
	return NF_DROP;
}

int nf_hook_slow(struct sk_buff *skb, const struct nf_hook_state *state, const struct nf_hook_entries *entries)
{
	for (u32 i = 0; i < entries->count; i++) {
		unsigned int verdict = nf_ask(&entries->ops[i], skb, state);

		switch (verdict & NF_VERDICT_MASK) {
		case NF_ACCEPT:
			break;
		case NF_STOP:
			return state->okfn(state->net, state->sk, skb);
		case NF_STOLEN:
			return 0;
		case NF_DROP:
			return nf_drop(skb, verdict);
		default: /* NF_QUEUE: nobody listens to a queue */
			return nf_drop(skb, NF_DROP);
		}
	}
	return state->okfn(state->net, state->sk, skb);
}

int netfilter_net_init(struct net *net)
{
	net->nf = mem_zalloc(net->mem, sizeof(*net->nf));
	return net->nf ? 0 : -ENOMEM;
}

void netfilter_net_exit(struct net *net)
{
	for (u32 family = 0; family < NF_FAMILIES; family++) {
		for (u32 hook = 0; hook < NF_INET_NUMHOOKS; hook++)
			nf_replace(net, &net->nf->hooks[family][hook], NULL);
	}
	mem_free(net->mem, net->nf, sizeof(*net->nf));
	net->nf = NULL;
}
