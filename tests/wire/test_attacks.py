# SPDX-License-Identifier: BSD-2-Clause
"""The lists of what a peer may try (ATTACKS.md here and in tests/tcp): each test that a row names is there."""

import glob
import os
import re

import pytest

WIRE = os.path.dirname(os.path.abspath(__file__))
TCP = os.path.normpath(os.path.join(WIRE, "..", "tcp"))


def rows(path):
    """(what, the cell that names its tests) of each row of the tables."""
    with open(path, encoding="utf-8") as f:
        cells = [[c.strip() for c in line.strip().strip("|").split(" | ")] for line in f if line.startswith("| ")]
    return [(row[0], row[-1]) for row in cells if row[0] != "what"]


def functions(path):
    with open(path, encoding="utf-8") as f:
        return set(re.findall(r"^def (test_\w+)", f.read(), re.MULTILINE))


def is_script(name):
    pattern = os.path.join(TCP, "scripts", name + ".pkt")
    return bool(glob.glob(pattern))


def missing(cell, folder):
    """Names that are no test.  `file: test, test; ...` is of a file; without one, of test_numbers.py or a script."""
    out = []
    for part in cell.split(";"):
        place, _, names = part.rpartition(":")
        place = place.strip()
        known = functions(os.path.join(folder, (place or "test_numbers") + ".py")) if place != "../tcp" else set()
        for name in filter(None, (n.strip() for n in names.split(","))):
            wild = re.compile(name.replace("*", r"\w*") + "$")
            if not any(map(wild.match, known)) and not is_script(name):
                out.append(name)
    return out


ROWS = [(folder, *row) for folder in (WIRE, TCP) for row in rows(os.path.join(folder, "ATTACKS.md"))]


@pytest.mark.parametrize("folder, what, cell", ROWS, ids=[row[1][:60] for row in ROWS])
def test_there_is_a_test_of(folder, what, cell):
    assert cell and not missing(cell, folder), what


def test_the_lists_are_as_long_as_they_were():
    assert len(ROWS) >= 78, "rows that are written otherwise are not seen"
