// SPDX-License-Identifier: BSD-2-Clause
/* Messages between a program's memory and a socket: sendto(2) ... recvmmsg(2).
 *
 * Reading order: read_msghdr(), gather(), call_deliver().
 * Each buffer of the program is read once: what was looked at is what is sent.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/syscall.h>

#include "supervisor_internal.h"

#define MMSG_AT_ONCE 64U /* of a longer vector the first ones are done, as the manual allows */

/* struct msghdr and struct mmsghdr, as they lie in the program's memory. */
struct user_msghdr {
	uint64_t name;
	int32_t namelen;
	uint32_t pad;
	uint64_t iov, iovlen, control, controllen;
	uint32_t flags, pad2;
};
struct user_mmsghdr {
	struct user_msghdr hdr;
	uint32_t len, pad;
};
_Static_assert(sizeof(struct user_msghdr) == sizeof(struct msghdr), "64 bits");
_Static_assert(sizeof(struct user_mmsghdr) == sizeof(struct mmsghdr), "64 bits");

static int sum_lengths(struct user_msg *m)
{
	m->total_bytes = 0;
	for (size_t i = 0; i < m->iov_count; i++) {
		if (m->iov[i].iov_len > SSIZE_MAX)
			return -EINVAL;
		if (m->iov[i].iov_len > INT_MAX - m->total_bytes)
			m->iov[i].iov_len = INT_MAX - m->total_bytes;
		m->total_bytes += m->iov[i].iov_len;
	}
	return 0;
}

/* Return: 0, -EFAULT, -EINVAL, -EMSGSIZE, as the kernel says */
static int take_msghdr(const struct call *c, struct user_msg *m, const struct user_msghdr *h, uint64_t at)
{
	int err;

	if (h->namelen < 0)
		return -EINVAL;
	if (h->iovlen > IOV_COUNT_MAX)
		return -EMSGSIZE;
	m->name_at = h->name;
	m->name_bytes = (socklen_t)h->namelen;
	m->name_bytes_at = at + offsetof(struct user_msghdr, namelen);
	m->control_at = h->control;
	m->control_bytes = h->control ? h->controllen : 0;
	m->header_at = at;
	m->len_at = 0;
	m->iov_count = h->iovlen;
	err = task_read(call_tid(c), m->iov, h->iov, h->iovlen * sizeof(struct iovec));
	return err ? err : sum_lengths(m);
}

static int read_msghdr(const struct call *c, struct user_msg *m, uint64_t at)
{
	struct user_msghdr h;
	int err = task_read(call_tid(c), &h, at, sizeof(h));

	return err ? err : take_msghdr(c, m, &h, at);
}

static int read_mmsghdr(const struct call *c, struct user_msg *m, uint64_t at)
{
	int err = read_msghdr(c, m, at);

	m->len_at = at + offsetof(struct user_mmsghdr, len);
	return err;
}

/* ---- sending */

static size_t add_iov(struct iovec *iov, size_t n, uint64_t at, size_t len_bytes)
{
	iov[n] = (struct iovec){ .iov_base = (void *)(uintptr_t)at, .iov_len = len_bytes };
	return len_bytes ? n + 1 : n;
}

/* Name and control of the message, then its data.  Return: 0, -EFAULT, -EINVAL, -ENOBUFS, -EMSGSIZE, -ESRCH */
static int gather(const struct call *c, const struct user_msg *m, struct packet *p)
{
	struct supervisor *sv = c->sv;
	struct iovec local[3];
	size_t n = 0, locals = 0, head_bytes;
	int err;

	*p = (struct packet){ .control = sv->control, .data = sv->data };
	p->name_bytes = m->name_at ? m->name_bytes : 0;
	p->control_bytes = m->control_bytes;
	p->data_bytes = p->full_bytes = m->total_bytes;
	if (p->name_bytes > sizeof(p->name))
		return -EINVAL;
	if (p->control_bytes > CONTROL_BYTES_MAX)
		return -ENOBUFS;
	if (p->data_bytes > DATA_BYTES_MAX)
		return -EMSGSIZE;
	n = add_iov(sv->iov, n, m->name_at, p->name_bytes);
	n = add_iov(sv->iov, n, m->control_at, p->control_bytes);
	memcpy(&sv->iov[n], m->iov, m->iov_count * sizeof(struct iovec));
	locals = add_iov(local, locals, (uintptr_t)&p->name, p->name_bytes);
	locals = add_iov(local, locals, (uintptr_t)p->control, p->control_bytes);
	locals = add_iov(local, locals, (uintptr_t)p->data, p->data_bytes);
	head_bytes = p->name_bytes + p->control_bytes;
	if (n + m->iov_count > IOV_COUNT_MAX) { /* one call may have no more: name and control by themselves */
		err = task_gather(call_tid(c), local, n, sv->iov, n, head_bytes);
		return err ? err : task_readv(call_tid(c), p->data, p->data_bytes, m->iov, m->iov_count);
	}
	return task_gather(call_tid(c), local, locals, sv->iov, n + m->iov_count, head_bytes + p->data_bytes);
}

static long pass(struct call *c, const struct user_msg *m, bool to_send)
{
	return c->carrier->ops->pass ? c->carrier->ops->pass(c, m, to_send) : CALL_OURS;
}

static void cut_message(struct user_msg *m)
{
	size_t left = DATA_BYTES_MAX;

	for (size_t i = 0; i < m->iov_count; i++) {
		if (m->iov[i].iov_len > left)
			m->iov[i].iov_len = left;
		left -= m->iov[i].iov_len;
	}
	m->total_bytes = DATA_BYTES_MAX;
}

static long send_one(struct call *c, struct user_msg *m)
{
	struct packet p;
	long ret = pass(c, m, true);
	int err;

	if (ret != CALL_OURS)
		return ret;
	if (m->total_bytes > DATA_BYTES_MAX && c->carrier->ops->any_part)
		cut_message(m);
	err = gather(c, m, &p);
	if (err)
		return err;
	ret = call_bypass(c, &p.name, p.name_bytes);
	if (ret != CALL_OURS)
		return ret;
	if (!call_valid(c->listener, c->rq->id))
		return CALL_GONE;
	return c->carrier->ops->send(c, &p, m->flags);
}

static struct user_msg *plain_msg(struct call *c)
{
	struct user_msg *m = &c->sv->msg;

	memset(m, 0, offsetof(struct user_msg, iov));
	m->iov[0] = (struct iovec){ .iov_base = (void *)(uintptr_t)call_arg(c, 1), .iov_len = call_arg(c, 2) };
	m->iov_count = 1;
	m->flags = (int)call_arg(c, 3);
	m->name_at = call_arg(c, 4);
	return m;
}

long call_sendto(struct call *c)
{
	struct user_msg *m = plain_msg(c);
	int err = sum_lengths(m);

	if ((int)call_arg(c, 5) < 0 && m->name_at)
		return -EINVAL;
	m->name_bytes = (socklen_t)call_arg(c, 5);
	return err ? err : send_one(c, m);
}

long call_sendmsg(struct call *c)
{
	struct user_msg *m = &c->sv->msg;
	int err = read_msghdr(c, m, call_arg(c, 1));

	m->flags = (int)call_arg(c, 2);
	return err ? err : send_one(c, m);
}

/* The messages of a vector, until one fails.  Return: how many were done; of the first one its error */
static long each_message(struct call *c, int flags, long (*one)(struct call *c, struct user_msg *m))
{
	struct user_msg *m = &c->sv->msg;
	size_t count = (uint32_t)call_arg(c, 2), i;
	long ret = 0;

	for (i = 0; i < count && i < MMSG_AT_ONCE; i++) {
		uint64_t at = call_arg(c, 1) + i * sizeof(struct user_mmsghdr);
		uint32_t len;

		ret = read_mmsghdr(c, m, at);
		m->flags = flags;
		c->no_wait = i > 0;
		if (!ret)
			ret = one(c, m);
		if (ret < 0)
			break;
		len = (uint32_t)ret;
		ret = task_write(call_tid(c), m->len_at, &len, sizeof(len));
		if (ret)
			break;
	}
	return i ? (long)i : ret;
}

long call_sendmmsg(struct call *c)
{
	return each_message(c, (int)call_arg(c, 3) | MSG_BATCH, send_one); /* a poll follows */
}

/* ---- receiving */

/* Control messages that fit, as put_cmsg() of the kernel: the last one may be cut.  Return: bytes; sets MSG_CTRUNC */
static size_t fit_control(const struct packet *p, size_t room_bytes, int *flags)
{
	if (p->control_bytes <= room_bytes)
		return p->control_bytes;
	*flags |= MSG_CTRUNC;
	return room_bytes >= sizeof(struct cmsghdr) ? room_bytes : 0;
}

/* The length within a control message that is cut must say so. */
static void cut_control(uint8_t *control, size_t room_bytes)
{
	size_t at = 0;

	while (at + sizeof(struct cmsghdr) <= room_bytes) {
		struct cmsghdr h;

		memcpy(&h, control + at, sizeof(h));
		if (h.cmsg_len < sizeof(h))
			return;
		if (h.cmsg_len > room_bytes - at) {
			h.cmsg_len = room_bytes - at;
			memcpy(control + at, &h, sizeof(h));
			return;
		}
		at += CMSG_ALIGN(h.cmsg_len);
	}
}

/* Where name, control, their lengths and flags go.  Return: how many pieces more */
static size_t deliver_header(const struct user_msg *m, const struct packet *p, struct iovec *local,
			     struct iovec *remote, uint64_t values[static 3])
{
	size_t room = m->name_bytes < p->name_bytes ? m->name_bytes : p->name_bytes, n = 0;
	size_t control_bytes;
	int flags = p->flags;

	control_bytes = fit_control(p, m->control_bytes, &flags);
	if (control_bytes < p->control_bytes)
		cut_control(p->control, control_bytes);
	values[0] = p->name_bytes;
	values[1] = control_bytes;
	values[2] = (uint32_t)flags;
	if (m->name_at) {
		add_iov(local, n, (uintptr_t)&p->name, room);
		n = add_iov(remote, n, m->name_at, room);
	}
	if (m->name_at && m->name_bytes_at) {
		add_iov(local, n, (uintptr_t)&values[0], sizeof(uint32_t));
		n = add_iov(remote, n, m->name_bytes_at, sizeof(uint32_t));
	}
	if (!m->header_at)
		return n;
	add_iov(local, n, (uintptr_t)p->control, control_bytes);
	n = add_iov(remote, n, m->control_at, control_bytes);
	add_iov(local, n, (uintptr_t)&values[1], sizeof(uint64_t));
	n = add_iov(remote, n, m->header_at + offsetof(struct user_msghdr, controllen), sizeof(uint64_t));
	add_iov(local, n, (uintptr_t)&values[2], sizeof(uint32_t));
	return add_iov(remote, n, m->header_at + offsetof(struct user_msghdr, flags), sizeof(uint32_t));
}

static size_t iov_bytes(const struct iovec *iov, size_t count)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += iov[i].iov_len;
	return sum;
}

/* Pieces of the program's buffers that hold @len_bytes.  Return: how many */
static size_t scatter(const struct user_msg *m, size_t len_bytes, struct iovec *remote)
{
	size_t n = 0;

	for (size_t i = 0; i < m->iov_count && len_bytes; i++) {
		size_t part = m->iov[i].iov_len < len_bytes ? m->iov[i].iov_len : len_bytes;

		n = add_iov(remote, n, (uintptr_t)m->iov[i].iov_base, part);
		len_bytes -= part;
	}
	return n;
}

long call_deliver(struct call *c, const struct user_msg *m, const struct packet *p)
{
	struct iovec local[8], *remote = c->sv->iov;
	uint64_t values[3];
	size_t n, head;
	int err = 0;

	if (!call_valid(c->listener, c->rq->id))
		return CALL_GONE;
	n = scatter(m, p->data_bytes, remote);
	if (n + ARRAY_SIZE(local) > IOV_COUNT_MAX) {
		local[0] = (struct iovec){ .iov_base = p->data, .iov_len = p->data_bytes };
		err = task_writev(call_tid(c), remote, n, local, 1, p->data_bytes);
		head = deliver_header(m, p, local, remote, values);
		if (!err)
			err = task_writev(call_tid(c), remote, head, local, head, iov_bytes(local, head));
	} else {
		size_t first = p->data_bytes ? 1 : 0;

		local[0] = (struct iovec){ .iov_base = p->data, .iov_len = p->data_bytes };
		head = deliver_header(m, p, local + first, remote + n, values);
		err = task_writev(call_tid(c), remote, n + head, local, first + head, iov_bytes(local, first + head));
	}
	if (err)
		return err;
	return (long)(m->flags & MSG_TRUNC ? p->full_bytes : p->data_bytes);
}

static long recv_one(struct call *c, struct user_msg *m)
{
	long ret = pass(c, m, false);

	return ret == CALL_OURS ? c->carrier->ops->recv(c, m) : ret;
}

long call_recvfrom(struct call *c)
{
	struct user_msg *m = plain_msg(c);
	int err = sum_lengths(m);

	if (err)
		return err;
	if (m->name_at) {
		m->name_bytes_at = call_arg(c, 5);
		err = task_read(call_tid(c), &m->name_bytes, m->name_bytes_at, sizeof(m->name_bytes));
		if (err)
			return err;
		if ((int)m->name_bytes < 0)
			return -EINVAL;
	}
	return recv_one(c, m);
}

long call_recvmsg(struct call *c)
{
	struct user_msg *m = &c->sv->msg;
	int err = read_msghdr(c, m, call_arg(c, 1));

	m->flags = (int)call_arg(c, 2);
	return err ? err : recv_one(c, m);
}

long call_recvmmsg(struct call *c)
{
	long ret = each_message(c, (int)call_arg(c, 3) & ~MSG_WAITFORONE, recv_one);

	if (ret > 1) /* of several, none is put back: the result is remembered */
		c->undo = NULL;
	return ret;
}
