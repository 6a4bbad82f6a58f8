# SPDX-License-Identifier: BSD-2-Clause
"""Each script of scripts/ is a test of the kernel, of nethood under a program, of nethood as a library, and as the
library that packetdrill loads."""

import concurrent.futures
import glob
import multiprocessing
import os

import pytest

from lab.kernel import KernelStack
from lab.nethood import NethoodStack
from runner import packetdrill, play
from runner.library import LibraryStack

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"kernel": KernelStack, "nethood": NethoodStack, "library": LibraryStack,
         "packetdrill": packetdrill.PacketdrillStack}
VIRTUAL = ("library", "packetdrill")
SCRIPTS = sorted(glob.glob(os.path.join(HERE, "scripts", "**", "*.pkt"), recursive=True))
NOT_FOR = {"library": play.blocks, "packetdrill": lambda path: not packetdrill.plays(path)}
CASES = [(kind, path) for kind in KINDS for path in SCRIPTS if kind not in NOT_FOR or not NOT_FOR[kind](path)]


TRUESIZE = "a frame that was received is charged more memory than the kernel's TAP does, so the window closes sooner"
LINGER = "close(2) is not passed on to nethood: docs/RUN.md"
KNOWN = {       # what differs from the kernel, and why; one that plays after all fails
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


def name_of(case):
    kind, path = case
    return f"{kind}-{os.path.relpath(path, os.path.join(HERE, 'scripts'))[:-4]}"


def param_of(case):
    why = KNOWN.get(tuple(name_of(case).split("-", 1)))
    return pytest.param(case, marks=[pytest.mark.xfail(reason=why, strict=True)] if why else [])


def played(kind, path):
    """Why it differs; nothing if it does not."""
    try:
        play.play(path, KINDS[kind])
    except play.Differs as error:
        return str(error)
    return ""


@pytest.fixture(scope="session", name="elsewhere")
def _elsewhere():
    """A process that a stack may move to another network namespace."""
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        yield pool


@pytest.mark.parametrize("case", map(param_of, CASES), ids=map(name_of, CASES))
def test_script(case, elsewhere):
    """On a wall clock, what differs plays once more, since the machine may have been late; in virtual time never."""
    kind, path = case
    why = ""
    for _ in range(1 if kind in VIRTUAL else 2):
        why = elsewhere.submit(played, kind, path).result() if kind == "packetdrill" else played(kind, path)
        if not why:
            return
    pytest.fail(why, pytrace=False)
