// SPDX-License-Identifier: BSD-2-Clause
/* NAPI and softirqs: budgets, turns, and sources that come and go while they are polled. */
#include "dev_world.h"

struct source {
	struct napi_struct napi;
	u32 frames; /* that it has */
	u32 polls, delivered;
	bool reschedule;               /* something came between the last look and napi_complete() */
	struct net_device *unregister; /* at the first frame */
};

static int source_poll(struct napi_struct *napi, int budget)
{
	struct source *s = container_of(napi, struct source, napi);
	int work = 0;

	s->polls++;
	while (work < budget && s->frames) {
		s->frames--;
		s->delivered++;
		work++;
		if (s->unregister) {
			struct net_device *dev = s->unregister;

			s->unregister = NULL;
			unregister_netdev(dev);
		}
	}
	if (work < budget) {
		napi_complete(napi);
		if (s->reschedule) {
			s->reschedule = false;
			s->frames = 1;
			napi_schedule(napi);
		}
	}
	return work;
}

static void source_add(struct source *s, struct net_device *dev, u32 frames)
{
	*s = (struct source){ .frames = frames };
	netif_napi_add(dev, &s->napi, source_poll, NAPI_POLL_WEIGHT);
	napi_schedule(&s->napi);
	napi_schedule(&s->napi); /* once is enough */
}

static void each_gets_its_turn(void **state)
{
	struct source a, b;
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	source_add(&a, dev, 1000000);
	source_add(&b, dev, 3);
	net_rx_action(&w.net);
	assert_int_equal(a.delivered, NAPI_POLL_WEIGHT);
	assert_int_equal(b.delivered, 3);
	assert_int_equal(w.net.softnet->processed, NAPI_POLL_WEIGHT + 3);
	assert_true(world_poll(&w)); /* one that never ends does not hold up the loop */
	assert_true(a.delivered < 2000);
	a.frames = 5;
	assert_false(world_poll(&w));
	assert_false(a.napi.scheduled);
	world_fini(&w);
}

static void a_budget_is_shared_and_nobody_starves(void **state)
{
	struct source s[8];
	struct world w;
	struct net_device *dev;
	u32 sum = 0;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	for (u32 i = 0; i < 8; i++)
		source_add(&s[i], dev, 10000);
	net_rx_action(&w.net);
	for (u32 i = 0; i < 8; i++)
		sum += s[i].delivered;
	assert_true(sum >= NETDEV_BUDGET && sum < NETDEV_BUDGET + NAPI_POLL_WEIGHT);
	assert_int_equal(w.net.softnet->time_squeeze, 1);
	assert_int_equal(s[7].delivered, 0);
	net_rx_action(&w.net); /* those that had none come first */
	assert_int_equal(s[7].delivered, NAPI_POLL_WEIGHT);
	for (u32 i = 0; i < 8; i++)
		assert_true(s[i].delivered > 0);
	assert_int_equal(sysctl_set(&w.net.sysctl, "net.core.netdev_budget", "0"), -EINVAL);
	assert_int_equal(sysctl_set(&w.net.sysctl, "net.core.netdev_budget", "64"), 0);
	net_rx_action(&w.net);
	assert_int_equal(w.net.softnet->time_squeeze, 3);
	world_fini(&w);
}

static void what_comes_at_the_last_moment_is_not_lost(void **state)
{
	struct source s;
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_up(&w, "a", false);
	source_add(&s, dev, 2);
	s.reschedule = true;
	assert_false(world_poll(&w));
	assert_int_equal(s.delivered, 3);
	assert_int_equal(s.polls, 2);
	s.frames = NAPI_POLL_WEIGHT; /* exactly a weight: polled once more to see that nothing is left */
	napi_schedule(&s.napi);
	assert_false(world_poll(&w));
	assert_int_equal(s.polls, 4);
	world_fini(&w);
}

static void a_device_may_go_while_it_is_polled(void **state)
{
	struct source *s;
	struct world w;
	struct net_device *dev, *other;

	(void)state;
	world_init(&w);
	other = test_dev_up(&w, "other", false);
	for (u32 n = 0; n < 2; n++) {
		dev = alloc_netdev(&w.net, 2 * sizeof(*s), "a", 1); /* the sources live and die with the device */
		ether_setup(dev);
		dev->netdev_ops = &(const struct net_device_ops){ .ndo_start_xmit = test_dev_xmit };
		assert_int_equal(register_netdev(dev), 0);
		assert_int_equal(dev_open(dev), 0);
		s = dev->priv;
		source_add(&s[0], dev, 1000);
		source_add(&s[1], dev, 1000);
		s[n].unregister = dev;
		assert_false(do_softirq(&w.net));
		assert_null(dev_find_by_name(&w.net, "a"));
		rcu_quiescent(&w.net.rcu);
	}
	assert_true(netif_running(other));
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_gets_its_turn),
		cmocka_unit_test(a_budget_is_shared_and_nobody_starves),
		cmocka_unit_test(what_comes_at_the_last_moment_is_not_lost),
		cmocka_unit_test(a_device_may_go_while_it_is_polled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
