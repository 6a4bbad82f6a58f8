/* SPDX-License-Identifier: BSD-2-Clause */
/* The seccomp filter that hands socket calls to the supervisor. */
#ifndef NETHOOD_RUN_FILTER_H
#define NETHOOD_RUN_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#define FILTER_MAX_INSNS 192

/** filter_build() - write the program; @proc: opening a file is passed on, too.  Return: how many instructions */
size_t filter_build(struct sock_filter insns[static FILTER_MAX_INSNS], bool proc);
/**
 * filter_install() - this thread, and what it forks and executes from now on, is supervised
 *
 * No socket call may follow before someone answers.  Sets PR_SET_NO_NEW_PRIVS.
 * Return: descriptor of the listener (close-on-exec), -EBUSY when the process is supervised already, -errno
 */
int filter_install(bool proc);

#endif
