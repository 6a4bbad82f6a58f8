# SPDX-License-Identifier: BSD-2-Clause
"""The player: it gives a stack what a script says, and compares what comes with what the script says.

It is on a wall clock.  A moment that a script names for something expected is a least time with some slack and a
generous latest one; what is not timed has PATIENCE_S.
"""

import dataclasses
import errno
import os
import re
import socket
import struct
import time

from lab.remote import PYTHON, Remote

from . import segment, words
from .family import IPV4, IPV6
from .language import Script, Want
from .segment import ACK, FIN, PSH, SYN, URG, Segment

INSIDE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inside.py")
STACK_ADDRESS, PEER_ADDRESS, PEER_MAC = "10.77.0.2", "10.77.0.1", "02:00:00:00:77:01"
PEERS = {family.address(f"10.77.0.{i}"): PEER_MAC for i in (1, 3, 4, 5, 6, 7, 8, 9) for family in (IPV4, IPV6)}
PATIENCE_S = 3.0
EARLY_S, LATE_S = 0.012, 1.2
ISS = 0x10000000
MASK = 0xffffffff
SYSCTLS = {"net.ipv4.tcp_rmem": "4096 131072 6291456", "net.ipv4.tcp_wmem": "4096 16384 4194304"}  # machines are tuned


class Differs(AssertionError):
    """The stack did not do what the script says."""


class Agent(Remote):
    """The program of inside.py."""

    def __init__(self, stack):      # pylint: disable=super-init-not-called
        self.stack = stack
        self.process = stack.start([PYTHON, "-I", "-S", INSIDE], stdin=True, own_stderr=True)
        self._pending = 0
        stack._remotes.append(self)     # it ends with the stack


class Flow:
    """One connection, as the script's numbers see it."""

    def __init__(self, index, address, **given):
        self.address, self.port, self.stack_port = address, None, None
        self.iss, self.isn = ISS, None
        self.default_port = 40001 + index
        self.win, self.rcv_nxt = 65535, 0
        self.offered_ts = self.stack_ts = self.ts = False
        self.ts_recent, self.ts_base = 0, 1000
        self.now = time.monotonic
        self.__dict__.update(given)
        self.born = self.now()

    def rel(self, seq, base):
        """A number as scripts have it; numbers below the base are negative."""
        away = (seq - (base or 0)) & MASK
        return away - (1 << 32) if away >> 31 and base is not None else away

    def ts_now(self):
        return (self.ts_base + int((self.now() - self.born) * 1000)) & MASK


class Player:
    def __init__(self, script, stack, family=IPV4):
        self.script, self.stack, self.port, self.family = script, stack, stack.port, family
        self.here, self.peer = family.address(STACK_ADDRESS), family.address(PEER_ADDRESS)
        self.port.answers.update(PEERS)
        self.flows, self.saved, self.log = {}, {}, []
        self.now, self.sleep = getattr(stack, "now", time.monotonic), getattr(stack, "sleep", time.sleep)
        self.start = self.last = self.now()
        self.agent = getattr(stack, "program", None) or Agent(stack)
        self.step = self.newest = None

    # ---- the script -------------------------------------------------------

    def lines(self, text):
        """Play some lines, for a test that is not a script."""
        for self.step in self.script.add(text):
            getattr(self, "do_" + self.step.kind)(self.step)

    def play(self):
        try:
            self.begin()
            for self.step in self.script.steps:
                getattr(self, "do_" + self.step.kind)(self.step)
            left = self.take(self.now() + 0.01)
            if left:
                self.step = None
                self._differs(f"more came than the script says: {self._show(left)}")
        except Differs:
            raise
        except AssertionError as error:
            self._differs(str(error).partition("\n")[0])

    def begin(self):
        """The neighbour is resolved before the first line, so that no segment waits for it."""
        self.port.send(self.family.begin(segment_mac(PEER_MAC), segment_mac(self.stack.mac), self.here, self.peer))
        self.last = self.now()

    def _differs(self, why):
        step = self.step
        where = f"{self.script.path}:{step.line}: {step.text}" if step else f"{self.script.path}: at the end"
        log = "\n".join(self.log + self._rest_of_log())
        raise Differs(f"{self.stack.kind}: {where}\n    {why}\n-- what happened\n{log}") from None

    def _rest_of_log(self):
        lines = []
        while True:
            left = self.take(0)
            if not left:
                return lines
            lines.append(f"{left.time - self.start:9.4f}  {self._show(left)}   (not looked at)")

    def _note(self, when, text):
        self.log.append(f"{when - self.start:9.4f}  {text}")

    def _pause(self, step):
        """Wait until the moment of a line that we ourselves do."""
        if step.timed:
            self.sleep(max(0, self.last + step.after_s - self.now()))

    def do_pause(self, step):
        self._pause(step)
        self.last = self.now()

    # ---- flows ------------------------------------------------------------

    def _flow(self, name):
        if name not in self.flows:
            self.flows[name] = Flow(len(self.flows), self.peer, now=self.now)
        return self.flows[name]

    def do_flow(self, step):
        given = step.words
        if "like" in given:
            like = self._flow(given["like"])
            flow = Flow(len(self.flows), like.address, now=self.now, port=like.port, stack_port=like.stack_port)
        else:
            flow = Flow(len(self.flows), self.peer, now=self.now)
        if "peer" in given:
            address, _, port = given["peer"].partition(":")
            flow.address, flow.port = self.family.address(address) or flow.address, int(port)
        if "port" in given:
            flow.stack_port = int(given["port"])
        if "iss" in given:
            flow.iss = int(given["iss"])
        self.flows[given["name"]] = flow

    # ---- what goes --------------------------------------------------------

    def _number(self, text):
        """A number, or a saved one: `$x`, `$x+1`."""
        found = re.fullmatch(r"\$(\w+)([+-]\d+)?", text)
        return (self.saved[found[1]] + int(found[2] or 0)) & MASK if found else int(text, 0)

    def _option_octets(self, flow, given, syn):
        out = b""
        for name, *value in given:
            if name == "mss":
                out += struct.pack("!BBH", 2, 4, int(value[0]))
            elif name == "wscale":
                out += struct.pack("!BBB", 3, 3, int(value[0]))
            elif name == "sackOK":
                out += b"\x04\x02"
            elif name in ("nop", "eol"):
                out += b"\x01" if name == "nop" else b"\x00"
            elif name == "TS":
                val = flow.ts_now() if value[0] == "*" else self._number(value[0])
                ecr = flow.ts_recent if value[1] == "*" else self._number(value[1])
                if syn:
                    flow.offered_ts, flow.ts_base, flow.born = True, val, self.now()
                flow.ts = flow.offered_ts and flow.stack_ts
                out += struct.pack("!BBII", 8, 10, val, ecr)
            elif name == "sack":
                base = flow.isn or 0
                out += struct.pack("!BB", 5, 2 + 8 * len(value[0]))
                out += b"".join(struct.pack("!II", a + base & MASK, b + base & MASK) for a, b in value[0])
            elif name == "FO":
                cookie = self.saved[value[0][1:]] if value[0].startswith("$") else bytes.fromhex(value[0])
                out += struct.pack("!BB", 34, 2 + len(cookie)) + cookie
            elif name == "raw":
                out += value[0]
        return out + b"\x01" * (-len(out) % 4 if not given or given[-1][0] != "raw" else 0)

    def do_packet(self, step):
        if step.out:
            return self._expect(step)
        given, flow = step.words, self._flow(step.flow)
        if flow.port is None:
            flow.port = flow.default_port
        if flow.stack_port is None:
            flow.stack_port = 8080
        self._pause(step)
        syn = bool(given["flags"] & SYN)
        options = given["options"]
        if options is None:
            options = [("TS", "*", "*")] if flow.ts and not syn else []
        ack = given["ack"].text if "ack" in given else "0"
        ack = flow.rcv_nxt if ack == "*" else int(ack)
        if "win" in given:
            flow.win = given["win"].number()
        found = Segment(flow.address, self.here, flow.port, flow.stack_port, flow.iss + int(given["seq"]),
                        (flow.isn or 0) + ack if "ack" in given else 0, given["flags"], flow.win,
                        self._option_octets(flow, options, syn), self._payload(given, syn))
        found.urg = given["urg"].number() if "urg" in given else 0
        self._marks(given, found)
        packet = found.octets("badsum" in given, given["doff"].number() if "doff" in given else None,
                              given["reserved"].number() if "reserved" in given else 0)
        mac = b"\xff" * 6 if "l2broadcast" in given else segment_mac(self.stack.mac)
        self.last = self.port.send(mac + segment_mac(PEER_MAC) + self.family.ethertype + packet)
        self._note(self.last, f"{step.flow}< {self._text(flow, found, flow.iss, flow.isn)}")

    @staticmethod
    def _payload(given, syn):
        data = given.get("data")
        if isinstance(data, bytes):
            return data
        return segment.pattern(int(given["seq"]) - 1 + syn, int(given["size"]))

    @staticmethod
    def _marks(given, found):
        for i, name in enumerate(segment.ECN_NAMES):
            if name in given:
                found.ecn = i
        if "ttl" in given:
            found.ttl = given["ttl"].number()
        if "nodf" in given:
            found.df = False

    def do_icmp(self, step):
        given, flow = step.words, self._flow(step.flow)
        self._pause(step)
        kind, code = self.family.icmp_kinds[given["kind"]]
        tcp = struct.pack("!HHI", flow.stack_port, flow.port, ((flow.isn or 0) + given["seq"]) & MASK)
        quoted = segment.ip(self.here, flow.address, 6, tcp + bytes(12))[:-12]
        sender, mtu = self.family.address(given.get("from", flow.address)), self.family.mtu(given["mtu"])
        packet = segment.icmp(sender, self.here, kind, code, mtu, quoted)
        self.last = self.port.send(segment_mac(self.stack.mac) + segment_mac(PEER_MAC) + self.family.ethertype + packet)
        self._note(self.last, f"{step.flow}< icmp type {kind} code {code} mtu {mtu} seq {given['seq']}")

    # ---- what comes -------------------------------------------------------

    def take(self, deadline):
        """The next segment of any flow; None when none came in time."""
        while True:
            frame = self._next_frame(deadline)
            if frame is None or self.family.proto(frame.raw) == socket.IPPROTO_TCP:
                return frame and self._parsed(frame)

    def _next_frame(self, deadline):
        """The inbox is the lab's or the library's; a script looks at all of it, in order."""
        if hasattr(self.stack, "next_frame"):
            return self.stack.next_frame(deadline)
        port = self.port
        with port._changed:
            while not port._inbox:
                left = deadline - self.now()
                if left <= 0:
                    return None
                port._changed.wait(left)
            return port._inbox.pop(0)

    def _parsed(self, frame):
        found = Segment.parse(frame.raw[14:])
        if isinstance(found, str):
            self._differs(found)
        found.time = frame.time
        found.frame = frame
        return found

    def _put_back(self, found):
        if hasattr(self.stack, "next_frame"):
            self.port.inbox.insert(0, found.frame)
            return
        with self.port._changed:
            self.port._inbox.insert(0, found.frame)

    def _deadlines(self, step):
        """(not before, not after) for something expected."""
        if step.until_s is not None:
            return self.last + step.after_s if step.after_s else 0, self.last + step.until_s
        if step.timed:
            return (self.last + step.after_s * 0.9 - EARLY_S if step.after_s else 0,
                    self.last + step.after_s * 1.5 + LATE_S)
        return 0, max(self.last, self.now()) + PATIENCE_S

    def _expect(self, step):
        first, deadline = self._deadlines(step)
        found = self.take(deadline)
        if found is None:
            if step.maybe:
                return
            self._differs("nothing came")
        wrong = self._compare(step, found)
        if wrong and step.maybe:
            self._put_back(found)
            return
        self._seen(step.flow, found)
        if wrong:
            self._differs("; ".join(wrong))
        if found.time < first:
            self._differs(f"came {found.time - self.last:.3f} s after the line before, too early")
        self.last = found.time

    def _compare(self, step, found):
        """What is different, as sentences; binds a flow that is met for the first time."""
        given = step.words
        flow = self._flow(step.flow)
        if flow.stack_port is None or flow.port is None:
            flow.address, flow.port, flow.stack_port = found.daddr, found.dport, found.sport
        wrong = []
        if (found.daddr, found.dport, found.sport) != (flow.address, flow.port, flow.stack_port):
            return [f"it is of another flow: {found.sport} to {found.daddr}:{found.dport}"]
        if found.flags & SYN and given["flags"] & SYN and flow.isn is None:
            flow.isn = found.seq - int(given["seq"] if given["seq"] != "*" else 0) & MASK
        if (found.flags ^ given["flags"]) & ~given["flags_loose"]:
            wrong.append(f"flags are {segment.letters_of(found.flags)}")
        self._compare_numbers(flow, given, found, wrong)
        self._compare_marks(given, found, wrong)
        self._compare_payload(flow, given, found, wrong)
        self._compare_options(flow, given, found, wrong)
        return wrong

    @staticmethod
    def _compare_numbers(flow, given, found, wrong):
        seq, size = flow.rel(found.seq, flow.isn), len(found.payload)
        if given["seq"] != "*" and int(given["seq"]) != seq:
            wrong.append(f"seq is {seq}")
        if given["size"] != "*" and int(given["size"]) != size:
            wrong.append(f"it has {size} octets")
        if "ack" in given and not given["ack"](flow.rel(found.ack, flow.iss)):
            wrong.append(f"ack is {flow.rel(found.ack, flow.iss)}")
        if "win" in given and not given["win"](found.win):
            wrong.append(f"win is {found.win}")
        if "urg" in given and not given["urg"](found.urg):
            wrong.append(f"urg is {found.urg}")

    @staticmethod
    def _compare_marks(given, found, wrong):
        for i, name in enumerate(segment.ECN_NAMES):
            if name in given and found.ecn != i:
                wrong.append(f"it is marked {segment.ECN_NAMES[found.ecn]}")
        if "df" in given and not found.df or "nodf" in given and found.df:
            wrong.append("DF is " + ("on" if found.df else "off"))
        if "ttl" in given and not given["ttl"](found.ttl):
            wrong.append(f"ttl is {found.ttl}")

    @staticmethod
    def _compare_payload(flow, given, found, wrong):
        data = given.get("data")
        if isinstance(data, bytes):
            if found.payload != data:
                wrong.append(f"it carries {found.payload!r}")
        elif data != "*" and found.payload:
            at = flow.rel(found.seq, flow.isn) - 1 + bool(found.flags & SYN)
            if at < 0 or found.payload != segment.pattern(at, len(found.payload)):
                wrong.append("it carries other octets than the program sent")

    def _compare_options(self, flow, given, found, wrong):
        have = segment.option_list(found.options)
        want = given["options"]
        if want is None:
            want = [("TS", "*", "*")] if flow.ts and not found.flags & segment.RST else []
            if found.flags & SYN:
                return
        more = ("...",) in want
        want = [w for w in want if w[0] not in ("...", "nop", "eol")]
        names = {2: "mss", 3: "wscale", 4: "sackOK", 5: "sack", 8: "TS", 34: "FO"}
        if more:
            order = [w[0] for w in want]
            have = [h for h in have if names.get(h[0]) in order]
        text = self._options_text(flow, have, flow.iss)
        if [names.get(kind) for kind, _ in have] != [w[0] for w in want]:
            wrong.append(f"its options are <{text}>")
            return
        if not all(self._option_fits(flow, w, value) for w, (_, value) in zip(want, have)):
            wrong.append(f"its options are <{text}>")

    def _option_fits(self, flow, want, value):
        name = want[0]
        if name in ("mss", "wscale"):
            return Want(want[1])(int.from_bytes(value, "big"))
        if name == "TS":
            return all(self._ts_fits(w, n) for w, n in zip(want[1:], struct.unpack("!II", value)))
        if name == "sack":
            return want[1] == self._blocks(flow, value, flow.iss)
        if name == "FO":
            if want[1].startswith("?"):
                self.saved[want[1][1:]] = value
                return len(value) >= 4
            return want[1] == "*" or value == (self.saved[want[1][1:]] if want[1].startswith("$")
                                               else bytes.fromhex(want[1]))
        return True

    def _ts_fits(self, want, number):
        if want.startswith("?"):
            self.saved[want[1:]] = number
            return True
        if want.startswith("$"):
            return number == self._number(want)
        return Want(want)(number)

    def _seen(self, name, found):
        """What the flow learns of a segment that came."""
        flow = self.flows[name]
        self._note(found.time, self._show(found))
        for kind, value in segment.option_list(found.options):
            if kind == 8:
                flow.ts_recent = struct.unpack("!I", value[:4])[0]
                flow.stack_ts |= bool(found.flags & SYN)
                flow.ts = flow.offered_ts and flow.stack_ts
        end = flow.rel(found.seq, flow.isn) + len(found.payload) + bool(found.flags & SYN) + bool(found.flags & FIN)
        if not found.flags & segment.RST:
            flow.rcv_nxt = max(flow.rcv_nxt, end)

    def do_stream(self, step):
        """In-order data from seq to end, in whatever segments."""
        given, flow = step.words, self._flow(step.flow)
        first, deadline = self._deadlines(step)
        at, end, count = int(given["seq"]), int(given["end"]), 0
        while at < end:
            found = self.take(deadline)
            if found is None:
                self._differs(f"nothing came after {at}, in {count} segments")
            wrong = []
            if (found.daddr, found.dport, found.sport) != (flow.address, flow.port, flow.stack_port):
                wrong.append(f"{self._show(found)} is of another flow")
            elif flow.rel(found.seq, flow.isn) != at or not found.payload:
                wrong.append(f"{self._show(found)} is not at {at}")
            elif found.flags & ~PSH & ~segment.CWR != ACK:
                wrong.append(f"flags are {segment.letters_of(found.flags)}")
            if "ack" in given and flow.rel(found.ack, flow.iss) != int(given["ack"]):
                wrong.append(f"ack is {flow.rel(found.ack, flow.iss)}")
            self._compare_payload(flow, given, found, wrong)
            self._seen(step.flow, found)
            if not count and found.time < first:
                wrong.append(f"came {found.time - self.last:.3f} s after the line before, too early")
            at, count = at + len(found.payload), count + 1
            if at > end:
                wrong.append(f"it goes to {at}")
            if wrong:
                self._differs("; ".join(wrong))
            deadline, self.last = found.time + PATIENCE_S, found.time
        if "segs" in given and not Want(given["segs"])(count):
            self._differs(f"it came in {count} segments")

    def do_silence(self, step):
        self._pause(step)
        found = self.take(self.now() + step.words["during_s"])
        if found:
            self._differs(f"there came {self._show(found)}")
        self.last = self.now()

    def do_drain(self, step):
        """Whatever comes in some time; at most its count, and the last of all that was drained, are looked at."""
        given = step.words
        self._pause(step)
        self.sleep(given["during_s"])
        count = 0
        while True:
            found = self.take(0)
            if not found:
                break
            name = self._whose(found)
            if name:
                self._seen(name, found)
            count, self.newest = count + 1, found
        if "count" in given and not Want(given["count"])(count):
            self._differs(f"{count} came")
        if "last" in given:
            asked = dataclasses.replace(step, words=given["last"])
            wrong = self._compare(asked, self.newest) if self.newest else ["nothing came"]
            if wrong:
                self._differs("of the last: " + "; ".join(wrong))
        self.last = self.now()

    # ---- for people -------------------------------------------------------

    def _whose(self, found):
        for name, flow in reversed(self.flows.items()):
            if (found.daddr, found.dport, found.sport) == (flow.address, flow.port, flow.stack_port):
                return name
        return None

    def _show(self, found):
        name = self._whose(found)
        if not name:
            return f"?> {found.sport}->{found.daddr}:{found.dport} {segment.letters_of(found.flags)} seq {found.seq}"
        flow = self.flows[name]
        base = flow.isn
        if base is None and found.flags & SYN:
            base = found.seq
        return f"{name}> {self._text(flow, found, base, flow.iss)}"

    def _text(self, flow, found, base, ack_base):
        seq = flow.rel(found.seq, base)
        text = f"{segment.letters_of(found.flags)} {seq}:{seq + len(found.payload)}({len(found.payload)})"
        if found.flags & ACK:
            text += f" ack {flow.rel(found.ack, ack_base)}"
        text += f" win {found.win}"
        if found.flags & URG or found.urg:
            text += f" urg {found.urg}"
        if found.ecn:
            text += f" {segment.ECN_NAMES[found.ecn]}"
        have = segment.option_list(found.options)
        return text + (f" <{self._options_text(flow, have, ack_base)}>" if have else "")

    @staticmethod
    def _blocks(flow, value, base):
        edges = struct.unpack(f"!{len(value) // 4}I", value)
        return [(flow.rel(a, base), flow.rel(b, base)) for a, b in zip(edges[::2], edges[1::2])]

    def _options_text(self, flow, have, ack_base):
        parts = []
        for kind, value in have:
            if kind == 8 and len(value) == 8:
                parts.append("TS val %d ecr %d" % struct.unpack("!II", value))
            elif kind == 5:
                parts.append("sack " + " ".join(f"{a}:{b}" for a, b in self._blocks(flow, value, ack_base)))
            elif kind in (2, 3):
                parts.append(f"{'mss' if kind == 2 else 'wscale'} {int.from_bytes(value, 'big')}")
            elif kind == 4:
                parts.append("sackOK")
            elif kind == 34:
                parts.append("FO " + value.hex())
            else:
                parts.append(f"kind {kind} {value.hex()}")
        return ",".join(parts)

    # ---- calls ------------------------------------------------------------

    def do_call(self, step):
        given = step.words
        self._pause(step)
        function, args, want = given["function"], given["args"], given["want"]
        expected = self._expected(function, want)
        name = None if function not in ("socket", "accept") else given["name"]
        made = self._made(function, args)
        if given["background"]:
            ticket = given["name"] if name is None else name
            if ticket is None:
                ticket = function
            self.agent.ask("start", ticket, name, function, made)
            self._note(self.now(), f"{step.text}")
            return
        patience = want not in ("EAGAIN",)
        answer = self.agent.ask("call", name, function, made, patience, expected)
        self.last = self.now()
        self._judge(function, args, want, answer)
        self._note(self.last, f"{step.text}")

    @staticmethod
    def _expected(function, want):
        """What the program may know: the octets or the count to gather, the events to wait for."""
        if function == "poll":
            return want
        if want and want.startswith('"'):
            return want[1:-1].encode().decode("unicode_escape").encode("latin-1")
        return int(want) if want and want.isdigit() else None

    def _made(self, function, args):
        """The arguments as Python has them."""
        if function == "socket":
            return ("block" in args, self.script.cc, self.family.af)
        if function in ("bind", "connect"):
            return (args[0], self._address(args[1], bind=function == "bind"))
        if function in ("send", "recv", "sendto"):
            flags = sum(words.MSG[flag] for flag in args[2].split("|") if flag != "0") if len(args) > 2 else 0
            made = [args[0], self._amount(args[1]), flags]
            return tuple(made + [self._address(args[3])] if function == "sendto" else made)
        if function == "shutdown":
            return (args[0], words.HOW[args[1]])
        if function == "setsockopt":
            return (args[0], *self.family.options[args[1]], words.option_octets(args[1], args[2]))
        if function == "getsockopt":
            return (args[0], *self.family.options[args[1]], words.option_size(args[1]))
        if function == "listen":
            return (args[0], int(args[1]))
        if function == "accept" and len(args) > 1:
            return (args[0], args[1] == "block")
        return tuple(args)

    @staticmethod
    def _amount(text):
        if text.startswith('"'):
            return text[1:-1].encode().decode("unicode_escape").encode("latin-1")
        return int(text)

    def _address(self, text, bind=False):
        address, _, port = text.rpartition(":")
        if bind and not address:
            return (self.family.any, int(port))
        return (self.family.of_program(address or PEER_ADDRESS), int(port))

    def _judge(self, function, args, want, answer):
        """@answer is what came of a call; the default of what is wanted is success."""
        kind, value = answer
        if kind != "ok":
            if kind == "wrong" or not want or getattr(errno, want, want) != getattr(errno, value, value):
                self._differs(value)
            return
        if function == "getsockopt":
            value = words.option_text(args[1], value)
            value = value - self.family.more_octets if args[1] == "IP_MTU" else value
            if args[1] == "SO_ERROR" and value:
                value = errno.errorcode.get(value, value)
        if want is None:
            return
        if isinstance(value, bytes):
            value = '"' + value.decode("latin-1").encode("unicode_escape").decode() + '"'
        fits = want in (value, "*") if isinstance(value, str) else self._fits(want, value)
        if function == "poll":
            fits = set(value.split("|")) == set(want.split("|"))
        if not fits:
            self._differs(f"the answer is {value}")

    @staticmethod
    def _fits(want, value):
        try:
            return Want(want)(value)
        except ValueError:
            return False                # an error's name

    def do_wait(self, step):
        """For a call that was begun with &."""
        name, want = step.words["name"], step.words["want"]
        first, deadline = self._deadlines(step)
        answer = self.agent.ask("join", name, max(0, deadline - self.now()), timeout=60)
        if answer is None:
            self._differs("the call has not returned")
        value, when = answer
        self._note(when, f"{name}: {value}")
        self._judge("", [], want, value)
        if when < first:
            self._differs(f"returned {when - self.last:.3f} s after the line before, too early")
        self.last = max(when, self.last)

    def do_check(self, step):
        """The distance of two saved numbers."""
        given = step.words
        away = self.saved[given["first"]] - self.saved[given["second"]] & MASK
        if not Want(given["want"])(away):
            self._differs(f"it is {away}")

    def do_info(self, step):
        self._pause(step)
        deadline, tries = self.now() + PATIENCE_S / 2, []
        while True:
            kind, raw = self.agent.ask("call", None, "info", (step.words["name"],), False, None)
            if kind != "ok":
                self._differs(raw)
            found = words.tcp_info(raw)
            found["pmtu"] -= self.family.more_octets
            wrong = [f"{field} is {found[field]}" for field, want in step.words["tests"] if not want(found[field])]
            if not wrong:
                break
            tries.append("; ".join(wrong))
            if self.now() > deadline:
                self._differs(f"{tries[0]} (and at last: {tries[-1]})")
            self.sleep(0.01)
        self.last = self.now()

    def do_state(self, step):
        step.words.setdefault("tests", [("state", Want(str(words.STATES.index(step.words["want"]))))])
        self.do_info(step)

    def do_diag(self, step):
        """The state of a connection that may belong to no program any more."""
        self._pause(step)
        deadline = self.now() + PATIENCE_S
        while True:
            found = self._diag_state(self.flows[step.words["name"]])
            if found == step.words["want"]:
                break
            if self.now() > deadline:
                self._differs(f"it is {found}")
            self.sleep(0.02)
        self.last = self.now()

    def _diag_state(self, flow):
        request = struct.pack("=BBBBI", self.family.af, socket.IPPROTO_TCP, 0, 0, MASK) + bytes(48)
        raw = self.agent.ask("diag", struct.pack("=IHHII", 16 + len(request), 20, 0x301, 1, 0) + request)
        while len(raw) >= 16:
            size, kind = struct.unpack_from("=IH", raw)
            if kind == 20:
                _, state, _, _, sport, dport = struct.unpack_from("=BBBB2s2s", raw, 16)
                daddr = self.family.diag_address(raw[16 + 4 + 4 + 16:])
                ports = (int.from_bytes(sport, "big"), int.from_bytes(dport, "big"))
                if ports == (flow.stack_port, flow.port) and daddr == flow.address:
                    return words.STATES[state]
            raw = raw[(size + 3) & ~3:]
        return "none"

    # ---- the stack's settings -----------------------------------------------

    def do_sysctl(self, step):
        self._pause(step)
        self.stack.sysctl(step.words["key"], step.words["value"])
        self.last = self.now()

    def do_ip(self, step):
        self._pause(step)
        self.stack.ip(self.family.route(step.words["rest"]))
        self.last = self.now()


def segment_mac(text):
    return bytes.fromhex(text.replace(":", ""))


def blocks(path):
    """Whether a script is about calls that wait, or about the end of a program: nothing for a library."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return any(word in text for word in (" block)", "(block)", ") &", "exit()"))


def asks_error_queue(path):
    """Whether a script reads news of what it sent."""
    with open(path, encoding="utf-8") as file:
        return "errqueue(" in file.read()


def fits(path, family):
    """Whether a script is for packets of this family."""
    only = Script.load(path).only
    return only is None or (only == "ipv6") == (family is IPV6)


def play(path, boot, family=IPV4):
    """Play the script of a file on a stack that @boot makes."""
    script = Script.load(path)
    more = {"ipv6": True} if family is IPV6 else {}
    stack = boot(sysctls={**SYSCTLS, **script.sysctls}, mtu=family.mtu(script.mtu), **more)
    try:
        player = Player(script, stack, family)
        player.play()
        return player
    finally:
        stack.close()
