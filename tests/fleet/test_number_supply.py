"""Numbers run out, loudly; where nobody lists free ones, there is nothing to run out of."""

from __future__ import annotations

from daemon.fleet.acts import InventoryApplied
from daemon.fleet.model import Mac
from daemon.fleet.records import NumberEntry, Snapshot
from tests.support.builders import inventory, record
from tests.support.playbook import Playbook


def listed(count: int) -> tuple[NumberEntry, ...]:
    return tuple(NumberEntry(f"{2000 + n}") for n in range(count))


def phones(*numbers: int) -> InventoryApplied:
    return InventoryApplied(inventory(*(record(Mac(f"00908f{n:06x}"), number=f"{n}") for n in numbers)), "test")


def test_a_warning_when_few_are_left_critical_at_none_and_an_end_with_some_more() -> None:
    play = Playbook()
    play.hears(InventoryApplied(inventory(numbers=listed(10)), "test"))
    play.run_to(60)
    assert play.told() == []
    play.hears(phones(*range(2000, 2009)))
    play.run_to(120)
    [alarm] = play.fleet.alarms.values()
    assert (alarm.name, alarm.source, alarm.severity.name) == ("numbersExhausted", "Ringkeeper/numbers", "WARNING")
    assert alarm.additional_info == ("1 of 10 available, 0 cooling",)
    play.hears(phones(2009))
    play.run_to(180)
    [alarm] = play.fleet.alarms.values()
    assert (alarm.severity.name, alarm.description) == ("CRITICAL", "No telephone number is left to be given away.")
    play.hears(InventoryApplied(inventory(numbers=listed(11)), "test"))
    play.run_to(240)
    assert [alarm.severity.name for alarm in play.fleet.alarms.values()] == ["WARNING"]
    play.hears(InventoryApplied(inventory(numbers=listed(12)), "test"))
    play.run_to(300)
    assert play.fleet.alarms == {}
    severities = [severity for _, _, severity in play.told()]
    assert severities == ["WARNING", "CRITICAL", "WARNING", "CLEARED"]


def test_devices_that_bring_their_own_numbers_exhaust_nothing() -> None:
    play = Playbook()
    play.hears(phones(2000, 2001))
    play.run_to(120)
    assert play.fleet.alarms == {}


def test_the_alarm_stays_over_a_restart() -> None:
    play = Playbook()
    play.hears(InventoryApplied(inventory(numbers=listed(1)), "test"))
    play.run_to(60)
    play.hears(phones(2000))
    play.run_to(120)
    alarms = tuple(play.fleet.alarms.values())
    assert len(alarms) == 1
    again = Playbook(snapshot=Snapshot(numbers=tuple(play.fleet.numbers.values()), alarms=alarms))
    again.run_to(60)
    assert [alarm.severity.name for alarm in again.fleet.alarms.values()] == ["CRITICAL"]
