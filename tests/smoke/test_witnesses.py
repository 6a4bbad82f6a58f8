# SPDX-License-Identifier: BSD-2-Clause
"""What arping of both kinds, arp-scan, nmap and arpwatch say of the kernel they must say of nethood.

Each row runs with a kernel at the other end of the wire (then the row is proven), and with nethood.
"""

import re
import subprocess
import time

import pytest

from conftest import INSIDE, OUTSIDE, Host
from lab.netns import Netns, veth_open

MAC, OTHER_MAC = "02:00:00:00:00:02", "02:00:00:00:00:99"
NOBODY = "10.77.0.6"
SCANNED = "10.77.0.0/29"


class Target:
    """Who is looked at, at the other end of wire `smoke0`: the kernel or nethood."""

    def __init__(self, kind):
        self.kind = kind
        self.host = Host()
        if kind == "nethood":
            self.name = self.host.up("--dev", f"eth0=tap:smoke0,lladdr={MAC}", "--addr", f"{INSIDE}/24",
                                     "--host-addr", f"{OUTSIDE}/24")
            return
        self.netns = Netns()
        self.netns.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        veth_open(self.netns, "eth0", self.host.netns, "smoke0")
        for words in (f"link set eth0 address {MAC}", f"addr add {INSIDE}/24 brd + dev eth0", "link set eth0 up"):
            self.run("ip", *words.split())
        for words in (f"addr add {OUTSIDE}/24 brd + dev smoke0", "link set smoke0 up"):
            self.host.run(["ip", *words.split()])

    def run(self, *argv):
        """A program on the target."""
        if self.kind == "nethood":
            return self.host.good("exec", self.name, "--", *argv)
        return subprocess.run(self.netns.wrap(list(argv)), pass_fds=(self.netns.fd,), check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def look(self, *argv):
        """A program on the other side."""
        return self.host.run(list(argv))

    def close(self):
        self.host.close()
        if self.kind == "kernel":
            self.netns.close()


@pytest.fixture(params=["kernel", "nethood"])
def target(request):
    end = Target(request.param)
    yield end
    end.close()


# options of arping; its exit status; what it must say
ARPING = [
    ("iputils", "it answers a broadcast, then unicasts", ["-c", "3", INSIDE], 0, "Received 3 response"),
    ("iputils", "it answers broadcasts alone", ["-b", "-c", "2", INSIDE], 0, r"Received 2 response"),
    ("iputils", "it answers from one address", ["-c", "2", INSIDE], 0,
     r"(?i)reply from 10.77.0.2 \[02:00:00:00:00:02\]"),
    ("iputils", "the address is taken", ["-D", "-c", "2", "-w", "3", INSIDE], 1, "Unicast reply"),
    ("iputils", "a free one is not", ["-D", "-c", "1", "-w", "1", NOBODY], 0, "Received 0 response"),
    ("iputils", "nobody answers for another", ["-c", "1", "-w", "1", NOBODY], 1, "Received 0 response"),
    ("iputils", "an announcement needs no answer", ["-U", "-c", "1", OUTSIDE], 0, "Received 0 response"),
    ("iputils", "nor does one as a reply", ["-A", "-c", "1", OUTSIDE], 0, "Received 0 response"),
    ("habets", "it answers", ["-c", "3", INSIDE], 0, "3 packets received"),
    ("habets", "it answers a prober", ["-0", "-c", "1", INSIDE], 0, "1 packets received"),
    ("habets", "it answers whoever asks", ["-S", "10.77.0.77", "-c", "1", INSIDE], 0, "1 packets received"),
    ("habets", "it is there once", ["-d", "-c", "2", INSIDE], 0, "2 packets received"),
    ("habets", "nobody answers for another", ["-c", "1", NOBODY], 1, "0 packets received"),
    ("habets", "it answers a ping to its MAC", ["-c", "1", "-T", INSIDE, MAC], 0, "1 packets received"),
]


@pytest.mark.parametrize("kind,says,options,status,text", ARPING, ids=[f"{r[0]}: {r[1]}" for r in ARPING])
def test_arping(target, arpings, kind, says, options, status, text):
    flag = {"iputils": "-I", "habets": "-i"}[kind]
    done = target.look(arpings[kind], flag, "smoke0", *options)
    assert done.returncode == status and re.search(text, done.stdout), f"{says}: {done.stdout}{done.stderr}"


# options of arp-scan; is the target found?
SCANS = [
    ("a whole prefix", [SCANNED], True),
    ("hardware type 6, IEEE 802", ["--arphrd=6", INSIDE], True),
    ("a hardware type that is not Ethernet's", ["--arphrd=2", INSIDE], False),
    ("a protocol that is not IPv4", ["--arppro=2049", INSIDE], False),
    ("a length of hardware addresses that is wrong", ["--arphln=7", INSIDE], False),
    ("a length of protocol addresses that is wrong", ["--arppln=5", INSIDE], False),
    ("an operation nobody knows", ["--arpop=9", INSIDE], False),
    ("a sender without address", ["--arpspa=0.0.0.0", INSIDE], True),
    ("a sender who says that he is the target", ["--arpspa=dest", INSIDE], False),
    ("a sender of another network", ["--arpspa=192.0.2.9", INSIDE], True),
    ("a target's hardware address that is another's", [f"--arptha={OTHER_MAC}", INSIDE], True),
    ("padding of 50 octets", ["--padding=" + "ff" * 50, INSIDE], True),
    ("asked by unicast", [f"--destaddr={MAC}", INSIDE], True),
    ("asked at another's address", [f"--destaddr={OTHER_MAC}", INSIDE], False),
]


@pytest.mark.parametrize("says,options,found", SCANS, ids=[row[0] for row in SCANS])
def test_arp_scan(target, says, options, found):
    done = target.look("arp-scan", "-I", "smoke0", "-q", "-x", "-r", "2", "-t", "200", *options)
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    assert lines == ([[INSIDE, MAC]] if found else []), f"{says}: {done.stdout}{done.stderr}"


def test_nmap_finds_who_is_there(target):
    done = target.look("nmap", "-n", "-sn", "-PR", SCANNED)
    up = re.findall(r"report for (\S+)\nHost is up(?:.*\nMAC Address: (\S+))?", done.stdout)
    assert sorted(up) == sorted([(OUTSIDE, ""), (INSIDE, MAC.upper())]), done.stdout + done.stderr
    done = target.look("nmap", "-n", "-sn", "-PR", NOBODY)
    assert "0 hosts up" in done.stdout, done.stdout


def test_arpwatch_learns_it_and_tells_its_new_address(target, tmp_path):
    file = tmp_path / "arp.dat"
    file.touch()
    watch = target.host.start(["arpwatch", "-d", "-N", "-i", "smoke0", "-f", str(file)])
    time.sleep(1.5)                     # it says nothing when it is ready
    target.run("ping", "-c1", OUTSIDE)
    for words in (["down"], ["address", OTHER_MAC], ["up"]):
        target.run("ip", "link", "set", "eth0", *words)
    target.run("ping", "-c1", OUTSIDE)
    time.sleep(2.5)                     # it reads once a second
    watch.terminate()
    said = "".join(watch.communicate(timeout=10))
    target.host.running.remove(watch)
    reports = dict(re.findall(r"Subject: (.*?) smoke0\n(.*?)(?=\nFrom:|\Z)", said, re.S))
    assert MAC in reports.get(f"new station ({INSIDE})", ""), said
    moved = reports.get(f"changed ethernet address ({INSIDE})", "")
    assert f"ethernet address: {OTHER_MAC}" in moved and MAC in moved, said
    assert not any("bogon" in subject or "mismatch" in subject for subject in reports), said
