/* SPDX-License-Identifier: BSD-2-Clause */
/* What the swarm's files know of each other. */
#ifndef NETHOOD_SIM_SWARM_INTERNAL_H
#define NETHOOD_SIM_SWARM_INTERNAL_H

#include <string.h>

#include "app.h"
#include "ip6_frame.h"
#include "nd_witness.h"
#include "radv.h"
#include "swarm.h"
#include "tcp_witness.h"
#include "witness.h"

#define QUIET_S 130U /* of the second phase: an entry that is wrong and REACHABLE is found out in less */
#define HOSTS_MAX 8U
#define LANS_MAX SWARM_LANS_MAX
#define STREAM_OF_WORKERS 3000U /**< of each host: how many it has; a tape without it: one */
#define STREAM_OF_TURNS 1000U   /**< each turn of the storm has one: a tape without it is a storm without that turn */
#define STATION_VIP 250U        /**< the address of a LAN that moves from host to host */
#define OWN6_MAX 64U
#define STATION_TWICE 251U /**< and the next: addresses that several hosts may be given at once */
#define STATION_TWICE_COUNT 2U
#define STATION_MOVED 200U /**< and up: where renumbered hosts are */

/* What may happen in a world; each world has some of these. */
enum feature {
	F_LOSS,
	F_BURST,
	F_DUP,
	F_CORRUPT,
	F_MEND,
	F_TRUNCATE,
	F_JITTER,
	F_RATE,
	F_HOLE,
	F_PARTITION,
	F_CARRIER,
	F_LINK,
	F_MAC,
	F_RENUMBER,
	F_FAILOVER,
	F_REBOOT,
	F_NEIGH,
	F_SYSCTL,
	F_SPOOF,
	F_GARBAGE,
	F_SCAN,
	F_MTU,
	F_ALLOC,
	F_BUSY,
	F_CLOCK,
	F_JUMP,
	F_STRICT,
	F_TCP,
	F_CHURN,
	F_SLOW,
	F_MARK,
	F_KILL,
	F_IP6,   /**< hosts have addresses of IPv6, too; the others have those that they give themselves */
	F_SLAAC, /**< some have only what routers tell them; routers do */
	F_PATH,  /**< links of other lengths: only by IPv6 */
	F_SYSCTL6,
	F_PROXY6, /**< hosts answer for others */
	F_COUNT
};

/** struct member - one host of a swarm, and what runs on it */
struct member {
	struct swarm *swarm;
	struct sim_host *host;
	struct sim_app app;
	struct witness *witness;
	u32 tcp_options_off;     /**< SACK, timestamps, scaled windows: a bit each */
	struct tcp_witness *tcp; /**< NULL: what arrives may be anything */
	u32 lan;
	u8 addr[4], addr6[16]; /**< those that it has when all is well */
	bool slaac;            /**< its addr6 is what it made of a router's prefix */
	struct radv radv;
	struct nd_witness nd;
	bool nodad;            /**< its IPv6 addresses are not probed for */
	u8 own6[OWN6_MAX][16]; /**< its IPv6 addresses, also those that it had: the latest */
	u32 own6_count;
};

struct swarm {
	struct sim_world world;
	struct app_ledger ledger;
	struct stream_ledger streams;
	u32 quiet_first_stream; /**< of those that are opened when all is well */
	u64 quiet_frames;
	struct member member[HOSTS_MAX];
	u32 member_count, lan_count;
	struct sim_segment *lan[LANS_MAX];
	struct member *vip_owner[LANS_MAX];
	u32 lan_mtu6[LANS_MAX]; /**< octets */
	bool settled;           /**< some time after the storm: all know the links' MTUs */
	u64 features;
	u32 stream;       /**< of choices: the world's, or that of a turn */
	u32 turns_left;   /**< of the storm */
	bool small_world; /**< sysctls in milliseconds: many lives of an entry in little time */
};

/* ---- drawing */

static inline u32 pick(struct swarm *s, u32 n)
{
	return choose(s->world.choices, s->stream, n);
}

static inline bool has(const struct swarm *s, enum feature f)
{
	return s->features >> f & 1;
}

static inline struct member *any_member(struct swarm *s)
{
	return &s->member[pick(s, s->member_count)];
}

static inline const u8 *lan_addr(u32 lan, u32 station, u8 out[static 4])
{
	memcpy(out, (const u8[]){ 10, (u8)(77 + lan), 0, (u8)station }, 4);
	return out;
}

static inline const u8 *lan_addr6(u32 lan, u32 station, u8 out[static 16])
{
	memcpy(out, (const u8[16]){ [0] = 0xfd, [1] = 0x77, [7] = (u8)lan, [15] = (u8)station }, 16);
	return out;
}

/* In a world of one LAN the first host speaks as its router, too. */
static inline bool is_advertiser(const struct swarm *s, u32 i)
{
	return has(s, F_SLAAC) && (i + 1 < s->lan_count || (!i && s->lan_count == 1));
}

/* The first hosts join each LAN to the next one: routers. */
static inline bool is_router(const struct swarm *s, u32 i)
{
	return i + 1 < s->lan_count;
}

/* ---- sim/swarm_config.c: what an administrator of such a host sets up */

/** member_configure() - links, addresses, routes, sysctls, as they are when all is well; again and again */
void member_configure(struct member *m);
void member_start_programs(struct member *m);
void member_sysctl(struct member *m, const char *key, const char *value);
/** member_expect() - when all is well, an administrator's request is carried out, or was already */
void member_expect(struct member *m, const char *what, int err);
u32 member_number(const struct member *m);
/** member_frame_in() - a frame reaches @h */
void member_frame_in(const struct sim_host *h, const u8 *frame, u32 len_bytes);
/** member_heal() - what was set up otherwise goes, after the last fault */
void member_heal(struct member *m);
/** member_settle() - some time later: what could not be done at once */
void member_settle(struct member *m);
/** member_take_vip() - the address that moves is @m's from now on */
void member_take_vip(struct member *m);
/** member_frame_wrong() - what a frame that @h sends says that it must not.  Return: NULL: nothing */
const char *member_frame_wrong(const struct sim_host *h, const u8 *frame, u32 len_bytes);

/* ---- sim/swarm_six.c: the same, of IPv6 */

/** member_prepare6() - before its links come up for the first time */
void member_prepare6(struct member *m);
void member_configure6(struct member *m);
/** member_start_programs6() - on routers: what they tell their links */
void member_start_programs6(struct member *m);
/** member_heal6() - @anew: addresses are made once more, not only if there seemed to be others.  Return: they are */
bool member_heal6(struct member *m, bool anew);
void member_unset_neighbours6(struct member *m);
/** member_set_vip6() - the address that moves.  Return: 0, -errno */
int member_set_vip6(struct member *m, bool add);
/** member_give_twice6() - one of those that others may have, too, or that goes.  @flags: IFA_F_* */
void member_give_twice6(struct member *m, u32 station, bool add, u32 flags);
/** member_learn_own6() - which addresses it has now */
void member_learn_own6(struct member *m);
/** member_is_own6() - is @addr its own, or was it? */
bool member_is_own6(struct member *m, const u8 *addr);
const char *member_frame_wrong6(struct member *m, u64 now_ns, const u8 *frame, u32 len_bytes);

/* ---- sim/swarm_nd.c */

/** any_addr6() - somebody's on the link of @m, or nobody's */
const u8 *any_addr6(struct swarm *s, const struct member *m, u8 out[static 16]);
/** do_forge6() - a stranger sends a packet of IPv6 to @m, or to all there */
void do_forge6(struct swarm *s, struct member *m);

/* ---- sim/swarm_sysctls.c */

/** do_neigh_sysctl() - an administrator sets one of neighbours or ARP to some value */
void do_neigh_sysctl(struct swarm *s, struct member *m);
void do_tcp_sysctl(struct swarm *s, struct member *m);
void do_sysctl6(struct swarm *s, struct member *m);
void member_reset_sysctls6(struct member *m);
/** draw_tcp_options() - which ones a host does without: struct member, tcp_options_off */
u32 draw_tcp_options(struct swarm *s);
void member_set_tcp_options(struct member *m);
/** member_reset_tcp_sysctls() - to what they are when all is well */
void member_reset_tcp_sysctls(struct member *m);

/* ---- sim/swarm_streams.c */

void do_stream(struct swarm *s, struct member *m);
void do_churn(struct swarm *s, struct member *m);
void do_knock(struct swarm *s, struct member *m);
void do_kill(struct swarm *s, struct member *m);
/** streams_finish() - nobody waits any more; and how far they are is noted */
void streams_finish(struct swarm *s);
void streams_must_have_moved(struct swarm *s);
/** streams_open_all() - each member to the next one */
void streams_open_all(struct swarm *s);
void streams_must_be_whole(struct swarm *s);
/** streams_must_be_silent() - since @begin was true */
void streams_must_be_silent(struct swarm *s, bool begin);

/* ---- sim/swarm_deeds.c */

/** swarm_deed() - something happens to @m */
void swarm_deed(struct swarm *s, struct member *m);

#endif
