/* SPDX-License-Identifier: BSD-2-Clause */
/* What mcast.c, mcast_report.c and mcast_query.c know of each other. */
#ifndef NETHOOD_IPV6_MCAST_INTERNAL_H
#define NETHOOD_IPV6_MCAST_INTERNAL_H

#include "base/rcu.h"
#include "ipv6/addrconf.h"
#include "ipv6/mcast.h"
#include "ipv6/netns_ipv6.h"

/* flags of a group, as /proc/net/igmp6 shows them */
#define MAF_TIMER_RUNNING 0x01U
#define MAF_LAST_REPORTER 0x02U
#define MAF_LOADED 0x04U   /* the device hears its link-layer address */
#define MAF_NOREPORT 0x08U /* never told: all nodes, and what does not leave the node */

/* filter modes: MCAST_EXCLUDE and MCAST_INCLUDE of netinet/in.h are 0 and 1 */
enum { MLD_EXCLUDE, MLD_INCLUDE };

struct ifmcaddr6 {
	struct list_head node; /**< idev->mc_list, or mc_tomb */
	struct inet6_dev *idev;
	struct in6_addr addr;
	u32 users;
	u32 mode_users[2]; /**< by MLD_EXCLUDE, MLD_INCLUDE */
	u8 mode;           /**< as the records say */
	u8 changes_left;   /**< filter-mode-change records that are still to be sent */
	u8 flags;          /**< MAF_LOADED, MAF_NOREPORT, MAF_LAST_REPORTER */
	bool left;         /**< in mc_tomb */
	bool gsq;          /**< what the timer answers asked for sources */
	u32 source_count;
	struct list_head sources; /**< struct ip6_sf_source */
	struct timer timer;       /**< answer to a query; version 1: report */
	ktime_t cstamp, tstamp;
	struct rcu_head rcu;
};

/** mld_wants() - is @s let through by the group's users? */
static inline bool mld_wants(const struct ifmcaddr6 *mc, const struct ip6_sf_source *s)
{
	if (!mc->mode_users[MLD_EXCLUDE])
		return s->include_count != 0;
	return s->include_count || s->exclude_count != mc->mode_users[MLD_EXCLUDE];
}
static inline u8 mld_mode(const struct ifmcaddr6 *mc)
{
	return mc->mode_users[MLD_EXCLUDE] ? MLD_EXCLUDE : MLD_INCLUDE;
}
/** mld_qrv() - how often a change is told: as the querier says (RFC 3810 9.1), or net.ipv6.mld_qrv */
static inline u8 mld_qrv(const struct inet6_dev *idev)
{
	return idev->mc_qrv ? idev->mc_qrv : (u8)min_u32((u32)idev->dev->net->ipv6->mld_qrv, UINT8_MAX);
}

/* ---- mcast.c */
struct ifmcaddr6 *mld_group_find(const struct inet6_dev *idev, const struct in6_addr *group);
/** mld_hear() - the device lets the group's link-layer address in.  Return: 0, -errno */
int mld_hear(struct ifmcaddr6 *mc);
void mld_hear_not(struct ifmcaddr6 *mc);
/** mld_drop_told() - sources of which nothing is left to tell, and that nobody names */
void mld_drop_told(struct ifmcaddr6 *mc);
/** mld_tomb_free() - one of mc_tomb, once it is told */
void mld_tomb_free(struct ifmcaddr6 *mc);

/* ---- mcast_report.c */
/** mld_speaks_v1() - an old querier is on the link, or the administrator says so */
bool mld_speaks_v1(const struct inet6_dev *idev);
/** mld_tells() - is the group one of which routers are told, and can they be?  That it was left is said when they can */
bool mld_tells(const struct ifmcaddr6 *mc);
/** mld_changed() - the filter of @mc is not what was told: change records, soon */
void mld_changed(struct ifmcaddr6 *mc);
/** mld_send_done() - the last user went, version 1: if we reported last */
void mld_send_done(struct ifmcaddr6 *mc);
/** mld_forget_changes() - version 2's records that wait to be told: there is nobody any more who would understand them */
void mld_forget_changes(struct inet6_dev *idev);
void mld_group_timer(struct timer *t);
void mld_gq_timer(struct timer *t);
void mld_ifc_timer(struct timer *t);
void mld_dad_timer(struct timer *t);
/** mld_arm_within() - at a random time from now to @most; an earlier one stays */
void mld_arm_within(struct inet6_dev *idev, struct timer *t, ktime_t most);

#endif
