"""Voice quality with the whole daemon: SIPp publishes as a phone, every vendor's body over a socket, over a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.sip_messages import request
from tests.support.sip_wire import Phone, open_phone
from tests.support.sipp import sipp
from tests.support.whole_daemon import WholeDaemon, a_device, an_inventory, whole_daemon, write_config

MAC = "00908f4867af"
BODIES = sorted((Path(__file__).parents[1] / "data" / "vq").glob("*.vq"))
# Every address of loopback is acme's, and its site's.
HERE = {
    "name": "acme",
    "subnet": "127.0.0.0/8",
    "default": True,
    "sites": [{"name": "hq", "subnet": "127.0.0.0/16"}],
}
INVENTORY = an_inventory(a_device(MAC, "2041"), tenants=[HERE])
STRANGERS = an_inventory(a_device(MAC, "2041"))  # whose tenant is in 127.10.0.0/16, where nobody here is


def publish(body: bytes, number: int) -> bytes:
    """A PUBLISH of 2041 with this body."""
    return (
        request(
            "PUBLISH",
            "sip:collector@pbx.example.net",
            via=f"SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK{number};rport",
            call_id=f"publish-{number}",
            event="vq-rtcpxr",
            content_type="application/vq-rtcpxr",
            content_length=str(len(body)),
        )
        + body
    )


async def told(phone: Phone, body: bytes, number: int) -> int:
    """The status a report is answered with."""
    return int((await phone.ask(publish(body, number))).split()[1])


@pytest.mark.peer
async def test_sipp_alerts_reports_and_is_refused_as_its_scenario_expects(tmp_path: Path) -> None:
    async with whole_daemon(write_config(tmp_path, INVENTORY)) as daemon:
        await sipp("publish.xml", (daemon.sip.host, daemon.sip.port))

        (call,) = await daemon.items("/calls")
        assert (call["device"], call["site"], call["mos"], call["kind"]) == (MAC, "hq", 3.7, "session")
        assert (call["verdict"], call["reason"]) == ("ERROR", "NLR critical at the local end")
        timeline = (await daemon.see(f"/devices/{MAC}"))["timeline"]
        assert "NLR critical" in [step["new"] for step in timeline if step["axis"] == "quality"]
        assert await daemon.metric('ringkeeper_quality_reports_total{kind="session"}') == 1
        assert await daemon.metric('ringkeeper_refused_total{listener="sip",reason="event"}') == 1


async def test_every_vendors_report_is_kept_and_counts_again_after_a_restart(tmp_path: Path) -> None:
    config = write_config(tmp_path, INVENTORY)
    async with whole_daemon(config) as daemon, open_phone(daemon.sip) as phone:
        for number, path in enumerate(BODIES):
            assert await told(phone, path.read_bytes(), number) == 200, path.name
        before = await seen(daemon)
        assert await told(phone, BODIES[0].read_bytes(), 99) == 200  # once more
        assert await seen(daemon) == before
    async with whole_daemon(config) as daemon:
        assert await seen(daemon) == before
        worst = await daemon.items("/calls?verdict=ERROR")
        assert "NLR critical at the local end" in {call["reason"] for call in worst}
        (call,) = [each for each in await daemon.items("/calls") if each["call_id"] == "3c26b1d2ee0f-4vj0q1"]
        assert "x-SIPterm:SDC=OK" in (await daemon.see(f"/calls/{call['id']}"))["text"]


async def seen(daemon: WholeDaemon) -> tuple[list[Any], list[Any]]:
    """The calls, and what they add up to."""
    calls = await daemon.items("/calls")
    assert len({call["call_id"] for call in calls}) == len(BODIES) - 1  # the alert is about the session's call
    return calls, await daemon.items("/quality")


async def test_bad_calls_are_an_alarm_of_their_site(tmp_path: Path) -> None:
    bad = b"VQSessionReport: CallTerm\r\nCallID: %d\r\nQualityEst: MOSLQ=2.0\r\n"
    async with whole_daemon(write_config(tmp_path, INVENTORY)) as daemon, open_phone(daemon.sip) as phone:
        for number in range(3):
            assert await told(phone, bad % number, number) == 200
        await daemon.alarm_names_until("qualityDegraded")
        (alarm,) = await daemon.items("/alarms")
        assert (alarm["source"], alarm["tenant"], alarm["event_type"]) == ("Site/acme/hq", "acme", "QUALITY_OF_SERVICE")


async def test_a_strangers_report_is_refused_and_counted(tmp_path: Path) -> None:
    async with whole_daemon(write_config(tmp_path, STRANGERS)) as daemon, open_phone(daemon.sip) as phone:
        assert await told(phone, BODIES[0].read_bytes(), 1) == 403
        assert await daemon.items("/calls") == []
        refused = 'ringkeeper_refused_total{listener="sip",reason="publish-of-stranger"}'
        assert await daemon.metric(refused) == 1
