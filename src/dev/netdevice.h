/* SPDX-License-Identifier: BSD-2-Clause */
/* Network devices: what the layers above and the drivers below agree on.
 *
 * @step S9 dev_queue_xmit(), S13 dev_hard_start_xmit(); receive: netif_receive_skb()
 * @linux include/linux/netdevice.h
 */
#ifndef NETHOOD_DEV_NETDEVICE_H
#define NETHOOD_DEV_NETDEVICE_H

#include <netinet/in.h> /* first: then Linux's headers leave out what glibc has defined */

#include <linux/if.h> /* IFF_*, IFNAMSIZ */
#include <linux/if_packet.h>

#include "base/list.h"
#include "base/notifier.h"
#include "base/rcu.h"
#include "base/types.h"
#include "net.h"
#include "skb/skbuff.h"
#include "wire/eth.h"

#define MAX_ADDR_LEN 32
#define MAX_PACKET_TYPES 16

struct net_device;
struct netdev_queue;
struct neighbour;
struct neigh_parms;
struct in_device;
struct inet6_dev;
struct Qdisc;
struct napi_struct;
struct gro_node;

/** What ndo_start_xmit() says about the skb it was given */
typedef enum netdev_tx {
	NETDEV_TX_OK = 0x00,   /**< taken: sent, or dropped and counted */
	NETDEV_TX_BUSY = 0x10, /**< not taken: the caller keeps it and tries again after netif_tx_wake_queue() */
} netdev_tx_t;

/** struct net_device_ops - the driver; no function may be called again from within itself */
struct net_device_ops {
	int (*ndo_init)(struct net_device *dev);
	void (*ndo_uninit)(struct net_device *dev);
	int (*ndo_open)(struct net_device *dev);
	void (*ndo_stop)(struct net_device *dev);
	/** @skb taken unless BUSY; @more: another follows at once, the doorbell may wait */
	netdev_tx_t (*ndo_start_xmit)(struct sk_buff *skb, struct net_device *dev, bool more);
	/** which of @features (those of the device) it has for the train that is sent now; NULL: all */
	u32 (*ndo_features_check)(const struct net_device *dev, u32 features);
	int (*ndo_change_mtu)(struct net_device *dev, u32 new_mtu);
	int (*ndo_set_mac_address)(struct net_device *dev, const u8 *addr);
	/** the administrator pulls the cable out, or puts it in; NULL: cannot be done */
	int (*ndo_change_carrier)(struct net_device *dev, bool on);
	/** last word on a new neighbour entry's private part; see neigh/neighbour.h */
	int (*ndo_neigh_construct)(struct net_device *dev, struct neighbour *n);
	void (*ndo_neigh_destroy)(struct net_device *dev, struct neighbour *n);
	/** file descriptor that becomes readable when frames are there, or -1 */
	int (*ndo_get_fd)(const struct net_device *dev);
	/** must that descriptor also be watched for room to write?  NULL: never */
	bool (*ndo_want_write)(const struct net_device *dev);
};

/** struct header_ops - link-layer headers; NULL in net_device: none (the packet goes out as it is) */
struct header_ops {
	/** push a header; saddr NULL: the device's; Return: its length, negative: daddr unknown or no room */
	int (*create)(struct sk_buff *skb, struct net_device *dev, u16 type, const void *daddr, const void *saddr,
		      u32 len);
	/** make the ready header for a cache: 16 bytes, the header at its end.  Return 0, -1 */
	int (*cache)(const struct net_device *dev, const u8 *ha, __be16 type, u8 hh_data[static 16], u8 *hh_len);
};

/* features: what the driver can do, names as in Linux */
#define NETIF_F_SG (1U << 0)      /**< page fragments */
#define NETIF_F_HW_CSUM (1U << 1) /**< completes CHECKSUM_PARTIAL */
#define NETIF_F_RXCSUM (1U << 2)
#define NETIF_F_TSO (1U << 3)
#define NETIF_F_TSO6 (1U << 4)
#define NETIF_F_GSO_UDP_L4 (1U << 5)
#define NETIF_F_LOOPBACK (1U << 6)
#define NETIF_F_TSO_ECN (1U << 7)      /**< trains whose first segment has CWR */
#define NETIF_F_TSO_MANGLEID (1U << 8) /**< trains of one IP identification */
#define NETIF_F_FRAGLIST (1U << 9)     /**< packets chained in one */
#define NETIF_F_GSO (1U << 10)         /**< trains may be sent to it: cut before the driver if that cannot */
#define NETIF_F_GRO (1U << 11)         /**< segments that come in are made trains */
#define NETIF_F_ALL_TSO (NETIF_F_TSO | NETIF_F_TSO6 | NETIF_F_TSO_ECN | NETIF_F_TSO_MANGLEID)

#define GSO_MAX_SIZE_BYTES 65536U
#define GSO_MAX_SEGS 65535U

enum netdev_state {
	__LINK_STATE_START = 1 << 0, /**< administratively up: ndo_open() was called */
	__LINK_STATE_NOCARRIER = 1 << 1,
	__LINK_STATE_UNREGISTERING = 1 << 2,
	__LINK_STATE_REGISTERED = 1 << 3, /**< in the lists of its net */
};

/* priv_flags */
#define IFF_NO_QUEUE (1U << 0)         /**< default queueing discipline is noqueue */
#define IFF_LIVE_ADDR_CHANGE (1U << 1) /**< the address may change while it is up */

#define DEFAULT_TX_QUEUE_LEN 1000

/** struct rtnl_link_stats - 64-bit, names of struct rtnl_link_stats64 */
struct netdev_stats {
	u64 rx_packets, tx_packets, rx_bytes, tx_bytes;
	u64 rx_errors, tx_errors, rx_dropped, tx_dropped, multicast;
	u64 rx_length_errors, rx_crc_errors, rx_nohandler, tx_carrier_errors, tx_fifo_errors;
	u64 rx_otherhost_dropped; /**< counted by the network layers */
};

/** struct netdev_queue - one transmit queue */
struct netdev_queue {
	struct net_device *dev;
	struct Qdisc *qdisc;           /**< never NULL while registered: noop until dev_activate() */
	bool stopped;                  /**< netif_tx_stop_queue(): the driver's ring is full */
	u8 xmit_recursion;             /**< a device without queue is in its own ndo_start_xmit() */
	ktime_t trans_start;           /**< last frame that the driver took */
	const struct sk_buff *untaken; /**< the driver said BUSY to it: prepared, and shown to the taps */
	struct Qdisc *qdisc_sleeping;  /**< what dev_activate() puts into qdisc; the one to show */
	struct Qdisc *qdisc_noop;
};

struct net_device {
	/* read for each packet sent */
	const struct net_device_ops *netdev_ops;
	const struct header_ops *header_ops;
	struct net *net;
	struct netdev_queue *_tx;
	u32 flags; /**< IFF_* as user space sees them, without IFF_RUNNING and IFF_LOWER_UP: dev_get_flags() */
	u32 state; /**< __LINK_STATE_* */
	u32 features;
	u32 mtu;
	u32 num_tx_queues;
	int ifindex;
	u16 type; /**< ARPHRD_* */
	u16 hard_header_len;
	u16 needed_headroom;
	u8 addr_len;
	u8 operstate; /**< IF_OPER_* */
	u8 dev_addr[MAX_ADDR_LEN];
	u8 broadcast[MAX_ADDR_LEN];
	struct netdev_stats stats;

	/* what the families hang on a device */
	struct in_device *ip_ptr;
	struct inet6_dev *ip6_ptr;
	struct neigh_parms *neigh_parms[2]; /**< by neigh_table index: ARP, ND */
	struct list_head neigh_list[2];     /**< entries of this device, by neigh_table index */
	u32 neigh_generation[2];            /**< entries of another one are gone: neigh/neigh_flush.c */

	char name[IFNAMSIZ];
	u32 tx_queue_len;
	u32 min_mtu, max_mtu;
	u32 gso_max_size_bytes, gso_max_segs; /**< of a train for this device */
	u32 group;
	u32 promiscuity, allmulti;
	u32 gflags;     /**< IFF_PROMISC, IFF_ALLMULTI as user space set them */
	u32 priv_flags; /**< IFF_NO_QUEUE ... */
	u32 refcnt;
	struct list_head dev_list; /**< in net->dev, by ifindex */
	struct list_head napi_list;
	struct list_head mc_list; /**< struct netdev_hw_addr */
	u32 mc_count;
	const char *kind; /**< what IFLA_INFO_KIND says, NULL: none ("tun", "veth" ...) */
	u32 carrier_up_count, carrier_down_count;
	struct rcu_head rcu;
	u32 priv_bytes;
	size_t alloc_bytes; /**< of this object, its queues and priv */
	void *priv;         /**< the driver's own */
};

/* netdev notifier: data is struct netdev_notifier_info */
enum netdev_cmd {
	NETDEV_UP = 1,
	NETDEV_DOWN,
	NETDEV_REGISTER,
	NETDEV_UNREGISTER,
	NETDEV_CHANGE /* carrier, flags */,
	NETDEV_CHANGEMTU,
	NETDEV_CHANGEADDR,
	NETDEV_CHANGENAME,
	NETDEV_GOING_DOWN,
	NETDEV_NOTIFY_PEERS,
};
struct netdev_notifier_info {
	struct net_device *dev;
	u32 flags_changed; /**< NETDEV_CHANGE */
};
int register_netdevice_notifier(struct net *net, struct notifier_block *nb);
void unregister_netdevice_notifier(struct net *net, struct notifier_block *nb);

/** struct packet_type - who gets frames of an ethertype; static const tables registered at net creation */
struct packet_type {
	__be16 type; /**< ethertype; CONST_BE16(ETH_P_ALL): every frame in and out (taps), as a clone */
	/** @skb taken; data at the network header.  Return: 0 or NET_RX_DROP, informational */
	int (*func)(struct sk_buff *skb, struct net_device *dev, void *ctx);
	void *ctx;
};
/* A tap sees a frame that leaves with pkt_type PACKET_OUTGOING; its link-layer header is before data, as in received ones. */
int dev_add_pack(struct net *net, const struct packet_type *pt); /* copied; -ENOSPC */
void dev_remove_pack(struct net *net, const struct packet_type *pt);

int dev_net_init(struct net *net);
void dev_net_exit(struct net *net);

/* ---- life: alloc, register, (open, close)*, unregister frees */
/** alloc_netdev() - @name may hold one %d; returned; NULL: no memory.  @linux alloc_netdev_mqs */
struct net_device *alloc_netdev(struct net *net, u32 priv_bytes, const char *name, u32 tx_queues);
void free_netdev(struct net_device *dev); /* only one that was never registered */
/** register_netdev() - Return: 0, -EEXIST (name), -EINVAL (bad name), -ENOMEM; then the caller still owns it */
int register_netdev(struct net_device *dev);
/** unregister_netdev() - takes down, tells everybody, flushes queues, frees when the last reference goes */
void unregister_netdev(struct net_device *dev);
/** unregister_netdev_all() - every device of @net, the latest first: how a net ends */
void unregister_netdev_all(struct net *net);

/* ---- Ethernet: dev/eth.c */
void ether_setup(struct net_device *dev);
int eth_header(struct sk_buff *skb, struct net_device *dev, u16 type, const void *daddr, const void *saddr, u32 len);
int eth_header_cache(const struct net_device *dev, const u8 *ha, __be16 type, u8 hh_data[static 16], u8 *hh_len);
/** eth_mac_addr() - ndo_set_mac_address of most: -EBUSY while up (unless LIVE), -EADDRNOTAVAIL */
int eth_mac_addr(struct net_device *dev, const u8 *addr);

struct net_device *dev_find_by_index(struct net *net, int ifindex); /* x_find(): borrowed */
struct net_device *dev_find_by_name(struct net *net, const char *name);
#define for_each_netdev(net_, dev_) list_for_each_entry(dev_, netdev_list(net_), dev_list)
struct list_head *netdev_list(struct net *net);
/** netdev_genid() - changes whenever a device appears, goes or changes: for torn dumps */
u32 netdev_genid(const struct net *net);
static inline struct net_device *dev_hold(struct net_device *dev)
{
	dev->refcnt++;
	return dev;
}
void dev_put(struct net_device *dev);

/* ---- state */
int dev_open(struct net_device *dev);
void dev_close(struct net_device *dev);
int dev_change_flags(struct net_device *dev, u32 flags);
u32 dev_get_flags(const struct net_device *dev);  /* with IFF_RUNNING, IFF_LOWER_UP */
int dev_set_mtu(struct net_device *dev, u32 mtu); /* -EINVAL outside min..max */
int dev_set_mac_address(struct net_device *dev, const u8 *addr);
int dev_change_name(struct net_device *dev, const char *name);
static inline bool netif_running(const struct net_device *dev)
{
	return dev->state & __LINK_STATE_START;
}
static inline bool netif_carrier_ok(const struct net_device *dev)
{
	return !(dev->state & __LINK_STATE_NOCARRIER);
}
/** netif_has_link() - up, with a cable in it */
static inline bool netif_has_link(const struct net_device *dev)
{
	return netif_running(dev) && netif_carrier_ok(dev);
}
/** netif_speaks_arp() - an Ethernet with others on it, who are asked for by ARP */
static inline bool netif_speaks_arp(const struct net_device *dev)
{
	return !(dev->flags & (IFF_NOARP | IFF_LOOPBACK | IFF_POINTOPOINT)) && dev->addr_len == ETH_ALEN;
}
void netif_carrier_on(struct net_device *dev);
void netif_carrier_off(struct net_device *dev);
/** dev_change_carrier() - what `ip link set DEV carrier on|off` asks for.  Return: 0, -EOPNOTSUPP, the driver's error */
int dev_change_carrier(struct net_device *dev, bool on);
void netdev_notify_peers(struct net_device *dev);
/** dev_set_promiscuity() - @inc: +1, -1; one count for each that wants it */
void dev_set_promiscuity(struct net_device *dev, int inc);
void dev_set_allmulti(struct net_device *dev, int inc);

/* ---- the way down */
/** dev_queue_xmit() - @skb taken; dev, network header, link-layer header are set.  Return: NET_XMIT_* >= 0, -ENETDOWN, -ENOBUFS. S9 */
int dev_queue_xmit(struct sk_buff *skb);
/** dev_hard_start_xmit() - taps, checksum or GSO in software if needed, then the driver.  S13
 *  @first: one, or several chained by next
 *  Return: NULL, or what the driver did not take (BUSY), in order */
struct sk_buff *dev_hard_start_xmit(struct sk_buff *first, struct net_device *dev, struct netdev_queue *txq);
static inline int dev_hard_header(struct sk_buff *skb, struct net_device *dev, u16 type, const void *daddr,
				  const void *saddr, u32 len)
{
	if (!dev->header_ops || !dev->header_ops->create)
		return 0;
	return dev->header_ops->create(skb, dev, type, daddr, saddr, len);
}
/** LL_RESERVED_SPACE() - headroom that a packet for @dev should have, a multiple of 16 */
static inline u32 LL_RESERVED_SPACE(const struct net_device *dev)
{
	return ((u32)dev->hard_header_len + dev->needed_headroom + 15U) & ~15U;
}
void netif_tx_stop_queue(struct netdev_queue *txq);
/** netif_tx_wake_queue() - the ring has room again: schedules the queue's qdisc */
void netif_tx_wake_queue(struct netdev_queue *txq);

static inline void netif_tx_stop_all_queues(struct net_device *dev)
{
	for (u32 i = 0; i < dev->num_tx_queues; i++)
		netif_tx_stop_queue(&dev->_tx[i]);
}
static inline void netif_tx_wake_all_queues(struct net_device *dev)
{
	for (u32 i = 0; i < dev->num_tx_queues; i++)
		netif_tx_wake_queue(&dev->_tx[i]);
}
/** dev_sw_netstats_tx_add(), _rx_add(): a driver counts each frame with its link-layer header */
static inline void dev_sw_netstats_tx_add(struct net_device *dev, u32 packets, u32 len_bytes)
{
	dev->stats.tx_packets += packets;
	dev->stats.tx_bytes += len_bytes;
}
static inline void dev_sw_netstats_rx_add(struct net_device *dev, u32 len_bytes)
{
	dev->stats.rx_packets++;
	dev->stats.rx_bytes += len_bytes;
}

#define NET_XMIT_SUCCESS 0x00
#define NET_XMIT_DROP 0x01
#define NET_XMIT_CN 0x02
#define NET_RX_SUCCESS 0
#define NET_RX_DROP 1
static inline int net_xmit_errno(int e) /* what a socket sees */
{
	return e == NET_XMIT_CN ? 0 : -105 /* ENOBUFS */;
}

/* ---- the way up */
/** struct napi_struct - a driver's source of frames, polled with a budget.  dev/napi.c */
struct napi_struct {
	struct list_head poll_list; /**< in softnet when scheduled */
	struct list_head dev_list;
	int (*poll)(struct napi_struct *napi,
		    int budget); /**< Return: frames; < budget: done, call napi_complete first */
	struct net_device *dev;
	struct gro_node *gro; /**< where napi_gro_receive() holds packets: the net's, as polls come one by one */
	int weight;
	bool scheduled; /**< in poll_list, or being polled */
};
#define NAPI_POLL_WEIGHT 64
void netif_napi_add(struct net_device *dev, struct napi_struct *napi, int (*poll)(struct napi_struct *, int),
		    int weight);
void netif_napi_del(struct napi_struct *napi);
void napi_schedule(struct napi_struct *napi);
void napi_complete(struct napi_struct *napi);
/** netif_receive_skb() - a frame from a driver: @skb taken, data at the network header, protocol and pkt_type set (eth_type_trans) */
int netif_receive_skb(struct sk_buff *skb);
/** napi_gro_receive() - netif_receive_skb() for drivers, from within their poll: TCP segments wait, until its end, for
 *  those that follow.  @more: some may; else this one is known to be the poll's last.  dev/gro.c */
int napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb, bool more);
/** netif_rx() - same, but later, through the bounded input backlog.  Return: NET_RX_* */
int netif_rx(struct sk_buff *skb);
/** netif_flush_backlog() - drop what waits there from @dev, which goes */
void netif_flush_backlog(struct net_device *dev);
__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev); /* dev/eth.c: pulls the header */

/* ---- multicast filter of a device: dev/dev_addr_lists.c (refcounted addresses) */
struct netdev_hw_addr {
	struct list_head node;
	u8 addr[MAX_ADDR_LEN];
	u32 refcnt;
};
/** dev_mc_add() - one more wants frames to @addr.  Return: 0, -ENOMEM */
int dev_mc_add(struct net_device *dev, const u8 *addr);
/** dev_mc_del() - one less.  Return: 0, -ENOENT */
int dev_mc_del(struct net_device *dev, const u8 *addr);
void dev_mc_flush(struct net_device *dev);

#endif
