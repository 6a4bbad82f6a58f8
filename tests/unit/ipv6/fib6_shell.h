/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes and addresses in the words of ip(8), so that what ip(8) shows in a namespace can stand in a test as it is. */
#ifndef NETHOOD_TESTS_FIB6_SHELL_H
#define NETHOOD_TESTS_FIB6_SHELL_H

#include <linux/fib_rules.h>

#include "fib6_world.h"

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

static void word_prefix(const char *text, struct in6_addr *addr, u8 *plen)
{
	char buf[64];
	char *slash;

	if (strcmp(text, "default") == 0)
		text = "::/0";
	snprintf(buf, sizeof(buf), "%s", text);
	slash = strchr(buf, '/');
	*plen = slash ? (u8)atoi(slash + 1) : 128;
	if (slash)
		*slash = 0;
	*addr = ip6(buf);
}

static const char *const type_names[RTN_MAX + 1] = { "none",     "unicast",   "local",     "broadcast",
						     "anycast",  "multicast", "blackhole", "unreachable",
						     "prohibit", "throw",     "nat",       "xresolve" };

static u32 number_or_name(const char *text)
{
	static const struct {
		const char *name;
		u32 value;
	} names[] = { { "kernel", 2 }, { "boot", 3 }, { "static", 4 }, { "ra", 9 },   { "local", 255 }, { "main", 254 },
		      { "udp", 17 },   { "tcp", 6 },  { "medium", 0 }, { "high", 1 }, { "low", 3 } };

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
	int err = 0;

	take_word(ws, "set");
	dev = word_dev(w, ws);
	what = next_word(ws);
	if (strcmp(what, "up") == 0) {
		err = dev_open(dev);
	} else if (strcmp(what, "down") == 0) {
		dev_close(dev);
		fib6_purge_dev(dev, true);
	} else if (strcmp(what, "carrier") == 0 && strcmp(next_word(ws), "on") == 0) {
		netif_carrier_on(dev);
	} else if (strcmp(what, "carrier") == 0) {
		netif_carrier_off(dev);
	} else if (strcmp(what, "mtu") == 0) {
		err = dev_set_mtu(dev, number_or_name(next_word(ws)));
	}
	if (strcmp(what, "down"))
		fib6_dev_link_change(dev);
	return err;
}

/** shell_addr() - as addrconf.c would: its local route, and that of its prefix */
static int shell_addr(struct world *w, struct words *ws)
{
	struct in6_addr addr, prefix;
	struct net_device *dev;
	struct fib6_info *rt;
	int err;
	u8 plen;

	(void)next_word(ws); /* add */
	word_prefix(next_word(ws), &addr, &plen);
	(void)take_word(ws, "dev");
	dev = word_dev(w, ws);
	err = ip6_ins_local_rt(&w->net, dev, &addr, false, &rt);
	if (err)
		return err;
	assert_true(w->addr_count < WORLD_ADDRS);
	w->addr[w->addr_count].addr = addr;
	w->addr[w->addr_count].dev = dev;
	w->addr[w->addr_count++].rt = rt;
	ipv6_addr_prefix(&prefix, &addr, plen);
	return plen < 128 ? addrconf_prefix_route(&prefix, plen, 0, dev, 0, 0) : 0;
}

/* ------------------------------------------------------------------ ip -6 route */

static void word_nexthop(struct world *w, struct words *ws, struct fib6_config_nh *nh)
{
	const struct net_device *dev;

	for (;;) {
		if (take_word(ws, "via")) {
			nh->has_gateway = true;
			nh->gateway = ip6(next_word(ws));
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

static void word_metric(struct fib6_config *cfg, u32 index, struct words *ws)
{
	if (take_word(ws, "lock"))
		cfg->metrics_lock |= 1U << index;
	cfg->metrics[index - 1] = number_or_name(next_word(ws));
	cfg->metrics_set |= 1U << (index - 1);
}

static bool word_route_attr(struct fib6_config *cfg, const char *word, struct words *ws)
{
	if (strcmp(word, "src") == 0)
		cfg->prefsrc = ip6(next_word(ws));
	else if (strcmp(word, "from") == 0)
		word_prefix(next_word(ws), &cfg->src, &cfg->src_len);
	else if (strcmp(word, "metric") == 0)
		cfg->metric = number_or_name(next_word(ws));
	else if (strcmp(word, "table") == 0)
		cfg->table = number_or_name(next_word(ws));
	else if (strcmp(word, "proto") == 0)
		cfg->protocol = (u8)number_or_name(next_word(ws));
	else if (strcmp(word, "pref") == 0)
		cfg->pref = (u8)number_or_name(next_word(ws));
	else if (strcmp(word, "expires") == 0)
		cfg->expires_s = number_or_name(next_word(ws));
	else if (strcmp(word, "mtu") == 0)
		word_metric(cfg, RTAX_MTU, ws);
	else if (strcmp(word, "hoplimit") == 0)
		word_metric(cfg, RTAX_HOPLIMIT, ws);
	else
		return false;
	return true;
}

static int shell_route(struct world *w, struct words *ws, const char **errmsg)
{
	static const struct {
		const char *verb;
		u32 nlflags;
	} verbs[] = { { "add", NLM_F_CREATE | NLM_F_EXCL },
		      { "append", NLM_F_CREATE | NLM_F_APPEND },
		      { "replace", NLM_F_CREATE | NLM_F_REPLACE },
		      { "change", NLM_F_REPLACE } };
	struct fib6_config_nh nh[16] = { 0 }, one = { 0 };
	struct fib6_config cfg = { .nh = nh };
	const char *verb = next_word(ws), *word = next_word(ws);
	bool del = strcmp(verb, "del") == 0, dst_known = false;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		cfg.nlflags = strcmp(verbs[i].verb, verb) == 0 ? verbs[i].nlflags : cfg.nlflags;
	for (u8 t = RTN_UNICAST; t <= RTN_MAX; t++) {
		if (strcmp(type_names[t], word) == 0)
			cfg.type = t, word = next_word(ws);
	}
	for (; word; word = next_word(ws)) {
		if (strcmp(word, "nexthop") == 0) {
			word_nexthop(w, ws, &nh[cfg.nh_count++]);
		} else if (!word_route_attr(&cfg, word, ws)) {
			assert_false(dst_known);
			dst_known = true;
			word_prefix(word, &cfg.dst, &cfg.dst_len);
		}
		word_nexthop(w, ws, &one);
	}
	cfg.oif = one.oif;
	cfg.has_gateway = one.has_gateway;
	cfg.gateway = one.gateway;
	cfg.nh_flags = one.flags;
	if (!cfg.table)
		cfg.table = cfg.type == RTN_LOCAL || cfg.type == RTN_BROADCAST || cfg.type == RTN_ANYCAST ||
					    cfg.type == RTN_NAT
				    ? RT_TABLE_LOCAL
				    : RT_TABLE_MAIN;
	if (del)
		return ip6_route_del(&w->net, &cfg, errmsg);
	cfg.protocol = cfg.protocol ? cfg.protocol : RTPROT_BOOT;
	cfg.type = cfg.type ? cfg.type : RTN_UNICAST;
	return ip6_route_add(&w->net, &cfg, errmsg);
}

/* ------------------------------------------------------------------ what ip(8) shows */

/** struct shown - text that grows to its limit */
struct shown {
	char *text;
	size_t size_bytes, used_bytes;
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

static void show_addr(struct shown *s, const char *before, const struct in6_addr *a, u8 plen)
{
	char buf[INET6_ADDRSTRLEN];

	show(s, "%s%s", before, inet_ntop(AF_INET6, a, buf, sizeof(buf)));
	if (plen < 128)
		show(s, "/%u", plen);
}

static void show_nh(struct shown *s, const struct fib6_nh_view *nh)
{
	if (nh->has_gateway)
		show_addr(s, " via ", &nh->gateway, 128);
	if (nh->dev)
		show(s, " dev %s", nh->dev->name);
}

static void show_nh_flags(struct shown *s, u32 flags)
{
	show(s, "%s%s%s", flags & RTNH_F_DEAD ? " dead" : "", flags & RTNH_F_ONLINK ? " onlink" : "",
	     flags & RTNH_F_LINKDOWN ? " linkdown" : "");
}

static void show_protocol(struct shown *s, u8 protocol)
{
	if (protocol == RTPROT_KERNEL)
		show(s, " proto kernel");
	else if (protocol == RTPROT_RA)
		show(s, " proto ra");
	else if (protocol != RTPROT_BOOT)
		show(s, " proto %s", protocol == RTPROT_STATIC ? "static" : "other");
}

static int show_route(void *ctx, const struct fib6_route_view *route)
{
	static const char *const prefs[] = { "medium", "high", "invalid", "low" };
	struct fib6_route_view r = *route;
	struct shown *s = ctx;

	if (r.type != RTN_UNICAST)
		show(s, "%s ", type_names[r.type]);
	if (r.dst_len)
		show_addr(s, "", &r.dst, r.dst_len);
	else
		show(s, "default");
	if (r.src_len)
		show_addr(s, " from ", &r.src, r.src_len);
	if (r.nh_count == 1)
		show_nh(s, &r.nh);
	if (r.table_id == RT_TABLE_LOCAL)
		show(s, " table local");
	else if (r.table_id != RT_TABLE_MAIN)
		show(s, " table %u", r.table_id);
	show_protocol(s, r.protocol);
	if (!ipv6_addr_any(&r.prefsrc))
		show_addr(s, " src ", &r.prefsrc, 128);
	show(s, " metric %u", r.metric);
	if (r.nh_count == 1)
		show_nh_flags(s, r.nh.flags);
	if (r.expires)
		show(s, " expires %dsec", (int)r.expires_s);
	if (r.metrics && r.metrics[RTAX_MTU - 1])
		show(s, " mtu%s %u", r.metrics_lock >> RTAX_MTU & 1 ? " lock" : "", r.metrics[RTAX_MTU - 1]);
	if (r.metrics && r.metrics[RTAX_HOPLIMIT - 1])
		show(s, " hoplimit %u", r.metrics[RTAX_HOPLIMIT - 1]);
	show(s, " pref %s", prefs[r.pref & 3]);
	for (u32 i = 0; r.nh_count > 1 && i < r.nh_count; i++) {
		if (i)
			fib6_view_next_nh(&r);
		show(s, " nexthop");
		show_nh(s, &r.nh);
		show(s, " weight %u", r.nh.weight);
		show_nh_flags(s, r.nh.flags);
	}
	show(s, "\n");
	return 0;
}

static const char *shell_routes(struct world *w, char *text, size_t size_bytes, u32 table, bool exceptions)
{
	struct shown s = { .text = text, .size_bytes = size_bytes };
	struct fib6_dump_cursor cursor = { 0 };

	text[0] = 0;
	assert_int_equal(fib6_dump(&w->net, &cursor, table, exceptions, show_route, &s), 0);
	return text;
}

/** shell_get() - ip -6 route get: what an output lookup says */
static int shell_get(struct world *w, struct words *ws, char *text, size_t size_bytes)
{
	struct shown s = { .text = text, .size_bytes = size_bytes };
	struct flowi6 fl6 = { .daddr = ip6(next_word(ws)) };
	bool src_given = false;
	struct rt6_info *rt;
	const char *word;
	int err;

	while ((word = next_word(ws))) {
		if (strcmp(word, "from") == 0)
			src_given = true, fl6.saddr = ip6(next_word(ws));
		else if (strcmp(word, "oif") == 0)
			fl6.oif = word_dev(w, ws)->ifindex;
		else if (strcmp(word, "mark") == 0)
			fl6.mark = number_or_name(next_word(ws));
		else if (strcmp(word, "sport") == 0)
			fl6.sport = cpu_to_be16((u16)number_or_name(next_word(ws)));
		else if (strcmp(word, "label") == 0)
			fl6.flowlabel = cpu_to_be32(number_or_name(next_word(ws)));
	}
	text[0] = 0;
	err = ip6_route_output_flow(&w->net, &fl6, &rt);
	if (err)
		return err;
	if (rt->type != RTN_UNICAST)
		show(&s, "%s ", type_names[rt->type]);
	show_addr(&s, "", &fl6.daddr, 128);
	if (rt->uses_gateway)
		show_addr(&s, " via ", &rt->gateway, 128);
	show(&s, " dev %s", rt->dst.dev->name);
	if (!src_given && !ipv6_addr_any(&fl6.saddr))
		show_addr(&s, " src ", &fl6.saddr, 128);
	if (rt->pmtu_bytes)
		show(&s, " mtu %u", ip6_dst_mtu(rt));
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
		err = shell_addr(w, &ws);
	else if (strcmp(word, "route") == 0)
		err = shell_route(w, &ws, &text);
	if (errmsg)
		*errmsg = err ? text : NULL;
	return err;
}

static void must(struct world *w, const char *line)
{
	const char *errmsg;
	int err = shell(w, line, &errmsg);

	if (err)
		fail_msg("%s: %d %s", line, err, errmsg ? errmsg : "");
}

static void must_all(struct world *w, const char *const *lines)
{
	for (; *lines; lines++)
		must(w, *lines);
}

#endif
