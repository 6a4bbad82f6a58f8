// SPDX-License-Identifier: BSD-2-Clause
/* Streams of a swarm: what programs do with them in a storm, and what must have become of them after it. */
#include "swarm_internal.h"

#define STALE_FRAMES_MAX 400U
#define RTO_MAX_S 120U /* RFC 6298 2.5, and Linux's */

/* ------------------------------------------------------------------ the storm */

static struct stream_plan draw_plan(struct swarm *s)
{
	static const u32 sizes[] = { 300, 3000, 30000, 300000 };
	struct stream_plan plan = { .manner = (enum stream_manner)pick(s, STREAM_MANNERS) };

	plan.len_bytes = 12 + pick(s, sizes[pick(s, ARRAY_SIZE(sizes))]);
	plan.write_bytes = pick(s, 4) ? 0 : 1 + pick(s, 2000);
	plan.read_bytes = pick(s, 4) ? 0 : 1 + pick(s, 2000);
	if (has(s, F_SLOW)) {
		plan.client_ms = pick(s, 2) * (1 + pick(s, 3000));
		plan.server_ms = pick(s, 2) * (1 + pick(s, 3000));
	}
	plan.keepalive = pick(s, 4) == 3;
	plan.six = has(s, F_IP6) && pick(s, 2);
	return plan;
}

void do_stream(struct swarm *s, struct member *m)
{
	const struct member *to = any_member(s);
	struct stream_plan plan = draw_plan(s);

	if (to != m)
		(void)stream_open(&m->app, &to->app, &plan);
}

/* Many short ones, to one server. */
void do_churn(struct swarm *s, struct member *m)
{
	const struct member *to = any_member(s);
	struct stream_plan plan = { .manner = (enum stream_manner)pick(s, STREAM_MANNERS), .len_bytes = pick(s, 200) };

	plan.six = has(s, F_IP6) && pick(s, 2);
	for (u32 n = 1 + pick(s, 30); n && to != m; n--)
		(void)stream_open(&m->app, &to->app, &plan);
}

void do_knock(struct swarm *s, struct member *m)
{
	const struct member *to = any_member(s);

	if (to != m)
		stream_knock(&m->app, &to->app);
}

/* The programs of @m die, and are started again. */
void do_kill(struct swarm *s, struct member *m)
{
	(void)s;
	member_start_programs(m);
}

/* ------------------------------------------------------------------ the quiet after it */

static u64 frames_sent(const struct swarm *s)
{
	u64 count = 0;

	for (u32 i = 0; i < s->world.segment_count; i++)
		count += s->world.segment[i]->sent_count;
	return count;
}

void streams_finish(struct swarm *s)
{
	for (u32 i = 0; i < s->streams.count; i++) {
		struct stream_record *r = &s->streams.record[i];
		bool held;

		r->moved_before = stream_moved(r, &s->member[r->from].app, &s->member[r->to].app, &held);
	}
	for (u32 i = 0; i < s->member_count; i++)
		stream_finish(&s->member[i].app);
}

/** stands_still() - the first stream, before those of the quiet, that both ends hold and that has not moved; UINT32_MAX: none */
static u32 stands_still(const struct swarm *s)
{
	for (u32 i = 0; i < s->quiet_first_stream; i++) {
		const struct stream_record *r = &s->streams.record[i];
		bool held;

		if (stream_moved(r, &s->member[r->from].app, &s->member[r->to].app, &held) == r->moved_before && held)
			return i;
	}
	return UINT32_MAX;
}

/* RFC 9293 3.8.1: whoever waits for the other asks after the longest timeout at the latest, and once more if that question
 * went to where a neighbour had been. */
void streams_must_have_moved(struct swarm *s)
{
	const struct stream_record *r;
	u32 still;

	if (s->streams.any_octets || stands_still(s) == UINT32_MAX)
		return;
	if (!sim_run(&s->world, s->world.now_ns + RTO_MAX_S * SIM_NSEC_PER_SEC, 0))
		return;
	still = stands_still(s);
	if (still == UINT32_MAX)
		return;
	r = &s->streams.record[still];
	sim_broken(&s->world, "stream %u of %s to %s stands still, %u s after the last fault", still,
		   s->member[r->from].host->name, s->member[r->to].host->name, QUIET_S + RTO_MAX_S);
}

void streams_open_all(struct swarm *s)
{
	s->quiet_first_stream = s->streams.count;
	for (u32 i = 0; i < s->member_count; i++) {
		struct stream_plan plan = { .manner = pick(s, 2) ? STREAM_ONE_WAY : STREAM_HALF_CLOSE };

		plan.len_bytes = 12 + pick(s, pick(s, 4) ? 20000 : 400000);
		plan.six = has(s, F_IP6) && pick(s, 2);
		(void)stream_open(&s->member[i].app, &s->member[(i + 1) % s->member_count].app, &plan);
	}
}

void streams_must_be_whole(struct swarm *s)
{
	for (u32 i = s->quiet_first_stream; i < s->streams.count; i++) {
		const struct stream_record *r = &s->streams.record[i];

		if (!r->whole)
			sim_broken(&s->world, "%s cannot talk in a stream with %s, in the quiet",
				   s->member[r->from].host->name, s->member[r->to].host->name);
	}
}

/* When nobody has anything to say, the wires are silent but for those who ask for the dead. */
void streams_must_be_silent(struct swarm *s, bool begin)
{
	if (!begin && frames_sent(s) - s->quiet_frames > STALE_FRAMES_MAX * s->member_count)
		sim_broken(&s->world, "nobody has anything to say, and %llu frames say it",
			   (unsigned long long)(frames_sent(s) - s->quiet_frames));
	s->quiet_frames = frames_sent(s);
}
