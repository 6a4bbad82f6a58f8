# SPDX-License-Identifier: BSD-2-Clause
"""kill -9: of a program, whatever it was doing, and of nethood, whatever its programs wait for.

What the peer of a killed program sees is compared with what it sees when both are the kernel's; and all that the
program had is given back: the net's memory, its sockets, and the descriptors of its process.
"""

import json
import os
import re
import shutil
import signal

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
PEER, NET = "10.77.0.1", "10.77.0.2"
PYTHON = "/usr/bin/python3"
CASES = {       # what the kernel answers
    "idle": "end",
    "unread": "ConnectionResetError",
    "sending": "end after all of it",
    "sending_unread": "ConnectionResetError",
    "flooded": "ConnectionResetError",
    "half_closed": "BrokenPipeError",
    "half_closed_by_peer": "end",
    "backlog": "ConnectionResetError, ConnectionResetError, ConnectionResetError",
    "accepted": "end, end, end",
    "served": "end after all of it, end after all of it, end after all of it",
}
BULK = ("sending", "sending_unread", "flooded")
LISTENS = ("backlog", "accepted", "served")
PATIENCE_S = 60


@pytest.fixture(scope="session")
def programs(public):
    """{name: command}, where an ordinary user finds them, too."""
    return {name: [PYTHON, shutil.copy(f"{HERE}/programs/{name}.py", public)] for name in ("killed", "bereaved")}


def spoken(text):
    """The last line; how much came before a reset is a matter of time."""
    return re.sub(r"(Error) after \w+ of it", r"\1", text.strip().splitlines()[-1] if text.strip() else "nothing")


def on_the_kernel(host, killed, case):
    done = host.run([*killed, case], as_root=True, timeout=PATIENCE_S)
    assert spoken(done.stdout) == CASES[case], done
    return CASES[case]


def net_of(host, name):
    return next(net for net in json.loads(host.good("ls", "-j")) if net["name"] == name)


def held(host, name):
    """What a net and its process hold: octets of memory, descriptors, and what its sockets say of themselves."""
    net = net_of(host, name)
    fds = host.run(["ls", f"/proc/{net['pid']}/fd"], as_root=True).stdout.split()
    return {"memory": net["memory"], "descriptors": len(fds), "programs": net["programs"],
            "sockets": host.good("proc", name, "net/sockstat"), "tcp": host.good("proc", name, "net/tcp")}


def given_back(host, name, before):
    """Sockets and descriptors to the last one.  Of memory, slabs stay with the net for the next one: less than
    a connection had
    in its buffers."""
    slack = (512 if before["bulk"] else 64) << 10

    def all_of_it():
        now = held(host, name)
        return all(now[k] == before[k] for k in now if k != "memory") and now["memory"] <= before["memory"] + slack
    try:
        host.wait(all_of_it, 20)
    except AssertionError:
        raise AssertionError(f"before {before}\nnow {held(host, name)}") from None


def begin(host, name, case):
    """When all that came before has ended."""
    host.wait(lambda: "inuse 0 orphan 0 tw 0 alloc 0 mem 0" in (now := held(host, name))["sockets"]
              and not now["programs"],
              20, "all is quiet")
    return held(host, name) | {"bulk": case in BULK}


NO_TIME_WAIT = ["--sysctl", "net.ipv4.tcp_max_tw_buckets=0"]


@pytest.mark.parametrize("case", CASES)
def test_a_killed_programs_peer_sees_what_the_kernel_would_send(host, tmp_path, programs, case):
    """The peer is the kernel's, on the other side of the wire."""
    name = host.up("--dev", "eth0=tap:smoke0", "--addr", f"{NET}/24", "--host-addr", f"{PEER}/24", *NO_TIME_WAIT)
    killed = programs["killed"]
    want = on_the_kernel(host, killed, case)
    for i in range(2):      # the first one makes what stays: a neighbour, a route, slabs
        path = tmp_path / f"pid{i}"
        victim = [*killed, case, "victim", NET if case in LISTENS else PEER, path]
        before = begin(host, name, case)
        watcher = host.start([*killed, case, "watcher", NET if case in LISTENS else PEER, path], as_root=True)
        if case not in LISTENS:
            assert "listens" in watcher.stdout.readline()
        program = host.start([host.binary, "exec", name, "--", *victim])
        out, err = watcher.communicate(timeout=PATIENCE_S)
        host.running.remove(watcher)
        assert spoken(out) == want, out + err
        assert program.wait(10) == 128 + signal.SIGKILL, program.communicate()
        host.running.remove(program)
    given_back(host, name, before)


@pytest.mark.parametrize("user", ["nobody"])
@pytest.mark.parametrize("case", CASES)
def test_a_killed_program_whose_peer_is_on_the_same_net(either, programs, case):
    """An ordinary user's."""
    name = either.up("--addr", "10.77.0.2/24", *NO_TIME_WAIT)
    for _ in range(2):
        before = begin(either, name, case)
        done = either.nethood("exec", name, "--", *programs["killed"], case, timeout=PATIENCE_S)
        assert spoken(done.stdout) == CASES[case], done
    given_back(either, name, before)


def test_the_port_of_a_killed_server_is_free_at_once(either):
    name = either.up("--addr", "10.77.0.2/24")
    for _ in range(3):
        server = either.start([either.binary, "exec", name, "--", "nc", "-l", "-k", "9000"])
        either.wait(lambda: ":2328 " in either.good("proc", name, "net/tcp")
                    or server.poll() is not None, 20, "it listens")
        assert server.poll() is None, server.communicate()
        child = either.run(["pgrep", "-P", str(server.pid)], as_root=True).stdout.split()
        os.kill(int(child[0]), signal.SIGKILL)
        assert server.wait(10) == 128 + signal.SIGKILL


# ---- nethood --------------------------------------------------------------------------------------------

TOLD = {        # a call that was passed on says ENOSYS; what the kernel does ends as if the peer had ended
    "accept": "ENOSYS", "poll of a listener": "17", "epoll of a listener": "17", "recv": "b''", "read": "b''", 
    "poll": "17",
    "epoll": "17", "select": "1", "send": "ECONNRESET|EPIPE", "write": "ECONNRESET|EPIPE", "connect": "ENOSYS",
    "recvfrom": "ENOSYS", "read of a datagram": "b''", "poll for a datagram": "17", "recv of netlink": "ENOSYS",
    "socket": "ENOSYS",
}


@pytest.mark.parametrize("how", ["killed", "down"])
def test_programs_are_told_when_their_net_is_gone(either, public, programs, how):
    """In whatever call they wait; none waits on."""
    batch = f"{public}/deaf"
    with open(batch, "w", encoding="ascii") as f:
        f.write("neigh add 10.77.0.98 lladdr 02:00:00:00:00:98 dev eth0 nud permanent\n")
    os.chmod(batch, 0o644)
    name = either.up("--batch", batch)
    program = either.start([either.binary, "exec", name, "--", *programs["bereaved"]])
    assert program.stdout.readline() == "all wait, but []\n", program.communicate()
    if how == "killed":
        either.names.remove(name)
        os.kill(net_of(either, name)["pid"], signal.SIGKILL)
    else:
        either.names.remove(name)
        either.good("down", name, "-f")
    out, err = program.communicate(timeout=PATIENCE_S)
    either.running.remove(program)
    told = dict(line.split(": ", 1) for line in out.splitlines())
    assert program.returncode == 0 and told.keys() == TOLD.keys(), out + err
    wrong = {k: v for k, v in told.items() if not re.fullmatch(TOLD[k], v)}
    assert not wrong, out
    said = f"nethood: {name}: the net is gone; calls on its sockets fail from now on\n"
    assert err == said or (not err and how == "down"), err      # then the program may end before the net has


def test_a_program_ends_with_the_nethood_that_runs_it(either):
    run = either.start([either.binary, "run", "--addr", "10.77.0.2/24", "--", "sh", "-c", "echo $$; exec sleep 1000"])
    pid = int(run.stdout.readline())
    run.kill()
    run.wait(10)
    either.wait(lambda: not os.path.exists(f"/proc/{pid}") or "Z" in open(f"/proc/{pid}/stat").read().split(")")[1], 10,
                "the program is gone")
