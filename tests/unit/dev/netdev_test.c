// SPDX-License-Identifier: BSD-2-Clause
/* Life and state of devices: names, indexes, flags, carrier, who is told and when, memory that runs out. */
#include "dev_world.h"

#include "dev/dev_internal.h"

/* ---- names */

static const struct {
	const char *sentence, *name;
	int error;
	const char *becomes;
} name_rows[] = {
	{ "a plain name", "eth0", 0, "eth0" },
	{ "a name that is taken", "taken", -EEXIST, NULL },
	{ "a number is found for %d", "veth%d", 0, "veth0" },
	{ "the first number that is free", "taken%d", 0, "taken0" },
	{ "a number in the middle", "a%db", 0, "a0b" },
	{ "another conversion", "eth%s", -EINVAL, NULL },
	{ "two numbers", "a%db%d", -EINVAL, NULL },
	{ "a lone percent sign", "eth%", -EINVAL, NULL },
	{ "an empty name", "", -EINVAL, NULL },
	{ "this directory", ".", -EINVAL, NULL },
	{ "the one above", "..", -EINVAL, NULL },
	{ "a slash", "a/b", -EINVAL, NULL },
	{ "a colon, which was for aliases", "eth0:1", -EINVAL, NULL },
	{ "a space", "a b", -EINVAL, NULL },
	{ "a line feed", "a\nb", -EINVAL, NULL },
	{ "fifteen octets", "abcdefghijklmno", 0, "abcdefghijklmno" },
	{ "sixteen octets", "abcdefghijklmnop", -EINVAL, NULL },
	{ "no room for the number", "abcdefghijklmn%d", -EINVAL, NULL },
};

static void names_are_as_in_linux(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(name_rows); i++) {
		struct world w;
		struct net_device *dev;
		int err;

		world_init(&w);
		test_dev_create(&w, "taken");
		dev = test_dev_alloc(&w, name_rows[i].name);
		err = register_netdev(dev);
		if (err != name_rows[i].error)
			fail_msg("%s: %d", name_rows[i].sentence, err);
		if (err)
			free_netdev(dev);
		else if (strcmp(dev->name, name_rows[i].becomes) || dev_find_by_name(&w.net, dev->name) != dev)
			fail_msg("%s: %s", name_rows[i].sentence, dev->name);
		world_fini(&w);
	}
}

static void renaming_moves_it_in_the_table(void **state)
{
	struct world w;
	struct net_device *a, *b;

	(void)state;
	world_init(&w);
	a = test_dev_create(&w, "a");
	b = test_dev_up(&w, "b", false);
	assert_int_equal(dev_change_name(a, "b"), -EEXIST);
	assert_int_equal(dev_change_name(a, "x/y"), -EINVAL);
	assert_int_equal(dev_change_name(b, "c%d"), 0); /* also while it is up */
	assert_string_equal(b->name, "c0");
	assert_null(dev_find_by_name(&w.net, "b"));
	assert_ptr_equal(dev_find_by_name(&w.net, "c0"), b);
	assert_int_equal(dev_change_name(a, "b"), 0);
	w.fail_at = 1;
	assert_int_equal(dev_change_name(a, "a"), 0); /* its tables have room: nothing is allocated */
	world_fini(&w);
}

/* ---- indexes and lists */

static void indexes_are_never_reused_soon(void **state)
{
	struct world w;
	struct net_device *a, *b, *c, *dev;
	int last = 0;

	(void)state;
	world_init(&w);
	a = test_dev_create(&w, "a");
	b = test_dev_create(&w, "b");
	assert_int_equal(a->ifindex, 1);
	assert_int_equal(b->ifindex, 2);
	unregister_netdev(b);
	assert_null(dev_find_by_index(&w.net, 2));
	c = test_dev_create(&w, "c");
	assert_int_equal(c->ifindex, 3);
	assert_ptr_equal(dev_find_by_index(&w.net, 3), c);
	w.net.dev->last_ifindex = INT32_MAX - 1; /* and after the last it begins again, in order of the list too */
	test_dev_create(&w, "d");
	b = test_dev_create(&w, "e");
	assert_int_equal(b->ifindex, 2);
	for_each_netdev(&w.net, dev) {
		assert_true(dev->ifindex > last);
		last = dev->ifindex;
	}
	world_fini(&w);
}

/* ---- who is told */

struct listener {
	struct notifier_block nb;
	char heard[512];
	unsigned long refuse; /* this event, -EPERM */
};

static const char *const event_names[] = {
	[NETDEV_UP] = "UP",
	[NETDEV_DOWN] = "DOWN",
	[NETDEV_REGISTER] = "REGISTER",
	[NETDEV_UNREGISTER] = "UNREGISTER",
	[NETDEV_CHANGE] = "CHANGE",
	[NETDEV_CHANGEMTU] = "MTU",
	[NETDEV_CHANGEADDR] = "ADDR",
	[NETDEV_CHANGENAME] = "NAME",
	[NETDEV_GOING_DOWN] = "GOING_DOWN",
	[NETDEV_NOTIFY_PEERS] = "PEERS",
};

static int hear(struct notifier_block *nb, unsigned long event, void *data)
{
	struct listener *l = container_of(nb, struct listener, nb);
	const struct netdev_notifier_info *info = data;
	size_t have = strlen(l->heard);

	snprintf(l->heard + have, sizeof(l->heard) - have, "%s%s:%s", have ? " " : "", info->dev->name,
		 event_names[event]);
	return event == l->refuse ? -EPERM : 0;
}

static void heard(struct listener *l, const char *expected)
{
	assert_string_equal(l->heard, expected);
	l->heard[0] = '\0';
}

static void everybody_hears_of_each_change(void **state)
{
	static const u8 mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 5 }, group[ETH_ALEN] = { 1, 0, 0, 0, 0, 5 };
	struct listener l = { .nb = { .call = hear } };
	struct world w;
	struct net_device *dev;
	u32 genid;

	(void)state;
	world_init(&w);
	assert_int_equal(register_netdevice_notifier(&w.net, &l.nb), 0);
	dev = test_dev_create(&w, "a");
	heard(&l, "a:REGISTER");
	genid = netdev_genid(&w.net);
	assert_int_equal(dev_open(dev), 0);
	heard(&l, "a:UP");
	assert_int_not_equal(netdev_genid(&w.net), genid);
	assert_int_equal(dev_open(dev), 0);
	heard(&l, "");
	assert_int_equal(dev_set_mtu(dev, 1400), 0);
	heard(&l, "a:MTU");
	assert_int_equal(dev_set_mtu(dev, 1400), 0);
	heard(&l, "");
	assert_int_equal(dev_set_mtu(dev, 67), -EINVAL);
	assert_int_equal(dev_set_mtu(dev, 1501), -EINVAL);
	assert_int_equal(dev_set_mac_address(dev, mac), -EBUSY); /* up, and not one that can */
	dev->priv_flags |= IFF_LIVE_ADDR_CHANGE;
	assert_int_equal(dev_set_mac_address(dev, group), -EADDRNOTAVAIL);
	assert_int_equal(dev_set_mac_address(dev, mac), 0);
	heard(&l, "a:ADDR");
	netif_carrier_off(dev);
	netif_carrier_off(dev);
	netif_carrier_on(dev);
	heard(&l, "a:CHANGE a:CHANGE");
	netdev_notify_peers(dev);
	dev_change_name(dev, "b");
	heard(&l, "a:PEERS b:NAME");
	dev_close(dev);
	heard(&l, "b:GOING_DOWN b:DOWN");
	netif_carrier_off(dev); /* down: nobody cares */
	heard(&l, "");
	assert_int_equal(dev_open(dev), 0);
	unregister_netdev(dev);
	heard(&l, "b:UP b:GOING_DOWN b:DOWN b:UNREGISTER");
	unregister_netdevice_notifier(&w.net, &l.nb);
	world_fini(&w);
}

static void a_newcomer_hears_of_what_is_there(void **state)
{
	struct listener l = { .nb = { .call = hear } };
	struct world w;

	(void)state;
	world_init(&w);
	test_dev_create(&w, "a");
	test_dev_up(&w, "b", false);
	assert_int_equal(register_netdevice_notifier(&w.net, &l.nb), 0);
	heard(&l, "a:REGISTER b:REGISTER b:UP");
	unregister_netdevice_notifier(&w.net, &l.nb);
	heard(&l, "a:UNREGISTER b:GOING_DOWN b:DOWN b:UNREGISTER");
	world_fini(&w);
}

static void a_refusal_is_undone_for_those_who_agreed(void **state)
{
	struct listener first = { .nb = { .call = hear, .priority = 1 } }, l = { .nb = { .call = hear } };
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	assert_int_equal(register_netdevice_notifier(&w.net, &first.nb), 0);
	assert_int_equal(register_netdevice_notifier(&w.net, &l.nb), 0);
	l.refuse = NETDEV_REGISTER;
	dev = test_dev_alloc(&w, "a");
	assert_int_equal(register_netdev(dev), -EPERM);
	heard(&first, "a:REGISTER a:UNREGISTER");
	assert_null(dev_find_by_name(&w.net, "a"));
	assert_int_equal(test_dev(dev)->uninited, 1);
	l.refuse = NETDEV_CHANGEMTU;
	assert_int_equal(register_netdev(dev), 0); /* the caller still owned it, and may try again */
	assert_int_equal(dev_set_mtu(dev, 1000), -EPERM);
	assert_int_equal(dev->mtu, 1500);
	heard(&first, "a:REGISTER a:MTU a:MTU");
	world_fini(&w);
}

static void a_newcomer_that_refuses_is_not_registered(void **state)
{
	struct listener l = { .nb = { .call = hear }, .refuse = NETDEV_REGISTER };
	struct world w;

	(void)state;
	world_init(&w);
	test_dev_create(&w, "a");
	assert_int_equal(register_netdevice_notifier(&w.net, &l.nb), -EPERM);
	heard(&l, "a:REGISTER");
	test_dev_create(&w, "b");
	heard(&l, "");
	world_fini(&w);
}

/* ---- flags and operational state */

static void flags_are_what_ip_link_shows(void **state)
{
	struct world w;
	struct net_device *dev;
	const u32 base = IFF_BROADCAST | IFF_MULTICAST;

	(void)state;
	world_init(&w);
	dev = test_dev_create(&w, "a");
	assert_int_equal(dev_get_flags(dev), base);
	assert_int_equal(dev->operstate, IF_OPER_UNKNOWN); /* its carrier never changed */
	assert_int_equal(dev_change_flags(dev, base | IFF_UP | IFF_PROMISC), 0);
	assert_int_equal(dev_get_flags(dev), base | IFF_UP | IFF_RUNNING | IFF_LOWER_UP | IFF_PROMISC);
	netif_carrier_off(dev);
	assert_int_equal(dev_get_flags(dev), base | IFF_UP | IFF_PROMISC);
	assert_int_equal(dev->operstate, IF_OPER_DOWN);
	netif_carrier_on(dev);
	assert_int_equal(dev->operstate, IF_OPER_UP);
	assert_int_equal(dev->promiscuity, 1);
	dev_set_promiscuity(dev, 1); /* somebody else wants it too: the user's flag is his own */
	assert_int_equal(dev_change_flags(dev, base | IFF_NOARP), 0);
	assert_int_equal(dev_get_flags(dev), base | IFF_NOARP);
	assert_int_equal(dev->promiscuity, 1);
	assert_true(dev->flags & IFF_PROMISC);
	dev_set_promiscuity(dev, -1);
	assert_false(dev->flags & IFF_PROMISC);
	assert_int_equal(dev_change_flags(dev, IFF_LOOPBACK | IFF_POINTOPOINT), 0); /* not the user's to say */
	assert_int_equal(dev_get_flags(dev), IFF_BROADCAST);
	world_fini(&w);
}

static void a_driver_that_cannot_open_stays_down(void **state)
{
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_create(&w, "a");
	test_dev(dev)->open_error = -EIO;
	assert_int_equal(dev_open(dev), -EIO);
	assert_int_equal(dev_change_flags(dev, dev->flags | IFF_UP), -EIO);
	assert_false(dev_get_flags(dev) & IFF_UP);
	assert_false(netif_running(dev));
	assert_int_equal(test_dev(dev)->stopped, 0);
	world_fini(&w);
}

/* ---- references */

static void memory_waits_for_the_last_reference_and_for_readers(void **state)
{
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = dev_hold(test_dev_create(&w, "a"));
	unregister_netdev(dev);
	unregister_netdev(dev); /* once more changes nothing */
	rcu_quiescent(&w.net.rcu);
	assert_int_equal(w.net.dev->live_count, 1);
	assert_int_equal(dev_open(dev), -ENODEV);
	dev_put(dev);
	assert_string_equal(dev->name, "a"); /* a reader may still look at it */
	rcu_quiescent(&w.net.rcu);
	assert_int_equal(w.net.dev->live_count, 0);
	world_fini(&w);
}

static void multicast_addresses_are_counted(void **state)
{
	static const u8 a[ETH_ALEN] = { 1, 0, 0x5e, 0, 0, 1 }, b[ETH_ALEN] = { 1, 0, 0x5e, 0, 0, 2 };
	struct world w;
	struct net_device *dev;

	(void)state;
	world_init(&w);
	dev = test_dev_create(&w, "a");
	assert_int_equal(dev_mc_add(dev, a), 0);
	assert_int_equal(dev_mc_add(dev, a), 0);
	assert_int_equal(dev_mc_add(dev, b), 0);
	assert_int_equal(dev->mc_count, 2);
	assert_int_equal(dev_mc_del(dev, a), 0);
	assert_int_equal(dev->mc_count, 2);
	assert_int_equal(dev_mc_del(dev, a), 0);
	assert_int_equal(dev_mc_del(dev, a), -ENOENT);
	w.fail_at = 1;
	assert_int_equal(dev_mc_add(dev, a), -ENOMEM);
	assert_int_equal(dev->mc_count, 1);
	world_fini(&w); /* frees the one that is left */
}

/* ---- each allocation of a device's life fails once */

static int whole_life(struct world *w)
{
	struct net_device *dev = test_dev_alloc(w, "a");
	int err;

	if (!dev)
		return -ENOMEM;
	err = register_netdev(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	err = dev_open(dev);
	if (!err)
		dev_close(dev);
	else
		assert_false(netif_running(dev));
	unregister_netdev(dev);
	rcu_quiescent(&w->net.rcu);
	return err;
}

static void memory_may_run_out_anywhere(void **state)
{
	struct world w;
	u32 n = 0;
	int err;

	(void)state;
	do {
		world_init(&w);
		w.fail_at = ++n;
		err = whole_life(&w);
		if (err)
			assert_int_equal(err, -ENOMEM);
		rcu_quiescent(&w.net.rcu);
		assert_int_equal(w.net.dev->live_count, 0);
		world_fini(&w);
	} while (err);
	assert_true(n >= 4); /* device, noop, pfifo_fast, and then none */
}

static void a_net_without_memory_is_not_made(void **state)
{
	struct world w;
	struct net bare;
	u32 n = 0;
	int err;

	(void)state;
	world_init(&w);
	bare = w.net;
	bare.dev = NULL;
	bare.softnet = NULL;
	sysctl_root_init(&bare.sysctl);
	do {
		size_t before = w.mem.live_bytes;

		w.fail_at = ++n;
		err = dev_net_init(&bare);
		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_int_equal(w.mem.live_bytes, before);
		}
	} while (err);
	w.fail_at = 0;
	assert_true(n >= 3);
	dev_net_exit(&bare);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_as_in_linux),
		cmocka_unit_test(renaming_moves_it_in_the_table),
		cmocka_unit_test(indexes_are_never_reused_soon),
		cmocka_unit_test(everybody_hears_of_each_change),
		cmocka_unit_test(a_newcomer_hears_of_what_is_there),
		cmocka_unit_test(a_refusal_is_undone_for_those_who_agreed),
		cmocka_unit_test(a_newcomer_that_refuses_is_not_registered),
		cmocka_unit_test(flags_are_what_ip_link_shows),
		cmocka_unit_test(a_driver_that_cannot_open_stays_down),
		cmocka_unit_test(memory_waits_for_the_last_reference_and_for_readers),
		cmocka_unit_test(multicast_addresses_are_counted),
		cmocka_unit_test(memory_may_run_out_anywhere),
		cmocka_unit_test(a_net_without_memory_is_not_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
