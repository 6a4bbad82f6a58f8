// SPDX-License-Identifier: BSD-2-Clause
/* net.ipv4: what the variables are in a new namespace, what they take, and a net that finds no memory to begin with. */
#include "ip_world.h"

#include <errno.h>

static const struct {
	const char *key, *value;
} defaults[] = {
	{ "fwmark_reflect", "0" },
	{ "icmp_echo_ignore_all", "0" },
	{ "icmp_echo_ignore_broadcasts", "1" },
	{ "icmp_errors_use_inbound_ifaddr", "0" },
	{ "icmp_ignore_bogus_error_responses", "1" },
	{ "icmp_msgs_burst", "50" },
	{ "icmp_msgs_per_sec", "1000" },
	{ "icmp_ratelimit", "1000" },
	{ "icmp_ratemask", "6168" },
	{ "ip_default_ttl", "64" },
	{ "ip_forward", "0" },
	{ "ip_forward_update_priority", "1" },
	{ "ip_forward_use_pmtu", "0" },
	{ "ip_local_port_range", "32768\t60999" },
	{ "ip_no_pmtu_disc", "0" },
	{ "ip_nonlocal_bind", "0" },
	{ "ipfrag_high_thresh", "4194304" },
	{ "ipfrag_low_thresh", "3145728" },
	{ "ipfrag_max_dist", "64" },
	{ "ipfrag_time", "30" },
	{ "ping_group_range", "1\t0" },
	{ "route.error_burst", "1250" },
	{ "route.error_cost", "250" },
	{ "route.min_pmtu", "552" },
	{ "route.mtu_expires", "600" },
};

static const char *key_of(char buf[static 64], const char *key)
{
	snprintf(buf, 64, "net.ipv4.%s", key);
	return buf;
}

static void a_new_namespace_has_the_kernels_values(void **state)
{
	struct world *w = world_create();
	char value[64], key[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++) {
		assert_true(nethood_sysctl_get(w->public_net, key_of(key, defaults[i].key), value, sizeof(value)) > 0);
		assert_string_equal(value, defaults[i].value);
	}
	world_destroy(w);
}

static const struct {
	const char *key, *value;
	int err;
	const char *shown; /* NULL: as before */
} writes[] = {
	{ "ip_default_ttl", "0", -EINVAL, NULL },
	{ "ip_default_ttl", "256", -EINVAL, NULL },
	{ "ip_default_ttl", "255", 0, "255" },
	{ "ip_default_ttl", "many", -EINVAL, NULL },
	{ "icmp_ratelimit", "-1", -EINVAL, NULL },
	{ "icmp_ratemask", "-1", 0, "-1" },
	{ "icmp_echo_ignore_all", "2", -EINVAL, NULL },
	{ "ip_no_pmtu_disc", "3", 0, "3" },
	{ "ip_no_pmtu_disc", "256", -EINVAL, NULL },
	{ "ipfrag_max_dist", "-1", -EINVAL, NULL },
	{ "ipfrag_high_thresh", "100", -EINVAL, NULL }, /* below the lower one */
	{ "ipfrag_low_thresh", "9999999", -EINVAL, NULL },
	{ "ipfrag_low_thresh", "100", 0, "100" },
	{ "ipfrag_high_thresh", "200", 0, "200" },
	{ "ip_local_port_range", "5 4", -EINVAL, NULL },
	{ "ip_local_port_range", "1023 65535", -EINVAL, NULL },
	{ "ip_local_port_range", "1024 65536", -EINVAL, NULL },
	{ "ip_local_port_range", "1024", -EINVAL, NULL },
	{ "ip_local_port_range", "1024 1024 7", -EINVAL, NULL },
	{ "ip_local_port_range", "1024 1024\n", 0, "1024\t1024" },
	{ "ping_group_range", "0 4294967294", 0, "0\t4294967294" },
	{ "ping_group_range", "0 4294967295", -EINVAL, NULL },
	{ "ping_group_range", "5 4", 0, "1\t0" },
	{ "route.min_pmtu", "67", -EINVAL, NULL },
	{ "route.min_pmtu", "68", 0, "68" },
	{ "no_such_thing", "1", -ENOENT, NULL },
};

static void writes_are_judged_as_the_kernel_does(void **state)
{
	struct world *w = world_create();
	char before[64], value[64], key[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		print_message("%s = %s\n", writes[i].key, writes[i].value);
		(void)nethood_sysctl_get(w->public_net, key_of(key, writes[i].key), before, sizeof(before));
		assert_int_equal(nethood_sysctl_set(w->public_net, key, writes[i].value), writes[i].err);
		if (writes[i].err == -ENOENT)
			continue;
		assert_true(nethood_sysctl_get(w->public_net, key, value, sizeof(value)) > 0);
		assert_string_equal(value, writes[i].shown ? writes[i].shown : before);
	}
	world_destroy(w);
}

/* ------------------------------------------------------------------ no memory to begin with */

struct heap {
	u32 calls, fail_at;
};

static void *heap_alloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return malloc(size_bytes);
}

static void *heap_zalloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return calloc(1, size_bytes);
}

static void heap_free(void *ctx, void *p, size_t size_bytes)
{
	(void)ctx, (void)size_bytes;
	free(p);
}

static bool heap_fail(void *ctx, const char *site, size_t size_bytes)
{
	struct heap *h = ctx;

	(void)site, (void)size_bytes;
	return ++h->calls == h->fail_at;
}

static void a_net_that_finds_no_memory_is_none(void **state)
{
	struct heap h = { 0, 0 };
	const struct nethood_allocator memory = { heap_alloc, heap_zalloc, heap_free, heap_fail, &h, NULL };
	const struct nethood_config config = { .memory = &memory };
	struct nethood_net *net;
	int err;

	(void)state;
	do {
		h.calls = 0;
		h.fail_at++;
		err = nethood_create(&config, &net);
		assert_true(err == -ENOMEM || (err == 0 && h.calls < h.fail_at));
	} while (err);
	assert_true(h.fail_at > 20);
	nethood_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_namespace_has_the_kernels_values),
		cmocka_unit_test(writes_are_judged_as_the_kernel_does),
		cmocka_unit_test(a_net_that_finds_no_memory_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
