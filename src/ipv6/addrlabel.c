// SPDX-License-Identifier: BSD-2-Clause
/* Labels of addresses: which sources go well with which destinations.
 *
 * @rfc  6724 2.1
 * @linux net/ipv6/addrlabel.c
 *
 * The list is sorted by prefix length, the longest first, and of one length those of a device first: the first that
 * matches is the label.
 */
#include <errno.h>

#include "ipv6/addrconf_internal.h"

#define LABELS_MAX 4096U

/** struct addrlabel - one line of `ip addrlabel` */
struct addrlabel {
	struct list_head node;
	struct ip6_addrlabel label;
};

/** struct addrlabel_state - net->ipv6->addrlabel */
struct addrlabel_state {
	struct list_head list;
	u32 count;
	u32 seq; /**< counts changes */
};

static bool label_matches(const struct ip6_addrlabel *l, const struct in6_addr *addr, int ifindex)
{
	return (!l->ifindex || l->ifindex == ifindex) && ipv6_prefix_equal(addr, &l->prefix, l->prefix_len);
}

const struct ip6_addrlabel *ipv6_addr_label_find(struct net *net, const struct in6_addr *addr, int ifindex)
{
	const struct addrlabel *p;

	list_for_each_entry(p, &net->ipv6->addrlabel->list, node) {
		if (label_matches(&p->label, addr, ifindex))
			return &p->label;
	}
	return NULL;
}

u32 ipv6_addr_label(struct net *net, const struct in6_addr *addr, u32 type, int ifindex)
{
	const struct ip6_addrlabel *l = ipv6_addr_label_find(net, addr, ifindex);

	(void)type; /* prefixes say it: there is none of a type alone */
	return l ? l->label : IPV6_ADDR_LABEL_DEFAULT;
}

static struct addrlabel *label_same(struct addrlabel_state *as, const struct ip6_addrlabel *want)
{
	struct addrlabel *p;

	list_for_each_entry(p, &as->list, node) {
		if (p->label.prefix_len == want->prefix_len && p->label.ifindex == want->ifindex &&
		    ipv6_addr_equal(&p->label.prefix, &want->prefix))
			return p;
	}
	return NULL;
}

int ipv6_addr_label_add(struct net *net, const struct ip6_addrlabel *want, bool replace)
{
	struct addrlabel_state *as = net->ipv6->addrlabel;
	struct ip6_addrlabel label = *want;
	struct addrlabel *p, *pos;

	if (want->prefix_len > 128 || want->label == IPV6_ADDR_LABEL_DEFAULT ||
	    (ipv6_addr_v4mapped(&want->prefix) && want->prefix_len > 96))
		return -EINVAL;
	ipv6_addr_prefix(&label.prefix, &want->prefix, want->prefix_len);
	p = label_same(as, &label);
	if (p) {
		if (!replace)
			return -EEXIST;
		p->label = label;
		as->seq++;
		return 0;
	}
	if (as->count >= LABELS_MAX)
		return -ENOBUFS;
	p = mem_zalloc(net->mem, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->label = label;
	list_for_each_entry(pos, &as->list, node) {
		if (pos->label.prefix_len < label.prefix_len ||
		    (pos->label.prefix_len == label.prefix_len && (label.ifindex || !pos->label.ifindex)))
			break;
	}
	list_add_tail(&p->node, &pos->node);
	as->count++;
	as->seq++;
	return 0;
}

static void label_free(struct net *net, struct addrlabel *p)
{
	list_del_init(&p->node);
	net->ipv6->addrlabel->count--;
	mem_free(net->mem, p, sizeof(*p));
}

int ipv6_addr_label_del(struct net *net, const struct ip6_addrlabel *what)
{
	struct addrlabel_state *as = net->ipv6->addrlabel;
	struct ip6_addrlabel label = *what;
	struct addrlabel *p;

	if (what->prefix_len > 128)
		return -EINVAL;
	ipv6_addr_prefix(&label.prefix, &what->prefix, what->prefix_len);
	p = label_same(as, &label);
	if (!p)
		return -ESRCH;
	label_free(net, p);
	as->seq++;
	return 0;
}

int ipv6_addr_label_each(struct net *net, int (*fn)(void *ctx, const struct ip6_addrlabel *l), void *ctx)
{
	const struct addrlabel *p;
	int err = 0;

	list_for_each_entry(p, &net->ipv6->addrlabel->list, node) {
		err = fn(ctx, &p->label);
		if (err)
			break;
	}
	return err;
}

u32 ipv6_addr_label_seq(const struct net *net)
{
	return net->ipv6->addrlabel->seq;
}

/* RFC 6724 2.1, and what it retired, as the kernel has them */
static const struct ip6_addrlabel first_labels[] = {
	{ .prefix_len = 0, .label = 1 },
	{ .prefix = { .s6_addr = { 0xfc } }, .prefix_len = 7, .label = 5 },
	{ .prefix = { .s6_addr = { 0xfe, 0xc0 } }, .prefix_len = 10, .label = 11 },
	{ .prefix = { .s6_addr = { 0x20, 0x02 } }, .prefix_len = 16, .label = 2 },
	{ .prefix = { .s6_addr = { 0x3f, 0xfe } }, .prefix_len = 16, .label = 12 },
	{ .prefix = { .s6_addr = { 0x20, 0x01 } }, .prefix_len = 32, .label = 6 },
	{ .prefix = { .s6_addr = { 0x20, 0x01, 0x00, 0x10 } }, .prefix_len = 28, .label = 7 },
	{ .prefix = { .s6_addr = { [10] = 0xff, [11] = 0xff } }, .prefix_len = 96, .label = 4 },
	{ .prefix_len = 96, .label = 3 },
	{ .prefix = { .s6_addr = { [15] = 1 } }, .prefix_len = 128, .label = 0 },
};

int ipv6_addr_label_init(struct net *net)
{
	struct addrlabel_state *as = mem_zalloc(net->mem, sizeof(*as));

	if (!as)
		return -ENOMEM;
	INIT_LIST_HEAD(&as->list);
	net->ipv6->addrlabel = as;
	for (size_t i = 0; i < ARRAY_SIZE(first_labels); i++) {
		int err = ipv6_addr_label_add(net, &first_labels[i], false);

		if (err) {
			ipv6_addr_label_exit(net);
			return err;
		}
	}
	return 0;
}

void ipv6_addr_label_exit(struct net *net)
{
	struct addrlabel_state *as = net->ipv6->addrlabel;

	while (!list_empty(&as->list))
		label_free(net, list_first_entry(&as->list, struct addrlabel, node));
	mem_free(net->mem, as, sizeof(*as));
	net->ipv6->addrlabel = NULL;
}
