# SPDX-License-Identifier: BSD-2-Clause
"""Ends of wires: frames in, frames out, with the time at which each was seen.

TapPort is the descriptor of a TAP device: the kernel stack owns the interface.
PacketPort is an AF_PACKET socket on a TAP whose descriptor nethood owns.
Hub is the thread that reads them all, so that no queue overflows while a script
waits for something else, and so that a frame's time is that of its arrival.
"""

import collections
import os
import select
import socket
import struct
import threading
import time

from . import packets6
from .frames import ARP, Ether, Frame, anything

FRAME_MAX_BYTES = 65536 + 14
ETH_P_ALL = 3
PACKET_OUTGOING = 4
SO_RCVBUFFORCE = 33
SOL_PACKET = 263
PACKET_IGNORE_OUTGOING = 23


class Port:
    """What a script does with one wire.  Frames not asked for stay in the inbox."""

    def __init__(self, name, mac):
        self.name = name
        self.mac = mac                  # of the stack's device
        self.stack = None
        self.answers = {}               # address -> MAC: ARP and solicitations of IPv6 answered, at once
        self.hook = None                # octets of a frame -> octets of its answer, or None
        self.answer_delay_s = 0         # or after this time
        self._inbox = []
        self._log = collections.deque(maxlen=400)
        self._changed = threading.Condition()

    # ---- the wire -------------------------------------------------------

    def send(self, frame):
        """Put a frame (scapy packet or octets) on the wire; return when it went."""
        raw = bytes(frame)
        now = time.monotonic()
        self._log.append((now, "sent", raw))
        self._write(raw)
        return now

    def _arrived(self, raw):
        frame = Frame(raw, time.monotonic())
        if self.answers and raw[12:14] == b"\x08\x06" and raw[20:22] == b"\x00\x01":
            self._answer(raw)
        elif self.hook:
            self._say(self.hook(raw))
        elif self.answers and raw[12:14] == b"\x86\xdd":
            self._say(packets6.na_to(raw, self.answers))
        with self._changed:
            self._log.append((frame.time, "got ", raw))
            self._inbox.append(frame)
            self._changed.notify_all()

    def _answer(self, raw):
        target = socket.inet_ntoa(raw[38:42])
        mac = self.answers.get(target)
        if not mac:
            return
        self._say(bytes(Ether(src=mac, dst=raw[22:28]) /
                        ARP(op=2, hwsrc=mac, psrc=target,
                            hwdst=raw[22:28], pdst=socket.inet_ntoa(raw[28:32]))))

    def _say(self, answer):
        if answer and self.answer_delay_s:
            threading.Timer(self.answer_delay_s, self._answer_later, [answer]).start()
        elif answer:
            self.send(answer)

    def _answer_later(self, answer):
        try:
            self.send(answer)
        except OSError:                 # the device is down meanwhile, or the test has ended
            pass

    # ---- what a script waits for ----------------------------------------

    def expect(self, what, within=1.0, why=""):
        """The first frame that matches; fails when none came in time."""
        deadline = time.monotonic() + within
        with self._changed:
            while True:
                for i, frame in enumerate(self._inbox):
                    if what(frame):
                        return self._inbox.pop(i)
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
        self._fail(f"no frame within {within:g} s: {what!r} {why}")

    def collect(self, what, during=None, count=None, within=5.0):
        """All matching frames of a time span, or the next @count of them."""
        if count is not None:
            return [self.expect(what, within, f"({i} of {count} came)") for i in range(count)]
        time.sleep(during or 0)
        with self._changed:
            got = [f for f in self._inbox if what(f)]
            self._inbox = [f for f in self._inbox if not what(f)]
        return got

    def silence(self, what=anything, during=0.15, why=""):
        """Fails when a matching frame is already there or comes in the time span."""
        deadline = time.monotonic() + during
        with self._changed:
            while True:
                for frame in self._inbox:
                    if what(frame):
                        self._fail(f"unexpected frame: {what!r} {why}\n{frame.show()}")
                left = deadline - time.monotonic()
                if left <= 0:
                    return
                self._changed.wait(left)

    def clear(self):
        with self._changed:
            self._inbox.clear()

    # ---- for failures ---------------------------------------------------

    def log_text(self, last=40):
        lines = []
        for when, way, raw in list(self._log)[-last:]:
            lines.append(f"{when - self.stack.started:9.4f} {self.name} {way} "
                         f"{len(raw):5d}  {Ether(raw).summary()}")
        return "\n".join(lines) or f"{self.name}: no frame yet"

    def _fail(self, text):
        raise AssertionError(f"{self.name} of {self.stack.kind}: {text}\n"
                             f"-- frames\n{self.log_text(25)}\n{self.stack.neigh_text()}")


class TapPort(Port):
    """The script is the network card's side: exact, and without another stack."""

    def __init__(self, name, mac, fd):
        super().__init__(name, mac)
        self.fd = fd

    def fileno(self):
        return self.fd

    def _write(self, raw):
        os.write(self.fd, raw)

    def read(self):
        try:
            self._arrived(os.read(self.fd, FRAME_MAX_BYTES))
        except BlockingIOError:
            return False
        return True

    def close(self):
        os.close(self.fd)


class PacketPort(Port):
    """The script is the host's side of a TAP: an AF_PACKET socket on it."""

    def __init__(self, name, mac, ifname):
        super().__init__(name, mac)
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        except PermissionError:         # root of a user namespace only
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
        self.sock.bind((ifname, ETH_P_ALL))
        self.sock.setblocking(False)

    def fileno(self):
        return self.sock.fileno()

    def _write(self, raw):
        self.sock.send(raw)

    def read(self):
        try:
            raw, addr = self.sock.recvfrom(FRAME_MAX_BYTES)
        except (BlockingIOError, OSError):
            return False
        if addr[2] != PACKET_OUTGOING:
            self._arrived(raw)
        return True

    def close(self):
        self.sock.close()


class StreamPort(Port):
    """The other end of a stream socket in QEMU's framing: length, frame."""

    def __init__(self, name, mac, sock):
        super().__init__(name, mac)
        self.sock = sock
        self._have = b""

    def fileno(self):
        return self.sock.fileno()

    def _write(self, raw):
        self.sock.sendall(struct.pack("!I", len(raw)) + raw)

    def read(self):
        try:
            more = self.sock.recv(1 << 18, socket.MSG_DONTWAIT)
        except (BlockingIOError, OSError):
            return False
        self._have += more
        while len(self._have) >= 4:
            size = struct.unpack("!I", self._have[:4])[0]
            if len(self._have) < 4 + size:
                break
            self._arrived(self._have[4:4 + size])
            self._have = self._have[4 + size:]
        return bool(more)

    def close(self):
        self.sock.close()


class Hub(threading.Thread):
    """Reads the ports of one stack until it is closed."""

    def __init__(self, ports):
        super().__init__(daemon=True, name="wires")
        self.ports = ports
        self._wake, self._waker = os.pipe()
        self.start()

    def run(self):
        poll = select.poll()
        by_fd = {p.fileno(): p for p in self.ports}
        for fd in by_fd:
            poll.register(fd, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            for fd, events in poll.poll():
                if fd == self._wake:
                    return
                alive = True
                for _ in range(64):
                    if not by_fd[fd].read():
                        alive = bool(events & select.POLLIN)
                        break
                if not alive:
                    time.sleep(0.01)

    def close(self):
        os.write(self._waker, b"x")
        self.join()
        for port in self.ports:
            port.close()
        os.close(self._wake)
        os.close(self._waker)
