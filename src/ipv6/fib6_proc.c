// SPDX-License-Identifier: BSD-2-Clause
/* /proc/net/ipv6_route and /proc/net/rt6_stats, as route(8) and netstat(8) read them.
 *
 * @linux net/ipv6/ip6_fib.c ipv6_route_seq_show, net/ipv6/route.c rt6_stats_seq_show
 *
 * Each next hop has a row, and each table ends with one of what is not found there.
 */
#include "ipv6/fib6_internal.h"
#include "ipv6/ipv6_proc.h"

static void show_addr(struct seq_file *m, const struct in6_addr *a, u8 plen)
{
	for (u32 i = 0; i < 16; i++)
		seq_printf(m, "%02x", a->s6_addr[i]);
	seq_printf(m, " %02x ", plen);
}

static void show_row(struct seq_file *m, const struct fib6_route_view *r)
{
	static const struct in6_addr none;
	const struct in6_addr *gateway = r->nh.has_gateway ? &r->nh.gateway : &none;

	show_addr(m, &r->dst, r->dst_len);
	show_addr(m, &r->src, r->src_len);
	for (u32 i = 0; i < 16; i++)
		seq_printf(m, "%02x", gateway->s6_addr[i]);
	seq_printf(m, " %08x %08x %08x %08x %8s\n", r->metric, r->refcnt, 0U, r->flags,
		   r->nh.dev ? r->nh.dev->name : "");
}

static void show_not_found(struct seq_file *m, const struct fib6_state *fs)
{
	struct fib6_route_view r = { .metric = UINT32_MAX, .refcnt = 1, .flags = RTF_REJECT | RTF_NONEXTHOP };

	r.nh.dev = fs->loopback;
	show_row(m, &r);
}

static int show_route(void *ctx, const struct fib6_route_view *route)
{
	struct fib6_route_view r = *route;

	for (u32 i = 0; i < r.nh_count; i++) {
		if (i)
			fib6_view_next_nh(&r);
		show_row(ctx, &r);
	}
	return ((struct seq_file *)ctx)->err;
}

void ipv6_route_seq_show(struct seq_file *m, struct net *net)
{
	const struct fib6_state *fs = net->ipv6->fib;

	for (const struct fib6_table *tb = fs->tables; tb; tb = tb->next) {
		struct fib6_dump_cursor cursor = { 0 };

		if (fib6_dump(net, &cursor, tb->id, false, show_route, m))
			return;
		show_not_found(m, fs);
	}
}

void rt6_stats_seq_show(struct seq_file *m, struct net *net)
{
	const struct fib6_state *fs = net->ipv6->fib;
	u32 prefixes = 0, tables = 0;

	for (const struct fib6_table *tb = fs->tables; tb; tb = tb->next, tables++)
		prefixes += tb->trie.prefix_count;
	/* nodes, nodes with routes, routes ever, routes, (never told), packets' routes, discarded ones */
	seq_printf(m, "%04x %04x %04x %04x %04x %04x %04x\n", prefixes + tables, prefixes + tables, fs->alloc_count,
		   fs->route_count + tables, 0U, net->ipv6->route->rt_count, 0U);
}
