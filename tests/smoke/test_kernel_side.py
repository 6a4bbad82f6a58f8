# SPDX-License-Identifier: BSD-2-Clause
"""nethood as its neighbour sees it: the kernel on the other side, and its tools.

ping, arping (both programs of that name), ip neigh, dnsmasq and dig, a UDP
server, and tcpdump, which must not complain of a single frame that nethood sent.
"""

import os
import re
import time

import pytest

INSIDE, OUTSIDE = "10.77.0.2", "10.77.0.1"
NOBODY_THERE = "10.77.0.99"


@pytest.fixture(params=["iputils", "habets"])
def arping(request, host, arpings):
    """(program, flavour): there are two programs of that name."""
    program = arpings[request.param]
    assert ("iputils" in host.run([program, "-V"]).stdout) == (request.param == "iputils")
    return program, request.param


def test_the_kernel_pings_it(net):
    host, _ = net
    done = host.run(["ping", "-c3", "-i0.2", "-s1400", INSIDE])
    assert done.returncode == 0 and "3 received" in done.stdout, done.stdout
    done = host.run(["ping", "-c2", "-i0.2", "-s20000", INSIDE])
    assert done.returncode == 0 and "2 received" in done.stdout, done.stdout


def test_the_kernel_finds_it_reachable(net):
    host, name = net
    host.run(["ping", "-c1", INSIDE])
    text = host.run(["ip", "neigh", "show", INSIDE]).stdout
    assert text.split()[-1] == "REACHABLE", text
    mac = re.search(r"lladdr (\S+)", text).group(1)
    assert f"link/ether {mac}" in host.good("exec", name, "--", "ip", "link")


def test_a_flood_of_pings_is_answered(net):
    host, _ = net
    done = host.run(["ping", "-f", "-c", "2000", "-q", INSIDE])
    assert "2000 received" in done.stdout, done.stdout


def test_arping_is_answered(net, arping):
    host, _ = net
    program, flavour = arping
    words = {"iputils": ["-I", "smoke0", "-c", "2"], "habets": ["-i", "smoke0", "-c", "2"]}
    done = host.run([program, *words[flavour], INSIDE])
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search("Received 2 response|2 packets received", done.stdout), done.stdout


def test_an_address_probe_is_answered(net, arping):
    """arping -D of iputils; Habets' arping -0: sender address 0.0.0.0."""
    host, _ = net
    program, flavour = arping
    if flavour == "iputils":
        done = host.run([program, "-D", "-I", "smoke0", "-c", "2", "-w", "3", INSIDE])
        assert done.returncode == 1 and "Unicast reply" in done.stdout, \
            "1: the address is taken\n" + done.stdout
    else:
        done = host.run([program, "-0", "-i", "smoke0", "-c", "1", INSIDE])
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_free_address_is_left_to_the_prober(net, arping):
    host, _ = net
    program, flavour = arping
    words = {"iputils": ["-D", "-I", "smoke0", "-c", "1", "-w", "1"],
             "habets": ["-0", "-i", "smoke0", "-c", "1"]}
    done = host.run([program, *words[flavour], NOBODY_THERE])
    assert done.returncode == (0 if flavour == "iputils" else 1), done.stdout


def test_an_announcement_of_the_kernel_is_heard(net, arping):
    """arping -U: a known neighbour's entry stays right, an unknown one's is not made."""
    host, name = net
    program, flavour = arping
    words = {"iputils": ["-U", "-I", "smoke0", "-c", "1"],
             "habets": ["-U", "-i", "smoke0", "-c", "1"]}
    host.run([program, *words[flavour], OUTSIDE])
    assert OUTSIDE not in host.good("exec", name, "--", "ip", "neigh")
    host.good("exec", name, "--", "ping", "-c1", OUTSIDE)
    host.run(["ip", "link", "set", "smoke0", "address", "02:00:00:00:ab:cd"])
    host.run([program, *words[flavour], OUTSIDE])
    host.wait(lambda: "02:00:00:00:ab:cd" in host.good("exec", name, "--", "ip", "neigh"), 2.0,
              "the announced address is in the table")


def test_a_udp_server_of_the_kernel_answers(net, go_program):
    host, name = net
    server = host.start([go_program, "serve", f"{OUTSIDE}:47000"])
    assert "listening" in server.stdout.readline()
    out = host.good("exec", name, "--", go_program, f"{OUTSIDE}:47000")
    assert f"10 of 10 from {OUTSIDE}:47000 to {INSIDE}" in out
    text = host.good("exec", name, "--", "python3", "-c",
                     "import socket\ns = socket.socket(type=socket.SOCK_DGRAM); s.settimeout(3)\n"
                     f"s.connect(('{OUTSIDE}', 47000))\n"
                     "for n in (1, 1472, 1473, 9000, 60000):\n"
                     "    s.send(bytes(n)); assert len(s.recv(65536)) == n\n"
                     "print('every size')")
    assert text == "every size\n"


def test_a_udp_server_inside_answers_the_kernel(net, go_program):
    host, name = net
    server = host.start([host.binary, "exec", name, "--", go_program, "serve", f"{INSIDE}:47000"])
    assert "listening" in server.stdout.readline()
    out = host.run([go_program, f"{INSIDE}:47000"])
    assert f"10 of 10 from {INSIDE}:47000" in out.stdout, out.stdout


def test_dig_asks_a_name_server_of_the_kernel(net, tmp_path):
    host, name = net
    server = host.start(["dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=",
                         "--bind-interfaces", f"--listen-address={OUTSIDE}", "--port=53",
                         "--user=root", f"--pid-file={tmp_path}/pid",
                         "--address=/host.example/192.0.2.53",
                         "--txt-record=long.example," + "x" * 200])
    host.wait(lambda: ":53 " in host.run(["ss", "-Hlun"]).stdout, 5.0, "dnsmasq listens")
    dig = ["exec", name, "--", "dig", "+tries=2", "+time=3", "+short", f"@{OUTSIDE}"]
    assert host.good(*dig, "host.example") == "192.0.2.53\n"
    assert "x" * 200 in host.good(*dig, "long.example", "TXT")
    done = host.nethood("exec", name, "--", "dig", f"@{OUTSIDE}", "nowhere.example")
    assert "status: " in done.stdout, done.stdout
    assert server.poll() is None


def test_dig_of_a_dead_server_gives_up(net):
    host, name = net
    done = host.nethood("exec", name, "--", "dig", "+tries=1", "+time=1", f"@{OUTSIDE}",
                        "host.example")
    assert done.returncode == 9, done.stdout
    assert re.search("connection refused|no servers could be reached", done.stdout), done.stdout


def test_tcpdump_finds_nothing_to_complain_of(host, go_program, tmp_path):
    # With offload the host's side would complete what was begun, but tcpdump sees it before.
    name = host.up("--dev", "eth0=tap:smoke0,offload=off", "--addr", f"{INSIDE}/24", "--host-addr", f"{OUTSIDE}/24")
    path = str(tmp_path / "smoke0.pcap")
    dump = host.start(["tcpdump", "-i", "smoke0", "--immediate-mode", "-U", "-w", path, "-Z", "root", "-s", "0"])
    host.wait(lambda: os.path.exists(path) and os.path.getsize(path) >= 24, 5.0, "tcpdump listens")
    server = host.start([go_program, "serve", f"{OUTSIDE}:47000"])
    assert "listening" in server.stdout.readline()
    host.good("exec", name, "--", "ping", "-c2", "-i0.2", OUTSIDE)
    host.good("exec", name, "--", "ping", "-c1", "-s7777", OUTSIDE)
    host.good("exec", name, "--", go_program, f"{OUTSIDE}:47000")
    host.nethood("exec", name, "--", "dig", "+tries=1", "+time=1", f"@{OUTSIDE}", "host.example")
    host.nethood("exec", name, "--", "ping", "-c1", "-W4", NOBODY_THERE)
    host.run(["ping", "-c2", "-i0.2", "-s5000", INSIDE])
    host.run(["python3", "-c", "import socket\ns = socket.socket(type=socket.SOCK_DGRAM)\n"
              f"s.sendto(b'closed', ('{INSIDE}', 9))"])
    time.sleep(0.3)
    dump.terminate()
    dump.communicate(timeout=5)
    host.running.remove(dump)
    mac = re.search(r"link/ether (\S+)", host.good("exec", name, "--", "ip", "link", "show",
                                                   "eth0")).group(1)
    text = host.run(["tcpdump", "-nn", "-vvv", "-e", "-r", path, "ether", "src", mac]).stdout
    for what in ("ARP", "ICMP echo request", "ICMP echo reply", "UDP", "unreachable", "[+]"):
        assert what in text, f"no {what} among the frames of nethood\n{text}"
    complaints = [line for line in text.splitlines() if re.search(
        r"bad .{0,12}cksum|incorrect|wrong|truncated|invalid|bad length|\[\|", line, re.I)]
    assert not complaints, "\n".join(complaints)
