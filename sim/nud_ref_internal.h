/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two files of the reference know of each other. */
#ifndef NETHOOD_SIM_NUD_REF_INTERNAL_H
#define NETHOOD_SIM_NUD_REF_INTERNAL_H

#include <linux/neighbour.h>
#include <sys/socket.h> /* AF_* */

#include "nud_ref.h"

#define MSEC_NS 1000000LL
#define NOT_DUE INT64_MIN
#define REF_SEGMENTS 16384U /* of TCP that left, and are remembered for the same reason */
#define REF_VOUCHES 32U     /* that are remembered: what came of them shows at the next event of an entry */

/** struct ref_parms - of a device, as sysctl(8) shows them */
struct ref_parms {
	struct ref_parms *next;
	u8 family; /**< AF_INET, AF_INET6 */
	int ifindex;
	char dev[16];
	bool outdated;
	s64 reachable_ns; /**< drawn by the net, told by it */
	s64 base_ns, retrans_ns, delay_ns, lock_ns;
	s64 ucast, mcast, app, remcast;
	const struct ref_entry *gateway; /**< to which the last packet went that was not for its neighbour itself */
};

enum question { ASK_NOBODY, ASK_ONE, ASK_ALL };

/** struct ref_state - what the reference believes of an entry */
struct ref_state {
	u8 nud, flags, ext;
	u8 ha[8];
	u32 probes;
	s64 confirmed, used, updated;
	s64 due; /**< when its timer fires; NOT_DUE: there is none */
};

struct ref_entry {
	struct ref_entry *next; /**< in its slot */
	struct ref_entry *owing;
	const void *id;
	struct ref_parms *parms;
	u8 key[16], type; /**< @key: of IPv4, the first four */
	struct ref_state s;
	struct ref_state before; /**< the update that is under way */
	enum question owed;      /**< must leave before the net rests */
	bool on_owing_list;
	bool unable; /**< nobody could ask when it was due */
	bool newborn, updating, refused;
	int err; /**< of the update that is under way */
};

/** struct ref_arp - the last ARP packet that came in */
struct ref_arp {
	int ifindex; /**< 0: none did */
	bool to_all, reply, garp_like;
	u8 sha[6], sip[4], tip[4];
};

/** struct ref_nd - the frame that came in last, if it is a message of ND */
struct ref_nd {
	int ifindex; /**< 0: it is none */
	u8 type, flags;
	bool has_ha, host; /**< @host: a redirect to the destination itself */
	u8 about[16], ha[6];
};

/** struct ref_segment - a TCP segment left: whom it went to may have been vouched for */
struct ref_segment {
	s64 at;
	u8 ha[6];
};

struct nud_ref {
	struct nud_ref_config config;
	struct nethood_allocator memory; /**< config.memory points here, or nowhere */
	struct ref_parms *parms;
	struct ref_entry **slot;
	u32 slots, entries;
	struct ref_entry *owing;
	struct ref_arp arp;
	struct ref_nd nd;
	s64 vouched_at[REF_VOUCHES]; /**< when programs were about to vouch for somebody; NOT_DUE: never */
	u32 vouch_count;
	struct ref_segment *segment; /**< the last REF_SEGMENTS of them; NULL: none left */
	u32 segment_count;
	s64 tcp_came_at; /**< first TCP segment with an ACK; NOT_DUE: none.  Before it nobody can be vouched for by one */
	bool excused, slow, broken;
	bool no_room; /**< ND's table had none for an entry, since the net has rested */
	struct nud_ref_count count;
};

static inline u32 ref_key_bytes(u8 family)
{
	return family == AF_INET ? 4 : 16;
}

static inline const char *ref_all_word(u8 family)
{
	return family == AF_INET ? "broadcast" : "multicast";
}

/* ---- nud_ref.c */
/** ref_same() - or it is broken */
bool ref_same(struct nud_ref *r, const struct ref_entry *e, const struct nethood_neigh_event *ev, const char *what,
	      s64 is, s64 expected);

/* ---- nud_ref_wire.c */
/** ref_check_news() - a frame came, and the net says of it: that */
void ref_check_news(struct nud_ref *r, const struct ref_entry *e, const struct nethood_neigh_event *ev);

/* ---- nud_ref_table.c: entries and parameters */
/** ref_broken() - the first sentence is told; what follows from it is not worth telling */
__printf(3, 4) void ref_broken(struct nud_ref *r, const struct ref_entry *e, const char *fmt, ...);
const char *ref_state_word(u8 state);
/** ref_read_parms() - the sysctls of its device, as they are now */
void ref_read_parms(struct nud_ref *r, struct ref_parms *p);
/** ref_parms_of() - of a device, which may be new */
struct ref_parms *ref_parms_of(struct nud_ref *r, int family, int ifindex, const char *dev);
/** ref_find() - @id NULL: the youngest one; NULL: there is none */
struct ref_entry *ref_find(const struct nud_ref *r, int family, int ifindex, const u8 *key, const void *id);
/** ref_segment_left() - to @ha */
void ref_segment_left(struct nud_ref *r, s64 now, const u8 *ha);
/** ref_add() - an entry, zeroed but for these */
struct ref_entry *ref_add(struct nud_ref *r, struct ref_parms *p, const u8 *key, const void *id);
/** ref_is_valid() - may its address be used? */
static inline bool ref_is_valid(u8 nud)
{
	return nud & (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY);
}
/** ref_is_there() - is a neighbour at @ha to which a packet may leave: @addr itself, or one that is a gateway to it?
 *  Not a STALE one: whoever sends to it has begun to doubt it before.
 *  O(1), unless the gateway is another one than last time */
bool ref_is_there(struct nud_ref *r, struct ref_parms *p, const u8 *addr, const u8 *ha);
void ref_forget(struct nud_ref *r, struct ref_entry *gone);

#endif
