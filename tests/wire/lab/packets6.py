# SPDX-License-Identifier: BSD-2-Clause
"""IPv6 and ICMPv6 octet by octet, so that a script can lie in any field."""

import socket
import struct

from .frames import Match
from .packets import checksum, ether

HOPOPTS, TCP, UDP, ROUTING, FRAGMENT, ICMPV6, NONE, DSTOPTS = 0, 6, 17, 43, 44, 58, 59, 60
(DEST_UNREACH, PKT_TOOBIG, TIME_EXCEED, PARAMPROB, ECHO_REQUEST, ECHO_REPLY,
 RS, RA, NS, NA, REDIRECT) = 1, 2, 3, 4, 128, 129, 133, 134, 135, 136, 137
SLLA, TLLA, PREFIX, REDIRECTED, MTU, NONCE, ROUTE, RDNSS, DNSSL = 1, 2, 3, 4, 5, 14, 24, 25, 31
ROUTER, SOLICITED, OVERRIDE = 0x80, 0x40, 0x20
ALL_NODES, ALL_ROUTERS = "ff02::1", "ff02::2"


def addr6(text):
    return socket.inet_pton(socket.AF_INET6, text) if isinstance(text, str) else text


def text6(octets):
    return socket.inet_ntop(socket.AF_INET6, octets)


def mac6(group):
    """Where a multicast goes on Ethernet."""
    return "33:33:" + ":".join(f"{b:02x}" for b in addr6(group)[12:])


def solicited_node(address):
    return text6(addr6("ff02::1:ff00:0")[:13] + addr6(address)[13:])


def ipv6(src, dst, nexthdr, payload, hlim=64, tclass=0, flow=0, version=6, length=None):
    """A packet; @version and @length replace the right values."""
    length = len(payload) if length is None else length
    return struct.pack("!IHBB", version << 28 | tclass << 20 | flow, length, nexthdr, hlim) + \
        addr6(src) + addr6(dst) + payload


def pseudo6(src, dst, length, proto):
    return addr6(src) + addr6(dst) + struct.pack("!IxxxB", length, proto)


def icmp6(src, dst, kind, code=0, rest=bytes(4), payload=b"", csum=None):
    """A message, with its checksum between these two."""
    body = struct.pack("!BBH", kind, code, 0) + rest + payload
    value = checksum(pseudo6(src, dst, len(body), ICMPV6) + body) if csum is None else csum
    return body[:2] + struct.pack("!H", value) + body[4:]


def echo6(src, dst, ident=1, seq=1, payload=b"abcdefgh", kind=ECHO_REQUEST, code=0, csum=None):
    return icmp6(src, dst, kind, code, struct.pack("!HH", ident, seq), payload, csum)


def frame6(src_mac, dst_mac, packet):
    return ether(dst_mac, src_mac, packet, 0x86dd)


# ---- Neighbour Discovery ---------------------------------------------------

def nd_option(kind, value=b"", length=None):
    """An option; @length (in 8 octets) lies about its size."""
    data = bytes(2) + value
    data += bytes(-len(data) % 8)
    return bytes([kind, len(data) // 8 if length is None else length]) + data[2:]


def lladdr_option(kind, mac):
    return nd_option(kind, bytes.fromhex(mac.replace(":", "")))


def nd_frame(kind, src, dst, rest=bytes(4), body=b"", options=b"", src_mac="02:00:00:00:77:01", dst_mac=None,
             hlim=255, code=0, csum=None):
    """A whole frame with a message of ND."""
    if dst_mac is None:
        assert addr6(dst)[0] == 0xff, "a unicast needs a MAC"
        dst_mac = mac6(dst)
    message = icmp6(src, dst, kind, code, rest, body + options, csum)
    return frame6(src_mac, dst_mac, ipv6(src, dst, ICMPV6, message, hlim))


def ns(src, target, dst=None, slla=None, options=b"", **fields):
    """A solicitation; to the target's solicited-node group unless @dst says otherwise."""
    if slla:
        options = lladdr_option(SLLA, slla) + options
    return nd_frame(NS, src, dst or solicited_node(target), body=addr6(target), options=options, **fields)


def na(src, dst, target, flags=0, tlla=None, options=b"", **fields):
    if tlla:
        options = lladdr_option(TLLA, tlla) + options
    return nd_frame(NA, src, dst, rest=struct.pack("!Bxxx", flags), body=addr6(target), options=options, **fields)


def na_to(raw, macs):
    """The answer to a solicitation in the frame @raw for one of @macs, {address: MAC}; None if it is none of these."""
    if raw[12:14] != b"\x86\xdd" or len(raw) < 78 or raw[20] != ICMPV6 or raw[54] != NS:
        return None
    target, asker, mac = text6(raw[62:78]), text6(raw[22:38]), ":".join(f"{b:02x}" for b in raw[6:12])
    if target not in macs or asker == "::":
        return None
    return na(target, asker, target, SOLICITED | OVERRIDE, macs[target], src_mac=macs[target], dst_mac=mac)


def rs(src, dst=ALL_ROUTERS, slla=None, options=b"", **fields):
    if slla:
        options = lladdr_option(SLLA, slla) + options
    return nd_frame(RS, src, dst, options=options, **fields)


def ra(src, dst=ALL_NODES, hop_limit=64, flags=0, lifetime=1800, reachable=0, retrans=0, slla=None, options=b"",
       **fields):
    if slla:
        options = lladdr_option(SLLA, slla) + options
    return nd_frame(RA, src, dst, rest=struct.pack("!BBH", hop_limit, flags, lifetime),
                    body=struct.pack("!II", reachable, retrans), options=options, **fields)


def redirect(src, dst, target, dest, tlla=None, options=b"", **fields):
    if tlla:
        options = lladdr_option(TLLA, tlla) + options
    return nd_frame(REDIRECT, src, dst, body=addr6(target) + addr6(dest), options=options, **fields)


def prefix_option(prefix, length=64, flags=0xc0, valid=2592000, preferred=604800):
    return nd_option(PREFIX, struct.pack("!BBIIxxxx", length, flags, valid, preferred) + addr6(prefix))


# ---- what came -------------------------------------------------------------

class Icmp6:
    """An ICMPv6 message out of a frame; None of it if the frame has another."""

    def __init__(self, frame):
        raw = frame.raw
        self.time = frame.time
        self.src_mac, self.dst_mac = (":".join(f"{b:02x}" for b in raw[at:at + 6]) for at in (6, 0))
        word, length, self.nexthdr, self.hlim = struct.unpack("!IHBB", raw[14:22])
        self.tclass, self.flow = word >> 20 & 0xff, word & 0xfffff
        self.src, self.dst = text6(raw[22:38]), text6(raw[38:54])
        self.message = raw[54:54 + length]
        self.kind, self.code = self.message[0], self.message[1]
        self.rest, self.body = self.message[4:8], self.message[8:]
        self.csum_ok = checksum(pseudo6(raw[22:38], raw[38:54], length, ICMPV6) + self.message) == 0

    @property
    def target(self):
        return text6(self.body[:16])

    @property
    def flags(self):
        return self.rest[0]

    def options(self):
        """[(type, value)] behind the fixed part."""
        data, got = self.body[{RS: 0, RA: 8, NS: 16, NA: 16, REDIRECT: 32}[self.kind]:], []
        while data:
            got.append((data[0], data[2:data[1] * 8]))
            data = data[data[1] * 8:]
        return got

    def lladdr(self, kind):
        """The MAC in an option; None without it."""
        for found, value in self.options():
            if found == kind:
                return ":".join(f"{b:02x}" for b in value[:6])
        return None


def icmp6_of(frame):
    raw = frame.raw
    return Icmp6(frame) if raw[12:14] == b"\x86\xdd" and len(raw) >= 62 and raw[20] == ICMPV6 else None


def is_icmp6(kind, **fields):
    """Frames with a message of this kind whose attributes (of Icmp6) have these values."""
    def test(frame):
        message = icmp6_of(frame)
        return message is not None and message.kind == kind and \
            all(getattr(message, name) == want for name, want in fields.items())
    says = "".join(f", {k}={v}" for k, v in fields.items())
    return Match(f"icmp6({kind}{says})", test)
