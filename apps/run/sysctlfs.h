/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/sys/net as a file system of the net: FUSE. */
#ifndef NETHOOD_RUN_SYSCTLFS_H
#define NETHOOD_RUN_SYSCTLFS_H

#include <stdbool.h>

#include "loop.h"
#include "nethood/nethood.h"

struct sysctlfs;

/** sysctlfs_built() - was nethood built with libfuse3? */
bool sysctlfs_built(void);
/**
 * sysctlfs_mount() - in a process that is alone in its mount namespace: put it over /proc/sys/net
 *
 * Whoever looks into it from then on waits for sysctlfs_create() in another process.
 * Return: descriptor of /dev/fuse (close-on-exec), -errno
 */
int sysctlfs_mount(void);
/**
 * sysctlfs_create() - serve what was mounted
 * @fd: taken, also on error
 * @owner: may write, besides root
 * @gone: called when nobody can see it any more; it destroys
 * Return: 0, -ENOSYS (not built), -ENOMEM, -errno
 */
int sysctlfs_create(struct loop *loop, struct nethood_net *net, int fd, uid_t owner, void (*gone)(void *ctx), void *ctx,
		    struct sysctlfs **out);
void sysctlfs_destroy(struct sysctlfs *fs);

#endif
