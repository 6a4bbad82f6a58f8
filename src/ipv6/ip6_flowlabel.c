// SPDX-License-Identifier: BSD-2-Clause
/* Flow labels: by hash of the flow, or leased by programs.
 *
 * @step S4 of S13, from ipv6/ip6_output.c   @rfc 6437   @linux ip6_make_flowlabel, fl_intern, fl_release, ip6fl_seq_show
 *
 * Reading order: ip6_make_flowlabel(); fl6_lease(), fl6_release(); ip6fl_seq_show().
 */
#include "ipv6/ip6_flowlabel.h"

#include <errno.h>

#include "ipv6/ipv6.h"
#include "ipv6/ipv6_proc.h"

#define FL6_BUCKETS 256U
#define FL6_MAX 4096U          /* labels of a net */
#define FL6_MAX_PER_SOCKET 32U /* of those who administer nothing */

/** struct flowlabel_state - net->ipv6->flowlabels; NULL until somebody leases one */
struct flowlabel_state {
	struct hlist_head bucket[FL6_BUCKETS];
	u32 count;     /**< also of those that linger */
	u32 exclusive; /**< of them, those that not everybody may use, or that have headers */
};

/* ------------------------------------------------------------------ by hash */

/* The same for all packets of a flow, and nobody can tell which other flow would have it. */
static u32 flow_hash(const struct net *net, const struct flowi6 *fl6)
{
	const struct {
		struct in6_addr saddr, daddr;
		__be16 sport, dport;
		u32 proto;
	} key = { fl6->saddr, fl6->daddr, fl6->sport, fl6->dport, fl6->proto };

	return (u32)siphash(&key, sizeof(key), &net->ipv6->flowlabel_key);
}

__be32 ip6_make_flowlabel(struct net *net, const struct sk_buff *skb, __be32 flowlabel, bool autolabel,
			  const struct flowi6 *fl6)
{
	int mode = net->ipv6->auto_flowlabels;
	u32 hash;

	flowlabel &= CONST_BE32(IPV6_FLOWLABEL_MASK);
	if (flowlabel || mode == IP6_AUTO_FLOW_LABEL_OFF || (!autolabel && mode != IP6_AUTO_FLOW_LABEL_FORCED))
		return flowlabel;
	hash = skb && skb->hash ? skb->hash : flow_hash(net, fl6);
	hash &= IPV6_FLOWLABEL_MASK;
	if (net->ipv6->flowlabel_state_ranges)
		hash |= FLOWLABEL_STATELESS;
	return cpu_to_be32(hash);
}

/* ------------------------------------------------------------------ the table */

static struct hlist_head *bucket_of(const struct net *net, __be32 label)
{
	return &net->ipv6->flowlabels->bucket[be32_to_cpu(label) % FL6_BUCKETS];
}

static struct ip6_flowlabel *fl6_known(const struct net *net, __be32 label)
{
	struct ip6_flowlabel *fl;

	if (!net->ipv6->flowlabels)
		return NULL;
	hlist_for_each_entry(fl, bucket_of(net, label), node) {
		if (fl->label == label)
			return fl;
	}
	return NULL;
}

struct ip6_flowlabel *fl6_find(const struct net *net, __be32 label)
{
	struct ip6_flowlabel *fl = fl6_known(net, label);

	return fl && fl->users ? fl : NULL;
}

bool fl6_exclusive(const struct net *net)
{
	return net->ipv6->flowlabels && net->ipv6->flowlabels->exclusive;
}

static bool is_exclusive(const struct ip6_flowlabel *fl)
{
	return fl->share != FL6_S_ANY || fl->opt;
}

static void fl6_destroy(struct ip6_flowlabel *fl)
{
	struct flowlabel_state *s = fl->net->ipv6->flowlabels;

	del_timer(fl->net->timers, &fl->timer);
	hlist_del_init(&fl->node);
	s->count--;
	s->exclusive -= is_exclusive(fl);
	if (fl->opt)
		mem_free(fl->net->mem, fl->opt, fl->opt->tot_bytes);
	mem_free(fl->net->mem, fl, sizeof(*fl));
}

static void fl6_forget(struct timer *t)
{
	fl6_destroy(container_of(t, struct ip6_flowlabel, timer));
}

/* Who has leased some leaves half of the table to others, and the last quarter is the administrator's. */
static int room_check(const struct flowlabel_state *s, const struct fl6_want *want)
{
	u32 room = FL6_MAX - s->count;

	if (!room)
		return -ENOBUFS;
	if (want->admin || s->count < FL6_MAX_PER_SOCKET)
		return 0;
	if (want->held >= FL6_MAX_PER_SOCKET || (want->held && room < FL6_MAX / 2) || room < FL6_MAX / 4)
		return -ENOBUFS;
	return 0;
}

static __be32 free_label(struct net *net)
{
	__be32 label;

	do
		label = cpu_to_be32(get_random_u32(&net->rng) & IPV6_FLOWLABEL_MASK);
	while (!label || fl6_known(net, label));
	return label;
}

static int fl6_create(struct net *net, const struct fl6_want *want, struct ip6_flowlabel **out)
{
	struct flowlabel_state *s = net->ipv6->flowlabels;
	struct ip6_flowlabel *fl = mem_zalloc(net->mem, sizeof(*fl));

	if (!fl)
		return -ENOMEM;
	timer_setup(&fl->timer, fl6_forget);
	fl->net = net;
	fl->dst = want->dst;
	fl->label = want->label ? want->label : free_label(net);
	fl->share = want->share;
	fl->owner = want->owner;
	fl->opt = *want->opt;
	*want->opt = NULL;
	hlist_add_head(&fl->node, bucket_of(net, fl->label));
	s->count++;
	s->exclusive += is_exclusive(fl);
	*out = fl;
	return 0;
}

void fl6_renew(struct ip6_flowlabel *fl, u32 linger_s, u32 expires_s)
{
	ktime_t expires = fl->net->now + (ktime_t)max_u32(expires_s, linger_s) * NSEC_PER_SEC;

	if (linger_s > fl->linger_s)
		fl->linger_s = linger_s;
	if (expires > fl->expires)
		fl->expires = expires;
}

static int share_check(const struct ip6_flowlabel *fl, const struct fl6_want *want)
{
	if (want->exclusive)
		return -EEXIST;
	if (fl->share == FL6_S_EXCL || fl->share != want->share || fl->owner != want->owner)
		return -EPERM;
	return 0;
}

/** fl6_room() - is there room for one more?  The table is made for the first */
static int fl6_room(struct net *net, const struct fl6_want *want)
{
	struct flowlabel_state **s = &net->ipv6->flowlabels;

	if (!*s)
		*s = mem_zalloc(net->mem, sizeof(**s));
	return *s ? room_check(*s, want) : -ENOMEM;
}

int fl6_lease(struct net *net, const struct fl6_want *want, struct ip6_flowlabel **out)
{
	struct ip6_flowlabel *fl = want->label ? fl6_find(net, want->label) : NULL;
	int err;

	if (!fl) {
		if (!want->create)
			return -ENOENT;
		err = fl6_room(net, want);
		if (err)
			return err;
		fl = want->label ? fl6_known(net, want->label) : NULL; /* one that lingers */
	}
	err = fl ? share_check(fl, want) : fl6_create(net, want, &fl);
	if (err)
		return err;
	del_timer(net->timers, &fl->timer);
	fl->users++;
	fl6_renew(fl, want->linger_s, want->expires_s);
	*out = fl;
	return 0;
}

void fl6_release(struct ip6_flowlabel *fl)
{
	if (--fl->users)
		return;
	fl6_renew(fl, fl->linger_s, 0);
	mod_timer(fl->net->timers, &fl->timer, fl->expires);
}

/* ------------------------------------------------------------------ /proc/net/ip6_flowlabel */

static u32 headers_bytes(const struct ipv6_txoptions *opt)
{
	u32 bytes = opt->opt_nflen;

	return opt->dst0opt && !opt->srcrt ? bytes + ipv6_optlen(opt->dst0opt) : bytes; /* it is there, and not sent */
}

static void fl6_show(struct seq_file *m, const struct ip6_flowlabel *fl)
{
	seq_printf(m, "%05X %-1u %-6u %-6u %-6u %-8lld ", be32_to_cpu(fl->label), fl->share, fl->owner, fl->users,
		   fl->linger_s, (long long)((fl->expires - fl->net->now) / NSEC_PER_SEC));
	for (u32 i = 0; i < sizeof(fl->dst.s6_addr); i++)
		seq_printf(m, "%02x", fl->dst.s6_addr[i]);
	seq_printf(m, " %-4u\n", fl->opt ? headers_bytes(fl->opt) : 0U);
}

void ip6fl_seq_show(struct seq_file *m, struct net *net)
{
	const struct ip6_flowlabel *fl;

	seq_puts(m, "Label S Owner  Users  Linger Expires  Dst                              Opt\n");
	for (u32 i = 0; net->ipv6->flowlabels && i < FL6_BUCKETS; i++) {
		hlist_for_each_entry(fl, &net->ipv6->flowlabels->bucket[i], node)
			fl6_show(m, fl);
	}
}

/* ------------------------------------------------------------------ life */

void fl6_exit(struct net *net)
{
	struct flowlabel_state *s = net->ipv6->flowlabels;

	for (u32 i = 0; s && i < FL6_BUCKETS; i++) {
		while (!hlist_empty(&s->bucket[i])) {
			struct ip6_flowlabel *fl = hlist_entry_safe(s->bucket[i].first, struct ip6_flowlabel, node);

			assert(!fl->users); /* sockets went before */
			fl6_destroy(fl);
		}
	}
	if (s)
		mem_free(net->mem, s, sizeof(*s));
	net->ipv6->flowlabels = NULL;
}
