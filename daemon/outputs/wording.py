"""What an alarm reads like to people: one line, and a paragraph with what is to be done.

All text is cleaned here once: names and descriptions come from phones, and an end of line in one would be a header of a
mail or a second line of a log. Not here: what any protocol makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from daemon.fleet.alarms.advice import action_for
from daemon.fleet.notifications import Alarm, EventType, Notification, Occasion, Severity
from daemon.scheduler.timestamps import rfc3339


def clean(text: str) -> str:
    """One line of text that every encoding and every protocol can carry: no controls, no halves of characters."""
    if text.isprintable():  # nearly always, and a tenth of the time
        return text.strip()
    return "".join(each if each.isprintable() else " " for each in text).strip()


def headline(notification: Notification) -> str:
    """How bad, what, and where; a clear says CLEARED."""
    alarm = notification.alarm
    place = f" ({place_of(alarm)})" if place_of(alarm) else ""
    return clean(f"{alarm.severity.name} {alarm.name}: {alarm.source}{place}")


def place_of(alarm: Alarm) -> str:
    """Site, else tenant, else ""."""
    return alarm.site or alarm.tenant


def paragraph(notification: Notification) -> str:
    """Everything about one notification, a fact a line."""
    alarm = notification.alarm
    facts = (
        ("Alarm", f"{alarm.name}, {notification.occasion}"),
        ("Severity", _severity(alarm)),
        ("Source", alarm.source),
        ("Place", place_of(alarm)),
        ("Device", " at ".join(part for part in (alarm.device or "", notification.device_ip) if part)),
        ("When", rfc3339(notification.at)),
        ("Since", rfc3339(alarm.raised_at) if alarm.raised_at != notification.at else ""),
        ("What", alarm.description),
        ("Details", "; ".join(alarm.additional_info)),
        ("To do", "" if alarm.severity is Severity.CLEARED else action_for(alarm.name)),
        ("Reference", f"{alarm.id}, notification {notification.sequence}"),
    )
    return "".join(f"{name + ':':<11}{clean(value)}\n" for name, value in facts if value)


def summary(notifications: Sequence[Notification]) -> str:
    """One line about several: how many, how bad, and the first of the worst."""
    if len(notifications) == 1:
        return headline(notifications[0])
    worst = max(notifications, key=lambda one: one.alarm.severity)
    return f"{len(notifications)} alarms, worst {headline(worst)}"


def report(notifications: Sequence[Notification]) -> str:
    """All of them: a list of headlines, if there are several, then each in full."""
    paragraphs = "\n".join(map(paragraph, notifications))
    if len(notifications) == 1:
        return paragraphs
    lines = "".join(f"{rfc3339(one.at)}  {headline(one)}\n" for one in notifications)
    return f"{lines}\n{paragraphs}"


def a_test(name: str, now: float) -> tuple[Notification, Notification]:
    """What an output is told so that somebody sees whether it arrives: an alarm that nothing is behind, and its end."""
    alarm = Alarm(
        id=f"test/{name}",
        sequence=0,
        name="outputTest",
        source=f"Receiver/output/{name}",
        device=None,
        tenant="",
        severity=Severity.INDETERMINATE,
        description="An operator asked for this test. Nothing is wrong.",
        event_type=EventType.OTHER,
        probable_cause=0,
        additional_info=(),
        raised_at=now,
        updated_at=now,
        peak=Severity.INDETERMINATE,
    )
    over = replace(alarm, severity=Severity.CLEARED)
    return Notification(0, now, alarm), Notification(0, now, over, occasion=Occasion.CLEARED)


def _severity(alarm: Alarm) -> str:
    name = alarm.severity.name.lower()
    return f"{name} (it had been {alarm.peak.name.lower()})" if alarm.peak > alarm.severity else name
