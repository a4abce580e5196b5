"""What is left of a large inventory."""

from __future__ import annotations

from daemon.fleet.intake import Intake
from daemon.fleet.records import NumberEntry
from tests.support.builders import ACME, MAC, NOW, OTHER_MAC, PBX_A, PBX_B, inventory, record


def test_entries_are_taken_once_places_first() -> None:
    intake = Intake(inventory(record(), record(OTHER_MAC, number=""), numbers=(NumberEntry("1"),)), "ops", NOW)
    first = list(intake.take(4))
    assert first == [ACME, PBX_A, PBX_B, NumberEntry("1")]
    assert (intake.total, intake.done, intake.over) == (6, 4, False)
    assert len(list(intake.take(100))) == 2
    assert intake.over
    assert list(intake.take(100)) == []


def test_it_knows_whose_turn_will_come_and_which_numbers_are_spoken_for() -> None:
    intake = Intake(inventory(record(), record(OTHER_MAC, number="")), "ops", NOW)
    assert intake.devices == {MAC, OTHER_MAC}
    assert intake.numbers == {"2041"}


def test_whoever_must_wait_is_told_how_far_it_is() -> None:
    intake = Intake(inventory(record()), "ops", NOW)
    list(intake.take(2))
    assert intake.progress.done == 2
    assert intake.refusal().startswith("an inventory of 4 entries is being taken, 2 of them so far (ops): ask again")
