// SPDX-License-Identifier: BSD-2-Clause
/* Membership of groups: what a host says of it, and to whom.  @rfc 2236, 3376 */
#include "fib_shell.h"

#include "base/csum.h"

#define GROUP CONST_BE32(0xef010203U)
#define OTHER CONST_BE32(0xef010204U)

static struct world *start(struct in_device **in_dev)
{
	struct world *w = world_create(1);

	assert_int_equal(shell(w, "link lo up", NULL), 0);
	assert_int_equal(shell(w, "link d0 up", NULL), 0);
	assert_int_equal(shell(w, "addr add 10.77.0.2/24 dev d0", NULL), 0);
	*in_dev = in_dev_get_rcu(w->d[0]);
	w->sent_count = 0;
	return w;
}

/* what was sent last: 24 octets of IPv4 with Router Alert, then IGMP */
static void check_sent(const struct world *w, const char *dst, u8 type, u32 igmp_bytes)
{
	const struct iphdr *iph = (const struct iphdr *)(const void *)w->sent;

	assert_int_equal(iph->ihl, 6);
	assert_int_equal(iph->ttl, 1);
	assert_int_equal(iph->tos, 0xc0);
	assert_int_equal(iph->protocol, 2);
	assert_true(iph->saddr == ip4("10.77.0.2"));
	assert_true(iph->daddr == ip4(dst));
	assert_memory_equal(w->sent + 20, "\x94\x04\0\0", 4);
	assert_int_equal(w->sent[24], type);
	assert_true(ip_compute_csum(w->sent + 24, igmp_bytes) == CONST_BE16(0));
}

static void query(struct world *w, __be32 group, u8 code, u32 len_bytes)
{
	struct sk_buff *skb = alloc_skb(w->net.skb_pool, 64);
	u8 *p;
	__be16 csum;

	assert_non_null(skb);
	p = skb_put(skb, len_bytes);
	memset(p, 0, len_bytes);
	p[0] = 0x11;
	p[1] = code;
	memcpy(p + 4, &group, 4);
	csum = ip_compute_csum(p, len_bytes);
	memcpy(p + 2, &csum, 2);
	skb->dev = w->d[0];
	skb->pkt_type = PACKET_MULTICAST;
	w->ipv4.protos[2]->handler(skb);
}

static void run_for(struct world *w, u32 ms)
{
	for (u32 i = 0; i < ms; i += 100)
		world_tick(w, 100 * NSEC_PER_MSEC);
}

static void test_join_and_leave(void **state)
{
	struct in_device *in_dev;
	struct world *w = start(&in_dev);

	(void)state;
	assert_true(ip_check_mc(in_dev, CONST_BE32(0xe0000001U))); /* all hosts: always, and without a word */
	assert_int_equal(ip_mc_inc_group(in_dev, GROUP), 0);
	assert_int_equal(w->sent_count, 1);
	check_sent(w, "224.0.0.22", 0x22, 16);
	assert_int_equal(w->sent[32], 4); /* CHANGE_TO_EXCLUDE */
	assert_memory_equal(w->sent + 36, "\xef\x01\x02\x03", 4);
	run_for(w, 1500);
	assert_int_equal(w->sent_count, 2); /* told twice, within a second */
	run_for(w, 60000);
	assert_int_equal(w->sent_count, 2);
	/* the second user changes nothing */
	assert_int_equal(ip_mc_inc_group(in_dev, GROUP), 0);
	ip_mc_dec_group(in_dev, GROUP);
	assert_int_equal(w->sent_count, 2);
	assert_true(ip_check_mc(in_dev, GROUP));
	ip_mc_dec_group(in_dev, GROUP);
	assert_int_equal(w->sent_count, 3);
	assert_int_equal(w->sent[32], 3); /* CHANGE_TO_INCLUDE */
	assert_false(ip_check_mc(in_dev, GROUP));
	ip_mc_dec_group(in_dev, GROUP); /* nobody has it: nothing happens */
	assert_int_equal(w->sent_count, 3);
	world_destroy(w);
}

static void test_queries(void **state)
{
	struct in_device *in_dev;
	struct world *w = start(&in_dev);

	(void)state;
	assert_int_equal(ip_mc_inc_group(in_dev, GROUP), 0);
	assert_int_equal(ip_mc_inc_group(in_dev, OTHER), 0);
	run_for(w, 3000);
	w->sent_count = 0;
	query(w, CONST_BE32(0), 100, 12); /* general, version 3: within 10 s, each group once */
	run_for(w, 10100);
	assert_int_equal(w->sent_count, 2);
	assert_int_equal(w->sent[32], 2); /* MODE_IS_EXCLUDE */
	query(w, GROUP, 10, 12);
	run_for(w, 1100);
	assert_int_equal(w->sent_count, 3);
	assert_memory_equal(w->sent + 36, "\xef\x01\x02\x03", 4);
	query(w, CONST_BE32(0), 10, 10); /* no version has this length */
	run_for(w, 20000);
	assert_int_equal(w->sent_count, 3);
	/* a router of version 2: so speak we, for a while */
	query(w, GROUP, 10, 8);
	run_for(w, 1100);
	assert_int_equal(w->sent_count, 4);
	check_sent(w, "239.1.2.3", 0x16, 8);
	ip_mc_dec_group(in_dev, GROUP);
	check_sent(w, "224.0.0.2", 0x17, 8);
	/* version 1 knows no leave */
	query(w, OTHER, 0, 8);
	run_for(w, 10100);
	check_sent(w, "239.1.2.4", 0x12, 8);
	w->sent_count = 0;
	run_for(w, 401000);
	query(w, OTHER, 100, 12);
	run_for(w, 10100);
	check_sent(w, "224.0.0.22", 0x22, 16);
	world_destroy(w);
}

static void test_bad_input(void **state)
{
	struct in_device *in_dev;
	struct world *w = start(&in_dev);
	struct sk_buff *skb;

	(void)state;
	assert_int_equal(ip_mc_inc_group(in_dev, GROUP), 0);
	run_for(w, 3000);
	w->sent_count = 0;
	for (u32 len = 0; len < 16; len++) { /* truncated, or a wrong checksum */
		skb = alloc_skb(w->net.skb_pool, 64);
		assert_non_null(skb);
		memset(skb_put(skb, len), 0x11, len);
		skb->dev = w->d[0];
		w->ipv4.protos[2]->handler(skb);
	}
	run_for(w, 20000);
	assert_int_equal(w->sent_count, 0);
	assert_int_equal(w->net.skb_pool->stats.dropped[SKB_DROP_REASON_HDR_TRUNC], 8);
	assert_int_equal(w->net.skb_pool->stats.dropped[SKB_DROP_REASON_INVALID_PROTO], 8);
	world_destroy(w);
}

static void test_limits(void **state)
{
	struct in_device *in_dev;
	struct world *w = start(&in_dev);
	u32 i;

	(void)state;
	for (i = 0; i < IGMP_MAX_GROUPS - 1; i++) /* one is all hosts */
		assert_int_equal(ip_mc_inc_group(in_dev, cpu_to_be32(0xef020000U + i)), 0);
	assert_int_equal(ip_mc_inc_group(in_dev, GROUP), -ENOBUFS);
	dev_close(w->d[0]);
	w->sent_count = 0;
	run_for(w, 5000);
	assert_int_equal(w->sent_count, 0);
	dev_open(w->d[0]); /* and all are told again */
	assert_int_equal(w->sent_count, IGMP_MAX_GROUPS - 1);
	world_destroy(w);
}

static void test_without_memory(void **state)
{
	struct in_device *in_dev;
	struct world *w = start(&in_dev);
	int err = -ENOBUFS;

	(void)state;
	for (u32 n = 1; err; n++) {
		w->calls = 0;
		w->fail_at = n;
		err = ip_mc_inc_group(in_dev, GROUP);
		w->fail_at = 0;
		assert_true(err == 0 || err == -ENOBUFS);
		assert_int_equal(ip_check_mc(in_dev, GROUP), err == 0);
	}
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join_and_leave), cmocka_unit_test(test_queries),
		cmocka_unit_test(test_bad_input),      cmocka_unit_test(test_limits),
		cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
