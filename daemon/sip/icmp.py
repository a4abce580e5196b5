"""ICMP errors about our datagrams, as Linux reports them on a socket's error queue (ip(7), IP_RECVERR).

An error quotes the datagram it is about; only one that quotes a ping's own token is believed, since nobody else can
know it. Not here: sockets (`flow`), what a miss means.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable

# From linux/errqueue.h and linux/in6.h; the socket module names none of them.
IP_RECVERR, IPV6_RECVERR = 11, 25
_EXTENDED_ERROR = struct.Struct("=IBBBBII")  # errno, origin, type, code, pad, info, data
_FROM_ICMP, _FROM_ICMP6 = 2, 3
_UNREACHABLE, _UNREACHABLE6 = 3, 1  # RFC 792, RFC 4443; time exceeded and the like say nothing about the phone
_TOO_BIG = 4  # a code of RFC 792's unreachable: the datagram was, not the phone
_WORDS = {
    _FROM_ICMP: {0: "network", 1: "host", 2: "protocol", 3: "port"},
    _FROM_ICMP6: {0: "network", 3: "host", 4: "port"},
}

Ancillary = Iterable[tuple[int, int, bytes]]  # as socket.recvmsg gives it


def unreachable(ancillary: Ancillary) -> str | None:
    """What could not be reached, e.g. "icmp: port unreachable"; None if the error says nothing about the far end."""
    for level, kind, data in ancillary:
        known = (level, kind) in ((socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR))
        if not known or len(data) < _EXTENDED_ERROR.size:
            continue
        _, origin, icmp_type, code, *_ = _EXTENDED_ERROR.unpack_from(data)
        if (origin, icmp_type) == (_FROM_ICMP, _UNREACHABLE) and code != _TOO_BIG:
            return f"icmp: {_WORDS[origin].get(code, 'host')} unreachable"
        if (origin, icmp_type) == (_FROM_ICMP6, _UNREACHABLE6):
            return f"icmp: {_WORDS[origin].get(code, 'host')} unreachable"
    return None
