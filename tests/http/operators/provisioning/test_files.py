from __future__ import annotations

from pathlib import Path

import pytest

from daemon.fleet.acts import FileStored
from daemon.fleet.records import Role
from tests.support.builders import MAC, record
from tests.support.operators_desk import DeskWithFleet
from tests.support.provisioned import SEALER
from tests.support.stored_files import stored

NAME = f"{MAC}.cfg"
PATH = f"/api/v1/files/{NAME}"
OWN = "system/type=420HD\nvoip/line/0/auth_password=geheim\n"


def a_desk() -> DeskWithFleet:
    return DeskWithFleet(record(sip_password=SEALER.seal("hush")))


async def test_everything_that_phones_can_get_is_listed(tmp_path: Path) -> None:
    desk = a_desk()
    desk.deliver(FileStored(stored(), "ann"))
    desk.contents.loose = {"440HD.img": 3}
    async with desk.script(Role.MONITOR) as script:
        items = (await script.get("/api/v1/files")).json()["items"]
        assert [(item["name"], item["kind"], item["origin"]) for item in items] == [
            (NAME, "device", "generated"),
            ("420HD.img", "firmware", "uploaded"),
            ("440HD.img", "firmware", "folder"),
            ("Audiocodes_420HD_global_GENERIC_empty.cfg", "global", "generated"),
            ("dhcpoption160.cfg", "option160", "generated"),
            ("directory-acme.cfg", "directory", "generated"),
        ]
        page = (await script.get("/api/v1/files?kind=firmware&limit=1")).json()
        following = (await script.get(f"/api/v1/files?kind=firmware&limit=1&cursor={page['next']}")).json()
        assert [item["name"] for item in page["items"] + following["items"]] == ["420HD.img", "440HD.img"]


async def test_generated_files_are_shown_without_their_secrets() -> None:
    desk = a_desk()
    async with desk.script(Role.OPERATOR) as script:
        shown = await script.get(PATH)
        assert (shown.status_code, shown.headers["x-origin"]) == (200, "generated")
        assert "voip/line/0/auth_password=********" in shown.text
        assert "hush" not in shown.text
        assert "/k/" not in shown.text
        assert (await script.get(f"{PATH}?secrets=true")).status_code == 403
        for name in ("dhcpoption160.cfg", "Audiocodes_420HD_global_GENERIC_empty.cfg"):
            assert (await script.get(f"/api/v1/files/{name}")).status_code == 200
        assert (await script.get("/api/v1/files/directory-acme.cfg?download=true")).text == "alice,2041\n"
    async with desk.script(Role.ADMINISTRATOR) as script:
        assert "voip/line/0/auth_password=hush" in (await script.get(f"{PATH}?secrets=true")).text


@pytest.mark.parametrize("name", ["gone.cfg", "..%2f..%2fetc%2fpasswd", "x" * 200, "00908f999999.cfg", "%00"])
async def test_what_there_is_not_is_404(name: str) -> None:
    async with a_desk().script(Role.ADMINISTRATOR) as script:
        assert (await script.get(f"/api/v1/files/{name}")).status_code == 404
        assert (await script.delete(f"/api/v1/files/{name}")).status_code == 404


async def test_a_text_in_a_files_place_has_versions_and_goes_again() -> None:
    desk = a_desk()
    async with desk.script(Role.OPERATOR) as script:
        assert (await script.put(PATH, content=OWN)).json()["version"] == 1
        assert desk.fleet.documents[f"file/{NAME}"].body == SEALER.seal(OWN)
        shown = await script.get(PATH)
        assert (shown.headers["x-origin"], "geheim" in shown.text) == ("edited", False)
        assert (await script.put(f"{PATH}?based_on=7", content="a=1\n")).status_code == 409
        assert (await script.put(f"{PATH}?based_on=1", content="a=1\n")).json()["version"] == 2
        back = await script.post(f"{PATH}/rollback", json={"version": 1})
        assert (back.status_code, back.json()["version"]) == (200, 3)
        assert (await script.post(f"{PATH}/rollback", json={"version": 9})).status_code == 404
        listed = (await script.get("/api/v1/files?origin=edited")).json()["items"]
        assert [(item["name"], item["version"], item["by"]) for item in listed] == [(NAME, 3, "operator")]
        assert (await script.delete(PATH)).status_code == 204
        assert (await script.delete(PATH)).status_code == 404
        assert (await script.get(PATH)).headers["x-origin"] == "generated"
        versions = (await script.get(f"{PATH}/versions")).json()["items"]
        assert [(one["version"], one["removed"]) for one in versions] == [(4, True), (3, False), (2, False), (1, False)]


async def test_the_first_file_is_checked_before_it_can_lose_phones() -> None:
    async with a_desk().script(Role.OPERATOR) as script:
        answer = await script.put("/api/v1/files/dhcpoption160.cfg", content="provisioning/method=Dynamic\n")
    assert answer.status_code == 422
    assert any("provisioning/configuration/url" in fault["key"] for fault in answer.json()["errors"])


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        (NAME, b"", 422),
        (NAME, b"\xff\xfe", 422),
        (NAME, b"a=\0", 422),
        (NAME, b"x" * 300_000, 413),
        ("other.txt", b"a=1", 404),
        (".hidden", b"a=1", 422),
    ],
)
async def test_texts_that_cannot_be_served_are_refused(name: str, body: bytes, status: int) -> None:
    async with a_desk().script(Role.OPERATOR) as script:
        assert (await script.put(f"/api/v1/files/{name}", content=body)).status_code == status


async def test_an_uploaded_file_is_downloaded_and_deleted_here_as_well(tmp_path: Path) -> None:
    desk = a_desk()
    desk.contents.folder = tmp_path
    async with desk.script(Role.OPERATOR) as script:
        await script.put("/api/v1/firmware/ring.wav", content=b"ding")
        assert (await script.get("/api/v1/files/ring.wav")).content == b"ding"
        assert (await script.delete("/api/v1/files/ring.wav")).status_code == 204
    assert not desk.fleet.files
