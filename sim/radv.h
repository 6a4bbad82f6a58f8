/* SPDX-License-Identifier: BSD-2-Clause */
/* The program of a router that tells a link what it is: prefix, MTU, and for how long it will be its router.
 *
 * @rfc 4861 6.2
 */
#ifndef NETHOOD_SIM_RADV_H
#define NETHOOD_SIM_RADV_H

#include "world.h"

#define RADV_LINKS 2U

/** struct radv - runs on a host; its sockets go with its net */
struct radv {
	struct sim_host *host;
	struct nethood_sock *sk; /**< NULL: it does not run */
	u32 link_count;
	bool ticks; /**< an event of it is on its way */
	struct radv_link {
		int ifindex;
		u8 prefix[16];
		u32 mtu_bytes; /**< 0: nothing is said */
	} link[RADV_LINKS];
};

/** radv_start() - it tells at once, then every few seconds, and whoever asks.  @r->host, @r->link: set.  Return: 0, -errno */
int radv_start(struct radv *r);
/** radv_stop() - without a word: the others have to find out */
void radv_stop(struct radv *r);

#endif
