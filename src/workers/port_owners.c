// SPDX-License-Identifier: BSD-2-Clause
/* Who has which port, of several workers.  Each port is one word, changed by compare and exchange. */
#include <errno.h>

#include "workers/port_owners.h"

int port_claim(struct port_owners *po, enum net_port_space space, u16 port, u32 worker, bool shared)
{
	u32 *word = &po->owners[space][port], self = 1U << worker;
	u32 old = __atomic_load_n(word, __ATOMIC_RELAXED), now;

	do {
		bool alone = !(old & ~(self | PORT_SHARED));

		if (!alone && !(shared && (old & PORT_SHARED)))
			return -EADDRINUSE;
		/* one that does not share, beside others of this worker that do, keeps other workers away */
		now = old | self;
		if (!old && shared)
			now |= PORT_SHARED;
		else if (!shared)
			now &= ~PORT_SHARED;
	} while (!__atomic_compare_exchange_n(word, &old, now, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	return 0;
}

void port_release(struct port_owners *po, enum net_port_space space, u16 port, u32 worker)
{
	u32 *word = &po->owners[space][port], self = 1U << worker;
	u32 old = __atomic_load_n(word, __ATOMIC_RELAXED), now;

	do {
		now = old & ~self;
		if (now == PORT_SHARED)
			now = 0;
	} while (!__atomic_compare_exchange_n(word, &old, now, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
}

u32 port_owners(const struct port_owners *po, enum net_port_space space, u16 port)
{
	return __atomic_load_n(&po->owners[space][port], __ATOMIC_ACQUIRE) & ~PORT_SHARED;
}
