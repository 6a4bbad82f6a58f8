# SPDX-License-Identifier: BSD-2-Clause
"""IPv4, IPv6, and sockets of IPv6 on a wire of IPv4: what a script's words mean in each.

Scripts are written in addresses of IPv4.  Under IPv6 10.77.0.3 is fd77::3, and MTUs are 20 octets larger, as
the header is; so segments are as large, and all other numbers stay.
"""

import ipaddress
import re
import socket
import struct

from lab import packets6

from . import words

MORE_OCTETS = 20                        # of IPv6's header
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
ICMP = {"net_unreachable": (3, 0), "host_unreachable": (3, 1), "proto_unreachable": (3, 2),
        "port_unreachable": (3, 3), "frag_needed": (3, 4), "source_route_failed": (3, 5),
        "admin_prohibited": (3, 13), "source_quench": (4, 0), "ttl_exceeded": (11, 0),
        "reassembly_exceeded": (11, 1), "parameter_problem": (12, 0)}
ICMP6 = {"net_unreachable": (1, 0), "admin_prohibited": (1, 1), "host_unreachable": (1, 3), "port_unreachable": (1, 4),
         "frag_needed": (2, 0), "ttl_exceeded": (3, 0), "reassembly_exceeded": (3, 1), "parameter_problem": (4, 0),
         "proto_unreachable": (4, 1)}
OPTIONS6 = {"IP_TOS": 67, "IP_TTL": 16, "IP_MTU_DISCOVER": 23, "IP_RECVERR": 25, "IP_MTU": 24, "IP_MINTTL": 73}


class Family:
    """IPv4: a script's words are what they are."""

    name = "ipv4"
    af = socket.AF_INET                 # of the program's sockets
    any = "0.0.0.0"
    ethertype, proto_at, more_octets = b"\x08\x00", 23, 0
    icmp_kinds, options = ICMP, words.OPTIONS

    def address(self, text):
        """An address of a script, as the wire has it."""
        return text

    def of_program(self, text):
        """The same for a socket's call."""
        return self.address(text)

    def mtu(self, number):
        return number + self.more_octets if number else 0

    @staticmethod
    def route(rest):
        return rest

    def option(self, name, value):
        """(level, option, value) of a socket option; a value is octets, a number, or the size of the answer."""
        return (*self.options[name], value)

    def begin(self, mac, stack_mac, stack, peer):
        """The frame by which the stack learns of @peer."""
        return (stack_mac + mac + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + mac +
                socket.inet_aton(peer) + bytes(6) + socket.inet_aton(stack))

    def proto(self, frame):
        """The protocol in an Ethernet frame; None if it is of another family."""
        return frame[self.proto_at] if frame[12:14] == self.ethertype else None

    @staticmethod
    def diag_address(raw):
        return socket.inet_ntoa(raw[:4])


class Family6(Family):
    name = "ipv6"
    af = socket.AF_INET6
    any = "::"
    ethertype, proto_at, more_octets = b"\x86\xdd", 20, MORE_OCTETS
    icmp_kinds = ICMP6
    options = {**words.OPTIONS, **{name: (socket.IPPROTO_IPV6, value) for name, value in OPTIONS6.items()}}

    def address(self, text):
        return address6(text) if ADDRESS.fullmatch(text) else text

    def route(self, rest):
        """IPv6 replaces a route of the same metric only: that of the address is 256."""
        rest = ADDRESS.sub(lambda found: address6(found[0]), rest.replace("/24", "/64"))
        rest = re.sub(r"mtu (lock )?(\d+)", lambda m: f"mtu {m[1] or ''}{int(m[2]) + MORE_OCTETS}", rest)
        return "-6 " + rest.replace("/64 dev eth0", "/64 dev eth0 proto kernel metric 256")

    def begin(self, mac, stack_mac, stack, peer):
        mac, stack_mac = mac.hex(":"), stack_mac.hex(":")
        return packets6.ns(peer, stack, stack, slla=mac, src_mac=mac, dst_mac=stack_mac)

    @staticmethod
    def diag_address(raw):
        return socket.inet_ntop(socket.AF_INET6, raw[:16])


class Mapped(Family):
    """The program's sockets are IPv6's, and the peers' addresses ::ffff:10.77.0.3."""

    name = "mapped"
    af = socket.AF_INET6
    any = "::"

    def of_program(self, text):
        return "::ffff:" + text if ADDRESS.fullmatch(text) else text

    @staticmethod
    def diag_address(raw):
        found = ipaddress.IPv6Address(raw[:16])
        return str(found.ipv4_mapped or found)


IPV4, IPV6, MAPPED = Family(), Family6(), Mapped()
FAMILIES = {family.name: family for family in (IPV4, IPV6, MAPPED)}


def address6(text):
    """127.0.0.1: ::1; 10.77.0.3: fd77::3; others are of other networks."""
    network, _, host = text.rpartition(".")
    if text == "127.0.0.1":
        return "::1"
    return f"fd77::{host.lstrip('0')}" if network == "10.77.0" else f"2001:db8::{host}"
