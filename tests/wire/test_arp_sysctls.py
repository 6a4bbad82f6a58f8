# SPDX-License-Identifier: BSD-2-Clause
"""The parameters that say whom ARP answers, what it believes, and what it tells unasked.

ip-sysctl: arp_ignore, arp_filter, arp_announce, arp_accept, arp_notify, drop_gratuitous_arp, route_localnet,
arp_evict_nocarrier.  RFC 826, RFC 5227 3.  The stack is 10.77.0.2/24 on eth0 and 10.78.0.2/24 on eth1.
"""

import time

import pytest

from lab import packets
from lab.frames import BROADCAST, ZERO_MAC, ARP, Ether, arp_reply, arp_request, is_arp, match
from lab.stack import ADDRESS, PEER

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
OURS = "02:00:00:00:00:02"
SECOND = "10.78.0.2"                    # of eth1
REQUEST, REPLY = 1, 2

LOOSE = {"net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.eth0.rp_filter": 0, "net.ipv4.conf.eth1.rp_filter": 0}


def arp(stack, op, sip, tip, sha=M1, **fields):
    stack.port.send(packets.arp(op, sip, tip, sha=sha, **fields))


def entry(stack, address):
    return stack.table().get(address)


# ---- arp_ignore -------------------------------------------------------------
# asked on eth0 by an address, for an address: answered with 0, 1, 2, 3, 8?

ASKED = [
    ("the address of the device, by a host of its subnet", PEER, ADDRESS, "01230000"),
    ("the address of another device", PEER, SECOND, "0  3    "),
    ("the address of the device, by a host of another subnet", "10.79.0.1", ADDRESS, "01 3    "),
    ("an address of scope host", PEER, "10.77.0.40", "012     "),
    ("an address of scope link", PEER, "10.97.0.41", "01 3    "),
]


@pytest.mark.stack(devs=2, sysctls=LOOSE)
@pytest.mark.parametrize("value", [0, 1, 2, 3, 4, 7, 8, 9])
def test_arp_ignore(stack, value):
    stack.batch(["addr add 10.77.0.40/32 dev eth0 scope host", "addr add 10.97.0.41/24 dev eth0 scope link",
                 "route add 10.79.0.0/24 dev eth0"])
    stack.conf(arp_ignore=value)
    for says, sip, tip, answered in ASKED:
        arp(stack, REQUEST, sip, tip)
        stack.port.collect(is_arp, 0.03)
    got = {}
    for says, sip, tip, answered in ASKED:
        arp(stack, REQUEST, sip, tip)
        got[says] = bool(stack.port.collect(arp_reply(tip, pdst=sip), 0.06))
    known = value if value in (1, 2, 3, 8) else 0       # others mean 0
    assert got == {says: str(known) in answered[:4] for says, _, _, answered in ASKED}


@pytest.mark.stack(devs=2, sysctls=LOOSE)
def test_arp_ignore_is_the_larger_of_all_and_the_device(stack):
    stack.conf(dev="all", arp_ignore=8)
    arp(stack, REQUEST, PEER, ADDRESS)
    stack.port.silence(is_arp, 0.15)
    stack.conf(dev="all", arp_ignore=0)
    stack.conf(dev="eth0", arp_ignore=8)
    arp(stack, REQUEST, PEER, ADDRESS)
    stack.port.silence(is_arp, 0.15)
    assert entry(stack, PEER) is None, "nor is anything learned"
    stack.conf(dev="eth0", arp_ignore=0)
    arp(stack, REQUEST, PEER, ADDRESS)
    stack.port.expect(arp_reply(ADDRESS))


# ---- arp_filter -------------------------------------------------------------

@pytest.mark.stack(devs=2, sysctls=LOOSE)
@pytest.mark.parametrize("value, answered", [(0, True), (1, False)])
def test_arp_filter_answers_where_the_answer_would_leave(stack, value, answered):
    stack.ip("route add 10.79.0.0/24 dev eth1")         # the way back to who asks on eth0
    stack.conf(arp_filter=value)
    arp(stack, REQUEST, "10.79.0.1", ADDRESS)
    assert bool(stack.port.collect(arp_reply(ADDRESS), 0.15)) == answered
    arp(stack, REQUEST, PEER, ADDRESS)
    stack.port.expect(arp_reply(ADDRESS, pdst=PEER))    # and him in any case
    arp(stack, REQUEST, PEER, SECOND)
    stack.port.expect(arp_reply(SECOND, pdst=PEER))     # also for the address of the other device


# ---- arp_announce -----------------------------------------------------------

ANNOUNCE = [
    # a datagram from @source to 10.77.0.9 asks with @sender, for 0, 1 and 2
    ("10.77.0.2", ("10.77.0.2", "10.77.0.2", "10.77.0.2")),
    ("10.77.0.50", ("10.77.0.50", "10.77.0.50", "10.77.0.2")),         # a second one of the subnet
    ("10.78.0.2", ("10.78.0.2", "10.77.0.2", "10.77.0.2")),            # of the other device
    ("10.99.0.1", ("10.99.0.1", "10.77.0.2", "10.77.0.2")),            # of this one, in another subnet
]


@pytest.mark.stack(devs=2, sysctls=LOOSE)
@pytest.mark.parametrize("value", [0, 1, 2, 3])
@pytest.mark.parametrize("source, senders", ANNOUNCE)
def test_arp_announce_chooses_the_sender(stack, source, senders, value):
    stack.batch(["addr add 10.77.0.50/24 dev eth0", "addr add 10.99.0.1/24 dev eth0"])
    stack.conf(arp_announce=value)
    with stack.udp(bind=(source, 0)) as sock:
        sock.sendto(b"hello", ("10.77.0.9", 5000))
    frame = stack.port.expect(arp_request("10.77.0.9"))
    assert frame[ARP].psrc == senders[value if value < 3 else 0], "what is not known means 0"


# ---- arp_accept -------------------------------------------------------------

FAR = "192.0.2.5"
ACCEPT = [
    # what comes, from which address                                     entry with 0, 1, 2
    ("a gratuitous request", dict(op=REQUEST, tip="S"), PEER, (None, "STALE", "STALE")),
    ("a gratuitous reply", dict(op=REPLY, tip="S", tha=M1), PEER, (None, "STALE", "STALE")),
    ("a unicast reply", dict(op=REPLY, tip=ADDRESS, tha=OURS, dst=OURS), PEER, (None, "REACHABLE", "REACHABLE")),
    ("a broadcast reply", dict(op=REPLY, tip=ADDRESS, tha=OURS), PEER, (None, "STALE", "STALE")),
    ("a request for a third", dict(op=REQUEST, tip="10.77.0.99"), PEER, (None, None, None)),
    ("a gratuitous request from elsewhere", dict(op=REQUEST, tip="S"), FAR, (None, "STALE", None)),
    ("a unicast reply from elsewhere", dict(op=REPLY, tip=ADDRESS, tha=OURS, dst=OURS), FAR, (None, "REACHABLE", None)),
]


@pytest.mark.stack(sysctls={"net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.eth0.rp_filter": 0})
@pytest.mark.parametrize("value", [0, 1, 2, 3])
@pytest.mark.parametrize("says, fields, sip, states", [pytest.param(*r, id=r[0]) for r in ACCEPT])
def test_arp_accept(stack, says, fields, sip, states, value):
    stack.ip(f"route add default via {PEER}")
    stack.conf(arp_accept=value)
    more = {k: v for k, v in fields.items() if k not in ("op", "tip")}
    arp(stack, fields["op"], sip, sip if fields["tip"] == "S" else fields["tip"], **more)
    time.sleep(0.1)
    got = entry(stack, sip)
    state = states[value if value < 3 else 0]       # what is not known means 0
    assert got == (state and (state, M1))


# ---- arp_notify, drop_gratuitous_arp, route_localnet ------------------------

GRATUITOUS = match(ARP, op=1, psrc=ADDRESS, pdst=ADDRESS, hwdst=ZERO_MAC)


@pytest.mark.parametrize("value, told", [(0, False), (1, True)])
def test_arp_notify_tells_where_we_are_when_the_device_comes_up(stack, value, told):
    stack.conf(arp_notify=value)
    stack.ip("link set eth0 down")
    stack.port.clear()
    stack.ip("link set eth0 up")
    seen = stack.port.collect(GRATUITOUS, 0.3)
    assert [f[Ether].dst for f in seen] == ([BROADCAST] if told else [])


@pytest.mark.parametrize("value, told", [(0, False), (1, True)])
def test_arp_notify_tells_our_new_hardware_address(stack, value, told):
    stack.conf(arp_notify=value)
    stack.port.clear()
    stack.ip("link set eth0 address 02:00:00:00:00:55")
    seen = stack.port.collect(GRATUITOUS, 0.3)
    assert [f[ARP].hwsrc for f in seen] == (["02:00:00:00:00:55"] if told else [])


@pytest.mark.parametrize("where", ["eth0", "all"])
@pytest.mark.parametrize("op, tha", [(REQUEST, ZERO_MAC), (REPLY, M2)])
def test_drop_gratuitous_arp(stack, where, op, tha):
    stack.ip(f"neigh add {PEER} lladdr {M1} dev eth0 nud stale")
    stack.conf(dev=where, drop_gratuitous_arp=1)
    arp(stack, op, PEER, PEER, sha=M2, tha=tha)
    time.sleep(0.1)
    assert entry(stack, PEER) == ("STALE", M1)
    stack.conf(dev=where, drop_gratuitous_arp=0)
    arp(stack, op, PEER, PEER, sha=M2, tha=tha)
    time.sleep(0.1)
    assert entry(stack, PEER) == ("STALE", M2)


@pytest.mark.parametrize("value, answered", [(0, False), (1, True)])
def test_route_localnet_lets_arp_speak_of_127(stack, value, answered):
    stack.conf(route_localnet=value)
    arp(stack, REQUEST, PEER, "127.0.0.1")
    assert bool(stack.port.collect(arp_reply("127.0.0.1"), 0.2)) == answered


# ---- arp_evict_nocarrier ----------------------------------------------------

@pytest.mark.parametrize("value", [0, 1])
def test_arp_evict_nocarrier(stack, value):
    """Without a carrier what can be learned again goes, and what somebody has set stays."""
    stack.conf(arp_evict_nocarrier=value)
    stack.batch([f"neigh add 10.77.0.{20 + i} lladdr {M1} dev eth0 {rest}" for i, rest in enumerate(
        ("nud permanent", "nud stale", "nud reachable", "nud noarp", "nud stale extern_learn"))])
    stack.ip("link set eth0 carrier off")
    deadline = time.monotonic() + (2 if value else 1.3)     # the kernel looks at links once a second
    kept = {"10.77.0.20"} if value else {f"10.77.0.{20 + i}" for i in range(5)}
    while time.monotonic() < deadline and (set(stack.table()) != kept or not value):
        time.sleep(0.05)
    assert set(stack.table()) == kept
