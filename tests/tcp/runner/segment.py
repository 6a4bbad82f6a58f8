# SPDX-License-Identifier: BSD-2-Clause
"""TCP segments and ICMP errors as octets, with absolute numbers; and the pattern that all streams carry."""

import socket
import struct

FLAGS = "FSRP.UEW"                      # FIN SYN RST PSH ACK URG ECE CWR: bit 0 first
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << i for i in range(8))
KIND_EOL, KIND_NOP, KIND_MSS, KIND_WSCALE, KIND_SACK_OK, KIND_SACK, KIND_TS, KIND_FO = 0, 1, 2, 3, 4, 5, 8, 34
ECN_NAMES = ("noect", "ect1", "ect0", "ce")
PERIOD = bytes(range(251))              # a prime, so that no segment size hides a shift


def pattern(position, size):
    """The octets of any stream, @size of them from @position on."""
    start = position % 251
    return (PERIOD * ((start + size) // 251 + 1))[start:start + size]


def csum(data):
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def flags_of(letters):
    bits = 0
    for letter in letters:
        bits |= 1 << FLAGS.index(letter)
    return bits


def letters_of(bits):
    text = "".join(letter for i, letter in enumerate(FLAGS) if bits & 1 << i)
    order = "SFRPWEU."                  # as scripts write them: S. F. P. SEW
    return "".join(sorted(text, key=order.index)) or "-"


class Segment:
    """What came, or goes; numbers are the wire's."""

    def __init__(self, saddr, daddr, sport, dport, seq, ack, flags, win, options=b"", payload=b"", urg=0, ecn=0,
                 ttl=64, df=True, ip_id=0):
        self.saddr, self.daddr, self.sport, self.dport = saddr, daddr, sport, dport
        self.seq, self.ack, self.flags, self.win, self.urg = seq, ack, flags, win, urg
        self.options, self.payload = options, payload
        self.ecn, self.ttl, self.df, self.ip_id = ecn, ttl, df, ip_id
        self.time = 0.0

    def octets(self, bad_sum=False, doff=None, reserved=0):
        """The packet; @doff may lie."""
        options = self.options + b"\0" * (-len(self.options) % 4)
        words = 5 + len(options) // 4 if doff is None else doff
        head = struct.pack("!HHIIBBHHH", self.sport, self.dport, self.seq & 0xffffffff, self.ack & 0xffffffff,
                           words << 4 | reserved, self.flags, self.win, 0, self.urg) + options
        total = csum(pseudo_header(self.saddr, self.daddr, 6, len(head) + len(self.payload)) + head + self.payload)
        total ^= 0x5555 if bad_sum else 0
        head = head[:16] + struct.pack("!H", total) + head[18:]
        return ip(self.saddr, self.daddr, 6, head + self.payload, self.ecn, self.ttl, self.df, self.ip_id)

    @classmethod
    def parse(cls, packet):
        """The segment in an IP packet whose checksums are right; a sentence if there is none."""
        if packet[0] >> 4 == 6:
            size, at = 40 + struct.unpack_from("!H", packet, 4)[0], 40
            saddr, daddr = (socket.inet_ntop(socket.AF_INET6, raw) for raw in (packet[8:24], packet[24:40]))
            ecn, ttl, df, ip_id = packet[1] >> 4 & 3, packet[7], True, 0
        else:
            size, at = struct.unpack_from("!H", packet, 2)[0], (packet[0] & 15) * 4
            saddr, daddr = socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20])
            ecn, ttl, df = packet[1] & 3, packet[8], bool(packet[6] & 0x40)
            ip_id = struct.unpack_from("!H", packet, 4)[0]
            if csum(packet[:at]):
                return "the IPv4 header's checksum is wrong"
        tcp = packet[at:size]
        if csum(pseudo_header(saddr, daddr, 6, len(tcp)) + tcp):
            return "the TCP checksum is wrong"
        sport, dport, seq, ack, doff, flags, win, _, urg = struct.unpack_from("!HHIIBBHHH", tcp)
        doff = (doff >> 4) * 4
        return cls(saddr, daddr, sport, dport, seq, ack, flags, win, tcp[20:doff], tcp[doff:], urg, ecn, ttl, df, ip_id)


def pseudo_header(saddr, daddr, proto, size):
    family = socket.AF_INET6 if ":" in saddr else socket.AF_INET
    return socket.inet_pton(family, saddr) + socket.inet_pton(family, daddr) + struct.pack("!II", size, proto)


def ip(saddr, daddr, proto, body, ecn=0, ttl=64, df=True, ip_id=0):
    """A packet of the addresses' family."""
    if ":" not in saddr:
        return ip4(saddr, daddr, proto, body, ecn, ttl, df, ip_id)
    head = struct.pack("!IHBB", 6 << 28 | ecn << 20, len(body), proto, ttl)
    return head + socket.inet_pton(socket.AF_INET6, saddr) + socket.inet_pton(socket.AF_INET6, daddr) + body


def ip4(saddr, daddr, proto, body, ecn=0, ttl=64, df=True, ip_id=0):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, ecn, 20 + len(body), ip_id, 0x4000 if df else 0, ttl, proto, 0,
                       socket.inet_aton(saddr), socket.inet_aton(daddr))
    return head[:10] + struct.pack("!H", csum(head)) + head[12:] + body


def icmp6(saddr, daddr, body):
    total = csum(pseudo_header(saddr, daddr, 58, len(body)) + body)
    return ip(saddr, daddr, 58, body[:2] + struct.pack("!H", total) + body[4:], ttl=255)


def icmp(saddr, daddr, kind, code, rest, quoted):
    """An ICMP error about @quoted, the beginning of a packet."""
    body = struct.pack("!BBHI", kind, code, 0, rest) + quoted
    if ":" in saddr:
        return icmp6(saddr, daddr, body)
    body = body[:2] + struct.pack("!H", csum(body)) + body[4:]
    return ip4(saddr, daddr, 1, body)


def option_list(raw):
    """[(kind, value octets)] of the options, NOPs left out; what cannot be read is (None, rest)."""
    found, at = [], 0
    while at < len(raw):
        kind = raw[at]
        if kind == KIND_EOL:
            break
        if kind == KIND_NOP:
            at += 1
            continue
        if at + 1 >= len(raw) or raw[at + 1] < 2 or at + raw[at + 1] > len(raw):
            found.append((None, raw[at:]))
            break
        found.append((kind, raw[at + 2:at + raw[at + 1]]))
        at += raw[at + 1]
    return found
