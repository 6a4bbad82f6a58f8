// SPDX-License-Identifier: BSD-2-Clause
/* The threads that make calls.
 *
 * A thread's number may come again; a pidfd does not.  So descriptors are fetched by a pidfd that is kept, and asked for
 * anew when its thread has ended; memory is read by number, and whoever reads it asks afterwards whether the
 * notification is still valid, which says that the number was still this thread's.
 */
#include "task.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif

void tasks_init(struct tasks *t)
{
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < TASKS; i++)
		t->slot[i].pidfd = -1;
}

static void task_forget(struct task *t)
{
	if (t->pidfd >= 0)
		close(t->pidfd);
	task_unsee(t);
	*t = (struct task){ .pidfd = -1 };
}

void tasks_exit(struct tasks *t)
{
	for (size_t i = 0; i < TASKS; i++)
		task_forget(&t->slot[i]);
}

void tasks_bury(struct tasks *t)
{
	for (size_t i = 0; i < TASKS; i++) {
		struct pollfd p = { .fd = t->slot[i].pidfd, .events = POLLIN };

		if (p.fd >= 0 && poll(&p, 1, 0) != 0) /* it ended */
			task_forget(&t->slot[i]);
	}
}

struct task *tasks_find(struct tasks *t, pid_t tid)
{
	struct task *task = &t->slot[(unsigned)tid & (TASKS - 1)];

	if (task->tid != tid) {
		task_forget(task);
		task->tid = tid;
	}
	return task;
}

static pid_t thread_group(pid_t tid)
{
	char path[64], line[256];
	pid_t tgid = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "Tgid:", 5))
			tgid = (pid_t)strtol(line + 5, NULL, 10);
	}
	fclose(f);
	return tgid;
}

/* Before Linux 6.9 there are descriptors of whole processes only; threads nearly always share theirs. */
static int open_pidfd(pid_t tid)
{
	long fd = syscall(SYS_pidfd_open, tid, PIDFD_THREAD);

	if (fd < 0 && errno == EINVAL) {
		pid_t tgid = thread_group(tid);

		fd = tgid > 0 ? syscall(SYS_pidfd_open, tgid, 0) : -1;
	}
	return fd < 0 ? -errno : (int)fd;
}

int task_getfd(struct task *t, int fd)
{
	for (int attempt = 0; attempt < 2; attempt++) {
		long dup;

		if (t->pidfd < 0) {
			t->pidfd = open_pidfd(t->tid);
			if (t->pidfd < 0)
				return t->pidfd;
		}
		dup = syscall(SYS_pidfd_getfd, t->pidfd, fd, 0);
		if (dup >= 0)
			return (int)dup;
		if (errno != ESRCH)
			return -errno;
		close(t->pidfd);
		t->pidfd = -1;
	}
	return -ESRCH;
}

static int vm_error(ssize_t n, size_t want_bytes)
{
	if (n >= 0)
		return (size_t)n == want_bytes ? 0 : -EFAULT;
	return errno == ESRCH ? -ESRCH : -EFAULT;
}

int task_gather(pid_t tid, const struct iovec *local, size_t local_count, const struct iovec *remote, size_t count,
		size_t len_bytes)
{
	if (!len_bytes)
		return 0;
	return vm_error(process_vm_readv(tid, local, local_count, remote, count, 0), len_bytes);
}

int task_readv(pid_t tid, void *to, size_t len_bytes, const struct iovec *remote, size_t count)
{
	const struct iovec local = { .iov_base = to, .iov_len = len_bytes };

	return task_gather(tid, &local, 1, remote, count, len_bytes);
}

int task_writev(pid_t tid, const struct iovec *remote, size_t count, const struct iovec *local, size_t local_count,
		size_t len_bytes)
{
	if (!len_bytes)
		return 0;
	return vm_error(process_vm_writev(tid, local, local_count, remote, count, 0), len_bytes);
}

static struct iovec remote_iov(uint64_t at, size_t len_bytes)
{
	return (struct iovec){ .iov_base = (void *)(uintptr_t)at, .iov_len = len_bytes };
}

int task_read(pid_t tid, void *to, uint64_t from, size_t len_bytes)
{
	const struct iovec remote = remote_iov(from, len_bytes);

	return task_readv(tid, to, len_bytes, &remote, 1);
}

ssize_t task_read_some(pid_t tid, void *to, uint64_t from, size_t len_bytes)
{
	const long page_bytes = sysconf(_SC_PAGESIZE);
	const struct iovec local = { .iov_base = to, .iov_len = len_bytes };
	struct iovec remote[2] = { remote_iov(from, len_bytes) };
	size_t count = 1, first_bytes = (size_t)page_bytes - (size_t)(from % (uint64_t)page_bytes);
	ssize_t n;

	/* What lies in the first page is asked for by itself: a fault in a piece takes the whole piece. */
	if (len_bytes > first_bytes) {
		remote[0] = remote_iov(from, first_bytes);
		remote[1] = remote_iov(from + first_bytes, len_bytes - first_bytes);
		count = 2;
	}
	n = process_vm_readv(tid, &local, 1, remote, count, 0);
	return n <= 0 && len_bytes ? -EFAULT : n;
}

int task_write(pid_t tid, uint64_t to, const void *from, size_t len_bytes)
{
	const struct iovec remote = remote_iov(to, len_bytes);
	const struct iovec local = { .iov_base = (void *)(uintptr_t)from, .iov_len = len_bytes };

	return task_writev(tid, &remote, 1, &local, 1, len_bytes);
}

uid_t task_euid(pid_t tid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", (int)tid);
	return stat(path, &st) < 0 ? (uid_t)-1 : st.st_uid;
}

pid_t task_tgid(pid_t tid)
{
	char path[64], line[128];
	int tgid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (!tgid && fgets(line, sizeof(line), f))
		(void)sscanf(line, "Tgid: %d", &tgid);
	fclose(f);
	return tgid;
}
