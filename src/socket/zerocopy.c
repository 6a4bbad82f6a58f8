// SPDX-License-Identifier: BSD-2-Clause
/* S1: memory of a program that is sent where it lies.
 *
 * @step S1 of S13   @linux net/core/skbuff.c: msg_zerocopy_alloc, msg_zerocopy_callback
 *
 * Reading order: sock_send_zerocopy(), zerocopy_unwrapped(), zerocopy_run().
 * A struct zerocopy is a page whose octets are the program's: fragments hold references as of any other page.  The last
 * one may go in the middle of anything (an ACK, a reset, a device that ends); so the program is told later, when the
 * stack is at rest, together with the owners of sockets that became ready.
 */
#include "socket/zerocopy.h"

#include <errno.h>
#include <limits.h>

#include "record/record.h"
#include "socket/netns_sock.h"
#include "socket/sock.h"

#define FLAGS_KNOWN (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE | MSG_EOR | MSG_OOB)

struct zerocopy {
	struct skb_page page;  /* first */
	struct list_head node; /* of zerocopy_net.done */
	struct net *net;
	zerocopy_release_fn release; /* NULL: nothing was taken, nobody is told */
	void *ctx;
	u32 taken_bytes;
	u32 rec_id; /* of its socket, which may be gone */
};

void zerocopy_net_init(struct net *net)
{
	struct zerocopy_net *zn = &net->sock->zerocopy;

	kmem_cache_init(&zn->cache, net->mem, "zerocopy", sizeof(struct zerocopy), _Alignof(struct zerocopy));
	INIT_LIST_HEAD(&zn->done);
	INIT_LIST_HEAD(&zn->mark);
}

void zerocopy_net_exit(struct net *net)
{
	struct zerocopy_net *zn = &net->sock->zerocopy;

	while (!list_empty(&zn->done))
		zerocopy_run(net);
	kmem_cache_fini(&zn->cache);
}

static void zerocopy_free(struct zerocopy *zc)
{
	kmem_cache_free(&zc->net->sock->zerocopy.cache, zc);
}

static void zerocopy_unwrapped(struct skb_page *page)
{
	struct zerocopy *zc = container_of(page, struct zerocopy, page);
	struct netns_sock *ns = zc->net->sock;

	if (!zc->release) {
		zerocopy_free(zc);
		return;
	}
	list_add_tail(&zc->node, &ns->zerocopy.done);
	if (list_empty(&ns->zerocopy.mark))
		list_add_tail(&ns->zerocopy.mark, &ns->wakes);
}

static void tell(struct zerocopy *zc)
{
	struct recorder *rec = zc->net->rec;
	struct rec_cb cb;

	rec_tell(rec, &cb, REC_OUT_RELEASE, zc->rec_id, zc->taken_bytes);
	zc->release(zc->ctx, zc->page.data, zc->taken_bytes);
	rec_told(rec, &cb);
	zerocopy_free(zc);
}

void zerocopy_run(struct net *net)
{
	struct zerocopy_net *zn = &net->sock->zerocopy;
	struct list_head now;

	list_del_init(&zn->mark);
	INIT_LIST_HEAD(&now);
	list_splice_tail_init(&zn->done, &now); /* what the callbacks bring about is told the next time */
	while (!list_empty(&now)) {
		struct zerocopy *zc = list_first_entry(&now, struct zerocopy, node);

		list_del_init(&zc->node);
		tell(zc);
	}
}

ssize_t sock_send_zerocopy(struct sock *sk, const struct zerocopy_memory *memory, int flags, struct zerocopy **out)
{
	u32 len_bytes = (u32)min_size(memory->len_bytes, INT_MAX);
	struct zerocopy *zc;
	ssize_t ret;

	*out = NULL;
	if (!sk->prot->send_zerocopy)
		return -EOPNOTSUPP;
	if (!memory->data || !memory->release || (flags & ~FLAGS_KNOWN))
		return -EINVAL;
	zc = kmem_cache_alloc(&sk->net->sock->zerocopy.cache);
	if (!zc)
		return -ENOBUFS;
	skb_page_wrap(&zc->page, sk->net->skb_pool, memory->data, len_bytes, zerocopy_unwrapped);
	zc->net = sk->net;
	zc->rec_id = sk->rec_id;
	zc->release = NULL;
	ret = sk->prot->send_zerocopy(sk, &zc->page, len_bytes, flags);
	if (ret <= 0) {
		zerocopy_put(zc);
		return ret;
	}
	zc->release = memory->release;
	zc->ctx = memory->ctx;
	zc->taken_bytes = (u32)ret;
	*out = zc;
	return ret;
}

void zerocopy_put(struct zerocopy *zc)
{
	skb_page_put(&zc->page);
}
