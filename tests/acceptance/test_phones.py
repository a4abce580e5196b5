"""What phones do over HTTP and what operators then see: first contact, reports, requests, alarms, numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.support.desk_phone import KEEP_ALIVE, DeskPhone, requests_of, settings_of
from tests.support.whole_daemon import PBX_A, WholeDaemon, a_device, an_inventory, whole_daemon, write_config

MAC, NEWCOMER = "00908f4867af", "00908f0000aa"
PASSWORD = "tr0ub4dor&3"
ONE_PHONE = an_inventory(a_device(MAC, "2041", sip_password=PASSWORD))


async def test_zero_touch_from_an_unknown_phone_to_one_that_has_its_own_secret(tmp_path: Path) -> None:
    async with whole_daemon(write_config(tmp_path, an_inventory())) as daemon:
        phone = DeskPhone(daemon.running.phones_url, NEWCOMER)
        first = await phone.get("/ipp/dhcpoption160.cfg", **{"User-Agent": f"AUDC-IPPhone/2.2.16 (420HD; {NEWCOMER})"})
        assert first.status == 200
        unapproved = await phone.fetch()
        assert unapproved.status == 200
        assert "/k/" not in unapproved.body.decode()
        waiting = await daemon.items("/devices?approved=false")
        assert [(item["mac"], item["tenant"]) for item in waiting] == [(NEWCOMER, "acme")]

        await approve(daemon, NEWCOMER, "2042")
        complete = settings_of(await phone.fetch())
        assert complete["voip/line/0/auth_password"] == PASSWORD
        url = complete["ems_server/provisioning/url"]
        assert url.startswith(f"{daemon.running.phones_url}/k/")

        knowing = DeskPhone(daemon.running.phones_url, NEWCOMER, secret=url.removeprefix(phone.url).rstrip("/"))
        assert (await daemon.see(f"/devices/{NEWCOMER}"))["armed_until"] is not None
        assert (await knowing.keep_alive("started")).status == 200
        assert (await daemon.see(f"/devices/{NEWCOMER}"))["armed_until"] is None

        assert PASSWORD not in (await phone.fetch()).body.decode()
        assert settings_of(await knowing.fetch())["voip/line/0/auth_password"] == PASSWORD


async def approve(daemon: WholeDaemon, mac: str, number: str) -> None:
    """Take the phone into acme, and give it its line."""
    answer = await daemon.tell(f"/devices/{mac}/approve", {"tenant": "acme", "number": number})
    assert (answer.status_code, answer.json()["approved"]) == (200, True)
    answer = await daemon.tell("/inventory", {"servers": [PBX_A], "devices": [a_device(mac, sip_password=PASSWORD)]})
    assert answer.status_code == 200, answer.text


async def test_a_mac_alone_opens_nothing(tmp_path: Path) -> None:
    async with whole_daemon(write_config(tmp_path, ONE_PHONE)) as daemon:
        outside = DeskPhone(daemon.running.phones_url, MAC, address="127.99.0.1")
        stranger = DeskPhone(daemon.running.phones_url, NEWCOMER, address="127.99.0.1")
        guessing = DeskPhone(daemon.running.phones_url, MAC, secret="/k/" + "A" * 32)
        assert PASSWORD not in (await outside.fetch()).body.decode()
        assert (await stranger.fetch()).status == 404
        assert (await guessing.fetch()).status == 404
        for phone in (outside, stranger, guessing):
            assert (await phone.keep_alive("offline")).status == 404
            assert (await phone.alarm(5)).status == 404
        assert (await daemon.see(f"/devices/{MAC}"))["presence"] == "NEVER_SEEN"
        assert len(await daemon.items("/devices")) == 1
        refused = 'ringkeeper_phone_requests_refused_total{reason="wrong_secret"}'
        assert await daemon.metric(refused) == 3


async def test_where_the_operator_wants_it_a_fetch_from_outside_is_refused(tmp_path: Path) -> None:
    config = write_config(tmp_path, ONE_PHONE, provisioning={"unprotected": "refused"})
    async with whole_daemon(config) as daemon:
        assert (await DeskPhone(daemon.running.phones_url, MAC, address="127.99.0.1").fetch()).status == 404
        assert (await DeskPhone(daemon.running.phones_url, MAC).fetch()).status == 200


async def test_a_keep_alive_is_taken_with_any_content_type_and_trailing_commas(tmp_path: Path) -> None:
    async with whole_daemon(write_config(tmp_path, ONE_PHONE)) as daemon:
        phone = DeskPhone(daemon.running.phones_url, MAC)
        for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded", "x", ""):
            body = f'{{"mac":"{MAC.upper()}","status":"registered","fwVersion":"{content_type}","vLanId":7,}}'
            assert (await phone.post(KEEP_ALIVE, body.encode(), content_type)).status == 200
            device = await daemon.see(f"/devices/{MAC}")
            assert (device["firmware"], device["presence"]) == (content_type, "REGISTERED")


async def test_a_request_is_handed_to_the_phone_exactly_once(tmp_path: Path) -> None:
    async with whole_daemon(write_config(tmp_path, ONE_PHONE)) as daemon:
        phone = DeskPhone(daemon.running.phones_url, MAC)
        order = {"action": "reset_graceful", "body": {"schedulePeriod": "0"}}
        assert (await daemon.tell(f"/devices/{MAC}/requests", order)).status_code == 202
        wanted = [{"method": "POST", "path": "/rest/v1/command/ResetGracefulHandler", "body": {"schedulePeriod": "0"}}]
        assert requests_of(await phone.keep_alive()) == wanted
        assert requests_of(await phone.keep_alive()) == []
        await phone.keep_alive("started")
        assert (await daemon.see(f"/devices/{MAC}"))["requests"] == []


async def test_an_alarm_is_shown_until_it_is_cleared(tmp_path: Path) -> None:
    async with whole_daemon(write_config(tmp_path, ONE_PHONE)) as daemon:
        phone = DeskPhone(daemon.running.phones_url, MAC)
        assert (await phone.alarm(5, description="403 Forbidden")).status == 200
        (alarm,) = await daemon.items("/alarms")
        assert (alarm["name"], alarm["description"]) == ("IPPhoneRegisterFailure", "403 Forbidden")
        assert (alarm["sequence"], alarm["device"], alarm["source"]) == (1, MAC, f"IPPhone/{MAC}")
        assert (await daemon.see(f"/devices/{MAC}"))["status"] == "ERROR"
        assert (await phone.alarm(0)).status == 200
        assert await daemon.items("/alarms") == []


async def test_a_signed_out_phones_number_cools_and_comes_back_or_is_released(tmp_path: Path) -> None:
    async with whole_daemon(write_config(tmp_path, ONE_PHONE)) as daemon:
        phone = DeskPhone(daemon.running.phones_url, MAC)
        await phone.keep_alive("registered")
        assert await number(daemon) == ("Used", "", None)
        await phone.keep_alive("offline")
        status, tag, released = await number(daemon)
        assert status == "Cooling"
        assert tag.startswith("Registered user is either offline or deleted, release date ")
        assert tag.endswith(" + 2 days")
        assert released is not None
        await phone.keep_alive("registered")
        assert await number(daemon) == ("Used", "", None)

        reconfigured = write_config(tmp_path, ONE_PHONE, numbers={"audiocodes_cooling_duration": "500ms"})
        assert reconfigured.exists()
        assert await daemon.running.reload()
        await phone.keep_alive("offline")
        await daemon.see_until("/numbers/2041", lambda seen: seen["status"] == "Available")
        steps = (await daemon.see(f"/devices/{MAC}"))["timeline"]
        moves = [(step["old"], step["new"]) for step in reversed(steps) if step["axis"] == "number"]
        assert moves[-2:] == [("Used", "Cooling"), ("Cooling", "Available")]


async def number(daemon: WholeDaemon) -> tuple[Any, ...]:
    seen = await daemon.see("/numbers/2041")
    return seen["status"], seen["tag"], seen["release_date"]


async def test_the_operators_listener_wants_a_token_where_it_is_no_unix_socket(tmp_path: Path) -> None:
    listen = [f"unix://{tmp_path / 'api.sock'}", "http://127.0.0.1:0"]
    http = {"phones": {"listen": ["http://127.0.0.1:0"]}, "operators": {"listen": listen}}
    async with whole_daemon(write_config(tmp_path, ONE_PHONE, http=http)) as daemon:
        token = (await daemon.tell("/operators", {"name": "ann", "role": "monitor"})).json()["token"]
        async with httpx.AsyncClient(base_url=daemon.running.operators_url) as browser:
            assert (await browser.get("/api/v1/devices")).status_code == 401
            allowed = {"Authorization": f"Bearer {token}"}
            assert (await browser.get("/api/v1/devices", headers=allowed)).status_code == 200
            assert (await browser.delete(f"/api/v1/devices/{MAC}", headers=allowed)).status_code == 403
