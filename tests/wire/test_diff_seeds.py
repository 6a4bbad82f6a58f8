# SPDX-License-Identifier: BSD-2-Clause
"""A few random sequences of tests/diff, and all that failed once: `make diff` plays as many as one likes."""

import glob
import json
import os
import sys
import time

import pytest

DIFF = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "diff")
sys.path.append(DIFF)

import play                             # noqa: E402
from events import Generator            # noqa: E402

KEPT = sorted(glob.glob(os.path.join(DIFF, "seeds", "*.json")))
SEEDS, EVENTS, ROUNDS = range(1, 9), 30, 3


def same(name, sequence, tmp_path):
    """A difference must come twice.  When the machine was late, or it came once only, that says nothing: once more,
    later."""
    for _ in range(ROUNDS):
        verdict = play.judge(name, sequence, tmp_path, 0)
        if verdict.what == "same":
            return
        assert verdict.what != "different", verdict.text
        time.sleep(2)
    if verdict.what == "void":
        pytest.skip("the machine was late each time")
    pytest.fail(verdict.text)


@pytest.mark.parametrize("path", KEPT, ids=[os.path.basename(path) for path in KEPT])
def test_what_differed_once(path, tmp_path):
    with open(path, encoding="utf-8") as file:
        same(os.path.basename(path), json.load(file), tmp_path)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_sequence(seed, tmp_path):
    same(f"seed {seed}", Generator(seed).sequence(seed, EVENTS), tmp_path)
