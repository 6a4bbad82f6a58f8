// SPDX-License-Identifier: BSD-2-Clause
/* What a net can tell of its neighbours beyond rtnetlink. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "api_internal.h"
#include "ipv4/netns_ipv4.h"
#include "neigh/neigh_history.h"

static void tell_change(struct nethood_neigh_change *out, const struct neigh_change *c)
{
	*out = (struct nethood_neigh_change){
		.now_ns = (uint64_t)c->at,
		.old_state = c->old_state,
		.new_state = c->new_state,
		.deleted = c->died,
		.lladdr_bytes = c->addr_len,
		.had_lladdr = c->had_ha,
		.has_lladdr = c->has_ha,
		.cause = neigh_cause_text(c->cause),
		.cause_id = c->cause_id,
	};
	memcpy(out->old_lladdr, c->old_ha, sizeof(out->old_lladdr));
	memcpy(out->lladdr, c->ha, sizeof(out->lladdr));
}

static const struct neigh_history *history_of(struct net *net, const struct net_device *dev, const void *addr)
{
	const struct neigh_history *h;
	struct net_device *each;

	if (dev)
		return neigh_history_find(net, AF_INET, addr, 4, dev->ifindex);
	for_each_netdev(net, each) {
		h = neigh_history_find(net, AF_INET, addr, 4, each->ifindex);
		if (h)
			return h;
	}
	return NULL;
}

int nethood_neigh_history(struct nethood_net *nn, const char *name, int family, const void *addr,
			  int (*fn)(void *ctx, const struct nethood_neigh_change *change), void *ctx, uint64_t *changes)
{
	struct net_device *dev = name ? dev_find_by_name(&nn->net, name) : NULL;
	struct nethood_neigh_change change;
	const struct neigh_history *h;
	u64 i;
	int ret = 0;

	if (family != AF_INET)
		return -EAFNOSUPPORT;
	if (name && !dev)
		return -ENODEV;
	h = history_of(&nn->net, dev, addr);
	if (!h)
		return -ENOENT;
	if (changes)
		*changes = h->change_count;
	i = h->change_count > NEIGH_HISTORY_CHANGES ? h->change_count - NEIGH_HISTORY_CHANGES : 0;
	for (; i < h->change_count && !ret; i++) {
		tell_change(&change, &h->change[i % NEIGH_HISTORY_CHANGES]);
		ret = fn(ctx, &change);
	}
	return ret;
}

int nethood_neigh_doubt(struct nethood_net *nn, const char *name, int family, const void *addr)
{
	struct neigh_table *tbl = nn->net.ipv4->arp;
	struct net_device *only = name ? dev_find_by_name(&nn->net, name) : NULL, *dev;
	struct neighbour *n = NULL;

	if (family != AF_INET)
		return -EAFNOSUPPORT;
	if (name && !only)
		return -ENODEV;
	for_each_netdev(&nn->net, dev) {
		n = only && dev != only ? NULL : neigh_find(tbl, addr, dev);
		if (n)
			break;
	}
	if (!n)
		return -ENOENT;
	neigh_doubt(n);
	return 0;
}
