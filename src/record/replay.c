// SPDX-License-Identifier: BSD-2-Clause
/* What the recording says, where the net asks for it.
 *
 * Reading order: rec_peek(), rec_replay_return(); then what the system had answered.
 * The records are in the order in which they were made, and a net that does the same asks for them in that order.  Where
 * it does not, that is told, and the replay ends: it reads no more records.
 */
#include "record/replay.h"

#include <errno.h>

void rec_diverge(struct rec_replay *rp, enum nethood_divergence_kind kind, s64 live, s64 replayed)
{
	struct nethood_divergence *d = rp->divergence;
	const char *fields = rec_ops[rp->call].fields;

	if (rp->diverged)
		return;
	rp->diverged = true;
	*d = (struct nethood_divergence){
		.kind = kind,
		.event = rp->call_number,
		.call = rec_ops[rp->call].text,
		.next = rp->has_event ? rp->event.name : "the end",
		.object_id = rp->call_object,
		.live = live,
		.replayed = replayed,
	};
	if (*fields == 's' || *fields == 'd')
		d->object = *fields;
}

static bool check_differs(const struct rec_replay *rp)
{
	return rp->event.op == REC_CHECK && rp->rec && rec_get_le64(rp->event.octets[0]) != rp->rec->hash;
}

enum rec_op rec_peek(struct rec_replay *rp)
{
	while (!rp->has_event) {
		if (rp->diverged || rp->next == rp->end)
			return REC_NONE;
		rp->event_bytes = rec_decode(rp->next, rp->end, &rp->time_ns, &rp->event);
		if (!rp->event_bytes) /* not after nethood_record_parse() */
			return REC_NONE;
		rp->has_event = true;
		if (check_differs(rp))
			rec_diverge(rp, NETHOOD_OTHER_TRACE, 0, 0);
		if (rp->event.op == REC_CHECK)
			rec_take(rp);
	}
	return rp->diverged ? REC_NONE : rp->event.op;
}

void rec_take(struct rec_replay *rp)
{
	rp->next += rp->event_bytes;
	rp->event.number += rp->event.is_event;
	rp->has_event = false;
}

void rec_replay_return(struct recorder *rec, s64 result)
{
	struct rec_replay *rp = rec->replay;
	s64 live;

	if (rec_peek(rp) != REC_RET) {
		rec_diverge(rp, NETHOOD_OTHER_ORDER, 0, 0);
		return;
	}
	rp->result = result;
	live = (s64)rp->event.value[0];
	if (live != result)
		rec_diverge(rp, NETHOOD_OTHER_RESULT, live, result);
	else if (rp->event.octets[1][0] != (u8)rec->hash || rp->event.octets[1][1] != (u8)(rec->hash >> 8))
		rec_diverge(rp, NETHOOD_OTHER_TRACE, live, result);
	rec_take(rp);
	rec_peek(rp); /* a full hash is of this moment */
}

/* ------------------------------------------------------------------ the system's answers */

static bool is_input(struct rec_replay *rp, int ifindex, enum rec_input what)
{
	return rec_peek(rp) == REC_INPUT && rp->event.value[0] == (u32)ifindex && rp->event.value[1] == what;
}

ssize_t rec_input_borrow(struct recorder *rec, int ifindex, enum rec_input what, const u8 **data, size_t *len_bytes)
{
	struct rec_replay *rp = rec->replay;

	rec->events++;
	*data = NULL;
	*len_bytes = 0;
	if (!is_input(rp, ifindex, what)) {
		rec_diverge(rp, NETHOOD_OTHER_ORDER, 0, 0);
		return -EAGAIN;
	}
	*data = rp->event.octets[3];
	*len_bytes = (size_t)rp->event.value[3];
	rec_take(rp);
	return (ssize_t)rp->event.value[2];
}

/* A result that counts octets never counts more than there are: nobody vouches for the file. */
ssize_t rec_input_again(struct recorder *rec, int ifindex, enum rec_input what, void *data, size_t room_bytes)
{
	const u8 *from;
	size_t len_bytes;
	ssize_t result = rec_input_borrow(rec, ifindex, what, &from, &len_bytes);

	len_bytes = min_size(len_bytes, room_bytes);
	if (len_bytes)
		memcpy(data, from, len_bytes);
	if ((what == REC_IN_FRAME || what == REC_IN_VNET_FRAME || what == REC_IN_STREAM) && result > (ssize_t)len_bytes)
		return (ssize_t)len_bytes;
	return result;
}

ssize_t rec_input_differs(struct recorder *rec, int ifindex, enum rec_input what, ssize_t value)
{
	const u8 *data;
	size_t len_bytes;

	return is_input(rec->replay, ifindex, what) ? rec_input_borrow(rec, ifindex, what, &data, &len_bytes) : value;
}

s64 rec_refused_again(struct recorder *rec, s64 whole)
{
	struct rec_replay *rp = rec->replay;
	s64 result;

	if (rec_peek(rp) != REC_CB_RESULT || rp->event.value[0] != rec->outputs)
		return whole;
	result = (s64)rp->event.value[1];
	rec_take(rp);
	return result;
}

bool rec_replay_no_memory(struct recorder *rec)
{
	struct rec_replay *rp = rec->replay;

	if (rec_peek(rp) != REC_NO_MEMORY || rp->event.value[0] != rec->allocations)
		return false;
	rec->events++;
	rec_take(rp);
	return true;
}

void rec_replay_frame(struct recorder *rec, int ifindex, bool out, const struct iovec *frame, int pieces)
{
	if (rec->replay->frame)
		rec->replay->frame(rec->replay, ifindex, out, frame, pieces);
}
