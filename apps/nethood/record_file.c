// SPDX-License-Identifier: BSD-2-Clause
/* A recording into a file: mode 0600, for it holds what programs said; and under its own name only when it is whole. */
#include "record_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int record_piece(void *ctx, const void *data, size_t len_bytes)
{
	const char *p = data;

	while (len_bytes) {
		ssize_t n = write(*(const int *)ctx, p, len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENOSPC;
		p += n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

int record_file_open(struct record_file *f, const char *path)
{
	f->path = path;
	if (snprintf(f->other, sizeof(f->other), "%s.XXXXXX", path) >= (int)sizeof(f->other))
		return -ENAMETOOLONG;
	f->fd = mkostemp(f->other, O_CLOEXEC); /* 0600 */
	return f->fd < 0 ? -errno : 0;
}

int record_file_write(struct record_file *f, const void *data, size_t len_bytes)
{
	return record_piece(&f->fd, data, len_bytes);
}

int record_file_rewind(struct record_file *f)
{
	return lseek(f->fd, 0, SEEK_SET) < 0 || ftruncate(f->fd, 0) < 0 ? -errno : 0;
}

int record_file_close(struct record_file *f, int err)
{
	if (!err && fsync(f->fd) < 0 && errno != EINVAL)
		err = -errno;
	if (close(f->fd) < 0 && !err)
		err = -errno;
	if (!err && rename(f->other, f->path) < 0)
		err = -errno;
	if (err)
		unlink(f->other);
	return err;
}

int record_save(struct nethood_net *net, const char *path)
{
	struct nethood_record_cursor cursor = { 0, 0 };
	struct record_file f;
	int err = record_file_open(&f, path);

	if (err)
		return err;
	do {
		err = nethood_record_write(net, &cursor, SIZE_MAX / 2, record_piece, &f.fd);
	} while (err == 1);
	return record_file_close(&f, err);
}
