# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 from the wire: what is taken, what is dropped, what is answered.

RFC 791 (header, options, reassembly), RFC 792, RFC 1122 3.2 (what a host must not
answer), RFC 1812 5.3.7 (martians), RFC 1858, 3128 and 815 (fragments), RFC 7126
(options).  The attacks: lengths that lie, options that lie, fragments that overlap,
martians, LAND, SMURF.  An echo request shows that a packet came through.
"""

import itertools
import socket
import struct

import pytest

from lab.frames import ICMP, IP, Ether, anything, icmp, is_arp, is_ip, match
from lab.packets import DF, MF, checksum, echo, ether, fragments, ipv4, udp, valid
from lab.stack import ADDRESS, PEER, PEER_MAC

SHARED = dict(sysctls={"net.ipv4.icmp_ratelimit": 0, "net.ipv4.icmp_msgs_per_sec": 10000,
                       "net.ipv4.icmp_msgs_burst": 10000})
OURS = "02:00:00:00:00:02"
BROADCAST = "ff:ff:ff:ff:ff:ff"
_idents = itertools.count(1)


@pytest.fixture
def wire(shared):
    shared.port.answers[PEER] = PEER_MAC
    shared.port.clear()
    return shared.port


def send(port, packet, dst=OURS):
    port.send(ether(dst, PEER_MAC, packet))


def echo_reply(ident):
    return match(ICMP, type=0, id=ident)


def alive(port):
    """A good echo request is still answered; nothing else was."""
    ident = next(_idents)
    send(port, ipv4(PEER, ADDRESS, 1, echo(ident)))
    port.expect(echo_reply(ident), 1.0, "the stack does not answer any more")
    port.silence(is_ip, 0.02)


# ---- echo ------------------------------------------------------------------

@pytest.mark.parametrize("size", [0, 1, 2, 3, 17, 56, 1000, 1471, 1472])
def test_an_echo_request_of_this_size_is_answered(wire, size):
    ident, data = next(_idents), bytes(i & 0xff for i in range(size))
    send(wire, ipv4(PEER, ADDRESS, 1, echo(ident, 0x1234, data)))
    frame = wire.expect(echo_reply(ident))
    assert valid(frame) is None, frame.show()
    assert frame.payload() == data and frame[ICMP].seq == 0x1234
    assert (frame[IP].src, frame[IP].dst, frame[Ether].dst) == (ADDRESS, PEER, PEER_MAC)
    assert frame[IP].len == 28 + size and len(frame.raw) == 42 + size, frame.show()


FIELDS = [
    # what                                          request's fields, test of the reply
    ("its time to live is ours", dict(ttl=3), lambda ip: ip.ttl == 64),
    ("a request at the end of its life is taken", dict(ttl=1), lambda ip: ip.ttl == 64),
    ("a request with no life left is taken", dict(ttl=0), lambda ip: ip.ttl == 64),
    ("its type of service is the request's", dict(tos=0xb8), lambda ip: ip.tos == 0xb8),
    ("it is not marked as fragment", dict(), lambda ip: ip.frag == 0 and not ip.flags.MF),
    ("a request that must not be fragmented is taken", dict(frag=DF), lambda ip: True),
    ("no-operation options are no matter", dict(options=b"\1\1\1\1"), lambda ip: True),
    ("an end of options is no matter", dict(options=b"\0\0\0\0"), lambda ip: True),
]


@pytest.mark.parametrize("says, fields, test", [pytest.param(*r, id=r[0]) for r in FIELDS])
def test_the_echo_reply(wire, says, fields, test):
    ident = next(_idents)
    send(wire, ipv4(PEER, ADDRESS, 1, echo(ident), **fields))
    frame = wire.expect(echo_reply(ident))
    assert valid(frame) is None and test(frame[IP]), frame.show()


def test_a_request_from_the_subnets_broadcast_address_is_answered_to_everybody(wire):
    """As Linux does; RFC 1122 3.2.1.3 would rather have it dropped."""
    ident = next(_idents)
    send(wire, ipv4("10.77.0.255", ADDRESS, 1, echo(ident)))
    frame = wire.expect(echo_reply(ident))
    assert (frame[Ether].dst, frame[IP].dst) == (BROADCAST, "10.77.0.255"), frame.show()


def test_padding_of_the_frame_stays_behind(wire):
    ident = next(_idents)
    send(wire, ipv4(PEER, ADDRESS, 1, echo(ident, payload=b"ab")) + b"\xee" * 16)
    frame = wire.expect(echo_reply(ident))
    assert frame.payload() == b"ab" and len(frame.raw) == 44, frame.show()


def test_the_record_route_option_is_filled_in(wire):
    ident = next(_idents)
    send(wire, ipv4(PEER, ADDRESS, 1, echo(ident), options=b"\7\13\4" + bytes(8)))
    frame = wire.expect(echo_reply(ident))
    options = frame.raw[34:14 + frame[IP].ihl * 4]
    assert options[0] == 7 and socket.inet_aton(ADDRESS) in options, frame.show()
    assert valid(frame) is None


# ---- what is dropped in silence --------------------------------------------

def good(ident):
    return echo(ident)


DROPPED = [
    # what                                                     packet of an echo request
    ("a total length beyond the frame", lambda e: ipv4(PEER, ADDRESS, 1, e, length=200)),
    ("a total length of 65535", lambda e: ipv4(PEER, ADDRESS, 1, e, length=65535)),
    ("a total length shorter than the header", lambda e: ipv4(PEER, ADDRESS, 1, e, length=19)),
    ("a total length of 0", lambda e: ipv4(PEER, ADDRESS, 1, e, length=0)),
    ("a total length that cuts the ICMP header", lambda e: ipv4(PEER, ADDRESS, 1, e, length=24)),
    ("a total length of the header alone", lambda e: ipv4(PEER, ADDRESS, 1, e, length=20)),
    ("a header length of 4 words", lambda e: ipv4(PEER, ADDRESS, 1, e, ihl=4)),
    ("a header length of 0 words", lambda e: ipv4(PEER, ADDRESS, 1, e, ihl=0)),
    ("a header longer than the packet", lambda e: ipv4(PEER, ADDRESS, 1, b"abcd", ihl=15)),
    ("version 6 in an IPv4 frame", lambda e: ipv4(PEER, ADDRESS, 1, e, version=6)),
    ("version 0", lambda e: ipv4(PEER, ADDRESS, 1, e, version=0)),
    ("a wrong header checksum", lambda e: ipv4(PEER, ADDRESS, 1, e, csum=0x1234)),
    ("a header checksum of 0", lambda e: ipv4(PEER, ADDRESS, 1, e, csum=0)),
    ("a wrong ICMP checksum", lambda e: ipv4(PEER, ADDRESS, 1, e[:2] + b"\x12\x34" + e[4:])),
    ("half an IP header", lambda e: ipv4(PEER, ADDRESS, 1, e)[:10]),
    ("no IP header", lambda e: b""),
    ("19 octets", lambda e: ipv4(PEER, ADDRESS, 1, e)[:19]),
    ("source 127.0.0.1", lambda e: ipv4("127.0.0.1", ADDRESS, 1, e)),
    ("destination 127.0.0.1 from the wire", lambda e: ipv4(PEER, "127.0.0.1", 1, e)),
    ("source and destination are us (LAND)", lambda e: ipv4(ADDRESS, ADDRESS, 1, e)),
    ("source is the limited broadcast", lambda e: ipv4("255.255.255.255", ADDRESS, 1, e)),
    ("source is a multicast address", lambda e: ipv4("224.0.0.5", ADDRESS, 1, e)),
    ("source is 0.0.0.0", lambda e: ipv4("0.0.0.0", ADDRESS, 1, e)),
    ("source is 0.1.2.3", lambda e: ipv4("0.1.2.3", ADDRESS, 1, e)),
    ("source is of class E", lambda e: ipv4("240.0.0.1", ADDRESS, 1, e)),
    ("destination 0.0.0.0", lambda e: ipv4(PEER, "0.0.0.0", 1, e)),
    ("destination is somebody else", lambda e: ipv4(PEER, "10.77.0.50", 1, e)),
    ("destination is behind us, and we are no router", lambda e: ipv4(PEER, "192.0.2.1", 1, e)),
    ("destination is the subnet's broadcast (SMURF)", lambda e: ipv4(PEER, "10.77.0.255", 1, e)),
    ("destination is the limited broadcast", lambda e: ipv4(PEER, "255.255.255.255", 1, e)),
    ("destination is a multicast group we are not in", lambda e: ipv4(PEER, "224.5.6.7", 1, e)),
    ("an echo reply that nobody asked for", lambda e: ipv4(PEER, ADDRESS, 1, echo(7, kind=0))),
    ("an unknown ICMP type", lambda e: ipv4(PEER, ADDRESS, 1, echo(7, kind=99))),
    ("ICMP type 255", lambda e: ipv4(PEER, ADDRESS, 1, echo(7, kind=255))),
    ("an address mask request", lambda e: ipv4(PEER, ADDRESS, 1, echo(7, kind=17))),
    ("an information request", lambda e: ipv4(PEER, ADDRESS, 1, echo(7, kind=15))),
    ("a redirect", lambda e: ipv4(PEER, ADDRESS, 1, echo(7, kind=5, payload=bytes(28)))),
    ("4 octets of ICMP", lambda e: ipv4(PEER, ADDRESS, 1, e[:4])),
    ("loose source routing, which is off",
     lambda e: ipv4(PEER, ADDRESS, 1, e, options=b"\x83\7\4" + socket.inet_aton("192.0.2.9"))),
    ("strict source routing, which is off",
     lambda e: ipv4(PEER, ADDRESS, 1, e, options=b"\x89\7\4" + socket.inet_aton("192.0.2.9"))),
]


@pytest.mark.parametrize("says, packet", [pytest.param(*r, id=r[0]) for r in DROPPED])
def test_is_dropped_in_silence(wire, says, packet):
    send(wire, packet(good(next(_idents))))
    wire.silence(anything, 0.05, says)
    alive(wire)


L2 = [
    # what                                                 frame's dst, IP dst, answered
    ("a frame for another station", "02:00:00:00:bb:bb", ADDRESS, False),
    ("our address in a broadcast frame: as Linux, answered", BROADCAST, ADDRESS, True),
    ("our address in a multicast frame: as Linux, answered", "01:00:5e:00:00:01", ADDRESS, True),
]


@pytest.mark.parametrize("says, dst, to, answered", [pytest.param(*r, id=r[0]) for r in L2])
def test_echo_request_in(wire, says, dst, to, answered):
    ident = next(_idents)
    send(wire, ipv4(PEER, to, 1, echo(ident)), dst)
    if answered:
        wire.expect(echo_reply(ident))
    wire.silence(is_ip, 0.05, says)


ERRORS_NEVER = [
    # what                                                          frame's dst, packet
    ("a UDP datagram to a closed port in a broadcast frame", BROADCAST,
     lambda: ipv4(PEER, ADDRESS, 17, udp(PEER, ADDRESS, 1, 9))),
    ("a UDP datagram to a closed port of the subnet's broadcast", BROADCAST,
     lambda: ipv4(PEER, "10.77.0.255", 17, udp(PEER, "10.77.0.255", 1, 9))),
    ("a UDP datagram to a closed port of the limited broadcast", BROADCAST,
     lambda: ipv4(PEER, "255.255.255.255", 17, udp(PEER, "255.255.255.255", 1, 9))),
    ("an unknown protocol in a broadcast frame", BROADCAST,
     lambda: ipv4(PEER, ADDRESS, 253, bytes(8))),
    ("a later fragment of a UDP datagram", OURS,
     lambda: ipv4(PEER, ADDRESS, 17, bytes(16), frag=5)),
    ("an ICMP error about an ICMP error", OURS,
     lambda: ipv4(PEER, ADDRESS, 1, echo(7, kind=3, code=3, payload=ipv4(
         ADDRESS, PEER, 17, bytes(8))))),
    ("a UDP datagram with a wrong checksum to a closed port", OURS,
     lambda: ipv4(PEER, ADDRESS, 17, udp(PEER, ADDRESS, 1, 9, csum=0x1234))),
    ("a UDP datagram whose length lies, to a closed port", OURS,
     lambda: ipv4(PEER, ADDRESS, 17, udp(PEER, ADDRESS, 1, 9, length=100))),
    ("a UDP datagram of length 4", OURS,
     lambda: ipv4(PEER, ADDRESS, 17, udp(PEER, ADDRESS, 1, 9, length=4, csum=0))),
    ("half a UDP header", OURS,
     lambda: ipv4(PEER, ADDRESS, 17, udp(PEER, ADDRESS, 1, 9)[:4])),
]


@pytest.mark.parametrize("says, dst, packet", [pytest.param(*r, id=r[0]) for r in ERRORS_NEVER])
def test_no_icmp_error_is_sent_about(wire, says, dst, packet):
    send(wire, packet(), dst)
    wire.silence(anything, 0.05, says)
    alive(wire)


# ---- options ---------------------------------------------------------------

PROBLEMS = [
    # what                                            options, pointer: at the option's code
    # when its length lies, at its pointer when that lies
    ("record route of length 0", b"\7\0\4\0", 20),
    ("record route of length 2: its own rule, at the length", b"\7\2\4\0", 20 + 1),
    ("record route past the header", b"\7\x20\4\0", 20),
    ("record route whose pointer is 3", b"\7\7\3" + bytes(5), 20 + 2),
    ("a time stamp of length 1", b"\x44\1\5\0", 20),
    ("an unknown option of length 0", b"\x1e\0\0\0", 20),
    ("an unknown option past the header", b"\x1e\x40\0\0", 20),
    ("an option code that is the header's last octet", b"\1\1\1\7", 20 + 3),
]


@pytest.mark.parametrize("says, options, pointer", [pytest.param(*r, id=r[0]) for r in PROBLEMS])
def test_a_parameter_problem_points_at(wire, says, options, pointer):
    send(wire, ipv4(PEER, ADDRESS, 1, echo(next(_idents)), options=options))
    frame = wire.expect(match(ICMP, type=12, code=0))
    assert valid(frame) is None and frame.raw[14 + 20 + 4] == pointer, \
        f"points at {frame.raw[38]}, not {pointer}\n{frame.show()}"
    wire.silence(is_ip, 0.02)


# ---- reassembly ------------------------------------------------------------

def pieces(ident, size=64, count=4):
    data = bytes(i & 0xff for i in range(size * count - 8))
    return data, fragments(PEER, ADDRESS, 1, echo(ident, payload=data), size, ident=ident)


ORDERS = {
    "in order": lambda f: f,
    "backwards": lambda f: f[::-1],
    "the first comes last": lambda f: f[1:] + f[:1],
    "the last comes first": lambda f: f[-1:] + f[:-1],
    "the middle twice": lambda f: [f[0], f[1], f[1], f[2], f[3]],
    "the first twice": lambda f: [f[0], f[0], f[1], f[2], f[3]],
}


@pytest.mark.parametrize("order", ORDERS)
def test_fragments_are_put_together(wire, order):
    ident = next(_idents)
    data, frags = pieces(ident)
    for packet in ORDERS[order](frags):
        send(wire, packet)
    frame = wire.expect(echo_reply(ident))
    assert frame.payload() == data and valid(frame) is None, frame.show()
    wire.silence(is_ip, 0.02)


def test_a_piece_within_another_is_a_duplicate(wire):
    ident = next(_idents)
    for packet in cut(ident, (0, 128, 1), (64, 32, 1), (128, 128, 0)):
        send(wire, packet)
    wire.expect(echo_reply(ident))


def test_two_packets_in_pieces_do_not_mix(wire):
    one, two = next(_idents), next(_idents)
    for a, b in zip(pieces(one)[1], pieces(two)[1][::-1]):
        send(wire, a)
        send(wire, b)
    for ident in (one, two):
        assert wire.expect(echo_reply(ident)).payload() == pieces(ident)[0]


def test_a_large_packet_is_put_together_and_its_answer_is_fragmented(wire):
    ident, data = next(_idents), bytes(i * 7 & 0xff for i in range(20000))
    for packet in fragments(PEER, ADDRESS, 1, echo(ident, payload=data), 1480, ident=ident):
        send(wire, packet)
    got = {}
    while True:
        frame = wire.expect(is_ip)
        ip = frame[IP]
        got[ip.frag * 8] = frame.raw[34:14 + ip.len]
        assert ip.len <= 1500 and valid(frame) is None
        if not ip.flags.MF:
            break
    whole = b"".join(got[at] for at in sorted(got))
    assert len(whole) == 20008 and whole[8:] == data and checksum(whole) == 0


def cut(ident, *spans):
    """Pieces (start, length, more) of an echo request of 256 octets."""
    whole = echo(ident, payload=bytes(i & 0xff for i in range(248)))
    return [ipv4(PEER, ADDRESS, 1, whole[at:at + n], ident=ident,
                 frag=at // 8 | (MF if more else 0)) for at, n, more in spans]


BAD_FRAGMENTS = [
    # what                                                    spans: start, length, more
    ("overlapping by 8 octets", [(0, 128, 1), (120, 136, 0)]),
    ("a middle one whose length is no multiple of 8", [(0, 125, 1), (128, 128, 0)]),
    ("a middle one of 5 octets", [(0, 5, 1), (8, 248, 0)]),
    ("a second one that writes over the first one's header (RFC 3128)", [(0, 24, 1), (8, 248, 0)]),
    ("a first one of no octets", [(0, 0, 1), (8, 248, 0)]),
    ("a hole", [(0, 64, 1), (128, 128, 0)]),
    ("two different ends", [(0, 128, 1), (128, 64, 0), (128, 128, 0)]),
    ("data behind the end", [(128, 64, 0), (192, 64, 1), (0, 128, 1)]),
    ("no end", [(0, 128, 1), (128, 128, 1)]),
]


@pytest.mark.parametrize("says, spans", [pytest.param(*r, id=r[0]) for r in BAD_FRAGMENTS])
def test_fragments_are_dropped_when(wire, says, spans):
    ident = next(_idents)
    for packet in cut(ident, *spans):
        send(wire, packet)
    wire.silence(echo_reply(ident), 0.05, says)
    alive(wire)


def test_a_first_fragment_of_8_octets_is_no_harm(wire):
    """RFC 1858 is about filters that look at the first fragment only; whoever takes the packet sees it whole."""
    ident = next(_idents)
    for packet in cut(ident, (0, 8, 1), (8, 248, 0)):
        send(wire, packet)
    frame = wire.expect(echo_reply(ident))
    assert valid(frame) is None and len(frame.payload()) == 248, frame.show()


def test_a_fragment_beyond_65535_octets_is_dropped(wire):
    ident = next(_idents)
    send(wire, ipv4(PEER, ADDRESS, 1, bytes(64), ident=ident, frag=65528 // 8))
    send(wire, ipv4(PEER, ADDRESS, 1, bytes(64), ident=ident, frag=65520 // 8 | MF))
    wire.silence(anything, 0.05)
    alive(wire)


@pytest.mark.stack(sysctls={"net.ipv4.ipfrag_time": 1})
def test_what_is_incomplete_after_ipfrag_time_is_dropped_and_told(stack):
    stack.port.answers[PEER] = PEER_MAC
    first, second = cut(77, (0, 128, 1), (128, 128, 0))
    stack.port.send(ether(OURS, PEER_MAC, first))
    frame = stack.port.expect(icmp(type=11, code=1), 2.5, "reassembly time exceeded")
    assert valid(frame) is None
    assert frame.raw[42:42 + 20 + 8] == first[:28], frame.show()
    stack.port.send(ether(OURS, PEER_MAC, second))
    stack.port.silence(echo_reply(77), 0.1, "its first half is gone")


@pytest.mark.stack(sysctls={"net.ipv4.ipfrag_time": 1})
def test_without_the_first_fragment_nobody_is_told(stack):
    stack.port.answers[PEER] = PEER_MAC
    stack.port.send(ether(OURS, PEER_MAC, cut(77, (128, 128, 0))[0]))
    stack.port.silence(~is_arp, 1.8)


def test_many_first_fragments_do_not_stop_the_stack(stack):
    """FragmentSmack: one fragment each of many packets; memory is bounded.

    A stack that is late drops frames at its door, also an echo request behind them: whoever asks is patient.  After
    30 s it
    tells of what was never complete, so it is a stack that nobody else asks."""
    stack.port.answers[PEER] = PEER_MAC
    for i in range(3000):
        send(stack.port, ipv4(PEER, ADDRESS, 1, bytes(1400), ident=i + 1, frag=MF))
    for i in range(100):
        send(stack.port, ipv4(PEER, ADDRESS, 1, echo(i)))
        if stack.port.collect(match(ICMP, type=0), during=0.2):
            return
    raise AssertionError("no echo reply in 20 s")


# ---- delivery to sockets ---------------------------------------------------

DELIVERY = [
    # what                                                datagram, taken
    ("a right checksum", lambda: udp(PEER, ADDRESS, 7, 6000, b"data"), True),
    ("no checksum: it is optional in IPv4", lambda: udp(PEER, ADDRESS, 7, 6000, b"data", csum=0),
     True),
    ("a wrong checksum", lambda: udp(PEER, ADDRESS, 7, 6000, b"data", csum=0x1234), False),
    ("no data", lambda: udp(PEER, ADDRESS, 7, 6000, b""), True),
    ("a length beyond the packet", lambda: udp(PEER, ADDRESS, 7, 6000, b"data", length=40), False),
    ("a length below 8", lambda: udp(PEER, ADDRESS, 7, 6000, b"data", length=7, csum=0), False),
    ("a length of 0", lambda: udp(PEER, ADDRESS, 7, 6000, b"data", length=0, csum=0), False),
    ("octets behind its length stay behind",
     lambda: udp(PEER, ADDRESS, 7, 6000, b"data") + b"junk", True),
    ("source port 0", lambda: udp(PEER, ADDRESS, 0, 6000, b"data"), True),
]


@pytest.mark.parametrize("says, datagram, taken", [pytest.param(*r, id=r[0]) for r in DELIVERY])
def test_a_datagram_with(shared, says, datagram, taken):
    with shared.udp(bind=("0.0.0.0", 6000)) as sock:
        sock.settimeout(0.15 if not taken else 2.0)
        send(shared.port, ipv4(PEER, ADDRESS, 17, datagram()))
        try:
            data, who = sock.recvfrom(100)
        except TimeoutError:
            data = who = None
        sport = struct.unpack("!H", datagram()[:2])[0]
        want = datagram()[8:12].replace(b"junk", b"") if taken else None
        assert (data, who) == ((want, (PEER, sport)) if taken else (None, None))
