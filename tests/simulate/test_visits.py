from __future__ import annotations

import pytest

from daemon.simulate.acts import SendAlert, SendSettings
from daemon.simulate.characters import Character
from daemon.simulate.http_side import HttpTrouble
from daemon.simulate.image import make_image
from daemon.simulate.phone import Phone
from daemon.simulate.plan import plan_fleet
from daemon.simulate.trouble import TROUBLES
from daemon.simulate.visits import Found, Visits
from tests.support.fake_daemon import FakeDaemon


@pytest.fixture
def phone() -> Phone:
    plan = plan_fleet(1, characters=[Character.STEADY])
    return Phone(plan.phones[0], plan.tempo, 0.0)


async def test_the_phones_file_comes_over_what_it_includes(fake_daemon: FakeDaemon, phone: Phone) -> None:
    settings = (await Visits(fake_daemon.url).fetch_files(phone)).settings
    assert settings["ems_server/keep_alive_period"] == "1"
    assert settings["voip/line/0/auth_password"] == "0123"


async def test_once_it_has_its_own_urls_a_phone_uses_no_other(fake_daemon: FakeDaemon, phone: Phone) -> None:
    visits = Visits(fake_daemon.url.rstrip("/"))
    phone.kept.update((await visits.fetch_files(phone)).settings)
    fake_daemon.asked.clear()
    await visits.fetch_files(phone)
    await visits.report(phone, "started")
    assert [path for _, _, path in fake_daemon.asked] == [
        f"/firmwarefiles/{phone.identity.model}.img",
        "/k/s3cret/configfiles/00908f000000.cfg",
        "/k/s3cret/configfiles/shared.cfg",
        "/k/s3cret/rest/v1/ipphoneMgrStatus/keep-alive",
    ]


async def test_an_image_of_the_own_version_is_left_alone_and_another_taken_whole(
    fake_daemon: FakeDaemon, phone: Phone
) -> None:
    model, own = phone.identity.model, phone.identity.firmware
    visits = Visits(fake_daemon.url)
    fake_daemon.images[f"{model}.img"] = make_image(model, own)
    assert (await visits.fetch_files(phone)).firmware == ""
    fake_daemon.images[f"{model}.img"] = make_image("999HD", "9.9.9")
    assert (await visits.fetch_files(phone)).firmware == ""
    fake_daemon.images[f"{model}.img"] = make_image(model, "1.0.0")
    assert await visits.fetch_files(phone) == Found({}, "1.0.0")


async def test_a_file_that_is_named_in_its_configuration_is_the_one_it_fetches(
    fake_daemon: FakeDaemon, phone: Phone
) -> None:
    phone.kept["provisioning/firmware/url"] = f"{fake_daemon.url}firmwarefiles/special.img"
    phone.kept["provisioning/configuration/url"] = f"{fake_daemon.url}configfiles/own.cfg"
    await Visits(fake_daemon.url).fetch_files(phone)
    assert [path for _, _, path in fake_daemon.asked][:2] == ["/firmwarefiles/special.img", "/configfiles/own.cfg"]


async def test_settings_of_its_user_are_written_where_its_file_is(fake_daemon: FakeDaemon, phone: Phone) -> None:
    await Visits(fake_daemon.url).send_settings(phone, SendSettings(("a=1", "b=2")))
    assert fake_daemon.uploads == [("/ipp/tenant/acme/00908f000000.cfg", "a=1\nb=2\n")]


async def test_a_report_brings_back_requests(fake_daemon: FakeDaemon, phone: Phone) -> None:
    fake_daemon.requests = ["do"]
    assert await Visits(fake_daemon.url).report(phone, "registered") == ["do"]


async def test_an_alarm_is_posted(fake_daemon: FakeDaemon, phone: Phone) -> None:
    await Visits(fake_daemon.url).alert(phone, SendAlert(TROUBLES[0], raised=True), 0.0)
    assert fake_daemon.asked[-1][2] == "/rest/v1/ipphoneMgrAlert/alert"
    assert "alerts" in fake_daemon.bodies[-1]


async def test_another_answer_than_200_is_trouble_named_by_its_status(fake_daemon: FakeDaemon, phone: Phone) -> None:
    fake_daemon.status = 404
    with pytest.raises(HttpTrouble) as trouble:
        await Visits(fake_daemon.url).fetch_files(phone)
    assert trouble.value.reason == "status 404"
