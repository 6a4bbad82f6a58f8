/* SPDX-License-Identifier: BSD-2-Clause */
/* How each call of include/nethood is written down.
 *
 * A function of the API that can change the net says rec_call_...() with its arguments before it does anything, and ends
 * with rec_ret(): both cost one test while nothing is recorded.  What only looks is not written down.
 */
#ifndef NETHOOD_API_RECORD_H
#define NETHOOD_API_RECORD_H

#include "api_internal.h"
#include "record/record.h"

/** rec_ret() - the call is over.  Return: @result */
static inline int rec_ret(struct net *net, int result)
{
	if (unlikely(net->rec))
		rec_return(net->rec, result);
	return result;
}
static inline ssize_t rec_ret_bytes(struct net *net, ssize_t result)
{
	if (unlikely(net->rec))
		rec_return(net->rec, result);
	return result;
}

void rec_note_d(struct recorder *rec, enum rec_op op, const struct net_device *dev);
void rec_note_du(struct recorder *rec, enum rec_op op, const struct net_device *dev, u64 value);
void rec_note_s(struct recorder *rec, enum rec_op op, const struct sock *sk);
void rec_note_si(struct recorder *rec, enum rec_op op, const struct sock *sk, int value);
void rec_note_u(struct recorder *rec, enum rec_op op, u64 value);
void rec_note_zb(struct recorder *rec, enum rec_op op, const char *text, const void *data, size_t len_bytes);

static inline void rec_call_d(struct net_device *dev, enum rec_op op)
{
	if (unlikely(dev->net->rec))
		rec_note_d(dev->net->rec, op, dev);
}
static inline void rec_call_du(struct net_device *dev, enum rec_op op, u64 value)
{
	if (unlikely(dev->net->rec))
		rec_note_du(dev->net->rec, op, dev, value);
}
static inline void rec_call_s(struct sock *sk, enum rec_op op)
{
	if (unlikely(sk->net->rec))
		rec_note_s(sk->net->rec, op, sk);
}
static inline void rec_call_si(struct sock *sk, enum rec_op op, int value)
{
	if (unlikely(sk->net->rec))
		rec_note_si(sk->net->rec, op, sk, value);
}

void rec_poll(struct recorder *rec, u64 now_ns);
void rec_set_time(struct recorder *rec, u64 now_ns);
void rec_set_wall(struct recorder *rec, u64 now_ns, u64 wall_ns);
void rec_dev_create(struct recorder *rec, const struct nethood_dev_config *config);
void rec_wire(struct recorder *rec, const struct net_device *a, const struct net_device *b);
void rec_dev_receive(struct recorder *rec, const struct net_device *dev, const void *frame, size_t len_bytes);
void rec_dhcp_start(struct recorder *rec, const struct net_device *dev, const struct nethood_dhcp_config *config);
void rec_by_arp_start(struct recorder *rec, const struct net_device *dev, const struct nethood_by_arp_config *config);
void rec_socket(struct recorder *rec, int domain, int type, int protocol);
/** rec_sock_made() - the next number is its */
void rec_sock_made(struct recorder *rec, struct sock *sk);
void rec_name(struct recorder *rec, enum rec_op op, const struct sock *sk, const void *addr, u32 len_bytes);
void rec_accept(struct recorder *rec, const struct sock *sk, const void *addr, const socklen_t *len_bytes);
void rec_sendto(struct recorder *rec, const struct sock *sk, const void *buf, size_t len_bytes, int flags,
		const void *to, u32 to_bytes);
void rec_sendmsg(struct recorder *rec, const struct sock *sk, const struct msghdr *msg, int flags);
void rec_recvfrom(struct recorder *rec, const struct sock *sk, size_t len_bytes, int flags, const void *from,
		  const socklen_t *from_bytes);
/** rec_recvmsg() - @op: REC_RECVMSG, REC_RECV_BORROW */
void rec_recvmsg(struct recorder *rec, enum rec_op op, const struct sock *sk, const struct msghdr *msg, int flags);
void rec_send_zerocopy(struct recorder *rec, const struct sock *sk, const void *data, size_t len_bytes, int flags);
void rec_recv_consume(struct recorder *rec, const struct sock *sk, size_t len_bytes);
void rec_setsockopt(struct recorder *rec, const struct sock *sk, int level, int name, const void *value, u32 len_bytes);
void rec_getsockopt(struct recorder *rec, const struct sock *sk, int level, int name, const void *value, u32 len_bytes);
void rec_set_caller(struct recorder *rec, const struct sock *sk, u32 uid, u32 pid);
void rec_ioctl(struct recorder *rec, const struct sock *sk, unsigned long request, const void *arg, size_t arg_bytes);
void rec_neigh_doubt(struct recorder *rec, const char *dev, int family, const void *addr);

/* what calls gave back */
void rec_answer_name(struct recorder *rec, const void *addr, u32 room_bytes, u32 len_bytes);
void rec_answer_msg(const struct sock *sk, const struct msghdr *msg, int flags, u32 name_room_bytes, ssize_t ret);
void rec_answer_option(struct recorder *rec, int level, int name, const void *value, u32 len_bytes);
void rec_answer_ioctl(struct recorder *rec, unsigned long request, const void *arg, size_t arg_bytes);

/** net_create() - nethood_create(), for a replay if @replay is not NULL */
int net_create(const struct nethood_config *config, struct rec_replay *replay, struct nethood_net **out);

#endif
