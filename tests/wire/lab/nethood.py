# SPDX-License-Identifier: BSD-2-Clause
"""The stack under test: a net of `nethood up`, on TAP devices of a private namespace.

NETHOOD names the binary; without it the newest build/*/apps/nethood/nethood of the
tree is taken.  NETHOOD_WIRE chooses the driver: `fd` (an inherited TAP descriptor,
the default), `tap` (nethood makes the TAP), `unix` (an inherited stream socket), `packet`
(AF_PACKET on one end of a veth pair; the default where TAP devices are root's), `xdp` (AF_XDP there).
"""

import glob
import ipaddress
import os
import secrets
import socket
import struct
import subprocess

from . import netlink as nl
from .netns import Netns, tap_open, tap_possible, veth_open
from .ports import Hub, PacketPort, StreamPort
from .stack import Stack

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
HOST_MTU = 65521
IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_F_NODAD = 1, 2, 4, 2


def binary():
    """The command under test; a missing one is a failure, never a skip."""
    named = os.environ.get("NETHOOD")
    if named:
        found = [named] if os.access(named, os.X_OK) else []
    else:
        found = sorted(glob.glob(f"{TREE}/build/*/apps/nethood/nethood"), key=os.path.getmtime)
    if not found:
        raise AssertionError(f"no nethood to test: {named or 'build/*/apps/nethood/nethood'} "
                             "is missing; build it, or name it in NETHOOD")
    return found[-1]


class NethoodStack(Stack):
    kind = "nethood"

    def __init__(self, profile="linux", **options):
        super().__init__(**options)
        self.profile = profile
        self.binary = binary()
        self.name = f"wire-{os.getpid()}-{secrets.token_hex(3)}"
        self.netns = Netns()
        self.hub = None
        self.up = False
        self._inherit = []
        try:
            self._up()
        except BaseException:
            self.close()
            raise

    # ---- the wires ------------------------------------------------------

    def _wire(self, dev):
        """Make one wire; return the driver's name and argument for --dev."""
        driver = os.environ.get("NETHOOD_WIRE", "fd" if tap_possible() else "packet")
        if driver == "unix":
            ours, theirs = socket.socketpair()
            self._inherit.append(theirs.detach())
            dev.port = StreamPort(dev.name, dev.mac, ours)
            return f"fd:{self._inherit[-1]}"
        ifname = f"wire{dev.index}"
        if driver in ("packet", "xdp"):
            return self._veth_wire(driver, dev, ifname)
        fd = self.netns.do(tap_open, ifname) if driver == "fd" else None
        if fd is None:
            self._command(["ip", "tuntap", "add", ifname, "mode", "tap"])
        self._command(["ip", "link", "set", ifname, "mtu", str(HOST_MTU), "arp", "off", "up"])
        dev.port = self.netns.do(PacketPort, dev.name, dev.mac, ifname)
        if fd is None:
            return f"tap:{ifname}"
        self._inherit.append(fd)
        return f"fd:{fd}"

    def _veth_wire(self, driver, dev, ifname):
        """What a frame of AF_XDP may have is less than an interface may: its MTU stays."""
        veth_open(self.netns, f"net{dev.index}", self.netns, ifname)
        mtu = ["mtu", "65535"] if driver == "packet" else []
        for name in (f"net{dev.index}", ifname):
            self._command(["ip", "link", "set", name, *mtu, "arp", "off", "up"])
        dev.port = self.netns.do(PacketPort, dev.name, dev.mac, ifname)
        return f"{driver}:net{dev.index},offload=off"

    def _up(self):
        self.netns.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        argv = [self.binary, "up", self.name, "--profile", self.profile]
        for dev in self.devs:
            wire = self._wire(dev)
            argv += ["--dev", f"{dev.name}={wire},mtu={self.mtu},lladdr={dev.mac}"]
            if self._addresses and self.profile != "strict":
                argv += ["--addr", f"{dev.address}/{self.prefix}%{dev.name}"]
        if not self.ipv6:
            argv += ["--sysctl", "net.ipv6.conf.all.disable_ipv6=1"]
        for key, value in self._sysctls.items():
            argv += ["--sysctl", f"{key}={value}"]
        self._ready()
        self.hub = Hub([dev.port for dev in self.devs])
        self._command(argv, tuple(self._inherit))
        self.up = True
        for fd in self._inherit:
            os.close(fd)
        self._inherit = []
        if self._addresses and self.profile == "strict":
            self._addresses_at_once()
        if self._addresses and self.ipv6:
            self.batch([f"addr add {dev.address6}/64 dev {dev.name} nodad" for dev in self.devs])
        self._wait_addresses6()

    def _addresses_at_once(self):
        """Strict would probe for them first, and ip(8) has `nodad` for IPv6 only."""
        for dev in self.devs:
            address = nl.addr(dev.address)
            header = struct.pack("=BBBBI", socket.AF_INET, self.prefix, IFA_F_NODAD, 0, self.ifindex(dev.name))
            attrs = (nl.attr(IFA_LOCAL, address) + nl.attr(IFA_ADDRESS, address) +
                     nl.attr(IFA_BROADCAST, nl.addr(self._broadcast(dev))))
            request = nl.message(nl.RTM_NEWADDR, nl.NLM_F_REQUEST | nl.NLM_F_ACK | nl.NLM_F_CREATE, header + attrs)
            answer, = nl.ask(self, request)
            if answer.error:
                raise AssertionError(f"{dev.address} on {dev.name}: {answer!r}")

    def _broadcast(self, dev):
        return str(ipaddress.ip_interface(f"{dev.address}/{self.prefix}").network.broadcast_address)

    def _command(self, argv, fds=()):
        done = subprocess.run(self.netns.wrap(argv), text=True, timeout=20,
                              pass_fds=(self.netns.fd, *fds), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise AssertionError(f"{' '.join(argv)} ended with {done.returncode}: {done.stdout}")
        return done.stdout

    # ---- programs and state ---------------------------------------------

    def command(self, name, *options):
        """What `nethood NAME` says about this net."""
        return self._command([self.binary, name, self.name, *options])

    def wrap(self, argv):
        return [self.binary, "exec", self.name, *(["--proc"] if self.proc else []), "--", *argv]

    def sysctl(self, key, value=None):
        if value is None:
            out = self._command([self.binary, "sysctl", self.name, key])
            return out.partition("=")[2].strip()
        self._command([self.binary, "sysctl", self.name, "-w", f"{key}={value}"])
        return str(value)

    def state_text(self):
        try:
            drops = self._command([self.binary, "drops", self.name])
        except Exception as error:      # a failure's text must not hide the failure
            drops = str(error)
        return super().state_text() + f"-- nethood drops\n{drops}"

    def close(self):
        self._end_programs()
        try:
            if self.up:
                self._command([self.binary, "down", self.name])
        finally:
            self.up = False
            for fd in self._inherit:
                os.close(fd)
            self._inherit = []
            if self.hub:
                self.hub.close()
            self.netns.close()
