/* SPDX-License-Identifier: BSD-2-Clause */
/* Light-weight tunnels: what a route does with its packets instead of, or before, asking for a neighbour.
 *
 * A route that is made with RTA_ENCAP gets a state from the tunnel that registered the type; the routes of packets
 * share it.  No tunnel is built in: whoever has one registers it with a net.
 *
 * @step S4 of S13, from ipv4/ip_output.c   @linux include/net/lwtunnel.h, net/core/lwtunnel.c
 */
#ifndef NETHOOD_DEV_LWTUNNEL_H
#define NETHOOD_DEV_LWTUNNEL_H

#include <linux/lwtunnel.h> /* LWTUNNEL_ENCAP_* */

#include "base/types.h"
#include "dev/dst.h"
#include "net.h"
#include "skb/skbuff.h"

#define LWTUNNEL_STATE_OUTPUT_REDIRECT (1U << 0) /**< it is the route's output */
#define LWTUNNEL_STATE_INPUT_REDIRECT (1U << 1)  /**< it is the route's input */
#define LWTUNNEL_STATE_XMIT_REDIRECT (1U << 2)   /**< it sees packets before a neighbour is asked */

#define LWTUNNEL_XMIT_CONTINUE 1 /**< go on with this packet, as if there were no tunnel */

struct lwtunnel_state;

/** struct lwtunnel_encap_ops - one type of tunnel; static const */
struct lwtunnel_encap_ops {
	u32 private_bytes; /**< of lwtunnel_state.private */
	/** fill in private, flags and headroom from @encap, the octets in RTA_ENCAP.  Return: 0, -errno with *errmsg */
	int (*build_state)(struct lwtunnel_state *lwt, u8 family, const void *encap, u32 encap_bytes,
			   const char **errmsg);
	void (*destroy_state)(struct lwtunnel_state *lwt); /**< NULL: nothing to do */
	/** skb taken.  Return: as the route's output; dst->orig_output goes on as without the tunnel */
	int (*output)(struct net *net, struct sock *sk, struct sk_buff *skb);
	int (*input)(struct sk_buff *skb); /**< skb taken; dst->orig_input goes on */
	/** skb taken unless it returns LWTUNNEL_XMIT_CONTINUE.  Return: that, 0, NET_XMIT_*, -errno */
	int (*xmit)(struct sk_buff *skb);
	/** the octets of RTA_ENCAP.  Return: how many, -EMSGSIZE: @room_bytes are too few */
	int (*fill_encap)(const struct lwtunnel_state *lwt, void *buf, u32 room_bytes);
	bool (*same_encap)(const struct lwtunnel_state *a, const struct lwtunnel_state *b);
};

/** struct lwtunnel_state - the tunnel of one next hop */
struct lwtunnel_state {
	struct net *net;
	const struct lwtunnel_encap_ops *ops;
	u32 refcnt;
	u16 type;           /**< LWTUNNEL_ENCAP_* */
	u16 flags;          /**< LWTUNNEL_STATE_* */
	u16 headroom_bytes; /**< what it puts in front of a packet: the MTU is so much less */
	u8 private[] __attribute__((aligned(8)));
};

/** lwtunnel_encap_add_ops() - Return: 0, -ERANGE: no such type, -EEXIST */
int __must_check lwtunnel_encap_add_ops(struct net *net, u16 type, const struct lwtunnel_encap_ops *ops);
/** lwtunnel_encap_del_ops() - no route may use it any more.  Return: 0, -ENOENT */
int lwtunnel_encap_del_ops(struct net *net, u16 type);
/** lwtunnel_valid_encap_type() - Return: 0, -EINVAL: nobody knows such a type, -EOPNOTSUPP: nobody registered it; with *errmsg */
int lwtunnel_valid_encap_type(const struct net *net, u16 type, const char **errmsg);
/**
 * lwtunnel_build_state() - @family: of the packets; @out: returned
 * Return: 0, -ENOBUFS, what lwtunnel_valid_encap_type() and the tunnel return
 */
int __must_check lwtunnel_build_state(struct net *net, u16 type, u8 family, const void *encap, u32 encap_bytes,
				      struct lwtunnel_state **out, const char **errmsg);
static inline struct lwtunnel_state *lwtstate_get(struct lwtunnel_state *lwt)
{
	if (lwt)
		lwt->refcnt++;
	return lwt;
}
void lwtstate_put(struct lwtunnel_state *lwt); /* may be NULL */
/** lwtunnel_same() - both may be NULL */
bool lwtunnel_same(const struct lwtunnel_state *a, const struct lwtunnel_state *b);
/** lwtunnel_set_redirect() - the ways in and out of @dst lead through its tunnel from now on; its ends are set already */
void lwtunnel_set_redirect(struct dst_entry *dst);
/** lwtunnel_xmit() - @skb: see lwtunnel_encap_ops.xmit; LWTUNNEL_XMIT_CONTINUE also where there is nothing to do */
int lwtunnel_xmit(struct sk_buff *skb);
/** lwtunnel_mtu() - what remains of @mtu_bytes for a packet */
static inline u32 lwtunnel_mtu(const struct lwtunnel_state *lwt, u32 mtu_bytes)
{
	if (likely(!lwt) || lwt->headroom_bytes >= mtu_bytes)
		return mtu_bytes;
	return mtu_bytes - lwt->headroom_bytes;
}

#endif
