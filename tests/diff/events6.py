# SPDX-License-Identifier: BSD-2-Clause
"""What can happen to a stack by IPv6: Neighbour Discovery, and all that it touches.

The world: the stack is fd77::2 and fe80::ff:fe00:2 on eth0, fd78::2 and fe80::ff:fe00:3 on eth1.  Hosts and two
routers beside it are played by the script: they answer solicitations, or not, or with a MAC that is not theirs.
Times of addresses and routes are far away; what a stack draws at random is made small (reports of groups, delays
of routers) or left out of the comparison (nonces, flow labels).
"""

import random
import struct

from lab import netlink as nl
from lab import packets6 as p6
from lab.packets import checksum

import events
from events import BROADCAST, OUR_MAC, ZERO, octets
from sides import DEVS

OURS = {"eth0": "fd77::2", "eth1": "fd78::2"}
LINKLOCAL = {"eth0": "fe80::ff:fe00:2", "eth1": "fe80::ff:fe00:3"}
SECOND = {"eth0": "fd77::3", "eth1": "fd79::2"}
THIRD = {"eth0": "fd71::2", "eth1": "fd78::4"}
ROUTERS = ["fe80::77:1", "fe80::77:2"]
HOSTS = {"eth0": ["fd77::11", "fd77::12", "fd77::13", "fe80::77:14", *ROUTERS], "eth1": ["fd78::11", "fe80::78:12"]}
ELSEWHERE = ["2001:db8::5", "2001:db8:1::5", "fd99::1"]
ODD = ["ff02::1", "ff05::9", "::1", "::", "fd77::", "::ffff:10.77.0.11", "fe80::", "fec0::5", "ff01::1"]
PREFIXES = ["fd70::", "fd71::", "fd77::"]
ROUTED = [("2001:db8::", 32), ("2001:db8:1::", 48), ("2001:db8:1::5", 128), ("fd99::", 64), ("::", 0)]
INFINITE = 0xffffffff
EUI64 = {"eth0": "::ff:fe00:2", "eth1": "::ff:fe00:3"}
AUTO = ["fd70::ff:fe00:2", "fd71::ff:fe00:2"]      # by autoconfiguration, on eth0


def mac_of(host):
    """A MAC for each host: of its last two octets."""
    last = p6.addr6(host)[12:]
    return "02:00:00:00:%02x:%02x" % (last[1] or p6.addr6(host)[1], last[3])


def other_mac(host):
    return "02:00:00:01" + mac_of(host)[11:]


# ---- the generator ----------------------------------------------------------

KINDS = {"nd": 34, "send": 16, "neigh": 16, "packet": 12, "ping": 2, "again": 1.5, "query": 0.7, "addr": 8, "route": 8,
         "sysctl": 8, "table": 1, "link": 3, "lladdr": 1, "mtu": 0.7, "carrier": 0.7, "flush": 2, "answers": 4,
         "pause": 3}


class Generator(events.Generator):
    """Draws one sequence of IPv6."""
    name, kinds, hosts = "neighbour discovery", KINDS, HOSTS

    def sequence(self, seed, length):
        rng = self.rng
        timers = self.timers()
        answers = {host: rng.choice((mac_of(host), mac_of(host), None)) for dev in DEVS for host in HOSTS[dev]}
        conf = {"dad_transmits": rng.choice((0, 1, 1, 2)), "router_solicitations": rng.choice((0, 0, 1)),
                "accept_dad": rng.choice((1, 1, 1, 0, 2)), "accept_ra": rng.choice((1, 1, 1, 2, 0)),
                "ndisc_notify": rng.choice((0, 0, 1)), "optimistic_dad": rng.choice((0, 0, 1)),
                "use_optimistic": rng.choice((0, 1)), "accept_ra_rt_info_max_plen": rng.choice((0, 64, 128, 128))}
        timers.update(locktime=0, proxy_delay=rng.choice((0, 0, 2)), anycast_delay=rng.choice((0, 2)))
        conf_all = {"forwarding": rng.choice((0, 0, 0, 0, 1))}
        return {"seed": seed, "family": 6, "timers": timers, "answers": answers, "gateway": rng.random() < 0.3,
                "conf": conf, "conf_all": conf_all, "events": [self.event() for _ in range(length)]}

    def macs(self, host, believable=False):
        """@believable: of a message that says more than an address, which nethood refuses whole (D8)."""
        if believable:
            return self.rng.choices((mac_of(host), other_mac(host), None), (60, 30, 12))[0]
        return self.rng.choices((mac_of(host), other_mac(host), None, BROADCAST, ZERO, "33:33:00:00:00:09",
                                 OUR_MAC["eth0"]), (60, 30, 12, 1, 1, 1, 1))[0]

    def own(self, dev):
        return self.rng.choices((OURS[dev], LINKLOCAL[dev], SECOND[dev], THIRD[dev], self.rng.choice(AUTO)),
                                (10, 5, 3, 2, 1))[0]

    # ---- messages of ND -------------------------------------------------

    def nd(self):
        rng, dev = self.rng, self.dev()
        kind = rng.choices(("ns", "na", "ra", "rs", "redirect"), (10, 14, 8, 2, 3))[0]
        event = {"do": "nd", "dev": dev, "kind": kind, **getattr(self, kind)(dev)}
        if rng.random() < 0.14:
            event.update(self.broken())
        return event

    def broken(self):
        """What RFC 4861 says to ignore, and what it does not."""
        rng = self.rng
        return rng.choice(({"hlim": rng.choice((0, 1, 64, 254))}, {"code": rng.choice((1, 255))},
                           {"more": [[rng.choice((1, 2, 3, 14, 200)), "", 0]]}, {"more": [[2, "00" * 6, 9]]},
                           {"more": [[1, "00" * 6, 2]]}, {"cut": rng.randrange(1, 40)}, {"csum": 0x1234},
                           {"header": "atomic"}, {"header": "fragments"}, {"header": "hop"}, {"header": "destination"},
                           {"header": "routing0"}, {"header": "alert"}, {"pad": 7}, {"version": 4},
                           {"more": [[14, "010203040506", None]]}, {"more": [[200, "00" * 14, None]]},
                           {"src": rng.choice(["::", "ff02::5", "::1", OURS["eth0"], LINKLOCAL["eth0"]])},
                           {"target": rng.choice(ODD)}, {"dst_mac": rng.choice((OUR_MAC["eth0"], "02:00:00:00:bb:bb",
                                                                               BROADCAST))},
                           {"src_mac": "02:00:00:00:ee:ee"}, {"dst": rng.choice(ODD + [OURS["eth0"]])},
                           {"more": [[2, octets(mac_of(HOSTS["eth0"][0])).hex(), None],
                                     [1, octets(mac_of(HOSTS["eth0"][1])).hex(), None]]}))

    def ns(self, dev):
        rng = self.rng
        form = rng.choice(("ask", "ask", "ask", "probe", "dad", "other"))
        src = self.host(dev) if rng.random() < 0.93 else rng.choice(ELSEWHERE)
        target = self.own(dev)
        mac = self.macs(src)
        if form == "ask":
            return {"src": src, "target": target, "slla": mac, "src_mac": mac or mac_of(src)}
        if form == "probe":
            return {"src": src, "target": target, "dst": target, "slla": rng.choice((mac, None)),
                    "src_mac": mac_of(src), "dst_mac": OUR_MAC[dev]}
        if form == "dad":
            nonce = [[14, "a1a2a3a4a5a6", None]] if rng.random() < 0.4 else []
            return {"src": "::", "target": target, "more": nonce, "src_mac": mac_of(src),
                    "slla": mac if rng.random() < 0.1 else None}
        return {"src": src, "target": rng.choice([self.host(dev), *ELSEWHERE, *ODD, OURS["eth1"], self.proxy(dev)]),
                "dst": rng.choice((None, OURS[dev], p6.solicited_node(OURS[dev]), p6.ALL_NODES)), "slla": mac,
                "src_mac": mac or mac_of(src), "dst_mac": OUR_MAC[dev] if rng.random() < 0.3 else None}

    def na(self, dev):
        rng = self.rng
        target = self.host(dev) if rng.random() < 0.85 else rng.choice([self.own(dev), *ELSEWHERE, self.proxy(dev)])
        flags = rng.choice((0, 0x20, 0x40, 0x60, 0x60, 0x60, 0x80, 0xa0, 0xe0, 0xc0, 0x1f))
        group = rng.random() < (0.15 if flags & 0x40 else 0.6)
        mac = self.macs(target)
        src = target if rng.random() < 0.9 else self.host(dev)
        own = rng.choice((OURS[dev], LINKLOCAL[dev]))
        return {"src": src, "dst": p6.ALL_NODES if group else own, "target": target, "flags": flags, "tlla": mac,
                "src_mac": mac or mac_of(target), "dst_mac": None if group else OUR_MAC[dev]}

    def rs(self, dev):
        rng = self.rng
        src = rng.choice(("::", self.host(dev), HOSTS["eth0"][3]))
        mac = None if src == "::" and rng.random() < 0.8 else self.macs(HOSTS[dev][0] if src == "::" else src)
        return {"src": src, "dst": p6.ALL_ROUTERS, "slla": mac, "src_mac": mac or "02:00:00:00:99:01"}

    def ra(self, dev):
        rng = self.rng
        src = rng.choice(ROUTERS) if rng.random() < 0.93 else rng.choice([HOSTS[dev][0], ELSEWHERE[0], "fe80::77:14"])
        mac = self.macs(src, believable=True)
        more = []
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            more.append(self.ra_option())
        return {"src": src, "dst": p6.ALL_NODES, "hop": rng.choice((0, 64, 64, 32, 255)),
                "flags": rng.choice((0, 0, 0, 0x80, 0x40, 0xc0, 0x08, 0x18, 0x10, 0x20)),
                "lifetime": rng.choice((0, 0, 600, 1800, 1800, 9000, 65535)),
                "reachable": rng.choice((0, 0, 0, 1000, 1200, 3600001)),
                "retrans": rng.choice((0, 0, 0, 200, 240)), "slla": mac, "src_mac": mac or mac_of(src),
                "more": more}

    def ra_option(self):
        rng = self.rng
        kind = rng.choices(("prefix", "mtu", "dns", "search", "route", "unknown"), (10, 2, 1, 1, 5, 1))[0]
        if kind == "prefix":
            valid, preferred = rng.choice(((2592000, 604800), (INFINITE, INFINITE), (7200, 7200), (3600, 1800), (0, 0),
                                           (7200, 0), (600, 900), (INFINITE, 600), (9000, 3600)))
            where = rng.choice(PREFIXES + ["fe80::", "ff00::"]) if rng.random() < 0.3 else rng.choice(PREFIXES[:2])
            length = rng.choice((64, 64, 64, 64, 64, 48, 0, 128, 129)) if rng.random() < 0.4 else 64
            flags = rng.choice((0xc0, 0xc0, 0xc0, 0x80, 0x40, 0, 0xe0, 0xd0))
            return [p6.PREFIX, struct.pack("!BBIIxxxx", length, flags, valid, preferred).hex() +
                    p6.addr6(where).hex(), None]
        if kind == "mtu":
            return [p6.MTU, struct.pack("!HI", 0, rng.choice((1280, 1400, 1500, 1279, 9000))).hex(), None]
        if kind == "dns":
            return [p6.RDNSS, struct.pack("!HI", 0, rng.choice((0, 600))).hex() + p6.addr6("fd77::53").hex(), None]
        if kind == "search":
            return [p6.DNSSL, struct.pack("!HI", 0, 600).hex() + b"\3lan\0\0\0\0".hex(), None]
        if kind == "route":
            where, length = rng.choice(ROUTED)
            octets_ = 0 if length == 0 else 8 if length <= 64 else 16
            if rng.random() < 0.2:
                octets_ = 16
            return [p6.ROUTE, struct.pack("!BBI", length, rng.choice((0, 0x08, 0x18, 0x10)),
                                          rng.choice((0, 600, 1800, INFINITE))).hex() +
                    p6.addr6(where)[:octets_].hex(), None]
        return [rng.choice((0, 9, 38, 200)), "0102030405060708090a0b0c0d0e"[:rng.choice((12, 28))], None]

    def redirect(self, dev):
        rng = self.rng
        dest = rng.choice(ELSEWHERE + HOSTS[dev][:2])
        target = rng.choice([*ROUTERS, "fe80::77:14", dest, ELSEWHERE[0], HOSTS["eth0"][1]])
        if target in HOSTS["eth0"]:
            tlla = self.macs(target, believable=True)
        else:
            tlla = rng.choice((None, "02:00:00:00:99:02"))
        src = rng.choice(ROUTERS) if rng.random() < 0.9 else self.host(dev)
        return {"src": src, "dst": OURS[dev], "target": target, "dest": dest, "tlla": tlla, "src_mac": mac_of(src),
                "dst_mac": OUR_MAC[dev], "more": [[4, "00" * 6 + "60" + "00" * 47, None]] if rng.random() < 0.3 else []}

    def proxy(self, dev):
        return "fd77::50" if dev == "eth0" else "fd78::50"

    # ---- packets ----------------------------------------------------------

    def packet(self):
        """A packet from a neighbour, by which the stack has something to say."""
        rng, dev = self.rng, self.dev()
        src = self.host(dev) if rng.random() < 0.85 else rng.choice(ELSEWHERE)
        dst = rng.choices((OURS[dev], LINKLOCAL[dev], self.own(dev), p6.ALL_NODES, self.host("eth1"), ELSEWHERE[0]),
                          (12, 4, 4, 1, 1, 1))[0]
        kind = rng.choices(("echo", "udp", "open", "unknown", "reply", "unreachable"), (10, 4, 2, 1, 1, 1))[0]
        header = rng.choice(("", "", "", "", "", "atomic", "fragments", "hop", "destination", "routing0",
                             "unknown option", "late hop", "overlap", "none"))
        return {"dev": dev, "src": src, "dst": dst, "kind": kind, "header": header, "size": rng.choice((8, 64, 1200)),
                "src_mac": mac_of(src) if src in HOSTS[dev] else mac_of(rng.choice(ROUTERS)),
                "dst_mac": p6.mac6(dst) if dst.startswith("ff") else OUR_MAC[dev],
                "hlim": rng.choice((64, 64, 64, 255, 1))}

    def send(self):
        rng, dev = self.rng, self.dev()
        host = self.host(dev) if rng.random() < 0.8 else rng.choice(ELSEWHERE * 3 + ODD[:3])
        confirm = rng.random() < 0.1
        return {"dev": dev, "host": host, "size": rng.choice((0, 1, 100, 1452, 1500)), "confirm": confirm,
                "count": 1 if confirm else rng.choice((1, 1, 1, 2, 3, 5))}

    def ping(self):
        dev = self.dev()
        return {"dev": dev, "host": self.host(dev) if self.rng.random() < 0.8 else self.rng.choice(ELSEWHERE)}

    def again(self):
        """Our own question for a duplicate comes back: a loop, if it has a nonce."""
        return {"dev": self.dev()}

    def query(self):
        """Who is in which group?"""
        group = self.rng.choice(("::", "::", p6.solicited_node(OURS["eth0"]), "ff02::99"))
        return {"dev": self.dev(), "group": group, "version": self.rng.choice((2, 2, 2, 1))}

    # ---- requests -----------------------------------------------------------

    def neigh(self):
        rng, dev = self.rng, self.dev()
        host = self.host(dev) if rng.random() < 0.93 else rng.choice(ELSEWHERE + ODD)
        event = {"dev": dev, "dst": host, "family": 10}
        kind = rng.choice(("new", "new", "new", "new", "del", "get", "odd", "proxy"))
        if kind != "proxy":
            return self.request(kind, event)
        return dict(event, type=rng.choice(("new", "new", "del", "get")),
                    flags=rng.choice((0x400, 0x600, 0x500, 0x100)),
                    dst=rng.choice((self.proxy(dev), self.proxy(dev), self.host(dev))), state="none",
                    ntf=nl.NTF_PROXY | rng.choice((0, 0, nl.NTF_ROUTER)))

    def addr(self):
        rng, dev = self.rng, self.dev()
        address = rng.choices((SECOND[dev], THIRD[dev], OURS[dev], LINKLOCAL[dev], rng.choice(AUTO), rng.choice(ODD)),
                              (10, 5, 2, 1, 2, 1))[0]
        event = {"dev": dev, "address": address, "length": rng.choice((64, 64, 64, 64, 128, 48, 0)),
                 "add": rng.random() < 0.62}
        if event["add"]:
            event["nlm"] = rng.choice((0x600, 0x600, 0x400, 0x100, 0x500, 0x700))
            # not of home (0x10): Linux without Mobile IPv6 does not prefer it
            event["flags"] = rng.choice((0, 0, 0, 2, 2, 4, 0, 0x200, 0x202, 0x02 | 0x20, 0x80))
            if rng.random() < 0.35:
                event["times"] = rng.choice(((INFINITE, INFINITE), (600, 3600), (0, 3600), (0, INFINITE), (600, 0),
                                             (0, 0), (900, 600), (INFINITE, 600), (600, INFINITE)))
            if rng.random() < 0.1:
                event["peer"] = rng.choice((HOSTS[dev][0], "fd88::1"))
            if rng.random() < 0.1:
                event["metric"] = rng.choice((100, 300))
            if rng.random() < 0.1:
                event["protocol"] = 42
        return event

    def route(self):
        rng, dev = self.rng, self.dev()
        dst, length = rng.choice(ROUTED) if rng.random() < 0.9 else (rng.choice(HOSTS[dev]), 128)
        event = {"type": rng.choice(("new", "new", "new", "del", "del", "get", "get")), "dst": dst, "length": length}
        if event["type"] == "get":
            event["dst"] = rng.choice([*ELSEWHERE, self.host(dev), OURS[dev], *ODD[:4]])
            return dict(event, dev=rng.choice((None, None, dev)), length=128)
        gateway = rng.choice([*ROUTERS, HOSTS[dev][0], None, None, *ELSEWHERE[:1], OURS[dev], "ff02::1"])
        event.update(dev=dev if rng.random() < 0.85 else None, via=gateway, metric=rng.choice((0, 0, 0, 100, 1024)))
        if event["type"] == "new":
            event.update(nlm=rng.choice((0x600, 0x600, 0x400, 0x500, 0xc00, 0x100)),
                         kind=rng.choice((1, 1, 1, 1, 1, 1, 6, 7, 8)), onlink=rng.random() < 0.1)
            if rng.random() < 0.15:
                event["mtu"] = rng.choice((1280, 1400, 1500, 100))
            if rng.random() < 0.1:
                event["expires"] = rng.choice((600, 3600))
            if rng.random() < 0.1:
                event["pref"] = rng.choice((0, 1, 2, 3))
            if rng.random() < 0.1:
                event["src"] = rng.choice((OURS[dev], ELSEWHERE[0]))
        return event

    def sysctl(self):
        rng, dev = self.rng, self.rng.choice(("eth0", "eth0", "eth0", "default", "all"))
        if rng.random() < 0.75:
            key = rng.choice(list(CONF))
            return {"key": f"net.ipv6.conf.{dev}.{key}", "value": rng.choice(CONF[key])}
        key = rng.choice(list(NEIGH))
        dev = rng.choice(("eth0", "eth0", "eth1"))
        return {"key": f"net.ipv6.neigh.{dev}.{key}", "value": rng.choice(NEIGH[key])}

    def link(self):
        return {"dev": self.dev(), "up": self.rng.random() < 0.6, "wait": self.rng.choice((30, 60, 200, 600))}

    def mtu(self):
        return {"dev": self.dev(), "mtu": self.rng.choice((1500, 1500, 1400, 1280, 1200))}

    def flush(self):
        return {"words": self.rng.choice(("neigh flush dev eth0", "neigh flush dev eth0 nud all",
                                          "neigh flush dev eth1", "neigh flush dev eth0 nud stale",
                                          "neigh flush to fd77::11",
                                          "neigh flush dev eth0 nud failed", "addr flush dev eth0 scope global",
                                          "addr flush dev eth1", "route flush dev eth0", "route flush proto ra",
                                          "route flush cache"))}

    def answers(self):
        rng, dev = self.rng, self.dev()
        if rng.random() < 0.2:          # somebody has an address that we may try to have
            mine = rng.choice((SECOND[dev], THIRD[dev], rng.choice(AUTO), LINKLOCAL[dev]))
            return {"dev": dev, "host": mine, "mac": rng.choice(("02:00:00:00:dd:dd", "02:00:00:00:dd:dd", None))}
        host = self.host(dev)
        return {"dev": dev, "host": host, "mac": rng.choice((mac_of(host), mac_of(host), other_mac(host), None))}

    def pause(self):
        return {"wait": self.rng.choice((700, 1500, 2500))}


CONF = {"forwarding": (0, 0, 1), "accept_ra": (0, 1, 2), "accept_ra_defrtr": (0, 1), "accept_ra_pinfo": (0, 1),
        "accept_ra_rtr_pref": (0, 1), "accept_ra_min_hop_limit": (1, 40), "accept_ra_mtu": (0, 1),
        "accept_ra_min_lft": (0, 1000), "accept_ra_rt_info_max_plen": (0, 48, 64, 128), "accept_ra_from_local": (0, 1),
        "accept_ra_rt_info_min_plen": (0, 48), "ra_defrtr_metric": (1024, 512), "accept_redirects": (0, 1),
        "dad_transmits": (0, 1, 2), "accept_dad": (0, 1, 2), "optimistic_dad": (0, 1), "use_optimistic": (0, 1),
        "enhanced_dad": (0, 1), "autoconf": (0, 1), "drop_unsolicited_na": (0, 1), "accept_untracked_na": (0, 1, 2),
        "ndisc_notify": (0, 1), "force_tllao": (0, 1), "proxy_ndp": (0, 1, 1), "suppress_frag_ndisc": (0, 1),
        "ndisc_tclass": (0, 32), "ndisc_evict_nocarrier": (0, 1), "hop_limit": (64, 32, 0, 256),
        "mtu": (1280, 1400, 1500), "disable_ipv6": (0, 0, 1), "drop_unicast_in_l2_multicast": (0, 1),
        "keep_addr_on_down": (0, 1),
        "ra_honor_pio_life": (0, 1), "ra_honor_pio_pflag": (0, 1), "max_addresses": (16, 4, 1),
        "addr_gen_mode": (0, 1, 9), "force_mld_version": (0, 2), "disable_policy": (0, 1), "use_oif_addrs_only": (0, 1),
        "ignore_routes_with_linkdown": (0, 1), "accept_source_route": (0, 1), "router_solicitations": (0, 1)}
NEIGH = {"mcast_solicit": (0, 1, 2, 3), "ucast_solicit": (0, 1, 3), "app_solicit": (0, 1), "mcast_resolicit": (0, 1),
         "retrans_time_ms": (160, 200, 240), "unres_qlen_bytes": (0, 2400, 212992), "unres_qlen": (1, 3, 101),
         "base_reachable_time_ms": (1000, 1200), "gc_stale_time": (60, 120), "retrans_time": (40, 50),
         "locktime": (0, 20), "proxy_qlen": (0, 64)}


# ---- the actors ---------------------------------------------------------------

def answer(side, dev, raw):
    """What the hosts of @dev say to a frame of the stack; None if nothing."""
    if raw[12:14] != b"\x86\xdd" or len(raw) < 78 or raw[20] != p6.ICMPV6 or raw[54] != p6.NS or not side.carrier[dev]:
        return None
    target, src = p6.text6(raw[62:78]), p6.text6(raw[22:38])
    mac = side.answers.get(target)
    if not mac or (target in HOSTS["eth1"]) != (dev == "eth1") and target.startswith("fe80"):
        return None
    router = p6.ROUTER if target in ROUTERS else 0
    if src == "::":
        return p6.na(target, p6.ALL_NODES, target, router | p6.OVERRIDE, tlla=mac, src_mac=mac)
    return p6.na(target, src, target, router | p6.SOLICITED | p6.OVERRIDE, tlla=mac, src_mac=mac,
                 dst_mac=raw[6:12].hex(":"))


ND = {"ns": p6.NS, "na": p6.NA, "ra": p6.RA, "rs": p6.RS, "redirect": p6.REDIRECT}


def nd_message(e):
    """The ICMPv6 message between which addresses."""
    kind, rest, body, options = ND[e["kind"]], bytes(4), b"", b""
    if e["kind"] == "na":
        rest = struct.pack("!Bxxx", e["flags"])
    if e["kind"] == "ra":
        rest = struct.pack("!BBH", e["hop"], e["flags"], e["lifetime"])
        body = struct.pack("!II", e["reachable"], e["retrans"])
    if e["kind"] in ("ns", "na"):
        body = p6.addr6(e["target"])
    if e["kind"] == "redirect":
        body = p6.addr6(e["target"]) + p6.addr6(e["dest"])
    for name, option in (("slla", p6.SLLA), ("tlla", p6.TLLA)):
        if e.get(name):
            options += p6.lladdr_option(option, e[name])
    for option, value, length in e.get("more", ()):
        options += p6.nd_option(option, bytes.fromhex(value), length)
    dst = e.get("dst") or p6.solicited_node(e["target"])
    message = p6.icmp6(e["src"], dst, kind, e.get("code", 0), rest, body + options, e.get("csum"))
    if "cut" in e:
        shorter = message[:max(len(message) - e["cut"], 4)]
        message = p6.icmp6(e["src"], dst, kind, 0, shorter[4:8], shorter[8:])
    return dst, message


HEADERS = {     # extension headers before the payload: (first of them, octets with the next header left to fill)
    "hop": (p6.HOPOPTS, b"\1\4\0\0\0\0"),
    "alert": (p6.HOPOPTS, b"\5\2\0\0\1\0"),
    "destination": (p6.DSTOPTS, b"\1\4\0\0\0\0"),
    "unknown option": (p6.DSTOPTS, b"\xc7\4\0\0\0\0"),
    "routing0": (p6.ROUTING, b"\0\1\0\0\0\0"),
}


def fragment(kind, ident, offset, more, data):
    return struct.pack("!BBHI", kind, 0, offset | more, ident) + data


def packets(src, dst, kind, payload, header, hlim, version=6):
    """Packets with @payload behind @header."""
    if header in HEADERS:
        first, options = HEADERS[header]
        return [p6.ipv6(src, dst, first, bytes([kind, 0]) + options + payload, hlim, version=version)]
    if header == "late hop":
        payload, kind = bytes([p6.HOPOPTS, 0]) + HEADERS["destination"][1] + bytes([kind, 0]) + HEADERS["hop"][1] + \
            payload, p6.DSTOPTS
    if header == "none":
        return [p6.ipv6(src, dst, p6.NONE, payload, hlim, version=version)]
    if header == "atomic":
        return [p6.ipv6(src, dst, p6.FRAGMENT, fragment(kind, 7, 0, 0, payload), hlim)]
    if header in ("fragments", "overlap"):
        back = 8 if header == "overlap" else 0
        return [p6.ipv6(src, dst, p6.FRAGMENT, fragment(kind, 9, 0, 1, payload[:16]), hlim),
                p6.ipv6(src, dst, p6.FRAGMENT, fragment(kind, 9, 16 - back, 0, payload[16 - back:]), hlim)]
    return [p6.ipv6(src, dst, kind, payload, hlim, version=version)]


def do_nd(side, e):
    dst, message = nd_message(e)
    dst_mac = e.get("dst_mac") or (p6.mac6(dst) if dst.startswith("ff") else OUR_MAC[e["dev"]])
    for packet in packets(e["src"], dst, p6.ICMPV6, message, e.get("header", ""), e.get("hlim", 255),
                          e.get("version", 6)):
        side.put(e["dev"], p6.frame6(e["src_mac"], dst_mac, packet + bytes(e.get("pad", 0))))


def do_packet(side, e):
    src, dst, data = e["src"], e["dst"], bytes(e["size"])
    kind = p6.ICMPV6
    if e["kind"] in ("echo", "reply"):
        payload = p6.echo6(src, dst, 7, 1, data, p6.ECHO_REQUEST if e["kind"] == "echo" else p6.ECHO_REPLY)
    elif e["kind"] == "unreachable":
        payload = p6.icmp6(src, dst, p6.DEST_UNREACH, 1, bytes(4), p6.ipv6(dst, src, p6.UDP, bytes(8)))
    elif e["kind"] == "unknown":
        kind, payload = 253, data
    else:
        kind = p6.UDP
        port = 6100 if e["kind"] == "open" else 9
        payload = struct.pack("!HHHH", 5000, port, 8 + len(data), 0) + data
        value = checksum(p6.pseudo6(src, dst, len(payload), p6.UDP) + payload) or 0xffff
        payload = payload[:6] + struct.pack("!H", value) + payload[8:]
    for packet in packets(src, dst, kind, payload, e["header"], e["hlim"]):
        side.put(e["dev"], p6.frame6(e["src_mac"], e["dst_mac"], packet))


def scope(side, e):
    """Of a link-local destination, or a group."""
    return side.stack.ifindex(e["dev"]) if e["host"].startswith(("fe80", "ff")) else 0


def do_send(side, e):
    return side.ask("send", e["host"], e["size"], e["count"], events.MSG_CONFIRM if e["confirm"] else 0, scope(side, e))


def do_ping(side, e):
    return side.ask("ping", e["host"], scope(side, e), 16)


def do_again(side, e):
    if e["dev"] in side.dad_frames:
        side.put(e["dev"], side.dad_frames[e["dev"]])


def do_query(side, e):
    src, group = ROUTERS[0], p6.addr6(e["group"])
    dst = p6.ALL_NODES if not any(group) else e["group"]
    more = struct.pack("!BBH", 2, 20, 0) if e["version"] == 2 else b""
    message = p6.icmp6(src, dst, 130, 0, struct.pack("!HH", 4, 0), group + more)
    packet = p6.ipv6(src, dst, p6.HOPOPTS, bytes([p6.ICMPV6, 0]) + b"\5\2\0\0\1\0" + message, 1)
    side.put(e["dev"], p6.frame6(mac_of(src), p6.mac6(dst), packet))


def do_neigh(side, e):
    return side.netlink(events.neigh_octets(side, e))


IFA_ADDRESS, IFA_LOCAL, IFA_CACHEINFO, IFA_FLAGS, IFA_RT_PRIORITY, IFA_PROTO = 1, 2, 6, 8, 9, 11


def do_addr(side, e):
    body = struct.pack("=BBBBi", 10, e["length"], e.get("flags", 0) & 0xff, 0, side.stack.ifindex(e["dev"]))
    address = p6.addr6(e["address"])
    body += nl.attr(IFA_LOCAL, address) + nl.attr(IFA_ADDRESS, p6.addr6(e.get("peer", e["address"])))
    if not e["add"]:
        return side.netlink(nl.message(nl.RTM_DELADDR, nl.NLM_F_REQUEST | nl.NLM_F_ACK, body))
    body += nl.attr(IFA_FLAGS, e["flags"])
    if "times" in e:
        body += nl.attr(IFA_CACHEINFO, struct.pack("=IIII", *e["times"], 0, 0))
    if "metric" in e:
        body += nl.attr(IFA_RT_PRIORITY, e["metric"])
    if "protocol" in e:
        body += nl.attr(IFA_PROTO, bytes([e["protocol"]]))
    return side.netlink(nl.message(nl.RTM_NEWADDR, nl.NLM_F_REQUEST | nl.NLM_F_ACK | e["nlm"], body))


(RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_METRICS, RTA_TABLE, RTA_PREF, RTA_EXPIRES) = \
    1, 4, 5, 6, 7, 8, 15, 20, 23
RTAX_MTU, RTNH_F_ONLINK, RTPROT_STATIC, RT_TABLE_MAIN = 2, 4, 4, 254


def do_route(side, e):
    get = e["type"] == "get"
    header = struct.pack("=BBBBBBBBI", 10, e["length"], 0, 0, 0 if get else RT_TABLE_MAIN,
                         0 if get else RTPROT_STATIC if e["type"] == "new" else 0, 0, e.get("kind", 0),
                         RTNH_F_ONLINK if e.get("onlink") else 0)
    body = header
    if e["length"]:
        body += nl.attr(RTA_DST, p6.addr6(e["dst"]))
    if e.get("dev"):
        body += nl.attr(RTA_OIF, side.stack.ifindex(e["dev"]))
    for name, kind in (("via", RTA_GATEWAY), ("src", RTA_PREFSRC)):
        if e.get(name):
            body += nl.attr(kind, p6.addr6(e[name]))
    for name, kind in (("metric", RTA_PRIORITY), ("expires", RTA_EXPIRES)):
        if e.get(name):
            body += nl.attr(kind, e[name])
    if "pref" in e:
        body += nl.attr(RTA_PREF, bytes([e["pref"]]))
    if "mtu" in e:
        body += nl.attr(RTA_METRICS, nl.attr(RTAX_MTU, e["mtu"]))
    kind = {"new": nl.RTM_NEWROUTE, "del": nl.RTM_DELROUTE, "get": nl.RTM_GETROUTE}[e["type"]]
    return side.netlink(nl.message(kind, nl.NLM_F_REQUEST | (0 if get else nl.NLM_F_ACK) | e.get("nlm", 0), body))


def do_sysctl(side, e):
    return side.ask("write", "/proc/sys/" + e["key"].replace(".", "/"), str(e["value"]))


IFLA_MTU, IFLA_CARRIER = 4, 33


def do_mtu(side, e):
    return side.netlink(events.link_octets(side, e["dev"], more=nl.attr(IFLA_MTU, e["mtu"])))


def do_carrier(side, e):
    side.carrier[e["dev"]] = e["on"]
    return side.netlink(events.link_octets(side, e["dev"], more=nl.attr(IFLA_CARRIER, bytes([e["on"]]))))


def do_flush(side, e):
    """ip(8) deletes what it is shown until it is shown nothing, which may be never."""
    done = side.stack.run(["timeout", "2", "ip", "-6", *e["words"].split()], check=False)
    return [done.returncode, " ".join((done.stdout + done.stderr).split())]


def do_answers(side, e):
    side.answers[e["host"]] = e["mac"]


ACTORS = {name: events.ACTORS[name] for name in ("table", "link", "lladdr", "pause")} | \
    {name[3:]: function for name, function in list(globals().items()) if name.startswith("do_")}
