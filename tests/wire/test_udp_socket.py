# SPDX-License-Identifier: BSD-2-Clause
"""UDP sockets as a program sees them: what each call gives, and which error.

udp(7), ip(7), socket(7), RFC 1122 4.1, RFC 6056 (choice of ports), RFC 768.  Socket
calls are made inside the stack by an ordinary program; datagrams come from the wire.
"""

import errno
import socket
import struct
import time

import pytest

from lab import packets as p
from lab.facts import error
from lab.frames import IP, UDP, is_ip, udp
from lab.stack import ADDRESS, PEER, PEER_MAC

SHARED = {}
OURS = "02:00:00:00:00:02"
BROADCAST = "ff:ff:ff:ff:ff:ff"
SOL_SOCKET, SO_REUSEADDR, SO_TYPE, SO_BROADCAST, SO_SNDBUF, SO_RCVBUF = 1, 2, 3, 6, 7, 8
SO_REUSEPORT, SO_BINDTODEVICE, SO_PROTOCOL, SO_DOMAIN = 15, 25, 38, 39
MSG_PEEK, MSG_TRUNC, MSG_DONTWAIT = 2, 0x20, 0x40
IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_TTL, IP_TOS = 8, 12, 13, 2, 1
HOST = (PEER, 5000)


@pytest.fixture
def wire(shared):
    shared.port.answers[PEER] = PEER_MAC
    shared.port.clear()
    return shared.port


def deliver(port, dport, data=b"data", sport=5000, src=PEER, dst=ADDRESS, mac=OURS, **fields):
    port.send(p.ether(mac, PEER_MAC, p.ipv4(src, dst, 17, p.udp(src, dst, sport, dport, data),
                                            **fields)))


def open_port(shared, address="0.0.0.0"):
    sock = shared.udp(bind=(address, 0))
    sock.settimeout(1.0)
    return sock, sock.getsockname()[1]


# ---- names -----------------------------------------------------------------

def test_a_new_socket_has_no_name(shared):
    with shared.udp() as sock:
        assert sock.getsockname() == ("0.0.0.0", 0)
        assert error(sock.getpeername) == errno.ENOTCONN
        assert (sock.getsockopt(SOL_SOCKET, SO_TYPE), sock.getsockopt(SOL_SOCKET, SO_DOMAIN),
                sock.getsockopt(SOL_SOCKET, SO_PROTOCOL)) == (2, 2, 17)


def test_connect_gives_both_names(shared, wire):
    with shared.udp() as sock:
        sock.connect(HOST)
        host, port = sock.getsockname()
        assert host == ADDRESS and 32768 <= port <= 60999 and sock.getpeername() == HOST
    wire.silence(is_ip, 0.02)


def test_sending_gives_a_port_and_no_address(shared, wire):
    with shared.udp() as sock:
        sock.sendto(b"hello", HOST)
        host, port = sock.getsockname()
        assert host == "0.0.0.0" and port == wire.expect(udp(dport=5000))[UDP].sport


def test_connect_to_another_host_changes_the_peer(shared):
    with shared.udp() as sock:
        sock.connect(HOST)
        before = sock.getsockname()
        sock.connect(("127.0.0.1", 6000))
        assert sock.getpeername() == ("127.0.0.1", 6000)
        assert sock.getsockname()[1] == before[1], "the port stays"


def disconnect():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("127.0.0.1", 9))
    if libc.connect(sock.fileno(), struct.pack("=H14x", 0), 16):
        return ctypes.get_errno()
    names = [sock.getsockname()]
    try:
        sock.getpeername()
    except OSError as refused:
        names.append(refused.errno)
    return names


def test_connect_to_af_unspec_dissolves_the_connection(shared):
    assert shared.call(disconnect) == [("0.0.0.0", 0), errno.ENOTCONN]


# ---- bind ------------------------------------------------------------------

BIND = [
    # what                                    address, errno
    ("any address", ("0.0.0.0", 0), 0),
    ("our address", (ADDRESS, 0), 0),
    ("the loopback", ("127.0.0.1", 0), 0),
    ("another loopback address", ("127.9.9.9", 0), 0),
    ("the subnet's broadcast address", ("10.77.0.255", 0), 0),
    ("the limited broadcast address", ("255.255.255.255", 0), 0),
    ("a multicast group", ("239.1.2.3", 0), 0),
    ("an address that is not ours", ("10.77.0.50", 0), errno.EADDRNOTAVAIL),
    ("an address far away", ("192.0.2.1", 0), errno.EADDRNOTAVAIL),
    ("class E", ("240.0.0.1", 0), errno.EADDRNOTAVAIL),
]


@pytest.mark.parametrize("says, address, want", [pytest.param(*r, id=r[0]) for r in BIND])
def test_bind_to(shared, says, address, want):
    with shared.udp() as sock:
        assert error(sock.bind, address) == want
        if not want:
            host, port = sock.getsockname()
            assert host == address[0] and port != 0
            assert error(sock.bind, address) == errno.EINVAL, "a socket is bound once"


TWICE = [
    # what                                      first, second, options of both, errno
    ("the same port", "0.0.0.0", "0.0.0.0", [], errno.EADDRINUSE),
    ("any address after one of ours", ADDRESS, "0.0.0.0", [], errno.EADDRINUSE),
    ("one of ours after any address", "0.0.0.0", ADDRESS, [], errno.EADDRINUSE),
    ("two different addresses", ADDRESS, "127.0.0.1", [], 0),
    ("the same port, both reuse addresses", "0.0.0.0", "0.0.0.0", [SO_REUSEADDR], 0),
    ("the same port, both reuse ports", "0.0.0.0", "0.0.0.0", [SO_REUSEPORT], 0),
]


@pytest.mark.parametrize("says, one, two, options, want", [pytest.param(*r, id=r[0])
                                                           for r in TWICE])
def test_bind_twice(shared, says, one, two, options, want):
    with shared.udp() as first, shared.udp() as second:
        for sock in (first, second):
            for option in options:
                sock.setsockopt(SOL_SOCKET, option, 1)
        first.bind((one, 0))
        assert error(second.bind, (two, first.getsockname()[1])) == want


def test_a_port_can_be_bound_again_at_once(shared):
    first, port = open_port(shared)
    first.close()
    with shared.udp() as second:
        second.bind(("0.0.0.0", port))


def many_ports(count):
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for sock in socks:
        sock.bind(("0.0.0.0", 0))
    ports = [sock.getsockname()[1] for sock in socks]
    for sock in socks:
        sock.close()
    return ports


def test_chosen_ports_are_random_unique_and_in_the_range(shared):
    ports = shared.call(many_ports, 200)
    assert len(set(ports)) == 200
    assert all(32768 <= port <= 60999 for port in ports)
    steps = [b - a for a, b in zip(ports, ports[1:])]
    assert sum(abs(step) < 50 for step in steps) < 50, "RFC 6056: no counting up"


def test_the_range_of_ports_is_a_sysctl(stack):
    stack.sysctl("net.ipv4.ip_local_port_range", "40000 40009")
    ports = stack.call(many_ports, 10)
    assert sorted(ports) == list(range(40000, 40010))
    with pytest.raises(OSError) as refused:
        stack.call(many_ports, 11)
    assert refused.value.errno == errno.EADDRINUSE


# ---- sending ---------------------------------------------------------------

SEND = [
    # what                                          destination, errno
    ("to port 0", (PEER, 0), errno.EINVAL),
    ("to a broadcast address", ("10.77.0.255", 5000), errno.EACCES),
    ("to class E, without a route", ("240.0.0.1", 5000), errno.ENETUNREACH),
    ("to a host without a route", ("192.0.2.1", 5000), errno.ENETUNREACH),
]


@pytest.mark.parametrize("says, dst, want", [pytest.param(*r, id=r[0]) for r in SEND])
def test_send(shared, wire, says, dst, want):
    with shared.udp() as sock:
        assert error(sock.sendto, b"hello", dst) == want
    wire.silence(is_ip, 0.02)


def test_send_to_0_0_0_0_is_to_ourselves(shared, wire):
    sock, port = open_port(shared)
    with sock, shared.udp() as other:
        other.sendto(b"hello", ("0.0.0.0", port))
        assert sock.recvfrom(100)[0] == b"hello"
    wire.silence(is_ip, 0.02)


def test_a_connected_socket_may_still_send_elsewhere(shared, wire):
    with shared.udp() as sock:
        sock.connect(HOST)
        sock.sendto(b"hello", (PEER, 5001))
        wire.expect(udp(dport=5001))
        sock.send(b"hello")
        wire.expect(udp(dport=5000))


def test_an_empty_datagram_is_a_datagram(shared, wire):
    with shared.udp() as sock:
        assert sock.sendto(b"", HOST) == 0
    frame = wire.expect(udp(dport=5000))
    assert frame[UDP].len == 8 and p.valid(frame) is None


def test_the_checksum_is_never_zero(shared, wire):
    """RFC 768: a sum of zero is sent as all ones; zero means that there is none."""
    with shared.udp(bind=(ADDRESS, 0)) as sock:
        sock.connect(HOST)
        port = sock.getsockname()[1]
        data = None
        for value in range(0x10000):
            trial = p.udp(ADDRESS, PEER, port, 5000, struct.pack("!H", value))
            if trial[6:8] == b"\xff\xff":
                data = trial[8:]
                break
        sock.send(data)
    assert wire.expect(udp(dport=5000)).raw[40:42] == b"\xff\xff"


# ---- receiving -------------------------------------------------------------

def test_a_datagram_has_data_and_a_sender(shared, wire):
    sock, port = open_port(shared)
    with sock:
        deliver(wire, port, b"data", sport=4321)
        assert sock.recvfrom(100) == (b"data", (PEER, 4321))


def test_datagrams_come_in_order_one_by_one(shared, wire):
    sock, port = open_port(shared)
    with sock:
        for i in range(50):
            deliver(wire, port, bytes([i]) * (i + 1))
        assert [sock.recv(100) for i in range(50)] == [bytes([i]) * (i + 1) for i in range(50)]


def test_peek_leaves_it_there(shared, wire):
    sock, port = open_port(shared)
    with sock:
        deliver(wire, port, b"one")
        deliver(wire, port, b"two")
        assert sock.recv(100, MSG_PEEK) == b"one" == sock.recv(100, MSG_PEEK)
        assert (sock.recv(100), sock.recv(100)) == (b"one", b"two")


def test_what_does_not_fit_is_cut_off_and_said(shared, wire):
    sock, port = open_port(shared)
    with sock:
        deliver(wire, port, b"0123456789")
        deliver(wire, port, b"next")
        data, _, flags, _ = sock.recvmsg(4)
        assert data == b"0123" and flags & MSG_TRUNC
        assert sock.recv(100) == b"next", "the rest is gone"


def real_length(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(2)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.sendto(b"0123456789", sock.getsockname())
    other.sendto(b"", sock.getsockname())
    buffer = bytearray(4)
    got = [sock.recv_into(buffer, 4, 0x22), sock.recv_into(buffer, 4, 0x20), bytes(buffer)]
    got.append(sock.recv_into(buffer, 4, 0x20))
    return got


def test_msg_trunc_gives_the_real_length(shared):
    assert shared.call(real_length, 0) == [10, 10, b"0123", 0]


def test_nothing_there_does_not_block_when_told_so(shared):
    sock, _ = open_port(shared)
    with sock:
        assert error(sock.recv, 100, MSG_DONTWAIT) == errno.EAGAIN
        sock.setblocking(False)
        assert error(sock.recv, 100) == errno.EAGAIN


def receive_timeout():
    import time
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setsockopt(socket.SOL_SOCKET, 20, struct.pack("=qq", 0, 200000))
    start = time.monotonic()
    try:
        sock.recvfrom(100)
    except OSError as late:
        return late.errno, time.monotonic() - start


def test_so_rcvtimeo_limits_the_wait(shared):
    number, waited = shared.call(receive_timeout)
    assert number == errno.EAGAIN and 0.18 <= waited <= 0.8, waited


def poll_states():
    import select
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    poll = select.poll()
    poll.register(sock, select.POLLIN | select.POLLOUT)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    states = [poll.poll(100)[0][1]]
    other.sendto(b"hello", sock.getsockname())
    poll.modify(sock, select.POLLIN)
    states.append(poll.poll(1000)[0][1])
    sock.recv(100)
    states.append(poll.poll(50))
    return states


def test_poll_says_when(shared):
    assert shared.call(poll_states) == [4, 1, []]


def test_a_connected_socket_hears_only_its_peer(shared, wire):
    sock, port = open_port(shared)
    with sock:
        sock.connect(HOST)
        deliver(wire, port, b"another host", src="10.77.0.9")
        deliver(wire, port, b"another port", sport=5001)
        deliver(wire, port, b"the peer")
        assert sock.recv(100) == b"the peer"
        assert error(sock.recv, 100, MSG_DONTWAIT) == errno.EAGAIN


def test_the_best_fitting_socket_gets_it(shared, wire):
    """Connected before bound to an address before bound to any."""
    one = shared.udp()
    one.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    one.bind(("0.0.0.0", 0))
    port = one.getsockname()[1]
    socks = [one]
    for connected in (False, True):
        sock = shared.udp()
        sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        sock.bind((ADDRESS, port))
        if connected:
            sock.connect(HOST)
        socks.append(sock)
    for sock, data in zip(reversed(socks), (b"connected", b"bound", b"any")):
        sock.settimeout(1.0)
        deliver(wire, port, data)
        assert sock.recv(100) == data
        sock.close()


def test_a_socket_bound_to_an_address_does_not_hear_another(shared, wire):
    sock, port = open_port(shared, "127.0.0.1")
    with sock:
        deliver(wire, port)
        assert error(sock.recv, 100, MSG_DONTWAIT) == errno.EAGAIN
        time.sleep(0.05)
        assert error(sock.recv, 100, MSG_DONTWAIT) == errno.EAGAIN


BROADCASTS = [("10.77.0.255",), ("255.255.255.255",)]


@pytest.mark.parametrize("dst", [b[0] for b in BROADCASTS])
def test_a_broadcast_reaches_every_socket_of_the_port(shared, wire, dst):
    socks = []
    port = 0
    for _ in range(3):
        sock = shared.udp()
        sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        sock.settimeout(1.0)
        sock.bind(("0.0.0.0", port))
        port = sock.getsockname()[1]
        socks.append(sock)
    deliver(wire, port, b"all", dst=dst, mac=BROADCAST)
    assert [sock.recv(100) for sock in socks] == [b"all"] * 3
    for sock in socks:
        sock.close()


def test_a_full_receive_buffer_drops_the_newest(shared, wire):
    sock, port = open_port(shared)
    with sock:
        sock.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
        for i in range(200):
            deliver(wire, port, struct.pack("!H", i))
        time.sleep(0.1)
        got = []
        while error_or(sock, got) is None:
            pass
        assert 1 <= len(got) < 100 and got == sorted(got) and got[0] == 0 and got[-1] < 199, got
        deliver(wire, port, struct.pack("!H", 999))
        assert struct.unpack("!H", sock.recv(100))[0] == 999, "and then there is room again"


def error_or(sock, got):
    try:
        got.append(struct.unpack("!H", sock.recv(100, MSG_DONTWAIT))[0])
    except OSError as empty:
        return empty
    return None


# ---- control messages ------------------------------------------------------

CMSG = [
    # what                               option, packet fields, cmsg type, value
    ("the time to live", IP_RECVTTL, dict(ttl=7), IP_TTL, struct.pack("=i", 7)),
    ("the type of service", IP_RECVTOS, dict(tos=0xb8), IP_TOS, b"\xb8"),
]


@pytest.mark.parametrize("says, option, fields, kind, value", [pytest.param(*r, id=r[0])
                                                               for r in CMSG])
def test_a_datagram_tells(shared, wire, says, option, fields, kind, value):
    sock, port = open_port(shared)
    with sock:
        sock.setsockopt(0, option, 1)
        deliver(wire, port, b"data", **fields)
        data, cmsgs, _, _ = sock.recvmsg(100, 256)
        assert (data, cmsgs) == (b"data", [(0, kind, value)])


def test_ip_pktinfo_tells_device_and_addresses(shared, wire):
    sock, port = open_port(shared)
    with sock:
        sock.setsockopt(0, IP_PKTINFO, 1)
        for dst, mac in ((ADDRESS, OURS), ("10.77.0.255", BROADCAST)):
            deliver(wire, port, dst=dst, mac=mac)
            _, cmsgs, _, _ = sock.recvmsg(100, 256)
            want = struct.pack("=i", shared.ifindex()) + socket.inet_aton(ADDRESS) + \
                socket.inet_aton(dst)
            assert cmsgs == [(0, IP_PKTINFO, want)]


def test_ip_pktinfo_chooses_the_source(stack):
    stack.port.answers[PEER] = PEER_MAC
    stack.ip("addr add 10.77.0.66/24 dev eth0")
    with stack.udp() as sock:
        info = struct.pack("=i", 0) + socket.inet_aton("10.77.0.66") + bytes(4)
        sock.sendmsg([b"hello"], [(0, IP_PKTINFO, info)], 0, HOST)
        assert stack.port.expect(udp(dport=5000))[IP].src == "10.77.0.66"
        sock.sendto(b"hello", HOST)
        assert stack.port.expect(udp(dport=5000))[IP].src == ADDRESS


def test_ttl_and_tos_of_one_datagram(shared, wire):
    with shared.udp() as sock:
        sock.sendmsg([b"hello"], [(0, IP_TTL, struct.pack("=i", 9)),
                                  (0, IP_TOS, struct.pack("=i", 0x20))], 0, HOST)
        ip = wire.expect(udp(dport=5000))[IP]
        assert (ip.ttl, ip.tos) == (9, 0x20)
        sock.sendto(b"hello", HOST)
        ip = wire.expect(udp(dport=5000))[IP]
        assert (ip.ttl, ip.tos) == (64, 0)


# ---- errors ----------------------------------------------------------------

def test_a_closed_port_of_ours_refuses_a_connected_socket(shared):
    with shared.udp() as sock:
        sock.settimeout(1.0)
        sock.connect(("127.0.0.1", 9))
        sock.send(b"hello")
        assert error(sock.recv, 100) == errno.ECONNREFUSED


def test_a_closed_port_refuses_a_connected_socket_only(shared, wire):
    with shared.udp() as sock, shared.udp() as free:
        sock.connect(HOST)
        for one in (sock, free):
            one.settimeout(0.2)
            one.sendto(b"hello", HOST) if one is free else one.send(b"hello")
            frame = wire.expect(udp(dport=5000))
            wire.send(p.ether(OURS, PEER_MAC, p.ipv4(PEER, ADDRESS, 1, p.icmp(
                3, 3, bytes(4), frame.raw[14:]))))
        assert error(sock.recv, 100) == errno.ECONNREFUSED
        assert error(free.recv, 100) == errno.EAGAIN


def test_a_datagram_that_came_first_comes_after_the_error(shared, wire):
    """A pending error is told before data that waits."""
    sock, port = open_port(shared)
    with sock:
        sock.connect(HOST)
        deliver(wire, port, b"waits")
        sock.send(b"hello")
        frame = wire.expect(udp(dport=5000))
        wire.send(p.ether(OURS, PEER_MAC, p.ipv4(PEER, ADDRESS, 1, p.icmp(
            3, 3, bytes(4), frame.raw[14:]))))
        time.sleep(0.05)
        assert error(sock.recv, 100) == errno.ECONNREFUSED
        assert sock.recv(100) == b"waits"


SHUTDOWN = [
    # what                              how, send errno, recv
    ("for reading", 0, 0, b""), ("for writing", 1, errno.EPIPE, None),
    ("both ways", 2, errno.EPIPE, b""),
]


@pytest.mark.parametrize("says, how, send, recv", [pytest.param(*r, id=r[0]) for r in SHUTDOWN])
def test_shutdown(shared, wire, says, how, send, recv):
    with shared.udp() as sock:
        assert error(sock.shutdown, how) == errno.ENOTCONN
        sock.connect(HOST)
        sock.shutdown(how)
        assert error(sock.sendmsg, [b"hello"], [], 0x4000) == send      # MSG_NOSIGNAL
        if recv is not None:
            assert sock.recv(100) == recv, "it does not wait"
        else:
            assert error(sock.recv, 100, MSG_DONTWAIT) == errno.EAGAIN


UNSUPPORTED = [
    # what                                        family, type, protocol, errno
    ("UDP over a stream", 2, 1, 17, errno.EPROTONOSUPPORT),
    ("TCP over datagrams", 2, 2, 6, errno.EPROTONOSUPPORT),
    ("an unknown type", 2, 9, 0, errno.ESOCKTNOSUPPORT),
    ("an unknown protocol of datagrams", 2, 2, 99, errno.EPROTONOSUPPORT),
]


@pytest.mark.parametrize("says, family, kind, proto, want", [pytest.param(*r, id=r[0])
                                                             for r in UNSUPPORTED])
def test_there_is_no(shared, says, family, kind, proto, want):
    assert error(shared.socket, family, kind, proto) == want


def test_options_have_sizes_and_levels(shared):
    with shared.udp() as sock:
        assert error(sock.setsockopt, 0, 9999, 1) == errno.ENOPROTOOPT
        assert error(sock.getsockopt, 0, 9999) == errno.ENOPROTOOPT
        assert error(sock.setsockopt, SOL_SOCKET, 9999, 1) == errno.ENOPROTOOPT
        assert error(sock.setsockopt, SOL_SOCKET, SO_BROADCAST, b"\1") == errno.EINVAL
        assert error(sock.setsockopt, 4711, 1, 1) == errno.ENOPROTOOPT
        assert error(sock.setsockopt, SOL_SOCKET, SO_TYPE, 1) == errno.ENOPROTOOPT
        sock.setsockopt(SOL_SOCKET, SO_BROADCAST, 1)
        assert sock.getsockopt(SOL_SOCKET, SO_BROADCAST) == 1


def test_buffers_are_doubled_and_bounded(shared):
    with shared.udp() as sock:
        sock.setsockopt(SOL_SOCKET, SO_RCVBUF, 50000)
        assert sock.getsockopt(SOL_SOCKET, SO_RCVBUF) == 100000
        sock.setsockopt(SOL_SOCKET, SO_SNDBUF, 1)
        assert sock.getsockopt(SOL_SOCKET, SO_SNDBUF) == 4608
        sock.setsockopt(SOL_SOCKET, SO_RCVBUF, 1)
        assert sock.getsockopt(SOL_SOCKET, SO_RCVBUF) == 2304


def test_a_device_that_is_not_there_cannot_be_bound_to(shared):
    with shared.udp() as sock:
        assert error(sock.setsockopt, SOL_SOCKET, SO_BINDTODEVICE, b"eth9\0") == errno.ENODEV
        sock.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, b"eth0\0")
        assert sock.getsockopt(SOL_SOCKET, SO_BINDTODEVICE, 16) == b"eth0\0"


# ---- load ------------------------------------------------------------------

def echo_many(count):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    two = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for sock in (one, two):
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
    for i in range(count):
        one.sendto(struct.pack("!I", i), two.getsockname())
        data, who = two.recvfrom(100)
        two.sendto(data, who)
        if one.recv(100) != struct.pack("!I", i):
            return i
    return count


def test_500_round_trips_over_the_loopback(shared):
    assert shared.call(echo_many, 500) == 500


def open_many(count):
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for sock in socks:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for i, sock in enumerate(socks):
        sender.sendto(struct.pack("!I", i), sock.getsockname())
    return sum(struct.unpack("!I", sock.recv(10))[0] == i for i, sock in enumerate(socks))


def test_300_sockets_each_get_their_own(shared):
    assert shared.call(open_many, 300) == 300


def test_a_program_that_ends_leaves_its_port(shared):
    remote = shared.remote()
    sock = shared.udp(bind=("0.0.0.0", 0), remote=remote)
    port = sock.getsockname()[1]
    with shared.udp() as mine:
        assert error(mine.bind, ("0.0.0.0", port)) == errno.EADDRINUSE
        remote.process.kill()
        remote.process.wait()
        deadline = time.monotonic() + 3
        while error(mine.bind, ("0.0.0.0", port)):
            assert time.monotonic() < deadline, "the port of a killed program is still taken"
            time.sleep(0.02)
