// SPDX-License-Identifier: BSD-2-Clause
/* What it costs to become a neighbour: of a table that is full, and on the wire, where somebody has to be asked.
 *
 * A table is full when it holds gc_thresh3 entries.  Each birth there takes the place of another entry, or is refused if
 * all are in use.  Each birth is timed by itself, less what the clock takes.  All are made again some times, in the same
 * order from the same beginning, and of each the shortest counts: what comes from outside hits another one each time, a
 * pause of ours the same one.
 */
#include "null_net.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>

#define BIRTHS 100000U
#define REPEATS 5U
#define RESOLVED 100000U

static u32 scale = 1;

static u32 ops(u32 n)
{
	return n / scale ? n / scale : 1;
}

/* ------------------------------------------------------------------ a full table */

/* Full of entries in @nud_state; a quarter of a second later, so that none is of this moment. */
static void full_init(struct bench_world *w, u32 count, u8 nud_state)
{
	world_init(w, 0);
	w->arp->gc_thresh2 = w->arp->gc_thresh3 = count;
	for (u32 i = 0; i < count; i++)
		add_peer(w, i, nud_state);
	nethood_poll(w->public_net, 1250000000ULL);
}

/* One more, and what was deferred.  Return: it was born */
static bool one_more(struct bench_world *w, u32 i)
{
	static const u8 mac[6] = { 2, 1 };
	__be32 ip = peer_ip(i);
	struct neighbour *n;

	if (neigh_create(w->arp, &ip, w->dev, &n)) {
		rcu_quiescent(&w->net->rcu);
		return false;
	}
	if (neigh_update(n, mac, NUD_STALE, NEIGH_UPDATE_F_OVERRIDE, 0, NULL))
		die("not updated");
	neigh_release(n);
	rcu_quiescent(&w->net->rcu);
	return true;
}

/* What two readings of the clock take by themselves. */
static double clock_cost(void)
{
	double took[101];

	for (u32 i = 0; i < 101; i++) {
		took[i] = now_ns();
		took[i] = now_ns() - took[i];
	}
	qsort(took, 101, sizeof(*took), bench_by_value);
	return took[50];
}

static void births(u32 count, u8 nud_state, double *least, u32 n)
{
	double cost = clock_cost();
	bool born = nud_state == NUD_STALE;
	struct bench_world w;

	full_init(&w, count, nud_state);
	for (u32 i = 0; i < n; i++) {
		double t = now_ns();

		if (one_more(&w, count + i) != born)
			die(born ? "refused" : "not refused");
		t = now_ns() - t - cost;
		if (t < least[i])
			least[i] = t;
	}
	if (born && w.arp->gc_entries_count != count)
		die("the table is not full");
	world_fini(&w);
}

/* The birth at @rank of 0 (shortest) to 1 (longest), in a table of @count in @nud_state */
static double birth_at(u32 count, u8 nud_state, double rank)
{
	u32 n = ops(BIRTHS);
	double *least = malloc(n * sizeof(*least)), found;

	if (!least)
		die("no memory");
	for (u32 i = 0; i < n; i++)
		least[i] = 1e18;
	for (u32 i = 0; i < (rank < 1 ? 1 : REPEATS); i++)
		births(ops(count), nud_state, least, n);
	qsort(least, n, sizeof(*least), bench_by_value);
	found = least[(u32)(rank * (n - 1))];
	free(least);
	return found;
}

static double evict_median(u32 count)
{
	return birth_at(count, NUD_STALE, 0.5);
}

static double evict_longest_us(u32 count)
{
	return birth_at(count, NUD_STALE, 1) / 1000;
}

static double refuse_median(u32 count)
{
	return birth_at(count, NUD_REACHABLE, 0.5);
}

/* ------------------------------------------------------------------ somebody is asked */

/** struct wire - a memory wire with everybody at its other end, who answer ARP requests */
struct wire {
	struct nethood_dev *dev;
	u8 reply[42];
	bool asked;
	u32 packets;
};

static int wire_xmit(void *ctx, const struct iovec *iov, int pieces)
{
	struct wire *w = ctx;
	u8 frame[64];
	u32 len = 0;

	for (int i = 0; i < pieces && len + iov[i].iov_len <= sizeof(frame); i++) {
		memcpy(frame + len, iov[i].iov_base, iov[i].iov_len);
		len += (u32)iov[i].iov_len;
	}
	if (frame[12] != 8 || frame[13] != 6) {
		w->packets += frame[12] == 8 && frame[13] == 0 && frame[23] == IPPROTO_UDP;
		return 0;
	}
	memcpy(w->reply, frame + 6, 6); /* to who asked, from 02: and the address that was asked for */
	memcpy(w->reply + 6, (const u8[]){ 2, 0, frame[38], frame[39], frame[40], frame[41] }, 6);
	memcpy(w->reply + 12, frame + 12, 10);
	w->reply[21] = 2; /* a reply */
	memcpy(w->reply + 22, w->reply + 6, 6);
	memcpy(w->reply + 28, frame + 38, 4);
	memcpy(w->reply + 32, frame + 22, 10);
	w->asked = true;
	return 0;
}

/* A datagram to each of many strangers: the request goes out, the reply comes in, the datagram goes out. */
static double resolve(u32 arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = CONST_BE16(9) };
	struct wire wire = { 0 };
	struct nethood_dev_config dev = { .name = "eth1", .driver = "user", .fd = -1, .xmit = wire_xmit, .ctx = &wire };
	u64 now = 1000000000ULL;
	u32 n = ops(RESOLVED);
	struct nethood_sock *sk;
	struct in_ifaddr ifa = { .ifa_local = CONST_BE32(0x0b000001),
				 .ifa_address = CONST_BE32(0x0b000001),
				 .ifa_prefixlen = 8,
				 .ifa_mask = inet_make_mask(8),
				 .ifa_valid_lft_s = UINT32_MAX,
				 .ifa_preferred_lft_s = UINT32_MAX };
	struct bench_world w;
	double t;

	(void)arg;
	world_init(&w, 0);
	if (nethood_dev_create(w.public_net, &dev, &wire.dev) || dev_open(dev_find_by_name(w.net, "eth1")) ||
	    inet_insert_ifa(dev_find_by_name(w.net, "eth1"), &ifa, 0, NULL) ||
	    nethood_socket(w.public_net, AF_INET, SOCK_DGRAM, 0, &sk))
		die("no wire");
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		to.sin_addr.s_addr = cpu_to_be32(0x0b000100U + i);
		if (nethood_sendto(sk, "x", 1, 0, (const struct sockaddr *)&to, sizeof(to)) != 1)
			die("not sent");
		if (!wire.asked || nethood_dev_receive(wire.dev, wire.reply, sizeof(wire.reply)))
			die("nobody was asked");
		wire.asked = false;
		nethood_poll(w.public_net, now += 1000);
		if (wire.packets != i + 1)
			die("the packet did not leave");
	}
	t = cpu_ns() - t;
	nethood_close(sk);
	world_fini(&w);
	return t / n;
}

static const struct bench rows[] = {
	{ "insert into a full table, median, 1 k", NULL, 1000, evict_median, NULL, 1000, false, NULL },
	{ "insert into a full table, median, 100 k", NULL, 1000, evict_median, NULL, 100000, false, NULL },
	{ "insert into a full table, median, 1 M", NULL, 1000, evict_median, NULL, 1000000, false, NULL },
	{ "insert into a full table, longest, 1 k", NULL, 20, evict_longest_us, NULL, 1000, false, "us" },
	{ "insert into a full table, longest, 100 k", NULL, 20, evict_longest_us, NULL, 100000, false, "us" },
	{ "insert into a full table, longest, 1 M", NULL, 20, evict_longest_us, NULL, 1000000, false, "us" },
	{ "insert into a full table, refused, 1 M", NULL, 1000, refuse_median, NULL, 1000000, false, NULL },
	{ "resolve a new neighbour", NULL, 1000, resolve, NULL, 0, false, NULL },
};

int main(int argc, char **argv)
{
	return bench_main(argc, argv, rows, ARRAY_SIZE(rows), &scale);
}
