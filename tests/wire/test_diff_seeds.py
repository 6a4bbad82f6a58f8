# SPDX-License-Identifier: BSD-2-Clause
"""A few random sequences of tests/diff, and all that failed once: `make diff` plays as many as one likes."""

import glob
import json
import os
import sys

import pytest

DIFF = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "diff")
sys.path.append(DIFF)

import play                             # noqa: E402
from events import Generator            # noqa: E402

KEPT = sorted(glob.glob(os.path.join(DIFF, "seeds", "*.json")))
SEEDS, EVENTS = range(1, 9), 30


def same(name, sequence, tmp_path):
    verdict = play.judge(name, sequence, tmp_path, 0)
    assert verdict.what == "same", verdict.text


@pytest.mark.parametrize("path", KEPT, ids=[os.path.basename(path) for path in KEPT])
def test_what_differed_once(path, tmp_path):
    with open(path, encoding="utf-8") as file:
        same(os.path.basename(path), json.load(file), tmp_path)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_sequence(seed, tmp_path):
    same(f"seed {seed}", Generator(seed).sequence(seed, EVENTS), tmp_path)
