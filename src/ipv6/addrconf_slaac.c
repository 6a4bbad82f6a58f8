// SPDX-License-Identifier: BSD-2-Clause
/* Prefixes that routers announce: what is on the link, and the addresses that a host makes of them.
 *
 * @rfc  4861 6.3.4, 4862 5.5.3, 7217, 9663 (prefixes that DHCPv6 should delegate)
 * @linux addrconf_prefix_rcv
 *
 * Reading order: addrconf_prefix_rcv(), onlink_rcv(), autoconf_rcv(), new_lifetime().
 */
#include <errno.h>

#include "ipv6/addrconf_internal.h"
#include "ipv6/ip6_fib.h"
#include "ipv6/ndisc.h"

#define MIN_VALID_LIFETIME_S (2U * 3600U) /* RFC 4862 5.5.3 e */

/* ------------------------------------------------------------------ on-link */

static struct fib6_info *prefix_route(const struct inet6_dev *idev, const struct in6_addr *prefix, u8 prefix_len)
{
	return addrconf_get_prefix_route(prefix, prefix_len, idev->dev, RTF_ADDRCONF | RTF_PREFIX_RT, RTF_DEFAULT);
}

static void prefix_route_end(const struct inet6_dev *idev, const struct ra_known_prefix *k)
{
	struct net *net = idev->dev->net;
	struct fib6_info *rt = prefix_route(idev, &k->prefix, k->prefix_len);

	if (rt && fib6_is_over(rt))
		(void)ip6_del_rt(net, rt); /* it is there */
}

/** prefix_slot() - where a device remembers @p among those it believes; NULL: it believes enough of them, or no memory */
static struct ra_known_prefix *prefix_slot(struct inet6_dev *idev, const struct ra_prefix *p)
{
	struct net *net = idev->dev->net;
	ktime_t now = net->now;
	struct ra_known_prefix *spare = NULL;

	if (!idev->ra_prefixes)
		idev->ra_prefixes = mem_zalloc(net->mem, RA_PREFIXES_MAX * sizeof(*idev->ra_prefixes));
	if (!idev->ra_prefixes)
		return NULL;
	for (u32 i = 0; i < RA_PREFIXES_MAX; i++) {
		struct ra_known_prefix *k = &idev->ra_prefixes[i];

		if (k->until > now && k->prefix_len == p->prefix_len && ipv6_addr_equal(&k->prefix, &p->prefix))
			return k;
		if (k->until <= now && !spare)
			spare = k;
	}
	if (spare && spare->until) /* what it was of may wait to be collected */
		prefix_route_end(idev, spare);
	return spare;
}

void addrconf_forget_prefixes(struct inet6_dev *idev)
{
	if (idev->ra_prefixes)
		memset(idev->ra_prefixes, 0, RA_PREFIXES_MAX * sizeof(*idev->ra_prefixes));
}

static void onlink_rcv(struct inet6_dev *idev, const struct ra_prefix *p)
{
	struct net_device *dev = idev->dev;
	u32 expires_s = addrconf_finite(p->valid_lft_s) ? min_u32(p->valid_lft_s, IFA6_LIFETIME_MAX_S) : 0;
	struct ra_known_prefix *slot = prefix_slot(idev, p);
	struct fib6_info *rt = prefix_route(idev, &p->prefix, p->prefix_len);

	if (slot)
		slot->until = 0;
	if (rt && !p->valid_lft_s) {
		(void)ip6_del_rt(dev->net, rt);
		return;
	}
	if (!slot || !p->valid_lft_s)
		return;
	if (rt)
		fib6_set_expires(rt, expires_s);
	else if (addrconf_prefix_route(&p->prefix, p->prefix_len, IP6_RT_PRIO_ADDRCONF, dev, expires_s,
				       RTF_ADDRCONF | RTF_PREFIX_RT))
		return;
	*slot = (struct ra_known_prefix){ .prefix = p->prefix, .prefix_len = p->prefix_len, .until = KTIME_MAX };
	if (expires_s)
		slot->until = dev->net->now + (ktime_t)expires_s * NSEC_PER_SEC;
}

/* ------------------------------------------------------------------ an address of it */

/** own_address() - the prefix and our identifier.  Return: false: we have none */
static bool own_address(struct inet6_dev *idev, const struct ra_prefix *p, struct ifa6_config *cfg, bool *tokenized)
{
	int mode = IN6_DEV_CONF(idev, ADDR_GEN_MODE);

	cfg->addr = p->prefix;
	*tokenized = !ipv6_addr_any(&idev->token);
	if (*tokenized) {
		memcpy(&cfg->addr.s6_addr[8], &idev->token.s6_addr[8], 8);
		return true;
	}
	if ((mode == IN6_ADDR_GEN_STABLE_PRIVACY || mode == IN6_ADDR_GEN_RANDOM) &&
	    ipv6_generate_stable_address(&cfg->addr, 0, idev)) {
		cfg->flags |= IFA_F_STABLE_PRIVACY;
		return true;
	}
	return ipv6_generate_eui64(idev->dev, &cfg->addr.s6_addr[8]);
}

/** slaac_find() - the address that this prefix gave us, perhaps under another DAD_Counter (RFC 7217 6) */
static struct inet6_ifaddr *slaac_find(struct inet6_dev *idev, const struct ifa6_config *cfg)
{
	struct inet6_ifaddr *ifp, *same = ipv6_get_ifaddr(idev->dev->net, &cfg->addr, idev->dev);

	if (same || !(cfg->flags & IFA_F_STABLE_PRIVACY))
		return same;
	list_for_each_entry(ifp, &idev->addr_list, if_list) {
		if ((ifp->flags & IFA_F_STABLE_PRIVACY) && ifp->stable_privacy_retry &&
		    ifp->prefix_len == cfg->prefix_len && ipv6_prefix_equal(&ifp->addr, &cfg->addr, cfg->prefix_len))
			return ifp;
	}
	return NULL;
}

/** slaac_add() - Return: false: too many addresses, or no memory */
static bool slaac_add(struct inet6_dev *idev, struct ifa6_config *cfg, bool tokenized, bool slla_known)
{
	struct net *net = idev->dev->net;
	int most = IN6_DEV_CONF(idev, MAX_ADDRESSES), err;
	struct inet6_ifaddr *ifp;

	if (most > 0 && idev->addr_count >= (u32)most)
		return false;
	if ((IPV6_DEVCONF_ALL(net, OPTIMISTIC_DAD) || IN6_DEV_CONF(idev, OPTIMISTIC_DAD)) &&
	    !IN6_DEV_CONF(idev, FORWARDING) && slla_known)
		cfg->flags |= IFA_F_OPTIMISTIC;
	ifp = ipv6_add_addr(idev, cfg, NULL, &err);
	if (!ifp)
		return false;
	ifp->flags |= IFA_F_MANAGETEMPADDR;
	ifp->tokenized = tokenized;
	ifp->flags &= ~(u32)IFA_F_DEPRECATED; /* as Linux: the first that is told of it is that it is there */
	addrconf_dad_start(ifp);
	addrconf_lifetime_arm(ifp);
	manage_tempaddrs(ifp, cfg->valid_lft_s, cfg->prefered_lft_s, true);
	return true;
}

/** new_lifetime() - nobody can shorten an address's life to less than two hours by an RA that is not authenticated */
static u32 new_lifetime(const struct inet6_ifaddr *ifp, u32 valid_s)
{
	u32 left_s = addrconf_lifetime_left(ifp, ifp->valid_lft_s);

	if (IN6_DEV_CONF(ifp->idev, RA_HONOR_PIO_LIFE) || valid_s > MIN_VALID_LIFETIME_S || valid_s > left_s)
		return valid_s;
	return left_s <= MIN_VALID_LIFETIME_S ? left_s : MIN_VALID_LIFETIME_S;
}

static void slaac_renew(struct inet6_ifaddr *ifp, const struct ra_prefix *p)
{
	u32 valid_s = new_lifetime(ifp, p->valid_lft_s), prefered_s = min_u32(p->prefered_lft_s, valid_s);
	u32 permanent = ifp->flags & IFA_F_PERMANENT; /* stays, whatever it means then */

	if (!valid_s) {
		ipv6_del_addr(ifp);
		return;
	}
	addrconf_set_lifetimes(ifp, valid_s, prefered_s);
	ifp->flags = (ifp->flags & ~(u32)(IFA_F_PERMANENT | IFA_F_DEPRECATED)) | permanent;
	if (!(ifp->flags & IFA_F_TENTATIVE))
		ipv6_ifa_tell(ifp, INET6ADDR_NEW, 0);
	addrconf_lifetime_arm(ifp);
	if (ifp->flags & IFA_F_MANAGETEMPADDR)
		manage_tempaddrs(ifp, valid_s, prefered_s, false);
}

/** autoconf_rcv() - Return: false: the prefix ought to give an address, and there can be none */
static bool autoconf_rcv(struct inet6_dev *idev, const struct ra_prefix *p, bool slla_known)
{
	struct ifa6_config cfg = { .prefix_len = p->prefix_len,
				   .ifa_proto = IFAPROT6_KERNEL_RA,
				   .autoconf = true,
				   .valid_lft_s = p->valid_lft_s,
				   .prefered_lft_s = p->prefered_lft_s };
	struct inet6_ifaddr *ifp;
	bool tokenized;

	if (p->prefix_len != 64 || !own_address(idev, p, &cfg, &tokenized))
		return false;
	ifp = slaac_find(idev, &cfg);
	if (!ifp)
		return !p->valid_lft_s || slaac_add(idev, &cfg, tokenized, slla_known);
	slaac_renew(ifp, p);
	return true;
}

void addrconf_prefix_rcv(struct net_device *dev, const struct ra_prefix *p, bool slla_known)
{
	struct inet6_dev *idev = in6_dev_get_rcu(dev);
	struct inet6addr_info info = { .dev = dev, .prefix = p };
	struct net *net = dev->net;
	bool delegated;

	if (!idev || p->prefered_lft_s > p->valid_lft_s ||
	    (ipv6_addr_type(&p->prefix) & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL)))
		return;
	delegated = p->dhcpv6_pd &&
		    (IPV6_DEVCONF_ALL(net, RA_HONOR_PIO_PFLAG) || IN6_DEV_CONF(idev, RA_HONOR_PIO_PFLAG));
	if (p->onlink && p->prefix_len <= 128) /* as Linux: a longer one is told of all the same */
		onlink_rcv(idev, p);
	if (p->autoconf && !delegated && IN6_DEV_CONF(idev, AUTOCONF) && !autoconf_rcv(idev, p, slla_known))
		return;
	(void)notifier_call_chain(&net->ipv6->inet6addr_chain, INET6ADDR_PREFIX, &info);
}

/* ------------------------------------------------------------------ ip token */

int inet6_set_iftoken(struct inet6_dev *idev, const struct in6_addr *token, const char **errmsg)
{
	struct net_device *dev = idev->dev;
	struct inet6_ifaddr *ifp, *tmp;
	struct in6_addr lladdr;

	if (dev->flags & IFF_LOOPBACK)
		return addrconf_error(errmsg, "ipv6: Device is loopback", -EINVAL);
	if (dev->flags & IFF_NOARP)
		return addrconf_error(errmsg, "ipv6: Device does not do neighbour discovery", -EINVAL);
	if (!ipv6_accept_ra(idev))
		return addrconf_error(errmsg, "ipv6: Router advertisement is disabled on device", -EINVAL);
	if (!IN6_DEV_CONF(idev, RTR_SOLICITS))
		return addrconf_error(errmsg, "ipv6: Router solicitation is disabled on device", -EINVAL);
	idev->token = in6addr_any;
	memcpy(&idev->token.s6_addr[8], &token->s6_addr[8], 8);
	list_for_each_entry_safe(ifp, tmp, &idev->addr_list, if_list) { /* made of the token before */
		if (ifp->tokenized)
			addrconf_set_lifetimes(ifp, 0, 0);
	}
	inet6_ifinfo_notify(idev);
	if (!ipv6_addr_any(token) && (idev->if_flags & IF_READY) &&
	    !ipv6_get_lladdr(dev, &lladdr, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC))
		addrconf_rs_start(idev, &lladdr); /* its routers answer with their prefixes */
	return 0;
}
