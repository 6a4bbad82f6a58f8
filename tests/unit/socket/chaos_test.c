// SPDX-License-Identifier: BSD-2-Clause
/* Random calls with random arguments on many sockets of two nets: nothing crashes, nothing leaks, the ledger is right.
 *
 * Nobody says what a call should answer; the sanitizers and the assertions of the library are the judges.  With
 * CHAOS_INET6 half of the sockets, and of the addresses, are of IPv6.
 */
#include "twin.h"
#include "socket/ipv6_names.h"

#include <linux/sockios.h>

#ifdef CHAOS_INET6
#include "api_internal.h"
#include "ipv6/addrconf.h"
#endif

#define SOCKETS 24
#define CALLS 60000

struct chaos {
	struct nethood_net *net[2];
	struct nethood_dev *dev[2];
	struct nethood_sock *sk[SOCKETS];
	int owner[SOCKETS];
	uint64_t now_ns, random;
	unsigned frames, sent, received, errors;
	bool closing; /* who is told of something may close somebody */
};

static uint32_t rnd(struct chaos *c, uint32_t below)
{
	c->random = c->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(c->random >> 33) % below;
}

static const char *const addresses[] = { "10.0.0.1",        "10.0.0.2",  "10.0.0.255",  "10.0.0.77",
					 "127.0.0.1",       "127.9.9.9", "224.0.0.251", "239.1.1.1",
					 "255.255.255.255", "0.0.0.0",   "192.0.2.1",   "240.0.0.1" };

/** union any_addr - of either family */
union any_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

#ifdef CHAOS_INET6
static const char *const addresses6[] = { "fd10::1",
					  "fd10::2",
					  "fd10::77",
					  "::1",
					  "::",
					  "ff02::fb",
					  "ff05::1:3",
					  "fe80::1",
					  "fd99::1",
					  "ff01::1",
					  "::ffff:10.0.0.1",
					  "::ffff:10.0.0.2",
					  "::ffff:127.0.0.1",
					  "::ffff:224.0.0.251",
					  "::ffff:0.0.0.0",
					  "2001:db8::1" };

static struct sockaddr_in6 random_addr6(struct chaos *c)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };

	sin6.sin6_port = htons((uint16_t)(rnd(c, 4) ? 1000 + (int)rnd(c, 6) : (int)rnd(c, 65536)));
	assert_int_equal(inet_pton(AF_INET6, addresses6[rnd(c, 16)], &sin6.sin6_addr), 1);
	if (!rnd(c, 3))
		sin6.sin6_scope_id = rnd(c, 4);
	if (!rnd(c, 4))
		sin6.sin6_flowinfo = rnd(c, 2) ? htonl(rnd(c, 9)) : rnd(c, 1U << 31);
	return sin6;
}
#endif

static union any_addr random_addr(struct chaos *c)
{
	union any_addr addr = { 0 };

#ifdef CHAOS_INET6
	if (rnd(c, 3)) {
		addr.in6 = random_addr6(c);
		return addr;
	}
#endif
	addr.in = t_addr(addresses[rnd(c, 12)], rnd(c, 4) ? 1000 + (int)rnd(c, 6) : (int)rnd(c, 65536));
	if (!rnd(c, 20))
		addr.sa.sa_family = (sa_family_t)rnd(c, 20);
	return addr;
}

/* Of one socket. */
static int random_domain(struct chaos *c)
{
#ifdef CHAOS_INET6
	return rnd(c, 3) ? AF_INET6 : AF_INET;
#else
	(void)c;
	return AF_INET;
#endif
}

static void told(void *ctx, struct nethood_sock *sk, uint32_t events)
{
	struct chaos *c = ctx;
	char buf[100];

	(void)events;
	if (rnd(c, 3)) {
		nethood_recvfrom(sk, buf, sizeof(buf), 0, NULL, NULL);
		return;
	}
	if (!c->closing || rnd(c, 8))
		return;
	for (int i = 0; i < SOCKETS; i++) {
		if (c->sk[i] == sk || (c->sk[i] && !rnd(c, 10))) {
			nethood_close(c->sk[i]);
			c->sk[i] = NULL;
		}
	}
}

static void open_one(struct chaos *c, int i)
{
	static const struct {
		int type, protocol;
	} kinds[] = { { SOCK_DGRAM, 0 },   { SOCK_DGRAM, 0 },  { SOCK_DGRAM, 0 }, { SOCK_RAW, 1 },
		      { SOCK_DGRAM, 1 },   { SOCK_RAW, 255 },  { SOCK_RAW, 17 },  { SOCK_STREAM, 0 },
		      { SOCK_RAW, 99999 }, { SOCK_DGRAM, -1 }, { SOCK_RAW, 2 } };
	uint32_t k = rnd(c, 11), owner = rnd(c, 2);

	int domain = random_domain(c), protocol = kinds[k].protocol;

	if (domain == AF_INET6 && protocol == 1)
		protocol = IPPROTO_ICMPV6;
	if (nethood_socket(c->net[owner], domain, kinds[k].type, protocol, &c->sk[i]))
		return;
	c->owner[i] = (int)owner;
	if (rnd(c, 2))
		nethood_on_ready(c->sk[i], told, c);
	nethood_sock_set_admin(c->sk[i], rnd(c, 4));
}

static void random_cmsg(struct chaos *c, struct msghdr *msg, char *control, size_t size)
{
	struct cmsghdr *cm = (struct cmsghdr *)(void *)control;

	for (size_t i = 0; i < size; i++)
		control[i] = (char)rnd(c, 256);
	cm->cmsg_len = rnd(c, 3) ? CMSG_LEN(rnd(c, 20)) : rnd(c, 300);
	cm->cmsg_level = (const int[]){ SOL_IP, SOL_SOCKET, IPPROTO_UDP, 7, SOL_IPV6, SOL_IPV6 }[rnd(c, 6)];
	cm->cmsg_type = (int)rnd(c, 110);
	msg->msg_control = control;
	msg->msg_controllen = rnd(c, (uint32_t)size);
}

static void send_one(struct chaos *c, struct nethood_sock *sk)
{
	static const int flags[] = { 0, 0, 0, MSG_MORE, MSG_DONTROUTE, MSG_CONFIRM, MSG_OOB, 0x10 /* MSG_PROBE */ };
	static char data[70000];
	_Alignas(8) char control[128];
	union any_addr to = random_addr(c);
	struct iovec iov[3] = { { data, rnd(c, 8) ? rnd(c, 100) : rnd(c, 70000) },
				{ data, rnd(c, 3) * rnd(c, 50) },
				{ data, 1 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 1 + (rnd(c, 4) ? 0 : rnd(c, 3)) };

	data[0] = (char)(const int[]){ 8, 0x45, 128,
				       0x60 }[rnd(c, 4)]; /* an echo request, or the beginning of an IP header */
	data[1] = (char)(rnd(c, 4) ? 0 : rnd(c, 256));
	if (rnd(c, 3)) {
		msg.msg_name = &to;
		msg.msg_namelen = rnd(c, 20) ? sizeof(to) : rnd(c, 20);
	}
	if (!rnd(c, 4))
		random_cmsg(c, &msg, control, sizeof(control));
	c->sent += nethood_sendmsg(sk, &msg, flags[rnd(c, 8)]) >= 0;
}

static void receive_one(struct chaos *c, struct nethood_sock *sk)
{
	static const int flags[] = { 0, 0, MSG_PEEK, MSG_TRUNC, MSG_ERRQUEUE, MSG_ERRQUEUE | MSG_PEEK, MSG_OOB };
	char buf[2000];
	_Alignas(8) char control[256];
	union any_addr from;
	struct iovec iov[2] = { { buf, rnd(c, 1000) }, { buf + 1000, rnd(c, 1000) } };
	struct msghdr msg = { .msg_iov = iov,
			      .msg_iovlen = rnd(c, 3),
			      .msg_name = rnd(c, 2) ? &from : NULL,
			      .msg_namelen = rnd(c, sizeof(from) + 1),
			      .msg_control = rnd(c, 2) ? control : NULL,
			      .msg_controllen = rnd(c, sizeof(control)) };

	c->received += nethood_recvmsg(sk, &msg, flags[rnd(c, 7)]) >= 0;
	c->errors += !!(msg.msg_flags & MSG_ERRQUEUE);
}

/* A request of IPV6_FLOWLABEL_MGR for one of few labels, sometimes with headers. */
static socklen_t random_label(struct chaos *c, uint8_t *value)
{
	static const uint8_t shares[] = { 0, 1, 2, 3, 255, 255, 255 };
	uint8_t req[32] = { 0 };
	const struct {
		struct cmsghdr cmsg;
		uint8_t hdr[8];
	} headers = { { CMSG_LEN(8), SOL_IPV6, rnd(c, 2) ? IPV6_HOPOPTS : IPV6_RTHDRDSTOPTS }, { 0, 0, 1, 4 } };

	req[15] = (uint8_t)rnd(c, 9);
	req[19] = (uint8_t)rnd(c, 9);
	req[20] = (uint8_t)rnd(c, 4);
	req[21] = shares[rnd(c, 7)];
	req[22] = (uint8_t)(rnd(c, 2) ? 1 : rnd(c, 16));
	req[24] = (uint8_t)rnd(c, 256);
	req[26] = (uint8_t)rnd(c, 9);
	memcpy(value, req, sizeof(req));
	memcpy(value + sizeof(req), &headers, sizeof(headers));
	return rnd(c, 4) ? sizeof(req) : sizeof(req) + sizeof(headers);
}

static void option_one(struct chaos *c, struct nethood_sock *sk)
{
	static const int levels[] = { SOL_SOCKET, SOL_IP, IPPROTO_UDP, 255, 77, SOL_IPV6, SOL_IPV6, SOL_ICMPV6 };
	_Alignas(8) uint8_t value[300];
	int level = levels[rnd(c, 8)], name = (int)rnd(c, 110), v = rnd(c, 2) ? (int)rnd(c, 3) : (int)rnd(c, 1U << 31);
	socklen_t len = rnd(c, 2) ? 4 : rnd(c, 48);

	memset(value, 0, sizeof(value));
	memcpy(value, &v, sizeof(v));
	if (level == SOL_SOCKET && name == SO_ATTACH_FILTER)
		return; /* takes a pointer */
	if (level == SOL_IP && name >= IP_MULTICAST_IF && rnd(c, 4)) {
		const struct ip_mreqn req = { .imr_multiaddr = random_addr(c).in.sin_addr,
					      .imr_ifindex = (int)rnd(c, 4) };

		memcpy(value, &req, sizeof(req));
		len = sizeof(req);
	}
	if (level == SOL_IPV6 && !rnd(c, 4)) {
		name = IPV6_FLOWLABEL_MGR;
		len = random_label(c, value);
	} else if (level == SOL_IPV6 && rnd(c, 3)) {
		struct group_source_req req = { .gsr_interface = rnd(c, 3) };
		union any_addr group = random_addr(c), source = random_addr(c);

		memcpy(&req.gsr_group, &group, sizeof(group));
		memcpy(&req.gsr_source, &source, sizeof(source));
		name = (const int[]){
			IPV6_JOIN_GROUP,   IPV6_LEAVE_GROUP,   42,           43,           44,        45, 46, 47, 48,
			IPV6_JOIN_ANYCAST, IPV6_LEAVE_ANYCAST, IPV6_DSTOPTS, IPV6_HOPOPTS, IPV6_RTHDR
		}[rnd(c, 14)];
		memcpy(value, &req, sizeof(req));
		len = sizeof(req);
		if (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP || name == IPV6_JOIN_ANYCAST) {
			const struct ipv6_mreq mreq = { group.in6.sin6_addr, rnd(c, 3) };

			memcpy(value, &mreq, sizeof(mreq));
		}
		if (name >= IPV6_HOPOPTS) {
			for (int i = 0; i < 40; i++)
				value[i] = (uint8_t)(rnd(c, 3) ? rnd(c, 4) : rnd(c, 256));
			len = rnd(c, 6) * 8;
		}
	}
	if (level == SOL_IP && name == IP_OPTIONS) {
		for (int i = 0; i < 40; i++)
			value[i] = (uint8_t)(rnd(c, 3) ? rnd(c, 12) : rnd(c, 256));
		len = rnd(c, 45);
	}
	if (rnd(c, 3))
		nethood_setsockopt(sk, level, name, value, len);
	else
		nethood_getsockopt(sk, level, name, value, &len);
}

static void ioctl_one(struct chaos *c, struct nethood_sock *sk)
{
	static const unsigned long requests[] = { SIOCGIFADDR,  SIOCSIFADDR,    SIOCGIFCONF,    SIOCGIFFLAGS,
						  SIOCSIFFLAGS, SIOCSIFNETMASK, SIOCSIFBRDADDR, SIOCGIFINDEX,
						  SIOCGIFNAME,  FIONREAD,       TIOCOUTQ,       SIOCGIFHWADDR,
						  SIOCSIFMTU,   SIOCGIFMTU,     0x8906 };
	struct sockaddr_in sin = random_addr(c).in;
	struct ifreq ifr = { .ifr_name = "eth0" };
	unsigned long request = requests[rnd(c, 15)];
	struct ifconf conf = { .ifc_len = (int)rnd(c, 100), .ifc_buf = NULL };

	if (!rnd(c, 5))
		strcpy(ifr.ifr_name, rnd(c, 2) ? "lo" : "eth0:1");
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	if (request == SIOCSIFFLAGS)
		ifr.ifr_flags = rnd(c, 8) ? IFF_UP | IFF_BROADCAST : 0;
	if (request == SIOCSIFMTU)
		ifr.ifr_mtu = (int)rnd(c, 2000);
	if (request == SIOCGIFCONF)
		nethood_ioctl(sk, request, &conf, sizeof(conf));
	else
		nethood_ioctl(sk, request, &ifr, rnd(c, 30) ? sizeof(ifr) : rnd(c, 8));
}

static void call_one(struct chaos *c)
{
	int i = (int)rnd(c, SOCKETS);
	union any_addr addr = random_addr(c);
	socklen_t len = rnd(c, 20) ? sizeof(addr) : rnd(c, 30);
	struct nethood_sock *sk = c->sk[i];

	if (!sk) {
		open_one(c, i);
		return;
	}
	switch (rnd(c, 16)) {
	case 0:
		nethood_bind(sk, (struct sockaddr *)&addr, len);
		break;
	case 1:
		nethood_connect(sk, (struct sockaddr *)&addr, len);
		break;
	case 2:
		addr.sa.sa_family = AF_UNSPEC;
		nethood_connect(sk, (struct sockaddr *)&addr, len);
		break;
	case 3:
		if (rnd(c, 4))
			break;
		nethood_close(sk);
		c->sk[i] = NULL;
		break;
	case 4:
	case 5:
		option_one(c, sk);
		break;
	case 6:
		ioctl_one(c, sk);
		break;
	case 7:
		if (!rnd(c, 10))
			nethood_shutdown(sk, (int)rnd(c, 4)); /* after which it may be closed: its owner was told */
		else
			(void)nethood_readiness(sk);
		break;
	case 8:
	case 9:
	case 10:
		receive_one(c, sk);
		break;
	default:
		send_one(c, sk);
		break;
	}
}

static void up_again(struct chaos *c, int host)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP | IFF_BROADCAST };
	struct sockaddr_in sin = t_addr(host ? "10.0.0.2" : "10.0.0.1", 0);
	struct nethood_sock *sk;

	assert_int_equal(nethood_socket(c->net[host], AF_INET, SOCK_DGRAM, 0, &sk), 0);
	strcpy(ifr.ifr_name, "lo");
	nethood_ioctl(sk, SIOCSIFFLAGS, &ifr, sizeof(ifr));
	strcpy(ifr.ifr_name, "eth0");
	nethood_ioctl(sk, SIOCSIFFLAGS, &ifr, sizeof(ifr));
	ifr.ifr_mtu = 1500;
	nethood_ioctl(sk, SIOCSIFMTU, &ifr, sizeof(ifr));
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	nethood_ioctl(sk, SIOCSIFADDR, &ifr, sizeof(ifr));
	nethood_close(sk);
#ifdef CHAOS_INET6
	struct ifa6_config address = { .prefix_len = 64,
				       .flags = IFA_F_NODAD | IFA_F_PERMANENT,
				       .valid_lft_s = INFINITY_LIFE_TIME,
				       .prefered_lft_s = INFINITY_LIFE_TIME };

	inet_pton(AF_INET6, host ? "fd10::2" : "fd10::1", &address.addr);
	(void)inet6_addr_add(dev_of(c->dev[host]), &address, NULL);
#endif
}

static void captured(void *ctx, const char *dev, bool out, uint64_t now_ns, const struct iovec *frame, int pieces)
{
	(void)dev;
	(void)out;
	(void)now_ns;
	assert_true(pieces > 0 && frame->iov_len > 0);
	((struct chaos *)ctx)->frames++;
}

static void world_begin(struct chaos *c, unsigned seed)
{
	*c = (struct chaos){ .now_ns = 1000000000ULL, .random = seed, .closing = seed & 1 };
	for (int i = 0; i < 2; i++) {
		const struct nethood_config cfg = { .random_key = { (uint8_t)seed, (uint8_t)i }, .now_ns = c->now_ns };
		const struct nethood_dev_config dev = { .name = "eth0", .driver = "wire", .fd = -1 };

		assert_int_equal(nethood_create(&cfg, &c->net[i]), 0);
		assert_int_equal(nethood_dev_create(c->net[i], &dev, &c->dev[i]), 0);
		up_again(c, i);
	}
	assert_int_equal(nethood_wire(c->dev[0], c->dev[1]), 0);
	assert_int_equal(nethood_capture(c->net[0], captured, c), 0);
}

static int no_unnamed_drop(void *ctx, const struct nethood_drop *drop)
{
	(void)ctx;
	if (!strcmp(drop->reason, "NOT_SPECIFIED"))
		fail_msg("dropped for no reason by %s", drop->where);
	return 0;
}

static void run_seed(unsigned seed)
{
	struct chaos c;

	world_begin(&c, seed);
	for (unsigned n = 0; n < CALLS; n++) {
		call_one(&c);
		if (rnd(&c, 3))
			continue;
		c.now_ns += rnd(&c, 10) ? rnd(&c, 1000000) : rnd(&c, 2000000000);
		nethood_poll(c.net[0], c.now_ns);
		nethood_poll(c.net[1], c.now_ns);
		if (!rnd(&c, 50))
			up_again(&c, (int)rnd(&c, 2));
	}
	for (int i = 0; i < 2; i++) {
		struct nethood_ledger l;

		nethood_ledger(c.net[i], &l);
		assert_int_equal(l.taken_in, l.live + l.consumed + l.dropped);
		nethood_drops_each(c.net[i], no_unnamed_drop, NULL);
		nethood_free(c.net[i]);
	}
	print_message("seed %u: %u sent, %u received, %u errors told, %u frames\n", seed, c.sent, c.received, c.errors,
		      c.frames);
	assert_true(c.frames > 100 && c.sent > 500 && c.received > 200); /* or it would prove nothing */
}

static void test_chaos(void **state)
{
	const char *more = getenv("NETHOOD_CHAOS_SEEDS");
	unsigned seeds = more ? (unsigned)atoi(more) : 4;

	(void)state;
	for (unsigned seed = 1; seed <= seeds; seed++)
		run_seed(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_chaos) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
