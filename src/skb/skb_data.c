// SPDX-License-Identifier: BSD-2-Clause
/* The bytes of a packet, wherever they lie: linear part, page fragments, list of fragments.
 *
 * @linux skb_copy_bits, __pskb_pull_tail, ___pskb_trim, skb_checksum of net/core/skbuff.c
 *
 * Everything that reads or writes a range goes through skb_walk().
 */
#include <errno.h>
#include <sys/uio.h>

#include "base/csum.h"
#include "skb/skb_internal.h"

/** struct piece_walk - a walk on its way through the pieces */
struct piece_walk {
	u32 skip_bytes, left_bytes;
	skb_walk_fn fn;
	void *ctx;
};

static int walk_piece(struct piece_walk *w, u8 *p, u32 len_bytes)
{
	u32 n;

	if (w->skip_bytes >= len_bytes) {
		w->skip_bytes -= len_bytes;
		return 0;
	}
	n = min_u32(len_bytes - w->skip_bytes, w->left_bytes);
	p += w->skip_bytes;
	w->skip_bytes = 0;
	w->left_bytes -= n;
	return n ? w->fn(w->ctx, p, n) : 0;
}

static int walk_skb(struct piece_walk *w, const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	int err = walk_piece(w, skb->data, skb_headlen(skb));

	for (u32 i = 0; !err && w->left_bytes && i < shinfo->nr_frags; i++) {
		const skb_frag_t *frag = &shinfo->frags[i];

		err = walk_piece(w, frag->page->data + frag->offset_bytes, frag->len_bytes);
	}
	for (const struct sk_buff *f = shinfo->frag_list; !err && w->left_bytes && f; f = f->next)
		err = walk_skb(w, f);
	return err;
}

int skb_walk(const struct sk_buff *skb, u32 offset_bytes, u32 len_bytes, skb_walk_fn fn, void *ctx)
{
	struct piece_walk w = { offset_bytes, len_bytes, fn, ctx };

	if (offset_bytes > skb->len || len_bytes > skb->len - offset_bytes)
		return -EFAULT;
	return walk_skb(&w, skb);
}

/* ------------------------------------------------------------------ reading and writing */

static int copy_out(void *ctx, u8 *p, u32 len_bytes)
{
	u8 **to = ctx;

	memcpy(*to, p, len_bytes);
	*to += len_bytes;
	return 0;
}

int skb_copy_bits(const struct sk_buff *skb, u32 offset_bytes, void *to, u32 len_bytes)
{
	u8 *p = to;

	if (likely(offset_bytes <= skb_headlen(skb) && len_bytes <= skb_headlen(skb) - offset_bytes)) {
		memcpy(to, skb->data + offset_bytes, len_bytes);
		return 0;
	}
	return skb_walk(skb, offset_bytes, len_bytes, copy_out, &p);
}

static int copy_in(void *ctx, u8 *p, u32 len_bytes)
{
	const u8 **from = ctx;

	memcpy(p, *from, len_bytes);
	*from += len_bytes;
	return 0;
}

int skb_copy_quote(const struct sk_buff *skb, void *to, u32 len_bytes)
{
	u32 linear = (u32)(skb_tail_pointer(skb) - skb_network_header(skb));

	if (linear > len_bytes)
		linear = len_bytes;
	memcpy(to, skb_network_header(skb), linear);
	return skb_copy_bits(skb, skb_headlen(skb), (u8 *)to + linear, len_bytes - linear);
}

int skb_store_bits(struct sk_buff *skb, u32 offset_bytes, const void *from, u32 len_bytes)
{
	const u8 *p = from;

	return skb_walk(skb, offset_bytes, len_bytes, copy_in, &p);
}

struct csum_walk {
	u32 sum, pos_bytes;
};

static int sum_piece(void *ctx, u8 *p, u32 len_bytes)
{
	struct csum_walk *c = ctx;

	c->sum = csum_block_add(c->sum, csum_partial(p, len_bytes, 0), c->pos_bytes);
	c->pos_bytes += len_bytes;
	return 0;
}

u32 skb_checksum(const struct sk_buff *skb, u32 offset_bytes, u32 len_bytes, u32 sum)
{
	struct csum_walk c = { sum, 0 };

	if (likely(offset_bytes <= skb_headlen(skb) && len_bytes <= skb_headlen(skb) - offset_bytes))
		return csum_partial(skb->data + offset_bytes, len_bytes, sum);
	(void)skb_walk(skb, offset_bytes, len_bytes, sum_piece, &c);
	return c.sum;
}

struct csum_copy {
	u8 *to;
	u32 sum, pos_bytes;
};

static int csum_copy_piece(void *ctx, u8 *p, u32 len_bytes)
{
	struct csum_copy *c = ctx;

	c->sum = csum_block_add(c->sum, csum_partial_copy(p, c->to + c->pos_bytes, len_bytes, 0), c->pos_bytes);
	c->pos_bytes += len_bytes;
	return 0;
}

u32 skb_copy_and_csum_bits(const struct sk_buff *skb, u32 offset_bytes, u8 *to, u32 len_bytes)
{
	struct csum_copy c = { .to = to };
	int err;

	if (likely(offset_bytes <= skb_headlen(skb) && len_bytes <= skb_headlen(skb) - offset_bytes))
		return csum_partial_copy(skb->data + offset_bytes, to, len_bytes, 0);
	err = skb_walk(skb, offset_bytes, len_bytes, csum_copy_piece, &c);
	assert(!err);
	return c.sum;
}

int skb_checksum_help(struct sk_buff *skb)
{
	u32 start = (u32)(skb->head + skb->csum_start - skb->data);
	u32 at = start + skb->csum_offset;
	__be16 csum;

	if (skb->ip_summed != CHECKSUM_PARTIAL)
		return 0;
	if (skb->head + skb->csum_start < skb->data || at + sizeof(csum) > skb->len)
		return -EINVAL;
	if (!pskb_may_pull(skb, at + (u32)sizeof(csum)) || skb_cow_head(skb, 0))
		return -ENOMEM;
	csum = csum_fold(skb_checksum(skb, start, skb->len - start, 0));
	if (!csum)
		csum = CONST_BE16(0xffff); /* RFC 768: zero would say that there is none */
	put_unaligned_be16(csum, skb->data + at);
	skb->ip_summed = CHECKSUM_NONE;
	return 0;
}

struct iovec_walk {
	struct iovec *iov;
	size_t count, max;
	u32 len_bytes;
};

static int iovec_piece(void *ctx, u8 *p, u32 len_bytes)
{
	struct iovec_walk *w = ctx;

	if (w->count == w->max)
		return -ENOSPC;
	w->iov[w->count++] = (struct iovec){ p, len_bytes };
	w->len_bytes += len_bytes;
	return 0;
}

int skb_to_iovec(const struct sk_buff *skb, struct iovec *iov, int max)
{
	struct iovec_walk w = { iov, 0, (size_t)max, 0 };
	int err = skb_walk(skb, 0, skb->len, iovec_piece, &w);

	return err ? err : (int)w.count;
}

u32 skb_pieces(const struct sk_buff *skb, u32 offset_bytes, u32 len_bytes, struct iovec *iov, size_t *count, size_t max)
{
	struct iovec_walk w = { iov, *count, max, 0 };

	(void)skb_walk(skb, offset_bytes, len_bytes, iovec_piece, &w); /* what does not fit is not counted */
	*count = w.count;
	return w.len_bytes;
}

/* ------------------------------------------------------------------ fragments */

void skb_add_frag(struct sk_buff *skb, struct skb_page *page, u32 offset_bytes, u32 len_bytes)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	assert(shinfo->nr_frags < MAX_SKB_FRAGS);
	shinfo->frags[shinfo->nr_frags++] = (skb_frag_t){ page, offset_bytes, len_bytes };
	skb->len += len_bytes;
	skb->data_len += len_bytes;
	skb->truesize += len_bytes;
}

/* Take @len_bytes from the front of the page fragments, which have them. */
static void frags_eat(struct skb_shared_info *shinfo, u32 len_bytes)
{
	u32 gone = 0;

	while (len_bytes && gone < shinfo->nr_frags) {
		skb_frag_t *frag = &shinfo->frags[gone];
		u32 n = min_u32(len_bytes, frag->len_bytes);

		frag->offset_bytes += n;
		frag->len_bytes -= n;
		len_bytes -= n;
		if (frag->len_bytes)
			break;
		skb_page_put(frag->page);
		gone++;
	}
	shinfo->nr_frags = (u8)(shinfo->nr_frags - gone);
	memmove(shinfo->frags, shinfo->frags + gone, shinfo->nr_frags * sizeof(skb_frag_t));
}

/* Replace each shared packet of the list by a clone: its ends are going to move. */
static int frag_list_unshare(struct skb_shared_info *shinfo)
{
	for (struct sk_buff **pos = &shinfo->frag_list; *pos; pos = &(*pos)->next) {
		struct sk_buff *f = *pos, *clone;

		if (f->refcnt == 1)
			continue;
		clone = skb_clone(f);
		if (!clone)
			return -ENOMEM;
		clone->next = f->next;
		*pos = clone;
		consume_skb(f);
	}
	return 0;
}

/* The packet of the list that has octet @pos_bytes of it, and where in it. */
static struct sk_buff *frag_list_find(const struct skb_shared_info *shinfo, u32 *pos_bytes)
{
	struct sk_buff *f = shinfo->frag_list;

	for (; f && *pos_bytes >= f->len; f = f->next)
		*pos_bytes -= f->len;
	return f;
}

static u32 frags_len_bytes(const struct skb_shared_info *shinfo)
{
	u32 sum = 0;

	for (u32 i = 0; i < shinfo->nr_frags; i++)
		sum += shinfo->frags[i].len_bytes;
	return sum;
}

/* What of frag_list_eat() may fail for want of memory. */
static int frag_list_prepare_eat(struct skb_shared_info *shinfo, u32 len_bytes)
{
	struct sk_buff *f;

	if (frag_list_unshare(shinfo))
		return -ENOMEM;
	f = frag_list_find(shinfo, &len_bytes);
	return f && !pskb_may_pull(f, len_bytes) ? -ENOMEM : 0;
}

/* Take @len_bytes from the front of the list; it is prepared. */
static void frag_list_eat(struct skb_shared_info *shinfo, u32 len_bytes)
{
	struct sk_buff *f;

	while ((f = shinfo->frag_list) && len_bytes >= f->len) {
		len_bytes -= f->len;
		shinfo->frag_list = f->next;
		consume_skb(f);
	}
	if (len_bytes) {
		assert(f); /* the caller asked for no more than there is */
		skb_pull(f, len_bytes);
	}
}

/* A private head with room for @len_bytes more behind the linear part. */
static int skb_make_tailroom(struct sk_buff *skb, u32 len_bytes)
{
	u32 have = skb->end - skb->tail;
	bool shared = skb->cloned && skb_shinfo(skb)->dataref > 1;

	if (!shared && len_bytes <= have)
		return 0;
	return pskb_expand_head(skb, 0, len_bytes > have ? len_bytes - have + 128 : 0);
}

bool __pskb_pull_tail(struct sk_buff *skb, u32 len_bytes)
{
	struct skb_shared_info *shinfo;
	u32 in_frags;

	if (skb_make_tailroom(skb, len_bytes))
		return false;
	shinfo = skb_shinfo(skb);
	in_frags = min_u32(len_bytes, frags_len_bytes(shinfo));
	if (frag_list_prepare_eat(shinfo, len_bytes - in_frags))
		return false;
	if (skb_copy_bits(skb, skb_headlen(skb), skb_tail_pointer(skb), len_bytes))
		return false;
	frags_eat(shinfo, in_frags);
	frag_list_eat(shinfo, len_bytes - in_frags);
	skb->tail += len_bytes;
	skb->data_len -= len_bytes;
	return true;
}

/* Keep the first @keep_bytes of the list: all of it, or nothing is done. */
static int frag_list_trim(struct skb_shared_info *shinfo, u32 keep_bytes)
{
	struct sk_buff **pos = &shinfo->frag_list;
	struct sk_buff *f;
	u32 in_last = keep_bytes;

	if (frag_list_unshare(shinfo))
		return -ENOMEM;
	f = frag_list_find(shinfo, &in_last);
	if (f && in_last && pskb_trim(f, in_last))
		return -ENOMEM;
	for (; *pos && keep_bytes; pos = &(*pos)->next)
		keep_bytes -= (*pos)->len;
	while ((f = *pos)) {
		*pos = f->next;
		consume_skb(f);
	}
	return 0;
}

/* Keep the first @keep_bytes of what is not linear. */
static int skb_trim_frags(struct sk_buff *skb, u32 keep_bytes)
{
	struct skb_shared_info *shinfo;
	u32 i = 0, left = keep_bytes, in_frags;

	if (skb->cloned && skb_shinfo(skb)->dataref > 1 && pskb_expand_head(skb, 0, 0))
		return -ENOMEM;
	shinfo = skb_shinfo(skb);
	in_frags = frags_len_bytes(shinfo);
	if (frag_list_trim(shinfo, keep_bytes > in_frags ? keep_bytes - in_frags : 0))
		return -ENOMEM;
	for (; i < shinfo->nr_frags && left; i++) {
		shinfo->frags[i].len_bytes = min_u32(shinfo->frags[i].len_bytes, left);
		left -= shinfo->frags[i].len_bytes;
	}
	for (u32 j = i; j < shinfo->nr_frags; j++)
		skb_page_put(shinfo->frags[j].page);
	shinfo->nr_frags = (u8)i;
	return 0;
}

int pskb_trim(struct sk_buff *skb, u32 len_bytes)
{
	u32 linear = skb_headlen(skb);
	int err;

	if (len_bytes >= skb->len)
		return 0;
	if (skb->data_len) {
		err = skb_trim_frags(skb, len_bytes > linear ? len_bytes - linear : 0);
		if (err)
			return err;
	}
	if (len_bytes < linear) {
		skb->tail -= linear - len_bytes;
		linear = len_bytes;
	}
	skb->len = len_bytes;
	skb->data_len = len_bytes - linear;
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE; /* the sum is of more */
	return 0;
}
