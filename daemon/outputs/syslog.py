"""Syslog's sockets: a datagram each, or a connection for as many messages as wait.

A syslog receiver acknowledges nothing. Over UDP a message has been told when it has left this machine. Over TCP and TLS
we say that we have ended, and wait for the receiver to end as well: it does so when it has read everything, so what a
receiver loses by dying midway is sent again. Not here: what a message says (`syslog_message`).
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence

import trio

from daemon.config.output_settings import SyslogOutput
from daemon.fleet.notifications import Alarm
from daemon.outputs.syslog_message import framed, syslog_message
from daemon.outputs.way import NotTaken, Told

_PIECE = 4096  # of what a receiver says, which is nothing we know of


class Syslog:
    """Writes to one receiver; `enterprise` says under which number."""

    def __init__(self, output: SyslogOutput, enterprise: Callable[[], int]) -> None:
        self._output = output
        self._enterprise = enterprise
        self._hostname = socket.gethostname()

    async def tell(self, told: Sequence[Told]) -> None:
        """A message each, in order."""
        messages = [self._message(one) for one in told]
        try:
            if self._output.transport == "udp":
                await self._send_datagrams(messages)
            else:
                await self._send_stream(b"".join(map(framed, messages)))
        except ssl.SSLError as error:
            raise NotTaken("security", error.reason or str(error)) from None
        except trio.BrokenResourceError as error:
            reason = "security" if isinstance(error.__cause__, ssl.SSLError) else "broken"
            raise NotTaken(reason, str(error.__cause__ or "the connection broke")) from None
        except (OSError, UnicodeError) as error:
            raise NotTaken("connect", str(error)) from None

    async def refresh(self, active: Iterable[Alarm], now: float) -> None:
        """A log is not told twice."""

    def _message(self, told: Told) -> bytes:
        return syslog_message(
            self._output,
            told.notification,
            enterprise=self._enterprise(),
            hostname=self._hostname,
            process=os.getpid(),
            number=told.number,
        )

    async def _send_datagrams(self, messages: Sequence[bytes]) -> None:
        host, port = self._output.address
        found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        with trio.socket.socket(family, kind, protocol) as sock:
            await sock.connect(address)
            for message in messages:
                await sock.send(message)

    async def _send_stream(self, data: bytes) -> None:
        host, port = self._output.address
        plain = await trio.open_tcp_stream(host, port)
        async with plain:
            if self._output.transport == "tcp":
                await plain.send_all(data)
                await plain.send_eof()
                await _read_to_the_end(plain)
                return
            # Read anew each time, in a thread: a renewed file keeps its name.
            context = await trio.to_thread.run_sync(lambda: ssl.create_default_context(cafile=self._output.ca))
            secured = trio.SSLStream(plain, context, server_hostname=host, https_compatible=False)
            await secured.send_all(data)
            await _say_goodbye(secured)


async def _read_to_the_end(stream: trio.abc.ReceiveStream) -> None:
    while await stream.receive_some(_PIECE):
        pass


async def _say_goodbye(secured: trio.SSLStream[trio.SocketStream]) -> None:
    """End our side and wait for the receiver's end, whether it says goodbye by TLS or only closes."""
    try:
        await secured.unwrap()
    except trio.BrokenResourceError as error:
        if not isinstance(error.__cause__, ssl.SSLEOFError):
            raise
