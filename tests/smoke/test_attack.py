# SPDX-License-Identifier: BSD-2-Clause
"""Under attack: what strangers, and a program that sweeps, can do to others; the kernel beside nethood.

A storm of ARP requests, each from another sender with an address of its own, at full speed; then a sweep of a /16
by a local program.  Meanwhile a program talks to a neighbour, numbering what it sends, and others
meet neighbours that nobody has asked for before.  The kernel's figures are printed; nethood's are asserted too.
"""

import json
import re
import signal
import subprocess
import time

import pytest

from conftest import HERE, Host, daemon_of
from lab import whole_table
from lab.netns import Netns, veth_open

US, PEER, BITS = "10.77.0.2", "10.77.0.1", 14           # 10.76.0.0 to 10.79.255.255
SWEPT, SWEPT_COUNT = "10.78.0.0", 65536
SPOOFED_COUNT = 50000
NEWCOMERS = [f"10.77.0.{i}" for i in range(20, 28)]
PORT, PACE_MS = 5007, 5
WITHIN_S = 1.1                  # a newcomer: the question may be asked twice; not while others have the processor
QUEUES_BYTES = 4 << 20          # of all that waits: neigh_queue.c
SLACK_BYTES = 256 << 10         # the newest packet of each, and what is on its way
MEMORY_BYTES = QUEUES_BYTES + (8 << 20)         # queues; 1024 entries, 4096 histories, packets on their way


@pytest.fixture(scope="module")
def storm(tmp_path_factory):
    """The program of many trades: see programs/storm.c."""
    target = str(tmp_path_factory.mktemp("storm") / "storm")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", target, f"{HERE}/programs/storm.c"], check=True)
    return target


class Side:
    """A stack that is attacked: programs on it, and programs on the machine at the other end of the wire."""

    def __init__(self, storm):
        self.storm = storm
        self.running = []

    def inside(self, *argv):
        return self._start(self.wrap_inside([self.storm, *map(str, argv)]))

    def outside(self, *argv):
        return self._start(self.peer.wrap([self.storm, *map(str, argv)]))

    def _start(self, argv):
        process = subprocess.Popen(argv, pass_fds=self.fds(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        self.running.append(process)
        return process

    def result(self, process, timeout=60):
        out, _ = process.communicate(timeout=timeout)
        self.running.remove(process)
        assert process.returncode == 0, f"{self.kind}: {process.args}: {out}"
        return json.loads(out)

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        return self.result(process)

    def configure_peer(self, ifname):
        lines = [f"address add {PEER}/{BITS} brd + dev {ifname}"]
        lines += [f"address add {address}/{BITS} dev {ifname}" for address in NEWCOMERS]
        lines += [f"link set {ifname} up", "link set lo up"]
        subprocess.run(self.peer.wrap(["ip", "-batch", "-"]), input="\n".join(lines), text=True, check=True,
                       pass_fds=self.fds())
        self.ifname = ifname

    def close(self):
        for process in self.running:
            process.kill()
            process.communicate()


class KernelSide(Side):
    kind = "kernel"

    def __init__(self, storm):
        super().__init__(storm)
        whole_table.take(True)          # it fills the table of the machine
        self.netns, self.peer = Netns(), Netns()
        for netns in (self.netns, self.peer):
            netns.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        veth_open(self.netns, "eth0", self.peer, "wire0")
        self.configure_peer("wire0")
        for words in (f"address add {US}/{BITS} brd + dev eth0", "link set eth0 up", "link set lo up"):
            subprocess.run(self.netns.wrap(["ip", *words.split()]), check=True, pass_fds=self.fds())
        shown = subprocess.run(self.netns.wrap(["ip", "link", "show", "eth0"]), pass_fds=self.fds(), text=True,
                               stdout=subprocess.PIPE, check=True).stdout
        self.mac = re.search(r"link/ether (\S+)", shown).group(1)

    def fds(self):
        return (self.netns.fd, self.peer.fd)

    def wrap_inside(self, argv):
        return self.netns.wrap(argv)

    def process(self):
        return []

    def usage(self):
        return {}

    def close(self):
        super().close()
        self.netns.close()
        self.peer.close()
        whole_table.give(True)


class NethoodSide(Side):
    kind = "nethood"

    def __init__(self, storm):
        super().__init__(storm)
        self.host = Host()
        self.peer = self.host.netns
        self.mac = "02:00:00:00:00:02"
        self.name = self.host.up("--dev", f"eth0=tap:wire0,lladdr={self.mac}", "--addr", f"{US}/{BITS}")
        # Frames that a full device of the peer throws away say nothing about the stack.
        self.host.run(["ip", "link", "set", "wire0", "txqueuelen", 2 * SPOOFED_COUNT])
        self.configure_peer("wire0")

    def fds(self):
        return (self.peer.fd,)

    def wrap_inside(self, argv):
        return self.peer.wrap([self.host.binary, "exec", self.name, "--", *argv])

    def process(self):
        return [daemon_of(self.name)]

    def usage(self):
        nets = json.loads(self.host.good("ls", "-j"))
        return next(net for net in nets if net["name"] == self.name)

    def close(self):
        super().close()
        self.host.close()


def under(side, attack, newcomers):
    """Meet a newcomer when the attack begins, one in its midst, one at its end.  (attack's figures, meetings)"""
    meetings, stack = [], side.process()
    process = attack()
    for address in newcomers[:2]:
        time.sleep(0.05)
        meetings.append(side.inside("meet", address, PORT, *stack))
    figures = side.result(process)
    meetings.append(side.inside("meet", newcomers[2], PORT, *stack))
    return figures, [side.result(meeting) for meeting in meetings]


def ordeal(side):
    """All of it, on one side."""
    echo = side.outside("echo", PORT)
    assert "listening" in echo.stdout.readline()
    talk = side.inside("talk", PEER, PORT, PACE_MS)
    time.sleep(0.5)             # they are neighbours
    found = {"before": side.usage()}
    found["flood"], found["met in the flood"] = under(
        side, lambda: side.outside("flood", side.ifname, side.mac, US, SPOOFED_COUNT), NEWCOMERS)
    found["sweep"], found["met in the sweep"] = under(
        side, lambda: side.inside("sweep", SWEPT, SWEPT_COUNT), NEWCOMERS[3:])
    found["during"] = side.usage()
    found["talk"] = side.end(talk)
    echo.terminate()
    echo.communicate()
    side.running.remove(echo)
    return found


def seconds(meeting):
    if meeting["seconds"] is None:
        return "never"
    queued = f" ({meeting['queued']:.3f} s without a processor)" if meeting["queued"] > 0.1 else ""
    return f"{meeting['seconds']:.3f} s{queued}"


def of_memory(found):
    """A line of what the attacked one used, if he tells."""
    if not found["during"]:
        return []
    before, during = found["before"], found["during"]
    return [f"  memory {before['memory'] >> 10} KiB before, {during['memory_peak'] >> 10} KiB at the most; "
            f"{during['waiting_peak'] >> 10} KiB waited at the most"]


def told(kind, found):
    talk, sweep = found["talk"], found["sweep"]
    lines = [f"{kind}: of {talk['sent']} numbered datagrams {talk['lost']} lost, slowest {talk['slowest_ms']} ms",
             f"  {found['flood']['sent']} spoofed requests in {found['flood']['seconds']} s; newcomers after "
             + ", ".join(map(seconds, found["met in the flood"])),
             f"  {sweep['sent']} addresses swept in {sweep['seconds']} s, {sweep['refused']} refused; newcomers after "
             + ", ".join(map(seconds, found["met in the sweep"]))]
    return "\n".join(lines + of_memory(found))


def judge(found):
    assert found["flood"]["sent"] == SPOOFED_COUNT
    assert found["sweep"]["sent"] + found["sweep"]["refused"] == SWEPT_COUNT
    assert found["sweep"]["refused"] <= 2, "the network's and the broadcast address at the most"
    talk = found["talk"]
    assert talk["sent"] > 200
    assert (talk["lost"], talk["refused"], talk["doubled"]) == (0, 0, 0), "an established neighbour loses nothing"
    for meeting in found["met in the flood"] + found["met in the sweep"]:
        assert meeting["refused"] == 0 and meeting["seconds"] is not None, meeting
        assert meeting["seconds"] - meeting["queued"] < WITHIN_S, meeting
    during = found["during"]
    assert during["waiting_peak"] <= QUEUES_BYTES + SLACK_BYTES
    assert during["memory_peak"] - found["before"]["memory"] <= MEMORY_BYTES


def beside_each_other(kinds, storm, ordeal):
    """{kind of side: what was found there}"""
    results = {}
    for kind in kinds:
        side = kind(storm)
        try:
            results[kind.kind] = ordeal(side)
        finally:
            side.close()
    return results


def test_a_storm_of_spoofed_requests_and_a_sweep(storm, capsys):
    results = beside_each_other((KernelSide, NethoodSide), storm, ordeal)
    with capsys.disabled():
        print("\n" + "\n".join(told(kind, found) for kind, found in results.items()))
    judge(results["nethood"])
