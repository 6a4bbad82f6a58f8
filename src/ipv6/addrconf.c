// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 of devices: when it comes, what a device gives itself, when it goes.
 *
 * @rfc  4862 5.1-5.3, 4291 2.8
 * @linux net/ipv6/addrconf.c
 *
 * A device has IPv6 from its registration on, if packets of 1280 octets fit through it; its addresses come when the link
 * can be used, and go when it is taken down.
 *
 * Reading order: addrconf_notify(), addrconf_up(), addrconf_dev_config(), addrconf_ifdown(), addrconf_init().
 */
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if.h> /* IF_OPER_* */
#include <string.h>

#include "ipv6/addrconf_internal.h"
#include "ipv6/ip6_fib.h"
#include "ipv6/mcast.h"
#include "ipv6/ndisc.h"

/* ------------------------------------------------------------------ inet6_dev */

bool addrconf_link_ready(const struct net_device *dev)
{
	return netif_has_link(dev) && (dev->operstate == IF_OPER_UP || dev->operstate == IF_OPER_UNKNOWN);
}

void inet6_ifinfo_notify(struct inet6_dev *idev)
{
	struct net *net = idev->dev->net;
	struct inet6addr_info info = { .dev = idev->dev };

	(void)notifier_call_chain(&net->ipv6->inet6addr_chain, INET6ADDR_CONF, &info);
}

/** struct idev_block - one allocation */
struct idev_block {
	struct inet6_dev idev;
	struct ipstats6 stats;
	struct icmpv6_mib icmp_mib;
};

static void idev_settings(struct inet6_dev *idev)
{
	const struct net_device *dev = idev->dev;
	const struct ipv6_devconf *dflt = dev->net->ipv6->devconf_dflt;

	memcpy(idev->cnf.data, dflt->data, sizeof(idev->cnf.data));
	if (dflt->stable_secret_set) {
		idev->cnf.stable_secret = dflt->stable_secret;
		idev->cnf.stable_secret_set = true;
		idev->cnf.data[IPV6_DEVCONF_ADDR_GEN_MODE] = IN6_ADDR_GEN_STABLE_PRIVACY;
	}
	idev->cnf.data[IPV6_DEVCONF_MTU6] = (int)dev->mtu;
	if (dev->flags & (IFF_NOARP | IFF_LOOPBACK))
		idev->cnf.data[IPV6_DEVCONF_ACCEPT_DAD] = -1;
	if ((dev->flags & IFF_LOOPBACK) || dev->type == ARPHRD_NONE)
		idev->cnf.data[IPV6_DEVCONF_USE_TEMPADDR] = -1;
}

static void idev_free(struct inet6_dev *idev)
{
	struct net_device *dev = idev->dev;

	mem_free(dev->net->mem, idev->ra_prefixes, RA_PREFIXES_MAX * sizeof(*idev->ra_prefixes));
	icmp_count_fini(&idev->icmp_mib->in_type, dev->net->mem);
	icmp_count_fini(&idev->icmp_mib->out_type, dev->net->mem);
	mem_free(dev->net->mem, idev, sizeof(struct idev_block));
	dev_put(dev);
}

static void idev_free_rcu(struct rcu_head *head)
{
	idev_free(container_of(head, struct inet6_dev, rcu));
}

/** ipv6_add_dev() - IPv6 begins on @dev.  Return: NULL: no memory */
static struct inet6_dev *ipv6_add_dev(struct net_device *dev)
{
	struct idev_block *block = mem_zalloc(dev->net->mem, sizeof(*block));
	struct inet6_dev *idev;

	if (!block)
		return NULL;
	idev = &block->idev;
	idev->dev = dev_hold(dev);
	idev->serial = ++addrconf_of(dev->net)->serial;
	idev->stats = &block->stats;
	idev->icmp_mib = &block->icmp_mib;
	idev->tstamp = dev->net->now;
	INIT_LIST_HEAD(&idev->addr_list);
	INIT_LIST_HEAD(&idev->tempaddr_list);
	INIT_LIST_HEAD(&idev->mc_list);
	INIT_LIST_HEAD(&idev->ac_list);
	INIT_LIST_HEAD(&idev->mc_tomb);
	timer_setup(&idev->rs_timer, addrconf_rs_timer);
	idev_settings(idev);
	if (ndisc_dev_init(dev)) {
		idev_free(idev);
		return NULL;
	}
	rcu_assign_pointer(dev->ip6_ptr, idev);
	if (ipv6_mc_init_dev(idev)) {
		ipv6_mc_destroy_dev(idev);
		ndisc_dev_exit(dev);
		rcu_assign_pointer(dev->ip6_ptr, (struct inet6_dev *)NULL);
		rcu_defer_free(&dev->net->rcu, &idev->rcu, idev_free_rcu);
		return NULL;
	}
	addrconf_sysctl_register(dev->net, dev->name, &idev->cnf);
	return idev;
}

/* ------------------------------------------------------------------ up */

/** loopback_up() - ::1 */
static int loopback_up(struct inet6_dev *idev)
{
	struct ifa6_config cfg = { .addr = in6addr_loopback,
				   .prefix_len = 128,
				   .valid_lft_s = INFINITY_LIFE_TIME,
				   .prefered_lft_s = INFINITY_LIFE_TIME,
				   .ifa_proto = IFAPROT6_KERNEL_LO };
	struct inet6_ifaddr *ifp;
	int err;

	ifp = ipv6_add_addr(idev, &cfg, NULL, &err);
	if (!ifp)
		return err == -EEXIST || err == -EACCES ? 0 : err;
	addrconf_dad_start(ifp);
	return 0;
}

int addrconf_multicast_route(struct net_device *dev)
{
	struct fib6_config cfg = { .table = RT_TABLE_LOCAL,
				   .metric = IP6_RT_PRIO_ADDRCONF,
				   .dst = { .s6_addr = { 0xff } },
				   .dst_len = 8,
				   .type = RTN_MULTICAST,
				   .protocol = RTPROT_KERNEL,
				   .oif = dev->ifindex,
				   .nlflags = NLM_F_CREATE,
				   .kernel = true };
	int err = dev->flags & IFF_MULTICAST ? ip6_route_add(dev->net, &cfg, NULL) : 0;

	return err == -EEXIST ? 0 : err;
}

void addrconf_dev_config(struct inet6_dev *idev)
{
	struct net_device *dev = idev->dev;

	if (IN6_DEV_CONF(idev, DISABLE_IPV6))
		return;
	if (dev->flags & IFF_LOOPBACK) {
		if (loopback_up(idev))
			net_log(dev->net, "%s: no memory for its IPv6 address", dev->name);
		return;
	}
	if (addrconf_multicast_route(dev))
		net_log(dev->net, "%s: no memory for the route of multicast", dev->name);
	if (dev->type == ARPHRD_NONE && IN6_DEV_CONF(idev, ADDR_GEN_MODE) == IN6_ADDR_GEN_EUI64)
		idev->cnf.data[IPV6_DEVCONF_ADDR_GEN_MODE] = IN6_ADDR_GEN_RANDOM;
	addrconf_addr_gen(idev);
}

/** prefix_routes() - of the addresses that outlived the device's going down, or were added meanwhile */
static void prefix_routes(struct inet6_dev *idev)
{
	const struct inet6_ifaddr *ifp;

	list_for_each_entry(ifp, &idev->addr_list, if_list) {
		if ((ifp->flags & (IFA_F_NOPREFIXROUTE | IFA_F_PERMANENT)) == IFA_F_PERMANENT &&
		    !ipv6_addr_loopback(&ifp->addr) && addrconf_add_prefix_route(ifp, 0))
			net_log(idev->dev->net, "%s: no memory for the route of a prefix", idev->dev->name);
	}
}

static void addrconf_up(struct inet6_dev *idev)
{
	struct net_device *dev = idev->dev;

	if (!addrconf_link_ready(dev))
		return;
	fib6_dev_link_change(dev);
	if (idev->if_flags & IF_READY) { /* the cable is in again: all is there */
		ipv6_mc_up(idev);
		return;
	}
	idev->if_flags |= IF_READY;
	ipv6_mc_up(idev);
	ipv6_ac_up(idev);
	prefix_routes(idev);
	addrconf_dev_config(idev);
	idev->cnf.data[IPV6_DEVCONF_MTU6] = (int)dev->mtu;
	idev->tstamp = dev->net->now;
	inet6_ifinfo_notify(idev);
	addrconf_dad_run(idev);
}

/* ------------------------------------------------------------------ down */

static bool keeps_addr(const struct inet6_ifaddr *ifp)
{
	struct net *net = ifp->idev->dev->net;
	int of_all = IPV6_DEVCONF_ALL(net, KEEP_ADDR_ON_DOWN), of_dev = IN6_DEV_CONF(ifp->idev, KEEP_ADDR_ON_DOWN);
	int keep = of_all ? of_all : of_dev;

	return keep > 0 && (ifp->flags & IFA_F_PERMANENT) && !ipv6_addr_is_linklocal(&ifp->addr) &&
	       !ipv6_addr_loopback(&ifp->addr) && !IN6_DEV_CONF(ifp->idev, DISABLE_IPV6);
}

/** keep_addr() - it waits for the device to come up; then it must be unique anew */
static void keep_addr(struct inet6_ifaddr *ifp)
{
	timer_delete(ifp->idev->dev->net->timers, &ifp->dad_timer);
	ipv6_ifa_unroute(ifp);
	addrconf_leave_solict(ifp);
	ifp->state = INET6_IFADDR_STATE_PREDAD;
	ifp->flags &= ~(u32)IFA_F_DADFAILED;
	if (!(ifp->flags & IFA_F_NODAD))
		ifp->flags |= IFA_F_TENTATIVE;
}

static void drop_addrs(struct inet6_dev *idev, bool all)
{
	struct inet6_ifaddr *ifp, *tmp;

	while (!list_empty(&idev->tempaddr_list)) /* first: each would go with its public address */
		ipv6_del_addr(list_first_entry(&idev->tempaddr_list, struct inet6_ifaddr, tmp_list));
	list_for_each_entry_safe(ifp, tmp, &idev->addr_list, if_list) {
		if (!all && keeps_addr(ifp))
			keep_addr(ifp);
		else
			ipv6_del_addr(ifp);
	}
}

static void idev_destroy(struct inet6_dev *idev)
{
	struct net_device *dev = idev->dev;

	ipv6_ac_destroy_dev(idev);
	ipv6_mc_destroy_dev(idev);
	ndisc_dev_exit(dev);
	addrconf_sysctl_unregister(dev->net, &idev->cnf);
	rcu_assign_pointer(dev->ip6_ptr, (struct inet6_dev *)NULL);
	rcu_defer_free(&dev->net->rcu, &idev->rcu, idev_free_rcu);
}

void addrconf_ifdown(struct net_device *dev, bool unregister)
{
	struct inet6_dev *idev = in6_dev_get_rcu(dev);

	fib6_purge_dev(dev, true);
	ndisc_ifdown(dev);
	if (!idev)
		return;
	if (unregister)
		idev->dead = true;
	timer_delete(dev->net->timers, &idev->rs_timer);
	idev->if_flags &= ~(IF_RS_SENT | IF_RA_RCVD | IF_READY);
	drop_addrs(idev, unregister);
	ipv6_ac_down(idev);
	ipv6_mc_down(idev);
	idev->tstamp = dev->net->now;
	idev->ra_mtu = 0;
	addrconf_forget_prefixes(idev);
	rt6_cache_flush(dev->net);
	if (unregister)
		idev_destroy(idev);
}

void addrconf_disable_change(struct inet6_dev *idev, bool disable)
{
	if (disable) {
		addrconf_ifdown(idev->dev, false);
		return;
	}
	idev->if_flags &= ~IF_READY; /* the link may be there, IPv6 was not */
	addrconf_up(idev);
}

/* ------------------------------------------------------------------ events */

static int mtu_changed(struct net_device *dev, struct inet6_dev *idev)
{
	if (dev->mtu < IPV6_MIN_MTU) {
		if (idev)
			addrconf_ifdown(dev, true);
		return 0;
	}
	if (idev) {
		fib6_mtu_change(dev, dev->mtu);
		idev->cnf.data[IPV6_DEVCONF_MTU6] = (int)dev->mtu;
		return 0;
	}
	idev = ipv6_add_dev(dev);
	if (!idev)
		return -ENOMEM;
	if (dev->flags & IFF_UP)
		addrconf_up(idev);
	return 0;
}

static void renamed(struct inet6_dev *idev)
{
	struct net_device *dev = idev->dev;

	addrconf_sysctl_unregister(dev->net, &idev->cnf);
	addrconf_sysctl_register(dev->net, dev->name, &idev->cnf);
}

static int addrconf_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	struct net_device *dev = ((struct netdev_notifier_info *)data)->dev;
	struct inet6_dev *idev = in6_dev_get_rcu(dev);

	(void)nb;
	if (event == NETDEV_REGISTER)
		return dev->mtu < IPV6_MIN_MTU || idev || ipv6_add_dev(dev) ? 0 : -ENOMEM;
	if (event == NETDEV_CHANGEMTU)
		return mtu_changed(dev, idev);
	if (!idev)
		return 0;
	switch (event) {
	case NETDEV_UP:
		addrconf_up(idev);
		break;
	case NETDEV_CHANGE:
		if (!(dev->flags & IFF_UP))
			break;
		if (addrconf_link_ready(dev))
			addrconf_up(idev);
		else
			fib6_dev_link_change(dev);
		break;
	case NETDEV_DOWN:
	case NETDEV_UNREGISTER:
		addrconf_ifdown(dev, event == NETDEV_UNREGISTER);
		break;
	case NETDEV_CHANGENAME:
		renamed(idev);
		break;
	default:
		break;
	}
	return 0;
}

/* ------------------------------------------------------------------ forwarding */

static void dev_forward_change(struct inet6_dev *idev, bool on)
{
	static const struct in6_addr *const groups[] = { &in6addr_linklocal_allrouters,
							 &in6addr_interfacelocal_allrouters,
							 &in6addr_sitelocal_allrouters };
	struct net_device *dev = idev->dev;
	struct inet6_ifaddr *ifp;

	for (u32 i = 0; i < ARRAY_SIZE(groups) && (dev->flags & IFF_MULTICAST); i++) {
		if (!on)
			(void)ipv6_dev_mc_dec(dev, groups[i]);
		else if (ipv6_dev_mc_inc(dev, groups[i]))
			net_log(dev->net, "%s: no memory for the group of the routers", dev->name);
	}
	list_for_each_entry(ifp, &idev->addr_list, if_list) {
		if (!on)
			addrconf_leave_anycast(ifp);
		else if (ifp->rt && !(ifp->flags & IFA_F_TENTATIVE))
			addrconf_join_anycast(ifp);
	}
}

static void set_forwarding(struct inet6_dev *idev, bool on)
{
	bool was = IN6_DEV_CONF(idev, FORWARDING) != 0;

	idev->cnf.data[IPV6_DEVCONF_FORWARDING] = on;
	if (was != on)
		dev_forward_change(idev, on);
}

void addrconf_forward_change(struct net *net, struct inet6_dev *idev, bool on)
{
	struct net_device *dev;

	if (idev) {
		set_forwarding(idev, on);
	} else {
		net->ipv6->devconf_all->data[IPV6_DEVCONF_FORWARDING] = on;
		net->ipv6->devconf_dflt->data[IPV6_DEVCONF_FORWARDING] = on;
		for_each_netdev(net, dev) {
			if (in6_dev_get_rcu(dev))
				set_forwarding(in6_dev_get_rcu(dev), on);
		}
	}
	if (on)
		rt6_purge_dflt_routers(net);
	rt6_cache_flush(net);
}

/* ------------------------------------------------------------------ life */

int addrconf_init(struct net *net)
{
	struct addrconf_state *ac = mem_zalloc(net->mem, sizeof(*ac));
	int err;

	if (!ac)
		return -ENOMEM;
	htable_init(&ac->addr_hash, net->mem, &net->rng, 16);
	ratelimit_init(&ac->log_limit, 5 * NSEC_PER_SEC, 10); /* as net_ratelimit() of Linux */
	net->ipv6->addrconf = ac;
	net->ipv6->devconf_all = &ac->all;
	net->ipv6->devconf_dflt = &ac->dflt;
	addrconf_sysctl_init(net);
	err = ipv6_addr_label_init(net);
	if (err)
		goto err_sysctl;
	ac->netdev_nb.call = addrconf_notify;
	ac->netdev_nb.priority = 10; /* ND and the FIB find its part of a device */
	err = register_netdevice_notifier(net, &ac->netdev_nb);
	if (err)
		goto err_label;
	return 0;

err_label:
	ipv6_addr_label_exit(net);
err_sysctl:
	addrconf_sysctl_exit(net);
	net->ipv6->addrconf = NULL;
	mem_free(net->mem, ac, sizeof(*ac));
	return err;
}

void addrconf_exit(struct net *net)
{
	struct addrconf_state *ac = net->ipv6->addrconf;

	if (!ac)
		return;
	unregister_netdevice_notifier(net, &ac->netdev_nb); /* tells it that each device goes */
	ipv6_addr_label_exit(net);
	addrconf_sysctl_exit(net);
	rcu_quiescent(&net->rcu);
	htable_fini(&ac->addr_hash);
	net->ipv6->addrconf = NULL;
	net->ipv6->devconf_all = net->ipv6->devconf_dflt = NULL;
	mem_free(net->mem, ac, sizeof(*ac));
}
