# SPDX-License-Identifier: BSD-2-Clause
"""nethood as other programs that speak ARP by themselves see it: arp-scan, nmap, arpwatch.

They send and read frames of their own, so they say what is on the wire, whatever the kernel makes of it.
arping, of both kinds, is in test_kernel_side.py; dnsmasq as a DHCP server in test_dhcp.py.
"""

import re
import time

INSIDE, OUTSIDE = "10.77.0.2", "10.77.0.1"
MAC = re.compile(r"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}")


def mac_inside(host, name):
    return re.search(r"link/ether (\S+)", host.good("exec", name, "--", "ip", "link", "show", "eth0")).group(1)


def stations(text):
    """[(address, mac)] of arp-scan -q."""
    return [tuple(line.split("\t")[:2]) for line in text.splitlines() if re.match(r"[\d.]+\t", line)]


def test_arp_scan_finds_it_and_nobody_else(net):
    host, name = net
    done = host.run(["arp-scan", "-I", "smoke0", "-q", "10.77.0.0/26"], timeout=40)
    assert stations(done.stdout) == [(INSIDE, mac_inside(host, name))], done.stdout + done.stderr


def test_arp_scan_with_odd_requests(net):
    """Another's sender address, a trailer, a unicast question, SNAP: what RFC 826 lets pass is answered once."""
    host, name = net
    mac = mac_inside(host, name)
    for odd, answers in ((["--arpspa=10.77.0.9"], 1), (["--padding=" + "00" * 40], 1), ([f"--destaddr={mac}"], 1),
                         (["--arpspa=0.0.0.0"], 1), (["--arphrd=6"], 1), (["--arphln=8"], 0), (["--arppln=6"], 0),
                         (["--arpop=3"], 0), (["--arppro=0x86dd"], 0), (["--arphrd=7"], 0)):
        done = host.run(["arp-scan", "-I", "smoke0", "-q", "--retry=1", "--timeout=300", *odd, INSIDE], timeout=20)
        assert len(stations(done.stdout)) == answers, f"{odd}\n{done.stdout}{done.stderr}"


def test_nmap_finds_it_by_arp(net):
    host, name = net
    done = host.run(["nmap", "-n", "-sn", "-PR", "--send-eth", "10.77.0.0/28"], timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    up = re.findall(r"report for (\S+)", done.stdout)
    assert sorted(up) == [OUTSIDE, INSIDE], done.stdout
    assert MAC.search(done.stdout.split(f"for {INSIDE}")[1]).group().lower() == mac_inside(host, name)


def test_arpwatch_learns_it_and_tells_its_new_address(net, tmp_path):
    host, name = net
    file, mac = tmp_path / "arp.dat", mac_inside(host, name)
    file.touch()
    watch = host.start(["arpwatch", "-d", "-N", "-i", "smoke0", "-f", str(file)])
    time.sleep(1.5)                     # it says nothing when it is ready
    host.good("exec", name, "--", "ping", "-c1", OUTSIDE)
    for words in (["down"], ["address", "02:00:00:00:00:99"], ["up"]):
        host.good("exec", name, "--", "ip", "link", "set", "eth0", *words)
    host.good("exec", name, "--", "ping", "-c1", OUTSIDE)
    time.sleep(2.5)                     # it reads once a second
    watch.terminate()
    said = "".join(watch.communicate(timeout=10))
    host.running.remove(watch)
    reports = {subject: text for subject, text in re.findall(r"Subject: (.*?) smoke0\n(.*?)(?=\nFrom:|\Z)", said, re.S)}
    assert mac in reports.get(f"new station ({INSIDE})", ""), said
    moved = reports.get(f"changed ethernet address ({INSIDE})", "")
    assert "ethernet address: 02:00:00:00:00:99" in moved and mac in moved, said
    assert not any("bogon" in subject or "mismatch" in subject for subject in reports), said
