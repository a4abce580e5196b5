from __future__ import annotations

from daemon.config.entries import WrittenDevice
from daemon.fleet.records import Role
from daemon.http.operators.bodies import body_of
from tests.support.builders import MAC, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet
from tests.support.provisioned import SEALER

PATH = "/api/v1/devices"


def test_openapi_is_told_every_key_and_none_is_required() -> None:
    schema = body_of(WrittenDevice)["requestBody"]["content"]["application/json"]["schema"]
    assert {"mac", "nickname", "placeholders"} <= schema["properties"].keys()
    assert "required" not in schema


async def test_a_device_is_created_and_edited_field_by_field() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        made = await client.post(PATH, json={"mac": OTHER_MAC, "tenant": "acme", "number": "2042", "nickname": "Lobby"})
        assert made.status_code == 201, made.text
        assert (await client.post(PATH, json={"mac": OTHER_MAC})).status_code == 409
        assert (await client.post(PATH, json={"mac": "no", "colour": "red"})).status_code == 422
        edited = await client.patch(f"{PATH}/{MAC}", json={"sip_password": "hush", "user": "bob"})
        assert (edited.json()["user"], edited.json()["number"]) == ("bob", "2041")
        assert (await client.patch(f"{PATH}/{MAC}", json={"number": "2042"})).status_code == 409
        wrong = await client.patch(f"{PATH}/{MAC}", json={"number": "2 0", "colour": "red"})
        assert {error["key"] for error in wrong.json()["errors"]} == {"number", "colour"}
        assert (await client.patch(f"{PATH}/00908f999999", json={})).status_code == 404
        assert (await client.patch(f"{PATH}/{MAC}", content=b"[]")).status_code == 422
    device, other = desk.fleet.device(MAC), desk.fleet.device(OTHER_MAC)
    assert device is not None
    assert other is not None
    assert SEALER.open(device.record.sip_password) == "hush"
    assert other.record.nickname == "Lobby"
    assert other.record.armed_until > 0
