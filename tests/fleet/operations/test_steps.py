"""The two tables of operations, turn by turn."""

from __future__ import annotations

from itertools import product

import pytest

from daemon.fleet.model import Mac
from daemon.fleet.operations.operation import ENDED, OVER, Item, OperationState, Step, Way, Word
from daemon.fleet.operations.steps import STATES, TABLE, Turn, advance

RESTART = (Step.DELIVERED, Step.RESTARTED, Step.FETCHED, Step.REGISTERED)


def asked(*missing: Step, way: Way = Way.SIP) -> Item:
    return Item(1, Mac("00908f000001"), 0, Step.ASKED, missing or RESTART, way=way)


def after(item: Item, *turns: Turn) -> Item:
    for turn in turns:
        item = advance(item, turn, 1.0)
    return item


@pytest.mark.parametrize(
    "turns",
    [
        (Turn.TAKEN, Turn.STARTED, Turn.FETCH, Turn.REGISTER),
        (Turn.TAKEN, Turn.FETCH, Turn.STARTED, Turn.REGISTER),
        (Turn.FETCH, Turn.STARTED, Turn.REGISTER),  # the answer to the NOTIFY was lost
        (Turn.STARTED, Turn.FETCH, Turn.STARTED, Turn.REGISTER),
    ],
)
def test_a_restart_is_proved_in_whichever_order_the_phone_shows_it(turns: tuple[Turn, ...]) -> None:
    assert after(asked(), *turns).step is Step.PROVED


def test_a_registration_before_the_restart_is_the_old_one_being_renewed() -> None:
    item = after(asked(), Turn.TAKEN, Turn.REGISTER)
    assert (item.step, item.missing) == (Step.DELIVERED, (Step.RESTARTED, Step.FETCHED, Step.REGISTERED))
    assert after(item, Turn.STARTED, Turn.REGISTER).step is Step.RESTARTED


def test_what_shows_nothing_new_changes_nothing() -> None:
    item = after(asked(), Turn.TAKEN, Turn.FETCH)
    assert advance(item, Turn.FETCH, 99.0) is item


def test_what_the_phone_does_before_it_came_for_its_command_proves_nothing() -> None:
    item = asked(way=Way.KEEP_ALIVE)
    assert after(item, Turn.STARTED, Turn.FETCH) is item
    assert after(item, Turn.TAKEN, Turn.FETCH, Turn.STARTED, Turn.REGISTER).step is Step.PROVED


@pytest.mark.parametrize(
    ("turns", "stuck"),
    [
        ((), "DELIVERED"),
        ((Turn.TAKEN,), "RESTARTED"),
        ((Turn.TAKEN, Turn.STARTED), "FETCHED"),
        ((Turn.TAKEN, Turn.FETCH), "RESTARTED"),
        ((Turn.TAKEN, Turn.STARTED, Turn.FETCH), "REGISTERED"),
    ],
)
def test_a_failure_names_the_step_that_was_not_reached(turns: tuple[Turn, ...], stuck: str) -> None:
    failed = after(asked(), *turns, Turn.OUT_OF_TIME)
    assert (failed.step, failed.stuck) == (Step.FAILED, stuck)


@pytest.mark.parametrize(("step", "turn"), list(product(sorted(ENDED), Turn)))
def test_what_has_ended_has_ended(step: Step, turn: Turn) -> None:
    item = Item(1, Mac("00908f000001"), 0, step)
    assert advance(item, turn, 1.0) is item


@pytest.mark.parametrize(("step", "turn"), list(product(Step, Turn)))
def test_every_turn_leads_where_the_table_says_or_nowhere(step: Step, turn: Turn) -> None:
    item = Item(1, Mac("00908f000001"), 0, step, RESTART, way=Way.SIP)
    moved = advance(item, turn, 1.0)
    assert moved is item or moved.step in {TABLE[step][turn], Step.PROVED}


def test_only_a_device_that_was_never_told_can_be_called_off() -> None:
    assert {step for step, row in TABLE.items() if Turn.CALLED_OFF in row} == {Step.WAITING, Step.ASKED}


def test_every_state_of_an_operation_that_is_not_over_can_be_cancelled() -> None:
    assert {state for state, row in STATES.items() if Word.CANCEL in row} == set(OperationState) - OVER
    assert all(not STATES[state] for state in OVER)
