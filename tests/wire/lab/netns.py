# SPDX-License-Identifier: BSD-2-Clause
"""Network namespaces that need no name and leave nothing behind.

A namespace made here is held by one descriptor.  Whatever ends this process, even
SIGKILL, closes it, and the kernel takes the namespace and its devices down.
"""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import threading

CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000
TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM, ETHTOOL_SSG, ETHTOOL_SGSO = 0x17, 0x19, 0x24

libc = ctypes.CDLL(None, use_errno=True)


def _check(result):
    if result:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Netns:
    def __init__(self):
        self.fd = None
        self._in_thread(self._unshare)

    def _unshare(self):
        _check(libc.unshare(CLONE_NEWNET))
        self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    @staticmethod
    def _in_thread(function, *args):
        """A thread may change its namespace; the process stays where it is."""
        result = {}

        def body():
            try:
                result["value"] = function(*args)
            except BaseException as error:  # handed to the caller
                result["error"] = error
        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
        if "error" in result:
            raise result["error"]
        return result["value"]

    def do(self, function, *args):
        """Call @function with this namespace as the current one."""
        def body():
            _check(libc.setns(self.fd, CLONE_NEWNET))
            return function(*args)
        return self._in_thread(body)

    def wrap(self, argv):
        return ["nsenter", f"--net=/proc/self/fd/{self.fd}", *argv]

    def sysctl(self, key, value=None):
        path = "/proc/sys/" + key.replace(".", "/")

        def access():
            if value is None:
                with open(path) as file:
                    return file.read().strip()
            with open(path, "w") as file:
                file.write(str(value))
            return str(value)
        return self.do(access)

    def close(self):
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None


def tap_open(ifname):
    """The descriptor of a new TAP device in the current namespace."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", ifname.encode(), IFF_TAP | IFF_NO_PI))
    except OSError:
        os.close(fd)
        raise
    return fd


def tap_possible():
    """Whether this process may make TAP devices (the device file is often root's)."""
    return os.access("/dev/net/tun", os.R_OK | os.W_OK)


def veth_open(inside, name, outside, peer):
    """A pair of devices, one in each namespace: what an ordinary user has for a TAP.

    The one inside leaves checksums and segments to nobody: its frames are complete.
    """
    subprocess.run(inside.wrap(["ip", "link", "add", name, "type", "veth", "peer", "name", peer,
                                "netns", f"/proc/self/fd/{outside.fd}"]), check=True,
                   pass_fds=(inside.fd, outside.fd))
    inside.do(_offloads_off, name)


def _offloads_off(name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for command in (ETHTOOL_STXCSUM, ETHTOOL_SSG, ETHTOOL_SGSO):
            value = ctypes.create_string_buffer(struct.pack("=II", command, 0))
            request = struct.pack("=16sQ16x", name.encode(), ctypes.addressof(value))
            fcntl.ioctl(sock, SIOCETHTOOL, request)


def become_root_of_a_namespace():
    """An ordinary user's way to namespaces; only a process without threads may take it."""
    uid, gid = os.geteuid(), os.getegid()
    _check(libc.unshare(CLONE_NEWUSER))
    for file, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{file}", "w") as out:
            out.write(text)
