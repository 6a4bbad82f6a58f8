// SPDX-License-Identifier: BSD-2-Clause
/* Checksums of frames, computed here once more, by another hand than the stack's.  @rfc 1071 */
#include "mend.h"

#include <stddef.h>
#include <string.h>

#include "ip6_frame.h"
#include "octets.h"

#define ETH_BYTES 14U
#define PROTO_ICMP 1
#define PROTO_TCP 6
#define PROTO_UDP 17
#define ECN_MASK 3U

/** struct ipv4 - where things are in a frame that holds a whole IPv4 packet */
struct ipv4 {
	u8 *ip, *payload;
	u32 header_bytes, payload_bytes;
	u8 protocol;
	bool fragment;
};

static bool ipv4_of(u8 *frame, u32 len_bytes, struct ipv4 *out)
{
	u8 *ip = frame + ETH_BYTES;
	u32 total;

	if (len_bytes < ETH_BYTES + 20 || get16(frame + 12) != 0x0800 || ip[0] >> 4 != 4)
		return false;
	out->ip = ip;
	out->header_bytes = (ip[0] & 15U) * 4;
	total = get16(ip + 2);
	if (out->header_bytes < 20 || total < out->header_bytes || ETH_BYTES + total > len_bytes)
		return false;
	out->payload = ip + out->header_bytes;
	out->payload_bytes = total - out->header_bytes;
	out->protocol = ip[9];
	out->fragment = get16(ip + 6) & 0x3fff;
	return true;
}

static void mend_header(const struct ipv4 *p)
{
	put16(p->ip + 10, 0);
	put16(p->ip + 10, ~sum16(0, p->ip, p->header_bytes) & 0xffff);
}

static u32 pseudo_header(const struct ipv4 *p)
{
	return sum16(p->protocol + p->payload_bytes, p->ip + 12, 8);
}

static void mend_ip6(const struct ip6_view *v)
{
	u32 at = ip6_checksum_at(v), sum;
	u8 *checksum;

	if (at == UINT32_MAX)
		return;
	checksum = (u8 *)(uintptr_t)v->upper + at; /* the frame is the caller's */
	put16(checksum, 0);
	sum = ~ip6_upper_sum(v) & 0xffff;
	put16(checksum, sum || v->protocol != PROTO_UDP ? sum : 0xffff);
}

void mend_checksums(u8 *frame, u32 len_bytes)
{
	struct ip6_view six;
	struct ipv4 p;
	u32 sum;

	if (ip6_view(frame, len_bytes, &six))
		mend_ip6(&six);
	if (!ipv4_of(frame, len_bytes, &p))
		return;
	mend_header(&p);
	if (p.fragment)
		return;
	if (p.protocol == PROTO_UDP && p.payload_bytes >= 8 && get16(p.payload + 6)) {
		put16(p.payload + 6, 0);
		sum = ~sum16(pseudo_header(&p), p.payload, p.payload_bytes) & 0xffff;
		put16(p.payload + 6, sum ? sum : 0xffff);
	} else if (p.protocol == PROTO_TCP && p.payload_bytes >= 20) {
		put16(p.payload + 16, 0);
		put16(p.payload + 16, ~sum16(pseudo_header(&p), p.payload, p.payload_bytes) & 0xffff);
	} else if (p.protocol == PROTO_ICMP && p.payload_bytes >= 8) {
		put16(p.payload + 2, 0);
		put16(p.payload + 2, ~sum16(0, p.payload, p.payload_bytes) & 0xffff);
	}
}

static const char *tcp_broken(const struct ipv4 *p)
{
	if (p->payload_bytes < 20 || (p->payload[12] >> 4) < 5 || (p->payload[12] >> 4) * 4U > p->payload_bytes)
		return "its TCP header";
	if (sum16(pseudo_header(p), p->payload, p->payload_bytes) != 0xffff)
		return "its TCP checksum";
	return NULL;
}

bool tcp_checksum_broken(const u8 *frame, u32 len_bytes)
{
	struct ip6_view six;
	struct ipv4 p;

	if (ip6_view(frame, len_bytes, &six))
		return six.whole && six.protocol == PROTO_TCP && ip6_upper_sum(&six) != 0xffff;
	return ipv4_of((u8 *)(uintptr_t)frame, len_bytes, &p) && p.protocol == PROTO_TCP &&
	       (sum16(0, p.ip, p.header_bytes) != 0xffff || tcp_broken(&p));
}

static const char *ipv4_broken(const struct ipv4 *p, bool forwards)
{
	if (sum16(0, p->ip, p->header_bytes) != 0xffff)
		return "the checksum of its IPv4 header";
	if (p->fragment || forwards)
		return NULL;
	if (p->protocol == PROTO_ICMP && sum16(0, p->payload, p->payload_bytes) != 0xffff)
		return "its ICMP checksum";
	if (p->protocol == PROTO_TCP)
		return tcp_broken(p);
	if (p->protocol != PROTO_UDP)
		return NULL;
	if (p->payload_bytes < 8 || get16(p->payload + 4) != p->payload_bytes)
		return "its UDP length";
	if (get16(p->payload + 6) && sum16(pseudo_header(p), p->payload, p->payload_bytes) != 0xffff)
		return "its UDP checksum";
	return NULL;
}

static const char *arp_broken(const u8 *arp, u32 len_bytes, const u8 *mac)
{
	if (len_bytes < 28)
		return "its ARP packet ends too soon";
	if (get16(arp) != 1 || get16(arp + 2) != 0x0800 || arp[4] != 6 || arp[5] != 4)
		return "its ARP formats";
	if (get16(arp + 6) != 1 && get16(arp + 6) != 2)
		return "its ARP operation";
	if (memcmp(arp + 8, mac, 6) != 0)
		return "its ARP sender is not its sender";
	return NULL;
}

const char *frame_broken(const u8 *frame, u32 len_bytes, const u8 *mac, bool forwards)
{
	struct ipv4 p;

	if (len_bytes < ETH_BYTES)
		return "it has no Ethernet header";
	if (memcmp(frame + 6, mac, 6) != 0)
		return "it has another's source address";
	if (frame[6] & 1)
		return "its source is a group";
	if (get16(frame + 12) == 0x0806)
		return arp_broken(frame + ETH_BYTES, len_bytes - ETH_BYTES, mac);
	if (get16(frame + 12) == 0x86dd)
		return ip6_broken(frame, len_bytes, forwards);
	if (get16(frame + 12) != 0x0800)
		return NULL;
	if (!ipv4_of((u8 *)(uintptr_t)frame, len_bytes, &p))
		return "its IPv4 lengths";
	return ipv4_broken(&p, forwards);
}

bool mark_congestion(u8 *frame, u32 len_bytes)
{
	struct ip6_view six;
	struct ipv4 p;

	if (ip6_view(frame, len_bytes, &six)) { /* the traffic class lies across two octets */
		if (!(six.ip[1] & ECN_MASK << 4))
			return false;
		frame[ETH_BYTES + 1] |= ECN_MASK << 4;
		return true;
	}
	if (!ipv4_of(frame, len_bytes, &p) || !(p.ip[1] & ECN_MASK))
		return false;
	p.ip[1] |= ECN_MASK;
	mend_header(&p);
	return true;
}
