// SPDX-License-Identifier: BSD-2-Clause
/* The world of the tests of ICMPv6 and Neighbour Discovery. */
#include "nd_world.h"

#include <netinet/in.h>

#include "api_internal.h"
#include "base/csum.h"

const u8 MAC_OURS[2][ETH_ALEN] = { { 2, 0, 0, 0, 0, 2 }, { 2, 0, 0, 0, 0, 3 } };
const u8 MAC_HOST[2][ETH_ALEN] = { { 2, 0, 0, 0, 0xaa, 1 }, { 2, 0, 0, 0, 0xbb, 1 } };

struct in6_addr in6(const char *text)
{
	struct in6_addr a;

	assert_int_equal(inet_pton(AF_INET6, text, &a), 1);
	return a;
}

/* ------------------------------------------------------------------ frames that leave */

static u8 *gather(const struct iovec *frame, int pieces, u32 *len_bytes)
{
	u8 *data = malloc(65600);

	assert_non_null(data);
	*len_bytes = 0;
	for (int i = 0; i < pieces; i++) {
		assert_true(*len_bytes + frame[i].iov_len <= 65600);
		memcpy(data + *len_bytes, frame[i].iov_base, frame[i].iov_len);
		*len_bytes += (u32)frame[i].iov_len;
	}
	return data;
}

/* An advertisement for whom the net asks, unless it is the net itself.  Return: was it a question? */
static bool answer(struct world *w, int dev, const u8 *frame)
{
	const u8 *packet = frame + ETH_HLEN;
	char src[INET6_ADDRSTRLEN], target[INET6_ADDRSTRLEN];
	u8 option[8] = { ND_OPT_TARGET_LL_ADDR, 1 };
	struct spec s;

	if (!w->answers || packet[6] != IPPROTO_ICMPV6 || packet[40] != NDISC_NEIGHBOUR_SOLICITATION ||
	    !packet[8] /* from :: */ || w->waiting_count == ARRAY_SIZE(w->waiting))
		return false;
	inet_ntop(AF_INET6, packet + 8, src, sizeof(src));
	inet_ntop(AF_INET6, packet + 48, target, sizeof(target));
	memcpy(option + 2, MAC_HOST[dev], ETH_ALEN);
	s = na(target, ND_NA_SOLICITED | ND_NA_OVERRIDE, option, sizeof(option));
	s.dst = src;
	w->waiting[w->waiting_count].dev = dev;
	w->waiting[w->waiting_count].len_bytes = spec_build(&s, w->waiting[w->waiting_count].frame);
	w->waiting_count++;
	return true;
}

static int world_xmit(struct world *w, int dev, const struct iovec *frame, int pieces)
{
	struct frame *f = &w->out[w->out_count];
	u32 len_bytes;
	u8 *data = gather(frame, pieces, &len_bytes);

	if (data[12] == 0x86 && data[13] == 0xdd && !answer(w, dev, data) && w->out_count < FRAMES_MAX) {
		f->dev = dev;
		f->at = w->now;
		memcpy(f->dst, data, ETH_ALEN);
		f->len_bytes = len_bytes - ETH_HLEN;
		f->packet = malloc(f->len_bytes);
		assert_non_null(f->packet);
		memcpy(f->packet, data + ETH_HLEN, f->len_bytes);
		w->out_count++;
	}
	free(data);
	return 0;
}

static int xmit_left(void *ctx, const struct iovec *frame, int pieces)
{
	return world_xmit(ctx, 0, frame, pieces);
}

static int xmit_right(void *ctx, const struct iovec *frame, int pieces)
{
	return world_xmit(ctx, 1, frame, pieces);
}

void world_forget(struct world *w)
{
	for (u32 i = 0; i < w->out_count; i++)
		free(w->out[i].packet);
	w->out_count = 0;
}

/* ------------------------------------------------------------------ time */

static void poll_once(struct world *w)
{
	for (u32 i = 0; nethood_poll(w->public_net, w->now); i++)
		assert_true(i < 10000);
}

void world_poll(struct world *w)
{
	poll_once(w);
	while (w->waiting_count) {
		u32 i = --w->waiting_count;

		world_send_raw(w, w->waiting[i].dev, MAC_OURS[w->waiting[i].dev], w->waiting[i].frame,
			       w->waiting[i].len_bytes);
	}
}

void world_tick(struct world *w, u64 ns_)
{
	u64 end = w->now + ns_, next;

	while ((next = nethood_next_deadline(w->public_net)) <= end) {
		if (next > w->now)
			w->now = next;
		world_poll(w);
	}
	w->now = end;
	world_poll(w);
}

/* ------------------------------------------------------------------ life */

static bool world_fail(void *ctx, const char *site, size_t size_bytes)
{
	struct world *w = ctx;

	(void)site, (void)size_bytes;
	if (!w->fail_at)
		return false;
	w->alloc_calls++;
	return w->alloc_calls == w->fail_at || (w->fail_on && w->alloc_calls > w->fail_at);
}

static void *heap_alloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return malloc(size_bytes);
}

static void *heap_zalloc(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return calloc(1, size_bytes);
}

static void heap_free(void *ctx, void *p, size_t size_bytes)
{
	(void)ctx, (void)size_bytes;
	free(p);
}

static void world_log(void *ctx, const char *line)
{
	struct world *w = ctx;

	if (w->log_count < ARRAY_SIZE(w->log))
		snprintf(w->log[w->log_count++], sizeof(w->log[0]), "%s", line);
}

static void address(struct net_device *dev, const char *text, u32 flags)
{
	const struct ifa6_config cfg = { .addr = in6(text),
					 .prefix_len = 64,
					 .flags = flags,
					 .valid_lft_s = INFINITY_LIFE_TIME,
					 .prefered_lft_s = INFINITY_LIFE_TIME };

	assert_int_equal(inet6_addr_add(dev, &cfg, NULL), 0);
}

void world_address(struct world *w, const char *text, u32 flags)
{
	address(w->netdev[0], text, flags);
}

static void world_device(struct world *w, int i, bool dad)
{
	const struct nethood_dev_config config = {
		.name = i ? "eth1" : "eth0",
		.driver = "user",
		.fd = -1,
		.mtu = 1500,
		.lladdr = MAC_OURS[i],
		.xmit = i ? xmit_right : xmit_left,
		.ctx = w,
	};

	assert_int_equal(nethood_dev_create(w->public_net, &config, &w->dev[i]), 0);
	w->netdev[i] = dev_of(w->dev[i]);
	nethood_dev_carrier(w->dev[i], true);
	assert_int_equal(dev_open(w->netdev[i]), 0);
	address(w->netdev[i], i ? "fd78::2" : OURS, dad ? 0 : IFA_F_NODAD);
}

static void world_sysctls(struct world *w, const struct setup *setup)
{
	world_sysctl(w, "net.ipv6.conf.default.router_solicitations", "0");
	world_sysctl(w, "net.ipv6.conf.default.router_solicitation_delay", "0");
	if (!setup->dad)
		world_sysctl(w, "net.ipv6.conf.default.dad_transmits", "0");
	for (const char *const *s = setup->sysctls; s && *s; s += 2)
		world_sysctl(w, s[0], s[1]);
}

struct world *world_create_as(const struct setup *setup)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct nethood_allocator memory = { heap_alloc, heap_zalloc, heap_free, world_fail, w, NULL };
	struct nethood_config config = { .hostname = "test",
					 .memory = &memory,
					 .profile = setup->strict ? NETHOOD_PROFILE_STRICT : NETHOOD_PROFILE_LINUX,
					 .log = world_log,
					 .log_ctx = w,
					 .wall_ns = 1700000000ULL * NSEC_PER_SEC };

	assert_non_null(w);
	memset(config.random_key, 7, sizeof(config.random_key));
	w->now = config.now_ns = 100 * NSEC_PER_SEC;
	assert_int_equal(nethood_create(&config, &w->public_net), 0);
	w->net = &w->public_net->net;
	assert_int_equal(dev_open(dev_find_by_name(w->net, "lo")), 0);
	world_sysctls(w, setup);
	for (int i = 0; i < 2; i++)
		world_device(w, i, setup->dad);
	if (setup->dad)
		return w;
	world_tick(w, 3 * NSEC_PER_SEC); /* MLD has said what it has to say */
	world_forget(w);
	w->log_count = 0;
	return w;
}

void world_destroy(struct world *w)
{
	w->fail_at = 0;
	world_forget(w);
	assert_string_equal(nethood_check(w->public_net) ?: "", "");
	assert_int_equal(world_drops(w, SKB_DROP_REASON_NOT_SPECIFIED), 0);
	nethood_free(w->public_net);
	free(w);
}

u32 world_starve(void (*use)(struct world *w))
{
	u32 n = 0, calls;

	do {
		struct world *w = world_create();

		w->answers = true;
		world_tick(w, 3 * NSEC_PER_SEC);
		world_forget(w);
		w->alloc_calls = 0;
		w->fail_at = ++n;
		use(w);
		calls = w->alloc_calls;
		w->fail_at = 0;
		world_forget(w);
		use(w);
		world_destroy(w);
	} while (calls >= n);
	return calls;
}

void world_sysctl(struct world *w, const char *key, const char *value)
{
	assert_int_equal(nethood_sysctl_set(w->public_net, key, value), 0);
}

u64 world_drops(const struct world *w, enum skb_drop_reason reason)
{
	return w->net->skb_pool->stats.dropped[reason];
}

u64 world_all_drops(const struct world *w)
{
	u64 all = 0;

	for (u32 i = 0; i < SKB_DROP_REASON_MAX; i++)
		all += w->net->skb_pool->stats.dropped[i];
	return all;
}

/* ------------------------------------------------------------------ packets that come */

struct spec ns(const char *src, const char *target)
{
	return (struct spec){ .src = src, .dst = OURS_GROUP, .type = NDISC_NEIGHBOUR_SOLICITATION, .target = target };
}

struct spec na(const char *target, u8 flags, const void *options, u32 options_bytes)
{
	return (struct spec){ .src = target,
			      .type = NDISC_NEIGHBOUR_ADVERTISEMENT,
			      .rest = { flags },
			      .target = target,
			      .body = options,
			      .body_bytes = options_bytes };
}

static u32 put_address(u8 *to, const char *text)
{
	struct in6_addr a;

	if (!text)
		return 0;
	a = in6(text);
	memcpy(to, &a, sizeof(a));
	return sizeof(a);
}

static u32 put_message(const struct spec *s, const struct ipv6hdr *hdr, u8 *to)
{
	struct icmp6hdr *icmph = (struct icmp6hdr *)(void *)to;
	u32 len = (u32)sizeof(*icmph);

	*icmph = (struct icmp6hdr){ .icmp6_type = s->type, .icmp6_code = s->code };
	memcpy(&icmph->un, s->rest, sizeof(s->rest));
	len += put_address(to + len, s->target);
	len += put_address(to + len, s->dest);
	if (s->body_bytes)
		memcpy(to + len, s->body, s->body_bytes);
	len += s->body_bytes - s->cut_bytes;
	icmph->icmp6_cksum =
		csum_fold(csum_partial(to, len, csum_ipv6_magic_sum(&hdr->saddr, &hdr->daddr, len, IPPROTO_ICMPV6)));
	if (s->bad_csum)
		to[3] ^= 0x11;
	return len;
}

u32 spec_build(const struct spec *s, u8 *packet)
{
	struct ipv6hdr *hdr = (struct ipv6hdr *)(void *)packet;
	u8 *to = packet + sizeof(*hdr);
	u32 len;

	hdr->ver_tc_flow = ip6_flow_word(s->tclass, 0);
	hdr->nexthdr = s->nexthdr ? s->nexthdr : IPPROTO_ICMPV6;
	hdr->hop_limit = s->hlim ? s->hlim : 255;
	hdr->saddr = in6(s->src ? s->src : HOST);
	hdr->daddr = in6(s->dst ? s->dst : OURS);
	if (s->nexthdr) {
		memset(to, 0, 8);
		to[0] = IPPROTO_ICMPV6;
		to[2] = (u8)(s->frag_off >> 8);
		to[3] = (u8)s->frag_off;
		to += 8;
	}
	len = put_message(s, hdr, to) + (u32)(to - packet) - (u32)sizeof(*hdr);
	hdr->payload_len = cpu_to_be16((u16)len);
	return len + (u32)sizeof(*hdr);
}

static void receive(struct world *w, int dev, const u8 *mac, const u8 *from, const u8 *packet, u32 len_bytes)
{
	u8 *frame = malloc(ETH_HLEN + len_bytes);

	assert_non_null(frame);
	memcpy(frame, mac, ETH_ALEN);
	memcpy(frame + ETH_ALEN, from, ETH_ALEN);
	frame[12] = 0x86;
	frame[13] = 0xdd;
	memcpy(frame + ETH_HLEN, packet, len_bytes);
	(void)nethood_dev_receive(w->dev[dev], frame, ETH_HLEN + len_bytes);
	free(frame);
	world_poll(w);
}

void world_send_raw(struct world *w, int dev, const u8 *mac, const u8 *packet, u32 len_bytes)
{
	receive(w, dev, mac, MAC_HOST[dev], packet, len_bytes);
}

void world_send(struct world *w, int dev, const struct spec *s)
{
	struct in6_addr daddr = in6(s->dst ? s->dst : OURS);
	u8 *packet = calloc(1, 65600), group[ETH_ALEN];
	u32 len_bytes;

	assert_non_null(packet);
	ipv6_eth_mc_map(&daddr, group);
	len_bytes = spec_build(s, packet);
	receive(w, dev, s->mac ? s->mac : (ipv6_addr_is_multicast(&daddr) ? group : MAC_OURS[dev]),
		s->from ? s->from : MAC_HOST[dev], packet, len_bytes);
	free(packet);
}

/* ------------------------------------------------------------------ judging */

bool frame_valid(const struct frame *f)
{
	const struct ipv6hdr *hdr = frame_ip(f);
	u32 len = f->len_bytes - IPV6_HEADER_BYTES;

	if (f->len_bytes < IPV6_HEADER_BYTES || be16_to_cpu(hdr->payload_len) != len)
		return false;
	if (hdr->nexthdr != IPPROTO_ICMPV6)
		return true;
	return !csum_fold(
		csum_partial(frame_icmp(f), len, csum_ipv6_magic_sum(&hdr->saddr, &hdr->daddr, len, IPPROTO_ICMPV6)));
}

bool frame_is(const struct frame *f, u8 type)
{
	return frame_ip(f)->nexthdr == IPPROTO_ICMPV6 && frame_icmp(f)->icmp6_type == type;
}

bool frame_between(const struct frame *f, const char *src, const char *dst)
{
	struct in6_addr s = in6(src), d = in6(dst);

	return ipv6_addr_equal(&frame_ip(f)->saddr, &s) && ipv6_addr_equal(&frame_ip(f)->daddr, &d);
}

const struct frame *world_find(const struct world *w, u8 type)
{
	for (u32 i = 0; i < w->out_count; i++) {
		if (frame_is(&w->out[i], type))
			return &w->out[i];
	}
	return NULL;
}

u32 world_count(const struct world *w, u8 type)
{
	u32 count = 0;

	for (u32 i = 0; i < w->out_count; i++)
		count += frame_is(&w->out[i], type);
	return count;
}

const struct frame *world_one(struct world *w, u8 type)
{
	const struct frame *f = world_find(w, type);

	assert_non_null(f);
	assert_int_equal(w->out_count, 1);
	assert_true(frame_valid(f));
	return f;
}

/* ------------------------------------------------------------------ neighbours */

struct neighbour *world_neigh(struct world *w, const char *text)
{
	struct in6_addr a = in6(text);

	return neigh_find(w->net->ipv6->nd_tbl, &a, w->netdev[0]);
}

void world_neigh_is(struct world *w, const char *text, u8 mac_last, u8 state)
{
	const struct neighbour *n = world_neigh(w, text);

	assert_non_null(n);
	assert_int_equal(n->nud_state, state);
	if (mac_last)
		assert_int_equal(n->ha[5], mac_last);
}

struct neighbour *world_neigh_make(struct world *w, const char *text, u8 mac_last, u8 state)
{
	const u8 mac[ETH_ALEN] = { 2, 0, 0, 0, 0xaa, mac_last };
	struct in6_addr a = in6(text);
	struct neighbour *n;

	assert_int_equal(neigh_create(w->net->ipv6->nd_tbl, &a, w->netdev[0], &n), 0);
	if (state == NUD_INCOMPLETE) {
		assert_true(neigh_event_send(n, NULL));
	} else if (state == NUD_FAILED) {
		assert_int_equal(neigh_update(n, NULL, NUD_FAILED, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
	} else {
		assert_int_equal(
			neigh_update(n, mac, state == NUD_DELAY ? NUD_STALE : state, NEIGH_UPDATE_F_ADMIN, 0, NULL), 0);
		if (state == NUD_DELAY)
			assert_false(neigh_event_send(n, NULL));
	}
	world_poll(w);
	neigh_release(n);
	return n;
}
