/* SPDX-License-Identifier: BSD-2-Clause */
/* A program for the tests of the supervisor: a function of the test, in a child, with its calls trapped. */
#ifndef NETHOOD_TESTS_SUPERVISED_H
#define NETHOOD_TESTS_SUPERVISED_H

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** CHECK() - in the child: what must hold there */
#define CHECK(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: %s (errno: %s)\n", __FILE__, __LINE__, #cond, strerror(errno)); \
			_exit(1); \
		} \
	} while (0)
#define CHECK_FAILS(call, error) CHECK((call) == -1 && errno == (error))

/** supervised() - Return: exit status of @fn in the child, 128 + n for a signal; all that it left is gone */
int supervised(void (*fn)(void));
/** supervised_proc() - same; files of /proc are served, sysctls not mounted */
int supervised_proc(void (*fn)(void));

/** struct supervised_row - a program, and what it shows */
struct supervised_row {
	const char *says;
	void (*fn)(void);
	/** supervisor and program on one CPU: there the kernel loses no answer to a signal, while on two it can
	 *  (docs/adr/0005-supervisor.md) */
	bool on_one_cpu;
};
/** supervised_all() - each row, by @how of the two above, must end well */
void supervised_all(int (*how)(void (*fn)(void)), const struct supervised_row *rows, size_t count);

/* For programs: */
struct sockaddr_in loopback(unsigned port);
struct sockaddr *sa(struct sockaddr_in *sin);
/** bound() - a datagram socket, and its address */
int bound(struct sockaddr_in *at, int flags);
/** wait_for() - Return: what poll(2) said within two seconds; 0: nothing */
int wait_for(int fd, short events);

#endif
