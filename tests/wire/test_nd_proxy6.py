# SPDX-License-Identifier: BSD-2-Clause
"""Addresses that we answer for, and those that several have.  RFC 4861 7.2.7, 7.2.8; proxy_ndp, proxy_delay."""

import time

import pytest

from lab.packets6 import (ALL_NODES, ICMPV6, NA, OVERRIDE, ROUTER, SOLICITED, TLLA, echo6, frame6, icmp6_of, ipv6,
                          is_icmp6, mac6, na, ns, solicited_node)
from lab.stack import ADDRESS6, PEER6

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
THIRD = "fd77::50"
ROUTER_OF_PROXIES = {"net.ipv6.conf.all.forwarding": 1, "net.ipv6.conf.eth0.proxy_ndp": 1}
pytestmark = pytest.mark.stack(ipv6=True, sysctls=ROUTER_OF_PROXIES)


def ask(stack, target=THIRD, alone=False, slla=M1, src=PEER6):
    stack.port.clear()
    return stack.port.send(ns(src, target, dst=target if alone else None, slla=slla, src_mac=M1,
                              dst_mac=stack.mac if alone else None))


@pytest.mark.parametrize("words, flags", [("", SOLICITED), ("router", ROUTER | SOLICITED)])
def test_a_proxy_answers_after_a_part_of_proxy_delay(stack, words, flags):
    stack.ip(f"neigh add proxy {THIRD} dev eth0 {words}")
    waits = []
    for _ in range(5):
        asked = ask(stack)
        told = icmp6_of(stack.port.expect(is_icmp6(NA, target=THIRD)))
        assert (told.src, told.dst, told.dst_mac, told.flags) == (ADDRESS6, PEER6, M1, flags)
        assert told.lladdr(TLLA) == stack.mac
        waits.append(told.time - asked)
    assert all(w < 0.9 for w in waits) and max(waits) > 0.02 and max(waits) - min(waits) > 0.01, waits
    assert stack.lladdr(PEER6) == M1


def test_without_delay_it_answers_at_once(stack):
    stack.ip(f"neigh add proxy {THIRD} dev eth0")
    stack.neigh_sysctl(family="ipv6", proxy_delay=0)
    for _ in range(5):
        asked = ask(stack)
        assert icmp6_of(stack.port.expect(is_icmp6(NA, target=THIRD))).time - asked < 0.1


def test_who_is_asked_alone_answers_at_once(stack):
    stack.ip(f"neigh add proxy {THIRD} dev eth0")
    stack.conf("all", family="ipv6", proxy_ndp=1)
    for _ in range(5):
        asked = ask(stack, alone=True)
        told = icmp6_of(stack.port.expect(is_icmp6(NA, target=THIRD)))
        assert told.time - asked < 0.1 and told.flags == SOLICITED and told.lladdr(TLLA) is None


@pytest.mark.parametrize("off", [{"net.ipv6.conf.eth0.forwarding": 0}, {"net.ipv6.conf.eth0.proxy_ndp": 0}])
def test_it_is_asked_for(stack, off):
    stack.ip(f"neigh add proxy {THIRD} dev eth0")
    stack.neigh_sysctl(family="ipv6", proxy_delay=0)
    for key, value in off.items():
        stack.sysctl(key, value)
    ask(stack)
    stack.port.silence(is_icmp6(NA, target=THIRD), during=0.2)
    assert stack.neigh(PEER6) is None


def test_a_proxy_that_is_deleted_answers_no_more(stack):
    stack.ip(f"neigh add proxy {THIRD} dev eth0")
    stack.neigh_sysctl(family="ipv6", proxy_delay=0)
    ask(stack)
    stack.port.expect(is_icmp6(NA, target=THIRD))
    stack.ip(f"neigh del proxy {THIRD} dev eth0")
    ask(stack)
    stack.port.silence(is_icmp6(NA, target=THIRD), during=0.2)


def test_who_tries_the_address_is_told_without_insisting(stack):
    stack.ip(f"neigh add proxy {THIRD} dev eth0")
    stack.neigh_sysctl(family="ipv6", proxy_delay=0)
    ask(stack, slla=None, src="::")
    told = icmp6_of(stack.port.expect(is_icmp6(NA, target=THIRD)))
    assert (told.dst, told.flags) == (ALL_NODES, 0)


def test_no_more_wait_than_proxy_qlen_and_one(stack):
    stack.ip(f"neigh add proxy {THIRD} dev eth0")
    stack.neigh_sysctl(family="ipv6", proxy_qlen=3)
    stack.port.clear()
    for _ in range(12):
        stack.port.send(ns(PEER6, THIRD, slla=M1, src_mac=M1))
    time.sleep(1.1)
    assert len(stack.port.collect(is_icmp6(NA, target=THIRD))) == 4


def test_anycast_addresses_answer_like_proxies(stack):
    """The subnet router's address; many may have it."""
    asked = ask(stack, "fd77::")
    told = icmp6_of(stack.port.expect(is_icmp6(NA, target="fd77::")))
    assert (told.src, told.flags, told.lladdr(TLLA)) == (ADDRESS6, ROUTER | SOLICITED, stack.mac)
    stack.neigh_sysctl(family="ipv6", proxy_delay=0)
    asked = ask(stack, "fd77::")
    assert icmp6_of(stack.port.expect(is_icmp6(NA, target="fd77::"))).time - asked < 0.1


# ---- echo ------------------------------------------------------------------

@pytest.mark.parametrize("key, dst, src", [
    (None, ADDRESS6, ADDRESS6), (None, ALL_NODES, ADDRESS6), (None, "fd77::", ADDRESS6),
    ("net.ipv6.anycast_src_echo_reply", "fd77::", "fd77::"),
    ("net.ipv6.icmp.echo_ignore_anycast", "fd77::", None), ("net.ipv6.icmp.echo_ignore_anycast", ADDRESS6, ADDRESS6),
    ("net.ipv6.icmp.echo_ignore_multicast", ALL_NODES, None),
    ("net.ipv6.icmp.echo_ignore_multicast", ADDRESS6, ADDRESS6),
    ("net.ipv6.icmp.echo_ignore_all", ADDRESS6, None), ("net.ipv6.icmp.echo_ignore_all", ALL_NODES, None),
])
def test_who_answers_an_echo(stack, key, dst, src):
    if key:
        stack.sysctl(key, 1)
    stack.ip(f"neigh replace {PEER6} lladdr {M1} dev eth0 nud permanent")
    stack.port.clear()
    stack.port.send(frame6(M1, mac6(dst) if dst == ALL_NODES else stack.mac,
                           ipv6(PEER6, dst, ICMPV6, echo6(PEER6, dst, code=5, payload=b"0123456789"), tclass=0xb9)))
    if src is None:
        stack.port.silence(is_icmp6(129), during=0.15)
        return
    told = icmp6_of(stack.port.expect(is_icmp6(129)))
    assert (told.src, told.dst, told.code, told.hlim, told.tclass, told.csum_ok) == (src, PEER6, 5, 64, 0xb9, True)
    assert told.body == b"0123456789"
