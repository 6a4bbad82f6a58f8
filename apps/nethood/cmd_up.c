// SPDX-License-Identifier: BSD-2-Clause
/* nethood up: a net that stays, in the background.
 *
 * The process that was started waits until the net's own process says that it is ready, or has said why it is not.
 * The lock goes from one to the other with the descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"
#include "control.h"
#include "machine.h"
#include "state.h"

#define UP_RECORD_MIB 4U

static void ended_by_signal(struct machine *m)
{
	m->stop = true;
}

static int serve(struct machine *m)
{
	while (!m->stop) {
		int err = supervisor_step(m->sv, UINT64_MAX);

		if (err)
			return err;
	}
	return 0;
}

/* Nothing of the caller's stays open: whoever waits for the end of a pipe would wait for this net. */
static void leave_caller(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	if (chdir("/") < 0) {
		/* then the directory that it was started in stays in use */
	}
}

static void close_range_except(unsigned first, const struct netopt *o, const int *keep, size_t keeps)
{
	unsigned next = first;

	for (;;) { /* the smallest that is kept, from next on */
		unsigned low = ~0U;

		for (uint32_t i = 0; i < o->devs; i++) {
			if (o->dev[i].fd >= (int)next && (unsigned)o->dev[i].fd < low)
				low = (unsigned)o->dev[i].fd;
		}
		for (size_t i = 0; i < keeps; i++) {
			if (keep[i] >= (int)next && (unsigned)keep[i] < low)
				low = (unsigned)keep[i];
		}
		if (low > next)
			close_range(next, low - 1, 0);
		if (low == ~0U)
			return;
		next = low + 1;
	}
}

static int start(struct machine *m, const struct netopt *o, struct state *st, struct control **ctl)
{
	int err = machine_start(m, o, st->name), fd;

	if (err)
		return err;
	m->stopped = ended_by_signal;
	err = machine_batches(m) || m->stop ? -ECANCELED : 0;
	if (!err) {
		fd = state_listen(st);
		err = fd < 0 ? fd : control_start(m, fd, ctl);
		if (err)
			cli_error(st->name, strerror(-err));
	}
	if (err)
		machine_stop(m);
	return err;
}

/* The net's own process. */
static int daemon_main(const struct netopt *o, struct state *st, int ready)
{
	static struct machine m;
	const int keep[] = { st->dir_fd, st->lock_fd, ready };
	struct control *ctl;
	const char byte = 0;
	int err;

	setsid();
	close_range_except(3, o, keep, sizeof(keep) / sizeof(keep[0]));
	if (start(&m, o, st, &ctl)) {
		state_remove(st);
		return EXIT_FAILED;
	}
	leave_caller();
	err = write(ready, &byte, 1) == 1 ? 0 : -EPIPE;
	close(ready);
	if (!err)
		serve(&m);
	state_remove_names(st);
	control_stop(ctl);
	machine_stop(&m);
	state_remove(st);
	return EXIT_GOOD;
}

static int wait_ready(pid_t pid, int ready)
{
	char byte;
	ssize_t n;
	int status = 0;

	do {
		n = read(ready, &byte, 1);
	} while (n < 0 && errno == EINTR);
	if (n == 1)
		return EXIT_GOOD;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		cli_errorf("up", "the net's process was ended by signal %d", WTERMSIG(status));
	return EXIT_FAILED;
}

static int detach(const struct netopt *o, struct state *st)
{
	int ready[2], ret;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0) {
		cli_error("up", strerror(errno));
		return EXIT_FAILED;
	}
	pid = fork();
	if (!pid) {
		close(ready[0]);
		return daemon_main(o, st, ready[1]);
	}
	close(ready[1]);
	if (pid < 0)
		cli_error("up", strerror(errno));
	ret = pid < 0 ? EXIT_FAILED : wait_ready(pid, ready[0]);
	close(ready[0]);
	state_close(st);
	return ret;
}

int cmd_up(int argc, char **argv)
{
	static struct netopt o;
	struct state st;
	int first;

	netopt_init(&o);
	if (!argc) {
		cli_error("up", "the NAME of a net is missing");
		return EXIT_USAGE;
	}
	if (!state_name_ok(argv[0]) || cli_parse(netopt_table, &o, argc - 1, argv + 1, &first))
		return EXIT_USAGE;
	if (1 + first < argc) {
		cli_error(argv[1 + first], "one word too many");
		return EXIT_USAGE;
	}
	if (o.proc) {
		cli_error("--proc", "is for programs: nethood exec NAME --proc CMD");
		return EXIT_USAGE;
	}
	if (!o.has_record_mib && !o.record) { /* a flight recorder is of use only if it ran before it was wanted */
		o.record_mib = UP_RECORD_MIB;
		o.has_record_mib = true;
	}
	if (netopt_finish(&o))
		return EXIT_USAGE;
	if (state_create(&st, argv[0]))
		return EXIT_FAILED;
	return detach(&o, &st);
}
