# SPDX-License-Identifier: BSD-2-Clause
"""rtnetlink messages octet by octet: right ones, and wrong ones of every shape.

The script builds and reads them; a socket inside the stack carries them.
"""

import errno
import socket
import struct

NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE = 1, 2, 3
NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK = 1, 2, 4
NLM_F_DUMP_INTR, NLM_F_DUMP_FILTERED = 0x10, 0x20
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800
NLM_F_ROOT, NLM_F_MATCH, NLM_F_DUMP = 0x100, 0x200, 0x300
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
RTM_NEWNEIGHTBL, RTM_GETNEIGHTBL, RTM_SETNEIGHTBL = 64, 66, 67

(NDA_DST, NDA_LLADDR, NDA_CACHEINFO, NDA_PROBES, NDA_VLAN, NDA_PORT, NDA_VNI, NDA_IFINDEX,
 NDA_MASTER, NDA_LINK_NETNSID, NDA_SRC_VNI, NDA_PROTOCOL, NDA_NH_ID, NDA_FDB_EXT_ATTRS,
 NDA_FLAGS_EXT, NDA_NDM_STATE_MASK, NDA_NDM_FLAGS_MASK) = range(1, 18)

NUD = dict(none=0, incomplete=1, reachable=2, stale=4, delay=8, probe=0x10, failed=0x20,
           noarp=0x40, permanent=0x80)
NTF_USE, NTF_SELF, NTF_MASTER, NTF_PROXY, NTF_EXT_LEARNED = 1, 2, 4, 8, 0x10
NTF_OFFLOADED, NTF_STICKY, NTF_ROUTER = 0x20, 0x40, 0x80
RTNLGRP_NEIGH, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_IFINFO, RTNLGRP_IPV6_PREFIX = 3, 11, 12, 18

NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS, NLMSGERR_ATTR_MISS_TYPE = 1, 2, 5

SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP, NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 1, 10, 11, 12


# ---- building --------------------------------------------------------------

def attr(kind, data=b""):
    if isinstance(data, int):
        data = struct.pack("=I", data)
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def addr(text):
    return socket.inet_pton(socket.AF_INET6, text) if ":" in text else socket.inet_aton(text)


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def message(kind, flags, body, seq=1, length=None, pid=0):
    """One message; @length lies about its size."""
    size = 16 + len(body)
    return struct.pack("=IHHII", size if length is None else length,
                       kind, flags, seq, pid) + body + bytes(-size % 4)


def ndmsg(family=socket.AF_INET, ifindex=0, state=0, flags=0, kind=0):
    return struct.pack("=BBHiHBB", family, 0, 0, ifindex, state, flags, kind)


def neigh(kind, flags, ifindex=0, dst=None, lladdr=None, state=0, ntf=0, family=socket.AF_INET,
          more=b"", rtn=0, seq=1):
    body = ndmsg(family, ifindex, state, ntf, rtn)
    if dst is not None:
        body += attr(NDA_DST, addr(dst) if isinstance(dst, str) else dst)
    if lladdr is not None:
        body += attr(NDA_LLADDR, mac(lladdr) if isinstance(lladdr, str) else lladdr)
    return message(kind, NLM_F_REQUEST | flags, body + more, seq)


def new_neigh(flags=NLM_F_CREATE | NLM_F_REPLACE, **fields):
    return neigh(RTM_NEWNEIGH, NLM_F_ACK | flags, **fields)


# ---- reading ---------------------------------------------------------------

def attrs(data):
    found = {}
    while len(data) >= 4:
        size, kind = struct.unpack("=HH", data[:4])
        if size < 4 or size > len(data):
            raise ValueError(f"attribute {kind} of {size} octets in {len(data)}")
        found[kind & 0x3fff] = data[4:size]
        data = data[(size + 3) & ~3:]
    return found


class Message:
    """One message that came: its header, and what its kind makes of the rest."""

    def __init__(self, data):
        self.length, self.kind, self.flags, self.seq, self.pid = struct.unpack("=IHHII", data[:16])
        self.body = data[16:self.length]
        self.error, self.text, self.offset, self.miss = None, None, None, None
        if self.kind in (NLMSG_ERROR, NLMSG_DONE) and len(self.body) >= 4:
            self._read_error()

    def _read_error(self):
        self.error = -struct.unpack("=i", self.body[:4])[0]
        if not self.flags & NLM_F_ACK_TLVS:
            return
        skip = 4
        if self.kind == NLMSG_ERROR:
            echoed = 16 if self.flags & NLM_F_CAPPED else struct.unpack("=I", self.body[4:8])[0]
            skip += (echoed + 3) & ~3
        found = attrs(self.body[skip:])
        if NLMSGERR_ATTR_MSG in found:
            self.text = found[NLMSGERR_ATTR_MSG].rstrip(b"\0").decode()
        if NLMSGERR_ATTR_OFFS in found:
            self.offset = struct.unpack("=I", found[NLMSGERR_ATTR_OFFS])[0]
        if NLMSGERR_ATTR_MISS_TYPE in found:
            self.miss = struct.unpack("=I", found[NLMSGERR_ATTR_MISS_TYPE])[0]

    @property
    def nd(self):
        """(family, ifindex, state, flags, type) of a neighbour message."""
        family, _, _, ifindex, state, flags, kind = struct.unpack("=BBHiHBB", self.body[:12])
        return family, ifindex, state, flags, kind

    @property
    def attrs(self):
        return attrs(self.body[12:])

    def __repr__(self):
        if self.error is not None:
            name = errno.errorcode.get(self.error, "OK" if self.error == 0 else self.error)
            kind = "DONE" if self.kind == NLMSG_DONE else "ERROR"
            return f"{kind}({name}, {self.text!r}, offset={self.offset}, miss={self.miss})"
        return f"message(type={self.kind}, flags={self.flags:#x}, {self.body.hex()})"


def messages(data):
    got = []
    while len(data) >= 16:
        got.append(Message(data))
        data = data[(got[-1].length + 3) & ~3:]
    return got


def exchange(requests, strict, acks, groups, patience):
    """In the stack: send each request alone; return the datagrams that answer each."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    for option, value in ((11, acks), (10, acks), (12, strict)):
        if value:
            sock.setsockopt(270, option, 1)
    sock.bind((0, groups))
    sock.settimeout(patience)
    answers = []
    for request in requests:
        sock.send(request)
        wants_end = len(request) < 8 or struct.unpack("=H", request[6:8])[0] & 0x304
        mine, last = [], False
        while not last:
            try:
                data = sock.recv(1 << 17)
            except TimeoutError:
                break
            mine.append(data)
            offset = 0
            while offset + 16 <= len(data):
                size, kind = struct.unpack("=IH", data[offset:offset + 6])
                last = kind in (2, 3) or not wants_end
                offset += (max(size, 16) + 3) & ~3
        answers.append(mine)
    sock.close()
    return answers


def ask_many(stack, requests, strict=True, acks=True, groups=0, patience=3.0):
    """For each request the list of messages that answered it."""
    got = stack.call(exchange, requests, strict, acks, groups, patience, timeout=60)
    return [[m for data in answer for m in messages(data)] for answer in got]


def ask(stack, request, **how):
    return ask_many(stack, [request], **how)[0]
