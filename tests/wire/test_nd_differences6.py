# SPDX-License-Identifier: BSD-2-Clause
"""Where nethood differs from the kernel on purpose, in Neighbour Discovery: docs/DIFFERENCES.md, D7, D8, D10, D11, D14.

Each script runs on the kernel, on nethood in the profile linux, and in strict.
"""

import errno
import socket
import struct
import time

import pytest

from lab.facts import drops
from lab.packets6 import (DSTOPTS, ICMPV6, NA, NS, OVERRIDE, PARAMPROB, REDIRECT, ROUTE, SLLA, SOLICITED, TLLA, addr6,
                          frame6, icmp6, icmp6_of, ipv6, is_icmp6, na, nd_option, ns, prefix_option, ra, redirect)
from lab.stack import ADDRESS6, PEER6, PEER_MAC

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
OURS = "02:00:00:00:00:02"
ROOM, MORE = 1024, 1100                 # gc_thresh3
pytestmark = pytest.mark.stack(ipv6=True)


def entry(side, address=PEER6):
    return side.table().get(address)


def settled(side, want, address=PEER6):
    time.sleep(0.1)
    assert entry(side, address) == want[side.side], side.state_text()


def send(side, address=PEER6):
    sock = side.socket(socket.AF_INET6)
    sock.sendto(b"hello", (address, 5000))
    sock.close()


def claim(side, flags, mac=M2, address=PEER6):
    side.port.send(na(address, ADDRESS6, address, flags, tlla=mac, src_mac=M2, dst_mac=OURS))


def both(answer):
    return {"kernel": answer[0], "linux": answer[1], "strict": answer[1]}


# ---- D7: a sweep of a /64 --------------------------------------------------

def sweep(count):
    """In the stack: a datagram to each of so many who are not there; how many were refused."""
    failed = 0
    for i in range(count):
        if i % 100 == 0:                # what waits counts against its socket's buffer
            sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        try:
            sock.sendto(b"x", ("fd77::5:%x" % i, 9))
        except OSError:
            failed += 1
    return failed


@pytest.mark.stack(ipv6=True, whole_table=True)
def test_d7_a_sweep_of_a_prefix_fills_the_table(side):
    newcomer = "fd77::77"
    side.ip(f"neigh replace {PEER6} lladdr {PEER_MAC} dev eth0 nud reachable")
    start = time.monotonic()
    side.call(sweep, MORE, timeout=60)
    unresolved = sum(state == "INCOMPLETE" for state, _ in side.table().values())
    assert time.monotonic() < start + 2.5, "the machine is too slow: the first questions have ended"
    side.port.clear()
    send(side, PEER6)
    side.port.expect(lambda f: f.raw[:6].hex(":") == PEER_MAC and f.raw[20] == 17, why="who is known is reached")
    try:
        send(side, newcomer)
    except OSError:
        pass
    if side.side == "kernel":
        assert unresolved >= ROOM - 20
        side.port.silence(is_icmp6(NS, target=newcomer), during=0.3)
    else:
        assert unresolved == ROOM // 4, "their own budget"
        side.port.expect(is_icmp6(NS, target=newcomer))
        claim(side, SOLICITED | OVERRIDE, PEER_MAC, newcomer)
        side.wait_nud(newcomer, "REACHABLE")


# ---- D8: senders that cannot be --------------------------------------------

BAD = ["01:00:5e:00:00:05", "00:00:00:00:00:00", OURS]


@pytest.mark.parametrize("mac", BAD)
def test_d8_a_question_from_an_address_that_no_station_has(side, mac):
    side.port.send(ns(PEER6, ADDRESS6, slla=mac, src_mac=M2))
    if side.side == "kernel":
        time.sleep(0.1)
        assert entry(side)[1] == mac
        side.port.expect(is_icmp6(NA, dst=PEER6))
    else:
        side.port.silence(is_icmp6(NA), 0.1)
        assert entry(side) is None
        assert drops(side)["IPV6_NDISC_BAD_LLADDR"] == 1


@pytest.mark.parametrize("mac", BAD)
def test_d8_an_advertisement_of_an_address_that_no_station_has(side, mac):
    side.ip(f"neigh replace {PEER6} lladdr {M1} dev eth0 nud stale")
    claim(side, OVERRIDE, mac)
    settled(side, both((("STALE", mac), ("STALE", M1))))


# ---- D10: a claim that is refused -------------------------------------------

@pytest.mark.stack(ipv6=True, sysctls={"net.ipv6.neigh.eth0.delay_first_probe_time": 1})
def test_d10_a_refused_claim_confirms_nothing(side):
    side.ip(f"neigh replace {PEER6} lladdr {M1} dev eth0 nud stale")
    send(side)
    assert entry(side) == ("DELAY", M1)
    side.port.clear()
    time.sleep(0.4)                     # the kernel compares with when its timer fires, which may be late
    claim(side, SOLICITED)              # without override: RFC 4861 7.2.5 says to ignore it
    assert entry(side) == ("DELAY", M1)
    if side.side == "kernel":
        side.wait_nud(PEER6, "REACHABLE", within=1.6)
        side.port.silence(is_icmp6(NS, target=PEER6), 0.3, "without a question to anybody")
    else:
        asked = icmp6_of(side.port.expect(is_icmp6(NS, target=PEER6), within=1.6))
        assert asked.dst_mac == M1
    assert side.lladdr(PEER6) == M1


# ---- D11: news of a neighbour that failed -----------------------------------

@pytest.mark.parametrize("flags", [OVERRIDE, SOLICITED | OVERRIDE, 0])
@pytest.mark.stack(ipv6=True, sysctls={"net.ipv6.neigh.eth0.retrans_time_ms": 50})
def test_d11_a_neighbour_that_failed_is_heard_again(side, flags):
    send(side)
    side.wait_nud(PEER6, "FAILED", within=1.5)
    claim(side, flags)
    settled(side, {"kernel": ("FAILED", None), "linux": ("FAILED", None), "strict": ("STALE", M2)})


# ---- D14: an answer to no question ------------------------------------------

@pytest.mark.parametrize("was", ["stale", "reachable"])
def test_d14_an_answer_that_nobody_asked_for(side, was):
    side.ip(f"neigh replace {PEER6} lladdr {M1} dev eth0 nud {was}")
    claim(side, SOLICITED | OVERRIDE)
    settled(side, {"kernel": ("REACHABLE", M2), "linux": ("REACHABLE", M2), "strict": ("STALE", M2)})


def test_d14_an_answer_to_a_question_is_one(side):
    side.ip(f"neigh replace {PEER6} lladdr {M1} dev eth0 nud probe")
    side.port.expect(is_icmp6(NS, target=PEER6))
    claim(side, SOLICITED | OVERRIDE)
    settled(side, {name: ("REACHABLE", M2) for name in ("kernel", "linux", "strict")})


# ---- a route option that is too short ---------------------------------------

@pytest.mark.stack(ipv6=True, sysctls={"net.ipv6.conf.eth0.accept_ra_rt_info_max_plen": 128})
def test_a_route_option_that_lacks_its_prefix(side):
    """The kernel takes what follows the option for the rest of the prefix."""
    short = nd_option(ROUTE, struct.pack("!BBI", 48, 0, 600)) + nd_option(200, addr6("fdaa::")[2:8])
    side.port.send(ra("fe80::77:1", src_mac=M1, slla=M1, lifetime=0, options=short))
    time.sleep(0.1)
    made = [r for r in side.ip_json("-6 route") if r["dst"].endswith("/48")]
    assert len(made) == (side.side == "kernel"), made


# ---- a redirect where the route has an MTU -----------------------------------

@pytest.mark.parametrize("mtu, heeded", [("", dict(kernel=True, linux=True, strict=True)),
                                         ("mtu 1400", dict(kernel=False, linux=True, strict=True))])
def test_a_redirect_where_the_route_has_an_mtu(side, mtu, heeded):
    router, better, far = "fe80::77:1", "fe80::77:2", "2001:db8:1::1"
    side.ip(f"-6 route add 2001:db8:1::/48 via {router} dev eth0 {mtu}")
    side.port.send(redirect(router, ADDRESS6, better, far, tlla=M2, src_mac=M1, dst_mac=OURS))
    time.sleep(0.1)
    assert side.ip_json(f"-6 route get {far}")[0]["gateway"] == (better if heeded[side.side] else router)
    assert side.lladdr(better) == M2


# ---- an error about a redirect -------------------------------------------------

def test_an_error_about_a_redirect(side):
    side.ip(f"-6 neigh replace {PEER6} lladdr {M1} dev eth0 nud permanent")
    unknown = bytes([ICMPV6, 0, 0x80, 4]) + bytes(4)     # an option that asks for an error
    side.port.send(frame6(M1, OURS, ipv6(PEER6, ADDRESS6, DSTOPTS, unknown +
                                         icmp6(PEER6, ADDRESS6, REDIRECT, payload=bytes(32)))))
    time.sleep(0.1)
    assert len(side.port.collect(is_icmp6(PARAMPROB))) == (side.side == "kernel")


# ---- who waits beside a stranger ------------------------------------------------

@pytest.mark.stack(ipv6=True, sysctls={"net.ipv6.neigh.eth0.retrans_time_ms": 50, "net.ipv6.conf.all.forwarding": 1})
def test_who_waits_beside_a_stranger(side):
    """Both wait for a neighbour who is not there; the error for the stranger goes by that neighbour, too."""
    side.ip("-6 route add 2001:db8::/32 via fd77::99")
    side.port.send(frame6(M1, OURS, ipv6("2001:db8:1::5", "2001:db8:2::1", 17, bytes([0, 9, 0, 9, 0, 8, 0, 1]))))
    time.sleep(0.02)
    sock = side.socket(socket.AF_INET6)
    sock.setsockopt(socket.IPPROTO_IPV6, 25, 1)     # IPV6_RECVERR
    sock.connect(("2001:db8:3::1", 5000))
    sock.send(b"hello")
    time.sleep(0.4)
    told = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    assert told == (0 if side.side == "kernel" else errno.EHOSTUNREACH)
    sock.close()


# ---- a new peer of an address ---------------------------------------------------

def test_a_new_peer_of_an_address(side):
    side.ip("addr add 2001:db8:7::1 peer 2001:db8:8::1/64 dev eth0 nodad")
    side.ip("addr change 2001:db8:7::1 peer 2001:db8:9::1/64 dev eth0 nodad")
    time.sleep(0.1)

    def ways():
        return sorted(r["dst"] for r in side.ip_json("-6 route") if r["dst"].startswith("2001:db8:"))
    assert ways() == {"kernel": ["2001:db8:7::/64", "2001:db8:8::1", "2001:db8:9::/64"]}.get(
        side.side, ["2001:db8:7::/64", "2001:db8:9::1"])
    side.ip("addr del 2001:db8:7::1/64 dev eth0")
    time.sleep(0.1)
    assert ways() == (["2001:db8:8::1", "2001:db8:9::/64"] if side.side == "kernel" else [])


def test_an_optimistic_address_that_is_anothers(side):
    ours = "2001:db8:7::1"
    side.conf(family="ipv6", optimistic_dad=1)
    side.conf(family="ipv6", dad_transmits=1)
    side.ip(f"addr add {ours}/64 dev eth0 optimistic")
    side.port.expect(is_icmp6(NS, target=ours), within=2)
    side.port.send(na(ours, "ff02::1", ours, OVERRIDE, tlla=M1, src_mac=M1))
    time.sleep(0.1)
    delivered = [r["dst"] for r in side.ip_json("-6 route show table local type local") if r["dst"] == ours]
    assert delivered == ([ours] if side.side == "kernel" else [])
