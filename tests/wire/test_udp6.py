# SPDX-License-Identifier: BSD-2-Clause
"""UDP sockets of AF_INET6 as a program sees them: names, conflicts of both families, options, datagrams, errors.

RFC 3493 (basic sockets), RFC 3542 (ancillary data), RFC 8200 8.1 and 6935 (checksums),
RFC 4291 2.5.5.2 (::ffff:a.b.c.d).
"""

import errno
import itertools
import socket
import struct

import pytest

from lab.facts import error
from lab.frames import Match
from lab.packets import checksum
from lab.packets6 import (FRAGMENT, ICMPV6, PKT_TOOBIG, UDP, addr6, frame6, icmp6, ipv6, is_icmp6, mac6, pseudo6, text6)
from lab.stack import ADDRESS, ADDRESS6, LINKLOCAL, PEER, PEER6, PEER_MAC

SHARED = dict(ipv6=True, sysctls={"net.ipv6.icmp.ratelimit": 0})
OURS = "02:00:00:00:00:02"
V6 = socket.AF_INET6
SOL_IPV6, SOL_UDP = 41, 17
_ports = itertools.count(20000)


@pytest.fixture
def wire(shared):
    shared.ip(f"-6 neigh replace {PEER6} lladdr {PEER_MAC} dev eth0")
    shared.ip(f"neigh replace {PEER} lladdr {PEER_MAC} dev eth0")
    shared.port.clear()
    return shared.port


def datagram(src, dst, sport, dport, data, csum=None):
    head = struct.pack("!HHHH", sport, dport, 8 + len(data), 0)
    value = checksum(pseudo6(src, dst, len(head) + len(data), UDP) + head + data) if csum is None else csum
    return head[:6] + struct.pack("!H", value or (0xffff if csum is None else 0)) + data


def deliver(port, dport, data=b"data", src=PEER6, dst=ADDRESS6, sport=5000, mac=OURS, csum=None, **fields):
    port.send(frame6(PEER_MAC, mac, ipv6(src, dst, UDP, datagram(src, dst, sport, dport, data, csum), **fields)))


def is_udp6(**fields):
    """A datagram of IPv6 whose parts have these values."""
    def test(frame):
        parts = udp6_of(frame)
        return parts is not None and all(parts[name] == want for name, want in fields.items())
    return Match(f"udp6({fields})", test)


def udp6_of(frame):
    raw = frame.raw
    if raw[12:14] != b"\x86\xdd" or raw[20] != UDP:
        return None
    word, length, _, hlim = struct.unpack("!IHBB", raw[14:22])
    sport, dport, size, csum = struct.unpack("!HHHH", raw[54:62])
    return dict(tclass=word >> 20 & 255, flow=word & 0xfffff, hlim=hlim, src=text6(raw[22:38]), dst=text6(raw[38:54]),
                sport=sport, dport=dport, data=raw[62:54 + length], size=size, csum=csum, mac=raw[:6].hex(":"),
                good=checksum(pseudo6(raw[22:38], raw[38:54], length, UDP) + raw[54:54 + length]) == 0)


# ---- who may have a port ---------------------------------------------------

def conflicts():
    """{(first, second): errno of the second bind}: every pair of sockets, for one port."""
    import socket as s
    names = [(s.AF_INET, "0.0.0.0", 0), (s.AF_INET, "127.0.0.1", 0), (s.AF_INET, "127.0.0.2", 0), (s.AF_INET6, "::", 0),
             (s.AF_INET6, "::", 1), (s.AF_INET6, "::1", 0), (s.AF_INET6, "::1", 1), (s.AF_INET6, "::ffff:0.0.0.0", 0),
             (s.AF_INET6, "::ffff:127.0.0.1", 0)]
    reuse = [(), (s.SO_REUSEADDR,), (s.SO_REUSEPORT,)]

    def bound(family, address, only, options, port):
        sock = s.socket(family, s.SOCK_DGRAM)
        if family == s.AF_INET6:
            sock.setsockopt(41, 26, only)
        for option in options:
            sock.setsockopt(s.SOL_SOCKET, option, 1)
        try:
            sock.bind((address, port))
        except OSError as refused:
            sock.close()
            return None, refused.errno
        return sock, 0

    table, keeper = {}, s.socket(s.AF_INET6, s.SOCK_DGRAM)
    keeper.bind(("::", 0))
    port = keeper.getsockname()[1]
    keeper.close()
    for i, one in enumerate(names):
        for j, other in enumerate(names):
            for a in range(len(reuse)):
                for b in range(len(reuse)):
                    first, _ = bound(*one, reuse[a], port)
                    second, err = bound(*other, reuse[b], port)
                    table[f"{i} {a} {j} {b}"] = err
                    for sock in (first, second):
                        if sock:
                            sock.close()
    return table


def test_who_may_have_a_port_beside_whom_is_as_in_this_kernel(shared):
    want, got = conflicts(), shared.call(conflicts, timeout=60)
    assert {pair: (want[pair], got[pair]) for pair in want if want[pair] != got[pair]} == {}


def receivers():
    """Which of two sockets gets a datagram of each family, whichever was bound first."""
    import socket as s
    rows = []
    for order in (0, 1):
        four, six = s.socket(s.AF_INET, s.SOCK_DGRAM), s.socket(s.AF_INET6, s.SOCK_DGRAM)
        for sock in (four, six):
            sock.setsockopt(s.SOL_SOCKET, s.SO_REUSEADDR, 1)
            sock.settimeout(1)
        binds = [lambda: four.bind(("0.0.0.0", 0)), lambda: six.bind(("::", four.getsockname()[1]))]
        if order:
            binds = [lambda: six.bind(("::", 0)), lambda: four.bind(("0.0.0.0", six.getsockname()[1]))]
        for bind in binds:
            bind()
        port = four.getsockname()[1]
        sender = s.socket(s.AF_INET6, s.SOCK_DGRAM)
        for to, taker in (("::ffff:127.0.0.1", four), ("::1", six)):
            sender.sendto(b"x", (to, port))
            rows.append((order, to, taker.recvfrom(9)[1][0]))
        for sock in (four, six, sender):
            sock.close()
    return rows


def test_a_datagram_goes_to_the_socket_of_its_family(shared):
    assert [list(row) for row in shared.call(receivers)] == [
        [0, "::ffff:127.0.0.1", "127.0.0.1"], [0, "::1", "::1"], [1, "::ffff:127.0.0.1", "127.0.0.1"],
        [1, "::1", "::1"]]


# ---- names -----------------------------------------------------------------

BINDS = {
    "::": 0, "::1": 0, ADDRESS6: 0, f"::ffff:{ADDRESS}": 0, "::ffff:0.0.0.0": 0, "ff02::7": errno.EINVAL,
    "fd77::99": errno.EADDRNOTAVAIL, "::ffff:10.77.0.99": errno.EADDRNOTAVAIL, LINKLOCAL: errno.EINVAL, "ff0e::7": 0,
}


@pytest.mark.parametrize("address", BINDS)
def test_bind(shared, address):
    sock = shared.socket(V6)
    assert error(sock.bind, (address, 0)) == BINDS[address]
    sock.close()


def test_bind_to_a_link_local_address_wants_the_link(shared):
    sock, scope = shared.socket(V6), shared.ifindex()
    sock.bind((LINKLOCAL, 0, 0, scope))
    name = sock.getsockname()
    assert (name[0].split("%")[0], name[3]) == (LINKLOCAL, scope)
    sock.close()


def test_who_is_bound_to_one_address_is_of_ipv6_alone(shared):
    sock = shared.socket(V6)
    assert sock.getsockopt(SOL_IPV6, socket.IPV6_V6ONLY) == 0
    sock.bind((ADDRESS6, 0))
    assert sock.getsockopt(SOL_IPV6, socket.IPV6_V6ONLY) == 1
    assert error(sock.setsockopt, SOL_IPV6, socket.IPV6_V6ONLY, 0) == errno.EINVAL
    sock.close()


def test_connect_and_forget(shared, wire):
    sock = shared.socket(V6)
    assert error(sock.getpeername) == errno.ENOTCONN
    sock.connect((PEER6, 7))
    assert tuple(sock.getpeername())[:2] == (PEER6, 7) and sock.getsockname()[0] == ADDRESS6
    sock.connect((f"::ffff:{PEER}", 8))
    assert sock.getpeername()[0] == f"::ffff:{PEER}"
    sock.close()


def test_connect_to_ipv4_takes_an_address_of_ipv4(shared, wire):
    sock = shared.socket(V6)
    sock.connect((f"::ffff:{PEER}", 8))
    assert sock.getsockname()[0] == f"::ffff:{ADDRESS}" and sock.getpeername()[0] == f"::ffff:{PEER}"
    sock.close()


def test_who_is_of_ipv4_stays_of_ipv4(shared, wire):
    sock = shared.socket(V6)
    sock.connect((f"::ffff:{PEER}", 8))
    assert error(sock.connect, (PEER6, 7)) == errno.EAFNOSUPPORT
    assert sock.getpeername()[0] == f"::ffff:{PEER}"
    assert error(sock.sendto, b"x", (PEER6, 7)) == errno.EAFNOSUPPORT
    sock.close()


def test_v6only_sends_nothing_to_ipv4(shared):
    sock = shared.socket(V6)
    sock.setsockopt(SOL_IPV6, socket.IPV6_V6ONLY, 1)
    assert error(sock.sendto, b"x", (f"::ffff:{PEER}", 7)) == errno.ENETUNREACH
    assert error(sock.connect, (f"::ffff:{PEER}", 7)) == errno.ENETUNREACH
    sock.close()


def test_a_link_local_peer_wants_a_link(shared):
    sock = shared.socket(V6)
    assert error(sock.connect, ("fe80::1", 7)) == errno.EINVAL
    assert error(sock.sendto, b"x", ("fd77::1", 0)) == errno.EINVAL
    assert error(sock.send, b"x") == errno.EDESTADDRREQ
    sock.close()


# ---- datagrams -------------------------------------------------------------

@pytest.mark.parametrize("size", [0, 1, 2, 999, 1452])
@pytest.mark.parametrize("connected", [False, True])
def test_out(shared, wire, size, connected):
    sock, data, port = shared.socket(V6), bytes(i & 0xff for i in range(size)), next(_ports)
    if connected:
        sock.connect((PEER6, port))
        for _ in range(3):
            sock.send(data)
    else:
        sock.sendto(data, (PEER6, port))
    for _ in range(3 if connected else 1):
        parts = udp6_of(wire.expect(is_udp6(dport=port)))
        assert parts["good"] and parts["data"] == data and parts["src"] == ADDRESS6 and parts["hlim"] == 64
        assert parts["flow"], "a label of its own (RFC 6437)"
    sock.close()


@pytest.mark.parametrize("size", [1453, 3000, 65527])
def test_out_in_fragments(shared, wire, size):
    sock, data, port = shared.socket(V6), bytes(i & 0xff for i in range(size)), next(_ports)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 300000)
    sock.sendto(data, (PEER6, port))
    got, ident = {}, None
    while sum(map(len, got.values())) < size + 8:
        raw = wire.expect(Match("fragment", lambda f: f.raw[12:14] == b"\x86\xdd" and f.raw[20] == FRAGMENT)).raw
        nexthdr, _, at, this = struct.unpack("!BBHI", raw[54:62])
        assert nexthdr == UDP and ident in (None, this) and len(raw) <= 1514
        ident, got[at & 0xfff8] = this, raw[62:]
    whole = b"".join(got[at] for at in sorted(got))
    assert whole[8:] == data
    assert checksum(pseudo6(addr6(ADDRESS6), addr6(PEER6), len(whole), UDP) + whole) == 0
    sock.close()


def test_too_long(shared, wire):
    sock = shared.socket(V6)
    assert error(sock.sendto, bytes(65528), (PEER6, 7)) == errno.EMSGSIZE
    sock.setsockopt(SOL_IPV6, 62, 1)        # IPV6_DONTFRAG
    assert error(sock.sendto, bytes(1453), (PEER6, 7)) == errno.EMSGSIZE
    sock.setsockopt(SOL_IPV6, 62, 0)
    sock.setsockopt(SOL_IPV6, 23, 2)        # IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO
    assert error(sock.sendto, bytes(1453), (PEER6, 7)) == errno.EMSGSIZE
    sock.close()


@pytest.mark.parametrize("size", [0, 1, 2, 999, 1452])
def test_in(shared, wire, size):
    sock, data = shared.socket(V6), bytes(i & 0xff for i in range(size))
    sock.bind(("::", 0))
    sock.settimeout(2)
    deliver(wire, sock.getsockname()[1], data)
    got, src = sock.recvfrom(2000)
    assert got == data and tuple(src) == (PEER6, 5000, 0, 0)
    sock.close()


def test_of_ipv4_it_hears_as_mapped(shared, wire):
    sock, other = shared.socket(V6), shared.socket()
    sock.bind(("::", 0))
    sock.settimeout(2)
    other.sendto(b"four", (ADDRESS, sock.getsockname()[1]))
    got, src = sock.recvfrom(99)
    assert (got, src[0]) == (b"four", f"::ffff:{ADDRESS}")
    sock.sendto(b"back", tuple(src))
    other.settimeout(2)
    assert other.recvfrom(99)[0] == b"back"
    sock.close()
    other.close()


@pytest.mark.parametrize("no_check, csum, taken", [(0, 0, False), (1, 0, True), (0, 0xbad, False), (1, 0xbad, False)])
def test_checksums(shared, wire, no_check, csum, taken):
    sock = shared.socket(V6)
    sock.bind(("::", 0))
    sock.settimeout(0.3)
    sock.setsockopt(SOL_UDP, 102, no_check)     # UDP_NO_CHECK6_RX
    deliver(wire, sock.getsockname()[1], csum=csum)
    assert error(sock.recv, 99) == (0 if taken else errno.EAGAIN)
    sock.close()


def test_nobody_there(wire):
    deliver(wire, 9, b"data")
    wire.expect(is_icmp6(1, code=4))


def test_refused(shared, wire):
    sock = shared.socket(V6)
    sock.connect((PEER6, 7))
    sock.send(b"anybody?")
    quoted = wire.expect(is_udp6(dport=7)).raw[14:]
    wire.send(frame6(PEER_MAC, OURS, ipv6(PEER6, ADDRESS6, ICMPV6, icmp6(PEER6, ADDRESS6, 1, 4, payload=quoted))))
    sock.settimeout(2)
    assert error(sock.recv, 99) == errno.ECONNREFUSED
    sock.close()


def test_a_path_that_takes_less(shared, wire):
    peer = "fd77::a1"
    shared.ip(f"-6 neigh replace {peer} lladdr {PEER_MAC} dev eth0")
    sock = shared.socket(V6)
    sock.connect((peer, 7))
    assert sock.getsockopt(SOL_IPV6, 24) == 1500
    sock.send(bytes(1400))
    quoted = wire.expect(is_udp6(dst=peer)).raw[14:]
    message = icmp6(PEER6, ADDRESS6, PKT_TOOBIG, 0, struct.pack("!I", 1300), quoted[:1232])
    wire.send(frame6(PEER_MAC, OURS, ipv6(PEER6, ADDRESS6, ICMPV6, message)))
    for _ in range(50):
        if error(sock.send, bytes(1100)) == 0 and sock.getsockopt(SOL_IPV6, 24) == 1300:
            break
    assert sock.getsockopt(SOL_IPV6, 24) == 1300
    sock.close()


# ---- groups ----------------------------------------------------------------

def test_groups(shared, wire):
    sock, group = shared.socket(V6), "ff05::1:7"
    sock.bind(("::", 0))
    sock.settimeout(0.3)
    sock.setsockopt(SOL_IPV6, 29, 0)        # IPV6_MULTICAST_ALL
    port = sock.getsockname()[1]
    request = addr6(group) + struct.pack("@I", shared.ifindex())
    deliver(wire, port, dst=group, mac=mac6(group))
    assert error(sock.recv, 99) == errno.EAGAIN
    sock.setsockopt(SOL_IPV6, socket.IPV6_JOIN_GROUP, request)
    assert error(sock.setsockopt, SOL_IPV6, socket.IPV6_JOIN_GROUP, request) == errno.EADDRINUSE
    deliver(wire, port, dst=group, mac=mac6(group))
    assert sock.recv(99) == b"data"
    sock.setsockopt(SOL_IPV6, socket.IPV6_LEAVE_GROUP, request)
    assert error(sock.setsockopt, SOL_IPV6, socket.IPV6_LEAVE_GROUP, request) == errno.EADDRNOTAVAIL
    sock.close()


def test_a_multicast_comes_back(shared, wire):
    sock, group = shared.socket(V6), "ff02::1:9"
    sock.bind(("::", 0))
    sock.settimeout(1)
    sock.setsockopt(SOL_IPV6, socket.IPV6_MULTICAST_IF, shared.ifindex())
    sock.setsockopt(SOL_IPV6, socket.IPV6_JOIN_GROUP, addr6(group) + struct.pack("@I", shared.ifindex()))
    sock.sendto(b"loop", (group, sock.getsockname()[1]))
    assert sock.recv(99) == b"loop"
    parts = udp6_of(wire.expect(is_udp6(dst=group)))
    assert (parts["hlim"], parts["mac"]) == (1, mac6(group))
    sock.setsockopt(SOL_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
    sock.sendto(b"loop", (group, sock.getsockname()[1]))
    assert error(sock.recv, 99) == errno.EAGAIN
    sock.close()


# ---- options ---------------------------------------------------------------

OPTIONS = {      # name: (number, as made, values that are taken, values that are not)
    "UNICAST_HOPS": (16, 64, [0, 1, 255], [-2, 256]),
    "MULTICAST_HOPS": (18, 1, [0, 1, 255], [-2, 256]),
    "MULTICAST_LOOP": (19, 1, [0, 1], [2, -1]),
    "MULTICAST_ALL": (29, 1, [0, 1], []),
    "MTU_DISCOVER": (23, 1, [0, 1, 2, 3, 4, 5], [-1, 6]),
    "RECVERR": (25, 0, [1, 0], []),
    "V6ONLY": (26, 0, [1, 0], []),
    "RECVPKTINFO": (49, 0, [1, 0], []),
    "RECVHOPLIMIT": (51, 0, [1, 0], []),
    "RECVTCLASS": (66, 0, [1, 0], []),
    "RECVHOPOPTS": (53, 0, [1, 0], []),
    "RECVRTHDR": (56, 0, [1, 0], []),
    "RECVDSTOPTS": (58, 0, [1, 0], []),
    "RECVPATHMTU": (60, 0, [1, 0], []),
    "DONTFRAG": (62, 0, [1, 0], []),
    "TCLASS": (67, 0, [0, 1, 255], [-2, 256]),
    "AUTOFLOWLABEL": (70, 1, [0, 1], []),
    "MINHOPCOUNT": (73, 0, [0, 1, 255], [-1, 256]),
    "FREEBIND": (78, 0, [1, 0], []),
    "RECVFRAGSIZE": (77, 0, [1, 0], []),
    "FLOWINFO_SEND": (33, 0, [1, 0], []),
    "RECVORIGDSTADDR": (74, 0, [1, 0], []),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option(shared, name):
    number, born, good, bad = OPTIONS[name]
    sock = shared.socket(V6)
    assert sock.getsockopt(SOL_IPV6, number) == born
    for value in good:
        sock.setsockopt(SOL_IPV6, number, value)
        assert sock.getsockopt(SOL_IPV6, number) == value
    for value in bad:
        assert error(sock.setsockopt, SOL_IPV6, number, value) == errno.EINVAL
    sock.close()


@pytest.mark.parametrize("number, value, refused", [(24, 1279, errno.EINVAL), (24, 1280, 0), (17, 4711, errno.ENODEV),
                                                    (17, -1, errno.ENODEV), (72, 3, errno.EINVAL), (72, 1, 0),
                                                    (9999, 1, errno.ENOPROTOOPT)])
def test_an_option_that_is_refused(shared, number, value, refused):
    sock = shared.socket(V6)
    assert error(sock.setsockopt, SOL_IPV6, number, value) == refused
    sock.close()


def messages(port):
    """What recvmsg() tells of the next datagram: {type: octets}."""
    import socket as s
    sock = s.socket(s.AF_INET6, s.SOCK_DGRAM)
    sock.bind(("::", port))
    for option in (49, 51, 66, 53, 58, 56, 11):
        sock.setsockopt(41, option, 1)
    sock.settimeout(3)
    data, cmsgs, _, _ = sock.recvmsg(99, 2000)
    sock.close()
    return [(kind, octets.hex()) for level, kind, octets in cmsgs if level == 41]


def test_what_is_told_of_a_datagram(shared, wire):
    port = next(_ports)
    later = shared.remote()
    from lab.remote import source_of
    later.submit("call", source_of(messages), "messages", (port,), {})
    hop, dst = bytes([60, 0, 1, 4, 0, 0, 0, 0]), bytes([UDP, 0, 1, 4, 0, 0, 0, 0])
    body = datagram(PEER6, ADDRESS6, 5000, port, b"data")
    import time
    time.sleep(0.5)
    wire.send(frame6(PEER_MAC, OURS, ipv6(PEER6, ADDRESS6, 0, hop + dst + body, hlim=33, tclass=0x42, flow=0x12345)))
    told = {kind: bytes.fromhex(octets) for kind, octets in later.result()}
    assert told[50] == addr6(ADDRESS6) + struct.pack("@I", shared.ifindex())
    assert told[52] == struct.pack("@i", 33) and told[67] == struct.pack("@i", 0x42)
    assert told[54] == hop and told[59] == dst and told[11] == struct.pack("!I", 0x4212345)


@pytest.mark.parametrize("cmsg, want", [((52, 7), dict(hlim=7)), ((67, 0x28), dict(tclass=0x28))])
def test_what_is_said_of_a_datagram(shared, wire, cmsg, want):
    sock, port = shared.socket(V6), next(_ports)
    sock.sendmsg([b"data"], [(SOL_IPV6, cmsg[0], struct.pack("@i", cmsg[1]))], 0, (PEER6, port))
    wire.expect(is_udp6(dport=port, **want))
    sock.close()


@pytest.mark.parametrize("cmsg", [(52, struct.pack("@i", 256)), (52, b"x"), (67, struct.pack("@i", 256)),
                                  (999, b"1234")])
def test_what_cannot_be_said(shared, cmsg):
    sock = shared.socket(V6)
    assert error(sock.sendmsg, [b"x"], [(SOL_IPV6, *cmsg)], 0, (PEER6, 7)) == errno.EINVAL
    sock.close()


def test_headers_that_stick(shared, wire):
    sock, port = shared.socket(V6), next(_ports)
    options = bytes([0, 0, 0x3e, 4, 1, 2, 3, 4])
    sock.setsockopt(SOL_IPV6, 59, options)
    assert sock.getsockopt(SOL_IPV6, 59, 99)[2:] == options[2:]
    sock.sendto(b"data", (PEER6, port))
    raw = wire.expect(Match("options", lambda f: f.raw[12:14] == b"\x86\xdd" and f.raw[20] == 60)).raw
    assert raw[54] == UDP and raw[56:62] == options[2:] and raw[70:74] == b"data"
    sock.setsockopt(SOL_IPV6, 59, b"")
    sock.sendto(b"data", (PEER6, port))
    wire.expect(is_udp6(dport=port))
    sock.close()


# ---- labels ----------------------------------------------------------------

@pytest.mark.parametrize("mode, asks, labelled", [(0, None, False), (0, 1, False), (1, None, True), (1, 0, False),
                                                  (2, None, False), (2, 1, True), (3, 0, True)])
@pytest.mark.parametrize("connected", [False, True])
def test_who_gets_a_label(shared, wire, mode, asks, labelled, connected):
    shared.sysctl("net.ipv6.auto_flowlabels", mode)
    try:
        sock, port = shared.socket(V6), next(_ports)
        if asks is not None:
            sock.setsockopt(SOL_IPV6, 70, asks)
        if connected:
            sock.connect((PEER6, port))
        flows = set()
        for _ in range(2):
            sock.sendto(b"data", (PEER6, port)) if not connected else sock.send(b"data")
            flows.add(udp6_of(wire.expect(is_udp6(dport=port)))["flow"])
        assert len(flows) == 1 and (flows != {0}) == labelled
        sock.close()
    finally:
        shared.sysctl("net.ipv6.auto_flowlabels", 1)


def test_a_label_that_the_program_gives(shared, wire):
    sock, port = shared.socket(V6), next(_ports)
    sock.setsockopt(SOL_IPV6, 33, 1)
    sock.sendto(b"data", (PEER6, port, 0x12345))
    assert udp6_of(wire.expect(is_udp6(dport=port)))["flow"] == 0x12345
    sock.close()


# ---- sizes -----------------------------------------------------------------

@pytest.mark.parametrize("size", [1200, 1300, 1452, 2000])
def test_a_size_that_the_program_gives(shared, wire, size):
    """IPV6_MTU: how large the pieces are, if there have to be pieces."""
    sock = shared.socket(V6)
    sock.setsockopt(SOL_IPV6, 24, 1280)
    sock.sendto(bytes(size), (PEER6, 4711))
    frames = wire.collect(Match("ipv6", lambda f: f.raw[12:14] == b"\x86\xdd" and f.raw[20] in (FRAGMENT, UDP)),
                          during=0.2)
    lengths = sorted(len(frame.raw) - 14 for frame in frames)
    assert lengths == {1200: [1248], 1300: [1348], 1452: [1500], 2000: [824, 1280]}[size]
    sock.close()


# ---- errors that wait ------------------------------------------------------

def refusals(peer, port):
    """What MSG_ERRQUEUE holds after a datagram was refused: (data, name, [(level, type, octets)])."""
    import select
    import socket as s
    import time
    sock = s.socket(s.AF_INET6, s.SOCK_DGRAM)
    sock.setsockopt(41, 25, 1)
    sock.setsockopt(0, 11, 1)
    sock.connect((peer, port))
    sock.send(b"anybody?")
    for _ in range(100):
        try:
            data, cmsgs, flags, name = sock.recvmsg(99, 999, s.MSG_ERRQUEUE | s.MSG_DONTWAIT)
            break
        except BlockingIOError:
            time.sleep(0.02)
    err = sock.getsockopt(s.SOL_SOCKET, s.SO_ERROR)
    sock.close()
    return data.hex(), list(name), [(level, kind, octets.hex()) for level, kind, octets in cmsgs], flags, err


def test_an_error_of_ipv6_that_waits(shared, wire):
    from lab.remote import source_of
    later = shared.remote()
    later.submit("call", source_of(refusals), "refusals", (PEER6, 4712), {})
    quoted = wire.expect(is_udp6(dport=4712), within=5).raw[14:]
    wire.send(frame6(PEER_MAC, OURS, ipv6(PEER6, ADDRESS6, ICMPV6, icmp6(PEER6, ADDRESS6, 1, 4, payload=quoted))))
    data, name, cmsgs, flags, err = later.result()
    assert bytes.fromhex(data) == b"anybody?" and name[:2] == [PEER6, 4712] and flags & 0x2000
    (level, kind, octets), = [c for c in cmsgs if c[0] == 41]
    octets = bytes.fromhex(octets)
    assert (level, kind, len(octets)) == (41, 25, 44)
    assert struct.unpack("@IBBBBII", octets[:16]) == (errno.ECONNREFUSED, 3, 1, 4, 0, 0, 0)
    assert octets[16:18] == struct.pack("@H", V6) and octets[24:40] == addr6(PEER6)
    assert err == 0


def test_an_error_of_ipv4_that_waits(shared, wire):
    from lab import packets as p
    from lab.remote import source_of
    later = shared.remote()
    later.submit("call", source_of(refusals), "refusals", (f"::ffff:{PEER}", 4713), {})
    frame = wire.expect(Match("udp", lambda f: f.raw[12:14] == b"\x08\x00" and f.raw[36:38] == struct.pack("!H", 4713)),
                        within=5)
    message = struct.pack("!BBHI", 3, 3, 0, 0) + frame.raw[14:]
    message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    wire.send(p.ether(OURS, PEER_MAC, p.ipv4(PEER, ADDRESS, 1, message)))
    data, name, cmsgs, flags, err = later.result()
    assert bytes.fromhex(data) == b"anybody?" and name[:2] == [f"::ffff:{PEER}", 4713]
    (level, kind, octets), = [c for c in cmsgs if c[0] == 41]
    octets = bytes.fromhex(octets)
    assert struct.unpack("@IBBBBII", octets[:16]) == (errno.ECONNREFUSED, 2, 3, 3, 0, 0, 0)
    assert octets[24:40] == addr6(f"::ffff:{PEER}")


# ---- devices ---------------------------------------------------------------

@pytest.mark.parametrize("device, taken", [(b"eth0", True), (b"lo", False)])
def test_a_socket_of_one_device(shared, wire, device, taken):
    sock = shared.socket(V6)
    sock.setsockopt(socket.SOL_SOCKET, 25, device)
    sock.bind(("::", 0))
    sock.settimeout(0.3)
    deliver(wire, sock.getsockname()[1])
    assert error(sock.recv, 99) == (0 if taken else errno.EAGAIN)
    sock.close()
