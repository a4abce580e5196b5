"""One UDP socket of ours: opened, told how to behave, and knowing how a ping from it looks.

Standard library sockets that never block. Not here: waiting for them (`endpoint`), what the datagrams say.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress

from daemon.config.listen import Listen
from daemon.config.settings import Sip
from daemon.sip.message import Address
from daemon.sip.options import OptionsTemplate
from daemon.sip.parser import MAX_DATAGRAM

# Plain numbers: hashing an enum member costs more than the look-up it is for.
IPV4, IPV6 = int(socket.AF_INET), int(socket.AF_INET6)

# 4 MiB hold some 8,000 answers: more than a second of the fastest pinging. The kernel gives less if its
# net.core.rmem_max is lower, without saying so.
BUFFER = 4 * 1024 * 1024
# Linux stamps each datagram when it arrives, in UTC; the socket module has no name for the option (socket(7)).
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY = socket.CMSG_SPACE(_TIMESPEC.size)


class Flow:
    """Where datagrams of one address family leave and arrive."""

    def __init__(self, listen: Listen, settings: Sip) -> None:
        """Binds at once; `OSError` if that address cannot be had. Port 0 takes a free one."""
        self.family = IPV6 if ":" in listen.host else IPV4
        self.socket = socket.socket(self.family, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            with suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        if self.family == IPV6:  # an IPv4 phone is to be 192.0.2.7 everywhere, never ::ffff:192.0.2.7
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self._bind(listen)
        host, port = self.socket.getsockname()[:2]
        self.address: Address = (host, port)
        self.introduce(settings)

    def introduce(self, settings: Sip) -> None:
        """How pings that leave here name their sender from now on."""
        self.options = OptionsTemplate(self.address, settings.domain, settings.user_agent)

    def receive(self) -> tuple[bytes, Address, float | None]:
        """One datagram, where it came from, and when it arrived by the system's clock (None if that cannot be told).

        `BlockingIOError` if there is none; another `OSError` is about something sent earlier.
        """
        datagram, ancillary, _, source = self.socket.recvmsg(MAX_DATAGRAM, _ANCILLARY)
        if not ancillary or ancillary[0][1] != _SO_TIMESTAMPNS:
            return datagram, source[:2], None
        seconds, nanoseconds = _TIMESPEC.unpack_from(ancillary[0][2])
        return datagram, source[:2], seconds + nanoseconds * 1e-9

    def _bind(self, listen: Listen) -> None:
        try:
            self.socket.bind((listen.host, listen.port))
        except OSError as error:
            self.socket.close()
            raise OSError(error.errno, f"cannot listen on {listen}: {error.strerror}") from error

    @property
    def listen(self) -> Listen:
        """Where it listens, with the port it really got."""
        return Listen("udp", *self.address)


def family_of(host: str) -> int | None:
    """`IPV4` or `IPV6` for a numeric address; None for a name, which nothing here resolves (that would block)."""
    family = IPV6 if ":" in host else IPV4
    try:
        socket.inet_pton(family, host)
    except (OSError, ValueError):
        return None
    return family
