#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A program that waits in each way there is, while its net ends.  A line for each: what it was told."""

import errno
import os
import select
import socket
import sys
import threading
import time

LO, DEAF = "127.0.0.1", "10.77.0.98"


def listener():
    s = socket.socket()
    s.bind((LO, 0))
    s.listen()
    return s


def pair():
    ls = listener()
    a = socket.socket()
    a.connect(ls.getsockname())
    return a, ls.accept()[0], ls


def full():
    """Somebody who can write nothing more."""
    a, b, ls = pair()
    a.setblocking(False)
    quiet = 0
    while quiet < 10:
        try:
            a.send(b"x" * 65536)
            quiet = 0
        except BlockingIOError:
            quiet += 1
            time.sleep(0.05)
    a.setblocking(True)
    return a, b, ls


def datagrams():
    s = socket.socket(type=socket.SOCK_DGRAM)
    s.bind((LO, 0))
    return s


def polled(s, events):
    p = select.poll()
    p.register(s, events)
    return lambda: p.poll()[0][1]


def edge(s):
    ep = select.epoll()
    ep.register(s, select.EPOLLIN | select.EPOLLET)
    return lambda: ep.poll()[0][1]


def waits():
    """{what: (call, what must live as long)}"""
    out = {}

    def add(name, keep, call):
        out[name] = (call, keep)
    s = listener()
    add("accept", s, s.accept)
    s = listener()
    add("poll of a listener", s, polled(s, select.POLLIN))
    s = listener()
    add("epoll of a listener", s, edge(s))
    p = pair()
    add("recv", p, lambda p=p: p[0].recv(1))
    p = pair()
    add("read", p, lambda p=p: os.read(p[0].fileno(), 1))
    p = pair()
    add("poll", p, polled(p[0], select.POLLIN))
    p = pair()
    add("epoll", p, edge(p[0]))
    p = pair()
    add("select", p, lambda p=p: len(select.select([p[0]], [], [])[0]))
    p = full()
    add("send", p, lambda p=p: p[0].sendall(b"x" * 1000000))
    p = full()
    add("write", p, lambda p=p: os.write(p[0].fileno(), b"x" * 1000000))
    s = socket.socket()
    add("connect", s, lambda s=s: s.connect((DEAF, 9)))
    s = datagrams()
    add("recvfrom", s, lambda s=s: s.recvfrom(1))
    s = datagrams()
    add("read of a datagram", s, lambda s=s: os.read(s.fileno(), 1))
    s = datagrams()
    add("poll for a datagram", s, polled(s, select.POLLIN))
    s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    s.bind((0, 0))
    add("recv of netlink", s, lambda s=s: s.recv(1))
    return out


def wait(call, told, name):
    try:
        told[name] = call()
    except OSError as e:
        told[name] = errno.errorcode.get(e.errno, e.errno)


def main():
    calls, told, threads = waits(), {}, []
    for name, (call, _) in calls.items():
        threads.append(threading.Thread(target=wait, args=(call, told, name), daemon=True))
        threads[-1].start()
    time.sleep(1)
    print(f"all wait, but {sorted(told.items())}", flush=True)
    for thread in threads:
        thread.join(20)
    for name in calls:
        print(f"{name}: {told.get(name, 'it waits on')}")
    wait(socket.socket, told, "socket")
    wait(listener, told, "listen")
    print(f"socket: {told['socket']}", flush=True)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)
