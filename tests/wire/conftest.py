# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the wire tests: each script runs on the kernel, then on nethood.

A script that the kernel does not pass proves nothing, so `-k kernel` must always be
green; `-k nethood` is the test.  A failure prints the frames both ways and `ip neigh`.
"""

import os
import signal
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lab.kernel import KernelStack      # noqa: E402
from lab.nethood import NethoodStack    # noqa: E402
from lab.netns import become_root_of_a_namespace    # noqa: E402

if os.geteuid() != 0:
    try:
        os.environ["LOGNAME"] = f"uid{os.geteuid()}"    # pytest's folder is named after it
        become_root_of_a_namespace()
        RUNTIME = tempfile.TemporaryDirectory()     # /run/nethood is the machine's root's
        os.environ["XDG_RUNTIME_DIR"] = RUNTIME.name
    except OSError as error:
        WHY_NOT = f"no user namespace: {error}"

KINDS = {"kernel": KernelStack, "nethood": NethoodStack}


def pytest_configure(config):
    config.addinivalue_line("markers", "stack(**options): options of the stack under test")

    def ended(*_):
        raise KeyboardInterrupt         # so that fixtures put everything away
    signal.signal(signal.SIGTERM, ended)


def pytest_collection_modifyitems(items):
    if os.geteuid() != 0:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=WHY_NOT))


def _boot(request, kind, options):
    booted = KINDS[kind](**options)
    request.node.stash.setdefault(STACKS, []).append(booted)
    request.addfinalizer(booted.close)
    return booted


STACKS = pytest.StashKey()


@pytest.fixture(params=list(KINDS))
def stack(request):
    """A stack of its own; options by @pytest.mark.stack(devs=2, sysctls={...})."""
    marker = request.node.get_closest_marker("stack")
    return _boot(request, request.param, marker.kwargs if marker else {})


@pytest.fixture(params=list(KINDS), scope="module")
def shared(request):
    """One stack for all rows of a file; options by a dict SHARED in the file."""
    return _boot(request, request.param, getattr(request.module, "SHARED", {}))


# What is compared in test_differences*.py: the kernel, and nethood as either
SIDES = {"kernel": ("kernel", {}), "linux": ("nethood", dict(profile="linux")),
         "strict": ("nethood", dict(profile="strict"))}


@pytest.fixture(params=list(SIDES))
def side(request):
    """A stack of its own: the kernel, nethood in the profile linux, nethood in strict; its .side says which."""
    return request.getfixturevalue("another")()


@pytest.fixture
def another(request):
    """A function that boots one more stack of the same side."""
    marker = request.node.get_closest_marker("stack")

    def boot():
        name = request.node.callspec.params["side"]
        kind, options = SIDES[name]
        booted = _boot(request, kind, {**(marker.kwargs if marker else {}), **options})
        booted.side = name
        return booted
    return boot


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when != "call" or not report.failed:
        return
    for node in item.listchain():
        for booted in node.stash.get(STACKS, []):
            report.sections.append((f"stack: {booted.kind}", booted.state_text()))
