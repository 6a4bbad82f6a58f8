// SPDX-License-Identifier: BSD-2-Clause
/* What ss(8) asks of UDP sockets: the kernel's answer and nethood's are the same, also for filters that are wrong.
 *
 * Four sockets: A 127.0.0.1:7777; B 127.0.0.2:5555, connected to A; C 0.0.0.0:8888, with a mark; D connected to A from a
 * port that the stack chose.  A listing is the letters of those that are in it, or the name of an error.
 */
#include "../socket/twin.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>

enum { A, B, C, D, SOCKETS };

static void diag_world(struct twin *t)
{
	for (int s = 0; s < SOCKETS; s++)
		assert_true(t_socket(t, AF_INET, SOCK_DGRAM, 0) >= 0);
	assert_int_equal(t_bind(t, t->count - SOCKETS + A, "127.0.0.1", 7777), 0);
	assert_int_equal(t_bind(t, t->count - SOCKETS + B, "127.0.0.2", 5555), 0);
	assert_int_equal(t_connect(t, t->count - SOCKETS + B, "127.0.0.1", 7777), 0);
	assert_int_equal(t_bind(t, t->count - SOCKETS + C, "0.0.0.0", 8888), 0);
	assert_int_equal(t_setopt(t, t->count - SOCKETS + C, SOL_SOCKET, SO_MARK, 5), 0);
	assert_int_equal(t_connect(t, t->count - SOCKETS + D, "127.0.0.1", 7777), 0);
}

/* Of TCP: L listens, C connected to it, K is what L was given, B is bound, T waits in TIME-WAIT. */
static char tcp_letter_of(const struct inet_diag_msg *m)
{
	switch (m->idiag_state) {
	case TCP_LISTEN:
		return 'L';
	case TCP_TIME_WAIT:
		return 'T';
	default:
		return ntohs(m->id.idiag_sport) == 5555 ? 'C' : ntohs(m->id.idiag_sport) == 8888 ? 'B' : 'K';
	}
}

static char letter_of(const struct inet_diag_msg *m)
{
	switch (ntohs(m->id.idiag_sport)) {
	case 7777:
		return 'A';
	case 5555:
		return 'B';
	case 8888:
		return 'C';
	default:
		return ntohs(m->id.idiag_dport) == 7777 ? 'D' : '?';
	}
}

struct listing {
	bool in[256];
	const char *error;
	struct inet_diag_msg last;
	uint32_t attrs; /* of the last one: bit n: INET_DIAG_n */
	bool over, tcp;
};

static uint32_t attrs_of(const struct nlmsghdr *nlh)
{
	const struct nlattr *a = (const void *)((const uint8_t *)(nlh + 1) + sizeof(struct inet_diag_msg));
	uint32_t left = nlh->nlmsg_len - (uint32_t)(sizeof(*nlh) + sizeof(struct inet_diag_msg)), attrs = 0;

	while (left >= sizeof(*a) && a->nla_len >= sizeof(*a) && a->nla_len <= left) {
		uint32_t step = (a->nla_len + 3U) & ~3U;

		attrs |= 1U << (a->nla_type & 31);
		left -= step < left ? step : left;
		a = (const void *)((const uint8_t *)a + step);
	}
	return attrs;
}

static void message(struct listing *l, const struct nlmsghdr *nlh)
{
	int err;

	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
	case NLMSG_DONE:
		memcpy(&err, nlh + 1, sizeof(err));
		l->error = err ? strerrorname_np(-err) : NULL;
		l->over = true;
		break;
	default:
		if (nlh->nlmsg_len < sizeof(*nlh) + sizeof(l->last))
			return;
		memcpy(&l->last, nlh + 1, sizeof(l->last));
		l->attrs = attrs_of(nlh);
		l->in[(uint8_t)(l->tcp ? tcp_letter_of(&l->last) : letter_of(&l->last))] = true;
		l->over |= !(nlh->nlmsg_flags & NLM_F_MULTI);
	}
}

/* Ask, and read until the answer is over. */
static void ask(struct twin *t, const void *request, size_t len, struct listing *l)
{
	static _Alignas(struct nlmsghdr) uint8_t buf[32768];
	int s = t_socket(t, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);

	assert_true(s >= 0);
	memset(l, 0, sizeof(*l));
	l->tcp = ((const struct inet_diag_req_v2 *)(const void *)((const struct nlmsghdr *)request + 1))
			 ->sdiag_protocol == IPPROTO_TCP;
	assert_int_equal(t_send(t, s, request, len, 0), len);
	while (!l->over) {
		long got = t_recv(t, s, buf, sizeof(buf), 0);
		const struct nlmsghdr *nlh = (const void *)buf;

		if (got <= 0) {
			l->error = "nothing";
			break;
		}
		for (uint32_t step; got >= (long)sizeof(*nlh) && !l->over; got -= step) {
			step = (nlh->nlmsg_len + 3) & ~3U;
			message(l, nlh);
			nlh = (const void *)((const uint8_t *)nlh + step);
		}
	}
	t_close(t, s);
	t->count--;
}

static const char *letters(const struct listing *l, char out[16])
{
	char *p = out;

	if (l->error) {
		snprintf(out, 16, "%s", l->error);
		return out;
	}
	for (int c = 'A'; c <= 'Z'; c++) {
		if (l->in[c])
			*p++ = (char)c;
	}
	*p = '\0';
	return out;
}

struct request {
	struct nlmsghdr nlh;
	struct inet_diag_req_v2 req;
	struct nlattr attr;
	uint8_t code[256];
};

static void request_of(struct request *r, uint16_t flags, uint32_t states)
{
	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_len = sizeof(r->nlh) + sizeof(r->req);
	r->nlh.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	r->nlh.nlmsg_seq = 7;
	r->req.sdiag_family = AF_INET;
	r->req.sdiag_protocol = IPPROTO_UDP;
	r->req.idiag_states = states;
}

/* ------------------------------------------------------------------ filters */

#define OP(code, yes, no) (code), (yes), (no)&255, (no) >> 8
#define PORT(port) OP(0, 0, port)
#define S_GE INET_DIAG_BC_S_GE
#define S_LE INET_DIAG_BC_S_LE
#define D_GE INET_DIAG_BC_D_GE
#define D_LE INET_DIAG_BC_D_LE
#define S_EQ INET_DIAG_BC_S_EQ
#define D_EQ INET_DIAG_BC_D_EQ
#define S_COND INET_DIAG_BC_S_COND
#define D_COND INET_DIAG_BC_D_COND
#define HOST(family, prefix, ...) (family), (prefix), 0, 0, __VA_ARGS__
#define ANY_PORT 255, 255, 255, 255
#define A_PORT(port) (port) & 255, (port) >> 8, 0, 0

static const struct {
	const char *sentence;
	uint8_t len;
	uint8_t code[44];
	const char *want;
} filters[] = {
	{ "nothing at all is no program", 0, { 0 }, "EINVAL" },
	{ "a condition that is cut off", 3, { OP(INET_DIAG_BC_NOP, 4, 8) }, "EINVAL" },
	{ "always", 4, { OP(INET_DIAG_BC_NOP, 4, 8) }, "ABCD" },
	{ "never: a jump over the end", 4, { OP(INET_DIAG_BC_JMP, 4, 8) }, "" },
	{ "a jump to the end", 4, { OP(INET_DIAG_BC_JMP, 4, 4) }, "ABCD" },
	{ "a jump far over the end", 4, { OP(INET_DIAG_BC_JMP, 4, 12) }, "EINVAL" },
	{ "a jump that stays where it is", 4, { OP(INET_DIAG_BC_JMP, 4, 0) }, "EINVAL" },
	{ "going on from where it stands", 4, { OP(INET_DIAG_BC_NOP, 0, 8) }, "EINVAL" },
	{ "to an odd place", 8, { OP(INET_DIAG_BC_JMP, 4, 6), OP(INET_DIAG_BC_NOP, 4, 8) }, "EINVAL" },
	{ "a condition nobody knows", 4, { OP(99, 4, 8) }, "EINVAL" },
	{ "ports from 7777 on", 8, { OP(S_GE, 8, 12), PORT(7777) }, "ACD" },
	{ "ports up to 7777", 8, { OP(S_LE, 8, 12), PORT(7777) }, "AB" },
	{ "port 7777", 8, { OP(S_EQ, 8, 12), PORT(7777) }, "A" },
	{ "to ports from 7777 on", 8, { OP(D_GE, 8, 12), PORT(7777) }, "BD" },
	{ "to ports up to 7776", 8, { OP(D_LE, 8, 12), PORT(7776) }, "AC" },
	{ "to port 7777", 8, { OP(D_EQ, 8, 12), PORT(7777) }, "BD" },
	{ "a port that is not there", 4, { OP(S_GE, 8, 12) }, "EINVAL" },
	{ "a port as a condition", 8, { OP(S_GE, 4, 12), PORT(7777) }, "EINVAL" },
	{ "and", 16, { OP(S_GE, 8, 20), PORT(7777), OP(S_LE, 8, 12), PORT(8888) }, "AC" },
	{ "not", 12, { OP(S_GE, 8, 12), PORT(7777), OP(INET_DIAG_BC_JMP, 4, 8) }, "B" },
	{ "into the middle of a condition", 16, { OP(S_GE, 8, 12), PORT(1), OP(S_GE, 8, 12), PORT(7777) }, "EINVAL" },
	{ "ports that the stack chose", 4, { OP(INET_DIAG_BC_AUTO, 4, 8) }, "D" },
	{ "from 127.0.0.1", 16, { OP(S_COND, 16, 20), HOST(AF_INET, 32, ANY_PORT), 127, 0, 0, 1 }, "AD" },
	{ "from 127/8", 16, { OP(S_COND, 16, 20), HOST(AF_INET, 8, ANY_PORT), 127, 9, 9, 9 }, "ABD" },
	{ "from 127.0.0.0/31", 16, { OP(S_COND, 16, 20), HOST(AF_INET, 31, ANY_PORT), 127, 0, 0, 0 }, "AD" },
	{ "from 127.0.0.2/31, port 5555",
	  16,
	  { OP(S_COND, 16, 20), HOST(AF_INET, 31, A_PORT(5555)), 127, 0, 0, 3 },
	  "B" },
	{ "any family, port 7777", 12, { OP(S_COND, 12, 16), HOST(0, 0, A_PORT(7777)) }, "A" },
	{ "to 127.0.0.1", 16, { OP(D_COND, 16, 20), HOST(AF_INET, 32, ANY_PORT), 127, 0, 0, 1 }, "BD" },
	{ "from an address of IPv6",
	  28,
	  { OP(S_COND, 28, 32), HOST(AF_INET6, 128, ANY_PORT), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1 },
	  "" },
	{ "33 bits of 32", 16, { OP(S_COND, 16, 20), HOST(AF_INET, 33, ANY_PORT), 127, 0, 0, 1 }, "EINVAL" },
	{ "an address that is not there", 12, { OP(S_COND, 12, 16), HOST(AF_INET, 0, ANY_PORT) }, "EINVAL" },
	{ "an address of a family that is none", 12, { OP(S_COND, 12, 16), HOST(77, 0, ANY_PORT) }, "EINVAL" },
	{ "on the first device", 8, { OP(INET_DIAG_BC_DEV_COND, 8, 12), 1, 0, 0, 0 }, "" },
	{ "on no device", 8, { OP(INET_DIAG_BC_DEV_COND, 8, 12), 0, 0, 0, 0 }, "ABCD" },
	{ "with a mark of 5", 12, { OP(INET_DIAG_BC_MARK_COND, 12, 16), 5, 0, 0, 0, 255, 255, 255, 255 }, "C" },
	{ "with bit 1 of the mark not set", 12, { OP(INET_DIAG_BC_MARK_COND, 12, 16), 0, 0, 0, 0, 1, 0, 0, 0 }, "ABD" },
	{ "a mark that is cut off", 8, { OP(INET_DIAG_BC_MARK_COND, 8, 12), 5, 0, 0, 0 }, "EINVAL" },
};

static void script_filters(struct twin *t)
{
	struct listing l;
	struct request r;
	char got[16];

	diag_world(t);
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		request_of(&r, NLM_F_DUMP, ~0U);
		r.attr.nla_type = INET_DIAG_REQ_BYTECODE;
		r.attr.nla_len = (uint16_t)(sizeof(r.attr) + filters[i].len);
		memcpy(r.code, filters[i].code, filters[i].len);
		r.nlh.nlmsg_len += (r.attr.nla_len + 3U) & ~3U;
		ask(t, &r, r.nlh.nlmsg_len, &l);
		EXPECT_STR(t, filters[i].sentence, letters(&l, got), filters[i].want);
	}
}

/* ------------------------------------------------------------------ requests */

static const char *list(struct twin *t, const struct request *r, char out[16])
{
	struct listing l;

	ask(t, r, r->nlh.nlmsg_len, &l);
	return letters(&l, out);
}

static void script_requests(struct twin *t)
{
	struct request r;
	char got[16];

	diag_world(t);
	request_of(&r, NLM_F_DUMP, ~0U);
	EXPECT_STR(t, "all", list(t, &r, got), "ABCD");
	request_of(&r, NLM_F_DUMP, 1U << 1);
	EXPECT_STR(t, "connected", list(t, &r, got), "BD");
	request_of(&r, NLM_F_DUMP, 1U << 7);
	EXPECT_STR(t, "not connected", list(t, &r, got), "AC");
	request_of(&r, NLM_F_DUMP, 0);
	EXPECT_STR(t, "in no state", list(t, &r, got), "");
	request_of(&r, NLM_F_DUMP, ~0U);
	r.req.id.idiag_dport = htons(7777);
	EXPECT_STR(t, "to a port", list(t, &r, got), "BD");
	r.req.id.idiag_sport = htons(5555);
	EXPECT_STR(t, "from a port to a port", list(t, &r, got), "B");
	request_of(&r, NLM_F_DUMP, ~0U);
	r.req.sdiag_protocol = 77;
	EXPECT_STR(t, "of a protocol that nobody has", list(t, &r, got), "ENOENT");
	request_of(&r, NLM_F_DUMP, ~0U);
	r.req.sdiag_family = AF_UNSPEC;
	EXPECT_STR(t, "of no family", list(t, &r, got), "ENOENT");
	r.req.sdiag_family = 200;
	EXPECT_STR(t, "of a family that is none", list(t, &r, got), "EINVAL");
	r.req.sdiag_family = AF_INET6;
	EXPECT_STR(t, "of IPv6", list(t, &r, got), "");
	request_of(&r, NLM_F_DUMP, ~0U);
	r.nlh.nlmsg_len -= 1;
	EXPECT_STR(t, "an octet too short", list(t, &r, got), "EINVAL");
	request_of(&r, NLM_F_DUMP, ~0U);
	r.nlh.nlmsg_type = 19;
	EXPECT_STR(t, "of DCCP, the old way", list(t, &r, got), "EINVAL");
	r.nlh.nlmsg_type = 22;
	EXPECT_STR(t, "a message that nobody knows", list(t, &r, got), "EINVAL");
}

static void id_of(struct request *r, const char *src, int sport, const char *dst, int dport)
{
	r->req.id.idiag_src[0] = inet_addr(src);
	r->req.id.idiag_dst[0] = inet_addr(dst);
	r->req.id.idiag_sport = htons((uint16_t)sport);
	r->req.id.idiag_dport = htons((uint16_t)dport);
	r->req.id.idiag_cookie[0] = r->req.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
}

/* Of a datagram that goes from source to destination; who ends a connection says what is its own first. */
static void script_one(struct twin *t)
{
	struct listing l;
	struct request r;
	char got[16];

	diag_world(t);
	request_of(&r, 0, ~0U);
	id_of(&r, "127.0.0.9", 9, "127.0.0.1", 7777);
	r.req.idiag_ext = 0xff;
	ask(t, &r, r.nlh.nlmsg_len, &l);
	EXPECT_STR(t, "who gets a datagram from anywhere", letters(&l, got), "A");
	EXPECT(t, "its state", l.last.idiag_state, 7);
	EXPECT(t, "its attributes", l.attrs & ~(1U << INET_DIAG_CGROUP_ID),
	       1U << INET_DIAG_SHUTDOWN | 1U << INET_DIAG_TOS | 1U << INET_DIAG_MARK | 1U << INET_DIAG_CLASS_ID |
		       1U << INET_DIAG_SOCKOPT | 1U << INET_DIAG_MEMINFO | 1U << INET_DIAG_SKMEMINFO);
	r.req.id.idiag_cookie[0] = l.last.id.idiag_cookie[0];
	r.req.id.idiag_cookie[1] = l.last.id.idiag_cookie[1];
	EXPECT_STR(t, "with its cookie", list(t, &r, got), "A");
	r.req.id.idiag_cookie[0]++;
	EXPECT_STR(t, "with another", list(t, &r, got), "ESTALE");
	id_of(&r, "127.0.0.1", 7777, "127.0.0.2", 5555);
	EXPECT_STR(t, "from the peer of a connected one", list(t, &r, got), "B");
	id_of(&r, "127.0.0.1", 7778, "127.0.0.2", 5555);
	EXPECT_STR(t, "from elsewhere", list(t, &r, got), "ENOENT");
}

static void script_destroy(struct twin *t)
{
	int b = t->count + B;
	struct listing l;
	struct request r;
	char got[16], c;

	diag_world(t);
	request_of(&r, NLM_F_ACK, ~0U);
	r.nlh.nlmsg_type = SOCK_DESTROY;
	id_of(&r, "127.0.0.2", 5555, "127.0.0.1", 7777);
	ask(t, &r, r.nlh.nlmsg_len, &l);
	EXPECT_STR(t, "ended", letters(&l, got), "");
	EXPECT(t, "and its program hears of it", t_recv(t, b, &c, 1, 0), -ECONNABORTED);
	EXPECT(t, "once", t_recv(t, b, &c, 1, 0), -EAGAIN);
	id_of(&r, "127.0.0.2", 4444, "127.0.0.1", 7777);
	EXPECT_STR(t, "one that is not there", list(t, &r, got), "ENOENT");
}

/* A listing that is longer than one piece: each socket is told once. */
static void script_pieces(struct twin *t)
{
	static _Alignas(struct nlmsghdr) uint8_t buf[4096];
	enum { MANY = 50, FIRST_PORT = 2000 };
	unsigned told[MANY] = { 0 }, pieces = 0;
	bool over = false;
	struct request r;
	int s;

	for (int i = 0; i < MANY; i++) {
		assert_true(t_socket(t, AF_INET, SOCK_DGRAM, 0) >= 0);
		assert_int_equal(t_bind(t, t->count - 1, "127.0.0.1", FIRST_PORT + i), 0);
	}
	request_of(&r, NLM_F_DUMP, ~0U);
	r.req.idiag_ext = 0xff;
	s = t_socket(t, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	EXPECT(t, "ask", t_send(t, s, &r, r.nlh.nlmsg_len, 0), r.nlh.nlmsg_len);
	for (; !over && pieces < MANY; pieces++) {
		long got = t_recv(t, s, buf, sizeof(buf), 0);
		const struct nlmsghdr *nlh = (const void *)buf;

		for (uint32_t step; got >= (long)sizeof(*nlh) && !over; got -= step) {
			const struct inet_diag_msg *m = (const void *)(nlh + 1);

			step = (nlh->nlmsg_len + 3) & ~3U;
			over = nlh->nlmsg_type == NLMSG_DONE;
			if (!over)
				told[ntohs(m->id.idiag_sport) - FIRST_PORT]++;
			nlh = (const void *)((const uint8_t *)nlh + step);
		}
	}
	EXPECT(t, "it ends", over, true);
	EXPECT(t, "it comes in pieces", pieces > 2, true);
	for (int i = 0; i < MANY; i++)
		EXPECT(t, "each once", told[i], 1);
}

/* ------------------------------------------------------------------ TCP */

enum { L, CLIENT, CHILD, BOUND };

static int t_accept(struct twin *t, int s)
{
	int child = t->count++;
	long ret = t->net ? nethood_accept(t->sk[s], &t->sk[child], NULL, NULL)
			  : twin_ret(t->fd[child] = accept4(t->fd[s], NULL, NULL, SOCK_NONBLOCK));

	assert_true(ret >= 0);
	return child;
}

static void tcp_world(struct twin *t)
{
	int first = t->count;
	long ret;

	for (int s = 0; s < 2; s++)
		assert_true(t_socket(t, AF_INET, SOCK_STREAM, 0) >= 0);
	assert_int_equal(t_bind(t, first + L, "127.0.0.1", 7777), 0);
	ret = t->net ? nethood_listen(t->sk[first + L], 5) : listen(t->fd[first + L], 5);
	assert_int_equal(ret, 0);
	assert_int_equal(t_bind(t, first + CLIENT, "127.0.0.1", 5555), 0);
	ret = t_connect(t, first + CLIENT, "127.0.0.1", 7777);
	assert_true(ret == 0 || ret == -EINPROGRESS);
	t_settle(t);
	assert_int_equal(t_accept(t, first + L), first + CHILD);
	assert_true(t_socket(t, AF_INET, SOCK_STREAM, 0) >= 0);
	assert_int_equal(t_bind(t, first + BOUND, "127.0.0.1", 8888), 0);
}

static void tcp_request_of(struct request *r, uint16_t flags, uint32_t states)
{
	request_of(r, flags, states);
	r->req.sdiag_protocol = IPPROTO_TCP;
}

static void script_tcp(struct twin *t)
{
	int first = t->count;
	struct request r;
	char got[16];

	tcp_world(t);
	tcp_request_of(&r, NLM_F_DUMP, ~0U);
	EXPECT_STR(t, "all", list(t, &r, got), "BCKL");
	tcp_request_of(&r, NLM_F_DUMP, 1U << TCP_LISTEN);
	EXPECT_STR(t, "who listens", list(t, &r, got), "L");
	tcp_request_of(&r, NLM_F_DUMP, 1U << TCP_ESTABLISHED);
	EXPECT_STR(t, "who is connected", list(t, &r, got), "CK");
	tcp_request_of(&r, NLM_F_DUMP, 1U << 13);
	EXPECT_STR(t, "who is bound only", list(t, &r, got), "B");
	tcp_request_of(&r, NLM_F_DUMP, ~0U & ~(1U << 13));
	r.req.id.idiag_dport = htons(7777);
	EXPECT_STR(t, "to a port", list(t, &r, got), "C");
	tcp_request_of(&r, NLM_F_DUMP, ~0U);
	r.attr.nla_type = INET_DIAG_REQ_BYTECODE;
	r.attr.nla_len = sizeof(r.attr) + 4;
	r.code[0] = INET_DIAG_BC_AUTO;
	r.code[1] = 4;
	r.code[2] = 8;
	r.nlh.nlmsg_len += sizeof(r.attr) + 4;
	EXPECT_STR(t, "whose port was not asked for", list(t, &r, got), "K");
	t_close(t, first + CHILD);
	t_wait(t, 60); /* an ACK of a FIN may be delayed */
	tcp_request_of(&r, NLM_F_DUMP, 1U << TCP_FIN_WAIT2);
	EXPECT_STR(t, "one that said goodbye", list(t, &r, got), "K");
	tcp_request_of(&r, NLM_F_DUMP, 1U << TCP_CLOSE_WAIT);
	EXPECT_STR(t, "one that was told so", list(t, &r, got), "C");
	t_close(t, first + CLIENT);
	t_wait(t, 60); /* an ACK of a FIN may be delayed */
	tcp_request_of(&r, NLM_F_DUMP, ~0U);
	EXPECT_STR(t, "what is left", list(t, &r, got), "BLT");
}

/* What is told of one, and that it is the right one. */
static void script_tcp_one(struct twin *t)
{
	const uint32_t all = 1U << INET_DIAG_SHUTDOWN | 1U << INET_DIAG_TOS | 1U << INET_DIAG_MARK |
			     1U << INET_DIAG_CLASS_ID | 1U << INET_DIAG_SOCKOPT | 1U << INET_DIAG_MEMINFO |
			     1U << INET_DIAG_SKMEMINFO | 1U << INET_DIAG_INFO | 1U << INET_DIAG_CONG;
	const uint32_t maybe = 1U << INET_DIAG_CGROUP_ID | 1U << INET_DIAG_BBRINFO;
	int first = t->count;
	struct listing l;
	struct request r;
	char got[16];

	tcp_world(t);
	EXPECT(t, "data that nobody reads", t_send(t, first + CLIENT, "hello", 5, 0), 5);
	t_wait(t, 1);
	tcp_request_of(&r, 0, ~0U);
	r.req.idiag_ext = 0xff;
	id_of(&r, "127.0.0.1", 7777, "127.0.0.1", 5555);
	ask(t, &r, r.nlh.nlmsg_len, &l);
	EXPECT_STR(t, "by its addresses", letters(&l, got), "K");
	EXPECT(t, "its state", l.last.idiag_state, TCP_ESTABLISHED);
	EXPECT(t, "what it has not read", l.last.idiag_rqueue, 5);
	EXPECT(t, "what it has not sent", l.last.idiag_wqueue, 0);
	EXPECT(t, "its attributes", l.attrs & ~maybe, all);
	r.req.id.idiag_cookie[0] = l.last.id.idiag_cookie[0];
	r.req.id.idiag_cookie[1] = l.last.id.idiag_cookie[1];
	EXPECT_STR(t, "with its cookie", list(t, &r, got), "K");
	r.req.id.idiag_cookie[0]++;
	EXPECT_STR(t, "with another", list(t, &r, got), "ENOENT");
	id_of(&r, "127.0.0.1", 7777, "127.0.0.1", 0);
	ask(t, &r, r.nlh.nlmsg_len, &l);
	EXPECT_STR(t, "who listens there", letters(&l, got), "L");
	EXPECT(t, "how many wait", l.last.idiag_rqueue, 0);
	EXPECT(t, "how many may", l.last.idiag_wqueue, 5);
	EXPECT(t, "its attributes", l.attrs & ~maybe, all);
	id_of(&r, "127.0.0.1", 7778, "127.0.0.1", 0);
	EXPECT_STR(t, "nobody", list(t, &r, got), "ENOENT");
	tcp_request_of(&r, 0, ~0U);
	r.nlh.nlmsg_type = TCPDIAG_GETSOCK; /* its request has other fields in front */
	EXPECT_STR(t, "the old way, cut off", (r.nlh.nlmsg_len -= 20, list(t, &r, got)), "EINVAL");
}

static void script_tcp_destroy(struct twin *t)
{
	int first = t->count;
	struct listing l;
	struct request r;
	char got[16], c;

	tcp_world(t);
	tcp_request_of(&r, NLM_F_ACK, ~0U);
	r.nlh.nlmsg_type = SOCK_DESTROY;
	id_of(&r, "127.0.0.1", 5555, "127.0.0.1", 7777);
	ask(t, &r, r.nlh.nlmsg_len, &l);
	EXPECT_STR(t, "ended", letters(&l, got), "");
	EXPECT(t, "its program hears of it", t_recv(t, first + CLIENT, &c, 1, 0), -ECONNABORTED);
	t_wait(t, 1);
	EXPECT(t, "its peer was reset", t_recv(t, first + CHILD, &c, 1, 0), -ECONNRESET);
	id_of(&r, "127.0.0.1", 7777, "127.0.0.1", 0);
	ask(t, &r, r.nlh.nlmsg_len, &l);
	EXPECT_STR(t, "one that listens", letters(&l, got), "");
	tcp_request_of(&r, NLM_F_DUMP, ~0U & ~(1U << 13));
	EXPECT_STR(t, "nobody is left", list(t, &r, got), "");
}

#define SCRIPT(name) \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		twin_run(script_##name); \
	}
SCRIPT(filters)
SCRIPT(requests)
SCRIPT(one)
SCRIPT(destroy)
SCRIPT(pieces)
SCRIPT(tcp)
SCRIPT(tcp_one)
SCRIPT(tcp_destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters), cmocka_unit_test(test_requests),    cmocka_unit_test(test_one),
		cmocka_unit_test(test_destroy), cmocka_unit_test(test_pieces),      cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_tcp_one), cmocka_unit_test(test_tcp_destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
