# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 packets of ours: header fields, fragmentation, what is too big, broadcast.

RFC 791 (fields, fragmentation), RFC 1122 3.2.1, RFC 1191 and 4459 (don't fragment),
RFC 6864 (identification), ip(7), udp(7).  Everything that leaves has right lengths and
checksums; the script puts fragments together itself.
"""

import errno
import socket
import struct

import pytest

from lab.frames import BROADCAST, ICMP, IP, UDP, Ether, icmp, is_arp, is_ip, match, udp
from lab.packets import checksum, ether, icmp as icmp_message, ipv4, valid
from lab.stack import ADDRESS, PEER, PEER_MAC

SHARED = {}
OURS = "02:00:00:00:00:02"
IP_TOS, IP_TTL, IP_OPTIONS, IP_MTU_DISCOVER, IP_MTU, IP_HDRINCL = 1, 2, 4, 10, 14, 3
DONT, WANT, DO, PROBE, INTERFACE = range(5)
HOST = (PEER, 5000)


@pytest.fixture
def wire(shared):
    shared.port.answers[PEER] = PEER_MAC
    shared.port.clear()
    return shared.port


def payload(size):
    return bytes((i * 7 + i // 256) & 0xff for i in range(size))


def whole(port, within=1.0):
    """The next packet, put together: (payload of IP, frames)."""
    frames, got = [], {}
    while True:
        frame = port.expect(is_ip, within)
        problem = valid(frame)
        assert problem is None, f"{problem}\n{frame.show()}"
        frames.append(frame)
        ip = frame[IP]
        got[ip.frag * 8] = frame.raw[14 + ip.ihl * 4:14 + ip.len]
        if not ip.flags.MF and sum(map(len, got.values())) == ip.frag * 8 + len(got[ip.frag * 8]):
            return b"".join(got[at] for at in sorted(got)), frames


# ---- fields ----------------------------------------------------------------

def test_a_plain_datagram(shared, wire):
    with shared.udp() as sock:
        sock.sendto(b"hello", HOST)
        port = sock.getsockname()[1]
    frame = wire.expect(udp(dport=5000))
    ip, datagram = frame[IP], frame[UDP]
    assert (ip.version, ip.ihl, ip.tos, ip.len, ip.frag, ip.ttl, ip.proto, ip.src, ip.dst) == \
        (4, 5, 0, 33, 0, 64, 17, ADDRESS, PEER), frame.show()
    assert (datagram.sport, datagram.dport, datagram.len) == (port, 5000, 13)
    assert (frame[Ether].src, frame[Ether].dst) == (OURS, PEER_MAC)
    assert valid(frame) is None and len(frame.raw) == 47, "no padding: that is the device's work"
    assert datagram.chksum != 0, "a checksum is always sent"


OPTIONS = [
    # what                                   level, option, value, test
    ("time to live", 0, IP_TTL, 3, lambda ip: ip.ttl == 3),
    ("time to live 255", 0, IP_TTL, 255, lambda ip: ip.ttl == 255),
    ("type of service", 0, IP_TOS, 0xb8, lambda ip: ip.tos == 0xb8),
    ("the congestion bits of a datagram are the program's", 0, IP_TOS, 0x03,
     lambda ip: ip.tos == 0x03),
    ("never fragment: DF", 0, IP_MTU_DISCOVER, DO, lambda ip: ip.flags.DF),
    ("may fragment: no DF", 0, IP_MTU_DISCOVER, DONT, lambda ip: not ip.flags.DF),
    ("path MTU discovery: DF", 0, IP_MTU_DISCOVER, WANT, lambda ip: ip.flags.DF),
    ("probing: DF", 0, IP_MTU_DISCOVER, PROBE, lambda ip: ip.flags.DF),
    ("the interface's MTU: no DF", 0, IP_MTU_DISCOVER, INTERFACE, lambda ip: not ip.flags.DF),
]


@pytest.mark.parametrize("says, level, option, value, test", [pytest.param(*r, id=r[0])
                                                              for r in OPTIONS])
def test_a_socket_option_rules(shared, wire, says, level, option, value, test):
    with shared.udp() as sock:
        sock.setsockopt(level, option, value)
        assert sock.getsockopt(level, option) == value
        sock.sendto(b"hello", HOST)
    frame = wire.expect(udp(dport=5000))
    assert test(frame[IP]) and valid(frame) is None, frame.show()


REFUSED = [
    ("time to live 0", IP_TTL, 0), ("time to live 256", IP_TTL, 256),
    ("time to live -2", IP_TTL, -2), ("MTU discovery 6", IP_MTU_DISCOVER, 6),
    ("MTU discovery -1", IP_MTU_DISCOVER, -1),
]


@pytest.mark.parametrize("says, option, value", [pytest.param(*r, id=r[0]) for r in REFUSED])
def test_a_socket_option_is_refused(shared, says, option, value):
    with shared.udp() as sock, pytest.raises(OSError) as refused:
        sock.setsockopt(0, option, value)
    assert refused.value.errno == errno.EINVAL


def test_time_to_live_minus_1_is_the_default(shared, wire):
    with shared.udp() as sock:
        sock.setsockopt(0, IP_TTL, 9)
        sock.setsockopt(0, IP_TTL, -1)
        sock.sendto(b"hello", HOST)
    assert wire.expect(udp(dport=5000))[IP].ttl == 64


def test_the_default_time_to_live_is_a_sysctl(stack):
    stack.port.answers[PEER] = PEER_MAC
    stack.sysctl("net.ipv4.ip_default_ttl", 77)
    with stack.udp() as sock:
        sock.sendto(b"hello", HOST)
    assert stack.port.expect(udp(dport=5000))[IP].ttl == 77


def test_options_of_the_socket_are_in_the_header(shared, wire):
    with shared.udp() as sock:
        sock.setsockopt(0, IP_OPTIONS, b"\7\7\4\0\0\0\0\0")
        sock.sendto(b"hello", HOST)
    frame = wire.expect(udp(dport=5000))
    assert frame[IP].ihl == 7 and frame.raw[34] == 7 and valid(frame) is None, frame.show()


# ---- identification --------------------------------------------------------

def idents(shared, wire, count, dont_fragment, connected=True):
    with shared.udp() as sock:
        sock.setsockopt(0, IP_MTU_DISCOVER, DO if dont_fragment else DONT)
        if connected:
            sock.connect(HOST)
            for _ in range(count):
                sock.send(b"hello")
        else:
            for _ in range(count):
                sock.sendto(b"hello", HOST)
    return [wire.expect(udp(dport=5000))[IP].id for _ in range(count)]


def test_identifications_differ_where_a_packet_may_be_fragmented(shared, wire):
    """RFC 6864 4.1: not the same within the life of a packet."""
    got = idents(shared, wire, 20, dont_fragment=False, connected=False)
    assert len(set(got)) == 20 and 0 not in got, got


def test_an_unconnected_packet_that_must_not_be_fragmented_needs_none(shared, wire):
    assert set(idents(shared, wire, 5, dont_fragment=True, connected=False)) == {0}


def test_identifications_of_one_socket_count_up(shared, wire):
    got = idents(shared, wire, 10, dont_fragment=True)
    steps = {(b - a) & 0xffff for a, b in zip(got, got[1:])}
    assert steps == {1}, got


def test_identifications_towards_two_hosts_do_not_follow_each_other(shared, wire):
    """RFC 7739: a global counter would tell one host what the other hears."""
    others = [f"10.77.0.{i}" for i in range(100, 116)]
    wire.answers.update((o, PEER_MAC) for o in others)
    with shared.udp() as sock:
        sock.setsockopt(0, IP_MTU_DISCOVER, DONT)
        for other in others:
            sock.sendto(b"hello", (other, 5000))
    got = {}
    for _ in others:
        frame = wire.expect(udp(dport=5000))
        got[frame[IP].dst] = frame[IP].id
    order = [got[o] for o in others]
    steps = [(b - a) & 0xffff for a, b in zip(order, order[1:])]
    assert sum(step < 16 for step in steps) < len(steps) / 2, order
    for other in others:
        wire.answers.pop(other)


# ---- size ------------------------------------------------------------------

SIZES = [
    # what                                              size of data, packets' total lengths
    ("the largest whole one", 1472, [1500]),
    ("one octet more", 1473, [1500, 21]),
    ("eight octets more", 1480, [1500, 28]),
    ("two whole ones", 1480 * 2 - 8, [1500, 1500]),
    ("two and an octet", 1480 * 2 - 7, [1500, 1500, 21]),
    ("4000 octets", 4000, [1500, 1500, 1068]),
    ("the largest of all", 65507, [1500] * 44 + [415]),
]


@pytest.mark.parametrize("says, size, lengths", [pytest.param(*r, id=r[0]) for r in SIZES])
def test_a_datagram_of(shared, wire, says, size, lengths):
    with shared.udp() as sock:
        sock.setsockopt(0, IP_MTU_DISCOVER, DONT)
        sock.sendto(payload(size), HOST)
        port = sock.getsockname()[1]
    data, frames = whole(wire)
    assert sorted(f[IP].len for f in frames) == sorted(lengths)
    assert [f[IP].frag * 8 for f in frames] == \
        [sum(n - 20 for n in lengths[:i]) for i in range(len(lengths))], "in order"
    assert len({f[IP].id for f in frames}) == 1, "one identification for all"
    assert all(f[IP].ttl == 64 and not f[IP].flags.DF for f in frames)
    head = struct.unpack("!HHHH", data[:8])
    assert head[:3] == (port, 5000, size + 8) and data[8:] == payload(size)
    pseudo = socket.inet_aton(ADDRESS) + socket.inet_aton(PEER) + struct.pack("!BBH", 0, 17,
                                                                             size + 8)
    assert checksum(pseudo + data) == 0, "the checksum covers the whole datagram"


def test_65508_octets_are_too_many_for_any_packet(shared):
    with shared.udp() as sock, pytest.raises(OSError) as refused:
        sock.sendto(payload(65508), HOST)
    assert refused.value.errno == errno.EMSGSIZE


EMSGSIZE = [("never fragment", DO), ("probing", PROBE), ("the interface's MTU", INTERFACE)]


@pytest.mark.parametrize("says, mode", [pytest.param(*r, id=r[0]) for r in EMSGSIZE])
def test_what_must_not_be_fragmented_is_refused_at_the_socket(shared, wire, says, mode):
    with shared.udp() as sock:
        sock.setsockopt(0, IP_MTU_DISCOVER, mode)
        sock.sendto(payload(1472), HOST)
        wire.expect(udp(dport=5000))
        with pytest.raises(OSError) as refused:
            sock.sendto(payload(1473), HOST)
        assert refused.value.errno == errno.EMSGSIZE
    wire.silence(is_ip, 0.05)


def test_the_mtu_of_a_connected_socket_can_be_read(shared):
    with shared.udp() as sock:
        sock.connect(HOST)
        assert sock.getsockopt(0, IP_MTU) == 1500


def test_a_smaller_mtu_of_the_device_counts_at_once(stack):
    stack.port.answers[PEER] = PEER_MAC
    with stack.udp() as sock:
        sock.setsockopt(0, IP_MTU_DISCOVER, DONT)
        sock.connect(HOST)
        sock.send(payload(1000))
        assert len(whole(stack.port)[1]) == 1
        stack.ip("link set eth0 mtu 600")
        sock.send(payload(1000))
        data, frames = whole(stack.port)
        assert [f[IP].len for f in frames] == [596, 452] and data[8:] == payload(1000)
        stack.ip("link set eth0 mtu 1500")
        sock.send(payload(1000))
        assert len(whole(stack.port)[1]) == 1


def test_the_mtu_of_a_route_counts(stack):
    stack.port.answers[PEER] = PEER_MAC
    stack.ip(f"route add 192.0.2.0/24 via {PEER} mtu lock 700")
    with stack.udp() as sock:
        sock.setsockopt(0, IP_MTU_DISCOVER, DONT)
        sock.sendto(payload(1000), ("192.0.2.1", 5000))
    assert max(f[IP].len for f in whole(stack.port)[1]) <= 700


def test_fragments_needed_lowers_the_path_mtu(stack):
    """RFC 1191: a router says what fits; the next datagram is refused or fragmented."""
    stack.port.answers[PEER] = PEER_MAC
    stack.ip(f"route add 192.0.2.0/24 via {PEER}")
    with stack.udp() as sock:
        sock.setsockopt(0, IP_MTU_DISCOVER, DO)
        sock.connect(("192.0.2.1", 5000))
        sock.send(payload(1400))
        frame = stack.port.expect(udp(dport=5000))
        message = icmp_message(3, 4, struct.pack("!HH", 0, 1000), frame.raw[14:14 + 28])
        stack.port.send(ether(OURS, PEER_MAC, ipv4(PEER, ADDRESS, 1, message)))
        stack.port.silence(is_ip, 0.05)
        assert sock.getsockopt(1, 4) == errno.EMSGSIZE, "SO_ERROR: it waits for the program"
        with pytest.raises(OSError) as refused:
            sock.send(payload(1400))
        assert refused.value.errno == errno.EMSGSIZE
        assert sock.getsockopt(0, IP_MTU) == 1000
        sock.send(payload(900))
        stack.port.expect(udp(dport=5000))
        sock.setsockopt(0, IP_MTU_DISCOVER, WANT)
        sock.send(payload(1400))
        assert max(f[IP].len for f in whole(stack.port)[1]) <= 1000


def test_too_many_fragments_in_flight_leave_in_order(shared, wire):
    with shared.udp() as sock:
        sock.setsockopt(0, IP_MTU_DISCOVER, DONT)
        for i in range(20):
            sock.sendto(bytes([i]) + payload(3999), HOST)
    for i in range(20):
        data, _ = whole(wire)
        assert data[8] == i and data[9:] == payload(3999)


# ---- broadcast, multicast --------------------------------------------------

BROADCASTS = [("10.77.0.255", "10.77.0.255"), ("255.255.255.255", "255.255.255.255")]


@pytest.mark.parametrize("dst, wire_dst", BROADCASTS)
def test_a_broadcast_needs_permission_and_goes_to_everybody(shared, wire, dst, wire_dst):
    if dst == "255.255.255.255":
        shared.ip("route replace default via 10.77.0.1")
    with shared.udp() as sock:
        with pytest.raises(OSError) as refused:
            sock.sendto(b"hello", (dst, 5000))
        assert refused.value.errno == errno.EACCES
        with pytest.raises(OSError) as refused:
            sock.connect((dst, 5000))
        assert refused.value.errno == errno.EACCES
        sock.setsockopt(1, 6, 1)        # SO_BROADCAST
        sock.sendto(b"hello", (dst, 5000))
    frame = wire.expect(udp(dport=5000))
    assert frame[Ether].dst == BROADCAST and frame[IP].dst == wire_dst, frame.show()
    assert frame[IP].ttl == 64
    wire.silence(is_arp, 0.05)


def test_our_own_broadcast_comes_back_to_our_sockets(shared, wire):
    with shared.udp(bind=("0.0.0.0", 6100)) as ear, shared.udp() as sock:
        ear.settimeout(1.0)
        sock.setsockopt(1, 6, 1)
        sock.sendto(b"hello", ("10.77.0.255", 6100))
        assert ear.recvfrom(100)[0] == b"hello"
    wire.expect(udp(dport=6100))


# ---- to ourselves ----------------------------------------------------------

@pytest.mark.parametrize("dst", ["127.0.0.1", "127.1.2.3", ADDRESS])
def test_what_we_send_to_ourselves_stays_here(shared, wire, dst):
    with shared.udp(bind=("0.0.0.0", 6200)) as ear, shared.udp() as sock:
        ear.settimeout(1.0)
        sock.sendto(b"hello", (dst, 6200))
        data, who = ear.recvfrom(100)
        assert data == b"hello" and who[0] == ("127.0.0.1" if dst[:3] == "127" else dst)
    wire.silence(~is_arp, 0.05)


def test_a_large_datagram_to_ourselves_is_whole(shared):
    with shared.udp(bind=("127.0.0.1", 6300)) as ear, shared.udp() as sock:
        ear.settimeout(1.0)
        sock.sendto(payload(60000), ("127.0.0.1", 6300))
        assert ear.recv(65536) == payload(60000)


# ---- where there is no way -------------------------------------------------

def test_without_a_route_the_network_is_unreachable(shared):
    shared.ip_error("route del default")
    with shared.udp() as sock, pytest.raises(OSError) as refused:
        sock.sendto(b"hello", ("192.0.2.1", 5000))
    assert refused.value.errno == errno.ENETUNREACH


def test_a_raw_socket_sends_a_header_of_its_own(shared, wire):
    """IP_HDRINCL, raw(7): length, checksum, and zero source and id are filled in."""
    packet = bytearray(ipv4("0.0.0.0", PEER, 253, b"hello", ttl=5, ident=0, length=0, csum=0))
    with shared.socket(2, 3, 255) as sock:
        sock.sendto(bytes(packet), (PEER, 0))
    frame = wire.expect(match(IP, proto=253))
    assert valid(frame) is None and frame[IP].src == ADDRESS and frame[IP].ttl == 5, frame.show()
    assert frame[IP].len == 25 and frame[IP].id != 0, frame.show()


def test_a_raw_socket_of_a_protocol_gets_a_header(shared, wire):
    with shared.socket(2, 3, 253) as sock:
        sock.sendto(b"hello", (PEER, 0))
    frame = wire.expect(match(IP, proto=253))
    assert valid(frame) is None and frame[IP].len == 25 and frame[IP].ttl == 64, frame.show()


def test_ping_asks_and_hears(shared, wire):
    ping = shared.start(["ping", "-n", "-c", "1", "-W", "2", "-s", "100", PEER])
    frame = wire.expect(icmp(type=8), 3.0)
    assert valid(frame) is None and frame[IP].flags.DF and frame[IP].len == 128, frame.show()
    body = frame.raw[34:14 + frame[IP].len]
    wire.send(ether(OURS, PEER_MAC, ipv4(PEER, ADDRESS, 1, icmp_message(0, 0, body[4:8],
                                                                        body[8:]))))
    out, _ = ping.communicate(timeout=5)
    shared._running.remove(ping)
    assert b"1 received" in out and ping.returncode == 0, out


def test_an_icmp_socket_of_an_ordinary_user_sends_echo_requests_only(shared, wire):
    shared.sysctl("net.ipv4.ping_group_range", "0 0")
    with shared.socket(2, 2, 1) as sock:
        sock.settimeout(1.0)
        sock.sendto(icmp_message(8, 0, struct.pack("!HH", 99, 7), b"data"), (PEER, 0))
        frame = wire.expect(icmp(type=8))
        ident = frame[ICMP].id
        assert valid(frame) is None and frame[ICMP].seq == 7
        assert ident == sock.getsockname()[1], "the identifier is the socket's port"
        wire.send(ether(OURS, PEER_MAC, ipv4(PEER, ADDRESS, 1, icmp_message(
            0, 0, struct.pack("!HH", ident, 7), b"data"))))
        data, who = sock.recvfrom(100)
        assert who[0] == PEER and data[:2] == b"\0\0" and data[8:] == b"data"
        with pytest.raises(OSError) as refused:
            sock.sendto(icmp_message(0, 0, struct.pack("!HH", 1, 1)), (PEER, 0))
        assert refused.value.errno == errno.EINVAL
