// SPDX-License-Identifier: BSD-2-Clause
/* IPV6_FLOWLABEL_MGR: labels that a socket leases, and who may send with which.
 *
 * Nobody needs a lease while each label of the net is everybody's (IPV6_FL_S_ANY) and brings no headers.
 * @rfc 6437   @linux ipv6_flowlabel_opt, fl6_sock_lookup, fl6_merge_options
 *
 * Reading order: ipv6_flowlabel_set(), fl_get(), ipv6_flowlabel_get(); ipv6_fl_apply().
 */
#include <errno.h>
#include <string.h>

#include "ipv6/ip6_flowlabel.h"
#include "ipv6/ipv6.h"
#include "socket/inet6_sock.h"
#include "socket/ipv6_names.h"

#define FL_LINGER_MIN_S 6U
#define FL_LINGER_MAX_S 150U /* of those who administer nothing */

/** struct in6_flowlabel_req - as in linux/in6.h, which cannot stand beside netinet/in.h; control messages follow */
struct in6_flowlabel_req {
	struct in6_addr flr_dst;
	__be32 flr_label;
	u8 flr_action;
	u8 flr_share;
	u16 flr_flags;
	u16 flr_expires;
	u16 flr_linger;
	u32 flr_pad;
};
static_assert(sizeof(struct in6_flowlabel_req) == 32, "what programs send");
enum { IPV6_FL_A_GET, IPV6_FL_A_PUT, IPV6_FL_A_RENEW };
enum { IPV6_FL_F_CREATE = 1, IPV6_FL_F_EXCL = 2, IPV6_FL_F_REFLECT = 4, IPV6_FL_F_REMOTE = 8 };

/** struct ipv6_fl_socklist - one lease of a socket; it may have many of one label */
struct ipv6_fl_socklist {
	struct ipv6_fl_socklist *next;
	struct ip6_flowlabel *fl;
};

/* ------------------------------------------------------------------ leases of a socket */

static const struct ipv6_fl_socklist *lease_of(const struct ipv6_pinfo *np, __be32 label)
{
	const struct ipv6_fl_socklist *l = np->fl_list;

	while (l && l->fl->label != label)
		l = l->next;
	return l;
}

static u32 lease_count(const struct ipv6_pinfo *np)
{
	u32 count = 0;

	for (const struct ipv6_fl_socklist *l = np->fl_list; l; l = l->next)
		count++;
	return count;
}

static void lease_end(struct sock *sk, struct ipv6_fl_socklist **at)
{
	struct ipv6_fl_socklist *l = *at;

	*at = l->next;
	fl6_release(l->fl);
	mem_free(sk->net->mem, l, sizeof(*l));
}

void ipv6_sock_fl_close(struct sock *sk)
{
	struct ipv6_pinfo *np = inet6_sk(sk);

	while (np->fl_list)
		lease_end(sk, &np->fl_list);
}

/* ------------------------------------------------------------------ IPV6_FL_A_GET */

/* Seconds that @sk may ask for.  Return: 0 and *out_s, -EPERM */
static int times_check(const struct sock *sk, const struct in6_flowlabel_req *req, u32 *linger_s, u32 *expires_s)
{
	if (!sk->admin && (req->flr_linger > FL_LINGER_MAX_S || req->flr_expires > FL_LINGER_MAX_S))
		return -EPERM;
	*linger_s = max_u32(req->flr_linger, FL_LINGER_MIN_S);
	*expires_s = max_u32(req->flr_expires, FL_LINGER_MIN_S);
	return 0;
}

/* Headers become the label's, and count no more as the socket's.  Those behind the fragment header are not a label's:
 * each packet has its own. */
static int options_read(struct sock *sk, const void *control, u32 bytes, struct ipv6_txoptions **out)
{
	int err = ipv6_cmsg_options(sk, control, bytes, out);

	if (!err && *out && (*out)->opt_flen) {
		ipv6_txoptions_free(sk, *out);
		*out = NULL;
		err = -EINVAL;
	}
	if (*out)
		sk->optmem_bytes -= (*out)->tot_bytes;
	return err;
}

static int label_check(const struct net *net, __be32 label)
{
	if (label & ~CONST_BE32(IPV6_FLOWLABEL_MASK))
		return -EINVAL;
	return net->ipv6->flowlabel_state_ranges && (label & CONST_BE32(FLOWLABEL_STATELESS)) ? -ERANGE : 0;
}

static u32 owner_of(const struct sock *sk, u8 share)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);

	return share == FL6_S_PROCESS ? np->caller_pid : share == FL6_S_USER ? np->caller_uid : 0;
}

/* What @req asks for, but for headers.  Return: 0, -EINVAL, -EPERM */
static int want_read(const struct sock *sk, const struct in6_flowlabel_req *req, struct fl6_want *want)
{
	u32 type = ipv6_addr_type(&req->flr_dst);
	int err = times_check(sk, req, &want->linger_s, &want->expires_s);

	if (err)
		return err;
	if (type == IPV6_ADDR_ANY || type == IPV6_ADDR_MAPPED)
		return -EINVAL;
	if (req->flr_share != FL6_S_ANY && (req->flr_share < FL6_S_EXCL || req->flr_share > FL6_S_USER))
		return -EINVAL;
	want->dst = req->flr_dst;
	want->label = req->flr_label;
	want->share = req->flr_share;
	want->owner = owner_of(sk, req->flr_share);
	want->create = req->flr_flags & IPV6_FL_F_CREATE;
	want->exclusive = req->flr_flags & IPV6_FL_F_EXCL;
	want->admin = sk->admin;
	want->held = lease_count(inet6_sk(sk));
	return 0;
}

static int lease_begin(struct sock *sk, const struct fl6_want *want)
{
	struct ipv6_pinfo *np = inet6_sk(sk);
	struct ipv6_fl_socklist *l = mem_alloc(sk->net->mem, sizeof(*l));
	int err = l ? fl6_lease(sk->net, want, &l->fl) : -ENOMEM;

	if (err) {
		if (l)
			mem_free(sk->net->mem, l, sizeof(*l));
		return err;
	}
	l->next = np->fl_list;
	np->fl_list = l;
	return 0;
}

static int fl_reflect(struct sock *sk)
{
	if (sk->net->ipv6->flowlabel_consistency)
		return -EPERM;
	if (sk->protocol != IPPROTO_TCP)
		return -ENOPROTOOPT;
	inet6_sk(sk)->repflow = true;
	return 0;
}

/* @value: what the program gave; the number of a new label is written there, as Linux does. */
static int fl_get(struct sock *sk, const struct in6_flowlabel_req *req, u8 *value, u32 bytes)
{
	struct ipv6_txoptions *opt;
	struct fl6_want want = { .opt = &opt };
	int err;

	if (req->flr_flags & IPV6_FL_F_REFLECT)
		return fl_reflect(sk);
	err = label_check(sk->net, req->flr_label);
	if (err)
		return err;
	err = options_read(sk, value + sizeof(*req), bytes - (u32)sizeof(*req), &opt);
	if (err)
		return err;
	err = want_read(sk, req, &want);
	if (!err)
		err = lease_begin(sk, &want);
	if (opt)
		mem_free(sk->net->mem, opt, opt->tot_bytes);
	if (!err && !req->flr_label)
		memcpy(value + offsetof(struct in6_flowlabel_req, flr_label), &inet6_sk(sk)->fl_list->fl->label,
		       sizeof(__be32));
	return err;
}

/* ------------------------------------------------------------------ the option */

static int fl_put(struct sock *sk, const struct in6_flowlabel_req *req)
{
	struct ipv6_pinfo *np = inet6_sk(sk);
	struct ipv6_fl_socklist **at = &np->fl_list;

	if (req->flr_flags & IPV6_FL_F_REFLECT) {
		if (sk->protocol != IPPROTO_TCP)
			return -ENOPROTOOPT;
		if (!np->repflow)
			return -ESRCH;
		np->flow_label = (__force __be32)0U;
		np->repflow = false;
		return 0;
	}
	while (*at && (*at)->fl->label != req->flr_label)
		at = &(*at)->next;
	if (!*at)
		return -ESRCH;
	if ((np->flow_label & CONST_BE32(IPV6_FLOWLABEL_MASK)) == req->flr_label)
		np->flow_label &= ~CONST_BE32(IPV6_FLOWLABEL_MASK);
	lease_end(sk, at);
	return 0;
}

/* Who administers the net may prolong also what others have. */
static int fl_renew(const struct sock *sk, const struct in6_flowlabel_req *req)
{
	const struct ipv6_fl_socklist *l = lease_of(inet6_sk(sk), req->flr_label);
	struct ip6_flowlabel *fl = l ? l->fl : NULL;
	u32 linger_s, expires_s;
	int err;

	if (!fl && req->flr_share == FL6_S_NONE && sk->admin)
		fl = fl6_find(sk->net, req->flr_label);
	if (!fl)
		return -ESRCH;
	err = times_check(sk, req, &linger_s, &expires_s);
	if (!err)
		fl6_renew(fl, linger_s, expires_s);
	return err;
}

int ipv6_flowlabel_set(struct sock *sk, void *value, socklen_t len_bytes)
{
	struct in6_flowlabel_req req;

	if (len_bytes < sizeof(req))
		return -EINVAL;
	memcpy(&req, value, sizeof(req));
	switch (req.flr_action) {
	case IPV6_FL_A_GET:
		return fl_get(sk, &req, value, len_bytes);
	case IPV6_FL_A_PUT:
		return fl_put(sk, &req);
	case IPV6_FL_A_RENEW:
		return fl_renew(sk, &req);
	default:
		return -EINVAL;
	}
}

/* The label that the socket sends with, or what it knows of it.  Return: 0, -ENOENT */
static int answer(const struct sock *sk, bool remote, struct in6_flowlabel_req *req)
{
	const struct ipv6_pinfo *np = inet6_sk(sk);
	const __be32 label = np->flow_label & CONST_BE32(IPV6_FLOWLABEL_MASK);
	const struct ipv6_fl_socklist *l = lease_of(np, label);

	memset(req, 0, sizeof(*req));
	if (remote) {
		req->flr_label = np->rcv_flowinfo & CONST_BE32(IPV6_FLOWLABEL_MASK);
		return 0;
	}
	if (np->repflow) {
		req->flr_label = np->flow_label;
		return 0;
	}
	if (!l)
		return -ENOENT;
	req->flr_dst = l->fl->dst;
	req->flr_label = label;
	req->flr_share = l->fl->share;
	req->flr_linger = (u16)l->fl->linger_s;
	req->flr_expires = (u16)((l->fl->expires - sk->net->now) / NSEC_PER_SEC);
	return 0;
}

int ipv6_flowlabel_get(const struct sock *sk, void *value, socklen_t *len_bytes)
{
	struct in6_flowlabel_req req;
	int err;

	if (*len_bytes < sizeof(req))
		return -EINVAL;
	memcpy(&req, value, sizeof(req));
	if (req.flr_action != IPV6_FL_A_GET)
		return -EINVAL;
	err = answer(sk, req.flr_flags & IPV6_FL_F_REMOTE, &req);
	if (err)
		return err;
	*len_bytes = sizeof(req);
	memcpy(value, &req, sizeof(req));
	return 0;
}

/* ------------------------------------------------------------------ who sends */

/* Return: 0 and the socket's lease, or NULL: none, and none is needed; -EINVAL */
static int lease_check(const struct sock *sk, __be32 flowinfo, const struct ip6_flowlabel **out)
{
	const __be32 label = flowinfo & CONST_BE32(IPV6_FLOWLABEL_MASK);
	const struct ipv6_fl_socklist *l = label ? lease_of(inet6_sk(sk), label) : NULL;

	*out = l ? l->fl : NULL;
	return label && !l && fl6_exclusive(sk->net) ? -EINVAL : 0;
}

int ipv6_fl_check(const struct sock *sk, __be32 flowinfo)
{
	const struct ip6_flowlabel *fl;

	return lease_check(sk, flowinfo, &fl);
}

int ipv6_fl_apply(struct sock *sk, __be32 named, __be32 flowinfo, struct ipcm6_cookie *ipc,
		  struct ipv6_txoptions **opt_owned)
{
	const struct ip6_flowlabel *fl;
	struct ipv6_txoptions src, *joined;
	int err = lease_check(sk, named, &fl);

	if (!err && !fl)
		err = lease_check(sk, flowinfo, &fl);
	if (err || !fl || !fl->opt)
		return err;
	src = *fl->opt;
	src.dst1opt = ipc->opt ? ipc->opt->dst1opt : NULL;
	err = ipv6_txoptions_join(sk, &src, &joined);
	if (err)
		return err;
	ipv6_txoptions_free(sk, *opt_owned);
	*opt_owned = joined;
	ipc->opt = joined;
	return 0;
}
