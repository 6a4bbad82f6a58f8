# SPDX-License-Identifier: BSD-2-Clause
"""Frames: how a script says which frame it means, and how a failure shows one."""

import logging

logging.getLogger("scapy").setLevel(logging.ERROR)

from scapy.layers.inet import ICMP, IP, UDP               # noqa: E402
from scapy.layers.l2 import ARP, Ether                    # noqa: E402
from scapy.utils import hexdump                           # noqa: E402

BROADCAST = "ff:ff:ff:ff:ff:ff"
ZERO_MAC = "00:00:00:00:00:00"


class Frame:
    """One frame that was seen: octets, and when (seconds, monotonic clock)."""

    def __init__(self, raw, time):
        self.raw = raw
        self.time = time
        self._pkt = None

    @property
    def pkt(self):
        if self._pkt is None:
            self._pkt = Ether(self.raw)
        return self._pkt

    def __getitem__(self, layer):
        return self.pkt[layer]

    def __contains__(self, layer):
        return layer in self.pkt

    def payload(self):
        """Octets behind the UDP or ICMP header, without Ethernet padding."""
        ip = self.pkt[IP]
        return self.raw[14 + ip.ihl * 4 + 8:14 + ip.len]

    def show(self):
        return f"{self.pkt.summary()}\n{hexdump(self.raw, dump=True)}"


class Match:
    """A predicate on frames that can say what it looks for."""

    def __init__(self, says, test):
        self.says = says
        self.test = test

    def __call__(self, frame):
        try:
            return bool(self.test(frame))
        except (AttributeError, IndexError, ValueError):
            return False

    def __and__(self, other):
        return Match(f"{self.says} & {other.says}", lambda f: self(f) and other(f))

    def __invert__(self):
        return Match(f"not ({self.says})", lambda f: not self(f))

    def __repr__(self):
        return self.says


def match(layer, **fields):
    """A frame with @layer, whose fields have these values (a callable tests one)."""
    def test(frame):
        if layer not in frame.pkt:
            return False
        part = frame.pkt[layer]
        return all(want(getattr(part, name)) if callable(want) else getattr(part, name) == want
                   for name, want in fields.items())
    says = ", ".join(f"{k}={'(tested)' if callable(v) else v}" for k, v in fields.items())
    return Match(f"{layer.__name__}({says})", test)


def arp_request(pdst, **fields):
    return match(ARP, op=1, pdst=pdst, **fields)


def arp_reply(psrc, **fields):
    return match(ARP, op=2, psrc=psrc, **fields)


def to_mac(mac):
    return match(Ether, dst=mac)


def from_mac(mac):
    return match(Ether, src=mac)


def udp(**fields):
    return match(UDP, **fields)


def icmp(**fields):
    return match(ICMP, **fields)


def ip(**fields):
    return match(IP, **fields)


anything = Match("any frame", lambda f: True)
is_arp = match(ARP)
is_ip = match(IP)
