// SPDX-License-Identifier: BSD-2-Clause
/* nethood record: what a net that is up has recorded, into a file.
 *
 * The net's process is asked for one piece after the other, each of which it puts into memory that both share; so no
 * turn of its loop is long, and it never waits for a disk.  The file is written here.
 */
#include <errno.h>
#include <inttypes.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"
#include "control.h"
#include "record_file.h"
#include "state.h"

#define PIECE_BYTES (128U * 1024U) /* of one turn: some hundred microseconds */
#define ATTEMPTS 3
#define COPY_BYTES 65536

/* ------------------------------------------------------------------ the net's side */

int record_turn(struct nethood_net *net, const char *words, int fd, char *text, size_t text_bytes)
{
	struct nethood_record_cursor cursor;
	int ret;

	if (fd < 0 || sscanf(words, "%" SCNu64 " %" SCNu64, &cursor.next, &cursor.first) != 2)
		return -EINVAL;
	ret = nethood_record_write(net, &cursor, PIECE_BYTES, record_piece, &fd);
	if (ret >= 0)
		snprintf(text, text_bytes, "%d %" PRIu64 " %" PRIu64, ret, cursor.next, cursor.first);
	return ret < 0 ? ret : 0;
}

/* ------------------------------------------------------------------ the command's side */

/* What is in the shared memory, and empty it for the next piece. */
static int take_piece(int memory, struct record_file *f)
{
	char room[COPY_BYTES];
	ssize_t n;
	int err = 0;

	if (lseek(memory, 0, SEEK_SET) < 0)
		return -errno;
	while (!err && (n = read(memory, room, sizeof(room))) > 0)
		err = record_file_write(f, room, (size_t)n);
	if (!err && (n < 0 || ftruncate(memory, 0) < 0 || lseek(memory, 0, SEEK_SET) < 0))
		err = -errno;
	return err;
}

static int complain(const char *what, int err)
{
	if (err)
		cli_error(what, strerror(-err));
	return err;
}

/* Return: 0; -ESTALE: begin again; another error, said */
static int fetch(int sock, const char *name, int memory, struct record_file *f)
{
	char request[CONTROL_REQUEST_BYTES];
	struct nethood_record_cursor at = { 0, 0 };
	struct control_reply reply;
	int fds[CONTROL_FDS], more = 1, err;

	while (more) {
		snprintf(request, sizeof(request), CONTROL_RECORD " %" PRIu64 " %" PRIu64, at.next, at.first);
		err = control_ask(sock, name, request, &reply, &memory, fds);
		if (err)
			return err;
		if (sscanf(reply.text, "%d %" SCNu64 " %" SCNu64, &more, &at.next, &at.first) != 3)
			return complain(name, -EPROTO);
		if (more < 0)
			return more;
		err = complain(f->path, take_piece(memory, f));
		if (err)
			return err;
	}
	return 0;
}

static int fetch_all(int sock, const char *name, struct record_file *f)
{
	int memory = memfd_create("nethood", MFD_CLOEXEC), err = -ESTALE;

	if (memory < 0)
		return complain(f->path, -errno);
	for (int i = 0; i < ATTEMPTS && err == -ESTALE; i++) {
		err = complain(f->path, record_file_rewind(f));
		if (!err && ftruncate(memory, 0) < 0)
			err = complain(f->path, -errno);
		if (!err)
			err = fetch(sock, name, memory, f);
	}
	if (err == -ESTALE)
		cli_error(name,
			  "it records faster than it can be read; nethood up --record-mib N makes the ring larger");
	close(memory);
	return err;
}

int cmd_record(int argc, char **argv)
{
	struct record_file f;
	int sock, err;

	if (argc != 2 || argv[0][0] == '-' || argv[1][0] == '-') {
		cli_error("record", "want NAME FILE: which net, and where to");
		return EXIT_USAGE;
	}
	if (!state_name_ok(argv[0]))
		return EXIT_USAGE;
	sock = control_connect(argv[0]);
	if (sock < 0)
		return EXIT_FAILED;
	err = complain(argv[1], record_file_open(&f, argv[1]));
	if (!err) {
		err = fetch_all(sock, argv[0], &f);
		if (err)
			record_file_close(&f, err);
		else
			err = complain(argv[1], record_file_close(&f, 0));
	}
	close(sock);
	return err ? EXIT_FAILED : EXIT_GOOD;
}
