// SPDX-License-Identifier: BSD-2-Clause
/* Options of IPv4: in, through, out.  The kernel gave the answers; NOW! stands for a time stamp of now. */
#include "ip_world.h"

#include <errno.h>
#include <netinet/in.h>

#define SILENCE 254
#define PASSED 253

/* ------------------------------------------------------------------ to us */

/* clang-format off: rows that are read as octets */
static const struct {
	const char *says, *options;
	u32 options_bytes;
	u8 answer, pointer;
	const char *back; /* options of the answer */
	u32 back_bytes;
} to_us[] = {
	{ "record route with room for us twice", "\x07\x0b\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12, ICMP_ECHOREPLY,
	  0, "\x07\x0b\x0c\x0a\x4d\x00\x02\x0a\x4d\x00\x02\x00", 12 },
	{ "record route with room for us once: it is filled", "\x07\x07\x04\x00\x00\x00\x00\x00", 8, ICMP_ECHOREPLY, 0,
	  "\x07\x07\x08\x0a\x4d\x00\x02\x00", 8 },
	{ "record route that is full", "\x07\x07\x08\xc0\x00\x02\x01\x00", 8, ICMP_ECHOREPLY, 0,
	  "\x07\x07\x08\xc0\x00\x02\x01\x00", 8 },
	{ "record route behind a no-operation", "\x01\x07\x0b\x04\x00\x00\x00\x00\x00\x00\x00\x00", 12, ICMP_ECHOREPLY,
	  0, "\x07\x0b\x0c\x0a\x4d\x00\x02\x0a\x4d\x00\x02\x00", 12 },
	{ "record route of length 2", "\x07\x02\x04\x00", 4, ICMP_PARAMETERPROB, 21, "", 0 },
	{ "record route of length 0", "\x07\x00\x04\x00", 4, ICMP_PARAMETERPROB, 20, "", 0 },
	{ "record route of length 3, full from the beginning", "\x07\x03\x04\x00", 4, ICMP_ECHOREPLY, 0,
	  "\x07\x03\x04\x00", 4 },
	{ "record route whose pointer is 3", "\x07\x07\x03\x00\x00\x00\x00\x00", 8, ICMP_PARAMETERPROB, 22, "", 0 },
	{ "record route whose pointer leaves three octets", "\x07\x07\x05\x00\x00\x00\x00\x00", 8, ICMP_PARAMETERPROB,
	  22, "", 0 },
	{ "record route whose pointer is 255", "\x07\x07\xff\x00\x00\x00\x00\x00", 8, ICMP_ECHOREPLY, 0,
	  "\x07\x07\xff\x00\x00\x00\x00\x00", 8 },
	{ "two record routes", "\x07\x03\x04\x07\x03\x04\x00\x00", 8, ICMP_PARAMETERPROB, 23, "\x07\x03\x04\x00", 4 },
	{ "time stamps only", "\x44\x0c\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12, ICMP_ECHOREPLY, 0,
	  "\x44\x0c\x0d\x00"
	  "NOW!"
	  "NOW!",
	  12 },
	{ "time stamps only, room for one: it is filled", "\x44\x08\x05\x00\x00\x00\x00\x00", 8, ICMP_ECHOREPLY, 0,
	  "\x44\x08\x09\x00"
	  "NOW!",
	  8 },
	{ "time stamps and addresses",
	  "\x44\x14\x05\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20, ICMP_ECHOREPLY, 0,
	  "\x44\x14\x15\x01\x0a\x4d\x00\x02"
	  "NOW!"
	  "\x0a\x4d\x00\x02"
	  "NOW!",
	  20 },
	{ "time stamps of given addresses: ours is first",
	  "\x44\x14\x05\x03\x0a\x4d\x00\x02\x00\x00\x00\x00\x0a\x4d\x00\x01\x00\x00\x00\x00", 20, ICMP_ECHOREPLY, 0,
	  "\x44\x14\x0d\x03\x0a\x4d\x00\x02"
	  "NOW!"
	  "\x0a\x4d\x00\x01\x00\x00\x00\x00",
	  20 },
	{ "time stamps of given addresses: another is first", "\x44\x0c\x05\x03\x0a\x4d\x00\x01\x00\x00\x00\x00", 12,
	  ICMP_ECHOREPLY, 0, "\x44\x0c\x05\x03\x0a\x4d\x00\x01\x00\x00\x00\x00", 12 },
	{ "time stamps of given addresses: both of ours",
	  "\x44\x14\x05\x03\x0a\x4d\x00\x02\x00\x00\x00\x00\x0a\x4e\x00\x02\x00\x00\x00\x00", 20, ICMP_ECHOREPLY, 0,
	  "\x44\x14\x15\x03\x0a\x4d\x00\x02"
	  "NOW!"
	  "\x0a\x4e\x00\x02"
	  "NOW!",
	  20 },
	{ "time stamps with an unknown flag", "\x44\x0c\x05\x02\x00\x00\x00\x00\x00\x00\x00\x00", 12, ICMP_ECHOREPLY, 0,
	  "\x44\x0c\x05\x02\x00\x00\x00\x00\x00\x00\x00\x00", 12 },
	{ "time stamps that are full", "\x44\x08\x09\x00\x01\x02\x03\x04", 8, ICMP_ECHOREPLY, 0,
	  "\x44\x08\x09\x10\x01\x02\x03\x04", 8 },
	{ "time stamps that are full for the fifteenth time", "\x44\x08\x09\xe0\x01\x02\x03\x04", 8, ICMP_ECHOREPLY, 0,
	  "\x44\x08\x09\xf0\x01\x02\x03\x04", 8 },
	{ "time stamps that overflow", "\x44\x08\x09\xf0\x01\x02\x03\x04", 8, ICMP_PARAMETERPROB, 23, "", 0 },
	{ "time stamps of length 3", "\x44\x03\x05\x00", 4, ICMP_PARAMETERPROB, 21, "", 0 },
	{ "time stamps whose pointer is 4", "\x44\x0c\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12, ICMP_PARAMETERPROB,
	  22, "", 0 },
	{ "time stamps whose pointer leaves two octets", "\x44\x08\x06\x00\x00\x00\x00\x00", 8, ICMP_PARAMETERPROB, 22,
	  "", 0 },
	{ "two time stamps", "\x44\x04\x05\x00\x44\x04\x05\x00", 8, ICMP_PARAMETERPROB, 24, "\x44\x04\x05\x10", 4 },
	{ "router alert", "\x94\x04\x00\x00", 4, ICMP_ECHOREPLY, 0, "", 0 },
	{ "router alert with a reserved value", "\x94\x04\x00\x07", 4, ICMP_ECHOREPLY, 0, "", 0 },
	{ "router alert of length 3", "\x94\x03\x00\x00", 4, ICMP_PARAMETERPROB, 21, "", 0 },
	{ "an option that nobody knows", "\x1e\x04\xab\xcd", 4, ICMP_ECHOREPLY, 0, "", 0 },
	{ "an option that nobody knows, of length 1", "\x1e\x01\x00\x00", 4, ICMP_PARAMETERPROB, 20, "", 0 },
	{ "an option that nobody knows, past the end", "\x1e\x05\x00\x00", 4, ICMP_PARAMETERPROB, 20, "", 0 },
	{ "an option code alone", "\x01\x01\x01\x1e", 4, ICMP_PARAMETERPROB, 23, "", 0 },
	{ "junk behind the end of options", "\x00\x07\x07\x07", 4, ICMP_ECHOREPLY, 0, "", 0 },
	{ "a security label of length 7", "\x86\x07\x00\x00\x00\x00\x00\x00", 8, ICMP_PARAMETERPROB, 21,
	  "\x86\x07\x00\x00\x00\x00\x00\x00", 8 },
	{ "a security label of length 10", "\x86\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12, ICMP_PARAMETERPROB,
	  22, "\x86\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12 },
	{ "record route and time stamps",
	  "\x07\x0b\x04\x00\x00\x00\x00\x00\x00\x00\x00\x44\x0c\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 24,
	  ICMP_ECHOREPLY, 0,
	  "\x07\x0b\x0c\x0a\x4d\x00\x02\x0a\x4d\x00\x02\x44\x0c\x0d\x00"
	  "NOW!"
	  "NOW!"
	  "\x00",
	  24 },
	{ "a good record route, then a lie", "\x07\x0b\x04\x00\x00\x00\x00\x00\x00\x00\x00\x1e\x00\x00\x00\x00", 16,
	  ICMP_PARAMETERPROB, 31, "\x07\x0b\x0c\x0a\x4d\x00\x02\x0a\x4d\x00\x02\x00", 12 },
	{ "two source routes", "\x83\x03\x04\x89\x03\x04\x00\x00", 8, ICMP_PARAMETERPROB, 23, "", 0 },
	{ "a source route of length 2", "\x83\x02\x04\x00", 4, ICMP_PARAMETERPROB, 21, "", 0 },
	{ "a source route whose pointer is 3", "\x83\x07\x03\x0a\x4e\x00\x01\x00", 8, ICMP_PARAMETERPROB, 22, "", 0 },
};

/* @want with its NOW! filled in. */
static void put_now(const struct world *w, u8 *want, const char *text, u32 len_bytes)
{
	u32 ms = (u32)((w->net->now + w->net->wall_offset) / NSEC_PER_MSEC % (86400 * 1000));

	memcpy(want, text, len_bytes);
	for (u32 i = 0; i + 4 <= len_bytes; i++) {
		if (memcmp(want + i, "NOW!", 4) == 0)
			put_unaligned_be32(cpu_to_be32(ms), want + i);
	}
}

static void check_options(const struct world *w, const struct frame *f, const char *text, u32 len_bytes)
{
	u8 want[40];

	put_now(w, want, text, len_bytes);
	assert_int_equal(ip_hdrlen_bytes(frame_ip(f)), sizeof(struct iphdr) + len_bytes);
	assert_memory_equal(f->packet + sizeof(struct iphdr), want, len_bytes);
}

static void options_of_what_is_for_us_are_judged_and_answered(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(to_us); i++) {
		const struct spec in = { .options = to_us[i].options, .options_bytes = to_us[i].options_bytes };
		struct world *w = world_create();
		const struct frame *f;

		print_message("%s\n", to_us[i].says);
		world_no_limits(w);
		world_send(w, 0, &in);
		f = world_one(w, 0);
		assert_true(frame_is_icmp(f, to_us[i].answer, 0));
		check_options(w, f, to_us[i].back, to_us[i].back_bytes);
		if (to_us[i].answer == ICMP_PARAMETERPROB) {
			assert_int_equal(frame_icmp(f)->un.bytes[0], to_us[i].pointer);
			assert_int_equal(world_drops(w, SKB_DROP_REASON_IP_OPTIONS), 1);
			assert_int_equal(w->net->ipv4->stats.in_hdr_errors, 1);
		}
		world_destroy(w);
	}
}

/* ------------------------------------------------------------------ through us */

struct through {
	const char *says;
	__be32 dst;
	const char *options;
	u32 options_bytes;
	u8 answer, pointer;
	int dev;
	__be32 to;
	const char *back;
	u32 back_bytes;
};

static const struct through forwarded[] = {
	{ "record route", HOST_B, "\x07\x0b\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12, PASSED, 0, 1,
	  IP4(10, 78, 0, 1), "\x07\x0b\x08\x0a\x4e\x00\x02\x00\x00\x00\x00\x00", 12 },
	{ "record route with room for one", HOST_B, "\x07\x07\x04\x00\x00\x00\x00\x00", 8, PASSED, 0, 1,
	  IP4(10, 78, 0, 1), "\x07\x07\x08\x0a\x4e\x00\x02\x00", 8 },
	{ "record route that is full", HOST_B, "\x07\x07\x08\xc0\x00\x02\x01\x00", 8, PASSED, 0, 1, IP4(10, 78, 0, 1),
	  "\x07\x07\x08\xc0\x00\x02\x01\x00", 8 },
	{ "time stamps only", HOST_B, "\x44\x0c\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12, PASSED, 0, 1,
	  IP4(10, 78, 0, 1),
	  "\x44\x0c\x09\x00"
	  "NOW!"
	  "\x00\x00\x00\x00",
	  12 },
	{ "time stamps and addresses", HOST_B,
	  "\x44\x14\x05\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20, PASSED, 0, 1,
	  IP4(10, 78, 0, 1),
	  "\x44\x14\x0d\x01\x0a\x4d\x00\x02"
	  "NOW!"
	  "\x00\x00\x00\x00\x00\x00\x00\x00",
	  20 },
	{ "time stamps that are full", HOST_B, "\x44\x08\x09\x00\x01\x02\x03\x04", 8, PASSED, 0, 1, IP4(10, 78, 0, 1),
	  "\x44\x08\x09\x10\x01\x02\x03\x04", 8 },
	{ "junk behind the end of options", HOST_B, "\x00\x07\x07\x07", 4, PASSED, 0, 1, IP4(10, 78, 0, 1),
	  "\x00\x00\x00\x00", 4 },
	{ "an option that nobody knows", HOST_B, "\x1e\x04\xab\xcd", 4, PASSED, 0, 1, IP4(10, 78, 0, 1),
	  "\x1e\x04\xab\xcd", 4 },
};

static const struct through source_routed[] = {
	{ "loose, to B", IP4(10, 77, 0, 2), "\x83\x07\x04\x0a\x4e\x00\x01\x00", 8, PASSED, 0, 1, IP4(10, 78, 0, 1),
	  "\x83\x07\x08\x0a\x4e\x00\x02\x00", 8 },
	{ "strict, to B", IP4(10, 77, 0, 2), "\x89\x07\x04\x0a\x4e\x00\x01\x00", 8, PASSED, 0, 1, IP4(10, 78, 0, 1),
	  "\x89\x07\x08\x0a\x4e\x00\x02\x00", 8 },
	{ "loose, by our other address, to B", IP4(10, 77, 0, 2), "\x83\x0b\x04\x0a\x4e\x00\x02\x0a\x4e\x00\x01\x00",
	  12, PASSED, 0, 1, IP4(10, 78, 0, 1), "\x83\x0b\x0c\x0a\x4e\x00\x02\x0a\x4e\x00\x02\x00", 12 },
	{ "loose, second station is B", IP4(10, 77, 0, 2), "\x83\x0b\x08\xc0\x00\x02\x09\x0a\x4e\x00\x01\x00", 12,
	  PASSED, 0, 1, IP4(10, 78, 0, 1), "\x83\x0b\x0c\xc0\x00\x02\x09\x0a\x4e\x00\x02\x00", 12 },
	{ "used up: it is for us", IP4(10, 77, 0, 2), "\x83\x07\x08\x0a\x4d\x00\x09\x00", 8, ICMP_ECHOREPLY, 0, 0,
	  IP4(10, 77, 0, 9), "\x83\x07\x04\x0a\x4d\x00\x01\x00", 8 },
	{ "used up, back by two", IP4(10, 77, 0, 2), "\x83\x0b\x0c\x0a\x4d\x00\x08\x0a\x4d\x00\x09\x00", 12,
	  ICMP_ECHOREPLY, 0, 0, IP4(10, 77, 0, 9), "\x83\x0b\x04\x0a\x4d\x00\x08\x0a\x4d\x00\x01\x00", 12 },
	{ "used up, the first station is the sender", IP4(10, 77, 0, 2),
	  "\x83\x0b\x0c\x0a\x4d\x00\x01\x0a\x4d\x00\x09\x00", 12, ICMP_ECHOREPLY, 0, 0, IP4(10, 77, 0, 9),
	  "\x83\x07\x04\x0a\x4d\x00\x01\x00", 8 },
	{ "pointer leaves two octets", IP4(10, 77, 0, 2), "\x83\x07\x06\x0a\x4e\x00\x01\x00", 8, ICMP_PARAMETERPROB, 22,
	  0, IP4(10, 77, 0, 1), "", 0 },
	{ "not for us yet, loose: it goes on", IP4(10, 78, 0, 1), "\x83\x07\x04\xc0\x00\x02\x09\x00", 8, PASSED, 0, 1,
	  IP4(10, 78, 0, 1), "\x83\x07\x04\xc0\x00\x02\x09\x00", 8 },
	{ "not for us yet, strict: the next station is wrong", IP4(10, 78, 0, 1), "\x89\x07\x04\xc0\x00\x02\x09\x00", 8,
	  ICMP_PARAMETERPROB, 16, 0, IP4(10, 77, 0, 1), "", 0 },
	{ "next station is nowhere", IP4(10, 77, 0, 2), "\x83\x07\x04\xc0\x00\x02\x09\x00", 8, SILENCE, 0, 0,
	  CONST_BE32(0), "", 0 },
	{ "next station is a broadcast address", IP4(10, 77, 0, 2), "\x83\x07\x04\x0a\x4e\x00\xff\x00", 8, SILENCE, 0,
	  0, CONST_BE32(0), "", 0 },
	{ "with record route and time stamps", IP4(10, 77, 0, 2),
	  "\x83\x07\x04\x0a\x4e\x00\x01\x07\x07\x04\x00\x00\x00\x00\x44\x0c\x05\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	  28, PASSED, 0, 1, IP4(10, 78, 0, 1),
	  "\x83\x07\x08\x0a\x4e\x00\x02\x07\x07\x08\x0a\x4e\x00\x02\x44\x0c\x0d\x01\x0a\x4e\x00\x02"
	  "NOW!"
	  "\x00\x00",
	  28 },
};

static void check_through(struct world *w, const struct through *t)
{
	const struct spec in = { .dst = t->dst, .options = t->options, .options_bytes = t->options_bytes };
	const struct frame *f;

	print_message("%s\n", t->says);
	world_send(w, 0, &in);
	if (t->answer == SILENCE) {
		assert_int_equal(w->out_count, 0);
		return;
	}
	f = world_one(w, t->dev);
	check_options(w, f, t->back, t->back_bytes);
	assert_int_equal(frame_ip(f)->daddr, t->to);
	if (t->answer == PASSED) {
		assert_int_equal(frame_ip(f)->ttl, 63);
		assert_int_equal(frame_ip(f)->saddr, HOST_A);
		return;
	}
	assert_true(frame_is_icmp(f, t->answer, 0));
	if (t->answer == ICMP_PARAMETERPROB)
		assert_int_equal(frame_icmp(f)->un.bytes[0], t->pointer);
}

static void routers_record_themselves(void **state)
{
	struct world *w = world_create();

	(void)state;
	world_no_limits(w);
	world_sysctl(w, "net.ipv4.ip_forward", "1");
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++) {
		check_through(w, &forwarded[i]);
		world_forget(w);
	}
	world_destroy(w);
}

static void source_routes_are_followed_if_both_switches_are_on(void **state)
{
	static const struct spec in = { .options = "\x83\x07\x04\x0a\x4e\x00\x01", .options_bytes = 7 };
	struct world *w = world_create();

	(void)state;
	world_no_limits(w);
	world_sysctl(w, "net.ipv4.ip_forward", "1");
	world_sysctl(w, "net.ipv4.conf.eth0.accept_source_route", "1");
	world_send(w, 0, &in);
	assert_int_equal(w->out_count, 0);
	assert_int_equal(world_drops(w, SKB_DROP_REASON_IP_OPTIONS), 1);
	world_sysctl(w, "net.ipv4.conf.all.accept_source_route", "1");
	for (size_t i = 0; i < ARRAY_SIZE(source_routed); i++) {
		check_through(w, &source_routed[i]);
		world_forget(w);
	}
	world_destroy(w);
}

/* ------------------------------------------------------------------ from us */

#define TEN "\1\1\1\1\1\1\1\1\1\1"
#define FORTY TEN TEN TEN TEN
#define FORTY_ONE FORTY "\1"

static const struct {
	const char *says, *options;
	u32 options_bytes;
	int err, dev;
	__be32 first_hop;
	const char *sent; /* on its way to HOST_B */
	u32 sent_bytes;
	const char *shown; /* by getsockopt(2) */
} from_us[] = {
	{ "nothing", "", 0, 0, 1, IP4(10, 78, 0, 1), "", 0, "" },
	{ "no-operations", "\x01\x01\x01\x01", 4, 0, 1, IP4(10, 78, 0, 1), "\x01\x01\x01\x01", 4, "\x01\x01\x01\x01" },
	{ "one octet is filled up", "\x01", 1, 0, 1, IP4(10, 78, 0, 1), "\x01\x00\x00\x00", 4, "\x01\x00\x00\x00" },
	{ "record route", "\x07\x0b\x04\x00\x00\x00\x00\x00\x00\x00\x00", 11, 0, 1, IP4(10, 78, 0, 1),
	  "\x07\x0b\x08\x0a\x4e\x00\x02\x00\x00\x00\x00\x00", 12, "\x07\x0b\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00" },
	{ "record route, with addresses left in it", "\x07\x0b\x04\x09\x09\x09\x09\x09\x09\x09\x09", 11, 0, 1,
	  IP4(10, 78, 0, 1), "\x07\x0b\x08\x0a\x4e\x00\x02\x09\x09\x09\x09\x00", 12,
	  "\x07\x0b\x04\x00\x00\x00\x00\x09\x09\x09\x09\x00" },
	{ "record route without room", "\x07\x03\x04\x00", 4, 0, 1, IP4(10, 78, 0, 1), "\x07\x03\x04\x00", 4,
	  "\x07\x03\x04\x00" },
	{ "record route whose pointer is 3", "\x07\x07\x03\x00\x00\x00\x00", 7, EINVAL, 0, CONST_BE32(0), "", 0, "" },
	{ "record route of length 2", "\x07\x02\x04\x00", 4, EINVAL, 0, CONST_BE32(0), "", 0, "" },
	{ "time stamps only", "\x44\x0c\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00", 12, 0, 1, IP4(10, 78, 0, 1),
	  "\x44\x0c\x09\x00"
	  "NOW!"
	  "\x00\x00\x00\x00",
	  12, "\x44\x0c\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00" },
	{ "time stamps and addresses",
	  "\x44\x14\x05\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20, 0, 1,
	  IP4(10, 78, 0, 1),
	  "\x44\x14\x0d\x01\x0a\x4e\x00\x02"
	  "NOW!"
	  "\x00\x00\x00\x00\x00\x00\x00\x00",
	  20, "\x44\x14\x05\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" },
	{ "time stamps of given addresses, another's first",
	  "\x44\x14\x05\x03\x0a\x4d\x00\x01\x00\x00\x00\x00\x0a\x4d\x00\x02\x00\x00\x00\x00", 20, 0, 1,
	  IP4(10, 78, 0, 1), "\x44\x14\x05\x03\x0a\x4d\x00\x01\x00\x00\x00\x00\x0a\x4d\x00\x02\x00\x00\x00\x00", 20,
	  "\x44\x14\x05\x03\x0a\x4d\x00\x01\x00\x00\x00\x00\x0a\x4d\x00\x02\x00\x00\x00\x00" },
	{ "time stamps of given addresses, ours first",
	  "\x44\x14\x05\x03\x0a\x4d\x00\x02\x00\x00\x00\x00\x0a\x4d\x00\x01\x00\x00\x00\x00", 20, 0, 1,
	  IP4(10, 78, 0, 1),
	  "\x44\x14\x0d\x03\x0a\x4d\x00\x02"
	  "NOW!"
	  "\x0a\x4d\x00\x01\x00\x00\x00\x00",
	  20, "\x44\x14\x05\x03\x0a\x4d\x00\x02\x00\x00\x00\x00\x0a\x4d\x00\x01\x00\x00\x00\x00" },
	{ "time stamps with an unknown flag", "\x44\x0c\x05\x02\x00\x00\x00\x00\x00\x00\x00\x00", 12, 0, 1,
	  IP4(10, 78, 0, 1), "\x44\x0c\x05\x02\x00\x00\x00\x00\x00\x00\x00\x00", 12,
	  "\x44\x0c\x05\x02\x00\x00\x00\x00\x00\x00\x00\x00" },
	{ "router alert", "\x94\x04\x00\x00", 4, 0, 1, IP4(10, 78, 0, 1), "\x94\x04\x00\x00", 4, "\x94\x04\x00\x00" },
	{ "an option that nobody knows", "\x1e\x04\xab\xcd", 4, 0, 1, IP4(10, 78, 0, 1), "\x1e\x04\xab\xcd", 4,
	  "\x1e\x04\xab\xcd" },
	{ "a security label", "\x86\x0a\x00\x00\x00\x00\x00\x00\x00\x00", 10, EINVAL, 0, CONST_BE32(0), "", 0, "" },
	{ "a loose source route by one station", "\x83\x07\x04\x0a\x4d\x00\x01", 7, 0, 0, IP4(10, 77, 0, 1),
	  "\x83\x07\x04\x0a\x4e\x00\x01\x00", 8, "\x83\x07\x04\x0a\x4d\x00\x01\x00" },
	{ "a strict source route by two", "\x89\x0b\x04\x0a\x4d\x00\x01\xc0\x00\x02\x07", 11, 0, 0, IP4(10, 77, 0, 1),
	  "\x89\x0b\x04\xc0\x00\x02\x07\x0a\x4e\x00\x01\x00", 12, "\x89\x0b\x04\x0a\x4d\x00\x01\xc0\x00\x02\x07\x00" },
	{ "a source route without a station", "\x83\x03\x04\x00", 4, EINVAL, 0, CONST_BE32(0), "", 0, "" },
	{ "a source route whose pointer is 8", "\x83\x0b\x08\x0a\x4d\x00\x01\x0a\x4d\x00\x01", 11, EINVAL, 0,
	  CONST_BE32(0), "", 0, "" },
	{ "a source route and a half", "\x83\x09\x04\x0a\x4d\x00\x01\x01\x01", 9, EINVAL, 0, CONST_BE32(0), "", 0, "" },
	{ "two source routes", "\x83\x07\x04\x0a\x4d\x00\x01\x83\x07\x04\x0a\x4d\x00\x01", 14, EINVAL, 0, CONST_BE32(0),
	  "", 0, "" },
	{ "41 octets", FORTY_ONE, 41, EINVAL, 0, CONST_BE32(0), "", 0, "" },
	{ "40 octets", FORTY, 40, 0, 1, IP4(10, 78, 0, 1), FORTY, 40, FORTY },
	{ "an option past the end", "\x1e\x05\x00\x00", 4, EINVAL, 0, CONST_BE32(0), "", 0, "" },
};

static void a_sender_says_what_he_wants(void **state)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_addr.s_addr = htonl(0x0a4e0001),
					.sin_port = htons(5000) };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(from_us); i++) {
		struct world *w = world_create();
		struct nethood_sock *sk;
		socklen_t len_bytes = 60;
		u8 shown[60];

		print_message("%s\n", from_us[i].says);
		assert_int_equal(nethood_socket(w->public_net, AF_INET, SOCK_DGRAM, 0, &sk), 0);
		assert_int_equal(nethood_setsockopt(sk, IPPROTO_IP, IP_OPTIONS, from_us[i].options,
						    from_us[i].options_bytes),
				 -from_us[i].err);
		if (!from_us[i].err) {
			assert_int_equal(nethood_getsockopt(sk, IPPROTO_IP, IP_OPTIONS, shown, &len_bytes), 0);
			assert_int_equal(len_bytes, from_us[i].sent_bytes);
			assert_memory_equal(shown, from_us[i].shown, len_bytes);
			assert_int_equal(nethood_sendto(sk, "hello", 5, 0, (const struct sockaddr *)&to, sizeof(to)),
					 5);
			world_poll(w);
			check_options(w, world_one(w, from_us[i].dev), from_us[i].sent, from_us[i].sent_bytes);
			assert_int_equal(w->out[0].packet[16] << 24 | w->out[0].packet[17] << 16 |
						 w->out[0].packet[18] << 8 | w->out[0].packet[19],
					 be32_to_cpu(from_us[i].first_hop));
		}
		nethood_close(sk);
		world_destroy(w);
	}
}

/* An owner without privileges sends what is known, and nothing else. */
static void who_is_not_the_administrator_sends_known_options_only(void **state)
{
	static const struct {
		const char *options;
		u32 len_bytes;
		int err;
	} rows[] = {
		{ "\x07\x07\x04\x00\x00\x00\x00", 7, 0 },
		{ "\x94\x04\x00\x00", 4, 0 },
		{ "\x1e\x04\xab\xcd", 4, -EINVAL },
		{ "\x44\x0c\x05\x02\x00\x00\x00\x00\x00\x00\x00\x00", 12, -EINVAL },
		{ "\x86\x08\x00\x00\x00\x00\x00\x00", 8, -EINVAL },
	};
	struct world *w = world_create();
	struct ip_options opt;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(ip_options_get(w->net, (const u8 *)rows[i].options, rows[i].len_bytes, false, &opt),
				 rows[i].err);
	world_destroy(w);
}

/* ------------------------------------------------------------------ fragments */

static void later_fragments_carry_only_what_is_to_be_copied(void **state)
{
	static const struct {
		const char *says, *before, *after;
	} rows[] = {
		{ "record route is not copied", "\x07\x07\x04\x00\x00\x00\x00\x00",
		  "\x01\x01\x01\x01\x01\x01\x01\x00" },
		{ "router alert is", "\x94\x04\x00\x00\x01\x01\x01\x01", "\x94\x04\x00\x00\x01\x01\x01\x01" },
		{ "each option by itself", "\x1e\x04\x00\x00\x9e\x04\x00\x00", "\x01\x01\x01\x01\x9e\x04\x00\x00" },
		{ "a lying length ends at the header's end", "\x1e\x40\x00\x00\x9e\x04\x00\x00",
		  "\x01\x01\x01\x01\x01\x01\x01\x01" },
		{ "so does a length of 0", "\x1e\x00\x00\x00\x9e\x04\x00\x00", "\x01\x01\x01\x01\x01\x01\x01\x01" },
		{ "what follows the end is left", "\x01\x00\x1e\x04\x00\x00\x00\x00",
		  "\x01\x00\x1e\x04\x00\x00\x00\x00" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct {
			struct iphdr iph;
			u8 options[8];
			u8 guard[4];
		} h = { .iph = { .version = 4, .ihl = 7 }, .guard = "gard" };

		print_message("%s\n", rows[i].says);
		memcpy(h.options, rows[i].before, 8);
		ip_options_fragment(&h.iph);
		assert_memory_equal(h.options, rows[i].after, 8);
		assert_memory_equal(h.guard, "gard", 4);
	}
}

/* ------------------------------------------------------------------ any octets */

static u32 next_random(u64 *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(*seed >> 33);
}

/* Whatever the octets: one answer at most, a valid one, and a net that ends at zero. */
static void random_options_do_no_harm(void **state)
{
	static const u8 kinds[] = { 0, 1, 7, 68, 130, 131, 134, 137, 148, 30 };
	struct world *w = world_create();
	u64 seed = 1;

	(void)state;
	world_no_limits(w);
	world_sysctl(w, "net.ipv4.ip_forward", "1");
	world_sysctl(w, "net.ipv4.conf.all.accept_source_route", "1");
	world_sysctl(w, "net.ipv4.conf.eth0.accept_source_route", "1");
	for (u32 i = 0; i < 20000; i++) {
		char options[40];
		struct spec in = { .options = options,
				   .options_bytes = 4 * (1 + next_random(&seed) % 10),
				   .dst = next_random(&seed) % 3 ? ROUTER_A : HOST_B };

		for (u32 k = 0; k < in.options_bytes; k++)
			options[k] = (char)(next_random(&seed) % 3 ? next_random(&seed) % 24 : next_random(&seed));
		options[0] = (char)kinds[next_random(&seed) % ARRAY_SIZE(kinds)];
		options[1] = (char)(next_random(&seed) % (in.options_bytes + 2));
		world_send(w, 0, &in);
		assert_true(w->out_count <= 1);
		if (w->out_count)
			assert_true(frame_valid(&w->out[0]));
		world_forget(w);
		if (i % 64 == 0)
			world_tick(w, NSEC_PER_SEC);
	}
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_of_what_is_for_us_are_judged_and_answered),
		cmocka_unit_test(routers_record_themselves),
		cmocka_unit_test(source_routes_are_followed_if_both_switches_are_on),
		cmocka_unit_test(a_sender_says_what_he_wants),
		cmocka_unit_test(who_is_not_the_administrator_sends_known_options_only),
		cmocka_unit_test(later_fragments_carry_only_what_is_to_be_copied),
		cmocka_unit_test(random_options_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
