/* SPDX-License-Identifier: BSD-2-Clause */
/* At most so many in so much time.  @linux struct ratelimit_state */
#ifndef NETHOOD_BASE_RATELIMIT_H
#define NETHOOD_BASE_RATELIMIT_H

#include "base/types.h"

struct ratelimit_state {
	ktime_t interval, begin;
	u32 burst_count, printed_count;
	u64 missed_count; /**< asked for and refused, ever */
};

static inline void ratelimit_init(struct ratelimit_state *rs, ktime_t interval, u32 burst_count)
{
	*rs = (struct ratelimit_state){ .interval = interval, .begin = INT64_MIN, .burst_count = burst_count };
}

/** ratelimit() - @return true if it may happen now */
static inline bool ratelimit(struct ratelimit_state *rs, ktime_t now)
{
	if (rs->begin == INT64_MIN || now - rs->begin >= rs->interval) {
		rs->begin = now;
		rs->printed_count = 0;
	}
	if (rs->printed_count < rs->burst_count) {
		rs->printed_count++;
		return true;
	}
	rs->missed_count++;
	return false;
}

#endif
