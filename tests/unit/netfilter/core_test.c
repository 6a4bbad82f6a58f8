// SPDX-License-Identifier: BSD-2-Clause
/* Hook points: every verdict, order of priority, changes from within, limits, and memory that runs out. */
#include "../dev/dev_world.h"

#include "netfilter/netfilter.h"

struct trail {
	char said[32]; /* who was asked, one letter each */
	u32 okfn_calls;
	int okfn_result;
};

/** struct hook - a hook function's own: which letter it is, and what it says */
struct hook {
	struct trail *trail;
	char letter;
	unsigned int verdict;
	u32 repeats; /* NF_REPEAT first, so often */
	struct nf_hook_ops ops;
	bool unregister_self;
};

static unsigned int ask(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct hook *h = priv;
	size_t len = strlen(h->trail->said);

	if (len + 1 < sizeof(h->trail->said)) {
		h->trail->said[len] = h->letter;
		h->trail->said[len + 1] = '\0';
	}
	if (h->unregister_self)
		nf_unregister_hook(state->net, &h->ops);
	if (h->repeats) {
		h->repeats--;
		return NF_REPEAT;
	}
	if ((h->verdict & NF_VERDICT_MASK) == NF_STOLEN)
		consume_skb(skb);
	return h->verdict;
}

/* The next step finds its trail in the packet. */
static int okfn(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct trail *trail;

	(void)net;
	(void)sk;
	memcpy(&trail, skb->cb, sizeof(trail));
	trail->okfn_calls++;
	consume_skb(skb);
	return trail->okfn_result;
}

static void hook_add(struct world *w, struct hook *h, struct trail *trail, char letter, int priority,
		     unsigned int verdict)
{
	*h = (struct hook){
		.trail = trail,
		.letter = letter,
		.verdict = verdict,
		.ops = { ask, h, NFPROTO_IPV4, NF_INET_LOCAL_OUT, priority },
	};
	assert_int_equal(nf_register_hook(&w->net, &h->ops), 0);
}

static int pass(struct world *w, struct trail *trail, u8 pf, unsigned int hook)
{
	struct sk_buff *skb = alloc_skb(w->net.skb_pool, 64);

	assert_non_null(skb);
	memcpy(skb->cb, &trail, sizeof(trail));
	return nf_hook(pf, hook, &w->net, NULL, skb, NULL, NULL, okfn);
}

static const struct {
	const char *sentence;
	unsigned int first; /* verdict of the first of two hooks; the second accepts */
	u32 repeats;
	const char *said;
	u32 okfn_calls;
	int result;
	u32 dropped;
} verdict_rows[] = {
	{ "both accept", NF_ACCEPT, 0, "ab", 1, 7, 0 },
	{ "the first drops", NF_DROP, 0, "a", 0, -EPERM, 1 },
	{ "the first drops with a reason of its own", NF_DROP_ERR(-EHOSTUNREACH), 0, "a", 0, -EHOSTUNREACH, 1 },
	{ "the first takes it", NF_STOLEN, 0, "a", 0, 0, 0 },
	{ "the first lets it pass all others", NF_STOP, 0, "a", 1, 7, 0 },
	{ "nobody listens to a queue", NF_QUEUE, 0, "a", 0, -EPERM, 1 },
	{ "an unknown verdict", 200, 0, "a", 0, -EPERM, 1 },
	{ "asked twice, then it accepts", NF_ACCEPT, 1, "aab", 1, 7, 0 },
	{ "asked again for ever", NF_ACCEPT, 1000, "aaaaaaaa", 0, -EPERM, 1 },
};

static void verdicts_mean_what_they_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(verdict_rows); i++) {
		struct trail trail = { .okfn_result = 7 };
		struct hook a, b;
		struct world w;
		int ret;

		world_init(&w);
		assert_int_equal(netfilter_net_init(&w.net), 0);
		hook_add(&w, &a, &trail, 'a', 0, verdict_rows[i].first);
		hook_add(&w, &b, &trail, 'b', 0, NF_ACCEPT);
		a.repeats = verdict_rows[i].repeats;
		ret = pass(&w, &trail, NFPROTO_IPV4, NF_INET_LOCAL_OUT);
		if (ret != verdict_rows[i].result || strcmp(trail.said, verdict_rows[i].said) ||
		    trail.okfn_calls != verdict_rows[i].okfn_calls)
			fail_msg("%s: %d, %s", verdict_rows[i].sentence, ret, trail.said);
		assert_int_equal(dropped(&w, SKB_DROP_REASON_NETFILTER_DROP), verdict_rows[i].dropped);
		netfilter_net_exit(&w.net);
		world_fini(&w);
	}
}

static void an_empty_place_goes_straight_on(void **state)
{
	struct trail trail = { .okfn_result = 3 };
	struct hook a;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(netfilter_net_init(&w.net), 0);
	for (unsigned int hook = 0; hook < NF_INET_NUMHOOKS; hook++) {
		assert_int_equal(pass(&w, &trail, NFPROTO_IPV4, hook), 3);
		assert_int_equal(pass(&w, &trail, NFPROTO_IPV6, hook), 3);
	}
	assert_int_equal(pass(&w, &trail, NFPROTO_ARP, NF_ARP_OUT), 3);
	hook_add(&w, &a, &trail, 'a', 0, NF_DROP); /* LOCAL_OUT only, of IPv4 only */
	assert_int_equal(pass(&w, &trail, NFPROTO_IPV4, NF_INET_POST_ROUTING), 3);
	assert_int_equal(pass(&w, &trail, NFPROTO_IPV6, NF_INET_LOCAL_OUT), 3);
	assert_int_equal(pass(&w, &trail, NFPROTO_IPV4, NF_INET_LOCAL_OUT), -EPERM);
	nf_unregister_hook(&w.net, &a.ops);
	nf_unregister_hook(&w.net, &a.ops);
	assert_int_equal(pass(&w, &trail, NFPROTO_IPV4, NF_INET_LOCAL_OUT), 3);
	netfilter_net_exit(&w.net);
	world_fini(&w);
}

static void lower_priorities_are_asked_first(void **state)
{
	struct trail trail = { 0 };
	struct hook h[5];
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(netfilter_net_init(&w.net), 0);
	hook_add(&w, &h[0], &trail, 'c', 0, NF_ACCEPT);
	hook_add(&w, &h[1], &trail, 'a', -100, NF_ACCEPT);
	hook_add(&w, &h[2], &trail, 'e', 100, NF_ACCEPT);
	hook_add(&w, &h[3], &trail, 'd', 0, NF_ACCEPT); /* equal: in order of registration */
	hook_add(&w, &h[4], &trail, 'b', -50, NF_ACCEPT);
	pass(&w, &trail, NFPROTO_IPV4, NF_INET_LOCAL_OUT);
	assert_string_equal(trail.said, "abcde");
	trail.said[0] = '\0';
	nf_unregister_hook(&w.net, &h[0].ops);
	pass(&w, &trail, NFPROTO_IPV4, NF_INET_LOCAL_OUT);
	assert_string_equal(trail.said, "abde");
	netfilter_net_exit(&w.net);
	world_fini(&w);
}

static void a_hook_may_go_from_within(void **state)
{
	struct trail trail = { 0 };
	struct hook h[3];
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(netfilter_net_init(&w.net), 0);
	for (u32 i = 0; i < 3; i++) {
		hook_add(&w, &h[i], &trail, (char)('a' + i), (int)i, NF_ACCEPT);
		h[i].unregister_self = true;
	}
	pass(&w, &trail, NFPROTO_IPV4, NF_INET_LOCAL_OUT);
	assert_string_equal(trail.said, "abc"); /* whoever was in it when the packet came */
	assert_int_equal(trail.okfn_calls, 1);
	rcu_quiescent(&w.net.rcu);
	pass(&w, &trail, NFPROTO_IPV4, NF_INET_LOCAL_OUT);
	assert_string_equal(trail.said, "abc");
	assert_null(w.net.nf->hooks[NF_FAMILY_IPV4][NF_INET_LOCAL_OUT]);
	netfilter_net_exit(&w.net);
	world_fini(&w);
}

static void places_and_their_limits(void **state)
{
	struct nf_hook_ops ops = { ask, NULL, NFPROTO_IPV4, NF_INET_LOCAL_IN, 0 };
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(netfilter_net_init(&w.net), 0);
	for (u32 i = 0; i < NF_MAX_HOOKS; i++)
		assert_int_equal(nf_register_hook(&w.net, &ops), 0);
	assert_int_equal(nf_register_hook(&w.net, &ops), -E2BIG);
	ops.hooknum = NF_INET_NUMHOOKS;
	assert_int_equal(nf_register_hook(&w.net, &ops), -EINVAL);
	ops.pf = NFPROTO_ARP;
	ops.hooknum = NF_ARP_FORWARD;
	assert_int_equal(nf_register_hook(&w.net, &ops), 0);
	ops.hooknum = NF_ARP_NUMHOOKS;
	assert_int_equal(nf_register_hook(&w.net, &ops), -EINVAL);
	nf_unregister_hook(&w.net, &ops);
	ops.pf = NFPROTO_BRIDGE;
	ops.hooknum = 0;
	assert_int_equal(nf_register_hook(&w.net, &ops), -EINVAL);
	netfilter_net_exit(&w.net);
	world_fini(&w);
}

static void without_memory_nothing_changes(void **state)
{
	struct trail trail = { .okfn_result = 3 };
	struct hook a, b;
	struct world w;

	(void)state;
	world_init(&w);
	w.fail_at = 1;
	assert_int_equal(netfilter_net_init(&w.net), -ENOMEM);
	assert_int_equal(netfilter_net_init(&w.net), 0);
	hook_add(&w, &a, &trail, 'a', 0, NF_DROP);
	b = a;
	w.fail_at = 1;
	assert_int_equal(nf_register_hook(&w.net, &b.ops), -ENOMEM);
	pass(&w, &trail, NFPROTO_IPV4, NF_INET_LOCAL_OUT);
	assert_string_equal(trail.said, "a");
	hook_add(&w, &b, &trail, 'b', 1, NF_ACCEPT);
	w.fail_at = 1;
	nf_unregister_hook(&w.net, &a.ops); /* cannot fail: a is never asked again */
	assert_int_equal(pass(&w, &trail, NFPROTO_IPV4, NF_INET_LOCAL_OUT), 3);
	assert_string_equal(trail.said, "ab");
	nf_unregister_hook(&w.net, &b.ops);
	assert_null(w.net.nf->hooks[NF_FAMILY_IPV4][NF_INET_LOCAL_OUT]);
	netfilter_net_exit(&w.net);
	world_fini(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_mean_what_they_say),      cmocka_unit_test(an_empty_place_goes_straight_on),
		cmocka_unit_test(lower_priorities_are_asked_first), cmocka_unit_test(a_hook_may_go_from_within),
		cmocka_unit_test(places_and_their_limits),          cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
