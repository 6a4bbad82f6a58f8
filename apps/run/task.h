/* SPDX-License-Identifier: BSD-2-Clause */
/* The threads that make calls: their descriptors, their memory, and calls of theirs that were answered in vain. */
#ifndef NETHOOD_RUN_TASK_H
#define NETHOOD_RUN_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#define CALL_ARGS 6
#define TASK_PATH_BYTES 96

/** struct task_socket - a descriptor, and the cookie of the socket that it was when it was last looked at; 0: none */
struct task_socket {
	int fd;
	uint64_t cookie;
};

/** struct task - what is remembered of one thread */
struct task {
	pid_t tid;                   /**< 0: free */
	int pidfd;                   /**< -1: not open */
	struct task_socket *sockets; /**< by the lower bits of the descriptor; NULL: none was seen */
	/** A call that was carried out, whose answer a signal kept from arriving.  It comes again, with the same
	 *  arguments, and must not be carried out twice. */
	struct {
		bool valid;
		int nr;
		uint64_t args[CALL_ARGS];
		long result;
		uint64_t until_ns;
	} done;
	/** A file that the thread has, and was not told of: the next time that it opens it, it gets this one. */
	struct {
		bool valid, cloexec;
		int fd;
		ino_t ino;
		char path[TASK_PATH_BYTES];
	} opened;
};

#define TASKS 256U /* a power of two */

/** struct tasks - the threads seen last */
struct tasks {
	struct task slot[TASKS];
};

void tasks_init(struct tasks *t);
void tasks_exit(struct tasks *t);
/** tasks_bury() - forget those that have ended, and give back their descriptors */
void tasks_bury(struct tasks *t);
/** tasks_find() - borrowed, until the next call of this function */
struct task *tasks_find(struct tasks *t, pid_t tid);
/** task_getfd() - a duplicate of a descriptor.  Return: it (the caller closes it), -EBADF, -ESRCH, -EPERM, -EMFILE */
int task_getfd(struct task *t, int fd);
/** task_saw() - its descriptor @fd is the socket of that cookie */
void task_saw(struct task *t, int fd, uint64_t cookie);
/** task_cookie() - what task_saw() said of @fd, which may have become another one since then; 0: nothing */
uint64_t task_cookie(const struct task *t, int fd);
/** task_unsee() - forget all that task_saw() said */
void task_unsee(struct task *t);
/** task_read() - all @len_bytes.  Return: 0, -EFAULT, -ESRCH */
int task_read(pid_t tid, void *to, uint64_t from, size_t len_bytes);
/** task_read_some() - as many as can be read.  Return: how many, -EFAULT when none */
ssize_t task_read_some(pid_t tid, void *to, uint64_t from, size_t len_bytes);
/** task_write() - Return: 0, -EFAULT, -ESRCH */
int task_write(pid_t tid, uint64_t to, const void *from, size_t len_bytes);
/** task_readv() - gather @remote into @to, all @len_bytes of it.  Return: 0, -EFAULT, -ESRCH */
int task_readv(pid_t tid, void *to, size_t len_bytes, const struct iovec *remote, size_t count);
/** task_gather() - the same into several places.  Return: 0, -EFAULT, -ESRCH */
int task_gather(pid_t tid, const struct iovec *local, size_t local_count, const struct iovec *remote, size_t count,
		size_t len_bytes);
/** task_writev() - scatter.  Return: 0, -EFAULT, -ESRCH */
int task_writev(pid_t tid, const struct iovec *remote, size_t count, const struct iovec *local, size_t local_count,
		size_t len_bytes);
/** task_euid() - whose the thread is; (uid_t)-1: it is gone */
uid_t task_euid(pid_t tid);
/** task_tgid() - the thread's process; 0: it is gone */
pid_t task_tgid(pid_t tid);

#endif
