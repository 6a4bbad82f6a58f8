# SPDX-License-Identifier: BSD-2-Clause
"""`nethood up, exec, ls, sysctl, drops, path, doctor, down`: a net that stays.

What is wrong is said in one line, `nethood: what: why`; the status is 1, for wrong
options 2, and 125 when `run` or `exec` themselves fail.
"""

import json
import os
import re
import signal
import time

import pytest

from conftest import daemon_of

INSIDE, OUTSIDE = "10.77.0.2", "10.77.0.1"


def one_line(done, status, *pieces):
    text = done.stderr
    assert done.returncode == status, f"status {done.returncode}, not {status}\n{text}"
    assert re.fullmatch(r"nethood: [^:\n]+(:[^:\n]+)*: .+\n", text), repr(text)
    assert len(text.splitlines()) == 1, text
    for piece in pieces:
        assert piece in text, f"no {piece!r} in {text!r}"
    assert done.stdout == "", done.stdout


# ---- life ------------------------------------------------------------------

def test_a_net_lives_from_up_to_down(net):
    host, name = net
    assert name in host.good("ls")
    assert "1 received" in host.good("exec", name, "--", "ping", "-c1", OUTSIDE)
    assert "10.77.0.1 dev eth0" in host.good("exec", name, "ip", "neigh"), \
        "the table outlives the program; -- may be left out"
    host.down(name)
    assert name not in host.good("ls")
    one_line(host.nethood("exec", name, "--", "true"), 125, name)
    assert "smoke0" not in host.run(["ip", "-br", "link"]).stdout, "its device went with it"


def test_the_state_of_a_net_is_shared_by_its_programs(net):
    host, name = net
    host.good("exec", name, "--", "ip", "addr", "add", "10.88.0.1/16", "dev", "eth0")
    assert "10.88.0.1/16" in host.good("exec", name, "--", "ip", "addr")


def test_two_programs_speak_to_each_other(net):
    host, name = net
    server = host.start([host.binary, "exec", name, "--", "python3", "-u", "-c",
                         "import socket\ns = socket.socket(type=socket.SOCK_DGRAM)\n"
                         "s.bind(('127.0.0.1', 7000)); print('ready')\n"
                         "data, who = s.recvfrom(100); s.sendto(data[::-1], who)"])
    assert server.stdout.readline() == "ready\n"
    out = host.good("exec", name, "--", "python3", "-c",
                    "import socket\ns = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(3)\n"
                    "s.sendto(b'hello', ('127.0.0.1', 7000)); print(s.recv(100))")
    assert out == "b'olleh'\n"
    server.communicate(timeout=5)
    host.running.remove(server)


def test_ls_is_json_when_asked(net):
    host, name = net
    assert name in json.dumps(json.loads(host.good("ls", "-j")))


def test_exec_gives_the_status_of_the_program(net):
    host, name = net
    for program, status in (("exit 3", 3), ("kill -9 $$", 137), ("true", 0)):
        assert host.nethood("exec", name, "--", "sh", "-c", program).returncode == status
    assert host.nethood("exec", name, "--", "/no/such").returncode == 127
    assert host.nethood("exec", name, "--", "/etc/passwd").returncode == 126


def test_the_program_knows_the_name_of_its_net(net):
    host, name = net
    assert host.good("exec", name, "--", "sh", "-c", "echo $NETHOOD_NET") == name + "\n"


def test_many_programs_at_once(net):
    host, name = net
    runs = [host.start([host.binary, "exec", name, "--", "ping", "-c2", "-i0.2", OUTSIDE])
            for _ in range(8)]
    for process in runs:
        out, err = process.communicate(timeout=20)
        host.running.remove(process)
        assert process.returncode == 0 and "2 received" in out, out + err


def test_a_program_killed_in_the_middle_hurts_nobody(net):
    host, name = net
    process = host.start([host.binary, "exec", name, "--", "ping", OUTSIDE])
    time.sleep(0.6)
    process.kill()
    process.communicate()
    host.running.remove(process)
    assert "1 received" in host.good("exec", name, "--", "ping", "-c1", OUTSIDE)


# ---- sysctl, drops, path, doctor -------------------------------------------

def test_sysctls_are_read_and_written(net):
    host, name = net
    key = "net.ipv4.neigh.eth0.retrans_time_ms"
    assert host.good("sysctl", name, key) == f"{key} = 1000\n"
    host.good("sysctl", name, "-w", f"{key}=300")
    assert host.good("sysctl", name, key) == f"{key} = 300\n"
    everything = host.good("sysctl", name, "-a")
    assert f"{key} = 300" in everything and "net.ipv4.ip_forward = 0" in everything


def test_a_default_is_the_default_of_the_devices(host):
    """Until a device has an address: from then on its settings are its own, as in Linux."""
    key = "net.ipv4.neigh.{}.retrans_time_ms"
    name = host.up("--dev", "eth0=tap:smoke0", "--sysctl", key.format("default") + "=300",
                   "--addr", f"{INSIDE}/24")
    assert "= 300" in host.good("sysctl", name, key.format("eth0"))
    host.good("sysctl", name, "-w", key.format("default") + "=400")
    assert "= 300" in host.good("sysctl", name, key.format("eth0"))
    bare = host.up("--dev", "eth0=tap:smoke1")
    host.good("sysctl", bare, "-w", key.format("default") + "=400")
    assert "= 400" in host.good("sysctl", bare, key.format("eth0"))


WRONG_SYSCTLS = [
    ("one that is not there", ["net.ipv4.no_such_thing"], "net.ipv4.no_such_thing"),
    ("a value that is no number", ["-w", "net.ipv4.ip_forward=yes"], "net.ipv4.ip_forward"),
    ("a value out of range", ["-w", "net.ipv4.ip_default_ttl=1000"], "net.ipv4.ip_default_ttl"),
    ("a device that is not there", ["net.ipv4.neigh.eth9.retrans_time_ms"], "eth9"),
]


@pytest.mark.parametrize("says, words, piece", [pytest.param(*r, id=r[0]) for r in WRONG_SYSCTLS])
def test_a_wrong_sysctl(net, says, words, piece):
    host, name = net
    one_line(host.nethood("sysctl", name, *words), 1, piece)


def test_drops_are_counted_by_reason(net):
    host, name = net
    host.nethood("exec", name, "--", "ping", "-c1", "-W4", "10.77.0.99")
    text = host.good("drops", name)
    assert "NEIGH_FAILED" in text, text
    assert "NEIGH_FAILED" in json.dumps(json.loads(host.good("drops", name, "-j")))


def test_the_history_of_a_neighbour(net):
    host, name = net
    host.good("exec", name, "--", "ping", "-c1", OUTSIDE)
    host.good("exec", name, "--", "ip", "neigh", "del", OUTSIDE, "dev", "eth0")
    lines = host.good("neigh", name, "why", OUTSIDE).splitlines()
    for line, pattern in zip(lines, (r"NONE +-> INCOMPLETE +a packet to it #\d+$",
                                     r"INCOMPLETE -> REACHABLE +[0-9a-f:]{17}  a frame that came #\d+$",
                                     r"REACHABLE +-> FAILED +a netlink request #\d+$",
                                     r"FAILED +-> deleted +a netlink request #\d+$"), strict=True):
        assert re.search(pattern, line), lines
    rows = json.loads(host.good("neigh", name, "-j", "why", OUTSIDE, "dev", "eth0"))
    assert [row["to"] for row in rows] == ["INCOMPLETE", "REACHABLE", "FAILED", "deleted"]
    done = host.nethood("neigh", name, "why", "10.77.0.77")
    assert done.returncode == 1 and "nothing ever changed there" in done.stderr


def test_the_path_of_a_packet_is_thirteen_steps(host):
    text = host.good("path")
    steps = re.findall(r"^\s*(S\d+)\b", text, re.MULTILINE)
    assert [s for s in steps if s in ("S1", "S4", "S7", "S9", "S13")], text
    assert "neigh" in text and "dev_queue_xmit" in text, text


def test_the_doctor_tells_what_this_machine_can_do(either):
    text = either.nethood("doctor").stdout
    for word in ("/dev/net/tun", "seccomp", "user namespaces"):
        assert word in text, text


# ---- what is wrong ---------------------------------------------------------

USAGE = [
    # what                                         arguments
    ("an unknown command", ["fly"]),
    ("an unknown option of run", ["run", "--fly", "--", "true"]),
    ("an unknown option of up", ["up", "some-name", "--fly"]),
    ("no program", ["run", "--"]),
    ("no name for up", ["up"]),
    ("no name for exec", ["exec"]),
    ("no program for exec", ["exec", "some-name"]),
    ("no name for down", ["down"]),
    ("no name for sysctl", ["sysctl"]),
    ("a device without a driver", ["run", "--dev", "eth0", "--", "true"]),
    ("a driver that nobody knows", ["run", "--dev", "eth0=pigeon:x", "--", "true"]),
    ("a device without a name", ["run", "--dev", "=tap:x", "--", "true"]),
    ("a device's name that is too long", ["run", "--dev", "a" * 40 + "=tap:x", "--", "true"]),
    ("a device twice", ["run", "--dev", "eth0=tap:x", "--dev", "eth0=tap:y", "--", "true"]),
    ("an MTU that is no number", ["run", "--dev", "eth0=tap:x,mtu=big", "--", "true"]),
    ("an MTU that is too small", ["run", "--dev", "eth0=tap:x,mtu=10", "--", "true"]),
    ("a MAC that is none", ["run", "--dev", "eth0=tap:x,lladdr=02:00", "--", "true"]),
    ("a MAC that is a group's", ["run", "--dev", "eth0=tap:x,lladdr=ff:ff:ff:ff:ff:ff", "--",
                                 "true"]),
    ("an address that is none", ["run", "--addr", "10.77.0.300/24", "--", "true"]),
    ("a prefix that is none", ["run", "--addr", "10.77.0.2/33", "--", "true"]),
    ("an address of a device that is not there", ["run", "--addr", "10.1.0.2/24%eth9", "--",
                                                  "true"]),
    ("a route that is none", ["run", "--route", "somewhere", "--", "true"]),
    ("a sysctl without a value", ["run", "--sysctl", "net.ipv4.ip_forward", "--", "true"]),
    ("an option without its value", ["run", "--dev"]),
    ("a name with a slash", ["up", "a/b"]),
    ("a name with dots", ["up", ".."]),
    ("an empty name", ["up", ""]),
    ("a name that is too long", ["up", "n" * 300]),
    ("a descriptor that is no number", ["run", "--dev", "eth0=fd:x", "--", "true"]),
    ("a profile that nobody knows", ["run", "--profile", "loose", "--", "true"]),
]


@pytest.mark.parametrize("says, words", [pytest.param(*r, id=r[0]) for r in USAGE])
def test_wrong_usage(host, says, words):
    one_line(host.nethood(*words), 2)


WRONG = [
    # what                                             arguments, status, pieces
    ("down of a net that is not up", ["down", "nowhere"], 1, ["nowhere"]),
    ("exec in a net that is not up", ["exec", "nowhere", "--", "true"], 125, ["nowhere"]),
    ("sysctl of a net that is not up", ["sysctl", "nowhere", "-a"], 1, ["nowhere"]),
    ("drops of a net that is not up", ["drops", "nowhere"], 1, ["nowhere"]),
    ("an interface that is not there", ["run", "--dev", "eth0=packet:nowhere0", "--", "true"], 125,
     ["nowhere0"]),
    ("a descriptor that is not open", ["run", "--dev", "eth0=fd:99", "--", "true"], 125, ["99"]),
    ("a descriptor that is no device", ["run", "--dev", "eth0=fd:0", "--", "true"], 125, []),
    ("a batch file that is not there", ["run", "--batch", "/no/such/file", "--", "true"], 125,
     ["/no/such/file"]),
    ("a sysctl that is not there", ["run", "--sysctl", "net.ipv4.no_such=1", "--", "true"], 125,
     ["net.ipv4.no_such"]),
]


@pytest.mark.parametrize("says, words, status, pieces", [pytest.param(*r, id=r[0])
                                                         for r in WRONG])
def test_what_cannot_be_done(host, says, words, status, pieces):
    one_line(host.nethood(*words), status, *pieces)


def test_a_tap_that_is_taken(net):
    host, _ = net
    one_line(host.nethood("run", "--dev", "eth0=tap:smoke0", "--", "true"), 125, "smoke0")
    one_line(host.nethood("up", "smoke-other", "--dev", "eth0=tap:smoke0"), 1, "smoke0")


def test_a_second_up_of_one_name(net):
    host, name = net
    one_line(host.nethood("up", name, "--dev", "eth0=tap:smoke1"), 1, name)
    assert "1 received" in host.good("exec", name, "--", "ping", "-c1", OUTSIDE), \
        "the first one is not hurt"
    assert "smoke1" not in host.run(["ip", "-br", "link"]).stdout


def test_down_of_a_net_with_programs_inside(net):
    host, name = net
    process = host.start([host.binary, "exec", name, "--", "ping", OUTSIDE])
    time.sleep(0.6)
    one_line(host.nethood("down", name), 1, name)
    assert "1 received" in host.good("exec", name, "--", "ping", "-c1", OUTSIDE)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=5)
    host.running.remove(process)
    assert "packets transmitted" in out, out + err
    host.down(name)


def test_an_ordinary_user_may_not_touch_a_net_of_root(net, tmp_path):
    host, name = net
    done = host.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                     "env", "-u", "XDG_RUNTIME_DIR", host.binary, "exec", name, "--", "true"])
    one_line(done, 125, name)


def test_an_ordinary_user_without_permission_is_told_so(host):
    done = host.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", host.binary,
                     "run", "--dev", "eth0=packet:lo", "--", "true"])
    one_line(done, 125, "lo")


def test_after_the_death_of_its_daemon_a_name_can_be_used_again(host):
    name = host.up("--dev", "eth0=tap:smoke2", "--addr", f"{INSIDE}/24")
    os.kill(daemon_of(name), signal.SIGKILL)
    host.wait(lambda: name not in host.good("ls"), why="it is dead")
    one_line(host.nethood("exec", name, "--", "true"), 125, name)
    host.good("up", name, "--dev", "eth0=tap:smoke2", "--addr", f"{INSIDE}/24")
    assert name in host.good("ls")


def test_an_ordinary_users_net_stays_too(either):
    """`up` as an ordinary user: with a TAP where he may have one, else told why not."""
    name = f"mine-{os.getpid()}"
    done = either.nethood("up", name)
    if done.returncode:
        assert either.user == "nobody", done.stderr
        one_line(done, 1)
        return
    either.names.append(name)
    assert "1 received" in either.good("exec", name, "--", "ping", "-c1", OUTSIDE)
    either.down(name)
