// SPDX-License-Identifier: BSD-2-Clause
/* Classic BPF: what is refused, what programs say, and random programs against the kernel's interpreter. */
#include "sock_world.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/byteorder.h"
#include "socket/filter.h"

#define S(code, k) BPF_STMT(code, k)
#define J(code, k, t, f) BPF_JUMP(code, k, t, f)
#define RET(k) S(BPF_RET | BPF_K, k)
#define RETA S(BPF_RET | BPF_A, 0)
#define AD(x) ((u32)SKF_AD_OFF + (u32)(x))

static const struct {
	const char *what;
	u32 len;
	int err;
	struct sock_filter insns[6];
} checks[] = {
	{ "a constant answer is a program", 1, 0, { RET(1) } },
	{ "no instruction is none", 0, -EINVAL, { RET(1) } },
	{ "a program must end with a return", 1, -EINVAL, { S(BPF_LD | BPF_IMM, 1) } },
	{ "an unknown instruction is refused", 2, -EINVAL, { S(0xffff, 1), RET(1) } },
	{ "division by zero is refused when it can be seen", 2, -EINVAL, { S(BPF_ALU | BPF_DIV | BPF_K, 0), RET(1) } },
	{ "so is a modulus", 2, -EINVAL, { S(BPF_ALU | BPF_MOD | BPF_K, 0), RET(1) } },
	{ "a shift by 31 is one", 2, 0, { S(BPF_ALU | BPF_LSH | BPF_K, 31), RET(1) } },
	{ "a shift by 32 is refused", 2, -EINVAL, { S(BPF_ALU | BPF_RSH | BPF_K, 32), RET(1) } },
	{ "the last memory word is there", 3, 0, { S(BPF_ST, 15), S(BPF_LD | BPF_MEM, 15), RETA } },
	{ "there is none after it", 2, -EINVAL, { S(BPF_ST, 16), RET(1) } },
	{ "a word that nobody wrote is not read", 2, -EINVAL, { S(BPF_LD | BPF_MEM, 0), RETA } },
	{ "nor one that only one way wrote",
	  4,
	  -EINVAL,
	  { J(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), S(BPF_ST, 3), S(BPF_LD | BPF_MEM, 3), RETA } },
	{ "one that both ways wrote is",
	  6,
	  0,
	  { J(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 2), S(BPF_ST, 3), J(BPF_JMP | BPF_JA, 1, 0, 0), S(BPF_STX, 3),
	    S(BPF_LDX | BPF_MEM, 3), RETA } },
	{ "a jump to the end is one too far", 2, -EINVAL, { J(BPF_JMP | BPF_JA, 1, 0, 0), RET(1) } },
	{ "a conditional one too", 2, -EINVAL, { J(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1), RET(1) } },
	{ "a jump that wraps around is refused", 2, -EINVAL, { J(BPF_JMP | BPF_JA, 0xffffffff, 0, 0), RET(1) } },
	{ "ancillary data has names", 2, 0, { S(BPF_LD | BPF_W | BPF_ABS, AD(SKF_AD_IFINDEX)), RETA } },
	{ "what has none is refused", 2, -EINVAL, { S(BPF_LD | BPF_W | BPF_ABS, AD(SKF_AD_MAX)), RETA } },
	{ "half a name too", 2, -EINVAL, { S(BPF_LD | BPF_W | BPF_ABS, AD(2)), RETA } },
};

static void test_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		int err = bpf_check_classic(checks[i].insns, checks[i].len);

		if (err != checks[i].err)
			fail_msg("%s: %d", checks[i].what, err);
	}
}

static const struct {
	const char *what;
	u32 len, answer;
	struct sock_filter insns[6];
} runs[] = {
	/* the packet is 01 02 03 ... 0a */
	{ "a byte", 2, 3, { S(BPF_LD | BPF_B | BPF_ABS, 2), RETA } },
	{ "half a word, in network order", 2, 0x0304, { S(BPF_LD | BPF_H | BPF_ABS, 2), RETA } },
	{ "a word, at an odd place", 2, 0x02030405, { S(BPF_LD | BPF_W | BPF_ABS, 1), RETA } },
	{ "the last word", 2, 0x0708090a, { S(BPF_LD | BPF_W | BPF_ABS, 6), RETA } },
	{ "a word that is not all there refuses", 2, 0, { S(BPF_LD | BPF_W | BPF_ABS, 7), RETA } },
	{ "one by index", 3, 5, { S(BPF_LDX | BPF_IMM, 3), S(BPF_LD | BPF_B | BPF_IND, 1), RETA } },
	{ "an index that wraps around to the packet",
	  3,
	  2,
	  { S(BPF_LDX | BPF_IMM, 0xffffffff), S(BPF_LD | BPF_B | BPF_IND, 2), RETA } },
	{ "length of the packet", 2, 10, { S(BPF_LD | BPF_W | BPF_LEN, 0), RETA } },
	{ "length of an IP header", 3, 36, { S(BPF_LDX | BPF_B | BPF_MSH, 8), S(BPF_MISC | BPF_TXA, 0), RETA } },
	{ "dividing by an X of zero refuses",
	  4,
	  0,
	  { S(BPF_LDX | BPF_IMM, 0), S(BPF_LD | BPF_IMM, 8), S(BPF_ALU | BPF_DIV | BPF_X, 0), RET(7) } },
	{ "minus one", 3, 0xffffffff, { S(BPF_LD | BPF_IMM, 1), S(BPF_ALU | BPF_NEG, 0), RETA } },
	{ "comparison is unsigned",
	  4,
	  1,
	  { S(BPF_LD | BPF_IMM, 0x80000000), J(BPF_JMP | BPF_JGT | BPF_K, 5, 0, 1), RET(1), RET(2) } },
	{ "protocol", 2, 0x0800, { S(BPF_LD | BPF_W | BPF_ABS, AD(SKF_AD_PROTOCOL)), RETA } },
	{ "mark", 2, 77, { S(BPF_LD | BPF_W | BPF_ABS, AD(SKF_AD_MARK)), RETA } },
	{ "A xor X",
	  4,
	  6,
	  { S(BPF_LD | BPF_IMM, 5), S(BPF_LDX | BPF_IMM, 3), S(BPF_LD | BPF_W | BPF_ABS, AD(SKF_AD_ALU_XOR_X)),
	    RETA } },
	{ "a device that is not known refuses", 2, 0, { S(BPF_LD | BPF_W | BPF_ABS, AD(SKF_AD_IFINDEX)), RET(1) } },
	{ "bytes before data, from the network header on",
	  2,
	  0xee,
	  { S(BPF_LD | BPF_B | BPF_ABS, (u32)SKF_NET_OFF), RETA } },
	{ "and beyond it into data", 2, 0x01, { S(BPF_LD | BPF_B | BPF_ABS, (u32)(SKF_NET_OFF + 4)), RETA } },
	{ "a link-layer header that is not there refuses",
	  2,
	  0,
	  { S(BPF_LD | BPF_B | BPF_ABS, (u32)SKF_LL_OFF), RET(1) } },
};

static void test_run(void **state)
{
	const u8 data[14] = { 0xee, 0xee, 0xee, 0xee, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	struct sk_buff *skb;
	struct world w;

	(void)state;
	world_init(&w);
	skb = world_packet(&w, data, sizeof(data));
	skb_reset_network_header(skb);
	skb_pull(skb, 4);
	skb->protocol = CONST_BE16(0x0800);
	skb->mark = 77;
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		u32 answer;

		assert_int_equal(bpf_check_classic(runs[i].insns, runs[i].len), 0);
		answer = bpf_run(&w.net, runs[i].insns, runs[i].len, skb);
		if (answer != runs[i].answer)
			fail_msg("%s: %#x", runs[i].what, answer);
	}
	consume_skb(skb);
	world_fini(&w);
}

/* A random instruction of a program of @len, at @pc: mostly one that may pass. */
static struct sock_filter random_insn(struct rng *rng, u32 pc, u32 len)
{
	static const u16 codes[] = {
		BPF_LD | BPF_W | BPF_ABS,
		BPF_LD | BPF_H | BPF_ABS,
		BPF_LD | BPF_B | BPF_ABS,
		BPF_LD | BPF_W | BPF_IND,
		BPF_LD | BPF_B | BPF_IND,
		BPF_LD | BPF_H | BPF_IND,
		BPF_LD | BPF_W | BPF_LEN,
		BPF_LD | BPF_IMM,
		BPF_LD | BPF_MEM,
		BPF_LDX | BPF_MEM,
		BPF_LDX | BPF_IMM,
		BPF_LDX | BPF_B | BPF_MSH,
		BPF_LDX | BPF_W | BPF_LEN,
		BPF_ST,
		BPF_STX,
		BPF_ST,
		BPF_ALU | BPF_ADD | BPF_K,
		BPF_ALU | BPF_SUB | BPF_X,
		BPF_ALU | BPF_MUL | BPF_K,
		BPF_ALU | BPF_DIV | BPF_X,
		BPF_ALU | BPF_DIV | BPF_K,
		BPF_ALU | BPF_MOD | BPF_X,
		BPF_ALU | BPF_AND | BPF_K,
		BPF_ALU | BPF_OR | BPF_X,
		BPF_ALU | BPF_XOR | BPF_K,
		BPF_ALU | BPF_LSH | BPF_K,
		BPF_ALU | BPF_RSH | BPF_X,
		BPF_ALU | BPF_NEG,
		BPF_MISC | BPF_TAX,
		BPF_MISC | BPF_TXA,
		BPF_JMP | BPF_JA,
		BPF_JMP | BPF_JEQ | BPF_K,
		BPF_JMP | BPF_JGT | BPF_X,
		BPF_JMP | BPF_JGE | BPF_K,
		BPF_JMP | BPF_JSET | BPF_X,
		BPF_RET | BPF_A,
		BPF_RET | BPF_K,
		BPF_ALU | BPF_LSH | BPF_X,
	};
	struct sock_filter f = { codes[get_random_u32_below(rng, ARRAY_SIZE(codes))], 0, 0, 0 };

	f.k = get_random_u32_below(rng, 12);
	switch (get_random_u32_below(rng, 24)) {
	case 0:
		f.k = get_random_u32(rng);
		break;
	case 1:
		f.k = AD(SKF_AD_ALU_XOR_X);
		break;
	case 2:
		f.k = AD(get_random_u32_below(rng, 80));
		if (f.k != AD(SKF_AD_ALU_XOR_X) && f.k < AD(SKF_AD_MAX) && f.k % 4 == 0)
			f.k = AD(SKF_AD_MARK); /* others do not mean the same on another kind of socket */
		break;
	case 3:
		f.code = (u16)get_random_u32(rng);
		break;
	default:
		break;
	}
	f.jt = (u8)get_random_u32_below(rng, len - pc + (get_random_u32_below(rng, 50) == 0));
	f.jf = (u8)get_random_u32_below(rng, len - pc + (get_random_u32_below(rng, 50) == 0));
	if (f.code == (BPF_JMP | BPF_JA))
		f.k = f.jt;
	return f;
}

/* The kernel's own filter on a pair of unix sockets: what it lets through of @data.  Return: bytes, 0: refused */
static ssize_t kernel_verdict(const int fds[2], const u8 *data, size_t len_bytes)
{
	u8 buf[64];
	ssize_t got;

	assert_int_equal(send(fds[0], data, len_bytes, 0), (ssize_t)len_bytes);
	got = recv(fds[1], buf, sizeof(buf), MSG_DONTWAIT);
	return got < 0 ? 0 : got;
}

static void test_against_kernel(void **state)
{
	const u8 data[20] = { 0x45, 1, 2, 3, 250, 5, 0, 0, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 255 };
	u32 accepted = 0, refused = 0, passed = 0;
	struct world w;
	int fds[2];

	(void)state;
	world_init(&w);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), 0);
	for (u32 n = 0; n < 20000; n++) {
		struct sock_filter insns[10];
		u32 len = 1 + get_random_u32_below(&w.net.rng, ARRAY_SIZE(insns));
		struct sock_fprog prog = { (u16)len, insns };
		int kernel, ours;

		for (u32 pc = 0; pc < len; pc++)
			insns[pc] = random_insn(&w.net.rng, pc, len);
		if (get_random_u32_below(&w.net.rng, 10))
			insns[len - 1] = (struct sock_filter)RETA;
		kernel = setsockopt(fds[1], SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) ? -errno : 0;
		ours = bpf_check_classic(insns, len);
		assert_int_equal(ours, kernel);
		if (kernel) {
			refused++;
			continue;
		}
		accepted++;
		struct sk_buff *skb = world_packet(&w, data, sizeof(data));
		u32 keep = bpf_run(&w.net, insns, len, skb);
		ssize_t theirs = kernel_verdict(fds, data, sizeof(data));

		assert_int_equal(min_u32(keep, sizeof(data)), theirs);
		passed += theirs > 0;
		consume_skb(skb);
	}
	assert_true(accepted > 1000 && refused > 1000 && passed > 300);
	close(fds[0]);
	close(fds[1]);
	world_fini(&w);
}

static void test_on_socket(void **state)
{
	struct sock_filter three[] = { RET(3) }, none[] = { RET(0) }, bad[] = { S(BPF_LD | BPF_IMM, 0) };
	struct sock_fprog keep3 = { 1, three }, keep0 = { 1, none }, wrong = { 1, bad };
	struct sock_filter copy[4];
	socklen_t len = 4;
	struct sock *sk;
	struct world w;
	int on = 1;

	(void)state;
	world_init(&w);
	sk = world_socket(&w);
	assert_int_equal(sock_setsockopt(sk, SOL_SOCKET, SO_ATTACH_FILTER, &wrong, sizeof(wrong)), -EINVAL);
	assert_int_equal(sock_setsockopt(sk, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)), -ENOENT);
	assert_int_equal(sock_setsockopt(sk, SOL_SOCKET, SO_ATTACH_FILTER, &keep3, sizeof(keep3)), 0);
	assert_int_equal(sock_queue_rcv_skb(sk, world_packet(&w, "abcdef", 6)), 0);
	assert_int_equal(skb_peek(&sk->receive_queue)->len, 3);
	assert_int_equal(sock_getsockopt(sk, SOL_SOCKET, SO_GET_FILTER, copy, &len), 0);
	assert_int_equal(len, 1);
	assert_int_equal(sock_setsockopt(sk, SOL_SOCKET, SO_ATTACH_FILTER, &keep0, sizeof(keep0)), 0);
	assert_int_equal(sock_queue_rcv_skb(sk, world_packet(&w, "abcdef", 6)), -EPERM);
	assert_int_equal(w.net.skb_pool->stats.dropped[SKB_DROP_REASON_SOCKET_FILTER], 1);
	assert_int_equal(sock_setsockopt(sk, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)), 0);
	assert_int_equal(sock_setsockopt(sk, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)), -EPERM);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_against_kernel),
		cmocka_unit_test(test_on_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
