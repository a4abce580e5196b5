from __future__ import annotations

from base64 import b64encode

import pytest
from starlette.requests import Request

from daemon.errors import BadMessage, ConfigError, Fault, Refused, StoreUnavailable
from daemon.fleet.records import Role
from daemon.http.operators.problems import problem_handlers
from tests.support.builders import MAC, record
from tests.support.operators_desk import DeskWithFleet

# What no encoding can write, in JSON that is without fault.
HALF_CHARACTERS = b64encode(rb'["\ud800","\ud800","\ud800"]').decode().rstrip("=")
HALF_A_CALL = b64encode(rb'[1.0,"\ud800"]').decode().rstrip("=")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/devices/", 404),
        ("PUT", "/api/v1/devices", 405),
        ("POST", "/api/v1/summary", 405),
        ("GET", "/api/v1/devices?colour=red", 422),
        ("POST", "/api/v1/devices/00908f4867af/approve", 422),
        ("GET", "/api/v1/numbers/1", 404),
        ("GET", f"/api/v1/devices?cursor={HALF_CHARACTERS}", 422),
        ("GET", f"/api/v1/calls?cursor={HALF_CHARACTERS}", 422),
        ("GET", f"/api/v1/calls?cursor={HALF_A_CALL}", 422),
        ("GET", "/api/v1/calls?since=1000000000", 422),
    ],
)
async def test_every_error_is_a_problem_document(method: str, path: str, status: int) -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["type"] == "about:blank"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("OPTIONS", "/api/v1/devices", "GET, POST"),
        ("POST", f"/api/v1/devices/{MAC}", "GET, PATCH, DELETE"),
        ("PUT", "/api/v1/templates/420HD/rollback", "POST"),
        ("TRACE", "/metrics", "GET"),
    ],
)
async def test_a_method_too_many_is_told_all_that_there_are(method: str, path: str, allowed: str) -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_a_body_that_is_no_json_is_a_fault_of_the_request() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.ADMINISTRATOR) as client:
        answer = await client.post("/api/v1/operators", content=b"{", headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_browser_is_shown_a_page_instead() -> None:
    desk = DeskWithFleet(record())
    async with desk.browser() as browser:
        answer = await browser.get("/nothing")

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "Back to the fleet" in answer.text


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (StoreUnavailable("disk I/O error"), 503, "ask again"),
        (Refused("it is in use", "it cools"), 409, "it cools"),
        (BadMessage("mac", "not a MAC address"), 400, "not a MAC"),
        (ConfigError([Fault("inventory", 3, "devices.0", "no MAC", "write one")]), 422, "write one"),
        (RuntimeError("secret detail"), 500, "its log"),
    ],
)
async def test_each_kind_of_error_has_its_answer(error: Exception, status: int, told: str) -> None:
    handlers = problem_handlers(lambda _request, _problem: None)
    handle = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    answer = await handle(Request({"type": "http", "headers": []}), error)

    assert answer.status_code == status
    assert told in bytes(answer.body).decode()
    assert "secret detail" not in bytes(answer.body).decode()
    assert ("retry-after" in answer.headers) == (status == 503)
