// SPDX-License-Identifier: BSD-2-Clause
/* Segments that come in become trains, or do not; what is forwarded leaves as it came, octet for octet. */
#include "ip_world.h"

#include <netinet/in.h>

#include "base/random.h"
#include "dev/softirq.h"
#include "wire/tcp.h"

#define MSS 1000U
#define PACKETS_MAX 200U
#define SEEN_MAX 256U

/** struct seg - a TCP segment as it differs from the one that follows the last; zero: it does not */
struct seg {
	u32 bytes;           /* payload: MSS; NONE: none */
	s32 seq, id, ack;    /* so much off */
	u8 flags;            /* besides ACK */
	u8 no_ack, ttl, tos; /* less by, more by */
	u16 frag, window, urg;
	u8 res;           /* reserved bits */
	u16 sport, dport; /* other ports */
	u8 src, dst;      /* other addresses */
	const char *options;
	u32 options_bytes, ip_options_bytes, padding_bytes;
	bool bad_csum, bad_ip_csum, short_header;
	const u8 *mac_from;
};
#define NONE UINT32_MAX

/** struct flow - where it stands */
struct flow {
	u32 seq;
	u16 id;
	bool fixed_id;
};

static u32 seg_build(const struct seg *s, struct flow *f, u8 *packet)
{
	u32 ip_bytes = 20 + s->ip_options_bytes, tcp_bytes = 20 + s->options_bytes;
	u32 bytes = s->bytes == NONE ? 0 : s->bytes ? s->bytes : MSS, len = ip_bytes + tcp_bytes + bytes;
	struct iphdr *iph = (struct iphdr *)(void *)packet;
	struct tcphdr *th = (struct tcphdr *)(void *)(packet + ip_bytes);
	u8 *payload = packet + ip_bytes + tcp_bytes;

	memset(packet, 1 /* IP: no operation */, ip_bytes);
	memset(iph, 0, sizeof(*iph));
	iph->version = 4;
	iph->ihl = (ip_bytes / 4) & 0xf;
	iph->tos = s->tos;
	iph->tot_len = cpu_to_be16((u16)len);
	iph->id = cpu_to_be16((u16)(f->id + s->id));
	iph->frag_off = cpu_to_be16(IP_DF ^ s->frag);
	iph->ttl = (u8)(64 - s->ttl);
	iph->protocol = IPPROTO_TCP;
	iph->saddr = IP4(10, 77, 0, (u32)s->src + 1);
	iph->daddr = IP4(10, 78, 0, (u32)s->dst + 1);
	iph->check = s->bad_ip_csum ? CONST_BE16(0x1234) : ip_compute_csum(iph, ip_bytes);
	memset(th, 0, sizeof(*th));
	th->source = cpu_to_be16((u16)(5001 + s->sport));
	th->dest = cpu_to_be16((u16)(80 + s->dport));
	th->seq = cpu_to_be32(f->seq + (u32)s->seq);
	th->ack_seq = cpu_to_be32(7000U + (u32)s->ack);
	th->doff_res = (u8)((s->short_header ? 4 : tcp_bytes / 4) << 4 | s->res);
	th->flags = (u8)(s->flags | (s->no_ack ? 0 : TCPHDR_ACK));
	th->window = cpu_to_be16((u16)(500 + s->window));
	th->urg_ptr = cpu_to_be16(s->urg);
	if (s->options_bytes)
		memcpy(th + 1, s->options, s->options_bytes);
	for (u32 i = 0; i < bytes; i++)
		payload[i] = (u8)((f->seq + (u32)s->seq + i) * 7 >> 3);
	th->check = csum_tcpudp_magic(iph->saddr, iph->daddr, tcp_bytes + bytes, IPPROTO_TCP,
				      csum_partial(th, tcp_bytes + bytes, 0));
	if (s->bad_csum)
		th->check = (__force __be16)(u16)((__force u16)th->check ^ 0x5a);
	memset(packet + len, 0, s->padding_bytes);
	f->seq += (u32)s->seq + bytes;
	f->id = (u16)(f->id + !f->fixed_id);
	return len + s->padding_bytes;
}

/* ------------------------------------------------------------------ what goes up */

struct seen {
	u32 len, gso_size, gso_segs, gso_type, ip_summed;
	u8 *packet;
};

struct watch {
	struct world *w;
	struct packet_type tap;
	struct seen seen[SEEN_MAX];
	u32 count;
};

static int watch_rcv(struct sk_buff *skb, struct net_device *dev, void *ctx)
{
	struct watch *watch = ctx;
	struct seen *s = &watch->seen[watch->count];

	(void)dev;
	if (skb->pkt_type != PACKET_OUTGOING && skb->protocol == CONST_BE16(ETH_P_IP) && watch->count < SEEN_MAX) {
		const struct skb_shared_info *shinfo = skb_shinfo(skb);

		*s = (struct seen){ skb->len,         shinfo->gso_size, shinfo->gso_segs,
				    shinfo->gso_type, skb->ip_summed,   malloc(skb->len) };
		assert_int_equal(skb_copy_bits(skb, 0, s->packet, skb->len), 0);
		watch->count++;
	}
	consume_skb(skb);
	return 0;
}

static void watch_forget(struct watch *watch)
{
	for (u32 i = 0; i < watch->count; i++)
		free(watch->seen[i].packet);
	watch->count = 0;
}

static void watch_begin(struct watch *watch, struct world *w)
{
	memset(watch, 0, sizeof(*watch));
	watch->w = w;
	watch->tap = (struct packet_type){ .type = CONST_BE16(ETH_P_ALL), .func = watch_rcv, .ctx = watch };
	assert_int_equal(dev_add_pack(w->net, &watch->tap), 0);
}

static void watch_end(struct watch *watch)
{
	watch_forget(watch);
	dev_remove_pack(watch->w->net, &watch->tap);
}

/* Into the backlog: one poll sees all of them. */
static void come(struct world *w, const u8 *mac_from, const u8 *packet, u32 len)
{
	u8 *frame = malloc(ETH_HLEN + len);

	memcpy(frame, MAC_OURS[0], ETH_ALEN);
	memcpy(frame + ETH_ALEN, mac_from ? mac_from : MAC_HOST[0], ETH_ALEN);
	frame[12] = 8;
	frame[13] = 0;
	memcpy(frame + ETH_HLEN, packet, len);
	assert_int_equal(nethood_dev_receive(w->dev[0], frame, ETH_HLEN + len), 0);
	free(frame);
}

static void come_segs(struct world *w, const struct seg *segs, u32 count, bool fixed_id)
{
	struct flow f = { .seq = 0xfffffc00U, .id = 0xfffe, .fixed_id = fixed_id };
	u8 packet[2048];

	for (u32 i = 0; i < count; i++)
		come(w, segs[i].mac_from, packet, seg_build(&segs[i], &f, packet));
	world_poll(w);
}

#define STAMP "\1\1\10\12\0\0\0\1\0\0\0\2"
#define LATER "\1\1\10\12\0\0\0\3\0\0\0\2"
#define OPTIONS(o) .options = (o), .options_bytes = 12

/* Three segments each; how many go up, and of how many the first is made. */
static const struct {
	const char *says;
	struct seg seg[3];
	u32 goes_up, first_segs;
	bool fixed_id;
} rows[] = {
	{ "three that follow each other", { { 0 } }, 1, 3, false },
	{ "with one identification, and DF", { { 0 } }, 1, 3, true },
	{ "with one identification, without DF",
	  { { .frag = IP_DF }, { .frag = IP_DF }, { .frag = IP_DF } },
	  3,
	  1,
	  true },
	{ "counted, without DF", { { .frag = IP_DF }, { .frag = IP_DF }, { .frag = IP_DF } }, 1, 3, false },
	{ "DF comes", { { .frag = IP_DF }, { 0 }, { 0 } }, 2, 1, false },
	{ "an identification is left out", { { 0 }, { 0 }, { .id = 1 } }, 2, 2, false },
	{ "one identification, then another", { { 0 }, { 0 }, { .id = 1 } }, 2, 2, true },
	{ "it goes back", { { 0 }, { 0 }, { .id = -2 } }, 2, 2, false },
	{ "the last one is short", { { 0 }, { 0 }, { .bytes = 1 } }, 1, 3, false },
	{ "nothing follows a short one", { { 0 }, { .bytes = 999 }, { .bytes = 999 } }, 2, 2, false },
	{ "longer than the first", { { .bytes = 500 }, { .bytes = 501 }, { .bytes = 501 } }, 2, 1, false },
	{ "PSH is the end", { { 0 }, { .flags = TCPHDR_PSH }, { 0 } }, 2, 2, false },
	{ "PSH alone goes up at once", { { .flags = TCPHDR_PSH }, { 0 }, { 0 } }, 2, 1, false },
	{ "FIN is the end", { { 0 }, { 0 }, { .flags = TCPHDR_FIN } }, 1, 3, false },
	{ "RST stands alone", { { 0 }, { 0 }, { .flags = TCPHDR_RST } }, 2, 2, false },
	{ "SYN stands alone", { { 0 }, { 0 }, { .flags = TCPHDR_SYN } }, 2, 2, false },
	{ "URG stands alone", { { 0 }, { .flags = TCPHDR_URG, .urg = 5 }, { .seq = 0 } }, 3, 1, false },
	{ "a pointer that means nothing", { { 0 }, { 0 }, { .urg = 5 } }, 2, 2, false },
	{ "ECE is on all", { { .flags = TCPHDR_ECE }, { .flags = TCPHDR_ECE }, { .flags = TCPHDR_ECE } }, 1, 3, false },
	{ "ECE comes", { { 0 }, { 0 }, { .flags = TCPHDR_ECE } }, 2, 2, false },
	{ "CWR is on the first", { { .flags = TCPHDR_CWR }, { 0 }, { 0 } }, 1, 3, false },
	{ "CWR begins another", { { 0 }, { .flags = TCPHDR_CWR }, { 0 } }, 2, 1, false },
	{ "no ACK", { { 0 }, { 0 }, { .no_ack = 1 } }, 2, 2, false },
	{ "a reserved bit", { { 0 }, { 0 }, { .res = 1 } }, 2, 2, false },
	{ "an empty one", { { 0 }, { 0 }, { .bytes = NONE } }, 2, 2, false },
	{ "empty ones wait for nobody", { { .bytes = NONE }, { .bytes = NONE }, { .bytes = NONE } }, 3, 1, false },
	{ "a hole", { { 0 }, { 0 }, { .seq = 1 } }, 2, 2, false },
	{ "twice the same", { { 0 }, { 0 }, { .seq = -1000 } }, 2, 2, false },
	{ "another acknowledgment", { { 0 }, { 0 }, { .ack = 1 } }, 2, 2, false },
	{ "another window", { { 0 }, { 0 }, { .window = 1 } }, 2, 2, false },
	{ "the same timestamps", { { OPTIONS(STAMP) }, { OPTIONS(STAMP) }, { OPTIONS(STAMP) } }, 1, 3, false },
	{ "a later timestamp", { { OPTIONS(STAMP) }, { OPTIONS(STAMP) }, { OPTIONS(LATER) } }, 2, 2, false },
	{ "options come", { { 0 }, { 0 }, { OPTIONS(STAMP) } }, 2, 2, false },
	{ "another time to live", { { 0 }, { 0 }, { .ttl = 1 } }, 2, 2, false },
	{ "another class", { { 0 }, { 0 }, { .tos = 3 } }, 2, 2, false },
	{ "another port here", { { 0 }, { .dport = 1 }, { 0 } }, 3, 1, false },
	{ "another port there", { { 0 }, { .sport = 1 }, { .seq = -1000, .id = -1 } }, 2, 2, false },
	{ "another host there", { { 0 }, { .src = 5 }, { .seq = -1000, .id = -1 } }, 2, 2, false },
	{ "another host here", { { 0 }, { .dst = 5 }, { .seq = -1000, .id = -1 } }, 2, 2, false },
	{ "from another neighbour", { { 0 }, { 0 }, { .mac_from = MAC_HOST[1] } }, 2, 2, false },
	{ "one is broken, and the next is another copy",
	  { { 0 }, { .bad_csum = true }, { .seq = -1000, .id = -1 } },
	  2,
	  2,
	  false },
	{ "two are broken", { { 0 }, { .bad_csum = true }, { .bad_csum = true } }, 3, 1, false },
	{ "two have broken IP headers", { { 0 }, { .bad_ip_csum = true }, { .bad_ip_csum = true } }, 3, 1, false },
	{ "a short one with padding", { { 0 }, { .bytes = 500, .padding_bytes = 6 }, { 0 } }, 3, 1, false },
	{ "the first is broken", { { .bad_csum = true }, { 0 }, { 0 } }, 2, 1, false },
	{ "a broken IP header", { { 0 }, { .bad_ip_csum = true }, { .seq = -1000, .id = -1 } }, 2, 2, false },
	{ "IP options",
	  { { .ip_options_bytes = 4 }, { .ip_options_bytes = 4 }, { .ip_options_bytes = 4 } },
	  3,
	  1,
	  false },
	{ "a fragment", { { .frag = IP_DF | IP_MF }, { .frag = IP_DF | IP_MF }, { 0 } }, 3, 1, false },
	{ "padding", { { 0 }, { .padding_bytes = 6 }, { 0 } }, 3, 1, false },
	{ "a header that is none", { { .short_header = true }, { .short_header = true }, { 0 } }, 3, 1, false },
};

static u32 max_segs(const struct watch *watch)
{
	u32 max = 1;

	for (u32 i = 0; i < watch->count; i++)
		max = max_u32(max, watch->seen[i].gso_segs);
	return max;
}

static void each_reason_to_merge_or_not(void **state)
{
	struct world *w = world_create();
	struct watch watch;

	(void)state;
	watch_begin(&watch, w);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		come_segs(w, rows[i].seg, 3, rows[i].fixed_id);
		if (watch.count != rows[i].goes_up)
			fail_msg("%s: %u go up", rows[i].says, watch.count);
		if (rows[i].first_segs > 1 && max_segs(&watch) != rows[i].first_segs)
			fail_msg("%s: a train of %u", rows[i].says, max_segs(&watch));
		watch_forget(&watch);
		world_forget(w);
	}
	watch_end(&watch);
	world_destroy(w);
}

/* As one large packet whose checksum was only begun: lengths right, GSO fields set. */
static void a_train_is_a_packet(void **state)
{
	static const struct seg segs[3] = { { .flags = TCPHDR_CWR }, { 0 }, { .bytes = 7, .flags = TCPHDR_PSH } };
	struct world *w = world_create();
	const struct tcphdr *th;
	const struct iphdr *iph;
	struct watch watch;
	u32 pseudo;

	(void)state;
	for (u32 fixed = 0; fixed < 2; fixed++) {
		watch_begin(&watch, w);
		come_segs(w, segs, 3, fixed);
		assert_int_equal(watch.count, 1);
		assert_int_equal(watch.seen[0].len, 40 + 2007);
		assert_int_equal(watch.seen[0].gso_size, MSS);
		assert_int_equal(watch.seen[0].gso_segs, 3);
		assert_int_equal(watch.seen[0].gso_type,
				 SKB_GSO_TCPV4 | SKB_GSO_TCP_ECN | (fixed ? SKB_GSO_TCP_FIXEDID : 0));
		assert_int_equal(watch.seen[0].ip_summed, CHECKSUM_PARTIAL);
		iph = (const struct iphdr *)(const void *)watch.seen[0].packet;
		th = (const struct tcphdr *)(const void *)(watch.seen[0].packet + 20);
		assert_int_equal(be16_to_cpu(iph->tot_len), 40 + 2007);
		assert_false(ip_compute_csum(iph, 20));
		assert_int_equal(th->flags, TCPHDR_ACK | TCPHDR_PSH | TCPHDR_CWR);
		pseudo = csum_tcpudp_nofold(iph->saddr, iph->daddr, 2027, IPPROTO_TCP, 0);
		assert_true((u16)((__force u16)th->check ^ (__force u16)csum_fold(pseudo)) == 0xffff);
		for (u32 i = 0; i < 2007; i++)
			assert_int_equal(watch.seen[0].packet[40 + i], (u8)((0xfffffc00U + i) * 7 >> 3));
		watch_end(&watch);
	}
	world_destroy(w);
}

/** struct captured - the last frame that came in, as nethood_capture() tells it */
struct captured {
	_Alignas(8) u8 align[2]; /* the IP header lies at a multiple of four */
	u8 frame[FRAME_MAX_BYTES];
	u32 len, count;
};

static void on_capture(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame, int pieces)
{
	struct captured *c = ctx;

	(void)dev, (void)now_ns;
	if (out)
		return;
	c->len = 0;
	c->count++;
	for (int i = 0; i < pieces; i++) {
		memcpy(c->frame + c->len, frame[i].iov_base, frame[i].iov_len);
		c->len += (u32)frame[i].iov_len;
	}
}

/* All of it, and its checksums are those of one packet. */
static void a_train_is_captured_whole(void **state)
{
	struct world *w = world_create();
	struct captured *c = calloc(1, sizeof(*c));
	struct seg segs[40] = { { 0 } };
	const struct iphdr *iph = (const struct iphdr *)(const void *)(c->frame + ETH_HLEN);

	(void)state;
	assert_int_equal(nethood_capture(w->public_net, on_capture, c), 0);
	come_segs(w, segs, 40, false);
	assert_int_equal(c->count, 1);
	assert_int_equal(c->len, ETH_HLEN + 40 + 40 * MSS);
	assert_false(ip_compute_csum(c->frame + ETH_HLEN, 20));
	assert_int_equal(csum_tcpudp_magic(get_unaligned_be32(&iph->saddr), get_unaligned_be32(&iph->daddr),
					   20 + 40 * MSS, IPPROTO_TCP,
					   csum_partial(c->frame + ETH_HLEN + 20, 20 + 40 * MSS, 0)),
			 0);
	assert_int_equal(nethood_capture(w->public_net, NULL, NULL), 0);
	free(c);
	world_destroy(w);
}

/* No more than an IP header can tell. */
static void a_train_is_at_most_64_kib(void **state)
{
	struct world *w = world_create();
	struct watch watch;
	struct seg segs[64] = { 0 };

	(void)state;
	watch_begin(&watch, w);
	for (u32 i = 0; i < 64; i++)
		segs[i].bytes = 1460;
	come_segs(w, segs, 64, false);
	assert_int_equal(watch.count, 2);
	assert_int_equal(watch.seen[0].gso_segs, 44);
	assert_int_equal(watch.seen[0].len, 40 + 44 * 1460);
	assert_int_equal(watch.seen[1].gso_segs, 20);
	watch_end(&watch);
	world_destroy(w);
}

/* More flows than are kept: each packet goes up all the same, those of a flow in order. */
static void many_flows_push_each_other_out(void **state)
{
	struct world *w = world_create();
	struct flow f[60];
	struct watch watch;
	u8 packet[2048];
	u32 bytes = 0;

	(void)state;
	watch_begin(&watch, w);
	for (u32 round = 0; round < 3; round++) {
		for (u32 i = 0; i < 60; i++) {
			struct seg s = { .sport = (u16)i, .bytes = 100 };

			if (!round)
				f[i] = (struct flow){ .seq = i };
			come(w, NULL, packet, seg_build(&s, &f[i], packet));
		}
	}
	world_poll(w);
	for (u32 i = 0; i < watch.count; i++)
		bytes += watch.seen[i].len - 40;
	assert_int_equal(bytes, 60 * 3 * 100);
	assert_int_equal(w->net->softnet->gro.used, 0);
	watch_end(&watch);
	world_destroy(w);
}

static void a_device_that_goes_takes_what_is_held(void **state)
{
	static const struct seg segs[2] = { { 0 }, { 0 } };
	struct world *w = world_create();
	struct flow f = { 0 };
	u8 packet[2048];

	(void)state;
	for (u32 i = 0; i < 2; i++)
		come(w, NULL, packet, seg_build(&segs[i], &f, packet));
	dev_close(w->netdev[0]);
	world_poll(w);
	assert_int_equal(w->net->softnet->gro.used, 0);
	world_destroy(w);
}

/* ------------------------------------------------------------------ through a router and out again */

struct trip {
	struct world *w;
	struct rng rng;
	u8 *packet[PACKETS_MAX];
	u32 len[PACKETS_MAX];
	u32 count;
};

static u32 draw(struct trip *t, u32 below)
{
	u32 x;

	get_random_bytes(&t->rng, &x, sizeof(x));
	return x % below;
}

/* Runs of whole segments mostly; now and then anything. */
static void draw_seg(struct trip *t, struct seg *s, u32 flow, u32 mss)
{
	static const u8 flags[] = { TCPHDR_PSH, TCPHDR_FIN, TCPHDR_CWR, TCPHDR_ECE, TCPHDR_URG, TCPHDR_SYN };

	*s = (struct seg){ .bytes = mss, .sport = (u16)flow };
	if (flow & 1) {
		s->options = STAMP;
		s->options_bytes = 12;
	}
	if (draw(t, 8))
		return;
	switch (draw(t, 8)) {
	case 0:
		s->bytes = draw(t, 2) ? NONE : 1 + draw(t, 1400);
		break;
	case 1:
		s->seq = (s32)draw(t, 5) - 2;
		break;
	case 2:
		s->id = (s32)draw(t, 3) - 1;
		break;
	case 3:
		s->frag = IP_DF;
		break;
	case 4:
		s->ack = 1;
		break;
	case 5:
		s->bytes = 1 + draw(t, mss);
		s->padding_bytes = draw(t, 2) * draw(t, 6);
		break;
	default:
		s->flags = flags[draw(t, ARRAY_SIZE(flags))];
	}
}

static void trip_send(struct trip *t)
{
	struct flow f[4] = { { 0 } };
	u32 mss = 1 + draw(t, 1400), flows = 1 + draw(t, 4);

	for (u32 i = 0; i < 4; i++)
		f[i] = (struct flow){ .seq = draw(t, UINT32_MAX), .id = (u16)draw(t, 65536), .fixed_id = draw(t, 2) };
	t->count = 1 + draw(t, PACKETS_MAX);
	for (u32 i = 0; i < t->count; i++) {
		struct seg s;
		u32 flow = draw(t, flows);

		draw_seg(t, &s, flow, mss);
		t->packet[i] = malloc(2048);
		t->len[i] = seg_build(&s, &f[flow], t->packet[i]);
		come(t->w, NULL, t->packet[i], t->len[i]);
		t->len[i] -= s.padding_bytes; /* stays behind */
	}
	world_poll(t->w);
}

static u32 port_of(const u8 *packet)
{
	return (u32)packet[20] << 8 | packet[21];
}

/* The packets of one flow: those that came, one hop older, are those that left. */
static void trip_compare(struct trip *t, u32 port, u32 seed)
{
	u32 out = 0;

	for (u32 i = 0; i < t->count; i++) {
		struct iphdr *iph = (struct iphdr *)(void *)t->packet[i];

		if (port_of(t->packet[i]) != port)
			continue;
		ip_decrease_ttl(iph);
		ip_send_check(iph);
		while (out < t->w->out_count && port_of(t->w->out[out].packet) != port)
			out++;
		if (out == t->w->out_count)
			fail_msg("seed %u: packet %u did not leave", seed, i);
		if (t->w->out[out].len_bytes != t->len[i] || memcmp(t->w->out[out].packet, t->packet[i], t->len[i]))
			fail_msg("seed %u: packet %u of %u left as another one", seed, i, t->count);
		out++;
	}
}

static void a_router_sends_what_came(void **state)
{
	struct world *w = world_create();
	struct watch watch;
	u32 came = 0, went_up = 0;

	(void)state;
	world_sysctl(w, "net.ipv4.ip_forward", "1");
	world_send(w, 0, &(const struct spec){ .dst = HOST_B, .id = 7 }); /* resolves */
	for (u32 seed = 0; seed < 300; seed++) {
		const u8 key[RNG_KEY_BYTES] = { 3, (u8)seed, (u8)(seed >> 8) };
		struct trip t = { .w = w };

		rng_init(&t.rng, key);
		world_forget(w);
		watch_begin(&watch, w);
		trip_send(&t);
		came += t.count;
		went_up += watch.count;
		watch_end(&watch);
		if (w->out_count != t.count)
			fail_msg("seed %u: %u came, %u left", seed, t.count, w->out_count);
		for (u32 flow = 0; flow < 4; flow++)
			trip_compare(&t, 5001 + flow, seed);
		for (u32 i = 0; i < t.count; i++)
			free(t.packet[i]);
	}
	print_message("%u packets went up as %u\n", came, went_up);
	assert_true(went_up < came / 2);
	world_destroy(w);
}

/* A next link that is smaller: with DF somebody is told, without it each packet of the train is fragmented. */
static void a_train_is_judged_by_its_packets(void **state)
{
	static const struct seg df[3] = { { 0 } },
				no_df[3] = { { .frag = IP_DF }, { .frag = IP_DF }, { .frag = IP_DF } };
	struct world *w = world_create();

	(void)state;
	world_no_limits(w);
	world_sysctl(w, "net.ipv4.ip_forward", "1");
	assert_int_equal(dev_set_mtu(w->netdev[1], 1040), 0);
	come_segs(w, df, 3, false);
	assert_int_equal(w->out_count, 3);
	world_forget(w);
	assert_int_equal(dev_set_mtu(w->netdev[1], 1039), 0);
	come_segs(w, df, 3, false);
	assert_int_equal(w->out_count, 1);
	assert_true(frame_is_icmp(&w->out[0], ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED));
	world_forget(w);
	come_segs(w, no_df, 3, false);
	assert_int_equal(w->out_count, 6);
	for (u32 i = 0; i < 6; i++)
		assert_true(frame_valid(&w->out[i]) && w->out[i].len_bytes <= 1039);
	world_destroy(w);
}

/* Memory fails somewhere on the way of a train: what leaves is whole, and nothing is left behind. */
static void without_memory_nothing_is_half_done(void **state)
{
	static const struct seg segs[4] = { { 0 }, { 0 }, { 0 }, { .bytes = 3 } };
	struct world *w = world_create();
	u32 lost = 0;

	(void)state;
	world_sysctl(w, "net.ipv4.ip_forward", "1");
	come_segs(w, segs, 4, false);
	for (u32 n = 1; n < 20; n++) {
		struct flow f = { 0 };
		u8 packet[2048];

		world_forget(w);
		for (u32 i = 0; i < 4; i++)
			come(w, NULL, packet, seg_build(&segs[i], &f, packet));
		w->alloc_calls = 0;
		w->fail_at = n;
		w->fail_on = n & 1;
		world_poll(w);
		w->fail_at = 0;
		world_poll(w);
		assert_true(w->out_count == 4 || w->out_count == 0);
		lost += !w->out_count;
		for (u32 i = 0; i < w->out_count; i++)
			assert_true(frame_valid(&w->out[i]));
	}
	assert_true(lost > 0 && lost < 19);
	world_destroy(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reason_to_merge_or_not),
		cmocka_unit_test(a_train_is_a_packet),
		cmocka_unit_test(a_train_is_captured_whole),
		cmocka_unit_test(a_train_is_at_most_64_kib),
		cmocka_unit_test(many_flows_push_each_other_out),
		cmocka_unit_test(a_device_that_goes_takes_what_is_held),
		cmocka_unit_test(a_router_sends_what_came),
		cmocka_unit_test(a_train_is_judged_by_its_packets),
		cmocka_unit_test(without_memory_nothing_is_half_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
