"""What a device says of itself, where several sources speak; and what is remembered of it."""

from __future__ import annotations

import pytest
from hypothesis import given

from daemon.fleet.device import Device
from daemon.fleet.model import Contact, DeviceState
from tests.support import nouns
from tests.support.builders import MAC, NOW, contact, record, report


def test_the_phones_own_word_counts_more_than_the_inventorys() -> None:
    device = Device(record(model="420HD"), NOW)
    assert (device.model, device.firmware) == ("420HD", "")
    device.report = report("registered")
    assert (device.model, device.firmware) == ("420HD", "2.2.16")


@pytest.mark.parametrize(
    ("said", "source", "registered", "expected"),
    [
        ("10.1.2.7", "192.0.2.1", None, "10.1.2.7"),
        ("", "192.0.2.1", Contact("sip:2041@10.9.9.9", "10.9.9.9", 5060), "192.0.2.1"),
        ("", "", contact(), "10.1.2.7"),
        ("", "", None, ""),
    ],
)
def test_its_address_is_its_own_idea_else_where_it_came_from_else_where_it_registered(
    said: str, source: str, registered: Contact | None, expected: str
) -> None:
    device = Device(record(), NOW)
    device.report, device.source, device.contact = report("registered"), source, registered
    device.report = None if not said else device.report
    assert device.ip == expected


@given(nouns.states())
def test_what_is_remembered_is_what_was(state: DeviceState) -> None:
    device = Device(record(state.mac), NOW)
    device.restore(state)
    assert device.state() == state


def test_a_new_device_knows_nothing_and_says_so() -> None:
    device = Device(record(MAC), NOW)
    assert (device.reachability_reason, device.presence_reason) == ("never registered", "no report yet")
    assert device.status_reason
