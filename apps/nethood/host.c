// SPDX-License-Identifier: BSD-2-Clause
/* The host's side of a net.
 *
 * Who may, works in the network namespace that he is in: a TAP device appears there.  Everybody else gets a user
 * namespace and a network namespace of his own, which play the host; and where /dev/net/tun is closed to him, a pair of
 * veth devices stands for the TAP: one end in the namespace that plays the host, the other alone in a second one,
 * where the net takes its frames by AF_PACKET.
 */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netconf.h"
#include "spawn.h"

#define TAP_NAMES_MAX 1000

bool host_is_privileged(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	const uint32_t need = 1U << CAP_NET_ADMIN | 1U << CAP_SYS_ADMIN;

	return syscall(SYS_capget, &head, data) == 0 && (data[0].effective & need) == need;
}

/* ---- namespaces */

static bool uses(const struct netopt *o, const char *driver)
{
	for (uint32_t i = 0; i < o->devs; i++) {
		if (!strcmp(o->dev[i].driver, driver))
			return true;
	}
	return false;
}

static int up_loopback(void)
{
	struct netconf nc;
	int err = netconf_open(&nc, NULL);

	if (!err)
		err = netconf_link_up(&nc, 1);
	netconf_close(&nc);
	return err;
}

int host_enter(struct host *h, const struct netopt *o)
{
	int err;

	memset(h, 0, sizeof(*h));
	h->home_fd = -1;
	h->privileged = host_is_privileged();
	if (h->privileged || uses(o, "packet") ||
	    uses(o, "xdp")) /* an interface of the host is seen only from the host */
		return 0;
	err = userns_enter(CLONE_NEWNET);
	if (err) {
		cli_errorf("user namespace", "%s; see nethood doctor", strerror(-err));
		return err;
	}
	h->private_ns = true;
	err = up_loopback();
	h->home_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (h->home_fd < 0)
		err = -errno;
	if (err)
		cli_error("network namespace", strerror(-err));
	return err;
}

void host_leave(struct host *h)
{
	if (h->home_fd >= 0)
		close(h->home_fd);
	h->home_fd = -1;
}

/* ---- interfaces */

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0) {
		/* a kernel without IPv6 needs no telling */
	}
	close(fd);
}

/* This end of the cable is not the host's. */
static void no_ipv6(const char *ifname)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
	write_text(path, "1");
}

/* A name that no interface of the host has: nethood0, nethood1 ... */
static bool free_name(char name[static IFNAMSIZ], uint16_t *next)
{
	for (; *next < TAP_NAMES_MAX; (*next)++) {
		snprintf(name, IFNAMSIZ, "nethood%hu", *next);
		if (!if_nametoindex(name)) {
			(*next)++;
			return true;
		}
	}
	return false;
}

static struct nethood_dev_config config_of(const struct netopt_dev *d)
{
	return (struct nethood_dev_config){
		.name = d->name,
		.driver = d->driver,
		.arg = d->arg,
		.fd = d->fd,
		.mtu = d->mtu,
		.lladdr = d->has_lladdr ? d->lladdr : NULL,
		.queues = d->queues,
		.offload = d->offload,
	};
}

static int open_tap(struct host *h, const struct netopt_dev *d, uint32_t i, struct nethood_net *net,
		    struct nethood_dev **out)
{
	struct nethood_dev_config cfg = config_of(d);
	uint16_t next = 0;
	int err;

	cfg.arg = h->ifname[i];
	if (*d->arg) {
		snprintf(h->ifname[i], IFNAMSIZ, "%s", d->arg);
		h->made[i] = !if_nametoindex(d->arg);
		return nethood_dev_create(net, &cfg, out);
	}
	do { /* somebody may be quicker */
		if (!free_name(h->ifname[i], &next))
			return -EBUSY;
		h->made[i] = true;
		err = nethood_dev_create(net, &cfg, out);
	} while (err == -EBUSY);
	return err;
}

static int make_pair(const struct host *h, uint32_t i, const char *inner)
{
	struct netconf nc;
	int err = netconf_open(&nc, NULL);

	if (err)
		return err;
	err = netconf_veth_add(&nc, inner, h->ifname[i], h->home_fd);
	if (!err) {
		no_ipv6(inner);
		err = netconf_link_up(&nc, (int)if_nametoindex(inner));
	}
	netconf_close(&nc);
	return err;
}

/* In place of a TAP.  Each pair's inner end has a namespace to itself, which lives as long as the device. */
static int open_veth(struct host *h, const struct netopt_dev *d, uint32_t i, struct nethood_net *net,
		     struct nethood_dev **out)
{
	struct nethood_dev_config cfg = config_of(d);
	uint16_t next = 0;
	int err;

	cfg.driver = "packet";
	cfg.arg = "net";
	if (*d->arg)
		snprintf(h->ifname[i], IFNAMSIZ, "%s", d->arg);
	else if (!free_name(h->ifname[i], &next))
		return -EBUSY;
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	err = make_pair(h, i, cfg.arg);
	if (!err)
		err = nethood_dev_create(net, &cfg, out);
	if (setns(h->home_fd, CLONE_NEWNET) < 0 && !err)
		err = -errno;
	h->made[i] = !err;
	return err;
}

static bool tap_possible(void)
{
	return access("/dev/net/tun", R_OK | W_OK) == 0;
}

static void complain(const struct netopt_dev *d, int err)
{
	char what[128];
	const char *why = strerror(-err);

	snprintf(what, sizeof(what), "%s=%s:%s", d->name, d->driver, d->arg);
	if (err == -EBUSY)
		why = "is in use by another program";
	else if (!strcmp(d->driver, "xdp") && err == -ENOSYS)
		why = "nethood was built without libxdp, or this kernel has no bpf(2); packet: needs neither";
	else if (err == -EAFNOSUPPORT)
		why = "this kernel has no such sockets (CONFIG_XDP_SOCKETS, CONFIG_PACKET)";
	else if (!strcmp(d->driver, "xdp") && (err == -EPERM || err == -EACCES))
		why = "needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF of the machine itself: be root, or take packet:";
	else if ((err == -EPERM || err == -EACCES) && !host_is_privileged())
		why = "needs CAP_NET_ADMIN and CAP_NET_RAW: be root, or leave --dev out for a private host's side";
	else if (err == -ENODEV)
		why = "there is no such interface";
	else if (err == -EINVAL && !strcmp(d->driver, "fd"))
		why = "is no TAP, and no stream socket";
	else if (err == -EINVAL)
		why = "the driver does not take this name, MTU, lladdr or number of queues";
	cli_error(what, why);
}

static int own_fd(const struct netopt_dev *d)
{
	return fcntl(d->fd, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

int host_open_dev(struct host *h, const struct netopt *o, uint32_t i, struct nethood_net *net, struct nethood_dev **out)
{
	const struct netopt_dev *d = &o->dev[i];
	int err = d->fd >= 0 ? own_fd(d) : 0;

	if (!err && !strcmp(d->driver, "tap")) {
		if (h->private_ns && !tap_possible())
			err = open_veth(h, d, i, net, out);
		else
			err = open_tap(h, d, i, net, out);
	} else if (!err) {
		struct nethood_dev_config cfg = config_of(d);

		err = nethood_dev_create(net, &cfg, out);
	}
	if (err)
		complain(d, err);
	return err;
}

/* ---- the address of the host's side */

/* Return: true, and the interface that has @addr already */
static bool address_taken(const struct netaddr *addr, const char *except, char ifname[static IFNAMSIZ])
{
	size_t at = addr->family == AF_INET6 ? offsetof(struct sockaddr_in6, sin6_addr)
					     : offsetof(struct sockaddr_in, sin_addr);
	struct ifaddrs *all, *a;
	bool taken = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (a = all; a && !taken; a = a->ifa_next) {
		const struct sockaddr *sa = a->ifa_addr;

		if (!sa || sa->sa_family != addr->family || !strcmp(a->ifa_name, except) ||
		    memcmp((const uint8_t *)sa + at, addr->octets, netaddr_bytes(addr)) != 0)
			continue;
		snprintf(ifname, IFNAMSIZ, "%s", a->ifa_name);
		taken = true;
	}
	freeifaddrs(all);
	return taken;
}

static int set_address(struct netconf *nc, const char *ifname, const struct netopt_addr *a)
{
	char other[IFNAMSIZ], text[INET6_ADDRSTRLEN];
	int err;

	netaddr_text(&a->addr, text);
	if (address_taken(&a->addr, ifname, other)) {
		if (a->by_default)
			return 0;
		cli_errorf(text,
			   "%s has this address already, perhaps for another net; "
			   "choose others, like --addr 10.78.0.2/24 --host-addr 10.78.0.1/24",
			   other);
		return -EADDRINUSE;
	}
	err = netconf_addr_add(nc, (int)if_nametoindex(ifname), &a->addr, a->prefix_bits, true);
	if (err && err != -EEXIST && !a->by_default) {
		cli_errorf(text, "not given to %s: %s", ifname, nc->why);
		return err;
	}
	return 0;
}

/* @o: NULL: no address is for it */
static int configure_one(struct netconf *nc, const struct host *h, uint32_t i, const struct netopt *o)
{
	int err = 0;

	if (h->made[i]) {
		err = netconf_link_up(nc, (int)if_nametoindex(h->ifname[i]));
		if (err) {
			cli_error(h->ifname[i], nc->why);
			return err;
		}
	}
	for (uint32_t n = 0; o && !err && n < o->host_addrs; n++)
		err = set_address(nc, h->ifname[i], &o->host_addr[n]);
	return err;
}

int host_configure(struct host *h, const struct netopt *o)
{
	const struct netopt *addresses = o; /* for the first */
	struct netconf nc;
	int err = netconf_open(&nc, NULL);

	if (err) {
		cli_error("rtnetlink", strerror(-err));
		return err;
	}
	for (uint32_t i = 0; !err && i < o->devs; i++) {
		if (strcmp(o->dev[i].driver, "tap") != 0)
			continue;
		err = configure_one(&nc, h, i, addresses);
		addresses = NULL;
	}
	netconf_close(&nc);
	return err;
}

/* Those of the host's side are free at once.  Return: 0, -errno */
static int free_addresses(const struct host *h, const struct netopt *o, uint32_t i)
{
	struct netconf nc;
	int err = o->host_addrs ? netconf_open(&nc, NULL) : 0;

	if (err || !o->host_addrs)
		return err;
	for (uint32_t n = 0; !err && n < o->host_addrs; n++) {
		const struct netopt_addr *a = &o->host_addr[n];

		err = netconf_addr_del(&nc, (int)if_nametoindex(h->ifname[i]), &a->addr, a->prefix_bits);
		if (a->by_default)
			err = 0;
	}
	netconf_close(&nc);
	return err;
}

bool host_forget(struct host *h, const struct netopt *o)
{
	bool first = true;

	if (h->private_ns)
		return true;
	for (uint32_t i = 0; i < o->devs; i++) {
		if (strcmp(o->dev[i].driver, "tap") != 0)
			continue;
		if (*o->dev[i].arg)
			return false;
		if (first && free_addresses(h, o, i))
			return false;
		first = false;
	}
	return !first;
}
