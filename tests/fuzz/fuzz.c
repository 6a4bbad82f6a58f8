// SPDX-License-Identifier: BSD-2-Clause
/* What the fuzz targets share: see fuzz.h. */
#include "fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define POLLS_MAX 10000U /* at one time: more, and it would never end */
#define TIMERS_MAX 2000U /* in one step of time */
#define FRAME_MAX_BYTES 70000U

/* ------------------------------------------------------------------ telling */

static struct {
	const char *path;
	u32 number;
} running; /* the one input of the process */

void fuzz_input_name(const char *path, u32 number)
{
	running.path = path;
	running.number = number;
}

void fuzz_fail(const char *fmt, ...)
{
	va_list args;

	if (running.path)
		fprintf(stderr, "%s, input %u: ", running.path, running.number);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

/* ------------------------------------------------------------------ memory */

static void *counted_alloc(void *ctx, size_t size_bytes)
{
	struct fuzz_mem *m = ctx;
	void *p = malloc(size_bytes);

	m->live_bytes += p ? size_bytes : 0;
	return p;
}

static void *counted_zalloc(void *ctx, size_t size_bytes)
{
	struct fuzz_mem *m = ctx;
	void *p = calloc(1, size_bytes);

	m->live_bytes += p ? size_bytes : 0;
	return p;
}

static void counted_free(void *ctx, void *p, size_t size_bytes)
{
	struct fuzz_mem *m = ctx;

	m->live_bytes -= p ? size_bytes : 0;
	free(p);
}

static bool runs_out(void *ctx, const char *site, size_t size_bytes)
{
	struct fuzz_mem *m = ctx;

	(void)site, (void)size_bytes;
	if (!m->fail_after)
		return false;
	if (--m->fail_after)
		return false;
	m->fail_after = m->fail_on ? 1 : 0;
	return true;
}

void fuzz_memory(struct fuzz_net *fn, u32 after, bool on)
{
	fn->mem.fail_after = after;
	fn->mem.fail_on = on;
}

/* ------------------------------------------------------------------ a net */

static int dev_xmit(void *ctx, const struct iovec *frame, int pieces)
{
	struct fuzz_dev *d = ctx;
	static _Alignas(8) u8 room[2 + FRAME_MAX_BYTES];
	u8 *const flat = room + 2; /* what is behind an Ethernet header is aligned */
	size_t len_bytes = 0;

	if (d->busy)
		return -EAGAIN;
	for (int i = 0; i < pieces; i++) {
		if (len_bytes + frame[i].iov_len > FRAME_MAX_BYTES)
			fuzz_fail("a frame of more than %u octets", FRAME_MAX_BYTES);
		memcpy(flat + len_bytes, frame[i].iov_base, frame[i].iov_len);
		len_bytes += frame[i].iov_len;
	}
	if (d->fn->sent)
		d->fn->sent(d->fn, d, flat, len_bytes);
	return 0;
}

static void create_dev(struct fuzz_net *fn, u32 i)
{
	struct fuzz_dev *d = &fn->dev[i];
	char name[16];
	const struct nethood_dev_config config = {
		.name = name, .driver = "user", .fd = -1, .lladdr = d->mac, .xmit = dev_xmit, .ctx = d
	};

	d->fn = fn;
	memcpy(d->mac, (const u8[]){ 2, 0, 0, 0, 0, (u8)(i + 1) }, FUZZ_MAC_BYTES);
	snprintf(name, sizeof(name), "eth%u", i);
	if (nethood_dev_create(fn->net, &config, &d->dev))
		fuzz_fail("no device");
}

void fuzz_net_create(struct fuzz_net *fn, enum nethood_profile profile)
{
	struct nethood_config config = { .random_key = { 1 },
					 .now_ns = FUZZ_BEGIN_NS,
					 .wall_ns = FUZZ_BEGIN_NS,
					 .profile = profile,
					 .memory = &fn->mem.ops };
	struct nethood_ledger ledger;

	fn->mem = (struct fuzz_mem){ .ops = { .alloc = counted_alloc,
					      .zalloc = counted_zalloc,
					      .free = counted_free,
					      .fail = runs_out,
					      .ctx = &fn->mem } };
	fn->now_ns = FUZZ_BEGIN_NS;
	if (nethood_create(&config, &fn->net))
		fuzz_fail("no net");
	nethood_ledger(fn->net, &ledger);
	fn->own_bytes = fn->mem.live_bytes - ledger.memory_bytes;
	for (u32 i = 0; i < FUZZ_DEVS; i++)
		create_dev(fn, i);
	if (nethood_socket(fn->net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &fn->admin))
		fuzz_fail("no socket");
}

void fuzz_net_free(struct fuzz_net *fn)
{
	fuzz_memory(fn, 0, false);
	nethood_free(fn->net);
	if (fn->mem.live_bytes)
		fuzz_fail("%zu octets are left when all is freed", fn->mem.live_bytes);
}

void fuzz_poll(struct fuzz_net *fn)
{
	u32 polls = 0;

	while (nethood_poll(fn->net, fn->now_ns)) {
		if (++polls > POLLS_MAX)
			fuzz_fail("never done");
	}
}

void fuzz_pass(struct fuzz_net *fn, u64 ns)
{
	u64 until_ns = fn->now_ns + ns;

	for (u32 i = 0; i < TIMERS_MAX; i++) {
		u64 next_ns = nethood_next_deadline(fn->net);

		if (next_ns > until_ns)
			break;
		fn->now_ns = next_ns > fn->now_ns ? next_ns : fn->now_ns;
		fuzz_poll(fn);
	}
	fn->now_ns = until_ns;
	fuzz_poll(fn);
}

void fuzz_check(struct fuzz_net *fn)
{
	const char *broken = nethood_check(fn->net);
	struct nethood_ledger ledger;

	if (broken)
		fuzz_fail("%s", broken);
	nethood_ledger(fn->net, &ledger);
	if (ledger.taken_in != ledger.live + ledger.consumed + ledger.dropped)
		fuzz_fail("packets vanished or came out of nothing");
	if (ledger.memory_bytes + fn->own_bytes != fn->mem.live_bytes)
		fuzz_fail("the net counts its memory otherwise than its allocator");
}

void fuzz_sysctl(struct fuzz_net *fn, const char *key, const char *value)
{
	(void)nethood_sysctl_set(fn->net, key, value);
}

/* ------------------------------------------------------------------ programs */

void fuzz_receive(struct nethood_sock *sk, struct input *in)
{
	static const int all_flags[] = { 0, MSG_ERRQUEUE, MSG_PEEK, MSG_TRUNC };
	int flags = all_flags[in_below(in, ARRAY_SIZE(all_flags))];
	u8 data[2048], control[1024];
	size_t data_bytes = in_u16(in) % sizeof(data), control_bytes = in_u16(in) % sizeof(control);
	struct sockaddr_storage name;

	for (u32 i = 0; sk && i < 8; i++) {
		struct iovec iov = { data, data_bytes };
		struct msghdr msg = { .msg_name = &name,
				      .msg_namelen = sizeof(name),
				      .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = control,
				      .msg_controllen = control_bytes };

		if (nethood_recvmsg(sk, &msg, flags) < 0)
			break;
	}
}

/* ------------------------------------------------------------------ administration */

int fuzz_request(struct fuzz_net *fn, struct nlmsghdr *nlh)
{
	_Alignas(struct nlmsghdr) u8 answer[4096];
	const struct nlmsghdr *got = (const struct nlmsghdr *)(const void *)answer;
	ssize_t len;
	int err;

	nlh->nlmsg_seq = ++fn->seq;
	nlh->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	len = nethood_sendto(fn->admin, nlh, nlh->nlmsg_len, 0, NULL, 0);
	if (len < 0)
		return (int)len;
	do {
		len = nethood_recvfrom(fn->admin, answer, sizeof(answer), 0, NULL, NULL);
	} while (len == -ENOBUFS ||
		 (len >= (ssize_t)sizeof(*got) && (got->nlmsg_type != NLMSG_ERROR || got->nlmsg_seq != fn->seq)));
	if (len < (ssize_t)(sizeof(*got) + sizeof(err)))
		return -EIO;
	memcpy(&err, answer + sizeof(*got), sizeof(err));
	return err;
}

struct request {
	_Alignas(struct nlmsghdr) u8 buf[512];
};

static struct nlmsghdr *begin(struct request *r, u16 type, u16 flags)
{
	struct nlmsghdr *nlh;

	memset(r, 0, sizeof(*r));
	nlh = mnl_nlmsg_put_header(r->buf);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	return nlh;
}

static u8 family_of(const char *addr)
{
	return strchr(addr, ':') ? AF_INET6 : AF_INET;
}

static void put_addr(struct nlmsghdr *nlh, u16 type, const char *addr)
{
	struct in6_addr in; /* of IPv4: its first four octets */

	if (inet_pton(family_of(addr), addr, &in) != 1)
		fuzz_fail("%s is no address", addr);
	mnl_attr_put(nlh, type, family_of(addr) == AF_INET6 ? sizeof(in) : sizeof(struct in_addr), &in);
}

int fuzz_link_up(struct fuzz_net *fn, int ifindex, bool up)
{
	struct request r;
	struct nlmsghdr *nlh = begin(&r, RTM_NEWLINK, 0);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));

	ifi->ifi_index = ifindex;
	ifi->ifi_flags = up ? IFF_UP : 0;
	ifi->ifi_change = IFF_UP;
	return fuzz_request(fn, nlh);
}

int fuzz_addr(struct fuzz_net *fn, int ifindex, const char *addr, u8 prefix_bits)
{
	struct request r;
	struct nlmsghdr *nlh = begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));

	ifa->ifa_family = family_of(addr);
	ifa->ifa_prefixlen = prefix_bits;
	ifa->ifa_index = (u32)ifindex;
	put_addr(nlh, IFA_LOCAL, addr);
	put_addr(nlh, IFA_ADDRESS, addr);
	return fuzz_request(fn, nlh);
}

int fuzz_route(struct fuzz_net *fn, const char *dst, u8 prefix_bits, const char *gateway, int ifindex)
{
	struct request r;
	struct nlmsghdr *nlh = begin(&r, RTM_NEWROUTE, NLM_F_CREATE);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));

	rtm->rtm_family = family_of(dst);
	rtm->rtm_dst_len = prefix_bits;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_protocol = RTPROT_STATIC;
	rtm->rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	rtm->rtm_type = RTN_UNICAST;
	put_addr(nlh, RTA_DST, dst);
	if (gateway)
		put_addr(nlh, RTA_GATEWAY, gateway);
	mnl_attr_put_u32(nlh, RTA_OIF, (u32)ifindex);
	return fuzz_request(fn, nlh);
}

int fuzz_neigh(struct fuzz_net *fn, int ifindex, const char *addr, const u8 *lladdr, u16 state, u8 flags)
{
	struct request r;
	struct nlmsghdr *nlh = begin(&r, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	ndm->ndm_family = family_of(addr);
	ndm->ndm_ifindex = ifindex;
	ndm->ndm_state = state;
	ndm->ndm_flags = flags;
	put_addr(nlh, NDA_DST, addr);
	if (lladdr)
		mnl_attr_put(nlh, NDA_LLADDR, FUZZ_MAC_BYTES, lladdr);
	return fuzz_request(fn, nlh);
}
