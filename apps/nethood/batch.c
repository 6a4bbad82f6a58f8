// SPDX-License-Identifier: BSD-2-Clause
/* A file of lines for ip(8), which does not always say at which of them it gave up.
 *
 * So it is given them one by one, by a pipe that keeps what is written at once together: of those that were written, what
 * is still in the pipe when it has ended was not read, and the one before that was its last.
 */
#include "batch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

/** struct batch - lines on their way */
struct batch {
	struct machine *m;
	FILE *file;
	char *line; /* the next one */
	size_t line_room;
	ssize_t line_bytes; /* 0: it is to be read yet */
	unsigned sent_count;
	bool too_long;
	int read_fd;
	struct watch watch; /* the other end */
};

static void stop(struct batch *b)
{
	int fd = b->watch.fd;

	if (fd < 0)
		return;
	loop_del(supervisor_loop(b->m->sv), &b->watch);
	close(fd);
	b->watch.fd = -1;
}

/* There is room in the pipe. */
static void feed(struct watch *w, uint32_t events)
{
	struct batch *b = container_of(w, struct batch, watch);

	(void)events;
	for (;;) {
		if (!b->line_bytes)
			b->line_bytes = getline(&b->line, &b->line_room, b->file);
		b->too_long = b->line_bytes > PIPE_BUF;
		if (b->line_bytes < 0 || b->too_long)
			break;
		if (write(w->fd, b->line, (size_t)b->line_bytes) < 0) {
			if (errno == EAGAIN || errno == EINTR)
				return;
			break;
		}
		b->sent_count++;
		b->line_bytes = 0;
	}
	stop(b);
}

static unsigned unread(int fd)
{
	char line[PIPE_BUF];
	unsigned count = 0;

	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return 0;
	while (read(fd, line, sizeof(line)) > 0)
		count++;
	return count;
}

/* Its standard input is the pipe; ours is, too, meanwhile.  Return: its status */
static int run_ip(struct batch *b)
{
	char *argv[] = { (char *)"ip", (char *)"-batch", (char *)"-", NULL };
	int input = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3), status;

	dup2(b->read_fd, STDIN_FILENO);
	status = machine_run(b->m, argv, false);
	if (input >= 0) {
		dup2(input, STDIN_FILENO);
		close(input);
	} else {
		close(STDIN_FILENO);
	}
	return status;
}

static int run(struct batch *b, const char *name)
{
	int fds[2], err, status;

	if (pipe2(fds, O_CLOEXEC | O_DIRECT) < 0)
		return -errno;
	b->read_fd = fds[0];
	err = fcntl(fds[1], F_SETFL, O_NONBLOCK | O_DIRECT) < 0 ? -errno : 0;
	if (!err)
		err = loop_add(supervisor_loop(b->m->sv), &b->watch, fds[1], EPOLLOUT, feed);
	if (err) {
		close(fds[0]);
		close(fds[1]);
		return err;
	}
	status = run_ip(b);
	stop(b);
	if (status)
		cli_errorf(name, "line %u: ip -batch ended with status %d", b->sent_count - unread(b->read_fd), status);
	else if (b->too_long)
		cli_errorf(name, "line %u: longer than %d octets", b->sent_count + 1, PIPE_BUF);
	close(fds[0]);
	return status || b->too_long ? -ECANCELED : 0;
}

int batch_run(struct machine *m, const char *name)
{
	struct batch b = { .m = m, .file = fopen(name, "re"), .watch.fd = -1 };
	int err = b.file ? run(&b, name) : -errno;

	if (b.file)
		fclose(b.file);
	free(b.line);
	if (err && err != -ECANCELED)
		cli_error(name, strerror(-err));
	return err;
}
