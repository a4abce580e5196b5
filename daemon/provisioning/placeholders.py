"""`%ITCS_name%`: what a placeholder in a template is worth, and which family said so.

Five families, most specific first: device, site, tenant, template (that is per model), system. The private form
`%ITCS_P_name%` asks the device alone. Values are taken literally: one that holds a control character, a line
separator or another placeholder is refused instead of repaired, since a value that was silently changed would be
served silently wrong. Not here: where values come from (`computed`), lines and files (`render`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from daemon.fleet.model import Placeholders

OPENING = "%ITCS_"
PLACEHOLDER = re.compile(r"%ITCS_([A-Za-z0-9_]{1,64})%")

_PRIVATE = "P_"
# Cc: controls, CR and LF among them; Zl and Zp: line and paragraph separators; Cs: half characters no encoding takes.
_REFUSED_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs"})
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


@dataclass(frozen=True, slots=True)
class Value:
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


@dataclass(frozen=True, slots=True)
class Expansion:
    """A text with its placeholders filled in, if nothing is `wrong`; `values` says from where each came."""

    text: str
    values: tuple[Value, ...] = ()
    wrong: tuple[Wrong, ...] = ()

    @property
    def secret(self) -> bool:
        """Whether the text depends on a secret."""
        return any(value.secret for value in self.values)


class Lookup:
    """The families in force for one device or one shared file. `layers` are given most specific first."""

    def __init__(self, layers: Iterable[Layer]) -> None:
        self._layers = tuple(layers)

    def resolve(self, name: str) -> Value | None:
        """The value of the most specific family that has one; None if none has."""
        private = name.startswith(_PRIVATE)
        bare = name.removeprefix(_PRIVATE)
        for layer in self._layers:
            if private and layer.family is not Family.DEVICE:
                continue
            if bare in layer.values:
                secret = bare in layer.secret or looks_secret(bare)
                return Value(name, layer.values[bare], layer.family, secret)
        return None


def looks_secret(name: str) -> bool:
    """Whether a placeholder or configuration key of this name holds a password or its like."""
    return _SECRET_NAME.search(name) is not None


def expand(text: str, lookup: Lookup) -> Expansion:
    """Fill in the placeholders of one line. Never raises; what could not be done stands in `wrong`."""
    values: list[Value] = []
    wrong: list[Wrong] = []

    def fill(match: re.Match[str]) -> str:
        value = lookup.resolve(match.group(1))
        fault = _unfit(match.group(1), value)
        if value is None or fault is not None:
            wrong.extend([fault] if fault else [])
            return ""
        values.append(value)
        return value.text

    filled = PLACEHOLDER.sub(fill, text)
    return Expansion(filled, tuple(values), tuple(wrong))


def _unfit(name: str, value: Value | None) -> Wrong | None:
    if value is None:
        return Wrong(name, "has no value", "define it for the device, site, tenant, model or system")
    if any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in value.text):
        return Wrong(name, f"its {value.family} value holds a line break or control character", "a value is one line")
    if OPENING in value.text:
        return Wrong(name, f"its {value.family} value holds a placeholder itself", "values are taken literally")
    return None
