"""Whether receivers hear of an active alarm: a table of what can come between an alarm and the telling of it.

Everything that moves an alarm from one telling to another stands in this file; *when* such a cue comes is the other
modules' (`book`, `sites`, `shelves`, `storm`). The rules, in words: every alarm begins as HELD. One of a phone that
vanished stays so for `alarms.hold_down`, since it may be over soon, or its whole site may be gone; every other is
raised in the very step. Whatever is to be told has to pass three gates, in this order: a shelf that it fits, its
site's alarm, and the limit of a storm. Who was told of an alarm is told of its end, whatever stands in the way by
then; therefore an alarm that is known is never folded or held again, but shelved at most, and its changes may queue.

An end is no state: an alarm that ends leaves the table from wherever it is. Not here: deadlines, commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from daemon.fleet.notifications import Telling


class Cue(StrEnum):
    """What can happen to the telling of an alarm; the text is the reason an operator reads."""

    RAISED = "raised"
    CHANGED = "changed"
    HELD_LONG_ENOUGH = "hold-down elapsed"
    SITE_DOWN = "its site is down"
    SITE_BACK = "its site is back"
    SHELVED = "shelved"
    UNSHELVED = "shelf ended"
    YOUNG = "shelf ended within its hold-down"
    TOO_MANY = "too many at once"
    ITS_TURN = "its turn in the storm"


# What whoever waits for its turn or its time meets as well: a gate that closed meanwhile.
_GATES: Mapping[Cue, Telling] = {Cue.SHELVED: Telling.SHELVED, Cue.SITE_DOWN: Telling.FOLDED}

TABLE: Mapping[Telling, Mapping[Cue, Telling]] = {
    Telling.HELD: {
        Cue.RAISED: Telling.TOLD,
        Cue.HELD_LONG_ENOUGH: Telling.TOLD,
        Cue.TOO_MANY: Telling.QUEUED,
        **_GATES,
    },
    Telling.TOLD: {
        Cue.CHANGED: Telling.TOLD,
        Cue.TOO_MANY: Telling.QUEUED,
        Cue.SHELVED: Telling.SHELVED,
    },
    Telling.FOLDED: {
        Cue.SITE_BACK: Telling.HELD,
        Cue.SHELVED: Telling.SHELVED,
    },
    Telling.SHELVED: {
        Cue.UNSHELVED: Telling.TOLD,
        Cue.YOUNG: Telling.HELD,
        Cue.SITE_DOWN: Telling.FOLDED,
        Cue.TOO_MANY: Telling.QUEUED,
    },
    Telling.QUEUED: {
        Cue.ITS_TURN: Telling.TOLD,
        **_GATES,
    },
}


def destination(telling: Telling, cue: Cue) -> Telling:
    """Where `cue` leads from `telling`; the same if the table does not name it."""
    return TABLE[telling].get(cue, telling)
