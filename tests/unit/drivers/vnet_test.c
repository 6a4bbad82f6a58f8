// SPDX-License-Identifier: BSD-2-Clause
/* Frames with a virtio-net header: trains and open checksums both ways, and headers that lie.  A pair of sockets serves as
 * a TAP, and says of itself what one would (--wrap=ioctl).
 */
#include "train.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ipv6/netns_ipv6.h"
#include "ipv6/protocol.h"
#include "udp/udp_offload.h"
#include "wire/ipv6.h"
#include "wire/udp.h"

/* ------------------------------------------------------------------ what the system says */

/* Tests run one after the other, so one of these is enough. */
static struct {
	int fd;                    /* of the device */
	unsigned int known, asked; /* TUN_F_* */
	short flags;
} tun;

int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	struct ifreq *ifr = arg;

	if (fd != tun.fd)
		return __real_ioctl(fd, request, arg);
	switch (request) {
	case TUNGETIFF:
		ifr->ifr_flags = tun.flags;
		memcpy(ifr->ifr_name, "tap0", 5);
		return 0;
	case TUNSETVNETHDRSZ:
		assert_int_equal(*(int *)arg, 10);
		return 0;
	case TUNSETOFFLOAD:
		tun.asked = (unsigned int)(uintptr_t)arg;
		errno = EINVAL;
		return tun.asked & ~tun.known ? -1 : 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}

/* ------------------------------------------------------------------ a TAP, and who is on the other side */

struct frame_out {
	struct virtio_net_hdr hdr;
	u8 frame[TRAIN_MAX + HEADER_MAX];
};

struct side {
	struct scene s;
	struct netns_ipv6 ipv6;
	struct net_device *dev;
	int peer;
	struct joined j;
	struct packet_type pt[2];
	struct frame_out out;
};

static struct side *side_create(u8 seed, unsigned int known)
{
	struct side *t = calloc(1, sizeof(*t));
	struct netdev_config cfg = { .name = "eth%d", .driver = "fd", .mtu = 1500, .offload = true };
	int fd[2], bytes = 1 << 20;

	assert_non_null(t);
	scene_init(&t->s, seed);
	t->s.w.net.ipv6 = &t->ipv6;
	assert_int_equal(inet_add_offload(&t->s.w.net, &udp_offload, IPPROTO_UDP), 0);
	assert_int_equal(dev_add_offload(&t->s.w.net, &ipv6_packet_offload), 0);
	assert_int_equal(inet6_add_offload(&t->s.w.net, &udp_offload, IPPROTO_UDP), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
	assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
	tun.fd = fd[0];
	tun.known = known;
	tun.flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	cfg.driver = "tap";
	cfg.fd = fd[0];
	t->peer = fd[1];
	assert_int_equal(netdev_driver_open(&t->s.w.net, &cfg, &t->dev), 0);
	assert_int_equal(dev_open(t->dev), 0);
	world_poll(&t->s.w);
	t->j.packet = malloc(TRAIN_MAX);
	for (u32 i = 0; i < 2; i++) {
		t->pt[i] = (struct packet_type){ i ? CONST_BE16(ETH_P_IPV6) : CONST_BE16(ETH_P_IP), joined_rcv, &t->j };
		assert_int_equal(dev_add_pack(&t->s.w.net, &t->pt[i]), 0);
	}
	return t;
}

static void side_forget(struct side *t)
{
	consume_skb(t->j.train);
	t->j.train = NULL;
	t->j.count = 0;
}

static void side_destroy(struct side *t)
{
	side_forget(t);
	for (u32 i = 0; i < 2; i++)
		dev_remove_pack(&t->s.w.net, &t->pt[i]);
	inet6_del_offload(&t->s.w.net, IPPROTO_UDP);
	dev_remove_offload(&t->s.w.net, &ipv6_packet_offload);
	inet_del_offload(&t->s.w.net, IPPROTO_UDP);
	scene_fini(&t->s);
	close(t->peer);
	free(t->j.packet);
	free(t);
	tun.fd = -1;
}

static void side_sends(struct side *t, const struct virtio_net_hdr *hdr, const void *frame, size_t len)
{
	struct iovec iov[2] = { { (void *)(uintptr_t)hdr, sizeof(*hdr) }, { (void *)(uintptr_t)frame, len } };

	assert_int_equal(writev(t->peer, iov, 2), (int)(sizeof(*hdr) + len));
	netdev_fd_ready(t->dev);
	while (world_poll(&t->s.w))
		;
}

/* ------------------------------------------------------------------ trains */

#define ALL_TRAINS (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
#define USO 0x60U

static void draw_train(struct scene *s)
{
	s->mss = 1000 + draw(s, 400);
	draw_headers(s, s->mss + 1 + draw(s, 40 * s->mss), 4 * draw(s, 3), 4 * draw(s, 11));
}

static struct virtio_net_hdr train_hdr(const struct scene *s)
{
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = (u16)s->payload_at,
		.gso_size = (u16)s->mss,
		.csum_start = (u16)s->tcp_at,
		.csum_offset = 16,
	};
}

static void a_train_leaves_as_it_is(void **state)
{
	(void)state;
	for (u32 seed = 0; seed < 40; seed++) {
		struct side *t = side_create((u8)seed, ALL_TRAINS);
		struct scene *s = &t->s;
		struct virtio_net_hdr hdr;
		struct sk_buff *skb;

		draw_train(s);
		hdr = train_hdr(s);
		skb = train_make(s);
		if (seed & 1) {
			skb_shinfo(skb)->gso_type |= SKB_GSO_TCP_ECN;
			hdr.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
		}
		skb->dev = t->dev;
		assert_int_equal(dev_queue_xmit(skb), 0);
		assert_int_equal(recv(t->peer, &t->out, sizeof(t->out), 0), (int)(sizeof(hdr) + s->len));
		assert_memory_equal(&t->out.hdr, &hdr, sizeof(hdr));
		assert_memory_equal(t->out.frame, s->flat, s->len);
		assert_int_equal(t->dev->stats.tx_packets, 1);
		side_destroy(t);
	}
}

static void a_train_comes_up_as_it_is(void **state)
{
	(void)state;
	for (u32 seed = 0; seed < 40; seed++) {
		struct side *t = side_create((u8)seed, ALL_TRAINS);
		struct scene *s = &t->s;

		for (u32 i = 0; i < 10; i++) { /* frames follow each other in the pages */
			struct virtio_net_hdr hdr;
			u16 ecn;

			draw_train(s);
			consume_skb(train_make(s)); /* checksums */
			hdr = train_hdr(s);
			side_sends(t, &hdr, s->flat, s->len);
			joined_is_the_train(&t->j, s);
			ecn = tcp_at(s->flat, s)->flags & TCPHDR_CWR ? SKB_GSO_TCP_ECN : 0;
			assert_int_equal(skb_shinfo(t->j.train)->gso_type, SKB_GSO_TCPV4 | ecn);
			side_forget(t);
		}
		assert_int_equal(t->dev->stats.rx_errors, 0);
		side_destroy(t);
	}
}

/* Hardware that makes trains, and has looked at each sum: what the whole one's field holds is nobody's sum. */
static void a_train_that_is_known_to_be_good(void **state)
{
	(void)state;
	for (u32 seed = 0; seed < 40; seed++) {
		struct side *t = side_create((u8)seed, ALL_TRAINS);
		struct virtio_net_hdr hdr;

		draw_train(&t->s);
		consume_skb(train_make(&t->s));
		hdr = train_hdr(&t->s);
		hdr.flags = VIRTIO_NET_HDR_F_DATA_VALID;
		hdr.csum_start = hdr.csum_offset = 0;
		tcp_at(t->s.flat, &t->s)->check ^= CONST_BE16(0x1234);
		side_sends(t, &hdr, t->s.flat, t->s.len);
		tcp_at(t->s.flat, &t->s)->check ^=
			CONST_BE16(0x1234); /* it is made what it would have been begun with */
		joined_is_the_train(&t->j, &t->s);
		side_forget(t);
		side_destroy(t);
	}
}

/* What one of them is when it turns out to be a single packet. */
static void a_train_of_one_is_a_packet(void **state)
{
	struct side *t = side_create(1, ALL_TRAINS);
	struct virtio_net_hdr hdr;

	(void)state;
	t->s.mss = 1400;
	draw_headers(&t->s, 1400, 0, 12);
	consume_skb(train_make(&t->s));
	hdr = train_hdr(&t->s);
	side_sends(t, &hdr, t->s.flat, t->s.len);
	assert_int_equal(t->j.count, 1);
	assert_int_equal(t->j.train->ip_summed, CHECKSUM_PARTIAL);
	assert_false(skb_is_gso(t->j.train));
	side_destroy(t);
}

/* A train without memory is lost as a whole, and what follows is not. */
static void without_memory_whole_trains_are_lost(void **state)
{
	struct side *t = side_create(5, ALL_TRAINS);
	u32 n;

	(void)state;
	for (n = 1; !t->j.count; n++) {
		struct virtio_net_hdr hdr;

		t->s.mss = 1300;
		draw_headers(&t->s, 64000, 0, 0);
		consume_skb(train_make(&t->s));
		hdr = train_hdr(&t->s);
		t->s.w.fail_at = n;
		side_sends(t, &hdr, t->s.flat, t->s.len);
		t->s.w.fail_at = 0;
	}
	assert_true(n > 2);
	assert_int_equal(t->dev->stats.rx_dropped, n - 2);
	joined_is_the_train(&t->j, &t->s);
	side_destroy(t);
}

/* ------------------------------------------------------------------ lies */

enum lie_at { HDR_FLAGS, HDR_TYPE, HDR_LEN, HDR_SIZE, HDR_START, HDR_OFFSET, IN_FRAME, FRAME_LEN };

static const struct lie {
	const char *sentence;
	enum lie_at at;
	u32 value, octet; /* of the frame */
	enum skb_drop_reason reason;
} lies[] = {
	{ "no checksum was begun", HDR_FLAGS, 0, 0, SKB_DROP_REASON_DEV_HDR },
	{ "a train over IPv6 in an IPv4 packet", HDR_TYPE, 4, 0, SKB_DROP_REASON_DEV_HDR },
	{ "a train of datagrams in a TCP packet", HDR_TYPE, 5, 0, SKB_DROP_REASON_DEV_HDR },
	{ "fragments of a datagram", HDR_TYPE, 3, 0, SKB_DROP_REASON_DEV_HDR },
	{ "an unknown type", HDR_TYPE, 77, 0, SKB_DROP_REASON_DEV_HDR },
	{ "ECN of nothing", HDR_TYPE, 0x80, 0, SKB_DROP_REASON_DEV_HDR },
	{ "headers longer than the frame", HDR_LEN, 65535, 0, SKB_DROP_REASON_DEV_HDR },
	{ "segments of nothing", HDR_SIZE, 0, 0, SKB_DROP_REASON_DEV_HDR },
	{ "segments longer than the MTU", HDR_SIZE, 1500, 0, SKB_DROP_REASON_PKT_TOO_BIG },
	{ "a checksum that begins in the IP header", HDR_START, 14, 0, SKB_DROP_REASON_DEV_HDR },
	{ "a checksum that begins behind the frame", HDR_START, 65535, 0, SKB_DROP_REASON_DEV_HDR },
	{ "a checksum where UDP has its own", HDR_OFFSET, 6, 0, SKB_DROP_REASON_DEV_HDR },
	{ "a checksum behind the frame", HDR_OFFSET, 65535, 0, SKB_DROP_REASON_DEV_HDR },
	{ "no IP at all", IN_FRAME, 0x99, 13, SKB_DROP_REASON_DEV_HDR },
	{ "IPv6 by its ethertype", IN_FRAME, 0x86, 12, SKB_DROP_REASON_DEV_HDR },
	{ "version 5", IN_FRAME, 0x55, 14, SKB_DROP_REASON_DEV_HDR },
	{ "an IP header that is too short", IN_FRAME, 0x44, 14, SKB_DROP_REASON_DEV_HDR },
	{ "another length in the IP header", IN_FRAME, 1, 16, SKB_DROP_REASON_DEV_HDR },
	{ "a fragment", IN_FRAME, 0x20, 20, SKB_DROP_REASON_DEV_HDR },
	{ "UDP", IN_FRAME, 17, 23, SKB_DROP_REASON_DEV_HDR },
	{ "a TCP header that is too short", IN_FRAME, 0x40, 46, SKB_DROP_REASON_DEV_HDR },
	{ "nothing behind the Ethernet header", FRAME_LEN, 14, 0, SKB_DROP_REASON_DEV_HDR },
	{ "not even an Ethernet header", FRAME_LEN, 13, 0, SKB_DROP_REASON_DEV_HDR },
	{ "half a TCP header", FRAME_LEN, 44, 0, SKB_DROP_REASON_DEV_HDR },
	{ "headers alone", FRAME_LEN, 54, 0, SKB_DROP_REASON_DEV_HDR },
};

static u32 tell_lie(const struct lie *l, struct virtio_net_hdr *hdr, struct scene *s)
{
	u16 value = (u16)l->value;

	switch (l->at) {
	case HDR_FLAGS:
		hdr->flags = (u8)value;
		break;
	case HDR_TYPE:
		hdr->gso_type = (u8)value;
		break;
	case HDR_LEN:
		hdr->hdr_len = value;
		break;
	case HDR_SIZE:
		hdr->gso_size = value;
		break;
	case HDR_START:
		hdr->csum_start = value;
		break;
	case HDR_OFFSET:
		hdr->csum_offset = value;
		break;
	case IN_FRAME:
		s->flat[l->octet] = (u8)value;
		break;
	case FRAME_LEN:
		hdr->hdr_len = 0;
		if (l->value > 20) /* else the lie would be told by another length */
			ip_at(s->flat, s)->tot_len = cpu_to_be16((u16)(value - ETH_HLEN));
		return value;
	}
	return s->len;
}

static void a_header_that_lies_is_not_believed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		struct side *t = side_create(3, ALL_TRAINS);
		struct virtio_net_hdr hdr;
		u32 len;

		print_message("%s\n", lies[i].sentence);
		t->s.mss = 1448;
		draw_headers(&t->s, 20000, 0, 0);
		consume_skb(train_make(&t->s));
		hdr = train_hdr(&t->s);
		len = tell_lie(&lies[i], &hdr, &t->s);
		side_sends(t, &hdr, t->s.flat, len);
		assert_int_equal(t->j.count, 0);
		assert_int_equal(t->dev->stats.rx_errors, 1);
		assert_int_equal(t->dev->stats.rx_packets, 0);
		assert_int_equal(dropped(&t->s.w, lies[i].reason), 1);
		side_destroy(t);
	}
}

/* Whatever comes: nothing is read that is not there (the sanitizers look), and each frame goes up or is counted. */
static void anything_may_come(void **state)
{
	struct side *t = side_create(9, ALL_TRAINS | USO);
	const struct netdev_stats *stats = &t->dev->stats;
	struct scene *s = &t->s;
	u32 sent = 0;

	(void)state;
	for (u32 i = 0; i < 5000; i++) {
		struct virtio_net_hdr hdr;
		u8 *octets = (u8 *)&hdr;
		u32 len;

		draw_train(s);
		consume_skb(train_make(s));
		hdr = train_hdr(s);
		for (u32 n = draw(s, 3); n; n--)
			octets[draw(s, sizeof(hdr))] = (u8)(draw(s, 2) ? draw(s, 256) : draw(s, 6));
		for (u32 n = draw(s, 3); n; n--)
			s->flat[12 + draw(s, 60)] = (u8)draw(s, 256);
		len = draw(s, 4) ? s->len : draw(s, s->len);
		if (!len)
			continue;
		side_sends(t, &hdr, s->flat, len);
		sent++;
		side_forget(t);
	}
	assert_true(stats->rx_packets > sent / 20);
	assert_true(stats->rx_errors > sent / 20);
	assert_true(stats->rx_packets + stats->rx_errors + stats->rx_dropped >= sent); /* a train may be many */
	side_destroy(t);
}

/* ------------------------------------------------------------------ datagrams */

/* @payload octets of UDP from port 7 to 4000, with its checksum begun.  Return: length of the frame */
static u32 udp_frame(struct scene *s, bool v6, u32 payload)
{
	u32 at = ETH_HLEN + (v6 ? IPV6_HEADER_BYTES : 20);
	struct udphdr uh = { .source = CONST_BE16(7),
			     .dest = CONST_BE16(4000),
			     .len = cpu_to_be16((u16)(payload + 8)) };
	struct ipv6hdr *ip6 = (struct ipv6hdr *)(void *)(s->flat + ETH_HLEN);
	struct iphdr *iph = (struct iphdr *)(void *)(s->flat + ETH_HLEN);
	__be16 magic;

	get_random_bytes(&s->rng, s->flat, at + 8 + payload);
	put_unaligned_be16(v6 ? CONST_BE16(ETH_P_IPV6) : CONST_BE16(ETH_P_IP), s->flat + 12);
	if (v6) {
		ip6->ver_tc_flow = CONST_BE32(0x60000000);
		ip6->payload_len = uh.len;
		ip6->nexthdr = IPPROTO_UDP;
		magic = csum_fold(csum_ipv6_magic_sum(&ip6->saddr, &ip6->daddr, payload + 8, IPPROTO_UDP));
	} else {
		*iph = (struct iphdr){ .version = 4,
				       .ihl = 5,
				       .ttl = 64,
				       .protocol = IPPROTO_UDP,
				       .saddr = iph->saddr,
				       .daddr = iph->daddr,
				       .id = CONST_BE16(65530) };
		iph->tot_len = cpu_to_be16((u16)(at + 8 + payload - ETH_HLEN));
		ip_send_check(iph);
		magic = csum_tcpudp_magic(iph->saddr, iph->daddr, payload + 8, IPPROTO_UDP, 0);
	}
	uh.check = (__force __be16)(u16) ~(__force u16)magic;
	memcpy(s->flat + at, &uh, sizeof(uh));
	return at + 8 + payload;
}

static struct virtio_net_hdr udp_hdr(bool v6, u8 gso_type, u16 gso_size)
{
	return (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
					.gso_type = gso_type,
					.gso_size = gso_size,
					.csum_start = v6 ? 54 : 34,
					.csum_offset = 6 };
}

/* Is the datagram that came last whole and right? */
static void datagram_is_right(const struct side *t, bool v6, u32 payload)
{
	u32 at = v6 ? IPV6_HEADER_BYTES : 20;
	const struct iphdr *iph = (const struct iphdr *)(const void *)t->j.packet;
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)(const void *)t->j.packet;
	const u8 *udp = t->j.packet + at;
	u32 sum;

	assert_int_equal(t->j.len, at + 8 + payload);
	assert_false(skb_is_gso(t->j.train));
	assert_int_equal(t->j.train->ip_summed, CHECKSUM_PARTIAL);
	assert_int_equal(skb_checksum_help(t->j.train), 0);
	assert_int_equal(skb_copy_bits(t->j.train, 0, t->j.packet, t->j.len), 0);
	assert_int_equal(be16_to_cpu(get_unaligned_be16(udp + 4)), 8 + payload);
	sum = csum_partial(udp, 8 + payload, 0);
	if (v6) {
		assert_int_equal(be16_to_cpu(ip6->payload_len), 8 + payload);
		sum = csum_add(sum, csum_ipv6_magic_sum(&ip6->saddr, &ip6->daddr, 8 + payload, IPPROTO_UDP));
		assert_true(csum_fold(sum) == CONST_BE16(0));
		return;
	}
	assert_int_equal(be16_to_cpu(iph->tot_len), t->j.len);
	assert_true(ip_fast_csum(iph) == CONST_BE16(0));
	assert_true(csum_tcpudp_magic(iph->saddr, iph->daddr, 8 + payload, IPPROTO_UDP, sum) == CONST_BE16(0));
}

static void a_train_of_datagrams_is_cut(void **state)
{
	(void)state;
	for (u32 i = 0; i < 40; i++) {
		struct side *t = side_create((u8)i, ALL_TRAINS | USO);
		u32 size = 100 + draw(&t->s, 1300), count = 2 + draw(&t->s, 40), last = 1 + draw(&t->s, size), len;
		struct virtio_net_hdr hdr = udp_hdr(i & 1, 5, (u16)size);
		u32 payload = (count - 1) * size + last;

		len = udp_frame(&t->s, i & 1, payload);
		side_sends(t, &hdr, t->s.flat, len);
		assert_int_equal(t->j.count, count);
		datagram_is_right(t, i & 1, last);
		assert_memory_equal(t->j.packet + t->j.len - last, t->s.flat + len - last, last);
		assert_int_equal(t->dev->stats.rx_packets, count);
		side_destroy(t);
	}
}

static void a_train_has_128_datagrams_at_most(void **state)
{
	struct side *t = side_create(2, ALL_TRAINS | USO);
	struct virtio_net_hdr hdr = udp_hdr(false, 5, 10);

	(void)state;
	side_sends(t, &hdr, t->s.flat, udp_frame(&t->s, false, 1280));
	assert_int_equal(t->j.count, 128);
	side_sends(t, &hdr, t->s.flat, udp_frame(&t->s, false, 1281));
	assert_int_equal(t->j.count, 128);
	assert_int_equal(t->dev->stats.rx_errors, 1);
	side_destroy(t);
}

/* ------------------------------------------------------------------ checksums */

static const struct sum_row {
	const char *sentence;
	u8 flags;
	u16 start, offset;
	u32 octet, value; /* of the frame, 0: as it is */
	int ip_summed;    /* -1: it does not come up */
} sum_rows[] = {
	{ "nobody summed it", 0, 0, 0, 0, 0, CHECKSUM_NONE },
	{ "it is known to be good", VIRTIO_NET_HDR_F_DATA_VALID, 0, 0, 0, 0, CHECKSUM_UNNECESSARY },
	{ "it was begun", VIRTIO_NET_HDR_F_NEEDS_CSUM, 34, 6, 0, 0, CHECKSUM_PARTIAL },
	{ "it was begun, not where UDP has it", VIRTIO_NET_HDR_F_NEEDS_CSUM, 34, 4, 0, 0, CHECKSUM_NONE },
	{ "it was begun, for a part", VIRTIO_NET_HDR_F_NEEDS_CSUM, 36, 6, 0, 0, CHECKSUM_NONE },
	{ "it was begun, of an unknown protocol", VIRTIO_NET_HDR_F_NEEDS_CSUM, 34, 6, 23, 99, CHECKSUM_NONE },
	{ "it was begun, of a fragment", VIRTIO_NET_HDR_F_NEEDS_CSUM, 34, 6, 20, 0x20, CHECKSUM_NONE },
	{ "it is behind the end", VIRTIO_NET_HDR_F_NEEDS_CSUM, 34, 107, 0, 0, -1 },
	{ "it begins in the Ethernet header", VIRTIO_NET_HDR_F_NEEDS_CSUM, 13, 6, 0, 0, -1 },
	{ "it begins far away", VIRTIO_NET_HDR_F_NEEDS_CSUM, 65535, 65535, 0, 0, -1 },
};

static void a_checksum_comes_up_as_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sum_rows); i++) {
		const struct sum_row *r = &sum_rows[i];
		struct side *t = side_create(4, ALL_TRAINS);
		struct virtio_net_hdr hdr = { .flags = r->flags, .csum_start = r->start, .csum_offset = r->offset };
		u32 len = udp_frame(&t->s, false, 100);

		print_message("%s\n", r->sentence);
		if (r->octet)
			t->s.flat[r->octet] = (u8)r->value;
		side_sends(t, &hdr, t->s.flat, len);
		assert_int_equal(t->j.count, r->ip_summed >= 0);
		if (r->ip_summed >= 0)
			assert_int_equal(t->j.train->ip_summed, r->ip_summed);
		assert_int_equal(t->dev->stats.rx_errors, r->ip_summed < 0);
		side_destroy(t);
	}
}

/* To a device that cannot complete it: it is completed, of a train packet by packet. */
static void what_was_begun_is_completed_on_the_way_to_another(void **state)
{
	struct side *t = side_create(8, ALL_TRAINS);
	struct scene *s = &t->s;
	struct virtio_net_hdr hdr;
	struct sk_buff *train, *segs;

	(void)state;
	s->mss = 1400;
	draw_headers(s, 30000, 0, 12);
	consume_skb(train_make(s));
	hdr = train_hdr(s);
	side_sends(t, &hdr, s->flat, s->len);
	train = t->j.train;
	t->j.train = NULL;
	skb_push(train, ETH_HLEN);
	s->dev->features = 0;
	train->dev = s->dev;
	train->mark = 77;
	segs = validate_xmit_skb(train, s->dev);
	judge(s, segs, 0, 8);
	free_list(segs);
	side_destroy(t);
}

/* ------------------------------------------------------------------ features */

static void features_are_what_the_kernel_knows(void **state)
{
	static const struct {
		unsigned int known, asked;
		u32 features;
	} rows[] = {
		{ ALL_TRAINS | USO, ALL_TRAINS | USO, NETIF_F_RXCSUM | NETIF_F_GSO_UDP_L4 },
		{ ALL_TRAINS, ALL_TRAINS, NETIF_F_RXCSUM },
		{ TUN_F_CSUM, TUN_F_CSUM, NETIF_F_RXCSUM },
		{ 0, TUN_F_CSUM, 0 },
	};
	const u32 all = NETIF_F_RXCSUM | NETIF_F_GSO_UDP_L4;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct side *t = side_create(1, rows[i].known);

		assert_int_equal(tun.asked, rows[i].asked);
		assert_int_equal(t->dev->features & all, rows[i].features);
		assert_int_equal(t->dev->features & (NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_HW_CSUM),
				 NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_HW_CSUM);
		side_destroy(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_train_leaves_as_it_is),
		cmocka_unit_test(a_train_comes_up_as_it_is),
		cmocka_unit_test(a_train_that_is_known_to_be_good),
		cmocka_unit_test(a_train_of_one_is_a_packet),
		cmocka_unit_test(without_memory_whole_trains_are_lost),
		cmocka_unit_test(a_header_that_lies_is_not_believed),
		cmocka_unit_test(anything_may_come),
		cmocka_unit_test(a_train_of_datagrams_is_cut),
		cmocka_unit_test(a_train_has_128_datagrams_at_most),
		cmocka_unit_test(a_checksum_comes_up_as_what_it_is),
		cmocka_unit_test(what_was_begun_is_completed_on_the_way_to_another),
		cmocka_unit_test(features_are_what_the_kernel_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
