// SPDX-License-Identifier: BSD-2-Clause
/* /proc/net/route, as route(8) and netstat(8) read it.
 *
 * @linux fib_route_seq_show
 *
 * Addresses are hexadecimal as they lie in memory.  Of several next hops the first is shown, and an IPv6 gateway as no
 * address.  The column MTU is not the route's MTU: what it shows was an MTU long ago.
 */
#include <linux/route.h>

#include "base/byteorder.h"
#include "ipv4/fib_lookup.h"
#include "ipv4/ipv4_proc.h"

#define ROW_WIDTH 127U
#define HEADERS_BYTES 40U /* of IP and TCP, without options */
#define RTT_SHIFT 3U      /* the metric counts eighths of milliseconds */

static u32 fib_flag_trans(const struct fib_route_view *r, const struct fib_nh *nh)
{
	u32 flags = RTF_UP;

	if (r->type == RTN_UNREACHABLE || r->type == RTN_PROHIBIT)
		flags |= RTF_REJECT;
	if (nh && nh->gw_family)
		flags |= RTF_GATEWAY;
	if (r->dst_len == 32)
		flags |= RTF_HOST;
	return flags;
}

static u32 metric(const struct fib_info *fi, u32 which)
{
	return fi->metrics[which - 1];
}

static int route_show(void *ctx, const struct fib_route_view *r)
{
	struct seq_file *m = ctx;
	const struct fib_info *fi = r->fi;
	const struct fib_nh *nh = fi->nhs ? &fi->nh[0] : NULL;
	__be32 mask = inet_make_mask(r->dst_len);
	u32 advmss = metric(fi, RTAX_ADVMSS);

	if (r->type == RTN_BROADCAST || r->type == RTN_MULTICAST)
		return 0;
	seq_setwidth(m, ROW_WIDTH);
	seq_printf(m, "%s\t%08X\t%08X\t%04X\t%d\t%u\t%u\t%08X\t%u\t%u\t%u", nh && nh->dev ? nh->dev->name : "*",
		   (__force u32)r->dst, nh && nh->gw_family == AF_INET ? (__force u32)nh->gw4 : 0U,
		   fib_flag_trans(r, nh), 0, 0U, fi->priority, (__force u32)mask, advmss ? advmss + HEADERS_BYTES : 0,
		   metric(fi, RTAX_WINDOW), metric(fi, RTAX_RTT) >> RTT_SHIFT);
	seq_pad(m);
	return m->err;
}

void fib_route_seq_show(struct seq_file *m, struct net *net)
{
	struct fib_dump_cursor cursor = { 0 };

	seq_setwidth(m, ROW_WIDTH);
	seq_puts(m, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
	seq_pad(m);
	if (fib_table_exists(net, RT_TABLE_MAIN))
		fib_route_dump(net, &cursor, RT_TABLE_MAIN, route_show, m);
}
