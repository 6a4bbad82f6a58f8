/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of addrconf know of each other. */
#ifndef NETHOOD_IPV6_ADDRCONF_INTERNAL_H
#define NETHOOD_IPV6_ADDRCONF_INTERNAL_H

#include "base/htable.h"
#include "base/notifier.h"
#include "base/ratelimit.h"
#include "ipv6/addrconf.h"
#include "ipv6/netns_ipv6.h"

#define LLADDR_PREFIX_LEN 64
#define IFA6_LIFETIME_MAX_S 0x7fffffffU /* what timers and routes can count; more is for ever */

/* RTF_* of linux/ipv6_route.h, letter for letter: it cannot be included beside ip6_fib.h */
#define RTF_DEFAULT 0x00010000
#define RTF_ADDRCONF 0x00040000
#define RTF_PREFIX_RT 0x00080000

/* IFAPROT_* of linux/if_addr.h, younger than the system's */
enum { IFAPROT6_KERNEL_LO = 1, IFAPROT6_KERNEL_RA = 2, IFAPROT6_KERNEL_LL = 3 };

/** struct addrconf_state - net->ipv6->addrconf */
struct addrconf_state {
	struct htable addr_hash; /**< address -> inet6_ifaddr; several devices may have one */
	struct notifier_block netdev_nb;
	u32 genid;                        /**< of all addresses */
	u32 serial;                       /**< of the last inet6_dev that was made */
	struct ratelimit_state log_limit; /**< of lines about what others on a link do */
	struct ipv6_devconf all, dflt;
};

static inline struct addrconf_state *addrconf_of(const struct net *net)
{
	return net->ipv6->addrconf;
}
static inline int addrconf_error(const char **errmsg, const char *text, int err)
{
	if (errmsg)
		*errmsg = text;
	return err;
}
/** addrconf_finite() - a lifetime that will end */
static inline bool addrconf_finite(u32 lft_s)
{
	return lft_s != INFINITY_LIFE_TIME;
}

/* ---- addrconf.c: devices */
/** addrconf_link_ready() - can packets be sent? */
bool addrconf_link_ready(const struct net_device *dev);
/** addrconf_ifdown() - the device is down, or @unregister: IPv6 leaves it */
void addrconf_ifdown(struct net_device *dev, bool unregister);
/** addrconf_multicast_route() - ff00::/8 goes out by the device, if nothing better is known.  Return: 0, -errno */
int addrconf_multicast_route(struct net_device *dev);
/** addrconf_dev_config() - the addresses that a device gives itself when it comes up */
void addrconf_dev_config(struct inet6_dev *idev);
/** addrconf_disable_change() - disable_ipv6 was written */
void addrconf_disable_change(struct inet6_dev *idev, bool disable);

/* ---- addrconf_addr.c: addresses */
/**
 * ipv6_add_addr() - into the lists, not usable yet: addrconf_dad_start() makes it so
 * Return: borrowed (of the lists); NULL with *err, and *errmsg if it is known why
 */
struct inet6_ifaddr *ipv6_add_addr(struct inet6_dev *idev, const struct ifa6_config *cfg, const char **errmsg,
				   int *err);
void ipv6_del_addr(struct inet6_ifaddr *ifp);
/** ipv6_ifa_tell() - netlink and whoever listens */
void ipv6_ifa_tell(struct inet6_ifaddr *ifp, unsigned long event, u32 portid);
/** ipv6_ifa_up() - it is ours: told, local route, peer's route, the subnet's anycast address.  Return: 0, -ENOBUFS */
int ipv6_ifa_up(struct inet6_ifaddr *ifp);
/** ipv6_ifa_local_route() - what comes to it is delivered; nobody is told.  Return: 0, -ENOBUFS */
int ipv6_ifa_local_route(struct inet6_ifaddr *ifp);
/** addrconf_leave_solict() - of its solicited-node group, if it was joined */
void addrconf_leave_solict(struct inet6_ifaddr *ifp);
/** ipv6_ifa_unroute() - what ipv6_ifa_up() made goes; its subnet's anycast address, too */
void ipv6_ifa_unroute(struct inet6_ifaddr *ifp);
/** ifa6_put() - one reference less */
void ifa6_put(struct inet6_ifaddr *ifp);
/** addrconf_lifetime_arm() - the next end to wait for */
void addrconf_lifetime_arm(struct inet6_ifaddr *ifp);
/** addrconf_set_lifetimes() - from now on; flags PERMANENT and DEPRECATED follow */
void addrconf_set_lifetimes(struct inet6_ifaddr *ifp, u32 valid_s, u32 prefered_s);
/** addrconf_lifetime_left() - of what was given at tstamp */
u32 addrconf_lifetime_left(const struct inet6_ifaddr *ifp, u32 lft_s);
/** addrconf_add_prefix_route() - of @ifp, and its peer's.  Return: 0, -errno */
int addrconf_add_prefix_route(const struct inet6_ifaddr *ifp, u32 flags);
/** addrconf_leave_anycast() - of the subnet's routers.  @rfc 4291 2.6.1 */
void addrconf_join_anycast(struct inet6_ifaddr *ifp);
void addrconf_leave_anycast(struct inet6_ifaddr *ifp);

/* ---- addrconf_dad.c */
void addrconf_dad_start(struct inet6_ifaddr *ifp);
/** addrconf_dad_run() - all that wait for it, now that the link is there */
void addrconf_dad_run(struct inet6_dev *idev);
void addrconf_dad_timer(struct timer *t);
/** ipv6_use_optimistic_addr() - may an address be a source before it is known to be unique? */
bool ipv6_use_optimistic_addr(const struct inet6_dev *idev);

/* ---- addrconf_gen.c: interface identifiers */
/** ipv6_generate_eui64() - @rfc 4291 A, 2464 4.  Return: false: the device has no address to make one of */
bool ipv6_generate_eui64(const struct net_device *dev, u8 eui[static 8]);
/** ipv6_generate_stable_address() - last 64 bits of *address.  @rfc 7217 5.  Return: false: no secret, or none that may be used */
bool ipv6_generate_stable_address(struct in6_addr *address, u8 dad_count, const struct inet6_dev *idev);
/** ipv6_random_iid() - @rfc 8981 3.3.1 */
void ipv6_random_iid(struct net *net, u8 iid[static 8]);
/** addrconf_addr_gen() - the link-local address, as addr_gen_mode says */
void addrconf_addr_gen(struct inet6_dev *idev);
int addrconf_add_linklocal(struct inet6_dev *idev, const struct in6_addr *addr, u32 flags);

/* ---- addrconf_slaac.c: prefixes of routers */
/** addrconf_forget_prefixes() - the link is gone, and what was known of it */
void addrconf_forget_prefixes(struct inet6_dev *idev);

/* ---- addrconf_temp.c: temporary addresses.  @rfc 8981 */
/** ipv6_create_tempaddr() - for the public address @ifp, unless there are enough failures.  Return: 0, -errno */
int ipv6_create_tempaddr(struct inet6_ifaddr *ifp);
/** manage_tempaddrs() - new lifetimes of a public address reach its temporary ones; the first is made if @create */
void manage_tempaddrs(struct inet6_ifaddr *ifp, u32 valid_s, u32 prefered_s, bool create);
void delete_tempaddrs(struct inet6_ifaddr *ifp);
/** addrconf_tempaddr_regen() - when a successor of the temporary @ifp must be made; KTIME_MAX: never */
ktime_t addrconf_tempaddr_regen(const struct inet6_ifaddr *ifp);
void addrconf_tempaddr_tick(struct inet6_ifaddr *ifp);

/* ---- addrconf_rs.c */
/** addrconf_rs_start() - the first solicitation now, others later; @saddr: link-local */
void addrconf_rs_start(struct inet6_dev *idev, const struct in6_addr *saddr);
void addrconf_rs_timer(struct timer *t);
/** ipv6_accept_ra() - a router does not, unless accept_ra is 2 */
bool ipv6_accept_ra(const struct inet6_dev *idev);

/* ---- addrconf_sysctl.c */
void addrconf_sysctl_init(struct net *net);
void addrconf_sysctl_exit(struct net *net);
void addrconf_sysctl_register(struct net *net, const char *name, struct ipv6_devconf *cnf);
void addrconf_sysctl_unregister(struct net *net, struct ipv6_devconf *cnf);

/* ---- anycast.c, addrlabel.c */
/** struct ifacaddr6 - idev->ac_list */
struct ifacaddr6 {
	struct list_head node;
	struct in6_addr addr;
	u32 users;
	struct fib6_info *rt; /**< reference; NULL: the device was down */
};
/** ipv6_ac_up() - the device is up again: the routes of those that outlived it */
void ipv6_ac_up(struct inet6_dev *idev);
void ipv6_ac_down(struct inet6_dev *idev);
void ipv6_ac_destroy_dev(struct inet6_dev *idev);
int ipv6_addr_label_init(struct net *net);
void ipv6_addr_label_exit(struct net *net);

#endif
