/* SPDX-License-Identifier: BSD-2-Clause */
/* nethood: Linux's host network stack as a library.
 *
 * A net is one host: devices, addresses, routes, neighbours, sockets.  It does nothing by itself: the program that
 * embeds it hands in memory, time, randomness and devices, and calls
 *
 *	nethood_poll(net, now_ns);             at each event, and not later than
 *	nethood_next_deadline(net)             says.
 *
 * Rules for every function here:
 * - Errors are negative errno values.  Times are nanoseconds of a clock that never goes back.
 * - Pointers to const are borrowed for the call.  Whatever a function "returns" is the caller's to end.
 * - A net and all that belongs to it is used by one thread at a time.  Different nets know nothing of each other.
 * - A callback may call any function of this header but nethood_poll() and nethood_free().
 */
#ifndef NETHOOD_NETHOOD_H
#define NETHOOD_NETHOOD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NETHOOD_API __attribute__((visibility("default")))

struct nethood_net;  /**< one host */
struct nethood_sock; /**< one socket of it */
struct nethood_dev;  /**< one network device of it */

/* ------------------------------------------------------------------ a net */

/** struct nethood_allocator - where memory comes from; NULL in the config: malloc(3) */
struct nethood_allocator {
	void *(*alloc)(void *ctx, size_t size_bytes);
	void *(*zalloc)(void *ctx, size_t size_bytes);
	void (*free)(void *ctx, void *p, size_t size_bytes);
	/** asked before each allocation, for tests; true: fail this one.  May be NULL */
	bool (*fail)(void *ctx, const char *site, size_t size_bytes);
	void *ctx;
	/** a part of a larger piece is needed no more, and may become zeros: madvise(MADV_DONTNEED).  May be NULL */
	void (*discard)(void *ctx, void *p, size_t size_bytes);
};

enum nethood_profile {
	NETHOOD_PROFILE_LINUX = 0,  /**< exactly what the kernel does */
	NETHOOD_PROFILE_STRICT = 1, /**< what the RFC says where the kernel differs */
};

struct nethood_config {
	const char *hostname;                   /**< NULL: "nethood" */
	const struct nethood_allocator *memory; /**< copied; NULL: malloc(3) */
	uint8_t random_key[32];                 /**< seed of all randomness: getrandom(2), or a test's number */
	uint64_t now_ns;                        /**< the time at which the net begins */
	uint64_t wall_ns;                       /**< calendar time (CLOCK_REALTIME) at now_ns, for SO_TIMESTAMP */
	enum nethood_profile profile;
	void (*log)(void *ctx, const char *line); /**< what Linux would print to dmesg; NULL: nowhere */
	void *log_ctx;
	size_t record_bytes; /**< size of the flight recorder's ring, nethood/record.h; 0: nothing is recorded */
};

/**
 * nethood_create() - a new net with a loopback device that is down, as in a new network namespace
 * @config: borrowed
 * @out: returned; nethood_free() ends it
 * Return: 0, -ENOMEM.
 */
NETHOOD_API int nethood_create(const struct nethood_config *config, struct nethood_net **out);
/** nethood_free() - closes all sockets, removes all devices, and asserts that nothing is left; @net taken, may be NULL */
NETHOOD_API void nethood_free(struct nethood_net *net);
/**
 * nethood_poll() - do all that is due: timers, received frames, deferred transmission
 * @now_ns: current time; one earlier than the last is taken as the last
 * Return: true if work is left (a budget was used up): call again soon, other work may go between.
 */
NETHOOD_API bool nethood_poll(struct nethood_net *net, uint64_t now_ns);
/** nethood_next_deadline() - when nethood_poll() must be called at the latest; UINT64_MAX: nothing is due */
NETHOOD_API uint64_t nethood_next_deadline(const struct nethood_net *net);
/** nethood_set_time() - tell the time without doing work, before a batch of socket calls */
NETHOOD_API void nethood_set_time(struct nethood_net *net, uint64_t now_ns);
/** nethood_set_wall() - the calendar was set: it shows @wall_ns at @now_ns */
NETHOOD_API void nethood_set_wall(struct nethood_net *net, uint64_t now_ns, uint64_t wall_ns);

/* ------------------------------------------------------------------ several threads, one host */

struct nethood_workers; /**< one host whose work several threads do, each with a net of its own */

/**
 * nethood_workers_create() - a host of @count nets, which a thread each may drive
 * @config: as for nethood_create(), of each net; .memory and .log are called by all threads; .record_bytes is 0
 * @count: 1 to 31
 * @wake: worker @worker has something to do: nethood_poll() of its net is due.  Called by other threads, at the end of their
 *	nethood_poll(); e.g. writes to an eventfd(2) that it waits for
 * @out: returned; nethood_workers_free() ends it
 *
 * The first net leads.  Addresses, routes, rules, neighbours, links' settings and sysctls are set there, and the others
 * follow; it alone speaks ARP, Neighbour Discovery, ICMP, IGMP and MLD for the host, so groups are joined there.  A device
 * is made on each worker, with one name and in one order, by nethood_dev_create(): each has a queue of its own, "tap" one
 * of the same interface (IFF_MULTI_QUEUE).  "packet" and "pcap" have none: -EOPNOTSUPP.  It is set up and brought up on the
 * first.
 *
 * Sockets are made on any of the nets, and belong to its thread.  A packet that comes in elsewhere is passed to whoever has
 * its port.  Between workers a port is one thing, whatever the addresses: several have it only if their sockets share
 * it by SO_REUSEPORT (before listen(2) and in UDP also SO_REUSEADDR); each worker's listener then gets what comes in by its queue.
 * @linux softnet_data, one for each processor; RSS; SO_REUSEPORT in socket(7)
 * Return: 0, -EINVAL, -ENOMEM, -ENOBUFS.
 */
NETHOOD_API int nethood_workers_create(const struct nethood_config *config, uint32_t count,
				       void (*wake)(void *ctx, uint32_t worker), void *wake_ctx,
				       struct nethood_workers **out);
/** nethood_workers_net() - of worker 0 ... count - 1; borrowed: nethood_workers_free() ends it.  NULL: no such worker */
NETHOOD_API struct nethood_net *nethood_workers_net(struct nethood_workers *host, uint32_t worker);
/** nethood_workers_free() - as nethood_free(), of all of them; no thread uses any more; @host taken, may be NULL */
NETHOOD_API void nethood_workers_free(struct nethood_workers *host);

/* ------------------------------------------------------------------ devices */

struct nethood_dev_config {
	const char *name; /**< "eth0" */
	const char *
		driver; /**< "tap", "packet", "xdp", "pcap", "unix", "fd"; "user", "user-ip" with .xmit below; "wire" for nethood_wire() */
	const char *arg;       /**< what the driver wants: interface, path, "in.pcap,out.pcap" */
	int fd;                /**< driver "fd": an open TAP or stream socket (taken); else -1 */
	uint32_t mtu;          /**< 0: the driver's default */
	const uint8_t *lladdr; /**< 6 bytes, NULL: random, locally administered */
	uint32_t queues;       /**< 0: 1; "xdp": all that the interface has */
	bool offload;          /**< use what the driver can */
	/** driver "user": called with each frame that leaves.  Return: 0 taken, -EAGAIN: not now, nethood_dev_wake() later.
	 *  "user-ip" is the same with IP packets, as on a TUN device: no link-layer header, no neighbours, IFF_POINTOPOINT;
	 *  packets up to 65535 octets come in whatever the MTU, and with .offload leave as long, with their checksums */
	int (*xmit)(void *ctx, const struct iovec *frame, int pieces);
	void *ctx;
};

/** nethood_dev_create() - add a device (down).  Return: 0, -EEXIST, -EINVAL, -EBUSY, -EPERM, -ENODEV, -ENOMEM,
 *  -EOPNOTSUPP ... */
NETHOOD_API int nethood_dev_create(struct nethood_net *net, const struct nethood_dev_config *config,
				   struct nethood_dev **out);
/** nethood_dev_destroy() - remove it; routes, addresses, neighbours go with it */
NETHOOD_API void nethood_dev_destroy(struct nethood_dev *dev);
/** nethood_wire() - join two "wire" devices of two nets (or one) by memory; either's destruction cuts it */
NETHOOD_API int nethood_wire(struct nethood_dev *a, struct nethood_dev *b);
/** nethood_dev_receive() - a frame arrived, Ethernet header first ("user-ip": an IP packet); copied.
 *  Return: 0, -ENOBUFS, -ENETDOWN, -EMSGSIZE, -EINVAL */
NETHOOD_API int nethood_dev_receive(struct nethood_dev *dev, const void *frame, size_t len_bytes);
/** nethood_dev_wake() - a "user" or "user-ip" device that said -EAGAIN takes frames again */
NETHOOD_API void nethood_dev_wake(struct nethood_dev *dev);
/** nethood_dev_carrier() - plug (true) or unplug the cable */
NETHOOD_API void nethood_dev_carrier(struct nethood_dev *dev, bool on);
/** nethood_dev_fd() - descriptor to poll for input (and output, if *want_write), -1: none */
NETHOOD_API int nethood_dev_fd(const struct nethood_dev *dev, bool *want_write);
/** nethood_dev_fd_ready() - that descriptor is ready: frames will be read by the next nethood_poll() */
NETHOOD_API void nethood_dev_fd_ready(struct nethood_dev *dev);
NETHOOD_API int nethood_dev_ifindex(const struct nethood_dev *dev);
/** nethood_dev_find() - borrowed, until the device goes; NULL: no such device */
NETHOOD_API struct nethood_dev *nethood_dev_find(struct nethood_net *net, const char *name);

/* ------------------------------------------------------------------ addresses from outside */

enum nethood_dhcp_state {
	NETHOOD_DHCP_OFF, /**< the device has no link */
	NETHOOD_DHCP_INIT,
	NETHOOD_DHCP_SELECTING,
	NETHOOD_DHCP_REQUESTING,
	NETHOOD_DHCP_REBOOTING,
	NETHOOD_DHCP_PROBING, /**< a server gave an address; ARP is asked whether somebody has it */
	NETHOOD_DHCP_BOUND,
	NETHOOD_DHCP_RENEWING,
	NETHOOD_DHCP_REBINDING,
	NETHOOD_DHCP_RELEASING,
};

struct nethood_dhcp_config {
	const uint8_t *client_id; /**< NULL: of the link-layer address */
	size_t client_id_bytes;
	const char *hostname;     /**< told to the server; NULL: nothing is */
	struct in_addr requested; /**< an address from before, asked for first; 0.0.0.0: none */
	uint32_t metric;          /**< of the routes */
	bool link_local;          /**< while no server answers, take an address of RFC 3927 */
	/** an address came, changed or went, or the client ended; may be NULL */
	void (*changed)(void *ctx, struct nethood_dev *dev);
	void *ctx;
};

/** struct nethood_dhcp_lease - what a server gave; meaningful while bound */
struct nethood_dhcp_lease {
	enum nethood_dhcp_state state;
	bool bound; /**< the address is on the device */
	uint8_t prefix_bits;
	uint16_t mtu; /**< 0: not said */
	struct in_addr addr, server;
	struct in_addr router; /**< of the default route; 0.0.0.0: none */
	struct in_addr dns[4];
	uint32_t dns_count;
	uint32_t lease_s;                                  /**< UINT32_MAX: for ever */
	uint64_t renew_at_ns, rebind_at_ns, expires_at_ns; /**< UINT64_MAX: never */
	char domain[254];                                  /**< "": not said */
};

/**
 * nethood_dhcp_start() - get an address for @dev by DHCPv4, and keep it
 * @config: borrowed; NULL: all zero
 *
 * Address (with its lifetime), routes (of protocol dhcp) and a smaller MTU are set, renewed and taken away.  Before the
 * address is used it is probed for (RFC 5227), which takes some seconds.  Whoever deletes it ends the client.
 * Return: 0, -EALREADY, -EINVAL (no Ethernet; a client identifier of 1 or of more than 64 bytes, a name of more than 63),
 * -ENOMEM.
 */
NETHOOD_API int nethood_dhcp_start(struct nethood_dev *dev, const struct nethood_dhcp_config *config);
/** nethood_dhcp_stop() - release the address; the client ends when that is sent, after a second at the latest.
 *  Return: 0, -ENOENT */
NETHOOD_API int nethood_dhcp_stop(struct nethood_dev *dev);
/** nethood_dhcp_lease() - how it stands.  Return: 0, -ENOENT: the client never began, or has ended */
NETHOOD_API int nethood_dhcp_lease(const struct nethood_dev *dev, struct nethood_dhcp_lease *out);

/** nethood_ipv4ll_start() - find, announce and defend an address of 169.254/16 (RFC 3927) for @dev, which is up.
 *  Return: 0, -EALREADY, -EINVAL (no Ethernet), -ENOMEM */
NETHOOD_API int nethood_ipv4ll_start(struct nethood_dev *dev);
/** nethood_ipv4ll_stop() - Return: 0, -ENOENT */
NETHOOD_API int nethood_ipv4ll_stop(struct nethood_dev *dev);
/** nethood_ipv4ll_addr() - the one in use; 0.0.0.0: none (yet) */
NETHOOD_API struct in_addr nethood_ipv4ll_addr(const struct nethood_dev *dev);

/** struct nethood_by_arp_config - which packet gives a device its address; one rule at least */
struct nethood_by_arp_config {
	uint16_t icmp_bytes; /**< an ICMP echo request of this length, IP header and all; 0: none does */
	uint16_t port;       /**< a UDP datagram or TCP segment to this port; 0: none does */
	uint8_t prefix_bits; /**< of the subnet, of which a packet says nothing: 1 to 32 */
	uint64_t timeout_ns; /**< it listens no longer than that */
	/** the address was set or lost, or the time is over; may be NULL */
	void (*changed)(void *ctx, struct nethood_dev *dev);
	void *ctx;
};

/**
 * nethood_by_arp_start() - let a neighbour with a static ARP entry give @dev its address
 *
 * The destination of the first packet to the device's own link-layer address that fits a rule is probed for (RFC 5227)
 * and set.  Anybody on the link can send such a packet: for devices that are being set up, and off by default.
 * Return: 0, -EALREADY, -EADDRINUSE (it has an address), -EINVAL (no Ethernet, no rule, no time, no prefix), -ENOMEM,
 * -E2BIG.
 */
NETHOOD_API int nethood_by_arp_start(struct nethood_dev *dev, const struct nethood_by_arp_config *config);
/** nethood_by_arp_stop() - with the address.  Return: 0, -ENOENT */
NETHOOD_API int nethood_by_arp_stop(struct nethood_dev *dev);
/** nethood_by_arp_addr() - @addr: out: 0.0.0.0: none yet.  Return: 0, -ENOENT: it never began, or its time is over */
NETHOOD_API int nethood_by_arp_addr(const struct nethood_dev *dev, struct in_addr *addr);

/* ------------------------------------------------------------------ sockets: BSD's calls on an instance, never blocking */

/**
 * nethood_socket() - as socket(2); @type may carry no SOCK_NONBLOCK or SOCK_CLOEXEC
 *
 * AF_INET: SOCK_STREAM (TCP), SOCK_DGRAM (UDP, ICMP ping), SOCK_RAW.  AF_NETLINK: SOCK_RAW, SOCK_DGRAM with NETLINK_ROUTE, NETLINK_SOCK_DIAG.
 * Return: 0, -EAFNOSUPPORT, -EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -EPERM, -ENOBUFS.
 */
NETHOOD_API int nethood_socket(struct nethood_net *net, int domain, int type, int protocol, struct nethood_sock **out);
/** nethood_close() - as close(2); @sk taken */
NETHOOD_API void nethood_close(struct nethood_sock *sk);
NETHOOD_API int nethood_bind(struct nethood_sock *sk, const struct sockaddr *addr, socklen_t len_bytes);
NETHOOD_API int nethood_connect(struct nethood_sock *sk, const struct sockaddr *addr, socklen_t len_bytes);
NETHOOD_API int nethood_listen(struct nethood_sock *sk, int backlog);
NETHOOD_API int nethood_accept(struct nethood_sock *sk, struct nethood_sock **out, struct sockaddr *addr,
			       socklen_t *len_bytes);
/**
 * nethood_sendmsg() - as sendmsg(2) with MSG_DONTWAIT
 * @flags: MSG_BATCH: another call follows at once: what this one sends may wait in the queue of its device for one without
 *	it, or else for the next nethood_poll(), which is due then.  What waits leaves in a row, which costs less.  As
 *	sendmmsg(2) has it for all messages but the last
 * Return: bytes, -EAGAIN, ...
 */
NETHOOD_API ssize_t nethood_sendmsg(struct nethood_sock *sk, const struct msghdr *msg, int flags);
/** nethood_recvmsg() - as recvmsg(2) with MSG_DONTWAIT; sets msg_namelen, msg_controllen, msg_flags.  Return: bytes, -EAGAIN, ... */
NETHOOD_API ssize_t nethood_recvmsg(struct nethood_sock *sk, struct msghdr *msg, int flags);
NETHOOD_API ssize_t nethood_sendto(struct nethood_sock *sk, const void *buf, size_t len_bytes, int flags,
				   const struct sockaddr *to, socklen_t to_bytes);
NETHOOD_API ssize_t nethood_recvfrom(struct nethood_sock *sk, void *buf, size_t len_bytes, int flags,
				     struct sockaddr *from, socklen_t *from_bytes);
/**
 * nethood_send_zerocopy() - as send(2), but the octets are sent from where they lie, and never copied
 * @data: not to be changed, nor freed, until @release says so: what is lost is sent from it again
 * @flags: MSG_MORE, MSG_EOR, MSG_OOB; MSG_DONTWAIT and MSG_NOSIGNAL go without saying
 * @release: called once for each call that returned more than 0, with @ctx, @data and that number: nothing looks at these
 *	octets any more.  That is when the peer has acknowledged them, or they can reach nobody (a reset, an error, the end
 *	of the net), and no packet that holds them waits anywhere, also not unread at a socket of the same net.  Never before
 *	the call itself is over: at the end of a later nethood_poll() or socket call, or in nethood_free()
 *
 * For TCP.  As nethood_sendmsg(), it may take only the first part: the send buffer (SO_SNDBUF) counts what is lent as if it
 * were copied, and EPOLLOUT tells of room.  The rest is for another call, with a release of its own.  Each call costs one
 * piece of at most 17 that a segment has: what is short (less than 1 KiB, say) is cheaper copied, and may be: both kinds
 * go in one stream.  Octets that go with a SYN (TCP_FASTOPEN_CONNECT) are copied.  @release may call what any callback may;
 * from within nethood_free() nothing of this net.
 *
 * @linux MSG_ZEROCOPY, with a callback for what its error queue tells
 * Return: octets taken; or, and then nothing is taken and @release never called: -EAGAIN: no room; -EPIPE, -ECONNRESET ...
 * as nethood_sendmsg(); -EOPNOTSUPP: no TCP socket; -EINVAL: another flag, no @data, no @release; -ENOBUFS: no memory;
 * 0: @len_bytes is 0.
 */
NETHOOD_API ssize_t nethood_send_zerocopy(struct nethood_sock *sk, const void *data, size_t len_bytes, int flags,
					  void (*release)(void *ctx, const void *data, size_t len_bytes), void *ctx);
/**
 * nethood_recv_borrow() - what nethood_recvmsg() would read, where it lies
 * @msg: msg_iov, msg_iovlen: room for so many pieces, 1024 at the most; out: the pieces, in order, and how many; only to
 *	be read.  Name, control messages and flags as nethood_recvmsg() sets them
 *
 * For TCP and UDP.  The pieces are borrowed until the next nethood_poll(), and until this socket is read from (also by
 * nethood_recv_consume()), connected anew or closed; it may be sent on.  They are still in the receive buffer: what is done with is told by
 * nethood_recv_consume(), and what is not is there the next time.  TCP: all that has come in order, as far as the pieces
 * go, and not beyond the urgent octet.  UDP: the first datagram; MSG_TRUNC: it has more pieces than there is room for.
 *
 * Return: octets in the pieces; 0: the peer sends no more, or an empty datagram; -EAGAIN: nothing is there; -EINVAL: no room
 * for a piece; -EOPNOTSUPP: neither TCP nor UDP; -ENOTCONN, -ECONNRESET ... as nethood_recvmsg().
 */
NETHOOD_API ssize_t nethood_recv_borrow(struct nethood_sock *sk, struct msghdr *msg);
/**
 * nethood_recv_consume() - the first @len_bytes of what has come are done with
 *
 * Now the receive buffer has room again, and TCP tells its peer so when that is worth an ACK.  UDP: the first datagram as a
 * whole.  As recv(2) with MSG_TRUNC, so also without a look at them before.
 * Return: TCP: octets that are gone, fewer if there were fewer; UDP: length of the datagram; -errno as nethood_recv_borrow().
 */
NETHOOD_API ssize_t nethood_recv_consume(struct nethood_sock *sk, size_t len_bytes);
NETHOOD_API int nethood_shutdown(struct nethood_sock *sk, int how);
NETHOOD_API int nethood_getsockname(struct nethood_sock *sk, struct sockaddr *addr, socklen_t *len_bytes);
NETHOOD_API int nethood_getpeername(struct nethood_sock *sk, struct sockaddr *addr, socklen_t *len_bytes);
/** nethood_setsockopt() - setsockopt(2); like Linux, IPV6_FLOWLABEL_MGR writes the number of a new label into @value */
NETHOOD_API int nethood_setsockopt(struct nethood_sock *sk, int level, int name, const void *value,
				   socklen_t len_bytes);
NETHOOD_API int nethood_getsockopt(struct nethood_sock *sk, int level, int name, void *value, socklen_t *len_bytes);
/**
 * nethood_ioctl() - the SIOC* requests on any socket
 * @arg: as for ioctl(2); pointers inside it point into this process
 * Return: 0 or more, -ENOTTY for a request that is not known, ...
 */
NETHOOD_API int nethood_ioctl(struct nethood_sock *sk, unsigned long request, void *arg, size_t arg_bytes);
/** nethood_readiness() - EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP, EPOLLPRI as poll(2) would say now */
NETHOOD_API uint32_t nethood_readiness(const struct nethood_sock *sk);
/** nethood_on_ready() - @fn is called when readiness may have grown: at the end of nethood_poll(), or of a socket call */
NETHOOD_API void nethood_on_ready(struct nethood_sock *sk,
				  void (*fn)(void *ctx, struct nethood_sock *sk, uint32_t events), void *ctx);
/** nethood_sock_set_admin() - may this socket's owner change the net (CAP_NET_ADMIN)?  True for new sockets */
NETHOOD_API void nethood_sock_set_admin(struct nethood_sock *sk, bool admin);
/** nethood_sock_set_caller() - whose calls follow: with whom it shares its flow labels (IPV6_FL_S_PROCESS, _USER).  0 and 0 at first */
NETHOOD_API void nethood_sock_set_caller(struct nethood_sock *sk, uint32_t uid, uint32_t pid);

/* ------------------------------------------------------------------ what it knows of itself */

/** nethood_sysctl_get() - text of "net.ipv4.ip_forward", no newline.  Return: its length, -ENOENT, -ENOSPC */
NETHOOD_API int nethood_sysctl_get(struct nethood_net *net, const char *key, char *buf, size_t size_bytes);
/** nethood_sysctl_set() - Return: 0, -ENOENT, -EINVAL, -EACCES */
NETHOOD_API int nethood_sysctl_set(struct nethood_net *net, const char *key, const char *value);
/** nethood_sysctl_each() - every key with its value; stops at, and returns, the first non-zero of @fn */
NETHOOD_API int nethood_sysctl_each(struct nethood_net *net, int (*fn)(void *ctx, const char *key, const char *value),
				    void *ctx);

/* The files of /proc that tell of a net: net/arp, net/dev, net/route, net/snmp ..., in the kernel's format, and sys/net/...:
 * the sysctls, each in its file.  Paths are relative to /proc. */
/**
 * nethood_proc_read() - what the file shows now, in pieces
 * @fn: is told of each piece, which is borrowed; non-zero ends it
 * Return: 0, -ENOENT, -EISDIR, -EACCES (only to be written), the first non-zero of @fn.
 */
NETHOOD_API int nethood_proc_read(struct nethood_net *net, const char *path,
				  int (*fn)(void *ctx, const char *text, size_t len_bytes), void *ctx);
/** nethood_proc_write() - set a sysctl by its file.  Return: 0, -ENOENT, -EISDIR, -EACCES (only to be read), -EINVAL */
NETHOOD_API int nethood_proc_write(struct nethood_net *net, const char *path, const char *text, size_t len_bytes);
/** nethood_proc_mode() - is there such a file or directory?  @mode: S_IFREG or S_IFDIR, and permissions.  Return: 0, -ENOENT */
NETHOOD_API int nethood_proc_mode(struct nethood_net *net, const char *path, uint32_t *mode);
/** nethood_proc_each() - what is in a directory; "" is /proc.  Return: 0, -ENOENT, -ENOTDIR, the first non-zero of @fn */
NETHOOD_API int nethood_proc_each(struct nethood_net *net, const char *path,
				  int (*fn)(void *ctx, const char *name, uint32_t mode), void *ctx);

struct nethood_drop {
	const char *reason;   /**< "NEIGH_FAILED" */
	const char *sentence; /**< "the neighbour did not answer" */
	const char *where;    /**< function that dropped it */
	uint64_t count;
};
/** nethood_drop_reason() - name of the reason number @index, "NEIGH_FAILED"; NULL: there are no more */
NETHOOD_API const char *nethood_drop_reason(uint32_t index);
/** nethood_drops_each() - packets dropped since the beginning, by reason and place */
NETHOOD_API int nethood_drops_each(struct nethood_net *net, int (*fn)(void *ctx, const struct nethood_drop *drop),
				   void *ctx);

/** struct nethood_ledger - packets; taken_in == live + consumed + dropped, always */
struct nethood_ledger {
	uint64_t taken_in; /**< made by sockets and drivers, and copies */
	uint64_t consumed; /**< sent, delivered, or used up */
	uint64_t dropped;
	uint64_t live;
	uint64_t memory_bytes, memory_peak_bytes;   /**< all that the net holds, and held at the most */
	uint64_t waiting_bytes, waiting_peak_bytes; /**< of packets whose neighbour is not resolved yet (truesize) */
};
NETHOOD_API void nethood_ledger(const struct nethood_net *net, struct nethood_ledger *out);

/**
 * nethood_check() - does all hold that a net says of itself: counts, queues, timers, lists?  Looks at everything
 * Return: NULL: yes; else the first sentence that does not hold (static).  For tests and simulators, between two calls.
 */
NETHOOD_API const char *nethood_check(struct nethood_net *net);
/**
 * nethood_check_changed() - the cheap part of it, in O(1): packets, and each neighbour at the end of each change
 * The first call turns it on: from then on each change of a neighbour is looked at where it happens.
 * Return: as nethood_check(); what did not hold once is told from then on.
 */
NETHOOD_API const char *nethood_check_changed(struct nethood_net *net);

/**
 * nethood_neigh_doubt() - what was sent to neighbour @addr does not seem to arrive: a program retransmits
 * @dev: NULL: on whichever device it is
 * @addr: struct in_addr, or of AF_INET6 struct in6_addr
 * With NETHOOD_PROFILE_STRICT one that is in use is asked at once whether it is there; as Linux, else nothing happens.
 * Return: 0, -ENOENT: no such neighbour, -ENODEV, -EAFNOSUPPORT.
 */
NETHOOD_API int nethood_neigh_doubt(struct nethood_net *net, const char *dev, int family, const void *addr);

/** struct nethood_neigh_change - one change of a neighbour's state or link-layer address */
struct nethood_neigh_change {
	uint64_t now_ns;
	uint16_t old_state, new_state; /**< NUD_* of linux/neighbour.h; 0: none */
	bool deleted;                  /**< the entry went, being in new_state */
	uint8_t lladdr_bytes;
	bool had_lladdr, has_lladdr; /**< was, is one in use? */
	uint8_t old_lladdr[8], lladdr[8];
	const char *cause; /**< "a frame that came" */
	uint64_t cause_id; /**< of the packet (as nethood_hop says it), port of the request, or 0 */
};
/**
 * nethood_neigh_history() - what happened to a neighbour, oldest first: its last changes, also when it is gone
 * @dev: name of a device; NULL: the first one that knows @addr
 * @addr: struct in_addr, or of AF_INET6 struct in6_addr
 * @changes: how many there were in all, more than are told; may be NULL
 * Return: 0; -ENOENT: nothing is known of it; -ENODEV; -EAFNOSUPPORT; the first non-zero of @fn
 */
NETHOOD_API int nethood_neigh_history(struct nethood_net *net, const char *dev, int family, const void *addr,
				      int (*fn)(void *ctx, const struct nethood_neigh_change *change), void *ctx,
				      uint64_t *changes);

/** enum nethood_neigh_event_kind - Linux's trace events of the neighbour subsystem, and two of nethood's own */
enum nethood_neigh_event_kind {
	NETHOOD_NEIGH_CREATE,      /**< an entry was made, or could not be (@err) */
	NETHOOD_NEIGH_UPDATE,      /**< somebody has news of it; nothing has changed yet */
	NETHOOD_NEIGH_UPDATE_DONE, /**< what has become of it: @err */
	NETHOOD_NEIGH_TIMER_HANDLER,
	NETHOOD_NEIGH_EVENT_SEND_DONE, /**< it was used while nobody vouched for it; @err 1: the packet waits or was dropped */
	NETHOOD_NEIGH_EVENT_SEND_DEAD,     /**< a packet to one that is gone */
	NETHOOD_NEIGH_CLEANUP_AND_RELEASE, /**< it goes, in the state that it has */
	NETHOOD_NEIGH_DOUBT,               /**< nethood_neigh_doubt() has made it be asked */
	NETHOOD_NEIGH_PARMS, /**< sysctls of @dev ("": the defaults) were written, or its reachable time drawn anew */
};

/** What comes with news of a neighbour: nethood_neigh_event.update_flags, as Linux's trace event shows them */
enum nethood_neigh_update_flags {
	NETHOOD_NEIGH_F_OVERRIDE = 0x1,      /**< another address replaces the one that is known */
	NETHOOD_NEIGH_F_WEAK_OVERRIDE = 0x2, /**< another address makes one that was trusted STALE */
	NETHOOD_NEIGH_F_OVERRIDE_ISROUTER = 0x4,
	NETHOOD_NEIGH_F_USE = 0x8,
	NETHOOD_NEIGH_F_MANAGED = 0x10,
	NETHOOD_NEIGH_F_EXT_LEARNED = 0x20,
	NETHOOD_NEIGH_F_ISROUTER = 0x40,
	NETHOOD_NEIGH_F_ADMIN = 0x80, /**< an administrator says it */
	NETHOOD_NEIGH_F_EXT_VALIDATED = 0x100,
};

/** struct nethood_neigh_event - one event; what it is not about is zero */
struct nethood_neigh_event {
	enum nethood_neigh_event_kind kind;
	int err;
	uint64_t now_ns;
	const void *
		entry; /**< tells entries apart, also those of one address; NULL: none could be made; not to be followed */
	const char *dev;
	int family, ifindex;
	uint8_t key_bytes, lladdr_bytes;
	uint8_t key[16], lladdr[8]; /**< @lladdr: what is stored, whether it may be used or not */
	uint8_t nud_state, type;    /**< NUD_* of linux/neighbour.h, RTN_* of the address */
	uint8_t flags, flags_ext;   /**< NTF_*, NTF_EXT_* */
	uint8_t probes;
	bool dead, gc_exempt;
	uint32_t refcnt, entries;                  /**< @entries: of its table */
	int64_t confirmed_ns, used_ns, updated_ns; /**< by the net's clock */
	bool packet;         /**< EVENT_SEND_*: there is one, not just a wish to have it resolved */
	bool has_new_lladdr; /**< UPDATE, and the next four */
	uint8_t new_lladdr[8], new_state;
	uint32_t update_flags, portid;
	int64_t reachable_time_ns; /**< PARMS: the one that is drawn */
	const char *cause;         /**< as in struct nethood_neigh_change */
	uint64_t cause_id;
};
/**
 * nethood_on_neigh_event() - tell @fn of each event of neighbours; NULL: stop.  Costs next to nothing while off
 *
 * An event is told when the entry has changed completely, and before anything leaves because of it.  The first ones are
 * PARMS, of each device there is.  @fn may look, but change nothing.
 */
NETHOOD_API void nethood_on_neigh_event(struct nethood_net *net,
					void (*fn)(void *ctx, const struct nethood_neigh_event *event), void *ctx);
/** nethood_neigh_event_name() - "neigh_update_done" (static) */
NETHOOD_API const char *nethood_neigh_event_name(enum nethood_neigh_event_kind kind);

/** struct nethood_hop - one place that a packet passed, or died at */
struct nethood_hop {
	uint64_t packet_id;
	uint64_t now_ns;
	uint8_t step; /**< n of Sn of the send path; 0: receive path */
	const char *func;
	const char *file;
	int line;
	const char *drop_reason; /**< NULL: it goes on */
	const char *dev;         /**< NULL: not known yet */
	const uint8_t *data;     /**< linear part, borrowed */
	uint32_t linear_bytes, len_bytes;
};
/** nethood_trace() - tell @fn of each hop; NULL: stop.  Costs next to nothing while off */
NETHOOD_API void nethood_trace(struct nethood_net *net, void (*fn)(void *ctx, const struct nethood_hop *hop),
			       void *ctx);

/** nethood_capture() - tell @fn of each frame in and out of each device; NULL: stop.  Return: 0, -ENOSPC */
NETHOOD_API int nethood_capture(struct nethood_net *net,
				void (*fn)(void *ctx, const char *dev, bool out, uint64_t now_ns,
					   const struct iovec *frame, int pieces),
				void *ctx);

#ifdef __cplusplus
}
#endif
#endif
