// SPDX-License-Identifier: BSD-2-Clause
/* net.ipv6.route: what of IPv6's routes can be tuned.
 *
 * @linux net/ipv6/route.c ipv6_route_table; see ip-sysctl
 *
 * There is no cache of routes to be collected, but for exceptions: gc_interval says how often what is over is looked for,
 * gc_timeout how long a redirect that nobody uses stays.  The other variables are kept for those who write them.
 */
#include <errno.h>
#include <stdio.h>

#include "ipv6/fib6_internal.h"

/** flush_set() - whatever is written */
static int flush_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	s64 number;
	int err = sysctl_parse_number(value, INT32_MIN, INT32_MAX, &number);

	(void)e;
	if (err)
		return err;
	rt6_exceptions_drop(dir->ctx);
	rt6_cache_flush(dir->ctx);
	return 0;
}

static int flush_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	(void)dir;
	(void)e;
	(void)buf;
	(void)size_bytes;
	return -EACCES; /* there is nothing to be read */
}

/* clang-format off */
#define NUMBER(name_, member) \
	{ .name = (name_), .type = SYSCTL_INT, .offset = offsetof(struct netns_ipv6, member), .min = INT32_MIN, \
	  .max = INT32_MAX }
static const struct ctl_table route_table[] = {
	{ .name = "flush", .type = SYSCTL_FN, .get = flush_get, .set = flush_set },
	NUMBER("gc_elasticity", route_gc_elasticity),
	NUMBER("gc_interval", route_gc_interval_s),
	NUMBER("gc_min_interval", route_gc_min_interval_s),
	NUMBER("gc_min_interval_ms", route_gc_min_interval_ms),
	NUMBER("gc_thresh", route_gc_thresh),
	NUMBER("gc_timeout", route_gc_timeout_s),
	NUMBER("max_size", route_max_size),
	NUMBER("min_adv_mss", route_min_advmss),
	NUMBER("mtu_expires", route_mtu_expires_s),
	{ .name = "skip_notify_on_dev_down", .type = SYSCTL_INT,
	  .offset = offsetof(struct netns_ipv6, route_skip_notify_on_dev_down), .min = 0, .max = 1 },
	{ .name = NULL },
};
/* clang-format on */

void rt6_sysctl_init(struct net *net)
{
	struct netns_ipv6 *ipv6 = net->ipv6;
	struct ctl_dir *dir = &ipv6->sysctl_route_dir;

	ipv6->route_max_size = INT32_MAX;
	ipv6->route_gc_thresh = 1024;
	ipv6->route_gc_interval_s = 30;
	ipv6->route_gc_timeout_s = 60;
	ipv6->route_gc_elasticity = 9;
	ipv6->route_gc_min_interval_ms = 500;
	ipv6->route_min_advmss = 1220;
	ipv6->route_mtu_expires_s = 600;
	snprintf(dir->path, sizeof(dir->path), "net.ipv6.route");
	dir->table = route_table;
	dir->base = ipv6;
	dir->ctx = net;
	register_sysctl(&net->sysctl, dir);
}

void rt6_sysctl_exit(struct net *net)
{
	unregister_sysctl(&net->sysctl, &net->ipv6->sysctl_route_dir);
}
