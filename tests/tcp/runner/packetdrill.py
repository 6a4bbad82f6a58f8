# SPDX-License-Identifier: BSD-2-Clause
"""libnethood-packetdrill.so in this process: the stack as packetdrill has it, in virtual time.

Calls that block are made by a thread, as packetdrill makes them.  The host has no Ethernet and the interface no
getsockname(), so scripts about these are not for this stack, nor those that end a program.  The process moves to a
network namespace of its own, from which the host takes its sysctls; so it plays one script at a time, and nothing else.
NETHOOD_PACKETDRILL names the library; without it, it is the newest of build/*/apps/packetdrill that was built without
sanitizers.
"""

import ctypes
import fcntl
import os
import select
import socket
import struct
import time

from . import inside, segment
from .library import Frame, LibraryProgram, LibrarySock, LibrarySocket, LibraryStack, under_test

FLAGS = {"ipv4": "ipv4,10.77.0.2/24,10.77.0.1,10.99.0.0/24,mtu={},offload=off",
         "mapped": "ipv4-mapped-ipv6,10.77.0.2/24,10.77.0.1,10.99.0.0/24,mtu={},offload=off",
         "ipv6": "ipv6,fd77::2/64,fd77::1,fd99::/64,mtu={},offload=off"}
LOOK_S, LOOK_LATER_S, LATER_S = 0.001, 0.005, 2.0       # how long the clock runs before the wire is looked at
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
IFINDEX = 2                             # of tun0, behind lo
FENCE = 0x4e48

P, I, U, Z, S = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint, ctypes.c_size_t, ctypes.c_ssize_t
FUNCTIONS = (           # the order is the interface's
    ("free", None), ("socket", I, I, I, I), ("bind", I, I, P, U), ("listen", I, I, I), ("accept", I, I, P, P),
    ("connect", I, I, P, U), ("read", S, I, P, Z), ("readv", S, I, P, I), ("recv", S, I, P, Z, I),
    ("recvfrom", S, I, P, Z, I, P, P), ("recvmsg", S, I, P, I), ("write", S, I, P, Z), ("writev", S, I, P, I),
    ("send", S, I, P, Z, I), ("sendto", S, I, P, Z, I, P, U), ("sendmsg", S, I, P, I), ("fcntl", I, I, I, P),
    ("ioctl", I, I, ctypes.c_ulong, P), ("close", I, I), ("shutdown", I, I, I), ("getsockopt", I, I, I, I, P, P),
    ("setsockopt", I, I, I, I, P, U), ("poll", I, P, ctypes.c_ulong, I), ("netdev_send", I, P, Z),
    ("netdev_receive", I, P, P, P), ("usleep", I, U), ("gettimeofday", I, P, P), ("epoll_create", I, I),
    ("epoll_ctl", I, I, I, I, P), ("epoll_wait", I, I, P, I, I), ("pipe", I, P), ("splice", S, I, P, I, P, Z, U))
libc = ctypes.CDLL(None, use_errno=True)


def plays(path):
    """Whether a script is for this stack."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return not any(word in text for word in ("exit()", "l2broadcast", "port("))


def own_namespace(moved=[]):
    """Once; sysctls are as a fresh namespace has them, and each script leaves them so."""
    uid = os.getuid()
    if moved:
        return
    moved.append(uid)
    if libc.unshare(CLONE_NEWNET) == 0:
        return
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "no network namespace of one's own")
    with open("/proc/self/uid_map", "w", encoding="ascii") as file:
        file.write(f"0 {uid} 1")


def sysctl_path(key):
    return "/proc/sys/" + key.replace(".", "/")


class Interface:
    """struct packetdrill_interface: a method for each function; what fails is an OSError."""

    def __init__(self, flags):
        self._table = (P * (1 + len(FUNCTIONS)))()
        library = under_test("NETHOOD_PACKETDRILL", "apps/packetdrill/libnethood-packetdrill.so")
        library.packetdrill_interface_init(flags.encode(), self._table)
        for pointer, (name, *types) in zip(self._table[1:], FUNCTIONS):
            setattr(self, name, self._method(ctypes.CFUNCTYPE(types[0], P, *types[1:], use_errno=True)(pointer)))

    def _method(self, function):
        def call(*args):
            result = function(self._table[0], *args)
            if result is not None and result < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            return result
        return call


class Wire:
    """Bare packets; the player adds and expects Ethernet."""

    def __init__(self, stack):
        self.stack, self.answers, self.inbox = stack, {}, []
        self.room = ctypes.create_string_buffer(65536)
        self.fences = 0

    def send(self, frame):
        now = self.stack.now()
        if frame[12:14] == b"\x08\x00" or frame[12:14] == b"\x86\xdd":    # nobody asks for an address here
            self.stack.pd.netdev_send(frame[14:], len(frame) - 14)
        return now

    def _receive(self):
        size, when = ctypes.c_size_t(65536), ctypes.c_longlong()
        self.stack.pd.netdev_receive(self.room, ctypes.byref(size), ctypes.byref(when))
        return self.room.raw[:size.value], when.value

    def look(self):
        """All that has left, and the clock does not move: the answer to an echo request comes behind it."""
        self.fences = self.fences + 1 & 0xffff
        packet, answer = self.stack.fence(FENCE << 16 | self.fences)
        self.stack.pd.netdev_send(packet, len(packet))
        while True:
            raw, when = self._receive()
            if not raw:
                raise AssertionError("an echo request has no answer")
            if answer(raw):
                return
            ethertype = b"\x86\xdd" if raw[0] >> 4 == 6 else b"\x08\x00"
            self.inbox.append(Frame(bytes(12) + ethertype + raw, self.stack.seconds(when)))


def fence4(number):
    """An echo request, and what its answer is."""
    rest = struct.pack("!I", number)
    return (segment.icmp("10.77.0.1", "10.77.0.2", 8, 0, number, b""),
            lambda raw: raw[0] >> 4 == 4 and raw[9] == 1 and raw[20:22] == b"\0\0" and raw[24:] == rest)


def fence6(number):
    rest = struct.pack("!I", number)
    return (segment.icmp("fd77::1", "fd77::2", 128, 0, number, b""),
            lambda raw: raw[0] >> 4 == 6 and raw[6] == 58 and raw[40:42] == b"\x81\0" and raw[44:] == rest)


class PacketdrillStack(LibraryStack):
    kind = "packetdrill"

    version, fence = "ipv4", staticmethod(fence4)

    def __init__(self, sysctls=None, mtu=1500, seed="", ipv6=False):    # pylint: disable=super-init-not-called
        own_namespace()
        if ipv6:
            self.version, self.fence = "ipv6", fence6
        self.before = {}
        for key, value in (sysctls or {}).items():
            self._write(key, value)
        self.pd, self.lib, self.dev = Interface(FLAGS[self.version].format(mtu)), self, None
        self.begin_us = None
        self.port = Wire(self)
        self.program = PacketdrillProgram(self)

    @staticmethod
    def nethood_dev_ifindex(_):
        return IFINDEX

    # ---- time -------------------------------------------------------------

    def seconds(self, when_us):
        if self.begin_us is None:
            self.begin_us = when_us
        return (when_us - self.begin_us) / 1e6

    def now(self):
        tv = (ctypes.c_long * 2)()
        self.pd.gettimeofday(tv, None)
        return self.seconds(tv[0] * 1_000_000 + tv[1])

    def sleep(self, seconds):
        while seconds > 0:
            self.pd.usleep(round(min(seconds, 1000) * 1e6))
            seconds -= 1000

    def step(self, until_s, look_s=LOOK_S):
        left = until_s - self.now()
        self.sleep(min(max(left, 1e-6), look_s))
        return left > 0

    def next_frame(self, deadline):
        begin = self.now()
        self.port.look()
        while not self.port.inbox:
            now = self.now()
            if now >= deadline:
                return None
            self.step(deadline, LOOK_S if now < begin + LATER_S else LOOK_LATER_S)
            self.port.look()
        return self.port.inbox.pop(0)

    # ---- settings ---------------------------------------------------------

    def _write(self, key, value):
        if key not in self.before:
            self.before[key] = self.sysctl(key)
        with open(sysctl_path(key), "w", encoding="utf-8") as file:
            file.write(str(value))

    def sysctl(self, key, value=None):
        """The host reads what has changed when a socket is made."""
        if value is None:
            with open(sysctl_path(key), encoding="utf-8") as file:
                return file.read().strip()
        self._write(key, value)
        PacketdrillSocket(self, socket.AF_INET, socket.SOCK_DGRAM, 0).close()
        return str(value)

    def close(self):
        self.program.close()
        self.pd.free()
        for key, value in self.before.items():
            self._write(key, value)


class PacketdrillSocket(LibrarySocket):
    def __init__(self, stack, *args, handle=None):      # pylint: disable=super-init-not-called
        self.stack, self.pd = stack, stack.pd
        self.handle = self.pd.socket(*args) if handle is None else handle
        self.setblocking(False)

    def _do(self, name, *args, first=None):
        if name == "ioctl":
            args = args[:2]             # the library's has the size, too
        return getattr(self.pd, name)(self.handle, *args)

    def setblocking(self, on):
        self.pd.fcntl(self.handle, fcntl.F_SETFL, os.O_RDWR | (0 if on else os.O_NONBLOCK))

    def accept(self):
        return PacketdrillSocket(self.stack, handle=self.pd.accept(self.handle, None, None)), None

    def readiness(self):
        wanted = select.POLLIN | select.POLLPRI | select.POLLOUT | select.POLLRDHUP
        box = ctypes.create_string_buffer(struct.pack("=iHH", self.handle, wanted, 0), 8)
        self.pd.poll(box, 1, 0)
        return struct.unpack("=iHH", box.raw)[2]

    def close(self):
        if self.handle is not None:
            handle, self.handle = self.handle, None
            self.pd.close(handle)


PacketdrillStack.socket_class = PacketdrillSocket


class MappedPacketdrillStack(PacketdrillStack):
    """As packetdrill has it: sockets of IPv6, a wire of IPv4."""
    version = "mapped"


class PacketdrillProgram(LibraryProgram):
    """The program of inside.py, whose calls are the interface's; what blocks has a thread."""

    def do_join(self, ticket, within_s):
        thread, box = self.later[ticket]
        until = self.now() + within_s
        while thread.is_alive():
            if self.now() >= until:
                return None
            self.stack.step(until)
            time.sleep(0)
            thread.join(0.0005)
        return box["value"], box["time"]

    def call_socket(self, name, want, blocking, cc, family):
        sock = PacketdrillSocket(self.stack, family, socket.SOCK_STREAM, 0)
        self.socks[name] = LibrarySock(sock)
        if cc:
            sock.setsockopt(socket.IPPROTO_TCP, inside.TCP_CONGESTION, cc.encode())
        sock.setblocking(blocking)
        return 0

    def call_accept(self, name, want, s, blocking=False):
        child, _ = self.socks[s].sock.accept()
        child.setblocking(blocking)
        if name is None:
            child.close()
        else:
            self.socks[name] = LibrarySock(child)
        return 0
