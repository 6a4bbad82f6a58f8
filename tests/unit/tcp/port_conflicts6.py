#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Ask the running kernel who may share a TCP port if one of them is of AF_INET6, and print its answers for
tcp_port6_test.c.

    unshare -n tests/unit/tcp/port_conflicts6.py >tests/unit/tcp/port_conflicts6.inc

As port_conflicts.py; a string has 16 cases: bit 0 the first said SO_REUSEADDR, bit 1 the second did,
bit 2 and 3 the same
of SO_REUSEPORT.
"""
import errno
import os
import socket
import struct

P = 40000
# how it is written here: family, address, IPV6_V6ONLY
PLACES = {
    "ANY4": (socket.AF_INET, "0.0.0.0", 0),
    "HERE4": (socket.AF_INET, "127.0.0.1", 0),
    "ANY6": (socket.AF_INET6, "::", 0),
    "ANY6_ONLY": (socket.AF_INET6, "::", 1),
    "HERE6": (socket.AF_INET6, "::1", 0),
    "HERE6_ONLY": (socket.AF_INET6, "::1", 1),
    "OTHER6": (socket.AF_INET6, "2001:db8::1", 0),
    "MAPPED_ANY": (socket.AF_INET6, "::ffff:0.0.0.0", 0),
    "MAPPED": (socket.AF_INET6, "::ffff:127.0.0.1", 0),
    "MAPPED2": (socket.AF_INET6, "::ffff:127.0.0.2", 0),
}
STATES = ("BOUND", "LISTENING", "ACCEPTED", "TIMEWAIT")
IP_LOCAL_PORT_RANGE = 51


def sock(place, reuse, reuseport):
    family, _, only = PLACES[place]
    s = socket.socket(family)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
    if reuse:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuseport:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return s


def connect_to(place):
    family, addr, only = PLACES[place]
    to = {"0.0.0.0": "127.0.0.1", "::": "::1", "::ffff:0.0.0.0": "::ffff:127.0.0.1"}.get(addr, addr)
    c = socket.socket(family)
    c.connect((to, P))
    return c


def first(state, place, reuse, reuseport):
    s = sock(place, reuse, reuseport)
    s.bind((PLACES[place][1], P))
    if state == "BOUND":
        return [s]
    s.listen(8)
    if state == "LISTENING":
        return [s]
    c = connect_to(place)
    a = s.accept()[0]
    s.close()
    if state == "ACCEPTED":
        return [c, a]
    a.close()
    while c.recv(1):
        pass
    c.close()
    return []


def want(place, reuse, reuseport, any_port):
    s = sock(place, reuse, reuseport)
    if any_port:
        s.setsockopt(socket.SOL_IP, IP_LOCAL_PORT_RANGE, struct.pack("I", P | P << 16))
    try:
        s.bind((PLACES[place][1], 0 if any_port else P))
    except OSError as e:
        assert e.errno == errno.EADDRINUSE, e
        s.close()
        return "X"
    try:
        if not any_port:
            s.listen(1)
    except OSError as e:
        assert e.errno == errno.EADDRINUSE, e
        return "L"
    finally:
        s.close()
    return "."


def forget(socks):
    for s in socks:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


def main():
    global P
    os.system("ip link set lo up; ip addr add 2001:db8::1/128 dev lo nodad")
    for state in STATES:
        for a in PLACES:
            for b in PLACES:
                if PLACES[a][0] == PLACES[b][0] == socket.AF_INET:
                    continue
                for any_port in (0, 1):
                    answers = ""
                    for bits in range(16):
                        kept = first(state, a, bits & 1, bits >> 2 & 1)
                        answers += want(b, bits >> 1 & 1, bits >> 3 & 1, any_port)
                        forget(kept)
                        P += state == "TIMEWAIT"  # which stays
                    what = "BIND_ANY_PORT" if any_port else "BIND"
                    print(f'{{ {state}, {a}, {b}, {what}, "{answers}" }},', flush=True)


if __name__ == "__main__":
    main()
