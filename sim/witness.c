// SPDX-License-Identifier: BSD-2-Clause
/* Notifications of neighbours, put together, against a dump.
 *
 * What Linux tells nobody, nobody can know: an entry's birth, its becoming INCOMPLETE, STALE to DELAY, REACHABLE to
 * DELAY.  So pictures are compared by who has an address, and which.
 */
#include "witness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"

#define SLOTS 4096U /* neighbours that a witness can tell apart; more, and it gives up */
#define NUD_HAS_ADDRESS (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

/** struct believed - one neighbour */
struct believed {
	int ifindex;         /**< 0: empty slot */
	u8 family, addr[16]; /**< of IPv4: the first four octets */
	u16 state;
	bool has_lladdr, dumped;
	u8 lladdr[SIM_MAC_BYTES];
};

struct witness {
	struct sim_host *host;
	struct nethood_sock *news;
	struct believed slot[SLOTS];
	u32 count;
	bool lost; /**< it missed something: its picture says nothing until the next dump */
};

static struct believed *find(struct witness *wit, const struct believed *like)
{
	const u8 *addr = like->addr, *end = like->family == AF_INET6 ? addr + 12 : addr;
	u32 i = (end[3] + end[2] * 256U + end[1] * 32U + addr[1] * 64U + (u32)like->ifindex * 512U) % SLOTS;

	for (u32 n = 0; n < SLOTS; n++, i = (i + 1) % SLOTS) {
		struct believed *b = &wit->slot[i];

		if (!b->ifindex || (b->ifindex == like->ifindex && b->family == like->family &&
				    memcmp(b->addr, addr, sizeof(b->addr)) == 0))
			return b;
	}
	return NULL;
}

/** read_neigh() - Return: false: not about a neighbour of IPv4 or IPv6 */
static bool read_neigh(const struct nlmsghdr *nlh, struct believed *out)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const char *end = mnl_nlmsg_get_payload_tail(nlh);
	const struct nlattr *a = mnl_nlmsg_get_payload_offset(nlh, sizeof(*ndm));
	u32 addr_bytes = ndm->ndm_family == AF_INET6 ? 16 : 4;
	bool has_addr = false;

	*out = (struct believed){ .ifindex = ndm->ndm_ifindex, .family = ndm->ndm_family, .state = ndm->ndm_state };
	for (; mnl_attr_ok(a, (int)(end - (const char *)a)); a = mnl_attr_next(a)) {
		if (mnl_attr_get_type(a) == NDA_DST && mnl_attr_get_payload_len(a) == addr_bytes) {
			memcpy(out->addr, mnl_attr_get_payload(a), addr_bytes);
			has_addr = true;
		}
		if (mnl_attr_get_type(a) == NDA_LLADDR && mnl_attr_get_payload_len(a) == SIM_MAC_BYTES) {
			memcpy(out->lladdr, mnl_attr_get_payload(a), SIM_MAC_BYTES);
			out->has_lladdr = true;
		}
	}
	return has_addr && (ndm->ndm_family == AF_INET || ndm->ndm_family == AF_INET6) && !(ndm->ndm_flags & NTF_PROXY);
}

/* An entry that went keeps its slot, without a state: those behind it are still found. */
static void believe(struct witness *wit, const struct nlmsghdr *nlh)
{
	struct believed said, *b;

	if ((nlh->nlmsg_type != RTM_NEWNEIGH && nlh->nlmsg_type != RTM_DELNEIGH) || !read_neigh(nlh, &said))
		return;
	b = find(wit, &said);
	if (!b) {
		wit->lost = true;
		return;
	}
	if (nlh->nlmsg_type == RTM_DELNEIGH)
		said.state = 0;
	*b = said;
}

void witness_read(struct witness *wit)
{
	u8 buf[32768];
	ssize_t n;

	while ((n = nethood_recvfrom(wit->news, buf, sizeof(buf), 0, NULL, NULL)) != -EAGAIN) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)buf;
		int left = (int)n;

		if (n < 0) {
			wit->lost = true;
			continue;
		}
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			believe(wit, nlh);
	}
}

/* ------------------------------------------------------------------ the dump */

static const char *address_text(const struct believed *b, char text[static INET6_ADDRSTRLEN])
{
	return inet_ntop(b->family, b->addr, text, INET6_ADDRSTRLEN);
}

static void compare_one(void *ctx, const struct nlmsghdr *nlh)
{
	struct witness *wit = ctx;
	struct believed real, *b;
	char text[INET6_ADDRSTRLEN];
	bool known;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || !read_neigh(nlh, &real))
		return;
	b = find(wit, &real);
	if (!b)
		return;
	known = b->ifindex && (b->state & NUD_HAS_ADDRESS);
	b->dumped = true;
	/* NOARP entries are born with their state, and nobody is told of a birth */
	if (!wit->lost && !(real.state & NUD_NOARP) &&
	    (known != !!(real.state & NUD_HAS_ADDRESS) ||
	     (known && memcmp(b->lladdr, real.lladdr, SIM_MAC_BYTES) != 0)))
		sim_broken(wit->host->world,
			   "%s: a listener believes that %s is in state %#x at %02x:%02x:%02x:%02x:%02x:%02x, it is in "
			   "%#x at %02x:%02x:%02x:%02x:%02x:%02x",
			   wit->host->name, address_text(&real, text), b->state, b->lladdr[0], b->lladdr[1],
			   b->lladdr[2], b->lladdr[3], b->lladdr[4], b->lladdr[5], real.state, real.lladdr[0],
			   real.lladdr[1], real.lladdr[2], real.lladdr[3], real.lladdr[4], real.lladdr[5]);
}

static void compare_the_rest(struct witness *wit)
{
	for (u32 i = 0; i < SLOTS; i++) {
		struct believed *b = &wit->slot[i];
		char text[INET6_ADDRSTRLEN];

		if (b->ifindex && (b->state & NUD_HAS_ADDRESS) && !b->dumped && !wit->lost)
			sim_broken(wit->host->world, "%s: a listener believes in %s, which is no more", wit->host->name,
				   address_text(b, text));
		b->dumped = false;
	}
}

void witness_compare(struct witness *wit)
{
	witness_read(wit);
	if (!admin_dump(wit->host, RTM_GETNEIGH, AF_UNSPEC, compare_one, wit))
		compare_the_rest(wit);
}

/* ------------------------------------------------------------------ life */

struct witness *witness_create(struct sim_host *h)
{
	const struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1U << (RTNLGRP_NEIGH - 1) };
	struct witness *wit = calloc(1, sizeof(*wit));
	int bytes = 8 << 20;

	if (!wit)
		abort();
	wit->host = h;
	if (nethood_socket(h->net, AF_NETLINK, SOCK_RAW, 0, &wit->news))
		wit->news = NULL;
	if (!wit->news || nethood_bind(wit->news, (const struct sockaddr *)&group, sizeof(group))) {
		witness_destroy(wit);
		return NULL;
	}
	(void)nethood_setsockopt(wit->news, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	return wit;
}

void witness_destroy(struct witness *wit)
{
	if (!wit)
		return;
	if (wit->news)
		nethood_close(wit->news);
	free(wit);
}
