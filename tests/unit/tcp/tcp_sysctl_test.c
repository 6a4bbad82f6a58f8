// SPDX-License-Identifier: BSD-2-Clause
/* net.ipv4.tcp_*: each name is given many values, right and wrong; the kernel, in a namespace of its own, and nethood say
 * the same of each, and show the same afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net.h"
#include "tcp/tcp.h"

#define NAMES_MAX 128U
#define TEXT_BYTES 96U

static const char *const values[] = {
	"0",          "1",         "2",          "3",          "4",           "5",           "-1",
	"-2",         "31",        "32",         "47",         "48",          "127",         "128",
	"255",        "256",       "300",        "301",        "999",         "1000",        "1001",
	"60000",      "60001",     "65535",      "65536",      "86400",       "86401",       "120000",
	"120001",     "8589934",   "8589935",    "-8589934",   "-8589935",    "16777216",    "16777217",
	"17179869",   "17179870",  "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295",
	"4294967296", "0x10",      "010",        "1x",         "x",           "1 2 3",       "0 1 1",
	"100 50 20",  "1 2 x",     "1 2 3 4",    "-1 2 3",     "1-2-3-4",     "1-2-3",       "1-2-3-4,5-6-7-8",
	"g-2-3-4",    "1-2-3-4,5",
};
#define VALUES (sizeof(values) / sizeof(values[0]))

/** struct answers - what one of the two said */
struct answers {
	struct {
		bool there;
		char first[TEXT_BYTES]; /**< value before anything was set */
		int err[VALUES];
		char text[VALUES][TEXT_BYTES];
	} of[NAMES_MAX];
};

static struct {
	const char *name[NAMES_MAX];
	unsigned count;
} names;

/* Where they differ, and why. */
static const struct {
	const char *name, *value, *why;
} apart[] = {
	{ "tcp_available_ulp", NULL, "the kernel has MPTCP's; not in every namespace" },
	{ "tcp_ehash_entries", NULL, "the table of connections grows" },
	{ "tcp_low_latency", NULL, "the kernel has it in the first namespace only" },
	{ "tcp_max_orphans", NULL, "the kernel has it in the first namespace only" },
	{ "tcp_mem", NULL, "the kernel has it in the first namespace only" },
	{ "tcp_invalid_ratelimit", "-1", "kept in ticks by the kernel, and so with odd bounds" },
	{ "tcp_invalid_ratelimit", "-2", "kept in ticks" },
	{ "tcp_invalid_ratelimit", "1", "kept in ticks" },
	{ "tcp_invalid_ratelimit", NULL, "kept in ticks" },
	{ "tcp_comp_sack_delay_ns", "2147483648", "two seconds are enough" },
	{ "tcp_comp_sack_delay_ns", "4294967295", "two seconds are enough" },
	{ "tcp_comp_sack_delay_ns", "4294967296", "two seconds are enough" },
	{ "tcp_comp_sack_slack_ns", "2147483648", "two seconds are enough" },
	{ "tcp_comp_sack_slack_ns", "4294967295", "two seconds are enough" },
	{ "tcp_comp_sack_slack_ns", "4294967296", "two seconds are enough" },
};

static bool stands_apart(const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
		if (!strcmp(apart[i].name, name) && (!apart[i].value || !strcmp(apart[i].value, value)))
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------ the kernel */

static int file_read(const char *path, char *text)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, TEXT_BYTES - 1);
	close(fd);
	if (n < 0)
		return -EIO;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

static int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static void kernel_answers(struct answers *a)
{
	char path[128];

	for (unsigned i = 0; i < names.count; i++) {
		snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", names.name[i]);
		a->of[i].there = !file_read(path, a->of[i].first);
		for (unsigned v = 0; a->of[i].there && v < VALUES; v++) {
			file_write(path, a->of[i].first);
			a->of[i].err[v] = file_write(path, values[v]);
			file_read(path, a->of[i].text[v]);
		}
	}
}

/* Return: is there one that may be asked? */
static bool ask_kernel(struct answers *a)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
			_exit(77);
		kernel_answers(a);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return !WEXITSTATUS(status);
}

/* ------------------------------------------------------------------ nethood */

struct world {
	struct net net;
	struct tcp_net tn;
};

static int note_name(void *ctx, const char *key, const char *value)
{
	(void)ctx;
	(void)value;
	names.name[names.count++] = strdup(strrchr(key, '.') + 1);
	return 0;
}

static void world_begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	sysctl_root_init(&w->net.sysctl);
	w->net.tcp = &w->tn;
	tcp_sysctl_init(&w->net);
}

static void nethood_answers(struct world *w, struct answers *a)
{
	char key[128];

	for (unsigned i = 0; i < names.count; i++) {
		snprintf(key, sizeof(key), "net.ipv4.%s", names.name[i]);
		a->of[i].there = sysctl_get(&w->net.sysctl, key, a->of[i].first, TEXT_BYTES) >= 0;
		for (unsigned v = 0; v < VALUES; v++) {
			char value[TEXT_BYTES];

			/* Of several numbers the first counts, where there is but one: /proc cuts them. */
			snprintf(value, sizeof(value), "%s", values[v]);
			if (!strchr(a->of[i].first, '\t'))
				value[strcspn(value, " ")] = '\0';
			sysctl_set(&w->net.sysctl, key, a->of[i].first);
			a->of[i].err[v] = sysctl_set(&w->net.sysctl, key, value);
			sysctl_get(&w->net.sysctl, key, a->of[i].text[v], TEXT_BYTES);
		}
	}
}

/* What is set depends on what was there before: a wrong triple keeps what follows the error. */
static unsigned compare_name(unsigned i, const struct answers *k, const struct answers *n)
{
	unsigned failures = 0;

	for (unsigned v = 0; v < VALUES; v++) {
		const char *kt = k->of[i].text[v], *nt = n->of[i].text[v];
		bool same_text = !strcmp(kt, nt) || (k->of[i].err[v] && strcmp(k->of[i].first, n->of[i].first));

		if (stands_apart(names.name[i], values[v]))
			continue;
		if (k->of[i].err[v] == n->of[i].err[v] && same_text)
			continue;
		print_error("%s = %s: kernel %d \"%s\", nethood %d \"%s\"\n", names.name[i], values[v], k->of[i].err[v],
			    kt, n->of[i].err[v], nt);
		failures++;
	}
	return failures;
}

static void test_values(void **state)
{
	struct answers *k = mmap(NULL, 2 * sizeof(*k), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned failures = 0;
	struct world w;

	(void)state;
	assert_true(k != MAP_FAILED);
	world_begin(&w);
	sysctl_each(&w.net.sysctl, note_name, NULL);
	assert_in_range(names.count, 80, NAMES_MAX);
	nethood_answers(&w, &k[1]);
	if (!ask_kernel(&k[0])) {
		print_message("SKIP: no network namespace may be made: the kernel was not asked\n");
	} else {
		for (unsigned i = 0; i < names.count; i++) {
			if (!k[0].of[i].there && !stands_apart(names.name[i], "")) {
				print_error("%s: the kernel has no such name\n", names.name[i]);
				failures++;
			} else if (k[0].of[i].there) {
				failures += compare_name(i, &k[0], &k[1]);
			}
		}
	}
	assert_int_equal(failures, 0);
	tcp_sysctl_exit(&w.net);
	for (unsigned i = 0; i < names.count; i++)
		free((void *)(uintptr_t)names.name[i]);
	munmap(k, 2 * sizeof(*k));
}

/* ------------------------------------------------------------------ first values */

static const struct {
	const char *name, *value;
} firsts[] = {
	{ "tcp_sack", "1" },
	{ "tcp_timestamps", "1" },
	{ "tcp_window_scaling", "1" },
	{ "tcp_ecn", "2" },
	{ "tcp_syncookies", "1" },
	{ "tcp_syn_retries", "6" },
	{ "tcp_synack_retries", "5" },
	{ "tcp_retries1", "3" },
	{ "tcp_retries2", "15" },
	{ "tcp_fin_timeout", "60" },
	{ "tcp_keepalive_time", "7200" },
	{ "tcp_keepalive_intvl", "75" },
	{ "tcp_keepalive_probes", "9" },
	{ "tcp_rmem", "4096\t131072\t33554432" },
	{ "tcp_wmem", "4096\t16384\t4194304" },
	{ "tcp_notsent_lowat", "4294967295" },
	{ "tcp_rto_min_us", "200000" },
	{ "tcp_rto_max_ms", "120000" },
	{ "tcp_reordering", "3" },
	{ "tcp_early_retrans", "3" },
	{ "tcp_recovery", "1" },
	{ "tcp_fastopen", "1" },
	{ "tcp_fastopen_key", "00000000-00000000-00000000-00000000" },
	{ "tcp_tw_reuse", "2" },
	{ "tcp_min_tso_segs", "2" },
	{ "tcp_available_ulp", "" },
};

static void test_first_values(void **state)
{
	char key[64], text[TEXT_BYTES];
	struct world w;

	(void)state;
	world_begin(&w);
	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		snprintf(key, sizeof(key), "net.ipv4.%s", firsts[i].name);
		assert_true(sysctl_get(&w.net.sysctl, key, text, sizeof(text)) >= 0);
		assert_string_equal(text, firsts[i].value);
	}
	assert_int_equal(sysctl_get(&w.net.sysctl, "net.ipv4.tcp_rmem", text, 8), -ENOSPC);
	assert_int_equal(sysctl_get(&w.net.sysctl, "net.ipv4.tcp_fastopen_key", text, 8), -ENOSPC);
	assert_int_equal(sysctl_get(&w.net.sysctl, "net.ipv4.tcp_notsent_lowat", text, 8), -ENOSPC);
	tcp_sysctl_exit(&w.net);
	assert_true(list_empty(&w.net.sysctl.dirs));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_first_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
