// SPDX-License-Identifier: BSD-2-Clause
/* The words of scenario files.  The parser reads them here, and docs/SCENARIOS.md is printed from here. */
#include "scenario_words.h"

#include <linux/neighbour.h>
#include <stddef.h>
#include <string.h>

#define S(member) offsetof(struct scenario, member)
#define SEG(member) offsetof(struct scenario_segment, member)
#define H(member) offsetof(struct scenario_group, member)
#define F(member) offsetof(struct scenario_flow, member)
#define D(member) offsetof(struct scenario_deed, member)
#define X(member) offsetof(struct scenario_expect, member)

/* clang-format off */
const struct scenario_word scenario_words[] = {
	{ IN_FILE, "title", "WORDS...", "one line on what it is about, for the list", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_FILE, "set", "NAME VALUE", "`$NAME` stands for VALUE from here on; `--set NAME=VALUE` gives another one, `--hosts N` is `--set hosts=N`", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_FILE, "run", "TIME", "how long it lasts, in virtual time", TYPE_TIME, S(run_ns), 0, 0 },
	{ IN_FILE, "sample", "TIME", "of one column of the picture; if it is not said, 1/160 of the run", TYPE_TIME, S(sample_ns), 0, 0 },
	{ IN_FILE, "seed", "N", "of all that is random; `--seed N` gives another one", TYPE_NUMBER, S(seed), 0, 0 },
	{ IN_FILE, "profile", "linux\\|strict", "of hosts that do not say theirs; `--profile` gives another one", TYPE_PROFILE, S(profile), 0, 0 },
	{ IN_FILE, "sysctl", "KEY=VALUE", "of all hosts", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_FILE, "wire", "NAME ...", "a segment of two ports", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_FILE, "hub", "NAME ...", "a segment on which everybody hears everything", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_FILE, "switch", "NAME ...", "a segment that learns who is where", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_FILE, "host", "NAME ...", "a group of hosts that are alike", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_FILE, "router", "NAME ...", "a host that forwards", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_FILE, "send", "HOSTS to TARGET ...", "datagrams, whose arrival a ledger follows", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_FILE, "ask", "HOSTS to TARGET ...", "questions, which are answered", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_FILE, "at", "TIME ...", "something that is done then", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_FILE, "expect", "...", "what must be true; if it is not, the command says so and its status is 1", TYPE_SPECIAL, 0, 0, 0 },

	{ IN_SEGMENT, "count", "N", "so many of them, alike; hosts are spread over them in blocks", TYPE_COUNT, SEG(count), 1, SCENARIO_SEGMENT_COUNT_MAX },
	{ IN_SEGMENT, "stations", "N", "that a switch remembers; 64, or as many as there are ports", TYPE_COUNT, SEG(stations), 1, 1U << 24 },
	{ IN_SEGMENT, "delay", "TIME", "of each frame", TYPE_TIME_US, SEG(faults.delay_us), 0, 0 },
	{ IN_SEGMENT, "jitter", "TIME", "more, at random: frames overtake each other", TYPE_TIME_US, SEG(faults.jitter_us), 0, 0 },
	{ IN_SEGMENT, "loss", "SHARE", "of frames that vanish", TYPE_PPM, SEG(faults.loss_ppm), 0, 0 },
	{ IN_SEGMENT, "burst", "SHARE", "of frames with which a burst of losses begins", TYPE_PPM, SEG(faults.burst_ppm), 0, 0 },
	{ IN_SEGMENT, "burst-frames", "N", "that a burst takes at the most", TYPE_COUNT, SEG(faults.burst_frames), 1, 1000000 },
	{ IN_SEGMENT, "duplicate", "SHARE", "of frames that arrive twice", TYPE_PPM, SEG(faults.dup_ppm), 0, 0 },
	{ IN_SEGMENT, "corrupt", "SHARE", "of frames of which some bits change", TYPE_PPM, SEG(faults.corrupt_ppm), 0, 0 },
	{ IN_SEGMENT, "mend", "SHARE", "of the corrupted ones whose checksums are made right again", TYPE_PPM, SEG(faults.mend_ppm), 0, 0 },
	{ IN_SEGMENT, "truncate", "SHARE", "of frames that lose their end", TYPE_PPM, SEG(faults.truncate_ppm), 0, 0 },
	{ IN_SEGMENT, "mark", "SHARE", "of packets that may be told of congestion, and are (ECN)", TYPE_PPM,
	  SEG(faults.mark_ppm), 0, 0 },
	{ IN_SEGMENT, "rate", "RATE", "that one port sends: `100mbit`", TYPE_RATE, SEG(faults.rate_bps), 0, 0 },
	{ IN_SEGMENT, "queue", "SIZE", "that may wait at a port for its turn; more is lost", TYPE_BYTES, SEG(faults.queue_bytes), 1, UINT32_MAX },
	{ IN_SEGMENT, "hole", "SIZE", "packets longer than this vanish without a word", TYPE_BYTES, SEG(faults.hole_bytes), 1, UINT32_MAX },

	{ IN_HOST, "count", "N", "so many of them, named NAME0, NAME1 ...", TYPE_COUNT, H(count), 1, SCENARIO_HOSTS_MAX },
	{ IN_HOST, "on", "SEGMENT", "an interface on it: the first one is eth0", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_HOST, "addr", "PREFIX", "of that interface, of the first host; each next one has the next address, and on the next segment the same in the next prefix", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_HOST, "mac", "MAC", "of that interface, of the first host; if it is not said, one of its own", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_HOST, "gateway", "ADDRESS", "the default route; on the next segment the same in the next prefix", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_HOST, "route", "PREFIX via ADDRESS [count N]", "a route; with `count` a row of them, each to the next prefix by the next gateway, without those to networks of its own", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_HOST, "forward", "", "it is a router", TYPE_FLAG, H(forward), 0, 0 },
	{ IN_HOST, "profile", "linux\\|strict", "as the kernel does, or as the RFCs say", TYPE_PROFILE, H(profile), 0, 0 },
	{ IN_HOST, "sysctl", "KEY=VALUE", "names as in sysctl(8)", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_HOST, "dad", "", "strict: its addresses are probed for before they are used", TYPE_FLAG, H(dad), 0, 0 },
	{ IN_HOST, "start", "TIME", "when its interfaces come up", TYPE_TIME, H(start_ns), 0, 0 },
	{ IN_HOST, "spread", "TIME", "later, at random", TYPE_TIME, H(spread_ns), 0, 0 },
	{ IN_HOST, "clock", "TIME", "what its clock shows at the beginning", TYPE_TIME, H(offset_ns), 0, 0 },
	{ IN_HOST, "drift", "SHARE", "by which its clock is fast: `50ppm`, `-50ppm`", TYPE_DRIFT, H(drift_ppb), 0, 0 },
	{ IN_HOST, "alloc-fail", "SHARE", "of allocations of memory that fail", TYPE_PPM, H(alloc_fail_ppm), 0, 0 },

	{ IN_TRAFFIC, "to", "HOSTS\\|PREFIX", "whom; of a prefix one address after the other", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_TRAFFIC, "pick", "own\\|each\\|random\\|near", "which of those hosts: see below", TYPE_PICK, F(pick), 0, 0 },
	{ IN_TRAFFIC, "every", "TIME", "between two; if it is not said, 1s", TYPE_TIME, F(every_ns), 0, 0 },
	{ IN_TRAFFIC, "from", "TIME", "when it begins", TYPE_TIME, F(begin_ns), 0, 0 },
	{ IN_TRAFFIC, "spread", "TIME", "each host begins later by a time of its own, at random", TYPE_TIME, F(spread_ns), 0, 0 },
	{ IN_TRAFFIC, "for", "TIME", "how long; if it is not said, to the end", TYPE_TIME, F(for_ns), 0, 0 },
	{ IN_TRAFFIC, "times", "N", "how often at the most", TYPE_COUNT, F(times), 1, UINT32_MAX },
	{ IN_TRAFFIC, "size", "SIZE", "of the data, from 32 octets on", TYPE_BYTES, F(size_bytes), 32, 9000 },
	{ IN_TRAFFIC, "name", "NAME", "for expectations", TYPE_NAME, F(name), 0, 0 },
	{ IN_TRAFFIC, "doubt", "", "who gets no answer tells the stack so, as one that retransmits does", TYPE_FLAG, F(doubts), 0, 0 },

	{ IN_AT, "every", "TIME times N", "done again; stands before what is done", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_AT, "cut", "HOSTS [in\\|out]", "a partition: they hear each other, and nobody else; `in`: they hear nobody, `out`: nobody hears them", TYPE_SPECIAL, DEED_CUT, 0, 0 },
	{ IN_AT, "join", "HOSTS", "the end of that", TYPE_SPECIAL, DEED_JOIN, 0, 0 },
	{ IN_AT, "unplug", "HOSTS [dev ethN]", "the cable; of all interfaces, if none is named", TYPE_SPECIAL, DEED_UNPLUG, 0, 0 },
	{ IN_AT, "plug", "HOSTS [dev ethN]", "the cable is back", TYPE_SPECIAL, DEED_PLUG, 0, 0 },
	{ IN_AT, "reboot", "HOSTS", "all is lost but what this file says of them", TYPE_SPECIAL, DEED_REBOOT, 0, 0 },
	{ IN_AT, "mac", "HOSTS MAC\\|new [announce] [dev ethN]", "another hardware address; `announce`: with arp_notify, else in silence", TYPE_SPECIAL, DEED_MAC, 0, 0 },
	{ IN_AT, "announce", "HOSTS ADDRESS [reply] [count N] [gap TIME] [dev ethN]", "gratuitous ARP, as a program sends it", TYPE_SPECIAL, DEED_ANNOUNCE, 0, 0 },
	{ IN_AT, "sysctl", "HOSTS KEY=VALUE", "", TYPE_SPECIAL, DEED_SYSCTL, 0, 0 },
	{ IN_AT, "fault", "SEGMENT ...", "the words of segments from `delay` on", TYPE_SPECIAL, DEED_FAULT, 0, 0 },
	{ IN_AT, "heal", "SEGMENT", "as it was declared", TYPE_SPECIAL, DEED_HEAL, 0, 0 },
	{ IN_AT, "forge", "SEGMENT request\\|reply ADDRESS\\|PREFIX is-at MAC\\|new [to HOST] [count N] [gap TIME]", "ARP that no host sent; of a prefix one address after the other; without `to` gratuitous, to all", TYPE_SPECIAL, DEED_FORGE, 0, 0 },
	{ IN_AT, "ip", "HOSTS link set ethN up\\|down\\|mtu N\\|address MAC", "by rtnetlink, as ip(8) does", TYPE_SPECIAL, DEED_LINK, 0, 0 },
	{ IN_AT, "ip", "HOSTS addr add\\|del PREFIX dev ethN", "", TYPE_SPECIAL, DEED_ADDR, 0, 0 },
	{ IN_AT, "ip", "HOSTS route add\\|del PREFIX\\|default [via ADDRESS] [dev ethN]", "", TYPE_SPECIAL, DEED_ROUTE, 0, 0 },
	{ IN_AT, "ip", "HOSTS neigh add\\|replace\\|del ADDRESS dev ethN [lladdr MAC] [nud STATE]", "", TYPE_SPECIAL, DEED_NEIGH, 0, 0 },

	{ IN_EXPECT, "at", "TIME", "then; if it is not said, at the end", TYPE_TIME, X(when_ns), 0, 0 },
	{ IN_EXPECT, "of", "GROUP", "of its hosts only", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_EXPECT, "in", "NAME", "of the traffic of that name only", TYPE_SPECIAL, 0, 0, 0 },
	{ IN_EXPECT, "within", "TIME", "`reach` only: from then on", TYPE_TIME, X(within_ns), 0, 0 },
	{ IN_EXPECT, "pick", "own\\|each\\|random\\|near", "`reach` only: which pairs; if it is not said, each", TYPE_PICK, X(pick), 0, 0 },
};
const u32 scenario_word_count = ARRAY_SIZE(scenario_words);

const struct scenario_name scenario_metrics[] = {
	{ "reach", METRIC_REACH, "`reach FROM to TO within TIME`: each of those pairs gets an answer" },
	{ "sent", METRIC_SENT, "datagrams and questions that programs sent" },
	{ "delivered", METRIC_DELIVERED, "datagrams that arrived; `99%`: of those sent" },
	{ "refused", METRIC_REFUSED, "that the sender's stack refused at once" },
	{ "lost", METRIC_LOST, "datagrams taken and not delivered" },
	{ "answered", METRIC_ANSWERED, "questions that were answered; `99%`: of those asked" },
	{ "doubled", METRIC_DOUBLED, "that arrived more than once" },
	{ "damaged", METRIC_DAMAGED, "that arrived otherwise than they were sent" },
	{ "outage", METRIC_OUTAGE, "the longest time that a host which asks had no answer" },
	{ "resolved", METRIC_RESOLVED, "addresses that were asked for by broadcast and heard of" },
	{ "unresolved", METRIC_UNRESOLVED, "addresses that were asked for in vain" },
	{ "median", METRIC_MEDIAN, "time from the first such question to the answer: half of them took no longer" },
	{ "p99", METRIC_P99, "99 of 100 took no longer" },
	{ "max", METRIC_MAX, "the longest" },
	{ "drops", METRIC_DROPS, "`drops REASON`: packets that died in hosts; a reason of docs/DROPS.md, or `any`" },
	{ "neighbours", METRIC_NEIGHBOURS, "`neighbours STATE`: entries in it, or `any`; `50%`: of all" },
	{ "frames", METRIC_FRAMES, "`frames KIND`: that hosts sent, or `any`" },
	{ "log", METRIC_LOG, "lines that Linux would print to dmesg" },
	{ "memory", METRIC_MEMORY, "octets of a host's net, on average" },
	{ NULL, 0, NULL },
};

const struct scenario_name scenario_states[] = {
	{ "incomplete", 0, "" }, { "reachable", 1, "" }, { "stale", 2, "" }, { "delay", 3, "" }, { "probe", 4, "" },
	{ "failed", 5, "" },     { "noarp", 6, "" },     { "permanent", 7, "" }, { "none", 8, "" },
	{ "any", STATE_ANY, "" }, { NULL, 0, NULL },
};
static_assert(NUD_INCOMPLETE == 1 << 0 && NUD_PROBE == 1 << 4 && NUD_PERMANENT == 1 << 7, "the bits of states");

const struct scenario_name scenario_kinds[] = {
	{ "arp-request", KIND_ARP_REQUEST, "who has this address? to all" },
	{ "arp-probe", KIND_ARP_PROBE, "the same, to one host that is known" },
	{ "arp-reply", KIND_ARP_REPLY, "an answer" },
	{ "arp-announcement", KIND_ARP_ANNOUNCEMENT, "gratuitous: sender and target are one address" },
	{ "udp", KIND_UDP, "IPv4 with UDP" },
	{ "icmp", KIND_ICMP, "IPv4 with ICMP" },
	{ "other", KIND_OTHER, "anything else" },
	{ "any", KIND_ANY, "all of them" },
	{ NULL, 0, NULL },
};

const struct scenario_name scenario_picks[] = {
	{ "own", PICK_OWN, "always the same one: host I has number I of them, modulo their count" },
	{ "each", PICK_EACH, "all of them, one after the other" },
	{ "random", PICK_RANDOM, "any of them, each time another" },
	{ "near", PICK_NEAR, "any of those on its own segment" },
	{ NULL, 0, NULL },
};
/* clang-format on */

const struct scenario_name *scenario_find(const struct scenario_name *table, const char *name)
{
	for (; table->name; table++) {
		if (strcmp(table->name, name) == 0)
			return table;
	}
	return NULL;
}

static void print_names(FILE *out, const char *title, const struct scenario_name *table)
{
	fprintf(out, "\n## %s\n\n| word | meaning |\n| --- | --- |\n", title);
	for (; table->name; table++)
		fprintf(out, "| `%s` | %s |\n", table->name, table->says);
}

void scenario_print_words(FILE *out)
{
	static const char *const titles[IN_PLACES] = {
		[IN_FILE] = "What begins a statement",      [IN_SEGMENT] = "Words of `wire`, `hub` and `switch`",
		[IN_HOST] = "Words of `host` and `router`", [IN_TRAFFIC] = "Words of `send` and `ask`",
		[IN_AT] = "What is done `at` a time",       [IN_EXPECT] = "Words of `expect`",
	};

	for (u32 place = 0; place < IN_PLACES; place++) {
		fprintf(out, "%s## %s\n\n| word | followed by | meaning |\n| --- | --- | --- |\n", place ? "\n" : "",
			titles[place]);
		for (u32 i = 0; i < scenario_word_count; i++) {
			const struct scenario_word *w = &scenario_words[i];

			if (w->in == place)
				fprintf(out, "| `%s` | %s | %s |\n", w->word, w->argument, w->says);
		}
	}
	print_names(out, "What is expected: `expect METRIC ... OPERATOR VALUE`", scenario_metrics);
	print_names(out, "Whom `pick` means", scenario_picks);
	print_names(out, "Kinds of frames", scenario_kinds);
}
