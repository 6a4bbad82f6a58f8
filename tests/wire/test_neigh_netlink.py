# SPDX-License-Identifier: BSD-2-Clause
"""RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH: what is taken, what is refused, in which words.

rtnetlink(7).  Neighbour specification, rtnetlink: the errors with the text of the
extended acknowledgement, the shape of a neighbour message, get and dump with strict
checking, filters.  A refused request changes nothing (D3).
"""

import errno
import socket
import struct

import pytest

from lab import netlink as nl
from lab.netlink import (NDA_CACHEINFO, NDA_DST, NDA_FLAGS_EXT, NDA_IFINDEX, NDA_LLADDR,
                         NDA_MASTER, NDA_PROBES, NDA_PROTOCOL, NLM_F_ACK, NLM_F_CREATE,
                         NLM_F_DUMP, NLM_F_DUMP_FILTERED, NLM_F_EXCL, NLM_F_MULTI,
                         NLM_F_REPLACE, NLM_F_REQUEST, NLMSG_DONE, NTF_EXT_LEARNED,
                         NTF_PROXY, NTF_ROUTER, NTF_USE, NUD, RTM_DELNEIGH, RTM_GETNEIGH,
                         RTM_NEWNEIGH, attr)
from lab.stack import PEER

M1, M2 = "02:00:00:00:aa:01", "02:00:00:00:aa:02"
SHARED = {}
PERMANENT, REACHABLE, STALE, NOARP = (NUD[n] for n in ("permanent", "reachable", "stale", "noarp"))
DEV = "the device"                      # stands for its index, known at run time
ADD = NLM_F_CREATE | NLM_F_EXCL
SET = NLM_F_CREATE | NLM_F_REPLACE


def fields_of(stack, fields):
    return {k: stack.ifindex() if v is DEV else v for k, v in fields.items()}


def answer(stack, request, **how):
    got = nl.ask(stack, request, **how)
    assert len(got) == 1, got
    assert got[0].kind == nl.NLMSG_ERROR, got
    return got[0]


def check(got, error, text, request):
    assert (got.error, got.text) == (error, text), \
        f"sent {request.hex()}\ngot {got}\nnot ({errno.errorcode.get(error, 0)}, {text!r})"


def clean(stack):
    stack.run(["ip", "neigh", "flush", "dev", "eth0", "nud", "all"])
    for address in stack.table():
        stack.ip(f"neigh del {address} dev eth0")


# ---- NEWNEIGH --------------------------------------------------------------

NEW = [
    # what                                  flags, fields, errno, text
    ("a permanent one is taken", ADD, dict(state=PERMANENT), 0, None),
    ("a reachable one is taken", ADD, dict(state=REACHABLE), 0, None),
    ("a stale one is taken", ADD, dict(state=STALE), 0, None),
    ("no state and no address are taken", ADD, dict(state=0, lladdr=None), 0, None),
    ("without NDA_DST", ADD, dict(dst=None, state=PERMANENT), errno.EINVAL,
     "Network address not specified"),
    ("without a device", ADD, dict(ifindex=0, state=PERMANENT), errno.EINVAL,
     "Device not specified"),
    ("a device that does not exist", ADD, dict(ifindex=4711, state=PERMANENT), errno.ENODEV, None),
    ("a negative device", ADD, dict(ifindex=-1, state=PERMANENT), errno.ENODEV, None),
    ("a link-layer address of 5 octets", ADD, dict(lladdr=bytes(5), state=PERMANENT),
     errno.EINVAL, "Invalid link address"),
    ("a link-layer address of 0 octets", ADD, dict(lladdr=b"", state=PERMANENT),
     errno.EINVAL, "Invalid link address"),
    ("a link-layer address of 8 octets: the first 6 count", ADD,
     dict(lladdr=nl.mac(M1) + b"\1\2", state=PERMANENT), 0, None),
    ("family AF_UNSPEC", ADD, dict(family=0, state=PERMANENT), errno.EAFNOSUPPORT, None),
    ("family 99", ADD, dict(family=99, state=PERMANENT), errno.EAFNOSUPPORT, None),
    ("a network address of 3 octets", ADD, dict(dst=bytes(3), state=PERMANENT),
     errno.EINVAL, "Invalid network address"),
    ("a network address of 0 octets", ADD, dict(dst=b"", state=PERMANENT),
     errno.EINVAL, "Invalid network address"),
    ("a network address of 16 octets: the first 4 count", ADD,
     dict(dst=nl.addr(PEER) + bytes(12), state=PERMANENT), 0, None),
    ("absent and without CREATE", 0, dict(state=PERMANENT), errno.ENOENT, None),
    ("absent and only REPLACE", NLM_F_REPLACE, dict(state=PERMANENT), errno.ENOENT, None),
    ("permanent without a link-layer address", ADD, dict(lladdr=None, state=PERMANENT),
     errno.EINVAL, "No link layer address given"),
    ("stale without a link-layer address", ADD, dict(lladdr=None, state=STALE),
     errno.EINVAL, "No link layer address given"),
    ("failed without a link-layer address is taken", ADD,
     dict(lladdr=None, state=NUD["failed"]), 0, None),
    ("a reserved bit in NDA_FLAGS_EXT", ADD,
     dict(state=PERMANENT, more=attr(NDA_FLAGS_EXT, 2)), errno.EINVAL, "reserved bit set"),
    ("permanent and managed", ADD, dict(state=PERMANENT, more=attr(NDA_FLAGS_EXT, 1)),
     errno.EINVAL, "Invalid NTF_* flag for permanent entry"),
    ("proxy and managed", ADD, dict(ntf=NTF_PROXY, more=attr(NDA_FLAGS_EXT, 1)),
     errno.EINVAL, "Invalid NTF_* flag combination"),
    ("an unknown attribute is no matter", ADD, dict(state=PERMANENT, more=attr(60, b"abcd")),
     0, None),
]


@pytest.mark.parametrize("says, flags, fields, error, text", [pytest.param(*r, id=r[0])
                                                              for r in NEW])
def test_a_new_neighbour(shared, says, flags, fields, error, text):
    clean(shared)
    values = dict(ifindex=DEV, dst=PEER, lladdr=M1)
    values.update(fields)
    request = nl.new_neigh(flags, **fields_of(shared, values))
    check(answer(shared, request), error, text, request)
    refused_leaves = 0
    if shared.kind == "kernel" and text in ("No link layer address given",
                                            "Invalid NTF_* flag for permanent entry"):
        refused_leaves = len(shared.table())    # D3: Linux leaves an entry
    assert len(shared.table()) == (refused_leaves if error else 1)
    clean(shared)


OLD = [
    # what                                  before, flags, fields, errno, text, after
    ("EXCL", PERMANENT, ADD, dict(state=PERMANENT, lladdr=M2), errno.EEXIST, None,
     ("PERMANENT", M1)),
    ("another address without REPLACE: success, and nothing changes", PERMANENT, NLM_F_CREATE,
     dict(state=PERMANENT, lladdr=M2), 0, None, ("PERMANENT", M1)),
    ("another address with REPLACE", PERMANENT, NLM_F_REPLACE,
     dict(state=PERMANENT, lladdr=M2), 0, None, ("PERMANENT", M2)),
    ("another state without REPLACE, same address", STALE, NLM_F_CREATE,
     dict(state=PERMANENT, lladdr=M1), 0, None, ("PERMANENT", M1)),
    ("another state with REPLACE, no address", STALE, NLM_F_REPLACE,
     dict(state=PERMANENT, lladdr=None), 0, None, ("PERMANENT", M1)),
    ("neither CREATE nor REPLACE, same address", STALE, 0,
     dict(state=REACHABLE, lladdr=M1), 0, None, ("REACHABLE", M1)),
    ("neither CREATE nor REPLACE, another address", STALE, 0,
     dict(state=REACHABLE, lladdr=M2), 0, None, ("STALE", M1)),
    ("a short address changes nothing", PERMANENT, SET, dict(state=STALE, lladdr=bytes(3)),
     errno.EINVAL, "Invalid link address", ("PERMANENT", M1)),
    ("a reserved bit changes nothing", PERMANENT, SET,
     dict(state=STALE, lladdr=M2, more=attr(NDA_FLAGS_EXT, 2)), errno.EINVAL,
     "reserved bit set", ("PERMANENT", M1)),
]


@pytest.mark.parametrize("says, before, flags, fields, error, text, after",
                         [pytest.param(*r, id=r[0]) for r in OLD])
def test_a_neighbour_that_exists(shared, says, before, flags, fields, error, text, after):
    clean(shared)
    index = shared.ifindex()
    check(answer(shared, nl.new_neigh(ADD, ifindex=index, dst=PEER, lladdr=M1, state=before)),
          0, None, b"")
    request = nl.new_neigh(flags, ifindex=index, dst=PEER, **fields)
    check(answer(shared, request), error, text, request)
    assert shared.table() == {PEER: after}
    clean(shared)


# ---- DELNEIGH --------------------------------------------------------------

DELETE = [
    # what                             fields, errno, text
    ("one that exists", dict(), 0, None),
    ("without NDA_DST", dict(dst=None), errno.EINVAL, "Network address not specified"),
    ("without a device", dict(ifindex=0), errno.EINVAL, None),
    ("a device that does not exist", dict(ifindex=4711), errno.ENODEV, None),
    ("one that does not exist", dict(dst="10.77.0.77"), errno.ENOENT, None),
    ("a network address of 3 octets", dict(dst=bytes(3)), errno.EINVAL,
     "Invalid network address"),
    ("family 99", dict(family=99), errno.EAFNOSUPPORT, None),
    ("a proxy entry that does not exist", dict(ntf=NTF_PROXY), errno.ENOENT, None),
    ("a link-layer address does not matter", dict(lladdr=M2), 0, None),
]


@pytest.mark.parametrize("says, fields, error, text", [pytest.param(*r, id=r[0]) for r in DELETE])
def test_delete(shared, says, fields, error, text):
    clean(shared)
    shared.ip(f"neigh replace {PEER} lladdr {M1} dev eth0 nud permanent")
    values = dict(ifindex=DEV, dst=PEER)
    values.update(fields)
    request = nl.neigh(RTM_DELNEIGH, NLM_F_ACK, **fields_of(shared, values))
    check(answer(shared, request), error, text, request)
    assert (PEER in shared.table()) == bool(error)
    clean(shared)


@pytest.mark.parametrize("state", ["incomplete", "reachable", "stale", "failed", "noarp",
                                   "permanent", "none"])
def test_every_state_can_be_deleted(shared, state):
    clean(shared)
    if state == "incomplete":
        with shared.udp() as sock:
            sock.sendto(b"hello", (PEER, 5000))
    else:
        shared.ip(f"neigh add {PEER} lladdr {M1} dev eth0 nud {state}")
    shared.ip(f"neigh del {PEER} dev eth0")
    assert shared.table() == {}
    assert shared.ip_error(f"neigh del {PEER} dev eth0") == \
        "RTNETLINK answers: No such file or directory"


# ---- GETNEIGH of one -------------------------------------------------------

GET = [
    # what                                fields, errno, text, missing attribute
    ("no device", dict(ifindex=0), errno.EINVAL, "No device specified", None),
    ("no network address", dict(dst=None), errno.EINVAL, None, NDA_DST),
    ("a device that does not exist", dict(ifindex=4711), errno.ENODEV,
     "Unknown device ifindex", None),
    ("one that does not exist", dict(dst="10.77.0.77"), errno.ENOENT,
     "Neighbour entry not found", None),
    ("a proxy entry that does not exist", dict(dst="10.77.0.77", ntf=NTF_PROXY), errno.ENOENT,
     "Proxy neighbour entry not found", None),
    ("a flag that is not NTF_PROXY", dict(ntf=NTF_ROUTER), errno.EINVAL,
     "Invalid flags in header for neighbor get request", None),
    ("a state in the header", dict(state=STALE), errno.EINVAL,
     "Invalid values in header for neighbor get request", None),
    ("a type in the header", dict(rtn=1), errno.EINVAL,
     "Invalid values in header for neighbor get request", None),
    ("an attribute that says nothing here", dict(lladdr=M1), errno.EINVAL,
     "Unsupported attribute in neighbor get request", None),
    ("family 99", dict(family=99), errno.EAFNOSUPPORT,
     "Unsupported family in header for neighbor get request", None),
    ("a network address of 3 octets", dict(dst=bytes(3)), errno.EINVAL,
     "Invalid network address in neighbor get request", None),
    ("a network address of 16 octets", dict(dst=bytes(16)), errno.EINVAL,
     "Invalid network address in neighbor get request", None),
]


@pytest.mark.parametrize("says, fields, error, text, missing",
                         [pytest.param(*r, id=r[0]) for r in GET])
def test_get(shared, says, fields, error, text, missing):
    values = dict(ifindex=DEV, dst=PEER)
    values.update(fields)
    request = nl.neigh(RTM_GETNEIGH, NLM_F_ACK, **fields_of(shared, values))
    got = answer(shared, request)
    check(got, error, text, request)
    assert got.miss == missing, got


def test_get_with_a_short_header_is_refused(shared):
    request = nl.message(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_ACK, b"\2\0\0\0")
    check(answer(shared, request), errno.EINVAL, "Invalid header for neighbor get request", request)


def test_get_gives_the_whole_entry(shared):
    clean(shared)
    shared.ip(f"neigh add {PEER} lladdr {M1} dev eth0 nud permanent")
    got = nl.ask(shared, nl.neigh(RTM_GETNEIGH, 0, ifindex=shared.ifindex(), dst=PEER, seq=77))
    assert len(got) == 1 and got[0].kind == RTM_NEWNEIGH, got
    assert got[0].seq == 77 and not got[0].flags & NLM_F_MULTI, got
    assert got[0].nd == (2, shared.ifindex(), PERMANENT, 0, 1), "RTN_UNICAST"
    found = got[0].attrs
    assert found[NDA_DST] == nl.addr(PEER) and found[NDA_LLADDR] == nl.mac(M1)
    assert found[NDA_PROBES] == bytes(4)
    assert set(found) == {NDA_DST, NDA_LLADDR, NDA_PROBES, NDA_CACHEINFO}, found
    clean(shared)


# ---- the message -----------------------------------------------------------

def test_cacheinfo_counts_in_hundredths_of_a_second(stack):
    stack.ip(f"neigh add {PEER} lladdr {M1} dev eth0 nud stale")
    request = dump(more=attr(NDA_IFINDEX, stack.ifindex()))

    def ages():
        return struct.unpack("=IIII", nl.ask(stack, request)[0].attrs[NDA_CACHEINFO])
    confirmed, used, updated, refcnt = ages()
    assert confirmed >= 6000, "an entry that was never confirmed begins 2 x 30 s ago"
    assert used < 100 and updated < 100 and refcnt == 0
    stack.run(["sleep", "0.5"])
    later = ages()
    for before, after in zip((confirmed, used, updated), later):
        assert 45 <= after - before <= 150, (before, after)


def test_an_incomplete_one_has_no_link_layer_address_and_counts_its_probes(stack):
    with stack.udp() as sock:
        sock.sendto(b"hello", (PEER, 5000))
    got = nl.ask(stack, nl.neigh(RTM_GETNEIGH, 0, ifindex=stack.ifindex(), dst=PEER))[0]
    assert got.nd[2] == NUD["incomplete"]
    assert NDA_LLADDR not in got.attrs
    assert struct.unpack("=I", got.attrs[NDA_PROBES])[0] == 4


def test_protocol_is_kept_and_told(stack):
    request = nl.new_neigh(ADD, ifindex=stack.ifindex(), dst=PEER, lladdr=M1, state=PERMANENT,
                           more=attr(NDA_PROTOCOL, b"\x2a"))
    assert answer(stack, request).error == 0
    got = nl.ask(stack, nl.neigh(RTM_GETNEIGH, 0, ifindex=stack.ifindex(), dst=PEER))[0]
    assert got.attrs[NDA_PROTOCOL] == b"\x2a"


def test_ext_learned_and_router_are_kept_and_told(stack):
    request = nl.new_neigh(ADD, ifindex=stack.ifindex(), dst=PEER, lladdr=M1, state=NOARP,
                           ntf=NTF_EXT_LEARNED | NTF_ROUTER)
    assert answer(stack, request).error == 0
    got = nl.ask(stack, nl.neigh(RTM_GETNEIGH, 0, ifindex=stack.ifindex(), dst=PEER))[0]
    assert got.nd[3] == NTF_EXT_LEARNED | NTF_ROUTER, hex(got.nd[3])
    # a request without the flag takes it away
    request = nl.new_neigh(SET, ifindex=stack.ifindex(), dst=PEER, lladdr=M1, state=NOARP)
    assert answer(stack, request).error == 0
    got = nl.ask(stack, nl.neigh(RTM_GETNEIGH, 0, ifindex=stack.ifindex(), dst=PEER))[0]
    assert got.nd[3] & NTF_EXT_LEARNED == 0, hex(got.nd[3])


def test_use_needs_no_state(stack):
    request = nl.new_neigh(SET, ifindex=stack.ifindex(), dst=PEER, ntf=NTF_USE)
    assert answer(stack, request).error == 0
    assert stack.nud(PEER) == "INCOMPLETE"


# ---- dump ------------------------------------------------------------------

def dump(family=2, ifindex=0, state=0, flags=0, kind=0, more=b"", seq=1):
    return nl.message(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP,
                      nl.ndmsg(family, ifindex, state, flags, kind) + more, seq)


DUMP_ERRORS = [
    # what                            request, text
    ("a short header", nl.message(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, bytes([2, 0, 0, 0])),
     "Invalid header for neighbor dump request"),
    ("a device in the header", dump(ifindex=1),
     "Invalid values in header for neighbor dump request"),
    ("a state in the header", dump(state=STALE),
     "Invalid values in header for neighbor dump request"),
    ("a type in the header", dump(kind=1), "Invalid values in header for neighbor dump request"),
    ("a flag that is not NTF_PROXY", dump(flags=NTF_ROUTER),
     "Invalid flags in header for neighbor dump request"),
    ("an attribute that is no filter", dump(more=attr(NDA_LLADDR, nl.mac(M1))),
     "Unsupported attribute in neighbor dump request"),
]


@pytest.mark.parametrize("says, request_, text", [pytest.param(*r, id=r[0]) for r in DUMP_ERRORS])
def test_a_strict_dump_refuses(shared, says, request_, text):
    got = nl.ask(shared, request_)
    assert got[-1].kind == NLMSG_DONE, got
    assert (got[-1].error, got[-1].text) == (errno.EINVAL, text), got


@pytest.mark.parametrize("says, request_, text", [pytest.param(*r, id=r[0]) for r in DUMP_ERRORS])
def test_a_dump_that_is_not_strict_does_not_mind(shared, says, request_, text):
    got = nl.ask(shared, request_, strict=False)
    assert got[-1].kind == NLMSG_DONE and got[-1].error == 0, got


@pytest.mark.stack(devs=2)
def test_a_dump_gives_every_entry_once_and_filters(stack):
    one, two = stack.ifindex("eth0"), stack.ifindex("eth1")
    for i in range(30):
        stack.ip(f"neigh add 10.77.0.{20 + i} lladdr {M1} dev eth0 nud permanent")
    stack.ip(f"neigh add 10.78.0.20 lladdr {M2} dev eth1 nud permanent")

    def dumped(request, **how):
        got = nl.ask(stack, request, **how)
        assert got[-1].kind == NLMSG_DONE and got[-1].error == 0, got
        entries = [m for m in got[:-1] if m.nd[1] in (one, two)]
        assert all(m.kind == RTM_NEWNEIGH and m.flags & NLM_F_MULTI for m in entries), entries
        return entries, got

    entries, _ = dumped(dump())
    assert len(entries) == 31
    assert len({(m.nd[1], m.attrs[NDA_DST]) for m in entries}) == 31
    entries, _ = dumped(dump(family=0))
    assert len(entries) == 31, "AF_UNSPEC asks for every family"
    entries, got = dumped(dump(more=attr(NDA_IFINDEX, two)))
    assert [m.attrs[NDA_DST] for m in entries] == [nl.addr("10.78.0.20")]
    assert all(m.flags & NLM_F_DUMP_FILTERED for m in entries), got
    entries, _ = dumped(dump(more=attr(NDA_IFINDEX, 4711)))
    assert entries == []
    entries, _ = dumped(dump(more=attr(NDA_MASTER, 4711)))
    assert entries == [], "no device has this master"
    entries, _ = dumped(dump(flags=NTF_PROXY))
    assert entries == [], "no proxies"


def test_a_dump_of_an_empty_table_is_a_done(stack):
    got = nl.ask(stack, dump(more=attr(NDA_IFINDEX, stack.ifindex()), seq=4711))
    assert [m.kind for m in got] == [NLMSG_DONE] and got[0].seq == 4711


def test_a_dump_larger_than_a_datagram_is_whole(stack):
    hosts = [f"10.77.0.{i}" for i in range(3, 123)]
    nl.ask_many(stack, [nl.new_neigh(ADD, ifindex=stack.ifindex(), dst=h, lladdr=M1,
                                     state=PERMANENT) for h in hosts])
    got = nl.ask(stack, dump())
    seen = [m.attrs[NDA_DST] for m in got[:-1] if m.nd[1] == stack.ifindex()]
    assert sorted(seen) == sorted(map(nl.addr, hosts))
    stack.ip("link set eth0 down")      # leave room in the kernel's one table


# ---- wrong messages of every shape -----------------------------------------

def taken(stack):
    """A sign that the other side still lives."""
    return nl.ask(stack, dump())[-1].kind == NLMSG_DONE


GOOD = nl.ndmsg(2, 1)
SHAPES = [
    # what                                                   message, errno, or None: no answer
    ("an unknown type of rtnetlink", nl.message(255, NLM_F_REQUEST | NLM_F_ACK, GOOD),
     errno.EOPNOTSUPP),
    ("a type that rtnetlink does not have", nl.message(0x7fff, NLM_F_REQUEST | NLM_F_ACK, GOOD),
     errno.EOPNOTSUPP),
    ("an empty NEWNEIGH is nothing, and acknowledged",
     nl.message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK, b""), 0),
    ("a NEWNEIGH of its family alone",
     nl.message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK, b"\2\0\0\0"), errno.EINVAL),
    ("a NEWNEIGH with half its header",
     nl.message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK, GOOD[:6]), errno.EINVAL),
    ("a DELNEIGH with half its header",
     nl.message(RTM_DELNEIGH, NLM_F_REQUEST | NLM_F_ACK, GOOD[:6]), errno.EINVAL),
    ("an attribute that goes past the end",
     nl.message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK,
                GOOD + struct.pack("=HH", 200, NDA_DST) + bytes(4)), errno.EINVAL),
    ("an attribute of length 3",
     nl.message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK,
                GOOD + struct.pack("=HH", 3, NDA_DST) + bytes(4)), errno.EINVAL),
    ("an attribute of length 0",
     nl.message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK,
                GOOD + struct.pack("=HH", 0, NDA_DST) + bytes(4)), errno.EINVAL),
    ("NDA_FLAGS_EXT of 1 octet",
     nl.neigh(RTM_NEWNEIGH, NLM_F_ACK | ADD, ifindex=1, dst=PEER, lladdr=M1, state=PERMANENT,
              more=attr(NDA_FLAGS_EXT, b"\1")), errno.EINVAL),
    ("a length shorter than the header", nl.message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK,
                                                    GOOD, length=12), None),
    ("a length longer than the datagram", nl.message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK,
                                                     GOOD, length=400), None),
    ("a length of 4 GiB", nl.message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK, GOOD,
                                     length=0xffffffff), None),
    ("a length of 0", nl.message(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK, GOOD, length=0), None),
    ("8 octets", bytes(8), None),
    ("a message that is no request", nl.message(RTM_NEWNEIGH, NLM_F_ACK, GOOD), 0),
    ("NLMSG_NOOP", nl.message(nl.NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, b""), 0),
    ("NLMSG_DONE", nl.message(NLMSG_DONE, NLM_F_REQUEST | NLM_F_ACK, bytes(4)), 0),
]


@pytest.mark.parametrize("says, request_, error", [pytest.param(*r, id=r[0]) for r in SHAPES])
def test_a_wrong_message(shared, says, request_, error):
    before = shared.table()
    got = nl.ask(shared, request_, patience=0.15 if error is None else 3.0)
    assert [m.error for m in got] == ([] if error is None else [error]), got
    assert taken(shared) and shared.table() == before


def test_many_requests_in_one_datagram(stack):
    """Each gets its own answer; a wrong one in the middle stops nobody."""
    index = stack.ifindex()
    parts = [nl.new_neigh(ADD, ifindex=index, dst="10.77.0.21", lladdr=M1, state=PERMANENT, seq=1),
             nl.new_neigh(ADD, ifindex=4711, dst="10.77.0.22", lladdr=M1, state=PERMANENT, seq=2),
             nl.new_neigh(ADD, ifindex=index, dst="10.77.0.23", lladdr=M1, state=PERMANENT, seq=3)]
    stack.call(several_answers, b"".join(parts), 3)
    assert sorted(stack.table()) == ["10.77.0.21", "10.77.0.23"]


def several_answers(request, count):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    sock.bind((0, 0))
    sock.send(request)
    sock.settimeout(2)
    got = []
    while len(got) < count:
        data = sock.recv(65536)
        while len(data) >= 20:
            size, kind, _, seq, pid, error = struct.unpack("=IHHIIi", data[:20])
            got.append((seq, -error, pid == sock.getsockname()[0]))
            data = data[(size + 3) & ~3:]
    sock.close()
    return got


def test_the_answers_come_in_order_with_the_senders_port(stack):
    index = stack.ifindex()
    parts = [nl.new_neigh(ADD, ifindex=index, dst="10.77.0.21", lladdr=M1, state=PERMANENT, seq=9),
             nl.new_neigh(ADD, ifindex=4711, dst="10.77.0.22", lladdr=M1, state=PERMANENT, seq=8),
             nl.new_neigh(ADD, ifindex=index, dst="10.77.0.23", lladdr=M1, state=PERMANENT, seq=7)]
    assert stack.call(several_answers, b"".join(parts), 3) == \
        [(9, 0, True), (8, errno.ENODEV, True), (7, 0, True)]


def test_without_ext_ack_an_error_has_no_attributes_and_echoes_the_request(stack):
    request = nl.new_neigh(ADD, ifindex=stack.ifindex(), dst=None, state=PERMANENT)
    got = nl.ask(stack, request, acks=False, strict=False)
    assert got[0].error == errno.EINVAL and got[0].text is None, got
    assert got[0].flags & (nl.NLM_F_CAPPED | nl.NLM_F_ACK_TLVS) == 0
    assert got[0].body[4:] == request, "the whole request comes back"


def test_with_cap_ack_only_the_header_comes_back(stack):
    request = nl.new_neigh(ADD, ifindex=4711, dst=PEER, lladdr=M1, state=PERMANENT)
    got = nl.ask(stack, request)
    assert got[0].flags & nl.NLM_F_CAPPED, got
    assert got[0].body[4:20] == request[:16]


def test_an_ordinary_request_without_ack_gets_no_answer(stack):
    request = nl.neigh(RTM_NEWNEIGH, ADD, ifindex=stack.ifindex(), dst=PEER, lladdr=M1,
                       state=PERMANENT)
    assert nl.ask(stack, request, patience=0.2) == []
    assert PEER in stack.table()
