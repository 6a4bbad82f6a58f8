# SPDX-License-Identifier: BSD-2-Clause
"""An unresolved neighbour is asked for at once, then every retrans_time, then given up.

RFC 826 (the request), RFC 1122 2.3.2.1 (at most one request per second and host by
default), RFC 1122 2.3.2.2 (a packet waits), RFC 4861 7.2.2 and 7.3.3, whose machine
Linux uses for ARP too.  Neighbour specification: transitions of NONE and INCOMPLETE,
defaults (mcast_solicit 3, retrans 1 s), and who hears of the failure.
"""

import errno
import time

import pytest

from lab.frames import (ARP, BROADCAST, IP, UDP, ZERO_MAC, Ether, arp_request, from_mac, icmp,
                        is_arp, is_ip, match, to_mac, udp)
from lab.stack import ADDRESS, PEER, PEER_MAC

NOBODY = "10.77.0.99"
EARLY, LATE = 0.05, 0.5                 # how far a timer may be seen from its time


def send_udp(stack, address, port=5000):
    with stack.udp() as sock:
        sock.sendto(b"hello", (address, port))


def reply(stack, address, mac=PEER_MAC):
    stack.port.send(Ether(src=mac, dst=stack.mac) /
                    ARP(op=2, hwsrc=mac, psrc=address, hwdst=stack.mac, pdst=ADDRESS))


def assert_at(frame, start, seconds):
    at = frame.time - start
    assert seconds - EARLY <= at <= seconds + LATE, f"came at {at:.3f} s, not {seconds:g} s"


# ---- the request ---------------------------------------------------------

REQUEST = [
    ("its destination is the broadcast address", lambda f: f[Ether].dst == BROADCAST),
    ("its source is our address", lambda f: f[Ether].src == "02:00:00:00:00:02"),
    ("its EtherType is ARP", lambda f: f[Ether].type == 0x0806),
    ("its hardware type is Ethernet", lambda f: f[ARP].hwtype == 1),
    ("its protocol type is IPv4", lambda f: f[ARP].ptype == 0x0800),
    ("its hardware addresses have 6 octets", lambda f: f[ARP].hwlen == 6),
    ("its protocol addresses have 4 octets", lambda f: f[ARP].plen == 4),
    ("it says request", lambda f: f[ARP].op == 1),
    ("it gives our hardware address", lambda f: f[ARP].hwsrc == "02:00:00:00:00:02"),
    ("it gives our protocol address", lambda f: f[ARP].psrc == ADDRESS),
    ("its target hardware address is zero", lambda f: f[ARP].hwdst == ZERO_MAC),
    ("it asks for the neighbour", lambda f: f[ARP].pdst == NOBODY),
    ("it is 42 octets long: padding is the device's work", lambda f: len(f.raw) == 42),
]


def test_the_request_has_every_field_right(stack):
    send_udp(stack, NOBODY)
    frame = stack.port.expect(arp_request(NOBODY))
    wrong = [says for says, holds in REQUEST if not holds(frame)]
    assert not wrong, f"{wrong}\n{frame.show()}"


def test_a_packet_to_a_neighbour_behind_a_gateway_asks_for_the_gateway(stack):
    stack.ip(f"route add 192.0.2.0/24 via {NOBODY}")
    send_udp(stack, "192.0.2.7")
    stack.port.expect(arp_request(NOBODY))
    stack.port.silence(arp_request("192.0.2.7"))


def test_the_source_of_the_request_is_that_of_the_waiting_packet(stack):
    stack.ip("addr add 10.77.0.66/24 dev eth0")
    with stack.udp(bind=("10.77.0.66", 0)) as sock:
        sock.sendto(b"hello", (NOBODY, 5000))
        stack.port.expect(arp_request(NOBODY, psrc="10.77.0.66"))


def test_many_packets_to_one_neighbour_cause_one_request(stack):
    with stack.udp() as sock:
        for _ in range(10):
            sock.sendto(b"hello", (NOBODY, 5000))
    assert len(stack.port.collect(arp_request(NOBODY), during=0.3)) == 1


# ---- time ----------------------------------------------------------------

def test_by_default_it_is_asked_at_0_1_2_s_and_failed_at_3_s(stack):
    start = time.monotonic()
    send_udp(stack, NOBODY)
    for seconds in (0, 1, 2):
        assert_at(stack.port.expect(arp_request(NOBODY), 1.6), start, seconds)
        entry = stack.neigh(NOBODY)
        assert entry["state"] == ["INCOMPLETE"], entry
        assert entry["probes"] == 4 + seconds, "probes begin at ucast_solicit: 3"
        assert "lladdr" not in entry, entry
    failed = stack.wait_nud(NOBODY, "FAILED", within=1.6) - start
    assert 3 - EARLY <= failed <= 3 + LATE, f"FAILED at {failed:.3f} s"
    assert stack.neigh(NOBODY)["probes"] == 6
    stack.port.silence(arp_request(NOBODY), 1.2, "after FAILED")


COMPRESSED = [
    ("retrans_time_ms 200: asked every 200 ms", dict(retrans_time_ms=200), [0, .2, .4], .6),
    ("retrans_time_ms 400: asked every 400 ms", dict(retrans_time_ms=400), [0, .4, .8], 1.2),
    ("mcast_solicit 1: asked once", dict(retrans_time_ms=200, mcast_solicit=1), [0], .2),
    ("mcast_solicit 5: asked five times", dict(retrans_time_ms=100, mcast_solicit=5),
     [0, .1, .2, .3, .4], .5),
    ("ucast_solicit 0: broadcasts are the same", dict(retrans_time_ms=100, ucast_solicit=0),
     [0, .1, .2], .3),
    ("ucast_solicit 9: broadcasts are the same", dict(retrans_time_ms=100, ucast_solicit=9),
     [0, .1, .2], .3),
    ("mcast_resolicit 4 does not count here", dict(retrans_time_ms=100, mcast_resolicit=4),
     [0, .1, .2], .3),
]


@pytest.mark.parametrize("says, sysctls, at, failed_at", [pytest.param(*r, id=r[0])
                                                           for r in COMPRESSED])
def test_the_sysctls_rule_the_times(stack, says, sysctls, at, failed_at):
    stack.neigh_sysctl(**sysctls)
    start = time.monotonic()
    send_udp(stack, NOBODY)
    first = None
    for seconds in at:
        frame = stack.port.expect(arp_request(NOBODY), 1.5)
        first = first or frame.time
        assert_at(frame, first, seconds)
        assert frame[Ether].dst == BROADCAST
    failed = stack.wait_nud(NOBODY, "FAILED", within=failed_at + LATE) - start
    assert failed >= failed_at - EARLY, f"FAILED at {failed:.3f} s"
    stack.port.silence(arp_request(NOBODY), 0.3, "after FAILED")


def test_the_retransmission_floor_is_10_ms(stack):
    stack.neigh_sysctl(retrans_time_ms=1, mcast_solicit=20)
    send_udp(stack, NOBODY)
    frames = stack.port.collect(arp_request(NOBODY), count=20)
    span = frames[-1].time - frames[0].time
    assert span >= 19 * 0.010 - 0.02, f"20 requests within {span:.3f} s"


def test_mcast_solicit_0_fails_at_once_and_asks_nobody(stack):
    stack.neigh_sysctl(mcast_solicit=0)
    send_udp(stack, NOBODY)
    stack.port.silence(during=0.3)
    assert stack.nud(NOBODY) == "FAILED"


def test_a_failed_neighbour_is_asked_for_again_when_a_packet_comes(stack):
    stack.neigh_sysctl(retrans_time_ms=100)
    send_udp(stack, NOBODY)
    stack.wait_nud(NOBODY, "FAILED")
    stack.port.clear()
    send_udp(stack, NOBODY)
    stack.port.expect(arp_request(NOBODY, hwdst=ZERO_MAC) & to_mac(BROADCAST))
    assert stack.neigh(NOBODY)["state"] == ["INCOMPLETE"]
    assert stack.neigh(NOBODY)["probes"] >= 4


# ---- success -------------------------------------------------------------

def test_a_reply_makes_it_reachable_and_the_packet_goes(stack):
    send_udp(stack, PEER)
    stack.port.expect(arp_request(PEER))
    stack.port.silence(is_ip, 0.1, "before the reply")
    reply(stack, PEER)
    frame = stack.port.expect(udp(dport=5000) & to_mac(PEER_MAC) & from_mac(stack.mac))
    assert frame.payload() == b"hello"
    entry = stack.neigh(PEER)
    assert entry["state"] == ["REACHABLE"] and entry["lladdr"] == PEER_MAC, entry
    stack.port.silence(arp_request(PEER), 1.2, "after the reply")


def test_a_reply_to_the_second_request_counts_too(stack):
    stack.neigh_sysctl(retrans_time_ms=200)
    send_udp(stack, PEER)
    stack.port.collect(arp_request(PEER), count=2)
    reply(stack, PEER)
    stack.port.expect(udp(dport=5000))
    assert stack.nud(PEER) == "REACHABLE"


def test_a_request_from_the_neighbour_resolves_it_as_stale_and_the_packet_goes(stack):
    send_udp(stack, PEER)
    stack.port.expect(arp_request(PEER))
    stack.port.send(Ether(src=PEER_MAC, dst=BROADCAST) /
                    ARP(op=1, hwsrc=PEER_MAC, psrc=PEER, pdst=ADDRESS))
    stack.port.expect(udp(dport=5000) & to_mac(PEER_MAC))
    assert stack.nud(PEER) == "DELAY", "learned STALE, and in use at once"


def test_a_reply_after_the_failure_changes_nothing(stack):
    stack.neigh_sysctl(retrans_time_ms=100)
    send_udp(stack, PEER)
    stack.wait_nud(PEER, "FAILED")
    stack.port.send(Ether(src=PEER_MAC, dst=stack.mac) /
                    ARP(op=2, hwsrc=PEER_MAC, psrc=PEER, hwdst=stack.mac, pdst=ADDRESS))
    stack.port.silence(is_ip, 0.2, "the packet is gone")


# ---- who hears of the failure --------------------------------------------

def recv_error(sock, timeout):
    sock.settimeout(timeout)
    try:
        sock.recv(100)
    except OSError as error:
        return error.errno or errno.EAGAIN
    return 0


def test_a_connected_socket_hears_nothing_because_the_error_is_a_soft_one(stack):
    """RFC 1122 3.2.2.1: host unreachable may pass; only IP_RECVERR asks for it."""
    stack.neigh_sysctl(retrans_time_ms=100)
    with stack.udp() as sock:
        sock.connect((NOBODY, 5000))
        sock.send(b"hello")
        assert recv_error(sock, 0.6) == errno.EAGAIN
        sock.send(b"hello")


def test_with_ip_recverr_a_connected_socket_hears_ehostunreach_when_its_packet_is_dropped(stack):
    stack.neigh_sysctl(retrans_time_ms=200)
    with stack.udp() as sock:
        sock.setsockopt(0, 11, 1)       # IP_RECVERR
        sock.connect((NOBODY, 5000))
        start = time.monotonic()
        sock.send(b"hello")
        assert recv_error(sock, 3.0) == errno.EHOSTUNREACH
        heard = time.monotonic() - start
        assert 0.6 - EARLY <= heard <= 0.6 + LATE, f"heard after {heard:.3f} s"
        sock.send(b"hello")             # an error is reported once


def test_an_unconnected_socket_hears_nothing(stack):
    stack.neigh_sysctl(retrans_time_ms=100)
    with stack.udp() as sock:
        sock.sendto(b"hello", (NOBODY, 5000))
        assert recv_error(sock, 0.6) == errno.EAGAIN
        assert stack.nud(NOBODY) == "FAILED"
        sock.sendto(b"hello", (NOBODY, 5000))


def test_with_ip_recverr_an_unconnected_socket_hears_it(stack):
    stack.neigh_sysctl(retrans_time_ms=100)
    with stack.udp() as sock:
        sock.setsockopt(0, 11, 1)       # IP_RECVERR
        sock.sendto(b"hello", (NOBODY, 5000))
        assert recv_error(sock, 2.0) == errno.EHOSTUNREACH
        data, cmsgs, flags, who = sock.recvmsg(100, 512, 0x2000)       # MSG_ERRQUEUE
        assert data == b"hello" and who == (NOBODY, 5000)
        level, kind, value = cmsgs[0]
        assert (level, kind) == (0, 11)
        code = int.from_bytes(value[0:4], "little")
        origin, icmp_type, icmp_code = value[4:7]
        assert (code, origin, icmp_type, icmp_code) == (errno.EHOSTUNREACH, 2, 3, 1), value.hex()
        assert value[20:24] == bytes(map(int, ADDRESS.split("."))), "the offender is we ourselves"


def test_every_waiting_socket_hears_it(stack):
    stack.neigh_sysctl(retrans_time_ms=100)
    with stack.udp() as one, stack.udp() as two:
        for sock in (one, two):
            sock.setsockopt(0, 11, 1)   # IP_RECVERR
            sock.connect((NOBODY, 5000))
            sock.send(b"hello")
        assert [recv_error(s, 2.0) for s in (one, two)] == [errno.EHOSTUNREACH] * 2


def test_ping_says_destination_host_unreachable(stack):
    stack.neigh_sysctl(retrans_time_ms=100)
    done = stack.run(["ping", "-c", "1", "-W", "2", NOBODY], check=False)
    assert done.returncode == 1
    assert f"From {ADDRESS} icmp_seq=1 Destination Host Unreachable" in done.stdout, done.stdout


def test_no_icmp_error_about_our_own_packet_is_seen_on_the_wire(stack):
    stack.neigh_sysctl(retrans_time_ms=100)
    send_udp(stack, NOBODY)
    stack.wait_nud(NOBODY, "FAILED")
    stack.port.silence(icmp(), 0.1)


# ---- addresses that need no resolution -----------------------------------

def test_the_limited_broadcast_needs_no_neighbour(stack):
    with stack.udp() as sock:
        sock.setsockopt(1, 6, 1)        # SO_BROADCAST
        sock.sendto(b"hello", ("10.77.0.255", 5000))
        stack.port.expect(match(IP, dst="10.77.0.255") & to_mac(BROADCAST))
        stack.port.silence(is_arp)


def test_a_multicast_address_is_mapped_and_not_asked_for(stack):
    with stack.udp() as sock:
        sock.setsockopt(0, 32, bytes(map(int, ADDRESS.split("."))))    # IP_MULTICAST_IF
        sock.sendto(b"hello", ("239.129.2.3", 5000))
        frame = stack.port.expect(match(UDP, dport=5000))
        assert frame[Ether].dst == "01:00:5e:01:02:03", "RFC 1112 6.4: the low 23 bits"
        assert frame[IP].ttl == 1, "RFC 1112 6.1: a multicast stays near by default"
        stack.port.silence(is_arp)


def test_a_permanent_neighbour_is_not_asked_for(stack):
    stack.ip(f"neigh add {PEER} lladdr {PEER_MAC} dev eth0 nud permanent")
    send_udp(stack, PEER)
    stack.port.expect(udp(dport=5000) & to_mac(PEER_MAC))
    stack.port.silence(is_arp)
    assert stack.nud(PEER) == "PERMANENT"
