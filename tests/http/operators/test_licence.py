from __future__ import annotations

from daemon.fleet.acts import SettingsChanged
from daemon.fleet.records import Role
from tests.support.builders import MAC, OTHER_MAC, record, settings
from tests.support.operators_desk import DeskWithFleet


def desk_with(**terms: object) -> DeskWithFleet:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number=""))
    desk.settings = settings(licence=terms)
    desk.deliver(SettingsChanged(desk.settings))
    desk.fleet.expire(desk.clock.now())
    return desk


async def test_the_licence_says_how_it_stands_and_whom_it_does_not_cover() -> None:
    desk = desk_with(devices=1, starts="2026-01-01", expires="2027-01-16")
    async with desk.script(Role.MONITOR) as client:
        said = (await client.get("/api/v1/licence")).json()
    assert said == {
        "status": "enabled",
        "expiration_date": "2027-01-16",
        "days_left": 1,
        "consumed": 0.9956,
        "devices": 2,
        "limit": 1,
        "blocked": [{"mac": MAC, "reason": "blocked: the licence is for 1 devices"}],
    }


async def test_without_terms_all_is_unlimited_and_strangers_are_not_told() -> None:
    desk = desk_with()
    async with desk.script(Role.MONITOR) as client, desk.script() as stranger:
        said = (await client.get("/api/v1/licence")).json()
        assert (await stranger.get("/api/v1/licence")).status_code == 401
    assert (said["expiration_date"], said["days_left"], said["limit"], said["blocked"]) == (None, None, None, [])


async def test_while_an_expired_licence_suspends_operators_come_in_at_the_unix_socket_only() -> None:
    desk = desk_with()
    async with desk.browser() as browser:
        token = f"{Role.ADMINISTRATOR}-token"
        await browser.post("/sign-in", data={"token": token})
        assert (await browser.get("/api/v1/licence")).status_code == 200
        desk.settings = settings(
            licence={"starts": "2020-01-01", "expires": "2020-12-31", "after_expiry": "suspend"},
        )
        desk.deliver(SettingsChanged(desk.settings))
        async with desk.script(Role.ADMINISTRATOR) as script, desk.at_socket() as local:
            refused = [
                await browser.get("/api/v1/licence"),
                await script.get("/api/v1/devices"),
                await browser.post("/sign-in", data={"token": token}),
            ]
            assert (await script.get("/metrics")).status_code == 200
            assert (await local.get("/api/v1/licence")).json()["status"] == "disabled"
    for answer in refused:
        assert answer.status_code == 403
        assert "the licence expired on 2020-12-31" in answer.text
        assert "Unix socket" in answer.text
