/* SPDX-License-Identifier: BSD-2-Clause */
/* Attributes of netlink messages: checked against a policy, with the kernel's words for what is wrong.
 *
 * Octets are walked and built with libmnl; what is right and wrong is decided here.
 * @linux lib/nlattr.c   see netlink(7)
 */
#ifndef NETHOOD_NETLINK_NLATTR_H
#define NETHOOD_NETLINK_NLATTR_H

#include <linux/netlink.h>

#include "base/types.h"

#define NLA_HDR_BYTES 4U      /* sizeof(struct nlattr); UAPI's NLA_HDRLEN is an int made from ~3 */
#define NLA_TYPE_BITS 0x3fffU /* of nla_type, below NLA_F_NESTED and NLA_F_NET_BYTEORDER */
static_assert(sizeof(struct nlattr) == NLA_HDR_BYTES, "netlink(7)");

/** struct netlink_ext_ack - why a request failed; texts are static */
struct netlink_ext_ack {
	const char *msg;
	const struct nlattr *bad_attr; /**< inside the request */
	u16 miss_type;                 /**< attribute that is missing, 0: none */
};

enum nla_kind { NLA_ANY = 0, NLA_K_U8, NLA_K_U16, NLA_K_U32, NLA_K_U64, NLA_K_STRING, NLA_K_BINARY, NLA_K_NESTED };

/** struct nla_policy - what one attribute must look like */
struct nla_policy {
	enum nla_kind kind;
	u16 len_bytes; /**< STRING, BINARY: at most; others: see min */
	u16 min_bytes; /**< at least; ANY: 0 takes all */
	u32 mask;      /**< U32: bits that may be set, 0: all */
};

/**
 * nla_parse() - attributes into tb[0..max]
 * @strict: refuse unknown attributes, wrong lengths and left-over bytes, as NETLINK_GET_STRICT_CHK asks
 * Return: 0, -EINVAL, -ERANGE.  tb points into the message.
 */
int nla_parse(const struct nlattr **tb, u16 max, const void *attrs, size_t len_bytes, const struct nla_policy *policy,
	      bool strict, struct netlink_ext_ack *extack);
/** nlmsg_parse() - same for the attributes behind a family header of @header_bytes */
int nlmsg_parse(const struct nlmsghdr *nlh, size_t header_bytes, const struct nlattr **tb, u16 max,
		const struct nla_policy *policy, bool strict, struct netlink_ext_ack *extack);

static inline const void *nla_data(const struct nlattr *a)
{
	return (const u8 *)a + NLA_HDR_BYTES;
}
static inline u16 nla_len(const struct nlattr *a)
{
	return (u16)(a->nla_len - NLA_HDR_BYTES);
}
static inline u16 nla_type(const struct nlattr *a)
{
	return (u16)(a->nla_type & NLA_TYPE_BITS);
}
u8 nla_get_u8(const struct nlattr *a);
u16 nla_get_u16(const struct nlattr *a);
u32 nla_get_u32(const struct nlattr *a);
__be32 nla_get_be32(const struct nlattr *a);
/** nla_get_string() - copied, always terminated; Return: its length, or -ENAMETOOLONG */
int nla_get_string(const struct nlattr *a, char *buf, size_t size_bytes);

#define NL_SET_ERR_MSG(extack, text) ((extack)->msg = (text))
#define NL_SET_ERR_MSG_ATTR(extack, attr, text) ((extack)->msg = (text), (extack)->bad_attr = (attr))
#define NL_SET_BAD_ATTR(extack, attr) ((extack)->bad_attr = (attr))
#define NL_SET_ERR_ATTR_MISS(extack, type) ((extack)->miss_type = (type))

#endif
