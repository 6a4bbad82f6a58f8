// SPDX-License-Identifier: BSD-2-Clause
/* UDP over loopback, as programs see it: kernel and nethood, call by call. */
#include "../socket/twin.h"

#include <linux/errqueue.h>
#include <linux/sockios.h>

#define LO "127.0.0.1"
#define UDP_CORK 1
#define UDP_SEGMENT 103

static int udp(struct twin *t)
{
	return t_socket(t, AF_INET, SOCK_DGRAM, 0);
}

static int udp_bound(struct twin *t, const char *ip, int port)
{
	int s = udp(t);

	EXPECT(t, "bind", t_bind(t, s, ip, port), 0);
	return s;
}

/* ------------------------------------------------------------------ socket(2), bind(2), connect(2) */

static void script_socket(struct twin *t)
{
	static const struct {
		const char *what;
		int domain, type, protocol;
		long want;
	} rows[] = {
		{ "a family that nobody has", 99, SOCK_DGRAM, 0, -EAFNOSUPPORT },
		{ "a type that does not exist", AF_INET, 77, 0, -EINVAL },
		{ "a type that IPv4 does not have", AF_INET, SOCK_RDM, 0, -ESOCKTNOSUPPORT },
		{ "datagrams of TCP", AF_INET, SOCK_DGRAM, IPPROTO_TCP, -EPROTONOSUPPORT },
		{ "a protocol number out of range", AF_INET, SOCK_DGRAM, 5000, -EINVAL },
		{ "a negative protocol", AF_INET, SOCK_DGRAM, -1, -EINVAL },
		{ "raw without a protocol", AF_INET, SOCK_RAW, 0, -EPROTONOSUPPORT },
	};
	int s;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		EXPECT(t, rows[i].what, t_socket(t, rows[i].domain, rows[i].type, rows[i].protocol), rows[i].want);
	s = udp(t);
	EXPECT(t, "its type", t_getopt(t, s, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
	EXPECT(t, "its protocol, although 0 was asked for", t_getopt(t, s, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDP);
	EXPECT(t, "its family", t_getopt(t, s, SOL_SOCKET, SO_DOMAIN), AF_INET);
	EXPECT(t, "a fresh one can be written", t_poll(t, s), POLLOUT);
}

static void script_bind(struct twin *t)
{
	union {
		struct sockaddr_in sin;
		uint8_t room[129];
	} name_of = { .sin = t_addr(LO, 5000) };
	int a = udp(t), b = udp(t), c = udp(t);
	char name[64];

	EXPECT_STR(t, "name of an unbound socket", t_name(t, a, false, name), "0.0.0.0:0");
	EXPECT_STR(t, "it has no peer", t_name(t, a, true, name), "ENOTCONN");
	EXPECT(t, "too short", t_bind_sa(t, a, &name_of, 15), -EINVAL);
	EXPECT(t, "too long", t_bind_sa(t, a, &name_of, sizeof(name_of.room)), -EINVAL);
	name_of.sin.sin_family = AF_INET6;
	EXPECT(t, "of another family", t_bind_sa(t, a, &name_of, sizeof(name_of.sin)), -EAFNOSUPPORT);
	name_of.sin.sin_family = AF_UNSPEC;
	EXPECT(t, "of no family, with an address", t_bind_sa(t, a, &name_of, sizeof(name_of.sin)), -EAFNOSUPPORT);
	EXPECT(t, "an address that is not ours", t_bind(t, a, "192.0.2.1", 5000), -EADDRNOTAVAIL);
	EXPECT(t, "ours", t_bind(t, a, LO, 5000), 0);
	EXPECT_STR(t, "name of a bound socket", t_name(t, a, false, name), "127.0.0.1:5000");
	EXPECT(t, "twice", t_bind(t, a, LO, 5001), -EINVAL);
	EXPECT(t, "the same by another", t_bind(t, b, LO, 5000), -EADDRINUSE);
	EXPECT(t, "any address overlaps it", t_bind(t, b, "0.0.0.0", 5000), -EADDRINUSE);
	EXPECT(t, "another loopback address does not", t_bind(t, b, "127.0.0.2", 5000), 0);
	EXPECT(t, "of no family, for any address",
	       t_bind_sa(t, c, &(struct sockaddr_in){ .sin_port = htons(5002) }, 16), 0);
	t_close(t, a);
	a = udp(t);
	EXPECT(t, "closing gives the port free", t_bind(t, a, LO, 5000), 0);
	a = udp(t);
	EXPECT(t, "free to bind what is not ours", t_setopt(t, a, SOL_IP, IP_FREEBIND, 1), 0);
	EXPECT(t, "then it may", t_bind(t, a, "192.0.2.1", 5000), 0);
	a = udp(t);
	EXPECT(t, "a group is an address too", t_bind(t, a, "224.0.0.9", 5003), 0);
}

static void script_connect(struct twin *t)
{
	const struct sockaddr_storage inet = { .ss_family = AF_INET }, inet6 = { .ss_family = AF_INET6 };
	int a = udp(t), b;
	char name[64];

	EXPECT(t, "too short", t_connect_sa(t, a, &inet, 1), -EINVAL);
	EXPECT(t, "short", t_connect_sa(t, a, &inet, 8), -EINVAL);
	EXPECT(t, "another family", t_connect_sa(t, a, &inet6, 16), -EAFNOSUPPORT);
	EXPECT(t, "no route", t_connect(t, a, "192.0.2.1", 9), -ENETUNREACH);
	EXPECT(t, "a broadcast needs leave", t_connect(t, a, "127.255.255.255", 9), -EACCES);
	EXPECT(t, "to ourselves", t_connect(t, a, LO, 6000), 0);
	EXPECT_STR(t, "the peer", t_name(t, a, true, name), "127.0.0.1:6000");
	EXPECT(t, "the source address", !strncmp(t_name(t, a, false, name), "127.0.0.1:", 10), 1);
	EXPECT(t, "to another peer", t_connect(t, a, "127.0.0.3", 6001), 0);
	EXPECT_STR(t, "the other peer", t_name(t, a, true, name), "127.0.0.3:6001");
	EXPECT(t, "to nobody", t_unconnect(t, a), 0);
	EXPECT_STR(t, "no peer any more", t_name(t, a, true, name), "ENOTCONN");
	EXPECT_STR(t, "nor an address, since it was not bound", t_name(t, a, false, name), "0.0.0.0:0");
	b = udp_bound(t, LO, 6002);
	EXPECT(t, "bound, then connected", t_connect(t, b, LO, 6003), 0);
	EXPECT(t, "bind after connect", t_bind(t, b, LO, 6004), -EINVAL);
	EXPECT(t, "to nobody again", t_unconnect(t, b), 0);
	EXPECT_STR(t, "what was bound stays", t_name(t, b, false, name), "127.0.0.1:6002");
	EXPECT(t, "MTU of no route", t_getopt(t, b, SOL_IP, IP_MTU), -ENOTCONN);
	EXPECT(t, "connected again", t_connect(t, b, LO, 6003), 0);
	EXPECT(t, "MTU of the route", t_getopt(t, b, SOL_IP, IP_MTU), 65535);
}

/* ------------------------------------------------------------------ data */

static void script_echo(struct twin *t)
{
	int server = udp_bound(t, "0.0.0.0", 7000), client = udp(t), stranger = udp(t);
	char buf[8], name[64];
	struct sockaddr_in from;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = sizeof(from) };

	EXPECT(t, "send", t_sendto(t, client, "hello", 5, 0, LO, 7000), 5);
	EXPECT(t, "can be read", t_poll(t, server), POLLIN | POLLOUT);
	EXPECT(t, "how much", t_ioctl(t, server, FIONREAD, buf, sizeof(int)), 0);
	EXPECT(t, "five bytes", *(int *)(void *)buf, 5);
	EXPECT(t, "peek", t_recv(t, server, buf, 8, MSG_PEEK), 5);
	EXPECT(t, "read with its source", t_recvmsg(t, server, &msg, 0), 5);
	EXPECT(t, "the source", from.sin_addr.s_addr == htonl(INADDR_LOOPBACK), 1);
	EXPECT(t, "length of its address", msg.msg_namelen, sizeof(from));
	EXPECT(t, "nothing more", t_recv(t, server, buf, 8, 0), -EAGAIN);
	EXPECT(t, "reply", t_send_sa(t, server, "hi", 2, 0, &from, sizeof(from)), 2);
	EXPECT(t, "arrives", t_got(t, client, "hi"), 1);
	EXPECT(t, "an empty datagram", t_sendto(t, client, "", 0, 0, LO, 7000), 0);
	EXPECT(t, "is one", t_poll(t, server) & POLLIN, POLLIN);
	EXPECT(t, "and reads as nothing", t_recv(t, server, buf, 8, 0), 0);
	EXPECT(t, "longer than the buffer", t_sendto(t, client, "0123456789", 10, 0, LO, 7000), 10);
	EXPECT(t, "cut", t_recvmsg(t, server, &msg, 0), 8);
	EXPECT(t, "and told", msg.msg_flags & MSG_TRUNC, MSG_TRUNC);
	EXPECT(t, "again", t_sendto(t, client, "0123456789", 10, 0, LO, 7000), 10);
	EXPECT(t, "its real length", t_recv(t, server, buf, 8, MSG_TRUNC), 10);
	EXPECT(t, "connect to the server", t_connect(t, client, LO, 7000), 0);
	EXPECT(t, "a stranger's datagram",
	       t_sendto(t, stranger, "no", 2, 0, LO, atoi(strchr(t_name(t, client, false, name), ':') + 1)), 2);
	EXPECT(t, "is not for a connected socket", t_recv(t, client, buf, 8, 0), -EAGAIN);
	EXPECT(t, "send to the peer", t_send(t, client, "peer", 4, 0), 4);
	EXPECT(t, "arrives there", t_got(t, server, "peer"), 1);
	EXPECT(t, "send elsewhere although connected", t_sendto(t, client, "else", 4, 0, "127.0.0.5", 7000), 4);
	EXPECT(t, "arrives there too", t_got(t, server, "else"), 1);
}

static void script_send_errors(struct twin *t)
{
	static char big[70000];
	int a = udp(t), b = udp_bound(t, LO, 7100);
	struct sockaddr_in sin = t_addr(LO, 7100);

	EXPECT(t, "to nobody", t_send(t, a, "x", 1, 0), -EDESTADDRREQ);
	EXPECT(t, "to port 0", t_sendto(t, a, "x", 1, 0, LO, 0), -EINVAL);
	EXPECT(t, "short address", t_send_sa(t, a, "x", 1, 0, &sin, 15), -EINVAL);
	sin.sin_family = AF_INET6;
	EXPECT(t, "another family", t_send_sa(t, a, "x", 1, 0, &sin, 16), -EAFNOSUPPORT);
	sin.sin_family = AF_UNSPEC;
	EXPECT(t, "no family is taken for IPv4", t_send_sa(t, a, "x", 1, 0, &sin, 16), 1);
	EXPECT(t, "it arrived", t_got(t, b, "x"), 1);
	EXPECT(t, "urgent", t_sendto(t, a, "x", 1, MSG_OOB, LO, 7100), -EOPNOTSUPP);
	EXPECT(t, "no route", t_sendto(t, a, "x", 1, 0, "192.0.2.1", 9), -ENETUNREACH);
	EXPECT(t, "broadcast", t_sendto(t, a, "x", 1, 0, "127.255.255.255", 9), -EACCES);
	EXPECT(t, "leave to do so", t_setopt(t, a, SOL_SOCKET, SO_BROADCAST, 1), 0);
	EXPECT(t, "broadcast with leave", t_sendto(t, a, "x", 1, 0, "127.255.255.255", 9), 1);
	EXPECT(t, "the largest there is", t_sendto(t, a, big, 65507, 0, LO, 7100), 65507);
	EXPECT(t, "arrives", t_recv(t, b, big, sizeof(big), 0), 65507);
	EXPECT(t, "one byte more", t_sendto(t, a, big, 65508, 0, LO, 7100), -EMSGSIZE);
	EXPECT(t, "far more", t_sendto(t, a, big, 70000, 0, LO, 7100), -EMSGSIZE);
	EXPECT(t, "listen", t->net ? nethood_listen(t->sk[a], 1) : twin_ret(listen(t->fd[a], 1)), -EOPNOTSUPP);
	EXPECT(t, "shut down without a peer", t_shutdown(t, a, SHUT_WR), -ENOTCONN);
	EXPECT(t, "was done all the same", t_sendto(t, a, "x", 1, 0, LO, 7100), -EPIPE);
	EXPECT(t, "in no known way", t_shutdown(t, a, 7), -EINVAL);
	EXPECT(t, "the other half too", t_shutdown(t, a, SHUT_RD), -ENOTCONN);
	EXPECT(t, "polls as hung up", t_poll(t, a), POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
}

static void script_refused(struct twin *t)
{
	int a = udp(t), b = udp(t);
	char buf[4];

	EXPECT(t, "unconnected: sent to a closed port", t_sendto(t, a, "x", 1, 0, LO, 7200), 1);
	EXPECT(t, "it never hears", t_getopt(t, a, SOL_SOCKET, SO_ERROR), 0);
	EXPECT(t, "connect", t_connect(t, b, LO, 7200), 0);
	EXPECT(t, "connected: sent", t_send(t, b, "x", 1, 0), 1);
	EXPECT(t, "polls as an error", t_poll(t, b), POLLOUT | POLLERR);
	EXPECT(t, "reading tells", t_recv(t, b, buf, 4, 0), -ECONNREFUSED);
	EXPECT(t, "once", t_recv(t, b, buf, 4, 0), -EAGAIN);
	EXPECT(t, "sent again", t_send(t, b, "x", 1, 0), 1);
	EXPECT(t, "sending tells", t_send(t, b, "y", 1, 0), -ECONNREFUSED);
	EXPECT(t, "and was not done", t_getopt(t, b, SOL_SOCKET, SO_ERROR), 0);
	EXPECT(t, "sent once more", t_send(t, b, "x", 1, 0), 1);
	EXPECT(t, "SO_ERROR tells", t_getopt(t, b, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
}

static void script_recverr(struct twin *t)
{
	int a = udp(t);
	char buf[16];
	_Alignas(8) char control[256];
	struct sockaddr_in to;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_name = &to,
			      .msg_namelen = sizeof(to),
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct sock_extended_err ee;
	struct sockaddr_in offender;
	struct cmsghdr *c;

	EXPECT(t, "ask for errors", t_setopt(t, a, SOL_IP, IP_RECVERR, 1), 0);
	EXPECT(t, "unconnected: sent to a closed port", t_sendto(t, a, "lost", 4, 0, "127.0.0.7", 7300), 4);
	EXPECT(t, "polls as an error", t_poll(t, a), POLLOUT | POLLERR);
	EXPECT(t, "the packet comes back", t_recvmsg(t, a, &msg, MSG_ERRQUEUE), 4);
	EXPECT(t, "what was in it", memcmp(buf, "lost", 4), 0);
	EXPECT(t, "where it went", to.sin_addr.s_addr == inet_addr("127.0.0.7") && to.sin_port == htons(7300), 1);
	EXPECT(t, "said to be an error", msg.msg_flags & MSG_ERRQUEUE, MSG_ERRQUEUE);
	c = CMSG_FIRSTHDR(&msg);
	EXPECT(t, "one control message", c && c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR, 1);
	EXPECT(t, "of its length", c ? (long)c->cmsg_len : 0, CMSG_LEN(sizeof(ee) + sizeof(offender)));
	if (!c)
		return;
	memcpy(&ee, CMSG_DATA(c), sizeof(ee));
	memcpy(&offender, CMSG_DATA(c) + sizeof(ee), sizeof(offender));
	EXPECT(t, "errno", ee.ee_errno, ECONNREFUSED);
	EXPECT(t, "by ICMP", ee.ee_origin, SO_EE_ORIGIN_ICMP);
	EXPECT(t, "type", ee.ee_type, 3);
	EXPECT(t, "code", ee.ee_code, 3);
	EXPECT(t, "who said so", offender.sin_addr.s_addr == inet_addr("127.0.0.7"), 1);
	EXPECT(t, "reading it took the error", t_getopt(t, a, SOL_SOCKET, SO_ERROR), 0);
	EXPECT(t, "no other", t_recvmsg(t, a, &msg, MSG_ERRQUEUE), -EAGAIN);
	EXPECT(t, "two more lost", t_sendto(t, a, "1", 1, 0, LO, 7300), 1);
	EXPECT(t, "the second is refused for the first", t_sendto(t, a, "2", 1, 0, LO, 7300), -ECONNREFUSED);
	EXPECT(t, "sent now", t_sendto(t, a, "2", 1, 0, LO, 7300), 1);
	EXPECT(t, "one of the two", t_recv(t, a, buf, 4, MSG_ERRQUEUE), 1);
	EXPECT(t, "the next is pending", t_getopt(t, a, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	EXPECT(t, "no more errors", t_setopt(t, a, SOL_IP, IP_RECVERR, 0), 0);
	EXPECT(t, "emptied the queue", t_recv(t, a, buf, 4, MSG_ERRQUEUE), -EAGAIN);
}

static void script_too_big(struct twin *t)
{
	static char big[66000];
	int a = udp(t);
	_Alignas(8) char control[128];
	struct sockaddr_in to;
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct sock_extended_err ee;

	EXPECT(t, "ask for errors", t_setopt(t, a, SOL_IP, IP_RECVERR, 1), 0);
	EXPECT(t, "never fragment", t_setopt(t, a, SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO), 0);
	EXPECT(t, "larger than any packet", t_sendto(t, a, big, 65520, 0, LO, 7400), -EMSGSIZE);
	EXPECT(t, "is noted", t_recvmsg(t, a, &msg, MSG_ERRQUEUE), 0);
	memcpy(&ee, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(ee));
	EXPECT(t, "errno", ee.ee_errno, EMSGSIZE);
	EXPECT(t, "found here", ee.ee_origin, SO_EE_ORIGIN_LOCAL);
	EXPECT(t, "what would fit", ee.ee_info, 65535);
	EXPECT(t, "for whom it was: the port only if connected", to.sin_port, 0);
}

static void script_cmsg(struct twin *t)
{
	int a = udp(t), b = udp_bound(t, "0.0.0.0", 7500);
	_Alignas(8) char control[256] = "";
	char buf[8];
	struct sockaddr_in to = t_addr("127.0.0.8", 7500), orig;
	struct iovec iov = { (char[]){ "data" }, 4 };
	struct msghdr out = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_name = &to,
			      .msg_namelen = sizeof(to),
			      .msg_control = control,
			      .msg_controllen = CMSG_SPACE(sizeof(int)) * 2 };
	struct iovec in_iov = { buf, sizeof(buf) };
	struct msghdr in = {
		.msg_iov = &in_iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct in_pktinfo info = { 0 };
	int ttl = 33, tos = 0x20;
	struct cmsghdr *c = CMSG_FIRSTHDR(&out);

	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_IP, .cmsg_type = IP_TTL };
	memcpy(CMSG_DATA(c), &ttl, sizeof(ttl));
	c = CMSG_NXTHDR(&out, c);
	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_IP, .cmsg_type = IP_TOS };
	memcpy(CMSG_DATA(c), &tos, sizeof(tos));
	for (int name = IP_PKTINFO; name; name = name == IP_PKTINFO   ? IP_RECVTTL
						 : name == IP_RECVTTL ? IP_RECVTOS
						 : name == IP_RECVTOS ? IP_RECVORIGDSTADDR
								      : 0)
		EXPECT(t, "ask", t_setopt(t, b, SOL_IP, name, 1), 0);
	EXPECT(t, "send with TTL and TOS", t_sendmsg(t, a, &out, 0), 4);
	EXPECT(t, "read", t_recvmsg(t, b, &in, 0), 4);
	c = CMSG_FIRSTHDR(&in);
	EXPECT(t, "first the packet's addresses", c && c->cmsg_type == IP_PKTINFO, 1);
	if (!c)
		return;
	memcpy(&info, CMSG_DATA(c), sizeof(info));
	EXPECT(t, "device", info.ipi_ifindex, 1);
	EXPECT(t, "destination", info.ipi_addr.s_addr == inet_addr("127.0.0.8"), 1);
	EXPECT(t, "address to answer from", info.ipi_spec_dst.s_addr == inet_addr("127.0.0.8"), 1);
	c = CMSG_NXTHDR(&in, c);
	EXPECT(t, "then TTL", c && c->cmsg_type == IP_TTL && !memcmp(CMSG_DATA(c), &ttl, 4), 1);
	c = CMSG_NXTHDR(&in, c);
	EXPECT(t, "then TOS", c && c->cmsg_type == IP_TOS && *CMSG_DATA(c) == tos && c->cmsg_len == CMSG_LEN(1), 1);
	c = CMSG_NXTHDR(&in, c);
	EXPECT(t, "then where it was sent", c && c->cmsg_type == IP_ORIGDSTADDR, 1);
	if (!c)
		return;
	memcpy(&orig, CMSG_DATA(c), sizeof(orig));
	EXPECT(t, "its port", orig.sin_port, htons(7500));
	EXPECT(t, "and no more", CMSG_NXTHDR(&in, c) == NULL, 1);
}

static long send_cmsg(struct twin *t, int s, int level, int type, const void *data, size_t len)
{
	_Alignas(8) char control[64] = "";
	struct sockaddr_in to = t_addr(LO, 7600);
	struct iovec iov = { (char[]){ "c" }, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_name = &to,
			      .msg_namelen = sizeof(to),
			      .msg_control = control,
			      .msg_controllen = CMSG_SPACE(len) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type };
	memcpy(CMSG_DATA(c), data, len);
	return t_sendmsg(t, s, &msg, 0);
}

static void script_cmsg_errors(struct twin *t)
{
	static const struct {
		const char *what;
		int level, type, value;
		size_t len;
		long want;
	} rows[] = {
		{ "TTL", SOL_IP, IP_TTL, 7, 4, 1 },
		{ "a TTL of 0", SOL_IP, IP_TTL, 0, 4, -EINVAL },
		{ "a TTL of 256", SOL_IP, IP_TTL, 256, 4, -EINVAL },
		{ "a TTL in a byte", SOL_IP, IP_TTL, 7, 1, -EINVAL },
		{ "TOS in a byte", SOL_IP, IP_TOS, 7, 1, 1 },
		{ "a TOS of 256", SOL_IP, IP_TOS, 256, 4, -EINVAL },
		{ "an unknown one of IP", SOL_IP, 200, 0, 4, -EINVAL },
		{ "half an address", SOL_IP, IP_PKTINFO, 0, 4, -EINVAL },
		{ "an unknown level is somebody else's", 200, 1, 0, 4, 1 },
		{ "an unknown one of sockets", SOL_SOCKET, 200, 0, 4, -EINVAL },
		{ "a mark", SOL_SOCKET, SO_MARK, 5, 4, 1 },
		{ "segments of a wrong size", IPPROTO_UDP, UDP_SEGMENT, 5, 4, -EINVAL },
	};
	int a = udp(t), b = udp_bound(t, LO, 7600);
	struct in_pktinfo info = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		EXPECT(t, rows[i].what, send_cmsg(t, a, rows[i].level, rows[i].type, &rows[i].value, rows[i].len),
		       rows[i].want);
	info.ipi_spec_dst.s_addr = inet_addr("192.0.2.1");
	EXPECT(t, "from an address that is not ours", send_cmsg(t, a, SOL_IP, IP_PKTINFO, &info, sizeof(info)),
	       -ENETUNREACH);
	info.ipi_spec_dst.s_addr = inet_addr("127.0.0.9");
	EXPECT(t, "from one that is", send_cmsg(t, a, SOL_IP, IP_PKTINFO, &info, sizeof(info)), 1);
	info.ipi_ifindex = 77;
	EXPECT(t, "by a device that is not there", send_cmsg(t, a, SOL_IP, IP_PKTINFO, &info, sizeof(info)), -ENODEV);
	t_close(t, b);
}

static void script_cork(struct twin *t)
{
	static char big[65000];
	int a = udp(t), b = udp_bound(t, LO, 7700);
	char buf[8];

	EXPECT(t, "more comes", t_sendto(t, a, "one", 3, MSG_MORE, LO, 7700), 3);
	EXPECT(t, "nothing yet", t_recv(t, b, buf, 8, 0), -EAGAIN);
	EXPECT(t, "still more", t_sendto(t, a, "two", 3, MSG_MORE, LO, 7700), 3);
	EXPECT(t, "the end", t_sendto(t, a, "three", 5, 0, LO, 7700), 5);
	EXPECT(t, "one datagram", t_got(t, b, "onetwothree"), 1);
	EXPECT(t, "cork", t_setopt(t, a, IPPROTO_UDP, UDP_CORK, 1), 0);
	EXPECT(t, "connect", t_connect(t, a, LO, 7700), 0);
	EXPECT(t, "in the bottle", t_send(t, a, "pop", 3, 0), 3);
	EXPECT(t, "too much for one datagram", t_send(t, a, big, 65000, 0), 65000);
	EXPECT(t, "now it is", t_send(t, a, big, 65000, 0), -EMSGSIZE);
	EXPECT(t, "a new one", t_send(t, a, "fizz", 4, 0), 4);
	EXPECT(t, "uncork", t_setopt(t, a, IPPROTO_UDP, UDP_CORK, 0), 0);
	EXPECT(t, "what came after the mistake", t_got(t, b, "fizz"), 1);
	EXPECT(t, "left corked at close", t_setopt(t, a, IPPROTO_UDP, UDP_CORK, 1), 0);
	EXPECT(t, "some data", t_send(t, a, "gone", 4, 0), 4);
	t_close(t, a);
	EXPECT(t, "is gone", t_recv(t, b, buf, 8, 0), -EAGAIN);
}

static void script_segments(struct twin *t)
{
	int a = udp(t), b = udp_bound(t, LO, 7800);

	EXPECT(t, "segments of four", t_setopt(t, a, IPPROTO_UDP, UDP_SEGMENT, 4), 0);
	EXPECT(t, "ten bytes", t_sendto(t, a, "aaaabbbbcc", 10, 0, LO, 7800), 10);
	EXPECT(t, "the first", t_got(t, b, "aaaa"), 1);
	EXPECT(t, "the second", t_got(t, b, "bbbb"), 1);
	EXPECT(t, "the rest", t_got(t, b, "cc"), 1);
	EXPECT(t, "less than one", t_sendto(t, a, "d", 1, 0, LO, 7800), 1);
	EXPECT(t, "is one", t_got(t, b, "d"), 1);
}

static void script_buffers(struct twin *t)
{
	int a = udp(t), b = udp_bound(t, LO, 7900);
	char buf[4];
	int got = 0;

	EXPECT(t, "the smallest buffer", t_setopt(t, b, SOL_SOCKET, SO_RCVBUF, 0), 0);
	EXPECT(t, "its size", t_getopt(t, b, SOL_SOCKET, SO_RCVBUF), 2304);
	for (int i = 0; i < 10; i++)
		EXPECT(t, "sending never knows", t_sendto(t, a, "x", 1, 0, LO, 7900), 1);
	while (t_recv(t, b, buf, 4, 0) == 1)
		got++;
	EXPECT(t, "as many as fit", got, 2);
}

static void script_reuseport(struct twin *t)
{
	int a = udp(t), b = udp(t), c = udp(t);
	char buf[4];
	int total = 0;

	EXPECT(t, "share", t_setopt(t, a, SOL_SOCKET, SO_REUSEPORT, 1), 0);
	EXPECT(t, "share", t_setopt(t, b, SOL_SOCKET, SO_REUSEPORT, 1), 0);
	EXPECT(t, "first", t_bind(t, a, LO, 8000), 0);
	EXPECT(t, "second", t_bind(t, b, LO, 8000), 0);
	EXPECT(t, "one who does not share", t_bind(t, c, LO, 8000), -EADDRINUSE);
	for (int i = 0; i < 40; i++) {
		int s = udp(t);

		EXPECT(t, "send", t_sendto(t, s, "x", 1, 0, LO, 8000), 1);
		t_close(t, s);
		t->count--;
		if (t_recv(t, a, buf, 4, 0) == 1)
			total++;
		else
			EXPECT(t, "else the other has it", t_recv(t, b, buf, 4, 0), 1);
	}
	EXPECT(t, "both had some", total > 2 && total < 38, 1);
}

static void script_group(struct twin *t)
{
	int a = udp(t), b = udp_bound(t, "0.0.0.0", 8100), c = udp(t);
	struct ip_mreqn req = { .imr_ifindex = 1 };
	char buf[4];

	req.imr_multiaddr.s_addr = inet_addr("239.1.2.3");
	EXPECT(t, "join", t_setopt_raw(t, b, SOL_IP, IP_ADD_MEMBERSHIP, &req, sizeof(req)), 0);
	EXPECT(t, "join twice", t_setopt_raw(t, b, SOL_IP, IP_ADD_MEMBERSHIP, &req, sizeof(req)), -EADDRINUSE);
	EXPECT(t, "send by that device", t_setopt_raw(t, a, SOL_IP, IP_MULTICAST_IF, &req, sizeof(req)), 0);
	EXPECT(t, "send", t_sendto(t, a, "all", 3, 0, "239.1.2.3", 8100), 3);
	EXPECT(t, "arrives", t_got(t, b, "all"), 1);
	EXPECT(t, "only on the wire", t_setopt(t, a, SOL_IP, IP_MULTICAST_LOOP, 0), 0);
	EXPECT(t, "leave", t_setopt_raw(t, b, SOL_IP, IP_DROP_MEMBERSHIP, &req, sizeof(req)), 0);
	EXPECT(t, "leave twice", t_setopt_raw(t, b, SOL_IP, IP_DROP_MEMBERSHIP, &req, sizeof(req)), -EADDRNOTAVAIL);
	EXPECT(t, "nothing more", t_recv(t, b, buf, 4, 0), -EAGAIN);
	req.imr_multiaddr.s_addr = inet_addr("10.0.0.1");
	EXPECT(t, "what is no group", t_setopt_raw(t, c, SOL_IP, IP_ADD_MEMBERSHIP, &req, sizeof(req)), -EINVAL);
	req.imr_multiaddr.s_addr = inet_addr("239.1.2.3");
	req.imr_ifindex = 99;
	EXPECT(t, "on no device", t_setopt_raw(t, c, SOL_IP, IP_ADD_MEMBERSHIP, &req, sizeof(req)), -ENODEV);
	EXPECT(t, "short", t_setopt_raw(t, c, SOL_IP, IP_ADD_MEMBERSHIP, &req, 7), -EINVAL);
}

#define SCRIPT(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		twin_run(script_##name); \
	}
SCRIPT(socket)
SCRIPT(bind)
SCRIPT(connect)
SCRIPT(echo)
SCRIPT(send_errors)
SCRIPT(refused)
SCRIPT(recverr)
SCRIPT(too_big)
SCRIPT(cmsg)
SCRIPT(cmsg_errors)
SCRIPT(cork)
SCRIPT(segments)
SCRIPT(buffers)
SCRIPT(reuseport)
SCRIPT(group)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socket),      cmocka_unit_test(test_bind),        cmocka_unit_test(test_connect),
		cmocka_unit_test(test_echo),        cmocka_unit_test(test_send_errors), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_recverr),     cmocka_unit_test(test_too_big),     cmocka_unit_test(test_cmsg),
		cmocka_unit_test(test_cmsg_errors), cmocka_unit_test(test_cork),        cmocka_unit_test(test_segments),
		cmocka_unit_test(test_buffers),     cmocka_unit_test(test_reuseport),   cmocka_unit_test(test_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
