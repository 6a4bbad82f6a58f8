// SPDX-License-Identifier: BSD-2-Clause
/* The files of /proc of a net, by the public calls: each can be read, each error is one, and refusal is passed on.
 * What is in them is compared with the kernel's by tests/wire/test_proc.py. */
#include "twin.h"

#include <linux/if_arp.h>
#include <linux/sockios.h>
#include <sys/stat.h>

#define TEXT_BYTES 65536

struct reader {
	char text[TEXT_BYTES];
	size_t used;
	int refuse; /**< what to say instead of taking it */
};

static int take(void *ctx, const char *text, size_t len_bytes)
{
	struct reader *r = ctx;

	if (r->refuse)
		return r->refuse;
	assert_true(r->used + len_bytes < sizeof(r->text));
	memcpy(r->text + r->used, text, len_bytes);
	r->used += len_bytes;
	r->text[r->used] = '\0';
	return 0;
}

static int no_xmit(void *ctx, const struct iovec *frame, int pieces)
{
	(void)ctx;
	(void)frame;
	(void)pieces;
	return 0;
}

struct world {
	struct nethood_net *net;
	struct nethood_sock *sk;
	struct reader r;
};

static int setup(void **state)
{
	static struct world w;
	const struct nethood_config cfg = { .random_key = { 1 }, .now_ns = 1000000000 };
	const struct nethood_dev_config dev = { .name = "eth0.5", .driver = "user", .xmit = no_xmit, .fd = -1 };
	struct ifreq ifr = { .ifr_name = "eth0.5", .ifr_flags = IFF_UP };
	struct sockaddr_in sin = t_addr("10.0.0.1", 0);

	memset(&w, 0, sizeof(w));
	assert_int_equal(nethood_create(&cfg, &w.net), 0);
	assert_int_equal(nethood_dev_create(w.net, &dev, NULL), 0);
	assert_int_equal(nethood_socket(w.net, AF_INET, SOCK_DGRAM, 0, &w.sk), 0);
	assert_int_equal(nethood_ioctl(w.sk, SIOCSIFFLAGS, &ifr, sizeof(ifr)), 0);
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	assert_int_equal(nethood_ioctl(w.sk, SIOCSIFADDR, &ifr, sizeof(ifr)), 0);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	nethood_close(w->sk);
	nethood_free(w->net);
	return 0;
}

static int read_it(struct world *w, const char *path)
{
	w->r.used = 0;
	w->r.text[0] = '\0';
	return nethood_proc_read(w->net, path, take, &w->r);
}

static const struct {
	const char *sentence, *path;
	int err;
	uint32_t mode;
} paths[] = {
	{ "a file", "net/arp", 0, S_IFREG | 0444 },
	{ "a file in a directory", "net/stat/arp_cache", 0, S_IFREG | 0444 },
	{ "a directory is not read", "net", -EISDIR, S_IFDIR | 0555 },
	{ "a directory in a directory", "net/stat", -EISDIR, S_IFDIR | 0555 },
	{ "the sysctls", "sys", -EISDIR, S_IFDIR | 0555 },
	{ "sysctls of the network", "sys/net", -EISDIR, S_IFDIR | 0555 },
	{ "a sysctl", "sys/net/ipv4/ip_default_ttl", 0, S_IFREG | 0644 },
	{ "a sysctl with a function", "sys/net/ipv4/ip_local_port_range", 0, S_IFREG | 0644 },
	{ "the directories of devices", "sys/net/ipv4/neigh", -EISDIR, S_IFDIR | 0555 },
	{ "a device, its name has a dot", "sys/net/ipv4/neigh/eth0.5", -EISDIR, S_IFDIR | 0555 },
	{ "its sysctl", "sys/net/ipv4/neigh/eth0.5/locktime", 0, S_IFREG | 0644 },
	{ "its other sysctl", "sys/net/ipv4/conf/eth0.5/arp_ignore", 0, S_IFREG | 0644 },
	{ "a dot is no slash", "sys/net/ipv4/neigh/eth0/5/locktime", -ENOENT, 0 },
	{ "a slash is no dot", "sys/net.ipv4.ip_forward", -ENOENT, 0 },
	{ "a part of a name", "sys/net/ipv", -ENOENT, 0 },
	{ "a part of a device's name", "sys/net/ipv4/conf/eth0", -ENOENT, 0 },
	{ "more than a name", "net/arpx", -ENOENT, 0 },
	{ "something below a file", "net/arp/x", -ENOENT, 0 },
	{ "something below a sysctl", "sys/net/ipv4/ip_forward/x", -ENOENT, 0 },
	{ "a slash too many", "net/arp/", -ENOENT, 0 },
	{ "from the root", "/net/arp", -ENOENT, 0 },
	{ "nothing", "", -ENOENT, 0 },
	{ "what the kernel has, and a net has not", "net/netlink", -ENOENT, 0 },
};

static void paths_are_found_or_not(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		uint32_t mode = 0;
		int err = read_it(w, paths[i].path);

		if (err != paths[i].err)
			fail_msg("%s: %s: read gives %d", paths[i].sentence, paths[i].path, err);
		err = nethood_proc_mode(w->net, paths[i].path, &mode);
		if (err != (paths[i].mode ? 0 : -ENOENT) || mode != paths[i].mode)
			fail_msg("%s: %s: mode %o, %d", paths[i].sentence, paths[i].path, mode, err);
	}
}

struct walk {
	struct world *w;
	const char *dir;
	unsigned files;
	bool eth;
};

static int visit(void *ctx, const char *name, uint32_t mode)
{
	struct walk *walk = ctx;
	char path[256];
	uint32_t again;
	int err;

	snprintf(path, sizeof(path), "%s%s%s", walk->dir, *walk->dir ? "/" : "", name);
	assert_int_equal(nethood_proc_mode(walk->w->net, path, &again), 0);
	assert_int_equal(again, mode);
	walk->eth = walk->eth || !strcmp(path, "sys/net/ipv4/neigh/eth0.5");
	if (S_ISDIR(mode)) {
		const char *before = walk->dir;

		walk->dir = path;
		assert_int_equal(nethood_proc_each(walk->w->net, path, visit, walk), 0);
		walk->dir = before;
		return 0;
	}
	walk->files++;
	err = read_it(walk->w, path);
	if ((err == -EIO && !strcmp(name, "stable_secret")) || (err == -EACCES && !strcmp(name, "flush")))
		return 0; /* there is none yet; that is to be written only: as the kernel says it */
	if (err)
		fail_msg("%s: %d", path, err);
	walk->w->r.refuse = -EDOM;
	if (walk->w->r.used)
		assert_int_equal(read_it(walk->w, path), -EDOM);
	walk->w->r.refuse = 0;
	return 0;
}

static void everything_that_is_listed_can_be_read_and_refusal_is_passed_on(void **state)
{
	struct walk walk = { .w = *state, .dir = "" };

	assert_int_equal(nethood_proc_each(walk.w->net, "", visit, &walk), 0);
	assert_true(walk.files > 150);
	assert_true(walk.eth);
}

static int count_name(void *ctx, const char *name, uint32_t mode)
{
	(void)mode;
	*(unsigned *)ctx += !strcmp(name, "eth0.5");
	return 0;
}

static int stop(void *ctx, const char *name, uint32_t mode)
{
	(void)ctx;
	(void)name;
	(void)mode;
	return 7;
}

static void directories_tell_each_name_once(void **state)
{
	struct world *w = *state;
	unsigned seen = 0;

	assert_int_equal(nethood_proc_each(w->net, "sys/net/ipv4/conf", count_name, &seen), 0);
	assert_int_equal(seen, 1);
	assert_int_equal(nethood_proc_each(w->net, "sys/net/ipv4/conf", stop, NULL), 7);
	assert_int_equal(nethood_proc_each(w->net, "net", stop, NULL), 7);
	assert_int_equal(nethood_proc_each(w->net, "net/arp", stop, NULL), -ENOTDIR);
	assert_int_equal(nethood_proc_each(w->net, "sys/net/ipv4/ip_forward", stop, NULL), -ENOTDIR);
	assert_int_equal(nethood_proc_each(w->net, "net/nosuch", stop, NULL), -ENOENT);
	assert_int_equal(nethood_proc_each(w->net, "sys/nosuch", stop, NULL), -ENOENT);
}

#define TTL "sys/net/ipv4/ip_default_ttl"
#define RANGE "sys/net/ipv4/ip_local_port_range"
static const struct {
	const char *sentence, *path, *text;
	size_t len; /* 0: of the string */
	int err;
	const char *after; /* NULL: not looked at */
} writes[] = {
	{ "a number", TTL, "61", 0, 0, "61\n" },
	{ "a number and a newline", TTL, "62\n", 0, 0, "62\n" },
	{ "blanks around it", TTL, " \t63 \n", 0, 0, "63\n" },
	{ "of several lines the first", TTL, "64\n65\n", 0, 0, "64\n" },
	{ "of several numbers the first", TTL, "66 67", 0, 0, "66\n" },
	{ "another base", TTL, "0x50\n", 0, 0, "80\n" },
	{ "nothing changes nothing", TTL, "", 0, 0, "80\n" },
	{ "a newline alone changes nothing", TTL, "\n", 0, 0, "80\n" },
	{ "too large", TTL, "999\n", 0, -EINVAL, "80\n" },
	{ "no number", TTL, "x\n", 0, -EINVAL, "80\n" },
	{ "a number and more", TTL, "61x\n", 0, -EINVAL, "80\n" },
	{ "a byte of zero", TTL, "61\0", 3, -EINVAL, "80\n" },
	{ "two numbers where two are wanted", RANGE, "2000\t3000\n", 0, 0, "2000\t3000\n" },
	{ "the wrong way round", RANGE, "3000 2000\n", 0, -EINVAL, "2000\t3000\n" },
	{ "of a device", "sys/net/ipv4/neigh/eth0.5/locktime", "7\n", 0, 0, "7\n" },
	{ "a directory", "sys/net/ipv4", "1", 0, -EISDIR, NULL },
	{ "a file of /proc/net", "net/arp", "1", 0, -EACCES, NULL },
	{ "nothing there", "sys/net/ipv4/nosuch", "1", 0, -ENOENT, NULL },
	{ "nothing there at all", "nosuch", "1", 0, -ENOENT, NULL },
};

static void sysctls_are_written_as_files(void **state)
{
	struct world *w = *state;
	static char big[4096];

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		size_t len = writes[i].len ? writes[i].len : strlen(writes[i].text);
		int err = nethood_proc_write(w->net, writes[i].path, writes[i].text, len);

		if (err != writes[i].err)
			fail_msg("%s: %d", writes[i].sentence, err);
		if (!writes[i].after)
			continue;
		assert_int_equal(read_it(w, writes[i].path), 0);
		if (strcmp(w->r.text, writes[i].after) != 0)
			fail_msg("%s: %s", writes[i].sentence, w->r.text);
	}
	memset(big, '7', sizeof(big));
	assert_int_equal(nethood_proc_write(w->net, TTL, big, sizeof(big)), -EINVAL);
}

static void a_long_listing_is_whole_and_ends_when_nobody_reads(void **state)
{
	struct world *w = *state;
	struct arpreq rq = { .arp_flags = ATF_COM | ATF_PERM, .arp_dev = "eth0.5" };
	struct sockaddr_in sin = t_addr("10.0.0.0", 0);

	for (uint32_t i = 2; i < 500; i++) {
		sin.sin_addr.s_addr = htonl(0x0a000000 + i);
		memcpy(&rq.arp_pa, &sin, sizeof(sin));
		assert_int_equal(nethood_ioctl(w->sk, SIOCSARP, &rq, sizeof(rq)), 0);
	}
	assert_int_equal(read_it(w, "net/arp"), 0);
	for (uint32_t i = 2; i < 500; i++) {
		char row[32];

		snprintf(row, sizeof(row), "\n10.0.%u.%u ", i >> 8, i & 255);
		assert_non_null(strstr(w->r.text, row));
	}
	w->r.refuse = -EDOM;
	assert_int_equal(read_it(w, "net/arp"), -EDOM);
	assert_int_equal(w->r.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(paths_are_found_or_not, setup, teardown),
		cmocka_unit_test_setup_teardown(everything_that_is_listed_can_be_read_and_refusal_is_passed_on, setup,
						teardown),
		cmocka_unit_test_setup_teardown(directories_tell_each_name_once, setup, teardown),
		cmocka_unit_test_setup_teardown(sysctls_are_written_as_files, setup, teardown),
		cmocka_unit_test_setup_teardown(a_long_listing_is_whole_and_ends_when_nobody_reads, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
