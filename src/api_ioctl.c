// SPDX-License-Identifier: BSD-2-Clause
/* The SIOC* requests that ifconfig, glibc's if_nametoindex() and many others make on any socket.
 *
 * @linux netdevice(7), net/core/dev_ioctl.c
 *
 * Reading order: dev_requests[], sock_ioctl(); addresses and routes are in api_ioctl_inet.c.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include "api_ioctl.h"

static int get_index(struct net_device *dev, struct ifreq *ifr)
{
	ifr->ifr_ifindex = dev->ifindex;
	return 0;
}

static int get_flags(struct net_device *dev, struct ifreq *ifr)
{
	ifr->ifr_flags = (short)(dev_get_flags(dev) & 0xffff);
	return 0;
}

static int set_flags(struct net_device *dev, struct ifreq *ifr)
{
	return dev_change_flags(dev, (u16)ifr->ifr_flags);
}

static int get_metric(struct net_device *dev, struct ifreq *ifr)
{
	(void)dev;
	ifr->ifr_metric = 0;
	return 0;
}

static int get_mtu(struct net_device *dev, struct ifreq *ifr)
{
	ifr->ifr_mtu = (int)dev->mtu;
	return 0;
}

static int set_mtu(struct net_device *dev, struct ifreq *ifr)
{
	return ifr->ifr_mtu < 0 ? -EINVAL : dev_set_mtu(dev, (u32)ifr->ifr_mtu);
}

static int get_hwaddr(struct net_device *dev, struct ifreq *ifr)
{
	memset(&ifr->ifr_hwaddr, 0, sizeof(ifr->ifr_hwaddr));
	ifr->ifr_hwaddr.sa_family = dev->type;
	memcpy(ifr->ifr_hwaddr.sa_data, dev->dev_addr, min_size(sizeof(ifr->ifr_hwaddr.sa_data), dev->addr_len));
	return 0;
}

static int set_hwaddr(struct net_device *dev, struct ifreq *ifr)
{
	if (dev->addr_len > sizeof(ifr->ifr_hwaddr.sa_data))
		return -EINVAL;
	if (ifr->ifr_hwaddr.sa_family != dev->type)
		return -EINVAL;
	return dev_set_mac_address(dev, (const u8 *)ifr->ifr_hwaddr.sa_data);
}

static int get_txqlen(struct net_device *dev, struct ifreq *ifr)
{
	ifr->ifr_qlen = (int)dev->tx_queue_len;
	return 0;
}

static int set_txqlen(struct net_device *dev, struct ifreq *ifr)
{
	if (ifr->ifr_qlen < 0)
		return -EINVAL;
	dev->tx_queue_len = (u32)ifr->ifr_qlen;
	return 0;
}

static int get_map(struct net_device *dev, struct ifreq *ifr)
{
	(void)dev;
	memset(&ifr->ifr_map, 0, sizeof(ifr->ifr_map)); /* no device has ports or interrupts */
	return 0;
}

static int set_name(struct net_device *dev, struct ifreq *ifr)
{
	ifr->ifr_newname[IFNAMSIZ - 1] = '\0';
	return dev_change_name(dev, ifr->ifr_newname);
}

static int change_multi(struct net_device *dev, const struct ifreq *ifr, bool add)
{
	const u8 *addr = (const u8 *)ifr->ifr_hwaddr.sa_data;

	if (ifr->ifr_hwaddr.sa_family != AF_UNSPEC)
		return -EINVAL;
	return add ? dev_mc_add(dev, addr) : dev_mc_del(dev, addr);
}

static int add_multi(struct net_device *dev, struct ifreq *ifr)
{
	return change_multi(dev, ifr, true);
}

static int del_multi(struct net_device *dev, struct ifreq *ifr)
{
	return change_multi(dev, ifr, false);
}

static void ethtool_drvinfo(const struct net_device *dev, struct ethtool_drvinfo *info)
{
	memset(info, 0, sizeof(*info));
	info->cmd = ETHTOOL_GDRVINFO;
	snprintf(info->driver, sizeof(info->driver), "%s", dev->kind ? dev->kind : "nethood");
	snprintf(info->version, sizeof(info->version), "0.1.0");
}

/* Enough for programs that look whether there is a link, and at whom they talk to. */
static int ethtool(struct net_device *dev, struct ifreq *ifr)
{
	u32 cmd;

	if (!ifr->ifr_data)
		return -EFAULT;
	memcpy(&cmd, ifr->ifr_data, sizeof(cmd));
	if (cmd == ETHTOOL_GDRVINFO) {
		ethtool_drvinfo(dev, (struct ethtool_drvinfo *)(void *)ifr->ifr_data);
		return 0;
	}
	if (cmd == ETHTOOL_GLINK) {
		struct ethtool_value *value = (struct ethtool_value *)(void *)ifr->ifr_data;

		value->data = netif_has_link(dev);
		return 0;
	}
	return -EOPNOTSUPP;
}

/* Requests about one device, which ifr_name names. */
static const struct dev_request {
	unsigned long request;
	int (*fn)(struct net_device *dev, struct ifreq *ifr);
	bool admin;
} dev_requests[] = {
	{ SIOCGIFINDEX, get_index, false },   { SIOCGIFFLAGS, get_flags, false },  { SIOCSIFFLAGS, set_flags, true },
	{ SIOCGIFMETRIC, get_metric, false }, { SIOCGIFMTU, get_mtu, false },      { SIOCSIFMTU, set_mtu, true },
	{ SIOCGIFHWADDR, get_hwaddr, false }, { SIOCSIFHWADDR, set_hwaddr, true }, { SIOCGIFTXQLEN, get_txqlen, false },
	{ SIOCSIFTXQLEN, set_txqlen, true },  { SIOCGIFMAP, get_map, false },      { SIOCSIFNAME, set_name, true },
	{ SIOCADDMULTI, add_multi, true },    { SIOCDELMULTI, del_multi, true },   { SIOCETHTOOL, ethtool, false },
};

static int dev_request(struct sock *sk, const struct dev_request *rq, struct ifreq *ifr)
{
	struct net_device *dev;
	char *colon;

	ifr->ifr_name[IFNAMSIZ - 1] = '\0';
	colon = strchr(ifr->ifr_name, ':');
	if (colon)
		*colon = '\0';
	dev = dev_find_by_name(sk->net, ifr->ifr_name);
	if (colon)
		*colon = ':';
	if (rq->admin && !sk->admin)
		return -EPERM;
	return dev ? rq->fn(dev, ifr) : -ENODEV;
}

static int get_name(struct sock *sk, struct ifreq *ifr)
{
	return sk->net->sock->dev_ops->ifname(sk->net, ifr->ifr_ifindex, ifr->ifr_name);
}

/* Calendar time of the packet read last; asking for it begins to take it. */
static int get_stamp(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes)
{
	struct timespec ts = { sk->stamp / NSEC_PER_SEC, sk->stamp % NSEC_PER_SEC };
	struct timeval tv = { ts.tv_sec, ts.tv_nsec / NSEC_PER_USEC };

	if (sk->stamp < 0)
		return -ENOENT;
	if (arg_bytes < sizeof(ts))
		return -EFAULT;
	if (request == 0x8906 /* SIOCGSTAMP */)
		memcpy(arg, &tv, sizeof(tv));
	else
		memcpy(arg, &ts, sizeof(ts));
	return 0;
}

static const struct dev_request *dev_request_find(unsigned long request)
{
	for (u32 i = 0; i < ARRAY_SIZE(dev_requests); i++) {
		if (dev_requests[i].request == request)
			return &dev_requests[i];
	}
	return NULL;
}

int sock_ioctl(struct sock *sk, unsigned long request, void *arg, size_t arg_bytes)
{
	const struct dev_request *rq = dev_request_find(request);

	if (!arg)
		return -EFAULT;
	if (rq || request == SIOCGIFNAME) {
		if (arg_bytes < sizeof(struct ifreq))
			return -EFAULT;
		return rq ? dev_request(sk, rq, arg) : get_name(sk, arg);
	}
	switch (request) {
	case 0x8906: /* SIOCGSTAMP, whose macro in asm/sockios.h depends on the architecture */
	case 0x8907: /* SIOCGSTAMPNS */
		return get_stamp(sk, request, arg, arg_bytes);
	case SIOCGIFCONF:
	case SIOCGIFADDR:
	case SIOCSIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCSIFDSTADDR:
	case SIOCGIFBRDADDR:
	case SIOCSIFBRDADDR:
	case SIOCGIFNETMASK:
	case SIOCSIFNETMASK:
	case SIOCADDRT:
	case SIOCDELRT:
	case SIOCSARP:
	case SIOCDARP:
	case SIOCGARP:
		return inet_ioctl(sk, request, arg, arg_bytes);
	default:
		return sk->prot->ioctl ? sk->prot->ioctl(sk, request, arg, arg_bytes) : -ENOTTY;
	}
}
