// SPDX-License-Identifier: BSD-2-Clause
/* net.ipv6.icmp of sysctl(8).
 *
 * @linux ipv6_icmp_table_template, proc_do_large_bitmap
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipv6/icmp_internal.h"

#define ICMPV6_TYPES 256U

/* ------------------------------------------------------------------ a set of types: "0-1,3-127" */

static bool mask_test(const u32 mask[static 8], u32 bit)
{
	return (mask[bit / 32] >> (bit % 32)) & 1;
}

/* The first type from @bit on for which it is @is; ICMPV6_TYPES: none. */
static u32 mask_next(const u32 mask[static 8], u32 bit, bool is)
{
	while (bit < ICMPV6_TYPES && mask_test(mask, bit) != is)
		bit++;
	return bit;
}

static int ratemask_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	const struct netns_ipv6 *ipv6 = dir->base;
	u32 first, behind;
	int len = 0;

	(void)e;
	buf[0] = '\0';
	for (first = mask_next(ipv6->icmp_ratemask, 0, true); first < ICMPV6_TYPES;
	     first = mask_next(ipv6->icmp_ratemask, behind, true)) {
		behind = mask_next(ipv6->icmp_ratemask, first, false);
		len += snprintf(buf + len, size_bytes - (size_t)len, behind == first + 1 ? "%s%u" : "%s%u-%u",
				len ? "," : "", first, behind - 1);
		if ((size_t)len >= size_bytes)
			return -ENOSPC;
	}
	return len;
}

/* One number or range of @value.  Return: behind it; NULL: it is none */
static const char *range_parse(const char *value, u32 *first, u32 *last)
{
	unsigned long n;
	char *end;

	for (int i = 0; i < 2; i++) {
		if (!isdigit((unsigned char)*value))
			return NULL;
		n = strtoul(value, &end, 0);
		if (n >= ICMPV6_TYPES)
			return NULL;
		*(i ? last : first) = *last = (u32)n;
		value = end;
		if (i || *value != '-')
			break;
		value++;
	}
	return *first <= *last ? value : NULL;
}

static int ratemask_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	struct netns_ipv6 *ipv6 = dir->base;
	u32 mask[ARRAY_SIZE(ipv6->icmp_ratemask)] = { 0 };
	u32 first, last;

	(void)e;
	while (isspace((unsigned char)*value))
		value++;
	while (*value) {
		value = range_parse(value, &first, &last);
		if (!value)
			return -EINVAL;
		for (; first <= last; first++)
			mask[first / 32] |= 1U << (first % 32);
		while (*value == ',' || isspace((unsigned char)*value))
			value++;
	}
	memcpy(ipv6->icmp_ratemask, mask, sizeof(mask));
	return 0;
}

/* ------------------------------------------------------------------ all */

/* clang-format off */
#define AT(member) .offset = offsetof(struct netns_ipv6, member)
#define NUMBER(name_, member, max_) { .name = (name_), .type = SYSCTL_INT, AT(member), .min = 0, .max = (max_) }
static const struct ctl_table icmp_table[] = {
	NUMBER("echo_ignore_all", icmp_echo_ignore_all, 255),
	NUMBER("echo_ignore_anycast", icmp_echo_ignore_anycast, 255),
	NUMBER("echo_ignore_multicast", icmp_echo_ignore_multicast, 255),
	NUMBER("error_anycast_as_unicast", icmp_error_anycast_as_unicast, 1),
	NUMBER("ratelimit", icmp_ratelimit_ms, INT32_MAX),
	{ .name = "ratemask", .type = SYSCTL_FN, .get = ratemask_get, .set = ratemask_set, .takes_empty = true },
	{ .name = NULL },
};
/* clang-format on */

void icmpv6_sysctl_init(struct net *net)
{
	struct netns_ipv6 *ipv6 = net->ipv6;
	struct ctl_dir *dir = &ipv6->sysctl_icmp_dir;

	ipv6->icmp_ratelimit_ms = 100;
	ipv6->icmp_ratemask[0] = ~(1U << ICMPV6_PKT_TOOBIG); /* path MTU discovery must not starve */
	for (u32 i = 1; i < 4; i++)
		ipv6->icmp_ratemask[i] = ~0U;
	snprintf(dir->path, sizeof(dir->path), "net.ipv6.icmp");
	dir->table = icmp_table;
	dir->base = ipv6;
	dir->ctx = net;
	register_sysctl(&net->sysctl, dir);
}

void icmpv6_sysctl_exit(struct net *net)
{
	unregister_sysctl(&net->sysctl, &net->ipv6->sysctl_icmp_dir);
}
