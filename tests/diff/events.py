# SPDX-License-Identifier: BSD-2-Clause
"""What can happen to a stack: a seed becomes a sequence of events, an event acts on a side.

A sequence is plain data (JSON), so that one that failed can be kept, shrunk and played again after the
generator has changed.  The world: the stack is 10.77.0.2 on eth0 and 10.78.0.2 on eth1; the hosts beside it
are played by the script and answer ARP, or not, or with a MAC that is not theirs.
"""

import random
import struct

from lab import netlink as nl
from lab import packets as p

from sides import DEVS

OURS = {"eth0": "10.77.0.2", "eth1": "10.78.0.2"}
OUR_MAC = {"eth0": "02:00:00:00:00:02", "eth1": "02:00:00:00:00:03"}
HOSTS = {"eth0": [f"10.77.0.{i}" for i in (11, 12, 13, 14, 15)], "eth1": [f"10.78.0.{i}" for i in (11, 12)]}
ELSEWHERE = ["192.0.2.5", "10.99.0.1"]
ODD_TARGETS = ["10.77.0.255", "224.0.0.9", "127.0.0.1", "255.255.255.255", "10.77.0.0", "0.0.0.0"]
BROADCAST, ZERO = "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"
SECOND = {"eth0": ("10.77.0.3", 24), "eth1": ("10.79.0.2", 24)}
EXT_MANAGED, EXT_LOCKED, EXT_VALIDATED = 1, 2, 4


def mac_of(host):
    return "02:00:00:00:%02x:%02x" % tuple(int(part) for part in (host.split(".")[1], host.split(".")[3]))


def other_mac(host):
    return "02:00:00:01" + mac_of(host)[11:]


# ---- the generator ----------------------------------------------------------

KINDS = {"arp": 32, "send": 22, "neigh": 24, "ping": 4, "sysctl": 6, "table": 1, "link": 4, "lladdr": 1.5, "addr": 3,
         "carrier": 1, "flush": 2, "answers": 5, "pause": 4}


class Generator:
    """Draws one sequence.  Waits are in milliseconds and count from the event."""
    name, kinds, hosts = "neighbours", KINDS, HOSTS

    def __init__(self, seed):
        self.rng = random.Random(f"{self.name} {seed}")

    def sequence(self, seed, length):
        timers = self.timers()
        answers = {host: self.rng.choice((mac_of(host), mac_of(host), None)) for dev in DEVS for host in HOSTS[dev]}
        events = [self.event() for _ in range(length)]
        return {"seed": seed, "timers": timers, "answers": answers, "gateway": self.rng.random() < 0.4,
                "events": events}

    def timers(self):
        """Times are whole jiffies of any kernel, and below 2 s: above, Linux's timers are late by a quarter second."""
        rng, common = self.rng, {}
        common["retrans_time_ms"] = rng.choice((160, 200, 240))
        common["base_reachable_time_ms"] = rng.choice((1000, 1200))
        common["delay_probe_ms"] = rng.choice((320, 480))
        common["locktime"] = rng.choice((0, 20, 20, 40))
        common["mcast_solicit"] = rng.choice((0, 1, 2, 3, 3))
        common["ucast_solicit"] = rng.choice((0, 1, 2, 3, 3))
        common["app_solicit"] = rng.choice((0, 0, 0, 0, 1))
        common["mcast_resolicit"] = rng.choice((0, 0, 0, 1))
        common["unres_qlen_bytes"] = rng.choice((212992, 212992, 2400, 0))
        common["interval_probe_time_ms"] = rng.choice((1000, 2000))
        return common

    def event(self):
        kind = self.rng.choices(list(self.kinds), list(self.kinds.values()))[0]
        event = getattr(self, kind)()
        event.setdefault("do", kind)
        event.setdefault("wait", self.rng.choice((30, 30, 30, 50, 90, 170, 300, 600, 1100)))
        return event

    def dev(self):
        return "eth0" if self.rng.random() < 0.85 else "eth1"

    def host(self, dev):
        return self.rng.choice(self.hosts[dev])

    def macs(self, host):
        """Mostly the host's own, at times another, seldom one that no station has."""
        return self.rng.choices((mac_of(host), other_mac(host), BROADCAST, ZERO, "01:00:5e:00:00:09",
                                 OUR_MAC["eth0"]), (60, 30, 1, 1, 1, 1))[0]

    # each event: a method of the same name

    def arp(self):
        rng, dev = self.rng, self.dev()
        form = rng.choice(("request", "request", "reply", "reply", "gratuitous", "announce", "probe", "any", "broken"))
        sip = self.host(dev) if rng.random() < 0.93 else rng.choice(ELSEWHERE + ["0.0.0.0", OURS[dev], "224.0.0.9"])
        sha = self.macs(sip) if sip in HOSTS[dev] else "02:00:00:00:99:01"
        own = OURS[dev] if rng.random() < 0.9 else SECOND[dev][0]
        to_us = OUR_MAC[dev]
        fields = {"request": lambda: (1, sip, own, sha, ZERO, rng.choice((BROADCAST, BROADCAST, to_us))),
                  "reply": lambda: (2, sip, own, sha, to_us, rng.choice((to_us, to_us, to_us, BROADCAST))),
                  "gratuitous": lambda: (2, sip, sip, sha, rng.choice((sha, BROADCAST, ZERO)),
                                         rng.choice((BROADCAST, BROADCAST, to_us))),
                  "announce": lambda: (1, sip, sip, sha, rng.choice((ZERO, BROADCAST)), BROADCAST),
                  "probe": lambda: (1, "0.0.0.0", rng.choice((own, self.host(dev))), sha, ZERO, BROADCAST),
                  "any": lambda: (rng.choice((1, 2, 3)), sip, self.target(dev), sha, rng.choice((ZERO, to_us, sha)),
                                  rng.choice((to_us, BROADCAST, "02:00:00:00:bb:bb"))),
                  "broken": lambda: (rng.choice((1, 2)), sip, own, sha, ZERO, BROADCAST)}[form]()
        op, sip, tip, sha, tha, dst = fields
        event = {"do": "arp", "dev": dev, "op": op, "sip": sip, "tip": tip, "sha": sha, "tha": tha, "dst": dst}
        if form == "broken":
            event.update(rng.choice(({"cut": rng.randrange(14, 42)}, {"hrd": rng.choice((0, 6, 7, 32))},
                                     {"pro": 0x86dd}, {"hln": rng.choice((0, 5, 7, 8))},
                                     {"pln": rng.choice((0, 3, 16))}, {"op": rng.choice((0, 3, 8, 9, 0x100))},
                                     {"pad": 18}, {"from": "02:00:00:00:ee:ee"})))
        return event

    def target(self, dev):
        return self.rng.choice([OURS[dev], SECOND[dev][0], self.host(dev), OURS["eth1"], *ELSEWHERE, *ODD_TARGETS])

    def ping(self):
        dev = self.dev()
        host = self.host(dev) if self.rng.random() < 0.9 else ELSEWHERE[0]
        return {"dev": dev, "host": host, "mac": mac_of(host) if host in HOSTS[dev] else "02:00:00:00:99:01"}

    def send(self):
        rng, dev = self.rng, self.dev()
        host = self.host(dev) if rng.random() < 0.9 else rng.choice(ELSEWHERE + ODD_TARGETS[:4])
        confirm = rng.random() < 0.1
        return {"host": host, "size": rng.choice((0, 1, 100, 1472)), "confirm": confirm,
                "count": 1 if confirm else rng.choice((1, 1, 1, 2, 3, 5))}

    def neigh(self):
        rng, dev = self.rng, self.dev()
        host = self.host(dev) if rng.random() < 0.95 else rng.choice(ELSEWHERE + ODD_TARGETS)
        return self.request(rng.choice(("new", "new", "new", "new", "del", "get", "odd")), {"dev": dev, "dst": host})

    def request(self, kind, event):
        """A request about the neighbour of @event."""
        rng = self.rng
        if kind in ("del", "get"):
            return dict(event, type=kind)
        event.update(type="new", flags=rng.choice((nl.NLM_F_CREATE | nl.NLM_F_EXCL, nl.NLM_F_CREATE | nl.NLM_F_REPLACE,
                                                   nl.NLM_F_REPLACE, nl.NLM_F_CREATE, 0)),
                     state=rng.choice(("reachable", "stale", "delay", "probe", "permanent", "noarp", "failed",
                                       "incomplete", "none")), ntf=0)
        if rng.random() < 0.85:
            event["lladdr"] = self.macs(event["dst"]) or "02:00:00:00:99:01"
        if rng.random() < 0.35:
            event.update(rng.choice(({"ntf": nl.NTF_USE}, {"ntf": nl.NTF_USE, "state": "none"},
                                     {"ntf": nl.NTF_EXT_LEARNED}, {"ntf": nl.NTF_ROUTER},
                                     {"ntf": nl.NTF_ROUTER | nl.NTF_EXT_LEARNED}, {"ext": EXT_MANAGED, "state": "none"},
                                     {"ext": EXT_MANAGED}, {"ext": EXT_VALIDATED},
                                     {"protocol": rng.choice((0, 3, 42))})))
        if kind == "odd":
            event.update(rng.choice(({"dst": None}, {"dev": None}, {"lladdr": "02:00"},
                                     {"lladdr": "02:00:00:00:00:00:00:01"},
                                     {"short": True}, {"family": 0}, {"family": 99}, {"ext": EXT_LOCKED},
                                     {"dev": "lo"}, {"index": 9999}, {"ntf": nl.NTF_SELF}, {"state": 0x82},
                                     {"state": 0x06}, {"type": "del", "short": True}, {"type": "get", "dev": None})))
        return event

    def sysctl(self):
        rng, dev = self.rng, self.rng.choice(("eth0", "eth0", "default", "all"))
        if dev != "eth0" or rng.random() < 0.5:
            key, values = rng.choice((("arp_ignore", (0, 1, 2, 3, 8)), ("arp_announce", (0, 1, 2)),
                                      ("arp_accept", (0, 1, 2)),
                                      ("arp_filter", (0, 1)), ("arp_notify", (0, 1)), ("drop_gratuitous_arp", (0, 1)),
                                      ("arp_evict_nocarrier", (0, 1)), ("route_localnet", (0, 1))))
            return {"key": f"net.ipv4.conf.{dev}.{key}", "value": rng.choice(values)}
        key, values = rng.choice((("mcast_solicit", (0, 1, 2, 3)), ("ucast_solicit", (0, 1, 3)),
                                  ("app_solicit", (0, 1)),
                                  ("mcast_resolicit", (0, 1)), ("retrans_time_ms", (160, 200, 240)),
                                  ("locktime", (0, 20, 40)), ("unres_qlen_bytes", (0, 2400, 212992)),
                                  ("unres_qlen", (1, 3, 101)), ("base_reachable_time_ms", (1000, 1200)),
                                  ("base_reachable_time", (1,)), 
                                  ("gc_stale_time", (60, 120)), ("retrans_time", (16, 20))))
        return {"key": f"net.ipv4.neigh.{dev}.{key}", "value": rng.choice(values)}

    def table(self):
        """RTM_SETNEIGHTBL."""
        name, values = self.rng.choice((("delay_probe_ms", (320, 480)), ("locktime_ms", (0, 200)),
                                        ("mcast", (1, 3)), ("queue_bytes", (2400, 212992))))
        return {"dev": self.rng.choice(("eth0", "eth0", "eth1")), "name": name, "value": self.rng.choice(values)}

    def link(self):
        return {"dev": self.dev(), "up": self.rng.random() < 0.6, "wait": self.rng.choice((30, 60, 200))}

    def lladdr(self):
        dev = self.dev()
        return {"dev": dev, "lladdr": self.rng.choice((OUR_MAC[dev], OUR_MAC[dev], "02:00:00:00:05:05"))}

    def addr(self):
        dev = self.dev()
        address, length = self.rng.choice((SECOND[dev], SECOND[dev], (OURS[dev], 24)))
        return {"dev": dev, "address": address, "length": length, "add": self.rng.random() < 0.65}

    def carrier(self):
        """Linux hears of it within a second or two: nothing else may be going on."""
        return {"dev": self.dev(), "on": self.rng.random() < 0.6, "wait": 2300, "calm": True}

    def flush(self):
        return {"words": self.rng.choice(("dev eth0", "dev eth0 nud all", "dev eth0 nud stale", "dev eth1",
                                          "to 10.77.0.11", "dev eth0 nud failed", "to 10.77.0.0/24 nud reachable"))}

    def answers(self):
        dev = self.dev()
        host = self.host(dev)
        return {"dev": dev, "host": host, "mac": self.rng.choice((mac_of(host), mac_of(host), other_mac(host), None))}

    def pause(self):
        return {"wait": self.rng.choice((700, 1500, 2500))}


# ---- the actors: one per kind; what the stack answers comes back --------------

def octets(mac):
    return bytes.fromhex(mac.replace(":", ""))


def arp_octets(e):
    raw = p.ether(e["dst"], e.get("from", e["sha"]),
                  struct.pack("!HHBBH", e.get("hrd", 1), e.get("pro", 0x800), e.get("hln", 6), e.get("pln", 4),
                              e["op"]) +
                  octets(e["sha"]) + nl.addr(e["sip"]) + octets(e["tha"]) + nl.addr(e["tip"]), 0x806)
    return raw[:e.get("cut", len(raw))] + bytes(e.get("pad", 0))


def do_arp(side, e):
    side.put(e["dev"], arp_octets(e))


def do_ping(side, e):
    us = OURS[e["dev"]]
    side.put(e["dev"], p.ether(OUR_MAC[e["dev"]], e["mac"], p.ipv4(e["host"], us, p.ICMP, p.echo(7, 1))))


MSG_CONFIRM = 0x800


def do_send(side, e):
    return side.ask("send", e["host"], e["size"], e["count"], MSG_CONFIRM if e["confirm"] else 0)


NEIGH_TYPES = {"new": nl.RTM_NEWNEIGH, "del": nl.RTM_DELNEIGH, "get": nl.RTM_GETNEIGH}


def neigh_octets(side, e):
    dst = e["dst"] and nl.addr(e["dst"])[:2 if e.get("short") else 16]
    more = b""
    if "protocol" in e:
        more += nl.attr(nl.NDA_PROTOCOL, bytes([e["protocol"]]))
    if "ext" in e:
        more += nl.attr(nl.NDA_FLAGS_EXT, e["ext"])
    state = nl.NUD[e["state"]] if isinstance(e.get("state"), str) else e.get("state", 0)
    flags = 0 if e["type"] == "get" else nl.NLM_F_ACK
    new = e["type"] == "new"
    return nl.neigh(NEIGH_TYPES[e["type"]], flags | (e.get("flags", 0) if new else 0), dst=dst,
                    more=more if new else b"",
                    ifindex=e.get("index") or (side.stack.ifindex(e["dev"]) if e["dev"] else 0),
                    lladdr=octets(e["lladdr"]) if new and "lladdr" in e else None, state=state if new else 0,
                    ntf=e.get("ntf", 0) if new else 0, family=e.get("family", 2))


def do_neigh(side, e):
    return side.netlink(neigh_octets(side, e))


def do_sysctl(side, e):
    try:
        side.stack.sysctl(e["key"], e["value"])
    except (OSError, AssertionError):
        return "refused"
    return side.stack.sysctl(e["key"])


def do_table(side, e):
    return side.netlink(side.table_octets(e["dev"], e["name"], e["value"]))


IFF_UP, IFLA_ADDRESS, IFLA_CARRIER = 1, 1, 33


def link_octets(side, dev, flags=0, change=0, more=b""):
    return nl.message(nl.RTM_NEWLINK, nl.NLM_F_REQUEST | nl.NLM_F_ACK,
                      struct.pack("=BBHiII", 0, 0, 0, side.stack.ifindex(dev), flags, change) + more)


def do_link(side, e):
    return side.netlink(link_octets(side, e["dev"], IFF_UP if e["up"] else 0, IFF_UP))


def do_lladdr(side, e):
    return side.netlink(link_octets(side, e["dev"], more=nl.attr(IFLA_ADDRESS, octets(e["lladdr"]))))


def do_carrier(side, e):
    side.carrier[e["dev"]] = e["on"]
    for host in HOSTS[e["dev"]]:
        side.port(e["dev"]).answers[host] = side.answers[host] if e["on"] else None
    return side.netlink(link_octets(side, e["dev"], more=nl.attr(IFLA_CARRIER, bytes([e["on"]]))))


IFA_ADDRESS, IFA_LOCAL = 1, 2


def do_addr(side, e):
    kind, flags = (nl.RTM_NEWADDR, nl.NLM_F_CREATE | nl.NLM_F_EXCL) if e["add"] else (nl.RTM_DELADDR, 0)
    address = nl.addr(e["address"])
    return side.netlink(nl.message(kind, nl.NLM_F_REQUEST | nl.NLM_F_ACK | flags, struct.pack(
        "=BBBBi", 2, e["length"], 0, 0, side.stack.ifindex(e["dev"])) +
        nl.attr(IFA_LOCAL, address) + nl.attr(IFA_ADDRESS, address)))


def do_flush(side, e):
    done = side.stack.ip("neigh flush " + e["words"], check=False)
    return [done.returncode, " ".join((done.stdout + done.stderr).split())]


def do_answers(side, e):
    side.answers[e["host"]] = e["mac"]
    side.port(e["dev"]).answers[e["host"]] = e["mac"] if side.carrier[e["dev"]] else None


def do_pause(side, e):
    pass


ACTORS = {name[3:]: function for name, function in list(globals().items()) if name.startswith("do_")}


def act(side, event):
    return ACTORS[event["do"]](side, event)


def words(event):
    """An event for the reader: what it does, then what it says."""
    rest = " ".join(f"{key}={value}" for key, value in event.items() if key not in ("do", "wait", "calm"))
    return f"{event['do']:8} {rest}  (wait {event['wait']} ms)"
