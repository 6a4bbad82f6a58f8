// SPDX-License-Identifier: BSD-2-Clause
/* nethood on one end of a veth pair, by AF_PACKET and by AF_XDP, the kernel on the other end; small datagrams.
 *
 * All that is done for a datagram counts, on both sides of the interface: a frame that is received by a ring costs who
 * reads it next to nothing, because the kernel has worked for it before.  The limit is the same frame by the same kind of
 * socket with nothing around it.
 */
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>

#include "dev_lab.h"

/* ------------------------------------------------------------------ nethood */

static double received(const char *driver)
{
	u32 batches = ops(SMALL_BATCHES), got = 0;
	struct nethood_sock *sk;
	struct near n;
	double t;
	int far;

	near_init(&n, driver);
	far = kernel_udp();
	sk = near_udp(&n);
	t = cpu_ns();
	for (u32 i = 0; i < batches; i++) {
		kernel_burst(far);
		got += near_take(&n, sk);
	}
	t = cpu_ns() - t;
	nethood_close(sk);
	near_fini(&n);
	close(far);
	if (got != batches * LAB_BATCH)
		die("datagrams are missing");
	return t / got;
}

static double packet_sent(u32 batch)
{
	return small_sent("packet", batch);
}

static double packet_received(u32 arg)
{
	(void)arg;
	return received("packet");
}

/* ------------------------------------------------------------------ AF_PACKET alone */

static void pair(void)
{
	if (unshare(CLONE_NEWNET))
		die("unshare");
	lab_pair();
}

/* As nethood opens it. */
static int bare_packet(u16 protocol)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(protocol) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	sll.sll_ifindex = (int)if_nametoindex("v0");
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&sll, sizeof(sll)))
		die("packet socket");
	return fd;
}

static double packet_bare_sent(u32 arg)
{
	u32 count = ops(SMALL_BATCHES * LAB_BATCH);
	u8 frame[64];
	size_t len = bare_frame(frame);
	int fd, far;
	double t;

	(void)arg;
	pair();
	fd = bare_packet(0);
	far = kernel_udp();
	t = cpu_ns();
	for (u32 i = 0; i < count; i++) {
		if (send(fd, frame, len, 0) != (ssize_t)len)
			die("send");
	}
	t = cpu_ns() - t;
	close(fd);
	close(far);
	return t / count;
}

#define RING_BLOCK_BYTES (1U << 18)
#define RING_SLOT_BYTES 2048U
#define RING_SLOTS 1024U

static u8 *bare_ring(int fd)
{
	struct tpacket_req req = { RING_BLOCK_BYTES, RING_SLOTS * RING_SLOT_BYTES / RING_BLOCK_BYTES, RING_SLOT_BYTES,
				   RING_SLOTS };
	int version = TPACKET_V2;
	u8 *ring;

	if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		die("ring");
	ring = mmap(NULL, (size_t)RING_SLOTS * RING_SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		die("mmap");
	return ring;
}

static double packet_bare_received(u32 arg)
{
	u32 batches = ops(SMALL_BATCHES), got = 0;
	int fd, far;
	double t;
	u8 *ring;

	(void)arg;
	pair();
	fd = bare_packet(ETH_P_ALL);
	ring = bare_ring(fd);
	far = kernel_udp();
	t = cpu_ns();
	for (u32 i = 0; i < batches; i++) {
		struct tpacket2_hdr *hdr;

		kernel_burst(far);
		for (;; got++) {
			hdr = (struct tpacket2_hdr *)(void *)(ring + got % RING_SLOTS * RING_SLOT_BYTES);
			if (!(__atomic_load_n(&hdr->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
				break;
			use(((u8 *)hdr)[hdr->tp_mac]);
			__atomic_store_n(&hdr->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		}
	}
	t = cpu_ns() - t;
	munmap(ring, (size_t)RING_SLOTS * RING_SLOT_BYTES);
	close(fd);
	close(far);
	if (got < batches * LAB_BATCH)
		die("frames are missing");
	return t / (batches * LAB_BATCH);
}

/* ------------------------------------------------------------------ AF_XDP */

#ifdef HAVE_XDP
#include <xdp/libxdp.h>
#include <xdp/xsk.h>

#define XSK_FRAMES 2048U
#define XSK_FRAME_BYTES 2048U
#define XSK_BATCH 32U

static double xdp_sent(u32 batch)
{
	return small_sent("xdp", batch);
}

static double xdp_received(u32 arg)
{
	(void)arg;
	return received("xdp");
}

struct xsk {
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons comp, rx;
	u8 *area;
	int fd;
};

/* With the program that libxdp brings; half of the frames are to be received into. */
static void xsk_open(struct xsk *x)
{
	const struct xsk_umem_config umem = { XSK_FRAMES, XSK_FRAMES, XSK_FRAME_BYTES, 0, 0 };
	const struct xsk_socket_config config = { XSK_FRAMES, XSK_FRAMES, { 0 }, 0, XDP_USE_NEED_WAKEUP };
	size_t bytes = (size_t)XSK_FRAMES * XSK_FRAME_BYTES;
	u32 at;

	libbpf_set_print(NULL);
	libxdp_set_print(NULL);
	pair();
	x->area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (x->area == MAP_FAILED || xsk_umem__create(&x->umem, x->area, bytes, &x->fill, &x->comp, &umem) ||
	    xsk_socket__create(&x->socket, "v0", 0, x->umem, &x->rx, &x->tx, &config) ||
	    xsk_ring_prod__reserve(&x->fill, XSK_FRAMES / 2, &at) != XSK_FRAMES / 2)
		die("AF_XDP");
	for (u32 i = 0; i < XSK_FRAMES / 2; i++)
		*xsk_ring_prod__fill_addr(&x->fill, at + i) = (u64)i * XSK_FRAME_BYTES;
	xsk_ring_prod__submit(&x->fill, XSK_FRAMES / 2);
	x->fd = xsk_socket__fd(x->socket);
}

static void xsk_close(struct xsk *x)
{
	xsk_socket__delete(x->socket);
	xsk_umem__delete(x->umem);
	munmap(x->area, (size_t)XSK_FRAMES * XSK_FRAME_BYTES);
}

static double xdp_bare_sent(u32 arg)
{
	u32 count = ops(SMALL_BATCHES * LAB_BATCH) / XSK_BATCH * XSK_BATCH, at, done;
	u8 frame[64];
	size_t len = bare_frame(frame) - sizeof(struct virtio_net_hdr);
	struct xsk x;
	double t;
	int far;

	(void)arg;
	xsk_open(&x);
	far = kernel_udp();
	t = cpu_ns();
	for (u32 i = 0; i < count; i += XSK_BATCH) {
		if (xsk_ring_prod__reserve(&x.tx, XSK_BATCH, &at) != XSK_BATCH)
			die("no room");
		for (u32 k = 0; k < XSK_BATCH; k++) {
			u64 addr = (u64)(XSK_FRAMES / 2 + (i + k) % (XSK_FRAMES / 2)) * XSK_FRAME_BYTES;

			memcpy(x.area + addr, frame + sizeof(struct virtio_net_hdr), len);
			*xsk_ring_prod__tx_desc(&x.tx, at + k) = (struct xdp_desc){ addr, (u32)len, 0 };
		}
		xsk_ring_prod__submit(&x.tx, XSK_BATCH);
		if (sendto(x.fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0)
			die("sendto");
		done = xsk_ring_cons__peek(&x.comp, XSK_FRAMES, &at);
		xsk_ring_cons__release(&x.comp, done);
	}
	t = cpu_ns() - t;
	close(far);
	xsk_close(&x);
	return t / count;
}

static u32 xsk_take(struct xsk *x)
{
	u32 from, to, n = xsk_ring_cons__peek(&x->rx, XSK_FRAMES, &from);

	if (!n || xsk_ring_prod__reserve(&x->fill, n, &to) != n)
		return 0;
	for (u32 i = 0; i < n; i++) {
		u64 addr = xsk_ring_cons__rx_desc(&x->rx, from + i)->addr;

		use(x->area[addr]);
		*xsk_ring_prod__fill_addr(&x->fill, to + i) = addr;
	}
	xsk_ring_prod__submit(&x->fill, n);
	xsk_ring_cons__release(&x->rx, n);
	return n;
}

static double xdp_bare_received(u32 arg)
{
	u32 batches = ops(SMALL_BATCHES), got = 0;
	struct xsk x;
	double t;
	int far;

	(void)arg;
	xsk_open(&x);
	far = kernel_udp();
	t = cpu_ns();
	for (u32 i = 0; i < batches; i++) {
		kernel_burst(far);
		got += xsk_take(&x);
	}
	t = cpu_ns() - t;
	close(far);
	xsk_close(&x);
	if (got < batches * LAB_BATCH)
		die("frames are missing");
	return t / (batches * LAB_BATCH);
}
#endif

static const struct bench rows[] = {
	{ "AF_PACKET UDP 1 byte, sent", "bare send", 1 / 0.9, packet_sent, packet_bare_sent, SMALL_ROW, true, NULL },
	{ "AF_PACKET UDP 1 byte, sent one by one", "bare send", 0, packet_sent, packet_bare_sent, 1, true, NULL },
	{ "AF_PACKET UDP 1 byte, received", "bare ring", 1 / 0.9, packet_received, packet_bare_received, 0, true,
	  NULL },
#ifdef HAVE_XDP
	{ "AF_XDP UDP 1 byte, sent", "bare ring", 1 / 0.9, xdp_sent, xdp_bare_sent, SMALL_ROW, true, NULL },
	{ "AF_XDP UDP 1 byte, received", "bare ring", 1 / 0.9, xdp_received, xdp_bare_received, 0, true, NULL },
#endif
};

int main(int argc, char **argv)
{
	if (geteuid() != 0) {
		fprintf(stderr, "micro_veth: it takes a namespace and a pair of devices: needs root\n");
		return 77; /* skipped */
	}
	return bench_main(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), &scale);
}
