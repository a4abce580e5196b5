"""One rule's outcome becomes another's input: a state that moves leads to a timeline step, an alarm, a number."""

from __future__ import annotations

from daemon.fleet.alarms.catalogue import DEVICE_DISCONNECTED, DEVICE_UNREACHABLE
from daemon.fleet.commands import Command, Decided
from daemon.fleet.consequences import follow, source_of
from daemon.fleet.events import KeepAliveHeard
from daemon.fleet.model import Status
from daemon.fleet.notifications import Severity
from daemon.fleet.records import NumberStatus
from daemon.fleet.store_commands import AppendTransition, Notify, SaveAlarm, SaveMark, SaveNumber, SaveState
from tests.support.builders import MAC, NOW, record, report, settings
from tests.support.playbook import Playbook

UNREACHABLE, DISCONNECTED = DEVICE_UNREACHABLE.name, DEVICE_DISCONNECTED.name


def kinds(orders: list[Command]) -> list[type[Command]]:
    return [type(order) for order in orders]


def says(play: Playbook, status: str) -> list[Command]:
    return play.hears(KeepAliveHeard(MAC, report(status), "10.1.2.7", with_secret=False))


def test_a_step_that_was_none_leads_to_nothing() -> None:
    play = Playbook(record())
    decided = Decided("qualify", "still silent", MAC)
    assert follow(play.fleet.parts, play.device(), None, NOW) == []
    assert follow(play.fleet.parts, play.device(), decided, NOW) == [decided]


def test_silence_is_a_step_a_state_and_an_alarm_in_one_go_and_told_after_the_hold_down() -> None:
    play = Playbook(record())
    play.registers()
    play.run_to(300)
    first, last = (index for index, order in enumerate(play.orders) if isinstance(order, SaveAlarm))
    assert kinds(play.orders[first - 2 : first + 1]) == [AppendTransition, SaveState, SaveAlarm]
    assert kinds(play.orders[last : last + 3]) == [SaveAlarm, Notify, SaveMark]
    assert play.device().status is Status.ERROR


def test_a_phone_that_is_given_up_keeps_its_alarm_until_it_answers_again() -> None:
    play = Playbook(record())
    play.registers()
    play.run_to(3 * 3600)
    assert [moved for moved in play.moves("reachability") if "UNKNOWN" in moved] == ["UNREACHABLE > UNKNOWN"]
    assert [alarm.name for alarm in play.fleet.alarms.values()] == [UNREACHABLE]
    play.answers[MAC] = 0.02
    play.registers()
    play.run_to(3 * 3600 + 10)
    assert play.told() == [(1, UNREACHABLE, "MAJOR"), (2, UNREACHABLE, "CLEARED")]


def test_both_alarms_of_a_phone_without_power_end_when_it_is_back() -> None:
    play = Playbook(record())
    says(play, "registered")
    play.registers()
    play.run_to(3 * 3600)
    assert sorted(alarm.name for alarm in play.fleet.alarms.values()) == [DISCONNECTED, UNREACHABLE]
    play.answers[MAC] = 0.02
    says(play, "started")
    play.run_to(3 * 3600 + 10)
    assert not play.fleet.alarms
    assert {alarm.source for alarm in (order.notification.alarm for order in play.of(Notify))} == {source_of(MAC)}


def test_the_number_of_a_phone_that_took_its_registration_back_and_never_reports_cools() -> None:
    play = Playbook(record())
    play.registers(expires=100)
    play.run_to(200)
    play.registers()
    saved = [order.entry.status for order in play.of(SaveNumber)]
    assert saved == [NumberStatus.USED, NumberStatus.COOLING, NumberStatus.USED]


def test_a_phone_without_a_number_has_none_to_cool() -> None:
    play = Playbook(record(number=""))
    says(play, "offline")
    assert not list(play.of(SaveNumber))


def test_a_new_disconnect_timeout_holds_for_the_silence_that_lasts_already() -> None:
    play = Playbook(record(), settings=settings(keep_alive={"period": "1m", "disconnected_after": "2m"}))
    says(play, "registered")
    play.run_to(119)
    assert play.moves("presence") == ["NEVER_SEEN > REGISTERED"]
    play.run_to(121)
    assert play.moves("presence")[-1] == "REGISTERED > DISCONNECTED"
    assert max(alarm.severity for alarm in play.fleet.alarms.values()) is Severity.MAJOR
