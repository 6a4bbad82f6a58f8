# SPDX-License-Identifier: BSD-2-Clause
"""Routes whose packets leave by another door: a tunnel (RTA_ENCAP), a gateway of the other family (RTA_VIA).

rtnetlink(7), ip-route(8), RFC 8950.  What they do with packets is in tests/unit/ipv4/lwtunnel_test.c, by a tunnel made
for it; here both stacks refuse what nobody can carry out, with the same words.
"""

import errno
import socket
import struct

import pytest

from lab import netlink as nl

RTA_DST, RTA_OIF, RTA_MULTIPATH, RTA_VIA, RTA_ENCAP_TYPE, RTA_ENCAP = 1, 4, 9, 18, 21, 22
NESTED = 0x8000
MPLS, UNKNOWN = 1, 200


def new_route(ifindex, attrs):
    header = struct.pack("=BBBBBBBBI", socket.AF_INET, 24, 0, 0, 254, 3, 0, 1, 0)
    oif = nl.attr(RTA_OIF, ifindex) if ifindex else b""
    return nl.message(nl.RTM_NEWROUTE, nl.NLM_F_REQUEST | nl.NLM_F_ACK | nl.NLM_F_CREATE,
                      header + nl.attr(RTA_DST, nl.addr("192.0.2.0")) + oif + attrs)


def encap(kind=None, data=b"\1\2\3\4", short=False):
    """RTA_ENCAP, and its type unless that is None."""
    attrs = b"" if data is None else nl.attr(RTA_ENCAP | NESTED, nl.attr(1, data))
    if kind is not None:
        attrs += nl.attr(RTA_ENCAP_TYPE, struct.pack("=B" if short else "=H", kind))
    return attrs


def via(text):
    return nl.attr(RTA_VIA, struct.pack("=H", socket.AF_INET6) + socket.inet_pton(socket.AF_INET6, text))


def nexthop(ifindex, attrs):
    return nl.attr(RTA_MULTIPATH, struct.pack("=HBBi", 8 + len(attrs), 0, 0, ifindex) + attrs)


TUNNELS = [
    # what                                     attributes, of a route, of one next hop among several
    ("a tunnel of no type", encap(0), (errno.EINVAL, "Unknown lwt encapsulation type"),
     (errno.EOPNOTSUPP, "Unknown lwt encapsulation type")),
    ("a tunnel of a type that nobody knows", encap(UNKNOWN), (errno.EINVAL, "Unknown lwt encapsulation type"),
     (errno.EOPNOTSUPP, "Unknown lwt encapsulation type")),
    ("a tunnel that is not there", encap(MPLS), (errno.EOPNOTSUPP, "lwt encapsulation type not supported"),
     (errno.EOPNOTSUPP, "lwt encapsulation type not supported")),
    ("a tunnel whose type is not said", encap(), (errno.EINVAL, "Unknown LWT encapsulation type"),
     (errno.EINVAL, "Unknown LWT encapsulation type")),
    ("a type that is too short", encap(MPLS, short=True), (errno.ERANGE, "Attribute failed policy validation"),
     (errno.EINVAL, "Invalid RTA_ENCAP_TYPE")),
    ("a type without a tunnel", encap(UNKNOWN, data=None), (errno.EINVAL, "Unknown lwt encapsulation type"),
     (errno.EOPNOTSUPP, "Unknown lwt encapsulation type")),
]


@pytest.mark.parametrize("says, attrs, alone, among", TUNNELS, ids=[row[0] for row in TUNNELS])
def test_a_route_with(stack, says, attrs, alone, among):
    index = stack.ifindex()
    answer = nl.ask(stack, new_route(index, attrs))[-1]
    assert (answer.error, answer.text) == alone
    answer = nl.ask(stack, new_route(0, nexthop(index, attrs)))[-1]
    assert (answer.error, answer.text) == among
    assert stack.ip_json("route show 192.0.2.0/24") == []


GATEWAYS = [
    # what                                     gateway, with a device, answer
    ("no address", "::", True, (errno.EINVAL, "Invalid gateway address")),
    ("a multicast address", "ff02::1", True, (errno.EINVAL, "Invalid gateway address")),
    ("a link-local address without a link", "fe80::1", False, (errno.EINVAL, "Egress device not specified")),
    ("an address that no route leads to", "2001:db8::1", True, (errno.EHOSTUNREACH, None)),
    ("an address of a device without IPv6", "fe80::1", True, (errno.EACCES, "IPv6 is disabled on nexthop device")),
]


@pytest.mark.parametrize("says, gateway, with_dev, want", GATEWAYS, ids=[row[0] for row in GATEWAYS])
def test_a_gateway_that_is(stack, says, gateway, with_dev, want):
    answer = nl.ask(stack, new_route(stack.ifindex() if with_dev else 0, via(gateway)))[-1]
    assert (answer.error, answer.text) == want
    assert stack.ip_json("route show 192.0.2.0/24") == []
