// SPDX-License-Identifier: BSD-2-Clause
/* Which system calls a program under nethood does not make by itself.
 *
 * @linux Documentation/userspace-api/seccomp_filter.rst
 *
 * Reading order: arch, rules[], filter_build().
 * A rule is about one call.  What is passed on is decided by arguments that are values (a family, a request); the kernel
 * lets a filter see no more than that.  All the rest is the kernel's: reading, writing and polling, on the descriptors
 * that the supervisor gave.  send(2) and recv(2) are passed on although they could be the kernel's: a carrier cannot tell
 * the error of the datagram before, as ECONNREFUSED.
 * What would open a way around goes away: other architectures, x32, io_uring.
 */
#include "filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The one place that knows the machine. */
#if defined(__x86_64__)
#define ARCH_AUDIT AUDIT_ARCH_X86_64
#define ARCH_OTHER_ABI_BIT 0x40000000U /* x32: other numbers for the same registers */
#elif defined(__aarch64__)
#define ARCH_AUDIT AUDIT_ARCH_AARCH64
#define ARCH_OTHER_ABI_BIT 0U
#else
#error "this machine's system calls are not known here"
#endif

enum action {
	NOTIFY,    /* the supervisor answers */
	NO_SUCH,   /* ENOSYS */
	IF_FAMILY, /* notify when args[0] is a family that must not fall through to the host */
	IF_SIOC,   /* notify when the request is one of sockets */
	IF_PROC,   /* notify when files of /proc are served */
};

static const struct rule {
	int nr;
	enum action action;
} rules[] = {
	{ SYS_socket, IF_FAMILY },
	{ SYS_connect, NOTIFY },
	{ SYS_bind, NOTIFY },
	{ SYS_listen, NOTIFY },
#ifdef SYS_accept
	{ SYS_accept, NOTIFY },
#endif
	{ SYS_accept4, NOTIFY },
	{ SYS_getsockname, NOTIFY },
	{ SYS_getpeername, NOTIFY },
	{ SYS_setsockopt, NOTIFY },
	{ SYS_getsockopt, NOTIFY },
	{ SYS_shutdown, NOTIFY },
	{ SYS_sendmsg, NOTIFY },
	{ SYS_recvmsg, NOTIFY },
	{ SYS_sendmmsg, NOTIFY },
	{ SYS_recvmmsg, NOTIFY },
	{ SYS_sendto, NOTIFY },
	{ SYS_recvfrom, NOTIFY },
	{ SYS_ioctl, IF_SIOC },
#ifdef SYS_open
	{ SYS_open, IF_PROC },
#endif
	{ SYS_openat, IF_PROC },
	{ SYS_openat2, IF_PROC },
	{ SYS_io_uring_setup, NO_SUCH },
	{ SYS_io_uring_enter, NO_SUCH },
	{ SYS_io_uring_register, NO_SUCH },
};

static const uint32_t families[] = { AF_INET, AF_INET6, AF_PACKET, AF_NETLINK };

#define SIOC_MASK 0xffffff00U
#define SIOC_BASE 0x00008900U

#define RET_ALLOW SECCOMP_RET_ALLOW
#define RET_NOTIFY SECCOMP_RET_USER_NOTIF
#define RET_ENOSYS (SECCOMP_RET_ERRNO | ENOSYS)

struct program {
	struct sock_filter *insns;
	size_t count;
};

static void put(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	p->insns[p->count++] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
}

static void load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* The lower half of an argument is first on the machines above. */
static void load_arg(struct program *p, size_t arg, bool upper)
{
	load(p, offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t) + (upper ? sizeof(uint32_t) : 0));
}

static void ret(struct program *p, uint32_t what)
{
	put(p, BPF_RET | BPF_K, what, 0, 0);
}

/* return @what if the accumulator equals @k */
static void ret_if_equal(struct program *p, uint32_t k, uint32_t what)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
	ret(p, what);
}

/* return @what if the accumulator has a bit of @mask */
static void ret_if_bits(struct program *p, uint32_t mask, uint32_t what)
{
	put(p, BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1);
	ret(p, what);
}

static void body_family(struct program *p)
{
	load_arg(p, 0, false);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		ret_if_equal(p, families[i], RET_NOTIFY);
	ret(p, RET_ALLOW);
}

static void body_sioc(struct program *p)
{
	load_arg(p, 1, false);
	ret_if_equal(p, SIOCOUTQ, RET_NOTIFY);
	put(p, BPF_ALU | BPF_AND | BPF_K, SIOC_MASK, 0, 0);
	ret_if_equal(p, SIOC_BASE, RET_NOTIFY);
	ret(p, RET_ALLOW);
}

static void body(struct program *p, enum action action)
{
	switch (action) {
	case NOTIFY:
	case IF_PROC:
		ret(p, RET_NOTIFY);
		break;
	case NO_SUCH:
		ret(p, RET_ENOSYS);
		break;
	case IF_FAMILY:
		body_family(p);
		break;
	case IF_SIOC:
		body_sioc(p);
		break;
	}
}

size_t filter_build(struct sock_filter insns[static FILTER_MAX_INSNS], bool proc)
{
	struct program p = { .insns = insns };

	load(&p, offsetof(struct seccomp_data, arch));
	put(&p, BPF_JMP | BPF_JEQ | BPF_K, ARCH_AUDIT, 1, 0);
	ret(&p, RET_ENOSYS);
	load(&p, offsetof(struct seccomp_data, nr));
	if (ARCH_OTHER_ABI_BIT)
		ret_if_bits(&p, ARCH_OTHER_ABI_BIT, RET_ENOSYS);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		size_t test = p.count;

		if (rules[i].action == IF_PROC && !proc)
			continue;
		put(&p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rules[i].nr, 0, 0);
		body(&p, rules[i].action);
		insns[test].jf = (uint8_t)(p.count - test - 1);
	}
	ret(&p, RET_ALLOW);
	return p.count;
}

int filter_install(bool proc)
{
	struct sock_filter insns[FILTER_MAX_INSNS];
	struct sock_fprog prog = { .filter = insns };
	long fd;

	prog.len = (unsigned short)filter_build(insns, proc);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	return fd < 0 ? -errno : (int)fd;
}
