// SPDX-License-Identifier: BSD-2-Clause
/* lwIP doing the work of the rows of micro_neigh: resolved neighbours, a null device, checksums in software.
 *
 * The Debian build of the library, its raw API, one thread, no lock.  A neighbour is learned from an ARP reply.
 */
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/ip4.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip/prot/ethernet.h>
#include <lwip/udp.h>
#include <netif/ethernet.h>

#include "harness.h"

#define PEERS_MAX 10

static u32 scale = 1;

static u32 ops(u32 n)
{
	return n / scale ? n / scale : 1;
}

static void die(const char *what)
{
	fprintf(stderr, "lwip_peer: %s\n", what);
	exit(1);
}

static err_t null_linkoutput(struct netif *netif, struct pbuf *p)
{
	(void)netif;
	use((u64)(uintptr_t)p->payload);
	return ERR_OK;
}

static err_t null_init(struct netif *netif)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 0, 1 };

	netif->name[0] = 'n';
	netif->name[1] = 'u';
	netif->mtu = 1500;
	netif->hwaddr_len = 6;
	memcpy(netif->hwaddr, mac, 6);
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	netif->output = etharp_output;
	netif->linkoutput = null_linkoutput;
	return ERR_OK;
}

static ip4_addr_t peer_ip(u32 i)
{
	ip4_addr_t ip;

	IP4_ADDR(&ip, 10, 0, 1, i);
	return ip;
}

/* An ARP request of the peer for our address makes lwIP learn it. */
static void learn(struct netif *netif, u32 i)
{
	const u8 frame[42] = { 2, 0, 0, 0, 0, 1, 2,     0,  0, 0, 1,     (u8)i, 8, 6, 0, 1, 8, 0,  6, 4, 0,
			       1, 2, 0, 0, 0, 1, (u8)i, 10, 0, 1, (u8)i, 0,     0, 0, 0, 0, 0, 10, 0, 0, 1 };
	struct pbuf *p = pbuf_alloc(PBUF_RAW, sizeof(frame), PBUF_RAM);

	if (!p)
		die("no memory");
	memcpy(p->payload, frame, sizeof(frame));
	if (netif->input(p, netif) != ERR_OK)
		die("ARP request not taken");
}

static void netif_begin(struct netif *netif, u32 peers)
{
	ip4_addr_t ip, mask, gateway;

	IP4_ADDR(&ip, 10, 0, 0, 1);
	IP4_ADDR(&mask, 255, 0, 0, 0);
	IP4_ADDR(&gateway, 0, 0, 0, 0);
	if (!netif_add(netif, &ip, &mask, &gateway, NULL, null_init, ethernet_input))
		die("no netif");
	netif_set_default(netif);
	netif_set_up(netif);
	for (u32 i = 0; i < peers; i++) {
		struct eth_addr *mac;
		const ip4_addr_t *found;
		ip4_addr_t peer = peer_ip(i);

		learn(netif, i);
		if (etharp_find_addr(netif, &peer, &mac, &found) < 0)
			die("neighbour not learned");
	}
}

static double cached_output(u32 count)
{
	u32 n = ops(20000000);
	struct netif netif;
	struct pbuf *p;
	double t;

	memset(&netif, 0, sizeof(netif));
	netif_begin(&netif, count);
	p = pbuf_alloc(PBUF_LINK, 20, PBUF_RAM);
	if (!p)
		die("no memory");
	t = cpu_ns();
	for (u32 i = 0, at = 0; i < n; i++) {
		ip4_addr_t ip = peer_ip(at);

		if (etharp_output(&netif, p, &ip) != ERR_OK)
			die("not sent");
		pbuf_remove_header(p, SIZEOF_ETH_HDR);
		if (++at == count)
			at = 0;
	}
	t = cpu_ns() - t;
	pbuf_free(p);
	netif_remove(&netif);
	return t / n;
}

static double udp_send_one(u32 count, bool connected)
{
	u32 n = ops(5000000), x = 1;
	struct netif netif;
	struct udp_pcb *pcb = udp_new();
	ip_addr_t to = IPADDR4_INIT(0);
	double t;

	memset(&netif, 0, sizeof(netif));
	netif_begin(&netif, count);
	*ip_2_ip4(&to) = peer_ip(0);
	if (!pcb || udp_bind(pcb, IP4_ADDR_ANY, 0) != ERR_OK || (connected && udp_connect(pcb, &to, 9) != ERR_OK))
		die("no socket");
	t = cpu_ns();
	for (u32 i = 0; i < n; i++) {
		struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, 1, PBUF_RAM);
		err_t err;

		memcpy(p->payload, "x", 1);
		if (!connected) {
			x = x * 1664525U + 1013904223U;
			*ip_2_ip4(&to) = peer_ip((u32)((u64)x * count >> 32));
		}
		err = connected ? udp_send(pcb, p) : udp_sendto(pcb, p, &to, 9);
		if (err != ERR_OK)
			die("not sent");
		pbuf_free(p);
	}
	t = cpu_ns() - t;
	udp_remove(pcb);
	netif_remove(&netif);
	return t / n;
}

static double udp_send_connected(u32 count)
{
	return udp_send_one(count, true);
}

static double udp_send_unconnected(u32 count)
{
	return udp_send_one(count, false);
}

static const struct bench rows[] = {
	{ "cached output, 1 entry", NULL, 0, cached_output, NULL, 1, false, NULL },
	{ "cached output, 10 entries", NULL, 0, cached_output, NULL, PEERS_MAX, false, NULL },
	{ "UDP send 1 byte, connected", NULL, 0, udp_send_connected, NULL, 1, false, NULL },
	{ "UDP send 1 byte, unconnected, 10 peers", NULL, 0, udp_send_unconnected, NULL, PEERS_MAX, false, NULL },
};

int main(int argc, char **argv)
{
	lwip_init();
	return bench_main(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), &scale);
}
