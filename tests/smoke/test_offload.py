# SPDX-License-Identifier: BSD-2-Clause
"""What a device with virtio-net headers leaves to the other side, the kernel: trains of segments, checksums.

The same work over TAP with offload=on, which is what it has if nothing is said, and with offload=off, over AF_PACKET
and over AF_XDP: the same octets arrive; only how many frames it takes differs.
"""

import json
import textwrap

import pytest

MB = 1 << 20
SIDES = {4: ("10.77.0.1", "10.77.0.2"), 6: ("fd77::1", "fd77::2")}

# Reads 16 MB and says their digest, then writes 16 MB and says theirs.
SERVER = textwrap.dedent("""
    import hashlib, socket, sys
    s = socket.create_server((sys.argv[1], 47001), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
    print("listening", flush=True)
    c, _ = s.accept()
    h, left = hashlib.sha256(), 16 << 20
    while left:
        data = c.recv(1 << 20)
        left -= len(data)
        h.update(data)
    c.sendall(h.digest() + hashlib.shake_256(b"back").digest(16 << 20))
    c.close()
    """)
CLIENT = textwrap.dedent("""
    import hashlib, socket, sys
    c = socket.create_connection((sys.argv[1], 47001), 10)
    c.settimeout(60)
    data = hashlib.shake_256(b"forth").digest(16 << 20)
    c.sendall(data)
    back = b"".join(iter(lambda: c.recv(1 << 20), b""))
    assert back[:32] == hashlib.sha256(data).digest(), "the octets that went"
    assert back[32:] == hashlib.shake_256(b"back").digest(16 << 20), "the octets that came"
    """)
# 20 datagrams of 1000 octets and one of 500, sent as one train.
UDP_SENDER = textwrap.dedent("""
    import hashlib, socket, sys
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.IPPROTO_UDP, 103, 1000)
    s.sendto(hashlib.shake_256(b"train").digest(20500), (sys.argv[1], 47002))
    """)
UDP_RECEIVER = textwrap.dedent("""
    import hashlib, socket, sys
    s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((sys.argv[1], 47002))
    s.settimeout(60)
    print("listening", flush=True)
    got = [s.recv(65536) for _ in range(21)]
    assert [len(data) for data in got] == [1000] * 20 + [500], [len(data) for data in got]
    assert b"".join(got) == hashlib.shake_256(b"train").digest(20500)
    """)


def up_by_tap(host, option):
    return host.up("--dev", f"eth0=tap:smoke0{option}", "--addr", "10.77.0.2/24", "--addr", "fd77::2/64",
                   "--host-addr", "10.77.0.1/24", "--host-addr", "fd77::1/64")


def up_by_veth(host, driver, option):
    """The host's side is one end of a veth pair, which leaves trains to the other: a packet socket there has them;
    while an XDP program is there they are cut before."""
    for words in ("link add smoke0 type veth peer name smoke1", "addr add 10.77.0.1/24 dev smoke0",
                  "addr add fd77::1/64 dev smoke0 nodad", "link set smoke0 up", "link set smoke1 up"):
        assert host.run(["ip", *words.split()]).returncode == 0, words
    return host.up("--dev", f"eth0={driver}:smoke1{option}", "--addr", "10.77.0.2/24", "--addr", "fd77::2/64")


def up_by_packet(host, option):
    return up_by_veth(host, "packet", option)


def up_by_xdp(host, option):
    checks = {check["check"]: check for check in json.loads(host.nethood("doctor", "-j").stdout)}
    if checks["AF_XDP"]["verdict"] != "OK":
        pytest.skip(checks["AF_XDP"]["text"])
    return up_by_veth(host, "xdp", option)


SIDE = {"tap": (up_by_tap, "", True, True), "tap, on": (up_by_tap, ",offload=on", True, True),
        "tap, off": (up_by_tap, ",offload=off", False, False),
        "packet, on": (up_by_packet, ",offload=on", True, True),
        "packet, off": (up_by_packet, ",offload=off", True, False),     # what comes is what the other side sends
        "xdp": (up_by_xdp, "", False, False)}


@pytest.fixture(params=SIDE)
def side(host, request):
    """A net that is up: (host, name, do trains come, do they go?)."""
    make, option, come, go = SIDE[request.param]
    host.netns.sysctl("net.ipv6.conf.default.disable_ipv6", 0)
    name = make(host, option)
    host.wait(lambda: host.run(["ping", "-6", "-c1", "-W1", "fd77::2"]).returncode == 0, 10, "IPv6 is there")
    return host, name, come, go


def frames(host, name):
    """Frames that came to the net and left it."""
    link, = json.loads(host.good("exec", name, "--", "ip", "-s", "-j", "link", "show", "eth0"))
    stats = link["stats64"]
    assert not stats["rx"]["errors"] and not stats["tx"]["errors"], stats
    return stats["rx"]["packets"], stats["tx"]["packets"]


def inside(host, name, *argv):
    return [host.binary, "exec", name, "--", *argv]


def serve(host, argv):
    server = host.start(argv)
    assert "listening" in server.stdout.readline()
    return server


@pytest.mark.parametrize("family", [4, 6])
def test_a_stream_crosses_in_trains(side, family):
    host, name, come, go = side
    _, net = SIDES[family]
    server = serve(host, inside(host, name, "python3", "-c", SERVER, net))
    before = frames(host, name)
    done = host.run(["python3", "-c", CLIENT, net], timeout=90)
    assert done.returncode == 0, done.stderr
    server.wait(timeout=10)
    came, went = (after - b for after, b in zip(frames(host, name), before))
    print(f"{came} frames came, {went} went")
    segments = 16 * MB // 1448
    assert came < segments * 2 / 3 if come else came > segments     # ACKs are among them
    assert went < segments * 2 / 3 if go else went > segments


@pytest.mark.parametrize("family", [4, 6])
def test_a_train_of_datagrams_arrives_one_by_one(side, family):
    host, name, _, _ = side
    _, net = SIDES[family]
    receiver = serve(host, inside(host, name, "python3", "-c", UDP_RECEIVER, net))
    done = host.run(["python3", "-c", UDP_SENDER, net])
    assert done.returncode == 0, done.stderr
    assert receiver.wait(timeout=90) == 0, receiver.stderr.read()
