# SPDX-License-Identifier: BSD-2-Clause
"""What nethood does differently on purpose: each row narrow, each with its reason.

A row looks at one event, at both tables before it and at both observations, and names the neighbours
that may now differ.  They are compared no more for this event, and forgotten on both sides after it, so that
a row excuses one event and nothing that follows.
"""

from lab import netlink as nl

from events import OUR_MAC

TIMED = nl.NUD["incomplete"] | nl.NUD["reachable"] | nl.NUD["delay"] | nl.NUD["probe"]
VALID = 0xc0 | 0x1e


class Case:
    def __init__(self, event, before, kernel, nethood, timers):
        self.event, self.before, self.kernel, self.nethood, self.timers = event, before, kernel, nethood, timers

    def old(self, key):
        """(the kernel's entry before the event, nethood's)."""
        return self.before[0].get(key), self.before[1].get(key)


def unbelievable_sender(case):
    e = case.event
    if e["do"] != "arp":
        return ()
    first = int(e["sha"][:2], 16)
    if first & 1 or e["sha"] in ("00:00:00:00:00:00", *OUR_MAC.values()):
        return [(e["dev"], e["sip"])]
    return ()


ROWS = [
    ("D8", "a sender MAC that no station can have is not learned (RFC 1812 3.3.2)", unbelievable_sender),
]


def excused(case):
    """{neighbour: name of the row}."""
    return {key: name for name, _, test in ROWS for key in test(case)}
