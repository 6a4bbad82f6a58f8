# SPDX-License-Identifier: BSD-2-Clause
"""What nethood does differently on purpose in IPv6; as differences.py."""

import ipaddress

from lab import netlink as nl
from lab import packets6 as p6

import differences
from differences import TIMED, confirmed_by_it, confirmed_ticks
from events import OUR_MAC
from compare import INSTANT_S
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


def route_of_a_new_peer(case):
    """The new peer of an address gets a route as long as the address's prefix, which nobody takes away."""
    e = case.event
    if e["do"] != "addr" or not e["add"]:
        return ()
    peers = {past["peer"] for past in (*case.earlier, e) if "peer" in past}
    lengths = {past["length"] for past in (*case.earlier, e) if past["do"] == "addr"} | {128}
    routes = {f"{ipaddress.ip_interface(f'{peer}/{length}').network}" for peer in peers for length in lengths}
    ours, theirs = case.kernel.more["routes"], case.nethood.more["routes"]
    return [key for key in set(ours) ^ set(theirs) if key[1] in routes]


def optimistic_duplicate(case):
    """The local route of an optimistic address that turns out to be another's stays in Linux."""
    addresses = case.kernel.more["addresses"].values()
    failed = [thing for things in addresses for thing in things if " dadfailed " in thing.text]
    ours, theirs = case.kernel.more["routes"], case.nethood.more["routes"]
    return [key for key in set(ours) - set(theirs) if any(thing.text.startswith(key[1].removesuffix("/128") + "/")
                                                          for thing in failed)]


def redirect_of_a_limited_way(case):
    """Linux heeds no redirect where the route has an MTU of its own."""
    if case.event["do"] != "nd" or case.event["kind"] != "redirect":
        return ()
    theirs, ours = case.nethood.more["cached"], case.kernel.more["cached"]
    return [key for key in theirs if key not in ours and any(" 2:" in thing.text for thing in theirs[key])]


# what an error counts: sent, or without a way to go; its way to who gets it, who may be ourselves
ERROR = ("Icmp6OutDestUnreachs", "Icmp6OutType1", "Icmp6OutParmProblems", "Icmp6OutType4", "Ip6OutNoRoutes",
         "Icmp6OutRateLimitHost")
ITS_WAY = ("Icmp6OutNeighborSolicits", "Icmp6OutType135", "Icmp6InNeighborAdvertisements", "Icmp6InType136",
           "Icmp6InDestUnreachs", "Icmp6InType1", "Icmp6InMsgs", "Ip6InReceives", "Ip6InDelivers")


def error_about_a_redirect(case):
    """Of a redirect that cannot be delivered, now or when nobody has answered for it, Linux tells its sender.

    Who has sent it may be the stack itself, which forwards something back to where it comes from.
    """
    redirects = [e for e in (*case.earlier, case.event) if e["do"] == "nd" and e["kind"] == "redirect"]
    more = [name for name in ERROR + ITS_WAY if counted(case.kernel, name) > counted(case.nethood, name)]
    only_ours = set(case.kernel.table) - set(case.nethood.table)
    waits = any((e["dev"], e["src"]) in only_ours for e in redirects)
    if not waits and not (set(more) & set(ERROR) and (redirects or "Icmp6InDestUnreachs" in more)):
        return ()
    heard_of = {said.key for said in (*case.kernel.frames, *case.kernel.heard)} | case.keys()
    whom = {(dev, e["src"]) for e in redirects for dev in (*DEVS, "lo")} & heard_of
    ourselves = [key for key in only_ours if key[0] == "lo"]
    return [*whom, *ourselves, *(("counters", name) for name in more)]


def asked_again(case, seen):
    """[neighbour that failed, and is asked once more for what its failure makes]."""
    begun = {said.key: said.time for said in seen.heard if " INCOMPLETE " in said.text}
    return [key for key, when in begun.items()
            if any(table[key].state == nl.NUD["incomplete"] for table in case.before if key in table)
            or any(said.key == key and said.text.startswith("NS ") and said.time < when - INSTANT_S
                   for said in seen.frames)]


def told_beside_a_stranger(case):
    """The error for one who waited makes the same neighbour be asked again: in Linux the others are not told.

    Nor is he: what waits by then is dropped, the error as well, so that later questions do not come from its source.
    """
    again = {key for seen in (case.kernel, case.nethood) for key in asked_again(case, seen)}
    if not again:
        return ()
    more = [name for name in ERROR + ITS_WAY if counted(case.nethood, name) > counted(case.kernel, name)]
    ourselves = [key for key in set(case.nethood.table) - set(case.kernel.table) if key[0] == "lo"]
    return ["errors", *again, *ourselves, *(("counters", name) for name in more)]


def failed_together(case):
    """Two neighbours that began to be asked at one instant fail at one; in Linux who began last fails first.

    So it is with who sends a packet to be forwarded back to his link, and who is to get it: in Linux the error about
    the one waits for the other, and dies with him; in nethood the other is asked once more for it.
    """
    failed = [{said.key: said.time for said in seen.heard if " FAILED " in said.text} for seen in
              (case.kernel, case.nethood)]
    asked = {said.key for said in (*case.nethood.frames, *case.nethood.heard) if said.text.startswith(("NS ", "GET "))}
    again = [key for key, when in failed[0].items() if key in asked and key in failed[1] and
             any(other != key and abs(when - then) < INSTANT_S for other, then in failed[0].items())]
    names = "Icmp6OutNeighborSolicits", "Icmp6OutType135"
    return [*again, *(("counters", name) for name in names if again)]


def counted(seen, name):
    things = seen.more["counters"].get(("counters", name))
    return int(things[0].text.split("+")[1]) if things else 0


def unwatched(case):
    return [key for key in differences.unwatched(case) if key != ("lo", "0.0.0.0")]


def with_groups(test):
    """Whether they were asked shows in the group that was asked as well, and in what was counted."""
    def also(case):
        keys = list(test(case))
        asked = [(key[0], p6.solicited_node(key[1])) for key in keys if key != "errors" and key[0] in DEVS]
        counted_too = any(key[0] in DEVS for key in keys) and not any(key[0] == "counters" for key in keys)
        return [*keys, *asked, "counters"] if counted_too else [*keys, *asked]
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
    ("peers", "a new peer of an address has a route of its own, as long as the address has it", route_of_a_new_peer),
    ("duplicates", "an optimistic address that is another's is not delivered to", optimistic_duplicate),
    ("error about a redirect", "nobody is told of a redirect that cannot be delivered", error_about_a_redirect),
    ("waiters", "who waits beside one for whom the neighbour is asked again is told as well", told_beside_a_stranger),
    ("due", "of two timers that were started at one instant, in Linux the last comes first", failed_together),
    ("managed", "Linux looks after the managed entries of all namespaces by one clock", differences.managed_by_clock),
]


ROWS = [(name, why, with_groups(test)) for name, why, test in ROWS]


def lasting(case):
    found = {key: "D1, D2" for key in unwatched(case)}
    return found | {key: "D10" for key in refused_claim(case) if confirmed_ticks(case, key) > 2}
