"""By which way a phone is told, and why it cannot be."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from daemon.config.settings import Requests
from daemon.fleet.device import Device
from daemon.fleet.model import Presence, Reachability
from daemon.fleet.operations.asking import Reach, http_order, reach
from daemon.fleet.operations.kinds import MANNERS, Manner, manner_of
from daemon.fleet.operations.operation import Kind, Way
from daemon.fleet.phone_command import SendCommand
from daemon.fleet.records import Snapshot
from daemon.fleet.roster import Roster
from tests.support.builders import ACME, MAC, NOW, contact, record, report

RESTART, UPDATE = MANNERS[Kind.RESTART], MANNERS[Kind.UPDATE_CONFIGURATION]
FORCED = manner_of(Kind.RESTART, {"force": "yes"})
TO_PHONES = Requests(http_to_phones=True)


def phone(*, sip: bool = True, calls: bool = True, model: str = "420HD") -> Device:
    device = Device(record(model=model), NOW)
    device.reachability = Reachability.OK if sip else Reachability.UNREACHABLE
    device.contact = contact()
    if calls:
        device.report, device.presence = report(), Presence.REGISTERED
    return device


def way_to(device: Device, manner: Manner = RESTART, settings: Requests | None = None) -> Reach:
    roster = Roster(Snapshot(tenants=(ACME,)))
    roster.add(device)
    return reach(device, manner, settings or Requests(), roster)


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
    found = way_to(device)
    assert (found.way, found.offline) == (way, offline)
    assert found.reason.startswith(why)


def test_guesses_have_to_be_permitted() -> None:
    assert "requests.unconfirmed" in way_to(phone(), FORCED).reason
    assert way_to(phone(), FORCED, Requests(unconfirmed=True)).way is Way.KEEP_ALIVE


def test_a_make_that_knows_no_such_command_is_named_as_the_reason() -> None:
    yealink = phone(model="T46S")
    yealink.report = None
    assert "know no send_message command" in way_to(yealink, MANNERS[Kind.SEND_MESSAGE]).reason


def poly(*, sip: bool = False, model: str = "VVX411", source: str = "10.1.2.7", **fields: str) -> Device:
    device = phone(sip=sip, model=model)
    device.source = source
    device.report = replace(report(), model=model, **fields)
    return device


@pytest.mark.parametrize(
    ("device", "manner", "settings", "way", "why"),
    [
        (poly(sip=True), RESTART, TO_PHONES, Way.SIP, ""),
        (poly(), RESTART, TO_PHONES, Way.HTTP, ""),
        (poly(), UPDATE, TO_PHONES, Way.HTTP, ""),
        (poly(), RESTART, Requests(), Way.NONE, "requests.http_to_phones permits it"),
        (poly(), FORCED, TO_PHONES, Way.NONE, "know no reset_force command"),
        (poly(source="192.0.2.7"), RESTART, TO_PHONES, Way.NONE, "not within its tenant's networks"),
        (poly(ip="192.168.1.20"), RESTART, TO_PHONES, Way.NONE, "behind NAT"),
        (poly(model="T46S"), RESTART, TO_PHONES, Way.NONE, "know no reset_graceful command"),
        (poly(model="T46S", sip=True), FORCED, TO_PHONES, Way.HTTP, ""),
        (poly(model="T46S"), UPDATE, TO_PHONES, Way.HTTP, ""),
        (poly(model="420HD"), RESTART, TO_PHONES, Way.KEEP_ALIVE, ""),
    ],
)
def test_a_phones_own_server_is_asked_if_no_check_sync_reaches_it_and_the_address_is_its_own(
    device: Device, manner: Manner, settings: Requests, way: Way, why: str
) -> None:
    found = way_to(device, manner, settings)
    assert found.way is way
    assert why in found.reason


def test_the_order_to_its_own_server_is_what_its_maker_wants() -> None:
    order = http_order(poly(), "reset_graceful", {}, Requests())
    assert order == SendCommand(MAC, "reset_graceful", "POST", "https://10.1.2.7/api/v1/mgmt/safeReboot", "", '"2000"')
    plain = http_order(poly(model="T46S"), "reset_force", {"text": "x"}, Requests(phone_scheme="http", phone_port=8080))
    assert plain is not None
    assert (plain.method, plain.url) == ("GET", "http://10.1.2.7:8080/servlet?key=Reboot")
    assert json.loads(plain.body) == {"text": "x"}
    assert http_order(poly(), "send_message", {}, Requests()) is None
