// SPDX-License-Identifier: BSD-2-Clause
/* TCP of a net: its tables begin and end here. */
#include <errno.h>

#include "net.h"
#include "tcp/tcp.h"

int tcp_net_init(struct net *net)
{
	struct tcp_net *tn = mem_zalloc(net->mem, sizeof(*tn));

	if (!tn)
		return -ENOMEM;
	net->tcp = tn;
	INIT_LIST_HEAD(&tn->orphans);
	tcp_hash_init(net);
	tcp_sysctl_init(net);
	tcp_ca_sysctl_init(net);
	return 0;
}

void tcp_net_close(struct net *net)
{
	struct list_head *orphans = &net->tcp->orphans;

	while (!list_empty(orphans))
		tcp_done(tcp_sk(list_first_entry(orphans, struct sock, net_node)));
}

void tcp_net_exit(struct net *net)
{
	struct tcp_net *tn = net->tcp;

	if (!tn)
		return;
	if (tn->page)
		skb_page_put(tn->page);
	tcp_ca_sysctl_exit(net);
	tcp_sysctl_exit(net);
	tcp_hash_exit(net);
	assert(!tn->orphan_count && !tn->timewait_count && !tn->mem_bytes);
	mem_free(net->mem, tn, sizeof(*tn));
	net->tcp = NULL;
}
