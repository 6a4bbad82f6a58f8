// SPDX-License-Identifier: BSD-2-Clause
/* NET OPTIONS.
 *
 * Reading order: netopt_table[], the functions it names, netopt_finish().
 */
#include "netopt.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MTU_MIN 68U /* RFC 791 */
#define MTU_MAX 65535U
#define FD_MAX 1048576U

/* The next place of an array, or NULL after having said that there is none. */
#define NEXT(option, array, count) \
	((count) < ARRAY_SIZE(array) ? &(array)[(count)++] : too_many(option, ARRAY_SIZE(array)))

static void *too_many(const char *option, size_t most)
{
	cli_errorf(option, "given more than %zu times", most);
	return NULL;
}

static int usage(const char *option, const char *value, const char *why)
{
	cli_errorf(option, "'%s': %s", value, why);
	return EXIT_USAGE;
}

/* ---- --dev NAME=DRIVER:ARG[,key=value]... */

static const char *const drivers[] = { "tap", "packet", "xdp", "unix", "pcap", "fd" };

static const char *find_driver(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		if (strlen(drivers[i]) == len && !strncmp(drivers[i], text, len))
			return drivers[i];
	}
	return NULL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_lladdr(const char *text, uint8_t lladdr[static 6])
{
	uint8_t any = 0;

	if (strlen(text) != 17)
		return false;
	for (size_t i = 0; i < 6; i++, text += 3) {
		int high = hex_digit(text[0]), low = hex_digit(text[1]);

		if (high < 0 || low < 0 || (i < 5 && text[2] != ':'))
			return false;
		lladdr[i] = (uint8_t)(high << 4 | low);
		any |= lladdr[i];
	}
	return any && !(lladdr[0] & 1);
}

static bool dev_mtu(struct netopt_dev *d, const char *value)
{
	return cli_number(value, MTU_MIN, MTU_MAX, &d->mtu);
}

static bool dev_queues(struct netopt_dev *d, const char *value)
{
	return cli_number(value, 1, 256, &d->queues);
}

static bool dev_lladdr(struct netopt_dev *d, const char *value)
{
	d->has_lladdr = true;
	return parse_lladdr(value, d->lladdr);
}

static bool dev_offload(struct netopt_dev *d, const char *value)
{
	d->offload = !strcmp(value, "on");
	return d->offload || !strcmp(value, "off");
}

static const struct {
	const char *key, *want;
	bool (*set)(struct netopt_dev *d, const char *value);
} dev_keys[] = {
	{ "mtu=", "mtu= is a number from 68 to 65535", dev_mtu },
	{ "lladdr=", "lladdr= is the address of one station, like 02:00:00:00:00:01", dev_lladdr },
	{ "queues=", "queues= is a number from 1 to 256", dev_queues },
	{ "offload=", "offload= is on or off", dev_offload },
};

/* Is this piece after a comma a key?  If not it belongs to the driver's argument ("in.pcap,out.pcap"). */
static int dev_key(const char *piece)
{
	for (size_t i = 0; i < ARRAY_SIZE(dev_keys); i++) {
		if (!strncmp(piece, dev_keys[i].key, strlen(dev_keys[i].key)))
			return (int)i;
	}
	return -1;
}

/* Cuts keys off the end of @arg, which is changed.  Return: 0, EXIT_USAGE */
static int dev_set_keys(struct netopt_dev *d, const char *word, char *arg)
{
	bool seen[ARRAY_SIZE(dev_keys)] = { false };
	char *comma;

	while ((comma = strrchr(arg, ','))) {
		int key = dev_key(comma + 1);

		if (key < 0 && (strcmp(d->driver, "pcap") != 0 || strchr(comma, '=')))
			return usage("--dev", word, "after the argument come mtu=, lladdr=, queues=, offload=");
		if (key < 0)
			break;
		if (seen[key])
			return usage("--dev", word, "a key is given twice");
		seen[key] = true;
		*comma = '\0';
		if (!dev_keys[key].set(d, comma + 1 + strlen(dev_keys[key].key)))
			return usage("--dev", word, dev_keys[key].want);
	}
	return 0;
}

static int dev_check_arg(struct netopt_dev *d, const char *word)
{
	uint32_t fd;

	if (!strcmp(d->driver, "fd")) {
		if (!cli_number(d->arg, 0, FD_MAX, &fd))
			return usage("--dev", word, "fd: wants the number of a descriptor");
		d->fd = (int)fd;
	}
	if (!strcmp(d->driver, "tap") && *d->arg && !cli_ifname(d->arg))
		return usage("--dev", word, "tap: wants the name of an interface, or nothing");
	if ((!strcmp(d->driver, "packet") || !strcmp(d->driver, "xdp")) && !cli_ifname(d->arg))
		return usage("--dev", word, "packet: and xdp: want the name of an interface");
	if ((!strcmp(d->driver, "unix") || !strcmp(d->driver, "pcap")) && !*d->arg)
		return usage("--dev", word, "unix: and pcap: want a path");
	return 0;
}

static int set_dev(void *ctx, const char *value)
{
	struct netopt *o = ctx;
	const char *equals = strchr(value, '='), *colon = equals ? strchr(equals, ':') : NULL;
	struct netopt_dev *d;
	char *arg;
	int ret;

	if (!colon)
		return usage("--dev", value, "want NAME=DRIVER:ARG, like eth0=tap:");
	d = NEXT("--dev", o->dev, o->devs);
	if (!d)
		return EXIT_USAGE;
	*d = (struct netopt_dev){ .fd = -1 };
	if ((size_t)(equals - value) < sizeof(d->name))
		memcpy(d->name, value, (size_t)(equals - value));
	if (!cli_ifname(d->name) || !strcmp(d->name, "lo"))
		return usage("--dev", value, "the name of a device has 1 to 15 characters, and is not lo");
	for (uint32_t i = 0; i + 1 < o->devs; i++) {
		if (!strcmp(o->dev[i].name, d->name))
			return usage("--dev", value, "there is a device of that name already");
	}
	d->driver = find_driver(equals + 1, (size_t)(colon - equals - 1));
	if (!d->driver)
		return usage("--dev", value, "the drivers are tap, packet, xdp, unix, pcap, fd");
	d->offload = !strcmp(d->driver, "tap") || !strcmp(d->driver, "fd") || !strcmp(d->driver, "xdp");
	arg = (char *)(uintptr_t)colon + 1; /* argv is ours to change */
	d->arg = arg;
	ret = dev_set_keys(d, value, arg);
	return ret ? ret : dev_check_arg(d, value);
}

/* ---- --addr PREFIX[%DEV] */

static int addr_parse(const char *option, const char *value, struct netopt_addr *a)
{
	const char *percent = strchr(value, '%');
	char prefix[64];

	memset(a, 0, sizeof(*a));
	if (percent) {
		if (!cli_ifname(percent + 1))
			return usage(option, value, "after % comes the name of a device");
		snprintf(a->dev, sizeof(a->dev), "%s", percent + 1);
	}
	snprintf(prefix, sizeof(prefix), "%.*s", percent ? (int)(percent - value) : (int)sizeof(prefix), value);
	if (!cli_prefix(option, prefix, &a->addr, &a->prefix_bits))
		return EXIT_USAGE;
	if (!strchr(prefix, '/'))
		return usage(option, value, "a prefix length is missing, like /24");
	return 0;
}

/* ---- --addr link-local[%DEV], --addr by-arp[,key=number]...[%DEV] */

#define BY_ARP_ICMP_LENGTH 436U /* ping -s 408, as many devices have it */
#define BY_ARP_TIMEOUT_S 120U
#define BY_ARP_PREFIX_BITS 24U
#define ICMP_LENGTH_MIN 28U

static const struct {
	const char *key, *want;
	uint32_t min, max;
	size_t offset;
} by_arp_keys[] = {
	{ "icmp-length=", "icmp-length= is the length of an IP packet, from 28 to 65535", ICMP_LENGTH_MIN, 65535,
	  offsetof(struct netopt_addr, icmp_length) },
	{ "port=", "port= is a number from 1 to 65535", 1, 65535, offsetof(struct netopt_addr, port) },
	{ "prefix=", "prefix= is a number of bits, from 1 to 32", 1, 32, offsetof(struct netopt_addr, prefix_bits) },
	{ "timeout=", "timeout= is a number of seconds, from 1 to 86400", 1, 86400,
	  offsetof(struct netopt_addr, timeout_s) },
};

/* Is @value @word, alone or before a comma or a percent sign?  Return: what follows it, NULL: it is not */
static const char *after_word(const char *value, const char *word)
{
	size_t len = strlen(word);

	return !strncmp(value, word, len) && strchr(",%", value[len]) ? value + len : NULL;
}

static int by_arp_key(struct netopt_addr *a, const char *value, const char *piece)
{
	for (size_t i = 0; i < ARRAY_SIZE(by_arp_keys); i++) {
		size_t len = strlen(by_arp_keys[i].key);
		uint32_t number;

		if (strncmp(piece, by_arp_keys[i].key, len) != 0)
			continue;
		if (!cli_number(piece + len, by_arp_keys[i].min, by_arp_keys[i].max, &number))
			return usage("--addr", value, by_arp_keys[i].want);
		memcpy((char *)a + by_arp_keys[i].offset, &number, sizeof(number));
		return 0;
	}
	return usage("--addr", value, "after by-arp come icmp-length=, port=, prefix=, timeout=");
}

static int by_arp_parse(const char *value, const char *rest, size_t rest_bytes, struct netopt_addr *a)
{
	char copy[128], *piece, *save;
	int ret = 0;

	if (rest_bytes >= sizeof(copy))
		return usage("--addr", value, "is too long");
	snprintf(copy, sizeof(copy), "%.*s", (int)rest_bytes, rest);
	for (piece = strtok_r(copy, ",", &save); piece && !ret; piece = strtok_r(NULL, ",", &save))
		ret = by_arp_key(a, value, piece);
	if (!a->icmp_length && !a->port)
		a->icmp_length = BY_ARP_ICMP_LENGTH;
	if (!a->prefix_bits)
		a->prefix_bits = BY_ARP_PREFIX_BITS;
	if (!a->timeout_s)
		a->timeout_s = BY_ARP_TIMEOUT_S;
	return ret;
}

/* @rest: behind the word that says the kind */
static int outside_parse(const char *value, const char *rest, struct netopt_addr *a)
{
	const char *percent = strchr(rest, '%');
	size_t rest_bytes = percent ? (size_t)(percent - rest) : strlen(rest);

	if (percent && !cli_ifname(percent + 1))
		return usage("--addr", value, "after % comes the name of a device");
	if (percent)
		snprintf(a->dev, sizeof(a->dev), "%s", percent + 1);
	if (a->kind == NETOPT_ADDR_BY_ARP)
		return by_arp_parse(value, rest, rest_bytes, a);
	return rest_bytes ? usage("--addr", value, "after link-local comes nothing, or %DEV") : 0;
}

static int set_addr(void *ctx, const char *value)
{
	const char *link_local = after_word(value, "link-local"), *by_arp = after_word(value, "by-arp");
	struct netopt *o = ctx;
	struct netopt_addr *a = NEXT("--addr", o->addr, o->addrs);

	if (!a)
		return EXIT_USAGE;
	if (!link_local && !by_arp)
		return addr_parse("--addr", value, a);
	*a = (struct netopt_addr){ .kind = link_local ? NETOPT_ADDR_LINK_LOCAL : NETOPT_ADDR_BY_ARP };
	return outside_parse(value, link_local ? link_local : by_arp, a);
}

/* ---- --dhcp[=DEV] */

static int set_dhcp(void *ctx, const char *value)
{
	struct netopt *o = ctx;
	char(*dev)[IFNAMSIZ] = NEXT("--dhcp", o->dhcp, o->dhcps);

	if (!dev)
		return EXIT_USAGE;
	memset(*dev, 0, sizeof(*dev));
	if (!value)
		return 0;
	if (!cli_ifname(value))
		return usage("--dhcp", value, "that is no name of a device");
	memcpy(*dev, value, strlen(value) + 1);
	return 0;
}

static int set_host_addr(void *ctx, const char *value)
{
	struct netopt *o = ctx;
	struct netopt_addr *a = NEXT("--host-addr", o->host_addr, o->host_addrs);

	if (!a)
		return EXIT_USAGE;
	if (strchr(value, '%'))
		return usage("--host-addr", value, "want an address, like 10.77.0.1/24");
	return addr_parse("--host-addr", value, a);
}

/* ---- --route PREFIX via GATEWAY [dev DEV] */

static int set_route(void *ctx, const char *value)
{
	static const char want[] = "want PREFIX via GATEWAY [dev DEV], like default via 10.77.0.1";
	struct netopt *o = ctx;
	struct netopt_route *r = NEXT("--route", o->route, o->routes);
	char dst[64], via[8], gateway[64], dev_word[8], dev[64], rest[2];
	int words = sscanf(value, "%63s %7s %63s %7s %63s %1s", dst, via, gateway, dev_word, dev, rest);

	if (!r)
		return EXIT_USAGE;
	memset(r, 0, sizeof(*r));
	if ((words != 3 && words != 5) || strcmp(via, "via") != 0 || (words == 5 && strcmp(dev_word, "dev") != 0))
		return usage("--route", value, want);
	if (strcmp(dst, "default") != 0 && !cli_prefix("--route", dst, &r->dst, &r->prefix_bits))
		return EXIT_USAGE;
	if (!netaddr_parse(gateway, &r->gateway))
		return usage("--route", value, "the gateway is no address");
	if (!r->dst.family)
		r->dst.family = r->gateway.family;
	if (r->dst.family == AF_INET6 && r->gateway.family != AF_INET6)
		return usage("--route", value, "the gateway is of the other family");
	if (words == 5) {
		if (!cli_ifname(dev))
			return usage("--route", value, "that is no name of a device");
		memcpy(r->dev, dev, strlen(dev) + 1);
	}
	return 0;
}

/* ---- the rest */

static int set_sysctl(void *ctx, const char *value)
{
	struct netopt *o = ctx;
	struct netopt_sysctl *s = NEXT("--sysctl", o->sysctl, o->sysctls);
	const char *equals = strchr(value, '=');

	if (!s)
		return EXIT_USAGE;
	if (!equals || equals == value || (size_t)(equals - value) >= sizeof(s->key))
		return usage("--sysctl", value, "want KEY=VALUE");
	memset(s->key, 0, sizeof(s->key));
	memcpy(s->key, value, (size_t)(equals - value));
	s->value = equals + 1;
	return 0;
}

static int set_batch(void *ctx, const char *value)
{
	struct netopt *o = ctx;
	const char **b = NEXT("--batch", o->batch, o->batches);

	if (!b)
		return EXIT_USAGE;
	*b = value;
	return 0;
}

static int set_profile(void *ctx, const char *value)
{
	struct netopt *o = ctx;

	if (!strcmp(value, "strict"))
		o->profile = NETHOOD_PROFILE_STRICT;
	else if (strcmp(value, "linux") != 0)
		return usage("--profile", value, "the profiles are linux and strict");
	return 0;
}

static int set_pcap(void *ctx, const char *value)
{
	struct netopt *o = ctx;

	if (!*value)
		return usage("--pcap", value, "want the name of a file");
	o->pcap = value;
	return 0;
}

static int set_record(void *ctx, const char *value)
{
	struct netopt *o = ctx;

	if (!*value)
		return usage("--record", value, "want the name of a file");
	o->record = value;
	return 0;
}

static int set_record_mib(void *ctx, const char *value)
{
	struct netopt *o = ctx;

	if (!cli_number(value, 0, 65536, &o->record_mib))
		return usage("--record-mib", value, "want a number of MiB up to 65536; 0: nothing is recorded");
	o->has_record_mib = true;
	return 0;
}

#define RECORD_MIB 64U /* where somebody asked for a recording */

static int set_proc(void *ctx, const char *value)
{
	(void)value;
	((struct netopt *)ctx)->proc = true;
	return 0;
}

static int set_bypass(void *ctx, const char *value)
{
	struct netopt *o = ctx;

	if (o->bypasses == NETOPT_MANY)
		return usage("--bypass", value, "too many of them");
	if (!cli_prefix("--bypass", value, &o->bypass[o->bypasses].addr, &o->bypass[o->bypasses].prefix_bits))
		return EXIT_USAGE;
	o->bypasses++;
	return 0;
}

const struct cli_option netopt_table[] = {
	{ "--dev", true, true, set_dev },
	{ "--addr", true, true, set_addr },
	{ "--dhcp", CLI_MAY, true, set_dhcp },
	{ "--route", true, true, set_route },
	{ "--batch", true, true, set_batch },
	{ "--bypass", true, true, set_bypass },
	{ "--sysctl", true, true, set_sysctl },
	{ "--profile", true, false, set_profile },
	{ "--host-addr", true, true, set_host_addr },
	{ "--pcap", true, false, set_pcap },
	{ "--record", true, false, set_record },
	{ "--record-mib", true, false, set_record_mib },
	{ "--proc", false, false, set_proc },
	{ NULL, false, false, NULL },
};

void netopt_init(struct netopt *o)
{
	memset(o, 0, sizeof(*o));
}

static bool has_dev(const struct netopt *o, const char *name)
{
	for (uint32_t i = 0; i < o->devs; i++) {
		if (!strcmp(o->dev[i].name, name))
			return true;
	}
	return !strcmp(name, "lo");
}

const char *netopt_dev_name(const struct netopt *o, const char *dev)
{
	return *dev ? dev : o->dev[0].name;
}

static int check_devs(const struct netopt *o)
{
	for (uint32_t i = 0; i < o->addrs; i++) {
		if (*o->addr[i].dev && !has_dev(o, o->addr[i].dev))
			return usage("--addr", o->addr[i].dev, "there is no --dev of that name");
	}
	for (uint32_t i = 0; i < o->dhcps; i++) {
		if (*o->dhcp[i] && !has_dev(o, o->dhcp[i]))
			return usage("--dhcp", o->dhcp[i], "there is no --dev of that name");
		for (uint32_t j = 0; j < i; j++) {
			if (!strcmp(netopt_dev_name(o, o->dhcp[i]), netopt_dev_name(o, o->dhcp[j])))
				return usage("--dhcp", netopt_dev_name(o, o->dhcp[i]), "is given twice");
		}
	}
	for (uint32_t i = 0; i < o->routes; i++) {
		if (*o->route[i].dev && !has_dev(o, o->route[i].dev))
			return usage("--route", o->route[i].dev, "there is no --dev of that name");
	}
	return 0;
}

static struct netopt_addr default_addr(const char *text, uint32_t prefix_bits)
{
	struct netopt_addr a = { .prefix_bits = prefix_bits };

	netaddr_parse(text, &a.addr);
	a.by_default = a.addr.family == AF_INET6;
	return a;
}

static void default_route(struct netopt *o, const struct netopt_addr *gateway)
{
	o->route[o->routes++] = (struct netopt_route){ .dst.family = gateway->addr.family,
						       .gateway = gateway->addr,
						       .by_default = gateway->by_default };
}

/* Without --dev: a cable to the host.  Without --addr and --dhcp too, both ends have addresses. */
static void defaults(struct netopt *o)
{
	uint32_t routes = o->routes;

	o->dev[o->devs++] =
		(struct netopt_dev){ .name = "eth0", .driver = "tap", .arg = "", .fd = -1, .offload = true };
	if (o->addrs || o->dhcps)
		return;
	o->addr[o->addrs++] = default_addr("10.77.0.2", 24);
	o->addr[o->addrs++] = default_addr("fd77::2", 64);
	if (!o->host_addrs) {
		o->host_addr[o->host_addrs++] = default_addr("10.77.0.1", 24);
		o->host_addr[o->host_addrs++] = default_addr("fd77::1", 64);
	}
	for (uint32_t i = 0; !routes && i < o->host_addrs; i++)
		default_route(o, &o->host_addr[i]);
}

int netopt_finish(struct netopt *o)
{
	bool tap = false;

	if (!o->has_record_mib)
		o->record_mib = o->record ? RECORD_MIB : 0;
	if (o->record && !o->record_mib)
		return usage("--record", o->record, "with --record-mib 0 there is nothing to write");
	if (!o->devs)
		defaults(o);
	for (uint32_t i = 0; i < o->devs; i++)
		tap = tap || !strcmp(o->dev[i].driver, "tap");
	if (o->host_addrs && !tap) {
		cli_error("--host-addr", "is for a tap that nethood creates; there is none");
		return EXIT_USAGE;
	}
	return check_devs(o);
}
