# SPDX-License-Identifier: BSD-2-Clause
"""Whom we ask, from which address, how often, and when we give up.  RFC 4861 7.2.2, 7.3.3."""

import errno
import socket
import time

import pytest

from lab.packets6 import (ALL_NODES, DEST_UNREACH, NA, NS, OVERRIDE, SLLA, SOLICITED, TLLA, addr6, icmp6_of, is_icmp6,
                          mac6, na, solicited_node)
from lab.stack import ADDRESS6, LINKLOCAL

M1 = "02:00:00:00:aa:01"
RETRANS_S = 0.25
QUICK = {"net.ipv6.neigh.eth0.retrans_time_ms": 250, "net.ipv6.neigh.eth0.delay_first_probe_time": 1,
         "net.ipv6.neigh.eth0.base_reachable_time_ms": 2000}
pytestmark = pytest.mark.stack(ipv6=True, sysctls=QUICK)
TARGET = "fd77::99"


def send(stack, address, bind=None, data=b"x"):
    sock = stack.socket(socket.AF_INET6)
    if bind:
        sock.bind((bind, 0))
    sock.sendto(data, (address, 9))
    sock.close()


def questions(stack, target=TARGET, during=0.0):
    return [icmp6_of(f) for f in stack.port.collect(is_icmp6(NS, target=target), during)]


def answer(stack, target=TARGET, flags=SOLICITED | OVERRIDE, mac=M1):
    stack.port.send(na(target, ADDRESS6, target, flags, tlla=mac, src_mac=mac, dst_mac=stack.mac))


def test_nobody_answers(stack):
    stack.port.clear()
    send(stack, TARGET)
    asked = questions(stack, during=1.1)
    assert len(asked) == 3
    for one in asked:
        assert (one.src, one.dst, one.dst_mac) == (ADDRESS6, solicited_node(TARGET), mac6(solicited_node(TARGET)))
        assert (one.hlim, one.flow, one.tclass, one.csum_ok) == (255, 0, 0, True)
        assert one.options() == [(SLLA, bytes.fromhex(stack.mac.replace(":", "")))]
    for before, after in zip(asked, asked[1:]):
        assert RETRANS_S - 0.03 <= after.time - before.time <= RETRANS_S + 0.08
    stack.wait_nud(TARGET, "FAILED")
    assert "lladdr" not in stack.neigh(TARGET)


def test_who_waited_hears_that_nobody_answered(stack):
    sock = stack.socket(socket.AF_INET6)
    sock.setsockopt(socket.IPPROTO_IPV6, 25, 1)         # IPV6_RECVERR
    sock.connect((TARGET, 9))
    sock.send(b"x")
    time.sleep(3 * RETRANS_S + 0.2)
    with pytest.raises(OSError) as error:
        sock.send(b"y")
    assert error.value.errno == errno.EHOSTUNREACH
    sock.close()


@pytest.mark.parametrize("bind, src", [(ADDRESS6, ADDRESS6), ("fd77::3", "fd77::3"), (LINKLOCAL, None)])
def test_a_question_has_the_source_of_the_packet(stack, bind, src):
    stack.ip("addr add fd77::3/64 dev eth0 nodad")
    stack.port.clear()
    if bind == LINKLOCAL:
        sock = stack.socket(socket.AF_INET6)
        sock.bind((LINKLOCAL, 0, 0, stack.ifindex()))
        sock.sendto(b"x", (TARGET, 9))
        sock.close()
        src = LINKLOCAL
    else:
        send(stack, TARGET, bind)
    assert questions(stack, during=0.1)[0].src == src


def test_without_a_packet_the_link_local_address_asks(stack):
    stack.port.clear()
    stack.ip(f"neigh add {TARGET} dev eth0 use")
    assert questions(stack, during=0.1)[0].src == LINKLOCAL


def test_a_known_address_is_asked_alone(stack):
    """PROBE: three times by unicast, then it has failed."""
    stack.port.clear()
    stack.ip(f"neigh add {TARGET} lladdr {M1} dev eth0 nud probe")
    asked = questions(stack, during=1.0)
    assert len(asked) == 3
    for one in asked:
        assert (one.src, one.dst, one.dst_mac) == (LINKLOCAL, TARGET, M1)
        assert one.lladdr(SLLA) == stack.mac
    stack.wait_nud(TARGET, "FAILED")


def test_what_was_learned_long_ago_is_doubted_when_it_is_used(stack):
    stack.ip(f"neigh add {TARGET} lladdr {M1} dev eth0 nud stale")
    stack.port.clear()
    send(stack, TARGET)
    assert stack.nud(TARGET) == "DELAY"
    asked = icmp6_of(stack.port.expect(is_icmp6(NS, target=TARGET), within=1.5))
    assert (asked.dst, asked.dst_mac) == (TARGET, M1)
    answer(stack, flags=SOLICITED)
    stack.wait_nud(TARGET, "REACHABLE")


def test_reachability_ends(stack):
    stack.ip(f"neigh add {TARGET} lladdr {M1} dev eth0 nud reachable")
    began = time.monotonic()
    ended = stack.wait_nud(TARGET, "STALE", within=3.5)
    assert 0.9 <= ended - began <= 3.3          # a random time in [1/2, 3/2) of 2 s


def test_an_application_is_asked_after_the_neighbour(stack):
    stack.neigh_sysctl(family="ipv6", app_solicit=2, mcast_solicit=1)
    monitor = stack.monitor()
    stack.port.clear()
    send(stack, TARGET)
    time.sleep(4 * RETRANS_S)
    lines = [line for line in monitor.lines() if TARGET in line]
    assert sum(line.startswith("miss") for line in lines) == 2, lines
    assert len(questions(stack)) == 1
    monitor.close()


def test_mcast_resolicit_asks_all_again(stack):
    stack.neigh_sysctl(family="ipv6", mcast_resolicit=2)
    stack.port.clear()
    stack.ip(f"neigh add {TARGET} lladdr {M1} dev eth0 nud probe")
    asked = questions(stack, during=1.6)
    assert [q.dst for q in asked] == [TARGET] * 3 + [solicited_node(TARGET)] * 2
    stack.wait_nud(TARGET, "FAILED")


def test_multicasts_need_no_question(stack):
    stack.port.clear()
    sock = stack.socket(socket.AF_INET6)
    sock.sendto(b"x", ("ff02::4711", 9, 0, stack.ifindex()))
    frame = stack.port.expect(lambda f: f.raw[38:54] == addr6("ff02::4711"))
    assert frame.raw[:6].hex(":") == mac6("ff02::4711")
    assert stack.nud("ff02::4711") == "NOARP"
    assert stack.lladdr("ff02::4711") == mac6("ff02::4711")
    sock.close()


# ---- unasked: "I am here" ------------------------------------------------

def announced(stack, during=0.3):
    got = [icmp6_of(f) for f in stack.port.collect(is_icmp6(NA), during)]
    for one in got:
        assert (one.dst, one.dst_mac, one.flags) == (ALL_NODES, mac6(ALL_NODES), OVERRIDE)
        assert one.src == one.target and one.lladdr(TLLA)
    return sorted(one.target for one in got), {one.lladdr(TLLA) for one in got}


@pytest.mark.parametrize("notify, dad, words, told", [(0, 1, "", False), (1, 1, "", True), (1, 0, "", True),
                                                      (1, 1, "nodad", False)])
def test_a_new_address_is_told_when_it_is_ours_beyond_doubt(stack, notify, dad, words, told):
    stack.conf(family="ipv6", ndisc_notify=notify, dad_transmits=dad)
    stack.port.clear()
    stack.ip(f"addr add fd77::4711/64 dev eth0 {words}")
    targets, _ = announced(stack, during=0.9)
    assert targets == (["fd77::4711"] if told else [])


@pytest.mark.parametrize("scope", ["eth0", "all", None])
def test_a_new_link_layer_address_is_told_if_wanted(stack, scope):
    if scope:
        stack.conf(scope, family="ipv6", ndisc_notify=1)
    stack.port.clear()
    stack.ip("link set eth0 address 02:00:00:00:00:77")
    targets, macs = announced(stack)
    if not scope:
        assert targets == []
        return
    assert ADDRESS6 in targets
    assert macs == {"02:00:00:00:00:77"}


def test_a_new_link_layer_address_forgets_all_neighbours(stack):
    for i, state in enumerate(("reachable", "stale", "permanent")):
        stack.ip(f"neigh add fd77::{i + 16} lladdr {M1} dev eth0 nud {state}")
    stack.ip("link set eth0 address 02:00:00:00:00:77")
    time.sleep(0.1)
    assert not [a for a in stack.table() if a.startswith("fd77::1")]


@pytest.mark.parametrize("evict_all, evict_dev, kept", [(1, 1, False), (0, 1, True), (1, 0, True)])
def test_without_carrier_neighbours_go_unless_told_otherwise(stack, evict_all, evict_dev, kept):
    stack.conf("all", family="ipv6", ndisc_evict_nocarrier=evict_all)
    stack.conf("eth0", family="ipv6", ndisc_evict_nocarrier=evict_dev)
    stack.ip(f"neigh add fd77::16 lladdr {M1} dev eth0 nud stale")
    stack.ip(f"neigh add fd77::17 lladdr {M1} dev eth0 nud permanent")
    stack.ip("link set eth0 carrier off")
    deadline = time.monotonic() + 1.5
    while stack.neigh("fd77::16") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (stack.neigh("fd77::16") is not None) == kept
    assert stack.neigh("fd77::17") is not None
