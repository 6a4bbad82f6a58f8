# SPDX-License-Identifier: BSD-2-Clause
"""Neighbour Discovery of those who mean harm, in numbers.  RFC 6104, 6583, 4861 11."""

import random
import time

import pytest

from lab.packets6 import (ALL_NODES, NA, NS, OVERRIDE, RA, REDIRECT, RS, SOLICITED, icmp6_of, is_icmp6, na,
                          nd_frame, ns, prefix_option, ra, solicited_node)
from lab.stack import ADDRESS6, PEER6

M1 = "02:00:00:00:aa:01"
pytestmark = pytest.mark.stack(ipv6=True)


def default_routes(stack):
    return sum(len(r.get("nexthops", [r])) for r in stack.ip_json("-6 route show default"))


def alive(stack):
    """It still answers who asks."""
    stack.port.clear()
    stack.port.send(ns("fd77::abc", ADDRESS6, slla=M1, src_mac=M1))
    assert icmp6_of(stack.port.expect(is_icmp6(NA, dst="fd77::abc"))).flags & SOLICITED


def test_forty_rogue_routers(stack):
    """The kernel takes them all; there are no more than 16 of a device here."""
    for i in range(40):
        stack.port.send(ra(f"fe80::bad:{i:x}", src_mac=M1, slla=f"02:00:00:00:bb:{i:02x}"))
        time.sleep(0.005)
    time.sleep(0.2)
    assert default_routes(stack) == (40 if stack.kind == "kernel" else 16)
    for i in range(40):
        stack.port.send(ra(f"fe80::bad:{i:x}", src_mac=M1, lifetime=0))
        time.sleep(0.005)
    time.sleep(0.2)
    assert default_routes(stack) == 0       # RFC 4861 has nothing against that, either
    alive(stack)


@pytest.mark.parametrize("said, kept", [(60, 60), (150, 64)])
def test_many_prefixes(stack, said, kept):
    """Each is a route, few are an address: max_addresses.  There are no more than 64 of a device here."""
    for i in range(said):
        stack.port.send(ra("fe80::bad:1", src_mac=M1, slla=M1, lifetime=0,
                           options=prefix_option(f"fd99:0:0:{i:x}::")))
        time.sleep(0.005)
    time.sleep(0.3)
    addresses = [a for a in stack.ip_json("-6 addr show dev eth0")[0]["addr_info"] if a.get("local")]
    assert len(addresses) <= 17
    routes = sum(r["dst"].startswith("fd99:") for r in stack.ip_json("-6 route show dev eth0"))
    assert routes == (said if stack.kind == "kernel" else kept)
    alive(stack)


def test_every_address_is_taken(stack):
    """Whoever denies each address keeps us from having one, and from nothing else."""
    stack.conf(family="ipv6", dad_transmits=1)
    for i in range(4):
        address = f"fd77::d0:{i}"
        stack.port.clear()
        stack.ip(f"addr add {address}/64 dev eth0")
        stack.port.expect(is_icmp6(NS, target=address), within=2)
        stack.port.send(na(address, ALL_NODES, address, OVERRIDE, tlla=M1, src_mac=M1))
    time.sleep(0.2)
    assert stack.ip("-6 addr show dadfailed").stdout.count("fd77::d0") == 4
    alive(stack)


@pytest.mark.stack(ipv6=True, whole_table=True)
def test_thousands_of_askers(stack):
    """Spoofed solicitations; who is known stays known."""
    stack.ip(f"neigh replace {PEER6} lladdr {M1} dev eth0 nud reachable")
    for i in range(700):
        stack.port.send(ns(f"fd77::f:{i:x}", ADDRESS6, slla=f"02:00:00:01:{i >> 8:02x}:{i & 255:02x}", src_mac=M1))
        if i % 100 == 99:
            time.sleep(0.02)
    time.sleep(0.3)
    assert stack.lladdr(PEER6) == M1
    alive(stack)


@pytest.mark.parametrize("kind", [RS, RA, NS, NA, REDIRECT])
def test_junk_of_every_kind(stack, kind):
    """Right in its header and checksum, whatever else."""
    draw = random.Random(kind)
    for _ in range(400):
        options = b""
        for _ in range(draw.randrange(4)):
            size = draw.randrange(4)
            kind_of = draw.choice([1, 2, 3, 4, 5, 14, 24, 25, 31, 37, 200])
            options += bytes([kind_of, size]) + draw.randbytes(max(size * 8, 8) - 2)
        body = draw.choice([b"", bytes(16), draw.randbytes(draw.randrange(40))])
        stack.port.send(nd_frame(kind, draw.choice(["fe80::1", "fd77::1", "::"]),
                                 draw.choice([ALL_NODES, solicited_node(ADDRESS6)]), rest=draw.randbytes(4), body=body,
                                 options=options[:draw.randrange(len(options) + 1)], src_mac=M1))
    time.sleep(0.2)
    alive(stack)
