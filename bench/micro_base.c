// SPDX-License-Identifier: BSD-2-Clause
/* What the bottom layers cost: packets' memory, checksum, timers, hash table, keyed hashes.
 *
 * Each row is measured beside its limit, the same work with nothing around it.
 */
#if defined(__x86_64__) && !defined(__CHECKER__)
#define AVX2 1
#include <immintrin.h>
#else
#define AVX2 0
#endif

#include "base/csum.h"
#include "base/hash.h"
#include "base/htable.h"
#include "base/random.h"
#include "base/timer.h"
#include "harness.h"
#include "skb/skbuff.h"

struct bench_state {
	struct mem mem;
	struct rng rng;
	u32 scale; /**< operations are divided by it */
};

static struct bench_state state = { .mem = { .ops = &mem_libc_ops }, .scale = 1 };

static u32 ops(u32 n)
{
	return n / state.scale ? n / state.scale : 1;
}

/* ------------------------------------------------------------------ packets */

static double skb_alloc_free(u32 size_bytes)
{
	u32 n = ops(5000000);
	struct skb_pool *pool;
	double t;

	if (skb_pool_create(&state.mem, NULL, &pool))
		abort();
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		struct sk_buff *skb = alloc_skb(pool, size_bytes);

		skb_reserve(skb, 64);
		use((u64)(uintptr_t)skb);
		consume_skb(skb);
	}
	t = cpu_ns() - t;
	skb_pool_destroy(pool);
	return t / n;
}

static double malloc_free(u32 size_bytes)
{
	u32 n = ops(5000000);
	double t = cpu_ns();

	for (u32 i = 0; i < n; i++) {
		void *skb = malloc(sizeof(struct sk_buff)), *head = malloc(size_bytes + 320);

		use((u64)(uintptr_t)skb);
		use((u64)(uintptr_t)head);
		free(head);
		free(skb);
	}
	return (cpu_ns() - t) / n;
}

static double skb_clone_free(u32 size_bytes)
{
	u32 n = ops(5000000);
	struct skb_pool *pool;
	struct sk_buff *skb;
	double t;

	if (skb_pool_create(&state.mem, NULL, &pool))
		abort();
	skb = alloc_skb(pool, size_bytes);
	t = cpu_ns();
	for (u32 i = 0; i < n; i++)
		consume_skb(skb_clone(skb));
	t = cpu_ns() - t;
	consume_skb(skb);
	skb_pool_destroy(pool);
	return t / n;
}

/* ------------------------------------------------------------------ checksum */

static u8 *octets(void)
{
	static u8 buf[65536 + 64] __attribute__((aligned(64)));

	if (!buf[0])
		memset(buf, 0x5a, sizeof(buf));
	return buf;
}

static double csum(u32 len_bytes)
{
	u32 n = ops(400000000 / (len_bytes + 200));
	u8 *p = octets();
	double t = cpu_ns();

	for (u32 i = 0; i < n; i++) {
		use((u64)(uintptr_t)p);
		use(csum_partial(p, len_bytes, 0));
	}
	return (cpu_ns() - t) / n;
}

static double csum_copy(u32 len_bytes)
{
	static u8 to[65536];
	u32 n = ops(400000000 / (len_bytes + 200));
	u8 *p = octets();
	double t = cpu_ns();

	for (u32 i = 0; i < n; i++)
		use(csum_partial_copy(p, to, len_bytes, 0));
	return (cpu_ns() - t) / n;
}

static double copy_only(u32 len_bytes)
{
	static u8 to[65536];
	u32 n = ops(400000000 / (len_bytes + 200));
	u8 *p = octets();
	double t = cpu_ns();

	for (u32 i = 0; i < n; i++) {
		memcpy(to, p, len_bytes);
		use((u64)(uintptr_t)to);
	}
	return (cpu_ns() - t) / n;
}

/* The sum alone, of whole vectors, not folded and with nothing around it: what AVX2 allows.  No carry is lost, as the upper
 * halves are added up a second time; without AVX2 words are added, and carries forgotten. */
#if AVX2
__attribute__((target("avx2"))) static u64 add_vectors(const u8 *p, u32 len_bytes)
{
	__m256i all[4], high[4];
	u64 lanes[8], sum = 0;

	for (u32 k = 0; k < 4; k++)
		all[k] = high[k] = _mm256_setzero_si256();
	for (; len_bytes >= 128; len_bytes -= 128, p += 128) {
#pragma GCC unroll 4
		for (u32 k = 0; k < 4; k++) {
			__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32 * (size_t)k));

			all[k] = _mm256_add_epi64(all[k], v);
			high[k] = _mm256_add_epi64(high[k], _mm256_srli_epi64(v, 32));
		}
	}
	for (; len_bytes >= 32; len_bytes -= 32, p += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);

		all[0] = _mm256_add_epi64(all[0], v);
		high[0] = _mm256_add_epi64(high[0], _mm256_srli_epi64(v, 32));
	}
	for (u32 k = 1; k < 4; k++) {
		all[0] = _mm256_add_epi64(all[0], all[k]);
		high[0] = _mm256_add_epi64(high[0], high[k]);
	}
	_mm256_storeu_si256((__m256i *)(void *)lanes, all[0]);
	_mm256_storeu_si256((__m256i *)(void *)(lanes + 4), high[0]);
	for (u32 k = 0; k < 4; k++)
		sum += lanes[k] - (lanes[4 + k] << 32) + lanes[4 + k];
	return sum;
}
#endif

static u64 add_words(const u8 *p, u32 len_bytes)
{
	u64 a = 0, b = 0, x, y;

	for (; len_bytes >= 16; len_bytes -= 16, p += 16) {
		memcpy(&x, p, 8);
		memcpy(&y, p + 8, 8);
		a += x;
		b += y;
	}
	return a + b;
}

static double csum_limit(u32 len_bytes)
{
	u32 n = ops(400000000 / (len_bytes + 200));
	u8 *p = octets();
	double t = cpu_ns();

	for (u32 i = 0; i < n; i++) {
		use((u64)(uintptr_t)p);
#if AVX2
		if (__builtin_cpu_supports("avx2")) {
			use(add_vectors(p, len_bytes));
			continue;
		}
#endif
		use(add_words(p, len_bytes));
	}
	return (cpu_ns() - t) / n;
}

/* ------------------------------------------------------------------ timers */

#define TIMERS 1000000U

static void timer_nothing(struct timer *t)
{
	use((u64)(uintptr_t)t);
}

struct timers {
	struct timer_wheel *wheel;
	struct timer *t;
};

static struct timers timers_create(void)
{
	struct timers ts = { .t = malloc((TIMERS + 64) * sizeof(struct timer)) };

	if (!ts.t || timer_wheel_create(&state.mem, 0, &ts.wheel))
		abort();
	for (u32 i = 0; i < TIMERS + 64; i++)
		timer_setup(&ts.t[i], timer_nothing);
	for (u32 i = 0; i < TIMERS; i++)
		mod_timer(ts.wheel, &ts.t[i], get_random_u32_below(&state.rng, 60000) * NSEC_PER_MSEC + i);
	return ts;
}

static void timers_destroy(struct timers *ts)
{
	for (u32 i = 0; i < TIMERS + 64; i++)
		timer_delete(ts->wheel, &ts->t[i]);
	timer_wheel_destroy(ts->wheel);
	free(ts->t);
}

/* As TCP does at each acknowledgement: a timer of a flow at work moves a little. */
static double timer_arm_cancel(u32 arg)
{
	struct timers ts = timers_create();
	u32 n = ops(10000000);
	double t = cpu_ns();

	(void)arg;
	for (u32 i = 0; i < n; i++) {
		struct timer *x = &ts.t[TIMERS + i % 64];

		mod_timer(ts.wheel, x, 200 * NSEC_PER_MSEC + (ktime_t)i * 100);
		timer_delete(ts.wheel, x);
	}
	t = cpu_ns() - t;
	timers_destroy(&ts);
	return t / n;
}

static double timer_move_random(u32 arg)
{
	struct timers ts = timers_create();
	u32 n = ops(2000000), x = 1;
	double t = cpu_ns();

	(void)arg;
	for (u32 i = 0; i < n; i++) {
		x = x * 1664525U + 1013904223U;
		mod_timer(ts.wheel, &ts.t[(u64)x * TIMERS >> 32], (ktime_t)(x >> 8) * 4096);
	}
	t = cpu_ns() - t;
	timers_destroy(&ts);
	return t / n;
}

static double timer_fire(u32 arg)
{
	struct timers ts = timers_create();
	double t = cpu_ns();
	u32 fired = 0;

	for (ktime_t at = 0; at < 61 * NSEC_PER_SEC; at += (ktime_t)arg * NSEC_PER_USEC)
		fired += timer_wheel_advance(ts.wheel, at, UINT32_MAX);
	t = cpu_ns() - t;
	timers_destroy(&ts);
	return t / fired;
}

/* All within one tick of whatever size, as pacing does. */
static double timer_arm_soon(u32 count)
{
	struct timers ts = { .t = malloc(count * sizeof(struct timer)) };
	double t;

	if (!ts.t || timer_wheel_create(&state.mem, 0, &ts.wheel))
		abort();
	for (u32 i = 0; i < count; i++)
		timer_setup(&ts.t[i], timer_nothing);
	t = cpu_ns();
	for (u32 i = 0; i < count; i++)
		mod_timer(ts.wheel, &ts.t[i], i * 2654435761U % NSEC_PER_MSEC);
	t = cpu_ns() - t;
	timer_wheel_advance(ts.wheel, NSEC_PER_SEC, UINT32_MAX);
	timer_wheel_destroy(ts.wheel);
	free(ts.t);
	return t / count;
}

static double timer_next(u32 arg)
{
	struct timers ts = timers_create();
	u32 n = ops(10000000);
	double t = cpu_ns();

	(void)arg;
	for (u32 i = 0; i < n; i++)
		use((u64)timer_wheel_next(ts.wheel));
	t = cpu_ns() - t;
	timers_destroy(&ts);
	return t / n;
}

/* ------------------------------------------------------------------ hash table */

static u32 key_of(u32 i)
{
	return i * 2654435761U | 2; /* distinct but for bit 1; never reserved */
}

static u64 wide_key(u32 i)
{
	return (u64)key_of(i) << 32 | i | 2;
}

static void table_fill(struct htable *t, u32 count, u64 *objects)
{
	htable_init(t, &state.mem, &state.rng, 8);
	for (u32 i = 0; i < count; i++) {
		objects[i] = wide_key(2 * i);
		if (htable_insert(t, htable_hash_exact64(t, objects[i]), &objects[i]))
			abort();
	}
}

static void table_empty(struct htable *t, u32 count, u64 *objects)
{
	for (u32 i = 0; i < count; i++)
		htable_remove(t, htable_hash_exact64(t, objects[i]), &objects[i]);
	htable_fini(t);
	free(objects);
}

/* Serial: each key depends on what the look-up before found. */
static double table_lookup(u32 count)
{
	u64 *objects = malloc(count * sizeof(u64)), found = 0;
	u32 n = ops(5000000), x = 1;
	struct htable t;
	double ns;

	table_fill(&t, count, objects);
	ns = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		u64 *obj;

		x = x * 1664525U + 1013904223U + (u32)(found & 1);
		obj = htable_lookup(&t, htable_hash_exact64(&t, wide_key(2 * (u32)((u64)x * count >> 32))), NULL, NULL);
		found = (u64)(uintptr_t)obj >> 60;
	}
	ns = cpu_ns() - ns;
	table_empty(&t, count, objects);
	return ns / n;
}

/* The same keys, hash and load, in an array with nothing around it. */
static double table_limit(u32 count)
{
	u32 slots = 8, n = ops(5000000), x = 1;
	u64 *objects = malloc(count * sizeof(u64)), found = 0;
	struct htable_slot *slot;
	struct htable t;
	u32 shift;
	double ns;

	table_fill(&t, count, objects);
	slots = t.cur.mask + 1;
	shift = t.cur.shift;
	slot = calloc(slots, sizeof(*slot));
	for (u32 i = 0; i < count; i++) {
		u64 h = htable_hash_exact64(&t, objects[i]);
		u32 at = (u32)(h >> shift);

		while (slot[at & (slots - 1)].hash)
			at++;
		slot[at & (slots - 1)] = (struct htable_slot){ h, &objects[i] };
	}
	ns = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		u64 h;
		u32 at;

		x = x * 1664525U + 1013904223U + (u32)(found & 1);
		h = htable_hash_exact64(&t, wide_key(2 * (u32)((u64)x * count >> 32)));
		for (at = (u32)(h >> shift) & (slots - 1); slot[at].hash != h && slot[at].hash;
		     at = (at + 1) & (slots - 1))
			;
		found = (u64)(uintptr_t)slot[at].obj >> 60;
	}
	ns = cpu_ns() - ns;
	free(slot);
	table_empty(&t, count, objects);
	return ns / n;
}

static double table_insert_remove(u32 count)
{
	u64 *objects = malloc(count * sizeof(u64)), extra[64];
	u32 n = ops(3000000);
	struct htable t;
	double ns;

	table_fill(&t, count, objects);
	for (u32 i = 0; i < 64; i++)
		extra[i] = wide_key(2 * i + 1);
	ns = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		u64 hash = htable_hash_exact64(&t, (u64)(i + 1) << 40 | 7);

		if (htable_insert(&t, hash, &extra[i % 64]) || !htable_remove(&t, hash, &extra[i % 64]))
			abort();
	}
	ns = cpu_ns() - ns;
	table_empty(&t, count, objects);
	return ns / n;
}

static double table_grow(u32 count)
{
	u64 *objects = malloc(count * sizeof(u64));
	struct htable t;
	double ns = cpu_ns();

	table_fill(&t, count, objects);
	ns = cpu_ns() - ns;
	table_empty(&t, count, objects);
	return ns / count;
}

/* ------------------------------------------------------------------ keyed hashes, random numbers */

static double siphash_ns(u32 len_bytes)
{
	const siphash_key_t key = { { 1, 2 } };
	u32 n = ops(5000000);
	double t = cpu_ns();

	for (u32 i = 0; i < n; i++)
		use(siphash(octets() + (i & 15), len_bytes, &key));
	return (cpu_ns() - t) / n;
}

static double random_u32(u32 arg)
{
	u32 n = ops(5000000);
	double t = cpu_ns();

	(void)arg;
	for (u32 i = 0; i < n; i++)
		use(get_random_u32(&state.rng));
	return (cpu_ns() - t) / n;
}

/* ------------------------------------------------------------------ rows */

static const struct bench benches[] = {
	{ "skb alloc + free, small", "2 malloc + 2 free", 15, skb_alloc_free, malloc_free, 160, false, NULL },
	{ "skb alloc + free, MTU", "2 malloc + 2 free", 15, skb_alloc_free, malloc_free, 1600, false, NULL },
	{ "skb clone + free", NULL, 15, skb_clone_free, NULL, 160, false, NULL },
	{ "csum 20", "AVX2 alone", 0, csum, csum_limit, 20, false, NULL },
	{ "csum 64", "AVX2 alone", 0, csum, csum_limit, 64, false, NULL },
	{ "csum 1500", "AVX2 alone", 0, csum, csum_limit, 1500, false, NULL },
	{ "csum 65536", "AVX2 alone", 0, csum, csum_limit, 65536, false, NULL },
	{ "csum + copy 1500", "memcpy", 0, csum_copy, copy_only, 1500, false, NULL },
	{ "csum + copy 65536", "memcpy", 0, csum_copy, copy_only, 65536, false, NULL },
	{ "timer arm + cancel, 1 M armed", NULL, 10, timer_arm_cancel, NULL, 0, false, NULL },
	{ "timer move, any of 1 M", NULL, 0, timer_move_random, NULL, 0, false, NULL },
	{ "timer next, 1 M armed", NULL, 0, timer_next, NULL, 0, false, NULL },
	{ "timer fire, steps of 1 ms", NULL, 0, timer_fire, NULL, 1000, false, NULL },
	{ "timer fire, steps of 10 us", NULL, 0, timer_fire, NULL, 10, false, NULL },
	{ "timer arm, 100 within 1 ms", NULL, 0, timer_arm_soon, NULL, 100, false, NULL },
	{ "timer arm, 10 k within 1 ms", NULL, 0, timer_arm_soon, NULL, 10000, false, NULL },
	{ "htable look-up, 1 k", "bare array", 0, table_lookup, table_limit, 1000, false, NULL },
	{ "htable look-up, 10 k", "bare array", 0, table_lookup, table_limit, 10000, false, NULL },
	{ "htable look-up, 100 k", "bare array", 0, table_lookup, table_limit, 100000, false, NULL },
	{ "htable look-up, 1 M", "bare array", 0, table_lookup, table_limit, 1000000, false, NULL },
	{ "htable insert + remove, 1 k", NULL, 100, table_insert_remove, NULL, 1000, false, NULL },
	{ "htable insert + remove, 1 M", NULL, 0, table_insert_remove, NULL, 1000000, false, NULL },
	{ "htable insert, growing to 1 M", NULL, 0, table_grow, NULL, 1000000, false, NULL },
	{ "siphash 12", NULL, 0, siphash_ns, NULL, 12, false, NULL },
	{ "siphash 36", NULL, 0, siphash_ns, NULL, 36, false, NULL },
	{ "random u32", NULL, 0, random_u32, NULL, 0, false, NULL },
};

int main(int argc, char **argv)
{
	const u8 key[RNG_KEY_BYTES] = { 1 };

	rng_init(&state.rng, key);
	return bench_main(argc, argv, benches, ARRAY_SIZE(benches), &state.scale);
}
