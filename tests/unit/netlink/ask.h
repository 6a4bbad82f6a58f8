/* SPDX-License-Identifier: BSD-2-Clause */
/* One request of rtnetlink at a time, with all that is answered to it. */
#ifndef NETLINK_ASK_H
#define NETLINK_ASK_H

#include "../neigh/neigh_world.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#define SOL_NETLINK_ 270
#define PIECE_MIN 3776U

/** struct ask - a request, and all that was answered */
struct ask {
	struct nlmsghdr *nlh;
	_Alignas(struct nlmsghdr) u8 request[16384];
	_Alignas(struct nlmsghdr) u8 answer[1 << 20];
	size_t answer_bytes;
	int err; /**< the last word; 1: none came */
	char text[128];
};

static inline struct nethood_sock *netlink_socket(struct world *w)
{
	struct nethood_sock *sk;
	int on = 1;

	assert_int_equal(nethood_socket(w->public_net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &sk), 0);
	assert_int_equal(nethood_setsockopt(sk, SOL_NETLINK_, NETLINK_EXT_ACK, &on, sizeof(on)), 0);
	return sk;
}

static inline void *begin(struct ask *a, u16 type, u16 flags, size_t head_bytes)
{
	a->nlh = mnl_nlmsg_put_header(a->request);
	a->nlh->nlmsg_type = type;
	a->nlh->nlmsg_flags = (u16)(flags | NLM_F_REQUEST | (flags & NLM_F_DUMP ? 0 : NLM_F_ACK));
	a->answer_bytes = 0;
	a->err = 1;
	a->text[0] = '\0';
	return mnl_nlmsg_put_extra_header(a->nlh, head_bytes);
}

static inline void read_text(struct ask *a, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	size_t quoted = nlh->nlmsg_flags & NLM_F_CAPPED ? sizeof(*nlh) : ALIGN_UP(e->msg.nlmsg_len, 4U);
	const u8 *at = (const u8 *)nlh + sizeof(*nlh) + sizeof(int) + quoted;
	const u8 *end = (const u8 *)nlh + nlh->nlmsg_len;

	while ((nlh->nlmsg_flags & NLM_F_ACK_TLVS) && at + 4 < end) {
		const struct nlattr *attr = (const struct nlattr *)(const void *)at;

		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
			snprintf(a->text, sizeof(a->text), "%s", mnl_attr_get_str(attr));
		at += ALIGN_UP((size_t)attr->nla_len, 4U);
	}
}

/* All that comes, in pieces of @piece_bytes. */
static inline int read_all(struct ask *a, struct nethood_sock *sk, size_t piece_bytes)
{
	for (;;) {
		u8 *at = a->answer + a->answer_bytes;
		ssize_t n = nethood_recvfrom(sk, at, min_size(piece_bytes, sizeof(a->answer) - a->answer_bytes), 0,
					     NULL, NULL);
		int left = (int)n;

		if (n < 0)
			return a->err;
		for (const struct nlmsghdr *m = (void *)at; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
			if (m->nlmsg_type != NLMSG_ERROR && m->nlmsg_type != NLMSG_DONE)
				continue;
			memcpy(&a->err, m + 1, sizeof(a->err));
			if (m->nlmsg_type == NLMSG_ERROR)
				read_text(a, m);
		}
		a->answer_bytes += (size_t)n;
	}
}

static inline int ask(struct ask *a, struct nethood_sock *sk, size_t piece_bytes)
{
	assert_int_equal(nethood_sendto(sk, a->nlh, a->nlh->nlmsg_len, 0, NULL, 0), a->nlh->nlmsg_len);
	return read_all(a, sk, piece_bytes);
}

/* The @nth message of @type in the answer, or NULL. */
static inline const struct nlmsghdr *message(const struct ask *a, u16 type, u32 nth)
{
	const struct nlmsghdr *m = (const void *)a->answer;

	for (int left = (int)a->answer_bytes; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
		if (m->nlmsg_type == type && !nth--)
			return m;
	}
	return NULL;
}

static inline const struct nlattr *attr_of(const struct nlmsghdr *m, size_t head_bytes, u16 type)
{
	const char *end = mnl_nlmsg_get_payload_tail(m);

	for (const struct nlattr *a = mnl_nlmsg_get_payload_offset(m, head_bytes);
	     mnl_attr_ok(a, (int)(end - (const char *)a)); a = mnl_attr_next(a)) {
		if (mnl_attr_get_type(a) == type)
			return a;
	}
	return NULL;
}

#endif
