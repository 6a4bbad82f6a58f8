# SPDX-License-Identifier: BSD-2-Clause
"""Options of AF_INET6 sockets that change what the socket is, or tell of packets: IPV6_ADDRFORM, IPV6_2292PKTOPTIONS.

RFC 2133 6.1 (IPV6_ADDRFORM), RFC 2292 7.5 (IPV6_PKTOPTIONS); what is expected is what this kernel says.
"""

import contextlib
import errno
import socket
import struct

import pytest

from lab.kernel import KernelStack
from lab.nethood import NethoodStack

FLOWINFO = 11
SHARED = dict(ipv6=True, sysctls={"net.ipv4.ping_group_range": "0 2147483647"})


def forms(kind, prepare):
    """A socket that is connected to ::ffff:127.0.0.1 becomes one of AF_INET, with what it has set before."""
    import errno as numbers
    import socket as s
    import struct as p

    def tried(call, *args):
        try:
            said = call(*args)
        except OSError as refused:
            return numbers.errorcode[refused.errno]
        return said.hex() if isinstance(said, bytes) else said

    server = s.socket(s.AF_INET6, kind)
    server.bind(("::", 0))
    if kind == s.SOCK_STREAM:
        server.listen(3)
    port = server.getsockname()[1]
    sock = s.socket(s.AF_INET6, kind)
    said = []

    def form(what, value=p.pack("i", s.AF_INET)):
        said.append((what, tried(sock.setsockopt, 41, 1, value), tried(sock.getsockopt, 41, 1, 4)))

    for value in (b"", b"\2\0\0", p.pack("i", s.AF_INET6), p.pack("i", 0)):
        form("value", value)
    form("fresh")
    if prepare == "group":
        sock.setsockopt(41, 20, s.inet_pton(s.AF_INET6, "ff02::7") + p.pack("i", 1))
    elif prepare == "options":
        sock.setsockopt(41, 54, bytes([0, 0, 1, 4, 0, 0, 0, 0]))
        sock.setsockopt(41, 16, 9)
        sock.setsockopt(41, 67, 0x20)
    elif prepare == "bound":
        sock.bind(("::", 0))
    elif prepare == "six":
        sock.connect(("::1", port))
        form("six")
        return said
    elif prepare == "cork":
        sock.setsockopt(17, 1, 1)
    sock.connect(("::ffff:127.0.0.1", port))
    if prepare == "cork":
        said.append(sock.send(b"one"))
    form("ours")
    form("again")
    ours = s.socket(fileno=sock.detach())
    said += [ours.family == s.AF_INET, ours.getsockname()[0], ours.getpeername() == ("127.0.0.1", port),
             tried(ours.getsockopt, 41, 26), tried(ours.setsockopt, 41, 26, 1),
             ours.getsockopt(0, 2), ours.getsockopt(0, 1)]
    ours.send(b"data")
    if prepare == "cork":
        ours.setsockopt(17, 1, 0)
    other = server.accept()[0] if kind == s.SOCK_STREAM else server
    other.settimeout(2)
    data, source = other.recvfrom(9)
    said += [data, source[0] if source else other.getpeername()[0]]
    if kind == s.SOCK_STREAM:
        other.send(b"back")
        said.append(ours.recv(9))
    else:
        server.sendto(b"back", source)
        said.append(ours.recvfrom(9)[1] == ("127.0.0.1", port))
        said.append(tried(ours.connect, ("127.0.0.2", port)))
        said.append(ours.getpeername()[0])
    for one in {ours, other, server}:
        one.close()
    return [str(part) for part in said]


@pytest.fixture(scope="module")
def both():
    with contextlib.ExitStack() as stacks:
        yield [stacks.enter_context(contextlib.closing(stack(ipv6=True))) for stack in (KernelStack, NethoodStack)]


@pytest.mark.parametrize("kind, prepare", [(socket.SOCK_DGRAM, name) for name in
                                           ("nothing", "group", "options", "bound", "six", "cork")]
                         + [(socket.SOCK_STREAM, name) for name in ("nothing", "options", "bound", "six")])
def test_a_socket_becomes_one_of_ipv4(both, kind, prepare):
    want, got = (side.call(forms, kind, prepare) for side in both)
    assert got == want and len(want) > 5


def told(mapped):
    """IPV6_2292PKTOPTIONS of both ends of a stream, asked for before and after the connection began."""
    import socket as s
    import struct as p
    names = (2, 8, 49, 51, 66, 11)
    said = []

    def ask(what, *socks):
        for sock in socks:
            for room in (400, 0, 16, 20, 60, 100):
                said.append((what, sock.getsockopt(41, 6, room).hex() if room else ""))

    def want(sock):
        for name in names:
            sock.setsockopt(41, name, 1)

    for early in (0, 1):
        server, client = (s.socket(s.AF_INET6, s.SOCK_STREAM) for _ in range(2))
        server.bind(("::", 0))
        server.listen(1)
        if early:
            want(server)
            want(client)
        ask(f"fresh {early}", server, client)
        client.connect(("::ffff:127.0.0.1" if mapped else "::1", server.getsockname()[1]))
        child, _ = server.accept()
        ask(f"connected {early}", client, child)
        if not early:
            want(client)
            want(child)
            client.setsockopt(41, 50, s.inet_pton(s.AF_INET6, "::1") + p.pack("i", 1))
        ask(f"asked {early}", client, child)
        client.send(b"x")
        child.recv(9)
        child.send(b"y")
        client.recv(9)
        child.send(b"y")
        client.recv(9)
        ask(f"data {early}", client, child)
        client.setsockopt(41, 49, 0)
        ask(f"less {early}", client)
        for sock in (server, client, child):
            sock.close()
    return said


def messages(control):
    """(length, type, data) of each message; of labels only whether there is one.  What pads is nobody's business."""
    found = []
    while len(control) >= 16:
        size, _, name = struct.unpack("=Qii", control[:16])
        data = control[16:size]
        found.append((size, name, any(data) if name == FLOWINFO else data))
        control = control[(size + 7) & ~7:]
    return found


@pytest.mark.parametrize("mapped", (0, 1))
def test_what_the_last_packet_of_a_stream_was(both, mapped):
    want, got = ([(what, len(text), messages(bytes.fromhex(text))) for what, text in side.call(told, mapped)]
                 for side in both)
    assert [pair for pair in zip(want, got) if pair[0] != pair[1]] == [] and len(want) == len(got) > 50


def headers(kind, proto):
    """What the option leaves of the headers that a socket sends."""
    import errno as numbers
    import socket as s
    import struct as p

    def control(level, name, data):
        return p.pack("=Qii", 16 + len(data), level, name) + data + bytes(-len(data) % 8)

    hop = bytes([0, 0, 1, 4, 0, 0, 0, 0])
    sock, said = s.socket(s.AF_INET6, kind, proto), []
    for value in (b"", control(41, 54, hop), control(41, 59, hop), control(41, 54, hop) + control(41, 55, hop),
                  control(41, 3, hop), control(41, 52, p.pack("i", 9)), control(41, 99, b"abcd"), bytes(8), bytes(16),
                  control(41, 54, hop[:7]), control(1, 36, p.pack("i", 1)), control(0, 1, b"abcd"), b""):
        try:
            sock.setsockopt(41, 6, value)
            answer = 0
        except OSError as refused:
            answer = numbers.errorcode[refused.errno]
        said.append((answer, [sock.getsockopt(41, name, 80).hex() for name in (54, 55, 57, 59)]))
    if kind != s.SOCK_STREAM:
        try:
            sock.getsockopt(41, 6, 80)
        except OSError as refused:
            said.append(numbers.errorcode[refused.errno])
    sock.close()
    return [str(part) for part in said]


@pytest.mark.parametrize("kind, proto", [(socket.SOCK_DGRAM, 0), (socket.SOCK_STREAM, 0), (socket.SOCK_RAW, 253)])
def test_all_headers_at_once(both, kind, proto):
    want, got = (side.call(headers, kind, proto) for side in both)
    assert got == want


def test_the_order_of_control_messages(shared):
    def everything():
        import socket as s
        tx, rx = (s.socket(s.AF_INET6, s.SOCK_DGRAM) for _ in range(2))
        rx.bind(("::1", 0))
        for name in (2, 8, 49, 51, 66, 11, 53, 58, 56, 3, 4, 5, 74):
            rx.setsockopt(41, name, 1)
        for name in (54, 59):
            tx.setsockopt(41, name, bytes([0, 0, 1, 4, 0, 0, 0, 0]))
        tx.sendto(b"x", rx.getsockname())
        rx.settimeout(2)
        names = [name for _, name, _ in rx.recvmsg(9, 900)[1]]
        tx.close()
        rx.close()
        return names
    assert shared.call(everything) == [50, 52, 67, 11, 54, 59, 2, 8, 3, 4, 74]


def test_who_stays_as_he_is(shared):
    for kind, proto in ((socket.SOCK_RAW, 253), (socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6)):
        sock = shared.socket(socket.AF_INET6, kind, proto)
        with pytest.raises(OSError) as refused:
            sock.setsockopt(41, 1, socket.AF_INET)
        assert refused.value.errno == errno.ENOPROTOOPT
        sock.close()
