"""How one device of an operation moves, and the operation itself: two tables.

A device is asked, and then has to show by what it does that it obeyed: it takes the command, restarts, fetches its
file, registers again, reports the version that was wanted. Which of these a kind requires is in `kinds`;
`missing` holds those not seen yet. Phones differ in their order (some fetch before they say that they started), so a
turn counts whenever it comes; only a registration has to come after the restart and the fetch, as one before them is
the old one being renewed. A device ends PROVED when nothing is missing, or FAILED with the step it did not reach.

Not here: what turns there are in the phone's traffic (`signals`), how long a step may take (`campaigns`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from daemon.fleet.operations.operation import Item, OperationState, Step, Way, Word

_WAITING, _ASKED, _DELIVERED, _RESTARTED, _FETCHED, _REGISTERED = (
    Step.WAITING,
    Step.ASKED,
    Step.DELIVERED,
    Step.RESTARTED,
    Step.FETCHED,
    Step.REGISTERED,
)


class Turn(StrEnum):
    """What can happen to a device of an operation."""

    ASK = "asked"
    TAKEN = "took the command"
    STARTED = "says that it started"
    FETCH = "fetched its complete file"
    REGISTER = "registered"
    AS_WANTED = "is as wanted"
    REFUSED = "refused"
    UNREACHABLE = "cannot be reached"
    OUT_OF_TIME = "out of time"
    PUT_BACK = "to be asked again"
    CALLED_OFF = "called off"


_ENDS: dict[Turn, Step] = {
    Turn.AS_WANTED: Step.PROVED,
    Turn.REFUSED: Step.FAILED,
    Turn.OUT_OF_TIME: Step.FAILED,
}

TABLE: Mapping[Step, Mapping[Turn, Step]] = {
    _WAITING: {
        Turn.ASK: _ASKED,
        Turn.AS_WANTED: Step.PROVED,
        Turn.REFUSED: Step.FAILED,
        Turn.UNREACHABLE: Step.FAILED,
        Turn.OUT_OF_TIME: Step.FAILED,
        Turn.CALLED_OFF: Step.CANCELLED,
    },
    _ASKED: {
        Turn.TAKEN: _DELIVERED,
        Turn.STARTED: _RESTARTED,
        Turn.FETCH: _FETCHED,
        Turn.PUT_BACK: _WAITING,
        Turn.CALLED_OFF: Step.CANCELLED,
        **_ENDS,
    },
    _DELIVERED: {Turn.STARTED: _RESTARTED, Turn.FETCH: _FETCHED, **_ENDS},
    _RESTARTED: {Turn.FETCH: _FETCHED, Turn.REGISTER: _REGISTERED, **_ENDS},
    _FETCHED: {Turn.STARTED: _FETCHED, Turn.FETCH: _FETCHED, Turn.REGISTER: _REGISTERED, **_ENDS},
    _REGISTERED: {Turn.STARTED: _REGISTERED, Turn.FETCH: _REGISTERED, Turn.REGISTER: _REGISTERED, **_ENDS},
    Step.PROVED: {},
    Step.FAILED: {},
    Step.CANCELLED: {},
}

# What a turn shows to have happened; whoever restarted has heard the command, whether or not its answer was lost.
SHOWS: Mapping[Turn, frozenset[Step]] = {
    Turn.TAKEN: frozenset({_DELIVERED}),
    Turn.STARTED: frozenset({_DELIVERED, _RESTARTED}),
    Turn.FETCH: frozenset({_DELIVERED, _FETCHED}),
    Turn.REGISTER: frozenset({_REGISTERED}),
    Turn.AS_WANTED: frozenset({_DELIVERED, _RESTARTED, _FETCHED, _REGISTERED, Step.PROVED}),
}
_BEFORE_REGISTERING = frozenset({_RESTARTED, _FETCHED})


_STATE = OperationState
STATES: Mapping[OperationState, Mapping[Word, OperationState]] = {
    _STATE.SCHEDULED: {Word.BEGIN: _STATE.RUNNING, Word.PAUSE: _STATE.PAUSED, Word.CANCEL: _STATE.CANCELLED},
    _STATE.RUNNING: {
        Word.PAUSE: _STATE.PAUSED,
        Word.BUDGET_SPENT: _STATE.HALTED,
        Word.ALL_ENDED: _STATE.FINISHED,
        Word.CANCEL: _STATE.CANCELLED,
    },
    _STATE.PAUSED: {
        Word.RESUME: _STATE.SCHEDULED,
        Word.BUDGET_SPENT: _STATE.HALTED,
        Word.ALL_ENDED: _STATE.FINISHED,
        Word.CANCEL: _STATE.CANCELLED,
    },
    _STATE.HALTED: {
        Word.RESUME: _STATE.SCHEDULED,
        Word.ALL_ENDED: _STATE.FINISHED,
        Word.CANCEL: _STATE.CANCELLED,
    },
    _STATE.FINISHED: {},
    _STATE.CANCELLED: {},
}


def advance(item: Item, turn: Turn, now: float, reason: str = "") -> Item:
    """The item after a turn; the very same object if the turn means nothing to it."""
    new = TABLE[item.step].get(turn)
    if new is None or not _counts(item, turn):
        return item
    if new is Step.FAILED:
        stuck = item.missing[0] if item.missing and item.step is not Step.WAITING else Step.ASKED
        return replace(item, step=new, stuck=str(stuck), reason=reason or str(turn), at=now)
    shown = SHOWS.get(turn, frozenset())
    missing = tuple(step for step in item.missing if step not in shown)
    if (shown and not missing) or new is Step.PROVED:
        return replace(item, step=Step.PROVED, missing=(), reason=reason or str(turn), at=now)
    if shown and missing == item.missing:
        return item  # it shows nothing new, and must not give the next step more time
    return replace(item, step=new, missing=missing, reason=reason or str(turn), at=now)


def _counts(item: Item, turn: Turn) -> bool:
    """Whether what the phone does can be because it was asked."""
    if item.step is Step.ASKED and item.way is Way.KEEP_ALIVE and turn in (Turn.STARTED, Turn.FETCH):
        return False  # the command still waits for the phone's report
    return turn is not Turn.REGISTER or _BEFORE_REGISTERING.isdisjoint(item.missing)
