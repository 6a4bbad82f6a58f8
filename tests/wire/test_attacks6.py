# SPDX-License-Identifier: BSD-2-Clause
"""IPv6 of those who mean harm, in numbers: fragments that never become a packet, identifications that one could guess.

RFC 8200 4.5, 5722, 7739, 8021; CVE-2018-5391.
"""

import errno
import itertools
import socket
import struct
import time

import pytest

from lab.frames import Match
from lab.packets6 import (ECHO_REPLY, FRAGMENT, ICMPV6, PKT_TOOBIG, UDP, echo6, frame6, icmp6, ipv6, is_icmp6)
from lab.stack import ADDRESS6, PEER6, PEER_MAC

OURS = "02:00:00:00:00:02"
HIGH_THRESH = 4 << 20           # net.ipv6.ip6frag_high_thresh
pytestmark = pytest.mark.stack(ipv6=True, sysctls={"net.ipv6.icmp.ratelimit": 0})
_idents = itertools.count(1)


def put(stack, packet):
    stack.port.send(frame6(PEER_MAC, OURS, packet))


def know(stack):
    stack.ip(f"-6 neigh replace {PEER6} lladdr {PEER_MAC} dev eth0 nud permanent")
    stack.port.clear()


def fragment(ident, payload, at=0, more=True, src=PEER6, nexthdr=ICMPV6):
    return ipv6(src, ADDRESS6, FRAGMENT, struct.pack("!BBHI", nexthdr, 0, at | more, ident) + payload)


def whole_echo(ident, size=2000):
    """An echo request in two fragments."""
    message = echo6(PEER6, ADDRESS6, next(_idents), 1, b"x" * size)
    return [fragment(ident, message[:1024]), fragment(ident, message[1024:], 1024, False)]


def frag_memory(stack):
    """(packets that are waited for, octets)"""
    if stack.kind == "kernel":
        lines = stack.run(["cat", "/proc/net/sockstat6"]).stdout.splitlines()
    else:
        lines = stack._command([stack.binary, "proc", stack.name, "sockstat6"]).splitlines()
    words = lines[-1].split()
    return int(words[2]), int(words[4])


def test_ten_thousand_packets_that_never_come(stack):
    """One fragment of each.  The kernel has no room for an honest one then; nethood forgets who has waited longest."""
    know(stack)
    for ident in range(10000):
        put(stack, fragment(0x10000 + ident, b"x" * 1024, src=f"fd77::bad:{ident:x}"))
        if ident % 200 == 199:
            time.sleep(0.01)
    time.sleep(0.3)
    waiting, octets = frag_memory(stack)
    assert 500 < waiting < 8000 and HIGH_THRESH // 2 < octets <= HIGH_THRESH + 4096
    stack.port.clear()
    for packet in whole_echo(0x4711):
        put(stack, packet)
    if stack.kind == "nethood":
        stack.port.expect(fragments_of(ECHO_REPLY))
    else:
        stack.port.silence(fragments_of(ECHO_REPLY), during=0.5)
    put(stack, ipv6(PEER6, ADDRESS6, ICMPV6, echo6(PEER6, ADDRESS6, 0xa11e)))
    stack.port.expect(is_icmp6(ECHO_REPLY))


def fragments_of(kind):
    """The first fragment of such a message."""
    return Match(f"the first fragment of ICMPv6 {kind}", lambda f: f.raw[12:14] == b"\x86\xdd" and f.raw[20] == FRAGMENT
                 and f.raw[56:58] == b"\0\1" and f.raw[62] == kind)


def is_fragment(frame):
    return frame.raw[12:14] == b"\x86\xdd" and frame.raw[20] == FRAGMENT


def test_thousands_of_pieces_of_one_packet(stack):
    """Eight octets each, the last ones first, none of them at the beginning: it is not worse than linear."""
    know(stack)
    began = time.monotonic()
    for at in range(8184, 0, -1):
        put(stack, fragment(7, b"x" * 8, at * 8))
        if at % 200 == 0:
            time.sleep(0.005)
    put(stack, ipv6(PEER6, ADDRESS6, ICMPV6, echo6(PEER6, ADDRESS6, 0xa11e)))
    stack.port.expect(is_icmp6(ECHO_REPLY), within=3)
    assert time.monotonic() - began < 10
    waiting, octets = frag_memory(stack)
    assert waiting <= 1 and octets <= HIGH_THRESH + 4096


def test_the_next_identification_is_not_to_be_guessed(stack):
    """RFC 7739 5: neither a counter, nor one of this destination."""
    know(stack)
    sock = stack.socket(socket.AF_INET6)
    seen = []
    for _ in range(24):
        sock.sendto(b"x" * 3000, (PEER6, 9))
        seen.append(stack.port.expect(Match("a first fragment", lambda f: is_fragment(f) and f.raw[56:58] == b"\0\1")))
    idents = [struct.unpack("!I", f.raw[58:62])[0] for f in seen]
    steps = [(b - a) & 0xffffffff for a, b in zip(idents, idents[1:])]
    assert len(set(idents)) == len(idents) and 0 not in idents
    assert len(set(steps)) == len(steps) and sum(1 << 16 < step < (1 << 32) - (1 << 16) for step in steps) > 20
    sock.close()


@pytest.mark.parametrize("mtu", [68, 1000, 1279])
def test_a_path_narrower_than_ipv6_makes_no_fragments(stack, mtu):
    """RFC 8021: what is whole leaves whole, whatever a Packet Too Big says."""
    know(stack)
    sock = stack.socket(socket.AF_INET6)
    sock.connect((PEER6, 9))
    sock.send(b"x" * 1200)
    sent = stack.port.expect(Match("a datagram", lambda f: f.raw[20] == UDP))
    error = icmp6(PEER6, ADDRESS6, PKT_TOOBIG, 0, struct.pack("!I", mtu), sent.raw[14:])
    put(stack, ipv6(PEER6, ADDRESS6, ICMPV6, error))
    time.sleep(0.1)
    with pytest.raises(OSError) as told:
        sock.send(b"it is told once")
    assert told.value.errno == errno.EMSGSIZE
    for size in (10, 1200, 1400):
        sock.send(b"x" * size)
        got = stack.port.expect(Match("a datagram", lambda f: f.raw[20] in (UDP, FRAGMENT)))
        assert got.raw[20] == UDP and len(got.raw) == 14 + 40 + 8 + size
    sock.close()
