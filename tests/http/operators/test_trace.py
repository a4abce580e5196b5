from __future__ import annotations

from typing import Any

import httpx
import pytest
import trio

from daemon.fleet.acts import OperatorRemoved
from daemon.fleet.records import Role
from daemon.http.operators.live import MAX_LISTENERS
from daemon.sip.message import Source
from daemon.sip.trace import Packet
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet

PATH = f"/api/v1/devices/{MAC}/trace"
PING = Packet("sent", Source("10.1.2.7", 5062), b"OPTIONS sip:2041@10.1.2.7 SIP/2.0\r\n\r\n", ("192.0.2.1", 5060))


def traced(desk: DeskWithFleet, *packets: Packet) -> None:
    desk.traces.start(MAC, "ada", desk.clock.now(), 600)
    for packet in packets:
        desk.traces.note(MAC, desk.clock.now(), packet, "round trip 12 ms")


async def ask(desk: DeskWithFleet, method: str, path: str = PATH, role: Role = Role.OPERATOR, **more: Any) -> Any:
    async with desk.script(role) as client:
        return await client.request(method, path, **more)


async def test_an_operator_starts_a_trace_and_everybody_sees_what_it_has(autojump_clock: object) -> None:
    desk = DeskWithFleet(record())
    began = (await ask(desk, "PUT", json={"duration": "10m"})).json()
    desk.traces.note(MAC, desk.clock.now(), PING)
    desk.traces.remark(MAC, desk.clock.now(), "missed: timeout")
    seen = (await ask(desk, "GET", role=Role.MONITOR)).json()

    assert (began["running"], began["by"], began["entries"]) == (True, "operator", [])
    assert desk.traces.next_deadline() == desk.clock.now() + 600
    assert (seen["device"], seen["messages"], seen["pushed_out"]) == (MAC, 2, 0)
    assert seen["bytes"] > 0
    packet, remark = seen["entries"]
    assert packet == {
        "number": 1,
        "at": began["began_at"],
        "direction": "sent",
        "transport": "udp",
        "local": "192.0.2.1:5060",
        "remote": "10.1.2.7:5062",
        "remark": "",
        "text": "OPTIONS sip:2041@10.1.2.7 SIP/2.0\n\n",
    }
    assert (remark["direction"], remark["remark"], remark["remote"]) == ("noted", "missed: timeout", "")


async def test_it_records_as_long_as_the_settings_say_unless_told(autojump_clock: object) -> None:
    desk = DeskWithFleet(record())
    await ask(desk, "PUT")
    assert desk.traces.next_deadline() == desk.clock.now() + desk.settings.sip.trace.duration


@pytest.mark.parametrize(
    "order", [{"duration": "10"}, {"duration": "0s"}, {"duration": "never"}, {"duration": "61m"}, {"for": "10m"}]
)
async def test_a_duration_that_will_not_do_is_refused_and_nothing_is_recorded(order: dict[str, str]) -> None:
    desk = DeskWithFleet(record())
    answer = await ask(desk, "PUT", json=order)

    assert answer.status_code == 422
    assert [error["key"] for error in answer.json()["errors"]] == list(order)
    assert not desk.traces.active


async def test_it_is_downloaded_as_text() -> None:
    desk = DeskWithFleet(record())
    traced(desk, PING)
    answer = await ask(desk, "GET", f"{PATH}.txt", Role.MONITOR)

    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{MAC}-sip.txt"'
    heading, _, packets = answer.text.partition("\n\n")
    assert heading.startswith(f"SIP of {MAC}, begun ")
    assert " by ada, until " in heading
    assert "#1 sent udp 192.0.2.1:5060 -> 10.1.2.7:5062: round trip 12 ms\nOPTIONS sip:2041@" in packets
    assert packets.endswith("SIP/2.0\n\n")


async def test_what_was_pushed_out_is_said() -> None:
    desk = DeskWithFleet(record())
    traced(desk, *[PING] * (desk.settings.sip.trace.messages + 3))
    assert ", 3 older ones pushed out." in (await ask(desk, "GET", f"{PATH}.txt")).text


async def test_a_trace_that_is_ended_is_forgotten() -> None:
    desk = DeskWithFleet(record())
    traced(desk, PING)
    assert (await ask(desk, "DELETE")).status_code == 204

    for method, path in [("GET", PATH), ("GET", f"{PATH}.txt"), ("GET", f"{PATH}.txt?follow=1"), ("DELETE", PATH)]:
        answer = await ask(desk, method, path)
        assert answer.status_code == 404
        assert "--for 10m" in answer.json()["detail"]


async def test_monitors_look_but_neither_start_nor_end_one() -> None:
    desk = DeskWithFleet(record())
    traced(desk, PING)
    for method in ("PUT", "DELETE"):
        assert (await ask(desk, method, role=Role.MONITOR)).status_code == 403
    assert desk.traces.of(MAC, desk.clock.now()) is not None


@pytest.mark.parametrize("mac", [OTHER_MAC, "nonsense"])
async def test_a_device_that_is_not_there_has_no_trace(mac: str) -> None:
    desk = DeskWithFleet(record())
    for method, path in [("PUT", "trace"), ("GET", "trace"), ("GET", "trace.txt"), ("DELETE", "trace")]:
        assert (await ask(desk, method, f"/api/v1/devices/{mac}/{path}")).status_code == 404


async def test_more_than_the_settings_allow_are_refused_with_who_is_traced() -> None:
    desk = DeskWithFleet(record())
    for number in range(desk.settings.sip.trace.devices):
        desk.traces.start(f"other-{number}", "ada", desk.clock.now())
    answer = await ask(desk, "PUT")

    assert answer.status_code == 409
    assert "other-0" in answer.json()["detail"]


class Follower:
    """A program that follows a trace: what it has read so far."""

    def __init__(self, desk: DeskWithFleet, token: str = "monitor-token") -> None:
        self.read = ""
        self.over = False
        self.left = trio.Event()
        self._desk = desk
        self._headers = [(b"authorization", f"Bearer {token}".encode()), (b"host", b"x")]

    async def run(self) -> None:
        """Follow until the stream ends."""
        scope = {"type": "http", "method": "GET", "path": f"{PATH}.txt", "query_string": b"follow=true"}
        await self._desk.app({**scope, "headers": self._headers, "client": ("127.0.0.1", 1)}, self._receive, self._send)
        self.over = True

    async def _receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.read += message.get("body", b"").decode()


async def test_who_follows_reads_each_packet_once_until_the_trace_ends(
    autojump_clock: object, nursery: trio.Nursery
) -> None:
    desk = DeskWithFleet(record())
    traced(desk)
    follower = Follower(desk)
    nursery.start_soon(follower.run)
    for _ in range(3):
        await trio.sleep(30)
        desk.traces.note(MAC, desk.clock.now(), PING)
    await trio.sleep(1)
    assert follower.read.count("SIP of") == 1
    assert [f"#{number} sent" in follower.read for number in (1, 2, 3)] == [True] * 3
    assert follower.read.count("OPTIONS") == 3

    await trio.sleep(508)
    assert not follower.over
    await trio.sleep(2)
    assert follower.over


@pytest.mark.parametrize("end", ["stopped", "begun anew", "operator gone", "peer left", "closing"])
async def test_following_ends_with_its_reason(end: str, autojump_clock: object, nursery: trio.Nursery) -> None:
    desk = DeskWithFleet(record())
    traced(desk, PING)
    follower = Follower(desk)
    nursery.start_soon(follower.run)
    await trio.sleep(5)
    assert not follower.over

    if end == "closing":
        await desk.app.aclose()
    elif end == "peer left":
        follower.left.set()
    elif end == "operator gone":
        desk.deliver(OperatorRemoved("monitor", "test"))
    else:
        desk.traces.stop(MAC, desk.clock.now())
        if end == "begun anew":
            traced(desk, PING)
    await trio.sleep(1)
    assert follower.over
    assert desk.app.statistics().live.listeners == 0


async def test_followers_are_bounded_with_all_who_listen(autojump_clock: object, nursery: trio.Nursery) -> None:
    desk = DeskWithFleet(record())
    traced(desk)
    for _ in range(MAX_LISTENERS):
        nursery.start_soon(Follower(desk).run)
    await trio.sleep(1)
    answer: httpx.Response = await ask(desk, "GET", f"{PATH}.txt?follow=true")

    assert answer.status_code == 503
    nursery.cancel_scope.cancel()
