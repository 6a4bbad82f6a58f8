# SPDX-License-Identifier: BSD-2-Clause
"""What rtnetlink says of IPv6 besides neighbours, in words: addresses, routes, prefixes, options of routers, devices.

A thing is (key, text, times): the key names it, the text is all that must be equal, times are lifetimes in
seconds, which may differ a little.
"""

import collections
import socket
import struct

from lab import netlink as nl

RTM_NEWPREFIX, RTM_NEWNDUSEROPT, RTM_NEWNETCONF, RTM_DELNETCONF = 52, 68, 80, 81
GROUPS = 0x4 | 0x100 | 0x400 | 0x800 | 0x20000 | 1 << 19   # neighbours, addresses, routes, devices, prefixes, options
FOREVER = 0xffffffff

Thing = collections.namedtuple("Thing", "key text times")
VERBS = {nl.RTM_NEWADDR: "NEW", nl.RTM_DELADDR: "DEL", nl.RTM_NEWROUTE: "NEW", nl.RTM_DELROUTE: "DEL",
         nl.RTM_NEWLINK: "NEW", nl.RTM_DELLINK: "DEL", RTM_NEWPREFIX: "NEW", RTM_NEWNDUSEROPT: "NEW"}


def ip6(data):
    return socket.inet_ntop(socket.AF_INET6, data) if len(data) == 16 else data.hex()


def number(data):
    return int.from_bytes(data, "little")


def rest_text(attrs):
    return "".join(f" {kind}:{value.hex()}" for kind, value in sorted(attrs.items()))


# ---- addresses ---------------------------------------------------------------

IFA_F = ("temporary", "nodad", "optimistic", "dadfailed", "home", "deprecated", "tentative", "permanent",
         "mngtmpaddr", "noprefixroute", "autojoin", "stable-privacy")


def address(m, names):
    _, length, _, scope, index = struct.unpack("=BBBBi", m.body[:8])
    a = nl.attrs(m.body[8:])
    dev = names.get(index, index)
    flags = number(a.pop(8, b""))
    preferred, valid, _, _ = struct.unpack("=4I", a.pop(6))
    whose = ip6(a.pop(2, a.get(1, b"")))
    peer = ip6(a.pop(1, b""))
    words = " ".join(name for bit, name in enumerate(IFA_F) if flags & 1 << bit)
    text = f"{whose}/{length} peer {peer} {dev} scope {scope} {words}{rest_text(a)}"
    return Thing(("address", dev, whose), text, (preferred, valid))


def tentative(thing):
    return "tentative" in thing.text and "dadfailed" not in thing.text


# ---- routes --------------------------------------------------------------------

def nexthops(data, names):
    while len(data) >= 8:
        size, flags, weight, index = struct.unpack("=HBBi", data[:8])
        a = nl.attrs(data[8:size])
        yield f"[via {ip6(a.get(5, b''))} {names.get(index, index)} flags {flags:#x} weight {weight}]"
        data = data[(max(size, 8) + 3) & ~3:]


def route(m, names):
    _, dst_len, src_len, tos, table, protocol, scope, kind, flags = struct.unpack("=BBBBBBBBI", m.body[:12])
    a = nl.attrs(m.body[12:])
    dst, src = ip6(a.pop(1, bytes(16))), a.pop(2, None)
    table = number(a.pop(15, bytes([table])))
    devs = {name: names.get(number(a[nr]), number(a.pop(nr))) for name, nr in (("iif", 3), ("oif", 4)) if nr in a}
    for nr in (3, 4):
        a.pop(nr, None)
    metric = number(a.pop(6, b""))
    expires, error = 0, 0
    if 12 in a:
        _, _, expires, error = struct.unpack("=IIiI", a.pop(12)[:16])
    metrics = nl.attrs(a.pop(8)) if 8 in a else {}
    hops = " ".join(sorted(nexthops(a.pop(9), names))) if 9 in a else ""
    gateway = ip6(a.pop(5)) if 5 in a else ""
    source = ip6(a.pop(7)) if 7 in a else ""
    text = (f"{dst}/{dst_len}" + (f" from {ip6(src)}/{src_len}" if src else "") + f" type {kind} table {table} "
            f"proto {protocol} scope {scope} tos {tos} flags {flags:#x} {devs} via {gateway or '-'} src {source or '-'}"
            f" metric {metric} error {error}{' metrics' if metrics else ''}{rest_text(metrics)}{hops}{rest_text(a)}")
    hundredths = expires / 100
    return Thing(("route", f"{dst}/{dst_len}", table), text, (hundredths,) if expires else ())


# ---- the rest --------------------------------------------------------------------

def prefix(m, names):
    _, _, _, index, kind, length, flags, _ = struct.unpack("=BBHiBBBB", m.body[:12])
    a = nl.attrs(m.body[12:])
    where = ip6(a.pop(1, b""))
    times = struct.unpack("=II", a.pop(2))
    return Thing(("prefix", names.get(index, index), where),
                 f"{where}/{length} {names.get(index, index)} type {kind} flags {flags:#x}{rest_text(a)}", times)


def user_option(m, names):
    _, _, size, index, kind, code = struct.unpack("=BBHiBB", m.body[:10])
    options, a = m.body[16:16 + size], nl.attrs(m.body[16 + ((size + 3) & ~3):])
    return Thing(("option", names.get(index, index), None),
                 f"option of {kind}/{code} {names.get(index, index)} {options.hex()} from {ip6(a.pop(1, b''))}"
                 f"{rest_text(a)}", ())


IFLA_IFNAME, IFLA_AF_SPEC, IFLA_PROTINFO = 3, 26, 12
UNLIKE = {44}           # stable_secret has a flag only here; nothing to be seen


def device(m, names, conf=True):
    """What IPv6 says of a device: its own flags, and all its sysctls."""
    _, _, _, index, flags, _ = struct.unpack("=BBHiII", m.body[:16])
    a = nl.attrs(m.body[16:])
    inner = nl.attrs(a.get(IFLA_PROTINFO, b""))
    dev = names.get(index, index)
    if not inner:
        return Thing(("device", dev, None), f"{dev} without IPv6", ())
    values = struct.unpack(f"={len(inner.get(2, b'')) // 4}i", inner.get(2, b""))
    said = f"{dev} up {flags & 1} flags {number(inner.get(1, b'')):#x} ra mtu {number(inner.get(10, b''))}"
    said += f" token {ip6(inner[7]) if 7 in inner else '-'} gen {number(inner.get(8, b''))}"
    if conf:
        retrans, = struct.unpack("=I", inner[5][12:16]) if 5 in inner else (0,)
        said += f" retrans {retrans} conf {list(values)}"
    return Thing(("device", dev, None), said, ())


def thing(m, names):
    """A message of any of these kinds; None of another."""
    if m.kind in (nl.RTM_NEWADDR, nl.RTM_DELADDR):
        return address(m, names)
    if m.kind in (nl.RTM_NEWROUTE, nl.RTM_DELROUTE):
        return route(m, names)
    if m.kind == RTM_NEWPREFIX:
        return prefix(m, names)
    if m.kind == RTM_NEWNDUSEROPT:
        return user_option(m, names)
    if m.kind in (nl.RTM_NEWLINK, nl.RTM_DELLINK):
        return device(m, names, conf=False)
    return None


# ---- dumps -----------------------------------------------------------------------

DUMPS = {
    "addresses": nl.message(nl.RTM_GETADDR, nl.NLM_F_REQUEST | nl.NLM_F_DUMP, struct.pack("=BBBBi", 10, 0, 0, 0, 0)),
    "routes": nl.message(nl.RTM_GETROUTE, nl.NLM_F_REQUEST | nl.NLM_F_DUMP, struct.pack("=BBBBBBBBI", 10, *[0] * 8)),
    "cached": nl.message(nl.RTM_GETROUTE, nl.NLM_F_REQUEST | nl.NLM_F_DUMP,
                         struct.pack("=BBBBBBBBI", 10, *[0] * 7, 0x200)),
    "devices": nl.message(nl.RTM_GETLINK, nl.NLM_F_REQUEST | nl.NLM_F_DUMP, struct.pack("=BBHiII", 10, 0, 0, 0, 0, 0)),
}
