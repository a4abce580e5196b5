"""Follows an Asterisk over its manager interface: one TCP connection, for as long as it lasts.

Not here: what is said over it (`ami_session`), trying again (`connectors`).
"""

from __future__ import annotations

from collections.abc import Callable

import trio

from daemon.config.settings import Connector
from daemon.errors import BadMessage
from daemon.integrations.ami_session import AmiSession, Listed
from daemon.integrations.telling import Telling
from daemon.scheduler.clock import Clock

CONNECT_WITHIN = 10.0  # three SYNs
SEND_WITHIN = 10.0  # an action is a hundred bytes; a server that does not take them is stuck
_CHUNK = 64 * 1024


async def follow(connector: Connector, telling: Telling, clock: Clock, heard: Callable[[], None]) -> None:
    """Tell what the server says, and call `heard` after each whole list; ends only by an error.

    `BadMessage` (its reason is a counter's label), `OSError`, or `StoreUnavailable` if the disk does not take it.
    """
    with trio.move_on_after(CONNECT_WITHIN) as patience:
        stream = await trio.open_tcp_stream(connector.host, connector.port)
    if patience.cancelled_caught:
        raise BadMessage("timeout", "no connection")
    async with stream:
        await _converse(connector, stream, telling, clock, heard)


async def _converse(
    connector: Connector, stream: trio.SocketStream, telling: Telling, clock: Clock, heard: Callable[[], None]
) -> None:
    secret = connector.secret.get_secret_value()
    session = AmiSession(connector.user, secret, connector.refresh, connector.max_contacts, clock.now())
    while True:
        data = await _exchange(stream, session.to_send(), clock.trio_time(session.next_deadline()))
        told = session.receive(data, clock.now()) if data else []
        told += session.expire(clock.now())
        for one in told:
            if isinstance(one, Listed):
                await telling.everything(one.sightings)
                heard()
            else:
                await telling.changes(one.sightings, one.gone)


async def _exchange(stream: trio.SocketStream, outgoing: bytes, until: float) -> bytes | None:
    """Write that, then the next bytes that come; None if none have come by `until`."""
    try:
        with trio.move_on_after(SEND_WITHIN) as patience:
            await stream.send_all(outgoing)
        if patience.cancelled_caught:
            raise BadMessage("timeout", "the server takes nothing")
        with trio.move_on_at(until):
            if data := await stream.receive_some(_CHUNK):
                return bytes(data)
            raise BadMessage("closed", "the server ended the connection")
    except trio.BrokenResourceError:
        raise BadMessage("closed", "the connection broke") from None
    return None
