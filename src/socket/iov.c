// SPDX-License-Identifier: BSD-2-Clause
/* Copying between iovecs, memory and packets.  @linux lib/iov_iter.c, net/core/datagram.c */
#include "socket/sock.h"

#include <errno.h>

size_t iov_length(const struct iovec *iov, size_t count)
{
	size_t len_bytes = 0;

	for (size_t i = 0; i < count; i++)
		len_bytes += iov[i].iov_len;
	return len_bytes;
}

int memcpy_from_iov(void *to, const struct iovec *iov, size_t count, size_t offset_bytes, size_t len_bytes)
{
	u8 *p = to;

	for (size_t i = 0; i < count && len_bytes; i++) {
		size_t part_bytes;

		if (offset_bytes >= iov[i].iov_len) {
			offset_bytes -= iov[i].iov_len;
			continue;
		}
		part_bytes = min_size(iov[i].iov_len - offset_bytes, len_bytes);
		memcpy(p, (const u8 *)iov[i].iov_base + offset_bytes, part_bytes);
		offset_bytes = 0;
		p += part_bytes;
		len_bytes -= part_bytes;
	}
	return len_bytes ? -EFAULT : 0;
}

size_t memcpy_to_iov(const struct iovec *iov, size_t count, size_t offset_bytes, const void *from, size_t len_bytes)
{
	const u8 *p = from;
	size_t done_bytes = 0;

	for (size_t i = 0; i < count && done_bytes < len_bytes; i++) {
		size_t part_bytes;

		if (offset_bytes >= iov[i].iov_len) {
			offset_bytes -= iov[i].iov_len;
			continue;
		}
		part_bytes = min_size(iov[i].iov_len - offset_bytes, len_bytes - done_bytes);
		memcpy((u8 *)iov[i].iov_base + offset_bytes, p + done_bytes, part_bytes);
		offset_bytes = 0;
		done_bytes += part_bytes;
	}
	return done_bytes;
}

/* iov_sink - where skb_copy_datagram_iov() has come to */
struct iov_sink {
	const struct iovec *iov;
	size_t count;
	size_t at_bytes; /* written */
	u32 skip_bytes;  /* of the packet, still to be skipped */
	u32 left_bytes;  /* to be written */
};

static bool sink_put(struct iov_sink *sink, const u8 *data, u32 len_bytes)
{
	if (sink->skip_bytes >= len_bytes) {
		sink->skip_bytes -= len_bytes;
		return true;
	}
	data += sink->skip_bytes;
	len_bytes = min_u32(len_bytes - sink->skip_bytes, sink->left_bytes);
	sink->skip_bytes = 0;
	if (memcpy_to_iov(sink->iov, sink->count, sink->at_bytes, data, len_bytes) != len_bytes)
		return false;
	sink->at_bytes += len_bytes;
	sink->left_bytes -= len_bytes;
	return true;
}

static bool sink_put_skb(struct iov_sink *sink, const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (!sink_put(sink, skb->data, skb_headlen(skb)))
		return false;
	if (!skb->data_len)
		return true;
	for (u32 i = 0; i < shinfo->nr_frags && sink->left_bytes; i++) {
		const skb_frag_t *frag = &shinfo->frags[i];

		if (!sink_put(sink, frag->page->data + frag->offset_bytes, frag->len_bytes))
			return false;
	}
	for (const struct sk_buff *part = shinfo->frag_list; part && sink->left_bytes; part = part->next) {
		if (!sink_put_skb(sink, part))
			return false;
	}
	return true;
}

int skb_copy_datagram_at(const struct sk_buff *skb, u32 offset_bytes, const struct iovec *iov, size_t count,
			 size_t at_bytes, u32 len_bytes)
{
	struct iov_sink sink = { iov, count, at_bytes, offset_bytes, len_bytes };

	if (!len_bytes)
		return 0;
	if (likely(count == 1 && at_bytes + len_bytes <= iov->iov_len &&
		   offset_bytes + len_bytes <= skb_headlen(skb))) {
		memcpy((u8 *)iov->iov_base + at_bytes, skb->data + offset_bytes, len_bytes);
		return 0;
	}
	return sink_put_skb(&sink, skb) && !sink.left_bytes ? 0 : -EFAULT;
}
