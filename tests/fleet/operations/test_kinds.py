"""What each kind wants of a phone."""

from __future__ import annotations

import pytest

from daemon.fleet.device import Device
from daemon.fleet.operations.kinds import MANNERS, manner_of, required
from daemon.fleet.operations.operation import Kind, Step
from daemon.provisioning.vendors.audiocodes import AUDIOCODES
from tests.support.builders import NOW, contact, record, report


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_manner_and_what_must_not_happen_twice_is_asked_once(kind: Kind) -> None:
    manner = MANNERS[kind]
    assert manner.idempotent is not (Step.RESTARTED in manner.requires or kind is Kind.SEND_MESSAGE)
    assert not manner.action or manner.action in AUDIOCODES.commands


def test_an_update_may_be_a_restart_and_a_restart_may_be_forced() -> None:
    assert manner_of(Kind.CHANGE_VLAN, {"restart": "yes"}).requires == MANNERS[Kind.RESTART].requires
    assert manner_of(Kind.CHANGE_VLAN, {"restart": "no"}) is MANNERS[Kind.CHANGE_VLAN]
    forced = manner_of(Kind.RESTART, {"force": "yes"})
    assert (forced.action, forced.reboot) == ("reset_force", None)  # no check-sync breaks into a call


def test_a_phone_has_to_show_only_what_it_can() -> None:
    device = Device(record(), NOW)
    manner = MANNERS[Kind.RESTART]
    assert required(manner, device) == (Step.DELIVERED, Step.FETCHED)
    device.report, device.contact = report(), contact()
    assert required(manner, device) == manner.requires
