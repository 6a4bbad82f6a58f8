/* SPDX-License-Identifier: BSD-2-Clause */
/* Flow labels that programs lease: IPV6_FLOWLABEL_MGR.
 *
 * The table belongs to the net.  A label has as many users as there are leases of it in sockets; when the last one lets
 * go it lingers, so that nobody gives its number another meaning while packets are under way, and then it is forgotten.
 * @rfc 6437 3, 4   @linux net/ipv6/ip6_flowlabel.c
 */
#ifndef NETHOOD_IPV6_IP6_FLOWLABEL_H
#define NETHOOD_IPV6_IP6_FLOWLABEL_H

#include "base/list.h"
#include "base/timer.h"
#include "wire/ipv6.h"

struct ipv6_txoptions;
struct net;

#define FLOWLABEL_STATELESS 0x80000U /* the half of the labels that nobody leases: flowlabel_state_ranges */

/* Who may have the same label: struct in6_flowlabel_req.flr_share; IPV6_FL_S_* of linux/in6.h */
enum fl6_share { FL6_S_NONE, FL6_S_EXCL, FL6_S_PROCESS, FL6_S_USER, FL6_S_ANY = 255 };

/** struct ip6_flowlabel - one label */
struct ip6_flowlabel {
	struct hlist_node node;
	struct timer timer; /**< until it is forgotten; armed while there are no users */
	struct net *net;
	struct in6_addr dst;
	__be32 label;
	u8 share;  /**< enum fl6_share */
	u32 owner; /**< a process or a user, as share says; else 0 */
	u32 users; /**< leases */
	u32 linger_s;
	ktime_t expires;
	struct ipv6_txoptions *opt; /**< headers of its packets; owned, memory of the net; NULL: none */
};

/** struct fl6_want - what somebody asks for */
struct fl6_want {
	struct in6_addr dst;
	__be32 label; /**< 0: any that is free */
	u8 share;
	u32 owner;
	u32 linger_s, expires_s;
	bool create;                 /**< if there is none */
	bool exclusive;              /**< only if there is none */
	bool admin;                  /**< may have more of the table than others */
	u32 held;                    /**< leases that the socket has */
	struct ipv6_txoptions **opt; /**< of a new label: taken, and NULL is left; untouched else */
};

/** fl6_lease() - one more user of a label.  *out: fl6_release() ends it
 *  Return: 0, -EEXIST, -EPERM: not for him, -ENOENT: there is none, -ENOBUFS: the table is full, or his part of it, -ENOMEM */
int fl6_lease(struct net *net, const struct fl6_want *want, struct ip6_flowlabel **out);
void fl6_release(struct ip6_flowlabel *fl);
/** fl6_renew() - times can be made longer, not shorter */
void fl6_renew(struct ip6_flowlabel *fl, u32 linger_s, u32 expires_s);
/** fl6_find() - borrowed; NULL: none, or one that lingers */
struct ip6_flowlabel *fl6_find(const struct net *net, __be32 label);
/** fl6_exclusive() - is there a label that not everybody may use?  Then nobody uses one that he has not leased */
bool fl6_exclusive(const struct net *net);

void fl6_exit(struct net *net);

#endif
