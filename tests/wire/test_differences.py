# SPDX-License-Identifier: BSD-2-Clause
"""Where nethood differs from Linux on purpose: entries that somebody makes by hand, age, dumps.

docs/DIFFERENCES.md, rows D1 to D5, D16 and D18.  Each script runs on the kernel, on nethood in the
profile linux and on nethood in strict, and says for each of them what happens.
"""

import errno
import socket
import struct
import time

import pytest

from lab import netlink as nl
from lab import packets
from lab.facts import drops, table_numbers
from lab.frames import BROADCAST, arp_request, is_arp, is_ip, to_mac, udp
from lab.stack import PEER

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"


def send(side, address=PEER, payload=b"hello"):
    with side.udp() as sock:
        sock.sendto(payload, (address, 5000))


def reply(side, mac=M1, sip=PEER):
    side.port.send(packets.arp(2, sip, side.address, sha=mac, tha=side.mac, dst=side.mac))


def shown(side, address=PEER):
    return " ".join(side.ip(f"neigh show to {address} dev eth0 nud all").stdout.split())


# ---- D1, D2: entries without a timer ----------------------------------------

def test_d1_incomplete_by_hand(side):
    side.neigh_sysctl(retrans_time_ms=100)
    side.ip(f"neigh add {PEER} dev eth0 nud incomplete")
    send(side)
    if side.side == "kernel":           # nobody asks, and what waits waits for ever
        side.port.silence(is_arp, 1.0)
        assert side.nud(PEER) == "INCOMPLETE"
        reply(side)                     # it waited indeed
        side.port.expect(udp(dport=5000) & to_mac(M1))
    else:
        assert len(side.port.collect(arp_request(PEER) & to_mac(BROADCAST), count=3)) == 3
        side.wait_nud(PEER, "FAILED")
        assert drops(side)["NEIGH_FAILED"] == 1


def test_d2_none_by_hand(side):
    send(side)
    side.port.expect(arp_request(PEER))
    side.ip(f"neigh change {PEER} dev eth0 nud none")
    side.port.silence(is_arp, 1.2, "whoever does it, nobody is asked any more")
    if side.side == "kernel":
        assert side.nud(PEER) == "NONE"
        reply(side)                     # the packet still waited
        side.port.expect(udp(dport=5000) & to_mac(M1))
        assert side.nud(PEER) in ("REACHABLE", "DELAY")
    else:
        assert drops(side)["NEIGH_FAILED"] == 1, "at once"
        reply(side)
        side.port.silence(is_ip, 0.2)
        send(side)                      # the entry itself is none the worse
        side.port.expect(udp(dport=5000) & to_mac(M1))


# ---- D21: an address that is not valid ---------------------------------------

def test_d21_more_unicast_probes_under_way(side):
    side.neigh_sysctl(retrans_time_ms=200)
    send(side)
    side.port.expect(arp_request(PEER) & to_mac(BROADCAST))
    side.neigh_sysctl(ucast_solicit=20)
    to = "00:00:00:00:00:00" if side.side == "kernel" else BROADCAST
    assert len(side.port.collect(arp_request(PEER) & to_mac(to), count=2)) == 2


# ---- D3: requests that are refused ------------------------------------------

def test_d3_a_refused_request(side):
    """PERMANENT without an address; 60 of them: the kernel's table is everybody's."""
    hosts = [f"10.77.0.{i}" for i in range(10, 70)]
    answers = nl.ask_many(side, [nl.new_neigh(nl.NLM_F_CREATE | nl.NLM_F_EXCL, ifindex=side.ifindex(), dst=host,
                                              state=nl.NUD["permanent"]) for host in hosts])
    assert {(a[0].error, a[0].text) for a in answers} == {(errno.EINVAL, "No link layer address given")}
    left = {"kernel": {host: ("NONE", None) for host in hosts}, "linux": {}, "strict": {}}
    assert side.table() == left[side.side]


def test_d3_a_refused_change(side):
    """An entry that failed becomes PERMANENT without an address, with a flag: refused; the flag stays in Linux."""
    side.ip(f"neigh add {PEER} dev eth0 nud failed")
    answer, = nl.ask(side, nl.new_neigh(nl.NLM_F_REPLACE, ifindex=side.ifindex(), dst=PEER, ntf=nl.NTF_EXT_LEARNED,
                                        state=nl.NUD["permanent"]))
    assert (answer.error, answer.text) == (errno.EINVAL, "No link layer address given")
    assert shown(side) == PEER + {"kernel": " extern_learn"}.get(side.side, "") + " FAILED"


# ---- D4: NTF_USE of a PERMANENT entry ---------------------------------------

def test_d4_use_of_a_permanent_entry(side):
    """On Ethernet both ask anew; that Linux forgets to is seen only where there is no header cache: unit test."""
    side.ip(f"neigh add {PEER} lladdr {M1} dev eth0 nud permanent")
    send(side)
    side.port.expect(udp(dport=5000) & to_mac(M1))
    side.ip(f"neigh replace {PEER} dev eth0 use")
    assert side.nud(PEER) == "INCOMPLETE"
    side.port.expect(arp_request(PEER) & to_mac(BROADCAST))
    send(side)
    side.port.silence(is_ip, 0.2, "the old address is not used")
    reply(side, M2)
    side.port.expect(udp(dport=5000) & to_mac(M2))


# ---- D5: the hash ------------------------------------------------------------

D5_ENTRIES = (1 << 19) + 1000


def add_permanent(count, ifindex, mac):
    """In the stack: so many neighbours, 400 requests in a datagram, none acknowledged."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    tail = struct.pack("=HH6s2x", 10, 2, mac)
    step, size = 400, 16 + 12 + 8 + 12
    for first in range(0, count, step):
        sock.send(b"".join(struct.pack("=IHHIIBBHiHBBHHI", size, 28, 0x501, 1, 0, 2, 0, 0, ifindex, 0x80, 0, 0, 8, 1,
                                       socket.htonl(0x0b000000 + i)) + tail
                           for i in range(first, min(first + step, count))))
    sock.close()


@pytest.mark.stack(whole_table=True)
def test_d5_the_hash_beyond_2_to_the_19_entries(side):
    """Linux finds them all, in buckets that are no more than 2^19; nethood's table is never fuller than 4/5."""
    before = table_numbers(side)
    side.call(add_permanent, D5_ENTRIES, side.ifindex(), nl.mac(M1), timeout=90)
    after = table_numbers(side)
    others = 0 if side.side == "kernel" else before["entries"]     # the kernel's are everybody's, and may have gone
    assert after["entries"] - others >= D5_ENTRIES
    assert [side.lladdr(host) for host in ("11.0.0.7", "11.8.0.9")] == [M1, M1], "11.8.0.9 is number 2^19 + 9"
    slots, grown = after["hash_mask"] + 1, after["hash_grows"] - before["hash_grows"]
    if side.side == "kernel":
        assert slots == 1 << 19 and grown >= 999, "a try is counted for each entry more"
    else:
        assert slots * 4 >= D5_ENTRIES * 5 and grown == 17, "from 8 to 2^20, each time twice as many"
    side.ip("link set eth0 down")


# ---- D16: old entries, few of them ------------------------------------------

def wait_for_collection(side, within):
    """Until a periodic collection begins and ends; True if Linux's thresholds left it nothing to do."""
    runs, few = table_numbers(side)["periodic_gc_runs"], True
    deadline = time.monotonic() + within
    while True:
        numbers = table_numbers(side)
        few = few and numbers["entries"] < 100          # gc_thresh1 is 128, and the kernel's table everybody's
        if numbers["periodic_gc_runs"] > runs:
            return few
        assert time.monotonic() < deadline, numbers
        time.sleep(0.2)


def test_d16_a_few_stale_entries(side):
    """gc_stale_time has passed long ago, and a collection comes: who is still there then?"""
    side.neigh_sysctl(gc_stale_time=1)
    if side.side == "strict":
        side.sysctl("net.ipv4.neigh.default.gc_interval", 1)
    for _ in range(5):
        side.ip(f"neigh replace {PEER} lladdr {M1} dev eth0 nud stale")
        side.ip(f"neigh replace 10.77.0.9 dev eth0 nud failed")
        time.sleep(1.2)
        if wait_for_collection(side, within=17):
            break
    else:
        pytest.fail("the machine has too many neighbours to tell")
    left = {PEER: ("STALE", M1), "10.77.0.9": ("FAILED", None)}
    assert side.table() == {"kernel": left, "linux": left, "strict": {}}[side.side]


# ---- D18: torn dumps ---------------------------------------------------------

def dump_with_change(change, at):
    """In the stack: a dump read in small pieces; before piece @at another socket sends @change."""
    def dump_socket():
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        sock.settimeout(3)
        return sock
    dump, other = dump_socket(), dump_socket()
    dump.send(struct.pack("=IHHII", 28, 30, 0x301, 7, 0) + struct.pack("=BBHiHBB", 2, 0, 0, 0, 0, 0, 0))
    flags, pieces, done = [], 0, False
    while not done:
        if pieces == at:
            other.send(change)
            other.recv(4096)
        data = dump.recv(4096)
        pieces += 1
        while len(data) >= 16:
            size, kind, flag = struct.unpack_from("=IHH", data)
            flags.append((kind, flag))
            done = done or kind == 3
            data = data[(size + 3) & ~3:]
    dump.close()
    other.close()
    return pieces, flags


@pytest.mark.parametrize("at", [None, 2])
def test_d18_a_torn_dump(side, at):
    count = 240 if side.side == "kernel" else 10000     # buffers on the way hold thousands of nethood's
    side.call(add_permanent, count, side.ifindex(), nl.mac(M1))
    change = nl.neigh(nl.RTM_DELNEIGH, nl.NLM_F_ACK, ifindex=side.ifindex(), dst="11.0.0.1")
    pieces, flags = side.call(dump_with_change, change, at)
    assert pieces >= 4 and len(flags) in (count, count + 1)
    torn = [bool(flag & nl.NLM_F_DUMP_INTR) for _, flag in flags]
    if side.side == "kernel" or at is None:
        assert not any(torn), "Linux never says so of neighbours"
    else:
        assert not torn[0] and torn[-1], "told from the piece on that came after the change, to the end"
        assert flags[-1][0] == nl.NLMSG_DONE
