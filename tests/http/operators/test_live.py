from __future__ import annotations

import json
from typing import Any

import trio

from daemon.fleet.events import ProbeAnswered, ProbesAnswered, Registered
from daemon.fleet.records import Role
from daemon.http.operators.live import LIFETIME, MAX_LISTENERS, QUIET
from tests.support.builders import MAC, OTHER_MAC, binding, record
from tests.support.operators_desk import DeskWithFleet


class Listener:
    """An EventSource: what it has heard, by name."""

    def __init__(self, desk: DeskWithFleet, query: str = "") -> None:
        self.status = 0
        self.heard: list[tuple[str, Any]] = []
        self.comments = 0
        self.over = False
        self.left = trio.Event()
        self._app = desk.app
        self._query = query

    async def run(self) -> None:
        """Listen until the stream ends."""
        headers = [(b"authorization", b"Bearer monitor-token"), (b"host", b"x")]
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/api/v1/events",
            "query_string": self._query.encode(),
            "headers": headers,
            "client": ("127.0.0.1", 1),
        }
        await self._app(scope, self._receive, self._send)
        self.over = True

    async def _receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            return
        if self.left.is_set():
            raise OSError
        for block in message["body"].decode().split("\n\n"):
            self.comments += block == ":"
            name, _, data = block.partition("\n")
            if name.startswith("event: "):
                self.heard.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))


async def test_the_first_events_tell_everything(autojump_clock: object, nursery: trio.Nursery) -> None:
    listener = Listener(DeskWithFleet(record()))
    nursery.start_soon(listener.run)
    await trio.sleep(0.1)

    assert [name for name, _ in listener.heard] == ["summary", "devices", "alarms"]
    assert listener.heard[0][1]["devices"] == 1
    assert listener.heard[1][1]["items"][0]["mac"] == MAC
    nursery.cancel_scope.cancel()


async def test_only_what_changed_is_told_and_within_its_filter(autojump_clock: object, nursery: trio.Nursery) -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042"))
    listener = Listener(desk, f"mac={OTHER_MAC}")
    nursery.start_soon(listener.run)
    await trio.sleep(5.1)
    assert len(listener.heard) == 3

    desk.deliver(Registered(MAC, (binding(),), "pbx-a.example.net", "AUDC"))
    desk.deliver(ProbesAnswered((ProbeAnswered(MAC, 200, 0.02),)))
    await trio.sleep(5)

    assert [name for name, _ in listener.heard[3:]] == ["summary"]
    nursery.cancel_scope.cancel()


async def test_in_silence_a_comment_keeps_the_stream_open(autojump_clock: object, nursery: trio.Nursery) -> None:
    listener = Listener(DeskWithFleet(record()))
    nursery.start_soon(listener.run)
    await trio.sleep(3 * QUIET + 3)

    assert listener.comments in {2, 3}
    nursery.cancel_scope.cancel()


async def test_a_stream_ends_when_its_lifetime_is_over(autojump_clock: object) -> None:
    listener = Listener(DeskWithFleet(record()))
    with trio.fail_after(LIFETIME + 2):
        await listener.run()

    assert listener.over


async def test_a_listener_that_leaves_is_not_counted_any_more(autojump_clock: object, nursery: trio.Nursery) -> None:
    desk = DeskWithFleet(record())
    listener = Listener(desk)
    nursery.start_soon(listener.run)
    await trio.sleep(2)
    assert desk.app.statistics().live.listeners == 1

    listener.left.set()
    await trio.sleep(2)

    assert listener.over
    assert desk.app.statistics().live.listeners == 0


async def test_closing_the_application_ends_every_stream(autojump_clock: object, nursery: trio.Nursery) -> None:
    desk = DeskWithFleet(record())
    listeners = [Listener(desk) for _ in range(3)]
    for listener in listeners:
        nursery.start_soon(listener.run)
    await trio.sleep(2)

    await desk.app.aclose()
    await trio.sleep(0.1)

    assert all(listener.over for listener in listeners)


async def test_listeners_are_bounded(autojump_clock: object, nursery: trio.Nursery) -> None:
    desk = DeskWithFleet(record())
    for _ in range(MAX_LISTENERS):
        nursery.start_soon(Listener(desk).run)
    await trio.sleep(0.1)
    async with desk.script(Role.MONITOR) as client:
        answer = await client.get("/api/v1/events")

    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    nursery.cancel_scope.cancel()


async def test_a_filter_that_will_not_do_is_refused_before_the_stream() -> None:
    desk = DeskWithFleet()
    async with desk.script(Role.MONITOR) as client:
        assert (await client.get("/api/v1/events?colour=red")).status_code == 422


async def test_each_listener_looks_once_a_second(autojump_clock: object, nursery: trio.Nursery) -> None:
    desk = DeskWithFleet(record())
    for _ in range(5):
        nursery.start_soon(Listener(desk).run)
    await trio.sleep(10.5)

    assert desk.app.statistics().live.looks == 5 * 11
    nursery.cancel_scope.cancel()
