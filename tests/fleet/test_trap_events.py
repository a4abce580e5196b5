"""What the fleet makes of notifications of SBCs and gateways."""

from __future__ import annotations

import pytest

from daemon.fleet.commands import Decided
from daemon.fleet.events import Alert, KeepAliveHeard, TrapHeard, UnknownPhoneHeard
from daemon.fleet.model import Presence
from daemon.fleet.notifications import Severity
from daemon.fleet.store_commands import AppendTransition, StoreCommand
from tests.support.builders import MAC, OTHER_MAC, record, report
from tests.support.playbook import Playbook

HOUR = 3600.0
SOURCE = "10.1.2.9"
KEEP_ALIVE = TrapHeard(MAC, SOURCE, keep_alive=True)


def link(severity: Severity, cause: int = 56, part: str = "Board#1") -> TrapHeard:
    """The Ethernet link of an SBC."""
    alert = Alert("acBoardEthernetLinkAlarm", "LAN port 1 is down", severity, 4, cause, "", "", ("why",))
    return TrapHeard(MAC, SOURCE, alert=alert, part=part)


def told(play: Playbook) -> list[tuple[str, str]]:
    return [(name, severity) for _, name, severity in play.told()]


def test_keep_alives_keep_an_sbc_registered_and_silence_disconnects_it() -> None:
    play = Playbook(record(qualify=False))
    for hour in range(5):
        play.run_to(hour * HOUR)
        play.hears(KEEP_ALIVE)
    assert play.device().presence is Presence.REGISTERED
    assert play.device().source == SOURCE
    play.run_to(5 * HOUR)
    assert play.device().presence is Presence.REGISTERED
    play.run_to(6 * HOUR + 120)
    assert play.device().presence is Presence.DISCONNECTED
    assert ("deviceDisconnected", "MAJOR") in told(play)
    play.hears(KEEP_ALIVE)
    assert play.device().presence is Presence.REGISTERED
    assert play.moves("presence") == [
        "NEVER_SEEN > REGISTERED",
        "REGISTERED > DISCONNECTED",
        "DISCONNECTED > REGISTERED",
    ]
    assert told(play)[-1] == ("deviceDisconnected", "CLEARED")


def test_a_keep_alive_that_changes_nothing_writes_nothing_but_is_remembered() -> None:
    play = Playbook(record(qualify=False))
    play.hears(KEEP_ALIVE)
    play.now += 30
    orders = play.hears(KEEP_ALIVE)
    assert [order for order in orders if isinstance(order, StoreCommand)] == []
    assert play.device().last_seen == play.now


def test_a_device_that_moved_is_kept_with_its_new_address() -> None:
    play = Playbook(record(qualify=False))
    play.hears(KEEP_ALIVE)
    assert any(isinstance(order, StoreCommand) for order in play.hears(TrapHeard(MAC, "10.1.2.10", keep_alive=True)))
    assert play.device().source == "10.1.2.10"


def test_what_a_phone_says_of_itself_counts_for_more_than_a_keep_alive_trap() -> None:
    play = Playbook(record(qualify=False))
    play.hears(KeepAliveHeard(MAC, report("unregistered"), SOURCE, with_secret=False))
    play.hears(KEEP_ALIVE)
    assert play.device().presence is Presence.UNREGISTERED


def test_an_alarm_is_raised_by_a_trap_and_ended_by_its_clear() -> None:
    play = Playbook(record(qualify=False))
    play.hears(link(Severity.MAJOR))
    (alarm,) = play.fleet.alarms.values()
    assert (alarm.source, alarm.device, alarm.description) == (f"Device/{MAC}/Board#1", MAC, "LAN port 1 is down")
    assert (alarm.severity, alarm.probable_cause, alarm.additional_info) == (Severity.MAJOR, 56, ("why",))
    play.hears(link(Severity.CLEARED, cause=0))  # not every clear repeats the cause
    assert play.fleet.alarms == {}


def test_a_clear_ends_only_what_was_raised_in_that_part_of_the_device() -> None:
    play = Playbook(record(qualify=False))
    play.hears(link(Severity.MAJOR, part="Board#1"))
    play.hears(link(Severity.MAJOR, part="Board#2"))
    play.hears(link(Severity.CLEARED, part="Board#2"))
    assert [alarm.source for alarm in play.fleet.alarms.values()] == [f"Device/{MAC}/Board#1"]


def test_only_a_keep_alive_says_where_a_device_is() -> None:
    play = Playbook(record(qualify=False))
    play.hears(KEEP_ALIVE)
    play.hears(TrapHeard(MAC, "192.0.2.1", remark="coldStart"))
    assert play.device().source == SOURCE
    steps = [order.transition for order in play.of(AppendTransition) if order.transition.axis == "trap"]
    assert [(step.new, step.reason) for step in steps] == [("coldStart", "from 192.0.2.1")]


@pytest.mark.parametrize("event", [KEEP_ALIVE, link(Severity.MAJOR)])
def test_notifications_of_devices_nobody_defined_change_nothing(event: TrapHeard) -> None:
    play = Playbook()
    assert play.hears(event) == [Decided("trap", "of a device nobody defined", MAC)]


def test_what_waits_for_approval_raises_nothing() -> None:
    play = Playbook()
    play.hears(UnknownPhoneHeard(OTHER_MAC, "acme", "Mediant", SOURCE))
    waiting = link(Severity.MAJOR)
    play.hears(TrapHeard(OTHER_MAC, SOURCE, alert=waiting.alert))
    assert play.fleet.alarms == {}
