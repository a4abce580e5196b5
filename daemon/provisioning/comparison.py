"""Two states of a phone's configuration held against each other: which settings differ, and what that does to it.

What counts is what the phone makes of its files, where the later of two equal keys wins; so the shared lines and the
device's are laid over each other first. Secrets are masked, but that one became another is told. Not here: making the
two states (`making`), which devices to look at (`preview`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff

from daemon.provisioning.masking import MASK
from daemon.provisioning.render import RenderedLine
from daemon.provisioning.vendors.vendor import Effect, Vendor

OTHER_MASK = f"{MASK} (another)"

# From the worst for whoever is on the phone to none; what is not known may be a restart.
BY_WEIGHT = (
    Effect.REBOOT,
    Effect.UNKNOWN,
    Effect.VOIP_RELOAD,
    Effect.UI_RELOAD,
    Effect.LOG_RELOAD,
    Effect.TIME_REFRESH,
    Effect.NONE,
)


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A setting that differs: None for a side that lacks it; secrets masked. `why` is the evidence for the effect."""

    key: str
    old: str | None
    new: str | None
    effect: Effect
    why: str


def shown(line: RenderedLine) -> str:
    """A line as anybody may see it."""
    return f"{line.key}={MASK}" if line.secret and line.key else line.text


def effective(lines: Iterable[RenderedLine]) -> dict[str, RenderedLine]:
    """What a phone makes of its lines, by key; includes are left out, since what they bring stands before them."""
    return {line.key: line for line in lines if line.key}


def key_changes(
    old: Mapping[str, RenderedLine], new: Mapping[str, RenderedLine], vendor: Vendor
) -> tuple[KeyChange, ...]:
    """The settings that differ, in the order of their keys."""
    keys = sorted(key for key in old.keys() | new.keys() if _text(old.get(key)) != _text(new.get(key)))
    return tuple(_change(key, old.get(key), new.get(key), vendor) for key in keys)


def worst(changes: Iterable[KeyChange]) -> Effect:
    """The heaviest of their effects; none without changes."""
    return min((change.effect for change in changes), key=BY_WEIGHT.index, default=Effect.NONE)


def file_diff(old: Sequence[RenderedLine], new: Sequence[RenderedLine], name: str) -> tuple[str, ...]:
    """What `diff -u` would say of the two files, secrets masked."""
    before, after = [shown(line) for line in old], list(_told_apart(old, new))
    return tuple(unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm=""))


def _told_apart(old: Sequence[RenderedLine], new: Sequence[RenderedLine]) -> Iterator[str]:
    former = effective(old)
    for line in new:
        same = line.key in former and former[line.key].text != line.text
        yield f"{line.key}={OTHER_MASK}" if line.secret and same else shown(line)


def _text(line: RenderedLine | None) -> str | None:
    return line.text if line else None


def _change(key: str, old: RenderedLine | None, new: RenderedLine | None, vendor: Vendor) -> KeyChange:
    effect = vendor.effect(key)
    secret = any(line.secret for line in (old, new) if line)
    was = MASK if secret else _value(old)
    is_now = (OTHER_MASK if old else MASK) if secret else _value(new)
    return KeyChange(key, was if old else None, is_now if new else None, effect.effect, effect.why)


def _value(line: RenderedLine | None) -> str:
    return line.text.partition("=")[2] if line else ""
