"""What a phone was given, how it differs, and giving it back."""

from __future__ import annotations

import httpx

from daemon.fleet.acts import InventoryApplied
from daemon.fleet.records import Role
from daemon.provisioning.served import FileKind, FileRequest, ServedFile
from tests.support.builders import MAC, NOW, inventory, record
from tests.support.operators_desk import DeskWithFleet
from tests.support.provisioned import SEALER

BASE = f"/api/v1/devices/{MAC}/configuration"


def fetched(desk: DeskWithFleet) -> bytes:
    """The phone fetches its file, and what it gets is kept first."""
    secret = SEALER.device_secret(MAC, 0)
    request = FileRequest(FileKind.CONFIGFILES, "", f"{MAC}.cfg", "10.1.2.7", "", secret, "prov.example.net")
    served = desk.provisioner.serve(request, NOW)
    assert isinstance(served, ServedFile), served
    assert served.complete
    if served.made:
        desk.deliver(served.made)
    return served.body


def renamed(desk: DeskWithFleet, name: str) -> None:
    desk.deliver(InventoryApplied(inventory(record(display_name=name, sip_password=SEALER.seal("rosebud"))), "ops"))


async def numbers(script: httpx.AsyncClient) -> list[int]:
    return [item["number"] for item in (await script.get(f"{BASE}/versions")).json()["items"]]


async def test_every_file_that_reads_otherwise_is_a_version_and_a_former_one_can_be_given_back_byte_by_byte() -> None:
    desk = DeskWithFleet()
    renamed(desk, "Alice")
    first = fetched(desk)
    assert fetched(desk) == first
    renamed(desk, "Alicia")
    second = fetched(desk)
    async with desk.script(Role.OPERATOR) as script:
        assert await numbers(script) == [2, 1]
        diff = (await script.get(f"{BASE}/versions/2/diff", params={"against": 1})).json()["lines"]
        assert {"-voip/line/0/description=Alice", "+voip/line/0/description=Alicia"} <= set(diff)
        assert (await script.post(f"{BASE}/rollback", json={"version": 1})).json()["given_back"]
        assert fetched(desk) == first
        assert (await script.delete(f"{BASE}/rollback")).status_code == 204
        assert fetched(desk) == second
        assert (await script.delete(f"{BASE}/rollback")).status_code == 404


async def test_versions_are_masked_for_everybody_but_an_administrator_who_asks() -> None:
    desk = DeskWithFleet()
    renamed(desk, "Alice")
    fetched(desk)
    async with desk.script(Role.MONITOR) as script:
        seen = (await script.get(f"{BASE}/versions/1")).text
        assert "voip/line/0/description=Alice" in seen
        assert "rosebud" not in seen
        assert SEALER.device_secret(MAC, 0) not in seen
        assert (await script.get(f"{BASE}/versions/1", params={"secrets": True})).status_code == 403
    async with desk.script(Role.ADMINISTRATOR) as script:
        assert "rosebud" in (await script.get(f"{BASE}/versions/1", params={"secrets": True})).text


async def test_a_version_that_is_not_kept_is_not_there() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as script:
        assert (await script.get(f"{BASE}/versions/7")).status_code == 404
        assert (await script.post(f"{BASE}/rollback", json={"version": 7})).status_code == 404
        assert await numbers(script) == []
