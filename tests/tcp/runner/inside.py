# SPDX-License-Identifier: BSD-2-Clause
"""The program inside the stack: it makes the socket calls of a script and says what came of them.

An ordinary program with ordinary sockets.  It obeys play.py over its standard input and
output: 4 octets of length, then a pickled request or answer.  What it sends is the pattern of segment.py,
and what it receives it compares with the pattern.
"""

import ctypes
import errno
import fcntl
import os
import pickle
import select
import socket
import struct
import sys
import termios
import threading
import time

PERIOD = bytes(range(251))
MSG_ERRQUEUE, RECVERRS, SCM_TIMESTAMPING = 0x2000, ((0, 11), (41, 25)), (1, 37)
ORIGIN_TIMESTAMPING, ORIGIN_ZEROCOPY, TSTAMPS = 4, 5, ("SND", "SCHED", "ACK")
IOCTLS = {"SIOCATMARK": 0x8905, "SIOCINQ": termios.FIONREAD, "SIOCOUTQ": termios.TIOCOUTQ, "SIOCOUTQNSD": 0x894B}
POLL_NAMES = (("IN", select.POLLIN), ("PRI", select.POLLPRI), ("OUT", select.POLLOUT), ("RDHUP", select.POLLRDHUP),
              ("ERR", select.POLLERR), ("HUP", select.POLLHUP), ("NVAL", select.POLLNVAL))
TCP_CONGESTION, TCP_INFO = 13, 11
PATIENCE_S = 3.0
libc = ctypes.CDLL(None, use_errno=True)


def pattern(position, size):
    start = position % 251
    return (PERIOD * ((start + size) // 251 + 1))[start:start + size]


class Wrong(Exception):
    """Other octets than those that were sent."""


class Sock:
    def __init__(self, sock):
        self.sock = sock
        self.sent, self.got = 0, 0

    def wait(self, events, patience_s):
        poll = select.poll()
        poll.register(self.sock, events)
        return bool(poll.poll(patience_s * 1000))


class Program:
    def __init__(self):
        self.socks = {}
        self.later = {}

    now, sleep = staticmethod(time.monotonic), staticmethod(time.sleep)

    # ---- requests -------------------------------------------------------

    def do_call(self, name, function, args, patience, want):
        return self._done(name, function, args, PATIENCE_S if patience else 0, want)

    def do_start(self, ticket, name, function, args):
        """A call that may block, in a thread of its own."""
        box = {}

        def body():
            box["value"] = self._done(name, function, args, None, None)
            box["time"] = self.now()
        thread = threading.Thread(target=body, daemon=True)
        self.later[ticket] = (thread, box)
        thread.start()
        thread.join(0.03)               # it has begun
        return None

    def do_join(self, ticket, within_s):
        """(value, when it returned); None if it still waits."""
        thread, box = self.later[ticket]
        thread.join(within_s)
        return None if thread.is_alive() else (box["value"], box["time"])

    def do_diag(self, message):
        """What the kernel answers to a sock_diag dump: the raw messages."""
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)
        with sock:
            sock.settimeout(PATIENCE_S)
            sock.send(message)
            answers = b""
            while True:
                more = sock.recv(1 << 18)
                answers += more
                kind = struct.unpack_from("=H", more, 4)[0]
                if kind in (2, 3) or answers_done(more):
                    return answers

    # ---- calls ----------------------------------------------------------

    def _done(self, name, function, args, patience_s, want):
        """("ok", value) or ("error", name)."""
        deadline = self.now() + (patience_s or 0)
        while True:
            try:
                return ("ok", getattr(self, "call_" + function)(name, want, *args))
            except Wrong as error:
                return ("wrong", str(error))
            except OSError as error:
                left = deadline - self.now()
                if error.errno != errno.EAGAIN or left <= 0:
                    return ("error", errno.errorcode.get(error.errno, str(error.errno)))
            waits_for = select.POLLOUT if function.startswith("send") else select.POLLIN
            self.socks[args[0]].wait(waits_for, left)
            self.sleep(0.001)

    def call_socket(self, name, want, blocking, cc, family):
        sock = socket.socket(family, socket.SOCK_STREAM)
        if cc:
            sock.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, cc.encode())
        sock.setblocking(blocking)
        self.socks[name] = Sock(sock)
        return 0

    def call_bind(self, name, want, s, address):
        self.socks[s].sock.bind(address)
        return 0

    def call_listen(self, name, want, s, backlog):
        self.socks[s].sock.listen(backlog)
        return 0

    def call_connect(self, name, want, s, address):
        self.socks[s].sock.connect(address)
        return 0

    def call_disconnect(self, name, want, s):
        """connect() to AF_UNSPEC, which Python does not know."""
        address = struct.pack("=H14x", socket.AF_UNSPEC)
        if libc.connect(self.socks[s].sock.fileno(), address, len(address)):
            raise OSError(ctypes.get_errno(), "connect")
        return 0

    def call_accept(self, name, want, s, blocking=False):
        child, _ = self.socks[s].sock.accept()
        child.setblocking(blocking)
        if name is None:
            child.close()
        else:
            self.socks[name] = Sock(child)
        return 0

    def _octets(self, s, what):
        if isinstance(what, bytes):
            return what
        return pattern(self.socks[s].sent, what)

    def call_send(self, name, want, s, what, flags=0):
        sock = self.socks[s]
        done = sock.sock.send(self._octets(s, what), flags | socket.MSG_NOSIGNAL)
        sock.sent += done
        return done

    def call_sendto(self, name, want, s, what, flags, address):
        sock = self.socks[s]
        done = sock.sock.sendto(self._octets(s, what), flags | socket.MSG_NOSIGNAL, address)
        sock.sent += done
        return done

    def call_recv(self, name, want, s, size, flags=0):
        """The count; the octets themselves if that is what the script looks at."""
        sock = self.socks[s]
        if not isinstance(want, int) or want <= 0 or flags:
            data = sock.sock.recv(size, flags)
        else:
            data = self._gather(sock, size, want)
        if isinstance(want, bytes):
            sock.got += 0 if flags & (socket.MSG_PEEK | socket.MSG_OOB) else len(data)
            return data
        if data != pattern(sock.got, len(data)) and not flags & socket.MSG_TRUNC:
            raise Wrong(f"other octets than were sent, among the {len(data)} at {sock.got} of the stream")
        if not flags & socket.MSG_PEEK:
            sock.got += len(data)
        return len(data)

    def _gather(self, sock, size, want):
        """What is on its way may come in parts."""
        data, deadline = sock.sock.recv(size), self.now() + PATIENCE_S
        while data and len(data) < min(want, size):
            if not sock.wait(select.POLLIN, max(0, deadline - self.now())):
                break
            more = sock.sock.recv(size - len(data))
            if not more:
                break
            data += more
        return data

    def call_errqueue(self, name, want, s):
        """What the next entry tells: ZEROCOPY:first-last[:copied], or when an octet (its number) was seen where."""
        data, cmsgs, flags, _ = self.socks[s].sock.recvmsg(2048, 512, MSG_ERRQUEUE)
        if not flags & MSG_ERRQUEUE:
            raise Wrong("it did not come from the error queue")
        found = {(level, kind): value for level, kind, value in cmsgs}
        error = next(value for key, value in found.items() if key in RECVERRS)
        number, origin, _, code, _, info, more = struct.unpack("=IBBBBII", error[:16])
        if origin == ORIGIN_ZEROCOPY:
            if data or number:
                raise Wrong(f"{len(data)} octets, error {number}, with news of MSG_ZEROCOPY")
            return f"ZEROCOPY:{info}-{more}{':copied' if code == 1 else ''}".encode()
        if origin != ORIGIN_TIMESTAMPING or number != errno.ENOMSG:
            return f"{errno.errorcode.get(number, number)}:{origin}".encode()
        seconds = struct.unpack("=q", found[SCM_TIMESTAMPING][:8])[0] if SCM_TIMESTAMPING in found else 0
        return (f"{TSTAMPS[info]}:{more}" + (f":{len(data)}" if data else "")
                + ("" if seconds else ":timeless")).encode()

    def call_shutdown(self, name, want, s, how):
        self.socks[s].sock.shutdown(how)
        return 0

    def call_close(self, name, want, s):
        sock = self.socks.pop(s)
        fd = sock.sock.detach()
        os.close(fd)
        return 0

    def call_setsockopt(self, name, want, s, level, option, value):
        self.socks[s].sock.setsockopt(level, option, value)
        return 0

    def call_getsockopt(self, name, want, s, level, option, size):
        sock = self.socks[s].sock
        return sock.getsockopt(level, option, size) if size else sock.getsockopt(level, option)

    def call_ioctl(self, name, want, s, request):
        buffer = bytearray(4)
        fcntl.ioctl(self.socks[s].sock, IOCTLS[request], buffer)
        return struct.unpack("=i", buffer)[0]

    def call_poll(self, name, want, s):
        """The events, once they are those that are wanted or time is up."""
        deadline = self.now() + PATIENCE_S
        while True:
            bits = self.poll_bits(self.socks[s])
            names = "|".join(text for text, bit in POLL_NAMES if bits & bit) or "0"
            if set(names.split("|")) == set((want or names).split("|")) or self.now() > deadline:
                return names
            self.sleep(0.005)

    @staticmethod
    def poll_bits(sock):
        poll = select.poll()
        poll.register(sock.sock, select.POLLIN | select.POLLPRI | select.POLLOUT | select.POLLRDHUP)
        found = poll.poll(0)
        return found[0][1] if found else 0

    def call_info(self, name, want, s):
        return self.socks[s].sock.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 512)

    def call_port(self, name, want, s):
        return self.socks[s].sock.getsockname()[1]

    def call_exit(self, name, want):
        """The program dies, as by kill -9."""
        threading.Timer(0.05, lambda: os.kill(os.getpid(), 9)).start()
        return 0


def answers_done(data):
    """Whether a dump's messages end here."""
    while len(data) >= 16:
        size, kind = struct.unpack_from("=IH", data)
        if kind in (2, 3):
            return True
        data = data[(size + 3) & ~3:]
    return False


def read_exactly(fd, size):
    got = b""
    while len(got) < size:
        more = os.read(fd, size - len(got))
        if not more:
            os._exit(0)
        got += more
    return got


def serve(fd_in, fd_out):
    program = Program()
    while True:
        size = struct.unpack("!I", read_exactly(fd_in, 4))[0]
        request = pickle.loads(read_exactly(fd_in, size))
        try:
            answer = (True, getattr(program, "do_" + request[0])(*request[1:]))
        except Exception as error:      # it is the script that judges
            answer = (False, error)
        data = pickle.dumps(answer)
        data = struct.pack("!I", len(data)) + data
        while data:
            data = data[os.write(fd_out, data):]


if __name__ == "__main__":
    OUT = os.dup(1)
    os.dup2(2, 1)
    serve(0, OUT)
