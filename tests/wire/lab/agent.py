# SPDX-License-Identifier: BSD-2-Clause
"""Runs inside the stack under test: functions and sockets on a script's behalf.

An ordinary program with ordinary sockets, so it may stand for any program.  It
obeys remote.py over its standard input and output: 4 octets of length, then a
pickled request or answer.
"""

import os
import pickle
import socket
import struct
import sys


def read_exactly(fd, size):
    got = b""
    while len(got) < size:
        more = os.read(fd, size - len(got))
        if not more:
            sys.exit(0)
        got += more
    return got


class Agent:
    def __init__(self):
        self.objects = {}
        self.functions = {}
        self.next_id = 1

    def do_call(self, source, name, args, kwargs):
        if source not in self.functions:
            space = {"socket": socket, "os": os, "struct": struct}
            exec(compile(source, "<script>", "exec"), space)
            self.functions[source] = space[name]
        return self.functions[source](*args, **kwargs)

    def do_socket(self, args):
        self.objects[self.next_id] = socket.socket(*args)
        self.next_id += 1
        return self.next_id - 1

    def do_method(self, ident, name, args, kwargs):
        return getattr(self.objects[ident], name)(*args, **kwargs)

    def do_close(self, ident):
        self.objects.pop(ident).close()

    def do_pid(self):
        return os.getpid()

    def serve(self, fd_in, fd_out):
        while True:
            size = struct.unpack("!I", read_exactly(fd_in, 4))[0]
            request = pickle.loads(read_exactly(fd_in, size))
            try:
                answer = (True, getattr(self, "do_" + request[0])(*request[1:]))
            except Exception as error:  # it is the script that judges
                answer = (False, error)
            data = pickle.dumps(answer)
            data = struct.pack("!I", len(data)) + data
            while data:
                data = data[os.write(fd_out, data):]


if __name__ == "__main__":
    out = os.dup(1)
    os.dup2(2, 1)
    Agent().serve(0, out)
