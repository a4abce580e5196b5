"""Every kind of alarm answers a monitoring team's questions."""

from __future__ import annotations

import pytest

from daemon.fleet.alarms.catalogue import ECHOES, ENDED_BY_REGISTRATION, OWN_ALARMS, PHONE_ALARMS, Kind
from daemon.fleet.notifications import Severity

KINDS = [*PHONE_ALARMS.values(), *OWN_ALARMS]


def test_a_name_means_one_kind() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_says_how_bad_it_is_what_it_is_and_what_to_do(kind: Kind) -> None:
    assert kind.severity in (Severity.MINOR, Severity.MAJOR, Severity.CRITICAL)
    assert kind.text.endswith(".")
    assert kind.action.endswith(".")
    assert len(kind.text.encode()) <= 200  # what AudioCodes' trap description holds


def test_phones_are_understood_in_capitals() -> None:
    assert all(name == name.upper() for name in PHONE_ALARMS)


def test_what_echoes_a_state_is_our_own_and_what_registration_ends_is_the_phones() -> None:
    assert {kind.name for kind in OWN_ALARMS} > ECHOES
    assert {*ENDED_BY_REGISTRATION} <= {*PHONE_ALARMS.values()}
