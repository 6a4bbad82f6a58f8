# SPDX-License-Identifier: BSD-2-Clause
"""Plays a sequence on both stacks, judges it, and makes a sequence that failed short.

Timers of the two stacks fire within a tolerance of each other, so an event that falls on a timer's edge could
come before it on one side and after it on the other.  After each event the tables say when the next edges are,
and the next event waits until none is near.
"""

import collections
import concurrent.futures
import itertools
import json
import os
import re
import threading
import time
import traceback

from lab import netlink as nl
from lab.kernel import KernelStack
from lab.nethood import NethoodStack

import compare
import differences
import events
import worlds
from sides import ANSWER_S, DEVS, LATE_S, NDTPA_REACHABLE_TIME, RTN_MULTICAST, USER_HZ, Side

BEFORE_S, AFTER_S = 0.03, 0.04  # around an edge; after it also what the kernel's timer wheel may add
SLOW_S = 0.15           # before an event that begins a program: when it acts is not so sure
DELAY_S = 0.06          # a confirmation so soon after DELAY began counts in nethood, and not with Linux's late timer
WAIT_MAX_S = 3.0
WORKERS_LATE_S = 0.06   # with this, and what is late by itself, workers are beyond the tolerance
REPORTS_S = 0.4         # for reports of groups, which Linux's workers send when they can
RUNS_MAX = 8
TAKING = "flush", "link", "addr", "lladdr", "carrier", "mtu", "sysctl"   # events that take entries away
NDTPA_RETRANS_TIME, NDTPA_DELAY, NDTPA_LOCKTIME, NDTPA_BASE = 5, 7, 15, 4

Verdict = collections.namedtuple("Verdict", "what text events")
Step = collections.namedtuple("Step", "event waited_s seen rows found late")


class Pulse:
    """By how much the machine was late, at the most: of a thread that sleeps for short times only.

    @patient: of one that goes ahead of nobody, like the kernel's own workers, who make addresses usable.
    """

    def __init__(self, patient=False):
        self.patient = patient
        self.late, self.ended = 0.0, threading.Event()
        self.thread = threading.Thread(target=self.beat, daemon=True)
        self.thread.start()

    def beat(self):
        if self.patient:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        before = time.monotonic()
        while not self.ended.wait(0.005):
            now = time.monotonic()
            self.late = max(self.late, now - before - 0.005)
            before = now

    def end(self):
        self.ended.set()
        self.thread.join()


class Pair:
    """Both stacks, given the same at the same time."""

    def __init__(self, sequence):
        self.sequence, self.world = sequence, worlds.of(sequence)
        self.sides, self.earlier, self.unexpected, self.reachables = [], [], False, {}
        self.pool = concurrent.futures.ThreadPoolExecutor(2)
        sysctls = self.world.sysctls(sequence)
        try:
            for kind in (KernelStack, NethoodStack):
                self.sides.append(Side(kind(devs=2, sysctls=sysctls, **self.world.options), self.world))
            self.set_up()
        except BaseException:
            self.close()
            raise

    def set_up(self):
        for dev in ("lo", *DEVS):
            request = {"dev": dev, "name": "delay_probe_ms", "value": self.sequence["timers"]["delay_probe_ms"]}
            self.both(lambda side: events.do_table(side, request))
        self.both(lambda side: self.world.set_up(side, self.sequence))
        self.align()
        self.before = self.both(Side.table)
        if self.world.settles:
            self.settle()

    def settle(self):
        """What the devices say when they come up is of no sequence."""
        for side in self.sides:
            side.begin()
        time.sleep(0.1)
        if not self.calm():
            raise AssertionError("the addresses stay tentative")
        self.both(lambda side: self.world.begin(side, self.sequence))
        self.before = [side.seen(None, table).table for side, table in zip(self.sides, self.both(Side.table))]

    def both(self, function):
        return list(self.pool.map(function, self.sides))

    def align(self):
        """The times that each stack draws at random: nethood draws until it has the kernel's."""
        ours, theirs = self.both(Side.reachable_ms)
        for dev in set(ours) & set(theirs):
            if theirs[dev][NDTPA_BASE] == ours[dev][NDTPA_BASE]:
                self.sides[1].redraw_until(dev, ours[dev][NDTPA_REACHABLE_TIME], ours[dev][NDTPA_BASE])
        self.drawn = ours
        for dev, parms in ours.items():     # a timer that runs goes by what was drawn when it was set
            self.reachables.setdefault(dev, set()).add(parms[NDTPA_REACHABLE_TIME])

    def redrawn(self):
        """Has the kernel drawn a time since the last look?"""
        now = self.sides[0].reachable_ms()
        return any(now[dev][NDTPA_REACHABLE_TIME] != self.drawn[dev][NDTPA_REACHABLE_TIME]
                   for dev in set(now) & set(self.drawn))

    def disturbed(self, steps):
        """What the kernel does for all namespaces at once has reached this one: what came after means nothing.

        Every 300 s it draws all reachable times anew; and it collects when all have more than gc_thresh1 entries.
        """
        return any(collected(step) for step in steps) or self.unexpected or self.redrawn()

    # ---- one event -------------------------------------------------------

    def step(self, event, following=None):
        if event.get("calm") and not self.calm():
            return None
        self.unexpected = self.unexpected or self.redrawn()
        for side in self.sides:
            side.begin()
        began = time.monotonic()
        answers = self.both(lambda side: self.world.act(side, event))
        late = max(time.monotonic() - began - (0.1 if event["do"] in self.world.slow else 0), 0)
        if event["do"] in self.world.redrawn_by:
            self.align()
        end = began + event["wait"] / 1000
        ahead_s = SLOW_S if following and following["do"] in self.world.slow else BEFORE_S
        tables, overslept = self.wait_until_clear(end, ahead_s, REPORTS_S)
        waited = time.monotonic() - began
        seen = [side.seen(answer, table) for side, answer, table in zip(self.sides, answers, tables)]
        late = max(late, overslept, *(side.late for side in self.sides))
        found = compare.differences(*seen, ordered=event["do"] not in ("flush", "carrier"),
                                    timed=event["do"] != "carrier")
        case = differences.Case(event, self.before, *seen, self.sides[0].answers, waited, self.earlier)
        rows = differences.excused(case, self.world.rows) if found else self.world.lasting(case)
        if found:
            found = [(key, text) for key, text in found if not excuses(rows, key)]
        self.before = tables
        self.earlier.append(event)
        if rows and not found:
            self.forget(rows)
            self.before, _ = self.wait_until_clear(time.monotonic(), ahead_s, 0)
        found = [text for _, text in found]
        return Step(event, waited, seen, rows, found, late)

    def wait_until_clear(self, end, ahead_s, reports_s):
        """Until an instant at or after @end that is near no edge.  Return: the tables then, and how late it became."""
        first = end
        while True:
            overslept = self.sleep_until(end)
            tables = self.both(Side.table)
            end = self.next_clear(tables, ahead_s, first + reports_s)
            if end <= time.monotonic() or time.monotonic() > first + WAIT_MAX_S:
                return tables, overslept

    @staticmethod
    def sleep_until(when):
        time.sleep(max(when - time.monotonic(), 0))
        return time.monotonic() - when

    def calm(self):
        """Wait until no entry has a timer."""
        until = time.monotonic() + WAIT_MAX_S
        while time.monotonic() < until:
            tables = self.both(Side.table)
            if not any(e.state & differences.TIMED for table in tables for e in table.values()) and \
                    not any(map(self.world.busy, self.sides)):
                seen = [side.seen(None, table) for side, table in zip(self.sides, tables)]
                case = differences.Case({"do": "pause"}, self.before, *seen, self.sides[0].answers, WAIT_MAX_S,
                                        self.earlier)
                self.before = tables
                rows = self.world.lasting(case)
                if rows:
                    self.forget(rows)
                return True
            time.sleep(0.05)
        return False

    def next_clear(self, tables, ahead_s, patience):
        """The first instant from now on that is near no edge of either stack; until @patience, both have told the same.
        """
        for side in self.sides:
            side.look()
        clear = time.monotonic()
        if clear < patience and self.world.apart(*self.sides):
            clear += 0.03
        spans = sorted(itertools.chain(*(self.world.edges(side) for side in self.sides), *(
            self.edges(side, e, clear) for side, table in zip(self.sides, tables) for e in table.values())))
        for first, last in spans:
            if first - ahead_s <= clear <= last:
                clear = last + 0.001
        return clear

    def edges(self, side, entry, now):
        parms = self.drawn.get(entry.dev)
        if not parms or not entry.ages:
            return
        confirmed, used, updated = (now - ticks / USER_HZ for ticks in entry.ages[:3])
        retrans, delay = parms[NDTPA_RETRANS_TIME] / 1000, parms[NDTPA_DELAY] / 1000
        name = timed_state(entry.state)
        timers = []
        if name in ("INCOMPLETE", "PROBE"):
            asked_at = side.asked_at.get((entry.dev, entry.dst), 0)
            yield asked_at, asked_at + ANSWER_S + AFTER_S
            asked = max(side.asked_at.get((entry.dev, entry.dst), updated), updated)
            timers = [(asked + n * retrans, retrans) for n in range(8)]     # some questions are not to be seen
        elif name == "DELAY":
            yield updated, updated + DELAY_S
            timers = [(max(used, updated), delay), (updated, delay), (used, delay)]
        elif name == "REACHABLE":
            timers = [(start, ms / 1000) for start in (confirmed, updated) for ms in self.reachables[entry.dev]]
        timers.append((updated, parms[NDTPA_LOCKTIME] / 1000))
        for start, length in timers:
            slack = length / 8 if length > 0.25 else 0.01 + 0.004 * (start - updated) / max(length, 0.1)
            yield start + length, start + length + slack + AFTER_S

    def forget(self, rows):
        """Neighbours that differ on purpose are removed on both sides; what is said of them is not compared.

        What others say meanwhile is compared with the next event: a timer may come due here on one side, and there
        on the other.
        """
        # lo last: what waited in Linux reports its end now, over lo
        routes = [key for key in rows if key[0] == "route"]
        for _, dst, table in routes:
            self.both(lambda side: side.stack.ip(f"-6 route del {dst} table {table}", check=False))
            self.both(lambda side: self.world.act(side, {"do": "flush", "words": "route flush cache"}))
        for dev, dst in sorted((key for key in rows if key[0] in ("lo", *DEVS)), key=lambda key: (key[0] == "lo", key)):
            gone = {"do": "neigh", "type": "del", "dev": dev, "dst": dst, "family": self.world.family}
            self.both(lambda side: self.world.act(side, gone))
        time.sleep(0.03)
        self.before = self.both(Side.table)
        for side in self.sides:
            side.unsay(set(rows))

    def close(self):
        for side in self.sides:
            side.close()
        self.pool.shutdown()


def excuses(rows, key):
    """Do the rows speak of it?  All that is counted is one thing."""
    return key in rows or isinstance(key, tuple) and key[0] in rows


def timed_state(state):
    """By which its timer goes; by hand, a state may be two."""
    return next((name.upper() for name in ("reachable", "delay", "probe", "incomplete") if state & nl.NUD[name]), None)


def collected(step):
    """Entries that went without a reason: neither nethood nor the event has to do with it."""
    theirs = {s.key for s in step.seen[1].heard}
    return step.event["do"] not in TAKING and any(
        s.text.startswith("DEL") and (s.ages or f" type={RTN_MULTICAST}" in s.text) and
        s.key not in theirs and s.key[1] != step.event.get("dst") for s in step.seen[0].heard)


# ---- a whole sequence ----------------------------------------------------------

class Run:
    """What came of one play: its steps up to and with the first that differs."""

    def __init__(self, steps, void, late):
        """@void, @late: what differs means nothing: the kernel was disturbed, the machine was late"""
        self.steps, self.void = steps, void or late or any(step.late > LATE_S for step in steps)

    @property
    def found(self):
        return self.steps[-1].found if self.steps else []

    @property
    def words(self):
        """What differs, without times; of a machine that was late nothing that is about time."""
        said = [text for text in self.found if not self.void or not re.search("comes at| ages ", text)]
        return [re.sub(r"-?\d+\.\d+|\(\d+, \d+, \d+, \d+\)", "", text) for text in said]


def play(sequence):
    pair, pulse, patient = Pair(sequence), Pulse(), Pulse(patient=True)
    try:
        steps = []
        for event, following in itertools.zip_longest(sequence["events"], sequence["events"][1:]):
            step = pair.step(event, following)
            if step:
                steps.append(step)
            if step and step.found:
                break
        return Run(steps, pair.disturbed(steps), pulse.late > LATE_S or patient.late > WORKERS_LATE_S)
    finally:
        pulse.end()
        patient.end()
        pair.close()


def judge(name, sequence, out, shrink_runs):
    """As certain(); what ends otherwise than by a difference leaves its sequence as well."""
    try:
        return certain(name, sequence, out, shrink_runs)
    except Exception:       # a stack that ended, a dump without end
        path = os.path.join(out, f"failed-{name.replace(' ', '-')}.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(sequence, file, indent=1)
        return Verdict("failed", f"{traceback.format_exc()}\n  {path}", 0)


def sure(differed):
    """The last of these runs says what another did."""
    said = [run.words for run in differed]
    return any(said[-1:]) and said[-1] in said[:-1]


def certain(name, sequence, out, shrink_runs):
    """Play until it is sure: a difference must come twice in the same words, or it is a machine that was late."""
    differed, run = [], None
    for _ in range(RUNS_MAX):
        run = play(sequence)
        if run.found:
            differed.append(run)
        if sure(differed) or not (run.found or any(not before.void for before in differed)):
            break
    if not sure(differed) and all(before.void for before in differed):
        return Verdict("void" if run.found else "same", "\n".join(run.found), len(run.steps))
    what, run = "different" if sure(differed) else "unsteady", differed[-1]
    if what == "different" and shrink_runs:
        sequence, run = shrink(sequence, run, shrink_runs)
    path = os.path.join(out, f"{what}-{name.replace(' ', '-')}")
    keep(path, sequence, run)
    text = "\n".join(["  " + events.words(step.event) for step in run.steps[-4:]] + ["  " + f for f in run.found])
    return Verdict(what, f"{text}\n  {path}.txt", len(run.steps))


def shrink(sequence, run, budget):
    """Drop events while it still differs: first all behind the difference, then pieces of half the size."""
    kept = [step.event for step in run.steps]
    size = max(len(kept) // 2, 1)
    while size and budget > 0:
        at = 0
        while at < len(kept) - 1 and budget > 0:
            fewer = kept[:at] + kept[min(at + size, len(kept) - 1):]
            tried = play(dict(sequence, events=fewer))
            budget -= 1
            if tried.words and not tried.void:
                kept, run = [step.event for step in tried.steps], tried
            else:
                at += size
        size //= 2
    return dict(sequence, events=kept), run


def keep(path, sequence, run):
    with open(path + ".json", "w", encoding="utf-8") as file:
        json.dump(sequence, file, indent=1)
    with open(path + ".txt", "w", encoding="utf-8") as file:
        file.write(report(sequence, run))


def report(sequence, run):
    lines = [f"{name} {value}" for name, value in sequence.items() if name != "events"]
    for number, step in enumerate(run.steps):
        lines.append(f"\n{number:3d} {events.words(step.event)}; next after {step.waited_s:.3f} s"
                     + (f"; late by {step.late:.3f} s" if step.late > LATE_S else "")
                     + (f"; by design: {step.rows}" if step.rows else ""))
        before = run.steps[number - 1].seen if number else (None, None)
        for name, was, seen in zip(("kernel ", "nethood"), before, step.seen):
            lines += [f"      {name} {text}" for text in side_lines(seen, was)]
    return "\n".join(lines + ["", *run.found, ""])


def side_lines(seen, before):
    """What was said, and what it has, if that is new."""
    if seen.answer:
        yield f"answers {seen.answer}"
    for s in sorted(seen.frames + seen.heard, key=lambda s: s.time):
        ages, times = f" ages {s.ages}" if s.ages else "", f" times {s.times}" if s.times else ""
        yield f"{s.time:7.3f} {s.text}{ages}{times}"
    for error in seen.errors:
        yield f"error {error}"
    for _, entry in sorted(seen.table.items()):
        yield f"  has   {compare.shown(entry)} ages {entry.ages}"
    for kind, things in seen.more.items():
        known = before.more.get(kind, {}) if before else {}
        yield from (f"  {kind} {compare.thing_text(thing)}" for key in things for thing in things[key]
                    if kind in ALWAYS_SHOWN or thing.text not in [old.text for old in known.get(key, ())])
        yield from (f"  {kind} no more {compare.thing_text(thing)}" for key in known if key not in things
                    for thing in known[key] if kind not in ALWAYS_SHOWN)


ALWAYS_SHOWN = "counters", "groups"
