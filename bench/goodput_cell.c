// SPDX-License-Identifier: BSD-2-Clause
/* One stream for some seconds over a bad path: sender -> impair.h -> receiver, each of them nethood or the kernel.
 *
 * usage: goodput_cell --sides nk --cc cubic --seed 1 --seconds 8 [--loss PPM] [--dup PPM] [--late PPM] [--late-ms MS]
 *		[--ce PPM] [--mark OCTETS] [--delay-us US] [--jitter-us US] [--rate KBPS] [--queue OCTETS] [--ecn]
 *		[--sysctl KEY=VALUE] [--virtual [--grain-us US]] [--end] [--least KBPS] [--eager]
 *		[--trace MS] [--pcap FILE]
 *
 * "nk": nethood sends, the kernel receives.  A kernel side is a new network namespace with a TAP device, which needs
 * root, and is gone with the process; frames are of wire size on either side.  Each octet that arrives is compared.
 * Printed is one line of JSON: octets read while the time lasted.  "nn" can run in virtual time; --end then waits until
 * all that was written has been read, and then the end of the stream.  --grain-us is a machine so busy that it lets us
 * run at these times only; --least makes less an error; --eager writes without asking poll(2) first.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "impair.h"
#include "nethood/nethood.h"

#define PORT 5001U
#define FRAME_MAX 2048U
#define CHUNK 65536U
#define PERIOD 65521U /* of the octets of the stream: no power of two, so that what is misplaced differs */
#define PATIENCE_NS (3600 * 1000000000ULL)
#define SYSCTLS_MAX 16

/** struct side - a host: a nethood net, or a namespace */
struct side {
	u32 id;
	bool is_kernel;
	struct nethood_net *net;
	struct nethood_dev *dev;
	struct nethood_sock *sk, *listener;
	int tap, fd, listen_fd, netns;
};

static struct side sides[2];
static struct impair path;
static struct impair_config how = { .seed = 1, .delay_ns = 10000000, .rate_bps = 10000000, .queue_octets = 100000 };
static const char *congestion = "cubic";
static const char *sysctls[SYSCTLS_MAX][2] = {
	{ "net.ipv4.tcp_rmem", "4096 131072 6291456" },
	{ "net.ipv4.tcp_wmem", "4096 16384 4194304" },
};
static u32 sysctl_count = 2, trace_ms;
static u64 seconds = 8, grain_ns, least_kbps, now_ns, begun_ns, written, got, got_in_time;
static bool is_virtual, is_eager, to_the_end, shut, saw_end;
static u8 pattern[PERIOD + CHUNK];
static FILE *capture;

static void die(const char *what)
{
	fprintf(stderr, "goodput_cell: %s: %s\n", what, strerror(errno));
	exit(1);
}

static u64 clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

static void tick(void)
{
	if (!is_virtual)
		now_ns = clock_ns(CLOCK_MONOTONIC);
}

/* As the sender's side sees it: what leaves it, and what reaches it. */
static void captured(const void *frame, u32 len)
{
	u64 at = now_ns - begun_ns;
	u32 head[4] = { (u32)(at / 1000000000), (u32)(at % 1000000000), len, len };

	if (!capture)
		return;
	fwrite(head, sizeof(head), 1, capture);
	fwrite(frame, len, 1, capture);
}

static void capture_begin(const char *file)
{
	/* pcap with nanoseconds, Ethernet */
	const u32 head[6] = { 0xa1b23c4d, 2 | 4 << 16, 0, 0, FRAME_MAX, 1 };

	capture = fopen(file, "wb");
	if (!capture)
		die(file);
	fwrite(head, sizeof(head), 1, capture);
}

static void from_side(const struct side *s, const void *frame, u32 len)
{
	if (!s->id)
		captured(frame, len);
	impair_push(&path, s->id, frame, len, now_ns);
}

/* ------------------------------------------------------------------ a host */

static void mac_of(u32 id, u8 *mac)
{
	const u8 octets[ETH_ALEN] = { 2, 0, 0, 0, 0, (u8)(1 + id) };

	memcpy(mac, octets, ETH_ALEN);
}

static struct sockaddr_in addr_of(u32 id, u16 port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(0x0a4d0001 + id) };
}

static int side_ioctl(struct side *s, struct nethood_sock *sk, int fd, unsigned long request, void *arg, size_t len)
{
	return s->is_kernel ? ioctl(fd, request, arg) : nethood_ioctl(sk, request, arg, len);
}

/* Address, the neighbour's address, up. */
static void configure(struct side *s)
{
	struct sockaddr_in addr = addr_of(s->id, 0), mask = addr, peer = addr_of(!s->id, 0);
	struct ifreq ifr = { .ifr_name = "eth0" };
	struct arpreq arp = { .arp_flags = ATF_PERM | ATF_COM,
			      .arp_ha = { .sa_family = ARPHRD_ETHER },
			      .arp_dev = "eth0" };
	struct nethood_sock *sk = NULL;
	int fd = -1;

	mask.sin_addr.s_addr = htonl(0xffffff00);
	if (s->is_kernel)
		fd = socket(AF_INET, SOCK_DGRAM, 0);
	else if (nethood_socket(s->net, AF_INET, SOCK_DGRAM, 0, &sk))
		die("socket");
	memcpy(&ifr.ifr_addr, &addr, sizeof(addr));
	if (side_ioctl(s, sk, fd, SIOCSIFADDR, &ifr, sizeof(ifr)))
		die("SIOCSIFADDR");
	memcpy(&ifr.ifr_netmask, &mask, sizeof(mask));
	if (side_ioctl(s, sk, fd, SIOCSIFNETMASK, &ifr, sizeof(ifr)))
		die("SIOCSIFNETMASK");
	ifr.ifr_flags = IFF_UP;
	if (side_ioctl(s, sk, fd, SIOCSIFFLAGS, &ifr, sizeof(ifr)))
		die("SIOCSIFFLAGS");
	memcpy(&arp.arp_pa, &peer, sizeof(peer));
	mac_of(!s->id, (u8 *)arp.arp_ha.sa_data);
	if (side_ioctl(s, sk, fd, SIOCSARP, &arp, sizeof(arp)))
		die("SIOCSARP");
	if (sk)
		nethood_close(sk);
	else
		close(fd);
}

static void kernel_sysctl(const char *key, const char *value)
{
	char file[128];
	int fd, at = snprintf(file, sizeof(file), "/proc/sys/");

	for (const char *c = key; *c && at < (int)sizeof(file) - 1; c++)
		file[at++] = *c == '.' ? '/' : *c;
	file[at] = 0;
	fd = open(file, O_WRONLY);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(file);
	close(fd);
}

static void kernel_begin(struct side *s)
{
	struct ifreq ifr = { .ifr_name = "eth0", .ifr_flags = IFF_TAP | IFF_NO_PI };
	int any;

	s->is_kernel = true;
	if (unshare(CLONE_NEWNET))
		die("a network namespace");
	s->netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	any = socket(AF_INET, SOCK_DGRAM, 0);
	s->tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (s->tap < 0 || ioctl(s->tap, TUNSETIFF, &ifr))
		die("/dev/net/tun");
	kernel_sysctl("net.ipv6.conf.all.disable_ipv6", "1");
	ifr.ifr_qlen = 20000;
	if (ioctl(any, SIOCSIFTXQLEN, &ifr))
		die("SIOCSIFTXQLEN");
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	mac_of(s->id, (u8 *)ifr.ifr_hwaddr.sa_data);
	if (ioctl(any, SIOCSIFHWADDR, &ifr))
		die("SIOCSIFHWADDR");
	close(any);
	for (u32 i = 0; i < sysctl_count; i++)
		kernel_sysctl(sysctls[i][0], sysctls[i][1]);
}

static int nethood_xmit(void *ctx, const struct iovec *frame, int pieces)
{
	u8 octets[FRAME_MAX];
	u32 len = 0;

	for (int i = 0; i < pieces; i++) {
		if (len + frame[i].iov_len > sizeof(octets))
			die("a frame that is too long");
		memcpy(octets + len, frame[i].iov_base, frame[i].iov_len);
		len += (u32)frame[i].iov_len;
	}
	from_side(ctx, octets, len);
	return 0;
}

static void nethood_begin(struct side *s)
{
	struct nethood_config config = { .now_ns = now_ns };
	struct nethood_dev_config dev = { .name = "eth0", .driver = "user", .fd = -1, .xmit = nethood_xmit, .ctx = s };
	u8 mac[ETH_ALEN];

	mac_of(s->id, mac);
	dev.lladdr = mac;
	memcpy(config.random_key, &how.seed, sizeof(how.seed));
	config.random_key[31] = (u8)s->id;
	if (nethood_create(&config, &s->net) || nethood_dev_create(s->net, &dev, &s->dev))
		die("no net");
	for (u32 i = 0; i < sysctl_count; i++) {
		if (nethood_sysctl_set(s->net, sysctls[i][0], sysctls[i][1]))
			die(sysctls[i][0]);
	}
}

/* ------------------------------------------------------------------ sockets of either kind */

static void sock_begin(struct side *s)
{
	struct sockaddr_in local = addr_of(1, PORT);
	socklen_t len = (socklen_t)strlen(congestion);
	int on = 1;

	if (s->is_kernel) {
		int fd;

		if (setns(s->netns, CLONE_NEWNET))
			die("setns");
		fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		*(s->id ? &s->listen_fd : &s->fd) = fd;
		if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion, len))
			die(congestion);
		if (s->id && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
			      bind(fd, (struct sockaddr *)&local, sizeof(local)) || listen(fd, 1)))
			die("listen");
		if (!s->id && connect(fd, (struct sockaddr *)&local, sizeof(local)) && errno != EINPROGRESS)
			die("connect");
	} else {
		struct nethood_sock **sk = s->id ? &s->listener : &s->sk;

		if (nethood_socket(s->net, AF_INET, SOCK_STREAM, 0, sk) ||
		    nethood_setsockopt(*sk, IPPROTO_TCP, TCP_CONGESTION, congestion, len))
			die(congestion);
		if (s->id && (nethood_bind(*sk, (struct sockaddr *)&local, sizeof(local)) || nethood_listen(*sk, 1)))
			die("listen");
		if (!s->id && nethood_connect(*sk, (struct sockaddr *)&local, sizeof(local)) != -EINPROGRESS)
			die("connect");
	}
}

static bool receiver_there(struct side *s)
{
	if (s->is_kernel) {
		if (s->fd < 0)
			s->fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK);
		return s->fd >= 0;
	}
	return s->sk || !nethood_accept(s->listener, &s->sk, NULL, NULL);
}

static ssize_t side_write(struct side *s, const void *octets, size_t len)
{
	ssize_t n;

	if (!s->is_kernel)
		return nethood_sendto(s->sk, octets, len, 0, NULL, 0);
	n = send(s->fd, octets, len, MSG_NOSIGNAL);
	return n < 0 ? -errno : n;
}

static ssize_t side_read(struct side *s, void *octets, size_t len)
{
	ssize_t n;

	if (!s->is_kernel)
		return nethood_recvfrom(s->sk, octets, len, 0, NULL, NULL);
	n = recv(s->fd, octets, len, 0);
	return n < 0 ? -errno : n;
}

static struct tcp_info info_of(struct side *s)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (s->is_kernel)
		(void)getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	else
		(void)nethood_getsockopt(s->sk, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info;
}

/* ------------------------------------------------------------------ programs */

static bool time_over(void)
{
	return now_ns >= begun_ns + seconds * 1000000000;
}

static bool may_fail(ssize_t err)
{
	return err == -EAGAIN || err == -ENOTCONN || err == -EPIPE;
}

/* As programs do that wait for poll(2). */
static bool writable(const struct side *s)
{
	struct pollfd fd = { .fd = s->fd, .events = POLLOUT };

	if (is_eager)
		return true;
	return s->is_kernel ? poll(&fd, 1, 0) == 1 : nethood_readiness(s->sk) & EPOLLOUT;
}

static void sender_runs(struct side *s)
{
	ssize_t n;

	while (!time_over() && writable(s)) {
		n = side_write(s, pattern + written % PERIOD, CHUNK);
		if (n <= 0) {
			errno = (int)-n;
			if (!may_fail(n))
				die("write");
			return;
		}
		written += (u64)n;
	}
	if (!time_over() || !to_the_end || shut)
		return;
	shut = true;
	if (s->is_kernel ? shutdown(s->fd, SHUT_WR) : nethood_shutdown(s->sk, SHUT_WR))
		die("shutdown");
}

static void receiver_runs(struct side *s)
{
	static u8 octets[CHUNK];
	ssize_t n;

	if (!receiver_there(s))
		return;
	while ((n = side_read(s, octets, sizeof(octets))) > 0) {
		if (memcmp(octets, pattern + got % PERIOD, (size_t)n)) {
			fprintf(stderr, "goodput_cell: other octets than were sent, between %lu and %lu\n",
				(unsigned long)got, (unsigned long)got + (unsigned long)n);
			exit(1);
		}
		got += (u64)n;
	}
	errno = (int)-n;
	if (n < 0 && !may_fail(n))
		die("read");
	saw_end |= !n;
	if (!time_over())
		got_in_time = got;
}

static void trace_memory(struct side *s)
{
	u32 mem[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(mem);

	if (s->is_kernel)
		(void)getsockopt(s->fd, SOL_SOCKET, SO_MEMINFO, mem, &len);
	else
		(void)nethood_getsockopt(s->sk, SOL_SOCKET, SO_MEMINFO, mem, &len);
	fprintf(stderr, " sndbuf %u queued %u\n", mem[SK_MEMINFO_SNDBUF], mem[SK_MEMINFO_WMEM_QUEUED]);
}

static void trace(void)
{
	static u64 next;
	struct tcp_info i;

	if (!trace_ms || now_ns < next)
		return;
	i = info_of(&sides[0]);
	fprintf(stderr,
		"%.3f got %lu cwnd %u ssthresh %u unacked %u lost %u sacked %u retrans %u ca %u rto %u ms backoff %u rtt %u us "
		"+- %u reord %u rate %llu total_retrans %u",
		(double)(now_ns - begun_ns) / 1e9, (unsigned long)got, i.tcpi_snd_cwnd, i.tcpi_snd_ssthresh,
		i.tcpi_unacked, i.tcpi_lost, i.tcpi_sacked, i.tcpi_retrans, i.tcpi_ca_state, i.tcpi_rto / 1000,
		i.tcpi_backoff, i.tcpi_rtt, i.tcpi_rttvar, i.tcpi_reordering, (unsigned long long)i.tcpi_pacing_rate,
		i.tcpi_total_retrans);
	trace_memory(&sides[0]);
	next = now_ns + trace_ms * 1000000ULL;
}

/* ------------------------------------------------------------------ time */

static void drain_tap(struct side *s)
{
	u8 frame[FRAME_MAX];
	ssize_t n;

	while ((n = read(s->tap, frame, sizeof(frame))) > 0)
		from_side(s, frame, (u32)n);
}

static void deliver(void)
{
	struct impair_frame *f;

	while ((f = impair_pop(&path, now_ns))) {
		struct side *to = &sides[!f->dir];

		if (!to->id)
			captured(f->octets, f->len);
		if (to->is_kernel) {
			if (write(to->tap, f->octets, f->len) < 0)
				die("TAP");
		} else {
			nethood_set_time(to->net, now_ns);
			(void)nethood_dev_receive(to->dev, f->octets, f->len);
		}
		free(f);
	}
}

static u64 turn(void)
{
	u64 next = begun_ns + seconds * 1000000000;

	deliver();
	for (u32 i = 0; i < 2; i++) {
		while (!sides[i].is_kernel && nethood_poll(sides[i].net, now_ns))
			;
	}
	sender_runs(&sides[0]);
	receiver_runs(&sides[1]);
	trace();
	if (next <= now_ns)
		next = UINT64_MAX;
	for (u32 i = 0; i < 2; i++) {
		u64 due = UINT64_MAX;

		if (sides[i].is_kernel)
			drain_tap(&sides[i]);
		else
			due = nethood_next_deadline(sides[i].net);
		if (due < next)
			next = due;
	}
	return impair_next(&path) < next ? impair_next(&path) : next;
}

static void sleep_until(u64 until_ns)
{
	struct pollfd fds[4];
	struct timespec ts;
	nfds_t count = 0;
	u64 left;

	tick();
	if (is_virtual) {
		if (until_ns > now_ns)
			now_ns = until_ns;
		if (grain_ns) /* a machine so busy that it wakes us at these times only */
			now_ns = (now_ns + grain_ns - 1) / grain_ns * grain_ns;
		return;
	}
	if (until_ns <= now_ns)
		return;
	left = until_ns - now_ns < 1000000000 ? until_ns - now_ns : 1000000000;
	ts = (struct timespec){ .tv_nsec = (long)left % 1000000000, .tv_sec = (time_t)(left / 1000000000) };
	for (u32 i = 0; i < 2; i++) {
		const struct side *s = &sides[i];

		if (!s->is_kernel)
			continue;
		fds[count++] = (struct pollfd){ .fd = s->tap, .events = POLLIN };
		if (s->fd >= 0 || s->listen_fd >= 0)
			fds[count++] = (struct pollfd){ .fd = s->fd >= 0 ? s->fd : s->listen_fd,
							.events = s->id ? POLLIN : POLLOUT };
	}
	if (ppoll(fds, count, &ts, NULL) < 0 && errno != EINTR)
		die("ppoll");
	tick();
}

static bool over(void)
{
	return to_the_end ? saw_end : time_over();
}

static void run(void)
{
	while (!over()) {
		u64 until = turn();

		if (until == UINT64_MAX && is_virtual && !over())
			die("nothing will ever happen any more");
		if (now_ns > begun_ns + seconds * 1000000000 + PATIENCE_NS)
			die("the end does not come");
		sleep_until(until);
	}
}

/* ------------------------------------------------------------------ one cell */

static void sysctl_add(char *text)
{
	char *value = strchr(text, '=');

	if (!value || sysctl_count == SYSCTLS_MAX)
		die(text);
	*value = 0;
	sysctls[sysctl_count][0] = text;
	sysctls[sysctl_count++][1] = value + 1;
}

/** struct setting - an option, and where its number goes: one of the three; @unit: of what it counts */
static const struct setting {
	const char *name;
	u64 *to;
	u32 *to_u32;
	bool *flag; /* takes no number */
	u64 unit;
} settings[] = {
	{ "seed", &how.seed, NULL, NULL, 1 },
	{ "seconds", &seconds, NULL, NULL, 1 },
	{ "loss", NULL, &how.loss_ppm, NULL, 1 },
	{ "dup", NULL, &how.dup_ppm, NULL, 1 },
	{ "late", NULL, &how.late_ppm, NULL, 1 },
	{ "late-ms", &how.late_ns, NULL, NULL, 1000000 },
	{ "ce", NULL, &how.ce_ppm, NULL, 1 },
	{ "mark", NULL, &how.mark_octets, NULL, 1 },
	{ "delay-us", &how.delay_ns, NULL, NULL, 1000 },
	{ "jitter-us", &how.jitter_ns, NULL, NULL, 1000 },
	{ "rate", &how.rate_bps, NULL, NULL, 1000 },
	{ "queue", NULL, &how.queue_octets, NULL, 1 },
	{ "virtual", NULL, NULL, &is_virtual, 1 },
	{ "end", NULL, NULL, &to_the_end, 1 },
	{ "grain-us", &grain_ns, NULL, NULL, 1000 },
	{ "least", &least_kbps, NULL, NULL, 1 },
	{ "eager", NULL, NULL, &is_eager, 1 },
	{ "trace", NULL, &trace_ms, NULL, 1 },
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))
enum { SIDES = SETTINGS, CC, ECN, PCAP, SYSCTL, OPTIONS };

static void set(const struct setting *s, const char *text)
{
	u64 number = text ? strtoull(text, NULL, 0) * s->unit : 0;

	if (s->flag)
		*s->flag = true;
	else if (s->to)
		*s->to = number;
	else
		*s->to_u32 = (u32)number;
}

static const char *arguments(int argc, char **argv)
{
	struct option options[OPTIONS + 1] = {
		[SIDES] = { "sides", 1, NULL, SIDES },    [CC] = { "cc", 1, NULL, CC },
		[ECN] = { "ecn", 0, NULL, ECN },          [PCAP] = { "pcap", 1, NULL, PCAP },
		[SYSCTL] = { "sysctl", 1, NULL, SYSCTL },
	};
	const char *who = "nn";
	int c;

	for (int i = 0; i < (int)SETTINGS; i++)
		options[i] = (struct option){ settings[i].name, !settings[i].flag, NULL, i };
	while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (c < (int)SETTINGS)
			set(&settings[c], optarg);
		else if (c == SIDES)
			who = optarg;
		else if (c == CC)
			congestion = optarg;
		else if (c == ECN)
			sysctl_add(strdup("net.ipv4.tcp_ecn=1"));
		else if (c == PCAP)
			capture_begin(optarg);
		else if (c == SYSCTL)
			sysctl_add(optarg);
		else
			exit(2);
	}
	if (strlen(who) != 2 || strspn(who, "nk") != 2 || (is_virtual && strcmp(who, "nn"))) {
		fprintf(stderr, "goodput_cell: sides are nn, nk, kn or kk; only nn runs in virtual time\n");
		exit(2);
	}
	return who;
}

int main(int argc, char **argv)
{
	const char *who = arguments(argc, argv);
	struct tcp_info info;

	now_ns = 1000000000;
	tick();
	prctl(PR_SET_TIMERSLACK, 1UL);
	for (u32 i = 0; i < sizeof(pattern); i++)
		pattern[i] = (u8)((i % PERIOD) * 31 + ((i % PERIOD) >> 8) * 7);
	impair_init(&path, &how);
	for (u32 i = 0; i < 2; i++) {
		sides[i] = (struct side){ .id = i, .tap = -1, .fd = -1, .listen_fd = -1 };
		if (who[i] == 'k')
			kernel_begin(&sides[i]);
		else
			nethood_begin(&sides[i]);
		configure(&sides[i]);
		if (i)
			sock_begin(&sides[i]);
	}
	tick();
	begun_ns = now_ns;
	sock_begin(&sides[0]);
	run();
	info = info_of(&sides[0]);
	printf("{\"sides\": \"%s\", \"cc\": \"%s\", \"seed\": %lu, \"seconds\": %lu, \"octets\": %lu, \"mbit_s\": %.4f, "
	       "\"took_s\": %.3f, \"packets\": %lu, \"lost\": %lu, \"overflowed\": %lu, \"marked\": %lu, \"acks\": %lu, "
	       "\"retrans\": %u, \"rto_ms\": %u, \"reordering\": %u, \"cpu_s\": %.3f}\n",
	       who, congestion, (unsigned long)how.seed, (unsigned long)seconds, (unsigned long)got_in_time,
	       (double)got_in_time * 8 / (double)seconds / 1e6, (double)(now_ns - begun_ns) / 1e9,
	       (unsigned long)path.stats[0].packets, (unsigned long)path.stats[0].lost,
	       (unsigned long)path.stats[0].overflowed, (unsigned long)path.stats[0].marked,
	       (unsigned long)path.stats[1].packets, info.tcpi_total_retrans, info.tcpi_rto / 1000,
	       info.tcpi_reordering, (double)clock_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9);
	for (u32 i = 0; i < 2; i++) {
		if (sides[i].sk)
			nethood_close(sides[i].sk);
		if (sides[i].listener)
			nethood_close(sides[i].listener);
		nethood_free(sides[i].net);
	}
	impair_fini(&path);
	if (capture)
		fclose(capture);
	if (got_in_time * 8 / seconds / 1000 >= least_kbps)
		return 0;
	fprintf(stderr, "goodput_cell: less than %lu kbit/s\n", (unsigned long)least_kbps);
	return 1;
}
