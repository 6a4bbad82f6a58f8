# SPDX-License-Identifier: BSD-2-Clause
"""RFC 6583: somebody beyond a router sends to 100 000 addresses of a /64 that nobody has; the kernel beside nethood.

Meanwhile a program talks through the router to a host of that link, numbering what it sends, and others send to
hosts of which the router has not heard before.  The kernel's figures are printed; nethood's are asserted too.
"""

import json
import shutil
import subprocess
import time

import pytest

from conftest import Host, daemon_of
from lab import whole_table
from lab.netns import Netns, veth_open
from test_attack import beside_each_other, of_memory, seconds
from test_attack6 import end, storm     # noqa: F401

SWEPT_COUNT, PER_S = 100000, 8000
SWEEPER, CLIENT, ROUTER_OUT = "fd7a::66", "fd7a::2", "fd7a::1"
KNOWN, ROUTER_IN, SWEPT = "fd79::10", "fd79::1", "fd79::5:0:0"
NEWCOMERS = [f"fd79::2{i}" for i in range(6)]
PORT, PACE_MS = 5007, 5
MACS = ("02:00:00:00:99:01", "02:00:00:00:99:02")       # of the router
WITHIN_S = 1.1                  # a newcomer: the question may be asked twice
MEMORY_BYTES = 12 << 20


class Router:
    """Between two namespaces: outside, from where it comes, and inside, where its link is."""

    def __init__(self, storm):
        self.storm = storm
        self.running = []

    def both(self):
        for netns, dev, own, gateway, mac in ((self.outside, "out0", (CLIENT, SWEEPER), ROUTER_OUT, MACS[0]),
                                              (self.inside, "in0", (KNOWN, *NEWCOMERS), ROUTER_IN, MACS[1])):
            netns.sysctl("net.ipv6.conf.all.disable_ipv6", 0)
            lines = [f"link set {dev} up", "link set lo up"]
            lines += [f"address add {address}/64 dev {dev} nodad" for address in own]
            # Their own neighbours are not what is looked at, though all kernels have one table.
            lines += [f"neigh replace {gateway} lladdr {mac} dev {dev} nud permanent",
                      f"route add default via {gateway} dev {dev}"]
            for line in lines:
                self.result(self.start(netns, "ip", *line.split()))

    def start(self, netns, *argv):
        process = self.host_start(netns, [str(word) for word in argv])
        self.running.append(process)
        return process

    def result(self, process, timeout=60):
        out, _ = process.communicate(timeout=timeout)
        self.running.remove(process)
        assert process.returncode == 0, f"{self.kind}: {process.args}: {out}"
        return out

    def figures(self, process):
        return json.loads(self.result(process))

    def host_start(self, netns, argv):
        return subprocess.Popen(netns.wrap(argv), pass_fds=(netns.fd,), stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def close(self):
        for process in self.running:
            end(process)
            process.communicate()


class KernelRouter(Router):
    kind = "kernel"

    def __init__(self, storm):
        super().__init__(storm)
        whole_table.take(True)          # it fills the table of the machine
        self.netns, self.outside, self.inside = Netns(), Netns(), Netns()
        veth_open(self.netns, "eth0", self.outside, "out0")
        veth_open(self.netns, "eth1", self.inside, "in0")
        self.netns.sysctl("net.ipv6.conf.all.disable_ipv6", 0)
        self.netns.sysctl("net.ipv6.conf.all.forwarding", 1)
        for line in (f"link set eth0 address {MACS[0]} up", f"link set eth1 address {MACS[1]} up",
                     f"address add {ROUTER_OUT}/64 dev eth0 nodad", f"address add {ROUTER_IN}/64 dev eth1 nodad"):
            self.result(self.start(self.netns, "ip", *line.split()))
        self.both()
        time.sleep(2)                   # its addresses are its own

    def process(self):
        return []

    def usage(self):
        return {}

    def close(self):
        super().close()
        for netns in (self.netns, self.outside, self.inside):
            netns.close()
        whole_table.give(True)


class NethoodRouter(Router):
    kind = "nethood"

    def __init__(self, storm):
        super().__init__(storm)
        self.host = Host()
        self.outside, self.inside = self.host.netns, Netns()
        self.name = self.host.up("--dev", f"eth0=tap:out0,lladdr={MACS[0]}", "--dev", f"eth1=tap:in0,lladdr={MACS[1]}",
                                 "--sysctl", "net.ipv6.conf.all.forwarding=1")
        for line in (f"address add {ROUTER_OUT}/64 dev eth0 nodad", f"address add {ROUTER_IN}/64 dev eth1 nodad"):
            self.host.good("exec", self.name, "--", "ip", *line.split())
        # Frames that a full device throws away say nothing about the stack.
        for dev in ("out0", "in0"):
            self.host.run(["ip", "link", "set", dev, "txqueuelen", SWEPT_COUNT])
        self.move("in0")
        self.both()
        self.host.wait(lambda: not self.host.good("exec", self.name, "--", "ip", "-6", "address", "show", "tentative"),
                       why="it may ask by its own name")

    def move(self, dev):
        subprocess.run(self.outside.wrap(["ip", "link", "set", dev, "netns", f"/proc/self/fd/{self.inside.fd}"]),
                       check=True, pass_fds=(self.outside.fd, self.inside.fd))

    def process(self):
        return [daemon_of(self.name)]

    def usage(self):
        return next(n for n in json.loads(self.host.good("ls", "-j")) if n["name"] == self.name)

    def close(self):
        super().close()
        self.inside.close()
        self.host.close()


def ordeal(side):
    echo = side.start(side.inside, side.storm, "echo", PORT, "::")
    assert "listening" in echo.stdout.readline()
    talk = side.start(side.outside, side.storm, "talk", KNOWN, PORT, PACE_MS)
    time.sleep(0.5)                     # they are neighbours
    found, meetings = {"before": side.usage()}, []
    sweep = side.start(side.outside, side.storm, "sweep", SWEPT, SWEPT_COUNT, PER_S)
    for address in NEWCOMERS[:4]:
        time.sleep(SWEPT_COUNT / PER_S / 5)
        meetings.append(side.start(side.outside, side.storm, "meet", address, PORT, *side.process()))
    found["sweep"] = side.figures(sweep)
    meetings.append(side.start(side.outside, side.storm, "meet", NEWCOMERS[4], PORT, *side.process()))
    found["met"] = [side.figures(meeting) for meeting in meetings]
    found["during"] = side.usage()
    talk.terminate()
    found["talk"] = side.figures(talk)
    if shutil.which("atk6-ndpexhaust26"):
        # No faster than the router can look at it: what waits before the router is no matter of its neighbours.
        side.result(side.start(side.outside, "tc", "qdisc", "replace", "dev", "out0", "root", "tbf", "rate", "8mbit",
                               "burst", "20kb", "latency", "50ms"))
        tool = side.start(side.outside, "atk6-ndpexhaust26", "-r", "out0", "fd79::")
        time.sleep(2)
        end(tool)
        tool.communicate()
        side.running.remove(tool)
        found["exhausted"] = side.figures(side.start(side.outside, side.storm, "meet", NEWCOMERS[5], PORT,
                                                     *side.process()))
    end(echo)
    return found


def told(kind, found):
    talk, sweep = found["talk"], found["sweep"]
    lines = [f"{kind}: {sweep['sent']} addresses swept through it in {sweep['seconds']} s; of {talk['sent']} numbered "
             f"datagrams {talk['lost']} lost, slowest {talk['slowest_ms']} ms",
             "  newcomers after " + ", ".join(map(seconds, found["met"]))
             + (f"; after ndpexhaust26 {seconds(found['exhausted'])}" if "exhausted" in found else "")]
    return "\n".join(lines + of_memory(found))


def judge(found):
    assert found["sweep"]["sent"] + found["sweep"]["refused"] == SWEPT_COUNT
    assert found["sweep"]["refused"] < SWEPT_COUNT // 100
    talk = found["talk"]
    assert talk["sent"] > 1000
    assert (talk["lost"], talk["refused"], talk["doubled"]) == (0, 0, 0), "an established neighbour loses nothing"
    for meeting in found["met"] + ([found["exhausted"]] if "exhausted" in found else []):
        assert meeting["refused"] == 0 and meeting["seconds"] is not None, meeting
        assert meeting["seconds"] - meeting["queued"] < WITHIN_S, meeting
    assert found["during"]["memory_peak"] - found["before"]["memory"] <= MEMORY_BYTES


def test_a_sweep_of_a_prefix_through_a_router(storm, capsys):
    results = beside_each_other((KernelRouter, NethoodRouter), storm, ordeal)
    with capsys.disabled():
        print("\n" + "\n".join(told(kind, found) for kind, found in results.items()))
    judge(results["nethood"])
