/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of a program that segments look at where it lies, and how the program hears that they do so no more.
 *
 * @linux include/linux/skbuff.h: struct ubuf_info (MSG_ZEROCOPY), for the same purpose
 */
#ifndef NETHOOD_SOCKET_ZEROCOPY_H
#define NETHOOD_SOCKET_ZEROCOPY_H

#include <sys/types.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/types.h"

struct net;
struct sock;

/** zerocopy_release_fn - nothing looks at @data any more */
typedef void (*zerocopy_release_fn)(void *ctx, const void *data, size_t len_bytes);

/** struct zerocopy_net - those of a net */
struct zerocopy_net {
	struct kmem_cache cache;
	struct list_head done; /**< nobody looks at them, and their programs are to be told */
	struct list_head mark; /**< in netns_sock.wakes while there are such */
};

void zerocopy_net_init(struct net *net);
/** zerocopy_net_exit() - tells the rest; asserts that no segment is left which looks at any */
void zerocopy_net_exit(struct net *net);
/** zerocopy_run() - tell the programs: where sock_wake_run() tells of sockets */
void zerocopy_run(struct net *net);

/** struct zerocopy_memory - what a program lends */
struct zerocopy_memory {
	const void *data;
	size_t len_bytes;
	zerocopy_release_fn release;
	void *ctx;
};

struct zerocopy;
/**
 * sock_send_zerocopy() - send the beginning of @memory
 * @out: the caller's hold on what was taken, which zerocopy_put() ends; NULL: nothing was
 * Return: octets taken, -errno.
 */
ssize_t sock_send_zerocopy(struct sock *sk, const struct zerocopy_memory *memory, int flags, struct zerocopy **out);
void zerocopy_put(struct zerocopy *zc);

#endif
