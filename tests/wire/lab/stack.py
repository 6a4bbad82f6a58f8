# SPDX-License-Identifier: BSD-2-Clause
"""A stack under test: what a script may do with it, whichever of the two it is.

The stack is 10.77.0.2/24 on eth0 (and 10.78.0.2/24 on eth1, ...), with the MAC
02:00:00:00:00:02 (:03, ...).  The script plays everybody else on the wires.
With ipv6=True it is fd77::2/64 (fd78::2/64, ...) and fe80::ff:fe00:2 (:3, ...) as well,
without detection of duplicates and without solicitation of routers, unless a sysctl says so.
Times are compressed by sysctls only, so that both stacks do the same.
"""

import json
import os
import select
import signal
import socket
import subprocess
import time

from .remote import Remote, RemoteSocket, source_of

ADDRESS = "10.77.0.2"
PEER = "10.77.0.1"
PEER_MAC = "02:00:00:00:77:01"
ADDRESS6, PEER6 = "fd77::2", "fd77::1"
LINKLOCAL, PEER_LINKLOCAL = "fe80::ff:fe00:2", "fe80::77:1"
QUIET6 = {f"net.ipv6.conf.{scope}.{name}": 0       # what IPv6 would say without being asked
          for scope in ("all", "default")
          for name in ("dad_transmits", "router_solicitations", "router_solicitation_delay")}
STATE_LINES = 100           # of a table, in the text of a failure


class Device:
    """A device of the stack, and the script's end of its wire."""

    def __init__(self, index):
        self.index = index
        self.name = f"eth{index}"
        self.mac = f"02:00:00:00:00:{2 + index:02x}"
        self.address = f"10.{77 + index}.0.2"
        self.address6 = f"fd{77 + index}::2"
        self.linklocal = f"fe80::ff:fe00:{2 + index:x}"
        self.port = None


class Failed(AssertionError):
    pass


class Stack:
    kind = "?"

    def __init__(self, devs=1, addresses=True, sysctls=None, mtu=1500, prefix=24, whole_table=False,
                 ipv6=False, wait6=True, proc=False):
        self.devs = [Device(i) for i in range(devs)]
        self.mtu = mtu
        self.prefix = prefix
        self.ipv6 = ipv6
        self.wait6 = wait6 and ipv6
        self.proc = proc                # programs see the stack in /proc/net and /proc/sys/net
        self.whole_table = whole_table  # it may fill the kernel's, which is everybody's
        self.started = time.monotonic()
        self._remotes = []
        self._running = []
        self._main = None
        self._ifindex = {}
        self._addresses = addresses
        self._sysctls = {**(QUIET6 if ipv6 else {}), **(sysctls or {})}

    def _ready(self):
        for dev in self.devs:
            dev.port.stack = self

    def _wait_addresses6(self):
        """Until every IPv6 address may be used."""
        deadline = time.monotonic() + 3
        while self.wait6 and self.ip("-6 addr show tentative -dadfailed").stdout.strip():
            if time.monotonic() > deadline:
                raise Failed("addresses stay tentative:\n" + self.ip("-6 addr").stdout)
            time.sleep(0.02)

    # ---- shorthands: the first device -----------------------------------

    @property
    def port(self):
        return self.devs[0].port

    @property
    def mac(self):
        return self.devs[0].mac

    @property
    def address(self):
        return self.devs[0].address

    # ---- programs -------------------------------------------------------

    def wrap(self, argv):
        """The argument vector that runs @argv on this stack."""
        raise NotImplementedError

    def batch(self, lines):
        """Many ip(8) commands that must succeed."""
        return self.run(["ip", "-batch", "-"], input="\n".join(lines))

    def ifindex(self, dev="eth0"):
        if dev not in self._ifindex:
            self._ifindex[dev] = self.ip_json(f"link show dev {dev}")[0]["ifindex"]
        return self._ifindex[dev]

    def start(self, argv, stdin=False, own_stderr=False, **kwargs):
        process = subprocess.Popen(
            self.wrap([str(a) for a in argv]), pass_fds=self.pass_fds(),
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if own_stderr else subprocess.PIPE, bufsize=0, start_new_session=True, **kwargs)
        self._running.append(process)
        return process

    def pass_fds(self):
        return ()

    def run(self, argv, check=True, timeout=20, input=None, **kwargs):
        """Run a program on the stack to its end."""
        process = self.start(argv, stdin=input is not None, **kwargs)
        try:
            out, err = process.communicate(input.encode() if input is not None else None, timeout)
        except subprocess.TimeoutExpired:
            kill_all(process)
            raise Failed(f"{self.kind}: {argv} did not end in {timeout} s\n"
                         + self.state_text()) from None
        finally:
            self._running.remove(process)
        done = subprocess.CompletedProcess(argv, process.returncode, out.decode(), err.decode())
        if check and done.returncode:
            raise Failed(f"{self.kind}: {' '.join(map(str, argv))} ended with "
                         f"{done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def ip(self, words, check=True):
        return self.run(["ip", *words.split()], check=check)

    def ip_json(self, words):
        out = self.run(["ip", "-j", *words.split()]).stdout.strip()
        return json.loads(out) if out else []

    def ip_error(self, words):
        """What ip(8) complains about, on one line; "" when it succeeds."""
        done = self.ip(words, check=False)
        return " ".join(done.stderr.split())

    def monitor(self, what="neigh"):
        return Monitor(self, what)

    # ---- code and sockets inside ----------------------------------------

    def remote(self):
        """A fresh program inside the stack."""
        self._remotes.append(Remote(self))
        return self._remotes[-1]

    @property
    def inside(self):
        if self._main is None:
            self._main = self.remote()
        return self._main

    def call(self, function, *args, timeout=15.0, **kwargs):
        """Run a self-contained function in the stack's program."""
        return self.inside.ask("call", source_of(function), function.__name__, args, kwargs,
                               timeout=timeout)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_DGRAM, proto=0, remote=None):
        return RemoteSocket(remote or self.inside, family, kind, proto)

    def udp(self, bind=None, remote=None):
        sock = self.socket(remote=remote)
        if bind:
            sock.bind(bind)
        return sock

    # ---- state ----------------------------------------------------------

    def sysctl(self, key, value=None):
        raise NotImplementedError

    def neigh_sysctl(self, dev="eth0", family="ipv4", **values):
        for name, value in values.items():
            self.sysctl(f"net.{family}.neigh.{dev}.{name}", value)

    def conf(self, dev="eth0", family="ipv4", **values):
        for name, value in values.items():
            self.sysctl(f"net.{family}.conf.{dev}.{name}", value)

    def neigh(self, address, dev="eth0"):
        """The neighbour entry as `ip -j neigh` has it; None when there is none."""
        for entry in self.ip_json(f"-s neigh show dev {dev} nud all to {address}"):
            if entry.get("dst") == address:
                return entry
        return None

    def nud(self, address, dev="eth0"):
        """The NUD state's name; None without an entry."""
        entry = self.neigh(address, dev)
        return entry["state"][0] if entry and entry.get("state") else ("NONE" if entry else None)

    def lladdr(self, address, dev="eth0"):
        entry = self.neigh(address, dev)
        return entry.get("lladdr") if entry else None

    def table(self, dev="eth0"):
        """The whole neighbour table of a device: {address: (state, lladdr or None)}."""
        return {e["dst"]: (e["state"][0] if e.get("state") else "NONE", e.get("lladdr"))
                for e in self.ip_json(f"neigh show dev {dev} nud all")}

    def wait_nud(self, address, *states, within=1.0, dev="eth0"):
        """Wait until the entry is in one of these states; return the time."""
        deadline = time.monotonic() + within
        while True:
            state = self.nud(address, dev)
            now = time.monotonic()
            if state in states:
                return now
            if now > deadline:
                raise AssertionError(
                    f"{self.kind}: {address} is {state}, not {' or '.join(map(str, states))} "
                    f"after {within:g} s\n" + self.state_text())
            time.sleep(0.01)

    # ---- for failures ---------------------------------------------------

    def neigh_text(self):
        try:
            lines = self.ip("-s neigh show nud all").stdout.splitlines(True)
            rest = [f"and {len(lines) - STATE_LINES} more\n"] if len(lines) > STATE_LINES else []
            return "-- ip -s neigh\n" + "".join(lines[:STATE_LINES] + rest)
        except Exception as error:      # a failure's text must not hide the failure
            return f"-- ip -s neigh: {error}"

    def state_text(self):
        wires = "\n".join(d.port.log_text() for d in self.devs)
        return f"-- frames of {self.kind}\n{wires}\n{self.neigh_text()}"

    # ---- end ------------------------------------------------------------

    def _end_programs(self):
        for remote in self._remotes:
            remote.close()
            self._running.remove(remote.process)
        for process in self._running:
            kill_all(process)
        self._remotes, self._running = [], []

    def close(self):
        raise NotImplementedError


def kill_all(process):
    """End what start() began, with what it began itself: `nethood exec` has a child that holds the pipes."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.communicate()


class Monitor:
    """`ip monitor` on the stack: the lines it prints, each with its time."""

    def __init__(self, stack, what):
        self.stack = stack
        self.process = stack.start(["ip", "monitor", *what.split()])
        self._rest = b""
        self.seen = []
        # There is no sign that it listens: make it say something.
        probe = "203.0.113.250"
        deadline = time.monotonic() + 5
        while not any(probe in line for _, line in self.seen):
            assert time.monotonic() < deadline, "ip monitor says nothing"
            stack.ip(f"neigh replace {probe} lladdr 02:00:00:00:fe:fe dev eth0 nud permanent")
            stack.ip(f"neigh del {probe} dev eth0")
            self._read(0.2, lambda lines: any(probe in line for line in lines))
        self._read(0.05)
        self.seen = []

    def _read(self, timeout, enough=None):
        deadline = time.monotonic() + timeout
        fd = self.process.stdout
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                return
            more = fd.read(65536)
            if not more:
                return
            *lines, self._rest = (self._rest + more).split(b"\n")
            now = time.monotonic()
            self.seen += [(now, " ".join(l.decode().split())) for l in lines if l.strip()]
            if enough and enough([line for _, line in self.seen]):
                return

    def lines(self, during=0.15):
        """All lines of the time span (and before); each is given once."""
        self._read(during)
        lines, self.seen = [line for _, line in self.seen], []
        return [line for line in lines if "203.0.113.250" not in line]

    def until(self, text, within=2.0):
        """The lines up to and with the first that contains @text."""
        self._read(within, lambda lines: any(text in line for line in lines))
        for i, (when, line) in enumerate(self.seen):
            if text in line:
                got, self.seen = self.seen[:i + 1], self.seen[i + 1:]
                return when, [l for _, l in got]
        raise AssertionError(f"{self.stack.kind}: ip monitor did not say {text!r} within "
                             f"{within:g} s, but {[l for _, l in self.seen]}\n"
                             + self.stack.state_text())

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.communicate()
        self.stack._running.remove(self.process)
