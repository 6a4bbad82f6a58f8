// SPDX-License-Identifier: BSD-2-Clause
/* Where nets that are up are found.
 *
 *	$XDG_RUNTIME_DIR/nethood/NAME/lock      held (flock) while the net is up
 *	                              control   SOCK_SEQPACKET
 *
 * root's are in /run/nethood; without XDG_RUNTIME_DIR /run/user/UID is taken, or else /tmp/nethood-UID.  Whoever dies leaves
 * files behind, but no lock: what has no lock is not up, and the next one of that name clears it away.
 */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"

#define BACKLOG 64

bool state_name_ok(const char *name)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strlen(name);

	if (len && len <= STATE_NAME_MAX && strspn(name, set) == len && *name != '.' && *name != '-')
		return true;
	cli_errorf("NAME",
		   "'%.80s': a name has 1 to %d letters, digits, '.', '_', '-', the first a letter, digit or '_'", name,
		   STATE_NAME_MAX);
	return false;
}

/* ---- directories */

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static void base_path(char *path, size_t size)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	uid_t uid = geteuid();

	if (!uid && is_dir("/run")) { /* it is not the root of a user namespace's */
		snprintf(path, size, "/run/nethood");
		return;
	}
	if (xdg && *xdg == '/' && is_dir(xdg)) {
		snprintf(path, size, "%s/nethood", xdg);
		return;
	}
	snprintf(path, size, "/run/user/%u", uid);
	if (is_dir(path))
		snprintf(path, size, "/run/user/%u/nethood", uid);
	else
		snprintf(path, size, "/tmp/nethood-%u", uid);
}

/* A directory that is ours, and nobody else's.  Return: descriptor, -errno */
static int open_private(int at, const char *path)
{
	struct stat st;
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 077)) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static int open_base(bool make, char *path, size_t size)
{
	base_path(path, size);
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	return open_private(AT_FDCWD, path);
}

static int open_net(const char *name, bool make, char *path, size_t size)
{
	int base = open_base(make, path, size), fd;

	if (base < 0)
		return base;
	if (make && mkdirat(base, name, 0700) < 0 && errno != EEXIST)
		fd = -errno;
	else
		fd = open_private(base, name);
	close(base);
	return fd;
}

/* ---- the lock */

/* Is the file that is locked still the one of that name?  Its holder may have removed it meanwhile. */
static bool same_file(int dir_fd, int lock_fd)
{
	struct stat a, b;

	return fstat(lock_fd, &a) == 0 && fstatat(dir_fd, "lock", &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Return: the lock; -EWOULDBLOCK: held by another; -EAGAIN: try again with a new directory; -errno */
static int lock_dir(int dir_fd)
{
	int fd = openat(dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == ENOENT ? -ESTALE : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	if (!same_file(dir_fd, fd)) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

int state_create(struct state *st, const char *name)
{
	char path[256];

	*st = (struct state){ .dir_fd = -1, .lock_fd = -1 };
	snprintf(st->name, sizeof(st->name), "%s", name);
	do {
		state_close(st);
		st->dir_fd = open_net(name, true, path, sizeof(path));
		if (st->dir_fd < 0) {
			cli_errorf(path, "%s; it must be a directory of yours, mode 0700", strerror(-st->dir_fd));
			return st->dir_fd;
		}
		st->lock_fd = lock_dir(st->dir_fd);
	} while (st->lock_fd == -ESTALE);
	if (st->lock_fd >= 0)
		return 0;
	if (st->lock_fd == -EWOULDBLOCK) {
		cli_error(name, "is up already; nethood down it, or take another name");
		st->lock_fd = -EEXIST;
	} else {
		cli_errorf(path, "%s/lock: %s", name, strerror(-st->lock_fd));
	}
	close(st->dir_fd);
	return st->lock_fd;
}

void state_close(struct state *st)
{
	if (st->lock_fd >= 0)
		close(st->lock_fd);
	if (st->dir_fd >= 0)
		close(st->dir_fd);
	st->lock_fd = st->dir_fd = -1;
}

static void remove_dir(const char *name)
{
	char path[256];
	int base = open_base(false, path, sizeof(path));

	if (base < 0)
		return;
	unlinkat(base, name, AT_REMOVEDIR);
	close(base);
}

void state_remove_names(struct state *st)
{
	unlinkat(st->dir_fd, "control", 0);
}

void state_remove(struct state *st)
{
	unlinkat(st->dir_fd, "control", 0);
	unlinkat(st->dir_fd, "lock", 0);
	remove_dir(st->name);
	state_close(st);
}

/* ---- the control socket */

/* The path of a unix socket has 107 characters; by its directory's descriptor it is short. */
static struct sockaddr_un control_address(int dir_fd)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	snprintf(sun.sun_path, sizeof(sun.sun_path), "/proc/self/fd/%d/control", dir_fd);
	return sun;
}

int state_listen(const struct state *st)
{
	struct sockaddr_un sun = control_address(st->dir_fd);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), err;

	if (fd < 0)
		return -errno;
	unlinkat(st->dir_fd, "control", 0);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int state_connect(const char *name)
{
	char path[256];
	int dir = open_net(name, false, path, sizeof(path)), fd, err = 0;
	struct sockaddr_un sun;

	if (dir < 0)
		return dir;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	sun = control_address(dir);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		err = errno == ECONNREFUSED ? -ENOENT : -errno;
	close(dir);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

void state_wait_gone(const char *name)
{
	char path[256];
	int dir = open_net(name, false, path, sizeof(path)), fd;

	if (dir < 0)
		return;
	fd = openat(dir, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0) {
		while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
			;
		close(fd);
	}
	close(dir);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dot(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

int state_each(int (*fn)(void *ctx, const char *name), void *ctx)
{
	struct dirent **list;
	char path[256];
	int count, ret = 0;

	base_path(path, sizeof(path));
	count = scandir(path, &list, not_dot, by_name);
	if (count < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		if (!ret)
			ret = fn(ctx, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	return ret;
}
