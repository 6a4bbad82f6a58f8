/* SPDX-License-Identifier: BSD-2-Clause */
/* Balanced search tree of nodes that are embedded in their owners: red-black (Guibas, Sedgewick 1978).
 *
 * The caller finds the place, in the order that he keeps; the tree balances.  Nodes are also in a list of the caller's if
 * he walks them: the tree has no order of its own.
 */
#ifndef NETHOOD_BASE_RBTREE_H
#define NETHOOD_BASE_RBTREE_H

#include "base/types.h"

struct rb_node {
	struct rb_node *parent, *child[2]; /**< child[0]: before, child[1]: after */
	bool red;
};

struct rb_root {
	struct rb_node *node; /**< NULL: empty */
};

/** rb_insert() - @node as child @side of @parent, which has none there; @parent NULL: the tree is empty */
void rb_insert(struct rb_root *root, struct rb_node *node, struct rb_node *parent, int side);
void rb_erase(struct rb_root *root, struct rb_node *node);
/** rb_replace() - @new_ stands where @old stood */
void rb_replace(struct rb_root *root, struct rb_node *old, struct rb_node *new_);
/** rb_check() - is it a red-black tree?  Return: NULL, or the sentence that does not hold; *count: nodes */
const char *rb_check(const struct rb_root *root, u32 *count);

#define rb_entry(ptr, type, member) container_of(ptr, type, member)

#endif
