/* SPDX-License-Identifier: BSD-2-Clause */
/* nethood's flight recorder: what reached a net, kept in a bounded ring, written to a file, and done again.
 *
 * A net is recorded from its birth if its nethood_config says so (record_bytes).  nethood_record_write() gives out what
 * is in the ring; nethood_record_parse() reads that; nethood_replay() makes a fresh net and makes the same calls on it,
 * in the recorded time, and compares all that it does with what the first one did.  A recording holds the net's random
 * key and all that programs sent and received: whoever has it knows as much as they.
 */
#ifndef NETHOOD_RECORD_H
#define NETHOOD_RECORD_H

#include "nethood.h"

#ifdef __cplusplus
extern "C" {
#endif

/** struct nethood_record_info - of a net that is recorded */
struct nethood_record_info {
	uint64_t events;     /**< calls, and answers of the system */
	uint64_t outputs;    /**< frames, readiness, lines of the log */
	uint64_t trace_hash; /**< of all that it did */
	uint64_t written_bytes, lost_bytes, ring_bytes;
};
/** nethood_record_info() - Return: 0, -ENOENT: it is not recorded */
NETHOOD_API int nethood_record_info(const struct nethood_net *net, struct nethood_record_info *out);

/** struct nethood_record_cursor - how far nethood_record_write() has come; zero: at the beginning */
struct nethood_record_cursor {
	uint64_t next, first;
};
/**
 * nethood_record_write() - the next piece of the recording, as a file has it
 * @max_bytes: about as much, though always something; so that no single call is long
 * @fn: is given octets, which are borrowed; non-zero ends it
 * The recording ends with the call before the last of these: between them the net may go on.
 * Return: 1: there is more; 0: that was all; -ENOENT: it is not recorded; -EBUSY: called from a callback; -ESTALE: the
 * ring was overwritten faster than it was read, begin again; or what @fn returned.
 */
NETHOOD_API int nethood_record_write(struct nethood_net *net, struct nethood_record_cursor *cursor, size_t max_bytes,
				     int (*fn)(void *ctx, const void *data, size_t len_bytes), void *ctx);

/* ------------------------------------------------------------------ reading */

/** struct nethood_record_file - a recording that was read; all pointers are into the octets that were given */
struct nethood_record_file {
	char version[25];  /**< of the nethood that recorded it */
	char hostname[65]; /**< of the net */
	uint64_t now_ns, wall_ns;
	bool begin_lost; /**< the ring was too small: what happened first is gone, and it cannot be replayed */
	uint64_t lost_bytes, ring_bytes;
	uint64_t first_event, events, outputs, trace_hash;
	uint64_t first_time_ns, last_time_ns;
	const uint8_t *records;
	size_t records_bytes;
	/* not for the caller */
	uint32_t flags;
	uint32_t first_depth;
	uint8_t key[32];
	/* if it was refused */
	uint64_t error_offset; /**< in the file */
	const char *error;     /**< a sentence (static); NULL: none */
};
/**
 * nethood_record_parse() - check a recording from end to end
 * @data: the file; is moved about in place, and must stay as long as @out is used
 * Return: 0; -EINVAL: it is none, or damaged; -EPROTO: of another format, or of a machine with another layout of C's
 * types.  @out says where and why.
 */
NETHOOD_API int nethood_record_parse(void *data, size_t len_bytes, struct nethood_record_file *out);

#define NETHOOD_RECORD_FIELDS 10
/** struct nethood_record_event - one record */
struct nethood_record_event {
	uint64_t number; /**< of the event, counted from 1; of others: of the event before */
	uint64_t time_ns;
	const char *name;                             /**< "sendto" */
	const char *fields;                           /**< a letter for each: src/record/format.h */
	const char *labels;                           /**< and a name, with commas between */
	uint64_t value[NETHOOD_RECORD_FIELDS];        /**< of octets: how many; signed ones as two's complement */
	const uint8_t *octets[NETHOOD_RECORD_FIELDS]; /**< NULL: a null pointer, or no octets */
	uint32_t depth;                               /**< calls around it */
	uint8_t op;
	bool is_event, has_return;
};
/** nethood_record_each() - every record; stops at, and returns, the first non-zero of @fn */
NETHOOD_API int nethood_record_each(const struct nethood_record_file *file,
				    int (*fn)(void *ctx, const struct nethood_record_event *event), void *ctx);
/** nethood_record_input_name() - of the second field of "input": "frame", ... */
NETHOOD_API const char *nethood_record_input_name(uint64_t what);

/* ------------------------------------------------------------------ replay */

enum nethood_divergence_kind {
	NETHOOD_SAME = 0,
	NETHOOD_OTHER_RESULT, /**< a call had another result: @live, @replayed */
	NETHOOD_OTHER_TRACE,  /**< it had the same, but the net sent, said or answered something else on the way */
	NETHOOD_OTHER_ORDER,  /**< the net asked for what the recording does not have there */
	NETHOOD_OTHER_END,    /**< all went well, but the last hash is another: @live, @replayed */
};
struct nethood_divergence {
	enum nethood_divergence_kind kind;
	uint64_t event;
	const char *call, *next; /**< that ran; what the recording has next */
	char object;             /**< 's': a socket, 'd': a device, 0: neither */
	uint64_t object_id;      /**< its number, or ifindex */
	int64_t live, replayed;
};
struct nethood_replay_config {
	const struct nethood_allocator *memory; /**< NULL: malloc(3) */
	uint64_t until_event;                   /**< stop before it; 0: go on to the end */
	/** before each call is made; and when it is over, as "return"; may be NULL */
	void (*event)(void *ctx, const struct nethood_record_event *event);
	/** hops of packets, as of nethood_trace(); may be NULL */
	void (*hop)(void *ctx, const struct nethood_hop *hop);
	/** frames that came from, or went to, drivers; may be NULL */
	void (*frame)(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame, int pieces);
	void (*log)(void *ctx, const char *line); /**< may be NULL */
	/** the end, while the net is there: to ask it; may be NULL */
	void (*ended)(void *ctx, struct nethood_net *net);
	void *ctx;
};
struct nethood_replay_result {
	uint64_t events, outputs, trace_hash;
	uint64_t first_ns, last_ns; /**< recorded time that it covers */
	bool complete;              /**< to the end of the recording, not only to until_event */
	struct nethood_divergence divergence;
};
/**
 * nethood_replay() - do what a recording has, on a fresh net
 * Return: 0: done, see @out; -ENODATA: its beginning is gone; -ENOMEM; -EINVAL: a record that makes no sense
 */
NETHOOD_API int nethood_replay(const struct nethood_record_file *file, const struct nethood_replay_config *config,
			       struct nethood_replay_result *out);

#ifdef __cplusplus
}
#endif
#endif
