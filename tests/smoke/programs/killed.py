#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the peer of a program sees when that is killed with SIGKILL, whatever it was doing.

    killed.py CASE                          both are on the loopback of one stack
    killed.py CASE victim ADDRESS FILE      it is told there where to connect to, or listens there; its pid goes to FILE
    killed.py CASE watcher ADDRESS FILE     the peer: it kills the victim, and says what it saw

Cases: idle, unread (in the victim's receive queue), sending (with the peer's window closed), sending_unread, flooded
(by the peer), half_closed (by the victim), half_closed_by_peer, backlog (three connections that the victim has not
accepted), accepted,
served (three, which were accepted and have been answered).
"""

import fcntl
import os
import select
import signal
import socket
import sys
import termios
import time

PORT = 9000
PATIENCE_S = 30
LISTENING = ("backlog", "accepted", "served")
LOT = b"x" * 50000


def until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"not in time: {what}")
        time.sleep(0.02)


def queued(s, request=termios.FIONREAD):
    return int.from_bytes(fcntl.ioctl(s.fileno(), request, b"\0" * 4), sys.byteorder)


def listener(address):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, PORT))
    s.listen(8)
    return s


def connected(address):
    """Whoever listens there may not have begun to."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        s = socket.socket()
        try:
            s.connect((address, PORT))
            return s
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def ready(path, wrote=0):
    """The victim is where it shall die."""
    with open(path + ".new", "w", encoding="ascii") as f:
        f.write(f"{os.getpid()} {wrote}")
    os.rename(path + ".new", path)


def told(path):
    """The victim's pid, and how many bytes a send() of it has taken."""
    until(lambda: os.path.exists(path), "the victim is ready")
    with open(path, encoding="ascii") as f:
        return map(int, f.read().split())


# ---- the victim -------------------------------------------------------------------------------------

def listen_and_die(case, address, path):
    s = listener(address)
    if case == "backlog":
        ready(path)
        time.sleep(1000)
    held = [s.accept()[0] for _ in range(3)]
    for c in held:
        if case == "served":
            c.recv(100)
            c.sendall(b"answer")
    ready(path)
    time.sleep(1000)


def victim(case, address, path):
    if case in LISTENING:
        listen_and_die(case, address, path)
    s = connected(address)
    if case in ("unread", "sending_unread"):
        until(lambda: queued(s) >= 1000, "something is there to read")
    if case.startswith("half_closed_by_peer"):
        until(lambda: s.recv(1) == b"", "the peer's end")
    elif case == "half_closed":
        s.shutdown(socket.SHUT_WR)
    if case.startswith("sending"):
        s.setblocking(False)
        full = wrote = 0
        while full < 10:                # it stays full
            try:
                wrote += s.send(LOT)
                full = 0
            except BlockingIOError:
                full += 1
                time.sleep(0.05)
        s.setblocking(True)
        ready(path, wrote)
        s.sendall(LOT * 100)
    elif case == "flooded":
        for _ in range(100):
            s.recv(1000)
        until(lambda: queued(s) > 0, "there is more")
    ready(path)
    time.sleep(1000)


# ---- its peer ---------------------------------------------------------------------------------------

def rest_of(s, wrote):
    """How it ends, and what came before that."""
    s.settimeout(PATIENCE_S)
    count = 0
    try:
        while got := s.recv(1 << 20):
            count += len(got)
        how = "end"
    except OSError as error:
        how = type(error).__name__
    if not count:
        return how
    return f"{how} after {'all' if count >= wrote else 'some'} of it"


def connections(case, address, path):
    """The watcher's, when the victim is ready."""
    if case in LISTENING:
        if case == "backlog":
            told(path)
        ours = [connected(address) for _ in range(3)]
        if case == "served":
            for s in ours:
                s.sendall(b"question")
        return ours, told(path)
    ls = listener(address)
    print("listens", flush=True)
    s, _ = ls.accept()
    if case in ("unread", "sending_unread"):
        s.sendall(b"y" * 1000)
    elif case == "half_closed_by_peer":
        s.shutdown(socket.SHUT_WR)
    elif case == "flooded":
        s.setblocking(False)
        deadline = time.monotonic() + PATIENCE_S
        while not os.path.exists(path) and time.monotonic() < deadline:
            try:
                s.send(LOT)
            except BlockingIOError:
                time.sleep(0.01)
        s.setblocking(True)
    return [s], told(path)


def watcher(case, address, path):
    ours, (pid, wrote) = connections(case, address, path)
    time.sleep(0.3)                     # what is on its way
    os.kill(pid, signal.SIGKILL)
    if case == "half_closed":           # its end came before: who writes to it learns that nobody is there
        rest_of(ours[0], 0)
        time.sleep(0.3)
        print(rest_after_write(ours[0]), flush=True)
        return
    print(", ".join(sorted(rest_of(s, wrote) for s in ours)), flush=True)


def rest_after_write(s):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            s.send(b"z")
        except OSError as error:
            return type(error).__name__
        time.sleep(0.1)
    return "all was taken"


def main(case, role="both", address="127.0.0.1", path=None):
    path = path or f"/tmp/killed-{os.getpid()}-{case}"
    if role == "both":
        child = os.fork()
        role = "watcher" if child else "victim"
    try:
        {"victim": victim, "watcher": watcher}[role](case, address, path)
    finally:
        if role == "watcher" and os.path.exists(path):
            os.unlink(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
