# SPDX-License-Identifier: BSD-2-Clause
"""Which rows there are: program and peers of each, and what has to be reached."""

# What a peer's program is called, by nethood's; "kernel" ones are built with nethood, in the same folder, and so is
# nethood's own, by another way.
PEERS = {
    "micro_neigh": {"lwIP": "lwip_peer", "gVisor": "gvisor_peer"},
    "micro_evict": {"gVisor": "gvisor_peer", "kernel": "kernel_udp_peer"},
    "micro_tcp": {"lwIP": "lwip_tcp_peer", "gVisor": "gvisor_peer", "kernel": "kernel_tcp_peer", "IPv4": "micro_tcp"},
    "micro_udp": {"lwIP": "lwip_tcp_peer", "gVisor": "gvisor_peer", "kernel": "kernel_udp_peer"},
    "micro_tap": {"kernel": "kernel_tap_peer"},
    "million": {"kernel": "million_kernel"},
}

NEIGH, EVICT, FIB, FIB6 = "micro_neigh", "micro_evict", "micro_fib", "micro_fib6"
BASE, MILLION, SIM, RECORD = "micro_base", "million", "bench_sim", "micro_record"
GSO, TCP, UDP, TAP, VETH = "micro_gso", "micro_tcp", "micro_udp", "micro_tap", "micro_veth"
WORKERS = "micro_workers"
ALL = {"lwIP": None, "gVisor": None, "kernel": None}

# part, row, program of nethood, {peer: its row, if it has another name}, target
# target: ("limit", r): at most r times the limit; ("lwIP", r): at most r times that peer, ("best peer", r): times the
# best of them; ("most", x): at most x
ROWS = [
    (1, "cached output, 1 entry", NEIGH, {"lwIP": None}, ("lwIP", 8 / 10.7)),
    (1, "cached output, 10 entries", NEIGH, {"lwIP": None}, ("lwIP", 8 / 10.7)),
    (1, "UDP send 1 byte, connected", NEIGH, {"lwIP": None, "gVisor": None}, ("lwIP", 35 / 57)),
    (1, "UDP send 1 byte by IPv6, connected", NEIGH, {}, None),
    (1, "UDP send 1 byte, unconnected, 10 peers", NEIGH, {"lwIP": None, "gVisor": None}, None),
    (1, "UDP send 1 byte, unconnected, 100 k peers", NEIGH, {"gVisor": None}, ("limit", 2)),
    (1, "lookup, serial random key, 1 k", NEIGH, {}, ("limit", 1.25)),
    (1, "lookup, serial random key, 10 k", NEIGH, {}, ("limit", 1.25)),
    (1, "lookup, serial random key, 100 k", NEIGH, {}, ("limit", 1.25)),
    (1, "lookup, serial random key, 1 M", NEIGH, {}, ("limit", 1.25)),
    (1, "create and delete, among 1 k", NEIGH, {"gVisor": "add a neighbour, to 1 k"}, ("most", 150)),
    (1, "create and delete, among 100 k", NEIGH, {"gVisor": "add a neighbour, to 100 k"}, ("most", 150)),
    (1, "create and delete, among 1 M", NEIGH, {}, ("most", 150)),
    (1, "bytes per neighbour, 100 k", NEIGH, {"gVisor": None}, ("most", 192)),
    (1, "bytes per neighbour, 1 M", NEIGH, {}, ("most", 192)),
    (1, "bytes of an idle net", NEIGH, {}, ("most", 32768)),
    (1, "million: add, one request each", MILLION, {"kernel": None}, ("kernel", 0.5)),
    (1, "million: add, in batches", MILLION, {"kernel": None}, ("kernel", 0.5)),
    (1, "million: get one", MILLION, {"kernel": None}, ("kernel", 0.5)),
    (1, "million: dump, per entry", MILLION, {"kernel": None}, ("kernel", 0.35)),
    (1, "million: delete, in batches", MILLION, {"kernel": None}, None),
    (1, "million: flush by device down, per entry", MILLION, {"kernel": None}, None),
    (1, "million: bytes per neighbour", MILLION, {}, None),
    (1, "million: longest call, add one by one", MILLION, {}, ("most", 1000)),
    (1, "million: longest call, add in batches", MILLION, {}, ("most", 1000)),
    (1, "million: longest call, get", MILLION, {}, ("most", 1000)),
    (1, "million: longest call, dump", MILLION, {}, ("most", 1000)),
    (1, "million: longest call, dump of none", MILLION, {}, ("most", 1000)),
    (1, "million: longest call, delete", MILLION, {}, ("most", 1000)),
    (1, "million: longest call, device down", MILLION, {}, ("most", 1000)),
    (1, "million: longest call, ageing", MILLION, {}, ("most", 1000)),
    (1, "insert into a full table, median, 1 k", EVICT, {}, ("most", 1000)),
    (1, "insert into a full table, median, 100 k", EVICT, {}, ("most", 1000)),
    (1, "insert into a full table, median, 1 M", EVICT, {}, ("most", 1000)),
    (1, "insert into a full table, longest, 1 k", EVICT, {}, ("most", 20)),
    (1, "insert into a full table, longest, 100 k", EVICT, {}, ("most", 20)),
    (1, "insert into a full table, longest, 1 M", EVICT, {}, ("most", 20)),
    (1, "insert into a full table, refused, 1 M", EVICT, {}, ("most", 1000)),
    (1, "resolve a new neighbour", EVICT, {"gVisor": None, "kernel": None}, ("most", 1000)),
    (1, "FIB lookup, IPv4, 1 M routes", FIB, {}, ("most", 60)),
    (1, "FIB lookup, IPv4, serial", FIB, {}, None),
    (1, "FIB lookup, IPv4, fib_lookup", FIB, {}, None),
    (1, "FIB lookup, IPv4, whole route", FIB, {}, None),
    (1, "FIB longest change, IPv4, 1 M routes", FIB, {}, None),
    (1, "bytes per route, IPv4, 1 M", FIB, {}, ("most", 64)),
    (1, "FIB lookup, IPv6, 1 M routes", FIB6, {}, None),
    (1, "FIB lookup, IPv6, serial", FIB6, {}, None),
    (1, "FIB lookup, IPv6, fib6_lookup", FIB6, {}, None),
    (1, "FIB lookup, IPv6, whole route", FIB6, {}, None),
    (1, "FIB longest change, IPv6, 1 M routes", FIB6, {}, None),
    (1, "bytes per route, IPv6, 1 M", FIB6, {}, None),
    (1, "sim: one event, 64 hosts", SIM, {}, ("most", 1000)),
    (1, "sim: one event, 1024 hosts", SIM, {}, None),
    (1, "sim: bytes per host", SIM, {}, ("most", 32768)),
    (1, "csum 1500", BASE, {}, ("limit", 1.25)),
    (1, "csum 65536", BASE, {}, ("limit", 1.25)),
    (1, "timer arm + cancel, 1 M armed", BASE, {}, ("most", 10)),
    (1, "record: UDP send 1 byte", RECORD, {}, None),
    (1, "record: UDP send 1400 bytes", RECORD, {}, None),
    (1, "record: UDP receive 1 byte", RECORD, {}, None),
    (1, "record: UDP receive 1400 bytes", RECORD, {}, None),
    (1, "record: UDP send 1 byte, first pass", RECORD, {}, None),
    (2, "GSO: cut, checksums offloaded", GSO, {}, None),
    (2, "GSO: cut, with checksums", GSO, {}, None),
    (2, "GRO: receive, up as trains", GSO, {}, None),
    (2, "GRO: receive, up one by one", GSO, {}, None),
    (2, "TCP stream, MTU 1500", TCP, ALL, ("lwIP", 1 / 5.6)),
    (2, "TCP stream, 64 KiB segments", TCP, {"gVisor": None, "kernel": None}, ("best peer", 1 / 2)),
    (2, "TCP request and response, 1 byte", TCP, ALL, ("lwIP", 1 / 1.5)),
    (2, "TCP connect, 1 byte, close", TCP, ALL, ("lwIP", 1 / 15)),
    (2, "TCP over IPv6: stream, MTU 1500", TCP, {"IPv4": "TCP stream, MTU 1500"}, ("IPv4", 1.05)),
    (2, "TCP over IPv6: stream, 64 KiB segments", TCP, {"IPv4": "TCP stream, 64 KiB segments"}, ("IPv4", 1.05)),
    (2, "TCP over IPv6: request and response, 1 byte", TCP, {"IPv4": "TCP request and response, 1 byte"}, None),
    (2, "TCP over IPv6: connect, 1 byte, close", TCP, {"IPv4": "TCP connect, 1 byte, close"}, None),
    (2, "UDP small packets, sent and received", UDP, ALL, ("lwIP", 1 / 2)),
    (2, "UDP small packets, one at a time", UDP, ALL, ("lwIP", 1 / 2)),
    (2, "TCP bytes per idle connection, who connected", TCP, {}, ("most", 1536)),
    (2, "TCP bytes per idle connection, who accepted", TCP, {}, ("most", 1536)),
    (2, "TCP churn: open, echo, close, among 100 k idle", TCP, {}, ("most", 100000)),
    (2, "TCP churn: bytes per connection in TIME_WAIT", TCP, {}, None),
    (2, "TCP churn: bytes per idle connection", TCP, {}, ("most", 1536)),
    (2, "TCP million: establish one", TCP, {}, None),
    (2, "TCP million: bytes each", TCP, {}, None),
    (3, "TAP stream, sent", TAP, {"kernel": None}, ("kernel", 1 / 0.95)),
    (3, "TAP stream, received", TAP, {"kernel": None}, ("kernel", 1 / 0.95)),
    (3, "TAP stream on two processors, sent", TAP, {"kernel": None}, ("kernel", 1 / 0.95)),
    (3, "TAP stream on two processors, received", TAP, {"kernel": None}, ("kernel", 1 / 0.95)),
    (3, "TAP request and response, p50", TAP, {"kernel": None}, ("kernel", 1)),
    (3, "TAP request and response, p99", TAP, {"kernel": None}, ("kernel", 1)),
    (3, "TAP UDP 1 byte, sent", TAP, {}, ("limit", 1 / 0.9)),
    (3, "TAP UDP 1 byte, sent one by one", TAP, {}, None),
    (3, "TAP UDP 1 byte, received", TAP, {}, ("limit", 1 / 0.9)),
    (3, "AF_PACKET UDP 1 byte, sent", VETH, {}, ("limit", 1 / 0.9)),
    (3, "AF_PACKET UDP 1 byte, sent one by one", VETH, {}, None),
    (3, "AF_PACKET UDP 1 byte, received", VETH, {}, ("limit", 1 / 0.9)),
    (3, "AF_XDP UDP 1 byte, sent", VETH, {}, ("limit", 1 / 0.9)),
    (3, "AF_XDP UDP 1 byte, received", VETH, {}, ("limit", 1 / 0.9)),
    (3, "workers: TAP UDP 1 byte, sent by two", WORKERS, {}, ("limit", 1 / 1.7)),
    (3, "workers: bare writes by two", WORKERS, {}, None),
]

ALSO = {"memory": "bytes"}      # `--row memory` is for these, too


def wanted(name, word):
    """Is this row asked for?"""
    word = word.lower()
    return word in name.lower() or ALSO.get(word, word) in name.lower()


# Why a row that begins so is not better: what was measured (strace, massif, callgrind), or stands in the code.
REASONS = [
    ("TCP connect", "A connection takes 36 000 instructions at both ends, for its segments and two sockets; no "
     "function has more than a twentieth."),
    ("TCP request", "Two segments take 9 200 instructions at both ends, from the call to the call; no function has "
     "more than a twentieth."),
    ("TCP stream, MTU 1500", "Without its two copies it takes 0.7 of that (micro_tcp, zero-copy); the rest is 5 "
     "segments for each 7 KiB, one by one through device, NAPI and GRO."),
    ("UDP small packets", "A datagram takes 1 900 instructions at both ends, through device, NAPI and the socket's "
     "wake-up."),
    ("lookup", "The limit's hash is one multiplication that everybody knows. A keyed one takes two, one after the "
     "other; with one, or a secret factor, some secrets put the addresses of a subnet into one heap (up to hundreds "
     "of steps a look-up, instead of 3)."),
    ("record", "The call and the frame are written down, and the frame's octets hashed."),
    ("TAP UDP", "What is above the limit, which is the system calls alone, is the net's own way, a third of it to "
     "fetch again what the system's own way has driven out of the cache."),
    ("AF_PACKET", "What is above the limit, which is the system calls alone, is the net's own way and the ring."),
    ("AF_XDP", "What is above the limit, which is the system calls alone, is the net's own way and the copy into the "
     "ring."),
    ("sim: bytes per host", "An idle net takes 30 KB of it; what a host has when all have introduced themselves "
     "(routes, groups, its pools of packets), and the world's own part, take the rest."),
    ("TCP_RR", "Each message goes through the socket pair that carries the program's socket, and through the "
     "supervisor: a wake-up and its system calls more in each direction."),
    ("wrk", "As TCP_RR; and recv(2) is passed on, which puts the server to sleep for each request. Left to the kernel "
     "it would be 1.9 x, but not say what Linux says (docs/adr/0005)."),
    ("redis-benchmark", "As TCP_RR: each request and each answer goes through a socket pair and the supervisor."),
    ("iperf3", "What a program writes is copied twice more, into the socket pair and out of it."),
    ("nethood exec", "A third of it is the program itself (`unshare` in the row before)."),
    ("nethood run -- true", "A net is made, and a device."),
    ("memory: resident", "The program and its libraries; the net itself is a hundredth."),
    ("TCP over IPv6", "Its header is 20 octets longer, and its addresses are compared and summed as 16 octets."),
    ("one trapped call", "Which socket it is has to be asked: pidfd_getfd(2), getsockopt(SO_COOKIE) and close(2), "
     "then whether the caller is still there, and epoll before: five system calls beside the three of the limit."),
    ("bytes of an idle net", "The timer wheel, TCP's state and both families' settings take 3 KB each."),
    ("UDP send 1 byte, unconnected", "The route is looked up for each datagram, and the neighbour's entry is filled in "
     "and counted; the limit is its look-up alone."),
    ("insert into a full table", "What dies leaves a history of 1.2 KB, which is cleared at each birth."),
    ("million: longest call", "The longest of a million calls: what else the machine did meanwhile counts."),
    ("resolve", "An entry, its history, a request, a timer and a queue are made, and two packets sent."),
]
