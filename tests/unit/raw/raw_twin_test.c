// SPDX-License-Identifier: BSD-2-Clause
/* Raw and ping sockets over loopback, as programs see them: kernel and nethood, call by call. */
#include "../socket/twin.h"

#include <linux/errqueue.h>
#include <netinet/ip.h>

#define LO "127.0.0.1"
#ifndef SOL_RAW
#define SOL_RAW 255
#endif
#define ICMP_FILTER 1

struct echo {
	uint8_t type, code;
	uint16_t checksum, id, sequence;
	char data[8];
};

static uint16_t checksum(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] | (uint32_t)p[i + 1] << 8;
	if (len & 1)
		sum += p[len - 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static struct echo echo_request(uint16_t id, uint16_t sequence)
{
	struct echo e = { .type = 8, .id = htons(id), .sequence = htons(sequence), .data = { 'p', 'i', 'n', 'g' } };

	e.checksum = checksum(&e, sizeof(e));
	return e;
}

/* ------------------------------------------------------------------ raw */

static void script_raw(struct twin *t)
{
	struct echo e = echo_request(0x1234, 1);
	int a = t_socket(t, AF_INET, SOCK_RAW, IPPROTO_ICMP), quiet = t_socket(t, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	int other = t_socket(t, AF_INET, SOCK_RAW, 200);
	uint32_t only_replies = ~1U;
	uint8_t buf[128];
	struct ip *ip = (struct ip *)(void *)buf;
	char name[64];

	EXPECT_STR(t, "its name is its protocol", t_name(t, a, false, name), "0.0.0.0:1");
	EXPECT(t, "only echo replies", t_setopt_raw(t, a, SOL_RAW, ICMP_FILTER, &only_replies, 4), 0);
	EXPECT(t, "a filter on another protocol", t_setopt_raw(t, other, SOL_RAW, ICMP_FILTER, &only_replies, 4),
	       -EOPNOTSUPP);
	EXPECT(t, "an unknown option", t_setopt_raw(t, a, SOL_RAW, 9, &only_replies, 4), -ENOPROTOOPT);
	EXPECT(t, "to nobody", t_send(t, a, &e, sizeof(e), 0), -EDESTADDRREQ);
	EXPECT(t, "urgent", t_sendto(t, a, &e, sizeof(e), MSG_OOB, LO, 0), -EOPNOTSUPP);
	EXPECT(t, "an echo request", t_sendto(t, a, &e, sizeof(e), 0, LO, 0), sizeof(e));
	EXPECT(t, "the reply", t_recv(t, a, buf, sizeof(buf), 0), 20 + sizeof(e));
	EXPECT(t, "with its IP header", ip->ip_v == 4 && ip->ip_p == IPPROTO_ICMP && ip->ip_src.s_addr == inet_addr(LO),
	       1);
	EXPECT(t, "whose length is in network order", ntohs(ip->ip_len), 20 + sizeof(e));
	EXPECT(t, "is a reply", buf[20], 0);
	EXPECT(t, "of the same data", memcmp(buf + 24, &e.id, sizeof(e) - 4), 0);
	EXPECT(t, "the request itself was not for it", t_recv(t, a, buf, sizeof(buf), 0), -EAGAIN);
	EXPECT(t, "who has no filter sees both: request", t_recv(t, quiet, buf, sizeof(buf), 0) > 0 ? buf[20] : -1, 8);
	EXPECT(t, "and reply", t_recv(t, quiet, buf, sizeof(buf), 0) > 0 ? buf[20] : -1, 0);
	EXPECT(t, "another protocol sees nothing", t_recv(t, other, buf, sizeof(buf), 0), -EAGAIN);
	EXPECT(t, "connect", t_connect(t, a, "127.0.0.2", 0), 0);
	EXPECT(t, "now only from there", t_sendto(t, quiet, &e, sizeof(e), 0, LO, 0), sizeof(e));
	EXPECT(t, "not from elsewhere", t_recv(t, a, buf, sizeof(buf), 0), -EAGAIN);
	EXPECT(t, "send to the peer", t_send(t, a, &e, sizeof(e), 0), sizeof(e));
	EXPECT(t, "its reply", t_recv(t, a, buf, sizeof(buf), 0), 20 + sizeof(e));
	EXPECT(t, "bind after connect", t_bind(t, a, LO, 0), -EINVAL);
	EXPECT(t, "bind to what is not ours", t_bind(t, other, "192.0.2.1", 0), -EADDRNOTAVAIL);
	EXPECT(t, "bind", t_bind(t, other, "127.0.0.3", 0), 0);
	EXPECT(t, "again, to another", t_bind(t, other, "127.0.0.4", 0), 0);
	EXPECT(t, "no broadcast without leave", t_sendto(t, other, "x", 1, 0, "127.255.255.255", 0), -EACCES);
	EXPECT(t, "no route", t_sendto(t, quiet, &e, sizeof(e), 0, "192.0.2.1", 0), -ENETUNREACH);
	EXPECT(t, "too short for type and code", t_sendto(t, quiet, "x", 1, 0, LO, 0), -EFAULT);
}

static void script_hdrincl(struct twin *t)
{
	struct {
		struct ip ip;
		char data[4];
	} p = { .ip = { .ip_v = 4, .ip_hl = 5, .ip_ttl = 7, .ip_p = 200, .ip_len = 1, .ip_sum = 0xbeef },
		.data = "abc" };
	int raw = t_socket(t, AF_INET, SOCK_RAW, IPPROTO_RAW), in = t_socket(t, AF_INET, SOCK_RAW, 200);
	static char big[70000];
	uint8_t buf[128];
	struct ip *ip = (struct ip *)(void *)buf;

	p.ip.ip_dst.s_addr = inet_addr(LO);
	EXPECT(t, "IPPROTO_RAW has headers of its own", t_getopt(t, raw, SOL_IP, IP_HDRINCL), 1);
	EXPECT(t, "send", t_sendto(t, raw, &p, sizeof(p), 0, LO, 0), sizeof(p));
	EXPECT(t, "arrives", t_recv(t, in, buf, sizeof(buf), 0), sizeof(p));
	EXPECT(t, "TTL is the sender's", ip->ip_ttl, 7);
	EXPECT(t, "source was filled in", ip->ip_src.s_addr == inet_addr(LO), 1);
	EXPECT(t, "length was put right", ntohs(ip->ip_len), sizeof(p));
	EXPECT(t, "so was the checksum", checksum(buf, 20), 0);
	EXPECT(t, "data", memcmp(buf + 20, "abc", 4), 0);
	EXPECT(t, "shorter than a header", t_sendto(t, raw, &p, 19, 0, LO, 0), -EINVAL);
	EXPECT(t, "larger than the MTU", t_sendto(t, raw, big, 65537, 0, LO, 0), -EMSGSIZE);
	p.ip.ip_hl = 15;
	EXPECT(t, "a header longer than the packet", t_sendto(t, raw, &p, sizeof(p), 0, LO, 0), -EINVAL);
	EXPECT(t, "nothing comes in for it", t_poll(t, raw) & POLLIN, 0);
}

/* ------------------------------------------------------------------ ping */

static void script_ping(struct twin *t)
{
	struct echo e = echo_request(0x7777, 9);
	struct echo in;
	int a, b;
	struct sockaddr_in from;
	struct iovec iov = { &in, sizeof(in) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_name = &from, .msg_namelen = sizeof(from) };
	char name[64];
	FILE *f = t->net ? NULL : fopen("/proc/sys/net/ipv4/ping_group_range", "w");

	if (f) {
		fputs("0 2147483647", f);
		fclose(f);
	}
	a = t_socket(t, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	b = t_socket(t, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	if (a < 0)
		return; /* who may ping is not ours to decide, in a user's namespace */
	EXPECT(t, "shorter than a header", t_sendto(t, a, &e, 7, 0, LO, 0), -EINVAL);
	in = e;
	in.type = 0;
	EXPECT(t, "no request", t_sendto(t, a, &in, sizeof(in), 0, LO, 0), -EINVAL);
	in = e;
	in.code = 1;
	EXPECT(t, "of another code", t_sendto(t, a, &in, sizeof(in), 0, LO, 0), -EINVAL);
	EXPECT(t, "all that has bound it", t_bind(t, a, "0.0.0.0", 0x4321), -EINVAL);
	a = t_socket(t, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	EXPECT(t, "bind to an identifier", t_bind(t, a, "0.0.0.0", 0x4321), 0);
	EXPECT_STR(t, "which is its port", t_name(t, a, false, name), "0.0.0.0:17185");
	EXPECT(t, "twice", t_bind(t, a, "0.0.0.0", 0x4322), -EINVAL);
	EXPECT(t, "ping", t_sendto(t, a, &e, sizeof(e), 0, LO, 0), sizeof(e));
	EXPECT(t, "pong", t_recvmsg(t, a, &msg, 0), sizeof(e));
	EXPECT(t, "a reply", in.type, 0);
	EXPECT(t, "with the socket's identifier", ntohs(in.id), 0x4321);
	EXPECT(t, "and the sender's number", ntohs(in.sequence), 9);
	EXPECT(t, "from there", from.sin_addr.s_addr == inet_addr(LO) && !from.sin_port, 1);
	EXPECT(t, "an identifier is chosen", t_sendto(t, b, &e, sizeof(e), 0, LO, 0), sizeof(e));
	EXPECT(t, "its reply is its own", t_recv(t, b, &in, sizeof(in), 0), sizeof(e));
	EXPECT(t, "not the other's", t_recv(t, a, &in, sizeof(in), 0), -EAGAIN);
	EXPECT(t, "connect", t_connect(t, b, "127.0.0.9", 0), 0);
	EXPECT(t, "ping the peer", t_send(t, b, &e, sizeof(e), 0), sizeof(e));
	EXPECT(t, "pong", t_recv(t, b, &in, sizeof(in), 0), sizeof(e));
}

#define SCRIPT(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		twin_run(script_##name); \
	}
SCRIPT(raw)
SCRIPT(hdrincl)
SCRIPT(ping)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_hdrincl),
		cmocka_unit_test(test_ping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
