// SPDX-License-Identifier: BSD-2-Clause
/* Options of Neighbour Discovery: see icmp6.h. */
#include "wire/icmp6.h"

#include <string.h>

/* Lengths are looked at once, here; who walks them later need not. */
static const struct nd_opt_hdr *nd_option_at(const u8 *at, size_t left_bytes)
{
	const struct nd_opt_hdr *opt = (const struct nd_opt_hdr *)(const void *)at;

	if (left_bytes < sizeof(*opt) || !opt->nd_opt_len || nd_opt_bytes(opt) > left_bytes)
		return NULL;
	return opt;
}

bool nd_parse_options(const void *options, size_t len_bytes, struct nd_opts *out)
{
	const struct nd_opt_hdr *opt;
	const u8 *at = options;

	memset(out, 0, sizeof(*out));
	out->begin = at;
	out->len_bytes = (u32)len_bytes;
	while (len_bytes) {
		opt = nd_option_at(at, len_bytes);
		if (!opt)
			return false;
		if (opt->nd_opt_type < ND_OPT_FIRST_TYPES && !out->first[opt->nd_opt_type])
			out->first[opt->nd_opt_type] = opt;
		at += nd_opt_bytes(opt);
		len_bytes -= nd_opt_bytes(opt);
	}
	return true;
}

const struct nd_opt_hdr *nd_next_option(const struct nd_opts *opts, const struct nd_opt_hdr *after)
{
	const u8 *at = after ? (const u8 *)after + nd_opt_bytes(after) : opts->begin;

	return at < opts->begin + opts->len_bytes ? (const struct nd_opt_hdr *)(const void *)at : NULL;
}

const u8 *nd_lladdr(const struct nd_opt_hdr *opt, u32 addr_len)
{
	if (!opt || nd_opt_bytes(opt) != nd_opt_addr_space(addr_len))
		return NULL;
	return (const u8 *)(opt + 1);
}

u8 *nd_put_option(u8 *to, u8 type, const void *value, u32 len_bytes)
{
	u32 space = nd_opt_addr_space(len_bytes);

	to[0] = type;
	to[1] = (u8)(space / 8);
	memcpy(to + 2, value, len_bytes);
	memset(to + 2 + len_bytes, 0, space - 2 - len_bytes);
	return to + space;
}
