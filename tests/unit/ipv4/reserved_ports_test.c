// SPDX-License-Identifier: BSD-2-Clause
/* net.ipv4.ip_local_reserved_ports: lists, right and wrong, with the kernel's answers; nobody is given such a port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "nethood/nethood.h"

#define FILE_PATH "sys/net/ipv4/ip_local_reserved_ports"

static struct nethood_net *net_new(void)
{
	const struct nethood_config cfg = { .random_key = { 7 }, .now_ns = 1000000000ULL };
	struct nethood_net *net;

	assert_int_equal(nethood_create(&cfg, &net), 0);
	return net;
}

static int keep(void *ctx, const char *text, size_t len)
{
	snprintf(ctx, 300, "%.*s", (int)len, text);
	return 0;
}

static int written(struct nethood_net *net, const char *path, const char *text)
{
	return nethood_proc_write(net, path, text, strlen(text));
}

static const struct {
	const char *sentence, *list;
	int err;
	const char *shown; /* afterwards; one row after the other */
} rows[] = {
	{ "nothing is reserved", "", 0, "\n" },
	{ "ports and a range", "8080,9148,10000-10010\n", 0, "8080,9148,10000-10010\n" },
	{ "neighbours become a range", "5,6,7", 0, "5-7\n" },
	{ "too large a number", "65536", -EINVAL, "5-7\n" },
	{ "a range backwards", "10-5", -EINVAL, "5-7\n" },
	{ "a word at the end", "1,2,x", -EINVAL, "5-7\n" },
	{ "two numbers without a comma", "1 2", -EINVAL, "5-7\n" },
	{ "nothing at all changes nothing", "", 0, "5-7\n" },
	{ "an empty line empties it", "\n", 0, "\n" },
	{ "a gap", "1,,2", -EINVAL, "\n" },
	{ "the last port", "65535", 0, "65535\n" },
	{ "from the first one on", "0-3", 0, "0-3\n" },
	{ "a sign", "-3", -EINVAL, "0-3\n" },
	{ "half a range", "1-", -EINVAL, "0-3\n" },
	{ "hexadecimal", "0x10", 0, "16\n" },
	{ "all of them", "0-65535", 0, "0-65535\n" },
};

static void test_lists(void **state)
{
	struct nethood_net *net = net_new();
	char text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int err = written(net, FILE_PATH, rows[i].list);

		assert_int_equal(nethood_proc_read(net, FILE_PATH, keep, text), 0);
		if (err != rows[i].err || strcmp(text, rows[i].shown) != 0)
			fail_msg("%s: %d \"%s\"", rows[i].sentence, err, text);
	}
	nethood_free(net);
}

/* What could not be shown is not kept. */
static void test_too_long(void **state)
{
	struct nethood_net *net = net_new();
	char list[400] = "1", text[300];

	(void)state;
	for (int port = 10001; strlen(list) < 300; port += 2)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), ",%d", port);
	assert_int_equal(written(net, FILE_PATH, list), -EINVAL);
	assert_int_equal(nethood_proc_read(net, FILE_PATH, keep, text), 0);
	assert_string_equal(text, "\n");
	nethood_free(net);
}

static int port_given(struct nethood_sock *sk)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int err = nethood_bind(sk, (struct sockaddr *)&sin, sizeof(sin));

	if (err)
		return err;
	assert_int_equal(nethood_getsockname(sk, (struct sockaddr *)&sin, &len), 0);
	return ntohs(sin.sin_port);
}

static void test_nobody_is_given_one(void **state)
{
	struct nethood_net *net = net_new();
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(40001) };
	struct nethood_sock *sk[3];

	(void)state;
	assert_int_equal(written(net, "sys/net/ipv4/ip_local_port_range", "40000 40003"), 0);
	assert_int_equal(written(net, FILE_PATH, "40000-40002"), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(nethood_socket(net, AF_INET, SOCK_DGRAM, 0, &sk[i]), 0);
	assert_int_equal(port_given(sk[0]), 40003);
	assert_int_equal(port_given(sk[1]), -EADDRINUSE);
	assert_int_equal(nethood_bind(sk[2], (struct sockaddr *)&sin, sizeof(sin)), 0); /* who asks gets it */
	for (int i = 0; i < 3; i++)
		nethood_close(sk[i]);
	nethood_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_nobody_is_given_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
