// SPDX-License-Identifier: BSD-2-Clause
/* net.ipv6.conf: parameters of each device, of all, and of those to come.
 *
 * @linux net/ipv6/addrconf.c; see ip-sysctl
 *
 * "default" is what a new device begins with.  "all" is asked beside the device's own where a row of ip-sysctl says so; only
 * a few of its variables are written through to the devices: through_all().
 *
 * Reading order: conf_table, conf_set(), forwarding, disable_ipv6, addr_gen_mode, stable_secret.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "ipv6/addrconf_internal.h"
#include "ipv6/ip6_fib.h"
#include "ipv6/ip6_route.h"
#include "ipv6/mcast.h"

#define SECONDS_MAX (INT_MAX / 1000)

static int *value_of(const struct ctl_dir *dir, const struct ctl_table *e)
{
	return (int *)(void *)((u8 *)dir->base + e->offset);
}

static u32 attr_of(const struct ctl_table *e)
{
	return (u32)((e->offset - offsetof(struct ipv6_devconf, data)) / sizeof(int));
}

static bool is_all(const struct ctl_dir *dir)
{
	return dir->base == &addrconf_of(dir->ctx)->all;
}

static bool is_default(const struct ctl_dir *dir)
{
	return dir->base == &addrconf_of(dir->ctx)->dflt;
}

static struct inet6_dev *idev_of(const struct ctl_dir *dir)
{
	return is_all(dir) || is_default(dir) ? NULL : container_of(dir->base, struct inet6_dev, cnf);
}

static int put_number(char *buf, size_t size_bytes, s64 x)
{
	int len = snprintf(buf, size_bytes, "%lld", (long long)x);

	return (size_t)len < size_bytes ? len : -ENOSPC;
}

/* ------------------------------------------------------------------ units */

static int seconds_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	return put_number(buf, size_bytes, *value_of(dir, e) / 1000);
}

static int seconds_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	s64 x;
	int err = sysctl_parse_number(value, -SECONDS_MAX, SECONDS_MAX, &x);

	if (!err)
		*value_of(dir, e) = (int)x * 1000;
	return err;
}

static int wide_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	return put_number(buf, size_bytes, (u32)*value_of(dir, e));
}

static int wide_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	s64 x;
	int err = sysctl_parse_number(value, e->min, UINT32_MAX, &x);

	if (!err)
		*value_of(dir, e) = (int)(u32)x;
	return err;
}

/* ------------------------------------------------------------------ variables that do something */

static int int_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	return put_number(buf, size_bytes, *value_of(dir, e));
}

static void addr_gen_changed(struct inet6_dev *idev)
{
	if (idev->dev->net->profile == NET_PROFILE_LINUX) /* which tells all groups anew: inet6_addr_add() */
		ipv6_mc_up(idev);
	addrconf_dev_config(idev);
}

/** change_one() - a device's variable, with what follows from it */
static void change_one(struct inet6_dev *idev, u32 attr, int x)
{
	int old = idev->cnf.data[attr];

	if (attr == IPV6_DEVCONF_FORWARDING) {
		addrconf_forward_change(idev->dev->net, idev, x != 0);
		idev->cnf.data[attr] = x;
		return;
	}
	idev->cnf.data[attr] = x;
	if (old == x)
		return;
	if (attr == IPV6_DEVCONF_DISABLE_IPV6 && !old != !x)
		addrconf_disable_change(idev, x != 0);
	else if (attr == IPV6_DEVCONF_ADDR_GEN_MODE && netif_running(idev->dev) && (idev->if_flags & IF_READY))
		addr_gen_changed(idev);
	else if (attr == IPV6_DEVCONF_MTU6)
		fib6_mtu_change(idev->dev, (u32)x);
}

/** through_all() - what is written to "all" reaches the devices; Return: and those to come? */
static bool through_all(struct net *net, u32 attr, int x)
{
	struct net_device *dev;

	if (attr == IPV6_DEVCONF_FORWARDING) { /* all of them, then what follows from it */
		addrconf_forward_change(net, NULL, x != 0);
		net->ipv6->devconf_all->data[attr] = x;
	}
	for_each_netdev(net, dev) {
		struct inet6_dev *idev = in6_dev_get_rcu(dev);

		if (idev && attr == IPV6_DEVCONF_FORWARDING)
			idev->cnf.data[attr] = x;
		else if (idev)
			change_one(idev, attr, x);
	}
	return attr != IPV6_DEVCONF_FORCE_FORWARDING;
}

static int check_value(const struct ctl_dir *dir, u32 attr, s64 x)
{
	const struct inet6_dev *idev = idev_of(dir);

	if (attr == IPV6_DEVCONF_MTU6)
		return x < IPV6_MIN_MTU || (idev && x > idev->dev->mtu) ? -EINVAL : 0;
	if (attr == IPV6_DEVCONF_ADDR_GEN_MODE && x == IN6_ADDR_GEN_STABLE_PRIVACY)
		return (idev && idev->cnf.stable_secret_set) || addrconf_of(dir->ctx)->dflt.stable_secret_set ? 0
													      : -EINVAL;
	return 0;
}

static int special_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	struct inet6_dev *idev = idev_of(dir);
	struct net *net = dir->ctx;
	u32 attr = attr_of(e);
	s64 x;
	int err = sysctl_parse_number(value, e->min, e->max, &x);

	if (!err)
		err = check_value(dir, attr, x);
	if (err)
		return err;
	if (idev) {
		change_one(idev, attr, (int)x);
		return 0;
	}
	*value_of(dir, e) = (int)x;
	if (!is_all(dir) || attr == IPV6_DEVCONF_MTU6)
		return 0;
	if (through_all(net, attr, (int)x))
		net->ipv6->devconf_dflt->data[attr] = (int)x;
	return 0;
}

/* ------------------------------------------------------------------ stable_secret */

static int secret_get(const struct ctl_dir *dir, const struct ctl_table *e, char *buf, size_t size_bytes)
{
	const struct ipv6_devconf *cnf = dir->base;
	const u8 *a = cnf->stable_secret.s6_addr;
	int len = 0;

	(void)e;
	if (is_all(dir) || !cnf->stable_secret_set)
		return -EIO;
	for (u32 i = 0; i < 16 && len >= 0 && (size_t)len < size_bytes; i += 2)
		len += snprintf(buf + len, size_bytes - (size_t)len, i ? ":%02x%02x" : "%02x%02x", a[i], a[i + 1]);
	return (size_t)len < size_bytes ? len : -ENOSPC;
}

static int secret_set(struct ctl_dir *dir, const struct ctl_table *e, const char *value)
{
	struct ipv6_devconf *cnf = dir->base;
	struct net *net = dir->ctx;
	char text[INET6_ADDRSTRLEN + 1] = "";
	struct net_device *dev;
	struct in6_addr secret;
	size_t len = strcspn(value, " \t\n");

	(void)e;
	if (is_all(dir))
		return -EIO;
	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, value, len);
	if (inet_pton(AF_INET6, text, &secret) != 1)
		return -EIO;
	cnf->stable_secret = secret;
	cnf->stable_secret_set = true;
	if (!is_default(dir)) {
		cnf->data[IPV6_DEVCONF_ADDR_GEN_MODE] = IN6_ADDR_GEN_STABLE_PRIVACY;
		return 0;
	}
	for_each_netdev(net, dev) {
		if (in6_dev_get_rcu(dev))
			in6_dev_get_rcu(dev)->cnf.data[IPV6_DEVCONF_ADDR_GEN_MODE] = IN6_ADDR_GEN_STABLE_PRIVACY;
	}
	return 0;
}

/* ------------------------------------------------------------------ the table */

/* clang-format off */
#define AT(attr) .offset = offsetof(struct ipv6_devconf, data[IPV6_DEVCONF_##attr])
#define CONF(name_, attr) { .name = (name_), .type = SYSCTL_INT, AT(attr), .min = INT_MIN, .max = INT_MAX }
#define RANGE(name_, attr, min_, max_) \
	{ .name = (name_), .type = SYSCTL_INT, AT(attr), .min = (min_), .max = (max_) }
#define FLAG(name_, attr) RANGE(name_, attr, 0, 1)
#define SECONDS(name_, attr) \
	{ .name = (name_), .type = SYSCTL_FN, AT(attr), .get = seconds_get, .set = seconds_set }
#define WIDE(name_, attr, min_) \
	{ .name = (name_), .type = SYSCTL_FN, AT(attr), .min = (min_), .get = wide_get, .set = wide_set }
#define SPECIAL(name_, attr, min_, max_) \
	{ .name = (name_), .type = SYSCTL_FN, AT(attr), .min = (min_), .max = (max_), .get = int_get, .set = special_set }
static const struct ctl_table conf_table[] = {
	CONF("accept_dad", ACCEPT_DAD),
	CONF("accept_ra", ACCEPT_RA),
	CONF("accept_ra_defrtr", ACCEPT_RA_DEFRTR),
	CONF("accept_ra_from_local", ACCEPT_RA_FROM_LOCAL),
	CONF("accept_ra_min_hop_limit", ACCEPT_RA_MIN_HOP_LIMIT),
	CONF("accept_ra_min_lft", ACCEPT_RA_MIN_LFT),
	CONF("accept_ra_mtu", ACCEPT_RA_MTU),
	CONF("accept_ra_pinfo", ACCEPT_RA_PINFO),
	CONF("accept_ra_rt_info_max_plen", ACCEPT_RA_RT_INFO_MAX_PLEN),
	CONF("accept_ra_rt_info_min_plen", ACCEPT_RA_RT_INFO_MIN_PLEN),
	CONF("accept_ra_rtr_pref", ACCEPT_RA_RTR_PREF),
	CONF("accept_redirects", ACCEPT_REDIRECTS),
	CONF("accept_source_route", ACCEPT_SOURCE_ROUTE),
	RANGE("accept_untracked_na", ACCEPT_UNTRACKED_NA, 0, 2),
	SPECIAL("addr_gen_mode", ADDR_GEN_MODE, 0, IN6_ADDR_GEN_RANDOM),
	CONF("autoconf", AUTOCONF),
	CONF("dad_transmits", DAD_TRANSMITS),
	SPECIAL("disable_ipv6", DISABLE_IPV6, INT_MIN, INT_MAX),
	CONF("disable_policy", DISABLE_POLICY),
	CONF("drop_unicast_in_l2_multicast", DROP_UNICAST_IN_L2_MULTICAST),
	CONF("drop_unsolicited_na", DROP_UNSOLICITED_NA),
	CONF("enhanced_dad", ENHANCED_DAD),
	SPECIAL("force_forwarding", FORCE_FORWARDING, 0, 1),
	CONF("force_mld_version", FORCE_MLD_VERSION),
	CONF("force_tllao", FORCE_TLLAO),
	SPECIAL("forwarding", FORWARDING, INT_MIN, INT_MAX),
	RANGE("hop_limit", HOPLIMIT, 1, 255),
	SPECIAL("ignore_routes_with_linkdown", IGNORE_ROUTES_WITH_LINKDOWN, INT_MIN, INT_MAX),
	FLAG("ioam6_enabled", IOAM6_ENABLED),
	RANGE("ioam6_id", IOAM6_ID, 0, UINT16_MAX),
	WIDE("ioam6_id_wide", IOAM6_ID_WIDE, 0),
	CONF("keep_addr_on_down", KEEP_ADDR_ON_DOWN),
	CONF("max_addresses", MAX_ADDRESSES),
	CONF("max_desync_factor", MAX_DESYNC_FACTOR),
	{ .name = "mc_forwarding", .type = SYSCTL_INT, AT(MC_FORWARDING), .read_only = true },
	RANGE("mldv1_unsolicited_report_interval", MLDV1_UNSOLICITED_REPORT_INTERVAL, 0, INT_MAX),
	RANGE("mldv2_unsolicited_report_interval", MLDV2_UNSOLICITED_REPORT_INTERVAL, 0, INT_MAX),
	SPECIAL("mtu", MTU6, INT_MIN, INT_MAX),
	FLAG("ndisc_evict_nocarrier", NDISC_EVICT_NOCARRIER),
	CONF("ndisc_notify", NDISC_NOTIFY),
	RANGE("ndisc_tclass", NDISC_TCLASS, 0, 255),
	CONF("optimistic_dad", OPTIMISTIC_DAD),
	CONF("proxy_ndp", PROXY_NDP),
	WIDE("ra_defrtr_metric", RA_DEFRTR_METRIC, 1),
	FLAG("ra_honor_pio_life", RA_HONOR_PIO_LIFE),
	FLAG("ra_honor_pio_pflag", RA_HONOR_PIO_PFLAG),
	CONF("regen_max_retry", REGEN_MAX_RETRY),
	CONF("regen_min_advance", REGEN_MIN_ADVANCE),
	SECONDS("router_probe_interval", RTR_PROBE_INTERVAL),
	SECONDS("router_solicitation_delay", RTR_SOLICIT_DELAY),
	SECONDS("router_solicitation_interval", RTR_SOLICIT_INTERVAL),
	SECONDS("router_solicitation_max_interval", RTR_SOLICIT_MAX_INTERVAL),
	RANGE("router_solicitations", RTR_SOLICITS, -1, INT_MAX),
	FLAG("rpl_seg_enabled", RPL_SEG_ENABLED),
	CONF("seg6_enabled", SEG6_ENABLED),
	CONF("seg6_require_hmac", SEG6_REQUIRE_HMAC),
	{ .name = "stable_secret", .type = SYSCTL_FN, .get = secret_get, .set = secret_set },
	CONF("suppress_frag_ndisc", SUPPRESS_FRAG_NDISC),
	CONF("temp_prefered_lft", TEMP_PREFERED_LFT),
	CONF("temp_valid_lft", TEMP_VALID_LFT),
	CONF("use_oif_addrs_only", USE_OIF_ADDRS_ONLY),
	CONF("use_optimistic", USE_OPTIMISTIC),
	CONF("use_tempaddr", USE_TEMPADDR),
	{ .name = NULL },
};
/* clang-format on */
static_assert(ARRAY_SIZE(conf_table) == IPV6_DEVCONF_MAX + 1, "each variable has a name");

static void conf_changed(struct ctl_dir *dir, const struct ctl_table *entry)
{
	(void)entry;
	rt6_cache_flush(dir->ctx);
}

void addrconf_sysctl_register(struct net *net, const char *name, struct ipv6_devconf *cnf)
{
	struct ctl_dir *dir = &cnf->sysctl;

	snprintf(dir->path, sizeof(dir->path), "net.ipv6.conf.%s", name);
	dir->table = conf_table;
	dir->base = cnf;
	dir->changed = conf_changed;
	dir->ctx = net;
	register_sysctl(&net->sysctl, dir);
}

void addrconf_sysctl_unregister(struct net *net, struct ipv6_devconf *cnf)
{
	unregister_sysctl(&net->sysctl, &cnf->sysctl);
}

/* As a new namespace of the kernel has them. */
static const struct {
	u32 attr;
	int value;
} defaults[] = {
	{ IPV6_DEVCONF_HOPLIMIT, 64 },
	{ IPV6_DEVCONF_MTU6, (int)IPV6_MIN_MTU },
	{ IPV6_DEVCONF_ACCEPT_RA, 1 },
	{ IPV6_DEVCONF_ACCEPT_REDIRECTS, 1 },
	{ IPV6_DEVCONF_AUTOCONF, 1 },
	{ IPV6_DEVCONF_DAD_TRANSMITS, 1 },
	{ IPV6_DEVCONF_RTR_SOLICITS, -1 },
	{ IPV6_DEVCONF_RTR_SOLICIT_INTERVAL, 4000 },
	{ IPV6_DEVCONF_RTR_SOLICIT_MAX_INTERVAL, 3600000 },
	{ IPV6_DEVCONF_RTR_SOLICIT_DELAY, 1000 },
	{ IPV6_DEVCONF_TEMP_VALID_LFT, 604800 },
	{ IPV6_DEVCONF_TEMP_PREFERED_LFT, 86400 },
	{ IPV6_DEVCONF_REGEN_MAX_RETRY, 3 },
	{ IPV6_DEVCONF_REGEN_MIN_ADVANCE, 2 },
	{ IPV6_DEVCONF_MAX_DESYNC_FACTOR, 600 },
	{ IPV6_DEVCONF_MAX_ADDRESSES, 16 },
	{ IPV6_DEVCONF_ACCEPT_RA_DEFRTR, 1 },
	{ IPV6_DEVCONF_ACCEPT_RA_PINFO, 1 },
	{ IPV6_DEVCONF_ACCEPT_RA_RTR_PREF, 1 },
	{ IPV6_DEVCONF_ACCEPT_RA_MIN_HOP_LIMIT, 1 },
	{ IPV6_DEVCONF_ACCEPT_RA_MTU, 1 },
	{ IPV6_DEVCONF_RTR_PROBE_INTERVAL, 60000 },
	{ IPV6_DEVCONF_MLDV1_UNSOLICITED_REPORT_INTERVAL, 10000 },
	{ IPV6_DEVCONF_MLDV2_UNSOLICITED_REPORT_INTERVAL, 1000 },
	{ IPV6_DEVCONF_SUPPRESS_FRAG_NDISC, 1 },
	{ IPV6_DEVCONF_ENHANCED_DAD, 1 },
	{ IPV6_DEVCONF_RA_DEFRTR_METRIC, 1024 },
	{ IPV6_DEVCONF_IOAM6_ID, UINT16_MAX },
	{ IPV6_DEVCONF_IOAM6_ID_WIDE, -1 },
	{ IPV6_DEVCONF_NDISC_EVICT_NOCARRIER, 1 },
};

void addrconf_sysctl_init(struct net *net)
{
	struct ipv6_devconf *all = net->ipv6->devconf_all, *dflt = net->ipv6->devconf_dflt;

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		all->data[defaults[i].attr] = dflt->data[defaults[i].attr] = defaults[i].value;
	dflt->data[IPV6_DEVCONF_ACCEPT_DAD] = 1;
	addrconf_sysctl_register(net, "all", all);
	addrconf_sysctl_register(net, "default", dflt);
}

void addrconf_sysctl_exit(struct net *net)
{
	addrconf_sysctl_unregister(net, net->ipv6->devconf_dflt);
	addrconf_sysctl_unregister(net, net->ipv6->devconf_all);
}
