// SPDX-License-Identifier: BSD-2-Clause
/* Every worker but the first: what the leader says is done in the own net, by requests to it.
 *
 * A neighbour that is needed is asked for as Linux asks arpd(8): RTM_GETNEIGH (app_solicit), which goes to the leader; its
 * answer is an entry like any other.  Meanwhile packets wait where they always do.
 *
 * Reading order: follower_hear(), apply[], sync_done(), follower_tell().
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipv6/addrconf.h"
#include "wire/ipv6.h"
#include "workers/rtnl.h"

#define TELL_BUDGET 256U

/** struct key_set - what the leader has */
struct key_set {
	u64 *keys;
	size_t count, room;
};

struct follower {
	struct nethood_sock *request, *news;
	u32 portid; /**< of @request */
	bool syncing;
	bool missed; /**< something could not be done: all has to be told anew */
	struct key_set seen;
	bool swept, once_more; /**< sweep_done() */
	u8 buf[RTNL_READ_BYTES] __attribute__((aligned(8)));
};

/* Not at once: memory is missing. */
static void missed(struct worker *w)
{
	w->follower->missed = true;
	worker_retry_later(w);
}

static void missed_if(struct worker *w, int err)
{
	if (err == -ENOMEM || err == -ENOBUFS)
		missed(w);
}

/* ------------------------------------------------------------------ sysctls */

/* What a follower does not do itself, or does in its own way. */
static const char *const own_sysctls[] = {
	"app_solicit", "ucast_solicit", "mcast_solicit",        "mcast_resolicit", "accept_ra",
	"autoconf",    "dad_transmits", "router_solicitations", "addr_gen_mode",   "accept_dad",
};

static bool is_own(const char *name)
{
	const char *last = name;

	for (; *name; name++) {
		if (*name == '.' || *name == '/')
			last = name + 1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(own_sysctls); i++) {
		if (!strcmp(last, own_sysctls[i]))
			return true;
	}
	return false;
}

static void sysctl_set_same(struct worker *w, enum letter_kind kind, const char *name, const char *value)
{
	char now[256];

	if (is_own(name))
		return;
	if (kind == LETTER_PROC)
		(void)nethood_proc_write(w->nn, name, value, strlen(value));
	else if (nethood_sysctl_get(w->nn, name, now, sizeof(now)) < 0 || strcmp(now, value) != 0)
		(void)nethood_sysctl_set(w->nn, name, value);
}

static void sysctls_apply(struct worker *w, const struct letter *l)
{
	const char *at = (const char *)l->data, *end = at + l->data_bytes;

	while (at < end) {
		const char *name = at, *value = name + strlen(name) + 1;

		sysctl_set_same(w, l->kind, name, value);
		at = value + strlen(value) + 1;
	}
}

static int sysctls_init(struct worker *w)
{
	static const struct {
		const char *key, *value;
	} settings[] = {
		{ "net.ipv4.neigh.default.mcast_solicit", "0" }, { "net.ipv4.neigh.default.ucast_solicit", "0" },
		{ "net.ipv4.neigh.default.app_solicit", "60" }, /* the leader says when enough is enough */
		{ "net.ipv6.neigh.default.mcast_solicit", "0" }, { "net.ipv6.neigh.default.ucast_solicit", "0" },
		{ "net.ipv6.neigh.default.app_solicit", "60" },  { "net.ipv6.conf.default.accept_ra", "0" },
		{ "net.ipv6.conf.default.autoconf", "0" },       { "net.ipv6.conf.default.dad_transmits", "0" },
		{ "net.ipv6.conf.default.accept_dad", "0" },     { "net.ipv6.conf.default.router_solicitations", "0" },
		{ "net.ipv6.conf.default.addr_gen_mode", "1" },
	};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(settings); i++)
		err = nethood_sysctl_set(w->nn, settings[i].key, settings[i].value);
	return err;
}

/* ------------------------------------------------------------------ what is the same for all: sent again as a request */

static struct nlmsghdr *copy_of(struct worker *w, const struct nlmsghdr *nlh)
{
	return memcpy(w->follower->buf, nlh, nlh->nlmsg_len);
}

static int request(struct worker *w, struct nlmsghdr *nlh, u16 flags)
{
	nlh->nlmsg_flags = (u16)(NLM_F_REQUEST | flags);
	nlh->nlmsg_pid = 0;
	return rtnl_talk(w->follower->request, nlh, NULL);
}

/* The same device by its name; its number may be another one only while it is not there. */
static struct nethood_dev *link_find(struct worker *w, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *name = rtnl_attr(nlh, IFLA_IFNAME);
	struct nethood_dev *dev = name ? nethood_dev_find(w->nn, mnl_attr_get_str(name)) : NULL;

	return dev && nethood_dev_ifindex(dev) == ifi->ifi_index ? dev : NULL;
}

#define LINK_FLAGS ((unsigned int)(IFF_UP | IFF_NOARP | IFF_MULTICAST | IFF_PROMISC | IFF_ALLMULTI))

/* What a router said of the link. */
static int link6_apply(struct worker *w, const struct nlmsghdr *nlh)
{
	static const struct {
		u32 at;
		const char *name;
	} same[] = { { IPV6_DEVCONF_HOPLIMIT, "hop_limit" }, { IPV6_DEVCONF_MTU6, "mtu" } };
	const struct nlattr *info = rtnl_attr(nlh, IFLA_PROTINFO), *conf;
	const char *dev = mnl_attr_get_str(rtnl_attr(nlh, IFLA_IFNAME));
	char key[64], value[16];
	s32 number;

	conf = info ? rtnl_nested(info, IFLA_INET6_CONF) : NULL;
	for (size_t i = 0; conf && i < ARRAY_SIZE(same); i++) {
		if (mnl_attr_get_payload_len(conf) < (same[i].at + 1) * sizeof(number))
			continue;
		memcpy(&number, (const u8 *)mnl_attr_get_payload(conf) + same[i].at * sizeof(number), sizeof(number));
		(void)snprintf(key, sizeof(key), "net.ipv6.conf.%s.%s", dev, same[i].name);
		(void)snprintf(value, sizeof(value), "%d", number);
		sysctl_set_same(w, LETTER_SYSCTL, key, value);
	}
	return 0;
}

static int link_apply(struct worker *w, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	static const u16 same[] = { IFLA_MTU, IFLA_ADDRESS, IFLA_TXQLEN };
	struct rtnl_msg msg;
	struct ifinfomsg *set;

	if (nlh->nlmsg_type != RTM_NEWLINK || !link_find(w, nlh))
		return 0;
	if (ifi->ifi_family == AF_INET6)
		return link6_apply(w, nlh);
	set = rtnl_begin(&msg, RTM_NEWLINK, 0, sizeof(*set));
	set->ifi_index = ifi->ifi_index;
	set->ifi_change = LINK_FLAGS;
	set->ifi_flags = ifi->ifi_flags & LINK_FLAGS;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		if (same[i] != IFLA_ADDRESS || !(ifi->ifi_flags & IFF_LOOPBACK))
			rtnl_put_same(&msg, nlh, same[i]);
	}
	return rtnl_talk(w->follower->request, &msg.nlh, NULL);
}

/* Comes with lo. */
static bool is_loopback6(const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *addr = rtnl_attr(nlh, IFA_ADDRESS);

	return ifa->ifa_family == AF_INET6 && addr && ipv6_addr_loopback(mnl_attr_get_payload(addr));
}

/* The leader has looked whether somebody else has it; while it looks it is not used. */
static int addr_apply(struct worker *w, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	u32 flags = rtnl_attr_u32(nlh, IFA_FLAGS, ifa->ifa_flags);
	struct nlmsghdr *copy = copy_of(w, nlh);
	struct nlattr *a;

	if (flags & IFA_F_DADFAILED)
		copy->nlmsg_type = RTM_DELADDR;
	if (copy->nlmsg_type == RTM_DELADDR)
		return request(w, copy, 0);
	if (is_loopback6(nlh))
		return 0;
	if ((flags & IFA_F_TENTATIVE) && !(flags & IFA_F_OPTIMISTIC))
		return 0;
	((struct ifaddrmsg *)mnl_nlmsg_get_payload(copy))->ifa_flags |= IFA_F_NODAD;
	a = (struct nlattr *)(uintptr_t)rtnl_attr(copy, IFA_FLAGS);
	flags = (flags & (IFA_F_NOPREFIXROUTE | IFA_F_HOMEADDRESS | IFA_F_MCAUTOJOIN)) | IFA_F_NODAD;
	if (a)
		memcpy(mnl_attr_get_payload(a), &flags, sizeof(flags));
	return request(w, copy, NLM_F_CREATE | NLM_F_REPLACE);
}

static bool comes_with_address(const struct rtmsg *rtm)
{
	return rtm->rtm_protocol == RTPROT_KERNEL && rtm->rtm_type != RTN_UNICAST;
}

static int route_apply(struct worker *w, const struct nlmsghdr *nlh)
{
	struct nlmsghdr *copy = copy_of(w, nlh);
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	u16 how = nlh->nlmsg_flags & (NLM_F_REPLACE | NLM_F_APPEND);

	if ((rtm->rtm_flags & RTM_F_CLONED) || (nlh->nlmsg_type == RTM_NEWROUTE && comes_with_address(rtm)))
		return 0;
	((struct rtmsg *)mnl_nlmsg_get_payload(copy))->rtm_flags &= RTNH_F_ONLINK;
	rtnl_hops_settle(copy);
	if (nlh->nlmsg_type == RTM_DELROUTE)
		return request(w, copy, 0);
	/* in the order in which a table is told, new ones come behind */
	if (w->follower->syncing)
		how = NLM_F_APPEND;
	return request(w, copy, (u16)(NLM_F_CREATE | how));
}

static int rule_apply(struct worker *w, const struct nlmsghdr *nlh)
{
	return request(w, copy_of(w, nlh), nlh->nlmsg_type == RTM_NEWRULE ? NLM_F_CREATE | NLM_F_EXCL : 0);
}

/* ------------------------------------------------------------------ neighbours */

/* How the leader's state is shown here.  0: it changes nothing */
static u16 neigh_state(const struct worker *w, u16 state)
{
	if (state & (NUD_REACHABLE | NUD_PERMANENT | NUD_STALE | NUD_FAILED))
		return state;
	/* being asked about, it is used as before; only who hears of it for the first time needs to know */
	return w->follower->syncing && (state & (NUD_DELAY | NUD_PROBE)) ? NUD_STALE : 0;
}

static int neigh_apply(struct worker *w, const struct nlmsghdr *nlh)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	bool gone = nlh->nlmsg_type == RTM_DELNEIGH;
	u16 state = neigh_state(w, ndm->ndm_state), flags;
	struct rtnl_msg msg;
	struct ndmsg *set;

	if ((ndm->ndm_flags & NTF_PROXY) || (!gone && !state))
		return 0;
	flags = gone ? 0 : state == NUD_FAILED ? NLM_F_REPLACE : NLM_F_REPLACE | NLM_F_CREATE;
	set = rtnl_begin_neigh(&msg, nlh->nlmsg_type, flags, nlh);
	set->ndm_state = gone ? 0 : state;
	set->ndm_flags = ndm->ndm_flags & (NTF_ROUTER | NTF_EXT_LEARNED);
	if (!gone && state != NUD_FAILED) {
		rtnl_put_same(&msg, nlh, NDA_LLADDR);
		rtnl_put_same(&msg, nlh, NDA_PROTOCOL);
	}
	return rtnl_talk(w->follower->request, &msg.nlh, NULL);
}

/* ------------------------------------------------------------------ in */

static const struct {
	u16 new_type, del_type;
	int (*fn)(struct worker *w, const struct nlmsghdr *nlh);
} apply[] = {
	{ RTM_NEWLINK, RTM_DELLINK, link_apply },    { RTM_NEWADDR, RTM_DELADDR, addr_apply },
	{ RTM_NEWROUTE, RTM_DELROUTE, route_apply }, { RTM_NEWRULE, RTM_DELRULE, rule_apply },
	{ RTM_NEWNEIGH, RTM_DELNEIGH, neigh_apply },
};

static void key_seen(struct worker *w, u64 key)
{
	struct key_set *set = &w->follower->seen;

	if (set->count == set->room) {
		size_t room = set->room ? 2 * set->room : 256;
		u64 *keys = host_alloc(w->host, room * sizeof(*keys));

		if (!keys) { /* what is too much cannot be told from the rest */
			w->follower->syncing = false;
			missed(w);
			return;
		}
		if (set->count)
			memcpy(keys, set->keys, set->count * sizeof(*keys));
		host_free(w->host, set->keys, set->room * sizeof(*keys));
		set->keys = keys;
		set->room = room;
	}
	set->keys[set->count++] = key;
}

static void keys_free(struct worker *w)
{
	struct key_set *set = &w->follower->seen;

	host_free(w->host, set->keys, set->room * sizeof(*set->keys));
	*set = (struct key_set){ .count = 0 };
}

static void object_apply(void *ctx, const struct nlmsghdr *nlh)
{
	struct worker *w = ctx;

	for (size_t i = 0; i < ARRAY_SIZE(apply); i++) {
		if (nlh->nlmsg_type != apply[i].new_type && nlh->nlmsg_type != apply[i].del_type)
			continue;
		if (w->follower->syncing)
			key_seen(w, rtnl_key(nlh));
		/* what is there already, or is gone already, is as it should be */
		missed_if(w, apply[i].fn(w, nlh));
	}
}

static void rtnl_hear(struct worker *w, const struct letter *l)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)l->data;
	int left = (int)l->data_bytes;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		/* of what is added to, a part may be here already */
		if (w->follower->syncing || (nlh->nlmsg_flags & NLM_F_APPEND))
			rtnl_each_object(nlh, object_apply, w);
		else
			object_apply(w, nlh);
	}
}

/* ------------------------------------------------------------------ all has been told: what else is here? */

static int key_cmp(const void *a, const void *b)
{
	const u64 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* A neighbour that is only being looked for is not one the leader has to know yet. */
static bool may_stay(const struct nlmsghdr *nlh)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);

	return nlh->nlmsg_type == RTM_NEWNEIGH && (ndm->ndm_state & (NUD_NOARP | NUD_INCOMPLETE));
}

/** struct sweep - of one table */
struct sweep {
	struct worker *w;
	const struct rtnl_dump *table;
};

static void object_sweep(void *ctx, const struct nlmsghdr *nlh)
{
	const struct sweep *sweep = ctx;
	struct follower *f = sweep->w->follower;
	u64 key = rtnl_key(nlh);
	struct nlmsghdr *copy;
	int err;

	if (may_stay(nlh) || bsearch(&key, f->seen.keys, f->seen.count, sizeof(key), key_cmp))
		return;
	copy = copy_of(sweep->w, nlh);
	copy->nlmsg_type = sweep->table->del;
	err = request(sweep->w, copy, 0);
	missed_if(sweep->w, err);
	f->swept |= !err;
}

/* @dump: a socket of its own, so that requests go between. */
static void table_sweep(struct worker *w, struct nethood_sock *dump, const struct rtnl_dump *table, u8 *buf)
{
	struct sweep sweep = { w, table };
	bool done = rtnl_dump_start(dump, table) != 0;

	while (!done) {
		ssize_t n = nethood_recvfrom(dump, buf, RTNL_READ_BYTES, 0, NULL, NULL);
		struct nlmsghdr *nlh = (struct nlmsghdr *)(void *)buf;
		int left = (int)n;

		done = n < 0;
		missed_if(w, (int)n);
		for (; !done && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			done = nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR;
			if (done)
				missed_if(w, *(const int *)mnl_nlmsg_get_payload(nlh));
			else
				rtnl_each_object(nlh, object_sweep, &sweep);
		}
	}
}

/* What was too much may have stood in the way of what came: once more, but not for ever. */
static void sweep_done(struct worker *w)
{
	struct follower *f = w->follower;

	f->once_more = f->swept && !f->once_more;
	f->swept = false;
	if (f->once_more)
		missed(w);
}

static void sync_done(struct worker *w)
{
	struct key_set *set = &w->follower->seen;
	struct nethood_sock *dump;
	u8 *buf;

	if (!w->follower->syncing)
		return;
	if (rtnl_open(w, 0, &dump)) {
		missed(w);
		return;
	}
	buf = host_alloc(w->host, RTNL_READ_BYTES);
	if (!buf)
		missed(w);
	if (set->count)
		qsort(set->keys, set->count, sizeof(*set->keys), key_cmp);
	for (u32 i = 0; buf && i < RTNL_DUMPS; i++) {
		if (rtnl_dumps[i].del)
			table_sweep(w, dump, &rtnl_dumps[i], buf);
	}
	host_free(w->host, buf, RTNL_READ_BYTES);
	nethood_close(dump);
	sweep_done(w);
}

void follower_hear(struct worker *w, const struct letter *l)
{
	switch (l->kind) {
	case LETTER_SYSCTL:
	case LETTER_PROC:
		sysctls_apply(w, l);
		break;
	case LETTER_SYNC:
		keys_free(w);
		w->follower->syncing = true;
		break;
	case LETTER_SYNC_DONE:
		sync_done(w);
		w->follower->syncing = false;
		keys_free(w);
		break;
	default:
		rtnl_hear(w, l);
	}
}

/* ------------------------------------------------------------------ out */

static void news_hear(struct worker *w, const struct nlmsghdr *nlh)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	bool ours = nlh->nlmsg_pid == w->follower->portid;

	if (nlh->nlmsg_type == RTM_GETNEIGH ||
	    (nlh->nlmsg_type == RTM_NEWNEIGH && ndm->ndm_state == NUD_REACHABLE && !ours))
		letter_post(w, LEADER, letter_new(w, LETTER_RTNL, nlh, nlh->nlmsg_len));
	else if (nlh->nlmsg_type == RTM_NEWLINK && ifi->ifi_change == ~0U) /* a device came: what belongs to it? */
		missed(w);
}

bool follower_tell(struct worker *w)
{
	struct follower *f = w->follower;

	if (f->missed && !worker_retry_waits(w)) {
		f->missed = false;
		if (!letter_post(w, LEADER, letter_new(w, LETTER_SYNC, NULL, 0)))
			missed(w);
	}
	for (u32 i = 0; i < TELL_BUDGET; i++) {
		ssize_t n = nethood_recvfrom(f->news, f->buf, sizeof(f->buf), 0, NULL, NULL);

		if (n == -EAGAIN)
			return false;
		if (n < 0) /* something was lost: a device that came, perhaps */
			missed(w);
		else
			news_hear(w, (const struct nlmsghdr *)(const void *)f->buf);
	}
	return true;
}

/* ------------------------------------------------------------------ life */

int follower_init(struct worker *w)
{
	int err;

	w->follower = host_alloc(w->host, sizeof(*w->follower));
	if (!w->follower)
		return -ENOMEM;
	w->base.follows = true;
	err = sysctls_init(w);
	if (!err)
		err = rtnl_open(w, 0, &w->follower->request);
	if (!err)
		err = rtnl_open(w, RTMGRP_NEIGH | RTMGRP_LINK, &w->follower->news);
	if (!err)
		w->follower->portid = rtnl_portid(w->follower->request);
	return err;
}

/* Its sockets go with the net. */
void follower_exit(struct worker *w)
{
	if (!w->follower)
		return;
	keys_free(w);
	host_free(w->host, w->follower, sizeof(*w->follower));
	w->follower = NULL;
}
