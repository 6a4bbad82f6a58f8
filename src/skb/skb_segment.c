// SPDX-License-Identifier: BSD-2-Clause
/* Cutting a train of segments into packets.
 *
 * @linux skb_segment of net/core/skbuff.c
 *
 * Reading order: skb_segment(), segments_cut(), segments_take().
 * A train that was sent has its payload in page fragments: each segment gets its headers and shares the fragments.  A
 * train that GRO made is a list of packets whose headers are still there, before their data: they are taken out again.
 */
#include "base/csum.h"
#include "skb/skb_internal.h"

/** struct segmenter - a train while it is cut */
struct segmenter {
	struct sk_buff *skb;
	const struct segment_how *how;
	u32 header_bytes; /* from the link-layer header to the payload */
	u32 mss_bytes;
	u32 frag;       /* the fragment where the next segment begins, or later */
	u32 frag_start; /* where in the payload it begins */
	u32 frags_end;  /* where the last one ends */
};

/* @len_bytes of payload from @pos on, behind what @seg has. */
static void segment_copy(const struct segmenter *s, struct sk_buff *seg, u32 pos, u32 len_bytes)
{
	u8 *to = skb_put(seg, len_bytes);

	/* the range lies within the train */
	if (s->how->sum)
		seg->csum = skb_copy_and_csum_bits(s->skb, pos, to, len_bytes);
	else if (skb_copy_bits(s->skb, pos, to, len_bytes))
		assert(0);
}

/* The same by reference: octets of the fragments, which have them; @seg has @before_bytes of payload already. */
static void segment_share(struct segmenter *s, struct sk_buff *seg, u32 pos, u32 len_bytes, u32 before_bytes)
{
	const struct skb_shared_info *shinfo = skb_shinfo(s->skb);
	u32 end = pos + len_bytes;

	while (pos < end) {
		const skb_frag_t *frag = &shinfo->frags[s->frag];
		u32 skip = pos - s->frag_start, n;

		if (skip >= frag->len_bytes) {
			s->frag_start += frag->len_bytes;
			s->frag++;
			continue;
		}
		n = min_u32(frag->len_bytes - skip, end - pos);
		frag->page->refcnt++;
		skb_add_frag(seg, frag->page, frag->offset_bytes + skip, n);
		if (s->how->sum) {
			u32 sum = csum_partial(frag->page->data + frag->offset_bytes + skip, n, 0);

			seg->csum = csum_block_add(seg->csum, sum, before_bytes);
		}
		before_bytes += n;
		pos += n;
	}
}

static bool segments_stay(const struct segmenter *s)
{
	return s->how->pool == s->skb->pool;
}

/* What a segment has of its train besides octets; what leaves the net knows where its headers are. */
static void segment_header(const struct segmenter *s, struct sk_buff *seg, u32 headroom)
{
	if (likely(segments_stay(s))) {
		skb_copy_header(seg, s->skb, (s32)headroom - (s32)s->skb->mac_header);
	} else {
		seg->protocol = s->skb->protocol;
		seg->mac_header = s->skb->mac_header;
		seg->network_header = s->skb->network_header;
		seg->transport_header = s->skb->transport_header;
		skb_headers_move(seg, (s32)headroom - (s32)s->skb->mac_header);
	}
	if (s->how->sum) {
		seg->ip_summed = CHECKSUM_NONE;
		seg->csum = 0;
	}
}

/* Return: the segment of @len_bytes of payload from @pos on; returned, or NULL */
static struct sk_buff *segment_make(struct segmenter *s, u32 pos, u32 len_bytes)
{
	const struct sk_buff *skb = s->skb;
	u32 linear = skb_headlen(skb), headroom = LL_MAX_HEADER + (skb->mac_header & 15U), copied = len_bytes;
	struct sk_buff *seg;

	if (s->how->share && pos + len_bytes > linear && pos + len_bytes <= s->frags_end)
		copied = pos < linear ? linear - pos : 0;
	seg = alloc_skb(s->how->pool, headroom + s->header_bytes + copied);
	if (unlikely(!seg))
		return NULL;
	skb_reserve(seg, headroom);
	memcpy(skb_put(seg, s->header_bytes), skb_mac_header(skb), s->header_bytes);
	segment_header(s, seg, headroom);
	if (copied)
		segment_copy(s, seg, pos, copied);
	if (copied < len_bytes)
		segment_share(s, seg, pos + copied, len_bytes - copied, copied);
	return seg;
}

static void segments_free(struct sk_buff *segs)
{
	struct sk_buff *seg;

	while ((seg = skb_chain_pop(&segs)) != NULL)
		kfree_skb_reason(seg, SKB_DROP_REASON_NOMEM);
}

static struct sk_buff *segments_cut(struct segmenter *s, struct sk_buff **last)
{
	struct sk_buff *segs = NULL, **tailp = &segs;

	for (u32 pos = 0; pos < s->skb->len; pos += s->mss_bytes) {
		*last = segment_make(s, pos, min_u32(s->mss_bytes, s->skb->len - pos));
		if (unlikely(!*last)) {
			segments_free(segs);
			return NULL;
		}
		*tailp = *last;
		tailp = &(*last)->next;
	}
	return segs;
}

/* ------------------------------------------------------------------ packets that lie in the train as they came */

static bool segment_takeable(const struct segmenter *s, const struct sk_buff *f)
{
	if (f->refcnt != 1 || skb_data_shared(f) || skb_shinfo(f)->frag_list || skb_headroom(f) < s->header_bytes)
		return false;
	if (f->data_len && !s->how->share)
		return false;
	return f->len == s->mss_bytes || (f->len < s->mss_bytes && !f->next);
}

static bool segments_takeable(const struct segmenter *s)
{
	const struct sk_buff *skb = s->skb;
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (!segments_stay(s) || !shinfo->frag_list || shinfo->nr_frags || skb->refcnt != 1 || skb_data_shared(skb) ||
	    skb->destructor || skb_headlen(skb) != s->mss_bytes)
		return false;
	for (const struct sk_buff *f = shinfo->frag_list; f; f = f->next) {
		if (!segment_takeable(s, f))
			return false;
	}
	return true;
}

static void segment_take(const struct segmenter *s, struct sk_buff *f)
{
	u32 payload_bytes = f->len;

	s->skb->len -= f->len;
	s->skb->data_len -= f->len;
	s->skb->truesize -= f->truesize;
	memcpy(skb_push(f, s->header_bytes), skb_mac_header(s->skb), s->header_bytes);
	skb_dst_drop(f);
	skb_copy_header(f, s->skb, (s32)skb_headroom(f) - (s32)s->skb->mac_header);
	skb_shinfo(f)->gso_size = skb_shinfo(f)->gso_segs = skb_shinfo(f)->gso_type = 0;
	if (s->how->sum) {
		f->ip_summed = CHECKSUM_NONE;
		f->csum = skb_checksum(f, s->header_bytes, payload_bytes, 0);
	}
}

/* The first one is made, so that the train remains for its holder to end. */
static struct sk_buff *segments_take(struct segmenter *s, struct sk_buff **last)
{
	struct skb_shared_info *shinfo = skb_shinfo(s->skb);
	struct sk_buff *first = segment_make(s, 0, s->mss_bytes);

	if (unlikely(!first))
		return NULL;
	*last = first;
	first->next = shinfo->frag_list;
	shinfo->frag_list = NULL;
	for (struct sk_buff *f = first->next; f; f = f->next) {
		segment_take(s, f);
		*last = f;
	}
	return first;
}

struct sk_buff *skb_segment(struct sk_buff *skb, const struct segment_how *how)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct segmenter s = {
		.skb = skb,
		.how = how,
		.header_bytes = (u32)(skb->data - skb_mac_header(skb)),
		.mss_bytes = shinfo->gso_size ? shinfo->gso_size : skb->len,
		.frag_start = skb_headlen(skb),
		.frags_end = skb_headlen(skb),
	};
	struct sk_buff *segs, *last = NULL;

	for (u32 i = 0; i < shinfo->nr_frags; i++)
		s.frags_end += shinfo->frags[i].len_bytes;
	segs = segments_takeable(&s) ? segments_take(&s, &last) : segments_cut(&s, &last);
	if (segs && segments_stay(&s))
		skb_move_owner(last, skb);
	return segs;
}
