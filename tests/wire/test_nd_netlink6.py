# SPDX-License-Identifier: BSD-2-Clause
"""rtnetlink about neighbours of AF_INET6: what is taken, refused, shown, told; tables and their parameters.

Words and numbers as the kernel's.  What both families have in common stands in test_neigh_netlink.py.
"""

import errno
import socket
import struct
import time

import pytest

from lab import netlink as nl
from lab.netlink import (NDA_DST, NDA_FLAGS_EXT, NDA_LLADDR, NDA_PROTOCOL, NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP,
                         NLM_F_EXCL, NLM_F_REPLACE, NLM_F_REQUEST, NTF_PROXY, NTF_ROUTER, NUD, RTM_DELNEIGH,
                         RTM_GETNEIGH, RTM_NEWNEIGH, attr)
from lab.packets6 import OVERRIDE, SOLICITED, addr6, na
from lab.stack import ADDRESS6, LINKLOCAL

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
HOST = "fd77::99"
SHARED = dict(ipv6=True)
PERMANENT, REACHABLE, STALE = (NUD[n] for n in ("permanent", "reachable", "stale"))
DEV, LO = "the device", "the loopback device"
ADD = NLM_F_CREATE | NLM_F_EXCL


def fields_of(stack, fields):
    index = {DEV: stack.ifindex(), LO: 1}
    return {k: index[v] if isinstance(v, str) and v in index else addr6(v) if k == "dst" and isinstance(v, str) else v
            for k, v in fields.items()}


def answer(stack, request):
    got, = nl.ask(stack, request)
    assert got.kind == nl.NLMSG_ERROR, got
    return got


def clean(stack):
    for address, (state, _) in stack.table().items():
        if not address.startswith("ff") and ":" in address:
            stack.ip(f"neigh del {address} dev eth0")


def hosts(stack):
    return {a: e for a, e in stack.table().items() if ":" in a and not a.startswith("ff")}


NEW = [
    # what                                       flags, fields, errno, text
    ("a permanent one is taken", ADD, dict(state=PERMANENT), 0, None),
    ("a link-local one is taken", ADD, dict(dst="fe80::9", state=PERMANENT), 0, None),
    ("a multicast is taken", ADD, dict(dst="ff02::4712", state=PERMANENT), 0, None),
    ("one of our own addresses is taken", ADD, dict(dst=ADDRESS6, state=PERMANENT), 0, None),
    ("one beyond every prefix is taken", ADD, dict(dst="2001:db8::1", state=STALE), 0, None),
    ("a network address of 4 octets", ADD, dict(dst=bytes(4), state=PERMANENT), errno.EINVAL,
     "Invalid network address"),
    ("a network address of 15 octets", ADD, dict(dst=bytes(15), state=PERMANENT), errno.EINVAL,
     "Invalid network address"),
    ("a network address of 20 octets: 16 count", ADD, dict(dst=addr6(HOST) + bytes(4), state=PERMANENT), 0, None),
    ("a link-layer address of 5 octets", ADD, dict(lladdr=bytes(5), state=PERMANENT), errno.EINVAL,
     "Invalid link address"),
    ("without a device", ADD, dict(ifindex=0, state=PERMANENT), errno.EINVAL, "Device not specified"),
    ("absent and without CREATE", 0, dict(state=PERMANENT), errno.ENOENT, None),
    ("stale without a link-layer address", ADD, dict(lladdr=None, state=STALE), errno.EINVAL,
     "No link layer address given"),
    ("a proxy without a device", ADD, dict(ifindex=0, ntf=NTF_PROXY), errno.ENOBUFS, None),
    ("a proxy", ADD, dict(ntf=NTF_PROXY), 0, None),
]


@pytest.mark.parametrize("says, flags, fields, error, text", [pytest.param(*r, id=r[0]) for r in NEW])
def test_a_new_neighbour(shared, says, flags, fields, error, text):
    clean(shared)
    values = dict(ifindex=DEV, dst=HOST, lladdr=M1, family=socket.AF_INET6)
    values.update(fields)
    request = nl.new_neigh(flags, **fields_of(shared, values))
    got = answer(shared, request)
    assert (got.error, got.text) == (error, text), got
    if error and not (shared.kind == "kernel" and text == "No link layer address given"):
        assert hosts(shared) == {}
    if values.get("ntf") == NTF_PROXY and not error:
        shared.ip(f"neigh del proxy {HOST} dev eth0")
    for special in ("ff02::4712", ADDRESS6):
        shared.ip(f"neigh del {special} dev eth0", check=False)
    clean(shared)


@pytest.mark.stack(ipv6=True)
@pytest.mark.parametrize("words, refused", [
    (f"neigh add {HOST} lladdr {M1} dev eth0 nud permanent", True),
    (f"neigh replace {HOST} lladdr {M1} dev eth0 nud permanent", True),
    (f"neigh add 10.77.0.9 lladdr {M1} dev eth0 nud permanent", False),
])
def test_where_ipv6_is_off_there_are_no_neighbours(stack, words, refused):
    stack.conf(family="ipv6", disable_ipv6=1)
    said = stack.ip_error(words)
    assert said == ("Error: IPv6 is disabled on this device." if refused else "")
    assert stack.neigh(HOST) is None


DELETE = [
    ("one that exists", dict(), 0, None),
    ("one that does not", dict(dst="fd77::98"), errno.ENOENT, None),
    ("without an address", dict(dst=None), errno.EINVAL, "Network address not specified"),
    ("an address of 4 octets", dict(dst=bytes(4)), errno.EINVAL, "Invalid network address"),
    ("without a device", dict(ifindex=0), errno.EINVAL, None),
    ("of another device", dict(ifindex=LO), errno.ENOENT, None),
    ("a proxy that does not exist", dict(ntf=NTF_PROXY), errno.ENOENT, None),
]


@pytest.mark.parametrize("says, fields, error, text", [pytest.param(*r, id=r[0]) for r in DELETE])
def test_delete(shared, says, fields, error, text):
    clean(shared)
    shared.ip(f"neigh add {HOST} lladdr {M1} dev eth0 nud permanent")
    values = dict(ifindex=DEV, dst=HOST, family=socket.AF_INET6)
    values.update(fields)
    got = answer(shared, nl.neigh(RTM_DELNEIGH, NLM_F_ACK, **fields_of(shared, values)))
    assert (got.error, got.text) == (error, text), got
    assert (shared.neigh(HOST) is None) == (not error)
    clean(shared)


GET = [
    ("one that does not exist", dict(dst="fd77::98"), errno.ENOENT, "Neighbour entry not found"),
    ("an address of 4 octets", dict(dst=bytes(4)), errno.EINVAL, "Invalid network address in neighbor get request"),
    ("an address of 20 octets", dict(dst=bytes(20)), errno.EINVAL, "Invalid network address in neighbor get request"),
    ("without a device", dict(ifindex=0), errno.EINVAL, "No device specified"),
    ("of a device that does not exist", dict(ifindex=4711), errno.ENODEV, "Unknown device ifindex"),
    ("a proxy that does not exist", dict(ntf=NTF_PROXY), errno.ENOENT, "Proxy neighbour entry not found"),
]


@pytest.mark.parametrize("says, fields, error, text", [pytest.param(*r, id=r[0]) for r in GET])
def test_get_refuses(shared, says, fields, error, text):
    values = dict(ifindex=DEV, dst=HOST, family=socket.AF_INET6)
    values.update(fields)
    got = answer(shared, nl.neigh(RTM_GETNEIGH, 0, **fields_of(shared, values)))
    assert (got.error, got.text) == (error, text), got


def test_get_gives_the_whole_entry(shared):
    clean(shared)
    shared.ip(f"neigh add {HOST} lladdr {M1} dev eth0 nud permanent router protocol 77")
    got, = nl.ask(shared, nl.neigh(RTM_GETNEIGH, 0, ifindex=shared.ifindex(), dst=addr6(HOST), family=socket.AF_INET6))
    assert got.kind == RTM_NEWNEIGH
    assert got.nd == (socket.AF_INET6, shared.ifindex(), PERMANENT, NTF_ROUTER, 1)      # RTN_UNICAST
    assert got.attrs[NDA_DST] == addr6(HOST)
    assert got.attrs[NDA_LLADDR] == nl.mac(M1)
    assert got.attrs[NDA_PROTOCOL] == b"\x4d"
    clean(shared)


def dump(stack, family, ntf=0):
    request = nl.message(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, nl.ndmsg(family, flags=ntf))
    return [m for m in nl.ask(stack, request) if m.kind == RTM_NEWNEIGH]


def test_a_dump_of_all_families_has_both_tables(shared):
    clean(shared)
    shared.ip(f"neigh add {HOST} lladdr {M1} dev eth0 nud permanent")
    shared.ip(f"neigh replace 10.77.0.9 lladdr {M1} dev eth0 nud permanent")
    found = {family: {m.attrs[NDA_DST] for m in dump(shared, family)}
             for family in (0, socket.AF_INET, socket.AF_INET6)}
    assert addr6(HOST) in found[0] and nl.addr("10.77.0.9") in found[0]
    assert addr6(HOST) in found[socket.AF_INET6] and nl.addr("10.77.0.9") not in found[socket.AF_INET6]
    assert addr6(HOST) not in found[socket.AF_INET]
    order = [m.nd[0] for m in dump(shared, 0)]
    assert order == sorted(order)                               # IPv4's first
    shared.ip("neigh del 10.77.0.9 dev eth0")
    clean(shared)


def test_proxies_are_shown_by_themselves(shared):
    shared.ip(f"neigh add proxy {HOST} dev eth0 router")
    got, = [m for m in dump(shared, socket.AF_INET6, NTF_PROXY) if m.attrs[NDA_DST] == addr6(HOST)]
    assert got.nd == (socket.AF_INET6, shared.ifindex(), 0, NTF_PROXY | NTF_ROUTER, 1)
    assert addr6(HOST) not in {m.attrs[NDA_DST] for m in dump(shared, socket.AF_INET6)}
    one, = nl.ask(shared, nl.neigh(RTM_GETNEIGH, 0, ifindex=shared.ifindex(), dst=addr6(HOST), family=socket.AF_INET6,
                                   ntf=NTF_PROXY))
    assert one.nd == got.nd
    shared.ip(f"neigh del proxy {HOST} dev eth0")


@pytest.mark.parametrize("dst, kind, state", [("ff02::4711", 5, NUD["noarp"]), (HOST, 1, NUD["incomplete"])])
def test_what_an_entry_is(shared, dst, kind, state):
    sock = shared.socket(socket.AF_INET6)
    sock.sendto(b"x", (dst, 9, 0, shared.ifindex()))
    sock.close()
    got, = [m for m in dump(shared, socket.AF_INET6) if m.attrs[NDA_DST] == addr6(dst)]
    assert got.nd == (socket.AF_INET6, shared.ifindex(), state, 0, kind)
    clean(shared)


def test_what_goes_over_loopback_is_a_neighbour_too(shared):
    sock = shared.socket(socket.AF_INET6)
    sock.sendto(b"x", (ADDRESS6, 9))
    sock.close()
    got = [m for m in dump(shared, socket.AF_INET6) if m.attrs[NDA_DST] == addr6(ADDRESS6)]
    assert [m.nd for m in got] == [(socket.AF_INET6, 1, NUD["noarp"], 0, 2)]            # RTN_LOCAL


# ---- what is told ----------------------------------------------------------

def test_changes_are_told(shared):
    clean(shared)
    monitor = shared.monitor()
    shared.ip(f"neigh add {HOST} lladdr {M1} dev eth0 nud stale")
    shared.port.send(na(HOST, ADDRESS6, HOST, SOLICITED | OVERRIDE, tlla=M2, src_mac=M2, dst_mac=shared.mac))
    time.sleep(0.1)
    shared.ip(f"neigh del {HOST} dev eth0")
    lines = [line for line in monitor.lines(0.3) if HOST in line]
    assert lines == [f"{HOST} dev eth0 lladdr {M1} STALE", f"{HOST} dev eth0 lladdr {M2} REACHABLE",
                     f"{HOST} dev eth0 FAILED", f"Deleted {HOST} dev eth0 FAILED"]
    monitor.close()


# ---- tables ----------------------------------------------------------------

NDTA_NAME, NDTA_PARMS, NDTPA_IFINDEX, NDTPA_RETRANS_TIME, NDTPA_LOCKTIME = 1, 6, 1, 5, 15


def tables(stack, family):
    request = nl.message(nl.RTM_GETNEIGHTBL, NLM_F_REQUEST | NLM_F_DUMP, struct.pack("=BBH", family, 0, 0))
    got = []
    for m in nl.ask(stack, request):
        if m.kind == nl.RTM_NEWNEIGHTBL:
            found = nl.attrs(m.body[4:])
            got.append((m.body[0], found[NDTA_NAME].rstrip(b"\0").decode(), nl.attrs(found[NDTA_PARMS])))
    return got


def test_the_table_of_nd(shared):
    names = {family: {(t[0], t[1]) for t in tables(shared, family)} for family in (0, socket.AF_INET, socket.AF_INET6)}
    assert names[0] == {(socket.AF_INET, "arp_cache"), (socket.AF_INET6, "ndisc_cache")}
    assert names[socket.AF_INET6] == {(socket.AF_INET6, "ndisc_cache")}
    parms = [t[2] for t in tables(shared, socket.AF_INET6)]
    assert NDTPA_IFINDEX not in parms[0]
    assert {struct.unpack("=I", p[NDTPA_IFINDEX])[0] for p in parms[1:]} == {1, shared.ifindex()}
    for p in parms:
        assert struct.unpack("=Q", p[NDTPA_LOCKTIME]) == (0,)


@pytest.mark.parametrize("name, family, error", [("ndisc_cache", socket.AF_INET6, 0), ("ndisc_cache", 0, 0),
                                                 ("ndisc_cache", socket.AF_INET, errno.ENOENT),
                                                 ("nd_cache", socket.AF_INET6, errno.ENOENT)])
def test_a_parameter_of_a_device(shared, name, family, error):
    parms = attr(NDTPA_IFINDEX, shared.ifindex()) + attr(NDTPA_RETRANS_TIME, struct.pack("=Q", 700))
    body = struct.pack("=BBH", family, 0, 0) + attr(NDTA_NAME, name.encode() + b"\0") + attr(NDTA_PARMS, parms)
    got = answer(shared, nl.message(nl.RTM_SETNEIGHTBL, NLM_F_REQUEST | NLM_F_ACK, body))
    assert got.error == error
    assert shared.sysctl("net.ipv6.neigh.eth0.retrans_time_ms") == ("1000" if error else "700")
    shared.neigh_sysctl(family="ipv6", retrans_time_ms=1000)


@pytest.mark.parametrize("name, value", [
    ("anycast_delay", 100), ("app_solicit", 0), ("base_reachable_time", 30), ("base_reachable_time_ms", 30000),
    ("delay_first_probe_time", 5), ("gc_stale_time", 60), ("interval_probe_time_ms", 5000), ("locktime", 0),
    ("mcast_resolicit", 0), ("mcast_solicit", 3), ("proxy_delay", 80), ("proxy_qlen", 64), ("retrans_time", 250),
    ("retrans_time_ms", 1000), ("ucast_solicit", 3), ("unres_qlen", 101), ("unres_qlen_bytes", 212992)])
@pytest.mark.stack(ipv6=True)
def test_defaults(shared, name, value):
    assert int(shared.sysctl(f"net.ipv6.neigh.eth0.{name}")) == value


def test_the_time_between_questions_is_in_the_kernels_ticks(shared):
    shared.neigh_sysctl(family="ipv6", retrans_time=100)
    assert shared.sysctl("net.ipv6.neigh.eth0.retrans_time_ms") == "400"
    shared.neigh_sysctl(family="ipv6", retrans_time_ms=1000)
    assert shared.sysctl("net.ipv6.neigh.eth0.retrans_time") == "250"


@pytest.mark.stack(ipv6=True)
def test_nethood_tells_why(stack):
    """What happened to a neighbour, and what caused it; the kernel does not know."""
    if stack.kind == "kernel":
        return
    stack.ip(f"neigh add {HOST} lladdr {M1} dev eth0 nud stale")
    stack.port.send(na(HOST, ADDRESS6, HOST, OVERRIDE, tlla=M2, src_mac=M2, dst_mac=stack.mac))
    time.sleep(0.1)
    said = stack.command("neigh", "why", HOST).splitlines()
    assert len(said) == 2 and M1 in said[0] and M2 in said[1] and "a frame that came" in said[1], said


# ---- RTM_GETNETCONF

RTM_NEWNETCONF, RTM_GETNETCONF = 80, 82
ALL, DEFAULT = -1, -2
NETCONFA_IFINDEX, FORWARDING, RP_FILTER, MC_FORWARDING, PROXY_NEIGH, IGNORE_LINKDOWN = 1, 2, 3, 4, 5, 6
BC_FORWARDING = 8


def netconf(ifindex=None, family=socket.AF_INET6, flags=NLM_F_REQUEST):
    which = b"" if ifindex is None else attr(NETCONFA_IFINDEX, struct.pack("=i", ifindex))
    return nl.message(RTM_GETNETCONF, flags, struct.pack("=B3x", family) + which)


def netconf_values(message, family=socket.AF_INET6):
    assert message.kind == RTM_NEWNETCONF and message.body[0] == family
    found = nl.attrs(message.body[4:])
    return {kind: struct.unpack("=i", value)[0] for kind, value in found.items()}


@pytest.mark.parametrize("says, request_of, error", [
    ("no device is named", lambda stack: netconf(), errno.EINVAL),
    ("a device that is not there", lambda stack: netconf(999), errno.EINVAL),
    ("neither a device, nor all, nor the default", lambda stack: netconf(-3), errno.EINVAL),
    ("a device that is not there, IPv4", lambda stack: netconf(999, socket.AF_INET), errno.ENODEV),
    ("neither a device, nor all, nor the default, IPv4", lambda stack: netconf(-3, socket.AF_INET), errno.ENODEV),
    ("no device is named, IPv4", lambda stack: netconf(family=socket.AF_INET), errno.EINVAL),
    ("no family", lambda stack: netconf(1, family=socket.AF_UNSPEC), errno.EOPNOTSUPP),
    ("half a header", lambda stack: nl.message(RTM_GETNETCONF, NLM_F_REQUEST, b"\x0a"), errno.EINVAL),
])
def test_netconf_refuses(shared, says, request_of, error):
    assert answer(shared, request_of(shared)).error == error


def test_netconf_shows_a_device_all_and_the_default(shared):
    shared.sysctl("net.ipv6.conf.eth0.proxy_ndp", 1)
    try:
        for ifindex, proxy in ((shared.ifindex(), 1), (ALL, 0), (DEFAULT, 0)):
            got, = nl.ask(shared, netconf(ifindex))
            assert netconf_values(got) == {NETCONFA_IFINDEX: ifindex, FORWARDING: 0, MC_FORWARDING: 0,
                                           PROXY_NEIGH: proxy, IGNORE_LINKDOWN: 0}
    finally:
        shared.sysctl("net.ipv6.conf.eth0.proxy_ndp", 0)


def test_netconf_of_ipv4(shared):
    shared.sysctl("net.ipv4.conf.eth0.proxy_arp", 1)
    shared.sysctl("net.ipv4.conf.default.rp_filter", 0)
    shared.sysctl("net.ipv4.conf.eth0.rp_filter", 2)
    try:
        for ifindex, proxy, filtered in ((shared.ifindex(), 1, 2), (ALL, 0, 0), (DEFAULT, 0, 0)):
            got, = nl.ask(shared, netconf(ifindex, socket.AF_INET))
            assert list(netconf_values(got, socket.AF_INET).items()) == [
                (NETCONFA_IFINDEX, ifindex), (FORWARDING, 0), (RP_FILTER, filtered), (MC_FORWARDING, 0),
                (BC_FORWARDING, 0), (PROXY_NEIGH, proxy), (IGNORE_LINKDOWN, 0)]
        assert "inet eth0 forwarding off rp_filter loose mc_forwarding off proxy_neigh on " in \
            shared.ip("-4 netconf show dev eth0").stdout
    finally:
        shared.sysctl("net.ipv4.conf.eth0.proxy_arp", 0)
        shared.sysctl("net.ipv4.conf.eth0.rp_filter", 0)


@pytest.mark.parametrize("family", (socket.AF_INET, socket.AF_INET6))
def test_netconf_dumps_devices_then_all_then_the_default(shared, family):
    flags = NLM_F_REQUEST | NLM_F_DUMP
    got = [m for m in nl.ask(shared, netconf(family=family, flags=flags)) if m.kind == RTM_NEWNETCONF]
    order = [netconf_values(m, family)[NETCONFA_IFINDEX] for m in got]
    assert order == sorted(i for i in order if i > 0) + [ALL, DEFAULT]
    assert shared.ifindex() in order and 1 in order
