# SPDX-License-Identifier: BSD-2-Clause
"""A net on an interface that the host has already, by AF_PACKET and by AF_XDP: one end of a veth pair, the kernel on
the other.
"""

import json
import os
import signal

import pytest

INSIDE, OUTSIDE = "10.77.0.2", "10.77.0.1"


def ip(host, *words):
    done = host.run(["ip", *words], as_root=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def pair(host):
    ip(host, "link", "add", "smoke0", "type", "veth", "peer", "name", "smoke1")
    ip(host, "addr", "add", f"{OUTSIDE}/24", "dev", "smoke0")
    ip(host, "link", "set", "smoke0", "up")
    ip(host, "link", "set", "smoke1", "up")
    return host


def doctor(host, check):
    return {found["check"]: found for found in json.loads(host.nethood("doctor", "-j").stdout)}[check]


@pytest.fixture(params=["packet", "xdp"])
def driver(host, request):
    check = {"packet": "AF_PACKET", "xdp": "AF_XDP"}[request.param]
    if doctor(host, check)["verdict"] != "OK":
        pytest.skip(doctor(host, check)["text"])
    return request.param


def link(host):
    shown, = json.loads(ip(host, "-d", "-j", "link", "show", "smoke1"))
    return shown


def carrier(host, name):
    shown, = json.loads(host.good("exec", name, "--", "ip", "-j", "link", "show", "eth0"))
    return "LOWER_UP" in shown["flags"]


def test_what_happened_on_an_interface_happens_again(pair, driver, tmp_path):
    """Echoes, an answer in fragments, a stream, and a cable that is pulled out and put in."""
    host, file = pair, tmp_path / "interface.nhrec"
    name = host.up("--dev", f"eth0={driver}:smoke1", "--addr", f"{INSIDE}/24", "--record-mib", "64")
    host.good("exec", name, "--", "ping", "-q", "-c20", "-i0.01", OUTSIDE)
    host.good("exec", name, "--", "ping", "-q", "-c5", "-i0.01", "-s4000", OUTSIDE)
    server = host.start([host.binary, "exec", name, "--", "sh", "-c", "nc -l -p 9000 | wc -c"])
    host.wait(lambda: ":2328 " in host.good("proc", name, "net/tcp"), 10, "it listens")
    sent = host.run(["sh", "-c", f"head -c 2000000 /dev/zero | nc -N {INSIDE} 9000"])
    assert sent.returncode == 0, sent.stderr
    assert server.communicate(timeout=30)[0] == "2000000\n"
    ip(host, "link", "set", "smoke1", "down")
    host.wait(lambda: not carrier(host, name), 10, "the cable is out")
    ip(host, "link", "set", "smoke1", "up")
    host.wait(lambda: carrier(host, name), 10, "the cable is in")
    host.good("exec", name, "--", "ping", "-q", "-c3", "-i0.01", "-W5", OUTSIDE)
    host.good("record", name, file)
    done = host.nethood("replay", file, "-j", timeout=120)
    told = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0 and told["same"] and told["complete"], told


@pytest.mark.parametrize("how", ["down", "killed"])
def test_the_interface_is_left_as_it_was(pair, driver, how):
    host, before = pair, link(pair)
    name = host.up("--dev", f"eth0={driver}:smoke1", "--addr", f"{INSIDE}/24")
    during = link(host)
    assert during["promiscuity"] == 1 and ("xdp" in during) == (driver == "xdp"), during
    if how == "down":
        host.down(name)
    else:
        host.names.remove(name)
        net, = [net for net in json.loads(host.good("ls", "-j")) if net["name"] == name]
        os.kill(net["pid"], signal.SIGKILL)
    host.wait(lambda: link(host) == before, 10, "it is as it was")


WRONG = [("smoke1", "is in use by another program"), ("nowhere0", "there is no such interface"),
         ("lo", "does not take this name")]


@pytest.mark.parametrize("ifname, why", WRONG, ids=[row[0] for row in WRONG])
def test_why_there_is_no_rings(pair, ifname, why):
    if doctor(pair, "AF_XDP")["verdict"] != "OK":
        pytest.skip(doctor(pair, "AF_XDP")["text"])
    pair.up("--dev", "eth0=xdp:smoke1", "--addr", f"{INSIDE}/24")
    done = pair.nethood("run", "--dev", f"eth0=xdp:{ifname}", "--addr", "10.78.0.2/24", "--", "true")
    assert done.returncode == 125 and why in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_rings_are_for_the_machines_root(either):
    if doctor(either, "AF_XDP")["verdict"] == "OK":
        pytest.skip("this is the machine's root")
    assert doctor(either, "AF_XDP")["verdict"] == "limited"
    done = either.nethood("run", "--dev", "eth0=xdp:lo", "--addr", "10.78.0.2/24", "--", "true")
    assert done.returncode == 125 and done.stderr.count("\n") == 1, done.stderr
    assert "needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF" in done.stderr or "without libxdp" in done.stderr, done.stderr
