// SPDX-License-Identifier: BSD-2-Clause
/* Does all hold that a net says of itself? */
#include "api_internal.h"
#include "ipv6/ip6_check.h"
#include "neigh/neigh_check.h"
#include "neigh/neighbour.h"
#include "socket/sock_check.h"
#include "tcp/tcp.h"

static const char *ledger_check(struct nethood_net *nn)
{
	struct nethood_ledger l;

	nethood_ledger(nn, &l);
	HOLDS(l.taken_in == l.live + l.consumed + l.dropped, "no packet dies without a name");
	return NULL;
}

static const char *neigh_net_check(const struct net *net)
{
	for (u32 i = 0; i < NEIGH_NR_TABLES; i++) {
		struct neigh_table *tbl = net->neigh->table[i];
		const char *broken = tbl ? neigh_table_check(tbl) : NULL;

		if (unlikely(broken))
			return broken;
	}
	return NULL;
}

const char *nethood_check_changed(struct nethood_net *nn)
{
	struct neigh_net *neigh = nn->net.neigh;
	const char *broken = neigh->broken;

	neigh->looks_at_changes = true;
	return broken ? broken : ledger_check(nn);
}

const char *nethood_check(struct nethood_net *nn)
{
	const char *broken = ledger_check(nn);

	if (!broken)
		broken = neigh_net_check(&nn->net);
	if (!broken)
		broken = ip6_check(&nn->net);
	if (!broken)
		broken = sock_net_check(&nn->net);
	return broken ? broken : tcp_net_check(&nn->net);
}
