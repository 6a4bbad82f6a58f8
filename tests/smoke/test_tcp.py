# SPDX-License-Identifier: BSD-2-Clause
"""Programs that speak TCP, as they are, with the kernel's own on the other side of the wire.

Root's programs meet the kernel: 10.77.0.2 is nethood, 10.77.0.1 the kernel.  An ordinary user's meet each other, on the
loopback of his net.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import textwrap

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
PEER, NET, LO = "10.77.0.1", "10.77.0.2", "127.0.0.1"
PYTHON = "/usr/bin/python3"
MB = 1 << 20


def needs(*programs):
    for program in programs:
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            pytest.skip(f"{program} is not installed")


def sh(text):
    return ["sh", "-c", textwrap.dedent(text)]


@pytest.fixture(scope="session")
def files(public):
    """A folder to be served, also to and by an ordinary user: (path, {name: sha256})."""
    folder = os.path.join(public, "served")
    os.mkdir(folder, 0o755)
    sums = {}
    for name, size in (("100MB.bin", 100 * MB), ("4MB.bin", 4 * MB), ("4KB.bin", 4096)):
        data = hashlib.shake_256(name.encode()).digest(min(size, 4 * MB)) * (size // min(size, 4 * MB))
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
        sums[name] = hashlib.sha256(data).hexdigest()
    return folder, sums


def listening(host, port, kernel=True):
    """Somebody listens there: the kernel's sockets are looked at, nethood's answer connections."""
    if kernel:
        return str(port) in host.run(["ss", "-Hltn", f"sport = :{port}"], as_root=True).stdout
    return host.run(["/usr/bin/python3", "-c", "import socket, sys; socket.create_connection"
                     f"(('{NET}', {port}), 2)"], as_root=True).returncode == 0


@pytest.fixture
def on_kernel(host):
    """Start a server on the kernel's side, and wait until it listens on @port."""
    def start(argv, port):
        server = host.start(argv, as_root=True)
        host.wait(lambda: listening(host, port), 30, f"{argv[0]} listens on {port}")
        return server
    return start


@pytest.fixture
def on_nethood(net):
    """Start a server in a net that is up, and wait until it accepts connections of the kernel."""
    host, name = net

    def start(argv, port):
        server = host.start([host.binary, "exec", name, "--", *argv])
        host.wait(lambda: listening(host, port, kernel=False) or server.poll() is not None, 60,
                  f"{argv[0]} accepts connections on {port}")
        assert server.poll() is None, server.communicate()
        return host, server
    return start


def ended(host, process, timeout=60):
    """Its output, and it is forgotten."""
    out, err = process.communicate(timeout=timeout)
    host.running.remove(process)
    return out + err


def terminated(host, process):
    process.terminate()
    return ended(host, process)


# ---- one program, the kernel on the other side ------------------------------------------------------

def test_curl_fetches_100_mb_and_every_byte_is_right(host, files, on_kernel):
    needs("curl")
    folder, sums = files
    on_kernel(["/usr/bin/python3", "-m", "http.server", "8000", "-d", folder], 8000)
    text = host.good("run", "--", *sh(f"curl -sS http://{PEER}:8000/100MB.bin | sha256sum"), timeout=100)
    assert text.split()[0] == sums["100MB.bin"], text


def test_the_kernels_curl_fetches_from_pythons_server(files, on_nethood):
    needs("curl")
    folder, sums = files
    host, _ = on_nethood(["/usr/bin/python3", "-m", "http.server", "8000", "-d", folder], 8000)
    for name in ("4MB.bin", "4KB.bin"):
        got = host.run(sh(f"curl -sS http://{NET}:8000/{name} | sha256sum"), as_root=True)
        assert got.stdout.split()[0] == sums[name], got


NGINX = """
worker_processes 2;
daemon off;
pid {tmp}/pid;
error_log {tmp}/error;
events {{ worker_connections 256; }}
http {{
	access_log off;
	client_body_temp_path {tmp}/b; proxy_temp_path {tmp}/p; fastcgi_temp_path {tmp}/f;
	uwsgi_temp_path {tmp}/u; scgi_temp_path {tmp}/s;
	server {{
		listen {listen};
		root {folder};
		location /pid {{ add_header X-Pid $pid; return 200 "$pid"; }}
	}}
}}
"""


@pytest.mark.parametrize("how", ["", "reuseport"])
def test_nginx_with_two_workers_under_wrk(files, on_nethood, tmp_path, how):
    needs("nginx", "wrk")
    conf = tmp_path / "nginx.conf"
    conf.write_text("user root;\n" + NGINX.format(tmp=tmp_path, folder=files[0], listen=f"8080 {how}"))
    host, _ = on_nethood(["nginx", "-p", tmp_path, "-e", tmp_path / "error", "-c", conf], 8080)
    text = host.run(["wrk", "-t2", "-c32", "-d2", f"http://{NET}:8080/4KB.bin"], as_root=True, timeout=30).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    assert rate and float(rate[1]) > 50, text
    assert "Socket errors" not in text and "Non-2xx" not in text, text
    pids = {host.run(["curl", "-sS", f"http://{NET}:8080/pid"], as_root=True).stdout for _ in range(40)}
    assert len(pids) == 2 if how else pids, pids


def test_redis_under_its_benchmark(on_nethood, tmp_path):
    needs("redis-server", "redis-benchmark")
    host, server = on_nethood(["redis-server", "--port", "6379", "--bind", NET, "--save", "", "--dir", tmp_path,
                               "--protected-mode", "no"], 6379)
    for options in (["-c", "50"], ["-c", "10", "-P", "16"]):
        done = host.run(["redis-benchmark", "-h", NET, "-n", "5000", "-t", "set,get", "--csv", *options], as_root=True)
        rates = [float(line.split('","')[1].strip('"')) for line in done.stdout.splitlines()
                 if line[:4] in ('"SET', '"GET')]
        assert done.returncode == 0 and len(rates) == 2 and min(rates) > 100, done
    assert host.run(["redis-cli", "-h", NET, "shutdown", "nosave"], as_root=True).returncode == 0
    server.wait(60)


@pytest.mark.parametrize("options", [["-P4"], ["-P4", "-R"]], ids=["to", "from"])
@pytest.mark.parametrize("side", ["server", "client"])
def test_iperf3(side, options, request):
    needs("iperf3")
    client, server = ["iperf3", "-t1", "-J", *options], ["iperf3", "-s", "-1", "-p", "5201"]
    if side == "server":
        host = request.getfixturevalue("net")[0]
        run = host.start([host.binary, "exec", request.getfixturevalue("net")[1], "--", *server])
        host.wait(lambda: iperf3_listens(host, request.getfixturevalue("net")[1]), 60, "iperf3 listens")
        done = host.run([*client, "-c", NET], as_root=True)
    else:
        host = request.getfixturevalue("host")
        run = request.getfixturevalue("on_kernel")(server, 5201)
        done = host.nethood("run", "--", *client, "-c", PEER)
    assert done.returncode == 0, done.stdout[-600:] + done.stderr
    rate = float(re.search(r'"sum_received":\s*{[^}]*?"bits_per_second":\s*([\d.e+]+)', done.stdout)[1])
    assert rate > 1e6, f"{rate / 1e6:.1f} Mbit/s"
    ended(host, run)


def iperf3_listens(host, name):
    """It serves one client only: ask the net, not the server."""
    return ":5201" in host.nethood("exec", name, "--", "ss", "-Hltn").stdout


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nethood", "-days", "2",
                    "-keyout", f"{folder}/key", "-out", f"{folder}/cert"], check=True, capture_output=True)
    return ["-cert", f"{folder}/cert", "-key", f"{folder}/key"]


def test_openssl_s_client(host, on_kernel, tmp_path):
    needs("openssl")
    on_kernel(["openssl", "s_server", "-accept", "4433", "-www", *certificate(tmp_path)], 4433)
    text = host.good("run", "--", *sh(f"""
        printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -ign_eof -connect {PEER}:4433 2>&1"""))
    assert "HTTP/1.0 200" in text and "Cipher" in text, text


def test_openssl_s_server(on_nethood, tmp_path):
    needs("openssl")
    host, _ = on_nethood(["openssl", "s_server", "-accept", "4433", "-www", *certificate(tmp_path)], 4433)
    text = host.run(sh(f"curl -ksS https://{NET}:4433/"), as_root=True).stdout
    assert "Cipher" in text, text


def test_node_fetches(host, files, on_kernel):
    needs("node")
    on_kernel(["/usr/bin/python3", "-m", "http.server", "8000", "-d", files[0]], 8000)
    text = host.good("run", "--", "node", "-e", FETCH.format(PEER), timeout=60)
    assert text.strip() == files[1]["4MB.bin"], text


SSHD = """
Port 2222
HostKey {tmp}/host
AuthorizedKeysFile {tmp}/id.pub
StrictModes no
PidFile {tmp}/pid
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
"""


def test_ssh_to_the_kernels_sshd(host, on_kernel, tmp_path):
    needs("ssh", "sshd", "ssh-keygen")
    for key in ("host", "id"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / key], check=True)
    (tmp_path / "sshd_config").write_text(SSHD.format(tmp=tmp_path))
    os.makedirs("/run/sshd", exist_ok=True)
    on_kernel(["/usr/sbin/sshd", "-D", "-e", "-f", tmp_path / "sshd_config"], 2222)
    text = host.good("run", "--", "ssh", "-p", "2222", "-i", tmp_path / "id", "-o", "StrictHostKeyChecking=no", "-o",
                     "UserKnownHostsFile=/dev/null", "-o", "IdentityAgent=none", f"root@{PEER}",
                     "head -c 2000000 /dev/zero | wc -c; cat", input="through ssh\n")
    assert text == "2000000\nthrough ssh\n", text


def test_a_static_go_program_serves_and_fetches(go_web, on_kernel, on_nethood):
    host, _ = on_nethood([go_web, "serve", ":7000"], 7000)
    done = host.run([go_web, f"{NET}:7000"], as_root=True)
    assert "20 of 20" in done.stdout, done
    on_kernel([go_web, "serve", ":7001"], 7001)
    done = host.nethood("exec", host.names[0], "--", go_web, f"{PEER}:7001")
    assert "20 of 20" in done.stdout, done


def test_nc_both_ways_and_half_closed(net, on_kernel):
    """Each side sends, ends its half, and still receives the other's."""
    needs("nc")
    host, name = net
    here, there = "from the kernel\n" * 1000, "from nethood\n" * 1000
    kernel = host.start(["nc", "-l", "-N", "9000"], as_root=True, stdin=subprocess.PIPE)
    host.wait(lambda: listening(host, 9000), 30, "nc listens")
    client = host.start([host.binary, "exec", name, "--", "nc", "-N", PEER, "9000"], stdin=subprocess.PIPE)
    kernel.stdin.write(here)
    kernel.stdin.close()
    kernel.stdin = None
    client.stdin.write(there)
    client.stdin.close()
    client.stdin = None
    assert ended(host, client) == here and ended(host, kernel) == there


# ---- an ordinary user's, on the loopback --------------------------------------------------------------

# Each is a shell script; `up PORT` waits until somebody listens there.
UP = "up() {{ n=0; until ss -Hltn \"sport = :$1\" | grep -q LISTEN || [ $((n += 1)) = 300 ]; do sleep 0.1; done; }}; "
TALKS = [
    ("python's server and curl",
     "cd {folder}; /usr/bin/python3 -m http.server 8000 >/dev/null 2>&1 & p=$!; up 8000; "
     "curl -sS http://127.0.0.1:8000/100MB.bin | sha256sum; kill $p", "^{sum}"),
    ("nginx with two workers under wrk",
     "nginx -p {home} -e {home}/error -c {home}/nginx.conf & p=$!; up 8080; "
     "wrk -t1 -c16 -d1 http://127.0.0.1:8080/4KB.bin | grep -v '^ *Socket errors' | grep -A1 'requests in'; "
     "kill $p; wait $p", r"[1-9]\d* requests in"),
    ("redis",
     "cd {home}; redis-server --port 6379 --save '' >/dev/null & p=$!; up 6379; "
     "redis-benchmark -n 3000 -t set --csv -c 20 | tail -1; redis-cli shutdown nosave; wait $p", '^"SET","[1-9]'),
    ("iperf3 to itself", "iperf3 -s -1 >/dev/null & up 5201; iperf3 -c 127.0.0.1 -t1 -P4; wait", "iperf Done"),
    ("iperf3 from itself", "iperf3 -s -1 >/dev/null & up 5201; iperf3 -c 127.0.0.1 -t1 -P4 -R; wait", "iperf Done"),
    ("openssl to itself",
     "cd {tmp}; openssl s_server -accept 4433 -www -cert cert -key key >/dev/null 2>&1 & p=$!; up 4433; "
     "printf 'GET / HTTP/1.0\r\n\r\n' | "
     "openssl s_client -quiet -ign_eof -connect 127.0.0.1:4433 2>&1 | grep -c Cipher; "
     "kill $p", "^[1-9]"),
    ("nc to itself",
     "echo there | nc -l -N 9000 & up 9000; echo back | nc -N 127.0.0.1 9000; wait", "^(there\nback|back\nthere)$"),
    ("Go to itself", "{go} serve 127.0.0.1:7000 >/dev/null & p=$!; up 7000; {go} 127.0.0.1:7000; kill $p", "20 of 20"),
    ("node to itself",
     "cd {folder}; /usr/bin/python3 -m http.server 8000 >/dev/null 2>&1 & p=$!; up 8000; node -e \"{fetch}\"; kill $p",
     "^{small}"),
]
PROGRAM = {"nginx with two workers under wrk": ["nginx", "wrk"], "redis": ["redis-server", "redis-benchmark"],
           "iperf3 to itself": ["iperf3"], "iperf3 from itself": ["iperf3"], "openssl to itself": ["openssl"],
           "nc to itself": ["nc"], "node to itself": ["node"]}
FETCH = ("fetch('http://{}:8000/4MB.bin').then(r => r.arrayBuffer()).then(b => "
         "console.log(require('crypto').createHash('sha256').update(Buffer.from(b)).digest('hex')))")


@pytest.mark.parametrize("says, script, output", [pytest.param(*t, id=t[0]) for t in TALKS])
def test_it_talks_to_itself(either, files, go_web, public, says, script, output):
    needs("ss", *PROGRAM.get(says, ["curl"]))
    if says == "openssl to itself" and not os.path.exists(f"{public}/cert"):
        certificate(public)
        os.chmod(f"{public}/key", 0o644)
    home = tempfile.mkdtemp(dir=public)
    with open(f"{home}/nginx.conf", "w", encoding="ascii") as f:
        user = "user root;\n" if either.user == "root" else ""
        f.write(user + NGINX.format(tmp=home, folder=files[0], listen=8080))
    if either.user == "nobody" and os.geteuid() == 0:
        for path in (home, f"{home}/nginx.conf"):
            os.chown(path, 65534, 65534)
    names = {"folder": files[0], "sum": files[1]["100MB.bin"], "small": files[1]["4MB.bin"], "go": go_web,
             "tmp": public,
             "home": home, "fetch": FETCH.format(LO)}
    done = either.nethood("run", "--", "sh", "-c", (UP + script).format(**names), timeout=100)
    assert re.search(output.format(**names), done.stdout, re.MULTILINE), done.stdout + done.stderr


def first_line(process, want):
    line = process.stdout.readline()
    assert want in line, (line, process.stderr.read() if process.poll() is not None else "")


# ---- what ss tells ------------------------------------------------------------------------------------

ANSWER, QUESTION = 1000000, 1000
TALK = """
import socket, sys, time
role, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.socket()
if role == "passive":
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, port)); s.listen()
    print("listens", flush=True)
    s, _ = s.accept()
else: s.connect((host, port)); s.sendall(b"q" * %d)
want = %d if role == "passive" else %d
while want: want -= len(s.recv(min(want, 65536)))
if role == "passive": s.sendall(b"a" * %d)
print("done", flush=True)
time.sleep(1000)
""" % (QUESTION, QUESTION, ANSWER, ANSWER)


def told_by_ss(text):
    """{name: number} of what `ss -tin` writes as name:number."""
    told = {k: float(v) for k, v in re.findall(r"\b([a-z_]+):([\d.]+)", text)} | \
        {k: float(v) for k, v in re.findall(r"\b(delivery_rate|pacing_rate|send) ([\d.]+)", text)} | \
        {"cubic": "cubic" in text.split()}
    # a tail loss probe may have been too early
    told["bytes_once"] = told["bytes_sent"] - told.get("bytes_retrans", 0)
    return told


def spoken_to(host, name, who, port):
    """Two who have spoken, one of them in the net: what ss says of each.  Return: (nethood's, the kernel's)"""
    here, there = [PYTHON, "-c", TALK], [host.binary, "exec", name, "--", PYTHON, "-c", TALK]
    if who == "passive":
        server = host.start([*there, "passive", NET, str(port)])
        first_line(server, "listens")
        client = host.start([*here, "active", NET, str(port)], as_root=True)
    else:
        server = host.start([*here, "passive", PEER, str(port)], as_root=True)
        first_line(server, "listens")
        client = host.start([*there, "active", PEER, str(port)])
    first_line(client, "done")
    first_line(server, "done")
    ask = ["ss", "-tinH", "state", "established", f"( sport = :{port} or dport = :{port} )"]

    def shown():
        both = (host.good("exec", name, "--", *ask), host.run(ask, as_root=True).stdout)
        return both if all("bytes_acked" in text and "unacked" not in text for text in both) else None
    return [told_by_ss(text) for text in host.wait(shown, 30, "all is acknowledged")]


def test_ss_tells_what_the_kernels_would(net):
    """Of a nethood that was connected to, and a kernel that was; of a nethood that connected, and a kernel that did."""
    host, name = net
    passive, other_active = spoken_to(host, name, "passive", 9000)
    active, other_passive = spoken_to(host, name, "active", 9001)
    for ours, kernels in ((passive, other_passive), (active, other_active)):
        for key in ("bytes_once", "bytes_acked", "bytes_received", "mss", "advmss", "rcvmss", "pmtu"):
            assert ours.get(key) == kernels.get(key), f"{key}: {ours}\n{kernels}"
        assert 0 < ours["minrtt"] <= ours["rtt"] < 5000 and 200 <= ours["rto"] < 20000, ours
        assert ours["cwnd"] >= 10 and ours["delivery_rate"] > 0 and ours["send"] > 0 and ours["pacing_rate"] > 0, ours
        assert ours["segs_out"] > 1 and ours["segs_in"] > 1 and ours["rcv_space"] > 1000, ours
        assert ours["cubic"], ours
    assert passive["bytes_acked"] == ANSWER and active["bytes_received"] == ANSWER, (passive, active)


# ---- past the net ---------------------------------------------------------------------------------------

SERVER = """
import socket
t, u = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
t.bind(("127.0.0.1", 9000)); t.listen(); u.bind(("127.0.0.1", 9000))
print("listens", flush=True)
c, _ = t.accept(); c.send(b"the host's " + c.recv(10))
data, who = u.recvfrom(10); u.sendto(b"the host's " + data, who)
"""
CLIENT = """
import socket
def said(call, *args):
    try: return call(*args)
    except OSError as e: return e.errno
u = socket.socket(type=socket.SOCK_DGRAM); u.settimeout(3)
t = socket.socket(); t.settimeout(3)
t.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print(said(t.connect, ("127.0.0.1", 9000)), said(t.send, b"TCP"), said(t.recv, 20),
      t.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
u.sendto(b"UDP", ("127.0.0.1", 9000)); print(said(u.recv, 20))
"""


def test_bypass_passes_to_the_hosts_own_stack(either):
    """Also of a user whose net is in namespaces of its own."""
    server = either.start(["/usr/bin/python3", "-c", SERVER])
    first_line(server, "listens")
    without = either.nethood("run", "--", "/usr/bin/python3", "-c", CLIENT.split("u.sendto")[0])
    assert without.stdout.startswith("111 "), without
    done = either.nethood("run", "--bypass", "127.0.0.0/8", "--", "/usr/bin/python3", "-c", CLIENT)
    assert done.stdout == "None 3 b\"the host's TCP\" 1\nb\"the host's UDP\"\n", done
    ended(either, server)


def test_bypass_wants_prefixes(host):
    for word in ("x", "10.0.0.0/33", ""):
        done = host.nethood("run", "--bypass", word, "--", "true")
        assert done.returncode == 2 and done.stderr.startswith("nethood: --bypass"), done


# ---- what a program sees of it: beside the kernel ------------------------------------------------------

def test_probes_say_what_docs_say(host, tmp_path):
    """Each of the probes, on the kernel and on nethood.  A difference is a row of docs/RUN.md, or a bug."""
    probes = ["/usr/bin/python3", f"{HERE}/programs/tcpprobes.py"]
    batch = tmp_path / "batch"
    batch.write_text("neigh add 10.77.0.98 lladdr 02:00:00:00:00:98 dev eth0 nud permanent\n")
    nethood = host.start([host.binary, "run", "--dev", "eth0=tap:probe0", "--addr", f"{NET}/24", "--batch", batch, "--",
                          *probes])
    other = type(host)()    # a second machine
    try:
        for command in ("link add eth0 type veth peer name eth1", f"addr add {NET}/24 dev eth0", "link set eth0 up",
                        "link set eth1 up", "neigh add 10.77.0.98 lladdr 02:00:00:00:00:98 dev eth0 nud permanent"):
            other.run(["ip", *command.split()], as_root=True)
        kernel = other.run(probes, as_root=True, timeout=60).stdout
    finally:
        other.close()
    ours = nethood.communicate(timeout=60)
    host.running.remove(nethood)
    lines = [dict(line.split(": ", 1) for line in text.splitlines()) for text in (kernel, ours[0])]
    assert len(lines[0]) >= 155 and lines[0].keys() == lines[1].keys(), ours
    differ = {k: f"kernel {lines[0][k]}\nnethood {lines[1][k]}" for k in lines[0] if lines[0][k] != lines[1][k]}
    with open(f"{HERE}/../../docs/RUN.md", encoding="utf-8") as f:
        listed = set(re.findall(r"^\| `(\w+)` \|", f.read().split("tcpprobes.py", 1)[1], re.MULTILINE))
    unlisted = sorted(set(differ) - listed)
    assert not unlisted, "\n".join(f"{k}:\n{differ[k]}" for k in unlisted)
    assert not listed - set(differ), f"no difference any more: {sorted(listed - set(differ))}"
