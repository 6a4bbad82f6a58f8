# SPDX-License-Identifier: BSD-2-Clause
"""Are two observations of one event the same?  A list of sentences says what is not."""

import itertools

from sides import RTN_MULTICAST, USER_HZ, entry_text

# Linux's timer wheel is late by up to 32 ms for each timer between 0.25 and 2 s, one may start another, and
# machines that work are late
TOLERANCE_S = 0.1
INSTANT_S = 0.004       # closer than this, the order of two neighbours' timers means nothing
AGE_TOLERANCE_S = 0.2   # an age is that of the last of several timers
AGE_MAX_S = 3600
LIFETIME_TOLERANCE_S = 1.5
FOREVER = 0xffffffff


def differences(kernel, nethood, ordered=True, timed=True):
    """[(neighbour or None, sentence)].

    @ordered: the order between neighbours counts (a dump's, so that of `ip neigh flush`, is free);
    @timed: the time of notifications does.
    """
    found = []
    if kernel.answer != nethood.answer:
        found.append((None, f"the answer: kernel {kernel.answer!r}, nethood {nethood.answer!r}"))
    if kernel.errors != nethood.errors:
        found.append(("errors", f"errors at the sender: kernel {kernel.errors}, nethood {nethood.errors}"))
    found += sequences("frame", kernel.frames, nethood.frames, ordered)
    if not timed:
        kernel, nethood = untimed(kernel), untimed(nethood)
    found += sequences("notification", kernel.heard, nethood.heard, ordered)
    found += tables(kernel.table, nethood.table)
    for kind in sorted(set(kernel.more) | set(nethood.more)):
        found += things(kind, kernel.more.get(kind, {}), nethood.more.get(kind, {}))
    return found


def untimed(seen):
    return seen._replace(heard=[said._replace(time=0, ages=None) for said in seen.heard])


def sequences(kind, ours, theirs, ordered):
    """Each neighbour's own sequence must be equal; the order between neighbours only as far as time tells."""
    found = []
    for key in sorted({s.key for s in ours + theirs}, key=str):
        found += one_sequence(kind, key, [s for s in ours if s.key == key], [s for s in theirs if s.key == key])
    if not found and ordered:
        found = order(kind, ours, theirs)
    return found


def one_sequence(kind, key, ours, theirs):
    for number, (a, b) in enumerate(itertools.zip_longest(ours, theirs)):
        if a is None or b is None or a.text != b.text:
            return [(key, f"{kind} {number} of {key}: kernel {said(a)}, nethood {said(b)}")]
        if abs(a.time - b.time) > TOLERANCE_S:
            return [(key, f"{kind} {number} of {key} comes at {a.time:.3f} and {b.time:.3f} s: {a.text}")]
        if a.ages and not same_ages(a.ages, b.ages):
            return [(key, f"{kind} {number} of {key} has ages {a.ages} and {b.ages}: {a.text}")]
        if not same_times(a.times, b.times):
            return [(key, f"{kind} {number} of {key} has times {a.times} and {b.times}: {a.text}")]
    return []


def said(s):
    return f"{s.time:.3f} {s.text}" if s else "nothing"


def disorderly(text):
    """Neighbours of groups are as old as reports, which come when they want to; probes of several addresses likewise.

    What Linux says of a device, of prefixes, of options and of addresses that may not be used yet, has nothing to do
    with the rest.
    """
    return any(part in text for part in (f" type={RTN_MULTICAST}", " ::>", " gen ", " type 3 flags ", ": option of ",
                                         " tentative "))


def order(kind, ours, theirs):
    """Two of different neighbours that the kernel says apart in time may not be turned round beyond tolerance.

    What one event causes in the stack (a flush, a batch) is one instant: there the order is compared as it is.
    """
    ours, theirs = ([s for s in said if not disorderly(s.text)] for said in (ours, theirs))
    at = {}
    for s in theirs:
        at.setdefault((s.key, s.text), []).append(s)
    theirs_of = [at[s.key, s.text].pop(0) for s in ours]
    for (a, b), (x, y) in zip(itertools.pairwise(ours), itertools.pairwise(theirs_of)):
        if a.key == b.key or theirs.index(x) < theirs.index(y):
            continue
        together = b.time - a.time < INSTANT_S and abs(x.time - y.time) < INSTANT_S and b.time < 0.03
        if together or b.time - a.time > TOLERANCE_S:
            return [(a.key, f"order of {kind}s: kernel says {said(a)} before {said(b)}, "
                            f"nethood {x.time:.3f}, {y.time:.3f}")]
    return []


def same_ages(a, b):
    """confirmed, used, updated in ticks of USER_HZ, and the number of references."""
    near = all(abs(x - y) <= AGE_TOLERANCE_S * USER_HZ or (x > AGE_MAX_S * USER_HZ and y > AGE_MAX_S * USER_HZ)
               for x, y in zip(a[:3], b[:3]))
    return near


def tables(ours, theirs):
    found = []
    for key in sorted(set(ours) | set(theirs)):
        a, b = ours.get(key), theirs.get(key)
        if a is None or b is None or a._replace(ages=None) != b._replace(ages=None):
            found.append((key, f"entry: kernel {shown(a)}, nethood {shown(b)}"))
        elif a.type != RTN_MULTICAST and not same_ages(a.ages, b.ages):
            found.append((key, f"ages (confirmed, used, updated, references) of {shown(a)}: {a.ages} and {b.ages}"))
    return found


def things(kind, ours, theirs):
    """What else the stacks have: {key: [Thing]}."""
    found = []
    for key in sorted(set(ours) | set(theirs), key=str):
        for a, b in itertools.zip_longest(ours.get(key, ()), theirs.get(key, ())):
            if a is None or b is None or a.text != b.text or not same_times(a.times, b.times):
                found.append((key, f"{kind}, {key}: kernel {thing_text(a)}, nethood {thing_text(b)}"))
    return found


def thing_text(thing):
    return f"{thing.text} {thing.times}" if thing else "has none"


def same_times(a, b):
    return len(a) == len(b) and all(x == y or FOREVER not in (x, y) and abs(x - y) <= LIFETIME_TOLERANCE_S
                                    for x, y in zip(a, b))


def shown(entry):
    return entry_text(entry) if entry else "has none"
