# SPDX-License-Identifier: BSD-2-Clause
"""What an ARP packet from the wire does: to the table, and on the wire.

RFC 826 (merge, then answer), RFC 1122 2.3.2.1, RFC 5227 2.1.1 (probes), RFC 1812
3.3.2 (what must not be believed).  Neighbour specification, ARP: the guards of
arp_rcv, the steps of arp_process, the measured matrix of who may override whom, and
locktime.  Here locktime is 0.3 s; a row tells how old the entry is when the frame comes.
"""

import itertools
import socket
import struct
import time

import pytest

from lab.frames import (ARP, BROADCAST, ZERO_MAC, Ether, arp_reply, arp_request, from_mac,
                        is_arp, match)
from lab.stack import ADDRESS

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
OURS = "02:00:00:00:00:02"
THIRD = "10.77.0.200"
SHARED = dict(sysctls={"net.ipv4.neigh.eth0.locktime": 30})
YOUNG, OLD = 0, 0.4
REQUEST, REPLY = 1, 2

_hosts = itertools.count(10)


def fresh():
    """An address that no row used before in this process."""
    return f"10.77.0.{next(_hosts)}"


def octets(mac):
    return bytes.fromhex(mac.replace(":", ""))


def arp(op, sip, tip, sha=M2, tha=ZERO_MAC, dst=BROADCAST, src=None, hwtype=1, ptype=0x800,
        hwlen=6, plen=4):
    """A frame, octet by octet: whatever the lengths say, the layout is RFC 826's."""
    return (octets(dst) + octets(src or sha) + b"\x08\x06" +
            struct.pack("!HHBBH", hwtype, ptype, hwlen, plen, op) +
            octets(sha) + socket.inet_aton(sip) + octets(tha) + socket.inet_aton(tip))


def entry(stack, address):
    got = stack.neigh(address)
    return (got["state"][0], got.get("lladdr")) if got else None


def assert_entry(stack, address, want, why=""):
    deadline = time.monotonic() + 0.5
    while True:
        got = entry(stack, address)
        if got == want:
            return
        assert time.monotonic() < deadline, f"{address} is {got}, not {want} {why}\n" \
            + stack.state_text()
        time.sleep(0.02)


def about(address):
    """An ARP packet of ours that concerns @address."""
    return match(ARP, hwsrc=OURS, pdst=address)


# ---- absent entries ------------------------------------------------------
# sip is the row's own address unless given; S stands for it in tip

S = "the sender's own address"
ABSENT = [
    # what                                    op, tip, fields                   entry, answered
    ("a broadcast request for us is answered and learned",
     REQUEST, ADDRESS, {}, ("STALE", M2), True),
    ("a unicast request for us is answered and learned",
     REQUEST, ADDRESS, dict(dst=OURS), ("STALE", M2), True),
    ("a request whose target hardware address is junk is answered",
     REQUEST, ADDRESS, dict(tha=BROADCAST), ("STALE", M2), True),
    ("a request for us from hardware type 6 (IEEE 802) is answered",
     REQUEST, ADDRESS, dict(hwtype=6), ("STALE", M2), True),
    ("the ARP sender is learned, not the Ethernet source",
     REQUEST, ADDRESS, dict(src=M1), ("STALE", M2), True),
    ("a request for a third host is neither answered nor learned",
     REQUEST, THIRD, {}, None, False),
    ("an unsolicited unicast reply is not learned",
     REPLY, ADDRESS, dict(tha=OURS, dst=OURS), None, False),
    ("an unsolicited broadcast reply is not learned",
     REPLY, ADDRESS, dict(tha=OURS), None, False),
    ("a gratuitous request is not learned", REQUEST, S, {}, None, False),
    ("a gratuitous reply is not learned", REPLY, S, dict(tha=M2), None, False),
    ("a request in a frame for another station is not seen",
     REQUEST, ADDRESS, dict(dst="02:00:00:00:bb:bb"), None, False),
    ("a request to a multicast frame address is answered and learned",
     REQUEST, ADDRESS, dict(dst="01:00:5e:00:00:01"), ("STALE", M2), True),
    ("hardware type 2 is not believed", REQUEST, ADDRESS, dict(hwtype=2), None, False),
    ("hardware type 0 is not believed", REQUEST, ADDRESS, dict(hwtype=0), None, False),
    ("hardware type 0x0600 (wrong byte order of 6) is not believed",
     REQUEST, ADDRESS, dict(hwtype=0x600), None, False),
    ("protocol type 0x86dd is not believed", REQUEST, ADDRESS, dict(ptype=0x86DD), None, False),
    ("protocol type 0x0806 is not believed", REQUEST, ADDRESS, dict(ptype=0x0806), None, False),
    ("a hardware length of 7 is not believed", REQUEST, ADDRESS, dict(hwlen=7), None, False),
    ("a hardware length of 0 is not believed", REQUEST, ADDRESS, dict(hwlen=0), None, False),
    ("a hardware length of 255 is not believed", REQUEST, ADDRESS, dict(hwlen=255), None, False),
    ("a protocol length of 16 is not believed", REQUEST, ADDRESS, dict(plen=16), None, False),
    ("a protocol length of 0 is not believed", REQUEST, ADDRESS, dict(plen=0), None, False),
    ("operation 0 is nothing", 0, ADDRESS, {}, None, False),
    ("operation 3 (reverse request) is nothing", 3, ADDRESS, {}, None, False),
    ("operation 4 (reverse reply) is nothing", 4, ADDRESS, {}, None, False),
    ("operation 8 (inverse request) is nothing", 8, ADDRESS, {}, None, False),
    ("operation 0x0100 (wrong byte order of 1) is nothing", 0x100, ADDRESS, {}, None, False),
    ("operation 65535 is nothing", 65535, ADDRESS, {}, None, False),
    ("a request for a multicast address is dropped", REQUEST, "224.0.0.1", {}, None, False),
    ("a request for 127.0.0.1 is dropped", REQUEST, "127.0.0.1", {}, None, False),
    ("a request for the subnet's broadcast address is not answered",
     REQUEST, "10.77.0.255", {}, None, False),
    ("a request for 255.255.255.255 is not answered",
     REQUEST, "255.255.255.255", {}, None, False),
    ("a request for 0.0.0.0 is not answered", REQUEST, "0.0.0.0", {}, None, False),
]


@pytest.mark.parametrize("says, op, tip, fields, want, answered",
                         [pytest.param(*r, id=r[0]) for r in ABSENT])
def test_without_an_entry(shared, says, op, tip, fields, want, answered):
    sip = fresh()
    shared.port.send(arp(op, sip, sip if tip is S else tip, **fields))
    if answered:
        frame = shared.port.expect(arp_reply(tip) & about(sip))
        assert frame[Ether].dst == M2 and frame[ARP].hwdst == M2, frame.show()
    shared.port.silence(about(sip), 0.05, says)
    assert_entry(shared, sip, want, says)


# ---- senders that are not plain hosts of the link ------------------------

SENDERS = [
    # what                                           sip, entry, answered
    ("our own address: neither answered nor learned", ADDRESS, None, False),
    ("255.255.255.255: ignored", "255.255.255.255", None, False),
    ("127.0.0.5: ignored", "127.0.0.5", None, False),
    ("a multicast address: ignored", "224.0.0.9", None, False),
    ("outside every on-link prefix: learned and answered", "192.0.2.5", ("STALE", M2), True),
]


@pytest.mark.stack(sysctls={"net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.eth0.rp_filter": 0})
@pytest.mark.parametrize("says, sip, want, answered", [pytest.param(*r, id=r[0])
                                                       for r in SENDERS])
def test_a_request_from(stack, says, sip, want, answered):
    if sip.startswith("192.0.2"):
        stack.ip("route add default via 10.77.0.1")     # there must be a way back
    stack.port.send(arp(REQUEST, sip, ADDRESS))
    if answered:
        stack.port.expect(arp_reply(ADDRESS, pdst=sip, hwdst=M2))
    stack.port.silence(match(ARP, op=2), 0.1, says)
    assert_entry(stack, sip, want, says)


def test_a_request_from_the_subnets_broadcast_address_is_answered_but_never_asked_for(stack):
    stack.port.send(arp(REQUEST, "10.77.0.255", ADDRESS))
    stack.port.expect(arp_reply(ADDRESS, pdst="10.77.0.255", hwdst=M2))
    assert_entry(stack, "10.77.0.255", ("NOARP", BROADCAST))


# ---- what must not be believed: nethood differs on purpose -----------------

BAD_MAC = [
    ("the broadcast address", BROADCAST),
    ("a multicast address", "01:00:5e:00:00:05"),
    ("zero", ZERO_MAC),
    ("our own", OURS),
]


@pytest.mark.parametrize("says, mac", [pytest.param(*r, id=r[0]) for r in BAD_MAC])
def test_a_sender_hardware_address_that_no_station_has(shared, says, mac):
    """RFC 1812 3.3.2 forbids to believe it; Linux believes it, nethood refuses it."""
    sip = fresh()
    shared.port.send(arp(REQUEST, sip, ADDRESS, sha=mac, src=M2))
    want = {"kernel": ("STALE", mac), "nethood": None}[shared.kind]
    time.sleep(0.1)
    assert_entry(shared, sip, want, says)


# ---- the answer ----------------------------------------------------------

def test_the_answer_has_every_field_right(shared):
    sip = fresh()
    shared.port.send(arp(REQUEST, sip, ADDRESS, src=M1, tha="02:11:22:33:44:55"))
    frame = shared.port.expect(arp_reply(ADDRESS) & about(sip))
    a, e = frame[ARP], frame[Ether]
    got = (e.dst, e.src, e.type, a.hwtype, a.ptype, a.hwlen, a.plen, a.op, a.hwsrc, a.psrc,
           a.hwdst, a.pdst, len(frame.raw))
    assert got == (M2, OURS, 0x806, 1, 0x800, 6, 4, 2, OURS, ADDRESS, M2, sip, 42), frame.show()


def test_each_of_our_addresses_is_answered_for(stack):
    stack.ip("addr add 10.77.0.50/24 dev eth0")
    stack.ip("addr add 198.51.100.1/32 dev lo")
    for tip in ("10.77.0.50", "198.51.100.1"):
        stack.port.send(arp(REQUEST, "10.77.0.9", tip))
        stack.port.expect(arp_reply(tip, pdst="10.77.0.9"), 1.0, "arp_ignore is 0")
    stack.ip("addr del 10.77.0.50/24 dev eth0")
    stack.port.send(arp(REQUEST, "10.77.0.9", "10.77.0.50"))
    stack.port.silence(match(ARP, op=2))


@pytest.mark.stack(devs=2)
def test_an_address_of_another_device_is_answered_for(stack):
    one, other = stack.devs
    one.port.send(arp(REQUEST, "10.77.0.9", other.address))
    frame = one.port.expect(arp_reply(other.address))
    assert frame[ARP].hwsrc == one.mac
    other.port.silence(is_arp)


# ---- address probes ------------------------------------------------------

PROBES = [
    # what                                                            op, tip, tha, answered
    ("a probe for our address is answered by unicast", REQUEST, ADDRESS, ZERO_MAC, True),
    ("a probe for another address is not answered", REQUEST, THIRD, ZERO_MAC, False),
    ("a reply with sender 0.0.0.0 is nothing", REPLY, ADDRESS, OURS, False),
    ("a probe for 0.0.0.0 is nothing", REQUEST, "0.0.0.0", ZERO_MAC, False),
]


@pytest.mark.parametrize("says, op, tip, tha, answered", [pytest.param(*r, id=r[0])
                                                          for r in PROBES])
def test_an_address_probe(stack, says, op, tip, tha, answered):
    stack.port.send(arp(op, "0.0.0.0", tip, tha=tha))
    if answered:
        frame = stack.port.expect(arp_reply(ADDRESS, pdst="0.0.0.0", hwdst=M2))
        assert frame[Ether].dst == M2, frame.show()
    stack.port.silence(is_arp, 0.1, says)
    assert stack.ip_json("neigh show dev eth0 nud all") == [], "a probe teaches nothing"


# ---- the matrix: who may override whom -----------------------------------

def reply_unicast(sip, mac):
    return arp(REPLY, sip, ADDRESS, sha=mac, tha=OURS, dst=OURS)


def reply_broadcast(sip, mac):
    return arp(REPLY, sip, ADDRESS, sha=mac, tha=OURS)


def garp_request(sip, mac):
    return arp(REQUEST, sip, sip, sha=mac)


def garp_reply(sip, mac):
    return arp(REPLY, sip, sip, sha=mac, tha=mac)


def garp_reply_ff(sip, mac):
    return arp(REPLY, sip, sip, sha=mac, tha=BROADCAST)


def request_for_us(sip, mac):
    return arp(REQUEST, sip, ADDRESS, sha=mac)


def request_for_third(sip, mac):
    return arp(REQUEST, sip, THIRD, sha=mac)


R1, S1, P1 = ("REACHABLE", M1), ("STALE", M1), ("PERMANENT", M1)
R2, S2 = ("REACHABLE", M2), ("STALE", M2)
MATRIX = [
    # before, age, frame,                        claims, after
    ("reachable", YOUNG, reply_unicast,          M2, R1),
    ("reachable", OLD,   reply_unicast,          M2, R2),
    ("reachable", YOUNG, reply_unicast,          M1, R1),
    ("reachable", YOUNG, reply_broadcast,        M2, R1),
    ("reachable", OLD,   reply_broadcast,        M2, S2),
    ("reachable", OLD,   reply_broadcast,        M1, R1),
    ("reachable", YOUNG, garp_request,           M2, S2),
    ("reachable", OLD,   garp_request,           M2, S2),
    ("reachable", YOUNG, garp_request,           M1, R1),
    ("reachable", YOUNG, garp_reply,             M2, S2),
    ("reachable", OLD,   garp_reply,             M2, S2),
    ("reachable", YOUNG, garp_reply_ff,          M2, R1),
    ("reachable", OLD,   garp_reply_ff,          M2, S2),
    ("reachable", YOUNG, request_for_us,         M2, S2),
    ("reachable", OLD,   request_for_us,         M2, S2),
    ("reachable", YOUNG, request_for_us,         M1, R1),
    ("reachable", YOUNG, request_for_third,      M2, R1),
    ("reachable", OLD,   request_for_third,      M2, S2),
    ("reachable", OLD,   request_for_third,      M1, R1),
    ("stale",     YOUNG, reply_unicast,          M2, S1),
    ("stale",     OLD,   reply_unicast,          M2, R2),
    ("stale",     YOUNG, reply_unicast,          M1, R1),
    ("stale",     OLD,   reply_unicast,          M1, R1),
    ("stale",     YOUNG, reply_broadcast,        M1, S1),
    ("stale",     OLD,   reply_broadcast,        M1, S1),
    ("stale",     YOUNG, reply_broadcast,        M2, S1),
    ("stale",     OLD,   reply_broadcast,        M2, S2),
    ("stale",     YOUNG, garp_request,           M2, S2),
    ("stale",     YOUNG, garp_reply,             M2, S2),
    ("stale",     YOUNG, garp_request,           M1, S1),
    ("stale",     YOUNG, request_for_us,         M2, S2),
    ("stale",     YOUNG, request_for_us,         M1, S1),
    ("stale",     OLD,   request_for_third,      M2, S2),
    ("delay",     YOUNG, reply_unicast,          M1, R1),
    ("delay",     OLD,   reply_unicast,          M2, R2),
    ("delay",     YOUNG, garp_request,           M2, S2),
    ("delay",     YOUNG, request_for_us,         M1, ("DELAY", M1)),
    ("permanent", OLD,   reply_unicast,          M2, P1),
    ("permanent", OLD,   garp_request,           M2, P1),
    ("permanent", OLD,   garp_reply,             M2, P1),
    ("permanent", OLD,   request_for_us,         M2, P1),
    ("noarp",     OLD,   reply_unicast,          M2, ("NOARP", M1)),
    ("noarp",     OLD,   garp_request,           M2, ("NOARP", M1)),
    ("noarp",     OLD,   request_for_us,         M2, ("NOARP", M1)),
    ("failed",    OLD,   reply_unicast,          M2, R2),
    ("failed",    OLD,   garp_request,           M2, S2),
    ("failed",    OLD,   request_for_us,         M2, S2),
]


def row_name(row):
    before, age, frame, claims, (state, mac) = row
    return (f"{before}, {'young' if age == YOUNG else 'old'}: {frame.__name__} with "
            f"{'the same' if claims == M1 else 'another'} address: {state} with "
            f"{'the old' if mac == M1 else 'the new'} one")


@pytest.mark.parametrize("before, age, frame, claims, after",
                         [pytest.param(*r, id=row_name(r)) for r in MATRIX])
def test_the_matrix(shared, before, age, frame, claims, after):
    sip = fresh()
    # DELAY by hand would be PROBE at once: its timer starts at zero
    by_hand = "stale" if before == "delay" else before
    shared.ip(f"neigh replace {sip} lladdr {M1} dev eth0 nud {by_hand}")
    if before == "delay":
        with shared.udp() as sock:
            sock.sendto(b"hello", (sip, 5000))
    if age:
        time.sleep(age)
    shared.port.send(frame(sip, claims))
    if frame is request_for_us:
        shared.port.expect(arp_reply(ADDRESS, pdst=sip, hwdst=claims))
    time.sleep(0.05)
    assert_entry(shared, sip, after)


def test_locktime_is_a_second_by_default(stack):
    assert stack.sysctl("net.ipv4.neigh.eth0.locktime") == "100", "in 1/100 s"
    for age, after in ((0.7, R1), (1.15, R2)):
        sip = fresh()
        stack.ip(f"neigh replace {sip} lladdr {M1} dev eth0 nud reachable")
        time.sleep(age)
        stack.port.send(reply_unicast(sip, M2))
        time.sleep(0.05)
        assert_entry(stack, sip, after, f"after {age} s")


def test_with_locktime_0_the_last_reply_wins(stack):
    stack.neigh_sysctl(locktime=0)
    stack.ip(f"neigh replace 10.77.0.9 lladdr {M1} dev eth0 nud reachable")
    time.sleep(0.05)
    stack.port.send(reply_unicast("10.77.0.9", M2))
    assert_entry(stack, "10.77.0.9", R2)


# ---- lengths, trailers ---------------------------------------------------

def cut(size):
    def make(sip):
        return bytes(arp(REQUEST, sip, ADDRESS))[:14 + size]
    return make


def trailer(size, octet=b"\xff"):
    def make(sip):
        return bytes(arp(REQUEST, sip, ADDRESS)) + octet * size
    return make


LENGTHS = [
    ("without any ARP octet", cut(0), False),
    ("7 octets of ARP: not even the fixed part", cut(7), False),
    ("8 octets of ARP: the fixed part alone", cut(8), False),
    ("27 octets of ARP: one is missing", cut(27), False),
    ("28 octets of ARP: a whole one", cut(28), True),
    ("padded to 60 octets by zeros", trailer(18, b"\0"), True),
    ("padded to 60 octets by junk", trailer(18), True),
    ("a trailer of 1400 octets", trailer(1400), True),
]


@pytest.mark.parametrize("says, make, good", [pytest.param(*r, id=r[0]) for r in LENGTHS])
def test_a_request_of_this_length(shared, says, make, good):
    sip = fresh()
    shared.port.send(make(sip))
    if good:
        frame = shared.port.expect(arp_reply(ADDRESS) & about(sip))
        assert len(frame.raw) == 42, f"the trailer stays behind\n{frame.show()}"
    shared.port.silence(about(sip), 0.05, says)
    assert_entry(shared, sip, ("STALE", M2) if good else None, says)


# ---- devices -------------------------------------------------------------

def test_a_device_without_arp_hears_and_asks_nothing(stack):
    stack.ip("link set eth0 arp off")
    stack.port.send(arp(REQUEST, "10.77.0.9", ADDRESS))
    stack.port.silence(match(ARP, op=2), 0.1)
    assert entry(stack, "10.77.0.9") is None
    with stack.udp() as sock:
        sock.sendto(b"hello", ("10.77.0.10", 5000))
    stack.port.silence(is_arp, 0.1)


def test_a_device_that_is_down_answers_nothing(stack):
    stack.ip("link set eth0 down")
    try:
        stack.port.send(arp(REQUEST, "10.77.0.9", ADDRESS))
    except OSError:
        pass                            # a TAP that is down takes no frame
    stack.port.silence(is_arp, 0.1)


def test_an_address_conflict_gets_no_reaction(stack):
    """RFC 5227 2.4 would defend the address; Linux leaves that to user space."""
    stack.port.send(garp_request(ADDRESS, M2))
    stack.port.send(garp_reply(ADDRESS, M2))
    stack.port.silence(is_arp, 0.15)
    assert stack.ip_json("neigh show dev eth0 nud all") == []


def test_our_own_request_that_comes_back_is_ignored(stack):
    with stack.udp() as sock:
        sock.sendto(b"hello", ("10.77.0.9", 5000))
    frame = stack.port.expect(arp_request("10.77.0.9") & from_mac(OURS))
    stack.port.send(frame.raw)
    stack.port.silence(match(ARP, op=2), 0.1)
    assert entry(stack, ADDRESS) is None
    assert entry(stack, "10.77.0.9")[0] == "INCOMPLETE"


def test_reverse_arp_is_not_arp(stack):
    stack.port.send(Ether(src=M2, dst=BROADCAST, type=0x8035) /
                    ARP(op=3, hwsrc=M2, psrc="10.77.0.9", hwdst=OURS, pdst=ADDRESS))
    stack.port.silence(during=0.1)
    assert entry(stack, "10.77.0.9") is None
