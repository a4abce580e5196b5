"""Whom the licence covers, in plain numbers."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from daemon.config.licence_settings import Licence
from daemon.fleet import licence
from daemon.fleet.model import DeviceRecord, Mac

YEAR = Licence(starts=date(2026, 1, 1), expires=date(2026, 12, 31))


def at(*moment: int) -> float:
    return datetime(*moment, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]


def device(number: int, tenant: str = "acme", defined_at: float = 0.0, *, approved: bool = True) -> DeviceRecord:
    return DeviceRecord(Mac(f"00908f{number:06x}"), tenant=tenant, defined_at=defined_at, approved=approved)


def names(found: dict[Mac, str]) -> list[int]:
    return sorted(int(mac[6:], 16) for mac in found)


def test_without_terms_nothing_is_limited() -> None:
    free = Licence()
    assert licence.blocked(free, [device(n) for n in range(9)], 0.0) == {}
    assert (licence.consumed(free, 9e9), licence.expired(free, 9e9)) == (0.0, False)
    assert math.isinf(licence.next_moment(free, 0.0))
    stands = licence.status(free, [], 0, 0.0)
    assert (stands.limit, stands.expires, stands.days_left, stands.suspended) == (None, None, None, False)


def test_the_newest_beyond_the_count_are_blocked_however_the_table_is_ordered() -> None:
    records = [device(1, defined_at=30.0), device(2, defined_at=10.0), device(3, defined_at=20.0)]
    found = licence.blocked(Licence(devices=2), records, 0.0)
    assert found == {Mac("00908f000001"): "blocked: the licence is for 2 devices"}
    assert licence.blocked(Licence(devices=2), records[::-1], 0.0) == found


def test_of_devices_that_were_defined_at_once_the_choice_is_always_the_same() -> None:
    records = [device(n) for n in (5, 3, 4)]
    assert names(licence.blocked(Licence(devices=1), records, 0.0)) == [4, 5]


def test_phones_that_wait_for_approval_take_no_place() -> None:
    records = [device(1), device(2, approved=False, defined_at=5.0)]
    assert licence.blocked(Licence(devices=1), records, 0.0) == {}
    assert licence.uses(Licence(devices=1), records) == [licence.Use("", 1, 1)]


def test_a_tenants_own_terms_count_first_and_leave_room_for_others() -> None:
    records = [device(1), device(2, defined_at=1.0), device(3, "other", defined_at=2.0)]
    terms = Licence(devices=2, tenants={"acme": 1})
    assert licence.blocked(terms, records, 0.0) == {
        Mac("00908f000002"): "blocked: the licence of tenant acme is for 1 devices"
    }
    assert [(use.tenant, use.share) for use in licence.uses(terms, records)] == [("", 1.5), ("acme", 2.0)]


def test_the_period_is_from_the_first_days_midnight_to_the_last_days() -> None:
    assert licence.consumed(YEAR, at(2025, 12, 1)) == 0.0
    assert licence.consumed(YEAR, at(2026, 7, 2, 12)) == pytest.approx(0.5)
    assert not licence.expired(YEAR, at(2026, 12, 31, 23, 59))
    assert licence.expired(YEAR, at(2027, 1, 1))
    assert licence.next_moment(YEAR, at(2026, 1, 1)) == pytest.approx(at(2026, 10, 20))
    assert licence.next_moment(YEAR, at(2026, 12, 1)) == at(2027, 1, 1)
    assert math.isinf(licence.next_moment(YEAR, at(2027, 1, 1)))


@pytest.mark.parametrize(("today", "left"), [((2026, 12, 30), 1), ((2026, 12, 31), 0), ((2027, 1, 2), -2)])
def test_days_left_are_counted_below_zero_once_it_has_expired(today: tuple[int, int, int], left: int) -> None:
    assert licence.status(YEAR, [], 0, at(*today, 12)).days_left == left


def test_an_expired_licence_blocks_nobody_unless_it_suspends() -> None:
    gone = at(2027, 1, 1)
    assert licence.blocked(YEAR, [device(1)], gone) == {}
    strict = YEAR.model_copy(update={"after_expiry": "suspend"})
    assert licence.blocked(strict, [device(1), device(2, approved=False)], gone) == {
        Mac("00908f000001"): "blocked: the licence expired on 2026-12-31"
    }
    assert "2026-12-31" in licence.why_suspended(strict)
    assert not licence.suspended(strict, gone - 1)


@pytest.mark.parametrize(
    "terms",
    [{"expires": "2026-12-31"}, {"starts": "2026-12-31", "expires": "2026-01-01"}, {"devices": 0}, {"starts": "soon"}],
)
def test_terms_that_mean_nothing_are_refused(terms: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Licence.model_validate(terms)
