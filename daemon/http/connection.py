"""One connection: request after request until somebody has had enough.

A request is answered by the application, or refused here before it (too many, too slow, not HTTP). Pipelined requests
wait their turn in h11's buffer. Not here: bytes and deadlines (`wire`), ASGI's words (`asgi`), how many there may be
(`server`).
"""

from __future__ import annotations

from collections.abc import Callable

import h11
import structlog
import trio

from daemon.errors import BadMessage
from daemon.http.admission import has_body, retry_after
from daemon.http.asgi import Application, Endpoints, Exchange, Headers, Scope, refusal, scope_of
from daemon.http.limits import Counts, Limits
from daemon.http.plain import PlainRequest
from daemon.http.wire import PeerLeft, Wire

log = structlog.get_logger("http")


class Connection:
    """Serves `app` on `stream`; `date` gives the Date header's value."""

    def __init__(
        self,
        stream: trio.abc.Stream,
        endpoints: Endpoints,
        app: Application,
        *,
        limits: Limits,
        counts: Counts,
        date: Callable[[], bytes],
    ) -> None:
        self._wire = Wire(stream, limits.request_timeout)
        self._endpoints = endpoints
        self._app = app
        self._limits = limits
        self._counts = counts
        self._date = date
        self._draining = False
        self._rest = trio.CancelScope()  # around the wait for the next request

    def drain(self) -> None:
        """Close after the current request; at once if there is none."""
        self._draining = True
        self._rest.cancel()

    async def run(self) -> None:
        """Serve until either side closes; whatever the peer does, this returns."""
        try:
            while not self._draining and await self._peer_speaks():
                if not await self._serve_one():
                    break
        except PeerLeft:
            self._counts.aborted += 1
        except BadMessage as bad:
            self._counts.refused[bad.reason] += 1
            await self._refuse(bad.status)

    async def _peer_speaks(self) -> bool:
        """Wait for the first byte of a request; False when none came in time, or the peer closed."""
        if self._wire.buffered:
            return True
        with trio.CancelScope(deadline=trio.current_time() + self._limits.idle_timeout) as self._rest:
            try:
                await self._wire.fill()
            except PeerLeft:
                return False  # between two requests a reset is as good as a goodbye
        return self._wire.buffered

    async def _serve_one(self) -> bool:
        """Read a request and answer it; True if the connection can carry another."""
        deadline = trio.current_time() + self._limits.request_timeout
        request = self._wire.plain_request() or await self._wire.next_event(deadline)
        if not isinstance(request, PlainRequest | h11.Request):
            return False
        counts = self._counts
        counts.requests += 1
        scope = scope_of(request, self._endpoints, self._wire.extensions)
        body = request.body if isinstance(request, PlainRequest) else None
        exchange = Exchange(self._wire, scope, self._limits.max_body, deadline, self._own_headers, body)
        scope["state"]["allow_body"] = exchange.allow_body
        if counts.in_progress >= self._limits.max_in_progress:
            await self._send_away(scope, exchange)
        else:
            counts.in_progress += 1
            try:
                await self._ask_application(scope, exchange)
            finally:
                counts.in_progress -= 1
        return await self._conclude(exchange)

    async def _send_away(self, scope: Scope, exchange: Exchange) -> None:
        """Nothing of it is read or queued: whoever has too much to do does not begin more."""
        self._counts.refused["in_progress"] += 1
        source = self._endpoints.client[0] if self._endpoints.client else ""
        await exchange.send_away(retry_after(source, self._date()), more_to_come=has_body(scope["headers"]))

    async def _ask_application(self, scope: Scope, exchange: Exchange) -> None:
        failure = "the application returned without an answer"
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - the per-connection guard: one bad request must not end the server
            failure = repr(error)
        if exchange.over:
            return  # answered; or the peer left or was refused, and the application could not but fail
        self._counts.failures += 1
        # Not the path: it may hold a phone's secret.
        endpoint = getattr(scope.get("endpoint"), "__qualname__", "")
        log.error(
            "request failed", event_name="http-failure", method=scope["method"], endpoint=endpoint, failure=failure
        )
        await exchange.answer(500)

    async def _conclude(self, exchange: Exchange) -> bool:
        if exchange.status:
            self._counts.responses[exchange.status // 100] += 1
        self._counts.aborted += exchange.peer_left
        if exchange.refused is not None:
            self._counts.refused[exchange.refused.reason] += 1
            await self._wire.linger()
            return False
        if exchange.peer_left or not exchange.over or self._draining:
            return False
        if self._wire.next_cycle():
            return True
        if self._wire.h11.their_state is h11.SEND_BODY:
            await self._wire.linger()  # answered without having read the whole body
        return False

    async def _refuse(self, status: int) -> None:
        """Answer bytes that never became a request."""
        if not self._wire.answerable:
            return
        self._counts.responses[status // 100] += 1
        try:
            await self._wire.write(refusal(self._wire, status, [(b"date", self._date())]))
        except PeerLeft:
            return
        await self._wire.linger()

    def _own_headers(self) -> Headers:
        headers: Headers = [(b"date", self._date())]
        if self._draining:
            headers.append((b"connection", b"close"))
        return headers
