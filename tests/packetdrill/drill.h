/* SPDX-License-Identifier: BSD-2-Clause */
/* A driver of libnethood-packetdrill.so, as a stranger would write one from docs/PACKETDRILL.md.
 *
 * It knows of nethood only that document: the structure is declared here once more, packets are made by hand, blocking
 * calls are made by a second thread that is looked at in /proc.
 */
#ifndef DRILL_H
#define DRILL_H

#include <arpa/inet.h>
#include <netinet/in.h> /* before linux/tcp.h and linux/in.h */

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

struct packetdrill_interface {
	void *userdata;
	void (*free)(void *);
	int (*socket)(void *, int, int, int);
	int (*bind)(void *, int, const struct sockaddr *, socklen_t);
	int (*listen)(void *, int, int);
	int (*accept)(void *, int, struct sockaddr *, socklen_t *);
	int (*connect)(void *, int, const struct sockaddr *, socklen_t);
	ssize_t (*read)(void *, int, void *, size_t);
	ssize_t (*readv)(void *, int, const struct iovec *, int);
	ssize_t (*recv)(void *, int, void *, size_t, int);
	ssize_t (*recvfrom)(void *, int, void *, size_t, int, struct sockaddr *, socklen_t *);
	ssize_t (*recvmsg)(void *, int, struct msghdr *, int);
	ssize_t (*write)(void *, int, const void *, size_t);
	ssize_t (*writev)(void *, int, const struct iovec *, int);
	ssize_t (*send)(void *, int, const void *, size_t, int);
	ssize_t (*sendto)(void *, int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	ssize_t (*sendmsg)(void *, int, const struct msghdr *, int);
	int (*fcntl)(void *, int, int, ...);
	int (*ioctl)(void *, int, unsigned long, ...);
	int (*close)(void *, int);
	int (*shutdown)(void *, int, int);
	int (*getsockopt)(void *, int, int, int, void *, socklen_t *);
	int (*setsockopt)(void *, int, int, int, const void *, socklen_t);
	int (*poll)(void *, struct pollfd *, nfds_t, int);
	int (*netdev_send)(void *, const void *, size_t);
	int (*netdev_receive)(void *, void *, size_t *, long long *);
	int (*usleep)(void *, useconds_t);
	int (*gettimeofday)(void *, struct timeval *, struct timezone *);
	int (*epoll_create)(void *, int);
	int (*epoll_ctl)(void *, int, int, int, struct epoll_event *);
	int (*epoll_wait)(void *, int, struct epoll_event *, int, int);
	int (*pipe)(void *, int[2]);
	ssize_t (*splice)(void *, int, loff_t *, int, loff_t *, size_t, unsigned);
};

/* ---- the host under test */

extern struct packetdrill_interface pd;
#define CALL0(name) pd.name(pd.userdata)
#define CALL(name, ...) pd.name(pd.userdata, __VA_ARGS__)
/** REFUSED() - the call fails with this errno */
#define REFUSED(error, call) \
	do { \
		errno = 0; \
		assert_int_equal(call, -1); \
		assert_int_equal(errno, (error)); \
	} while (0)

#define FLAGS "ipv4,192.168.0.1/16,192.168.0.2,192.0.2.0/24"
#define LOCAL "192.168.0.1"
#define REMOTE "192.0.2.1"
#define FLAGS6 "ipv6,fd3d:0a0b::1/64,fd3d:0a0b::2,2001:db8::/32"
#define LOCAL6 "fd3d:0a0b::1"
#define REMOTE6 "2001:db8::1"

/** drill_init() - packetdrill_interface_init() of the library that is tested */
void drill_init(const char *flags, struct packetdrill_interface *interface);
int host_begin(void **state);  /* fixtures of a test: a host in pd */
int host6_begin(void **state); /* one of IPv6 */
int host_end(void **state);
/** family - of the packets that are given and taken: set by those two */
extern int family;
/** own_netns - this process has a network namespace of its own, and may change its sysctls */
extern bool own_netns;
bool sysctl_write(const char *name, const char *value);

long long now_us(void); /* by the host's clock, which it moves */
struct sockaddr_in addr_of(const char *ip, uint16_t port);
struct sockaddr_in6 addr6_of(const char *ip, uint16_t port);
int tcp_socket(void); /* with the congestion control Reno, whatever the namespace says */
/** listening() - a socket on port 8080 */
int listening(void);
void set_nonblock(int fd, bool on);
void set_option(int fd, int level, int name, int value);

/* ---- packets */

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10
#define WIN 32768

/** struct flow - a connection with the host, or the other end of one; numbers count from 0, the SYN's */
struct flow {
	uint16_t local_port, remote_port;
	uint32_t local_isn, remote_isn;
};

/** struct seg - what came out of the host, checked for its sums */
struct seg {
	long long time_us;
	uint8_t raw[65536];
	size_t raw_bytes;
	uint8_t proto, ttl;
	uint16_t sport, dport, win, mss;
	uint32_t seq, ack; /* relative to the flow */
	uint8_t flags;
	bool sack_ok, timestamp, fastopen;
	int wscale; /* -1: not there */
	const uint8_t *data;
	size_t bytes;
};

/** give() - a segment to the host; @options of 4 octets each, up to @option_words */
void give(const struct flow *f, uint8_t flags, uint32_t seq, uint32_t ack, const void *data, size_t bytes);
void give_options(const struct flow *f, uint8_t flags, uint32_t seq, uint32_t ack, const uint8_t *options,
		  size_t option_bytes, const void *data, size_t bytes);
/** give_udp(), give_icmp() - likewise; the error, of the family's ICMP, quotes a packet that the host sent */
void give_udp(uint16_t from, uint16_t to, const void *data, size_t bytes);
void give_icmp(uint8_t type, uint8_t code, uint16_t mtu, const struct seg *about);
/** take() - the next packet of the host, which must be there; of @f, whose first SYN sets local_isn; NULL: of any */
struct seg *take(struct flow *f);
/** take_is() - the same, and it must be this one */
struct seg *take_is(struct flow *f, uint8_t flags, uint32_t seq, size_t bytes, uint32_t ack);
/** fill() - a pattern that depends on the place in the stream */
void fill(uint8_t *data, size_t bytes, size_t at);

/** accepted() - a connection of the host's by @listener, over a path of 100 ms */
int accepted(int listener, struct flow *f);

/* ---- a second thread */

enum job_kind {
	JOB_ACCEPT,
	JOB_CONNECT,
	JOB_READ,
	JOB_RECV_ALL,
	JOB_WRITE,
	JOB_POLL,
	JOB_EPOLL,
	JOB_CLOSE,
	JOB_SPLICE
};

/** struct job - a call that blocks */
struct job {
	enum job_kind kind;
	int fd, other_fd;
	void *buf;
	size_t bytes;
	int timeout_ms;
	/* set by the thread */
	long ret;
	int error;
	long long end_us; /* what the clock showed when it was back */
	/* for begin() and end() */
	pthread_t thread;
	pid_t tid;
	bool back;
};
/** begin() - start the call, and see its thread fall asleep without using the processor */
void begin(struct job *job);
/** asleep() - it has not come back */
void asleep(const struct job *job);
/** end() - it comes back now.  Return: what it returned; errno is set */
long end(struct job *job);

/* ---- tests */

extern const struct CMUnitTest tcp_tests[], call_tests[], ipv6_tests[];
extern const size_t tcp_test_count, call_test_count, ipv6_test_count;
extern const struct CMUnitTest shim_test, no_shim_test; /* one of the two: is the preload shim there? */

#endif
