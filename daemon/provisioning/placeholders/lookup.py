"""`%ITCS_name%`: what a placeholder in a template is worth, and which family said so.

Five families, most specific first: device, site, tenant, template (that is per model), system. The private form
`%ITCS_P_name%` asks the device alone. Values are taken literally: one that holds a control character, a line
separator or another placeholder is refused instead of repaired, since a value that was silently changed would be
served silently wrong. Not here: where values come from (`computed`), lines and files (`render`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from daemon.fleet.model import Placeholders

OPENING = "%ITCS_"
PLACEHOLDER = re.compile(r"%ITCS_([A-Za-z0-9_]{1,64})%")

_PRIVATE = "P_"
# Controls, CR and LF among them; line and paragraph separators; half characters, which no encoding takes.
_REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Lines and names looked into so far: those of some hundred templates. Every device has the same ones.
_REMEMBERED = 65536
# Read from the names in the vendor's key list and placeholder tables; rather one too many than one too few, since
# this only keeps a line out of files that are served without proof.
_SECRET_NAME = re.compile(
    r"passw|passphrase|pwd|secret|token|psk|private_?key|community|credential|(?:^|[_/])pin(?:[_/]|$)", re.IGNORECASE
)


class Family(StrEnum):
    """Who supplied a value."""

    SYSTEM = "system"
    TEMPLATE = "template"
    TENANT = "tenant"
    SITE = "site"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Layer:
    """The values of one family; `secret` names those to be withheld whatever their name looks like."""

    family: Family
    values: Placeholders
    secret: frozenset[str] = frozenset()


class Value(NamedTuple):
    """What a placeholder is worth, and its provenance."""

    name: str
    text: str
    family: Family
    secret: bool


@dataclass(frozen=True, slots=True)
class Wrong:
    """A placeholder that cannot be filled in."""

    name: str
    why: str
    hint: str = ""


class Expansion(NamedTuple):
    """A text with its placeholders filled in, if nothing is `wrong`; `values` says from where each came."""

    text: str
    values: tuple[Value, ...] = ()
    wrong: tuple[Wrong, ...] = ()

    @property
    def secret(self) -> bool:
        """Whether the text depends on a secret."""
        return any(value.secret for value in self.values)


class Lookup:
    """The families in force for one device or one shared file. `layers` are given most specific first.

    `under` is what holds where they say nothing: a fleet's devices differ in a dozen values and share all others.
    """

    def __init__(self, layers: Iterable[Layer], under: Lookup | None = None) -> None:
        self._values: dict[str, Value] = {}
        self._under = under
        for layer in reversed(tuple(layers)):
            for name, text in layer.values.items():
                secret = name in layer.secret or looks_secret(name)
                self._values[name] = Value(name, text, layer.family, secret)

    def names(self) -> Iterable[str]:
        """What these layers say something about, those under them left out."""
        return self._values.keys()

    def resolve(self, name: str) -> Value | None:
        """The value of the most specific family that has one; None if none has."""
        if name.startswith(_PRIVATE):
            own = self._values.get(name.removeprefix(_PRIVATE))
            return own._replace(name=name) if own and own.family is Family.DEVICE else None
        return self._values.get(name) or (self._under.resolve(name) if self._under else None)


@lru_cache(maxsize=_REMEMBERED)
def looks_secret(name: str) -> bool:
    """Whether a placeholder or configuration key of this name holds a password or its like."""
    return _SECRET_NAME.search(name) is not None


@lru_cache(maxsize=_REMEMBERED)
def names_in(text: str) -> tuple[str, ...]:
    """The placeholders of a line, in their order."""
    return tuple(PLACEHOLDER.findall(text))


def expand(text: str, lookup: Lookup) -> Expansion:
    """Fill in the placeholders of one line. Never raises; what could not be done stands in `wrong`."""
    names = names_in(text)
    if not names:
        return Expansion(text)
    values: list[Value] = []
    wrong: list[Wrong] = []
    pieces: list[str] = []
    for before, name in zip(_between(text), names, strict=False):
        value = lookup.resolve(name)
        fault = _unfit(name, value)
        if value is None or fault is not None:
            wrong.extend([fault] if fault else [])
            pieces.append(before)
        else:
            values.append(value)
            pieces += (before, value.text)
    return Expansion("".join((*pieces, _between(text)[-1])), tuple(values), tuple(wrong))


@lru_cache(maxsize=_REMEMBERED)
def _between(text: str) -> tuple[str, ...]:
    """What stands before, between and behind the placeholders of a line."""
    return tuple(PLACEHOLDER.split(text)[::2])


def _unfit(name: str, value: Value | None) -> Wrong | None:
    if value is None:
        return Wrong(name, "has no value", "define it for the device, site, tenant, model or system")
    if not value.text.isprintable() and _REFUSED.search(value.text):
        return Wrong(name, f"its {value.family} value holds a line break or control character", "a value is one line")
    if OPENING in value.text:
        return Wrong(name, f"its {value.family} value holds a placeholder itself", "values are taken literally")
    return None
