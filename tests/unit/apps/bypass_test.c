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

static struct netaddr addr(const char *text)
{
	struct netaddr a;

	assert_true(netaddr_parse(text, &a));
	return a;
}

static socklen_t name_of(const char *text, struct sockaddr_storage *name)
{
	struct netaddr a = addr(text);
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_addr = a.v6 };
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = a.v4 };
	socklen_t len = a.family == AF_INET6 ? sizeof(sin6) : sizeof(sin);

	memcpy(name, a.family == AF_INET6 ? (void *)&sin6 : (void *)&sin, len);
	return len;
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
	{ "an address of the other family does not", "0.0.0.0", 0, "::1", false },
	{ "nor does this one", "::", 0, "127.0.0.1", false },
	{ "the last of an IPv6 prefix", "2001:db8::", 33, "2001:db8:7fff::", true },
	{ "the one after it does not", "2001:db8::", 33, "2001:db8:8000::", false },
	{ "an IPv6 address itself", "::1", 128, "::1", true },
	{ "a mapped address is the IPv4 one", "127.0.0.0", 8, "::ffff:127.0.0.1", true },
	{ "and is in no IPv6 prefix", "::", 0, "::ffff:127.0.0.1", false },
};

static void which(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bypass b = { .fd = -1 };
		struct netaddr prefix = addr(rows[i].prefix);
		struct sockaddr_storage name;
		socklen_t len = name_of(rows[i].asked, &name);

		assert_int_equal(bypass_add(&b, &prefix, rows[i].bits), 0);
		if (bypass_has(&b, &name, len) != rows[i].passes)
			fail_msg("%s", rows[i].says);
		assert_false(bypass_has(&b, &name, len - 1));
		b.count = 0;
		assert_false(bypass_has(&b, &name, len));
		name.ss_family = AF_UNIX;
		b.count = 1;
		assert_false(bypass_has(&b, &name, len));
	}
}

static void limits(void **state)
{
	struct bypass b = { .fd = -1 };
	struct netaddr v4 = addr("1.2.3.4"), v6 = addr("::1");

	(void)state;
	assert_int_equal(bypass_add(&b, &v4, 33), -EINVAL);
	assert_int_equal(bypass_add(&b, &v6, 129), -EINVAL);
	for (int i = 0; i < BYPASS_PREFIXES; i++)
		assert_int_equal(bypass_add(&b, &v4, 32), 0);
	assert_int_equal(bypass_add(&b, &v4, 32), -ENOSPC);
	assert_false(bypass_has(NULL, &b, 0));
}

static void sockets(void **state)
{
	struct bypass b = { .fd = -1 };
	struct netaddr loopback = addr("127.0.0.0");
	int fd, type;
	socklen_t len = sizeof(type);

	(void)state;
	assert_int_equal(bypass_start(&b), 0); /* nothing is to pass: nobody is needed */
	assert_int_equal(b.fd, -1);
	assert_int_equal(bypass_add(&b, &loopback, 8), 0);
	assert_int_equal(bypass_start(&b), 0);
	fd = bypass_socket(&b, AF_INET, SOCK_DGRAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len), 0);
	assert_int_equal(type, SOCK_DGRAM);
	close(fd);
	assert_int_equal(bypass_socket(&b, AF_INET, SOCK_STREAM, 200), -EPROTONOSUPPORT);
	fd = bypass_socket(&b, AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	close(fd);
	bypass_stop(&b);
	assert_int_equal(bypass_socket(&b, AF_INET, SOCK_STREAM, 0), -ENETUNREACH);
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
