/* SPDX-License-Identifier: BSD-2-Clause */
/* A simulated world: hosts that are real nets, segments between them, one virtual clock, one tape of choices.
 *
 * Nothing here calls the system but for memory.  The same choices give the same world, event by event: trace_hash says
 * so.  A world is used by one thread.
 */
#ifndef NETHOOD_SIM_WORLD_H
#define NETHOOD_SIM_WORLD_H

#include "base/types.h"
#include "choice.h"
#include "event.h"
#include "nethood/nethood.h"

#define SIM_NSEC_PER_SEC 1000000000ULL
#define SIM_NSEC_PER_MSEC 1000000ULL
#define SIM_MAC_BYTES 6
#define SIM_FRAME_MAX_BYTES 65600U
#define SIM_STREAM_WORLD 0U /**< of choices: the world's own; those of hosts and segments follow */

struct sim_host;
struct sim_segment;
struct sim_world;
struct nud_ref;

/* ------------------------------------------------------------------ frames and segments */

/** struct sim_frame - on its way to one or more ports */
struct sim_frame {
	u64 id;
	u32 refcnt, len_bytes;
	bool damaged; /**< not as it was sent */
	u8 data[];
};

#define SIM_WORKERS_MAX 3U /**< of a host */

/** struct sim_faults - what a segment does to frames; zero: nothing, at once */
struct sim_faults {
	u32 loss_ppm;
	u32 burst_ppm, burst_frames; /**< that a burst begins; how many frames it takes at most */
	u32 dup_ppm;
	u32 corrupt_ppm; /**< some bits flipped */
	u32 mend_ppm;    /**< of the corrupted ones: the IPv4 checksums made right again */
	u32 truncate_ppm;
	u32 mark_ppm;    /**< told that there is congestion, where it may be: RFC 3168 */
	u32 delay_us;    /**< of each frame */
	u32 jitter_us;   /**< more, at random: frames overtake each other */
	u64 rate_bps;    /**< bits per second that one port sends; 0: no limit */
	u32 queue_bytes; /**< that may wait at a port for its turn; more is lost */
	u32 hole_bytes;  /**< longer packets vanish without a word; 0: none do */
};

enum sim_segment_kind { SIM_WIRE, SIM_HUB, SIM_SWITCH };

/** struct sim_port - where a device of a host meets a segment */
struct sim_port {
	struct sim_host *host;
	struct nethood_dev *dev;                         /**< NULL: unplugged for good */
	struct nethood_dev *worker_dev[SIM_WORKERS_MAX]; /**< of each worker; the first is @dev */
	struct sim_segment *segment;
	u32 index; /**< in the segment */
	u8 mac[SIM_MAC_BYTES];
	bool deaf, mute; /**< a partition, in one direction */
	u32 side;        /**< of a partition: frames reach only ports of the same side */
	bool unplugged;
	bool busy;                 /**< its driver takes nothing until it says so */
	u8 old_mac[SIM_MAC_BYTES]; /**< of what waited in its queue when the MAC was changed; 0: none */
	u64 busy_until_ns;
	u64 sent_count, received_count; /**< frames */
};

#define SIM_FDB_SLOTS 64U /**< stations that a switch remembers, unless it is told otherwise */

struct sim_segment {
	struct sim_world *world;
	u32 id, stream;
	enum sim_segment_kind kind;
	struct sim_faults faults;
	struct sim_port **port;
	u32 port_count, port_room;
	u32 burst_left;
	struct sim_fdb_entry {
		u8 mac[SIM_MAC_BYTES];
		u32 port;
		u64 seen_ns; /**< 0: empty */
	} * fdb;             /**< of a switch; NULL until it has learned a station */
	u32 fdb_slots;       /**< may be changed until then */
	u64 sent_count, delivered_count, lost_count, duplicated_count, damaged_count;
};

/* ------------------------------------------------------------------ hosts */

/** struct sim_clock - a host's own: how it differs from the world's */
struct sim_clock {
	u64 offset_ns;
	s32 drift_ppb;
};

#define SIM_HOST_PORTS 4U

/** struct sim_host - one net */
struct sim_host {
	struct sim_world *world;
	u32 id, stream;
	char name[24];
	struct nethood_net *net;
	struct nethood_workers *workers;                 /**< NULL: @net is the whole host */
	struct nethood_net *worker_net[SIM_WORKERS_MAX]; /**< the first is @net */
	u32 worker_count;
	struct nethood_sock *admin; /**< AF_NETLINK */
	struct sim_clock clock;
	struct sim_port port[SIM_HOST_PORTS];
	u32 port_count;
	u64 wake_ns; /**< when it is polled next, by the world's clock; UINT64_MAX: not at all */
	u32 alloc_fail_ppm;
	u32 busy_ppm;     /**< that a driver takes no frame now */
	bool slow_driver; /**< it may be, or was */
	bool forwards;    /**< a router: it sends others' packets */
	bool touched;     /**< in this event */
	enum nethood_profile profile;
	u64 log_lines, poll_count;
	u32 admin_seq;
	struct nud_ref *nud; /**< steps along with its neighbours, if the world has a reference */
	void *work;          /**< of the workload */
};

/* ------------------------------------------------------------------ the world */

/** what a world tells those who watch */
struct sim_watch {
	void *ctx;
	/** a frame begins its way (NULL port: it is lost, @why), or arrives */
	void (*frame)(void *ctx, const struct sim_segment *seg, const struct sim_port *port, const struct sim_frame *f,
		      const char *what);
	void (*log)(void *ctx, const struct sim_host *host, const char *line);
	/** something happens to a neighbour of @host; only where the world has a reference */
	void (*neigh)(void *ctx, const struct sim_host *host, const struct nethood_neigh_event *event);
	/** a packet dies in a host */
	void (*drop)(void *ctx, const struct sim_host *host, const struct nethood_hop *hop);
	void (*end)(void *ctx); /**< of the world: nothing more will be told */
	/** of each host's flight recorder; 0: none.  And the host's net is about to end */
	size_t record_bytes;
	void (*net_ends)(void *ctx, const struct sim_host *host);
};

struct sim_world {
	struct choices *choices;
	u64 now_ns;
	u64 trace_hash, event_count, frame_id;
	u64 check_every; /**< events between two checks of all that a host has; after each event: what it changed */
	struct event_queue events;
	struct sim_host **host;
	u32 host_count, host_room;
	struct sim_host **touched; /**< by this event; as much room as host */
	u32 touched_count;
	struct sim_segment **segment;
	u32 segment_count, segment_room;
	u32 stream_count;
	u8 mac_serial[4];
	bool calm;      /**< the second phase: no more faults */
	bool reference; /**< each host that is made has a nud_ref */
	const struct sim_watch *watch;
	/** what is wrong with a frame that @h sends, for those who know its addresses; may be NULL */
	const char *(*frame_wrong)(const struct sim_host *h, const u8 *frame, u32 len_bytes);
	/** a frame reaches @h; may be NULL */
	void (*frame_in)(const struct sim_host *h, const u8 *frame, u32 len_bytes);
	char broken[256]; /**< the first thing that did not hold; "": all did */
};

void sim_world_init(struct sim_world *w, struct choices *choices, const struct sim_watch *watch);
/** sim_world_end() - all nets are freed, which asserts that each is at zero */
void sim_world_end(struct sim_world *w);
/** sim_run() - until @until_ns, or something breaks, or @events more have happened (0: any number).  Return: nothing broke */
bool sim_run(struct sim_world *w, u64 until_ns, u64 events);
/** sim_broken() - something does not hold; the first one counts */
__printf(2, 3) void sim_broken(struct sim_world *w, const char *fmt, ...);
/** sim_calm() - the second phase: faults end, cables are mended */
void sim_calm(struct sim_world *w);
/** sim_hash_of() - of @before and then @data */
u64 sim_hash_of(u64 before, const void *data, size_t len_bytes);
/** sim_hash() - into the trace */
void sim_hash(struct sim_world *w, const void *data, size_t len_bytes);

struct sim_segment *sim_segment_create(struct sim_world *w, enum sim_segment_kind kind,
				       const struct sim_faults *faults);
/** sim_plug() - one more device of @host, on @seg; NULL: it has as many as it may.  @mac NULL: one of its own */
struct sim_port *sim_plug(struct sim_host *host, struct sim_segment *seg, const u8 *mac);
void sim_set_plugged(struct sim_port *port, bool plugged);

/** struct sim_host_config - what is special about a host; zero: nothing */
struct sim_host_config {
	const char *name; /**< NULL: "hN" */
	enum nethood_profile profile;
	struct sim_clock clock;
	u32 alloc_fail_ppm;
	u32 workers; /**< 0: 1 */
};
struct sim_host *sim_host_create(struct sim_world *w, const struct sim_host_config *config);
/** sim_host_reboot() - all is lost but the cables */
void sim_host_reboot(struct sim_host *h);
/** sim_host_check_workers() - all has been quiet for long: followers have the leader's routes and addresses */
void sim_host_check_workers(struct sim_host *h);
/** sim_host_check_empty() - nobody uses it, its links are down: it holds no packet, and its devices counted what left */
void sim_host_check_empty(struct sim_host *h);
/** sim_host_jump() - its clock: the machine slept */
void sim_host_jump(struct sim_host *h, u64 ns);
/** sim_host_end_net() - whoever watches is told, and it is freed */
void sim_host_end_net(struct sim_host *h);
/** sim_host_any() - a number below that of its workers: at which a frame comes in, on which a socket is made */
u32 sim_host_any(struct sim_host *h);
/** sim_host_poll() - something was done to its net: let it do what is due */
void sim_host_poll(struct sim_host *h);
/** sim_host_now() - by its own clock */
u64 sim_host_now(const struct sim_host *h);
/** sim_host_enter() - before calls of its net: the time, and the allocator's mood */
void sim_host_enter(struct sim_host *h);

/** sim_at() - @fn after @delay_ns */
static inline void sim_after(struct sim_world *w, u64 delay_ns, u32 host, sim_event_fn fn, void *obj, u64 arg)
{
	event_add(&w->events, w->now_ns + delay_ns, host, fn, obj, arg);
}

#endif
