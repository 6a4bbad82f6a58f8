# SPDX-License-Identifier: BSD-2-Clause
"""Part 4: programs as they are, on `nethood run` and, in the same turn, on the kernel over veth.

The peer is always the kernel, in a namespace of its own: programs of nethood reach it by a TAP device (with offload),
native ones, in a second namespace, by veth.  All figures are the smaller the better.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(TREE, "tests", "wire"))

from lab.netns import Netns             # noqa: E402

PEER = {"nethood": "10.77.0.1", "native": "10.77.1.1"}      # the kernel's addresses
OWN = {"nethood": "10.77.0.2", "native": "10.77.1.2"}       # of the programs that are measured
NET = ["--dev", "eth0=tap:bench0,offload=on", "--addr", f"{OWN['nethood']}/24", "--host-addr", f"{PEER['nethood']}/24"]
SECONDS = 2


class Missing(Exception):
    """What this machine lacks for a row."""


def need(*programs):
    """Paths of @programs."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    found = [shutil.which(program, path=path) for program in programs]
    for program, where in zip(programs, found):
        if not where:
            raise Missing(f"{program} is not installed")
    return found


class Worlds:
    """The two namespaces, and what runs in them; close() leaves nothing behind."""

    def __init__(self, build, cpu):
        self.nethood = os.path.join(build, "apps", "nethood", "nethood")
        self.tools = os.path.join(build, "bench")
        self.pin = ["taskset", "-c", str(cpu)]
        self.outer, self.inner = Netns(), Netns()
        self.running = []
        self.folder = tempfile.mkdtemp(prefix="nethood-bench-")
        self.ip(self.outer, "link", "set", "lo", "up")
        self.ip(self.outer, "link", "add", "v1", "type", "veth", "peer", "name", "v2", "netns",
                f"/proc/self/fd/{self.inner.fd}")
        self.ip(self.outer, "addr", "add", f"{PEER['native']}/24", "dev", "v1")
        self.ip(self.outer, "link", "set", "v1", "up")
        self.ip(self.outer, "route", "add", "default", "via", OWN["native"])     # passt looks for one
        self.ip(self.inner, "addr", "add", f"{OWN['native']}/24", "dev", "v2")
        self.ip(self.inner, "link", "set", "v2", "up")
        self.ip(self.inner, "link", "set", "lo", "up")

    def popen(self, netns, argv, **kwargs):
        return subprocess.Popen(netns.wrap(argv), pass_fds=(self.outer.fd, self.inner.fd), text=True,
                                stdin=subprocess.DEVNULL, start_new_session=True, **kwargs)

    def run(self, netns, argv, timeout=60):
        """What it prints."""
        process = self.popen(netns, argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise RuntimeError(f"{argv} does not end") from None
        if process.returncode:
            raise RuntimeError(f"{argv} ended with {process.returncode}: {err.strip() or out.strip()}")
        return out

    def ip(self, netns, *words):
        self.run(netns, ["ip", *words])

    def place(self, side, argv, pinned=False):
        """(namespace, command) of a measured program on @side."""
        argv = self.pin + argv if pinned else argv
        if side == "native":
            return self.inner, argv
        run = [self.nethood, "run", *NET, "--"]
        return self.outer, (self.pin + run if pinned else run) + argv

    @contextlib.contextmanager
    def background(self, netns, argv):
        """A program, for as long as the block lasts."""
        with open(os.path.join(self.folder, "log"), "w", encoding="utf-8") as log:
            process = self.popen(netns, argv, stdout=log, stderr=log)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def answers(self, address, port, process):
        """Wait until somebody accepts there; asked from where the peer is."""
        probe = f"import socket; socket.create_connection(('{address}', {port}), 2)"
        for _ in range(100):
            done = subprocess.run(self.outer.wrap(["/usr/bin/python3", "-c", probe]), pass_fds=(self.outer.fd,),
                                  stderr=subprocess.DEVNULL, check=False)
            if done.returncode == 0:
                return
            if process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"nobody answers at {address}:{port}: {self.logged()}")

    def logged(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as log:
            return log.read()[:500]

    def close(self):
        self.outer.close()
        self.inner.close()
        shutil.rmtree(self.folder)


def both(measure):
    """{side: figure}"""
    return {side: measure(side) for side in ("native", "nethood")}


# ---- rows: function(worlds) -> {"nethood": figure, "native" or "limit" ...: figure}

def trapped_call(w):
    tool = os.path.join(w.tools, "trapped")
    limit = float(w.run(w.outer, [*w.pin, tool, "read"]))
    call = float(w.run(w.outer, [*w.pin, w.nethood, "run", "--", tool, "call"]))
    return {"nethood": call / 1000, "limit": limit / 1000}


def iperf3(w, *options):
    program, = need("iperf3")

    def measure(side):
        with w.background(w.outer, [program, "-s", "-1"]) as server:
            time.sleep(0.3)
            argv = [program, "-c", PEER[side], "-t", str(SECONDS), "-O", "0.5", "-J", *options]
            found = json.loads(w.run(*w.place(side, argv)))
            server.wait(timeout=10)
        return 1024 * 8e9 / found["end"]["sum_received"]["bits_per_second"]
    return both(measure)


def redis_set(w):
    server, asker = need("redis-server", "redis-benchmark")

    def measure(side):
        argv = [server, "--save", "", "--appendonly", "no", "--protected-mode", "no", "--dir", w.folder]
        with w.background(*w.place(side, argv)) as process:
            w.answers(OWN[side], 6379, process)
            out = w.run(w.outer, [asker, "-h", OWN[side], "-t", "set", "-c", "50", "-n", "100000", "--csv"])
        return 1e6 / float(out.strip().splitlines()[-1].split(",")[1].strip('"'))
    return both(measure)


def wrk_nginx(w):
    server, asker = need("nginx", "wrk")
    conf = os.path.join(w.folder, "nginx.conf")
    with open(os.path.join(w.folder, "page.html"), "w", encoding="ascii") as page:
        page.write("x" * 612)
    temp = "".join(f"{kind}_temp_path {w.folder}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(conf, "w", encoding="utf-8") as out:
        out.write(f"daemon off; worker_processes 1; pid {w.folder}/pid; error_log stderr; user root;\n"
                  f"events {{ worker_connections 512; }}\nhttp {{ access_log off; {temp}\n"
                  f"server {{ listen 8080; root {w.folder}; }} }}\n")

    def measure(side):
        with w.background(*w.place(side, [server, "-e", "stderr", "-c", conf])) as process:
            w.answers(OWN[side], 8080, process)
            out = w.run(w.outer, [asker, "-t", "1", "-c", "50", "-d", str(SECONDS),
                                  f"http://{OWN[side]}:8080/page.html"])
        return 1e6 / float(next(line for line in out.splitlines() if "Requests/sec" in line).split()[1])
    return both(measure)


def tcp_rr(w, which, pinned):
    tool = os.path.join(w.tools, "rr")

    def measure(side):
        with w.background(w.outer, (w.pin if pinned else []) + [tool, "serve", "7007"]):
            time.sleep(0.2)
            out = w.run(*w.place(side, [tool, "ask", PEER[side], "7007", "20000"], pinned))
        return float(out.split()[which])
    return both(measure)


def wall_ms(w, argv, times):
    took = []
    for _ in range(times):
        began = time.monotonic()
        w.run(w.outer, argv)
        took.append((time.monotonic() - began) * 1000)
    # what it takes to get there is no part of the command
    began = time.monotonic()
    for _ in range(times):
        w.run(w.outer, ["true"])
    return max(0.01, statistics.median(took) - (time.monotonic() - began) * 1000 / times)


def run_true(w):
    return {"nethood": wall_ms(w, [w.nethood, "run", "--", "true"], 20),
            "unshare": wall_ms(w, ["unshare", "-n", "true"], 20)}


@contextlib.contextmanager
def up(w):
    """(name, pid) of a net that is up and idle."""
    name = f"bench-{os.getpid()}-{secrets.token_hex(3)}"
    w.run(w.outer, [w.nethood, "up", name, *NET])
    try:
        nets = json.loads(w.run(w.outer, [w.nethood, "ls", "-j"]))
        yield name, next(net["pid"] for net in nets if net["name"] == name)
    finally:
        w.run(w.outer, [w.nethood, "down", name])


def exec_true(w):
    with up(w) as (name, _):
        return {"nethood": wall_ms(w, [w.nethood, "exec", name, "--", "true"], 20)}


def resident_mib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def idle_memory(w):
    passt, slirp = need("passt", "slirp4netns")
    found = {}
    with up(w) as (_, pid):
        time.sleep(1)
        found["nethood"] = resident_mib(pid)
    with w.background(w.outer, [passt, "-f", "--runas", "0:0", "--socket", os.path.join(w.folder, "s")]) as process:
        time.sleep(1)
        if process.poll() is not None:
            raise RuntimeError(f"passt does not stay: {w.logged()}")
        found["passt"] = resident_mib(process.pid)
    with w.background(w.inner, ["sleep", "60"]) as guest:
        time.sleep(0.2)
        with w.background(w.outer, [slirp, str(guest.pid), "tap9"]) as process:
            time.sleep(1)
            if process.poll() is not None:
                raise RuntimeError(f"slirp4netns does not stay: {w.logged()}")
            found["slirp4netns"] = sum(map(resident_mib, [process.pid, *children(process.pid)]))
    return found


# name, unit, function, (base, most times it) or ("most", figure)
ROWS = [
    ("one trapped call, same core", "us", trapped_call, ("limit", 1.2)),
    ("iperf3, one stream, sent", "ns/KiB", iperf3, ("native", 1 / 0.9)),
    ("iperf3, one stream, received", "ns/KiB", lambda w: iperf3(w, "-R"), ("native", 1 / 0.9)),
    ("redis-benchmark SET -c 50", "us", redis_set, ("native", 1 / 0.6)),
    ("wrk -c 50 on nginx", "us", wrk_nginx, ("native", 1 / 0.6)),
    ("TCP_RR by read and write, one core, p50", "us", lambda w: tcp_rr(w, 0, True), ("native", 2)),
    ("TCP_RR by read and write, one core, p99", "us", lambda w: tcp_rr(w, 1, True), None),
    ("TCP_RR by read and write, all cores, p50", "us", lambda w: tcp_rr(w, 0, False), ("native", 2)),
    ("nethood run -- true", "ms", run_true, ("most", 15)),
    ("nethood exec -- true", "ms", exec_true, ("most", 5)),
    ("memory: resident, idle nethood up", "MiB", idle_memory, ("passt", 1)),
]
