// SPDX-License-Identifier: BSD-2-Clause
/* The arguments of each call, written down: see api_record.h.
 *
 * Reading order: as in include/nethood/nethood.h.  What api_replay.c reads has the same order of fields, which
 * record/format.h gives.
 */
#include "api_record.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/sockios.h>
#include <linux/route.h>
#include <netinet/in.h>
#include <string.h>

#include "nethood/record.h"
#include "record/file.h"
#include "socket/ipv6_names.h"

#define NAME_MAX_BYTES ((u32)sizeof(struct sockaddr_storage))
#define OPTION_MAX_BYTES 65536U
#define SOCK_IOV_MAX 1024U

/* ------------------------------------------------------------------ what many have */

void rec_note_d(struct recorder *rec, enum rec_op op, const struct net_device *dev)
{
	rec_commit(rec, rec_put_u(rec_call(rec, op), (u32)dev->ifindex));
}

void rec_note_du(struct recorder *rec, enum rec_op op, const struct net_device *dev, u64 value)
{
	rec_commit(rec, rec_put_u(rec_put_u(rec_call(rec, op), (u32)dev->ifindex), value));
}

/** note_begin() - the record of @op, which gives something back or not */
static u8 *note_begin(struct recorder *rec, enum rec_op op)
{
	return rec_has_return(op) ? rec_call(rec, op) : rec_begin(rec, op);
}

void rec_note_s(struct recorder *rec, enum rec_op op, const struct sock *sk)
{
	rec_commit(rec, rec_put_u(note_begin(rec, op), sk->rec_id));
}

void rec_note_si(struct recorder *rec, enum rec_op op, const struct sock *sk, int value)
{
	u8 *p = note_begin(rec, op);

	p = rec_put_u(p, sk->rec_id);
	rec_commit(rec, op == REC_ON_READY || op == REC_SET_ADMIN ? rec_put_u(p, (u32)value) : rec_put_i(p, value));
}

void rec_note_u(struct recorder *rec, enum rec_op op, u64 value)
{
	rec_commit(rec, rec_put_u(note_begin(rec, op), value));
}

void rec_note_zb(struct recorder *rec, enum rec_op op, const char *text, const void *data, size_t len_bytes)
{
	u8 *p = rec_put_text(rec, rec_call(rec, op), text);

	rec_commit(rec, rec_put_block(rec, p, data, len_bytes));
}

/* ------------------------------------------------------------------ time */

void rec_poll(struct recorder *rec, u64 now_ns)
{
	rec_commit(rec, rec_put_time(rec, rec_call(rec, REC_POLL), now_ns));
}

void rec_set_time(struct recorder *rec, u64 now_ns)
{
	rec_commit(rec, rec_put_time(rec, rec_begin(rec, REC_SET_TIME), now_ns));
}

void rec_set_wall(struct recorder *rec, u64 now_ns, u64 wall_ns)
{
	rec_commit(rec, rec_put_u(rec_put_u(rec_begin(rec, REC_SET_WALL), now_ns), wall_ns));
}

/* ------------------------------------------------------------------ devices */

void rec_dev_create(struct recorder *rec, const struct nethood_dev_config *config)
{
	u8 *p = rec_call(rec, REC_DEV_CREATE);
	u32 flags = (config->offload ? REC_DEV_OFFLOAD : 0U) | (config->xmit ? REC_DEV_XMIT : 0U) |
		    (config->fd >= 0 ? REC_DEV_FD : 0U);

	p = rec_put_text(rec, p, config->name);
	p = rec_put_text(rec, p, config->driver);
	p = rec_put_text(rec, p, config->arg);
	p = rec_put_u(p, config->mtu);
	p = rec_put_block(rec, p, config->lladdr, 6);
	p = rec_put_u(p, config->queues);
	rec_commit(rec, rec_put_u(p, flags));
}

void rec_wire(struct recorder *rec, const struct net_device *a, const struct net_device *b)
{
	u8 *p = rec_put_u(rec_call(rec, REC_WIRE), (u32)a->ifindex);

	rec_commit(rec, rec_put_u(rec_put_u(p, (u32)b->ifindex), a->net == b->net));
}

void rec_dev_receive(struct recorder *rec, const struct net_device *dev, const void *frame, size_t len_bytes)
{
	u8 *p = rec_put_u(rec_call(rec, REC_DEV_RECEIVE), (u32)dev->ifindex);

	rec_commit(rec, rec_put_block(rec, p, frame, min_size(len_bytes, REC_DATA_MAX)));
}

/* ------------------------------------------------------------------ addresses from outside */

void rec_dhcp_start(struct recorder *rec, const struct net_device *dev, const struct nethood_dhcp_config *config)
{
	static const struct nethood_dhcp_config none;
	u32 flags = config ? REC_DHCP_CONFIG : 0U;
	u8 *p = rec_put_u(rec_call(rec, REC_DHCP_START), (u32)dev->ifindex);

	if (!config)
		config = &none;
	flags |= (config->link_local ? REC_DHCP_LINK_LOCAL : 0U) | (config->changed ? REC_DHCP_TOLD : 0U);
	p = rec_put_u(p, flags);
	p = rec_put_block(rec, p, config->client_id, min_size(config->client_id_bytes, OPTION_MAX_BYTES));
	p = rec_put_text(rec, p, config->hostname);
	p = rec_put_u(p, config->requested.s_addr);
	rec_commit(rec, rec_put_u(p, config->metric));
}

void rec_by_arp_start(struct recorder *rec, const struct net_device *dev, const struct nethood_by_arp_config *config)
{
	u8 *p = rec_put_u(rec_call(rec, REC_BY_ARP_START), (u32)dev->ifindex);

	p = rec_put_u(p, config->icmp_bytes);
	p = rec_put_u(p, config->port);
	p = rec_put_u(p, config->prefix_bits);
	p = rec_put_u(p, config->timeout_ns);
	rec_commit(rec, rec_put_u(p, config->changed != NULL));
}

/* ------------------------------------------------------------------ sockets */

void rec_socket(struct recorder *rec, int domain, int type, int protocol)
{
	u8 *p = rec_put_i(rec_call(rec, REC_SOCKET), domain);

	rec_commit(rec, rec_put_i(rec_put_i(p, type), protocol));
}

void rec_sock_made(struct recorder *rec, struct sock *sk)
{
	sk->rec_id = ++rec->next_sock;
}

void rec_name(struct recorder *rec, enum rec_op op, const struct sock *sk, const void *addr, u32 len_bytes)
{
	u8 *p = rec_put_u(rec_call(rec, op), sk->rec_id);

	p = rec_put_block(rec, p, len_bytes <= NAME_MAX_BYTES ? addr : NULL, len_bytes); /* else nobody reads it */
	rec_commit(rec, rec_put_u(p, len_bytes));
}

void rec_accept(struct recorder *rec, const struct sock *sk, const void *addr, const socklen_t *len_bytes)
{
	u8 *p = rec_put_u(rec_call(rec, REC_ACCEPT), sk->rec_id);

	rec_commit(rec, rec_put_u(rec_put_u(p, addr != NULL), addr ? *len_bytes : 0));
}

void rec_sendto(struct recorder *rec, const struct sock *sk, const void *buf, size_t len_bytes, int flags,
		const void *to, u32 to_bytes)
{
	u8 *p = rec_call(rec, REC_SENDTO);

	/* Most are short and on a connected socket: then no number has more than one octet, and all go in one. */
	if (likely(!to && !flags && buf && sk->rec_id < 128 && len_bytes < 127)) {
		rec_put_le64(p - 1, REC_SENDTO | (u64)sk->rec_id << 8 | len_bytes << 40 | (len_bytes + 1) << 48);
		rec_copy(p + 6, buf, len_bytes);
		rec_commit(rec, p + 6 + len_bytes);
		return;
	}
	p = rec_put_u(p, sk->rec_id);
	p = rec_put_i(p, flags);
	p = rec_put_u(p, to ? to_bytes : 0);
	p = rec_put_block(rec, p, to_bytes <= NAME_MAX_BYTES ? to : NULL, to_bytes);
	p = rec_put_u(p, len_bytes);
	rec_commit(rec, rec_put_block(rec, p, buf, min_size(len_bytes, REC_DATA_MAX)));
}

/* Octets in all pieces; what is too much for a call is told as one that is too much. */
static u64 msg_bytes(const struct msghdr *msg)
{
	u64 sum = 0;

	if (msg->msg_iovlen > SOCK_IOV_MAX)
		return 0;
	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		if (msg->msg_iov[i].iov_len > INT_MAX - sum)
			return msg->msg_iov[i].iov_len > SSIZE_MAX ? msg->msg_iov[i].iov_len : (u64)INT_MAX + 1;
		sum += msg->msg_iov[i].iov_len;
	}
	return sum;
}

static u8 *put_pieces(struct recorder *rec, u8 *p, const struct msghdr *msg, u64 len_bytes)
{
	u64 left = len_bytes > INT_MAX ? 0 : min_size(len_bytes, REC_DATA_MAX);

	p = rec_put_u(p, left + 1);
	for (size_t i = 0; left && i < msg->msg_iovlen; i++) {
		size_t n = min_size(msg->msg_iov[i].iov_len, left);

		p = n ? rec_put_long(rec, p, msg->msg_iov[i].iov_base, n) : p;
		left -= n;
	}
	return p;
}

void rec_sendmsg(struct recorder *rec, const struct sock *sk, const struct msghdr *msg, int flags)
{
	u64 len_bytes = msg_bytes(msg);
	u8 *p = rec_put_u(rec_call(rec, REC_SENDMSG), sk->rec_id);

	p = rec_put_i(p, flags);
	p = rec_put_u(p, msg->msg_namelen);
	p = rec_put_block(rec, p, msg->msg_name, min_u32(msg->msg_namelen, NAME_MAX_BYTES));
	p = rec_put_u(p, msg->msg_controllen);
	p = rec_put_block(rec, p, msg->msg_control, min_size(msg->msg_controllen, OPTION_MAX_BYTES));
	p = rec_put_u(p, msg->msg_iovlen);
	p = rec_put_u(p, len_bytes);
	if (likely(msg->msg_iovlen == 1 && len_bytes <= REC_DATA_MAX))
		p = rec_put_block(rec, p, msg->msg_iov->iov_base, len_bytes);
	else
		p = put_pieces(rec, p, msg, len_bytes);
	rec_commit(rec, p);
}

void rec_recvfrom(struct recorder *rec, const struct sock *sk, size_t len_bytes, int flags, const void *from,
		  const socklen_t *from_bytes)
{
	u8 *p = rec_put_u(rec_call(rec, REC_RECVFROM), sk->rec_id);

	p = rec_put_i(rec_put_u(p, len_bytes), flags);
	rec_commit(rec, rec_put_u(rec_put_u(p, from != NULL), from ? *from_bytes : 0));
}

void rec_recvmsg(struct recorder *rec, enum rec_op op, const struct sock *sk, const struct msghdr *msg, int flags)
{
	u8 *p = rec_put_u(rec_call(rec, op), sk->rec_id);

	p = rec_put_u(p, op == REC_RECVMSG ? msg_bytes(msg) : 0); /* REC_RECV_BORROW: where is said by the answer */
	p = rec_put_u(p, msg->msg_iovlen);
	p = rec_put_i(p, flags);
	p = rec_put_u(p, msg->msg_name != NULL);
	p = rec_put_u(p, msg->msg_namelen);
	p = rec_put_u(p, msg->msg_control != NULL);
	rec_commit(rec, rec_put_u(p, msg->msg_controllen));
}

void rec_send_zerocopy(struct recorder *rec, const struct sock *sk, const void *data, size_t len_bytes, int flags)
{
	u8 *p = rec_put_u(rec_call(rec, REC_SEND_ZEROCOPY), sk->rec_id);

	p = rec_put_u(rec_put_i(p, flags), len_bytes);
	rec_commit(rec, rec_put_block(rec, p, data, len_bytes));
}

void rec_recv_consume(struct recorder *rec, const struct sock *sk, size_t len_bytes)
{
	rec_commit(rec, rec_put_u(rec_put_u(rec_call(rec, REC_RECV_CONSUME), sk->rec_id), len_bytes));
}

/* A filter is behind a pointer. */
static const struct sock_fprog *filter_of(int level, int name, const void *value, u32 len_bytes,
					  struct sock_fprog *room)
{
	if (level != SOL_SOCKET || (name != SO_ATTACH_FILTER && name != SO_ATTACH_REUSEPORT_CBPF) || !value ||
	    len_bytes != sizeof(*room))
		return NULL;
	memcpy(room, value, sizeof(*room));
	return room->filter ? room : NULL;
}

void rec_setsockopt(struct recorder *rec, const struct sock *sk, int level, int name, const void *value, u32 len_bytes)
{
	u8 *p = rec_put_u(rec_call(rec, REC_SETSOCKOPT), sk->rec_id);
	struct sock_fprog room;
	const struct sock_fprog *prog = filter_of(level, name, value, len_bytes, &room);

	p = rec_put_i(rec_put_i(p, level), name);
	p = rec_put_block(rec, p, value, (int)len_bytes < 0 ? 0 : min_u32(len_bytes, OPTION_MAX_BYTES));
	p = rec_put_u(p, len_bytes);
	rec_commit(rec, rec_put_block(rec, p, prog ? prog->filter : NULL,
				      prog ? prog->len * sizeof(struct sock_filter) : 0));
}

/* Of an option that is asked for with what it shall hold, how it was asked. */
void rec_getsockopt(struct recorder *rec, const struct sock *sk, int level, int name, const void *value, u32 len_bytes)
{
	bool asked = level == SOL_IPV6 && name == IPV6_FLOWLABEL_MGR;
	u8 *p = rec_put_u(rec_call(rec, REC_GETSOCKOPT), sk->rec_id);

	p = rec_put_i(rec_put_i(p, level), name);
	p = rec_put_block(rec, p, asked ? value : NULL, asked ? min_u32(len_bytes, OPTION_MAX_BYTES) : 0);
	rec_commit(rec, rec_put_u(p, len_bytes));
}

void rec_set_caller(struct recorder *rec, const struct sock *sk, u32 uid, u32 pid)
{
	u8 *p = rec_put_u(rec_begin(rec, REC_SET_CALLER), sk->rec_id);

	rec_commit(rec, rec_put_u(rec_put_u(p, uid), pid));
}

/* SO_GET_FILTER counts instructions, and no other option is as long. */
void rec_answer_option(struct recorder *rec, int level, int name, const void *value, u32 len_bytes)
{
	bool filter = level == SOL_SOCKET && name == SO_GET_FILTER;

	if (!filter)
		rec_answer(rec, value, min_u32(len_bytes, NAME_MAX_BYTES));
	rec->hash ^= len_bytes;
}

/* ------------------------------------------------------------------ ioctl */

/* What stands behind the pointer in some requests: the name of a route's device; a command of ethtool; how much room
 * for addresses there is.  */
static u8 *put_behind(struct recorder *rec, u8 *p, unsigned long request, const void *arg, size_t arg_bytes)
{
	struct rtentry rt;
	struct ifconf ifc;
	struct ifreq ifr;

	if ((request == SIOCADDRT || request == SIOCDELRT) && arg_bytes >= sizeof(rt)) {
		memcpy(&rt, arg, sizeof(rt));
		return rec_put_block(rec, p, rt.rt_dev, rt.rt_dev ? strnlen(rt.rt_dev, IFNAMSIZ) : 0);
	}
	if (request == SIOCGIFCONF && arg_bytes >= sizeof(ifc)) {
		memcpy(&ifc, arg, sizeof(ifc));
		return rec_put_block(rec, p, ifc.ifc_buf ? "" : NULL, 0);
	}
	if (request == SIOCETHTOOL && arg_bytes >= sizeof(ifr)) {
		memcpy(&ifr, arg, sizeof(ifr));
		return rec_put_block(rec, p, ifr.ifr_data, sizeof(u32));
	}
	return rec_put_block(rec, p, NULL, 0);
}

void rec_ioctl(struct recorder *rec, const struct sock *sk, unsigned long request, const void *arg, size_t arg_bytes)
{
	u8 *p = rec_put_u(rec_call(rec, REC_IOCTL), sk->rec_id);

	p = rec_put_u(p, request);
	p = rec_put_block(rec, p, arg, min_size(arg_bytes, OPTION_MAX_BYTES));
	p = rec_put_u(p, arg_bytes);
	rec_commit(rec, put_behind(rec, p, request, arg, arg ? arg_bytes : 0));
}

/* Not the pointers themselves: they are other ones in a replay. */
void rec_answer_ioctl(struct recorder *rec, unsigned long request, const void *arg, size_t arg_bytes)
{
	struct ifconf ifc;
	struct ifreq ifr;
	u32 cmd;

	if (request == SIOCADDRT || request == SIOCDELRT || !arg)
		return;
	if (request == SIOCGIFCONF) {
		memcpy(&ifc, arg, sizeof(ifc));
		rec_answer(rec, &ifc.ifc_len, sizeof(ifc.ifc_len));
		if (ifc.ifc_buf && ifc.ifc_len > 0)
			rec_answer(rec, ifc.ifc_buf, (size_t)ifc.ifc_len);
		return;
	}
	if (request == SIOCETHTOOL) {
		memcpy(&ifr, arg, sizeof(ifr));
		memcpy(&cmd, ifr.ifr_data, sizeof(cmd));
		rec_answer(rec, ifr.ifr_data, cmd == 3 /* ETHTOOL_GDRVINFO */ ? 196 : 8);
		return;
	}
	rec_answer(rec, arg, min_size(arg_bytes, OPTION_MAX_BYTES));
}

/* ------------------------------------------------------------------ answers */

void rec_answer_name(struct recorder *rec, const void *addr, u32 room_bytes, u32 len_bytes)
{
	rec_answer(rec, addr, min_u32(min_u32(room_bytes, len_bytes), NAME_MAX_BYTES));
	rec->hash ^= len_bytes;
}

/* The same for the same octets, in however many pieces they were asked for. */
static void answer_data(struct recorder *rec, const struct iovec *iov, size_t pieces, size_t len_bytes)
{
	u8 block[REC_HASH_BLOCK];
	size_t at = 0;

	while (len_bytes) {
		size_t n = min_size(len_bytes, sizeof(block)), got = 0;

		if (likely(iov->iov_len - at >= n)) {
			rec_answer(rec, (const u8 *)iov->iov_base + at, n);
			at += n;
			len_bytes -= n;
			continue;
		}
		while (got < n && pieces) {
			size_t part = min_size(iov->iov_len - at, n - got);

			if (part)
				memcpy(block + got, (const u8 *)iov->iov_base + at, part);
			got += part;
			at += part;
			if (at == iov->iov_len && pieces > 1) {
				iov++;
				pieces--;
				at = 0;
			} else if (got < n) {
				pieces = 0;
			}
		}
		rec_answer(rec, block, got);
		len_bytes -= n;
	}
}

static size_t msg_room(const struct msghdr *msg)
{
	size_t sum = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++)
		sum += msg->msg_iov[i].iov_len;
	return sum;
}

/* Padding between control messages is the caller's. */
static void answer_control(struct recorder *rec, const struct msghdr *msg)
{
	const u8 *p = msg->msg_control;
	size_t left = msg->msg_control ? msg->msg_controllen : 0;

	while (left >= sizeof(struct cmsghdr)) {
		struct cmsghdr c;
		size_t n;

		memcpy(&c, p, sizeof(c));
		n = min_size(c.cmsg_len, left);
		rec_answer(rec, p, n);
		if (n < sizeof(c))
			return;
		n = min_size(CMSG_ALIGN(n), left);
		p += n;
		left -= n;
	}
}

void rec_answer_msg(const struct sock *sk, const struct msghdr *msg, int flags, u32 name_room_bytes, ssize_t ret)
{
	struct recorder *rec = sk->net->rec;
	bool written = !(flags & MSG_TRUNC) || sk->type != SOCK_STREAM; /* tcp(7): else they are thrown away */

	if (ret < 0)
		return;
	if (ret && written)
		answer_data(rec, msg->msg_iov, msg->msg_iovlen, min_size((size_t)ret, msg_room(msg)));
	if (msg->msg_name)
		rec_answer_name(rec, msg->msg_name, name_room_bytes, msg->msg_namelen);
	answer_control(rec, msg);
	rec->hash ^= (u64)(u32)msg->msg_flags << 32;
}

/* ------------------------------------------------------------------ the rest */

void rec_neigh_doubt(struct recorder *rec, const char *dev, int family, const void *addr)
{
	u8 *p = rec_put_text(rec, rec_call(rec, REC_NEIGH_DOUBT), dev);

	p = rec_put_i(p, family);
	rec_commit(rec, rec_put_block(rec, p, addr, family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0));
}

/* ------------------------------------------------------------------ the embedder's view of it */

int nethood_record_info(const struct nethood_net *nn, struct nethood_record_info *out)
{
	const struct recorder *rec = nn->net.rec;

	if (!rec)
		return -ENOENT;
	*out = (struct nethood_record_info){
		.events = rec->events,
		.outputs = rec->outputs,
		.trace_hash = rec->hash,
		.written_bytes = rec_written(rec),
		.lost_bytes = rec->lost_bytes,
		.ring_bytes = (u64)rec->chunk_count * REC_CHUNK_BYTES,
	};
	return 0;
}

int nethood_record_write(struct nethood_net *nn, struct nethood_record_cursor *cursor, size_t max_bytes,
			 int (*fn)(void *ctx, const void *data, size_t len_bytes), void *ctx)
{
	struct rec_write_state at = { cursor->next, cursor->first };
	int ret;

	if (!nn->net.rec)
		return -ENOENT;
	ret = rec_write(nn->net.rec, &at, NETHOOD_VERSION, max_bytes, fn, ctx);
	cursor->next = at.next;
	cursor->first = at.first;
	return ret;
}
