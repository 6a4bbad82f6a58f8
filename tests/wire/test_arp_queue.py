# SPDX-License-Identifier: BSD-2-Clause
"""Packets wait for an unresolved neighbour: how many, which, and in which order.

RFC 1122 2.3.2.2: at least one packet, the latest, must be saved.  Neighbour
specification, arp_queue: the limit unres_qlen_bytes counts the memory that packets
take (their truesize), the oldest is dropped first, the newest is always kept, the
rest leaves in order.  A datagram of 100 octets takes 832, one of 1000 takes 2304.
"""

import socket
import struct

import pytest

from lab.frames import ARP, BROADCAST, Ether, arp_request, is_arp, to_mac, udp
from lab.stack import ADDRESS, PEER, PEER_MAC

OTHER, OTHER_MAC = "10.77.0.3", "02:00:00:00:77:03"


def blast(address, count, size, first=0):
    """Send numbered datagrams back to back; return how many the socket took."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, 32, 16 << 20)        # SO_SNDBUFFORCE
    except PermissionError:             # root of a user namespace only
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 << 20)
    sock.setblocking(False)
    taken = 0
    for i in range(first, first + count):
        mark = struct.pack("!H", i)
        data = mark[1:] if size == 1 else mark + bytes(size - 2)
        try:
            taken += sock.sendto(data, (address, 5000)) == size
        except BlockingIOError:
            break
    return taken


def resolve(stack, address=PEER, mac=PEER_MAC):
    stack.port.send(Ether(src=mac, dst=stack.mac) /
                    ARP(op=2, hwsrc=mac, psrc=address, hwdst=stack.mac, pdst=ADDRESS))


def numbers(stack, size, mac=PEER_MAC):
    """The numbers that the datagrams carry which come within a while."""
    mask = 0xff if size == 1 else 0xffff
    frames = stack.port.collect(udp(dport=5000) & to_mac(mac), during=0.5)
    return [int.from_bytes(f.payload()[:2], "big") & mask for f in frames]


FULL = [
    # what                                         sent, size, kept
    ("600 datagrams of 1 octet: the last 256",      600, 1, 256),
    ("600 datagrams of 100 octets: the last 256",   600, 100, 256),
    ("600 datagrams of 1000 octets: the last 92",   600, 1000, 92),
    ("600 datagrams of 1472 octets: the last 92",   600, 1472, 92),
    ("256 datagrams of 100 octets: all",            256, 100, 256),
    ("257 datagrams of 100 octets: all but one",    257, 100, 256),
    ("92 datagrams of 1000 octets: all",            92, 1000, 92),
    ("1 datagram: it",                              1, 100, 1),
]


@pytest.mark.parametrize("says, sent, size, kept", [pytest.param(*r, id=r[0]) for r in FULL])
def test_the_newest_that_fit_are_kept_in_order(stack, says, sent, size, kept):
    assert stack.call(blast, PEER, sent, size) == sent
    stack.port.expect(arp_request(PEER))
    resolve(stack)
    want = list(range(sent - kept, sent))
    if size == 1:
        want = [n & 0xff for n in want]
    assert numbers(stack, size) == want


LIMIT = [
    # what                                                          bytes, size, kept
    ("room for two of 832: two",                                    1664, 100, 2),
    ("one octet less: one",                                         1663, 100, 1),
    ("no room even for one: still the newest",                      1, 100, 1),
    ("zero: still the newest",                                      0, 100, 1),
    ("room for ten of 832",                                         8320, 100, 10),
    ("room for ten of 2304",                                        23040, 1000, 10),
    ("twice the default: twice as many",                            425984, 100, 512),
]


@pytest.mark.parametrize("says, limit, size, kept", [pytest.param(*r, id=r[0]) for r in LIMIT])
def test_unres_qlen_bytes_is_the_limit(stack, says, limit, size, kept):
    stack.neigh_sysctl(unres_qlen_bytes=limit)
    sent = 20 if kept <= 10 else 600
    assert stack.call(blast, PEER, sent, size) == sent
    stack.port.expect(arp_request(PEER))
    resolve(stack)
    assert numbers(stack, size) == list(range(sent - kept, sent))


def test_unres_qlen_counts_in_full_frames(stack):
    assert stack.sysctl("net.ipv4.neigh.eth0.unres_qlen_bytes") == "212992"
    assert stack.sysctl("net.ipv4.neigh.eth0.unres_qlen") == "101"
    stack.neigh_sysctl(unres_qlen=3)
    unit = int(stack.sysctl("net.ipv4.neigh.eth0.unres_qlen_bytes")) // 3
    assert stack.sysctl("net.ipv4.neigh.eth0.unres_qlen") == "3"
    assert unit == 2090, "what a frame of 1514 octets takes, without rounding"


def test_big_and_small_ones_share_the_limit_by_what_they_take(stack):
    stack.neigh_sysctl(unres_qlen_bytes=2304 + 832)
    stack.call(blast, PEER, 5, 100)
    stack.call(blast, PEER, 1, 1000, 5)
    stack.port.expect(arp_request(PEER))
    resolve(stack)
    assert numbers(stack, 1000) == [4, 5]


def test_each_neighbour_has_a_queue_of_its_own(stack):
    stack.neigh_sysctl(unres_qlen_bytes=3 * 832)
    stack.call(blast, PEER, 5, 100)
    stack.call(blast, OTHER, 5, 100)
    stack.port.expect(arp_request(PEER))
    stack.port.expect(arp_request(OTHER))
    resolve(stack)
    resolve(stack, OTHER, OTHER_MAC)
    frames = stack.port.collect(udp(dport=5000), during=0.4)
    for mac in (PEER_MAC, OTHER_MAC):
        got = [f.payload()[1] for f in frames if f[Ether].dst == mac]
        assert got == [2, 3, 4], (mac, got)


def test_all_packets_of_a_failed_neighbour_are_dropped(stack):
    stack.neigh_sysctl(retrans_time_ms=100)
    stack.call(blast, PEER, 50, 100)
    stack.wait_nud(PEER, "FAILED")
    resolve(stack)
    stack.port.silence(~is_arp, 0.3)


def test_packets_after_the_flush_stay_behind_those_before(stack):
    stack.call(blast, PEER, 100, 100)
    stack.port.expect(arp_request(PEER))
    resolve(stack)
    stack.call(blast, PEER, 100, 100, 100)
    assert numbers(stack, 100) == list(range(200))


def test_the_queue_leaves_with_the_address_of_whoever_answered(stack):
    stack.call(blast, PEER, 3, 100)
    stack.port.expect(arp_request(PEER))
    stack.port.send(Ether(src=OTHER_MAC, dst=BROADCAST) /
                    ARP(op=1, hwsrc=PEER_MAC, psrc=PEER, pdst=ADDRESS))
    assert numbers(stack, 100) == [0, 1, 2], "the ARP sender address rules, not the frame's"


def test_deleting_the_entry_drops_its_queue(stack):
    stack.call(blast, PEER, 3, 100)
    stack.port.expect(arp_request(PEER))
    stack.ip(f"neigh del {PEER} dev eth0")
    resolve(stack)
    stack.port.silence(~is_arp, 0.3)
    assert stack.nud(PEER) in (None, "FAILED")


def test_taking_the_device_down_drops_its_queue(stack):
    stack.call(blast, PEER, 3, 100)
    stack.port.expect(arp_request(PEER))
    stack.ip("link set eth0 down")
    stack.ip("link set eth0 up")
    resolve(stack)
    stack.port.silence(~is_arp, 0.3)


def test_an_address_given_by_hand_lets_the_queue_go(stack):
    stack.call(blast, PEER, 3, 100)
    stack.port.expect(arp_request(PEER))
    stack.ip(f"neigh replace {PEER} lladdr {PEER_MAC} dev eth0 nud permanent")
    assert numbers(stack, 100) == [0, 1, 2]
