# SPDX-License-Identifier: BSD-2-Clause
"""A packet from one wire to another: what changes, what stays, what comes back.

RFC 1812 5.2 and 5.3 (forwarding, time to live, martians, broadcasts), RFC 1624 (the
checksum's change), RFC 792 (errors), RFC 1191 (fragmentation needed).  The host A is
10.77.0.1 on eth0, the host B is 10.78.0.1 on eth1; the stack is a router between them.
"""

import socket
import struct

import pytest

from lab import packets as p
from lab.frames import BROADCAST, IP, Ether, arp_request, icmp, is_ip, match

A, A_MAC = "10.77.0.1", "02:00:00:00:77:01"
B, B_MAC = "10.78.0.1", "02:00:00:00:78:01"
R0, R0_MAC, R1, R1_MAC = "10.77.0.2", "02:00:00:00:00:02", "10.78.0.2", "02:00:00:00:00:03"
SYSCTLS = {"net.ipv4.ip_forward": 1, "net.ipv4.icmp_ratelimit": 0,
           "net.ipv4.icmp_msgs_per_sec": 10000, "net.ipv4.icmp_msgs_burst": 10000,
           "net.ipv4.conf.all.send_redirects": 0, "net.ipv4.conf.default.send_redirects": 0,
           "net.ipv4.conf.eth0.send_redirects": 0, "net.ipv4.conf.eth1.send_redirects": 0}
SHARED = dict(devs=2, sysctls=SYSCTLS)
own_stack = pytest.mark.stack(devs=2, sysctls=SYSCTLS)


def prepare(stack):
    left, right = (dev.port for dev in stack.devs)
    left.answers[A] = A_MAC
    right.answers[B] = B_MAC
    left.clear()
    right.clear()
    return left, right


@pytest.fixture
def wires(shared):
    return prepare(shared)


def datagram(data=b"data", src=A, dst=B, **fields):
    return p.ipv4(src, dst, 17, p.udp(src, dst, 1111, 2222, data), **fields)


def send(left, packet, dst=R0_MAC):
    left.send(p.ether(dst, A_MAC, packet))


def crosses(wires, packet):
    """Send from A; return the packet that B gets."""
    left, right = wires
    send(left, packet)
    frame = right.expect(is_ip)
    assert (frame[Ether].src, frame[Ether].dst) == (R1_MAC, B_MAC), frame.show()
    assert p.valid(frame) is None, frame.show()
    return frame.raw[14:14 + frame[IP].len]


# ---- what changes and what stays -------------------------------------------

SAME = [
    ("a plain datagram", datagram()),
    ("one without data", datagram(b"")),
    ("one of the largest size", datagram(bytes(1472))),
    ("one that must not be fragmented", datagram(frag=p.DF)),
    ("one with a type of service", datagram(tos=0xb8)),
    ("one that is marked as congested", datagram(tos=0x03)),
    ("one with no-operation options", datagram(options=b"\1\1\1\1")),
    ("one with an option that nobody knows", datagram(options=b"\x1e\4\0\0")),
    ("a first fragment", p.ipv4(A, B, 17, bytes(64), frag=p.MF)),
    ("a middle fragment", p.ipv4(A, B, 17, bytes(64), frag=p.MF | 8)),
    ("a last fragment", p.ipv4(A, B, 17, bytes(5), frag=16)),
    ("an unknown protocol", p.ipv4(A, B, 253, b"whatever")),
    ("a wrong UDP checksum: that is not the router's business",
     p.ipv4(A, B, 17, p.udp(A, B, 1, 2, csum=0x1234), frag=0)),
    ("one from class E, as Linux does it", datagram(src="240.0.0.1")),
    ("an echo request to B", p.ipv4(A, B, 1, p.echo(5, 5))),
]


@pytest.mark.parametrize("says, packet", [pytest.param(*r, id=r[0]) for r in SAME])
def test_only_the_time_to_live_and_the_checksum_change(wires, says, packet):
    left, right = wires
    send(left, packet)
    got = right.expect(is_ip).raw[14:]
    size = struct.unpack("!H", packet[2:4])[0]
    assert got[:size][:8] == packet[:8] and got[9:10] == packet[9:10]
    assert got[12:size] == packet[12:]
    assert got[8] == packet[8] - 1
    assert p.checksum(got[:(got[0] & 15) * 4]) == 0, got.hex()
    left.silence(is_ip, 0.02)


def test_the_checksum_is_right_for_every_value_it_can_have(wires):
    """RFC 1624: the values around 0x0000 and 0xffff are the ones that go wrong."""
    left, right = wires
    crosses(wires, datagram())
    step = 0x3b                         # idents over all checksums, dense at the edges
    idents = list(range(0, 0x10000, step)) + list(range(0xfa00, 0x10000, 3))
    for some in (idents[i:i + 50] for i in range(0, len(idents), 50)):
        for ident in some:
            send(left, datagram(ident=ident))
        for ident in some:
            frame = right.expect(is_ip)
            assert p.valid(frame) is None and frame[IP].id == ident, frame.show()


def test_padding_of_the_first_link_stays_there(wires):
    left, right = wires
    send(left, datagram(b"x") + b"\xee" * 17)
    assert len(right.expect(is_ip).raw) == 14 + 29


def test_record_route_tells_the_address_of_the_way_out(wires):
    got = crosses(wires, datagram(options=b"\7\13\4" + bytes(8)))
    assert got[22] == 8 and got[23:27] == socket.inet_aton(R1), got.hex()


def test_the_way_back_works_too(wires):
    left, right = wires
    right.send(p.ether(R1_MAC, B_MAC, datagram(src=B, dst=A)))
    frame = left.expect(is_ip)
    assert (frame[Ether].src, frame[Ether].dst, frame[IP].ttl) == (R0_MAC, A_MAC, 63)


def test_a_packet_for_the_far_address_of_the_router_is_its_own(wires):
    left, right = wires
    send(left, p.ipv4(A, R1, 1, p.echo(9, 9)))
    assert left.expect(icmp(type=0, id=9))[IP].src == R1
    right.silence(is_ip, 0.02)


# ---- time to live ----------------------------------------------------------

@pytest.mark.parametrize("ttl, arrives", [(0, None), (1, None), (2, 1), (64, 63), (255, 254)])
def test_time_to_live(wires, ttl, arrives):
    left, right = wires
    packet = datagram(ttl=ttl)
    send(left, packet)
    if arrives is None:
        frame = left.expect(icmp(type=11, code=0))
        assert p.valid(frame) is None and frame[IP].src == R0 and frame[IP].dst == A
        assert frame.raw[42:42 + len(packet)] == packet, "as it came: RFC 1812 4.3.2.3"
        right.silence(is_ip, 0.03)
    else:
        assert right.expect(is_ip)[IP].ttl == arrives
    left.silence(is_ip, 0.02)


def test_traceroute_sees_the_router(wires):
    left, _ = wires
    for ttl in (1, 1, 1):
        send(left, p.ipv4(A, B, 1, p.echo(3, ttl), ttl=ttl))
        assert left.expect(icmp(type=11))[IP].src == R0


# ---- size ------------------------------------------------------------------

@own_stack
def test_what_is_too_big_and_must_not_be_fragmented_comes_back(stack):
    left, right = prepare(stack)
    stack.ip("link set eth1 mtu 600")
    packet = datagram(bytes(1000), frag=p.DF)
    send(left, packet)
    frame = left.expect(icmp(type=3, code=4))
    assert p.valid(frame) is None and frame[IP].src == R0
    assert struct.unpack("!HH", frame.raw[38:42]) == (0, 600), "RFC 1191 4: the next hop's MTU"
    assert frame.raw[42:42 + 28] == packet[:28]
    right.silence(is_ip, 0.03)


@own_stack
def test_what_is_too_big_is_fragmented(stack):
    left, right = prepare(stack)
    stack.ip("link set eth1 mtu 600")
    data = bytes(i & 0xff for i in range(1400))
    packet = datagram(data, ident=0x1111)
    send(left, packet)
    got = [right.expect(is_ip) for _ in range(3)]
    assert [f[IP].len for f in got] == [596, 596, 1408 - 2 * 576 + 20 + 20 - 20]
    assert all(p.valid(f) is None and f[IP].id == 0x1111 and f[IP].ttl == 63 for f in got)
    assert b"".join(f.raw[34:14 + f[IP].len] for f in got) == packet[20:]
    assert [bool(f[IP].flags.MF) for f in got] == [True, True, False]


@own_stack
def test_a_fragment_can_be_fragmented_again(stack):
    left, right = prepare(stack)
    stack.ip("link set eth1 mtu 600")
    send(left, p.ipv4(A, B, 17, bytes(1200), frag=p.MF | 100, ident=0x2222))
    got = [right.expect(is_ip) for _ in range(3)]
    assert [f[IP].frag for f in got] == [100, 172, 244]
    assert all(f[IP].flags.MF for f in got), "the last piece of a middle piece is no end"


# ---- what is not forwarded -------------------------------------------------

NOT = [
    # what                                                   frame's dst, packet
    ("in a broadcast frame", BROADCAST, datagram()),
    ("in a multicast frame", "01:00:5e:00:00:05", datagram()),
    ("in a frame for another station", "02:00:00:00:bb:bb", datagram()),
    ("to the far subnet's broadcast address", R0_MAC, datagram(dst="10.78.0.255")),
    ("to the limited broadcast address", R0_MAC, datagram(dst="255.255.255.255")),
    ("to a multicast address", R0_MAC, datagram(dst="239.1.2.3")),
    ("to 127.0.0.1", R0_MAC, datagram(dst="127.0.0.1")),
    ("to 0.0.0.0", R0_MAC, datagram(dst="0.0.0.0")),
    ("to class E", R0_MAC, datagram(dst="240.0.0.1")),
    ("from 127.0.0.1", R0_MAC, datagram(src="127.0.0.1")),
    ("from 0.0.0.0", R0_MAC, datagram(src="0.0.0.0")),
    ("from a multicast address", R0_MAC, datagram(src="224.0.0.1")),
    ("from the limited broadcast address", R0_MAC, datagram(src="255.255.255.255")),
    ("from the router's own address", R0_MAC, datagram(src=R1)),
    ("with a wrong header checksum", R0_MAC, datagram(csum=0x1234)),
    ("with a strict source route", R0_MAC,
     datagram(options=b"\x89\7\4" + socket.inet_aton("192.0.2.9"))),
    ("with a total length beyond the frame", R0_MAC, datagram(length=400)),
]


@pytest.mark.parametrize("says, dst, packet", [pytest.param(*r, id=r[0]) for r in NOT])
def test_is_not_forwarded(wires, says, dst, packet):
    left, right = wires
    send(left, packet, dst)
    right.silence(is_ip, 0.05, says)
    left.silence(match(IP, src=R0) & ~icmp(type=3), 0.01, says)


@pytest.mark.stack(devs=2)
def test_a_host_does_not_forward(stack):
    left, right = prepare(stack)
    send(left, datagram())
    right.silence(during=0.1)
    left.silence(is_ip, 0.01)


@own_stack
def test_forwarding_is_a_matter_of_the_device_it_came_by(stack):
    left, right = prepare(stack)
    stack.conf("eth0", forwarding=0)
    send(left, datagram())
    right.silence(is_ip, 0.1)
    right.send(p.ether(R1_MAC, B_MAC, datagram(src=B, dst=A)))
    left.expect(match(IP, src=B))


# ---- where there is no way -------------------------------------------------

NO_WAY = [
    # what                                route, code of destination unreachable or None
    ("no route", None, 0),
    ("an unreachable route", "unreachable 192.0.2.0/24", 1),
    ("a prohibited route", "prohibit 192.0.2.0/24", 13),
    ("a blackhole", "blackhole 192.0.2.0/24", None),
]


@own_stack
@pytest.mark.parametrize("says, route, code", [pytest.param(*r, id=r[0]) for r in NO_WAY])
def test_the_way_is(stack, says, route, code):
    left, right = prepare(stack)
    if route:
        stack.ip(f"route add {route}")
    send(left, datagram(dst="192.0.2.1"))
    if code is not None:
        frame = left.expect(icmp(type=3, code=code))
        assert p.valid(frame) is None and frame[IP].src == R0
    left.silence(is_ip, 0.05)
    right.silence(is_ip, 0.01)


@own_stack
def test_errors_about_missing_routes_are_limited_too(stack):
    left, _ = prepare(stack)
    for _ in range(50):
        send(left, datagram(dst="192.0.2.1"))
    assert 1 <= len(left.collect(icmp(type=3), during=0.3)) <= 7


@own_stack
def test_a_next_hop_that_does_not_answer_is_an_unreachable_host(stack):
    left, right = prepare(stack)
    stack.neigh_sysctl("eth1", retrans_time_ms=100)
    send(left, datagram(dst="10.78.0.99"))
    right.collect(arp_request("10.78.0.99", psrc=R1), count=3)
    frame = left.expect(icmp(type=3, code=1))
    assert p.valid(frame) is None and frame[IP].src == R0
    assert frame.raw[42:42 + 16] == datagram(dst="10.78.0.99", ttl=63)[:16], frame.show()


@own_stack
def test_what_is_forwarded_waits_for_the_next_hop_in_order(stack):
    left, right = prepare(stack)
    right.answers.clear()
    for i in range(20):
        send(left, datagram(bytes([i]) * 4))
    right.expect(arp_request(B))
    right.silence(is_ip, 0.05)
    right.send(p.ether(R1_MAC, B_MAC, struct.pack("!HHBBH", 1, 0x800, 6, 4, 2) +
                       bytes.fromhex(B_MAC.replace(":", "")) + socket.inet_aton(B) +
                       bytes.fromhex(R1_MAC.replace(":", "")) + socket.inet_aton(R1), 0x806))
    assert [f.payload()[0] for f in right.collect(is_ip, count=20)] == list(range(20))


@own_stack
def test_the_same_way_back_is_no_redirect_when_they_are_off(stack):
    left, right = prepare(stack)
    left.answers["10.77.0.9"] = "02:00:00:00:77:09"
    send(left, datagram(dst="10.77.0.9"))
    frame = left.expect(match(IP, dst="10.77.0.9"))
    assert frame[IP].ttl == 63 and frame[Ether].dst == "02:00:00:00:77:09"
    left.silence(icmp(type=5), 0.1)


@own_stack
def test_a_route_by_a_gateway_goes_to_the_gateway(stack):
    left, right = prepare(stack)
    stack.ip(f"route add 198.51.100.0/24 via {B}")
    send(left, datagram(dst="198.51.100.7"))
    assert right.expect(match(IP, dst="198.51.100.7"))[Ether].dst == B_MAC
