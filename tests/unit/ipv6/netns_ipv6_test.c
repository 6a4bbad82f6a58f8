// SPDX-License-Identifier: BSD-2-Clause
/* net.ipv6: what the variables are in a new namespace, what they take, and a net that finds no memory to begin with. */
#include "nd_world.h"

#include <errno.h>

static const struct {
	const char *key, *value;
	const char *taken[3], *refused[3];
} rows[] = {
	{ "anycast_src_echo_reply", "0", { "1", "255" }, { "256", "-1" } },
	{ "auto_flowlabels", "1", { "0", "3" }, { "4", "-1" } },
	{ "bindv6only", "0", { "1", "255" }, { "256", "-1" } },
	{ "fib_multipath_hash_fields", "7", { "1", "4095" }, { "0", "4096" } },
	{ "fib_multipath_hash_policy", "0", { "3" }, { "4", "-1" } },
	{ "flowlabel_consistency", "1", { "0" }, { "256" } },
	{ "flowlabel_reflect", "0", { "7" }, { "8", "-1" } },
	{ "flowlabel_state_ranges", "0", { "1" }, { "256" } },
	{ "fwmark_reflect", "0", { "1" }, { "256" } },
	{ "idgen_delay", "1", { "0", "4096" }, { "x" } },
	{ "idgen_retries", "3", { "0", "-1" }, { "x" } },
	{ "ip6frag_high_thresh", "4194304", { "16777216" }, { "3145727", "-1" } },
	{ "ip6frag_low_thresh", "3145728", { "0", "4095" }, { "4194305", "-1" } },
	{ "ip6frag_time", "60", { "0", "1" }, { "x" } },
	{ "ip_nonlocal_bind", "0", { "1" }, { "256" } },
	{ "max_dst_opts_length", "2147483647", { "0", "-1" }, { "2147483648" } },
	{ "max_dst_opts_number", "8", { "0", "-8" }, { "2147483648" } },
	{ "max_hbh_length", "2147483647", { "0" }, { "2147483648" } },
	{ "max_hbh_opts_number", "8", { "0", "-8" }, { "2147483648" } },
	{ "mld_max_msf", "64", { "1" }, { "x" } },
};

static void shows(struct world *w, const char *key, const char *value)
{
	char got[64];

	assert_true(nethood_sysctl_get(w->public_net, key, got, sizeof(got)) > 0);
	assert_string_equal(got, value);
}

static void variables_are_the_kernels(void **state)
{
	struct world *w = world_create();
	char key[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *last = rows[i].value;

		snprintf(key, sizeof(key), "net.ipv6.%s", rows[i].key);
		shows(w, key, rows[i].value);
		for (size_t j = 0; j < 3 && rows[i].taken[j]; j++) {
			last = rows[i].taken[j];
			assert_int_equal(nethood_sysctl_set(w->public_net, key, last), 0);
			shows(w, key, last);
		}
		for (size_t j = 0; j < 3 && rows[i].refused[j]; j++) {
			if (!strncmp(rows[i].key, "ip6frag_", 8) && j == 0)
				world_sysctl(w, key, rows[i].value); /* the two thresholds bound each other */
			assert_int_equal(nethood_sysctl_set(w->public_net, key, rows[i].refused[j]), -EINVAL);
		}
		assert_int_equal(nethood_sysctl_set(w->public_net, key, rows[i].value), 0);
	}
	world_destroy(w);
}

/* ------------------------------------------------------------------ without memory */

struct scarce {
	u32 calls, fail_at;
};

static void *scarce_alloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return malloc(size_bytes);
}

static void *scarce_zalloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return calloc(1, size_bytes);
}

static void scarce_free(void *ctx, void *p, size_t size_bytes)
{
	(void)ctx, (void)size_bytes;
	free(p);
}

static bool scarce_fail(void *ctx, const char *site, size_t size_bytes)
{
	struct scarce *s = ctx;

	(void)site, (void)size_bytes;
	return ++s->calls == s->fail_at;
}

static void a_net_begins_or_leaves_nothing(void **state)
{
	struct scarce s = { 0 };
	const struct nethood_allocator memory = { scarce_alloc, scarce_zalloc, scarce_free, scarce_fail, &s, NULL };
	const struct nethood_config config = { .hostname = "test", .memory = &memory, .wall_ns = 1 };
	struct nethood_net *net;
	u32 failed = 0;

	(void)state;
	do {
		s.calls = 0;
		s.fail_at++;
		net = NULL;
		if (nethood_create(&config, &net))
			failed++;
		else
			nethood_free(net);
	} while (s.calls >= s.fail_at);
	assert_true(failed > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_are_the_kernels),
		cmocka_unit_test(a_net_begins_or_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
