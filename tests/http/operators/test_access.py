from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from daemon.config.block import HOUR
from daemon.fleet.acts import OperatorAdded
from daemon.fleet.records import Operator, Role
from daemon.http.operators.access import COOKIE, token_hash
from daemon.http.operators.throttle import WRONG_TOKENS
from tests.support.builders import MAC, NOW, record
from tests.support.operators_desk import DeskWithFleet, signed_in

READ, ACT, ADMINISTER = "/api/v1/summary", f"/api/v1/devices/{MAC}/arm", "/api/v1/operators"


async def _codes(desk: DeskWithFleet, role: Role) -> list[int]:
    """What a role gets for reading, acting and administering."""
    async with desk.script(role) as client:
        answers = [await client.get(READ), await client.post(ACT), await client.get(ADMINISTER)]
    return [answer.status_code for answer in answers]


async def test_monitors_look_operators_act_and_administrators_see_operators() -> None:
    desk = DeskWithFleet(record())

    assert await _codes(desk, Role.MONITOR) == [200, 403, 403]
    assert await _codes(desk, Role.OPERATOR) == [200, 200, 403]
    assert await _codes(desk, Role.ADMINISTRATOR) == [200, 200, 200]


@pytest.mark.parametrize("token", [None, "", "wrong", "monitor-token2"])
async def test_without_a_valid_token_nothing_is_told(token: str | None) -> None:
    desk = DeskWithFleet(record())
    async with desk.script(token) as client:
        answer = await client.get(READ)

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert MAC not in answer.text


async def test_the_unix_socket_needs_no_token() -> None:
    desk = DeskWithFleet(record())
    async with desk.at_socket() as client:
        assert (await client.get(ADMINISTER)).status_code == 200


async def test_no_header_makes_a_tcp_peer_look_like_the_socket() -> None:
    desk = DeskWithFleet(record())
    async with desk.script() as client:
        answer = await client.get(READ, headers={"X-Forwarded-For": "unix", "Forwarded": "for=unix"})

    assert answer.status_code == 401


async def test_a_session_lasts_a_shift_and_ends_on_signing_out() -> None:
    desk = DeskWithFleet(record())
    async with signed_in(desk) as browser:
        assert (await browser.get(READ)).status_code == 200
        await browser.post("/sign-out")
        assert (await browser.get(READ)).status_code == 401


async def test_a_session_is_over_after_its_lifetime(autojump_clock: object) -> None:
    desk = DeskWithFleet(record())
    async with signed_in(desk) as browser:
        desk.clock._offset += 12 * HOUR + 1

        assert (await browser.get(READ)).status_code == 401


async def test_the_cookie_is_kept_from_scripts_and_other_sites() -> None:
    desk = DeskWithFleet()
    async with desk.browser() as browser:
        answer = await browser.post("/sign-in", data={"token": "monitor-token"})

    cookie = answer.headers["set-cookie"].lower()
    assert answer.headers["location"] == "/"
    assert cookie.startswith(COOKIE)
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


async def test_a_new_token_for_an_operator_ends_the_old_ones_sessions() -> None:
    desk = DeskWithFleet()
    async with signed_in(desk, Role.MONITOR) as browser:
        desk.deliver(OperatorAdded(Operator("monitor", Role.MONITOR, token_hash("newer"), NOW), "test"))

        assert (await browser.get(READ)).status_code == 401


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://ringkeeper.example:8090"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)
async def test_a_session_changes_things_only_from_our_own_pages(headers: dict[str, str], code: int) -> None:
    desk = DeskWithFleet(record())
    async with signed_in(desk) as browser, desk.script() as elsewhere:
        elsewhere.cookies = browser.cookies
        answer = await elsewhere.post(ACT, headers=headers)

    assert answer.status_code == code


async def test_a_token_needs_no_page() -> None:
    desk = DeskWithFleet(record())
    async with desk.script(Role.OPERATOR) as client:
        assert (await client.post(ACT, headers={"Origin": "http://elsewhere.example"})).status_code == 200


async def test_wrong_tokens_are_counted_and_at_last_told_to_wait_but_a_right_one_comes_in() -> None:
    desk = DeskWithFleet(record())
    with capture_logs() as logs:
        async with desk.script("wrong") as client:
            answers = [await client.get(READ) for _ in range(WRONG_TOKENS + 3)]
        async with desk.script(Role.MONITOR) as client:
            right = await client.get(READ)

    assert [answer.status_code for answer in answers] == [401] * WRONG_TOKENS + [429] * 3
    assert int(answers[-1].headers["retry-after"]) > 0
    assert right.status_code == 200
    assert desk.app.statistics().wrong_tokens == WRONG_TOKENS + 3
    assert len(logs) == WRONG_TOKENS


async def test_no_token_stands_in_any_log() -> None:
    desk = DeskWithFleet(record())
    with capture_logs() as logs:
        async with desk.script("secret-but-wrong") as client:
            await client.get(READ)
        async with signed_in(desk, Role.ADMINISTRATOR) as browser:
            added = await browser.post(ADMINISTER, json={"name": "eve", "role": "monitor"})

    assert logs
    assert added.status_code == 201
    for secret in ("secret-but-wrong", "administrator-token", added.json()["token"]):
        assert secret not in str(logs)
