/* SPDX-License-Identifier: BSD-2-Clause */
/* A recording into a file that is there as a whole, or not at all. */
#ifndef NETHOOD_RECORD_FILE_H
#define NETHOOD_RECORD_FILE_H

#include <limits.h>
#include <stddef.h>

#include "nethood/record.h"

/** struct record_file - one that is written, under another name beside its own */
struct record_file {
	int fd;
	const char *path; /**< borrowed */
	char other[PATH_MAX];
};

/** record_file_open() - Return: 0, -errno */
int record_file_open(struct record_file *f, const char *path);
int record_file_write(struct record_file *f, const void *data, size_t len_bytes);
/** record_file_rewind() - nothing was written */
int record_file_rewind(struct record_file *f);
/** record_file_close() - @err 0: it takes its name; else it goes.  Return: 0, -errno, @err */
int record_file_close(struct record_file *f, int err);

/** record_save() - the whole recording of @net, at once.  Return: 0, -errno */
int record_save(struct nethood_net *net, const char *path);
/** record_piece() - for nethood_record_write() to a descriptor; @ctx: int * */
int record_piece(void *ctx, const void *data, size_t len_bytes);

#endif
