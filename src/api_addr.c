// SPDX-License-Identifier: BSD-2-Clause
/* Addresses from outside: DHCP, IPv4 link-local and by ARP, as include/nethood has them. */
#include <errno.h>

#include "api_internal.h"
#include "api_record.h"
#include "ipv4/addr_by_arp.h"
#include "ipv4/dhcp.h"
#include "ipv4/ipv4ll.h"

static_assert(NETHOOD_DHCP_PROBING == (int)DHCP_PROBING && NETHOOD_DHCP_RELEASING == (int)DHCP_RELEASING,
	      "the states of the header are the machine's");

static struct in_addr in_addr_of(__be32 addr)
{
	return (struct in_addr){ (__force in_addr_t)addr };
}

/* ------------------------------------------------------------------ DHCP */

int nethood_dhcp_start(struct nethood_dev *dev, const struct nethood_dhcp_config *config)
{
	static const struct nethood_dhcp_config none;
	struct net *net = dev_of(dev)->net;
	struct dhcp_config cfg;

	if (unlikely(net->rec))
		rec_dhcp_start(net->rec, dev_of(dev), config);
	if (!config)
		config = &none;
	if (config->client_id_bytes > UINT32_MAX)
		return rec_ret(net, -EINVAL);
	cfg = (struct dhcp_config){
		.client_id = config->client_id,
		.client_id_bytes = (u32)config->client_id_bytes,
		.hostname = config->hostname,
		.requested = (__force __be32)config->requested.s_addr,
		.metric = config->metric,
		.link_local = config->link_local,
		.changed = config->changed,
		.ctx = config->ctx,
	};
	return rec_ret(net, dhcp_start(dev_of(dev), &cfg));
}

int nethood_dhcp_stop(struct nethood_dev *dev)
{
	struct net *net = dev_of(dev)->net;

	rec_call_d(dev_of(dev), REC_DHCP_STOP);
	return rec_ret(net, dhcp_stop(dev_of(dev)));
}

static uint64_t time_of(ktime_t at)
{
	return at == KTIME_MAX ? UINT64_MAX : (uint64_t)at;
}

static struct in_addr router_of(const struct dhcp_params *lease)
{
	for (u32 i = 0; i < lease->route_count; i++) {
		if (!lease->route[i].prefixlen)
			return in_addr_of(lease->route[i].gateway);
	}
	return in_addr_of(cpu_to_be32(0));
}

int nethood_dhcp_lease(const struct nethood_dev *dev, struct nethood_dhcp_lease *out)
{
	struct dhcp_status s;
	int err = dhcp_status(dev_of(dev), &s);

	if (err)
		return err;
	*out = (struct nethood_dhcp_lease){ .state = (enum nethood_dhcp_state)s.state, .bound = s.bound };
	if (!s.bound)
		return 0;
	out->prefix_bits = s.lease->prefixlen;
	out->mtu = s.lease->mtu;
	out->addr = in_addr_of(s.lease->addr);
	out->server = in_addr_of(s.lease->server);
	out->router = router_of(s.lease);
	out->dns_count = s.lease->dns_count;
	for (u32 i = 0; i < s.lease->dns_count; i++)
		out->dns[i] = in_addr_of(s.lease->dns[i]);
	out->lease_s = s.lease->lease_s;
	out->renew_at_ns = time_of(s.t1);
	out->rebind_at_ns = time_of(s.t2);
	out->expires_at_ns = time_of(s.expires);
	memcpy(out->domain, s.lease->domain, sizeof(out->domain));
	return 0;
}

static_assert(sizeof(((struct nethood_dhcp_lease *)0)->domain) == sizeof(((struct dhcp_params *)0)->domain) &&
		      ARRAY_SIZE(((struct nethood_dhcp_lease *)0)->dns) == DHCP_DNS_SERVERS,
	      "what a lease holds, the header has room for");

/* ------------------------------------------------------------------ link-local */

int nethood_ipv4ll_start(struct nethood_dev *dev)
{
	struct net *net = dev_of(dev)->net;

	rec_call_d(dev_of(dev), REC_IPV4LL_START);
	return rec_ret(net, ipv4ll_start(dev_of(dev)));
}

int nethood_ipv4ll_stop(struct nethood_dev *dev)
{
	struct net *net = dev_of(dev)->net;

	rec_call_d(dev_of(dev), REC_IPV4LL_STOP);
	return rec_ret(net, ipv4ll_stop(dev_of(dev)));
}

struct in_addr nethood_ipv4ll_addr(const struct nethood_dev *dev)
{
	return in_addr_of(ipv4ll_addr(dev_of(dev)));
}

/* ------------------------------------------------------------------ by ARP */

int nethood_by_arp_start(struct nethood_dev *dev, const struct nethood_by_arp_config *config)
{
	const struct addr_by_arp_config cfg = {
		.icmp_bytes = config->icmp_bytes,
		.port = config->port,
		.prefixlen = config->prefix_bits,
		.timeout = config->timeout_ns > INT64_MAX / 2 ? INT64_MAX / 2 : (ktime_t)config->timeout_ns,
		.changed = config->changed,
		.ctx = config->ctx,
	};
	struct net *net = dev_of(dev)->net;

	if (unlikely(net->rec))
		rec_by_arp_start(net->rec, dev_of(dev), config);
	return rec_ret(net, addr_by_arp_start(dev_of(dev), &cfg));
}

int nethood_by_arp_stop(struct nethood_dev *dev)
{
	struct net *net = dev_of(dev)->net;

	rec_call_d(dev_of(dev), REC_BY_ARP_STOP);
	return rec_ret(net, addr_by_arp_stop(dev_of(dev)));
}

int nethood_by_arp_addr(const struct nethood_dev *dev, struct in_addr *addr)
{
	__be32 wire = cpu_to_be32(0);
	int err = addr_by_arp_get(dev_of(dev), &wire);

	*addr = in_addr_of(wire);
	return err;
}
