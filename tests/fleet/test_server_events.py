"""Alarms about Ringkeeper itself: its load, and the certificates that it shows."""

from __future__ import annotations

from daemon.fleet.events import CertificatesRead, LoadMeasured, ShownCertificate
from tests.support.builders import NOW, settings
from tests.support.playbook import Playbook

DAY = 86400.0


def shown(days: float, listener: str = "http.phones") -> CertificatesRead:
    return CertificatesRead((ShownCertificate(listener, "/etc/ringkeeper/tls.pem", NOW + days * DAY),))


def severities(play: Playbook) -> list[str]:
    return [alarm.severity.name for alarm in play.fleet.alarms.values()]


def test_a_certificate_is_told_of_a_month_and_a_week_before_its_end_and_when_it_has_ended() -> None:
    play, story = Playbook(), list[list[str]]()
    for day in (0, 10, 11, 33, 40, 41):
        play.now = NOW + day * DAY
        play.hears(shown(40))
        story.append(severities(play))
    assert story == [[], ["WARNING"], ["WARNING"], ["MAJOR"], ["CRITICAL"], ["CRITICAL"]]
    [alarm] = play.fleet.alarms.values()
    assert (alarm.source, alarm.description) == (
        "Ringkeeper/http.phones",
        "The TLS certificate of http.phones has ended.",
    )
    assert alarm.additional_info[0] == "/etc/ringkeeper/tls.pem"
    assert alarm.additional_info[1].startswith("good until 2027-02-24")
    assert len(play.told()) == 3
    play.hears(shown(400))
    assert severities(play) == []


def test_a_certificate_that_is_used_no_more_ends_its_alarm() -> None:
    play = Playbook()
    play.hears(shown(1))
    play.hears(shown(1, "sip"))
    assert [alarm.source for alarm in play.fleet.alarms.values()] == ["Ringkeeper/sip"]
    play.hears(CertificatesRead(()))
    assert severities(play) == []


def test_how_early_is_the_operators_choice() -> None:
    play = Playbook(settings=settings(alarms={"certificate_warning": "90d", "certificate_major": "60d"}))
    play.hears(shown(61))
    assert severities(play) == ["WARNING"]


def test_an_overload_is_told_of_with_its_sign_and_ends() -> None:
    play = Playbook()
    busy, calm = LoadMeasured(0.0, 30.0, 0.0), LoadMeasured(0.0, 0.0, 0.0)
    for second in (0, 30, 60, 65):
        play.run_to(second)
        play.hears(busy)
    [alarm] = play.fleet.alarms.values()
    assert (alarm.name, alarm.severity.name, alarm.source) == ("serverOverloaded", "CRITICAL", "Ringkeeper")
    assert alarm.additional_info == ("30.0 requests a second turned away",)
    for second in (70, 130, 190):
        play.run_to(second)
        play.hears(calm)
    assert [severity for *_, severity in play.told()] == ["CRITICAL", "CLEARED"]
