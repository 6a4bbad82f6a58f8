// SPDX-License-Identifier: BSD-2-Clause
/* Descriptors, for the drivers that have one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/driver_internal.h"

int sys_set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

void sys_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

const struct netdev_driver *fd_driver(int fd)
{
	struct ifreq ifr;
	int type = 0;
	socklen_t len = sizeof(type);

	if (fd < 0)
		return NULL;
	if (!getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len))
		return type == SOCK_STREAM ? &stream_driver : NULL;
	return ioctl(fd, TUNGETIFF, &ifr) < 0 ? NULL : &tap_driver;
}
