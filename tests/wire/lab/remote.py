# SPDX-License-Identifier: BSD-2-Clause
"""The script's hand on agent.py: functions and sockets inside the stack."""

import inspect
import os
import pickle
import select
import struct
import textwrap
import time

AGENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "agent.py")
PYTHON = "/usr/bin/python3"


class Remote:
    """One agent.  Requests are answered in order."""

    def __init__(self, stack):
        self.stack = stack
        self.process = stack.start([PYTHON, "-I", "-S", AGENT], stdin=True, own_stderr=True)
        self._pending = 0

    def submit(self, *request):
        data = pickle.dumps(request)
        try:
            os.write(self.process.stdin.fileno(), struct.pack("!I", len(data)) + data)
        except BrokenPipeError:
            raise AssertionError(self._died()) from None
        self._pending += 1

    def result(self, timeout=15.0):
        deadline = time.monotonic() + timeout
        size = struct.unpack("!I", self._read(4, deadline))[0]
        fine, value = pickle.loads(self._read(size, deadline))
        self._pending -= 1
        if fine:
            return value
        raise value

    def ask(self, *request, timeout=15.0):
        self.submit(*request)
        return self.result(timeout)

    def _read(self, size, deadline):
        fd, got = self.process.stdout.fileno(), b""
        while len(got) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise AssertionError(f"a call inside {self.stack.kind} did not return in time\n"
                                     + self.stack.state_text())
            more = os.read(fd, size - len(got))
            if not more:
                raise AssertionError(self._died())
            got += more
        return got

    def _died(self):
        status = self.process.wait(5)
        return f"the program inside {self.stack.kind} ended with status {status}"

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(3)
        except Exception:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class RemoteSocket:
    """A socket that lives inside the stack; its methods are socket.socket's."""

    def __init__(self, remote, *args):
        self._remote = remote
        self._id = remote.ask("socket", args)

    def __getattr__(self, name):
        def method(*args, **kwargs):
            return self._remote.ask("method", self._id, name, args, kwargs)
        return method

    def later(self, name, *args, **kwargs):
        """Begin a call that may block; .answer() waits for it."""
        self._remote.submit("method", self._id, name, args, kwargs)
        return self._remote

    def close(self):
        if self._id is not None:
            self._remote.ask("close", self._id)
            self._id = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def source_of(function):
    return textwrap.dedent(inspect.getsource(function))
