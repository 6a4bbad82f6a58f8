// SPDX-License-Identifier: BSD-2-Clause
/* Descriptors, for the drivers that have one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/driver_internal.h"
#include "net.h"

#define LINK_CHECK_INTERVAL_NS (500 * NSEC_PER_MSEC)

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

ssize_t sys_read(const struct net_device *dev, enum rec_input what, int fd, void *buf, size_t room_bytes)
{
	struct recorder *rec = dev->net->rec;
	ssize_t n;

	if (rec_again(rec))
		return rec_input_again(rec, dev->ifindex, what, buf, room_bytes);
	n = read(fd, buf, room_bytes);
	if (n < 0)
		n = -errno;
	return unlikely(rec) ? rec_input(rec, dev->ifindex, what, n, buf, n > 0 ? (size_t)n : 0) : n;
}

/* What went out as a whole needs no word. */
ssize_t sys_sent(const struct net_device *dev, ssize_t n, size_t whole_bytes)
{
	struct recorder *rec = dev->net->rec;

	if (unlikely(rec && n != (ssize_t)whole_bytes))
		rec_refused(rec, n);
	return n;
}

ssize_t sys_sent_again(const struct net_device *dev, size_t whole_bytes)
{
	return rec_refused_again(dev->net->rec, (ssize_t)whole_bytes);
}

ssize_t sys_sendmsg(const struct net_device *dev, int fd, const struct msghdr *msg, size_t whole_bytes)
{
	ssize_t n;

	if (rec_again(dev->net->rec))
		return sys_sent_again(dev, whole_bytes);
	do /* one piece costs the system less than a list of one */
		n = msg->msg_iovlen == 1 ? send(fd, msg->msg_iov->iov_base, msg->msg_iov->iov_len, MSG_NOSIGNAL)
					 : sendmsg(fd, msg, MSG_NOSIGNAL);
	while (unlikely(n < 0 && errno == EINTR));
	return sys_sent(dev, unlikely(n < 0) ? -errno : n, whole_bytes);
}

ssize_t sys_writev(const struct net_device *dev, int fd, const struct iovec *iov, int pieces, size_t whole_bytes)
{
	ssize_t n;

	if (rec_again(dev->net->rec))
		return sys_sent_again(dev, whole_bytes);
	do /* one piece costs the system less than a list of one */
		n = pieces == 1 ? write(fd, iov->iov_base, iov->iov_len) : writev(fd, iov, pieces);
	while (unlikely(n < 0 && errno == EINTR));
	return sys_sent(dev, unlikely(n < 0) ? -errno : n, whole_bytes);
}

u32 sys_news(const struct net_device *dev, enum rec_input what, u32 was, u32 is)
{
	struct recorder *rec = dev->net->rec;

	if (likely(!rec))
		return is;
	if (rec->replay)
		return (u32)rec_input_differs(rec, dev->ifindex, what, was);
	if (is != was)
		rec_input(rec, dev->ifindex, what, is, NULL, 0);
	return is;
}

/* ---- an interface of the host's */

bool sys_if_running(int fd, const char name[static IFNAMSIZ])
{
	struct ifreq ifr = { .ifr_flags = 0 };

	memcpy(ifr.ifr_name, name, IFNAMSIZ);
	return ioctl(fd, SIOCGIFFLAGS, &ifr) == 0 && (ifr.ifr_flags & IFF_UP) && (ifr.ifr_flags & IFF_RUNNING);
}

static bool host_link_running(const struct host_link *l)
{
	struct recorder *rec = l->dev->net->rec;
	bool up;

	if (rec_again(rec))
		return rec_input_again(rec, l->dev->ifindex, REC_IN_LINK, NULL, 0) == 1;
	up = l->running(l->dev);
	return unlikely(rec) ? rec_input(rec, l->dev->ifindex, REC_IN_LINK, up, NULL, 0) : up;
}

void host_link_down(struct host_link *l)
{
	mod_timer(l->dev->net->timers, &l->timer, l->dev->net->now + LINK_CHECK_INTERVAL_NS);
	netdev_link(l->dev, false);
}

void host_link_look(struct host_link *l)
{
	if (host_link_running(l))
		netdev_link(l->dev, true);
	else
		host_link_down(l);
}

static void host_link_timer(struct timer *t)
{
	host_link_look(container_of(t, struct host_link, timer));
}

void host_link_stop(struct host_link *l)
{
	timer_delete(l->dev->net->timers, &l->timer);
	netdev_link(l->dev, false);
}

void host_link_setup(struct host_link *l, struct net_device *dev, bool (*running)(const struct net_device *dev))
{
	l->dev = dev;
	l->running = running;
	timer_setup(&l->timer, host_link_timer);
}

/* ---- open */

int sys_opened(const struct net_device *dev, int result, char name[static IFNAMSIZ])
{
	struct recorder *rec = dev->net->rec;

	if (rec_again(rec))
		return (int)rec_input_again(rec, 0, REC_IN_OPEN, name, IFNAMSIZ - 1);
	return unlikely(rec) ? (int)rec_input(rec, 0, REC_IN_OPEN, result, name, IFNAMSIZ - 1) : result;
}

static const struct netdev_driver *find_fd_driver(int fd)
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

const struct netdev_driver *fd_driver(struct net *net, int fd)
{
	static const struct netdev_driver *const known[] = { NULL, &tap_driver, &stream_driver };
	const struct netdev_driver *drv;
	ssize_t which;

	if (rec_again(net->rec)) {
		which = rec_input_again(net->rec, 0, REC_IN_DRIVER, NULL, 0);
		return which >= 0 && which < (ssize_t)ARRAY_SIZE(known) ? known[which] : NULL;
	}
	drv = find_fd_driver(fd);
	if (unlikely(net->rec))
		rec_input(net->rec, 0, REC_IN_DRIVER, drv == &tap_driver ? 1 : drv == &stream_driver ? 2 : 0, NULL, 0);
	return drv;
}
