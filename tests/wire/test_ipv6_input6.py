# SPDX-License-Identifier: BSD-2-Clause
"""IPv6 from the wire: what is taken, what is dropped, what is answered, and what is counted.

RFC 8200 (header, extension headers, fragments), RFC 4291 2.5 and 2.7 (addresses that no packet has), RFC 2675 (jumbo
payloads), RFC 5095 (routing header type 0), RFC 5722, 6946, 7112 (fragments), RFC 4443.  An echo request inside shows
that a packet came through.  The attacks: lengths that lie, options that lie, padding that talks, fragments that
overlap.
"""

import itertools
import struct

import pytest

from lab.frames import Match
from lab.packets6 import (DSTOPTS, ECHO_REPLY, FRAGMENT, HOPOPTS, ICMPV6, NONE, PARAMPROB, ROUTING, UDP, addr6, echo6,
                          frame6, icmp6_of, ipv6, is_icmp6, mac6)
from lab.stack import ADDRESS6, PEER6, PEER_MAC

SHARED = dict(ipv6=True, sysctls={"net.ipv6.icmp.ratelimit": 0})
OURS = "02:00:00:00:00:02"
ALL_NODES_MAC = "33:33:00:00:00:01"
_idents = itertools.count(1)
ANSWERED, DROPPED = "answered", "dropped"
ANSWER = Match("an answer", lambda frame: icmp6_of(frame).kind in (1, 2, 3, 4, ECHO_REPLY))


@pytest.fixture
def wire(shared):
    shared.ip(f"-6 neigh replace {PEER6} lladdr {PEER_MAC} dev eth0")
    shared.port.clear()
    return shared.port


def proc(stack, name):
    if stack.kind == "kernel":
        return stack.run(["cat", f"/proc/net/{name}"]).stdout.splitlines()
    return stack._command([stack.binary, "proc", stack.name, name]).splitlines()


def counters(shared):
    return {line.split()[0]: int(line.split()[1]) for line in proc(shared, "snmp6")}


def echo(src=PEER6, dst=ADDRESS6, size=8):
    return echo6(src, dst, next(_idents), 1, b"x" * size)


def options(tlv, nexthdr=ICMPV6):
    assert len(tlv) % 8 == 6
    return struct.pack("!BB", nexthdr, len(tlv) // 8) + tlv


def with_options(kind, tlv, nexthdr=ICMPV6, **fields):
    return ipv6(PEER6, ADDRESS6, kind, options(tlv, nexthdr) + echo(), **fields)


def routing(kind, left, hops=1, nexthdr=ICMPV6):
    return struct.pack("!BBBBI", nexthdr, 2 * hops, kind, left, 0) + addr6(ADDRESS6) * hops


def jumbo(length, plen=0, head=b"\xc2\x04"):
    return ipv6(PEER6, ADDRESS6, HOPOPTS, options(head + struct.pack("!I", length)) + echo(), length=plen)


def chain(*kinds):
    """Headers of these kinds, none of which says anything, before an echo request."""
    body, nexthdr = echo(), ICMPV6
    for kind in reversed(kinds):
        tail = {HOPOPTS: b"\0\1\4\0\0\0\0", DSTOPTS: b"\0\1\4\0\0\0\0", ROUTING: b"\0\xfd\0\0\0\0\0",
                FRAGMENT: b"\0\0\0\0\0\0\7"}[kind]
        body, nexthdr = bytes([nexthdr]) + tail + body, kind
    return ipv6(PEER6, ADDRESS6, nexthdr, body)


def problem(code, pointer):
    return PARAMPROB, code, pointer


HDR, TRUNCATED, UNKNOWN, ADDR = "Ip6InHdrErrors", "Ip6InTruncatedPkts", "Ip6InUnknownProtos", "Ip6InAddrErrors"

# what it is: (packet, what comes of it, what counts it)
ROWS = {
    "an echo request": (lambda: ipv6(PEER6, ADDRESS6, ICMPV6, echo()), ANSWERED, "Ip6InDelivers"),
    "padding of the frame": (lambda: ipv6(PEER6, ADDRESS6, ICMPV6, echo()) + b"\xee" * 10, ANSWERED, None),
    "hop limit 0": (lambda: ipv6(PEER6, ADDRESS6, ICMPV6, echo(), hlim=0), ANSWERED, None),
    "from ::1": (lambda: ipv6("::1", ADDRESS6, ICMPV6, echo("::1")), DROPPED, HDR),
    "to ::1": (lambda: ipv6(PEER6, "::1", ICMPV6, echo(dst="::1")), DROPPED, HDR),
    "from a group": (lambda: ipv6("ff02::5", ADDRESS6, ICMPV6, echo("ff02::5")), DROPPED, HDR),
    "version 4": (lambda: ipv6(PEER6, ADDRESS6, ICMPV6, echo(), version=4), DROPPED, HDR),
    "39 octets": (lambda: ipv6(PEER6, ADDRESS6, ICMPV6, echo())[:39], DROPPED, HDR),
    "an end that is missing": (lambda: ipv6(PEER6, ADDRESS6, ICMPV6, echo())[:-1], DROPPED, TRUNCATED),
    "an unknown protocol": (lambda: ipv6(PEER6, ADDRESS6, 253, b"1234"), problem(1, 6), UNKNOWN),
    "no next header": (lambda: ipv6(PEER6, ADDRESS6, NONE, b"1234"), DROPPED, "Ip6InDelivers"),
    "no payload, says the header": (lambda: ipv6(PEER6, ADDRESS6, ICMPV6, echo(), length=0), DROPPED, "Icmp6InErrors"),
    # jumbo payloads
    "a jumbo option for a small packet": (lambda: jumbo(24), problem(0, 44), HDR),
    "a jumbo option that lies": (lambda: jumbo(70000), DROPPED, HDR),
    "a jumbo option and a length": (lambda: jumbo(70000, 24), problem(0, 42), HDR),
    "a jumbo option of 3 octets": (lambda: jumbo(70000, 0, b"\xc2\x03"), DROPPED, HDR),
    "no length, and no jumbo option": (lambda: with_options(HOPOPTS, b"\1\4" + bytes(4), length=0), ANSWERED, None),
    # routing headers
    "routing type 0, at its end": (lambda: ipv6(PEER6, ADDRESS6, ROUTING, routing(0, 0) + echo()), ANSWERED, None),
    "routing type 0": (lambda: ipv6(PEER6, ADDRESS6, ROUTING, routing(0, 1) + echo()), problem(0, 42), HDR),
    "routing type 0, two left": (
        lambda: ipv6(PEER6, ADDRESS6, ROUTING, routing(0, 2, 2) + echo()), problem(0, 42), HDR),
    "routing type 253, at its end": (lambda: ipv6(PEER6, ADDRESS6, ROUTING, routing(253, 0) + echo()), ANSWERED, None),
    "routing type 253": (lambda: ipv6(PEER6, ADDRESS6, ROUTING, routing(253, 1) + echo()), problem(0, 42), HDR),
    "routing type 3": (lambda: ipv6(PEER6, ADDRESS6, ROUTING, routing(3, 1) + echo()), DROPPED, None),
    "routing type 4": (lambda: ipv6(PEER6, ADDRESS6, ROUTING, routing(4, 0) + echo()), DROPPED, None),
    "a routing header longer than the packet": (
        lambda: ipv6(PEER6, ADDRESS6, ROUTING, bytes([ICMPV6, 200, 253, 0]) + bytes(12)), DROPPED, HDR),
    # chains
    "options, routing, options": (lambda: chain(DSTOPTS, ROUTING, DSTOPTS), ANSWERED, None),
    "thirty headers": (lambda: chain(*[DSTOPTS] * 30), ANSWERED, None),
    "an atomic fragment": (lambda: chain(FRAGMENT), ANSWERED, "Ip6ReasmOKs"),
    "a fragment in a fragment": (lambda: chain(FRAGMENT, FRAGMENT), problem(0, 48), HDR),
    "all of them": (lambda: chain(HOPOPTS, DSTOPTS, ROUTING, FRAGMENT, DSTOPTS), ANSWERED, None),
    "hop-by-hop options that are not first": (lambda: chain(DSTOPTS, HOPOPTS), problem(1, 40), UNKNOWN),
    "hop-by-hop options twice": (lambda: chain(HOPOPTS, HOPOPTS), problem(1, 40), UNKNOWN),
}
TLV = {
    "PadN": (b"\1\4" + bytes(4), ANSWERED, None),
    "six Pad1": (bytes(6), ANSWERED, None),
    "PadN with a message": (b"\1\4\0\0\1\0", DROPPED, HDR),
    "PadN of 14": (b"\1\x0c" + bytes(12), DROPPED, HDR),
    "seven Pad1": (bytes(7) + b"\x3e\5" + bytes(5), ANSWERED, None),
    "eight Pad1": (bytes(8) + b"\x3e\4" + bytes(4), DROPPED, HDR),
    "two PadN, of 8 together": (b"\1\0\1\4" + bytes(4) + b"\x3e\4" + bytes(4), DROPPED, HDR),
    "unknown: skip": (b"\x3e\4" + bytes(4), ANSWERED, None),
    "unknown: discard": (b"\x7e\4" + bytes(4), DROPPED, HDR),
    "unknown: tell": (b"\xbe\4" + bytes(4), problem(2, 42), HDR),
    "unknown: tell if unicast": (b"\xfe\4" + bytes(4), problem(2, 42), HDR),
    "an option past the end": (b"\x3e\5" + bytes(4), DROPPED, HDR),
    "an option without a length": (b"\1\3\0\0\0\x3e", DROPPED, HDR),
    "eight options": (b"\x3e\0" * 8 + b"\1\4" + bytes(4), ANSWERED, None),
    "nine options": (b"\x3e\0" * 9 + b"\1\2\0\0", DROPPED, HDR),
    "a router alert": (b"\5\2\0\0\1\0", ANSWERED, None),
    "two router alerts": (b"\5\2\0\0" * 2 + b"\1\4" + bytes(4), ANSWERED, None),
    "255 options": (b"\x3e\0" * 255, DROPPED, HDR),
    "255 octets of one option": (b"\x3e\xff" + bytes(255) + b"\1\3" + bytes(3), ANSWERED, None),
}


def judge(shared, wire, packet, outcome, counter, mac=OURS):
    before = counters(shared)
    wire.clear()
    wire.send(frame6(PEER_MAC, mac, packet))
    if outcome == ANSWERED:
        wire.expect(is_icmp6(ECHO_REPLY))
    elif outcome == DROPPED:
        alive(wire)
    else:
        kind, code, pointer = outcome
        wire.expect(is_icmp6(kind, code=code, rest=struct.pack("!I", pointer)))
    after = counters(shared)
    if counter:
        assert after[counter] > before[counter], counter
    for name in {HDR, TRUNCATED, UNKNOWN, ADDR} - {counter}:
        assert after[name] == before[name], name


def alive(wire):
    """A good echo request is answered, and nothing else was."""
    request = echo6(PEER6, ADDRESS6, 0xa11e, 1)
    wire.send(frame6(PEER_MAC, OURS, ipv6(PEER6, ADDRESS6, ICMPV6, request)))
    reply = wire.expect(ANSWER)
    assert reply.raw[54] == ECHO_REPLY and reply.raw[58:60] == b"\xa1\x1e", reply.show()


@pytest.mark.parametrize("what", ROWS)
def test_a_packet(shared, wire, what):
    make, outcome, counter = ROWS[what]
    judge(shared, wire, make(), outcome, counter)


@pytest.mark.parametrize("what", TLV)
@pytest.mark.parametrize("kind", [HOPOPTS, DSTOPTS])
def test_options(shared, wire, kind, what):
    tlv, outcome, counter = TLV[what]
    judge(shared, wire, with_options(kind, tlv), outcome, counter)


@pytest.mark.parametrize("kind", [HOPOPTS, DSTOPTS])
def test_a_header_of_options_is_all_there(shared, wire, kind):
    judge(shared, wire, ipv6(PEER6, ADDRESS6, kind, bytes([ICMPV6, 200]) + bytes(14)), DROPPED, HDR)
    judge(shared, wire, ipv6(PEER6, ADDRESS6, kind, bytes([ICMPV6, 0, 1, 0])), DROPPED, HDR)


@pytest.mark.parametrize("option, outcome", [(b"\xbe", problem(2, 42)), (b"\xfe", DROPPED)])
def test_an_unknown_option_to_a_group(shared, wire, option, outcome):
    packet = ipv6(PEER6, "ff02::1", HOPOPTS, options(option + b"\4" + bytes(4)) + echo(dst="ff02::1"))
    judge(shared, wire, packet, outcome, HDR, ALL_NODES_MAC)


@pytest.mark.parametrize("group, outcome, counter", [
    ("ff02::1", ANSWERED, "Ip6InMcastPkts"), ("ff01::1", DROPPED, HDR), ("ff00::1", DROPPED, HDR),
    ("ff02::77", DROPPED, "Ip6InMcastPkts")])
def test_a_group(shared, wire, group, outcome, counter):
    judge(shared, wire, ipv6(PEER6, group, ICMPV6, echo(dst=group)), outcome, counter, mac6(group))


def test_limits_of_options_are_the_administrators(shared, wire):
    shared.sysctl("net.ipv6.max_dst_opts_number", -1)
    try:
        judge(shared, wire, with_options(DSTOPTS, b"\x3e\4" + bytes(4)), DROPPED, HDR)      # negative: no unknown ones
    finally:
        shared.sysctl("net.ipv6.max_dst_opts_number", 8)
    shared.sysctl("net.ipv6.max_hbh_length", 8)
    try:
        judge(shared, wire, with_options(HOPOPTS, b"\x3e\x0c" + bytes(12)), DROPPED, HDR)
    finally:
        shared.sysctl("net.ipv6.max_hbh_length", 2147483647)


# ---- fragments -------------------------------------------------------------

_frag_ids = itertools.count(0x1000)


def fragments(payload, cuts, nexthdr=ICMPV6, src=PEER6):
    """The payload cut at these offsets, as packets."""
    ident, edges = next(_frag_ids), [0, *cuts, len(payload)]
    return [ipv6(src, ADDRESS6, FRAGMENT,
                 struct.pack("!BBHI", nexthdr, 0, at | (end < len(payload)), ident) + payload[at:end])
            for at, end in zip(edges, edges[1:])]


def send_all(wire, packets):
    for packet in packets:
        wire.send(frame6(PEER_MAC, OURS, packet))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_fragments_in_any_order(wire, order):
    parts = fragments(echo(size=64), [16, 48])
    send_all(wire, [parts[i] for i in order])
    wire.expect(is_icmp6(ECHO_REPLY))


def test_a_long_echo_is_answered_in_fragments(wire):
    send_all(wire, fragments(echo(size=3000), [1400, 2800]))
    first = wire.expect(Match("the first fragment", lambda f: f.raw[20] == FRAGMENT and f.raw[54] == ICMPV6
                              and f.raw[56:58] == b"\0\1"))
    rest = [wire.expect(Match("another", lambda f, at=at: f.raw[20] == FRAGMENT and f.raw[56:58] == at))
            for at in (struct.pack("!H", 1448 | 1), struct.pack("!H", 2896))]
    assert first.raw[62] == ECHO_REPLY and all(f.raw[58:62] == first.raw[58:62] for f in rest)
    assert sum(len(f.raw) - 62 for f in (first, *rest)) == 3008


def test_a_duplicate_does_no_harm(wire):
    parts = fragments(echo(size=64), [16, 48])
    send_all(wire, [parts[0], parts[0], parts[1], parts[1], parts[2]])
    wire.expect(is_icmp6(ECHO_REPLY))


def test_an_overlap_ends_the_packet(shared, wire):
    parts, payload = fragments(echo(size=64), [16, 48]), bytes(24)
    overlap = parts[1][:40] + struct.pack("!BBH", ICMPV6, 0, 8 | 1) + parts[1][44:48] + payload
    before = counters(shared)["Ip6ReasmFails"]
    send_all(wire, [parts[0], overlap[:4] + struct.pack("!H", 8 + len(payload)) + overlap[6:], parts[1], parts[2]])
    alive(wire)
    assert counters(shared)["Ip6ReasmFails"] > before


def test_a_fragment_that_is_no_multiple_of_eight(wire):
    first = fragments(echo(size=64), [16])[0]
    send_all(wire, [first[:4] + struct.pack("!H", 8 + 15) + first[6:-1]])
    wire.expect(is_icmp6(PARAMPROB, code=0, rest=struct.pack("!I", 4)))


def test_a_fragment_that_would_be_too_long(wire):
    packet = ipv6(PEER6, ADDRESS6, FRAGMENT, struct.pack("!BBHI", ICMPV6, 0, 65528, 77) + bytes(16))
    send_all(wire, [packet])
    wire.expect(is_icmp6(PARAMPROB, code=0, rest=struct.pack("!I", 42)))


def test_the_first_fragment_has_all_headers(wire):
    send_all(wire, fragments(options(b"\1\4" + bytes(4), UDP) + bytes(40), [8], DSTOPTS)[:1])
    wire.expect(is_icmp6(PARAMPROB, code=3, rest=bytes(4)))


@pytest.mark.parametrize("cut, headers", [(8, 2), (16, 4), (1432, 2000)])
def test_options_may_go_on_in_the_next_fragment(wire, cut, headers):
    """RFC 7112 5 would have it dropped; the kernel does not."""
    payload = (bytes([DSTOPTS]) + b"\0\1\4\0\0\0\0") * (headers - 1) + bytes([ICMPV6]) + b"\0\1\4\0\0\0\0" + echo()
    send_all(wire, fragments(payload, range(cut, len(payload), cut), DSTOPTS))
    wire.expect(is_icmp6(ECHO_REPLY))


@pytest.mark.parametrize("cut", [64, 168])
@pytest.mark.parametrize("nexthdr, complains", [(ICMPV6, True), (UDP, True), (253, True), (NONE, False),
                                                (DSTOPTS, False)])
def test_options_that_end_with_the_first_fragment_or_behind_it(wire, nexthdr, complains, cut):
    """What follows them is a header that is not here."""
    payload = bytes([nexthdr, 20]) + b"\x3e\xa4" + bytes(164) + bytes(40)
    send_all(wire, fragments(payload, [cut], DSTOPTS)[:1])
    if complains:
        wire.expect(is_icmp6(PARAMPROB, code=3, rest=bytes(4)))
    else:
        alive(wire)


def test_what_never_comes_is_told(shared, wire):
    shared.sysctl("net.ipv6.ip6frag_time", 1)
    try:
        send_all(wire, fragments(echo(size=64), [16])[:1])
        wire.expect(is_icmp6(3, code=1), within=3)
    finally:
        shared.sysctl("net.ipv6.ip6frag_time", 60)


def test_what_waits_is_shown(shared, wire):
    def waiting():
        line = proc(shared, "sockstat6")[-1].split()
        assert line[:2] == ["FRAG6:", "inuse"] and line[3] == "memory"
        return int(line[2]), int(line[4])
    before = waiting()
    send_all(wire, fragments(echo(size=64), [16])[1:])
    alive(wire)
    after = waiting()
    assert after[0] == before[0] + 1 and after[1] > before[1]


# ---- what is shown ---------------------------------------------------------

def here(name):
    with open(f"/proc/net/{name}", encoding="ascii") as file:
        return file.read().splitlines()


def test_counters_have_the_kernels_names_in_its_order(shared, wire):
    alive(wire)
    for name, ours in (("snmp6", "snmp6"), ("dev_snmp6/lo", "dev_snmp6/eth0")):
        want = [line.split()[0] for line in here(name) if "Type" not in line and "UdpLite" not in line]
        got = proc(shared, ours)
        assert [line.split()[0] for line in got if "Type" not in line and "UdpLite" not in line] == want
        assert all(line[32:].lstrip(" ").startswith("\t") for line in got if len(line.split()[0]) <= 32)
    assert any(line.split() == ["Icmp6InType128", str(int(line.split()[1]))] for line in proc(shared, "snmp6"))


@pytest.mark.parametrize("name", ["udp6", "raw6"])
def test_sockets_are_listed_under_the_kernels_header(shared, name):
    assert proc(shared, name)[0].split() == here(name)[0].split()
