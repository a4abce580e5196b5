from __future__ import annotations

import re

import pytest

from daemon.fleet.acts import InventoryApplied
from daemon.fleet.events import ProbeAnswered, ProbeMissed, ProbesAnswered
from daemon.fleet.records import Role
from daemon.http.operators.pages.fleet import chips, link
from tests.support.builders import MAC, OTHER_MAC, connected, connection, record
from tests.support.operators_desk import DeskWithFleet, signed_in


async def _page(desk: DeskWithFleet, path: str) -> str:
    async with signed_in(desk, Role.MONITOR) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_the_page_shows_counts_as_links_and_devices_as_rows() -> None:
    page = await _page(DeskWithFleet(record(), record(OTHER_MAC, number="2042")), "/")

    assert 'href="/?status=UNMONITORED"' in page
    assert f'href="/devices/{MAC}"' in page
    assert "2 in all" in page
    assert "never registered" in page


async def test_a_filter_shows_its_devices_and_can_be_taken_off() -> None:
    desk = DeskWithFleet(record(model="420HD"), record(OTHER_MAC, number="2042", model="450HD"))
    page = await _page(desk, "/?model=450HD&status=UNMONITORED")

    assert OTHER_MAC in page
    assert f'href="/devices/{MAC}"' not in page
    assert "1 match" in page
    assert 'aria-current="true"' in page
    assert 'href="/?model=450HD"' in page
    assert 'data-events="/api/v1/events?model=450HD&amp;status=UNMONITORED"' in page


async def test_pages_lead_on_and_back_to_the_first() -> None:
    desk = DeskWithFleet(record(), record(OTHER_MAC, number="2042"))
    first = await _page(desk, "/?limit=1")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = await _page(desk, following[1].replace("&amp;", "&"))

    assert ("First page" in first, "First page" in second) == (False, True)
    assert (f"/devices/{MAC}" in first) != (f"/devices/{MAC}" in second)


async def test_nothing_that_phones_or_operators_say_becomes_markup() -> None:
    desk = DeskWithFleet(record(user="<script>alert(1)</script>"))
    page = await _page(desk, "/?search=%3Cscript%3E")

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


async def test_an_empty_fleet_says_what_to_do() -> None:
    assert "ringkeeper import" in await _page(DeskWithFleet(), "/")


async def test_who_is_not_signed_in_is_led_there_and_back() -> None:
    desk = DeskWithFleet(record())
    async with desk.browser() as browser:
        answer = await browser.get("/?model=420HD")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2F%3Fmodel%3D420HD"


async def test_a_parameter_that_will_not_do_is_shown_as_a_page() -> None:
    desk = DeskWithFleet()
    async with signed_in(desk) as browser:
        answer = await browser.get("/?colour=red")

    assert answer.status_code == 422
    assert "no such field" in answer.text


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [((), "/"), ((("model", "420HD"),), "/?model=420HD"), ((("user", "a&b"), ("search", "")), "/?user=a%26b")],
)
def test_a_link_holds_what_is_set(parameters: tuple[tuple[str, str], ...], expected: str) -> None:
    assert link(parameters) == expected


def test_each_chip_takes_off_its_own_filter_only() -> None:
    shown = chips((("model", "420HD"), ("model", "450HD"), ("sort", "-mac")))

    assert [(chip.value, chip.href) for chip in shown] == [
        ("420HD", "/?model=450HD&sort=-mac"),
        ("450HD", "/?model=420HD&sort=-mac"),
    ]


async def test_sip_connections_are_shown_with_state_and_reason_those_in_trouble_first() -> None:
    desk = DeskWithFleet(record())
    desk.deliver(InventoryApplied(connected(connection("a-trunk"), connection("z-trunk", "sip:10.9.0.2")), "test"))
    desk.deliver(ProbesAnswered((ProbeAnswered("connection/a-trunk", 200, 0.02),)))
    for _ in range(3):
        desk.deliver(ProbeMissed("connection/z-trunk", "timeout"))
    page = await _page(desk, "/")

    shown = page[page.index('id="connections"') : page.index('id="devices-title"')]
    assert shown.index("z-trunk") < shown.index("a-trunk")
    assert "stopped answering pings: 3 unanswered, timeout" in shown
    assert "1 OK, 1 unreachable" in shown


async def test_a_fleet_without_sip_connections_does_not_speak_of_them() -> None:
    assert "SIP connections" not in await _page(DeskWithFleet(record()), "/")
