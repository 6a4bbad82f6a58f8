# SPDX-License-Identifier: BSD-2-Clause
"""SIOCSARP, SIOCDARP, SIOCGARP: what arp(8) of the net-tools does.

arp(7).  Neighbour specification, row B19.  Each row is one or more requests, one after the
other, with what each gives, and what `ip neigh` shows of neighbours and proxies then.
"""

import pytest

M, M2 = "02:00:00:00:aa:09", "02:00:00:00:aa:10"
ETH1_MAC = "02:00:00:00:00:03"
HOST, FAR = "10.77.0.9", "10.78.0.9"
SET, DELETE, GET = 0x8955, 0x8953, 0x8954
COM, PERM, PUBL, USETRAILERS, NETMASK, DONTPUB = 2, 4, 8, 16, 32, 64
ETHER, IEEE802, LOOPBACK = 1, 6, 0x304
SHARED = dict(devs=2)
OK = 0


def requests(rows):
    """In the stack: for each request 0 or the error's name, and what SIOCGARP gave."""
    import errno
    import fcntl
    import socket
    import struct
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    got = []
    for request, ip, mac, flags, dev, mask, family, hardware in rows:
        data = (struct.pack("=HH4s8x", family, 0, socket.inet_aton(ip)) +
                struct.pack("=H14s", hardware, bytes.fromhex(mac.replace(":", ""))) +
                struct.pack("=iHH4s8x", flags, 2, 0, socket.inet_aton(mask)) +
                dev.encode().ljust(16, b"\0"))
        try:
            data = fcntl.ioctl(sock, request, data)
        except OSError as error:
            got.append(errno.errorcode[error.errno])
            continue
        hardware, mac, flags = struct.unpack("=H6s8xi", data[16:36])
        name = data[52:68].rstrip(b"\0").decode()
        got.append((hardware, mac.hex(":"), flags, name) if request == 0x8954 else 0)
    sock.close()
    return got


def rq(request, flags=0, ip=HOST, mac=M, dev="eth0", mask="255.255.255.255", family=2,
       hardware=0):
    return (request, ip, mac, flags, dev, mask, family, hardware)


STALE, PERMANENT = f"{HOST} dev eth0 lladdr {M} STALE", f"{HOST} dev eth0 lladdr {M} PERMANENT"
REFUSED = "EINVAL"
ROWS = [
    # what, requests, what they give, what is there then (and on nethood, if other: D3)
    ("complete: it is stale", [rq(SET, COM), rq(GET)], [OK, (1, M, COM, "eth0")], {STALE}),
    ("permanent", [rq(SET, PERM | COM), rq(GET)], [OK, (1, M, PERM | COM, "eth0")], {PERMANENT}),
    ("permanent is complete", [rq(SET, PERM), rq(GET)], [OK, (1, M, PERM | COM, "eth0")],
     {PERMANENT}),
    ("neither, and there is none: it has no address", [rq(SET)], [REFUSED],
     {"kernel": {f"{HOST} dev eth0"}, "nethood": set()}),
    ("neither, and there is one: stale from now on", [rq(SET, PERM), rq(SET), rq(GET)],
     [OK, OK, (1, M, COM, "eth0")], {STALE}),
    ("another address", [rq(SET, PERM), rq(SET, COM, mac=M2)], [OK, OK],
     {f"{HOST} dev eth0 lladdr {M2} STALE"}),
    ("trailers are the past", [rq(SET, COM | USETRAILERS)], [OK], {STALE}),
    ("without a device: where the route leads", [rq(SET, COM, dev="", ip=FAR, hardware=ETHER)],
     [OK], {f"{FAR} dev eth1 lladdr {M} STALE"}),
    ("without a device, the kind of address must be said", [rq(SET, COM, dev="")], [REFUSED], set()),
    ("without a device and without a route",
     [rq(SET, COM, dev="", ip="1.2.3.4", hardware=ETHER), rq(DELETE, dev="", ip="1.2.3.4")],
     ["ENETUNREACH", "ENETUNREACH"], set()),
    ("without a device, our own address leads to lo",
     [rq(SET, COM, dev="", ip="10.77.0.2", hardware=ETHER)], [REFUSED], set()),
    ("our own address at a device", [rq(SET, COM, ip="10.77.0.2")], [OK],
     {f"10.77.0.2 dev eth0 lladdr {M} STALE"}),
    ("an address of no subnet", [rq(SET, COM, ip="1.2.3.4")], [OK],
     {f"1.2.3.4 dev eth0 lladdr {M} STALE"}),
    ("0.0.0.0", [rq(SET, COM, ip="0.0.0.0")], [OK], {f"0.0.0.0 dev eth0 lladdr {M} STALE"}),
    ("a multicast address", [rq(SET, COM, ip="224.0.0.5"), rq(GET, ip="224.0.0.5")],
     [OK, (1, M, COM, "eth0")], {f"224.0.0.5 dev eth0 lladdr {M} STALE"}),
    ("the subnet's broadcast address", [rq(SET, COM, ip="10.77.0.255")], [OK],
     {f"10.77.0.255 dev eth0 lladdr {M} STALE"}),
    ("a device that does not exist",
     [rq(SET, COM, dev="nope"), rq(DELETE, dev="nope"), rq(GET, dev="nope")], ["ENODEV"] * 3,
     set()),
    ("a name without an end", [rq(SET, COM, dev="eth0567890123456")], ["ENODEV"], set()),
    ("a label is no device", [rq(SET, COM, dev="eth0:1")], ["ENODEV"], set()),
    ("the device's kind of address", [rq(SET, COM, hardware=ETHER)], [OK], {STALE}),
    ("another kind of address", [rq(SET, COM, hardware=IEEE802)], [REFUSED], set()),
    ("another kind of address, of one that exists",
     [rq(SET, COM), rq(SET, 0, hardware=IEEE802), rq(SET, PERM, hardware=IEEE802)],
     [OK, REFUSED, REFUSED], {STALE}),
    ("who asks or deletes may say any kind",
     [rq(SET, COM), rq(GET, hardware=IEEE802), rq(DELETE, hardware=IEEE802)],
     [OK, (1, M, COM, "eth0"), OK], set()),
    ("another family", [rq(SET, COM, family=0), rq(DELETE, family=0), rq(GET, family=10)],
     ["EPFNOSUPPORT"] * 3, set()),
    ("a mask is for proxies", [rq(SET, COM | NETMASK), rq(DELETE, NETMASK), rq(GET, NETMASK)],
     [REFUSED] * 3, set()),
    ("not to publish is for proxies", [rq(SET, COM | DONTPUB), rq(GET, DONTPUB)], [REFUSED] * 2,
     set()),
    ("a mask that is not said to be one is none", [rq(SET, COM, mask="255.255.255.0")], [OK],
     {STALE}),
    ("one that is not there", [rq(GET), rq(DELETE), rq(DELETE, dev="")], ["ENXIO"] * 3, set()),
    ("without a device nothing is got", [rq(SET, COM), rq(GET, dev="")], [OK, "ENODEV"], {STALE}),
    ("deleted", [rq(SET, PERM), rq(DELETE), rq(GET), rq(DELETE)], [OK, OK, "ENXIO", "ENXIO"],
     set()),
    ("deleted where the route leads", [rq(SET, COM), rq(DELETE, dev="")], [OK, OK], set()),
    ("proxies are not got", [rq(SET, PUBL), rq(GET), rq(GET, PUBL)], [OK, "ENXIO", "ENXIO"],
     {f"{HOST} dev eth0 proxy"}),
    ("a proxy of all devices", [rq(SET, PUBL, dev="")], [OK], {f"{HOST} proxy"}),
    ("a proxy with a full mask", [rq(SET, PUBL | NETMASK)], [OK], {f"{HOST} dev eth0 proxy"}),
    ("a proxy of the kind of no device", [rq(SET, PUBL, hardware=IEEE802)], [OK],
     {f"{HOST} dev eth0 proxy"}),
    ("a complete proxy of the kind of no device", [rq(SET, PUBL | COM, hardware=IEEE802)],
     [REFUSED], set()),
    ("a proxy that is complete and permanent", [rq(SET, PUBL | COM | PERM)], [OK],
     {f"{HOST} dev eth0 proxy"}),
    ("a proxy with a part of a mask",
     [rq(SET, PUBL | NETMASK, mask="255.255.255.0"),
      rq(DELETE, PUBL | NETMASK, mask="255.255.255.0")], [REFUSED] * 2, set()),
    ("a proxy of the device that has this address",
     [rq(SET, PUBL | COM, dev="", mac=ETH1_MAC, hardware=ETHER)], [OK],
     {f"{HOST} dev eth1 proxy"}),
    ("a proxy of the device that has this address: there is none",
     [rq(SET, PUBL | COM, dev="", mac=M, hardware=ETHER),
      rq(SET, PUBL | COM, dev="", mac=ETH1_MAC)], ["ENODEV"] * 2, set()),
    ("a proxy is deleted", [rq(SET, PUBL), rq(DELETE, PUBL), rq(DELETE, PUBL)],
     [OK, OK, "ENOENT"], set()),
    ("a proxy is deleted where it is",
     [rq(SET, PUBL), rq(DELETE, PUBL, dev="eth1"), rq(DELETE, PUBL, dev="")],
     [OK, "ENOENT", "ENOENT"], {f"{HOST} dev eth0 proxy"}),
    ("that of all devices is deleted by no device",
     [rq(SET, PUBL, dev=""), rq(DELETE, PUBL), rq(DELETE, PUBL, dev="")], [OK, "ENOENT", OK],
     set()),
    ("a proxy is no neighbour", [rq(SET, PUBL), rq(DELETE)], [OK, "ENXIO"],
     {f"{HOST} dev eth0 proxy"}),
    ("both", [rq(SET, PUBL), rq(SET, COM), rq(DELETE)], [OK] * 3, {f"{HOST} dev eth0 proxy"}),
]


def shown(stack):
    lines = stack.ip("neigh show nud all").stdout + stack.ip("neigh show proxy").stdout
    # what others do on the loopback device is not looked at
    return {" ".join(line.split()) for line in lines.split("\n") if line.strip()
            and " dev lo " not in line}


def clean(stack):
    for line in shown(stack):
        words = line.split()
        dev = f"dev {words[2]}" if words[1] == "dev" else ""
        stack.ip(f"neigh del {'proxy' if words[-1] == 'proxy' else ''} {words[0]} {dev}")
    stack.conf("all", proxy_arp=0)
    stack.conf("eth0", proxy_arp=0)


@pytest.mark.parametrize("says, rows, given, after", [pytest.param(*r, id=r[0]) for r in ROWS])
def test_requests(shared, says, rows, given, after):
    clean(shared)
    assert shared.call(requests, rows) == given
    assert shown(shared) == (after[shared.kind] if isinstance(after, dict) else after)
    clean(shared)


def test_a_mask_of_zero_is_proxy_arp(shared):
    clean(shared)
    for dev, key in (("eth0", "eth0"), ("", "all")):
        for request, value in ((SET, "1"), (DELETE, "0")):
            assert shared.call(requests, [rq(request, PUBL | NETMASK, dev=dev, mask="0.0.0.0")]) == [0]
            assert shared.sysctl(f"net.ipv4.conf.{key}.proxy_arp") == value
    assert shown(shared) == set()


STATES = [
    # state, what SIOCGARP gives
    ("permanent", (1, M, PERM | COM, "eth0")), ("reachable", (1, M, COM, "eth0")),
    ("stale", (1, M, COM, "eth0")), ("noarp", "ENXIO"),
    ("none", (1, "00:00:00:00:00:00", 0, "eth0")), ("failed", (1, "00:00:00:00:00:00", 0, "eth0")),
]


@pytest.mark.parametrize("state, given", [pytest.param(*r, id=r[0]) for r in STATES])
def test_states(shared, state, given):
    clean(shared)
    lladdr = "" if state in ("none", "failed") else f"lladdr {M}"
    shared.ip(f"neigh add {HOST} {lladdr} dev eth0 nud {state}")
    assert shared.call(requests, [rq(GET)]) == [given]
    # one that is none or needs no ARP goes, and is said not to have been
    assert shared.call(requests, [rq(DELETE)]) == ["ENXIO" if state in ("none", "noarp") else 0]
    assert shown(shared) == set()


def test_flags_of_others_end(shared):
    clean(shared)
    shared.ip(f"neigh add {HOST} lladdr {M} dev eth0 nud reachable extern_learn router")
    assert shared.call(requests, [rq(SET, COM)]) == [0]
    assert shown(shared) == {f"{HOST} dev eth0 lladdr {M} router STALE"}
    clean(shared)
