"""By which way a phone is told, and why it cannot be."""

from __future__ import annotations

import pytest

from daemon.config.settings import Requests
from daemon.fleet.device import Device
from daemon.fleet.model import Presence, Reachability
from daemon.fleet.operation import Kind, Way
from daemon.fleet.operation_asking import reach
from daemon.fleet.operation_kinds import MANNERS, manner_of
from tests.support.builders import NOW, contact, record, report


def phone(*, sip: bool = True, calls: bool = True, model: str = "420HD") -> Device:
    device = Device(record(model=model), NOW)
    device.reachability = Reachability.OK if sip else Reachability.UNREACHABLE
    device.contact = contact()
    if calls:
        device.report, device.presence = report(), Presence.REGISTERED
    return device


@pytest.mark.parametrize(
    ("device", "way", "offline", "why"),
    [
        (phone(), Way.SIP, False, ""),
        (phone(sip=False), Way.KEEP_ALIVE, False, ""),
        (phone(calls=False), Way.SIP, False, ""),
        (phone(sip=False, calls=False), Way.NONE, True, "it is offline"),
    ],
)
def test_a_restart_goes_by_sip_else_with_the_next_report(device: Device, way: Way, offline: bool, why: str) -> None:
    found = reach(device, MANNERS[Kind.RESTART], Requests())
    assert (found.way, found.offline) == (way, offline)
    assert found.reason.startswith(why)


def test_guesses_have_to_be_permitted() -> None:
    forced = manner_of(Kind.RESTART, {"force": "yes"})
    assert "requests.unconfirmed" in reach(phone(), forced, Requests()).reason
    assert reach(phone(), forced, Requests(unconfirmed=True)).way is Way.KEEP_ALIVE


def test_a_make_that_knows_no_such_command_is_named_as_the_reason() -> None:
    yealink = phone(model="T46S")
    yealink.report = None
    assert "know no send_message command" in reach(yealink, MANNERS[Kind.SEND_MESSAGE], Requests()).reason
