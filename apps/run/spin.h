/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether to look for events once more, and again, before going to sleep.
 *
 * To be woken on a processor that sleeps takes as long as SPIN_NS: whoever spins that long in vain has lost no more than that, and
 * who is told of something meanwhile has gained it.  It is done only where the last sleep was shorter: what is idle stays
 * idle.  And not where a trapped call was answered, whose program the kernel wakes on this very processor.  Where others need
 * the processor that spins (there is only one, or all are busy) what is waited for cannot come: after a spin in vain the next ones
 * are left out, twice as many each time.
 */
#ifndef NETHOOD_RUN_SPIN_H
#define NETHOOD_RUN_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#define SPIN_NS UINT64_C(50000)
#define SPIN_REST_MIN 8U
#define SPIN_REST_MAX 1024U

struct spin {
	bool alone;               /**< there is one processor */
	bool soon;                /**< the last sleep was short */
	bool yields;              /**< somebody was woken here, and waits for this processor */
	unsigned rest, next_rest; /**< short sleeps without a spin: still to come; after the next one in vain */
};

void spin_init(struct spin *s);
/** spin_yield() - the next wait does not spin */
void spin_yield(struct spin *s);
/** spin_pays() - is it worth it now?  Asked once before each wait */
bool spin_pays(struct spin *s);
/** spin_ended() - @hit: something came */
void spin_ended(struct spin *s, bool hit);
/** spin_slept() - for how long, when there was no spin or it was in vain */
void spin_slept(struct spin *s, uint64_t ns);

#endif
