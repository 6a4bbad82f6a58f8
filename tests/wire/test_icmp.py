# SPDX-License-Identifier: BSD-2-Clause
"""ICMP errors: when they are sent, what is in them, and what a socket hears of them.

RFC 792, RFC 1122 3.2.2 (never about errors, broadcasts, later fragments; as much of the
packet as fits), RFC 1812 4.3.2.3 (576 octets), RFC 5508 and the port scans of SAD DNS
(the rate limit).  IP_RECVERR of ip(7).
"""

import errno
import itertools
import socket
import struct
import time

import pytest

from lab import packets as p
from lab.frames import IP, Ether, icmp, is_arp, is_ip, udp
from lab.stack import ADDRESS, PEER, PEER_MAC

OURS = "02:00:00:00:00:02"
ROUTER, ROUTER_MAC = "10.77.0.254", "02:00:00:00:77:fe"
IP_RECVERR, MSG_ERRQUEUE, SO_ERROR = 11, 0x2000, 4
SHARED = dict(sysctls={"net.ipv4.icmp_ratelimit": 0, "net.ipv4.icmp_msgs_per_sec": 10000,
                       "net.ipv4.icmp_msgs_burst": 10000})
_ports = itertools.count(7000)


@pytest.fixture
def wire(shared):
    shared.port.answers.update({PEER: PEER_MAC, ROUTER: ROUTER_MAC})
    shared.port.clear()
    return shared.port


def send(port, packet, mac=PEER_MAC):
    port.send(p.ether(OURS, mac, packet))


# ---- what is sent ----------------------------------------------------------

def closed(data=b"data", **fields):
    return p.ipv4(PEER, ADDRESS, 17, p.udp(PEER, ADDRESS, 1234, 9, data), **fields)


QUOTES = [
    # what                                       packet, octets of it in the error
    ("the whole of a short packet", closed(), 32),
    ("the whole of a packet of 548 octets", closed(bytes(520)), 548),
    ("the first 548 octets of a longer one", closed(bytes(521)), 548),
    ("the first 548 octets of 1500", closed(bytes(1472)), 548),
    ("a header with options whole", closed(options=b"\1\1\1\1"), 36),
]


@pytest.mark.parametrize("says, packet, quoted", [pytest.param(*r, id=r[0]) for r in QUOTES])
def test_port_unreachable_quotes(wire, says, packet, quoted):
    send(wire, packet)
    frame = wire.expect(icmp(type=3, code=3))
    ip = frame[IP]
    assert p.valid(frame) is None, frame.show()
    assert (ip.src, ip.dst, ip.ttl, ip.frag) == (ADDRESS, PEER, 64, 0)
    assert ip.tos == 0xc0, "RFC 1812 4.3.2.5: precedence internetwork control"
    assert frame.raw[38:42] == bytes(4), "unused: zero"
    assert frame.raw[42:14 + ip.len] == packet[:quoted], frame.show()
    assert ip.len == 28 + quoted


KINDS = [
    # what                                  packet, type, code
    ("a closed UDP port", closed(), 3, 3),
    ("an unknown protocol", p.ipv4(PEER, ADDRESS, 253, bytes(20)), 3, 2),
    ("an unknown protocol without data", p.ipv4(PEER, ADDRESS, 252, b""), 3, 2),
    ("IPv4 in IPv4 whose inner length lies: nobody here takes it", p.ipv4(
        PEER, ADDRESS, 4, p.ipv4(PEER, ADDRESS, 17, bytes(8), length=2000)), 3, 2),
    ("a lying option", p.ipv4(PEER, ADDRESS, 1, p.echo(), options=b"\7\0\4\0"), 12, 0),
]


@pytest.mark.parametrize("says, packet, kind, code", [pytest.param(*r, id=r[0]) for r in KINDS])
def test_is_answered_by(wire, says, packet, kind, code):
    send(wire, packet)
    frame = wire.expect(icmp(type=kind, code=code))
    assert p.valid(frame) is None and frame[Ether].dst == PEER_MAC, frame.show()
    assert frame.raw[42:42 + 20] == packet[:20]
    wire.silence(is_ip, 0.03)


def test_the_type_of_service_of_the_culprit_is_kept_under_the_precedence(wire):
    send(wire, closed(tos=0x10))
    assert wire.expect(icmp(type=3))[IP].tos == 0xd0


def test_the_error_comes_from_the_address_that_was_asked(stack):
    stack.port.answers[PEER] = PEER_MAC
    stack.ip("addr add 10.77.0.66/24 dev eth0")
    stack.port.send(p.ether(OURS, PEER_MAC, p.ipv4(
        PEER, "10.77.0.66", 17, p.udp(PEER, "10.77.0.66", 1, 9))))
    assert stack.port.expect(icmp(type=3, code=3))[IP].src == "10.77.0.66"


def test_an_open_port_is_silent(shared, wire):
    with shared.udp(bind=("0.0.0.0", 6001)):
        send(wire, p.ipv4(PEER, ADDRESS, 17, p.udp(PEER, ADDRESS, 1, 6001)))
        wire.silence(~is_arp, 0.05)
    send(wire, p.ipv4(PEER, ADDRESS, 17, p.udp(PEER, ADDRESS, 1, 6001)))
    wire.expect(icmp(type=3, code=3))


def test_a_raw_socket_keeps_protocol_unreachable_away(shared, wire):
    with shared.socket(2, 3, 253) as sock:
        sock.settimeout(1.0)
        send(wire, p.ipv4(PEER, ADDRESS, 253, b"hello"))
        data, who = sock.recvfrom(100)
        assert data[20:] == b"hello" and data[0] == 0x45 and who[0] == PEER, data.hex()
        wire.silence(~is_arp, 0.05)


# ---- the rate limit --------------------------------------------------------

def count_errors(stack, sources, each):
    for source in sources:
        stack.port.answers[source] = PEER_MAC
    for _ in range(each):
        for source in sources:
            stack.port.send(p.ether(OURS, PEER_MAC, p.ipv4(
                source, ADDRESS, 17, p.udp(source, ADDRESS, 1, 9))))
    return len(stack.port.collect(icmp(type=3), during=0.3))


def test_one_host_gets_a_few_errors_and_no_more(stack):
    """A token bucket per host: a burst of 6, then one a second."""
    assert 1 <= count_errors(stack, [PEER], 200) <= 7


def test_a_host_hears_again_after_a_while(stack):
    count_errors(stack, [PEER], 50)
    time.sleep(1.1)
    assert 1 <= count_errors(stack, [PEER], 50) <= 2


def test_each_host_has_a_limit_of_its_own(stack):
    hosts = [f"10.77.0.{100 + i}" for i in range(5)]
    assert 5 <= count_errors(stack, hosts, 20) <= 35


def test_echo_replies_are_not_limited_that_way(stack):
    stack.port.answers[PEER] = PEER_MAC
    for i in range(100):
        stack.port.send(p.ether(OURS, PEER_MAC, p.ipv4(PEER, ADDRESS, 1, p.echo(1, i))))
    stack.port.collect(icmp(type=0), count=100)


def test_icmp_ratelimit_0_is_no_limit_per_host(stack):
    stack.sysctl("net.ipv4.icmp_ratelimit", 0)
    assert count_errors(stack, [PEER], 30) == 30


def test_icmp_msgs_burst_limits_all_hosts_together(stack):
    """The limit of the whole net, with a random credit against scans that count."""
    stack.sysctl("net.ipv4.icmp_ratelimit", 100)
    stack.sysctl("net.ipv4.icmp_msgs_per_sec", 10)
    stack.sysctl("net.ipv4.icmp_msgs_burst", 10)
    hosts = [f"10.77.0.{100 + i}" for i in range(60)]
    assert 1 <= count_errors(stack, hosts, 1) <= 16


# ---- what a socket hears ---------------------------------------------------

def provoke(stack, port, sock, kind, code, info=0, mutate=lambda q: q, source=ROUTER,
            mac=ROUTER_MAC, csum=None):
    """A datagram of @sock goes out; its error comes back from a router."""
    sock.send(b"hello")
    frame = port.expect(udp(dport=5000))
    quote = mutate(bytearray(frame.raw[14:]))
    message = p.icmp(kind, code, struct.pack("!I", info), bytes(quote), csum)
    send(port, p.ipv4(source, ADDRESS, 1, message), mac)
    time.sleep(0.03)


def error_of(sock):
    return sock.getsockopt(1, SO_ERROR)


HEARD = [
    # what                             type, code, hard: every connected socket, soft: IP_RECVERR
    ("network unreachable", 3, 0, 0, errno.ENETUNREACH),
    ("host unreachable", 3, 1, 0, errno.EHOSTUNREACH),
    ("protocol unreachable", 3, 2, errno.ENOPROTOOPT, errno.ENOPROTOOPT),
    ("port unreachable", 3, 3, errno.ECONNREFUSED, errno.ECONNREFUSED),
    ("source route failed", 3, 5, 0, errno.EOPNOTSUPP),
    ("network unknown", 3, 6, errno.ENETUNREACH, errno.ENETUNREACH),
    ("host unknown", 3, 7, errno.EHOSTDOWN, errno.EHOSTDOWN),
    ("source host isolated", 3, 8, errno.ENONET, errno.ENONET),
    ("network prohibited", 3, 9, errno.ENETUNREACH, errno.ENETUNREACH),
    ("host prohibited", 3, 10, errno.EHOSTUNREACH, errno.EHOSTUNREACH),
    ("network unreachable for the type of service", 3, 11, 0, errno.ENETUNREACH),
    ("host unreachable for the type of service", 3, 12, 0, errno.EHOSTUNREACH),
    ("administratively prohibited", 3, 13, errno.EHOSTUNREACH, errno.EHOSTUNREACH),
    ("precedence violation", 3, 14, errno.EHOSTUNREACH, errno.EHOSTUNREACH),
    ("precedence cutoff", 3, 15, errno.EHOSTUNREACH, errno.EHOSTUNREACH),
    ("an unknown code of unreachable", 3, 16, 0, 0),
    ("time exceeded in transit", 11, 0, 0, errno.EHOSTUNREACH),
    ("parameter problem", 12, 0, errno.EPROTO, errno.EPROTO),
    ("source quench", 4, 0, 0, 0),
    ("a redirect", 5, 1, 0, 0),
    ("an unknown type", 44, 0, 0, 0),
]


@pytest.mark.parametrize("says, kind, code, hard, soft", [pytest.param(*r, id=r[0])
                                                          for r in HEARD])
def test_a_connected_socket_hears(shared, wire, says, kind, code, hard, soft):
    with shared.udp() as plain, shared.udp() as asking:
        asking.setsockopt(0, IP_RECVERR, 1)
        for sock in (plain, asking):
            sock.connect((PEER, 5000))
            provoke(shared, wire, sock, kind, code)
        assert (error_of(plain), error_of(asking)) == (hard, soft)
        assert error_of(plain) == 0, "reported once"


def test_the_error_queue_tells_everything(shared, wire):
    with shared.udp() as sock:
        sock.setsockopt(0, IP_RECVERR, 1)
        sock.connect((PEER, 5000))
        provoke(shared, wire, sock, 3, 13)
        data, cmsgs, flags, who = sock.recvmsg(100, 512, MSG_ERRQUEUE)
    assert data == b"hello" and who == (PEER, 5000), "the datagram, and where it went"
    assert flags & MSG_ERRQUEUE
    (level, kind, value), = cmsgs
    assert (level, kind) == (0, IP_RECVERR)
    number, origin, icmp_type, icmp_code, _, info, more = struct.unpack("=IBBBBII", value[:16])
    assert (number, origin, icmp_type, icmp_code, info) == (errno.EHOSTUNREACH, 2, 3, 13, 0)
    family, _ = struct.unpack("=HH", value[16:20])
    assert family == socket.AF_INET and value[20:24] == socket.inet_aton(ROUTER), "who says so"


def test_the_error_queue_has_the_mtu_of_fragmentation_needed(shared, wire):
    with shared.udp() as sock:
        sock.setsockopt(0, IP_RECVERR, 1)
        sock.setsockopt(0, 10, 2)       # IP_MTU_DISCOVER: DO
        sock.connect((PEER, 5000))
        provoke(shared, wire, sock, 3, 4, info=1200)
        _, cmsgs, _, _ = sock.recvmsg(100, 512, MSG_ERRQUEUE)
    number, origin, kind, code, _, info, _ = struct.unpack("=IBBBBII", cmsgs[0][2][:16])
    assert (number, origin, kind, code, info) == (errno.EMSGSIZE, 2, 3, 4, 1200)
    shared.ip("route flush cache")


def test_an_empty_error_queue_does_not_block(shared):
    with shared.udp() as sock, pytest.raises(BlockingIOError):
        sock.recvmsg(100, 512, MSG_ERRQUEUE)


def test_an_unconnected_socket_hears_only_with_recverr(shared, wire):
    for asks, want in ((0, 0), (1, errno.ECONNREFUSED)):
        with shared.udp() as sock:
            sock.setsockopt(0, IP_RECVERR, asks)
            sock.sendto(b"hello", (PEER, 5000))
            frame = wire.expect(udp(dport=5000))
            send(wire, p.ipv4(PEER, ADDRESS, 1, p.icmp(3, 3, bytes(4), frame.raw[14:])))
            time.sleep(0.03)
            assert error_of(sock) == want


FORGED = [
    # what                                                           change of the quote
    ("a wrong checksum of the message", dict(csum=0x1234)),
    ("a quote of another source port", dict(mutate=lambda q: q[:20] + b"\0\1" + q[22:])),
    ("a quote of another destination port", dict(mutate=lambda q: q[:22] + b"\0\1" + q[24:])),
    ("a quote of another destination",
     dict(mutate=lambda q: q[:16] + socket.inet_aton("10.77.0.9") + q[20:])),
    ("a quote of another source",
     dict(mutate=lambda q: q[:12] + socket.inet_aton("10.77.0.9") + q[16:])),
    ("a quote of another protocol", dict(mutate=lambda q: q[:9] + b"\6" + q[10:])),
    ("a quote of half an IP header", dict(mutate=lambda q: q[:10])),
    ("a quote of an IP header alone", dict(mutate=lambda q: q[:20])),
    ("a quote with 4 octets of UDP", dict(mutate=lambda q: q[:24])),
    ("a quote whose header length is 4 words", dict(mutate=lambda q: b"\x44" + q[1:])),
    ("a quote whose header length is 15 words", dict(mutate=lambda q: b"\x4f" + q[1:28])),
    ("a quote of nothing", dict(mutate=lambda q: b"")),
]


@pytest.mark.parametrize("says, change", [pytest.param(*r, id=r[0]) for r in FORGED])
def test_nobody_is_told_of(shared, wire, says, change):
    with shared.udp() as sock:
        sock.connect((PEER, 5000))
        provoke(shared, wire, sock, 3, 3, **change)
        assert error_of(sock) == 0
        provoke(shared, wire, sock, 3, 3)
        assert error_of(sock) == errno.ECONNREFUSED, "a true one is still heard"


def test_a_quote_of_8_octets_of_udp_is_enough(shared, wire):
    with shared.udp() as sock:
        sock.connect((PEER, 5000))
        provoke(shared, wire, sock, 3, 3, mutate=lambda q: q[:28])
        assert error_of(sock) == errno.ECONNREFUSED


def test_the_error_comes_out_of_the_next_call(shared, wire):
    """send(2), recv(2) and poll(2) give the pending error, once."""
    with shared.udp() as sock:
        sock.settimeout(1.0)
        sock.connect((PEER, 5000))
        for call in (lambda: sock.send(b"again"), lambda: sock.recv(100)):
            provoke(shared, wire, sock, 3, 3)
            with pytest.raises(ConnectionRefusedError):
                call()
        sock.send(b"again")


def test_an_echo_reply_reaches_every_raw_icmp_socket(shared, wire):
    with shared.socket(2, 3, 1) as one, shared.socket(2, 3, 1) as two:
        one.settimeout(1.0)
        two.settimeout(1.0)
        send(wire, p.ipv4(PEER, ADDRESS, 1, p.echo(77, 5, kind=0)))
        for sock in (one, two):
            data, who = sock.recvfrom(200)
            assert data[20] == 0 and who[0] == PEER


def test_a_raw_icmp_socket_can_filter_types(shared, wire):
    with shared.socket(2, 3, 1) as sock:
        sock.settimeout(0.3)
        sock.setsockopt(255, 1, struct.pack("=I", ~(1 << 0) & 0xffffffff))     # ICMP_FILTER
        send(wire, p.ipv4(PEER, ADDRESS, 1, p.echo(77, 5)))
        send(wire, p.ipv4(PEER, ADDRESS, 1, p.echo(77, 6, kind=0)))
        assert sock.recv(200)[20] == 0, "the request is filtered, the reply is not"
        with pytest.raises(TimeoutError):
            sock.recv(200)
