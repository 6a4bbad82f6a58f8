# SPDX-License-Identifier: BSD-2-Clause
"""Programs as they are, on nethood, with the kernel on the other side of the wire.

A `Host` is a namespace that plays the machine: `nethood` runs in it as root, and the
kernel's side of the TAP is in it.  An ordinary user has no such host: `nethood run`
makes namespaces of its own for him, so his tests look from inside only.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "wire"))

from lab import whole_table             # noqa: E402
from lab.nethood import binary          # noqa: E402
from lab.netns import Netns             # noqa: E402

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
INSIDE, OUTSIDE = "10.77.0.2", "10.77.0.1"


def pytest_configure(config):
    def ended(*_):
        raise KeyboardInterrupt         # so that fixtures put everything away
    signal.signal(signal.SIGTERM, ended)


def pytest_collection_modifyitems(items):
    if os.geteuid() == 0:
        return
    reason = "namespaces for the other side of the wire need root"
    for item in items:
        if getattr(item, "callspec", None) and item.callspec.params.get("user") == "nobody":
            continue
        item.add_marker(pytest.mark.skip(reason=reason))


def daemon_of(name):
    """The process of a net: the one whose arguments name it."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if name.encode() in words and b"up" in words:
            return int(pid)
    raise AssertionError(f"no process shows the name of {name}")


def end(process):
    """It may say goodbye to its own children; what they still hold of its output is not waited for."""
    process.terminate()
    try:
        process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()
        process.wait()


class Host:
    """The machine on which a user types `nethood ...`."""

    def __init__(self, user="root", runtime=None):
        self.user = user
        self.binary = binary()
        self.netns = None
        if os.geteuid() == 0:
            whole_table.take(False)     # the kernel on the other side has neighbours, too
            self.netns = Netns()
        self.names = []
        self.running = []
        self.env = dict(os.environ, LANG="C", PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if runtime:
            self.env.update(XDG_RUNTIME_DIR=str(runtime), HOME=str(runtime))
        if self.netns:
            self.netns.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
            self.run(["ip", "link", "set", "lo", "up"], as_root=True)

    def wrap(self, argv, as_root=False):
        argv = [str(a) for a in argv]
        if self.user == "nobody" and not as_root and os.geteuid() == 0:
            argv = NOBODY + argv
        return self.netns.wrap(argv) if self.netns else argv

    def start(self, argv, as_root=False, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
              **kwargs):
        fds = (self.netns.fd,) if self.netns else ()
        process = subprocess.Popen(self.wrap(argv, as_root), env=self.env, stdin=stdin,
                                   stdout=subprocess.PIPE, stderr=stderr, text=True,
                                   pass_fds=fds, **kwargs)
        self.running.append(process)
        return process

    def run(self, argv, timeout=60, input=None, as_root=False, **kwargs):
        """Run a program on the machine to its end."""
        stdin = subprocess.PIPE if input is not None else subprocess.DEVNULL
        process = self.start(argv, as_root, stdin, **kwargs)
        try:
            out, err = process.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"{argv} did not end in {timeout} s\n{out}{err}") from None
        finally:
            self.running.remove(process)
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def nethood(self, *argv, **kwargs):
        return self.run([self.binary, *argv], **kwargs)

    def good(self, *argv, **kwargs):
        done = self.nethood(*argv, **kwargs)
        assert done.returncode == 0, \
            f"nethood {argv}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    # ---- nets that are up -----------------------------------------------

    def up(self, *options, name=None):
        name = name or f"smoke-{os.getpid()}-{secrets.token_hex(3)}"
        self.good("up", name, *options)
        self.names.append(name)
        return name

    def down(self, name):
        self.names.remove(name)
        return self.good("down", name)

    def tap(self):
        """The kernel's side of the wire: the device that has its address."""
        shown = self.run(["ip", "-br", "addr", "show", "to", OUTSIDE], as_root=True).stdout
        assert shown.strip(), "no device of the host side has " + OUTSIDE
        return shown.split()[0]

    def wait(self, test, within=20.0, why=""):
        deadline = time.monotonic() + within
        while True:
            got = test()
            if got:
                return got
            assert time.monotonic() < deadline, f"not within {within:g} s: {why}"
            time.sleep(0.02)

    def close(self):
        for process in self.running:
            end(process)
        for name in self.names:
            self.nethood("down", name)
        if self.netns:
            self.netns.close()
            whole_table.give(False)


@pytest.fixture
def host():
    machine = Host()
    yield machine
    machine.close()


@pytest.fixture(params=["root", "nobody"])
def user(request):
    return request.param


@pytest.fixture
def either(user, tmp_path, public_binary):
    """A machine used by root, then one used by an ordinary user."""
    os.chmod(tmp_path, 0o700)
    if os.geteuid() == 0 and user == "nobody":
        for path in [tmp_path, *tmp_path.parents][:3]:
            os.chmod(path, 0o755)
        os.chown(tmp_path, 65534, 65534)
        os.chmod(tmp_path, 0o700)
    machine = Host(user, runtime=tmp_path)
    machine.binary = public_binary
    yield machine
    machine.close()


@pytest.fixture
def net(host):
    """A net that is up, with the kernel on the other side: (host, name)."""
    name = host.up("--dev", "eth0=tap:smoke0", "--addr", f"{INSIDE}/24",
                   "--host-addr", f"{OUTSIDE}/24")
    return host, name


@pytest.fixture(scope="session")
def public(tmp_path_factory):
    """A folder that every user may look into."""
    path = tempfile.mkdtemp(prefix="nethood-smoke-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


def build_go(public, tmp_path_factory, name):
    target = os.path.join(public, name)
    env = dict(os.environ, CGO_ENABLED="0", GOFLAGS="-trimpath", GO111MODULE="off")
    if "HOME" not in env:
        env["GOCACHE"] = str(tmp_path_factory.mktemp("go"))
    subprocess.run(["go", "build", "-o", target, f"{HERE}/programs/{name}.go"], env=env,
                   check=True, timeout=240)
    os.chmod(target, 0o755)
    return target


@pytest.fixture(scope="session")
def go_program(public, tmp_path_factory):
    """A static Go program."""
    return build_go(public, tmp_path_factory, "udpecho")


@pytest.fixture(scope="session")
def go_web(public, tmp_path_factory):
    """A static Go program: an HTTP server, and its client."""
    return build_go(public, tmp_path_factory, "webgo")


@pytest.fixture(scope="session")
def arpings(public):
    """{flavour: program}.  Debian installs only one of the two: the other is unpacked beside it."""
    found = {}
    for flavour, package, path in (("iputils", "iputils-arping", "usr/bin/arping"),
                                   ("habets", "arping", "usr/sbin/arping")):
        installed = "/" + path
        folder = os.path.join(public, package)
        if not os.path.exists(installed):
            os.makedirs(folder)
            for command in (["apt-get", "download", "-q", package], "dpkg -x *.deb ."):
                subprocess.run(command, cwd=folder, shell=isinstance(command, str), check=True, timeout=60,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            installed = os.path.join(folder, path)
        found[flavour] = installed
    return found


@pytest.fixture(scope="session")
def public_binary(public):
    """The command, where every user may execute it: the tree may be somebody's own."""
    return shutil.copy(binary(), os.path.join(public, "nethood"))
