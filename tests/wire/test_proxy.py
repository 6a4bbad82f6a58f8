# SPDX-License-Identifier: BSD-2-Clause
"""Answers for others: proxy ARP, private VLANs, media, proxy entries, and the delay of answers.

RFC 1027 (proxy ARP), RFC 3069 (private VLANs).  Neighbour specification, ARP step 8b,
rtnetlink with NTF_PROXY.  Hosts A are on eth0, hosts B on eth1; the stack is a router
between them, and answers at once (proxy_delay 0) unless a row says otherwise.
"""

import errno
import itertools
import socket
import struct
import time

import pytest

from lab import netlink as nl
from lab.frames import ARP, BROADCAST, ZERO_MAC, Ether, arp_reply, match
from lab.netlink import (NDA_DST, NDA_FLAGS_EXT, NDA_IFINDEX, NDA_LLADDR, NDA_MASTER,
                         NDA_PROTOCOL, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP,
                         NLM_F_DUMP_FILTERED, NLM_F_EXCL, NLM_F_REPLACE, NLMSG_DONE,
                         NTF_PROXY, NTF_ROUTER, NUD, RTM_DELNEIGH, RTM_GETNEIGH,
                         RTM_NEWNEIGH, attr)

OURS = "02:00:00:00:00:02"
M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
GROUP_MAC = "01:00:5e:00:00:01"
B, NEAR, GATED, NEAR_GATED = "10.78.0.9", "10.77.0.250", "198.51.100.5", "198.51.101.5"
REQUEST, REPLY = 1, 2
SYSCTLS = {"net.ipv4.ip_forward": 1, "net.ipv4.neigh.eth0.proxy_delay": 0}
for _dev in ("all", "default", "eth0", "eth1"):
    SYSCTLS[f"net.ipv4.conf.{_dev}.rp_filter"] = 0
SHARED = dict(devs=2, sysctls=SYSCTLS)
own_stack = pytest.mark.stack(devs=2, sysctls=SYSCTLS)
_hosts = itertools.count(10)


def fresh():
    """An address on eth0 that no row used before in this process."""
    return f"10.77.{1 + next(_hosts) // 250}.{1 + next(_hosts) % 250}"


def octets(mac):
    return bytes.fromhex(mac.replace(":", ""))


def arp(op, sip, tip, sha=M2, tha=ZERO_MAC, dst=BROADCAST):
    return (octets(dst) + octets(sha) + b"\x08\x06" +
            struct.pack("!HHBBH", 1, 0x800, 6, 4, op) +
            octets(sha) + socket.inet_aton(sip) + octets(tha) + socket.inet_aton(tip))


def entry(stack, address):
    got = stack.neigh(address)
    return (got["state"][0], got.get("lladdr")) if got else None


def proxies(stack):
    """{(address, device or None)} of all proxies."""
    got = stack.ip("neigh show proxy").stdout.split("\n")
    found = [line.split() for line in got if line.strip()]
    return {(w[0], w[w.index("dev") + 1] if "dev" in w else None) for w in found}


def clear_proxies(stack):
    for address, dev in proxies(stack):
        stack.ip(f"neigh del proxy {address}" + (f" dev {dev}" if dev else ""))


# ---- who is answered for -----------------------------------------------------
# conf: of eth0, or of (device, {...}); proxy: the entries

SELF = "the sender's own address"
ROWS = [
    # what                                              conf, proxies, tip, fields, answered
    ("nobody is answered for unless that is wanted", [], [], B, {}, False),
    ("proxy_arp: a host behind another device", [dict(proxy_arp=1)], [], B, {}, True),
    ("proxy_arp: a host behind a router there", [dict(proxy_arp=1)], [], GATED, {}, True),
    ("proxy_arp: not a host of the same link", [dict(proxy_arp=1)], [], NEAR, {}, False),
    ("proxy_arp: not a host behind a router of the same link",
     [dict(proxy_arp=1)], [], NEAR_GATED, {}, False),
    ("proxy_arp: not a host without a route", [dict(proxy_arp=1)], [], "192.0.2.1", {}, False),
    ("proxy_arp: not an unreachable host", [dict(proxy_arp=1)], [], "198.51.102.5", {}, False),
    ("proxy_arp: not what a blackhole takes", [dict(proxy_arp=1)], [], "198.51.103.5", {}, False),
    ("proxy_arp: not the other link's broadcast address",
     [dict(proxy_arp=1)], [], "10.78.0.255", {}, False),
    ("proxy_arp: not 255.255.255.255", [dict(proxy_arp=1)], [], "255.255.255.255", {}, False),
    ("proxy_arp: a reply is no question", [dict(proxy_arp=1)], [], B, dict(op=REPLY), False),
    ("proxy_arp: the sender's own address, which is behind another device, is answered for",
     [dict(proxy_arp=1)], [], SELF, dict(sip="10.78.0.77"), True),
    ("proxy_arp: a sender outside every on-link prefix",
     [dict(proxy_arp=1)], [], B, dict(sip="192.0.2.77"), True),
    ("proxy_arp: a unicast question", [dict(proxy_arp=1)], [], B, dict(dst=OURS), True),
    ("proxy_arp: not without forwarding", [dict(proxy_arp=1, forwarding=0)], [], B, {}, False),
    ("proxy_arp: forwarding on the way out is not asked for",
     [dict(proxy_arp=1), ("eth1", dict(forwarding=0))], [], B, {}, True),
    ("all.proxy_arp is enough", [("all", dict(proxy_arp=1))], [], B, {}, True),
    ("proxy_arp on the way out is not asked for", [("eth1", dict(proxy_arp=1))], [], B, {}, False),
    ("a negative proxy_arp is not zero", [dict(proxy_arp=-1)], [], B, {}, True),
    ("media: the same", [dict(proxy_arp=1, medium_id=1), ("eth1", dict(medium_id=1))], [], B, {},
     False),
    ("media: others", [dict(proxy_arp=1, medium_id=1), ("eth1", dict(medium_id=2))], [], B, {},
     True),
    ("media: 0 here is any", [dict(proxy_arp=1), ("eth1", dict(medium_id=-1))], [], B, {}, True),
    ("media: 0 there is another", [dict(proxy_arp=1, medium_id=1)], [], B, {}, True),
    ("media: -1 here is off", [dict(proxy_arp=1, medium_id=-1), ("eth1", dict(medium_id=1))], [],
     B, {}, False),
    ("media: -1 there is off", [dict(proxy_arp=1, medium_id=1), ("eth1", dict(medium_id=-1))], [],
     B, {}, False),
    ("media: -2 is a medium", [dict(proxy_arp=1, medium_id=-2), ("eth1", dict(medium_id=-2))], [],
     B, {}, False),
    ("media: all.medium_id is not looked at",
     [dict(proxy_arp=1), ("all", dict(medium_id=-1))], [], B, {}, True),
    ("private VLAN: a host of the same link", [dict(proxy_arp_pvlan=1)], [], NEAR, {}, True),
    ("private VLAN: a host behind a router of the same link",
     [dict(proxy_arp_pvlan=1)], [], NEAR_GATED, {}, True),
    ("private VLAN: not a host behind another device", [dict(proxy_arp_pvlan=1)], [], B, {}, False),
    ("private VLAN: nobody is told that its own address is taken",
     [dict(proxy_arp_pvlan=1)], [], SELF, {}, False),
    ("private VLAN: not without forwarding",
     [dict(proxy_arp_pvlan=1, forwarding=0)], [], NEAR, {}, False),
    ("private VLAN: all.proxy_arp_pvlan is enough",
     [("all", dict(proxy_arp_pvlan=1))], [], NEAR, {}, True),
    ("private VLAN: media do not matter",
     [dict(proxy_arp_pvlan=1, medium_id=-1)], [], NEAR, {}, True),
    ("an entry on the device", [], [f"{B} dev eth0"], B, {}, True),
    ("an entry on all devices", [], [B], B, {}, True),
    ("an entry on another device", [], [f"{B} dev eth1"], B, {}, False),
    ("an entry for another address", [], ["10.78.0.10 dev eth0"], B, {}, False),
    ("an entry for a host of the same link does nothing", [], [f"{NEAR} dev eth0"], NEAR, {},
     False),
    ("an entry without a route does nothing", [], ["192.0.2.1"], "192.0.2.1", {}, False),
    ("an entry: not without forwarding", [dict(forwarding=0)], [B], B, {}, False),
    ("an entry: media do not matter", [dict(medium_id=-1)], [B], B, {}, True),
    ("an entry: arp_ignore is for our own addresses", [dict(arp_ignore=8)], [B], B, {}, True),
    ("an entry: arp_filter is for our own addresses", [dict(arp_filter=1)], [B], B, {}, True),
    ("an entry for our own address does not go round arp_ignore",
     [dict(arp_ignore=1)], ["10.78.0.2"], "10.78.0.2", {}, False),
    ("an address probe is no question to a proxy",
     [dict(proxy_arp=1)], [B], B, dict(sip="0.0.0.0"), False),
    ("a question from our own address is none", [dict(proxy_arp=1)], [B], B,
     dict(sip="10.77.0.2"), False),
]
ZERO = dict(proxy_arp=0, proxy_arp_pvlan=0, medium_id=0)
RESET = [("all", ZERO), ("eth1", dict(ZERO, forwarding=1)),
         ("eth0", dict(ZERO, forwarding=1, arp_ignore=0, arp_filter=0))]
ROUTES = ["198.51.100.0/24 via 10.78.0.1", "198.51.101.0/24 via 10.77.0.1",
          "unreachable 198.51.102.0/24", "blackhole 198.51.103.0/24"]


def configure(stack, conf):
    for row in conf:
        dev, values = row if isinstance(row, tuple) else ("eth0", row)
        stack.conf(dev, **values)


@pytest.mark.parametrize("says, conf, wanted, tip, fields, answered",
                         [pytest.param(*r, id=r[0]) for r in ROWS])
def test_who_is_answered_for(shared, says, conf, wanted, tip, fields, answered):
    fields = dict(op=REQUEST, sip=fresh()) | fields
    sip = fields["sip"]
    tip = sip if tip is SELF else tip
    for route in ROUTES:
        shared.ip(f"route replace {route}")
    configure(shared, conf)
    for proxy in wanted:
        shared.ip(f"neigh add proxy {proxy}")
    ours = match(ARP, op=REPLY, hwsrc=OURS)
    shared.port.clear()
    try:
        shared.port.send(arp(tip=tip, **fields))
        if answered:
            frame = shared.port.expect(arp_reply(tip, pdst=sip))
            a, e = frame[ARP], frame[Ether]
            assert (e.dst, e.src, a.hwsrc, a.hwdst, a.op) == (M2, OURS, OURS, M2, REPLY), \
                frame.show()
        shared.port.silence(ours, 0.06, says)
        assert entry(shared, sip) == (("STALE", M2) if answered else None)
    finally:
        clear_proxies(shared)
        configure(shared, RESET)


# ---- what a question teaches -------------------------------------------------

KNOWN = [
    # before, after
    ("permanent", ("PERMANENT", M1)),
    ("reachable", ("STALE", M2)),
    ("stale", ("STALE", M2)),
]


@pytest.mark.parametrize("before, after", [pytest.param(*r, id=r[0]) for r in KNOWN])
def test_a_question_to_a_proxy_teaches_as_one_to_us(shared, before, after):
    sip = fresh()
    shared.ip(f"neigh add {sip} lladdr {M1} dev eth0 nud {before}")
    shared.ip(f"neigh add proxy {B}")
    try:
        shared.port.send(arp(REQUEST, sip, B))
        shared.port.expect(arp_reply(B, pdst=sip))
        assert entry(shared, sip) == after
    finally:
        clear_proxies(shared)


def test_a_question_that_is_not_answered_is_news_like_any_other(shared):
    sip = fresh()
    shared.ip(f"neigh add {sip} lladdr {M1} dev eth0 nud stale")
    shared.neigh_sysctl(locktime=0)
    shared.conf(proxy_arp=1)
    try:
        time.sleep(0.02)
        shared.port.send(arp(REQUEST, sip, NEAR))
        time.sleep(0.1)
        assert entry(shared, sip) == ("STALE", M2)
    finally:
        configure(shared, RESET)
        shared.neigh_sysctl(locktime=100)


# ---- the delay ---------------------------------------------------------------

def flood(stack, count, tip=B, hosts="10.77.9"):
    """Questions of @count @hosts; the time of the first."""
    stack.port.clear()
    start = time.monotonic()
    for i in range(count):
        stack.port.send(arp(REQUEST, f"{hosts}.{1 + i}", tip))
    return start


def answers(stack, start, until, hosts="10.77.9"):
    """The times of the answers to @hosts, from the first question on."""
    time.sleep(max(0.0, start + until - time.monotonic()))
    return [f.time - start for f in stack.port.collect(match(ARP, op=REPLY, hwsrc=OURS), 0)
            if f[ARP].pdst.startswith(hosts + ".")]


@own_stack
def test_answers_to_broadcasts_come_after_a_random_part_of_proxy_delay(stack):
    stack.ip(f"neigh add proxy {B} dev eth0")
    stack.neigh_sysctl(proxy_delay=40)
    got = answers(stack, flood(stack, 40), 0.7)
    assert len(got) == 40
    assert max(got) < 0.5, "0.4 s, and what the machine adds"
    assert min(got) < 0.15 and max(got) > 0.25, f"spread over the time: {got}"
    # 0: at once
    stack.neigh_sysctl(proxy_delay=0)
    got = answers(stack, flood(stack, 5), 0.1)
    assert len(got) == 5


@own_stack
def test_only_a_unicast_question_is_answered_at_once(stack):
    stack.ip(f"neigh add proxy {B} dev eth0")
    stack.neigh_sysctl(proxy_delay=300)
    for _ in range(3):
        stack.port.send(arp(REQUEST, fresh(), B, dst=OURS))
        stack.port.expect(arp_reply(B), within=0.08)
    for dst in (BROADCAST, GROUP_MAC):
        early = 0
        for _ in range(6):
            stack.port.clear()
            stack.port.send(arp(REQUEST, fresh(), B, dst=dst))
            early += len(stack.port.collect(arp_reply(B), 0.05))
        assert early < 4, f"{early} of 6 answers to {dst} within a sixtieth of proxy_delay"


@pytest.mark.parametrize("qlen", [0, 1, 5, 64])
@own_stack
def test_no_more_wait_than_proxy_qlen_and_one(stack, qlen):
    stack.ip(f"neigh add proxy {B} dev eth0")
    stack.neigh_sysctl(proxy_delay=50, proxy_qlen=qlen)
    # none is due while they come
    got = answers(stack, flood(stack, 100), 0.8)
    assert qlen + 1 <= len(got) <= qlen + 12, got
    learned = [a for a in stack.table() if a.startswith("10.77.9.")]
    assert len(learned) == 100, "whoever asks is learned, answered or not"


MEANWHILE = [
    # what happens while questions wait       what, and its end; are they answered?
    ("nothing", [], [], 8),
    ("the entry goes", [f"neigh del proxy {B} dev eth0"], [], 0),
    ("the device goes down and up", ["link set eth0 down", "link set eth0 up"], [], 0),
    ("the way out goes down", ["link set eth1 down"], ["link set eth1 up"], 0),
    ("the last address goes and comes", ["addr del 10.77.0.2/24 dev eth0",
                                         "addr add 10.77.0.2/24 brd + dev eth0"], [], 0),
]


@pytest.mark.parametrize("says, words, after, count", [pytest.param(*r, id=r[0])
                                                       for r in MEANWHILE])
@own_stack
def test_what_changes_while_questions_wait(stack, says, words, after, count):
    stack.ip(f"neigh add proxy {B} dev eth0")
    assert stack.nud("10.77.9.1") is None
    stack.neigh_sysctl(proxy_delay=150)
    start = flood(stack, 8)
    for line in words:
        stack.ip(line)
    took = time.monotonic() - start
    got = answers(stack, start, 1.8)
    late = [t for t in got if t > took + 0.02]
    if count:
        assert len(got) == count, got
    else:
        assert late == [], f"{says}: {got}, changed after {took}"
        assert len(got) < 8, "all were answered before: the test is too slow"


IFF_NOARP = 0x80


def arp_switches(stack, *switches):
    """ARP of eth0 goes on (True) or off, in one system call; when that began and ended."""
    def change(datagram):
        import time
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as rtnl:
            begin = time.monotonic()
            rtnl.send(datagram)
            return begin, time.monotonic()
    links = [struct.pack("=BxHiII", 0, 0, stack.ifindex(), 0 if on else IFF_NOARP, IFF_NOARP) for on in switches]
    return stack.call(change, b"".join(nl.message(nl.RTM_NEWLINK, nl.NLM_F_REQUEST, link) for link in links))


@own_stack
def test_questions_that_wait_outlast_arp_going_off_and_on(stack):
    stack.ip(f"neigh add proxy {B} dev eth0")
    stack.neigh_sysctl(proxy_delay=150, proxy_qlen=1000)
    arp_switches(stack, True)
    for turn in range(40):
        hosts = f"10.77.{10 + turn}"
        start = flood(stack, 8, hosts=hosts)
        began, ended = arp_switches(stack, False, True)
        if ended - began < 0.005:
            break
    else:
        pytest.fail("the machine never came to both at once: an answer may have been due between them")
    assert len(answers(stack, start, 1.8, hosts)) == 8


@own_stack
def test_an_answer_that_is_due_while_arp_is_off_is_lost(stack):
    stack.ip(f"neigh add proxy {B} dev eth0")
    stack.neigh_sysctl(proxy_delay=150)
    arp_switches(stack, True)
    start = flood(stack, 40)
    _, off = arp_switches(stack, False)
    time.sleep(0.5)
    on, _ = arp_switches(stack, True)
    got = [start + t for t in answers(stack, start, 1.8)]
    assert [t - off for t in got if off + 0.02 < t < on] == []
    assert [t for t in got if t > on], f"{got} and on at {on}: the test is too slow"
    assert len(got) < 40, "a third is due meanwhile"


@own_stack
def test_forwarding_is_asked_for_when_the_time_has_come(stack):
    stack.ip(f"neigh add proxy {B} dev eth0")
    stack.neigh_sysctl(proxy_delay=150)
    start = flood(stack, 8)
    stack.conf(forwarding=0)
    took = time.monotonic() - start
    assert [t for t in answers(stack, start, 1.8) if t > took + 0.02] == []


NEW_MAC = "02:00:00:00:00:12"


@own_stack
def test_an_answer_that_waited_has_the_address_that_the_device_has_by_then(stack):
    stack.ip(f"neigh add proxy {B} dev eth0")
    stack.neigh_sysctl(proxy_delay=150)
    start = flood(stack, 8)
    stack.ip(f"link set eth0 address {NEW_MAC}")
    took = time.monotonic() - start
    time.sleep(1.8)
    got = stack.port.collect(arp_reply(B), 0)
    assert len(got) == 8
    late = [f for f in got if f.time - start > took + 0.02]
    assert late, f"changed after {took} s, all answered before"
    for frame in late:
        assert (frame[Ether].src, frame[ARP].hwsrc) == (NEW_MAC, NEW_MAC), frame.show()


# ---- packets follow the answer -----------------------------------------------

@own_stack
def test_a_host_that_believes_the_proxy_reaches_the_other_side(stack):
    from lab import packets as p
    left, right = (d.port for d in stack.devs)
    right.answers[B] = M1
    stack.conf(proxy_arp=1)
    left.send(arp(REQUEST, "10.77.0.9", B))
    mac = left.expect(arp_reply(B))[ARP].hwsrc
    left.send(p.ether(mac, M2, p.ipv4("10.77.0.9", B, 17, p.udp("10.77.0.9", B, 1, 2))))
    frame = right.expect(match(Ether, dst=M1, type=0x800))
    assert frame.raw[30:34] == socket.inet_aton(B)


# ---- rtnetlink: NTF_PROXY ----------------------------------------------------

def answer(stack, request, **how):
    got = nl.ask(stack, request, **how)
    assert len(got) == 1, got
    return got[0]


def proxy(kind, flags=0, ntf=NTF_PROXY, **fields):
    return nl.neigh(kind, flags | (0 if kind == RTM_GETNEIGH else NLM_F_ACK), ntf=ntf, **fields)


DEV = "eth0's index"
NEW = [
    # what                                  fields, errno, text, is it there?
    ("on a device", {}, 0, None, (B, "eth0")),
    ("on all devices", dict(ifindex=0), 0, None, (B, None)),
    ("without NDA_DST", dict(dst=None), errno.EINVAL, "Network address not specified", None),
    ("a device that does not exist", dict(ifindex=4711), errno.ENODEV, None, None),
    ("a negative device", dict(ifindex=-1), errno.ENODEV, None, None),
    ("a link-layer address of 3 octets", dict(lladdr=b"abc"), errno.EINVAL,
     "Invalid link address", None),
    ("a link-layer address of 3 octets, for all devices", dict(lladdr=b"abc", ifindex=0),
     0, None, (B, None)),
    ("a link-layer address says nothing", dict(lladdr=M1), 0, None, (B, "eth0")),
    ("a network address of 3 octets", dict(dst=b"abc"), errno.EINVAL, "Invalid network address",
     None),
    ("a network address of 8 octets: the first 4 count", dict(dst=b"abcdefgh"), 0, None,
     ("97.98.99.100", "eth0")),
    ("family AF_UNSPEC", dict(family=0), errno.EAFNOSUPPORT, None, None),
    ("family 99", dict(family=99), errno.EAFNOSUPPORT, None, None),
    ("family 99 and managed", dict(family=99, more=attr(NDA_FLAGS_EXT, 1)), errno.EAFNOSUPPORT,
     None, None),
    ("managed", dict(more=attr(NDA_FLAGS_EXT, 1)), errno.EINVAL,
     "Invalid NTF_* flag combination", None),
    ("externally validated", dict(more=attr(NDA_FLAGS_EXT, 4)), errno.EINVAL,
     "Invalid NTF_* flag combination", None),
    ("a reserved bit", dict(more=attr(NDA_FLAGS_EXT, 2)), errno.EINVAL, "reserved bit set", None),
    ("no bit of NDA_FLAGS_EXT", dict(more=attr(NDA_FLAGS_EXT, 0)), 0, None, (B, "eth0")),
    ("0.0.0.0", dict(dst="0.0.0.0"), 0, None, ("0.0.0.0", "eth0")),
    ("0.0.0.0 on all devices", dict(dst="0.0.0.0", ifindex=0), 0, None, ("0.0.0.0", None)),
    ("a multicast address", dict(dst="224.0.0.1"), 0, None, ("224.0.0.1", "eth0")),
    ("255.255.255.255", dict(dst="255.255.255.255"), 0, None, ("255.255.255.255", "eth0")),
    ("our own address", dict(dst="10.77.0.2"), 0, None, ("10.77.0.2", "eth0")),
    ("the loopback device", dict(ifindex=1), 0, None, (B, "lo")),
]
HOW = [0, NLM_F_CREATE, NLM_F_CREATE | NLM_F_EXCL, NLM_F_REPLACE, NLM_F_CREATE | NLM_F_REPLACE]


@pytest.mark.parametrize("says, fields, error, text, there", [pytest.param(*r, id=r[0])
                                                              for r in NEW])
def test_a_new_proxy(shared, says, fields, error, text, there):
    values = dict(ifindex=DEV, dst=B) | fields
    if values["ifindex"] is DEV:
        values["ifindex"] = shared.ifindex()
    before = shared.table()
    # whether it may be made, and whether it must be new, is not asked
    for flags in HOW:
        got = answer(shared, proxy(RTM_NEWNEIGH, flags, **values))
        assert (got.error, got.text) == (error, text), got
        assert proxies(shared) == ({there} if there else set())
    assert shared.table() == before, "proxies are no neighbours"
    clear_proxies(shared)


DELETE = [
    # what                                  fields, errno, text
    ("the one on the device", {}, 0, None),
    ("the one on another device", dict(ifindex=1), errno.ENOENT, None),
    ("not that of a device by no device", dict(ifindex=0), errno.ENOENT, None),
    ("that of no device", dict(ifindex=0, dst="10.78.0.10"), 0, None),
    ("not that of no device by a device", dict(dst="10.78.0.10"), errno.ENOENT, None),
    ("without NDA_DST", dict(dst=None), errno.EINVAL, "Network address not specified"),
    ("a device that does not exist", dict(ifindex=4711), errno.ENODEV, None),
    ("a network address of 3 octets", dict(dst=b"abc"), errno.EINVAL, "Invalid network address"),
    ("family AF_UNSPEC", dict(family=0), errno.EAFNOSUPPORT, None),
    ("managed or not", dict(more=attr(NDA_FLAGS_EXT, 1)), 0, None),
    ("one that does not exist", dict(dst="10.78.0.99"), errno.ENOENT, None),
    ("a neighbour is no proxy", dict(dst="10.77.0.9"), errno.ENOENT, None),
]


@pytest.mark.parametrize("says, fields, error, text", [pytest.param(*r, id=r[0]) for r in DELETE])
def test_delete(shared, says, fields, error, text):
    values = dict(ifindex=DEV, dst=B) | fields
    if values["ifindex"] is DEV:
        values["ifindex"] = shared.ifindex()
    shared.ip(f"neigh replace 10.77.0.9 lladdr {M1} dev eth0 nud permanent")
    shared.ip(f"neigh add proxy {B} dev eth0")
    shared.ip("neigh add proxy 10.78.0.10")
    all_of_them = {(B, "eth0"), ("10.78.0.10", None)}
    got = answer(shared, proxy(RTM_DELNEIGH, **values))
    assert (got.error, got.text) == (error, text), got
    left = all_of_them if error else all_of_them - {(values["dst"], "eth0"),
                                                    (values["dst"], None)}
    assert proxies(shared) == left
    assert entry(shared, "10.77.0.9") == ("PERMANENT", M1)
    clear_proxies(shared)


GET = [
    # what                                  fields, errno, text, missing
    ("no network address", dict(dst=None), errno.EINVAL, None, NDA_DST),
    ("a device that does not exist", dict(ifindex=4711), errno.ENODEV, "Unknown device ifindex",
     None),
    ("a network address of 3 octets", dict(dst=b"abc"), errno.EINVAL,
     "Invalid network address in neighbor get request", None),
    ("a network address of 8 octets", dict(dst=b"abcdefgh"), errno.EINVAL,
     "Invalid network address in neighbor get request", None),
    ("family AF_UNSPEC", dict(family=0), errno.EAFNOSUPPORT,
     "Unsupported family in header for neighbor get request", None),
    ("another flag beside NTF_PROXY", dict(ntf=NTF_PROXY | NTF_ROUTER), errno.EINVAL,
     "Invalid flags in header for neighbor get request", None),
    ("one that does not exist", dict(dst="10.78.0.99"), errno.ENOENT,
     "Proxy neighbour entry not found", None),
    ("that of a device, by no device", dict(ifindex=0), errno.ENOENT,
     "Proxy neighbour entry not found", None),
    ("that of a device, by another", dict(ifindex=1), errno.ENOENT,
     "Proxy neighbour entry not found", None),
    ("an attribute that says nothing", dict(lladdr=M1), errno.EINVAL,
     "Unsupported attribute in neighbor get request", None),
]


@pytest.mark.parametrize("says, fields, error, text, missing",
                         [pytest.param(*r, id=r[0]) for r in GET])
def test_get_refuses(shared, says, fields, error, text, missing):
    values = dict(ifindex=DEV, dst=B) | fields
    if values["ifindex"] is DEV:
        values["ifindex"] = shared.ifindex()
    shared.ip(f"neigh add proxy {B} dev eth0")
    got = answer(shared, proxy(RTM_GETNEIGH, NLM_F_ACK, **values))
    assert (got.error, got.text, got.miss) == (error, text, missing), got
    clear_proxies(shared)


def test_get_and_what_a_proxy_looks_like(shared):
    eth0 = shared.ifindex()
    made = [
        # made with                                     asked by, device, flags, attributes
        (dict(ifindex=eth0, dst="10.78.1.1"), eth0, eth0, NTF_PROXY, {}),
        (dict(ifindex=0, dst="10.78.1.2"), 0, 0, NTF_PROXY, {}),
        (dict(ifindex=0, dst="10.78.1.3"), eth0, 0, NTF_PROXY, {}),
        (dict(ifindex=eth0, dst="10.78.1.4", ntf=NTF_PROXY | NTF_ROUTER,
              more=attr(NDA_PROTOCOL, b"\x2a")), eth0, eth0, NTF_PROXY | NTF_ROUTER,
         {NDA_PROTOCOL: b"\x2a"}),
        (dict(ifindex=eth0, dst="10.78.1.5", ntf=0xff, state=0xff, lladdr=M1), eth0, eth0, 0xff,
         {}),
    ]
    for fields, asked_by, dev, flags, attributes in made:
        assert answer(shared, proxy(RTM_NEWNEIGH, NLM_F_CREATE, **fields)).error == 0
        got = answer(shared, proxy(RTM_GETNEIGH, ifindex=asked_by, dst=fields["dst"], seq=77))
        assert got.kind == RTM_NEWNEIGH and got.seq == 77 and got.flags == 0, got
        assert got.nd == (2, dev, 0, flags, 1), "NUD_NONE, RTN_UNICAST"
        assert got.attrs == {NDA_DST: nl.addr(fields["dst"])} | attributes
    clear_proxies(shared)


def test_a_change_replaces_flags_and_keeps_the_protocol(shared):
    fields = dict(ifindex=shared.ifindex(), dst=B)

    def change(**more):
        assert answer(shared, proxy(RTM_NEWNEIGH, NLM_F_CREATE, **(fields | more))).error == 0
        got = answer(shared, proxy(RTM_GETNEIGH, **fields))
        return got.nd[3], got.attrs.get(NDA_PROTOCOL)

    assert change() == (NTF_PROXY, None)
    assert change(more=attr(NDA_PROTOCOL, b"\x2a")) == (NTF_PROXY, b"\x2a")
    assert change(ntf=NTF_PROXY | NTF_ROUTER) == (NTF_PROXY | NTF_ROUTER, b"\x2a")
    assert change(more=attr(NDA_PROTOCOL, b"\0")) == (NTF_PROXY, b"\x2a")
    clear_proxies(shared)


def test_one_of_all_devices_is_changed_instead_of_a_new_one_of_a_device(shared):
    shared.ip(f"neigh add proxy {B}")
    shared.ip(f"neigh add proxy {B} dev eth0")
    assert proxies(shared) == {(B, None)}
    clear_proxies(shared)
    shared.ip(f"neigh add proxy {B} dev eth0")
    shared.ip(f"neigh add proxy {B}")
    assert proxies(shared) == {(B, None), (B, "eth0")}
    # of two that match, the newer one is changed, and given
    eth0 = shared.ifindex()
    shared.ip(f"neigh change proxy {B} dev eth0 router")
    got = answer(shared, proxy(RTM_GETNEIGH, ifindex=eth0, dst=B))
    assert got.nd[1] == 0 and got.nd[3] == NTF_PROXY | NTF_ROUTER, got
    shared.ip(f"neigh del proxy {B}")
    got = answer(shared, proxy(RTM_GETNEIGH, ifindex=eth0, dst=B))
    assert got.nd[1] == eth0 and got.nd[3] == NTF_PROXY, got
    clear_proxies(shared)


FILTERS = [
    # what                                         more, flags of the header, devices shown
    ("all", {}, {"eth0", "eth1", None}),
    ("every family", dict(family=0), {"eth0", "eth1", None}),
    ("a family that nobody has", dict(family=99), set()),
    ("a device: not those of all devices", dict(only="eth0"), {"eth0"}),
    ("another device", dict(only="eth1"), {"eth1"}),
    ("a device that does not exist", dict(only=4711), set()),
    ("no master", dict(more=attr(NDA_MASTER, 0xffffffff)), {"eth0", "eth1", None}),
    ("a master that nobody has", dict(more=attr(NDA_MASTER, 4711)), set()),
]


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "not strict"])
@pytest.mark.parametrize("says, fields, shown", [pytest.param(*r, id=r[0]) for r in FILTERS])
def test_a_dump_of_proxies(shared, strict, says, fields, shown):
    fields = dict(fields)
    only = fields.pop("only", None)
    names = {shared.ifindex("eth0"): "eth0", shared.ifindex("eth1"): "eth1", 0: None}
    if only is not None:
        index = only if isinstance(only, int) else shared.ifindex(only)
        fields["more"] = attr(NDA_IFINDEX, index)
    shared.ip("neigh add proxy 10.78.2.1 dev eth0")
    shared.ip("neigh add proxy 10.77.2.1 dev eth1")
    shared.ip("neigh add proxy 10.79.2.1")
    got = nl.ask(shared, proxy(RTM_GETNEIGH, NLM_F_DUMP, **fields), strict=strict)
    assert got[-1].kind == NLMSG_DONE and got[-1].error == 0, got
    assert {names[m.nd[1]] for m in got[:-1]} == shown and len(got) == len(shown) + 1
    for m in got[:-1]:
        assert bool(m.flags & NLM_F_DUMP_FILTERED) == ("more" in fields), m
    clear_proxies(shared)


def test_a_dump_shows_neighbours_or_proxies_never_both(shared):
    shared.ip(f"neigh add proxy {B} dev eth0")
    sip = fresh()
    shared.ip(f"neigh add {sip} lladdr {M1} dev eth0 nud permanent")
    neighbours = {m.attrs[NDA_DST] for m in nl.ask(shared, proxy(RTM_GETNEIGH, NLM_F_DUMP, ntf=0))
                  if m.kind == RTM_NEWNEIGH and m.nd[3] & NTF_PROXY == 0}
    assert nl.addr(sip) in neighbours and nl.addr(B) not in neighbours
    got = nl.ask(shared, proxy(RTM_GETNEIGH, NLM_F_DUMP))
    assert [m.attrs.get(NDA_DST) for m in got[:-1]] == [nl.addr(B)]
    # not strict: another flag beside it, and it is no dump of proxies
    got = nl.ask(shared, proxy(RTM_GETNEIGH, NLM_F_DUMP, ntf=NTF_PROXY | NTF_ROUTER),
                 strict=False)
    assert nl.addr(B) not in [m.attrs.get(NDA_DST) for m in got[:-1]]
    got = nl.ask(shared, proxy(RTM_GETNEIGH, NLM_F_DUMP, ntf=NTF_PROXY | NTF_ROUTER))
    assert (got[-1].error, got[-1].text) == \
        (errno.EINVAL, "Invalid flags in header for neighbor dump request")
    clear_proxies(shared)


@own_stack
def test_a_dump_larger_than_a_datagram_is_whole(stack):
    hosts = {f"10.78.{i // 250}.{1 + i % 250}" for i in range(1500)}
    nl.ask_many(stack, [proxy(RTM_NEWNEIGH, ifindex=stack.ifindex(), dst=h) for h in hosts])
    got = nl.ask(stack, proxy(RTM_GETNEIGH, NLM_F_DUMP))
    assert got[-1].kind == NLMSG_DONE and got[-1].error == 0
    seen = [m.attrs[NDA_DST] for m in got[:-1]]
    assert len(seen) == 1500 and set(seen) == set(map(nl.addr, hosts))
    stack.ip("neigh flush proxy dev eth0")
    assert proxies(stack) == set()


@own_stack
def test_nobody_is_told_of_proxies(stack):
    monitor = stack.monitor()
    stack.ip(f"neigh add proxy {B} dev eth0")
    stack.ip(f"neigh add proxy {B}")
    stack.ip(f"neigh del proxy {B} dev eth0")
    assert monitor.lines() == []
    monitor.close()


# ---- devices -----------------------------------------------------------------

GOES = [
    # what happens to eth0,                                      which of its proxies stay
    ("it goes down", ["link set eth0 down"], []),
    ("its last address goes", ["addr del 10.77.0.2/24 dev eth0"], []),
    ("ARP goes off", ["link set eth0 arp off"], ["permanent", "stale", "none"]),
    ("another device goes down", ["link set eth1 down"], ["permanent", "stale", "none"]),
]


@pytest.mark.parametrize("says, words, stay", [pytest.param(*r, id=r[0]) for r in GOES])
@own_stack
def test_what_a_device_takes_with_it(stack, says, words, stay):
    hosts = dict(permanent="10.78.0.10", stale="10.78.0.11", none="10.78.0.12")
    for state, host in hosts.items():
        request = proxy(RTM_NEWNEIGH, ifindex=stack.ifindex(), dst=host, state=NUD[state])
        assert answer(stack, request).error == 0
    stack.ip("neigh add proxy 10.78.0.20")
    for line in words:
        stack.ip(line)
    assert proxies(stack) == {(hosts[s], "eth0") for s in stay} | {("10.78.0.20", None)}


def wait_proxies(stack, want):
    """The kernel's word on a carrier may take a second to get round."""
    deadline = time.monotonic() + 3
    while proxies(stack) != want:
        assert time.monotonic() < deadline, f"{proxies(stack)}, not {want}"
        time.sleep(0.05)


@own_stack
def test_only_permanent_proxies_stay_without_carrier(stack):
    hosts = dict(permanent="10.78.0.10", stale="10.78.0.11", none="10.78.0.12")

    def make(ifindex=stack.ifindex(), **kinds):
        for host, state in kinds.items():
            request = proxy(RTM_NEWNEIGH, ifindex=ifindex, dst=hosts[host], state=NUD[state])
            assert answer(stack, request).error == 0
    make(permanent="permanent", stale="stale", none="none")
    stack.ip("neigh add proxy 10.78.0.20 nud stale")
    everywhere = ("10.78.0.20", None)
    stack.ip("link set eth0 carrier off")
    wait_proxies(stack, {(hosts["permanent"], "eth0"), everywhere})
    # what is said last counts
    make(permanent="stale", stale="permanent")
    stack.ip("link set eth0 carrier on")
    time.sleep(1.2)
    stack.ip("link set eth0 carrier off")
    wait_proxies(stack, {(hosts["stale"], "eth0"), everywhere})


@own_stack
def test_without_arp_evict_nocarrier_all_stay(stack):
    stack.conf(arp_evict_nocarrier=0)
    stack.ip(f"neigh add proxy {B} dev eth0 nud stale")
    stack.ip("link set eth0 carrier off")
    time.sleep(1.5)
    assert proxies(stack) == {(B, "eth0")}


@own_stack
def test_a_proxy_of_a_device_that_is_down_waits_for_it(stack):
    stack.ip("link set eth0 down")
    stack.ip(f"neigh add proxy {B} dev eth0")
    stack.ip("link set eth0 up")
    assert proxies(stack) == {(B, "eth0")}
    sip = fresh()
    stack.port.send(arp(REQUEST, sip, B))
    stack.port.expect(arp_reply(B, pdst=sip))


# ---- sysctls -----------------------------------------------------------------

def test_defaults(stack):
    assert stack.sysctl("net.ipv4.neigh.eth0.proxy_delay") == "80", "in 1/100 s"
    assert stack.sysctl("net.ipv4.neigh.eth0.proxy_qlen") == "64"
    for key in ("proxy_arp", "proxy_arp_pvlan", "medium_id"):
        assert stack.sysctl(f"net.ipv4.conf.eth0.{key}") == "0"


@pytest.mark.stack(devs=2, addresses=False)
@pytest.mark.parametrize("key", ["proxy_arp", "proxy_arp_pvlan", "medium_id"])
def test_a_default_reaches_those_who_have_no_value_of_their_own(stack, key):
    def values():
        return [stack.sysctl(f"net.ipv4.conf.{dev}.{key}") for dev in ("all", "default", "eth0",
                                                                       "eth1")]
    stack.conf("default", **{key: 3})
    assert values() == ["0", "3", "3", "3"]
    stack.conf("eth0", **{key: 7})
    stack.conf("default", **{key: 4})
    assert values() == ["0", "4", "7", "4"]
    # with its first address a device keeps what it has
    stack.ip("addr add 10.78.0.2/24 dev eth1")
    stack.conf("default", **{key: 5})
    assert values() == ["0", "5", "7", "4"]


NUMBERS = [("-1", "-1"), ("2147483647", "2147483647"), ("2147483648", None), ("x", None)]


@pytest.mark.parametrize("key", ["proxy_arp", "proxy_arp_pvlan", "medium_id"])
def test_numbers(shared, key):
    for written, read in NUMBERS:
        before = shared.sysctl(f"net.ipv4.conf.eth0.{key}")
        try:
            shared.sysctl(f"net.ipv4.conf.eth0.{key}", written)
            refused = False
        except (OSError, AssertionError):
            refused = True
        assert refused == (read is None), written
        assert shared.sysctl(f"net.ipv4.conf.eth0.{key}") == (before if read is None else read)
    shared.conf("eth0", **{key: 0})
