# SPDX-License-Identifier: BSD-2-Clause
"""Programs over IPv6, as they are: fd77::2 is nethood, fd77::1 the kernel; and servers of both families."""

import hashlib
import os
import re

import pytest

from test_tcp import NET, NGINX, needs, sh

PEER6, NET6 = "fd77::1", "fd77::2"
PYTHON = "/usr/bin/python3"


@pytest.fixture
def host6(host):
    if not host.netns:
        pytest.skip("the kernel's side needs a network namespace of the test's own")
    host.netns.sysctl("net.ipv6.conf.default.disable_ipv6", 0)
    host.netns.sysctl("net.ipv6.conf.lo.disable_ipv6", 0)
    return host


@pytest.fixture
def net6(host6):
    """A net that is up with the addresses that everybody gets: (host, name)."""
    return host6, host6.up()


@pytest.fixture(scope="session")
def served(public):
    """A folder that also nginx's workers may look into, and the sum of what is in it."""
    folder = os.path.join(public, "served6")
    data = hashlib.shake_256(b"ipv6").digest(4 << 20)
    os.mkdir(folder, 0o755)
    with open(os.path.join(folder, "4MB.bin"), "wb") as f:
        f.write(data)
    return folder, hashlib.sha256(data).hexdigest()


def kernel_serves(host, argv, port):
    server = host.start(argv, as_root=True)
    host.wait(lambda: str(port) in host.run(["ss", "-Hltn", f"sport = :{port}"], as_root=True).stdout, 30, argv[0])
    return server


def net_serves(host, name, argv, port):
    server = host.start([host.binary, "exec", name, "--", *argv])
    probe = f"import socket; socket.create_connection(('{NET6}', {port}), 2)"
    host.wait(lambda: host.run([PYTHON, "-c", probe], as_root=True).returncode == 0 or server.poll() is not None, 60,
              f"{argv[0]} accepts on {port}")
    assert server.poll() is None, server.communicate()
    return server


def fetched(host, url):
    return host.run(sh(f"curl -gsS {url} | sha256sum"), as_root=True).stdout.split()[0]


def test_ping_goes_both_ways(net6):
    host, name = net6
    assert " 0% packet loss" in host.good("exec", name, "--", "ping", "-6", "-c3", "-i0.2", PEER6)
    done = host.run(["ping", "-6", "-c3", "-i0.2", NET6], as_root=True)
    assert " 0% packet loss" in done.stdout, done


def test_a_link_local_neighbour_answers(net6):
    host, name = net6
    shown = host.run(["ip", "-6", "-o", "addr", "show", "scope", "link"], as_root=True).stdout
    address = re.search(r"nethood\d+\s+inet6 (fe80:\S+)/64", shown)[1]
    text = host.good("exec", name, "--", "ping", "-6", "-c2", "-i0.2", f"{address}%eth0")
    assert " 0% packet loss" in text


def test_ip_shows_what_is_there(net6):
    host, name = net6
    host.good("exec", name, "--", "ping", "-6", "-c1", PEER6)
    addresses = host.good("exec", name, "--", "ip", "-6", "addr", "show", "dev", "eth0")
    assert re.search(rf"inet6 {NET6}/64 scope global", addresses) and "inet6 fe80::" in addresses
    routes = host.good("exec", name, "--", "ip", "-6", "route")
    assert "fd77::/64 dev eth0 proto kernel metric 256" in routes and f"default via {PEER6} dev eth0" in routes
    assert f"{NET6}" in host.good("exec", name, "--", "ip", "-6", "route", "get", "2001:db8::1")
    assert re.search(rf"^{PEER6} dev eth0 lladdr \S+ .*REACHABLE",
                     host.good("exec", name, "--", "ip", "-6", "neigh"), re.M)


def test_ndisc6_asks_both_ways(net6):
    needs("ndisc6")
    host, name = net6
    text = host.good("exec", name, "--", "ndisc6", "-1", PEER6, "eth0")
    assert f" from {PEER6}" in text
    done = host.run(["ndisc6", "-1", NET6, host.tap()], as_root=True)
    assert done.returncode == 0 and f" from {NET6}" in done.stdout, done


RADVD = """
interface {dev} {{
	AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime 30; AdvDefaultPreference high;
	prefix fd78::/64 {{ AdvOnLink on; AdvAutonomous on; AdvValidLifetime 300; AdvPreferredLifetime 200; }};
}};
"""


def test_a_router_of_the_kernel_gives_an_address_and_a_route_and_takes_it_back(host6, tmp_path):
    needs("radvd", "rdisc6")
    host = host6
    name = host.up("--dev", "eth0=tap:smoke6", "--addr", "10.77.0.2/24", "--host-addr", "10.77.0.1/24")
    host.netns.sysctl("net.ipv6.conf.all.forwarding", 1)
    host.run(["ip", "addr", "add", "fd78::1/64", "dev", "smoke6", "nodad"], as_root=True)
    config = tmp_path / "radvd.conf"
    config.write_text(RADVD.format(dev="smoke6"))
    config.chmod(0o644)
    router = host.start(["radvd", "-n", "-m", "stderr", "-C", str(config), "-p", str(tmp_path / "pid")], as_root=True)

    def shown(*words):
        return host.good("exec", name, "--", "ip", "-6", *words)

    host.wait(lambda: " proto ra " in shown("route"), 15, "an advertisement")
    assert re.search(r"^default via fe80::\S+ dev eth0 proto ra metric 1024 .*pref high", shown("route"), re.M)
    mine = host.wait(lambda: re.search(r"inet6 (fd78::\S+)/64 scope global dynamic mngtmpaddr",
                                       shown("addr", "show", "dev", "eth0")), 15, "an address of the prefix")[1]
    assert "Prefix                   : fd78::/64" in host.good("exec", name, "--", "rdisc6", "-1", "eth0")
    assert " 0% packet loss" in host.run(["ping", "-6", "-c1", mine], as_root=True).stdout
    router.terminate()                  # it says so: lifetime 0
    router.communicate(timeout=10)
    host.running.remove(router)
    host.wait(lambda: "default" not in shown("route"), 10, "the route goes")


def test_curl_fetches_from_the_kernel(net6, served):
    needs("curl")
    host, name = net6
    folder, digest = served
    kernel_serves(host, [PYTHON, "-m", "http.server", "8000", "--bind", PEER6, "-d", folder], 8000)
    text = host.good("exec", name, "--", *sh(f"curl -gsS 'http://[{PEER6}]:8000/4MB.bin' | sha256sum"))
    assert text.split()[0] == digest


def test_a_server_of_both_families_serves_both(net6, served):
    needs("curl")
    host, name = net6
    folder, digest = served
    net_serves(host, name, [PYTHON, "-m", "http.server", "8000", "--bind", "::", "-d", folder], 8000)
    assert fetched(host, f"'http://[{NET6}]:8000/4MB.bin'") == digest
    assert fetched(host, f"http://{NET}:8000/4MB.bin") == digest
    assert re.search(r"^LISTEN .*\*:8000", host.good("exec", name, "--", "ss", "-6tln"), re.M)


def test_nginx_listens_on_both(net6, served, tmp_path):
    needs("nginx", "curl")
    host, name = net6
    folder, digest = served
    config = tmp_path / "nginx.conf"
    config.write_text(NGINX.format(tmp=tmp_path, folder=folder, listen="[::]:8080 ipv6only=off"))
    server = net_serves(host, name, ["nginx", "-e", str(tmp_path / "error"), "-c", str(config)], 8080)
    assert fetched(host, f"'http://[{NET6}]:8080/4MB.bin'") == digest
    assert fetched(host, f"http://{NET}:8080/4MB.bin") == digest
    server.terminate()
    server.communicate(timeout=20)
    host.running.remove(server)


@pytest.mark.parametrize("options", ["", "-R", "-P 4"])
def test_iperf3(net6, options):
    needs("iperf3")
    host, name = net6
    kernel_serves(host, ["iperf3", "-s", "-1", "-B", PEER6], 5201)
    text = host.good("exec", name, "--", *sh(f"iperf3 -6 -c {PEER6} -n 8M {options}"), timeout=60)
    assert "iperf Done." in text


def test_a_static_go_program_serves_by_ipv6(net6, go_web):
    needs("curl")
    host, name = net6
    net_serves(host, name, [go_web, "serve", ":8000"], 8000)
    assert fetched(host, f"'http://[{NET6}]:8000/data'") == fetched(host, f"http://{NET}:8000/data")


def test_who_does_not_answer_is_told_of(net6):
    host, name = net6
    done = host.nethood("exec", name, "--", "ping", "-6", "-c1", "-W4", "fd77::99")
    assert done.returncode == 1 and "Address unreachable" in done.stdout, done


# A program on the other side that waits for three packets of this protocol and sender with the label 0x12345.
HEARS = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86dd))
s.settimeout(20)
print("listens", flush=True)
sender, count = socket.inet_pton(socket.AF_INET6, sys.argv[2]), 0
while count < 3:
    frame = s.recv(70000)
    label = struct.unpack("!I", frame[14:18])[0] & 0xfffff
    count += frame[20] == int(sys.argv[1]) and frame[22:38] == sender and label == 0x12345
print("heard")
"""


@pytest.mark.parametrize("protocol, argv", [(58, f"ping -6 -F 0x12345 -c3 -i0.2 {PEER6}"),
                                            (6, f"iperf3 -6 -c {PEER6} -n 1M -L 74565")])
def test_a_flow_label_of_ones_own(net6, protocol, argv):
    """Both lease it, and then send with it."""
    host, name = net6
    if "iperf3" in argv:
        needs("iperf3")
        kernel_serves(host, ["iperf3", "-s", "-1", "-B", PEER6], 5201)
    listener = host.start([PYTHON, "-c", HEARS, str(protocol), NET6], as_root=True)
    assert listener.stdout.readline() == "listens\n"
    host.good("exec", name, "--", *sh(argv), timeout=60)
    assert listener.communicate(timeout=30)[0] == "heard\n"
