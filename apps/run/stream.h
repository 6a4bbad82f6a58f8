/* SPDX-License-Identifier: BSD-2-Clause */
/* A TCP socket and the unix stream socket that stands for it: what the stream*.c know of each other. */
#ifndef NETHOOD_RUN_STREAM_H
#define NETHOOD_RUN_STREAM_H

#include "supervisor_internal.h"

#define STREAM_TOKENS 64U
#define STREAM_LEND_BYTES (1024 * 1024) /* as far as net.core.wmem_max lets it */
#define STREAM_ROOM_BYTES (104 * 1024)  /* what net.core.wmem_default says, nearly everywhere; the kernel doubles it */

enum stream_state {
	STREAM_IDLE, /**< no peer; the program's end is as fresh as the socket */
	STREAM_LISTENING,
	STREAM_CONNECTING, /**< the program's end is full of junk */
	STREAM_OPEN,
	STREAM_OVER, /**< failed or reset; there is no own end any more */
};

/** struct stream_child - accepted from the net, but not by the program */
struct stream_child {
	struct nethood_sock *sk;
	struct sockaddr_storage name;
	socklen_t name_bytes;
};

/** struct stream_backlog - of one that listens.  A token is a connection in the unix socket's accept queue, which makes it
 *  readable: there are as many as the net's socket has waiting. */
struct stream_backlog {
	struct sockaddr_un name;
	socklen_t name_bytes;
	int token[STREAM_TOKENS]; /**< own ends, in the order in which they will be accepted */
	unsigned first, count;
	bool has_child; /**< a signal kept it from the program */
	struct stream_child child;
};

/** struct stream_held - bytes that were read at own end, and for which the net's socket had no room */
struct stream_held {
	uint8_t *data;
	size_t at, len_bytes;
};

struct stream {
	struct carrier cr;
	enum stream_state state;
	size_t junk_bytes;
	bool rx_shut;      /**< the program gets nothing more: the peer has finished, or the program does not read */
	bool tx_shut;      /**< the program said that it writes nothing more */
	bool fin;          /**< all that it wrote is in the net's socket, with the end */
	bool written;      /**< own end may have something: it was not seen empty since it said so */
	bool closed;       /**< there is no program any more, only what it wrote */
	bool poisoned;     /**< the program's end was given an error */
	bool tuned;        /**< options were set that the program's end has, too */
	bool urgent;       /**< the peer has sent urgent data */
	bool reserve;      /**< the last byte in own end's queue is none of the program's: it stays unread */
	int tx_room_bytes; /**< what the program said that its send buffer holds, less than the carrier would; 0: nothing */
	size_t lent_bytes; /**< in the carrier, and still in the net's socket: they keep its window closed */
	struct stream_held tx;
	struct stream_backlog *backlog;
};

static inline struct stream *stream_of(struct carrier *cr)
{
	return container_of(cr, struct stream, cr);
}

/* stream.c */
/** stream_widen() - @own_end holds more for the program, who is then woken, and wakes, less often */
void stream_widen(int own_end);
void stream_held_free(struct stream_held *h);
/** stream_advance() - has the connection come about, or failed? */
void stream_advance(struct stream *st);
void stream_to_program(struct stream *st);
/** stream_from_program() - Return: false: @st is no more */
bool stream_from_program(struct stream *st);
/** stream_fail() - the net's socket has said @err, for the last time */
void stream_fail(struct stream *st, int err);
/** stream_on_the_way() - bytes that the program wrote and that are not in the net's socket yet */
size_t stream_on_the_way(const struct stream *st);
/** stream_all_taken() - nothing of what the program wrote is on this side of the net's socket */
bool stream_all_taken(const struct stream *st);

/* stream_connect.c */
long stream_connect(struct call *c, const struct sockaddr *name, socklen_t len_bytes);
/** stream_attach() - the program's end gets a peer.  @junk: and looks as if nothing could be written.  Return: 0, -errno */
int stream_attach(struct call *c, struct stream *st, bool junk);
/** stream_listen_any() - @fd listens on a name of the abstract kind that the kernel chooses: @name.  Return: 0, -errno */
int stream_listen_any(int fd, int backlog, struct sockaddr_un *name, socklen_t *name_bytes);
/** stream_is_own() - was what @fd has accepted connected here?  Others on the machine can connect to the name as well */
bool stream_is_own(int fd);
/** stream_drain_junk() - the program's end can be written to */
void stream_drain_junk(struct stream *st);
/** stream_wait() - the connection is not there yet: wait for it, or say -EINPROGRESS */
long stream_wait(struct call *c, int flags, int otherwise);

/* stream_listen.c */
long stream_listen(struct call *c, int backlog);
long stream_accept(struct call *c, int flags);
/** stream_backlog_sync() - make the program's end as readable as the socket is */
void stream_backlog_sync(struct stream *st);
void stream_backlog_free(struct stream *st);

/* stream_call.c */
long stream_pass(struct call *c, const struct user_msg *m, bool to_send);
bool stream_lets_through(struct carrier *cr, int flags, bool to_send);
long stream_send(struct call *c, const struct packet *p, int flags);
long stream_recv(struct call *c, const struct user_msg *m);
int stream_shutdown(struct call *c, int how);
long stream_set_option(struct call *c, int level, int name, const void *value, socklen_t len_bytes);
long stream_get_option(struct call *c, int level, int name);
long stream_ioctl(struct call *c, uint32_t request, int *value);
/** stream_fit() - the program's end holds no more than its limit allows */
void stream_fit(const struct stream *st, int program_end);
/** stream_copy_tuning() - options that only @from, an end of the program, knows of */
void stream_copy_tuning(int from, int to);

#endif
