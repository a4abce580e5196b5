"""One phone's TCP connection to the daemon: opened without waiting, written to, and cut into messages.

Written from RFC 3261 section 18.3 alone, sharing nothing with `daemon.sip`. The socket never blocks; whoever owns the
connection asks the kernel when it is ready (`sip_side`). Not here: what the messages say (`sip_text`).
"""

from __future__ import annotations

import re
import socket
from contextlib import suppress

from daemon.simulate.sip_text import Address

_ONE_TURN = 65_536  # bytes taken at a time; the daemon's pings have 500
_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})", re.IGNORECASE)


class Stream:
    """From the phone's own address; `OSError` from any method means that the connection is gone."""

    def __init__(self, address: str, to: Address) -> None:
        self.to = to
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._heard = b""
        self._unsaid = bytearray()
        self._open = False
        try:
            self.socket.setblocking(False)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            self.socket.bind((address, 0))
            with suppress(BlockingIOError):
                self.socket.connect(to)
        except OSError:
            self.socket.close()
            raise

    @property
    def waits(self) -> bool:
        """Whether it wants to be told when it can be written to."""
        return bool(self._unsaid) or not self._open

    def say(self, data: bytes) -> None:
        """Write now what can be, and the rest in `flush`."""
        self._unsaid += data
        if self._open:
            self.flush()

    def flush(self) -> None:
        """It can be written to (again)."""
        self._open = True
        try:
            sent = self.socket.send(self._unsaid) if self._unsaid else 0
        except BlockingIOError:
            return
        del self._unsaid[:sent]

    def hear(self) -> list[bytes]:
        """The messages that are complete by now."""
        try:
            data = self.socket.recv(_ONE_TURN)
        except BlockingIOError:
            return []
        if not data:
            raise ConnectionResetError("closed by the far end")
        messages, self._heard = split(self._heard + data)
        return messages


def split(data: bytes) -> tuple[list[bytes], bytes]:
    """The messages at the beginning, and the rest of the bytes; CRLFs between messages are keep-alives."""
    messages = list[bytes]()
    while True:
        data = data.lstrip(b"\r\n")
        head = data.find(b"\r\n\r\n")
        if head < 0:
            return messages, data
        length = _LENGTH.search(data, 0, head + 2)
        end = head + 4 + (int(length[1]) if length else 0)
        if end > len(data):
            return messages, data
        messages.append(data[:end])
        data = data[end:]
