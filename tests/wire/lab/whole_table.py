# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's neighbour table is one for all namespaces, with room for 1024 entries.

A script that fills it asks for the whole of it; meanwhile no other script has a kernel stack.
The lock is of the machine, since the table is.
"""

import fcntl
import os
import tempfile

_held = {"shared": 0, "whole": 0}
_files = {}


def _file(name):
    if name not in _files:
        path = os.path.join(tempfile.gettempdir(), f"nethood-neighbour-table.{name}")
        old = os.umask(0)
        try:
            _files[name] = open(path, "a", encoding="ascii")
        finally:
            os.umask(old)
    return _files[name]


def take(whole):
    """Wait for a share of the table, or for the whole; who came first is served first."""
    if not _held["shared"] and not _held["whole"]:
        with_gate = _file("gate")
        fcntl.flock(with_gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(_file("table"), fcntl.LOCK_EX if whole else fcntl.LOCK_SH)
        finally:
            fcntl.flock(with_gate, fcntl.LOCK_UN)
    elif whole and not _held["whole"]:
        raise AssertionError("this script has a share already: it cannot wait for the whole")
    _held["whole" if whole else "shared"] += 1


def give(whole):
    _held["whole" if whole else "shared"] -= 1
    if not _held["shared"] and not _held["whole"]:
        fcntl.flock(_file("table"), fcntl.LOCK_UN)
