"""Something to raise, or to end: a kind of alarm, its particulars, and the identity that both a raise and a clear have.

By X.733 an alarm is the same one if its source (managed object), event type, probable cause and name (specific
problem) are. Not here: which alarms are active (`book`).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from daemon.fleet.alarms.kind import Kind
from daemon.fleet.alarms.phone_kinds import PHONE_ALARMS
from daemon.fleet.events import Alert
from daemon.fleet.notifications import EventType, Severity

OURSELVES = "Ringkeeper"  # the source of alarms about the daemon itself
RECEIVER = "Receiver/"  # with the name of a receiver behind it, that of alarms about that one


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something to raise: a kind, where it is, and its particulars."""

    name: str
    severity: Severity
    event_type: EventType
    probable_cause: int
    text: str
    info: tuple[str, ...] = ()

    @classmethod
    def of(cls, kind: Kind, detail: str = "") -> Trouble:
        """A trouble of a known kind, `detail` as additional information."""
        info = (detail,) if detail else ()
        return cls(kind.name, kind.severity, kind.event_type, kind.probable_cause, kind.text, info)

    @classmethod
    def told_by_phone(cls, alert: Alert) -> Trouble:
        """What a phone reported; type, cause and name are the catalogue's where it knows the alarm."""
        kind = PHONE_ALARMS.get(alert.name.upper())
        if kind is None:
            event_type = EventType(alert.event_type) if alert.event_type in set(EventType) else EventType.OTHER
            name, cause = alert.name, alert.probable_cause
        else:
            name, event_type, cause = kind.name, kind.event_type, kind.probable_cause
        text = alert.description or (kind.text if kind else alert.name)
        return cls(name, alert.severity, event_type, cause, text, alert.additional_info)

    def identity(self, source: str) -> str:
        """The stable id of this trouble at `source`: 16 hex digits."""
        told = "\n".join((source, self.name, str(int(self.event_type)), str(self.probable_cause)))
        return sha256(told.encode()).hexdigest()[:16]
