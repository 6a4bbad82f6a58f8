# SPDX-License-Identifier: BSD-2-Clause
"""The examples of docs/examples, against the kernel: built as a reader would build them, by what is installed."""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import time

import pytest

from conftest import EXAMPLES, KERNEL, TREE, US, must

PYTHON = "/usr/bin/python3"
LINES_MAX = 150

SERVER = """
import hashlib, http.server, time
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_PUT(self):
        left, sha = int(self.headers["Content-Length"]), hashlib.sha256()
        if self.path == "/no":
            return self.send_error(403)
        while left:
            if self.path == "/slow":
                time.sleep(0.002)
            got = self.rfile.read(min(left, 65536))
            left -= len(got)
            sha.update(got)
        said = sha.hexdigest().encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(said)
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("10.77.0.1", 8000), Handler).serve_forever()
"""

CLIENT = """
import hashlib, socket, sys, threading
size = int(sys.argv[1])
data = hashlib.shake_256(b"echo").digest(min(size, 1 << 20)) * (max(size, 1) >> 20 or 1)
s = socket.create_connection(("10.77.0.2", 7), 10)
def send():
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
back = b"".join(iter(lambda: s.recv(1 << 16), b""))
assert back == data, (len(back), len(data))
"""


def wait(test, why, within=10):
    deadline = time.monotonic() + within
    while not test():
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


def answers(machine, ip, port):
    def connect():
        try:
            socket.create_connection((ip, port), 0.5).close()
            return True
        except OSError:
            return False
    return machine.netns.do(connect)


@pytest.fixture
def echo(machine, example):
    process = machine.start([example("echo"), machine.tap, US, "7"])
    wait(lambda: answers(machine, US, 7), "the echo server answers")
    yield process


@pytest.fixture
def served(machine, tmp_path):
    """A folder that the kernel's side serves."""
    machine.start([PYTHON, "-c", SERVER], cwd=tmp_path)
    wait(lambda: answers(machine, KERNEL, 8000), "the server answers")
    return tmp_path


@pytest.mark.parametrize("size", [0, 1, 1 << 20, 64 << 20])
def test_what_is_sent_comes_back(machine, echo, size):
    machine.run([PYTHON, "-c", CLIENT, str(size)])


def test_many_at_a_time(machine, echo):
    clients = [machine.start([PYTHON, "-c", CLIENT, str(1 << 20)]) for _ in range(8)]
    for client in clients:
        _, err = client.communicate(timeout=60)
        assert client.returncode == 0, err


def test_a_client_that_breaks_off_harms_nobody(machine, echo):
    reset = ("import socket, struct; s = socket.create_connection(('10.77.0.2', 7)); s.sendall(b'x' * 100000); "
             "s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); s.close()")
    for _ in range(5):
        machine.run([PYTHON, "-c", reset])
    machine.run([PYTHON, "-c", CLIENT, str(1 << 20)])


def test_a_server_that_is_ended_leaves_nothing(machine, echo):
    """Its own assertions, and the sanitizer's look at what was not freed; in the middle of a transfer."""
    hold = ("import socket, time; s = socket.create_connection(('10.77.0.2', 7)); s.setblocking(False); "
            "[s.send(b'x' * 1000) for _ in range(30)]; print('there', flush=True); time.sleep(60)")
    client = machine.start([PYTHON, "-c", hold])
    client.stdout.readline()
    status, said = machine.end(echo)
    assert (status, said) == (0, b"")


@pytest.mark.parametrize("size", [0, 1, 4096, 32 << 20])
def test_get(machine, example, served, size):
    data = hashlib.shake_256(b"get").digest(min(size, 1 << 20)) * (size >> 20 or 1)
    (served / "file").write_bytes(data)
    got = machine.run([example("http"), machine.tap, US, KERNEL, "8000", "/file"])
    head, body = got.split(b"\r\n\r\n", 1)
    assert b" 200 " in head.splitlines()[0]
    assert body == data


@pytest.mark.parametrize("size", [1, 4096, 32 << 20])
def test_put(machine, example, served, size):
    """Sent from where it is mapped: what arrives has the same sum."""
    data = hashlib.shake_256(b"put").digest(min(size, 1 << 20)) * (size >> 20 or 1)
    (served / "big").write_bytes(data)
    got = machine.run([example("http"), machine.tap, US, KERNEL, "8000", "/big", served / "big"])
    assert got.endswith(b"\r\n\r\n" + hashlib.sha256(data).hexdigest().encode())


def test_put_to_one_who_reads_slowly(machine, example, served):
    """Its window closes again and again: what is lent waits, and a call takes a part of what it is offered."""
    data = hashlib.shake_256(b"slow").digest(1 << 20) * 4
    (served / "big").write_bytes(data)
    machine.netns.sysctl("net.ipv4.tcp_rmem", "4096 16384 16384")
    got = machine.run([example("http"), machine.tap, US, KERNEL, "8000", "/slow", served / "big"])
    assert got.endswith(hashlib.sha256(data).hexdigest().encode())


def test_put_to_one_who_breaks_off(machine, example, served):
    """A server that answers, and resets what it did not read: all that was lent comes back, or this would not end."""
    (served / "big").write_bytes(b"x" * (8 << 20))
    process = machine.start([example("http"), machine.tap, US, KERNEL, "8000", "/no", served / "big"])
    process.communicate(timeout=30)
    assert process.returncode in (0, 1)


def test_nobody_listens(machine, example):
    process = machine.start([example("http"), machine.tap, US, KERNEL, "9", "/"])
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (1, b"connect: Connection refused\n")


# ------------------------------------------------------------------ several threads

WHO = """
import socket, sys
for _ in range(int(sys.argv[1])):
    with socket.create_connection(("10.77.0.2", 7), 10) as s:
        print(s.makefile().read(), end="")
"""


@pytest.mark.parametrize("count", [1, 2, 5])
def test_workers(machine, example, count):
    """The kernel shares connections out over the queues of a TAP; each is answered, and each worker has some."""
    tap = "mq" + machine.tap[2:]
    for command in (f"ip tuntap add dev {tap} mode tap multi_queue", f"ip addr add 10.78.0.1/24 dev {tap}",
                    f"ip link set {tap} up", f"ip route add 10.77.0.2/32 dev {tap} src {KERNEL}"):
        machine.run(command.split())
    process = machine.start([example("workers"), tap, US, "7", str(count)])
    wait(lambda: answers(machine, US, 7), "somebody answers")
    clients = [machine.start([PYTHON, "-c", WHO, "50"]) for _ in range(4)]
    said = []
    for client in clients:
        out, err = client.communicate(timeout=60)
        assert client.returncode == 0, err
        said += out.decode().splitlines()
    assert len(said) == 200
    assert set(said) == {f"worker {n}" for n in range(count)}
    machine.run(["ping", "-c3", "-i0.01", US])
    assert machine.end(process) == (0, b"")


# ------------------------------------------------------------------ what is not run

def test_the_page_shows_the_examples():
    """docs/LIBRARY.md quotes them: each quotation stands in its file, word for word."""
    with open(os.path.join(TREE, "docs", "LIBRARY.md"), encoding="utf-8") as page:
        quotations = re.findall(r"<!-- from examples/(\S+) -->\n```c\n(.*?)```", page.read(), re.S)
    assert {name for name, _ in quotations} == {"host.h", "echo.c", "http.c", "workers.c"}
    for name, text in quotations:
        with open(os.path.join(EXAMPLES, name), encoding="utf-8") as source:
            assert text in source.read(), f"docs/LIBRARY.md quotes {name} wrongly:\n{text}"


def test_the_snippets_compile(installed, tmp_path):
    """What else the page shows in C is a function body that compiles."""
    with open(os.path.join(TREE, "docs", "LIBRARY.md"), encoding="utf-8") as page:
        text = page.read()
    snippets = re.findall(r"<!-- snippet -->\n```c\n(.*?)```", text, re.S)
    assert snippets and len(re.findall("```c\n", text)) == len(snippets) + text.count("<!-- from examples/")
    for number, snippet in enumerate(snippets):
        source = tmp_path / f"snippet{number}.c"
        source.write_text(f'#include "{EXAMPLES}/host.h"\n#include <sys/epoll.h>\n'
                          "extern struct host h, a, b;\nextern struct nethood_sock *sk;\n"
                          "int main(void)\n{\n" + snippet + "\nreturn 0;\n}\n")
        must(["cc", "-Wall", "-Werror", "-Wno-unused", "-c", "-o", f"{source}.o", str(source),
              *installed.flags("--cflags")], env=installed.env)


@pytest.mark.parametrize("name", ["echo.c", "http.c", "workers.c", "host.h"])
def test_an_example_is_short(name):
    with open(os.path.join(EXAMPLES, name), encoding="utf-8") as source:
        assert len(source.readlines()) <= LINES_MAX


@pytest.mark.parametrize("compiler", [["cc", "-std=c11", "-D_GNU_SOURCE"], ["cc", "-std=gnu17", "-Wconversion"],
                                      ["clang", "-Weverything", "-Wno-padded"], ["c++", "-x", "c++", "-std=c++17"]])
def test_the_header_stands_alone(installed, tmp_path, compiler):
    if not shutil.which(compiler[0]):
        pytest.skip(f"{compiler[0]} is not installed")
    source = tmp_path / "alone.c"
    source.write_text("#include <nethood/nethood.h>\n#include <nethood/record.h>\nint main(void) { return 0; }\n")
    must([*compiler, "-Wall", "-Wextra", "-Werror", "-o", str(tmp_path / "alone.o"), "-c", str(source),
          *[flag.replace("-I", "-isystem",
                         1) if "clang" in compiler else flag for flag in installed.flags("--cflags")]],
         env=installed.env)


def test_the_archive_is_enough(installed, tmp_path):
    """Without the shared library, too: pkg-config --static names what else it needs."""
    archive = next(os.path.join(where, "libnethood.a") for where, _, files in os.walk(installed.root)
                   if "libnethood.a" in files)
    flags = [archive if flag == "-lnethood" else flag for flag in installed.flags("--static", "--cflags", "--libs")]
    out = str(tmp_path / "echo")
    must(["cc", "-o", out, os.path.join(EXAMPLES, "echo.c"), *flags], env=installed.env)
    said = subprocess.run([out], env={}, stderr=subprocess.PIPE, check=False)
    assert said.returncode == 2 and said.stderr.startswith(b"usage:")
