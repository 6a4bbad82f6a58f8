// SPDX-License-Identifier: BSD-2-Clause
/* Published vectors, and small properties, of the rest of base. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <sys/mman.h>

#include "base/csum.h"
#include "base/hash.h"
#include "base/icmp_count.h"
#include "base/mem.h"
#include "base/notifier.h"
#include "base/random.h"
#include "base/ratelimit.h"
#include "base/rcu.h"
#include "base/sysctl.h"

/* RFC 8439 A.1, test vectors 1 and 2: key and nonce zero, blocks 0 and 1; in pieces of every size */
static void chacha20_gives_the_keystream_of_rfc_8439(void **state)
{
	static const u8 want[128] = {
		0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28,
		0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8, 0x36, 0xef, 0xcc, 0x8b, 0x77, 0x0d, 0xc7,
		0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d, 0x77, 0x24, 0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37,
		0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18, 0xa1, 0x1c, 0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86,
		0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d, 0x08, 0x0d,
		0xcb, 0x0f, 0x29, 0xa0, 0x48, 0xe3, 0x65, 0x69, 0x12, 0xc6, 0x53, 0x3e, 0x32, 0xee, 0x7a, 0xed,
		0x29, 0xb7, 0x21, 0x76, 0x9c, 0xe6, 0x4e, 0x43, 0xd5, 0x71, 0x33, 0xb0, 0x74, 0xd8, 0x39, 0xd5,
		0x31, 0xed, 0x1f, 0x28, 0x51, 0x0a, 0xfb, 0x45, 0xac, 0xe1, 0x0a, 0x1f, 0x4b, 0x79, 0x4d, 0x6f,
	};
	const u8 key[RNG_KEY_BYTES] = { 0 };
	struct rng r;
	u8 got[128];

	(void)state;
	for (size_t piece = 1; piece <= sizeof(got); piece++) {
		rng_init(&r, key);
		for (size_t at = 0; at < sizeof(got); at += piece)
			get_random_bytes(&r, got + at, min_size(piece, sizeof(got) - at));
		assert_memory_equal(got, want, sizeof(want));
	}
	rng_init(&r, key);
	assert_int_equal(get_random_u32(&r), 0xade0b876);
	assert_int_equal(get_random_u64(&r), 0xe56a5d40903df1a0ULL);
}

static void random_numbers_below_a_ceiling_are_even(void **state)
{
	const u8 key[RNG_KEY_BYTES] = { 5 };
	u32 count[6] = { 0 };
	struct rng r;

	(void)state;
	rng_init(&r, key);
	for (int i = 0; i < 60000; i++)
		count[get_random_u32_below(&r, 6)]++;
	for (int i = 0; i < 6; i++)
		assert_in_range(count[i], 9500, 10500);
	assert_int_equal(get_random_u32_below(&r, 1), 0);
}

/* Vector of the SipHash paper, appendix A */
static void siphash_gives_the_paper_s_vector(void **state)
{
	const siphash_key_t key = { { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL } };
	u8 data[15];

	(void)state;
	for (u8 i = 0; i < sizeof(data); i++)
		data[i] = i;
	assert_int_equal(siphash(data, sizeof(data), &key), 0xa129ca6149be45e5ULL);
}

static u16 naive_csum(const u8 *p, size_t len)
{
	u64 sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (u64)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

static bool same_csum(u16 a, u16 b)
{
	return a == b || ((a == 0 || a == 0xffff) && (b == 0 || b == 0xffff));
}

static void checksums_of_any_length_and_alignment_are_right(void **state)
{
	static u8 buf[70000], copy[70000];
	const u8 key[RNG_KEY_BYTES] = { 9 };
	struct rng r;

	(void)state;
	rng_init(&r, key);
	get_random_bytes(&r, buf, sizeof(buf));
	for (int i = 0; i < 4000; i++) {
		size_t off = get_random_u32_below(&r, 64);
		size_t len = get_random_u32_below(&r, i % 100 ? 2000 : 69000);
		size_t cut = len ? get_random_u32_below(&r, (u32)len) : 0;
		u16 want = naive_csum(buf + off, len);
		u32 parts = csum_block_add(csum_partial(buf + off, cut, 0), csum_partial(buf + off + cut, len - cut, 0),
					   cut);

		assert_true(same_csum(be16_to_cpu(ip_compute_csum(buf + off, len)), want));
		assert_true(same_csum(be16_to_cpu(csum_fold(parts)), want));
		assert_true(same_csum(be16_to_cpu(csum_fold(csum_partial_copy(buf + off, copy, len, 0))), want));
		assert_memory_equal(copy, buf + off, len);
	}
	for (size_t len = 0; len < 700; len++) { /* each length from either end of a block of just that size */
		u8 *block = test_malloc(len ? len : 1);

		memcpy(block, buf, len);
		assert_true(same_csum(be16_to_cpu(ip_compute_csum(block, len)), naive_csum(buf, len)));
		memset(copy, 0xcc, len + 64);
		assert_true(csum_fold(csum_partial_copy(block, copy, len, 0xfffffffe)) ==
			    csum_fold(csum_partial(block, len, 0xfffffffe)));
		assert_memory_equal(copy, buf, len);
		assert_int_equal(copy[len], 0xcc);
		test_free(block);
	}
	memset(buf, 0xff, sizeof(buf));
	assert_true(same_csum(be16_to_cpu(ip_compute_csum(buf, 65536)), naive_csum(buf, 65536)));
	assert_true(same_csum(be16_to_cpu(csum_fold(csum_partial(buf, 65535, 0xffffffff))), naive_csum(buf, 65535)));
}

static void incremental_updates_equal_a_new_sum(void **state)
{
	u8 header[20];
	const u8 key[RNG_KEY_BYTES] = { 11 };
	struct rng r;

	(void)state;
	rng_init(&r, key);
	for (int i = 0; i < 5000; i++) {
		__be16 field, old2, new2;
		__be32 old4, new4;

		get_random_bytes(&r, header, sizeof(header));
		if (i % 3 == 0)
			memset(header, i % 2 ? 0xff : 0, 8);
		field = ip_compute_csum(header, sizeof(header));
		memcpy(&old2, header + 2, 2);
		get_random_bytes(&r, &new2, 2);
		memcpy(header + 2, &new2, 2);
		csum_replace2(&field, old2, new2);
		assert_true(same_csum(be16_to_cpu(field), naive_csum(header, sizeof(header))));
		memcpy(&old4, header + 8, 4);
		get_random_bytes(&r, &new4, 4);
		memcpy(header + 8, &new4, 4);
		csum_replace4(&field, old4, new4);
		assert_true(same_csum(be16_to_cpu(field), naive_csum(header, sizeof(header))));
	}
}

static void types_of_icmp_take_memory_when_they_are_seen(void **state)
{
	struct mem mem = { .ops = &mem_libc_ops };
	struct icmp_count c = { 0 };

	(void)state;
	assert_int_equal(icmp_count_of(&c, 255), 0);
	for (u32 i = 0; i < 3; i++)
		icmp_count_add(&c, &mem, 135);
	icmp_count_add(&c, &mem, 136);
	assert_int_equal(icmp_count_of(&c, 135), 3);
	assert_int_equal(icmp_count_of(&c, 136), 1);
	assert_int_equal(icmp_count_of(&c, 0), 0);
	assert_int_equal(mem.live_bytes, ICMP_COUNT_GROUP * sizeof(u64));
	icmp_count_fini(&c, &mem);
	assert_int_equal(mem.live_bytes, 0);
}

static bool no_memory(void *ctx, const char *site, size_t size_bytes)
{
	(void)ctx;
	(void)site;
	(void)size_bytes;
	return true;
}

static void a_type_that_no_memory_is_there_for_is_not_counted(void **state)
{
	struct mem mem = { .ops = &mem_libc_ops, .fail = no_memory };
	struct icmp_count c = { 0 };

	(void)state;
	icmp_count_add(&c, &mem, 8);
	assert_int_equal(icmp_count_of(&c, 8), 0);
	icmp_count_fini(&c, &mem);
}

static void slabs_give_back_all_they_took(void **state)
{
	struct mem mem = { .ops = &mem_libc_ops };
	struct kmem_cache c;
	void *p[1000];

	(void)state;
	kmem_cache_init(&c, &mem, "test", 100, 8);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1000; i++) {
			p[i] = kmem_cache_alloc(&c);
			assert_non_null(p[i]);
			memset(p[i], i, 100);
		}
		for (int i = 0; i < 1000; i++) {
			assert_int_equal(((u8 *)p[i])[99], (u8)i);
			kmem_cache_free(&c, p[i]);
		}
	}
	assert_true(mem.live_bytes < 1000 * 104 * 2);
	kmem_cache_fini(&c);
	assert_int_equal(mem.live_bytes, 0);
}

static void slabs_align_as_asked(void **state)
{
	struct mem mem = { .ops = &mem_libc_ops };

	(void)state;
	for (u32 align = 8; align <= 256; align *= 2) {
		struct kmem_cache c;
		void *p[100];

		kmem_cache_init(&c, &mem, "test", 24, align);
		for (int i = 0; i < 100; i++) {
			p[i] = kmem_cache_alloc(&c);
			assert_int_equal((uintptr_t)p[i] % align, 0);
		}
		for (int i = 0; i < 100; i++)
			kmem_cache_free(&c, p[i]);
		kmem_cache_fini(&c);
	}
	assert_int_equal(mem.live_bytes, 0);
}

/** struct pieces - what an allocator has mapped */
struct pieces {
	void *p[64];
	size_t size_bytes[64];
	u32 count;
};

static void *pieces_alloc(void *ctx, size_t size_bytes)
{
	struct pieces *m = ctx;
	void *p = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED && m->count < ARRAY_SIZE(m->p));
	m->p[m->count] = p;
	m->size_bytes[m->count++] = size_bytes;
	return p;
}

static void pieces_free(void *ctx, void *p, size_t size_bytes)
{
	(void)ctx;
	munmap(p, size_bytes);
}

static u32 pieces_touched_pages(const struct pieces *m)
{
	u8 resident[64];
	u32 count = 0;

	for (u32 i = 0; i < m->count; i++) {
		u32 pages = (u32)(m->size_bytes[i] + 4095) / 4096;

		assert_in_range(pages, 1, sizeof(resident));
		assert_int_equal(mincore(m->p[i], m->size_bytes[i], resident), 0);
		for (u32 k = 0; k < pages; k++)
			count += resident[k] & 1;
	}
	return count;
}

/* However large the chunks have grown: fresh memory is touched where the object lies. */
static void a_slab_touches_no_more_than_it_gives(void **state)
{
	const struct mem_ops ops = { pieces_alloc, pieces_alloc, pieces_free, NULL };
	struct pieces m = { .count = 0 };
	struct mem mem = { .ops = &ops, .ctx = &m };
	struct kmem_cache c;
	void *p[10000];

	(void)state;
	kmem_cache_init(&c, &mem, "test", 100, 8);
	for (u32 i = 0; i < ARRAY_SIZE(p); i++) {
		u32 before = pieces_touched_pages(&m);

		p[i] = kmem_cache_alloc(&c);
		memset(p[i], 1, 100);
		assert_in_range(pieces_touched_pages(&m) - before, 0, 2);
	}
	assert_true(m.size_bytes[m.count - 1] > 32768);
	for (u32 i = 0; i < ARRAY_SIZE(p); i++)
		kmem_cache_free(&c, p[i]);
	kmem_cache_fini(&c);
	assert_int_equal(mem.live_bytes, 0);
}

/** struct site_world - remembers which places asked, and refuses when told to */
struct site_world {
	const char *site;
	size_t size_bytes;
	bool refuse;
};
static bool site_note(void *ctx, const char *site, size_t size_bytes)
{
	struct site_world *w = ctx;

	w->site = site;
	w->size_bytes = size_bytes;
	return w->refuse;
}

static void each_place_that_asks_for_memory_can_be_refused(void **state)
{
	struct site_world w = { 0 };
	struct mem mem = { .ops = &mem_libc_ops, .fail = site_note, .fail_ctx = &w };
	struct kmem_cache c;
	const char *first;
	void *p, *q;

	(void)state;
	p = mem_alloc(&mem, 100);
	first = w.site;
	assert_non_null(strstr(first, "base_test.c:"));
	assert_int_equal(w.size_bytes, 100);
	q = mem_zalloc(&mem, 50);
	assert_string_not_equal(w.site, first);
	assert_int_equal(((u8 *)q)[49], 0);
	assert_int_equal(mem.live_bytes, 150);
	w.refuse = true;
	assert_null(mem_alloc(&mem, 1));
	assert_null(mem_zalloc(&mem, 1));
	kmem_cache_init(&c, &mem, "test", 100, 8);
	assert_null(kmem_cache_alloc(&c));
	assert_int_equal(mem.failed_count, 3);
	assert_int_equal(mem.live_bytes, 150);
	w.refuse = false;
	kmem_cache_free(&c, kmem_cache_alloc(&c));
	w.refuse = true;
	assert_null(kmem_cache_alloc(&c)); /* also when an object lies ready */
	mem_free(&mem, p, 100);
	mem_free(&mem, q, 50);
	mem_free(&mem, NULL, 50);
	kmem_cache_fini(&c);
	assert_int_equal(mem.live_bytes, 0);
	assert_true(mem.peak_bytes >= 150);
}

static void rcu_count(struct rcu_head *head);
struct deferred {
	struct rcu_head rcu;
	struct rcu *domain;
	int *freed;
	struct deferred *then;
};
static void rcu_count(struct rcu_head *head)
{
	struct deferred *d = container_of(head, struct deferred, rcu);

	(*d->freed)++;
	if (d->then)
		rcu_defer_free(d->domain, &d->then->rcu, rcu_count);
}

static void what_is_deferred_goes_at_the_quiescent_point(void **state)
{
	int freed = 0;
	struct rcu rcu;
	struct deferred b = { .domain = &rcu, .freed = &freed }, a = { .domain = &rcu, .freed = &freed, .then = &b };

	(void)state;
	rcu_init(&rcu);
	rcu_defer_free(&rcu, &a.rcu, rcu_count);
	assert_int_equal(freed, 0);
	rcu_quiescent(&rcu);
	assert_int_equal(freed, 2);
	rcu_fini(&rcu);
}

struct vars {
	int i;
	s64 t;
};
static const struct ctl_table vars_table[] = {
	{ .name = "number", .type = SYSCTL_INT, .offset = offsetof(struct vars, i), .min = -1, .max = 9 },
	{ .name = "time_ms", .type = SYSCTL_MS, .offset = offsetof(struct vars, t), .min = 0, .max = INT32_MAX },
	{ .name = "time", .type = SYSCTL_SECONDS, .offset = offsetof(struct vars, t), .min = 0, .max = INT32_MAX },
	{ .name = "fixed", .type = SYSCTL_INT, .offset = offsetof(struct vars, i), .max = 9, .read_only = true },
	{ .name = NULL },
};

static const struct {
	const char *sentence, *key, *value;
	int err;
	const char *then;
} sysctl_rows[] = {
	{ "a number is set", "net.x.number", "7", 0, "7" },
	{ "white space around it does not matter", "net.x.number", " 8\n", 0, "8" },
	{ "hexadecimal is a number", "net.x.number", "0x3", 0, "3" },
	{ "its upper bound holds", "net.x.number", "10", -EINVAL, "3" },
	{ "its lower bound holds", "net.x.number", "-2", -EINVAL, "3" },
	{ "words are no numbers", "net.x.number", "seven", -EINVAL, "3" },
	{ "half numbers are none either", "net.x.number", "7x", -EINVAL, "3" },
	{ "nothing is not a number", "net.x.number", "", -EINVAL, "3" },
	{ "too much for any integer", "net.x.number", "99999999999999999999", -EINVAL, "3" },
	{ "milliseconds are milliseconds", "net.x.time_ms", "1500", 0, "1500" },
	{ "seconds are the same time", "net.x.time", "2", 0, "2" },
	{ "what is fixed stays", "net.x.fixed", "1", -EACCES, "3" },
};

static int count_keys(void *ctx, const char *key, const char *value)
{
	(void)key;
	(void)value;
	(*(int *)ctx)++;
	return 0;
}

static void sysctl_variables_are_read_and_written_by_name(void **state)
{
	struct sysctl_root root;
	struct vars v = { 0 };
	struct ctl_dir dir = { .path = "net.x", .table = vars_table, .base = &v };
	char buf[32];
	int keys = 0;

	(void)state;
	sysctl_root_init(&root);
	register_sysctl(&root, &dir);
	for (size_t i = 0; i < ARRAY_SIZE(sysctl_rows); i++) {
		int err = sysctl_set(&root, sysctl_rows[i].key, sysctl_rows[i].value);

		if (err != sysctl_rows[i].err)
			fail_msg("%s: %d", sysctl_rows[i].sentence, err);
		assert_true(sysctl_get(&root, sysctl_rows[i].key, buf, sizeof(buf)) > 0);
		assert_string_equal(buf, sysctl_rows[i].then);
	}
	assert_int_equal(v.t, 2 * NSEC_PER_SEC);
	assert_int_equal(sysctl_get(&root, "net.y.number", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(sysctl_set(&root, "net.x", "1"), -ENOENT);
	assert_int_equal(sysctl_each(&root, count_keys, &keys), 0);
	assert_int_equal(keys, 4);
	unregister_sysctl(&root, &dir);
}

static int chain_note(struct notifier_block *nb, unsigned long event, void *data)
{
	char *trace = data;
	size_t n = strlen(trace);

	trace[n] = (char)('a' + nb->priority);
	return event == 2 ? -EPERM : 0;
}

static void a_chain_calls_in_order_and_stops_at_a_veto(void **state)
{
	struct notifier_chain c;
	struct notifier_block low = { .call = chain_note, .priority = 0 }, high = { .call = chain_note, .priority = 2 };
	char trace[8] = "";

	(void)state;
	notifier_chain_init(&c);
	notifier_chain_register(&c, &low);
	notifier_chain_register(&c, &high);
	assert_int_equal(notifier_call_chain(&c, 1, trace), 0);
	assert_string_equal(trace, "ca");
	assert_int_equal(notifier_call_chain(&c, 2, trace), -EPERM);
	assert_string_equal(trace, "cac");
	notifier_chain_unregister(&c, &high);
	notifier_chain_unregister(&c, &low);
}

static void a_rate_limit_lets_bursts_through(void **state)
{
	struct ratelimit_state rs;
	int passed = 0;

	(void)state;
	ratelimit_init(&rs, NSEC_PER_SEC, 3);
	for (int i = 0; i < 10; i++)
		passed += ratelimit(&rs, i);
	assert_int_equal(passed, 3);
	assert_int_equal(rs.missed_count, 7);
	assert_true(ratelimit(&rs, NSEC_PER_SEC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chacha20_gives_the_keystream_of_rfc_8439),
		cmocka_unit_test(random_numbers_below_a_ceiling_are_even),
		cmocka_unit_test(siphash_gives_the_paper_s_vector),
		cmocka_unit_test(checksums_of_any_length_and_alignment_are_right),
		cmocka_unit_test(incremental_updates_equal_a_new_sum),
		cmocka_unit_test(types_of_icmp_take_memory_when_they_are_seen),
		cmocka_unit_test(a_type_that_no_memory_is_there_for_is_not_counted),
		cmocka_unit_test(slabs_give_back_all_they_took),
		cmocka_unit_test(slabs_align_as_asked),
		cmocka_unit_test(a_slab_touches_no_more_than_it_gives),
		cmocka_unit_test(each_place_that_asks_for_memory_can_be_refused),
		cmocka_unit_test(what_is_deferred_goes_at_the_quiescent_point),
		cmocka_unit_test(sysctl_variables_are_read_and_written_by_name),
		cmocka_unit_test(a_chain_calls_in_order_and_stops_at_a_veto),
		cmocka_unit_test(a_rate_limit_lets_bursts_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
