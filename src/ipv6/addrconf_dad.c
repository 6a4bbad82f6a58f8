// SPDX-License-Identifier: BSD-2-Clause
/* Duplicate address detection: is an address ours alone?
 *
 * @rfc  4862 5.4, 7527 (enhanced: loops are no duplicates), 4429 (optimistic)
 * @linux addrconf_dad_start, addrconf_dad_work, addrconf_dad_failure
 *
 * Reading order: addrconf_dad_start(), addrconf_dad_timer(), dad_begin(), dad_completed(), addrconf_dad_failure().
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "ipv6/addrconf_internal.h"
#include "ipv6/ip6_fib.h"
#include "ipv6/mcast.h"
#include "ipv6/ndisc.h"
#include "skb/skbuff.h"

#define RETRANS_LEAST_NS (10 * NSEC_PER_MSEC)
#define RETRY_NS NSEC_PER_SEC /* what found no memory is tried again */

static void dad_wait(struct inet6_ifaddr *ifp, ktime_t wait)
{
	struct net *net = ifp->idev->dev->net;

	mod_timer(net->timers, &ifp->dad_timer, net->now + wait);
}

/* ------------------------------------------------------------------ the end of it */

/** join_solict() - RFC 4861 7.2.1: who has an address hears who asks for it.  Return: false: no memory */
static bool join_solict(struct inet6_ifaddr *ifp)
{
	struct net_device *dev = ifp->idev->dev;
	struct in6_addr group;

	if (ifp->solict_joined || (dev->flags & (IFF_LOOPBACK | IFF_NOARP)))
		return true;
	addrconf_addr_solict_mult(&ifp->addr, &group);
	ifp->solict_joined = !ipv6_dev_mc_inc(dev, &group);
	if (!ifp->solict_joined)
		net_log(dev->net, "%s: no memory for a solicited-node group", dev->name);
	return ifp->solict_joined;
}

/** lonely_lladdr() - no other link-local address of the device is usable */
static bool lonely_lladdr(const struct inet6_ifaddr *ifp)
{
	const struct inet6_ifaddr *other;

	list_for_each_entry(other, &ifp->idev->addr_list, if_list) {
		if (other != ifp && ipv6_addr_is_linklocal(&other->addr) &&
		    (other->flags & (IFA_F_PERMANENT | IFA_F_TENTATIVE | IFA_F_OPTIMISTIC | IFA_F_DADFAILED)) ==
			    IFA_F_PERMANENT)
			return false;
	}
	return true;
}

/** tell_address() - RFC 9131 6.1.1 and ndisc_notify: who has our neighbour entry learns it before we are asked */
static void tell_address(const struct inet6_ifaddr *ifp)
{
	const struct inet6_dev *idev = ifp->idev;

	if (IPV6_DEVCONF_ALL(idev->dev->net, NDISC_NOTIFY) || IN6_DEV_CONF(idev, NDISC_NOTIFY))
		ndisc_send_na(idev->dev, &in6addr_linklocal_allnodes, &ifp->addr, IN6_DEV_CONF(idev, FORWARDING) != 0,
			      false, true, true);
}

static bool may_solicit_routers(const struct inet6_dev *idev)
{
	return ipv6_accept_ra(idev) && IN6_DEV_CONF(idev, RTR_SOLICITS) && !(idev->dev->flags & IFF_LOOPBACK);
}

static void dad_completed(struct inet6_ifaddr *ifp, bool is_news)
{
	struct inet6_dev *idev = ifp->idev;
	bool first_lladdr = ipv6_addr_is_linklocal(&ifp->addr) && lonely_lladdr(ifp);

	if (!join_solict(ifp) || ipv6_ifa_up(ifp)) { /* its group or its routes found no memory */
		ifp->flags |= ifp->flags & IFA_F_NODAD ? 0 : IFA_F_TENTATIVE;
		ifp->state = INET6_IFADDR_STATE_DAD;
		ifp->dad_probes = 0;
		dad_wait(ifp, RETRY_NS);
		return;
	}
	ifp->state = INET6_IFADDR_STATE_POSTDAD;
	rt6_cache_flush(idev->dev->net);
	if (first_lladdr)
		ipv6_mc_dad_complete(idev);
	if (is_news)
		tell_address(ifp);
	if (first_lladdr && may_solicit_routers(idev))
		addrconf_rs_start(idev, &ifp->addr);
	addrconf_lifetime_arm(ifp);
}

static void dad_passed(struct inet6_ifaddr *ifp)
{
	/* an optimistic address was in use before */
	bool is_news = (ifp->flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC)) == IFA_F_TENTATIVE;

	ifp->flags &= ~(u32)(IFA_F_TENTATIVE | IFA_F_OPTIMISTIC | IFA_F_DADFAILED);
	ifp->dad_nonce = 0;
	dad_completed(ifp, is_news);
}

/* ------------------------------------------------------------------ probes */

static ktime_t retrans_time(const struct net_device *dev)
{
	const struct neigh_parms *p = dev->neigh_parms[NEIGH_ND_TABLE];
	s64 time = p ? p->data[NEIGH_VAR_RETRANS_TIME] : NSEC_PER_SEC;

	return time > RETRANS_LEAST_NS ? time : RETRANS_LEAST_NS;
}

/** dad_nonce() - six random octets, never zero.  @rfc 7527 4.1 */
static u64 dad_nonce(struct inet6_dev *idev)
{
	struct net *net = idev->dev->net;
	u64 nonce;

	if (!IPV6_DEVCONF_ALL(net, ENHANCED_DAD) && !IN6_DEV_CONF(idev, ENHANCED_DAD))
		return 0;
	do
		nonce = get_random_u64(&net->rng) >> 16;
	while (!nonce);
	return nonce;
}

static bool needs_dad(const struct inet6_ifaddr *ifp)
{
	const struct inet6_dev *idev = ifp->idev;
	struct net *net = idev->dev->net;

	return !(idev->dev->flags & (IFF_NOARP | IFF_LOOPBACK)) &&
	       (IPV6_DEVCONF_ALL(net, ACCEPT_DAD) >= 1 || IN6_DEV_CONF(idev, ACCEPT_DAD) >= 1) &&
	       (ifp->flags & IFA_F_TENTATIVE) && !(ifp->flags & IFA_F_NODAD);
}

bool ipv6_use_optimistic_addr(const struct inet6_dev *idev)
{
	struct net *net = idev->dev->net;

	return (IPV6_DEVCONF_ALL(net, OPTIMISTIC_DAD) || IN6_DEV_CONF(idev, OPTIMISTIC_DAD)) &&
	       (IPV6_DEVCONF_ALL(net, USE_OPTIMISTIC) || IN6_DEV_CONF(idev, USE_OPTIMISTIC));
}

/** dad_kick() - the first probe, after a random time.  @rfc 4862 5.4.2 */
static void dad_kick(struct inet6_ifaddr *ifp)
{
	struct inet6_dev *idev = ifp->idev;
	int most_ms = IN6_DEV_CONF(idev, RTR_SOLICIT_DELAY), probes = IN6_DEV_CONF(idev, DAD_TRANSMITS);
	ktime_t wait = 0;

	if (!(ifp->flags & IFA_F_OPTIMISTIC) && most_ms > 0)
		wait = get_random_time(&idev->dev->net->rng, 0, min_s64(most_ms, 3600000) * NSEC_PER_MSEC);
	ifp->dad_probes = (u8)(probes < 0 ? 0 : min_u32((u32)probes, UINT8_MAX));
	ifp->dad_nonce = dad_nonce(idev);
	dad_wait(ifp, wait);
}

static void dad_begin(struct inet6_ifaddr *ifp)
{
	if (!needs_dad(ifp)) {
		dad_passed(ifp);
		return;
	}
	ifp->state = INET6_IFADDR_STATE_DAD;
	if (!(ifp->idev->if_flags & IF_READY)) /* when the link is there: addrconf_dad_run() */
		return;
	if (ifp->flags & IFA_F_OPTIMISTIC) { /* RFC 4429 3.3: it may be used; if there is no memory, only later */
		if (ipv6_ifa_local_route(ifp) || (ipv6_use_optimistic_addr(ifp->idev) && ipv6_ifa_up(ifp)))
			ifp->flags &= ~(u32)IFA_F_OPTIMISTIC;
	}
	dad_kick(ifp);
}

void addrconf_dad_timer(struct timer *t)
{
	struct inet6_ifaddr *ifp = container_of(t, struct inet6_ifaddr, dad_timer);
	struct net_device *dev = ifp->idev->dev;
	struct in6_addr group;

	if (ifp->idev->dead)
		return;
	if (ifp->state == INET6_IFADDR_STATE_PREDAD) {
		dad_begin(ifp);
		return;
	}
	if (!ifp->dad_probes && !needs_dad(ifp)) {
		dad_passed(ifp);
		return;
	}
	if (!(ifp->idev->if_flags & IF_READY)) /* as one that was added meanwhile: addrconf_dad_run() */
		return;
	if (!ifp->dad_probes) {
		dad_passed(ifp);
		return;
	}
	ifp->dad_probes--;
	dad_wait(ifp, retrans_time(dev));
	addrconf_addr_solict_mult(&ifp->addr, &group);
	ndisc_send_ns(dev, &ifp->addr, &group, &in6addr_any, ifp->dad_nonce);
}

/* ------------------------------------------------------------------ start */

void addrconf_dad_start(struct inet6_ifaddr *ifp)
{
	struct inet6_dev *idev = ifp->idev;

	(void)join_solict(ifp); /* if there is no memory: dad_completed() */
	if (!(ifp->flags & IFA_F_TENTATIVE) || (idev->dev->flags & (IFF_NOARP | IFF_LOOPBACK))) {
		dad_passed(ifp);
		return;
	}
	dad_wait(ifp, 0); /* dad_begin(), when what happens now is over */
}

void addrconf_dad_run(struct inet6_dev *idev)
{
	struct inet6_ifaddr *ifp, *tmp;

	list_for_each_entry_safe(ifp, tmp, &idev->addr_list, if_list) {
		if (ifp->state == INET6_IFADDR_STATE_PREDAD && !timer_pending(&ifp->dad_timer))
			addrconf_dad_start(ifp);
		else if ((ifp->flags & IFA_F_TENTATIVE) && ifp->state == INET6_IFADDR_STATE_DAD)
			dad_kick(ifp); /* an optimistic one is not used before: as Linux */
	}
}

/* ------------------------------------------------------------------ somebody else has it */

/** dad_stop() - a temporary address has a successor, one that routers announced goes, one of the administrator stays */
static void dad_stop(struct inet6_ifaddr *ifp)
{
	struct inet6_ifaddr *ifpub = ifp->ifpub;

	timer_delete(ifp->idev->dev->net->timers, &ifp->dad_timer);
	ifp->flags |= IFA_F_DADFAILED;
	if (ifp->flags & IFA_F_TEMPORARY) {
		if (ifpub) {
			ifpub->refcnt++;
			(void)ipv6_create_tempaddr(ifpub); /* counts its failures itself */
			ifa6_put(ifpub);
		}
		ipv6_del_addr(ifp);
	} else if (ifp->flags & IFA_F_PERMANENT) {
		ifp->flags |= IFA_F_TENTATIVE;
		ifp->flags &= ~(u32)IFA_F_OPTIMISTIC;
		ifp->state = INET6_IFADDR_STATE_ERRDAD;
		ipv6_ifa_unroute(ifp);
		ipv6_ifa_tell(ifp, INET6ADDR_NEW, 0);
	} else {
		ipv6_del_addr(ifp);
	}
}

/** disable_after_failure() - @rfc 4862 5.4.5: an address made of the hardware's is not unique, so that is not either */
static bool disable_after_failure(struct inet6_ifaddr *ifp)
{
	struct inet6_dev *idev = ifp->idev;
	struct net *net = idev->dev->net;
	u8 eui[8];

	if (!ipv6_addr_is_linklocal(&ifp->addr) ||
	    (IPV6_DEVCONF_ALL(net, ACCEPT_DAD) <= 1 && IN6_DEV_CONF(idev, ACCEPT_DAD) <= 1) ||
	    !ipv6_generate_eui64(idev->dev, eui) || memcmp(&ifp->addr.s6_addr[8], eui, sizeof(eui)) != 0)
		return false;
	net_log(net, "%s: IPv6 being disabled!", idev->dev->name);
	idev->cnf.data[IPV6_DEVCONF_DISABLE_IPV6] = 1;
	return true;
}

/** stable_retry() - RFC 7217 6: another one is made, with the next DAD_Counter, after a while */
static void stable_retry(struct inet6_ifaddr *ifp)
{
	struct inet6_dev *idev = ifp->idev;
	struct net *net = idev->dev->net;
	struct ifa6_config cfg = { .addr = ifp->addr,
				   .prefix_len = ifp->prefix_len,
				   .flags = ifp->flags & ~(u32)(IFA_F_TENTATIVE | IFA_F_DADFAILED),
				   .valid_lft_s = ifp->valid_lft_s,
				   .prefered_lft_s = ifp->prefered_lft_s,
				   .autoconf = ifp->autoconf };
	u8 tries = (u8)(ifp->stable_privacy_retry + 1);
	struct inet6_ifaddr *next = NULL;
	int err;

	if (tries > net->ipv6->idgen_retries || !ipv6_generate_stable_address(&cfg.addr, tries, idev)) {
		if (ratelimit(&addrconf_of(net)->log_limit, net->now))
			net_log(net, "%s: privacy stable address generation failed because of DAD conflicts!",
				idev->dev->name);
		return;
	}
	next = ipv6_add_addr(idev, &cfg, NULL, &err);
	if (!next)
		return;
	next->stable_privacy_retry = tries;
	next->rt_priority = ifp->rt_priority;
	next->ifa_proto = ifp->ifa_proto;
	next->state = INET6_IFADDR_STATE_DAD; /* its turn comes by the timer */
	(void)join_solict(next);
	next->dad_probes = (u8)max_u32((u32)(IN6_DEV_CONF(idev, DAD_TRANSMITS) & 0xff), 1);
	next->dad_nonce = dad_nonce(idev);
	dad_wait(next, (ktime_t)net->ipv6->idgen_delay_s * NSEC_PER_SEC);
}

void addrconf_dad_failure(struct sk_buff *skb, struct inet6_ifaddr *ifp)
{
	struct inet6_dev *idev = ifp->idev;
	struct net *net = idev->dev->net;
	const u8 *mac = skb && skb_mac_header_was_set(skb) ? skb_mac_header(skb) + ETH_ALEN : NULL;
	char text[INET6_ADDRSTRLEN];
	bool disable;

	if (ifp->state != INET6_IFADDR_STATE_DAD)
		return;
	if (!inet_ntop(AF_INET6, &ifp->addr, text, sizeof(text)))
		text[0] = '\0';
	if (mac && idev->dev->addr_len == ETH_ALEN && ratelimit(&addrconf_of(net)->log_limit, net->now))
		net_log(net, "%s: IPv6 duplicate address %s used by %02x:%02x:%02x:%02x:%02x:%02x detected!",
			idev->dev->name, text, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	if (ifp->flags & IFA_F_STABLE_PRIVACY)
		stable_retry(ifp);
	disable = disable_after_failure(ifp);
	dad_stop(ifp);
	if (disable)
		addrconf_ifdown(idev->dev, false);
}
