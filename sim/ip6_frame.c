// SPDX-License-Identifier: BSD-2-Clause
/* IPv6 packets in frames, read once more by another hand than the stack's.
 *
 * @rfc 8200 4, 8.1   @rfc 4443 2.3
 */
#include "ip6_frame.h"

#include <string.h>

#include "octets.h"

#define ETH_BYTES 14U
#define HOP_BY_HOP 0
#define ROUTING 43
#define AUTHENTICATION 51
#define DESTINATION 60
#define OPTION_ROUTER_ALERT 5
#define HEADERS_MAX 32U

/* RFC 8200 4.2: type, length, value; a single octet of padding has neither of the last two. */
static void read_options(struct ip6_view *v, const u8 *p, u32 len_bytes)
{
	for (u32 at = 0; at < len_bytes;) {
		u32 bytes = p[at] == 0 ? 1 : at + 1 < len_bytes ? 2U + p[at + 1] : len_bytes;

		if (p[at] == OPTION_ROUTER_ALERT)
			v->router_alert = true;
		if (bytes > len_bytes - at)
			v->wrong = "its options end behind their header";
		at += bytes;
	}
}

/* RFC 8200 4.4: with segments left, the checksum is made for the last address. */
static void read_routing(struct ip6_view *v, const u8 *p, u32 len_bytes)
{
	if (p[3] && (p[2] == 0 || p[2] == 2) && len_bytes >= 24)
		v->final = p + len_bytes - IP6_ADDR_BYTES;
}

/** read_fragment() - Return: what follows is an upper layer's beginning, or an extension header */
static bool read_fragment(struct ip6_view *v, const u8 *p, u32 left_bytes)
{
	v->fragment = p;
	v->fragment_offset = get16(p + 2) & 0xfff8;
	v->more = p[3] & 1;
	v->fragment_bytes = left_bytes - 8;
	v->whole = !v->fragment_offset && !v->more;
	return v->fragment_offset == 0;
}

/** step() - over one extension header at @p, of type v->protocol.  Return: its length; 0: it is none, or there is no more */
static u32 step(struct ip6_view *v, const u8 *p, u32 left_bytes)
{
	u32 bytes;

	if (v->protocol != HOP_BY_HOP && v->protocol != ROUTING && v->protocol != DESTINATION &&
	    v->protocol != IP6_FRAGMENT && v->protocol != AUTHENTICATION)
		return 0;
	bytes = left_bytes < 2                  ? 8
		: v->protocol == IP6_FRAGMENT   ? 8
		: v->protocol == AUTHENTICATION ? (p[1] + 2U) * 4
						: (p[1] + 1U) * 8;
	if (bytes > left_bytes) {
		if (!v->fragment)
			v->wrong = "an extension header ends behind the packet";
		v->protocol = IP6_NONE;
		v->whole = false;
		return 0;
	}
	if (v->protocol == HOP_BY_HOP || v->protocol == DESTINATION)
		read_options(v, p + 2, bytes - 2);
	if (v->protocol == ROUTING)
		read_routing(v, p, bytes);
	if (v->protocol == IP6_FRAGMENT && !read_fragment(v, p, left_bytes)) {
		v->protocol = IP6_NONE;
		v->upper = p + 8;
		v->upper_bytes = left_bytes - 8;
		return 0;
	}
	v->protocol = p[0];
	return bytes;
}

bool ip6_view(const u8 *frame, u32 len_bytes, struct ip6_view *out)
{
	const u8 *ip = frame + ETH_BYTES;
	u32 bytes;

	if (len_bytes < ETH_BYTES + IP6_HEADER_BYTES || get16(frame + 12) != 0x86dd || ip[0] >> 4 != 6)
		return false;
	memset(out, 0, sizeof(*out));
	out->packet_bytes = IP6_HEADER_BYTES + get16(ip + 4);
	if (ETH_BYTES + out->packet_bytes > len_bytes)
		return false;
	out->eth_dst = frame;
	out->eth_src = frame + 6;
	out->ip = ip;
	out->src = ip + 8;
	out->dst = out->final = ip + 24;
	out->protocol = ip[6];
	out->hop_limit = ip[7];
	out->whole = true;
	out->upper = ip + IP6_HEADER_BYTES;
	out->upper_bytes = out->packet_bytes - IP6_HEADER_BYTES;
	for (u32 i = 0; i < HEADERS_MAX && (bytes = step(out, out->upper, out->upper_bytes)); i++) {
		out->upper += bytes;
		out->upper_bytes -= bytes;
	}
	return true;
}

u32 ip6_upper_sum(const struct ip6_view *v)
{
	u32 sum = v->protocol + (v->upper_bytes >> 16) + (v->upper_bytes & 0xffff);

	sum = sum16(sum, v->src, IP6_ADDR_BYTES);
	sum = sum16(sum, v->final, IP6_ADDR_BYTES);
	return sum16(sum, v->upper, v->upper_bytes);
}

u32 ip6_checksum_at(const struct ip6_view *v)
{
	if (!v->whole)
		return UINT32_MAX;
	if (v->protocol == IP6_UDP && v->upper_bytes >= 8)
		return 6;
	if (v->protocol == IP6_TCP && v->upper_bytes >= 20)
		return 16;
	return v->protocol == IP6_ICMP && v->upper_bytes >= 4 ? 2 : UINT32_MAX;
}

static const char *tcp_broken(const struct ip6_view *v)
{
	if (v->upper_bytes < 20 || (v->upper[12] >> 4) < 5 || (v->upper[12] >> 4) * 4U > v->upper_bytes)
		return "its TCP header, over IPv6";
	return ip6_upper_sum(v) != 0xffff ? "its TCP checksum, over IPv6" : NULL;
}

/* RFC 8200 8.1: over IPv6 a checksum of UDP is not optional. */
static const char *upper_broken(const struct ip6_view *v)
{
	switch (v->protocol) {
	case IP6_ICMP:
		return v->upper_bytes < 4 || ip6_upper_sum(v) != 0xffff ? "its ICMPv6 checksum" : NULL;
	case IP6_TCP:
		return tcp_broken(v);
	case IP6_UDP:
		if (v->upper_bytes < 8 || get16(v->upper + 4) != v->upper_bytes)
			return "its UDP length, over IPv6";
		return !get16(v->upper + 6) || ip6_upper_sum(v) != 0xffff ? "its UDP checksum, over IPv6" : NULL;
	default:
		return NULL;
	}
}

const char *ip6_broken(const u8 *frame, u32 len_bytes, bool forwards)
{
	struct ip6_view v;

	if (!ip6_view(frame, len_bytes, &v))
		return "its IPv6 lengths";
	if (len_bytes != ETH_BYTES + v.packet_bytes)
		return "octets behind its IPv6 packet";
	if (forwards) /* what others have sent goes on as it is */
		return NULL;
	if (v.wrong)
		return v.wrong;
	return v.whole ? upper_broken(&v) : NULL;
}
