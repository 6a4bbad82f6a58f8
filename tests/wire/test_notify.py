# SPDX-License-Identifier: BSD-2-Clause
"""What listeners of rtnetlink groups hear, in which order, and what they do not hear.

rtnetlink(7), ip-monitor(8).  Neighbour specification, notifications: each change that
can be seen from outside is told once and in order; creation, INCOMPLETE and DELAY are
told to nobody; a deletion by hand is FAILED and then deleted, a flush only deleted.
A listener that does not read gets ENOBUFS and holds up nobody.
"""

import errno
import struct
import time

import pytest

from lab import netlink as nl
from lab.frames import ARP, Ether, arp_request
from lab.stack import ADDRESS, PEER

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"


def line(state, lladdr=None, deleted=False, address=PEER):
    middle = f" lladdr {lladdr}" if lladdr else ""
    return f"{'Deleted ' if deleted else ''}{address} dev eth0{middle} {state}"


NEIGH = [
    # what                                     before, commands, lines
    ("a new entry", [], [f"add {PEER} lladdr {M1} dev eth0 nud stale"],
     [line("STALE", M1)]),
    ("a new permanent entry", [], [f"add {PEER} lladdr {M1} dev eth0 nud permanent"],
     [line("PERMANENT", M1)]),
    ("another address", [f"add {PEER} lladdr {M1} dev eth0 nud stale"],
     [f"change {PEER} lladdr {M2} dev eth0 nud stale"], [line("STALE", M2)]),
    ("another state", [f"add {PEER} lladdr {M1} dev eth0 nud stale"],
     [f"change {PEER} lladdr {M1} dev eth0 nud reachable"], [line("REACHABLE", M1)]),
    ("the same again is told to nobody", [f"add {PEER} lladdr {M1} dev eth0 nud stale"],
     [f"change {PEER} lladdr {M1} dev eth0 nud stale"], []),
    ("permanent, the same again, is told to nobody",
     [f"add {PEER} lladdr {M1} dev eth0 nud permanent"],
     [f"replace {PEER} lladdr {M1} dev eth0 nud permanent"], []),
    ("deletion of a stale one", [f"add {PEER} lladdr {M1} dev eth0 nud stale"],
     [f"del {PEER} dev eth0"], [line("FAILED"), line("FAILED", deleted=True)]),
    ("deletion of a permanent one", [f"add {PEER} lladdr {M1} dev eth0 nud permanent"],
     [f"del {PEER} dev eth0"], [line("FAILED"), line("FAILED", deleted=True)]),
    ("deletion of a failed one", [f"add {PEER} lladdr {M1} dev eth0 nud failed"],
     [f"del {PEER} dev eth0"], [line("FAILED", deleted=True)]),
    ("directly to failed is told to nobody", [], [f"add {PEER} dev eth0 nud failed"], []),
    ("from stale to failed by hand", [f"add {PEER} lladdr {M1} dev eth0 nud stale"],
     [f"change {PEER} dev eth0 nud failed"], [line("FAILED")]),
    ("use by hand is told to nobody", [], [f"replace {PEER} use dev eth0"], []),
    ("a router flag", [f"add {PEER} lladdr {M1} dev eth0 nud stale"],
     [f"change {PEER} lladdr {M1} router dev eth0 nud stale"],
     [f"{PEER} dev eth0 lladdr {M1} router STALE"]),
    ("learned elsewhere", [], [f"add {PEER} lladdr {M1} dev eth0 nud noarp extern_learn"],
     [f"{PEER} dev eth0 lladdr {M1} extern_learn NOARP"]),
    ("a refused request is told to nobody", [], [f"add {PEER} dev eth0 nud permanent"], []),
    ("a chain, in order", [], [f"add {PEER} lladdr {M1} dev eth0 nud stale",
                               f"change {PEER} lladdr {M2} dev eth0 nud reachable",
                               f"change {PEER} lladdr {M2} dev eth0 nud permanent"],
     [line("STALE", M1), line("REACHABLE", M2), line("PERMANENT", M2)]),
]


@pytest.mark.parametrize("says, before, commands, want", [pytest.param(*r, id=r[0])
                                                          for r in NEIGH])
def test_neighbours_by_hand(stack, says, before, commands, want):
    for command in before:
        stack.ip("neigh " + command)
    monitor = stack.monitor()
    for command in commands:
        stack.ip_error("neigh " + command)
    assert monitor.lines() == want


def test_the_deletion_of_an_incomplete_one(stack):
    with stack.udp() as sock:
        sock.sendto(b"hello", (PEER, 5000))
    monitor = stack.monitor()
    stack.ip(f"neigh del {PEER} dev eth0")
    assert monitor.lines() == [line("FAILED"), line("FAILED", deleted=True)]


def test_the_flush_of_a_device_is_only_deletions(stack):
    states = {"10.77.0.21": "REACHABLE", "10.77.0.22": "STALE", "10.77.0.23": "PERMANENT"}
    for address, state in states.items():
        stack.ip(f"neigh add {address} lladdr {M1} dev eth0 nud {state.lower()}")
    monitor = stack.monitor()
    stack.ip("link set eth0 down")
    assert sorted(monitor.lines()) == sorted(line(s, M1, True, a) for a, s in states.items())


def test_a_change_from_the_wire(stack):
    monitor = stack.monitor()
    for mac in (M1, M1, M2):
        stack.port.send(Ether(src=mac, dst=stack.mac) /
                        ARP(op=1, hwsrc=mac, psrc=PEER, pdst=ADDRESS))
    assert monitor.lines() == [line("STALE", M1), line("STALE", M2)]


def test_a_change_is_told_before_the_waiting_packets_go(stack):
    """So a listener can never see a packet that its table does not explain."""
    with stack.udp() as sock:
        sock.sendto(b"hello", (PEER, 5000))
    stack.port.expect(arp_request(PEER))
    monitor = stack.monitor()
    stack.port.send(Ether(src=M1, dst=stack.mac) /
                    ARP(op=2, hwsrc=M1, psrc=PEER, hwdst=stack.mac, pdst=ADDRESS))
    stack.port.expect(~arp_request(PEER))
    assert monitor.lines() == [line("REACHABLE", M1)]


def test_the_log_rebuilds_the_table(stack):
    monitor = stack.monitor()
    for i in range(20):
        stack.ip(f"neigh replace 10.77.0.{20 + i % 7} lladdr 02:00:00:00:bb:{i:02x} dev eth0 "
                 f"nud {('stale', 'permanent', 'reachable')[i % 3]}")
        if i % 5 == 4:
            stack.ip(f"neigh del 10.77.0.{20 + i % 7} dev eth0")
    rebuilt = {}
    for words in map(str.split, monitor.lines(0.3)):
        if words[0] == "Deleted":
            rebuilt.pop(words[1], None)
        else:
            rebuilt[words[0]] = (words[-1], words[4] if "lladdr" in words else None)
    assert rebuilt == stack.table()


# ---- other groups ----------------------------------------------------------

OTHER = [
    # what                     group, commands, pieces that the lines must have in this order
    ("an address is added", "address", ["addr add 10.99.0.1/24 dev eth0"],
     ["inet 10.99.0.1/24 scope global eth0"]),
    ("an address goes", "address", ["addr add 10.99.0.1/24 dev eth0",
                                    "addr del 10.99.0.1/24 dev eth0"],
     ["inet 10.99.0.1/24", "Deleted"]),
    ("a link goes down", "link", ["link set eth0 down"], ["eth0: <BROADCAST,MULTICAST", "state DOWN"]),
    ("a link changes its MTU", "link", ["link set eth0 mtu 1400"], ["mtu 1400"]),
    ("a link changes its address", "link", ["link set eth0 address 02:00:00:00:00:77"],
     ["link/ether 02:00:00:00:00:77"]),
    ("a route is added", "route", ["route add 192.0.2.0/24 via 10.77.0.1"],
     ["192.0.2.0/24 via 10.77.0.1 dev eth0"]),
    ("a route goes", "route", ["route add 192.0.2.0/24 via 10.77.0.1",
                               "route del 192.0.2.0/24"],
     ["192.0.2.0/24 via 10.77.0.1 dev eth0", "Deleted 192.0.2.0/24 via 10.77.0.1 dev eth0"]),
    ("an address brings its routes", "route", ["addr add 10.99.0.1/24 dev eth0"],
     ["local 10.99.0.1 dev eth0 table local proto kernel scope host src 10.99.0.1",
      "10.99.0.0/24 dev eth0 proto kernel scope link src 10.99.0.1"]),
]


@pytest.mark.parametrize("says, group, commands, want", [pytest.param(*r, id=r[0])
                                                         for r in OTHER])
def test_other_groups(stack, says, group, commands, want):
    monitor = stack.monitor(f"{group} neigh")
    for command in commands:
        stack.ip(command)
    text = "\n".join(monitor.lines())
    at = -1
    for piece in want:
        at = text.find(piece, at + 1)
        assert at >= 0, f"no {piece!r} (in order) in\n{text}"


# ---- raw listeners ---------------------------------------------------------

def listen(stack, groups, remote=None):
    sock = stack.socket(16, 3, 0, remote=remote)        # AF_NETLINK, SOCK_RAW, NETLINK_ROUTE
    sock.bind((0, groups))
    sock.settimeout(1.0)
    return sock


def hears(sock):
    """The messages that a listener has now."""
    got = []
    while True:
        try:
            got += nl.messages(sock.recv(65536))
        except TimeoutError:
            return got
        sock.settimeout(0.1)


def test_a_notification_names_the_port_of_the_request_that_caused_it(stack):
    """So a listener can leave out what it did itself, as routing daemons do."""
    with listen(stack, 1 << (nl.RTNLGRP_NEIGH - 1)) as sock:
        port = sock.getsockname()[0]
        sock.send(nl.new_neigh(ifindex=stack.ifindex(), dst=PEER, lladdr=M1,
                               state=nl.NUD["permanent"], seq=77))
        got = [m for m in hears(sock) if m.kind == nl.RTM_NEWNEIGH]
    assert len(got) == 1 and (got[0].pid, got[0].seq, got[0].flags) == (port, 0, 0)
    assert got[0].nd == (2, stack.ifindex(), nl.NUD["permanent"], 0, 1)
    assert set(got[0].attrs) == {nl.NDA_DST, nl.NDA_LLADDR, nl.NDA_PROBES, nl.NDA_CACHEINFO}


def test_a_notification_that_no_request_caused_names_no_port(stack):
    with listen(stack, 1 << (nl.RTNLGRP_NEIGH - 1)) as sock:
        stack.port.send(Ether(src=M1, dst=stack.mac) /
                        ARP(op=1, hwsrc=M1, psrc=PEER, pdst=ADDRESS))
        got = hears(sock)
    assert len(got) == 1 and (got[0].pid, got[0].seq, got[0].flags) == (0, 0, 0)


def test_a_notification_comes_from_port_0(stack):
    with listen(stack, 1 << (nl.RTNLGRP_NEIGH - 1)) as sock:
        stack.ip(f"neigh add {PEER} lladdr {M1} dev eth0 nud permanent")
        _, _, _, sender = sock.recvmsg(65536)
    assert sender[0] == 0, "the kernel's port"


def test_membership_can_be_had_by_socket_option_and_given_back(stack):
    with listen(stack, 0) as sock:
        stack.ip(f"neigh add 10.77.0.21 lladdr {M1} dev eth0 nud permanent")
        sock.setsockopt(nl.SOL_NETLINK, nl.NETLINK_ADD_MEMBERSHIP, nl.RTNLGRP_NEIGH)
        stack.ip(f"neigh add 10.77.0.22 lladdr {M1} dev eth0 nud permanent")
        assert [m.attrs[nl.NDA_DST] for m in hears(sock)] == [nl.addr("10.77.0.22")]
        sock.setsockopt(nl.SOL_NETLINK, 2, nl.RTNLGRP_NEIGH)   # NETLINK_DROP_MEMBERSHIP
        stack.ip(f"neigh add 10.77.0.23 lladdr {M1} dev eth0 nud permanent")
        assert hears(sock) == []


def test_every_listener_hears_everything(stack):
    group = 1 << (nl.RTNLGRP_NEIGH - 1)
    socks = [listen(stack, group) for _ in range(5)] + [listen(stack, 1)]
    for i in range(10):
        stack.ip(f"neigh add 10.77.0.{20 + i} lladdr {M1} dev eth0 nud permanent")
    want = [nl.addr(f"10.77.0.{20 + i}") for i in range(10)]
    for sock in socks[:5]:
        assert [m.attrs[nl.NDA_DST] for m in hears(sock)] == want
    assert hears(socks[5]) == [], "a listener of another group"


def test_a_stalled_listener_gets_enobufs_and_holds_up_nobody(stack):
    group = 1 << (nl.RTNLGRP_NEIGH - 1)
    slow, quick = listen(stack, group), listen(stack, group, stack.remote())
    slow.setsockopt(1, 8, 4096)         # SO_RCVBUF
    count = 60
    requests = [nl.new_neigh(ifindex=stack.ifindex(), dst=f"10.77.0.{20 + i}", lladdr=M1,
                             state=nl.NUD["permanent"]) for i in range(count)]
    start = time.monotonic()
    answers = nl.ask_many(stack, requests)
    assert time.monotonic() - start < 5
    assert all(a[0].error == 0 for a in answers)
    assert len(hears(quick)) == count
    got, said = [], None
    try:
        for _ in range(2 * count):
            got += nl.messages(slow.recv(65536))
    except OSError as error:
        said = error.errno
    assert said == errno.ENOBUFS, f"{len(got)} messages, then {said}"
    assert len(got) + len(hears(slow)) < count, "something was lost"
    stack.ip("neigh del 10.77.0.20 dev eth0")
    assert len(hears(slow)) == 2, "and afterwards it hears again"


def test_app_solicit_asks_the_listeners(stack):
    """RTM_GETNEIGH to the group: a program may resolve instead of ARP."""
    stack.neigh_sysctl(app_solicit=1, retrans_time_ms=100)
    with listen(stack, 1 << (nl.RTNLGRP_NEIGH - 1)) as sock, stack.udp() as udp_sock:
        udp_sock.sendto(b"hello", (PEER, 5000))
        got = hears(sock)
    asked = [m for m in got if m.kind == nl.RTM_GETNEIGH]
    assert len(asked) == 1, got
    assert asked[0].flags == nl.NLM_F_REQUEST and asked[0].attrs[nl.NDA_DST] == nl.addr(PEER)
    assert asked[0].nd[2] == nl.NUD["incomplete"]
    assert struct.unpack("=I", asked[0].attrs[nl.NDA_PROBES])[0] == 3
    stack.port.collect(arp_request(PEER), count=3)
