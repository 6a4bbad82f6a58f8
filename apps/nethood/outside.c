// SPDX-License-Identifier: BSD-2-Clause
/* Addresses from outside: asked for, waited for, given back.
 *
 * Reading order: outside_get(), wishes[]; outside_release(); outside_resolver().
 */
#include "outside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "loop.h"
#include "machine.h"

#define NSEC_PER_SEC UINT64_C(1000000000)
#define DHCP_WAIT_S 45U
#define LINK_LOCAL_WAIT_S 30U
#define RELEASE_WAIT_NS (NSEC_PER_SEC + NSEC_PER_SEC / 2)
#define LOOK_NS (NSEC_PER_SEC / 100) /* a step ends with a wait: what it brought is seen after that */
#define ECHO_HEADERS_BYTES 28U
#define RESOLVERS_MAX 3 /* resolv.conf(5): those that follow are ignored */

/* NULL: somebody has removed it. */
static struct nethood_dev *dev_of(const struct machine *m, const char *dev)
{
	return nethood_dev_find(m->net, netopt_dev_name(m->o, dev));
}

/* ---- one wish: a device, and how it shall get an address */

enum wish_state { WISH_OPEN, WISH_GRANTED, WISH_VAIN };

/* Which of --addr is link-local for this device?  With --dhcp it is what serves until a server answers. */
static bool wants_link_local(const struct machine *m, const char *dev)
{
	for (uint32_t i = 0; i < m->o->addrs; i++) {
		const struct netopt_addr *a = &m->o->addr[i];

		if (a->kind == NETOPT_ADDR_LINK_LOCAL &&
		    !strcmp(netopt_dev_name(m->o, a->dev), netopt_dev_name(m->o, dev)))
			return true;
	}
	return false;
}

static bool wants_dhcp(const struct machine *m, const char *dev)
{
	for (uint32_t i = 0; i < m->o->dhcps; i++) {
		if (!strcmp(netopt_dev_name(m->o, m->o->dhcp[i]), netopt_dev_name(m->o, dev)))
			return true;
	}
	return false;
}

static int complain(const char *option, const char *dev, const char *why)
{
	cli_errorf(option, "%s: %s", dev, why);
	return -1;
}

/* ---- --dhcp */

static int dhcp_begin(const struct machine *m, uint32_t i)
{
	const struct nethood_dhcp_config cfg = {
		.metric = i, /* the default route of the first is the best */
		.link_local = wants_link_local(m, m->o->dhcp[i]),
	};
	int err = nethood_dhcp_start(dev_of(m, m->o->dhcp[i]), &cfg);

	if (err)
		complain("--dhcp", netopt_dev_name(m->o, m->o->dhcp[i]), strerror(-err));
	return err;
}

static enum wish_state dhcp_state(const struct machine *m, const char *name)
{
	struct nethood_dev *dev = dev_of(m, name);
	struct nethood_dhcp_lease lease;

	if (!dev || nethood_dhcp_lease(dev, &lease))
		return WISH_VAIN;
	return lease.bound || nethood_ipv4ll_addr(dev).s_addr ? WISH_GRANTED : WISH_OPEN;
}

static void dhcp_complain(const struct machine *m, const char *name)
{
	struct nethood_dhcp_lease lease = { .state = NETHOOD_DHCP_OFF };
	struct nethood_dev *dev = dev_of(m, name);
	char why[200];

	if (dev)
		(void)nethood_dhcp_lease(dev, &lease);
	if (lease.state == NETHOOD_DHCP_OFF) {
		complain("--dhcp", netopt_dev_name(m->o, name),
			 "there is no carrier: is the other end of the wire up?");
		return;
	}
	snprintf(why, sizeof(why), "%s within %u s; --pcap FILE shows what came, --addr sets an address by hand",
		 lease.state == NETHOOD_DHCP_SELECTING ? "no server answered"
						       : "no server gave an address that is free",
		 DHCP_WAIT_S);
	complain("--dhcp", netopt_dev_name(m->o, name), why);
}

/* ---- --addr link-local */

static int link_local_begin(const struct machine *m, const struct netopt_addr *a)
{
	int err = nethood_ipv4ll_start(dev_of(m, a->dev));

	if (err)
		complain("--addr link-local", netopt_dev_name(m->o, a->dev), strerror(-err));
	return err;
}

static enum wish_state link_local_state(const struct machine *m, const struct netopt_addr *a)
{
	struct nethood_dev *dev = dev_of(m, a->dev);

	if (!dev)
		return WISH_VAIN;
	return nethood_ipv4ll_addr(dev).s_addr ? WISH_GRANTED : WISH_OPEN;
}

/* ---- --addr by-arp */

static void lladdr_of(const struct machine *m, const char *dev, char text[static 18])
{
	struct ifreq ifr = { .ifr_ifindex = 0 };
	const uint8_t *b = (const uint8_t *)ifr.ifr_hwaddr.sa_data;
	struct nethood_sock *sk;

	snprintf(text, 18, "its lladdr");
	if (nethood_socket(m->net, AF_INET, SOCK_DGRAM, 0, &sk))
		return;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	if (nethood_ioctl(sk, SIOCGIFHWADDR, &ifr, sizeof(ifr)) >= 0)
		snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4], b[5]);
	nethood_close(sk);
}

/* What the neighbour must do, for whoever reads along. */
static void by_arp_hint(const struct machine *m, const struct netopt_addr *a)
{
	char lladdr[18], packet[64] = "", also[64] = "";

	lladdr_of(m, netopt_dev_name(m->o, a->dev), lladdr);
	if (a->icmp_length)
		snprintf(packet, sizeof(packet), "ping -s %u ADDRESS", a->icmp_length - ECHO_HEADERS_BYTES);
	if (a->port)
		snprintf(also, sizeof(also), "%sa packet to port %u", a->icmp_length ? ", or " : "", a->port);
	cli_errorf(netopt_dev_name(m->o, a->dev),
		   "waits %u s; on the peer: ip neigh replace ADDRESS lladdr %s dev DEV; %s%s", a->timeout_s, lladdr,
		   packet, also);
}

static int by_arp_begin(const struct machine *m, const struct netopt_addr *a)
{
	const struct nethood_by_arp_config cfg = {
		.icmp_bytes = (uint16_t)a->icmp_length,
		.port = (uint16_t)a->port,
		.prefix_bits = (uint8_t)a->prefix_bits,
		.timeout_ns = a->timeout_s * NSEC_PER_SEC,
	};
	int err = nethood_by_arp_start(dev_of(m, a->dev), &cfg);

	if (err)
		complain("--addr by-arp", netopt_dev_name(m->o, a->dev),
			 err == -EADDRINUSE ? "has an address already: leave one of both out" : strerror(-err));
	else
		by_arp_hint(m, a);
	return err;
}

static enum wish_state by_arp_state(const struct machine *m, const struct netopt_addr *a)
{
	struct nethood_dev *dev = dev_of(m, a->dev);
	struct in_addr addr;

	if (!dev || nethood_by_arp_addr(dev, &addr))
		return WISH_VAIN;
	return addr.s_addr ? WISH_GRANTED : WISH_OPEN;
}

/* ---- all of them */

static int begin_all(const struct machine *m)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < m->o->dhcps; i++)
		err = dhcp_begin(m, i);
	for (uint32_t i = 0; !err && i < m->o->addrs; i++) {
		const struct netopt_addr *a = &m->o->addr[i];

		if (a->kind == NETOPT_ADDR_LINK_LOCAL && !wants_dhcp(m, a->dev))
			err = link_local_begin(m, a);
		else if (a->kind == NETOPT_ADDR_BY_ARP)
			err = by_arp_begin(m, a);
	}
	return err;
}

/* Those of --addr.  Return: the state of the worst */
static enum wish_state addrs_state(const struct machine *m, bool late, const struct netopt_addr **which)
{
	enum wish_state worst = WISH_GRANTED;

	for (uint32_t i = 0; i < m->o->addrs; i++) {
		const struct netopt_addr *a = &m->o->addr[i];
		enum wish_state s = WISH_GRANTED;

		if (a->kind == NETOPT_ADDR_LINK_LOCAL && !wants_dhcp(m, a->dev))
			s = link_local_state(m, a);
		else if (a->kind == NETOPT_ADDR_BY_ARP)
			s = by_arp_state(m, a);
		if (s == WISH_OPEN && late && a->kind == NETOPT_ADDR_LINK_LOCAL)
			s = WISH_VAIN;
		if (s == WISH_GRANTED || worst == WISH_VAIN)
			continue;
		worst = s;
		*which = a;
	}
	return worst;
}

static enum wish_state dhcps_state(const struct machine *m, bool late, const char **which)
{
	enum wish_state worst = WISH_GRANTED;

	for (uint32_t i = 0; i < m->o->dhcps && worst != WISH_VAIN; i++) {
		enum wish_state s = dhcp_state(m, m->o->dhcp[i]);

		if (s == WISH_OPEN && late)
			s = WISH_VAIN;
		if (s == WISH_GRANTED)
			continue;
		worst = s;
		*which = m->o->dhcp[i];
	}
	return worst;
}

static void addr_complain(const struct machine *m, const struct netopt_addr *a)
{
	if (a->kind == NETOPT_ADDR_LINK_LOCAL)
		complain("--addr link-local", netopt_dev_name(m->o, a->dev),
			 "no address that is free was found: is there a carrier?");
	else
		complain("--addr by-arp", netopt_dev_name(m->o, a->dev), "no packet gave it an address in time");
}

int outside_get(struct machine *m)
{
	uint64_t began = loop_now(), dhcp_end = began + DHCP_WAIT_S * NSEC_PER_SEC;
	uint64_t addr_end = began + LINK_LOCAL_WAIT_S * NSEC_PER_SEC;
	int err = begin_all(m);

	while (!err && !m->stop) {
		const struct netopt_addr *addr = NULL;
		const char *dhcp = NULL;
		uint64_t now = loop_now();
		enum wish_state d = dhcps_state(m, now >= dhcp_end, &dhcp);
		enum wish_state a = addrs_state(m, now >= addr_end, &addr);

		if (d == WISH_VAIN || a == WISH_VAIN) {
			if (d == WISH_VAIN)
				dhcp_complain(m, dhcp);
			else
				addr_complain(m, addr);
			return -ETIMEDOUT;
		}
		if (d == WISH_GRANTED && a == WISH_GRANTED)
			return 0;
		err = supervisor_step(m->sv, now + LOOK_NS);
	}
	return err ? err : -ECANCELED;
}

/* ---- the end */

static bool releasing(const struct machine *m, bool stop)
{
	bool any = false;

	for (uint32_t i = 0; i < m->o->dhcps; i++) {
		struct nethood_dev *dev = dev_of(m, m->o->dhcp[i]);

		if (dev &&
		    !(stop ? nethood_dhcp_stop(dev) : nethood_dhcp_lease(dev, &(struct nethood_dhcp_lease){ 0 })))
			any = true;
	}
	return any;
}

void outside_release(struct machine *m)
{
	uint64_t end = loop_now() + RELEASE_WAIT_NS;

	if (!m->net || !m->sv || !releasing(m, true))
		return;
	while (releasing(m, false) && loop_now() < end) {
		if (supervisor_step(m->sv, loop_now() + LOOK_NS))
			return;
	}
}

/* ---- resolv.conf */

void outside_resolver(const struct machine *m, char *text, size_t size_bytes)
{
	unsigned servers = 0;
	size_t used = 0;

	*text = '\0';
	for (uint32_t i = 0; i < m->o->dhcps; i++) {
		struct nethood_dev *dev = dev_of(m, m->o->dhcp[i]);
		struct nethood_dhcp_lease l;

		if (!dev || nethood_dhcp_lease(dev, &l) || !l.bound)
			continue;
		if (*l.domain && !used)
			used += (size_t)snprintf(text, size_bytes, "search %s\n", l.domain);
		for (uint32_t n = 0; n < l.dns_count && servers < RESOLVERS_MAX; n++, servers++) {
			char addr[INET_ADDRSTRLEN];

			inet_ntop(AF_INET, &l.dns[n], addr, sizeof(addr));
			used += (size_t)snprintf(text + used, size_bytes - used, "nameserver %s\n", addr);
		}
	}
	if (!servers)
		*text = '\0'; /* a search list alone would only hide the host's servers */
}
