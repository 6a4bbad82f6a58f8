// SPDX-License-Identifier: BSD-2-Clause
/* Programs whose net is gone, and those of them that wait for connections.
 *
 * When the net's process dies, the kernel closes its ends of all carriers, which wakes whoever reads, writes or polls.  Only
 * a unix socket that listens has no other end.  So whoever is left looks for such sockets among the descriptors of
 * the program and its children, and shuts them.
 */
#include "wake.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define DEPTH_MAX 64U

/* It listens on a name of the abstract kind that the kernel chose: stream_listen.c. */
static bool is_ours(int fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNSPEC };
	socklen_t name_bytes = sizeof(name), len = sizeof(int);
	int listens = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens &&
	       getsockname(fd, (struct sockaddr *)&name, &name_bytes) == 0 && name.sun_family == AF_UNIX &&
	       name_bytes == sizeof(name.sun_family) + 6 && !name.sun_path[0];
}

static void wake_one(pid_t pid)
{
	char path[32];
	struct dirent *entry;
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = pidfd < 0 ? NULL : opendir(path);
	while (dir && (entry = readdir(dir))) {
		int fd = entry->d_name[0] == '.' ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, atoi(entry->d_name), 0);

		if (fd >= 0 && is_ours(fd))
			shutdown(fd, SHUT_RDWR);
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
	if (pidfd >= 0)
		close(pidfd);
}

static void wake_children(pid_t pid, const char *task, unsigned depth);

static void wake_tree(pid_t pid, unsigned depth)
{
	char path[32];
	struct dirent *entry;
	DIR *dir;

	wake_one(pid);
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = depth < DEPTH_MAX ? opendir(path) : NULL;
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			wake_children(pid, entry->d_name, depth);
	}
	if (dir)
		closedir(dir);
}

static void wake_children(pid_t pid, const char *task, unsigned depth)
{
	char path[320];
	int child;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/children", (int)pid, task);
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &child) == 1)
		wake_tree((pid_t)child, depth + 1);
	if (f)
		fclose(f);
}

void wake_listeners(pid_t pid)
{
	wake_tree(pid, 0);
}
