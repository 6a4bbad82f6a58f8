# SPDX-License-Identifier: BSD-2-Clause
"""thc-ipv6 against nethood, and against a kernel on the same link at the same time: who lives, and what it costs.

On a bridge: a friend, with whom both victims talk; somebody who attacks; a victim of each kind.  The wire of the
attacker is slow enough that a victim can look at all he sends: what is lost then, was lost by the victim.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from conftest import HERE
from lab import whole_table
from lan6 import Lan

PREFIX = "fd78::"
FRIEND, ATTACKER = f"{PREFIX}1", f"{PREFIX}2"
ADDRESS = {"kernel": f"{PREFIX}3", "nethood": f"{PREFIX}4"}
FAR = "2001:db8:1::1"
PORT, PACE_MS = 5007, 10
WIRE_MBIT = 8                           # of who attacks
SECONDS = 1.5                           # of an attack
MEMORY_BYTES = 12 << 20                 # over what the net took before
NEIGHBOURS, ROUTERS, ADDRESSES = 1024, 16, 16 + 3
ROUTES = 2 + ROUTERS + 64 + 256         # our own; of routers, of their prefixes, of their route information
NO_LIMITS = {"net.ipv6.icmp.ratelimit": 0, "net.ipv4.icmp_msgs_per_sec": 100000, "net.ipv4.icmp_msgs_burst": 100000}
pytestmark = pytest.mark.skipif(not shutil.which("atk6-flood_router6"), reason="thc-ipv6 is not installed")


@pytest.fixture(scope="module")
def storm(tmp_path_factory):
    """The program of many trades: see programs/storm.c."""
    target = str(tmp_path_factory.mktemp("storm") / "storm")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", target, f"{HERE}/programs/storm.c"], check=True)
    return target


class Arena:
    def __init__(self, storm):
        self.lan = Lan()
        self.storm = storm
        try:
            self.friend = self.lan.add("kernel", {"net.ipv6.conf.eth0.accept_ra": 0})
            self.attacker = self.lan.add("kernel", {"net.ipv6.conf.eth0.accept_ra": 0})
            self.victims = [self.lan.add(kind, NO_LIMITS) for kind in ("kernel", "nethood")]
            self._wire()
        except BaseException:
            self.close()
            raise
        self.nethood = self.victims[1]
        self.before = self.nethood.usage()

    def _wire(self):
        self.friend.ip(f"addr add {FRIEND}/64 dev eth0 nodad")
        self.attacker.ip(f"addr add {ATTACKER}/64 dev eth0 nodad")
        self.attacker.run("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", f"{WIRE_MBIT}mbit",
                          "burst", "20kb", "latency", "50ms")
        for victim in self.victims:
            self.lan.host.run(["ip", "link", "set", victim.wire, "txqueuelen", "20000"])
            victim.address = ADDRESS[victim.kind]
            victim.ip(f"addr add {victim.address}/64 dev eth0 nodad")
            # What becomes of the others in the table that all kernels share is none of a victim's business.
            for node in (self.friend, self.attacker):
                node.ip(f"neigh replace {victim.address} lladdr {victim.mac} dev eth0 nud permanent")

    def close(self):
        self.lan.close()

    # ---- those who talk ------------------------------------------------

    def talk(self):
        """All victims talk with their friend: processes."""
        echo = self.friend.start(self.storm, "echo", PORT, "::")
        assert "listening" in echo.stdout.readline()
        talks = [v.start(self.storm, "talk", FRIEND, PORT, PACE_MS) for v in self.victims]
        time.sleep(0.3)                 # they are neighbours
        return echo, talks

    def talked(self, echo, talks):
        """{kind: figures}"""
        figures = {v.kind: json.loads(v.stop(t)) for v, t in zip(self.victims, talks)}
        self.friend.stop(echo)
        return figures

    # ---- those who attack ----------------------------------------------

    def words(self, text, victim):
        return text.format(at=victim.address, mac=victim.mac, ll=victim.linklocal, friend=FRIEND, far=FAR,
                           friend_mac=self.friend.mac, friend_ll=self.friend.linklocal, me=self.attacker.mac,
                           me_ll=self.attacker.linklocal, port=PORT).split()

    def begin(self, text, victims):
        """The tool, once if it is the same for all victims."""
        argvs = {tuple(self.words(text, victim)) for victim in victims}
        return [self.attacker.start("stdbuf", "-oL", f"atk6-{argv[0]}", *argv[1:]) for argv in sorted(argvs)]

    def end(self, processes):
        """What they said."""
        for process in processes:
            process.send_signal(signal.SIGKILL)
        return [self.attacker.result(process) for process in processes]

    def attack(self, text, seconds=SECONDS, victims=None):
        running = self.begin(text, victims or self.victims)
        time.sleep(seconds)
        return self.end(running)

    def finish(self, text, timeout=30):
        """A tool that ends by itself: {kind: what it said}."""
        running = {v.kind: self.begin(text, [v])[0] for v in self.victims}
        return {kind: self.attacker.result(process, timeout) for kind, process in running.items()}

    # ---- what has to be so afterwards ----------------------------------

    def alive(self, within=5):
        for victim in self.victims:
            self.lan.wait(lambda v=victim: self.friend.ping(v.address, wait_s=1), within, f"{victim.kind} answers")
        os.kill(self.nethood.usage()["pid"], 0)

    def bounded(self):
        now = self.nethood.usage()
        assert now["pid"] == self.before["pid"]
        assert now["memory_peak"] - self.before["memory"] <= MEMORY_BYTES, now
        return now

    def count(self):
        """{kind: what a victim has of each}"""
        found = {}
        for victim in self.victims:
            routes = victim.ip_json("route show")
            found[victim.kind] = {
                "routers": sum(len(r.get("nexthops", [r])) for r in routes if r["dst"] == "default"),
                "routes": len(routes),
                "addresses": len(victim.addresses()),
                "neighbours": len(victim.ip_json("neigh show")),
            }
        return found


@pytest.fixture
def arena(storm):
    place = Arena(storm)
    yield place
    place.close()


@pytest.fixture
def flooded(storm):
    """Where all kernels' neighbours may be pushed out of their table."""
    whole_table.take(True)
    try:
        place = Arena(storm)
        yield place
        place.close()
    finally:
        whole_table.give(True)


def told(capsys, text):
    with capsys.disabled():
        print("\n" + text, end="")


# ---- floods ------------------------------------------------------------------

FLOODS = {
    "routers": ["flood_router6 eth0", "flood_router6 -HFD eth0", "flood_router26 eth0", "flood_router26 -s -R eth0",
                "flood_router26 -F eth0", "flood_router26 -G eth0"],
    "neighbours": ["flood_advertise6 eth0", "flood_advertise6 eth0 {at}", "flood_solicitate6 eth0 {at} {at}",
                   "flood_solicitate6 -a eth0", "flood_rs6 -sS eth0", "sendpees6 eth0 512 fd78:: {at}"],
    "groups": ["flood_mld6 eth0", "flood_mld26 eth0", "flood_mldrouter6 eth0", "fake_pim6 -f eth0 hello"],
    "packets": ["flood_redir6 eth0 {at}", "flood_redir6 -HFD eth0 {at}", "flood_unreach6 -R eth0 {at}",
                "thcsyn6 -R eth0 {at} x", "smurf6 -i 100 eth0 {at}"],
}


def flood(arena, text, capsys):
    """Whoever is known stays known, whoever talks goes on; and what strangers made is not without limit."""
    began, talk = arena.nethood.usage(), arena.talk()
    arena.attack(text)
    found, talked = arena.count(), arena.talked(*talk)
    arena.alive()
    usage, ours = arena.bounded(), found["nethood"]
    lines = [f"{text}: {usage['packets'] - began['packets']} packets, "
             f"{(usage['memory_peak'] - arena.before['memory']) >> 10} KiB at the most"]
    for kind, have in found.items():
        lines.append(f"  {kind}: lost {talked[kind]['lost']} of {talked[kind]['sent']}; "
                     + ", ".join(f"{n} {what}" for what, n in have.items()))
    told(capsys, "\n".join(lines))
    assert ours["routers"] <= ROUTERS and ours["addresses"] <= ADDRESSES
    assert ours["routes"] <= ROUTES and ours["neighbours"] <= NEIGHBOURS
    assert usage["packets"] - began["packets"] > 300, "the tool does nothing"
    assert talked["nethood"]["sent"] > 50
    assert (talked["nethood"]["lost"], talked["nethood"]["doubled"]) == (0, 0), talked["nethood"]


@pytest.mark.parametrize("what", ["neighbours", "groups", "packets"])
def test_floods_of(arena, what, capsys):
    for text in FLOODS[what]:
        flood(arena, text, capsys)


def test_floods_of_routers(flooded, capsys):
    """RFC 6104.  The kernel's routers have no limit; ours are 16 of a device, their prefixes 64."""
    for text in FLOODS["routers"]:
        flood(flooded, text, capsys)
    assert flooded.count()["nethood"]["routers"] == ROUTERS
