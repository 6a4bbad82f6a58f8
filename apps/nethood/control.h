/* SPDX-License-Identifier: BSD-2-Clause */
/* What nethood's commands and the process of a net that is up say to each other.
 *
 * Over a SOCK_SEQPACKET connection: one request, one reply.  A request is a word, and perhaps an argument behind a
 * space.  A reply is a struct control_reply, perhaps with descriptors; long texts are in a file in memory.
 */
#ifndef NETHOOD_CONTROL_H
#define NETHOOD_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CONTROL_REQUEST_BYTES 512
#define CONTROL_TEXT_BYTES 512
#define CONTROL_FDS 2

struct control_reply {
	int32_t error; /**< 0, or -errno */
	char text[CONTROL_TEXT_BYTES];
};

/** control_send() - @fd -1: no descriptor.  Return: 0, -errno */
int control_send(int sock, const void *data, size_t len_bytes, const int *fds, int fd_count);
/** control_receive() - descriptors that did not come are -1.  Return: bytes, 0 at the end, -errno */
ssize_t control_receive(int sock, void *data, size_t len_bytes, int *fds, int fd_count);

/* requests */
#define CONTROL_INFO "info"         /* text: one JSON object */
#define CONTROL_EXEC "exec"         /* descriptors: empty network namespace; user namespace to join first */
#define CONTROL_SYSCTLFS "sysctlfs" /* descriptor: what is mounted on /proc/sys/net of a program */
#define CONTROL_LISTENER \
	"listener"              /* argument: pid, and "mounted" after a sysctlfs; descriptor: its seccomp listener */
#define CONTROL_DOWN "down"     /* argument: "force" */
#define CONTROL_DROPS "drops"   /* file: lines of reason, count, place, sentence, with tabs between */
#define CONTROL_NEIGH_WHY "why" /* ADDRESS [DEV]; file: see cmd_neigh.c */
#define CONTROL_PROC "proc"     /* FILE; file: see cmd_proc.c */
#define CONTROL_RECORD "record" /* how far; descriptor: where to; text: is there more, and how far */
#define CONTROL_RESOLVER "resolver" /* file: resolv.conf for the programs; empty: the host's */
#define CONTROL_SYSCTL_GET "get"
#define CONTROL_SYSCTL_SET "set" /* KEY=VALUE */
#define CONTROL_SYSCTL_ALL "all" /* file: lines of key = value */

struct machine;
struct control;

/** control_start() - serve @listen_fd (taken) in the loop of @m.  Return: 0, -errno */
int control_start(struct machine *m, int listen_fd, struct control **out);
void control_stop(struct control *ctl);

/** control_ask() - over a connection; @what is what the request is about.  Return: 0, -errno after having said why */
int control_ask(int sock, const char *what, const char *request, struct control_reply *reply, const int *fd,
		int fds[CONTROL_FDS]);
/** control_connect() - to net @name.  Return: a connection, -errno after having said why */
int control_connect(const char *name);
/** control_call() - connect to net @name, ask, wait for the reply.  Return: the connection, -errno after having said why */
int control_call(const char *name, const char *request, struct control_reply *reply, int fds[CONTROL_FDS]);
/** control_fetch() - ask net @name for a file.  Return: its text, free() ends it; NULL after having said why */
char *control_fetch(const char *name, const char *request);

#endif
