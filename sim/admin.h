/* SPDX-License-Identifier: BSD-2-Clause */
/* What ip(8) does, in rtnetlink's octets, to a simulated host.
 *
 * Return of all: 0, or the errno that rtnetlink answered (negative); -EIO: it did not answer.
 * An address is 4 octets in network order; 16 in functions whose name ends in 6.
 */
#ifndef NETHOOD_SIM_ADMIN_H
#define NETHOOD_SIM_ADMIN_H

#include <linux/netlink.h>

#include "world.h"

int admin_link(struct sim_host *h, int ifindex, bool up);
/** admin_change_mac() - of device ethN, @number */
int admin_change_mac(struct sim_host *h, u32 number, const u8 mac[static SIM_MAC_BYTES]);
/** admin_is_running() - is device @ifindex up, and has it a carrier?  Needs no memory */
bool admin_is_running(struct sim_host *h, int ifindex);
int admin_mtu(struct sim_host *h, int ifindex, u32 mtu_bytes);
int admin_addr(struct sim_host *h, bool add, int ifindex, const u8 addr[static 4], u8 prefixlen);
/** admin_route() - @gateway NULL: on link */
int admin_route(struct sim_host *h, bool add, const u8 dst[static 4], u8 prefixlen, const u8 *gateway, int ifindex);
/** admin_neigh() - @lladdr NULL: none; @state: NUD_*; @nlflags: NLM_F_CREATE ... */
int admin_neigh(struct sim_host *h, u16 type, u16 nlflags, int ifindex, const u8 addr[static 4], const u8 *lladdr,
		u16 state, u8 flags);

/** admin_addr6() - @flags: IFA_F_NODAD ...; IFA_F_DEPRECATED: it is no source unless a packet has it already */
int admin_addr6(struct sim_host *h, bool add, int ifindex, const u8 addr[static 16], u8 prefixlen, u32 flags);
int admin_route6(struct sim_host *h, bool add, const u8 dst[static 16], u8 prefixlen, const u8 *gateway, int ifindex);
/** admin_neigh6() - NTF_PROXY in @flags: a proxy */
int admin_neigh6(struct sim_host *h, u16 type, u16 nlflags, int ifindex, const u8 addr[static 16], const u8 *lladdr,
		 u16 state, u8 flags);

#define ADMIN_STATE_NEIGHBOURS 512U

/** struct admin_state - what dumps tell, but for what changes by itself, as hashes */
struct admin_state {
	u64 rest; /**< addresses and routes */
	u64 neigh[ADMIN_STATE_NEIGHBOURS];
	u32 neigh_count;
	bool too_many;
};

void admin_state(struct sim_host *h, struct admin_state *out);
/** admin_state_is() - @now is as @before; @collected: but for neighbours that made room for one more */
bool admin_state_is(const struct admin_state *now, const struct admin_state *before, bool collected);
/** admin_dump() - @fn is told of each object: of RTM_GETNEIGH, RTM_GETADDR, RTM_GETROUTE, of @family.  Return: 0, -errno */
int admin_dump(struct sim_host *h, u16 type, u8 family, void (*fn)(void *ctx, const struct nlmsghdr *nlh), void *ctx);
/** admin_ask() - a message as it is; its sequence number is filled in */
int admin_ask(struct sim_host *h, struct nlmsghdr *nlh);

#endif
