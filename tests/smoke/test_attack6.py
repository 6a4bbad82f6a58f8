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
WIRE_MBIT = 2                           # of who attacks: several tests run at a time
SECONDS = 1                             # of an attack
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


def end(process):
    """With the processes that it made, if it is a tool that made some."""
    try:
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except ProcessLookupError:
        pass


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
        for process in self.lan.running:
            end(process)
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
        for talk in talks:
            talk.terminate()
        figures = {v.kind: json.loads(v.result(t)) for v, t in zip(self.victims, talks)}
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
        return [self.attacker.start("stdbuf", "-oL", f"atk6-{argv[0]}", *argv[1:], start_new_session=True)
                for argv in sorted(argvs)]

    def end(self, processes):
        """What they said."""
        for process in processes:
            end(process)
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
    "routers": ["flood_router6 eth0", "flood_router26 eth0", "flood_router26 -s -R eth0"],
    "routers behind headers": ["flood_router6 -HFD eth0", "flood_router26 -F eth0", "flood_router26 -G eth0"],
    "advertisements": ["flood_advertise6 eth0", "flood_advertise6 eth0 {at}"],
    "solicitations": ["flood_solicitate6 eth0 {at} {at}", "flood_solicitate6 -a eth0", "flood_rs6 -sS eth0",
                      "sendpees6 eth0 512 fd78:: {at}"],
    "groups": ["flood_mld6 eth0", "flood_mld26 eth0", "flood_mldrouter6 eth0", "fake_pim6 -f eth0 hello"],
    "packets": ["flood_redir6 eth0 {at}", "flood_redir6 -HFD eth0 {at}", "flood_unreach6 -R eth0 {at}",
                "thcsyn6 -R eth0 {at} x", "smurf6 -i 100 eth0 {at}"],
    "options": [f"denial6 eth0 {{at}} {case}" for case in (1, 2, 7)],
    "headers": [f"denial6 eth0 {{at}} {case}" for case in (3, 4, 5, 6)],
    "fragments": [f"fragmentation6 -fp eth0 {{at}} {case}" for case in (13, 19, 24)],
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
    assert usage["packets"] - began["packets"] > 60, "the tool does nothing"
    assert talked["nethood"]["sent"] > 40
    assert (talked["nethood"]["lost"], talked["nethood"]["doubled"]) == (0, 0), talked["nethood"]


@pytest.mark.parametrize("what", sorted(FLOODS.keys() - {"routers"}))
def test_floods_of(arena, what, capsys):
    for text in FLOODS[what]:
        flood(arena, text, capsys)


def test_floods_of_routers(flooded, capsys):
    """RFC 6104.  The kernel's routers have no limit; ours are 16 of a device, their prefixes 64."""
    for text in FLOODS["routers"]:
        flood(flooded, text, capsys)
    assert flooded.count()["nethood"]["routers"] == ROUTERS


# ---- the kernel as a judge ---------------------------------------------------

def verdicts(arena, text, cases):
    """{case: {kind: what the tool says of it}}; all cases at the same time."""
    running = [(case, victim.kind, arena.begin(f"{text} {case}", [victim])[0])
               for case in cases for victim in arena.victims]
    said = {case: {} for case in cases}
    for case, kind, process in running:
        lines = re.findall(r"^Test +\S+ .*", arena.attacker.result(process, 60), re.M)
        said[case][kind] = [" ".join(line.split()) for line in lines]
    return said


@pytest.mark.parametrize("text, last", [("implementation6 -p eth0 {at}", 57), ("firewall6 eth0 {at} 22", 39)])
def test_the_kernel_answers_the_same(arena, text, last, capsys):
    """Headers, options and fragments of all kinds; cases that meet each other's fragments are tried again alone."""
    said = verdicts(arena, text, range(1, last + 1))
    for case in [c for c, v in said.items() if v["kernel"] != v["nethood"]]:
        said.update(verdicts(arena, text, [case]))
    differ = {case: v for case, v in said.items() if v["kernel"] != v["nethood"]}
    answered = sum("FAILED - no reply" not in "".join(v["kernel"]) for v in said.values())
    told(capsys, f"{text}: {len(said)} cases, {answered} with an answer, {len(differ)} answered differently")
    assert not [case for case, v in said.items() if not v["kernel"]] and answered > 15
    assert not differ
    arena.alive()
    arena.bounded()


FRAGMENT_COUNTERS = ["Icmp6OutEchoReplies", "Icmp6OutParmProblems", "Ip6ReasmReqds", "Ip6ReasmOKs", "Ip6InHdrErrors"]


@pytest.mark.parametrize("first", range(1, 34, 5))
def test_fragments_are_counted_and_answered_as_by_the_kernel(arena, first):
    """fragmentation6: one case after the other, since each takes a few identifications from its own on."""
    seen = {}
    for case in range(first, min(first + 5, 34)):
        before = [v.counters(FRAGMENT_COUNTERS) for v in arena.victims]
        for said in arena.finish(f"fragmentation6 -p eth0 {{at}} {case}").values():
            assert "ATTACK END" in said
        after = [v.counters(FRAGMENT_COUNTERS) for v in arena.victims]
        seen[case] = [[b - a for a, b in zip(*pair)] for pair in zip(before, after)]
    assert {c: k for c, (k, n) in seen.items()} == {c: n for c, (k, n) in seen.items()}, FRAGMENT_COUNTERS
    assert sum(kernel[2] for kernel, _ in seen.values()) > len(seen)
    arena.alive()
    arena.bounded()


def test_exploits_of_old(arena):
    said = arena.finish("exploit6 eth0 {at}")
    for kind, text in said.items():
        assert re.search(r"still alive\?\)\s+PASSED", text), f"{kind}: {text}"
    arena.alive()
    arena.bounded()


FUZZ = [f"fuzz_ip6 -a -{kind} {how}eth0 {{at}}" for kind, how in
        [*((k, "") for k in range(1, 10)), (1, "-IFSDHRJ "), (5, "-HR "), (9, "-IHR "), ("X", "-IFSDHJ ")]]
ODDS = ["randicmp6 -p eth0 {at}", "node_query6 eth0 {at}", "inverse_lookup6 eth0 {mac}", "fake_solicitate6 eth0 {at}",
        "fake_mld6 -l eth0 add ff02::77", "fake_mld6 -l eth0 query", "fake_mld26 -l eth0 query",
        "fake_mldrouter6 -l eth0 advertise", "fake_mipv6 eth0 {at} {friend} {far}", "alive6 eth0",
        "firewall6 -u eth0 {at} 53", "flood_dhcpc6 eth0"]


@pytest.mark.parametrize("tools", [FUZZ, ODDS], ids=["fuzz_ip6", "the others"])
def test_it_lives(arena, tools):
    """Each for a while, with others at the same time."""
    talk = arena.talk()
    for at in range(0, len(tools), 4):
        running = [process for text in tools[at:at + 4] for process in arena.begin(text, arena.victims)]
        time.sleep(SECONDS)
        for text in arena.end(running):
            assert "Syntax:" not in text and "Error" not in text, text
    talked = arena.talked(*talk)
    arena.alive()
    arena.bounded()
    assert talked["nethood"]["lost"] == 0, talked


# ---- lies that are believed, and lies that are not ----------------------------

def all_of(arena, test, within=5, why=""):
    for victim in arena.victims:
        arena.lan.wait(lambda v=victim: test(v), within, f"{victim.kind}: {why}")


def quick(arena):
    """Neighbours are doubted soon."""
    for victim in arena.victims:
        for name, value in (("retrans_time_ms", 100), ("base_reachable_time_ms", 400), ("delay_first_probe_time", 1)):
            victim.set(f"net.ipv6.neigh.eth0.{name}", value)


def lladdr(victim, address):
    return next((n.get("lladdr") for n in victim.ip_json(f"neigh show {address} dev eth0")), None)


def gateways(victim):
    return [r.get("gateway") for r in victim.ip_json("route show default")]


def test_a_router_that_is_none_and_the_end_of_it(arena):
    """RFC 4861 has nothing against either: fake_router6, fake_router26, kill_router6."""
    for text in ("fake_router6 eth0 fd99::/64", "fake_router26 -A fd99::/64 -R 2001:db8:5::/48 -l 900 -n 2 -i 1 eth0"):
        running = arena.begin(text, arena.victims)
        all_of(arena, lambda v: gateways(v) == [arena.attacker.linklocal], why=text)
        all_of(arena, lambda v: any(a.startswith("fd99::") for a in v.addresses()), why="an address")
        arena.end(running)
        arena.attack("kill_router6 eth0 {me_ll}", 0.5)
        all_of(arena, lambda v: not gateways(v), why="the router is none any more")
    arena.alive()


def test_everybody_has_every_address(arena):
    """RFC 4862 5.4.3: dos-new-ip6 keeps us from what is new, and from that alone."""
    running = arena.begin("dos-new-ip6 eth0", arena.victims)
    time.sleep(0.5)
    for i in range(3):
        for victim in arena.victims:
            victim.ip(f"addr add {PREFIX}d{i}{victim.number} dev eth0")
    for i in range(3):
        all_of(arena, lambda v, i=i: "dadfailed" in v.addresses()[f"{PREFIX}d{i}{v.number}"], why="it is taken")
    arena.alive()
    arena.end(running)
    for victim in arena.victims:
        victim.ip(f"addr add {PREFIX}e{victim.number} dev eth0")
    all_of(arena, lambda v: not v.addresses()[f"{PREFIX}e{v.number}"].get("tentative"), why="nobody denies it any more")


@pytest.mark.parametrize("text", ["fake_advertise6 -n 2 -w 1 eth0 {friend} {at}", "parasite6 eth0",
                                  "parasite6 -lR eth0"])
def test_who_says_he_is_our_friend_is_found_out(arena, text):
    """RFC 4861 11.1: the lie lasts until reachability is doubted.  Both stacks believe it, and both find out."""
    quick(arena)
    all_of(arena, lambda v: v.ping(FRIEND, wait_s=1) == 1, why="they are neighbours")
    running = arena.begin(text, arena.victims)
    time.sleep(0.5)
    if "parasite6" in text:
        for victim in arena.victims:
            victim.ip(f"neigh del {FRIEND} dev eth0")
            victim.ping(FRIEND, wait_s=1)
    else:
        all_of(arena, lambda v: lladdr(v, FRIEND) == arena.attacker.mac, why="it is believed")
    arena.end(running)
    all_of(arena, lambda v: v.ping(FRIEND, wait_s=1) == 1, 15, "it is found out")
    all_of(arena, lambda v: lladdr(v, FRIEND) == arena.friend.mac, 15, "the friend is known again")
    arena.bounded()


def test_a_redirect_by_who_took_the_routers_name(arena):
    """RFC 4861 8.1: it comes from the first hop, or is not believed.  redir6 lies about that."""
    for victim in arena.victims:
        victim.ip(f"route add default via {arena.friend.linklocal} dev eth0")
        victim.ping(FRIEND)
    arena.attack("redir6 eth0 {at} {far} {me_ll} {me_ll}", 1)
    assert {v.way(FAR)["gateway"] for v in arena.victims} == {arena.friend.linklocal}, "not by the first hop"
    arena.attack("redir6 eth0 {at} {far} {friend_ll} {me_ll}", 1)
    assert {v.way(FAR)["gateway"] for v in arena.victims} == {arena.attacker.linklocal}, "as in the kernel"
    arena.alive()


def path_mtu(victim, address):
    return next((m.get("mtu") for m in victim.way(address).get("metrics", [])), None)


def test_a_path_is_said_to_be_narrow(arena):
    """RFC 8201 4: believed if it quotes us, and never below 1280: toobig6."""
    for victim in arena.victims:
        assert victim.ping(FRIEND) == 1
    for mtu, becomes in ((1000, None), (1300, 1300)):
        arena.attack(f"toobig6 eth0 {{at}} {{friend}} {mtu}", 1)
        assert {path_mtu(v, FRIEND) for v in arena.victims} == {becomes}, mtu
    all_of(arena, lambda v: v.ping(FRIEND, size=1400) == 1, why="what is longer goes in fragments")


def test_an_echo_for_everybody_is_not_answered(arena):
    """RFC 4291 2.7: a group sends nothing: rsmurf6."""
    before = [v.counter("Icmp6OutEchoReplies") for v in arena.victims]
    refused = [v.counter("Ip6InHdrErrors") for v in arena.victims]
    arena.attack("rsmurf6 eth0 {at}", 1)
    assert [v.counter("Icmp6OutEchoReplies") for v in arena.victims] == before
    assert all(v.counter("Ip6InHdrErrors") > n + 50 for v, n in zip(arena.victims, refused))
    arena.alive()
