# SPDX-License-Identifier: BSD-2-Clause
"""`nethood run --proc` and `nethood exec --proc`: programs that read /proc/net, and sysctl(8).

The program is on 10.77.0.2, the kernel is 10.77.0.1.  What is in the files is compared
with the kernel's by tests/wire/test_proc.py; here it is what unmodified programs make of it.
"""

import os
import re

import pytest

from conftest import NOBODY

PEER = "10.77.0.1"
PING = f"ping -c1 {PEER} >/dev/null; "
M = "02:00:00:00:00:09"
UDP = ("python3 -c 'import socket,subprocess as p; s=socket.socket(type=socket.SOCK_DGRAM); "
       "s.bind((\"10.77.0.2\",5353)); r=socket.socket(type=socket.SOCK_RAW,proto=89); "
       "print(p.run(\"%s\".split(),stdout=p.PIPE,text=True).stdout)'")

TCP = ("ip link set lo up; python3 -c 'import socket as s,subprocess as p; l=s.socket(); l.bind((\"127.0.0.1\",7777)); "
       "l.listen(5); c=s.create_connection((\"127.0.0.1\",7777)); a,_=l.accept(); c.send(b\"hello\"); a.recv(5); "
       "print(p.run(\"%s\",shell=True,stdout=p.PIPE,text=True).stdout)'")

PROGRAMS = [
    # what                        shell, what its output must match, what must not be in it
    ("arp -n", PING + "arp -n", rf"^{PEER}\s+ether\s+[0-9a-f:]{{17}}\s+C\s+eth0$", None),
    ("arp -s", f"arp -s 10.77.0.9 {M} && arp -n", rf"^10\.77\.0\.9\s+ether\s+{M}\s+CM\s+eth0$", None),
    ("arp -d", f"arp -s 10.77.0.9 {M}; arp -d 10.77.0.9 && arp -n; echo end", "^end$", "10.77.0.9"),
    ("arp -s pub", "arp -i eth0 -Ds 10.77.0.9 eth0 pub && arp -n",
     r"^10\.77\.0\.9\s+\*\s+<from_interface>\s+MP\s+eth0$", None),
    ("an incomplete one", "ping -c1 -W1 10.77.0.99 >/dev/null; arp -n",
     r"^10\.77\.0\.99\s+\(incomplete\)\s+eth0$", None),
    ("netstat -rn", "netstat -rn", r"^10\.77\.0\.0\s+0\.0\.0\.0\s+255\.255\.255\.0\s+U\s+.* eth0$", None),
    ("route -n", "route -n", rf"^0\.0\.0\.0\s+{PEER}\s+0\.0\.0\.0\s+UG\s.* eth0$", None),
    ("route add", "route add -net 10.99.0.0/16 gw 10.77.0.1 && route -n",
     rf"^10\.99\.0\.0\s+{PEER}\s+255\.255\.0\.0\s+UG\s", None),
    ("netstat -s", PING + "netstat -s", r"^Icmp:(?s:.)*echo replies: 1$(?s:.)*^Udp:", None),
    ("netstat -i", PING + "netstat -i", r"^eth0\s+1500\s+[1-9]\d*\s+0\s+0 0\s+[1-9]\d*", None),
    ("netstat -g", "netstat -gn", r"^eth0\s+1\s+224\.0\.0\.1$(?s:.)*^eth0\s+1\s+ff02::1$", None),
    ("netstat -u", UDP % "netstat -anu", r"^udp\s+0\s+0 10\.77\.0\.2:5353\s+0\.0\.0\.0:\*", None),
    ("netstat -w", UDP % "netstat -anw", r"^raw\s+0\s+0 0\.0\.0\.0:89\s+0\.0\.0\.0:\*\s+7", None),
    ("ss -u", UDP % "ss -uan", r"^UNCONN\s+0\s+0\s+10\.77\.0\.2:5353\s+0\.0\.0\.0:\*", None),
    ("ss -w", UDP % "ss -wan", r"^UNCONN\s+0\s+0\s+0\.0\.0\.0:(ospf|89)\s+0\.0\.0\.0:\*", None),
    ("ss -s", UDP % "ss -s", r"^RAW\s+1\s+1\s+0\s*\nUDP\s+1\s+1\s+0", None),
    ("netstat -t", TCP % "netstat -tan", r"^tcp\s+0\s+0 127\.0\.0\.1:7777\s+0\.0\.0\.0:\*\s+LISTEN", None),
    ("ss -l", TCP % "ss -ltn", r"^LISTEN\s+0\s+5\s+127\.0\.0\.1:7777\s", "ESTAB"),
    ("ss of one port", TCP % "ss -tn state established sport = :7777", r"^0\s+0\s+127\.0\.0\.1:7777\s", "LISTEN"),
    ("ss -tinmope", TCP % "ss -tinmope dport = :7777",
     r"^ESTAB.*127\.0\.0\.1:7777 .*\n.*skmem:\(r0.* ts sack cubic wscale:.* cwnd:10 bytes_sent:5 ", None),
    ("ss -s, of TCP", TCP % "ss -s", r"^TCP: .*\(estab 2, closed \d+, orphaned 0, timewait 0\)", None),
    ("ss -K", TCP % "ss -tK dport = :7777 >/dev/null; ss -tan; echo over", r"^LISTEN(?s:.)*^over$", "ESTAB"),
    ("nstat, of TCP", TCP % "nstat -as", r"^TcpPassiveOpens\s+1\s(?s:.)*^TcpExtTCPOrigDataSent\s+1\s", None),
    ("ifconfig", "ifconfig -a", r"^eth0: flags=.*\n\s+inet 10\.77\.0\.2  netmask 255\.255\.255\.0(?s:.)*inet6 fe80:",
     None),
    ("ifconfig counts", PING + "ifconfig eth0", r"RX packets [1-9]\d*  bytes [1-9]", None),
    ("nstat", PING + "nstat -as", r"^IcmpInEchoReps\s+1\s", None),
    ("ip maddr", "ip maddr", r"eth0\n\s+link\s+01:00:5e:00:00:01\n(?s:.)*inet\s+224\.0\.0\.1\n(?s:.)*inet6 ff02::1$",
     None),
    ("tc", "tc -s qdisc show dev lo", "", "Cannot"),
    ("cat", "cat /proc/net/stat/arp_cache", r"^entries  allocs .*\n[0-9a-f]{8} ", None),
    ("a directory first", "cd /proc/self/net && cat route", r"^Iface\tDestination", None),
    ("a shell's redirection", "read a b < /proc/net/arp; echo $a-$b", "^IP-address", None),
    ("grep", PING + "grep -c eth0 /proc/net/arp /proc/net/dev /proc/net/igmp",
     "arp:1\n/proc/net/dev:1\n/proc/net/igmp:1", None),
    ("python", "python3 -c 'print(open(\"/proc/net/arp\").readlines()[0])'", "^IP address", None),
    ("a child's child", "sh -c \"sh -c 'cat /proc/net/route'\"", r"^eth0\t00004D0A\t00000000\t0001", None),
    ("other files are the machine's", "cat /proc/sys/kernel/ostype", "^Linux$", None),
]


@pytest.mark.parametrize("says, shell, output, never", [pytest.param(*r, id=r[0]) for r in PROGRAMS])
def test_it_sees_the_net(either, says, shell, output, never):
    done = either.nethood("run", "--proc", "--", "sh", "-c", shell)
    text = done.stdout + done.stderr
    assert re.search(output, text, re.MULTILINE), f"no {output!r} in\n{text}"
    assert never is None or never not in text, text


def test_without_proc_it_does_not(either):
    done = either.nethood("run", "--", "sh", "-c", PING + "cat /proc/net/arp; mount")
    assert PEER not in done.stdout and "nethood" not in done.stdout, done.stdout


def test_exec_sees_it_too(either):
    name = either.up()
    script = PING + "arp -n; netstat -rn"
    with_it = either.good("exec", name, "--proc", "--", "sh", "-c", script)
    assert re.search(rf"^{PEER}\s+ether", with_it, re.M) and re.search(r"UG\s.* eth0$", with_it, re.M)
    assert not re.search("eth0", either.nethood("exec", name, "--", "sh", "-c", script).stdout)
    assert PEER in either.good("proc", name, "arp")


def test_the_command_proc(host):
    name = host.up()
    host.good("exec", name, "--", "ping", "-c1", PEER)
    listed = host.good("proc", name).split()
    assert {"net/arp", "net/route", "net/snmp", "net/stat/arp_cache"} <= set(listed), listed
    for path in listed:
        host.good("proc", name, path)
    assert re.search(rf"^{PEER} +0x1 +0x2 ", host.good("proc", name, "arp"), re.M)
    assert host.good("proc", name, "net/arp") == host.good("proc", name, "/proc/net/arp")
    assert host.good("proc", name, "sys/net/ipv4/ip_default_ttl") == "64\n"
    assert "sys/net/ipv4/neigh/eth0/locktime" in host.good("proc", name, "sys").split()
    assert '"psched":"000003e8 ' in host.good("proc", name, "-j", "psched", "arp")
    done = host.nethood("proc", name, "nosuch")
    assert done.returncode == 1 and "no such file" in done.stderr
    assert host.nethood("proc").returncode == 2
    assert host.nethood("up", "x", "--proc").returncode == 2


# ---- sysctl(8), through FUSE


def need_fuse(machine):
    """Skip where doctor says that it cannot be mounted."""
    line = [row for row in machine.nethood("doctor").stdout.splitlines() if "/dev/fuse" in row][0]
    if not line.startswith("OK"):
        pytest.skip(line)


SYSCTLS = [
    # what, shell, what its output must match, status
    ("sysctl", "sysctl net.ipv4.neigh.default.gc_thresh3", "^net.ipv4.neigh.default.gc_thresh3 = 1024$", 0),
    ("sysctl -w", "sysctl -w net.ipv4.neigh.eth0.retrans_time_ms=250 && ip ntable show dev eth0",
     r"^net.ipv4.neigh.eth0.retrans_time_ms = 250$(?s:.)* retrans 250 ", 0),
    ("sysctl -a", "sysctl -a",
     r"^net.ipv4.conf.eth0.arp_announce = 0$(?s:.)*net.ipv4.neigh.lo.unres_qlen = 101$", None),
    ("sysctl -p", "echo net.ipv4.ip_default_ttl=33 | sysctl -p - && cat /proc/sys/net/ipv4/ip_default_ttl", "^33$", 0),
    ("default leaves a device that has an address", "sysctl -q net.ipv4.neigh.default.gc_stale_time=7; "
     "sysctl -n net.ipv4.neigh.eth0.gc_stale_time net.ipv4.neigh.default.gc_stale_time", "^60\n7$", 0),
    ("two numbers", "sysctl net.ipv4.ip_local_port_range='2000 3000' && sysctl net.ipv4.ip_local_port_range",
     "^net.ipv4.ip_local_port_range = 2000\t3000$", 0),
    ("TCP's", "sysctl net.ipv4.tcp_rmem", "^net.ipv4.tcp_rmem = 4096\t131072\t33554432$", 0),
    ("an empty list", "cd /proc/sys/net/ipv4; echo 5-7 >ip_local_reserved_ports; cat ip_local_reserved_ports; "
     "sysctl -qw net.ipv4.ip_local_reserved_ports=; echo end=$(cat ip_local_reserved_ports)", "^5-7\nend=$", 0),
    ("cat and echo", "cd /proc/sys/net/ipv4/conf/eth0; echo 2 > arp_ignore; cat arp_ignore", "^2$", 0),
    ("without a newline", "cd /proc/sys/net/ipv4; printf 5 > ip_default_ttl; cat ip_default_ttl", "^5$", 0),
    ("a bad value", "sysctl -w net.ipv4.ip_default_ttl=999", "Invalid argument", None),
    ("no number", "python3 -c 'with open(\"/proc/sys/net/ipv4/ip_forward\",\"w\") as f: f.write(\"x\")'",
     "OSError: .Errno 22. Invalid argument", 1),
    ("what a net has not", "cat /proc/sys/net/ipv4/cipso_cache_enable", "No such file or directory", 1),
    ("nor its directory", "ls /proc/sys/net/netfilter", "No such file or directory", 2),
    ("a new file", "echo 1 > /proc/sys/net/ipv4/new", "(nonexistent|No such file)", 2),
    ("a new directory", "mkdir /proc/sys/net/ipv4/new", "No such file", 1),
    ("removal", "rm -f /proc/sys/net/ipv4/ip_forward", "Permission denied", 1),
    ("another mode", "chmod 0666 /proc/sys/net/ipv4/ip_forward", "Operation not permitted", 1),
    ("modes", "stat -c %A /proc/sys/net /proc/sys/net/ipv4/ip_forward", "^dr-xr-xr-x\n-rw-r--r--$", 0),
    ("a device that comes", "ip link show eth0 >/dev/null; ls /proc/sys/net/ipv4/neigh", "^default\neth0\nlo$", 0),
    ("a walk through all", "find /proc/sys/net -type f | wc -l", r"^[1-9]\d\d$", 0),
    ("who outlives the program", "(sleep 0.5; cat /proc/sys/net/ipv4/ip_default_ttl) & exit 0", "^64$", 0),
    ("the machine's others", "sysctl kernel.ostype", "^kernel.ostype = Linux$", 0),
]


@pytest.mark.parametrize("says, shell, output, status", [pytest.param(*r, id=r[0]) for r in SYSCTLS])
def test_sysctl(either, says, shell, output, status):
    need_fuse(either)
    done = either.nethood("run", "--proc", "--", "sh", "-c", shell)
    text = done.stdout + done.stderr
    assert re.search(output, text, re.MULTILINE), f"no {output!r} in\n{text}"
    assert status is None or done.returncode == status, f"status {done.returncode}\n{text}"


def test_the_machine_keeps_its_sysctls(host):
    need_fuse(host)
    key = "net.ipv4.ip_default_ttl"
    before = host.run(["sysctl", "-n", key]).stdout
    assert host.good("run", "--proc", "--", "sysctl", "-n", key + "=77").strip() == "77"
    assert host.run(["sysctl", "-n", key]).stdout == before


def test_who_may_write(host):
    """Root's net: another user reads, and does not write."""
    need_fuse(host)
    name = host.up()
    key = "/proc/sys/net/ipv4/ip_default_ttl"
    other = " ".join(NOBODY)
    script = f"{other} cat {key}; {other} sh -c 'echo 9 > {key}'; {other} test -w {key} || echo not"
    done = host.nethood("exec", name, "--proc", "--", "sh", "-c", script)
    assert done.stdout == "64\nnot\n" and "Permission denied" in done.stderr, done
    assert host.good("sysctl", name, "net.ipv4.ip_default_ttl").split() == ["net.ipv4.ip_default_ttl", "=", "64"]


def test_what_is_written_is_seen_by_all(host):
    need_fuse(host)
    name = host.up()
    host.good("exec", name, "--proc", "--", "sysctl", "-w", "net.ipv4.neigh.eth0.locktime=33")
    assert host.good("sysctl", name, "net.ipv4.neigh.eth0.locktime").endswith("= 33\n")
    host.good("sysctl", name, "-w", "net.ipv4.neigh.eth0.locktime=44")
    assert host.good("exec", name, "--proc", "--", "sysctl", "-n", "net.ipv4.neigh.eth0.locktime") == "44\n"


def test_an_ordinary_user_with_a_device_of_his_own(host, public_binary, tmp_path):
    """Where /dev/fuse is root's: one that is everybody's, in a mount namespace."""
    os.chmod(tmp_path, 0o755)
    prepare = ("mount -t tmpfs -o dev none /mnt && mknod -m 666 /mnt/fuse c 10 229 && "
               "mount --bind /mnt/fuse /dev/fuse || exit 77; exec ")
    host.binary = public_binary
    script = "sysctl -w net.ipv4.neigh.eth0.locktime=33; id -u; cat /proc/sys/net/ipv4/neigh/eth0/locktime"
    done = host.run(["unshare", "-m", "sh", "-c", prepare + " ".join(NOBODY) +
                     f" {public_binary} run --proc -- sh -c '{script}'"])
    if done.returncode == 77:
        pytest.skip(f"no device node can be made: {done.stderr}")
    assert done.stdout == "net.ipv4.neigh.eth0.locktime = 33\n65534\n33\n", done


def test_where_it_cannot_be_mounted_sysctls_are_read(host, public_binary):
    """Without /dev/fuse: cat(1) reads, nothing is written, and nothing of the machine is touched."""
    script = ("cat /proc/sys/net/ipv4/neigh/eth0/locktime; echo 1 > /proc/sys/net/ipv4/ip_forward; "
              "cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/cipso_cache_enable")
    done = host.run(["unshare", "-m", "sh", "-c", "mount --bind /dev/null /dev/fuse; exec "
                     f"{public_binary} run --proc -- sh -c '{script}'"])
    assert done.stdout == "100\n0\n", done
    assert "Read-only file system" in done.stderr and "cipso_cache_enable: No such file" in done.stderr, done
