# SPDX-License-Identifier: BSD-2-Clause
"""SO_TIMESTAMPING of datagrams that are sent, and MSG_ZEROCOPY's news: the error queue of UDP and raw sockets.

Documentation/networking/timestamping.rst and msg_zerocopy.rst; what is not said there the kernel's side shows.
"""

import errno
import socket
import struct
import time

import pytest

from lab.frames import udp
from lab.stack import PEER, PEER_MAC

SHARED = {}
MSG_ERRQUEUE, MSG_ZEROCOPY, SO_TIMESTAMPING, SO_ZEROCOPY, SCM_TS_OPT_ID = 0x2000, 0x4000000, 37, 60, 81
SND, SCHED, SOFTWARE, OPT_ID, OPT_CMSG, TSONLY = 1 << 1, 1 << 8, 1 << 4, 1 << 7, 1 << 10, 1 << 11
IS_SND, IS_SCHED = 0, 1
IP_PKTINFO, IP_RECVERR, SCM_TIMESTAMPING = (0, 8), (0, 11), (1, 37)
TO = (PEER, 5000)


@pytest.fixture
def wire(shared):
    shared.port.answers[PEER] = PEER_MAC
    shared.port.clear()
    with shared.udp() as sock:
        sock.sendto(b"hello", TO)       # they are neighbours from now on
    shared.port.expect(udp(dport=5000))
    return shared.port


def news(sock):
    """The entries of an error queue: (data, (errno, origin, type, code, info, data), {cmsg: value})."""
    found = []
    time.sleep(0.05)
    while True:
        try:
            data, cmsgs, flags, who = sock.recvmsg(3000, 512, MSG_ERRQUEUE)
        except BlockingIOError:
            return found
        assert flags & MSG_ERRQUEUE and not who
        values = {(level, kind): value for level, kind, value in cmsgs}
        assert list(values)[-1] == IP_RECVERR
        number, origin, kind, code, _, info, more = struct.unpack("=IBBBBII", values[IP_RECVERR][:16])
        found.append((data, (number, origin, kind, code, info, more), values))


def told(sock):
    """[(where, key)] of what left."""
    entries = news(sock)
    assert all(entry[1][:4] == (errno.ENOMSG, 4, 0, 0) for entry in entries)
    return [entry[1][4:] for entry in entries]


def test_the_packet_comes_back_with_the_time_when_it_left(shared, wire):
    with shared.udp() as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, SND | SOFTWARE)
        before = time.time()
        sock.sendto(b"hello", TO)
        frame = wire.expect(udp(dport=5000))
        (data, error, values), = news(sock)
    assert error == (errno.ENOMSG, 4, 0, 0, IS_SND, 0)
    assert data == frame.raw[:len(data)] and data.endswith(b"hello"), "from the link-layer header on"
    seconds, nanoseconds, *rest = struct.unpack("=6q", values[SCM_TIMESTAMPING])
    assert abs(seconds + nanoseconds / 1e9 - before) < 1 and rest == [0, 0, 0, 0]
    assert values[IP_RECVERR][16:] == bytes(16), "nobody is to blame"


def test_the_queue_is_told_of_before_the_driver_and_each_datagram_has_a_number(shared, wire):
    with shared.udp() as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, SND | SCHED | SOFTWARE | OPT_ID | TSONLY)
        for _ in range(2):
            sock.sendto(b"hello", TO)
        assert told(sock) == [(IS_SCHED, 0), (IS_SND, 0), (IS_SCHED, 1), (IS_SND, 1)]
        sock.connect(TO)
        sock.send(b"hello")
        assert told(sock) == [(IS_SCHED, 2), (IS_SND, 2)]
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, 0)
        sock.send(b"hello")
        assert told(sock) == []


def test_without_opt_software_there_is_an_entry_but_no_time(shared, wire):
    with shared.udp() as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, SND)
        sock.sendto(b"hello", TO)
        (_, _, values), = news(sock)
    assert set(values) == {IP_RECVERR}


def test_a_control_message_asks_for_one_datagram(shared, wire):
    asks = (socket.SOL_SOCKET, SO_TIMESTAMPING, struct.pack("=I", SND))
    with shared.udp() as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, SOFTWARE | OPT_ID | TSONLY)
        sock.sendto(b"a", TO)
        sock.sendmsg([b"b"], [asks], 0, TO)
        sock.sendmsg([b"c"], [asks], 0, TO)
        assert told(sock) == [(IS_SND, 0), (IS_SND, 1)], "who is not asked about has no number"
        sock.sendmsg([b"d"], [asks, (socket.SOL_SOCKET, SCM_TS_OPT_ID, struct.pack("=I", 77))], 0, TO)
        sock.sendmsg([b"e"], [asks], 0, TO)
        assert told(sock) == [(IS_SND, 77), (IS_SND, 2)], "a number of the caller's own"


def test_opt_cmsg_tells_where_it_left(shared, wire):
    with shared.udp() as sock:
        sock.setsockopt(*IP_PKTINFO, 1)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, SND | SOFTWARE | OPT_CMSG)
        sock.sendto(b"hello", TO)
        (data, _, values), = news(sock)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, SND | SOFTWARE)
        sock.sendto(b"hello", TO)
        (_, _, without), = news(sock)
    source, target = data[26:30], data[30:34]
    ifindex, local, header = struct.unpack("=i4s4s", values[IP_PKTINFO])
    assert ifindex and (local, header) == (source, target)
    assert values[IP_RECVERR][16:24] == struct.pack("=HH", socket.AF_INET, 0) + source
    assert IP_PKTINFO not in without


def test_a_datagram_in_fragments_has_one_time(shared, wire):
    with shared.udp() as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, SND | SCHED | SOFTWARE | OPT_ID | TSONLY)
        sock.sendto(bytes(4000), TO)
        assert told(sock) == [(IS_SCHED, 0), (IS_SND, 0)]


def test_zerocopy_datagrams_are_copied_and_told_of_together(shared, wire):
    with shared.udp() as sock:
        sock.sendto(b"hello", MSG_ZEROCOPY, TO)
        assert news(sock) == [], "nobody said that he wants it"
        sock.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
        for _ in range(3):
            sock.sendto(b"hello", MSG_ZEROCOPY, TO)
            wire.expect(udp(dport=5000))
        (data, error, values), = news(sock)
    assert (data, error, set(values)) == (b"", (0, 5, 0, 1, 0, 2), {IP_RECVERR})
