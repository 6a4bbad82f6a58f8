// SPDX-License-Identifier: BSD-2-Clause
/* A net that is recorded: see record_host.h. */
#include "record_host.h"

/* ---- memory that fails */

static bool must_fail(void *ctx, const char *site, size_t size_bytes)
{
	struct host *h = ctx;

	(void)site;
	(void)size_bytes;
	return ++h->allocations == h->fail_at;
}

static void *take(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return malloc(size_bytes);
}

static void *take_zeroed(void *ctx, size_t size_bytes)
{
	(void)ctx;
	return calloc(1, size_bytes);
}

static void give_back(void *ctx, void *p, size_t size_bytes)
{
	(void)ctx;
	(void)size_bytes;
	free(p);
}

/* ---- the embedder */

int on_xmit(void *ctx, const struct iovec *frame, int pieces)
{
	struct host *h = ctx;
	u8 room[2048];
	size_t bytes = 0;

	if (h->busy) {
		h->busy--;
		return -EAGAIN;
	}
	h->sent++;
	for (int i = 0; i < pieces && bytes + frame[i].iov_len <= sizeof(room); i++) {
		memcpy(room + bytes, frame[i].iov_base, frame[i].iov_len);
		bytes += frame[i].iov_len;
	}
	if (h->echo)
		nethood_dev_receive(h->dev, room, bytes);
	return 0;
}

static int nowhere(void *ctx, const void *data, size_t len_bytes)
{
	(void)ctx;
	(void)data;
	(void)len_bytes;
	return 0;
}

void on_ready(void *ctx, struct nethood_sock *sk, uint32_t events)
{
	struct nethood_record_cursor cursor = { 0, 0 };
	struct host *h = ctx;
	u8 room[2048];

	(void)events;
	h->ready++;
	if (h->read_on_ready) {
		h->write_in_callback = nethood_record_write(h->net, &cursor, 1, nowhere, NULL);
		while (nethood_recvfrom(sk, room, sizeof(room), 0, NULL, NULL) >= 0)
			;
	}
}

static void on_log(void *ctx, const char *line)
{
	(void)line;
	((struct host *)ctx)->lines++;
}

void poll_for(struct host *h, u64 ns)
{
	u64 end = h->now + ns, next;

	do {
		next = nethood_next_deadline(h->net);
		h->now = next < h->now ? h->now : next < end ? next : end;
		while (nethood_poll(h->net, h->now))
			;
	} while (h->now < end);
}

/* One rtnetlink request, its answer read and dropped. */
static void ask(struct host *h, const void *request, size_t bytes)
{
	_Alignas(8) u8 answer[8192];
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)(const void *)answer;

	nethood_sendto(h->admin, request, bytes, 0, NULL, 0);
	if (nethood_recvfrom(h->admin, answer, sizeof(answer), 0, NULL, NULL) < (ssize_t)sizeof(*nlh))
		return; /* without memory there is no answer */
	if (!h->fail_at && nlh->nlmsg_type == NLMSG_ERROR && ((const struct nlmsgerr *)NLMSG_DATA(nlh))->error)
		fail_msg("rtnetlink: %d", ((const struct nlmsgerr *)NLMSG_DATA(nlh))->error);
}

void link_up(struct host *h, int ifindex)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg m;
	} rq = { { sizeof(rq), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0 },
		 { .ifi_index = ifindex, .ifi_flags = IFF_UP, .ifi_change = IFF_UP } };

	ask(h, &rq, sizeof(rq));
}

void addr_add(struct host *h, int ifindex, u32 addr)
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg m;
		struct rtattr a;
		u32 local;
	} rq = { { sizeof(rq), RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 2, 0 },
		 { .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = (u32)ifindex },
		 { 8, IFA_LOCAL },
		 htonl(addr) };

	ask(h, &rq, sizeof(rq));
}

struct sockaddr_in in(u32 addr, u16 port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { htonl(addr) } };
}

/* Return: what nethood_create() said */
int host_create(struct host *h, size_t record_bytes, u64 fail_at)
{
	const struct nethood_allocator memory = { take, take_zeroed, give_back, must_fail, h, NULL };
	struct nethood_config cfg = { .hostname = "tape",
				      .memory = fail_at ? &memory : NULL,
				      .random_key = { 7 },
				      .now_ns = NOW,
				      .wall_ns = 1700000000 * SECOND,
				      .log = on_log,
				      .log_ctx = h,
				      .record_bytes = record_bytes };

	memset(h, 0, sizeof(*h));
	h->now = NOW;
	h->fail_at = fail_at;
	return nethood_create(&cfg, &h->net);
}

void host_begin(struct host *h, const char *driver)
{
	const u8 mac[6] = { 2, 0, 0, 0, 0, h->number };
	const struct nethood_dev_config dev = {
		.name = "eth0", .driver = driver, .fd = -1, .lladdr = mac, .xmit = on_xmit, .ctx = h
	};

	assert_int_equal(nethood_socket(h->net, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, &h->admin), 0);
	link_up(h, 1);
	addr_add(h, 1, 0x7f000001);
	assert_int_equal(nethood_dev_create(h->net, &dev, &h->dev), 0);
	link_up(h, nethood_dev_ifindex(h->dev));
	addr_add(h, nethood_dev_ifindex(h->dev), 0x0a000001U + h->number);
	assert_int_equal(nethood_socket(h->net, AF_INET, SOCK_DGRAM, 0, &h->udp), 0);
}

/* ---- a recording, in memory */

static int keep(void *ctx, const void *data, size_t len_bytes)
{
	struct octets *o = ctx;

	o->data = realloc(o->data, o->bytes + len_bytes + 1);
	assert_non_null(o->data);
	memcpy(o->data + o->bytes, data, len_bytes);
	o->bytes += len_bytes;
	return 0;
}

struct octets record(struct host *h, size_t piece_bytes)
{
	struct nethood_record_cursor cursor = { 0, 0 };
	struct octets o = { NULL, 0 };
	int ret;

	do {
		ret = nethood_record_write(h->net, &cursor, piece_bytes, keep, &o);
	} while (ret == 1);
	assert_int_equal(ret, 0);
	return o;
}

struct nethood_replay_result replay(struct octets *o, int want_err)
{
	const struct nethood_replay_config cfg = { .until_event = 0 };
	struct nethood_record_file f;
	struct nethood_replay_result r;
	int err = nethood_record_parse(o->data, o->bytes, &f);

	if (err)
		print_message("%s at %llu\n", f.error, (unsigned long long)f.error_offset);
	assert_int_equal(err, 0);
	assert_int_equal(nethood_replay(&f, &cfg, &r), want_err);
	return r;
}

void same_again(struct host *h)
{
	struct octets o = record(h, RING);
	struct nethood_replay_result r = replay(&o, 0);

	if (r.divergence.kind)
		print_message("kind %d, event %llu, %s, next %s: live %lld, replay %lld\n", (int)r.divergence.kind,
			      (unsigned long long)r.divergence.event, r.divergence.call, r.divergence.next,
			      (long long)r.divergence.live, (long long)r.divergence.replayed);
	assert_int_equal(r.divergence.kind, NETHOOD_SAME);
	assert_true(r.complete);
	free(o.data);
}

int note_op(void *ctx, const struct nethood_record_event *e)
{
	((bool *)ctx)[e->op] = true;
	return 0;
}
