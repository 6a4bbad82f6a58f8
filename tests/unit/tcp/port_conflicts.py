#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Ask the running kernel who may share a TCP port, and print its answers for tcp_port_test.c.

    unshare -n tests/unit/tcp/port_conflicts.py >tests/unit/tcp/port_conflicts.inc

One socket has port P in some state; a second one wants it.  A row has both addresses, the state and what the second one
does; its string has an answer for each of 32 cases: bit 0 the first said SO_REUSEADDR, bit 1 the second did, bit 2 and
3 the same of SO_REUSEPORT, bit 4: they have two owners.  `.`: it may; `X`: it may not; `L`: it may bind, but not
listen.
"""
import errno
import os
import socket
import struct

P, Q = 40000, 30000  # P lies in net.ipv4.ip_local_port_range, or IP_LOCAL_PORT_RANGE would not count
IP_LOCAL_PORT_RANGE = 51
STATES = ("BOUND", "LISTENING", "CONNECTED", "ACCEPTED", "TIMEWAIT", "AUTO_CONNECTED", "AUTO_TIMEWAIT")
WANTS = ("BIND", "BIND_ANY_PORT", "CONNECT_SAME", "CONNECT_OTHER")


def sock(reuse, reuseport, uid, only=None):
    os.seteuid(uid)
    s = socket.socket()
    os.seteuid(0)
    if reuse:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuseport:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if only:
        s.setsockopt(socket.SOL_IP, IP_LOCAL_PORT_RANGE, struct.pack("I", only | only << 16))
    return s


class Server:
    """Where connections go to: 127.0.0.9:Q and Q + 1."""

    def __init__(self):
        self.socks = []
        for i in range(2):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.9", Q + i))
            s.listen(64)
            self.socks.append(s)

    def take(self, i=0):
        return self.socks[i].accept()[0]


def first(server, state, addr, reuse, reuseport):
    """Sockets to keep, with one in `state` on (addr, P)."""
    if state.startswith("AUTO"):
        s = sock(reuse, reuseport, 0, P)
        if addr != "0.0.0.0":
            s.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
            s.bind((addr, 0))
    else:
        s = sock(reuse, reuseport, 0)
        s.bind((addr, P))
    if state == "BOUND":
        return [s]
    if state in ("LISTENING", "ACCEPTED"):
        s.listen(8)
        if state == "LISTENING":
            return [s]
        c = socket.socket()
        c.connect(("127.0.0.1", P))
        a = s.accept()[0]
        s.close()
        return [c, a]
    s.connect(("127.0.0.9", Q))
    peer = server.take()
    if state.endswith("CONNECTED"):
        return [s, peer]
    s.close()
    while peer.recv(1):
        pass
    peer.close()
    return []


def want(what, addr, reuse, reuseport, uid):
    if what == "BIND":
        s = sock(reuse, reuseport, uid)
        try:
            s.bind((addr, P))
        except OSError as e:
            assert e.errno == errno.EADDRINUSE, e
            return "X"
        try:
            s.listen(1)
        except OSError as e:
            assert e.errno == errno.EADDRINUSE, e
            return "L"
        finally:
            s.close()
        return "."
    s = sock(reuse, reuseport, uid, P)
    if what == "BIND_ANY_PORT":
        try:
            s.bind((addr, 0))
            return "."
        except OSError as e:
            assert e.errno == errno.EADDRINUSE, e
            return "X"
        finally:
            s.close()
    try:
        if addr != "0.0.0.0":
            s.setsockopt(socket.SOL_IP, 24, 1)
            s.bind((addr, 0))
        s.connect(("127.0.0.9", Q + (what == "CONNECT_OTHER")))
        # what it leaves must not be a TIME_WAIT: the next case begins with nothing
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return "."
    except OSError as e:
        assert e.errno in (errno.EADDRNOTAVAIL, errno.EADDRINUSE), e
        return "X"
    finally:
        s.close()


def forget(socks):
    for s in socks:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


def main():
    global P
    os.system("ip link set lo up")
    with open("/proc/sys/net/ipv4/tcp_tw_reuse", "w") as f:
        f.write("0")
    server = Server()
    for state in STATES:
        for a1 in ("0.0.0.0", "127.0.0.1"):
            for a2 in ("0.0.0.0", "127.0.0.1", "127.0.0.2"):
                for what in WANTS:
                    answers = ""
                    for bits in range(32):
                        kept = first(server, state, a1, bits & 1, bits >> 2 & 1)
                        answers += want(what, a2, bits >> 1 & 1, bits >> 3 & 1, 1000 if bits >> 4 else 0)
                        for i in range(2):
                            server.socks[i].setblocking(False)
                            try:
                                while True:
                                    kept.append(server.take(i))
                            except BlockingIOError:
                                pass
                            server.socks[i].setblocking(True)
                        forget(kept)
                        if "TIMEWAIT" in state:
                            P += 1  # the TIME_WAIT stays
                    name = {"0.0.0.0": "ANY", "127.0.0.1": "HERE", "127.0.0.2": "HERE2"}
                    print(f'{{ {state}, {name[a1]}, {name[a2]}, {what}, "{answers}" }},', flush=True)


if __name__ == "__main__":
    main()
