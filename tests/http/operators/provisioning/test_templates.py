"""Templates: list, show, write, clone, restore."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.fleet.acts import DocumentsWritten
from daemon.fleet.records import Role
from daemon.provisioning.templates.check import MASK
from tests.support.builders import record
from tests.support.operators_desk import DeskWithFleet

LAYOUT = (Path(__file__).parents[3] / "data" / "templates" / "vendor-layout.xml").read_bytes()
PLAIN = "type=t\ndescription=Mine\n\n[global]\n; why\na/b=%ITCS_Language%\n\n[device]\nc/d=%ITCS_mac%\n"


async def test_the_list_says_where_each_comes_from_and_what_it_is_for() -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        assert (await client.put("/api/v1/templates/420HD", content=PLAIN)).status_code == 200
        assert (await client.post("/api/v1/templates/440HD/clone", json={"to": "acme/440HD"})).status_code == 201
        chosen = await client.put("/api/v1/templates/defaults/acme/440HD", json={"template": "acme/440HD"})
        assert chosen.status_code == 200
        items = (await client.get("/api/v1/templates")).json()["items"]
        edited = (await client.get("/api/v1/templates?origin=edited&sort=-name")).json()["items"]
    by_name = {item["name"]: item for item in items}
    assert [item["name"] for item in edited] == ["acme/440hd", "420HD"]
    assert (by_name["420HD"]["edited"], by_name["420HD"]["restorable"], by_name["420HD"]["version"]) == (True, True, 1)
    assert by_name["420HD"]["by"] == "local socket"
    assert by_name["acme/440hd"]["defaults"] == ["acme/440hd"]
    assert by_name["acme/440hd"]["description"] == "AudioCodes 440HD with generic SIP firmware, one line"
    assert (by_name["450HD_LYNC"]["origin"], by_name["450HD_LYNC"]["version"]) == ("shipped", 0)


async def test_what_is_uploaded_is_downloaded_as_it_was() -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        written = await client.put("/api/v1/templates/acme~420HD", content=LAYOUT.replace(b"Nobody", b"mac"))
        assert written.json() == {"name": "acme/420HD", "version": 1, "applied": True, "warnings": []}
        got = await client.get("/api/v1/templates/acme~420HD?secrets=true")
        assert got.content == LAYOUT.replace(b"Nobody", b"mac")
        assert (got.headers["content-type"], got.headers["etag"]) == ("application/xml", '"1"')
        plain = await client.get("/api/v1/templates/acme~420HD?secrets=true", headers={"Accept": "text/plain"})
        assert "\n; a comment with a %ITCS_mac% in it\n" in plain.text
        again = await client.put("/api/v1/templates/acme~420HD", content=plain.text)
        assert again.json()["version"] == 2
        both = await client.get("/api/v1/templates/acme~420HD?secrets=true&form=plain")
        assert both.text == plain.text


async def test_secrets_are_for_administrators() -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        await client.put("/api/v1/templates/420HD", content=LAYOUT)
    async with desk.script(Role.MONITOR) as client:
        shown = (await client.get("/api/v1/templates/420HD")).text
        assert "system/password=1234" not in shown
        assert f"system/password={MASK}" in shown
        assert (await client.get("/api/v1/templates/420HD?secrets=true")).status_code == 403
        assert (await client.put("/api/v1/templates/420HD", content=PLAIN)).status_code == 403
    async with desk.script(Role.OPERATOR) as client:
        refused = await client.put("/api/v1/templates/420HD", content=shown)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["wrong"] == "stands masked in place of a secret"
    assert desk.fleet.documents["template/420hd"].version == 1


async def test_an_unknown_placeholder_keeps_a_template_out_with_its_line() -> None:
    desk = DeskWithFleet(record(placeholders={"Mine": "1"}))
    text = PLAIN + "e/f=%ITCS_Mine%\ng/h=%ITCS_Langauge%\nems_server/keep_alive_period=500\n"
    async with desk.at_socket() as client:
        refused = await client.put("/api/v1/templates/420HD", content=text)
        assert refused.status_code == 422
        [error] = refused.json()["errors"]
        assert (error["file"], error["line"], error["key"]) == ("420HD", 11, "%ITCS_Langauge%")
        assert "did you mean %ITCS_Language%" in error["hint"]
        assert desk.heard == []
        taken = await client.put("/api/v1/templates/420HD?allow_undefined=true", content=text)
        assert [each["line"] for each in taken.json()["warnings"]] == [12, 11]


async def test_a_dry_run_changes_nothing_and_two_editors_do_not_overwrite_each_other() -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        dry = await client.put("/api/v1/templates/420HD?dry_run=true", content=PLAIN)
        assert (dry.json()["applied"], dry.json()["version"], desk.heard) == (False, 0, [])
        tag = (await client.get("/api/v1/templates/420HD")).headers["etag"]
        first = await client.put("/api/v1/templates/420HD", content=PLAIN, headers={"If-Match": tag})
        second = await client.put("/api/v1/templates/420HD", content=PLAIN + "x/y=1", headers={"If-Match": tag})
        strange = await client.put("/api/v1/templates/420HD", content=PLAIN, headers={"If-Match": "three"})
    assert (first.status_code, second.status_code, strange.status_code) == (200, 409, 422)
    assert "has been written by somebody else since" in second.json()["detail"]


async def test_restoring_brings_back_what_was_shipped_and_deletes_what_was_not() -> None:
    desk = DeskWithFleet(record(template="mine"))
    async with desk.at_socket() as client:
        shipped = (await client.get("/api/v1/templates/420HD")).content
        await client.put("/api/v1/templates/420HD", content=PLAIN)
        assert (await client.delete("/api/v1/templates/420HD")).status_code == 204
        assert (await client.get("/api/v1/templates/420HD")).content == shipped
        again = await client.delete("/api/v1/templates/420HD")
        assert again.json()["detail"] == "template 420HD was not edited: there is nothing to restore"
        await client.post("/api/v1/templates/420HD/clone", json={"to": "mine"})
        in_use = await client.delete("/api/v1/templates/mine")
        assert in_use.json()["detail"] == "template mine is in use: 1 devices; choose another there first"
        await client.post("/api/v1/templates/420HD/clone", json={"to": "other"})
        assert (await client.delete("/api/v1/templates/other")).status_code == 204
        assert (await client.get("/api/v1/templates/other")).status_code == 404
        twice = await client.post("/api/v1/templates/420HD/clone", json={"to": "440HD"})
        assert twice.json()["detail"] == "there is a template 440HD already"


@pytest.mark.parametrize(
    ("name", "status"),
    [("..%2f..%2fetc", 422), ("a~b~c", 422), ("Defaults", 422), ("x" * 200, 422), ("450XL", 404), ("%00", 422)],
)
async def test_absurd_names_are_refused(name: str, status: int) -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        assert (await client.get(f"/api/v1/templates/{name}")).status_code in {status, 404}
        assert (await client.put(f"/api/v1/templates/{name}", content=b"<x/>")).status_code in {422, 404}
    assert desk.heard == []


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 422, "needs a [global] and a [device] section"),
        (b"\xff\xfe", 422, "not UTF-8"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", 422, "declarations and entities are refused"),
        (b"<" + b"x" * 600_000, 422, "larger than 512 KiB"),
    ],
)
async def test_what_is_no_template_is_refused(content: bytes, status: int, said: str) -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        answer = await client.put("/api/v1/templates/420HD", content=content)
    assert answer.status_code == status
    assert said in answer.text
    assert not [event for event in desk.heard if isinstance(event, DocumentsWritten)]
