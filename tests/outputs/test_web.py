"""HTTP over real sockets on loopback; what an Alertmanager makes of it is `test_against_alertmanager`'s business."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from daemon.config.output_settings import AlertmanagerOutput, WebhookOutput
from daemon.config.tls_contexts import accepting_context
from daemon.outputs.payloads import signature
from daemon.outputs.way import NotTaken, Told
from daemon.outputs.web import Alertmanager, Webhook
from tests.support.certificates import Authority
from tests.support.notifications import WEDNESDAY, a_notification
from tests.support.receivers import WebServer, web_server

TOLD = [Told(1, a_notification(7)), Told(2, a_notification(8))]


def a_webhook(server: WebServer, scheme: str = "http", **fields: Any) -> Webhook:
    given = {"name": "hook", "kind": "webhook", "url": f"{scheme}://localhost:{server.port}/T0?key=1", **fields}
    return Webhook(WebhookOutput.model_validate(given), lambda: WEDNESDAY)


def an_alertmanager(server: WebServer, **fields: Any) -> Alertmanager:
    given = {"name": "am", "kind": "alertmanager", "url": f"http://localhost:{server.port}/am/", **fields}
    return Alertmanager(AlertmanagerOutput.model_validate(given), lambda: WEDNESDAY)


async def test_a_webhook_gets_all_in_one_signed_request() -> None:
    async with web_server(WebServer()) as server:
        await a_webhook(server, secret="hush", token="bearer").tell(TOLD)
    [request] = server.requests
    assert request.target == "/T0?key=1"
    assert [one["number"] for one in json.loads(request.body)["notifications"]] == [1, 2]
    assert request.headers["authorization"] == "Bearer bearer"
    at = int(request.headers["ringkeeper-timestamp"])
    assert request.headers["ringkeeper-signature"] == f"sha256={signature('hush', at, request.body)}"


async def test_in_alertmanagers_format_each_is_a_request() -> None:
    async with web_server(WebServer()) as server:
        await a_webhook(server, format="alertmanager").tell(TOLD)
    assert [json.loads(request.body)["version"] for request in server.requests] == ["4", "4"]


async def test_a_receiver_must_prove_its_name(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with web_server(WebServer(accepting_context(authority.issue("localhost")))) as server:
        with pytest.raises(NotTaken) as failure:
            await a_webhook(server, "https").tell(TOLD)
        assert (failure.value.reason, server.requests) == ("connect", [])
        await a_webhook(server, "https", ca=authority.path).tell(TOLD)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "headers", "reason", "wait", "hopeless"),
    [
        (503, {}, "not now", 0, False),
        (429, {"Retry-After": "90"}, "not now", 90, False),
        (429, {"Retry-After": "Wed, 04 Mar 2026 09:16:02 GMT"}, "not now", 59.875, False),
        (503, {"Retry-After": "99999999999"}, "not now", 3600, False),
        (503, {"Retry-After": "soon"}, "not now", 0, False),
        (400, {}, "refused", 0, True),
        (401, {}, "refused", 0, False),
        (404, {}, "refused", 0, False),
        (302, {"Location": "http://localhost/elsewhere"}, "refused", 0, False),
    ],
)
async def test_what_an_answer_means(
    status: int, headers: dict[str, str], reason: str, wait: float, hopeless: bool
) -> None:
    async with web_server(WebServer(answers=[(status, headers)])) as server:
        with pytest.raises(NotTaken, match=f"was answered {status}") as failure:
            await a_webhook(server).tell(TOLD)
    assert (failure.value.reason, failure.value.wait, failure.value.hopeless) == (reason, wait, hopeless)
    assert len(server.requests) == 1


async def test_a_receiver_that_is_not_there() -> None:
    async with web_server(WebServer()) as server:
        pass
    with pytest.raises(NotTaken) as failure:
        await a_webhook(server).tell(TOLD)
    assert failure.value.reason == "connect"


async def test_an_alertmanager_is_told_under_its_own_path_with_its_login() -> None:
    async with web_server(WebServer()) as server:
        await an_alertmanager(server, user="user", password="hush").tell(TOLD)
    [request] = server.requests
    assert request.target == "/am/api/v2/alerts"
    assert b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"user:hush"
    assert len(json.loads(request.body)) == 2


async def test_a_refresh_goes_in_pieces() -> None:
    async with web_server(WebServer()) as server:
        await an_alertmanager(server, batch=2).refresh([a_notification(n).alarm for n in range(5)], WEDNESDAY + 3600)
    assert [len(json.loads(request.body)) for request in server.requests] == [2, 2, 1]
    assert json.loads(server.requests[0].body)[0]["endsAt"] == "2026-03-05T10:15:02.125Z"
