/* SPDX-License-Identifier: BSD-2-Clause */
/* The LAN of the benchmarks that use the public header alone: an address, and one neighbour that is known for ever. */
#ifndef NETHOOD_BENCH_LAN_H
#define NETHOOD_BENCH_LAN_H

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/types.h"
#include "nethood/nethood.h"

static inline void lan_die(const char *why)
{
	fprintf(stderr, "rtnetlink: %s\n", why);
	exit(1);
}

static inline void lan_ask(struct nethood_sock *admin, const void *request, size_t bytes)
{
	u8 answer[4096];

	if (nethood_sendto(admin, request, bytes, 0, NULL, 0) < 0 ||
	    nethood_recvfrom(admin, answer, sizeof(answer), 0, NULL, NULL) < 0 ||
	    ((struct nlmsgerr *)(void *)(answer + NLMSG_HDRLEN))->error)
		lan_die("a request was refused");
}

struct lan_attr32 {
	struct rtattr rta;
	u32 value;
};

/** lan_configure() - link @ifindex is up, is 10.0.0.@host, and knows the address of 10.0.0.@peer: 02:00:00:00:00:@peer */
static inline void lan_configure(struct nethood_net *net, int ifindex, u8 host, u8 peer)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg m;
	} up = { { sizeof(up), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0 },
		 { .ifi_index = ifindex, .ifi_flags = 1, .ifi_change = 1 } };
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg m;
		struct lan_attr32 local;
	} addr = { { sizeof(addr), RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 2, 0 },
		   { .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = (u32)ifindex },
		   { { sizeof(struct lan_attr32), IFA_LOCAL }, htonl(0x0a000000U + host) } };
	struct {
		struct nlmsghdr h;
		struct ndmsg m;
		struct lan_attr32 dst;
		struct rtattr rta;
		u8 lladdr[8];
	} neigh = { { sizeof(neigh), RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 3, 0 },
		    { .ndm_family = AF_INET, .ndm_ifindex = ifindex, .ndm_state = 0x80 /* NUD_PERMANENT */ },
		    { { sizeof(struct lan_attr32), NDA_DST }, htonl(0x0a000000U + peer) },
		    { 10, NDA_LLADDR },
		    { 2, 0, 0, 0, 0, peer } };
	struct nethood_sock *admin;

	if (nethood_socket(net, AF_NETLINK, SOCK_RAW, 0, &admin))
		lan_die("no socket");
	lan_ask(admin, &up, sizeof(up));
	lan_ask(admin, &addr, sizeof(addr));
	lan_ask(admin, &neigh, sizeof(neigh));
	nethood_close(admin);
}

struct lan_attr128 {
	struct rtattr rta;
	struct in6_addr value;
};

/** lan_configure6() - the same link is fd00::@host as well, and knows the address of fd00::@peer */
static inline void lan_configure6(struct nethood_net *net, int ifindex, u8 host, u8 peer)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg m;
		struct lan_attr128 addr;
	} addr = { { sizeof(addr), RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 2, 0 },
		   { .ifa_family = AF_INET6, .ifa_prefixlen = 64, .ifa_flags = IFA_F_NODAD, .ifa_index = (u32)ifindex },
		   { { sizeof(struct lan_attr128), IFA_ADDRESS }, { { { 0xfd, [15] = host } } } } };
	struct {
		struct nlmsghdr h;
		struct ndmsg m;
		struct lan_attr128 dst;
		struct rtattr rta;
		u8 lladdr[8];
	} neigh = { { sizeof(neigh), RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 3, 0 },
		    { .ndm_family = AF_INET6, .ndm_ifindex = ifindex, .ndm_state = 0x80 /* NUD_PERMANENT */ },
		    { { sizeof(struct lan_attr128), NDA_DST }, { { { 0xfd, [15] = peer } } } },
		    { 10, NDA_LLADDR },
		    { 2, 0, 0, 0, 0, peer } };
	struct nethood_sock *admin;

	if (nethood_socket(net, AF_NETLINK, SOCK_RAW, 0, &admin))
		lan_die("no socket");
	lan_ask(admin, &addr, sizeof(addr));
	lan_ask(admin, &neigh, sizeof(neigh));
	nethood_close(admin);
}

union lan_addr {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/** lan_addr() - where host 2 listens: 10.0.0.2, or fd00::2 */
static inline union lan_addr lan_addr(bool ipv6, u16 port)
{
	union lan_addr addr = { .v4 = { .sin_family = AF_INET, .sin_addr = { htonl(0x0a000002) } } };

	if (ipv6)
		addr.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = { { { 0xfd, [15] = 2 } } } };
	addr.v4.sin_port = htons(port); /* it lies there in both */
	return addr;
}

#endif
