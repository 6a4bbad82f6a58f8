// SPDX-License-Identifier: BSD-2-Clause
/* DHCP messages, octet by octet.
 *
 * @rfc 2131 2 4.1 4.3.1, 2132, 3396 7, 3442, 6842 3
 *
 * A server's options may lie in three places (option 52 says which), and one option may be cut into several of the same
 * code, which count as one.  What does not fit is not guessed at: the message is malformed.
 *
 * Reading order: find_areas(), option_get(), fields[], dhcp_parse(); dhcp_build().
 */
#include "ipv4/dhcp_msg.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>

/* ------------------------------------------------------------------ where options are */

/** struct dhcp_area - octets that hold options */
struct dhcp_area {
	const u8 *at;
	u32 len_bytes;
};

/** struct dhcp_options - of one message, in the order of RFC 3396 5 */
struct dhcp_options {
	struct dhcp_area area[3];
	u32 area_count;
};

struct dhcp_option {
	u8 code, len_bytes;
	const u8 *data;
};

/* The option at *@pos, which is moved behind it.  Return: 1, 0: no more, -EINVAL: it does not fit */
static int option_next(const struct dhcp_area *a, u32 *pos, struct dhcp_option *o)
{
	while (*pos < a->len_bytes && a->at[*pos] == DHCP_PAD)
		(*pos)++;
	if (*pos == a->len_bytes || a->at[*pos] == DHCP_END)
		return 0;
	if (a->len_bytes - *pos < 2 || a->len_bytes - *pos - 2 < a->at[*pos + 1])
		return -EINVAL;
	o->code = a->at[*pos];
	o->len_bytes = a->at[*pos + 1];
	o->data = a->at + *pos + 2;
	*pos += 2U + o->len_bytes;
	return 1;
}

/* Do all options of @a fit?  @overload: out: 1: file, 2: sname */
static int area_check(const struct dhcp_area *a, u8 *overload)
{
	struct dhcp_option o;
	u32 pos = 0;
	int ret;

	while ((ret = option_next(a, &pos, &o)) > 0) {
		if (o.code != DHCP_OVERLOAD)
			continue;
		if (o.len_bytes != 1 || o.data[0] < 1 || o.data[0] > 3 || *overload)
			return -EINVAL;
		*overload = o.data[0];
	}
	return ret;
}

static int find_areas(const struct dhcphdr *h, u32 len_bytes, struct dhcp_options *os)
{
	const struct dhcp_area file = { h->file, sizeof(h->file) }, sname = { h->sname, sizeof(h->sname) };
	u8 overload = 0, nested = 0;
	int err;

	os->area[0] = (struct dhcp_area){ (const u8 *)(h + 1), len_bytes - (u32)sizeof(*h) };
	os->area_count = 1;
	err = area_check(&os->area[0], &overload);
	if (!err && (overload & 1))
		os->area[os->area_count++] = file;
	if (!err && (overload & 2))
		os->area[os->area_count++] = sname;
	for (u32 i = 1; !err && i < os->area_count; i++)
		err = area_check(&os->area[i], &nested);
	return err || nested ? -EINVAL : 0;
}

/* All that the message says under @code, in one piece.  Return: its length, 0: nothing, -EINVAL: more than @max_bytes */
static int option_get(const struct dhcp_options *os, u8 code, u8 *out, u32 max_bytes)
{
	struct dhcp_option o;
	u32 len = 0;

	for (u32 i = 0; i < os->area_count; i++) {
		u32 pos = 0;

		while (option_next(&os->area[i], &pos, &o) > 0) {
			if (o.code != code)
				continue;
			if (max_bytes - len < o.len_bytes)
				return -EINVAL;
			memcpy(out + len, o.data, o.len_bytes);
			len += o.len_bytes;
		}
	}
	return (int)len;
}

/* ------------------------------------------------------------------ what they say */

static u32 get_u32(const u8 *p)
{
	return be32_to_cpu(get_unaligned_be32(p));
}

static __be32 mask_of(u32 prefixlen)
{
	return prefixlen ? cpu_to_be32(~0U << (32 - prefixlen)) : cpu_to_be32(0);
}

/* Of one host: not of this network, the loopback, a group, all. */
static bool addr_is_host(__be32 addr)
{
	u32 top = be32_to_cpu(addr) >> 24;

	return top >= 1 && top <= 223 && top != 127;
}

static int set_type(struct dhcp_params *p, const u8 *data, u32 len)
{
	(void)len;
	p->type = data[0];
	return 0;
}

static int set_mask(struct dhcp_params *p, const u8 *data, u32 len)
{
	u32 inverse = ~get_u32(data);

	(void)len;
	if (inverse & (inverse + 1))
		return -EINVAL; /* a hole in it */
	p->prefixlen = (u8)(32 - __builtin_popcount(inverse));
	return 0;
}

static int set_server(struct dhcp_params *p, const u8 *data, u32 len)
{
	(void)len;
	p->server = get_unaligned_be32(data);
	return addr_is_host(p->server) ? 0 : -EINVAL;
}

static int set_lease(struct dhcp_params *p, const u8 *data, u32 len)
{
	(void)len;
	p->lease_s = get_u32(data);
	return p->lease_s ? 0 : -EINVAL;
}

static int set_t1(struct dhcp_params *p, const u8 *data, u32 len)
{
	(void)len;
	p->t1_s = get_u32(data);
	return 0;
}

static int set_t2(struct dhcp_params *p, const u8 *data, u32 len)
{
	(void)len;
	p->t2_s = get_u32(data);
	return 0;
}

static int set_mtu(struct dhcp_params *p, const u8 *data, u32 len)
{
	(void)len;
	p->mtu = be16_to_cpu(get_unaligned_be16(data));
	return p->mtu >= 68 ? 0 : -EINVAL; /* RFC 2132 5.1 */
}

static int set_dns(struct dhcp_params *p, const u8 *data, u32 len)
{
	for (u32 i = 0; i < len; i += 4) {
		__be32 addr = get_unaligned_be32(data + i);

		if (p->dns_count < DHCP_DNS_SERVERS && addr_is_host(addr))
			p->dns[p->dns_count++] = addr;
		else
			p->ignored_count++;
	}
	return 0;
}

/* It will stand in somebody's file: only what a name is made of. */
static int set_domain(struct dhcp_params *p, const u8 *data, u32 len)
{
	while (len && !data[len - 1])
		len--;
	if (!len || len > DHCP_NAME_MAX)
		return 0;
	for (u32 i = 0; i < len; i++) {
		u8 c = data[i];

		if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.' &&
		    c != '_') {
			p->ignored_count++;
			return 0;
		}
	}
	memcpy(p->domain, data, len);
	p->domain[len] = '\0';
	return 0;
}

static void add_route(struct dhcp_params *p, __be32 dst, u8 prefixlen, __be32 gateway)
{
	if (p->route_count == DHCP_ROUTES) {
		p->ignored_count++;
		return;
	}
	p->route[p->route_count++] = (struct dhcp_route){ .dst = dst, .prefixlen = prefixlen, .gateway = gateway };
}

/* Those after the first are for when it fails, which nobody here would notice. */
static int set_router(struct dhcp_params *p, const u8 *data, u32 len)
{
	__be32 gateway = get_unaligned_be32(data);

	p->ignored_count += len / 4 - 1;
	if (p->route_count)
		return 0; /* RFC 3442: "MUST ignore the Router option", if there are classless routes */
	if (!addr_is_host(gateway))
		return -EINVAL;
	add_route(p, cpu_to_be32(0), 0, gateway);
	return 0;
}

/* width, as many octets as it covers, router */
static int set_classless(struct dhcp_params *p, const u8 *data, u32 len)
{
	u32 pos = 0;

	while (pos < len) {
		u8 width = data[pos], octets = (u8)((width + 7) / 8), dst[4] = { 0 };
		__be32 gateway;

		if (width > 32 || len - pos < 1U + octets + 4U)
			return -EINVAL;
		memcpy(dst, data + pos + 1, octets);
		gateway = get_unaligned_be32(data + pos + 1 + octets);
		if (gateway && !addr_is_host(gateway))
			return -EINVAL;
		add_route(p, (__force __be32)((__force u32)get_unaligned_be32(dst) & (__force u32)mask_of(width)),
			  width, gateway);
		pos += 1U + octets + 4U;
	}
	return 0;
}

#define OPTION_BYTES 1024U /* of one, all its pieces together */

/** struct field - an option that is listened to; those of one address after another say so by @step */
static const struct field {
	u8 code;
	u16 min_bytes, max_bytes, step_bytes;
	int (*set)(struct dhcp_params *p, const u8 *data, u32 len);
} fields[] = {
	{ DHCP_MESSAGE_TYPE, 1, 1, 1, set_type },
	{ DHCP_SUBNET_MASK, 4, 4, 1, set_mask },
	{ DHCP_SERVER_ID, 4, 4, 1, set_server },
	{ DHCP_LEASE_TIME, 4, 4, 1, set_lease },
	{ DHCP_T1, 4, 4, 1, set_t1 },
	{ DHCP_T2, 4, 4, 1, set_t2 },
	{ DHCP_MTU, 2, 2, 1, set_mtu },
	{ DHCP_DNS, 4, OPTION_BYTES, 4, set_dns },
	{ DHCP_DOMAIN, 1, OPTION_BYTES, 1, set_domain },
	{ DHCP_CLASSLESS_ROUTES, 5, OPTION_BYTES, 1, set_classless }, /* before the routers */
	{ DHCP_ROUTER, 4, OPTION_BYTES, 4, set_router },
};

/* Is the option there at all?  One of length zero is. */
static bool option_is_there(const struct dhcp_options *os, u8 code)
{
	struct dhcp_option o;

	for (u32 i = 0; i < os->area_count; i++) {
		u32 pos = 0;

		while (option_next(&os->area[i], &pos, &o) > 0) {
			if (o.code == code)
				return true;
		}
	}
	return false;
}

static int field_parse(const struct dhcp_options *os, const struct field *f, struct dhcp_params *out)
{
	u8 data[OPTION_BYTES];
	int len;

	if (!option_is_there(os, f->code))
		return 0;
	len = option_get(os, f->code, data, sizeof(data));
	if (len < f->min_bytes || len > f->max_bytes || len % f->step_bytes)
		return -EINVAL;
	return f->set(out, data, (u32)len);
}

static void client_id_parse(const struct dhcp_options *os, const struct dhcp_identity *me, struct dhcp_params *out)
{
	u8 id[DHCP_CLIENT_ID_MAX];
	int len;

	out->has_client_id = option_is_there(os, DHCP_CLIENT_ID);
	if (!out->has_client_id)
		return;
	len = option_get(os, DHCP_CLIENT_ID, id, sizeof(id));
	out->wrong_client_id = len != me->client_id_bytes || memcmp(id, me->client_id, me->client_id_bytes) != 0;
}

static u8 classful_prefixlen(__be32 addr)
{
	u32 top = be32_to_cpu(addr) >> 24;

	return top < 128 ? 8 : (top < 192 ? 16 : 24);
}

/* An address that a host may have in its subnet. */
static bool lease_addr_ok(const struct dhcp_params *p)
{
	u32 host = be32_to_cpu(p->addr) & ~be32_to_cpu(mask_of(p->prefixlen));

	if (!addr_is_host(p->addr))
		return false;
	return p->prefixlen >= 31 || (host && host != (~0U >> p->prefixlen));
}

int dhcp_parse(const void *data, u32 len_bytes, const struct dhcp_identity *me, struct dhcp_params *out)
{
	const struct dhcphdr *h = dhcp_check(data, len_bytes);
	struct dhcp_options os;
	int err;

	memset(out, 0, sizeof(*out));
	if (!h || h->op != BOOTREPLY || find_areas(h, len_bytes, &os))
		return -EINVAL;
	out->addr = h->yiaddr;
	out->prefixlen = 0xff;
	for (u32 i = 0; i < ARRAY_SIZE(fields); i++) {
		err = field_parse(&os, &fields[i], out);
		if (err)
			return err;
	}
	if (out->prefixlen == 0xff)
		out->prefixlen = classful_prefixlen(out->addr);
	client_id_parse(&os, me, out);
	if (!out->server)
		return -EINVAL; /* RFC 2131 table 3: in each of them */
	if (out->type == DHCPNAK)
		return 0;
	if (out->type != DHCPOFFER && out->type != DHCPACK)
		return -EINVAL;
	return out->lease_s && lease_addr_ok(out) ? 0 : -EINVAL;
}

/* ------------------------------------------------------------------ a client's */

/** struct writer - options one after another; room is known to be there */
struct writer {
	u8 *at;
};

static void put_option(struct writer *w, enum dhcp_code code, const void *data, u32 len_bytes)
{
	*w->at++ = (u8)code;
	*w->at++ = (u8)len_bytes;
	memcpy(w->at, data, len_bytes);
	w->at += len_bytes;
}

static void put_addr(struct writer *w, enum dhcp_code code, __be32 addr)
{
	if (addr)
		put_option(w, code, &addr, sizeof(addr));
}

/* Who asks for something says what he wants to hear. */
static void put_wishes(struct writer *w, const struct dhcp_identity *me, const struct dhcp_request *rq)
{
	/* RFC 3442: classless routes before routers */
	static const u8 wishes[] = { DHCP_SUBNET_MASK, DHCP_CLASSLESS_ROUTES, DHCP_ROUTER, DHCP_DNS, DHCP_DOMAIN,
				     DHCP_MTU,         DHCP_LEASE_TIME,       DHCP_T1,     DHCP_T2 };
	__be16 max = cpu_to_be16(rq->max_bytes);

	put_option(w, DHCP_MAX_SIZE, &max, sizeof(max));
	put_option(w, DHCP_PARAMETERS, wishes, sizeof(wishes));
	if (me->hostname[0])
		put_option(w, DHCP_HOSTNAME, me->hostname, (u32)strnlen(me->hostname, sizeof(me->hostname)));
}

static_assert(sizeof(struct dhcphdr) + 3 + 2 + DHCP_CLIENT_ID_MAX + 6 + 6 + 4 + 2 + 9 + 2 + 64 + 1 <= DHCP_MSG_BYTES,
	      "all options of put_option() at their longest");

u32 dhcp_build(u8 out[static DHCP_MSG_BYTES], const struct dhcp_identity *me, const struct dhcp_request *rq)
{
	struct dhcphdr *h = (struct dhcphdr *)(void *)out;
	struct writer w = { (u8 *)(h + 1) };
	u8 type = (u8)rq->type;

	memset(out, 0, DHCP_MSG_BYTES);
	h->op = BOOTREQUEST;
	h->htype = ARPHRD_ETHER;
	h->hlen = ETH_ALEN;
	h->xid = cpu_to_be32(rq->xid);
	h->secs = cpu_to_be16(rq->secs);
	h->ciaddr = rq->ciaddr;
	memcpy(h->chaddr, me->mac, ETH_ALEN);
	h->cookie = CONST_BE32(DHCP_MAGIC);
	put_option(&w, DHCP_MESSAGE_TYPE, &type, sizeof(type));
	put_option(&w, DHCP_CLIENT_ID, me->client_id, me->client_id_bytes);
	put_addr(&w, DHCP_REQUESTED_ADDR, rq->requested);
	put_addr(&w, DHCP_SERVER_ID, rq->server);
	if (rq->type == DHCPDISCOVER || rq->type == DHCPREQUEST)
		put_wishes(&w, me, rq);
	*w.at++ = DHCP_END;
	return max_u32((u32)(w.at - out), DHCP_MIN_BYTES);
}
