# SPDX-License-Identifier: BSD-2-Clause
"""Forwarding of IPv6: one hop on, and what is not carried.

RFC 8200 (hop limit), RFC 4443 3.2 and 3.3, RFC 4291 2.5.2 and 2.5.6 (sources that no router carries), RFC 4389
(what is for a proxied neighbour itself).
"""

import struct

import pytest

from lab.frames import Match
from lab.packets6 import (ECHO_REQUEST, FRAGMENT, ICMPV6, NA, NS, PKT_TOOBIG, TIME_EXCEED, addr6, echo6, frame6,
                          icmp6, icmp6_of, ipv6, is_icmp6)
from lab.stack import ADDRESS6, PEER6, PEER_MAC

SHARED = dict(ipv6=True, devs=2, sysctls={"net.ipv6.icmp.ratelimit": 0, "net.ipv6.conf.all.forwarding": 1})
OURS = "02:00:00:00:00:02"
FAR, FAR_MAC = "fd78::1", "02:00:00:00:78:01"


@pytest.fixture
def wires(shared):
    shared.ip(f"-6 neigh replace {PEER6} lladdr {PEER_MAC} dev eth0")
    shared.ip(f"-6 neigh replace {FAR} lladdr {FAR_MAC} dev eth1")
    for dev in shared.devs:
        dev.port.clear()
    return shared.devs[0].port, shared.devs[1].port


def counters(stack):
    if stack.kind == "kernel":
        lines = stack.run(["cat", "/proc/net/snmp6"]).stdout.splitlines()
    else:
        lines = stack._command([stack.binary, "proc", stack.name, "snmp6"]).splitlines()
    return {line.split()[0]: int(line.split()[1]) for line in lines}


def packet(src=PEER6, dst=FAR, hlim=64, size=8, **fields):
    return ipv6(src, dst, ICMPV6, echo6(src, dst, 7, 1, b"x" * size), hlim=hlim, **fields)


def send(port, what, mac=OURS):
    port.send(frame6(PEER_MAC, mac, what))


IS_ECHO = is_icmp6(ECHO_REQUEST)


def test_one_hop_on(wires):
    send(wires[0], packet(tclass=0x2a, flow=0x12345))
    frame = wires[1].expect(IS_ECHO)
    got = icmp6_of(frame)
    assert (got.hlim, got.tclass, got.flow, got.csum_ok) == (63, 0x2a, 0x12345, True)
    assert frame.raw[:12].hex(":") == f"{FAR_MAC}:{'02:00:00:00:00:03'}"


@pytest.mark.parametrize("hlim", [0, 1])
def test_the_end_of_the_hops(shared, wires, hlim):
    before = counters(shared)["Ip6InHdrErrors"]
    send(wires[0], packet(hlim=hlim))
    wires[0].expect(is_icmp6(TIME_EXCEED, code=0))
    wires[1].silence(IS_ECHO, 0.05)
    assert counters(shared)["Ip6InHdrErrors"] == before + 1


@pytest.mark.parametrize("src", ["::", "::1", "ff02::9", "fe80::1"])
def test_sources_that_no_router_carries(wires, src):
    send(wires[0], packet(src))
    wires[1].silence(IS_ECHO, 0.1)


def test_to_a_host_in_a_frame_for_many(wires):
    send(wires[0], packet(), "33:33:00:00:00:01")
    wires[1].silence(IS_ECHO, 0.1)


def test_too_big(shared, wires):
    shared.ip("link set eth1 mtu 1400")
    try:
        before = counters(shared)
        send(wires[0], packet(size=1400))
        got = icmp6_of(wires[0].expect(is_icmp6(PKT_TOOBIG)))
        assert struct.unpack("!I", got.rest)[0] == 1400 and len(got.message) == 1280 - 40
        after = counters(shared)
        assert after["Ip6InTooBigErrors"] == before["Ip6InTooBigErrors"] + 1
        assert after["Ip6FragFails"] == before["Ip6FragFails"] + 1
        send(wires[0], ipv6(PEER6, FAR, FRAGMENT, struct.pack("!BBHI", ICMPV6, 0, 1, 5) + b"\x80" * 1408))
        wires[0].expect(is_icmp6(PKT_TOOBIG))       # routers cut nothing
    finally:
        shared.ip("link set eth1 mtu 1500")


def test_fragments_pass_as_they_are(wires):
    send(wires[0], ipv6(PEER6, FAR, FRAGMENT, struct.pack("!BBHI", ICMPV6, 0, 1, 5) + bytes(800)))
    raw = wires[1].expect(Match("fragment", lambda f: f.raw[12:14] == b"\x86\xdd" and f.raw[20] == FRAGMENT)).raw
    assert raw[54:62] == struct.pack("!BBHI", ICMPV6, 0, 1, 5) and len(raw) == 862


def test_an_unknown_protocol_is_none_of_our_business(wires):
    send(wires[0], ipv6(PEER6, FAR, 253, b"data"))
    wires[1].expect(Match("253", lambda f: f.raw[12:14] == b"\x86\xdd" and f.raw[20] == 253))


def test_no_route(shared, wires):
    before = counters(shared)["Ip6InNoRoutes"]
    send(wires[0], packet(dst="fdaa::1"))
    wires[0].expect(is_icmp6(1, code=0))
    assert counters(shared)["Ip6InNoRoutes"] == before + 1


def test_what_is_for_a_proxied_neighbour_itself(shared, wires):
    shared.conf("all", "ipv6", proxy_ndp=1)
    shared.ip(f"-6 neigh add proxy {FAR} dev eth0")
    try:
        send(wires[0], packet())
        wires[1].expect(IS_ECHO)
        message = icmp6(PEER6, FAR, NS, payload=addr6(FAR))
        send(wires[0], ipv6(PEER6, FAR, ICMPV6, message, hlim=255))
        wires[0].expect(is_icmp6(NA))
        wires[1].silence(is_icmp6(NS), 0.05)
    finally:
        shared.ip(f"-6 neigh del proxy {FAR} dev eth0")
        shared.conf("all", "ipv6", proxy_ndp=0)


@pytest.mark.parametrize("conf, carries", [
    ({}, False), ({"eth0": "forwarding"}, False), ({"eth0": "force_forwarding"}, True),
    ({"eth1": "force_forwarding"}, False), ({"all": "forwarding"}, True)], ids=str)
def test_who_carries(shared, wires, conf, carries):
    """The whole net, or who hears it and is told so by force; its own "forwarding" makes it a router for itself."""
    shared.conf("all", "ipv6", forwarding=0)
    for dev, name in conf.items():
        shared.conf(dev, "ipv6", **{name: 1})
    try:
        send(wires[0], packet())
        if carries:
            wires[1].expect(IS_ECHO)
        else:
            wires[1].silence(IS_ECHO, 0.1)
    finally:
        for dev, name in conf.items():
            shared.conf(dev, "ipv6", **{name: 0})
        shared.conf("all", "ipv6", forwarding=1)


def test_a_host_carries_nothing(shared, wires):
    shared.conf("all", "ipv6", forwarding=0)
    try:
        before = counters(shared)["Ip6InAddrErrors"]
        send(wires[0], packet())
        wires[1].silence(IS_ECHO, 0.1)
        assert counters(shared)["Ip6InAddrErrors"] == before + 1
        send(wires[0], packet(dst=ADDRESS6))
        wires[0].expect(is_icmp6(129))
    finally:
        shared.conf("all", "ipv6", forwarding=1)
