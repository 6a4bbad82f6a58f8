# SPDX-License-Identifier: BSD-2-Clause
"""Routers: what their advertisements do to a host, and what a router learns from a solicitation.

RFC 4861 6; RFC 4191; RFC 9131; testing.md 6b: RA-SPOOF, ND-HLIM, ND-CODE, ND-OPT0.  Rows on a stack of their own
change it; the others share one, each with a router of its own.
"""

import itertools
import socket
import struct
import threading
import time

import pytest

from lab import netlink as nl
from lab.packets6 import (ALL_ROUTERS, DNSSL, MTU, NA, NS, OVERRIDE, RDNSS, ROUTE, ROUTER, SLLA, SOLICITED, addr6,
                          is_icmp6, lladdr_option, na, nd_frame, nd_option, prefix_option, ra, rs, RA)
from lab.stack import ADDRESS6, LINKLOCAL

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
SHARED = dict(ipv6=True)
_routers = itertools.count(0x100)


def fresh():
    return f"fe80::{next(_routers):x}"


def routes(stack, words="default"):
    return stack.ip_json(f"-6 route show {words}")


def by(stack, router):
    """The default route by @router; None."""
    for route in routes(stack):
        if route.get("gateway") == router or any(h.get("gateway") == router for h in route.get("nexthops", [])):
            return route
    return None


def wait_for(test, within=0.5):
    deadline = time.monotonic() + within
    while not test() and time.monotonic() < deadline:
        time.sleep(0.02)
    return test()


def told(stack, router, **fields):
    stack.port.send(ra(router, src_mac=M1, **fields))
    time.sleep(0.08)


def conf(stack, name):
    return int(stack.sysctl(f"net.ipv6.conf.eth0.{name}"))


def entry(stack, address):
    got = stack.neigh(address)
    return (got.get("lladdr"), got["state"][0] if got.get("state") else "NONE", "router" in got) if got else None


# ---- what must be right --------------------------------------------------

REFUSED = {
    "from an address that is no link-local one": dict(src="2001:db8::1"),
    "hop limit 254": dict(hlim=254),
    "code 1": dict(code=1),
    "a wrong checksum": dict(csum=0x4711),
    "an option of length 0": dict(options=nd_option(MTU, bytes(6), length=0)),
    "an option of length 0 behind good ones": dict(options=prefix_option("fd99::")
                                                   + nd_option(200, bytes(6), length=0)),
    "an option that ends behind the message": dict(options=nd_option(MTU, bytes(6), length=2)),
    "half a prefix": dict(options=prefix_option("fd99::")[:20]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_malformed_advertisement_is_dropped_whole(shared, what):
    fields = dict(REFUSED[what])
    router = fields.pop("src", None) or fresh()
    told(shared, router, slla=M1, **fields)
    assert by(shared, router) is None
    assert entry(shared, router) is None
    assert routes(shared, "fd99::/64") == []


def test_a_short_one_is_dropped(shared):
    router = fresh()
    shared.port.send(nd_frame(RA, router, "ff02::1", rest=b"\x40\x00\x07\x08", body=bytes(4), src_mac=M1))
    time.sleep(0.08)
    assert by(shared, router) is None


# ---- the router itself ---------------------------------------------------

def test_a_router_becomes_a_default_route_for_its_lifetime(shared):
    router = fresh()
    told(shared, router, slla=M1, lifetime=100)
    route = by(shared, router)
    assert (route["dev"], route["protocol"], route["metric"], route["pref"]) == ("eth0", "ra", 1024, "medium")
    assert 95 <= route["expires"] <= 100
    assert entry(shared, router) == (M1, "STALE", True)
    told(shared, router, lifetime=50)
    assert 45 <= by(shared, router)["expires"] <= 50
    told(shared, router, lifetime=0)
    assert by(shared, router) is None
    assert entry(shared, router) == (M1, "STALE", True)


@pytest.mark.parametrize("bits, pref", [(0, "medium"), (1, "high"), (3, "low"), (2, "medium")])
def test_a_router_has_a_preference(shared, bits, pref):
    """RFC 4191 2.2"""
    router = fresh()
    told(shared, router, slla=M1, flags=bits << 3)
    assert by(shared, router)["pref"] == pref
    told(shared, router, slla=M1, flags=1 << 3)
    assert by(shared, router)["pref"] == "high"
    told(shared, router, lifetime=0)


def test_preferences_are_not_believed_if_told_so(shared):
    router = fresh()
    shared.conf(family="ipv6", accept_ra_rtr_pref=0)
    told(shared, router, slla=M1, flags=1 << 3)
    assert by(shared, router)["pref"] == "medium"
    shared.conf(family="ipv6", accept_ra_rtr_pref=1)
    told(shared, router, lifetime=0)


def test_a_router_may_say_nothing_of_its_link_layer_address(shared):
    router = fresh()
    told(shared, router)
    assert by(shared, router)
    assert "lladdr" not in (shared.neigh(router) or {})
    told(shared, router, lifetime=0)


def test_the_metric_is_told_by_sysctl_and_changes_the_route(shared):
    router = fresh()
    told(shared, router, slla=M1)
    shared.conf(family="ipv6", ra_defrtr_metric=512)
    told(shared, router, slla=M1)
    assert by(shared, router)["metric"] == 512
    shared.conf(family="ipv6", ra_defrtr_metric=1024)
    told(shared, router, lifetime=0)
    assert by(shared, router) is None


def test_a_router_that_moves_is_followed(shared):
    router = fresh()
    told(shared, router, slla=M1)
    told(shared, router, slla=M2)
    assert entry(shared, router) == (M2, "STALE", True)
    told(shared, router, lifetime=0)


def test_a_router_that_is_none_any_more_loses_its_routes(shared):
    """RFC 4861 7.3.3"""
    router = fresh()
    told(shared, router, slla=M1, options=nd_option(ROUTE, struct.pack("!BBI", 0, 0, 1800) + b"", length=1))
    shared.conf(family="ipv6", accept_ra_rt_info_max_plen=64)
    told(shared, router, slla=M1, options=nd_option(ROUTE, struct.pack("!BBI", 48, 0, 1800) + addr6("fd9b::")[:8]))
    shared.conf(family="ipv6", accept_ra_rt_info_max_plen=0)
    assert by(shared, router)
    assert routes(shared, "fd9b::/48")
    shared.port.send(na(router, LINKLOCAL, router, SOLICITED | OVERRIDE, tlla=M1, src_mac=M1, dst_mac=shared.mac))
    time.sleep(0.08)
    assert entry(shared, router)[2] is False
    assert by(shared, router) is None
    told(shared, router, lifetime=0)
    shared.ip("-6 route flush fd9b::/48")


@pytest.mark.parametrize("name, value, lifetime, taken", [
    ("accept_ra_defrtr", 0, 1800, False),
    ("accept_ra_defrtr", 1, 1800, True),
    ("accept_ra_min_lft", 100, 99, False),
    ("accept_ra_min_lft", 100, 100, True),
])
def test_a_default_route_is_made_if_it_is_wanted(shared, name, value, lifetime, taken):
    router = fresh()
    before = conf(shared, name)
    shared.conf(family="ipv6", **{name: value})
    told(shared, router, slla=M1, lifetime=lifetime)
    assert bool(by(shared, router)) == taken
    shared.conf(family="ipv6", **{name: before})
    told(shared, router, lifetime=0)


@pytest.mark.parametrize("forwarding, accept, taken", [(0, 0, False), (0, 1, True), (0, 2, True), (1, 0, False),
                                                       (1, 1, False), (1, 2, True)])
def test_a_router_listens_to_others_only_if_told_so(shared, forwarding, accept, taken):
    router = fresh()
    shared.conf(family="ipv6", forwarding=forwarding, accept_ra=accept)
    told(shared, router, slla=M1, options=prefix_option("fd9c::"))
    assert bool(by(shared, router)) == taken
    assert bool(routes(shared, "fd9c::/64")) == taken
    assert entry(shared, router) == (M1, "STALE", True)         # it has spoken, whatever it said
    shared.conf(family="ipv6", forwarding=0, accept_ra=1)
    told(shared, router, lifetime=0, options=prefix_option("fd9c::", valid=0, preferred=0))
    shared.ip("-6 route flush fd9c::/64")
    shared.ip("-6 addr flush to fd9c::/64")


@pytest.mark.parametrize("accept", [0, 1])
def test_we_are_not_our_own_router(shared, accept):
    shared.conf(family="ipv6", accept_ra_from_local=accept)
    told(shared, LINKLOCAL, slla=M1, options=prefix_option("fd9d::"))
    assert by(shared, LINKLOCAL) is None
    assert bool(routes(shared, "fd9d::/64")) == (not accept)    # who cannot be a router, says nothing else either
    shared.conf(family="ipv6", accept_ra_from_local=1)
    told(shared, LINKLOCAL, lifetime=0)
    shared.conf(family="ipv6", accept_ra_from_local=0)
    shared.ip("-6 route flush fd9d::/64")
    shared.ip("-6 addr flush to fd9d::/64")


# ---- the link ------------------------------------------------------------

@pytest.mark.parametrize("least, said, becomes", [(1, 33, 33), (1, 0, 64), (40, 33, 64), (33, 33, 33), (256, 99, 64)])
def test_the_hop_limit_is_the_routers_if_it_is_not_too_small(shared, least, said, becomes):
    router = fresh()
    shared.conf(family="ipv6", accept_ra_min_hop_limit=least, hop_limit=64)
    told(shared, router, slla=M1, hop_limit=said)
    got = conf(shared, "hop_limit")
    shared.conf(family="ipv6", accept_ra_min_hop_limit=1, hop_limit=64)
    told(shared, router, lifetime=0, hop_limit=0)
    assert got == becomes


@pytest.mark.parametrize("said, retrans_ms", [(0, 1000), (2000, 2000), (500, 500), (3, 12), (1, 12)])
def test_the_time_between_questions_is_the_routers(shared, said, retrans_ms):
    shared.neigh_sysctl(family="ipv6", retrans_time_ms=1000)
    router = fresh()
    told(shared, router, slla=M1, retrans=said, lifetime=0)
    got = int(shared.sysctl("net.ipv6.neigh.eth0.retrans_time_ms"))
    shared.neigh_sysctl(family="ipv6", retrans_time_ms=1000)
    # 10 ms at least; the kernel counts in jiffies
    assert got in ((8, 10, 12) if retrans_ms == 12 else (retrans_ms,))


@pytest.mark.parametrize("said, reachable_ms, stale_s", [(0, 30000, 60), (20000, 20000, 60), (40000, 40000, 120),
                                                         (10, 100, 0)])
def test_how_long_a_neighbour_is_reachable_is_the_routers(shared, said, reachable_ms, stale_s):
    shared.neigh_sysctl(family="ipv6", base_reachable_time_ms=30000, gc_stale_time=60)
    router = fresh()
    told(shared, router, slla=M1, reachable=said, lifetime=0)
    got = [int(shared.sysctl(f"net.ipv6.neigh.eth0.{name}")) for name in ("base_reachable_time_ms", "gc_stale_time")]
    shared.neigh_sysctl(family="ipv6", base_reachable_time_ms=30000, gc_stale_time=60)
    assert got == [reachable_ms, stale_s]


@pytest.mark.parametrize("accept, said, becomes", [(1, 1400, 1400), (1, 1280, 1280), (1, 1279, 1500), (1, 1501, 1500),
                                                   (0, 1400, 1500)])
def test_the_mtu_is_the_routers_if_it_fits(shared, accept, said, becomes):
    router = fresh()
    shared.conf(family="ipv6", accept_ra_mtu=accept, mtu=1500)
    told(shared, router, slla=M1, lifetime=0, options=nd_option(MTU, struct.pack("!HI", 0, said)))
    got = conf(shared, "mtu")
    shared.conf(family="ipv6", accept_ra_mtu=1, mtu=1500)
    assert got == becomes


# ---- routes --------------------------------------------------------------

def route_option(prefix, length, pref=0, lifetime=600, octets=16):
    return nd_option(ROUTE, struct.pack("!BBI", length, pref << 3, lifetime) + addr6(prefix)[:octets])


@pytest.mark.parametrize("least, most, option, made", [
    (0, 64, route_option("fdaa::", 48), True),
    (0, 64, route_option("fdaa::", 48, octets=8), True),
    (0, 64, route_option("fdaa::", 64, octets=8), True),
    (0, 128, route_option("fdaa::", 128), True),
    (0, 128, route_option("fdaa::", 129), False),
    (0, 47, route_option("fdaa::", 48), False),
    (49, 64, route_option("fdaa::", 48), False),
    (0, 64, route_option("fdaa::", 48, pref=2), False),
    (0, 64, route_option("fdaa::", 48, lifetime=0), False),
])
def test_routes_by_a_router(shared, least, most, option, made):
    router = fresh()
    shared.ip("-6 route flush root fdaa::/16")
    shared.conf(family="ipv6", accept_ra_rt_info_min_plen=least, accept_ra_rt_info_max_plen=most)
    told(shared, router, slla=M1, options=option)
    got = [r for r in shared.ip_json("-6 route") if r["dst"].startswith("fdaa")]
    assert bool(got) == made
    if made:
        assert [got[0][key] for key in ("gateway", "protocol", "metric", "pref")] == [router, "ra", 1024, "medium"]
        assert 590 <= got[0]["expires"] <= 600
    shared.ip("-6 route flush root fdaa::/16")
    shared.conf(family="ipv6", accept_ra_rt_info_min_plen=0, accept_ra_rt_info_max_plen=0)
    told(shared, router, lifetime=0)


@pytest.mark.parametrize("by_lifetime, stays", [
    (None, ["::/0", "fdaa::/48"]),              # nobody looks
    (1800, ["fdaa::/48"]),
])
def test_who_becomes_a_router_forgets_other_routers(shared, by_lifetime, stays):
    """Default routes, and once a router's lifetime has made one; routes of options stay, as long as they are told to.
    Of what one turn left nothing is looked for in the next, until another router comes."""
    option_router, other = fresh(), fresh()
    shared.conf(family="ipv6", accept_ra_rt_info_max_plen=64, forwarding=0)
    shared.conf(family="ipv6", forwarding=1)    # whatever earlier tests left
    shared.conf(family="ipv6", forwarding=0)
    told(shared, option_router, slla=M1, lifetime=0,
         options=route_option("fdaa::", 48) + route_option("::", 0))
    if by_lifetime:
        told(shared, other, slla=M2, lifetime=by_lifetime)
    assert len(by_ra(shared)) == (3 if by_lifetime else 2)
    for _ in range(2):
        shared.conf(family="ipv6", forwarding=1)
        assert by_ra(shared) == stays
        shared.conf(family="ipv6", forwarding=0)
    shared.conf(family="ipv6", accept_ra_rt_info_max_plen=0)
    shared.ip("-6 route flush proto ra")


def by_ra(shared):
    return sorted(r["dst"].replace("default", "::/0") for r in shared.ip_json("-6 route") if r["protocol"] == "ra")


# ---- options for programs ------------------------------------------------

def listen(seconds):
    import select, time as clock
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    sock.bind((0, 0))
    sock.setsockopt(270, 1, 20)
    got, end = [], clock.monotonic() + seconds
    while select.select([sock], [], [], max(0, end - clock.monotonic()))[0]:
        got.append(sock.recv(65536))
    return got


def test_options_for_programs_are_told_by_netlink(shared):
    router = fresh()
    options = [prefix_option("fd9e::", flags=0), nd_option(RDNSS, struct.pack("!HI", 0, 600) + addr6("fd77::53")),
               nd_option(DNSSL, bytes(14)), nd_option(34, bytes(14)), nd_option(37, b"urn:x"), nd_option(38, bytes(14)),
               nd_option(200, bytes(6)), nd_option(MTU, struct.pack("!HI", 0, 1500))]
    sender = threading.Timer(0.4, lambda: told(shared, router, slla=M1, lifetime=0, options=b"".join(options)))
    sender.start()
    got = shared.call(listen, 1.0)
    sender.join()
    index = shared.ifindex()
    want = [struct.pack("=BxHiBBxxxxxx", 10, len(o), index, RA, 0) + o + struct.pack("=HH", 20, 1) + addr6(router)
            for o in options[:6]]
    assert [m[16:] for m in got] == want
    for message in got:
        assert struct.unpack("=IHHII", message[:16]) == (len(message), 68, 0, 0, 0)


RTM_NEWPREFIX = 52


@pytest.mark.parametrize("flags", [0, 0x40, 0x80, 0xc0, 0xe0, 0xd1])
def test_flags_of_a_prefix_are_told_as_they_came(shared, flags):
    with shared.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.bind((0, 1 << nl.RTNLGRP_IPV6_PREFIX - 1))
        sock.settimeout(1)
        told(shared, fresh(), slla=M1, lifetime=0, options=prefix_option("fd9d::", flags=flags, valid=0, preferred=0))
        heard, = nl.messages(sock.recv(1 << 16))
    assert (heard.kind, hex(heard.body[10])) == (RTM_NEWPREFIX, hex(flags))


@pytest.mark.parametrize("name, value", [("retrans_time_ms", 1000), ("base_reachable_time_ms", 30000),
                                         ("base_reachable_time", 30), ("mcast_solicit", 3)])
def test_times_that_are_written_are_told(shared, name, value):
    with shared.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.bind((0, 1 << nl.RTNLGRP_IPV6_IFINFO - 1))
        shared.sysctl(f"net.ipv6.neigh.eth0.{name}", value)
        sock.settimeout(0.2)
        try:
            heard = [m.kind for m in nl.messages(sock.recv(1 << 16))]
        except TimeoutError:
            heard = []
    assert heard == ([] if name == "mcast_solicit" else [nl.RTM_NEWLINK])


IF_RA_RCVD = 0x20


def test_an_advertisement_before_any_solicitation_leaves_no_mark(shared):
    told(shared, fresh(), slla=M1, lifetime=0)
    got, = nl.ask(shared, nl.message(nl.RTM_GETLINK, nl.NLM_F_REQUEST, struct.pack(
        "=BBHiII", 0, 0, 0, shared.ifindex(), 0, 0)))
    inet6 = nl.attrs(nl.attrs(nl.attrs(got.body[16:])[26])[socket.AF_INET6])
    assert not struct.unpack("=I", inet6[1])[0] & IF_RA_RCVD


# ---- solicitations -------------------------------------------------------

@pytest.mark.parametrize("forwarding, src, options, becomes", [
    (0, None, lladdr_option(SLLA, M1), None),
    (1, None, lladdr_option(SLLA, M1), (M1, "STALE", False)),
    (1, "::", b"", None),
    (1, None, nd_option(SLLA, bytes(14)), None),
    (1, None, nd_option(SLLA, bytes(6), length=0), None),
])
def test_a_router_learns_who_solicits(shared, forwarding, src, options, becomes):
    shared.conf(family="ipv6", forwarding=forwarding)
    host = src or fresh()
    shared.port.send(rs(host, options=options, src_mac=M1))
    time.sleep(0.08)
    got = entry(shared, host)
    shared.conf(family="ipv6", forwarding=0)
    assert got == becomes


def test_who_solicits_is_no_router(shared):
    shared.conf(family="ipv6", forwarding=1)
    host = fresh()
    shared.ip(f"neigh add {host} lladdr {M1} dev eth0 nud stale router")
    shared.port.send(rs(host, slla=M1, src_mac=M1))
    time.sleep(0.08)
    shared.conf(family="ipv6", forwarding=0)
    assert entry(shared, host) == (M1, "STALE", False)
