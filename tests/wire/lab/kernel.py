# SPDX-License-Identifier: BSD-2-Clause
"""The oracle: the running kernel, in a network namespace, on TAP devices.

The script holds the TAP descriptors, so nothing but the kernel under test stands
between a script and the frames.  Where TAP devices are root's, a veth pair takes their
place, with the script at the other end in a namespace that has no address and no voice.
"""

import subprocess

from . import whole_table
from .netns import Netns, tap_open, tap_possible, veth_open
from .ports import Hub, PacketPort, TapPort
from .stack import Stack


class KernelStack(Stack):
    kind = "kernel"

    def __init__(self, **options):
        super().__init__(**options)
        self.has_table = False
        self.netns = Netns()
        self.outside = None
        self.hub = None
        try:
            whole_table.take(self.whole_table)
            self.has_table = True
            for scope in ("all", "default"):    # it would talk on the wire without being asked
                self.netns.sysctl(f"net.ipv6.conf.{scope}.disable_ipv6", int(not self.ipv6))
            for key, value in self._sysctls.items():
                if key.startswith("net.ipv6.conf.default."):    # devices are born with them
                    self.netns.sysctl(key, value)
            for dev in self.devs:
                dev.port = self._wire(dev)
            self._forget_proxies()
            self._ready()
            self.hub = Hub([dev.port for dev in self.devs])
            self._configure()
            self._wait_addresses6()
        except BaseException:
            self.close()
            raise

    def _wire(self, dev):
        if tap_possible():
            return TapPort(dev.name, dev.mac, self.netns.do(tap_open, dev.name))
        if self.outside is None:
            self.outside = Netns()
            self.outside.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        ifname = f"wire{dev.index}"
        veth_open(self.netns, dev.name, self.outside, ifname)
        subprocess.run(self.outside.wrap(["ip", "link", "set", ifname, "mtu", "65535", "arp",
                                          "off", "up"]), check=True,
                       pass_fds=(self.outside.fd,))
        return self.outside.do(PacketPort, dev.name, dev.mac, ifname)

    def _configure(self):
        lines = ["link set lo up"]
        for dev in self.devs:
            lines.append(f"link set {dev.name} address {dev.mac} mtu {self.mtu}")
        for key, value in self._sysctls.items():
            self.sysctl(key, value)
        for dev in self.devs:
            lines.append(f"link set {dev.name} up")
            if self._addresses:
                lines.append(f"addr add {dev.address}/{self.prefix} brd + dev {dev.name}")
            if self._addresses and self.ipv6:
                lines.append(f"addr add {dev.address6}/64 dev {dev.name} nodad")
        subprocess.run(self.wrap(["ip", "-batch", "-"]), input="\n".join(lines), text=True,
                       check=True, pass_fds=self.pass_fds())

    def _forget_proxies(self):
        """The kernel keeps a proxy of all devices when its namespace goes, and shows it in a later one
        that happens to lie at the same place in memory."""
        found = subprocess.run(self.wrap(["ip", "neigh", "show", "proxy"]), stdout=subprocess.PIPE, text=True,
                               check=True, pass_fds=self.pass_fds()).stdout.split("\n")
        lines = [f"neigh del proxy {line.split()[0]}" for line in found if line.strip()]
        if lines:
            subprocess.run(self.wrap(["ip", "-batch", "-"]), input="\n".join(lines), text=True, check=True,
                           pass_fds=self.pass_fds())

    def wrap(self, argv):
        return self.netns.wrap(argv)

    def pass_fds(self):
        return (self.netns.fd,)

    def sysctl(self, key, value=None):
        return self.netns.sysctl(key, value)

    def close(self):
        self._end_programs()
        if self.hub:
            self.hub.close()
        for netns in (self.netns, self.outside):
            if netns:
                netns.close()
        if self.has_table:
            self.has_table = False
            whole_table.give(self.whole_table)
