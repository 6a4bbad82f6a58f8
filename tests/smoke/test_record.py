# SPDX-License-Identifier: BSD-2-Clause
"""nethood record and nethood replay: unmodified programs over a wire that loses, doubles and delays frames; what was
recorded of it is replayed to the same trace hash.

    NETHOOD_RECORD_S=60 pytest tests/smoke/test_record.py -s     the long run; its figures are printed
"""

import contextlib
import heapq
import json
import os
import random
import re
import select
import socket
import threading
import time

import pytest


from lab import netns as lab_netns

SECONDS = float(os.environ.get("NETHOOD_RECORD_S", "8"))
INSIDE, OUTSIDE = "10.77.0.2", "10.77.0.1"
NEAR, FAR = "smoke1", "smoke0"          # nethood's TAP; the one that has the kernel's address
ETH_P_ALL = 0x0003
PACKET_OUTGOING = 4


class Relay(threading.Thread):
    """The wire: from the interface behind which nethood is to a TAP of the kernel's, and back, with faults."""

    def __init__(self, host, seed):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.tap, self.near = host.netns.do(self.open_both)
        self.over = threading.Event()
        self.count = {"passed": 0, "lost": 0, "doubled": 0, "delayed": 0}
        self.waiting = []

    @staticmethod
    def open_both():
        fcntl, struct = lab_netns.fcntl, lab_netns.struct
        tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(tap, lab_netns.TUNSETIFF,
                    struct.pack("16sH22x", FAR.encode(), lab_netns.IFF_TAP | lab_netns.IFF_NO_PI))
        near = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        near.bind((NEAR, ETH_P_ALL))
        near.setblocking(False)
        return tap, near

    def send(self, way, frame):
        with contextlib.suppress(OSError):      # the interface may be down, or its queue full
            if way == "out":
                os.write(self.tap, frame)
            else:
                self.near.send(frame)
            self.count["passed"] += 1

    def impair(self, way, frame, now):
        dice = self.random.random()
        if dice < 0.10:
            self.count["lost"] += 1
        elif dice < 0.30:
            self.count["delayed"] += 1
            heapq.heappush(self.waiting, (now + self.random.uniform(0.001, 0.3), self.random.random(), way, frame))
        else:
            self.send(way, frame)
            if dice < 0.40:
                self.count["doubled"] += 1
                self.send(way, frame)

    def run(self):
        while not self.over.is_set():
            now = time.monotonic()
            while self.waiting and self.waiting[0][0] <= now:
                self.send(*heapq.heappop(self.waiting)[2:])
            wait = min(0.05, self.waiting[0][0] - now) if self.waiting else 0.05
            ready, _, _ = select.select([self.tap, self.near], [], [], max(wait, 0))
            with contextlib.suppress(BlockingIOError):
                if self.tap in ready:
                    self.impair("in", os.read(self.tap, 65536), now)
            with contextlib.suppress(BlockingIOError):
                if self.near in ready:
                    frame, where = self.near.recvfrom(65536)
                    if where[2] != PACKET_OUTGOING:
                        self.impair("out", frame, now)

    def close(self):
        self.over.set()
        self.join(5)
        os.close(self.tap)
        self.near.close()


def ip(host, *words):
    done = host.run(["ip", *words], as_root=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def faulty(host):
    """The machine, and the wire with faults between NEAR and the kernel's FAR."""
    ip(host, "tuntap", "add", NEAR, "mode", "tap")
    ip(host, "link", "set", NEAR, "arp", "off", "up")   # the kernel is not to answer here
    relay = Relay(host, seed=int(os.environ.get("NETHOOD_RECORD_SEED", "1")))
    ip(host, "addr", "add", f"{OUTSIDE}/24", "dev", FAR)
    ip(host, "link", "set", FAR, "up")
    relay.start()
    yield host, relay
    relay.close()


@pytest.fixture
def names(faulty, tmp_path):
    """dnsmasq behind the wire."""
    host, _ = faulty
    log = open(tmp_path / "dnsmasq.log", "w", encoding="utf-8")
    process = host.start(
        ["dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=", "--bind-dynamic", f"--interface={FAR}",
         "--except-interface=lo", "--user=root", f"--pid-file={tmp_path}/pid", "--port=53",
         "--address=/smoke.example/192.0.2.53"], as_root=True, stderr=log)
    yield process
    log.close()


WORK = """
end=$(($(date +%s) + {seconds}))
ping -q -i 0.05 -w {seconds} {outside} >/dev/null & ping -q -i 0.3 -s 3000 -w {seconds} {outside} >/dev/null &
n=0
while [ $(date +%s) -lt $end ]; do
	n=$((n + 1))
	dig +tries=2 +time=1 +short @{outside} host$n.smoke.example
	ip neigh replace 10.77.0.$((100 + n % 50)) lladdr 02:00:00:00:00:$(printf %02x $((n % 256))) dev eth0
	ip neigh show >/dev/null
	if [ $((n % 7)) = 0 ]; then ip neigh del {outside} dev eth0; fi
	if [ $((n % 5)) = 0 ]; then ip neigh del 10.77.0.$((100 + n % 50)) dev eth0; fi
	if [ $((n % 11)) = 0 ]; then ping -q -c 1 -W 1 10.77.0.99 >/dev/null; fi
done
wait
"""


def replay(host, file, *words):
    done = host.nethood("replay", file, "-j", *words, timeout=120)
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_programs_over_a_faulty_wire_are_replayed_to_the_same_hash(faulty, names, tmp_path):
    host, relay = faulty
    file = tmp_path / "wire.nhrec"
    name = host.up("--dev", f"eth0=tap:{NEAR},offload=off", "--addr", f"{INSIDE}/24", "--record-mib", "64")
    script = WORK.format(seconds=int(SECONDS), outside=OUTSIDE)
    done = host.nethood("exec", name, "--", "sh", "-c", script, timeout=SECONDS + 60)
    answers = done.stdout.split().count("192.0.2.53")
    assert answers >= SECONDS / 2, f"{answers} answers\n{done.stdout[-500:]}{done.stderr[-500:]}"
    assert relay.count["lost"] and relay.count["doubled"] and relay.count["delayed"], relay.count
    host.good("record", name, file)
    assert os.stat(file).st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path).count("wire.nhrec") == 1
    host.good("down", name)
    host.names.remove(name)
    status, told = replay(host, file)
    assert status == 0 and told["same"] and told["complete"], told
    assert told["hash"] == told["recorded_hash"] and told["events"] == told["recorded_events"]
    assert told["recorded_s"] >= SECONDS - 1
    print(f"\n{answers} DNS answers, frames {relay.count}; {told['events']} events, {told['outputs']} outputs, "
          f"{os.path.getsize(file)} octets, {told['recorded_s']:.1f} s replayed in {told['took_s']:.3f} s "
          f"({told['recorded_s'] / told['took_s']:.0f} times as fast), trace {told['hash']}")
    check_views(host, file, told, tmp_path)
    check_damage(host, file, tmp_path)


def check_views(host, file, told, folder):
    """Hops, frames, and part of it."""
    pcap = folder / "replay.pcapng"
    shown = host.good("replay", file, "-v", "--pcap", pcap, timeout=300)
    steps = set(re.findall(r"packet \d+ (S\d+) +(\w+)", shown))
    assert {"S1", "S4", "S7", "S9", "S13"} <= {step for step, _ in steps}, steps
    assert re.search(r"ARP who-has 10\.77\.0\.1 tell 10\.77\.0\.2", shown)
    assert "RTM_NEWNEIGH" in shown
    frames = host.run(["tcpdump", "-nr", pcap], as_root=True).stdout
    assert "A? host1.smoke.example" in frames and "ICMP echo reply" in frames
    half = told["events"] // 2
    status, part = replay(host, file, "--until", half)
    assert status == 0 and not part["complete"] and part["same"] and half - 1 <= part["events"] < half + 200
    listed = host.good("replay", file, "--events", timeout=300).splitlines()
    numbers = [int(line.split()[0]) for line in listed if re.match(r" *\d+ +\d+\.\d{6} ", line)]
    assert numbers == list(range(1, told["events"] + 1))


def check_damage(host, file, folder):
    """A file that is not whole says where it is not."""
    whole = file.read_bytes()
    for what, octets, says in (("cut off", whole[:len(whole) // 2], "the file ends within"),
                               ("one octet", whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
                                "its sum is wrong"),
                               ("another file", b"#!/bin/sh\n", "this is no recording"),
                               ("nothing", b"", "this is no recording")):
        bad = folder / "bad.nhrec"
        bad.write_bytes(octets)
        done = host.nethood("replay", bad)
        assert done.returncode == 1 and says in done.stderr and "at octet" in done.stderr, (what, done.stderr)
        assert done.stderr.count("\n") == 1, done.stderr


def test_a_run_leaves_a_recording(host, tmp_path):
    file = tmp_path / "run.nhrec"
    host.good("run", "--record", file, "--", "ping", "-c", "2", "-i", "0.1", OUTSIDE)
    status, told = replay(host, file)
    assert status == 0 and told["same"], told
    assert os.listdir(tmp_path) == ["run.nhrec"]


@pytest.mark.parametrize("offload", ["on", "off"])
def test_a_small_ring_keeps_the_end_and_says_so(host, tmp_path, offload):
    """Also of what has a header before each frame."""
    file, pcap = tmp_path / "end.nhrec", tmp_path / "end.pcapng"
    name = host.up("--record-mib", "1", "--dev", f"eth0=tap:,offload={offload}", "--addr", f"{INSIDE}/24",
                   "--host-addr", f"{OUTSIDE}/24")
    host.good("exec", name, "--", "ping", "-q", "-c", "1500", "-i", "0.001", "-s", "1000", "-W", "1", OUTSIDE,
              timeout=90)
    host.good("record", name, file)
    done = host.nethood("replay", file)
    assert done.returncode == 1
    assert "its beginning is gone" in done.stderr and "no replay can be exact" in done.stderr
    assert "ICMP echo reply" in done.stdout and "same" not in done.stdout
    status, told = replay(host, file, "--pcap", pcap)
    assert "ICMP echo reply" in host.run(["tcpdump", "-nr", pcap], as_root=True).stdout
    assert status == 1 and told["begin_lost"] and "same" not in told and "hash" not in told


def test_errors_are_one_line_and_the_net_goes_on(host, tmp_path):
    name = host.up()
    host.good("exec", name, "--", "ping", "-q", "-c", "100", "-i", "0.002", "-s", "1400", OUTSIDE)
    full = tmp_path / "full"
    full.mkdir()
    done = host.run(["unshare", "-m", "sh", "-c",
                     'mount -t tmpfs -o size=64k none "$1" && "$2" record "$3" "$1/f"; s=$?; ls -A "$1"; exit $s',
                     "sh", full, host.binary, name], as_root=True)
    assert done.returncode == 1 and "No space left on device" in done.stderr and done.stdout == "", done
    for words, says in ((("record", name, tmp_path / "no" / "such"), "No such file or directory"),
                        (("record", "no-such-net", tmp_path / "f"), "is not up"),
                        (("replay", tmp_path / "none"), "No such file or directory")):
        done = host.nethood(*words)
        assert done.returncode == 1 and says in done.stderr and done.stderr.count("\n") == 1, done.stderr
    off = host.up("--addr", "10.78.0.2/24", "--host-addr", "10.78.0.1/24", "--record-mib", "0")
    done = host.nethood("record", off, tmp_path / "f")
    assert done.returncode == 1 and "is not recorded" in done.stderr
    host.good("exec", name, "--", "ping", "-q", "-c", "1", OUTSIDE)
    host.good("record", name, tmp_path / "f")
    assert replay(host, tmp_path / "f")[1]["same"]
