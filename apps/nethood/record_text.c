// SPDX-License-Identifier: BSD-2-Clause
/* A recording as lines for people: one for each call, frames in one line each.
 *
 * Reading order: record_text_event(), print_field(); record_text_frame().
 */
#include "record_text.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_net.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT_OCTETS 16

const char *record_text_error(int64_t result, char room[static 32])
{
	const char *name = result < 0 && result > -4096 ? strerrorname_np((int)-result) : NULL;

	if (name)
		snprintf(room, 32, "-%s", name);
	else
		snprintf(room, 32, "%lld", (long long)result);
	return room;
}

/* ------------------------------------------------------------------ frames */

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void print_addr(FILE *out, const uint8_t *a)
{
	fprintf(out, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
}

static void print_mac(FILE *out, const uint8_t *m)
{
	fprintf(out, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

static void arp_line(FILE *out, const uint8_t *p, size_t len)
{
	if (len < 28) {
		fprintf(out, "ARP, cut off");
		return;
	}
	if (be16(p + 6) == ARPOP_REQUEST) {
		fprintf(out, "ARP who-has ");
		print_addr(out, p + 24);
		fprintf(out, " tell ");
		print_addr(out, p + 14);
		return;
	}
	fprintf(out, "ARP ");
	print_addr(out, p + 14);
	fprintf(out, " is-at ");
	print_mac(out, p + 8);
}

static void icmp_line(FILE *out, const uint8_t *p, size_t len)
{
	static const char *const names[] = { [0] = "echo reply", [3] = "unreachable",    [5] = "redirect",
					     [8] = "echo",       [11] = "time exceeded", [12] = "parameter problem" };
	const char *name = len && p[0] < COUNT(names) ? names[p[0]] : NULL;

	if (name)
		fprintf(out, " ICMP %s", name);
	else
		fprintf(out, " ICMP type %u", len ? p[0] : 0U);
	if (len >= 8 && (p[0] == 0 || p[0] == 8))
		fprintf(out, " id %u seq %u", be16(p + 4), be16(p + 6));
	else if (len >= 2)
		fprintf(out, " code %u", p[1]);
}

static void ip_line(FILE *out, const uint8_t *p, size_t len)
{
	size_t head = len ? (p[0] & 15U) * 4U : 0;
	bool first, ports;

	if (len < 20 || head < 20 || head > len) {
		fprintf(out, "IPv4, cut off");
		return;
	}
	first = !(be16(p + 6) & 0x1fff);
	ports = first && (p[9] == IPPROTO_UDP || p[9] == IPPROTO_TCP) && len - head >= 8;
	fprintf(out, "IPv4 ");
	print_addr(out, p + 12);
	if (ports)
		fprintf(out, ":%u", be16(p + head));
	fprintf(out, " > ");
	print_addr(out, p + 16);
	if (ports)
		fprintf(out, ":%u", be16(p + head + 2));
	if (!first || (be16(p + 6) & 0x2000))
		fprintf(out, " fragment at %u", (be16(p + 6) & 0x1fffU) * 8U);
	if (p[9] == IPPROTO_ICMP && first)
		icmp_line(out, p + head, len - head);
	else if (p[9] == IPPROTO_UDP || p[9] == IPPROTO_TCP)
		fprintf(out, p[9] == IPPROTO_UDP ? " UDP" : " TCP");
	else
		fprintf(out, " protocol %u", p[9]);
	fprintf(out, " len %u", be16(p + 2));
}

const uint8_t *record_input_frame(const struct nethood_record_event *e, size_t *len_bytes)
{
	const char *what = strcmp(e->name, "input") != 0 ? "" : nethood_record_input_name(e->value[1]);
	size_t before = strcmp(what, "vnet-frame") != 0 ? 0 : sizeof(struct virtio_net_hdr);

	if ((!before && strcmp(what, "frame") != 0) || !e->octets[3] || e->value[3] < before)
		return NULL;
	*len_bytes = (size_t)e->value[3] - before;
	return e->octets[3] + before;
}

void record_text_frame(FILE *out, const uint8_t *frame, size_t len_bytes)
{
	if (len_bytes < ETH_HLEN) {
		fprintf(out, "[%zu octets]", len_bytes);
		return;
	}
	fprintf(out, "[");
	switch (be16(frame + 12)) {
	case ETH_P_ARP:
		arp_line(out, frame + ETH_HLEN, len_bytes - ETH_HLEN);
		break;
	case ETH_P_IP:
		ip_line(out, frame + ETH_HLEN, len_bytes - ETH_HLEN);
		break;
	default:
		fprintf(out, "type 0x%04x", be16(frame + 12));
	}
	fprintf(out, ", %zu octets]", len_bytes);
}

/* ------------------------------------------------------------------ octets of other kinds */

static void print_text(FILE *out, const char *text)
{
	putc('"', out);
	for (const char *c = text; *c; c++) {
		if (*c >= ' ' && *c < 0x7f && *c != '"' && *c != '\\')
			putc(*c, out);
		else
			fprintf(out, "\\x%02x", (unsigned char)*c);
	}
	putc('"', out);
}

static void print_sockaddr(FILE *out, const uint8_t *p, size_t len)
{
	struct sockaddr_in sin;
	struct sockaddr_nl nl;

	memset(&sin, 0, sizeof(sin));
	memcpy(&sin, p, len < sizeof(sin) ? len : sizeof(sin));
	if (sin.sin_family == AF_INET && len >= 8) {
		print_addr(out, (const uint8_t *)&sin.sin_addr);
		fprintf(out, ":%u", ntohs(sin.sin_port));
	} else if (sin.sin_family == AF_NETLINK && len >= sizeof(nl)) {
		memcpy(&nl, p, sizeof(nl));
		fprintf(out, "netlink:%u", nl.nl_pid);
	} else {
		fprintf(out, "family %u", sin.sin_family);
	}
}

static const char *netlink_name(unsigned type)
{
	static const struct {
		unsigned type;
		const char *name;
	} names[] = {
		{ RTM_NEWLINK, "RTM_NEWLINK" },         { RTM_DELLINK, "RTM_DELLINK" },
		{ RTM_GETLINK, "RTM_GETLINK" },         { RTM_SETLINK, "RTM_SETLINK" },
		{ RTM_NEWADDR, "RTM_NEWADDR" },         { RTM_DELADDR, "RTM_DELADDR" },
		{ RTM_GETADDR, "RTM_GETADDR" },         { RTM_NEWROUTE, "RTM_NEWROUTE" },
		{ RTM_DELROUTE, "RTM_DELROUTE" },       { RTM_GETROUTE, "RTM_GETROUTE" },
		{ RTM_NEWNEIGH, "RTM_NEWNEIGH" },       { RTM_DELNEIGH, "RTM_DELNEIGH" },
		{ RTM_GETNEIGH, "RTM_GETNEIGH" },       { RTM_NEWRULE, "RTM_NEWRULE" },
		{ RTM_DELRULE, "RTM_DELRULE" },         { RTM_GETRULE, "RTM_GETRULE" },
		{ RTM_GETNEIGHTBL, "RTM_GETNEIGHTBL" }, { RTM_SETNEIGHTBL, "RTM_SETNEIGHTBL" },
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		if (names[i].type == type)
			return names[i].name;
	}
	return NULL;
}

static void print_netlink(FILE *out, const uint8_t *p, size_t len)
{
	struct nlmsghdr h;
	const char *name;

	if (len < sizeof(h)) {
		fprintf(out, "[netlink, %zu octets]", len);
		return;
	}
	memcpy(&h, p, sizeof(h));
	name = netlink_name(h.nlmsg_type);
	if (name)
		fprintf(out, "[%s", name);
	else
		fprintf(out, "[netlink type %u", h.nlmsg_type);
	fprintf(out, " flags 0x%x, %zu octets]", h.nlmsg_flags, len);
}

static void print_octets(FILE *out, const uint8_t *p, size_t len)
{
	fprintf(out, "[");
	for (size_t i = 0; i < len && i < TEXT_OCTETS; i++)
		fprintf(out, "%02x", p[i]);
	fprintf(out, "%s %zu octets]", len > TEXT_OCTETS ? "..," : len ? "," : "", len);
}

/* ------------------------------------------------------------------ fields */

static bool label_is(const char *label, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(label, word, len);
}

static bool is_netlink(const struct record_text *t, const struct nethood_record_event *e)
{
	return e->fields[0] == 's' && e->value[0] < RECORD_TEXT_SOCKS && t->family[e->value[0]] == AF_NETLINK;
}

static void print_block(const struct record_text *t, const struct nethood_record_event *e, unsigned i,
			const char *label, size_t len)
{
	const uint8_t *p = e->octets[i], *frame;
	size_t bytes = (size_t)e->value[i];

	frame = record_input_frame(e, &bytes);
	if (!p)
		fprintf(t->out, "NULL");
	else if (label_is(label, len, "frame"))
		record_text_frame(t->out, p, bytes);
	else if (frame)
		record_text_frame(t->out, frame, bytes);
	else if (label_is(label, len, "to") || (label_is(label, len, "addr") && e->fields[0] == 's'))
		print_sockaddr(t->out, p, bytes);
	else if (label_is(label, len, "data") && is_netlink(t, e))
		print_netlink(t->out, p, bytes);
	else
		print_octets(t->out, p, bytes);
}

static void print_field(const struct record_text *t, const struct nethood_record_event *e, unsigned i,
			const char *label, size_t len)
{
	char room[32];

	if (label_is(label, len, "hash"))
		return;
	fprintf(t->out, " %.*s ", (int)len, label);
	switch (e->fields[i]) {
	case 'z':
		if (e->octets[i])
			print_text(t->out, (const char *)e->octets[i]);
		else
			fprintf(t->out, "NULL");
		return;
	case 'b':
		print_block(t, e, i, label, len);
		return;
	case 'i':
		fprintf(t->out, "%s", record_text_error((int64_t)e->value[i], room));
		return;
	case 't':
		fprintf(t->out, "%.9f", (double)(e->value[i] - t->begin_ns) / 1e9);
		return;
	default:
		if (label_is(label, len, "what") && !strcmp(e->name, "input"))
			fprintf(t->out, "%s", nethood_record_input_name(e->value[i]));
		else
			fprintf(t->out, "%llu", (unsigned long long)e->value[i]);
	}
}

/* ------------------------------------------------------------------ lines */

static void learn(struct record_text *t, const struct nethood_record_event *e)
{
	if (!strcmp(e->name, "socket")) {
		t->domain = (int)e->value[0];
		t->domain_depth = e->depth;
	} else if (!strcmp(e->name, "return") && t->domain && e->depth == t->domain_depth) {
		if (!e->value[0] && ++t->made < RECORD_TEXT_SOCKS)
			t->family[t->made] = (uint8_t)t->domain;
		t->domain = 0;
	}
}

static void end_line(struct record_text *t)
{
	if (t->open)
		putc('\n', t->out);
	t->open = false;
}

void record_text_end(struct record_text *t)
{
	end_line(t);
}

void record_text_event(struct record_text *t, const struct nethood_record_event *e)
{
	const char *label = e->labels;
	char room[32];

	learn(t, e);
	if (!strcmp(e->name, "check"))
		return;
	if (!strcmp(e->name, "return")) {
		if (!t->open)
			fprintf(t->out, "%25s%*s", "", (int)(2 * e->depth), "");
		fprintf(t->out, " -> %s\n", record_text_error((int64_t)e->value[0], room));
		t->open = false;
		return;
	}
	end_line(t);
	if (e->is_event)
		fprintf(t->out, "%8llu ", (unsigned long long)e->number);
	else
		fprintf(t->out, "%8s ", "");
	fprintf(t->out, "%14.6f  %*s%s", (double)(e->time_ns - t->begin_ns) / 1e9, (int)(2 * e->depth), "", e->name);
	for (unsigned i = 0; e->fields[i]; i++) {
		size_t len = strcspn(label, ",");

		print_field(t, e, i, label, len);
		label += len + (label[len] == ',');
	}
	t->open = true;
	if (!e->has_return)
		end_line(t);
}
