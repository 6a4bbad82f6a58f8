// SPDX-License-Identifier: BSD-2-Clause
/* Fuzz target: sequences of rtnetlink requests, from several programs, while others listen.
 *
 * A request is made out of the tables of what each message may hold (requests.c), with values that mean something in
 * this world, or is raw octets.  Some are answered before the next one, others wait in their sockets with dumps that are
 * half read; listeners lag; memory runs out.
 *
 * What must hold: each message that is answered is well-formed, and a request that is refused has changed nothing: all
 * dumps are what they were before.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h> /* before linux/if.h, which steps back for it */

#include <linux/if_arp.h>
#include <linux/inet_diag.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "fuzz.h"
#include "mutate.h"
#include "requests.h"

#define STEPS_AT_MOST 80U
#define INPUT_MAX_BYTES 16000U
#define STREAMS 3U
#define SOCKS 4U            /* 0: each answer is read at once; 3: listens to all, and is read when a step says so */
#define MESSAGE_BYTES 8192U /* of a dump */
#define READS_AT_MOST 1000U /* answers to one request */

struct world {
	struct fuzz_net fn; /**< first */
	struct nethood_sock *sk[SOCKS], *udp, *udp6;
	struct nethood_sock *diag; /**< NETLINK_SOCK_DIAG */
	struct nethood_sock *stream[STREAMS];
	u32 seq;
	bool small_tables; /**< an entry that there is no room for takes away others */
	u8 *batch;         /**< requests that go with the next one */
	size_t batch_bytes;
};

/* ------------------------------------------------------------------ answers */

static size_t header_bytes(u16 type)
{
	switch ((type - RTM_BASE) & ~3) {
	case RTM_NEWLINK - RTM_BASE:
		return sizeof(struct ifinfomsg);
	case RTM_NEWADDR - RTM_BASE:
		return sizeof(struct ifaddrmsg);
	case RTM_NEWNEIGH - RTM_BASE:
		return sizeof(struct ndmsg);
	case RTM_NEWNEIGHTBL - RTM_BASE:
		return sizeof(struct ndtmsg);
	case RTM_GETMULTICAST - 2 - RTM_BASE:
	case RTM_GETANYCAST - 2 - RTM_BASE:
		return sizeof(struct ifaddrmsg);
	case RTM_NEWNETCONF - RTM_BASE:
		return ALIGN_UP(sizeof(struct netconfmsg), (size_t)4);
	case RTM_NEWNDUSEROPT - RTM_BASE:
		return sizeof(struct nduseroptmsg);
	default: /* routes, rules, labels, prefixes */
		return sizeof(struct rtmsg);
	}
}

static void check_attrs(const u8 *p, size_t left)
{
	while (left) {
		struct nlattr a;
		size_t step;

		if (left < sizeof(a))
			fuzz_fail("octets are left behind attributes");
		memcpy(&a, p, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > left)
			fuzz_fail("the length of an attribute lies");
		if (a.nla_type & NLA_F_NESTED)
			check_attrs(p + sizeof(a), a.nla_len - sizeof(a));
		step = ALIGN_UP((size_t)a.nla_len, 4U);
		if (step > left)
			fuzz_fail("an attribute is not padded");
		p += step;
		left -= step;
	}
}

static void check_message(const struct nlmsghdr *nlh)
{
	size_t at = sizeof(*nlh);

	if (nlh->nlmsg_type < RTM_BASE || nlh->nlmsg_type > RTM_MAX)
		return; /* an acknowledgement holds the request as it was, NLMSG_DONE a number */
	at += ALIGN_UP(header_bytes(nlh->nlmsg_type), (size_t)4);
	if (nlh->nlmsg_len < at)
		fuzz_fail("a message of type %u is too short", nlh->nlmsg_type);
	check_attrs((const u8 *)nlh + at, nlh->nlmsg_len - at);
}

/** told of each message; Return: false: that was what was waited for */
typedef bool (*message_fn)(void *ctx, const struct nlmsghdr *nlh);

static bool walk(const u8 *buf, size_t bytes, message_fn fn, void *ctx)
{
	while (bytes) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)buf;
		size_t step;

		if (bytes < sizeof(*nlh) || nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > bytes)
			fuzz_fail("an answer is malformed");
		check_message(nlh);
		if (!fn(ctx, nlh))
			return false;
		step = ALIGN_UP((size_t)nlh->nlmsg_len, 4U);
		step = step < bytes ? step : bytes;
		buf += step;
		bytes -= step;
	}
	return true;
}

static u8 read_buf[65536] __attribute__((aligned(8))); /* one input is run at a time */

static void read_answers(struct nethood_sock *sk, message_fn fn, void *ctx)
{
	for (u32 i = 0; i < READS_AT_MOST; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t from_bytes = sizeof(from);
		ssize_t n = nethood_recvfrom(sk, read_buf, sizeof(read_buf), 0, (struct sockaddr *)&from, &from_bytes);

		if (n >= 0 && from.nl_pid)
			continue; /* another program's octets, as they are */
		if (n == -ENOBUFS)
			continue;
		if (n < 0 || !walk(read_buf, (size_t)n, fn, ctx))
			return;
	}
	fuzz_fail("an answer without end");
}

/* ------------------------------------------------------------------ all that a net shows */

/** struct seen - of each dump: its messages, in whatever order they came */
struct seen {
	struct {
		u64 hashes; /**< their sum */
		u32 count;
	} view[16];
	u32 at;
};

/* How often somebody asked, and when it was last tidied up, is no state that a request must leave alone. */
static void blank_stats(u8 *p, size_t left)
{
	struct nlattr a;

	while (left >= sizeof(a)) {
		size_t step;

		memcpy(&a, p, sizeof(a));
		if (a.nla_type == NDTA_STATS || a.nla_type == NDTA_CONFIG)
			memset(p + sizeof(a), 0, a.nla_len - sizeof(a));
		step = ALIGN_UP((size_t)a.nla_len, 4U);
		p += step;
		left -= step < left ? step : left;
	}
}

static u64 hash_message(const u8 *p, size_t bytes)
{
	u64 hash = 0xcbf29ce484222325ULL; /* FNV-1a */

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ p[i]) * 0x100000001b3ULL;
	return hash;
}

static bool see_message(void *ctx, const struct nlmsghdr *nlh)
{
	struct seen *s = ctx;
	size_t head = sizeof(*nlh) + ALIGN_UP(sizeof(struct ndtmsg), (size_t)4);
	u8 copy[MESSAGE_BYTES];

	if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
		return false;
	if (nlh->nlmsg_len > sizeof(copy))
		fuzz_fail("a message of %u octets", nlh->nlmsg_len);
	memcpy(copy, nlh, nlh->nlmsg_len);
	if (nlh->nlmsg_type == RTM_NEWNEIGHTBL)
		blank_stats(copy + head, nlh->nlmsg_len - head);
	s->view[s->at].hashes += hash_message(copy, nlh->nlmsg_len);
	s->view[s->at].count++;
	return true;
}

static const struct {
	u16 type;
	u8 family, flags;
	const char *what;
} views[] = {
	{ RTM_GETLINK, AF_UNSPEC, 0, "links" },
	{ RTM_GETADDR, AF_INET, 0, "addresses" },
	{ RTM_GETROUTE, AF_INET, 0, "routes" },
	{ RTM_GETRULE, AF_INET, 0, "rules" },
	{ RTM_GETNEIGH, AF_INET, 0, "neighbours" },
	{ RTM_GETNEIGH, AF_INET, NTF_PROXY, "proxies" },
	{ RTM_GETNEIGHTBL, AF_INET, 0, "parameters" },
	{ RTM_GETADDR, AF_INET6, 0, "addresses of IPv6" },
	{ RTM_GETROUTE, AF_INET6, 0, "routes of IPv6" },
	{ RTM_GETRULE, AF_INET6, 0, "rules of IPv6" },
	{ RTM_GETNEIGH, AF_INET6, 0, "neighbours of IPv6" },
	{ RTM_GETNEIGH, AF_INET6, NTF_PROXY, "proxies of IPv6" },
	{ RTM_GETADDRLABEL, AF_INET6, 0, "labels" },
};

static void see(struct world *w, struct seen *out)
{
	u32 fail_after = w->fn.mem.fail_after;

	fuzz_memory(&w->fn, 0, w->fn.mem.fail_on);
	memset(out, 0, sizeof(*out));
	for (u32 i = 0; i < ARRAY_SIZE(views); i++) {
		struct {
			struct nlmsghdr nlh;
			struct ndmsg ndm;
		} rq = { { sizeof(rq), views[i].type, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
			 { .ndm_family = views[i].family, .ndm_flags = views[i].flags } };

		out->at = i;
		(void)nethood_sendto(w->fn.admin, &rq, sizeof(rq), 0, NULL, 0);
		read_answers(w->fn.admin, see_message, out);
	}
	fuzz_memory(&w->fn, fail_after, w->fn.mem.fail_on);
}

static void compare(const struct seen *before, const struct seen *after, const struct nlmsghdr *nlh, int err)
{
	for (size_t i = 0; i < ARRAY_SIZE(views); i++) {
		if (before->view[i].hashes == after->view[i].hashes && before->view[i].count == after->view[i].count)
			continue;
		fuzz_fail("a request of type %u, flags %x, was refused (%s) and changed the %s", nlh->nlmsg_type,
			  nlh->nlmsg_flags, strerrorname_np(-err), views[i].what);
	}
}

/* ------------------------------------------------------------------ steps */

struct verdict {
	u32 seq;
	int err; /**< 1: none came */
};

static bool see_verdict(void *ctx, const struct nlmsghdr *nlh)
{
	struct verdict *v = ctx;

	if (nlh->nlmsg_seq == v->seq && nlh->nlmsg_type == NLMSG_ERROR)
		memcpy(&v->err, nlh + 1, sizeof(v->err));
	return true;
}

static bool ignore_message(void *ctx, const struct nlmsghdr *nlh)
{
	(void)ctx, (void)nlh;
	return true;
}

/* As Linux: next hops of IPv6 go one by one, as far as they are there. */
static bool is_one_by_one(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_type == RTM_DELROUTE && nlh->nlmsg_len > sizeof(*nlh) &&
	       *(const u8 *)(const void *)(nlh + 1) == AF_INET6;
}

static void ask_and_compare(struct world *w, struct nlmsghdr *nlh)
{
	struct verdict v = { nlh->nlmsg_seq, 1 };
	struct seen before, after;

	fuzz_poll(&w->fn); /* what is under way is not the request's doing */
	see(w, &before);
	(void)nethood_sendto(w->sk[0], nlh, nlh->nlmsg_len, 0, NULL, 0);
	read_answers(w->sk[0], see_verdict, &v);
	if (v.err >= 0)
		return;
	see(w, &after);
	for (u32 i = 0; i < ARRAY_SIZE(views) && w->small_tables; i++) { /* whoever room was made for in vain is gone */
		if (views[i].type == RTM_GETNEIGH && !views[i].flags)
			after.view[i] = before.view[i];
	}
	if (!is_one_by_one(nlh))
		compare(&before, &after, nlh, v.err);
}

/* Body: socket, or a batch that waits; the request (requests.c) */
static void step_request(struct world *w, struct input *in)
{
	u8 how = in_u8(in);
	struct nlmsghdr *nlh = request_build(in);

	nlh->nlmsg_seq = ++w->seq;
	w->small_tables |= nlh->nlmsg_type == RTM_SETNEIGHTBL;
	if (!(how & 3) && !(nlh->nlmsg_flags & NLM_F_DUMP)) {
		nlh->nlmsg_flags |= NLM_F_ACK;
		ask_and_compare(w, nlh);
		return;
	}
	w->batch = realloc(w->batch, w->batch_bytes + nlh->nlmsg_len + 4);
	if (!w->batch)
		abort();
	memset(w->batch + w->batch_bytes, 0, nlh->nlmsg_len + 4);
	memcpy(w->batch + w->batch_bytes, nlh, nlh->nlmsg_len);
	w->batch_bytes += ALIGN_UP((size_t)nlh->nlmsg_len, 4U);
	if (how & 4)
		return;
	(void)nethood_sendto(w->sk[how & 3], w->batch, w->batch_bytes, 0, NULL, 0);
	w->batch_bytes = 0;
}

/* Body: socket, port it is sent to, octets */
static void step_raw(struct world *w, struct input *in)
{
	struct nethood_sock *sk = w->sk[in_below(in, SOCKS)];
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = in_below(in, 8) };
	_Alignas(struct nlmsghdr) u8 copy[4096];
	size_t bytes;
	const u8 *from = in_bytes(in, sizeof(copy), &bytes);

	if (bytes)
		memcpy(copy, from, bytes);
	(void)nethood_sendto(sk, copy, bytes, 0, (struct sockaddr *)&to, to.nl_pid == 7 ? 2 : sizeof(to));
}

/* Body: socket, flags, room, how often */
static void step_receive(struct world *w, struct input *in)
{
	struct nethood_sock *sk = w->sk[in_below(in, SOCKS)];
	u8 flags = in_u8(in), control[256];
	size_t room = in_u16(in);
	struct sockaddr_nl from;

	for (u32 count = in_below(in, 16); sk && count; count--) {
		struct iovec iov = { read_buf, flags & 4 ? sizeof(read_buf) : room };
		struct msghdr msg = { .msg_name = &from,
				      .msg_namelen = flags & 8 ? 3 : sizeof(from),
				      .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = control,
				      .msg_controllen = flags & 16 ? 5 : sizeof(control) };
		ssize_t n = nethood_recvmsg(sk, &msg, (flags & 1 ? MSG_PEEK : 0) | (flags & 2 ? MSG_TRUNC : 0));

		if (n >= 0 && !(msg.msg_flags & MSG_TRUNC) && msg.msg_namelen && from.nl_pid == 0 && !(flags & 8))
			(void)walk(read_buf, (size_t)n, ignore_message, NULL);
	}
}

/* Body: socket, netlink's option or the socket's, name, value */
static void step_option(struct world *w, struct input *in)
{
	struct nethood_sock *sk = w->sk[in_below(in, SOCKS)];
	bool general = in_u8(in) & 1;
	static const int names[] = { SO_RCVBUF, SO_SNDBUF, SO_RCVBUFFORCE, SO_ERROR, SO_PASSCRED, SO_TIMESTAMP };
	int name = general ? names[in_below(in, ARRAY_SIZE(names))] : (int)in_below(in, 16);
	u32 value = in_u16(in);
	u8 out[64];
	socklen_t out_bytes = in_u8(in) & 31;

	(void)nethood_setsockopt(sk, general ? SOL_SOCKET : SOL_NETLINK, name, &value,
				 out_bytes == 31 ? 1 : sizeof(value));
	(void)nethood_getsockopt(sk, general ? SOL_SOCKET : SOL_NETLINK, name, out, &out_bytes);
}

/* Body: socket, what: another one in its place, bound anew, connected, or of a program that may not */
static void step_socket(struct world *w, struct input *in)
{
	u32 i = in_below(in, SOCKS);
	u8 what = in_u8(in);
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_pid = in_u8(in), .nl_groups = in_u32(in) };
	struct sockaddr_storage name;
	socklen_t name_bytes = sizeof(name);

	switch (what & 3) {
	case 0:
		if (nethood_bind(w->sk[i], (struct sockaddr *)&nl, what & 4 ? 2 : sizeof(nl)) == 0)
			(void)nethood_getsockname(w->sk[i], (struct sockaddr *)&name, &name_bytes);
		return;
	case 1:
		nl.nl_family = what & 8 ? AF_UNSPEC : AF_NETLINK;
		(void)nethood_connect(w->sk[i], (struct sockaddr *)&nl, what & 4 ? 2 : sizeof(nl));
		(void)nethood_getpeername(w->sk[i], (struct sockaddr *)&name, &name_bytes);
		return;
	case 2:
		nethood_sock_set_admin(w->sk[i], what & 4);
		return;
	default:
		if (!i)
			return;
		nethood_close(w->sk[i]);
		if (nethood_socket(w->fn.net, AF_NETLINK, SOCK_RAW, what & 4 ? NETLINK_ROUTE : what, &w->sk[i]) &&
		    nethood_socket(w->fn.net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &w->sk[i]))
			w->sk[i] = NULL;
	}
}

/* Without a socket there is nobody to do a step: memory is back then. */
static void need_sockets(struct world *w)
{
	for (u32 i = 0; i < SOCKS; i++) {
		if (w->sk[i])
			continue;
		fuzz_memory(&w->fn, 0, false);
		if (nethood_socket(w->fn.net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &w->sk[i]))
			fuzz_fail("no socket, and nothing is in the way");
	}
}

/* Body: unit, how many */
static void step_time(struct world *w, struct input *in)
{
	static const u64 units_ns[] = { 1, 1000000, FUZZ_SEC / 10, FUZZ_SEC, 10 * FUZZ_SEC, 100 * FUZZ_SEC };
	u64 unit_ns = units_ns[in_below(in, ARRAY_SIZE(units_ns))];

	fuzz_pass(&w->fn, unit_ns * in_u8(in));
}

/* Body: net, station, length, family */
static void step_send(struct world *w, struct input *in)
{
	static const u8 zeros[256];
	u32 net = in_below(in, 4);
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	u8 station = in_u8(in), len_bytes = in_u8(in);

	sin.sin_addr.s_addr = htonl((net == 3 ? 0xc0a80000U : 0x0a000000U | net << 16) | station);
	memcpy(&sin6.sin6_addr, (const u8[16]){ [0] = 0xfd, [7] = (u8)net, [15] = station }, 16);
	if (in_u8(in) & 1)
		(void)nethood_sendto(w->udp6, zeros, len_bytes, 0, (struct sockaddr *)&sin6, sizeof(sin6));
	else
		(void)nethood_sendto(w->udp, zeros, len_bytes, 0, (struct sockaddr *)&sin, sizeof(sin));
	fuzz_poll(&w->fn);
}

/* Body: device, ARP operation, sender's station, target's */
static void step_arp(struct world *w, struct input *in)
{
	u32 d = in_below(in, FUZZ_DEVS);
	u8 op = in_u8(in), sender = in_u8(in), target = in_u8(in);
	u8 frame[42] = { 2, 0, 0, 0, 0, (u8)(d + 1), 2, 0xee, 0, 0, 0, sender, 8, 6, 0, 1, 8, 0, 6, 4, 0, op };

	memcpy(frame + 22, frame + 6, 6);
	memcpy(frame + 28, (const u8[]){ 10, (u8)d, 0, sender }, 4);
	memcpy(frame + 38, (const u8[]){ 10, (u8)d, 0, target }, 4);
	(void)nethood_dev_receive(w->fn.dev[d].dev, frame, sizeof(frame));
	fuzz_poll(&w->fn);
}

static void step_memory(struct world *w, struct input *in)
{
	u32 after_count = in_u8(in);

	fuzz_memory(&w->fn, after_count, in_u8(in) & 1);
}

static const char dev_names[][5] = { "eth0", "eth1", "eth2", "lo", "eth9", "" };

static void fill_arpreq(struct arpreq *r, struct input *in)
{
	struct sockaddr_in *pa = (struct sockaddr_in *)(void *)&r->arp_pa;

	pa->sin_family = in_u8(in) & 7 ? AF_INET : AF_INET6;
	pa->sin_addr.s_addr = htonl(0x0a000000U | (u32)in_below(in, 4) << 16 | in_u8(in));
	r->arp_ha.sa_family = in_u8(in) & 7 ? ARPHRD_ETHER : 0;
	memcpy(r->arp_ha.sa_data, (const u8[]){ 2, 0xee, 0, 0, 0, in_u8(in) }, 6);
	r->arp_flags = in_u8(in);
	memset(&r->arp_netmask, in_u8(in) & 1 ? 0xff : 0, sizeof(r->arp_netmask));
	memcpy(r->arp_dev, dev_names[in_below(in, ARRAY_SIZE(dev_names))], 5);
}

/* Body: request, and what it is about; pointers within are ours */
static void step_ioctl(struct world *w, struct input *in)
{
	static const u16 arp_requests[] = { SIOCSARP, SIOCGARP, SIOCDARP };
	u8 request = in_u8(in);
	struct ifreq ifr = { 0 };
	struct arpreq arp = { 0 };

	if (request < 128) {
		fill_arpreq(&arp, in);
		(void)nethood_ioctl(w->udp, arp_requests[request % 3], &arp, sizeof(arp));
		return;
	}
	request &= 127;
	if (request == (SIOCGIFCONF & 0xff) || request == (SIOCETHTOOL & 0xff) || request == (SIOCADDRT & 0xff) ||
	    request == (SIOCDELRT & 0xff))
		return;
	memcpy(ifr.ifr_name, dev_names[in_below(in, ARRAY_SIZE(dev_names))], 5);
	for (size_t i = 0; i < 16; i++)
		((u8 *)&ifr.ifr_ifru)[i] = in_u8(in);
	(void)nethood_ioctl(w->udp, 0x8900UL | request, &ifr, sizeof(ifr));
}

/* Answers about sockets have numbers that rtnetlink's messages have as well: they are looked at here. */
static void read_diag(struct world *w)
{
	for (u32 i = 0; i < READS_AT_MOST; i++) {
		ssize_t n = nethood_recvfrom(w->diag, read_buf, sizeof(read_buf), 0, NULL, NULL);
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)read_buf;

		if (n < 0 && n != -ENOBUFS)
			return;
		while (n > 0) {
			const size_t head = sizeof(*nlh) + sizeof(struct inet_diag_msg);

			if ((size_t)n < sizeof(*nlh) || nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > (size_t)n)
				fuzz_fail("an answer about sockets is malformed");
			if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && nlh->nlmsg_len < head)
				fuzz_fail("an answer about a socket is too short");
			if (nlh->nlmsg_type >= NLMSG_MIN_TYPE)
				check_attrs((const u8 *)nlh + head, nlh->nlmsg_len - head);
			n -= (ssize_t)ALIGN_UP((size_t)nlh->nlmsg_len, 4U);
			nlh = (const struct nlmsghdr *)(const void *)((const u8 *)nlh +
								      ALIGN_UP((size_t)nlh->nlmsg_len, 4U));
		}
	}
	fuzz_fail("sockets without end");
}

/* Body: message, flags, protocol, what is wanted, states, ports, whether attributes follow; a filter */
static void step_diag(struct world *w, struct input *in)
{
	static const u16 types[] = { SOCK_DIAG_BY_FAMILY, SOCK_DESTROY, TCPDIAG_GETSOCK, 19 };
	static const u8 protocols[] = { IPPROTO_UDP, IPPROTO_RAW, IPPROTO_TCP, IPPROTO_ICMP };
	struct {
		struct nlmsghdr nlh;
		struct inet_diag_req_v2 req;
		struct nlattr attr;
		u8 code[512];
	} rq = { .nlh.nlmsg_len = sizeof(rq.nlh) + sizeof(rq.req) };
	const u8 *code;
	size_t code_bytes;

	rq.nlh.nlmsg_type = types[in_below(in, ARRAY_SIZE(types))];
	rq.nlh.nlmsg_flags = (u16)(NLM_F_REQUEST | (in_u8(in) & 3 ? NLM_F_DUMP : NLM_F_ACK));
	rq.req.sdiag_family = in_u8(in) & 7 ? AF_INET : AF_INET6;
	rq.req.sdiag_protocol = protocols[in_below(in, ARRAY_SIZE(protocols))];
	rq.req.idiag_ext = in_u8(in);
	rq.req.idiag_states = in_u8(in) & 1 ? ~0U : in_u32(in);
	rq.req.id.idiag_sport = in_u8(in);
	rq.req.id.idiag_cookie[0] = rq.req.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	if (in_u8(in) & 1) {
		code = in_bytes(in, sizeof(rq.code), &code_bytes);
		if (code_bytes)
			memcpy(rq.code, code, code_bytes);
		rq.attr.nla_type = INET_DIAG_REQ_BYTECODE;
		rq.attr.nla_len = (u16)(sizeof(rq.attr) + code_bytes);
		rq.nlh.nlmsg_len += (u32)ALIGN_UP(sizeof(rq.attr) + code_bytes, (size_t)4);
	}
	(void)nethood_sendto(w->diag, &rq, rq.nlh.nlmsg_len, 0, NULL, 0);
	read_diag(w);
}

static void (*const steps[])(struct world *w, struct input *in) = {
	step_request, step_raw, step_receive, step_option, step_socket, step_time,
	step_send,    step_arp, step_memory,  step_ioctl,  step_diag,
};

/* ------------------------------------------------------------------ an input */

/* One socket that listens, one that connects to it, and one that gets no answer: for those who ask about sockets. */
static void create_streams(struct world *w)
{
	static const u32 addrs[] = { 0, 0x0a000002, 0x0a000009 };

	for (u32 i = 0; i < STREAMS; i++) {
		struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(7000) };

		sin.sin_addr.s_addr = htonl(addrs[i]);
		if (nethood_socket(w->fn.net, AF_INET, SOCK_STREAM, 0, &w->stream[i]))
			fuzz_fail("no socket");
		if (i)
			(void)nethood_connect(w->stream[i], (struct sockaddr *)&sin, sizeof(sin));
		else if (nethood_bind(w->stream[i], (struct sockaddr *)&sin, sizeof(sin)) ||
			 nethood_listen(w->stream[i], 5))
			fuzz_fail("nobody listens");
		fuzz_poll(&w->fn);
	}
	(void)nethood_sendto(w->stream[1], "x", 1, 0, NULL, 0);
}

/* One address is ours at once, the other is tried for. */
static void create_six(struct world *w)
{
	fuzz_sysctl(&w->fn, "net.ipv6.conf.all.accept_dad", "0");
	fuzz_sysctl(&w->fn, "net.ipv6.conf.eth0.accept_dad", "0");
	(void)fuzz_addr(&w->fn, 2, "fd00::2", 64);
	(void)fuzz_addr(&w->fn, 3, "fd00:0:0:1::2", 64);
	(void)fuzz_route(&w->fn, "2001:db8::", 32, "fd00::1", 2);
	(void)fuzz_neigh(&w->fn, 2, "fd00::1", (const u8[]){ 2, 0xee, 0, 0, 0, 1 }, NUD_REACHABLE, NTF_ROUTER);
}

/* Config: 1 as the RFCs say, 2 small tables, 4 strict checks of requests, 8 errors in words, 16 streams */
static void create_world(struct world *w, u8 config)
{
	const struct sockaddr_nl all = { .nl_family = AF_NETLINK, .nl_groups = 0x20dd7 };
	int on = 1;

	fuzz_net_create(&w->fn, config & 1 ? NETHOOD_PROFILE_STRICT : NETHOOD_PROFILE_LINUX);
	for (int i = 1; i <= 3; i++)
		(void)fuzz_link_up(&w->fn, i, true);
	(void)fuzz_addr(&w->fn, 2, "10.0.0.2", 24);
	(void)fuzz_addr(&w->fn, 3, "10.1.0.2", 24);
	create_six(w);
	if (config & 1)
		fuzz_pass(&w->fn, 10 * FUZZ_SEC);
	if (config & 2) {
		fuzz_sysctl(&w->fn, "net.ipv6.neigh.default.gc_thresh1", "1");
		fuzz_sysctl(&w->fn, "net.ipv6.neigh.default.gc_thresh2", "2");
		fuzz_sysctl(&w->fn, "net.ipv6.neigh.default.gc_thresh3", "3");
		fuzz_sysctl(&w->fn, "net.ipv4.neigh.default.gc_thresh1", "1");
		fuzz_sysctl(&w->fn, "net.ipv4.neigh.default.gc_thresh2", "2");
		fuzz_sysctl(&w->fn, "net.ipv4.neigh.default.gc_thresh3", "3");
		w->small_tables = true;
	}
	for (u32 i = 0; i < SOCKS; i++) {
		if (nethood_socket(w->fn.net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &w->sk[i]))
			fuzz_fail("no socket");
		if (config & 4)
			(void)nethood_setsockopt(w->sk[i], SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
		if (config & 8)
			(void)nethood_setsockopt(w->sk[i], SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	}
	(void)nethood_bind(w->sk[3], (const struct sockaddr *)&all, sizeof(all));
	if (nethood_socket(w->fn.net, AF_INET, SOCK_DGRAM, 0, &w->udp) ||
	    nethood_socket(w->fn.net, AF_INET6, SOCK_DGRAM, 0, &w->udp6) ||
	    nethood_socket(w->fn.net, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, &w->diag))
		fuzz_fail("no socket");
	if (config & 16)
		create_streams(w);
	fuzz_poll(&w->fn);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size_bytes)
{
	struct input in = { data, data + size_bytes };
	struct world w = { 0 };
	struct op op;

	if (size_bytes > INPUT_MAX_BYTES)
		return -1;
	create_world(&w, in_u8(&in));
	for (u32 i = 0; i < STEPS_AT_MOST && in_op(&in, &op); i++) {
		steps[op.kind % ARRAY_SIZE(steps)](&w, &op.body);
		need_sockets(&w);
		fuzz_check(&w.fn);
	}
	free(w.batch);
	fuzz_net_free(&w.fn);
	return 0;
}
