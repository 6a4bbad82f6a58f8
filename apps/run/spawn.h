/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting a program on a net. */
#ifndef NETHOOD_RUN_SPAWN_H
#define NETHOOD_RUN_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

enum { EXIT_NETHOOD = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

struct spawn_config {
	char *const *argv;
	const char *net_name;    /**< NETHOOD_NET in its environment */
	int netns_fd;            /**< empty network namespace to join; -1: a new one */
	bool new_userns;         /**< a user namespace of its own, for who may not make network namespaces */
	bool proc;               /**< it sees the net's /proc/net, and /proc/sys/net if that can be mounted */
	const char *resolv_conf; /**< what the program reads in /etc/resolv.conf; NULL: the host's */
	const sigset_t *mask;    /**< signals that it begins with; NULL: the caller's */
	/** say what went wrong; called in the child, too */
	void (*complain)(const char *what, const char *why);
};

/** struct spawned - a program that waits for "go" */
struct spawned {
	pid_t pid;
	int listener; /**< of its seccomp filter; -1: taken */
	int go;       /**< pipe to it; -1: closed */
	int sysctlfs; /**< of what is mounted on its /proc/sys/net, for supervisor_add_sysctlfs(); -1: taken, or nothing is */
};

/**
 * spawn_prepare() - fork a child that is filtered, and stops before it executes the program
 *
 * Return: 0; -ECHILD: the child ended and has said why, its status is 125; -EPERM: this process may not look into
 * the child (Yama); -errno
 */
int spawn_prepare(const struct spawn_config *cfg, struct spawned *out);
/** spawn_go() - execute the program */
void spawn_go(struct spawned *s);
/** spawn_cancel() - end the child; what is open is closed */
void spawn_cancel(struct spawned *s);
/** spawn_status() - of waitpid(2), as a shell gives it: 128 + n for a signal */
int spawn_status(int wstatus);
/** userns_enter() - a user namespace with nobody but the caller in it.  Return: 0, -errno */
int userns_enter(int unshare_flags);

#endif
