"""The table of tellings: whatever may be told can be, and nothing waits without a way out."""

from __future__ import annotations

import pytest

from daemon.fleet.alarms.telling import TABLE, Cue, destination
from daemon.fleet.notifications import Telling


def test_every_telling_has_a_row_and_every_cue_leads_somewhere() -> None:
    assert set(TABLE) == set(Telling)
    assert {cue for row in TABLE.values() for cue in row} == set(Cue)


@pytest.mark.parametrize("telling", Telling)
def test_from_everywhere_there_is_a_way_to_being_told(telling: Telling) -> None:
    reached = {telling}
    for _ in Telling:
        reached |= {new for old in reached for new in TABLE[old].values()}
    assert Telling.TOLD in reached


@pytest.mark.parametrize("telling", Telling)
def test_an_operators_shelf_takes_an_alarm_from_everywhere(telling: Telling) -> None:
    assert destination(telling, Cue.SHELVED) is Telling.SHELVED


def test_what_was_told_is_neither_held_nor_folded_afterwards() -> None:
    assert not {Telling.HELD, Telling.FOLDED} & set(TABLE[Telling.TOLD].values())


def test_a_cue_that_the_table_does_not_name_changes_nothing() -> None:
    assert destination(Telling.TOLD, Cue.SITE_DOWN) is Telling.TOLD
