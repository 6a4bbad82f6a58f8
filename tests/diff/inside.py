# SPDX-License-Identifier: BSD-2-Clause
"""Runs inside a stack: netlink requests, datagrams, and what the stack says by itself, with its time.

    inside.py FAMILY GROUPS: whose datagrams it sends, what it listens to
One JSON array per line in, one JSON value per line out; octets are in hexadecimal.  It waits for its
notifications as it waits for its orders, so that a notification's time is that of its arrival.
"""

import json
import os
import select
import socket
import struct
import sys
import time

SOL_NETLINK, IP_RECVERR, IPV6_RECVERR = 270, 11, 25
NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 10, 11, 12
PATIENCE_S = 2.0


def netlink(groups=0):
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK):
        sock.setsockopt(SOL_NETLINK, option, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    sock.bind((0, groups))
    return sock


class Inside:
    def __init__(self, family, groups):
        self.requests = netlink()
        self.requests.settimeout(PATIENCE_S)
        self.listener = netlink(groups)
        self.sender = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            self.errors_are = socket.IPPROTO_IPV6, IPV6_RECVERR
        else:
            self.errors_are = socket.SOL_IP, IP_RECVERR
        self.sender.setsockopt(*self.errors_are, 1)
        self.sender.bind(("", 6100))
        self.heard = []

    def do_hello(self):
        return self.requests.getsockname()[0]

    def do_netlink(self, request):
        """The datagrams that answer one request."""
        request = bytes.fromhex(request)
        self.requests.send(request)
        got, last, wants_ack = [], False, struct.unpack("=H", request[6:8])[0] & 4
        while not last:
            try:
                data = self.requests.recv(1 << 17)
            except TimeoutError:
                break
            got.append(data.hex())
            offset = 0
            while offset + 16 <= len(data):
                size, kind, flags = struct.unpack("=IHH", data[offset:offset + 8])
                last = last or kind in (2, 3) or not (flags & 2 or wants_ack)
                offset += (max(size, 16) + 3) & ~3
        return got

    def do_send(self, host, size, count, flags, *scope):
        """The errno of each datagram that a program sends (0: none)."""
        errors, scope = [], (0, *scope) if scope else ()
        for _ in range(count):
            try:
                self.sender.sendto(bytes(size), flags, (host, 5000, *scope))
                errors.append(0)
            except OSError as error:
                errors.append(error.errno)
        return errors

    def do_ping(self, host, scope, data):
        """One echo request by a socket of its own; its errno, 0 without."""
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6) as sock:
            try:
                sock.bind(("::", 77))
                sock.sendto(bytes([128, 0, 0, 0, 0, 0, 0, 1]) + bytes(data), (host, 0, 0, scope))
            except OSError as error:
                return error.errno
        return 0

    def do_read(self, path):
        """A file, or the errno of it."""
        try:
            with open(path, encoding="ascii") as file:
                return file.read()
        except OSError as error:
            return error.errno

    def do_write(self, path, text):
        """What the file holds then, or the errno of it."""
        try:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        except OSError as error:
            return error.errno
        return self.do_read(path)

    def do_take(self):
        """What was heard since the last time, and the errors that wait at the sender's socket."""
        self.hear()
        errors = []
        while True:
            try:
                _, control, _, to = self.sender.recvmsg(2048, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
            except OSError:
                break
            for _, kind, data in control:
                if kind == self.errors_are[1]:
                    errors.append([to[0], *struct.unpack("=IBBB", data[:7])])
        heard, self.heard = self.heard, []
        return {"heard": heard, "errors": errors}

    def hear(self):
        while True:
            try:
                data = self.listener.recv(1 << 17, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError as error:
                data = b"error %d" % error.errno
            self.heard.append([time.monotonic(), data.hex()])

    def serve(self):
        poll, rest = select.poll(), b""
        poll.register(0, select.POLLIN)
        poll.register(self.listener, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd:
                    self.hear()
                    continue
                more = os.read(0, 65536)
                if not more:
                    return
                *lines, rest = (rest + more).split(b"\n")
                for line in lines:
                    name, *args = json.loads(line)
                    began = time.monotonic()
                    answer = getattr(self, "do_" + name)(*args)
                    print(json.dumps([began, answer]), flush=True)


if __name__ == "__main__":
    Inside(*map(int, sys.argv[1:])).serve()
