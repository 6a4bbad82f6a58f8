# SPDX-License-Identifier: BSD-2-Clause
"""An IPv6 frame in words: all that must be equal, without what each stack draws at random.

Left out: flow labels and identifications (whether there is one is told), nonces (their length is told), and the
checksum, if it is right.
"""

import struct

from lab import packets6 as p6
from lab.packets import checksum

NAMES = {1: "unreachable", 2: "too big", 3: "time exceeded", 4: "parameter problem", 128: "echo request",
         129: "echo reply", 133: "RS", 134: "RA", 135: "NS", 136: "NA", 137: "redirect"}
FIXED = {p6.RS: 8, p6.RA: 16, p6.NS: 24, p6.NA: 24, p6.REDIRECT: 40}
MLD_QUERY, MLD_REPORT, MLD_DONE, MLD2_REPORT = 130, 131, 132, 143
SHOWN = 96


class Frame6:
    """@key: whom it is about; @text; @records: of a report of groups, which comes when it wants to."""

    def __init__(self, dev, raw):
        self.dev, self.raw, self.records, self.dad, self.kind = dev, raw, [], False, None
        dst_mac, src_mac = raw[:6].hex(":"), raw[6:12].hex(":")
        plain = bytearray(raw[14:])
        self.src, self.dst = p6.text6(plain[8:24]), p6.text6(plain[24:40])
        flow = struct.unpack("!I", plain[:4])[0] & 0xfffff
        plain[1:4] = bytes([plain[1] & 0xf0, 0, 0])
        self.key = dev, self.dst
        what = self.upper(plain)
        self.text = (f"{what} {self.src}>{self.dst} {dev} {src_mac}>{dst_mac} {len(raw)} octets"
                     f"{' flow' if flow else ''} {bytes(plain[:SHOWN]).hex()}")

    def upper(self, plain):
        """What is in it; takes the random parts out of @plain."""
        at, kind = 40, plain[6]
        headers = ""
        while kind in (p6.HOPOPTS, p6.DSTOPTS, p6.ROUTING, p6.FRAGMENT) and at + 8 <= len(plain):
            headers += f"header {kind} "
            kind, size = plain[at], 8 if kind == p6.FRAGMENT else (plain[at + 1] + 1) * 8
            if headers.endswith("44 "):
                offset = struct.unpack("!H", plain[at + 2:at + 4])[0]
                plain[at + 4:at + 8] = bytes(4)
                if offset & 0xfff8:
                    return f"{headers}at {offset & 0xfff8}"
                if offset & 1:
                    plain[at + size + 2:at + size + 4] = bytes(2)
                    return f"{headers}first of protocol {kind}"
            at += size
        return headers + (self.icmp(plain, at) if kind == p6.ICMPV6 else self.other(plain, at, kind))

    def other(self, plain, at, kind):
        right = ""
        if kind in (p6.UDP, p6.TCP):
            field = at + (6 if kind == p6.UDP else 16)
            right = self.check(plain, at, kind, field)
        return f"protocol {kind}{right}"

    def check(self, plain, at, kind, field):
        body = bytes(plain[at:])
        wrong = checksum(p6.pseudo6(bytes(plain[8:24]), bytes(plain[24:40]), len(body), kind) + body)
        if wrong:
            return " WRONG CHECKSUM"
        plain[field:field + 2] = bytes(2)
        return ""

    def icmp(self, plain, at):
        wrong = self.check(plain, at, p6.ICMPV6, at + 2)
        kind, code = plain[at], plain[at + 1]
        self.kind = kind
        if kind in FIXED and len(plain) >= at + FIXED[kind]:    # others are forwarded, however short
            return self.nd(plain, at, kind) + wrong
        if kind in (MLD_REPORT, MLD_DONE, MLD2_REPORT):
            self.groups(plain[at:], kind)
        elif kind < 128 and len(plain) >= at + 12:      # an error: the flow label of what it quotes is as random
            plain[at + 9:at + 12] = bytes([plain[at + 9] & 0xf0, 0, 0])
        return NAMES.get(kind, f"ICMPv6 {kind}") + f" {code}{wrong}"

    def nd(self, plain, at, kind):
        if kind in (p6.NS, p6.NA):
            target = p6.text6(plain[at + 8:at + 24])
            self.dad = kind == p6.NS and self.src == "::"
            unicast = kind == p6.NA and plain[24] != 0xff
            self.key = self.dev, self.dst if unicast else target
        elif kind == p6.RS:
            self.key = self.dev, "routers"
        option, told = at + FIXED[kind], ""
        while option + 8 <= len(plain):
            size = plain[option + 1] * 8
            if plain[option] == p6.NONCE:
                plain[option + 2:option + size] = bytes(size - 2)
                told = f" nonce of {size}"
            if not size:
                break
            option += size
        return f"{NAMES[kind]} {self.key[1]}{told}"

    def groups(self, message, kind):
        self.key = self.dev, "groups"
        if kind != MLD2_REPORT:
            self.records.append(f"MLDv1 {kind} {p6.text6(message[8:24])} from {self.src[:4]}")
            return
        count, = struct.unpack("!H", message[6:8])
        at = 8
        for _ in range(count):
            what, aux, sources = struct.unpack("!BBH", message[at:at + 4])
            self.records.append(f"MLDv2 {what} {p6.text6(message[at + 4:at + 20])} {sources} sources")
            at += 20 + sources * 16 + aux * 4
