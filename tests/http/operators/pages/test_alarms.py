from __future__ import annotations

import re

import pytest
import trio
from trio.testing import MockClock

from daemon.fleet.acts import AlarmAcknowledged, ShelfOpened
from daemon.fleet.events import AlertsHeard, KeepAliveHeard
from daemon.fleet.model import Mac
from daemon.fleet.notifications import Severity
from daemon.fleet.records import Role
from daemon.http.operators.pages.alarms import link
from tests.support.builders import MAC, OTHER_MAC, alert, record, report
from tests.support.operators_desk import DeskWithFleet, signed_in


async def _page(desk: DeskWithFleet, path: str = "/alarms") -> str:
    async with signed_in(desk, Role.MONITOR) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def rows(page: str) -> list[str]:
    """The rows of the table, without markup."""
    body = page[page.index('<tbody id="rows"') : page.index("</tbody>")]
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in body.split("</tr>")[:-1]]


def a_desk() -> DeskWithFleet:
    """Alice's phone has a minor alarm, Bob's a critical one."""
    desk = DeskWithFleet(record(site="hq"), record(OTHER_MAC, number="2042"))
    minor = alert("IPPHONE GENERAL LOCAL EVENT", Severity.MINOR, description="code <0815>")
    desk.deliver(AlertsHeard(MAC, (minor,), "10.1.2.7", with_secret=True))
    desk.deliver(AlertsHeard(OTHER_MAC, (alert(),), "10.1.2.8", with_secret=True))
    return desk


async def test_the_worst_comes_first_with_its_phone_and_what_to_do() -> None:
    page = await _page(a_desk())

    critical, minor = rows(page)
    assert critical.startswith("critical IPPhoneRegisterFailure")
    assert "Make sure that the user is defined" in critical
    assert minor.startswith("minor IPPhoneGeneralLocalEvent code &lt;0815&gt;")
    assert "acme/hq" in minor
    assert f'href="/devices/{MAC}"' in page
    assert 'href="/alarms?severity=CRITICAL"' in page


@pytest.mark.parametrize("search", ["localevent", "00-90-8f-48-67-af", "10.1.2.7"])
async def test_alarms_are_searched_by_name_mac_and_address(search: str) -> None:
    (row,) = rows(await _page(a_desk(), f"/alarms?search={search}"))
    assert row.startswith("minor")


async def test_who_takes_care_and_what_is_shelved_until_when_is_said() -> None:
    desk = a_desk()
    now = desk.clock.now()
    (identity,) = (alarm.id for alarm in desk.fleet.alarms.values() if alarm.device == OTHER_MAC)
    desk.deliver(AlarmAcknowledged(identity, "ticket 17", "eve"))
    what = {"tenant": "", "site": "acme/hq", "device": "", "source": "", "name": ""}
    desk.deliver(ShelfOpened(**what, starts_at=now, ends_at=now + 7200, reason="new switches", by="eve"))
    desk.time_passes()
    page = await _page(desk)

    critical, minor = rows(page)
    assert "told eve 0 s ago ticket 17" in critical
    assert re.search(r"shelved ends in \d h ?: new switches", minor)
    assert "acme/hq" in page[page.index('id="shelves"') :]
    assert rows(await _page(desk, "/alarms?telling=shelved")) == [minor]


async def test_alarms_of_a_dead_site_are_folded_and_shown_when_asked_for(autojump_clock: MockClock) -> None:
    phones = [record(Mac(f"00908f00a0{index:02}"), number=str(3000 + index), site="hq") for index in range(6)]
    desk = DeskWithFleet(*phones)
    for phone in phones:
        desk.deliver(KeepAliveHeard(phone.mac, report(), "10.1.2.7", with_secret=True))
    for seconds in (desk.settings.keep_alive.disconnected_after + 1, 2, 1):
        await trio.sleep(seconds)
        desk.time_passes()
    page = await _page(desk)

    (site,) = rows(page)
    assert site.startswith("critical siteDown")
    found = re.search(r'href="(/alarms\?parent=[0-9a-f]+)">6 alarms of phones are folded beneath it', page)
    assert found is not None
    folded = await _page(desk, found[1])
    assert len(rows(folded)) == 6
    assert "folded beneath Site/acme/hq" in rows(folded)[0]
    assert "<span>beneath</span> Site/acme/hq" in folded
    assert len(rows(await _page(desk, "/alarms?telling=folded&limit=4"))) == 4


async def test_a_long_list_leads_on_and_back() -> None:
    desk = a_desk()
    first = await _page(desk, "/alarms?limit=1")
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = await _page(desk, following[1].replace("&amp;", "&"))

    assert (rows(first)[0][:8], rows(second)[0][:5]) == ("critical", "minor")
    assert ("First page" in first, "First page" in second) == (False, True)


async def test_where_there_is_no_alarm_the_page_says_so() -> None:
    assert rows(await _page(DeskWithFleet())) == ["No alarm is active."]
    assert rows(await _page(DeskWithFleet(), "/alarms?name=x")) == ["No active alarm matches. Show all"]
    assert rows(await _page(DeskWithFleet(), "/alarms/history")) == ["No alarm that is over fits. Show all"]


async def test_the_history_says_when_and_why_each_ended() -> None:
    desk = a_desk()
    for mac, name in ((OTHER_MAC, "IPPHONE REGISTRATION FAILURE"), (MAC, "IPPHONE GENERAL LOCAL EVENT")):
        desk.deliver(AlertsHeard(mac, (alert(name, Severity.CLEARED),), "10.1.2.7", with_secret=True))
    newest, oldest = rows(await _page(desk, "/alarms/history"))
    assert newest.startswith("minor IPPhoneGeneralLocalEvent")
    assert "cleared" in oldest
    assert len(rows(await _page(desk, "/alarms/history?minimum=major&since=2h&tenant=acme&device="))) == 1
    page = await _page(desk, "/alarms/history?limit=1&minimum=minor")
    assert 'rel="next" href="/alarms/history?minimum=minor&amp;limit=1&amp;cursor=2"' in page


async def test_a_parameter_that_will_not_do_is_shown_as_a_page() -> None:
    async with signed_in(a_desk()) as browser:
        for path in ("/alarms?colour=red", "/alarms/history?since=yesterday"):
            assert (await browser.get(path)).status_code == 422


def test_a_link_holds_what_is_set() -> None:
    assert link((("name", "a&b"), ("search", ""))) == "/alarms?name=a%26b"
    assert link(()) == "/alarms"
