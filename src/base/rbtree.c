// SPDX-License-Identifier: BSD-2-Clause
/* Red-black trees: each path has as many black nodes as any other, and no red node has a red child.
 *
 * Reading order: rotate(), rb_insert(), rb_erase().
 */
#include "base/rbtree.h"

static inline bool is_red(const struct rb_node *n)
{
	return n && n->red;
}

static inline int side_of(const struct rb_node *n)
{
	return n == n->parent->child[1];
}

/* @new_ (may be NULL) hangs where @old hung. */
static void hang(struct rb_root *root, const struct rb_node *old, struct rb_node *new_)
{
	if (!old->parent)
		root->node = new_;
	else
		old->parent->child[side_of(old)] = new_;
	if (new_)
		new_->parent = old->parent;
}

/* The child on the other side of @side takes the place of @n, which goes down to @side.  Return: that child */
static struct rb_node *rotate(struct rb_root *root, struct rb_node *n, int side)
{
	struct rb_node *up = n->child[!side];

	n->child[!side] = up->child[side];
	if (up->child[side])
		up->child[side]->parent = n;
	hang(root, n, up);
	up->child[side] = n;
	n->parent = up;
	return up;
}

void rb_insert(struct rb_root *root, struct rb_node *node, struct rb_node *parent, int side)
{
	*node = (struct rb_node){ .parent = parent, .red = true };
	if (parent)
		parent->child[side] = node;
	else
		root->node = node;
	while (is_red(node->parent)) {
		struct rb_node *top = node->parent->parent; /* the root is black, so a red one has a parent */

		side = side_of(node->parent);
		if (is_red(top->child[!side])) {
			top->child[0]->red = top->child[1]->red = false;
			top->red = true;
			node = top;
			continue;
		}
		if (side_of(node) != side)
			rotate(root, node->parent, side);
		top = rotate(root, top, !side);
		top->red = false;
		top->child[!side]->red = true;
		break;
	}
	root->node->red = false;
}

/* The way through child @side of @parent is one black node short. */
static void rebalance(struct rb_root *root, struct rb_node *parent, int side)
{
	while (parent) {
		struct rb_node *sibling = parent->child[!side];

		if (sibling->red) {
			sibling->red = false;
			parent->red = true;
			rotate(root, parent, side);
			sibling = parent->child[!side];
		}
		if (is_red(sibling->child[side]) || is_red(sibling->child[!side])) {
			if (!is_red(sibling->child[!side])) {
				sibling->red = true;
				sibling = rotate(root, sibling, !side);
				sibling->red = false;
			}
			sibling->red = parent->red;
			parent->red = false;
			sibling->child[!side]->red = false;
			rotate(root, parent, side);
			return;
		}
		sibling->red = true;
		if (parent->red) {
			parent->red = false;
			return;
		}
		if (!parent->parent)
			return;
		side = side_of(parent);
		parent = parent->parent;
	}
}

/* @node has at most one child. */
static void erase_simple(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *child = node->child[0] ? node->child[0] : node->child[1], *parent = node->parent;
	int side = parent ? side_of(node) : 0;

	hang(root, node, child);
	if (node->red)
		return;
	if (is_red(child))
		child->red = false;
	else
		rebalance(root, parent, side);
}

void rb_replace(struct rb_root *root, struct rb_node *old, struct rb_node *new_)
{
	*new_ = *old;
	hang(root, old, new_);
	for (int side = 0; side < 2; side++) {
		if (new_->child[side])
			new_->child[side]->parent = new_;
	}
}

void rb_erase(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *next = node->child[1];

	if (!node->child[0] || !next) {
		erase_simple(root, node);
		return;
	}
	while (next->child[0])
		next = next->child[0];
	erase_simple(root, next); /* the one after @node has no child before it: it goes, and stands in for @node */
	rb_replace(root, node, next);
}

/* Black nodes on each way down from @n, -1: they differ, or red follows red. */
static int black_height(const struct rb_node *n, u32 *count)
{
	int before, after;

	if (!n)
		return 0;
	(*count)++;
	for (int side = 0; side < 2; side++) {
		if (n->child[side] && (n->child[side]->parent != n || (n->red && n->child[side]->red)))
			return -1;
	}
	before = black_height(n->child[0], count);
	after = black_height(n->child[1], count);
	return before < 0 || before != after ? -1 : before + !n->red;
}

const char *rb_check(const struct rb_root *root, u32 *count)
{
	*count = 0;
	HOLDS(!is_red(root->node), "the root is black");
	HOLDS(!root->node || !root->node->parent, "the root has no parent");
	HOLDS(black_height(root->node, count) >= 0,
	      "all ways down have as many black nodes, and no red one a red child");
	return NULL;
}
