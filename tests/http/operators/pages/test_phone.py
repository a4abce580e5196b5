from __future__ import annotations

from dataclasses import replace

from daemon.fleet.acts import RequestQueued
from daemon.fleet.events import (
    AlertsHeard,
    KeepAliveHeard,
    ProbeAnswered,
    ProbeMissed,
    ProbesAnswered,
    Registered,
)
from daemon.fleet.model import Contact
from tests.support.builders import MAC, NOW, OTHER_MAC, alert, binding, record, report
from tests.support.calls import a_report, reported
from tests.support.operators_desk import DeskWithFleet, signed_in


async def test_the_page_tells_reasons_report_alarms_requests_and_timeline() -> None:
    desk = DeskWithFleet(record(site="hq"))
    desk.deliver(Registered(MAC, (binding(),), "pbx-a.example.net", "AUDC"))
    desk.deliver(KeepAliveHeard(MAC, report(location="2nd floor"), "10.1.2.7", with_secret=True))
    desk.deliver(AlertsHeard(MAC, (alert(),), "10.1.2.7", with_secret=True))
    desk.deliver(RequestQueued(MAC, "reset_graceful", {}, 60.0, "test"))
    async with signed_in(desk) as browser:
        page = (await browser.get(f"/devices/{MAC}")).text

    for told in ("2nd floor", "Registration failure", "reset graceful", "never seen → <b>registered</b>", "10.1.2.7"):
        assert told in page


async def test_the_page_shows_how_its_calls_sounded() -> None:
    desk = DeskWithFleet(record(site="hq"))
    desk.deliver(reported(a_report("bad", 2.5)))
    desk.deliver(reported(a_report("unmeasured", local_metrics=None)))
    async with signed_in(desk) as browser:
        page = (await browser.get(f"/devices/{MAC}")).text

    for told in ("Voice quality", "1 of the 3 calls", "sip:2042@pbx.example.net", "MOS 2.50 at the local end", "PCMA"):
        assert told in page
    assert "nothing was measured" in page


async def test_a_phone_nobody_knows_anything_of_has_a_page_too() -> None:
    desk = DeskWithFleet(record(user="", model="", number=""))
    async with signed_in(desk) as browser:
        page = await browser.get(f"/devices/{MAC}")

    assert page.status_code == 200
    assert "It has not reported yet" in page.text


async def test_the_page_shows_every_contact_the_one_that_is_pinged_first() -> None:
    desk = DeskWithFleet(record())
    lesser = binding(5061, q=0.5)
    over_tcp = Contact("sip:2041@10.1.2.7:5060;transport=tcp", "10.1.2.7", 49152, NOW + 90, "tcp", ("sip:edge;lr",))
    flow = replace(binding(), contact=over_tcp, instance="<urn:uuid:1>", reg_id=1)
    desk.deliver(Registered(MAC, (lesser, flow), "pbx-a.example.net", "AUDC"))
    async with signed_in(desk) as browser:
        page = (await browser.get(f"/devices/{MAC}")).text

    assert page.index("transport=tcp") < page.index("sip:2041@10.1.2.7:5061")
    for told in ("10.1.2.7, port 49152", "TCP", "in 1 min", "0.5", "connection 1 of", "by way of sip:edge;lr"):
        assert told in page
    assert "&lt;urn:uuid:1&gt;" in page
    assert page.count("<b>here</b>") == 1


async def test_the_page_shows_a_contact_that_was_not_registered() -> None:
    desk = DeskWithFleet(record(contact="sip:2041@10.1.2.7:5060"))
    async with signed_in(desk) as browser:
        page = (await browser.get(f"/devices/{MAC}")).text

    assert "written in the inventory" in page
    assert "<b>here</b>" in page


async def test_the_page_says_how_often_it_is_pinged_and_how_much_was_lost() -> None:
    desk = DeskWithFleet(record())
    async with signed_in(desk) as browser:
        assert "<dd>none" in (await browser.get(f"/devices/{MAC}")).text
        desk.deliver(Registered(MAC, (binding(),), "pbx-a.example.net", "AUDC"))
        desk.deliver(ProbesAnswered((ProbeAnswered(MAC, 200, 0.02),)))
        assert "the only one: none lost" in (await browser.get(f"/devices/{MAC}")).text
        desk.deliver(ProbeMissed(MAC, "timeout"))
        page = (await browser.get(f"/devices/{MAC}")).text

    assert "every 60 s" in page
    assert "the last 2: 50.0 % lost" in page


async def test_a_trace_can_be_downloaded_while_there_is_one() -> None:
    desk = DeskWithFleet(record())
    async with signed_in(desk) as browser:
        assert "trace.txt" not in (await browser.get(f"/devices/{MAC}")).text
        desk.traces.start(MAC, "ada", desk.clock.now())
        page = (await browser.get(f"/devices/{MAC}")).text
        assert f'href="/api/v1/devices/{MAC}/trace.txt"' in page
        assert "recording until" in page
        assert (await browser.get(f"/api/v1/devices/{MAC}/trace.txt")).status_code == 200


async def test_a_phone_that_is_not_there_has_none() -> None:
    desk = DeskWithFleet(record())
    async with signed_in(desk) as browser:
        answer = await browser.get(f"/devices/{OTHER_MAC}")

    assert answer.status_code == 404
    assert "there is no device" in answer.text
