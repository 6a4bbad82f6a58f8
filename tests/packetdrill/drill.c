// SPDX-License-Identifier: BSD-2-Clause
/* The host under test, packets by hand, and the second thread. */
#include "drill.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#define IP4_BYTES 20
#define IP6_BYTES 40
#define TCP_BYTES 20
#define UDP_BYTES 8

struct packetdrill_interface pd;
bool own_netns;
int family = AF_INET;
static size_t ip_bytes = IP4_BYTES; /* of the family's header */
static void (*init)(const char *flags, struct packetdrill_interface *interface);

void drill_init(const char *flags, struct packetdrill_interface *interface)
{
	memset(interface, 0, sizeof(*interface));
	init(flags, interface);
}

int host_begin(void **state)
{
	(void)state;
	family = AF_INET;
	ip_bytes = IP4_BYTES;
	drill_init(FLAGS, &pd);
	return 0;
}

int host6_begin(void **state)
{
	(void)state;
	family = AF_INET6;
	ip_bytes = IP6_BYTES;
	drill_init(FLAGS6, &pd);
	return 0;
}

int host_end(void **state)
{
	(void)state;
	CALL0(free);
	return 0;
}

bool sysctl_write(const char *name, const char *value)
{
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return false;
	n = write(fd, value, strlen(value));
	close(fd);
	return n == (ssize_t)strlen(value);
}

long long now_us(void)
{
	struct timeval tv;

	assert_int_equal(CALL(gettimeofday, &tv, NULL), 0);
	return tv.tv_sec * 1000000LL + tv.tv_usec;
}

struct sockaddr_in addr_of(const char *ip, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET, ip, &sin.sin_addr), 1);
	return sin;
}

struct sockaddr_in6 addr6_of(const char *ip, uint16_t port)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET6, ip, &sin6.sin6_addr), 1);
	return sin6;
}

void set_option(int fd, int level, int name, int value)
{
	assert_int_equal(CALL(setsockopt, fd, level, name, &value, sizeof(value)), 0);
}

int tcp_socket(void)
{
	int fd = CALL(socket, family, SOCK_STREAM, IPPROTO_TCP);

	assert_true(fd >= 0);
	assert_int_equal(CALL(setsockopt, fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
	return fd;
}

int listening(void)
{
	struct sockaddr_in any = addr_of("0.0.0.0", 8080);
	struct sockaddr_in6 any6 = addr6_of("::", 8080);
	struct sockaddr *here = family == AF_INET ? (struct sockaddr *)&any : (struct sockaddr *)&any6;
	int fd = tcp_socket();

	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(CALL(bind, fd, here, family == AF_INET ? sizeof(any) : sizeof(any6)), 0);
	assert_int_equal(CALL(listen, fd, 5), 0);
	return fd;
}

void set_nonblock(int fd, bool on)
{
	assert_int_equal(CALL(fcntl, fd, F_SETFL, O_RDWR | (on ? O_NONBLOCK : 0)), 0);
	assert_int_equal(CALL(fcntl, fd, F_GETFL), O_RDWR | (on ? O_NONBLOCK : 0));
}

/* ---- sums */

static uint32_t sum(const uint8_t *p, size_t bytes, uint32_t start)
{
	for (size_t i = 0; i < bytes; i++) {
		start += i & 1 ? p[i] : (uint32_t)p[i] << 8;
		start = (start & 0xffff) + (start >> 16);
	}
	return start;
}

static uint16_t sum_end(uint32_t s)
{
	return (uint16_t) ~((s & 0xffff) + (s >> 16));
}

/* Of a transport protocol, with the addresses of the IP header before it. */
static uint16_t transport_sum(const uint8_t *ip, size_t bytes)
{
	uint32_t s = family == AF_INET ? sum(ip + 12, 8, 0) : sum(ip + 8, 32, 0);

	s += family == AF_INET ? ip[9] : ip[6];
	s += (uint32_t)(bytes - ip_bytes);
	s = (s & 0xffff) + (s >> 16);
	return sum_end(sum(ip + ip_bytes, bytes - ip_bytes, s));
}

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value & 0xffff);
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* ---- to the host */

static uint8_t packet[65536];

static void ip6_header(uint8_t proto, size_t bytes)
{
	struct sockaddr_in6 from = addr6_of(REMOTE6, 0), to = addr6_of(LOCAL6, 0);

	memset(packet, 0, IP6_BYTES);
	packet[0] = 0x60;
	put16(packet + 4, (uint32_t)(bytes - IP6_BYTES));
	packet[6] = proto;
	packet[7] = 64;
	memcpy(packet + 8, &from.sin6_addr, 16);
	memcpy(packet + 24, &to.sin6_addr, 16);
}

static void ip4_header(uint8_t proto, size_t bytes)
{
	struct sockaddr_in from = addr_of(REMOTE, 0), to = addr_of(LOCAL, 0);

	memset(packet, 0, ip_bytes);
	packet[0] = 0x45;
	put16(packet + 2, (uint32_t)bytes);
	packet[8] = 64;
	packet[9] = proto;
	memcpy(packet + 12, &from.sin_addr, 4);
	memcpy(packet + 16, &to.sin_addr, 4);
	put16(packet + 10, sum_end(sum(packet, IP4_BYTES, 0)));
}

static void ip_header(uint8_t proto, size_t bytes)
{
	if (family == AF_INET)
		ip4_header(proto, bytes);
	else
		ip6_header(proto, bytes);
}

void give_options(const struct flow *f, uint8_t flags, uint32_t seq, uint32_t ack, const uint8_t *options,
		  size_t option_bytes, const void *data, size_t bytes)
{
	uint8_t *tcp = packet + ip_bytes;
	size_t all = ip_bytes + TCP_BYTES + option_bytes + bytes;

	assert_true(all < sizeof(packet) && option_bytes % 4 == 0);
	ip_header(IPPROTO_TCP, all);
	memset(tcp, 0, TCP_BYTES);
	put16(tcp, f->remote_port);
	put16(tcp + 2, f->local_port);
	put32(tcp + 4, f->remote_isn + seq);
	put32(tcp + 8, flags & ACK ? f->local_isn + ack : 0);
	tcp[12] = (uint8_t)((TCP_BYTES + option_bytes) / 4 << 4);
	tcp[13] = flags;
	put16(tcp + 14, WIN);
	if (option_bytes)
		memcpy(tcp + TCP_BYTES, options, option_bytes);
	if (bytes)
		memcpy(tcp + TCP_BYTES + option_bytes, data, bytes);
	put16(tcp + 16, transport_sum(packet, all));
	assert_int_equal(CALL(netdev_send, packet, all), 0);
}

void give(const struct flow *f, uint8_t flags, uint32_t seq, uint32_t ack, const void *data, size_t bytes)
{
	static const uint8_t mss[] = { 2, 4, 1460 >> 8, 1460 & 0xff };

	give_options(f, flags, seq, ack, mss, flags & SYN ? sizeof(mss) : 0, data, bytes);
}

void give_udp(uint16_t from, uint16_t to, const void *data, size_t bytes)
{
	uint8_t *udp = packet + ip_bytes;
	size_t all = ip_bytes + UDP_BYTES + bytes;

	ip_header(IPPROTO_UDP, all);
	put16(udp, from);
	put16(udp + 2, to);
	put16(udp + 4, (uint32_t)(UDP_BYTES + bytes));
	put16(udp + 6, 0);
	memcpy(udp + UDP_BYTES, data, bytes);
	put16(udp + 6, transport_sum(packet, all));
	assert_int_equal(CALL(netdev_send, packet, all), 0);
}

void give_icmp(uint8_t type, uint8_t code, uint16_t mtu, const struct seg *about)
{
	uint8_t *icmp = packet + ip_bytes;
	size_t quoted = about->raw_bytes < ip_bytes + 8 ? about->raw_bytes : ip_bytes + 8, all = ip_bytes + 8 + quoted;

	ip_header(family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6, all);
	memset(icmp, 0, 8);
	icmp[0] = type;
	icmp[1] = code;
	put16(icmp + 6, mtu);
	memcpy(icmp + 8, about->raw, quoted);
	put16(icmp + 2, family == AF_INET ? sum_end(sum(icmp, all - ip_bytes, 0)) : transport_sum(packet, all));
	assert_int_equal(CALL(netdev_send, packet, all), 0);
}

/* ---- from the host */

static void options_of(struct seg *s, const uint8_t *p, const uint8_t *stop)
{
	s->wscale = -1;
	while (p < stop && *p) {
		if (*p == 1) {
			p++;
			continue;
		}
		assert_true(p + 1 < stop && p[1] >= 2 && p + p[1] <= stop);
		if (*p == 2)
			s->mss = get16(p + 2);
		s->wscale = *p == 3 ? p[2] : s->wscale;
		s->sack_ok |= *p == 4;
		s->timestamp |= *p == 8;
		s->fastopen |= *p == 34;
		p += p[1];
	}
}

static void tcp_of(struct seg *s, struct flow *f)
{
	const uint8_t *tcp = s->raw + ip_bytes;
	size_t header = (size_t)(tcp[12] >> 4) * 4;

	s->flags = tcp[13];
	s->win = get16(tcp + 14);
	s->data = tcp + header;
	s->bytes = s->raw_bytes - ip_bytes - header;
	options_of(s, tcp + TCP_BYTES, tcp + header);
	if (!f)
		return;
	if (!f->local_port)
		f->local_port = s->sport;
	assert_int_equal(s->sport, f->local_port);
	assert_int_equal(s->dport, f->remote_port);
	if (s->flags & SYN && !f->local_isn)
		f->local_isn = get32(tcp + 4);
	s->seq = get32(tcp + 4) - f->local_isn;
	s->ack = s->flags & ACK ? get32(tcp + 8) - f->remote_isn : 0;
}

static void ip4_of(struct seg *s)
{
	struct sockaddr_in local = addr_of(LOCAL, 0);

	assert_int_equal(s->raw[0], 0x45);
	assert_int_equal(get16(s->raw + 2), s->raw_bytes);
	assert_int_equal(sum_end(sum(s->raw, IP4_BYTES, 0)), 0);
	assert_memory_equal(s->raw + 12, &local.sin_addr, 4);
	s->ttl = s->raw[8];
	s->proto = s->raw[9];
}

static void ip6_of(struct seg *s)
{
	struct sockaddr_in6 local = addr6_of(LOCAL6, 0);

	assert_int_equal(s->raw[0] >> 4, 6);
	assert_int_equal(get16(s->raw + 4), s->raw_bytes - IP6_BYTES);
	assert_memory_equal(s->raw + 8, &local.sin6_addr, 16);
	s->proto = s->raw[6];
	s->ttl = s->raw[7];
}

struct seg *take(struct flow *f)
{
	static struct seg s;

	memset(&s, 0, offsetof(struct seg, raw));
	s = (struct seg){ .raw_bytes = sizeof(s.raw) };
	assert_int_equal(CALL(netdev_receive, s.raw, &s.raw_bytes, &s.time_us), 0);
	assert_true(s.raw_bytes >= ip_bytes);
	if (family == AF_INET)
		ip4_of(&s);
	else
		ip6_of(&s);
	if (s.proto == IPPROTO_ICMP) {
		assert_int_equal(sum_end(sum(s.raw + ip_bytes, s.raw_bytes - ip_bytes, 0)), 0);
		return &s;
	}
	assert_int_equal(transport_sum(s.raw, s.raw_bytes), 0);
	s.sport = get16(s.raw + ip_bytes);
	s.dport = get16(s.raw + ip_bytes + 2);
	s.data = s.raw + ip_bytes + UDP_BYTES;
	s.bytes = s.raw_bytes - ip_bytes - UDP_BYTES;
	if (s.proto == IPPROTO_TCP)
		tcp_of(&s, f);
	return &s;
}

struct seg *take_is(struct flow *f, uint8_t flags, uint32_t seq, size_t bytes, uint32_t ack)
{
	struct seg *s = take(f);

	assert_int_equal(s->flags & ~PSH, flags & ~PSH);
	assert_int_equal(s->seq, seq);
	assert_int_equal(s->bytes, bytes);
	assert_int_equal(s->ack, ack);
	return s;
}

void fill(uint8_t *data, size_t bytes, size_t at)
{
	for (size_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)((at + i) * 7 + (at + i) / 251);
}

int accepted(int listener, struct flow *f)
{
	static uint16_t port = 40000;
	int fd;

	*f = (struct flow){ .local_port = 8080, .remote_port = port++, .remote_isn = 0x10000 };
	give(f, SYN, 0, 0, NULL, 0);
	take_is(f, SYN | ACK, 0, 0, 1);
	assert_int_equal(CALL(usleep, 100000), 0);
	give(f, ACK, 1, 1, NULL, 0);
	fd = CALL(accept, listener, NULL, NULL);
	assert_true(fd >= 0);
	return fd;
}

/* ---- the second thread */

static long do_job(const struct job *job)
{
	struct sockaddr_in to = addr_of(REMOTE, 80);
	struct sockaddr_in6 to6 = addr6_of(REMOTE6, 80);
	struct pollfd p = { .fd = job->fd, .events = (short)job->bytes };

	switch (job->kind) {
	case JOB_ACCEPT:
		return CALL(accept, job->fd, NULL, NULL);
	case JOB_CONNECT:
		return family == AF_INET ? CALL(connect, job->fd, (struct sockaddr *)&to, sizeof(to))
					 : CALL(connect, job->fd, (struct sockaddr *)&to6, sizeof(to6));
	case JOB_READ:
		return CALL(read, job->fd, job->buf, job->bytes);
	case JOB_RECV_ALL:
		return CALL(recv, job->fd, job->buf, job->bytes, MSG_WAITALL);
	case JOB_WRITE:
		return CALL(write, job->fd, job->buf, job->bytes);
	case JOB_POLL:
		return CALL(poll, &p, 1, job->timeout_ms) ? p.revents : 0;
	case JOB_EPOLL:
		return CALL(epoll_wait, job->fd, job->buf, (int)job->bytes, job->timeout_ms);
	case JOB_CLOSE:
		return CALL(close, job->fd);
	case JOB_SPLICE:
		return CALL(splice, job->fd, NULL, job->other_fd, NULL, job->bytes, 0);
	}
	return -1;
}

static void *thread_main(void *arg)
{
	struct job *job = arg;

	__atomic_store_n(&job->tid, gettid(), __ATOMIC_RELEASE);
	errno = 0;
	job->ret = do_job(job);
	job->error = errno;
	job->end_us = now_us();
	__atomic_store_n(&job->back, true, __ATOMIC_RELEASE);
	return NULL;
}

/* As packetdrill looks: the letter of /proc/PID/task/TID/stat. */
static char thread_state(pid_t tid)
{
	char path[64], text[512], *paren;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	paren = strrchr(text, ')');
	return paren ? paren[2] : 0;
}

static long long cpu_ns(const struct job *job)
{
	struct timespec ts;
	clockid_t clock;

	assert_int_equal(pthread_getcpuclockid(job->thread, &clock), 0);
	assert_int_equal(clock_gettime(clock, &ts), 0);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

void begin(struct job *job)
{
	long long used;
	int seen = 0;

	job->tid = 0;
	job->back = false;
	assert_int_equal(pthread_create(&job->thread, NULL, thread_main, job), 0);
	for (int i = 0; i < 50000 && seen < 10; i++) {
		pid_t tid = __atomic_load_n(&job->tid, __ATOMIC_ACQUIRE);

		seen = tid && thread_state(tid) == 'S' ? seen + 1 : 0;
		usleep(100);
	}
	assert_int_equal(seen, 10);
	used = cpu_ns(job);
	usleep(3000);
	assert_int_equal(cpu_ns(job), used); /* it sleeps, it does not spin */
	asleep(job);
}

void asleep(const struct job *job)
{
	assert_false(__atomic_load_n(&job->back, __ATOMIC_ACQUIRE));
	assert_int_equal(thread_state(job->tid), 'S');
}

long end(struct job *job)
{
	assert_int_equal(pthread_join(job->thread, NULL), 0);
	errno = job->error;
	return job->ret;
}

/* ---- main */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

/* What the machine has set shall not matter, and what a test sets shall not matter to the machine. */
static void leave_netns(void)
{
	char map[32];
	unsigned uid = getuid();

	if (unshare(CLONE_NEWNET) < 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
			return;
		snprintf(map, sizeof(map), "0 %u 1", uid);
		write_file("/proc/self/uid_map", map);
	}
	own_netns = sysctl_write("tcp_retries2", "15");
}

int main(int argc, char **argv)
{
	void *library;
	int failed;

	if (argc != 2) {
		fprintf(stderr, "usage: drill libnethood-packetdrill.so\n");
		return 2;
	}
	leave_netns();
	library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	if (library)
		init = (void (*)(const char *, struct packetdrill_interface *))dlsym(library,
										     "packetdrill_interface_init");
	if (!init) {
		fprintf(stderr, "%s: %s\n", argv[1], dlerror());
		return 2;
	}
	failed = _cmocka_run_group_tests("packetdrill: connections", tcp_tests, tcp_test_count, NULL, NULL);
	failed += _cmocka_run_group_tests("packetdrill: calls", call_tests, call_test_count, NULL, NULL);
	failed += _cmocka_run_group_tests("packetdrill: IPv6", ipv6_tests, ipv6_test_count, NULL, NULL);
	failed += _cmocka_run_group_tests("packetdrill: libc",
					  dlsym(RTLD_DEFAULT, "nethood_packetdrill_hook") ? &shim_test : &no_shim_test,
					  1, NULL, NULL);
	dlclose(library);
	return failed ? 1 : 0;
}
