"""What changes, told while it changes: server-sent events at `/api/v1/events`, once a second at most.

A listener gives the same filters as to `/devices` and hears three kinds of event, each only when its content has
changed: `summary`, `devices` (the page asked for) and `alarms` (the worst first). Every event is whole, so one that is
missed is made up for by the next. Not here: what the page does with it (`pages/live.js`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import trio
from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from daemon.http.operators.access import Reader
from daemon.http.operators.alarm_views import ALARMS, AlarmList, alarm_item
from daemon.http.operators.desk import AtDesk, Desk
from daemon.http.operators.lists import Query, find, parse_query
from daemon.http.operators.problems import full_house
from daemon.http.operators.summary import count
from daemon.http.operators.views import DEVICES, DeviceList, device_item

PAUSE = 1.0  # seconds between two looks: faster than anybody reads
SHARE = 0.05  # of one core that all listeners together may cost; in a large fleet they look less often
QUIET = 15.0  # a comment after this long without a change keeps proxies from closing (their usual limit is 60 s)
LIFETIME = 600.0  # then the browser comes back by itself, and its right to look is looked at again
MAX_LISTENERS = 64  # one a browser tab; every operator of a large team
RETRY = b"retry: 3000\n\n"  # milliseconds until a browser comes back
WORST_ALARMS = Query(filters={}, sort="severity", descending=True, limit=10)

router = APIRouter(tags=["live"])


@dataclass(frozen=True, slots=True)
class LiveStatistics:
    """Listeners now, and the looks taken for them since start."""

    listeners: int
    looks: int


class Live:
    """The listeners, and how often they may look."""

    def __init__(self, desk: Desk) -> None:
        self.listeners = 0
        self.looks = 0
        self.closing = trio.Event()
        self._desk = desk

    def statistics(self) -> LiveStatistics:
        """How many listen."""
        return LiveStatistics(self.listeners, self.looks)

    def look(self, query: Query) -> tuple[dict[str, str], float]:
        """All events as they would be now, by name, and how long to pause before the next look."""
        began = self._desk.clock.now()
        events = dict(self._events(query))
        cost = self._desk.clock.now() - began
        self.looks += 1
        return events, max(PAUSE, cost * self.listeners / SHARE)

    def _events(self, query: Query) -> Iterator[tuple[str, str]]:
        directory = self._desk.directory
        yield "summary", count(directory.statistics()).model_dump_json()
        devices = find(DEVICES, directory.devices(), query)
        yield "devices", DeviceList(items=list(map(device_item, devices.items)), next=devices.next).model_dump_json()
        alarms = find(ALARMS, directory.alarms.values(), WORST_ALARMS)
        worst = [alarm_item(alarm, directory.device) for alarm in alarms.items]
        yield "alarms", AlarmList(items=worst, next=alarms.next).model_dump_json()


class LiveStream(Response):
    """An answer that does not end; an ASGI application of its own, so that it leaves nothing behind when cut off."""

    lifetime = LIFETIME

    def __init__(self, live: Live) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self.live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell until the peer leaves, the lifetime is over, or the program ends."""
        self.live.listeners += 1
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            with trio.move_on_after(self.lifetime):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_cancel_when_left, receive, nursery.cancel_scope)
                    await self.tell(send)
                    nursery.cancel_scope.cancel()
            await send({"type": "http.response.body", "body": b""})
        except* OSError:
            pass  # the peer left while we were sending: what every browser does in the end
        finally:
            self.live.listeners -= 1

    async def tell(self, send: Send) -> None:
        """Send what there is to be told, until nothing will come any more; watches `live.closing`."""
        raise NotImplementedError


class EventStream(LiveStream):
    """The fleet as server-sent events."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, query: Query) -> None:
        super().__init__(live)
        self._query = query

    async def tell(self, send: Send) -> None:
        """Whatever changed since the last look."""
        told: dict[str, str] = {}
        silence = 0.0
        text = RETRY
        while not self.live.closing.is_set():
            events, pause = self.live.look(self._query)
            text += b"".join(_event(name, data) for name, data in events.items() if told.get(name) != data)
            told, silence = events, 0.0 if text else silence + pause
            if silence >= QUIET:
                text, silence = b":\n\n", 0.0
            if text:
                await send({"type": "http.response.body", "body": text, "more_body": True})
            text = b""
            with trio.move_on_after(pause):
                await self.live.closing.wait()


async def _cancel_when_left(receive: Receive, scope: trio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()


@router.get(
    "/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def listen(request: Request, desk: AtDesk, caller: Reader) -> Response:
    """Server-sent events `summary`, `devices` and `alarms`; takes the filters of `/devices`."""
    query = parse_query(DEVICES, request.query_params.multi_items())
    return EventStream(room_for_one_more(request), query)


def room_for_one_more(request: Request) -> Live:
    """Where a new stream is counted; `Problem` 503 if as many listen as may."""
    live: Live = request.state.live
    if live.listeners >= MAX_LISTENERS:
        raise full_house(f"{MAX_LISTENERS} browsers listen already")
    return live
