// SPDX-License-Identifier: BSD-2-Clause
/* A net with a loopback, a supervisor, and one program: a function of the test. */
#include "supervised.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "filter.h"
#include "nethood/nethood.h"
#include "spawn.h"
#include "supervisor.h"

#define PATIENCE_NS UINT64_C(20000000000)

static struct nethood_net *make_net(void)
{
	struct nethood_config cfg = { .random_key = { 1 }, .now_ns = loop_now() };
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct nethood_net *net;
	struct nethood_sock *sk;

	assert_int_equal(nethood_create(&cfg, &net), 0);
	assert_int_equal(nethood_socket(net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
	assert_int_equal(nethood_ioctl(sk, SIOCSIFFLAGS, &ifr, sizeof(ifr)), 0);
	nethood_close(sk);
	return net;
}

static pid_t start(void (*fn)(void), bool proc, int *listener)
{
	int number[2], go[2], remote;
	pid_t pid;
	long pidfd;

	assert_int_equal(pipe(number), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (!pid) {
		int fd = filter_install(proc);
		char byte;

		if (fd < 0 || write(number[1], &fd, sizeof(fd)) != (ssize_t)sizeof(fd) || read(go[0], &byte, 1) != 1)
			_exit(99);
		close(fd);
		fn();
		_exit(0);
	}
	assert_int_equal(read(number[0], &remote, sizeof(remote)), sizeof(remote));
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	assert_true(pidfd >= 0);
	*listener = (int)syscall(SYS_pidfd_getfd, pidfd, remote, 0);
	assert_true(*listener >= 0);
	assert_int_equal(write(go[1], "", 1), 1);
	for (int i = 0; i < 2; i++) {
		close(number[i]);
		close(go[i]);
	}
	close((int)pidfd);
	return pid;
}

static void on_gone(void *ctx)
{
	*(bool *)ctx = true;
}

static int supervised_with(void (*fn)(void), bool proc)
{
	struct nethood_net *net = make_net();
	uint64_t until = loop_now() + PATIENCE_NS;
	struct supervisor *sv;
	struct nethood_ledger ledger;
	bool gone = false;
	int listener, status = 0;
	pid_t pid;

	assert_int_equal(supervisor_create(net, geteuid(), &sv), 0);
	pid = start(fn, proc, &listener);
	assert_int_equal(supervisor_add_listener(sv, listener, false, on_gone, &gone), 0);
	while (!gone && loop_now() < until) {
		assert_int_equal(supervisor_step(sv, loop_now() + 100000000), 0);
		if (pid && waitpid(pid, &status, WNOHANG) == pid)
			pid = 0;
	}
	if (pid) {
		kill(pid, gone ? 0 : SIGKILL);
		waitpid(pid, &status, 0);
	}
	assert_true(gone);
	assert_int_equal(supervisor_programs(sv), 0);
	supervisor_destroy(sv);
	nethood_ledger(net, &ledger);
	assert_int_equal(ledger.taken_in, ledger.consumed + ledger.dropped + ledger.live);
	nethood_free(net);
	return spawn_status(status);
}

int supervised(void (*fn)(void))
{
	return supervised_with(fn, false);
}

int supervised_proc(void (*fn)(void))
{
	return supervised_with(fn, true);
}

static int on_one_cpu(int (*how)(void (*fn)(void)), void (*fn)(void))
{
	cpu_set_t before, one;
	int status;
	size_t cpu = 0;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	status = how(fn);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	return status;
}

void supervised_all(int (*how)(void (*fn)(void)), const struct supervised_row *rows, size_t count)
{
	int failed = 0;

	for (size_t i = 0; i < count; i++) {
		int status = rows[i].on_one_cpu ? on_one_cpu(how, rows[i].fn) : how(rows[i].fn);

		if (status) {
			print_error("%s: status %d\n", rows[i].says, status);
			failed++;
		}
	}
	assert_int_equal(failed, 0);
}

/* ---- for programs */

struct sockaddr_in loopback(unsigned port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
}

struct sockaddr *sa(struct sockaddr_in *sin)
{
	return (struct sockaddr *)sin;
}

int bound(struct sockaddr_in *at, int flags)
{
	int fd = socket(AF_INET, SOCK_DGRAM | flags, 0);
	socklen_t len = sizeof(*at);

	*at = loopback(0);
	CHECK(fd >= 0);
	CHECK(bind(fd, sa(at), sizeof(*at)) == 0);
	CHECK(getsockname(fd, sa(at), &len) == 0 && len == sizeof(*at) && at->sin_port);
	return fd;
}

int wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 2000) == 1 ? p.revents : 0;
}
