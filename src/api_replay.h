/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two files of the replay know of each other. */
#ifndef NETHOOD_API_REPLAY_H
#define NETHOOD_API_REPLAY_H

#include "api_record.h"
#include "nethood/record.h"
#include "record/replay.h"

#define ROOM_BYTES (REC_DATA_MAX + 65536U) /* for what a call reads and for what it gives back */
#define NAME_BYTES ((u32)sizeof(struct sockaddr_storage))
#define CONTROL_BYTES 65536U
#define PIECES_MAX 1025U /* one more than a call takes */

struct replay {
	struct rec_replay at; /* first */
	const struct nethood_record_file *file;
	const struct nethood_replay_config *config;
	struct nethood_net *net;
	const struct nethood_allocator *memory;
	struct nethood_sock **sock; /* by number - 1 */
	u32 sock_room;
	u32 depth;
	bool bad;        /* a record that no recorder writes */
	u8 *room, *data; /* what one call needs: ROOM_BYTES */
	struct sockaddr_storage name;
	_Alignas(16) u8 control[CONTROL_BYTES];
	struct iovec iov[PIECES_MAX];
};

typedef struct nethood_record_event event;

/** replay_copy() - octets of a recording stand where they stand; calls want theirs aligned.  What is missing is zero */
void *replay_copy(u8 *to, size_t room_bytes, const u8 *from, u64 len_bytes, size_t want_bytes);
/** replay_called() - a callback: what was called from within it is called again.  Return: what it returned */
s64 replay_called(struct replay *rp);
/** replay_socket() - nethood_socket() */
void replay_socket(struct replay *rp, const event *e);
/** replay_sock() - any other call of a socket */
void replay_sock(struct replay *rp, const event *e);

#endif
