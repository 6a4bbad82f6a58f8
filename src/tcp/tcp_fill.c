// SPDX-License-Identifier: BSD-2-Clause
/* Octets of a program at the end of a segment: copied into pages, or shared where they lie.
 *
 * @step S2 of S13   @linux net/ipv4/tcp.c: tcp_sendmsg_locked, skb_zerocopy_iter_stream
 */
#include <string.h>

#include "tcp/tcp_output.h"

/* Room in the page that all senders of the net fill in turn.  NULL: no memory */
static struct skb_page *page_with_room(struct net *net)
{
	struct tcp_net *tn = net->tcp;

	if (tn->page && tn->page_used_bytes < tn->page->size_bytes)
		return tn->page;
	if (tn->page)
		skb_page_put(tn->page);
	tn->page = skb_page_alloc(net->skb_pool, SKB_PAGE_FRAG_BYTES);
	tn->page_used_bytes = 0;
	return tn->page;
}

/* @len_bytes of the page belong to @skb.  Return: false: it has too many pieces */
static bool append_frag(struct sk_buff *skb, struct skb_page *page, u32 offset_bytes, u32 len_bytes)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	skb_frag_t *last = shinfo->nr_frags ? &shinfo->frags[shinfo->nr_frags - 1] : NULL;

	if (last && last->page == page && last->offset_bytes + last->len_bytes == offset_bytes) {
		last->len_bytes += len_bytes;
	} else {
		if (shinfo->nr_frags == MAX_SKB_FRAGS)
			return false;
		page->refcnt++;
		shinfo->frags[shinfo->nr_frags++] = (skb_frag_t){ page, offset_bytes, len_bytes };
	}
	skb->len += len_bytes;
	skb->data_len += len_bytes;
	return true;
}

/* What fits behind the room for headers needs no page. */
static bool fill_head(struct tcp_sock *tp, struct sk_buff *skb, const struct msghdr *msg, size_t offset, u32 want)
{
	if (want > skb_tailroom(skb) || skb_shinfo(skb)->dataref > 1 ||
	    memcpy_from_iov(skb_tail_pointer(skb), msg->msg_iov, msg->msg_iovlen, offset, want))
		return false;
	skb_put(skb, want);
	tcp_wmem_grow(tp, skb, want);
	return true;
}

u32 tcp_skb_fill(struct tcp_sock *tp, struct sk_buff *skb, const struct msghdr *msg, size_t offset, u32 want,
		 bool *full)
{
	struct net *net = tcp_net_of(tp);
	struct skb_page *page;
	u32 len;

	*full = false;
	if (fill_head(tp, skb, msg, offset, want))
		return want;
	page = page_with_room(net);
	if (unlikely(!page))
		return 0;
	len = min_u32(want, page->size_bytes - net->tcp->page_used_bytes);
	if (unlikely(memcpy_from_iov(page->data + net->tcp->page_used_bytes, msg->msg_iov, msg->msg_iovlen, offset,
				     len)))
		return 0;
	if (unlikely(!append_frag(skb, page, net->tcp->page_used_bytes, len))) {
		*full = true;
		return 0;
	}
	net->tcp->page_used_bytes += len;
	tcp_wmem_grow(tp, skb, len);
	return len;
}

u32 tcp_skb_share(struct tcp_sock *tp, struct sk_buff *skb, struct skb_page *page, u32 offset, u32 want, bool *full)
{
	*full = !append_frag(skb, page, offset, want);
	if (*full)
		return 0;
	tcp_wmem_grow(tp, skb, want);
	return want;
}

bool tcp_skb_append_copy(struct net *net, struct sk_buff *skb, const u8 *from, u32 len_bytes)
{
	struct skb_page *page;

	if (len_bytes <= skb_tailroom(skb)) {
		memcpy(skb_put(skb, len_bytes), from, len_bytes);
		return true;
	}
	page = page_with_room(net);
	if (!page || page->size_bytes - net->tcp->page_used_bytes < len_bytes)
		return false;
	memcpy(page->data + net->tcp->page_used_bytes, from, len_bytes);
	if (!append_frag(skb, page, net->tcp->page_used_bytes, len_bytes))
		return false;
	net->tcp->page_used_bytes += len_bytes;
	return true;
}
