from __future__ import annotations

import math

from daemon.fleet.device import Device
from daemon.http.operators.views import device_item, milliseconds, moment
from tests.support.builders import MAC, NOW, record


def test_times_that_are_not_set_or_never_come_are_nothing() -> None:
    assert [moment(at) for at in (None, 0.0, math.inf)] == [None, None, None]
    assert moment(NOW) == "2027-01-15T08:00:00.000Z"


def test_round_trips_are_milliseconds_to_a_tenth() -> None:
    assert [milliseconds(seconds) for seconds in (None, 0.0, 0.02346)] == [None, 0.0, 23.5]


def test_a_device_nothing_is_known_of_can_be_shown() -> None:
    shown = device_item(Device(record(), NOW))

    assert (shown.mac, shown.rtt_ms, shown.last_seen, shown.reachability) == (MAC, None, None, "NO_STATUS")
