# SPDX-License-Identifier: BSD-2-Clause
"""Flow labels that programs lease (IPV6_FLOWLABEL_MGR), and what packets they are on: RFC 6437."""

import contextlib
import errno
import itertools
import re
import socket
import struct
import time

import pytest

from lab.facts import error
from lab.frames import Match
from lab.kernel import KernelStack
from lab.nethood import NethoodStack
from lab.packets6 import UDP
from lab.stack import ADDRESS6, PEER6, PEER_MAC

SHARED = dict(ipv6=True, proc=True, sysctls={"net.ipv4.ping_group_range": "0 2147483647"})
V6, SOL_IPV6 = socket.AF_INET6, 41
FLOWINFO, HOPOPTS, DSTOPTS, MGR, SEND = 11, 54, 59, 32, 33
GET, PUT, RENEW = 0, 1, 2
CREATE, EXCL, REFLECT, REMOTE = 1, 2, 4, 8
S_EXCL, S_PROCESS, S_USER, S_ANY = 1, 2, 3, 255
HEADER = "Label S Owner  Users  Linger Expires  Dst                              Opt\n"
HOP = bytes([0, 0, 1, 4, 0, 0, 0, 0])       # a header of one PadN
_labels = itertools.count(0x10001)


@pytest.fixture
def wire(shared):
    shared.ip(f"-6 neigh replace {PEER6} lladdr {PEER_MAC} dev eth0")
    for name in ("consistency", "reflect", "state_ranges"):
        shared.sysctl(f"net.ipv6.flowlabel_{name}", int(name == "consistency"))
    shared.port.clear()
    return shared.port


def request(label=0, action=GET, share=S_ANY, flags=CREATE, expires=0, linger=0, dst=PEER6, options=b""):
    return (socket.inet_pton(V6, dst) + struct.pack("!I", label)
            + struct.pack("=BBHHHI", action, share, flags, expires, linger, 0) + options)


def control(level, kind, data):
    return struct.pack("=Qii", 16 + len(data), level, kind) + data + bytes(-len(data) % 8)


def mgr(sock, *args, **fields):
    return error(sock.setsockopt, SOL_IPV6, MGR, request(*args, **fields))


def sender(shared, kind=socket.SOCK_DGRAM, proto=0):
    sock = shared.socket(V6, kind, proto)
    sock.setsockopt(SOL_IPV6, SEND, 1)
    return sock


def table(shared):
    """{label: (share, users, linger, expires, octets of headers)} of /proc/net/ip6_flowlabel"""
    text = shared.run(["cat", "/proc/net/ip6_flowlabel"]).stdout
    assert text.startswith(HEADER)
    rows = [row.split() for row in text[len(HEADER):].splitlines()]
    assert all(re.fullmatch(r"[0-9A-F]{5} \d+ +-?\d+ +\d+ +\d+ +-?\d+ +[0-9a-f]{32} \d+ *", line)
               for line in text[len(HEADER):].splitlines())
    return {int(r[0], 16): (int(r[1]), int(r[3]), int(r[4]), int(r[5]), int(r[7])) for r in rows}


def labelled(label, nexthdr=UDP):
    return Match(f"label {label:#x}", lambda f: f.raw[12:14] == b"\x86\xdd" and f.raw[20] == nexthdr
                 and int.from_bytes(f.raw[14:18], "big") & 0xfffff == label)


def info(label):
    return [(SOL_IPV6, FLOWINFO, struct.pack("!I", label))]


def test_anybody_sends_any_label(shared, wire):
    """The first test: Linux forgets late that there was a label that is somebody's own."""
    sock = sender(shared)
    for label in (0x12345, 0xfffff, 1):
        sock.sendto(b"x", (PEER6, 7, label))
        wire.expect(labelled(label))
        sock.sendmsg([b"x"], info(label ^ 2), 0, (PEER6, 7))
        wire.expect(labelled(label ^ 2))
    sock.setsockopt(SOL_IPV6, SEND, 0)
    sock.sendto(b"x", (PEER6, 7, 0x12345))
    wire.expect(Match("some other label", lambda f: f.raw[20] == UDP and f.raw[15:18] != b"\x01\x23\x45"))
    sock.close()


# ---- the manager -----------------------------------------------------------

def sequence(seed, steps):
    """What random requests of many sockets are answered, and the table after each."""
    import ctypes
    import errno as numbers
    import random
    import socket as s
    import struct as p

    rnd = random.Random(seed)
    libc = ctypes.CDLL(None, use_errno=True)
    socks = [s.socket(s.AF_INET6, s.SOCK_STREAM if i & 1 else s.SOCK_DGRAM) for i in range(5)]
    said = []

    def ask(sock, get, data):
        room = ctypes.create_string_buffer(data, len(data))
        if get:
            size = ctypes.c_int(len(data))
            bad = libc.getsockopt(sock.fileno(), 41, 32, room, ctypes.byref(size))
            return numbers.errorcode[ctypes.get_errno()] if bad else (room.raw[:22].hex(), size.value)
        bad = libc.setsockopt(sock.fileno(), 41, 32, room, len(data))
        return numbers.errorcode[ctypes.get_errno()] if bad else 0

    for _ in range(steps):
        where = rnd.randrange(5)
        action = rnd.choice((0, 0, 0, 0, 1, 1, 2, 3))
        data = (s.inet_pton(s.AF_INET6, rnd.choice(("::1", "::1", "::1", "ff02::1", "fe80::1", "::",
                                                    "::ffff:1.2.3.4")))
                + p.pack("!I", rnd.choice((0x71, 0x72, 0x73, 0x171, 0x80071, 0x100071, 0xf0000071)))
                + p.pack("=BBHHHI", action, rnd.choice((0, 1, 2, 3, 4, 255, 255, 255)),
                         rnd.choice((0, 1, 1, 1, 2, 3, 9, 17)),
                         rnd.choice((0, 5, 20, 150)), rnd.choice((0, 7, 30, 149)), 0))
        data = data[:rnd.choice((32, 32, 32, 32, 32, 31))] + bytes(rnd.choice((0, 0, 0, 8)))
        get = rnd.random() < .2
        answer = ask(socks[where], get, data)
        rows = []
        with open("/proc/net/ip6_flowlabel") as f:
            for line in f.read().splitlines()[1:]:
                row = line.split()
                if row[6].startswith(("0000", "ff02", "fe80")) and row[0].endswith(("71", "72", "73")):
                    rows.append((row[0], row[1], row[2] != "0", row[3], row[4], row[6], row[7]))
        said.append([where, get, data.hex(), answer, rows])
        if rnd.random() < .05:
            socks[where].close()
            socks[where] = s.socket(s.AF_INET6, s.SOCK_STREAM if where & 1 else s.SOCK_DGRAM)
    for sock in socks:
        sock.close()
    return said


@pytest.mark.parametrize("seed", range(4))
def test_random_requests_are_answered_as_by_this_kernel(seed):
    """Each side begins with an empty table."""
    said = []
    for stack in (KernelStack, NethoodStack):
        with contextlib.closing(stack(ipv6=True, proc=True)) as side:
            said.append(side.call(sequence, seed, 250, timeout=60))
    want, got = said
    apart = next(((number, a, b) for number, (a, b) in enumerate(zip(want, got)) if a != b), None)
    assert apart is None and len(want) == len(got) == 250


def test_a_number_is_found_and_told(shared, wire):
    def new_label(request_hex):
        import ctypes
        import socket as s
        sock = s.socket(s.AF_INET6, s.SOCK_DGRAM)
        room = ctypes.create_string_buffer(bytes.fromhex(request_hex), 32)
        assert ctypes.CDLL(None).setsockopt(sock.fileno(), 41, 32, room, 32) == 0
        sock.close()
        return int.from_bytes(room.raw[16:20], "big")
    told = {shared.call(new_label, request(0).hex()) for _ in range(5)}
    assert len(told) == 5 and all(0 < label < 1 << 20 for label in told)
    assert told <= table(shared).keys()


def test_a_label_lingers_and_is_forgotten(shared, wire):
    short, longer = next(_labels), next(_labels)
    one, other = sender(shared), sender(shared)
    assert mgr(one, short) == mgr(other, longer, linger=6, expires=9) == 0
    assert table(shared)[short][:3] == (S_ANY, 1, 6) and table(shared)[longer][:3] == (S_ANY, 1, 6)
    time.sleep(1.2)
    assert table(shared)[short][3] == 4
    assert mgr(one, short, action=RENEW) == 0 and table(shared)[short][3] in (5, 6)
    one.close()
    other.close()
    assert table(shared)[short][1] == 0
    assert error(sender(shared).setsockopt, SOL_IPV6, MGR, request(short, flags=0)) == errno.ENOENT
    time.sleep(7.4)
    assert short not in table(shared)       # the kernel looks for them each second or so
    time.sleep(2)
    assert longer not in table(shared)


def test_a_process_shares_with_itself_alone(shared, wire):
    label = next(_labels)
    mine, also_mine, others = sender(shared), sender(shared), shared.socket(V6, remote=shared.remote())
    assert mgr(mine, label, share=S_PROCESS) == mgr(also_mine, label, share=S_PROCESS) == 0
    assert mgr(others, label, share=S_PROCESS) == mgr(others, label) == errno.EPERM
    for sock in (mine, also_mine, others):
        sock.close()


# ---- on packets ------------------------------------------------------------

@pytest.fixture
def held(shared, wire):
    """While a label is somebody's own, whoever names one must have leased it."""
    sock = shared.socket(V6)
    assert mgr(sock, 0x99, share=S_EXCL) in (0, errno.EPERM)     # EPERM: it lingers still
    yield 0x99
    sock.close()


@pytest.mark.parametrize("kind, proto, nexthdr", [(socket.SOCK_DGRAM, 0, UDP), (socket.SOCK_RAW, 253, 253)])
def test_a_label_is_sent_by_who_has_leased_it(shared, wire, held, kind, proto, nexthdr):
    label, other = next(_labels), next(_labels)
    sock, port = sender(shared, kind, proto), 7 if nexthdr == UDP else 0
    for named, told, answer in ((label, 0, errno.EINVAL), (0, label, errno.EINVAL), (0, 0, 0)):
        assert error(sock.sendmsg, [b"x"], info(told), 0, (PEER6, port, named)) == answer
    assert error(sock.connect, (PEER6, port, label)) == errno.EINVAL
    assert mgr(sock, label) == 0
    sock.sendto(b"x", (PEER6, port, label))
    wire.expect(labelled(label, nexthdr))
    for named, told, answer in ((0, label, 0), (label, other, 0), (other, label, errno.EINVAL),
                                (0, other, errno.EINVAL),
                                (label, label | 6 << 28, errno.EINVAL), (0, label | 6 << 28, 0)):
        assert error(sock.sendmsg, [b"x"], info(told), 0, (PEER6, port, named)) == answer, (named, told)
        if not answer:
            wire.expect(labelled(told & 0xfffff, nexthdr))
    assert error(sock.connect, (PEER6, port, label)) == 0
    assert not port or sock.getpeername()[2] == label
    sock.send(b"x")
    wire.expect(labelled(label, nexthdr))
    assert mgr(sock, label, action=PUT) == 0
    sock.send(b"x")
    wire.expect(Match("a label by hash", lambda f: f.raw[20] == nexthdr and f.raw[15:18] != label.to_bytes(3, "big")))
    assert not port or sock.getpeername()[2] == 0
    sock.close()


def test_ping_sockets_need_no_lease_to_send(shared, wire, held):
    sock = sender(shared, socket.SOCK_DGRAM, 58)
    echo = bytes([128, 0, 0, 0, 0, 0, 0, 1])
    sock.sendto(echo, (PEER6, 0, 0x44444))
    wire.expect(labelled(0x44444, 58))
    assert error(sock.connect, (PEER6, 0, 0x44444)) == errno.EINVAL
    sock.close()


def test_a_stream_has_the_label_of_its_connect(shared, wire, held):
    label = next(_labels)
    sock = sender(shared, socket.SOCK_STREAM)
    sock.setblocking(False)
    assert error(sock.connect, (PEER6, 7, label)) == errno.EINVAL
    assert mgr(sock, label) == 0
    assert error(sock.connect, (PEER6, 7, label)) == errno.EINPROGRESS
    wire.expect(labelled(label, 6))
    sock.close()


@pytest.mark.parametrize("name, answer, octets", [(HOPOPTS, 0, 8), (55, 0, 8), (DSTOPTS, errno.EINVAL, 0)])
def test_headers_of_a_label(shared, wire, name, answer, octets):
    label = next(_labels)
    sock = sender(shared)
    assert mgr(sock, label, options=control(SOL_IPV6, name, HOP)) == answer
    if not answer:
        assert table(shared)[label][4] == octets
        stranger = sender(shared)
        assert error(stranger.sendto, b"x", (PEER6, 7, 5)) == errno.EINVAL      # it counts as somebody's own
        stranger.close()
        sock.sendto(b"x", (PEER6, 7, label))
        if name == HOPOPTS:
            assert wire.expect(labelled(label, 0)).raw[54:62] == bytes([UDP]) + HOP[1:]
        else:
            wire.expect(labelled(label))        # what stands before a routing header does not go without one
    sock.close()


def test_headers_of_a_label_and_of_the_socket(shared, wire):
    label = next(_labels)
    sock = sender(shared)
    own = bytes([0, 0, 1, 4, 9, 9, 9, 9])
    sock.setsockopt(SOL_IPV6, DSTOPTS, own)
    sock.setsockopt(SOL_IPV6, HOPOPTS, own)
    assert mgr(sock, label, options=control(SOL_IPV6, HOPOPTS, HOP)) == 0
    sock.sendto(b"x", (PEER6, 7, label))
    assert wire.expect(labelled(label, 0)).raw[54:70] == bytes([60]) + HOP[1:] + bytes([UDP]) + own[1:]
    sock.connect((PEER6, 7, label))
    sock.send(b"x")         # to its peer it sends with what is its own
    assert wire.expect(labelled(label, 0)).raw[54:70] == bytes([60]) + own[1:] + bytes([UDP]) + own[1:]
    sock.sendmsg([b"x"], info(label))
    assert wire.expect(labelled(label, 0)).raw[54:70] == bytes([60]) + HOP[1:] + bytes([UDP]) + own[1:]
    sock.close()


# ---- beside the manager ----------------------------------------------------

def test_reflection_is_for_streams_of_nets_without_consistency(shared, wire):
    stream, datagrams = sender(shared, socket.SOCK_STREAM), sender(shared)
    assert mgr(stream, flags=REFLECT) == mgr(datagrams, flags=REFLECT) == errno.EPERM
    assert mgr(stream, action=PUT, flags=REFLECT) == errno.ESRCH
    shared.sysctl("net.ipv6.flowlabel_consistency", 0)
    assert mgr(datagrams, flags=REFLECT) == mgr(datagrams, action=PUT, flags=REFLECT) == errno.ENOPROTOOPT
    assert mgr(stream, flags=REFLECT, dst="::", share=0) == 0
    assert mgr(stream, action=PUT, flags=REFLECT) == 0
    assert mgr(stream, action=PUT, flags=REFLECT) == errno.ESRCH
    for sock in (stream, datagrams):
        sock.close()


def test_labels_of_the_half_without_state(shared, wire):
    sock = sender(shared)
    assert mgr(sock, 0x90000) == 0
    shared.sysctl("net.ipv6.flowlabel_state_ranges", 1)
    assert mgr(sock, 0x90000) == mgr(sock, 0x90001) == mgr(sock, 0xfffff) == errno.ERANGE
    assert mgr(sock, 0x70000) == 0
    assert mgr(sock, 0x90000, action=RENEW) == mgr(sock, 0x90000, action=PUT) == 0
    sock.close()


def streams(reflect, rxflow):
    """What both ends of a connection know of its labels, before and after data: (own, the other's)."""
    import ctypes
    import errno as numbers
    import socket as s
    import struct as p

    libc = ctypes.CDLL(None, use_errno=True)

    def told(sock, flags):
        room = ctypes.create_string_buffer(bytes(20) + p.pack("=BBHHHI", 0, 255, flags, 0, 0, 0), 32)
        size = ctypes.c_int(32)
        if libc.getsockopt(sock.fileno(), 41, 32, room, ctypes.byref(size)):
            return numbers.errorcode[ctypes.get_errno()]
        return room.raw[16:20].hex()

    def lease(sock, label, flags):
        sock.setsockopt(41, 32, s.inet_pton(s.AF_INET6, "::1") + p.pack("!I", label)
                        + p.pack("=BBHHHI", 0, 255, flags, 0, 0, 0))

    server, client = (s.socket(s.AF_INET6, s.SOCK_STREAM) for _ in range(2))
    server.bind(("::1", 0))
    server.listen(1)
    client.setsockopt(41, 33, 1)
    lease(client, 0x111, 1)
    for sock in (server, client):
        sock.setsockopt(41, 11, rxflow)
        if reflect:
            lease(sock, 0, 4)
    client.connect(server.getsockname()[:2] + (0x111, 0))
    child, _ = server.accept()
    rows = []
    for _ in range(2):
        rows.append([told(client, 0), told(client, 8), told(child, 0), told(child, 8), client.getpeername()[2],
                     child.getpeername()[2]])
        client.send(b"x")
        child.recv(9)
        child.send(b"y")
        client.recv(9)
    for sock in (server, client, child):
        sock.close()
    return rows


@pytest.mark.parametrize("reflect, rxflow", itertools.product((0, 1), (0, 1)))
def test_what_a_stream_knows_of_its_labels(shared, wire, reflect, rxflow):
    shared.sysctl("net.ipv6.flowlabel_consistency", 0)
    for row in shared.call(streams, reflect, rxflow):
        own, others, child, childs, peer, childs_peer = row
        assert own == "00000111" and childs == "00000111" and peer == 0x111 and childs_peer == 0
        assert child == ("00000111" if reflect else "ENOENT")
        if reflect or not rxflow:
            assert others == ("00000111" if rxflow else "00000000")
        else:
            assert others not in ("00000000", "00000111")
