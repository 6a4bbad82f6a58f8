/* SPDX-License-Identifier: BSD-2-Clause */
/* The supervisor: one net, the programs on it, and the loop that serves both.
 *
 * Everything happens in one thread: devices, timers, socket calls of programs, and whatever else watches the loop.
 */
#ifndef NETHOOD_RUN_SUPERVISOR_H
#define NETHOOD_RUN_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "loop.h"
#include "nethood/nethood.h"

struct bypass;
struct supervisor;

/**
 * supervisor_create() - serve @net
 * @net: borrowed, until supervisor_destroy()
 * @owner: programs of this user may change the net
 * Return: 0, -ENOMEM, -errno
 */
int supervisor_create(struct nethood_net *net, uid_t owner, struct supervisor **out);
/** supervisor_destroy() - programs that are left get ENOSYS for each call; may be NULL */
void supervisor_destroy(struct supervisor *sv);
struct loop *supervisor_loop(struct supervisor *sv);
struct nethood_net *supervisor_net(struct supervisor *sv);

/** supervisor_bypass() - addresses that programs reach by the host's stack; @b: borrowed, until supervisor_destroy() */
void supervisor_bypass(struct supervisor *sv, const struct bypass *b);
/** supervisor_add_dev() - watch the descriptor of a device; it outlives the supervisor.  Return: 0, -ENOMEM */
int supervisor_add_dev(struct supervisor *sv, struct nethood_dev *dev);

/**
 * supervisor_add_listener() - answer the programs behind a seccomp listener
 * @fd: taken, also on error
 * @sysctl_mounted: they have what supervisor_add_sysctlfs() serves
 * @gone: called when no task uses the filter any more; may be NULL
 * Return: 0; -EINVAL: it is no listener; -ENOMEM, -errno
 */
int supervisor_add_listener(struct supervisor *sv, int fd, bool sysctl_mounted, void (*gone)(void *ctx), void *ctx);
/** supervisor_add_sysctlfs() - serve a file system that spawn_prepare() mounted; @fd: taken, also on error.  Return: 0, -errno */
int supervisor_add_sysctlfs(struct supervisor *sv, int fd);
/** supervisor_programs() - listeners that are in use */
unsigned supervisor_programs(const struct supervisor *sv);

/** supervisor_step() - do what is due, then wait for what comes, @until_ns at the latest (UINT64_MAX: for ever) */
int supervisor_step(struct supervisor *sv, uint64_t until_ns);
/** supervisor_on_idle() - @fn is called before each wait; NULL: not any more */
void supervisor_on_idle(struct supervisor *sv, void (*fn)(void *ctx), void *ctx);

#endif
