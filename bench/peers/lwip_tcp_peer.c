// SPDX-License-Identifier: BSD-2-Clause
/* lwIP doing the work of the rows of micro_tcp and micro_udp: two devices of one lwIP, joined by a memory wire that copies each frame.
 *
 * The Debian build of the library (windows of 64 KiB), its raw API, one thread, no lock, checksums in software.  Each
 * connection is bound to its device: so what one sends goes over the wire, and not around it.
 */
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/prot/ethernet.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <netif/ethernet.h>

#include "harness.h"

#define PORT 5001U
#define LISTENERS 64U
#define RING 4096U
#define CHUNK_BYTES 16384U

static u32 scale = 1;

struct end {
	struct netif netif;
	struct end *peer;
	struct pbuf *ring[RING]; /* frames that came and were not taken up yet */
	u32 head, tail;
};
static struct end ends[2];

/** struct conn - one end of a connection */
struct conn {
	struct tcp_pcb *pcb;
	u64 got, unsent;
	bool connected, closed, echoes;
};
static struct conn client, server;

static void die(const char *what)
{
	fprintf(stderr, "lwip_tcp_peer: %s\n", what);
	exit(1);
}

static u32 ops(u32 n)
{
	return n / scale ? n / scale : 1;
}

/* ------------------------------------------------------------------ the wire */

static err_t wire_output(struct netif *netif, struct pbuf *p)
{
	struct end *to = ((struct end *)netif->state)->peer;
	struct pbuf *copy;

	if (to->tail - to->head >= RING)
		return ERR_MEM;
	copy = pbuf_alloc(PBUF_RAW, p->tot_len, PBUF_RAM);
	if (!copy)
		return ERR_MEM;
	pbuf_copy_partial(p, copy->payload, p->tot_len, 0);
	to->ring[to->tail++ % RING] = copy;
	return ERR_OK;
}

static err_t wire_init(struct netif *netif)
{
	netif->mtu = 1500;
	netif->hwaddr_len = 6;
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	netif->output = etharp_output;
	netif->linkoutput = wire_output;
	return ERR_OK;
}

static bool end_poll(struct end *e)
{
	bool any = e->head != e->tail;

	while (e->head != e->tail) {
		struct pbuf *p = e->ring[e->head++ % RING];

		if (e->netif.input(p, &e->netif) != ERR_OK)
			pbuf_free(p);
	}
	return any;
}

static void pump(void)
{
	static u32 turns;

	if (!(++turns % 64))
		sys_check_timeouts();
	end_poll(&ends[1]);
	end_poll(&ends[0]);
}

static ip4_addr_t addr_of(u32 i)
{
	ip4_addr_t ip;

	IP4_ADDR(&ip, 10, 0, i, 1);
	return ip;
}

/* Each end has a network of its own, with everything else on the link. */
static void wire_begin(void)
{
	ip4_addr_t mask, gateway;

	IP4_ADDR(&mask, 255, 0, 0, 0);
	IP4_ADDR(&gateway, 0, 0, 0, 0);
	for (u32 i = 0; i < 2; i++) {
		const u8 mac[6] = { 2, 0, 0, 0, 0, (u8)(i + 1) };
		ip4_addr_t ip = addr_of(i);

		ends[i].peer = &ends[!i];
		if (!netif_add(&ends[i].netif, &ip, &mask, &gateway, &ends[i], wire_init, ethernet_input))
			die("no netif");
		memcpy(ends[i].netif.hwaddr, mac, 6);
		netif_set_up(&ends[i].netif);
	}
	netif_set_default(&ends[0].netif);
}

/* ------------------------------------------------------------------ what a connection is told */

static void send_more(struct conn *c)
{
	static u8 chunk[CHUNK_BYTES];

	while (c->unsent && c->pcb) {
		u32 room = tcp_sndbuf(c->pcb), n = c->unsent < room ? (u32)c->unsent : room;

		if (n > CHUNK_BYTES)
			n = CHUNK_BYTES;
		if (!n || tcp_write(c->pcb, chunk, (u16_t)n, TCP_WRITE_FLAG_COPY) != ERR_OK)
			break;
		c->unsent -= n;
	}
	tcp_output(c->pcb);
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct conn *c = arg;

	(void)err;
	if (!p) {
		c->closed = true;
		tcp_arg(pcb, NULL);
		tcp_recv(pcb, NULL);
		c->pcb = NULL;
		if (tcp_close(pcb) != ERR_OK)
			die("not closed");
		return ERR_OK;
	}
	/* a program reads it */
	static u8 room[65536];

	pbuf_copy_partial(p, room, p->tot_len, 0);
	c->got += p->tot_len;
	tcp_recved(pcb, p->tot_len);
	pbuf_free(p);
	if (c->echoes && (tcp_write(pcb, "y", 1, TCP_WRITE_FLAG_COPY) != ERR_OK || tcp_output(pcb) != ERR_OK))
		die("no response");
	return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	(void)pcb;
	(void)len;
	if (arg && ((struct conn *)arg)->unsent)
		send_more(arg);
	return ERR_OK;
}

static void on_err(void *arg, err_t err)
{
	(void)err;
	if (arg)
		die("connection reset");
}

static void conn_begin(struct conn *c, struct tcp_pcb *pcb)
{
	c->pcb = pcb;
	tcp_arg(pcb, c);
	tcp_recv(pcb, on_recv);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_err);
	tcp_nagle_disable(pcb);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	(void)arg;
	(void)err;
	conn_begin(&server, pcb);
	server.connected = true;
	return ERR_OK;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	(void)pcb;
	(void)err;
	((struct conn *)arg)->connected = true;
	return ERR_OK;
}

static void listen_on(u32 i)
{
	struct tcp_pcb *pcb = tcp_new();

	tcp_bind_netif(pcb, &ends[1].netif);
	if (tcp_bind(pcb, IP4_ADDR_ANY, (u16_t)(PORT + i)) != ERR_OK)
		die("no port");
	pcb = tcp_listen(pcb);
	if (!pcb)
		die("no listener");
	tcp_accept(pcb, on_accept);
}

static void connect_to(u32 i)
{
	struct tcp_pcb *pcb = tcp_new();
	ip_addr_t to = IPADDR4_INIT(0);

	if (!pcb)
		die("no memory");
	*ip_2_ip4(&to) = addr_of(1);
	memset(&client, 0, sizeof(client));
	memset(&server, 0, sizeof(server));
	conn_begin(&client, pcb);
	tcp_bind_netif(pcb, &ends[0].netif);
	if (tcp_connect(pcb, &to, (u16_t)(PORT + i), on_connected) != ERR_OK)
		die("not connecting");
	for (u32 tries = 0; !client.connected || !server.connected; tries++) {
		if (tries > 10000000)
			die("not connected");
		pump();
	}
}

/* The client first, then the server. */
static void close_both(void)
{
	struct tcp_pcb *pcb = client.pcb;

	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	if (tcp_close(pcb) != ERR_OK)
		die("not closed");
	while (!server.closed)
		pump();
	pump();
	pump();
}

/* ------------------------------------------------------------------ rows */

static double stream(u32 arg)
{
	u64 bytes = (1ULL << 30) / scale;
	double t;

	(void)arg;
	connect_to(0);
	for (u32 warm = 0; warm < 2; warm++) {
		server.got = 0;
		client.unsent = warm ? bytes : bytes / 10;
		t = cpu_ns();
		send_more(&client);
		while (server.got < (warm ? bytes : bytes / 10))
			pump();
		t = cpu_ns() - t;
	}
	close_both();
	return t / ((double)bytes / 1024);
}

static double request_response(u32 arg)
{
	u32 n = ops(500000);
	double t;

	(void)arg;
	connect_to(0);
	server.echoes = true;
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		if (tcp_write(client.pcb, "x", 1, TCP_WRITE_FLAG_COPY) != ERR_OK || tcp_output(client.pcb) != ERR_OK)
			die("no request");
		while (client.got <= i)
			pump();
	}
	t = cpu_ns() - t;
	close_both();
	return t / n;
}

static double connect_close(u32 arg)
{
	u32 n = ops(10000); /* each keeps a port in TIME_WAIT, of 16384 */
	double t;

	(void)arg;
	for (u32 i = 1; i < LISTENERS; i++)
		listen_on(i);
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		connect_to(i % LISTENERS);
		if (tcp_write(client.pcb, "x", 1, TCP_WRITE_FLAG_COPY) != ERR_OK || tcp_output(client.pcb) != ERR_OK)
			die("not sent");
		while (!server.got)
			pump();
		close_both();
	}
	return (cpu_ns() - t) / n;
}

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from, u16_t port)
{
	static u8 room[4]; /* a program reads it */

	(void)pcb;
	(void)from;
	(void)port;
	pbuf_copy_partial(p, room, 1, 0);
	pbuf_free(p);
	++*(u64 *)arg;
}

static struct udp_pcb *udp_open(u32 end)
{
	struct udp_pcb *pcb = udp_new();
	ip_addr_t to = IPADDR4_INIT(0);

	*ip_2_ip4(&to) = addr_of(!end);
	if (!pcb)
		die("no memory");
	udp_bind_netif(pcb, &ends[end].netif);
	if (udp_bind(pcb, IP4_ADDR_ANY, (u16_t)(9 + end)) != ERR_OK ||
	    udp_connect(pcb, &to, (u16_t)(9 + !end)) != ERR_OK)
		die("no socket");
	return pcb;
}

static void udp_send_one(struct udp_pcb *pcb)
{
	struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, 1, PBUF_RAM);

	memcpy(p->payload, "x", 1);
	if (udp_send(pcb, p) != ERR_OK)
		die("not sent");
	pbuf_free(p);
}

/* The first one waits for its neighbour. */
static double datagrams(u32 burst)
{
	u32 n = 4000000 / scale / burst;
	u64 got[2] = { 0 };
	struct udp_pcb *pcb[2];
	double t;

	for (u32 i = 0; i < 2; i++) {
		pcb[i] = udp_open(i);
		udp_recv(pcb[i], on_datagram, &got[i]);
	}
	udp_send_one(pcb[0]);
	while (!got[1])
		pump();
	got[1] = 0;
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		for (u32 k = 0; k < burst; k++)
			udp_send_one(pcb[0]);
		end_poll(&ends[1]);
	}
	t = cpu_ns() - t;
	if (got[1] != (u64)n * burst)
		die("not all were received");
	udp_remove(pcb[0]);
	udp_remove(pcb[1]);
	return t / n / burst;
}

static const struct bench rows[] = {
	{ "TCP stream, MTU 1500", NULL, 0, stream, NULL, 0, false, "ns/KiB" },
	{ "TCP request and response, 1 byte", NULL, 0, request_response, NULL, 0, false, NULL },
	{ "TCP connect, 1 byte, close", NULL, 0, connect_close, NULL, 0, false, NULL },
	{ "UDP small packets, sent and received", NULL, 0, datagrams, NULL, 32, false, NULL },
	{ "UDP small packets, one at a time", NULL, 0, datagrams, NULL, 1, false, NULL },
};

int main(int argc, char **argv)
{
	lwip_init();
	wire_begin();
	listen_on(0);
	return bench_main(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), &scale);
}
