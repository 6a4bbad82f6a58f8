# SPDX-License-Identifier: BSD-2-Clause
"""IPv6 addresses: what the administrator, the link and the routers make of them, and what the link hears.

RFC 4862, 4429, 7527, 7217, 8981, 3810, 2710; `ip addr`, `ip addrlabel`, `ip token`, `ip maddr`.
"""

import itertools
import struct
import time

import pytest

from lab.packets6 import (ALL_NODES, HOPOPTS, ICMPV6, NS, OVERRIDE, RS, addr6, frame6, icmp6, ipv6, is_icmp6, mac6, na,
                          ns, prefix_option, ra, solicited_node, text6)
from test_proc import proc

SHARED = dict(ipv6=True)
M1 = "02:00:00:00:aa:01"
INFINITE = 0xffffffff
_prefixes = itertools.count(1)


def fresh_prefix():
    return f"2001:db8:{next(_prefixes):x}::"


def addresses(stack, words="dev eth0"):
    got = stack.ip_json(f"-6 addr show {words}")
    return {info["local"]: info for link in got for info in link.get("addr_info", []) if "local" in info}


def flags(info):
    return {name for name in ("tentative", "dadfailed", "deprecated", "optimistic", "nodad", "dynamic", "temporary",
                              "mngtmpaddr", "noprefixroute", "home", "autojoin", "stable-privacy") if info.get(name)}


def groups(stack):
    """{group: users, flags} of eth0"""
    rows = [row.split() for row in proc(stack, "igmp6")]
    return {text6(bytes.fromhex(row[2])): (int(row[3]), int(row[4], 16)) for row in rows if row[1] == "eth0"}


def routes(stack, words):
    return stack.ip_json(f"-6 route show table all {words}")


def wait_for(test, within=3.0):
    deadline = time.monotonic() + within
    while not test() and time.monotonic() < deadline:
        time.sleep(0.02)
    return test()


def advertise(stack, *options):
    stack.port.send(ra("fe80::aa", src_mac=M1, lifetime=0, options=b"".join(options)))
    time.sleep(0.08)


# ---- what the administrator says -----------------------------------------

ADDED = {
    "plain": ("2001:db8:a::1/64", "", set(), ["2001:db8:a::/64"]),
    "without detection": ("2001:db8:a::1/64", "nodad", {"nodad"}, ["2001:db8:a::/64"]),
    "of home": ("2001:db8:a::1/64", "home", {"home"}, ["2001:db8:a::/64"]),
    "without a route": ("2001:db8:a::1/64", "noprefixroute", {"noprefixroute"}, []),
    "for a while": ("2001:db8:a::1/64", "valid_lft 100 preferred_lft 50", {"dynamic"}, ["2001:db8:a::/64"]),
    "deprecated": ("2001:db8:a::1/64", "preferred_lft 0", {"deprecated"}, ["2001:db8:a::/64"]),
    "a host": ("2001:db8:a::1/128", "", set(), ["2001:db8:a::1"]),
    "with a peer": ("2001:db8:a::1 peer 2001:db8:a::2/64", "nodad", {"nodad"}, ["2001:db8:a::2", "2001:db8:a::/64"]),
}


@pytest.mark.parametrize("what", ADDED)
def test_an_address_and_its_routes(shared, what):
    address, words, wanted, prefixes = ADDED[what]
    shared.ip(f"addr add {address} dev eth0 {words}")
    assert wait_for(lambda: "tentative" not in flags(addresses(shared)["2001:db8:a::1"]))
    assert flags(addresses(shared)["2001:db8:a::1"]) == wanted
    got = [r["dst"] for r in routes(shared, "dev eth0") if r["dst"].startswith("2001:db8:a:")
           and r.get("type") != "local"]
    assert sorted(got) == sorted(prefixes)
    assert [r["dst"] for r in routes(shared, "type local") if r["dst"].startswith("2001:db8:a:")] == ["2001:db8:a::1"]
    shared.ip(f"addr del {address} dev eth0")
    assert "2001:db8:a::1" not in addresses(shared)
    if "dynamic" not in wanted:         # its route ends by itself
        assert [r for r in routes(shared, "dev eth0") if r["dst"].startswith("2001:db8:a:")] == []
    shared.ip("-6 route flush 2001:db8:a::/64", check=False)


def test_metrics(shared):
    shared.ip("addr add 2001:db8:b::1/64 dev eth0 metric 77")
    assert [r["metric"] for r in routes(shared, "2001:db8:b::/64")] == [77]
    shared.ip("addr change 2001:db8:b::1/64 dev eth0 metric 88")
    assert [r["metric"] for r in routes(shared, "2001:db8:b::/64")] == [88]
    shared.ip("addr change 2001:db8:b::1/64 dev eth0 noprefixroute")
    assert routes(shared, "2001:db8:b::/64") == []
    shared.ip("addr change 2001:db8:b::1/64 dev eth0")
    assert [r["metric"] for r in routes(shared, "2001:db8:b::/64")] == [88]     # it is kept
    shared.ip("addr del 2001:db8:b::1/64 dev eth0")


REFUSED = {
    "addr add ff02::5/64 dev eth0":
        'Error: ipv6: Cannot assign multicast address without "IFA_F_MCAUTOJOIN" flag.',
    "addr add ::/64 dev eth0": "Error: ipv6: Invalid address.",
    "addr add ::1/128 dev eth0": "Error: ipv6: Cannot assign loopback address on this device.",
    "addr add fd77::2/64 dev eth0": "Error: ipv6: address already assigned.",
    "addr add 2001:db8::1/65 dev eth0 mngtmpaddr":
        'Error: ipv6: address with "mngtmpaddr" flag must have a prefix length of 64.',
    "addr del 2001:db8::1/64 dev eth0": "Error: ipv6: address not found.",
    "addr del fd77::2/63 dev eth0": "Error: ipv6: address not found.",
    "addrlabel del prefix 2001:db8::/64 label 5": "RTNETLINK answers: No such process",
    "addrlabel add prefix ::/0 label 5": "RTNETLINK answers: File exists",
    "token set ::1 dev lo": "Error: ipv6: Device is loopback.",
    "link set eth0 addrgenmode stable_secret": "RTNETLINK answers: Invalid argument",
}


@pytest.mark.parametrize("command", REFUSED)
def test_refusals(shared, command):
    assert shared.ip_error(command).strip() == REFUSED[command]


def test_labels(shared):
    before = shared.ip("-6 addrlabel").stdout
    assert [line.split()[1] for line in before.splitlines()] == [
        "::1/128", "::/96", "::ffff:0.0.0.0/96", "2001::/32", "2001:10::/28", "3ffe::/16", "2002::/16", "fec0::/10",
        "fc00::/7", "::/0"]
    shared.ip("addrlabel add prefix 2001:db8::/64 label 42")
    shared.ip("addrlabel add prefix 2001:db8::/64 dev eth0 label 43")
    shared.ip("addrlabel add prefix 2001:db8::/48 label 41")
    assert [" ".join(line.split()) for line in shared.ip("-6 addrlabel").stdout.splitlines()[3:6]] == [
        "prefix 2001:db8::/64 dev eth0 label 43", "prefix 2001:db8::/64 label 42", "prefix 2001:db8::/48 label 41"]
    for words in "2001:db8::/64 label 42", "2001:db8::/64 dev eth0 label 43", "2001:db8::/48 label 41":
        shared.ip(f"addrlabel del prefix {words}")
    assert shared.ip("-6 addrlabel").stdout == before


def test_down_and_up(stack_of_two):
    stack = stack_of_two
    stack.ip("addr add 2001:db8::9/64 dev eth0 nodad")
    stack.ip("link set eth0 down")
    assert addresses(stack) == {}
    assert routes(stack, "dev eth0") == []
    stack.ip("link set eth0 up")
    assert wait_for(lambda: list(addresses(stack)) == ["fe80::ff:fe00:2"])
    stack.sysctl("net.ipv6.conf.eth0.keep_addr_on_down", 1)
    stack.ip("addr add 2001:db8::9/64 dev eth0 nodad")
    stack.ip("link set eth0 down")
    assert list(addresses(stack)) == ["2001:db8::9"]
    stack.ip("link set eth0 up")
    assert wait_for(lambda: sorted(addresses(stack)) == ["2001:db8::9", "fe80::ff:fe00:2"])
    assert wait_for(lambda: len(routes(stack, "dev eth0 type local")) == 2)


def test_disable_ipv6(stack_of_two):
    stack = stack_of_two
    stack.sysctl("net.ipv6.conf.eth0.disable_ipv6", 1)
    assert addresses(stack) == {}
    assert stack.ip_error("addr add 2001:db8::1/64 dev eth0").strip() == "Error: ipv6: IPv6 is disabled on this device."
    stack.sysctl("net.ipv6.conf.eth0.disable_ipv6", 0)
    assert wait_for(lambda: list(addresses(stack)) == ["fe80::ff:fe00:2"])


@pytest.fixture
def stack_of_two(stack):
    return stack


for _test in (test_down_and_up, test_disable_ipv6):
    pytest.mark.stack(ipv6=True, addresses=False)(_test)


def test_what_proc_says(shared):
    rows = {row.split()[0]: row.split()[1:] for row in proc(shared, "if_inet6")}
    index = f"{shared.ifindex():02x}"
    assert rows["fd770000000000000000000000000002"] == [index, "40", "00", "82", "eth0"]
    assert rows["fe80000000000000000000fffe000002"] == [index, "40", "20", "80", "eth0"]
    assert rows["00000000000000000000000000000001"][1:] == ["80", "10", "80", "lo"]
    assert groups(shared)["ff02::1"] == (1, 0xc)
    assert groups(shared)["ff01::1"] == (1, 0x8)
    assert proc(shared, "mcfilter6") == [
        "Idx Device                Multicast Address                   Source Address    INC    EXC"]


# ---- is it ours alone? ---------------------------------------------------

DAD = {f"net.ipv6.conf.{scope}.dad_transmits": 1 for scope in ("all", "default")}


@pytest.mark.stack(ipv6=True, sysctls=DAD)
def test_a_probe_and_a_conflict(stack):
    stack.port.clear()
    stack.ip("addr add 2001:db8::9/64 dev eth0")
    assert "tentative" in flags(addresses(stack)["2001:db8::9"])
    frame = stack.port.expect(is_icmp6(NS, src="::", dst=solicited_node("2001:db8::9"), target="2001:db8::9"))
    assert frame.raw[21] == 255
    assert frame.raw[14 + 40 + 24] == 14        # a nonce: RFC 7527
    stack.port.send(na("2001:db8::9", ALL_NODES, "2001:db8::9", OVERRIDE, tlla=M1, src_mac=M1))
    assert wait_for(lambda: "dadfailed" in flags(addresses(stack)["2001:db8::9"]))
    assert flags(addresses(stack)["2001:db8::9"]) == {"tentative", "dadfailed"}
    assert routes(stack, "type local 2001:db8::9") == []


@pytest.mark.stack(ipv6=True, sysctls=DAD)
def test_two_who_try_the_same(stack):
    stack.ip("addr add 2001:db8::9/64 dev eth0")
    stack.port.expect(is_icmp6(NS, src="::", target="2001:db8::9"))
    stack.port.send(ns("::", "2001:db8::9", dst=solicited_node("2001:db8::9"), src_mac=M1))
    assert wait_for(lambda: "dadfailed" in flags(addresses(stack)["2001:db8::9"]))


@pytest.mark.stack(ipv6=True, sysctls=DAD)
def test_our_own_probe_that_comes_back_is_no_conflict(stack):
    stack.ip("addr add 2001:db8::9/64 dev eth0")
    frame = stack.port.expect(is_icmp6(NS, src="::", target="2001:db8::9"))
    stack.port.send(frame.raw)
    assert wait_for(lambda: flags(addresses(stack)["2001:db8::9"]) == set())


# ---- what routers say ----------------------------------------------------

def test_an_address_of_a_prefix(shared):
    prefix = fresh_prefix()
    mine = prefix + "ff:fe00:2"
    advertise(shared, prefix_option(prefix, valid=86400, preferred=14400))
    assert wait_for(lambda: flags(addresses(shared).get(mine, {})) == {"dynamic", "mngtmpaddr"})
    info = addresses(shared)[mine]
    assert (info["prefixlen"], info["scope"]) == (64, "global")
    assert 86390 <= info["valid_life_time"] <= 86400
    assert 14390 <= info["preferred_life_time"] <= 14400
    route = routes(shared, f"{prefix}/64")[0]
    assert (route["protocol"], route["metric"]) == ("kernel", 256)
    assert 86390 <= route["expires"] <= 86400


RENEWED = [     # what it had, what is said; what it has then: RFC 4862 5.5.3 e
    (86400, 60, 7200),
    (86400, 0, 7200),
    (7000, 60, 7000),
    (7000, 7100, 7100),
    (86400, 8000, 8000),
    (7000, 0, 7000),
]


@pytest.mark.parametrize("had, said, has", RENEWED)
def test_nobody_shortens_a_life_below_two_hours(shared, had, said, has):
    prefix = fresh_prefix()
    mine = prefix + "ff:fe00:2"
    advertise(shared, prefix_option(prefix, valid=had, preferred=50))
    assert wait_for(lambda: flags(addresses(shared).get(mine, {"tentative": True})) == {"dynamic", "mngtmpaddr"})
    advertise(shared, prefix_option(prefix, valid=said, preferred=min(said, 40)))
    assert has - 5 <= addresses(shared)[mine]["valid_life_time"] <= has
    shared.ip(f"addr del {mine}/64 dev eth0")


@pytest.mark.parametrize("what, option, address, route", [
    ("on the link, no addresses", dict(flags=0x80), False, True),
    ("addresses, not on the link", dict(flags=0x40), True, False),
    ("longer preferred than valid", dict(valid=100, preferred=101), False, False),
    ("no lifetime", dict(valid=0, preferred=0), False, False),
    ("of 56 bits", dict(length=56), False, True),
])
def test_what_a_prefix_is_good_for(shared, what, option, address, route):
    prefix = fresh_prefix()
    advertise(shared, prefix_option(prefix, **{**dict(valid=1000, preferred=1000), **option}))
    time.sleep(0.1)
    assert any(a.startswith(prefix[:-1]) for a in addresses(shared)) == address
    assert bool(routes(shared, f"{prefix}/{option.get('length', 64)}")) == route
    advertise(shared, prefix_option(prefix, length=option.get("length", 64), valid=0, preferred=0))
    for a in addresses(shared):
        if a.startswith(prefix[:-1]):
            shared.ip(f"addr del {a}/64 dev eth0")


def test_for_ever_is_not_permanent(shared):
    prefix = fresh_prefix()
    advertise(shared, prefix_option(prefix, valid=INFINITE, preferred=INFINITE))
    mine = prefix + "ff:fe00:2"
    assert wait_for(lambda: flags(addresses(shared).get(mine, {})) == {"dynamic", "mngtmpaddr"})
    assert addresses(shared)[mine]["valid_life_time"] == INFINITE
    shared.ip(f"addr del {mine}/64 dev eth0")


@pytest.mark.stack(ipv6=True, sysctls={"net.ipv6.conf.default.use_tempaddr": 2})
def test_temporary_addresses(stack):
    advertise(stack, prefix_option("2001:db8::", valid=INFINITE, preferred=INFINITE))
    assert wait_for(lambda: len([a for a in addresses(stack).values()
                                 if flags(a) == {"temporary", "dynamic"}]) == 1)
    info = next(a for a in addresses(stack).values() if "temporary" in flags(a))
    assert 604700 <= info["valid_life_time"] <= 604800
    assert 86400 - 610 <= info["preferred_life_time"] <= 86400
    stack.ip("addr del 2001:db8::ff:fe00:2/64 dev eth0")
    assert not any("temporary" in flags(a) for a in addresses(stack).values())


@pytest.mark.stack(ipv6=True, sysctls={"net.ipv6.conf.default.stable_secret": "2001:db8::1"})
def test_stable_opaque_addresses(stack):
    lladdr = next(a for a in addresses(stack) if a.startswith("fe80"))
    assert lladdr != "fe80::ff:fe00:2"
    advertise(stack, prefix_option("2001:db8::"))
    assert wait_for(lambda: any("stable-privacy" in flags(a) and "dynamic" in flags(a)
                                for a in addresses(stack).values()))
    stack.ip("link set eth0 down")
    stack.ip("link set eth0 up")
    assert wait_for(lambda: lladdr in addresses(stack))


@pytest.mark.stack(ipv6=True, sysctls={"net.ipv6.conf.default.router_solicitations": 3,
                                       "net.ipv6.conf.default.router_solicitation_interval": 1})
def test_tokens_and_solicitations(stack):
    stack.port.clear()
    stack.ip("token set ::1234 dev eth0")
    stack.port.expect(is_icmp6(RS, src="fe80::ff:fe00:2"))
    advertise(stack, prefix_option("2001:db8::"))
    assert wait_for(lambda: "2001:db8::1234" in addresses(stack))
    assert "::1234" in stack.ip("token get dev eth0").stdout
    stack.port.silence(is_icmp6(RS), during=1.5)        # who has an answer asks no more


# ---- groups --------------------------------------------------------------

QUERY, REPORT1, DONE1, REPORT2 = 130, 131, 132, 143
ROUTER_ALERT = b"\x3a\x00\x05\x02\x00\x00\x01\x00"
RECORDS = {1: "IS_IN", 2: "IS_EX", 3: "TO_IN", 4: "TO_EX", 5: "ALLOW", 6: "BLOCK"}


def is_mld(frame):
    return frame.raw[12:14] == b"\x86\xdd" and frame.raw[20] == HOPOPTS and frame.raw[54] == ICMPV6


def records(frames):
    """What they say: [(record, group)]; version 1: the type for a record."""
    said = []
    for frame in frames:
        message = frame.raw[14 + 48:]
        assert frame.raw[21] == 1 and frame.raw[14 + 40:14 + 48] == ROUTER_ALERT
        if message[0] != REPORT2:
            said.append((message[0], text6(message[8:24])))
            continue
        at = 8
        for _ in range(struct.unpack("!H", message[6:8])[0]):
            kind, aux, sources = struct.unpack("!BBH", message[at:at + 4])
            said.append((RECORDS[kind], text6(message[at + 4:at + 20])))
            at += 20 + 16 * sources + 4 * aux
    return said


def told(stack, group, during=1.3):
    return [kind for kind, about in records(stack.port.collect(is_mld, during=during)) if about == group]


def query(stack, group="::", delay_ms=100, version=2):
    body = addr6(group) + (b"\x02\x7d\x00\x00" if version == 2 else b"")
    dst = ALL_NODES if group == "::" else group
    message = icmp6("fe80::77", dst, QUERY, 0, struct.pack("!HH", delay_ms, 0), body)
    stack.port.send(frame6(M1, mac6(dst), ipv6("fe80::77", dst, HOPOPTS, ROUTER_ALERT + message, hlim=1)))


def join(stack, group):
    stack.ip(f"addr add {group}/128 dev eth0 autojoin nodad noprefixroute")


def leave(stack, group):
    stack.ip(f"addr del {group}/128 dev eth0")


@pytest.mark.stack(ipv6=True)
def test_join_and_leave(stack):
    told(stack, "ff02::1:ff00:2", 2.5)      # what the device said when it came up
    stack.port.clear()
    join(stack, "ff05::99")
    assert told(stack, "ff05::99") == ["TO_EX", "TO_EX"]
    assert groups(stack)["ff05::99"][0] == 1
    stack.port.clear()
    leave(stack, "ff05::99")
    assert told(stack, "ff05::99") == ["TO_IN", "TO_IN"]
    assert "ff05::99" not in groups(stack)


@pytest.mark.stack(ipv6=True)
def test_queries(stack):
    join(stack, "ff05::99")
    told(stack, "ff05::99")
    stack.port.clear()
    query(stack)
    said = records(stack.port.collect(is_mld, during=0.4))
    assert ("IS_EX", "ff05::99") in said and ("IS_EX", "ff02::1:ff00:2") in said
    assert not any(group in ("ff02::1", "ff01::1") for _, group in said)
    query(stack, "ff05::99")
    assert records(stack.port.collect(is_mld, during=0.4)) == [("IS_EX", "ff05::99")]
    query(stack, "ff05::98")
    assert records(stack.port.collect(is_mld, during=0.3)) == []


@pytest.mark.stack(ipv6=True)
def test_an_old_querier(stack):
    join(stack, "ff05::98")
    join(stack, "ff05::99")
    told(stack, "ff05::99", 2.5)
    stack.port.clear()
    query(stack, version=1)
    assert (REPORT1, "ff05::99") in records(stack.port.collect(is_mld, during=0.4))
    leave(stack, "ff05::99")
    assert told(stack, "ff05::99", 0.3) == [DONE1]
    query(stack, version=2)                 # the old one is on the link still: RFC 3810 8.2.1
    assert (REPORT1, "ff05::98") in records(stack.port.collect(is_mld, during=0.4))
    join(stack, "ff05::97")                 # with an address Linux begins anew
    assert "TO_EX" in told(stack, "ff05::98", 0.3)


def test_groups_of_a_router(shared):
    shared.sysctl("net.ipv6.conf.eth0.forwarding", 1)
    assert {"ff02::2", "ff01::2", "ff05::2"} <= set(groups(shared))
    assert {"fd77::", "fe80::"} <= {r["dst"] for r in routes(shared, "type anycast dev eth0")}
    shared.sysctl("net.ipv6.conf.eth0.forwarding", 0)
    assert "ff05::2" not in groups(shared)
    assert routes(shared, "type anycast dev eth0") == []
