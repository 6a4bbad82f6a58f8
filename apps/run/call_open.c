// SPDX-License-Identifier: BSD-2-Clause
/* open(2) of files that tell of the network: /proc/net and its like.  Only with --proc.
 *
 * @linux proc_pid_net(5), proc_sys_net(5)
 *
 * What is asked for is written into a file in memory, sealed, and given to the program: it shows the net as it was when it
 * was opened.  Everything else is opened by the kernel.  The path is read from the program's memory, and the program could
 * change it before the kernel reads it again: that does no harm, since the kernel opens it with the program's rights and in
 * the program's namespaces, as it would have without us.  Nothing is allowed here that the program could not do alone.
 *
 * A path is taken as it is written: /proc/net, /proc/self/net, /proc/PID/net and so on, from the root or from a directory that
 * is open.  What a symbolic link of somebody else calls /proc/net/arp is the kernel's.
 *
 * Reading order: call_open(), wanted_path(), open_file().
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "supervisor_internal.h"

#define PROC_NAME_BYTES 256 /* "sys/net/ipv4/conf/IFNAMSIZ/..." is shorter */
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/** struct open_call - what the program asks for */
struct open_call {
	int dirfd;
	uint64_t flags;
	char path[PATH_MAX];
};

/* ---- what was asked for */

/* Return: 0, or what to answer */
static long read_path(const struct call *c, uint64_t at, char path[static PATH_MAX])
{
	ssize_t n = task_read_some(call_tid(c), path, at, PATH_MAX);

	return n > 0 && memchr(path, '\0', (size_t)n) ? 0 : CALL_CONTINUE;
}

static long read_call(const struct call *c, struct open_call *o)
{
	struct open_how how = { 0 };

	switch (c->rq->data.nr) {
#ifdef SYS_open
	case SYS_open:
		o->dirfd = AT_FDCWD;
		o->flags = call_arg(c, 1);
		return read_path(c, call_arg(c, 0), o->path);
#endif
	case SYS_openat2:
		if (call_arg(c, 3) < sizeof(how) || task_read(call_tid(c), &how, call_arg(c, 2), sizeof(how)) ||
		    how.resolve)
			return CALL_CONTINUE;
		o->flags = how.flags;
		break;
	default:
		o->flags = call_arg(c, 2);
		break;
	}
	o->dirfd = (int)call_arg(c, 0);
	return read_path(c, call_arg(c, 1), o->path);
}

/* ---- is it one of ours?  Nearly always it is not, and that is seen by its last name. */

static bool net_has(const struct call *c, const char *dir, const char *name)
{
	char path[PROC_NAME_BYTES];
	uint32_t mode;

	return (size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) < sizeof(path) &&
	       !nethood_proc_mode(c->sv->net, path, &mode) && S_ISREG(mode);
}

static bool may_be_ours(const struct call *c, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (!c->listener->sysctl_mounted && (*path != '/' || strstr(path, "/sys/net/")))
		return true;
	return (*name && net_has(c, "net", name)) || net_has(c, "net/stat", name) || net_has(c, "net/dev_snmp6", name);
}

/* Where a path begins that does not begin at the root.  Return: its length, -errno */
static ssize_t read_base(const struct call *c, int dirfd, char path[static PATH_MAX])
{
	char link[64];

	if (dirfd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", (int)call_tid(c));
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)call_tid(c), dirfd);
	return readlink(link, path, PATH_MAX);
}

/* Take "/a//b/../c" for "/a/c", in place. */
static void flatten(char *path)
{
	char *to = path, *from = path;

	while (*from) {
		size_t len;

		from += strspn(from, "/");
		len = strcspn(from, "/");
		if (len == 2 && !strncmp(from, "..", 2)) {
			while (to > path && *--to != '/')
				;
		} else if (len && !(len == 1 && *from == '.')) {
			*to++ = '/';
			memmove(to, from, len);
			to += len;
		}
		from += len;
	}
	*to = '\0';
}

static bool absolute_path(const struct call *c, const struct open_call *o, char out[static 2 * PATH_MAX])
{
	ssize_t n = 0;

	if (o->path[0] != '/') {
		n = read_base(c, o->dirfd, out);
		if (n <= 0 || n >= PATH_MAX || out[0] != '/')
			return false;
		out[n++] = '/';
	}
	memcpy(out + n, o->path, strlen(o->path) + 1); /* read_path() has seen its end */
	flatten(out);
	return true;
}

/* Another process may be in another network namespace, and then its files are not this net's. */
static bool same_netns(const struct call *c, const char *pid)
{
	struct stat own, other;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)call_tid(c));
	if (stat(path, &own) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%ld/ns/net", strtol(pid, NULL, 10));
	return stat(path, &other) == 0 && own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

/* The rest of @path behind @name and a slash; NULL: it does not begin so. */
static const char *behind(const char *path, const char *name)
{
	size_t len = strlen(name);

	return path && !strncmp(path, name, len) && path[len] == '/' ? path + len + 1 : NULL;
}

static const char *behind_pid(const struct call *c, const char *path)
{
	size_t digits = strspn(path, "0123456789");

	return digits && digits < 10 && path[digits] == '/' && same_netns(c, path) ? path + digits + 1 : NULL;
}

/* What nethood calls the file; NULL: it is not one of ours. */
static const char *wanted_path(const struct call *c, const char *path)
{
	const char *proc = behind(path, "/proc"), *self, *task;

	if (!proc)
		return NULL;
	if (behind(proc, "net"))
		return proc;
	if (behind(behind(proc, "sys"), "net"))
		return c->listener->sysctl_mounted ? NULL : proc;
	self = behind(proc, "self");
	if (!self)
		self = behind(proc, "thread-self");
	if (!self)
		self = behind_pid(c, proc);
	task = behind(self, "task");
	if (task)
		self = behind_pid(c, task);
	return behind(self, "net") ? self : NULL;
}

/* ---- the file */

static int put_text(void *ctx, const char *text, size_t len_bytes)
{
	const int *fd = ctx;

	while (len_bytes) {
		ssize_t n = write(*fd, text, len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == ENOSPC ? -ENOMEM : -errno;
		text += n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

/* Return: a descriptor that is at the beginning and can only read, -errno */
static int open_file(struct nethood_net *net, const char *path)
{
	char self[64];
	int fd = memfd_create(path, MFD_CLOEXEC | MFD_ALLOW_SEALING), copy = -1, err;

	if (fd < 0)
		return errno == EMFILE ? -ENFILE : -errno;
	err = nethood_proc_read(net, path, put_text, &fd);
	if (!err && (fchmod(fd, S_IRUSR | S_IRGRP | S_IROTH) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0))
		err = -errno;
	if (!err) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
		copy = open(self, O_RDONLY | O_CLOEXEC);
		err = copy < 0 ? -errno : 0;
	}
	close(fd);
	return err ? err : copy;
}

/* ---- a file whose number did not arrive: a signal came first */

static void keep_opened(struct call *c)
{
	c->task->opened.valid = true;
}

/* Does the program still have it under that number? */
static bool is_still_there(const struct call *c)
{
	int fd = task_getfd(c->task, c->task->opened.fd);
	struct stat st;
	bool same = fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == c->task->opened.ino;

	if (fd >= 0)
		close(fd);
	return same;
}

/* Return: its number in the program; -1: there is none that waits for this call */
static int opened_before(const struct call *c, const char *path, bool cloexec)
{
	struct task *t = c->task;
	bool found = t->opened.valid && t->opened.cloexec == cloexec && !strcmp(t->opened.path, path);

	t->opened.valid = false;
	return found && is_still_there(c) ? t->opened.fd : -1;
}

/* Return: its number in the program, -errno */
static long install_file(struct call *c, const char *path, bool cloexec)
{
	struct task *t = c->task;
	int fd = open_file(c->sv->net, path);
	struct stat st;
	long ret;

	*t->opened.path = '\0';
	if (fd < 0)
		return fd;
	ret = fstat(fd, &st) < 0 ? -errno : call_install_fd(c, fd, cloexec ? SOCK_CLOEXEC : 0);
	close(fd);
	if (ret < 0 || strlen(path) >= sizeof(t->opened.path))
		return ret;
	t->opened.fd = (int)ret;
	t->opened.ino = st.st_ino;
	t->opened.cloexec = cloexec;
	snprintf(t->opened.path, sizeof(t->opened.path), "%s", path);
	return ret;
}

/* What open(2) says before there is a file.  Return: 0, -errno */
static int check_flags(const struct open_call *o, const char *path, uint32_t mode)
{
	bool writes = (o->flags & O_ACCMODE) != O_RDONLY || (o->flags & O_TRUNC);
	const char *last = strrchr(o->path, '/');

	if ((o->flags & O_CREAT) && (o->flags & O_EXCL))
		return -EEXIST;
	if ((o->flags & O_DIRECTORY) || (last && (!last[1] || !strcmp(last, "/."))))
		return -ENOTDIR;
	if (writes) /* a sysctl could be written, were it not that nobody mounted them */
		return (mode & S_IWUSR) && behind(path, "sys") ? -EROFS : -EACCES;
	return 0;
}

long call_open(struct call *c)
{
	char absolute[2 * PATH_MAX];
	struct open_call o;
	const char *path;
	uint32_t mode;
	long err = read_call(c, &o);
	bool cloexec;

	if (err)
		return err;
	if ((o.flags & O_PATH) || !may_be_ours(c, o.path) || !absolute_path(c, &o, absolute))
		return CALL_CONTINUE;
	path = wanted_path(c, absolute);
	if (!path)
		return CALL_CONTINUE;
	if (nethood_proc_mode(c->sv->net, path, &mode))
		return behind(path, "sys") ? -ENOENT : CALL_CONTINUE;
	if (S_ISDIR(mode))
		return CALL_CONTINUE;
	err = check_flags(&o, path, mode);
	if (err)
		return err;
	cloexec = o.flags & O_CLOEXEC;
	err = opened_before(c, path, cloexec);
	if (err < 0)
		err = install_file(c, path, cloexec);
	if (err >= 0)
		c->undo = keep_opened;
	return err == -ENOENT ? CALL_GONE : err;
}
