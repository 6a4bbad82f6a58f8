// SPDX-License-Identifier: BSD-2-Clause
/* What a host may say in TCP.
 *
 * Positions are counted from the initial sequence number of their side, so they are ordinary numbers: SYN is at 0.
 * Reading order: segment_of(), tcp_witness_in(), tcp_witness_out() and the table of rules above it.
 */
#include "tcp_witness.h"

#include <stdlib.h>
#include <string.h>

#include "ip6_frame.h"
#include "mend.h"
#include "octets.h"

#define ETH_BYTES 14U
#define PROTO_TCP 6
#define DEFAULT_MSS 536U /* RFC 9293 3.7.1 */
#define SCALE_MAX 14U    /* RFC 7323 2.3 */
#define SYNS_KEPT 4U
#define SLOTS 64U
#define SACK_BLOCKS_MAX 4U
#define END_BYTES 18U /* of a key: an address, one of IPv4 in ::ffff:0:0/96, and a port */
#define KEY_BYTES (2 * END_BYTES)

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

/** struct segment - what a TCP segment says */
struct segment {
	u8 key[KEY_BYTES]; /**< address and port of who has sent it, then of whom it is for */
	u32 seq, ack, data_bytes, options_bytes, window;
	u8 flags;
	u32 mss, scale; /**< UINT32_MAX: not said */
	bool sack_ok, has_stamp;
	u32 stamp, echo;
	u32 block_count;
	struct {
		u32 start, end;
	} block[SACK_BLOCKS_MAX];
};

/** struct side - what one end has said of itself when it began */
struct side {
	u32 isn;
	u32 mss, scale;
	bool sack_ok, has_stamp;
};

/** struct flow - one connection, as one of its hosts sees it */
struct flow {
	struct flow *next;
	u8 key[KEY_BYTES];
	bool begun, met; /**< it has sent a SYN; it has acknowledged its peer's */
	struct side own, peer;
	u32 fin_at;            /**< own position: where the FIN is (0: not yet) */
	u32 allowed;           /**< own position: right edge of the widest window that came */
	bool peer_ended, over; /**< the peer's FIN came; a reset did, or was sent, or both have ended it */
	u32 came, offered;     /**< peer's positions: end of what came, right edge that was offered */
	u32 stamp, echo;       /**< last that was sent, newest that came */
	bool has_sent_stamp, has_echo;
	bool has_told; /**< of a duplicate, and nothing has come since */
	u32 told_end;  /**< own position behind the segment that told */
	u64 told_at_ns;
	bool unsure;                /**< SYNs of one side said this and that: who knows which of them was meant */
	struct side syn[SYNS_KEPT]; /**< of the peer, that came: which one will be answered? */
	u32 syn_count;
};

struct tcp_witness {
	struct flow *slot[SLOTS];
	bool late, forgetful;
	bool torn
		[256]; /**< by the last octet of its address: fragments came from it, and segments in them were not seen */
};

/* ------------------------------------------------------------------ reading segments */

static void option_read(struct segment *s, const u8 *p, u32 len_bytes)
{
	if (p[0] == 2 && len_bytes == 4) {
		s->mss = get16(p + 2);
	} else if (p[0] == 3 && len_bytes == 3) {
		s->scale = p[2] < SCALE_MAX ? p[2] : SCALE_MAX;
	} else if (p[0] == 4 && len_bytes == 2) {
		s->sack_ok = true;
	} else if (p[0] == 8 && len_bytes == 10) {
		s->has_stamp = true;
		s->stamp = get32(p + 2);
		s->echo = get32(p + 6);
	} else if (p[0] == 5) {
		for (u32 at = 2; at + 8 <= len_bytes && s->block_count < SACK_BLOCKS_MAX; at += 8, s->block_count++) {
			s->block[s->block_count].start = get32(p + at);
			s->block[s->block_count].end = get32(p + at + 4);
		}
	}
}

static void options_read(struct segment *s, const u8 *p, u32 len_bytes)
{
	for (u32 at = 0; at < len_bytes && p[at];) {
		u32 option_bytes = p[at] == 1 ? 1 : at + 1 < len_bytes ? p[at + 1] : 0;

		if (!option_bytes || at + option_bytes > len_bytes || (p[at] != 1 && option_bytes < 2))
			return;
		if (p[at] != 1)
			option_read(s, p + at, option_bytes);
		at += option_bytes;
	}
}

/** fragment_of_tcp() - @frame holds a part of a TCP segment.  Return: the last octet of its source; -1: it does not */
static int fragment_of_tcp(const u8 *frame, u32 len_bytes)
{
	struct ip6_view six;

	if (ip6_view(frame, len_bytes, &six))
		return six.fragment && !six.whole && six.fragment[0] == PROTO_TCP ? six.src[15] : -1;
	if (len_bytes < ETH_BYTES + 20 || get16(frame + 12) != 0x0800 || frame[ETH_BYTES + 9] != PROTO_TCP ||
	    !(get16(frame + ETH_BYTES + 6) & 0x3fff))
		return -1;
	return frame[ETH_BYTES + 15];
}

/** end_of() - an end of a connection, in a key; of IPv6 if there is no @addr4 */
static void end_of(u8 out[static END_BYTES], const u8 *addr4, const u8 addr6[static IP6_ADDR_BYTES], const u8 *port)
{
	memset(out, 0, END_BYTES);
	if (!addr4) {
		memcpy(out, addr6, IP6_ADDR_BYTES);
	} else {
		memset(out + 10, 0xff, 2);
		memcpy(out + 12, addr4, 4);
	}
	memcpy(out + IP6_ADDR_BYTES, port, 2);
}

/** tcp_of() - Return: the TCP header in @frame, if it holds a whole segment; NULL.  @ip4: NULL if it is over IPv6 */
static const u8 *tcp_of(const u8 *frame, u32 len_bytes, struct ip6_view *six, const u8 **ip4, u32 *tcp_bytes)
{
	const u8 *ip = frame + ETH_BYTES;
	u32 ip_bytes, total;

	*ip4 = NULL;
	if (ip6_view(frame, len_bytes, six)) {
		*tcp_bytes = six->upper_bytes;
		return six->whole && six->protocol == PROTO_TCP && six->upper_bytes >= 20 ? six->upper : NULL;
	}
	if (len_bytes < ETH_BYTES + 40 || get16(frame + 12) != 0x0800 || ip[0] >> 4 != 4 || ip[9] != PROTO_TCP)
		return NULL;
	ip_bytes = (ip[0] & 15U) * 4;
	total = get16(ip + 2);
	if (ip_bytes < 20 || total < ip_bytes + 20 || ETH_BYTES + total > len_bytes || (get16(ip + 6) & 0x3fff))
		return NULL;
	*ip4 = ip;
	*tcp_bytes = total - ip_bytes;
	return ip + ip_bytes;
}

/** segment_of() - Return: false: the frame holds no whole TCP segment */
static bool segment_of(const u8 *frame, u32 len_bytes, struct segment *s)
{
	struct ip6_view six;
	const u8 *ip4, *tcp;
	u32 bytes, header;

	tcp = tcp_of(frame, len_bytes, &six, &ip4, &bytes);
	header = tcp ? (tcp[12] >> 4) * 4U : 0;
	if (header < 20 || header > bytes)
		return false;
	*s = (struct segment){ .seq = get32(tcp + 4),
			       .ack = get32(tcp + 8),
			       .data_bytes = bytes - header,
			       .options_bytes = header - 20,
			       .window = get16(tcp + 14),
			       .flags = tcp[13] & (FIN | SYN | RST | ACK),
			       .mss = UINT32_MAX,
			       .scale = UINT32_MAX };
	end_of(s->key, ip4 ? ip4 + 12 : NULL, six.src, tcp);
	end_of(s->key + END_BYTES, ip4 ? ip4 + 16 : NULL, six.dst, tcp + 2);
	options_read(s, tcp + 20, header - 20);
	return true;
}

static bool sides_differ(const struct side *a, const struct side *b)
{
	return a->isn == b->isn &&
	       (a->mss != b->mss || a->scale != b->scale || a->sack_ok != b->sack_ok || a->has_stamp != b->has_stamp);
}

static struct side side_of(const struct segment *s)
{
	return (struct side){ .isn = s->seq,
			      .mss = s->mss == UINT32_MAX ? DEFAULT_MSS : s->mss,
			      .scale = s->scale,
			      .sack_ok = s->sack_ok,
			      .has_stamp = s->has_stamp };
}

/* ------------------------------------------------------------------ flows */

static struct flow *flow_of(struct tcp_witness *tw, const u8 key[static KEY_BYTES])
{
	const u8 *one = key + IP6_ADDR_BYTES,
		 *other = one + END_BYTES; /* ports; the octet before is an address's last */
	u32 slot = ((u32)one[-1] * 7 + one[0] + one[1] * 3U + other[-1] * 5U + other[0] + other[1] * 11U) % SLOTS;
	struct flow *f = tw->slot[slot];

	while (f && memcmp(f->key, key, sizeof(f->key)) != 0)
		f = f->next;
	if (f)
		return f;
	f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	memcpy(f->key, key, sizeof(f->key));
	f->next = tw->slot[slot];
	tw->slot[slot] = f;
	return f;
}

/* Windows are scaled if both sides said so, and never in a segment with SYN. */
static bool scaled(const struct flow *f)
{
	return f->own.scale != UINT32_MAX && f->peer.scale != UINT32_MAX;
}

static void take_later(u32 *position, u32 other)
{
	if ((s32)(other - *position) > 0)
		*position = other;
}

/* ------------------------------------------------------------------ what comes */

static void syn_in(struct flow *f, const struct segment *s)
{
	f->syn[f->syn_count++ % SYNS_KEPT] = side_of(s);
	for (u32 i = 0; i < SYNS_KEPT; i++)
		f->unsure |= sides_differ(&f->syn[(f->syn_count - 1) % SYNS_KEPT], &f->syn[i]);
}

static void window_in(struct flow *f, const struct segment *s)
{
	/* before its SYN is known to be met, what scale the peer has is not: the widest */
	u32 shift = s->flags & SYN ? 0 : f->met && scaled(f) ? f->peer.scale : f->met ? 0 : SCALE_MAX;

	if (s->flags & ACK && f->begun)
		take_later(&f->allowed, s->ack - f->own.isn + (s->window << shift));
	else if (s->flags & SYN && f->begun) /* both have opened it */
		take_later(&f->allowed, 1 + s->window);
}

void tcp_witness_in(struct tcp_witness *tw, const u8 *frame, u32 len_bytes)
{
	struct segment s;
	struct flow *f;
	u8 key[KEY_BYTES];
	int torn = fragment_of_tcp(frame, len_bytes);

	if (torn >= 0)
		tw->torn[torn] = true;
	if (!segment_of(frame, len_bytes, &s) || tcp_checksum_broken(frame, len_bytes))
		return;
	memcpy(key, s.key + END_BYTES, END_BYTES);
	memcpy(key + END_BYTES, s.key, END_BYTES);
	f = flow_of(tw, key);
	if (s.flags & RST) {
		f->over = true;
		return;
	}
	/* RFC 4987 3.6: an ACK of no more than the SYN is a cookie's answer, for whom nothing is left of the connection.  It
	 * may have ended without a word that left. */
	f->unsure |= (f->fin_at || (tw->forgetful && f->came > 1)) && s.flags & ACK && s.ack == f->own.isn + 1;
	if (s.flags & SYN)
		syn_in(f, &s);
	window_in(f, &s);
	if (f->met)
		take_later(&f->came, s.seq - f->peer.isn + s.data_bytes + !!(s.flags & SYN) + !!(s.flags & FIN));
	if (s.data_bytes || s.flags & FIN)
		f->has_told = false;
	f->peer_ended |= s.flags & FIN;
	f->over |= f->peer_ended && f->fin_at;
	if (s.has_stamp) {
		if (!f->has_echo)
			f->echo = s.stamp;
		take_later(&f->echo, s.stamp);
		f->has_echo = true;
	}
}

/* ------------------------------------------------------------------ what goes */

static void flow_begins(struct flow *f, const struct segment *s)
{
	struct flow fresh = { .next = f->next, .begun = true, .own = side_of(s), .syn_count = f->syn_count };

	memcpy(fresh.key, f->key, sizeof(fresh.key));
	memcpy(fresh.syn, f->syn, sizeof(fresh.syn));
	fresh.unsure = f->unsure;
	fresh.echo = f->echo;
	fresh.has_echo = f->has_echo;
	*f = fresh;
}

/** answered() - the SYN that an ACK of @ack answers; NULL: none that came */
static const struct side *answered(const struct flow *f, u32 ack)
{
	u32 kept = f->syn_count < SYNS_KEPT ? f->syn_count : SYNS_KEPT;
	const struct side *nearest = NULL;

	for (u32 i = 1; i <= kept; i++) {
		const struct side *syn = &f->syn[(f->syn_count - i) % SYNS_KEPT];

		if (ack - syn->isn >= 1 && (!nearest || ack - syn->isn < ack - nearest->isn))
			nearest = syn;
	}
	return nearest && ack - nearest->isn < 1U << 20 ? nearest : NULL;
}

/* The first ACK that it sends says which SYN it answers. */
static const char *meet(struct flow *f, const struct segment *s)
{
	const struct side *syn;

	if (f->met || !(s->flags & ACK))
		return NULL;
	syn = answered(f, s->ack);
	if (!syn)
		return "it acknowledges a SYN that never came";
	f->met = true;
	f->peer = *syn;
	f->came = s->ack - syn->isn;
	f->offered = f->came;
	return NULL;
}

static const char *rule_ack(const struct flow *f, const struct segment *s)
{
	if (!(s->flags & ACK))
		return NULL;
	return (s32)(s->ack - f->peer.isn - f->came) > 0 ? "it acknowledges what never came" : NULL;
}

static const char *rule_window(const struct flow *f, const struct segment *s)
{
	u32 end = s->seq - f->own.isn + s->data_bytes + !!(s->flags & FIN);

	if (s->flags & SYN || !(s->data_bytes || s->flags & FIN))
		return NULL;
	/* one more: the octet, or the FIN, that a window of zero is asked with */
	return (s32)(end - f->allowed - 1) > 0 ? "it sends beyond the window" : NULL;
}

static u32 offer_of(const struct flow *f, const struct segment *s)
{
	return s->ack - f->peer.isn + (s->window << (s->flags & SYN || !scaled(f) ? 0 : f->own.scale));
}

static const char *rule_offer(const struct flow *f, const struct segment *s)
{
	if (!(s->flags & ACK) || s->flags & SYN || s->window == 0 || f->peer_ended)
		return NULL;
	return (s32)(offer_of(f, s) - f->offered) < 0 ? "it takes a window back" : NULL;
}

static const char *rule_mss(const struct flow *f, const struct segment *s)
{
	if (s->flags & SYN || !s->data_bytes)
		return NULL;
	return s->data_bytes + s->options_bytes > f->peer.mss ? "it is larger than the peer takes" : NULL;
}

static const char *rule_end(const struct flow *f, const struct segment *s)
{
	u32 end = s->seq - f->own.isn + s->data_bytes;

	if (!f->fin_at || s->flags & SYN)
		return NULL;
	if (s->flags & FIN && end != f->fin_at)
		return "its FIN has moved";
	return s->data_bytes && (s32)(end - f->fin_at) > 0 ? "it sends behind its FIN" : NULL;
}

static const char *rule_stamp(const struct flow *f, const struct segment *s)
{
	bool agreed = f->own.has_stamp && f->peer.has_stamp;

	if (s->flags & SYN)
		return s->flags & ACK && s->has_stamp && !f->peer.has_stamp ? "a stamp that was not asked for" : NULL;
	if (agreed != s->has_stamp)
		return agreed ? "it has no stamp, and should" : "it has a stamp, and should not";
	if (!agreed)
		return NULL;
	if (f->has_sent_stamp && (s32)(s->stamp - f->stamp) < 0)
		return "its stamp runs backwards";
	return s->echo && f->has_echo && (s32)(s->echo - f->echo) > 0 ? "it echoes a stamp that never came" : NULL;
}

static const char *rule_sack(const struct flow *f, const struct segment *s)
{
	if (s->block_count && !(f->own.sack_ok && f->peer.sack_ok))
		return "a selective acknowledgment that was not agreed on";
	for (u32 i = 0; i < s->block_count; i++) {
		u32 start = s->block[i].start - f->peer.isn, end = s->block[i].end - f->peer.isn;

		if ((s32)(end - start) <= 0)
			return "it has a selective acknowledgment of nothing";
		if ((s32)(end - f->came) > 0)
			return "it acknowledges selectively what never came";
		if (i > 0 && (s32)(s->block[i].start - s->ack) <= 0)
			return "it acknowledges selectively what it acknowledges";
	}
	return NULL;
}

/* RFC 2883 4: the first block may be of what came twice, and only in the first segment after it. */
static bool tells_of_duplicate(const struct segment *s)
{
	return s->block_count && ((s32)(s->block[0].start - s->ack) < 0 ||
				  (s->block_count > 1 && (s32)(s->block[0].start - s->block[1].start) >= 0 &&
				   (s32)(s->block[0].end - s->block[1].end) <= 0));
}

static const char *rule_duplicate(const struct flow *f, const struct segment *s)
{
	bool same_train = s->data_bytes && s->seq - f->own.isn == f->told_end; /* cut below TCP: all have its options */

	return f->has_told && !same_train && tells_of_duplicate(s) ? "it tells of a duplicate twice" : NULL;
}

static const char *rule_answer(const struct flow *f, const struct segment *s)
{
	if (!(s->flags & SYN) || !(s->flags & ACK))
		return NULL;
	if (s->scale != UINT32_MAX && f->peer.scale == UINT32_MAX)
		return "it scales windows, and its peer does not";
	return s->sack_ok && !f->peer.sack_ok ? "it would acknowledge selectively, and its peer not" : NULL;
}

static void remember(struct flow *f, const struct segment *s, u64 now_ns, bool late)
{
	u32 end = s->seq - f->own.isn + s->data_bytes;

	if (s->flags & FIN)
		f->fin_at = end;
	f->over |= f->peer_ended && f->fin_at;
	if (s->flags & ACK && !(s->flags & SYN)) /* which is not scaled yet, and so may have said a little more */
		take_later(&f->offered, offer_of(f, s));
	if (tells_of_duplicate(s)) {
		f->has_told = !late;
		f->told_end = end;
		f->told_at_ns = now_ns;
	}
	if (s->has_stamp) {
		f->stamp = s->stamp;
		f->has_sent_stamp = true;
	}
}

const char *tcp_witness_out(struct tcp_witness *tw, u64 now_ns, const u8 *frame, u32 len_bytes)
{
	static const char *(*const rules[])(const struct flow *,
					    const struct segment *) = { rule_ack,  rule_window,    rule_offer,
									rule_mss,  rule_end,       rule_stamp,
									rule_sack, rule_duplicate, rule_answer };
	const char *wrong;
	struct segment s;
	struct flow *f;

	if (!segment_of(frame, len_bytes, &s))
		return NULL;
	f = flow_of(tw, s.key);
	if (s.flags & RST) { /* it may answer anything */
		f->over = true;
		return NULL;
	}
	if (s.flags & SYN && (!f->begun || s.seq != f->own.isn)) {
		flow_begins(f, &s);
	} else if (s.flags & SYN) {
		const struct side again = side_of(&s);

		f->unsure |= sides_differ(&f->own, &again);
	}
	if (f->told_at_ns == now_ns) /* they waited for a neighbour, and leave together */
		f->has_told = false;
	if (!f->begun)
		return "it speaks for a connection that never began";
	wrong = meet(f, &s);
	for (u32 i = 0; !wrong && f->met && i < ARRAY_SIZE(rules); i++)
		wrong = rules[i](f, &s);
	remember(f, &s, now_ns, tw->late);
	/* RFC 4987 3.6: with SYN cookies, an old ACK makes another connection of the same numbers of one that is over */
	return tw->torn[s.key[END_BYTES + IP6_ADDR_BYTES - 1]] || f->unsure || f->over ? NULL : wrong;
}

/* ------------------------------------------------------------------ life */

struct tcp_witness *tcp_witness_create(bool late, bool forgetful)
{
	struct tcp_witness *tw = calloc(1, sizeof(*tw));

	if (!tw)
		abort();
	tw->late = late;
	tw->forgetful = forgetful;
	return tw;
}

void tcp_witness_forget(struct tcp_witness *tw)
{
	for (u32 i = 0; i < SLOTS; i++) {
		struct flow *next;

		for (struct flow *f = tw->slot[i]; f; f = next) {
			next = f->next;
			free(f);
		}
		tw->slot[i] = NULL;
	}
}

void tcp_witness_destroy(struct tcp_witness *tw)
{
	if (tw)
		tcp_witness_forget(tw);
	free(tw);
}
