# SPDX-License-Identifier: BSD-2-Clause
"""Routes and rules of IPv6: what is taken, refused, shown, told, and which way a packet takes.

ip-route(8), ip-rule(8), rtnetlink(7), RFC 4191, 8201, 8950.  Words and order as the kernel's.
"""

import socket
import time

import pytest

from lab import netlink as nl
from lab.frames import IP, match
from lab.packets6 import (DEST_UNREACH, ECHO_REQUEST, ICMPV6, PKT_TOOBIG, addr6, echo6, frame6, icmp6, icmp6_of, ipv6,
                          is_icmp6)
from lab.stack import ADDRESS6, LINKLOCAL, PEER6, PEER_LINKLOCAL, PEER_MAC

SHARED = dict(ipv6=True, devs=2, sysctls={"net.ipv6.icmp.ratelimit": 0, "net.ipv6.conf.all.forwarding": 1})
OURS = "02:00:00:00:00:02"
P = "2001:db8:c::/48"
FAR = "fd78::1"


def shown(stack, what=""):
    """What `ip -6 route show` says, without next hops' indentation and what counts down."""
    lines = stack.ip(f"-6 route show {what}", check=False).stdout.replace("\n\t", " ").splitlines()
    return [" ".join(w for w in line.split()) for line in lines]


@pytest.fixture
def routes(shared):
    """A stack on which nothing is left of the test before."""
    yield shared
    for table in ("main", "100"):
        for line in shown(shared, f"table {table}"):
            if "proto kernel" not in line:
                words = line.split()
                kinds = ("unreachable", "prohibit", "blackhole", "throw", "multicast")
                what = " ".join(words[:2]) if words[0] in kinds else words[0]
                source = line.split(" from ")[1].split()[0] if " from " in line else ""
                shared.ip(f"-6 route del {what} table {table} {'from ' + source if source else ''}", check=False)
    for line in shared.ip("-6 rule").stdout.splitlines():
        pref = line.split(":")[0]
        if pref not in ("0", "32766"):
            shared.ip(f"-6 rule del pref {pref}")


REFUSED = [
    ("a gateway that is nowhere", f"{P} via 3fff::2", "RTNETLINK answers: No route to host"),
    ("a gateway behind another device", f"{P} via fd77::1 dev eth1", "RTNETLINK answers: No route to host"),
    ("a link-local gateway without a device", f"{P} via fe80::2", "Error: Egress device not specified."),
    ("a gateway that is ours", f"{P} via {ADDRESS6}", "Error: Gateway can not be a local address."),
    ("a gateway that is ours, and link-local", f"{P} via {LINKLOCAL} dev eth0",
     "Error: Gateway can not be a local address."),
    ("a group as gateway", f"{P} via ff02::1 dev eth0", "Error: Invalid gateway address."),
    ("no address as gateway", f"{P} via :: dev eth0", "Error: Invalid gateway address."),
    ("the loopback address as gateway", f"{P} via ::1 dev eth0", "Error: Gateway can not be a local address."),
    ("neither gateway nor device", f"{P}", "RTNETLINK answers: No such device"),
    ("a source that is not ours", f"{P} dev eth0 src fd77::99", "Error: Invalid source address."),
    ("next hops without gateway", f"{P} nexthop dev eth0 nexthop dev eth1",
     "Error: Device only routes can not be added for IPv6 using the multipath API."),
    ("one of two next hops is nowhere", f"{P} nexthop via {PEER6} nexthop via 3fff::2",
     "RTNETLINK answers: No route to host"),
    ("onlink without a device", f"{P} via 3fff::2 onlink", "Error: Nexthop device required for onlink."),
]


@pytest.mark.parametrize("route, says", [pytest.param(*r[1:], id=r[0]) for r in REFUSED])
def test_what_is_refused(routes, route, says):
    before = shown(routes, "table all")
    assert routes.ip_error(f"-6 route add {route}") == says
    assert shown(routes, "table all") == before


@pytest.mark.parametrize("gateway", ["via ff02::1", "via fe80::9", "via fd77::9", "via fd77::9 onlink", ""])
def test_a_device_without_ipv6_is_none(routes, gateway):
    """Whatever else is wrong."""
    routes.ip("link set eth1 mtu 1200")
    try:
        assert routes.ip_error(f"-6 route add {P} {gateway} dev eth1") == "RTNETLINK answers: No such device"
    finally:
        routes.ip("link set eth1 mtu 1500")
        routes.ip("-6 address add fd78::2/64 dev eth1 nodad")


TAIL = "metric 1024 pref medium"
CHANGES = [
    # commands, what is shown of P then
    (f"add {P} nexthop via {PEER6} nexthop via {FAR} weight 3",
     [f"{P} {TAIL} nexthop via {PEER6} dev eth0 weight 1 nexthop via {FAR} dev eth1 weight 3"]),
    (f"append {P} via fd77::4",
     [f"{P} {TAIL} nexthop via {PEER6} dev eth0 weight 1 nexthop via {FAR} dev eth1 weight 3"
      " nexthop via fd77::4 dev eth0 weight 1"]),
    (f"append {P} dev eth0",
     [f"{P} {TAIL} nexthop via {PEER6} dev eth0 weight 1 nexthop via {FAR} dev eth1 weight 3"
      " nexthop via fd77::4 dev eth0 weight 1", f"{P} dev eth0 {TAIL}"]),
    (f"replace {P} via fd77::9", [f"{P} via fd77::9 dev eth0 {TAIL}", f"{P} dev eth0 {TAIL}"]),
    (f"replace {P} dev eth1", [f"{P} via fd77::9 dev eth0 {TAIL}", f"{P} dev eth1 {TAIL}"]),
    (f"del {P} dev eth1", [f"{P} via fd77::9 dev eth0 {TAIL}"]),
    (f"append {P} nexthop via fd77::a nexthop via fd77::b",
     [f"{P} {TAIL} nexthop via fd77::9 dev eth0 weight 1 nexthop via fd77::a dev eth0 weight 1"
      " nexthop via fd77::b dev eth0 weight 1"]),
    (f"del {P} via fd77::a",
     [f"{P} {TAIL} nexthop via fd77::9 dev eth0 weight 1 nexthop via fd77::b dev eth0 weight 1"]),
    (f"replace {P} nexthop via fd77::e nexthop via fd77::f",
     [f"{P} {TAIL} nexthop via fd77::e dev eth0 weight 1 nexthop via fd77::f dev eth0 weight 1"]),
    (f"del {P}", []),
    (f"add unreachable {P}", [f"unreachable {P} dev lo {TAIL}"]),
    (f"append {P} via fd77::2", None),
    (f"append {P} via fd77::3", [f"unreachable {P} dev lo {TAIL}", f"{P} via fd77::3 dev eth0 {TAIL}"]),
    (f"del {P} metric 1024", [f"{P} via fd77::3 dev eth0 {TAIL}"]),
    (f"replace {P} via fd77::3 pref high mtu 1400 hoplimit 9 src {ADDRESS6}",
     [f"{P} via fd77::3 dev eth0 src {ADDRESS6} metric 1024 mtu 1400 hoplimit 9 pref high"]),
    (f"replace {P} dev eth1", [f"{P} dev eth1 {TAIL}"]),     # of another kind, where none of its kind is
    (f"append {P} dev eth0", [f"{P} dev eth1 {TAIL}", f"{P} dev eth0 {TAIL}"]),
    (f"change {P} via fd77::9", [f"{P} via fd77::9 dev eth0 {TAIL}", f"{P} dev eth0 {TAIL}"]),
]


def test_several_routes_of_a_prefix(routes):
    for command, says in CHANGES:
        routes.ip(f"-6 route {command}", check=says is not None)
        if says is not None:
            assert shown(routes, P) == says, command


TOLD = [
    (f"add {P} nexthop via {PEER6} nexthop via {FAR}",
     f"{P} {TAIL} nexthop via {PEER6} dev eth0 weight 1 nexthop via {FAR} dev eth1 weight 1"),
    (f"append {P} via fd77::4", f"{P} {TAIL} nexthop via fd77::4 dev eth0 weight 1"
     f" nexthop via {PEER6} dev eth0 weight 1 nexthop via {FAR} dev eth1 weight 1"),
    (f"replace {P} via fd77::9", f"{P} via fd77::9 dev eth0 {TAIL}"),
    (f"append {P} nexthop via fd77::a nexthop via fd77::b",
     f"{P} {TAIL} nexthop via fd77::9 dev eth0 weight 1 nexthop via fd77::a dev eth0 weight 1"
     " nexthop via fd77::b dev eth0 weight 1"),
    (f"del {P} via fd77::a", f"Deleted {P} via fd77::a dev eth0 {TAIL}"),
    (f"del {P}", f"Deleted {P} {TAIL} nexthop via fd77::9 dev eth0 weight 1 nexthop via fd77::b dev eth0 weight 1"),
]


def test_listeners_are_told(routes):
    process = routes.start(["ip", "-6", "-o", "monitor", "route"])
    try:
        time.sleep(0.3)
        for command, _ in TOLD:
            routes.ip(f"-6 route {command}")
        time.sleep(0.2)
    finally:
        process.terminate()
        out = process.communicate()[0].decode()
        routes._running.remove(process)
    got = [" ".join(line.replace("\\", " ").split()) for line in out.splitlines() if P in line]
    assert got == [says for _, says in TOLD]


FLAGS = [   # of a request; of what listeners hear
    (f"add {P} via fd77::9", 0x600),
    (f"append {P} via fd77::a", 0xc00),
    (f"append {P} dev eth0", 0xc00),
    (f"replace {P} via fd77::b", 0x100),
    (f"replace {P} via fd77::b metric 9", 0x600),
    (f"append {P} via fd77::b metric 10", 0xe00),
    (f"change {P} dev eth1 metric 10", 0x100),
    (f"replace {P} metric 11 nexthop via fd77::4 nexthop via fd77::5", 0x100),
    (f"append {P} metric 12 nexthop via fd77::4 nexthop via fd77::5", 0xc00),
    (f"add {P} metric 13 nexthop via fd77::4 nexthop via fd77::5", 0x400),
]


def test_flags_say_what_came_of_a_request(routes):
    with routes.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.bind((0, 1 << nl.RTNLGRP_IPV6_ROUTE - 1))
        sock.settimeout(3)
        for command, flags in FLAGS:
            routes.ip(f"-6 route {command}")
            heard, = nl.messages(sock.recv(1 << 16))
            assert (heard.kind, hex(heard.flags)) == (nl.RTM_NEWROUTE, hex(flags)), command


WAYS = [
    (f"{PEER6}", f"{PEER6} from :: dev eth0 proto kernel src {ADDRESS6} metric 256 pref medium"),
    (f"{ADDRESS6}", f"local {ADDRESS6} from :: dev lo table local proto kernel src {ADDRESS6} metric 0 pref medium"),
    ("::1", "local ::1 from :: dev lo table local proto kernel src ::1 metric 0 pref medium"),
    ("2001:db8:1::1", f"2001:db8:1::1 from :: via {PEER6} dev eth0 src {ADDRESS6} metric 100 pref medium"),
    ("2001:db8:1::1 oif eth1", "2001:db8:1::1 from :: via fd78::8 dev eth1 src fd78::2 metric 300 pref high"),
    ("2001:db8:2::1", "RTNETLINK answers: No route to host"),
    ("2001:db8:3::1", "RTNETLINK answers: Permission denied"),
    ("2001:db8:4::1", "RTNETLINK answers: Invalid argument"),
    ("2001:db8:5::1", "RTNETLINK answers: Network is unreachable"),
    ("2001:db8:6::1", "RTNETLINK answers: Network is unreachable"),
    ("2001:db8:7::1 from 2001:db8:77::1 iif eth0",
     f"2001:db8:7::1 from 2001:db8:77::1 via {PEER6} dev eth0 metric 1024 iif eth0 pref medium"),
    ("ff02::1 oif eth1",
     "multicast ff02::1 from :: dev eth1 table local proto kernel src fe80::ff:fe00:3 metric 256 pref medium"),
    ("fe80::77 oif eth1", "fe80::77 from :: dev eth1 proto kernel src fe80::ff:fe00:3 metric 256 pref medium"),
    ("fibmatch 2001:db8:1::1", f"2001:db8:1::/48 via {PEER6} dev eth0 metric 100 pref medium"),
]


def test_which_way_it_is(routes):
    for command in (f"2001:db8:1::/48 via {PEER6} metric 100", "2001:db8:1::/48 via fd78::9 metric 200",
                    "2001:db8:1::/48 via fd78::8 metric 300 pref high", "unreachable 2001:db8:2::/48",
                    "prohibit 2001:db8:3::/48", "blackhole 2001:db8:4::/48", "throw 2001:db8:5::/48",
                    f"from 2001:db8:77::/48 2001:db8:7::/48 via {PEER6}"):
        routes.ip(f"-6 route add {command}")
    got = []
    for question, _ in WAYS:
        done = routes.ip(f"-6 route get {question}", check=False)
        got.append(" ".join((done.stdout or done.stderr).split()))
    assert got == [says for _, says in WAYS]


def test_rules(routes):
    for rule in ("from fd77::/16 lookup 100", "fwmark 5/0xf lookup 200 pref 50",
                 "to 2001:db8::/32 ipproto udp dport 53-99"
                 " lookup 100 pref 60", "not iif eth7 prohibit pref 70", "pref 80 goto 32766",
                 "lookup main suppress_prefixlength 0 pref 90"):
        routes.ip(f"-6 rule add {rule}")
    assert [" ".join(line.split()) for line in routes.ip("-6 rule").stdout.splitlines()] == [
        "0: from all lookup local",
        "50: from all fwmark 0x5/0xf lookup 200",
        "60: from all to 2001:db8::/32 ipproto udp dport 53-99 lookup 100",
        "70: not from all iif eth7 [detached] prohibit",
        "80: from all goto 32766",
        "90: from all lookup main suppress_prefixlength 0",
        "32765: from fd77::/16 lookup 100",
        "32766: from all lookup main",
    ]
    assert routes.ip_error("-6 rule add pref 10 goto 5") == "Error: Backward goto not supported."
    assert routes.ip_error("-6 rule del pref 5") == "RTNETLINK answers: No such file or directory"
    routes.ip("-6 rule del pref 70")
    routes.ip("-6 rule del pref 80")
    routes.ip(f"-6 route add default via {PEER6} table 100")
    assert routes.ip("-6 route get 2001:db9::1 from fd77::2").stdout.split()[:8] == [
        "2001:db9::1", "from", "fd77::2", "via", PEER6, "dev", "eth0", "table"]


def send(stack, what):
    stack.port.send(frame6(PEER_MAC, OURS, what))


def echo(dst, src=PEER6):
    return ipv6(src, dst, ICMPV6, echo6(src, dst, 7, 1, b"x" * 8))


REJECTS = [("unreachable", 0), ("prohibit", 1), ("blackhole", None)]


@pytest.mark.parametrize("kind, code", REJECTS)
def test_what_a_router_says(routes, kind, code):
    routes.ip(f"-6 neigh replace {PEER6} lladdr {PEER_MAC} dev eth0")
    routes.ip(f"-6 route add {kind} {P}")
    routes.port.clear()
    send(routes, echo("2001:db8:c::1"))
    if code is None:
        routes.port.silence(is_icmp6(DEST_UNREACH), 0.3)
        return
    assert icmp6_of(routes.port.expect(is_icmp6(DEST_UNREACH))).code == code


def test_a_path_mtu_is_learnt(routes):
    routes.ip(f"-6 neigh replace {PEER6} lladdr {PEER_MAC} dev eth0")
    routes.ip(f"-6 route add {P} via {PEER6}")
    for mtu, says in ((1279, False), (1400, True)):
        quoted = ipv6(ADDRESS6, "2001:db8:c::1", ICMPV6, echo6(ADDRESS6, "2001:db8:c::1", 7, 1, b"x" * 1200))
        send(routes, ipv6(PEER6, ADDRESS6, ICMPV6,
                          icmp6(PEER6, ADDRESS6, PKT_TOOBIG, 0, mtu.to_bytes(4, "big") + quoted)))
        time.sleep(0.1)
        assert ("mtu 1400" in routes.ip("-6 route get 2001:db8:c::1").stdout) == says
    cached = shown(routes, "cache")
    assert len(cached) == 1 and cached[0].startswith(f"2001:db8:c::1 via {PEER6} dev eth0 metric 1024 expires ")
    assert cached[0].endswith("sec mtu 1400 pref medium")
    routes.ip("-6 route flush cache")
    assert "mtu" not in routes.ip("-6 route get 2001:db8:c::1").stdout


VIA6 = [
    ("a gateway that is nowhere", "via inet6 3fff::2", "RTNETLINK answers: No route to host"),
    ("a link-local gateway without a device", "via inet6 fe80::2", "Error: Egress device not specified."),
    ("a gateway that is ours", f"via inet6 {ADDRESS6}", "Error: Gateway can not be a local address."),
    ("a group", "via inet6 ff02::1 dev eth0", "Error: Invalid gateway address."),
    ("one that is on the link", f"via inet6 {PEER6}", ""),
    ("one that is link-local", f"via inet6 {PEER_LINKLOCAL} dev eth0", ""),
]


@pytest.mark.parametrize("gateway, says", [pytest.param(*r[1:], id=r[0]) for r in VIA6])
def test_ipv4_by_an_ipv6_neighbour(routes, gateway, says):
    """RFC 8950."""
    assert routes.ip_error(f"route add 10.99.0.0/16 {gateway}") == says
    if says:
        return
    try:
        routes.ip(f"-6 neigh replace {gateway.split()[2]} lladdr {PEER_MAC} dev eth0")
        routes.port.clear()
        with routes.udp() as sock:
            for _ in range(3):
                sock.sendto(b"hello", ("10.99.0.1", 5000))
        for _ in range(3):
            frame = routes.port.expect(match(IP, dst="10.99.0.1"))
            assert frame.raw[:6].hex(":") == PEER_MAC and frame.raw[12:14] == b"\x08\x00"
    finally:
        routes.ip("route del 10.99.0.0/16")
