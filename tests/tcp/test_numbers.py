# SPDX-License-Identifier: BSD-2-Clause
"""What a script cannot say: numbers that nobody may guess, and floods that must not hurt others."""

import random
import struct

import pytest

from lab.kernel import KernelStack
from lab.nethood import NethoodStack
from runner import play, segment
from runner.language import Script
from runner.library import LibraryStack
from runner.segment import ACK, RST, SYN, Segment

KINDS = {"kernel": KernelStack, "nethood": NethoodStack, "library": LibraryStack}
LISTENER = "listen l backlog 64"


@pytest.fixture(params=list(KINDS))
def net(request):
    """A player without a script; options by @pytest.mark.net(sysctl=value)."""
    marker = request.node.get_closest_marker("net")
    sysctls = {"net.ipv4." + key: value for key, value in (marker.kwargs if marker else {}).items()}
    stack = KINDS[request.param](sysctls={**play.SYSCTLS, **sysctls})
    request.addfinalizer(stack.close)
    player = play.Player(Script(request.node.name), stack)
    player.begin()
    return player


def send(net, **fields):
    """One segment to the stack's port 8080, from a port of 10.77.0.1 or of another peer."""
    given = {"saddr": play.PEER_ADDRESS, "daddr": play.STACK_ADDRESS, "dport": 8080, "seq": 1000, "ack": 0,
             "flags": SYN, "win": 65535, **fields}
    net.port.send(play.segment_mac(net.stack.mac) + play.segment_mac(play.PEER_MAC) + b"\x08\x00" +
                  Segment(**given).octets())


def answers(net, count, within=5.0):
    """The next @count segments; fewer if that takes too long."""
    deadline, found = net.now() + within, []
    while len(found) < count:
        one = net.take(deadline)
        if one is None:
            break
        found.append(one)
    return found


def isns_of_ports(net, ports):
    """{port: ISN} of the SYN-ACKs to SYNs of these ports; each half-open connection is reset."""
    found = {}
    for port in ports:
        send(net, sport=port)
        one, = answers(net, 1)
        assert one.flags == SYN | ACK and one.dport == port
        found[port] = one.seq
        send(net, sport=port, seq=1001, flags=RST)
    return found


def distances(numbers):
    return [(b - a) & 0xffffffff for a, b in zip(numbers, numbers[1:])]


def test_isns_of_different_ports_tell_nothing_of_each_other(net):
    """RFC 6528: the difference of two connections' ISNs is that of a keyed hash."""
    net.lines(LISTENER)
    steps = distances(list(isns_of_ports(net, range(20000, 20400)).values()))
    small = [step for step in steps if min(step, -step & 0xffffffff) < 1 << 24]
    assert len(small) < 40, f"{len(small)} of {len(steps)} steps are small"
    assert len(set(steps)) > 390
    ups = sum(step < 1 << 31 for step in steps)
    assert 120 < ups < 280, f"{ups} of {len(steps)} steps go up"


def test_isns_of_one_pair_of_ports_go_up_with_the_clock(net):
    """RFC 6528: for one pair of ports they grow, so that an old segment is never taken for a new one."""
    net.lines(LISTENER)
    isns, times = [], []
    for _ in range(12):
        isns.append(isns_of_ports(net, [20000])[20000])
        times.append(net.now())
        net.sleep(0.02)
    steps = distances(isns)
    assert all(0 < step < 1 << 28 for step in steps), steps
    rates = [step / (later - earlier) for step, earlier, later in zip(steps, times, times[1:])]
    assert all(rate > 100_000 for rate in rates), f"slower than the 4 us clock of RFC 9293: {rates}"


def test_isns_of_connect_differ_by_port(net):
    """connect() takes its ISNs from the same clock and hash."""
    isns = []
    for i in range(30):
        net.lines(f"c{i} = socket()\nconnect(c{i}, 80) = EINPROGRESS")
        one, = answers(net, 1)
        assert one.flags == SYN
        isns.append(one.seq)
    steps = distances(isns)
    assert sum(min(step, -step & 0xffffffff) < 1 << 24 for step in steps) < 6, steps


def test_ports_of_connect_are_not_a_sequence(net):
    """RFC 6056 3.3.4: in the range, each once, and not one step apart."""
    low, high = map(int, net.stack.sysctl("net.ipv4.ip_local_port_range").split())
    ports = []
    for i in range(60):
        net.lines(f"c{i} = socket()\nconnect(c{i}, 80) = EINPROGRESS")
        one, = answers(net, 1)
        ports.append(one.sport)
    assert len(set(ports)) == 60 and all(low <= port <= high for port in ports)
    steps = [b - a for a, b in zip(ports, ports[1:])]
    assert len(set(steps)) >= 2, f"the steps between ports are {sorted(set(steps))}"


def test_ports_of_connect_differ_by_peer(net):
    """The first port towards one peer says nothing of the first port towards another."""
    firsts = []
    for i in (1, 3, 4, 5, 6, 7):
        net.lines(f"c{i} = socket()\nconnect(c{i}, 10.77.0.{i}:80) = EINPROGRESS")
        one, = answers(net, 1)
        firsts.append(one.sport)
    steps = [abs(b - a) for a, b in zip(firsts, firsts[1:])]
    assert sum(step < 64 for step in steps) <= 2, firsts


def states(net):
    """How many connections of port 8080 are in which state, as sock_diag tells it."""
    found = {}
    request = struct.pack("=BBBBI", 2, 6, 0, 0, 0xffffffff) + bytes(48)
    raw = net.agent.ask("diag", struct.pack("=IHHII", 16 + len(request), 20, 0x301, 1, 0) + request, timeout=20)
    while len(raw) >= 16:
        size, kind = struct.unpack_from("=IH", raw)
        if kind == 20:
            state = play.words.STATES[raw[17]]
            found[state] = found.get(state, 0) + 1
        raw = raw[(size + 3) & ~3:]
    return found


def test_a_flood_of_syns_takes_no_more_than_the_backlog(net):
    """RFC 4987: each SYN of a flood is answered, few are remembered, and who is honest gets through."""
    net.lines("listen l backlog 16")
    for i in range(600):
        send(net, saddr=f"10.77.0.{3 + i % 7}", sport=10000 + i, seq=i * 7919)
    found = answers(net, 600)
    assert len(found) == 600 and all(one.flags == SYN | ACK for one in found)
    assert states(net)["SYN_RECV"] <= 17
    net.lines("""< S 0:0(0) win 65535 <mss 1460>
> S. 0:0(0) ack 1 <...>
< . 1:1(0) ack 1
s = accept(l)
< P. 1:101(100) ack 1
> . 1:1(0) ack 101
recv(s, 200) = 100""")


def test_ten_thousand_single_octets_out_of_order(net):
    """Each is put in its place without a walk over all others: the connection answers as before."""
    net.lines("server s rtt 0 <mss 1000,sackOK>")
    flow = net.flows["a"]
    for i in range(10000):
        send(net, sport=flow.port, seq=flow.iss + 3 + 2 * (9999 - i), ack=flow.isn + 1, flags=ACK, payload=b"x")
        if i % 500 == 499:
            net.lines("drain 0")
    begun = net.now()
    net.lines("""drain 0.3
< P. 1:3(2) ack 1
+0..2 > . 1:1(0) ack 3..20003 <...>
drain 0.1
state s = ESTABLISHED""")
    assert net.now() - begun < 5


@pytest.mark.net(tcp_max_tw_buckets=20)
def test_time_wait_never_takes_more_than_its_buckets(net):
    """Sixty connections that the stack closes first; twenty may wait."""
    net.lines(LISTENER)
    for i in range(60):
        net.lines(f"""flow a peer :{20000 + i}
server s rtt 0
close(s)
> F. 1:1(0) ack 1
< F. 1:1(0) ack 2
> . 2:2(0) ack 2""")
    assert 15 <= states(net)["TIME_WAIT"] <= 20


def test_two_ends_that_disagree_do_not_talk_for_ever(net):
    """Whatever the stack says is answered by an ACK outside its window; it soon falls silent."""
    net.lines("server s rtt 0")
    flow, count, until = net.flows["a"], 0, net.now() + 1.2
    stray = {"sport": flow.port, "seq": flow.iss + 500000, "ack": flow.isn + 1, "flags": ACK}
    send(net, **stray)
    while net.take(until):
        count += 1
        send(net, **stray)
    assert 1 <= count <= 4


def test_challenge_acks_of_eight_connections(net):
    """The throttle of RFC 5961 is each connection's own, and so tells nothing of others."""
    net.lines(LISTENER)
    for i in range(8):
        net.lines(f"flow {'abcdefgh'[i]} peer :{20000 + i}\nserver s{i} rtt 0 flow {'abcdefgh'[i]}")
    for i in range(8):
        flow = net.flows["abcdefgh"[i]]
        for away in range(3):
            send(net, sport=flow.port, seq=flow.iss + 101 + away, flags=RST)
    net.sleep(0.2)
    found = answers(net, 100, 0.2)
    assert sorted(one.dport for one in found) == list(range(20000, 20008))
    assert all(one.flags == ACK and not one.payload for one in found)


def random_options(dice, words):
    """Octets that are often kinds and lengths of options."""
    return bytes(dice.choice((0, 1, 2, 3, 4, 5, 8, 10, 34, dice.randrange(256))) for _ in range(4 * words))


def test_options_of_random_octets_stop_nothing(net):
    """What cannot be read of a few options is skipped: SYNs are answered, data is taken.

    Only up to 16 octets: of longer ones the kernel looks for MD5 before it looks for anything else, and drops a
    segment whose options it cannot read then.
    """
    net.lines(LISTENER)
    dice = random.Random(5)
    for i in range(300):
        send(net, sport=20000 + i, options=random_options(dice, dice.randrange(1, 5)))
    found = answers(net, 300, 2)
    assert len({one.dport for one in found}) == 300 and all(one.flags & SYN for one in found)
    net.lines("server s rtt 0")
    flow = net.flows["a"]
    for i in range(300):
        send(net, sport=flow.port, seq=flow.iss + 1 + i, ack=flow.isn + 1, flags=ACK, payload=segment.pattern(i, 1),
             options=random_options(dice, dice.randrange(1, 5)))
    net.lines("drain 0.2\nrecv(s, 1000) = 300\ndrain 0")


def test_forty_random_octets_of_options_do_no_harm(net):
    """Whatever they do to their own segment, the listener and the connection are there afterwards."""
    net.lines(LISTENER + "\nserver s rtt 0")
    dice, flow = random.Random(6), net.flows["a"]
    for i in range(500):
        send(net, sport=20000 + i, options=random_options(dice, 10))
        send(net, sport=flow.port, seq=flow.iss + 1, ack=flow.isn + 1, flags=ACK, options=random_options(dice, 10))
    net.lines("drain 0.2\nserver t rtt 0 flow b\nb< P. 1:11(10) ack 1")
    net.lines("drain 0.1\nrecv(t, 100) = 10\n< P. 1:11(10) ack 1\nrecv(s, 100) = 10\ndrain 0")


def test_each_flag_in_each_state(net):
    """All 256 sets of flags with exact, near and far numbers, on a listener and on a connection: none hangs it."""
    net.lines(LISTENER)
    for flags in range(256):
        send(net, sport=30000 + flags, flags=flags, seq=flags, ack=flags * 77)
    net.lines("drain 0.2")
    for flags in range(256):
        if flags & RST and not flags & SYN:
            continue
        port = 31000 + flags
        net.lines(f"flow a peer :{port}\nserver s rtt 0")
        flow = net.flows["a"]
        for away in (100, 70000, 1 << 30):
            send(net, sport=port, seq=flow.iss + away, ack=flow.isn + 1, flags=flags, payload=b"abc")
        net.lines("< P. 1:11(10) ack 1\nrecv(s, 100) = *\nsetsockopt(s, SO_LINGER, 1 0)\nclose(s)")
        until = net.now() + 1
        while True:                     # until it says that it is reset
            one = net.take(until)
            if one is None or one.flags & RST:
                break
