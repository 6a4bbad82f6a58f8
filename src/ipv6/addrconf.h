/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv6 addresses of devices, stateless autoconfiguration, and the parameters of net.ipv6.conf.
 *
 * @rfc 4862, 4291, 6724, 7217, 7527, 4429, 8981   @linux include/net/addrconf.h, include/net/if_inet6.h, net/ipv6/addrconf.c
 */
#ifndef NETHOOD_IPV6_ADDRCONF_H
#define NETHOOD_IPV6_ADDRCONF_H

#include <linux/if_addr.h> /* IFA_F_* */

#include "base/icmp_count.h"
#include "base/list.h"
#include "base/rcu.h"
#include "base/sysctl.h"
#include "base/timer.h"
#include "base/types.h"
#include "dev/netdevice.h"
#include "net.h"
#include "wire/ipv6.h"

struct fib6_info;
struct ifmcaddr6;
struct ifacaddr6;
struct nd_prefix_info;

/* DEVCONF_* of linux/ipv6.h, which cannot be included here: the numbers of IFLA_INET6_CONF.  A gap is a variable of what a
 * net does not have (SRv6, RPL, IOAM, multicast routing). */
enum {
	IPV6_DEVCONF_FORWARDING = 0,
	IPV6_DEVCONF_HOPLIMIT = 1,
	IPV6_DEVCONF_MTU6 = 2,
	IPV6_DEVCONF_ACCEPT_RA = 3,
	IPV6_DEVCONF_ACCEPT_REDIRECTS = 4,
	IPV6_DEVCONF_AUTOCONF = 5,
	IPV6_DEVCONF_DAD_TRANSMITS = 6,
	IPV6_DEVCONF_RTR_SOLICITS = 7,
	IPV6_DEVCONF_RTR_SOLICIT_INTERVAL = 8, /* ms */
	IPV6_DEVCONF_RTR_SOLICIT_DELAY = 9,    /* ms */
	IPV6_DEVCONF_USE_TEMPADDR = 10,
	IPV6_DEVCONF_TEMP_VALID_LFT = 11,
	IPV6_DEVCONF_TEMP_PREFERED_LFT = 12,
	IPV6_DEVCONF_REGEN_MAX_RETRY = 13,
	IPV6_DEVCONF_MAX_DESYNC_FACTOR = 14,
	IPV6_DEVCONF_MAX_ADDRESSES = 15,
	IPV6_DEVCONF_FORCE_MLD_VERSION = 16,
	IPV6_DEVCONF_ACCEPT_RA_DEFRTR = 17,
	IPV6_DEVCONF_ACCEPT_RA_PINFO = 18,
	IPV6_DEVCONF_ACCEPT_RA_RTR_PREF = 19,
	IPV6_DEVCONF_RTR_PROBE_INTERVAL = 20, /* ms */
	IPV6_DEVCONF_ACCEPT_RA_RT_INFO_MAX_PLEN = 21,
	IPV6_DEVCONF_PROXY_NDP = 22,
	IPV6_DEVCONF_OPTIMISTIC_DAD = 23,
	IPV6_DEVCONF_ACCEPT_SOURCE_ROUTE = 24,
	IPV6_DEVCONF_MC_FORWARDING = 25,
	IPV6_DEVCONF_DISABLE_IPV6 = 26,
	IPV6_DEVCONF_ACCEPT_DAD = 27,
	IPV6_DEVCONF_FORCE_TLLAO = 28,
	IPV6_DEVCONF_NDISC_NOTIFY = 29,
	IPV6_DEVCONF_MLDV1_UNSOLICITED_REPORT_INTERVAL = 30, /* ms */
	IPV6_DEVCONF_MLDV2_UNSOLICITED_REPORT_INTERVAL = 31, /* ms */
	IPV6_DEVCONF_SUPPRESS_FRAG_NDISC = 32,
	IPV6_DEVCONF_ACCEPT_RA_FROM_LOCAL = 33,
	IPV6_DEVCONF_USE_OPTIMISTIC = 34,
	IPV6_DEVCONF_ACCEPT_RA_MTU = 35,
	IPV6_DEVCONF_STABLE_SECRET = 36, /* not an int: struct ipv6_devconf.stable_secret */
	IPV6_DEVCONF_USE_OIF_ADDRS_ONLY = 37,
	IPV6_DEVCONF_ACCEPT_RA_MIN_HOP_LIMIT = 38,
	IPV6_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN = 39,
	IPV6_DEVCONF_DROP_UNICAST_IN_L2_MULTICAST = 40,
	IPV6_DEVCONF_DROP_UNSOLICITED_NA = 41,
	IPV6_DEVCONF_KEEP_ADDR_ON_DOWN = 42,
	IPV6_DEVCONF_RTR_SOLICIT_MAX_INTERVAL = 43, /* ms */
	IPV6_DEVCONF_SEG6_ENABLED = 44,
	IPV6_DEVCONF_SEG6_REQUIRE_HMAC = 45,
	IPV6_DEVCONF_ENHANCED_DAD = 46,
	IPV6_DEVCONF_ADDR_GEN_MODE = 47,
	IPV6_DEVCONF_DISABLE_POLICY = 48,
	IPV6_DEVCONF_ACCEPT_RA_RT_INFO_MIN_PLEN = 49,
	IPV6_DEVCONF_NDISC_TCLASS = 50,
	IPV6_DEVCONF_RPL_SEG_ENABLED = 51,
	IPV6_DEVCONF_RA_DEFRTR_METRIC = 52,
	IPV6_DEVCONF_IOAM6_ENABLED = 53,
	IPV6_DEVCONF_IOAM6_ID = 54,
	IPV6_DEVCONF_IOAM6_ID_WIDE = 55,
	IPV6_DEVCONF_NDISC_EVICT_NOCARRIER = 56,
	IPV6_DEVCONF_ACCEPT_UNTRACKED_NA = 57,
	IPV6_DEVCONF_ACCEPT_RA_MIN_LFT = 58,
	IPV6_DEVCONF_FORCE_FORWARDING = 59,
	IPV6_DEVCONF_NL_MAX, /* what follows is in sysctl only, not in IFLA_INET6_CONF */
	IPV6_DEVCONF_RA_HONOR_PIO_LIFE = IPV6_DEVCONF_NL_MAX,
	IPV6_DEVCONF_RA_HONOR_PIO_PFLAG,
	IPV6_DEVCONF_REGEN_MIN_ADVANCE, /* s */
	IPV6_DEVCONF_MAX
};
enum { IN6_ADDR_GEN_EUI64, IN6_ADDR_GEN_NONE, IN6_ADDR_GEN_STABLE_PRIVACY, IN6_ADDR_GEN_RANDOM };
struct ipv6_devconf {
	int data[IPV6_DEVCONF_MAX];
	struct in6_addr stable_secret;
	bool stable_secret_set;
	struct ctl_dir sysctl;
};

enum inet6_ifaddr_state {
	INET6_IFADDR_STATE_PREDAD,
	INET6_IFADDR_STATE_DAD,
	INET6_IFADDR_STATE_POSTDAD,
	INET6_IFADDR_STATE_ERRDAD,
	INET6_IFADDR_STATE_DEAD,
};

/** struct inet6_ifaddr - one address; counted: the device's list has a reference */
struct inet6_ifaddr {
	struct list_head if_list; /**< idev->addr_list: the widest scope first, as Linux lists them */
	struct inet6_dev *idev;
	struct in6_addr addr, peer_addr; /**< peer_addr: any, unless there is a peer */
	u8 prefix_len, scope /* IPV6_ADDR_SCOPE_* */, ifa_proto, state /* enum inet6_ifaddr_state */;
	u32 flags;                       /**< IFA_F_* */
	u32 rt_priority;                 /**< metric of its prefix route; 0: the default */
	u32 valid_lft_s, prefered_lft_s; /**< INFINITY_LIFE_TIME: for ever */
	ktime_t cstamp, tstamp;          /**< made, changed */
	u32 refcnt;
	u8 dad_probes, regen_count, stable_privacy_retry;
	bool autoconf; /**< of a router's prefix: never permanent, however long it lives */
	bool tokenized, solict_joined;
	bool anycast_joined;       /**< the address of the subnet's routers, RFC 4291 2.6.1 */
	u64 dad_nonce;             /**< RFC 7527: of what we sent; 0: none */
	struct timer dad_timer;    /**< next DAD probe, or its end */
	struct timer lft_timer;    /**< end of its preferred, then of its valid lifetime; a temporary one's successor */
	struct list_head tmp_list; /**< of a temporary address: idev->tempaddr_list */
	struct fib6_info *rt;      /**< local route of the address; reference */
	struct inet6_ifaddr *ifpub; /**< of a temporary address: the one it was made for; reference */
	struct rcu_head rcu;
};
#ifndef INFINITY_LIFE_TIME
#define INFINITY_LIFE_TIME 0xFFFFFFFFU
#endif

#define IF_RA_OTHERCONF 0x80U
#define IF_RA_MANAGED 0x40U
#define IF_RA_RCVD 0x20U
#define IF_RS_SENT 0x10U
#define IF_READY 0x80000000U

/** struct icmpv6_mib_device - Icmp6* of one device, /proc/net/dev_snmp6 */
struct icmpv6_mib {
	u64 in_msgs, in_errors, out_msgs, out_errors, in_csum_errors, out_ratelimit_host;
	struct icmp_count in_type, out_type;
};

#define RA_PREFIXES_MAX 64U
/** struct ra_known_prefix - an on-link prefix of an RA; until when it is believed, 0: none */
struct ra_known_prefix {
	struct in6_addr prefix;
	u8 prefix_len;
	ktime_t until;
};

/** struct inet6_dev - IPv6 of a device: dev->ip6_ptr; NULL: IPv6 was never on (an MTU below 1280) */
struct inet6_dev {
	struct net_device *dev;
	struct list_head addr_list;     /**< struct inet6_ifaddr */
	struct list_head tempaddr_list; /**< struct inet6_ifaddr by tmp_list */
	struct list_head mc_list;       /**< struct ifmcaddr6: joined groups, ipv6/mcast.h */
	struct list_head ac_list;       /**< struct ifacaddr6: anycast addresses, ipv6/addrconf.h */
	u32 addr_count, mc_count;
	u32 if_flags; /**< IF_* */
	bool dead;
	u32 serial;          /**< a device whose IPv6 went and came again has another one */
	u32 ra_mtu;          /**< of the last RA; 0: none */
	u32 desync_factor_s; /**< RFC 8981 3.8: drawn once for each device */
	bool desync_drawn;
	struct in6_addr token;               /**< ip token; any: none */
	struct ra_known_prefix *ra_prefixes; /**< RA_PREFIXES_MAX of them; NULL until there is one */
	struct ipv6_devconf cnf;
	struct ipstats6 *stats;      /**< of this device: /proc/net/dev_snmp6, IFLA_INET6_STATS */
	struct icmpv6_mib *icmp_mib; /**< same */

	/* router solicitation */
	struct timer rs_timer;
	ktime_t rs_interval;
	u8 rs_probes;
	ktime_t tstamp; /**< last change, IFLA_INET6_CACHEINFO */

	/* MLD: ipv6/mcast.c */
	struct timer mc_gq_timer;  /**< answer to a general query */
	struct timer mc_ifc_timer; /**< next state-change report */
	struct timer mc_dad_timer; /**< reports again, once there is a link-local address */
	u8 mc_qrv /* RFC 3810 9.1 */, mc_dad_count;
	ktime_t mc_v1_until; /**< RFC 3810 8.2.1: a query of version 1 was heard; 0: no */
	ktime_t mc_qi, mc_qri;
	u32 mc_tomb_count;
	struct list_head mc_tomb; /**< struct ifmcaddr6: left, and not told as often as it must be */
	struct rcu_head rcu;
};

#define IN6_DEV_CONF(idev, attr) ((idev)->cnf.data[IPV6_DEVCONF_##attr])
#define IPV6_DEVCONF_ALL(net, attr) ((net)->ipv6->devconf_all->data[IPV6_DEVCONF_##attr])

static inline struct inet6_dev *in6_dev_get_rcu(const struct net_device *dev)
{
	return dev->ip6_ptr;
}

int addrconf_init(struct net *net);
void addrconf_exit(struct net *net);

/* ---- addresses */

/** struct ifa6_config - an address as somebody asks for it: RTM_NEWADDR decoded, or made by SLAAC */
struct ifa6_config {
	struct in6_addr addr, peer; /**< peer any: none */
	u8 prefix_len, ifa_proto, scope;
	u32 flags;       /**< IFA_F_* */
	u32 rt_priority; /**< 0: the default */
	u32 valid_lft_s, prefered_lft_s;
	u32 portid, nlflags;
	bool autoconf; /**< of a router's prefix */
};
/**
 * inet6_addr_add() - RTM_NEWADDR; with NLM_F_REPLACE in nlflags one that exists is changed
 * @errmsg: the kernel's text, static; may be NULL
 * Return: 0, -EEXIST, -EINVAL, -EADDRNOTAVAIL, -EACCES (IPv6 is disabled), -ENOBUFS (nothing changed), -ENODEV ...
 */
int inet6_addr_add(struct net_device *dev, const struct ifa6_config *cfg, const char **errmsg);
int inet6_addr_del(struct net_device *dev, const struct in6_addr *addr, u8 prefix_len, const char **errmsg);
/** ipv6_get_ifaddr() - our address, on @dev unless it is NULL, also a tentative one; borrowed until the next quiescent point */
struct inet6_ifaddr *ipv6_get_ifaddr(struct net *net, const struct in6_addr *addr, const struct net_device *dev);
/** ipv6_chk_addr() - is it ours, on @dev unless NULL, and not tentative (optimistic ones count)?  @linux ipv6_chk_addr */
bool ipv6_chk_addr(struct net *net, const struct in6_addr *addr, const struct net_device *dev);
#define IFA6_ANY_STATE 0U
/** ipv6_chk_addr_and_flags() - same, and none of @banned IFA_F_* */
bool ipv6_chk_addr_and_flags(struct net *net, const struct in6_addr *addr, const struct net_device *dev, u32 banned);
/** ipv6_chk_prefix() - is @addr in a prefix of an address of @dev?  @linux ipv6_chk_prefix */
bool ipv6_chk_prefix(const struct in6_addr *addr, const struct net_device *dev);
/** ipv6_get_lladdr() - a link-local address of @dev without @banned flags.  Return: 0, -EADDRNOTAVAIL */
int ipv6_get_lladdr(const struct net_device *dev, struct in6_addr *out, u32 banned);
/* as in linux/in6.h, word by word: both may be included */
#define IPV6_PREFER_SRC_TMP 0x0001
#define IPV6_PREFER_SRC_PUBLIC 0x0002
#define IPV6_PREFER_SRC_COA 0x0004
#define IPV6_PREFER_SRC_HOME 0x0400
/** ipv6_dev_get_saddr() - RFC 6724 5: source for @daddr, leaving by @dst_dev (NULL: any)
 *  @prefs: IPV6_PREFER_SRC_*.  Return: 0, -EADDRNOTAVAIL */
int ipv6_dev_get_saddr(struct net *net, const struct net_device *dst_dev, const struct in6_addr *daddr, u32 prefs,
		       struct in6_addr *out);
/** ipv6_addr_label() - RFC 6724 2.1; ipv6/addrlabel.c.  Return: 0xffffffff: none */
u32 ipv6_addr_label(struct net *net, const struct in6_addr *addr, u32 type, int ifindex);
#define IPV6_ADDR_LABEL_DEFAULT 0xffffffffU
/** struct ip6_addrlabel - a prefix and its label; ifindex 0: on any device */
struct ip6_addrlabel {
	struct in6_addr prefix;
	u8 prefix_len;
	int ifindex;
	u32 label;
};
/** ipv6_addr_label_find() - borrowed; NULL: none */
const struct ip6_addrlabel *ipv6_addr_label_find(struct net *net, const struct in6_addr *addr, int ifindex);
/** ipv6_addr_label_add() - Return: 0, -EINVAL, -EEXIST (unless @replace), -ENOMEM, -ENOBUFS: there are too many */
int ipv6_addr_label_add(struct net *net, const struct ip6_addrlabel *want, bool replace);
int ipv6_addr_label_del(struct net *net, const struct ip6_addrlabel *what); /* 0, -EINVAL, -ESRCH */
/** ipv6_addr_label_each() - the longest prefix first.  fn non-zero stops */
int ipv6_addr_label_each(struct net *net, int (*fn)(void *ctx, const struct ip6_addrlabel *l), void *ctx);
u32 ipv6_addr_label_seq(const struct net *net); /* changes with every change */
/** ipv6_addrs_genid() - changes with each change of an address: for torn dumps */
u32 ipv6_addrs_genid(const struct net *net);
/** addrconf_forward_change() - net.ipv6.conf.all.forwarding and the like; @idev NULL: all */
void addrconf_forward_change(struct net *net, struct inet6_dev *idev, bool on);

/** inet6_set_iftoken() - ip token.  Return: 0, -EINVAL with *errmsg */
int inet6_set_iftoken(struct inet6_dev *idev, const struct in6_addr *token, const char **errmsg);

/* ---- anycast: ipv6/anycast.c */
/** ipv6_chk_acast_addr() - is it an anycast address of ours, on @dev unless NULL? */
bool ipv6_chk_acast_addr(struct net *net, const struct net_device *dev, const struct in6_addr *addr);
int ipv6_dev_ac_inc(struct inet6_dev *idev, const struct in6_addr *addr); /* 0, -ENOBUFS */
void ipv6_dev_ac_dec(struct inet6_dev *idev, const struct in6_addr *addr);
/** ipv6_ac_each() - of a device, the latest first.  fn non-zero stops */
int ipv6_ac_each(const struct inet6_dev *idev, int (*fn)(void *ctx, const struct in6_addr *addr, u32 users), void *ctx);

/* ---- what ndisc.c tells */
/** addrconf_dad_failure() - somebody else has @ifp: an NA or NS said so.  @skb: for the log, borrowed */
void addrconf_dad_failure(struct sk_buff *skb, struct inet6_ifaddr *ifp);
/** struct ra_prefix - a prefix information option.  @rfc 4861 4.6.2, 4862 5.5.3 */
struct ra_prefix {
	struct in6_addr prefix;
	u8 prefix_len;
	u8 flags; /**< as they came */
	bool onlink, autoconf, rtraddr, dhcpv6_pd;
	u32 valid_lft_s, prefered_lft_s;
};
/** addrconf_prefix_rcv() - on-link route and addresses of a prefix; @slla_known: the RA came from a router, not from ourselves */
void addrconf_prefix_rcv(struct net_device *dev, const struct ra_prefix *p, bool slla_known);
/** addrconf_ra_seen() - an RA was accepted: no more solicitations, if there were any */
void addrconf_ra_seen(struct inet6_dev *idev);

/** inet6_ifinfo_notify() - something of IPv6 on the device changed: RTM_NEWLINK of AF_INET6 */
void inet6_ifinfo_notify(struct inet6_dev *idev);

/* inet6addr_chain: data is struct inet6addr_info */
enum {
	INET6ADDR_NEW = 1,
	INET6ADDR_DEL,
	INET6ADDR_PREFIX /* RTM_NEWPREFIX */,
	INET6ADDR_CONF /* RTM_NEWLINK of AF_INET6 */
};
struct inet6addr_info {
	struct net_device *dev;
	const struct inet6_ifaddr *ifa; /**< INET6ADDR_NEW, _DEL */
	const struct ra_prefix *prefix; /**< INET6ADDR_PREFIX */
	u32 portid;
};

#endif
