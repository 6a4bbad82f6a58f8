# SPDX-License-Identifier: BSD-2-Clause
"""The two families: what a sequence's stack has, what is seen of it, and which of it is compared."""

import socket
import struct
import time

from lab import netlink as nl
from lab import packets6 as p6

import differences
import differences6
import events
import events6
import rtnl
from frames6 import Frame6
from sides import DEVS, Said, entry_text

ICMP_UNLIMITED = {"net.ipv4.icmp_ratelimit": 0, "net.ipv4.icmp_msgs_per_sec": 10000, "net.ipv4.icmp_msgs_burst": 10000}


def neigh_sysctls(family, timers):
    return {f"net.{family}.neigh.{dev}.{name}": value for name, value in timers.items() if name != "delay_probe_ms"
            for dev in ("lo", *DEVS)}


class World4:
    """ARP."""
    family, groups, table_name, options = socket.AF_INET, 4, b"arp_cache\0", {}
    rows, lasting = differences.ROWS, staticmethod(differences.lasting)
    redrawn_by, slow, settles = ("sysctl", "table"), ("sysctl", "flush"), False
    ntop = staticmethod(socket.inet_ntoa)

    def sysctls(self, sequence):
        return {**ICMP_UNLIMITED, **neigh_sysctls("ipv4", sequence["timers"])}

    def set_up(self, side, sequence):
        side.answers = dict(sequence["answers"])
        for host, mac in side.answers.items():
            side.port(DEVS[host.split(".")[1] == "78"]).answers[host] = mac
        if sequence["gateway"]:
            side.stack.ip(f"route add default via {events.HOSTS['eth0'][0]}")

    def begin(self, side, sequence):
        pass

    def act(self, side, event):
        return events.ACTORS[event["do"]](side, event)

    def saw(self, side, dev, frame):
        key, text = self.frame_text(dev, frame.raw)
        if text.startswith("ARP 1"):
            side.asked_at[key] = frame.time
        side.frames.append(Said(frame.time, key, text))

    @staticmethod
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

    def answer_text(self, _side, m):
        return repr(m)

    def notification(self, _side, m, _how):
        return Said(0, None, repr(m))

    def dumps(self, _side):
        return {}

    def more(self, side):
        return side.more

    def edges(self, _side):
        return ()

    def apart(self, _ours, _theirs):
        return False

    def busy(self, _side):
        return False


# not Udp6InDatagrams: the kernel counts what a program has read, and a program under nethood reads ahead
COUNTED = ("Icmp6In", "Icmp6Out", "Ip6In", "Ip6Out", "Ip6Reasm", "Ip6Frag", "Udp6NoPorts", "Udp6InErrors", "Udp6Out")
NOT_COUNTED = ("Octets", "McastPkts", "MLDv2Reports", "GroupMemb", "Ip6OutRequests", "Icmp6OutMsgs", "Ip6OutTransmits",
               "NoECTPkts", "OutDiscards", "OutType143")   # without a carrier, Linux's queues discard reports
DAD_ROUNDS = 3
SOON = {"mldv2_unsolicited_report_interval": 4, "mldv1_unsolicited_report_interval": 4, "router_solicitation_delay": 0}
REPORTS_LATE_S = 0.2    # a report is repeated, by a worker of the kernel that all namespaces share


class World6(World4):
    """Neighbour Discovery."""
    family, groups, table_name = socket.AF_INET6, rtnl.GROUPS, b"ndisc_cache\0"
    options = {"ipv6": True, "wait6": False, "proc": True}
    rows, lasting = differences6.ROWS, staticmethod(differences6.lasting)
    slow, settles = ("flush",), True
    redrawn_by = ("sysctl", "table", "nd", "link", "mtu")

    @staticmethod
    def ntop(data):
        return rtnl.ip6(data)

    def sysctls(self, sequence):
        """What devices are born with; the rest is written in set_up()."""
        chosen = {**ICMP_UNLIMITED, "net.ipv6.icmp.ratelimit": 0, "net.ipv4.ping_group_range": "0 0"}
        conf = {**SOON, **sequence["conf"]}
        return chosen | {f"net.ipv6.conf.default.{name}": value for name, value in conf.items()}

    def set_up(self, side, sequence):
        side.answers = dict(sequence["answers"])
        self.write(side, neigh_sysctls("ipv6", sequence["timers"]))
        side.dad_frames = {}
        side.dad_at = {}
        for dev in DEVS:
            side.port(dev).hook = lambda raw, dev=dev: events6.answer(side, dev, raw)
        if sequence["gateway"]:
            side.stack.ip(f"-6 route add default via {events6.ROUTERS[0]} dev eth0")
        side.counted, side.groups_said = {}, {}

    @staticmethod
    def write(side, sysctls):
        for key, value in sysctls.items():
            wrote = side.ask("write", "/proc/sys/" + key.replace(".", "/"), str(value))
            assert wrote == f"{value}\n", f"{side.stack.kind}: {key} {value}: {wrote}"

    def begin(self, side, sequence):
        """All is said that the devices say when they come up."""
        self.write(side, {f"net.ipv6.conf.all.{name}": value for name, value in sequence["conf_all"].items()})
        time.sleep(0.1)
        side.look()
        while time.monotonic() < side.restless_until + REPORTS_LATE_S:
            time.sleep(0.05)
            side.look()
        side.counted, side.groups_said = self.counters(side), {}

    def act(self, side, event):
        return events6.ACTORS[event["do"]](side, event)

    def saw(self, side, dev, frame):
        raw = frame.raw
        if raw[12:14] != b"\x86\xdd" or len(raw) < 54:
            super().saw(side, dev, frame)
            return
        said = Frame6(dev, raw)
        if said.kind == p6.NS:
            side.asked_at[said.key] = frame.time
        if said.dad:
            side.dad_frames[dev] = raw
            side.dad_at[said.key] = frame.time
        if said.records:
            side.restless_until = frame.time + 0.06
            for record in said.records:
                side.groups_said[dev, record] = [rtnl.Thing((dev, record), "told", ())]
            return
        side.frames.append(Said(frame.time, said.key, said.text))

    def answer_text(self, side, m):
        thing = rtnl.thing(m, side.names)
        return f"type {m.kind} flags {m.flags:#x} {thing.text}" if thing else repr(m)

    def notification(self, side, m, how):
        thing = rtnl.thing(m, side.names)
        if not thing:
            return Said(0, None, repr(m))
        return Said(0, thing.key, f"{rtnl.VERBS[m.kind]} {how}: {thing.text}", None, thing.times)

    def dumps(self, side):
        more = {}
        for what, request in rtnl.DUMPS.items():
            read = rtnl.device if what == "devices" else rtnl.thing
            more[what] = by_key(read(m, side.names) for m in side.dump(request))
        request = nl.message(nl.RTM_GETNEIGH, nl.NLM_F_REQUEST | nl.NLM_F_DUMP,
                             nl.ndmsg(self.family, 0, 0, nl.NTF_PROXY))
        entries = [side.entry(m) for m in side.dump(request)]
        more["proxies"] = by_key(rtnl.Thing((e.dev, e.dst), entry_text(e), ()) for e in entries)
        return more

    def counters(self, side):
        text = side.ask("read", "/proc/net/snmp6")
        rows = dict(line.split()[:2] for line in text.splitlines())
        return {name: int(value) for name, value in rows.items() if name.startswith(COUNTED) and
                not any(part in name for part in NOT_COUNTED)}

    def more(self, side):
        """The last dumps, and what was counted and told since the event."""
        counted, before = self.counters(side), side.counted
        side.counted, said, side.groups_said = counted, side.groups_said, {}
        return {**side.more, "groups": said,
                "counters": {("counters", name): [rtnl.Thing(name, f"{name} +{value - before.get(name, 0)}", ())]
                             for name, value in counted.items() if value != before.get(name, 0)}}

    def edges(self, side):
        """When something comes that no neighbour's timer brings."""
        yield 0, side.restless_until
        retrans = self.retrans_s(side)
        for things in side.more.get("addresses", {}).values():
            for thing in filter(rtnl.tentative, things):
                at = side.dad_at.get(thing.key[1:], side.began)
                yield from ((at + n * retrans[thing.key[1]], at + n * retrans[thing.key[1]] + 0.05)
                            for n in range(DAD_ROUNDS))

    def apart(self, ours, theirs):
        """Has one told of groups of which the other has not yet?"""
        return set(ours.groups_said) != set(theirs.groups_said)

    def retrans_s(self, side):
        return {dev: values[5] / 1000 for dev, values in side.reachable_ms().items()}

    def busy(self, side):
        return any(map(rtnl.tentative, (thing for things in side.more["addresses"].values() for thing in things)))


def by_key(things):
    found = {}
    for thing in things:
        found.setdefault(thing.key, []).append(thing)
    return {key: sorted(things, key=lambda thing: thing.text) for key, things in found.items()}


def of(sequence):
    return WORLDS[sequence.get("family", 4)]


WORLDS = {4: World4(), 6: World6()}
