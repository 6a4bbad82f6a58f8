// SPDX-License-Identifier: BSD-2-Clause
/* How much a birth in a full table may do: a number of steps that does not depend on the table's size.
 *
 * It looks at few entries, one goes, one listener's call tells of it, nothing is moved, and no memory is asked for that
 * is larger than what happened to one neighbour.
 */
#include "neigh_world.h"

#include "neigh/neigh_history.h"

#define LOOKED_AT 16U /* entries of one list, at most */

static __be32 ip_of(u32 i)
{
	return cpu_to_be32(0x0a4e0000U + i);
}

/* Return: the entry, which the table alone holds; NULL: there is no room */
static struct neighbour *birth(struct world *w, u32 i, u8 nud_state)
{
	__be32 ip = ip_of(i);
	struct neighbour *n;

	if (neigh_create(w->arp, &ip, w->dev, &n))
		return NULL;
	assert_int_equal(neigh_update(n, PEER_MAC, nud_state, NEIGH_UPDATE_F_OVERRIDE, 0, NULL), 0);
	neigh_release(n);
	return n;
}

static void room_for(struct world *w, u32 count)
{
	world_init(w);
	w->arp->gc_thresh2 = w->arp->gc_thresh3 = count;
}

static void a_birth_in_a_full_table_is_as_much_work_at_any_size(void **state)
{
	(void)state;
	for (u32 count = 100; count <= 51200; count *= 8) {
		struct world w;

		room_for(&w, count);
		for (u32 i = 0; i < count + 2 * NEIGH_HISTORIES_MAX; i++)
			assert_non_null(birth(&w, i, NUD_STALE));
		w.fail_above_bytes = sizeof(struct neigh_history);
		for (u32 i = 0; i < 1000; i++) {
			u64 born = w.arp->stats.allocs, gone = w.arp->stats.destroys;
			u32 asked = w.alloc_count, slots = w.arp->hash.old_next;

			w.told_count = 0;
			assert_non_null(birth(&w, count + 2 * NEIGH_HISTORIES_MAX + i, NUD_STALE));
			assert_int_equal(w.arp->stats.allocs, born + 1);
			assert_int_equal(w.arp->stats.destroys, gone + 1);
			assert_int_equal(w.told_count, 2); /* of the one that came, and of the one that went */
			assert_int_equal(w.arp->hash.old_next, slots);
			assert_in_range(w.alloc_count - asked, 0, 3);
			rcu_quiescent(&w.net->rcu);
		}
		assert_int_equal(w.arp->gc_entries_count, count);
		w.fail_above_bytes = 0;
		world_fini(&w);
	}
}

/* One that may go is found behind fewer than so many that may not, and not behind so many. */
static void it_looks_at_no_more_than_a_few(void **state)
{
	(void)state;
	for (u32 held = LOOKED_AT - 2; held <= LOOKED_AT + 2; held++) {
		struct neighbour *n[LOOKED_AT + 2];
		struct world w;

		room_for(&w, held + 1);
		for (u32 i = 0; i < held; i++) {
			n[i] = birth(&w, i, NUD_STALE);
			assert_non_null(n[i]);
			neigh_get(n[i]);
		}
		assert_non_null(birth(&w, held, NUD_STALE));
		assert_int_equal(birth(&w, held + 1, NUD_STALE) != NULL, held < LOOKED_AT);
		for (u32 i = 0; i < held; i++)
			neigh_release(n[i]);
		world_fini(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_birth_in_a_full_table_is_as_much_work_at_any_size),
		cmocka_unit_test(it_looks_at_no_more_than_a_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
