# SPDX-License-Identifier: BSD-2-Clause
"""What may happen to the processes: they are killed, have no descriptors, no memory, no randomness, no disk, and get
signals all the time.  Who did nothing wrong goes on; whoever must end says why.  docs/FAULTS.md names these tests.
"""

import contextlib
import ctypes
import os
import signal
import struct
import subprocess
import textwrap
import threading
import time

import pytest

from conftest import HERE, INSIDE, OUTSIDE, daemon_of

SIDES = ["--dev", "eth0=tap:fault0,lladdr=02:00:00:00:77:02", "--addr", f"{INSIDE}/24", "--host-addr", f"{OUTSIDE}/24"]
SOON_S = 10
SLACK = 4       # of threads that were still ending when the daemon looked


def python(text):
    return ["/usr/bin/python3", "-c", textwrap.dedent(text)]


def one_line(done, status):
    lines = done.stderr.strip().splitlines()
    assert done.returncode == status and len(lines) == 1 and lines[0].startswith("nethood: "), \
        f"{done.returncode}\n{done.stdout}{done.stderr}"
    return lines[0]


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def names(pid):
    return [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]


def still_good(host, name):
    """The net serves others as if nothing had been."""
    assert "1 received" in host.good("exec", name, "--", "ping", "-c1", "-W5", OUTSIDE)


def ended(host, process, within=SOON_S):
    out, err = process.communicate(timeout=within)
    host.running.remove(process)
    return out, err


@pytest.fixture(scope="module")
def race(tmp_path_factory):
    """Threads, forks, copies and closes of one socket: see programs/race.c."""
    target = str(tmp_path_factory.mktemp("race") / "race")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", target, f"{HERE}/programs/race.c"],
                   check=True)
    return target


@pytest.fixture
def up(host):
    return host.up(*SIDES)


# ---- F4: the device -----------------------------------------------------------------------------------------------

def test_a_tap_deleted_under_a_daemon(host, up):
    still_good(host, up)
    host.run(["ip", "link", "del", "fault0"], as_root=True)
    host.wait(lambda: "NO-CARRIER" in host.good("exec", up, "--", "ip", "link", "show", "eth0"), why="no carrier")
    assert "lladdr" not in host.good("exec", up, "--", "ip", "neigh", "show", "dev", "eth0")
    done = host.nethood("exec", up, "--", "ping", "-c1", "-W1", OUTSIDE)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 received" in host.good("exec", up, "--", "ping", "-c1", "127.0.0.1")
    host.down(up)


# ---- F12, F13, F14: who dies, and who races -----------------------------------------------------------------------

def test_a_killed_program_leaves_nothing_in_the_net(host, up):
    pid = daemon_of(up)
    still_good(host, up)
    before = descriptors(pid)
    process = host.start([host.binary, "exec", up, "--", *python(f"""
        import socket, os, sys
        many = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(200)]
        for i, s in enumerate(many):
            s.bind(("0.0.0.0", 20000 + i))
            s.connect(("{OUTSIDE}", 9))
        print(os.getpid(), flush=True)
        while True:
            for s in many:
                try:
                    s.send(b"x" * 500)
                except OSError:
                    pass
        """)])
    inner = int(process.stdout.readline())
    time.sleep(0.3)
    os.kill(inner, signal.SIGKILL)
    ended(host, process)
    host.wait(lambda: len(host.good("proc", up, "net/udp").splitlines()) == 1, why="its sockets are closed")
    host.wait(lambda: descriptors(pid) <= before + SLACK, why=f"{before} descriptors before, now {names(pid)}")
    still_good(host, up)


def test_threads_forks_copies_and_closes_of_one_socket(host, up, race):
    pid = daemon_of(up)
    before = descriptors(pid)
    for _ in range(3):
        done = host.nethood("exec", up, "--", race, "64", "400", timeout=60)
        assert done.returncode == 0, f"{done.returncode}\n{done.stdout}{done.stderr}"
    host.wait(lambda: len(host.good("proc", up, "net/udp").splitlines()) == 1, why="its sockets are closed")
    host.wait(lambda: descriptors(pid) <= before + SLACK, why=f"{before} descriptors before, now {names(pid)}")
    still_good(host, up)


WAITS = """
    import socket, sys
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("0.0.0.0", 7777))
    print("waits", flush=True)
    try:
        s.recvfrom(100)
        print("received?")
    except OSError as e:
        print("error", e.errno)
    try:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        print("made?")
    except OSError as e:
        print("error", e.errno)
    """


def test_a_program_does_not_hang_when_its_daemon_is_killed(host, up):
    process = host.start([host.binary, "exec", up, "--", *python(WAITS)])
    assert process.stdout.readline() == "waits\n"
    os.kill(daemon_of(up), signal.SIGKILL)
    out, err = ended(host, process)
    assert "received?" not in out and "made?" not in out, out + err
    host.wait(lambda: up not in host.good("ls"), why="the kernel has taken its files from it")
    host.good("up", up, *SIDES)
    still_good(host, up)


def test_a_program_does_not_hang_when_its_supervisor_is_killed(host):
    process = host.start([host.binary, "run", *SIDES, "--", *python("import os; print(os.getpid(), flush=True)" +
                                                                    textwrap.dedent(WAITS))])
    inner = int(process.stdout.readline())
    assert process.stdout.readline() == "waits\n"
    process.kill()
    try:
        host.wait(lambda: not os.path.exists(f"/proc/{inner}") or
                  open(f"/proc/{inner}/stat").read().rsplit(")")[1].split()[0] in "ZS", within=SOON_S)
        os.kill(inner, signal.SIGKILL)      # whatever it waits for can be interrupted
    except ProcessLookupError:
        pass
    host.wait(lambda: not os.path.exists(f"/proc/{inner}"), within=SOON_S, why="it can be killed")
    ended(host, process)
    host.wait(lambda: "fault0" not in host.run(["ip", "-br", "link"]).stdout, why="the TAP is gone")


# ---- F15: once more the same --------------------------------------------------------------------------------------

def picture(host, name):
    host.wait(lambda: not host.good("exec", name, "--", "ip", "-6", "address", "show", "tentative"),
              why="nobody else has its addresses")
    return [host.good("exec", name, "--", "ip", *words)
            for words in (["-4", "addr"], ["route", "show", "table", "all"], ["rule"],
                          ["neigh", "show", "nud", "permanent"], ["neigh", "show", "proxy"])]


def without_indexes(texts):
    return sorted(line for text in texts for line in text.splitlines() if "link/" not in line)


def test_a_net_that_is_up_again_is_the_same(host, tmp_path):
    batch = tmp_path / "batch"
    batch.write_text("".join(f"neigh add 10.77.0.{i} lladdr 02:00:00:00:00:{i:02x} dev eth0 nud permanent\n"
                             for i in range(10, 60)) +
                     "neigh add proxy 10.77.0.99 dev eth0\n" +
                     "".join(f"route add 192.0.{i}.0/24 via {OUTSIDE} metric {i}\n" for i in range(2, 40)) +
                     "rule add from 10.77.0.0/24 table 77 priority 100\n" +
                     f"route add default via {OUTSIDE} table 77\n")
    options = [*SIDES, "--batch", str(batch)]
    name = host.up(*options)
    before = picture(host, name)
    assert before[3].count("PERMANENT") == 50 and before[1].count("192.0.") == 38, before
    os.kill(daemon_of(name), signal.SIGKILL)
    host.wait(lambda: name not in host.good("ls"), why="it is dead")
    host.good("up", name, *options)
    assert without_indexes(picture(host, name)) == without_indexes(before)


# ---- F16, F24: no descriptors, no memory --------------------------------------------------------------------------

OPENS = """
    import socket, sys, errno
    many, error = [], 0
    for _ in range(2000):
        try:
            many.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        except OSError as e:
            error = e.errno
            break
    print(len(many), errno.errorcode.get(error, 0), flush=True)
    """


def test_a_program_without_descriptors_is_told_so(host, up):
    out = host.good("exec", up, "--", "sh", "-c", 'ulimit -n 40; exec /usr/bin/python3 -c "$0"', textwrap.dedent(OPENS))
    count, error = out.split()
    assert error == "EMFILE" and 20 < int(count) < 40, out
    still_good(host, up)


def processor_s(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        user, system = file.read().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def limited(host, limit, *argv):
    return host.run(["prlimit", limit, "--", *argv], as_root=True)


def test_a_daemon_without_descriptors_refuses_and_serves_on(host):
    name = "fault-" + os.urandom(4).hex()
    done = limited(host, "--nofile=200", host.binary, "up", name, *SIDES)
    assert done.returncode == 0, done.stderr
    host.names.append(name)
    process = host.start([host.binary, "exec", name, "--", *python(OPENS + "\n    sys.stdin.read()")],
                         stdin=subprocess.PIPE)
    count, error = process.stdout.readline().split()
    assert 20 < int(count) < 200 and error in ("EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"), (count, error)
    used = processor_s(daemon_of(name))
    for _ in range(3):
        done = host.nethood("exec", name, "--", "true", timeout=SOON_S)
        assert done.returncode in (0, 125) and "Sanitizer" not in done.stderr, done.stderr
    time.sleep(1)
    assert processor_s(daemon_of(name)) - used < 0.5, "it does not look at what it cannot serve all the time"
    process.stdin.close()
    process.wait(timeout=SOON_S)
    process.stderr.close(), process.stdout.close()
    host.running.remove(process)
    host.wait(lambda: host.nethood("exec", name, "--", "true").returncode == 0, why="its sockets are closed")
    still_good(host, name)


def release_binary(host):
    """The sanitizers want more address space than any limit leaves."""
    path = os.path.join(HERE, "..", "..", "build", "release", "apps", "nethood", "nethood")
    with open(host.binary, "rb") as file:
        sanitized = b"__asan_init" in file.read()
    if not sanitized:
        return host.binary
    if not os.path.exists(path):
        pytest.skip("a limit on address space needs a build without sanitizers in build/release")
    return os.path.abspath(path)


def test_little_address_space_is_an_error_or_enough(host):
    binary = release_binary(host)
    ran = 0
    for limit_kib in (4000, 8000, 12000, 16000, 20000, 30000, 50000, 100000, 400000):
        done = host.run(["prlimit", f"--as={limit_kib << 10}", "--", binary, "run", *SIDES, "--", "/bin/true"],
                        as_root=True)
        assert done.returncode in (0, 1, 125, 127), f"{limit_kib} KiB: {done.returncode}\n{done.stderr}"
        ran += done.returncode == 0
    assert ran, "not even with 400 MB"


def test_a_small_stack_is_enough(host):
    binary = release_binary(host)
    done = host.run(["prlimit", f"--stack={256 << 10}", "--", binary, "run", *SIDES, "--", "ping", "-c1", OUTSIDE],
                    as_root=True)
    assert done.returncode == 0 and "1 received" in done.stdout, f"{done.returncode}\n{done.stdout}{done.stderr}"


# ---- F22: the disk ------------------------------------------------------------------------------------------------

def test_a_full_disk_ends_the_capture_and_nothing_else(host, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    done = host.run(["unshare", "-m", "sh", "-c", f"""
        mount -t tmpfs -o size=64k tmpfs {disk} &&
        {host.binary} run {' '.join(SIDES)} --pcap {disk}/all.pcapng -- ping -c300 -i0.002 -s1000 {OUTSIDE} &&
        tcpdump -nr {disk}/all.pcapng >{tmp_path}/text"""], as_root=True)
    assert done.returncode == 0 and "300 received" in done.stdout, f"{done.returncode}\n{done.stdout}{done.stderr}"
    said = [line for line in done.stderr.splitlines() if line.startswith("nethood: ")]
    assert len(said) == 1 and "No space left on device" in said[0] and "the capture ends" in said[0], done.stderr
    assert "truncated" not in done.stderr, "it ends with a whole frame"


def test_a_capture_that_cannot_be_written_at_all(host):
    done = host.nethood("run", *SIDES, "--pcap", "/dev/full", "--", "ping", "-c1", OUTSIDE)
    assert done.returncode == 0 and "1 received" in done.stdout, done.stdout + done.stderr
    assert "No space left on device" in done.stderr, done.stderr


def test_a_reader_of_a_capture_that_goes(host, tmp_path):
    """To a pipe: no signal ends nethood, and the net goes on."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: open(fifo, "rb").close(), daemon=True)
    reader.start()
    done = host.nethood("run", *SIDES, "--pcap", str(fifo), "--", "ping", "-c3", "-i0.2", OUTSIDE)
    reader.join(SOON_S)
    assert done.returncode == 0 and "3 received" in done.stdout, done.stdout + done.stderr
    assert "Broken pipe" in done.stderr, done.stderr


# ---- F23: randomness ----------------------------------------------------------------------------------------------

def fail_getrandom(error):
    """A seccomp filter in this process and all that it starts."""
    def bpf(code, k, jt=0, jf=0):
        return struct.pack("HBBI", code, jt, jf, k)
    prog = (bpf(0x20, 0) +                              # the number of the call
            bpf(0x15, 318, 0, 1) +                      # getrandom of x86-64
            bpf(0x06, 0x00050000 | error) +             # SECCOMP_RET_ERRNO
            bpf(0x06, 0x7fff0000))                      # SECCOMP_RET_ALLOW
    text = ctypes.create_string_buffer(prog)
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 4, ctypes.addressof(text)))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0              # PR_SET_NO_NEW_PRIVS
    assert libc.prctl(22, 2, head, 0, 0) == 0           # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


@pytest.mark.parametrize("error", [11, 38], ids=["EAGAIN", "ENOSYS"])
def test_without_randomness_it_does_not_start(host, error):
    done = host.run([host.binary, "run", *SIDES, "--", "/bin/true"], preexec_fn=lambda: fail_getrandom(error))
    assert "random" in one_line(done, 125)


# ---- F25: signals -------------------------------------------------------------------------------------------------

COUNTS = """
    import signal, socket, sys
    ticks = 0
    def tick(*_):
        global ticks
        ticks += 1
    signal.signal(signal.SIGALRM, tick)
    signal.siginterrupt(signal.SIGALRM, False)      # else socket() may say EINTR: docs/adr/0005-supervisor.md
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    a = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    b = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    a.bind(("127.0.0.1", 4001))
    b.connect(("127.0.0.1", 4001))
    for i in range(1500):
        b.send(str(i).encode())
        data, peer = a.recvfrom(100)
        assert data == str(i).encode(), (data, i)
        a.sendto(data, peer)
        assert b.recv(100) == data
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.close()
    signal.setitimer(signal.ITIMER_REAL, 0)
    print("ticks", ticks)
    """


@contextlib.contextmanager
def one_cpu(pid):
    """The daemon and what is started: on two the kernel can lose an answer (docs/adr/0005-supervisor.md)."""
    both = {p: os.sched_getaffinity(p) for p in (0, pid)}
    for p, cpus in both.items():
        os.sched_setaffinity(p, {min(cpus)})
    try:
        yield
    finally:
        for p, cpus in both.items():
            os.sched_setaffinity(p, cpus)


def test_a_program_under_a_storm_of_signals_loses_nothing(host, up):
    pid = daemon_of(up)
    before = descriptors(pid)
    with one_cpu(pid):
        out = host.good("exec", up, "--", *python(COUNTS), timeout=60)
    assert int(out.split()[1]) > 100, out
    host.wait(lambda: descriptors(pid) <= before + SLACK, why="each socket was closed once")
    still_good(host, up)


def test_a_daemon_under_a_storm_of_signals_loses_nothing(host, up):
    """Stopped and continued all the time: its calls end with EINTR."""
    pid = daemon_of(up)
    over = threading.Event()

    def storm():
        while not over.is_set():
            os.kill(pid, signal.SIGSTOP)
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.0003)
    thread = threading.Thread(target=storm)
    thread.start()
    try:
        text = host.good("exec", up, "--", "ping", "-q", "-c500", "-i0.002", "-W5", OUTSIDE, timeout=60)
        with one_cpu(pid):
            out = host.good("exec", up, "--", *python(COUNTS), timeout=60)
    finally:
        over.set()
        thread.join()
    assert "500 received" in text and "ticks" in out, text + out
    still_good(host, up)


# ---- F26: files ---------------------------------------------------------------------------------------------------

def runtime(name):
    return os.path.join("/run/nethood", name)


WRECKS = [
    ("garbage in the lock", lambda d: open(f"{d}/lock", "wb").write(os.urandom(5000)) and None),
    ("a file in the place of the socket", lambda d: (os.unlink(f"{d}/control"), open(f"{d}/control", "w").close())),
    ("a directory in the place of the lock", lambda d: (os.unlink(f"{d}/lock"), os.mkdir(f"{d}/lock"))),
    ("a link that leads nowhere", lambda d: (os.unlink(f"{d}/control"), os.symlink("/nowhere", f"{d}/control"))),
    ("a lock that is a link to elsewhere",
     lambda d: (os.unlink(f"{d}/lock"), os.symlink("/etc/hostname", f"{d}/lock"))),
    ("nothing at all", lambda d: (os.unlink(f"{d}/lock"), os.unlink(f"{d}/control"))),
]


@pytest.mark.parametrize("wreck", [pytest.param(w, id=says) for says, w in WRECKS])
def test_what_a_dead_daemon_left_is_wrecked(host, wreck):
    name = host.up(*SIDES)
    folder = runtime(name)
    os.kill(daemon_of(name), signal.SIGKILL)
    host.wait(lambda: name not in host.good("ls"), why="it is dead")
    wreck(folder)
    try:
        one_line(host.nethood("exec", name, "--", "true"), 125)
        one_line(host.nethood("down", name), 1)
        done = host.nethood("up", name, *SIDES)
        if done.returncode:         # it says what is in the way, and changes nothing
            assert f"{name}/lock: " in one_line(done, 1)
            assert os.path.lexists(f"{folder}/lock")
        else:
            still_good(host, name)
    finally:
        if os.path.isdir(f"{folder}/lock"):
            os.rmdir(f"{folder}/lock")
        elif os.path.islink(f"{folder}/lock"):
            os.unlink(f"{folder}/lock")


BROKEN = ["neigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev nowhere",
          "neigh add 10.77.0.8 lladdr 02:00:00:00:00:08 dev eth0 nud permanent",    # it is there
          "neigh add 10.77.0.300 lladdr 02:00:00:00:00:09 dev eth0", "route add", "nonsense", "x" * 10000]


@pytest.mark.parametrize("line", BROKEN, ids=range(len(BROKEN)))
def test_a_batch_that_is_broken_says_where(host, tmp_path, line):
    batch = tmp_path / "batch"
    good = "".join(f"neigh add 10.77.1.{i} lladdr 02:00:00:00:00:08 dev eth0 nud permanent\n" for i in range(1, 100))
    batch.write_text(f"# first\n\nneigh add 10.77.0.8 lladdr 02:00:00:00:00:08 dev eth0 nud permanent\n{line}\n{good}")
    name = "fault-" + os.urandom(4).hex()
    done = host.nethood("up", name, *SIDES, "--batch", str(batch))
    assert done.returncode == 1, done.stderr[-500:]
    assert f"nethood: {batch}: line 4: " in done.stderr, done.stderr[-500:]
    assert name not in host.good("ls"), "half a net is none"
