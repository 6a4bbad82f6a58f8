// SPDX-License-Identifier: BSD-2-Clause
/* Router advertisements, by a program with a raw socket, as any such daemon does it. */
#include "radv.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>

#include "octets.h"

#define INTERVAL_NS (7 * SIM_NSEC_PER_SEC)
#define ROUTER_S 60U
#define VALID_S 120U
#define PREFERRED_S 90U
#define HOPS 64U
#define RA_BYTES (16U + 8U + 8U + 32U)

static const u8 *mac_of(const struct radv *r, const struct radv_link *link)
{
	for (u32 i = 0; i < r->host->port_count; i++) {
		if (r->host->port[i].dev && nethood_dev_ifindex(r->host->port[i].dev) == link->ifindex)
			return r->host->port[i].mac;
	}
	return r->host->port[0].mac;
}

/** build() - RFC 4861 4.2, 4.6.1, 4.6.2, 4.6.4.  Return: octets */
static u32 build(const struct radv *r, const struct radv_link *link, u8 out[static RA_BYTES])
{
	u8 *p = out + 16;

	memset(out, 0, RA_BYTES);
	out[0] = ND_ROUTER_ADVERT;
	out[4] = HOPS;
	out[7] = ROUTER_S;
	p[0] = ND_OPT_SOURCE_LINKADDR;
	p[1] = 1;
	memcpy(p + 2, mac_of(r, link), SIM_MAC_BYTES);
	p += 8;
	if (link->mtu_bytes) {
		p[0] = ND_OPT_MTU;
		p[1] = 1;
		put32(p + 4, link->mtu_bytes);
		p += 8;
	}
	p[0] = ND_OPT_PREFIX_INFORMATION;
	p[1] = 4;
	p[2] = 64;
	p[3] = ND_OPT_PI_FLAG_ONLINK | ND_OPT_PI_FLAG_AUTO;
	put32(p + 4, VALID_S);
	put32(p + 8, PREFERRED_S);
	memcpy(p + 16, link->prefix, 16);
	return (u32)(p + 32 - out);
}

static void advertise(struct radv *r, const struct radv_link *link)
{
	struct sockaddr_in6 all = { .sin6_family = AF_INET6, .sin6_scope_id = (u32)link->ifindex };
	u8 ra[RA_BYTES];
	u32 bytes = build(r, link, ra);

	memcpy(&all.sin6_addr, (const u8[16]){ 0xff, 2, [15] = 1 }, 16);
	(void)nethood_sendto(r->sk, ra, bytes, 0, (const struct sockaddr *)&all, sizeof(all));
}

static void tick(struct sim_world *w, void *obj, u64 arg)
{
	struct radv *r = obj;

	(void)arg;
	r->ticks = r->sk != NULL;
	if (!r->ticks)
		return;
	sim_host_enter(r->host);
	for (u32 i = 0; i < r->link_count; i++)
		advertise(r, &r->link[i]);
	sim_host_poll(r->host);
	sim_after(w, INTERVAL_NS, r->host->id, tick, r, 0);
}

/* Whoever asks gets an answer at once, by multicast.  @rfc 4861 6.2.6 */
static void asked(void *ctx, struct nethood_sock *sk, u32 events)
{
	struct radv *r = ctx;
	struct sockaddr_in6 from;
	socklen_t from_bytes = sizeof(from);
	u8 rs[256];
	ssize_t n;

	(void)events;
	while ((n = nethood_recvfrom(sk, rs, sizeof(rs), 0, (struct sockaddr *)&from, &from_bytes)) != -EAGAIN) {
		for (u32 i = 0; i < r->link_count && n > 0; i++) {
			if (rs[0] == ND_ROUTER_SOLICIT && (u32)r->link[i].ifindex == from.sin6_scope_id)
				advertise(r, &r->link[i]);
		}
		from_bytes = sizeof(from);
	}
}

static int prepare(struct radv *r)
{
	struct icmp6_filter solicits;
	int hops = 255, err;

	ICMP6_FILTER_SETBLOCKALL(&solicits);
	ICMP6_FILTER_SETPASS(ND_ROUTER_SOLICIT, &solicits);
	err = nethood_setsockopt(r->sk, IPPROTO_ICMPV6, ICMP6_FILTER, &solicits, sizeof(solicits));
	if (!err)
		err = nethood_setsockopt(r->sk, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops));
	for (u32 i = 0; i < r->link_count && !err; i++) {
		struct ipv6_mreq group = { .ipv6mr_interface = (unsigned int)r->link[i].ifindex };

		memcpy(&group.ipv6mr_multiaddr, (const u8[16]){ 0xff, 2, [15] = 2 }, 16);
		err = nethood_setsockopt(r->sk, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &group, sizeof(group));
	}
	return err;
}

int radv_start(struct radv *r)
{
	int err;

	radv_stop(r);
	err = nethood_socket(r->host->net, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, &r->sk);
	if (err)
		r->sk = NULL;
	else
		err = prepare(r);
	if (err) {
		radv_stop(r);
		return err;
	}
	nethood_on_ready(r->sk, asked, r);
	if (!r->ticks)
		sim_after(r->host->world, 0, r->host->id, tick, r, 0);
	r->ticks = true;
	return 0;
}

void radv_stop(struct radv *r)
{
	if (r->sk)
		nethood_close(r->sk);
	r->sk = NULL;
}
