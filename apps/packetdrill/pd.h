/* SPDX-License-Identifier: BSD-2-Clause */
/* The adapter inside: one host of one script, its clock, its descriptors, and calls that block.
 *
 * Reading order: this file, interface.c, host.c (time and waiting), file.c, sock.c, msg.c, poll.c, pipe.c.
 *
 * Threads: all of a host is under its lock.  A call that would block becomes a `struct pd_wait` whose @try is made again
 * by whoever moves the host on; its thread sleeps on a condition until it was done.  So what a blocked call does happens
 * at its very moment of the virtual clock, however late the machine wakes the thread.
 *
 * Inside, errors are negative errno values; interface.c turns them into -1 and errno.
 */
#ifndef NETHOOD_PACKETDRILL_PD_H
#define NETHOOD_PACKETDRILL_PD_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "../run/netaddr.h"
#include "hooks.h"
#include "interface.h"
#include "nethood/nethood.h"

#define PD_EVER UINT64_MAX
#define PD_WOKEN_MAX 32
#define NS_PER_US 1000ULL
#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL

/** struct pd_config - what the flags say */
struct pd_config {
	struct netaddr local, gateway, remote; /**< all of the wire's family */
	uint32_t local_bits, remote_bits;
	uint32_t mtu;
	bool offload; /**< trains leave whole */
};
/** pd_config_parse() - Return: NULL; what is wrong, in words (static) */
const char *pd_config_parse(const char *flags, struct pd_config *out);

/** struct pd_packet - one that left the host and was not taken yet */
struct pd_packet {
	TAILQ_ENTRY(pd_packet) node;
	long long time_us;
	size_t len_bytes;
	uint8_t data[];
};

/** struct pd_wait - a call that blocks; lives on its thread's stack */
struct pd_wait {
	TAILQ_ENTRY(pd_wait) node;
	bool (*try)(void *arg); /**< true: it is done */
	void *arg;
	uint64_t deadline_ns;
	pthread_cond_t cond;
	pid_t tid;
	bool over;
	int result; /**< once it is over: 0, -EAGAIN: time is over, -EINTR: the host ends */
};

/** struct pd_woken - a thread whose call was done by another one: the clock stands until it has noticed */
struct pd_woken {
	pid_t tid;       /**< 0: free */
	bool left;       /**< it has left the call */
	unsigned looks;  /**< so often it was looked for */
	unsigned asleep; /**< so often in a row it was seen asleep elsewhere */
};

struct pd_file;
struct pd_sysctl;

struct pd {
	struct pd *next; /**< in the list of file.c */
	pthread_mutex_t lock;
	pthread_cond_t settled; /**< a thread of @woken came by */
	struct nethood_net *net;
	struct nethood_dev *dev;
	uint64_t now_ns;
	pid_t first_tid;  /**< who made it: that thread moves the clock, and so has nobody to wait for */
	unsigned blocked; /**< threads inside pd_wait() */
	TAILQ_HEAD(, pd_wait) waits;
	struct pd_woken woken[PD_WOKEN_MAX];
	TAILQ_HEAD(, pd_packet) packets;
	size_t packet_count;
	TAILQ_HEAD(, pd_sysctl) sysctls; /**< as they were read last */
	struct pd_file **files;          /**< by descriptor */
	int file_count;
};

/* ---- host.c */

/** pd_create() - @config NULL: a host without a net, whose socket() fails.  Return: 0, -errno */
int pd_create(const struct pd_config *config, struct pd **out);
/** pd_destroy() - blocked calls end with EINTR; @pd taken */
void pd_destroy(struct pd *pd);
void pd_enter(struct pd *pd);
/** pd_leave() - all that is due is done.  Return: @result, or -1 and errno */
long pd_leave(struct pd *pd, long result);
/** pd_wait() - do it now, or wait until it can be done; @timeout_ns from now, PD_EVER.  Return: as struct pd_wait's result */
int pd_wait(struct pd *pd, bool (*try)(void *arg), void *arg, uint64_t timeout_ns);
/** pd_sleep() - move the clock on */
void pd_sleep(struct pd *pd, uint64_t ns);
/** pd_wall_us() - microseconds since 1970 */
long long pd_wall_us(const struct pd *pd);
int pd_packet_in(struct pd *pd, const void *packet, size_t len_bytes);
int pd_packet_out(struct pd *pd, void *packet, size_t *len_bytes, long long *time_us);

/** pd_sysctls() - what the network namespace of this thread has set, or changed since the last time */
void pd_sysctls(struct pd *pd);
void pd_sysctls_forget(struct pd *pd);

/* ---- file.c: descriptors that stand for something */

enum pd_kind { PD_SOCK, PD_EPOLL, PD_PIPE_IN, PD_PIPE_OUT };
struct pd_pipe;
struct pd_item;

/** struct pd_file - what open(2) would make: one for all descriptors that were duplicated */
struct pd_file {
	struct pd *pd;
	enum pd_kind kind;
	unsigned refs; /**< descriptors, and calls that are under way */
	bool nonblock;
	bool stream; /**< SOCK: bytes, not datagrams */
	bool inet;
	struct nethood_sock *sk;
	struct pd_pipe *pipe;
	TAILQ_HEAD(item_list, pd_item) items; /**< EPOLL: what it watches */
	TAILQ_HEAD(, pd_item) watchers;       /**< items of epoll files that watch this one */
	ino_t ino;                            /**< of the placeholder: is the descriptor still it? */
};

/** pd_file_create() - @out: returned, with one reference and no descriptor.  Return: 0, -ENOMEM */
int pd_file_create(struct pd *pd, enum pd_kind kind, struct pd_file **out);
/** pd_file_install() - a new descriptor for it (a reference of its own).  Return: it, -errno */
int pd_file_install(struct pd_file *file, bool cloexec);
/** pd_file_dup() - another descriptor of at least @lowest.  Return: it, -errno */
int pd_file_dup(struct pd_file *file, int fd, int lowest, bool cloexec);
/** pd_file_get() - returned; NULL: the descriptor is not of this host */
struct pd_file *pd_file_get(struct pd *pd, int fd);
void pd_file_put(struct pd_file *file);
/** pd_file_leave() - a call on @file is done: pd_file_put(), pd_leave() */
long pd_file_leave(struct pd_file *file, long result);
/** pd_file_close() - Return: 0 */
int pd_file_close(struct pd_file *file, int fd);
void pd_files_close(struct pd *pd);
/** pd_list() - libc's calls find it, if the shim is there; pd_unlist() undoes it */
void pd_list(struct pd *pd);
void pd_unlist(struct pd *pd);

/* ---- sock.c; all: @file borrowed; -ENOTSOCK if it is none */

int pd_socket(struct pd *pd, int domain, int type, int protocol);
int pd_accept(struct pd_file *file, struct sockaddr *addr, socklen_t *len_bytes);
int pd_connect(struct pd_file *file, const struct sockaddr *addr, socklen_t len_bytes);
int pd_close(struct pd_file *file, int fd);
int pd_fcntl(struct pd_file *file, int fd, int command, void *arg);
int pd_ioctl(struct pd_file *file, int fd, unsigned long request, void *arg);
/** pd_sock_timeout_ns() - SO_RCVTIMEO or SO_SNDTIMEO of a socket that may wait; PD_EVER: it waits for ever */
uint64_t pd_sock_timeout_ns(const struct pd_file *file, int name);

/* ---- msg.c */

ssize_t pd_sendmsg(struct pd_file *file, const struct msghdr *msg, int flags);
ssize_t pd_recvmsg(struct pd_file *file, struct msghdr *msg, int flags);
/* read(2) and write(2), also of pipes */
ssize_t pd_readv(struct pd_file *file, const struct iovec *iov, int count);
ssize_t pd_writev(struct pd_file *file, const struct iovec *iov, int count);

/* ---- poll.c */

int pd_poll(struct pd *pd, struct pollfd *fds, nfds_t count, int timeout_ms);
int pd_epoll_create(struct pd *pd, int size);
int pd_epoll_ctl(struct pd_file *epoll, int op, int fd, const struct epoll_event *event);
int pd_epoll_wait(struct pd_file *epoll, struct epoll_event *events, int count, int timeout_ms);
uint32_t pd_readiness(const struct pd_file *file);
/** pd_file_ready() - something happened to it: an edge for who waits for edges */
void pd_file_ready(struct pd_file *file, uint32_t events);
/** pd_epoll_forget() - @file ends: nobody watches it, and it watches nothing */
void pd_epoll_forget(struct pd_file *file);

/* ---- pipe.c */

int pd_pipe(struct pd *pd, int fds[2]);
void pd_pipe_end(struct pd_file *file);
uint32_t pd_pipe_readiness(const struct pd_file *file);
/** pd_pipe_bytes() - what waits in it */
size_t pd_pipe_bytes(const struct pd_file *file);
size_t pd_pipe_room(const struct pd_file *file);
/** pd_pipe_resize() - Return: its room from now on, -EBUSY, -EINVAL, -ENOMEM */
int pd_pipe_resize(struct pd_file *file, int bytes);
ssize_t pd_pipe_readv(struct pd_file *file, const struct iovec *iov, int count);
ssize_t pd_pipe_writev(struct pd_file *file, const struct iovec *iov, int count);
ssize_t pd_splice(struct pd *pd, int fd_in, off64_t *offset_in, int fd_out, off64_t *offset_out, size_t len_bytes,
		  unsigned flags);
ssize_t pd_sendfile(struct pd_file *out, int in_fd, off64_t *offset, size_t count);

#endif
