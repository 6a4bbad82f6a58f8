# SPDX-License-Identifier: BSD-2-Clause
"""Which way a packet takes: routes, tables, rules, metrics, next hops, source addresses.

ip-route(8), ip-rule(8), rtnetlink(7), RFC 1812 5.2.4 (longest match), RFC 3442 and
1122 3.3.1.  What `ip` shows, what `ip route get` says, and which way the frame goes
are three views of one table and must agree.
"""

import errno

import pytest

from lab.frames import IP, Ether, arp_request, udp

GW, GW_MAC = "10.77.0.254", "02:00:00:00:77:fe"
GW2, GW2_MAC = "10.77.0.253", "02:00:00:00:77:fd"
FAR, FAR_MAC = "10.78.0.254", "02:00:00:00:78:fe"
DST = "192.0.2.1"
two = pytest.mark.stack(devs=2)


def prepare(stack):
    stack.devs[0].port.answers.update({GW: GW_MAC, GW2: GW2_MAC, "10.77.0.1": "02:00:00:00:77:01"})
    if len(stack.devs) > 1:
        stack.devs[1].port.answers[FAR] = FAR_MAC


def set_up(stack, commands):
    prepare(stack)
    for command in commands:
        stack.ip(command)


def get(stack, words):
    got = stack.ip_json(f"route get {words}")[0]
    return {k: got[k] for k in ("type", "dst", "gateway", "dev", "prefsrc", "table", "metric")
            if k in got and got[k] != ""}


def attempt(stack, dst=DST, **how):
    """errno of sending one datagram."""
    with stack.udp(**how) as sock:
        try:
            sock.sendto(b"hello", (dst, 5000))
        except OSError as error:
            return error.errno
    return 0


# ---- longest match, metrics, kinds -----------------------------------------

WAYS = [
    # what                                       commands, dst, dev, next hop's MAC, source
    ("a route by a gateway", [f"route add 192.0.2.0/24 via {GW}"], DST, 0, GW_MAC, "10.77.0.2"),
    ("the default route", [f"route add default via {GW}"], DST, 0, GW_MAC, "10.77.0.2"),
    ("a longer prefix beats a shorter one",
     [f"route add default via {GW}", f"route add 192.0.2.0/24 via {FAR}"], DST, 1, FAR_MAC,
     "10.78.0.2"),
    ("a longer prefix beats a shorter one, added in the other order",
     [f"route add 192.0.2.0/24 via {FAR}", f"route add default via {GW}"], DST, 1, FAR_MAC,
     "10.78.0.2"),
    ("a host route beats everything",
     [f"route add 192.0.2.0/24 via {FAR}", f"route add {DST}/32 via {GW}"], DST, 0, GW_MAC,
     "10.77.0.2"),
    ("half of the network each", [f"route add 192.0.2.0/25 via {GW}",
                                  f"route add 192.0.2.128/25 via {FAR}"], "192.0.2.129", 1,
     FAR_MAC, "10.78.0.2"),
    ("the lower metric wins", [f"route add 192.0.2.0/24 via {GW} metric 20",
                               f"route add 192.0.2.0/24 via {FAR} metric 10"], DST, 1, FAR_MAC,
     "10.78.0.2"),
    ("no metric is the lowest", [f"route add 192.0.2.0/24 via {FAR} metric 1",
                                 f"route add 192.0.2.0/24 via {GW}"], DST, 0, GW_MAC,
     "10.77.0.2"),
    ("a replaced route", [f"route add 192.0.2.0/24 via {GW}",
                          f"route replace 192.0.2.0/24 via {FAR}"], DST, 1, FAR_MAC, "10.78.0.2"),
    ("a changed route", [f"route add 192.0.2.0/24 via {GW}",
                         f"route change 192.0.2.0/24 via {GW2}"], DST, 0, GW2_MAC, "10.77.0.2"),
    ("the shorter one when the longer is deleted",
     [f"route add default via {GW}", f"route add 192.0.2.0/24 via {FAR}",
      "route del 192.0.2.0/24"], DST, 0, GW_MAC, "10.77.0.2"),
    ("the next metric when the lower is deleted",
     [f"route add 192.0.2.0/24 via {FAR} metric 10", f"route add 192.0.2.0/24 via {GW} metric 20",
      "route del 192.0.2.0/24 metric 10"], DST, 0, GW_MAC, "10.77.0.2"),
    ("a source address that the route prefers",
     ["addr add 10.77.0.66/24 dev eth0", f"route add 192.0.2.0/24 via {GW} src 10.77.0.66"],
     DST, 0, GW_MAC, "10.77.0.66"),
    ("a gateway that is only said to be on the link",
     [f"route add 192.0.2.0/24 via {GW} dev eth0 onlink"], DST, 0, GW_MAC, "10.77.0.2"),
    ("a throw in a table goes on with the next rule",
     [f"route add default via {GW}", f"route add {DST} via {FAR} table 100",
      "rule add lookup 100", "route del 192.0.2.1 table 100",
      "route add throw 192.0.2.0/24 table 100"], DST, 0, GW_MAC, "10.77.0.2"),
    ("a rule for the destination", [f"route add default via {GW}",
                                    f"route add default via {FAR} table 100",
                                    "rule add to 192.0.2.0/24 lookup 100"], DST, 1, FAR_MAC,
     "10.78.0.2"),
    ("a rule for another destination", [f"route add default via {GW}",
                                        f"route add default via {FAR} table 100",
                                        "rule add to 198.51.100.0/24 lookup 100"], DST, 0, GW_MAC,
     "10.77.0.2"),
    ("the rule of the lower number", [f"route add default via {GW} table 101",
                                      f"route add default via {FAR} table 100",
                                      "rule add pref 200 lookup 101",
                                      "rule add pref 100 lookup 100"], DST, 1, FAR_MAC,
     "10.78.0.2"),
    ("a deleted rule", [f"route add default via {GW}", f"route add default via {FAR} table 100",
                        "rule add pref 100 lookup 100", "rule del pref 100"], DST, 0, GW_MAC,
     "10.77.0.2"),
]


@two
@pytest.mark.parametrize("says, commands, dst, dev, mac, src", [pytest.param(*r, id=r[0])
                                                                for r in WAYS])
def test_the_packet_takes(stack, says, commands, dst, dev, mac, src):
    set_up(stack, commands)
    said = get(stack, dst)
    assert attempt(stack, dst) == 0
    frame = stack.devs[dev].port.expect(udp(dport=5000))
    assert (frame[Ether].dst, frame[IP].src, frame[IP].dst) == (mac, src, dst), frame.show()
    stack.devs[1 - dev].port.silence(udp(dport=5000), 0.02)
    assert (said["dev"], said["prefsrc"]) == (f"eth{dev}", src), said


ERRORS = [
    # what                                commands, errno of send, complaint of `ip route get`
    ("no route", [], errno.ENETUNREACH, "RTNETLINK answers: Network is unreachable"),
    ("unreachable", ["route add unreachable 192.0.2.0/24"], errno.EHOSTUNREACH,
     "RTNETLINK answers: No route to host"),
    ("prohibit", ["route add prohibit 192.0.2.0/24"], errno.EACCES,
     "RTNETLINK answers: Permission denied"),
    ("blackhole", ["route add blackhole 192.0.2.0/24"], errno.EINVAL,
     "RTNETLINK answers: Invalid argument"),
    ("throw in the main table", ["route add throw 192.0.2.0/24"], errno.ENETUNREACH,
     "RTNETLINK answers: Network is unreachable"),
    ("unreachable beats a shorter default", [f"route add default via {GW}",
                                             "route add unreachable 192.0.2.0/24"],
     errno.EHOSTUNREACH, "RTNETLINK answers: No route to host"),
    ("a rule that says prohibit", [f"route add default via {GW}",
                                   "rule add to 192.0.2.0/24 prohibit"], errno.EACCES,
     "RTNETLINK answers: Permission denied"),
    ("a rule that says unreachable", [f"route add default via {GW}",
                                      "rule add to 192.0.2.0/24 unreachable"],
     errno.ENETUNREACH, "RTNETLINK answers: Network is unreachable"),
    ("a rule that says blackhole", [f"route add default via {GW}",
                                    "rule add to 192.0.2.0/24 blackhole"], errno.EINVAL,
     "RTNETLINK answers: Invalid argument"),
    ("the device goes down", [f"route add default via {GW}", "link set eth0 down"],
     errno.ENETUNREACH, "RTNETLINK answers: Network is unreachable"),
]


@pytest.mark.parametrize("says, commands, error, complaint", [pytest.param(*r, id=r[0])
                                                              for r in ERRORS])
def test_there_is_no_way(stack, says, commands, error, complaint):
    set_up(stack, commands)
    assert attempt(stack) == error
    assert stack.ip_error(f"route get {DST}") == complaint
    stack.port.silence(udp(), 0.02)


# ---- what is shown ---------------------------------------------------------

def shown(stack, words="show"):
    return [line.strip() for line in stack.ip(f"route {words}").stdout.splitlines()]


SHOWN = [
    # what                       commands, words, lines
    ("what an address brings", [], "show",
     ["10.77.0.0/24 dev eth0 proto kernel scope link src 10.77.0.2"]),
    ("the local table of an address", [], "show table local dev eth0",
     ["local 10.77.0.2 proto kernel scope host src 10.77.0.2",
      "broadcast 10.77.0.255 proto kernel scope link src 10.77.0.2"]),
    ("a gateway", [f"route add 192.0.2.0/24 via {GW}"], "show 192.0.2.0/24",
     [f"192.0.2.0/24 via {GW} dev eth0"]),
    ("a device alone", ["route add 192.0.2.0/24 dev eth0"], "show 192.0.2.0/24",
     ["192.0.2.0/24 dev eth0 scope link"]),
    ("a default with a metric", [f"route add default via {GW} metric 5"], "show default",
     [f"default via {GW} dev eth0 metric 5"]),
    ("an origin", [f"route add 192.0.2.0/24 via {GW} proto static"], "show 192.0.2.0/24",
     [f"192.0.2.0/24 via {GW} dev eth0 proto static"]),
    ("metrics of the way", [f"route add 192.0.2.0/24 via {GW} mtu 1400 advmss 1300"],
     "show 192.0.2.0/24", [f"192.0.2.0/24 via {GW} dev eth0 mtu 1400 advmss 1300"]),
    ("an unreachable one", ["route add unreachable 192.0.2.0/24"], "show type unreachable",
     ["unreachable 192.0.2.0/24"]),
    ("a prohibited one", ["route add prohibit 192.0.2.0/24 metric 7"], "show type prohibit",
     ["prohibit 192.0.2.0/24 metric 7"]),
    ("a table of its own", [f"route add default via {GW} table 100"], "show table 100",
     [f"default via {GW} dev eth0"]),
    ("nothing of other tables", [f"route add default via {GW} table 100"], "show default", []),
    ("by metric, then as added", [f"route add 192.0.2.0/24 via {GW} metric 20",
                                  f"route add 192.0.2.0/24 via {GW2} metric 10"],
     "show 192.0.2.0/24", [f"192.0.2.0/24 via {GW2} dev eth0 metric 10",
                           f"192.0.2.0/24 via {GW} dev eth0 metric 20"]),
    ("several next hops", [f"route add 192.0.2.0/24 nexthop via {GW} weight 1 "
                           f"nexthop via {GW2} weight 3"], "show 192.0.2.0/24",
     ["192.0.2.0/24", f"nexthop via {GW} dev eth0 weight 1",
      f"nexthop via {GW2} dev eth0 weight 3"]),
    ("what is left without the address", ["addr del 10.77.0.2/24 dev eth0"], "show", []),
    ("what is left when the device is down", ["link set eth0 down"], "show", []),
    ("networks sorted by prefix", [f"route add 192.0.2.128/25 via {GW}",
                                   f"route add 192.0.2.0/24 via {GW}",
                                   f"route add 192.0.2.0/25 via {GW}"], "show root 192.0.2.0/24",
     [f"192.0.2.0/25 via {GW} dev eth0", f"192.0.2.0/24 via {GW} dev eth0",
      f"192.0.2.128/25 via {GW} dev eth0"]),
]


@pytest.mark.parametrize("says, commands, words, want", [pytest.param(*r, id=r[0])
                                                         for r in SHOWN])
def test_it_shows(stack, says, commands, words, want):
    set_up(stack, commands)
    assert shown(stack, words) == want or \
        (says.startswith("networks sorted") and sorted(shown(stack, words)) == sorted(want))


GETS = [
    # what                  commands, words, answer
    ("a neighbour", [], "10.77.0.9", dict(dst="10.77.0.9", dev="eth0", prefsrc="10.77.0.2")),
    ("by a gateway", [f"route add default via {GW}"], DST,
     dict(dst=DST, gateway=GW, dev="eth0", prefsrc="10.77.0.2")),
    ("ourselves", [], "10.77.0.2",
     dict(type="local", dst="10.77.0.2", dev="lo", prefsrc="10.77.0.2")),
    ("the loopback", [], "127.0.0.1",
     dict(type="local", dst="127.0.0.1", dev="lo", prefsrc="127.0.0.1")),
    ("the subnet's broadcast", [], "10.77.0.255",
     dict(type="broadcast", dst="10.77.0.255", dev="eth0", prefsrc="10.77.0.2")),
    ("a table of a rule", [f"route add default via {GW} table 100", "rule add lookup 100"], DST,
     dict(dst=DST, gateway=GW, dev="eth0", prefsrc="10.77.0.2", table="100")),
    ("from an address of ours", [f"route add default via {GW}"], f"{DST} from 10.77.0.2",
     dict(dst=DST, gateway=GW, dev="eth0")),
    ("by a device", [f"route add default via {GW}"], f"{DST} oif eth0",
     dict(dst=DST, gateway=GW, dev="eth0", prefsrc="10.77.0.2")),
]


@pytest.mark.parametrize("says, commands, words, want", [pytest.param(*r, id=r[0]) for r in GETS])
def test_get_says(stack, says, commands, words, want):
    set_up(stack, commands)
    got = get(stack, words)
    got.pop("table", None) if "table" not in want else None
    assert got == want


# ---- what is refused -------------------------------------------------------

REFUSED = [
    # what                          before, command, complaint
    ("the same again", [f"route add 192.0.2.0/24 via {GW}"],
     f"route add 192.0.2.0/24 via {GW}", "RTNETLINK answers: File exists"),
    ("the same network by another gateway", [f"route add 192.0.2.0/24 via {GW}"],
     f"route add 192.0.2.0/24 via {GW2}", "RTNETLINK answers: File exists"),
    ("one that is not there cannot be deleted", [], "route del 192.0.2.0/24",
     "RTNETLINK answers: No such process"),
    ("one that is not there cannot be changed", [], f"route change 192.0.2.0/24 via {GW}",
     "RTNETLINK answers: No such file or directory"),
    ("another gateway's cannot be deleted", [f"route add 192.0.2.0/24 via {GW}"],
     f"route del 192.0.2.0/24 via {GW2}", "RTNETLINK answers: No such process"),
    ("a gateway that cannot be reached", [], "route add 192.0.2.0/24 via 198.51.100.1",
     "Error: Nexthop has invalid gateway."),
    ("a gateway that is the broadcast address", [], "route add 192.0.2.0/24 via 10.77.0.255",
     "Error: Nexthop has invalid gateway."),
    ("host bits set", [], f"route add 192.0.2.1/24 via {GW}",
     "Error: Invalid prefix for given prefix length."),
    ("a source that is not ours", [], f"route add 192.0.2.0/24 via {GW} src 10.77.0.99",
     "Error: Invalid prefsrc address."),
    ("a device that is down", ["link set eth0 down"], "route add 192.0.2.0/24 dev eth0",
     "Error: Device for nexthop is not up."),
    ("a table that is not there cannot be shown", [], "route show table 4242",
     "Error: ipv4: FIB table does not exist. Dump terminated"),
    ("a rule that is not there cannot be deleted", [], "rule del pref 4242",
     "RTNETLINK answers: No such file or directory"),
    ("a rule twice", ["rule add to 192.0.2.0/24 pref 9 lookup 100"],
     "rule add to 192.0.2.0/24 pref 9 lookup 100", "RTNETLINK answers: File exists"),
]


@pytest.mark.parametrize("says, before, command, complaint", [pytest.param(*r, id=r[0])
                                                              for r in REFUSED])
def test_is_refused(stack, says, before, command, complaint):
    set_up(stack, before)
    routes = shown(stack)
    assert stack.ip_error(command) == complaint
    assert shown(stack) == routes, "a refused request changes nothing"


# ---- rules -----------------------------------------------------------------

def test_the_rules_of_a_new_net(stack):
    assert stack.ip("rule show").stdout.split("\n")[:3] == [
        "0:\tfrom all lookup local", "32766:\tfrom all lookup main",
        "32767:\tfrom all lookup default"]


@two
def test_a_rule_for_the_source(stack):
    set_up(stack, [f"route add default via {GW}", f"route add default via {FAR} table 100",
                   "addr add 10.77.0.66/24 dev eth0", "rule add from 10.77.0.66 lookup 100"])
    assert attempt(stack, bind=("10.77.0.66", 0)) == 0
    assert stack.devs[1].port.expect(udp(dport=5000))[IP].src == "10.77.0.66"
    assert attempt(stack) == 0
    stack.devs[0].port.expect(udp(dport=5000))


@two
def test_a_rule_for_a_mark(stack):
    set_up(stack, [f"route add default via {GW}", f"route add default via {FAR} table 100",
                   "rule add fwmark 7 lookup 100"])
    with stack.udp() as sock:
        sock.setsockopt(1, 36, 7)       # SO_MARK
        sock.sendto(b"hello", (DST, 5000))
    stack.devs[1].port.expect(udp(dport=5000))
    assert attempt(stack) == 0
    stack.devs[0].port.expect(udp(dport=5000))


@two
def test_a_socket_bound_to_a_device_uses_its_route(stack):
    set_up(stack, [f"route add default via {GW}", f"route add default via {FAR} metric 10"])
    with stack.udp() as sock:
        sock.setsockopt(1, 25, b"eth1\0")               # SO_BINDTODEVICE
        sock.sendto(b"hello", (DST, 5000))
    assert stack.devs[1].port.expect(udp(dport=5000))[Ether].dst == FAR_MAC


# ---- cached routes ---------------------------------------------------------

@two
def test_a_connected_socket_follows_a_new_route(stack):
    set_up(stack, [f"route add default via {GW}"])
    with stack.udp() as sock:
        sock.connect((DST, 5000))
        sock.send(b"one")
        stack.devs[0].port.expect(udp(dport=5000))
        stack.ip(f"route add 192.0.2.0/24 via {FAR}")
        sock.send(b"two")
        frame = stack.devs[1].port.expect(udp(dport=5000))
        assert frame[IP].src == "10.77.0.2", "its source address was chosen at connect"
        stack.ip("route del 192.0.2.0/24")
        sock.send(b"three")
        assert stack.devs[0].port.expect(udp(dport=5000))[Ether].dst == GW_MAC
        stack.ip("route del default")
        with pytest.raises(OSError) as refused:
            sock.send(b"four")
        assert refused.value.errno == errno.ENETUNREACH


# ---- several next hops -----------------------------------------------------

def spread(stack, flows):
    """Next hops' MACs of many flows, each by a socket of its own."""
    got = []
    for i in range(flows):
        assert attempt(stack, f"192.0.2.{i + 1}") == 0
    for dev in stack.devs:
        got += [f[Ether].dst for f in dev.port.collect(udp(dport=5000), during=0.15)]
    return got


def test_flows_are_spread_over_next_hops_by_weight(stack):
    set_up(stack, [f"route add 192.0.2.0/24 nexthop via {GW} weight 1 "
                   f"nexthop via {GW2} weight 3"])
    got = spread(stack, 200)
    assert len(got) == 200 and set(got) == {GW_MAC, GW2_MAC}
    assert 20 <= got.count(GW_MAC) <= 85, got.count(GW_MAC)


def test_a_flow_keeps_its_next_hop(stack):
    set_up(stack, [f"route add 192.0.2.0/24 nexthop via {GW} nexthop via {GW2}"])
    with stack.udp() as sock:
        for _ in range(20):
            sock.sendto(b"hello", (DST, 5000))
    assert len({f[Ether].dst for f in stack.port.collect(udp(dport=5000), count=20)}) == 1


@two
def test_a_next_hop_whose_device_is_down_is_left_out(stack):
    set_up(stack, [f"route add 192.0.2.0/24 nexthop via {GW} nexthop via {FAR}"])
    stack.ip("link set eth1 down")
    assert spread(stack, 20) == [GW_MAC] * 20


# ---- source addresses ------------------------------------------------------

SOURCES = [
    # what                                          commands, destination, source
    ("the address of the destination's subnet",
     ["addr add 10.99.0.1/24 dev eth0"], "10.99.0.9", "10.99.0.1"),
    ("the first of two of one subnet", ["addr add 10.77.0.66/24 dev eth0"], "10.77.0.9",
     "10.77.0.2"),
    ("the primary one of the device for what is far",
     ["addr add 10.99.0.1/24 dev eth0", f"route add default via {GW}"], DST, "10.77.0.2"),
    ("the gateway's subnet for what is far",
     ["addr add 10.99.0.1/24 dev eth0", "route add default via 10.99.0.254"], DST, "10.99.0.1"),
    ("ourselves for ourselves", [], "10.77.0.2", "10.77.0.2"),
    ("the loopback for the loopback", [], "127.0.0.9", "127.0.0.1"),
    ("no address of narrow scope for what is far",
     ["addr flush dev eth0", "addr add 10.99.0.3/24 dev eth0 scope link",
      "addr add 10.77.0.4/24 dev eth0", f"route add default via {GW}"], DST, "10.77.0.4"),
    ("an address of the loopback when the device has none",
     ["addr add 198.51.100.9/32 dev lo", "addr flush dev eth0", "route add 192.0.2.0/24 dev eth0"],
     DST, "198.51.100.9"),
]


@pytest.mark.parametrize("says, commands, dst, src", [pytest.param(*r, id=r[0]) for r in SOURCES])
def test_the_source_is(stack, says, commands, dst, src):
    set_up(stack, commands)
    with stack.udp() as sock:
        sock.connect((dst, 5000))
        assert sock.getsockname()[0] == src


# ---- addresses -------------------------------------------------------------

ADDRESSES = [
    # what                                before, command, complaint
    ("the same twice", [], "addr add 10.77.0.2/24 dev eth0",
     "Error: ipv4: Address already assigned."),
    ("one that is not there cannot be deleted", [], "addr del 10.77.0.9/24 dev eth0",
     "Error: ipv4: Address not found."),
    ("a prefix longer than 32", [], "addr add 10.99.0.1/33 dev eth0",
     'Error: any valid prefix is expected rather than "10.99.0.1/33".'),
    ("a device that is not there", [], "addr add 10.99.0.1/24 dev eth9",
     'Cannot find device "eth9"'),
]


@pytest.mark.parametrize("says, before, command, complaint", [pytest.param(*r, id=r[0])
                                                              for r in ADDRESSES])
def test_an_address(stack, says, before, command, complaint):
    set_up(stack, before)
    assert stack.ip_error(command) == complaint


def test_deleting_the_first_address_of_a_subnet_takes_the_second_along(stack):
    stack.ip("addr add 10.77.0.66/24 dev eth0")
    assert [a["local"] for a in stack.ip_json("addr show dev eth0")[0]["addr_info"]
            if a["family"] == "inet"] == ["10.77.0.2", "10.77.0.66"]
    stack.ip("addr del 10.77.0.2/24 dev eth0")
    assert [a for a in stack.ip_json("addr show dev eth0")[0]["addr_info"]
            if a["family"] == "inet"] == []


def test_promote_secondaries_keeps_the_second(stack):
    stack.ip("addr add 10.77.0.66/24 dev eth0")
    stack.conf("eth0", promote_secondaries=1)
    stack.ip("addr del 10.77.0.2/24 dev eth0")
    assert shown(stack) == ["10.77.0.0/24 dev eth0 proto kernel scope link src 10.77.0.66"]


def test_a_32_bit_address_brings_no_network(stack):
    stack.ip("addr add 198.51.100.1/32 dev eth0")
    assert not any("198.51.100" in line for line in shown(stack))
    assert "local 198.51.100.1 dev eth0 proto kernel scope host src 198.51.100.1" in \
        shown(stack, "show table local")


def test_a_31_bit_network_has_no_broadcast(stack):
    """RFC 3021: both addresses are hosts."""
    stack.ip("addr add 198.51.100.0/31 dev eth0")
    assert attempt(stack, "198.51.100.1") == 0
    stack.port.expect(arp_request("198.51.100.1", psrc="198.51.100.0"))


# ---- many routes -----------------------------------------------------------

def test_a_thousand_routes_and_each_leads_its_way(stack):
    prepare(stack)
    stack.batch([f"route add 172.{16 + i // 250}.{i % 250}.0/24 via {(GW, GW2)[i % 2]}"
                 for i in range(1000)])
    assert len(shown(stack, "show root 172.16.0.0/12")) == 1000
    for i in (0, 1, 249, 250, 501, 998, 999):
        assert attempt(stack, f"172.{16 + i // 250}.{i % 250}.9") == 0
        assert stack.port.expect(udp(dport=5000))[Ether].dst == (GW_MAC, GW2_MAC)[i % 2]
    stack.ip("route flush root 172.16.0.0/12")
    assert shown(stack, "show root 172.16.0.0/12") == []
