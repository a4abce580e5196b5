from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
import trio

from daemon.config.settings import Settings
from daemon.fleet.acts import FileStored
from daemon.fleet.records import Role
from tests.support.builders import NOW, OTHER_MAC, record
from tests.support.operators_desk import DeskWithFleet

PATH = "/api/v1/firmware/420HD.img"
IMAGE = b"AUDC\0 420HD \0 2.2.16.123 \0" + bytes(1000)  # below `HEAD_BYTES`: httpx wants its whole body read


def a_desk(folder: Path) -> DeskWithFleet:
    desk = DeskWithFleet(record(), record(OTHER_MAC, model="440HD", number="2042"))
    desk.contents.folder = folder
    return desk


async def test_an_upload_is_described_by_its_header_and_served_back(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    async with desk.script(Role.OPERATOR) as script:
        answer = await script.put(PATH, content=IMAGE, params={"description": "on trial", "group": "beta"})
        assert answer.status_code == 200, answer.text
        item = answer.json()
        assert (item["model"], item["version"], item["size"]) == ("420HD", "2.2.16.123", len(IMAGE))
        assert (item["hash"], item["by"], item["present"]) == (sha256(IMAGE).hexdigest(), "operator", True)
        content = await script.get(f"{PATH}/content")
        assert (content.content, content.headers["etag"]) == (IMAGE, f'"{item["hash"]}"')
        part = await script.get(f"{PATH}/content", headers={"Range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, b"AUDC")


async def test_an_image_of_another_model_is_taken_only_by_force(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    async with desk.script(Role.OPERATOR) as script:
        refused = await script.put("/api/v1/firmware/440HD.img", content=IMAGE)
        assert refused.status_code == 409
        assert "made for 420HD" in refused.json()["detail"]
        assert not desk.fleet.files
        forced = await script.post("/api/v1/firmware/440HD.img", content=IMAGE, params={"force": "true"})
        assert forced.status_code == 200


@pytest.mark.parametrize("name", [".hidden", "a b", "x" * 129, "-rf", "%00", "ä.img"])
async def test_absurd_names_are_refused(name: str, tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    async with desk.script(Role.OPERATOR) as script:
        assert (await script.put(f"/api/v1/firmware/{name}", content=IMAGE)).status_code == 422
        assert (await script.put("/api/v1/firmware/..%2f..%2fx", content=IMAGE)).status_code == 404
    assert not await trio.to_thread.run_sync(lambda: list(tmp_path.iterdir()))


async def test_an_upload_is_acknowledged_only_when_it_is_durable(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    desk.disk_full = True
    async with desk.script(Role.OPERATOR) as script:
        assert (await script.put(PATH, content=IMAGE)).status_code == 503
        assert (await script.put(PATH, content=b"")).status_code == 422


async def test_one_name_too_many_is_refused(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    desk.fleet.parts.files.settings = Settings.model_validate({"files": {"max_files": 1}}).files
    async with desk.script(Role.OPERATOR) as script:
        await script.put(PATH, content=IMAGE)
        refused = await script.put("/api/v1/firmware/ring.wav", content=b"x")
    assert refused.status_code == 409
    assert "files.max_files" in refused.json()["detail"]


async def test_files_are_listed_with_those_of_the_folder(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    desk.contents.loose = {"440HD.img": 5, "420HD.img": 7, ".hidden": 1}
    async with desk.script(Role.OPERATOR) as script:
        await script.put(PATH, content=IMAGE, params={"group": "beta"})
        items = (await script.get("/api/v1/firmware")).json()["items"]
        assert [(item["name"], item["origin"]) for item in items] == [
            ("420HD.img", "uploaded"),
            ("440HD.img", "folder"),
        ]
        filtered = (await script.get("/api/v1/firmware?group=beta&sort=-size")).json()["items"]
        assert [item["name"] for item in filtered] == ["420HD.img"]


async def test_a_file_is_described_anew_and_removed(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    async with desk.script(Role.OPERATOR) as script:
        await script.put(PATH, content=IMAGE)
        edited = (await script.patch(PATH, json={"model": "c450hd", "group": "old"})).json()
        assert (edited["model"], edited["group"], edited["version"]) == ("C450HD", "old", "2.2.16.123")
        assert (await script.patch(PATH, json={"hash": "x"})).status_code == 422
        assert (await script.delete(PATH)).status_code == 204
        for answer in (await script.get(PATH), await script.delete(PATH), await script.patch(PATH, json={})):
            assert answer.status_code == 404


async def test_content_that_was_lost_is_said_to_be(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    async with desk.script(Role.OPERATOR) as script:
        await script.put(PATH, content=IMAGE)
        (tmp_path / sha256(IMAGE).hexdigest()).unlink()
        assert not (await script.get(PATH)).json()["present"]
        assert (await script.get(f"{PATH}/content")).status_code == 410


async def test_models_without_firmware_are_flagged(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    async with desk.script(Role.OPERATOR) as script:
        await script.put(PATH, content=IMAGE)
        items = (await script.get("/api/v1/models")).json()["items"]
    assert items == [
        {"model": "420HD", "devices": 1, "firmware": "420HD.img", "missing": False},
        {"model": "440HD", "devices": 1, "firmware": None, "missing": True},
    ]


async def test_monitors_look_and_touch_nothing(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    async with desk.script(Role.MONITOR) as script:
        assert (await script.put(PATH, content=IMAGE)).status_code == 403
        assert (await script.get("/api/v1/firmware")).status_code == 200
    assert not [event for event in desk.heard if isinstance(event, FileStored)]
    assert desk.clock.now() >= NOW
