"""When nobody is at the phones, by the clock on the wall of the site."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from daemon.fleet.operations.quiet_hours import open_at, read_hours, zone_of
from tests.support.builders import ACME, HQ, record

BERLIN = ZoneInfo("Europe/Berlin")


def at(*moment: int, zone: ZoneInfo = BERLIN) -> float:
    return datetime(*moment, tzinfo=zone).timestamp()  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ((2026, 1, 5, 23, 0), (2026, 1, 5, 23, 0)),
        ((2026, 1, 5, 5, 59), (2026, 1, 5, 5, 59)),
        ((2026, 1, 5, 6, 0), (2026, 1, 5, 22, 0)),
        ((2026, 1, 5, 12, 0), (2026, 1, 5, 22, 0)),
        ((2026, 3, 28, 12, 0), (2026, 3, 28, 22, 0)),
        ((2026, 3, 29, 12, 0), (2026, 3, 29, 22, 0)),  # the clocks went forward that night
        ((2026, 10, 25, 12, 0), (2026, 10, 25, 22, 0)),  # and back
    ],
)
def test_hours_that_pass_midnight(now: tuple[int, ...], opens: tuple[int, ...]) -> None:
    assert open_at("22:00-06:00", "Europe/Berlin", at(*now)) == at(*opens)


def test_hours_within_a_day_open_again_on_the_next() -> None:
    assert open_at("12:00-13:00", "Europe/Berlin", at(2026, 1, 5, 13, 0)) == at(2026, 1, 6, 12, 0)


def test_no_hours_are_always_and_an_unknown_zone_is_utc() -> None:
    assert open_at("", "Europe/Berlin", 5.0) == 5.0
    noon = datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp()
    assert open_at("20:00-06:00", "Nowhere/Atall", noon) == noon + 8 * 3600


@pytest.mark.parametrize("text", ["", "22-6", "24:00-06:00", "22:60-06:00", "20:00-20:00", "20:00-06:00\n"])
def test_what_is_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="quiet hours"):
        read_hours(text)


def test_the_sites_own_zone_comes_before_its_tenants() -> None:
    tenant = replace(ACME, timezone="Europe/Paris", sites=(replace(HQ, timezone="Asia/Tokyo"),))
    assert zone_of(record(site="hq"), tenant) == "Asia/Tokyo"
    assert zone_of(record(), tenant) == "Europe/Paris"
    assert zone_of(record(), None) == ""
