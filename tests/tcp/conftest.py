# SPDX-License-Identifier: BSD-2-Clause
"""Packet scripts need what the wire tests need: namespaces, TAP devices (or veth pairs), the two stacks."""

import os
import signal
import sys
import tempfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "wire")]

from lab.netns import become_root_of_a_namespace    # noqa: E402

WHY_NOT = None
if os.geteuid() != 0:
    try:
        os.environ["LOGNAME"] = f"uid{os.geteuid()}"    # pytest's folder is named after it
        become_root_of_a_namespace()
        RUNTIME = tempfile.TemporaryDirectory()     # /run/nethood is the machine's root's
        os.environ["XDG_RUNTIME_DIR"] = RUNTIME.name
    except OSError as error:
        WHY_NOT = f"no user namespace: {error}"


def pytest_configure(config):
    config.addinivalue_line("markers", "net(**sysctls): what test_numbers.py sets under net.ipv4")

    def ended(*_):
        raise KeyboardInterrupt         # so that each stack is put away
    signal.signal(signal.SIGTERM, ended)


def pytest_collection_modifyitems(items):
    for item in items if WHY_NOT else ():
        item.add_marker(pytest.mark.skip(reason=WHY_NOT))
