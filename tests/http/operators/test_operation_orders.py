"""What may be ordered: every fault is named, and a filter is a fixed list of devices from then on."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.fleet.acts import OperationOrdered
from daemon.fleet.operations.operation import Plan
from daemon.fleet.records import Role
from tests.support.builders import MAC, NOW, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet

PATH = "/api/v1/operations"


async def ordered(order: dict[str, Any]) -> OperationOrdered:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042", model="450HD"))
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(PATH, json=order)
        assert answer.status_code == 202, answer.text
    (act,) = desk.heard
    assert isinstance(act, OperationOrdered)
    return act


async def faults(order: dict[str, Any]) -> list[str]:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.post(PATH, json=order)
    assert answer.status_code == 422, answer.text
    return [fault["key"] for fault in answer.json()["errors"]]


async def test_a_filter_is_resolved_at_once() -> None:
    act = await ordered({"kind": "restart", "filter": {"model": ["450HD", "445HD"]}})
    assert act.macs == (OTHER_MAC,)


async def test_the_pace_is_what_was_asked() -> None:
    act = await ordered(
        {
            "kind": "update_firmware",
            "parameters": {"file": "a.img", "version": "2.2.17"},
            "macs": ["00:90:8F:48:67:AF", OTHER_MAC, MAC],
            "batch": 10,
            "delay": "30s",
            "at": "2027-01-16T00:00:00+01:00",
            "canary": 1,
            "budget": 5,
            "quiet_hours": "20:00-06:00",
            "retry_for": "12h",
        }
    )
    assert act.macs == (MAC, OTHER_MAC)
    at = NOW + 15 * 3600
    assert act.plan == Plan(10, 30.0, at, (1,), 0.05, 5, "20:00-06:00", 12 * 3600.0)


@pytest.mark.parametrize(("same", "kinds"), [("random", 2), ("same", 1)])
async def test_passwords_are_made_here_and_sealed(same: str, kinds: int) -> None:
    act = await ordered({"kind": "reset_passwords", "macs": [MAC, OTHER_MAC], "password": same})
    assert len({values["password"] for values in act.own.values()}) == kinds
    assert act.parameters == {}


@pytest.mark.parametrize(
    ("wrong", "keys"),
    [
        ({"kind": "restart"}, ["macs"]),
        ({"kind": "restart", "macs": ["x"], "filter": {"model": "420HD"}}, ["macs"]),
        ({"kind": "restart", "macs": ["x"]}, ["macs"]),
        ({"kind": "restart", "filter": {"model": "none"}}, ["filter"]),
        ({"kind": "restart", "filter": {"colour": "red"}}, ["colour"]),
        ({"kind": "restart", "macs": [MAC], "batch": 7, "delay": "3s"}, ["batch", "delay"]),
        ({"kind": "restart", "macs": [MAC], "delay": "soon"}, ["delay"]),
        ({"kind": "restart", "macs": [MAC], "at": "tonight"}, ["at"]),
        ({"kind": "restart", "macs": [MAC], "waves": ["x"]}, ["waves"]),
        ({"kind": "restart", "macs": [MAC], "quiet_hours": "night"}, ["quiet_hours"]),
        ({"kind": "restart", "macs": [MAC], "parameters": {"force": "maybe"}}, ["parameters.force"]),
        (
            {"kind": "nickname", "macs": [MAC], "parameters": {"colour": "red"}},
            ["parameters.nickname", "parameters.colour"],
        ),
        ({"kind": "update_firmware", "macs": [MAC], "parameters": {"file": "a.img"}}, ["parameters.version"]),
        ({"kind": "change_vlan", "macs": [MAC], "parameters": {"mode": "best"}}, ["parameters.mode"]),
        ({"kind": "copy_user_configuration", "macs": [MAC], "parameters": {"from": "x"}}, ["parameters.from"]),
    ],
)
async def test_every_fault_is_named(wrong: dict[str, Any], keys: list[str]) -> None:
    assert await faults(wrong) == keys
