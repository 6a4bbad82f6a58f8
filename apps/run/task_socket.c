// SPDX-License-Identifier: BSD-2-Clause
/* Which sockets the descriptors of a thread were, when they were last looked at. */
#include <stdlib.h>

#include "task.h"

#define TASK_SOCKETS 1024U /* a power of two */

void task_saw(struct task *t, int fd, uint64_t cookie)
{
	if (!t->sockets)
		t->sockets = calloc(TASK_SOCKETS, sizeof(*t->sockets));
	if (t->sockets) /* without it each is looked at, each time */
		t->sockets[(unsigned)fd & (TASK_SOCKETS - 1)] = (struct task_socket){ .fd = fd, .cookie = cookie };
}

uint64_t task_cookie(const struct task *t, int fd)
{
	const struct task_socket *s = t->sockets ? &t->sockets[(unsigned)fd & (TASK_SOCKETS - 1)] : NULL;

	return s && s->fd == fd ? s->cookie : 0;
}

void task_unsee(struct task *t)
{
	free(t->sockets);
	t->sockets = NULL;
}
