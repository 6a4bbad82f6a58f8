// SPDX-License-Identifier: BSD-2-Clause
/* rtnetlink from the other side.  Octets are walked and built with libmnl.  @linux see rtnetlink(7) */
#include "workers/rtnl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <string.h>

#define RTNL_RCVBUF_BYTES (64 << 20) /* of notifications that wait: a table that is filled in one go */

int rtnl_open(struct worker *w, u32 groups, struct nethood_sock **out)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int room = RTNL_RCVBUF_BYTES;
	int err = nethood_socket(w->nn, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, out);

	if (err)
		return err;
	(void)nethood_setsockopt(*out, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	err = nethood_bind(*out, (const struct sockaddr *)(const void *)&name, sizeof(name));
	if (err)
		nethood_close(*out);
	return err;
}

u32 rtnl_portid(struct nethood_sock *sk)
{
	struct sockaddr_nl name = { .nl_pid = 0 };
	socklen_t len = sizeof(name);

	(void)nethood_getsockname(sk, (struct sockaddr *)(void *)&name, &len);
	return name.nl_pid;
}

/* ------------------------------------------------------------------ messages */

void *rtnl_begin(struct rtnl_msg *msg, u16 type, u16 flags, size_t header_bytes)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(msg);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = (u16)(NLM_F_REQUEST | flags);
	return mnl_nlmsg_put_extra_header(nlh, header_bytes);
}

static_assert(sizeof(struct rtmsg) == sizeof(struct fib_rule_hdr), "they have one form");

static size_t header_bytes_of(const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return sizeof(struct ifinfomsg);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return sizeof(struct ifaddrmsg);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
	case RTM_GETNEIGH:
		return sizeof(struct ndmsg);
	default:
		return sizeof(struct rtmsg);
	}
}

static const struct nlattr *attr_find(const struct nlattr *a, const char *end, u16 type)
{
	for (; mnl_attr_ok(a, (int)(end - (const char *)a)); a = mnl_attr_next(a)) {
		if (mnl_attr_get_type(a) == type)
			return a;
	}
	return NULL;
}

const struct nlattr *rtnl_attr(const struct nlmsghdr *nlh, u16 type)
{
	return attr_find(mnl_nlmsg_get_payload_offset(nlh, header_bytes_of(nlh)), mnl_nlmsg_get_payload_tail(nlh),
			 type);
}

const struct nlattr *rtnl_nested(const struct nlattr *nest, u16 type)
{
	const char *payload = mnl_attr_get_payload(nest);

	return attr_find((const struct nlattr *)(const void *)payload, payload + mnl_attr_get_payload_len(nest), type);
}

u32 rtnl_attr_u32(const struct nlmsghdr *nlh, u16 type, u32 otherwise)
{
	const struct nlattr *a = rtnl_attr(nlh, type);

	return a ? mnl_attr_get_u32(a) : otherwise;
}

void rtnl_put(struct rtnl_msg *msg, u16 type, const void *data, size_t len_bytes)
{
	bool fits = mnl_attr_put_check(&msg->nlh, sizeof(*msg), type, len_bytes, data);

	assert(fits);
}

void rtnl_put_same(struct rtnl_msg *msg, const struct nlmsghdr *about, u16 type)
{
	const struct nlattr *a = rtnl_attr(about, type);

	if (a)
		rtnl_put(msg, type, mnl_attr_get_payload(a), mnl_attr_get_payload_len(a));
}

struct ndmsg *rtnl_begin_neigh(struct rtnl_msg *msg, u16 type, u16 flags, const struct nlmsghdr *about)
{
	const struct ndmsg *same = mnl_nlmsg_get_payload(about);
	struct ndmsg *ndm = rtnl_begin(msg, type, flags, sizeof(*ndm));

	ndm->ndm_family = same->ndm_family;
	ndm->ndm_ifindex = same->ndm_ifindex;
	rtnl_put_same(msg, about, NDA_DST);
	return ndm;
}

int rtnl_send(struct nethood_sock *sk, const struct nlmsghdr *nlh)
{
	ssize_t n = nethood_sendto(sk, nlh, nlh->nlmsg_len, 0, NULL, 0);

	return n < 0 ? (int)n : 0;
}

void rtnl_discard(struct nethood_sock *sk)
{
	u8 octet;
	ssize_t n;

	do {
		n = nethood_recvfrom(sk, &octet, sizeof(octet), 0, NULL, NULL);
	} while (n >= 0 || n == -ENOBUFS);
}

int rtnl_talk(struct nethood_sock *sk, struct nlmsghdr *nlh, void *answer)
{
	u8 buf[RTNL_MSG_BYTES];
	void *to = answer ? answer : buf;
	size_t room = answer ? RTNL_READ_BYTES : sizeof(buf);
	int err;

	rtnl_discard(sk); /* of one that broke off */
	nlh->nlmsg_flags |= NLM_F_ACK;
	err = rtnl_send(sk, nlh);
	/* the net has answered when the call returns */
	while (!err) {
		struct {
			struct nlmsghdr nlh;
			struct nlmsgerr err;
		} ack;
		ssize_t n = nethood_recvfrom(sk, &ack, sizeof(ack), MSG_PEEK, NULL, NULL);

		if (n < 0)
			return -ENOBUFS; /* there was no memory for an answer */
		(void)nethood_recvfrom(sk, ack.nlh.nlmsg_type == NLMSG_ERROR ? (void *)buf : to,
				       ack.nlh.nlmsg_type == NLMSG_ERROR ? sizeof(buf) : room, 0, NULL, NULL);
		if (ack.nlh.nlmsg_type == NLMSG_ERROR)
			return ack.err.error;
	}
	return err;
}
