# SPDX-License-Identifier: BSD-2-Clause
"""RFC 4861 7.2.5: what an advertisement does to an entry, for every state and every kind of advertisement.

The entry knows the peer at M1; "other" advertisements say M2, "same" ones M1, "bare" ones nothing.
"""

import itertools
import socket
import time

import pytest

from lab.packets6 import OVERRIDE, ROUTER, SOLICITED, is_icmp6, na, NS
from lab.stack import ADDRESS6

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
SHARED = dict(ipv6=True, sysctls={"net.ipv4.ping_group_range": "0 0"})
STATES = ["INCOMPLETE", "REACHABLE", "STALE", "DELAY", "PROBE", "FAILED", "PERMANENT"]
UNCHANGED = "-"

_hosts = itertools.count(16)


def fresh():
    return f"fd77::{next(_hosts):x}"


# what: flags, address; then what the entry becomes in each of STATES
MATRIX = {
    "solicited, override, other": (SOLICITED | OVERRIDE, M2, [
        (M2, "REACHABLE"), (M2, "REACHABLE"), (M2, "REACHABLE"), (M2, "REACHABLE"), (M2, "REACHABLE"),
        UNCHANGED, UNCHANGED]),
    "solicited, other": (SOLICITED, M2, [
        (M2, "REACHABLE"), (M1, "STALE"), UNCHANGED, UNCHANGED, UNCHANGED, UNCHANGED, UNCHANGED]),
    "override, other": (OVERRIDE, M2, [
        (M2, "DELAY"), (M2, "STALE"), (M2, "STALE"), (M2, "STALE"), (M2, "STALE"), UNCHANGED, UNCHANGED]),
    "other": (0, M2, [
        (M2, "DELAY"), (M1, "STALE"), UNCHANGED, UNCHANGED, UNCHANGED, UNCHANGED, UNCHANGED]),
    "solicited, override, same": (SOLICITED | OVERRIDE, M1, [
        (M1, "REACHABLE"), UNCHANGED, (M1, "REACHABLE"), (M1, "REACHABLE"), (M1, "REACHABLE"),
        UNCHANGED, UNCHANGED]),
    "solicited, same": (SOLICITED, M1, [
        (M1, "REACHABLE"), UNCHANGED, (M1, "REACHABLE"), (M1, "REACHABLE"), (M1, "REACHABLE"),
        UNCHANGED, UNCHANGED]),
    "solicited, bare": (SOLICITED, None, [
        UNCHANGED, UNCHANGED, (M1, "REACHABLE"), (M1, "REACHABLE"), (M1, "REACHABLE"), UNCHANGED, UNCHANGED]),
    "override, same": (OVERRIDE, M1, [
        (M1, "DELAY"), UNCHANGED, UNCHANGED, UNCHANGED, UNCHANGED, UNCHANGED, UNCHANGED]),
    "bare": (0, None, [UNCHANGED] * 7),
}


def make(stack, state):
    """A new entry in @state, whose address, if any, is M1."""
    address = fresh()
    if state == "INCOMPLETE":
        send(stack, address)
        return address
    made = {"DELAY": "stale"}.get(state, state.lower())
    lladdr = "" if state == "FAILED" else f"lladdr {M1}"
    stack.ip(f"neigh add {address} {lladdr} dev eth0 nud {made}")
    if state == "DELAY":
        send(stack, address)
    return address


def send(stack, address):
    sock = stack.socket(socket.AF_INET6)
    sock.sendto(b"x", (address, 9))
    sock.close()


def entry(stack, address):
    got = stack.neigh(address)
    return (got.get("lladdr"), got["state"][0]) if got else None


def settled(stack, address, want):
    deadline = time.monotonic() + 0.4
    while entry(stack, address) != want and time.monotonic() < deadline:
        time.sleep(0.02)
    return entry(stack, address)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("what", MATRIX)
def test_what_an_advertisement_does(shared, what, state):
    flags, lladdr, becomes = MATRIX[what]
    address = make(shared, state)
    before = entry(shared, address)
    assert before == ((M1 if state not in ("INCOMPLETE", "FAILED") else None), state)
    want = becomes[STATES.index(state)]
    shared.port.send(na(address, ADDRESS6, address, flags, tlla=lladdr, src_mac=lladdr or M1, dst_mac=shared.mac))
    if want == UNCHANGED:
        time.sleep(0.08)
        want = before
    assert settled(shared, address, want) == want


# ---- the router flag -------------------------------------------------------

@pytest.mark.parametrize("flags, lladdr, router", [
    (SOLICITED | OVERRIDE | ROUTER, M1, True),
    (ROUTER, None, True),                       # whatever it says of the address
    (ROUTER, M2, False),                        # one that is not believed, is not in that either
    (OVERRIDE | ROUTER, M2, True),
    (SOLICITED, M1, False),
])
@pytest.mark.parametrize("was", [False, True])
def test_the_router_flag_follows(shared, was, flags, lladdr, router):
    address = fresh()
    shared.ip(f"neigh add {address} lladdr {M1} dev eth0 nud stale {'router' if was else ''}")
    shared.port.send(na(address, ADDRESS6, address, flags, tlla=lladdr, src_mac=M1, dst_mac=shared.mac))
    time.sleep(0.1)
    got = shared.neigh(address)
    believed = not (flags == ROUTER and lladdr == M2)
    assert ("router" in got) == (router if believed else was), got


# ---- whom it finds ---------------------------------------------------------

def test_nobody_whom_we_do_not_know_is_learned(shared):
    for flags in (0, SOLICITED, OVERRIDE, SOLICITED | OVERRIDE):
        address = fresh()
        shared.port.send(na(address, ADDRESS6, address, flags, tlla=M1, src_mac=M1, dst_mac=shared.mac))
        time.sleep(0.05)
        assert entry(shared, address) is None


def test_what_waits_leaves_in_order(shared):
    address = fresh()
    sock = shared.socket(socket.AF_INET6)
    shared.port.clear()
    for i in range(5):
        sock.sendto(bytes([i]), (address, 9))
    shared.port.expect(is_icmp6(NS, target=address))
    shared.port.send(na(address, ADDRESS6, address, SOLICITED | OVERRIDE, tlla=M1, src_mac=M1, dst_mac=shared.mac))
    time.sleep(0.1)
    sent = [f.raw[-1]
            for f in shared.port.collect(lambda f: f.raw[20] == 17 and f.raw[:6].hex() == M1.replace(":", ""))]
    assert sent == [0, 1, 2, 3, 4]
    sock.close()
