// SPDX-License-Identifier: BSD-2-Clause
/* In place of sysctlfs.c where there is no libfuse3: sysctls can be read then, one by one (call_open.c), not written. */
#include <errno.h>
#include <unistd.h>

#include "sysctlfs.h"

bool sysctlfs_built(void)
{
	return false;
}

int sysctlfs_mount(void)
{
	return -ENOSYS;
}

int sysctlfs_create(struct loop *loop, struct nethood_net *net, int fd, uid_t owner, void (*gone)(void *ctx), void *ctx,
		    struct sysctlfs **out)
{
	(void)loop;
	(void)net;
	(void)owner;
	(void)gone;
	(void)ctx;
	(void)out;
	close(fd);
	return -ENOSYS;
}

void sysctlfs_destroy(struct sysctlfs *fs)
{
	(void)fs;
}
