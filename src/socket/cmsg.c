// SPDX-License-Identifier: BSD-2-Clause
/* Control messages of sendmsg(2) and recvmsg(2).  @linux net/core/scm.c, sock_cmsg_send */
#include <errno.h>
#include <sys/select.h> /* struct timespec, which the next one wants */

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <string.h>
#include <sys/time.h>

#include "socket/sock.h"
#include "socket/sock_names.h"

void put_cmsg(struct cmsg_out *out, int level, int type, const void *data, size_t len_bytes)
{
	struct cmsghdr hdr = { .cmsg_len = CMSG_LEN(len_bytes), .cmsg_level = level, .cmsg_type = type };
	size_t room_bytes = out->size_bytes - out->used_bytes;
	u8 *p;

	if (!out->buf || room_bytes < sizeof(hdr)) {
		out->truncated = true;
		return;
	}
	if (room_bytes < hdr.cmsg_len) {
		out->truncated = true;
		hdr.cmsg_len = room_bytes;
	}
	p = out->buf + out->used_bytes;
	memcpy(p, &hdr, sizeof(hdr));
	memcpy(p + sizeof(hdr), data, hdr.cmsg_len - sizeof(hdr));
	out->used_bytes += min_size(CMSG_SPACE(len_bytes), room_bytes);
}

int cmsg_next(const struct msghdr *msg, const struct cmsghdr **cmsg)
{
	const u8 *p = *cmsg ? (const u8 *)*cmsg + CMSG_ALIGN((*cmsg)->cmsg_len) : msg->msg_control;
	const u8 *end = (const u8 *)msg->msg_control + msg->msg_controllen;
	const struct cmsghdr *next = (const struct cmsghdr *)(const void *)p;

	if (p >= end || (size_t)(end - p) < sizeof(*next))
		return 0;
	if (next->cmsg_len < sizeof(*next) || next->cmsg_len > (size_t)(end - p))
		return -EINVAL;
	*cmsg = next;
	return 1;
}

int sock_cmsg_send(const struct sock *sk, const struct cmsghdr *cmsg, struct sockcm_cookie *out)
{
	size_t len_bytes = cmsg->cmsg_len - CMSG_LEN(0);
	u32 value = 0;

	if (len_bytes == sizeof(value))
		memcpy(&value, CMSG_DATA(cmsg), sizeof(value));
	switch (cmsg->cmsg_type) {
	case SO_MARK:
		if (!sk->admin)
			return -EPERM;
		if (len_bytes != sizeof(u32))
			return -EINVAL;
		out->mark = value;
		return 0;
	case SO_PRIORITY:
		if (len_bytes != sizeof(u32))
			return -EINVAL;
		if (value > 6 && !sk->admin)
			return -EPERM;
		out->priority = value;
		return 0;
	case SO_TIMESTAMPING:
	case NH_SO_TIMESTAMPING_NEW:
		if (len_bytes != sizeof(u32) || (value & ~(u32)SOF_TIMESTAMPING_TX_RECORD_MASK))
			return -EINVAL;
		out->tsflags = (out->tsflags & ~(u32)SOF_TIMESTAMPING_TX_RECORD_MASK) | value;
		return 0;
	case NH_SCM_TS_OPT_ID:
		if (sk->type == SOCK_STREAM || !(sk->tsflags & SOF_TIMESTAMPING_OPT_ID) || len_bytes != sizeof(u32))
			return -EINVAL;
		out->tsflags |= SOCKCM_FLAG_TS_OPT_ID;
		out->ts_opt_id = value;
		return 0;
	case SO_TXTIME:
		if (!sock_flag(sk, SOCK_F_TXTIME) || len_bytes != sizeof(u64))
			return -EINVAL;
		return 0; /* no queueing discipline here sends by the clock */
	case SCM_RIGHTS:  /* of AF_UNIX: ignored elsewhere */
	case SCM_CREDENTIALS:
		return 0;
	default:
		return -EINVAL;
	}
}

int sock_cmsgs_send(const struct sock *sk, const struct msghdr *msg, struct sockcm_cookie *out)
{
	const struct cmsghdr *cmsg = NULL;
	int more, err = 0;

	while ((more = cmsg_next(msg, &cmsg)) > 0) {
		if (cmsg->cmsg_level == SOL_SOCKET)
			err = sock_cmsg_send(sk, cmsg, out);
		if (err)
			return err;
	}
	return more;
}

static void put_timestamp(const struct sock *sk, ktime_t wall_ns, struct cmsg_out *out)
{
	struct timespec ts = { wall_ns / NSEC_PER_SEC, wall_ns % NSEC_PER_SEC };
	struct timeval tv = { ts.tv_sec, ts.tv_nsec / NSEC_PER_USEC };
	bool new = sock_flag(sk, SOCK_F_TSTAMP_NEW);

	if (sock_flag(sk, SOCK_F_TIMESTAMPNS))
		put_cmsg(out, SOL_SOCKET, new ? NH_SO_TIMESTAMPNS_NEW : SO_TIMESTAMPNS, &ts, sizeof(ts));
	else
		put_cmsg(out, SOL_SOCKET, new ? NH_SO_TIMESTAMP_NEW : SO_TIMESTAMP, &tv, sizeof(tv));
}

static void put_timestamping(const struct sock *sk, ktime_t wall_ns, bool sent, struct cmsg_out *out)
{
	struct timespec ts[3] = { { wall_ns / NSEC_PER_SEC, wall_ns % NSEC_PER_SEC }, { 0, 0 }, { 0, 0 } };
	bool new = sock_flag(sk, SOCK_F_TSTAMP_NEW);

	if ((sk->tsflags & SOF_TIMESTAMPING_SOFTWARE) &&
	    (sent || (sk->tsflags & SOF_TIMESTAMPING_RX_SOFTWARE) || !(sk->tsflags & (1U << 17) /* OPT_RX_FILTER */)))
		put_cmsg(out, SOL_SOCKET, new ? NH_SO_TIMESTAMPING_NEW : SO_TIMESTAMPING, ts, sizeof(ts));
}

void sock_recv_timestamp(struct sock *sk, const struct sk_buff *skb, bool sent, struct cmsg_out *out)
{
	ktime_t wall_ns = skb->tstamp + sk->net->wall_offset;

	if (sock_flag(sk, SOCK_F_TIMESTAMP))
		put_timestamp(sk, wall_ns, out);
	if (sent || sock_flag(sk, SOCK_F_TIMESTAMPING))
		put_timestamping(sk, wall_ns, sent, out);
}

void sock_recv_cmsgs(struct sock *sk, const struct sk_buff *skb, struct cmsg_out *out)
{
	const u32 asked = SOCK_F_TIMESTAMP | SOCK_F_TIMESTAMPING | SOCK_F_RXQ_OVFL | SOCK_F_RCVMARK |
			  SOCK_F_RCVPRIORITY;

	sk->stamp = skb->tstamp + sk->net->wall_offset;
	if (likely(!(sk->flags & asked)))
		return;
	sock_recv_timestamp(sk, skb, false, out);
	if (sock_flag(sk, SOCK_F_RXQ_OVFL) && SOCK_SKB_CB(skb)->dropcount)
		put_cmsg(out, SOL_SOCKET, SO_RXQ_OVFL, &SOCK_SKB_CB(skb)->dropcount, sizeof(u32));
	if (sock_flag(sk, SOCK_F_RCVMARK))
		put_cmsg(out, SOL_SOCKET, SO_MARK, &skb->mark, sizeof(u32));
	if (sock_flag(sk, SOCK_F_RCVPRIORITY))
		put_cmsg(out, SOL_SOCKET, SO_PRIORITY, &skb->priority, sizeof(u32));
}
