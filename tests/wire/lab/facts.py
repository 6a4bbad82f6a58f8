# SPDX-License-Identifier: BSD-2-Clause
"""What a stack counts: its neighbour table (of the machine, if it is the kernel), nethood's drops; what it refuses."""

import errno
import json
import socket
import struct

from . import netlink as nl

NDTA_NAME, NDTA_CONFIG, NDTA_STATS = 1, 5, 7
CONFIG = ("key_len", "entry_size", "entries", "last_flush", "last_rand", "hash_rnd", "hash_mask", "hash_chain_gc",
          "proxy_qlen")
STATS = ("allocs", "destroys", "hash_grows", "res_failed", "lookups", "hits", "rcv_probes_mcast", "rcv_probes_ucast",
         "periodic_gc_runs", "forced_gc_runs", "table_fulls")


def error(call, *args):
    """errno of a call, of socket.timeout too; 0: it went well."""
    try:
        call(*args)
    except OSError as refused:
        return refused.errno or errno.EAGAIN
    return 0


def table_numbers(stack):
    """The numbers that RTM_GETNEIGHTBL has of the ARP table."""
    header = struct.pack("=BBH", socket.AF_INET, 0, 0)
    request = nl.message(nl.RTM_GETNEIGHTBL, nl.NLM_F_REQUEST | nl.NLM_F_DUMP, header)
    for message in nl.ask(stack, request):
        if message.kind != nl.RTM_NEWNEIGHTBL:
            continue
        found = nl.attrs(message.body[4:])
        if found[NDTA_NAME].rstrip(b"\0") == b"arp_cache" and NDTA_STATS in found:
            return {**dict(zip(CONFIG, struct.unpack_from("=HHIIIIIII", found[NDTA_CONFIG]))),
                    **dict(zip(STATS, struct.unpack_from("=11Q", found[NDTA_STATS])))}
    raise AssertionError(f"{stack.kind} has no table arp_cache")


def drops(stack):
    """{reason: how many} of nethood; the kernel does not tell."""
    counts = {}
    for row in json.loads(stack.command("drops", "-j")):
        counts[row["reason"]] = counts.get(row["reason"], 0) + row["count"]
    return counts
