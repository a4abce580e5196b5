"""The phones' alarms: what a phone calls them, and what they are."""

from __future__ import annotations

from daemon.fleet.alarms.catalogue import OWN_ALARMS
from daemon.fleet.alarms.phone_kinds import ENDED_BY_REGISTRATION, PHONE_ALARMS


def test_phones_are_understood_in_capitals() -> None:
    assert all(name == name.upper() for name in PHONE_ALARMS)


def test_what_registration_ends_is_the_phones_and_nothing_of_theirs_is_raised_by_us() -> None:
    assert {*ENDED_BY_REGISTRATION} <= {*PHONE_ALARMS.values()}
    assert not {kind.name for kind in OWN_ALARMS} & {kind.name for kind in PHONE_ALARMS.values()}
