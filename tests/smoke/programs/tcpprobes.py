#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What programs see of TCP sockets: one line for each probe, to be compared between the kernel and nethood.

    tcpprobes.py [WORD...]      those whose names hold a word

Addresses: 127.0.0.1 is the loopback, GONE answers no ARP, DEAF takes frames and says nothing.
"""

import array
import ctypes
import errno
import fcntl
import os
import select
import signal
import socket
import struct
import sys
import termios
import threading
import time

GONE, DEAF = "10.77.0.99", "10.77.0.98"
LO = "127.0.0.1"
SETTLE = 0.05
AT_ONCE = 8
PROBES = []
pipes = []


def probe(fn):
    PROBES.append(fn)
    return fn


def name_of(e):
    return errno.errorcode.get(e, str(e))


def said(call, *args):
    """What a call returns, or the name of its error."""
    try:
        got = call(*args)
    except OSError as e:
        return name_of(e.errno)
    if isinstance(got, bytes) and len(got) > 40:
        return f"{len(got)} bytes"
    return got


BITS = [("IN", 1), ("PRI", 2), ("OUT", 4), ("ERR", 8), ("HUP", 16), ("RDHUP", 0x2000)]


def bits(mask):
    return "|".join(n for n, b in BITS if mask & b) or "-"


def ev(s, wait=0.0):
    """What poll(2) says, when the dust has settled."""
    time.sleep(SETTLE)
    p = select.poll()
    p.register(s.fileno(), 1 | 2 | 4 | 0x2000)
    got = p.poll(wait * 1000)
    return bits(got[0][1]) if got else "-"


def edges(ep):
    """What epoll(7) tells, once."""
    time.sleep(SETTLE)
    got = ep.poll(0)
    return ",".join(bits(m) for _, m in got) or "none"


def so_error(s):
    e = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    return name_of(e) if e else 0


def stream():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


def listener(backlog=16, port=0):
    s = stream()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((LO, port))
    s.listen(backlog)
    return s


def pair():
    """(a, b) connected over the loopback."""
    ls = listener()
    a = stream()
    a.connect(ls.getsockname())
    b, _ = ls.accept()
    ls.close()
    return a, b


def reset(s):
    """Close with a RST."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def closed_port():
    s = stream()
    s.bind((LO, 0))
    name = s.getsockname()
    s.close()
    return name


def nonblocking():
    s = stream()
    s.setblocking(False)
    return s


def fionread(s, what=termios.FIONREAD):
    buf = array.array("i", [0])
    fcntl.ioctl(s.fileno(), what, buf)
    return buf[0]


def piped(call, *args):
    """said(), and how many SIGPIPE came."""
    pipes.clear()
    got = said(call, *args)
    time.sleep(SETTLE)
    return got, f"{len(pipes)} SIGPIPE"


def fill(s):
    """Write until it stays full, longer than a window probe takes.  Return: how much is in it"""
    s.setblocking(False)
    total = 0
    quiet = 0
    while quiet < 8:
        try:
            total += s.send(b"x" * 65536)
            quiet = 0
        except BlockingIOError:
            quiet += 1
            time.sleep(0.1)
    return total


def read_all(s):
    s.setblocking(True)
    n = 0
    while True:
        got = s.recv(65536)
        if not got:
            return n
        n += len(got)


def wakes(do, call, *args):
    """What a thread that waits in call() says of it, once do() is done; nothing if it still waits."""
    got = []
    t = threading.Thread(target=lambda: got.append(said(call, *args)))
    t.start()
    time.sleep(0.1)
    do()
    t.join(2)
    return got


# ---- fresh and bound sockets ---------------------------------------------------------------


@probe
def fresh_poll():
    return ev(stream())


@probe
def fresh_names():
    s = stream()
    return said(s.getsockname), said(s.getpeername)


@probe
def fresh_send():
    return piped(stream().send, b"x")


@probe
def fresh_send_nosignal():
    return piped(stream().send, b"x", socket.MSG_NOSIGNAL)


@probe
def fresh_recv():
    return said(stream().recv, 10)


@probe
def fresh_write():
    s = stream()
    return piped(os.write, s.fileno(), b"x")


@probe
def fresh_read():
    s = stream()
    return said(os.read, s.fileno(), 10)


@probe
def fresh_shutdown():
    return [said(stream().shutdown, how) for how in (0, 1, 2, 3)]


@probe
def fresh_accept():
    return said(stream().accept)


@probe
def fresh_sendto():
    return piped(stream().sendto, b"x", (LO, 9))


@probe
def fresh_so_error():
    return so_error(stream())


@probe
def fresh_types():
    s = stream()
    return [s.getsockopt(socket.SOL_SOCKET, o) for o in
            (socket.SO_TYPE, socket.SO_DOMAIN, socket.SO_PROTOCOL, socket.SO_ACCEPTCONN)]


@probe
def fresh_fionread():
    s = stream()
    return said(fionread, s), said(fionread, s, termios.TIOCOUTQ)


@probe
def bound_names():
    s = stream()
    s.bind((LO, 0))
    host, port = s.getsockname()
    return host, port > 0, said(s.getpeername), ev(s)


@probe
def bind_twice():
    s = stream()
    s.bind((LO, 0))
    return said(s.bind, (LO, 0))


@probe
def bind_in_use():
    a = listener()
    b = stream()
    return said(b.bind, a.getsockname())


@probe
def bind_again_after_close():
    a = listener()
    name = a.getsockname()
    a.close()
    b = stream()
    return said(b.bind, name)


@probe
def bind_not_ours():
    return said(stream().bind, ("192.0.2.1", 0))


@probe
def bind_low_port():
    return said(stream().bind, (LO, 80)) in (None, "EACCES")


@probe
def bind_wrong_family():
    s = stream()
    libc = ctypes.CDLL(None, use_errno=True)
    r = libc.bind(s.fileno(), struct.pack("HH", 10, 0) + b"\0" * 12, 16)
    first = name_of(ctypes.get_errno()) if r < 0 else r
    r = libc.bind(s.fileno(), struct.pack("HH", 2, 0) + b"\0" * 12, 8)
    return first, name_of(ctypes.get_errno()) if r < 0 else r


# ---- listening ----------------------------------------------------------------------------

@probe
def listen_unbound():
    s = stream()
    s.listen(5)
    return s.getsockname()[1] > 0, ev(s)


@probe
def listen_twice():
    s = listener()
    return said(s.listen, 3), said(s.listen, 100)


@probe
def listener_acceptconn():
    return listener().getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)


@probe
def listener_calls():
    s = listener()
    return said(s.recv, 1), piped(s.send, b"x"), said(s.getpeername), said(s.connect, (LO, 9)), said(fionread, s)


@probe
def listener_read_write():
    s = listener()
    return said(os.read, s.fileno(), 1), piped(os.write, s.fileno(), b"x")


@probe
def listener_poll():
    s = listener()
    before = ev(s)
    a = stream()
    a.connect(s.getsockname())
    waiting = ev(s)
    b, _ = s.accept()
    return before, waiting, ev(s)


@probe
def accept_nothing():
    s = listener()
    s.setblocking(False)
    return said(s.accept)


@probe
def accept_timeout():
    s = listener()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 200000))
    start = time.monotonic()
    return said(s.accept), 0.1 < time.monotonic() - start < 1.5


@probe
def accept_order():
    s = listener()
    conns = []
    for i in range(5):
        a = stream()
        a.connect(s.getsockname())
        a.send(b"%d" % i)
        conns.append(a)
    return [s.accept()[0].recv(10) for _ in conns]


@probe
def accept_names():
    s = listener()
    a = stream()
    a.connect(s.getsockname())
    b, peer = s.accept()
    return (peer == a.getsockname(), b.getpeername() == a.getsockname(), b.getsockname() == s.getsockname(),
            a.getpeername() == s.getsockname())


@probe
def accept_inherits():
    s = listener()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 100000))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    a = stream()
    a.connect(s.getsockname())
    b, _ = s.accept()
    b.setblocking(True)
    return (said(os.read, b.fileno(), 1), b.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
            b.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))


@probe
def accept_one_that_was_reset():
    s = listener()
    a = stream()
    a.connect(s.getsockname())
    reset(a)
    time.sleep(SETTLE)
    s.setblocking(False)
    polled = ev(s)
    try:
        b, _ = s.accept()
    except OSError as e:
        return polled, name_of(e.errno)
    return polled, ev(b), said(b.recv, 1)


@probe
def accept_one_that_was_closed():
    s = listener()
    a = stream()
    a.connect(s.getsockname())
    a.send(b"last words")
    a.close()
    time.sleep(SETTLE)
    b, _ = s.accept()
    return ev(b), said(b.recv, 20), said(b.recv, 20), ev(b)


@probe
def accept_edges():
    s = listener()
    s.setblocking(False)
    ep = select.epoll()
    ep.register(s.fileno(), select.EPOLLIN | select.EPOLLET)
    out = [edges(ep)]
    conns = [stream() for _ in range(3)]
    conns[0].connect(s.getsockname())
    out += [edges(ep), edges(ep)]
    conns[1].connect(s.getsockname())
    out += [edges(ep)]
    conns[2].connect(s.getsockname())
    out += [edges(ep), edges(ep)]
    return out, [isinstance(said(s.accept), tuple) for _ in range(4)], edges(ep)


@probe
def accept_in_another_process():
    s = listener()
    pid = os.fork()
    if not pid:
        b, _ = s.accept()
        b.send(b"child")
        os._exit(0)
    a = stream()
    a.connect(s.getsockname())
    got = said(a.recv, 10)
    os.waitpid(pid, 0)
    return got, said(a.recv, 10)


@probe
def accept_prefork():
    s = listener()
    kids = []
    for _ in range(3):
        pid = os.fork()
        if not pid:
            while True:
                b, _ = s.accept()
                if b.recv(1) == b"q":
                    os._exit(0)
                b.send(b"ok")
        kids.append(pid)
    got = []
    for _ in range(9):
        a = stream()
        a.connect(s.getsockname())
        a.send(b"x")
        got.append(a.recv(10))
    for _ in kids:
        a = stream()
        a.connect(s.getsockname())
        a.send(b"q")
    return got.count(b"ok"), [os.waitpid(pid, 0)[1] for pid in kids]


@probe
def listener_shutdown():
    s = listener()
    return said(s.shutdown, 1), said(s.shutdown, 0), said(s.accept)


@probe
def listener_shutdown_poll():
    s = listener()
    s.shutdown(socket.SHUT_RD)
    return ev(s)


@probe
def listener_shutdown_wakes_accept():
    s = listener()
    return wakes(lambda: s.shutdown(socket.SHUT_RDWR), s.accept)


@probe
def listener_closed_with_some_waiting():
    s = listener()
    a = stream()
    a.connect(s.getsockname())
    s.close()
    return ev(a), said(a.recv, 1)


@probe
def connect_after_listener_closed():
    s = listener()
    name = s.getsockname()
    s.close()
    time.sleep(SETTLE)
    return said(stream().connect, name)


@probe
def reuseport_workers():
    ls = []
    port = 0
    for _ in range(3):
        s = stream()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.bind((LO, port))
        s.listen(16)
        s.setblocking(False)
        port = s.getsockname()[1]
        ls.append(s)
    conns = []
    for _ in range(12):
        a = stream()
        a.connect((LO, port))
        conns.append(a)
    time.sleep(SETTLE)
    taken = 0
    for s in ls:
        while isinstance(said(s.accept), tuple):
            taken += 1
    return taken


# ---- connecting ----------------------------------------------------------------------------

@probe
def connect_blocking():
    s = listener()
    a = stream()
    return said(a.connect, s.getsockname()), ev(a), said(a.connect, s.getsockname()), so_error(a)


@probe
def connect_refused():
    a = stream()
    name = closed_port()
    return said(a.connect, name), ev(a), so_error(a), said(a.getpeername)


@probe
def connect_refused_then_elsewhere():
    a = stream()
    s = listener()
    return said(a.connect, closed_port()), said(a.connect, s.getsockname()), ev(a)


@probe
def connect_bad_names():
    a = stream()
    libc = ctypes.CDLL(None, use_errno=True)
    out = []
    for name in (struct.pack("H", 10) + b"\0" * 26, struct.pack("H", 2), b"", struct.pack("H", 2) + b"\0" * 14):
        r = libc.connect(a.fileno(), name, len(name))
        out.append(name_of(ctypes.get_errno()) if r < 0 else r)
    return out


@probe
def connect_nonblocking():
    s = listener()
    a = nonblocking()
    first = said(a.connect, s.getsockname())
    polled = ev(a)
    return first, polled, so_error(a), said(a.connect, s.getsockname()), said(a.connect, s.getsockname())


@probe
def connect_nonblocking_refused():
    a = nonblocking()
    return said(a.connect, closed_port()), ev(a), so_error(a), so_error(a), ev(a)


@probe
def connect_nonblocking_refused_again():
    a = nonblocking()
    name = closed_port()
    first = said(a.connect, name)
    time.sleep(SETTLE)
    second = said(a.connect, name)
    return first, second, said(a.connect, name)


@probe
def connect_nonblocking_refused_recv():
    a = nonblocking()
    a.connect_ex(closed_port())
    time.sleep(SETTLE)
    return said(a.recv, 1), said(a.recv, 1), so_error(a)


@probe
def connect_nonblocking_refused_send():
    a = nonblocking()
    a.connect_ex(closed_port())
    time.sleep(SETTLE)
    return piped(a.send, b"x"), piped(a.send, b"x")


@probe
def connect_nonblocking_refused_read():
    a = nonblocking()
    a.connect_ex(closed_port())
    time.sleep(SETTLE)
    return said(os.read, a.fileno(), 1)


@probe
def connect_edges():
    s = listener()
    a = nonblocking()
    ep = select.epoll()
    a.connect_ex(s.getsockname())
    ep.register(a.fileno(), select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)
    return edges(ep), edges(ep)


@probe
def connect_edges_registered_before():
    s = listener()
    a = nonblocking()
    ep = select.epoll()
    ep.register(a.fileno(), select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)
    out = [edges(ep)]
    a.connect_ex(s.getsockname())
    return out, edges(ep), edges(ep)


@probe
def connect_edges_refused():
    a = nonblocking()
    ep = select.epoll()
    a.connect_ex(closed_port())
    ep.register(a.fileno(), select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)
    return edges(ep), edges(ep)


@probe
def connect_deaf_in_progress():
    a = nonblocking()
    first = said(a.connect, (DEAF, 9))
    return (first, ev(a), said(a.connect, (DEAF, 9)), said(a.recv, 1), said(a.getpeername),
            a.getsockname()[0], so_error(a))


@probe
def connect_deaf_write():
    a = nonblocking()
    a.connect_ex((DEAF, 9))
    return said(a.send, b"x"), said(os.write, a.fileno(), b"x"), said(os.read, a.fileno(), 1)


@probe
def connect_deaf_select():
    a = nonblocking()
    a.connect_ex((DEAF, 9))
    return [len(x) for x in select.select([a], [a], [a], 0.1)]


@probe
def connect_deaf_sndtimeo():
    a = stream()
    a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 200000))
    start = time.monotonic()
    return said(a.connect, (DEAF, 9)), 0.1 < time.monotonic() - start < 1.5


@probe
def connect_deaf_shutdown():
    a = nonblocking()
    a.connect_ex((DEAF, 9))
    return said(a.shutdown, 2), ev(a)


@probe
def connect_deaf_user_timeout():
    a = stream()
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1200)
    start = time.monotonic()
    return said(a.connect, (DEAF, 9)), 0.9 < time.monotonic() - start < 8


@probe
def connect_gone():
    a = stream()
    start = time.monotonic()
    return said(a.connect, (GONE, 9)), 0.5 < time.monotonic() - start < 8, so_error(a)


@probe
def connect_gone_nonblocking():
    a = nonblocking()
    first = said(a.connect, (GONE, 9))
    return first, ev(a, 8), so_error(a), so_error(a)


@probe
def connect_no_route():
    return said(stream().connect, ("198.51.100.1", 9)), said(nonblocking().connect, ("198.51.100.1", 9))


@probe
def connect_interrupted():
    a = stream()
    got = []

    def handler(*_):
        got.append(1)
    signal.signal(signal.SIGUSR1, handler)
    signal.siginterrupt(signal.SIGUSR1, True)
    libc = ctypes.CDLL(None, use_errno=True)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    name = struct.pack("!HH4s8x", 0x0200, 9, socket.inet_aton(DEAF))
    r = libc.connect(a.fileno(), name, 16)
    e = name_of(ctypes.get_errno()) if r < 0 else r
    a.setblocking(False)
    return e, said(a.connect, (DEAF, 9)), ev(a)


@probe
def disconnect():
    s = listener()
    a = stream()
    a.connect(s.getsockname())
    libc = ctypes.CDLL(None, use_errno=True)
    r = libc.connect(a.fileno(), struct.pack("H", 0) + b"\0" * 14, 16)
    return r, ev(a), said(a.getpeername), said(a.connect, s.getsockname()), ev(a)


@probe
def connect_to_itself():
    a = stream()
    a.bind((LO, 0))
    got = said(a.connect, a.getsockname())
    return got, said(a.send, b"me"), said(a.recv, 10)


# ---- established ----------------------------------------------------------------------------

@probe
def open_poll():
    a, b = pair()
    idle = ev(a), ev(b)
    b.send(b"x")
    return idle, ev(a), said(a.recv, 10), ev(a)


@probe
def open_epoll_levels_and_edges():
    a, b = pair()
    lt, et = select.epoll(), select.epoll()
    lt.register(a.fileno(), select.EPOLLIN)
    et.register(a.fileno(), select.EPOLLIN | select.EPOLLET)
    out = [edges(lt), edges(et)]
    b.send(b"one")
    out += [edges(lt), edges(lt), edges(et), edges(et)]
    b.send(b"two")
    out += [edges(et), edges(et)]
    a.recv(100)
    return out, edges(lt), edges(et)


@probe
def open_write_edge():
    a, b = pair()
    ep = select.epoll()
    some = fill(a) > 0
    ep.register(a.fileno(), select.EPOLLOUT | select.EPOLLET)
    full = edges(ep)
    a2 = threading.Thread(target=read_all, args=(b,))
    a2.start()
    time.sleep(0.3)
    room = edges(ep)
    a.close()
    a2.join()
    return some, full, room


@probe
def open_select():
    a, b = pair()
    b.send(b"x")
    time.sleep(SETTLE)
    return [len(x) for x in select.select([a, b], [a, b], [a, b], 0)]


@probe
def open_full_is_eagain():
    a, b = pair()
    n = fill(a)
    out = said(a.send, b"x"), ev(a)
    a.shutdown(socket.SHUT_WR)
    return out, read_all(b) == n


@probe
def open_recv_eagain():
    a, _b = pair()
    a.setblocking(False)
    return said(a.recv, 1), said(os.read, a.fileno(), 1), said(a.recv, 1, socket.MSG_DONTWAIT)


@probe
def open_dontwait():
    a, b = pair()
    first = said(a.recv, 1, socket.MSG_DONTWAIT)
    b.send(b"x")
    time.sleep(SETTLE)
    return first, said(a.recv, 1, socket.MSG_DONTWAIT)


@probe
def open_peek():
    a, b = pair()
    b.send(b"hello")
    time.sleep(SETTLE)
    return said(a.recv, 3, socket.MSG_PEEK), said(a.recv, 10, socket.MSG_PEEK), said(a.recv, 10)


@probe
def open_waitall():
    a, b = pair()
    got = []
    t = threading.Thread(target=lambda: got.append(a.recv(10, socket.MSG_WAITALL)))
    t.start()
    for piece in (b"one", b"two", b"four"):
        b.send(piece)
        time.sleep(0.05)
    t.join(2)
    return got


@probe
def open_waitall_and_fin():
    a, b = pair()
    b.send(b"abc")
    b.close()
    return said(a.recv, 10, socket.MSG_WAITALL)


@probe
def open_trunc():
    a, b = pair()
    b.send(b"0123456789")
    time.sleep(SETTLE)
    libc = ctypes.CDLL(None)
    buf = ctypes.create_string_buffer(b"........", 8)
    n = libc.recv(a.fileno(), buf, 4, socket.MSG_TRUNC)
    return n, buf.raw, said(a.recv, 20)


@probe
def open_zero_length():
    a, b = pair()
    out = said(a.send, b""), said(os.write, a.fileno(), b""), said(a.recv, 0), said(os.read, a.fileno(), 0)
    a.send(b"x")
    return out, said(b.recv, 10)


@probe
def open_recvfrom_name():
    a, b = pair()
    b.send(b"x")
    libc = ctypes.CDLL(None)
    buf, name = ctypes.create_string_buffer(8), ctypes.create_string_buffer(b"z" * 16, 16)
    length = ctypes.c_uint(16)
    n = libc.recvfrom(a.fileno(), buf, 8, 0, name, ctypes.byref(length))
    return n, length.value, name.raw


@probe
def open_recvmsg():
    a, b = pair()
    b.sendmsg([b"one", b"two"])
    time.sleep(SETTLE)
    return a.recvmsg(20, 100), a.recvmsg.__name__


@probe
def open_sendto_name():
    a, b = pair()
    return said(a.sendto, b"x", ("192.0.2.1", 9)), said(b.recv, 10)


@probe
def open_writev_readv():
    a, b = pair()
    os.writev(a.fileno(), [b"ab", b"cd"])
    time.sleep(SETTLE)
    bufs = [bytearray(3), bytearray(3)]
    return os.readv(b.fileno(), bufs), [bytes(x) for x in bufs]


@probe
def open_sendfile():
    a, b = pair()
    with open("/proc/self/exe", "rb") as f:
        n = os.sendfile(a.fileno(), f.fileno(), 0, 1000)
        return n, b.recv(2000, socket.MSG_WAITALL if n < 0 else 0)[:4]


@probe
def open_splice():
    a, b = pair()
    r, w = os.pipe()
    a.send(b"through a pipe")
    n = os.splice(b.fileno(), w, 100) if hasattr(os, "splice") else os.write(w, b.recv(100))
    return n, os.read(r, 100)


@probe
def open_fionread():
    a, b = pair()
    b.send(b"12345")
    time.sleep(SETTLE)
    return fionread(a), fionread(b, termios.TIOCOUTQ)


@probe
def open_siocoutq():
    a, b = pair()
    n = fill(a)
    return 0 < fionread(a, termios.TIOCOUTQ) <= n, fionread(b) > 0


@probe
def open_rcvlowat():
    a, b = pair()
    a.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 5)
    b.send(b"123")
    few = ev(a)
    b.send(b"45")
    return few, ev(a), said(a.recv, 10), a.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT)


@probe
def open_rcvtimeo():
    a, _b = pair()
    a.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 150000))
    start = time.monotonic()
    out = said(a.recv, 1), said(os.read, a.fileno(), 1)
    return out, 0.2 < time.monotonic() - start < 1.5


@probe
def open_sndtimeo():
    a, _b = pair()
    fill(a)
    a.setblocking(True)
    a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 150000))
    start = time.monotonic()
    return said(os.write, a.fileno(), b"x"), 0.1 < time.monotonic() - start < 1.5


@probe
def open_connect_again():
    a, _b = pair()
    return said(a.connect, (LO, 9)), said(a.listen, 1), said(a.bind, (LO, 0)), said(a.accept)


@probe
def open_dup():
    a, b = pair()
    c = a.dup()
    a.close()
    time.sleep(SETTLE)
    still = ev(b)
    c.send(b"by dup")
    got = said(b.recv, 10)
    c.close()
    return still, got, ev(b), said(b.recv, 1)


@probe
def open_fork():
    a, b = pair()
    pid = os.fork()
    if not pid:
        a.send(b"from the child")
        os._exit(0)
    os.waitpid(pid, 0)
    time.sleep(SETTLE)
    got = said(b.recv, 20)
    still = ev(b)
    a.close()
    return got, still, ev(b)


@probe
def open_scm_rights():
    a, b = pair()
    x, y = socket.socketpair()
    socket.send_fds(x, [b"fd"], [a.fileno()])
    a.close()
    time.sleep(SETTLE)
    flying = ev(b)
    _, fds, _, _ = socket.recv_fds(y, 10, 1)
    c = socket.socket(fileno=fds[0])
    c.send(b"after a flight")
    name = c.getpeername() == b.getsockname()
    got = said(b.recv, 20)
    c.close()
    return flying, got, name, ev(b)


@probe
def open_eintr():
    a, _b = pair()
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.siginterrupt(signal.SIGUSR1, True)
    libc = ctypes.CDLL(None, use_errno=True)
    buf = ctypes.create_string_buffer(8)
    out = []
    for call in (lambda: libc.recv(a.fileno(), buf, 8, 0), lambda: libc.read(a.fileno(), buf, 8)):
        threading.Timer(0.15, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        r = call()
        out.append(name_of(ctypes.get_errno()) if r < 0 else r)
    return out


@probe
def open_restart():
    a, b = pair()
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.siginterrupt(signal.SIGUSR1, False)
    libc = ctypes.CDLL(None, use_errno=True)
    buf = ctypes.create_string_buffer(8)
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    threading.Timer(0.25, b.send, (b"late",)).start()
    return libc.recv(a.fileno(), buf, 8, 0), buf.raw[:4]


@probe
def accept_eintr():
    s = listener()
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.siginterrupt(signal.SIGUSR1, True)
    libc = ctypes.CDLL(None, use_errno=True)
    threading.Timer(0.15, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    r = libc.accept(s.fileno(), None, None)
    out = name_of(ctypes.get_errno()) if r < 0 else r
    a = stream()
    a.connect(s.getsockname())
    return out, isinstance(said(s.accept), tuple)


@probe
def accept_restart():
    s = listener()
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.siginterrupt(signal.SIGUSR1, False)
    libc = ctypes.CDLL(None, use_errno=True)
    a = stream()
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)).start()
    threading.Timer(0.25, a.connect, (s.getsockname(),)).start()
    return libc.accept(s.fileno(), None, None) >= 0


# ---- the end --------------------------------------------------------------------------------

@probe
def fin_poll():
    a, b = pair()
    b.send(b"x")
    b.close()
    return ev(a), said(a.recv, 10), ev(a), said(a.recv, 10), said(os.read, a.fileno(), 10), so_error(a)


@probe
def fin_edges():
    a, b = pair()
    ep = select.epoll()
    ep.register(a.fileno(), select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)
    out = [edges(ep)]
    b.close()
    return out, edges(ep), edges(ep)


@probe
def half_close():
    a, b = pair()
    a.shutdown(socket.SHUT_WR)
    seen = ev(b), ev(a)
    b.send(b"still")
    b.send(b" here")
    time.sleep(SETTLE)
    got = said(a.recv, 20), said(b.recv, 1)
    b.close()
    return seen, got, ev(a), said(a.recv, 1)


@probe
def half_close_write():
    a, _b = pair()
    a.shutdown(socket.SHUT_WR)
    return piped(a.send, b"x"), piped(os.write, a.fileno(), b"x"), piped(a.send, b"x", socket.MSG_NOSIGNAL)


@probe
def half_close_both():
    a, b = pair()
    a.shutdown(socket.SHUT_WR)
    time.sleep(SETTLE)
    b.shutdown(socket.SHUT_WR)
    return ev(a), ev(b), said(a.recv, 1), said(b.recv, 1), said(a.shutdown, 2)


@probe
def half_close_data_behind():
    a, b = pair()
    n = fill(a)
    a.shutdown(socket.SHUT_WR)
    return read_all(b) == n, said(b.recv, 1)


@probe
def shutdown_read():
    a, b = pair()
    b.send(b"before")
    time.sleep(SETTLE)
    return said(a.shutdown, 0), ev(a), said(a.recv, 10), said(a.recv, 10), said(a.send, b"x"), said(b.recv, 10)


@probe
def shutdown_both():
    a, b = pair()
    return said(a.shutdown, 2), ev(a), said(a.recv, 1), piped(a.send, b"x"), ev(b)


@probe
def shutdown_wakes_reader():
    a, _b = pair()
    return wakes(lambda: a.shutdown(socket.SHUT_RD), a.recv, 1)


@probe
def shutdown_twice():
    a, _b = pair()
    return said(a.shutdown, 1), said(a.shutdown, 1), said(a.shutdown, 7)


@probe
def rst_poll():
    a, b = pair()
    reset(b)
    return ev(a), so_error(a), so_error(a), ev(a)


@probe
def rst_recv():
    a, b = pair()
    reset(b)
    time.sleep(SETTLE)
    return said(a.recv, 1), said(a.recv, 1), so_error(a)


@probe
def rst_read():
    a, b = pair()
    reset(b)
    time.sleep(SETTLE)
    return said(os.read, a.fileno(), 1), said(os.read, a.fileno(), 1), so_error(a)


@probe
def rst_send():
    a, b = pair()
    reset(b)
    time.sleep(SETTLE)
    return piped(a.send, b"x"), piped(a.send, b"x"), said(a.recv, 1)


@probe
def rst_write():
    a, b = pair()
    reset(b)
    time.sleep(SETTLE)
    return piped(os.write, a.fileno(), b"x"), piped(os.write, a.fileno(), b"x")


@probe
def rst_edges():
    a, b = pair()
    ep = select.epoll()
    ep.register(a.fileno(), select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)
    out = [edges(ep)]
    reset(b)
    return out, edges(ep), edges(ep)


@probe
def rst_wakes_reader():
    a, b = pair()
    return wakes(lambda: reset(b), os.read, a.fileno(), 1)


@probe
def rst_wakes_writer():
    a, b = pair()
    fill(a)
    a.setblocking(True)
    return wakes(lambda: reset(b), a.send, b"y" * 100000)


@probe
def rst_after_data():
    a, b = pair()
    b.send(b"last words")
    time.sleep(SETTLE)
    reset(b)
    time.sleep(SETTLE)
    return said(a.recv, 20), said(a.recv, 20), said(a.recv, 20)


@probe
def rst_because_unread():
    a, b = pair()
    a.send(b"never read")
    time.sleep(SETTLE)
    b.close()
    return ev(a), said(a.recv, 1)


@probe
def write_after_fin():
    a, b = pair()
    b.close()
    time.sleep(SETTLE)
    first = said(a.send, b"one")
    time.sleep(SETTLE)
    return first, piped(a.send, b"two"), said(a.recv, 1)


@probe
def write_after_fin_poll():
    a, b = pair()
    b.close()
    time.sleep(SETTLE)
    a.send(b"one")
    return ev(a), said(a.recv, 1)


@probe
def write_after_fin_so_error():
    a, b = pair()
    b.close()
    time.sleep(SETTLE)
    a.send(b"one")
    time.sleep(SETTLE)
    return so_error(a), so_error(a), piped(os.write, a.fileno(), b"x")


@probe
def names_after_the_end():
    a, b = pair()
    reset(b)
    time.sleep(SETTLE)
    return said(a.getpeername), a.getsockname()[0], said(a.shutdown, 2)


@probe
def linger_zero():
    a, b = pair()
    a.send(b"x" * 1000)
    reset(a)
    return ev(b)


def kill_with(send_first):
    s = listener()
    name = s.getsockname()
    pid = os.fork()
    if not pid:
        a = stream()
        a.connect(name)
        a.send(b"dying")
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    b, _ = s.accept()
    if send_first:
        b.send(b"unread")
    os.waitpid(pid, 0)
    return ev(b), said(b.recv, 10), said(b.recv, 10)


@probe
def killed_peer():
    return kill_with(False)


@probe
def killed_peer_with_unread_data():
    return kill_with(True)


# ---- urgent data ----------------------------------------------------------------------------

@probe
def urgent():
    a, b = pair()
    b.send(b"ab")
    b.send(b"c", socket.MSG_OOB)
    b.send(b"de")
    return ev(a), said(a.recv, 1, socket.MSG_OOB), said(a.recv, 10), said(a.recv, 10)


@probe
def urgent_none():
    a, _b = pair()
    return said(a.recv, 1, socket.MSG_OOB)


@probe
def urgent_inline():
    a, b = pair()
    a.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    b.send(b"ab")
    b.send(b"c", socket.MSG_OOB)
    b.send(b"de")
    time.sleep(SETTLE)
    return said(a.recv, 10), said(a.recv, 10), a.getsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE)


@probe
def urgent_signal():
    a, b = pair()
    got = []
    signal.signal(signal.SIGURG, lambda *_: got.append(1))
    fcntl.fcntl(a.fileno(), fcntl.F_SETOWN, os.getpid())
    b.send(b"!", socket.MSG_OOB)
    time.sleep(SETTLE * 2)
    return len(got)


# ---- limits ---------------------------------------------------------------------------------

def sized_pair(sndbuf=0, rcvbuf=0):
    """(a, b): so much may wait at a, and at b."""
    ls = listener()
    if rcvbuf:
        ls.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
    a = stream()
    if sndbuf:
        a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
    a.connect(ls.getsockname())
    return a, ls.accept()[0]


@probe
def more_holds():
    a, b = pair()
    out = [a.send(b"x" * 300, socket.MSG_MORE)]
    time.sleep(SETTLE)
    out += [fionread(b), a.send(b"y" * 300)]
    time.sleep(SETTLE)
    return out, fionread(b), said(b.recv, 600) == f"{600} bytes"


@probe
def more_and_write():
    a, b = pair()
    a.send(b"x" * 300, socket.MSG_MORE)
    os.write(a.fileno(), b"y" * 300)
    time.sleep(SETTLE)
    return fionread(b), b.recv(600) == b"x" * 300 + b"y" * 300


@probe
def more_and_fin():
    a, b = pair()
    a.send(b"held", socket.MSG_MORE)
    a.shutdown(socket.SHUT_WR)
    return said(b.recv, 10), said(b.recv, 10)


@probe
def more_blocking():
    """Far more than a buffer holds, each piece with MSG_MORE."""
    a, b = pair()
    got = []
    t = threading.Thread(target=lambda: got.append(read_all(b)))
    t.start()
    sent = sum(a.send(b"x" * 50000, socket.MSG_MORE) for _ in range(100))
    a.shutdown(socket.SHUT_WR)
    t.join(10)
    return sent, got


@probe
def small_buffers_bound():
    a, b = sized_pair(20000, 20000)
    n = fill(a)
    full = ev(a), said(a.send, b"x"), said(os.write, a.fileno(), b"x")
    a.shutdown(socket.SHUT_WR)
    return n < 150000, full, read_all(b) == n


@probe
def small_buffers_bound_write():
    a, _b = sized_pair(20000, 20000)
    a.setblocking(False)
    n = 0
    for _ in range(40):
        got = said(os.write, a.fileno(), b"x" * 10000)
        n += got if isinstance(got, int) else 0
        time.sleep(0.01)
    return 20000 < n < 200000, ev(a)


@probe
def small_buffers_edge():
    a, b = sized_pair(20000, 20000)
    ep = select.epoll()
    fill(a)
    ep.register(a.fileno(), select.EPOLLOUT | select.EPOLLET)
    out = [edges(ep)]
    b.setblocking(False)
    while isinstance(said(b.recv, 65536), (str, bytes)) and fionread(b):
        time.sleep(0.01)
    return out, edges(ep), isinstance(said(a.send, b"x"), int)


@probe
def small_buffers_blocking():
    a, b = sized_pair(5000, 5000)
    got = []
    t = threading.Thread(target=lambda: got.append(read_all(b)))
    t.start()
    sent = a.send(b"x" * 400000)
    a.close()
    t.join(10)
    return sent, got


@probe
def small_buffers_timeout():
    a, _b = sized_pair(5000, 5000)
    a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 300000))
    n = said(a.send, b"x" * 100000)
    return isinstance(n, int) and 1000 < n < 60000, said(a.send, b"x" * 10)


@probe
def notsent_lowat():
    a, b = sized_pair(0, 5000)
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 10000)
    n = fill(a)
    return n < 400000, ev(a), fionread(b) > 0


@probe
def unread_counts_once():
    """What is in b's buffer, and how much of it when some was read."""
    a, b = pair()
    a.send(b"x" * 50000)
    time.sleep(SETTLE)
    out = [fionread(b)]
    b.recv(10000)
    out += [fionread(b), len(b.recv(100000)), fionread(b)]
    return out


@probe
def half_close_then_reset():
    a, b = pair()
    a.shutdown(socket.SHUT_WR)
    time.sleep(SETTLE)
    reset(b)
    return ev(a), said(os.read, a.fileno(), 1), said(os.read, a.fileno(), 1)


@probe
def half_close_then_reset_recv():
    a, b = pair()
    a.send(b"question")
    a.shutdown(socket.SHUT_WR)
    time.sleep(SETTLE)
    b.send(b"half an ans")
    time.sleep(SETTLE)
    reset(b)
    time.sleep(SETTLE)
    return said(a.recv, 4), said(a.recv, 20), said(a.recv, 20), so_error(a)


@probe
def half_close_then_reset_wakes_reader():
    a, b = pair()
    a.shutdown(socket.SHUT_WR)
    return wakes(lambda: reset(b), os.read, a.fileno(), 1)


@probe
def half_close_while_another_writes():
    """Whatever comes is what was written, to its end."""
    fine = []
    for _ in range(20):
        a, b = pair()

        def write(a=a):
            while isinstance(said(os.write, a.fileno(), b"z" * 1000), int):
                pass
        t = threading.Thread(target=write)
        t.start()
        u = threading.Thread(target=a.shutdown, args=(socket.SHUT_WR,))
        u.start()
        data = b""
        while more := b.recv(65536):
            data += more
        t.join(2)
        u.join(2)
        fine.append(not data.strip(b"z"))
    return all(fine)


@probe
def datagrams_shut_half_by_half():
    a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    b.bind((LO, 0))
    a.connect(b.getsockname())
    b.connect(a.getsockname())
    a.shutdown(socket.SHUT_WR)
    a.shutdown(socket.SHUT_RD)
    name = a.getsockname()
    time.sleep(SETTLE)
    return (ev(a), a.getsockname() == name, piped(a.send, b"x"), piped(os.write, a.fileno(), b"x"), said(a.recv, 1),
            said(os.read, a.fileno(), 1), a.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE))


@probe
def datagrams_shut_and_closed():
    """The port is free when the socket is closed, and not before."""
    a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    a.bind((LO, 0))
    name = a.getsockname()
    a.connect((LO, 9))
    a.shutdown(socket.SHUT_RDWR)
    time.sleep(SETTLE)
    before = said(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind, name)
    a.close()
    time.sleep(SETTLE)
    return before, said(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind, name)


# ---- options --------------------------------------------------------------------------------

@probe
def options_defaults():
    s = stream()
    tcp = socket.IPPROTO_TCP
    return [(o, s.getsockopt(tcp, getattr(socket, o))) for o in
            ("TCP_NODELAY", "TCP_CORK", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_SYNCNT",
             "TCP_LINGER2", "TCP_DEFER_ACCEPT", "TCP_WINDOW_CLAMP", "TCP_QUICKACK", "TCP_USER_TIMEOUT",
             "TCP_MAXSEG", "TCP_FASTOPEN", "TCP_NOTSENT_LOWAT")]


@probe
def options_set():
    s = stream()
    tcp = socket.IPPROTO_TCP
    out = []
    for o, v in (("TCP_NODELAY", 1), ("TCP_CORK", 1), ("TCP_KEEPIDLE", 33), ("TCP_KEEPINTVL", 7), ("TCP_KEEPCNT", 3),
                 ("TCP_SYNCNT", 2), ("TCP_LINGER2", 9), ("TCP_DEFER_ACCEPT", 5), ("TCP_USER_TIMEOUT", 777),
                 ("TCP_MAXSEG", 900), ("TCP_NOTSENT_LOWAT", 4096)):
        said(s.setsockopt, tcp, getattr(socket, o), v)
        out.append((o, said(s.getsockopt, tcp, getattr(socket, o))))
    return out


@probe
def options_bad():
    s = stream()
    tcp = socket.IPPROTO_TCP
    return [said(s.setsockopt, tcp, *x) for x in
            ((socket.TCP_KEEPIDLE, 0), (socket.TCP_KEEPIDLE, 40000), (socket.TCP_KEEPCNT, 0), (socket.TCP_SYNCNT, 0),
             (socket.TCP_MAXSEG, 7), (999, 1), (socket.TCP_NODELAY, b"x"), (socket.TCP_INFO, 1))]


@probe
def options_keepalive():
    a, _b = pair()
    a.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    a.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    time.sleep(1.3)
    return ev(a), so_error(a), a.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


@probe
def options_buffers():
    s = stream()
    out = []
    for o in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        s.setsockopt(socket.SOL_SOCKET, o, 20000)
        out.append(s.getsockopt(socket.SOL_SOCKET, o))
        s.setsockopt(socket.SOL_SOCKET, o, 1)
        out.append(s.getsockopt(socket.SOL_SOCKET, o))
    return out


@probe
def options_linger():
    s = stream()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 7))
    return struct.unpack("ii", s.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8))


@probe
def options_info():
    a, b = pair()
    a.send(b"x" * 5000)
    b.recv(10000)
    time.sleep(SETTLE)
    i = a.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
    state, ca, retransmits, probes, backoff, opts, wscale = struct.unpack_from("7B", i)
    mss, = struct.unpack_from("I", i, 16)
    listening = listener().getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    fresh = stream().getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state, ca, retransmits, probes, backoff, opts & 7, mss > 500, listening, fresh


@probe
def options_congestion():
    s = stream()
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
    return (s.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0"),
            said(s.setsockopt, socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"nonesuch"))


@probe
def options_reuse():
    s = stream()
    out = [s.getsockopt(socket.SOL_SOCKET, o) for o in (socket.SO_REUSEADDR, socket.SO_REUSEPORT)]
    a, b = pair()
    name = b.getsockname()
    b.close()
    time.sleep(SETTLE)
    a.close()
    time.sleep(SETTLE)
    without, with_it = stream(), stream()
    with_it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return out, said(without.bind, name), said(with_it.bind, name)


def one(fn):
    """Probe in a process of its own; its line goes to a pipe.  Return: (pid, descriptor)"""
    r, w = os.pipe()
    pid = os.fork()
    if pid:
        os.close(w)
        return pid, r
    os.close(r)
    signal.alarm(20)
    try:
        line = f"{fn.__name__}: {fn()}"
    except BaseException as e:
        line = f"{fn.__name__}: {type(e).__name__} {e}"
    os.write(w, line.encode() + b"\n")
    os._exit(0)


def end_of(fn, pid, fd):
    """Its line, when it has ended."""
    with os.fdopen(fd, "rb") as f:
        line = f.read().decode()
    status = os.waitpid(pid, 0)[1]
    print(line.strip() if not status else f"{fn.__name__}: ended with {status}", flush=True)


def main(words):
    signal.signal(signal.SIGPIPE, lambda *_: pipes.append(1))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    running = []
    for fn in PROBES:
        if words and not any(w in fn.__name__ for w in words):
            continue
        running.append((fn, *one(fn)))
        if len(running) == AT_ONCE:
            end_of(*running.pop(0))
    for job in running:
        end_of(*job)


if __name__ == "__main__":
    main(sys.argv[1:])
