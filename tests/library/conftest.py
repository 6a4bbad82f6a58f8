# SPDX-License-Identifier: BSD-2-Clause
"""The library as others have it: installed, found by pkg-config, and nothing else of the tree within reach."""

import os
import secrets
import shlex
import signal
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.abspath(os.path.join(HERE, "..", ".."))
EXAMPLES = os.path.join(TREE, "docs", "examples")
sys.path.insert(0, os.path.join(HERE, "..", "wire"))

from lab.netns import Netns             # noqa: E402

US, KERNEL = "10.77.0.2", "10.77.0.1"


def pytest_configure(config):
    def ended(*_):
        raise KeyboardInterrupt         # so that fixtures put everything away
    signal.signal(signal.SIGTERM, ended)


def must(argv, **more):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **more)
    assert done.returncode == 0, f"{' '.join(map(str, argv))}\n{done.stdout}"
    return done.stdout


class Installed:
    """A tree that `meson install` filled."""

    def __init__(self, release, root):
        self.root = str(root)
        must(["meson", "install", "-C", release, "--no-rebuild", "--quiet", "--destdir", self.root])
        folders = [where for where, _, files in os.walk(self.root) if "nethood.pc" in files]
        assert len(folders) == 1, "one nethood.pc is installed"
        self.env = dict(os.environ, LANG="C", PKG_CONFIG_PATH=folders[0], PKG_CONFIG_SYSROOT_DIR=self.root,
                        LD_LIBRARY_PATH=os.path.dirname(folders[0]))

    def flags(self, *options):
        return shlex.split(must(["pkg-config", *options, "nethood"], env=self.env))

    def compile(self, source, out, *options):
        """As the examples tell their readers to, and with no warning."""
        must(["cc", "-Wall", "-Wextra", "-Werror", *options, "-o", str(out), source, *self.flags("--cflags", "--libs")],
             env=self.env)
        return str(out)


class Machine:
    """A namespace in which the kernel is on one side of a TAP device, and a program of ours on the other."""

    def __init__(self, env):
        self.env, self.running = env, []
        self.netns = Netns()
        self.tap = "nh" + secrets.token_hex(4)
        self.netns.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        for command in (f"ip link set lo up", f"ip tuntap add dev {self.tap} mode tap",
                        f"ip addr add {KERNEL}/24 dev {self.tap}", f"ip link set {self.tap} up"):
            self.run(command.split())

    def start(self, argv, **more):
        options = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) | more
        process = subprocess.Popen(self.netns.wrap([str(arg) for arg in argv]), env=self.env,
                                   pass_fds=(self.netns.fd,), **options)
        self.running.append(process)
        return process

    def run(self, argv, timeout=60, **more):
        """Its output, octets; it must end well."""
        process = self.start(argv, **more)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{argv} did not end in {timeout} s\n{err}") from None
        assert process.returncode == 0, f"{argv}: {process.returncode}\n{err}"
        return out

    def end(self, process):
        """Ask it to end.  Its status, and what it said."""
        process.terminate()
        _, err = process.communicate(timeout=20)
        return process.returncode, err

    def close(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.communicate()
        self.netns.close()


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    if "NETHOOD_RELEASE" not in os.environ:
        pytest.skip("NETHOOD_RELEASE does not name a build")
    return Installed(os.environ["NETHOOD_RELEASE"], tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="session")
def example(installed, tmp_path_factory):
    """Compile docs/examples/NAME.c: the program."""
    def compile_it(name):
        out = tmp_path_factory.mktemp("examples") / name
        return installed.compile(os.path.join(EXAMPLES, name + ".c"), out, "-g", "-fsanitize=address,undefined",
                                 "-fno-sanitize-recover=all")
    return compile_it


@pytest.fixture
def machine(installed):
    if os.geteuid() != 0:
        pytest.skip("a namespace with a TAP device needs root")
    it = Machine(installed.env)
    yield it
    it.close()
