// SPDX-License-Identifier: BSD-2-Clause
/* The world of the IPv4 tests. */
#include "../ipv4_only.h"
#include "ip_world.h"

#include <netinet/in.h>

#include "api_internal.h"

const u8 MAC_OURS[2][ETH_ALEN] = { { 2, 0, 0, 0, 0, 2 }, { 2, 0, 0, 0, 0, 3 } };
const u8 MAC_HOST[2][ETH_ALEN] = { { 2, 0, 0, 0, 0x77, 1 }, { 2, 0, 0, 0, 0x78, 1 } };
const u8 MAC_BROADCAST[ETH_ALEN] = { 255, 255, 255, 255, 255, 255 };
const u8 MAC_MULTICAST[ETH_ALEN] = { 1, 0, 0x5e, 0, 0, 1 };
const u8 MAC_OTHER[ETH_ALEN] = { 2, 0, 0, 0, 0xbb, 0xbb };

/* ------------------------------------------------------------------ frames that leave */

static u8 *gather(const struct iovec *frame, int pieces, u32 *len_bytes)
{
	u8 *data = malloc(FRAME_MAX_BYTES);

	assert_non_null(data);
	*len_bytes = 0;
	for (int i = 0; i < pieces; i++) {
		assert_true(*len_bytes + frame[i].iov_len <= FRAME_MAX_BYTES);
		memcpy(data + *len_bytes, frame[i].iov_base, frame[i].iov_len);
		*len_bytes += (u32)frame[i].iov_len;
	}
	return data;
}

static void arp_answer(struct world *w, int dev, const u8 *request)
{
	u8 *a = w->arp[w->arp_count];

	if (w->mute[dev] || request[21] != 1 || w->arp_count == ARRAY_SIZE(w->arp))
		return;
	memset(a, 0, sizeof(w->arp[0]));
	memcpy(a, request + 6, 6);
	memcpy(a + 6, MAC_HOST[dev], 6);
	memcpy(a + 12, request + 12, 8);
	a[21] = 2;
	memcpy(a + 22, MAC_HOST[dev], 6);
	memcpy(a + 28, request + 38, 4);
	memcpy(a + 32, request + 22, 10);
	w->arp_dev[w->arp_count++] = dev;
}

static int world_xmit(struct world *w, int dev, const struct iovec *frame, int pieces)
{
	struct frame *f = &w->out[w->out_count];
	u32 len_bytes;
	u8 *data = gather(frame, pieces, &len_bytes);

	if (data[12] == 8 && data[13] == 6) {
		arp_answer(w, dev, data);
	} else if (w->out_count < FRAMES_MAX) {
		f->dev = dev;
		memcpy(f->dst, data, ETH_ALEN);
		f->ethertype = (u16)(data[12] << 8 | data[13]);
		f->len_bytes = len_bytes - ETH_HLEN;
		f->packet = malloc(f->len_bytes ? f->len_bytes : 1);
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
	while (w->arp_count) {
		w->arp_count--;
		(void)nethood_dev_receive(w->dev[w->arp_dev[w->arp_count]], w->arp[w->arp_count], sizeof(w->arp[0]));
		poll_once(w);
	}
}

void world_tick(struct world *w, u64 ns)
{
	u64 end = w->now + ns, next;

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

static void world_device(struct world *w, int i)
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
	struct in_ifaddr ifa = { .ifa_prefixlen = 24 };

	assert_int_equal(nethood_dev_create(w->public_net, &config, &w->dev[i]), 0);
	w->netdev[i] = dev_of(w->dev[i]);
	nethood_dev_carrier(w->dev[i], true);
	assert_int_equal(dev_open(w->netdev[i]), 0);
	ifa.ifa_local = ifa.ifa_address = i ? ROUTER_B : ROUTER_A;
	ifa.ifa_broadcast = i ? IP4(10, 78, 0, 255) : IP4(10, 77, 0, 255);
	assert_int_equal(inet_insert_ifa(w->netdev[i], &ifa, 0, NULL), 0);
}

struct world *world_create(void)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct nethood_allocator memory = { heap_alloc, heap_zalloc, heap_free, world_fail, w, NULL };
	struct nethood_config config = { .hostname = "test",
					 .memory = &memory,
					 .wall_ns = 1700000000ULL * NSEC_PER_SEC };

	assert_non_null(w);
	memset(config.random_key, 7, sizeof(config.random_key));
	w->now = config.now_ns = 100 * NSEC_PER_SEC;
	assert_int_equal(nethood_create(&config, &w->public_net), 0);
	ipv4_only(w->public_net);
	w->net = &w->public_net->net;
	assert_int_equal(dev_open(dev_find_by_name(w->net, "lo")), 0);
	for (int i = 0; i < 2; i++)
		world_device(w, i);
	world_sysctl(w, "net.ipv4.conf.all.send_redirects", "0");
	world_poll(w);
	world_forget(w);
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

void world_sysctl(struct world *w, const char *key, const char *value)
{
	assert_int_equal(nethood_sysctl_set(w->public_net, key, value), 0);
}

void world_no_limits(struct world *w)
{
	world_sysctl(w, "net.ipv4.icmp_ratelimit", "0");
	world_sysctl(w, "net.ipv4.icmp_msgs_per_sec", "1000000");
	world_sysctl(w, "net.ipv4.icmp_msgs_burst", "1000000");
}

u64 world_drops(const struct world *w, enum skb_drop_reason reason)
{
	return w->net->skb_pool->stats.dropped[reason];
}

/* ------------------------------------------------------------------ packets that come */

void icmp_set_checksum(u8 *icmp, u32 len_bytes)
{
	put_unaligned_be16(CONST_BE16(0), icmp + 2);
	put_unaligned_be16(ip_compute_csum(icmp, len_bytes), icmp + 2);
}

u32 echo_request(u8 *icmp, u16 ident, u32 len_bytes)
{
	for (u32 i = 0; i < len_bytes; i++)
		icmp[i] = (u8)i;
	icmp[0] = ICMP_ECHO;
	icmp[1] = 0;
	put_unaligned_be16(cpu_to_be16(ident), icmp + 4);
	put_unaligned_be16(CONST_BE16(1), icmp + 6);
	icmp_set_checksum(icmp, len_bytes);
	return len_bytes;
}

static u32 udp_to_closed_port(const struct spec *s, u8 *udp)
{
	static const u8 header[8] = { 4, 210, 0, 9, 0, 0, 0, 0 }; /* without a checksum */
	u32 len_bytes = 8 + s->payload_bytes;

	memset(udp, 0x55, len_bytes);
	memcpy(udp, header, sizeof(header));
	put_unaligned_be16(cpu_to_be16((u16)len_bytes), udp + 4);
	return len_bytes;
}

static u32 spec_payload(const struct spec *s, u8 *to)
{
	u32 len_bytes = s->payload_bytes ? s->payload_bytes : 16;

	if (s->payload) {
		memcpy(to, s->payload, s->payload_bytes);
		return s->payload_bytes;
	}
	if (s->proto == IPPROTO_UDP)
		return udp_to_closed_port(s, to);
	if (s->proto && s->proto != IPPROTO_ICMP) {
		memset(to, 0x5a, s->payload_bytes);
		return s->payload_bytes;
	}
	echo_request(to, 1, len_bytes);
	if (s->icmp_type || s->icmp_code || s->icmp_rest) {
		to[0] = s->icmp_type;
		to[1] = s->icmp_code;
		put_unaligned_be32(s->icmp_rest, to + 4);
		icmp_set_checksum(to, len_bytes);
	}
	if (s->icmp_bad_csum)
		to[2] ^= 0x11;
	return len_bytes;
}

u32 spec_build(const struct spec *s, u8 *packet)
{
	struct iphdr *iph = (struct iphdr *)(void *)packet;
	u32 optlen = ALIGN_UP(s->options_bytes, 4U), len_bytes;

	memset(packet, 0, sizeof(*iph) + optlen);
	if (optlen)
		memcpy(packet + sizeof(*iph), s->options, s->options_bytes);
	len_bytes = (u32)sizeof(*iph) + optlen + spec_payload(s, packet + sizeof(*iph) + optlen);
	iph->version = (s->version ? s->version : IPVERSION) & 0xf;
	iph->ihl = (s->ihl ? s->ihl : 5 + optlen / 4) & 0xf;
	iph->tos = s->tos;
	iph->tot_len = s->no_len ? CONST_BE16(0) : cpu_to_be16((u16)(s->tot_len ? s->tot_len : len_bytes));
	iph->id = cpu_to_be16(s->id);
	iph->frag_off = cpu_to_be16(s->frag);
	iph->ttl = s->ttl ? s->ttl : 64;
	iph->protocol = s->proto ? s->proto : IPPROTO_ICMP;
	iph->saddr = s->src ? s->src : HOST_A;
	iph->daddr = s->dst ? s->dst : ROUTER_A;
	iph->check = ip_compute_csum(iph, sizeof(*iph) + optlen);
	if (s->bad_csum)
		iph->check = (__force __be16)(u16) ~(__force u16)iph->check;
	return len_bytes;
}

static void receive(struct world *w, int dev, const u8 *mac, const u8 *packet, u32 len_bytes)
{
	u8 *frame = malloc(ETH_HLEN + len_bytes);

	assert_non_null(frame);
	memcpy(frame, mac, ETH_ALEN);
	memcpy(frame + ETH_ALEN, MAC_HOST[dev], ETH_ALEN);
	frame[12] = 8;
	frame[13] = 0;
	memcpy(frame + ETH_HLEN, packet, len_bytes);
	(void)nethood_dev_receive(w->dev[dev], frame, ETH_HLEN + len_bytes);
	free(frame);
	world_poll(w);
}

void world_send_raw(struct world *w, int dev, const u8 *packet, u32 len_bytes)
{
	receive(w, dev, MAC_OURS[dev], packet, len_bytes);
}

void world_send(struct world *w, int dev, const struct spec *s)
{
	u8 *packet = calloc(1, FRAME_MAX_BYTES);
	u32 len_bytes;

	assert_non_null(packet);
	len_bytes = spec_build(s, packet);
	memset(packet + len_bytes, 0xee, s->padding_bytes);
	receive(w, dev, s->mac ? s->mac : MAC_OURS[dev], packet, len_bytes - s->cut_bytes + s->padding_bytes);
	free(packet);
}

/* ------------------------------------------------------------------ judging */

bool frame_valid(const struct frame *f)
{
	const struct iphdr *iph = frame_ip(f);
	u32 hlen;

	if (f->len_bytes < sizeof(*iph) || iph->version != IPVERSION || iph->ihl < 5)
		return false;
	hlen = ip_hdrlen_bytes(iph);
	if (be16_to_cpu(iph->tot_len) != f->len_bytes || ip_compute_csum(iph, hlen))
		return false;
	if (iph->protocol == IPPROTO_ICMP && !ip_is_fragment(iph))
		return !ip_compute_csum(f->packet + hlen, f->len_bytes - hlen);
	return true;
}

bool frame_is_icmp(const struct frame *f, u8 type, u8 code)
{
	const struct iphdr *iph = frame_ip(f);

	return iph->protocol == IPPROTO_ICMP && !(iph->frag_off & CONST_BE16(IP_OFFSET)) &&
	       frame_icmp(f)->type == type && frame_icmp(f)->code == code;
}

const struct frame *world_one(struct world *w, int dev)
{
	assert_int_equal(w->out_count, 1);
	assert_int_equal(w->out[0].dev, dev);
	assert_true(frame_valid(&w->out[0]));
	return &w->out[0];
}
