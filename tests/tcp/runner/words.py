# SPDX-License-Identifier: BSD-2-Clause
"""The names that a script may use in calls, as numbers; and the fields of struct tcp_info."""

import socket
import struct

OPTIONS = {name: (socket.SOL_SOCKET, value) for name, value in {
    "SO_REUSEADDR": 2, "SO_TYPE": 3, "SO_ERROR": 4, "SO_DONTROUTE": 5, "SO_SNDBUF": 7, "SO_RCVBUF": 8,
    "SO_KEEPALIVE": 9, "SO_OOBINLINE": 10, "SO_PRIORITY": 12, "SO_LINGER": 13, "SO_REUSEPORT": 15, "SO_RCVLOWAT": 18,
    "SO_SNDLOWAT": 19, "SO_RCVTIMEO": 20, "SO_SNDTIMEO": 21, "SO_ACCEPTCONN": 30, "SO_SNDBUFFORCE": 32,
    "SO_RCVBUFFORCE": 33, "SO_PROTOCOL": 38, "SO_DOMAIN": 39, "SO_TIMESTAMPING": 37, "SO_MAX_PACING_RATE": 47,
    "SO_ZEROCOPY": 60}.items()}
OPTIONS.update({name: (socket.IPPROTO_TCP, value) for name, value in {
    "TCP_NODELAY": 1, "TCP_MAXSEG": 2, "TCP_CORK": 3, "TCP_KEEPIDLE": 4, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 6,
    "TCP_SYNCNT": 7, "TCP_LINGER2": 8, "TCP_DEFER_ACCEPT": 9, "TCP_WINDOW_CLAMP": 10, "TCP_QUICKACK": 12,
    "TCP_CONGESTION": 13, "TCP_THIN_LINEAR_TIMEOUTS": 16, "TCP_USER_TIMEOUT": 18, "TCP_FASTOPEN": 23,
    "TCP_TIMESTAMP": 24, "TCP_NOTSENT_LOWAT": 25, "TCP_SAVE_SYN": 27, "TCP_SAVED_SYN": 28,
    "TCP_FASTOPEN_CONNECT": 30, "TCP_FASTOPEN_NO_COOKIE": 34, "TCP_INQ": 36, "TCP_TX_DELAY": 37,
    "TCP_RTO_MAX_MS": 44, "TCP_RTO_MIN_US": 45, "TCP_DELACK_MAX_US": 46}.items()})
OPTIONS.update({name: (socket.IPPROTO_IP, value) for name, value in {
    "IP_TOS": 1, "IP_TTL": 2, "IP_MTU_DISCOVER": 10, "IP_RECVERR": 11, "IP_MTU": 14, "IP_MINTTL": 21,
    "IP_BIND_ADDRESS_NO_PORT": 24, "IP_LOCAL_PORT_RANGE": 51}.items()})
TIMES = ("SO_RCVTIMEO", "SO_SNDTIMEO")
STRINGS = ("TCP_CONGESTION", "TCP_SAVED_SYN")
MSG = {"OOB": 1, "PEEK": 2, "TRUNC": 0x20, "DONTWAIT": 0x40, "WAITALL": 0x100, "MORE": 0x8000,
       "ZEROCOPY": 0x4000000, "FASTOPEN": 0x20000000}
HOW = {"RD": 0, "WR": 1, "RDWR": 2}
STATES = ["", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT",
          "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV"]

_BYTES = ["state", "ca_state", "retransmits", "probes", "backoff", "options"]
_U32_FIRST = ["rto", "ato", "snd_mss", "rcv_mss", "unacked", "sacked", "lost", "retrans", "fackets", "last_data_sent",
              "last_ack_sent", "last_data_recv", "last_ack_recv", "pmtu", "rcv_ssthresh", "rtt", "rttvar",
              "snd_ssthresh", "snd_cwnd", "advmss", "reordering", "rcv_rtt", "rcv_space", "total_retrans"]
_LAYOUT = "=8B24I4Q6IQ3Q2I2Q2I2I"
_REST = ["pacing_rate", "max_pacing_rate", "bytes_acked", "bytes_received", "segs_out", "segs_in", "notsent_bytes",
         "min_rtt", "data_segs_in", "data_segs_out", "delivery_rate", "busy_time", "rwnd_limited", "sndbuf_limited",
         "delivered", "delivered_ce", "bytes_sent", "bytes_retrans", "dsack_dups", "reord_seen", "rcv_ooopack",
         "snd_wnd"]


def tcp_info(raw):
    """struct tcp_info as a dict, without the prefix tcpi_."""
    size = struct.calcsize(_LAYOUT)
    values = struct.unpack(_LAYOUT, raw[:size].ljust(size, b"\0"))
    found = dict(zip(_BYTES, values[:6]))
    found["snd_wscale"], found["rcv_wscale"] = values[6] & 15, values[6] >> 4
    found["app_limited"], found["fastopen_client_fail"] = values[7] & 1, values[7] >> 1 & 3
    found.update(zip(_U32_FIRST, values[8:32]))
    found.update(zip(_REST, values[32:]))
    return found


def option_octets(name, value):
    """The value of setsockopt: an int, or octets."""
    if name == "SO_LINGER":
        onoff, seconds = value.split()
        return struct.pack("=ii", int(onoff), int(seconds))
    if name in TIMES:
        seconds = float(value)
        return struct.pack("=qq", int(seconds), int(seconds % 1 * 1e6))
    if name in STRINGS:
        return value.strip('"').encode()
    return int(value, 0)


def option_size(name):
    """What getsockopt is given to fill; 0 for an int."""
    return 8 if name == "SO_LINGER" else 16 if name in TIMES + ("TCP_CONGESTION",) else 256 if name in STRINGS else 0


def option_text(name, value):
    if name == "SO_LINGER":
        return "%d %d" % struct.unpack("=ii", value)
    if name in TIMES:
        seconds, micros = struct.unpack("=qq", value)
        return f"{seconds + micros / 1e6:g}"
    if name == "TCP_CONGESTION":
        return '"' + value.split(b"\0")[0].decode() + '"'
    return value
