/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a packet died: one row each, names as in Linux.
 *
 * The enum, the texts, the counters, `nethood drops` and docs/DROPS.md come from this list.
 */
#ifndef NETHOOD_SKB_DROPREASON_H
#define NETHOOD_SKB_DROPREASON_H

/* X(name, sentence) */
#define SKB_DROP_REASONS(X) \
	X(NOT_SPECIFIED, "no reason was given: a bug of nethood") \
	X(NO_SOCKET, "no socket is bound to the packet's port") \
	X(PKT_TOO_SMALL, "the frame is shorter than its headers") \
	X(SOCKET_FILTER, "the socket's filter refused it") \
	X(UDP_CSUM, "wrong UDP checksum") \
	X(TCP_CSUM, "wrong TCP checksum") \
	X(TCP_FLAGS, "flags that this state of the connection does not take") \
	X(TCP_ZEROWINDOW, "the receive window is closed") \
	X(TCP_OLD_DATA, "data that was received already") \
	X(TCP_OVERWINDOW, "data behind the receive window") \
	X(TCP_OFOMERGE, "data that is in the out-of-order queue already") \
	X(TCP_OFO_QUEUE_PRUNE, "the out-of-order queue gave its memory back") \
	X(TCP_OFO_DROP, "out of order, and the receive buffer is full") \
	X(TCP_RFC7323_PAWS, "an old timestamp, in the middle of a connection") \
	X(TCP_RFC7323_PAWS_ACK, "an old timestamp on an ACK that tells nothing new") \
	X(TCP_RFC7323_TW_PAWS, "an old timestamp, after the connection") \
	X(TCP_RFC7323_TSECR, "it echoes a timestamp that was never sent") \
	X(TCP_LISTEN_OVERFLOW, "the listener has no room for another connection") \
	X(TCP_OLD_SEQUENCE, "wholly before the receive window") \
	X(TCP_INVALID_SEQUENCE, "outside of the receive window") \
	X(TCP_INVALID_END_SEQUENCE, "it ends behind the receive window") \
	X(TCP_INVALID_ACK_SEQUENCE, "it acknowledges what was never sent") \
	X(TCP_RESET, "a reset that was obeyed, or has nothing to end") \
	X(TCP_INVALID_SYN, "a SYN in the middle of a connection") \
	X(TCP_CLOSE, "the connection is closed") \
	X(TCP_FASTOPEN, "a Fast Open that the state does not take") \
	X(TCP_OLD_ACK, "an old ACK, for a connection that is being opened") \
	X(TCP_TOO_OLD_ACK, "an ACK older than any window that the peer had") \
	X(TCP_ACK_UNSENT_DATA, "an ACK of data that was not sent yet") \
	X(TCP_ABORT_ON_DATA, "data for a connection that nobody reads any more") \
	X(TCP_MINTTL, "the time to live is below IP_MINTTL") \
	X(NETFILTER_DROP, "a netfilter hook refused it") \
	X(OTHERHOST, "the frame is for another host's link-layer address") \
	X(IP_CSUM, "wrong IPv4 header checksum") \
	X(IP_INHDR, "malformed IP header") \
	X(IP_RPFILTER, "reverse path filter") \
	X(IP_INADDRERRORS, "no input route for this address") \
	X(IP_INNOROUTES, "no route to the destination") \
	X(IP_OUTNOROUTES, "no output route") \
	X(IP_LOCAL_SOURCE, "the source address is one of ours") \
	X(IP_INVALID_SOURCE, "source address is multicast, broadcast or zero") \
	X(IP_INVALID_DEST, "destination address is not allowed here") \
	X(IP_LOCALNET, "loopback address on the wire") \
	X(UNICAST_IN_L2_MULTICAST, "unicast IP packet in a link-layer broadcast") \
	X(IP_OPTIONS, "refused or malformed IP options") \
	X(IP_NOPROTO, "no handler for this IP protocol") \
	X(IPV6DISABLED, "IPv6 is off on this device") \
	X(IPV6_BAD_EXTHDR, "malformed or refused IPv6 extension header") \
	X(IP_TTL_EXPIRED, "time to live ran out while forwarding") \
	X(PKT_TOO_BIG, "larger than the MTU and may not be fragmented") \
	X(NOT_WHOLE, "another fragment of the same datagram could not be sent") \
	X(FRAG_TOO_FAR, "fragments of one packet too far apart") \
	X(FRAG_REASM_TIMEOUT, "not all fragments came in time") \
	X(FRAG_OVERLAP, "fragments overlap") \
	X(FRAG_MEM, "memory for reassembly is used up") \
	X(DUP_FRAG, "duplicate fragment") \
	X(SOCKET_RCVBUFF, "the socket's receive buffer is full") \
	X(PROTO_MEM, "the protocol's memory is used up") \
	X(SOCKET_CLOSE, "the socket was closed with packets in its queues") \
	X(NEIGH_CREATEFAIL, "no neighbour entry could be made") \
	X(NEIGH_FAILED, "the neighbour did not answer") \
	X(NEIGH_QUEUEFULL, "too much waits for this neighbour; the oldest goes") \
	X(NEIGH_PROXY_QUEUEFULL, "too many questions to proxies wait for their answer") \
	X(NEIGH_DEAD, "the neighbour entry was deleted") \
	X(NEIGH_HH_FILLFAIL, "no link-layer header could be made") \
	X(ARP_MALFORMED, "malformed ARP packet") \
	X(ARP_IGNORED, "ARP packet of no concern to us") \
	X(ARP_BAD_SENDER, "ARP packet from a broadcast, multicast, zero or our own address") \
	X(ARP_OFF_LINK, "ARP packet from an address that no route has on this link") \
	X(ICMP_CSUM, "wrong ICMP checksum") \
	X(IPV6_NDISC_FRAG, "Neighbour Discovery in fragments") \
	X(IPV6_NDISC_HOP_LIMIT, "Neighbour Discovery from beyond this link") \
	X(IPV6_NDISC_BAD_CODE, "Neighbour Discovery of an unknown code") \
	X(IPV6_NDISC_BAD_OPTIONS, "malformed Neighbour Discovery options") \
	X(IPV6_NDISC_NS_OTHERHOST, "a solicitation of an address that is not ours") \
	X(IPV6_NDISC_BAD_ADDRESS, "an address that Neighbour Discovery does not allow there") \
	X(IPV6_NDISC_BAD_LLADDR, "Neighbour Discovery from a multicast, zero or our own link-layer address") \
	X(IPV6_NDISC_UNSOLICITED, "an advertisement that nobody asked for, of nobody whom we know") \
	X(IPV6_NDISC_IGNORED, "Neighbour Discovery of no concern to us: routers' to a host, hosts' to a router") \
	X(INVALID_PROTO, "malformed or unknown message of a known protocol") \
	X(QDISC_DROP, "the queueing discipline's limit") \
	X(DEV_HDR, "no link-layer header could be made, or what the device says of the frame does not fit it") \
	X(DEV_READY, "the device is not up") \
	X(FULL_RING, "the device's ring is full") \
	X(DEV_DOWN, "the device went down with packets queued") \
	X(DEV_XMIT, "the driver could not send it") \
	X(NO_CARRIER, "the device has no carrier") \
	X(CPU_BACKLOG, "the input backlog is full") \
	X(UNHANDLED_PROTO, "no handler for this ethertype") \
	X(SKB_CSUM, "the checksum could not be completed") \
	X(SKB_GSO_SEG, "segmentation failed") \
	X(HDR_TRUNC, "the packet ends inside a header") \
	X(NOMEM, "out of memory") \
	X(XMIT_RECURSION, "devices send to each other in a loop") \
	X(NETLINK_OVERRUN, "a netlink listener's buffer is full") \
	X(NETLINK_SUPERSEDED, "a netlink listener that lags gets a newer notification, or a dump, instead") \
	X(SHUTDOWN, "the net was freed with packets in its queues")

enum skb_drop_reason {
#define X(name, sentence) SKB_DROP_REASON_##name,
	SKB_DROP_REASONS(X)
#undef X
		SKB_DROP_REASON_MAX
};

/** SKB_NOT_DROPPED_YET - no end: the packet goes on.  It has the number of the one reason that no packet ends with */
#define SKB_NOT_DROPPED_YET SKB_DROP_REASON_NOT_SPECIFIED

const char *skb_drop_reason_name(enum skb_drop_reason reason);     /* "NEIGH_FAILED" */
const char *skb_drop_reason_sentence(enum skb_drop_reason reason); /* "the neighbour did not answer" */

#endif
