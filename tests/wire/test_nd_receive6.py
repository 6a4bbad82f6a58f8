# SPDX-License-Identifier: BSD-2-Clause
"""What a message of Neighbour Discovery must be before it is believed, and what a right one does.

RFC 4861 6.1, 7.1, 8.1; RFC 6980 (no fragments); testing.md 6b: ND-HLIM, ND-CODE, ND-OPT0, ND-OPTEND, ND-UNSPEC,
ND-FRAG, NA-UNSOL, NS-OFFLINK.
"""

import itertools
import struct
import time

import pytest

from lab.packets6 import (ALL_NODES, FRAGMENT, ICMPV6, NA, NS, OVERRIDE, ROUTER, SLLA, SOLICITED, TLLA, addr6, frame6,
                          icmp6, icmp6_of, ipv6, is_icmp6, lladdr_option, mac6, na, nd_frame, nd_option, ns,
                          solicited_node)
from lab.stack import ADDRESS6, LINKLOCAL

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
SHARED = dict(ipv6=True)
_hosts = itertools.count(0x100)


def fresh():
    return f"fd77::{next(_hosts):x}"


def entry(stack, address):
    got = stack.neigh(address)
    return (got.get("lladdr"), got["state"][0] if got.get("state") else "NONE") if got else None


def fragmented(message, src, dst, at=0, more=0):
    return ipv6(src, dst, FRAGMENT, struct.pack("!BBHI", ICMPV6, 0, at | more, 0x4711) + message, hlim=255)


def ns_body(src, dst, target, options):
    return icmp6(src, dst, NS, payload=addr6(target) + options)


# ---- solicitations -------------------------------------------------------

OPTION = lladdr_option(SLLA, M1)
RIGHT = dict(options=OPTION)
REFUSED = {
    "hop limit 254": dict(RIGHT, hlim=254),
    "hop limit 64": dict(RIGHT, hlim=64),
    "code 1": dict(RIGHT, code=1),
    "a wrong checksum": dict(RIGHT, csum=0x4711),
    "an option of length 0": dict(options=nd_option(SLLA, bytes(6), length=0)),
    "an option of length 0 behind a good one": dict(options=OPTION + nd_option(200, bytes(6), length=0)),
    "an option that ends behind the message": dict(options=nd_option(SLLA, bytes(6), length=2)),
    "half an option": dict(options=OPTION[:4]),
    "one octet of an option": dict(options=OPTION + b"\x0e"),
    "an address of 14 octets": dict(options=nd_option(SLLA, bytes(14))),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_malformed_solicitation_is_dropped_whole(shared, what):
    src = fresh()
    shared.port.clear()
    shared.port.send(ns(src, ADDRESS6, src_mac=M1, **REFUSED[what]))
    shared.port.silence(is_icmp6(NA), during=0.1)
    assert entry(shared, src) is None


@pytest.mark.parametrize("body", [b"", bytes(4), bytes(15)])
def test_a_short_solicitation_is_dropped(shared, body):
    src = fresh()
    shared.port.clear()
    shared.port.send(nd_frame(NS, src, solicited_node(ADDRESS6), body=body, src_mac=M1))
    shared.port.silence(is_icmp6(NA), during=0.1)
    assert entry(shared, src) is None


@pytest.mark.parametrize("suppress, atomic, answered", [(1, True, False), (1, False, False), (0, True, True),
                                                        (0, False, True)])
def test_fragments_are_refused_unless_told_otherwise(shared, suppress, atomic, answered):
    shared.conf(family="ipv6", suppress_frag_ndisc=suppress)
    src, dst = fresh(), solicited_node(ADDRESS6)
    message = ns_body(src, dst, ADDRESS6, OPTION)
    pieces = [fragmented(message, src, dst)] if atomic else \
        [fragmented(message[:16], src, dst, more=1), fragmented(message[16:], src, dst, at=16)]
    shared.port.clear()
    for piece in pieces:
        shared.port.send(frame6(M1, mac6(dst), piece))
    shared.conf(family="ipv6", suppress_frag_ndisc=suppress)
    if answered:
        shared.port.expect(is_icmp6(NA, dst=src))
    else:
        shared.port.silence(is_icmp6(NA), during=0.1)
    assert entry(shared, src) == ((M1, "DELAY") if answered else None)
    shared.conf(family="ipv6", suppress_frag_ndisc=1)


def test_a_multicast_target_is_refused(shared):
    src = fresh()
    shared.port.clear()
    shared.port.send(ns(src, "ff02::1:ff00:2", dst=solicited_node(ADDRESS6), slla=M1, src_mac=M1))
    shared.port.silence(is_icmp6(NA), during=0.1)
    assert entry(shared, src) is None


@pytest.mark.parametrize("dst, slla, answered", [
    (solicited_node(ADDRESS6), None, True),
    (solicited_node(ADDRESS6), M1, False),      # from nobody, and says where he is
    (ALL_NODES, None, False),                   # not to those who may have it
])
def test_a_question_from_nobody_tries_an_address(shared, dst, slla, answered):
    shared.port.clear()
    shared.port.send(ns("::", ADDRESS6, dst=dst, slla=slla, src_mac=M1))
    if not answered:
        shared.port.silence(is_icmp6(NA), during=0.1)
        return
    told = icmp6_of(shared.port.expect(is_icmp6(NA)))
    assert (told.src, told.dst, told.dst_mac, told.flags) == (ADDRESS6, ALL_NODES, mac6(ALL_NODES), OVERRIDE)
    assert told.lladdr(TLLA) == shared.mac


ANSWERS = [
    # what                                 source, to whom, says its address; flags, tells ours; entry
    ("to all, with an address", dict(slla=M1), SOLICITED | OVERRIDE, True, (M1, "DELAY")),
    ("to us, with an address", dict(slla=M1, dst=ADDRESS6), SOLICITED, False, (M1, "DELAY")),
]


@pytest.mark.parametrize("what, how, flags, tlla, becomes", ANSWERS, ids=[a[0] for a in ANSWERS])
def test_an_answer_says_what_the_question_needs(shared, what, how, flags, tlla, becomes):
    src = fresh()
    shared.port.clear()
    shared.port.send(ns(src, ADDRESS6, src_mac=M1, dst_mac=shared.mac if "dst" in how else None, **how))
    told = icmp6_of(shared.port.expect(is_icmp6(NA)))
    assert (told.src, told.dst, told.dst_mac) == (ADDRESS6, src, M1)
    assert (told.hlim, told.tclass, told.flow, told.csum_ok) == (255, 0, 0, True)
    assert (told.flags, told.target) == (flags, ADDRESS6)
    assert told.lladdr(TLLA) == (shared.mac if tlla else None)
    assert entry(shared, src) == becomes


def test_who_asks_us_alone_need_not_say_where_he_is(shared):
    """Then we have to ask first."""
    src = fresh()
    shared.port.clear()
    shared.port.send(ns(src, ADDRESS6, dst=ADDRESS6, src_mac=M1, dst_mac=shared.mac))
    shared.port.expect(is_icmp6(NS, target=src))
    assert entry(shared, src) == (None, "INCOMPLETE")
    shared.port.send(na(src, ADDRESS6, src, SOLICITED | OVERRIDE, tlla=M1, src_mac=M1, dst_mac=shared.mac))
    told = icmp6_of(shared.port.expect(is_icmp6(NA)))
    assert (told.dst, told.dst_mac, told.flags) == (src, M1, SOLICITED)


def test_who_asks_all_must(shared):
    src = fresh()
    shared.port.clear()
    shared.port.send(ns(src, ADDRESS6, src_mac=M1))
    shared.port.silence(is_icmp6(NA), during=0.1)
    assert entry(shared, src) is None


@pytest.mark.parametrize("how, tlla", [(dict(), True), (dict(dst=ADDRESS6), True)])
def test_force_tllao_tells_our_address_always(shared, how, tlla):
    shared.conf(family="ipv6", force_tllao=1)
    src = fresh()
    shared.port.clear()
    shared.port.send(ns(src, ADDRESS6, slla=M1, src_mac=M1, dst_mac=shared.mac if how else None, **how))
    told = icmp6_of(shared.port.expect(is_icmp6(NA)))
    shared.conf(family="ipv6", force_tllao=0)
    assert told.lladdr(TLLA) == shared.mac


def test_a_router_says_that_it_is_one(shared):
    src = fresh()
    shared.conf(family="ipv6", forwarding=1)
    shared.port.clear()
    shared.port.send(ns(src, ADDRESS6, slla=M1, src_mac=M1))
    told = icmp6_of(shared.port.expect(is_icmp6(NA)))
    shared.conf(family="ipv6", forwarding=0)
    assert told.flags == ROUTER | SOLICITED | OVERRIDE


@pytest.mark.parametrize("tclass", [0, 0xc0])
def test_messages_have_the_traffic_class_they_are_told(shared, tclass):
    shared.conf(family="ipv6", ndisc_tclass=tclass)
    src = fresh()
    shared.port.clear()
    shared.port.send(ns(src, ADDRESS6, slla=M1, src_mac=M1))
    told = icmp6_of(shared.port.expect(is_icmp6(NA)))
    shared.conf(family="ipv6", ndisc_tclass=0)
    assert told.tclass == tclass


def test_a_question_for_somebody_else_is_no_news(shared):
    src = fresh()
    shared.port.clear()
    shared.port.send(ns(src, "fd77::ffff:2", slla=M1, src_mac=M1, dst=solicited_node(ADDRESS6)))
    shared.port.silence(is_icmp6(NA), during=0.1)
    assert entry(shared, src) is None


def test_who_is_beyond_every_prefix_is_answered_too(shared):
    src = f"2001:db8::{next(_hosts):x}"
    shared.ip("-6 route add default dev eth0")
    shared.port.clear()
    shared.port.send(ns(src, ADDRESS6, slla=M1, src_mac=M1))
    told = icmp6_of(shared.port.expect(is_icmp6(NA)))
    shared.ip("-6 route del default dev eth0")
    assert told.dst == src
    assert entry(shared, src)[0] == M1


def test_a_question_for_the_link_local_address(shared):
    src = f"fe80::{next(_hosts):x}"
    shared.port.clear()
    shared.port.send(ns(src, LINKLOCAL, slla=M1, src_mac=M1))
    told = icmp6_of(shared.port.expect(is_icmp6(NA)))
    assert (told.src, told.dst) == (LINKLOCAL, src)


def test_a_question_moves_who_asks(shared):
    src = fresh()
    shared.ip(f"neigh add {src} lladdr {M2} dev eth0 nud reachable")
    shared.port.send(ns(src, ADDRESS6, slla=M1, src_mac=M1))
    time.sleep(0.1)
    assert entry(shared, src) == (M1, "DELAY")


def test_a_question_with_the_known_address_changes_nothing(shared):
    src = fresh()
    shared.ip(f"neigh add {src} lladdr {M1} dev eth0 nud reachable")
    shared.port.send(ns(src, ADDRESS6, slla=M1, src_mac=M1))
    time.sleep(0.1)
    assert entry(shared, src) == (M1, "REACHABLE")


# ---- advertisements ------------------------------------------------------

NA_OPTION = lladdr_option(TLLA, M2)
NA_REFUSED = {
    "hop limit 254": dict(options=NA_OPTION, hlim=254),
    "code 1": dict(options=NA_OPTION, code=1),
    "a wrong checksum": dict(options=NA_OPTION, csum=0x4711),
    "an option of length 0": dict(options=nd_option(TLLA, bytes(6), length=0)),
    "an option of length 0 behind a good one": dict(options=NA_OPTION + nd_option(200, bytes(6), length=0)),
    "an option that ends behind the message": dict(options=nd_option(TLLA, bytes(6), length=2)),
    "an address of 14 octets": dict(options=nd_option(TLLA, bytes(14))),
    "solicited, and to all": dict(options=NA_OPTION, flags=SOLICITED | OVERRIDE, dst=ALL_NODES),
}


@pytest.mark.parametrize("what", NA_REFUSED)
def test_a_malformed_advertisement_is_dropped_whole(shared, what):
    address = fresh()
    shared.ip(f"neigh add {address} lladdr {M1} dev eth0 nud stale")
    fields = dict(dict(flags=OVERRIDE, dst=ADDRESS6), **NA_REFUSED[what])
    dst = fields.pop("dst")
    shared.port.send(na(address, dst, address, src_mac=M2, dst_mac=None if dst == ALL_NODES else shared.mac, **fields))
    time.sleep(0.08)
    assert entry(shared, address) == (M1, "STALE")


def test_of_two_addresses_the_first_counts(shared):
    address = fresh()
    shared.ip(f"neigh add {address} lladdr 02:00:00:00:aa:03 dev eth0 nud stale")
    shared.port.send(na(address, ADDRESS6, address, OVERRIDE, src_mac=M1, dst_mac=shared.mac,
                        options=lladdr_option(TLLA, M1) + lladdr_option(TLLA, M2)))
    time.sleep(0.08)
    assert entry(shared, address) == (M1, "STALE")


def test_unknown_options_are_passed_over(shared):
    address = fresh()
    shared.ip(f"neigh add {address} lladdr {M1} dev eth0 nud stale")
    shared.port.send(na(address, ADDRESS6, address, OVERRIDE, src_mac=M2, dst_mac=shared.mac,
                        options=nd_option(200, bytes(30)) + NA_OPTION + nd_option(SLLA, bytes(14))))
    time.sleep(0.08)
    assert entry(shared, address) == (M2, "STALE")


@pytest.mark.parametrize("scope, obeyed", [("all", False), ("eth0", True)])
def test_drop_unsolicited_na_is_the_devices(shared, scope, obeyed):
    shared.conf(scope, family="ipv6", drop_unsolicited_na=1)
    address = fresh()
    shared.ip(f"neigh add {address} lladdr {M1} dev eth0 nud stale")
    shared.port.send(na(address, ALL_NODES, address, OVERRIDE, tlla=M2, src_mac=M2))
    time.sleep(0.08)
    shared.conf(scope, family="ipv6", drop_unsolicited_na=0)
    assert entry(shared, address) == ((M1, "STALE") if obeyed else (M2, "STALE"))


@pytest.mark.parametrize("forwarding, accept, src, learned", [
    (0, 1, "fd77::99", False),
    (1, 0, "fd77::99", False),
    (1, 1, "fd77::99", True),
    (1, 1, "2001:db8::1", True),
    (1, 2, "fd77::99", True),
    (1, 2, "2001:db8::1", False),
])
def test_a_router_may_learn_from_who_was_not_asked(shared, forwarding, accept, src, learned):
    """RFC 9131"""
    shared.conf(family="ipv6", forwarding=forwarding, accept_untracked_na=accept)
    for flags, dst in ((OVERRIDE, ALL_NODES), (SOLICITED | OVERRIDE, ADDRESS6)):
        address = fresh()
        shared.port.send(na(src, dst, address, flags, tlla=M1, src_mac=M1,
                            dst_mac=shared.mac if dst == ADDRESS6 else None))
        time.sleep(0.06)
        assert entry(shared, address) == ((M1, "STALE") if learned else None)
    address = fresh()
    shared.port.send(na(src, ALL_NODES, address, OVERRIDE, src_mac=M1))     # it does not say where
    time.sleep(0.06)
    assert entry(shared, address) is None
    shared.conf(family="ipv6", forwarding=0, accept_untracked_na=0)
