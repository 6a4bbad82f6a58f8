// SPDX-License-Identifier: BSD-2-Clause
/* Hierarchical timing wheel (Varghese and Lauck 1987), by digits.
 *
 * Time is counted in ticks, written as digits of five bits.  A timer hangs in the slot of the highest digit in which its
 * tick differs from the wheel's: so all timers of a lower level come before all of a higher one.  When the wheel's
 * digit of a level reaches a slot, its timers move to lower levels; from the lowest they move to the due list, which is
 * sorted by nanoseconds.  Ticks are short, so that few timers meet in it, however many are armed for this millisecond.
 */
#include "base/timer.h"

#include <errno.h>

#include "base/mem.h"

#define TICK_SHIFT 12 /* a tick is about four microseconds */
#define LEVELS 7      /* about 39 hours; what is later waits in one list, and is sorted that often */
#define SLOT_BITS 5
#define SLOTS (1U << SLOT_BITS)
#define NEXT_LOOK_MAX 4 /* timers of a slot that timer_wheel_next() compares */

struct timer_wheel {
	struct mem *mem;
	u64 tick;
	u64 quiet_until; /**< no slot is reached before this tick */
	u32 armed_count;
	u32 occupied[LEVELS]; /**< bit n: slot n holds timers */
	struct list_head due; /**< of ticks not after tick, sorted */
	struct list_head far; /**< beyond the highest level */
	struct list_head
		moving; /**< of a slot that was reached, on their way to lower levels; nothing fires before they are there */
	struct list_head slot[LEVELS][SLOTS];
};
static_assert(sizeof(struct timer_wheel) <= 4096, "an idle host is small");

static u64 tick_of(ktime_t t)
{
	return t < 0 ? 0 : (u64)t >> TICK_SHIFT;
}

static u32 digit(u64 tick, u32 level)
{
	return (u32)(tick >> (level * SLOT_BITS)) & (SLOTS - 1);
}

void timer_setup(struct timer *t, timer_fn fn)
{
	INIT_LIST_HEAD(&t->node);
	t->expires = 0;
	t->fn = fn;
}

int timer_wheel_create(struct mem *mem, ktime_t now, struct timer_wheel **out)
{
	struct timer_wheel *w = mem_zalloc(mem, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->mem = mem;
	w->tick = tick_of(now);
	INIT_LIST_HEAD(&w->due);
	INIT_LIST_HEAD(&w->far);
	INIT_LIST_HEAD(&w->moving);
	for (u32 l = 0; l < LEVELS; l++)
		for (u32 s = 0; s < SLOTS; s++)
			INIT_LIST_HEAD(&w->slot[l][s]);
	*out = w;
	return 0;
}

void timer_wheel_destroy(struct timer_wheel *w)
{
	assert(w->armed_count == 0);
	mem_free(w->mem, w, sizeof(*w));
}

static void due_insert(struct timer_wheel *w, struct timer *t)
{
	struct list_head *pos = w->due.prev;

	while (pos != &w->due && list_entry(pos, struct timer, node)->expires > t->expires)
		pos = pos->prev;
	list_add(&t->node, pos);
}

static void wheel_insert(struct timer_wheel *w, struct timer *t)
{
	u64 tick = tick_of(t->expires);
	u32 level;

	if (tick <= w->tick) {
		due_insert(w, t);
		return;
	}
	level = (63U - (u32)__builtin_clzll(tick ^ w->tick)) / SLOT_BITS;
	if (level >= LEVELS) {
		list_add_tail(&t->node, &w->far);
		w->quiet_until = w->tick;
		return;
	}
	list_add_tail(&t->node, &w->slot[level][digit(tick, level)]);
	w->occupied[level] |= 1U << digit(tick, level);
	tick = tick >> (level * SLOT_BITS) << (level * SLOT_BITS);
	if (tick < w->quiet_until)
		w->quiet_until = tick;
}

/* @n was the only node of @head: if that is a slot, it is free again. */
static void slot_emptied(struct timer_wheel *w, const struct list_head *head)
{
	size_t i = (size_t)(head - &w->slot[0][0]);

	if (head >= &w->slot[0][0] && i < (size_t)LEVELS * SLOTS)
		w->occupied[i / SLOTS] &= ~(1U << (i % SLOTS));
}

static void wheel_unlink(struct timer_wheel *w, struct timer *t)
{
	struct list_head *next = t->node.next;

	list_del_init(&t->node);
	if (list_empty(next))
		slot_emptied(w, next);
}

bool mod_timer(struct timer_wheel *w, struct timer *t, ktime_t expires)
{
	bool pending = timer_pending(t);

	if (pending)
		wheel_unlink(w, t);
	else
		w->armed_count++;
	t->expires = expires;
	wheel_insert(w, t);
	return pending;
}

void __del_timer(struct timer_wheel *w, struct timer *t)
{
	wheel_unlink(w, t);
	w->armed_count--;
}

/* ------------------------------------------------------------------ what comes next */

/** struct wheel_step - the next tick at which something moves */
struct wheel_step {
	u64 tick;
	struct list_head *list; /**< NULL: nothing will */
};

static struct wheel_step wheel_next_step(struct timer_wheel *w)
{
	for (u32 level = 0; level < LEVELS; level++) {
		u32 now = digit(w->tick, level);
		u32 later = w->occupied[level] & ~1U << now;

		if (later) {
			u32 s = (u32)__builtin_ctz(later);
			u32 shift = level * SLOT_BITS;
			u64 base = w->tick >> (shift + SLOT_BITS) << (shift + SLOT_BITS);

			return (struct wheel_step){ base | (u64)s << shift, &w->slot[level][s] };
		}
	}
	if (!list_empty(&w->far)) {
		u32 shift = LEVELS * SLOT_BITS;

		return (struct wheel_step){ ((w->tick >> shift) + 1) << shift, &w->far };
	}
	return (struct wheel_step){ 0, NULL };
}

/* The earliest timer of the next slot is the earliest of all; KTIME_MAX: it has too many to look at. */
static ktime_t earliest_of(const struct list_head *list)
{
	ktime_t earliest = KTIME_MAX;
	const struct timer *t;
	u32 looked = 0;

	list_for_each_entry(t, list, node) {
		if (looked++ == NEXT_LOOK_MAX)
			return KTIME_MAX;
		earliest = t->expires < earliest ? t->expires : earliest;
	}
	return earliest;
}

ktime_t timer_wheel_next(const struct timer_wheel *w)
{
	struct wheel_step step;
	ktime_t earliest;

	if (!list_empty(&w->moving))
		return (ktime_t)(w->tick << TICK_SHIFT);
	if (!list_empty(&w->due))
		return list_first_entry(&w->due, struct timer, node)->expires;
	step = wheel_next_step((struct timer_wheel *)w);
	if (!step.list)
		return KTIME_MAX;
	earliest = earliest_of(step.list);
	return earliest == KTIME_MAX ? (ktime_t)(step.tick << TICK_SHIFT) : earliest;
}

bool timer_wheel_is_due(const struct timer_wheel *w, ktime_t now)
{
	return !list_empty(&w->moving) ||
	       (!list_empty(&w->due) && list_first_entry(&w->due, struct timer, node)->expires <= now);
}

u32 timer_wheel_armed_count(const struct timer_wheel *w)
{
	return w->armed_count;
}

/* ------------------------------------------------------------------ time passes */

/* Both sorted; the result is in @b, equal expiries of @a first. */
static void merge_sorted(struct list_head *a, struct list_head *b)
{
	struct list_head *pos = b->next;

	while (!list_empty(a)) {
		struct timer *t = list_first_entry(a, struct timer, node);

		while (pos != b && list_entry(pos, struct timer, node)->expires < t->expires)
			pos = pos->next;
		list_del_init(&t->node);
		list_add_tail(&t->node, pos);
	}
}

/* Stable merge sort by expiry: a slot of the lowest level may hold many timers, in any order. */
static void sort_list(struct list_head *list)
{
	struct list_head left, *pos = list->next, *fast = list->next;

	if (list_empty(list) || list->next->next == list)
		return;
	INIT_LIST_HEAD(&left);
	while (fast != list && fast->next != list) {
		fast = fast->next->next;
		pos = pos->next;
	}
	/* left := first half, list keeps the second */
	left.next = list->next;
	left.prev = pos->prev;
	list->next->prev = &left;
	pos->prev->next = &left;
	list->next = pos;
	pos->prev = list;
	sort_list(&left);
	sort_list(list);
	merge_sorted(&left, list);
}

static void wheel_take_step(struct timer_wheel *w, const struct wheel_step *step)
{
	w->tick = step->tick;
	list_splice_tail_init(step->list, &w->moving);
	slot_emptied(w, step->list);
	if (step->list >= &w->slot[0][0] && step->list < &w->slot[1][0]) {
		sort_list(&w->moving);
		list_splice_tail_init(&w->moving, &w->due);
	}
}

/* Return: all are where they belong; false: *@moves is used up */
static bool wheel_move(struct timer_wheel *w, u32 *moves)
{
	while (!list_empty(&w->moving)) {
		struct timer *t = list_first_entry(&w->moving, struct timer, node);

		if (!*moves)
			return false;
		--*moves;
		list_del_init(&t->node);
		wheel_insert(w, t);
	}
	return true;
}

static u32 fire_due(struct timer_wheel *w, ktime_t now, u32 budget)
{
	u32 fired = 0;

	while (!list_empty(&w->due) && fired < budget) {
		struct timer *t = list_first_entry(&w->due, struct timer, node);

		if (t->expires > now)
			break;
		list_del_init(&t->node);
		w->armed_count--;
		fired++;
		t->fn(t); /* may arm, cancel and free any timer, also this one */
	}
	return fired;
}

/* Slots that are reached by @target.  Return: timers fired */
static u32 take_steps(struct timer_wheel *w, u64 target, ktime_t now, u32 budget)
{
	u32 fired = 0, moves = budget;

	while (fired < budget && wheel_move(w, &moves)) {
		struct wheel_step step;

		fired += fire_due(w, now, budget - fired);
		if (fired == budget)
			break;
		step = wheel_next_step(w);
		w->quiet_until = step.list ? step.tick : UINT64_MAX;
		if (step.tick > target || !step.list)
			break;
		wheel_take_step(w, &step);
	}
	return fired;
}

static __noinline u32 advance_and_fire(struct timer_wheel *w, ktime_t now, u32 budget)
{
	bool on_the_way = !list_empty(&w->moving);
	u64 target = tick_of(now);
	u32 fired = on_the_way ? 0 : fire_due(w, now, budget);

	if (fired < budget && (on_the_way || target >= w->quiet_until))
		fired += take_steps(w, target, now, budget - fired);
	if (fired < budget && target > w->tick && list_empty(&w->moving))
		w->tick = target;
	return fired;
}

u32 timer_wheel_advance(struct timer_wheel *w, ktime_t now, u32 budget)
{
	u64 target = tick_of(now);

	if (target >= w->quiet_until || timer_wheel_is_due(w, now))
		return advance_and_fire(w, now, budget);
	if (target > w->tick)
		w->tick = target;
	return 0;
}
