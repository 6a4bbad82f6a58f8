/* SPDX-License-Identifier: BSD-2-Clause */
/* Where nets that are up are found: a directory for each, with a lock that is held and a control socket. */
#ifndef NETHOOD_STATE_H
#define NETHOOD_STATE_H

#include <stdbool.h>

#define STATE_NAME_MAX 64

/** struct state - the directory of one net */
struct state {
	int dir_fd;  /**< -1: closed */
	int lock_fd; /**< held; -1: not */
	char name[STATE_NAME_MAX + 1];
};

/** state_name_ok() - a usage error is said */
bool state_name_ok(const char *name);
/** state_create() - make the directory, take its lock.  Return: 0; -EEXIST: it is up; -errno.  Said */
int state_create(struct state *st, const char *name);
/** state_listen() - the control socket; a stale one goes, for the lock is ours.  Return: socket, -errno */
int state_listen(const struct state *st);
/** state_remove() - all of it, then the lock */
void state_remove(struct state *st);
/** state_remove_names() - the lock is still held, but nobody finds the net any more */
void state_remove_names(struct state *st);
/** state_close() - for who only looked, or leaves it to another process */
void state_close(struct state *st);
/** state_connect() - to the control socket of a net that is up.  Return: socket, -ENOENT, -errno */
int state_connect(const char *name);
/** state_wait_gone() - until nobody holds the lock */
void state_wait_gone(const char *name);
/** state_each() - the names of all directories.  Return: first non-zero of @fn, -errno; 0 */
int state_each(int (*fn)(void *ctx, const char *name), void *ctx);

#endif
