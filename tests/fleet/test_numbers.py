"""Numbers: used, cooling, available; two days pass in a moment."""

from __future__ import annotations

from datetime import UTC, datetime

import hypothesis
from hypothesis import given
from hypothesis import strategies as st

from daemon.fleet.acts import DeviceDeleted, InventoryApplied
from daemon.fleet.commands import Answer
from daemon.fleet.events import KeepAliveHeard
from daemon.fleet.fleet import Fleet
from daemon.fleet.records import NumberEntry, NumberStatus, Snapshot
from daemon.fleet.store_commands import SaveNumber
from tests.support.builders import MAC, NOW, OTHER_MAC, inventory, record, report, settings
from tests.support.playbook import Playbook

DAY = 86400


def _says(status: str, mac: str = MAC) -> KeepAliveHeard:
    return KeepAliveHeard(MAC if mac == MAC else OTHER_MAC, report(status), "10.1.2.7", with_secret=False)


def _entry(play: Playbook, number: str = "2041") -> NumberEntry:
    return play.fleet.numbers[number]


def test_a_devices_number_is_used_device_audiocodes() -> None:
    entry = _entry(Playbook(record()))
    assert (entry.status, entry.usage, entry.vendor, entry.device) == (NumberStatus.USED, "Device", "AudioCodes", MAC)


def test_a_signed_out_phones_number_cools_with_the_tag_and_date_operators_know() -> None:
    play = Playbook(record())
    play.hears(_says("offline"))
    entry = _entry(play)
    today = datetime.fromtimestamp(NOW, UTC).strftime("%Y-%m-%d")
    assert entry.status is NumberStatus.COOLING
    assert entry.tag == f"Registered user is either offline or deleted, release date {today} + 2 days"
    assert entry.release_date == NOW + 2 * DAY


def test_back_in_time_it_is_used_again() -> None:
    play = Playbook(record())
    play.hears(_says("offline"))
    play.run_to(2 * DAY - 60)
    play.hears(_says("registered"))
    entry = _entry(play)
    assert (entry.status, entry.usage, entry.tag, entry.release_date) == (NumberStatus.USED, "Device", "", None)
    play.run_to(5 * DAY)
    assert play.moves("number")[-1] != "COOLING > AVAILABLE"


def test_at_the_release_date_it_is_available() -> None:
    play = Playbook(record())
    play.hears(_says("offline"))
    play.run_to(2 * DAY - 1)
    assert _entry(play).status is NumberStatus.COOLING
    play.run_to(2 * DAY + 1)
    entry = _entry(play)
    assert (entry.status, entry.usage, entry.device, entry.tag) == (NumberStatus.AVAILABLE, "", None, "")


def test_a_disconnected_phone_cools_unless_it_still_answers_pings() -> None:
    silent, answering = Playbook(record()), Playbook(record())
    answering.answers[MAC] = 0.02
    for play in (silent, answering):
        play.registers()
        play.hears(_says("registered"))
        play.run_to(3 * 3600)
    assert _entry(silent).status is NumberStatus.COOLING
    assert _entry(answering).status is NumberStatus.USED


def test_a_deleted_devices_number_cools() -> None:
    play = Playbook(record())
    play.hears(DeviceDeleted(MAC, "ops"))
    assert _entry(play).status is NumberStatus.COOLING
    play.run_to(2 * DAY + 1)
    assert _entry(play).status is NumberStatus.AVAILABLE


def test_numbers_of_other_vendors_rest_for_the_general_duration() -> None:
    play = Playbook(settings=settings(numbers={"cooling_duration": "30d"}))
    play.hears(InventoryApplied(inventory(record(), numbers=(NumberEntry("2041", vendor="Other"),)), "ops"))
    play.hears(_says("offline"))
    assert _entry(play).release_date == NOW + 30 * DAY


def test_releases_that_fell_due_while_we_were_away_are_carried_out_at_start_however_old() -> None:
    cooling = NumberEntry("2041", NumberStatus.COOLING, "Device", "AudioCodes", MAC, "tag", NOW - 60 * DAY)
    play = Playbook(snapshot=Snapshot(numbers=(cooling,)))
    play.run_to(0)
    assert _entry(play).status is NumberStatus.AVAILABLE


def test_a_used_or_cooling_number_is_not_given_to_another_device() -> None:
    play = Playbook(record())
    taken = inventory(record(OTHER_MAC))
    for status in ("registered", "offline"):
        play.hears(_says(status))
        (answer,) = (order for order in play.hears(InventoryApplied(taken, "ops")) if isinstance(order, Answer))
        assert answer.refused
        assert play.fleet.device(OTHER_MAC) is None


def test_a_released_number_may_go_to_another_device_and_the_first_one_loses_it_for_good() -> None:
    play = Playbook(record())
    play.hears(_says("offline"))
    play.run_to(3 * DAY)
    play.hears(InventoryApplied(inventory(record(OTHER_MAC)), "ops"))
    play.hears(_says("registered"))
    assert _entry(play).device == OTHER_MAC
    assert play.device().number == ""


def test_numbers_can_be_swapped_in_one_inventory() -> None:
    play = Playbook(record(number="1"), record(OTHER_MAC, number="2"))
    play.hears(InventoryApplied(inventory(record(number="2"), record(OTHER_MAC, number="1")), "ops"))
    assert (_entry(play, "2").device, _entry(play, "1").device) == (MAC, OTHER_MAC)
    assert {entry.status for entry in play.fleet.numbers.values()} == {NumberStatus.USED}


@hypothesis.settings(max_examples=40)  # each waits for days, in steps of 30 s
@given(st.lists(st.tuples(st.sampled_from(["registered", "offline", "wait", "delete", "define"]), st.booleans())))
def test_whatever_happens_a_number_has_one_holder_and_disk_says_what_memory_says(steps: list[tuple[str, bool]]) -> None:
    play = Playbook(record(), record(OTHER_MAC, number="2042"))
    for what, second in steps:
        mac = OTHER_MAC if second else MAC
        if what == "wait":
            play.run_to(play.now - NOW + DAY)
        elif what == "delete":
            play.hears(DeviceDeleted(mac, "ops"))
        elif what == "define":
            play.hears(InventoryApplied(inventory(record(mac, number="2041")), "ops"))
        else:
            play.hears(_says(what, mac))
        _check(play.fleet)
    written = {order.entry.number: order.entry for order in play.of(SaveNumber)}
    assert written == dict(play.fleet.numbers)


def _check(fleet: Fleet) -> None:
    """Nobody bears a number that is another's."""
    bearers = [device for device in fleet.devices() if device.number]
    assert len({device.number for device in bearers}) == len(bearers)
    for device in bearers:
        assert fleet.numbers[device.number].device in (device.mac, None)
