// SPDX-License-Identifier: BSD-2-Clause
/* One trapped system call: what `nethood run` takes for it, and what the kernel takes for nothing but the passing on.
 *
 *   trapped bare        a call that another process answers at once
 *   trapped read        the same, and four bytes of the caller's memory are read
 *   trapped call        setsockopt(IP_TTL) in this process, whose parent answers it: to be run by `nethood run`
 *
 * Printed: ns of processor time of both processes, for one call.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define CALLS 20000U

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double clock_of(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &ts))
		die("clock");
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* In the process that calls; @other answers. */
static void call_many(int fd, pid_t other)
{
	int ttl = 64;
	double t = 0;

	for (u32 i = 0; i < CALLS + CALLS / 10; i++) {
		if (i == CALLS / 10) /* both know each other by now */
			t = clock_of(other) + clock_of(0);
		if (setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)))
			die("setsockopt");
	}
	printf("%.1f\n", (clock_of(other) + clock_of(0) - t) / CALLS);
	fflush(stdout);
}

/* setsockopt(2) goes to the listener that is returned. */
static int trap(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setsockopt, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		die("no new privileges");
	fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (fd < 0)
		die("seccomp");
	return fd;
}

static void answer(int listener, bool reads)
{
	struct seccomp_notif_resp resp = { 0 };
	struct seccomp_notif rq;

	memset(&rq, 0, sizeof(rq));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &rq))
		exit(errno == ENOENT ? 0 : 1); /* nobody is left */
	if (reads) {
		u32 value;
		struct iovec ours = { &value, sizeof(value) };
		struct iovec theirs = { (void *)(uintptr_t)rq.data.args[3], sizeof(value) };

		if (process_vm_readv((pid_t)rq.pid, &ours, 1, &theirs, 1, 0) != sizeof(value))
			die("process_vm_readv");
	}
	resp.id = rq.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

/* The child answers: the listener is its own, and its number the same as here.  Nobody has to send it. */
static void limit(bool reads)
{
	int ready[2], listener;
	pid_t child;

	if (pipe(ready))
		die("pipe");
	child = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (child < 0)
		die("clone");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (read(ready[0], &listener, sizeof(listener)) != sizeof(listener))
			die("listener");
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 1ULL); /* older kernels: slower */
		for (;;)
			answer(listener, reads);
	}
	listener = trap();
	prctl(PR_SET_PTRACER, child, 0, 0, 0); /* it reads this memory */
	if (write(ready[1], &listener, sizeof(listener)) != sizeof(listener))
		die("listener");

	call_many(-1, child);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "call")) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		if (fd < 0)
			die("socket");
		call_many(fd, getppid());
	} else if (!strcmp(what, "bare") || !strcmp(what, "read")) {
		limit(!strcmp(what, "read"));
	} else {
		fprintf(stderr, "usage: trapped bare|read|call\n");
		return 2;
	}
	return 0;
}
