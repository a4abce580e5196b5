"""What values a placeholder or configuration key takes: whole numbers, choices, texts, addresses, times.

Every kind says in words what it wants, and of a value either nothing or what is wrong with it. Not here: which
placeholder or key is of which kind (`known`, `keys`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Protocol

_MAX_TEXT = 4096  # as the inventory takes; the longest a phone takes outside of number_rules is 1,024
_ADDRESS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d")
_OFFSET = re.compile(r"[+-]?(?:0?\d|1[0-4]):[0-5]\d")
_NOT_IN_A_LINE = frozenset({"Cc", "Zl", "Zp", "Cs"})


class Kind(Protocol):
    """What a value must be like."""

    @property
    def words(self) -> str:
        """The same for people."""

    def fits(self, value: str) -> bool:
        """Whether it is so."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `least` to `most`."""

    least: int
    most: int

    @property
    def words(self) -> str:
        """For people."""
        return f"a whole number from {self.least} to {self.most}"

    def fits(self, value: str) -> bool:
        """Without sign, in ASCII digits."""
        return value.isascii() and value.isdecimal() and len(value) <= 9 and self.least <= int(value) <= self.most


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, in any case: phones' own dumps differ in it."""

    choices: tuple[str, ...]

    @property
    def words(self) -> str:
        """For people."""
        return f"one of {', '.join(self.choices)}"

    def fits(self, value: str) -> bool:
        """Whether it is among them."""
        return value.casefold() in map(str.casefold, self.choices)


@dataclass(frozen=True, slots=True)
class Text:
    """One line of at most so many characters; not empty if `least` is 1."""

    most: int = _MAX_TEXT
    least: int = 0

    @property
    def words(self) -> str:
        """For people."""
        return f"one line of {f'{self.least} to ' if self.least else 'at most '}{self.most} characters"

    def fits(self, value: str) -> bool:
        """Whether it is short enough, and one line."""
        fitting = self.least <= len(value) <= self.most
        return fitting and not any(unicodedata.category(character) in _NOT_IN_A_LINE for character in value)


@dataclass(frozen=True, slots=True)
class Shaped:
    """A text of a certain shape, or nothing."""

    shape: re.Pattern[str]
    words: str
    most: int = 253

    def fits(self, value: str) -> bool:
        """Whether it has that shape."""
        return not value or (len(value) <= self.most and self.shape.fullmatch(value) is not None)


FLAG = Whole(0, 1)
PORT = Whole(1, 65535)
# Where 0 says that the port is found out by other means.
PORT_OR_NONE = Whole(0, 65535)
LINE = Text()
ADDRESS = Shaped(_ADDRESS, "a host name or an address, without a port")
TIME = Shaped(_TIME, "a time such as 4:30")
OFFSET = Shaped(re.compile(rf"not_set|{_OFFSET.pattern}"), "an offset such as +01:00, or not_set")
SWITCH = Choice(("Enable", "Disable"))


def fault_of(kind: Kind, value: str) -> str:
    """What is wrong with a value, "" if nothing is; the value itself is not said, as it may be a secret."""
    if not LINE.fits(value):
        return f"is not {LINE.words}"
    return "" if kind.fits(value) else f"is not {kind.words}"
