/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 addresses of devices, and the parameters of net.ipv4.conf.  @linux include/linux/inetdevice.h, net/ipv4/devinet.c */
#ifndef NETHOOD_IPV4_INETDEVICE_H
#define NETHOOD_IPV4_INETDEVICE_H

#include <linux/if_addr.h> /* IFA_F_* */

#include "base/byteorder.h"
#include "base/list.h"
#include "base/rcu.h"
#include "base/sysctl.h"
#include "base/timer.h"
#include "base/types.h"
#include "dev/netdevice.h"
#include "net.h"

enum {
	IPV4_DEVCONF_FORWARDING,
	IPV4_DEVCONF_MC_FORWARDING,
	IPV4_DEVCONF_PROXY_ARP,
	IPV4_DEVCONF_ACCEPT_REDIRECTS,
	IPV4_DEVCONF_SECURE_REDIRECTS,
	IPV4_DEVCONF_SEND_REDIRECTS,
	IPV4_DEVCONF_SHARED_MEDIA,
	IPV4_DEVCONF_RP_FILTER,
	IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE,
	IPV4_DEVCONF_LOG_MARTIANS,
	IPV4_DEVCONF_TAG,
	IPV4_DEVCONF_ARPFILTER,
	IPV4_DEVCONF_MEDIUM_ID,
	IPV4_DEVCONF_ARP_ANNOUNCE,
	IPV4_DEVCONF_ARP_IGNORE,
	IPV4_DEVCONF_PROMOTE_SECONDARIES,
	IPV4_DEVCONF_ARP_ACCEPT,
	IPV4_DEVCONF_ARP_NOTIFY,
	IPV4_DEVCONF_ACCEPT_LOCAL,
	IPV4_DEVCONF_SRC_VMARK,
	IPV4_DEVCONF_PROXY_ARP_PVLAN,
	IPV4_DEVCONF_ROUTE_LOCALNET,
	IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN,
	IPV4_DEVCONF_DROP_UNICAST_IN_L2_MULTICAST,
	IPV4_DEVCONF_DROP_GRATUITOUS_ARP,
	IPV4_DEVCONF_ARP_EVICT_NOCARRIER,
	IPV4_DEVCONF_MAX
};
struct ipv4_devconf {
	int data[IPV4_DEVCONF_MAX];
	u32 state_set; /**< bit per variable set explicitly */
	struct ctl_dir sysctl;
};

/** struct in_ifaddr - one address; dev->ip_ptr's list, primaries before their secondaries */
struct in_ifaddr {
	struct list_head node;
	struct in_device *ifa_dev;
	__be32 ifa_local, ifa_address, ifa_mask, ifa_broadcast;
	u8 ifa_prefixlen, ifa_scope, ifa_proto;
	u32 ifa_flags; /**< IFA_F_* */
	u32 ifa_rt_priority;
	u32 ifa_valid_lft_s, ifa_preferred_lft_s; /**< INFINITY_LIFE_TIME: for ever */
	ktime_t ifa_cstamp, ifa_tstamp;
	u32 ifa_seq; /**< grows with each address of the net: of several that are equal, the newest is found */
	char ifa_label[IFNAMSIZ];
	struct acd_ifaddr *acd; /**< ipv4/acd_ifaddr.c; NULL: nobody probes for it */
	struct timer lft_timer; /**< end of its preferred, then of its valid lifetime */
	struct rcu_head rcu;
};
#define INFINITY_LIFE_TIME 0xFFFFFFFFU
struct in_device {
	struct net_device *dev;
	struct list_head ifa_list;
	struct ipv4_devconf cnf;
	bool dead;
	struct list_head mc_list; /**< ip_mc_list: joined groups */
	u32 mc_count;
	u32 acd_conflict_count;           /**< conflicts since an address was last found to be free */
	ktime_t mr_v1_until, mr_v2_until; /**< IGMP queries of older versions were heard */
	struct rcu_head rcu;
};

#define IN_DEV_CONF_GET(in_dev, attr) ((in_dev)->cnf.data[IPV4_DEVCONF_##attr])
#define IPV4_DEVCONF_ALL(net, attr) ((net)->ipv4->devconf_all->data[IPV4_DEVCONF_##attr])
#define IN_DEV_ORCONF(in_dev, attr) (IPV4_DEVCONF_ALL((in_dev)->dev->net, attr) || IN_DEV_CONF_GET(in_dev, attr))
#define IN_DEV_ANDCONF(in_dev, attr) (IPV4_DEVCONF_ALL((in_dev)->dev->net, attr) && IN_DEV_CONF_GET(in_dev, attr))
static inline int in_dev_max(int a, int b)
{
	return a > b ? a : b;
}
#define IN_DEV_MAXCONF(in_dev, attr) \
	in_dev_max(IPV4_DEVCONF_ALL((in_dev)->dev->net, attr), IN_DEV_CONF_GET(in_dev, attr))

/** inet_ifa_tentative() - it is not known yet that nobody else has it: no routes, no source */
static inline bool inet_ifa_tentative(const struct in_ifaddr *ifa)
{
	return unlikely(ifa->acd != NULL) && (ifa->ifa_flags & IFA_F_TENTATIVE);
}

static inline struct in_device *in_dev_get_rcu(const struct net_device *dev)
{
	return dev->ip_ptr;
}
/** devinet_init() - addresses of a net: before fib_net_init() */
int devinet_init(struct net *net);
void devinet_exit(struct net *net);
/**
 * inet_insert_ifa() - add an address
 * @ifa: copied; what is zero is filled in: peer, label, lifetimes (for ever); so are mask, time stamps, and the flags
 *       SECONDARY, PERMANENT, DEPRECATED
 * @errmsg: the kernel's text, static; may be NULL
 *
 * Told on net->ipv4->inetaddr_chain as NETDEV_UP, as each later change is; the end as NETDEV_DOWN, when it is out of
 * its list already.  Its routes come and go last.
 * Return: 0 (an address of zero is nothing), -EEXIST, -EINVAL, -ENOBUFS (nothing changed).
 */
int inet_insert_ifa(struct net_device *dev, const struct in_ifaddr *ifa, u32 portid, const char **errmsg);
/** inet_change_ifa() - new lifetimes, flags, priority of an address that exists (NLM_F_REPLACE); Return: 0, -EINVAL, -ENOBUFS */
int inet_change_ifa(struct in_ifaddr *ifa, const struct in_ifaddr *want, u32 portid);
/** inet_addr_genid() - changes with each change of an address: for torn dumps */
u32 inet_addr_genid(const struct net *net);
/** inet_del_ifa() - with its secondaries, or, with promote_secondaries, the first of them takes its place.  Return: 0, -ENOBUFS */
int inet_del_ifa(struct net_device *dev, struct in_ifaddr *ifa, u32 portid);
/** inet_take_addr() - of who has set it, as far as it is still there; that there is no memory for it is logged */
void inet_take_addr(struct net_device *dev, __be32 local, u8 prefixlen);
/** inet_find_ifa() - local address and prefix length as they are; x_find() */
struct in_ifaddr *inet_find_ifa(const struct in_device *in_dev, __be32 local, u8 prefixlen);
/** inet_forward_change() - net.ipv4.ip_forward, conf.all.forwarding: all devices, present and to come */
void inet_forward_change(struct net *net, bool on);
/** inet_select_addr() - source address for @dev towards @dst (0: any) of at most @scope; 0: none.  @linux inet_select_addr */
__be32 inet_select_addr(const struct net_device *dev, __be32 dst, int scope);
/** inet_confirm_addr() - @linux inet_confirm_addr */
__be32 inet_confirm_addr(struct net *net, struct in_device *in_dev, __be32 dst, __be32 local, int scope);
bool inet_addr_onlink(const struct in_device *in_dev, __be32 a, __be32 b);
struct in_ifaddr *inet_ifa_byprefix(const struct in_device *in_dev, __be32 prefix, __be32 mask);
struct in_ifaddr *inet_lookup_ifaddr(struct net *net, __be32 addr); /* x_find */
/** inet_addr_type*() - RTN_LOCAL, RTN_BROADCAST, RTN_UNICAST ... of @addr by the local table.  @linux inet_addr_type */
unsigned int inet_addr_type(struct net *net, __be32 addr);
unsigned int inet_dev_addr_type(struct net *net, const struct net_device *dev, __be32 addr);
unsigned int inet_addr_type_dev_table(struct net *net, const struct net_device *dev, __be32 addr);

static inline bool ipv4_is_multicast(__be32 a)
{
	return ((__force u32)a & (__force u32)CONST_BE32(0xf0000000U)) == (__force u32)CONST_BE32(0xe0000000U);
}
static inline bool ipv4_is_loopback(__be32 a)
{
	return ((__force u32)a & (__force u32)CONST_BE32(0xff000000U)) == (__force u32)CONST_BE32(0x7f000000U);
}
static inline bool ipv4_is_lbcast(__be32 a)
{
	return (__force u32)a == 0xffffffffU;
}
static inline bool ipv4_is_zeronet(__be32 a)
{
	return (__force u32)a == 0; /* the rest of 0/8 is unicast, as elsewhere */
}
static inline bool ipv4_is_linklocal_169(__be32 a)
{
	return ((__force u32)a & (__force u32)CONST_BE32(0xffff0000U)) == (__force u32)CONST_BE32(0xa9fe0000U);
}
static inline __be32 inet_make_mask(u32 prefixlen)
{
	return prefixlen ? cpu_to_be32(~0U << (32 - prefixlen)) : cpu_to_be32(0);
}
/** inet_broadcast_addr() - the last of the prefix; 0: between two ends, or of one, there is none (RFC 3021) */
static inline __be32 inet_broadcast_addr(__be32 addr, u32 prefixlen)
{
	return prefixlen < 31 ? (__force __be32)((__force u32)addr | ~(__force u32)inet_make_mask(prefixlen)) : 0;
}

#endif
