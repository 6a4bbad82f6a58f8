/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs of simulated hosts that talk in streams: a server that gives back what it gets, and its clients.
 *
 * The ledger is omniscient here too.  What a stream carries follows from its number, so each octet that is read is known
 * to be right or wrong where it is read; an end of the stream must come where the writer has put it; and when all faults
 * are over, a stream that both ends still hold must move.
 */
#ifndef NETHOOD_SIM_STREAM_H
#define NETHOOD_SIM_STREAM_H

#include "world.h"

#define STREAM_PORT 80

struct sim_app;

/** enum stream_manner - how a stream ends */
enum stream_manner {
	STREAM_HALF_CLOSE, /**< the client has said all, reads the rest, and closes */
	STREAM_CLOSE,      /**< it closes when it has written all, without reading */
	STREAM_ABORT,      /**< the same, with SO_LINGER of no time: a reset */
	STREAM_IDLE,       /**< it stays open when all was said, until the storm is over */
	STREAM_ONE_WAY,    /**< the server reads, and gives nothing back until the end */
	STREAM_HANG_UP,    /**< the server closes after some octets */
	STREAM_MANNERS
};

/** struct stream_plan - what a client is to do; zero: as little as possible */
struct stream_plan {
	enum stream_manner manner;
	u32 len_bytes;            /**< that the client writes */
	u32 write_bytes;          /**< at once; 0: a few thousand */
	u32 read_bytes;           /**< at once, by both; 0: a few thousand */
	u32 client_ms, server_ms; /**< between two readings; 0: whenever there is something to read */
	bool keepalive;
	bool six; /**< by IPv6 */
};

/** struct stream_record - one stream */
struct stream_record {
	u32 from, to; /**< hosts */
	struct stream_plan plan;
	u8 client_addr[16], server_addr[16]; /**< of IPv4: the first four octets */
	u32 client_boots, server_boots;
	u32 written[2], read[2]; /**< octets: [0] from the client to the server, [1] back */
	bool ended[2];           /**< its client, its server has closed it */
	bool served;             /**< the server knows which one it is */
	bool whole;              /**< all went as planned */
	u64 moved_before;        /**< octets, when they were counted last */
};

/** struct stream_ledger - all streams of a world */
struct stream_ledger {
	struct stream_record *record;
	u32 count, room;
	u64 whole_count, octet_count;
	bool any_octets; /**< as of datagrams */
};

/** struct stream_end - one side of a stream, in a program */
struct stream_end {
	struct stream_end *next;
	struct sim_app *app;
	struct nethood_sock *sk; /**< NULL: closed */
	u32 id;                  /**< UINT32_MAX: a server's that was not told yet */
	bool client, shut, saw_end, waits;
	u32 written, read;
	u8 header[12];  /**< a server's, as far as it was read */
	u8 *echo;       /**< what was read and not given back yet */
	u32 echo_bytes; /**< of them */
};

/** struct stream_app - the streams of one host */
struct stream_app {
	struct stream_ledger *ledger;
	struct nethood_sock *listener[2]; /**< APP_IP4, APP_IP6 */
	struct stream_end *ends;          /**< all there ever were: events may still name them */
	u32 boots;                        /**< how often it began */
};

/** stream_start() - the server listens.  Return: 0, -errno */
int stream_start(struct sim_app *app);
/** stream_stop() - all ends, and the server; @abort: with resets, so that nothing is left to be said */
void stream_stop(struct sim_app *app, bool abort);
/** stream_forget() - the world is over */
void stream_forget(struct sim_app *app);
/** stream_open() - a client of @to begins.  Return: the number of the stream, UINT32_MAX: it could not be made */
u32 stream_open(struct sim_app *app, const struct sim_app *to, const struct stream_plan *plan);
/** stream_knock() - connect to a port where nobody is, and see what comes of it */
void stream_knock(struct sim_app *app, const struct sim_app *to);
/** stream_finish() - those that are idle go on to their end, and nobody reads slowly any more */
void stream_finish(struct sim_app *app);
/** stream_moved() - octets read of stream @r by now; it is held by both ends since its beginning, if *@held */
u64 stream_moved(const struct stream_record *r, const struct sim_app *client, const struct sim_app *server, bool *held);
void stream_ledger_end(struct stream_ledger *l);

#endif
