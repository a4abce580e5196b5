"""Every kind of alarm answers a monitoring team's questions."""

from __future__ import annotations

import pytest

from daemon.fleet.alarms.catalogue import ECHOES, OWN_ALARMS
from daemon.fleet.alarms.kind import CAUSE_NAMES, Kind
from daemon.fleet.alarms.phone_kinds import PHONE_ALARMS
from daemon.fleet.notifications import Severity
from daemon.snmp.oids import AUDIOCODES_TRAPS, OWN_NOTIFICATIONS

KINDS = [*PHONE_ALARMS.values(), *OWN_ALARMS]


def test_a_name_means_one_kind() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_says_how_bad_it_is_what_it_is_and_what_to_do(kind: Kind) -> None:
    assert kind.severity > Severity.INDETERMINATE
    for sentence in (kind.text, kind.action, kind.ends):
        assert sentence.endswith(".")
    assert kind.title
    assert kind.probable_cause in CAUSE_NAMES
    assert len(kind.text.encode()) <= 200  # what AudioCodes' trap description holds


def test_what_echoes_a_state_is_our_own() -> None:
    assert {kind.name for kind in OWN_ALARMS} > ECHOES


def test_the_alarms_that_the_vendors_guide_lists_are_as_it_says() -> None:
    """Section 6.4: its number, severity, type and cause; 48 is graded and at its worst critical."""
    told = {kind.name: (kind.severity, kind.event_type, kind.probable_cause) for kind in KINDS}
    assert {number: told[name] for name, number in AUDIOCODES_TRAPS.items()} == {
        39: (Severity.CRITICAL, 1, 5),
        40: (Severity.MAJOR, 0, 0),
        41: (Severity.CRITICAL, 1, 5),
        48: (Severity.CRITICAL, 0, 68),
        54: (Severity.MINOR, 1, 5),
        55: (Severity.MINOR, 1, 5),
        56: (Severity.MAJOR, 1, 5),
        57: (Severity.MAJOR, 0, 0),
        59: (Severity.MAJOR, 9, 73),
    }
    assert told["serverOverloaded"][0] is Severity.CRITICAL


def test_every_alarm_of_our_own_has_a_notification_of_its_own() -> None:
    missing = {kind.name for kind in OWN_ALARMS} - OWN_NOTIFICATIONS.keys()
    assert not missing, "give each the next free arc in daemon/snmp/oids.py, and write it into the MIB"
