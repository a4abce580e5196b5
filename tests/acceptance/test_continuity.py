"""A restart, a reload, a disk that refuses: what was acknowledged stays, and what cannot stay is not acknowledged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.snmp import oids
from daemon.store import database
from tests.support.desk_phone import DeskPhone
from tests.support.opened_store import refusing
from tests.support.sip_messages import register
from tests.support.sip_wire import Phone, ok, open_phone
from tests.support.snmptrapd import snmptrapd
from tests.support.waiting import becomes_true, until
from tests.support.whole_daemon import WholeDaemon, a_device, an_inventory, whole_daemon, write_config

MAC, OTHER = "00908f4867af", "00908f000002"
TWO_PHONES = an_inventory(a_device(MAC, "2041"), a_device(OTHER, "2042", qualify=False))
SEVERITY = ".".join(map(str, oids.ringkeeper_instance(32473, oids.SEVERITY)))
NAME = ".".join(map(str, oids.ringkeeper_instance(32473, oids.ALARM_NAME)))


async def registered(phone: Phone, **headers: str) -> bytes:
    """What 2041 is answered when it registers; it answers pings that come before."""
    await phone.say(register(expires="600", **headers))
    while not (heard := await phone.hear()).startswith(b"SIP/2.0"):
        await phone.say(ok(heard))
    return heard.partition(b"\r\n")[0]


async def picture(daemon: WholeDaemon) -> dict[str, Any]:
    """All that a restart must not change."""
    devices = {item["mac"]: item for item in await daemon.items("/devices")}
    details = {mac: await daemon.see(f"/devices/{mac}") for mac in devices}
    return {
        # When each was last seen is written behind (keep_alive.checkpoint), so it may be older by that time.
        "presence": {mac: detail["reasons"]["presence"] for mac, detail in details.items()},
        "reachability": {mac: detail["reasons"]["reachability"] for mac, detail in details.items()},
        "contacts": {mac: detail["contact"] and detail["contact"]["uri"] for mac, detail in details.items()},
        "timelines": {mac: detail["timeline"] for mac, detail in details.items()},
        "requests": {mac: detail["requests"] for mac, detail in details.items()},
        "status": {mac: (item["status"], item["reason"]) for mac, item in devices.items()},
        "alarms": await daemon.items("/alarms"),
        "numbers": await daemon.items("/numbers"),
    }


async def test_a_restart_goes_on_where_the_daemon_ended(tmp_path: Path) -> None:
    config = write_config(tmp_path, TWO_PHONES)
    async with whole_daemon(config) as daemon:
        async with open_phone(daemon.sip) as sip:
            await sip.say(register(expires="600"))
            both = {datagram[:7]: datagram for datagram in (await sip.hear(), await sip.hear())}  # in either order
            assert both[b"SIP/2.0"].startswith(b"SIP/2.0 200 OK\r\n")
            await sip.say(ok(both[b"OPTIONS"]))
            await daemon.see_until(f"/devices/{MAC}", lambda seen: seen["reachability"] == "OK")
        phone, other = (DeskPhone(daemon.running.phones_url, mac) for mac in (MAC, OTHER))
        await phone.keep_alive("registered", fwVersion="2.2.16")
        await other.keep_alive("offline")
        await phone.alarm(5)
        await other.alarm(3)
        await other.alarm(0)
        await daemon.tell(f"/devices/{OTHER}/requests", {"action": "reset_graceful"})
        before = await picture(daemon)
    async with whole_daemon(config) as daemon:
        assert await picture(daemon) == before
        assert [number["status"] for number in before["numbers"]] == ["Used", "Cooling"]
        phone = DeskPhone(daemon.running.phones_url, OTHER)
        await phone.alarm(3)
        assert max(alarm["sequence"] for alarm in await daemon.items("/alarms")) == 4
        assert json.loads((await phone.keep_alive("offline")).body)["requests"] != []


async def test_a_reload_takes_a_good_file_over_and_leaves_a_bad_one_alone(tmp_path: Path) -> None:
    config = write_config(tmp_path, TWO_PHONES, qualify={"misses": 3})
    async with whole_daemon(config) as daemon:
        write_config(tmp_path, TWO_PHONES, qualify={"misses": 5})
        assert await daemon.running.reload()
        assert daemon.running.settings.qualify.misses == 5
        assert daemon.running.fleet.parts.settings.qualify.misses == 5
        assert await daemon.metric("ringkeeper_config_last_reload_successful") == 1

        write_config(tmp_path, TWO_PHONES, qualify={"misses": 99})
        assert not await daemon.running.reload()
        assert daemon.running.fleet.parts.settings.qualify.misses == 5
        assert await daemon.metric("ringkeeper_config_last_reload_successful") == 0

        config.unlink()
        assert not await daemon.running.reload()
        assert (await DeskPhone(daemon.running.phones_url, MAC).keep_alive()).status == 200


async def test_a_reload_with_an_inventory_that_cannot_be_taken_changes_nothing(tmp_path: Path) -> None:
    config = write_config(tmp_path, TWO_PHONES)
    async with whole_daemon(config) as daemon:
        write_config(tmp_path, an_inventory(a_device(MAC, "2041", tenant="nobody")), qualify={"misses": 5})
        assert not await daemon.running.reload()
        assert daemon.running.settings.qualify.misses == 3
        write_config(tmp_path, an_inventory(a_device("00908f000003", "2043")), qualify={"misses": 5})
        assert await daemon.running.reload()
        assert len(await daemon.items("/devices")) == 3


@pytest.mark.peer
async def test_a_disk_that_refuses_makes_us_promise_nothing_and_tell_the_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.3)
    async with snmptrapd() as manager:
        snmp = {"managers": [{"host": manager.host, "port": manager.port}]}
        config = write_config(tmp_path, TWO_PHONES, snmp=snmp, store={"retry": "100ms"})
        async with whole_daemon(config) as daemon:
            phone = DeskPhone(daemon.running.phones_url, MAC)
            async with refusing(tmp_path / "state" / "ringkeeper.db"):
                assert (await phone.keep_alive("offline")).status == 503
                assert (await phone.alarm(5)).status == 503
                async with open_phone(daemon.sip) as sip:
                    assert await registered(sip) == b"SIP/2.0 503 Service Unavailable"
                operators = await daemon.tell(f"/devices/{MAC}/requests", {"action": "reset_graceful"})
                assert (operators.status_code, operators.headers["Retry-After"]) == (503, "5")
                assert await daemon.ready() == 503
                await daemon.alarm_names_until("IPPhoneRegisterFailure", "storeFailure")
                # The phone's own alarm is known as well, though nobody promised to keep it.
                await becomes_true(lambda: names(manager.alarms) >= {"storeFailure", "IPPhoneRegisterFailure"})
            await until(daemon.ready, lambda status: status == 200)
            await daemon.alarm_names_until("IPPhoneRegisterFailure")
            assert (await phone.keep_alive("registered")).status == 200
            async with open_phone(daemon.sip) as sip:
                assert await registered(sip, call_id="call-2") == b"SIP/2.0 200 OK"
            await manager.wait_for(1 + 4)  # our start is told first
            received = manager.alarms
            assert [bytes(trap.value(NAME)) for trap in received].count(b"storeFailure") == 2  # type: ignore[arg-type]
            assert [trap.value(SEVERITY) for trap in received].count(1) == 2  # both are cleared
            await until(lambda: daemon.metric(waiting(manager.port)), lambda count: count == 0)
        async with whole_daemon(config) as daemon:
            assert await daemon.metric(waiting(manager.port)) == 0
            assert (await daemon.see("/numbers/2041"))["status"] == "Used"


def names(received: list[Any]) -> set[str]:
    return {bytes(trap.value(NAME)).decode() for trap in received}


def waiting(port: int) -> str:
    return f'ringkeeper_outbox_pending{{manager="127.0.0.1:{port}/ringkeeper"}}'
