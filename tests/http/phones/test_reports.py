from __future__ import annotations

import json
from pathlib import Path

import pytest

from daemon.fleet.events import AlertsHeard, KeepAliveHeard, UnknownPhoneHeard
from daemon.fleet.records import PhoneRequest
from tests.support.builders import MAC, NOW, OTHER_MAC, record
from tests.support.phones import INSIDE, OUTSIDE, SECRET, Directory, Scene

DATA = Path(__file__).parents[2] / "data" / "http"
KEEP_ALIVE = "/rest/v1/ipphoneMgrStatus/keep-alive"
INIT = "/rest/v1/ipphoneMgrStatus/init"
ALERT = "/rest/v1/ipphoneMgrAlert/alert"
STARTED = (DATA / "keep-alive-started.json").read_bytes()
FAILURE = (DATA / "alert-registration-failure.json").read_bytes()


@pytest.mark.parametrize("path", [KEEP_ALIVE, INIT])
async def test_a_keep_alive_is_delivered_stored_and_then_answered(path: str) -> None:
    scene = Scene()
    answer = await scene.post(path, STARTED)
    assert (answer.status, json.loads(answer.body)) == (200, {"requests": []})
    (event,) = scene.events
    assert isinstance(event, KeepAliveHeard)
    assert (event.mac, event.report.status, event.source, event.with_secret) == (MAC, "started", INSIDE, False)
    assert scene.log == ["KeepAliveHeard", "stored"]
    assert scene.app.statistics().keep_alives == 1


async def test_what_waits_for_the_phone_is_handed_out() -> None:
    request = PhoneRequest(1, MAC, "reset_graceful", {}, NOW, NOW + 60)
    answer = await Scene(requests=(request,)).post(KEEP_ALIVE, STARTED)
    (entry,) = json.loads(answer.body)["requests"]
    assert entry == {"method": "POST", "path": "/rest/v1/command/ResetGracefulHandler", "body": {"schedulePeriod": "0"}}


async def test_alarms_are_delivered_stored_and_then_answered() -> None:
    scene = Scene()
    answer = await scene.post(ALERT, FAILURE)
    assert (answer.status, answer.body) == (200, b"{}")
    (event,) = scene.events
    assert isinstance(event, AlertsHeard)
    assert (event.mac, len(event.alerts), scene.log) == (MAC, 1, ["AlertsHeard", "stored"])


@pytest.mark.parametrize(("path", "body"), [(KEEP_ALIVE, STARTED), (ALERT, FAILURE)])
async def test_the_secret_is_believed_from_anywhere(path: str, body: bytes) -> None:
    scene = Scene()
    answer = await scene.post(f"/k/{SECRET}{path}", body, source=OUTSIDE)
    assert answer.status == 200
    (event,) = scene.events
    assert isinstance(event, (KeepAliveHeard, AlertsHeard))
    assert event.with_secret


@pytest.mark.parametrize(("path", "body"), [(KEEP_ALIVE, STARTED), (ALERT, FAILURE)])
async def test_every_refusal_looks_the_same(path: str, body: bytes) -> None:
    known, unknown = Scene(), Scene(directory=Directory())
    answers = [
        await known.post(path, body, source=OUTSIDE),
        await unknown.post(path, body, source=OUTSIDE),
        await known.post(f"/k/wrong{path}", body, source=INSIDE),
        await unknown.post(f"/k/wrong{path}", body, source=INSIDE),
        await known.post("/no/such/path", body),
        await known.post(f"/k/{path}", body),
    ]
    assert len({(answer.status, answer.body, str(answer.headers)) for answer in answers}) == 1
    assert answers[0].status == 404
    assert known.events == unknown.events == []
    assert known.app.statistics().refused == {"outside the tenant's networks": 1, "wrong_secret": 1, "path": 2}


@pytest.mark.parametrize(("path", "body"), [(KEEP_ALIVE, STARTED), (ALERT, FAILURE)])
async def test_a_phone_beyond_the_licence_is_refused_like_anybody_whatever_it_proves(path: str, body: bytes) -> None:
    scene = Scene()
    device = scene.directory.device(MAC)
    assert device is not None
    device.blocked = "blocked: the licence is for 1 devices"
    answers = [await scene.post(f"{prefix}{path}", body) for prefix in ("", f"/k/{SECRET}", "/k/wrong")]
    assert {answer.status for answer in answers} == {404}
    assert scene.events == []
    assert scene.app.statistics().refused == {"blocked by the licence": 2, "wrong_secret": 1}


@pytest.mark.parametrize(("path", "body"), [(KEEP_ALIVE, STARTED), (ALERT, FAILURE)])
async def test_a_phone_nobody_defined_is_noted_when_its_network_is_trusted(path: str, body: bytes) -> None:
    scene = Scene(directory=Directory())
    answer = await scene.post(path, body)
    assert (answer.status, json.loads(answer.body)) == (200, {"requests": []})
    model = "420HD" if path == KEEP_ALIVE else ""
    assert scene.events == [UnknownPhoneHeard(MAC, "acme", model, INSIDE)]
    assert scene.log == ["UnknownPhoneHeard", "stored"]


async def test_a_region_that_nobody_has_is_not_guessed_at() -> None:
    body = json.dumps({"mac": OTHER_MAC, "region": "initech"}).encode()
    assert (await Scene().post(KEEP_ALIVE, body)).status == 404


@pytest.mark.parametrize("path", [KEEP_ALIVE, ALERT])
async def test_a_malformed_report_gets_400_with_its_reason(path: str) -> None:
    scene = Scene()
    answer = await scene.post(path, b"{")
    assert (answer.status, answer.headers["content-type"]) == (400, "application/problem+json")
    assert json.loads(answer.body)["detail"].startswith("json")
    assert scene.app.statistics().refused == {"json": 1}


@pytest.mark.parametrize(("accepting", "store_fails"), [(False, False), (True, True)])
async def test_nothing_is_acknowledged_that_cannot_be_stored(accepting: bool, store_fails: bool) -> None:
    for directory in (Directory(), Directory(record())):
        scene = Scene(directory, accepting=accepting, store_fails=store_fails)
        answer = await scene.post(KEEP_ALIVE, STARTED)
        assert (answer.status, answer.headers["retry-after"]) == (503, "30")
        assert bool(scene.events) is accepting


async def test_only_post_reports() -> None:
    assert (await Scene().get(KEEP_ALIVE)).status == 405
