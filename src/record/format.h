/* SPDX-License-Identifier: BSD-2-Clause */
/* What a recording is made of: records, their fields, and the parts of the file.
 *
 * A record is one octet that says which, then its fields.  Numbers are little-endian base 128 (seven bits in each octet,
 * the lowest first, the highest bit says that more follow), signed ones folded (0, -1, 1, -2 ...) before that.  A
 * string or block of octets is its length plus one, then the octets; length zero stands for a null pointer.
 *
 * Letters of a field:
 *	u number   i signed   t time, nanoseconds since the last time told   s socket   d ifindex of a device
 *	b octets   z octets, the last of them zero   h two octets, H eight octets of the trace hash
 */
#ifndef NETHOOD_RECORD_FORMAT_H
#define NETHOOD_RECORD_FORMAT_H

#include <string.h>

#include "base/types.h"

#define REC_FORMAT_VERSION 2U
#define REC_FIELDS_MAX 10U
#define REC_CHUNK_BYTES 65536U
#define REC_SMALL_BYTES 256U    /* no record is longer, but for the octets of b and z */
#define REC_CHECK_EVERY 1024U   /* events between two full hashes */
#define REC_DATA_MAX (1U << 20) /* of one b: what is longer no call reads */

/* name, text, fields, what they are called */
#define REC_OPS(X) \
	X(NONE, "", "", "") \
	X(RET, "return", "ih", "result,hash") \
	X(CHECK, "check", "H", "hash") \
	X(CB_ENTER, "callback", "u", "output") \
	X(CB_LEAVE, "callback ends", "i", "result") \
	X(CB_RESULT, "refused", "ui", "output,result") \
	X(NO_MEMORY, "no memory", "u", "allocation") \
	X(INPUT, "input", "duib", "dev,what,result,data") \
	X(POLL, "poll", "t", "now") \
	X(SET_TIME, "set_time", "t", "now") \
	X(SET_WALL, "set_wall", "uu", "now,wall") \
	X(DEV_CREATE, "dev_create", "zzzubuu", "name,driver,arg,mtu,lladdr,queues,flags") \
	X(DEV_DESTROY, "dev_destroy", "d", "dev") \
	X(WIRE, "wire", "ddu", "dev,peer,same_net") \
	X(DEV_RECEIVE, "dev_receive", "db", "dev,frame") \
	X(DEV_WAKE, "dev_wake", "d", "dev") \
	X(DEV_CARRIER, "dev_carrier", "du", "dev,on") \
	X(DEV_FD_READY, "dev_fd_ready", "d", "dev") \
	X(WIRE_FRAME, "wire_frame", "duuuuub", "dev,csum_start,csum_offset,gso_size,gso_type,segment_bytes,frame") \
	X(WIRE_NEWS, "wire_news", "du", "dev,what") \
	X(DHCP_START, "dhcp_start", "dubzuu", "dev,flags,client_id,hostname,requested,metric") \
	X(DHCP_STOP, "dhcp_stop", "d", "dev") \
	X(IPV4LL_START, "ipv4ll_start", "d", "dev") \
	X(IPV4LL_STOP, "ipv4ll_stop", "d", "dev") \
	X(BY_ARP_START, "by_arp_start", "duuuuu", "dev,icmp_bytes,port,prefix,timeout,told") \
	X(BY_ARP_STOP, "by_arp_stop", "d", "dev") \
	X(SOCKET, "socket", "iii", "domain,type,protocol") \
	X(CLOSE, "close", "s", "socket") \
	X(BIND, "bind", "sbu", "socket,addr,len") \
	X(CONNECT, "connect", "sbu", "socket,addr,len") \
	X(LISTEN, "listen", "si", "socket,backlog") \
	X(ACCEPT, "accept", "suu", "socket,wants_addr,len") \
	X(SENDTO, "sendto", "siubub", "socket,flags,to_len,to,len,data") \
	X(SENDMSG, "sendmsg", "siububuub", "socket,flags,to_len,to,control_len,control,pieces,len,data") \
	X(RECVFROM, "recvfrom", "suiuu", "socket,room,flags,wants_addr,len") \
	X(RECVMSG, "recvmsg", "suuiuuuu", "socket,room,pieces,flags,wants_addr,len,wants_control,control_room") \
	X(SHUTDOWN, "shutdown", "si", "socket,how") \
	X(SETSOCKOPT, "setsockopt", "siibub", "socket,level,name,value,len,filter") \
	X(GETSOCKOPT, "getsockopt", "siibu", "socket,level,name,value,room") \
	X(IOCTL, "ioctl", "subub", "socket,request,arg,len,behind") \
	X(ON_READY, "on_ready", "su", "socket,told") \
	X(SET_ADMIN, "sock_set_admin", "su", "socket,admin") \
	X(SYSCTL_SET, "sysctl_set", "zz", "key,value") \
	X(PROC_WRITE, "proc_write", "zb", "path,text") \
	X(NEIGH_DOUBT, "neigh_doubt", "zib", "dev,family,addr") \
	X(TRACE, "trace", "u", "on") \
	X(CAPTURE, "capture", "u", "on") \
	X(SEND_ZEROCOPY, "send_zerocopy", "siub", "socket,flags,len,data") \
	X(RECV_BORROW, "recv_borrow", "suuiuuuu", \
	  "socket,room,pieces,flags,wants_addr,len,wants_control,control_room") \
	X(RECV_CONSUME, "recv_consume", "su", "socket,len") \
	X(READINESS, "readiness", "s", "socket") \
	X(SET_CALLER, "sock_set_caller", "suu", "socket,uid,pid")

enum rec_op {
#define X(name, text, fields, labels) REC_##name,
	REC_OPS(X)
#undef X
		REC_OPS_COUNT
};

/* bits of flags */
enum { REC_DEV_OFFLOAD = 1, REC_DEV_XMIT = 2, REC_DEV_FD = 4 };
enum { REC_DHCP_CONFIG = 1, REC_DHCP_LINK_LOCAL = 2, REC_DHCP_TOLD = 4 };

/* what the system said to a driver: the second field of INPUT */
#define REC_INPUTS(X) \
	X(OPEN, "open") \
	X(FRAME, "frame") \
	X(STREAM, "stream") \
	X(SENT, "sent") \
	X(WRITABLE, "writable") \
	X(LINK, "link") \
	X(DRIVER, "driver") \
	X(LOST, "lost") \
	X(VNET_FRAME, "vnet-frame")

enum rec_input {
#define X(name, text) REC_IN_##name,
	REC_INPUTS(X)
#undef X
		REC_INPUTS_COUNT
};

/* what the other end of a memory wire did */
enum { REC_WIRE_KICK, REC_WIRE_WAKE };

struct rec_op_info {
	const char *text, *fields, *labels;
};
extern const struct rec_op_info rec_ops[REC_OPS_COUNT];
extern const char *const rec_inputs[REC_INPUTS_COUNT];

/** rec_is_event() - is it counted?  The others only say how one went */
static inline bool rec_is_event(enum rec_op op)
{
	return op > REC_CB_RESULT;
}
/** rec_is_call() - is it a call into the net, which a REC_RET may follow? */
static inline bool rec_is_call(enum rec_op op)
{
	return op > REC_INPUT;
}
/** rec_has_return() - calls that cannot fail and do nothing yet have none */
static inline bool rec_has_return(enum rec_op op)
{
	return rec_is_call(op) && op != REC_SET_TIME && op != REC_SET_WALL && op != REC_ON_READY &&
	       op != REC_SET_ADMIN && op != REC_SET_CALLER && op != REC_TRACE && op != REC_READINESS;
}

/* ------------------------------------------------------------------ the file: one header, chunks, one tail */

#define REC_MAGIC_BYTES 8U
#define REC_HEADER_BYTES 216U
#define REC_CHUNK_MAGIC 0x4b4e4843U /* "CHNK" */
#define REC_CHUNK_HEADER_BYTES 48U
#define REC_TAIL_MAGIC 0x4c494154U /* "TAIL" */
#define REC_TAIL_BYTES 72U

/* where what is in the header */
enum {
	REC_H_VERSION = 8,
	REC_H_BYTES = 12,
	REC_H_FLAGS = 16,
	REC_H_ABI = 20,
	REC_H_NOW = 24,
	REC_H_WALL = 32,
	REC_H_KEY = 40,      /* 32 */
	REC_H_NETHOOD = 72,  /* 24: its version */
	REC_H_HOSTNAME = 96, /* 64 */
	REC_H_LOST = 160,    /* octets that are gone */
	REC_H_RING = 168,    /* size of the ring */
	REC_H_SPARE = 176,   /* 32: zero */
	REC_H_SUM = 208,
};
enum { REC_F_BEGIN_LOST = 1, REC_F_STRICT = 2, REC_F_LOG = 4, REC_F_MAY_FAIL = 8, REC_F_KNOWN = 15 };

/* of a chunk, and of the tail */
enum {
	REC_C_BYTES = 4,
	REC_C_SEQ = 8,
	REC_C_FIRST = 16,
	REC_C_DEPTH = 20,
	REC_C_EVENT = 24,
	REC_C_TIME = 32,
	REC_C_SUM = 40
};
enum {
	REC_T_ZERO = 4,
	REC_T_CHUNKS = 8,
	REC_T_EVENTS = 16,
	REC_T_OUTPUTS = 24,
	REC_T_HASH = 32,
	REC_T_TIME = 40,
	REC_T_WRITTEN = 48, /* octets of records in all */
	REC_T_SPARE = 56,
	REC_T_SUM = 64
};

/** rec_abi() - what the octets of addresses, options and requests depend on beside the format */
static inline u32 rec_abi(void)
{
	const u16 one = 1;

	return (u32)sizeof(long) | (u32)sizeof(void *) << 8 | (u32)(*(const u8 *)&one) << 16;
}

/* ------------------------------------------------------------------ octets */

static inline u8 *rec_put_u(u8 *p, u64 v)
{
	if (__builtin_expect(v < 0x80, 1)) {
		*p = (u8)v;
		return p + 1;
	}
	do {
		*p++ = (u8)(v | 0x80);
		v >>= 7;
	} while (v >= 0x80);
	*p++ = (u8)v;
	return p;
}

static inline u8 *rec_put_i(u8 *p, s64 v)
{
	return rec_put_u(p, (u64)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

static inline s64 rec_unfold(u64 v)
{
	return (s64)(v >> 1) ^ -(s64)(v & 1);
}

static inline void rec_put_le32(u8 *p, u32 v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap32(v);
#endif
	memcpy(p, &v, sizeof(v));
}

static inline void rec_put_le64(u8 *p, u64 v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	memcpy(p, &v, sizeof(v));
}

static inline u32 rec_get_le32(const u8 *p)
{
	return (u32)p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
}

static inline u64 rec_get_le64(const u8 *p)
{
	return (u64)rec_get_le32(p) | (u64)rec_get_le32(p + 4) << 32;
}

#endif
