# SPDX-License-Identifier: BSD-2-Clause
"""A segment of Ethernet with several hosts on it, each of which is the kernel or nethood.

The segment is a bridge of the machine's namespace; a kernel has a namespace of its own, and eth0 in it.  Both kinds
are told what to do by the same programs: ip(8), sysctl, ping.
"""

import json
import re
import subprocess

import pytest

from conftest import Host
from lab.netns import Netns, veth_open

BRIDGE = "lan"
KINDS = ("kernel", "nethood")
PACE = {"net.ipv6.conf.eth0.router_solicitation_delay": 0}     # nobody waits a second before he says something


class Node:
    """A host of a segment."""

    def __init__(self, lan, number):
        self.lan = lan
        self.number = number
        self.mac = f"02:00:00:00:77:{number:02x}"
        self.linklocal = f"fe80::ff:fe00:77{number:02x}"
        self.wire = f"wire{number}"

    def wrap(self, argv):
        raise NotImplementedError

    def start(self, *argv, **kwargs):
        process = subprocess.Popen(self.wrap([str(a) for a in argv]), pass_fds=self.fds(), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env=self.lan.host.env, **kwargs)
        self.lan.running.append(process)
        return process

    def stop(self, process, timeout=10):
        process.terminate()
        out, _ = process.communicate(timeout=timeout)
        self.lan.running.remove(process)
        return out

    def result(self, process, timeout=60):
        out, _ = process.communicate(timeout=timeout)
        self.lan.running.remove(process)
        return out

    def run(self, *argv, check=True, timeout=60):
        process = self.start(*argv)
        out = self.result(process, timeout)
        assert not check or process.returncode == 0, f"{self.kind}: {argv}: {process.returncode}\n{out}"
        return out

    def ip(self, words):
        return self.run("ip", "-6", *words.split())

    def ip_json(self, words):
        out = self.run("ip", "-6", "-j", *words.split()).strip()
        return json.loads(out) if out else []

    def sysctl(self, **values):
        """Of IPv6: all__forwarding=1 is net.ipv6.conf.all.forwarding."""
        for name, value in values.items():
            self.set(f"net.ipv6.conf.{name.replace('__', '.')}", value)

    def addresses(self, dev="eth0"):
        """{address: entry of ip -j addr}"""
        return {a["local"]: a for a in self.ip_json(f"addr show dev {dev}")[0]["addr_info"] if a.get("local")}

    def way(self, address):
        return self.ip_json(f"route get {address}")[0]

    def ping(self, address, count=1, size=56, wait_s=3):
        """How many answers came."""
        out = self.run("ping", "-6", "-n", "-c", count, "-i", "0.05", "-s", size, "-W", wait_s, address, check=False)
        return int(re.search(r"(\d+) received", out)[1])

    def get(self, key):
        """The value of a sysctl."""
        raise NotImplementedError

    def counters(self, names):
        rows = dict(line.split()[:2] for line in self.file("snmp6").splitlines())
        return [int(rows[name]) for name in names]

    def counter(self, name):
        return self.counters([name])[0]


class KernelNode(Node):
    kind = "kernel"

    def __init__(self, lan, number, sysctls):
        super().__init__(lan, number)
        self.netns = Netns()
        self.set("net.ipv6.conf.all.disable_ipv6", 0)
        veth_open(self.netns, "eth0", lan.netns, self.wire)
        for key, value in sysctls.items():
            self.set(key, value)
        for words in (f"link set eth0 address {self.mac}", "link set lo up", "link set eth0 up"):
            self.run("ip", *words.split())

    def fds(self):
        return (self.netns.fd,)

    def wrap(self, argv):
        return self.netns.wrap(argv)

    def set(self, key, value):
        self.netns.sysctl(key, value)

    def get(self, key):
        return self.netns.sysctl(key)

    def file(self, name):
        """A file of /proc/net."""
        return self.run("cat", f"/proc/net/{name}")

    def close(self):
        self.netns.close()


class NethoodNode(Node):
    kind = "nethood"

    def __init__(self, lan, number, sysctls, profile="linux"):
        super().__init__(lan, number)
        options = [word for item in sysctls.items() for word in ("--sysctl", "%s=%s" % item)]
        self.name = lan.host.up("--dev", f"eth0=tap:{self.wire},lladdr={self.mac}", "--profile", profile, *options)

    def fds(self):
        return (self.lan.netns.fd,)

    def wrap(self, argv):
        return self.lan.netns.wrap([self.lan.host.binary, "exec", self.name, "--", *argv])

    def set(self, key, value):
        self.lan.host.good("sysctl", self.name, "-w", f"{key}={value}")

    def get(self, key):
        return self.lan.host.good("sysctl", self.name, key).partition("=")[2].strip()

    def file(self, name):
        return self.lan.host.good("proc", self.name, name)

    def usage(self):
        return next(n for n in json.loads(self.lan.host.good("ls", "-j")) if n["name"] == self.name)

    def close(self):
        if self.name in self.lan.host.names:
            self.lan.host.down(self.name)


class Lan:
    def __init__(self):
        self.host = Host()
        self.netns = self.host.netns
        self.nodes, self.running = [], []
        for words in (f"link add {BRIDGE} type bridge forward_delay 0 mcast_snooping 0", f"link set {BRIDGE} up"):
            self.host.run(["ip", *words.split()])

    def add(self, kind, sysctls=None, **options):
        """A host that has its link-local address and may use it."""
        cls = {"kernel": KernelNode, "nethood": NethoodNode}[kind]
        # Its first words shall be heard: the wire is there before it speaks.
        node = cls(self, len(self.nodes) + 1, {**PACE, **(sysctls or {})}, **options)
        self.nodes.append(node)
        done = self.host.run(["ip", "link", "set", node.wire, "master", BRIDGE, "up"])
        assert done.returncode == 0, done
        self.wait(lambda: not node.addresses().get(node.linklocal, {"tentative": 1}).get("tentative"),
                  why=f"the link-local address of {kind}")
        return node

    def wait(self, test, within=10.0, why=""):
        return self.host.wait(test, within, why)

    def close(self):
        for process in self.running:
            process.kill()
            process.communicate()
        for node in self.nodes:
            node.close()
        self.host.close()


@pytest.fixture
def lan():
    segment = Lan()
    yield segment
    segment.close()
