// SPDX-License-Identifier: BSD-2-Clause
/* AF_XDP sockets, one for each queue of an interface, with the memory that they share with the system.
 *
 * @step S13 of S13, from drivers/xdp.c, to the kernel; receive path, to drivers/xdp.c
 * @linux linux/if_xdp.h; Documentation/networking/af_xdp.rst; behaviour of the running kernel
 *
 * Each queue's memory is cut into pieces of one frame each: one half goes round through the fill ring and the ring of
 * what was received, the other through the ring of what is to be sent and the completion ring.  No ring can overflow,
 * since each has room for all the pieces that may be in it.
 *
 * A packet socket, bound to an ethertype that nobody uses, keeps the interface promiscuous and hears when it goes down.
 * All that was asked of the interface hangs on descriptors: it is as it was when they are closed, or the process is gone.
 *
 * @syscalls socket setsockopt getsockopt bind ioctl mmap munmap bpf sendto recv epoll_create1 epoll_ctl close
 */
#include "drivers/xdp_host.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

#include "base/byteorder.h"
#include "drivers/xdp_prog.h"

#define RX_FRAMES 1024U
#define TX_FRAMES 1024U
#define ETHERTYPE_OF_NOBODY 0xffff

struct xdp_queue {
	struct xsk_umem *umem;
	struct xsk_socket *xsk;
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons rx, comp;
	u8 *area; /* RX_FRAMES pieces, then TX_FRAMES */
	u32 free_count;
	u64 free[TX_FRAMES]; /* where pieces for sending lie */
	u32 got;             /* frames that receive() lent */
};

struct xdp_host {
	int watch_fd, epoll_fd;
	struct xdp_prog prog;
	char name[IFNAMSIZ];
	u32 chunk_bytes;
	u32 first; /* queue that receive() looks at first */
	u64 lost;  /* as the system counted last */
	u32 queue_count;
	struct xdp_queue queue[];
};

/* ---- send */

static u32 tx_waiting(const struct xdp_queue *q)
{
	return q->tx.cached_prod - __atomic_load_n(q->tx.consumer, __ATOMIC_ACQUIRE);
}

static void tx_completed(struct xdp_queue *q)
{
	u32 at, n = xsk_ring_cons__peek(&q->comp, TX_FRAMES, &at);

	for (u32 i = 0; i < n; i++)
		q->free[q->free_count++] = *xsk_ring_cons__comp_addr(&q->comp, at + i);
	if (n)
		xsk_ring_cons__release(&q->comp, n);
}

static u8 *host_send_room(struct xdp_host *h, u32 queue)
{
	struct xdp_queue *q = &h->queue[queue % h->queue_count];

	if (unlikely(!q->free_count))
		tx_completed(q);
	return q->free_count ? q->area + q->free[q->free_count - 1] : NULL;
}

static void host_send(struct xdp_host *h, u32 queue, u32 len_bytes)
{
	struct xdp_queue *q = &h->queue[queue % h->queue_count];
	u32 at;

	if (!xsk_ring_prod__reserve(&q->tx, 1, &at))
		assert(0); /* it has room for all pieces */
	*xsk_ring_prod__tx_desc(&q->tx, at) = (struct xdp_desc){ .addr = q->free[--q->free_count], .len = len_bytes };
	xsk_ring_prod__submit(&q->tx, 1);
}

/* Return: 0, -ENETDOWN, -EAGAIN: it would not have more now */
static int tx_kick(struct xdp_queue *q)
{
	u32 before = tx_waiting(q);

	if (!xsk_ring_prod__needs_wakeup(&q->tx))
		return -EAGAIN; /* it comes by itself */
	if (sendto(xsk_socket__fd(q->xsk), NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && (errno == ENETDOWN || errno == ENXIO))
		return -ENETDOWN;
	return tx_waiting(q) == before ? -EAGAIN : 0;
}

static int tx_flush(struct xdp_queue *q)
{
	int err = 0;

	while (!err && tx_waiting(q))
		err = tx_kick(q);
	tx_completed(q);
	return err;
}

static int host_flush(struct xdp_host *h)
{
	int err = 0;

	for (u32 i = 0; i < h->queue_count; i++) {
		int one = tx_flush(&h->queue[i]);

		if (one && err != -ENETDOWN)
			err = one;
	}
	return err;
}

/* ---- receive */

static u32 rx_peek(struct xdp_queue *q, struct xdp_rx *frames, u32 max)
{
	u32 at;

	q->got = xsk_ring_cons__peek(&q->rx, max, &at);
	for (u32 i = 0; i < q->got; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&q->rx, at + i);

		frames[i] = (struct xdp_rx){ q->area + desc->addr, desc->len };
	}
	return q->got;
}

static u32 host_receive(struct xdp_host *h, struct xdp_rx *frames, u32 max)
{
	u32 n = 0;

	for (u32 i = 0; i < h->queue_count; i++)
		n += rx_peek(&h->queue[(h->first + i) % h->queue_count], frames + n, max - n);
	if (++h->first >= h->queue_count)
		h->first = 0;
	return n;
}

/* The pieces go back where they came from. */
static void rx_refill(struct xdp_queue *q)
{
	u32 from = q->rx.cached_cons - q->got, to;

	if (!xsk_ring_prod__reserve(&q->fill, q->got, &to))
		assert(0); /* it has room for all pieces */
	for (u32 i = 0; i < q->got; i++)
		*xsk_ring_prod__fill_addr(&q->fill, to + i) = xsk_ring_cons__rx_desc(&q->rx, from + i)->addr;
	xsk_ring_prod__submit(&q->fill, q->got);
	xsk_ring_cons__release(&q->rx, q->got);
	q->got = 0;
	if (unlikely(xsk_ring_prod__needs_wakeup(&q->fill)))
		recv(xsk_socket__fd(q->xsk), NULL, 0, MSG_DONTWAIT);
}

static void host_receive_done(struct xdp_host *h)
{
	for (u32 i = 0; i < h->queue_count; i++) {
		if (h->queue[i].got)
			rx_refill(&h->queue[i]);
	}
}

static u32 host_lost(struct xdp_host *h)
{
	u64 lost = 0;

	for (u32 i = 0; i < h->queue_count; i++) {
		struct xdp_statistics s;
		socklen_t len = sizeof(s);

		if (!getsockopt(xsk_socket__fd(h->queue[i].xsk), SOL_XDP, XDP_STATISTICS, &s, &len))
			lost += s.rx_dropped + s.rx_ring_full;
	}
	lost -= h->lost;
	h->lost += lost;
	return (u32)lost;
}

/* ---- link */

static int host_ioctl(const struct xdp_host *h, unsigned long request, struct ifreq *ifr)
{
	memcpy(ifr->ifr_name, h->name, IFNAMSIZ);
	return ioctl(h->watch_fd, request, ifr) < 0 ? -errno : 0;
}

static bool host_running(const struct xdp_host *h)
{
	return sys_if_running(h->watch_fd, h->name);
}

static bool host_went_down(const struct xdp_host *h)
{
	u8 octet;

	return recv(h->watch_fd, &octet, sizeof(octet), MSG_DONTWAIT) < 0 && (errno == ENETDOWN || errno == ENXIO);
}

static int host_fd(const struct xdp_host *h)
{
	return h->epoll_fd;
}

/* ---- life */

/* Return: index of the interface, which must be of Ethernet; -errno */
static int watch_open(struct xdp_host *h)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = cpu_to_be16(ETHERTYPE_OF_NOBODY) };
	struct packet_mreq promisc = { .mr_type = PACKET_MR_PROMISC };
	struct ifreq ifr = { .ifr_flags = 0 };
	int err;

	h->watch_fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (h->watch_fd < 0)
		return -errno;
	err = host_ioctl(h, SIOCGIFHWADDR, &ifr);
	if (!err && ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		err = -EINVAL;
	if (!err)
		err = host_ioctl(h, SIOCGIFINDEX, &ifr);
	if (err)
		return err;
	sll.sll_ifindex = promisc.mr_ifindex = ifr.ifr_ifindex;
	if (setsockopt(h->watch_fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof(promisc)) < 0 ||
	    (bind(h->watch_fd, (const struct sockaddr *)&sll, sizeof(sll)) < 0 && errno != ENETDOWN))
		return -errno;
	return sll.sll_ifindex;
}

static int host_ethtool(const struct xdp_host *h, void *command)
{
	struct ifreq ifr = { .ifr_data = command };

	return host_ioctl(h, SIOCETHTOOL, &ifr);
}

/* How many queues there are to take frames from. */
static u32 queues_of(const struct xdp_host *h)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	u32 count = host_ethtool(h, &channels) ? 1 : channels.rx_count + channels.combined_count;

	return count ? min_u32(count, XDP_QUEUES_MAX) : 1;
}

/* Only memory lies between the ends of a veth pair: who sends leaves his checksums as they would be for hardware. */
static bool leaves_sums(const struct xdp_host *h)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };

	return !host_ethtool(h, &info) && !strcmp(info.driver, "veth");
}

static int epoll_watch(const struct xdp_host *h, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(h->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int umem_create(const struct xdp_host *h, struct xdp_queue *q)
{
	const struct xsk_umem_config config = {
		.fill_size = RX_FRAMES,
		.comp_size = TX_FRAMES,
		.frame_size = h->chunk_bytes,
	};
	size_t bytes = (size_t)(RX_FRAMES + TX_FRAMES) * h->chunk_bytes;
	u32 at;
	int err;

	q->area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (q->area == MAP_FAILED) {
		q->area = NULL;
		return -errno;
	}
	err = xsk_umem__create(&q->umem, q->area, bytes, &q->fill, &q->comp, &config);
	if (err)
		return err;
	if (!xsk_ring_prod__reserve(&q->fill, RX_FRAMES, &at))
		assert(0); /* it is new */
	for (u32 i = 0; i < RX_FRAMES; i++)
		*xsk_ring_prod__fill_addr(&q->fill, at + i) = (u64)i * h->chunk_bytes;
	xsk_ring_prod__submit(&q->fill, RX_FRAMES);
	for (q->free_count = 0; q->free_count < TX_FRAMES; q->free_count++)
		q->free[q->free_count] = (u64)(RX_FRAMES + q->free_count) * h->chunk_bytes;
	return 0;
}

static int queue_open(struct xdp_host *h, u32 i)
{
	struct xdp_queue *q = &h->queue[i];
	const struct xsk_socket_config config = {
		.rx_size = RX_FRAMES,
		.tx_size = TX_FRAMES,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = (u16)(XDP_USE_NEED_WAKEUP | (h->prog.native ? 0 : XDP_COPY)),
	};
	int err = umem_create(h, q);

	if (!err)
		err = xsk_socket__create(&q->xsk, h->name, i, q->umem, &q->rx, &q->tx, &config);
	if (!err)
		err = epoll_watch(h, xsk_socket__fd(q->xsk));
	if (!err)
		err = xdp_prog_give(&h->prog, i, xsk_socket__fd(q->xsk));
	return err;
}

static void queue_close(const struct xdp_host *h, struct xdp_queue *q)
{
	if (q->xsk)
		xsk_socket__delete(q->xsk);
	if (q->umem)
		xsk_umem__delete(q->umem);
	if (q->area)
		munmap(q->area, (size_t)(RX_FRAMES + TX_FRAMES) * h->chunk_bytes);
}

static void host_close(struct xdp_host *h)
{
	xdp_prog_detach(&h->prog);
	for (u32 i = 0; i < h->queue_count; i++)
		queue_close(h, &h->queue[i]);
	sys_close(&h->epoll_fd);
	sys_close(&h->watch_fd);
	free(h);
}

/* The program first: how it could be attached decides how the sockets are bound. */
static int host_setup(struct xdp_host *h, int ifindex)
{
	int err = xdp_prog_attach(&h->prog, ifindex, h->queue_count);

	h->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!err && h->epoll_fd < 0)
		err = -errno;
	if (!err)
		err = epoll_watch(h, h->watch_fd);
	for (u32 i = 0; !err && i < h->queue_count; i++)
		err = queue_open(h, i);
	return err;
}

static struct xdp_host *host_alloc(const char *name, u32 queues, u32 mtu)
{
	struct xdp_host *h = calloc(1, sizeof(*h) + queues * sizeof(h->queue[0]));

	if (!h)
		return NULL;
	h->watch_fd = h->epoll_fd = -1;
	h->prog = (struct xdp_prog){ .map_fd = -1, .link_fd = -1 };
	h->chunk_bytes = xdp_chunk_bytes(mtu);
	h->queue_count = queues;
	memcpy(h->name, name, strlen(name) + 1);
	return h;
}

static int host_open(const char *name, u32 queues, u32 mtu, struct xdp_host **out)
{
	struct xdp_host *h = host_alloc(name, queues ? queues : XDP_QUEUES_MAX, mtu);
	int ret;

	if (!h)
		return -ENOMEM;
	ret = watch_open(h);
	if (ret > 0 && !queues)
		h->queue_count = queues_of(h);
	if (ret > 0)
		ret = host_setup(h, ret);
	if (ret < 0) {
		host_close(h);
		return ret;
	}
	*out = h;
	return (h->prog.native ? XDP_OPEN_NATIVE : 0) | (leaves_sums(h) ? XDP_OPEN_SUMS : 0);
}

static const struct xdp_host_ops host_ops = {
	.open = host_open,
	.close = host_close,
	.fd = host_fd,
	.running = host_running,
	.went_down = host_went_down,
	.receive = host_receive,
	.receive_done = host_receive_done,
	.lost = host_lost,
	.send_room = host_send_room,
	.send = host_send,
	.flush = host_flush,
};
const struct xdp_host_ops *const xdp_host_ops = &host_ops;
