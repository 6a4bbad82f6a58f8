# SPDX-License-Identifier: BSD-2-Clause
"""Addresses that are tried before they are used, and defended after.  RFC 4862 5.4, RFC 7527, RFC 4429."""

import threading
import time

import pytest

from lab.packets6 import (ALL_NODES, NA, NONCE, NS, OVERRIDE, ROUTER, SLLA, SOLICITED, TLLA, addr6, frame6, icmp6_of,
                          is_icmp6, mac6, na, nd_option, ns, solicited_node)
from lab.stack import ADDRESS6, PEER6

M1 = "02:00:00:00:aa:01"
NEW = "fd77::4711"
TRYING = {"net.ipv6.conf.eth0.dad_transmits": 1, "net.ipv6.neigh.eth0.retrans_time_ms": 400,
          "net.ipv6.conf.eth0.router_solicitation_delay": 0}
pytestmark = pytest.mark.stack(ipv6=True, sysctls=TRYING)


def address(stack, text=NEW):
    """Its flags as ip(8) names them; None without it."""
    for entry in stack.ip_json("-6 addr show dev eth0")[0]["addr_info"]:
        if entry.get("local") == text:
            return {name for name in ("tentative", "dadfailed", "optimistic", "nodad") if entry.get(name)}
    return None


def begin(stack):
    """A new address, and the question whether somebody has it."""
    stack.port.clear()
    stack.ip(f"addr add {NEW}/64 dev eth0")
    return stack.port.expect(is_icmp6(NS, target=NEW), within=2)


def ended(stack):
    time.sleep(0.7)
    return address(stack)


def test_nobody_has_it(stack):
    frame = begin(stack)
    asked = icmp6_of(frame)
    assert (asked.src, asked.dst, asked.hlim, asked.flow) == ("::", solicited_node(NEW), 255, 0)
    assert [kind for kind, _ in asked.options()] == [NONCE]
    assert address(stack) == {"tentative"}
    assert ended(stack) == set()


def test_without_enhanced_dad_there_is_no_nonce(stack):
    stack.conf("all", family="ipv6", enhanced_dad=0)
    stack.conf(family="ipv6", enhanced_dad=0)
    assert icmp6_of(begin(stack)).options() == []


CLAIMS = [
    ("somebody has it", lambda: na(NEW, ALL_NODES, NEW, OVERRIDE, tlla=M1, src_mac=M1), True),
    ("a router has it", lambda: na(NEW, ALL_NODES, NEW, ROUTER, src_mac=M1), True),
    ("somebody says so who was asked", lambda: na(NEW, ALL_NODES, NEW, SOLICITED, tlla=M1, src_mac=M1), False),
    ("somebody tries it too", lambda: ns("::", NEW, src_mac=M1), True),
    ("with a nonce of his own", lambda: ns("::", NEW, options=nd_option(NONCE, b"\1\2\3\4\5\6"), src_mac=M1), True),
    ("from beyond the link", lambda: na(NEW, ALL_NODES, NEW, OVERRIDE, tlla=M1, src_mac=M1, hlim=64), False),
    ("somebody asks who has it", lambda: ns(PEER6, NEW, slla=M1, src_mac=M1), False),
    ("somebody tries another one", lambda: ns("::", "fd77::4712", dst=solicited_node(NEW), src_mac=M1), False),
]


@pytest.mark.parametrize("what, frame, fails", CLAIMS, ids=[c[0] for c in CLAIMS])
def test_while_it_is_tried(stack, what, frame, fails):
    begin(stack)
    stack.port.send(frame())
    stack.port.silence(is_icmp6(NA), during=0.1)
    assert ended(stack) == ({"tentative", "dadfailed"} if fails else set())


def test_our_own_question_come_back_is_no_duplicate(stack):
    frame = begin(stack)
    stack.port.send(frame.raw)
    assert ended(stack) == set()


def test_without_a_nonce_it_is(stack):
    stack.conf("all", family="ipv6", enhanced_dad=0)
    stack.conf(family="ipv6", enhanced_dad=0)
    stack.port.send(begin(stack).raw)
    assert ended(stack) == {"tentative", "dadfailed"}


def test_a_tentative_address_does_not_answer(stack):
    begin(stack)
    stack.port.send(ns(PEER6, NEW, slla=M1, src_mac=M1))
    stack.port.silence(is_icmp6(NA, target=NEW), during=0.15)
    assert stack.neigh(PEER6) is None
    assert ended(stack) == set()
    stack.port.send(ns(PEER6, NEW, slla=M1, src_mac=M1))
    stack.port.expect(is_icmp6(NA, target=NEW))


def test_who_tries_ours_is_told(stack):
    begin(stack)
    assert ended(stack) == set()
    stack.port.send(ns("::", NEW, src_mac=M1))
    told = icmp6_of(stack.port.expect(is_icmp6(NA, target=NEW)))
    assert (told.src, told.dst, told.flags, told.lladdr(TLLA)) == (NEW, ALL_NODES, OVERRIDE, stack.mac)


def test_a_claim_on_an_address_in_use_does_nothing(stack):
    begin(stack)
    assert ended(stack) == set()
    stack.port.send(na(NEW, ALL_NODES, NEW, OVERRIDE, tlla=M1, src_mac=M1))
    time.sleep(0.1)
    assert address(stack) == set()
    assert stack.neigh(NEW) is None


def test_an_optimistic_address_answers_and_does_not_insist(stack):
    """RFC 4429"""
    stack.neigh_sysctl(family="ipv6", retrans_time_ms=1500)
    stack.conf(family="ipv6", optimistic_dad=1)
    stack.port.clear()
    stack.ip(f"addr add {NEW}/64 dev eth0 optimistic")
    stack.port.expect(is_icmp6(NS, target=NEW), within=2)
    assert "optimistic" in address(stack)
    stack.port.send(ns(PEER6, NEW, slla=M1, src_mac=M1))
    told = icmp6_of(stack.port.expect(is_icmp6(NA, target=NEW)))
    assert told.flags == SOLICITED
    stack.port.send(na(NEW, ALL_NODES, NEW, OVERRIDE, tlla=M1, src_mac=M1))
    time.sleep(0.2)
    assert "dadfailed" in (address(stack) or {"dadfailed"})
