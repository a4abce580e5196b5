from __future__ import annotations

from daemon.fleet.alarms.phone_kinds import ENDED_BY_REGISTRATION, PHONE_ALARMS
from daemon.fleet.notifications import EventType, Severity
from daemon.simulate.trouble import TROUBLES


def test_simulated_phones_raise_alarms_that_the_catalogue_knows() -> None:
    for trouble in TROUBLES:
        assert trouble.name in PHONE_ALARMS
        assert Severity(trouble.severity) > Severity.CLEARED
        assert EventType(trouble.event_type) in EventType


def test_none_of_them_ends_by_itself_at_the_next_keep_alive() -> None:
    for trouble in TROUBLES:
        assert PHONE_ALARMS[trouble.name] not in ENDED_BY_REGISTRATION
