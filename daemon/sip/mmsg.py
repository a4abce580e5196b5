"""Many datagrams per system call: recvmmsg(2) and sendmmsg(2), which Python's socket module lacks.

Half of what a ping costs is the way into the kernel and back; for 64 at once it is made once. What the kernel reads
and writes is laid out at the start and never again: per call only lengths and addresses change. Linux only, as is all
of this edge. Not here: what the datagrams say, waiting for them (`endpoint`).
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate

from daemon.sip.message import Source
from daemon.sip.parser import MAX_DATAGRAM

# Datagrams per call. Twice as many gained nothing that could be measured.
BATCH = 64
# Each has room for the longest datagram, of which Linux only provides what is used. The odd size keeps their
# beginnings from all falling into the same lines of the processor's cache.
_ROOM = MAX_DATAGRAM + 1 + 192
_LONGEST_NAME = 28  # struct sockaddr_in6
# Linux stamps each datagram when it arrives, in UTC; the socket module has no name for the option (socket(7)).
SO_TIMESTAMPNS = 35
_STAMP_AT = socket.CMSG_LEN(0) // 8  # in a control buffer read as whole numbers of 8 bytes
_CONTROL = 64  # bytes; a time stamp takes 32

# ip(7): retry at once if what the kernel reports is an ICMP error about something sent earlier.
ABOUT_ANOTHER = frozenset((errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EPROTO))

_libc = ctypes.CDLL(None, use_errno=True)


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Head(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.c_void_p),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("head", _Head), ("length", ctypes.c_uint))


_Messages = _Message * BATCH
_Vectors = _Vector * BATCH
_LENGTH_AT, _LENGTH_STEP = _Message.length.offset // 4, ctypes.sizeof(_Message) // 4


class Inbox:
    """Datagrams that arrive at one socket."""

    def __init__(self, sock: socket.socket, listener: str = "") -> None:
        """`listener` is what every `Source` names as the one of ours."""
        self._socket = sock
        self._listener = listener
        self._data = mmap.mmap(-1, BATCH * _ROOM)
        self._names = bytearray(BATCH * _LONGEST_NAME)
        self._control = bytearray(BATCH * _CONTROL)
        self._vectors = _Vectors()
        self._messages = _Messages()
        data, names, control = _address(self._data), _address(self._names), _address(self._control)
        for index in range(BATCH):
            self._vectors[index] = _Vector(data + index * _ROOM, MAX_DATAGRAM)
            self._messages[index].head = _Head(
                names + index * _LONGEST_NAME,
                _LONGEST_NAME,
                ctypes.addressof(self._vectors[index]),
                1,
                control + index * _CONTROL,
                _CONTROL,
            )
        self._untouched = bytes(self._messages)
        self._starts = tuple(range(0, BATCH * _ROOM, _ROOM))
        self._words = memoryview(self._messages).cast("B").cast("I")
        self._stamps = memoryview(self._control).cast("q")

    def receive(self) -> tuple[list[bytes], list[float]]:
        """What has arrived, `BATCH` datagrams at most, and when, in UTC (0 if the kernel does not say).

        Nothing is an empty list. `OSError` is about something sent earlier.
        """
        ctypes.memmove(self._messages, self._untouched, len(self._untouched))
        count = _libc.recvmmsg(self._socket.fileno(), self._messages, BATCH, socket.MSG_DONTWAIT, None)
        if count < 0:
            if ctypes.get_errno() == errno.EAGAIN:
                return [], []
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        data = self._data
        lengths = self._words[_LENGTH_AT : count * _LENGTH_STEP : _LENGTH_STEP].tolist()
        datagrams = [data[at : at + length] for at, length in zip(self._starts, lengths, strict=False)]
        step, end = _CONTROL // 8, count * _CONTROL // 8
        seconds = self._stamps[_STAMP_AT:end:step].tolist()
        nanoseconds = self._stamps[_STAMP_AT + 1 : end : step].tolist()
        return datagrams, [sec + nano * 1e-9 for sec, nano in zip(seconds, nanoseconds, strict=True)]

    def source(self, index: int) -> Source:
        """Where the datagram at this place of the newest batch came from."""
        name = self._names[index * _LONGEST_NAME : (index + 1) * _LONGEST_NAME]
        port = int.from_bytes(name[2:4], "big")
        if int.from_bytes(name[:2], sys.byteorder) == socket.AF_INET6:
            host, scope = socket.inet_ntop(socket.AF_INET6, name[8:24]), int.from_bytes(name[24:28], sys.byteorder)
            host = f"{host}%{scope}" if scope else host  # a link-local one leads nowhere without it
            return Source(host, port, listener=self._listener)
        return Source(socket.inet_ntop(socket.AF_INET, name[4:8]), port, listener=self._listener)


class Outbox:
    """Datagrams that leave one socket."""

    def __init__(self, sock: socket.socket, name_length: int) -> None:
        """`name_length` is that of every address given later: 16 for IPv4, 28 for IPv6."""
        self._socket = sock
        self._name_length = name_length
        self._names = bytearray(BATCH * name_length)
        self._vectors = _Vectors()
        self._messages = _Messages()
        names = _address(self._names)
        for index in range(BATCH):
            vector = ctypes.addressof(self._vectors[index])
            self._messages[index].head = _Head(names + index * name_length, name_length, vector, 1)
        self._words = memoryview(self._vectors).cast("B").cast("L")  # on Linux as wide as a pointer

    def send(self, texts: Sequence[str], addresses: Sequence[bytes]) -> list[tuple[int, int]]:
        """Send each ASCII text to its `Contact.socket_address`; which did not leave, by place, with their errno."""
        failed = list[tuple[int, int]]()
        for first in range(0, len(texts), BATCH):
            part = slice(first, first + BATCH)
            failed += [(first + place, code) for place, code in self._send(texts[part], addresses[part])]
        return failed

    def _send(self, texts: Sequence[str], addresses: Sequence[bytes]) -> list[tuple[int, int]]:
        count = len(texts)
        data = "".join(texts).encode("ascii")
        begin = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
        lengths = array("L", map(len, texts))
        self._words[0 : 2 * count : 2] = array("L", accumulate(lengths[:-1], initial=begin))
        self._words[1 : 2 * count : 2] = lengths
        self._names[: count * self._name_length] = b"".join(addresses)
        return self._hand_over(count)

    def _hand_over(self, count: int) -> list[tuple[int, int]]:
        """Sendmmsg stops at the first message it cannot send; that one is passed over, the others still go."""
        failed = list[tuple[int, int]]()
        place, again = 0, True
        while place < count:
            at = ctypes.byref(self._messages, place * ctypes.sizeof(_Message))
            sent = _libc.sendmmsg(self._socket.fileno(), at, count - place, socket.MSG_DONTWAIT)
            code = ctypes.get_errno()
            if sent > 0:
                place, again = place + sent, True
            elif again and code in ABOUT_ANOTHER:
                again = False
            elif code in (errno.EAGAIN, errno.ENOBUFS):  # full; it will be for the others, too
                return failed + [(other, code) for other in range(place, count)]
            else:
                failed.append((place, code))
                place, again = place + 1, True
        return failed


def _address(buffer: bytearray | mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
