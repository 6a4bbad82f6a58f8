# SPDX-License-Identifier: BSD-2-Clause
"""Each script of scripts/ is a test of the kernel, then of nethood."""

import glob
import os

import pytest

from lab.kernel import KernelStack
from lab.nethood import NethoodStack
from runner import play

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"kernel": KernelStack, "nethood": NethoodStack}
SCRIPTS = sorted(glob.glob(os.path.join(HERE, "scripts", "**", "*.pkt"), recursive=True))


def name_of(path):
    return os.path.relpath(path, os.path.join(HERE, "scripts"))[:-4]


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
@pytest.mark.parametrize("kind", list(KINDS))
def test_script(path, kind):
    why = None
    try:
        play.play(path, KINDS[kind])
    except play.Differs as error:
        why = str(error)
    if why:
        pytest.fail(why, pytrace=False)
