// SPDX-License-Identifier: BSD-2-Clause
/* Scenario files: what is taken, and which word of a wrong one is named. */
#include "scenario_text.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LAN "switch lan\n"
#define HOST "switch lan\nhost h on lan addr 10.0.0.1/24\n"
#define RUN "run 10s\n"

static const struct {
	const char *says, *text;
	u32 line, column;
	const char *word, *why; /* why: is in the complaint */
} wrong_texts[] = {
	{ "nothing at all", "", 1, 1, "", "there is no host" },
	{ "no host", RUN LAN, 3, 1, "", "there is no host" },
	{ "no time", HOST, 3, 1, "", "write `run 60s`" },
	{ "a statement that nobody knows", "fly h\n", 1, 1, "fly", "what may stand here: title, set, run" },
	{ "its column is that of the word", "switch lan   dealy 1ms\n", 1, 14, "dealy",
	  "what may stand here: count, stations" },
	{ "on a line that goes on", "switch lan\n\n# what\n	dealy 1ms\n", 4, 2, "dealy", "is unknown here" },
	{ "what is missing at the end", "switch lan delay\n", 1, 17, "", "what is missing: TIME" },
	{ "a time without unit", "run 10\n", 1, 5, "10", "a time: 1.5s" },
	{ "a time that is too long", "run 2000000s\n", 1, 5, "2000000s", "at most 1000000s" },
	{ "a time that is no number of 64 bits", "run 99999999999999999h\n", 1, 5, "99999999999999999h", "too large" },
	{ "a share above all", "switch l loss 101%\n", 1, 15, "101%", "at most 100%" },
	{ "a share without unit", "switch l loss 5\n", 1, 15, "5", "a share: 5%" },
	{ "a rate of nothing", "switch l rate 1bit\n", 1, 15, "1bit", "from 1kbit" },
	{ "a size that is none", "switch l hole 1x\n", 1, 15, "1x", "a size in octets" },
	{ "a count of nothing", "switch l count 0\n", 1, 16, "0", "may be from 1 to" },
	{ "a name with a dot", "switch a.b\n", 1, 8, "a.b", "letters, digits" },
	{ "a name that begins with a digit", "switch 1st\n", 1, 8, "1st", "begins with a letter" },
	{ "a name that is too long", "switch abcdefghijklmnop\n", 1, 8, "abcdefghijklmnop", "at most 15" },
	{ "two segments of one name", LAN "hub lan\n", 2, 5, "lan", "already" },
	{ "two groups of one name", HOST "host h on lan\n", 3, 6, "h", "already" },
	{ "a segment that is not there", "host h on lan\n", 1, 11, "lan", "write `switch lan`" },
	{ "no segment", LAN "host h\n", 2, 6, "h", "write `on SEGMENT`" },
	{ "an address before its interface", LAN "host h addr 10.0.0.1/24\n", 2, 8, "addr",
	  "write `on SEGMENT` before it" },
	{ "an address without length", LAN "host h on lan addr 10.0.0.1\n", 2, 20, "10.0.0.1", "like 10.0.0.1/24" },
	{ "an address of IPv6", LAN "host h on lan addr fd00::1/64\n", 2, 20, "fd00::1/64", "IPv6 is not there yet" },
	{ "an octet above 255", LAN "host h on lan addr 10.0.0.256/24\n", 2, 20, "10.0.0.256/24", "is no prefix" },
	{ "more hosts than addresses", LAN "host h count 300 on lan addr 10.0.0.1/24\n", 2, 6, "h",
	  "do not fit into /24" },
	{ "more segments than prefixes", "switch l count 70000\nhost h count 70000 on l addr 255.0.0.1/24\n", 2, 6, "h",
	  "beyond" },
	{ "five interfaces", LAN "host h on lan on lan on lan on lan on lan\n", 2, 39, "lan", "at most 4" },
	{ "a hardware address of five octets", LAN "host h on lan mac 02:00:00:00:00\n", 2, 19, "02:00:00:00:00",
	  "no hardware" },
	{ "a gateway without address", LAN "host h on lan gateway 10.0.0.1\n", 2, 6, "h", "no address" },
	{ "a route to nowhere", HOST "host g on lan route 10.0.0.0/8\n", 3, 31, "", "`via ADDRESS` is missing" },
	{ "a profile that nobody has", HOST "profile lax\n", 3, 9, "lax", "linux and strict" },
	{ "a sysctl without value", HOST "sysctl net.ipv4.ip_forward\n", 3, 8, "net.ipv4.ip_forward",
	  "net.ipv4.ip_forward=1" },
	{ "a wire of three ends", "wire w\nhost h count 3 on w\n" RUN, 4, 1, "", "a wire has two" },
	{ "traffic to nobody", HOST "send h every 1s\n", 3, 1, "send", "says not to whom" },
	{ "traffic of nobody", HOST "send x to h\n", 3, 6, "x", "no hosts have this name" },
	{ "number 1 of one", HOST "send h:1 to h\n", 3, 6, "h:1", "from 0 to 0" },
	{ "a range that goes back", LAN "host h count 9 on lan\nsend h:5..3 to h\n", 3, 6, "h:5..3", "may be from 5" },
	{ "to hosts without address", LAN "host h on lan\nask h to h\n", 3, 10, "h", "has no address" },
	{ "too small a datagram", HOST "send h to h size 31\n", 3, 18, "31", "from 32 to 9000" },
	{ "questions to a prefix", HOST "ask h to 10.0.0.0/24\n", 3, 10, "10.0.0.0/24", "write `send`" },
	{ "who doubts and does not ask", HOST "send h to h doubt\n", 3, 1, "send", "write `ask`" },
	{ "near, elsewhere", HOST "switch b\nhost g on b addr 10.1.0.1/24\nask h to g pick near\n", 5, 10, "g",
	  "same segments" },
	{ "a pick that nobody knows", HOST "ask h to h pick best\n", 3, 17, "best", "own, each, random, near" },
	{ "nothing is done", HOST "at 1s\n", 3, 6, "", "what is missing" },
	{ "something unknown is done", HOST "at 1s explode h\n", 3, 7, "explode", "what may stand here: every, cut" },
	{ "again, and how often is not said", HOST "at 1s every 1s cut h\n", 3, 16, "cut", "`times N` is missing" },
	{ "eth1 of who has none", HOST "at 1s unplug h dev eth1\n", 3, 20, "eth1", "has no eth1" },
	{ "one address for all", LAN "host h count 2 on lan\nat 1s mac h 02:00:00:00:00:01\n", 3, 13,
	  "02:00:00:00:00:01", "for one host" },
	{ "ip of something else", HOST "at 1s ip h rule add\n", 3, 12, "rule", "link, addr, route, neigh" },
	{ "ip with a verb that is none", HOST "at 1s ip h addr change 10.0.0.1/24 dev eth0\n", 3, 17, "change",
	  "add, del" },
	{ "ip addr without device", HOST "at 1s ip h addr add 10.0.0.1/24\n", 3, 32, "", "`dev ethN` is missing" },
	{ "ip route without way", HOST "at 1s ip h route add 10.0.0.0/8\n", 3, 32, "", "via ADDRESS" },
	{ "ip neigh in no state", HOST "at 1s ip h neigh add 10.0.0.2 dev eth0 nud fine\n", 3, 44, "fine",
	  "is no state" },
	{ "a fault that is none", HOST "at 1s fault lan count 3\n", 3, 17, "count", "is not to be changed" },
	{ "no fault", HOST "at 1s fault lan\n", 3, 16, "", "no fault is named" },
	{ "forged at nobody", HOST "at 1s forge lan request 10.0.0.9\n", 3, 33, "", "`is-at MAC` is missing" },
	{ "an expectation of nothing", HOST "expect joy >= 1\n", 3, 8, "joy", "nothing that is counted" },
	{ "no operator", HOST "expect sent 5\n", 3, 13, "5", "==, !=, <, <=, >, >=" },
	{ "a reason that is none", HOST "expect drops WHIM == 0\n", 3, 14, "WHIM", "docs/DROPS.md" },
	{ "a state that is none", HOST "expect neighbours old == 0\n", 3, 19, "old", "is no state" },
	{ "a kind that is none", HOST "expect frames ipx == 0\n", 3, 15, "ipx", "is no kind" },
	{ "a share of what has no whole", HOST "expect log <= 5%\n", 3, 15, "5%", "write a number" },
	{ "an outage that is no time", HOST "expect outage <= 5\n", 3, 18, "5", "a time" },
	{ "traffic without that name", HOST "expect sent in x >= 1\n", 3, 16, "x", "write `name x`" },
	{ "reach without limit", HOST "expect reach h to h\n", 3, 20, "", "`within TIME` is missing" },
	{ "too many pairs", LAN "host h count 100000 on lan addr 10.0.0.1/8\nexpect reach h to h within 1s\n", 3, 1,
	  "expect", "pick own" },
	{ "a variable that is not set", "run $time\n", 1, 5, "$time", "write `set NAME VALUE`" },
	{ "a sum of words", "set n two\nswitch l count $n*2\n", 2, 16, "two*2", "is no number" },
	{ "a division by nothing", "switch l count 1/0\n", 1, 16, "1/0", "is no number" },
	{ "less than nothing", "switch l count 1-2\n", 1, 16, "1-2", "is no number" },
	{ "one word too many", "run 1s 2s\n", 1, 8, "2s", "is too much" },
	{ "a character that nobody sees", "run \x01\n", 1, 5, "", "cannot be printed" },
	{ "too many samples", HOST "run 1h\nsample 1ms\n", 5, 1, "", "longer `sample`" },
	{ "expected after the end", HOST RUN "expect sent at 11s >= 1\n", 4, 1, "expect", "after the end" },
	{ "done after the end", HOST RUN "at 11s reboot h\n", 4, 1, "at", "after the end" },
};

static int parse(const char *text, struct scenario **s, struct scenario_error *e)
{
	return scenario_parse(text, strlen(text), NULL, 0, s, e);
}

static void wrong_files_are_refused_at_the_word(void **state)
{
	struct scenario_error e;
	struct scenario *s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong_texts); i++) {
		int err = parse(wrong_texts[i].text, &s, &e);

		if (err != -EINVAL || e.at.line != wrong_texts[i].line || e.at.column != wrong_texts[i].column ||
		    strcmp(e.word, wrong_texts[i].word) != 0 || !strstr(e.why, wrong_texts[i].why))
			fail_msg("%s: %d, %u:%u '%s' %s", wrong_texts[i].says, err, e.at.line, e.at.column, e.word,
				 e.why);
	}
}

static struct scenario *good(const char *text)
{
	struct scenario_error e;
	struct scenario *s;

	if (parse(text, &s, &e))
		fail_msg("%u:%u '%s' %s", e.at.line, e.at.column, e.word, e.why);
	return s;
}

static void words_become_numbers(void **state)
{
	struct scenario *s =
		good("title What # is it?\nrun 1.5min\nseed 7\nprofile strict\nsample 2s\n"
		     "hub l count 3 delay 10ms jitter 250us loss 0.5% duplicate 20ppm rate 2.5mbit queue 64kb\n"
		     "host h count 4 on l addr 10.0.0.250/24 drift -50ppm start 2s spread 1s\n"
		     "ask h:1..2 to h pick random every 20ms from 1s for 5s times 9 size 1kb name talk\n");

	(void)state;
	assert_string_equal(s->title, "What");
	assert_int_equal(s->run_ns, 90 * SIM_NSEC_PER_SEC);
	assert_int_equal(s->seed, 7);
	assert_int_equal(s->profile, NETHOOD_PROFILE_STRICT);
	assert_int_equal(s->segment[0].kind, SIM_HUB);
	assert_int_equal(s->segment[0].faults.delay_us, 10000);
	assert_int_equal(s->segment[0].faults.jitter_us, 250);
	assert_int_equal(s->segment[0].faults.loss_ppm, 5000);
	assert_int_equal(s->segment[0].faults.dup_ppm, 20);
	assert_int_equal(s->segment[0].faults.rate_bps, 2500000);
	assert_int_equal(s->segment[0].faults.queue_bytes, 65536);
	assert_int_equal(s->group[0].drift_ppb, -50000);
	assert_int_equal(s->group[0].spread_ns, SIM_NSEC_PER_SEC);
	assert_int_equal(s->flow[0].from.first, 1);
	assert_int_equal(s->flow[0].from.last, 2);
	assert_int_equal(s->flow[0].pick, PICK_RANDOM);
	assert_int_equal(s->flow[0].times, 9);
	assert_int_equal(s->flow[0].size_bytes, 1024);
	scenario_free(s);
}

static void hosts_go_over_segments_in_blocks(void **state)
{
	struct scenario *s = good("switch l count 3\nhost h count 7 on l addr 10.0.0.250/24 gateway 10.0.0.1\n"
				  "router r count 3 on l addr 10.0.0.1/24\nrun 1s\n");

	(void)state;
	assert_int_equal(group_block(s, &s->group[0], 0), 3);
	assert_int_equal(leg_addr(s, &s->group[0], 0, 0), 0x0a0000fa);
	assert_int_equal(leg_addr(s, &s->group[0], 0, 2), 0x0a0000fc);
	assert_int_equal(leg_addr(s, &s->group[0], 0, 3), 0x0a0001fa);
	assert_int_equal(leg_addr(s, &s->group[0], 0, 6), 0x0a0002fa);
	assert_int_equal(group_gateway(s, &s->group[0], 6), 0x0a000201);
	assert_int_equal(leg_addr(s, &s->group[1], 0, 2), 0x0a000201);
	assert_int_equal(s->host_count, 10);
	scenario_free(s);
}

static void variables(void **state)
{
	static const char text[] = "set hosts 10\nset lans $hosts/4\nset d 1ms\nswitch l count $lans delay $d\n"
				   "host h count $hosts+$lans on l\nrun 1s\n";
	const struct scenario_setting more = { "hosts", "17" }, stranger = { "guests", "1" };
	struct scenario *s = good(text);
	struct scenario_error e;

	(void)state;
	assert_int_equal(s->segment[0].count, 3); /* rounded up */
	assert_int_equal(s->group[0].count, 13);
	assert_int_equal(s->segment[0].faults.delay_us, 1000);
	scenario_free(s);
	assert_int_equal(scenario_parse(text, strlen(text), &more, 1, &s, &e), 0);
	assert_int_equal(s->segment[0].count, 5);
	assert_int_equal(s->group[0].count, 22);
	scenario_free(s);
	assert_int_equal(scenario_parse(text, strlen(text), &stranger, 1, &s, &e), -EINVAL);
	assert_int_equal(e.at.line, 0);
	assert_string_equal(e.word, "guests");
}

static void sums_go_from_left_to_right(void **state)
{
	static const struct {
		const char *text;
		bool good;
		u64 value;
	} rows[] = {
		{ "7", true, 7 },
		{ "7+3*2", true, 20 },
		{ "10/4", true, 3 },
		{ "10/5", true, 2 },
		{ "5-5", true, 0 },
		{ "", false, 0 },
		{ "+1", false, 0 },
		{ "1+", false, 0 },
		{ "1 ", false, 0 },
		{ "4294967296", true, 4294967296 },
		{ "18446744073709551616", false, 0 },
		{ "18446744073709551615+1", false, 0 },
		{ "18446744073709551615*2", false, 0 },
		{ "1%2", false, 0 },
	};
	u64 value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (integer_text(rows[i].text, &value) != rows[i].good || (rows[i].good && value != rows[i].value))
			fail_msg("%s", rows[i].text);
	}
}

/* ------------------------------------------------------------------ texts of all kinds */

static char *read_all(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text = malloc(65536);

	assert_non_null(f);
	assert_non_null(text);
	*len = fread(text, 1, 65536, f);
	fclose(f);
	return text;
}

/* A copy that ends where the text ends: what reads behind it is found. */
static void survives(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	struct scenario_error e;
	struct scenario *s = NULL;

	assert_non_null(copy);
	memcpy(copy, text, len);
	if (!scenario_parse(copy, len, NULL, 0, &s, &e))
		scenario_free(s);
	else
		assert_true(e.why[0]);
	free(copy);
}

static void mangle(char *text, size_t len, u64 *state)
{
	static const char *const pieces[] = { "$", ":",  "..",   "-", "/",     "999999999999",
					      "0", "\n", "\n\t", "#", "every", "\xff" };

	for (u32 n = 0; n < 3; n++) {
		const char *piece;
		size_t at;

		*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
		piece = pieces[(*state >> 33) % ARRAY_SIZE(pieces)];
		at = (*state >> 40) % len;
		memcpy(text + at, piece, strlen(piece) < len - at ? strlen(piece) : len - at);
	}
}

static void shipped_scenarios_are_right_and_mangled_ones_do_no_harm(void **state)
{
	DIR *dir = opendir(SCENARIOS);
	struct dirent *d;
	u32 files = 0;
	u64 random = 1;

	(void)state;
	assert_non_null(dir);
	while ((d = readdir(dir))) {
		char path[1024], title[128];
		size_t len;
		char *text, *copy;

		if (!strstr(d->d_name, ".sim"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", SCENARIOS, d->d_name);
		text = read_all(path, &len);
		copy = malloc(len + 1);
		memcpy(copy, text, len);
		copy[len] = '\0';
		scenario_free(good(copy));
		scenario_title(text, len, title, sizeof(title));
		assert_true(title[0]);
		for (size_t end = 0; end < len; end += 7)
			survives(text, end);
		for (u32 i = 0; i < 300; i++) {
			memcpy(copy, text, len);
			mangle(copy, len, &random);
			survives(copy, len);
		}
		free(copy);
		free(text);
		files++;
	}
	closedir(dir);
	assert_true(files >= 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_files_are_refused_at_the_word),
		cmocka_unit_test(words_become_numbers),
		cmocka_unit_test(hosts_go_over_segments_in_blocks),
		cmocka_unit_test(variables),
		cmocka_unit_test(sums_go_from_left_to_right),
		cmocka_unit_test(shipped_scenarios_are_right_and_mangled_ones_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
