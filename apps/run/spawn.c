// SPDX-License-Identifier: BSD-2-Clause
/* Starting a program on a net.
 *
 *	parent                                  child
 *	                                        own user namespace, empty network namespace
 *	                                        perhaps a mount namespace, with a file system over /proc/sys/net
 *	                                        filter: from here on a socket call waits for an answer
 *	reads the numbers     <--- pipe ---     writes the numbers of the descriptors of listener and file system
 *	takes them: pidfd_getfd
 *	"go"                   --- pipe --->    executes the program
 *
 * The listener cannot be sent over a socket: that call would wait for whom it is sent to.
 */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter.h"
#include "resolver.h"
#include "sysctlfs.h"

/* ---- namespaces */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int userns_enter(int unshare_flags)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];
	int err;

	if (unshare(CLONE_NEWUSER | unshare_flags) < 0)
		return -errno;
	err = write_file("/proc/self/setgroups", "deny");
	if (err && err != -ENOENT)
		return err;
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	err = write_file("/proc/self/uid_map", map);
	if (err)
		return err;
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	return write_file("/proc/self/gid_map", map);
}

static int enter_empty_netns(const struct spawn_config *cfg)
{
	if (cfg->new_userns)
		return userns_enter(CLONE_NEWNET);
	if (cfg->netns_fd >= 0)
		return setns(cfg->netns_fd, CLONE_NEWNET) < 0 ? -errno : 0;
	return unshare(CLONE_NEWNET) < 0 ? -errno : 0;
}

/* ---- the child */

/** struct offer - numbers of the child's descriptors */
struct offer {
	int listener, sysctlfs;
};

/* Where it cannot be done, the program does without: nethood doctor says why. */
static int mount_sysctls(const struct spawn_config *cfg)
{
	if (!cfg->proc || !sysctlfs_built() || unshare(CLONE_NEWNS) < 0)
		return -1;
	return sysctlfs_mount();
}

static int child_filter(const struct spawn_config *cfg)
{
	int fd = filter_install(cfg->proc);

	if (fd == -EBUSY)
		cfg->complain("this program", "is on a net of nethood already; leave it first");
	else if (fd < 0)
		cfg->complain("seccomp", strerror(-fd));
	return fd;
}

static int child_exec(const struct spawn_config *cfg)
{
	int err;

	setenv("NETHOOD_NET", cfg->net_name, 1);
	if (cfg->mask)
		sigprocmask(SIG_SETMASK, cfg->mask, NULL);
	execvp(cfg->argv[0], cfg->argv);
	err = errno;
	cfg->complain(cfg->argv[0], strerror(err));
	return err == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

static int child_main(const struct spawn_config *cfg, int number, int go)
{
	int err = enter_empty_netns(cfg);
	struct offer offer;
	char byte;

	if (err) {
		cfg->complain("network namespace", strerror(-err));
		return EXIT_NETHOOD;
	}
	err = cfg->resolv_conf ? resolver_mount(cfg->resolv_conf) : 0;
	if (err) /* the program runs all the same: names may be all that it misses */
		cfg->complain("/etc/resolv.conf", strerror(-err));
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);        /* who joined a user namespace is hidden from its parent */
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* without who answers for the net there is no net */
	offer.sysctlfs = mount_sysctls(cfg);
	offer.listener = child_filter(cfg);
	if (offer.listener < 0)
		return EXIT_NETHOOD;
	if (write(number, &offer, sizeof(offer)) != (ssize_t)sizeof(offer) || read(go, &byte, 1) != 1)
		return EXIT_NETHOOD;
	close(offer.listener);
	if (offer.sysctlfs >= 0)
		close(offer.sysctlfs);
	return child_exec(cfg);
}

/* ---- the parent */

static int take_fd(pid_t pid, int remote)
{
	long pidfd = syscall(SYS_pidfd_open, pid, 0), fd;
	int err;

	if (pidfd < 0)
		return -errno;
	fd = syscall(SYS_pidfd_getfd, pidfd, remote, 0);
	err = fd < 0 ? -errno : 0;
	close((int)pidfd);
	return err ? err : (int)fd;
}

static int handshake(struct spawned *s, int number)
{
	struct offer offer;
	ssize_t n;

	do {
		n = read(number, &offer, sizeof(offer));
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(offer))
		return -ECHILD;
	s->listener = take_fd(s->pid, offer.listener);
	if (s->listener < 0)
		return s->listener;
	if (offer.sysctlfs >= 0)
		s->sysctlfs = take_fd(s->pid, offer.sysctlfs);
	return offer.sysctlfs >= 0 && s->sysctlfs < 0 ? s->sysctlfs : 0;
}

int spawn_prepare(const struct spawn_config *cfg, struct spawned *out)
{
	int number[2], go[2], err;

	*out = (struct spawned){ .pid = -1, .listener = -1, .sysctlfs = -1, .go = -1 };
	if (pipe2(number, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(go, O_CLOEXEC) < 0) {
		err = -errno;
		close(number[0]);
		close(number[1]);
		return err;
	}
	out->pid = fork();
	if (!out->pid) {
		close(number[0]);
		close(go[1]);
		_exit(child_main(cfg, number[1], go[0]));
	}
	err = out->pid < 0 ? -errno : 0;
	close(number[1]);
	close(go[0]);
	out->go = go[1];
	if (!err)
		err = handshake(out, number[0]);
	close(number[0]);
	if (err)
		spawn_cancel(out);
	return err;
}

static void close_all(struct spawned *s)
{
	if (s->go >= 0)
		close(s->go);
	if (s->listener >= 0)
		close(s->listener);
	if (s->sysctlfs >= 0)
		close(s->sysctlfs);
	s->go = s->listener = s->sysctlfs = -1;
}

void spawn_go(struct spawned *s)
{
	const char byte = 0;

	while (write(s->go, &byte, 1) < 0 && errno == EINTR)
		;
	close(s->go);
	s->go = -1;
}

void spawn_cancel(struct spawned *s)
{
	close_all(s);
	if (s->pid <= 0)
		return;
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	s->pid = -1;
}

int spawn_status(int wstatus)
{
	return WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
}
