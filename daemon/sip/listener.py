"""A socket that TCP and TLS connections come in at: opened, and told how those it accepts are to behave.

Standard library sockets that never block. Not here: waiting for them, and who may come in (`connections`).
"""

from __future__ import annotations

import socket

from daemon.config.listen import Listen
from daemon.sip.flow import IPV4, IPV6

# What the kernel may hold for a connection in either direction, before doubling it for itself: one message of full
# size. Left alone it would grow to several megabytes for a peer that sends without end, or never reads.
KERNEL_BUFFER = 64 * 1024
# Connections that wait to be accepted: a site's phones after a power cut. The kernel caps it at net.core.somaxconn.
BACKLOG = 4096


class Listener:
    """Where connections of one transport, "tcp" or "tls", and one address family come in."""

    def __init__(self, listen: Listen) -> None:
        """Binds at once; `OSError` if that address cannot be had. Port 0 takes a free one."""
        self.socket = stream_socket(IPV6 if ":" in listen.host else IPV4)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind((listen.host, listen.port))
            self.socket.listen(BACKLOG)
        except OSError as error:
            self.socket.close()
            raise OSError(error.errno, f"cannot listen on {listen}: {error.strerror}") from error
        host, port = self.socket.getsockname()[:2]
        self.listen = Listen(listen.scheme, host, port)  # with the port it really got

    def accept(self) -> tuple[socket.socket, str, int]:
        """The next connection, with host and port of its far end; `BlockingIOError` if none waits."""
        accepted, address = self.socket.accept()
        accepted.setblocking(False)
        return accepted, address[0], address[1]


def stream_socket(family: int) -> socket.socket:
    """A TCP socket that never blocks, never waits to fill a packet, and holds little; its connections inherit that."""
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)
    if family == IPV6:  # an IPv4 phone is to be 192.0.2.7 everywhere, never ::ffff:192.0.2.7
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made
