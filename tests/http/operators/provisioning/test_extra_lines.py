"""Lines that a tenant or a site wants on all its phones."""

from __future__ import annotations

from daemon.fleet.records import Role
from daemon.provisioning.templates.check import MASK
from tests.support.operators_desk import DeskWithFleet

URL = "/api/v1/extra-lines"


async def test_a_tenant_and_a_site_have_lines_of_their_own() -> None:
    desk = DeskWithFleet()
    lines = ["; why", "voip/codec/codec_info/0/name=G722", "", "x/password=rosebud"]
    async with desk.at_socket() as client:
        written = await client.put(f"{URL}/acme", json={"lines": lines})
        assert written.json() == {"lines": [*lines[:3], f"x/password={MASK}"]}
        await client.put(f"{URL}/acme/hq", json={"lines": ["a/b=%ITCS_VLANID%"]})
        assert (await client.get(f"{URL}/acme?secrets=true")).json() == {"lines": lines}
        assert (await client.get(f"{URL}/acme/hq")).json() == {"lines": ["a/b=%ITCS_VLANID%"]}
        await client.put(f"{URL}/acme/hq", json={"lines": []})
        assert (await client.get(f"{URL}/acme/hq")).json() == {"lines": []}
    assert desk.fleet.documents["lines/tenant/acme"].version == 1
    assert desk.fleet.documents["lines/site/acme/hq"].body == ""


async def test_every_line_that_will_not_do_is_named() -> None:
    desk = DeskWithFleet()
    async with desk.at_socket() as client:
        refused = await client.put(f"{URL}/acme", json={"lines": ["a=1", "no setting", "zzz1_tenant_cfg"]})
        assert [error["line"] for error in refused.json()["errors"]] == [2, 3]
        undefined = await client.put(f"{URL}/acme", json={"lines": ["a=%ITCS_Nobodys%", f"password={MASK}"]})
        assert [error["line"] for error in undefined.json()["errors"]] == [1, 2]
        broken = await client.put(f"{URL}/acme", json={"lines": ["a=1\nno line of its own"]})
        assert broken.status_code == 422
        assert (await client.get(f"{URL}/nobody")).status_code == 404
        assert (await client.get(f"{URL}/acme/nowhere")).status_code == 404
    async with desk.script(Role.MONITOR) as client:
        assert (await client.put(f"{URL}/acme", json={"lines": []})).status_code == 403
    assert desk.heard == []
