# SPDX-License-Identifier: BSD-2-Clause
"""Packet scripts need what the wire tests need: namespaces, TAP devices, the two stacks."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "wire")]


def pytest_configure(config):
    config.addinivalue_line("markers", "net(**sysctls): what test_numbers.py sets under net.ipv4")
