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

INSIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside.py")
PYTHON = "/usr/bin/python3"
NDTPA_IFINDEX, NDTPA_REACHABLE_TIME = 1, 3
NDTPA = {"reachable_ms": 4, "delay_probe_ms": 7, "locktime_ms": 15, "mcast": 11, "queue_bytes": 16}
NDTA_NAME, NDTA_PARMS, NLA_F_NESTED = 1, 6, 0x8000
LATE_S = 0.03
ANSWER_S = 0.012        # so that a burst of datagrams is in the queue before the answer comes
USER_HZ = 100
RTN_MULTICAST = 5       # neighbours without a life: their ages are those of reports, which come when they want to

DEVS = ("eth0", "eth1")
Entry = collections.namedtuple("Entry", "dev dst state ntf type lladdr probes protocol ext rest ages")
# a frame or a notification; @ages of a neighbour in ticks of USER_HZ, @times of others in seconds
Said = collections.namedtuple("Said", "time key text ages times", defaults=(None, ()))
# between one event and the next; @more: what else the stack has, {kind: {key: [Thing]}}
Seen = collections.namedtuple("Seen", "answer frames heard errors table more")
NUD_NAMES = {value: name for name, value in nl.NUD.items()}


class Side:
    def __init__(self, stack, world):
        self.stack, self.world = stack, world
        self.names = {stack.ifindex(dev): dev for dev in ("lo", *DEVS)}
        self.process = stack.start([PYTHON, "-I", "-S", INSIDE, world.family, world.groups], stdin=True,
                                   own_stderr=True)
        self._rest = b""
        for dev in DEVS:
            self.port(dev).answer_delay_s = ANSWER_S
        self.late = 0.0                 # the longest that an order waited
        self.portid = self.ask("hello")
        self.began = time.monotonic()
        self.seq = 0
        self.frames, self.heard, self.errors = [], [], []
        self.more = {}                  # of the last dump
        self.restless_until = 0.0       # no event before: frames come that are due when they want to be
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
        _, answer = json.loads(line)
        self.late = max(self.late, time.monotonic() - sent)     # a lock of the kernel's may keep it, too
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
        return self.world.answer_text(self, m)

    # ---- what is seen ----------------------------------------------------

    def begin(self):
        self.began = time.monotonic()
        self.late = 0.0

    def dump(self, request):
        """All messages of a dump, without its end."""
        found = [m for data in self.ask("netlink", request.hex()) for m in nl.messages(bytes.fromhex(data))]
        if not found or found[-1].kind != nl.NLMSG_DONE:
            raise AssertionError(f"{self.stack.kind}: a dump without end: {found}")
        return found[:-1]

    def table(self):
        """{(dev, address): Entry} by a raw dump."""
        table = {}
        request = nl.message(nl.RTM_GETNEIGH, nl.NLM_F_REQUEST | nl.NLM_F_DUMP, nl.ndmsg(self.world.family))
        for entry in map(self.entry, self.dump(request)):
            if (entry.dev, entry.dst) in table:
                raise AssertionError(f"{self.stack.kind}: {entry} is twice in a dump")
            table[entry.dev, entry.dst] = entry
        self.more = self.world.dumps(self)
        return table

    def entry(self, m):
        _, ifindex, state, flags, kind = m.nd
        a = m.attrs
        dst = self.world.ntop(a.pop(nl.NDA_DST))
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
                self.world.saw(self, dev, frame)
        taken = self.ask("take")
        self.errors += taken["errors"]
        for when, data in taken["heard"]:
            data = bytes.fromhex(data)
            if data.startswith(b"error"):
                self.heard.append(Said(when, None, data.decode()))
                continue
            for m in nl.messages(data):
                said = self.notification(m)
                if said.text.startswith("GET"):
                    self.asked_at[said.key] = when
                self.heard.append(said._replace(time=when))

    def seen(self, answer, table):
        """What came since the event; what comes from now on belongs to the next one."""
        self.look()
        frames, heard = ([said._replace(time=said.time - self.began) for said in kind]
                         for kind in (self.frames, self.heard))
        errors = self.errors
        self.frames, self.heard, self.errors = [], [], []
        return Seen(answer, sorted(frames, key=lambda f: f.time), heard, errors, table, self.world.more(self))

    def unsay(self, keys):
        """Forget what was said of these neighbours."""
        self.look()
        addresses = {key[1] for key in keys if isinstance(key, tuple)}
        self.frames = [said for said in self.frames if said.key not in keys]
        self.heard = [said for said in self.heard if said.key not in keys]
        self.errors = [error for error in self.errors if error[0] not in addresses]

    def notification(self, m):
        by = " by us" if m.pid == self.portid else " by another" if m.pid else ""
        by += f" seq {m.seq}" if m.seq else ""
        if m.kind not in (nl.RTM_NEWNEIGH, nl.RTM_DELNEIGH, nl.RTM_GETNEIGH):
            return self.world.notification(self, m, f"flags {m.flags:#x}{by}")
        entry = self.entry(m)
        name = {nl.RTM_NEWNEIGH: "NEW", nl.RTM_DELNEIGH: "DEL", nl.RTM_GETNEIGH: "GET"}[m.kind]
        return Said(0, (entry.dev, entry.dst), f"{name} flags {m.flags:#x}{by}: {entry_text(entry)}",
                    None if entry.type == RTN_MULTICAST else entry.ages)

    # ---- reachable time: drawn at random by each stack -------------------

    def reachable_ms(self):
        request = nl.message(nl.RTM_GETNEIGHTBL, nl.NLM_F_REQUEST | nl.NLM_F_DUMP,
                             struct.pack("=BBH", self.world.family, 0, 0))
        drawn = {}
        for data in self.ask("netlink", request.hex()):
            for m in nl.messages(bytes.fromhex(data)):
                parms = nl.attrs(nl.attrs(m.body[4:]).get(6, b"")) if m.error is None else {}
                if NDTPA_IFINDEX in parms:
                    drawn[self.names[struct.unpack("=I", parms[NDTPA_IFINDEX])[0]]] = {
                        kind: int.from_bytes(value, "little") for kind, value in parms.items()}
        return drawn

    def redraw_until(self, dev, wanted_ms, base_ms):
        """Write the same base again until chance gives nearly the other stack's time."""
        for _ in range(1000):
            if abs(self.reachable_ms()[dev][NDTPA_REACHABLE_TIME] - wanted_ms) <= max(base_ms // 60, 5):
                return
            self.ask("netlink", self.table_octets(dev, "reachable_ms", base_ms).hex())
        raise AssertionError(f"{self.stack.kind} never draws a reachable time near {wanted_ms} ms")

    def table_octets(self, dev, name, value):
        """RTM_SETNEIGHTBL: one parameter of a device."""
        value = struct.pack("=Q" if name.endswith("_ms") else "=I", value)
        parms = nl.attr(NDTPA_IFINDEX, self.stack.ifindex(dev)) + nl.attr(NDTPA[name], value)
        return nl.message(nl.RTM_SETNEIGHTBL, nl.NLM_F_REQUEST | nl.NLM_F_ACK,
                          struct.pack("=BBH", self.world.family, 0, 0) + nl.attr(NDTA_NAME, self.world.table_name) +
                          nl.attr(NDTA_PARMS | NLA_F_NESTED, parms))

    def close(self):
        self.stack.close()


# ---- texts -------------------------------------------------------------------

def entry_text(e):
    state = NUD_NAMES.get(e.state, hex(e.state)).upper()
    more = [f"{name}={value:#x}" if isinstance(value, int) else f"{name}={value}"
            for name, value in (("ntf", e.ntf), ("ext", e.ext), ("protocol", e.protocol), ("rest", e.rest)) if value]
    return " ".join([e.dst, e.dev if isinstance(e.dev, str) else f"dev{e.dev}", state, e.lladdr or "-",
                     f"probes={e.probes}", f"type={e.type}", *more])
