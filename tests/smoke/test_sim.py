# SPDX-License-Identifier: BSD-2-Clause
"""`nethood sim`: each shipped scenario, what is said of wrong ones, and the files that it writes.

Scenarios run in virtual time, in one process that needs no privilege and no namespace.
"""

import glob
import json
import os
import re
import struct
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from lab.nethood import binary

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SHIPPED = sorted(os.path.basename(path)[:-4] for path in glob.glob(f"{TREE}/scenarios/*.sim"))
FEW = {"prefix-scan": ["--hosts", "4", "--set", "every=20ms"], "campus": ["--hosts", "60"],
       "table-overflow": ["--hosts", "5", "--set", "sweep=5ms"], "partition": ["--hosts", "60"]}
SMALL = """
title a small world
run 5s
switch lan delay 1ms loss 5%
host server on lan addr 10.0.0.1/24
host client count 3 on lan addr 10.0.0.10/24
ask client to server every 200ms spread 100ms name talk
send client to 10.0.0.100/30 every 500ms
at 2s cut client:0
at 3s join client:0
expect answered in talk >= 50%
"""


def sim(*argv, timeout=100):
    return subprocess.run([binary(), "sim", *map(str, argv)], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, check=False)


def good(*argv):
    done = sim(*argv)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.sim"
    path.write_text(SMALL)
    return path


# ---- what is shipped ---------------------------------------------------------

def test_the_list_has_all_of_them_with_a_line_each():
    lines = good().splitlines()
    assert [line.split()[0] for line in lines] == SHIPPED
    assert all(len(line.split()) > 4 for line in lines)
    assert [row["scenario"] for row in json.loads(good("-j"))] == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_of_few_hosts_goes_as_it_says(name):
    out = good(name, *FEW.get(name, ["--hosts", "6"]))
    assert not re.search(r"^(FAILED|BUG|not judged)", out, re.M), out
    assert "held" in out


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_says_its_question_and_the_answer(name):
    with open(f"{TREE}/scenarios/{name}.sim", encoding="utf-8") as text:
        said = text.read()
    assert re.search(r"^# Question: \w", said, re.M) and re.search(r"^# Answer: \w", said, re.M)
    with open(f"{TREE}/docs/SCENARIOS.md", encoding="utf-8") as text:
        assert f"`{name}`" in text.read()


# ---- sameness ----------------------------------------------------------------

def test_the_same_seed_is_the_same_run_and_looking_changes_nothing(small, tmp_path):
    def trace(*argv):
        return json.loads(good(small, "-j", *argv))["trace"]

    first = trace("--seed", 5)
    assert trace("--seed", 5) == first
    assert trace("--seed", 6) != first
    assert trace("--seed", 5, "--svg", tmp_path / "a.svg", "--pcap", tmp_path / "a.pcapng") == first
    assert f"trace {first}" in good(small, "--seed", 5, "-v")


# ---- what it writes ----------------------------------------------------------

def test_json_has_groups_expectations_and_numbers_over_time(small):
    told = json.loads(good(small, "-j"))
    assert told["hosts"] == 4 and told["virtual_s"] == 5 and told["bug"] == ""
    client = {group["group"]: group for group in told["groups"]}["client"]
    assert client["asked"] > 60 and client["answered"] <= client["asked"]
    assert client["sent"] > 20 and client["delivered"] == 0
    assert client["drops"]["NEIGH_FAILED"] > 0
    assert sum(client["neighbours"].values()) >= 1
    assert [row["held"] for row in told["expectations"]] == [True]
    series = told["over_time"]
    frames = {kind: sum(values) for kind, values in series["frames"].items()}
    assert frames["udp"] == sum(group["frames"]["udp"] for group in told["groups"])
    drops = {reason: sum(values) for reason, values in series["drops"].items()}
    assert drops["NEIGH_FAILED"] == sum(group["drops"].get("NEIGH_FAILED", 0) for group in told["groups"])
    assert len({len(values) for part in ("frames", "drops", "neighbours") for values in series[part].values()}) == 1


def test_the_picture_is_whole_and_has_its_words(small, tmp_path):
    path = tmp_path / "a.svg"
    good(small, "--svg", path)
    root = ElementTree.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = " ".join("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))
    for piece in ("a small world", "Neighbour entries by state", "Hosts over time", "frames per second", "NEIGH_FAILED",
                  "cut client:0", "join client:0", "virtual time, seconds", "server", "reachable", "arp-request"):
        assert piece in words, piece
    assert "prefers-color-scheme:dark" in path.read_text()
    numbers = re.findall(r"[a-zA-Z](-?(?:nan|inf))", path.read_text())
    assert not numbers


def test_what_is_written_into_a_title_stays_text(tmp_path):
    path = tmp_path / "a.sim"
    path.write_text(SMALL.replace("a small world", "<b> & \"c\" ]]> \u00e9"))
    good(path, "--svg", tmp_path / "a.svg")
    ElementTree.parse(tmp_path / "a.svg")
    assert json.loads(good(path, "-j"))["title"].startswith("<b> & \"c\"")


def blocks(path):
    """(interface, time, comment) of each packet of a pcapng file; each block is whole."""
    data, at, names, packets = path.read_bytes(), 0, [], []
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        assert length % 4 == 0 and struct.unpack_from("<I", data, at + length - 4)[0] == length
        options = at + 16 if kind == 1 else 0
        if kind == 6:
            interface, high, low, captured, original = struct.unpack_from("<IIIII", data, at + 8)
            assert captured == original
            packets.append([names[interface], (high << 32 | low) / 1e9, None])
            options = at + 28 + (captured + 3) // 4 * 4
        while options and options < at + length - 4:
            code, size = struct.unpack_from("<HH", data, options)
            value = data[options + 4:options + 4 + size]
            if kind == 1 and code == 2:
                names.append(value.decode())
            if kind == 6 and code == 1:
                packets[-1][2] = value.decode()
            options += 4 + (size + 3) // 4 * 4
        at += length
    return names, packets


def test_the_capture_can_be_read_and_says_what_was_lost(small, tmp_path):
    path = tmp_path / "a.pcapng"
    told = json.loads(good(small, "-j", "--pcap", path))
    names, packets = blocks(path)
    comments = [comment for _, _, comment in packets if comment]
    sent = sum(sum(group["frames"].values()) for group in told["groups"])
    assert names == ["lan", "dropped"]
    assert sum(name == "lan" for name, _, _ in packets) == sent
    assert any(comment.startswith("lost: is lost") for comment in comments)
    assert any(comment.startswith("lost: partition") for comment in comments)
    failed = [name for name, _, comment in packets if comment and "drops it: NEIGH_FAILED, in " in comment]
    assert failed and set(failed) == {"dropped"}
    times = [time for _, time, _ in packets]
    assert times == sorted(times) and times[-1] <= 5
    scapy = pytest.importorskip("scapy.all")
    assert len(scapy.rdpcap(str(path))) == len(packets), "others can read it, too"


def test_a_file_that_cannot_be_written_is_said(small, tmp_path):
    done = sim(small, "--svg", tmp_path / "no" / "a.svg")
    assert done.returncode == 1 and "a.svg: No such file" in done.stderr
    if os.path.exists("/dev/full"):
        done = sim(small, "--pcap", "/dev/full")
        assert done.returncode == 1 and "/dev/full: could not be written" in done.stderr


# ---- what is wrong -----------------------------------------------------------

@pytest.mark.parametrize("line, place, pieces", [
    ("switch b dealy 1ms", "12:10", ["'dealy'", "count, stations, delay"]),
    ("host h on nowhere", "12:11", ["'nowhere'", "write `switch nowhere`"]),
    ("at 1s sysctl server net.ipv4.nothing=1", "12:21", ["'net.ipv4.nothing'", "no such sysctl"]),
    ("host x on lan sysctl net.ipv4.ip_forward=maybe", "12:22", ["'net.ipv4.ip_forward'", "refused with EINVAL"]),
    ("expect drops WHIM == 0", "12:14", ["'WHIM'", "docs/DROPS.md"]),
])
def test_a_wrong_line_is_said_and_nothing_runs(tmp_path, line, place, pieces):
    path = tmp_path / "bad.sim"
    path.write_text(SMALL + line + "\n")
    done = sim(path, "--svg", tmp_path / "a.svg")
    assert done.returncode == 1 and done.stdout == ""
    assert re.fullmatch(r"nethood: .*\n", done.stderr), done.stderr
    for piece in [f"bad.sim:{place}: ", *pieces]:
        assert piece in done.stderr, done.stderr


@pytest.mark.parametrize("argv, status, piece", [
    (["no-such"], 1, "no-such: No such file or directory; `nethood sim` lists"),
    (["arp-storm", "--hosts", "0"], 2, "--hosts: '0' is no number"),
    (["arp-storm", "--set", "x"], 2, "--set: 'x' is not like NAME=VALUE"),
    (["arp-storm", "--set", "guests=3"], 1, "'guests' the scenario has no such variable"),
    (["arp-storm", "--seed", "one"], 2, "--seed: 'one' is no number"),
    (["arp-storm", "--until", "-1"], 2, "--until: '-1'"),
    (["arp-storm", "--profile", "lax"], 2, "--profile: 'lax'"),
    (["arp-storm", "campus"], 2, "one scenario at a time"),
    (["arp-storm", "--fly"], 2, "--fly: unknown option"),
])
def test_wrong_words_of_the_command(argv, status, piece):
    done = sim(*argv)
    assert done.returncode == status and piece in done.stderr, done.stderr
    assert done.stdout == ""


def test_an_expectation_that_fails_is_the_status(tmp_path):
    path = tmp_path / "a.sim"
    path.write_text(SMALL + "expect drops any == 0\n")
    done = sim(path)
    assert done.returncode == 1
    assert re.search(r"^FAILED +line 12 +drops any == 0: \d+$", done.stdout, re.M), done.stdout
    assert "held       line 11" in done.stdout


def test_what_an_administrator_is_refused_is_the_status(tmp_path):
    path = tmp_path / "a.sim"
    path.write_text(SMALL + "at 1s ip server addr add 10.0.0.1/24 dev eth0\n")
    done = sim(path)
    assert done.returncode == 1
    assert "FAILED     line 12: server: ip server addr add 10.0.0.1/24 dev eth0: refused with EEXIST" in done.stdout


def test_it_ends_where_it_is_told_to(small):
    told = json.loads(good(small, "-j", "--until", "2.5"))
    assert told["virtual_s"] == 2.5


# ---- the deeds ---------------------------------------------------------------

def counted(tmp_path, *lines):
    path = tmp_path / "a.sim"
    path.write_text("\n".join(["run 30s", "switch lan delay 1ms", "host a on lan addr 10.0.0.1/24",
                               "host b on lan addr 10.0.0.2/24", "ask a to b every 100ms name talk", *lines, ""]))
    done = sim(path, "-j")
    told = json.loads(done.stdout)
    return told["groups"][0], told, done


@pytest.mark.parametrize("lines, least, most", [
    ([], 0.1, 0.11),
    (["at 10s cut b", "at 13s join b"], 3, 3.2),
    (["at 10s cut b in", "at 13s join b"], 3, 3.2),
    (["at 10s cut b out", "at 13s join b"], 3, 3.2),
    (["at 10s unplug b dev eth0", "at 13s plug b"], 2.9, 6.5),
    (["at 10s fault lan loss 100%", "at 13s heal lan"], 3, 3.2),
    (["at 10s ip b link set eth0 down", "at 13s ip b link set eth0 up"], 2.9, 6.5),
    (["at 10s ip b addr del 10.0.0.2/24 dev eth0", "at 13s ip b addr add 10.0.0.2/24 dev eth0"], 2.9, 6.5),
    (["at 10s ip a route del 10.0.0.0/24 dev eth0", "at 13s ip a route add 10.0.0.0/24 dev eth0"], 2.9, 3.2),
    (["at 10s ip a neigh replace 10.0.0.2 lladdr 02:00:00:00:00:99 dev eth0 nud permanent",
      "at 13s ip a neigh del 10.0.0.2 dev eth0"], 2.9, 3.3),
    (["at 10s ip b link set eth0 mtu 68", "at 11s ip b link set eth0 address 02:00:00:00:00:77",
      "at 11s announce b 10.0.0.2 reply"], 0, 1.5),
    (["at 10s mac b new announce"], 0.1, 0.3),
    (["at 10s reboot b"], 0.1, 0.3),
    (["at 5s every 5s times 3 unplug b", "at 6s every 5s times 3 plug b"], 0.9, 4.5),
    (["at 10s sysctl b net.ipv4.conf.all.arp_ignore=8"], 0.1, 40),
    (["at 10s forge lan reply 10.0.0.2 is-at 02:00:00:00:00:66 to a count 20 gap 100ms"], 0.1, 40),
])
def test_what_is_done_is_seen(tmp_path, lines, least, most):
    group, told, done = counted(tmp_path, *lines)
    assert not told["failures"] and done.returncode == 0, done.stdout[-500:]
    assert least <= group["outage_s"] <= most, group["outage_s"]


def test_a_partition_has_two_sides(tmp_path):
    path = tmp_path / "a.sim"
    path.write_text("""run 40s
switch lan
host h count 6 on lan addr 10.0.0.1/24
at 1s cut h:0..2
expect reach h:0..2 to h:0..2 within 5s at 2s
expect reach h:3..5 to h:3..5 within 5s at 2s
expect reach h:0..2 to h:3..5 within 5s at 10s
at 20s join h
expect reach h to h within 10s at 20s
""")
    done = sim(path)
    verdicts = re.findall(r"^(held|FAILED)", done.stdout, re.M)
    assert verdicts == ["held", "held", "FAILED", "held"], done.stdout
    assert done.returncode == 1


def test_clocks_profiles_memory_and_starts(tmp_path):
    path = tmp_path / "a.sim"
    path.write_text("""run 30s
hub lan delay 1ms jitter 1ms duplicate 5% corrupt 2% truncate 1% rate 10mbit queue 64kb
host fast count 2 on lan addr 10.0.0.1/24 drift 100ppm clock 100h
host slow count 2 on lan addr 10.0.1.1/16 drift -100ppm profile strict dad start 1s spread 2s
host poor count 2 on lan addr 10.0.2.1/16 alloc-fail 1%
host old count 2 on lan addr 10.0.3.1/16 gateway 10.0.1.1 mac 02:aa:00:00:00:fe
ask fast to fast every 100ms
ask slow to slow every 100ms from 12s
ask poor to poor every 100ms
expect answered >= 50%
expect doubled >= 1
expect log <= 1000
expect memory <= 1mb
expect neighbours permanent == 0
""")
    good(path, "-v")


# ---- the reference -----------------------------------------------------------

def test_the_reference_is_what_the_parser_knows():
    with open(f"{TREE}/docs/SCENARIOS.md", encoding="utf-8") as text:
        page = text.read()
    assert good("--words") in page, "make docs writes it"
