from __future__ import annotations

from typing import Any

import pytest

from daemon.fleet.acts import RequestQueued
from daemon.fleet.records import Role
from tests.support.builders import MAC, record
from tests.support.operators_desk import DeskWithFleet

PATH = f"/api/v1/devices/{MAC}/requests"


async def test_a_request_waits_for_the_phone() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(PATH, json={"action": "reset_graceful", "expires_in": "30m"})

    assert answer.status_code == 202
    assert [request["action"] for request in answer.json()["items"]] == ["reset_graceful"]
    assert desk.heard == [RequestQueued(MAC, "reset_graceful", {}, 1800.0, "operator")]


async def test_without_a_time_it_waits_as_long_as_the_settings_say() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        await client.post(PATH, json={"action": "reset_graceful", "body": {"schedulePeriod": "0"}})

    expected = desk.settings.requests.expire_after
    assert desk.heard == [RequestQueued(MAC, "reset_graceful", {"schedulePeriod": "0"}, expected, "operator")]


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ({}, "action"),
        ({"action": "Reset!"}, "action"),
        ({"action": "explode"}, "action"),
        ({"action": "reset_graceful", "expires_in": "60"}, "expires_in"),
        ({"action": "reset_graceful", "expires_in": "never"}, "expires_in"),
        ({"action": "reset_graceful", "expires_in": "31d"}, "expires_in"),
        ({"action": "reset_graceful", "expires_in": "0s"}, "expires_in"),
        ({"action": "reset_graceful", "when": "now"}, "when"),
        ({"action": "reset_graceful", "body": {str(n): "" for n in range(21)}}, "body"),
    ],
)
async def test_an_order_that_will_not_do_is_refused_by_field(order: dict[str, Any], key: str) -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(PATH, json=order)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["key"] for error in answer.json()["errors"]] == [key]
    assert desk.heard == []
