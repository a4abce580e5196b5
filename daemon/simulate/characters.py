"""What kinds of phones there are, and what each kind does when: a script of turns per character.

The times are sized for the demo's timers (`daemon.cli.demo_setup`): within three minutes each character has shown what
it is for. They are seconds from the phone's first boot; a script with `every` begins again after that time.
Not here: what a turn does to a phone (`phone`), which phone has which character (`plan`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Character(StrEnum):
    """What a phone is like; the text says what an operator will see of it."""

    STEADY = "steady"  # OK, REGISTERED
    LAGGING = "lagging"  # OK and LAGGED by turns
    FLAPPING = "flapping"  # OK and UNREACHABLE by turns
    CUT_OFF = "cut off"  # likewise: its connection breaks, and it registers over a new one
    DYING = "dying"  # UNREACHABLE, then UNKNOWN; DISCONNECTED
    UNREGISTERED = "unregistered"  # NO_STATUS, UNREGISTERED
    UNMONITORED = "unmonitored"  # UNMONITORED: the inventory says qualify: false
    WRONG_SERVER = "wrong server"  # NO_STATUS with that reason
    ALARMING = "alarming"  # raises alarms and clears them
    SIGNED_OUT = "signed out"  # OFFLINE, its number cools; comes back
    QUIET = "quiet"  # DISCONNECTED though it answers pings; comes back
    STUBBORN = "stubborn"  # OK, REGISTERED; what it is told to do it acknowledges and never does
    BOXED = "boxed"  # NEVER_SEEN: still in its carton
    NEWCOMER = "newcomer"  # in no inventory: comes by its tenant's URL, and waits until somebody approves it


class Turn(StrEnum):
    """One thing that happens to a phone."""

    SLOW = "answers late"
    PROMPT = "answers in time again"
    MUTE = "stops answering SIP"
    SPEAK = "answers SIP again"
    CUT = "loses its connection"
    RECONNECT = "registers over a new connection"
    DIE = "loses power for good"
    ALARM = "raises an alarm"
    CLEAR = "clears its alarm"
    SIGN_OUT = "its user signs out"
    SIGN_IN = "its user signs in again"
    HUSH = "stops its keep-alives"
    REPORT = "sends keep-alives again"


@dataclass(frozen=True, slots=True)
class Moment:
    """When a turn happens, in seconds from the beginning of the script."""

    at: float
    turn: Turn


@dataclass(frozen=True, slots=True)
class Script:
    """The turns of a phone in order; it starts over after `every` seconds, infinity for once only."""

    moments: tuple[Moment, ...] = ()
    every: float = math.inf


# Of fifty phones. The first thirteen cards of a shuffled deck are one of each, so that small fleets have them all too.
# Newcomers are no part of a fleet yet.
DECK: dict[Character, int] = {
    Character.STEADY: 27,
    Character.LAGGING: 3,
    Character.FLAPPING: 3,
    Character.CUT_OFF: 2,
    Character.DYING: 2,
    Character.UNREGISTERED: 1,
    Character.UNMONITORED: 2,
    Character.WRONG_SERVER: 1,
    Character.ALARMING: 3,
    Character.SIGNED_OUT: 2,
    Character.QUIET: 2,
    Character.STUBBORN: 1,
    Character.BOXED: 1,
}


def cast(count: int, seed: int) -> list[Character]:
    """Characters for `count` phones; every fifty hold `DECK`, in an order that depends on `seed`."""
    rng = Random(seed)
    characters: list[Character] = []
    while len(characters) < count:
        first = list(DECK)
        rest = [character for character, copies in DECK.items() for _ in range(copies - 1)]
        rng.shuffle(first)
        rng.shuffle(rest)
        characters += first + rest
    return characters[:count]


def script_of(character: Character, rng: Random) -> Script:
    """What a phone of this character will do; the generator decides the exact times."""
    write = _SCRIPTS.get(character)
    return write(rng) if write else Script()


def _spell(rng: Random, begin: Turn, end: Turn, lasts: tuple[float, float], pause: float) -> Script:
    """Trouble that begins soon, lasts a while, and comes back after a pause."""
    at = rng.uniform(15, 40)
    until = at + rng.uniform(*lasts)
    return Script((Moment(at, begin), Moment(until, end)), every=until + pause)


_SCRIPTS: dict[Character, Callable[[Random], Script]] = {
    Character.LAGGING: lambda rng: _spell(rng, Turn.SLOW, Turn.PROMPT, (40, 60), pause=20),
    Character.FLAPPING: lambda rng: _spell(rng, Turn.MUTE, Turn.SPEAK, (20, 30), pause=15),
    Character.CUT_OFF: lambda rng: _spell(rng, Turn.CUT, Turn.RECONNECT, (15, 25), pause=35),
    Character.DYING: lambda rng: Script((Moment(rng.uniform(15, 40), Turn.DIE),)),
    Character.ALARMING: lambda rng: _spell(rng, Turn.ALARM, Turn.CLEAR, (30, 50), pause=20),
    Character.SIGNED_OUT: lambda rng: _spell(rng, Turn.SIGN_OUT, Turn.SIGN_IN, (75, 90), pause=40),
    Character.QUIET: lambda rng: _spell(rng, Turn.HUSH, Turn.REPORT, (80, 95), pause=30),
}
