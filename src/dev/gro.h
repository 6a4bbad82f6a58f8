/* SPDX-License-Identifier: BSD-2-Clause */
/* Trains of segments on the way up, made of packets that follow each other.
 *
 * @step receive path   @linux include/net/gro.h
 *
 * A packet that a protocol finds fit is held in a gro_node until the end of the poll that brought it; one that
 * continues it is chained to it.  What each protocol wants equal is in its packet_offload or net_offload.
 */
#ifndef NETHOOD_DEV_GRO_H
#define NETHOOD_DEV_GRO_H

#include "base/types.h"
#include "skb/skbuff.h"

struct net;

#define MAX_PACKET_OFFLOADS 4
#define MAX_GRO_PROTOCOLS 8
#define GRO_BUCKETS 8U
#define GRO_BUCKET_SKBS 4U
#define GRO_SLOTS (GRO_BUCKETS * GRO_BUCKET_SKBS)
#define GRO_MAX_LEN_BYTES 65535U /**< of a train, from the network header on */

/** struct gro_node - what is held, by hash of the flow; one of each flow.  @linux struct gro_node */
struct gro_node {
	u32 used; /**< bit n: slot n holds a packet */
	u32 turn; /**< counts: which one of a full bucket goes */
	u32 hash[GRO_SLOTS];
	struct sk_buff *held[GRO_SLOTS];
};
static_assert(GRO_SLOTS <= 32, "gro_node.used has a bit for each");

/** struct napi_gro_cb - skb->cb while a packet is looked at or held; data is at the network header */
struct napi_gro_cb {
	struct sk_buff *last; /**< of those chained to it */
	u32 hash;
	u16 slot;
	u16 transport_offset, payload_offset; /**< from data */
	u16 count;                            /**< packets in it */
	u16 mss_bytes;                        /**< payload of the first one */
	bool flush;                           /**< it continues nothing, and nothing continues it */
	bool fixed_id;                        /**< all have the same IP identification */
};
#define NAPI_GRO_CB(skb) ((struct napi_gro_cb *)(void *)((skb)->cb))
static_assert(sizeof(struct napi_gro_cb) <= sizeof(((struct sk_buff *)0)->cb), "it must fit");

enum gro_result {
	GRO_NORMAL, /**< not taken: it goes up as it is, now */
	GRO_HELD,   /**< taken: the first of a train, perhaps */
	GRO_MERGED, /**< taken: chained to one that is held */
};

/** struct packet_offload - what a network protocol does about trains; static const.  @linux struct packet_offload */
struct packet_offload {
	__be16 type; /**< ethertype */
	/** data at the network header; see skb_gso_segment() */
	int (*gso_segment)(struct sk_buff *skb, const struct segment_how *how, struct sk_buff **segs);
	/** @skb borrowed with GRO_NORMAL, else taken; data at the network header */
	enum gro_result (*gro_receive)(struct gro_node *gro, struct sk_buff *skb);
	/** headers of a train that is going up, of two packets at least: lengths, checksums, GSO size and type */
	void (*gro_complete)(struct sk_buff *skb);
};
/** struct net_offload - what a protocol above IP does about trains; as packet_offload; static const.  @linux struct net_offload */
struct net_offload {
	/** data at the transport header */
	int (*gso_segment)(struct sk_buff *skb, const struct segment_how *how, struct sk_buff **segs);
	/** data at the network header; the IP header is judged, transport_offset set, and flush if that wants it */
	enum gro_result (*gro_receive)(struct gro_node *gro, struct sk_buff *skb);
	/** the IP header is done, the transport header set */
	void (*gro_complete)(struct sk_buff *skb);
};

int __must_check dev_add_offload(struct net *net, const struct packet_offload *po); /* borrowed; -ENOSPC */
void dev_remove_offload(struct net *net, const struct packet_offload *po);

/** gro_add_protocol() - packets of this ethertype whose network header has @protocol at @offset may become trains; others
 *  cost no more than this look.  Return: 0, -ENOSPC */
int __must_check gro_add_protocol(struct net *net, __be16 type, u8 offset, u8 protocol);
void gro_del_protocol(struct net *net, __be16 type, u8 protocol);

/* ---- for the protocols */
/** gro_lookup() - what is held of the flow with this hash; borrowed, NULL: nothing */
struct sk_buff *gro_lookup(const struct gro_node *gro, u32 hash);
/** gro_hold() - @skb (taken) waits for what follows; its hash is in its cb */
void gro_hold(struct gro_node *gro, struct sk_buff *skb);
/** gro_merge() - the payload of @skb (taken) follows that of @p, which is held */
void gro_merge(struct sk_buff *p, struct sk_buff *skb);
/** gro_complete() - @p, which was held, goes up now */
void gro_complete(struct gro_node *gro, struct sk_buff *p);
/** gro_same_link() - same device, same link-layer header? */
bool gro_same_link(const struct sk_buff *p, const struct sk_buff *skb);

/** napi_gro_flush() - all that is held goes up */
void napi_gro_flush(struct gro_node *gro);

#endif
