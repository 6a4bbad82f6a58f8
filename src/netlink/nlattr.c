// SPDX-License-Identifier: BSD-2-Clause
/* Attributes of netlink messages: see nlattr.h. */
#include "netlink/nlattr.h"

#include <errno.h>
#include <string.h>

static const u16 kind_bytes[] = {
	[NLA_K_U8] = 1,
	[NLA_K_U16] = 2,
	[NLA_K_U32] = 4,
	[NLA_K_U64] = 8,
};

static int nla_refuse(struct netlink_ext_ack *extack, const struct nlattr *a, int err, const char *text)
{
	NL_SET_ERR_MSG_ATTR(extack, a, text);
	return err;
}

static int nla_check_number(const struct nlattr *a, const struct nla_policy *p, bool strict,
			    struct netlink_ext_ack *extack)
{
	u16 bytes = kind_bytes[p->kind];

	if ((strict || p->mask) && nla_len(a) != bytes)
		return nla_refuse(extack, a, -EINVAL, "invalid attribute length");
	if (nla_len(a) < bytes)
		return nla_refuse(extack, a, -ERANGE, "Attribute failed policy validation");
	if (p->mask && (nla_get_u32(a) & ~p->mask))
		return nla_refuse(extack, a, -EINVAL, "reserved bit set");
	return 0;
}

static int nla_check(const struct nlattr *a, const struct nla_policy *p, bool strict, struct netlink_ext_ack *extack)
{
	switch (p->kind) {
	case NLA_K_U8:
	case NLA_K_U16:
	case NLA_K_U32:
	case NLA_K_U64:
		return nla_check_number(a, p, strict, extack);
	case NLA_K_STRING:
		if (nla_len(a) < 1 || (p->len_bytes && strnlen(nla_data(a), nla_len(a)) > p->len_bytes))
			return nla_refuse(extack, a, -ERANGE, "Attribute failed policy validation");
		return 0;
	case NLA_K_NESTED:
		if (strict && !(a->nla_type & NLA_F_NESTED))
			return nla_refuse(extack, a, -EINVAL, "NLA_F_NESTED is missing");
		return 0;
	default: /* BINARY, ANY */
		if ((p->len_bytes && nla_len(a) > p->len_bytes) || nla_len(a) < p->min_bytes)
			return nla_refuse(extack, a, -ERANGE, "Attribute failed policy validation");
		return 0;
	}
}

static bool nla_fits(const struct nlattr *a, size_t left_bytes)
{
	return left_bytes >= NLA_HDR_BYTES && a->nla_len >= NLA_HDR_BYTES && a->nla_len <= left_bytes;
}

int nla_parse(const struct nlattr **tb, u16 max, const void *attrs, size_t len_bytes, const struct nla_policy *policy,
	      bool strict, struct netlink_ext_ack *extack)
{
	const struct nlattr *a = attrs;
	int err;

	memset(tb, 0, sizeof(*tb) * (max + 1U));
	while (nla_fits(a, len_bytes)) {
		size_t step = min_size(ALIGN_UP((size_t)a->nla_len, 4U), len_bytes);
		u16 type = nla_type(a);

		if (type == 0 || type > max) {
			if (strict)
				return nla_refuse(extack, a, -EINVAL, "Unknown attribute type");
		} else {
			if (policy) {
				err = nla_check(a, &policy[type], strict, extack);
				if (err)
					return err;
			}
			tb[type] = a;
		}
		len_bytes -= step;
		a = (const struct nlattr *)(const void *)((const u8 *)a + step);
	}
	if (len_bytes > 0 && strict) {
		NL_SET_ERR_MSG(extack, "bytes leftover after parsing attributes");
		return -EINVAL;
	}
	return 0;
}

int nlmsg_parse(const struct nlmsghdr *nlh, size_t header_bytes, const struct nlattr **tb, u16 max,
		const struct nla_policy *policy, bool strict, struct netlink_ext_ack *extack)
{
	size_t head = sizeof(*nlh) + ALIGN_UP(header_bytes, (size_t)4);

	memset(tb, 0, sizeof(*tb) * (max + 1U));
	if (nlh->nlmsg_len < sizeof(*nlh) + header_bytes) {
		NL_SET_ERR_MSG(extack, "Invalid header length");
		return -EINVAL;
	}
	if (nlh->nlmsg_len <= head)
		return 0;
	return nla_parse(tb, max, (const u8 *)nlh + head, nlh->nlmsg_len - head, policy, strict, extack);
}

u8 nla_get_u8(const struct nlattr *a)
{
	return *(const u8 *)nla_data(a);
}

u16 nla_get_u16(const struct nlattr *a)
{
	u16 x;

	memcpy(&x, nla_data(a), sizeof(x));
	return x;
}

u32 nla_get_u32(const struct nlattr *a)
{
	u32 x;

	memcpy(&x, nla_data(a), sizeof(x));
	return x;
}

__be32 nla_get_be32(const struct nlattr *a)
{
	__be32 x;

	memcpy(&x, nla_data(a), sizeof(x));
	return x;
}

int nla_get_string(const struct nlattr *a, char *buf, size_t size_bytes)
{
	size_t len = strnlen(nla_data(a), nla_len(a));

	if (len >= size_bytes)
		return -ENAMETOOLONG;
	memcpy(buf, nla_data(a), len);
	buf[len] = '\0';
	return (int)len;
}
