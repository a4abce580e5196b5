"""One HTTP/1.1 byte stream: h11 on a Trio stream, with a deadline on every wait.

Whatever the peer does comes out as one of three: an h11 event, `PeerLeft` or `BadMessage`. A plain request (`plain`)
is kept from h11 as long as it can be: until somebody wants of it what only h11 knows. Not here: what a request means
(`connection`), and the ASGI dialect (`asgi`).
"""

from __future__ import annotations

import math

import h11
import trio

from daemon.errors import BadMessage
from daemon.http.file_part import EXTENSION, FilePart
from daemon.http.limits import FILE_TURN, LINGER, MAX_AHEAD, MAX_HEAD, READ_SIZE
from daemon.http.peer_stream import PeerStream
from daemon.http.plain import PlainRequest, read_plain

HttpEvent = h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]  # NEED_DATA never, but mypy cannot tell

_WITH_FILES: dict[str, dict[str, object]] = {EXTENSION: {}}
_REASONS = {431: "head_too_large", 501: "transfer_encoding"}  # h11's hints; everything else is malformed


class PeerLeft(OSError):
    """The peer is gone, or reads so slowly that it might as well be. An `OSError`, as ASGI 2.4 asks of `send`."""


class Wire:
    """h11's view of one connection; `write_timeout` bounds each write, in seconds."""

    def __init__(self, stream: trio.abc.Stream, write_timeout: float) -> None:
        self.h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        self.ended = False  # the peer will send nothing more
        self.plain = False  # the current request is a plain one, and neither answered nor shown to h11
        self._held = b""  # came while h11 had nothing to do, and has not been shown to it
        self._stream = stream
        self._write_timeout = write_timeout

    @property
    def buffered(self) -> bool:
        """Whether bytes have come that no event has used up yet."""
        return bool(self._held or self.h11.trailing_data[0])

    async def fill(self) -> None:
        """Wait for bytes, or for the peer's end; `PeerLeft` when the connection broke."""
        try:
            data = await self._stream.receive_some(READ_SIZE)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise PeerLeft from error
        self.ended = not data
        if data and self.h11.their_state is h11.IDLE and not self.buffered:
            self._held = bytes(data)
            return
        self.show_h11()
        self.h11.receive_data(bytes(data))

    def plain_request(self) -> PlainRequest | None:
        """The request that has come, if it is all that has come, and plain."""
        request = read_plain(self._held)
        self.plain = request is not None
        return request

    def answered_plainly(self) -> None:
        """A plain request has its answer, and h11 never heard of either."""
        self.plain, self._held = False, b""

    def show_h11(self) -> None:
        """From here on the current request is h11's."""
        if self._held:
            self.h11.receive_data(self._held)
            self._held = b""
        if self.plain:
            self.plain = False
            while not isinstance(self.h11.next_event(), h11.EndOfMessage):
                pass  # the request, and its body, which whoever asks already has

    async def next_event(self, deadline: float) -> HttpEvent:
        """The next thing the peer says. `BadMessage` (reason "slow", 408) once Trio's clock passes `deadline`."""
        event = self._parse()
        if event is not None:
            return event
        with trio.CancelScope(deadline=deadline):
            while event is None:
                await self.fill()
                event = self._parse()
            return event
        raise BadMessage("slow", status=408)

    def _parse(self) -> HttpEvent | None:
        """The next event among the bytes that have come; None if they do not make one yet."""
        self.show_h11()
        try:
            event = self.h11.next_event()
        except h11.RemoteProtocolError as error:
            if self.ended:
                raise PeerLeft from error
            status = error.error_status_hint
            raise BadMessage(_REASONS.get(status, "malformed"), str(error)[:200], status) from error
        return None if event is h11.NEED_DATA else event

    def encode(self, *events: h11.Event) -> bytes:
        """What our side's events look like on the wire; `h11.LocalProtocolError` if they make no sense here."""
        self.show_h11()
        return b"".join([piece for event in events if (piece := self.h11.send(event))])

    async def write(self, data: bytes) -> None:
        """Send it; `PeerLeft` if it cannot be sent in time."""
        if isinstance(self._stream, PeerStream):  # an answer mostly fits the socket's buffer, and nothing is waited for
            try:
                sent = self._stream.send_now(data)
            except trio.BrokenResourceError as error:
                raise PeerLeft from error
            if sent == len(data):
                return
            data = data[sent:]
        with trio.CancelScope(deadline=trio.current_time() + self._write_timeout):
            try:
                await self._stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise PeerLeft from error
            return
        raise PeerLeft("not read in time")

    @property
    def extensions(self) -> dict[str, dict[str, object]]:
        """What of ASGI's extensions this connection can do."""
        return _WITH_FILES if isinstance(self._stream, PeerStream) and self._stream.sends_files else {}

    async def write_with_file(self, *events: h11.Event) -> None:
        """Send events of which some have a `FilePart` for data; `PeerLeft` as in `write`, each wait on its own.

        `OSError` if the file cannot be read as far as was said; the connection then carries nothing more.
        """
        self.show_h11()
        try:
            for event in events:
                for piece in self.h11.send_with_data_passthrough(event) or ():
                    await (self._write_file(piece) if isinstance(piece, FilePart) else self.write(piece))
        except OSError:
            self.h11.send_failed()
            raise

    async def _write_file(self, part: FilePart) -> None:
        at, stop = part.offset, part.offset + part.count
        while at < stop:
            at += await self._write_turn(FilePart(part.descriptor, at, min(FILE_TURN, stop - at)))

    async def _write_turn(self, part: FilePart) -> int:
        if not isinstance(self._stream, PeerStream):
            raise TypeError("the application sent a file where the scope offers no such extension")
        with trio.CancelScope(deadline=trio.current_time() + self._write_timeout):
            try:
                return await self._stream.send_file(part)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise PeerLeft from error
        raise PeerLeft("not read in time")

    @property
    def answerable(self) -> bool:
        """Whether no answer to the current request, or to what should have been one, has been begun."""
        return self.h11.our_state in (h11.IDLE, h11.SEND_RESPONSE)

    async def wait_until_peer_leaves(self) -> None:
        """Return when the peer ended or broke the connection; what it sends meanwhile is kept for later, bounded."""
        self.show_h11()
        while not self.ended:
            if len(self.h11.trailing_data[0]) >= MAX_AHEAD:
                await trio.sleep(math.inf)
            try:
                await self.fill()
            except PeerLeft:
                return

    def next_cycle(self) -> bool:
        """Make ready for another request; False if this connection cannot carry one."""
        if self.h11.our_state is h11.IDLE:
            return True  # answered plainly
        if not self.drop_body():
            return False
        if self.h11.our_state is not h11.DONE or self.h11.their_state is not h11.DONE:
            return False
        self.h11.start_next_cycle()
        return True

    def drop_body(self) -> bool:
        """Drop what has come of a body that the application did not want; whether that was all. More is not awaited."""
        while self.h11.their_state is h11.SEND_BODY:
            if self._parse() is None:
                return False
        return True

    async def linger(self) -> None:
        """Say that we are done and swallow what still comes, for a short while; see `LINGER`."""
        with trio.move_on_after(LINGER):
            try:
                if isinstance(self._stream, trio.abc.HalfCloseableStream):
                    await self._stream.send_eof()
                while await self._stream.receive_some(READ_SIZE):
                    pass
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                pass
