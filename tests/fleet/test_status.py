"""One status per device: every combination of signals has one value and a reason."""

from __future__ import annotations

from itertools import product

import pytest

from daemon.fleet.device import Device
from daemon.fleet.model import Presence, Reachability, Status
from daemon.fleet.notifications import Severity
from daemon.fleet.status import judge
from tests.support.builders import NOW, record


def _judged(reachability: Reachability, presence: Presence, worst: Severity = Severity.CLEARED) -> Status:
    device = Device(record(), NOW)
    device.reachability, device.presence = reachability, presence
    return judge(device, worst, "someAlarm")[0]


@pytest.mark.parametrize(
    ("reachability", "presence", "worst", "expected"),
    [
        (Reachability.OK, Presence.REGISTERED, Severity.CLEARED, Status.OK),
        (Reachability.OK, Presence.NEVER_SEEN, Severity.CLEARED, Status.OK),
        (Reachability.UNREACHABLE, Presence.REGISTERED, Severity.CLEARED, Status.ERROR),
        (Reachability.OK, Presence.DISCONNECTED, Severity.CLEARED, Status.ERROR),
        (Reachability.OK, Presence.UNREGISTERED, Severity.CLEARED, Status.ERROR),
        (Reachability.OK, Presence.REGISTERED, Severity.CRITICAL, Status.ERROR),
        (Reachability.UNMONITORED, Presence.REGISTERED, Severity.CRITICAL, Status.ERROR),
        (Reachability.LAGGED, Presence.REGISTERED, Severity.CLEARED, Status.WARNING),
        (Reachability.OK, Presence.REGISTERED, Severity.MAJOR, Status.WARNING),
        (Reachability.OK, Presence.REGISTERED, Severity.WARNING, Status.WARNING),
        (Reachability.OK, Presence.REGISTERED, Severity.INDETERMINATE, Status.OK),
        (Reachability.UNMONITORED, Presence.REGISTERED, Severity.CLEARED, Status.UNMONITORED),
        (Reachability.UNKNOWN, Presence.REGISTERED, Severity.CLEARED, Status.UNMONITORED),
        (Reachability.NO_STATUS, Presence.NEVER_SEEN, Severity.CLEARED, Status.UNMONITORED),
        (Reachability.NO_STATUS, Presence.REGISTERED, Severity.CLEARED, Status.OK),
        (Reachability.OK, Presence.OFFLINE, Severity.CLEARED, Status.UNMONITORED),
    ],
)
def test_the_rules_of_the_design(
    reachability: Reachability, presence: Presence, worst: Severity, expected: Status
) -> None:
    assert _judged(reachability, presence, worst) is expected


def test_every_combination_has_a_status_with_a_reason() -> None:
    for reachability, presence, worst in product(Reachability, Presence, Severity):
        device = Device(record(), NOW)
        device.reachability, device.presence = reachability, presence
        device.reachability_reason, device.presence_reason = "r", "p"
        status, reason = judge(device, worst, "someAlarm")
        assert status in Status
        assert reason


def test_a_phone_that_waits_for_approval_is_nobodys_error() -> None:
    device = Device(record(approved=False), NOW)
    device.reachability = Reachability.UNREACHABLE
    assert judge(device, Severity.CRITICAL, "x") == (Status.UNMONITORED, "waits for approval")
