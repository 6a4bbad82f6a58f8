# SPDX-License-Identifier: BSD-2-Clause
"""Raw and ping sockets of AF_INET6: RFC 3542 3 (IPV6_CHECKSUM, ICMP6_FILTER), IPV6_HDRINCL, icmp(7); and ping(8)."""

import errno
import socket
import struct

import pytest

from lab.facts import error
from lab.frames import Match
from lab.packets import checksum
from lab.packets6 import (ECHO_REPLY, ECHO_REQUEST, ICMPV6, addr6, echo6, frame6, icmp6_of, ipv6, is_icmp6, pseudo6)
from lab.stack import ADDRESS6, PEER6, PEER_MAC

SHARED = dict(ipv6=True, sysctls={"net.ipv6.icmp.ratelimit": 0, "net.ipv4.ping_group_range": "0 2147483647"})
OURS = "02:00:00:00:00:02"
V6, SOL_IPV6, SOL_RAW, SOL_ICMPV6 = socket.AF_INET6, 41, 255, 58
CHECKSUM, HDRINCL, FILTER = 7, 36, 1


@pytest.fixture
def wire(shared):
    shared.ip(f"-6 neigh replace {PEER6} lladdr {PEER_MAC} dev eth0")
    shared.port.clear()
    return shared.port


def raw(shared, proto):
    sock = shared.socket(V6, socket.SOCK_RAW, proto)
    sock.settimeout(1)
    return sock


def is_proto(proto):
    return Match(f"protocol {proto}", lambda f: f.raw[12:14] == b"\x86\xdd" and f.raw[20] == proto)


def test_a_packet_out(shared, wire):
    sock = raw(shared, 253)
    sock.sendto(b"payload", (PEER6, 0))
    frame = wire.expect(is_proto(253)).raw
    assert frame[54:] == b"payload" and frame[21] == 64
    sock.close()


def test_a_packet_in_begins_behind_its_headers(shared, wire):
    sock = raw(shared, 253)
    wire.send(frame6(PEER_MAC, OURS, ipv6(PEER6, ADDRESS6, 60, bytes([253, 0, 1, 4, 0, 0, 0, 0]) + b"payload")))
    data, src = sock.recvfrom(99)
    assert data == b"payload" and src[0] == PEER6
    sock.close()


def test_icmpv6_has_its_checksum(shared, wire):
    sock = raw(shared, ICMPV6)
    sock.sendto(bytes([ECHO_REQUEST, 0, 0, 0, 0, 1, 0, 1]) + b"data", (PEER6, 0))
    assert icmp6_of(wire.expect(is_icmp6(ECHO_REQUEST))).csum_ok
    assert error(sock.setsockopt, SOL_IPV6, CHECKSUM, 2) == errno.EINVAL
    sock.close()


@pytest.mark.parametrize("proto, offset, refused", [(253, 0, 0), (253, 2, 0), (253, -1, 0), (253, 3, errno.EINVAL)])
def test_a_checksum_where_one_wants_it(shared, wire, proto, offset, refused):
    sock = raw(shared, proto)
    assert sock.getsockopt(SOL_IPV6, CHECKSUM) == -1
    assert error(sock.setsockopt, SOL_IPV6, CHECKSUM, offset) == refused
    if not refused and offset >= 0:
        sock.sendto(bytes(8), (PEER6, 0))
        body = wire.expect(is_proto(proto)).raw[54:]
        assert checksum(pseudo6(addr6(ADDRESS6), addr6(PEER6), 8, proto) + body) == 0
        assert body[offset:offset + 2] != bytes(2)
        assert error(sock.sendto, bytes(offset + 1), (PEER6, 0)) == errno.EINVAL
        wire.send(frame6(PEER_MAC, OURS, ipv6(PEER6, ADDRESS6, proto, b"12345678")))
        assert error(sock.recv, 99) == errno.EAGAIN     # its sum is wrong
    sock.close()


def test_filter(shared, wire):
    sock = raw(shared, ICMPV6)
    block = bytearray(b"\xff" * 32)
    block[128 // 8] &= ~(1 << (128 % 8))
    sock.setsockopt(SOL_ICMPV6, FILTER, bytes(block))
    assert sock.getsockopt(SOL_ICMPV6, FILTER, 32) == bytes(block)
    wire.send(frame6(PEER_MAC, OURS, ipv6(PEER6, ADDRESS6, ICMPV6, echo6(PEER6, ADDRESS6, 1, 1, kind=ECHO_REPLY))))
    wire.send(frame6(PEER_MAC, OURS, ipv6(PEER6, ADDRESS6, ICMPV6, echo6(PEER6, ADDRESS6, 1, 2))))
    assert sock.recv(99)[:8][0] == ECHO_REQUEST
    sock.close()


def test_a_header_of_ones_own(shared, wire):
    sock = raw(shared, 255)
    packet = ipv6("fd99::1", PEER6, 253, b"data", hlim=3, tclass=7, flow=9)
    sock.sendto(packet, (PEER6, 0))
    assert wire.expect(is_proto(253)).raw[14:] == packet
    assert error(sock.sendto, packet[:39], (PEER6, 0)) == errno.EINVAL
    sock.close()


@pytest.mark.parametrize("address, refused",
                         [("::ffff:10.77.0.2", errno.EADDRNOTAVAIL), ("fd77::99", errno.EADDRNOTAVAIL),
                                              (ADDRESS6, 0), ("::", 0)])
def test_bind(shared, address, refused):
    sock = raw(shared, 253)
    assert error(sock.bind, (address, 0)) == refused
    sock.close()


def test_who_may_not_be_made(shared):
    assert error(shared.socket, V6, socket.SOCK_RAW, 0) == errno.EPROTONOSUPPORT
    assert error(shared.socket, V6, socket.SOCK_DGRAM, 1) == errno.EPROTONOSUPPORT
    assert error(shared.socket, V6, 9, 0) in (errno.ESOCKTNOSUPPORT, errno.EINVAL)


def test_ping_sockets(shared, wire):
    sock = shared.socket(V6, socket.SOCK_DGRAM, ICMPV6)
    sock.settimeout(2)
    sock.sendto(bytes([ECHO_REQUEST, 0, 0, 0, 0, 0, 0, 9]) + b"data", (PEER6, 0))
    got = icmp6_of(wire.expect(is_icmp6(ECHO_REQUEST)))
    assert got.csum_ok and got.body == b"data"
    ident, = struct.unpack("!H", got.rest[:2])
    wire.send(frame6(PEER_MAC, OURS,
                     ipv6(PEER6, ADDRESS6, ICMPV6, echo6(PEER6, ADDRESS6, ident, 9, b"back", ECHO_REPLY))))
    assert sock.recv(99)[8:] == b"back" and sock.getsockname()[1] == ident
    assert error(sock.sendto, bytes([ECHO_REPLY, 0]) + bytes(6), (PEER6, 0)) == errno.EINVAL
    sock.close()


@pytest.mark.parametrize("to", ["::1", ADDRESS6])
def test_ping_8_reaches_ourselves(shared, to):
    out = shared.run(["ping", "-6", "-c", "2", "-i", "0.2", "-W", "2", to]).stdout
    assert " 0% packet loss" in out
