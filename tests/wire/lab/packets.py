# SPDX-License-Identifier: BSD-2-Clause
"""IPv4 packets octet by octet, so that a script can lie in any field."""

import socket
import struct

ICMP, UDP, TCP = 1, 17, 6
DF, MF = 0x4000, 0x2000


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ether(dst, src, payload, kind=0x0800):
    return (bytes.fromhex(dst.replace(":", "")) + bytes.fromhex(src.replace(":", "")) +
            struct.pack("!H", kind) + payload)


def ipv4(src, dst, proto, payload, ttl=64, tos=0, ident=0x4711, frag=0, options=b"",
         version=4, ihl=None, length=None, csum=None):
    """A packet; @ihl, @length and @csum replace the right values."""
    options += bytes(-len(options) % 4)
    ihl = 5 + len(options) // 4 if ihl is None else ihl
    length = 20 + len(options) + len(payload) if length is None else length

    def header(value):
        return struct.pack("!BBHHHBBH4s4s", version << 4 | ihl, tos, length, ident, frag, ttl,
                           proto, value, socket.inet_aton(src), socket.inet_aton(dst)) + options
    value = checksum(header(0)) if csum is None else csum
    return header(value) + payload


def icmp(kind, code, rest=b"\0\0\0\0", payload=b"", csum=None):
    body = struct.pack("!BBH", kind, code, 0) + rest + payload
    value = checksum(body) if csum is None else csum
    return body[:2] + struct.pack("!H", value) + body[4:]


def echo(ident=1, seq=1, payload=b"abcdefgh", kind=8, code=0, csum=None):
    return icmp(kind, code, struct.pack("!HH", ident, seq), payload, csum)


def udp(src, dst, sport, dport, payload=b"hello", length=None, csum=None):
    length = 8 + len(payload) if length is None else length
    pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack("!BBH", 0, UDP, length)
    head = struct.pack("!HHHH", sport, dport, length, 0)
    value = (checksum(pseudo + head + payload) or 0xffff) if csum is None else csum
    return struct.pack("!HHHH", sport, dport, length, value) + payload


def fragments(src, dst, proto, payload, size, ident=0x4711, **fields):
    """The packet in pieces of @size octets of payload (a multiple of 8)."""
    return [ipv4(src, dst, proto, payload[at:at + size], ident=ident,
                 frag=at // 8 | (MF if at + size < len(payload) else 0), **fields)
            for at in range(0, len(payload), size)]


def valid(frame):
    """What is wrong with the checksums and lengths of an IPv4 frame; None when nothing is."""
    raw = frame.raw[14:]
    ihl = (raw[0] & 15) * 4
    length, = struct.unpack("!H", raw[2:4])
    if raw[0] >> 4 != 4 or ihl < 20 or length < ihl or length > len(raw):
        return f"version, header or total length: {raw[:20].hex()}"
    if checksum(raw[:ihl]):
        return "IP header checksum"
    if struct.unpack("!H", raw[6:8])[0] & 0x3fff:
        return None                     # a fragment: only the whole can be checked
    body = raw[ihl:length]
    if raw[9] == ICMP and checksum(body):
        return "ICMP checksum"
    if raw[9] == UDP:
        if len(body) < 8 or struct.unpack("!H", body[4:6])[0] != len(body):
            return "UDP length"
        pseudo = raw[12:20] + struct.pack("!BBH", 0, UDP, len(body))
        if body[6:8] != b"\0\0" and checksum(pseudo + body):
            return "UDP checksum"
    return None


ARP_NOBODY = "00:00:00:00:00:00"


def arp(op, sip, tip, sha, tha=ARP_NOBODY, dst="ff:ff:ff:ff:ff:ff", src=None):
    """A frame with an ARP packet for Ethernet and IPv4."""
    def octets(mac):
        return bytes.fromhex(mac.replace(":", ""))
    return ether(dst, src or sha, struct.pack("!HHBBH", 1, 0x800, 6, 4, op) + octets(sha) + socket.inet_aton(sip) +
                 octets(tha) + socket.inet_aton(tip), 0x0806)
