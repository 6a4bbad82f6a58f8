# SPDX-License-Identifier: BSD-2-Clause
"""Addresses from outside: Debian's dnsmasq as the DHCP server, link-local, and by ARP.

The kernel's side of the wire is a TAP that is there before nethood comes; dnsmasq serves on it.
"""

import os
import re
import socket
import subprocess
import sys
import time

import pytest

OUTSIDE, WIRE = "10.77.0.1", "smoke0"
LLADDR = "02:00:00:00:00:42"
DEV = ["--dev", f"eth0=tap:{WIRE},lladdr={LLADDR}"]
RESOLV_CONF = "search smoke.example\nnameserver 10.77.0.1\nnameserver 10.77.0.3\n"


class Server:
    """dnsmasq on the kernel's side; its log is its standard error."""

    def __init__(self, host, folder, *options):
        self.host, self.log = host, os.path.join(folder, "dnsmasq.log")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = host.start(
                ["dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=", "--bind-dynamic",
                 f"--interface={WIRE}", "--except-interface=lo", "--user=root", f"--pid-file={folder}/pid",
                 f"--dhcp-leasefile={folder}/leases", "--log-dhcp", "--no-ping", "--dhcp-authoritative",
                 "--dhcp-range=10.77.0.50,10.77.0.99,255.255.255.0,2m", "--domain=smoke.example",
                 "--dhcp-option=option:dns-server,10.77.0.1,10.77.0.3", "--address=/host.example/192.0.2.53",
                 *options], as_root=True, stderr=log)

    def text(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def said(self, pattern, within=5.0):
        self.host.wait(lambda: re.search(pattern, self.text()), within, f"{pattern} in\n{self.text()}")


@pytest.fixture
def wire(host):
    """The kernel's side: a TAP with its address."""
    make_wire(host)
    return host


def make_wire(host):
    for words in (["tuntap", "add", WIRE, "mode", "tap"], ["addr", "add", f"{OUTSIDE}/24", "dev", WIRE],
                  ["link", "set", WIRE, "up"]):
        done = host.run(["ip", *words], as_root=True)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def server(wire, tmp_path):
    return wire, Server(wire, tmp_path)


def address(text):
    return re.search(r"inet (10\.77\.0\.[5-9]\d)/24", text).group(1)


# ---- DHCP ------------------------------------------------------------------

def test_run_gets_address_route_and_resolver(server):
    host, dnsmasq = server
    before = open("/etc/resolv.conf", encoding="utf-8").read() if os.path.exists("/etc/resolv.conf") else None
    out = host.good("run", *DEV, "--dhcp", "--", "sh", "-c",
                    f"ip addr show eth0; ip route; ping -c2 -i0.2 {OUTSIDE}; cat /etc/resolv.conf", timeout=60)
    ours = address(out)
    assert re.search(rf"inet {ours}/24 brd 10.77.0.255 scope global dynamic eth0\n +valid_lft 1[01]\dsec", out), out
    assert re.search(rf"^default via {OUTSIDE} dev eth0 proto dhcp src {ours} *$", out, re.M), out
    assert f"10.77.0.0/24 dev eth0 proto kernel scope link src {ours}" in out
    assert "2 received" in out
    assert out.endswith(RESOLV_CONF), out
    for word in ("DHCPDISCOVER", "DHCPOFFER", "DHCPREQUEST", "DHCPACK"):
        assert f"{word}({WIRE}) " in dnsmasq.text(), dnsmasq.text()
    dnsmasq.said(rf"DHCPRELEASE\({WIRE}\) {ours} {LLADDR}")
    after = open("/etc/resolv.conf", encoding="utf-8").read() if os.path.exists("/etc/resolv.conf") else None
    assert before == after


def test_a_net_that_is_up_renews_and_down_releases(wire, tmp_path):
    host = wire
    dnsmasq = Server(host, tmp_path, "--dhcp-option-force=option:T1,8", "--dhcp-option-force=option:T2,60")
    name = host.up(*DEV, "--dhcp=eth0")
    ours = address(host.good("exec", name, "--", "ip", "addr"))
    assert host.good("exec", name, "--", "cat", "/etc/resolv.conf") == RESOLV_CONF
    # its own resolver finds the server that the lease names; the kernel's peer finds the net
    out = host.good("exec", name, "--", "dig", "+short", "+tries=1", "+time=3", "host.example")
    assert out == "192.0.2.53\n"
    assert "1 received" in host.run(["ping", "-c1", ours]).stdout
    requests = dnsmasq.text().count("DHCPREQUEST")
    host.wait(lambda: dnsmasq.text().count("DHCPREQUEST") > requests, 15.0, "renewed\n" + dnsmasq.text())
    time.sleep(0.2)
    shown = host.good("exec", name, "--", "ip", "addr")
    assert address(shown) == ours
    assert int(re.search(r"dynamic eth0\n +valid_lft (\d+)sec", shown).group(1)) > 115, shown
    host.down(name)
    dnsmasq.said(rf"DHCPRELEASE\({WIRE}\) {ours} {LLADDR}")
    assert "DHCPDECLINE" not in dnsmasq.text()


def test_an_address_that_somebody_has_is_declined(wire, tmp_path):
    host = wire
    dnsmasq = Server(host, tmp_path, f"--dhcp-host={LLADDR},10.77.0.60")
    host.run(["ip", "addr", "add", "10.77.0.60/32", "dev", "lo"], as_root=True)    # the kernel answers ARP for it
    process = host.start([host.binary, "run", *DEV, "--dhcp", "--", "ip", "-4", "-br", "addr", "show", "dev", "eth0"])
    dnsmasq.said(rf"DHCPDECLINE\({WIRE}\) 10\.77\.0\.60 {LLADDR}", 12.0)
    host.run(["ip", "addr", "del", "10.77.0.60/32", "dev", "lo"], as_root=True)
    out, err = process.communicate(timeout=60)
    host.running.remove(process)
    assert process.returncode == 0, err
    assert re.search(r"10\.77\.0\.\d+/24", out), out


def test_nobody_serves(wire):
    began = time.monotonic()
    done = wire.nethood("run", *DEV, "--dhcp", "--", "true", timeout=80)
    assert done.returncode == 125
    assert re.fullmatch(r"nethood: --dhcp: eth0: no server answered within 45 s; [^\n]*--addr[^\n]*\n", done.stderr)
    assert 40 < time.monotonic() - began < 60


def test_waiting_ends_by_a_signal(wire):
    process = wire.start([wire.binary, "run", *DEV, "--dhcp", "--", "true"])
    time.sleep(1)
    process.terminate()
    process.communicate(timeout=5)
    wire.running.remove(process)
    assert process.returncode == 125


# An ordinary user's net, by a stream socket to somebody who may open the TAP.
BRIDGE = """
import fcntl, os, select, socket, struct, sys
tap = os.open("/dev/net/tun", os.O_RDWR)
fcntl.ioctl(tap, 0x400454ca, struct.pack("16sH22x", sys.argv[1].encode(), 0x1002))
door = socket.socket(socket.AF_UNIX)
door.bind(sys.argv[2]); os.chmod(sys.argv[2], 0o777); door.listen(1); print("ready", flush=True)
peer, _ = door.accept(); held = b""
while True:
    for fd in select.select([tap, peer], [], [])[0]:
        if fd == tap:
            frame = os.read(tap, 65536)
            peer.sendall(struct.pack("!I", len(frame)) + frame)
            continue
        data = peer.recv(65536)
        if not data: sys.exit()
        held += data
        while len(held) >= 4 and len(held) >= 4 + struct.unpack("!I", held[:4])[0]:
            end = 4 + struct.unpack("!I", held[:4])[0]
            os.write(tap, held[4:end]); held = held[end:]
"""


def test_the_resolver_of_an_ordinary_user(either, public, tmp_path_factory):
    host = either
    if not host.netns:
        pytest.skip("the other side of the wire needs root")
    make_wire(host)
    dnsmasq = Server(host, tmp_path_factory.mktemp("dnsmasq"))
    path = os.path.join(public, f"bridge-{host.user}")
    bridge = host.start([sys.executable, "-c", BRIDGE, WIRE, path], as_root=True)
    assert bridge.stdout.readline() == "ready\n"
    out = host.good("run", "--proc", "--dev", f"eth0=unix:{path},lladdr={LLADDR}", "--dhcp", "--", "sh", "-c",
                    "cat /etc/resolv.conf; ls /tmp | wc -l; grep -c resolv.conf /proc/self/mounts; "
                    "dig +short +tries=1 +time=3 host.example", timeout=60)
    assert out.startswith(RESOLV_CONF), out
    assert out.endswith("\n1\n192.0.2.53\n"), out
    dnsmasq.said("DHCPRELEASE")


# ---- link-local ------------------------------------------------------------

def test_a_link_local_address(wire):
    wire.run(["ip", "addr", "add", "169.254.7.7/16", "dev", WIRE], as_root=True)
    out = wire.good("run", *DEV, "--addr", "link-local", "--", "sh", "-c", "ip addr; ping -c1 169.254.7.7", timeout=40)
    assert re.search(r"inet 169\.254\.\d+\.\d+/16 brd 169.254.255.255 scope link eth0", out), out
    assert "1 received" in out


def test_link_local_until_a_server_answers(wire):
    """With both, link-local serves when nobody answers."""
    out = wire.good("run", *DEV, "--addr", "link-local%eth0", "--dhcp", "--", "ip", "-br", "addr", timeout=60)
    assert re.search(r"eth0 .* 169\.254\.\d+\.\d+/16", out), out


# ---- by ARP ----------------------------------------------------------------

def by_arp(host, options, *peer):
    process = host.start([host.binary, "run", *DEV, "--addr", "by-arp" + options, "--", "sh", "-c",
                          f"ip addr show eth0; ping -c1 {OUTSIDE}; sleep 2"])
    said = process.stderr.readline()
    says = rf"nethood: eth0: waits \d+ s; on the peer: ip neigh replace ADDRESS lladdr {LLADDR} .*\n"
    assert re.fullmatch(says, said)
    host.run(["ip", "neigh", "replace", "10.77.0.5", "lladdr", LLADDR, "dev", WIRE, "nud", "permanent"], as_root=True)
    done = host.run([*peer], as_root=True)
    out, err = process.communicate(timeout=40)
    host.running.remove(process)
    return process.returncode, out, err, done.stdout


def test_a_ping_of_the_length_sets_the_address(wire):
    status, out, err, peer = by_arp(wire, "", "ping", "-s", "408", "-i", "0.5", "-c", "30", "-w", "15", "10.77.0.5")
    assert status == 0 and "inet 10.77.0.5/24 brd 10.77.0.255 scope global eth0" in out, out + err
    assert "1 received" in out
    assert "416 bytes from 10.77.0.5" in peer, peer


def test_a_ping_of_another_length_does_not(wire):
    status, _, err, _ = by_arp(wire, ",timeout=4", "ping", "-s", "409", "-c", "2", "-w", "2", "10.77.0.5")
    assert status == 125 and "--addr by-arp: eth0: no packet gave it an address in time" in err


def test_a_packet_to_a_port_sets_the_address(wire):
    send = ("import socket\ns = socket.socket(type=socket.SOCK_DGRAM)\ns.sendto(b'hello', ('10.77.0.5', 4000))")
    status, out, err, _ = by_arp(wire, ",port=4000,prefix=16%eth0", sys.executable, "-c", send)
    assert status == 0 and "inet 10.77.0.5/16" in out, out + err


def test_what_does_not_fit_together(host):
    for words, piece in ((["--addr", "by-arp", "--addr", "10.1.1.1/24"], "has an address already"),
                         (["--addr", "by-arp", "--addr", "by-arp"], "already")):
        done = host.nethood("run", *words, "--", "true")
        assert done.returncode == 125 and piece in done.stderr, done.stderr
