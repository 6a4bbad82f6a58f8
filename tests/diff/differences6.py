# SPDX-License-Identifier: BSD-2-Clause
"""What nethood does differently on purpose in IPv6; as differences.py."""

from lab import netlink as nl
from lab import packets6 as p6

import differences
from differences import TIMED, confirmed_by_it, confirmed_ticks
from events import OUR_MAC
from sides import DEVS

NO_STATION = "00:00:00:00:00:00", *OUR_MAC.values()


def claims(case):
    """[(neighbour, the MAC that somebody says it has now)]."""
    e = case.event
    said = [((dev, host), mac) for dev in DEVS for host, mac in case.answers.items() if mac]
    if e["do"] == "nd":
        whom = e["target"] if e["kind"] in ("na", "redirect") else e["src"]
        said += [((e["dev"], whom), e[option]) for option in ("slla", "tlla") if e.get(option)]
    if e["do"] == "neigh" and e["type"] == "new" and e.get("lladdr"):
        said.append(((e["dev"], e["dst"]), e["lladdr"]))
    return said


def unbelievable_sender(case):
    e = case.event
    if e["do"] != "nd":
        return ()
    bad = [key for key, mac in claims(case) if int(mac[:2], 16) & 1 or mac in NO_STATION]
    waited = any(table[key].state & TIMED for table in case.before for key in bad if key in table)
    return [*bad, "errors"] if waited else bad


def refused_claim(case):
    """An advertisement that changes nothing confirms nothing; in Linux it may."""
    return [key for key, mac in claims(case) if confirmed_by_it(case, key)
            and any(entry.lladdr not in (None, mac) for entry in case.entries(key))]


def unknown_sender(case):
    """A message from him without his address."""
    e = case.event
    if e["do"] != "nd" or e["kind"] not in ("rs", "ra", "redirect"):
        return ()
    key = e["dev"], e["target"] if e["kind"] == "redirect" else e["src"]
    ours = case.kernel.table.get(key)
    return [key] if ours and ours.state == 0 and key not in case.nethood.table else ()


def end_of_a_prefix(case):
    """An address whose life changes: its prefix's route ends in Linux long ago, and stays."""
    e = case.event
    if e["do"] != "addr":
        return ()
    ours = case.kernel.more["routes"]
    return [key for key in ours if any(thing.times and thing.times[0] < 0 for thing in ours[key])]


def redirect_of_a_limited_way(case):
    """Linux heeds no redirect where the route has an MTU of its own."""
    if case.event["do"] != "nd" or case.event["kind"] != "redirect":
        return ()
    theirs, ours = case.nethood.more["cached"], case.kernel.more["cached"]
    return [key for key in theirs if key not in ours and any(" 2:" in thing.text for thing in theirs[key])]


def error_about_a_redirect(case):
    """Of a redirect that cannot be delivered Linux tells its sender, also itself."""
    e, ours, theirs = case.event, case.kernel, case.nethood
    told = [seen.more["counters"].get(("counters", "Icmp6OutDestUnreachs")) for seen in (ours, theirs)]
    if told[0] == told[1]:
        return ()
    if e["do"] == "nd" and e["kind"] == "redirect":
        key = e["dev"], e["src"]
        return [key, ("lo", e["dst"])] if key in {said.key for said in ours.frames} | set(ours.table) else ()
    heard = [seen.more["counters"].get(("counters", "Icmp6InDestUnreachs")) for seen in (ours, theirs)]
    forwards = any(" conf [1," in thing.text for things in ours.more["devices"].values() for thing in things)
    if heard[0] == heard[1] or not forwards:
        return ()
    return [key for key, entry in ours.table.items() if key not in theirs.table or entry.state & TIMED]


def unwatched(case):
    return [key for key in differences.unwatched(case) if key != ("lo", "0.0.0.0")]


def with_groups(test):
    """Whether they were asked shows in the group that was asked as well, and in what was counted."""
    def also(case):
        keys = list(test(case))
        asked = [(key[0], p6.solicited_node(key[1])) for key in keys if key != "errors" and key[0] in DEVS]
        return [*keys, *asked, "counters"] if keys else keys
    return also


ROWS = [
    ("D8", "an address that no station has is not learned", unbelievable_sender),
    ("D10", "an advertisement that is ignored confirms nothing", refused_claim),
    ("D1, D2", "an entry without a timer waits for ever: nethood begins to resolve, or drops what waits", unwatched),
    ("D21", "an address that is not valid is not asked", differences.asked_where_nobody_is),
    ("D3", "a request that is refused changes nothing", differences.refused_request),
    ("solicitation", "who says nothing of his address is not learned", unknown_sender),
    ("lifetimes", "a prefix's route ends with the life of its address", end_of_a_prefix),
    ("redirect", "a redirect is heeded whatever the MTU of the route", redirect_of_a_limited_way),
    ("error about a redirect", "nobody is told of a redirect that cannot be delivered", error_about_a_redirect),
    ("managed", "Linux looks after the managed entries of all namespaces by one clock", differences.managed_by_clock),
]


ROWS = [(name, why, with_groups(test)) for name, why, test in ROWS]


def lasting(case):
    found = {key: "D1, D2" for key in unwatched(case)}
    return found | {key: "D10" for key in refused_claim(case) if confirmed_ticks(case, key) > 2}
