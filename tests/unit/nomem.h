/* SPDX-License-Identifier: BSD-2-Clause */
/* Each allocation of a scene fails: the Nth for N = 1, 2 ... until none is left to fail, once, and for ever from N on. */
#ifndef NETHOOD_TESTS_NOMEM_H
#define NETHOOD_TESTS_NOMEM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/types.h"

/** struct nomem - which allocation fails; a world's allocator asks nomem_fails() */
struct nomem {
	u32 calls;   /**< allocations while it is on */
	u32 fail_at; /**< 0: none fails */
	bool for_ever, on;
	u32 failed;
	const char *site; /**< the first that failed */
};

static inline bool nomem_fails(struct nomem *m, const char *site)
{
	if (!m || !m->on)
		return false;
	m->calls++;
	if (!m->fail_at || (m->for_ever ? m->calls < m->fail_at : m->calls != m->fail_at))
		return false;
	m->failed++;
	if (!m->site)
		m->site = site;
	return true;
}

/** nomem_play - makes its world, sets m->on while allocations may fail, then does the same with memory, ends its world.
 *  Return: what must be the same however often memory failed before */
typedef u64 (*nomem_play)(struct nomem *m, const void *arg);

/** nomem_each() - Return: how many allocations failed */
static inline u32 nomem_each(const char *sentence, nomem_play play, const void *arg)
{
	struct nomem m = { 0 };
	u64 says = play(&m, arg);
	u32 failed = 0, n = 0, failed_now;

	assert_true(m.calls > 0);
	do {
		n++;
		failed_now = 0;
		for (int for_ever = 0; for_ever < 2; for_ever++) {
			m = (struct nomem){ .fail_at = n, .for_ever = for_ever };
			if (play(&m, arg) != says)
				fail_msg("%s: allocation %u (%s) failed%s, and with memory it is not as before",
					 sentence, n, m.site, for_ever ? " and all that followed" : "");
			failed_now += m.failed;
		}
		failed += failed_now;
	} while (failed_now);
	print_message("%s: %u allocations, %u failures\n", sentence, n - 1, failed);
	return failed;
}

#endif
