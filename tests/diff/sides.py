# SPDX-License-Identifier: BSD-2-Clause
"""One of the two stacks, and all that is seen of it: frames, notifications, answers, errors, the table.

What cannot be equal is made equal here and nowhere else: interface numbers become names, netlink ports
become "us", times count from the event, the identification of an IPv4 packet is left out.
"""

import collections
import json
import os
import select
import socket
import struct
import time

from lab import netlink as nl

from events import DEVS, table_octets

INSIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside.py")
PYTHON = "/usr/bin/python3"
NDTPA_REACHABLE_TIME = 3
LATE_S = 0.03
ANSWER_S = 0.012        # so that a burst of datagrams is in the queue before the answer comes
USER_HZ = 100

Entry = collections.namedtuple("Entry", "dev dst state ntf type lladdr probes protocol ext rest ages")
Said = collections.namedtuple("Said", "time key text ages")    # a frame or a notification
Seen = collections.namedtuple("Seen", "answer frames heard errors table")  # between one event and the next
NUD_NAMES = {value: name for name, value in nl.NUD.items()}


class Side:
    def __init__(self, stack):
        self.stack = stack
        self.names = {stack.ifindex(dev): dev for dev in ("lo", *DEVS)}
        self.process = stack.start([PYTHON, "-I", "-S", INSIDE], stdin=True, own_stderr=True)
        self._rest = b""
        for dev in DEVS:
            self.port(dev).answer_delay_s = ANSWER_S
        self.late = 0.0                 # the longest that an order waited
        self.portid = self.ask("hello")
        self.began = time.monotonic()
        self.seq = 0
        self.frames, self.heard, self.errors = [], [], []
        self.carrier = {dev: True for dev in DEVS}
        self.asked_at = {}              # (dev, address): when the stack last asked for it

    def port(self, dev):
        return self.stack.devs[DEVS.index(dev)].port

    def put(self, dev, raw):
        if not self.carrier[dev]:       # a cable that is pulled brings nothing; a TAP would take it
            return
        try:
            self.port(dev).send(raw)
        except OSError:                 # a TAP that is down takes nothing: the frame is lost, as on a wire
            pass

    # ---- orders to the program inside -----------------------------------

    def ask(self, *order):
        sent = time.monotonic()
        os.write(self.process.stdin.fileno(), json.dumps(order).encode() + b"\n")
        while b"\n" not in self._rest:
            if not select.select([self.process.stdout], [], [], 10)[0]:
                raise AssertionError(f"{self.stack.kind}: {order} is not answered\n{self.stack.state_text()}")
            more = os.read(self.process.stdout.fileno(), 1 << 20)
            if not more:
                raise AssertionError(f"{self.stack.kind}: the program inside ended with {self.process.wait(5)}")
            self._rest += more
        line, self._rest = self._rest.split(b"\n", 1)
        began, answer = json.loads(line)
        self.late = max(self.late, began - sent)
        return answer

    def netlink(self, request):
        self.seq += 1
        request = request[:8] + struct.pack("=I", self.seq) + request[12:]
        return [self.answer_text(m) for data in self.ask("netlink", request.hex())
                for m in nl.messages(bytes.fromhex(data))]

    def answer_text(self, m):
        if m.error is not None:
            return f"{m!r}"
        if m.kind in (nl.RTM_NEWNEIGH, nl.RTM_DELNEIGH):
            return f"flags {m.flags:#x} {entry_text(self.entry(m))}"
        return repr(m)

    # ---- what is seen ----------------------------------------------------

    def begin(self):
        self.began = time.monotonic()
        self.late = 0.0

    def table(self):
        """{(dev, address): Entry} by a raw dump."""
        got = self.ask("netlink", nl.message(nl.RTM_GETNEIGH, nl.NLM_F_REQUEST | nl.NLM_F_DUMP, nl.ndmsg(2)).hex())
        found = [m for data in got for m in nl.messages(bytes.fromhex(data))]
        if not found or found[-1].kind != nl.NLMSG_DONE:
            raise AssertionError(f"{self.stack.kind}: a dump without end: {found}")
        table = {}
        for entry in map(self.entry, found[:-1]):
            if (entry.dev, entry.dst) in table:
                raise AssertionError(f"{self.stack.kind}: {entry} is twice in a dump")
            table[entry.dev, entry.dst] = entry
        return table

    def entry(self, m):
        _, ifindex, state, flags, kind = m.nd
        a = m.attrs
        dst = socket.inet_ntoa(a.pop(nl.NDA_DST))
        lladdr = a.pop(nl.NDA_LLADDR, None)
        ages = struct.unpack("=4I", a.pop(nl.NDA_CACHEINFO)) if nl.NDA_CACHEINFO in a else None
        return Entry(self.names.get(ifindex, ifindex), dst, state, flags, kind, lladdr and lladdr.hex(":"),
                     int.from_bytes(a.pop(nl.NDA_PROBES, b""), "little"), a.pop(nl.NDA_PROTOCOL, b"").hex(),
                     int.from_bytes(a.pop(nl.NDA_FLAGS_EXT, b""), "little"),
                     " ".join(f"{k}:{v.hex()}" for k, v in sorted(a.items())), ages)

    def look(self):
        """Take the frames that came."""
        for dev in DEVS:
            for frame in self.port(dev).collect(lambda f: True, during=0):
                key, text = frame_text(dev, frame.raw)
                if text.startswith("ARP 1"):
                    self.asked_at[key] = frame.time
                self.frames.append((frame.time, key, text))
        taken = self.ask("take")
        self.errors += taken["errors"]
        for when, data in taken["heard"]:
            data = bytes.fromhex(data)
            if data.startswith(b"error"):
                self.heard.append((when, None, data.decode(), None))
                continue
            for m in nl.messages(data):
                key, text, ages = self.notification(m)
                if text.startswith("GET"):
                    self.asked_at[key] = when
                self.heard.append((when, key, text, ages))

    def seen(self, answer, table):
        self.look()
        frames = [Said(when - self.began, key, text, None) for when, key, text in self.frames]
        heard = [Said(when - self.began, *rest) for when, *rest in self.heard]
        errors = self.errors
        self.frames, self.heard, self.errors = [], [], []
        return Seen(answer, sorted(frames, key=lambda f: f.time), heard, errors, table)

    def unsay(self, keys):
        """Forget what was said of these neighbours."""
        self.look()
        addresses = {dst for _, dst in keys - {"errors"}}
        self.frames = [said for said in self.frames if said[1] not in keys]
        self.heard = [said for said in self.heard if said[1] not in keys]
        self.errors = [error for error in self.errors if error[0] not in addresses]

    def notification(self, m):
        if m.kind not in (nl.RTM_NEWNEIGH, nl.RTM_DELNEIGH, nl.RTM_GETNEIGH):
            return None, repr(m), None
        entry = self.entry(m)
        name = {nl.RTM_NEWNEIGH: "NEW", nl.RTM_DELNEIGH: "DEL", nl.RTM_GETNEIGH: "GET"}[m.kind]
        by = " by us" if m.pid == self.portid else " by another" if m.pid else ""
        by += f" seq {m.seq}" if m.seq else ""
        return (entry.dev, entry.dst), f"{name} flags {m.flags:#x}{by}: {entry_text(entry)}", entry.ages

    # ---- reachable time: drawn at random by each stack -------------------

    def reachable_ms(self):
        request = nl.message(nl.RTM_GETNEIGHTBL, nl.NLM_F_REQUEST | nl.NLM_F_DUMP, struct.pack("=BBH", 2, 0, 0))
        drawn = {}
        for data in self.ask("netlink", request.hex()):
            for m in nl.messages(bytes.fromhex(data)):
                parms = nl.attrs(nl.attrs(m.body[4:]).get(6, b"")) if m.error is None else {}
                if nl.NDA_DST in parms:
                    drawn[self.names[struct.unpack("=I", parms[1])[0]]] = {
                        kind: int.from_bytes(value, "little") for kind, value in parms.items()}
        return drawn

    def redraw_until(self, dev, wanted_ms, base_ms):
        """Write the same base again until chance gives nearly the other stack's time."""
        for _ in range(1000):
            if abs(self.reachable_ms()[dev][NDTPA_REACHABLE_TIME] - wanted_ms) <= max(base_ms // 60, 5):
                return
            self.ask("netlink", table_octets(self, dev, "reachable_ms", base_ms).hex())
        raise AssertionError(f"{self.stack.kind} never draws a reachable time near {wanted_ms} ms")

    def close(self):
        self.stack.close()


# ---- texts -------------------------------------------------------------------

def entry_text(e):
    state = NUD_NAMES.get(e.state, hex(e.state)).upper()
    more = [f"{name}={value:#x}" if isinstance(value, int) else f"{name}={value}"
            for name, value in (("ntf", e.ntf), ("ext", e.ext), ("protocol", e.protocol), ("rest", e.rest)) if value]
    return " ".join([e.dst, e.dev if isinstance(e.dev, str) else f"dev{e.dev}", state, e.lladdr or "-",
                     f"probes={e.probes}", f"type={e.type}", *more])


def frame_text(dev, raw):
    """(neighbour that it is about, all that must be equal in words and octets)."""
    dst, src = raw[:6].hex(":"), raw[6:12].hex(":")
    if raw[12:14] == b"\x08\x06" and len(raw) >= 42:
        op = struct.unpack("!H", raw[20:22])[0]
        sip, tip = socket.inet_ntoa(raw[28:32]), socket.inet_ntoa(raw[38:42])
        return (dev, tip), (f"ARP {op} {tip} tell {sip} {dev} {src}>{dst} sha={raw[22:28].hex(':')} "
                            f"tha={raw[32:38].hex(':')} {raw[14:20].hex()} {raw[42:].hex()}")
    if raw[12:14] == b"\x08\x00":
        plain = raw[14:18] + b"\0\0" + raw[20:24] + b"\0\0" + raw[26:]
        sip, dip = socket.inet_ntoa(raw[26:30]), socket.inet_ntoa(raw[30:34])
        return (dev, dip), f"IP {sip}>{dip} {dev} {src}>{dst} {len(raw)} octets {plain[:64].hex()}"
    return (dev, None), f"{dev} {raw.hex()}"
