"""What the fleet does about Ringkeeper itself: its load, and the certificates it shows. Alarms follow.

Handlers only. The disk is `operator_events`'s. Not here: measuring, reading files (`daemon.observe`), when a load is
too high (`alarms.overload`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from daemon.config.alarm_settings import Alarms
from daemon.fleet.alarms import overload
from daemon.fleet.alarms.catalogue import CERTIFICATE_EXPIRING, SERVER_OVERLOADED
from daemon.fleet.alarms.overload import Verdict
from daemon.fleet.alarms.trouble import OURSELVES, Trouble
from daemon.fleet.commands import Command, Decided
from daemon.fleet.events import CertificatesRead, LoadMeasured, ShownCertificate
from daemon.fleet.notifications import Severity
from daemon.fleet.parts import Parts


def load_measured(parts: Parts, event: LoadMeasured, now: float) -> list[Command]:
    """So much load there was since the last measurement; nearly always nothing follows."""
    settings, trouble = parts.settings.overload, Trouble.of(SERVER_OVERLOADED)
    identity = trouble.identity(OURSELVES)
    verdict = parts.overload.judge(event, settings, now, overloaded=parts.alarms.lasts(identity))
    if verdict is Verdict.SAME:
        return []
    decided = Decided("overload", verdict)
    if verdict is Verdict.CALM:
        return [*parts.alarms.clear(identity, now, None), decided]
    trouble = replace(trouble, info=overload.described(event, settings))
    return [*parts.alarms.report(trouble, None, OURSELVES, now), decided]


def certificates_read(parts: Parts, event: CertificatesRead, now: float) -> list[Command]:
    """These are the certificates that our listeners show, and until when they are good."""
    orders: list[Command] = []
    for shown in event.certificates:
        orders += _judge(parts, shown, now)
    used = {_source(shown.listener) for shown in event.certificates}
    return orders + parts.alarms.clear_others(CERTIFICATE_EXPIRING, used, now)


def _judge(parts: Parts, shown: ShownCertificate, now: float) -> list[Command]:
    trouble, source = Trouble.of(CERTIFICATE_EXPIRING), _source(shown.listener)
    identity = trouble.identity(source)
    before = parts.alarms.severity(identity)
    severity = _severity(shown.ends_at - now, parts.settings.alarms)
    if severity is before:
        return []
    until = datetime.fromtimestamp(shown.ends_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    text = f"The TLS certificate of {shown.listener} {'has ended' if shown.ends_at <= now else 'ends soon'}."
    info = (shown.path, f"good until {until}")
    return parts.alarms.report(replace(trouble, severity=severity, text=text, info=info), None, source, now)


def _severity(left: float, settings: Alarms) -> Severity:
    """By the seconds that are left."""
    if left <= 0:
        return Severity.CRITICAL
    if left <= settings.certificate_major:
        return Severity.MAJOR
    return Severity.WARNING if left <= settings.certificate_warning else Severity.CLEARED


def _source(listener: str) -> str:
    """What alarms about a certificate name as their source."""
    return f"{OURSELVES}/{listener}"
