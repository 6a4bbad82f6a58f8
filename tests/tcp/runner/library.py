# SPDX-License-Identifier: BSD-2-Clause
"""nethood as a library in this process, in virtual time: nobody waits, and nothing is ever late.

The wire is a function call, the program's calls are the library's, the clock is a number.  Only calls that block are
not for this stack: a library's never do.  NETHOOD_LIBRARY names the shared library; without it, it is the newest
of build/*/src/libnethood.so that was built without sanitizers.
"""

import collections
import ctypes
import glob
import hashlib
import os
import re
import select
import socket
import struct

from lab import packets6
from lab.stack import QUIET6

from . import inside

TREE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
MAC, PEER_MAC = bytes.fromhex("020000000002"), bytes.fromhex("020000007701")
BEGIN_NS = 1_000_000_000_000
CALL_NS = 20_000                        # what a call or a frame takes
NEVER = (1 << 64) - 1
SIOCSIFADDR, SIOCSIFNETMASK, SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x891C, 0x8913, 0x8914, 1
METRICS = {"mtu": 2, "window": 3, "rtt": 4, "ssthresh": 6, "cwnd": 7, "advmss": 8, "initcwnd": 11, "features": 12,
           "rto_min": 13, "initrwnd": 14, "quickack": 15}
FEATURES = {"ecn": 1}
ROUTE = re.compile(r"(?:-6 )?route replace (?P<dst>10\.77\.0\.0|fd77::)/(?P<len>24|64) dev eth0 "
                   r"(?:proto kernel metric (?P<metric>\d+) )?src (?P<src>\S+)")
RTM_NEWADDR, RTM_NEWROUTE, IFA_F_NODAD = 20, 24, 2


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class Msghdr(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint), ("iov", ctypes.POINTER(Iovec)),
                ("iovlen", ctypes.c_size_t), ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
                ("flags", ctypes.c_int)]


class Config(ctypes.Structure):
    _fields_ = [("hostname", ctypes.c_char_p), ("memory", ctypes.c_void_p), ("random_key", ctypes.c_uint8 * 32),
                ("now_ns", ctypes.c_uint64), ("wall_ns", ctypes.c_uint64), ("profile", ctypes.c_int),
                ("log", ctypes.c_void_p), ("log_ctx", ctypes.c_void_p), ("record_bytes", ctypes.c_size_t)]


XMIT = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Iovec), ctypes.c_int)


class DevConfig(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("driver", ctypes.c_char_p), ("arg", ctypes.c_char_p), ("fd", ctypes.c_int),
                ("mtu", ctypes.c_uint32), ("lladdr", ctypes.c_char_p), ("queues", ctypes.c_uint32),
                ("offload", ctypes.c_bool), ("xmit", XMIT), ("ctx", ctypes.c_void_p)]


def under_test(variable, name):
    """The shared library under test; a missing one is a failure, never a skip."""
    named = os.environ.get(variable)
    found = [named] if named else sorted(glob.glob(f"{TREE}/build/*/{name}"), key=os.path.getmtime)
    for path in reversed(found):
        with open(path, "rb") as file:
            if b"__asan_init" not in file.read():
                return ctypes.CDLL(path)
    raise AssertionError(f"no {os.path.basename(name)} without sanitizers to test; build it, or name it in {variable}")


def library():
    lib = under_test("NETHOOD_LIBRARY", "src/libnethood.so")
    lib.nethood_next_deadline.restype = ctypes.c_uint64
    lib.nethood_poll.restype = ctypes.c_bool
    lib.nethood_readiness.restype = ctypes.c_uint32
    for name in ("sendto", "sendmsg", "recvmsg", "recvfrom"):
        getattr(lib, "nethood_" + name).restype = ctypes.c_ssize_t
    return lib


def checked(result):
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def address_of(raw):
    """(address, port) of a struct sockaddr."""
    family, port = struct.unpack_from("=H", raw)[0], int.from_bytes(raw[2:4], "big")
    return socket.inet_ntop(family, raw[8:24] if family == socket.AF_INET6 else raw[4:8]), port


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def sockaddr(address):
    if ":" in address[0]:
        return struct.pack("=HHI16sI", socket.AF_INET6, socket.htons(address[1]), 0,
                           socket.inet_pton(socket.AF_INET6, address[0]), 0)
    return struct.pack("=HH4s8x", socket.AF_INET, socket.htons(address[1]), socket.inet_aton(address[0]))


Frame = collections.namedtuple("Frame", "raw time")


class VirtualPort:
    """The wire: frames that left, and a way to send some."""

    def __init__(self, stack):
        self.stack, self.answers, self.inbox, self.due = stack, {}, [], []

    def send(self, frame):
        self.stack.tick()
        self.stack.lib.nethood_dev_receive(self.stack.dev, frame, ctypes.c_size_t(len(frame)))
        now = self.stack.now()
        self.stack.work()
        return now

    def left(self, raw):
        """The stack has sent a frame; who asks for one of us gets an answer a little later."""
        if raw[12:14] == b"\x08\x06" and raw[20:22] == b"\x00\x01":
            if socket.inet_ntoa(raw[38:42]) in self.answers:
                self.due.append(raw[6:12] + PEER_MAC + raw[12:20] + b"\x00\x02" + PEER_MAC + raw[38:42] + raw[22:32])
            return
        answer = packets6.na_to(raw, self.answers)
        if answer:
            self.due.append(answer)
        else:
            self.inbox.append(Frame(raw, self.stack.now()))


class LibraryStack:
    kind = "library"
    mac = "02:00:00:00:00:02"

    def __init__(self, sysctls=None, mtu=1500, seed="", ipv6=False):
        self.lib, self.ns = library(), BEGIN_NS
        self.net, self.dev = ctypes.c_void_p(), ctypes.c_void_p()
        config = Config(now_ns=self.ns, wall_ns=self.ns, record_bytes=0)
        config.random_key[:] = hashlib.sha256(seed.encode()).digest()
        checked(self.lib.nethood_create(ctypes.byref(config), ctypes.byref(self.net)))
        self.port = VirtualPort(self)
        self._xmit = XMIT(self._left)
        for key, value in (QUIET6 if ipv6 else {}).items():
            self.sysctl(key, value)
        dev = DevConfig(name=b"eth0", driver=b"user", fd=-1, mtu=mtu, lladdr=MAC, xmit=self._xmit)
        checked(self.lib.nethood_dev_create(self.net, ctypes.byref(dev), ctypes.byref(self.dev)))
        for key, value in (sysctls or {}).items():
            self.sysctl(key, value)
        self._configure()
        if ipv6:
            self._configure6()
        self.program = LibraryProgram(self)

    def _left(self, _, pieces, count):
        self.port.left(b"".join(ctypes.string_at(pieces[i].base, pieces[i].len) for i in range(count)))
        return 0

    def _configure(self):
        sock = LibrarySocket(self, socket.AF_INET, socket.SOCK_DGRAM, 0)
        for name in (b"lo", b"eth0"):
            flags = sock.ifreq(SIOCGIFFLAGS, name, bytes(24))
            sock.ifreq(SIOCSIFFLAGS, name, struct.pack("=H22x", struct.unpack_from("=H", flags, 16)[0] | IFF_UP))
        for name, address, mask in ((b"lo", "127.0.0.1", "255.0.0.0"), (b"eth0", "10.77.0.2", "255.255.255.0")):
            sock.ifreq(SIOCSIFADDR, name, sockaddr((address, 0)))
            sock.ifreq(SIOCSIFNETMASK, name, sockaddr((mask, 0)))
        sock.close()
        self.work()

    def _configure6(self):
        """fd77::2/64, which nobody has to be asked about."""
        index = checked(self.lib.nethood_dev_ifindex(self.dev))
        body = struct.pack("=BBBBI", socket.AF_INET6, 64, IFA_F_NODAD, 0, index)
        self.request(RTM_NEWADDR, 0x605, body + attribute(2, socket.inet_pton(socket.AF_INET6, "fd77::2")))

    # ---- time -------------------------------------------------------------

    def now(self):
        return self.ns / 1e9

    def tick(self):
        self.ns += CALL_NS
        self.lib.nethood_set_time(self.net, ctypes.c_uint64(self.ns))

    def work(self):
        """All that is due now."""
        while True:
            while self.lib.nethood_poll(self.net, ctypes.c_uint64(self.ns)):
                pass
            if not self.port.due:
                return
            for frame in self.port.due:
                self.lib.nethood_dev_receive(self.dev, frame, ctypes.c_size_t(len(frame)))
            self.port.due = []

    def step(self, until_s):
        """To the next moment at which something is due; False if that is later than @until_s."""
        due, until = self.lib.nethood_next_deadline(self.net), round(until_s * 1e9)
        if due == NEVER or due > until:
            self.ns = max(self.ns, until)
            self.work()
            return False
        self.ns = max(self.ns + 1, due)
        self.work()
        return True

    def sleep(self, seconds):
        until = self.now() + seconds
        while self.step(until):
            pass

    def next_frame(self, deadline):
        while not self.port.inbox:
            if self.now() >= deadline or not self.step(deadline) and not self.port.inbox:
                return None
        return self.port.inbox.pop(0)

    # ---- settings ---------------------------------------------------------

    def sysctl(self, key, value=None):
        if value is None:
            text = ctypes.create_string_buffer(4096)
            checked(self.lib.nethood_sysctl_get(self.net, key.encode(), text, ctypes.c_size_t(4096)))
            return text.value.decode()
        checked(self.lib.nethood_sysctl_set(self.net, key.encode(), str(value).encode()))
        return str(value)

    def ip(self, words):
        """`ip route replace 10.77.0.0/24 dev eth0 src 10.77.0.2` (or IPv6's) with metrics, as netlink has it."""
        found = ROUTE.match(words)
        if not found:
            raise AssertionError(f"only one route can be changed here, not {words}")
        metrics, lock = b"", 0
        rest = words[found.end():].split()
        while rest:
            kind = METRICS[rest.pop(0)]
            if rest[0] == "lock":
                rest.pop(0)
                lock |= 1 << kind
            text = rest.pop(0)
            value = FEATURES.get(text) or int(text.removesuffix("ms"))
            metrics += struct.pack("=HHI", 8, kind, value)
        if lock:
            metrics += struct.pack("=HHI", 8, 1, lock)
        index = checked(self.lib.nethood_dev_ifindex(self.dev))
        family = socket.AF_INET6 if ":" in found["dst"] else socket.AF_INET
        dst, src = (socket.inet_pton(family, found[name]) for name in ("dst", "src"))
        attrs = attribute(1, dst) + attribute(4, struct.pack("=I", index)) + attribute(7, src) + attribute(8, metrics)
        if found["metric"]:
            attrs += attribute(6, struct.pack("=I", int(found["metric"])))
        proto, scope = (2, 0) if found["metric"] else (3, 253)
        body = struct.pack("=BBBBBBBBI", family, int(found["len"]), 0, 0, 254, proto, scope, 1, 0) + attrs
        self.request(RTM_NEWROUTE, 0x505, body)

    def request(self, kind, flags, body):
        answer = self.netlink(0, struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body)
        error = struct.unpack_from("=i", answer, 16)[0]
        if error:
            raise AssertionError(f"rtnetlink says {os.strerror(-error)}")

    def netlink(self, proto, message):
        sock = self.socket_class(self, socket.AF_NETLINK, socket.SOCK_RAW, proto)
        sock.sendto(message, 0, struct.pack("=HHII", socket.AF_NETLINK, 0, 0, 0))
        answers, until = b"", self.now() + 1
        while True:
            try:
                more = sock.recv(1 << 18)
            except BlockingIOError:
                if self.now() > until:
                    break
                self.step(self.now() + 0.01)
                continue
            answers += more
            if struct.unpack_from("=H", more, 4)[0] in (2, 3) or inside.answers_done(more):
                break
        sock.close()
        return answers

    def close(self):
        self.program.close()
        self.lib.nethood_free(self.net)
        self.net = None


def cmsgs_of(raw):
    """[(level, type, octets)] of a buffer of control messages."""
    found, at = [], 0
    while at + 16 <= len(raw):
        length, level, kind = struct.unpack_from("=Qii", raw, at)
        found.append((level, kind, raw[at + 16:at + length]))
        at += (length + 7) & ~7
    return found


class LibrarySocket:
    """socket.socket's methods, as far as a script needs them."""

    def __init__(self, stack, *args, handle=None):
        self.stack, self.lib = stack, stack.lib
        self.handle = handle or ctypes.c_void_p()
        if not handle:
            self._do("socket", *args, ctypes.byref(self.handle), first=stack.net)

    def _do(self, name, *args, first=None):
        self.stack.tick()
        result = getattr(self.lib, "nethood_" + name)(first or self.handle, *args)
        self.stack.work()
        return checked(result)

    def setsockopt(self, level, option, value):
        value = struct.pack("=i", value) if isinstance(value, int) else value
        self._do("setsockopt", level, option, value, ctypes.c_uint(len(value)))

    def getsockopt(self, level, option, size=0):
        value, length = ctypes.create_string_buffer(size or 4), ctypes.c_uint(size or 4)
        self._do("getsockopt", level, option, value, ctypes.byref(length))
        return value.raw[:length.value] if size else struct.unpack("=i", value.raw[:4])[0]

    def setblocking(self, _):
        pass

    def bind(self, address):
        name = sockaddr(address)
        self._do("bind", name, len(name))

    def listen(self, backlog):
        self._do("listen", backlog)

    def connect(self, address):
        name = sockaddr(address)
        self._do("connect", name, len(name))

    def accept(self):
        child = ctypes.c_void_p()
        self._do("accept", ctypes.byref(child), None, None)
        return LibrarySocket(self.stack, handle=child), None

    def send(self, data, flags=0):
        return self._do("sendto", data, ctypes.c_size_t(len(data)), flags, None, 0)

    def sendto(self, data, flags, address):
        address = sockaddr(address) if isinstance(address, tuple) else address
        return self._do("sendto", data, ctypes.c_size_t(len(data)), flags, address, len(address))

    def recv(self, size, flags=0):
        data = ctypes.create_string_buffer(max(size, 1))
        got = self._do("recvfrom", data, ctypes.c_size_t(size), flags, None, None)
        return data.raw[:min(got, size)]

    def recvmsg(self, size, control_size, flags):
        data, control = ctypes.create_string_buffer(max(size, 1)), ctypes.create_string_buffer(control_size)
        vector = struct.pack("=QQ", ctypes.addressof(data), size)
        vector = ctypes.create_string_buffer(vector, len(vector))
        header = struct.pack("=QQQQQQi4x", 0, 0,
                             ctypes.addressof(vector), 1, ctypes.addressof(control), control_size, 0)
        header = ctypes.create_string_buffer(header, len(header))
        got = self._do("recvmsg", header, flags)
        used, flags = struct.unpack_from("=Qi", header, 40)
        return data.raw[:min(got, size)], cmsgs_of(control.raw[:used]), flags, None

    def shutdown(self, how):
        self._do("shutdown", how)

    def getsockname(self):
        name, length = ctypes.create_string_buffer(28), ctypes.c_uint(28)
        self._do("getsockname", name, ctypes.byref(length))
        return address_of(name.raw)

    def disconnect(self):
        self._do("connect", struct.pack("=H14x", socket.AF_UNSPEC), 16)

    def ioctl(self, request, buffer):
        box = ctypes.create_string_buffer(bytes(buffer), len(buffer))
        self._do("ioctl", ctypes.c_ulong(request), box, ctypes.c_size_t(len(buffer)))
        return box.raw

    def ifreq(self, request, name, rest):
        return self.ioctl(request, (struct.pack("=16s", name) + rest).ljust(40, b"\0"))

    def readiness(self):
        return self.lib.nethood_readiness(self.handle)

    def close(self):
        if self.handle:
            self.stack.tick()
            self.lib.nethood_close(self.handle)
            self.handle = None
            self.stack.work()


LibraryStack.socket_class = LibrarySocket


class LibrarySock(inside.Sock):
    def wait(self, events, patience_s):
        stack = self.sock.stack
        until = stack.now() + patience_s
        while not self.sock.readiness() & (events | select.POLLERR | select.POLLHUP):
            if not stack.step(until):
                return bool(self.sock.readiness() & events)
        return True


class LibraryProgram(inside.Program):
    """The program of inside.py, whose calls are the library's."""

    def __init__(self, stack):
        super().__init__()
        self.stack = stack

    def ask(self, *request, timeout=None):
        return getattr(self, "do_" + request[0])(*request[1:])

    def close(self):
        for sock in self.socks.values():
            sock.sock.close()
        self.socks = {}

    def now(self):
        return self.stack.now()

    def sleep(self, seconds):
        self.stack.sleep(seconds)

    def do_diag(self, message):
        return self.stack.netlink(4, message)

    def call_socket(self, name, want, blocking, cc, family):
        sock = LibrarySocket(self.stack, family, socket.SOCK_STREAM, 0)
        self.socks[name] = LibrarySock(sock)
        if cc:
            sock.setsockopt(socket.IPPROTO_TCP, inside.TCP_CONGESTION, cc.encode())
        return 0

    def call_disconnect(self, name, want, s):
        self.socks[s].sock.disconnect()
        return 0

    def call_accept(self, name, want, s, blocking=False):
        child, _ = self.socks[s].sock.accept()
        if name is None:
            child.close()
        else:
            self.socks[name] = LibrarySock(child)
        return 0

    def call_close(self, name, want, s):
        self.socks.pop(s).sock.close()
        return 0

    def call_ioctl(self, name, want, s, request):
        return struct.unpack("=i", self.socks[s].sock.ioctl(inside.IOCTLS[request], bytes(4)))[0]

    def poll_bits(self, sock):
        return sock.sock.readiness() & ~(0x40 | 0x80 | 0x100 | 0x200)     # epoll's names for the same

