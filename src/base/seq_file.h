/* SPDX-License-Identifier: BSD-2-Clause */
/* Text that is written piece by piece: the contents of a file of /proc.
 *
 * @linux seq_file
 *
 * A piece goes into a buffer, a full buffer goes to the reader; so a listing needs no memory, however long it is.  When the
 * reader refuses, all that follows is nothing, and seq_end() says why.
 */
#ifndef NETHOOD_BASE_SEQ_FILE_H
#define NETHOOD_BASE_SEQ_FILE_H

#include "base/types.h"

#define SEQ_FILE_BYTES 4096U

struct seq_file {
	/** the reader; @text borrowed.  Return: 0; anything else ends the writing */
	int (*write)(void *ctx, const char *text, size_t len_bytes);
	void *ctx;
	int err; /**< first one of the reader; -ENOSPC: a piece that is longer than the buffer */
	u32 used_bytes;
	u64 sent_bytes;  /**< to the reader */
	u64 width_start; /**< where the columns of seq_setwidth() begin */
	u32 width;
	char buf[SEQ_FILE_BYTES];
};

void seq_begin(struct seq_file *m, int (*write)(void *ctx, const char *text, size_t len_bytes), void *ctx);
/** seq_end() - what is in the buffer goes, too.  Return: 0, the reader's error, -ENOSPC */
int seq_end(struct seq_file *m);
__printf(2, 3) void seq_printf(struct seq_file *m, const char *fmt, ...);
void seq_puts(struct seq_file *m, const char *text);
/** seq_setwidth() - what is written from here to seq_pad() takes @width columns.  @linux seq_setwidth */
void seq_setwidth(struct seq_file *m, u32 width);
/** seq_pad() - blanks up to that width, then a newline */
void seq_pad(struct seq_file *m);

#endif
