// SPDX-License-Identifier: BSD-2-Clause
/* Which addresses pass, and who makes the sockets for them. */
#include "bypass.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

static struct in_addr addr(const char *text)
{
	struct in_addr a;

	assert_int_equal(inet_pton(AF_INET, text, &a), 1);
	return a;
}

static const struct {
	const char *says, *prefix;
	uint32_t bits;
	const char *asked;
	bool passes;
} rows[] = {
	{ "the address itself", "192.0.2.7", 32, "192.0.2.7", true },
	{ "the one beside it does not", "192.0.2.7", 32, "192.0.2.6", false },
	{ "the first of a prefix", "127.0.0.0", 8, "127.0.0.0", true },
	{ "the last of a prefix", "127.0.0.0", 8, "127.255.255.255", true },
	{ "the one after it does not", "127.0.0.0", 8, "128.0.0.0", false },
	{ "bits behind the prefix mean nothing", "10.1.2.3", 16, "10.1.255.1", true },
	{ "all", "0.0.0.0", 0, "255.255.255.255", true },
	{ "half of all", "128.0.0.0", 1, "127.255.255.255", false },
};

static void which(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bypass b = { .fd = -1 };
		struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = addr(rows[i].asked) };

		assert_int_equal(bypass_add(&b, addr(rows[i].prefix), rows[i].bits), 0);
		if (bypass_has(&b, &sin, sizeof(sin)) != rows[i].passes)
			fail_msg("%s", rows[i].says);
		assert_false(bypass_has(&b, &sin, sizeof(sin) - 1));
		sin.sin_family = AF_INET6;
		assert_false(bypass_has(&b, &sin, sizeof(sin)));
		b.count = 0;
		sin.sin_family = AF_INET;
		assert_false(bypass_has(&b, &sin, sizeof(sin)));
	}
}

static void limits(void **state)
{
	struct bypass b = { .fd = -1 };

	(void)state;
	assert_int_equal(bypass_add(&b, addr("1.2.3.4"), 33), -EINVAL);
	for (int i = 0; i < BYPASS_PREFIXES; i++)
		assert_int_equal(bypass_add(&b, addr("1.2.3.4"), 32), 0);
	assert_int_equal(bypass_add(&b, addr("1.2.3.4"), 32), -ENOSPC);
	assert_false(bypass_has(NULL, &b, 0));
}

static void sockets(void **state)
{
	struct bypass b = { .fd = -1 };
	int fd, type;
	socklen_t len = sizeof(type);

	(void)state;
	assert_int_equal(bypass_start(&b), 0); /* nothing is to pass: nobody is needed */
	assert_int_equal(b.fd, -1);
	assert_int_equal(bypass_add(&b, addr("127.0.0.0"), 8), 0);
	assert_int_equal(bypass_start(&b), 0);
	fd = bypass_socket(&b, SOCK_DGRAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len), 0);
	assert_int_equal(type, SOCK_DGRAM);
	close(fd);
	assert_int_equal(bypass_socket(&b, SOCK_STREAM, 200), -EPROTONOSUPPORT);
	fd = bypass_socket(&b, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	close(fd);
	bypass_stop(&b);
	assert_int_equal(bypass_socket(&b, SOCK_STREAM, 0), -ENETUNREACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which),
		cmocka_unit_test(limits),
		cmocka_unit_test(sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
