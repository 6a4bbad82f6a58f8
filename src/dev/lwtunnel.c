// SPDX-License-Identifier: BSD-2-Clause
/* Light-weight tunnels: registered by type, built by routes, entered at three doors of a route.
 *
 * @step S4 of S13, from ipv4/ip_output.c
 * @linux net/core/lwtunnel.c
 */
#include <errno.h>

#include "dev/dev_internal.h"
#include "dev/lwtunnel.h"

static bool type_is_known(u16 type)
{
	return type != LWTUNNEL_ENCAP_NONE && type <= LWTUNNEL_ENCAP_MAX;
}

int lwtunnel_encap_add_ops(struct net *net, u16 type, const struct lwtunnel_encap_ops *ops)
{
	if (!type_is_known(type))
		return -ERANGE;
	if (net->dev->lwtunnel_ops[type])
		return -EEXIST;
	net->dev->lwtunnel_ops[type] = ops;
	return 0;
}

int lwtunnel_encap_del_ops(struct net *net, u16 type)
{
	if (!type_is_known(type) || !net->dev->lwtunnel_ops[type])
		return -ENOENT;
	net->dev->lwtunnel_ops[type] = NULL;
	return 0;
}

int lwtunnel_valid_encap_type(const struct net *net, u16 type, const char **errmsg)
{
	if (!type_is_known(type)) {
		*errmsg = "Unknown lwt encapsulation type";
		return -EINVAL;
	}
	if (!net->dev->lwtunnel_ops[type]) {
		*errmsg = "lwt encapsulation type not supported";
		return -EOPNOTSUPP;
	}
	return 0;
}

static void lwtstate_free(struct lwtunnel_state *lwt)
{
	mem_free(lwt->net->mem, lwt, sizeof(*lwt) + lwt->ops->private_bytes);
}

int lwtunnel_build_state(struct net *net, u16 type, u8 family, const void *encap, u32 encap_bytes,
			 struct lwtunnel_state **out, const char **errmsg)
{
	int err = lwtunnel_valid_encap_type(net, type, errmsg);
	const struct lwtunnel_encap_ops *ops;
	struct lwtunnel_state *lwt;

	if (err)
		return err;
	ops = net->dev->lwtunnel_ops[type];
	lwt = mem_zalloc(net->mem, sizeof(*lwt) + ops->private_bytes);
	if (!lwt)
		return -ENOBUFS;
	lwt->net = net;
	lwt->ops = ops;
	lwt->type = type;
	lwt->refcnt = 1;
	err = ops->build_state(lwt, family, encap, encap_bytes, errmsg);
	if (err) {
		lwtstate_free(lwt);
		return err;
	}
	*out = lwt;
	return 0;
}

void lwtstate_put(struct lwtunnel_state *lwt)
{
	if (!lwt || --lwt->refcnt)
		return;
	if (lwt->ops->destroy_state)
		lwt->ops->destroy_state(lwt);
	lwtstate_free(lwt);
}

bool lwtunnel_same(const struct lwtunnel_state *a, const struct lwtunnel_state *b)
{
	if (!a || !b)
		return a == b;
	return a->type == b->type && a->ops->same_encap(a, b);
}

/* ------------------------------------------------------------------ doors */

static int lwtunnel_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return skb_dst(skb)->lwtstate->ops->output(net, sk, skb);
}

static int lwtunnel_input(struct sk_buff *skb)
{
	return skb_dst(skb)->lwtstate->ops->input(skb);
}

void lwtunnel_set_redirect(struct dst_entry *dst)
{
	const struct lwtunnel_state *lwt = dst->lwtstate;

	if (!lwt)
		return;
	if (lwt->flags & LWTUNNEL_STATE_OUTPUT_REDIRECT) {
		dst->orig_output = dst->output;
		dst->output = lwtunnel_output;
	}
	if (lwt->flags & LWTUNNEL_STATE_INPUT_REDIRECT) {
		dst->orig_input = dst->input;
		dst->input = lwtunnel_input;
	}
}

int lwtunnel_xmit(struct sk_buff *skb)
{
	const struct lwtunnel_state *lwt = skb_dst(skb)->lwtstate;

	if (!lwt || !(lwt->flags & LWTUNNEL_STATE_XMIT_REDIRECT))
		return LWTUNNEL_XMIT_CONTINUE;
	return lwt->ops->xmit(skb);
}
