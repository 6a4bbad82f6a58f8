/* SPDX-License-Identifier: BSD-2-Clause */
/* A recording as a file.  nethood_record_parse() reads what rec_write() wrote. */
#ifndef NETHOOD_RECORD_FILE_H
#define NETHOOD_RECORD_FILE_H

#include "record/record.h"

typedef int (*rec_write_fn)(void *ctx, const void *data, size_t len_bytes);

/** struct rec_write_state - chunks, by number; zero before the first call */
struct rec_write_state {
	u64 next, first;
};
/** rec_write() - see nethood_record_write(); @version: of this nethood */
int rec_write(const struct recorder *rec, struct rec_write_state *at, const char *version, size_t max_bytes,
	      rec_write_fn fn, void *ctx);
/** rec_written() - octets of records so far */
u64 rec_written(const struct recorder *rec);
/** rec_chunk_used() - octets in a chunk */
u32 rec_chunk_used(const struct recorder *rec, const struct rec_chunk *c);

#endif
