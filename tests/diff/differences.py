# SPDX-License-Identifier: BSD-2-Clause
"""What nethood does differently on purpose: each row narrow, each with its reason.

A row looks at one event, at both tables before it and at both observations, and names the neighbours
that may now differ.  They are compared no more for this event, and forgotten on both sides after it, so that
a row excuses one event and nothing that follows.
"""

from lab import netlink as nl

from events import OUR_MAC
from sides import DEVS, USER_HZ

TIMED = nl.NUD["incomplete"] | nl.NUD["reachable"] | nl.NUD["delay"] | nl.NUD["probe"]
VALID = 0xc0 | 0x1e
MANAGED = 1
WHAT_FAILS = "errors", ("lo", "0.0.0.0")     # a packet that cannot be sent tells its sender, over lo


class Case:
    """@earlier: the events before this one."""

    def __init__(self, event, before, kernel, nethood, answers, waited_s, earlier):
        self.waited_s, self.earlier = waited_s, earlier
        self.event, self.before, self.kernel, self.nethood, self.answers = event, before, kernel, nethood, answers

    def entries(self, key):
        """All that the four tables (kernel's and nethood's, before and after) have of it."""
        tables = (*self.before, self.kernel.table, self.nethood.table)
        return [table[key] for table in tables if key in table]

    def keys(self):
        return set(self.before[0]) | set(self.before[1]) | set(self.kernel.table) | set(self.nethood.table)


def unbelievable_sender(case):
    e = case.event
    if e["do"] != "arp":
        return ()
    first = int(e["sha"][:2], 16)
    if not first & 1 and e["sha"] not in ("00:00:00:00:00:00", *OUR_MAC.values()):
        return ()
    key = e["dev"], e["sip"]
    waited = any(table[key].state & TIMED for table in case.before if key in table)
    return [key, *WHAT_FAILS] if waited else [key]     # what waits for nobody's address fails in the end


def claims(case):
    """[(neighbour, the MAC that somebody says it has now)]: by answers, a reply, a request."""
    e = case.event
    said = [((dev, host), mac) for dev in DEVS for host, mac in case.answers.items() if mac]
    if e["do"] == "arp" and e["op"] == 2:
        said.append(((e["dev"], e["sip"]), e["sha"]))
    if e["do"] == "neigh" and e["type"] == "new" and e.get("lladdr"):
        said.append(((e["dev"], e["dst"]), e["lladdr"]))
    return said


def refused_claim(case):
    """Linux does not believe the other MAC either, but takes the old one for confirmed by it."""
    said = claims(case)
    return [key for key, mac in said if confirmed_by_it(case, key) and
            any(lladdr not in (None, mac) for lladdr in [entry.lladdr for entry in case.entries(key)] +
                [asked for other, asked in said if other == key])]


def confirmed_by_it(case, key):
    """Linux has it confirmed more lately than nethood, or had a timer that may have looked at that meanwhile."""
    ours, theirs = case.kernel.table.get(key), case.nethood.table.get(key)
    watched = any(table[key].state & TIMED for table in case.before if key in table)
    return ours and theirs and (watched or ours.ages[0] < theirs.ages[0])


def unwatched(case):
    """INCOMPLETE by hand, or NONE for one that was INCOMPLETE."""
    e = case.event
    if e["do"] != "neigh" or e["type"] != "new":
        return ()
    key = e["dev"], e["dst"]
    was_incomplete = any(table[key].state == nl.NUD["incomplete"] for table in case.before if key in table)
    if e["state"] != "incomplete" and not (e["state"] == "none" and was_incomplete):
        return ()
    return [key, *WHAT_FAILS]   # what waited reports its end, in nethood


def refused_request(case):
    """A request that was refused for want of an address: Linux keeps the new entry, or the flags of an old one."""
    e = case.event
    if e["do"] != "neigh" or e["type"] != "new" or case.kernel.answer != case.nethood.answer:
        return ()
    key = e["dev"], e["dst"]
    refused = "No link layer address given" in str(case.kernel.answer)
    return [key] if refused else ()


def asked_where_nobody_is(case):
    """More probes by unicast, while there is no address to send them to."""
    e = case.event
    if e["do"] != "sysctl" or not e["key"].endswith(".ucast_solicit"):
        return ()
    return [key for key in case.keys()
            if any(table[key].state == nl.NUD["incomplete"] for table in case.before if key in table)]


def confirmed_ticks(case, key):
    """By how much Linux has it confirmed more lately."""
    return case.nethood.table[key].ages[0] - case.kernel.table[key].ages[0]


def managed_by_clock(case):
    """Managed entries with which the event had nothing to do, or which Linux used again after it."""
    e = case.event
    touched = {e.get("sip"), e.get("host"), e.get("dst") if "OK" in str(case.kernel.answer) else None}

    def used_again(key):
        entry = case.kernel.table.get(key)
        return entry and entry.ages[1] / USER_HZ < case.waited_s - 0.05

    def managed(key):
        now = [table[key] for table in (case.kernel.table, case.nethood.table) if key in table]
        return all(entry.ext & MANAGED for entry in now or case.entries(key))
    return [key for key in case.keys() if (key[1] not in touched or used_again(key)) and managed(key)]


ROWS = [
    ("D8", "a sender MAC that no station can have is not learned (RFC 1812 3.3.2)", unbelievable_sender),
    ("D10", "a claim that is refused confirms nothing", refused_claim),
    ("D1, D2", "an entry without a timer waits for ever: nethood begins to resolve, or drops what waits", unwatched),
    ("D21", "an address that is not valid is not asked", asked_where_nobody_is),
    ("D3", "a request that is refused changes nothing", refused_request),
    ("managed", "Linux looks after the managed entries of all namespaces by one clock, whose phase and period are "
     "those of the first one", managed_by_clock),
]


def excused(case, rows):
    """{neighbour: name of the row}."""
    return {key: name for name, _, test in rows for key in test(case)}


def lasting(case):
    """Neighbours whose difference does not show yet: what waits in Linux, and in nethood no more."""
    found = {key: "D1, D2" for key in unwatched(case)}
    return found | {key: "D10" for key in refused_claim(case) if confirmed_ticks(case, key) > 2}
