// SPDX-License-Identifier: BSD-2-Clause
/* Which files a program under --proc gets from the net, and which from the kernel: each row is a program. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "supervised.h"

/* Is @fd (closed) a file that the net wrote? */
static bool is_nets(int fd)
{
	char link[64], target[64] = "";

	CHECK(fd >= 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	CHECK(readlink(link, target, sizeof(target) - 1) > 0);
	close(fd);
	return !strncmp(target, "/memfd:", 7);
}

static const char *own(const char *format)
{
	static char path[128];

	snprintf(path, sizeof(path), format, (int)getpid(), (int)getpid());
	return path;
}

static void names_of_the_same_file(void)
{
	CHECK(is_nets(open("/proc/net/arp", O_RDONLY)));
	CHECK(is_nets(open("/proc/self/net/arp", O_RDONLY)));
	CHECK(is_nets(open("/proc/thread-self/net/arp", O_RDONLY)));
	CHECK(is_nets(open(own("/proc/%d/net/arp"), O_RDONLY)));
	CHECK(is_nets(open(own("/proc/%d/task/%d/net/arp"), O_RDONLY)));
	CHECK(is_nets(open("//proc/.//net/../net/stat/../arp", O_RDONLY)));
	CHECK(is_nets(open("/proc/net/stat/arp_cache", O_RDONLY)));
	CHECK(is_nets(open("/../proc/net/route", O_RDONLY)));
}

static void calls_that_open(void)
{
	const struct open_how how = { .flags = O_RDONLY | O_CLOEXEC };

#ifdef SYS_open
	CHECK(is_nets((int)syscall(SYS_open, "/proc/net/arp", O_RDONLY)));
#endif
	CHECK(is_nets((int)syscall(SYS_openat, AT_FDCWD, "/proc/net/arp", O_RDONLY)));
	CHECK(is_nets((int)syscall(SYS_openat, -1, "/proc/net/arp", O_RDONLY)));
	CHECK(is_nets((int)syscall(SYS_openat2, AT_FDCWD, "/proc/net/arp", &how, sizeof(how))));
}

static void from_a_directory(void)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY), net = open("/proc/self/net", O_RDONLY | O_DIRECTORY);

	CHECK(proc >= 0 && net >= 0);
	CHECK(is_nets(openat(proc, "net/arp", O_RDONLY)));
	CHECK(is_nets(openat(net, "arp", O_RDONLY)));
	CHECK(is_nets(openat(net, "./stat/arp_cache", O_RDONLY)));
	CHECK(chdir("/proc/net") == 0);
	CHECK(is_nets(open("arp", O_RDONLY)));
	CHECK_FAILS(openat(1000, "arp", O_RDONLY), EBADF);
}

static void what_is_the_kernels(void)
{
	char path[] = "/tmp/nethood-open-test-XXXXXX", file[64];
	int fd;

	CHECK(mkdtemp(path));
	snprintf(file, sizeof(file), "%s/arp", path);
	fd = open(file, O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && write(fd, "mine", 4) == 4);
	close(fd);
	CHECK(!is_nets(open(file, O_RDONLY)));
	CHECK(unlink(file) == 0 && rmdir(path) == 0);
	CHECK(!is_nets(open("/proc/net", O_RDONLY | O_DIRECTORY)));
	CHECK(!is_nets(open("/proc/net/unix", O_RDONLY)));
	CHECK(!is_nets(open("/proc/net/arp", O_PATH)));
	CHECK(!is_nets(open("/proc/self/status", O_RDONLY)));
	CHECK(!is_nets(open("/etc/passwd", O_RDONLY)));
	CHECK(!is_nets(open("/proc/sys/net", O_RDONLY | O_DIRECTORY)));
	CHECK(!is_nets(open("/proc/sys/kernel/ostype", O_RDONLY)));
	CHECK_FAILS(open("/proc/net/nosuch", O_RDONLY), ENOENT);
	CHECK_FAILS(open("", O_RDONLY), ENOENT);
	CHECK_FAILS(open((const char *)8, O_RDONLY), EFAULT);
}

static void flags(void)
{
	int fd = open("/proc/net/arp", O_RDONLY);

	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == 0);
	close(fd);
	fd = open("/proc/net/arp", O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	close(fd);
	CHECK_FAILS(open("/proc/net/arp", O_WRONLY), EACCES);
	CHECK_FAILS(open("/proc/net/arp", O_RDWR), EACCES);
	CHECK_FAILS(open("/proc/net/arp", O_RDONLY | O_TRUNC), EACCES);
	CHECK_FAILS(open("/proc/net/arp", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_FAILS(open("/proc/net/arp/", O_RDONLY), ENOTDIR);
	CHECK_FAILS(open("/proc/net/arp/.", O_RDONLY), ENOTDIR);
	CHECK_FAILS(open("/proc/net/arp", O_RDONLY | O_CREAT | O_EXCL, 0600), EEXIST);
}

static void the_file_only_reads(void)
{
	static const char header[] = "IP address       HW type ";
	int fd = open("/proc/net/arp", O_RDONLY);
	char text[512];
	struct stat st;
	ssize_t n = read(fd, text, sizeof(text));

	CHECK(n > (ssize_t)sizeof(header) && !memcmp(text, header, sizeof(header) - 1));
	CHECK(read(fd, text + n, 1) == 0);
	CHECK(lseek(fd, 3, SEEK_SET) == 3 && read(fd, text, 7) == 7 && !memcmp(text, "address", 7));
	CHECK_FAILS(write(fd, "x", 1), EBADF);
	CHECK(ftruncate(fd, 0) == -1);
	CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK(fstat(fd, &st) == 0 && st.st_mode == (S_IFREG | 0444));
	snprintf(text, sizeof(text), "/proc/self/fd/%d", fd);
	fd = open(text, O_RDWR); /* root may; the seals hold */
	CHECK(fd < 0 || write(fd, "x", 1) == -1);
}

/* As long as nobody mounted them. */
static void sysctls_are_read(void)
{
	char text[64];
	int fd = open("/proc/sys/net/ipv4/ip_default_ttl", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text));

	CHECK(n == 3 && !memcmp(text, "64\n", 3) && is_nets(fd));
	CHECK(is_nets(open("/proc/sys/net/ipv4/conf/lo/arp_ignore", O_RDONLY)));
	CHECK(chdir("/proc/sys/net/ipv4") == 0);
	CHECK(is_nets(open("ip_forward", O_RDONLY)));
	CHECK_FAILS(open("/proc/sys/net/ipv4/tcp_no_such", O_RDONLY), ENOENT);
	CHECK_FAILS(open("/proc/sys/net/ipv4/ip_default_ttl", O_WRONLY), EROFS);
	CHECK_FAILS(open("/proc/sys/net/ipv4/ip_default_ttl", O_RDWR), EROFS);
}

/* A child's files are this net's, those of a process in another network namespace are not. */
static void other_processes(void)
{
	char path[64];
	int ready[2], end[2];
	char byte;
	pid_t child;

	for (int moves = 0; moves < 2; moves++) {
		CHECK(pipe(ready) == 0 && pipe(end) == 0);
		child = fork();
		if (!child) {
			close(end[1]);
			if (moves && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
				_exit(1);
			_exit(write(ready[1], "", 1) != 1 || read(end[0], &byte, 1) != 0);
		}
		close(ready[1]);
		snprintf(path, sizeof(path), "/proc/%d/net/arp", (int)child);
		if (read(ready[0], &byte, 1) == 1)
			CHECK(is_nets(open(path, O_RDONLY)) == !moves);
		close(end[1]);
		close(end[0]);
		close(ready[0]);
		waitpid(child, NULL, 0);
	}
	CHECK_FAILS(open("/proc/999999999/net/arp", O_RDONLY), ENOENT);
	CHECK_FAILS(open("/proc/99999999999999999999/net/arp", O_RDONLY), ENOENT);
}

static void on_alarm(int signo)
{
	(void)signo;
}

static int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* No descriptor may be left by a call that a signal interrupted. */
static void signals_leave_nothing(void)
{
	const struct sigaction act = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	const struct itimerval every = { { 0, 300 }, { 0, 300 } }, never = { { 0, 0 }, { 0, 0 } };
	int before = open_descriptors();

	CHECK(sigaction(SIGALRM, &act, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);
	for (int i = 0; i < 500; i++) {
		int fd = open("/proc/net/snmp", O_RDONLY);

		CHECK(fd >= 0);
		close(fd);
	}
	CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
	CHECK(open_descriptors() == before);
}

static void descriptors_run_out(void)
{
	int fd, last = -1;

	for (int i = 0; (fd = open("/proc/net/arp", O_RDONLY)) >= 0 && i < 100000; i++)
		last = fd;
	CHECK(errno == EMFILE);
	close(last);
	CHECK(is_nets(open("/proc/net/arp", O_RDONLY)));
}

static const struct supervised_row rows[] = {
	{ "one file has many names", names_of_the_same_file, false },
	{ "open, openat, openat2", calls_that_open, false },
	{ "from the root, and from a directory", from_a_directory, false },
	{ "everything else is the kernel's", what_is_the_kernels, false },
	{ "flags mean what they mean", flags, false },
	{ "what is given can only be read", the_file_only_reads, false },
	{ "sysctls can be read, too", sysctls_are_read, false },
	{ "files of other processes", other_processes, false },
	{ "in a rain of signals no descriptor is lost", signals_leave_nothing, true },
	{ "no descriptor is left", descriptors_run_out, false },
};

static void programs(void **state)
{
	(void)state;
	supervised_all(supervised_proc, rows, sizeof(rows) / sizeof(rows[0]));
}

static void not_asked_for(void)
{
	CHECK(!is_nets(open("/proc/net/arp", O_RDONLY)));
}

static void without_proc_all_files_are_the_kernels(void **state)
{
	(void)state;
	assert_int_equal(supervised(not_asked_for), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs),
		cmocka_unit_test(without_proc_all_files_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
