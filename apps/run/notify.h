/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said to the kernel about trapped calls.  @fd: the listener of seccomp(2) */
#ifndef NETHOOD_RUN_NOTIFY_H
#define NETHOOD_RUN_NOTIFY_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

/** notify_check() - any descriptor may have been handed in.  Return: 0, -EINVAL */
int notify_check(int fd);
/** notify_receive() - the next call.  Return: 0, -ENOENT: who made it is gone, -errno */
int notify_receive(int fd, struct seccomp_notif *rq);
/** notify_send() - the answer to one.  Return: 0, -ENOENT: nobody waits for it any more */
int notify_send(int fd, const struct seccomp_notif_resp *resp);
/** notify_add_fd() - a descriptor for the caller.  Return: its number there, -ENOENT: nobody waits for it, -errno */
int notify_add_fd(int fd, const struct seccomp_notif_addfd *add);
/** notify_valid() - false: a signal or death came in between */
bool notify_valid(int fd, uint64_t id);

#endif
