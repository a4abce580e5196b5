from __future__ import annotations

import json
from dataclasses import dataclass, field

import httpx
import trio
import trio.testing

from daemon.cli.demo_operator import APPROVE_AFTER, FIRST_RESTART, DemoOperator

NEWCOMER = "00908f0000c8"


@dataclass
class Api:
    """An API with one unapproved phone and a site of two; `asked` holds what was posted."""

    presence: str = "STARTED"
    state: str = "RUNNING"
    number: str = "2201"
    asked: list[tuple[str, object]] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        if request.method == "POST":
            self.asked.append((path, json.loads(request.content)))
            refused = not self.number and path.endswith("approve")
            return httpx.Response(409, json={"detail": "no"}) if refused else httpx.Response(202, json={"id": 1})
        return httpx.Response(200, json=self._read(path, dict(request.url.params)))

    def _read(self, path: str, asked: dict[str, str]) -> object:
        if path == "/devices" and "approved" in asked:
            return {"items": [{"mac": NEWCOMER, "tenant": "acme"}]}
        if path == "/devices":
            return {"items": [{"mac": "00908f000001"}, {"mac": "00908f000002"}]}
        if path == "/numbers":
            return {"items": [{"number": self.number}] if self.number else []}
        if path == "/operations/1":
            failed = {"mac": "00908f000002", "stuck": "RESTARTED", "reason": "out of time"}
            return {"state": self.state, "devices": 2, "steps": {"PROVED": 1, "FAILED": 1}, "items": [failed]}
        return {"presence": self.presence}


async def work(operator: DemoOperator, seconds: float) -> None:
    with trio.move_on_after(seconds):
        await operator.run()


async def test_a_newcomer_waits_and_is_approved_once_and_seen_to_register(
    autojump_clock: trio.testing.MockClock,
) -> None:
    api = Api()
    operator = DemoOperator(httpx.MockTransport(api.answer))
    await work(operator, APPROVE_AFTER)
    assert api.asked == []
    api.presence = "REGISTERED"
    await work(operator, 10)
    approval = {"tenant": "acme", "user": "newcomer.2201", "number": "2201"}
    assert api.asked == [(f"/devices/{NEWCOMER}/approve", approval)]
    assert [note.text.partition(" ")[2] for note in operator.diary] == [
        "came by the URL of acme and waits for approval",
        "is approved for acme, with number 2201; it restarts when it next reports",
        "has its file and is registered as 2201",
    ]


async def test_what_the_daemon_refuses_is_noted_and_not_asked_again(autojump_clock: trio.testing.MockClock) -> None:
    api = Api(number="")
    operator = DemoOperator(httpx.MockTransport(api.answer))
    await work(operator, 20)
    assert len(api.asked) == 1
    assert operator.diary[-1].text == "was told no: no"


async def test_who_does_not_answer_is_asked_again(autojump_clock: trio.testing.MockClock) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("")

    operator = DemoOperator(httpx.MockTransport(fail))
    await work(operator, 2.5)
    assert [note.text for note in operator.diary] == ["got no answer: ReadTimeout"] * 2


async def test_a_site_restarts_and_who_did_not_is_named(autojump_clock: trio.testing.MockClock) -> None:
    api = Api()
    operator = DemoOperator(httpx.MockTransport(api.answer))
    api.state = "FINISHED"
    await work(operator, FIRST_RESTART + 5)
    path, order = api.asked[-1]
    assert (path, order) == (
        "/operations",
        {"kind": "restart", "macs": ["00908f000001", "00908f000002"], "batch": 5, "delay": "5s"},
    )
    assert [note.text for note in operator.diary][-3:] == [
        "operation 1: 2 phones of workshop restart, 5 every 5s",
        "operation 1: 1 of 2 phones proved their restart",
        "00908f000002 did not: not RESTARTED, out of time",
    ]
