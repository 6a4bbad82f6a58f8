// SPDX-License-Identifier: BSD-2-Clause
/* resolv.conf for one program: in a mount namespace of its own, over the host's, which stays as it is.
 *
 * The file lies in a file system in memory that nobody else sees: mounted for a moment over some directory, bound over
 * /etc/resolv.conf, and taken away from that directory again.
 */
#include "resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESOLV_CONF "/etc/resolv.conf"

static int write_all(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len || fchmod(fd, 0644) < 0) /* whatever the umask */
		err = -EIO;
	close(fd);
	return err;
}

static int bind_from(const char *dir, const char *text)
{
	char path[64];
	int err;

	if (mount("tmpfs", dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,mode=755") < 0)
		return -errno;
	snprintf(path, sizeof(path), "%s/resolv.conf", dir);
	err = write_all(path, text);
	if (!err && mount(path, RESOLV_CONF, NULL, MS_BIND, NULL) < 0)
		err = -errno;
	if (umount2(dir, MNT_DETACH) < 0 && !err)
		err = -errno;
	return err;
}

int resolver_mount(const char *text)
{
	static const char *const dirs[] = { "/tmp", "/mnt", "/run" };
	int err = -ENOENT;

	/* what is mounted here the host must not see; what the host mounts may be seen here */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	for (size_t i = 0; err && i < sizeof(dirs) / sizeof(dirs[0]); i++)
		err = bind_from(dirs[i], text);
	return err;
}
