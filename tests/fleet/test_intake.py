"""What is left of a large inventory."""

from __future__ import annotations

from daemon.fleet.intake import STEP, Intake
from daemon.fleet.model import Mac
from daemon.fleet.records import Checked, Inventory, NumberEntry, User
from tests.support.builders import ACME, MAC, NOW, OTHER_MAC, PBX_A, PBX_B, inventory, record
from tests.support.playbook import Playbook


def intake_of(wanted: Inventory) -> Intake:
    """One whose check found nothing."""
    return Intake(Checked(wanted, (), {MAC, OTHER_MAC}, {"2041"}, edition=0), "ops", NOW)


def test_entries_are_taken_once_places_first() -> None:
    many = tuple(record(Mac(f"00908f{index:06x}"), number="") for index in range(STEP))
    intake = intake_of(inventory(*many, numbers=(NumberEntry("1"),)))
    first = list(intake.take())
    assert first[:4] == [ACME, PBX_A, PBX_B, NumberEntry("1")]
    assert (intake.total, intake.done, intake.over) == (STEP + 4, STEP, False)
    assert len(list(intake.take())) == 4
    assert intake.over
    assert list(intake.take()) == []


def test_users_are_taken_more_at_a_time_than_devices() -> None:
    intake = intake_of(Inventory(users=tuple(User(str(name), "acme") for name in range(4 * STEP))))
    assert len(list(intake.take())) == 4 * STEP


def test_it_knows_whose_turn_will_come_and_which_numbers_are_spoken_for() -> None:
    play = Playbook()
    checked = play.fleet.check(inventory(record(), record(OTHER_MAC, number=""))).finish()
    intake = Intake(checked, "ops", NOW)
    assert set(intake.devices) == {MAC, OTHER_MAC}
    assert set(intake.numbers) == {"2041"}


def test_whoever_must_wait_is_told_how_far_it_is() -> None:
    intake = intake_of(inventory(record()))
    assert intake.refusal().startswith("an inventory of 4 entries is being taken, 0 of them so far (ops): ask again")
    list(intake.take())
    assert intake.progress.done == 4
