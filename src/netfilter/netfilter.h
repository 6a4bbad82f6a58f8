/* SPDX-License-Identifier: BSD-2-Clause */
/* Hook points: where a packet may be looked at and stopped between the steps.  No rules yet, only the places.
 *
 * @step S6 of S13 (LOCAL_OUT, POST_ROUTING), from ipv4/ip_output.c, back to it
 * @linux include/linux/netfilter.h
 *
 * Hooks of one place are called in order of priority (lower first).  A place without hooks costs a load and a branch.
 */
#ifndef NETHOOD_NETFILTER_NETFILTER_H
#define NETHOOD_NETFILTER_NETFILTER_H

#include "base/types.h"
#include "net.h"
#include "skb/skbuff.h"

struct net_device;
struct sock;

/* Names and values of linux/netfilter.h and linux/netfilter_arp.h, which bring the kernel's struct sockaddr_in along
 * and so cannot stand beside netinet/in.h. */
enum {
	NF_DROP = 0,
	NF_ACCEPT = 1,
	NF_STOLEN = 2,
	NF_QUEUE = 3,
	NF_REPEAT = 4,
	NF_STOP = 5,
};
#define NF_VERDICT_MASK 0xffU
#define NF_VERDICT_QBITS 16
#define NF_DROP_ERR(err) (((unsigned int)-(err) << NF_VERDICT_QBITS) | NF_DROP) /**< drop, and the sender hears @err */

enum nf_inet_hooks {
	NF_INET_PRE_ROUTING,
	NF_INET_LOCAL_IN,
	NF_INET_FORWARD,
	NF_INET_LOCAL_OUT,
	NF_INET_POST_ROUTING,
	NF_INET_NUMHOOKS,
};
enum nf_arp_hooks { NF_ARP_IN, NF_ARP_OUT, NF_ARP_FORWARD, NF_ARP_NUMHOOKS };
enum {
	NFPROTO_UNSPEC = 0,
	NFPROTO_INET = 1,
	NFPROTO_IPV4 = 2,
	NFPROTO_ARP = 3,
	NFPROTO_NETDEV = 5,
	NFPROTO_BRIDGE = 7,
	NFPROTO_IPV6 = 10,
};

#define NF_MAX_HOOKS 16 /**< functions of one place */

typedef int (*nf_okfn)(struct net *net, struct sock *sk, struct sk_buff *skb);

struct nf_hook_state {
	u8 pf;   /**< NFPROTO_* */
	u8 hook; /**< NF_INET_*, NF_ARP_* */
	struct net_device *in, *out;
	struct sock *sk;
	struct net *net;
	nf_okfn okfn; /**< the next step: whoever steals @skb calls it later, or never */
};

/** nf_hookfn - Return: NF_ACCEPT; NF_DROP, perhaps with NF_DROP_ERR(); NF_STOLEN: @skb was taken; NF_REPEAT: call again */
typedef unsigned int (*nf_hookfn)(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);

struct nf_hook_ops {
	nf_hookfn hook;
	void *priv;
	u8 pf;
	u8 hooknum;
	int priority;
};

enum nf_family { NF_FAMILY_ARP, NF_FAMILY_IPV4, NF_FAMILY_IPV6, NF_FAMILIES };

struct nf_hook_entries;
/** struct netns_nf - per net; net->nf */
struct netns_nf {
	struct nf_hook_entries *hooks[NF_FAMILIES][NF_INET_NUMHOOKS]; /**< NULL: no hook here */
};

int netfilter_net_init(struct net *net);
void netfilter_net_exit(struct net *net);

/** nf_register_hook() - @ops is copied.  Return: 0, -EINVAL (no such place), -E2BIG, -ENOMEM */
int nf_register_hook(struct net *net, const struct nf_hook_ops *ops);
/** nf_unregister_hook() - the one registered with equal @ops; packets in a hook now still see it */
void nf_unregister_hook(struct net *net, const struct nf_hook_ops *ops);

/** nf_hook_slow() - @skb taken; ends in state->okfn() if all accept */
int nf_hook_slow(struct sk_buff *skb, const struct nf_hook_state *state, const struct nf_hook_entries *entries);

/** nf_family_index() - a constant where @pf is one */
static inline enum nf_family nf_family_index(u8 pf)
{
	switch (pf) {
	case NFPROTO_ARP:
		return NF_FAMILY_ARP;
	case NFPROTO_IPV4:
		return NF_FAMILY_IPV4;
	case NFPROTO_IPV6:
		return NF_FAMILY_IPV6;
	default:
		return NF_FAMILIES;
	}
}

/**
 * nf_hook() - ask those who want to know, then go on with @okfn
 * @pf: NFPROTO_IPV4, NFPROTO_IPV6, NFPROTO_ARP
 * @skb: taken
 * @in, @out: devices that it came from, and goes to; NULL: none
 *
 * Return: what @okfn says; -EPERM, or the errno of the verdict, when it was dropped; 0 when it was stolen.
 */
static inline int nf_hook(u8 pf, unsigned int hook, struct net *net, struct sock *sk, struct sk_buff *skb,
			  struct net_device *in, struct net_device *out, nf_okfn okfn)
{
	const struct nf_hook_entries *entries = rcu_dereference(net->nf->hooks[nf_family_index(pf)][hook]);

	if (pf != NFPROTO_ARP && (hook == NF_INET_LOCAL_OUT || hook == NF_INET_POST_ROUTING))
		TRACE_STEP(6, skb);
	else
		TRACE_STEP(0, skb);
	if (likely(!entries))
		return okfn(net, sk, skb);
	return nf_hook_slow(
		skb,
		&(struct nf_hook_state){
			.pf = pf, .hook = (u8)hook, .in = in, .out = out, .sk = sk, .net = net, .okfn = okfn },
		entries);
}

#endif
