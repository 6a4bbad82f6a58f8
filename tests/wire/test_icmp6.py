# SPDX-License-Identifier: BSD-2-Clause
"""ICMPv6: errors told and never told, how many, and what those that come do.  RFC 4443 2.4, 3; RFC 8201; RFC 4861 8."""

import errno
import socket
import struct
import time

import pytest

from lab.packets import checksum
from lab.packets6 import (ALL_NODES, DEST_UNREACH, DSTOPTS, ECHO_REQUEST, ICMPV6, NS, PARAMPROB, PKT_TOOBIG, REDIRECT,
                          ROUTER, SLLA, TIME_EXCEED, TLLA, UDP, addr6, echo6, frame6, icmp6, icmp6_of, ipv6, is_icmp6,
                          mac6, nd_option, ns, pseudo6, redirect, text6)
from lab.stack import ADDRESS6, LINKLOCAL, PEER6, PEER_MAC

M2 = "02:00:00:00:aa:02"
FAR = "2001:db8:1::1"
GATEWAY = "fe80::77:1"
NO_LIMITS = {"net.ipv6.icmp.ratelimit": 0, "net.ipv4.icmp_msgs_per_sec": 100000, "net.ipv4.icmp_msgs_burst": 100000}
pytestmark = pytest.mark.stack(ipv6=True, sysctls=NO_LIMITS)


def udp6(src, dst, payload=b"hello", sport=1000, dport=9):
    head = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    value = checksum(pseudo6(src, dst, 8 + len(payload), UDP) + head + payload) or 0xffff
    return head[:6] + struct.pack("!H", value) + payload


def know(stack, *addresses, dev="eth0"):
    for address in addresses:
        stack.ip(f"neigh replace {address} lladdr {PEER_MAC} dev {dev} nud permanent")


def put(stack, packet, dst_mac=None):
    stack.port.clear()
    stack.port.send(frame6(PEER_MAC, dst_mac or stack.mac, packet))


def is_error(frame):
    message = icmp6_of(frame)
    return message is not None and message.kind < 128


def told(stack):
    got = icmp6_of(stack.port.expect(is_error))
    assert got.csum_ok and got.hlim == 64 and got.tclass == 0
    return got


# ---- told by a host --------------------------------------------------------

OPTION = bytes([UDP, 0, 0, 4, 0, 0, 0, 0])


@pytest.mark.parametrize("what, packet, kind, code, value", [
    ("a port where nobody is", lambda: ipv6(PEER6, ADDRESS6, UDP, udp6(PEER6, ADDRESS6), tclass=0xb8), DEST_UNREACH, 4,
     0),
    ("a protocol that nobody speaks", lambda: ipv6(PEER6, ADDRESS6, 200, b"12345678"), PARAMPROB, 1, 6),
    ("an option that nobody knows", lambda: ipv6(PEER6, ADDRESS6, DSTOPTS, bytes([UDP, 0, 0x80, 4]) + bytes(4) +
                                                 udp6(PEER6, ADDRESS6)), PARAMPROB, 2, 42),
])
def test_what_a_host_tells(stack, what, packet, kind, code, value):
    know(stack, PEER6)
    sent = packet()
    put(stack, sent)
    got = told(stack)
    assert (got.src, got.dst, got.kind, got.code, got.rest) == (ADDRESS6, PEER6, kind, code, struct.pack("!I", value))
    assert got.body == sent


def test_an_error_quotes_what_fits_into_the_least_mtu(stack):
    know(stack, PEER6)
    sent = ipv6(PEER6, ADDRESS6, UDP, udp6(PEER6, ADDRESS6, bytes(1400)))
    put(stack, sent)
    assert told(stack).body == sent[:1280 - 48]


@pytest.mark.parametrize("what, packet, mac", [
    ("from nobody", lambda: ipv6("::", ADDRESS6, UDP, udp6("::", ADDRESS6)), None),
    ("from a group", lambda: ipv6("ff02::5", ADDRESS6, UDP, udp6("ff02::5", ADDRESS6)), None),
    ("to a group", lambda: ipv6(PEER6, ALL_NODES, UDP, udp6(PEER6, ALL_NODES)), mac6(ALL_NODES)),
    ("in a frame to a group", lambda: ipv6(PEER6, ADDRESS6, UDP, udp6(PEER6, ADDRESS6)), mac6(ALL_NODES)),
    ("an error", lambda: ipv6(PEER6, ADDRESS6, ICMPV6, icmp6(PEER6, ADDRESS6, 1, 4, payload=bytes(48))), None),
    ("an unknown error", lambda: ipv6(PEER6, ADDRESS6, ICMPV6, icmp6(PEER6, ADDRESS6, 100, payload=bytes(48))), None),
    ("a wrong checksum", lambda: ipv6(PEER6, ADDRESS6, ICMPV6, echo6(PEER6, ADDRESS6, csum=0x4711)), None),
])
def test_about_what_nobody_is_told(stack, what, packet, mac):
    know(stack, PEER6)
    put(stack, packet(), mac)
    stack.port.silence(lambda f: icmp6_of(f) is not None and icmp6_of(f).kind in (1, 2, 3, 4, 129), during=0.15)


@pytest.mark.stack(ipv6=True, sysctls={"net.ipv6.icmp.ratelimit": 1000})
def test_a_host_gets_six_at_once_and_then_one_by_one(stack):
    know(stack, PEER6, "fd77::3")
    for host in (PEER6, "fd77::3"):
        stack.port.clear()
        for _ in range(30):
            stack.port.send(frame6(PEER_MAC, stack.mac, ipv6(host, ADDRESS6, UDP, udp6(host, ADDRESS6))))
        time.sleep(0.15)
        assert len(stack.port.collect(is_icmp6(DEST_UNREACH, dst=host))) == 6
    stack.port.clear()
    for _ in range(44):
        stack.port.send(frame6(PEER_MAC, stack.mac, ipv6(PEER6, ADDRESS6, UDP, udp6(PEER6, ADDRESS6))))
        time.sleep(0.05)
    assert len(stack.port.collect(is_icmp6(DEST_UNREACH, dst=PEER6))) in (2, 3)


# ---- told by a router ------------------------------------------------------

@pytest.mark.stack(ipv6=True, devs=2, sysctls={**NO_LIMITS, "net.ipv6.conf.all.forwarding": 1})
@pytest.mark.parametrize("what, prepare, dst, fields, kind, code, value", [
    ("no route", [], "3001::1", {}, DEST_UNREACH, 0, 0),
    ("an unreachable one", ["-6 route add unreachable 2001:dead::/32"], "2001:dead::1", {}, DEST_UNREACH, 0, 0),
    ("a prohibited one", ["-6 route add prohibit 2001:dead::/32"], "2001:dead::1", {}, DEST_UNREACH, 1, 0),
    ("the last hop", [], "fd78::9", dict(hlim=1), TIME_EXCEED, 0, 0),
    ("a narrow link", ["link set eth1 mtu 1300"], "fd78::9", dict(size=1400), PKT_TOOBIG, 0, 1300),
])
def test_what_a_router_tells(stack, what, prepare, dst, fields, kind, code, value):
    stack.ip(f"-6 route add 2001:db8:1::/48 via {GATEWAY} dev eth0")
    know(stack, GATEWAY)
    for words in prepare:
        stack.ip(words)
    put(stack, ipv6(FAR, dst, UDP, udp6(FAR, dst, bytes(fields.get("size", 8))), hlim=fields.get("hlim", 64)))
    got = told(stack)
    assert (got.src, got.dst, got.kind, got.code, got.rest) == (ADDRESS6, FAR, kind, code, struct.pack("!I", value))


@pytest.mark.stack(ipv6=True, devs=2, sysctls={**NO_LIMITS, "net.ipv6.conf.all.forwarding": 1,
                                               "net.ipv6.neigh.eth1.retrans_time_ms": 100})
def test_a_router_tells_that_nobody_answers(stack):
    stack.ip(f"-6 route add 2001:db8:1::/48 via {GATEWAY} dev eth0")
    know(stack, GATEWAY)
    put(stack, ipv6(FAR, "fd78::99", UDP, udp6(FAR, "fd78::99")))
    got = told(stack)
    assert (got.src, got.dst, got.kind, got.code) == (ADDRESS6, FAR, DEST_UNREACH, 3)


@pytest.mark.stack(ipv6=True, sysctls={**NO_LIMITS, "net.ipv6.conf.all.forwarding": 1})
def test_a_router_tells_of_a_shorter_way(stack):
    better = "fe80::9"
    stack.ip(f"-6 route add 2001:db8:1::/48 via {better} dev eth0")
    know(stack, PEER6, better)
    sent = ipv6(PEER6, FAR, UDP, udp6(PEER6, FAR))
    put(stack, sent)
    got = icmp6_of(stack.port.expect(is_icmp6(REDIRECT)))
    assert (got.src, got.dst, got.hlim, got.code, got.csum_ok) == (LINKLOCAL, PEER6, 255, 0, True)
    assert (text6(got.body[:16]), text6(got.body[16:32])) == (better, FAR)
    assert got.lladdr(TLLA) == PEER_MAC
    kind, quoted = got.options()[1]
    assert kind == 4 and quoted[6:6 + len(sent) // 8 * 8 - 8].startswith(sent[:6])
    for _ in range(30):
        stack.port.send(frame6(PEER_MAC, stack.mac, sent))
    time.sleep(0.2)
    assert len(stack.port.collect(is_icmp6(REDIRECT))) < 10, "not again and again"


# ---- heard -----------------------------------------------------------------

def gate(stack):
    stack.ip(f"-6 route add default via {GATEWAY} dev eth0")
    know(stack, GATEWAY)


def way_to(stack, address):
    return stack.ip_json(f"-6 route get {address}")[0]


@pytest.mark.parametrize("what, src, target, taken", [
    ("to a better router", GATEWAY, "fe80::9", True),
    ("to the destination itself", GATEWAY, FAR, True),
    ("by somebody else", "fe80::77:2", "fe80::9", False),
    ("from beyond the link", PEER6, "fe80::9", False),
    ("to a router that is no neighbour", GATEWAY, "2001:db8:9::9", False),
])
def test_a_redirect_of_the_first_hop_is_obeyed(stack, what, src, target, taken):
    gate(stack)
    sock = stack.socket(socket.AF_INET6)
    sock.sendto(b"x", (FAR, 9))
    quoted = ipv6(ADDRESS6, FAR, UDP, udp6(ADDRESS6, FAR))
    stack.port.send(redirect(src, ADDRESS6, target, FAR, tlla=M2, src_mac=PEER_MAC, dst_mac=stack.mac))
    time.sleep(0.1)
    way = way_to(stack, FAR)
    assert way.get("gateway", FAR) == (target if taken else GATEWAY), way
    assert way_to(stack, "2001:db8:1::2")["gateway"] == GATEWAY
    assert stack.lladdr(target) == (M2 if taken else None)
    sock.close()


def quoting(packet):
    return nd_option(4, bytes(6) + packet)


def quoting(packet):
    return nd_option(4, bytes(6) + packet)


def datagram(port, dst=FAR):
    return ipv6(ADDRESS6, dst, UDP, udp6(ADDRESS6, FAR, sport=port))


def ping(src=ADDRESS6, dst=FAR):
    return ipv6(src, dst, ICMPV6, echo6(src, dst))


@pytest.mark.parametrize("what, packet, bound, taken", [
    ("a datagram of a socket of the device", datagram, "eth0", True),
    ("of one of another device", datagram, "lo", False),
    ("of one of no device", datagram, "", False),
    ("a datagram of no socket", lambda port: datagram(port ^ 1), "eth0", False),
    ("a packet that goes elsewhere", lambda port: datagram(port, "2001:db8:1::2"), "eth0", True),
    ("an echo request", lambda port: ping(), "", True),
    ("one that goes elsewhere", lambda port: ping(dst=PEER6), "", True),
    ("one that is not ours", lambda port: ping(src="2001:db8:1::2"), "", True),
    ("one that is cut", lambda port: ping()[:44], "", True),
    ("a segment of no connection", lambda port: ipv6(ADDRESS6, FAR, 6, bytes(20)), "", False),
    ("a protocol that nobody knows", lambda port: ipv6(ADDRESS6, FAR, 253, bytes(16)), "", False),
    ("less than its ports", lambda port: ipv6(ADDRESS6, FAR, UDP, bytes(2)), "eth0", False),
])
def test_a_redirect_that_quotes(stack, what, packet, bound, taken):
    gate(stack)
    sock = stack.socket(socket.AF_INET6)
    sock.bind(("::", 6200))
    if bound:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, bound.encode())
    stack.port.send(redirect(GATEWAY, ADDRESS6, "fe80::9", FAR, tlla=M2, options=quoting(packet(6200)),
                             src_mac=PEER_MAC, dst_mac=stack.mac))
    time.sleep(0.1)
    assert way_to(stack, FAR)["gateway"] == ("fe80::9" if taken else GATEWAY), what
    assert stack.lladdr("fe80::9") == (M2 if taken else None)
    sock.close()


def test_who_obeys_none(stack):
    gate(stack)
    stack.conf(family="ipv6", accept_redirects=0)
    stack.port.send(redirect(GATEWAY, ADDRESS6, "fe80::9", FAR, tlla=M2, src_mac=PEER_MAC, dst_mac=stack.mac))
    time.sleep(0.1)
    assert way_to(stack, FAR)["gateway"] == GATEWAY


def told_to_go_by(stack, better):
    stack.port.send(redirect(GATEWAY, ADDRESS6, better, FAR, tlla=M2, src_mac=PEER_MAC, dst_mac=stack.mac))


def told_of_a_narrow_path(stack, mtu=1400):
    quoted = ipv6(ADDRESS6, FAR, ICMPV6, echo6(ADDRESS6, FAR))
    put(stack, ipv6(GATEWAY, ADDRESS6, ICMPV6, icmp6(GATEWAY, ADDRESS6, PKT_TOOBIG, 0, struct.pack("!I", mtu), quoted)))


@pytest.mark.stack(ipv6=True, sysctls={"net.ipv6.neigh.eth0.retrans_time_ms": 100})
@pytest.mark.parametrize("what", ["a better router", "a narrow path"])
def test_what_was_told_is_forgotten_if_nobody_answers_there(stack, what):
    """RFC 4861 7.3.3: the next hop is chosen anew."""
    gate(stack)
    if what == "a better router":
        told_to_go_by(stack, "fe80::9")
    else:
        told_of_a_narrow_path(stack)
    time.sleep(0.1)
    assert FAR in stack.ip("-6 route show cache").stdout
    nexthop = "fe80::9" if what == "a better router" else GATEWAY
    stack.ip(f"-6 neigh del {nexthop} dev eth0")
    sock = stack.socket(socket.AF_INET6)
    sock.sendto(b"x", (FAR, 9))
    stack.port.expect(is_icmp6(NS, target=nexthop))
    time.sleep(0.8)
    assert stack.ip("-6 route show cache").stdout.strip() == ""
    assert way_to(stack, FAR)["gateway"] == GATEWAY
    sock.close()


def error_about(kind, code, value, quoted):
    return ipv6("2001:db8:ffff::1", ADDRESS6, ICMPV6,
                icmp6("2001:db8:ffff::1", ADDRESS6, kind, code, struct.pack("!I", value), quoted))


@pytest.mark.parametrize("kind, code, error", [(DEST_UNREACH, 4, errno.ECONNREFUSED), (DEST_UNREACH, 1, errno.EACCES),
                                               (PARAMPROB, 1, errno.EPROTO)])
def test_who_sent_it_hears_of_it(stack, kind, code, error):
    gate(stack)
    sock = stack.socket(socket.AF_INET6)
    sock.connect((FAR, 9))
    port = sock.getsockname()[1]
    sock.send(b"x")
    put(stack, error_about(kind, code, 0, ipv6(ADDRESS6, FAR, UDP, udp6(ADDRESS6, FAR, b"x", sport=port))))
    time.sleep(0.1)
    with pytest.raises(OSError) as raised:
        sock.send(b"y")
    assert raised.value.errno == error
    sock.close()


def test_a_packet_that_was_too_big_makes_the_path_narrower(stack):
    gate(stack)
    sock = stack.socket(socket.AF_INET6)
    sock.connect((FAR, 9))
    port = sock.getsockname()[1]
    sock.send(bytes(1400))
    put(stack, error_about(PKT_TOOBIG, 0, 1350, ipv6(ADDRESS6, FAR, UDP, udp6(ADDRESS6, FAR, bytes(1000), sport=port))))
    time.sleep(0.1)
    got = stack.run(["ip", "-6", "route", "get", FAR]).stdout
    assert "mtu 1350" in got, got
    sock.close()
