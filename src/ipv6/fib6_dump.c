// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 routes for listings, in the kernel's order, as many at a time as there is room for.
 *
 * @linux net/ipv6/ip6_fib.c inet6_dump_fib
 *
 * Of a prefix the source-specific routes are listed beside the others; the kernel lists them before what lies in it.
 */
#include "ipv6/fib6_internal.h"

struct dump {
	struct fib6_dump_cursor *cursor;
	int (*fn)(void *ctx, const struct fib6_route_view *r);
	void *ctx;
};

static int dump_prefix(void *ctx, struct fib6_leaf *leaf)
{
	struct dump *d = ctx;
	struct fib6_dump_cursor *c = d->cursor;
	struct in6_addr addr;
	u32 shown = 0, skip = 0;

	fib6_key_addr(&leaf->key, &addr);
	if (c->plen_plus_1 != leaf->plen + 1U || !ipv6_addr_equal(&c->addr, &addr)) {
		c->addr = addr;
		c->plen_plus_1 = leaf->plen + 1U;
		c->skip = 0;
	}
	for (struct fib6_info *f = container_of(leaf, struct fib6_info, leaf); f; f = f->next) {
		struct fib6_route_view view;

		if (f->gone || skip) { /* the first of a group stands for all */
			skip -= !!skip;
			continue;
		}
		skip = f->nsiblings;
		if (shown++ < c->skip)
			continue;
		fib6_route_view(f, f->nsiblings + 1U, &view);
		if (d->fn(d->ctx, &view))
			return 1;
		c->skip = shown;
	}
	return 0;
}

static int dump_tables(struct fib6_state *fs, struct dump *d, u32 only_table)
{
	struct fib6_dump_cursor *c = d->cursor;
	u32 id = only_table ? only_table : c->table_id;

	for (struct fib6_table *tb = id ? fib6_table_find(fs, id) : fs->tables; tb; tb = tb->next) {
		struct fib6_key key = fib6_key_of(&c->addr);
		bool resume = c->table_id == tb->id && c->plen_plus_1;

		if (!resume)
			c->plen_plus_1 = 0;
		c->table_id = tb->id;
		if (fib6_trie_walk(&tb->trie, resume ? &key : NULL, resume ? c->plen_plus_1 - 1 : 0, dump_prefix, d))
			return 1;
		if (only_table)
			break;
	}
	return 0;
}

int fib6_dump(struct net *net, struct fib6_dump_cursor *cursor, u32 only_table, bool exceptions,
	      int (*fn)(void *ctx, const struct fib6_route_view *r), void *ctx)
{
	struct dump d = { .cursor = cursor, .fn = fn, .ctx = ctx };

	return exceptions ? rt6_exceptions_dump(net, cursor, fn, ctx) : dump_tables(net->ipv6->fib, &d, only_table);
}

u32 fib6_seq(const struct net *net)
{
	return net->ipv6->fib->seq;
}
