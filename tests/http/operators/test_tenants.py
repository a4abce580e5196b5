from __future__ import annotations

from daemon.fleet.records import Role
from tests.support.builders import record
from tests.support.operators_desk import DeskWithFleet

PATH = "/api/v1/tenants"
GLOBEX = {
    "subnet": "10.0.0.0/8",
    "description": "Globex",
    "sites": [{"name": "north", "subnet": "10.9.0.0/16"}, {"name": "lab", "subnet": "10.9.1.0/24"}],
    "placeholders": {"AdminPassword": "root", "Language": "German"},
}


async def test_a_tenant_is_written_shown_and_deleted() -> None:
    desk = DeskWithFleet(record(site="hq"))
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.put(f"{PATH}/globex", json=GLOBEX)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said["placeholders"] == {"AdminPassword": "********", "Language": "German"}
        assert said["warnings"] == [
            "10.0.0.0/8 overlaps 10.1.0.0/16 of tenant acme: phones in both go to the smaller network",
            "10.0.0.0/8 overlaps 10.1.2.0/24 of tenant acme: phones in both go to the smaller network",
            "sites north and lab overlap: phones in both go to the smaller network",
        ]
        assert desk.fleet.tenants["globex"].placeholders["AdminPassword"].startswith("\x01")
        acme = (await client.get(f"{PATH}/acme")).json()
        assert (acme["devices"], acme["sites"][0]["devices"]) == (1, 1)
        assert [item["name"] for item in (await client.get(PATH)).json()["items"]] == ["acme", "globex"]
        assert (await client.delete(f"{PATH}/globex")).status_code == 204
        assert (await client.delete(f"{PATH}/acme")).status_code == 409
        assert (await client.get(f"{PATH}/globex")).status_code == 404


async def test_its_first_contact_and_its_clock_are_written_and_shown_and_a_rung_out_of_reach_is_named() -> None:
    own = {"rungs": ["certificate", "addresses"], "addresses": ["192.0.2.0/24"], "unprotected": "refused"}
    zoned = {"timezone": "Europe/Berlin", "sites": [{"name": "nyc", "timezone": "America/New_York"}]}
    desk = DeskWithFleet()
    async with desk.script(Role.OPERATOR) as client:
        said = (await client.put(f"{PATH}/globex", json=own | zoned)).json()
        assert {name: said[name] for name in (*own, "timezone")} == own | {"timezone": "Europe/Berlin"}
        assert said["sites"][0]["timezone"] == "America/New_York"
        (warning,) = said["warnings"]
        assert "certificate is never reached" in warning
        wrong = await client.put(f"{PATH}/globex", json={"timezone": "../../etc/passwd"})
        assert (wrong.status_code, wrong.json()["errors"][0]["key"]) == (422, "timezone")
    tenant = desk.fleet.tenants["globex"]
    assert (tenant.timezone, tenant.sites[0].timezone) == ("Europe/Berlin", "America/New_York")


async def test_what_contradicts_itself_or_the_fleet_is_refused() -> None:
    desk = DeskWithFleet(record(site="hq"))
    outside = {"subnet": "10.2.0.0/16", "sites": [{"name": "a", "subnet": "10.3.0.0/16"}, {"name": "a"}]}
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.put(f"{PATH}/globex", json=outside)
        assert answer.status_code == 422
        assert [error["key"] for error in answer.json()["errors"]] == ["sites[0].subnet", "sites[1].name"]
        assert (await client.put(f"{PATH}/globex", json={"default": True})).status_code == 409
        assert (await client.put(f"{PATH}/globex", json={"name": "other"})).status_code == 422
        assert (await client.put(f"{PATH}/globex", content=b"no")).status_code == 422
        emptied = await client.put(f"{PATH}/acme", json={"subnet": "10.1.0.0/16"})
        assert emptied.status_code == 409
        assert "site hq still has 1 devices" in emptied.text
    assert set(desk.fleet.tenants) == {"acme"}
