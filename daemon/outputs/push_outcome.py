"""What became of a message to apprise, as the exit code of the program that handed it over."""

from __future__ import annotations

from enum import IntEnum


class PushOutcome(IntEnum):
    """Not 1, by which a Python ends that broke down, and not 2, by which one that was called wrongly."""

    TAKEN = 0
    NOT_TAKEN = 10
    NO_ADDRESS = 11
