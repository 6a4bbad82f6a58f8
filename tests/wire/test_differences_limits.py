# SPDX-License-Identifier: BSD-2-Clause
"""Where nethood differs from Linux on purpose: what strangers, and a program that sweeps, can do to others.

docs/DIFFERENCES.md, rows D6, D7, D19 and D20.  Each script runs on the kernel, on nethood in the profile
linux and on nethood in strict.  The kernel's table is that of the machine, with room for 1024 entries: the
scripts that fill it take it for themselves meanwhile.
"""

import errno
import socket
import time

import pytest

from lab import packets
from lab.facts import drops, table_numbers
from lab.frames import arp_request, ip, to_mac, udp
from lab.stack import PEER, PEER_MAC

NEWCOMER, NEWCOMER_MAC = "10.77.0.9", "02:00:00:00:77:09"
ROOM = 1024                             # gc_thresh3
MORE = 1100
IP_RECVERR = 11


def can_send(sock, address):
    """0, or the error of a datagram to @address; without IP_RECVERR nobody would hear of it."""
    sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
    try:
        sock.sendto(b"hello", (address, 5000))
    except OSError as error:
        return error.errno
    return 0


def befriend(side):
    """A neighbour with whom we talk."""
    side.port.answers[PEER] = PEER_MAC
    sock = side.udp()
    sock.sendto(b"hello", (PEER, 5000))
    side.port.expect(udp(dport=5000) & to_mac(PEER_MAC))
    return sock


def check_friend_and_newcomer(side, sock):
    """The friend is served on by all; who is new, by nethood only."""
    side.port.clear()
    sock.sendto(b"still there?", (PEER, 5000))
    side.port.expect(udp(dport=5000) & to_mac(PEER_MAC), within=0.5)
    side.port.answers[NEWCOMER] = NEWCOMER_MAC
    if side.side == "kernel":
        assert can_send(sock, NEWCOMER) == errno.ENOBUFS
        side.port.silence(arp_request(NEWCOMER), 0.2)
        assert side.neigh(NEWCOMER) is None
    else:
        assert can_send(sock, NEWCOMER) == 0
        side.port.expect(udp(dport=5000) & to_mac(NEWCOMER_MAC), within=1.1)
        assert side.nud(NEWCOMER) == "REACHABLE"


def wait_for_quiet(side):
    """Until the stack has looked at all that was sent."""
    last = -1
    while (now := table_numbers(side)["allocs"]) != last:
        last = now
        time.sleep(0.1)


@pytest.mark.stack(prefix=16, whole_table=True)
def test_d6_spoofed_requests_fill_the_table(side, another):
    """And, D19: another net of the machine is hurt, or not."""
    other = another()
    sock = befriend(side)
    for i in range(MORE):
        sender = f"10.77.{1 + i // 250}.{1 + i % 250}"
        side.port.send(packets.arp(1, sender, side.address, sha=f"02:00:00:01:{i >> 8:02x}:{i & 255:02x}"))
        if i % 100 == 99:
            time.sleep(0.01)
    wait_for_quiet(side)
    table = side.table()
    assert {state for host, (state, _) in table.items() if host != PEER} == {"STALE"}
    assert ROOM - 10 <= len(table) <= ROOM
    assert table_numbers(side)["table_fulls"] > 0 if side.side == "kernel" else table[PEER][0] == "REACHABLE"
    check_friend_and_newcomer(side, sock)
    other.port.answers[PEER] = PEER_MAC
    with other.udp() as theirs:
        assert can_send(theirs, PEER) == (errno.ENOBUFS if side.side == "kernel" else 0)
    if side.side != "kernel":
        other.port.expect(udp(dport=5000) & to_mac(PEER_MAC))


def sweep(count):
    """In the stack: one datagram to each of so many addresses where nobody is."""
    failed = 0
    for i in range(count):
        if i % 100 == 0:                # what waits counts against its socket's buffer
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.setsockopt(socket.IPPROTO_IP, 11, 1)       # IP_RECVERR
        try:
            sock.sendto(b"x", (f"10.77.{1 + i // 250}.{1 + i % 250}", 9))
        except OSError:
            failed += 1
    return failed


@pytest.mark.stack(prefix=16, whole_table=True)
def test_d7_a_sweep_fills_the_table(side):
    sock = befriend(side)
    start = time.monotonic()
    failed = side.call(sweep, MORE)
    table = side.table()
    unresolved = sum(state == "INCOMPLETE" for state, _ in table.values())
    assert time.monotonic() < start + 2.5, "the machine is too slow: the first questions have ended"
    if side.side == "kernel":
        assert failed >= MORE - ROOM and unresolved >= ROOM - 10
    else:
        assert failed == 0 and unresolved == ROOM // 4, "their own budget"
    check_friend_and_newcomer(side, sock)


# ---- D19: one table, or one of each net -------------------------------------

def test_d19_thresholds_and_counters(side, another):
    other = another()
    key = "net.ipv4.neigh.default.gc_thresh3"
    if side.side == "kernel":
        with pytest.raises(FileNotFoundError):
            side.sysctl(key)            # the first namespace alone has them
    else:
        other.sysctl(key, 77)
        assert (side.sysctl(key), other.sysctl(key)) == ("1024", "77")
    before = table_numbers(side)
    other.batch([f"neigh add 10.77.0.{i} lladdr {PEER_MAC} dev eth0 nud permanent" for i in range(10, 60)])
    after = table_numbers(side)
    assert side.table() == {}
    if side.side == "kernel":
        assert after["allocs"] - before["allocs"] >= 50, "a namespace sees what another one made"
    else:
        assert (before["allocs"], after["allocs"], after["entries"]) == (0, 0, 0)
        assert table_numbers(other)["entries"] == 50


def test_d19_a_small_table_of_one_net(side, another):
    """A net with room for 8, full of strangers, beside one that knows nothing of it."""
    other = another()
    if side.side == "kernel":
        with pytest.raises(FileNotFoundError):
            other.sysctl("net.ipv4.neigh.default.gc_thresh3", 8)
        return
    for number, room in enumerate((2, 4, 8)):
        other.sysctl(f"net.ipv4.neigh.default.gc_thresh{number + 1}", room)
    sock = befriend(other)
    for i in range(50):
        other.port.send(packets.arp(1, f"10.77.0.{20 + i}", other.address, sha=f"02:00:00:01:00:{i:02x}"))
    wait_for_quiet(other)
    assert len(other.table()) <= 8 and other.table()[PEER] == ("REACHABLE", PEER_MAC)
    assert side.table() == {}
    sock.sendto(b"still there?", (PEER, 5000))
    other.port.expect(udp(dport=5000) & to_mac(PEER_MAC))


# ---- D20: what waits in all queues together ---------------------------------

D20_HOSTS, D20_EACH = 30, 92            # a queue holds 92 large datagrams: 212992 octets
D20_CAP = (4 << 20) // 2304


def fill_queues(hosts, each):
    """In the stack: so many large datagrams to each of so many neighbours, a socket for each."""
    for i in range(hosts):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, 33 if os.getuid() == 0 else 7, 1 << 20)     # SO_SNDBUFFORCE, SO_SNDBUF
        for _ in range(each):
            sock.sendto(bytes(1472), (f"10.77.0.{100 + i}", 5000))
        sock.close()


@pytest.mark.stack(sysctls={"net.ipv4.neigh.eth0.mcast_solicit": 20})
def test_d20_all_queues_together(side):
    hosts = [f"10.77.0.{100 + i}" for i in range(D20_HOSTS)]
    side.call(fill_queues, D20_HOSTS, D20_EACH)
    left = []
    for host in hosts:                  # one by one: a TAP's own queue is short
        side.port.send(packets.arp(2, host, side.address, sha=PEER_MAC, tha=side.mac, dst=side.mac))
        left.append(side.port.expect(udp(dport=5000) & ip(dst=host)))
        while more := side.port.collect(udp(dport=5000), 0.05):
            left += more
    if side.side == "kernel":
        assert len(left) == D20_HOSTS * D20_EACH, "without a bound: 30 queues take 6.3 MB"
    else:
        assert D20_CAP <= len(left) <= D20_CAP + D20_HOSTS, "4 MiB, and the newest of each neighbour"
        assert {frame.pkt["IP"].dst for frame in left} == set(hosts), "nobody's queue is empty"
        assert drops(side)["NEIGH_QUEUEFULL"] == D20_HOSTS * D20_EACH - len(left)
