# SPDX-License-Identifier: BSD-2-Clause
"""The files of /proc/net: each line and each column as the kernel writes them.

proc_pid_net(5).  Neighbour specification, row D4.  What the kernel passes is what its format
is; what a net does not count is in no line of snmp and netstat, and the rest has its names.
"""

import re
import socket
import struct
import subprocess

import pytest

from lab import packets as p
from lab.stack import ADDRESS, PEER, PEER_MAC

SHARED = dict(devs=2)
OURS = "02:00:00:00:00:02"
M = "02:00:00:00:aa:09"
HEADER = "IP address       HW type     Flags       HW address            Mask     Device"


def proc(stack, name):
    """The lines of /proc/net/NAME."""
    if stack.kind == "kernel":
        argv = stack.wrap(["cat", f"/proc/net/{name}"])
    else:
        argv = stack.netns.wrap([stack.binary, "proc", stack.name, name])
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True,
                          pass_fds=(stack.netns.fd,), timeout=20, stdin=subprocess.DEVNULL)
    return done.stdout.split("\n")[:-1]


# ---- arp -------------------------------------------------------------------

ARP = [
    # what, what ip(8) is told, the line (None: there is none)
    ("permanent", f"neigh add 10.77.0.9 lladdr {M} dev eth0 nud permanent",
     "10.77.0.9        0x1         0x6         02:00:00:00:aa:09     *        eth0"),
    ("reachable", f"neigh add 10.77.0.9 lladdr {M} dev eth0 nud reachable",
     "10.77.0.9        0x1         0x2         02:00:00:00:aa:09     *        eth0"),
    ("stale", f"neigh add 10.77.0.123 lladdr {M} dev eth1 nud stale",
     "10.77.0.123      0x1         0x2         02:00:00:00:aa:09     *        eth1"),
    ("in delay", f"neigh add 10.77.0.9 lladdr {M} dev eth0 nud delay",
     "10.77.0.9        0x1         0x2         02:00:00:00:aa:09     *        eth0"),
    ("probed", f"neigh add 10.77.0.9 lladdr {M} dev eth0 nud probe",
     "10.77.0.9        0x1         0x2         02:00:00:00:aa:09     *        eth0"),
    ("the longest address", f"neigh add 223.255.255.254 lladdr {M} dev eth0 nud permanent",
     "223.255.255.254  0x1         0x6         02:00:00:00:aa:09     *        eth0"),
    ("learned elsewhere", f"neigh add 10.77.0.9 lladdr {M} dev eth0 nud stale extern_learn router",
     "10.77.0.9        0x1         0x2         02:00:00:00:aa:09     *        eth0"),
    ("failed, never known", "neigh add 10.77.0.9 dev eth0 nud failed",
     "10.77.0.9        0x1         0x0         00:00:00:00:00:00     *        eth0"),
    ("failed, was known", f"neigh add 10.77.0.9 lladdr {M} dev eth0 nud reachable\n"
     "neigh change 10.77.0.9 dev eth0 nud failed",
     "10.77.0.9        0x1         0x0         02:00:00:00:aa:09     *        eth0"),
    ("needs no ARP", f"neigh add 10.77.0.9 lladdr {M} dev eth0 nud noarp", None),
    ("is nothing yet", "neigh add 10.77.0.9 dev eth0 nud none", None),
    ("a proxy", "neigh add proxy 10.77.0.9 dev eth1",
     "10.77.0.9        0x1         0xc         00:00:00:00:00:00     *        eth1"),
    ("a proxy of the loopback device", "neigh add proxy 10.77.0.9 dev lo",
     "10.77.0.9        0x304       0xc         00:00:00:00:00:00     *        lo"),
    ("a proxy of all devices", "neigh add proxy 10.77.0.77",
     "10.77.0.77       0x0         0xc         00:00:00:00:00:00     *        *"),
]


@pytest.mark.parametrize("says, commands, line", [pytest.param(*r, id=r[0]) for r in ARP])
def test_arp(shared, says, commands, line):
    address = re.search(r"\d+\.\d+\.\d+\.\d+", commands).group()
    shared.batch(commands.split("\n"))
    rows = proc(shared, "arp")
    shared.ip(re.sub(r" (lladdr|nud) \S+|extern_learn router", "",
                     commands.split("\n")[0].replace(" add ", " del ")))
    assert rows[0] == HEADER
    assert [row for row in rows if row.startswith(address + " ")] == ([line] if line else [])


def test_arp_while_it_is_asked_for(stack):
    sock = stack.udp()
    sock.sendto(b"x", ("10.77.0.50", 9))
    assert "10.77.0.50       0x1         0x0         00:00:00:00:00:00     *        eth0" in proc(stack, "arp")


def test_arp_shows_neighbours_before_proxies(shared):
    shared.batch(["neigh add proxy 10.77.0.8 dev eth0",
                  f"neigh add 10.77.0.9 lladdr {M} dev eth0 nud permanent"])
    rows = [row.split()[0] for row in proc(shared, "arp")]
    shared.batch(["neigh del proxy 10.77.0.8 dev eth0", "neigh del 10.77.0.9 dev eth0"])
    assert rows.index("10.77.0.9") < rows.index("10.77.0.8")


def test_arp_of_many(shared):
    shared.batch([f"neigh add 10.79.{i // 250}.{i % 250 + 1} lladdr {M} dev eth1 nud permanent" for i in range(300)])
    rows = proc(shared, "arp")
    shared.ip("neigh flush dev eth1 nud permanent")
    mine = [row for row in rows if row.startswith("10.79.")]
    assert len(mine) == 300 and len(set(mine)) == 300
    assert {row[17:] for row in mine} == {"0x1         0x6         02:00:00:00:aa:09     *        eth1"}


STAT = ("entries  allocs   destroys hash_grows lookups  hits     res_failed rcv_probes_mcast rcv_probes_ucast "
        "periodic_gc_runs forced_gc_runs unresolved_discards table_fulls")


def arp_stat(stack):
    """The kernel shows it in the first namespace only, where it is everybody's."""
    if stack.kind == "kernel":
        with open("/proc/net/stat/arp_cache", encoding="ascii") as text:
            return text.read().split("\n")[:-1]
    return proc(stack, "stat/arp_cache")


def test_arp_stat(shared):
    header, *rows = arp_stat(shared)
    assert header == STAT
    assert len(rows) >= 1 and (shared.kind == "kernel" or len(rows) == 1)
    widths = [len(name) for name in re.findall(r"\S+\s*", header)][:-1]
    for row in rows:
        assert re.fullmatch(r"([0-9a-f]{8,} +){12}[0-9a-f]{8,}", row), row
        assert [len(column) for column in re.findall(r"\S+\s*", row)][:-1] == widths, row


def test_arp_stat_counts(shared):
    """Sums over the processors grow; others grow them too, so this is `at least` for the kernel."""
    def sums():
        rows = [[int(column, 16) for column in row.split()] for row in arp_stat(shared)[1:]]
        return dict(zip(STAT.split(), map(sum, zip(*rows))))
    before = sums()
    shared.batch([f"neigh add 10.79.0.{i} lladdr {M} dev eth1 nud permanent" for i in range(1, 51)])
    during = sums()
    shared.ip("neigh flush dev eth1 nud permanent")
    after = sums()
    if shared.kind == "nethood":
        assert during["entries"] - before["entries"] == 50
        assert during["allocs"] - before["allocs"] == 50
        assert after["destroys"] - during["destroys"] == 50
    assert during["allocs"] - before["allocs"] >= 50 and after["destroys"] - before["destroys"] >= 50


# ---- route -----------------------------------------------------------------

ROUTES = [
    # what, `ip route add` ..., columns (None: no line)
    ("through a gateway", "10.90.0.0/16 via 10.77.0.7 dev eth0 metric 100",
     "eth0 00005A0A 07004D0A 0003 0 0 100 0000FFFF 0 0 0"),
    ("on the link", "10.90.0.0/16 dev eth1", "eth1 00005A0A 00000000 0001 0 0 0 0000FFFF 0 0 0"),
    ("to a host", "10.90.0.1 via 10.77.0.7 dev eth0", "eth0 01005A0A 07004D0A 0007 0 0 0 FFFFFFFF 0 0 0"),
    ("an odd length", "10.90.0.0/17 dev eth0", "eth0 00005A0A 00000000 0001 0 0 0 0080FFFF 0 0 0"),
    ("the default", "default via 10.77.0.7 dev eth0", "eth0 00000000 07004D0A 0003 0 0 0 00000000 0 0 0"),
    ("without a device: blackhole", "blackhole 10.90.0.0/16", "* 00005A0A 00000000 0001 0 0 0 0000FFFF 0 0 0"),
    ("unreachable", "unreachable 10.90.0.0/16", "* 00005A0A 00000000 0201 0 0 0 0000FFFF 0 0 0"),
    ("prohibited", "prohibit 10.90.0.1", "* 01005A0A 00000000 0205 0 0 0 FFFFFFFF 0 0 0"),
    ("throw", "throw 10.90.0.0/16", "* 00005A0A 00000000 0001 0 0 0 0000FFFF 0 0 0"),
    ("an MTU is not shown", "10.90.0.0/16 dev eth0 mtu 1300", "eth0 00005A0A 00000000 0001 0 0 0 0000FFFF 0 0 0"),
    ("an advertised segment is", "10.90.0.0/16 dev eth0 advmss 1000",
     "eth0 00005A0A 00000000 0001 0 0 0 0000FFFF 1040 0 0"),
    ("window and round trip", "10.90.0.0/16 dev eth0 window 4000 rtt 100ms",
     "eth0 00005A0A 00000000 0001 0 0 0 0000FFFF 0 4000 100"),
    ("of several next hops the first", "10.90.0.0/16 nexthop via 10.77.0.3 weight 2 nexthop via 10.78.0.4",
     "eth0 00005A0A 03004D0A 0003 0 0 0 0000FFFF 0 0 0"),
    ("local", "local 10.90.0.0/16 dev eth0 table main", "eth0 00005A0A 00000000 0001 0 0 0 0000FFFF 0 0 0"),
    ("a broadcast", "broadcast 10.90.0.0/16 dev eth0 table main", None),
    ("a multicast", "multicast 239.0.0.0/8 dev eth0", None),
    ("another table", "10.90.0.0/16 dev eth0 table 100", None),
    ("a large metric", "10.90.0.0/16 dev eth0 metric 4294967295",
     "eth0 00005A0A 00000000 0001 0 0 4294967295 0000FFFF 0 0 0"),
]
ROUTE_HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT".ljust(127)


@pytest.mark.parametrize("says, route, columns", [pytest.param(*r, id=r[0]) for r in ROUTES])
def test_route(shared, says, route, columns):
    before = proc(shared, "route")
    shared.ip(f"route add {route}")
    rows = proc(shared, "route")
    shared.ip("route del " + re.sub(" (window|rtt|advmss|mtu) .*", "", route))
    assert rows[0] == ROUTE_HEADER
    assert sorted(rows) == sorted(before + (["\t".join(columns.split()).ljust(127)] if columns else []))
    assert proc(shared, "route") == before


def test_routes_in_order(shared):
    routes = ["10.91.0.0/16 dev eth0", "10.91.0.0/24 dev eth0", "10.91.0.0/16 dev eth0 metric 7",
              "10.90.0.0/15 dev eth1", "10.91.0.0/16 dev eth1 tos 0x10", "10.91.3.0/24 dev eth1"]
    shared.batch([f"route add {route}" for route in routes])
    rows = [row.split()[:2] + row.split()[6:8] for row in proc(shared, "route")]
    shared.batch([f"route del {route}" for route in routes])
    assert [row for row in rows if row[1].endswith(("5A0A", "5B0A"))] == [
        ["eth1", "00005A0A", "0", "0000FEFF"], ["eth0", "00005B0A", "0", "00FFFFFF"],
        ["eth1", "00005B0A", "0", "0000FFFF"], ["eth0", "00005B0A", "0", "0000FFFF"],
        ["eth0", "00005B0A", "7", "0000FFFF"], ["eth1", "00035B0A", "0", "00FFFFFF"]]


# ---- dev, dev_mcast, igmp --------------------------------------------------


def test_dev(stack):
    header = ["Inter-|   Receive                                                |  Transmit",
              " face |bytes    packets errs drop fifo frame compressed multicast"
              "|bytes    packets errs drop fifo colls carrier compressed"]
    row = (r" *{}:( *\d+){{8}}( *\d+){{8}}".format)
    stack.port.answers[PEER] = PEER_MAC
    stack.port.send(p.ether(OURS, PEER_MAC, p.ipv4(PEER, ADDRESS, p.ICMP, p.echo())))
    stack.port.expect(lambda f: f.raw[12:14] == b"\x08\x00", why="the echo reply")
    rows = proc(stack, "dev")
    assert rows[:2] == header
    assert re.fullmatch(row("lo"), rows[2]) and re.fullmatch(row("eth0"), rows[3]) and len(rows) == 4
    name, _, counts = rows[3].partition(":")
    assert name == "  eth0"
    counts = [int(column) for column in counts.split()]
    # ARP reply and echo request in, ARP request and echo reply out; the kernel has asked for more groups
    assert counts[1] >= 2 and counts[9] >= 2
    if all(value < 10000 for value in counts):
        assert rows[3] == ("  eth0: %7d %7d %4d %4d %4d %5d %10d %9d %8d %7d %4d %4d %4d %5d %7d %10d" % tuple(counts))


def join(stack, dev_address, group):
    sock = stack.udp()
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                    socket.inet_aton(group) + socket.inet_aton(dev_address))
    return sock


@pytest.mark.stack(devs=2)
def test_igmp(stack):
    joined = [join(stack, ADDRESS, "239.1.2.3"), join(stack, ADDRESS, "239.1.2.3"),
              join(stack, "10.78.0.2", "232.5.5.5")]
    rows = [re.sub(r"\d:[0-9A-F]{8}\t\t\d$", "TIMER", row) for row in proc(stack, "igmp")]
    assert joined and rows == [
        "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter",
        "1\tlo        :     1      V3", "\t\t\t\t010000E0     1 TIMER",
        f"{stack.ifindex('eth0')}\teth0      :     2      V3", "\t\t\t\t030201EF     2 TIMER",
        "\t\t\t\t010000E0     1 TIMER",
        f"{stack.ifindex('eth1')}\teth1      :     2      V3", "\t\t\t\t050505E8     1 TIMER",
        "\t\t\t\t010000E0     1 TIMER"]


def test_igmp_timers(stack):
    joined = join(stack, ADDRESS, "239.1.2.3")
    first = [row for row in proc(stack, "igmp") if "030201EF" in row]
    match = re.fullmatch(r"\t\t\t\t030201EF     1 ([01]):([0-9A-F]{8})\t\t([01])", first[0])
    assert joined and match and int(match.group(2), 16) <= 1000, first


def test_igmp_of_an_older_querier(stack):
    query = struct.pack("!BBH4s", 0x11, 10, 0, bytes(4))
    query = query[:2] + struct.pack("!H", p.checksum(query)) + query[4:]
    stack.port.send(p.ether("01:00:5e:00:00:01", PEER_MAC, p.ipv4(PEER, "224.0.0.1", 2, query, ttl=1)))
    for _ in range(50):
        rows = proc(stack, "igmp")
        if any(row.startswith(f"{stack.ifindex()}\teth0      :     1      V2") for row in rows):
            return
    raise AssertionError(rows)


def test_dev_mcast(stack):
    before = proc(stack, "dev_mcast")
    sock = join(stack, ADDRESS, "239.1.2.3")
    rows = proc(stack, "dev_mcast")
    sock.close()
    index = stack.ifindex()
    assert f"{index:<4} eth0            1     0     01005e000001" in before
    assert not any(" lo " in row for row in before)
    assert [row for row in rows if row not in before] == [f"{index:<4} eth0            1     0     01005e010203"]
    assert proc(stack, "dev_mcast") == before


# ---- sockets ---------------------------------------------------------------

SOCKET_HEADER = ("sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode "
                 "ref pointer drops")
HEADERS = {"udp": "   " + SOCKET_HEADER + " " * 12, "icmp": "  " + SOCKET_HEADER + " " * 13,
           "raw": "  " + SOCKET_HEADER}


def open_socket(stack, kind, proto, bind=None, connect=None):
    sock = stack.socket(kind=kind, proto=proto)
    if bind:
        sock.bind(bind)
    if connect:
        sock.connect(connect)
    return sock


SOCKETS = [
    # what, file, type, protocol, bind, connect, row without slot, inode, pointer (None: no row)
    ("bound", "udp", 2, 0, ("10.77.0.2", 5000), None, "02004D0A:1388 00000000:0000 07"),
    ("bound to all", "udp", 2, 0, ("0.0.0.0", 5001), None, "00000000:1389 00000000:0000 07"),
    ("connected", "udp", 2, 0, ("10.77.0.2", 5002), ("10.77.0.1", 53), "02004D0A:138A 01004D0A:0035 01"),
    ("not bound", "udp", 2, 0, None, None, None),
    ("ping", "icmp", 2, 1, ("0.0.0.0", 77), None, "00000000:004D 00000000:0000 07"),
    ("raw", "raw", 3, 89, None, None, "00000000:0059 00000000:0000 07"),
    ("raw, bound", "raw", 3, 89, ("10.77.0.2", 0), None, "02004D0A:0059 00000000:0000 07"),
    ("raw, all", "raw", 3, 255, None, None, "00000000:00FF 00000000:0000 07"),
]


@pytest.mark.parametrize("says, name, kind, proto, bind, connect, row", [pytest.param(*r, id=r[0]) for r in SOCKETS])
def test_sockets(shared, says, name, kind, proto, bind, connect, row):
    shared.sysctl("net.ipv4.ping_group_range", "0 100")
    sock = open_socket(shared, kind, proto, bind, connect)
    header, *rows = proc(shared, name)
    sock.close()
    assert header == HEADERS[name]
    assert [re.sub(r"^( *)\d+: (.*) \d+ 2 [0-9a-f]{16} 0( *)$", r"\2", line) for line in rows] == (
        [row + " 00000000:00000000 00:00000000 00000000     0        0"] if row else [])
    width = 0 if name == "raw" else 127
    for line in rows:
        assert len(line) == width or not width and line == line.rstrip(), repr(line)
        assert line[4 if name == "raw" else 5] == ":", line
    assert proc(shared, name)[1:] == []


def test_a_socket_with_something_to_read(shared):
    """Of a program under nethood the first datagram is in its descriptor already."""
    reader, writer = open_socket(shared, 2, 0, ("10.77.0.2", 5000)), shared.udp()
    for _ in range(1 if shared.kind == "kernel" else 2):
        writer.sendto(b"x", ("10.77.0.2", 5000))
    row = [line for line in proc(shared, "udp") if ":1388 " in line][0]
    reader.close()
    writer.close()
    assert row.split()[4] == "00000000:00000340"


def test_sockstat(stack):
    sockets = [open_socket(stack, 2, 0, ("10.77.0.2", 5000)), open_socket(stack, 2, 0), open_socket(stack, 3, 89)]
    rows = proc(stack, "sockstat")
    assert re.fullmatch(r"sockets: used \d+", rows[0])
    assert int(rows[0].split()[2]) >= len(sockets)
    orphan = r"\d+" if stack.kind == "kernel" else "0"  # like alloc, the kernel's is of all namespaces
    assert re.fullmatch(rf"TCP: inuse 0 orphan {orphan} tw 0 alloc \d+ mem \d+", rows[1])
    assert re.fullmatch(r"UDP: inuse 1 mem \d+", rows[2])
    assert rows[3:] == ["UDPLITE: inuse 0", "RAW: inuse 1", "FRAG: inuse 0 memory 0"]
    port = stack.port
    port.send(p.ether(OURS, PEER_MAC, p.ipv4(PEER, ADDRESS, 17, bytes(16), frag=p.MF)))
    for _ in range(50):
        last = proc(stack, "sockstat")[5]
        if last != "FRAG: inuse 0 memory 0":
            break
    assert re.fullmatch(r"FRAG: inuse 1 memory [1-9]\d+", last)


# ---- snmp, netstat ---------------------------------------------------------


def groups(lines):
    """{group: [(name, value)]}, of pairs of lines."""
    got = {}
    for names, values in zip(lines[::2], lines[1::2]):
        group, *names = names.split()
        again, *values = values.split()
        assert group == again and len(names) == len(values), lines
        got[group.rstrip(":")] = list(zip(names, map(int, values)))
    return got


def names(stack, name, group):
    return [entry for entry, _ in groups(proc(stack, name))[group]]


IP = ("Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos InDiscards InDelivers "
      "OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs ReasmFails FragOKs FragFails FragCreates "
      "OutTransmits")
BY_TYPE = ("DestUnreachs TimeExcds ParmProbs SrcQuenchs Redirects Echos EchoReps Timestamps TimestampReps AddrMasks "
           "AddrMaskReps").split()
ICMP = ["InMsgs", "InErrors", "InCsumErrors", *("In" + name for name in BY_TYPE),
        "OutMsgs", "OutErrors", "OutRateLimitGlobal", "OutRateLimitHost", *("Out" + name for name in BY_TYPE)]
UDP = "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors IgnoredMulti MemErrors"
TCP = ("RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs "
       "RetransSegs InErrs OutRsts InCsumErrors")
IPEXT = ("InNoRoutes InTruncatedPkts InMcastPkts OutMcastPkts InBcastPkts OutBcastPkts InOctets OutOctets "
         "InMcastOctets OutMcastOctets InBcastOctets OutBcastOctets InCsumErrors InNoECTPkts InECT1Pkts InECT0Pkts "
         "InCEPkts ReasmOverlaps")


def test_names_are_the_kernels_in_its_order(shared):
    assert names(shared, "snmp", "Ip") == IP.split()
    assert names(shared, "snmp", "Icmp") == ICMP
    assert names(shared, "snmp", "Udp") == UDP.split()
    assert names(shared, "snmp", "Tcp") == TCP.split()
    assert names(shared, "netstat", "IpExt") == IPEXT.split()
    with open("/proc/net/netstat", encoding="ascii") as running:
        assert names(shared, "netstat", "TcpExt") == running.readline().split()[1:]
    lines = [line.split(":")[0] for line in proc(shared, "snmp")]
    assert [group for group in lines[::2] if group not in ("IcmpMsg", "UdpLite")] == ["Ip", "Icmp", "Tcp", "Udp"]


def test_forwarding_and_ttl(shared):
    for value, shown in ((1, 1), (0, 2)):
        shared.sysctl("net.ipv4.ip_forward", value)
        assert dict(groups(proc(shared, "snmp"))["Ip"])["Forwarding"] == shown
    shared.sysctl("net.ipv4.ip_default_ttl", 33)
    assert dict(groups(proc(shared, "snmp"))["Ip"])["DefaultTTL"] == 33
    shared.sysctl("net.ipv4.ip_default_ttl", 64)


def counters(stack):
    got = {}
    for name in ("snmp", "netstat"):
        for group, values in groups(proc(stack, name)).items():
            if group in ("Ip", "Icmp", "IcmpMsg", "Udp", "IpExt"):
                got.update({f"{group}.{entry}": value for entry, value in values})
    got["TcpExt.ArpFilter"] = dict(groups(proc(stack, "netstat"))["TcpExt"])["ArpFilter"]
    got["TcpExt.IPReversePathFilter"] = dict(groups(proc(stack, "netstat"))["TcpExt"])["IPReversePathFilter"]
    return got


def from_peer(*fields, mac=OURS, **more):
    return p.ether(mac, PEER_MAC, p.ipv4(PEER, *fields, **more))


ANSWERED = {"Ip.OutRequests": 1, "Ip.OutTransmits": 1}
ECHOED = {**ANSWERED, "Icmp.OutMsgs": 1, "Icmp.OutEchoReps": 1, "IcmpMsg.OutType0": 1}
ECHO = {"Ip.InReceives": 1, "Ip.InDelivers": 1, "Icmp.InMsgs": 1, "Icmp.InEchos": 1, "IcmpMsg.InType8": 1,
        "IpExt.InOctets": 36}
TAKEN = {"Ip.InReceives": 1, "Ip.InDelivers": 1}
BROADCAST = "ff:ff:ff:ff:ff:ff"
FRAMES = [
    # what, frames, what is counted
    ("an echo request", [from_peer(ADDRESS, 1, p.echo())],
     {**ECHO, **ECHOED, "IpExt.OutOctets": 36, "IpExt.InNoECTPkts": 1}),
    ("ECT(1)", [from_peer(ADDRESS, 1, p.echo(), tos=1)],
     {**ECHO, **ECHOED, "IpExt.OutOctets": 36, "IpExt.InECT1Pkts": 1}),
    ("ECT(0)", [from_peer(ADDRESS, 1, p.echo(), tos=2)],
     {**ECHO, **ECHOED, "IpExt.OutOctets": 36, "IpExt.InECT0Pkts": 1}),
    ("congestion", [from_peer(ADDRESS, 1, p.echo(), tos=3)],
     {**ECHO, **ECHOED, "IpExt.OutOctets": 36, "IpExt.InCEPkts": 1}),
    ("an echo request with a wrong sum", [from_peer(ADDRESS, 1, p.echo(csum=1))],
     {**TAKEN, "Icmp.InMsgs": 1, "Icmp.InErrors": 1, "Icmp.InCsumErrors": 1, "IpExt.InOctets": 36,
      "IpExt.InNoECTPkts": 1}),
    ("a header with a wrong sum", [from_peer(ADDRESS, 1, p.echo(), csum=1)],
     {"Ip.InReceives": 1, "Ip.InHdrErrors": 1, "IpExt.InOctets": 36, "IpExt.InCsumErrors": 1,
      "IpExt.InNoECTPkts": 1}),
    ("a header that is cut off", [p.ether(OURS, PEER_MAC, p.ipv4(PEER, ADDRESS, 1, b"")[:12] + bytes(0))],
     {"Ip.InReceives": 1, "Ip.InHdrErrors": 1, "IpExt.InOctets": 12}),
    ("shorter than it says", [from_peer(ADDRESS, 1, p.echo(), length=100)],
     {"Ip.InReceives": 1, "IpExt.InTruncatedPkts": 1, "IpExt.InOctets": 36, "IpExt.InNoECTPkts": 1}),
    ("another version", [from_peer(ADDRESS, 1, p.echo(), version=5)],
     {"Ip.InReceives": 1, "Ip.InHdrErrors": 1, "IpExt.InOctets": 36}),
    ("an echo reply that nobody waits for", [from_peer(ADDRESS, 1, p.echo(kind=0))],
     {**TAKEN, "Icmp.InMsgs": 1, "Icmp.InEchoReps": 1, "IcmpMsg.InType0": 1, "IpExt.InOctets": 36,
      "IpExt.InNoECTPkts": 1}),
    # an answer to a timestamp counts as an echo reply
    ("a request for the time", [from_peer(ADDRESS, 1, p.icmp(13, 0, payload=bytes(12)))],
     {**TAKEN, "Icmp.InMsgs": 1, "Icmp.InTimestamps": 1, "IcmpMsg.InType13": 1, "IpExt.InOctets": 40,
      "IpExt.InNoECTPkts": 1, **ANSWERED, "Icmp.OutMsgs": 1, "Icmp.OutEchoReps": 1, "IcmpMsg.OutType0": 1,
      "IpExt.OutOctets": 40}),
    ("a type that has no column", [from_peer(ADDRESS, 1, p.icmp(43, 0, payload=bytes(4)))],
     {**TAKEN, "Icmp.InMsgs": 1, "IcmpMsg.InType43": 1, "IpExt.InOctets": 32, "IpExt.InNoECTPkts": 1}),
    ("a type that nobody knows", [from_peer(ADDRESS, 1, p.icmp(99, 0, payload=bytes(4)))],
     {**TAKEN, "Icmp.InMsgs": 1, "Icmp.InErrors": 1, "IcmpMsg.InType99": 1, "IpExt.InOctets": 32,
      "IpExt.InNoECTPkts": 1}),
    ("UDP to a closed port", [from_peer(ADDRESS, 17, p.udp(PEER, ADDRESS, 1, 9))],
     {**TAKEN, "Udp.NoPorts": 1, "IpExt.InOctets": 33, "IpExt.InNoECTPkts": 1, **ANSWERED, "Icmp.OutMsgs": 1,
      "Icmp.OutDestUnreachs": 1, "IcmpMsg.OutType3": 1, "IpExt.OutOctets": 61}),
    ("UDP with a wrong sum", [from_peer(ADDRESS, 17, p.udp(PEER, ADDRESS, 1, 9, csum=7))],
     {**TAKEN, "Udp.InErrors": 1, "Udp.InCsumErrors": 1, "IpExt.InOctets": 33, "IpExt.InNoECTPkts": 1}),
    ("a protocol that nobody knows", [from_peer(ADDRESS, 200, bytes(8))],
     {"Ip.InReceives": 1, "Ip.InUnknownProtos": 1, "IpExt.InOctets": 28, "IpExt.InNoECTPkts": 1, **ANSWERED,
      "Icmp.OutMsgs": 1, "Icmp.OutDestUnreachs": 1, "IcmpMsg.OutType3": 1, "IpExt.OutOctets": 56}),
    ("for somebody else", [from_peer("10.99.0.1", 1, p.echo())],
     {"Ip.InReceives": 1, "Ip.InAddrErrors": 1, "IpExt.InOctets": 36, "IpExt.InNoECTPkts": 1}),
    ("for another host's MAC", [from_peer(ADDRESS, 1, p.echo(), mac="02:00:00:00:99:99")], {}),
    ("a broadcast", [from_peer("10.77.0.255", 17, p.udp(PEER, "10.77.0.255", 1, 9), mac=BROADCAST)],
     {**TAKEN, "Udp.IgnoredMulti": 1, "IpExt.InOctets": 33, "IpExt.InNoECTPkts": 1, "IpExt.InBcastPkts": 1,
      "IpExt.InBcastOctets": 33}),
    ("a multicast", [from_peer("224.0.0.1", 17, p.udp(PEER, "224.0.0.1", 1, 9), mac="01:00:5e:00:00:01")],
     {**TAKEN, "Udp.IgnoredMulti": 1, "IpExt.InOctets": 33, "IpExt.InNoECTPkts": 1, "IpExt.InMcastPkts": 1,
      "IpExt.InMcastOctets": 33}),
    ("two fragments", [p.ether(OURS, PEER_MAC, fragment) for fragment in
                       p.fragments(PEER, ADDRESS, 1, p.echo(payload=bytes(24)), 16)],
     {**TAKEN, "Ip.InReceives": 2, "Ip.ReasmReqds": 2, "Ip.ReasmOKs": 1, "Icmp.InMsgs": 1, "Icmp.InEchos": 1,
      "IcmpMsg.InType8": 1, **ECHOED, "IpExt.InOctets": 72, "IpExt.OutOctets": 52, "IpExt.InNoECTPkts": 2}),
    ("fragments that overlap", [from_peer(ADDRESS, 1, bytes(16), ident=9, frag=p.MF),
                                from_peer(ADDRESS, 1, bytes(16), ident=9, frag=p.MF | 1)],
     {"Ip.InReceives": 2, "Ip.ReasmReqds": 2, "Ip.ReasmFails": 1, "IpExt.ReasmOverlaps": 1, "IpExt.InOctets": 72,
      "IpExt.InNoECTPkts": 2}),
]


@pytest.fixture
def quiet(shared):
    shared.port.answers.update({PEER: PEER_MAC})
    for key in ("icmp_ratelimit", "ip_forward"):
        shared.sysctl(f"net.ipv4.{key}", 0)
    shared.conf("all", rp_filter=0)
    shared.conf("eth0", rp_filter=0)
    # so that no ARP is in the way, and no group is told of meanwhile
    shared.ip(f"neigh replace {PEER} lladdr {PEER_MAC} dev eth0 nud permanent")
    shared.port.clear()
    shared.port.silence(lambda f: f.raw[12:14] == b"\x08\x00", 0.1)
    yield shared
    shared.ip(f"neigh del {PEER} dev eth0")


def settled(stack, before, wanted):
    """What grew since @before, when it is @wanted, or at the latest."""
    for _ in range(40):
        now = counters(stack)
        grown = {key: now[key] - before.get(key, 0) for key in now if now[key] != before.get(key, 0)}
        if grown == wanted:
            break
    return grown


@pytest.mark.parametrize("says, frames, counted", [pytest.param(*r, id=r[0]) for r in FRAMES])
def test_what_is_counted(quiet, says, frames, counted):
    before = counters(quiet)
    for frame in frames:
        quiet.port.send(frame)
    assert settled(quiet, before, counted) == counted


def send_raw(proto, to, data, hdrincl=False):
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, proto)
    if hdrincl:
        sock.setsockopt(socket.IPPROTO_IP, 3, 1)
    sock.sendto(data, (to, 0))
    sock.close()


def send_ping(to, data):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1)
    sock.sendto(data, (to, 0))
    sock.close()


def send_udp(to, data):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.sendto(data, (to, 9))
    sock.close()


OUT = {"Ip.OutRequests": 1, "Ip.OutTransmits": 1}
SENT = [
    # what, function, arguments, what is counted
    ("UDP", send_udp, (PEER, b"hello"), {**OUT, "Udp.OutDatagrams": 1, "IpExt.OutOctets": 33}),
    ("UDP in fragments", send_udp, (PEER, bytes(3000)),
     {"Ip.OutRequests": 1, "Ip.OutTransmits": 3, "Ip.FragOKs": 1, "Ip.FragCreates": 3, "Udp.OutDatagrams": 1,
      "IpExt.OutOctets": 3068}),
    ("a broadcast, which we hear, too", send_udp, ("10.77.0.255", b"hello"),
     {**OUT, "Udp.OutDatagrams": 1, "IpExt.OutOctets": 33, "IpExt.OutBcastPkts": 1, "IpExt.OutBcastOctets": 33,
      **TAKEN, "Udp.IgnoredMulti": 1, "IpExt.InOctets": 33, "IpExt.InNoECTPkts": 1, "IpExt.InBcastPkts": 1,
      "IpExt.InBcastOctets": 33}),
    ("an echo request of a raw socket", send_raw, (1, PEER, p.echo()),
     {**OUT, "Icmp.OutMsgs": 1, "Icmp.OutEchos": 1, "IcmpMsg.OutType8": 1, "IpExt.OutOctets": 36}),
    ("a type of which there is no column", send_raw, (1, PEER, p.icmp(42, 0)),
     {**OUT, "Icmp.OutMsgs": 1, "IcmpMsg.OutType42": 1, "IpExt.OutOctets": 28}),
    ("an echo request of a ping socket", send_ping, (PEER, p.echo()),
     {**OUT, "Icmp.OutMsgs": 1, "Icmp.OutEchos": 1, "IcmpMsg.OutType8": 1, "IpExt.OutOctets": 36}),
    ("a raw socket of another protocol", send_raw, (200, PEER, b"hello"), {**OUT, "IpExt.OutOctets": 25}),
    ("nowhere to go", send_udp, ("192.0.2.1", b"hello"), {"Ip.OutNoRoutes": 1}),
]


@pytest.mark.parametrize("says, function, arguments, counted", [pytest.param(*r, id=r[0]) for r in SENT])
def test_what_is_counted_of_sending(quiet, says, function, arguments, counted):
    quiet.sysctl("net.ipv4.ping_group_range", "0 100")
    before = counters(quiet)
    try:
        quiet.call(function, *arguments)
    except OSError:
        assert says == "nowhere to go"
    assert settled(quiet, before, counted) == counted


@pytest.fixture
def behind_eth1(quiet):
    quiet.ip("route add 10.98.0.0/16 dev eth1")
    yield quiet
    quiet.ip("route del 10.98.0.0/16 dev eth1")
    quiet.conf("eth0", arp_filter=0, rp_filter=0)


def test_arp_filter_is_counted(behind_eth1):
    """Who asks at eth0 is behind eth1: others shall answer."""
    behind_eth1.conf("eth0", arp_filter=1)
    before = counters(behind_eth1)
    ask = (struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + bytes.fromhex(PEER_MAC.replace(":", "")) +
           socket.inet_aton("10.98.0.1") + bytes(6) + socket.inet_aton(ADDRESS))
    behind_eth1.port.send(p.ether(BROADCAST, PEER_MAC, ask + bytes(18), 0x806))
    assert settled(behind_eth1, before, {"TcpExt.ArpFilter": 1}) == {"TcpExt.ArpFilter": 1}


def test_rp_filter_is_counted(behind_eth1):
    behind_eth1.conf("eth0", rp_filter=1)
    before = counters(behind_eth1)
    behind_eth1.port.send(p.ether(OURS, PEER_MAC, p.ipv4("10.98.0.1", ADDRESS, 17,
                                                         p.udp("10.98.0.1", ADDRESS, 1, 9))))
    wanted = {"TcpExt.IPReversePathFilter": 1, "Ip.InReceives": 1, "IpExt.InOctets": 33, "IpExt.InNoECTPkts": 1}
    assert settled(behind_eth1, before, wanted) == wanted


def test_psched(shared):
    assert proc(shared, "psched") == ["000003e8 00000040 000f4240 3b9aca00"]
