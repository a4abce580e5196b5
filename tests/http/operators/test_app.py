from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from inspect import iscoroutinefunction
from typing import Any

import pytest

from daemon.fleet.records import Role
from daemon.http.operators.alarm_views import ALARMS, AlarmItem
from daemon.http.operators.app import API_PARTS, OTHER_PARTS
from daemon.http.operators.views import DEVICES, NUMBERS, DeviceItem, NumberItem
from tests.support.builders import MAC, record
from tests.support.operators_desk import DeskWithFleet

CONTRACT = {
    ("GET", "/devices"),
    ("GET", "/devices/{mac}"),
    ("DELETE", "/devices/{mac}"),
    ("POST", "/devices/{mac}/arm"),
    ("POST", "/preview"),
    ("POST", "/preview/phone"),
    ("GET", "/devices/{mac}/configuration"),
    ("GET", "/devices/{mac}/configuration/versions"),
    ("GET", "/devices/{mac}/configuration/versions/{number}"),
    ("GET", "/devices/{mac}/configuration/versions/{number}/diff"),
    ("POST", "/devices/{mac}/configuration/rollback"),
    ("DELETE", "/devices/{mac}/configuration/rollback"),
    ("POST", "/files/generate"),
    ("POST", "/devices/{mac}/approve"),
    ("POST", "/devices/approve"),
    ("GET", "/dhcp"),
    ("GET", "/templates"),
    ("GET", "/templates/{name}"),
    ("PUT", "/templates/{name}"),
    ("DELETE", "/templates/{name}"),
    ("POST", "/templates/{name}/clone"),
    ("POST", "/templates/{name}/rollback"),
    ("GET", "/templates/{name}/versions"),
    ("GET", "/templates/{name}/versions/{version}"),
    ("GET", "/templates/defaults"),
    ("PUT", "/templates/defaults/{tenant}/{model}"),
    ("DELETE", "/templates/defaults/{tenant}/{model}"),
    ("GET", "/placeholders"),
    ("GET", "/placeholders/{scope}"),
    ("PUT", "/placeholders/{scope}"),
    ("PATCH", "/placeholders/{scope}"),
    ("DELETE", "/placeholders/{scope}"),
    ("POST", "/placeholders/device/{mac}/copy"),
    ("GET", "/extra-lines/{tenant}"),
    ("PUT", "/extra-lines/{tenant}"),
    ("GET", "/extra-lines/{tenant}/{site}"),
    ("PUT", "/extra-lines/{tenant}/{site}"),
    ("POST", "/devices/{mac}/requests"),
    ("POST", "/devices/{mac}/resync"),
    ("PUT", "/devices/{mac}/trace"),
    ("DELETE", "/devices/{mac}/trace"),
    ("GET", "/devices/{mac}/trace"),
    ("GET", "/devices/{mac}/trace.txt"),
    ("GET", "/calls"),
    ("GET", "/calls/{call_id}"),
    ("GET", "/quality"),
    ("GET", "/quality/devices"),
    ("GET", "/connections"),
    ("GET", "/connections/{name}"),
    ("DELETE", "/connections/{name}"),
    ("GET", "/connectors"),
    ("GET", "/outputs"),
    ("POST", "/outputs/{name}/test"),
    ("GET", "/numbers"),
    ("GET", "/numbers/{number}"),
    ("GET", "/licence"),
    ("GET", "/alarms"),
    ("POST", "/alarms/acknowledge"),
    ("GET", "/alarms/history"),
    ("GET", "/alarms/{identity}"),
    ("DELETE", "/alarms/{identity}"),
    ("POST", "/alarms/{identity}/acknowledge"),
    ("DELETE", "/alarms/{identity}/acknowledge"),
    ("GET", "/shelves"),
    ("POST", "/shelves"),
    ("DELETE", "/shelves/{identity}"),
    ("GET", "/receivers"),
    ("GET", "/receivers/{name}/journal"),
    ("POST", "/receivers/{name}/resync"),
    ("GET", "/summary"),
    ("GET", "/inventory"),
    ("POST", "/inventory"),
    ("GET", "/operators"),
    ("POST", "/operators"),
    ("DELETE", "/operators/{name}"),
    ("GET", "/events"),
    ("POST", "/devices"),
    ("PATCH", "/devices/{mac}"),
    ("POST", "/devices/{mac}/renew-secret"),
    ("POST", "/devices/{mac}/swap"),
    ("POST", "/devices/{mac}/token"),
    ("DELETE", "/devices/{mac}/user-configuration"),
    ("GET", "/devices/{mac}/user-configuration"),
    ("PUT", "/devices/{mac}/user-configuration"),
    ("POST", "/devices/{mac}/user-configuration/copy"),
    ("GET", "/exports/users.csv"),
    ("GET", "/exports/users.zip"),
    ("GET", "/files"),
    ("DELETE", "/files/{name}"),
    ("GET", "/files/{name}"),
    ("PUT", "/files/{name}"),
    ("POST", "/files/{name}/rollback"),
    ("GET", "/files/{name}/versions"),
    ("GET", "/firmware"),
    ("DELETE", "/firmware/{name}"),
    ("GET", "/firmware/{name}"),
    ("PATCH", "/firmware/{name}"),
    ("PUT", "/firmware/{name}"),
    ("GET", "/firmware/{name}/content"),
    ("GET", "/imports"),
    ("POST", "/imports"),
    ("GET", "/imports/{identity}"),
    ("GET", "/models"),
    ("GET", "/operations"),
    ("POST", "/operations"),
    ("DELETE", "/operations/{identity}"),
    ("GET", "/operations/{identity}"),
    ("POST", "/operations/{identity}/cancel"),
    ("POST", "/operations/{identity}/pause"),
    ("POST", "/operations/{identity}/resume"),
    ("GET", "/tenants"),
    ("DELETE", "/tenants/{name}"),
    ("GET", "/tenants/{name}"),
    ("PUT", "/tenants/{name}"),
    ("GET", "/users"),
    ("POST", "/users"),
    ("DELETE", "/users/{tenant}/{name}"),
    ("GET", "/users/{tenant}/{name}"),
    ("PUT", "/users/{tenant}/{name}"),
    ("POST", "/users/{tenant}/{name}/devices"),
}


async def _openapi(desk: DeskWithFleet) -> Any:
    async with desk.script() as client:
        return (await client.get("/api/v1/openapi.json")).json()


async def test_openapi_tells_every_route_and_no_other() -> None:
    described = await _openapi(DeskWithFleet())
    found = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}

    assert found == {(method, f"/api/v1{path}") for method, path in CONTRACT}


async def test_openapi_tells_that_errors_are_problem_documents() -> None:
    described = await _openapi(DeskWithFleet())

    for methods in described["paths"].values():
        for operation in methods.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]


async def test_openapi_refers_to_nothing_that_is_not_in_it() -> None:
    described = await _openapi(DeskWithFleet())
    for reference in set(re.findall(r'"\$ref": ?"([^"]*)"', json.dumps(described))):
        found = described
        for key in reference.removeprefix("#/").split("/"):
            found = found[key]
        assert found


ASKING = {("POST", "/preview/phone")}  # it only looks, too


async def test_who_may_only_look_changes_nothing_by_any_route() -> None:
    described = await _openapi(desk := DeskWithFleet(record()))
    routes = [
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in described["paths"].items()
        for method in methods
        if method != "get"
    ]
    async with desk.script(Role.MONITOR) as monitor, desk.script() as stranger:
        for method, path in routes:
            url = "/api/v1" + re.sub(r"\{mac\}", MAC, path)
            answers = [
                (await monitor.request(method, url, content=body, headers={"Content-Type": kind})).status_code
                for body in (b"", b"{}")
                for kind in ("application/json", "text/plain")
            ]
            if (method, path) in ASKING:
                assert 403 not in answers
            else:
                assert set(answers) == {403}, (method, path)
            assert (await stranger.request(method, url)).status_code == 401
    assert desk.heard == []


async def test_a_strangers_body_is_not_even_heard() -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("it was asked for")
        yield b""

    async with DeskWithFleet().script("no token") as client:
        assert (await client.post("/api/v1/users", content=body())).status_code == 401


@pytest.mark.parametrize("part", [*API_PARTS, *OTHER_PARTS], ids=lambda part: part.__name__)
def test_every_route_is_asynchronous_so_none_costs_a_thread(part: Any) -> None:
    assert part.router.routes
    assert all(iscoroutinefunction(route.endpoint) for route in part.router.routes)


@pytest.mark.parametrize(
    ("listing", "item"),
    [(DEVICES, DeviceItem), (NUMBERS, NumberItem), (ALARMS, AlarmItem)],
    ids=["devices", "numbers", "alarms"],
)
def test_what_is_shown_can_be_filtered_by(listing: Any, item: Any) -> None:
    assert set(listing.fields) == set(item.model_fields) - {"additional_info", "action"}


@pytest.mark.parametrize("path", ["/", "/api/v1/summary", "/static/style.css", "/nothing", "/sign-in", "/metrics"])
async def test_every_answer_carries_the_strict_policy(path: str) -> None:
    desk = DeskWithFleet()
    async with desk.browser() as browser:
        answer = await browser.get(path)

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", f"/devices/{MAC}", "/alarms", "/alarms/history"])
async def test_no_page_holds_script_or_style_or_leads_elsewhere(path: str) -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.MONITOR) as client:
        text = (await client.get(path)).text

    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", text)
    assert not re.search(r"(?:src|href|action)=\"(?!/)", text)


async def test_pages_that_load_scripts_from_elsewhere_are_off() -> None:
    desk = DeskWithFleet()
    async with desk.script() as client:
        assert [(await client.get(path)).status_code for path in ("/docs", "/redoc")] == [404, 404]
