// SPDX-License-Identifier: BSD-2-Clause
/* Fuzz target: a program's calls through the supervisor.
 *
 * The supervisor, its loop, its carriers and the net are the real ones.  The program is not: what task.c reads of a process
 * and what notify.c says to the kernel is done here, on a table of descriptors and some pages of memory, one of which can
 * only be read and one of which is not there.  The program's threads make calls with arguments that are sane or not,
 * read, write and close their descriptors, change their memory, and get signals at the wrong time.
 *
 * In the end the program closes all: then no socket, carrier or descriptor may be left.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/openat2.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/csum.h"
#include "fuzz.h"
#include "loop.h"
#include "mutate.h"
#include "notify.h"
#include "segments.h"
#include "task.h"

/* of the supervisor: its own ARRAY_SIZE and container_of are the same as ours */
#undef ARRAY_SIZE
#undef container_of
#include "supervisor_internal.h"

#define STEPS_AT_MOST 80U
#define INPUT_MAX_BYTES 16000U
#define PAGE_BYTES 4096U
#define PAGES 16U
#define PAGE_READ_ONLY 12U
#define PAGE_MISSING 13U
#define SPACE_BEGIN 0x10000U
#define FDS 24
#define END_NS (3600 * FUZZ_SEC)
#define END_TIMERS_MAX 2000U
#define THREADS 3U

/** struct program - the one that is supervised */
static struct program {
	u8 space[PAGES * PAGE_BYTES];
	int fd[FDS]; /**< -1: closed */
	pid_t tid[THREADS];
	bool waits[THREADS]; /**< for the answer to a call */
	uid_t uid;
	u32 gone_after; /**< so many times is a call still there when the supervisor asks; 0: always */
	struct seccomp_notif call;
	bool called;
	u64 call_id;
	u64 now_ns;
	struct segments segments[2]; /**< what peers know of its connections, by IPv4 and IPv6 */
} program;                           /* there is one, and task.c's functions do not say whose they are */

u64 __wrap_loop_now(void);
u64 __wrap_loop_now(void)
{
	return program.now_ns;
}

/* ------------------------------------------------------------------ task.c: what is read of a process */

void tasks_init(struct tasks *t)
{
	memset(t, 0, sizeof(*t));
}

void tasks_exit(struct tasks *t)
{
	for (u32 i = 0; i < TASKS; i++)
		task_unsee(&t->slot[i]);
}

void tasks_bury(struct tasks *t)
{
	(void)t; /* nobody ends before all do */
}

struct task *tasks_find(struct tasks *t, pid_t tid)
{
	struct task *task = &t->slot[(u32)tid & (TASKS - 1)];

	if (task->tid != tid) {
		task_unsee(task);
		*task = (struct task){ .tid = tid };
	}
	return task;
}

int task_getfd(struct task *t, int fd)
{
	int copy;

	(void)t;
	if (fd < 0 || fd >= FDS || program.fd[fd] < 0)
		return -EBADF;
	copy = fcntl(program.fd[fd], F_DUPFD_CLOEXEC, 0);
	return copy < 0 ? -errno : copy;
}

/* How many octets from @at on can be read, or written. */
static size_t reachable(u64 at, size_t len_bytes, bool to_write)
{
	size_t n = 0;

	while (n < len_bytes) {
		u64 page = (at + n - SPACE_BEGIN) / PAGE_BYTES, left = PAGE_BYTES - (at + n) % PAGE_BYTES;

		if (at + n < SPACE_BEGIN || page >= PAGES || page == PAGE_MISSING ||
		    (to_write && page == PAGE_READ_ONLY))
			break;
		n += left < len_bytes - n ? left : len_bytes - n;
	}
	return n;
}

static size_t copy_from(void *to, u64 at, size_t len_bytes)
{
	size_t n = reachable(at, len_bytes, false);

	if (n)
		memcpy(to, program.space + (at - SPACE_BEGIN), n);
	return n;
}

/* Octet by octet: the pieces of both sides need not fit. */
int task_gather(pid_t tid, const struct iovec *local, size_t local_count, const struct iovec *remote, size_t count,
		size_t len_bytes)
{
	size_t li = 0, lat = 0, done = 0;

	(void)tid;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < remote[i].iov_len && done < len_bytes; k++, done++) {
			while (li < local_count && lat == local[li].iov_len) {
				li++;
				lat = 0;
			}
			if (li == local_count)
				fuzz_fail("more is read of a program than there is room for");
			if (!copy_from((u8 *)local[li].iov_base + lat++, (uintptr_t)remote[i].iov_base + k, 1))
				return -EFAULT;
		}
	}
	return done == len_bytes ? 0 : -EFAULT;
}

int task_readv(pid_t tid, void *to, size_t len_bytes, const struct iovec *remote, size_t count)
{
	const struct iovec local = { to, len_bytes };

	return task_gather(tid, &local, 1, remote, count, len_bytes);
}

int task_read(pid_t tid, void *to, uint64_t from, size_t len_bytes)
{
	(void)tid;
	return copy_from(to, from, len_bytes) == len_bytes ? 0 : -EFAULT;
}

ssize_t task_read_some(pid_t tid, void *to, uint64_t from, size_t len_bytes)
{
	size_t n = copy_from(to, from, len_bytes);

	(void)tid;
	return !n && len_bytes ? -EFAULT : (ssize_t)n;
}

int task_writev(pid_t tid, const struct iovec *remote, size_t count, const struct iovec *local, size_t local_count,
		size_t len_bytes)
{
	size_t li = 0, lat = 0, done = 0;

	(void)tid;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < remote[i].iov_len && done < len_bytes; k++, done++) {
			u64 at = (uintptr_t)remote[i].iov_base + k;

			while (li < local_count && lat == local[li].iov_len) {
				li++;
				lat = 0;
			}
			if (li == local_count)
				fuzz_fail("more is promised to a program than there is");
			if (!reachable(at, 1, true))
				return -EFAULT;
			program.space[at - SPACE_BEGIN] = ((const u8 *)local[li].iov_base)[lat++];
		}
	}
	return done == len_bytes ? 0 : -EFAULT;
}

int task_write(pid_t tid, uint64_t to, const void *from, size_t len_bytes)
{
	const struct iovec remote = { (void *)(uintptr_t)to, len_bytes },
			   local = { (void *)(uintptr_t)from, len_bytes };

	return task_writev(tid, &remote, 1, &local, 1, len_bytes);
}

uid_t task_euid(pid_t tid)
{
	(void)tid;
	return program.uid;
}
pid_t task_tgid(pid_t tid)
{
	return tid;
}

/* ------------------------------------------------------------------ notify.c: what the kernel is told */

int notify_check(int fd)
{
	(void)fd;
	return 0;
}

int notify_receive(int fd, struct seccomp_notif *rq)
{
	u64 count;

	if (read(fd, &count, sizeof(count)) < 0 || !program.called)
		return -ENOENT;
	program.called = false;
	*rq = program.call;
	return 0;
}

static bool still_there(void)
{
	return !program.gone_after || --program.gone_after;
}

static void answered(u64 id)
{
	for (u32 i = 0; i < THREADS; i++) {
		if (program.waits[i] && (id & 3) == i)
			program.waits[i] = false;
	}
}

bool notify_valid(int fd, uint64_t id)
{
	(void)fd;
	return program.waits[id & 3] && still_there();
}

int notify_send(int fd, const struct seccomp_notif_resp *resp)
{
	(void)fd;
	if (!still_there())
		return -ENOENT;
	if (resp->error > 0 || resp->error < -4095)
		fuzz_fail("a call is answered with error %d", resp->error);
	answered(resp->id);
	return 0;
}

int notify_add_fd(int fd, const struct seccomp_notif_addfd *add)
{
	(void)fd;
	if (!still_there())
		return -ENOENT;
	if (add->flags & SECCOMP_ADDFD_FLAG_SETFD) {
		if (add->newfd >= FDS)
			return -EBADF;
		if (program.fd[add->newfd] >= 0)
			close(program.fd[add->newfd]);
		program.fd[add->newfd] = fcntl((int)add->srcfd, F_DUPFD_CLOEXEC, 0);
		return (int)add->newfd;
	}
	for (int i = 0; i < FDS; i++) {
		if (program.fd[i] >= 0)
			continue;
		program.fd[i] = fcntl((int)add->srcfd, F_DUPFD_CLOEXEC, 0);
		if (add->flags & SECCOMP_ADDFD_FLAG_SEND)
			answered(add->id);
		return i;
	}
	return -EMFILE;
}

/* ------------------------------------------------------------------ a call */

enum kind { END, FD, POINTER, LENGTH, NUMBER, DOMAIN, TYPE, PROTOCOL, LEVEL, NAME, FLAGS, REQUEST, MESSAGE, ADDRESS };

static const struct shape {
	int nr;
	u8 args[6];
} shapes[] = {
	{ SYS_socket, { DOMAIN, TYPE, PROTOCOL } },
	{ SYS_bind, { FD, ADDRESS, LENGTH } },
	{ SYS_connect, { FD, ADDRESS, LENGTH } },
	{ SYS_listen, { FD, NUMBER } },
	{ SYS_accept, { FD, POINTER, POINTER } },
	{ SYS_accept4, { FD, POINTER, POINTER, TYPE } },
	{ SYS_getsockname, { FD, POINTER, POINTER } },
	{ SYS_getpeername, { FD, POINTER, POINTER } },
	{ SYS_setsockopt, { FD, LEVEL, NAME, POINTER, LENGTH } },
	{ SYS_getsockopt, { FD, LEVEL, NAME, POINTER, POINTER } },
	{ SYS_sendto, { FD, POINTER, LENGTH, FLAGS, ADDRESS, LENGTH } },
	{ SYS_recvfrom, { FD, POINTER, LENGTH, FLAGS, POINTER, POINTER } },
	{ SYS_sendmsg, { FD, MESSAGE, FLAGS } },
	{ SYS_recvmsg, { FD, MESSAGE, FLAGS } },
	{ SYS_sendmmsg, { FD, MESSAGE, NUMBER, FLAGS } },
	{ SYS_recvmmsg, { FD, MESSAGE, NUMBER, FLAGS, POINTER } },
	{ SYS_shutdown, { FD, NUMBER } },
	{ SYS_ioctl, { FD, REQUEST, POINTER } },
	{ SYS_openat, { FD, POINTER, FLAGS, NUMBER } },
	{ SYS_openat2, { FD, POINTER, POINTER, LENGTH } },
	{ SYS_open, { POINTER, FLAGS, NUMBER } },
	{ SYS_getpid, { END } },
};

static u64 insane(struct input *in, u8 how)
{
	static const u64 values[] = { 0, UINT64_MAX, INT32_MAX, UINT32_MAX, 1ULL << 63, 0x7fffffffffffULL };

	switch (how & 7) {
	case 6:
		return in_u32(in);
	case 7:
		return (u64)in_u32(in) << 32 | in_u32(in);
	default:
		return values[how & 7 ? (how & 7) : 0];
	}
}

/* What has to do with TCP.  Return: false: nothing of that kind */
static bool of_tcp(enum kind kind, u8 how, u64 *out)
{
	static const u16 types[] = { SOCK_STREAM, SOCK_STREAM | SOCK_NONBLOCK };

	switch (kind) {
	case TYPE:
		*out = types[how & 1];
		return true;
	case PROTOCOL:
	case LEVEL:
		*out = IPPROTO_TCP;
		return true;
	case FLAGS:
		*out = how & 1 ? MSG_FASTOPEN : MSG_FASTOPEN | MSG_DONTWAIT;
		return true;
	default:
		return false;
	}
}

static u64 argument(struct input *in, enum kind kind)
{
	static const u16 domains[] = { AF_INET, AF_NETLINK, AF_INET6, AF_UNIX, AF_PACKET };
	static const int types[] = { SOCK_DGRAM,
				     SOCK_RAW,
				     SOCK_STREAM,
				     SOCK_DGRAM | SOCK_NONBLOCK,
				     SOCK_RAW | SOCK_NONBLOCK,
				     SOCK_CLOEXEC | SOCK_DGRAM,
				     0x7000 };
	static const int protocols[] = {
		0, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_RAW, IPPROTO_IGMP, NETLINK_SOCK_DIAG, IPPROTO_ICMPV6
	};
	static const int levels[] = { SOL_SOCKET,  IPPROTO_IP,   IPPROTO_UDP,   SOL_RAW,
				      SOL_NETLINK, IPPROTO_IPV6, IPPROTO_ICMPV6 };
	static const int flags[] = { 0,           MSG_DONTWAIT, MSG_PEEK | MSG_DONTWAIT, MSG_TRUNC,       MSG_ERRQUEUE,
				     MSG_WAITALL, MSG_OOB,      O_WRONLY | O_TRUNC,      O_CREAT | O_EXCL };
	static const u16 lengths[] = { 16, 0, 4, 8, 12, 28, 1, 128, 65535, 4096, 512, 100, 24 };
	u8 how = in_u8(in);
	u64 value;

	if (how >= 248 && kind != FD)
		return insane(in, how);
	if (how >= 224 && of_tcp(kind, how, &value))
		return value;
	switch (kind) {
	case FD:
		return how >= 250 ? (u64)AT_FDCWD : (u64)(how % FDS);
	case POINTER:
	case MESSAGE:
	case ADDRESS: /* most of them where they may well be */
		return SPACE_BEGIN + (how & 1 ? in_u16(in) : (u32)(how >> 1) * 64);
	case LENGTH:
		return lengths[how % ARRAY_SIZE(lengths)];
	case DOMAIN:
		return domains[how % ARRAY_SIZE(domains)];
	case TYPE:
		return (u64)types[how % ARRAY_SIZE(types)];
	case PROTOCOL:
		return (u64)protocols[how % ARRAY_SIZE(protocols)];
	case LEVEL:
		return (u64)levels[how % ARRAY_SIZE(levels)];
	case FLAGS:
		return (u64)flags[how % ARRAY_SIZE(flags)];
	case REQUEST:
		return 0x8900U | how;
	case NUMBER:
	case NAME:
	case END:
		break;
	}
	return how;
}

static void turn(struct supervisor *sv, u32 times)
{
	while (times--) {
		if (supervisor_step(sv, program.now_ns))
			fuzz_fail("the loop ends");
	}
}

/* Body: thread, which call, its arguments */
static void step_call(struct fuzz_net *fn, struct supervisor *sv, struct input *in)
{
	u32 thread = in_below(in, THREADS);
	const struct shape *s = &shapes[in_below(in, ARRAY_SIZE(shapes))];
	const struct listener *ls = LIST_FIRST(&sv->listeners);
	const u64 one = 1;

	(void)fn;
	program.call_id = (program.call_id & ~3ULL) + 4 + thread;
	program.call =
		(struct seccomp_notif){ .id = program.call_id, .pid = (u32)program.tid[thread], .data.nr = s->nr };
	for (u32 i = 0; i < 6 && s->args[i] != END; i++)
		program.call.data.args[i] = argument(in, s->args[i]);
	program.called = program.waits[thread] = true;
	if (write(ls->watch.fd, &one, sizeof(one)) != sizeof(one))
		fuzz_fail("nobody listens");
	turn(sv, 2);
}

/* ------------------------------------------------------------------ what else a program does */

/* Body: where, octets */
static void step_poke(struct fuzz_net *fn, struct supervisor *sv, struct input *in)
{
	size_t at = in_u16(in), n;
	const u8 *from = in_bytes(in, sizeof(program.space) - at, &n);

	(void)fn, (void)sv;
	if (n)
		memcpy(program.space + at, from, n);
}

/* A sane struct sockaddr_in, sockaddr_in6, sockaddr_nl, msghdr with buffers and control, or path.  Body: what, where (64 octets each) */
static void step_build(struct fuzz_net *fn, struct supervisor *sv, struct input *in)
{
	static const char *const paths[] = { "/proc/net/arp",
					     "/proc/self/net/route",
					     "/proc/sys/net/ipv4/ip_forward",
					     "/proc/net/../net/dev",
					     "net/arp",
					     "/proc/1/net/arp",
					     "/etc/hosts" };
	static const u8 addrs6[][16] = { { [15] = 1 }, { 0xfd, [15] = 1 },    { 0xfd, [15] = 2 },
					 { 0 },        { 0xff, 2, [15] = 1 }, { [10] = 0xff, 0xff, 10, 0, 0, 1 } };
	u32 what = in_below(in, 6);
	u8 *p = program.space + in_u8(in) * 64U;
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(in_u8(in)) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	const struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_groups = 0x455 };
	struct iovec iov[2] = { { (void *)(SPACE_BEGIN + 0x8000UL), in_u8(in) * 16U },
				{ (void *)(SPACE_BEGIN + 0x9000UL), 9 } };
	struct msghdr msg = { .msg_name = (void *)(uintptr_t)(SPACE_BEGIN + in_u8(in) * 64U),
			      .msg_namelen = 16,
			      .msg_iov = (void *)(SPACE_BEGIN + 0xa000UL),
			      .msg_iovlen = 2,
			      .msg_control = (void *)(SPACE_BEGIN + 0xb000UL),
			      .msg_controllen = in_u8(in) };
	static const u32 addrs[] = { 0x7f000001, 0x0a000001, 0x0a000002, 0, 0xef010101, 0x08080808 };
	const char *path = paths[in_below(in, ARRAY_SIZE(paths))];

	(void)fn, (void)sv;
	sin.sin_addr.s_addr = htonl(addrs[in_below(in, ARRAY_SIZE(addrs))]);
	sin6.sin6_port = sin.sin_port;
	if (what == 5) {
		memcpy(&sin6.sin6_addr, addrs6[in_below(in, ARRAY_SIZE(addrs6))], sizeof(sin6.sin6_addr));
		sin6.sin6_scope_id = in_u8(in) & 3;
	}
	if (what == 0)
		memcpy(p, &sin, sizeof(sin));
	else if (what == 5)
		memcpy(p, &sin6, sizeof(sin6));
	else if (what == 1)
		memcpy(p, &nl, sizeof(nl));
	else if (what == 2)
		memcpy(p, &msg, sizeof(msg));
	else if (what == 3)
		memcpy(p, path, strlen(path) + 1);
	else
		memcpy(p, &(u32){ in_u8(in) }, 4); /* a length */
	if (what == 2)
		memcpy(program.space + 0xa000, iov, sizeof(iov));
}

/* Body: descriptor, what: read, write, close, dup, non-blocking, half closed; how much */
static void step_native(struct fuzz_net *fn, struct supervisor *sv, struct input *in)
{
	u32 i = in_below(in, FDS), what = in_below(in, 6);
	static u8 buf[8192];
	size_t bytes = in_u16(in) % sizeof(buf);
	int fd = program.fd[i], type;
	socklen_t type_bytes = sizeof(type);

	(void)fn;
	if (fd < 0)
		return;
	if (what == 2) {
		close(fd);
		program.fd[i] = -1;
	} else if (what == 3) {
		u32 to = in_below(in, FDS);

		if (program.fd[to] < 0)
			program.fd[to] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	} else if (what == 4) {
		(void)fcntl(fd, F_SETFL, bytes & 1 ? O_NONBLOCK : 0);
	} else if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_bytes) == 0) {
		if (what == 0)
			(void)recv(fd, buf, bytes, MSG_DONTWAIT);
		else if (what == 1)
			(void)send(fd, buf, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
		else
			(void)shutdown(fd, (int)(bytes & 3));
	}
	turn(sv, 2);
}

/* Body: milliseconds */
static void step_time(struct fuzz_net *fn, struct supervisor *sv, struct input *in)
{
	program.now_ns += in_u16(in) * UINT64_C(1000000);
	fn->now_ns = program.now_ns;
	turn(sv, 3);
}

/* Body: after how many questions a call is gone */
static void step_signal(struct fuzz_net *fn, struct supervisor *sv, struct input *in)
{
	(void)fn, (void)sv;
	program.gone_after = in_below(in, 8);
}

/* A datagram, or an ICMP error about one.  Body: which */
static void step_frame(struct fuzz_net *fn, struct supervisor *sv, struct input *in)
{
	u8 port = in_u8(in), len_bytes = in_u8(in);
	u8 frame[14 + 28 + 255] = {
		2, 0, 0, 0, 0, 1, 2, 0xee, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, (u8)0, 0, 1, 0, 0, 64, 17
	};
	u32 ip_bytes = 28U + len_bytes;
	__be16 check;

	frame[16] = (u8)(ip_bytes >> 8);
	frame[17] = (u8)ip_bytes;
	memcpy(frame + 26,
	       (const u8[]){ 10, 0, 0, 1, 10, 0, 0, 2, 0, 9, 0, port, (u8)((8U + len_bytes) >> 8),
			     (u8)(8 + len_bytes) },
	       14);
	check = ip_compute_csum(frame + 14, 20);
	memcpy(frame + 24, &check, sizeof(check));
	(void)nethood_dev_receive(fn->dev[0].dev, frame, 14 + ip_bytes);
	turn(sv, 2);
}

/* A segment of the peer on one of the connections.  Body: which, 128 and up: by IPv6; flags, distances of both numbers,
 * window, data, options */
static void step_segment(struct fuzz_net *fn, struct supervisor *sv, struct input *in)
{
	static const u8 data[1000];
	u8 which = in_u8(in);
	bool six = which & 128;
	const struct segments *known = &program.segments[six];
	struct segment_shape shape = { .data = data };
	u8 frame[14 + 60 + 40 + sizeof(data)] = { 2, 0, 0, 0, 0, 1, 2, 0xee, 0, 0, 0, 1, 8, 0 };

	shape.which = which & 127;
	shape.flags = in_u8(in);
	shape.seq = (s16)in_u16(in);
	shape.ack = (s16)in_u16(in);
	shape.window = in_u16(in);
	shape.data_bytes = in_u16(in) % sizeof(data);
	shape.options = in_bytes(in, 40, &shape.option_bytes);
	shape.option_bytes &= ~(size_t)3;
	if (six)
		memcpy(frame + 12, (const u8[]){ 0x86, 0xdd }, 2);
	(void)nethood_dev_receive(fn->dev[0].dev, frame, 14 + segments_build(known, &shape, frame + 14));
	turn(sv, 2);
}

static void step_memory(struct fuzz_net *fn, struct supervisor *sv, struct input *in)
{
	u32 after = in_u8(in);

	(void)sv;
	fuzz_memory(fn, after, in_u8(in) & 1);
}

static void (*const steps[])(struct fuzz_net *fn, struct supervisor *sv, struct input *in) = {
	step_call, step_poke, step_build, step_native, step_time, step_signal, step_frame, step_memory, step_segment,
};

/* ------------------------------------------------------------------ an input */

static void sent(struct fuzz_net *fn, const struct fuzz_dev *dev, const u8 *frame, size_t len_bytes)
{
	(void)fn, (void)dev;
	if (len_bytes > 14 && frame[12] == 8 && !frame[13])
		segments_learn(&program.segments[0], frame + 14, len_bytes - 14);
	if (len_bytes > 14 && frame[12] == 0x86 && frame[13] == 0xdd)
		segments_learn(&program.segments[1], frame + 14, len_bytes - 14);
}

/* Config: 1 of another user, 2 sysctls are mounted, 4 there is a neighbour */
static void create_program(u8 config)
{
	(void)signal(SIGPIPE, SIG_IGN); /* the program's first thread is ours */
	memset(&program, 0, sizeof(program));
	for (int i = 0; i < FDS; i++)
		program.fd[i] = -1;
	program.fd[0] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	program.fd[1] = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	program.fd[2] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	program.tid[0] = getpid();
	for (u32 i = 1; i < THREADS; i++)
		program.tid[i] = 0x3ffffff0 + (pid_t)i; /* nobody's */
	program.uid = config & 1 ? 65534 : 0;
	program.now_ns = FUZZ_BEGIN_NS;
	program.segments[1].six = true;
}

/* What the program wrote may still wait for a neighbour that does not answer, or for a peer's window: time goes by. */
static void wait_for_carriers(struct fuzz_net *fn, struct supervisor *sv)
{
	u64 until_ns = program.now_ns + END_NS;

	for (u32 i = 0; i < END_TIMERS_MAX && sv->carrier_count && program.now_ns < until_ns; i++) {
		u64 next_ns = nethood_next_deadline(fn->net);

		program.now_ns = next_ns > program.now_ns ? (next_ns < until_ns ? next_ns : until_ns) : program.now_ns;
		fn->now_ns = program.now_ns;
		turn(sv, 2);
	}
}

static void close_program(struct fuzz_net *fn, struct supervisor *sv)
{
	program.gone_after = 0;
	for (int i = 0; i < FDS; i++) {
		if (program.fd[i] >= 0)
			close(program.fd[i]);
		program.fd[i] = -1;
	}
	turn(sv, 8);
	wait_for_carriers(fn, sv);
	if (sv->carrier_count)
		fuzz_fail("%zu sockets of a program that closed all are left", sv->carrier_count);
}

static struct supervisor *create_world(struct fuzz_net *fn, u8 config)
{
	struct supervisor *sv;

	fn->sent = sent;
	fuzz_net_create(fn, NETHOOD_PROFILE_LINUX);
	for (int i = 1; i <= 2; i++)
		(void)fuzz_link_up(fn, i, true);
	fuzz_sysctl(fn, "net.ipv6.conf.all.accept_dad", "0");
	fuzz_sysctl(fn, "net.ipv6.conf.eth0.accept_dad", "0");
	(void)fuzz_addr(fn, 2, "10.0.0.2", 24);
	(void)fuzz_addr(fn, 2, "fd00::2", 64);
	for (u32 i = 0; i < 2 && (config & 4); i++)
		(void)fuzz_neigh(fn, 2, i ? "fd00::1" : "10.0.0.1", (const u8[]){ 2, 0xee, 0, 0, 0, 1 }, NUD_PERMANENT,
				 0);
	fuzz_sysctl(fn, "net.ipv4.ping_group_range", "0 2147483647");
	fuzz_poll(fn);
	if (supervisor_create(fn->net, 0, &sv) ||
	    supervisor_add_listener(sv, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), config & 2, NULL, NULL))
		fuzz_fail("no supervisor");
	return sv;
}

static int lowest_free_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size_bytes)
{
	struct input in = { data, data + size_bytes };
	struct fuzz_net fn = { 0 };
	struct supervisor *sv;
	int first = lowest_free_fd();
	struct op op;
	u8 config;

	if (size_bytes > INPUT_MAX_BYTES)
		return -1;
	config = in_u8(&in);
	create_program(config);
	sv = create_world(&fn, config);
	for (u32 i = 0; i < STEPS_AT_MOST && in_op(&in, &op); i++) {
		steps[op.kind % ARRAY_SIZE(steps)](&fn, sv, &op.body);
		fuzz_check(&fn);
	}
	fuzz_memory(&fn, 0, false);
	close_program(&fn, sv);
	supervisor_destroy(sv);
	fuzz_net_free(&fn);
	if (lowest_free_fd() != first)
		fuzz_fail("a descriptor is left open");
	return 0;
}
