// SPDX-License-Identifier: BSD-2-Clause
/* NETLINK_SOCK_DIAG: from a message to the one who knows the sockets that it asks for.
 *
 * @linux net/core/sock_diag.c, inet_diag_handler_cmd, inet_diag_rcv_msg_compat   see sock_diag(7)
 *
 * Reading order: sock_diag_rcv_msg(), request_parse(), diag_dump().
 */
#include <errno.h>
#include <string.h>

#include "netlink/inet_diag.h"
#include "netlink/netlink_internal.h"

#define DIAG_ANSWER_BYTES 1024U /* one socket with all that can be asked of it */

static const struct diag_handler *const handlers[] = { &tcp_diag_handler, &udp_diag_handler, &raw_diag_handler };

static const struct diag_handler *handler_of(u32 protocol)
{
	for (u32 i = 0; i < ARRAY_SIZE(handlers); i++) {
		if (handlers[i]->protocol == protocol)
			return handlers[i];
	}
	return NULL;
}

/* ------------------------------------------------------------------ the request */

/* Attributes that are wrong are not seen, as in Linux; the header is there. */
static int parse_attrs(const struct nlmsghdr *nlh, size_t header_bytes, struct diag_request *rq)
{
	const struct nlattr *tb[INET_DIAG_REQ_PROTOCOL + 1];

	(void)nlmsg_parse(nlh, header_bytes, tb, INET_DIAG_REQ_PROTOCOL, NULL, false, NULL);
	rq->bytecode = tb[INET_DIAG_REQ_BYTECODE];
	if (tb[INET_DIAG_REQ_PROTOCOL] && nla_len(tb[INET_DIAG_REQ_PROTOCOL]) == sizeof(u32))
		rq->protocol = nla_get_u32(tb[INET_DIAG_REQ_PROTOCOL]);
	return rq->bytecode ? inet_diag_bc_audit(nla_data(rq->bytecode), nla_len(rq->bytecode), rq->admin) : 0;
}

/* TCPDIAG_GETSOCK: what was before SOCK_DIAG_BY_FAMILY. */
static int parse_compat(const struct nlmsghdr *nlh, struct diag_request *rq, u8 *family)
{
	const struct inet_diag_req *old = rtnl_header(nlh, sizeof(*old));

	if (!old)
		return -EINVAL;
	*family = old->idiag_family;
	rq->protocol = IPPROTO_TCP;
	rq->ext = old->idiag_ext;
	rq->states = old->idiag_states;
	rq->id = old->id;
	return parse_attrs(nlh, sizeof(*old), rq);
}

static int request_parse(struct net *net, const struct nlmsghdr *nlh, bool admin, struct diag_request *rq, u8 *family)
{
	const struct inet_diag_req_v2 *req = rtnl_header(nlh, sizeof(*req));

	memset(rq, 0, sizeof(*rq));
	rq->net = net;
	rq->admin = admin;
	rq->type = nlh->nlmsg_type == TCPDIAG_GETSOCK ? TCPDIAG_GETSOCK : SOCK_DIAG_BY_FAMILY;
	if (nlh->nlmsg_type == TCPDIAG_GETSOCK)
		return parse_compat(nlh, rq, family);
	if (!req)
		return -EINVAL;
	*family = req->sdiag_family;
	rq->protocol = req->sdiag_protocol;
	rq->raw_protocol = req->pad;
	rq->ext = req->idiag_ext;
	rq->states = req->idiag_states;
	rq->id = req->id;
	return parse_attrs(nlh, sizeof(*req), rq);
}

/* ------------------------------------------------------------------ answers */

static bool family_known(u8 family)
{
	return family == AF_INET || family == AF_INET6;
}

static int diag_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct diag_handler *h;
	struct diag_request rq;
	u8 family;
	int err = request_parse(cb->net, cb->nlh, cb->admin, &rq, &family);

	assert(!err); /* inet_diag_cmd() has seen it */
	h = handler_of(rq.protocol);
	if (!h)
		return -ENOENT;
	rq.family = family;
	return family_known(family) ? h->dump(skb, cb, &rq) : 0;
}

static int diag_get(const struct nl_request *rq, const struct diag_handler *h, const struct diag_request *req)
{
	struct sk_buff *skb = nlmsg_new(rq->net, DIAG_ANSWER_BYTES);
	struct nl_target to;
	int err;

	if (!skb)
		return -ENOBUFS;
	to = nl_request_target(rq, skb, req->type);
	err = h->get(&to, req);
	if (!err)
		return netlink_reply(rq->nlk, skb);
	consume_skb(skb);
	return err;
}

static int inet_diag_cmd(const struct nl_request *rq)
{
	bool destroy = rq->nlh->nlmsg_type == SOCK_DESTROY;
	const struct diag_handler *h;
	struct diag_request req;
	u8 family;
	int err = request_parse(rq->net, rq->nlh, rq->nlk->sk.admin, &req, &family);

	if (err)
		return err;
	if (!destroy && (rq->nlh->nlmsg_flags & NLM_F_DUMP))
		return netlink_dump_start(rq, diag_dump);
	h = handler_of(req.protocol);
	req.family = family;
	if (!h || !family_known(family))
		return -ENOENT;
	return destroy ? h->destroy(&req) : diag_get(rq, h, &req);
}

int sock_diag_rcv_msg(const struct nl_request *rq)
{
	const struct sock_diag_req *req = rtnl_header(rq->nlh, sizeof(*req));

	switch (rq->nlh->nlmsg_type) {
	case SOCK_DESTROY:
		if (!rq->nlk->sk.admin)
			return -EPERM;
		break;
	case TCPDIAG_GETSOCK:
	case SOCK_DIAG_BY_FAMILY:
		break;
	default:
		return -EINVAL;
	}
	if (!req || req->sdiag_family >= AF_MAX)
		return -EINVAL;
	if (req->sdiag_family != AF_INET && req->sdiag_family != AF_INET6)
		return -ENOENT; /* AF_UNIX, AF_PACKET: not this net's */
	return inet_diag_cmd(rq);
}
