# SPDX-License-Identifier: BSD-2-Clause
"""IPv6 with others on the link: dnsmasq and radvd as routers, redirects given and followed, addresses that are taken.

Each script runs with the kernel in the place of nethood first: what it shows is then what the kernel shows.
"""

import re
import time

import pytest

from lan6 import KINDS, lan     # noqa: F401
from test_tcp import needs

PAIRS = [(a, b) for a in KINDS for b in KINDS]
ROUTER = {"net.ipv6.conf.all.forwarding": 1}
ROUTER_ADDRESS, PREFIX, RESOLVER = "fd78::1", "fd78::", "fd78::53"
FAR, FAR_PREFIX = "2001:db8:1::1", "2001:db8:1::/48"

# What a program hears of options that the stack itself has no use for (RTNLGRP_ND_USEROPT).
LISTENER = """
import socket, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
s.bind((0, 0))
s.setsockopt(270, 1, 20)
print("listening", flush=True)
s.settimeout(20)
while True:
    m = s.recv(65536)
    size = int.from_bytes(m[18:20], sys.byteorder)
    option = m[32:32 + size]
    print(int.from_bytes(m[4:6], sys.byteorder), m[24], option.hex(), flush=True)
"""


def prefix_addresses(node, prefix=PREFIX):
    return [a for a in node.addresses().values() if a["local"].startswith(prefix)]


def settled(addresses):
    return addresses and not any(a.get("tentative") for a in addresses)


def default_route(node):
    return next((r for r in node.ip_json("route show default")), None)


# ---- routers that advertise ------------------------------------------------

@pytest.mark.parametrize("of, to", PAIRS)
def test_dnsmasq_gives_an_address_a_route_and_a_resolver(lan, of, to, tmp_path):
    needs("dnsmasq")
    router = lan.add(of, ROUTER)
    router.ip(f"addr add {ROUTER_ADDRESS}/64 dev eth0 nodad")
    host = lan.add(to)
    heard = host.start("/usr/bin/python3", "-c", LISTENER)
    assert heard.stdout.readline() == "listening\n"
    server = router.start("dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--interface=eth0",
                          "--bind-interfaces", "--enable-ra", "--dhcp-range=::,constructor:eth0,ra-only,64,600",
                          "--ra-param=eth0,mtu:1400,high,4,300", f"--dhcp-option=option6:dns-server,[{RESOLVER}]",
                          "--dhcp-option=option6:domain-search,nethood.example", "--leasefile-ro",
                          f"--pid-file={tmp_path}/pid")
    lan.wait(lambda: settled(prefix_addresses(host)), 20, "an address")
    mine, = prefix_addresses(host)
    assert mine["prefixlen"] == 64 and mine["dynamic"] and mine["mngtmpaddr"]
    assert 500 < mine["valid_life_time"] <= 600 and 500 < mine["preferred_life_time"] <= 600
    route = default_route(host)
    assert (route["gateway"], route["protocol"], route["pref"]) == (router.linklocal, "ra", "high")
    assert 200 < route["expires"] <= 300
    assert host.get("net.ipv6.conf.eth0.mtu") == "1400"
    assert host.ping(ROUTER_ADDRESS) == 1
    assert router.ping(mine["local"]) == 1
    # RDNSS and DNSSL: RTM_NEWNDUSEROPT, of a router advertisement
    options = {}
    while not {25, 31} <= set(options):
        message, icmp, data = heard.stdout.readline().split()
        assert (message, icmp) == ("68", "134")
        options[int(data[:2], 16)] = bytes.fromhex(data)
    assert options[25][8:] == bytes.fromhex("fd78" + "0" * 26 + "53")
    assert b"\7nethood\7example\0" in options[31]
    host.stop(heard)
    # Its prefix goes: it says so, and the address is used no more for what is new.
    router.ip(f"addr del {ROUTER_ADDRESS}/64 dev eth0")
    router.ip("addr add fd79::1/64 dev eth0 nodad")
    lan.wait(lambda: all(a.get("deprecated") for a in prefix_addresses(host)), 10, "the prefix is deprecated")
    router.stop(server)


RADVD = """
interface eth0 {{
	AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime 30; AdvDefaultPreference high;
	AdvLinkMTU 1400; AdvCurHopLimit 33; AdvReachableTime 20000; AdvRetransTimer 700;
	prefix {prefix}/64 {{ AdvOnLink on; AdvAutonomous on; AdvValidLifetime 300; AdvPreferredLifetime 200; }};
	route {far} {{ AdvRoutePreference low; AdvRouteLifetime 100; }};
	RDNSS {resolver} {{ AdvRDNSSLifetime 100; }};
}};
"""


@pytest.mark.parametrize("of, to", PAIRS)
def test_radvd_on_a_router(lan, of, to, tmp_path):
    """RFC 4861 6.2, 6.3; RFC 4191.  The router is the kernel or nethood, and so is the host."""
    needs("radvd")
    router, host = lan.add(of, ROUTER), lan.add(to, {"net.ipv6.conf.eth0.accept_ra_rt_info_max_plen": 64})
    router.ip(f"addr add {ROUTER_ADDRESS}/64 dev eth0 nodad")
    config = tmp_path / "radvd.conf"
    config.write_text(RADVD.format(prefix=PREFIX, far=FAR_PREFIX, resolver=RESOLVER))
    config.chmod(0o644)
    server = router.start("radvd", "-n", "-m", "stderr", "-C", config, "-p", tmp_path / "pid")
    lan.wait(lambda: settled(prefix_addresses(host)), 20, "an address")
    mine, = prefix_addresses(host)
    assert 250 < mine["valid_life_time"] <= 300 and 150 < mine["preferred_life_time"] <= 200
    route = default_route(host)
    assert (route["gateway"], route["pref"]) == (router.linklocal, "high") and 20 < route["expires"] <= 30
    far, = host.ip_json(f"route show {FAR_PREFIX}")
    assert (far["gateway"], far["pref"]) == (router.linklocal, "low") and 90 < far["expires"] <= 100
    told = ("conf.eth0.mtu", "conf.eth0.hop_limit", "neigh.eth0.base_reachable_time_ms",
            "neigh.eth0.retrans_time_ms")
    assert [host.get(f"net.ipv6.{name}") for name in told] == ["1400", "33", "20000", "700"]
    assert host.ping(ROUTER_ADDRESS) == 1 and router.ping(mine["local"]) == 1
    entry, = [n for n in host.ip_json(f"neigh show {router.linklocal} dev eth0")]
    assert "router" in entry
    router.stop(server)                 # it says goodbye: lifetime 0
    lan.wait(lambda: default_route(host) is None, 10, "the route goes")


@pytest.mark.parametrize("kind", KINDS)
def test_a_router_that_is_asked_answers(lan, kind, tmp_path):
    """rdisc6 (RFC 4861 6.2.6) towards radvd, on the kernel and on nethood."""
    needs("radvd", "rdisc6")
    router, host = lan.add(kind, ROUTER), lan.add("kernel")
    router.ip(f"addr add {ROUTER_ADDRESS}/64 dev eth0 nodad")
    config = tmp_path / "radvd.conf"
    config.write_text(RADVD.format(prefix=PREFIX, far=FAR_PREFIX, resolver=RESOLVER))
    config.chmod(0o644)
    server = router.start("radvd", "-n", "-m", "stderr", "-C", config, "-p", tmp_path / "pid")
    lan.wait(lambda: default_route(host), 20, "an advertisement")
    text = host.run("rdisc6", "-1", "-r", "4", "eth0")
    for line in (r"Hop limit +: +33", r"Router lifetime +: +30", r"Reachable time +: +20000",
                 r"Retransmit time +: +700", rf"Prefix +: {PREFIX}/64", rf"Route +: {re.escape(FAR_PREFIX)}",
                 r"MTU +: +1400", rf"Recursive DNS server +: {RESOLVER}", rf"Source link-layer address: {router.mac}",
                 rf"from {router.linklocal}"):
        assert re.search(line, text, re.I), text
    router.stop(server)


# ---- redirects -------------------------------------------------------------

def two_routers(lan, of, to):
    """A host whose router knows a better one, behind which FAR is: (host, router, better)."""
    router, better, host = lan.add(of, ROUTER), lan.add("kernel", ROUTER), lan.add(to)
    for node, address in ((router, ROUTER_ADDRESS), (better, "fd78::2"), (host, "fd78::3")):
        node.ip(f"addr add {address}/64 dev eth0 nodad")
    better.ip(f"addr add {FAR}/128 dev lo")
    router.ip(f"route add {FAR_PREFIX} via {better.linklocal} dev eth0")
    host.ip(f"route add default via {router.linklocal} dev eth0")
    assert host.way(FAR)["gateway"] == router.linklocal
    return host, router, better


@pytest.mark.parametrize("of, to", PAIRS)
def test_a_redirect_is_given_and_followed(lan, of, to):
    """RFC 4861 8: by a router, of one kind, to a host, of the other."""
    host, router, better = two_routers(lan, of, to)
    assert router.ping(f"{better.linklocal}%eth0") == 1     # so that it can say where the other is
    assert host.ping(FAR) == 1          # it goes by the router, who says that there is a better one
    lan.wait(lambda: host.way(FAR).get("gateway") == better.linklocal, 3, "the redirect")
    assert host.way("2001:db8:1::2")["gateway"] == router.linklocal, "it is of this destination alone"
    cached = host.ip(f"route show cache {FAR}")
    assert re.search(rf"{FAR} via {better.linklocal} dev eth0 ", cached), cached
    entry, = host.ip_json(f"neigh show {better.linklocal} dev eth0")
    assert (entry["lladdr"], "router" in entry) == (better.mac, True)
    before = router.counter("Ip6OutForwDatagrams")
    assert host.ping(FAR, count=20) == 20
    assert router.counter("Ip6OutForwDatagrams") == before, "nothing goes by the first router any more"


@pytest.mark.parametrize("of, to", PAIRS)
def test_a_redirect_to_the_neighbour_itself(lan, of, to):
    """RFC 4861 8.2: the destination is on the link, which the host did not know."""
    host, router, better = two_routers(lan, of, to)
    better.ip("addr add fd7a::2/64 dev eth0 nodad")
    router.ip("addr add fd7a::1/64 dev eth0 nodad")
    better.ip("route add fd78::3/128 dev eth0")
    assert host.ping("fd7a::2") == 1
    lan.wait(lambda: host.way("fd7a::2").get("gateway", "fd7a::2") == "fd7a::2", 3, "the redirect")
    before = router.counter("Ip6OutForwDatagrams")
    assert host.ping("fd7a::2", count=10) == 10
    assert router.counter("Ip6OutForwDatagrams") == before


@pytest.mark.parametrize("of, to", PAIRS)
def test_a_redirect_that_nobody_may_give(lan, of, to):
    host, router, better = two_routers(lan, of, to)
    host.sysctl(eth0__accept_redirects=0)
    assert host.ping(FAR) == 1
    time.sleep(0.2)
    assert host.way(FAR)["gateway"] == router.linklocal
    before = router.counter("Ip6OutForwDatagrams")
    assert host.ping(FAR, count=5) == 5
    assert router.counter("Ip6OutForwDatagrams") == before + 5


@pytest.mark.parametrize("to", KINDS)
def test_the_better_router_goes(lan, to):
    """RFC 4861 7.3.3: what does not answer any more is not used, redirect or not."""
    host, router, better = two_routers(lan, "kernel", to)
    for name, value in (("retrans_time_ms", 100), ("base_reachable_time_ms", 400), ("delay_first_probe_time", 1)):
        host.set(f"net.ipv6.neigh.eth0.{name}", value)
    assert host.ping(FAR) == 1
    lan.wait(lambda: host.way(FAR).get("gateway") == better.linklocal, 3, "the redirect")
    better.run("ip", "link", "set", "eth0", "down")
    router.ip(f"addr add {FAR}/128 dev lo")         # it has another way now
    lan.wait(lambda: host.ping(FAR, wait_s=1) == 1, 15, "back by the first router")


# ---- addresses that are taken ----------------------------------------------

TAKEN = "fd78::77"


@pytest.mark.parametrize("holder, newcomer", PAIRS)
def test_an_address_that_somebody_has(lan, holder, newcomer):
    """RFC 4862 5.4.3: who has it says so; ip(8) shows who may not."""
    one, other = lan.add(holder), lan.add(newcomer)
    one.ip(f"addr add {TAKEN}/64 dev eth0")
    lan.wait(lambda: not one.addresses()[TAKEN].get("tentative"), 5, "the first has it")
    other.ip(f"addr add {TAKEN}/64 dev eth0")
    lan.wait(lambda: "dadfailed" in other.addresses()[TAKEN], 5, "the second may not")
    shown = other.ip("addr show dev eth0")
    assert re.search(rf"inet6 {TAKEN}/64 scope global dadfailed tentative", shown), shown
    assert not one.addresses()[TAKEN].keys() & {"dadfailed", "tentative"}
    third = lan.add("kernel")
    third.ip("addr add fd78::99/64 dev eth0 nodad")
    assert third.ping(TAKEN) == 1
    entry, = third.ip_json(f"neigh show {TAKEN} dev eth0")
    assert entry["lladdr"] == one.mac, "who was first answers, and nobody else"


@pytest.mark.parametrize("one, other", PAIRS)
def test_two_try_the_same_at_once(lan, one, other):
    """RFC 4862 5.4.3: neither of them gets it, or one who was first does; never both."""
    nodes = [lan.add(one), lan.add(other)]
    starting = [node.start("ip", "-6", "addr", "add", TAKEN + "/64", "dev", "eth0") for node in nodes]
    for node, process in zip(nodes, starting):
        node.result(process)

    def decided(node):
        entry = node.addresses()[TAKEN]
        return "dadfailed" in entry or not entry.get("tentative")

    lan.wait(lambda: all(map(decided, nodes)), 5)
    assert any("dadfailed" in n.addresses()[TAKEN] for n in nodes)


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_local_address_that_somebody_has(lan, kind):
    """RFC 4862 5.4.5: without it there is no IPv6 on the link, if it was made of the MAC; else others are tried."""
    first = lan.add("kernel")
    second = lan.add(kind)
    first.ip(f"addr add {second.linklocal}/64 dev eth0 nodad")
    second.run("ip", "link", "set", "eth0", "down")
    second.run("ip", "link", "set", "eth0", "up")
    lan.wait(lambda: "dadfailed" in second.addresses().get(second.linklocal, {}), 5, "it fails")
    second.set("net.ipv6.conf.eth0.stable_secret", "fd78::4711")
    second.run("ip", "link", "set", "eth0", "down")
    second.run("ip", "link", "set", "eth0", "up")
    mine = lan.wait(lambda: [a for a in second.addresses().values()
                             if a["scope"] == "link" and not a.keys() & {"tentative", "dadfailed"}], 8, "another one")
    assert mine[0]["local"] != second.linklocal


# ---- neighbours ------------------------------------------------------------

@pytest.mark.parametrize("of, to", PAIRS)
def test_a_neighbour_that_moves_says_so(lan, of, to):
    """ndisc_notify: RFC 4861 7.2.6.  Who talks to it loses nothing."""
    moving, other = lan.add(of), lan.add(to)
    moving.sysctl(eth0__ndisc_notify=1)
    for node, address in ((moving, "fd78::1"), (other, "fd78::2")):
        node.ip(f"addr add {address}/64 dev eth0 nodad")
    assert other.ping("fd78::1") == 1
    new = "02:00:00:00:88:01"
    moving.run("ip", "link", "set", "eth0", "address", new)
    lan.wait(lambda: other.ip_json("neigh show fd78::1 dev eth0")[0].get("lladdr") == new, 3, "it says so")
    assert other.ping("fd78::1", count=5) == 5


@pytest.mark.parametrize("of, to", PAIRS)
def test_a_proxy_answers_for_somebody_else(lan, of, to):
    """Proxy Neighbour Discovery: RFC 4861 7.2.8.  The packets go through it."""
    proxy, host = lan.add(of, ROUTER), lan.add(to)
    proxy.sysctl(eth0__proxy_ndp=1)
    proxy.set("net.ipv6.neigh.eth0.proxy_delay", 5)
    proxy.ip("addr add fd78::1/64 dev eth0 nodad")
    host.ip("addr add fd78::2/64 dev eth0 nodad")
    proxy.ip("addr add fd7b::1/128 dev lo")
    proxy.ip("neigh add proxy fd78::77 dev eth0")
    assert host.ping("fd78::77", wait_s=1) == 0, "nobody is behind the proxy"
    entry, = host.ip_json("neigh show fd78::77 dev eth0")
    assert entry["lladdr"] == proxy.mac
