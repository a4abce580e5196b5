"""Notifications -> one mail (RFC 5322). Pure.

A notification sent again after a crash has the Message-ID it had, so that a reader's program shows it once. All that is
said of one alarm, from its raise to its clear, refers to an address that only the alarm has: so programs put it into
one thread, whichever of it came within a digest. Not here: sending (`mail`), words (`wording`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from daemon.config.output_settings import MailOutput
from daemon.fleet.notifications import Alarm, Notification, Severity
from daemon.outputs import wording

_PRIORITY = {Severity.CRITICAL: "urgent", Severity.MAJOR: "urgent", Severity.MINOR: "normal"}  # RFC 2156


def letter(output: MailOutput, notifications: Sequence[Notification]) -> EmailMessage:
    """The mail that tells of these; one at least."""
    domain = output.sender.rpartition("@")[2]
    threads = " ".join(dict.fromkeys(_thread(one.alarm, domain) for one in notifications))
    first, last = notifications[0], notifications[-1]
    mail = EmailMessage(policy=SMTP)
    mail["From"] = output.sender
    mail["To"] = ", ".join(output.to)
    mail["Subject"] = f"[Ringkeeper] {wording.summary(notifications)}"
    mail["Date"] = format_datetime(datetime.fromtimestamp(last.at, UTC))
    mail["Message-ID"] = f"<{first.sequence}-{last.sequence}.{_stamp(first.at)}.{_local(output.name)}@{domain}>"
    mail["In-Reply-To"] = threads
    mail["References"] = threads
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: holiday notes are not to answer this
    mail["Priority"] = _PRIORITY.get(max(one.alarm.severity for one in notifications), "non-urgent")
    mail.set_content(wording.report(notifications), cte="quoted-printable")
    return mail


def _thread(alarm: Alarm, domain: str) -> str:
    return f"<alarm.{_local(alarm.id)}.{_stamp(alarm.raised_at)}@{domain}>"


def _stamp(at: float) -> int:
    return round(at * 1000)


def _local(text: str) -> str:
    """What may stand before the @ of a message's id."""
    return "".join(each if each.isascii() and each.isalnum() else "-" for each in text)
