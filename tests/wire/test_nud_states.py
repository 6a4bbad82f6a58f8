# SPDX-License-Identifier: BSD-2-Clause
"""The NUD machine as it is seen from outside: states, times, probes, notifications.

RFC 4861 7.3 (neighbour unreachability detection, which Linux does for ARP too), RFC
1122 2.3.2.1 (stale entries must go), RFC 1122 2.3.2.1 (2) (unicast poll).  Neighbour
specification, transitions: each arrow that a frame, a packet, a timer or a request
can cause, with what is told to listeners and what is not; and where nethood differs
from Linux on purpose (D1, D2, D3).
"""

import errno
import itertools
import time

import pytest

from lab import netlink
from lab.frames import (ARP, BROADCAST, ZERO_MAC, Ether, arp_request, is_arp, is_ip, match,
                        to_mac, udp)
from lab.stack import ADDRESS, PEER

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
OURS = "02:00:00:00:00:02"
MSG_CONFIRM = 0x800
EARLY, LATE = 0.05, 1.0


def send(stack, address=PEER, flags=0):
    with stack.udp() as sock:
        sock.sendto(b"hello", flags, (address, 5000))


def arp(stack, op, mac=M1, sip=PEER, tip=ADDRESS, unicast=True):
    stack.port.send(Ether(src=mac, dst=OURS if unicast else BROADCAST) /
                    ARP(op=op, hwsrc=mac, psrc=sip, pdst=tip,
                        hwdst=OURS if op == 2 else ZERO_MAC))


def reply(stack, mac=M1, **kwargs):
    arp(stack, 2, mac, **kwargs)


def make(stack, state, address=PEER):
    """Bring an entry into a state, by the shortest way that a host has."""
    if state == "incomplete":
        send(stack, address)
    elif state == "delay":
        stack.ip(f"neigh replace {address} lladdr {M1} dev eth0 nud stale")
        send(stack, address)
    else:
        stack.ip(f"neigh replace {address} lladdr {M1} dev eth0 nud {state}")


# ---- REACHABLE and its end -------------------------------------------------

def test_reachable_lasts_between_half_and_three_halves_of_base_reachable_time(stack):
    """RFC 4861 6.3.2: a random time, so that hosts do not move in step."""
    stack.neigh_sysctl(delay_first_probe_time=0)
    monitor = stack.monitor()
    lasted = []
    for base in (400, 400, 400, 600):
        # writing the base draws a new random time
        stack.neigh_sysctl(base_reachable_time_ms=base + 1)
        stack.neigh_sysctl(base_reachable_time_ms=base)
        make(stack, "reachable")
        start, _ = monitor.until("REACHABLE")
        end, _ = monitor.until("STALE")
        lasted.append(end - start)
        assert base / 2000 - EARLY <= end - start <= base * 1.5 / 1000 + LATE, lasted


def test_reachable_not_used_lately_becomes_stale_in_silence(stack):
    stack.neigh_sysctl(base_reachable_time_ms=200, delay_first_probe_time=0)
    make(stack, "reachable")
    stack.wait_nud(PEER, "STALE")
    stack.port.silence(is_arp, 0.2, "nobody uses it")
    assert stack.lladdr(PEER) == M1


def test_reachable_used_lately_becomes_delay_and_then_probe(stack):
    stack.neigh_sysctl(base_reachable_time_ms=400, delay_first_probe_time=3)
    monitor = stack.monitor()
    send(stack)
    stack.port.expect(arp_request(PEER))
    start = time.monotonic()
    reply(stack)
    monitor.until("REACHABLE")
    stack.wait_nud(PEER, "DELAY", within=3)
    probe = stack.port.expect(arp_request(PEER) & to_mac(M1), 6.0, "a unicast probe")
    assert probe.time - start >= 3.2 - EARLY, "delay_first_probe_time after the end of REACHABLE"
    _, lines = monitor.until("PROBE")
    assert not any("STALE" in line or "DELAY" in line for line in lines), lines


def test_traffic_on_a_reachable_entry_does_not_count_as_use(stack):
    """The ready header bypasses the machine, so a busy entry too goes through STALE."""
    stack.neigh_sysctl(base_reachable_time_ms=2400, delay_first_probe_time=1)
    stack.port.answers[PEER] = M1
    monitor = stack.monitor()
    end = time.monotonic() + 5.5
    with stack.udp() as sock:
        while time.monotonic() < end:
            sock.sendto(b"hello", (PEER, 5000))
            time.sleep(0.05)
    states = [line.split()[-1] for line in monitor.lines()]
    assert states[:4] == ["REACHABLE", "STALE", "PROBE", "REACHABLE"], states


def test_confirmations_keep_it_reachable_without_any_arp(stack):
    stack.neigh_sysctl(base_reachable_time_ms=300, delay_first_probe_time=1)
    monitor = stack.monitor()
    make(stack, "reachable")
    end = time.monotonic() + 1.5
    with stack.udp() as sock:
        while time.monotonic() < end:
            sock.sendto(b"hello", MSG_CONFIRM, (PEER, 5000))
            time.sleep(0.04)
    assert [line.split()[-1] for line in monitor.lines(0.05)] == ["REACHABLE"]
    stack.port.silence(is_arp, 0.01)


# ---- STALE, DELAY ----------------------------------------------------------

def test_a_packet_over_a_stale_entry_goes_at_once_and_makes_it_delay(stack):
    monitor = stack.monitor()
    make(stack, "stale")
    send(stack)
    stack.port.expect(udp(dport=5000) & to_mac(M1), 2.0)
    assert stack.nud(PEER) == "DELAY"
    assert [line.split()[-1] for line in monitor.lines()] == ["STALE"], "DELAY is told to nobody"
    stack.port.silence(is_arp, 0.2)


def test_stale_lasts_while_nobody_uses_it(stack):
    stack.neigh_sysctl(base_reachable_time_ms=100, delay_first_probe_time=0)
    make(stack, "stale")
    stack.port.silence(during=0.5)
    assert stack.nud(PEER) == "STALE"


def test_delay_without_a_confirmation_becomes_probe(stack):
    stack.neigh_sysctl(delay_first_probe_time=1)
    monitor = stack.monitor()
    make(stack, "delay")
    start = time.monotonic()
    probe = stack.port.expect(arp_request(PEER), 1 + LATE)
    assert 1 - EARLY - 0.1 <= probe.time - start <= 1 + LATE, probe.time - start
    assert probe[Ether].dst == M1 and probe[ARP].psrc == ADDRESS, probe.show()
    monitor.until("PROBE")


def test_delay_with_a_confirmation_becomes_reachable_without_any_arp(stack):
    stack.neigh_sysctl(delay_first_probe_time=3)
    monitor = stack.monitor()
    make(stack, "delay")
    start = time.monotonic()
    time.sleep(0.4)
    send(stack, flags=MSG_CONFIRM)
    assert stack.nud(PEER) == "DELAY", "the confirmation is looked at when the timer fires"
    when, _ = monitor.until("REACHABLE", 3 + LATE)
    assert 3 - EARLY - 0.1 <= when - start <= 3 + LATE, when - start
    stack.port.silence(is_arp, 0.1)


def test_delay_first_probe_time_0_probes_at_once(stack):
    stack.neigh_sysctl(delay_first_probe_time=0)
    make(stack, "delay")
    stack.port.expect(arp_request(PEER) & to_mac(M1), 0.9)
    stack.wait_nud(PEER, "PROBE")


# ---- PROBE -----------------------------------------------------------------

PROBE = dict(delay_first_probe_time=0, retrans_time_ms=1000)     # a look at the table may take a while


def test_probe_asks_three_times_by_unicast_and_fails(stack):
    stack.neigh_sysctl(**PROBE)
    monitor = stack.monitor()
    make(stack, "delay")
    first = None
    for i in range(3):
        frame = stack.port.expect(arp_request(PEER), 1 + LATE)
        first = first or frame.time
        assert frame[Ether].dst == M1, frame.show()
        assert frame[ARP].hwdst in (M1, ZERO_MAC), frame.show()
        assert i - EARLY <= frame.time - first <= i + LATE
        entry = stack.neigh(PEER)
        assert entry["state"] == ["PROBE"] and entry["lladdr"] == M1, entry
        assert entry["probes"] == i + 1, entry
    when, _ = monitor.until("FAILED", 4)
    assert 3 - EARLY <= when - first <= 3 + LATE, when - first
    stack.port.silence(is_arp, 0.3)
    assert stack.lladdr(PEER) is None, "a failed entry has no address to show"


def test_the_unicast_probe_has_the_known_address_in_the_frame_only(stack):
    stack.neigh_sysctl(**PROBE)
    make(stack, "delay")
    frame = stack.port.expect(arp_request(PEER))
    assert (frame[Ether].dst, frame[ARP].hwdst) == (M1, ZERO_MAC), frame.show()


def test_mcast_resolicit_adds_broadcasts_behind_the_unicasts(stack):
    stack.neigh_sysctl(mcast_resolicit=2, delay_first_probe_time=0, retrans_time_ms=100)
    make(stack, "delay")
    frames = stack.port.collect(arp_request(PEER), count=5)
    assert [f[Ether].dst for f in frames] == [M1] * 3 + [BROADCAST] * 2
    stack.wait_nud(PEER, "FAILED")
    stack.port.silence(is_arp, 0.2)


def test_ucast_solicit_counts_the_unicast_probes(stack):
    stack.neigh_sysctl(ucast_solicit=1, **PROBE)
    make(stack, "delay")
    stack.port.expect(arp_request(PEER) & to_mac(M1))
    stack.wait_nud(PEER, "FAILED", within=4)
    stack.port.silence(is_arp, 0.2)


def test_packets_in_probe_go_out_at_once(stack):
    stack.neigh_sysctl(**PROBE)
    make(stack, "delay")
    stack.port.expect(arp_request(PEER))
    stack.port.clear()
    send(stack)
    stack.port.expect(udp(dport=5000) & to_mac(M1), 0.7)
    assert stack.nud(PEER) == "PROBE"


ANSWERS = [
    # what                                                frame, after, probing goes on
    ("the reply makes it reachable", lambda s: reply(s), ("REACHABLE", M1), False),
    ("another's reply makes it reachable with his address", lambda s: reply(s, M2),
     ("REACHABLE", M2), False),
    ("a broadcast reply is not a confirmation", lambda s: reply(s, unicast=False),
     ("PROBE", M1), True),
    ("a request of the neighbour is not a confirmation", lambda s: arp(s, 1),
     ("PROBE", M1), True),
    ("a request with another address makes it stale", lambda s: arp(s, 1, M2),
     ("STALE", M2), False),
    ("a gratuitous request with another address makes it stale",
     lambda s: arp(s, 1, M2, tip=PEER, unicast=False), ("STALE", M2), False),
]


@pytest.mark.parametrize("says, frame, after, goes_on", [pytest.param(*r, id=r[0])
                                                         for r in ANSWERS])
def test_while_probing(stack, says, frame, after, goes_on):
    stack.neigh_sysctl(locktime=0, **PROBE)
    make(stack, "delay")
    stack.port.expect(arp_request(PEER))
    time.sleep(0.03)                    # locktime 0 still means: not within the same tick
    frame(stack)
    stack.wait_nud(PEER, after[0])
    assert stack.lladdr(PEER) == after[1]
    if goes_on:
        stack.port.expect(arp_request(PEER) & to_mac(M1), 3)
    else:
        stack.port.silence(arp_request(PEER), 1.3)


def test_the_whole_round(stack):
    """STALE -> DELAY -> PROBE -> REACHABLE -> STALE, and what listeners hear of it."""
    stack.neigh_sysctl(base_reachable_time_ms=200, **PROBE)
    monitor = stack.monitor()
    make(stack, "stale")
    send(stack)
    stack.port.expect(arp_request(PEER) & to_mac(M1))
    reply(stack)
    monitor.until("REACHABLE")
    _, lines = monitor.until("STALE")
    assert [line.split()[-1] for line in lines] == ["STALE"]
    stack.port.expect(udp(dport=5000) & to_mac(M1))
    stack.port.silence(is_arp, 0.2)


def test_after_failed_the_next_packet_asks_everybody(stack):
    stack.neigh_sysctl(retrans_time_ms=50, delay_first_probe_time=0)
    make(stack, "delay")
    stack.wait_nud(PEER, "FAILED")
    stack.port.clear()
    send(stack)
    stack.port.expect(arp_request(PEER) & to_mac(BROADCAST))
    stack.port.silence(is_ip, 0.03)
    assert stack.nud(PEER) in ("INCOMPLETE", "FAILED")


# ---- what listeners hear ---------------------------------------------------

def heard(monitor, during=0.2):
    return [("Deleted " if line.startswith("Deleted") else "") + line.split()[-1]
            for line in monitor.lines(during)]


def test_incomplete_is_told_to_nobody_and_failed_to_everybody(stack):
    stack.neigh_sysctl(retrans_time_ms=700)
    monitor = stack.monitor()
    send(stack)
    stack.port.collect(arp_request(PEER), count=3)
    assert heard(monitor, 0.02) == []
    stack.wait_nud(PEER, "FAILED", within=4)
    assert heard(monitor) == ["FAILED"]
    send(stack)
    stack.port.expect(arp_request(PEER))
    assert heard(monitor, 0.05) == []


def test_resolved_is_told_once(stack):
    monitor = stack.monitor()
    send(stack)
    stack.port.expect(arp_request(PEER))
    reply(stack)
    assert heard(monitor) == ["REACHABLE"]
    time.sleep(0.1)
    reply(stack)
    assert heard(monitor) == [], "nothing changed"


def test_mcast_solicit_0_fails_and_tells_nobody(stack):
    stack.neigh_sysctl(mcast_solicit=0)
    monitor = stack.monitor()
    send(stack)
    assert heard(monitor) == []
    assert stack.nud(PEER) == "FAILED"


# ---- removal ---------------------------------------------------------------

def populate(stack):
    for i, state in enumerate(("reachable", "stale", "permanent", "noarp", "failed")):
        stack.ip(f"neigh replace 10.77.0.{20 + i} lladdr {M1} dev eth0 nud {state}")
    send(stack, "10.77.0.30")


REMOVAL = [
    ("the device goes down: all are gone", ["link set eth0 down"]),
    ("the device changes its address: all are gone", ["link set eth0 address 02:00:00:00:00:77"]),
    ("the device loses its last IPv4 address: all are gone", [f"addr del {ADDRESS}/24 dev eth0"]),
    ("the device gets NOARP: all are gone", ["link set eth0 arp off"]),
]


@pytest.mark.parametrize("says, commands", [pytest.param(*r, id=r[0]) for r in REMOVAL])
def test_when(stack, says, commands):
    populate(stack)
    assert len(stack.table()) == 6
    monitor = stack.monitor()
    for command in commands:
        stack.ip(command)
    assert stack.table() == {}
    assert heard(monitor).count("Deleted REACHABLE") == 1, "RTM_DELNEIGH with the last state"


def test_ip_neigh_flush_spares_the_permanent_and_the_noarp(stack):
    populate(stack)
    stack.ip("neigh flush dev eth0")
    left = {address: state for address, (state, _) in stack.table().items()}
    assert left.pop("10.77.0.22") == "PERMANENT" and left.pop("10.77.0.23") == "NOARP"
    assert set(left.values()) <= {"FAILED", "INCOMPLETE"}, left


def test_a_second_address_that_goes_takes_nothing_along(stack):
    stack.ip("addr add 10.77.0.66/24 dev eth0")
    populate(stack)
    stack.ip("addr del 10.77.0.66/24 dev eth0")
    assert len(stack.table()) == 6


def test_after_down_and_up_it_is_asked_for_again(stack):
    make(stack, "reachable")
    stack.ip("link set eth0 down")
    stack.ip("link set eth0 up")
    send(stack)
    stack.port.expect(arp_request(PEER) & to_mac(BROADCAST))


def test_a_cached_route_of_a_socket_survives_the_loss_of_its_neighbour(stack):
    with stack.udp() as sock:
        sock.connect((PEER, 5000))
        make(stack, "reachable")
        sock.send(b"one")
        stack.port.expect(udp(dport=5000) & to_mac(M1))
        stack.ip(f"neigh del {PEER} dev eth0")
        sock.send(b"two")
        stack.port.expect(arp_request(PEER) & to_mac(BROADCAST))
        reply(stack, M2)
        assert stack.port.expect(udp(dport=5000) & to_mac(M2)).payload() == b"two"


def test_a_new_link_layer_address_is_used_by_the_next_packet(stack):
    with stack.udp() as sock:
        sock.connect((PEER, 5000))
        make(stack, "reachable")
        for mac in (M1, M2, M1):
            stack.ip(f"neigh replace {PEER} lladdr {mac} dev eth0 nud permanent")
            sock.send(b"hello")
            stack.port.expect(udp(dport=5000) & to_mac(mac))


# ---- NTF_USE ---------------------------------------------------------------

USE = [
    # before, after, asks
    ("absent", "INCOMPLETE", BROADCAST),
    ("failed", "INCOMPLETE", BROADCAST),
    ("stale", "DELAY", None),
    ("reachable", "REACHABLE", None),
    ("noarp", "NOARP", None),
]


@pytest.mark.parametrize("before, after, asks", [pytest.param(*r, id=r[0]) for r in USE])
def test_ip_neigh_use_is_like_a_packet(stack, before, after, asks):
    if before != "absent":
        make(stack, before)
    stack.ip(f"neigh replace {PEER} use dev eth0")
    assert stack.nud(PEER) == after
    if asks:
        stack.port.expect(arp_request(PEER) & to_mac(asks))
    stack.port.silence(match(ARP, op=1), 0.1)


# ---- by hand: every state to every state -----------------------------------
# N none, I incomplete, R reachable, S stale, D delay, P probe, F failed, A noarp,
# M permanent, with 1 or 2 for the address; "-" no entry; "!" refused, with what is
# left.  "kernel|nethood" where nethood differs on purpose: D3, a refused request
# changes nothing.  A DELAY by hand has a timer of zero: what it becomes is shown.

TO = "none incomplete reachable stale delay probe failed noarp permanent".split()
WITHOUT_LLADDR = """
absent      N  I  !N|!-  !N|!-  !N|!-  !N|!-  F  !N|!-  !N|!-
none        N  I  !N  !N  !N  !N  F  !N  !N
incomplete  N  I  !I  !I  !I  !I  F  !I  !I
reachable   N  I  R1  S1  R1  P1  F  A1  M1
stale       N  I  R1  S1  P1  P1  F  A1  M1
delay       N  I  R1  S1  D1  P1  F  A1  M1
probe       N  I  R1  S1  P1  P1  F  A1  M1
failed      N  I  !F  !F  !F  !F  F  !F  !F
noarp       N  I  R1  S1  R1  P1  F  A1  M1
permanent   N  I  R1  S1  R1  P1  F  A1  M1
"""
WITH_LLADDR = """
absent      N  I  R2  S2  P2  P2  F  A2  M2
none        N  I  R2  S2  P2  P2  F  A2  M2
incomplete  N  I  R2  D2  P2  P2  F  A2  M2
reachable   N  I  R2  S2  P2  P2  F  A2  M2
stale       N  I  R2  S2  P2  P2  F  A2  M2
delay       N  I  R2  S2  D2  P2  F  A2  M2
probe       N  I  R2  S2  P2  P2  F  A2  M2
failed      N  I  R2  S2  P2  P2  F  A2  M2
noarp       N  I  R2  S2  P2  P2  F  A2  M2
permanent   N  I  R2  S2  P2  P2  F  A2  M2
"""
LETTER = {"N": "NONE", "I": "INCOMPLETE", "R": "REACHABLE", "S": "STALE", "D": "DELAY",
          "P": "PROBE", "F": "FAILED", "A": "NOARP", "M": "PERMANENT"}


def rows(text):
    return [(line.split()[0], line.split()[1:]) for line in text.strip().splitlines()]


def entry_of(cell, kind):
    """(refused, the entry that must be left) of a table cell."""
    cell = cell.split("|")[-1 if kind == "nethood" else 0]
    refused, cell = cell.startswith("!"), cell.lstrip("!")
    if cell == "-":
        return refused, None
    return refused, (LETTER[cell[0]], {"": None, "1": M1, "2": M2}[cell[1:]])


def check_by_hand(stack, before, cells, lladdr):
    stack.neigh_sysctl(retrans_time_ms=3000, delay_first_probe_time=10)
    hosts = [f"10.77.0.{20 + i}" for i in range(len(TO))]
    state = "stale" if before == "delay" else before
    given = "" if before == "none" else f"lladdr {M1} "
    if before not in ("absent", "incomplete"):
        stack.batch([f"neigh add {h} {given}dev eth0 nud {state}" for h in hosts])
    if before in ("incomplete", "delay"):
        for host in hosts:
            send(stack, host)
    answers = netlink.ask_many(stack, [
        netlink.new_neigh(ifindex=stack.ifindex(), dst=h, state=netlink.NUD[to], lladdr=lladdr)
        for h, to in zip(hosts, TO)])
    time.sleep(0.05)
    table, wrong = stack.table(), []
    for i, cell in enumerate(cells):
        want_refused, want = entry_of(cell, stack.kind)
        got = table.get(hosts[i])
        says = (errno.EINVAL, "No link layer address given") if want_refused else (0, None)
        said = (answers[i][0].error, answers[i][0].text)
        if (said, got) != (says, want):
            wrong.append(f"{before} -> {TO[i]}: is {got}, not {want}; said {said}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("before, cells", [pytest.param(*r, id=r[0])
                                           for r in rows(WITHOUT_LLADDR)])
def test_by_hand_without_an_address_from(stack, before, cells):
    check_by_hand(stack, before, cells, None)


@pytest.mark.parametrize("before, cells", [pytest.param(*r, id=r[0]) for r in rows(WITH_LLADDR)])
def test_by_hand_with_another_address_from(stack, before, cells):
    check_by_hand(stack, before, cells, M2)


def test_incomplete_by_hand_resolves_on_nethood_and_hangs_on_linux(stack):
    """D1: Linux makes an INCOMPLETE entry without a timer; its packets wait for ever."""
    stack.neigh_sysctl(retrans_time_ms=100)
    stack.ip(f"neigh add {PEER} dev eth0 nud incomplete")
    send(stack)
    if stack.kind == "kernel":
        stack.port.silence(is_arp, 0.5)
        assert stack.nud(PEER) == "INCOMPLETE"
    else:
        stack.port.expect(arp_request(PEER) & to_mac(BROADCAST))
        stack.wait_nud(PEER, "FAILED")


def test_none_by_hand_drops_what_waits(stack):
    """D2: Linux leaves the queue to an entry without a timer; here it must not leak."""
    send(stack)
    stack.port.expect(arp_request(PEER))
    stack.ip(f"neigh change {PEER} dev eth0 nud none")
    stack.port.silence(is_arp, 1.2)
    if stack.kind == "nethood":
        reply(stack)
        stack.port.silence(is_ip, 0.2, "the packet was dropped and counted")


def test_5000_refused_requests_leave_nothing_on_nethood(stack):
    """D3: Linux leaves an entry per refused request, outside of garbage collection."""
    count = 60 if stack.kind == "kernel" else 5000
    hosts = itertools.islice((f"10.77.{i}.{j}" for i in range(100) for j in range(255)), count)
    flags, state = netlink.NLM_F_CREATE | netlink.NLM_F_EXCL, netlink.NUD["permanent"]
    answers = netlink.ask_many(stack, [
        netlink.new_neigh(flags, ifindex=stack.ifindex(), dst=h, state=state) for h in hosts])
    assert {a[0].error for a in answers} == {errno.EINVAL}
    assert len(stack.table()) == (count if stack.kind == "kernel" else 0)
