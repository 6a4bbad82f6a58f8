/* SPDX-License-Identifier: BSD-2-Clause */
/* A net that is recorded, and what tests of the recorder do with it. */
#ifndef NETHOOD_TESTS_RECORD_HOST_H
#define NETHOOD_TESTS_RECORD_HOST_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nethood/record.h"
#include "record/format.h"

#define NOW 1000000000ULL
#define SECOND 1000000000ULL
#define RING (8U << 20)

/** struct host - a net that is recorded, and what it does to its embedder */
struct host {
	struct nethood_net *net;
	struct nethood_dev *dev;
	struct nethood_sock *admin, *udp;
	u8 number;
	u64 now;
	u32 sent, busy, ready, lines, changed;
	bool echo;                /* frames come back within xmit */
	bool read_on_ready;       /* a callback that calls */
	u64 allocations, fail_at; /* of the allocator */
	int write_in_callback;
};

/** struct octets - a recording, in memory */
struct octets {
	u8 *data;
	size_t bytes;
};

void poll_for(struct host *h, u64 ns);
void link_up(struct host *h, int ifindex);
void addr_add(struct host *h, int ifindex, u32 addr);
struct sockaddr_in in(u32 addr, u16 port);
/** host_create() - @fail_at: allocation that fails; 0: memory of malloc(3).  Return: what nethood_create() said */
int host_create(struct host *h, size_t record_bytes, u64 fail_at);
void host_begin(struct host *h, const char *driver);
int on_xmit(void *ctx, const struct iovec *frame, int pieces);
void on_ready(void *ctx, struct nethood_sock *sk, uint32_t events);

/** record() - returned: free() ends o.data */
struct octets record(struct host *h, size_t piece_bytes);
struct nethood_replay_result replay(struct octets *o, int want_err);
/** same_again() - what it did so far, a replay does */
void same_again(struct host *h);
/** note_op() - of nethood_record_each(): @ctx: bool seen[REC_OPS_COUNT] */
int note_op(void *ctx, const struct nethood_record_event *e);

#endif
