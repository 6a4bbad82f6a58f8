// SPDX-License-Identifier: BSD-2-Clause
/* nethood exec: a program on a net that is up.
 *
 * The program is a child of this process: it keeps terminal, directory, environment and descriptors.  The listener of its
 * filter goes to the net's process, which answers its calls from then on, and this one only waits: for the
 * program's end, and to say so when the net ends first.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"
#include "control.h"
#include "host.h"
#include "spawn.h"
#include "state.h"
#include "wake.h"

/* The user namespace of the net gives the right to join its other namespace, and to look into the program. */
static int join(const char *name, int userns_fd)
{
	if (userns_fd < 0 || setns(userns_fd, CLONE_NEWUSER) == 0)
		return 0;
	cli_errorf(name, "its user namespace: %s", strerror(errno));
	return -1;
}

static void block_signals(sigset_t *before, sigset_t *set)
{
	static const int signals[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(set, signals[i]);
	sigprocmask(SIG_BLOCK, set, before);
}

/* The net's process, to be waited for.  Return: descriptor; -1: not known */
static int pidfd_of_net(int sock)
{
	struct ucred net = { .pid = 0 };
	socklen_t len = sizeof(net);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &net, &len) < 0 || net.pid <= 0)
		return -1;
	return (int)syscall(SYS_pidfd_open, net.pid, 0);
}

/* What a terminal sends, it sends to the program as well; what was sent to us alone is passed on. */
static void pass_signal(int fd, pid_t to)
{
	struct signalfd_siginfo si;

	if (read(fd, &si, sizeof(si)) == sizeof(si) && si.ssi_signo != SIGCHLD && si.ssi_code != SI_KERNEL)
		kill(to, (int)si.ssi_signo);
}

/* Until the program ends; its net may end before. */
static int wait_for(pid_t pid, const sigset_t *set, int net, const char *name)
{
	struct pollfd fds[] = { { .fd = signalfd(-1, set, SFD_CLOEXEC), .events = POLLIN },
				{ .fd = net, .events = POLLIN } };
	int status;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return spawn_status(status);
		if (got < 0 || fds[0].fd < 0)
			return EXIT_NETHOOD;
		if (poll(fds, 2, -1) <= 0)
			continue;
		if (fds[0].revents)
			pass_signal(fds[0].fd, pid);
		if (fds[1].revents) {
			cli_error(name, "the net is gone; calls on its sockets fail from now on");
			wake_listeners(pid);
			close(fds[1].fd);
			fds[1].fd = -1;
		}
	}
}

static int complain(const char *name, int err)
{
	if (err == -EPERM)
		cli_error(name,
			  "may not look into the program: kernel.yama.ptrace_scope must be 0 or 1; see nethood doctor");
	else if (err != -ECHILD) /* then the child has said it */
		cli_error(name, strerror(-err));
	return EXIT_NETHOOD;
}

/* Hand over what the net's process answers from now on.  Return: 0, -errno after having said why */
static int hand_over(int sock, const char *name, struct spawned *s)
{
	struct control_reply reply;
	char request[64];
	int fds[CONTROL_FDS], err = 0;
	bool mounted = s->sysctlfs >= 0;

	if (mounted) {
		err = control_ask(sock, name, CONTROL_SYSCTLFS, &reply, &s->sysctlfs, fds);
		close(s->sysctlfs);
		s->sysctlfs = -1;
	}
	if (err)
		return err;
	snprintf(request, sizeof(request), CONTROL_LISTENER " %d%s", (int)s->pid, mounted ? " mounted" : "");
	err = control_ask(sock, name, request, &reply, &s->listener, fds);
	close(s->listener); /* the other process has it: ours would keep it from seeing the end */
	s->listener = -1;
	return err;
}

static int run(int sock, const char *name, char **argv, int netns_fd, bool proc, const char *resolv_conf)
{
	sigset_t before, set;
	const struct spawn_config cfg = {
		.argv = argv,
		.net_name = name,
		.netns_fd = netns_fd,
		.new_userns = netns_fd < 0 && !host_is_privileged(),
		.proc = proc,
		.resolv_conf = *resolv_conf ? resolv_conf : NULL,
		.mask = &before,
		.complain = cli_error,
	};
	struct spawned s;
	int err, net;

	block_signals(&before, &set);
	err = spawn_prepare(&cfg, &s);
	if (err)
		return complain(name, err);
	err = hand_over(sock, name, &s);
	net = pidfd_of_net(sock);
	close(sock);
	if (err) {
		spawn_cancel(&s);
		return EXIT_NETHOOD;
	}
	spawn_go(&s);
	return wait_for(s.pid, &set, net, name);
}

static int set_proc(void *ctx, const char *value)
{
	(void)value;
	*(bool *)ctx = true;
	return 0;
}

int cmd_exec(int argc, char **argv)
{
	struct control_reply reply;
	const char *name = argc ? argv[0] : "";
	int fds[CONTROL_FDS], sock, first, ret = EXIT_NETHOOD;
	static const struct cli_option table[] = { { "--proc", false, false, set_proc }, { NULL, false, false, NULL } };
	bool proc = false;
	char *resolv_conf;

	if (!argc) {
		cli_error("exec", "the NAME of a net is missing");
		return EXIT_USAGE;
	}
	if (!state_name_ok(name) || cli_parse(table, &proc, argc - 1, argv + 1, &first))
		return EXIT_USAGE;
	if (1 + first >= argc) {
		cli_error("exec", "which program? nethood exec NAME [--proc] [--] CMD [ARG...]");
		return EXIT_USAGE;
	}
	sock = control_call(name, CONTROL_EXEC, &reply, fds);
	if (sock < 0)
		return EXIT_NETHOOD;
	resolv_conf = control_fetch(name, CONTROL_RESOLVER);
	if (resolv_conf && !join(name, fds[1]))
		ret = run(sock, name, argv + 1 + first, fds[0], proc, resolv_conf);
	free(resolv_conf);
	for (int i = 0; i < CONTROL_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	return ret;
}
