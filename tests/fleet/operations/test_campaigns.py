"""Canary, waves, budget, retries: a campaign over a thousand phones of which a fifth does not obey."""

from __future__ import annotations

import pytest

from daemon.fleet.acts import OperationSteered
from daemon.fleet.model import Mac
from daemon.fleet.operations.campaigns import bound_of, budget_spent, retry_after, wave_bounds
from daemon.fleet.operations.operation import Item, Kind, Operation, OperationState, Plan, Step, Word
from tests.support.operations_play import OperationsPlay


def campaign(**plan: object) -> Operation:
    return Operation(1, Kind.UPDATE_FIRMWARE, Plan(**plan), "ada", 0.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("canary", "waves", "bounds"),
    [
        (5, ("10%", "50%"), (5, 100, 500)),
        (0, ("200",), (200,)),
        (5, (), (5,)),
        (0, (), ()),
        (5, ("100%",), (5,)),  # after all of them there is nothing to wait for
    ],
)
def test_waves_are_counted_from_the_first_device(canary: int, waves: tuple[str, ...], bounds: tuple[int, ...]) -> None:
    assert wave_bounds(canary, waves, 1000) == bounds


@pytest.mark.parametrize("wave", ["", "0", "-5", "x", "10 %", "101%", "٣", "9" * 7])
def test_what_is_no_wave_is_refused(wave: str) -> None:
    with pytest.raises(ValueError, match="wave"):
        wave_bounds(0, (wave,), 1000)


def test_waves_grow() -> None:
    with pytest.raises(ValueError, match="larger"):
        wave_bounds(200, ("10%",), 1000)


def test_the_present_wave_bounds_who_may_be_asked() -> None:
    assert bound_of(campaign(waves=(5, 100))) == 5
    assert bound_of(campaign()) == float("inf")


@pytest.mark.parametrize(
    ("failed", "proved", "spent"), [(0, 100, False), (4, 0, False), (5, 0, True), (5, 95, False), (6, 94, True)]
)
def test_the_budget_is_a_share_of_those_that_ended(failed: int, proved: int, spent: bool) -> None:
    counts = {Step.FAILED: failed, Step.PROVED: proved}
    assert budget_spent(campaign(budget=0.05), counts) is spent
    assert not budget_spent(campaign(), counts)


def test_an_offline_phone_is_tried_after_ten_minutes_then_twenty_and_so_on_a_quarter_more_or_less() -> None:
    for tries, minutes in enumerate((10, 20, 40, 80, 160, 320, 640, 720, 720)):
        waits = {retry_after(Item(1, Mac(f"00908f{n:06x}"), n, tries=tries)) / 60 for n in range(200)}
        assert min(waits) >= 0.75 * minutes
        assert max(waits) <= 1.25 * minutes
        assert max(waits) - min(waits) > 0.4 * minutes  # not all at once


def test_a_campaign_halts_by_itself_within_its_budget_and_says_which_failed() -> None:
    """A fifth fetches the file and comes back with the old version."""
    play = OperationsPlay(1000)
    plan = Plan(batch=50, delay=30.0, waves=(5, 100, 500), budget=0.05, budget_after=5)
    bad = set(play.phones[4::5])
    play.orders_it(Kind.UPDATE_FIRMWARE, plan, file="new.img", version="2.2.17")
    obeyed = set[Mac]()
    while play.operation().state in (OperationState.SCHEDULED, OperationState.RUNNING):
        play.passes(30)
        for mac in play.sent.keys() - obeyed:
            obeyed.add(mac)
            play.obeys(mac, "2.2.16" if mac in bad else "2.2.17")
    assert play.operation().state is OperationState.HALTED
    assert play.operation().reason == "1 of 5 that ended have failed, and the budget is 5%"
    assert len(play.sent) == 5  # the canary saved all the others
    assert play.steps()[Step.FAILED] <= 0.05 * 1000
    failed = [mac for mac, item in play.fleet.operations.items(1).items() if item.step is Step.FAILED]
    assert failed == [play.phones[4]]
    play.hears(OperationSteered(1, Word.RESUME, "ada"))
    while play.operation().state in (OperationState.SCHEDULED, OperationState.RUNNING):
        play.passes(30)
        for mac in play.sent.keys() - obeyed:
            obeyed.add(mac)
            play.obeys(mac, "2.2.16" if mac in bad else "2.2.17")
    assert play.operation().state is OperationState.HALTED  # the next wave tells the same
    assert play.steps()[Step.FAILED] <= 0.05 * 1000
    assert len(play.sent) <= 105


def test_the_next_wave_begins_when_the_former_is_proved() -> None:
    play = OperationsPlay(10)
    plan = Plan(batch=100, delay=0.0, waves=(2, 5))
    play.orders_it(Kind.UPDATE_FIRMWARE, plan, file="new.img", version="2.2.17")
    sizes = []
    for end in (2, 5, 10):
        play.passes(30)
        sizes.append(len(play.sent))
        for mac in play.phones[:end]:
            play.obeys(mac, "2.2.17")
    assert sizes == [2, 5, 10]
    assert play.operation().state is OperationState.FINISHED


def test_a_phone_that_is_offline_does_not_hold_the_next_wave_back() -> None:
    play = OperationsPlay(4)
    away = play.device(play.phones[0])
    play.fleet.roster.move(away, None, ())
    away.report = None
    plan = Plan(batch=100, delay=0.0, waves=(2,), patience=12 * 3600.0)
    play.orders_it(Kind.UPDATE_FIRMWARE, plan, file="new.img", version="2.2.17")
    play.passes(1)
    play.obeys(play.phones[1], "2.2.17")
    play.passes(1)
    assert set(play.sent) == set(play.phones[1:])
