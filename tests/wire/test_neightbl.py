# SPDX-License-Identifier: BSD-2-Clause
"""RTM_GETNEIGHTBL and RTM_SETNEIGHTBL: what `ip ntable` shows and changes, and the errors of both.

Neighbour specification, rtnetlink: NEIGHTBL.  Counters: tests/wire/test_differences_limits.py.
"""

import errno
import socket
import struct

import pytest

from lab import netlink as nl

(NAME, THRESH1, THRESH2, THRESH3, CONFIG, PARMS, STATS, GC_INTERVAL) = range(1, 9)
IFINDEX, REFCNT, REACHABLE, BASE, RETRANS, GC_STALE, DELAY, QLEN, APP, UCAST, MCAST, ANYCAST, PROXY_DELAY, PROXY_QLEN, \
    LOCKTIME, QLEN_BYTES, REPROBES = range(1, 18)
INTERVAL = 19
FAILED_POLICY = "Attribute failed policy validation"
DEFAULTS = {BASE: 30000, RETRANS: 1000, GC_STALE: 60000, DELAY: 5000, QLEN: 101, APP: 0, UCAST: 3, MCAST: 3,
            ANYCAST: 1000, PROXY_DELAY: 800, PROXY_QLEN: 64, LOCKTIME: 1000, QLEN_BYTES: 212992, REPROBES: 0,
            INTERVAL: 5000}
TIMES = {REACHABLE, BASE, RETRANS, GC_STALE, DELAY, ANYCAST, PROXY_DELAY, LOCKTIME, INTERVAL}


def u64(value):
    return struct.pack("=Q", value)


def number(data):
    return struct.unpack("=Q" if len(data) == 8 else "=I", data)[0]


def dump(stack, family=socket.AF_INET, body=None, **how):
    request = nl.message(nl.RTM_GETNEIGHTBL, nl.NLM_F_REQUEST | nl.NLM_F_DUMP,
                         struct.pack("=BBH", family, 0, 0) if body is None else body)
    return nl.ask(stack, request, **how)


def tables(stack):
    """[(name, attributes, {parameter: value})] of the ARP table, as the dump has them."""
    found = []
    for message in dump(stack):
        if message.kind == nl.RTM_NEWNEIGHTBL:
            attrs = nl.attrs(message.body[4:])
            parms = {kind: number(data) for kind, data in nl.attrs(attrs[PARMS]).items()}
            found.append((attrs[NAME].rstrip(b"\0").decode(), attrs, parms))
    return found


def parms_of(stack, ifindex=None):
    return next(parms for _, _, parms in tables(stack) if parms.get(IFINDEX) == ifindex)


def setting(attrs, family=socket.AF_INET):
    return nl.message(nl.RTM_SETNEIGHTBL, nl.NLM_F_REQUEST | nl.NLM_F_ACK, struct.pack("=BBH", family, 0, 0) + attrs)


def set_parms(ifindex=None, **values):
    nest = b"" if ifindex is None else nl.attr(IFINDEX, ifindex)
    for name, value in values.items():
        kind = globals()[name]
        nest += nl.attr(kind, u64(value) if kind in TIMES else value)
    return nl.attr(NAME, b"arp_cache\0") + nl.attr(PARMS | 0x8000, nest)


# ---- the dump ---------------------------------------------------------------

def test_the_first_message_is_the_tables_and_then_comes_each_device(stack):
    found = tables(stack)
    names = {"arp_cache"}
    assert {name for name, _, _ in found} == names
    first, rest = found[0], found[1:]
    assert set(first[1]) == {NAME, GC_INTERVAL, THRESH1, THRESH2, THRESH3, CONFIG, STATS, PARMS}
    assert [number(first[1][k]) for k in (GC_INTERVAL, THRESH1, THRESH2, THRESH3)] == [30000, 128, 512, 1024]
    assert (len(first[1][CONFIG]), len(first[1][STATS])) == (32, 88)
    assert IFINDEX not in first[2]
    assert {parms[IFINDEX] for _, _, parms in rest} == {stack.ifindex("lo"), stack.ifindex("eth0")}
    assert all(set(attrs) == {NAME, PARMS} for _, attrs, _ in rest)


def test_parameters_have_the_kernels_names_and_values(stack):
    for ifindex in (None, stack.ifindex()):
        parms = parms_of(stack, ifindex)
        assert {k: v for k, v in parms.items() if k in DEFAULTS} == DEFAULTS
        assert 15000 <= parms[REACHABLE] < 45000
        assert set(parms) - {IFINDEX} == {*DEFAULTS, REFCNT, REACHABLE}


def test_a_dump_of_all_families_has_the_arp_table(stack):
    names = [nl.attrs(m.body[4:])[NAME] for m in dump(stack, socket.AF_UNSPEC) if m.kind == nl.RTM_NEWNEIGHTBL]
    assert b"arp_cache\0" in names


WRONG_DUMPS = [
    ("a header that is too short", b"\2", "Invalid header for neighbor table dump request"),
    ("a value in the header", struct.pack("=BBH", socket.AF_INET, 1, 0),
     "Invalid values in header for neighbor table dump request"),
    ("an attribute", struct.pack("=BBH", socket.AF_INET, 0, 0) + nl.attr(NAME, b"arp_cache\0"),
     "Invalid data after header in neighbor table dump request"),
]


@pytest.mark.parametrize("says, body, text", [pytest.param(*r, id=r[0]) for r in WRONG_DUMPS])
def test_a_strict_dump_refuses(stack, says, body, text):
    last = dump(stack, body=body)[-1]
    assert (last.error, last.text) == (errno.EINVAL, text)


@pytest.mark.parametrize("says, body, text", [pytest.param(*r, id=r[0]) for r in WRONG_DUMPS[1:]])
def test_a_dump_that_is_not_strict_does_not_mind(stack, says, body, text):
    got = dump(stack, body=body, strict=False)
    assert got[-1].kind == nl.NLMSG_DONE and not got[-1].error and got[0].kind == nl.RTM_NEWNEIGHTBL


# ---- setting ----------------------------------------------------------------

SETTINGS = [
    # parameter, what is given, what the sysctl says then
    ("BASE", 20000, "base_reachable_time_ms", "20000"),
    ("RETRANS", 1500, "retrans_time_ms", "1500"),
    ("GC_STALE", 90000, "gc_stale_time", "90"),
    ("DELAY", 7000, "delay_first_probe_time", "7"),
    ("APP", 2, "app_solicit", "2"),
    ("UCAST", 5, "ucast_solicit", "5"),
    ("MCAST", 6, "mcast_solicit", "6"),
    ("REPROBES", 1, "mcast_resolicit", "1"),
    ("ANYCAST", 500, "anycast_delay", "50"),
    ("PROXY_DELAY", 400, "proxy_delay", "40"),
    ("PROXY_QLEN", 7, "proxy_qlen", "7"),
    ("LOCKTIME", 300, "locktime", "30"),
    ("QLEN_BYTES", 100000, "unres_qlen_bytes", "100000"),
    ("QLEN", 10, "unres_qlen_bytes", "20900"),
    ("INTERVAL", 2500, "interval_probe_time_ms", "2500"),
]


@pytest.mark.parametrize("name, value, sysctl, text", SETTINGS, ids=[row[0] for row in SETTINGS])
def test_a_parameter_of_a_device(stack, name, value, sysctl, text):
    answer, = nl.ask(stack, setting(set_parms(stack.ifindex(), **{name: value})))
    assert answer.error == 0
    assert parms_of(stack, stack.ifindex())[globals()[name]] == value
    assert stack.sysctl(f"net.ipv4.neigh.eth0.{sysctl}") == text
    assert parms_of(stack, stack.ifindex("lo"))[globals()[name]] == DEFAULTS[globals()[name]], "of no other"


def test_a_default_is_not_that_of_devices_with_an_address(stack):
    """The default is what has no index.  In Linux the first namespace alone can set it (D19)."""
    nl.ask(stack, setting(set_parms(stack.ifindex(), UCAST=5)))
    answer, = nl.ask(stack, setting(set_parms(None, UCAST=4, MCAST=7)))
    if stack.kind == "kernel":
        assert answer.error == errno.ENOENT
        return
    assert answer.error == 0
    eth0, lo = parms_of(stack, stack.ifindex()), parms_of(stack, stack.ifindex("lo"))
    assert (parms_of(stack)[UCAST], parms_of(stack)[MCAST]) == (4, 7)
    assert (eth0[UCAST], eth0[MCAST], lo[UCAST], lo[MCAST]) == (5, 3, 3, 3)


WRONG_SETTINGS = [
    ("no name", b"", errno.EINVAL, None),
    ("an unknown name", nl.attr(NAME, b"arp_cash\0"), errno.ENOENT, None),
    ("an unknown device", nl.attr(NAME, b"arp_cache\0") + nl.attr(PARMS | 0x8000, nl.attr(IFINDEX, 4711)),
     errno.ENOENT, None),
    ("a parameter that is too short",
     nl.attr(NAME, b"arp_cache\0") + nl.attr(PARMS | 0x8000, nl.attr(RETRANS, struct.pack("=I", 5))),
     errno.ERANGE, FAILED_POLICY),
    ("a threshold that is too short", nl.attr(NAME, b"arp_cache\0") + nl.attr(THRESH1, b"\1\0"),
     errno.ERANGE, FAILED_POLICY),
    ("a name without its end is as good", nl.attr(NAME, b"arp_cache"), 0, None),
]


@pytest.mark.parametrize("says, attrs, error, text", [pytest.param(*r, id=r[0]) for r in WRONG_SETTINGS])
def test_a_setting_is_refused(stack, says, attrs, error, text):
    before = [parms for _, _, parms in tables(stack)]
    answer, = nl.ask(stack, setting(attrs))
    assert (answer.error, answer.text) == (error, text)
    assert [parms for _, _, parms in tables(stack)] == before


def test_thresholds_are_a_nets_own_in_nethood_and_the_machines_in_linux(stack):
    answer, = nl.ask(stack, setting(nl.attr(NAME, b"arp_cache\0") + nl.attr(THRESH3, 900) +
                                    nl.attr(GC_INTERVAL, u64(7000))))
    first = tables(stack)[0][1]
    if stack.kind == "kernel":
        assert answer.error == errno.ENOENT and number(first[THRESH3]) == 1024
    else:
        assert answer.error == 0 and (number(first[THRESH3]), number(first[GC_INTERVAL])) == (900, 7000)
