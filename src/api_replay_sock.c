// SPDX-License-Identifier: BSD-2-Clause
/* A recording, done again: calls of sockets.
 *
 * Reading order: replay_socket(), replay_sock().
 */
#include <errno.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/route.h>
#include <linux/sockios.h>
#include <string.h>

#include "api_replay.h"

/* ------------------------------------------------------------------ by number */

static struct nethood_sock *sock_at(const struct replay *rp, u64 id)
{
	return id && id <= rp->sock_room ? rp->sock[id - 1] : NULL;
}

static int sock_keep(struct replay *rp, struct nethood_sock *sk)
{
	u32 id = sock_of(sk)->rec_id, room = rp->sock_room;
	struct nethood_sock **more;

	if (id > room) {
		room = room ? 2 * room : 64;
		if (id > room)
			return -EINVAL;
		more = rp->memory->zalloc(rp->memory->ctx, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		if (rp->sock_room)
			memcpy(more, rp->sock, rp->sock_room * sizeof(*more));
		rp->memory->free(rp->memory->ctx, rp->sock, rp->sock_room * sizeof(*more));
		rp->sock = more;
		rp->sock_room = room;
	}
	rp->sock[id - 1] = sk;
	return 0;
}

/* ------------------------------------------------------------------ calls */

static void on_ready(void *ctx, struct nethood_sock *sk, uint32_t events)
{
	(void)sk, (void)events;
	replay_called(ctx);
}

void replay_socket(struct replay *rp, const event *e)
{
	struct nethood_sock *sk;

	if (!nethood_socket(rp->net, (int)(s64)e->value[0], (int)(s64)e->value[1], (int)(s64)e->value[2], &sk) &&
	    sock_keep(rp, sk))
		rp->bad = true;
}

static void do_accept(struct replay *rp, const event *e, struct nethood_sock *sk)
{
	socklen_t len = (socklen_t)min_size(e->value[2], NAME_BYTES);
	struct sockaddr *addr = e->value[1] ? (struct sockaddr *)&rp->name : NULL;
	struct nethood_sock *child;

	if (!nethood_accept(sk, &child, addr, &len) && sock_keep(rp, child))
		rp->bad = true;
}

static const struct sockaddr *name_of(struct replay *rp, const event *e, u32 i)
{
	return replay_copy((u8 *)&rp->name, sizeof(rp->name), e->octets[i], e->value[i], sizeof(rp->name));
}

static void do_sendto(struct replay *rp, const event *e, struct nethood_sock *sk)
{
	const struct sockaddr *to = name_of(rp, e, 3);
	size_t len = e->value[4];
	const void *data = replay_copy(rp->data, ROOM_BYTES, e->octets[5], e->value[5], len);

	if (!data && len)
		data = memset(rp->data, 0, min_size(len, ROOM_BYTES));
	if (e->value[2] > NAME_BYTES) /* is refused before it is read */
		to = (const struct sockaddr *)&rp->name;
	nethood_sendto(sk, data, len, (int)(s64)e->value[1], to, (socklen_t)e->value[2]);
}

/* Pieces that end in the same room: a call that wants more of them than there may be has its error before it reads. */
static void pieces_of(struct replay *rp, struct msghdr *msg, u8 *room, u64 pieces, u64 len_bytes)
{
	msg->msg_iov = rp->iov;
	msg->msg_iovlen = pieces < PIECES_MAX ? (size_t)pieces : PIECES_MAX;
	if (!msg->msg_iovlen)
		return;
	memset(rp->iov, 0, msg->msg_iovlen * sizeof(rp->iov[0]));
	for (size_t i = 0; i < msg->msg_iovlen; i++)
		rp->iov[i].iov_base = room;
	rp->iov[0].iov_len = (size_t)len_bytes;
}

static void do_sendmsg(struct replay *rp, const event *e, struct nethood_sock *sk)
{
	size_t control = (size_t)e->value[4] < CONTROL_BYTES ? (size_t)e->value[4] : CONTROL_BYTES;
	struct msghdr msg = {
		.msg_name = (void *)(uintptr_t)name_of(rp, e, 3),
		.msg_namelen = (socklen_t)e->value[2],
		.msg_control = replay_copy(rp->control, CONTROL_BYTES, e->octets[5], e->value[5], control),
		.msg_controllen = control,
	};

	if (!replay_copy(rp->data, ROOM_BYTES, e->octets[8], e->value[8], e->value[7]))
		memset(rp->data, 0, min_size(e->value[7], ROOM_BYTES));
	pieces_of(rp, &msg, rp->data, e->value[6], e->value[7]);
	nethood_sendmsg(sk, &msg, (int)(s64)e->value[1]);
}

static void do_recvfrom(struct replay *rp, const event *e, struct nethood_sock *sk)
{
	u64 len = e->value[1] > INT_MAX ? e->value[1] : min_size(e->value[1], ROOM_BYTES);
	socklen_t from = (socklen_t)e->value[4];

	nethood_recvfrom(sk, rp->room, (size_t)len, (int)(s64)e->value[2],
			 e->value[3] ? (struct sockaddr *)&rp->name : NULL, &from);
}

static void do_recvmsg(struct replay *rp, const event *e, struct nethood_sock *sk)
{
	struct msghdr msg = {
		.msg_name = e->value[4] ? &rp->name : NULL,
		.msg_namelen = (socklen_t)e->value[5],
		.msg_control = e->value[6] ? rp->control : NULL,
		.msg_controllen = (size_t)min_size(e->value[7], CONTROL_BYTES),
	};
	u64 len = e->value[1] > INT_MAX ? e->value[1] : min_size(e->value[1], ROOM_BYTES);

	pieces_of(rp, &msg, rp->room, e->value[2], len);
	if (e->op == REC_RECV_BORROW)
		nethood_recv_borrow(sk, &msg);
	else
		nethood_recvmsg(sk, &msg, (int)(s64)e->value[3]);
}

/** struct lent - memory that stands for the program's, until it is released */
struct lent {
	struct replay *rp;
	size_t bytes; /* of this and what follows */
	u8 data[];
};

static void on_release(void *ctx, const void *data, size_t len_bytes)
{
	struct lent *lent = ctx;

	(void)data, (void)len_bytes;
	replay_called(lent->rp);
	lent->rp->memory->free(lent->rp->memory->ctx, lent, lent->bytes);
}

static void do_send_zerocopy(struct replay *rp, const event *e, struct nethood_sock *sk)
{
	size_t len = min_size(e->value[2], REC_DATA_MAX), bytes = sizeof(struct lent) + len;
	struct lent *lent = rp->memory->zalloc(rp->memory->ctx, bytes);

	if (!lent) {
		rp->bad = true;
		return;
	}
	*lent = (struct lent){ rp, bytes };
	if (nethood_send_zerocopy(sk, replay_copy(lent->data, len, e->octets[3], e->value[3], len), len,
				  (int)(s64)e->value[1], on_release, lent) <= 0)
		rp->memory->free(rp->memory->ctx, lent, bytes);
}

static void do_setsockopt(struct replay *rp, const event *e, struct nethood_sock *sk)
{
	int level = (int)(s64)e->value[1], name = (int)(s64)e->value[2];
	void *value =
		replay_copy(rp->data, REC_DATA_MAX, e->octets[3], e->value[3], min_size(e->value[4], REC_DATA_MAX));
	bool filter = level == SOL_SOCKET && (name == SO_ATTACH_FILTER || name == SO_ATTACH_REUSEPORT_CBPF);
	struct sock_fprog prog;

	if (filter && value && e->value[4] == sizeof(prog)) {
		memcpy(&prog, value, sizeof(prog));
		prog.filter = replay_copy(rp->room, ROOM_BYTES, e->octets[5], e->value[5],
					  prog.len * sizeof(struct sock_filter));
		memcpy(value, &prog, sizeof(prog));
	}
	nethood_setsockopt(sk, level, name, value, (socklen_t)e->value[4]);
}

static void do_getsockopt(struct replay *rp, const event *e, struct nethood_sock *sk)
{
	socklen_t len = (socklen_t)e->value[4];

	(void)replay_copy(rp->room, ROOM_BYTES, e->octets[3], e->value[3], 0);
	nethood_getsockopt(sk, (int)(s64)e->value[1], (int)(s64)e->value[2], rp->room, &len);
}

static void do_ioctl(struct replay *rp, const event *e, struct nethood_sock *sk)
{
	unsigned long request = e->value[1];
	size_t len = min_size(e->value[3], REC_DATA_MAX);
	u8 *arg = replay_copy(rp->data, REC_DATA_MAX, e->octets[2], e->value[2], len), *behind;

	behind = replay_copy(rp->room, ROOM_BYTES, e->octets[4], e->value[4], ROOM_BYTES);
	if (arg && (request == SIOCADDRT || request == SIOCDELRT) && len >= sizeof(struct rtentry))
		((struct rtentry *)(void *)arg)->rt_dev = (char *)behind;
	if (arg && request == SIOCETHTOOL && len >= sizeof(struct ifreq))
		((struct ifreq *)(void *)arg)->ifr_data = (char *)behind;
	if (arg && request == SIOCGIFCONF && len >= sizeof(struct ifconf)) {
		struct ifconf *ifc = (struct ifconf *)(void *)arg;

		ifc->ifc_buf = (char *)behind;
		if (ifc->ifc_len > (int)ROOM_BYTES)
			ifc->ifc_len = (int)ROOM_BYTES;
	}
	nethood_ioctl(sk, request, arg, len);
}

static void do_close(struct replay *rp, const event *e, struct nethood_sock *sk)
{
	rp->sock[e->value[0] - 1] = NULL;
	nethood_close(sk);
}

/* Calls whose first field is a socket. */
void replay_sock(struct replay *rp, const event *e)
{
	struct nethood_sock *sk = sock_at(rp, e->value[0]);

	if (!sk) {
		rp->bad = true;
		return;
	}
	switch (e->op) {
	case REC_CLOSE:
		do_close(rp, e, sk);
		return;
	case REC_BIND:
		nethood_bind(sk, name_of(rp, e, 1), (socklen_t)e->value[2]);
		return;
	case REC_CONNECT:
		nethood_connect(sk, name_of(rp, e, 1), (socklen_t)e->value[2]);
		return;
	case REC_LISTEN:
		nethood_listen(sk, (int)(s64)e->value[1]);
		return;
	case REC_ACCEPT:
		do_accept(rp, e, sk);
		return;
	case REC_SENDTO:
		do_sendto(rp, e, sk);
		return;
	case REC_SENDMSG:
		do_sendmsg(rp, e, sk);
		return;
	case REC_RECVFROM:
		do_recvfrom(rp, e, sk);
		return;
	case REC_RECVMSG:
	case REC_RECV_BORROW:
		do_recvmsg(rp, e, sk);
		return;
	case REC_SEND_ZEROCOPY:
		do_send_zerocopy(rp, e, sk);
		return;
	case REC_RECV_CONSUME:
		nethood_recv_consume(sk, e->value[1]);
		return;
	case REC_SHUTDOWN:
		nethood_shutdown(sk, (int)(s64)e->value[1]);
		return;
	case REC_SETSOCKOPT:
		do_setsockopt(rp, e, sk);
		return;
	case REC_GETSOCKOPT:
		do_getsockopt(rp, e, sk);
		return;
	case REC_IOCTL:
		do_ioctl(rp, e, sk);
		return;
	case REC_READINESS:
		(void)nethood_readiness(sk);
		return;
	case REC_ON_READY:
		nethood_on_ready(sk, e->value[1] ? on_ready : NULL, rp);
		return;
	case REC_SET_CALLER:
		nethood_sock_set_caller(sk, (u32)e->value[1], (u32)e->value[2]);
		return;
	default: /* REC_SET_ADMIN */
		nethood_sock_set_admin(sk, e->value[1]);
	}
}
