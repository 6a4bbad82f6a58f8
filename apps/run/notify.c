// SPDX-License-Identifier: BSD-2-Clause
/* What is said to the kernel about trapped calls.
 *
 * @linux Documentation/userspace-api/seccomp_filter.rst, "Userspace Notification"
 */
#include "notify.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

/* Linux 6.6: wake the other side on this CPU, for this one goes to sleep at once. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t)
#endif
#define NOTIF_FD_SYNC_WAKE_UP UINT64_C(1)

int notify_check(int fd)
{
	uint64_t id = 0;

	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0 && errno != ENOENT)
		return -EINVAL;
	ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, NOTIF_FD_SYNC_WAKE_UP); /* older kernels: slower, no worse */
	return 0;
}

int notify_receive(int fd, struct seccomp_notif *rq)
{
	memset(rq, 0, sizeof(*rq)); /* the kernel insists */
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, rq) < 0 ? -errno : 0;
}

int notify_send(int fd, const struct seccomp_notif_resp *resp)
{
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, resp) < 0 ? -errno : 0;
}

int notify_add_fd(int fd, const struct seccomp_notif_addfd *add)
{
	int number = ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, add);

	if (number >= 0)
		return number;
	/* ESRCH: it went while we waited; EINPROGRESS: it has an answer */
	return errno == ESRCH || errno == EINPROGRESS ? -ENOENT : -errno;
}

bool notify_valid(int fd, uint64_t id)
{
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}
