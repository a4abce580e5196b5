"""Whether there are telephone numbers left to be given away, and the alarm when there are few.

A warning at `numbers.low` of all, critical at none; it ends above `numbers.low_clear`. Where devices bring their own
numbers and nobody lists free ones, none is ever available, and that is no shortage: a supply is what has had one free.
Not here: what makes a number available (`numbers`).
"""

from __future__ import annotations

from dataclasses import replace

from daemon.fleet.alarms.catalogue import NUMBERS_EXHAUSTED
from daemon.fleet.alarms.trouble import Trouble
from daemon.fleet.commands import Command
from daemon.fleet.notifications import Severity
from daemon.fleet.parts import Parts
from daemon.fleet.records import NumberStatus

SOURCE = "Ringkeeper/numbers"


def review(parts: Parts, now: float) -> list[Command]:
    """Raise the alarm, change it, or end it; called now and then, since nobody is called in the meantime."""
    book, trouble = parts.numbers, Trouble.of(NUMBERS_EXHAUSTED)
    identity = trouble.identity(SOURCE)
    before = parts.alarms.severity(identity)
    free, total = book.count[NumberStatus.AVAILABLE], len(book.entries)
    book.had_one_free |= free > 0 or before > Severity.CLEARED
    severity = _judge(free, total, parts, before) if book.had_one_free else Severity.CLEARED
    if severity is before:
        return []
    cooling = book.count[NumberStatus.COOLING]
    info = (f"{free} of {total} available, {cooling} cooling",)
    text = "No telephone number is left to be given away." if severity is Severity.CRITICAL else trouble.text
    return parts.alarms.report(replace(trouble, severity=severity, text=text, info=info), None, SOURCE, now)


def _judge(free: int, total: int, parts: Parts, before: Severity) -> Severity:
    settings = parts.settings.numbers
    limit = settings.low if before is Severity.CLEARED else settings.low_clear
    if total == 0 or free > limit * total:
        return Severity.CLEARED
    return Severity.WARNING if free else Severity.CRITICAL
