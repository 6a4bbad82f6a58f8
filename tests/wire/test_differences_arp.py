# SPDX-License-Identifier: BSD-2-Clause
"""Where nethood differs from Linux on purpose: what it believes of what the wire says.

docs/DIFFERENCES.md, rows D8 to D13, D15 and D17.  Each script runs on the kernel, on nethood in the
profile linux and on nethood in strict, and says for each of them what happens.
"""

import time

import pytest

from lab import packets
from lab.facts import drops
from lab.frames import ARP, BROADCAST, ZERO_MAC, Ether, arp_reply, arp_request, is_arp, match, to_mac, udp
from lab.stack import ADDRESS, PEER

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
OURS = "02:00:00:00:00:02"
REQUEST, REPLY = 1, 2
R1, S2 = ("REACHABLE", M1), ("STALE", M2)


def arp(side, op, sip, tip, **fields):
    side.port.send(packets.arp(op, sip, tip, **fields))


def entry(side, address=PEER):
    return side.table().get(address)


def send(side, address=PEER):
    with side.udp() as sock:
        sock.sendto(b"hello", (address, 5000))


def settled(side, address, want):
    """Nothing more comes: what is there then is what it is."""
    time.sleep(0.1)
    assert entry(side, address) == want[side.side], side.state_text()


# ---- D8: senders that cannot be --------------------------------------------

@pytest.mark.parametrize("mac", [BROADCAST, "01:00:5e:00:00:05", ZERO_MAC, OURS])
def test_d8_a_hardware_address_that_no_station_has(side, mac):
    arp(side, REQUEST, PEER, ADDRESS, sha=mac, src=M2)
    settled(side, PEER, {"kernel": ("STALE", mac), "linux": None, "strict": None})
    if side.side == "kernel":
        side.port.expect(arp_reply(ADDRESS, pdst=PEER) & to_mac(mac))
    else:
        side.port.silence(is_arp, 0.1)
        assert drops(side)["ARP_BAD_SENDER"] == 1


# ---- D9: senders from elsewhere ---------------------------------------------

FAR = "192.0.2.5"
NO_RP_FILTER = {"net.ipv4.conf.all.rp_filter": 0, "net.ipv4.conf.eth0.rp_filter": 0}


@pytest.mark.stack(sysctls=NO_RP_FILTER)
def test_d9_a_sender_outside_every_prefix_of_the_link(side):
    side.ip(f"route add default via {PEER}")
    arp(side, REQUEST, FAR, ADDRESS, sha=M2)
    if side.side == "strict":
        side.port.silence(is_arp, 0.2)
        assert drops(side)["ARP_OFF_LINK"] == 1
    else:
        side.port.expect(arp_reply(ADDRESS, pdst=FAR) & to_mac(M2))
    settled(side, FAR, {"kernel": S2, "linux": S2, "strict": None})


@pytest.mark.stack(sysctls=NO_RP_FILTER)
def test_d9_a_route_puts_it_on_the_link(side):
    side.ip("route add 192.0.2.0/24 dev eth0")
    arp(side, REQUEST, FAR, ADDRESS, sha=M2)
    side.port.expect(arp_reply(ADDRESS, pdst=FAR) & to_mac(M2))
    assert entry(side, FAR) == S2


@pytest.mark.stack(sysctls=NO_RP_FILTER)
def test_d9_a_gateway_onlink_may_answer_and_ask(side):
    side.ip(f"route add default via {FAR} dev eth0 onlink")
    send(side, "198.51.100.1")
    side.port.expect(arp_request(FAR))
    arp(side, REPLY, FAR, ADDRESS, sha=M1, tha=OURS, dst=OURS)
    side.port.expect(udp(dport=5000) & to_mac(M1))
    side.port.clear()
    arp(side, REQUEST, FAR, ADDRESS, sha=M1)
    side.port.expect(arp_reply(ADDRESS, pdst=FAR) & to_mac(M1))
    assert entry(side, FAR) == R1


# ---- D10: a claim that is refused -------------------------------------------

@pytest.mark.stack(sysctls={"net.ipv4.neigh.eth0.locktime": 300, "net.ipv4.neigh.eth0.delay_first_probe_time": 1})
def test_d10_a_refused_claim_confirms_nothing(side):
    """An answer within locktime names another MAC: nobody believes it, but Linux takes the old one for confirmed."""
    side.ip(f"neigh replace {PEER} lladdr {M1} dev eth0 nud stale")
    send(side)
    side.port.expect(udp(dport=5000) & to_mac(M1))
    time.sleep(0.3)
    arp(side, REPLY, PEER, ADDRESS, sha=M2, tha=OURS, dst=OURS)
    assert entry(side) == ("DELAY", M1)
    if side.side == "kernel":
        side.wait_nud(PEER, "REACHABLE", within=1.6)
        side.port.silence(is_arp, 0.5, "without a question to anybody")
    else:
        side.port.expect(arp_request(PEER) & to_mac(M1), within=1.6)
        assert side.nud(PEER) == "PROBE"
    assert side.lladdr(PEER) == M1


# ---- D11: news of a neighbour that failed -----------------------------------

D11 = [
    ("a gratuitous request", dict(op=REQUEST, tip=PEER), S2),
    ("a gratuitous reply", dict(op=REPLY, tip=PEER, tha=M2), S2),
    ("a reply to us", dict(op=REPLY, tip=ADDRESS, tha=OURS, dst=OURS), ("REACHABLE", M2)),
]


@pytest.mark.stack(sysctls={"net.ipv4.neigh.eth0.retrans_time_ms": 50, "net.ipv4.neigh.eth0.locktime": 0})
@pytest.mark.parametrize("says, fields, want", [pytest.param(*r, id=r[0]) for r in D11])
def test_d11_a_neighbour_that_failed_is_heard_again(side, says, fields, want):
    """By ARP all three take the news; it is an IPv6 neighbour that Linux does not hear any more."""
    send(side)
    side.wait_nud(PEER, "FAILED")
    more = {name: fields[name] for name in fields if name not in ("op", "tip")}
    arp(side, fields["op"], PEER, fields["tip"], sha=M2, **more)
    settled(side, PEER, dict.fromkeys(("kernel", "linux", "strict"), want))


# ---- D12: gratuitous replies to all -----------------------------------------

D12 = [
    # locktime (USER_HZ), whether it is over
    ("within locktime", 300, {"kernel": R1, "linux": R1, "strict": S2}),
    ("after locktime", 0, {"kernel": S2, "linux": S2, "strict": S2}),
]


@pytest.mark.parametrize("says, locktime, want", [pytest.param(*r, id=r[0]) for r in D12])
def test_d12_a_gratuitous_reply_with_target_ff(side, says, locktime, want):
    side.neigh_sysctl(locktime=locktime)
    side.ip(f"neigh replace {PEER} lladdr {M1} dev eth0 nud reachable")
    time.sleep(0.02)
    arp(side, REPLY, PEER, PEER, sha=M2, tha=BROADCAST)
    settled(side, PEER, want)


# ---- D13: requests for us ---------------------------------------------------

D13 = [
    ("within locktime", 300, {"kernel": S2, "linux": S2, "strict": R1}),
    ("after locktime", 0, {"kernel": S2, "linux": S2, "strict": S2}),
]


@pytest.mark.parametrize("says, locktime, want", [pytest.param(*r, id=r[0]) for r in D13])
def test_d13_a_request_for_us_with_another_mac(side, says, locktime, want):
    side.neigh_sysctl(locktime=locktime)
    side.ip(f"neigh replace {PEER} lladdr {M1} dev eth0 nud reachable")
    time.sleep(0.02)
    arp(side, REQUEST, PEER, ADDRESS, sha=M2)
    side.port.expect(arp_reply(ADDRESS, pdst=PEER, hwdst=M2) & to_mac(M2), why="whoever asks is answered")
    settled(side, PEER, want)
    send(side)
    side.port.expect(udp(dport=5000) & to_mac(want[side.side][1]))


# ---- D15: a peer whose MAC changes in silence -------------------------------

def host_unreachable(side, about, from_address="10.77.0.9", src=M1):
    """Who has the old MAC now, a router, says that it does not know the host."""
    quoted = packets.ipv4(ADDRESS, about, packets.UDP, packets.udp(ADDRESS, about, 40000, 5000))
    side.port.send(packets.ether(OURS, src, packets.ipv4(from_address, ADDRESS, packets.ICMP,
                                                         packets.icmp(3, 1, payload=quoted[:28]))))


def test_d15_an_icmp_host_error(side):
    side.ip(f"neigh replace {PEER} lladdr {M1} dev eth0 nud reachable")
    time.sleep(0.2)
    host_unreachable(side, PEER)
    if side.side == "strict":
        side.port.expect(arp_request(PEER) & to_mac(M1), within=0.2)
        assert entry(side) == ("PROBE", M1)
        arp(side, REPLY, PEER, ADDRESS, sha=M1, tha=OURS, dst=OURS)     # it was a lie
        settled(side, PEER, {"strict": R1})
    else:
        side.port.silence(is_arp, 0.5)
        assert entry(side) == R1


def test_d15_a_silent_change_of_the_mac(side):
    """20 packets a second; from some moment on the peer has M2, and the old MAC's station returns host errors."""
    side.port.answers[PEER] = M1
    sock = side.udp()
    sock.sendto(b"first", (PEER, 5000))
    side.port.expect(udp(dport=5000) & to_mac(M1))
    time.sleep(0.2)
    side.port.answers[PEER] = M2
    del side.port.answers[PEER]
    changed, back = time.monotonic(), None
    while back is None and time.monotonic() < changed + 6:
        sock.sendto(b"more", (PEER, 5000))
        time.sleep(0.05)
        for frame in side.port.collect(udp(dport=5000)):
            if frame[Ether].dst == M2:
                back = frame.time
            else:
                host_unreachable(side, PEER)
        for frame in side.port.collect(arp_request(PEER)):
            if frame[Ether].dst == BROADCAST:       # a unicast question goes to M1, which is not there
                arp(side, REPLY, PEER, ADDRESS, sha=M2, tha=OURS, dst=OURS)
    if side.side == "strict":
        assert back and back - changed < 4, f"an outage of {back and back - changed:.2f} s"
    else:
        assert back is None, "for half a minute and more, by default"
        assert entry(side) == R1


# ---- D17: two hosts with one address ----------------------------------------

ANNOUNCED = match(ARP, op=1, psrc=ADDRESS, pdst=ADDRESS)
PROBED = match(ARP, op=1, psrc="0.0.0.0", pdst=ADDRESS)


def has_address(side, flag=""):
    return f"{ADDRESS}/24" in side.ip("-o addr show dev eth0").stdout and \
        flag in side.ip("-o addr show dev eth0").stdout


def wait_for_the_end(side):
    deadline = time.monotonic() + 1
    while has_address(side):
        assert time.monotonic() < deadline, "the address is still there"
        time.sleep(0.02)


@pytest.mark.stack(addresses=False)
def test_d17_a_new_address_is_probed_for_announced_and_defended(side):
    start = time.monotonic()
    side.ip(f"addr add {ADDRESS}/24 dev eth0")
    if side.side != "strict":
        assert "tentative" not in side.ip("addr show dev eth0").stdout
        arp(side, REQUEST, PEER, ADDRESS, sha=M1)
        side.port.expect(arp_reply(ADDRESS), within=0.5, why="in use at once")
        side.port.silence(is_arp, 0.5, "and nobody was asked, or told")
        arp(side, REQUEST, ADDRESS, ADDRESS, sha=M2)
        side.port.silence(is_arp, 0.5, "a conflict gets no answer")
        assert has_address(side)
        return
    assert "tentative" in side.ip("addr show dev eth0").stdout
    arp(side, REQUEST, PEER, ADDRESS, sha=M1)
    side.port.silence(arp_reply(ADDRESS), 0.2, "not before it is known to be ours")
    probes = side.port.collect(PROBED, count=3, within=3.2)
    gaps = [b.time - a.time for a, b in zip(probes, probes[1:])]
    assert probes[0].time - start < 1.3 and all(0.95 < gap < 2.2 for gap in gaps)
    first, second = side.port.collect(ANNOUNCED, count=2, within=2.5)
    assert 1.9 < first.time - probes[2].time < 2.2 and 1.9 < second.time - first.time < 2.2
    arp(side, REQUEST, PEER, ADDRESS, sha=M1)
    side.port.expect(arp_reply(ADDRESS), within=0.5)
    arp(side, REQUEST, ADDRESS, "10.77.0.50", sha=M2)       # somebody else asks from it
    side.port.expect(ANNOUNCED & to_mac(BROADCAST), within=0.5, why="defended once")
    assert has_address(side)
    arp(side, REQUEST, ADDRESS, "10.77.0.50", sha=M2)       # and does not give way
    wait_for_the_end(side)
    side.port.silence(is_arp, 0.3)


@pytest.mark.stack(addresses=False)
def test_d17_an_address_that_somebody_has_is_not_taken(side):
    side.ip(f"addr add {ADDRESS}/24 dev eth0")
    if side.side != "strict":
        side.port.silence(is_arp, 0.5)
        arp(side, REPLY, ADDRESS, "0.0.0.0", sha=M2, tha=OURS, dst=OURS)
        time.sleep(0.2)
        assert has_address(side)
        return
    side.port.expect(PROBED, within=1.5)
    arp(side, REPLY, ADDRESS, "0.0.0.0", sha=M2, tha=OURS, dst=OURS)
    wait_for_the_end(side)
    side.port.silence(is_arp, 3.0)
