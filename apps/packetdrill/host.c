// SPDX-License-Identifier: BSD-2-Clause
/* The host of a script: a net with one device, a clock that only calls move, and threads that wait.
 *
 * Reading order: pd_create(); work(), advance(), settle(); pd_wait().
 *
 * The clock stands while calls are made and packets come in.  It moves in usleep() and netdev_receive(), from one thing
 * that is due to the next, and by a microsecond in each gettimeofday().  When a call that was blocked is done in the
 * meantime, its thread is woken, and the clock stands again until that thread has made its next call (it asks what time
 * it is), or sleeps elsewhere: whoever ran the script on a kernel would have seen it run at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "../nethood/netconf.h"
#include "pd.h"

#define DEVICE "tun0"
#define BEGIN_NS (1000 * NS_PER_S)
#define BEGIN_WALL_NS (1700000000 * NS_PER_S)
#define RECEIVE_PATIENCE_NS (3 * 3600 * NS_PER_S) /* longer than the longest silence of a connection: keep-alive */
#define PACKETS_MAX 65536
#define LOOK_NS 100000L /* how often is looked for a woken thread, in real time */
#define LOOKS_MAX 20000 /* it is not waited for longer than 2 s */
#define ASLEEP_LOOKS 3
#define SLEEP_STATES "SDTtXZ"

/* ---- packets that leave */

static int packet_left(void *ctx, const struct iovec *pieces, int count)
{
	struct pd *pd = ctx;
	struct pd_packet *p;
	size_t len = 0;

	if (pd->packet_count >= PACKETS_MAX)
		return -EAGAIN;
	for (int i = 0; i < count; i++)
		len += pieces[i].iov_len;
	p = malloc(sizeof(*p) + len);
	if (!p)
		return -ENOMEM;
	p->time_us = pd_wall_us(pd);
	p->len_bytes = 0;
	for (int i = 0; i < count; i++) {
		memcpy(p->data + p->len_bytes, pieces[i].iov_base, pieces[i].iov_len);
		p->len_bytes += pieces[i].iov_len;
	}
	TAILQ_INSERT_TAIL(&pd->packets, p, node);
	pd->packet_count++;
	return 0;
}

static void packet_free(struct pd *pd, struct pd_packet *p)
{
	TAILQ_REMOVE(&pd->packets, p, node);
	if (pd->packet_count-- == PACKETS_MAX)
		nethood_dev_wake(pd->dev);
	free(p);
}

/* ---- time */

long long pd_wall_us(const struct pd *pd)
{
	return (long long)((pd->now_ns - BEGIN_NS + BEGIN_WALL_NS) / NS_PER_US);
}

/* @w was done, or will not be.  If that is told by another thread than its own, the clock waits for its own. */
static void wait_over(struct pd *pd, struct pd_wait *w, int result)
{
	TAILQ_REMOVE(&pd->waits, w, node);
	w->over = true;
	w->result = result;
	if (w->tid == gettid())
		return;
	for (int i = 0; i < PD_WOKEN_MAX; i++) {
		if (!pd->woken[i].tid) {
			pd->woken[i] = (struct pd_woken){ .tid = w->tid };
			break;
		}
	}
	pthread_cond_signal(&w->cond);
}

/* Return: was one of them done? */
static bool try_waits(struct pd *pd)
{
	struct pd_wait *w, *next;
	bool any = false;

	for (w = TAILQ_FIRST(&pd->waits); w; w = next) {
		next = TAILQ_NEXT(w, node);
		if (w->try(w->arg)) {
			wait_over(pd, w, 0);
			any = true;
		} else if (w->deadline_ns <= pd->now_ns) {
			wait_over(pd, w, -EAGAIN);
		}
	}
	return any;
}

/* All that is due now. */
static void work(struct pd *pd)
{
	if (!pd->net)
		return;
	do {
		while (nethood_poll(pd->net, pd->now_ns))
			;
	} while (try_waits(pd));
}

static bool thread_sleeps(pid_t tid)
{
	char path[48], text[256], *state;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		syscall(SYS_close, fd); /* not the shim's, which would ask us */
	}
	if (n <= 0)
		return true; /* it has ended */
	text[n] = '\0';
	state = strrchr(text, ')');
	return !state || (state[1] == ' ' && strchr(SLEEP_STATES, state[2]));
}

/* Return: is it still to be waited for? */
static bool woken_look(struct pd_woken *w)
{
	if (w->left)
		w->asleep = thread_sleeps(w->tid) ? w->asleep + 1 : 0;
	if (w->asleep >= ASLEEP_LOOKS || ++w->looks > LOOKS_MAX)
		w->tid = 0;
	return w->tid != 0;
}

/* Wait, in real time, for threads that were woken.  Return: false: there were none; else the lock was let go of */
static bool settle(struct pd *pd)
{
	bool waited = false, any;

	do {
		struct timespec until;

		any = false;
		for (int i = 0; i < PD_WOKEN_MAX; i++)
			any |= pd->woken[i].tid && woken_look(&pd->woken[i]);
		if (!any)
			break;
		waited = true;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK_NS;
		if (until.tv_nsec >= (long)NS_PER_S) {
			until.tv_nsec -= (long)NS_PER_S;
			until.tv_sec++;
		}
		pthread_cond_timedwait(&pd->settled, &pd->lock, &until);
	} while (any);
	return waited;
}

/* When something happens by itself. */
static uint64_t next_event_ns(const struct pd *pd)
{
	uint64_t due = pd->net ? nethood_next_deadline(pd->net) : PD_EVER;
	const struct pd_wait *w;

	TAILQ_FOREACH(w, &pd->waits, node)
		due = w->deadline_ns < due ? w->deadline_ns : due;
	return due;
}

/* Move the clock to @until_ns, or until @enough.  Return: was it enough? */
static bool advance(struct pd *pd, uint64_t until_ns, bool (*enough)(void *arg), void *arg)
{
	for (;;) {
		uint64_t next;

		work(pd);
		if (enough && enough(arg))
			return true;
		if (settle(pd))
			continue;
		if (pd->now_ns >= until_ns)
			return false;
		next = next_event_ns(pd);
		if (next <= pd->now_ns)
			next = pd->now_ns + 1;
		pd->now_ns = next < until_ns ? next : until_ns;
	}
}

void pd_sleep(struct pd *pd, uint64_t ns)
{
	advance(pd, pd->now_ns + ns, NULL, NULL);
}

/* ---- calls */

/* A thread that was woken is here: the clock need not stand for it. */
void pd_enter(struct pd *pd)
{
	pid_t tid = gettid();

	pthread_mutex_lock(&pd->lock);
	for (int i = 0; i < PD_WOKEN_MAX; i++) {
		if (pd->woken[i].tid == tid) {
			pd->woken[i].tid = 0;
			pthread_cond_broadcast(&pd->settled);
		}
	}
}

static void woken_left(struct pd *pd)
{
	pid_t tid = gettid();

	for (int i = 0; i < PD_WOKEN_MAX; i++) {
		if (pd->woken[i].tid == tid)
			pd->woken[i].left = true;
	}
}

long pd_leave(struct pd *pd, long result)
{
	work(pd);
	pthread_mutex_unlock(&pd->lock);
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

static bool is_over(void *arg)
{
	return ((const struct pd_wait *)arg)->over;
}

int pd_wait(struct pd *pd, bool (*try)(void *arg), void *arg, uint64_t timeout_ns)
{
	struct pd_wait w = { .try = try, .arg = arg, .deadline_ns = PD_EVER, .tid = gettid() };

	if (try(arg))
		return 0;
	if (!timeout_ns)
		return -EAGAIN;
	if (timeout_ns < PD_EVER - pd->now_ns)
		w.deadline_ns = pd->now_ns + timeout_ns;
	pthread_cond_init(&w.cond, NULL);
	TAILQ_INSERT_TAIL(&pd->waits, &w, node);
	pd->blocked++;
	work(pd);
	if (w.deadline_ns != PD_EVER && w.tid == pd->first_tid)
		advance(pd, w.deadline_ns, is_over, &w); /* nobody else moves the clock */
	while (!w.over)
		pthread_cond_wait(&w.cond, &pd->lock);
	woken_left(pd);
	pd->blocked--;
	pthread_cond_broadcast(&pd->settled);
	pthread_cond_destroy(&w.cond);
	return w.result;
}

/* ---- packets */

int pd_packet_in(struct pd *pd, const void *packet, size_t len_bytes)
{
	return pd->net ? nethood_dev_receive(pd->dev, packet, len_bytes) : -ENETDOWN;
}

static bool has_packet(void *arg)
{
	return !TAILQ_EMPTY(&((const struct pd *)arg)->packets);
}

int pd_packet_out(struct pd *pd, void *packet, size_t *len_bytes, long long *time_us)
{
	size_t room = *len_bytes ? *len_bytes : UINT16_MAX; /* of one who does not say it, as pcap's do not */
	struct pd_packet *p;

	if (!has_packet(pd) && !advance(pd, pd->now_ns + RECEIVE_PATIENCE_NS, has_packet, pd)) {
		*len_bytes = 0;
		*time_us = pd_wall_us(pd);
		return 0;
	}
	p = TAILQ_FIRST(&pd->packets);
	*len_bytes = p->len_bytes < room ? p->len_bytes : room; /* the rest is lost, as with a TUN device */
	*time_us = p->time_us;
	memcpy(packet, p->data, *len_bytes);
	packet_free(pd, p);
	return 0;
}

/* ---- life */

/* The first @bits of an address. */
static struct netaddr prefix_of(const struct netaddr *addr, uint32_t bits)
{
	struct netaddr prefix = *addr;

	for (uint32_t i = bits; i < netaddr_bits(addr); i++)
		prefix.octets[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	return prefix;
}

/* No packets but the script's: nothing of IPv6 where the wire has IPv4 only, and no news of groups, no solicitation
 * of routers, nor of the host's own addresses, where it has IPv6. */
static int quieten(struct pd *pd, const struct pd_config *config)
{
	static const char *const none[] = { "dad_transmits", "router_solicitations" };
	struct ifreq ifr = { .ifr_name = DEVICE };
	struct nethood_sock *sk;
	int err;

	if (config->local.family == AF_INET)
		return nethood_sysctl_set(pd->net, "net.ipv6.conf.all.disable_ipv6", "1");
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		char key[64];

		snprintf(key, sizeof(key), "net.ipv6.conf." DEVICE ".%s", none[i]);
		err = nethood_sysctl_set(pd->net, key, "0");
		if (err)
			return err;
	}
	err = nethood_socket(pd->net, AF_INET, SOCK_DGRAM, 0, &sk);
	if (err)
		return err;
	err = nethood_ioctl(sk, SIOCGIFFLAGS, &ifr, sizeof(ifr));
	ifr.ifr_flags &= (short)~IFF_MULTICAST;
	if (!err)
		err = nethood_ioctl(sk, SIOCSIFFLAGS, &ifr, sizeof(ifr));
	nethood_close(sk);
	return err;
}

static int configure(struct pd *pd, const struct pd_config *config)
{
	const struct netaddr loopback = netaddr_v4(INADDR_LOOPBACK);
	const struct netaddr remote = prefix_of(&config->remote, config->remote_bits);
	int ifindex = nethood_dev_ifindex(pd->dev), lo = nethood_dev_ifindex(nethood_dev_find(pd->net, "lo"));
	struct netconf nc;
	int err = netconf_open(&nc, pd->net);

	if (err)
		return err;
	err = quieten(pd, config);
	if (!err)
		err = netconf_link_up(&nc, lo);
	if (!err)
		err = netconf_link_up(&nc, ifindex);
	if (!err)
		err = netconf_addr_add(&nc, lo, &loopback, 8, false);
	if (err == -EEXIST) /* lo has its address of itself */
		err = 0;
	if (!err)
		err = netconf_addr_add(&nc, ifindex, &config->local, config->local_bits, true);
	if (!err)
		err = netconf_route_add(&nc, &remote, config->remote_bits, &config->gateway, ifindex);
	if (err == -EEXIST) /* REMOTE is LOCAL's own subnet */
		err = 0;
	if (err)
		fprintf(stderr, "nethood: the flags make no network: %s\n", nc.why);
	netconf_close(&nc);
	return err;
}

static int net_create(struct pd *pd, const struct pd_config *config)
{
	struct nethood_config nc = { .now_ns = pd->now_ns, .wall_ns = BEGIN_WALL_NS };
	const struct nethood_dev_config dc = { .name = DEVICE,
					       .driver = "user-ip",
					       .fd = -1,
					       .mtu = config->mtu,
					       .offload = config->offload,
					       .xmit = packet_left,
					       .ctx = pd };
	int err;

	memcpy(nc.random_key, "the same numbers in each run", 28);
	err = nethood_create(&nc, &pd->net);
	if (!err)
		err = nethood_dev_create(pd->net, &dc, &pd->dev);
	if (!err)
		err = configure(pd, config);
	if (!err)
		return 0;
	nethood_free(pd->net);
	pd->net = NULL;
	return err;
}

/* The net is gone; so are those who waited. */
static void pd_free(struct pd *pd)
{
	while (!TAILQ_EMPTY(&pd->packets)) {
		struct pd_packet *p = TAILQ_FIRST(&pd->packets);

		TAILQ_REMOVE(&pd->packets, p, node);
		free(p);
	}
	pthread_cond_destroy(&pd->settled);
	pthread_mutex_destroy(&pd->lock);
	free(pd);
}

int pd_create(const struct pd_config *config, struct pd **out)
{
	struct pd *pd = calloc(1, sizeof(*pd));
	int err;

	if (!pd)
		return -ENOMEM;
	pthread_mutex_init(&pd->lock, NULL);
	pthread_cond_init(&pd->settled, NULL);
	TAILQ_INIT(&pd->waits);
	TAILQ_INIT(&pd->packets);
	TAILQ_INIT(&pd->sysctls);
	pd->now_ns = BEGIN_NS;
	pd->first_tid = gettid();
	err = config ? net_create(pd, config) : 0;
	if (err) {
		pd_free(pd);
		return err;
	}
	pd_list(pd);
	*out = pd;
	return 0;
}

void pd_destroy(struct pd *pd)
{
	pd_unlist(pd);
	pd_enter(pd);
	while (!TAILQ_EMPTY(&pd->waits))
		wait_over(pd, TAILQ_FIRST(&pd->waits), -EINTR);
	while (pd->blocked)
		pthread_cond_wait(&pd->settled, &pd->lock);
	pd_files_close(pd);
	pd_sysctls_forget(pd);
	nethood_free(pd->net);
	pthread_mutex_unlock(&pd->lock);
	pd_free(pd);
}
