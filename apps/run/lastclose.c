// SPDX-License-Identifier: BSD-2-Clause
/* The program's last close(2) of a descriptor whose other end does not tell of it.
 *
 * A unix socket that is not connected, that listens, or whose two directions are both shut looks the same before and after
 * the last of its descriptors is closed; and own end, once it is closed to show an error, tells nothing.  inotify(7) does:
 * a watch of the socket's inode, by way of /proc/self/fd, gets IN_CLOSE when its file ends, which dup, fork and SCM_RIGHTS
 * do not change.  The watch holds no descriptor.  It is set while the program's end is at hand: after fork(2) or dup(2)
 * nobody knows where that is.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "supervisor_internal.h"

static struct carrier **bucket_of(struct supervisor *sv, int wd)
{
	return &sv->closes_bucket[(unsigned)wd & (LASTCLOSE_BUCKETS - 1)];
}

static void unhash(struct carrier *cr)
{
	struct carrier **p = bucket_of(cr->sv, cr->wd);

	while (*p != cr)
		p = &(*p)->wd_next;
	*p = cr->wd_next;
	cr->wd = 0;
}

static void tell(struct supervisor *sv, int wd)
{
	struct carrier *cr = *bucket_of(sv, wd);

	while (cr && cr->wd != wd)
		cr = cr->wd_next;
	if (!cr)
		return; /* it has ended otherwise */
	unhash(cr);     /* the kernel has forgotten it, too */
	cr->ops->closed(cr);
}

static void closes_event(struct watch *w, uint32_t events)
{
	struct supervisor *sv = container_of(w, struct supervisor, closes);
	char buf[64 * sizeof(struct inotify_event)]; /* without names */
	struct inotify_event ev;
	ssize_t n;

	(void)events;
	while ((n = read(w->fd, buf, sizeof(buf))) > 0) {
		for (size_t at = 0; at + sizeof(ev) <= (size_t)n; at += sizeof(ev)) {
			memcpy(&ev, buf + at, sizeof(ev));
			if (ev.mask & IN_CLOSE)
				tell(sv, ev.wd);
		}
	}
}

int lastclose_watch(struct carrier *cr, int program_end)
{
	struct supervisor *sv = cr->sv;
	char path[32];
	int wd;

	if (cr->wd)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", program_end);
	wd = inotify_add_watch(sv->closes.fd, path, IN_CLOSE | IN_ONESHOT);
	if (wd < 0)
		return -errno;
	cr->wd = wd;
	cr->wd_next = *bucket_of(sv, wd);
	*bucket_of(sv, wd) = cr;
	return 0;
}

void lastclose_forget(struct carrier *cr)
{
	if (!cr->wd)
		return;
	inotify_rm_watch(cr->sv->closes.fd, cr->wd);
	unhash(cr);
}

int lastclose_init(struct supervisor *sv)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), err;

	sv->closes.fd = -1;
	if (fd < 0)
		return -errno;
	err = loop_add(&sv->loop, &sv->closes, fd, EPOLLIN, closes_event);
	if (err)
		close(fd);
	return err;
}

void lastclose_exit(struct supervisor *sv)
{
	int fd = sv->closes.fd;

	if (fd < 0)
		return;
	loop_del(&sv->loop, &sv->closes);
	close(fd);
}
