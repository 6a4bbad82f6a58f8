/* SPDX-License-Identifier: BSD-2-Clause */
/* What a packetdrill asks of a stack that comes as a shared object.
 *
 * The order of the members is the contract; docs/PACKETDRILL.md says what each has to do.  A function takes @userdata
 * first, then what the libc call of its name takes; it answers -1 and errno as that does.
 */
#ifndef NETHOOD_PACKETDRILL_INTERFACE_H
#define NETHOOD_PACKETDRILL_INTERFACE_H

#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct packetdrill_interface {
	void *userdata; /**< the stack's own; given back with each call */
	void (*free)(void *userdata);
	int (*socket)(void *userdata, int domain, int type, int protocol);
	int (*bind)(void *userdata, int fd, const struct sockaddr *addr, socklen_t len_bytes);
	int (*listen)(void *userdata, int fd, int backlog);
	int (*accept)(void *userdata, int fd, struct sockaddr *addr, socklen_t *len_bytes);
	int (*connect)(void *userdata, int fd, const struct sockaddr *addr, socklen_t len_bytes);
	ssize_t (*read)(void *userdata, int fd, void *buf, size_t len_bytes);
	ssize_t (*readv)(void *userdata, int fd, const struct iovec *iov, int count);
	ssize_t (*recv)(void *userdata, int fd, void *buf, size_t len_bytes, int flags);
	ssize_t (*recvfrom)(void *userdata, int fd, void *buf, size_t len_bytes, int flags, struct sockaddr *from,
			    socklen_t *from_bytes);
	ssize_t (*recvmsg)(void *userdata, int fd, struct msghdr *msg, int flags);
	ssize_t (*write)(void *userdata, int fd, const void *buf, size_t len_bytes);
	ssize_t (*writev)(void *userdata, int fd, const struct iovec *iov, int count);
	ssize_t (*send)(void *userdata, int fd, const void *buf, size_t len_bytes, int flags);
	ssize_t (*sendto)(void *userdata, int fd, const void *buf, size_t len_bytes, int flags,
			  const struct sockaddr *to, socklen_t to_bytes);
	ssize_t (*sendmsg)(void *userdata, int fd, const struct msghdr *msg, int flags);
	int (*fcntl)(void *userdata, int fd, int command, ...);
	int (*ioctl)(void *userdata, int fd, unsigned long request, ...);
	int (*close)(void *userdata, int fd);
	int (*shutdown)(void *userdata, int fd, int how);
	int (*getsockopt)(void *userdata, int fd, int level, int name, void *value, socklen_t *len_bytes);
	int (*setsockopt)(void *userdata, int fd, int level, int name, const void *value, socklen_t len_bytes);
	int (*poll)(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms);
	/** a packet comes to the stack: IP header first.  Return: 0, -1 */
	int (*netdev_send)(void *userdata, const void *packet, size_t len_bytes);
	/** wait for a packet of the stack.  @len_bytes: in: room, out: its length, 0: none came in time; @time_us: when it
	 *  left, by the clock of gettimeofday.  Return: 0, -1 */
	int (*netdev_receive)(void *userdata, void *packet, size_t *len_bytes, long long *time_us);
	int (*usleep)(void *userdata, useconds_t us);
	int (*gettimeofday)(void *userdata, struct timeval *tv, struct timezone *tz);
	int (*epoll_create)(void *userdata, int size);
	int (*epoll_ctl)(void *userdata, int epfd, int op, int fd, struct epoll_event *event);
	int (*epoll_wait)(void *userdata, int epfd, struct epoll_event *events, int count, int timeout_ms);
	int (*pipe)(void *userdata, int fds[2]);
	ssize_t (*splice)(void *userdata, int fd_in, off64_t *offset_in, int fd_out, off64_t *offset_out,
			  size_t len_bytes, unsigned flags);
};
_Static_assert(sizeof(struct packetdrill_interface) == 33 * sizeof(void *), "userdata and 32 functions");

/**
 * packetdrill_interface_init() - a fresh host with one device, for one script
 * @flags: `IPVERSION,LOCAL/PREFIX,GATEWAY,REMOTE/PREFIX`, borrowed; NULL or empty: ipv4,192.168.0.1/16,192.168.0.2,192.0.2.0/24
 * @interface: filled in
 *
 * What is wrong with @flags is said on stderr; then there is no host, and socket() fails.
 */
void packetdrill_interface_init(const char *flags, struct packetdrill_interface *interface);

#endif
