# SPDX-License-Identifier: BSD-2-Clause
"""The same random events for both stacks: the same frames and the same table must come out.

Two kinds of walks: frames with a few octets changed at random, and a mix of ARP packets,
datagrams, requests of the administrator and pauses.  Timers are set so far away, or so
near, that no step is a race.  What nethood does differently on purpose is left out:
senders with an address that no station has (D8), INCOMPLETE and NONE by hand (D1, D2),
requests that Linux refuses and obeys by half (D3).

DIFF_SEEDS=first:count chooses the walks; a failure names its seed and prints the steps.
"""

import os
import random
import struct
import time

import pytest

from lab import netlink as nl
from lab import packets as p
from lab.frames import Frame
from lab.kernel import KernelStack
from lab.nethood import NethoodStack
from lab.stack import ADDRESS

OURS, BROADCAST, ZERO = "02:00:00:00:00:02", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"
HOSTS = [f"10.77.0.{i}" for i in (11, 12, 13)]
MACS = [f"02:00:00:00:dd:{i:02x}" for i in (1, 2)]
FIRST, COUNT = map(int, os.environ.get("DIFF_SEEDS", "1:6").split(":"))
LOCKTIME = 1.0
SYSCTLS = {"net.ipv4.icmp_ratelimit": 0, "net.ipv4.icmp_msgs_per_sec": 10000,
           "net.ipv4.icmp_msgs_burst": 10000, "net.ipv4.neigh.eth0.retrans_time_ms": 60000,
           "net.ipv4.neigh.eth0.delay_first_probe_time": 60}
STATES = "reachable stale permanent noarp failed probe".split()


# ---- steps: each has words for the reader and a function of the stack -------

def octets(mac):
    return bytes.fromhex(mac.replace(":", ""))


def arp_frame(op, sip, tip, sha, tha, dst):
    return p.ether(dst, sha, struct.pack("!HHBBH", 1, 0x800, 6, 4, op) + octets(sha) +
                   nl.addr(sip) + octets(tha) + nl.addr(tip), 0x806)


def frame_step(words, raw):
    return f"{words}: {raw.hex()}", lambda stack: stack.port.send(raw)


def random_arp(rng):
    op, sip, sha = rng.choice((1, 1, 2, 2, 3)), rng.choice(HOSTS + ["0.0.0.0"]), rng.choice(MACS)
    tip = rng.choice([ADDRESS, ADDRESS, sip, HOSTS[0], "10.77.0.99"])
    tha = rng.choice([OURS, ZERO, sha, BROADCAST])
    dst = rng.choice([OURS, BROADCAST, BROADCAST, "02:00:00:00:bb:bb"])
    return frame_step(f"ARP {op} {sip}@{sha} -> {tip}@{tha} in a frame to {dst}",
                      arp_frame(op, sip, tip, sha, tha, dst))


def random_send(rng):
    host, size = rng.choice(HOSTS), rng.choice((0, 1, 100, 1472))

    def act(stack):
        stack.sender.sendto(bytes(size), (host, 5000))
    return f"send {size} octets to {host}", act


def random_request(rng):
    host, mac, state = rng.choice(HOSTS), rng.choice(MACS), rng.choice(STATES)
    if rng.random() < 0.25:
        return f"delete {host}", lambda stack: nl.ask(stack, nl.neigh(
            nl.RTM_DELNEIGH, nl.NLM_F_ACK, ifindex=stack.ifindex(), dst=host))
    flags = rng.choice((0, nl.NLM_F_REPLACE, nl.NLM_F_CREATE, nl.NLM_F_CREATE | nl.NLM_F_EXCL,
                        nl.NLM_F_CREATE | nl.NLM_F_REPLACE))
    return f"neigh {host} {mac} {state} flags={flags:#x}", lambda stack: nl.ask(
        stack, nl.new_neigh(flags, ifindex=stack.ifindex(), dst=host, lladdr=mac,
                            state=nl.NUD[state]))


def believable(raw):
    """Not a sender address that nethood refuses on purpose (D8)."""
    sha = raw[22:28]
    return raw[12:14] != b"\x08\x06" or len(sha) < 6 or not (sha[0] & 1 or sha == bytes(6) or sha == octets(OURS))


def random_mutant(rng):
    host, mac = rng.choice(HOSTS), rng.choice(MACS)
    data = bytes(rng.randrange(256) for _ in range(rng.choice((0, 8, 40))))
    raw = bytearray(rng.choice((
        lambda: arp_frame(1, host, ADDRESS, mac, ZERO, BROADCAST),
        lambda: arp_frame(2, host, ADDRESS, mac, OURS, OURS),
        lambda: p.ether(OURS, mac, p.ipv4(host, ADDRESS, 1, p.echo(1, 1, data))),
        lambda: p.ether(OURS, mac, p.ipv4(host, ADDRESS, 17, p.udp(host, ADDRESS, 7, 9, data))),
        lambda: p.ether(OURS, mac, p.ipv4(host, ADDRESS, 17, p.udp(host, ADDRESS, 7, 6000, data))),
        lambda: p.ether(OURS, mac, p.ipv4(host, ADDRESS, 1, p.echo(1, 1, data),
                                          options=b"\7\7\4" + bytes(4) + b"\1")),
    ))())
    for _ in range(rng.choice((0, 1, 1, 2))):
        at = rng.randrange(12, len(raw))
        raw[at] = rng.choice((0, 1, 0xff, raw[at] ^ (1 << rng.randrange(8)), rng.randrange(256)))
    if rng.random() < 0.7 and raw[12:14] == b"\x08\x00":
        ihl = (raw[14] & 15) * 4        # so that the change is looked at
        if ihl >= 20:
            raw[24:26] = b"\0\0"
            raw[24:26] = struct.pack("!H", p.checksum(bytes(raw[14:14 + ihl])))
    if rng.random() < 0.15:
        raw = raw[:rng.randrange(14, len(raw) + 1)]
    raw = bytes(raw)
    return frame_step("mutant", raw) if believable(raw) else random_mutant(rng)


def pause(rng):
    return "pause", lambda stack: None


# ---- what is compared --------------------------------------------------------

def plain(raw):
    """A frame without what may differ: identification and what covers it."""
    if raw[12:14] != b"\x08\x00":
        return raw.hex()
    return (raw[:18] + b"\0\0" + raw[20:24] + b"\0\0" + raw[26:]).hex()


def outcome(stack):
    frames = [plain(f.raw) for f in stack.port.collect(lambda f: True, during=0)]
    got = nl.ask(stack, nl.message(nl.RTM_GETNEIGH, nl.NLM_F_REQUEST | nl.NLM_F_DUMP,
                                   nl.ndmsg(2)))
    table = {}
    for m in got[:-1]:
        if m.nd[1] == stack.ifindex():
            table[m.attrs[nl.NDA_DST].hex()] = (m.nd[2], m.attrs.get(nl.NDA_LLADDR, b"").hex())
    return frames, table


def settle(stacks):
    """Until neither has said anything for a while."""
    quiet = time.monotonic() + 0.02
    seen = -1
    while time.monotonic() < quiet:
        now = sum(len(s.port._log) for s in stacks)
        if now != seen:
            seen, quiet = now, time.monotonic() + 0.02
        time.sleep(0.004)


def walk(seed, kinds, steps, per_burst):
    rng = random.Random(seed)
    stacks = []
    told = []
    try:
        for kind in (KernelStack, NethoodStack):
            stacks.append(kind(sysctls=SYSCTLS))
            stacks[-1].sender = stacks[-1].udp(bind=(ADDRESS, 6100))
            stacks[-1].ear = stacks[-1].udp(bind=("0.0.0.0", 6000))
            stacks[-1].ifindex()
        for number in range(steps):
            if number % per_burst == 0:
                time.sleep(LOCKTIME + 0.1)      # all entries are older than locktime
            words, act = rng.choice(kinds)(rng)
            told.append(f"{number:4d} {words}")
            for stack in stacks:
                act(stack)
            settle(stacks)
            results = [outcome(s) for s in stacks]
            if results[0] != results[1]:
                raise AssertionError(explain(seed, told, stacks, results))
    finally:
        for stack in stacks:
            stack.close()


def explain(seed, told, stacks, results):
    lines = [f"seed {seed}, after step {len(told) - 1}"] + told[-12:]
    for stack, (frames, table) in zip(stacks, results):
        lines += [f"-- {stack.kind} says", *map(show, frames), f"   table {table}"]
    return "\n".join(lines + [s.state_text() for s in stacks])


def show(text):
    return "   " + Frame(bytes.fromhex(text), 0).pkt.summary() + "\n   " + text


SEEDS = range(FIRST, FIRST + COUNT)


@pytest.mark.parametrize("seed", SEEDS)
def test_arp_and_requests(seed):
    walk(seed, [random_arp, random_arp, random_send, random_request], steps=24, per_burst=8)


@pytest.mark.parametrize("seed", SEEDS)
def test_mutants(seed):
    walk(seed, [random_mutant], steps=40, per_burst=40)
