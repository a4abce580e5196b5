"""One UDP socket of ours: opened, told how to behave, and knowing how a ping from it looks.

Standard library sockets that never block. Not here: waiting for them (`endpoint`), what the datagrams say.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress

from daemon.config.listen import Listen
from daemon.sip.icmp import IP_RECVERR, IPV6_RECVERR, Ancillary
from daemon.sip.message import Address
from daemon.sip.mmsg import SO_TIMESTAMPNS, Inbox, Outbox
from daemon.sip.options import OptionsTemplate

# Plain numbers: hashing an enum member costs more than the look-up it is for.
IPV4, IPV6 = int(socket.AF_INET), int(socket.AF_INET6)

# 4 MiB hold some 6,500 answers (measured): more than a second of the fastest pinging. The kernel gives less if its
# net.core.rmem_max is lower, without saying so: 212,992 bytes on many machines, which it doubles, and which held 332.
BUFFER = 4 * 1024 * 1024
_BYTES_EACH = 1283  # what the kernel counts for an answer of ours, with its own bookkeeping
NAME_LENGTH = {IPV4: 16, IPV6: 28}  # of `Contact.socket_address`
_SO_MEMINFO = 55  # linux/sock_diag.h; the last of its nine numbers counts the drops
_MEMINFO = struct.Struct("=9I")
_QUOTED = 2048  # bytes of a quoted datagram; a ping is shorter
_ERROR_CONTROL = 512


class Flow:
    """Where datagrams of one address family leave and arrive."""

    options: OptionsTemplate  # how a ping looks that leaves here; `Pinger` says
    room: int  # answers that the kernel keeps for us until we look

    def __init__(self, listen: Listen) -> None:
        """Binds at once; `OSError` if that address cannot be had. Port 0 takes a free one."""
        self.family = IPV6 if ":" in listen.host else IPV4
        self.socket = socket.socket(self.family, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            with suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        if self.family == IPV6:  # an IPv4 phone is to be 192.0.2.7 everywhere, never ::ffff:192.0.2.7
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
        else:
            self.socket.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        self.room = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // _BYTES_EACH
        self._dropped = 0
        self._bind(listen)
        host, port = self.socket.getsockname()[:2]
        self.address: Address = (host, port)
        self.listener = str(self.listen)  # as contacts name it that registered here
        self.inbox = Inbox(self.socket, self.listener)
        self.outbox = Outbox(self.socket, NAME_LENGTH[self.family])

    def overflown(self) -> int:
        """How many datagrams the kernel threw away since the last call, because we did not take them in fast enough."""
        try:
            *_, dropped = _MEMINFO.unpack(self.socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))
        except (OSError, struct.error):  # a kernel before 4.12
            return 0
        before, self._dropped = self._dropped, dropped
        return int(dropped - before) % 2**32

    def error(self) -> tuple[bytes, Ancillary] | None:
        """The next ICMP error: the datagram it quotes and what the kernel says about it; None if there is none."""
        try:
            quoted, ancillary, _, _ = self.socket.recvmsg(_QUOTED, _ERROR_CONTROL, socket.MSG_ERRQUEUE)
        except OSError:
            return None
        return quoted, ancillary

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
