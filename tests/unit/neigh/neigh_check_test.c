// SPDX-License-Identifier: BSD-2-Clause
/* The checker speaks when something does not hold: each row plants a lie in a table of two entries. */
#include "neigh_world.h"

static struct neighbour *known(struct world *w, __be32 ip)
{
	struct neighbour *n;

	assert_int_equal(neigh_create(w->arp, &ip, w->dev, &n), 0);
	assert_int_equal(neigh_update(n, PEER_MAC, NUD_REACHABLE, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
	neigh_release(n);
	return n;
}

static void is_dead(struct neighbour *n)
{
	n->dead = 1;
}

static void is_of_the_future(struct neighbour *n)
{
	n->used += NSEC_PER_SEC;
}

static void has_another_key(struct neighbour *n)
{
	n->primary_key[3] ^= 0x80;
}

static void is_worth_something_else(struct neighbour *n)
{
	n->gc_class = NEIGH_GC_PASSIVE & 3U;
}

static void sends_elsewhere(struct neighbour *n)
{
	n->hh_len = ETH_HLEN;
	n->hh_data[HH_DATA_MOD - ETH_HLEN] ^= 0x55;
}

static const struct {
	const char *says;
	void (*lie)(struct neighbour *n);
	u32 entries; /**< that it is planted in */
} rows[] = {
	{ "an entry in the table is alive", is_dead, 1 },
	{ "an entry in the table is alive", is_dead, 2 },
	{ "nothing was done in the future", is_of_the_future, 1 },
	{ "nothing was done in the future", is_of_the_future, 2 },
	{ "an entry is found by its key, and is the only one with it", has_another_key, 1 },
	{ "an entry is on the list of what it is worth", is_worth_something_else, 2 },
	{ "a ready header goes to the entry's address", sends_elsewhere, 1 },
};

static void each_lie_is_found_by_its_name(void **state)
{
	const __be32 ips[] = { PEER_IP, OTHER_IP };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		for (u32 first = 0; first < 2; first++) { /* whichever of the two the walk meets first */
			struct neighbour *n[2], before[2];
			const char *says;
			struct world w;

			world_init(&w);
			for (u32 k = 0; k < 2; k++)
				n[k] = known(&w, ips[k ^ first]);
			assert_null(nethood_check(w.public_net));
			for (u32 k = 0; k < rows[i].entries; k++) {
				memcpy(&before[k], n[k], sizeof(before[k]));
				rows[i].lie(n[k]);
			}
			says = nethood_check(w.public_net);
			for (u32 k = 0; k < rows[i].entries; k++) {
				if (rows[i].lie == has_another_key)
					has_another_key(n[k]);
				else
					memcpy(n[k], &before[k], sizeof(before[k]));
			}
			if (!says || strcmp(says, rows[i].says) != 0)
				fail_msg("planted: %s; said: %s", rows[i].says, says ?: "nothing");
			assert_null(nethood_check(w.public_net));
			world_fini(&w);
		}
	}
}

/* What was broken by one change is not covered up by the next. */
static void the_first_change_that_broke_something_is_kept(void **state)
{
	struct neighbour *n;
	struct world w;

	(void)state;
	world_init(&w);
	n = known(&w, PEER_IP);
	assert_null(nethood_check_changed(w.public_net)); /* from now on each change is looked at */
	w.net->now -= NSEC_PER_SEC;                       /* and this makes all that was done future */
	assert_int_equal(neigh_update(n, NEW_MAC, NUD_STALE, NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE, 0, NULL),
			 0);
	w.net->now += NSEC_PER_SEC;
	assert_int_equal(neigh_update(n, PEER_MAC, NUD_STALE, NEIGH_UPDATE_F_ADMIN | NEIGH_UPDATE_F_OVERRIDE, 0, NULL),
			 0);
	assert_string_equal(w.net->neigh->broken, "nothing was done in the future");
	assert_string_equal(nethood_check_changed(w.public_net), "nothing was done in the future");
	w.net->neigh->broken = NULL;
	assert_null(nethood_check(w.public_net));
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_lie_is_found_by_its_name),
		cmocka_unit_test(the_first_change_that_broke_something_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
