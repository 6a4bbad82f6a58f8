// SPDX-License-Identifier: BSD-2-Clause
/* The first worker: it has the true tables, and tells the others.
 *
 * For each follower it has a socket that hears what changes in its own net, and reads it only while there is room for a
 * letter: what waits, waits where netlink's limits hold.  If it was too much, or at the beginning, the follower is told
 * everything: all tables, and what of them it has besides is too much.
 *
 * Reading order: leader_tell(), leader_hear().
 */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <string.h>

#include "workers/rtnl.h"

#define NEWS_GROUPS \
	(RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE | RTMGRP_IPV6_IFADDR | \
	 RTMGRP_IPV6_ROUTE | RTMGRP_IPV6_IFINFO | 1U << (RTNLGRP_IPV6_RULE - 1))
#define TELL_BUDGET 64U /* datagrams for each follower in one poll */
#define TELL_ROOM 128U  /* slots that are left to packets, and to answers */

/** struct channel - to one follower */
struct channel {
	struct nethood_sock *news, *dump;
	bool anew; /**< all has to be told */
	u32 table; /**< of rtnl_dumps, that is being told; RTNL_DUMPS: none */
};

struct leader {
	struct nethood_sock *request;
	u8 buf[RTNL_READ_BYTES] __attribute__((aligned(8)));
	struct channel channels[];
};

static bool has_room(const struct worker *w, u32 to)
{
	return ring_room(ring_between(w->host, w->index, to)) > TELL_ROOM;
}

/* Something is missing: all is told anew, but not at once. */
static void channel_broke(struct worker *w, struct channel *ch)
{
	ch->anew = true;
	ch->table = RTNL_DUMPS;
	worker_retry_later(w);
}

/* There was room: only memory can be missing. */
static void post_to(struct worker *w, u32 to, enum letter_kind kind, const void *data, size_t len_bytes)
{
	if (!letter_post(w, to, letter_new(w, kind, data, len_bytes)))
		channel_broke(w, &w->leader->channels[to]);
}

/* ------------------------------------------------------------------ sysctls */

/** struct sysctl_list - names and values, for one letter or several */
struct sysctl_list {
	struct worker *w;
	u32 to;
	size_t bytes; /* in the leader's buffer */
};

static void sysctl_list_post(struct sysctl_list *list, enum letter_kind kind)
{
	if (list->bytes)
		post_to(list->w, list->to, kind, list->w->leader->buf, list->bytes);
	list->bytes = 0;
}

/* Return: 0, for nethood_sysctl_each() */
static int sysctl_list_add(void *ctx, const char *name, const char *value)
{
	struct sysctl_list *list = ctx;
	size_t name_bytes = strlen(name) + 1, value_bytes = strlen(value) + 1;
	u8 *buf = list->w->leader->buf;

	if (list->bytes + name_bytes + value_bytes > RTNL_READ_BYTES)
		sysctl_list_post(list, LETTER_SYSCTL);
	if (name_bytes + value_bytes > RTNL_READ_BYTES)
		return 0;
	memcpy(buf + list->bytes, name, name_bytes);
	memcpy(buf + list->bytes + name_bytes, value, value_bytes);
	list->bytes += name_bytes + value_bytes;
	return 0;
}

void leader_written(struct net_worker *base, bool is_file, const char *name, const char *value)
{
	struct worker *w = worker_of(base);

	if (!w->leader)
		return;
	for (u32 to = 1; to < w->host->count; to++) {
		struct sysctl_list list = { w, to, 0 };

		(void)sysctl_list_add(&list, name, value);
		sysctl_list_post(&list, is_file ? LETTER_PROC : LETTER_SYSCTL);
	}
}

/* ------------------------------------------------------------------ tables */

static void anew_begin(struct worker *w, u32 to)
{
	struct channel *ch = &w->leader->channels[to];
	struct sysctl_list all = { w, to, 0 };

	ch->anew = false;
	ch->table = 0;
	/* news of before are in the tables already, and may be wrong if some were lost; a table that broke off ends */
	rtnl_discard(ch->news);
	rtnl_discard(ch->dump);
	post_to(w, to, LETTER_SYNC, NULL, 0);
	(void)nethood_sysctl_each(w->nn, sysctl_list_add, &all);
	sysctl_list_post(&all, LETTER_SYSCTL);
	if (!ch->anew && rtnl_dump_start(ch->dump, &rtnl_dumps[0]))
		channel_broke(w, ch);
}

enum dump_state { DUMP_GOES_ON, DUMP_DONE, DUMP_BROKEN };

static enum dump_state dump_state(const struct worker *w, ssize_t len_bytes)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)w->leader->buf;
	int left = (int)len_bytes;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const int *err = mnl_nlmsg_get_payload(nlh);

		if (nlh->nlmsg_type == NLMSG_ERROR || (nlh->nlmsg_type == NLMSG_DONE && *err < 0))
			return DUMP_BROKEN;
		if (nlh->nlmsg_type == NLMSG_DONE)
			return DUMP_DONE;
	}
	return DUMP_GOES_ON;
}

/* The next table; or all have been told. */
static void dump_next(struct worker *w, u32 to)
{
	struct channel *ch = &w->leader->channels[to];

	ch->table++;
	if (ch->table == RTNL_DUMPS)
		post_to(w, to, LETTER_SYNC_DONE, NULL, 0);
	else if (rtnl_dump_start(ch->dump, &rtnl_dumps[ch->table]))
		channel_broke(w, ch);
}

/* Return: false: nothing to read now */
static bool dump_tell(struct worker *w, u32 to)
{
	struct channel *ch = &w->leader->channels[to];
	ssize_t n = nethood_recvfrom(ch->dump, w->leader->buf, sizeof(w->leader->buf), 0, NULL, NULL);
	enum dump_state state = n < 0 ? DUMP_BROKEN : dump_state(w, n);

	if (n == -EAGAIN)
		return false;
	if (state != DUMP_BROKEN)
		post_to(w, to, LETTER_RTNL, w->leader->buf, (size_t)n);
	if (state == DUMP_BROKEN)
		channel_broke(w, ch);
	else if (state == DUMP_DONE && !ch->anew)
		dump_next(w, to);
	return true;
}

/* Return: false: no news */
static bool news_tell(struct worker *w, u32 to)
{
	struct channel *ch = &w->leader->channels[to];
	ssize_t n = nethood_recvfrom(ch->news, w->leader->buf, sizeof(w->leader->buf), 0, NULL, NULL);

	if (n == -ENOBUFS)
		ch->anew = true;
	if (n < 0)
		return n == -ENOBUFS;
	post_to(w, to, LETTER_RTNL, w->leader->buf, (size_t)n);
	return true;
}

/* News wait while tables are told: what they tell of is in the tables already, or comes after. */
static bool channel_tell(struct worker *w, u32 to)
{
	struct channel *ch = &w->leader->channels[to];
	bool more = true;

	for (u32 i = 0; more && i < TELL_BUDGET && has_room(w, to); i++) {
		if (ch->table < RTNL_DUMPS)
			more = dump_tell(w, to);
		else if (!ch->anew)
			more = news_tell(w, to);
		else if (worker_retry_waits(w))
			more = false;
		else
			anew_begin(w, to);
	}
	return more && has_room(w, to);
}

bool leader_tell(struct worker *w)
{
	bool more = false;

	for (u32 to = 1; to < w->host->count; to++)
		more |= channel_tell(w, to);
	return more;
}

/* ------------------------------------------------------------------ what followers say */

/* The entry that @about speaks of, as an answer in @buf.  NULL: there is none */
static const struct nlmsghdr *neigh_get(struct worker *w, const struct nlmsghdr *about)
{
	struct rtnl_msg msg;

	(void)rtnl_begin_neigh(&msg, RTM_GETNEIGH, 0, about);
	return rtnl_talk(w->leader->request, &msg.nlh, w->leader->buf)
		       ? NULL
		       : (const struct nlmsghdr *)(const void *)w->leader->buf;
}

static void neigh_set(struct worker *w, const struct nlmsghdr *about, u16 flags, u8 ntf, u16 state)
{
	struct rtnl_msg msg;
	struct ndmsg *set = rtnl_begin_neigh(&msg, RTM_NEWNEIGH, flags, about);

	set->ndm_flags = ntf;
	set->ndm_state = state;
	if (state)
		rtnl_put_same(&msg, about, NDA_LLADDR);
	(void)rtnl_talk(w->leader->request, &msg.nlh, NULL);
}

/* A follower has a packet for it: what is known for sure is told at once, the rest when it is. */
static void neigh_wanted(struct worker *w, u32 from, const struct nlmsghdr *about)
{
	const struct nlmsghdr *entry = neigh_get(w, about);
	const struct ndmsg *ndm = entry ? mnl_nlmsg_get_payload(entry) : NULL;

	if (ndm && (ndm->ndm_state & (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP)))
		post_to(w, from, LETTER_RTNL, entry, entry->nlmsg_len);
	else
		neigh_set(w, about, NLM_F_CREATE, NTF_USE, NUD_NONE);
}

/* A follower's peer has been heard of, by what it acknowledged. */
static void neigh_confirmed(struct worker *w, const struct nlmsghdr *about)
{
	const struct nlattr *lladdr = rtnl_attr(about, NDA_LLADDR), *known;
	const struct nlmsghdr *entry = neigh_get(w, about);
	const struct ndmsg *ndm = entry ? mnl_nlmsg_get_payload(entry) : NULL;

	if (!ndm || !lladdr || !(ndm->ndm_state & (NUD_STALE | NUD_DELAY | NUD_PROBE)))
		return;
	known = rtnl_attr(entry, NDA_LLADDR);
	if (known && known->nla_len == lladdr->nla_len &&
	    !memcmp(mnl_attr_get_payload(known), mnl_attr_get_payload(lladdr), mnl_attr_get_payload_len(lladdr)))
		neigh_set(w, about, NLM_F_REPLACE, 0, NUD_REACHABLE);
}

void leader_hear(struct worker *w, const struct letter *l)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)l->data;

	if (l->kind == LETTER_SYNC)
		w->leader->channels[l->from].anew = true;
	else if (nlh->nlmsg_type == RTM_GETNEIGH)
		neigh_wanted(w, l->from, nlh);
	else
		neigh_confirmed(w, nlh);
}

/* ------------------------------------------------------------------ life */

static size_t leader_bytes(const struct worker *w)
{
	return sizeof(struct leader) + w->host->count * sizeof(struct channel);
}

static int channel_init(struct worker *w, struct channel *ch)
{
	int err = rtnl_open(w, NEWS_GROUPS, &ch->news);

	ch->anew = true;
	ch->table = RTNL_DUMPS;
	return err ? err : rtnl_open(w, 0, &ch->dump);
}

int leader_init(struct worker *w)
{
	int err;

	w->leader = host_alloc(w->host, leader_bytes(w));
	if (!w->leader)
		return -ENOMEM;
	err = rtnl_open(w, 0, &w->leader->request);
	for (u32 to = 1; !err && to < w->host->count; to++)
		err = channel_init(w, &w->leader->channels[to]);
	return err;
}

/* Its sockets go with the net. */
void leader_exit(struct worker *w)
{
	if (!w->leader)
		return;
	host_free(w->host, w->leader, leader_bytes(w));
	w->leader = NULL;
}
