# SPDX-License-Identifier: BSD-2-Clause
"""Bugs that tools/planted puts into a copy of the tree, one at a time: the simulator must find each.

A row is (name, what it is, file, text that stands there once, text instead).  One whose text is not found any more is
an error: the code has changed, and so must the row.
"""

PLANTED = [
    ("nud-edge-lost", "the edge DELAY to PROBE is deleted from the NUD table", "src/neigh/nud.c",
     "{ NUD_DELAY,        NUD_EV_TIMER,  0,             0,             NUD_PROBE,      "
     "A(RESET_PROBES) | A(NOTIFY) | A(PROBE),           T(RETRANS),   \"RFC 4861 7.3.3\" },\n", ""),
    ("nud-edge-wrong", "an entry in use that was not confirmed becomes STALE instead of DELAY", "src/neigh/nud.c",
     "C(USED),       C(USED),       NUD_DELAY,      A(SUSPECT),",
     "C(USED),       C(USED),       NUD_STALE,      A(SUSPECT),"),
    ("skb-leaked", "the oldest packet of a full arp_queue is forgotten instead of freed", "src/neigh/neigh_queue.c",
     "\t\tkfree_skb_reason(oldest, SKB_DROP_REASON_NEIGH_QUEUEFULL);\n", ""),
    ("notification-swallowed", "nobody is told that a neighbour which did not answer has FAILED", "src/neigh/nud.c",
     "{ NUD_PROBE,        NUD_EV_TIMER,  C(EXHAUSTED),  C(EXHAUSTED),  NUD_FAILED,     A(NOTIFY) | A(INVALIDATE),",
     "{ NUD_PROBE,        NUD_EV_TIMER,  C(EXHAUSTED),  C(EXHAUSTED),  NUD_FAILED,     A(INVALIDATE),"),
    ("checksum-last-octet", "a checksum leaves out the last octet of an odd number", "src/base/csum.c",
     "\tif (len_bytes & 1) {\n", "\tif (len_bytes & 1 && !to) {\n"),
    ("ttl-checksum", "a router that takes one off the TTL leaves the header's checksum as it was",
     "src/ipv4/ip_forward.c",
     "\tip_decrease_ttl(ip_hdr(skb));\n", "\tip_hdr(skb)->ttl--;\n"),
    ("reassembly-off-by-one", "a fragment claims one unit of eight octets more than it has", "src/ipv4/ip_fragment.c",
     "last = (end_bytes - 1) / 8;\n\tu64", "last = end_bytes / 8;\n\tu64"),
    ("timer-reference", "a timer that is stopped keeps its reference on the neighbour", "src/neigh/neigh_event.c",
     "\tif (timer_delete(n->tbl->net->timers, &n->timer))\n\t\tneigh_release(n);\n",
     "\t(void)timer_delete(n->tbl->net->timers, &n->timer);\n"),
    ("stale-header", "the ready header keeps the old address when a neighbour moves", "src/neigh/neighbour.c",
     "\tif (n->hh_len)\n\t\tneigh_hh_init(n);\n", ""),
    ("room-before-refusal", "another entry has to go for one that is refused afterwards", "src/neigh/neighbour.c",
     "\tif (wish && neigh_lacks_lladdr(", "\tif (false && wish && neigh_lacks_lladdr("),
    ("own-address", "a device's neighbours keep headers with its old address when that is changed",
     "src/neigh/neigh_flush.c",
     "void neigh_changeaddr(struct neigh_table *tbl, struct net_device *dev)\n{\n\tneigh_flush_dev(tbl, dev, false);\n",
     "void neigh_changeaddr(struct neigh_table *tbl, struct net_device *dev)\n{\n\t(void)tbl;\n\t(void)dev;\n"),
    ("wake-lost", "a driver that takes frames again is not given those that waited", "src/drivers/user.c",
     "\tnetif_tx_wake_all_queues(dev);\n", "\t(void)dev;\n"),
    ("overdue-confirmation", "an entry is trusted for twice its reachable time", "src/neigh/neigh_event.c",
     "\tif (now < n->confirmed + fresh)\n", "\tif (now < n->confirmed + 2 * fresh)\n"),
]
