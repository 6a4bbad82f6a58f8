// SPDX-License-Identifier: BSD-2-Clause
/* Which calls are trapped: the filter, run by an interpreter of the few instructions that it uses. */
#include "filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define ENOSYS_RET (SECCOMP_RET_ERRNO | ENOSYS)
#define NOTIFY SECCOMP_RET_USER_NOTIF
#define ALLOW SECCOMP_RET_ALLOW
#define FILES 0xf11eU /* ALLOW; with --proc NOTIFY */
#define HIGH (UINT64_C(1) << 32)

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

static uint32_t run(const struct sock_filter *insns, size_t count, const struct seccomp_data *data)
{
	uint32_t a = 0, word;

	for (size_t pc = 0; pc < count; pc++) {
		const struct sock_filter *i = &insns[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k % 4 == 0 && i->k + 4 <= sizeof(*data));
			memcpy(&word, (const char *)data + i->k, sizeof(word));
			a = word;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			fail_msg("instruction %zu: code %#x", pc, i->code);
		}
	}
	fail_msg("no return");
	return 0;
}

static const struct {
	const char *says;
	uint32_t arch;
	int nr;
	uint64_t args[6];
	uint32_t want;
} rows[] = {
	{ "reading is the kernel's", ARCH, SYS_read, { 3 }, ALLOW },
	{ "writing, too", ARCH, SYS_write, { 3 }, ALLOW },
	{ "polling, too", ARCH, SYS_epoll_pwait, { 3 }, ALLOW },
	{ "a program may execute another", ARCH, SYS_execve, { 0 }, ALLOW },
	{ "a call that is not known yet", ARCH, 600, { 0 }, ALLOW },
	{ "IPv4", ARCH, SYS_socket, { AF_INET }, NOTIFY },
	{ "IPv6", ARCH, SYS_socket, { AF_INET6 }, NOTIFY },
	{ "frames", ARCH, SYS_socket, { AF_PACKET }, NOTIFY },
	{ "netlink", ARCH, SYS_socket, { AF_NETLINK }, NOTIFY },
	{ "the kernel takes the family as 32 bits", ARCH, SYS_socket, { HIGH | AF_INET }, NOTIFY },
	{ "unix sockets are the host's", ARCH, SYS_socket, { AF_UNIX }, ALLOW },
	{ "pairs of them", ARCH, SYS_socketpair, { AF_UNIX }, ALLOW },
	{ "connect", ARCH, SYS_connect, { 3 }, NOTIFY },
	{ "bind", ARCH, SYS_bind, { 3 }, NOTIFY },
	{ "recvmmsg", ARCH, SYS_recvmmsg, { 3 }, NOTIFY },
	{ "sending without an address: an error may wait", ARCH, SYS_sendto, { 3, 1, 1, 0, 0 }, NOTIFY },
	{ "sending to an address", ARCH, SYS_sendto, { 3, 1, 1, 0, 0x1000 }, NOTIFY },
	{ "receiving without an address", ARCH, SYS_recvfrom, { 3, 1, 1, MSG_PEEK, 0 }, NOTIFY },
	{ "receiving with one", ARCH, SYS_recvfrom, { 3, 1, 1, 0, 0x1000 }, NOTIFY },
	{ "requests about devices", ARCH, SYS_ioctl, { 3, 0x8933 }, NOTIFY },
	{ "the kernel takes the request as 32 bits", ARCH, SYS_ioctl, { 3, HIGH | 0x8933 }, NOTIFY },
	{ "how many bytes there are", ARCH, SYS_ioctl, { 3, 0x541b }, ALLOW },
	{ "how many bytes were not sent yet", ARCH, SYS_ioctl, { 3, 0x5411 }, NOTIFY },
	{ "requests of other devices", ARCH, SYS_ioctl, { 3, 0x18933 }, ALLOW },
	{ "io_uring would go around", ARCH, SYS_io_uring_setup, { 1 }, ENOSYS_RET },
	{ "with a ring that was handed in", ARCH, SYS_io_uring_enter, { 1 }, ENOSYS_RET },
	{ "files are the kernel's, unless asked for", ARCH, SYS_openat, { 0 }, FILES },
	{ "in every way of opening them", ARCH, SYS_openat2, { 0 }, FILES },
#ifdef SYS_open
	{ "the old one, too", ARCH, SYS_open, { 0 }, FILES },
#endif
	{ "another architecture", AUDIT_ARCH_I386, 102, { 1 }, ENOSYS_RET },
#if defined(__x86_64__)
	{ "x32", ARCH, 0x40000000 | SYS_socket, { AF_INET }, ENOSYS_RET },
#endif
};

static void calls_with(bool proc)
{
	struct sock_filter insns[FILTER_MAX_INSNS];
	size_t count = filter_build(insns, proc);

	assert_in_range(count, 10, FILTER_MAX_INSNS);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct seccomp_data data = { .nr = rows[i].nr, .arch = rows[i].arch };
		uint32_t got, want = rows[i].want == FILES ? (proc ? NOTIFY : ALLOW) : rows[i].want;

		memcpy(data.args, rows[i].args, sizeof(data.args));
		got = run(insns, count, &data);
		if (got != want)
			print_error("%s: %#x, not %#x\n", rows[i].says, got, want);
		assert_int_equal(got, want);
	}
}

static void calls(void **state)
{
	(void)state;
	calls_with(false);
	calls_with(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(calls) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
