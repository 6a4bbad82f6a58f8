// SPDX-License-Identifier: BSD-2-Clause
/* nethood doctor: what this machine can do, and what to do about the rest.
 *
 * Each check tries the thing itself where that leaves nothing behind; what is tried in a child ends with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"
#include "filter.h"
#include "host.h"
#include "spawn.h"
#include "sysctlfs.h"

enum verdict { GOOD, LIMITED, BAD };

struct finding {
	enum verdict verdict;
	char text[200]; /* what was seen; and if not GOOD, what to do */
};

static void find(struct finding *f, enum verdict v, const char *text)
{
	f->verdict = v;
	snprintf(f->text, sizeof(f->text), "%s", text);
}

static bool kernel_is(unsigned major, unsigned minor)
{
	struct utsname u;
	unsigned a = 0, b = 0;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &a, &b) != 2)
		return false;
	return a > major || (a == major && b >= minor);
}

/* Run @fn in a child.  Return: its exit status */
static int in_child(int (*fn)(void))
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(fn());
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
		return 255;
	return WEXITSTATUS(status);
}

/* ---- checks */

static int try_filter(void)
{
	int fd = filter_install(true);

	return fd < 0 ? -fd : 0;
}

static void check_seccomp(struct finding *f)
{
	int err = in_child(try_filter);

	if (!err)
		find(f, GOOD, "a filter with user notification can be installed");
	else if (err == EBUSY)
		find(f, BAD, "this process is on a net of nethood already: ask outside of it");
	else
		find(f, BAD,
		     "no user notification: Linux 5.0 or later with CONFIG_SECCOMP_FILTER is needed; "
		     "in a container allow the seccomp system call");
}

/* What an invalid notification says tells whether the kernel knows the flag. */
static int try_addfd(uint32_t flags)
{
	struct seccomp_notif_addfd add = { .id = 1, .flags = flags };
	int fd = filter_install(false);

	if (fd < 0)
		return -fd;
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 ? errno : 0;
}

static int try_addfd_plain(void)
{
	return try_addfd(0);
}

static int try_addfd_send(void)
{
	return try_addfd(SECCOMP_ADDFD_FLAG_SEND);
}

static void check_addfd(struct finding *f)
{
	bool good = in_child(try_addfd_plain) == ENOENT;

	find(f, good ? GOOD : BAD, good ? "descriptors can be given to programs" : "Linux 5.9 or later is needed");
}

static void check_addfd_send(struct finding *f)
{
	bool good = in_child(try_addfd_send) == ENOENT;

	find(f, good ? GOOD : BAD, good ? "together with the answer" : "Linux 5.14 or later is needed");
}

static int try_sync(void)
{
	int fd = filter_install(false);

	if (fd < 0)
		return -fd;
	return ioctl(fd, SECCOMP_IOW(4, uint64_t), UINT64_C(1)) < 0 ? errno : 0;
}

static void check_sync(struct finding *f)
{
	bool good = !in_child(try_sync);

	find(f, good ? GOOD : LIMITED,
	     good ? "calls wake the supervisor on the same CPU"
		  : "calls take some 40 us instead of 5; Linux 6.6 or later has it");
}

static int try_userns(void)
{
	return -userns_enter(CLONE_NEWNET);
}

static void check_userns(struct finding *f)
{
	int err = in_child(try_userns);

	if (!err)
		find(f, GOOD, "can be made, with network namespaces");
	else if (host_is_privileged())
		find(f, LIMITED, "cannot be made, and are not needed by this user");
	else
		find(f, BAD,
		     "cannot be made: look at kernel.unprivileged_userns_clone, user.max_user_namespaces, "
		     "kernel.apparmor_restrict_unprivileged_userns; or be root");
}

static int read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	int n = -1;

	if (f && fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

static void check_yama(struct finding *f)
{
	int scope = read_number("/proc/sys/kernel/yama/ptrace_scope");

	if (scope <= 0)
		find(f, GOOD, "scope 0: run and exec may look into their programs");
	else if (scope == 1)
		find(f, host_is_privileged() ? GOOD : LIMITED,
		     "scope 1: run works; exec needs root, or sysctl kernel.yama.ptrace_scope=0");
	else
		find(f, host_is_privileged() && scope == 2 ? GOOD : BAD,
		     "run and exec need sysctl kernel.yama.ptrace_scope=0 or 1");
}

static void check_tun(struct finding *f)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		find(f, GOOD, "can be opened");
		close(fd);
	} else if (errno == ENOENT) {
		find(f, LIMITED,
		     "is not there: modprobe tun, or in a container --device /dev/net/tun; else a veth pair is taken");
	} else {
		find(f, LIMITED,
		     "may not be opened by this user; a veth pair in a user namespace is taken instead; "
		     "chmod 0666 /dev/net/tun gives TAP devices");
	}
}

static int try_packet(void)
{
	if (!host_is_privileged() && userns_enter(CLONE_NEWNET))
		return errno;
	return socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) < 0 ? errno : 0;
}

static void check_packet(struct finding *f)
{
	bool good = !in_child(try_packet);

	find(f, good ? GOOD : LIMITED,
	     good ? "frames can be taken from an interface" : "no --dev NAME=packet:IFNAME, and no veth pair");
}

/* All but an interface, which no try may take.  A user namespace gives no right to it. */
static int try_xdp(void)
{
	const struct nethood_dev_config dev = { .name = "eth0", .driver = "xdp", .arg = "lo", .fd = -1 };
	const struct nethood_config config = { .hostname = "doctor" };
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_XSKMAP, .key_size = sizeof(int), .value_size = sizeof(int), .max_entries = 1
	};
	struct nethood_net *net;
	struct nethood_dev *none;
	int err = nethood_create(&config, &net);

	if (!err)
		err = nethood_dev_create(net, &dev, &none);
	if (err != -EINVAL) /* lo is no Ethernet: all before that was good */
		return -err;
	if (socket(AF_XDP, SOCK_RAW, 0) < 0)
		return errno;
	return syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map)) < 0 ? errno : 0;
}

static void check_xdp(struct finding *f)
{
	switch (in_child(try_xdp)) {
	case 0:
		find(f, GOOD, "frames can be taken from an interface by rings");
		break;
	case ENOSYS:
		find(f, LIMITED,
		     "nethood was built without libxdp, or the kernel without bpf(2); --dev NAME=packet:IFNAME needs neither");
		break;
	case EPERM:
	case EACCES:
		find(f, LIMITED, "is for the machine's root (CAP_BPF): no --dev NAME=xdp:IFNAME");
		break;
	default:
		find(f, LIMITED, "CONFIG_XDP_SOCKETS is missing: no --dev NAME=xdp:IFNAME");
		break;
	}
}

static void check_cross_memory(struct finding *f)
{
	char a = 1, b = 0;
	const struct iovec local = { &b, 1 }, remote = { &a, 1 };
	bool good = process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1;

	find(f, good ? GOOD : BAD,
	     good ? "memory of programs can be read and written"
		  : "CONFIG_CROSS_MEMORY_ATTACH is missing, or a container's seccomp profile forbids process_vm_readv");
}

static void check_pidfd(struct finding *f)
{
	long pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	long fd = pidfd < 0 ? -1 : syscall(SYS_pidfd_getfd, pidfd, 0, 0);
	bool good = fd >= 0 || (pidfd >= 0 && errno == EBADF);

	find(f, good ? GOOD : BAD,
	     good ? "descriptors of programs can be looked at"
		  : "Linux 5.6 or later is needed; in a container allow pidfd_getfd");
	if (fd >= 0)
		close((int)fd);
	if (pidfd >= 0)
		close((int)pidfd);
}

static int try_fuse(void)
{
	int fd;

	if (host_is_privileged() ? unshare(CLONE_NEWNET | CLONE_NEWNS) < 0
				 : userns_enter(CLONE_NEWNET | CLONE_NEWNS) < 0)
		return EPERM;
	fd = sysctlfs_mount();
	return fd < 0 ? -fd : 0;
}

/* Without it sysctls can be read inside, with cat(1); nethood sysctl reads and writes them in any case. */
static void check_fuse(struct finding *f)
{
	switch (in_child(try_fuse)) {
	case 0:
		find(f, GOOD, "sysctl(8) works on the net inside run and exec with --proc");
		break;
	case ENOSYS:
		find(f, LIMITED,
		     "nethood was built without libfuse3: no sysctl(8) inside; nethood sysctl does not need it");
		break;
	case ENOENT:
		find(f, LIMITED,
		     "is not there: modprobe fuse, or in a container --device /dev/fuse; "
		     "nethood sysctl does not need it");
		break;
	case EACCES:
		find(f, LIMITED,
		     "may not be opened by this user, so no sysctl(8) inside: chmod 0666 /dev/fuse; "
		     "nethood sysctl does not need it");
		break;
	default:
		find(f, LIMITED,
		     "cannot be mounted over /proc/sys/net, so no sysctl(8) inside; nethood sysctl does not need it");
		break;
	}
}

static void check_kernel(struct finding *f)
{
	struct utsname u;

	uname(&u);
	find(f, kernel_is(5, 14) ? GOOD : BAD, u.release);
	if (!kernel_is(5, 14))
		snprintf(f->text, sizeof(f->text), "%.60s: 5.14 or later is needed, 6.6 or later is better", u.release);
}

static const struct {
	const char *name;
	void (*fn)(struct finding *f);
} checks[] = {
	{ "Linux", check_kernel },
	{ "seccomp notifications", check_seccomp },
	{ "seccomp ADDFD", check_addfd },
	{ "seccomp ADDFD_SEND", check_addfd_send },
	{ "seccomp SYNC_WAKE_UP", check_sync },
	{ "process_vm_readv", check_cross_memory },
	{ "pidfd_getfd", check_pidfd },
	{ "Yama", check_yama },
	{ "user namespaces", check_userns },
	{ "/dev/net/tun", check_tun },
	{ "AF_PACKET", check_packet },
	{ "AF_XDP", check_xdp },
	{ "/dev/fuse", check_fuse },
};

static int set_json(void *ctx, const char *value)
{
	(void)value;
	*(bool *)ctx = true;
	return 0;
}

static void print(size_t i, const struct finding *f, bool json)
{
	static const char *const words[] = { "OK", "limited", "MISSING" };

	if (!json) {
		printf("%-9s%-24s%s\n", words[f->verdict], checks[i].name, f->text);
		return;
	}
	printf("%s{\"check\":\"%s\",\"verdict\":\"%s\",\"text\":", i ? "," : "[", checks[i].name, words[f->verdict]);
	cli_json_string(f->text);
	putchar('}');
}

int cmd_doctor(int argc, char **argv)
{
	static const struct cli_option table[] = { { "-j", false, false, set_json }, { NULL, false, false, NULL } };
	bool json = false, bad = false;
	int first;

	if (cli_parse(table, &json, argc, argv, &first))
		return EXIT_USAGE;
	if (first < argc) {
		cli_error(argv[first], "one word too many");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct finding f;

		checks[i].fn(&f);
		print(i, &f, json);
		bad = bad || f.verdict == BAD;
	}
	if (json)
		puts("]");
	return bad ? EXIT_FAILED : EXIT_GOOD;
}
