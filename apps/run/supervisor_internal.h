/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the supervisor know of each other.
 *
 *	listener --notification--> call --descriptor--> carrier --> socket of the net
 *
 * A call is one trapped system call.  A carrier is one socket of the net with the unix socket pair that stands for it: one
 * end is the program's descriptor, the other is watched here.
 */
#ifndef NETHOOD_RUN_SUPERVISOR_INTERNAL_H
#define NETHOOD_RUN_SUPERVISOR_INTERNAL_H

#include <limits.h>
#include <linux/seccomp.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "bypass.h"
#include "supervisor.h"
#include "sysctlfs.h"
#include "task.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

#define TAILQ_FOREACH_SAFE(var, head, field, next) \
	for ((var) = TAILQ_FIRST(head); (var) && ((next) = TAILQ_NEXT(var, field), 1); (var) = (next))

#define IOV_COUNT_MAX 1024U             /* UIO_MAXIOV */
#define DATA_BYTES_MAX (256U * 1024U)   /* of one message */
#define CONTROL_BYTES_MAX (20U * 1024U) /* net.core.optmem_max is about that */
#define OPTION_BYTES_MAX (64U * 1024U)
#define CARRIERS_MAX 65536U
#define WAITS_MAX 65536U
#define LASTCLOSE_BUCKETS 1024U /* a power of two */

struct call;
struct carrier;

/* ------------------------------------------------------------------ messages */

/** struct packet - a datagram with what was told about it, outside of any socket */
struct packet {
	struct sockaddr_storage name;
	socklen_t name_bytes;
	uint8_t *control;
	size_t control_bytes;
	uint8_t *data;
	size_t data_bytes; /**< as many as there are; never more than were asked for */
	size_t full_bytes; /**< length of the datagram */
	int flags;         /**< MSG_TRUNC, MSG_CTRUNC, MSG_ERRQUEUE */
};

/** struct user_msg - where in the program's memory a message is, or shall be */
struct user_msg {
	uint64_t name_at;
	socklen_t name_bytes;
	uint64_t name_bytes_at; /**< 0: nowhere */
	uint64_t control_at;
	size_t control_bytes;
	uint64_t header_at; /**< struct msghdr; 0: there is none */
	uint64_t len_at;    /**< msg_len of a struct mmsghdr; 0: none */
	struct iovec iov[IOV_COUNT_MAX];
	size_t iov_count, total_bytes;
	int flags;
};

/* ------------------------------------------------------------------ calls */

/* Besides 0 or more, and -errno, a handler may say: */
#define CALL_CONTINUE LONG_MIN   /* not ours: let the kernel do it */
#define CALL_WAIT (LONG_MIN + 1) /* the answer comes later */
#define CALL_ANSWERED (LONG_MIN + 2)
#define CALL_GONE CALL_ANSWERED  /* nobody waits for an answer any more, and nothing was done */
#define CALL_OURS (LONG_MIN + 3) /* of carrier_ops.pass: the kernel cannot do it */

/** struct call - one trapped system call, while it is being handled */
struct call {
	struct supervisor *sv;
	struct listener *listener;
	const struct seccomp_notif *rq;
	struct task *task;
	int fd;                  /**< duplicate of the program's descriptor; -1: none was taken */
	struct carrier *carrier; /**< what it belongs to; NULL: not ours */
	bool wait_to_send;       /**< with CALL_WAIT: for room, not for data */
	bool no_wait;            /**< answer -EAGAIN rather than CALL_WAIT: something was done already */
	int timeout_error;       /**< what a call that waited too long returns; 0: -EAGAIN */
	/** undone when the answer did not arrive; NULL: the call must not be carried out again */
	void (*undo)(struct call *c);
	struct packet taken;
	int taken_error;
};

static inline uint64_t call_arg(const struct call *c, size_t i)
{
	return c->rq->data.args[i];
}
static inline pid_t call_tid(const struct call *c)
{
	return (pid_t)c->rq->pid;
}

/** struct wait - a call that is not answered yet */
struct wait {
	TAILQ_ENTRY(wait) of_carrier;
	TAILQ_ENTRY(wait) of_supervisor;
	struct carrier *carrier;
	struct listener *listener;
	bool to_send;
	int timeout_error;
	uint64_t deadline_ns; /**< UINT64_MAX: for ever */
	struct seccomp_notif rq;
};
TAILQ_HEAD(wait_list, wait);

/** struct listener - where the calls of one tree of programs come from */
struct listener {
	struct corpse corpse;
	struct watch watch;
	struct supervisor *sv;
	LIST_ENTRY(listener) link;
	void (*gone)(void *ctx);
	void *ctx;
	struct seccomp_notif held; /**< received, and not run yet */
	bool holds, ripe;          /**< ripe: there was a wait in between */
	bool sysctl_mounted;       /**< they see the net's sysctls under /proc/sys/net: sysctlfs.c */
};

/** call_run() - handle a notification, and answer it.  Return: false when it waits (again) */
bool call_run(struct listener *ls, const struct seccomp_notif *rq);
/** call_answer() - Return: false when nobody waits for it any more */
bool call_answer(const struct listener *ls, uint64_t id, long result);
/** call_valid() - false: a signal or death came in between */
bool call_valid(const struct listener *ls, uint64_t id);
/** call_may_wait() - is the program's descriptor a blocking one, and the call too? */
bool call_may_wait(const struct call *c, int flags);

/** struct call_kind - what a trapped call needs, and who handles it */
struct call_kind {
	int nr;
	enum { NO_SOCKET, ANY_SOCKET, OUR_SOCKET } needs;
	long (*fn)(struct call *c);
	bool hurries; /**< it is about a message: whether other sockets were closed meanwhile is nothing to it */
};
/** call_kind() - NULL: a call that is nobody's */
const struct call_kind *call_kind(int nr);

/** call_foreign() - on a descriptor that is not ours.  Return: CALL_CONTINUE, -EPROTONOSUPPORT */
long call_foreign(const struct call *c);

/**
 * call_install_fd() - put a descriptor into the program's table, whose call is not answered by that
 * @fd: borrowed
 * @flags: SOCK_NONBLOCK, SOCK_CLOEXEC
 * Return: its number there; -ENOENT, -EINPROGRESS: nobody waits for it any more; -errno
 */
long call_install_fd(const struct call *c, int fd, int flags);
/** call_replace_fd() - @fd, borrowed, stands where the program's descriptor was.  Return: 0 or more; -errno */
int call_replace_fd(const struct call *c, int fd);
/** call_installed() - the program has @fd: tell it, now or when a signal that came between the two has been served */
void call_installed(const struct call *c, long fd);

void wait_add(struct call *c);
void wait_end(struct supervisor *sv, struct wait *w);
/** waits_retry() - calls that waited for this carrier are tried again, in their order */
void waits_retry(struct carrier *cr, bool to_send);
void waits_expire(struct supervisor *sv, uint64_t now_ns);
void waits_end_of(struct supervisor *sv, const struct listener *ls);

/** call_write_peer() - whom accept(2) found, where the program wants it.  Return: 0, -EFAULT, -EINVAL, -ESRCH: it is gone */
int call_write_peer(const struct call *c, const struct sockaddr_storage *name, socklen_t name_bytes);

/** call_bypass() - if @name is an address that passes, the program gets a socket of the host.  Return: CALL_CONTINUE, CALL_OURS: it
 *  does not pass; -errno */
long call_bypass(struct call *c, const struct sockaddr_storage *name, socklen_t name_bytes);

/* call_msg.c, call_ioctl.c, call_open.c */
long call_sendto(struct call *c);
long call_sendmsg(struct call *c);
long call_sendmmsg(struct call *c);
long call_recvfrom(struct call *c);
long call_recvmsg(struct call *c);
long call_recvmmsg(struct call *c);
long call_ioctl(struct call *c);
long call_open(struct call *c);
/** call_deliver() - write a packet to where @m says.  Return: what recvmsg(2) returns, -EFAULT, -EINTR */
long call_deliver(struct call *c, const struct user_msg *m, const struct packet *p);

/* ------------------------------------------------------------------ carriers */

/** struct carrier_ops - one kind of carrier: dgram.c, stream.c.  What is NULL is not asked for, or the socket's own */
struct carrier_ops {
	size_t bytes;  /**< of what begins with a struct carrier */
	bool any_part; /**< of what is to be sent, the beginning alone will do */
	/** own end: the program wrote, read or closed */
	void (*event)(struct carrier *cr, uint32_t events);
	/** the socket of the net became ready; waiting calls were served before */
	void (*flush)(struct carrier *cr);
	/** the program's last descriptor was closed: lastclose.c */
	void (*closed)(struct carrier *cr);
	/** Return: CALL_CONTINUE: the kernel does it at the program's end; CALL_OURS; or the answer, as -errno */
	long (*pass)(struct call *c, const struct user_msg *m, bool to_send);
	/** is a message without an address the kernel's, whatever descriptor it is for?  NULL: never */
	bool (*lets_through)(struct carrier *cr, int flags, bool to_send);
	/** @p: name, control, data.  Return: bytes, -EAGAIN, -errno */
	long (*send)(struct call *c, const struct packet *p, int flags);
	/** take one message and deliver it */
	long (*recv)(struct call *c, const struct user_msg *m);
	long (*connect)(struct call *c, const struct sockaddr *name, socklen_t len_bytes);
	long (*listen)(struct call *c, int backlog);
	/** @flags: SOCK_NONBLOCK, SOCK_CLOEXEC.  Return: CALL_ANSWERED, CALL_WAIT, -errno */
	long (*accept)(struct call *c, int flags);
	int (*shutdown)(struct call *c, int how);
	/** an option of the socket is to be set.  Return: 0, CALL_CONTINUE: only the program's end has it; -errno */
	long (*set_option)(struct call *c, int level, int name, const void *value, socklen_t len_bytes);
	/** the same before one is read */
	long (*get_option)(struct call *c, int level, int name);
	/** requests of ioctl(2) about queues.  Return: 0: @value is told, CALL_CONTINUE, -errno */
	long (*ioctl)(struct call *c, uint32_t request, int *value);
	/** an error may have been seen by other means than a receive */
	void (*settle)(struct call *c);
	void (*exit)(struct carrier *cr);
};

struct carrier {
	struct corpse corpse;
	struct watch watch;
	const struct carrier_ops *ops;
	struct supervisor *sv;
	struct nethood_sock *sk;
	uint64_t cookie; /**< of the program's end */
	struct carrier *hash_next;
	TAILQ_ENTRY(carrier) dirty_link;
	TAILQ_ENTRY(carrier) link;
	struct wait_list waits;
	pid_t seen_tid; /**< who used it last, and by which descriptor */
	int seen_fd;
	int wd; /**< lastclose.c; 0: none */
	struct carrier *wd_next;
	int domain;
	bool dirty, dead;
	bool connected;  /**< all that comes has one source */
	bool error_news; /**< an error came that pollers were not told of */
	bool peer_shut;  /**< own end saw that nothing more will be written, or all is closed */
	bool hung_up;    /**< own end saw that all is closed; there was still something to be sent */
	bool shut_rd, shut_wr;

	/* to the program */
	unsigned in_flight;   /**< written to own end since it was last seen empty */
	bool marker;          /**< what is in flight is no datagram but the news of an error */
	struct packet flying; /**< name and control of the one in flight; no data */
	struct packet *held;  /**< read from the socket, must wait until nothing is in flight */
	int error;            /**< taken from the socket, nobody was told */
	size_t largest_read_bytes;

	/* from the program */
	struct packet *tx_held; /**< read from own end; the socket had no room */
	bool tx_more;           /**< there was more than was done at once */
	bool tx_junk;           /**< the program's end was filled, so that it does not look writable */
};
TAILQ_HEAD(carrier_list, carrier);

extern const struct carrier_ops dgram_ops, stream_ops;

/**
 * carrier_create() - what belongs to a socket and to @program_end
 * @sk: borrowed, until carrier_destroy(), which closes it
 * @own_end: of the pair, taken on success; -1: there is none yet: carrier_watch()
 * @program_end: borrowed
 * Return: 0, -ENFILE, -ENOMEM, -errno
 */
int carrier_create(struct supervisor *sv, struct nethood_sock *sk, const struct carrier_ops *ops, int own_end,
		   int program_end, struct carrier **out);
/** carrier_watch() - it has an own end now; @own_end: taken on success.  Return: 0, -errno */
int carrier_watch(struct carrier *cr, int own_end);
/** carrier_unwatch() - close the own end */
void carrier_unwatch(struct carrier *cr);
/** carrier_rekey() - @program_end is another one from now on.  Return: 0, -errno */
int carrier_rekey(struct carrier *cr, int program_end);
/** carrier_program_end() - a duplicate of the program's end, for which somebody's table is asked.  Return: it; -1: not found */
int carrier_program_end(struct carrier *cr);
/**
 * carrier_install() - give the program its end of the carrier, and answer the call with it
 * @program_end: taken, also on error
 * @flags: SOCK_NONBLOCK, SOCK_CLOEXEC
 * Return: CALL_ANSWERED, and the program has it; -ENOENT: nobody waits for it; -errno
 */
long carrier_install(struct call *c, struct carrier *cr, int program_end, int flags);
/** carrier_open() - a carrier for the new socket @sk, taken.  Return: CALL_ANSWERED, -errno */
long carrier_open(struct call *c, struct nethood_sock *sk, int domain, int type, int flags);
/** dgram_open(), stream_open() - Return: 0, -errno; then @sk is not taken */
int dgram_open(struct supervisor *sv, struct nethood_sock *sk, int *program_end, struct carrier **out);
int stream_open(struct supervisor *sv, struct nethood_sock *sk, int *program_end, struct carrier **out);
/** carrier_find() - the one that a duplicate of a program's descriptor belongs to.  Return: 0; -ENOTSOCK */
int carrier_find(struct supervisor *sv, int fd, struct carrier **out);
/** carrier_of_cookie() - NULL: none */
struct carrier *carrier_of_cookie(struct supervisor *sv, uint64_t cookie);
/** carrier_seen() - the caller's descriptor @fd is the program's end */
void carrier_seen(struct call *c, struct carrier *cr, int fd);
void carrier_destroy(struct carrier *cr);
/** carrier_mark() - flush it before the next wait */
void carrier_mark(struct carrier *cr);

/* lastclose.c */
int lastclose_init(struct supervisor *sv);
void lastclose_exit(struct supervisor *sv);
/** lastclose_watch() - tell cr->ops->closed() of the last close(2) of the program's end; once.  Return: 0, -errno */
int lastclose_watch(struct carrier *cr, int program_end);
void lastclose_forget(struct carrier *cr);

/** packet_copy() - all in one piece of memory; free() ends it.  NULL: no memory */
struct packet *packet_copy(const struct packet *p);

/* ------------------------------------------------------------------ the supervisor */

struct dev_watch {
	struct watch watch;
	struct supervisor *sv;
	struct nethood_dev *dev;
	LIST_ENTRY(dev_watch) link;
};

/** struct sysctl_mount - the net's sysctls, as the programs of one mount namespace see them */
struct sysctl_mount {
	struct sysctlfs *fs;
	LIST_ENTRY(sysctl_mount) link;
};

struct supervisor {
	struct loop loop;
	struct nethood_net *net;
	uid_t owner;
	const struct bypass *bypass; /**< NULL: nothing passes */
	struct tasks tasks;
	struct nethood_sock *any; /**< for requests about devices on sockets that are not ours */

	struct carrier **bucket; /**< by cookie */
	size_t bucket_mask, carrier_count;
	struct carrier_list carriers, dirty;

	LIST_HEAD(, listener) listeners;
	unsigned listener_count;
	LIST_HEAD(, dev_watch) devs;
	LIST_HEAD(, sysctl_mount) sysctls;

	struct wait_list waits; /**< those with a deadline */
	unsigned wait_count;
	uint64_t next_wait_ns; /**< not later than the earliest deadline */

	struct watch closes; /**< lastclose.c: inotify(7) */
	struct carrier *closes_bucket[LASTCLOSE_BUCKETS];
	int stream_fd; /**< where the program's end of a connection is connected to: stream_connect.c; -1: nowhere yet */
	struct sockaddr_un stream_name;
	socklen_t stream_name_bytes;

	void (*idle)(void *ctx);
	void *idle_ctx;

	/* room for the call at hand */
	struct user_msg msg;
	struct iovec iov[IOV_COUNT_MAX + 8];
	uint8_t control[CONTROL_BYTES_MAX];
	uint8_t option[OPTION_BYTES_MAX];
	uint8_t data[DATA_BYTES_MAX];
};

#endif
