# SPDX-License-Identifier: BSD-2-Clause
"""`nethood run -- PROGRAM`: as root and as an ordinary user, nothing else prepared.

The program is on 10.77.0.2, the kernel is 10.77.0.1.  What a user sees is what is
tested: the output, the exit status, and that nothing is left.
"""

import json
import os
import re
import signal
import time

import pytest

PEER = "10.77.0.1"
NOBODY_THERE = "10.77.0.99"


def sh(text):
    return ["sh", "-c", text]


UDP_LOOPBACK = """
import socket
a, b = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
for s in (a, b):
    s.bind(("127.0.0.1", 0)); s.settimeout(2)
for i in range(100):
    a.sendto(b"ping %d" % i, b.getsockname())
    data, who = b.recvfrom(100)
    assert who == a.getsockname(), who
    b.sendto(data.replace(b"ping", b"pong"), who)
    assert a.recv(100) == b"pong %d" % i
print("100 of 100")
"""
REFUSED = """
import socket
s = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(2)
s.connect(("10.77.0.1", 9)); s.send(b"hello")
try: s.recv(10)
except ConnectionRefusedError: print("refused")
"""
PROGRAMS = [
    # what                                      program, status, what its output must match
    ("ping of the kernel", ["ping", "-c3", "-i0.2", PEER], 0, "3 received, 0% packet loss"),
    ("ping with large packets", ["ping", "-c2", "-i0.2", "-s", "8000", PEER], 0, "2 received"),
    ("ping of nobody", ["ping", "-c1", "-W5", NOBODY_THERE], 1,
     "From 10.77.0.2 icmp_seq=1 Destination Host Unreachable"),
    ("ping of ourselves", ["ping", "-c1", "10.77.0.2"], 0, "1 received"),
    ("ping of the loopback", ["ping", "-c1", "127.0.0.1"], 0, "1 received"),
    ("ip -d link", ["ip", "-d", "link"], 0,
     r"eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 .*\n\s+link/ether "),
    ("ip -s link", ["ip", "-s", "link", "show", "dev", "eth0"], 0, r"RX:\s+bytes\s+packets"),
    ("ip link knows lo", ["ip", "link", "show", "dev", "lo"], 0,
     r"lo: <LOOPBACK,UP,LOWER_UP> mtu 65536"),
    ("ip addr", ["ip", "addr"], 0, r"inet 10\.77\.0\.2/24 .*scope global eth0"),
    ("ip -br addr", ["ip", "-br", "addr"], 0, r"eth0\s+\S+\s+10\.77\.0\.2/24"),
    ("ip monitor all asks for what is there", sh("timeout 1 ip monitor all 2>&1 | grep -c answers; true"), 0, r"^0$"),
    ("ip route", ["ip", "route"], 0, r"10\.77\.0\.0/24 dev eth0 proto kernel scope link "
     r"src 10\.77\.0\.2"),
    ("ip route get", ["ip", "route", "get", PEER], 0,
     r"10\.77\.0\.1 dev eth0 src 10\.77\.0\.2 uid "),
    ("ip rule", ["ip", "rule"], 0, "from all lookup local"),
    ("ip -s neigh after ping", sh(f"ping -c1 {PEER} >/dev/null; ip -s neigh"), 0,
     r"10\.77\.0\.1 dev eth0 lladdr \S+ .*used \d+/\d+/\d+ ?probes \d+ REACHABLE"),
    ("a permanent neighbour",
     sh("ip neigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev eth0 nud permanent && ip neigh"), 0,
     r"10\.77\.0\.9 dev eth0 lladdr 02:00:00:00:00:09 PERMANENT"),
    ("a permanent neighbour twice",
     sh("for i in 1 2; do ip neigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev eth0; done 2>&1"),
     2, "RTNETLINK answers: File exists"),
    ("ip monitor neigh", sh(
        "ip monitor neigh & sleep 0.4; ip neigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev eth0 "
        "nud permanent; sleep 0.3; kill $!"), None,
     r"10\.77\.0\.9 dev eth0 lladdr 02:00:00:00:00:09 PERMANENT"),
    ("a second address", sh("ip addr add 10.88.0.1/16 dev eth0 && ip route"), 0,
     r"10\.88\.0\.0/16 dev eth0 proto kernel scope link src 10\.88\.0\.1"),
    ("a device down and up", sh(f"ip link set eth0 down && ip link set eth0 up && "
                                f"ping -c1 -W3 {PEER}"), 0, "1 received"),
    ("a smaller MTU", sh(f"ip link set eth0 mtu 600 && ping -c1 -s 1400 {PEER} && ip link"), 0,
     r"1 received(?s:.)*eth0: .* mtu 600"),
    ("UDP between two sockets of python", ["python3", "-c", UDP_LOOPBACK], 0, "100 of 100"),
    ("UDP to a closed port of the kernel", ["python3", "-c", REFUSED], 0, "refused"),
    ("its status", sh("exit 42"), 42, ""),
    ("its death by a signal", sh("kill -TERM $$"), 128 + signal.SIGTERM, ""),
    ("its death by SIGKILL", sh("kill -KILL $$"), 128 + signal.SIGKILL, ""),
    ("no such program", ["/no/such/program"], 127, "nethood: /no/such/program: "),
    ("no program", ["/etc/passwd"], 126, "nethood: /etc/passwd: "),
    ("the name of the net", sh("echo net=$NETHOOD_NET"), 0, r"net=\S+"),
    ("nothing of the host's network", ["ip", "-o", "link"], 0, r"^1: lo(?s:.)*\d+: eth0"),
    ("programs that need no network", sh("echo hello | tr a-z A-Z"), 0, "HELLO"),
    ("a child that outlives it", sh(f"(sleep 0.5; ping -c1 {PEER}) & exit 0"), 0, "1 received"),
    ("a descriptor of a socket given to a child",
     ["python3", "-c", "import socket,subprocess\n"
      "s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0)); s.settimeout(3)\n"
      "subprocess.run(['python3', '-c', 'import socket,sys;"
      "socket.socket(fileno=int(sys.argv[1])).sendto(b\"me\", (\"127.0.0.1\", int(sys.argv[2])))',"
      " str(s.fileno()), str(s.getsockname()[1])], pass_fds=[s.fileno()])\n"
      "print('heard', s.recv(10))"], 0, "heard b'me'"),
]


@pytest.mark.parametrize("says, program, status, output", [pytest.param(*r, id=r[0])
                                                           for r in PROGRAMS])
def test_it_runs(either, says, program, status, output):
    done = either.nethood("run", "--", *program)
    text = done.stdout + done.stderr
    assert status is None or done.returncode == status, f"status {done.returncode}\n{text}"
    assert re.search(output, text, re.MULTILINE), f"no {output!r} in\n{text}"


def test_json_of_ip_neigh_is_json(either):
    done = either.nethood("run", "--", "sh", "-c", f"ping -c1 {PEER} >/dev/null; ip -j neigh")
    entries = json.loads(done.stdout)
    assert [e["dst"] for e in entries] == [PEER] and entries[0]["state"] == ["REACHABLE"], entries


def test_a_static_go_program_speaks_to_itself(either, go_program):
    done = either.nethood("run", "--", "sh", "-c", f"{go_program} serve 127.0.0.1:7000 & "
                          f"sleep 0.5; {go_program} 127.0.0.1:7000; s=$?; kill $!; exit $s")
    assert done.returncode == 0 and "10 of 10 from 127.0.0.1:7000" in done.stdout, \
        done.stdout + done.stderr


def test_an_unresolvable_neighbour_is_seen_going_incomplete_and_failed(either):
    script = (f"ping -c1 -W5 {NOBODY_THERE} >/dev/null & sleep 0.5; ip neigh; wait; sleep 0.3; "
              "ip neigh")
    lines = either.good("run", "--", "sh", "-c", script).strip().splitlines()
    assert [line.split()[-1] for line in lines] == ["INCOMPLETE", "FAILED"], lines


def test_standard_input_goes_through(either):
    assert either.good("run", "--", "cat", input="hello\n") == "hello\n"


def test_an_interrupt_ends_the_program_and_nethood(either):
    process = either.start([either.binary, "run", "--", "ping", PEER], start_new_session=True)
    time.sleep(1.0)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=10)
    either.running.remove(process)
    assert "packets transmitted" in out, out + err


def test_a_timeout_inside_works(either):
    start = time.monotonic()
    done = either.nethood("run", "--", "timeout", "0.5", "ping", PEER)
    assert done.returncode == 124 and time.monotonic() - start < 8, done


def test_nothing_is_left_on_the_host(host):
    before = host.run(["ip", "-br", "link"]).stdout
    host.good("run", "--", "ping", "-c1", PEER)
    host.wait(lambda: host.run(["ip", "-br", "link"]).stdout == before, 3.0,
              "the devices of the host are as before")


def test_two_runs_at_once_do_not_meet(either):
    """An ordinary user's are in namespaces of their own; root names his own devices."""
    def options(i):
        return ["--dev", f"eth0=tap:two{i}", "--addr", f"10.77.{i}.2/24",
                "--host-addr", f"10.77.{i}.1/24"] if either.user == "root" else []
    runs = []
    for i in (0, 1):
        peer = f"10.77.{i}.1" if either.user == "root" else PEER
        runs.append(either.start([either.binary, "run", *options(i), "--", "ping", "-c3", "-i0.2",
                                  peer]))
    for process in runs:
        out, err = process.communicate(timeout=20)
        either.running.remove(process)
        assert process.returncode == 0 and "3 received" in out, out + err


def test_options_are_obeyed(host):
    text = host.good("run", "--dev", "eth7=tap:opt0,mtu=1400,lladdr=02:00:00:00:99:01",
                     "--addr", "10.55.0.2/16%eth7", "--host-addr", "10.55.0.1/16",
                     "--route", "default via 10.55.0.1",
                     "--sysctl", "net.ipv4.ip_default_ttl=33", "--",
                     "sh", "-c", "ip link show eth7; ip route; ping -c1 10.55.0.1")
    for piece in ("mtu 1400", "link/ether 02:00:00:00:99:01", "default via 10.55.0.1 dev eth7",
                  "10.55.0.0/16 dev eth7", "1 received"):
        assert piece in text, text


def test_a_batch_of_ip_commands_is_run_before_the_program(host, tmp_path):
    batch = tmp_path / "batch"
    batch.write_text("# a comment\nneigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev eth0 "
                     "nud permanent\nroute add 192.0.2.0/24 via 10.77.0.1\n")
    text = host.good("run", "--batch", str(batch), "--", "sh", "-c", "ip neigh; ip route")
    assert "10.77.0.9 dev eth0 lladdr 02:00:00:00:00:09 PERMANENT" in text
    assert "192.0.2.0/24 via 10.77.0.1 dev eth0" in text


def test_a_capture_from_the_first_frame_on(host, tmp_path):
    path = tmp_path / "all.pcap"
    host.good("run", "--pcap", str(path), "--", "ping", "-c1", PEER)
    text = host.run(["tcpdump", "-nr", str(path)]).stdout
    lines = [line for line in text.splitlines() if "10.77.0." in line]
    assert "ARP, Request who-has 10.77.0.1 tell 10.77.0.2" in lines[0], text
    assert any("ICMP echo request" in line for line in lines)
    assert any("ICMP echo reply" in line for line in lines)
