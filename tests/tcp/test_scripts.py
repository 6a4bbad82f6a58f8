# SPDX-License-Identifier: BSD-2-Clause
"""Each script of scripts/ is a test of the kernel, of nethood under a program, of nethood as a library, and as the
library that packetdrill loads."""

import concurrent.futures
import glob
import multiprocessing
import os

import pytest

from runner import play
from runner.kinds import KINDS, VIRTUAL

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = sorted(glob.glob(os.path.join(HERE, "scripts", "**", "*.pkt"), recursive=True))
# What plays but in a long run, with SCRIPTS=all, beside all of IPv4 and of IPv6 as a library: the rest by folders.
FOLDERS = {"library-mapped": ("open", "close", "pmtu"),
           "packetdrill6": ("ipv6", "open"), "packetdrill-mapped": ("open",),
           "kernel-mapped": ("open", "close", "pmtu"), "nethood-mapped": ("open", "close", "pmtu")}


TRUESIZE = "a frame that was received is charged more memory than the kernel's TAP does, so the window closes sooner"
LINGER = "close(2) is not passed on to nethood: docs/RUN.md"
KNOWN = {       # by stack, of all families: what differs from the kernel, and why; one that plays after all fails
    ("library", "data/ack_every_second"): TRUESIZE,
    ("library", "window/right_edge"): TRUESIZE,
    ("packetdrill", "data/ack_every_second"): TRUESIZE,
    ("packetdrill", "window/right_edge"): TRUESIZE,
    ("nethood", "data/ack_every_second"): TRUESIZE,
    ("nethood", "window/right_edge"): TRUESIZE,
    ("nethood", "data/partly_beyond"): "a TAP of nethood refuses frames that are longer than its MTU",
    ("nethood", "close/linger_nonblocking"): LINGER,
    ("nethood", "close/linger_timeout"): LINGER,
    ("nethood", "close/reset_after_fin"): "with ERR, read(2) would say an error where there is an end: docs/RUN.md",
    ("library", "data/partly_beyond"): "a device that is given frames refuses those that are longer than its MTU",
}


def script_of(path):
    return os.path.relpath(path, os.path.join(HERE, "scripts"))[:-4]


def cases():
    for name, kind in KINDS.items():
        folders = None if os.environ.get("SCRIPTS") == "all" else FOLDERS.get(name)
        for path in SCRIPTS:
            if kind.plays(path) and (not folders or script_of(path).split("/")[0] in folders):
                yield name, path


def name_of(case):
    kind, path = case
    return f"{kind}-{script_of(path)}"


def param_of(case):
    why = KNOWN.get((KINDS[case[0]].stack, script_of(case[1])))
    return pytest.param(case, marks=[pytest.mark.xfail(reason=why, strict=True)] if why else [])


def played(kind, path):
    """Why it differs; nothing if it does not."""
    try:
        KINDS[kind].play(path)
    except play.Differs as error:
        return str(error)
    return ""


@pytest.fixture(scope="session", name="elsewhere")
def _elsewhere():
    """A process that a stack may move to another network namespace."""
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        yield pool


@pytest.mark.parametrize("case", map(param_of, cases()), ids=map(name_of, cases()))
def test_script(case, elsewhere):
    """On a wall clock, what differs plays once more, since the machine may have been late; in virtual time never."""
    kind, path = case
    why = ""
    stack = KINDS[kind].stack
    for _ in range(1 if stack in VIRTUAL else 2):
        why = elsewhere.submit(played, kind, path).result() if stack == "packetdrill" else played(kind, path)
        if not why:
            return
    pytest.fail(why, pytrace=False)
