# SPDX-License-Identifier: BSD-2-Clause
"""Managed neighbours: kept resolved though nobody sends to them.

Neighbour specification, rows A16 and A17 (NTF_MANAGED), notifications of section 10.
The interval between two uses is interval_probe_time_ms of the table: 5 s on both.
"""

import errno
import time

import pytest

from lab import netlink as nl
from lab.frames import BROADCAST, arp_request, match, Ether
from lab.stack import PEER, PEER_MAC

M1 = "02:00:00:00:aa:01"
INTERVAL = 5.0
MANAGED, VALIDATED = 1, 4               # of NDA_FLAGS_EXT
INVALID = "Cannot create externally validated neighbor with an invalid state"


def shown(stack, address=PEER):
    return " ".join(stack.ip(f"neigh show to {address} dev eth0 nud all").stdout.split())


def test_who_does_not_answer_is_asked_again_and_again(stack):
    monitor = stack.monitor()
    start = time.monotonic()
    stack.ip(f"neigh add {PEER} dev eth0 managed")
    assert shown(stack) == f"{PEER} managed INCOMPLETE"
    first = stack.port.collect(arp_request(PEER), count=3)
    assert [round(f.time - start) for f in first] == [0, 1, 2]
    assert all(f[Ether].dst == BROADCAST for f in first)
    when, lines = monitor.until("FAILED", within=2)
    assert lines == [f"{PEER} dev eth0 managed FAILED"], "of nothing else is told"
    assert 2.9 < when - start < 3.4
    # the next use comes at the table's time, which is not this entry's
    again = stack.port.collect(arp_request(PEER), count=3, within=INTERVAL + 0.5)
    assert again[0].time - first[0].time > 3
    assert [round(f.time - again[0].time) for f in again] == [0, 1, 2]
    when, lines = monitor.until("FAILED", within=2)
    assert lines == [f"{PEER} dev eth0 managed FAILED"]
    third = stack.port.collect(arp_request(PEER), count=1, within=INTERVAL + 0.5)
    assert abs(third[0].time - again[0].time - INTERVAL) < 0.6
    monitor.close()


def test_who_answers_stays_resolved_without_traffic(stack):
    stack.port.answers[PEER] = PEER_MAC
    stack.neigh_sysctl(base_reachable_time_ms=1500, delay_first_probe_time=1)
    stack.ip(f"neigh add {PEER} dev eth0 managed")
    stack.wait_nud(PEER, "REACHABLE")
    asked = stack.port.collect(arp_request(PEER), count=3, within=INTERVAL + 2)
    assert stack.lladdr(PEER) == PEER_MAC
    assert asked[-1][Ether].dst == PEER_MAC, "a probe of a known one is unicast"
    # one that is not managed grows stale, and stays so
    stack.ip(f"neigh replace {PEER} lladdr {PEER_MAC} dev eth0 nud stale")
    assert shown(stack) == f"{PEER} lladdr {PEER_MAC} STALE"
    stack.port.clear()
    stack.port.silence(arp_request(PEER), INTERVAL + 1)


SHOWN = [
    # what                                      commands, what is shown of it
    ("a state and an address given with it are not taken",
     [f"neigh add {PEER} lladdr {M1} dev eth0 nud stale managed"], f"{PEER} managed INCOMPLETE"),
    ("a permanent one becomes a managed one",
     [f"neigh add {PEER} lladdr {M1} dev eth0 nud permanent",
      f"neigh replace {PEER} dev eth0 managed"], f"{PEER} managed INCOMPLETE"),
    ("a managed one becomes a permanent one",
     [f"neigh add {PEER} dev eth0 managed",
      f"neigh replace {PEER} lladdr {M1} dev eth0 nud permanent"], f"{PEER} lladdr {M1} PERMANENT"),
    ("with extern_learn",
     [f"neigh add {PEER} dev eth0 managed extern_learn"],
     f"{PEER} managed extern_learn INCOMPLETE"),
    ("extern_learn goes, managed stays",
     [f"neigh add {PEER} dev eth0 managed extern_learn", f"neigh replace {PEER} dev eth0 managed"],
     f"{PEER} managed INCOMPLETE"),
]


@pytest.mark.parametrize("says, commands, want", [pytest.param(*r, id=r[0]) for r in SHOWN])
def test_what_is_managed(stack, says, commands, want):
    for command in commands:
        stack.ip(command)
    assert shown(stack) == want


NEW = [
    # what                                      NTF_*, NDA_FLAGS_EXT, errno, text
    ("managed", 0, MANAGED, 0, None),
    ("managed and used", nl.NTF_USE, MANAGED, 0, None),
    ("validated by others", 0, VALIDATED, 0, None),
    ("validated by others, and used: that takes no state", nl.NTF_USE, VALIDATED, errno.EINVAL,
     INVALID),
    ("validated by others, and managed: that takes no state", 0, MANAGED | VALIDATED,
     errno.EINVAL, INVALID),
]


@pytest.mark.parametrize("says, ntf, ext, error, text", [pytest.param(*r, id=r[0]) for r in NEW])
def test_a_new_one(stack, says, ntf, ext, error, text):
    got = nl.ask(stack, nl.new_neigh(nl.NLM_F_CREATE, ifindex=stack.ifindex(), dst=PEER, ntf=ntf,
                                     lladdr=M1, state=nl.NUD["stale"],
                                     more=nl.attr(nl.NDA_FLAGS_EXT, ext)))
    assert [(m.error, m.text) for m in got] == [(error, text)]
    assert (shown(stack) == "") == bool(error), "a refused request leaves nothing"


def test_a_stale_one_that_is_managed_is_probed(stack):
    stack.neigh_sysctl(delay_first_probe_time=1)
    stack.ip(f"neigh add {PEER} lladdr {M1} dev eth0 nud stale")
    monitor = stack.monitor()
    stack.ip(f"neigh replace {PEER} dev eth0 managed")
    assert shown(stack) == f"{PEER} lladdr {M1} managed DELAY"
    stack.port.expect(arp_request(PEER) & match(Ether, dst=M1), within=1.6)
    _, lines = monitor.until("PROBE")
    assert lines[-1] == f"{PEER} dev eth0 lladdr {M1} managed PROBE"
    monitor.close()


def test_a_device_that_goes_down_takes_it(stack):
    stack.ip(f"neigh add {PEER} dev eth0 managed")
    monitor = stack.monitor()
    stack.ip("link set eth0 down")
    assert any("managed" in line and line.startswith("Deleted") for line in monitor.lines())
    monitor.close()
    stack.ip("link set eth0 up")
    stack.port.clear()
    stack.port.silence(arp_request(PEER), INTERVAL + 0.5)
