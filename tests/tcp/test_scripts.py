# SPDX-License-Identifier: BSD-2-Clause
"""Each script of scripts/ is a test of the kernel, of nethood under a program, and of nethood as a library."""

import glob
import os

import pytest

from lab.kernel import KernelStack
from lab.nethood import NethoodStack
from runner import play
from runner.library import LibraryStack

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"kernel": KernelStack, "nethood": NethoodStack, "library": LibraryStack}
SCRIPTS = sorted(glob.glob(os.path.join(HERE, "scripts", "**", "*.pkt"), recursive=True))
CASES = [(kind, path) for kind in KINDS for path in SCRIPTS if kind != "library" or not play.blocks(path)]


def name_of(case):
    kind, path = case
    return f"{kind}-{os.path.relpath(path, os.path.join(HERE, 'scripts'))[:-4]}"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_script(case):
    """On a wall clock, what differs plays once more, since the machine may have been late; in virtual time never."""
    kind, path = case
    why = ""
    for _ in range(1 if kind == "library" else 2):
        try:
            play.play(path, KINDS[kind])
            return
        except play.Differs as error:
            why = str(error)
    pytest.fail(why, pytrace=False)
