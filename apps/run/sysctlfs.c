// SPDX-License-Identifier: BSD-2-Clause
/* /proc/sys/net as a file system of the net, so that sysctl(8), cat(1) and echo work on the net.
 *
 * @linux Documentation/filesystems/fuse.rst, sysctl(8)
 *
 *	the program's own mount namespace:   /proc/sys/net --FUSE--> here --nethood_proc_*()--> the net
 *
 * The program's side mounts it before its filter is live; a descriptor of /dev/fuse is all that this side needs.  When the
 * last program of that mount namespace has ended, the kernel says so on the descriptor.
 * Who may do what is judged here, as the kernel does for sysctls of a network namespace: the owner and root may do what the
 * first digit of the mode says, everybody else what the last one says; root, too, cannot write what is read-only.
 *
 * Reading order: ops, sysctlfs_create(), ready().
 */
#define FUSE_USE_VERSION 31
#include "sysctlfs.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <fuse3/fuse_lowlevel.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))
#define MOUNT_POINT "/proc/sys/net"
#define VALUE_BYTES 512
#define REQUESTS_AT_ONCE 32 /* then others get their turn */

struct sysctlfs {
	struct corpse corpse;
	struct watch watch;
	struct loop *loop;
	struct nethood_net *net;
	struct fuse *fuse;
	struct fuse_buf buf; /**< libfuse's memory for the request at hand */
	uid_t owner;
	gid_t group;
	void (*gone)(void *ctx);
	void *ctx;
};

/* ---- files */

static struct sysctlfs *this(void)
{
	return fuse_get_context()->private_data;
}

/* "/ipv4/ip_forward" is what the net calls "sys/net/ipv4/ip_forward".  Return: 0, -ENAMETOOLONG, -ENOENT; and its mode */
static int locate(const char *path, char name[static PATH_MAX], uint32_t *mode)
{
	int len = snprintf(name, PATH_MAX, "sys/net%s", strcmp(path, "/") != 0 ? path : "");

	return len >= PATH_MAX ? -ENAMETOOLONG : nethood_proc_mode(this()->net, name, mode);
}

static uint32_t permissions(const struct sysctlfs *fs, uint32_t mode)
{
	uid_t uid = fuse_get_context()->uid;

	return uid == fs->owner || !uid ? mode >> 6 & 7 : mode & 7;
}

static int fs_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	char name[PATH_MAX];
	uint32_t mode;
	int err = locate(path, name, &mode);

	(void)fi;
	if (err)
		return err;
	memset(st, 0, sizeof(*st));
	st->st_mode = mode;
	st->st_nlink = 1;
	st->st_uid = this()->owner;
	st->st_gid = this()->group;
	st->st_blksize = VALUE_BYTES;
	clock_gettime(CLOCK_REALTIME, &st->st_mtim);
	st->st_atim = st->st_ctim = st->st_mtim;
	return 0;
}

static int fs_access(const char *path, int mask)
{
	char name[PATH_MAX];
	uint32_t mode;
	int err = locate(path, name, &mode);

	if (err)
		return err;
	return (uint32_t)mask & ~permissions(this(), mode) ? -EACCES : 0;
}

static int fs_open(const char *path, struct fuse_file_info *fi)
{
	int access = fi->flags & O_ACCMODE;

	return fs_access(path, access == O_RDONLY ? R_OK : access == O_WRONLY ? W_OK : R_OK | W_OK);
}

/** struct slice - what of a text was asked for */
struct slice {
	char *to;
	size_t size_bytes, skip_bytes, got_bytes;
};

static int take(void *ctx, const char *text, size_t len_bytes)
{
	struct slice *s = ctx;
	size_t skip = s->skip_bytes < len_bytes ? s->skip_bytes : len_bytes;
	size_t want = len_bytes - skip < s->size_bytes - s->got_bytes ? len_bytes - skip : s->size_bytes - s->got_bytes;

	s->skip_bytes -= skip;
	memcpy(s->to + s->got_bytes, text + skip, want);
	s->got_bytes += want;
	return 0;
}

static int fs_read(const char *path, char *buf, size_t size_bytes, off_t offset, struct fuse_file_info *fi)
{
	struct slice s = { buf, size_bytes, (size_t)offset, 0 };
	char name[PATH_MAX];
	uint32_t mode;
	int err = locate(path, name, &mode);

	(void)fi;
	if (!err)
		err = nethood_proc_read(this()->net, name, take, &s);
	return err ? err : (int)s.got_bytes;
}

static int fs_write(const char *path, const char *buf, size_t size_bytes, off_t offset, struct fuse_file_info *fi)
{
	char name[PATH_MAX];
	uint32_t mode;
	int err = locate(path, name, &mode);

	(void)offset; /* as in the kernel each write is a value */
	(void)fi;
	if (!err)
		err = nethood_proc_write(this()->net, name, buf, size_bytes);
	return err ? err : (int)size_bytes;
}

/* What `>` does to a file before it writes; these have no length. */
static int fs_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	(void)size;
	return fi ? 0 : fs_access(path, W_OK);
}

static int fs_utimens(const char *path, const struct timespec tv[2], struct fuse_file_info *fi)
{
	(void)path;
	(void)tv;
	(void)fi;
	return 0;
}

/* ---- directories */

struct listing {
	void *buf;
	fuse_fill_dir_t fill;
};

static int fill(void *ctx, const char *name, uint32_t mode)
{
	const struct listing *l = ctx;
	const struct stat st = { .st_mode = mode };

	return l->fill(l->buf, name, &st, 0, 0) ? -ENOMEM : 0;
}

static int fs_readdir(const char *path, void *buf, fuse_fill_dir_t filler, off_t offset, struct fuse_file_info *fi,
		      enum fuse_readdir_flags flags)
{
	struct listing l = { buf, filler };
	char name[PATH_MAX];
	uint32_t mode;
	int err = locate(path, name, &mode);

	(void)offset;
	(void)fi;
	(void)flags;
	if (!err)
		err = fill(&l, ".", S_IFDIR);
	if (!err)
		err = fill(&l, "..", S_IFDIR);
	return err ? err : nethood_proc_each(this()->net, name, fill, &l);
}

/* ---- what nobody may do here, and what the kernel says of it */

static int fs_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	(void)path;
	(void)mode;
	(void)fi;
	return -ENOENT;
}

static int fs_mkdir(const char *path, mode_t mode)
{
	(void)path;
	(void)mode;
	return -ENOENT;
}

static int fs_unlink(const char *path)
{
	(void)path;
	return -EACCES;
}

static int fs_rename(const char *from, const char *to, unsigned flags)
{
	(void)from;
	(void)to;
	(void)flags;
	return -EACCES;
}

static int fs_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	(void)path;
	(void)mode;
	(void)fi;
	return -EPERM;
}

static int fs_chown(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *fi)
{
	(void)path;
	(void)uid;
	(void)gid;
	(void)fi;
	return -EPERM;
}

/* Nothing is remembered: devices come and go, and values change. */
static void *fs_init(struct fuse_conn_info *conn, struct fuse_config *cfg)
{
	(void)conn;
	cfg->direct_io = 1;
	cfg->entry_timeout = cfg->negative_timeout = cfg->attr_timeout = 0;
	return this();
}

static const struct fuse_operations ops = {
	.init = fs_init,
	.getattr = fs_getattr,
	.access = fs_access,
	.open = fs_open,
	.read = fs_read,
	.write = fs_write,
	.truncate = fs_truncate,
	.utimens = fs_utimens,
	.readdir = fs_readdir,
	.create = fs_create,
	.mkdir = fs_mkdir,
	.unlink = fs_unlink,
	.rmdir = fs_unlink,
	.rename = fs_rename,
	.chmod = fs_chmod,
	.chown = fs_chown,
};

/* ---- life */

bool sysctlfs_built(void)
{
	return true;
}

int sysctlfs_mount(void)
{
	char options[128];
	int fd, err;

	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) /* what is mounted here is seen here only */
		return -errno;
	fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=%u,group_id=%u,allow_other", fd,
		 (unsigned)S_IFDIR, geteuid(), getegid());
	if (mount("nethood", MOUNT_POINT, "fuse", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void sysctlfs_free(struct corpse *corpse)
{
	free(container_of(corpse, struct sysctlfs, corpse));
}

void sysctlfs_destroy(struct sysctlfs *fs)
{
	loop_del(fs->loop, &fs->watch);
	fuse_destroy(fs->fuse); /* closes the descriptor */
	free(fs->buf.mem);
	loop_bury(fs->loop, &fs->corpse, sysctlfs_free);
}

static void ready(struct watch *w, uint32_t events)
{
	struct sysctlfs *fs = container_of(w, struct sysctlfs, watch);
	struct fuse_session *se = fuse_get_session(fs->fuse);
	int n = 1;

	(void)events;
	for (unsigned i = 0; i < REQUESTS_AT_ONCE && n > 0; i++) {
		n = fuse_session_receive_buf(se, &fs->buf);
		if (n > 0)
			fuse_session_process_buf(se, &fs->buf);
	}
	if (fuse_session_exited(se) || (n < 0 && n != -EAGAIN && n != -EINTR && n != -ENOENT))
		fs->gone(fs->ctx);
}

static int make_fuse(struct sysctlfs *fs, int fd)
{
	char name[] = "nethood", where[32];
	char *argv[] = { name, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);

	fs->fuse = fuse_new(&args, &ops, sizeof(ops), fs);
	fuse_opt_free_args(&args);
	if (!fs->fuse)
		return -ENOMEM;
	snprintf(where, sizeof(where), "/dev/fd/%d", fd); /* it is mounted already */
	if (fuse_mount(fs->fuse, where) == 0)
		return 0;
	fuse_destroy(fs->fuse);
	return -EINVAL;
}

int sysctlfs_create(struct loop *loop, struct nethood_net *net, int fd, uid_t owner, void (*gone)(void *ctx), void *ctx,
		    struct sysctlfs **out)
{
	struct sysctlfs *fs = calloc(1, sizeof(*fs));
	int err = fs ? 0 : -ENOMEM;

	if (!err && fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		err = -errno;
	if (!err)
		err = make_fuse(fs, fd);
	if (err) {
		close(fd);
		free(fs);
		return err;
	}
	fs->loop = loop;
	fs->net = net;
	fs->owner = owner;
	fs->group = getegid();
	fs->gone = gone;
	fs->ctx = ctx;
	err = loop_add(loop, &fs->watch, fd, EPOLLIN, ready);
	if (err) {
		fuse_destroy(fs->fuse);
		free(fs);
		return err;
	}
	*out = fs;
	return 0;
}
