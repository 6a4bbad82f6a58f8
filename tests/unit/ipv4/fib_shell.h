/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes and addresses in the words of ip(8), so that what ip(8) shows in a namespace can stand in a test as it is. */
#ifndef NETHOOD_TESTS_FIB_SHELL_H
#define NETHOOD_TESTS_FIB_SHELL_H

/* not every test uses all of it */
#pragma GCC diagnostic ignored "-Wunused-function"

#include <linux/fib_rules.h>

#include "fib_world.h"

/** struct words - a command, word by word */
struct words {
	char buf[512];
	char *word[64];
	u32 count, next;
};

static const char *next_word(struct words *ws)
{
	return ws->next < ws->count ? ws->word[ws->next++] : NULL;
}

static bool take_word(struct words *ws, const char *what)
{
	if (ws->next < ws->count && strcmp(ws->word[ws->next], what) == 0) {
		ws->next++;
		return true;
	}
	return false;
}

static void split_words(struct words *ws, const char *line)
{
	memset(ws, 0, sizeof(*ws));
	snprintf(ws->buf, sizeof(ws->buf), "%s", line);
	for (char *p = strtok(ws->buf, " \n"); p && ws->count < ARRAY_SIZE(ws->word); p = strtok(NULL, " \n"))
		ws->word[ws->count++] = p;
}

static struct net_device *word_dev(struct world *w, struct words *ws)
{
	return dev_find_by_name(&w->net, next_word(ws));
}

static void word_prefix(const char *text, __be32 *addr, u8 *plen)
{
	char buf[32];
	char *slash;

	if (strcmp(text, "default") == 0)
		text = "0.0.0.0/0";
	snprintf(buf, sizeof(buf), "%s", text);
	slash = strchr(buf, '/');
	*plen = slash ? (u8)atoi(slash + 1) : 32;
	if (slash)
		*slash = 0;
	*addr = ip4(buf);
}

static const char *const type_names[RTN_MAX + 1] = { "none",     "unicast",   "local",     "broadcast",
						     "anycast",  "multicast", "blackhole", "unreachable",
						     "prohibit", "throw",     "nat",       "xresolve" };

static u32 number_or_name(const char *text)
{
	static const struct {
		const char *name;
		u32 value;
	} names[] = { { "kernel", 2 }, { "boot", 3 },   { "static", 4 },    { "host", 254 },
		      { "link", 253 }, { "global", 0 }, { "nowhere", 255 }, { "local", 255 },
		      { "main", 254 }, { "udp", 17 },   { "tcp", 6 } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i].name, text) == 0)
			return names[i].value;
	}
	return (u32)strtoul(text, NULL, 0);
}

/* ------------------------------------------------------------------ ip link, ip addr */

static int shell_link(struct world *w, struct words *ws)
{
	struct net_device *dev;
	const char *what;

	take_word(ws, "set");
	dev = word_dev(w, ws);
	what = next_word(ws);
	if (strcmp(what, "up") == 0)
		return dev_open(dev);
	if (strcmp(what, "down") == 0)
		dev_close(dev);
	else if (strcmp(what, "carrier") == 0 && strcmp(next_word(ws), "on") == 0)
		netif_carrier_on(dev);
	else if (strcmp(what, "carrier") == 0)
		netif_carrier_off(dev);
	else if (strcmp(what, "mtu") == 0)
		return dev_set_mtu(dev, number_or_name(next_word(ws)));
	else if (strcmp(what, "delete") == 0)
		unregister_netdev(dev);
	return 0;
}

static int shell_addr(struct world *w, struct words *ws, const char **errmsg)
{
	const char *verb = next_word(ws), *word = next_word(ws);
	struct in_ifaddr ifa = { .ifa_valid_lft_s = INFINITY_LIFE_TIME, .ifa_preferred_lft_s = INFINITY_LIFE_TIME },
			 *old;
	struct net_device *dev = NULL;
	bool brd_plus = false, scope_set = false;

	word_prefix(word, &ifa.ifa_local, &ifa.ifa_prefixlen);
	ifa.ifa_address = ifa.ifa_local;
	while ((word = next_word(ws))) {
		if (strcmp(word, "dev") == 0)
			dev = word_dev(w, ws);
		else if (strcmp(word, "peer") == 0)
			word_prefix(next_word(ws), &ifa.ifa_address, &ifa.ifa_prefixlen);
		else if (strcmp(word, "brd") == 0 && !(brd_plus = take_word(ws, "+")))
			ifa.ifa_broadcast = ip4(next_word(ws));
		else if (strcmp(word, "scope") == 0)
			scope_set = true, ifa.ifa_scope = (u8)number_or_name(next_word(ws));
		else if (strcmp(word, "noprefixroute") == 0)
			ifa.ifa_flags |= IFA_F_NOPREFIXROUTE;
		else if (strcmp(word, "metric") == 0)
			ifa.ifa_rt_priority = number_or_name(next_word(ws));
		else if (strcmp(word, "valid_lft") == 0)
			ifa.ifa_valid_lft_s = number_or_name(next_word(ws));
		else if (strcmp(word, "preferred_lft") == 0)
			ifa.ifa_preferred_lft_s = number_or_name(next_word(ws));
	}
	if (brd_plus && ifa.ifa_prefixlen <= 30)
		ifa.ifa_broadcast =
			(__force __be32)((__force u32)ifa.ifa_local | ~(__force u32)inet_make_mask(ifa.ifa_prefixlen));
	if (!scope_set && ipv4_is_loopback(ifa.ifa_local))
		ifa.ifa_scope = RT_SCOPE_HOST;
	if (!dev)
		return -ENODEV;
	old = inet_find_ifa(in_dev_get_rcu(dev), ifa.ifa_local, ifa.ifa_prefixlen);
	if (strcmp(verb, "del") == 0)
		return old ? inet_del_ifa(dev, old, 0) : -EADDRNOTAVAIL;
	if (strcmp(verb, "change") == 0 && old)
		return inet_change_ifa(old, &ifa, 0);
	return inet_insert_ifa(dev, &ifa, 0, errmsg);
}

/* ------------------------------------------------------------------ ip route */

static void word_nexthop(struct world *w, struct words *ws, struct fib_config_nh *nh)
{
	const struct net_device *dev;

	for (;;) {
		if (take_word(ws, "via")) {
			nh->gw_family = AF_INET;
			nh->gw4 = ip4(next_word(ws));
		} else if (take_word(ws, "dev")) {
			dev = word_dev(w, ws);
			nh->oif = dev ? dev->ifindex : 999;
		} else if (take_word(ws, "weight")) {
			nh->weight = number_or_name(next_word(ws));
		} else if (take_word(ws, "onlink")) {
			nh->flags |= RTNH_F_ONLINK;
		} else {
			return;
		}
	}
}

static void word_metric(struct fib_config *cfg, u32 index, struct words *ws)
{
	if (take_word(ws, "lock"))
		cfg->metrics_lock |= 1U << index;
	cfg->metrics[index - 1] = number_or_name(next_word(ws));
	cfg->metrics_set |= 1U << (index - 1);
}

/** route_defaults() - what ip(8) fills in for a request to add */
static void route_defaults(struct fib_config *cfg, bool scope_set)
{
	cfg->protocol = cfg->protocol ? cfg->protocol : RTPROT_BOOT;
	cfg->type = cfg->type ? cfg->type : RTN_UNICAST;
	if (!scope_set && (cfg->type == RTN_LOCAL || cfg->type == RTN_NAT))
		cfg->scope = RT_SCOPE_HOST;
	else if (!scope_set && (cfg->type == RTN_BROADCAST || cfg->type == RTN_MULTICAST || cfg->type == RTN_ANYCAST ||
				(cfg->type == RTN_UNICAST && !cfg->gw_family && !cfg->nh_count)))
		cfg->scope = RT_SCOPE_LINK;
}

static int shell_route(struct world *w, struct words *ws, const char **errmsg)
{
	static const struct {
		const char *verb;
		u32 nlflags;
	} verbs[] = { { "add", NLM_F_CREATE | NLM_F_EXCL },
		      { "append", NLM_F_CREATE | NLM_F_APPEND },
		      { "prepend", NLM_F_CREATE },
		      { "replace", NLM_F_CREATE | NLM_F_REPLACE },
		      { "change", NLM_F_REPLACE } };
	struct fib_config_nh nh[16] = { 0 };
	struct fib_config cfg = { .nh = nh };
	struct fib_config_nh one = { 0 };
	const char *verb = next_word(ws), *word;
	bool del = strcmp(verb, "del") == 0, scope_set = false, table_set = false;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		cfg.nlflags = strcmp(verbs[i].verb, verb) == 0 ? verbs[i].nlflags : cfg.nlflags;
	word = next_word(ws);
	for (u8 t = RTN_UNICAST; t <= RTN_MAX; t++) {
		if (strcmp(type_names[t], word) == 0)
			cfg.type = t, word = next_word(ws);
	}
	word_prefix(word, &cfg.dst, &cfg.dst_len);
	while (ws->next < ws->count) {
		u32 at = ws->next;

		word_nexthop(w, ws, &one);
		if (ws->next != at)
			continue;
		word = next_word(ws);
		if (strcmp(word, "nexthop") == 0)
			word_nexthop(w, ws, &nh[cfg.nh_count++]);
		else if (strcmp(word, "src") == 0)
			cfg.prefsrc = ip4(next_word(ws));
		else if (strcmp(word, "scope") == 0)
			scope_set = true, cfg.scope = (u8)number_or_name(next_word(ws));
		else if (strcmp(word, "tos") == 0)
			cfg.tos = (u8)number_or_name(next_word(ws));
		else if (strcmp(word, "metric") == 0)
			cfg.priority = number_or_name(next_word(ws));
		else if (strcmp(word, "table") == 0)
			table_set = true, cfg.table = number_or_name(next_word(ws));
		else if (strcmp(word, "proto") == 0)
			cfg.protocol = (u8)number_or_name(next_word(ws));
		else if (strcmp(word, "mtu") == 0)
			word_metric(&cfg, RTAX_MTU, ws);
		else if (strcmp(word, "advmss") == 0)
			word_metric(&cfg, RTAX_ADVMSS, ws);
		else
			return -EINVAL;
	}
	cfg.oif = one.oif;
	cfg.gw_family = one.gw_family;
	cfg.gw4 = one.gw4;
	cfg.flags = one.flags;
	if (!table_set)
		cfg.table = cfg.type == RTN_LOCAL || cfg.type == RTN_BROADCAST || cfg.type == RTN_ANYCAST ||
					    cfg.type == RTN_NAT
				    ? RT_TABLE_LOCAL
				    : RT_TABLE_MAIN;
	if (del) {
		cfg.scope = scope_set ? cfg.scope : RT_SCOPE_NOWHERE;
		return fib_route_del(&w->net, &cfg, errmsg);
	}
	route_defaults(&cfg, scope_set);
	return fib_route_add(&w->net, &cfg, errmsg);
}

/* ------------------------------------------------------------------ ip rule */

static void word_range(const char *text, u16 range[2])
{
	range[0] = (u16)atoi(text);
	range[1] = strchr(text, '-') ? (u16)atoi(strchr(text, '-') + 1) : range[0];
}

static int shell_rule(struct world *w, struct words *ws, const char **errmsg)
{
	const char *verb = next_word(ws), *word;
	struct fib_rule_config c = { 0 };
	bool add = strcmp(verb, "add") == 0;

	c.action = add ? FR_ACT_TO_TBL : FR_ACT_UNSPEC;
	c.table = add ? RT_TABLE_MAIN : 0;
	while ((word = next_word(ws))) {
		if (strcmp(word, "not") == 0)
			c.invert = true;
		else if (strcmp(word, "from") == 0 && !take_word(ws, "all"))
			word_prefix(next_word(ws), &c.src, &c.src_len);
		else if (strcmp(word, "to") == 0)
			word_prefix(next_word(ws), &c.dst, &c.dst_len);
		else if (strcmp(word, "pref") == 0)
			c.pref_set = true, c.pref = number_or_name(next_word(ws));
		else if (strcmp(word, "tos") == 0)
			c.tos = (u8)number_or_name(next_word(ws));
		else if (strcmp(word, "fwmark") == 0) {
			word = next_word(ws);
			c.mark = number_or_name(word);
			c.mask = strchr(word, '/') ? number_or_name(strchr(word, '/') + 1) : UINT32_MAX;
		} else if (strcmp(word, "iif") == 0)
			snprintf(c.iifname, sizeof(c.iifname), "%s", next_word(ws));
		else if (strcmp(word, "oif") == 0)
			snprintf(c.oifname, sizeof(c.oifname), "%s", next_word(ws));
		else if (strcmp(word, "lookup") == 0)
			c.action = FR_ACT_TO_TBL, c.table = number_or_name(next_word(ws));
		else if (strcmp(word, "suppress_prefixlength") == 0)
			c.suppress_set = true, c.suppress_prefixlen = number_or_name(next_word(ws));
		else if (strcmp(word, "goto") == 0)
			c.action = FR_ACT_GOTO, c.table = 0, c.target = number_or_name(next_word(ws));
		else if (strcmp(word, "nop") == 0)
			c.action = FR_ACT_NOP, c.table = 0;
		else if (strcmp(word, "ipproto") == 0)
			c.ip_proto = (u8)number_or_name(next_word(ws));
		else if (strcmp(word, "sport") == 0)
			word_range(next_word(ws), c.sport_range);
		else if (strcmp(word, "dport") == 0)
			word_range(next_word(ws), c.dport_range);
		else if (strcmp(word, "blackhole") == 0)
			c.action = FR_ACT_BLACKHOLE, c.table = 0;
		else if (strcmp(word, "unreachable") == 0)
			c.action = FR_ACT_UNREACHABLE, c.table = 0;
		else if (strcmp(word, "prohibit") == 0)
			c.action = FR_ACT_PROHIBIT, c.table = 0;
	}
	return add ? fib_rule_add(&w->net, &c, NLM_F_CREATE | NLM_F_EXCL, 0, errmsg)
		   : fib_rule_del(&w->net, &c, 0, errmsg);
}

/* ------------------------------------------------------------------ what ip(8) shows */

/** struct shown - text that grows to its limit */
struct shown {
	char *text;
	size_t size_bytes, used_bytes;
	struct world *w;
};

__printf(2, 3) static void show(struct shown *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->text + s->used_bytes, s->size_bytes - s->used_bytes, fmt, ap);
	va_end(ap);
	assert_true(n >= 0 && (size_t)n < s->size_bytes - s->used_bytes);
	s->used_bytes += (size_t)n;
}

static void show_named(struct shown *s, const char *what, u32 value)
{
	static const struct {
		const char *what, *name;
		u32 value;
	} names[] = { { "proto", "kernel", 2 },   { "proto", "static", 4 },  { "scope", "host", 254 },
		      { "scope", "link", 253 },   { "table", "local", 255 }, { "table", "default", 253 },
		      { "lookup", "local", 255 }, { "lookup", "main", 254 }, { "lookup", "default", 253 } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i].what, what) == 0 && names[i].value == value) {
			show(s, " %s %s", what, names[i].name);
			return;
		}
	}
	show(s, " %s %u", what, value);
}

static void show_nh(struct shown *s, const struct fib_nh *nh)
{
	char buf[INET_ADDRSTRLEN];

	if (nh->gw_family)
		show(s, " via %s", ip4_text(nh->gw4, buf));
	if (nh->dev)
		show(s, " dev %s", nh->dev->name);
}

static void show_nh_flags(struct shown *s, const struct fib_nh *nh)
{
	const struct in_device *in_dev = nh->dev ? in_dev_get_rcu(nh->dev) : NULL;

	if ((nh->flags & RTNH_F_DEAD) ||
	    ((nh->flags & RTNH_F_LINKDOWN) && in_dev && IN_DEV_ORCONF(in_dev, IGNORE_ROUTES_WITH_LINKDOWN)))
		show(s, " dead");
	if (nh->flags & RTNH_F_ONLINK)
		show(s, " onlink");
	if (nh->flags & RTNH_F_LINKDOWN)
		show(s, " linkdown");
}

static int show_route(void *ctx, const struct fib_route_view *r)
{
	struct shown *s = ctx;
	const struct fib_info *fi = r->fi;
	char buf[INET_ADDRSTRLEN];

	if (r->type != RTN_UNICAST)
		show(s, "%s ", type_names[r->type]);
	if (!r->dst_len)
		show(s, "default");
	else
		show(s, r->dst_len == 32 ? "%s" : "%s/%u", ip4_text(r->dst, buf), r->dst_len);
	if (r->tos)
		show(s, " tos 0x%02x", r->tos);
	if (fi->nhs == 1)
		show_nh(s, &fi->nh[0]);
	if (r->table_id != RT_TABLE_MAIN)
		show_named(s, "table", r->table_id);
	if (fi->protocol != RTPROT_BOOT)
		show_named(s, "proto", fi->protocol);
	if (fi->scope != RT_SCOPE_UNIVERSE)
		show_named(s, "scope", fi->scope);
	if (fi->prefsrc)
		show(s, " src %s", ip4_text(fi->prefsrc, buf));
	if (fi->priority)
		show(s, " metric %u", fi->priority);
	if (fi->nhs == 1)
		show_nh_flags(s, &fi->nh[0]);
	if (fi->metrics[RTAX_MTU - 1])
		show(s, " mtu%s %u", fi->metrics_lock >> RTAX_MTU & 1 ? " lock" : "", fi->metrics[RTAX_MTU - 1]);
	if (fi->metrics[RTAX_ADVMSS - 1])
		show(s, " advmss %u", fi->metrics[RTAX_ADVMSS - 1]);
	if (fi->nhs != 1 && (fi->flags & RTNH_F_ONLINK))
		show(s, " onlink");
	if (fi->nhs > 1 && (fi->flags & RTNH_F_LINKDOWN))
		show(s, " linkdown");
	for (u32 i = 0; fi->nhs > 1 && i < fi->nhs; i++) {
		show(s, " nexthop");
		show_nh(s, &fi->nh[i]);
		show(s, " weight %u", fi->nh[i].weight);
		show_nh_flags(s, &fi->nh[i]);
	}
	show(s, "\n");
	return 0;
}

static const char *shell_routes(struct world *w, char *text, size_t size_bytes)
{
	struct shown s = { .text = text, .size_bytes = size_bytes, .w = w };
	struct fib_dump_cursor cursor = { 0 };

	text[0] = 0;
	assert_int_equal(fib_route_dump(&w->net, &cursor, 0, show_route, &s), 0);
	return text;
}

static int show_rule(void *ctx, const struct fib_rule_config *c)
{
	struct shown *s = ctx;
	char buf[INET_ADDRSTRLEN];

	show(s, "%u:%s from", c->pref, c->flags & FIB_RULE_INVERT ? " not" : "");
	if (c->src_len)
		show(s, c->src_len == 32 ? " %s" : " %s/%u", ip4_text(c->src, buf), c->src_len);
	else
		show(s, " all");
	if (c->dst_len)
		show(s, c->dst_len == 32 ? " to %s" : " to %s/%u", ip4_text(c->dst, buf), c->dst_len);
	if (c->tos)
		show(s, " tos 0x%02x", c->tos);
	if (c->mark || c->mask)
		show(s, c->mask == UINT32_MAX ? " fwmark 0x%x" : " fwmark 0x%x/0x%x", c->mark, c->mask);
	if (c->iifname[0])
		show(s, " iif %s%s", c->iifname, c->flags & FIB_RULE_IIF_DETACHED ? " [detached]" : "");
	if (c->oifname[0])
		show(s, " oif %s%s", c->oifname, c->flags & FIB_RULE_OIF_DETACHED ? " [detached]" : "");
	if (c->ip_proto)
		show(s, " ipproto %s", c->ip_proto == 17 ? "udp" : "tcp");
	if (c->sport_range[1])
		show(s, c->sport_range[0] == c->sport_range[1] ? " sport %u" : " sport %u-%u", c->sport_range[0],
		     c->sport_range[1]);
	if (c->dport_range[1])
		show(s, c->dport_range[0] == c->dport_range[1] ? " dport %u" : " dport %u-%u", c->dport_range[0],
		     c->dport_range[1]);
	if (c->action == FR_ACT_TO_TBL)
		show_named(s, "lookup", c->table);
	if (c->suppress_set)
		show(s, " suppress_prefixlength %u", c->suppress_prefixlen);
	if (c->action == FR_ACT_GOTO)
		show(s, " goto %u%s", c->target, c->flags & FIB_RULE_UNRESOLVED ? " [unresolved]" : "");
	if (c->action == FR_ACT_NOP || c->action >= FR_ACT_BLACKHOLE)
		show(s, " %s",
		     c->action == FR_ACT_NOP           ? "nop"
		     : c->action == FR_ACT_BLACKHOLE   ? "blackhole"
		     : c->action == FR_ACT_UNREACHABLE ? "unreachable"
						       : "prohibit");
	show(s, "\n");
	return 0;
}

static const char *shell_rules(struct world *w, char *text, size_t size_bytes)
{
	struct shown s = { .text = text, .size_bytes = size_bytes, .w = w };
	u32 skip = 0;

	text[0] = 0;
	assert_int_equal(fib_rule_dump(&w->net, &skip, show_rule, &s), 0);
	return text;
}

static const char *shell_addrs(struct world *w, char *text, size_t size_bytes)
{
	struct shown s = { .text = text, .size_bytes = size_bytes, .w = w };
	struct net_device *dev;
	struct in_ifaddr *ifa;
	char a[INET_ADDRSTRLEN];

	text[0] = 0;
	for_each_netdev(&w->net, dev) {
		if (!in_dev_get_rcu(dev))
			continue;
		list_for_each_entry(ifa, &in_dev_get_rcu(dev)->ifa_list, node) {
			show(&s, "%s %s", dev->name, ip4_text(ifa->ifa_local, a));
			if (ifa->ifa_address != ifa->ifa_local)
				show(&s, " peer %s", ip4_text(ifa->ifa_address, a));
			show(&s, "/%u%s\n", ifa->ifa_prefixlen, ifa->ifa_flags & IFA_F_SECONDARY ? " secondary" : "");
		}
	}
	return text;
}

/** shell_get() - ip route get: what an output lookup says */
static int shell_get(struct world *w, struct words *ws, char *text, size_t size_bytes)
{
	struct shown s = { .text = text, .size_bytes = size_bytes, .w = w };
	struct flowi4 fl4 = { .daddr = ip4(next_word(ws)) };
	bool src_given = false;
	char buf[INET_ADDRSTRLEN];
	struct rtable *rt;
	const char *word;
	int err;

	while ((word = next_word(ws))) {
		if (strcmp(word, "from") == 0)
			src_given = true, fl4.saddr = ip4(next_word(ws));
		else if (strcmp(word, "oif") == 0)
			fl4.oif = word_dev(w, ws)->ifindex;
		else if (strcmp(word, "tos") == 0)
			fl4.tos = (u8)number_or_name(next_word(ws));
		else if (strcmp(word, "mark") == 0)
			fl4.mark = number_or_name(next_word(ws));
	}
	text[0] = 0;
	err = ip_route_output_flow(&w->net, &fl4, &rt);
	if (err)
		return err;
	if (rt->type != RTN_UNICAST)
		show(&s, "%s ", type_names[rt->type]);
	show(&s, "%s", ip4_text(fl4.daddr, buf));
	if (src_given)
		show(&s, " from %s", ip4_text(fl4.saddr, buf));
	if (rt->gw_family)
		show(&s, " via %s", ip4_text(rt->gw4, buf));
	show(&s, " dev %s", rt->dst.dev->name);
	if (!src_given && fl4.saddr)
		show(&s, " src %s", ip4_text(fl4.saddr, buf));
	dst_release(&rt->dst);
	return 0;
}

/** shell() - one command of ip(8), without "ip"; Return: 0, -errno */
static int shell(struct world *w, const char *line, const char **errmsg)
{
	const char *text = NULL, *word;
	struct words ws;
	int err = -EINVAL;

	split_words(&ws, line);
	word = next_word(&ws);
	if (strcmp(word, "link") == 0)
		err = shell_link(w, &ws);
	else if (strcmp(word, "addr") == 0)
		err = shell_addr(w, &ws, &text);
	else if (strcmp(word, "route") == 0)
		err = shell_route(w, &ws, &text);
	else if (strcmp(word, "rule") == 0)
		err = shell_rule(w, &ws, &text);
	else if (strcmp(word, "sysctl") == 0) {
		word = next_word(&ws);
		err = sysctl_set(&w->net.sysctl, word, next_word(&ws));
	}
	if (errmsg)
		*errmsg = err ? text : NULL;
	return err;
}

#endif
