"""Messages out of a byte stream (TCP, TLS): where each begins and ends, and the keep-alives between them.

Pure framing, in time linear in what arrives, however it is cut: what was searched once is not searched again. A
message comes out as the bytes that `parser.parse` takes, whole, because on a stream its length has to be known before
it can be read (RFC 3261 section 18.3). Not here: sockets, idle times, what a message says.

Between messages stand CRLFs: two in a row are a ping, which one CRLF answers (RFC 5626 section 4.4.1). One alone is the
answer to a ping, or one of the empty lines that section 7.5 wants ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from daemon.errors import BadMessage
from daemon.sip.grammar import parse_number
from daemon.sip.parser import MAX_DATAGRAM

# One turn of a connection's loop gets at most so many. A phone sends one in 30 seconds or more; whoever sends more at
# once than it would in half an hour wants to be answered often, not to be kept alive.
MAX_KEEP_ALIVES = 64

# Content-Length as the parser would read it: either name, in any case, folded anywhere.
_LENGTH = re.compile(
    rb"\r\n(?:content-length|l)[ \t]*+(?:\r\n[ \t]++)*+:([^\r]*+(?:\r\n[ \t][^\r]*+)*+)",
    re.IGNORECASE,
)
_FOLD = re.compile(rb"\r\n[ \t]+")
_FIRST = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.!%*_+`'~")  # of a token
_CR, _END = ord("\r"), b"\r\n\r\n"


class KeepAlive(Enum):
    """What stands between messages."""

    PING = "ping"  # two CRLFs: to be answered with one
    PONG = "pong"  # one CRLF: wants nothing


PING, PONG = KeepAlive.PING, KeepAlive.PONG
PONG_BYTES = b"\r\n"


class StreamReader:
    """One connection's bytes -> its messages and keep-alives, in order."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # no end of a head starts before this place
        self._whole = 0  # the length of the message at hand, once its head is complete
        self._broken = False

    def __len__(self) -> int:
        """Bytes that wait for the rest of their message."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[bytes | KeepAlive]:
        """What `data` completes: a message's bytes, PING, or PONG once it is clear that no second CRLF follows it.

        To be read to its end before the next call. `BadMessage` comes after what was complete before the fault, and
        only once: where the next message would begin cannot be known, so the connection is to be closed.
        """
        if self._broken:
            return
        self._buffer += data
        keep_alives = 0
        try:
            while item := self._next():
                keep_alives = _counted(keep_alives, item)
                yield item
        except BadMessage:
            self._broken = True
            self._buffer.clear()
            raise

    def _next(self) -> bytes | KeepAlive | None:
        if not self._buffer:
            return None
        if self._buffer[0] == _CR:
            return self._keep_alive()
        if self._buffer[0] not in _FIRST:  # TLS without TLS, a scanner: no need to wait for the end of that
            raise BadMessage("start-line", f"starts with {bytes(self._buffer[:20])!r}")
        return self._message()

    def _keep_alive(self) -> KeepAlive | None:
        if self._buffer.startswith(_END):
            del self._buffer[:4]
            return PING
        if _END.startswith(self._buffer):  # the rest may follow
            return None
        if not self._buffer.startswith(b"\r\n") or self._buffer[2:3] == b"\r":
            raise BadMessage("stray-control", "a CR without its LF between messages")
        del self._buffer[:2]
        return PONG

    def _message(self) -> bytes | None:
        if not self._whole:
            end = self._buffer.find(_END, self._searched)
            self._searched = max(0, len(self._buffer) - 3)
            reach = len(self._buffer) if end < 0 else end + 4
            if reach > MAX_DATAGRAM:
                raise BadMessage("too-large", "no end of the headers")
            if end < 0:
                return None
            self._whole = reach + _content_length(bytes(self._buffer[: end + 2]))
            if self._whole > MAX_DATAGRAM:
                raise BadMessage("too-large", f"{self._whole} bytes")
        if len(self._buffer) < self._whole:
            return None
        message = bytes(self._buffer[: self._whole])
        del self._buffer[: self._whole]
        self._searched = self._whole = 0
        return message


def _counted(keep_alives: int, item: bytes | KeepAlive) -> int:
    if isinstance(item, bytes):
        return keep_alives
    if keep_alives == MAX_KEEP_ALIVES:
        raise BadMessage("too-many-keep-alives", f"over {MAX_KEEP_ALIVES} at once")
    return keep_alives + 1


def _content_length(head: bytes) -> int:
    """What every Content-Length of `head` says; `BadMessage` if none does, or if two contradict."""
    values = {_FOLD.sub(b" ", value).strip(b" \t") for value in _LENGTH.findall(head)}
    if not values:
        raise BadMessage("no-content-length", "a stream needs one in every message")
    length = parse_number(values.pop().decode("ascii", "replace"), MAX_DATAGRAM)
    if length is None or values:
        raise BadMessage("content-length", "not one number up to 65535")
    return length
