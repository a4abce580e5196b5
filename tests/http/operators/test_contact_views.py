from __future__ import annotations

import math
from dataclasses import replace

import pytest

from daemon.fleet.device import Device
from daemon.fleet.model import Contact, Reachability
from daemon.http.operators.contact_views import ContactSource, binding_view, contact_view, interval_in_force, loss
from tests.support.builders import NOW, binding, contact, record


@pytest.mark.parametrize(
    ("expires_at", "source"), [(None, "inventory"), (math.inf, "another server"), (NOW, "registered")]
)
def test_a_contact_says_whence_it_is(expires_at: float | None, source: ContactSource) -> None:
    view = contact_view(Contact("sip:1@h", "192.0.2.1", 5060, expires_at))
    assert (view.source, view.expires_at is None) == (source, source != "registered")


def test_a_contact_says_by_which_listener_of_ours_it_is_reached() -> None:
    assert contact_view(contact()).listener == ""
    assert contact_view(replace(contact(), listener="udp://192.0.2.1:5060")).listener == "udp://192.0.2.1:5060"


def test_of_several_bindings_the_present_contact_is_the_one_that_is_pinged() -> None:
    views = [binding_view(each, contact()) for each in (binding(), binding(5061))]
    assert [view.pinged for view in views] == [True, False]


def test_the_interval_in_force_is_that_of_the_state() -> None:
    device = Device(record(), NOW)
    assert interval_in_force(device, math.inf) is None
    device.contact = contact()
    assert interval_in_force(device, math.inf) == 60.0
    device.interval = 240.0
    assert interval_in_force(device, math.inf) == 240.0
    device.reachability = Reachability.UNKNOWN
    assert [interval_in_force(device, seconds) for seconds in (math.inf, 3600.0)] == [None, 3600.0]
    device.monitored = False
    assert interval_in_force(device, 3600.0) is None


def test_loss_is_a_percentage_of_the_pings_that_are_remembered() -> None:
    device = Device(record(), NOW)
    assert loss(device) is None
    for _ in range(2):
        device.round_trips.add(0.02, 0.5)
    device.round_trips.lose()
    assert loss(device) == 33.3
