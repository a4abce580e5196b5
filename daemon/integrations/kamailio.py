"""Follows a Kamailio: asks for a dump of its usrloc table over HTTP (JSON-RPC), again and again.

Not here: reading the dump (`usrloc`), trying again (`connectors`).
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Callable

import httpx
import trio

from daemon import __version__
from daemon.config.settings import Connector
from daemon.errors import BadMessage
from daemon.integrations.sightings import Sighting, newest
from daemon.integrations.telling import Telling
from daemon.integrations.usrloc import DumpReader

# Kamailio makes the whole reply before it sends the first byte. 30,000 contacts took 5.6.3 2.4 s the first time, and
# 24 s later on.
STEP_WITHIN = 45.0
DUMP_WITHIN = 60.0
_PIECE = 64 * 1024
_ERROR_BODY = 64 * 1024  # an error's body is a hundred bytes of JSON, or some proxy's page

_REQUEST = {"jsonrpc": "2.0", "method": "ul.dump", "id": 1}
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": f"Ringkeeper/{__version__}"}


async def follow(connector: Connector, telling: Telling, heard: Callable[[], None]) -> None:
    """Tell what each dump says, and call `heard` after it; ends only by an error.

    `BadMessage` (its reason is a counter's label), `OSError`, or `StoreUnavailable` if the disk does not take it.
    """
    async with _client(connector) as client:
        while True:
            sightings = await _dump(client, connector, telling)
            await telling.everything(newest(sightings).values())
            heard()
            await trio.sleep(connector.refresh)


def _client(connector: Connector) -> httpx.AsyncClient:
    password = connector.secret.get_secret_value()
    auth = httpx.BasicAuth(connector.user, password) if connector.user else None
    # Neither proxies nor a .netrc of the environment: who is asked stands in the configuration.
    return httpx.AsyncClient(auth=auth, headers=_HEADERS, timeout=STEP_WITHIN, trust_env=False)


async def _dump(client: httpx.AsyncClient, connector: Connector, telling: Telling) -> list[Sighting]:
    """One dump; `BadMessage` if it cannot be had, or not whole."""
    try:
        with trio.fail_after(DUMP_WITHIN):
            async with client.stream("POST", connector.url, json=_REQUEST) as reply:
                return await _read(reply, connector, telling)
    except (httpx.TimeoutException, trio.TooSlowError):
        raise BadMessage("timeout", "no whole answer") from None
    except httpx.ConnectError as error:
        raise BadMessage("connect", str(error)) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise BadMessage("http", str(error)) from None


async def _read(reply: httpx.Response, connector: Connector, telling: Telling) -> list[Sighting]:
    intake = _Intake(reply.status_code, connector)
    try:
        async for piece in reply.aiter_raw(_PIECE):
            intake.take(piece)
            if intake.refused:
                # Not by leaving the loop: httpx's generators in each other must all come to their end.
                await reply.aclose()
    except httpx.HTTPError:
        if not intake.refused:
            raise
    found = intake.end()
    telling.skipped.update(intake.reader.skipped)
    return found


class _Intake:
    """The body of one answer as it comes in; `refused` as soon as it is of no use."""

    def __init__(self, status: int, connector: Connector) -> None:
        self.reader = DumpReader(connector.domain)
        self.refused: BadMessage | None = None
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._found: list[Sighting] = []
        self._size = 0
        self._status = status
        self._connector = connector

    def take(self, piece: bytes) -> None:
        """Some of it."""
        try:
            self._take(piece)
        except BadMessage as bad:
            self.refused = bad

    def end(self) -> list[Sighting]:
        """All contacts; `BadMessage` if the body was no whole dump."""
        # Kamailio answers a method it does not know with status 500, and says so in the body.
        if self._status not in (200, 500):
            self.refused = BadMessage("refused", f"HTTP status {self._status}")
        if self.refused:
            raise self.refused
        self.reader.end()
        return self._found

    def _take(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._status != 200 and self._size > _ERROR_BODY:
            raise BadMessage("refused", f"HTTP status {self._status}")
        if self._size > self._connector.max_dump:
            raise BadMessage("too-long", f"more than {self._connector.max_dump} bytes")
        self._found += self.reader.feed(self._decoder.decode(piece))
        if len(self._found) > self._connector.max_contacts:
            raise BadMessage("too-many", f"more than {self._connector.max_contacts} contacts")
