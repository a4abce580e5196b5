from __future__ import annotations

import pytest

from daemon.fleet.records import Role
from tests.support.operators_desk import DeskWithFleet

PATH = "/api/v1/operators"


async def test_a_new_operator_gets_a_token_that_works_and_is_not_kept() -> None:
    desk = DeskWithFleet()
    async with desk.script(Role.ADMINISTRATOR) as client:
        added = await client.post(PATH, json={"name": "ada", "role": "monitor"})
        listed = (await client.get(PATH)).json()["items"]
    token = added.json()["token"]
    async with desk.script(token) as client:
        assert (await client.get("/api/v1/summary")).status_code == 200

    assert added.status_code == 201
    assert [(entry["name"], entry["role"]) for entry in listed if entry["name"] == "ada"] == [("ada", "monitor")]
    assert token not in str(listed)
    assert token not in str(desk.heard)


async def test_adding_a_name_again_ends_its_old_token() -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        tokens = [(await client.post(PATH, json={"name": "ada", "role": "monitor"})).json()["token"] for _ in "12"]
    codes = []
    for token in tokens:
        async with desk.script(token) as client:
            codes.append((await client.get("/api/v1/summary")).status_code)

    assert codes == [401, 200]


async def test_a_removed_operators_token_opens_nothing_and_removing_twice_finds_nobody() -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        token = (await client.post(PATH, json={"name": "ada", "role": "administrator"})).json()["token"]
        codes = [(await client.delete(f"{PATH}/ada")).status_code for _ in "12"]
        listed = [entry["name"] for entry in (await client.get(PATH)).json()["items"]]
    async with desk.script(token) as client:
        assert (await client.get("/api/v1/summary")).status_code == 401

    assert codes == [204, 404]
    assert "ada" not in listed


async def test_only_administrators_remove_operators() -> None:
    desk = DeskWithFleet()
    async with desk.script(Role.OPERATOR) as client:
        assert (await client.delete(f"{PATH}/{Role.MONITOR}")).status_code == 403
    assert desk.heard == []


@pytest.mark.parametrize(
    "order", [{"name": "", "role": "monitor"}, {"name": "a b", "role": "monitor"}, {"name": "ada", "role": "king"}]
)
async def test_a_name_or_role_that_will_not_do_is_refused(order: dict[str, str]) -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        assert (await client.post(PATH, json=order)).status_code == 422
    assert desk.heard == []
